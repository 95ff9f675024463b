// SPDX-License-Identifier: GPL-2.0
/*
 * Owner of a file.
 *
 *	owner WORD...
 *
 * Does what the words say, one after another, and says what came of it. A NUMBER of a process
 * may be self or group.
 *
 *	pipe, pair, tcp, pty	opens 3 and 4: what is written to 4 can be read from 3
 *	exec WORD...		becomes that program
 *	user UID		is that user from now on
 *	process FD NUMBER	makes somebody the owner: F_SETOWN_EX
 *	thread FD NUMBER	the same for a thread
 *	group FD NUMBER		and for a group
 *	own FD NUMBER		F_SETOWN
 *	socket FD NUMBER	FIOSETOWN
 *	get FD			F_GETOWN, F_GETOWN_EX, F_GETSIG, O_ASYNC
 *	socket? FD		FIOGETOWN
 *	signal FD NUMBER	F_SETSIG
 *	async FD, fioasync FD	has signals sent
 *	quiet FD		stops that
 *	write FD, urgent FD	writes a byte, or sends it as urgent
 *	block SIGNAL		has it wait
 *	take SIGNAL		waits for it and says what is known of it, but for none
 *	none SIGNAL		there is none half a second later
 *	pause			waits for a line on standard input
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define TAKE_SECONDS 10

#ifndef FIOSETOWN
#define FIOSETOWN 0x8901
#define FIOGETOWN 0x8903
#endif

static char **words;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static const char *next(void)
{
	if (!*words) {
		fprintf(stderr, "owner: a word is missing\n");
		exit(2);
	}
	return *words++;
}

static int number(void)
{
	const char *word = next();

	if (!strcmp(word, "self"))
		return getpid();
	if (!strcmp(word, "group"))
		return getpgrp();
	return atoi(word);
}

static void tell(const char *what, int result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerrorname_np(errno));
	else
		printf("%s: good\n", what);
	fflush(stdout);
}

static void put_at(int one, int other)
{
	if (dup2(one, 13) < 0 || dup2(other, 14) < 0 || dup2(13, 3) < 0 || dup2(14, 4) < 0)
		die("dup2");
	close(13);
	close(14);
}

static void open_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t bytes = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int other = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, bytes) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &bytes) ||
	    connect(other, (struct sockaddr *)&address, bytes))
		die("tcp");
	put_at(accept(listener, NULL, NULL), other);
}

static int open_both(const char *word)
{
	struct termios raw;
	int both[2];

	if (!strcmp(word, "pipe")) {
		if (pipe(both))
			die("pipe");
		put_at(both[0], both[1]);
	} else if (!strcmp(word, "pair")) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, both))
			die("socketpair");
		put_at(both[0], both[1]);
	} else if (!strcmp(word, "tcp")) {
		open_tcp();
	} else if (!strcmp(word, "pty")) {
		if (openpty(&both[0], &both[1], NULL, NULL, NULL))
			die("openpty");
		tcgetattr(both[1], &raw);
		cfmakeraw(&raw);
		tcsetattr(both[1], TCSANOW, &raw);
		put_at(both[1], both[0]);
	} else {
		return 0;
	}
	return 1;
}

static void set(const char *word, int type)
{
	struct f_owner_ex owner = { .type = type };
	int fd = number();

	owner.pid = number();
	tell(word, fcntl(fd, F_SETOWN_EX, &owner));
}

static void own(void)
{
	int fd = number();

	tell("own", fcntl(fd, F_SETOWN, number()));
}

static void own_socket(void)
{
	int fd = number(), who = number();

	tell("socket", ioctl(fd, FIOSETOWN, &who));
}

/* Its own number says nothing. */
static const char *name_of(int who)
{
	static char name[16];

	if (who == getpid())
		return "self";
	if (who == -getpgrp())
		return "own group";
	snprintf(name, sizeof(name), "%d", who);
	return name;
}

static void get(void)
{
	struct f_owner_ex owner = {};
	int fd = number(), who = fcntl(fd, F_GETOWN);

	if (fcntl(fd, F_GETOWN_EX, &owner))
		die("F_GETOWN_EX");
	printf("get: %s, ", name_of(who));
	printf("type %d %s, ", owner.type, name_of(owner.type == F_OWNER_PGRP ? -owner.pid : owner.pid));
	printf("signal %d, async %d\n", fcntl(fd, F_GETSIG), !!(fcntl(fd, F_GETFL) & O_ASYNC));
	fflush(stdout);
}

static void get_socket(void)
{
	int who;

	tell("socket?", ioctl(number(), FIOGETOWN, &who));
	printf("it is %s\n", name_of(who));
	fflush(stdout);
}

static void choose(void)
{
	int fd = number();

	tell("signal", fcntl(fd, F_SETSIG, number()));
}

static void notify(int on)
{
	int fd = number(), flags = fcntl(fd, F_GETFL);

	tell("async", fcntl(fd, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC));
}

static void notify_by_ioctl(void)
{
	int on = 1;

	tell("fioasync", ioctl(number(), FIOASYNC, &on));
}

static sigset_t one(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return set;
}

static void take(int seconds, int nanoseconds)
{
	struct timespec limit = { .tv_sec = seconds, .tv_nsec = nanoseconds };
	int signal = number();
	sigset_t set = one(signal);
	siginfo_t info = {};
	int got;

	do
		got = sigtimedwait(&set, &info, &limit);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		printf("signal %d: none\n", signal);
	else if (info.si_code == SI_KERNEL)
		printf("signal %d: of the kernel\n", signal);
	else
		printf("signal %d: code %d band %lx file %d\n", signal, info.si_code, info.si_band,
		       info.si_fd);
	fflush(stdout);
}

static void block(void)
{
	sigset_t set = one(number());

	if (sigprocmask(SIG_BLOCK, &set, NULL))
		die("sigprocmask");
}

static void wait_for_line(void)
{
	char byte;

	puts("pause");
	fflush(stdout);
	while (read(0, &byte, 1) == 1 && byte != '\n')
		;
}

static void act(const char *word)
{
	if (open_both(word))
		return;
	if (!strcmp(word, "exec"))
		execvp(*words, words);
	else if (!strcmp(word, "user"))
		tell("user", setuid(number()));
	else if (!strcmp(word, "process"))
		set(word, F_OWNER_PID);
	else if (!strcmp(word, "thread"))
		set(word, F_OWNER_TID);
	else if (!strcmp(word, "group"))
		set(word, F_OWNER_PGRP);
	else if (!strcmp(word, "own"))
		own();
	else if (!strcmp(word, "socket"))
		own_socket();
	else if (!strcmp(word, "socket?"))
		get_socket();
	else if (!strcmp(word, "get"))
		get();
	else if (!strcmp(word, "signal"))
		choose();
	else if (!strcmp(word, "async"))
		notify(1);
	else if (!strcmp(word, "quiet"))
		notify(0);
	else if (!strcmp(word, "fioasync"))
		notify_by_ioctl();
	else if (!strcmp(word, "write"))
		tell("write", write(number(), "x", 1));
	else if (!strcmp(word, "urgent"))
		tell("urgent", send(number(), "x", 1, MSG_OOB));
	else if (!strcmp(word, "block"))
		block();
	else if (!strcmp(word, "take"))
		take(TAKE_SECONDS, 0);
	else if (!strcmp(word, "none"))
		take(0, 500000000);
	else if (!strcmp(word, "pause"))
		wait_for_line();
	else
		die(word);
}

int main(int argc, char **argv)
{
	(void)argc;
	words = argv + 1;
	while (*words)
		act(next());
	return 0;
}
