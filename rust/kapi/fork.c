// SPDX-License-Identifier: GPL-2.0
/*
 * Child that does something before its first step.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/ssi_kapi.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define FLAGS	(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS)

static_assert(SSI_FORK_FLAGS == (FLAGS | SIGCHLD));

/* Whether somebody traces the current process, and may want to know of its children. */
bool ssi_fork_is_traced(void)
{
	return current->ptrace;
}

/*
 * Forks the current process, as clone(2) does when it gets @wanted, whose flags are some of
 * SSI_FORK_FLAGS. The child runs @body on its way to user mode, or when it ends before. Gives
 * its number, and in @child what holds that.
 */
int ssi_fork(const struct ssi_fork *wanted, void (*body)(void *data), void *data,
	     struct pid **child)
{
	struct kernel_clone_args args = {
		.flags = (wanted->flags & ~CSIGNAL) | CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.stack = wanted->stack,
		.parent_tid = (int __user *)wanted->parent_tid,
		.child_tid = (int __user *)wanted->child_tid,
		.tls = wanted->tls,
	};
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
	if (wanted->flags & CLONE_PARENT_SETTID)
		put_user(pid_nr(*child), args.parent_tid);
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
