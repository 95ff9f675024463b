// SPDX-License-Identifier: GPL-2.0
/*
 * The leader of a session and a terminal that is nobody's.
 *
 * take child|self|go|on|hold COMMAND...: opens a pair and runs COMMAND, which runs this
 * program as "led". There a session is led by the program or, with "child", by its child; it
 * prints what came of each case. "go" is as "self", but for that the program executes COMMAND
 * in place of a child of it, and so is "on", where the leader goes on to node 1. With "hold"
 * the leader and a program on node 1, which is in front, write into /tmp/leader and
 * /tmp/front that they were hung up.
 *
 * Who has the other end answers what is written to the terminal: '?' with a line, '!' with
 * ^C, '.' by hanging up.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL 3

static volatile sig_atomic_t came[_NSIG];

static void note(int signal)
{
	came[signal]++;
}

static const char *word(int result)
{
	return result < 0 ? strerrorname_np(errno) : "good";
}

static void say(const char *name, int result)
{
	printf("%s: %s\n", name, word(result));
}

static void say_if(const char *name, int is_so)
{
	printf("%s: %s\n", name, is_so ? "yes" : "no");
}

static int open_it(void)
{
	int fd = open("/dev/tty", O_RDWR);
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return fd < 0 ? -1 : 0;
}

static void come(const char *name, int signal)
{
	for (int i = 0; i < 500 && !came[signal]; i++)
		poll(NULL, 0, 10);
	say_if(name, came[signal]);
	came[signal] = 0;
}

/* Nobody's child: who has children cannot go elsewhere. */
static void answer(int master)
{
	char byte;

	if (fork())
		_exit(0);
	alarm(60);
	while (read(master, &byte, 1) == 1) {
		if (byte == '?' && write(master, "line\n", 5) != 5)
			_exit(1);
		if (byte == '!' && write(master, "\003", 1) != 1)
			_exit(1);
		if (byte == '.')
			break;
	}
	_exit(0);
}

