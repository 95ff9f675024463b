// SPDX-License-Identifier: GPL-2.0
/*
 * Files that say when something happens, of a process that goes to another node.
 *
 * Nobody else has them, so they are made again there with what they know: counters of
 * eventfd(2), timers of timerfd_create(2), sets of epoll(7). One of signalfd(2) knows nothing but
 * a mask: it reads the signals of who reads, and is made again if others have it, too; and so is
 * one of pidfd_open(2), by the number of its process. What they know the kernel tells in
 * /proc/<pid>/fdinfo.
 */
#include <linux/dcache.h>
#include <linux/eventfd.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/syscalls.h>
#include <linux/timekeeping.h>
#include <linux/timerfd.h>
#include <linux/uaccess.h>
#include <uapi/linux/pidfd.h>
/* It needs what is above. */
#include <linux/eventpoll.h>
#include "pidfd.h"

/* Most bytes that one is told to know. */
#define TOLD_BYTES_MAX	(16 << 20)

/* Of a timer, which may run out again while it is looked at. */
#define LOOKS_MAX	100

/* --- which they are --- */

/* Of which process one of pidfd_open(2) is: 0 for one that is gone, or no such file. */
static u32 process_of(const struct file *file)
{
	const struct ssi_pidfd *remote = ssi_pidfd_in(file);
	struct pid *pid;

	if (remote)
		return READ_ONCE(remote->life) == SSI_PID_GONE ? 0 : remote->pid;
	pid = pidfd_pid(file);
	if (IS_ERR(pid))
		return 0;
	guard(rcu)();
	return pid_task(pid, PIDTYPE_PID) ? pid_nr(pid) : 0;
}

static bool is_process(const struct file *file)
{
	return ssi_pidfd_in(file) || !IS_ERR(pidfd_pid(file));
}

static enum ssi_event_kind kind_of(const struct file *file)
{
	static const char *const names[] = { "[eventfd]", "[timerfd]", "[signalfd]",
					     "[eventpoll]" };
	int found;

	if (is_process(file))
		return SSI_EVENT_PROCESS;
	if (!IS_ANON_FILE(file_inode(file)))
		return SSI_EVENT_NONE;
	found = match_string(names, ARRAY_SIZE(names), file->f_path.dentry->d_name.name);
	return found < 0 ? SSI_EVENT_NONE : SSI_EVENT_COUNTER + found;
}

bool ssi_event_file_is_set(const struct file *file)
{
	return kind_of(file) == SSI_EVENT_SET;
}

/* How many numbers @task has for @file, of which @first is the lowest. */
static unsigned int numbers_of(struct task_struct *task, const struct file *file,
			       unsigned int *first)
{
	unsigned int number, count = 0;
	struct file *other;

	for (number = 0; (other = fget_task_next(task, &number)); number++) {
		if (other == file && !count++)
			*first = number;
		fput(other);
	}
	return count;
}

/* What @file knows, as text; the caller frees it. */
static char *told_by(struct file *file)
{
	for (size_t bytes = PAGE_SIZE; bytes <= TOLD_BYTES_MAX; bytes *= 4) {
		struct seq_file out = { .size = bytes, .file = file };

		out.buf = kvzalloc(bytes, GFP_KERNEL);
		if (!out.buf)
			return ERR_PTR(-ENOMEM);
		file->f_op->show_fdinfo(&out, file);
		/* What fills it may be cut. */
		if (out.count < bytes)
			return out.buf;
		kvfree(out.buf);
	}
	return ERR_PTR(-E2BIG);
}

/* The next line of @text, or NULL. */
static const char *after_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && end[1] ? end + 1 : NULL;
}

/* --- whether they can go --- */

struct watched {
	unsigned int fd;
	u32 events;
	u64 data;
	u64 inode;
	u32 device;
};

static bool parse(const char *line, struct watched *to)
{
	return sscanf(line, "tfd: %u events: %x data: %llx pos:%*d ino:%llx sdev:%x", &to->fd,
		      &to->events, &to->data, &to->inode, &to->device) == 5;
}

/* Whether the number still is one of such a file, as far as can be seen. */
static bool is_open(const struct watched *watched, struct task_struct *task)
{
	struct file *file = fget_task(task, watched->fd);
	bool is;

	if (!file)
		return false;
	is = file_inode(file)->i_ino == watched->inode &&
	     file_inode(file)->i_sb->s_dev == watched->device;
	fput(file);
	return is;
}

