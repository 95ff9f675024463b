// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for an open file without a thread.
 *
 * An armed watch stands in the wait queues of its file, as poll(2) would. The first
 * wakeup that concerns it makes it leave them and tell, on a thread of the kernel; it
 * is armed again by whoever still has to wait.
 */
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/workqueue.h>
#include "file_home.h"

static bool is_wanted(const struct ssi_watch *watch, __poll_t events)
{
	/* Some wakeups do not say what happened. */
	return !events || events & (READ_ONCE(watch->interest) | EPOLLERR | EPOLLHUP);
}

/* Under the lock of the queue, in any context. */
static int woken(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct ssi_watch *watch = container_of(entry, struct ssi_watch_queue, entry)->watch;

	if (is_wanted(watch, key_to_poll(key)) && !test_and_set_bit(0, &watch->fired))
		schedule_work(&watch->work);
	return 1;
}

static void enter_queue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct ssi_watch *watch = container_of(table, struct ssi_watch, table);
	struct ssi_watch_queue *queue;

	if (WARN_ON_ONCE(watch->count == SSI_WATCH_QUEUES_MAX))
		return;
	queue = &watch->queues[watch->count++];
	queue->watch = watch;
	queue->head = head;
	init_waitqueue_func_entry(&queue->entry, woken);
	add_wait_queue(head, &queue->entry);
}

/* Under the lock. */
static void leave_queues(struct ssi_watch *watch)
{
	while (watch->count) {
		struct ssi_watch_queue *queue = &watch->queues[--watch->count];

		remove_wait_queue(queue->head, &queue->entry);
	}
	watch->is_armed = false;
	WRITE_ONCE(watch->interest, 0);
}

static void tell(struct work_struct *work)
{
	struct ssi_watch *watch = container_of(work, struct ssi_watch, work);

	scoped_guard(mutex, &watch->lock)
		leave_queues(watch);
	ssi_home_ready(watch->name);
}

void ssi_watch_init(struct ssi_watch *watch)
{
	mutex_init(&watch->lock);
	INIT_WORK(&watch->work, tell);
}

/* Nobody arms it any more. */
void ssi_watch_end(struct ssi_watch *watch)
{
	scoped_guard(mutex, &watch->lock)
		leave_queues(watch);
	/* Who is told may be the last to have the file: tell() needs nothing after that. */
	if (current_work() == &watch->work)
		cancel_work(&watch->work);
	else
		cancel_work_sync(&watch->work);
}

/*
 * Tells when one of @events happens, and says which have. Of a watch that has just
 * fired it is told in any case.
 */
__poll_t ssi_watch_arm(struct ssi_watch *watch, struct file *file, __poll_t events)
{
	guard(mutex)(&watch->lock);
	if (watch->is_armed && !test_bit(0, &watch->fired) && !(events & ~watch->interest))
		return vfs_poll(file, NULL);
	events |= watch->interest;
	leave_queues(watch);
	clear_bit(0, &watch->fired);
	WRITE_ONCE(watch->interest, events);
	watch->is_armed = true;
	init_poll_funcptr(&watch->table, enter_queue);
	watch->table._key = events | EPOLLERR | EPOLLHUP;
	return vfs_poll(file, &watch->table);
}
