// SPDX-License-Identifier: GPL-2.0
/*
 * Children of a process that is on another node, or of one that left others there.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/time32.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <uapi/linux/wait.h>
#include <../kernel/exit.h>

/* --- which there are --- */

/*
 * Those of the current process, zombies as well, as far as there is room. Gives how many there
 * are.
 */
u32 ssi_children(struct ssi_child_number *children, u32 room)
{
	struct task_struct *thread, *child;
	u32 count = 0;

	guard(read_lock)(&tasklist_lock);
	for_each_thread(current, thread) {
		list_for_each_entry(child, &thread->children, sibling) {
			u32 group = task_pgrp_nr_ns(child, &init_pid_ns);

			if (count++ >= room)
				continue;
			children[count - 1].pid = task_tgid_nr(child);
			children[count - 1].pgid = group >= SSI_PIDS_PRIVATE ? group : 0;
		}
	}
	return count;
}

/* --- waited for --- */

/* Looks once, for the current task. 1 for a child, 0 for nothing yet, -ECHILD for none. */
int ssi_wait_now(const struct ssi_wait_for *wanted, struct ssi_waited *waited)
{
	struct waitid_info info = {};
	struct rusage usage = {};
	struct wait_opts options;
	long result = kernel_waitid_prepare(&options, wanted->which, wanted->who, &info,
					    wanted->options, &usage);

	if (result)
		return result;
	options.wo_flags |= WNOHANG;
	result = __do_wait(&options);
	put_pid(options.wo_pid);
	if (result <= 0)
		return result;
	waited->pid = info.pid;
	waited->uid = info.uid;
	waited->status = info.status;
	waited->cause = info.cause;
	ssi_usage_of(&waited->usage, &usage);
	return 1;
}

/* What children that were waited for used. */
struct ssi_reaped {
	u64 user, system, guest;
	unsigned long minor, major, voluntary, involuntary, read, written, resident;
};

/* For a holder of the stats_lock. */
static struct ssi_reaped ssi_reaped_of(const struct signal_struct *shared)
{
	return (struct ssi_reaped) {
		.user = shared->cutime,
		.system = shared->cstime,
		.guest = shared->cgtime,
		.minor = shared->cmin_flt,
		.major = shared->cmaj_flt,
		.voluntary = shared->cnvcsw,
		.involuntary = shared->cnivcsw,
		.read = shared->cinblock,
		.written = shared->coublock,
		.resident = shared->cmaxrss,
	};
}

static void ssi_put_reaped(struct signal_struct *shared, const struct ssi_reaped *reaped)
{
	shared->cutime = reaped->user;
	shared->cstime = reaped->system;
	shared->cgtime = reaped->guest;
	shared->cmin_flt = reaped->minor;
	shared->cmaj_flt = reaped->major;
	shared->cnvcsw = reaped->voluntary;
	shared->cnivcsw = reaped->involuntary;
	shared->cinblock = reaped->read;
	shared->coublock = reaped->written;
	shared->cmaxrss = reaped->resident;
}

/*
 * The same for a process that is elsewhere, by what it left here, which is the current task and
 * has no other threads. What the child used is the affair of the process.
 */
int ssi_wait_for_other(const struct ssi_wait_for *wanted, struct ssi_waited *waited)
{
	struct signal_struct *shared = current->signal;
	struct ssi_reaped before;
	int result;

	read_seqlock_excl_irq(&shared->stats_lock);
	before = ssi_reaped_of(shared);
	read_sequnlock_excl_irq(&shared->stats_lock);
	result = ssi_wait_now(wanted, waited);
	write_seqlock_irq(&shared->stats_lock);
	ssi_put_reaped(shared, &before);
	write_sequnlock_irq(&shared->stats_lock);
	return result;
}

