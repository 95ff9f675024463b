/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of a program that is run against two targets.
 *
 * What may differ between two equal targets is written by name: TARGET and THREAD for
 * the numbers of the target, ABSENT for one nobody has, PROBE for the caller's own.
 */
#ifndef SSI_TESTS_VPROC_SAY_H
#define SSI_TESTS_VPROC_SAY_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The target, the second thread of it, and a number of its node that no process has. */
static pid_t target, thread, absent;

static const char *name_of(long value, char *room, size_t bytes)
{
	if (value > 1 && value == target)
		return "TARGET";
	if (value > 1 && value == thread)
		return "THREAD";
	if (value > 1 && value == absent)
		return "ABSENT";
	if (value > 1 && value == getpid())
		return "PROBE";
	snprintf(room, bytes, "%ld", value);
	return room;
}

/* One call and what came of it. */
static void say(const char *what, long result)
{
	char room[32];

	if (result == -1)
		printf("%s = %s\n", what, strerrorname_np(errno));
	else
		printf("%s = %s\n", what, name_of(result, room, sizeof(room)));
}

/* What a call left in memory. */
static inline void show(const void *memory, size_t bytes)
{
	const unsigned char *byte = memory;

	printf("  ");
	for (size_t at = 0; at < bytes; at++)
		printf("%02x", byte[at]);
	printf("\n");
}

/* Makes a call by its number, so that no library has a say in it. */
#define CALL(what, name, ...) say(#name " " what, syscall(SYS_##name, ##__VA_ARGS__))

#endif
