// SPDX-License-Identifier: GPL-2.0
/*
 * Child that does something before its first step.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/ssi_kapi.h>
#include <linux/wait.h>

/*
 * Forks the current process, as fork(2) does. The child runs @body on its way to user mode,
 * or when it ends before. Gives its number, and in @child what holds that.
 */
int ssi_fork(void (*body)(void *data), void *data, struct pid **child)
{
	struct kernel_clone_args args = { .flags = CLONE_UNTRACED, .exit_signal = SIGCHLD };
	struct ssi_departure *departure = ssi_departure_new(body, data);
	struct task_struct *task;

	if (!departure)
		return -ENOMEM;
	task = copy_process(NULL, 0, NUMA_NO_NODE, &args);
	if (IS_ERR(task)) {
		kfree(departure);
		return PTR_ERR(task);
	}
	*child = get_task_pid(task, PIDTYPE_PID);
	/* It has not run, so it does not end. */
	WARN_ON_ONCE(ssi_departure_add(task, departure));
	wake_up_new_task(task);
	return pid_nr(*child);
}

/* Whether the current task ends, or is about to. */
bool ssi_fork_is_killed(void)
{
	return (current->flags & PF_EXITING) || fatal_signal_pending(current);
}

/* Ends the current process so that its parent finds that there never was one. */
void __noreturn ssi_fork_undo(void)
{
	/* The bits beside it are written under the same lock. */
	write_lock_irq(&tasklist_lock);
	current->signal->autoreap = 1;
	write_unlock_irq(&tasklist_lock);
	do_group_exit(0);
}

void ssi_fork_await_end(struct pid *child)
{
	/* Who traces it may let it wait; whoever is killed need not know. */
	(void)wait_event_killable(child->wait_pidfd, !pid_has_task(child, PIDTYPE_PID));
}

void ssi_fork_forget(struct pid *child)
{
	put_pid(child);
}
