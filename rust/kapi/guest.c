// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks of other nodes, and the thread that is their parent here.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/tty.h>
#include <linux/wait.h>
#include <uapi/linux/wait.h>
#include <../kernel/exit.h>

/* How often a number is looked for that comes and goes at the moment. */
#define TRIES_MAX	100

static struct task_struct *procd;
static bool called;

/* The current thread is the parent from now on. A SIGCHLD that is ignored would reap. */
void ssi_procd_begin(void)
{
	kernel_sigaction(SIGCHLD, SIG_DFL);
	WRITE_ONCE(procd, current);
}

/* Ends a wait. Any context; before the thread began nothing happens. */
void ssi_procd_call(void)
{
	struct task_struct *thread = READ_ONCE(procd);

	WRITE_ONCE(called, true);
	if (thread)
		wake_up_process(thread);
}

void ssi_usage_of(struct ssi_usage *usage, const struct rusage *from)
{
	const u64 used[] = {
		[SSI_USED_USER] = from->ru_utime.tv_sec * NSEC_PER_SEC +
				  from->ru_utime.tv_usec * NSEC_PER_USEC,
		[SSI_USED_SYSTEM] = from->ru_stime.tv_sec * NSEC_PER_SEC +
				    from->ru_stime.tv_usec * NSEC_PER_USEC,
		[SSI_USED_RESIDENT] = from->ru_maxrss,
		[SSI_USED_MINOR] = from->ru_minflt,
		[SSI_USED_MAJOR] = from->ru_majflt,
		[SSI_USED_READ] = from->ru_inblock,
		[SSI_USED_WRITTEN] = from->ru_oublock,
		[SSI_USED_VOLUNTARY] = from->ru_nvcsw,
		[SSI_USED_INVOLUNTARY] = from->ru_nivcsw,
	};

	static_assert(sizeof(used) == sizeof(usage->used));
	memcpy(usage->used, used, sizeof(used));
}

static bool ssi_next_child(struct ssi_child *child)
{
	struct waitid_info info = {};
	struct rusage usage = {};
	struct wait_opts options = {
		.wo_type = PIDTYPE_MAX,
		.wo_flags = WEXITED | WUNTRACED | WCONTINUED | WNOHANG | __WALL,
		.wo_info = &info,
		.wo_rusage = &usage,
	};

	if (__do_wait(&options) <= 0)
		return false;
	child->pid = info.pid;
	switch (info.cause) {
	case CLD_STOPPED:
		child->news = SSI_CHILD_STOPPED;
		child->status = info.status;
		break;
	case CLD_CONTINUED:
		child->news = SSI_CHILD_CONTINUED;
		break;
	default:
		child->news = SSI_CHILD_EXITED;
		child->status = options.wo_stat;
		ssi_usage_of(&child->usage, &usage);
	}
	return true;
}

