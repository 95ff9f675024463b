// SPDX-License-Identifier: GPL-2.0
/*
 * A program of the library that forks on a node.
 *
 * rfork NODE: the child says where it is. Says how that ended, or the error by its name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/cluster.h>

int main(int argc, char **argv)
{
	int status, before = argc < 2 ? 0 : atoi(argv[1]);
	pid_t child = rfork(before);

	if (child == 0) {
		printf("child on %d of %d\n", clusternode_num(), before);
		return 7;
	}
	if (child < 0)
		printf("%d %s\n", child, strerrorname_np(errno));
	else if (waitpid(child, &status, 0) == child)
		printf("parent on %d: status %d\n", clusternode_num(), WEXITSTATUS(status));
	return 0;
}
