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
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "host.h"

int host_open_lock(int fd)
{
	static const int modes[] = { O_RDWR, O_RDONLY, O_WRONLY };
	char path[FD_PATH_BYTES];
	unsigned int i;
	int lock_fd = -1;

	snprintf(path, sizeof(path), FD_PATH, fd);
	for (i = 0; i < ARRAY_SIZE(modes) && lock_fd < 0; i++)
		lock_fd = open64(path, modes[i] | O_NONBLOCK | O_NOCTTY |
				       O_CLOEXEC);
	/* Opened once, but not again: the modes were changed, or /proc is not there. */
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
