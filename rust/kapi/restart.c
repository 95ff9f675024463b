// SPDX-License-Identifier: GPL-2.0
/*
 * System call that was interrupted, and goes on when nobody handles a signal.
 *
 * Where the kernel notes how, it notes an address of its own and a time of its own clock: those
 * do not travel. What does is which call it is, and how long it still is to wait.
 */
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/restart_block.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/ssi_kapi.h>
#include <linux/timekeeping.h>
#include <asm/unistd.h>
#include <sysdep/ptrace.h>
#include <../kernel/futex/futex.h>

typedef long (*ssi_restart_fn)(struct restart_block *);

/* Functions of other files that nobody else has to call. */
static struct {
	const char *name;
	ssi_restart_fn fn;
} functions[] = {
	[SSI_RESTART_NONE] = { "do_no_restart_syscall" },
	[SSI_RESTART_SLEEP] = { "hrtimer_nanosleep_restart" },
	[SSI_RESTART_POLL] = { "do_restart_poll" },
	[SSI_RESTART_FUTEX] = { "futex_wait_restart" },
};

/* What a wait may be asked for that is no lock's. */
#define FUTEX_FLAGS	(FLAGS_SIZE_32 | FLAGS_SHARED | FLAGS_CLOCKRT | FLAGS_HAS_TIMEOUT | \
			 FLAGS_STRICT)

/* Finds them. Call it once, before the first process goes. */
int ssi_restart_begin(void)
{
	for (int i = 0; i < ARRAY_SIZE(functions); i++) {
		functions[i].fn = (ssi_restart_fn)kallsyms_lookup_name(functions[i].name);
		if (!functions[i].fn)
			return -ENOENT;
	}
	return 0;
}

static bool ssi_clock(u32 clock, ktime_t *now)
{
	switch (clock) {
	case CLOCK_MONOTONIC:
		*now = ktime_get();
		return true;
	case CLOCK_BOOTTIME:
		*now = ktime_get_boottime();
		return true;
	case CLOCK_REALTIME:
		*now = ktime_get_real();
		return true;
	case CLOCK_TAI:
		*now = ktime_get_clocktai();
		return true;
	}
	return false;
}

/* --- taken --- */

static void ssi_take_sleep(struct ssi_restart *restart, const struct restart_block *block)
{
	ktime_t now;

	if (!ssi_clock(block->nanosleep.clockid, &now))
		return;
	restart->kind = SSI_RESTART_SLEEP;
	restart->flags = block->nanosleep.clockid;
	if (block->nanosleep.type != TT_NONE)
		restart->address = (unsigned long)block->nanosleep.rmtp;
	restart->left = max_t(s64, ktime_sub(block->nanosleep.expires, now), 0);
}

static void ssi_take_poll(struct ssi_restart *restart, const struct restart_block *block)
{
	restart->kind = SSI_RESTART_POLL;
	restart->address = (unsigned long)block->poll.ufds;
	restart->value = block->poll.nfds;
	restart->left = SSI_RESTART_FOR_EVER;
	if (block->poll.has_timeout)
		restart->left = max_t(s64, ktime_sub(timespec64_to_ktime(block->poll.end_time),
						     ktime_get()), 0);
}

static void ssi_take_futex(struct ssi_restart *restart, const struct restart_block *block)
{
	u32 flags = block->futex.flags;
	ktime_t now = flags & FLAGS_CLOCKRT ? ktime_get_real() : ktime_get();

	restart->kind = SSI_RESTART_FUTEX;
	restart->address = (unsigned long)block->futex.uaddr;
	restart->value = block->futex.val;
	restart->flags = flags;
	restart->bitset = block->futex.bitset;
	restart->left = SSI_RESTART_FOR_EVER;
	if (flags & FLAGS_HAS_TIMEOUT)
		restart->left = max_t(s64, ktime_sub(block->futex.time, now), 0);
}

/*
 * Of the current task, which is on its way to user mode; @restart is zero before. Whether there is
 * one to go on with, the registers do not say: it may be about to make restart_syscall(2).
 */
