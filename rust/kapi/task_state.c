// SPDX-License-Identifier: GPL-2.0
/*
 * What a task keeps when it executes a program.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/binfmts.h>
#include <linux/dcache.h>
#include <linux/fs_struct.h>
#include <linux/hrtimer.h>
#include <linux/iocontext.h>
#include <linux/ioprio.h>
#include <linux/namei.h>
#include <linux/oom.h>
#include <linux/mm_types.h>
#include <linux/personality.h>
#include <linux/pid_namespace.h>
#include <linux/posix-timers.h>
#include <linux/sched/cputime.h>
#include <linux/sched/nohz.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/securebits.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <uapi/linux/sched/types.h>

static_assert(SSI_LIMITS == RLIM_NLIMITS);
static_assert(_NSIG == 64);
static_assert(SSI_CPU_TIMERS == ARRAY_SIZE(((struct signal_struct *)NULL)->it));

/* PR_MCE_KILL and PR_SET_IO_FLUSHER. */
#define KEPT_FLAGS		(PF_MCE_PROCESS | PF_MCE_EARLY | PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE)

/* See mm_init(). Where mappings begin is said by the program. */
#define KEPT_MEMORY_FLAGS	(MMF_INIT_LEGACY_MASK & ~MMF_TOPDOWN_MASK)

/* --- taken --- */

static void ssi_take_credentials(struct ssi_task_state *state)
{
	const struct cred *cred = current_cred();
	struct ssi_caller caller;

	ssi_caller_current(&caller);
	state->user = caller.user;
	state->group = caller.group;
	state->inheritable = cred->cap_inheritable.val;
	state->permitted = cred->cap_permitted.val;
	state->effective = cred->cap_effective.val;
	state->bounding = cred->cap_bset.val;
	state->ambient = cred->cap_ambient.val;
	state->securebits = cred->securebits;
	state->no_new_privileges = task_no_new_privs(current);
	state->group_count = ssi_caller_groups(state->groups, SSI_TASK_GROUPS_MAX);
}

static u64 ssi_ignored(void)
{
	u64 ignored = 0;

	for (int signal = 1; signal <= _NSIG; signal++)
		if (current->sighand->action[signal - 1].sa.sa_handler == SIG_IGN)
			ignored |= 1ULL << (signal - 1);
	return ignored;
}

/* As itimer_get_remtime(). */
u64 ssi_timer_left(struct hrtimer *timer)
{
	ktime_t left = hrtimer_get_remaining(timer);

	return hrtimer_active(timer) ? max_t(s64, left, NSEC_PER_USEC) : 0;
}

/* As get_cpu_itimer(): there is a sample only while a timer runs. */
static u64 ssi_cpu_timer_left(int which)
{
	u64 expires = current->signal->it[which].expires;
	u64 now[CPUCLOCK_MAX];

	if (!expires)
		return 0;
	thread_group_sample_cputime(current, now);
	return expires > now[which] ? expires - now[which] : TICK_NSEC;
}

/* For a holder of the siglock. */
static void ssi_take_cpu_timers(struct ssi_task_state *state)
{
	for (int i = 0; i < SSI_CPU_TIMERS; i++) {
		state->cpu_timers[i].left = ssi_cpu_timer_left(i);
		state->cpu_timers[i].interval = current->signal->it[i].incr;
	}
}

static void ssi_take_signals(struct ssi_task_state *state)
{
	spin_lock_irq(&current->sighand->siglock);
	state->blocked = current->blocked.sig[0];
	state->ignored = ssi_ignored();
	state->timer = ssi_timer_left(&current->signal->real_timer);
	state->timer_interval = current->signal->it_real_incr;
	ssi_take_cpu_timers(state);
	spin_unlock_irq(&current->sighand->siglock);
}

static void ssi_take_limits(struct ssi_task_state *state)
{
	task_lock(current->group_leader);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		state->limits[i].soft = current->signal->rlim[i].rlim_cur;
		state->limits[i].hard = current->signal->rlim[i].rlim_max;
	}
	task_unlock(current->group_leader);
}

