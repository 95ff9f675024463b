// SPDX-License-Identifier: GPL-2.0
/*
 * Member of a process group.
 *
 *	member FILE [UID]
 *
 * As user UID, with a child. Both tell FILE what they are and then each signal they get:
 * who took it, signal, code, sender.
 *
 *	parent ready PID PPID PGID
 *	child 35 0 65600
 *
 * The parent answers signal 50 by signal 51 to its group. SIGTERM ends either.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASKED 50
#define ANSWER 51
#define LINE_BYTES_MAX 128

static int file;
static const char *who = "parent";

static void tell(const char *what, int a, int b, int c)
{
	char line[LINE_BYTES_MAX];
	int length = snprintf(line, sizeof(line), "%s %s%d %d %d\n", who, what, a, b, c);

	if (write(file, line, length) != length)
		exit(1);
}

int main(int argc, char **argv)
{
	siginfo_t info;
	sigset_t all;

	file = argc < 2 ? -1 : open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (file < 0)
		return 2;
	if (argc > 2) {
		uid_t uid = atoi(argv[2]);

		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			return 2;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (!fork())
		who = "child";
	tell("ready ", getpid(), getppid(), getpgrp());
	for (;;) {
		if (sigwaitinfo(&all, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		if (info.si_signo == SIGTERM)
			return 0;
		tell("", info.si_signo, info.si_code, info.si_pid);
		if (info.si_signo == ASKED && !strcmp(who, "parent") && kill(0, ANSWER))
			tell("refused ", errno, 0, 0);
	}
}
