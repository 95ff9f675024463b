// SPDX-License-Identifier: GPL-2.0
/*
 * The roots of mounts.
 *
 * The only host paths hostfs uses: the directory given by hostfs= and what a
 * mount adds to it. The first is the user's and followed as it is. The second
 * comes from the guest and is resolved as if the first were "/", whatever ".."
 * and symlinks there are in it.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host.h"

/* The value of hostfs=, which every path begins with. */
static char confines[PATH_MAX];

static int open_beneath(int dir, const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
}

int host_open_root(const char *path)
{
	const char *dir = *confines ? confines : "/";
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int root;

	if (fd < 0)
		return -errno;
	root = open_beneath(fd, path + strlen(confines));
	if (root < 0)
		root = -errno;
	close(fd);
	return root;
}

int host_prepare(const char *root)
{
	struct rlimit limit;

	if (snprintf(confines, sizeof(confines), "%s", root) >= PATH_MAX)
		return -ENAMETOOLONG;

	/* Every file and directory in use costs an fd. */
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}

	/* The guest's processes have masks of their own. */
	umask(0);
	return 0;
}

int do_statfs(char *root, long *bsize_out, long long *blocks_out,
	      long long *bfree_out, long long *bavail_out,
	      long long *files_out, long long *ffree_out,
	      void *fsid_out, int fsid_size, long *namelen_out)
{
	struct statfs64 buf;
	int fd = host_open_root(root), err;

	if (fd < 0)
		return fd;
	err = fstatfs64(fd, &buf) < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;

	*bsize_out = buf.f_bsize;
	*blocks_out = buf.f_blocks;
	*bfree_out = buf.f_bfree;
	*bavail_out = buf.f_bavail;
	*files_out = buf.f_files;
	*ffree_out = buf.f_ffree;
	if (fsid_size > (int)sizeof(buf.f_fsid))
		fsid_size = sizeof(buf.f_fsid);
	memcpy(fsid_out, &buf.f_fsid, fsid_size);
	*namelen_out = buf.f_namelen;
	return 0;
}
