// SPDX-License-Identifier: GPL-2.0
/*
 * Work that a process does by itself.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/ssi_kapi.h>
#include <linux/tty.h>

/* With a reference, or NULL. */
struct task_struct *ssi_errand_task(u32 pid)
{
	struct task_struct *task;

	guard(rcu)();
	task = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_TGID);
	if (!task || (task->flags & PF_KTHREAD))
		return NULL;
	return get_task_struct(task);
}

bool ssi_errand_has(u32 pid)
{
	struct task_struct *task = ssi_errand_task(pid);

	if (task)
		put_task_struct(task);
	return task;
}

/*
 * @body runs in process @pid, which is woken for it: on its way to user mode, or when it ends
 * before.
 */
int ssi_errand_give(u32 pid, void (*body)(void *data), void *data)
{
	struct task_struct *task = ssi_errand_task(pid);
	int error;

	if (!task)
		return -ESRCH;
	error = ssi_surrogate_work(task, body, data);
	put_task_struct(task);
	return error;
}

/* Whatever process that is here. @bytes are a siginfo. */
int ssi_errand_signal(u32 pid, const void *bytes)
{
	struct task_struct *task = ssi_errand_task(pid);
	kernel_siginfo_t info;
	int error;

	if (!task)
		return -ESRCH;
	memcpy(&info, bytes, sizeof(info));
	error = do_send_sig_info(info.si_signo, &info, task, PIDTYPE_TGID);
	put_task_struct(task);
	return error;
}

/* What the system call the current task is in gives, unless it goes elsewhere. */
void ssi_errand_result(int result)
{
	PT_REGS_SET_SYSCALL_RETURN(&current->thread.regs, (long)result);
}

/*
 * Ends the current process, which is elsewhere now, without a word to anybody: its terminal
 * and its session are not left.
 */
void ssi_errand_end(void)
{
	if (current->flags & PF_EXITING)
		return;
	write_lock_irq(&tasklist_lock);
	current->signal->leader = 0;
	proc_clear_tty(current);
	write_unlock_irq(&tasklist_lock);
	do_group_exit(0);
}
