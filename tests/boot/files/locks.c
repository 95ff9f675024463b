// SPDX-License-Identifier: GPL-2.0
/*
 * What processes see of each other's locks of files.
 *
 *   locks MASTER A B NEXT LAST   the first process goes where MASTER says, starts two others
 *                                where A and B say, and has each lock in turn; the first of them
 *                                executes a program where NEXT says, and then moves where LAST
 *                                says; each is the number of a node, or "-"
 *   locks                        is one of those: does what it is told
 *
 * Wherever they are, what is said must be the same. Files 3 and 4 are one file, opened twice
 * by each; 5 and 7 another one; 6 is the first again, opened once for both. They are in the
 * directory LOCKS, or in /tmp.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/ssi.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 1000, PATIENCE_MS = 20000, A_WHILE_MS = 300, FILES = 10 };

static const char *self = "/tmp/locks";

/* One that is told */

static void nothing(int signal)
{
	(void)signal;
}

static void say(long value)
{
	if (value < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("%ld\n", value);
	fflush(stdout);
}

static short type_of(char letter)
{
	return letter == 'r' ? F_RDLCK : letter == 'w' ? F_WRLCK : F_UNLCK;
}

static short whence_of(char letter)
{
	return letter == 's' ? SEEK_SET : letter == 'c' ? SEEK_CUR : SEEK_END;
}

static void record(int command, char **word)
{
	struct flock lock = {
		.l_type = type_of(*word[1]),
		.l_whence = whence_of(*word[2]),
		.l_start = atol(word[3]),
		.l_len = atol(word[4]),
	};
	int error = fcntl(atoi(word[5]), command, &lock);

	if (error || (command != F_GETLK && command != F_OFD_GETLK)) {
		say(error);
		return;
	}
	if (lock.l_type == F_UNLCK)
		printf("free\n");
	else
		printf("%s %ld %ld by %d\n", lock.l_type == F_RDLCK ? "read" : "write",
		       (long)lock.l_start, (long)lock.l_len, lock.l_pid);
	fflush(stdout);
}

static void go(const char *node)
{
	if (*node == '-')
		execl(self, self, NULL);
	else
		execlp("onnode", "onnode", node, self, NULL);
	_exit(99);
}

static void move(const char *node)
{
	struct ssi_migrate there = { .node = atoi(node) };
	int fd = open("/dev/ssi", O_RDWR | O_CLOEXEC), error = 0;

	if (*node != '-')
		error = ioctl(fd, SSI_MIGRATE, &there);
	say(error);
	close(fd);
}

static void alarm_in(long milliseconds)
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerval timer = { .it_value.tv_usec = milliseconds * 1000 };

	sigaction(SIGALRM, &action, NULL);
	say(setitimer(ITIMER_REAL, &timer, NULL));
}

static void obey(char *line)
{
	static const struct {
		const char *name;
		int command;
	} records[] = {
		{ "set", F_SETLK }, { "wait", F_SETLKW }, { "get", F_GETLK },
		{ "oset", F_OFD_SETLK }, { "owait", F_OFD_SETLKW }, { "oget", F_OFD_GETLK },
	};
	char *word[8] = {};
	int count = 0;

	for (char *at = strtok(line, " \n"); at && count < 8; at = strtok(NULL, " \n"))
		word[count++] = at;
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		if (!strcmp(word[0], records[i].name))
			record(records[i].command, word);
	}
	if (!strcmp(word[0], "flock"))
		say(flock(atoi(word[2]), *word[1] == 'w' ? LOCK_EX : LOCK_UN));
	if (!strcmp(word[0], "seek"))
		say(lseek(atoi(word[2]), atol(word[1]), SEEK_SET));
	if (!strcmp(word[0], "close"))
		say(close(atoi(word[1])));
	if (!strcmp(word[0], "cloexec"))
		say(fcntl(atoi(word[1]), F_SETFD, FD_CLOEXEC));
	if (!strcmp(word[0], "lease"))
		say(fcntl(atoi(word[1]), F_SETLEASE, F_RDLCK));
	if (!strcmp(word[0], "alarm"))
		alarm_in(atol(word[1]));
	if (!strcmp(word[0], "go"))
		go(word[1]);
	if (!strcmp(word[0], "move"))
		move(word[1]);
}

