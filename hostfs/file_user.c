// SPDX-License-Identifier: GPL-2.0
/*
 * The host's files, by fd.
 *
 * What an open file is used for. Positions are always given, except that an
 * append learns from the fd's own where it ended.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

/*
 * A change within this time of the last one may leave the times as they are:
 * hosts count them in ticks of up to 10 ms.
 */
#define TIMES_GRAIN_NS 20000000LL

int read_file(int fd, unsigned long long *offset, char *buf, int len)
{
	int n = pread64(fd, buf, len, *offset);

	if (n < 0)
		return -errno;
	*offset += n;
	return n;
}

int write_file(int fd, unsigned long long *offset, const char *buf, int len)
{
	int n = pwrite64(fd, buf, len, *offset);

	if (n < 0)
		return -errno;
	*offset += n;
	return n;
}

int host_append(int fd, const char *buf, int len, long long *end)
{
	struct iovec iov = { (void *)buf, len };
	int n = pwritev2(fd, &iov, 1, -1, RWF_APPEND);

	if (n < 0)
		return -errno;
	*end = lseek64(fd, 0, SEEK_CUR);
	return *end < 0 ? -errno : n;
}

int lseek_file(int fd, long long offset, int whence)
{
	return lseek64(fd, offset, whence) < 0 ? -errno : 0;
}

int fsync_file(int fd, int datasync)
{
	int ret = datasync ? fdatasync(fd) : fsync(fd);

	return ret < 0 ? -errno : 0;
}

int replace_file(int oldfd, int fd)
{
	return dup3(oldfd, fd, O_CLOEXEC) < 0 ? -errno : 0;
}

void close_file(void *stream)
{
	close(*(int *)stream);
}

static int is_young(const struct timespec *now,
		    const struct hostfs_timespec *change)
{
	long long age_s = now->tv_sec - change->tv_sec;

	if (age_s > 1)
		return 0;
	return age_s * 1000000000LL + now->tv_nsec - change->tv_nsec <
	       TIMES_GRAIN_NS;
}

int host_is_young(const struct hostfs_stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return is_young(&now, &st->mtime) || is_young(&now, &st->ctime);
}
