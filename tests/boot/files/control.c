// SPDX-License-Identifier: GPL-2.0
/*
 * What a program may do to its controlling terminal, which is its standard input.
 *
 * control FILE [leader]: each line of FILE names a case and what came of it. The program
 * begins in the foreground; with "leader" it leads the session of the terminal.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL 0

static struct termios before;
static FILE *said;

static const char *word(int result)
{
	return result < 0 ? strerrorname_np(errno) : "good";
}

static void say(const char *name, int result)
{
	fprintf(said, "%s: %s\n", name, word(result));
}

static void say_if(const char *name, int is_so)
{
	fprintf(said, "%s: %s\n", name, is_so ? "yes" : "no");
}

static int read_it(void)
{
	char byte;

	return read(TERMINAL, &byte, 1);
}

static int write_it(void)
{
	return write(TERMINAL, "", 1);
}

static int change_it(void)
{
	return tcsetattr(TERMINAL, TCSANOW, &before);
}

static int flush_it(void)
{
	return tcflush(TERMINAL, TCIFLUSH);
}

static int look_at_it(void)
{
	struct termios now;

	return tcgetattr(TERMINAL, &now);
}

static int take_it(void)
{
	return tcsetpgrp(TERMINAL, getpgrp());
}

static int ask_it(void)
{
	return tcgetpgrp(TERMINAL);
}

static int open_it(void)
{
	return open("/dev/tty", O_RDWR);
}

/* How a child is told apart from one that just does it. */
enum how {
	PLAIN,
	IGNORES,
	BLOCKS,
};

