/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The device /dev/ssi.
 */
#ifndef _UAPI_LINUX_SSI_H
#define _UAPI_LINUX_SSI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * A program for node @node. @path, @argv and @envp are addresses, the latter two of
 * arrays as for execve(2), or 0. @flags is 0.
 */
struct ssi_rexecve {
	__u32 node;
	__u32 flags;
	__u64 path;
	__u64 argv;
	__u64 envp;
};

/* Executes it there, as execve(2) does here; returns only with an error. */
#define SSI_REXECVE	_IOW(0xC5, 1, struct ssi_rexecve)

#endif /* _UAPI_LINUX_SSI_H */
