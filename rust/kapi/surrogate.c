// SPDX-License-Identifier: GPL-2.0
/*
 * Task whose program runs on another node.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/posix-timers.h>
#include <linux/proc_fs.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/task_work.h>
#include <linux/tty.h>

/* Neither SIG_DFL nor SIG_IGN. Nothing ever calls it: there is no user mode any more. */
#define FORWARDED	((__sighandler_t)2UL)

/*
 * Comes when the parent dies; then the program gets the one it asked for. A signal of real
 * time: each is told, none is merged.
 */
#define PARENT_DIED	_NSIG

struct ssi_departure {
	struct callback_head work;
	void (*body)(void *data);
	void *data;
};

/* What is behind it in the list that is worked off would be lost if it did not return. */
static void ssi_depart(struct callback_head *work)
{
	struct ssi_departure departure = *container_of(work, struct ssi_departure, work);

	if (work->next && !task_work_add(current, work, TWA_NONE))
		return;
	kfree(container_of(work, struct ssi_departure, work));
	departure.body(departure.data);
}

struct ssi_departure *ssi_departure_new(void (*body)(void *data), void *data)
{
	struct ssi_departure *departure = kzalloc_obj(*departure);

	if (departure) {
		departure->body = body;
		departure->data = data;
		init_task_work(&departure->work, ssi_depart);
	}
	return departure;
}

/* It is gone if that fails, which it does for a task alone that ends. */
int ssi_departure_add(struct task_struct *task, struct ssi_departure *departure)
{
	int error = task_work_add(task, &departure->work,
				  task == current ? TWA_RESUME : TWA_SIGNAL);

	if (error)
		kfree(departure);
	return error;
}

/*
 * @body runs in @task: before it returns to user mode, or, if it is a surrogate, soon.
 * It need not return if it is the last.
 */
int ssi_surrogate_work(struct task_struct *task, void (*body)(void *data), void *data)
{
	struct ssi_departure *departure = ssi_departure_new(body, data);

	return departure ? ssi_departure_add(task, departure) : -ENOMEM;
}

/*
 * Whether it says no more than that another signal is about to end the task, which waits as well:
 * see complete_signal().
 */
static bool ssi_is_echo(const kernel_siginfo_t *info)
{
	return info->si_signo == SIGKILL && info->si_code == SI_USER && !info->si_pid &&
	       (current->signal->flags & SIGNAL_GROUP_EXIT) &&
	       current->signal->group_exit_code != SIGKILL;
}

/*
 * Takes a signal that waits and is not among @others, or gives 0; so it does for one that is
 * about to end and shall know it: the signal that says so is its own.
 */
static int ssi_take_signal(void *bytes, const sigset_t *others, bool spares)
{
	kernel_siginfo_t info;
	enum pid_type type;
	sigset_t mask;
	int signal;

	/* Those of timers that end with the program are dropped. */
	do {
		guard(spinlock_irq)(&current->sighand->siglock);
		if (spares && (current->signal->flags & SIGNAL_GROUP_EXIT))
			return 0;
		mask = *others;
		signal = dequeue_signal(&mask, &info, &type);
	} while (signal && (info.si_code == SI_TIMER || ssi_is_echo(&info)));
	if (signal)
		memcpy(bytes, &info, sizeof(info));
	return signal;
}

/* One that waits because it is blocked. */
int ssi_surrogate_blocked(void *bytes)
{
	sigset_t others = current->blocked;

	signotset(&others);
	return ssi_take_signal(bytes, &others, false);
}

/* Any; of one that is about to end none if @spares. */
int ssi_surrogate_pending(void *bytes, bool spares)
{
	const sigset_t none = {};

	return ssi_take_signal(bytes, &none, spares);
}

/*
 * No signal is fatal or ignored when it is sent, not even SIGKILL: get_signal() gives
 * each as one that has a handler. What becomes of children here is what the program wants; if
 * that was @executed it keeps no flags.
 */
static bool ssi_take_all_signals(bool executed)
{
	struct sighand_struct *hand = current->sighand;
	struct k_sigaction *children = &hand->action[SIGCHLD - 1];
	u32 handling;

	guard(spinlock_irq)(&hand->siglock);
	if (current->signal->flags & SIGNAL_GROUP_EXIT)
		return false;
	if (executed)
		children->sa.sa_flags = 0;
	handling = ssi_handling_of(children);
	for (int i = 0; i < _NSIG; i++) {
		hand->action[i].sa.sa_handler = FORWARDED;
		hand->action[i].sa.sa_flags = 0;
	}
	children->sa.sa_flags = handling;
	sigemptyset(&current->blocked);
	recalc_sigpending();
	return true;
}

/* They go on with the program. */
static void ssi_end_timers(void)
{
	struct signal_struct *shared = current->signal;

	spin_lock_irq(&current->sighand->siglock);
	shared->it_real_incr = 0;
	for (int i = 0; i < ARRAY_SIZE(shared->it); i++)
		shared->it[i] = (struct cpu_itimer) {};
	posix_cpu_timers_exit(current);
	posix_cpu_timers_exit_group(current);
	spin_unlock_irq(&current->sighand->siglock);
	hrtimer_cancel(&shared->real_timer);
	exit_itimers(current);
	flush_itimer_signals();
}

