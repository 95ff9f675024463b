// SPDX-License-Identifier: GPL-2.0
/*
 * Alarm of a process that goes to another node.
 */
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/ssi_kapi.h>

/* Stops ITIMER_REAL of the current process, and says what it was. */
void ssi_itimer_pause(struct ssi_timer *was)
{
	struct signal_struct *shared = current->signal;

	scoped_guard(spinlock_irq, &current->sighand->siglock) {
		was->left = ssi_timer_left(&shared->real_timer);
		was->interval = shared->it_real_incr;
		/* Or the signal that waits would start it when it is taken. */
		shared->it_real_incr = 0;
	}
	/* It takes the lock itself when it has run out. */
	if (was->left && !hrtimer_cancel(&shared->real_timer))
		was->left = 0;
}

/* Has it be what it was. */
void ssi_itimer_resume(const struct ssi_timer *was)
{
	struct signal_struct *shared = current->signal;

	guard(spinlock_irq)(&current->sighand->siglock);
	shared->it_real_incr = was->interval;
	if (was->left)
		hrtimer_start(&shared->real_timer, was->left, HRTIMER_MODE_REL);
}
