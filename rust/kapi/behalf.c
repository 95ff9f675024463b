// SPDX-License-Identifier: GPL-2.0
/*
 * Acting for a task of another node.
 */
#include <linux/cred.h>
#include <linux/ioprio.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/user_namespace.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

/*
 * Callers of all other user namespaces are put into this one: a child of the initial
 * one, as theirs is, with nobody else in it.
 */
static struct user_namespace *foreign_ns;

int ssi_caller_begin(void)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	int error;

	if (!cred)
		return -ENOMEM;
	error = IS_ENABLED(CONFIG_USER_NS) ? create_user_ns(cred) : 0;
	if (!error && cred->user_ns != &init_user_ns)
		foreign_ns = get_user_ns(cred->user_ns);
	put_cred(cred);
	return error;
}

void ssi_caller_current(struct ssi_caller *caller)
{
	const struct cred *cred = current_cred();
	bool initial = cred->user_ns == &init_user_ns;

	*caller = (struct ssi_caller) {
		.user = {
			.real = from_kuid(&init_user_ns, cred->uid),
			.effective = from_kuid(&init_user_ns, cred->euid),
			.saved = from_kuid(&init_user_ns, cred->suid),
			.fs = from_kuid(&init_user_ns, cred->fsuid),
		},
		.group = {
			.real = from_kgid(&init_user_ns, cred->gid),
			.effective = from_kgid(&init_user_ns, cred->egid),
			.saved = from_kgid(&init_user_ns, cred->sgid),
			.fs = from_kgid(&init_user_ns, cred->fsgid),
		},
		.effective = initial ? cred->cap_effective.val : 0,
		.permitted = initial ? cred->cap_permitted.val : 0,
		.tgid = task_tgid_nr(current),
		.tid = task_pid_nr(current),
		.session = task_session_nr_ns(current, &init_pid_ns),
		.is_foreign = !initial,
	};
}

u32 ssi_caller_group_count(void)
{
	return current_cred()->group_info->ngroups;
}

u32 ssi_caller_groups(u32 *groups, u32 room)
{
	const struct group_info *info = current_cred()->group_info;
	u32 count = min_t(u32, info->ngroups, room);

	for (u32 i = 0; i < count; i++)
		groups[i] = from_kgid(&init_user_ns, info->gid[i]);
	return count;
}

bool ssi_caller_ids(struct cred *cred, const struct ssi_caller *caller)
{
	cred->uid = make_kuid(&init_user_ns, caller->user.real);
	cred->euid = make_kuid(&init_user_ns, caller->user.effective);
	cred->suid = make_kuid(&init_user_ns, caller->user.saved);
	cred->fsuid = make_kuid(&init_user_ns, caller->user.fs);
	cred->gid = make_kgid(&init_user_ns, caller->group.real);
	cred->egid = make_kgid(&init_user_ns, caller->group.effective);
	cred->sgid = make_kgid(&init_user_ns, caller->group.saved);
	cred->fsgid = make_kgid(&init_user_ns, caller->group.fs);
	return uid_valid(cred->uid) && uid_valid(cred->euid) &&
	       uid_valid(cred->suid) && uid_valid(cred->fsuid) &&
	       gid_valid(cred->gid) && gid_valid(cred->egid) &&
	       gid_valid(cred->sgid) && gid_valid(cred->fsgid);
}

int ssi_caller_set_groups(struct cred *cred, const u32 *groups, u32 count)
{
	struct group_info *info = groups_alloc(count);

	if (!info)
		return -ENOMEM;
	for (u32 i = 0; i < count; i++)
		info->gid[i] = make_kgid(&init_user_ns, groups[i]);
	groups_sort(info);
	set_groups(cred, info);
	put_group_info(info);
	return 0;
}

static int ssi_caller_set_namespace(struct cred *cred, const struct ssi_caller *caller)
{
	if (!caller->is_foreign)
		return 0;
	if (!foreign_ns)
		return -EPERM;
	put_user_ns(cred->user_ns);
	cred->user_ns = get_user_ns(foreign_ns);
	return 0;
}

/* Returns the credentials to go back to. */
const struct cred *ssi_caller_assume(const struct ssi_caller *caller, const u32 *groups,
				     u32 count)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	int error;

	if (!cred)
		return ERR_PTR(-ENOMEM);
	error = ssi_caller_ids(cred, caller) ? ssi_caller_set_groups(cred, groups, count) : -EINVAL;
	error = error ?: ssi_caller_set_namespace(cred, caller);
	if (error) {
		put_cred(cred);
		return ERR_PTR(error);
	}
	cred->cap_permitted.val = caller->permitted & CAP_VALID_MASK;
	cred->cap_effective.val = caller->effective & cred->cap_permitted.val;
	cred->cap_bset = cred->cap_permitted;
	cap_clear(cred->cap_inheritable);
	cap_clear(cred->cap_ambient);
	return override_creds(cred);
}

