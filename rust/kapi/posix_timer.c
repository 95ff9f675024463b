// SPDX-License-Identifier: GPL-2.0
/*
 * Timers of timer_create(2) of a process that goes to another node.
 *
 * They are taken while they stand still, and made again with their numbers. All nodes of a
 * host have its clocks, so one of a clock is set to the same moment. One of used time is set to
 * what is left: a process that moves has used no time yet.
 */
#include <linux/hrtimer.h>
#include <linux/hrtimer_bases.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include <linux/ssi_kapi.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <../kernel/time/posix-timers.h>

/* --- which can go --- */

/* A negative number is one of used time. */
static bool of_used_time(clockid_t clock)
{
	return clock < 0;
}

static bool of_time(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_TAI;
}

/* For RCU readers. */
static bool is_of(struct pid *pid, enum pid_type type, struct task_struct *task)
{
	struct task_struct *found = pid_task(pid, type);

	return found && same_thread_group(found, task);
}

/*
 * For RCU readers. One of the used time of another process, or for a thread that ended, cannot be
 * made.
 */
static bool may_go(struct k_itimer *timer, struct task_struct *task)
{
	bool is_threads = CPUCLOCK_PERTHREAD(timer->it_clock);

	if (timer->it_pid_type == PIDTYPE_PID && !is_of(timer->it_pid, PIDTYPE_PID, task))
		return false;
	if (of_used_time(timer->it_clock))
		return is_of(timer->it.cpu.pid, is_threads ? PIDTYPE_PID : PIDTYPE_TGID, task);
	return of_time(timer->it_clock);
}

/* Whether all timers of the process of @task can be on another node. */
bool ssi_posix_timers_travel(struct task_struct *task)
{
	struct k_itimer *timer;
	unsigned long flags;
	bool travel = true;

	guard(rcu)();
	if (!lock_task_sighand(task, &flags))
		return true;
	hlist_for_each_entry(timer, &task->signal->posix_timers, list)
		travel = travel && may_go(timer, task);
	unlock_task_sighand(task, &flags);
	return travel;
}

/* --- taken --- */

/* The signal waits, and is not one of before the timer was set anew. */
static bool is_waiting(const struct k_itimer *timer)
{
	return timer->it_sigqueue_seq == timer->it_signal_seq &&
	       (!list_empty(&timer->sigq.list) || !hlist_unhashed(&timer->ignored_list));
}

static void take_used(struct k_itimer *timer, struct ssi_posix_timer *to)
{
	struct itimerspec64 setting = {};

	timer->kclock->timer_get(timer, &setting);
	to->expires = timespec64_to_ktime(setting.it_value);
	to->is_set = to->expires != 0;
	if (CPUCLOCK_PERTHREAD(timer->it_clock))
		to->thread_clock = pid_nr(timer->it.cpu.pid);
}

static void take_clock(struct k_itimer *timer, struct ssi_posix_timer *to)
{
	const struct hrtimer *clock = &timer->it.real.timer;

	to->is_set = timer->it_status != POSIX_TIMER_DISARMED;
	to->expires = to->is_set ? hrtimer_get_expires(clock) : 0;
	/* A time from now on does not follow who sets the clock. */
	to->is_relative = timer->it_clock == CLOCK_REALTIME &&
			  clock->base->clockid == CLOCK_MONOTONIC;
}

/* For a holder of its lock. */
static void take(struct k_itimer *timer, struct ssi_posix_timer *to)
{
	*to = (struct ssi_posix_timer) {
		.id = timer->it_id,
		.clock = timer->it_clock,
		.notify = timer->it_sigev_notify,
		.signal = timer->sigq.info.si_signo,
		.value = (unsigned long)timer->sigq.info.si_value.sival_ptr,
		.is_waiting = is_waiting(timer),
	};
	if (timer->it_pid_type == PIDTYPE_PID)
		to->thread = pid_nr(timer->it_pid);
	if (of_used_time(timer->it_clock))
		take_used(timer, to);
	else
		take_clock(timer, to);
	to->interval = timer->it_interval;
	to->overrun = timer->it_overrun;
	to->overrun_last = timer->it_overrun_last;
}

