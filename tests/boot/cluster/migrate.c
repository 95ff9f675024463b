// SPDX-License-Identifier: GPL-2.0
/*
 * A program of the library that goes to a node.
 *
 * migrate NODE: says where it is behind the call, or the error by its name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/cluster.h>

int main(int argc, char **argv)
{
	int before = getpid(), gone = migrate(argc < 2 ? 0 : atoi(argv[1]));

	if (gone)
		printf("%d %s\n", gone, strerrorname_np(errno));
	else
		printf("%s on %d\n", getpid() == before ? "the same" : "another",
		       clusternode_num());
	return 0;
}