static bool all_open(struct file *file, struct task_struct *task)
{
	char *text = told_by(file);
	struct watched watched;
	bool all = !IS_ERR(text);

	if (!all)
		return false;
	for (const char *line = *text ? text : NULL; line && all; line = after_line(line))
		all = parse(line, &watched) && is_open(&watched, task);
	kvfree(text);
	return all;
}

/* Whether @file of @task, which the caller holds once, can be made again elsewhere. */
bool ssi_event_file_travels(struct file *file, struct task_struct *task)
{
	enum ssi_event_kind kind = kind_of(file);
	unsigned int first;

	if (kind == SSI_EVENT_NONE || kind == SSI_EVENT_SIGNALS)
		return kind == SSI_EVENT_SIGNALS;
	if (kind == SSI_EVENT_PROCESS)
		return process_of(file) >= SSI_PIDS_PRIVATE;
	if (file_count(file) != numbers_of(task, file, &first) + 1)
		return false;
	return kind != SSI_EVENT_SET || all_open(file, task);
}

/* --- taken --- */

static int take_counter(const char *text, struct ssi_event_file *to)
{
	unsigned int is_semaphore;

	if (sscanf(text, "eventfd-count: %llx eventfd-id: %*d eventfd-semaphore: %u", &to->count,
		   &is_semaphore) != 2)
		return -EOPNOTSUPP;
	to->flags = is_semaphore ? EFD_SEMAPHORE : 0;
	return 0;
}

static ktime_t now_of(s32 clock, bool is_relative)
{
	/* A time from now on does not follow who sets the clock. */
	if (clock == CLOCK_REALTIME && !is_relative)
		return ktime_get_real();
	return clock == CLOCK_BOOTTIME ? ktime_get_boottime() : ktime_get();
}

static bool is_clock(s32 clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
}

static int parse_timer(const char *text, struct ssi_event_file *to)
{
	unsigned long long seconds, ns, interval, interval_ns;
	u64 left;

	if (sscanf(text,
		   "clockid: %d ticks: %llu settime flags: %o it_value: (%llu, %llu) it_interval: (%llu, %llu)",
		   &to->clock, &to->count, &to->flags, &seconds, &ns, &interval,
		   &interval_ns) != 7)
		return -EOPNOTSUPP;
	left = ktime_set(seconds, ns);
	to->interval = ktime_set(interval, interval_ns);
	to->expires = 0;
	if (left)
		to->expires = ktime_add_safe(
			now_of(to->clock, !(to->flags & TFD_TIMER_ABSTIME)), left);
	return 0;
}

/* One that repeats and has run out says no time: it goes on when it is asked for that. */
static int take_timer(unsigned int fd, struct file *file, struct ssi_event_file *to)
{
	unsigned long place = ssi_scratch_map();
	int error = IS_ERR_VALUE(place) ? (long)place : 0;

	if (error)
		return error;
	for (int look = 0; look < LOOKS_MAX; look++) {
		char *text;

		error = sys_timerfd_gettime(fd, (struct __kernel_itimerspec __user *)place);
		text = error ? ERR_PTR(error) : told_by(file);
		error = PTR_ERR_OR_ZERO(text);
		if (error)
			break;
		error = parse_timer(text, to);
		kvfree(text);
		if (error || !to->interval || to->expires || !to->count)
			break;
		error = -EAGAIN;
	}
	ssi_scratch_unmap(place);
	/* One that wakes a machine stays there. */
	return error ?: is_clock(to->clock) ? 0 : -EOPNOTSUPP;
}

static int take_process(const struct file *file, struct ssi_event_file *to)
{
	const struct ssi_pidfd *remote = ssi_pidfd_in(file);

	to->count = process_of(file);
	to->flags = remote ? (remote->is_thread ? PIDFD_THREAD : 0) : file->f_flags & PIDFD_THREAD;
	return to->count ? 0 : -EOPNOTSUPP;
}

static int take_text(struct file *file, struct ssi_event_file *to)
{
	char *text = told_by(file);
	int error = 0;

	if (IS_ERR(text))
		return PTR_ERR(text);
	if (to->kind == SSI_EVENT_COUNTER)
		error = take_counter(text, to);
	else if (to->kind == SSI_EVENT_SIGNALS && sscanf(text, "sigmask: %llx", &to->count) != 1)
		error = -EOPNOTSUPP;
	kvfree(text);
	return error;
}