/* The task keeps neither memory nor files. */
static void ssi_end_program(void)
{
	if (current->mm)
		setmax_mm_hiwater_rss(&current->signal->maxrss, current->mm);
	exit_mm();
	exit_files(current);
	/* The files close now: the task is not on its way to user mode any more. */
	task_work_run();
}

/* What a program that is executed changes of its task: see begin_new_exec(). */
static void ssi_note_execution(void)
{
	current->flags &= ~PF_FORKNOEXEC;
	current->exit_signal = SIGCHLD;
	WRITE_ONCE(current->self_exec_id, current->self_exec_id + 1);
}

/*
 * False if the current task is about to end, which it then has to. @executed says whether its
 * process has executed a program elsewhere, or goes on there as it was.
 */
bool ssi_surrogate_begin(bool executed)
{
	if ((current->flags & PF_EXITING) || !ssi_take_all_signals(executed))
		return false;
	ssi_end_timers();
	ssi_end_program();
	if (executed)
		ssi_note_execution();
	current->pdeath_signal = PARENT_DIED;
	proc_flush_pid(task_tgid(current));
	return true;
}

/* None of those that come is taken before ssi_surrogate_unmask(). */
static void ssi_mask_all(void)
{
	guard(spinlock_irq)(&current->sighand->siglock);
	sigfillset(&current->blocked);
	recalc_sigpending();
}

/*
 * Has the current surrogate be as a task that was made for a program: without memory and files,
 * and with the rights of the kernel. @rights are those it had. ssi_surrogate_begin() makes it one
 * again.
 */
int ssi_surrogate_revive(struct cred **rights)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	struct cred *own = prepare_creds();
	struct files_struct *files = dup_fd(init_task.files, NULL);

	if (!cred || !own || IS_ERR(files)) {
		if (cred)
			put_cred(cred);
		if (own)
			abort_creds(own);
		if (!IS_ERR(files))
			put_files_struct(files);
		return -ENOMEM;
	}
	ssi_mask_all();
	*rights = own;
	commit_creds(cred);
	/* Other rights end it. */
	current->pdeath_signal = PARENT_DIED;
	task_lock(current);
	current->files = files;
	task_unlock(current);
	return 0;
}

/* Gives the current task @rights that it had, if it is to have them again, and forgets them. */
void ssi_surrogate_rights(struct cred *rights, bool again)
{
	if (again)
		commit_creds(rights);
	else
		abort_creds(rights);
}

/* The program runs next. @blocked are the signals it does not take. */
void ssi_surrogate_unmask(u64 blocked)
{
	sigset_t mask = { .sig = { blocked } };

	set_current_blocked(&mask);
}

/*
 * As is_current_pgrp_orphaned(), for node @node: what that said of its own processes is not
 * told to it. Two nodes would vouch with each other's word for ever. For a holder of
 * tasklist_lock.
 */
static bool ssi_is_orphaned_for(struct task_struct *of, u8 node)
{
	struct pid *group = task_pgrp(of);
	struct task_struct *task;
	u32 parent;
	u8 home;

	do_each_pid_task(group, PIDTYPE_PGID, task) {
		if ((task->exit_state && thread_group_empty(task)) ||
		    is_global_init(task->real_parent))
			continue;
		if (ssi_guest(task_tgid_nr(task), &home, &parent) && home == node)
			continue;
		if (ssi_keeps_group(task, task_pgrp(task->real_parent) != group &&
					  task_session(task->real_parent) == task_session(task)))
			return false;
	} while_each_pid_task(group, PIDTYPE_PGID, task);
	return true;
}

/* Of @task, as node @node is told. False if it has none any more. */
bool ssi_surrogate_place(struct task_struct *task, struct ssi_place *place, u8 node)
{
	guard(read_lock)(&tasklist_lock);
	if (!pid_alive(task))
		return false;
	*place = (struct ssi_place) {
		.parent = ssi_ppid(task, task_ppid_nr(task)),
		.pgid = task_pgrp_nr_ns(task, &init_pid_ns),
		.session = task_session_nr_ns(task, &init_pid_ns),
		.is_orphaned = ssi_is_orphaned_for(task, node),
	};
	return true;
}

/* Whether @task is a child of the current process, of the same session. */
bool ssi_surrogate_is_child(struct task_struct *task)
{
	guard(read_lock)(&tasklist_lock);
	return pid_alive(task) && same_thread_group(task->real_parent, current) &&
	       task_session(task) == task_session(current);
}

/* Sent by forget_original_parent(), here or at home, and not by somebody else. */
static bool ssi_is_death_of(u32 parent, const kernel_siginfo_t *info)
{
	return info->si_signo == PARENT_DIED && info->si_code == SI_USER &&
	       info->si_pid == parent;
}

/*
 * Takes the next signal, or stops if that was said. 0 if there is none to forward.
 * @parent is the one that is known, and @former the one before.
 */
