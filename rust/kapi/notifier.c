// SPDX-License-Identifier: GPL-2.0
/*
 * Bits that wake a thread: raised in any context, taken by one thread.
 */
#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/ssi_kapi.h>
#include <linux/wait.h>

struct ssi_notifier {
	DECLARE_BITMAP(bits, SSI_NOTIFIER_BITS);
	wait_queue_head_t wait;
};

struct ssi_notifier *ssi_notifier_new(void)
{
	struct ssi_notifier *notifier = kzalloc(sizeof(*notifier), GFP_KERNEL);

	if (notifier)
		init_waitqueue_head(&notifier->wait);
	return notifier;
}

void ssi_notifier_free(struct ssi_notifier *notifier)
{
	kfree(notifier);
}

void ssi_notifier_raise(struct ssi_notifier *notifier, unsigned int bit)
{
	if (bit >= SSI_NOTIFIER_BITS || test_and_set_bit(bit, notifier->bits))
		return;
	wake_up(&notifier->wait);
}

static bool is_raised(struct ssi_notifier *notifier)
{
	return !bitmap_empty(notifier->bits, SSI_NOTIFIER_BITS) || ssi_thread_stopping();
}

void ssi_notifier_wait(struct ssi_notifier *notifier, u64 nanoseconds)
{
	ktime_t timeout = min_t(u64, nanoseconds, KTIME_MAX);

	if (!is_raised(notifier) && timeout)
		__wait_event_hrtimeout(notifier->wait, is_raised(notifier), timeout, TASK_IDLE);
}

u64 ssi_notifier_take(struct ssi_notifier *notifier, unsigned int word)
{
	if (word >= BITS_TO_LONGS(SSI_NOTIFIER_BITS) || !READ_ONCE(notifier->bits[word]))
		return 0;
	return xchg(&notifier->bits[word], 0);
}
