/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Execution of a program on another node, without a library.
 */
#ifndef SSI_TESTS_MIGRATE_REXEC_H
#define SSI_TESTS_MIGRATE_REXEC_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/ssi.h>

#define CHILD "/tmp/child"
/* The same, of root, with the bit that says so. */
#define ROOTED "/tmp/rooted"

/* Of linux/prctl.h, since Linux 6.3. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#define PR_GET_MDWE 66
#endif

extern char **environ;

static inline int open_ssi(void)
{
	return open("/dev/ssi", O_RDWR | O_CLOEXEC);
}

/* Returns only with an error. */
static inline int rexec_by(int device, int node, const char *path, char **argv)
{
	struct ssi_rexecve wanted = {
		.node = node,
		.path = (unsigned long)path,
		.argv = (unsigned long)argv,
		.envp = (unsigned long)environ,
	};

	return ioctl(device, SSI_REXECVE, &wanted);
}

/* The same, for who can open the device now. Without a node, 0, it is execve(2). */
static inline int rexec(int node, const char *path, char **argv)
{
	int device;

	if (!node)
		return execve(path, argv, environ);
	device = open_ssi();
	return device < 0 ? device : rexec_by(device, node, path, argv);
}

#endif