/*
 * Takes what is open as @fd in the running task, whose @first number for it that is, if it is to
 * be made again: 1, else 0.
 */
int ssi_event_file_take(unsigned int fd, struct ssi_event_file *to, unsigned int *first)
{
	struct file *file = fget_raw(fd);
	int error = 0;

	if (!file)
		return 0;
	*to = (struct ssi_event_file) {
		.kind = kind_of(file),
		.waits_not = !!(file->f_flags & O_NONBLOCK),
	};
	if (ssi_event_file_travels(file, current)) {
		numbers_of(current, file, first);
		if (to->kind == SSI_EVENT_TIMER)
			error = take_timer(fd, file, to);
		else if (to->kind == SSI_EVENT_PROCESS)
			error = take_process(file, to);
		else
			error = take_text(file, to);
		error = error ?: 1;
	}
	fput(file);
	/* That one is used where it is. */
	return to->kind == SSI_EVENT_TIMER && error == -EOPNOTSUPP ? 0 : error;
}

/* By its number the set knows that very file, and not another one that had it before. */
static int must_watch(unsigned int set, unsigned int fd)
{
	struct epoll_event nothing = {};
	int error = do_epoll_ctl(set, EPOLL_CTL_ADD, fd, &nothing, false);

	if (error == -EEXIST)
		return 0;
	if (!error)
		do_epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL, false);
	return error == -ENOMEM || error == -ENOSPC ? error : -EOPNOTSUPP;
}

/* What set @fd watches, as far as there is room; gives how much that is. */
long ssi_event_file_watches(unsigned int fd, struct ssi_watched_file *to, u32 room)
{
	struct file *file = fget_raw(fd);
	struct watched watched;
	long count = 0;
	int error = 0;
	char *text;

	if (!file)
		return -EBADF;
	text = told_by(file);
	if (IS_ERR(text)) {
		fput(file);
		return PTR_ERR(text);
	}
	for (const char *line = *text ? text : NULL; line && !error; line = after_line(line)) {
		error = parse(line, &watched) ? must_watch(fd, watched.fd) : -EOPNOTSUPP;
		if (count++ < room)
			*to++ = (struct ssi_watched_file) {
				.set = fd,
				.fd = watched.fd,
				.events = watched.events,
				.data = watched.data,
			};
	}
	kvfree(text);
	fput(file);
	return error ?: count;
}

/* --- judged --- */

bool ssi_event_file_valid(const struct ssi_event_file *event)
{
	bool is_empty = !event->count && !event->flags;
	bool is_timer = event->kind == SSI_EVENT_TIMER;

	if (event->waits_not > 1 || event->unused ||
	    (!is_timer && (event->expires || event->interval || event->clock)))
		return false;
	switch (event->kind) {
	case SSI_EVENT_COUNTER:
		return event->count < U64_MAX && !(event->flags & ~EFD_SEMAPHORE);
	case SSI_EVENT_TIMER:
		return is_clock(event->clock) && event->expires >= 0 && event->interval >= 0 &&
		       !(event->flags & ~TFD_SETTIME_FLAGS);
	case SSI_EVENT_SIGNALS:
		return !event->flags;
	case SSI_EVENT_SET:
		return is_empty;
	case SSI_EVENT_PROCESS:
		return event->count >= SSI_PIDS_PRIVATE && event->count < PID_MAX_LIMIT &&
		       !(event->flags & ~PIDFD_THREAD);
	}
	return false;
}

/* --- made --- */

/* Memory of the running task, to ask as a program does; an error for none. */
unsigned long ssi_scratch_map(void)
{
	return vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
}

void ssi_scratch_unmap(unsigned long place)
{
	vm_munmap(place, PAGE_SIZE);
}

static int fill_counter(int fd, const struct ssi_event_file *event, unsigned long place)
{
	CLASS(fd, file)(fd);
	loff_t position = 0;

	if (!event->count)
		return 0;
	if (fd_empty(file) ||
	    copy_to_user((void __user *)place, &event->count, sizeof(event->count)))
		return -EFAULT;
	return min(0, vfs_write(fd_file(file), (const char __user *)place, sizeof(event->count),
				&position));
}

/*
 * So many times it has run out, and nobody read that: it is set to when the first of them was. Once
 * is a moment that passed.
 */
static int begin_of(const struct ssi_event_file *event, s64 expires, s64 *begin)
{
	s64 passed;

	*begin = 1;
	if (!event->interval)
		return 0;
	if (event->count > S64_MAX ||
	    check_mul_overflow((s64)event->count, event->interval, &passed))
		return -EINVAL;
	*begin = max(expires - passed, 1);
	return 0;
}

