/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host_name as arguments of system calls.
 *
 * What is reached is the file that was looked up, or a name in the directory
 * that was, whatever other kernels do to the tree at the same time: the host
 * resolves one component at a time and never follows a symlink.
 */
#ifndef SSI_HOSTFS_NAME_USER_H
#define SSI_HOSTFS_NAME_USER_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "host.h"

/* The kernel must not wait, nor its programs inherit. */
#define O_KERNEL (O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* 0 or a negative errno from what a system call returned. */
#define OUTCOME(ret) ((ret) < 0 ? -errno : 0)

/* A path, which names the root of a mount, and not a host_name. */
static inline int is_root_path(const char *name)
{
	return *name != '\0';
}

static inline const struct host_name *host_name(const char *name)
{
	return (const struct host_name *)name;
}

/* The entry of the parent, for what acts on names. */
#define ENTRY(name) host_name(name)->parent, host_name(name)->entry

/*
 * A path of the host to what an fd stands for. It ends there: not even a
 * symlink that an O_PATH fd stands for is followed.
 */
struct fd_path {
	char text[32];
};

static inline struct fd_path fd_path(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

/* The file itself, for what does not act on names. */
static inline struct fd_path self_path(const char *name)
{
	return fd_path(host_name(name)->self);
}

#endif