/* Takes it and has it stand still; a signal of it that waits is none any more. */
static void stop(struct k_itimer *timer, struct ssi_posix_timer *to)
{
	struct itimerspec64 nothing = {};
	int result;

	do {
		guard(rcu)();
		scoped_guard(spinlock_irq, &timer->it_lock) {
			take(timer, to);
			timer->it_signal_seq++;
			result = timer->kclock->timer_set(timer, 0, &nothing, NULL);
		}
		/* It runs out at this moment. */
		if (result == TIMER_RETRY)
			timer->kclock->timer_wait_running(timer);
	} while (result == TIMER_RETRY);
}

/* Of the current process, whose other threads stand still. */
u32 ssi_posix_timers_count(void)
{
	struct k_itimer *timer;
	u32 count = 0;

	hlist_for_each_entry(timer, &current->signal->posix_timers, list)
		count++;
	return count;
}

void ssi_posix_timers_head(struct ssi_posix_timers *to)
{
	to->next_id = atomic_read(&current->signal->next_posix_timer_id) & INT_MAX;
	to->names_ids = current->signal->timer_create_restore_ids;
}

/* Stops all, as many as ssi_posix_timers_count() said. */
void ssi_posix_timers_stop(struct ssi_posix_timer *to)
{
	struct k_itimer *timer;

	hlist_for_each_entry(timer, &current->signal->posix_timers, list)
		stop(timer, to++);
}

/* --- judged --- */

bool ssi_posix_timers_valid(const struct ssi_posix_timers *head)
{
	return head->next_id <= INT_MAX && head->names_ids <= 1;
}

static bool notification_valid(const struct ssi_posix_timer *timer)
{
	bool is_threads = timer->notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID);

	if (is_threads != (timer->thread != 0) || timer->thread >= PID_MAX_LIMIT)
		return false;
	if (timer->notify == SIGEV_NONE)
		return !timer->is_waiting;
	return (is_threads || timer->notify == SIGEV_SIGNAL || timer->notify == SIGEV_THREAD) &&
	       timer->signal >= 1 && timer->signal <= _NSIG;
}

static bool clock_valid(const struct ssi_posix_timer *timer)
{
	if (!of_used_time(timer->clock))
		return of_time(timer->clock) && !timer->thread_clock &&
		       (!timer->is_relative || timer->clock == CLOCK_REALTIME);
	return (timer->clock & CPUCLOCK_CLOCK_MASK) < CPUCLOCK_MAX && !timer->is_relative &&
	       !!CPUCLOCK_PERTHREAD(timer->clock) == (timer->thread_clock != 0) &&
	       timer->thread_clock < PID_MAX_LIMIT;
}

bool ssi_posix_timer_valid(const struct ssi_posix_timer *timer)
{
	bool repeats = timer->is_waiting && timer->interval;

	return timer->id <= INT_MAX && timer->is_set <= 1 && timer->is_waiting <= 1 &&
	       timer->is_relative <= 1 && !timer->unused && (!repeats || timer->is_set) &&
	       notification_valid(timer) && clock_valid(timer) && timer->expires >= 0 &&
	       timer->interval >= 0 && timer->overrun >= -1 && timer->overrun_last >= -1;
}

/* --- set --- */

/* As common_timer_set(), to a moment of the clock. For a holder of its lock. */
static void set_clock(struct k_itimer *timer, const struct ssi_posix_timer *to)
{
	struct hrtimer *clock = &timer->it.real.timer;

	/* It is made ready, and not started. */
	timer->kclock->timer_arm(timer, to->expires, !to->is_relative, true);
	hrtimer_set_expires(clock, to->expires);
	if (to->is_waiting)
		return;
	if (timer->it_sigev_notify == SIGEV_NONE ||
	    hrtimer_start_expires_user(clock, HRTIMER_MODE_ABS))
		timer->it_status = POSIX_TIMER_ARMED;
	else
		posix_timer_queue_signal(timer);
}

