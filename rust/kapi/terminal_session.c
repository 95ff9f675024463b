// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions that have a terminal of another node.
 *
 * Known where they are led, and where their number is from. When who leads one ends, the
 * node of the terminal is told; that is found out where a poll of a pidfd would be woken.
 */
#include <linux/cleanup.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct ssi_session {
	wait_queue_entry_t entry;
	struct work_struct work;
	struct rcu_head rcu;
	struct pid *pid;
	u32 session;
	u8 node;
};

/* By number. Whoever takes one out ends it. */
static DEFINE_XARRAY(sessions);
/* Those whose leader ended. */
static struct workqueue_struct *ends;

/* Once, or again. */
int ssi_session_begin(void)
{
	if (!ends)
		ends = alloc_workqueue("ssi_sessions", WQ_UNBOUND, 0);
	return ends ? 0 : -ENOMEM;
}

/* Who ended so far has no terminal any more when this returns. May sleep. */
void ssi_session_settle(void)
{
	flush_workqueue(ends);
}

static bool ssi_has_ended(struct pid *pid)
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(pid, PIDTYPE_TGID);
	return !task || (task->exit_state && thread_group_empty(task));
}

/* Not from its work. */
static void ssi_session_end(struct ssi_session *session)
{
	remove_wait_queue(&session->pid->wait_pidfd, &session->entry);
	cancel_work_sync(&session->work);
	put_pid(session->pid);
	kfree_rcu(session, rcu);
}

static void ssi_session_look(struct work_struct *work)
{
	struct ssi_session *session = container_of(work, struct ssi_session, work);

	if (!ssi_has_ended(session->pid))
		return;
	ssi_session_ended(session->session, session->node);
	/* Else somebody waits for this to end it. */
	if (xa_cmpxchg(&sessions, session->session, session, NULL, GFP_KERNEL) != session)
		return;
	remove_wait_queue(&session->pid->wait_pidfd, &session->entry);
	cancel_work(&session->work);
	put_pid(session->pid);
	kfree_rcu(session, rcu);
}

/* Under the lock of the queue, in any context. */
static int ssi_session_woken(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	queue_work(ends, &container_of(entry, struct ssi_session, entry)->work);
	return 0;
}

static struct ssi_session *ssi_session_new(u32 number, u8 node)
{
	struct ssi_session *session = kzalloc_obj(*session);

	if (!session)
		return NULL;
	scoped_guard(rcu)
		session->pid = get_pid(find_pid_ns(number, &init_pid_ns));
	session->session = number;
	session->node = node;
	INIT_WORK(&session->work, ssi_session_look);
	init_waitqueue_func_entry(&session->entry, ssi_session_woken);
	return session;
}

/*
 * The terminal of @number, whose leader is a process here or left one, is one of @node. 1 if
 * that was known. May sleep.
 */
int ssi_session_add(u32 number, u8 node)
{
	struct ssi_session *session, *other;

	if (ssi_session_node(number) == node)
		return 1;
	WRITE_ONCE(ssi_terminals_span, true);
	session = ssi_session_new(number, node);
	if (!session)
		return -ENOMEM;
	if (!session->pid) {
		kfree(session);
		return -ESRCH;
	}
	add_wait_queue(&session->pid->wait_pidfd, &session->entry);
	other = xa_store(&sessions, number, session, GFP_KERNEL);
	if (xa_is_err(other)) {
		ssi_session_end(session);
		return xa_err(other);
	}
	if (other)
		ssi_session_end(other);
	/* It may have ended before it was looked after. */
	if (ssi_has_ended(session->pid))
		queue_work(ends, &session->work);
	return 0;
}

/* Where its terminal is, if that is known to be elsewhere; else 0. Any context. */
u8 ssi_session_node(u32 number)
{
	struct ssi_session *session;

	guard(rcu)();
	session = xa_load(&sessions, number);
	return session ? session->node : 0;
}

/* It has none at @node any more. May sleep. */
void ssi_session_remove(u32 number, u8 node)
{
	struct ssi_session *session;

	scoped_guard(rcu) {
		session = xa_load(&sessions, number);
		if (!session || session->node != node ||
		    xa_cmpxchg(&sessions, number, session, NULL, GFP_ATOMIC) != session)
			session = NULL;
	}
	if (session)
		ssi_session_end(session);
}

/* Tells who leads it, as tty_signal_session_leader() does. */
static void ssi_tell_leader(u32 number)
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(find_pid_ns(number, &init_pid_ns), PIDTYPE_TGID);
	if (!task || task_session_nr_ns(task, &init_pid_ns) != number)
		return;
	do_send_sig_info(SIGHUP, SEND_SIG_PRIV, task, PIDTYPE_TGID);
	do_send_sig_info(SIGCONT, SEND_SIG_PRIV, task, PIDTYPE_TGID);
}

/* Its terminal, at @node, was hung up. May sleep. */
void ssi_session_hang_up(u32 number, u8 node)
{
	if (ssi_session_node(number) != node)
		return;
	ssi_session_remove(number, node);
	ssi_tell_leader(number);
}

/* @node is gone, and all terminals there. May sleep. */
void ssi_session_lose(u8 node)
{
	struct ssi_session *session;
	unsigned long number;

	xa_for_each(&sessions, number, session)
		ssi_session_hang_up(number, node);
}
