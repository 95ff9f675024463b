// SPDX-License-Identifier: GPL-2.0
/*
 * What a program loses when it executes another one.
 */
#include <linux/auxvec.h>
#include <linux/mm.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/ssi_kapi.h>
#include <registers.h>
#include <sysdep/ptrace.h>

static_assert(SSI_AUXILIARY == AT_VECTOR_SIZE);
static_assert(SSI_REGISTERS == MAX_REG_NR);
static_assert(SSI_SIGNALS == _NSIG);
static_assert(sizeof_field(struct ssi_program_state, name) == TASK_COMM_LEN);

/*
 * In the state of the processor, what the host keeps for itself: how long it is, and which
 * parts it has. Software is free to use this part, so it is not the program's.
 */
#define XSTATE_HOST_START	464
#define XSTATE_HOST_END		512

/* --- taken --- */

static void ssi_take_memory(struct ssi_program_state *state)
{
	const struct mm_struct *mm = current->mm;

	state->start_code = mm->start_code;
	state->end_code = mm->end_code;
	state->start_data = mm->start_data;
	state->end_data = mm->end_data;
	state->start_brk = mm->start_brk;
	state->brk = mm->brk;
	state->start_stack = mm->start_stack;
	state->arg_start = mm->arg_start;
	state->arg_end = mm->arg_end;
	state->env_start = mm->env_start;
	state->env_end = mm->env_end;
	memcpy(state->auxiliary, mm->saved_auxv, sizeof(state->auxiliary));
}

static void ssi_take_actions(struct ssi_program_state *state)
{
	guard(spinlock_irq)(&current->sighand->siglock);
	for (int i = 0; i < _NSIG; i++) {
		const struct sigaction *action = &current->sighand->action[i].sa;

		state->actions[i] = (struct ssi_action) {
			.handler = (unsigned long)action->sa_handler,
			.flags = action->sa_flags & UAPI_SA_FLAGS,
			.restorer = (unsigned long)action->sa_restorer,
			.mask = action->sa_mask.sig[0],
		};
	}
}

/* Of the current task, which has memory; @state is zero before. */
int ssi_program_state_take(struct ssi_program_state *state)
{
	const struct uml_pt_regs *registers = &current->thread.regs.regs;

	if (host_fp_size > sizeof(state->xstate))
		return -EOPNOTSUPP;
	ssi_take_memory(state);
	ssi_take_actions(state);
	state->clear_child_tid = (unsigned long)current->clear_child_tid;
	state->has_executed = !(current->flags & PF_FORKNOEXEC);
	state->robust_list = (unsigned long)current->futex.robust_list;
	ssi_restart_take(&state->restart);
	memcpy(state->registers, registers->gp, sizeof(state->registers));
	state->system_call = UPT_SYSCALL_NR(registers);
	state->stack = current->sas_ss_sp;
	state->stack_bytes = current->sas_ss_size;
	state->stack_flags = current->sas_ss_flags;
	state->dumpable = task_exec_state_get_dumpable(current);
	get_task_comm(state->name, current);
	state->xstate_bytes = host_fp_size;
	memcpy(state->xstate, registers->fp, host_fp_size);
	return 0;
}

/* Where the environment of the current task was when its program began. */
void ssi_program_environment(size_t *start, size_t *end)
{
	struct mm_struct *mm = current->mm;

	guard(spinlock)(&mm->arg_lock);
	*start = mm->env_start;
	*end = mm->env_end;
}

/* --- judged --- */

static bool ssi_memory_valid(const struct ssi_program_state *state)
{
	const u64 addresses[] = {
		state->start_code, state->end_code, state->start_data, state->end_data,
		state->start_brk, state->brk, state->start_stack, state->arg_start,
		state->arg_end, state->env_start, state->env_end,
	};

	for (int i = 0; i < ARRAY_SIZE(addresses); i++)
		if (addresses[i] > TASK_SIZE)
			return false;
	return state->start_code <= state->end_code && state->start_data <= state->end_data &&
	       state->start_brk <= state->brk && state->arg_start <= state->arg_end &&
	       state->env_start <= state->env_end;
}

