// SPDX-License-Identifier: GPL-2.0
/*
 * Process of another node for which a thread of the kernel uses a socket.
 *
 * The credentials of that process are those of the thread meanwhile; of its number, which
 * unix sockets tell as well, the thread has none. It stands in a list.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>

struct ssi_sending {
	struct list_head list;
	struct task_struct *thread;
	struct pid *process;	/* referenced, NULL for one that has no number here */
};

static LIST_HEAD(sendings);
static DEFINE_SPINLOCK(sendings_lock);

/*
 * A process that left nothing here. As one that is gone it has its number and is not found by
 * it: nobody has to free that.
 */
static struct pid *foreign(u32 nr)
{
	pid_t number = nr;
	struct pid *pid = alloc_pid(&init_pid_ns, &number, 1);

	if (IS_ERR(pid))
		return pid;
	get_pid(pid);
	free_pid(pid);
	return pid;
}

/* With a reference. Between two looks it may have come, or gone. */
static struct pid *process_of(u32 nr)
{
	struct pid *pid;

	if (nr < SSI_PIDS_PRIVATE || nr >= PID_MAX_LIMIT)
		return NULL;
	for (int i = 0; i < 2; i++) {
		scoped_guard(rcu)
			pid = get_pid(find_pid_ns(nr, &init_pid_ns));
		pid = pid ?: foreign(nr);
		if (pid != ERR_PTR(-EEXIST))
			return pid;
	}
	return ERR_PTR(-EAGAIN);
}

/* Until it ends, the running thread sends for process @nr. May sleep. */
struct ssi_sending *ssi_sending_begin(u32 nr)
{
	struct ssi_sending *sending = kzalloc(sizeof(*sending), GFP_KERNEL);

	if (!sending)
		return ERR_PTR(-ENOMEM);
	sending->process = process_of(nr);
	if (IS_ERR(sending->process)) {
		int error = PTR_ERR(sending->process);

		kfree(sending);
		return ERR_PTR(error);
	}
	sending->thread = current;
	guard(spinlock)(&sendings_lock);
	list_add(&sending->list, &sendings);
	return sending;
}

void ssi_sending_end(struct ssi_sending *sending)
{
	scoped_guard(spinlock, &sendings_lock)
		list_del(&sending->list);
	put_pid(sending->process);
	kfree(sending);
}

/* Valid as long as the running thread sends. */
struct pid *__ssi_sender(void)
{
	struct ssi_sending *sending;

	guard(spinlock)(&sendings_lock);
	list_for_each_entry(sending, &sendings, list) {
		if (sending->thread == current)
			return sending->process;
	}
	return task_tgid(current);
}

struct pid *__ssi_get_sender(pid_t nr)
{
	struct pid *sender = __ssi_sender();

	return sender && pid_vnr(sender) == nr ? get_pid(sender) : find_get_pid(nr);
}
