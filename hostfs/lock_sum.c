// SPDX-License-Identifier: GPL-2.0
/*
 * The sum of a node's locks.
 *
 * What the locks of this node's processes on a file come to is what the node
 * holds on the host: the strongest flock(2), and for each byte the strongest
 * lock that covers it.
 */

#include <linux/filelock.h>
#include <linux/fs.h>

#include "coherent.h"
#include "lock.h"

enum host_lock host_lock_of(const struct file_lock *fl)
{
	switch (fl->c.flc_type) {
	case F_RDLCK:
		return HOST_SHARED;
	case F_WRLCK:
		return HOST_EXCLUSIVE;
	default:
		return HOST_UNLOCKED;
	}
}

struct host_range host_range_of(const struct file_lock *fl)
{
	return (struct host_range){
		.lock = host_lock_of(fl),
		.start = fl->fl_start,
		.end = fl->fl_end,
	};
}

/* The fd this node's locks hang on, opened when it is first needed. */
int host_lock_fd(struct inode *inode)
{
	struct ssi_hostfs_inode *ssi = ssi_hostfs_inode(inode);
	int fd;

	if (ssi->lock_fd < 0) {
		fd = host_open_lock(hostfs_fd(inode));
		if (fd < 0)
			return fd;
		ssi->lock_fd = fd;
	}
	return ssi->lock_fd;
}

static enum host_lock strongest_flock(struct inode *inode)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	enum host_lock lock = HOST_UNLOCKED;
	struct file_lock *fl;

	if (!ctx)
		return lock;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_flock, c.flc_list)
		lock = max(lock, host_lock_of(fl));
	spin_unlock(&ctx->flc_lock);

	return lock;
}

/* The longest range from @start, not beyond @end, that is locked in one way. */
static struct host_range uniform_range(struct inode *inode, loff_t start,
				       loff_t end)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	struct host_range range = { HOST_UNLOCKED, start, end };
	struct file_lock *fl;

	if (!ctx)
		return range;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_posix, c.flc_list) {
		if (fl->fl_end < start || fl->fl_start > range.end)
			continue;
		if (fl->fl_start > start) {
			range.end = fl->fl_start - 1;
			continue;
		}
		range.lock = max(range.lock, host_lock_of(fl));
		range.end = min_t(loff_t, range.end, fl->fl_end);
	}
	spin_unlock(&ctx->flc_lock);

	return range;
}

/* Makes the host's lock on a range what the local ones come to. */
static int settle_ranges(struct inode *inode, loff_t start, loff_t end)
{
	const int fd = host_lock_fd(inode);
	struct host_range range;
	int err;

	if (fd < 0)
		return fd;
	for (;;) {
		range = uniform_range(inode, start, end);
		err = host_lock_range(fd, &range);
		if (err || range.end == end)
			return err;
		start = range.end + 1;
	}
}

void settle_host_locks(struct inode *inode, const struct file_lock *fl,
		       const struct host_range *range)
{
	int err;

	if (fl->c.flc_flags & FL_FLOCK)
		err = host_flock(host_lock_fd(inode), strongest_flock(inode));
	else
		err = settle_ranges(inode, range->start, range->end);
	if (err)
		pr_warn_ratelimited("hostfs: the host keeps a lock of inode %llu: error %d\n",
				    (unsigned long long)inode->i_ino, err);
}

void ssi_hostfs_evict_inode(struct inode *inode)
{
	struct ssi_hostfs_inode *ssi = ssi_hostfs_inode(inode);

	if (ssi->lock_fd >= 0)
		close_file(&ssi->lock_fd);
}