/* The host refuses other registers itself, and then the program ends. */
static bool ssi_registers_valid(const struct ssi_program_state *state)
{
	return state->registers[HOST_FS_BASE] < TASK_SIZE &&
	       state->registers[HOST_GS_BASE] < TASK_SIZE && state->system_call >= -1 &&
	       state->system_call <= INT_MAX && state->xstate_bytes == host_fp_size &&
	       host_fp_size <= sizeof(state->xstate);
}

bool ssi_program_state_valid(const struct ssi_program_state *state)
{
	return ssi_memory_valid(state) && ssi_registers_valid(state) &&
	       ssi_restart_valid(&state->restart) && state->clear_child_tid < TASK_SIZE &&
	       state->robust_list < TASK_SIZE &&
	       !(state->stack_flags & ~(SS_FLAG_BITS | SS_ONSTACK | SS_DISABLE)) &&
	       state->stack_bytes <= TASK_SIZE &&
	       state->dumpable <= TASK_DUMPABLE_ROOT &&
	       strnlen(state->name, sizeof(state->name)) < sizeof(state->name);
}

/* --- put on --- */

static int ssi_put_memory(const struct ssi_program_state *state)
{
	struct mm_struct *mm = current->mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	spin_lock(&mm->arg_lock);
	mm->start_code = state->start_code;
	mm->end_code = state->end_code;
	mm->start_data = state->start_data;
	mm->end_data = state->end_data;
	mm->start_brk = state->start_brk;
	mm->brk = state->brk;
	mm->start_stack = state->start_stack;
	mm->arg_start = state->arg_start;
	mm->arg_end = state->arg_end;
	mm->env_start = state->env_start;
	mm->env_end = state->env_end;
	spin_unlock(&mm->arg_lock);
	memcpy(mm->saved_auxv, state->auxiliary, sizeof(state->auxiliary));
	/* Whatever came, the list ends. */
	mm->saved_auxv[AT_VECTOR_SIZE - 2] = AT_NULL;
	mm->saved_auxv[AT_VECTOR_SIZE - 1] = AT_NULL;
	mmap_write_unlock(mm);
	return 0;
}

static void ssi_put_actions(const struct ssi_program_state *state)
{
	for (int signal = 1; signal <= _NSIG; signal++) {
		const struct ssi_action *given = &state->actions[signal - 1];
		struct k_sigaction action = {
			.sa.sa_handler = (__sighandler_t)given->handler,
			.sa.sa_flags = given->flags,
			.sa.sa_restorer = (__sigrestore_t)given->restorer,
			.sa.sa_mask.sig = { given->mask },
		};

		if (!sig_kernel_only(signal))
			do_sigaction(signal, &action, NULL);
	}
}

/* Copies the registers @from into those of a task: host_fp_size bytes. */
void ssi_xstate_put(u8 *xstate, const u8 *from)
{
	memcpy(xstate, from, XSTATE_HOST_START);
	if (host_fp_size > XSTATE_HOST_END)
		memcpy(xstate + XSTATE_HOST_END, from + XSTATE_HOST_END,
		       host_fp_size - XSTATE_HOST_END);
}

static void ssi_put_registers(const struct ssi_program_state *state)
{
	struct uml_pt_regs *registers = &current->thread.regs.regs;

	memcpy(registers->gp, state->registers, sizeof(state->registers));
	UPT_SYSCALL_NR(registers) = state->system_call;
	ssi_xstate_put((u8 *)registers->fp, state->xstate);
	/* A system call that was interrupted is made again, as behind any signal. */
	set_thread_flag(TIF_NOTIFY_SIGNAL);
}

/* Gives the current task, whose memory is there, what the program had. It runs next. */
int ssi_program_state_put(const struct ssi_program_state *state)
{
	int error = ssi_put_memory(state);

	if (error)
		return error;
	ssi_put_actions(state);
	current->clear_child_tid = (int __user *)state->clear_child_tid;
	current->futex.robust_list = (struct robust_list_head __user *)state->robust_list;
	ssi_restart_put(&state->restart);
	current->sas_ss_sp = state->stack;
	current->sas_ss_size = state->stack_bytes;
	current->sas_ss_flags = state->stack_flags;
	if (state->has_executed)
		current->flags &= ~PF_FORKNOEXEC;
	else
		current->flags |= PF_FORKNOEXEC;
	task_exec_state_set_dumpable(state->dumpable);
	__set_task_comm(current, state->name, false);
	ssi_put_registers(state);
	return 0;
}
