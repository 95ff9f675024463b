// SPDX-License-Identifier: GPL-2.0
/*
 * A process that ended, and the next one with its number.
 *
 * stale is WORDS	prints its number and is there; WORDS are in its environment
 * stale again PID WORDS
 *			the same as PID, which no process has
 * stale keep PID GO	opens this and that of it, prints "ready", and when there is a file GO
 *			uses it all; prints what came of it, a line for each
 */
#include "say.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>

/* At the same address in all processes of this program. */
static char memory[] = "memory";

static const char *process;

static int open_file(const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", process, name);
	fd = open(path, flags);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void is(const char *words)
{
	char *const arguments[] = { "stale", "waits", NULL };
	char *const environment[] = { (char *)words, NULL };

	printf("%d\n", getpid());
	fclose(stdout);
	execve("/proc/self/exe", arguments, environment);
	_exit(1);
}

static void again(pid_t pid, const char *words)
{
	struct clone_args clone = {
		.exit_signal = SIGCHLD,
		.set_tid = (unsigned long)&pid,
		.set_tid_size = 1,
	};
	long child = syscall(SYS_clone3, &clone, sizeof(clone));

	if (!child)
		is(words);
	say("clone", child < 0 ? -1 : 0);
}

static void use_file(const char *name, int fd)
{
	char room[64];

	printf("read ");
	say(name, pread(fd, room, sizeof(room), 0));
}

static void use_name(int folder, const char *name)
{
	char room[64];
	int fd = openat(folder, name, O_RDONLY);

	printf("open ");
	say(name, fd < 0 ? -1 : read(fd, room, sizeof(room)));
}

static void list(const char *name, int folder)
{
	char room[PATH_MAX];
	long bytes;

	/* The dots are of the folder itself. */
	bytes = syscall(SYS_getdents64, folder, room, sizeof(room));
	if (bytes > 0 && bytes <= 48)
		bytes = syscall(SYS_getdents64, folder, room, sizeof(room));
	printf("list ");
	say(name, bytes);
}

static void keep(const char *go)
{
	int environ = open_file("environ", O_RDONLY);
	int stat = open_file("stat", O_RDONLY);
	int score = open_file("oom_score_adj", O_WRONLY);
	int mem = open_file("mem", O_RDWR);
	int folder = open_file("", O_RDONLY | O_DIRECTORY);
	int fds = open_file("fd", O_RDONLY | O_DIRECTORY);
	int by_name = open_file("", O_PATH | O_DIRECTORY);
	char room[64];

	if (fchdir(folder))
		exit(1);
	puts("ready");
	while (access(go, F_OK))
		usleep(10000);
	use_file("environ", environ);
	use_file("stat", stat);
	printf("read ");
	say("mem", pread(mem, room, 1, (off_t)memory));
	printf("write ");
	say("mem", pwrite(mem, "X", 1, (off_t)memory));
	printf("write ");
	say("oom_score_adj", write(score, "77", 2));
	use_name(folder, "environ");
	use_name(folder, "where");
	use_name(AT_FDCWD, "comm");
	use_name(fds, "../stat");
	use_name(by_name, "status");
	printf("link ");
	say("exe", readlinkat(folder, "exe", room, sizeof(room)));
	list("the folder", folder);
	list("fd", fds);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "is")) {
		is(argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "again")) {
		again(atoi(argv[2]), argv[3]);
	} else if (argc == 2 && !strcmp(argv[1], "waits")) {
		while (memory[0])
			pause();
	} else if (argc == 4 && !strcmp(argv[1], "keep")) {
		process = argv[2];
		keep(argv[3]);
	} else {
		return 2;
	}
	return 0;
}