/* The current process waited for a child elsewhere that used this. */
void ssi_child_account(const struct ssi_usage *usage)
{
	struct signal_struct *shared = current->signal;
	unsigned long resident = usage->used[SSI_USED_RESIDENT] >> (PAGE_SHIFT - 10);

	write_seqlock_irq(&shared->stats_lock);
	shared->cutime += min(usage->used[SSI_USED_USER], SSI_USED_MAX);
	shared->cstime += min(usage->used[SSI_USED_SYSTEM], SSI_USED_MAX);
	shared->cmin_flt += usage->used[SSI_USED_MINOR];
	shared->cmaj_flt += usage->used[SSI_USED_MAJOR];
	shared->cinblock += usage->used[SSI_USED_READ];
	shared->coublock += usage->used[SSI_USED_WRITTEN];
	shared->cnvcsw += usage->used[SSI_USED_VOLUNTARY];
	shared->cnivcsw += usage->used[SSI_USED_INVOLUNTARY];
	shared->cmaxrss = max(shared->cmaxrss, resident);
	write_sequnlock_irq(&shared->stats_lock);
}

/* As getrusage(2) has it, at address @to of the current process. */
int ssi_usage_give(unsigned long to, const struct ssi_usage *usage)
{
	const u64 *used = usage->used;
	const struct rusage given = {
		.ru_utime = ns_to_kernel_old_timeval(used[SSI_USED_USER]),
		.ru_stime = ns_to_kernel_old_timeval(used[SSI_USED_SYSTEM]),
		.ru_maxrss = used[SSI_USED_RESIDENT],
		.ru_minflt = used[SSI_USED_MINOR],
		.ru_majflt = used[SSI_USED_MAJOR],
		.ru_inblock = used[SSI_USED_READ],
		.ru_oublock = used[SSI_USED_WRITTEN],
		.ru_nvcsw = used[SSI_USED_VOLUNTARY],
		.ru_nivcsw = used[SSI_USED_INVOLUNTARY],
	};

	return copy_to_user((void __user *)to, &given, sizeof(given)) ? -EFAULT : 0;
}

/* As waitid(2) has it, at address @to: nothing else there is written. Zeros mean no child. */
int ssi_waited_give(unsigned long to, const struct ssi_waited *waited)
{
	struct siginfo __user *info = (struct siginfo __user *)to;
	int signal = waited->pid ? SIGCHLD : 0;

	return put_user(signal, &info->si_signo) || put_user(0, &info->si_errno) ||
	       put_user(waited->cause, &info->si_code) ||
	       put_user((pid_t)waited->pid, &info->si_pid) ||
	       put_user((uid_t)waited->uid, &info->si_uid) ||
	       put_user(waited->status, &info->si_status) ? -EFAULT : 0;
}

/* --- a wait that sleeps --- */

struct ssi_waiter {
	/* For children here, and for those elsewhere. */
	wait_queue_entry_t here, there;
	u32 pid;
	bool is_called;
};

/* Those of all processes that have children elsewhere. */
static DECLARE_WAIT_QUEUE_HEAD(ssi_waiters);

static int ssi_waiter_here(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	WRITE_ONCE(container_of(entry, struct ssi_waiter, here)->is_called, true);
	return default_wake_function(entry, mode, sync, key);
}

/* @key is the number of the process. */
static int ssi_waiter_there(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct ssi_waiter *waiter = container_of(entry, struct ssi_waiter, there);

	if (waiter->pid != *(const u32 *)key)
		return 0;
	WRITE_ONCE(waiter->is_called, true);
	return default_wake_function(entry, mode, sync, key);
}

static void ssi_waiter_entry(wait_queue_entry_t *entry, wait_queue_func_t called)
{
	init_waitqueue_func_entry(entry, called);
	entry->private = current;
}

/* Of the current task. It is called from now on until it is freed. NULL without memory. */
struct ssi_waiter *ssi_waiter_new(void)
{
	struct ssi_waiter *waiter = kzalloc_obj(*waiter);

	if (!waiter)
		return NULL;
	waiter->pid = task_tgid_nr(current);
	ssi_waiter_entry(&waiter->here, ssi_waiter_here);
	ssi_waiter_entry(&waiter->there, ssi_waiter_there);
	add_wait_queue(&current->signal->wait_chldexit, &waiter->here);
	add_wait_queue(&ssi_waiters, &waiter->there);
	return waiter;
}

void ssi_waiter_free(struct ssi_waiter *waiter)
{
	remove_wait_queue(&current->signal->wait_chldexit, &waiter->here);
	remove_wait_queue(&ssi_waiters, &waiter->there);
	kfree(waiter);
}