static void ssi_take_schedule(struct ssi_task_state *state)
{
	state->policy = current->policy;
	state->nice = task_nice(current);
	state->priority = current->rt_priority;
	state->resets_on_fork = current->sched_reset_on_fork;
	state->timer_slack = current->timer_slack_ns;
	state->timer_slack_default = current->default_timer_slack_ns;
	state->io_priority = current->io_context ? current->io_context->ioprio : IOPRIO_DEFAULT;
}

static void ssi_take_place(struct ssi_task_state *state)
{
	state->pid = task_tgid_nr(current);
	state->parent = ssi_ppid(current, task_ppid_nr(current));
	state->pgid = task_pgrp_nr_ns(current, &init_pid_ns);
	state->session = task_session_nr_ns(current, &init_pid_ns);
	state->age = ktime_get_boottime_ns() - current->start_boottime;
}

/* @state is zero before. */
int ssi_task_state_take(struct ssi_task_state *state)
{
	if (ssi_caller_group_count() > SSI_TASK_GROUPS_MAX)
		return -E2BIG;
	ssi_take_credentials(state);
	ssi_take_signals(state);
	ssi_take_limits(state);
	ssi_take_schedule(state);
	ssi_take_place(state);
	state->mask = current_umask();
	state->oom_adjust = current->signal->oom_score_adj;
	state->oom_adjust_min = current->signal->oom_score_adj_min;
	state->personality = current->personality;
	state->death_signal = current->pdeath_signal;
	state->flags = current->flags & KEPT_FLAGS;
	if (current->mm)
		state->memory_flags = mmf_init_legacy_flags(__mm_flags_get_word(current->mm)) &
				      KEPT_MEMORY_FLAGS;
	return 0;
}

/* --- judged --- */

static bool ssi_ids_valid(const struct ssi_ids *ids)
{
	const u32 none = -1;

	return ids->real != none && ids->effective != none && ids->saved != none &&
	       ids->fs != none;
}

static bool ssi_groups_valid(const struct ssi_task_state *state)
{
	if (state->group_count > SSI_TASK_GROUPS_MAX)
		return false;
	for (u32 i = 0; i < state->group_count; i++)
		if (state->groups[i] == (u32)-1)
			return false;
	return true;
}

static bool ssi_capabilities_valid(const struct ssi_task_state *state)
{
	u64 all = state->inheritable | state->permitted | state->bounding;

	return !(all & ~CAP_VALID_MASK) && !(state->effective & ~state->permitted) &&
	       !(state->ambient & ~(state->permitted & state->inheritable)) &&
	       !(state->securebits & ~(SECURE_ALL_BITS | SECURE_ALL_LOCKS));
}

static bool ssi_limits_valid(const struct ssi_task_state *state)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (state->limits[i].soft > state->limits[i].hard)
			return false;
	return true;
}

static bool ssi_schedule_valid(const struct ssi_task_state *state)
{
	bool real_time = state->policy == SCHED_FIFO || state->policy == SCHED_RR;

	if (!real_time && state->policy != SCHED_NORMAL && state->policy != SCHED_BATCH &&
	    state->policy != SCHED_IDLE)
		return false;
	return state->nice >= MIN_NICE && state->nice <= MAX_NICE &&
	       state->priority < MAX_RT_PRIO && real_time == (state->priority != 0);
}

static bool ssi_io_priority_valid(const struct ssi_task_state *state)
{
	return state->io_priority <= U16_MAX &&
	       IOPRIO_PRIO_CLASS(state->io_priority) <= IOPRIO_CLASS_IDLE &&
	       (IOPRIO_PRIO_CLASS(state->io_priority) || state->io_priority == IOPRIO_DEFAULT);
}

