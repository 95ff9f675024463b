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
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/ssi.h>

#define CHILD "/tmp/child"

extern char **environ;

/* Returns only with an error. */
static inline int rexec(int node, const char *path, char **argv)
{
	struct ssi_rexecve wanted = {
		.node = node,
		.path = (unsigned long)path,
		.argv = (unsigned long)argv,
		.envp = (unsigned long)environ,
	};
	int device = open("/dev/ssi", O_RDWR | O_CLOEXEC);

	return device < 0 ? device : ioctl(device, SSI_REXECVE, &wanted);
}

#endif