/* What comes from now on calls. */
void ssi_waiter_begin(struct ssi_waiter *waiter)
{
	WRITE_ONCE(waiter->is_called, false);
	/* Before it looks for children. */
	smp_mb();
}

/* Sleeps until it was called since it began, or for a signal: -ERESTARTSYS. */
int ssi_waiter_sleep(struct ssi_waiter *waiter)
{
	set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	if (!READ_ONCE(waiter->is_called) && !signal_pending(current))
		schedule();
	__set_current_state(TASK_RUNNING);
	return !READ_ONCE(waiter->is_called) && signal_pending(current) ? -ERESTARTSYS : 0;
}

/* Something became of a child elsewhere of process @pid. Any context but that of a waiter. */
void ssi_waiters_call(u32 pid)
{
	__wake_up(&ssi_waiters, TASK_INTERRUPTIBLE, 0, &pid);
}

/* --- noticed by what stands for the parent --- */

static int ssi_child_noticed(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct ssi_child_notice *notice = container_of(entry, struct ssi_child_notice, entry);

	if (READ_ONCE(notice->is_wanted)) {
		WRITE_ONCE(notice->is_there, true);
		set_notify_signal(entry->private);
	}
	return 0;
}

/* The current task notices from now on that something became of a child. */
void ssi_child_notice_begin(struct ssi_child_notice *notice)
{
	ssi_waiter_entry(&notice->entry, ssi_child_noticed);
	add_wait_queue(&current->signal->wait_chldexit, &notice->entry);
}

void ssi_child_notice_end(struct ssi_child_notice *notice)
{
	remove_wait_queue(&current->signal->wait_chldexit, &notice->entry);
}

/* The next one is wanted. */
void ssi_child_notice_want(struct ssi_child_notice *notice)
{
	WRITE_ONCE(notice->is_there, false);
	WRITE_ONCE(notice->is_wanted, true);
	/* Before the current task looks for children. */
	smp_mb();
}

bool ssi_child_notice_is_there(const struct ssi_child_notice *notice)
{
	return READ_ONCE(notice->is_there);
}

/* Takes it, and none is wanted any more. */
bool ssi_child_notice_take(struct ssi_child_notice *notice)
{
	if (!READ_ONCE(notice->is_there))
		return false;
	WRITE_ONCE(notice->is_wanted, false);
	WRITE_ONCE(notice->is_there, false);
	return true;
}

/* --- what becomes of them without a word --- */

/* For a holder of the siglock: what of @action concerns children that change. */
u32 ssi_handling_of(const struct k_sigaction *action)
{
	u32 handling = action->sa.sa_flags & (SA_NOCLDWAIT | SA_NOCLDSTOP);

	return action->sa.sa_handler == SIG_IGN ? handling | SA_NOCLDWAIT : handling;
}

/* Of the current process. */
u32 ssi_handling(void)
{
	guard(spinlock_irq)(&current->sighand->siglock);
	return ssi_handling_of(&current->sighand->action[SIGCHLD - 1]);
}

/* The current task stands for a process elsewhere that handles its children so. */
void ssi_surrogate_handle(u32 handling)
{
	guard(spinlock_irq)(&current->sighand->siglock);
	current->sighand->action[SIGCHLD - 1].sa.sa_flags =
		handling & (SA_NOCLDWAIT | SA_NOCLDSTOP);
}

/*
 * Child @child of process @pid, which is here, died with its node. Whether the process is to
 * wait for it.
 */
bool ssi_child_killed(u32 pid, u32 child)
{
	struct task_struct *task = ssi_errand_task(pid);
	kernel_siginfo_t info;
	unsigned long flags;
	u32 handling;

	if (!task)
		return false;
	clear_siginfo(&info);
	info.si_signo = SIGCHLD;
	info.si_code = CLD_KILLED;
	info.si_pid = child;
	info.si_status = SIGKILL;
	handling = SA_NOCLDWAIT;
	if (lock_task_sighand(task, &flags)) {
		handling = ssi_handling_of(&task->sighand->action[SIGCHLD - 1]);
		unlock_task_sighand(task, &flags);
	}
	do_send_sig_info(SIGCHLD, &info, task, PIDTYPE_TGID);
	put_task_struct(task);
	return !(handling & SA_NOCLDWAIT);
}