static bool ssi_oom_adjust_valid(const struct ssi_task_state *state)
{
	return state->oom_adjust >= OOM_SCORE_ADJ_MIN && state->oom_adjust <= OOM_SCORE_ADJ_MAX &&
	       state->oom_adjust_min >= OOM_SCORE_ADJ_MIN &&
	       state->oom_adjust_min <= OOM_SCORE_ADJ_MAX;
}

static bool ssi_times_valid(const struct ssi_task_state *state)
{
	for (int i = 0; i < SSI_CPU_TIMERS; i++)
		if (state->cpu_timers[i].left > KTIME_MAX ||
		    state->cpu_timers[i].interval > KTIME_MAX)
			return false;
	return state->timer <= KTIME_MAX && state->timer_interval <= KTIME_MAX &&
	       state->age <= KTIME_MAX;
}

bool ssi_task_state_valid(const struct ssi_task_state *state)
{
	return ssi_ids_valid(&state->user) && ssi_ids_valid(&state->group) &&
	       ssi_groups_valid(state) && ssi_capabilities_valid(state) &&
	       ssi_limits_valid(state) && ssi_schedule_valid(state) &&
	       ssi_io_priority_valid(state) && ssi_oom_adjust_valid(state) &&
	       ssi_times_valid(state) && !(state->mask & ~S_IRWXUGO) &&
	       state->death_signal <= _NSIG && !(state->flags & ~KEPT_FLAGS) &&
	       !(state->memory_flags & ~(u64)KEPT_MEMORY_FLAGS) &&
	       state->pid < PID_MAX_LIMIT && state->parent < PID_MAX_LIMIT &&
	       state->pgid < PID_MAX_LIMIT && state->session < PID_MAX_LIMIT;
}

/* --- put on --- */

static int ssi_put_schedule(const struct ssi_task_state *state)
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

static void ssi_put_limits(const struct ssi_task_state *state)
{
	u64 processor = state->limits[RLIMIT_CPU].soft;

	task_lock(current->group_leader);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		current->signal->rlim[i].rlim_cur = state->limits[i].soft;
		current->signal->rlim[i].rlim_max = state->limits[i].hard;
	}
	task_unlock(current->group_leader);
	if (processor != RLIM_INFINITY)
		update_rlimit_cpu(current, processor);
}

/* As set_cpu_itimer(). For a holder of the siglock. */
static void ssi_put_cpu_timers(const struct ssi_task_state *state)
{
	for (int i = 0; i < SSI_CPU_TIMERS; i++) {
		struct cpu_itimer *timer = &current->signal->it[i];
		u64 expires = state->cpu_timers[i].left, before = 0;

		if (expires)
			set_process_cpu_timer(current, i, &expires, &before);
		timer->expires = expires;
		timer->incr = state->cpu_timers[i].interval;
	}
}

/* The task is new, so its timers do not run. */
static void ssi_put_signals(const struct ssi_task_state *state)
{
	const u64 never = sigmask(SIGKILL) | sigmask(SIGSTOP);

	spin_lock_irq(&current->sighand->siglock);
	for (int signal = 1; signal <= _NSIG; signal++)
		if ((state->ignored & ~never) & (1ULL << (signal - 1)))
			current->sighand->action[signal - 1].sa.sa_handler = SIG_IGN;
	/* The signal of one that has run out, and that waits, starts it again. */
	current->signal->it_real_incr = state->timer_interval;
	if (state->timer) {
		hrtimer_start(&current->signal->real_timer, state->timer, HRTIMER_MODE_REL);
	}
	ssi_put_cpu_timers(state);
	spin_unlock_irq(&current->sighand->siglock);
}

static void ssi_put_capabilities(struct cred *cred, const struct ssi_task_state *state)
{
	cred->cap_inheritable.val = state->inheritable;
	cred->cap_permitted.val = state->permitted;
	cred->cap_effective.val = state->effective;
	cred->cap_bset.val = state->bounding;
	cred->cap_ambient.val = state->ambient;
	cred->securebits = state->securebits;
}

