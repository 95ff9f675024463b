// SPDX-License-Identifier: GPL-2.0
/*
 * Other threads of a process.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>

#define SHARED	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/*
 * Puts the numbers of the other threads of the current process that do not end yet into @tids.
 * Gives how many there are, which may be more than there is room for.
 */
size_t ssi_threads(u32 *tids, size_t room)
{
	struct task_struct *thread;
	size_t count = 0;

	guard(rcu)();
	for_each_thread(current, thread) {
		if (thread == current || (READ_ONCE(thread->flags) & PF_EXITING))
			continue;
		if (count < room)
			tids[count] = task_pid_nr(thread);
		count++;
	}
	return count;
}

/* With a reference, or NULL. */
static struct task_struct *ssi_thread(u32 process, u32 tid)
{
	struct task_struct *task;

	guard(rcu)();
	task = tid < PID_MAX_LIMIT ? find_task_by_pid_ns(tid, &init_pid_ns) : NULL;
	if (!task || task_tgid_nr(task) != process || (task->flags & PF_KTHREAD))
		return NULL;
	return get_task_struct(task);
}

/* @body runs in thread @tid of the current process, as ssi_surrogate_work() has it. */
int ssi_threads_work(u32 tid, void (*body)(void *data), void *data)
{
	struct task_struct *task = ssi_thread(task_tgid_nr(current), tid);
	int error;

	if (!task)
		return -ESRCH;
	error = ssi_surrogate_work(task, body, data);
	put_task_struct(task);
	return error;
}

/*
 * 1 if the current process has @parked threads besides the current one. While those do not run
 * it gets no other. 0 for another number, -EBUSY for a process that stops, -EINTR for one that ends
 * or executes a program.
 */
int ssi_threads_settled(u32 parked)
{
	struct signal_struct *shared = current->signal;

	guard(spinlock_irq)(&current->sighand->siglock);
	if ((shared->flags & SIGNAL_GROUP_EXIT) || shared->group_exec_task)
		return -EINTR;
	if (shared->group_stop_count || (shared->flags & SIGNAL_STOP_STOPPED))
		return -EBUSY;
	return get_nr_threads(current) == parked + 1;
}

/* Whether the current thread is the first of its process. */
bool ssi_threads_is_first(void)
{
	return thread_group_leader(current);
}

/*
 * Makes a thread of the current process that has number @tid, or any for 0, and runs @body. When
 * that returns it goes to user mode.
 */
int ssi_threads_make(u32 tid, int (*body)(void *data), void *data)
{
	pid_t number = tid;
	struct kernel_clone_args args = {
		.flags = SHARED | CLONE_UNTRACED,
		.fn = body,
		.fn_arg = data,
		.set_tid = &number,
		.set_tid_size = tid ? 1 : 0,
	};
	int result = kernel_clone(&args);

	if (result > 0)
		ssi_number_came();
	return result;
}

/* Ends the current thread alone. */
void __noreturn ssi_threads_end(void)
{
	do_exit(0);
}

static bool ssi_waits_too(const struct sigpending *pending, int signal)
{
	struct sigqueue *entry;

	list_for_each_entry(entry, &pending->list, list)
		if (entry->info.si_signo == signal)
			return true;
	return false;
}

/* As collect_signal(), whatever the mask: into @info, and what held it to @taken. */
static bool ssi_take_first(struct sigpending *pending, kernel_siginfo_t *info,
			   struct list_head *taken)
{
	struct sigqueue *first = list_first_entry_or_null(&pending->list, struct sigqueue, list);
	sigset_t others = pending->signal;
	int signal;

	if (first) {
		copy_siginfo(info, &first->info);
		list_move(&first->list, taken);
		if (!ssi_waits_too(pending, info->si_signo))
			sigdelset(&pending->signal, info->si_signo);
		return true;
	}
	/* There was no memory for what it says. */
	sigdelset(&others, SIGKILL);
	if (!others.sig[0])
		return false;
	signal = __ffs64(others.sig[0]) + 1;
	sigdelset(&pending->signal, signal);
	clear_siginfo(info);
	info->si_signo = signal;
	info->si_code = SI_USER;
	return true;
}

/*
 * Takes the first signal that waits for thread @tid of the current process and no other, whether it
 * blocks that or not. False if there is none, or the process is about to end. The thread is the
 * current one, or does not run.
 */
bool ssi_threads_signal(u32 tid, void *bytes)
{
	struct task_struct *task = ssi_thread(task_tgid_nr(current), tid);
	struct sigpending taken = { .list = LIST_HEAD_INIT(taken.list) };
	kernel_siginfo_t info;
	bool found = false;

	if (!task)
		return false;
	/* Those of timers go with the timers. */
	scoped_guard(spinlock_irq, &current->sighand->siglock) {
		if (!(current->signal->flags & SIGNAL_GROUP_EXIT) && pid_alive(task))
			do {
				found = ssi_take_first(&task->pending, &info, &taken.list);
			} while (found && info.si_code == SI_TIMER);
	}
	flush_sigqueue(&taken);
	put_task_struct(task);
	if (found)
		memcpy(bytes, &info, sizeof(info));
	return found;
}

/* Gives thread @tid of @process a signal, and no other. @bytes are a siginfo. */
int ssi_threads_send(u32 process, u32 tid, const void *bytes)
{
	struct task_struct *task = ssi_thread(process, tid);
	kernel_siginfo_t info;
	int error;

	if (!task)
		return -ESRCH;
	memcpy(&info, bytes, sizeof(info));
	error = do_send_sig_info(info.si_signo, &info, task, PIDTYPE_PID);
	put_task_struct(task);
	return error;
}
