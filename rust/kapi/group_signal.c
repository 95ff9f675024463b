// SPDX-License-Identifier: GPL-2.0
/*
 * Signals the kernel sends to process groups.
 *
 * Those of a terminal, above all. They are queued where they are sent, in any context,
 * for a thread that tells the other nodes; there the members get them. The queue is as
 * the signals that wait for a process are: each once, and those that stop and those that
 * continue undo each other.
 */
#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/spinlock.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

/* Most that wait, and how many of them can when there is no memory. */
#define WAITING_MAX	4096
#define RESERVED	64

struct ssi_waiting {
	struct list_head list;
	struct ssi_group_signal signal;
	kernel_siginfo_t info;
};

static DEFINE_SPINLOCK(lock);	/* of all below */
static LIST_HEAD(waiting);
static unsigned int count;
static bool is_telling;

static mempool_t *pool;
static DECLARE_WAIT_QUEUE_HEAD(more);
static DECLARE_WAIT_QUEUE_HEAD(settled);

int ssi_group_signal_begin(void)
{
	mempool_t *made = mempool_create_kmalloc_pool(RESERVED, sizeof(struct ssi_waiting));

	if (!made)
		return -ENOMEM;
	WRITE_ONCE(pool, made);
	return 0;
}

/* Each discards the other while it waits: see prepare_signal(). */
static bool ssi_undo_each_other(int one, int other)
{
	return (one == SIGCONT && sig_kernel_stop(other)) ||
	       (other == SIGCONT && sig_kernel_stop(one));
}

static void ssi_forget(struct ssi_waiting *entry)
{
	list_del(&entry->list);
	count--;
	mempool_free(entry, pool);
}

/* Whether one that waits already is this one, too. For a holder of the lock. */
static bool ssi_merge(const struct ssi_group_signal *signal, int number)
{
	struct ssi_waiting *entry, *next;
	bool is_there = false;

	list_for_each_entry_safe(entry, next, &waiting, list) {
		if (entry->signal.pgid != signal->pgid)
			continue;
		if (ssi_undo_each_other(entry->info.si_signo, number)) {
			ssi_forget(entry);
		} else if (entry->info.si_signo == number) {
			entry->signal.is_unrestricted |= signal->is_unrestricted;
			is_there = true;
		}
	}
	return is_there;
}

static bool ssi_queue(const struct ssi_group_signal *signal, const kernel_siginfo_t *info)
{
	struct ssi_waiting *entry;

	guard(spinlock_irqsave)(&lock);
	if (ssi_merge(signal, info->si_signo))
		return true;
	entry = count < WAITING_MAX ? mempool_alloc(pool, GFP_ATOMIC) : NULL;
	if (!entry)
		return false;
	entry->signal = *signal;
	entry->info = *info;
	list_add_tail(&entry->list, &waiting);
	count++;
	return true;
}

/* As send_signal_locked() takes SEND_SIG_NOINFO and SEND_SIG_PRIV. */
static void ssi_describe(struct ssi_group_signal *signal, kernel_siginfo_t *info, int number,
			 bool is_unrestricted)
{
	const struct cred *cred = current_cred();

	clear_siginfo(info);
	info->si_signo = number;
	signal->is_unrestricted = true;
	if (is_unrestricted) {
		info->si_code = SI_KERNEL;
		return;
	}
	info->si_code = SI_USER;
	info->si_pid = task_tgid_nr(current);
	info->si_uid = from_kuid(&init_user_ns, cred->uid);
	signal->session = task_session_nr_ns(current, &init_pid_ns);
	signal->user = info->si_uid;
	signal->effective = from_kuid(&init_user_ns, cred->euid);
	signal->is_unrestricted = cred->user_ns == &init_user_ns &&
				  cap_raised(cred->cap_effective, CAP_KILL);
}

/* Whether a group of this node has no members elsewhere. */
bool ssi_group_is_alone(u32 pgid)
{
	return pgid >= ssi_pid_first && pgid < ssi_pid_end && !ssi_any_left();
}

/*
 * What a user sends by kill(2) goes round when that is called. The caller holds
 * tasklist_lock.
 */
int __ssi_group_signal(struct pid *pgrp, int number, struct kernel_siginfo *info, int result)
{
	struct ssi_group_signal signal = {};
	kernel_siginfo_t sent;

	if (info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV)
		return result;
	signal.pgid = pid_nr(pgrp);
	if (ssi_group_is_alone(signal.pgid))
		return result;
	if (!number || signal.pgid < SSI_PIDS_PRIVATE || !READ_ONCE(pool))
		return result;
	ssi_describe(&signal, &sent, number, info == SEND_SIG_PRIV);
	if (!ssi_queue(&signal, &sent)) {
		pr_warn_ratelimited("ssi: signal %d of group %u stays on this node: too many wait\n",
				    number, signal.pgid);
		return result;
	}
	wake_up(&more);
	/* There may be members elsewhere alone. */
	return result == -ESRCH ? 0 : result;
}

