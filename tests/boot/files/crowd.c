// SPDX-License-Identifier: GPL-2.0
/*
 * Many programs that wait, and many files.
 *
 *   crowd wait COUNT           COUNT processes wait for input, and end with it
 *   crowd files COUNT WORD...  starts WORD... with COUNT files, and says how it ended
 *   crowd taken                reads in a child that is killed while it waits, then itself
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_all(int count)
{
	int ended = 0, status;

	while (wait(&status) > 0)
		ended += WIFEXITED(status) && !WEXITSTATUS(status);
	printf("%d of %d\n", ended, count);
	return ended != count;
}

static int wait_for(int count)
{
	char byte;

	for (int i = 0; i < count; i++) {
		if (fork())
			continue;
		_exit(read(0, &byte, 1) != 0);
	}
	printf("waiting\n");
	fflush(stdout);
	return wait_all(count);
}

static int files(int count, char **words)
{
	struct rlimit limit = { .rlim_cur = 65536, .rlim_max = 65536 };
	int status;

	setrlimit(RLIMIT_NOFILE, &limit);
	if (!fork()) {
		for (int i = 0; i < count; i++)
			if (open("/tmp/many", O_RDWR | O_CREAT | O_APPEND, 0600) < 0)
				_exit(97);
		execvp(words[0], words);
		_exit(96);
	}
	wait(&status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 95;
}

static int taken(void)
{
	char text[16] = "";
	pid_t child = fork();

	if (!child)
		_exit(read(0, text, 1) < 0);
	usleep(100000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("killed\n");
	fflush(stdout);
	printf("%zd %s\n", read(0, text, sizeof(text) - 1), text);
	return 0;
}

int main(int count, char **arguments)
{
	if (count == 3 && !strcmp(arguments[1], "wait"))
		return wait_for(atoi(arguments[2]));
	if (count > 3 && !strcmp(arguments[1], "files"))
		return files(atoi(arguments[2]), arguments + 3);
	return taken();
}