void ssi_caller_return(const struct cred *before)
{
	put_cred(revert_creds(before));
}

long ssi_system_call(unsigned long number, const unsigned long *args)
{
	if (!(current->flags & PF_KTHREAD))
		return -EPERM;
	if (number >= __NR_syscalls)
		return -ENOSYS;
	number = array_index_nospec(number, __NR_syscalls);
	return sys_call_table[number](args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* Whether a call about @task is made here: what a process left when it went is not it. */
static bool ssi_is_here(struct task_struct *task)
{
	u32 pid = task_tgid_nr(task);

	return !ssi_away(pid) && !ssi_guest_is_leaving(pid);
}

static bool ssi_is_served(struct task_struct *task)
{
	return !(task->flags & PF_KTHREAD) && ssi_is_here(task);
}

/* For RCU readers: the task @nr, or NULL if other nodes are to see none. */
static struct task_struct *ssi_served_task(u32 nr)
{
	struct task_struct *task;

	if (nr >= PID_MAX_LIMIT || (nr < SSI_PIDS_PRIVATE && nr != 1))
		return NULL;
	task = find_task_by_pid_ns(nr, &init_pid_ns);
	return task && ssi_is_served(task) ? task : NULL;
}

bool ssi_served(u32 nr)
{
	guard(rcu)();
	return ssi_served_task(nr);
}

/* That of thread @nr, or 0. */
u32 ssi_served_process(u32 nr)
{
	struct task_struct *task;

	guard(rcu)();
	task = ssi_served_task(nr);
	return task ? task_tgid_nr(task) : 0;
}

/* No other process of this kernel ever has the same; 0 if there is none. */
u64 ssi_served_identity(u32 nr)
{
	guard(rcu)();
	return ssi_served_task(nr) ? find_pid_ns(nr, &init_pid_ns)->ino : 0;
}

/*
 * One that is away is told, too: while it goes it is nowhere else, for those who ask
 * there a moment before.
 */
u32 ssi_served_next(u32 nr)
{
	struct pid *pid;

	guard(rcu)();
	for (nr = max(nr, SSI_PIDS_PRIVATE); nr < PID_MAX_LIMIT; nr++) {
		struct task_struct *task;

		pid = find_ge_pid(nr, &init_pid_ns);
		if (!pid)
			break;
		nr = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_TGID);
		if (task && !(task->flags & PF_KTHREAD))
			return nr;
	}
	return 0;
}

static bool ssi_is_of(struct task_struct *task, enum ssi_whose whose, u32 number)
{
	if (whose == SSI_OF_USER)
		return uid_eq(task_uid(task), make_kuid(&init_user_ns, number));
	return task_pgrp_nr_ns(task, &init_pid_ns) == number;
}

static u32 ssi_next_of(enum ssi_whose whose, u32 number, u32 nr,
		       bool (*is_meant)(struct task_struct *task))
{
	struct pid *pid;

	guard(rcu)();
	for (; nr < PID_MAX_LIMIT; nr++) {
		struct task_struct *task;

		pid = find_ge_pid(nr, &init_pid_ns);
		if (!pid)
			break;
		nr = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_PID);
		if (task && is_meant(task) && ssi_is_of(task, whose, number))
			return nr;
	}
	return 0;
}

/* The next task from @nr on that is of @number and that other nodes are to see, or 0. */
u32 ssi_served_next_of(enum ssi_whose whose, u32 number, u32 nr)
{
	return ssi_next_of(whose, number, max(nr, SSI_PIDS_PRIVATE), ssi_is_served);
}

/* Of those the kernel here would find, private ones as well. */
u32 ssi_own_next_of(enum ssi_whose whose, u32 number, u32 nr)
{
	return ssi_next_of(whose, number, max(nr, 1U), ssi_is_here);
}

/* As ioprio_get(2) says of several: of one it says what was set, which may be nothing. */
int ssi_io_priority(u32 nr)
{
	struct task_struct *task;
	int priority;

	guard(rcu)();
	task = find_task_by_pid_ns(nr, &init_pid_ns);
	if (!task)
		return -ESRCH;
	task_lock(task);
	priority = __get_task_ioprio(task);
	task_unlock(task);
	return priority;
}

/* Signals travel as bytes, which are aligned to nothing. */
static kernel_siginfo_t ssi_signal_info(const void *bytes)
{
	kernel_siginfo_t info;

	memcpy(&info, bytes, sizeof(info));
	return info;
}

int ssi_signal_number(const void *bytes)
{
	return ssi_signal_info(bytes).si_signo;
}

void ssi_signal_set_error(void *bytes, int error)
{
	kernel_siginfo_t info = ssi_signal_info(bytes);

	info.si_errno = error;
	memcpy(bytes, &info, sizeof(info));
}

