// SPDX-License-Identifier: GPL-2.0
/*
 * Groups and sessions of a process, as it sees and changes them.
 *
 * relate WORD...
 *	show		prints its pid, group and session
 *	lead		setsid(2)
 *	join GROUP	setpgid(0, GROUP)
 *	back		joins the group of its parent
 *	move PID GROUP	setpgid(PID, GROUP)
 *	wait		waits for ever
 * A call says its result, or what is wrong with it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *what, int result)
{
	printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "good");
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int at = 1; at < argc; at++) {
		const char *word = argv[at];

		if (!strcmp(word, "show")) {
			printf("pid %d group %d session %d\n", getpid(), getpgid(0), getsid(0));
		} else if (!strcmp(word, "lead")) {
			say(word, setsid());
		} else if (!strcmp(word, "join") && at + 1 < argc) {
			say(word, setpgid(0, atoi(argv[++at])));
		} else if (!strcmp(word, "back")) {
			say(word, setpgid(0, getpgid(getppid())));
		} else if (!strcmp(word, "move") && at + 2 < argc) {
			say(word, setpgid(atoi(argv[at + 1]), atoi(argv[at + 2])));
			at += 2;
		} else if (!strcmp(word, "wait")) {
			for (;;)
				pause();
		}
	}
	return 0;
}
