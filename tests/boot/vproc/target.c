// SPDX-License-Identifier: GPL-2.0
/*
 * Process that others make calls about.
 *
 *	target FILE [UID]
 *
 * A session of its own and two threads, as user UID. It tells FILE what it is and then
 * each signal it gets: who took it, signal, errno, code, sender, its user, its value, the
 * rest of the information.
 *
 *	ready PID TID
 *	main 35 0 -1 65600 1000 7 0700000000000000...
 *
 * The second thread takes the signals from THREAD_FIRST on, the main one the others.
 * SIGTERM ends it, behind a line on what still waits in each thread.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREAD_FIRST 55
#define LINE_BYTES_MAX 512

static int file;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void tell(const char *line)
{
	if (write(file, line, strlen(line)) != (ssize_t)strlen(line))
		die("write");
}

static void tell_signal(const char *thread, const siginfo_t *info)
{
	const unsigned char *bytes = (const unsigned char *)info;
	char line[LINE_BYTES_MAX];
	int length = snprintf(line, sizeof(line), "%s %d %d %d %d %d %d ", thread, info->si_signo,
			      info->si_errno, info->si_code, info->si_pid, info->si_uid,
			      info->si_value.sival_int);

	for (size_t at = 24; at < 48; at++)
		length += snprintf(line + length, sizeof(line) - length, "%02x", bytes[at]);
	snprintf(line + length, sizeof(line) - length, "\n");
	tell(line);
}

/* What waits in each thread, and in the process. */
static void tell_pending(void)
{
	char path[LINE_BYTES_MAX], line[LINE_BYTES_MAX];
	struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");

	while (tasks && (entry = readdir(tasks))) {
		int is_main = atoi(entry->d_name) == getpid();
		FILE *status;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		status = fopen(path, "r");
		while (status && fgets(line, sizeof(line), status)) {
			if (!strncmp(line, "SigPnd", 6) || !strncmp(line, "ShdPnd", 6)) {
				tell(is_main ? "main " : "thread ");
				tell(line);
			}
		}
		if (status)
			fclose(status);
	}
}

static void take(const char *thread, const sigset_t *set)
{
	siginfo_t info;

	for (;;) {
		memset(&info, 0, sizeof(info));
		if (sigwaitinfo(set, &info) < 0)
			continue;
		if (info.si_signo == SIGTERM) {
			tell_pending();
			exit(0);
		}
		tell_signal(thread, &info);
	}
}

static sigset_t for_main, for_thread;
static int tid_pipe[2];

static void *second(void *unused)
{
	pid_t tid = gettid();

	(void)unused;
	prctl(PR_SET_NAME, "second");
	if (write(tid_pipe[1], &tid, sizeof(tid)) != sizeof(tid))
		die("write");
	take("thread", &for_thread);
	return NULL;
}

int main(int argc, char **argv)
{
	struct rlimit pending = { 4096, 4096 };
	char line[LINE_BYTES_MAX];
	sigset_t all;
	pthread_t thread;
	pid_t tid;

	if (argc < 2)
		return 2;
	file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (file < 0)
		die(argv[1]);
	if (setsid() < 0)
		die("setsid");
	/* As on any node, however much memory it has. */
	setrlimit(RLIMIT_SIGPENDING, &pending);
	setrlimit(RLIMIT_NPROC, &pending);
	if (argc > 2) {
		uid_t uid = atoi(argv[2]);

		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			die("setresuid");
		/* Its files in /proc are the user's, not root's. */
		prctl(PR_SET_DUMPABLE, 1);
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigemptyset(&for_thread);
	for (int number = THREAD_FIRST; number <= 64; number++)
		sigaddset(&for_thread, number);
	sigemptyset(&for_main);
	for (int number = 1; number < THREAD_FIRST; number++)
		sigaddset(&for_main, number);
	if (pipe(tid_pipe) || pthread_create(&thread, NULL, second, NULL) ||
	    read(tid_pipe[0], &tid, sizeof(tid)) != sizeof(tid))
		die("second thread");
	snprintf(line, sizeof(line), "ready %d %d\n", getpid(), tid);
	tell(line);
	take("main", &for_main);
}
