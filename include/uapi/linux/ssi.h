/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The device /dev/ssi.
 */
#ifndef _UAPI_LINUX_SSI_H
#define _UAPI_LINUX_SSI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * Look for the program there as execvp(3) does: a name without a slash in each folder of
 * @folders, and what has not the form of a program is run by /bin/sh.
 */
#define SSI_REXECVE_SEARCH	1

/*
 * A program for node @node. @path, @argv and @envp are addresses, the latter two of
 * arrays as for execve(2), or 0. @flags is 0 or SSI_REXECVE_SEARCH; only with that is
 * @folders the address of a text as PATH has, otherwise it is 0.
 */
struct ssi_rexecve {
	__u32 node;
	__u32 flags;
	__u64 path;
	__u64 argv;
	__u64 envp;
	__u64 folders;
};

/*
 * Executes it there, as execve(2) does here; returns only with an error. The number has
 * the size of the structure in it: a kernel that knows another one says ENOTTY.
 */
#define SSI_REXECVE	_IOW(0xC5, 1, struct ssi_rexecve)

/* A child on node @node. @flags is 0. */
struct ssi_rfork {
	__u32 node;
	__u32 flags;
};

/*
 * Forks it, as fork(2) does here: gives 0 in the child and its number in the caller.
 * Nothing but the calling thread is in the child, and no library of the caller knows of it.
 */
#define SSI_RFORK	_IOW(0xC5, 2, struct ssi_rfork)

/* Node @node, where the calling process shall go on. @flags is 0. */
struct ssi_migrate {
	__u32 node;
	__u32 flags;
};

/*
 * Moves it: gives 0 there, or an error here, and then it has not moved. It needs no library
 * and notices nothing but that.
 */
#define SSI_MIGRATE	_IOW(0xC5, 3, struct ssi_migrate)

#endif /* _UAPI_LINUX_SSI_H */