/* What is left, as by timer_settime(2). For a holder of its lock. */
static void set_used(struct k_itimer *timer, const struct ssi_posix_timer *to)
{
	struct itimerspec64 setting = { .it_value = ktime_to_timespec64(max(to->expires, 1)) };
	struct itimerspec64 nothing = {};
	u64 expires;

	timer->kclock->timer_set(timer, 0, &setting, NULL);
	if (!to->is_waiting)
		return;
	expires = cpu_timer_getexpires(&timer->it.cpu);
	timer->kclock->timer_set(timer, 0, &nothing, NULL);
	if (to->interval)
		cpu_timer_setexpires(&timer->it.cpu, expires);
}

/* It stands still and no signal of it waits. */
static void set(struct k_itimer *timer, const struct ssi_posix_timer *to)
{
	guard(spinlock_irq)(&timer->it_lock);
	if (to->is_set && of_used_time(timer->it_clock))
		set_used(timer, to);
	timer->it_interval = to->interval;
	timer->it_overrun = to->overrun;
	timer->it_overrun_last = to->overrun_last;
	if (to->is_set && !of_used_time(timer->it_clock))
		set_clock(timer, to);
	if (to->is_waiting)
		posix_timer_queue_signal(timer);
}

static struct k_itimer *find(u32 id)
{
	struct k_itimer *timer;

	hlist_for_each_entry(timer, &current->signal->posix_timers, list)
		if (timer->it_id == id)
			return timer;
	return NULL;
}

/* Has one that was stopped go on, unless it is gone. */
void ssi_posix_timer_resume(const struct ssi_posix_timer *was)
{
	struct k_itimer *timer = find(was->id);

	if (timer)
		set(timer, was);
}

/* --- made --- */

/* What timer_create(2) reads and writes. */
struct question {
	timer_t id;
	struct sigevent event;
};

static clockid_t clock_of(const struct ssi_posix_timer *timer)
{
	if (!timer->thread_clock)
		return timer->clock;
	return make_thread_cpuclock(timer->thread_clock, CPUCLOCK_WHICH(timer->clock));
}

static int make(const struct ssi_posix_timer *timer, struct question __user *place)
{
	struct question question = {
		.id = timer->id,
		.event = {
			.sigev_notify = timer->notify,
			.sigev_signo = timer->signal,
			.sigev_value.sival_ptr = (void __user *)(unsigned long)timer->value,
		},
	};
	struct k_itimer *made;
	int error;

	question.event.sigev_notify_thread_id = timer->thread;
	if (copy_to_user(place, &question, sizeof(question)))
		return -EFAULT;
	error = sys_timer_create(clock_of(timer), &place->event, &place->id);
	if (error)
		return error;
	made = find(timer->id);
	/* For a thread its number stands in it now. */
	made->it_clock = timer->clock;
	set(made, timer);
	return 0;
}

/* @place is memory of the current task; the last of @all becomes the first of the list. */
static int make_all(const struct ssi_posix_timer *all, u32 count, struct question __user *place)
{
	int error = 0;

	while (count-- && !error)
		error = make(&all[count], place);
	return error;
}

/*
 * Gives the current process, which has memory and no timers, those @all. They run at once, so it
 * must block all signals.
 */
int ssi_posix_timers_make(const struct ssi_posix_timers *head, const struct ssi_posix_timer *all,
			  u32 count)
{
	unsigned long place = 0;
	int error = 0;

	if (count) {
		place = ssi_scratch_map();
		if (IS_ERR_VALUE(place))
			return place;
		current->signal->timer_create_restore_ids = 1;
		error = make_all(all, count, (struct question __user *)place);
		ssi_scratch_unmap(place);
	}
	current->signal->timer_create_restore_ids = head->names_ids;
	atomic_set(&current->signal->next_posix_timer_id, head->next_id);
	return error;
}
