// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the host's files.
 *
 * Got and set by fd; by name only to see whether that still leads to the same
 * file. Times keep their nanoseconds, and "now" is the host's, the same for all
 * kernels.
 */

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "name_user.h"

static struct hostfs_timespec to_timespec(const struct statx_timestamp *t)
{
	return (struct hostfs_timespec){ t->tv_sec, t->tv_nsec };
}

static void statx_to_hostfs(const struct statx *buf, struct hostfs_stat *p)
{
	*p = (struct hostfs_stat){
		.ino = buf->stx_ino,
		.mode = buf->stx_mode,
		.nlink = buf->stx_nlink,
		.uid = buf->stx_uid,
		.gid = buf->stx_gid,
		.size = buf->stx_size,
		.atime = to_timespec(&buf->stx_atime),
		.mtime = to_timespec(&buf->stx_mtime),
		.ctime = to_timespec(&buf->stx_ctime),
		.blksize = buf->stx_blksize,
		.blocks = buf->stx_blocks,
		.rdev = { buf->stx_rdev_major, buf->stx_rdev_minor },
		.dev = { buf->stx_dev_major, buf->stx_dev_minor },
	};
	if (buf->stx_mask & STATX_BTIME)
		p->btime = to_timespec(&buf->stx_btime);
}

static int stat_at(int dir, const char *path, int flags, struct hostfs_stat *p)
{
	const unsigned int mask = STATX_BASIC_STATS | STATX_BTIME;
	struct statx buf;

	if (statx(dir, path, flags, mask, &buf) < 0)
		return -errno;
	statx_to_hostfs(&buf, p);
	return 0;
}

int stat_file(const char *path, struct hostfs_stat *p, int fd)
{
	if (fd >= 0)
		return stat_at(fd, "", AT_EMPTY_PATH, p);
	return stat_at(ENTRY(path), AT_SYMLINK_NOFOLLOW, p);
}

/* What is open for writing may be cut whatever its mode is by now. */
static int set_size(int fd, loff_t size)
{
	const int flags = fcntl(fd, F_GETFL);

	if (!(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY)
		return OUTCOME(ftruncate(fd, size));
	return OUTCOME(truncate(fd_path(fd).text, size));
}

static struct timespec time_to_set(int valid, int explicit,
				   const struct hostfs_timespec *time)
{
	if (!valid)
		return (struct timespec){ .tv_nsec = UTIME_OMIT };
	if (!explicit)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	return (struct timespec){ time->tv_sec, time->tv_nsec };
}

static int set_times(int fd, const struct hostfs_iattr *attrs)
{
	const unsigned int valid = attrs->ia_valid;
	struct timespec times[2] = {
		time_to_set(valid & HOSTFS_ATTR_ATIME,
			    valid & HOSTFS_ATTR_ATIME_SET, &attrs->ia_atime),
		time_to_set(valid & HOSTFS_ATTR_MTIME,
			    valid & HOSTFS_ATTR_MTIME_SET, &attrs->ia_mtime),
	};

	return OUTCOME(utimensat(AT_FDCWD, fd_path(fd).text, times, 0));
}

/* By the path of the fd, which may be an O_PATH one. */
int set_attr(const char *file, struct hostfs_iattr *attrs, int fd)
{
	const struct fd_path path = fd_path(fd);
	const unsigned int valid = attrs->ia_valid;
	int err = 0;

	if (valid & HOSTFS_ATTR_MODE)
		err = OUTCOME(chmod(path.text, attrs->ia_mode));
	if (!err && (valid & HOSTFS_ATTR_UID))
		err = OUTCOME(chown(path.text, attrs->ia_uid, -1));
	if (!err && (valid & HOSTFS_ATTR_GID))
		err = OUTCOME(chown(path.text, -1, attrs->ia_gid));
	if (!err && (valid & HOSTFS_ATTR_SIZE))
		/* The host sets the times of what it truncates. */
		return set_size(fd, attrs->ia_size);
	if (!err && (valid & (HOSTFS_ATTR_ATIME | HOSTFS_ATTR_MTIME)))
		err = set_times(fd, attrs);
	return err;
}