static bool ssi_take_first(struct ssi_group_signal *signal, void *bytes)
{
	struct ssi_waiting *entry;

	guard(spinlock_irqsave)(&lock);
	entry = list_first_entry_or_null(&waiting, struct ssi_waiting, list);
	is_telling = entry;
	if (!entry)
		return false;
	*signal = entry->signal;
	memcpy(bytes, &entry->info, sizeof(entry->info));
	ssi_forget(entry);
	return true;
}

static void ssi_told(void)
{
	scoped_guard(spinlock_irqsave, &lock)
		is_telling = false;
	wake_up_all(&settled);
}

/*
 * Waits for the next one; the one before is told. False if the thread is to stop. For one
 * thread alone.
 */
bool ssi_group_signal_next(struct ssi_group_signal *signal, void *bytes)
{
	bool found = false;

	ssi_told();
	wait_event_idle(more, (found = ssi_take_first(signal, bytes)) || kthread_should_stop());
	return found;
}

static bool ssi_is_settled(void)
{
	guard(spinlock_irqsave)(&lock);
	return !count && !is_telling;
}

/* Waits until all that were sent are told; -EINTR for a task that is killed. */
int ssi_group_signal_settle(void)
{
	return wait_event_killable(settled, ssi_is_settled()) ? -EINTR : 0;
}

/* Whether @task, or what it stands for, has the signal from node @from or its own home. */
bool ssi_group_member_has_it(struct task_struct *task, u8 from)
{
	u32 parent;
	u8 home;

	if (task->flags & PF_KTHREAD)
		return true;
	if (ssi_guest(task_tgid_nr(task), &home, &parent) && home)
		return true;
	return ssi_away(task_tgid_nr(task)) == from;
}

/* Whether a signal waits at what @task, which is elsewhere and not stopped, left here. */
static bool ssi_is_sending(struct task_struct *task)
{
	u32 pid = task_tgid_nr(task);

	if (!ssi_away(pid) || task_is_stopped(task))
		return false;
	return ssi_away_is_sending(pid) || !sigisemptyset(&task->pending.signal) ||
	       !sigisemptyset(&task->signal->shared_pending.signal);
}

/* Whether one of @pgid that is elsewhere does not have yet what was sent to it here. */
bool ssi_group_is_sending(u32 pgid)
{
	struct task_struct *task;
	struct pid *group;

	guard(rcu)();
	guard(read_lock)(&tasklist_lock);
	group = find_pid_ns(pgid, &init_pid_ns);
	do_each_pid_task(group, PIDTYPE_PGID, task) {
		if (ssi_is_sending(task))
			return true;
	} while_each_pid_task(group, PIDTYPE_PGID, task);
	return false;
}

/* As check_kill_permission() says. For RCU readers. */
static bool ssi_may_send(const struct ssi_group_signal *signal, int number,
			 struct task_struct *task)
{
	kuid_t effective = make_kuid(&init_user_ns, signal->effective);
	kuid_t user = make_kuid(&init_user_ns, signal->user);
	const struct cred *cred = __task_cred(task);

	if (signal->is_unrestricted)
		return true;
	if (uid_eq(effective, cred->suid) || uid_eq(effective, cred->uid) ||
	    uid_eq(user, cred->suid) || uid_eq(user, cred->uid))
		return true;
	return number == SIGCONT && signal->session &&
	       task_session_nr_ns(task, &init_pid_ns) == signal->session;
}

/* Does not sleep. */
void ssi_group_signal_give(const struct ssi_group_signal *signal, const void *bytes, u8 from)
{
	struct task_struct *task;
	kernel_siginfo_t info;
	struct pid *group;

	memcpy(&info, bytes, sizeof(info));
	guard(rcu)();
	guard(read_lock)(&tasklist_lock);
	group = find_pid_ns(signal->pgid, &init_pid_ns);
	do_each_pid_task(group, PIDTYPE_PGID, task) {
		if (!ssi_group_member_has_it(task, from) &&
		    ssi_may_send(signal, info.si_signo, task))
			do_send_sig_info(info.si_signo, &info, task, PIDTYPE_PGID);
	} while_each_pid_task(group, PIDTYPE_PGID, task);
}