static void treat(int signal, enum how how)
{
	sigset_t set;

	if (how == IGNORES)
		sigaction(signal, &(struct sigaction) { .sa_handler = SIG_IGN }, NULL);
	if (how == BLOCKS) {
		sigemptyset(&set);
		sigaddset(&set, signal);
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
}

static void treat_all(enum how how)
{
	treat(SIGTTIN, how);
	treat(SIGTTOU, how);
}

/* The foreground is this group again, whoever has it. */
static void take_back(void)
{
	struct sigaction kept;

	sigaction(SIGTTOU, &(struct sigaction) { .sa_handler = SIG_IGN }, &kept);
	if (tcsetpgrp(TERMINAL, getpgrp()) < 0)
		say("the terminal is not given back", -1);
	sigaction(SIGTTOU, &kept, NULL);
}

/* A child of a group of its own does @act; its end is its error. */
static void background(const char *name, int (*act)(void), enum how how)
{
	pid_t child = fork();
	int status = 0;

	if (!child) {
		setpgid(0, 0);
		treat_all(how);
		alarm(20);
		_exit(act() < 0 ? errno : 0);
	}
	setpgid(child, child);
	waitpid(child, &status, WUNTRACED);
	if (WIFSTOPPED(status)) {
		fprintf(said, "%s: SIG%s\n", name, sigabbrev_np(WSTOPSIG(status)));
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	} else if (WIFSIGNALED(status)) {
		fprintf(said, "%s: killed by SIG%s\n", name, sigabbrev_np(WTERMSIG(status)));
	} else {
		errno = WEXITSTATUS(status);
		say(name, errno ? -1 : 0);
	}
	take_back();
}

/* A process of a group whose parent is gone does @act. */
static void orphaned(const char *name, int (*act)(void))
{
	int ends[2];
	int error = EPIPE;

	if (pipe(ends))
		return;
	if (!fork()) {
		setpgid(0, 0);
		if (fork())
			_exit(0);
		close(ends[0]);
		while (getppid() != 1)
			usleep(1000);
		alarm(20);
		error = act() < 0 ? errno : 0;
		if (write(ends[1], &error, sizeof(error)) < 0)
			_exit(1);
		_exit(0);
	}
	close(ends[1]);
	wait(NULL);
	if (read(ends[0], &error, sizeof(error)) < 0)
		error = errno;
	close(ends[0]);
	errno = error;
	say(name, error ? -1 : 0);
}

static void background_cases(void)
{
	struct termios strict = before;

	background("read", read_it, PLAIN);
	background("read, ignoring", read_it, IGNORES);
	background("read, blocking", read_it, BLOCKS);
	background("write", write_it, PLAIN);
	background("change", change_it, PLAIN);
	background("change, ignoring", change_it, IGNORES);
	background("change, blocking", change_it, BLOCKS);
	background("flush", flush_it, PLAIN);
	background("look", look_at_it, PLAIN);
	background("ask", ask_it, PLAIN);
	background("take", take_it, PLAIN);
	background("take, ignoring", take_it, IGNORES);
	background("take, blocking", take_it, BLOCKS);
	background("open", open_it, PLAIN);
	strict.c_lflag |= TOSTOP;
	say("TOSTOP", tcsetattr(TERMINAL, TCSANOW, &strict));
	background("write then", write_it, PLAIN);
	background("write then, ignoring", write_it, IGNORES);
	say("but not the foreground", write_it());
	orphaned("read of an orphan", read_it);
	orphaned("write of an orphan", write_it);
	orphaned("change of an orphan", change_it);
	orphaned("take of an orphan", take_it);
	say("no TOSTOP", change_it());
}

static void groups(void)
{
	pid_t mine = getpgrp();
	int number = mine;

	say_if("the foreground is mine", tcgetpgrp(TERMINAL) == mine);
	say_if("the session is mine", tcgetsid(TERMINAL) == getsid(0));
	say("the same again", tcsetpgrp(TERMINAL, mine));
	say("no group", tcsetpgrp(TERMINAL, 4194303));
	say("too large a number", tcsetpgrp(TERMINAL, 2147483647));
	say("no number", tcsetpgrp(TERMINAL, -1));
	say("none", tcsetpgrp(TERMINAL, 0));
	say("another session's", tcsetpgrp(TERMINAL, 1));
	say("bad memory", ioctl(TERMINAL, TIOCSPGRP, 8));
	say("bad memory to write", ioctl(TERMINAL, TIOCGPGRP, 8));
	say("and then", ioctl(TERMINAL, TIOCSPGRP, &number));
	say_if("the foreground is mine", tcgetpgrp(TERMINAL) == mine);
}

static void device(void)
{
	int tty = open_it();
	struct winsize size;
	struct stat stat;

	say("/dev/tty", tty);
	say_if("is one", isatty(tty));
	say_if("the foreground is mine there", tcgetpgrp(tty) == getpgrp());
	say("its size", ioctl(tty, TIOCGWINSZ, &size));
	say("write there", write(tty, "", 1));
	say("no writing", write(open("/dev/tty", O_RDONLY), "", 1));
	say_if("device", !fstat(tty, &stat) && S_ISCHR(stat.st_mode));
	close(tty);
}

/* A child that leads another session: the terminal is not its. */
static void strangers(void)
{
	int status = 0;

	fflush(said);
	if (!fork()) {
		setsid();
		say("ask of a stranger", ask_it());
		say("session of a stranger", tcgetsid(TERMINAL));
		say("take of a stranger", take_it());
		say("change of a stranger", change_it());
		say("control of a stranger", ioctl(TERMINAL, TIOCSCTTY, 0));
		say("no control of a stranger", ioctl(TERMINAL, TIOCNOTTY));
		say("/dev/tty of a stranger", open_it());
		fflush(said);
		_exit(0);
	}
	wait(&status);
	fseek(said, 0, SEEK_END);
}

static void leader(void)
{
	treat(SIGHUP, IGNORES);
	say("control of what one has", ioctl(TERMINAL, TIOCSCTTY, 0));
	say("give up", ioctl(TERMINAL, TIOCNOTTY));
	say("ask", ask_it());
	say("/dev/tty", open_it());
	say("give up again", ioctl(TERMINAL, TIOCNOTTY));
	say("control", ioctl(TERMINAL, TIOCSCTTY, 0));
	say_if("the foreground is mine", ask_it() == getpgrp());
	say("/dev/tty", open_it());
}

int main(int argc, char **argv)
{
	said = argc > 1 ? fopen(argv[1], "w") : NULL;
	if (!said || tcgetattr(TERMINAL, &before))
		return 1;
	setvbuf(said, NULL, _IOLBF, 0);
	groups();
	device();
	say("control of who does not lead", argc > 2 ? 0 : ioctl(TERMINAL, TIOCSCTTY, 0));
	background_cases();
	strangers();
	if (argc > 2)
		leader();
	fprintf(said, "done\n");
	return fclose(said);
}
