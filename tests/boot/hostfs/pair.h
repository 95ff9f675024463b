/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two programs, one directory.
 *
 * What the tests here have in common. Each is started on two nodes at once as
 *
 *	PROGRAM ROLE DIR [OUTSIDE]
 *
 * with ROLE 1 on one and 2 on the other and the same hostfs directory DIR,
 * empty at first. The two take turns by files in DIR/meet. Each check prints
 * "ok - name" or "not ok - name: why" on the node that can tell, and the exit
 * status is 0 if none of a node's checks failed.
 */
#ifndef SSI_TESTS_HOSTFS_PAIR_H
#define SSI_TESTS_HOSTFS_PAIR_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A partner that does not come within this time has failed. */
#define MEET_SECONDS_MAX 120
#define POLL_US 200

static int role;
static int top = AT_FDCWD;	/* DIR, wherever this process works */
static const char *check_name = "start";
static int failures;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(const char *format, ...)
{
	va_list args;

	failures++;
	printf("not ok - %s: ", check_name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (node %d)\n", role);
	fflush(stdout);
	check_name = NULL;
}

/* Ends a check that this node can tell about. */
static void pass(void)
{
	if (check_name)
		printf("ok - %s\n", check_name);
	fflush(stdout);
}

/* Fails the check once; what follows in it is done all the same. */
#define expect(condition, ...) do { \
	if (!(condition) && check_name) \
		fail(__VA_ARGS__); \
} while (0)

/* What must work or nothing else can be told. */
#define must(call) ({ \
	__typeof__(call) ret_ = (call); \
	if ((long)ret_ < 0) { \
		if (!check_name) \
			check_name = "?"; \
		fail("line %d: " #call ": %s", __LINE__, strerror(errno)); \
		exit(1); \
	} \
	ret_; \
})

/* Both nodes pass this point before either goes on. */
static void meet(void)
{
	static int count;
	char mine[64], theirs[64];
	double limit = seconds() + MEET_SECONDS_MAX;

	snprintf(mine, sizeof(mine), "meet/%d.%d", count, role);
	snprintf(theirs, sizeof(theirs), "meet/%d.%d", count, 3 - role);
	count++;
	close(must(openat(top, mine, O_CREAT | O_WRONLY, 0600)));
	while (faccessat(top, theirs, F_OK, 0)) {
		if (seconds() > limit) {
			if (!check_name)
				check_name = "?";
			fail("the other node did not come to step %d", count);
			exit(1);
		}
		usleep(POLL_US);
	}
}

/* Begins a check on both nodes. */
static void begin(const char *name)
{
	meet();
	check_name = name;
}

static void start(int argc, char **argv)
{
	if (argc < 3 || (role = atoi(argv[1])) < 1 || role > 2) {
		fprintf(stderr, "usage: %s 1|2 DIR [OUTSIDE]\n", argv[0]);
		exit(2);
	}
	must(chdir(argv[2]));
	top = must(open(".", O_RDONLY | O_DIRECTORY));
	if (mkdir("meet", 0700) && errno != EEXIST)
		must(-1);
}

static int finish(void)
{
	meet();
	return failures ? 1 : 0;
}

static inline int put(const char *path, const char *text)
{
	int fd = must(open(path, O_CREAT | O_TRUNC | O_RDWR, 0644));

	must(write(fd, text, strlen(text)));
	return fd;
}

/* Up to 255 bytes of the file as a string. */
static inline const char *get_fd(int fd)
{
	static char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static inline const char *get(const char *path)
{
	int fd = open(path, O_RDONLY);
	const char *text;

	if (fd < 0)
		return strerror(errno);
	text = get_fd(fd);
	close(fd);
	return text;
}

#endif
