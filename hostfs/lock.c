// SPDX-License-Identifier: GPL-2.0
/*
 * Locks all nodes respect.
 *
 * The VFS keeps the locks of this node's processes, the host keeps what they
 * come to in sum:
 *
 *	lock:	no conflict here -> host lock -> local lock
 *	unlock:	local unlock -> host gives back what nobody here still needs
 *
 * A lock that conflicts with nothing local can only be the strongest on its
 * range, so the host's is set to exactly what is asked for. Local conflicts
 * are waited for as on any file system, EDEADLK included. Conflicts with other
 * nodes are waited for by asking again, because a host call that waits would
 * stop this kernel; a cycle through several nodes is not noticed.
 */

#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>

#include "coherent.h"
#include "lock.h"

/* Between two attempts to get what another node holds. */
#define BACKOFF_US_MIN 1000
#define BACKOFF_US_MAX 10000

/* Has the VFS act on @fl with some of its flags changed. */
static int do_locally(struct inode *inode, struct file_lock *fl,
		      unsigned int set, unsigned int clear)
{
	const unsigned int flags = fl->c.flc_flags;
	int err;

	fl->c.flc_flags = (flags | set) & ~clear;
	err = locks_lock_inode_wait(inode, fl);
	fl->c.flc_flags = flags;

	return err;
}

/*
 * flock(2) gives up the old lock before it asks for one of another kind, on the
 * host too: two that go from shared to exclusive would wait for each other.
 */
static void lose_flock(struct inode *inode, struct file_lock *fl)
{
	const unsigned char type = fl->c.flc_type;

	fl->c.flc_type = F_UNLCK;
	do_locally(inode, fl, 0, FL_SLEEP);
	fl->c.flc_type = type;
	if (ssi_hostfs_inode(inode)->lock_fd >= 0)
		settle_host_locks(inode, fl, NULL);
}

static int lock_at_host(struct inode *inode, struct file_lock *fl,
			const struct host_range *range)
{
	const int fd = host_lock_fd(inode);

	if (fd < 0)
		return fd;
	if (fl->c.flc_flags & FL_FLOCK)
		return host_flock(fd, range->lock);

	return host_lock_range(fd, range);
}

/* What an attempt to lock came to. */
enum attempt {
	ATTEMPT_DONE,		/* granted, or failed for good */
	ATTEMPT_HELD_HERE,
	ATTEMPT_HELD_ELSEWHERE,
};

/* @where is what it means if the lock conflicts with another. */
static enum attempt not_locked(struct inode *inode, struct file_lock *fl,
			       int err, enum attempt where)
{
	if (fl->c.flc_flags & FL_FLOCK)
		lose_flock(inode, fl);

	return err == -EAGAIN ? where : ATTEMPT_DONE;
}

static enum attempt try_lock(struct inode *inode, struct file_lock *fl,
			     int *err)
{
	const struct host_range range = host_range_of(fl);

	*err = do_locally(inode, fl, FL_ACCESS, FL_SLEEP);
	if (*err)
		return not_locked(inode, fl, *err, ATTEMPT_HELD_HERE);
	*err = lock_at_host(inode, fl, &range);
	if (*err)
		return not_locked(inode, fl, *err, ATTEMPT_HELD_ELSEWHERE);
	*err = do_locally(inode, fl, 0, FL_SLEEP);
	if (*err)
		settle_host_locks(inode, fl, &range);

	return ATTEMPT_DONE;
}

static int back_off(unsigned int *delay_us)
{
	ktime_t delay = us_to_ktime(*delay_us);

	*delay_us = min_t(unsigned int, 2 * *delay_us, BACKOFF_US_MAX);
	set_current_state(TASK_INTERRUPTIBLE);
	schedule_hrtimeout(&delay, HRTIMER_MODE_REL);

	return signal_pending(current) ? -ERESTARTSYS : 0;
}

static int lock_inode(struct inode *inode, struct file_lock *fl)
{
	struct ssi_hostfs_inode *ssi = ssi_hostfs_inode(inode);
	unsigned int delay_us = BACKOFF_US_MIN;
	enum attempt attempt;
	int err;

	do {
		mutex_lock(&ssi->lock_mutex);
		attempt = try_lock(inode, fl, &err);
		mutex_unlock(&ssi->lock_mutex);

		if (attempt == ATTEMPT_DONE || !(fl->c.flc_flags & FL_SLEEP))
			return err;
		if (attempt == ATTEMPT_HELD_HERE)
			err = do_locally(inode, fl, FL_ACCESS, 0);
		else
			err = back_off(&delay_us);
	} while (!err);

	return err;
}

static int unlock_inode(struct inode *inode, struct file_lock *fl)
{
	struct ssi_hostfs_inode *ssi = ssi_hostfs_inode(inode);
	const struct host_range range = host_range_of(fl);
	int err;

	mutex_lock(&ssi->lock_mutex);
	err = locks_lock_inode_wait(inode, fl);
	if (ssi->lock_fd >= 0)
		settle_host_locks(inode, fl, &range);
	mutex_unlock(&ssi->lock_mutex);

	return err;
}

static int test_at_host(struct inode *inode, struct host_range *range)
{
	struct ssi_hostfs_inode *ssi = ssi_hostfs_inode(inode);
	int fd, err;

	mutex_lock(&ssi->lock_mutex);
	fd = host_lock_fd(inode);
	err = fd < 0 ? fd : host_test_range(fd, range);
	mutex_unlock(&ssi->lock_mutex);

	return err;
}

static int test_lock(struct file *file, struct file_lock *fl)
{
	struct host_range range = host_range_of(fl);
	int err;

	posix_test_lock(file, fl);
	if (fl->c.flc_type != F_UNLCK || range.lock == HOST_UNLOCKED)
		return 0;
	err = test_at_host(file_inode(file), &range);
	if (err || range.lock == HOST_UNLOCKED)
		return err;
	fl->c.flc_type = range.lock == HOST_SHARED ? F_RDLCK : F_WRLCK;
	fl->c.flc_pid = -1;
	fl->fl_start = range.start;
	fl->fl_end = range.end;

	return 0;
}

int coherent_flock(struct file *file, int cmd, struct file_lock *fl)
{
	if (lock_is_unlock(fl))
		return unlock_inode(file_inode(file), fl);

	return lock_inode(file_inode(file), fl);
}

int coherent_lock(struct file *file, int cmd, struct file_lock *fl)
{
	if (cmd == F_GETLK)
		return test_lock(file, fl);
	if (cmd == F_CANCELLK)
		return -EINVAL;

	return coherent_flock(file, cmd, fl);
}