/* As set_user() for the user it is charged to. */
int ssi_put_user(struct cred *cred)
{
	struct user_struct *user = alloc_uid(cred->uid);

	if (!user)
		return -EAGAIN;
	free_uid(cred->user);
	cred->user = user;
	return set_cred_ucounts(cred);
}

/* Those of the process; the current task gets them. */
int ssi_task_state_put_rights(const struct ssi_task_state *state)
{
	const struct ssi_caller caller = { .user = state->user, .group = state->group };
	struct cred *cred = prepare_creds();
	int error;

	if (!cred)
		return -ENOMEM;
	error = ssi_caller_ids(cred, &caller) ? 0 : -EINVAL;
	error = error ?: ssi_caller_set_groups(cred, state->groups, state->group_count);
	error = error ?: ssi_put_user(cred);
	if (error) {
		abort_creds(cred);
		return error;
	}
	ssi_put_capabilities(cred, state);
	return commit_creds(cred);
}

/*
 * Credentials come last: the rest may need those of the kernel. But they end a wish for a
 * signal.
 */
int ssi_task_state_put(const struct ssi_task_state *state)
{
	u64 now = ktime_get_boottime_ns();
	int error = ssi_put_schedule(state);

	if (error)
		return error;
	ssi_put_limits(state);
	ssi_put_signals(state);
	current->fs->umask = state->mask;
	current->signal->oom_score_adj = state->oom_adjust;
	current->signal->oom_score_adj_min = state->oom_adjust_min;
	current->start_boottime = now - min(now, state->age);
	current->flags = (current->flags & ~KEPT_FLAGS) | state->flags;
	set_personality(state->personality);
	if (state->no_new_privileges)
		task_set_no_new_privs(current);
	error = ssi_task_state_put_rights(state);
	current->pdeath_signal = state->death_signal;
	return error;
}

/* For the memory of a program that was executed and does not run yet. */
void ssi_task_state_put_memory(const struct ssi_task_state *state)
{
	__mm_flags_set_mask_bits_word(current->mm, KEPT_MEMORY_FLAGS, state->memory_flags);
}

/* --- files --- */

u32 ssi_task_pid(void)
{
	return task_tgid_nr(current);
}

/* The length without the zero byte at the end. */
ssize_t ssi_directory(char *buffer, size_t bytes)
{
	struct path root, directory;
	char *name = ERR_PTR(-ENOENT);

	get_fs_root(current->fs, &root);
	get_fs_pwd(current->fs, &directory);
	if (!d_unlinked(directory.dentry) && path_is_under(&directory, &root))
		name = d_path(&directory, buffer, bytes);
	path_put(&directory);
	path_put(&root);
	if (IS_ERR(name))
		return PTR_ERR(name);
	bytes = strlen(name);
	memmove(buffer, name, bytes + 1);
	return bytes;
}

/* A directory on a way that is closed to the current task. */
static int ssi_find_closed(const char *name, struct path *path)
{
	const struct cred *own = override_creds(kernel_cred());
	int error = kern_path(name, LOOKUP_NO_SYMLINKS | LOOKUP_DIRECTORY, path);

	revert_creds(own);
	return error ? -EACCES : 0;
}

/*
 * As chdir(2), of a task that is in a directory of that name already. It may not be able to
 * search it: then it gets nothing there, for every lookup asks again. But it must not be
 * taken past a closed directory to one that is open.
 */
int ssi_enter(const char *name)
{
	struct path path;
	int closed = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	int error = closed;

	if (closed == -EACCES)
		error = ssi_find_closed(name, &path);
	if (error)
		return error;
	error = path_permission(&path, MAY_EXEC | MAY_CHDIR);
	if (error == -EACCES)
		error = 0;
	else if (!error)
		error = closed;
	if (!error)
		set_fs_pwd(current->fs, &path);
	path_put(&path);
	return error;
}

int ssi_execute(const char *path, const char *const *arguments, const char *const *environment)
{
	return kernel_execve(path, arguments, environment);
}
