// SPDX-License-Identifier: GPL-2.0
/*
 * Locks on the host's files.
 *
 * A node's locks on a file are those of one open file description: flock()
 * locks and "open file description" byte ranges. The host drops them when the
 * node dies, for then its fds are closed. Nothing here waits: a host call that
 * does would stop the whole kernel.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

#include "name_user.h"

static int reopen(int fd, int mode)
{
	return open64(fd_path(fd).text, mode | O_KERNEL);
}

/*
 * A write lock wants an fd that may write. When the mode of the file does not
 * allow another one (any more), the fd in hand may still be such.
 */
int host_open_lock(int fd)
{
	int lock_fd = reopen(fd, O_RDWR);

	if (lock_fd < 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
		lock_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (lock_fd < 0)
		lock_fd = reopen(fd, O_RDONLY);
	if (lock_fd < 0)
		lock_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return lock_fd < 0 ? -errno : lock_fd;
}

static int lock_outcome(int ret)
{
	if (ret == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int host_flock(int fd, enum host_lock lock)
{
	static const int ops[] = {
		[HOST_UNLOCKED] = LOCK_UN,
		[HOST_SHARED] = LOCK_SH,
		[HOST_EXCLUSIVE] = LOCK_EX,
	};

	return lock_outcome(flock(fd, ops[lock] | LOCK_NB));
}

static struct flock64 to_flock(const struct host_range *range)
{
	static const short types[] = {
		[HOST_UNLOCKED] = F_UNLCK,
		[HOST_SHARED] = F_RDLCK,
		[HOST_EXCLUSIVE] = F_WRLCK,
	};
	const int is_open_ended = range->end == LLONG_MAX;

	return (struct flock64){
		.l_type = types[range->lock],
		.l_whence = SEEK_SET,
		.l_start = range->start,
		.l_len = is_open_ended ? 0 : range->end - range->start + 1,
	};
}

int host_lock_range(int fd, const struct host_range *range)
{
	struct flock64 lock = to_flock(range);

	return lock_outcome(fcntl(fd, F_OFD_SETLK, &lock));
}

int host_test_range(int fd, struct host_range *range)
{
	struct flock64 lock = to_flock(range);

	if (fcntl(fd, F_OFD_GETLK, &lock))
		return -errno;
	switch (lock.l_type) {
	case F_RDLCK:
		range->lock = HOST_SHARED;
		break;
	case F_WRLCK:
		range->lock = HOST_EXCLUSIVE;
		break;
	default:
		range->lock = HOST_UNLOCKED;
		return 0;
	}
	range->start = lock.l_start;
	range->end = lock.l_len ? lock.l_start + lock.l_len - 1 : LLONG_MAX;
	return 0;
}
