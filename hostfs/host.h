/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's side, beyond hostfs.h.
 *
 * Seen by both sides, so only plain C types. Functions return what they are
 * for, or a negative errno; none of them waits for another kernel.
 */
#ifndef SSI_HOSTFS_HOST_H
#define SSI_HOSTFS_HOST_H

#include <linux/limits.h>

#include "hostfs.h"

/*
 * What the functions of hostfs.h take for a path.
 *
 * What acts on a file uses its fd, so it reaches what was looked up. What acts
 * on a name uses the fd of the directory and one component, so there is no
 * path that another kernel could bend with a rename or a symlink: what happens
 * to the directory, the fd is still that directory, and nothing leaves the
 * root by it. A path, to where a plain string is, is only used for the root of
 * a mount.
 */
struct host_name {
	char mark;	/* NUL, which no path begins with */
	int parent;	/* fd of the directory */
	int self;	/* fd of the file itself, or -1 if it is not known */
	char entry[];	/* one component, never ".." */
};

/* One character too many, so that the host refuses what is too long. */
#define HOST_ENTRY_BYTES_MAX (NAME_MAX + 1)

/* A name and room for it; @bytes is what is passed. */
union host_name_buffer {
	struct host_name name;
	char bytes[sizeof(struct host_name) + HOST_ENTRY_BYTES_MAX + 1];
};

enum host_lock {
	HOST_UNLOCKED,
	HOST_SHARED,
	HOST_EXCLUSIVE,
};

/* A lock on the bytes from @start to @end, both included. */
struct host_range {
	enum host_lock lock;
	long long start;
	long long end;
};

/*
 * Once before the first mount: @root, the value of hostfs=, confines them all.
 * Changes the limit of open files and the umask of the whole process.
 */
int host_prepare(const char *root);

/* An O_PATH fd of a mount's root, which is not outside of hostfs=. */
int host_open_root(const char *path);

/* An O_PATH fd of what the name leads to now, whatever it is. */
int host_hold(const char *name);

/*
 * Appends in one step. Returns the number of bytes and where they end. The
 * fd's own position must not be in use by anybody else meanwhile.
 */
int host_append(int fd, const char *buf, int len, long long *end);

/* Whether the file changed so lately that a change now could keep its times. */
int host_is_young(const struct hostfs_stat *st);

/* A second, independent way into the file of @fd to hang locks on. */
int host_open_lock(int fd);

/* -EAGAIN if the lock conflicts with somebody else's on the host. */
int host_flock(int fd, enum host_lock lock);
int host_lock_range(int fd, const struct host_range *range);

/* Turns the range into the first lock that conflicts with it, if any. */
int host_test_range(int fd, struct host_range *range);

#endif
