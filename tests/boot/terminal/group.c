// SPDX-License-Identifier: GPL-2.0
/*
 * A group is put into the foreground by somebody of its session.
 *
 * group BY COMMAND...: leads a session with a terminal, and runs COMMAND for the program
 * that makes the group, and the words in BY for the one that puts it there. Prints what
 * came of it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL 3
#define NEWS 4
#define ORDERS 5

static const char *self;

/* In the foreground it reads a line. */
static int member(void)
{
	char line[8] = "";
	int fd = open("/dev/tty", O_RDWR);

	alarm(30);
	return fd < 0 || read(fd, line, sizeof(line)) != 5 || strcmp(line, "line\n");
}

/* Makes a group, tells its number and how its member ended; then one of a session. */
static int maker(void)
{
	int status = 0, number;
	pid_t child;
	char byte;

	for (int i = 0; i < 2; i++) {
		child = fork();
		if (!child) {
			if (i)
				setsid();
			else
				setpgid(0, 0);
			if (read(ORDERS, &byte, 1) != 1)
				_exit(2);
			_exit(i ? 0 : member());
		}
		setpgid(child, child);
		number = child;
		/* Until it is where it says. */
		while (getpgid(child) != child)
			usleep(1000);
		if (write(NEWS, &number, sizeof(number)) != sizeof(number))
			return 1;
		waitpid(child, &status, 0);
		if (write(NEWS, &status, sizeof(status)) != sizeof(status))
			return 1;
	}
	return 0;
}

static int put(const char *number)
{
	int group = atoi(number);
	int result;

	signal(SIGTTOU, SIG_IGN);
	result = tcsetpgrp(TERMINAL, group);
	printf(" put: %s\n", result < 0 ? strerrorname_np(errno) : "good");
	printf(" it is there: %s\n", tcgetpgrp(TERMINAL) == group ? "yes" : "no");
	return 0;
}

/* In words of a shell, which has the other arguments. */
static void run(const char *words, const char *what, const char *number)
{
	char text[256];

	snprintf(text, sizeof(text), "exec %s %s %s %s", words, self, what, number);
	fflush(stdout);
	execl("/bin/sh", "sh", "-c", text, NULL);
	_exit(127);
}

static void put_by(const char *words, int number)
{
	char digits[16];
	pid_t child;

	snprintf(digits, sizeof(digits), "%d", number);
	fflush(stdout);
	child = fork();
	if (!child)
		run(words, "put", digits);
	waitpid(child, NULL, 0);
}

static int hear(int news)
{
	int number = -1;

	if (read(news, &number, sizeof(number)) != sizeof(number))
		printf("nothing is heard\n");
	return number;
}

static void pair(int *master)
{
	int slave;

	*master = fcntl(posix_openpt(O_RDWR | O_NOCTTY), F_DUPFD, 30);
	if (grantpt(*master) || unlockpt(*master))
		exit(1);
	fcntl(*master, F_SETFD, FD_CLOEXEC);
	slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
	if (dup2(slave, 20) < 0 || dup2(20, TERMINAL) < 0)
		exit(1);
	close(20);
	setsid();
	if (ioctl(TERMINAL, TIOCSCTTY, 0))
		exit(1);
}

/* 8 and 9 are those of this program; the others those of the one that makes groups. */
static void pipes(void)
{
	int ends[2];

	if (pipe(ends) || dup2(ends[0], 18) < 0 || dup2(ends[1], 14) < 0 || pipe(ends) ||
	    dup2(ends[0], 15) < 0 || dup2(ends[1], 19) < 0)
		exit(1);
	for (int fd = 4; fd < 12; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			close(fd);
	dup2(14, NEWS);
	dup2(15, ORDERS);
	for (int fd = 14; fd < 20; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int lead(const char *by, const char *words)
{
	int master, group;
	pid_t child;

	pair(&master);
	pipes();
	alarm(60);
	signal(SIGTTOU, SIG_IGN);
	child = fork();
	if (!child)
		run(words, "make", "");
	group = hear(18);
	printf("a group:\n");
	put_by(by, group);
	if (write(master, "line\n", 5) != 5 || write(19, "", 1) != 1)
		return 1;
	printf("it reads: %x\n", hear(18));
	tcsetpgrp(TERMINAL, getpgrp());
	printf("it is gone:\n");
	put_by(by, group);
	group = hear(18);
	printf("a group of another session:\n");
	put_by(by, group);
	if (write(19, "", 1) != 1)
		return 1;
	hear(18);
	waitpid(child, NULL, 0);
	printf("done\n");
	return 0;
}

int main(int argc, char **argv)
{
	pid_t child;

	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "make"))
		return maker();
	if (argc > 2 && !strcmp(argv[1], "put"))
		return put(argv[2]);
	if (argc < 3)
		return 1;
	child = fork();
	if (!child)
		exit(lead(argv[1], argv[2]));
	waitpid(child, NULL, 0);
	return 0;
}
