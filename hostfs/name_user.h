/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host_name as arguments of system calls.
 *
 * The host resolves one component at a time and never follows a symlink, so
 * what is reached is in the directory that was looked up, whatever other
 * kernels do to the tree at the same time.
 */
#ifndef SSI_HOSTFS_NAME_USER_H
#define SSI_HOSTFS_NAME_USER_H

#include <errno.h>
#include <fcntl.h>

#include "host.h"

/* What is to be opened may have become a fifo or a symlink. */
#define O_UNTRUSTED (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

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

/* The file itself: a directory is reached though its name has changed. */
static inline int is_held(const char *name)
{
	return host_name(name)->self >= 0;
}

static inline int file_dir(const char *name)
{
	return is_held(name) ? host_name(name)->self : host_name(name)->parent;
}

static inline const char *file_path(const char *name)
{
	return is_held(name) ? "." : host_name(name)->entry;
}

#define FILE_OF(name) file_dir(name), file_path(name)

#endif
