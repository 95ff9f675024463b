// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that are under way, and who watches them.
 *
 *	chase start COUNT SECONDS NODE...	starts COUNT processes, one behind another, that
 *						go to each NODE and end there at once; prints
 *						their numbers, and after SECONDS what became of
 *						them
 *	chase end				how they end
 *	chase watch MILLISECONDS PID...		asks for all of them, in every way, over and over;
 *						prints how often one was not there
 *
 * Until its parent has waited for it a process is there, whatever node it is on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS 7
#define WORDS_MAX 32
#define APART_US 20000
#define LIFE_US 30000
#define LINE_BYTES 1024

static void go(int at, char **nodes)
{
	char *words[WORDS_MAX];
	int count = 0;

	usleep(at * APART_US);
	for (; *nodes && count < WORDS_MAX - 4; nodes++) {
		words[count++] = "onnode";
		words[count++] = *nodes;
	}
	words[count++] = "/tmp/chase";
	words[count++] = "end";
	words[count] = NULL;
	execvp(words[0], words);
	_exit(1);
}

static int start(int count, int seconds, char **nodes)
{
	int status, bad = 0;

	for (int at = 0; at < count; at++) {
		pid_t pid = fork();

		if (!pid)
			go(at, nodes);
		printf("%d ", pid);
	}
	printf("\n");
	fflush(stdout);
	sleep(seconds);
	while (wait(&status) > 0)
		bad += !WIFEXITED(status) || WEXITSTATUS(status) != STATUS;
	printf("bad %d\n", bad);
	return 0;
}

static void note(const char *what, const char *pid, int *count)
{
	fprintf(stderr, "%s %s: %s\n", what, pid, strerrorname_np(errno));
	++*count;
}

struct missed {
	int killed, asked, opened, listed;
};

static void look(const char *pid, struct missed *missed)
{
	char path[LINE_BYTES];
	int fd;

	if (kill(atoi(pid), 0))
		note("kill", pid, &missed->killed);
	errno = 0;
	getpriority(PRIO_PROCESS, atoi(pid));
	if (errno)
		note("getpriority", pid, &missed->asked);
	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		note("open", pid, &missed->opened);
	else
		close(fd);
}

static void list(char **pids, int count, struct missed *missed)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	while (proc && (entry = readdir(proc)))
		for (int at = 0; at < count; at++)
			found += !strcmp(entry->d_name, pids[at]);
	closedir(proc);
	missed->listed += found != count;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int watch(long period, char **pids, int count)
{
	long end = milliseconds() + period;
	struct missed missed = {};

	while (milliseconds() < end) {
		for (int at = 0; at < count; at++)
			look(pids[at], &missed);
		list(pids, count, &missed);
	}
	printf("kill %d getpriority %d open %d list %d\n", missed.killed, missed.asked,
	       missed.opened, missed.listed);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "end")) {
		usleep(LIFE_US);
		return STATUS;
	}
	if (argc > 4 && !strcmp(argv[1], "start"))
		return start(atoi(argv[2]), atoi(argv[3]), argv + 4);
	if (argc > 3 && !strcmp(argv[1], "watch"))
		return watch(atol(argv[2]), argv + 3, argc - 3);
	return 2;
}