static int be_told(void)
{
	char line[128];
	size_t length = 0;

	say(0);
	/* Not by stdio: what it has read ahead would be lost when it goes on elsewhere. */
	while (read(0, line + length, 1) == 1) {
		if (line[length] != '\n' && length + 2 < sizeof(line)) {
			length++;
			continue;
		}
		line[length] = 0;
		length = 0;
		obey(line);
	}
	return 0;
}

/* The one that tells */

struct actor {
	char name;
	pid_t pid;
	int in, out;
};

static struct actor a = { 'A', -1, -1, -1 }, b = { 'B', -1, -1, -1 };

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void answer(struct actor *actor, const char *what)
{
	struct pollfd poll_out = { .fd = actor->out, .events = POLLIN };
	char line[128], *by;
	size_t length = 0;

	if (poll(&poll_out, 1, PATIENCE_MS) != 1) {
		printf("%c %s: no answer\n", actor->name, what);
		exit(1);
	}
	while (length + 1 < sizeof(line) && read(actor->out, line + length, 1) == 1 &&
	       line[length] != '\n')
		length++;
	line[length] = 0;
	by = strstr(line, " by ");
	if (by) {
		pid_t pid = atoi(by + 4);

		strcpy(by + 4, pid == a.pid ? "A" : pid == b.pid ? "B" : pid == -1 ? "a file" : "?");
	}
	printf("%c %s: %s\n", actor->name, what, line);
}

static void tell(struct actor *actor, const char *what)
{
	if (dprintf(actor->in, "%s\n", what) < 0)
		die("tell");
}

static void ask(struct actor *actor, const char *what)
{
	tell(actor, what);
	answer(actor, what);
}

static void ask_in_vain(struct actor *actor, const char *what)
{
	struct pollfd poll_out = { .fd = actor->out, .events = POLLIN };

	tell(actor, what);
	if (poll(&poll_out, 1, A_WHILE_MS))
		answer(actor, what);
	else
		printf("%c %s waits\n", actor->name, what);
}

static int opened(const char *path, int as)
{
	const char *directory = getenv("LOCKS");
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s/%s", directory ? directory : "/tmp", path);
	fd = open(name, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, SIZE) || dup2(fd, as) != as)
		die(path);
	close(fd);
	return as;
}

/* The files of A begin at 20, those of B at 30; 26 is for both. */
static void open_all(void)
{
	for (int at = 20; at <= 30; at += 10) {
		opened("locked", at + 3);
		opened("locked", at + 4);
		opened("other", at + 5);
		opened("other", at + 7);
	}
	opened("locked", 26);
}

static void start(struct actor *actor, int files, const char *node)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("pipe");
	actor->pid = fork();
	if (actor->pid < 0)
		die("fork");
	if (!actor->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd <= 7; fd++)
			dup2(fd == 6 ? 26 : files + fd, fd);
		close_range(FILES, ~0U, 0);
		go(node);
	}
	close(in[0]);
	close(out[1]);
	actor->in = in[1];
	actor->out = out[0];
	answer(actor, "starts");
}

static void end(struct actor *actor, int by)
{
	int status;

	if (by)
		kill(actor->pid, by);
	close(actor->in);
	waitpid(actor->pid, &status, 0);
	close(actor->out);
	printf("%c ends: %x\n", actor->name, status);
}

static void conflicts(void)
{
	ask(&a, "set w s 0 10 3");
	ask(&b, "set w s 5 5 3");
	ask(&b, "set r s 20 5 3");
	ask(&b, "get w s 5 1 3");
	ask(&a, "get w s 0 0 3");
	ask(&a, "get r s 0 0 3");
	ask(&a, "set r s 22 1 3");
	ask(&a, "get w s 22 1 3");
	ask(&b, "set u s 0 0 3");
	ask(&a, "set u s 22 1 3");
}

static void places(void)
{
	ask(&a, "seek 100 3");
	ask(&a, "set w c -10 20 3");
	ask(&b, "get w s 95 1 3");
	ask(&a, "set r e -10 0 3");
	ask(&b, "get w s 995 1 3");
	ask(&a, "set w c 50 -10 3");
	ask(&b, "get w s 145 1 3");
	ask(&a, "set w c -200 1 3");
	ask(&a, "set w e -2000 1 3");
	ask(&a, "set w s -1 1 3");
	ask(&a, "set w c 0 -200 3");
	ask(&a, "seek 0 3");
}

