// SPDX-License-Identifier: GPL-2.0
/*
 * Watch over a process, for another node.
 *
 * It stands where a poll of a pidfd would, and is woken by the same. What became of the
 * process is told by a thread of the kernel.
 */
#include <linux/cleanup.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "pidfd.h"

struct ssi_pid_watch {
	wait_queue_entry_t entry;
	struct work_struct work;
	refcount_t references;
	struct pid *pid;
	u64 token;
	u8 client;
	/* Of the work alone. */
	enum ssi_pid_life told;
};

static void ssi_pid_watch_put(struct ssi_pid_watch *watch)
{
	if (!refcount_dec_and_test(&watch->references))
		return;
	put_pid(watch->pid);
	kfree(watch);
}

/* As pidfd_poll() says. Any context. */
static enum ssi_pid_life ssi_pid_life(struct pid *pid)
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(pid, PIDTYPE_PID);
	if (!task)
		return SSI_PID_GONE;
	return task->exit_state && !delay_group_leader(task) ? SSI_PID_ENDED : SSI_PID_RUNS;
}

static void ssi_pid_tell(struct work_struct *work)
{
	struct ssi_pid_watch *watch = container_of(work, struct ssi_pid_watch, work);
	enum ssi_pid_life life = ssi_pid_life(watch->pid);

	if (life > watch->told) {
		watch->told = life;
		ssi_pid_changed(watch->client, watch->token, life);
	}
	ssi_pid_watch_put(watch);
}

/* Under the lock of the queue, in any context. Whoever ends the watch takes it out first. */
static int ssi_pid_woken(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct ssi_pid_watch *watch = container_of(entry, struct ssi_pid_watch, entry);

	refcount_inc(&watch->references);
	if (!schedule_work(&watch->work))
		refcount_dec(&watch->references);
	return 0;
}

/* As pidfd_prepare() checks. */
static int ssi_pid_check(struct pid *pid, bool is_thread)
{
	guard(spinlock_irq)(&pid->wait_pidfd.lock);
	if (!pid_has_task(pid, PIDTYPE_PID))
		return -ESRCH;
	return is_thread || pid_has_task(pid, PIDTYPE_TGID) ? 0 : -ENOENT;
}

static struct pid *ssi_pid_of(u32 nr, bool is_thread)
{
	struct pid *pid;
	int error;

	scoped_guard(rcu)
		pid = get_pid(find_pid_ns(nr, &init_pid_ns));
	if (!pid)
		return ERR_PTR(-ESRCH);
	error = ssi_pid_check(pid, is_thread);
	if (!error)
		return pid;
	put_pid(pid);
	return ERR_PTR(error);
}

struct ssi_pid_watch *ssi_pid_watch_new(u32 nr, bool is_thread, u8 client, u64 token)
{
	struct pid *pid = ssi_pid_of(nr, is_thread);
	struct ssi_pid_watch *watch;

	if (IS_ERR(pid))
		return ERR_CAST(pid);
	watch = kzalloc_obj(*watch);
	if (!watch) {
		put_pid(pid);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&watch->references, 1);
	watch->pid = pid;
	watch->client = client;
	watch->token = token;
	INIT_WORK(&watch->work, ssi_pid_tell);
	init_waitqueue_func_entry(&watch->entry, ssi_pid_woken);
	add_wait_queue(&pid->wait_pidfd, &watch->entry);
	return watch;
}

/* It may still be about to tell. Does not sleep. */
void ssi_pid_watch_end(struct ssi_pid_watch *watch)
{
	remove_wait_queue(&watch->pid->wait_pidfd, &watch->entry);
	ssi_pid_watch_put(watch);
}

u64 ssi_pid_watch_identity(const struct ssi_pid_watch *watch)
{
	return watch->pid->ino;
}

enum ssi_pid_life ssi_pid_watch_life(const struct ssi_pid_watch *watch)
{
	return ssi_pid_life(watch->pid);
}
