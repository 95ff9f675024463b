// SPDX-License-Identifier: GPL-2.0
/*
 * Sender of signals.
 *
 * send UID PID SIGNAL			kill(2), as user UID
 * send UID PID SIGNAL COUNT FIRST	COUNT times with a value, from FIRST on
 * send crowd COUNT			starts COUNT processes that wait for a signal and
 *					prints their numbers, then waits for their ends
 *
 * Prints its own number, and at the end the result or the name of the error. Signals the
 * receiver has no room for are sent again.
 */
#include "say.h"

#include <grp.h>
#include <signal.h>
#include <sys/wait.h>

static int queue(pid_t pid, int number, int count, int first)
{
	for (int at = 0; at < count; at++) {
		union sigval value = { .sival_int = first + at };

		while (sigqueue(pid, number, value)) {
			if (errno != EAGAIN)
				return -1;
			usleep(1000);
		}
	}
	return 0;
}

static int crowd(int count)
{
	int left = count;

	while (count--) {
		pid_t pid = fork();

		if (!pid) {
			/* Half of them end by themselves meanwhile. */
			usleep(count % 2 ? 1000 * (count % 50) : 60000000);
			_exit(0);
		}
		if (pid < 0)
			return -1;
		printf("%d\n", pid);
		fflush(stdout);
	}
	while (left && wait(NULL) > 0)
		left--;
	return left ? -1 : 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "crowd")) {
		say("crowd", crowd(atoi(argv[2])));
		return 0;
	}
	if (argc != 4 && argc != 6)
		return 2;
	uid_t uid = atoi(argv[1]);
	pid_t pid = atoi(argv[2]);
	int number = atoi(argv[3]);

	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return 2;
	printf("%d\n", getpid());
	if (argc == 6)
		say("queue", queue(pid, number, atoi(argv[4]), atoi(argv[5])));
	else
		say("kill", kill(pid, number));
	return 0;
}
