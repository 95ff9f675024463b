// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of the kernel.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/ssi_kapi.h>

struct task_struct *ssi_thread_run(int (*body)(void *data), void *data, const char *name)
{
	struct task_struct *thread = kthread_create(body, data, "%s", name);

	if (IS_ERR(thread))
		return thread;
	get_task_struct(thread);
	wake_up_process(thread);
	return thread;
}

void ssi_thread_stop(struct task_struct *thread)
{
	kthread_stop(thread);
	put_task_struct(thread);
}

bool ssi_thread_stopping(void)
{
	return (current->flags & PF_KTHREAD) && !(current->flags & PF_WQ_WORKER) &&
	       kthread_should_stop();
}

bool ssi_thread_is_worker(void)
{
	return current->flags & PF_WQ_WORKER;
}

void ssi_thread_forbid_io(void)
{
	memalloc_noio_save();
}

unsigned int ssi_thread_no_io_begin(void)
{
	return memalloc_noio_save();
}

void ssi_thread_no_io_end(unsigned int before)
{
	memalloc_noio_restore(before);
}

/* Others depend on what the thread does, and it never takes long. */
void ssi_thread_hurry(void)
{
	sched_set_fifo_low(current);
}

/* What those that hurry bring must not hold it up. */
void ssi_thread_hurry_most(void)
{
	sched_set_fifo(current);
}

void ssi_thread_sleep(u64 microseconds)
{
	fsleep(min_t(u64, microseconds, 3600ULL * USEC_PER_SEC));
}