int ssi_surrogate_signal(void *bytes, u32 parent, u32 former, bool *is_death)
{
	struct ksignal signal = {};

	if (!get_signal(&signal))
		return 0;
	*is_death = ssi_is_death_of(parent, &signal.info) ||
		    ssi_is_death_of(former, &signal.info);
	memcpy(bytes, &signal.info, sizeof(signal.info));
	return signal.sig;
}

/*
 * What becomes of a signal that waited for the current surrogate, which is its program now: that
 * its @parent died is what the program wished for, if it did. False for nothing.
 */
bool ssi_surrogate_translate(void *bytes, u32 parent)
{
	kernel_siginfo_t info;

	memcpy(&info, bytes, sizeof(info));
	if (!ssi_is_death_of(parent, &info))
		return true;
	info.si_signo = current->pdeath_signal;
	memcpy(bytes, &info, sizeof(info));
	return info.si_signo;
}

/* As do_signal_stop() has other threads stop. */
void ssi_surrogate_stop(struct task_struct *task, int signal)
{
	struct signal_struct *shared = task->signal;
	unsigned long flags;

	if (!lock_task_sighand(task, &flags))
		return;
	if (!(shared->flags & (SIGNAL_GROUP_EXIT | SIGNAL_STOP_STOPPED)) &&
	    !shared->group_stop_count &&
	    task_set_jobctl_pending(task, signal | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME)) {
		shared->group_exit_code = signal;
		shared->group_stop_count = 1;
		signal_wake_up(task, false);
	}
	unlock_task_sighand(task, &flags);
}

/* What SIGCONT does besides being delivered: it is sent while it is ignored. */
void ssi_surrogate_continue(struct task_struct *task)
{
	struct signal_struct *shared = task->signal;
	unsigned long flags;

	if (!lock_task_sighand(task, &flags))
		return;
	if ((shared->flags & SIGNAL_STOP_STOPPED) || shared->group_stop_count) {
		struct k_sigaction *action = &task->sighand->action[SIGCONT - 1];
		__sighandler_t handler = action->sa.sa_handler;

		action->sa.sa_handler = SIG_IGN;
		send_signal_locked(SIGCONT, SEND_SIG_PRIV, task, PIDTYPE_TGID);
		action->sa.sa_handler = handler;
	}
	unlock_task_sighand(task, &flags);
}

/* Ends a stop, without a word to the parent. */
void ssi_surrogate_wake(struct task_struct *task)
{
	unsigned long flags;

	if (!lock_task_sighand(task, &flags))
		return;
	task_clear_jobctl_pending(task, JOBCTL_STOP_PENDING);
	task->jobctl &= ~JOBCTL_STOPPED;
	wake_up_state(task, __TASK_STOPPED);
	unlock_task_sighand(task, &flags);
}

/* What changed is seen from now on by who asks for the rights of the current task. */
int ssi_surrogate_put_users(const struct ssi_caller *users)
{
	struct cred *cred = prepare_creds();
	int error;

	if (!cred)
		return -ENOMEM;
	error = ssi_caller_ids(cred, users) ? ssi_put_user(cred) : -EINVAL;
	if (error) {
		abort_creds(cred);
		return error;
	}
	cred->cap_permitted.val = users->permitted & CAP_VALID_MASK;
	cred->cap_effective.val = users->effective & cred->cap_permitted.val;
	cap_clear(cred->cap_ambient);
	error = commit_creds(cred);
	/* That ends what a program asked for; here it is for us. */
	current->pdeath_signal = PARENT_DIED;
	return error;
}

/* Has it look what changed. */
void ssi_surrogate_look(struct task_struct *task)
{
	set_notify_signal(task);
}

/* The parent is to find what the program used as used by its child. */
static void ssi_account(struct signal_struct *shared, const u64 *used)
{
	u64 user = min(used[SSI_USED_USER], SSI_USED_MAX);
	u64 system = min(used[SSI_USED_SYSTEM], SSI_USED_MAX);

	write_seqlock_irq(&shared->stats_lock);
	shared->utime += user;
	shared->stime += system;
	shared->sum_sched_runtime += user + system;
	shared->maxrss = max_t(u64, shared->maxrss, used[SSI_USED_RESIDENT] >> (PAGE_SHIFT - 10));
	shared->min_flt += used[SSI_USED_MINOR];
	shared->maj_flt += used[SSI_USED_MAJOR];
	shared->inblock += used[SSI_USED_READ];
	shared->oublock += used[SSI_USED_WRITTEN];
	shared->nvcsw += used[SSI_USED_VOLUNTARY];
	shared->nivcsw += used[SSI_USED_INVOLUNTARY];
	write_sequnlock_irq(&shared->stats_lock);
}

/* Of a process that was elsewhere before, and is here or has left this behind. */
void ssi_surrogate_account(u32 pid, const struct ssi_usage *usage)
{
	struct task_struct *task = ssi_errand_task(pid);

	if (!task)
		return;
	ssi_account(task->signal, usage->used);
	put_task_struct(task);
}

/* @status is that of wait(2). */
void __noreturn ssi_surrogate_exit(int status, const struct ssi_usage *usage)
{
	ssi_account(current->signal, usage->used);
	do_group_exit(status);
}
