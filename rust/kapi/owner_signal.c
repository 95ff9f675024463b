// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to owners of files that are elsewhere.
 *
 * They are queued where they are sent, in any context, for a thread that sends them on. The
 * queue is as the signals that wait for a process: of those that are not queued there it has
 * each once, and one too many becomes a plain SIGIO.
 */
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/spinlock.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

/* Most that wait; those with information of their own; and how many without memory. */
#define WAITING_MAX	4096
#define QUEUED_MAX	2048
#define RESERVED	64

struct ssi_owner_waiting {
	struct list_head list;
	struct ssi_owner_signal signal;
};

static DEFINE_SPINLOCK(lock);	/* of both below */
static LIST_HEAD(waiting);
static unsigned int count;

static mempool_t *pool;
static DECLARE_WAIT_QUEUE_HEAD(more);

int ssi_owner_signal_begin(void)
{
	mempool_t *made = mempool_create_kmalloc_pool(RESERVED, sizeof(struct ssi_owner_waiting));

	if (!made)
		return -ENOMEM;
	WRITE_ONCE(pool, made);
	return 0;
}

static bool is_same(const struct ssi_owner_signal *one, const struct ssi_owner_signal *other)
{
	return one->owner.kind == other->owner.kind && one->owner.number == other->owner.number &&
	       one->owner.user == other->owner.user &&
	       one->owner.effective == other->owner.effective &&
	       one->owner.identity == other->owner.identity &&
	       one->owner.node == other->owner.node && one->signal == other->signal &&
	       !one->reason == !other->reason;
}

/* Whether it comes as often as it was sent. */
static bool is_queued(const struct ssi_owner_signal *signal)
{
	return signal->reason && signal->signal >= SIGRTMIN;
}

/* For a holder of the lock. */
static bool is_waiting(const struct ssi_owner_signal *signal)
{
	struct ssi_owner_waiting *entry;

	list_for_each_entry(entry, &waiting, list)
		if (is_same(&entry->signal, signal))
			return true;
	return false;
}

/* For a holder of the lock. */
static bool add(const struct ssi_owner_signal *signal, unsigned int most)
{
	struct ssi_owner_waiting *entry;

	if (!is_queued(signal) && is_waiting(signal))
		return true;
	entry = count < most ? mempool_alloc(pool, GFP_ATOMIC) : NULL;
	if (!entry)
		return false;
	entry->signal = *signal;
	list_add_tail(&entry->list, &waiting);
	count++;
	return true;
}

/* As send_sigio_to_task() does what cannot be queued. For a holder of the lock. */
static bool add_plain(struct ssi_owner_signal signal)
{
	signal.signal = 0;
	return add(&signal, WAITING_MAX);
}

/* Any context. False if it is lost. */
bool ssi_owner_signal_queue(const struct ssi_owner_signal *signal)
{
	bool is_added;

	if (!READ_ONCE(pool))
		return false;
	scoped_guard(spinlock_irqsave, &lock)
		is_added = add(signal, is_queued(signal) ? QUEUED_MAX : WAITING_MAX) ||
			   (signal->reason && add_plain(*signal));
	if (is_added)
		wake_up(&more);
	return is_added;
}

void __ssi_owner_signal(struct fown_struct *owner, int fd, int reason)
{
	bool is_elsewhere = ssi_owner_elsewhere(owner);
	struct ssi_owner_signal signal = {
		.signal = READ_ONCE(owner->signum),
		.fd = fd,
		.reason = reason,
		.is_given = !is_elsewhere,
	};

	if (!is_elsewhere && owner->pid_type != PIDTYPE_PGID)
		return;
	ssi_owner_describe(owner, &signal.owner);
	if (signal.owner.number < SSI_PIDS_PRIVATE && !is_elsewhere)
		return;
	if (!is_elsewhere && ssi_group_is_alone(signal.owner.number))
		return;
	if (!ssi_owner_signal_queue(&signal))
		pr_warn_ratelimited("ssi: a signal to the owner of a file is lost: too many wait\n");
}

static bool take_first(struct ssi_owner_signal *signal)
{
	struct ssi_owner_waiting *entry;

	guard(spinlock_irqsave)(&lock);
	entry = list_first_entry_or_null(&waiting, struct ssi_owner_waiting, list);
	if (!entry)
		return false;
	*signal = entry->signal;
	list_del(&entry->list);
	count--;
	mempool_free(entry, pool);
	return true;
}

/* Waits for the next one. False if the thread is to stop. For one thread alone. */
bool ssi_owner_signal_next(struct ssi_owner_signal *signal)
{
	bool found = false;

	wait_event_idle(more, (found = take_first(signal)) || kthread_should_stop());
	return found;
}

/* As sigio_perm() says. For RCU readers. */
static bool may_send_urgent(const struct fown_struct *owner, struct task_struct *task)
{
	const struct cred *cred = __task_cred(task);

	return uid_eq(owner->euid, GLOBAL_ROOT_UID) ||
	       uid_eq(owner->euid, cred->suid) || uid_eq(owner->euid, cred->uid) ||
	       uid_eq(owner->uid, cred->suid) || uid_eq(owner->uid, cred->uid);
}

/* As send_sigio() and send_sigurg() send to one task. For RCU readers. */
static void send(const struct ssi_owner_signal *signal, struct pid *pid, enum pid_type type)
{
	struct task_struct *task = pid_task(pid, PIDTYPE_PID);
	struct fown_struct owner = {
		.pid = pid,
		.pid_type = type,
		.uid = make_kuid(&init_user_ns, signal->owner.user),
		.euid = make_kuid(&init_user_ns, signal->owner.effective),
		.signum = signal->signal,
	};

	rwlock_init(&owner.lock);
	if (signal->reason)
		send_sigio(&owner, signal->fd, signal->reason);
	else if (task && may_send_urgent(&owner, task))
		do_send_sig_info(SIGURG, SEND_SIG_PRIV, task, type);
}

/*
 * Gives it to the owner, if that is here; of a group to the members that are and do not get it
 * another way than from node @from, or to all if that is 0. Does not sleep.
 */
void ssi_owner_signal_give(const struct ssi_owner_signal *signal, u8 from)
{
	bool is_thread = signal->owner.kind == SSI_OWNER_THREAD;
	struct task_struct *task;
	struct pid *pid;

	guard(rcu)();
	pid = find_pid_ns(signal->owner.number, &init_pid_ns);
	if (!pid)
		return;
	if (signal->owner.kind != SSI_OWNER_GROUP) {
		if (signal->owner.node != ssi_pid_first / SSI_PIDS_PRIVATE ||
		    !signal->owner.identity || signal->owner.identity == pid->ino)
			send(signal, pid, is_thread ? PIDTYPE_PID : PIDTYPE_TGID);
		return;
	}
	do_each_pid_task(pid, PIDTYPE_PGID, task) {
		if (!from || !ssi_group_member_has_it(task, from))
			send(signal, task_pid(task), PIDTYPE_TGID);
	} while_each_pid_task(pid, PIDTYPE_PGID, task);
}
