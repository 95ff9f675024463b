// SPDX-License-Identifier: GPL-2.0
/*
 * What a thread has of its own.
 */
#include <linux/iocontext.h>
#include <linux/ioprio.h>
#include <linux/personality.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/ssi_kapi.h>
#include <linux/timekeeping.h>
#include <registers.h>
#include <sysdep/ptrace.h>
#include <uapi/linux/sched/types.h>

static_assert(sizeof_field(struct ssi_thread_state, name) == TASK_COMM_LEN);

/* PR_MCE_KILL and PR_SET_IO_FLUSHER. */
#define KEPT_FLAGS		(PF_MCE_PROCESS | PF_MCE_EARLY | PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE)

/* --- taken --- */

static void ssi_take_schedule(struct ssi_thread_state *state)
{
	state->policy = current->policy;
	state->nice = task_nice(current);
	state->priority = current->rt_priority;
	state->resets_on_fork = current->sched_reset_on_fork;
	state->timer_slack = current->timer_slack_ns;
	state->timer_slack_default = current->default_timer_slack_ns;
	state->io_priority = current->io_context ? current->io_context->ioprio : IOPRIO_DEFAULT;
}

/* Zeros at the end of it are most of it. */
static void ssi_take_xstate(struct ssi_thread_state *state, const u8 *xstate)
{
	size_t length = host_fp_size;

	while (length && !xstate[length - 1])
		length--;
	memcpy(state->xstate, xstate, length);
	state->xstate_bytes = length;
}

/* Of the current thread, which is on its way to user mode; @state is zero before. */
int ssi_thread_state_take(struct ssi_thread_state *state)
{
	const struct uml_pt_regs *registers = &current->thread.regs.regs;

	if (host_fp_size > sizeof(state->xstate))
		return -EOPNOTSUPP;
	memcpy(state->registers, registers->gp, sizeof(state->registers));
	state->system_call = UPT_SYSCALL_NR(registers);
	ssi_restart_take(&state->restart);
	state->clear_child_tid = (unsigned long)current->clear_child_tid;
	state->robust_list = (unsigned long)current->futex.robust_list;
	state->blocked = current->blocked.sig[0];
	state->stack = current->sas_ss_sp;
	state->stack_bytes = current->sas_ss_size;
	state->stack_flags = current->sas_ss_flags;
	state->age = ktime_get_boottime_ns() - current->start_boottime;
	state->flags = current->flags & KEPT_FLAGS;
	state->death_signal = current->pdeath_signal;
	state->no_new_privileges = task_no_new_privs(current);
	state->personality = current->personality;
	ssi_take_schedule(state);
	get_task_comm(state->name, current);
	ssi_take_xstate(state, (const u8 *)registers->fp);
	return 0;
}

/* --- judged --- */

static bool ssi_thread_schedule_valid(const struct ssi_thread_state *state)
{
	bool real_time = state->policy == SCHED_FIFO || state->policy == SCHED_RR;

	if (!real_time && state->policy != SCHED_NORMAL && state->policy != SCHED_BATCH &&
	    state->policy != SCHED_IDLE)
		return false;
	return state->nice >= MIN_NICE && state->nice <= MAX_NICE &&
	       state->priority < MAX_RT_PRIO && real_time == (state->priority != 0) &&
	       state->io_priority <= U16_MAX &&
	       IOPRIO_PRIO_CLASS(state->io_priority) <= IOPRIO_CLASS_IDLE &&
	       (IOPRIO_PRIO_CLASS(state->io_priority) || state->io_priority == IOPRIO_DEFAULT);
}

bool ssi_thread_state_valid(const struct ssi_thread_state *state)
{
	return state->registers[HOST_FS_BASE] < TASK_SIZE &&
	       state->registers[HOST_GS_BASE] < TASK_SIZE && state->system_call >= -1 &&
	       state->system_call <= INT_MAX && state->xstate_bytes <= host_fp_size &&
	       host_fp_size <= sizeof(state->xstate) && ssi_restart_valid(&state->restart) &&
	       state->clear_child_tid < TASK_SIZE && state->robust_list < TASK_SIZE &&
	       !(state->stack_flags & ~(SS_FLAG_BITS | SS_ONSTACK | SS_DISABLE)) &&
	       state->stack_bytes <= TASK_SIZE && state->age <= KTIME_MAX &&
	       !(state->flags & ~KEPT_FLAGS) && state->death_signal <= _NSIG &&
	       ssi_thread_schedule_valid(state) &&
	       strnlen(state->name, sizeof(state->name)) < sizeof(state->name);
}

/* --- put on --- */

static int ssi_put_schedule(const struct ssi_thread_state *state)
{
	const struct sched_attr attributes = {
		.size = sizeof(attributes),
		.sched_policy = state->policy,
		.sched_flags = state->resets_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
		.sched_nice = state->nice,
		.sched_priority = state->priority,
	};
	int error = sched_setattr_nocheck(current, &attributes);

	if (error)
		return error;
	set_user_nice(current, state->nice);
	current->timer_slack_ns = state->timer_slack;
	current->default_timer_slack_ns = state->timer_slack_default;
	if (state->io_priority == IOPRIO_DEFAULT)
		return 0;
	return set_task_ioprio(current, state->io_priority);
}

/* What the host keeps in it is in what the new thread has. */
static void ssi_put_registers(const struct ssi_thread_state *state)
{
	struct uml_pt_regs *registers = &current->thread.regs.regs;

	memcpy(registers->gp, state->registers, sizeof(state->registers));
	UPT_SYSCALL_NR(registers) = state->system_call;
	/* Behind what came there are zeros. */
	ssi_xstate_put((u8 *)registers->fp, state->xstate);
	/* A system call that was interrupted is made again, as behind any signal. */
	set_thread_flag(TIF_NOTIFY_SIGNAL);
}

/*
 * Gives the current thread, which was made for that and has the rights of the kernel, what is its
 * own, and those rights of its process. Signals it blocks, and does not take before, are left.
 */
int ssi_thread_state_put(const struct ssi_thread_state *state,
			 const struct ssi_task_state *process)
{
	u64 now = ktime_get_boottime_ns();
	int error = ssi_put_schedule(state);

	if (error)
		return error;
	current->clear_child_tid = (int __user *)state->clear_child_tid;
	current->futex.robust_list = (struct robust_list_head __user *)state->robust_list;
	ssi_restart_put(&state->restart);
	current->sas_ss_sp = state->stack;
	current->sas_ss_size = state->stack_bytes;
	current->sas_ss_flags = state->stack_flags;
	current->start_boottime = now - min(now, state->age);
	current->flags = (current->flags & ~KEPT_FLAGS) | state->flags;
	set_personality(state->personality);
	if (state->no_new_privileges)
		task_set_no_new_privs(current);
	__set_task_comm(current, state->name, false);
	ssi_put_registers(state);
	error = ssi_task_state_put_rights(process);
	current->pdeath_signal = state->death_signal;
	return error;
}
