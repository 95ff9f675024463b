// SPDX-License-Identifier: GPL-2.0
/*
 * Something that happens once and is waited for.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/ssi_kapi.h>
#include <linux/wait.h>

struct ssi_event {
	wait_queue_head_t wait;
	bool raised;
};

struct ssi_event *ssi_event_new(void)
{
	struct ssi_event *event = kzalloc(sizeof(*event), GFP_KERNEL);

	if (event)
		init_waitqueue_head(&event->wait);
	return event;
}

void ssi_event_free(struct ssi_event *event)
{
	kfree(event);
}

void ssi_event_raise(struct ssi_event *event)
{
	smp_store_release(&event->raised, true);
	wake_up_all(&event->wait);
}

static bool is_raised(struct ssi_event *event)
{
	return smp_load_acquire(&event->raised);
}

/* 0, -ETIME, or -ERESTARTSYS for a signal. */
int ssi_event_wait(struct ssi_event *event, enum ssi_wait how, u64 microseconds)
{
	ktime_t timeout = KTIME_MAX;
	u64 nanoseconds;

	if (is_raised(event))
		return 0;
	if (!check_mul_overflow(microseconds, (u64)NSEC_PER_USEC, &nanoseconds))
		timeout = min_t(u64, nanoseconds, KTIME_MAX);
	switch (how) {
	case SSI_WAIT_INTERRUPTIBLE:
		return __wait_event_hrtimeout(event->wait, is_raised(event), timeout,
					      TASK_INTERRUPTIBLE);
	case SSI_WAIT_KILLABLE:
		return __wait_event_hrtimeout(event->wait, is_raised(event), timeout,
					      TASK_KILLABLE);
	case SSI_WAIT_ALWAYS:
		break;
	}
	/* A thread of the kernel that waits for long is no sign of a fault. */
	if (current->flags & PF_KTHREAD)
		return __wait_event_hrtimeout(event->wait, is_raised(event), timeout, TASK_IDLE);
	return __wait_event_hrtimeout(event->wait, is_raised(event), timeout,
				      TASK_UNINTERRUPTIBLE);
}
