// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the host's files.
 *
 * By fd if there is a usable one, else by name. Times keep their nanoseconds,
 * and "now" is the host's, the same for all kernels.
 */

#include <stdio.h>
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

static int stat_root(const char *path, struct hostfs_stat *p)
{
	int fd = host_open_root(path), err;

	if (fd < 0)
		return fd;
	err = stat_at(fd, "", AT_EMPTY_PATH, p);
	close(fd);
	return err;
}

int stat_file(const char *path, struct hostfs_stat *p, int fd)
{
	if (fd >= 0)
		return stat_at(fd, "", AT_EMPTY_PATH, p);
	if (is_root_path(path))
		return stat_root(path, p);
	return stat_at(ENTRY(path), AT_SYMLINK_NOFOLLOW, p);
}

/*
 * What attributes are set of: by @fd if it is open, else by @path, which leads
 * to the very file that was looked up.
 */
struct target {
	int fd;
	int opened;
	char path[FD_PATH_BYTES];
};

/* Whether @fd allows @access (O_RDONLY: any); an O_PATH fd allows nothing. */
static int is_open_for(int fd, int access)
{
	int flags = fd < 0 ? O_PATH : fcntl(fd, F_GETFL);

	if (flags & O_PATH)
		return 0;
	return access == O_RDONLY || (flags & O_ACCMODE) != O_RDONLY;
}

static int open_named(const char *file)
{
	struct hostfs_stat st;
	int fd = openat64(ENTRY(file), O_PATH | O_UNTRUSTED);
	int err;

	if (fd < 0)
		return -errno;
	err = stat_at(fd, "", AT_EMPTY_PATH, &st);
	if (!err && st.ino == host_name(file)->ino)
		return fd;
	close(fd);
	return err ? err : -ESTALE;
}

static int open_target(struct target *target, const char *file, int fd,
		       int access)
{
	target->fd = -1;
	target->opened = -1;
	if (is_open_for(fd, access)) {
		target->fd = fd;
		return 0;
	}
	if (fd < 0) {
		fd = open_named(file);
		target->opened = fd;
	}
	if (fd < 0)
		return fd;
	snprintf(target->path, sizeof(target->path), FD_PATH, fd);
	return 0;
}

static void close_target(const struct target *target)
{
	if (target->opened >= 0)
		close(target->opened);
}

static int set_mode(const struct target *target, mode_t mode)
{
	if (target->fd >= 0)
		return OUTCOME(fchmod(target->fd, mode));
	return OUTCOME(chmod(target->path, mode));
}

static int set_owner(const struct target *target, uid_t uid, gid_t gid)
{
	if (target->fd >= 0)
		return OUTCOME(fchown(target->fd, uid, gid));
	return OUTCOME(chown(target->path, uid, gid));
}

static int set_size(const struct target *target, loff_t size)
{
	if (target->fd >= 0)
		return OUTCOME(ftruncate(target->fd, size));
	return OUTCOME(truncate(target->path, size));
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

static int set_times(const struct target *target,
		     const struct hostfs_iattr *attrs)
{
	const unsigned int valid = attrs->ia_valid;
	struct timespec times[2] = {
		time_to_set(valid & HOSTFS_ATTR_ATIME,
			    valid & HOSTFS_ATTR_ATIME_SET, &attrs->ia_atime),
		time_to_set(valid & HOSTFS_ATTR_MTIME,
			    valid & HOSTFS_ATTR_MTIME_SET, &attrs->ia_mtime),
	};

	if (target->fd >= 0)
		return OUTCOME(futimens(target->fd, times));
	return OUTCOME(utimensat(AT_FDCWD, target->path, times, 0));
}

static int set_all(const struct target *target,
		   const struct hostfs_iattr *attrs)
{
	const unsigned int valid = attrs->ia_valid;
	int err = 0;

	if (valid & HOSTFS_ATTR_MODE)
		err = set_mode(target, attrs->ia_mode);
	if (!err && (valid & HOSTFS_ATTR_UID))
		err = set_owner(target, attrs->ia_uid, -1);
	if (!err && (valid & HOSTFS_ATTR_GID))
		err = set_owner(target, -1, attrs->ia_gid);
	if (!err && (valid & HOSTFS_ATTR_SIZE))
		/* The host sets the times of what it truncates. */
		return set_size(target, attrs->ia_size);
	if (!err && (valid & (HOSTFS_ATTR_ATIME | HOSTFS_ATTR_MTIME)))
		err = set_times(target, attrs);
	return err;
}

int set_attr(const char *file, struct hostfs_iattr *attrs, int fd)
{
	const int access = attrs->ia_valid & HOSTFS_ATTR_SIZE ? O_WRONLY :
								O_RDONLY;
	struct target target;
	int err = open_target(&target, file, fd, access);

	if (err)
		return err;
	err = set_all(&target, attrs);
	close_target(&target);
	return err;
}
