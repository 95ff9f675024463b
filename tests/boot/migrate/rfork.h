/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fork on another node, without a library.
 */
#ifndef SSI_TESTS_MIGRATE_RFORK_H
#define SSI_TESTS_MIGRATE_RFORK_H

#include "rexec.h"

/* As fork(2), on a node. */
static inline pid_t rfork(int node)
{
	struct ssi_rfork wanted = { .node = node };
	int device = open_ssi();
	pid_t child = device < 0 ? device : ioctl(device, SSI_RFORK, &wanted);
	int error = errno;

	close(device);
	errno = error;
	return child;
}

#endif