static int set_timer(int fd, const struct ssi_event_file *event, unsigned long place)
{
	bool is_relative = event->clock == CLOCK_REALTIME && !(event->flags & TFD_TIMER_ABSTIME);
	s64 left = event->expires - now_of(event->clock, is_relative);
	s64 value = event->expires;
	u32 flags = event->flags | TFD_TIMER_ABSTIME;
	struct __kernel_itimerspec setting;
	int error;

	if (!event->expires && !event->count)
		return 0;
	if (event->count) {
		error = begin_of(event, is_relative ? ktime_get_real() + left : value, &value);
		if (error)
			return error;
	} else if (is_relative) {
		value = max(left, 1);
		flags = event->flags;
	}
	setting.it_value.tv_sec = value / NSEC_PER_SEC;
	setting.it_value.tv_nsec = value % NSEC_PER_SEC;
	setting.it_interval.tv_sec = event->interval / NSEC_PER_SEC;
	setting.it_interval.tv_nsec = event->interval % NSEC_PER_SEC;
	if (copy_to_user((void __user *)place, &setting, sizeof(setting)))
		return -EFAULT;
	error = sys_timerfd_settime(fd, flags, (struct __kernel_itimerspec __user *)place, NULL);
	/* The clock was set just now: who reads it is told. */
	return error == -ECANCELED ? 0 : error;
}

static int make_signals(const struct ssi_event_file *event, unsigned long place)
{
	const sigset_t mask = { .sig = { event->count } };

	if (copy_to_user((void __user *)place, &mask, sizeof(mask)))
		return -EFAULT;
	return sys_signalfd4(-1, (sigset_t __user *)place, sizeof(mask), 0);
}

/* The number of a new file. */
static int make(const struct ssi_event_file *event, unsigned long place)
{
	int error = 0, fd = -EINVAL;

	switch (event->kind) {
	case SSI_EVENT_COUNTER:
		fd = sys_eventfd2(0, event->flags);
		if (fd >= 0)
			error = fill_counter(fd, event, place);
		break;
	case SSI_EVENT_TIMER:
		fd = sys_timerfd_create(event->clock, 0);
		if (fd >= 0)
			error = set_timer(fd, event, place);
		break;
	case SSI_EVENT_SIGNALS:
		fd = make_signals(event, place);
		break;
	case SSI_EVENT_SET:
		fd = sys_epoll_create1(0);
		break;
	}
	if (error)
		close_fd(fd);
	return error ?: fd;
}

/* Has the running task have what is open as @from as @fd, too. */
int ssi_event_file_again(unsigned int fd, unsigned int from, bool closes)
{
	struct file *file = fget_raw(from);
	int error;

	if (!file)
		return -EBADF;
	error = replace_fd(fd, file, closes ? O_CLOEXEC : 0);
	fput(file);
	return min(error, 0);
}

/* Makes it @fd of the running task, which has memory. */
int ssi_event_file_make(unsigned int fd, const struct ssi_event_file *event, bool closes)
{
	unsigned long place = ssi_scratch_map();
	int made;

	if (IS_ERR_VALUE(place))
		return place;
	made = make(event, place);
	ssi_scratch_unmap(place);
	return made < 0 ? made : ssi_event_file_place(fd, made, event, closes);
}

/* The number of one of process @pid, which this node has, or what stands for it. */
int ssi_event_file_open_process(u32 pid, u32 flags)
{
	return sys_pidfd_open(pid, flags);
}

/* Makes file @made of the running task its @fd instead. */
int ssi_event_file_place(unsigned int fd, int made, const struct ssi_event_file *event,
			 bool closes)
{
	int error;

	if (event->waits_not) {
		CLASS(fd, file)(made);
		guard(spinlock)(&fd_file(file)->f_lock);
		fd_file(file)->f_flags |= O_NONBLOCK;
	}
	error = ssi_event_file_again(fd, made, closes);
	if (made != fd)
		close_fd(made);
	return error;
}

/* Has a set of the running task watch one of its files. */
int ssi_event_file_watch(const struct ssi_watched_file *watch)
{
	struct epoll_event event = { .events = watch->events, .data = watch->data };

	return do_epoll_ctl(watch->set, EPOLL_CTL_ADD, watch->fd, &event, false);
}