/* Waits until something became of a child; false if the thread was called instead. */
bool ssi_procd_wait(struct ssi_child *child)
{
	DECLARE_WAITQUEUE(wait, current);
	bool found;

	add_wait_queue(&current->signal->wait_chldexit, &wait);
	for (;;) {
		/* As in do_wait(): what sleeps behind here only sleeps less. */
		set_current_state(TASK_INTERRUPTIBLE);
		found = ssi_next_child(child);
		if (found || xchg(&called, false) || kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	remove_wait_queue(&current->signal->wait_chldexit, &wait);
	return found;
}

static int ssi_clone(u32 pid, int (*body)(void *data), void *data)
{
	pid_t number = pid;
	struct kernel_clone_args args = {
		.flags = CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = body,
		.fn_arg = data,
		.umh = 1,
		.set_tid = &number,
		.set_tid_size = pid ? 1 : 0,
	};

	return kernel_clone(&args);
}

/* Whether @pid is the number of a group or a session and of no task. */
static bool ssi_is_group_only(u32 pid)
{
	struct pid *found;

	guard(rcu)();
	found = find_pid_ns(pid, &init_pid_ns);
	return !found || !pid_task(found, PIDTYPE_PID);
}

/*
 * Makes a child of the thread that runs @body, and then, if that returned, a program.
 * If others of its group are here already its number is in use, and it has another one
 * until it settles. Gives the number it has.
 */
int ssi_guest_clone(u32 pid, int (*body)(void *data), void *data)
{
	int result = ssi_clone(pid, body, data);

	if (result == -EEXIST && ssi_is_group_only(pid))
		result = ssi_clone(0, body, data);
	return result;
}

/*
 * Has pidfs forget that there was a process that ended: its group lives on, and now the
 * number is a process again. For a holder of tasklist_lock.
 */
static void ssi_revive(struct pid *pid)
{
	guard(spinlock)(&pid->wait_pidfd.lock);
	if (IS_ERR(pid->attr))
		pid->attr = NULL;
}

/* For a holder of tasklist_lock. False for a task that is gone. */
static bool ssi_attach(struct task_struct *task, struct pid **left, enum pid_type type,
		       struct pid *pid)
{
	if (!pid_alive(task))
		return false;
	change_pid(left, task, type, pid);
	if (type != PIDTYPE_PID)
		return true;
	ssi_revive(pid);
	change_pid(left, task, PIDTYPE_TGID, pid);
	WRITE_ONCE(task->pid, pid_nr(pid));
	WRITE_ONCE(task->tgid, pid_nr(pid));
	return true;
}

static int ssi_take_new(struct task_struct *task, enum pid_type type, struct pid *pid)
{
	struct pid *left[PIDTYPE_MAX] = {};
	bool is_taken;

	write_lock_irq(&tasklist_lock);
	is_taken = ssi_attach(task, left, type, pid);
	write_unlock_irq(&tasklist_lock);
	if (!is_taken)
		left[type] = pid;
	free_pids(left);
	return is_taken ? 0 : -ESRCH;
}

static bool ssi_is_used(struct pid *pid)
{
	for (int type = 0; type < PIDTYPE_MAX; type++)
		if (pid_has_task(pid, type))
			return true;
	return false;
}

/* One that nobody uses is about to be used, or to be freed: -EAGAIN. */
static int ssi_take_used(struct task_struct *task, enum pid_type type, u32 nr)
{
	struct pid *left[PIDTYPE_MAX] = {};
	struct pid *pid;
	int error = 0;

	write_lock_irq(&tasklist_lock);
	pid = find_pid_ns(nr, &init_pid_ns);
	if (!pid || !ssi_is_used(pid))
		error = -EAGAIN;
	else if (type == PIDTYPE_PID && pid_has_task(pid, PIDTYPE_PID))
		error = -EEXIST;
	else if (!ssi_attach(task, left, type, pid))
		error = -ESRCH;
	write_unlock_irq(&tasklist_lock);
	free_pids(left);
	return error;
}

/* Gives @task a number, which is freed when the last one that has it goes. */
static int ssi_take(struct task_struct *task, enum pid_type type, u32 nr)
{
	int error = -EAGAIN;

	for (int i = 0; i < TRIES_MAX && error == -EAGAIN; i++) {
		pid_t number = nr;
		struct pid *pid = alloc_pid(&init_pid_ns, &number, 1);

		if (!IS_ERR(pid))
			return ssi_take_new(task, type, pid);
		error = PTR_ERR(pid);
		if (error == -EEXIST)
			error = ssi_take_used(task, type, nr);
		if (error == -EAGAIN)
			msleep(1);
	}
	return error;
}

/* Puts @task into a group and a session; numbers private to a node mean none. May sleep. */
int ssi_take_group(struct task_struct *task, u32 pgid, u32 session)
{
	int error = 0;

	if (session >= SSI_PIDS_PRIVATE && task_session_nr_ns(task, &init_pid_ns) != session)
		error = ssi_take(task, PIDTYPE_SID, session);
	if (!error && pgid >= SSI_PIDS_PRIVATE && task_pgrp_nr_ns(task, &init_pid_ns) != pgid)
		error = ssi_take(task, PIDTYPE_PGID, pgid);
	ssi_number_came();
	if (!error)
		ssi_terminal_joined(task);
	return error;
}

/*
 * Makes the current task, which the thread cloned, the process @pid of that group and
 * session. Numbers that are private to a node mean nothing here: then it stays without.
 */
int ssi_guest_settle(u32 pid, u32 pgid, u32 session)
{
	int error = 0;

	/* None is taken before the process has its handlers. */
	ssi_surrogate_unmask(~0ULL);
	spin_lock_irq(&current->sighand->siglock);
	flush_signal_handlers(current, true);
	spin_unlock_irq(&current->sighand->siglock);
	if (task_pid_nr(current) != pid)
		error = ssi_take(current, PIDTYPE_PID, pid);
	if (!error)
		error = ssi_take_group(current, pgid, session);
	current->signal->leader = session == pid;
	if (!error)
		ssi_terminal_inherit();
	return error;
}

/* Ends a task that did not become a program, with its threads. */
void __noreturn ssi_guest_leave(void)
{
	do_group_exit(0);
}

/* For RCU readers. */
static struct task_struct *ssi_guest_task(u32 pid)
{
	struct task_struct *task = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_TGID);

	return task && rcu_access_pointer(task->real_parent) == procd ? task : NULL;
}

int ssi_guest_signal(u32 pid, const void *bytes)
{
	struct task_struct *task;
	kernel_siginfo_t info;

	memcpy(&info, bytes, sizeof(info));
	guard(rcu)();
	task = ssi_guest_task(pid);
	if (!task)
		return -ESRCH;
	return do_send_sig_info(info.si_signo, &info, task, PIDTYPE_TGID);
}

/* As forget_original_parent() does it; @bytes say who the parent was. */
int ssi_guest_parent_died(u32 pid, const void *bytes)
{
	struct task_struct *task, *thread;
	kernel_siginfo_t info;

	memcpy(&info, bytes, sizeof(info));
	guard(rcu)();
	task = ssi_guest_task(pid);
	if (!task)
		return -ESRCH;
	for_each_thread(task, thread) {
		info.si_signo = READ_ONCE(thread->pdeath_signal);
		if (info.si_signo)
			do_send_sig_info(info.si_signo, &info, thread, PIDTYPE_TGID);
	}
	return 0;
}

void ssi_guest_kill(u32 pid)
{
	struct task_struct *task;

	guard(rcu)();
	task = ssi_guest_task(pid);
	if (task)
		do_send_sig_info(SIGKILL, SEND_SIG_PRIV, task, PIDTYPE_TGID);
}

/* Whether the parent of a guest may still put it into a group, as setpgid(2) has it. */
int ssi_guest_may_be_put(u32 pid)
{
	struct task_struct *task;

	guard(rcu)();
	task = ssi_guest_task(pid);
	if (!task)
		return -ESRCH;
	return task->flags & PF_FORKNOEXEC ? 0 : -EACCES;
}

/* Puts a guest into the group and session it has at home. May sleep. */
int ssi_guest_regroup(u32 pid, u32 pgid, u32 session)
{
	struct task_struct *task;
	int error;

	scoped_guard(rcu) {
		task = ssi_guest_task(pid);
		if (!task)
			return -ESRCH;
		get_task_struct(task);
	}
	error = ssi_take_group(task, pgid, session);
	put_task_struct(task);
	return error;
}

/* Puts the running process into group @pgid, as setpgid(2) did with it at home. */
int ssi_guest_join(u32 pgid)
{
	return ssi_take_group(current->group_leader, pgid, 0);
}

/* Makes the running process lead a session, as setsid(2) did with it at home. */
int ssi_guest_lead(void)
{
	struct task_struct *task = current->group_leader;
	u32 pid = task_pid_nr(task);
	int error = ssi_take_group(task, pid, pid);

	if (error)
		return error;
	write_lock_irq(&tasklist_lock);
	task->signal->leader = 1;
	proc_clear_tty(task);
	write_unlock_irq(&tasklist_lock);
	return 0;
}