int ssi_signal_code(const void *bytes)
{
	return ssi_signal_info(bytes).si_code;
}

void ssi_signal_user(void *bytes, int signal, int code, u32 tgid, u32 uid)
{
	kernel_siginfo_t info;

	clear_siginfo(&info);
	info.si_signo = signal;
	info.si_code = code;
	info.si_pid = tgid;
	info.si_uid = uid;
	memcpy(bytes, &info, sizeof(info));
}

int ssi_signal_from_user(void *bytes, int signal, unsigned long address)
{
	kernel_siginfo_t info;
	int error = copy_siginfo_from_user(&info, (siginfo_t __user *)address);

	if (error)
		return error;
	info.si_signo = signal;
	memcpy(bytes, &info, sizeof(info));
	return 0;
}

/* A worker acts for a task of another node, all others for themselves. */
static bool ssi_serves(void)
{
	return current->flags & PF_KTHREAD;
}

static bool ssi_is_of_session(struct task_struct *task, u32 session)
{
	return session && task_session_nr_ns(task, &init_pid_ns) == session;
}

/*
 * A worker is of no session: @session is that of the task it acts for, and within one a
 * SIGCONT needs no right. Without the question whether any signal may be sent, it would
 * pass for one of the same session as every task that is of none either.
 */
static int ssi_signal_task(kernel_siginfo_t *info, struct task_struct *task, enum pid_type type,
			   u32 session)
{
	kernel_siginfo_t question = *info;
	int error = 0;

	if (info->si_signo == SIGCONT && ssi_serves()) {
		if (ssi_is_of_session(task, session))
			return do_send_sig_info(SIGCONT, info, task, type);
		error = group_send_sig_info(0, &question, task, type);
	}
	return error ?: group_send_sig_info(info->si_signo, info, task, type);
}

int ssi_signal_process(const void *bytes, u32 tgid, u32 session)
{
	kernel_siginfo_t info = ssi_signal_info(bytes);
	struct task_struct *task;
	int error;

	guard(rcu)();
	/* As in kill_pid_info(): another thread may be taking the number over. */
	do {
		task = ssi_served_task(tgid);
		error = task ? ssi_signal_task(&info, task, PIDTYPE_TGID, session) : -ESRCH;
	} while (task && error == -ESRCH);
	return error;
}

int ssi_signal_thread(const void *bytes, u32 tgid, u32 tid, u32 session)
{
	kernel_siginfo_t info = ssi_signal_info(bytes);
	struct task_struct *task;
	int error;

	guard(rcu)();
	task = ssi_served_task(tid);
	if (!task || (tgid && task_tgid_nr(task) != tgid))
		return -ESRCH;
	error = ssi_signal_task(&info, task, PIDTYPE_PID, session);
	/* As in do_send_specific(): it died after the signal. */
	return error == -ESRCH && info.si_signo ? 0 : error;
}

/* As in __kill_pgrp_info(): good if one got it. */
int ssi_signal_group(const void *bytes, u32 pgid, u32 session)
{
	kernel_siginfo_t info = ssi_signal_info(bytes);
	struct task_struct *task;
	struct pid *group;
	int result = -ESRCH;

	if (pgid < SSI_PIDS_PRIVATE || pgid >= PID_MAX_LIMIT)
		return -ESRCH;
	guard(read_lock)(&tasklist_lock);
	group = find_pid_ns(pgid, &init_pid_ns);
	do_each_pid_task(group, PIDTYPE_PGID, task) {
		int error;

		if (!ssi_is_here(task))
			continue;
		error = ssi_signal_task(&info, task, PIDTYPE_PGID, session);
		if (result)
			result = error;
	} while_each_pid_task(group, PIDTYPE_PGID, task);
	return result;
}

/* Whom kill(-1) means: of the caller's own node whom the kernel would take. */
static bool ssi_is_everybody(struct task_struct *task)
{
	if (ssi_serves())
		return ssi_is_served(task) && task_pid_nr(task) >= SSI_PIDS_PRIVATE;
	return ssi_is_here(task) && task_pid_nr(task) > 1 && !same_thread_group(task, current);
}

/* The result of the last one that is not EPERM, as kill(-1) gives. */
int ssi_signal_all(const void *bytes, u32 *count, u32 session)
{
	kernel_siginfo_t info = ssi_signal_info(bytes);
	struct task_struct *task;
	int last = 0;

	*count = 0;
	guard(read_lock)(&tasklist_lock);
	for_each_process(task) {
		int error;

		if (!ssi_is_everybody(task))
			continue;
		error = ssi_signal_task(&info, task, PIDTYPE_MAX, session);
		++*count;
		if (error != -EPERM)
			last = error;
	}
	return last;
}
