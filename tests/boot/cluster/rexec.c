// SPDX-License-Identifier: GPL-2.0
/*
 * A program of the library that becomes another on a node.
 *
 * rexec CALL NODE FILE [WORD]...: executes FILE on NODE by that call. The words of the
 * program are its name and two others, "" where there is none. Says the error by its name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/cluster.h>

static char *const environment[] = { "PATH=/bin:/usr/bin", "GIVEN=yes", NULL };

static int begin(const char *call, int node, const char *file, char **words)
{
	char *first = words[0] ? words[0] : "";
	char *argv[] = { basename(file), first, words[0] && words[1] ? words[1] : "", NULL };

	if (!strcmp(call, "rexecve"))
		return rexecve(file, argv, environment, node);
	if (!strcmp(call, "rexecv"))
		return rexecv(file, argv, node);
	if (!strcmp(call, "rexecvp"))
		return rexecvp(file, argv, node);
	if (!strcmp(call, "rexecl"))
		return rexecl(file, argv[0], argv[1], argv[2], NULL, node);
	if (!strcmp(call, "rexeclp"))
		return rexeclp(file, argv[0], argv[1], argv[2], NULL, node);
	if (!strcmp(call, "rexecle"))
		return rexecle(file, argv[0], argv[1], argv[2], NULL, environment, node);
	/* Addresses nothing is at. */
	if (!strcmp(call, "nowhere"))
		return rexecve((const char *)16, argv, environment, node);
	if (!strcmp(call, "no-words"))
		return rexecve(file, (char *const *)16, environment, node);
	if (!strcmp(call, "no-environment"))
		return rexecve(file, argv, NULL, node);
	errno = ENOSYS;
	return -1;
}

int main(int argc, char **argv)
{
	int status, result;
	pid_t child;

	if (argc < 4)
		return 2;
	/* As a child, which is what most do. */
	child = fork();
	if (child == 0) {
		result = begin(argv[1], atoi(argv[2]), argv[3], argv + 4);
		printf("%d %s\n", result, strerrorname_np(errno));
		fflush(stdout);
		_exit(99);
	}
	if (waitpid(child, &status, 0) != child)
		return 98;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
