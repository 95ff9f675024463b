// SPDX-License-Identifier: GPL-2.0
/*
 * Leaders of sessions on other nodes, as terminals of this one know them.
 *
 * A terminal controls the session of a task of its own kernel. For a leader who was never
 * here a thread of the kernel stands in: it is of his session and his group, leads, takes
 * the terminal, and gives it up when he does or ends. What the kernel does with terminals,
 * hanging up and all, it does with that thread; what the thread is told it passes on.
 */
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/tty.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

/* What the thread is to do. On the stack of who asks, until it is done. */
struct ssi_leader_call {
	const struct ssi_home *home;
	const struct ssi_terminal_leader *who;
	unsigned long argument;
	unsigned int number;
	struct completion done;
	long result;
};

struct ssi_leader {
	struct list_head list;
	refcount_t references;
	u32 session;
	u8 client;
	wait_queue_head_t wait;
	struct ssi_leader_call *call;
	struct completion gone;
	bool is_over;
};

static LIST_HEAD(leaders);
static DEFINE_MUTEX(lock);	/* of the list, and of the calls: one at a time */

static void ssi_leader_put(struct ssi_leader *leader)
{
	if (refcount_dec_and_test(&leader->references))
		kfree(leader);
}

/* The rights of who leads, as far as a terminal looks at them. */
static int ssi_leader_assume(const struct ssi_terminal_leader *who)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return -ENOMEM;
	cred->uid = make_kuid(&init_user_ns, who->user);
	cred->euid = make_kuid(&init_user_ns, who->effective);
	if (!uid_valid(cred->uid) || !uid_valid(cred->euid)) {
		put_cred(cred);
		return -EINVAL;
	}
	cred->suid = cred->euid;
	cred->fsuid = cred->euid;
	cap_clear(cred->cap_effective);
	cap_clear(cred->cap_permitted);
	if (who->is_admin) {
		cap_raise(cred->cap_permitted, CAP_SYS_ADMIN);
		cap_raise(cred->cap_effective, CAP_SYS_ADMIN);
	}
	return commit_creds(cred);
}

static long ssi_leader_do(const struct ssi_leader_call *call)
{
	int error = ssi_leader_assume(call->who);

	return error ?: ssi_terminal_ioctl(call->home, call->number, call->argument);
}

static void ssi_leader_serve(struct ssi_leader *leader)
{
	struct ssi_leader_call *call = xchg(&leader->call, NULL);

	if (!call)
		return;
	call->result = ssi_leader_do(call);
	complete(&call->done);
}

static bool ssi_is_hung_up(void)
{
	bool is_hung_up = false;

	while (signal_pending(current) && kernel_dequeue_signal() > 0)
		is_hung_up = true;
	return is_hung_up;
}

/* Ends as a task that leads a session does. */
static int ssi_leader_stand(void *data)
{
	struct ssi_leader *leader = data;

	allow_kernel_signal(SIGHUP);
	while (!READ_ONCE(leader->is_over)) {
		wait_event_interruptible(leader->wait, READ_ONCE(leader->call) ||
						       READ_ONCE(leader->is_over));
		if (ssi_is_hung_up())
			ssi_leader_hung_up(leader->session, READ_ONCE(leader->client));
		ssi_leader_serve(leader);
	}
	disassociate_ctty(1);
	complete(&leader->gone);
	ssi_leader_put(leader);
	return 0;
}

/* For a holder of the lock. */
static struct ssi_leader *ssi_leader_find(u32 session)
{
	struct ssi_leader *leader;

	list_for_each_entry(leader, &leaders, list)
		if (leader->session == session)
			return leader;
	return NULL;
}

/* For a holder of the lock. The terminal is given up then. */
static void ssi_leader_stop(struct ssi_leader *leader)
{
	list_del(&leader->list);
	WRITE_ONCE(leader->is_over, true);
	wake_up(&leader->wait);
	wait_for_completion(&leader->gone);
	ssi_leader_put(leader);
}

/* For a holder of the lock. */
static struct ssi_leader *ssi_leader_new(u32 session, u8 client)
{
	struct ssi_leader *leader = kzalloc_obj(*leader);
	struct task_struct *task;
	int error;

	if (!leader)
		return ERR_PTR(-ENOMEM);
	refcount_set(&leader->references, 2);
	init_waitqueue_head(&leader->wait);
	init_completion(&leader->gone);
	leader->session = session;
	leader->client = client;
	task = kthread_create(ssi_leader_stand, leader, "ssi_leader");
	if (IS_ERR(task)) {
		kfree(leader);
		return ERR_CAST(task);
	}
	list_add(&leader->list, &leaders);
	error = ssi_take_group(task, session, session);
	task->signal->leader = !error;
	if (error)
		leader->is_over = true;
	wake_up_process(task);
	if (!error)
		return leader;
	ssi_leader_stop(leader);
	return ERR_PTR(error);
}

static long ssi_leader_ask(struct ssi_leader *leader, struct ssi_leader_call *call)
{
	init_completion(&call->done);
	WRITE_ONCE(leader->call, call);
	wake_up(&leader->wait);
	wait_for_completion(&call->done);
	return call->result;
}

/*
 * As ioctl(2) of a session's leader, who is at @client and not known here: TIOCSCTTY or
 * TIOCNOTTY. May sleep.
 */
long ssi_leader_ioctl(const struct ssi_home *home, const struct ssi_terminal_leader *who,
		      u8 client, unsigned int number, unsigned long argument)
{
	struct ssi_leader_call call = {
		.home = home, .who = who, .number = number, .argument = argument,
	};
	struct ssi_leader *leader;
	bool is_new;
	long result;

	guard(mutex)(&lock);
	leader = ssi_leader_find(who->pid);
	is_new = !leader;
	if (is_new && number == TIOCNOTTY)
		return -ENOTTY;
	if (is_new)
		leader = ssi_leader_new(who->pid, client);
	if (IS_ERR(leader))
		return PTR_ERR(leader);
	result = ssi_leader_ask(leader, &call);
	if (!result)
		WRITE_ONCE(leader->client, client);
	if (number == TIOCNOTTY ? !result : is_new && result)
		ssi_leader_stop(leader);
	return result;
}

/* Who leads @session ended. May sleep. */
void ssi_leader_end(u32 session)
{
	struct ssi_leader *leader;

	guard(mutex)(&lock);
	leader = ssi_leader_find(session);
	if (leader)
		ssi_leader_stop(leader);
}

/* @client is gone, and those who led sessions there. May sleep. */
void ssi_leader_lose(u8 client)
{
	struct ssi_leader *leader, *next;

	guard(mutex)(&lock);
	list_for_each_entry_safe(leader, next, &leaders, list)
		if (leader->client == client)
			ssi_leader_stop(leader);
}
