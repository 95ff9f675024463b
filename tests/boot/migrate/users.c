// SPDX-License-Identifier: GPL-2.0
/*
 * Users of a child.
 *
 *	users PROGRAM...	has a child execute it, and says which user waitid(2) and SIGCHLD
 *				name when it stops and when it ends
 *	users -WORD...		does what the words say, each an argument: setuid N, seteuid N,
 *				setgid N, stop, pause, exec PROGRAM...
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a parent takes to see that its child goes on. */
#define SEEN_US 500000

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void act(char **words)
{
	for (; *words; words++) {
		const char *word = *words;
		int error = 0;

		if (!strcmp(word, "exec")) {
			execvp(words[1], words + 1);
			die("exec");
		}
		if (!strcmp(word, "stop")) {
			raise(SIGSTOP);
			/* The parent waits for that alone. */
			usleep(SEEN_US);
		} else if (!strcmp(word, "pause"))
			pause();
		else if (!strcmp(word, "setuid"))
			error = setuid(atoi(*++words));
		else if (!strcmp(word, "seteuid"))
			error = seteuid(atoi(*++words));
		else if (!strcmp(word, "setgid"))
			error = setgid(atoi(*++words));
		else
			exit(2);
		if (error)
			die(word);
	}
	exit(0);
}

/* The signal is blocked, and comes when the child has changed. */
static void tell(const char *what, int flags)
{
	siginfo_t waited = {}, sent = {};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (sigwaitinfo(&child, &sent) < 0 || waitid(P_ALL, 0, &waited, flags))
		die(what);
	printf("%s: %u, by signal %u\n", what, waited.si_uid, sent.si_uid);
	if (waited.si_code == CLD_STOPPED)
		kill(waited.si_pid, SIGCONT);
}

static void watch(char **program)
{
	sigset_t child;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	pid = fork();
	if (!pid) {
		execvp(program[0], program);
		die(program[0]);
	}
	tell("stopped", WSTOPPED);
	/* That it goes on is said, too. */
	tell("continued", WCONTINUED);
	tell("ended", WEXITED);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (argv[1][0] == '-')
		act(argv + 2);
	watch(argv + 1);
	return 0;
}