static void waits(void)
{
	ask_in_vain(&b, "wait w s 0 10 3");
	ask(&a, "set u s 0 0 3");
	answer(&b, "wait w s 0 10 3");
	ask(&a, "get w s 0 0 3");
	/* Who is interrupted does not have it later. */
	ask(&a, "alarm 300");
	ask(&a, "wait w s 0 10 3");
	ask(&b, "set u s 0 10 3");
	ask(&b, "get w s 0 0 3");
}

static void circle(void)
{
	ask(&a, "set w s 0 10 3");
	ask(&b, "set w s 50 10 3");
	ask_in_vain(&a, "wait w s 50 10 3");
	ask(&b, "wait w s 0 10 3");
	ask(&b, "set u s 50 10 3");
	answer(&a, "wait w s 50 10 3");
}

static void closes(void)
{
	ask(&a, "set w s 0 10 3");
	ask_in_vain(&b, "wait w s 0 10 3");
	/* A file that was opened apart and never locked. */
	ask(&a, "close 4");
	answer(&b, "wait w s 0 10 3");
	ask(&b, "get w s 0 0 3");
	ask(&b, "set u s 0 0 3");
}

static void open_files(void)
{
	ask(&a, "oset w s 0 10 6");
	ask(&b, "oset w s 0 10 6");
	ask(&b, "oset w s 5 10 3");
	ask(&b, "oget w s 5 10 3");
	ask(&a, "get w s 5 10 3");
	ask_in_vain(&b, "owait r s 0 10 3");
	ask(&a, "oset u s 0 0 6");
	answer(&b, "owait r s 0 10 3");
	ask(&b, "oset u s 0 0 3");
	ask(&a, "flock w 3");
	ask_in_vain(&b, "flock w 3");
	ask(&a, "flock u 3");
	answer(&b, "flock w 3");
	ask(&b, "flock u 3");
}

static void goes_on(const char *node)
{
	char line[32];

	ask(&a, "set w s 300 10 3");
	ask(&a, "set w s 0 10 5");
	ask(&a, "cloexec 7");
	snprintf(line, sizeof(line), "go %s", node);
	tell(&a, line);
	answer(&a, "goes on");
	ask(&b, "get w s 300 1 3");
	ask(&b, "set w s 300 1 3");
	ask(&b, "get w s 0 0 5");
	ask(&a, "set r s 305 5 3");
	ask(&b, "get w s 300 10 3");
	ask(&b, "get w s 306 1 3");
	ask_in_vain(&b, "wait w s 300 10 3");
}

static void moves(const char *node)
{
	char line[32];

	ask(&a, "cloexec 3");
	ask(&a, "set w s 20 5 3");
	snprintf(line, sizeof(line), "move %s", node);
	tell(&a, line);
	answer(&a, "moves");
	/* All of its files are open still. */
	ask(&a, "get w s 20 5 3");
	ask(&a, "set r s 22 1 3");
}

static int run(char **node)
{
	start(&a, 20, node[1]);
	start(&b, 30, node[2]);
	conflicts();
	places();
	waits();
	/* A directory of the host does not find it. */
	if (!getenv("LOCKS"))
		circle();
	closes();
	open_files();
	goes_on(node[3]);
	moves(node[4]);
	end(&a, 0);
	answer(&b, "wait w s 300 10 3");
	start(&a, 20, node[1]);
	ask_in_vain(&a, "wait w s 300 10 3");
	end(&b, SIGKILL);
	answer(&a, "wait w s 300 10 3");
	start(&b, 30, node[2]);
	/* Who is killed while it waits does not have it later. */
	ask_in_vain(&b, "wait w s 300 10 3");
	end(&b, SIGKILL);
	ask(&a, "set u s 0 0 3");
	start(&b, 30, node[2]);
	ask(&b, "get w s 0 0 3");
	end(&a, 0);
	end(&b, 0);
	return 0;
}

int main(int count, char **word)
{
	if (count == 1)
		return be_told();
	if (count != 6)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (fcntl(26, F_GETFD) < 0) {
		open_all();
		if (*word[1] != '-') {
			execlp("onnode", "onnode", word[1], self, word[1], word[2], word[3], word[4],
			       word[5], NULL);
			die("onnode");
		}
	}
	return run(word + 1);
}