void ssi_restart_take(struct ssi_restart *restart)
{
	const struct restart_block *block = &current->restart_block;

	if (block->fn == functions[SSI_RESTART_SLEEP].fn)
		ssi_take_sleep(restart, block);
	else if (block->fn == functions[SSI_RESTART_POLL].fn)
		ssi_take_poll(restart, block);
	else if (block->fn == functions[SSI_RESTART_FUTEX].fn)
		ssi_take_futex(restart, block);
}

/* --- judged --- */

bool ssi_restart_valid(const struct ssi_restart *restart)
{
	bool has_limit = restart->left >= 0;
	ktime_t now;

	if (restart->left < SSI_RESTART_FOR_EVER || restart->address >= TASK_SIZE)
		return false;
	switch (restart->kind) {
	case SSI_RESTART_NONE:
		return true;
	case SSI_RESTART_SLEEP:
		return has_limit && ssi_clock(restart->flags, &now);
	case SSI_RESTART_POLL:
		return restart->value <= INT_MAX;
	case SSI_RESTART_FUTEX:
		return !(restart->flags & ~FUTEX_FLAGS) &&
		       (restart->flags & FLAGS_SIZE_MASK) == FLAGS_SIZE_32 &&
		       has_limit == !!(restart->flags & FLAGS_HAS_TIMEOUT) && restart->bitset;
	}
	return false;
}

/* --- put on --- */

static void ssi_put_sleep(const struct ssi_restart *restart, struct restart_block *block)
{
	ktime_t now = 0;

	ssi_clock(restart->flags, &now);
	block->nanosleep.clockid = restart->flags;
	block->nanosleep.type = restart->address ? TT_NATIVE : TT_NONE;
	block->nanosleep.rmtp = (struct __kernel_timespec __user *)restart->address;
	block->nanosleep.expires = ktime_add_safe(now, restart->left);
}

static void ssi_put_poll(const struct ssi_restart *restart, struct restart_block *block)
{
	block->poll.ufds = (struct pollfd __user *)restart->address;
	block->poll.nfds = restart->value;
	block->poll.has_timeout = restart->left >= 0;
	if (restart->left >= 0)
		block->poll.end_time =
			ktime_to_timespec64(ktime_add_safe(ktime_get(), restart->left));
}

static void ssi_put_futex(const struct ssi_restart *restart, struct restart_block *block)
{
	ktime_t now = restart->flags & FLAGS_CLOCKRT ? ktime_get_real() : ktime_get();

	block->futex.uaddr = (u32 __user *)restart->address;
	block->futex.val = restart->value;
	block->futex.flags = restart->flags;
	block->futex.bitset = restart->bitset;
	block->futex.time = ktime_add_safe(now, max_t(s64, restart->left, 0));
	block->futex.uaddr2 = NULL;
}

/* Has the current task go on with it. It is valid. */
void ssi_restart_put(const struct ssi_restart *restart)
{
	struct restart_block block = { .fn = functions[restart->kind].fn };

	switch (restart->kind) {
	case SSI_RESTART_SLEEP:
		ssi_put_sleep(restart, &block);
		break;
	case SSI_RESTART_POLL:
		ssi_put_poll(restart, &block);
		break;
	case SSI_RESTART_FUTEX:
		ssi_put_futex(restart, &block);
		break;
	}
	current->restart_block = block;
}

/* --- without a signal --- */

/* Calls that say EINTR whenever they were woken for nothing. */
static bool ssi_is_begun_anew(long call)
{
	switch (call) {
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
	case __NR_rt_sigtimedwait:
	case __NR_semop:
	case __NR_semtimedop:
	case __NR_msgsnd:
	case __NR_msgrcv:
		return true;
	}
	return false;
}

/*
 * The current task was woken on its way to user mode, and not by a signal: a call that would
 * tell its program so is made again, and the signals it was to block are what they were.
 */
void ssi_restart_quietly(void)
{
	struct pt_regs *registers = &current->thread.regs;

	restore_saved_sigmask();
	if (!task_sigpending(current) && (long)PT_REGS_SYSCALL_RET(registers) == -EINTR &&
	    ssi_is_begun_anew(PT_REGS_SYSCALL_NR(registers)))
		PT_REGS_SET_SYSCALL_RETURN(registers, -ERESTARTNOINTR);
}
