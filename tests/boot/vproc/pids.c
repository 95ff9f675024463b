// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers a node gives to its processes and threads.
 *
 * pids fork N		prints the numbers of N processes, one after another
 * pids threads N	of N threads that are there at once
 * pids wrap		uses numbers up until they begin anew, prints the last ones
 *			before it and the first ones after it
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES 16384
/* More than a node has. */
#define TRIES_MAX 70000
/* Numbers shown on each side of the wrap. */
#define SHOWN 20

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void forks(int count)
{
	while (count--) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			_exit(0);
		printf("%d\n", pid);
		if (waitpid(pid, NULL, 0) != pid)
			die("waitpid");
	}
}

static pthread_barrier_t all_there;

static void *thread(void *unused)
{
	(void)unused;
	printf("%d\n", gettid());
	pthread_barrier_wait(&all_there);
	return NULL;
}

static void threads(int count)
{
	pthread_t *list = calloc(count, sizeof(*list));
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 4 * STACK_BYTES);
	pthread_barrier_init(&all_there, NULL, count + 1);
	for (int at = 0; at < count; at++)
		if (pthread_create(&list[at], &attributes, thread, NULL))
			die("pthread_create");
	pthread_barrier_wait(&all_there);
	for (int at = 0; at < count; at++)
		pthread_join(list[at], NULL);
}

static int leave(void *unused)
{
	(void)unused;
	_exit(0);
}

/* The cheapest process there is: memory of its parent, which waits for it. */
static pid_t next(void)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	pid_t pid = clone(leave, stack + sizeof(stack),
			  CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_FS | SIGCHLD, NULL);

	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("clone");
	return pid;
}

static void wrap(void)
{
	pid_t shown[SHOWN], last = 0;

	for (int at = 0; at < TRIES_MAX; at++) {
		pid_t pid = next();

		shown[at % SHOWN] = pid;
		if (pid > last) {
			last = pid;
			continue;
		}
		for (int back = 0; back < SHOWN && back <= at; back++)
			printf("%d\n", shown[(at - back) % SHOWN]);
		for (int more = 0; more < SHOWN; more++)
			printf("%d\n", next());
		return;
	}
	fprintf(stderr, "no number came again\n");
	exit(1);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (!strcmp(what, "fork") && argc > 2)
		forks(atoi(argv[2]));
	else if (!strcmp(what, "threads") && argc > 2)
		threads(atoi(argv[2]));
	else if (!strcmp(what, "wrap"))
		wrap();
	else
		return 2;
	return 0;
}
