// SPDX-License-Identifier: GPL-2.0
/*
 * Clock of another process.
 *
 *	clock PID	says what can be done with it, a line for each
 *	clock burn	uses the processor until it is killed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long the process is looked at. */
#define WHILE_US 500000

/* Calls of the kernel give -1, those of POSIX their error. */
static void tell(const char *what, int error)
{
	printf("%s: %s\n", what, error ? strerrorname_np(error) : "good");
}

static int error_of(int result)
{
	return result ? errno : 0;
}

static long long nanoseconds(const struct timespec *time)
{
	return time->tv_sec * 1000000000LL + time->tv_nsec;
}

static void look(pid_t pid)
{
	struct timespec resolution, before = {}, after = {}, soon = { .tv_nsec = 1000 };
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	clockid_t clock = 0;
	timer_t timer;
	int error = clock_getcpuclockid(pid, &clock);

	tell("clock", error);
	if (error)
		return;
	tell("resolution", error_of(clock_getres(clock, &resolution)));
	printf("%lld ns\n", nanoseconds(&resolution));
	tell("time", error_of(clock_gettime(clock, &before)));
	usleep(WHILE_US);
	tell("time", error_of(clock_gettime(clock, &after)));
	printf("it %s\n", nanoseconds(&after) > nanoseconds(&before) ? "runs" : "stands");
	printf("by %s\n",
	       nanoseconds(&after) - nanoseconds(&before) < 4000LL * WHILE_US ? "its time" : "more");
	tell("set", error_of(clock_settime(clock, &before)));
	tell("nowhere", error_of(clock_gettime(clock, (struct timespec *)8)));
	tell("wait", clock_nanosleep(clock, 0, &soon, NULL));
	tell("timer", error_of(timer_create(clock, &event, &timer)));
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "burn"))
		look(atoi(argv[1]));
	else
		for (;;)
			;
	return 0;
}