/* What /proc says of this process. */
static void look(const char *name)
{
	FILE *file = fopen("/proc/self/stat", "r");
	unsigned int device = 0;
	struct stat stat;
	int group = 0;

	if (!file || fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %u %d", &device, &group) != 2)
		say(name, -1);
	if (file)
		fclose(file);
	fstat(TERMINAL, &stat);
	printf("%s: %s, group %s\n", name, device == stat.st_rdev ? "it" : device ? "other" : "none",
	       group == getpgrp() ? "mine" : group > 0 ? "other" : "none");
}

static void state(const char *name)
{
	printf("%s:\n", name);
	say(" open", open_it());
	say_if(" session", tcgetsid(TERMINAL) == getsid(0));
	say_if(" foreground", tcgetpgrp(TERMINAL) == getpgrp());
	look(" stat");
}

static int read_line(void)
{
	char line[8] = "";
	int fd = open("/dev/tty", O_RDWR);

	if (fd < 0 || write(fd, "?", 1) != 1 || read(fd, line, sizeof(line)) != 5)
		return 1;
	return strcmp(line, "line\n");
}

/* A child of a group of its own has the terminal. */
static void foreground(void)
{
	int ends[2], status = 0;
	pid_t child;

	if (pipe(ends))
		return;
	child = fork();
	if (!child) {
		char byte;

		setpgid(0, 0);
		if (read(ends[0], &byte, 1) != 1)
			_exit(2);
		_exit(read_line());
	}
	setpgid(child, child);
	say("put a child there", tcsetpgrp(TERMINAL, child));
	say_if("it is there", tcgetpgrp(TERMINAL) == child);
	if (write(ends[1], "", 1) != 1)
		return;
	waitpid(child, &status, WUNTRACED);
	printf("it reads: %x\n", status);
	signal(SIGTTOU, SIG_IGN);
	say("take it back", tcsetpgrp(TERMINAL, getpgrp()));
	signal(SIGTTOU, SIG_DFL);
	say("no such group", tcsetpgrp(TERMINAL, 4194303));
	say("the group of another session", tcsetpgrp(TERMINAL, getpgid(getppid())));
}

/* Another session wants it: is it @stolen, or taken as ever? */
static void other(const char *name, int how)
{
	pid_t child = fork();

	if (!child) {
		setsid();
		say(name, ioctl(TERMINAL, TIOCSCTTY, how));
		fflush(stdout);
		if (how)
			state("the thief's");
		exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Who is in the foreground when the leader ends: printed by that. */
static void left_behind(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) || fork())
		return;
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	say("a child puts itself there", tcsetpgrp(TERMINAL, getpgrp()));
	close(ends[1]);
	fflush(stdout);
	/* Until the leader is gone, or that says so. */
	if (read(ends[0], &byte, 1) > 0)
		exit(1);
	come("its leader ended: SIGHUP", SIGHUP);
	for (int i = 0; i < 500 && !open_it(); i++)
		poll(NULL, 0, 10);
	say("/dev/tty", open_it());
	look("stat");
	exit(0);
}

static int lead(void)
{
	if (setsid() < 0)
		say("setsid", -1);
	for (int i = 1; i < _NSIG; i++)
		if (i == SIGHUP || i == SIGCONT || i == SIGINT)
			sigaction(i, &(struct sigaction) { .sa_handler = note }, NULL);
	state("a new session");
	say("not by O_NOCTTY", open("/proc/self/fd/3", O_RDWR | O_NOCTTY));
	state("then");
	say("TIOCSCTTY", ioctl(TERMINAL, TIOCSCTTY, 0));
	say("again", ioctl(TERMINAL, TIOCSCTTY, 0));
	state("now");
	foreground();
	say_if("write to it", write(TERMINAL, "!", 1) == 1);
	come("^C: SIGINT", SIGINT);
	other("another session", 0);
	say("TIOCNOTTY", ioctl(TERMINAL, TIOCNOTTY));
	come("SIGHUP", SIGHUP);
	come("SIGCONT", SIGCONT);
	say("again", ioctl(TERMINAL, TIOCNOTTY));
	state("given up");
	say("taken by open", open("/proc/self/fd/3", O_RDWR));
	state("now");
	other("a thief", 1);
	say("and now", ioctl(TERMINAL, TIOCSCTTY, 0));
	state("taken back");
	left_behind();
	fflush(stdout);
	poll(NULL, 0, 200);
	return 0;
}

/* Another leader, who is hung up. */
static int lead_on(void)
{
	char byte;

	setsid();
	sigaction(SIGHUP, &(struct sigaction) { .sa_handler = note }, NULL);
	sigaction(SIGCONT, &(struct sigaction) { .sa_handler = note }, NULL);
	say("it is free", ioctl(TERMINAL, TIOCSCTTY, 0));
	say_if("hang up", write(TERMINAL, ".", 1) == 1);
	come("SIGHUP", SIGHUP);
	come("SIGCONT", SIGCONT);
	say("read", read(TERMINAL, &byte, 1));
	say("/dev/tty", open_it());
	look("stat");
	return 0;
}

/* Writes a word into FILE when it is hung up. */
static int hung_up(const char *path)
{
	FILE *file;

	sigaction(SIGHUP, &(struct sigaction) { .sa_handler = note }, NULL);
	file = fopen(path, "w");
	if (!file)
		return 1;
	fprintf(file, "ready\n");
	fflush(file);
	for (int i = 0; i < 6000 && !came[SIGHUP]; i++)
		poll(NULL, 0, 10);
	fprintf(file, "%s\n", came[SIGHUP] ? "hung up" : "not hung up");
	return fclose(file);
}

/* Leads a session with the terminal; in front of that is a program on node 1. */
static int hold(void)
{
	pid_t child;

	setsid();
	if (ioctl(TERMINAL, TIOCSCTTY, 0))
		return 1;
	child = fork();
	if (!child) {
		setpgid(0, 0);
		execlp("onnode", "onnode", "1", "/tmp/take", "front", "/tmp/front", NULL);
		_exit(127);
	}
	setpgid(child, child);
	signal(SIGTTOU, SIG_IGN);
	if (tcsetpgrp(TERMINAL, child))
		return 1;
	return hung_up("/tmp/leader");
}

/* Goes to node 1 with the terminal. */
static int go_on(void)
{
	setsid();
	say("take it along", ioctl(TERMINAL, TIOCSCTTY, 0));
	fflush(stdout);
	execlp("onnode", "onnode", "1", "/tmp/take", "led", "kept", NULL);
	return 1;
}

static void run(int (*body)(void))
{
	pid_t child = fork();

	if (!child)
		exit(body());
	waitpid(child, NULL, 0);
}

static int led(const char *how)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(how, "hold")) {
		run(hold);
		return 0;
	}
	if (!strcmp(how, "on"))
		return go_on();
	if (!strcmp(how, "kept")) {
		state("kept");
		foreground();
		return write(TERMINAL, ".", 1) != 1;
	}
	if (!strcmp(how, "child"))
		run(lead);
	else if (fork())
		return lead();
	else
		/* The leader is gone, and who was left behind has seen it. */
		while (getppid() != 1)
			poll(NULL, 0, 10);
	poll(NULL, 0, 1000);
	run(lead_on);
	printf("done\n");
	return 0;
}

int main(int argc, char **argv)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	const char *how = argc > 1 ? argv[1] : "";
	char **words = calloc(argc + 3, sizeof(*words));
	int last = 0;

	if (argc > 2 && !strcmp(argv[1], "led"))
		return led(argv[2]);
	if (argc > 2 && !strcmp(argv[1], "front"))
		return hung_up(argv[2]);
	if (!words || argc < 2 || master < 0 || grantpt(master) || unlockpt(master))
		return 1;
	if (dup2(open(ptsname(master), O_RDWR | O_NOCTTY), 10) < 0)
		return 1;
	if (!fork())
		answer(master);
	wait(NULL);
	close(master);
	dup2(10, TERMINAL);
	for (int i = 2; i < argc; i++)
		words[last++] = argv[i];
	words[last++] = argv[0];
	words[last++] = "led";
	words[last++] = argv[1];
	fcntl(10, F_SETFD, FD_CLOEXEC);
	if (strcmp(how, "go") && strcmp(how, "on") && fork())
		return wait(NULL) < 0;
	execvp(words[0], words);
	return 1;
}
