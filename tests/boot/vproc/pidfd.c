// SPDX-License-Identifier: GPL-2.0
/*
 * Pidfds of a process.
 *
 *	pidfd calls UID PID TID ABSENT	calls that give the same wherever the process is
 *	pidfd refused PID		calls that need its node
 *	pidfd watch PID [THREAD]	waits for its end in each way, and for its parent
 *	pidfd hold PID FILE		holds one; the first byte of FILE is what to do next:
 *					s signal, g signal its group, k kill, e say its events
 *	pidfd many PID			opens as many as it can
 *	pidfd child NODE		waits for a child that went to NODE
 */
#include "say.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define THREAD		O_EXCL
#define ONE_THREAD	1
#define ONE_PROCESS	2
#define ONE_GROUP	4
#define WAIT_PIDFD	3

/* Signals target.c takes in its main thread, and in the other one. */
#define MAIN_SIGNAL	35
#define OTHER_SIGNAL	55

static int open_pidfd(pid_t pid, unsigned int flags)
{
	return syscall(SYS_pidfd_open, pid, flags);
}

static long send_signal(int fd, int number, void *info, unsigned int flags)
{
	return syscall(SYS_pidfd_send_signal, fd, number, info, flags);
}

/* What poll(2) says at once. */
static int events_of(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLRDNORM };

	return poll(&poll_fd, 1, 0) < 0 ? -1 : poll_fd.revents;
}

static void show_info(int fd)
{
	char path[64], line[128], name[32], room[32];
	long number;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31[NSPpid]:%ld", name, &number) == 2)
			printf("  %s %s\n", name, name_of(number, room, sizeof(room)));
	if (file)
		fclose(file);
}

static void show_file(int fd)
{
	char path[64], name[64] = "";

	printf("  flags %o %o\n", fcntl(fd, F_GETFL) & ~O_LARGEFILE, fcntl(fd, F_GETFD));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, name, sizeof(name) - 1) > 0)
		printf("  %s\n", name);
	show_info(fd);
}

/* The number of a file is not the same everywhere. */
static int opened(const char *what, pid_t pid, unsigned int flags)
{
	int fd = open_pidfd(pid, flags);

	say(what, fd < 0 ? -1 : 0);
	return fd;
}

static void open_all(void)
{
	struct rlimit none = { 0, 4096 }, before;

	opened("open nobody", absent, 0);
	opened("open nobody, with flags that are none", absent, 1);
	opened("open, with flags that are none", target, 1);
	opened("open 0", 0, 0);
	opened("open -1", -1, 0);
	opened("open a thread as a process", thread, 0);
	show_file(opened("open a thread", thread, THREAD));
	show_file(opened("open the main thread", target, THREAD));
	show_file(opened("open, not to wait", target, O_NONBLOCK));
	getrlimit(RLIMIT_NOFILE, &before);
	setrlimit(RLIMIT_NOFILE, &none);
	opened("open without room", target, 0);
	opened("open nobody without room", absent, 0);
	setrlimit(RLIMIT_NOFILE, &before);
}

static void use_as_file(int fd)
{
	char byte = 0;
	siginfo_t info;

	CALL("", read, fd, &byte, 1);
	CALL("", write, fd, &byte, 1);
	CALL("", lseek, fd, 0, SEEK_SET);
	CALL("", ioctl, fd, 0x1234, 0);
	CALL("", setns, fd, 0);
	CALL("with flags", pidfd_getfd, fd, 0, 1);
	CALL("with flags", process_mrelease, fd, 1);
	printf("poll = %x\n", events_of(fd));
	CALL("", waitid, WAIT_PIDFD, fd, &info, WEXITED | WNOHANG, NULL);
	CALL("not to return at once", waitid, WAIT_PIDFD, fd, &info, WEXITED, NULL);
	CALL("for nothing", waitid, WAIT_PIDFD, fd, &info, WNOHANG, NULL);
	CALL("with options that are none", waitid, WAIT_PIDFD, fd, &info, WEXITED | 0x100, NULL);
	CALL("no file", waitid, WAIT_PIDFD, -1, &info, WEXITED, NULL);
	CALL("another file", waitid, WAIT_PIDFD, 0, &info, WEXITED, NULL);
}

static void send_with_information(int fd)
{
	siginfo_t info = { .si_signo = MAIN_SIGNAL + 1, .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_value.sival_int = 77;
	say("a value", send_signal(fd, MAIN_SIGNAL + 1, &info, 0));
	say("of another signal", send_signal(fd, MAIN_SIGNAL, &info, 0));
	say("nowhere", send_signal(fd, MAIN_SIGNAL, (void *)8, 0));
	info.si_code = SI_USER;
	say("as of kill", send_signal(fd, MAIN_SIGNAL + 1, &info, 0));
	info.si_code = SI_TKILL;
	say("as of tkill", send_signal(fd, MAIN_SIGNAL + 1, &info, 0));
	info.si_signo = 99;
	info.si_code = SI_QUEUE;
	say("of no signal", send_signal(fd, 99, &info, 0));
}

static void send_all(int process, int one)
{
	say("nothing", send_signal(process, 0, NULL, 0));
	say("a signal", send_signal(process, MAIN_SIGNAL, NULL, 0));
	say("no signal", send_signal(process, 99, NULL, 0));
	say("a negative one", send_signal(process, -1, NULL, 0));
	say("with flags that are none", send_signal(process, MAIN_SIGNAL, NULL, 8));
	say("with two", send_signal(process, MAIN_SIGNAL, NULL, ONE_THREAD | ONE_PROCESS));
	say("to no file", send_signal(-1, MAIN_SIGNAL, NULL, 0));
	say("to another file", send_signal(0, MAIN_SIGNAL, NULL, 0));
	send_with_information(process);
	say("to the process", send_signal(process, MAIN_SIGNAL + 2, NULL, ONE_PROCESS));
	say("to the main thread", send_signal(process, MAIN_SIGNAL + 3, NULL, ONE_THREAD));
	say("to the group", send_signal(process, MAIN_SIGNAL + 4, NULL, ONE_GROUP));
	say("no signal to the group", send_signal(process, 99, NULL, ONE_GROUP));
	say("to a thread", send_signal(one, OTHER_SIGNAL, NULL, 0));
	say("to that alone", send_signal(one, OTHER_SIGNAL + 1, NULL, ONE_THREAD));
	say("to its process", send_signal(one, MAIN_SIGNAL + 5, NULL, ONE_PROCESS));
	say("to a group of its number", send_signal(one, MAIN_SIGNAL + 6, NULL, ONE_GROUP));
}

static int calls(uid_t uid)
{
	int process, one;

	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return 2;
	open_all();
	process = opened("open", target, 0);
	one = opened("open a thread", thread, THREAD);
	show_file(process);
	use_as_file(process);
	send_all(process, one);
	return 0;
}

static int refused(void)
{
	int fd = opened("open", target, 0);
	char room[16];
	struct iovec memory = { room, sizeof(room) };

	CALL("", pidfd_getfd, fd, 0, 0);
	CALL("", process_madvise, fd, &memory, 1, 0, 0);
	CALL("", process_mrelease, fd, 0);
	CALL("", setns, fd, CLONE_NEWUTS);
	return 0;
}

static void *by_poll(void *fd)
{
	struct pollfd poll_fd = { .fd = *(int *)fd, .events = POLLIN };

	say("poll", poll(&poll_fd, 1, -1));
	return NULL;
}

static void *by_select(void *fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(*(int *)fd, &set);
	say("select", select(*(int *)fd + 1, &set, NULL, NULL, NULL));
	return NULL;
}

static void *by_epoll(void *fd)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, *(int *)fd, &event))
		say("epoll_ctl", -1);
	say("epoll", epoll_wait(epoll, &event, 1, -1));
	return NULL;
}

static int watch(unsigned int flags)
{
	void *(*ways[])(void *) = { by_poll, by_select, by_epoll };
	int fd = opened("open", target, flags);
	struct pollfd gone = { .fd = fd };
	pthread_t threads[3];

	if (fd < 0)
		return 1;
	for (int way = 0; way < 3; way++)
		pthread_create(&threads[way], NULL, ways[way], &fd);
	for (int way = 0; way < 3; way++)
		pthread_join(threads[way], NULL);
	printf("ended\n");
	say("gone", poll(&gone, 1, -1));
	printf("events %x\n", events_of(fd));
	show_info(fd);
	say("nothing is sent", send_signal(fd, 0, NULL, 0));
	return 0;
}

static int hold(const char *path)
{
	int fd = opened("open", target, 0);

	if (fd < 0)
		return 1;
	for (;;) {
		char order = 0;
		int file = open(path, O_RDWR);

		if (file < 0 || read(file, &order, 1) != 1 || ftruncate(file, 0))
			order = 0;
		if (file >= 0)
			close(file);
		switch (order) {
		case 's':
			say("signal", send_signal(fd, SIGCONT, NULL, 0));
			break;
		case 'g':
			say("group", send_signal(fd, 0, NULL, ONE_GROUP));
			break;
		case 'k':
			say("kill", send_signal(fd, SIGKILL, NULL, 0));
			break;
		case 'e':
			printf("events = %x\n", events_of(fd));
			break;
		default:
			usleep(5000);
		}
	}
}

static int many(void)
{
	struct rlimit room = { 4096, 4096 };
	int count = 0;

	setrlimit(RLIMIT_NOFILE, &room);
	while (open_pidfd(target, 0) >= 0)
		count++;
	printf("%d\n", count);
	say("open", -1);
	return 0;
}

static int is_at(pid_t pid, const char *node)
{
	char path[64], where[16] = "", comm[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/where", pid);
	file = fopen(path, "r");
	if (file) {
		(void)!fgets(where, sizeof(where), file);
		fclose(file);
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "r");
	if (file) {
		(void)!fgets(comm, sizeof(comm), file);
		fclose(file);
	}
	return atoi(where) == atoi(node) && !strncmp(comm, "sleep", 5);
}

static int child(const char *node)
{
	siginfo_t info = {};
	pid_t pid = fork();
	int fd;

	if (!pid) {
		execlp("onnode", "onnode", node, "sleep", "1000", NULL);
		_exit(127);
	}
	while (!is_at(pid, node))
		usleep(5000);
	target = pid;
	fd = opened("open", pid, 0);
	show_info(fd);
	printf("poll = %x\n", events_of(fd));
	CALL("that runs", waitid, WAIT_PIDFD, fd, &info, WEXITED | WNOHANG, NULL);
	say("a signal", send_signal(fd, SIGTERM, NULL, 0));
	by_poll(&fd);
	CALL("that ended", waitid, WAIT_PIDFD, fd, &info, WEXITED, NULL);
	printf("killed by %d\n", info.si_code == CLD_KILLED ? info.si_status : -1);
	printf("poll = %x\n", events_of(fd));
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		return 2;
	target = atoi(argv[2]);
	if (!strcmp(argv[1], "calls") && argc == 6) {
		target = atoi(argv[3]);
		thread = atoi(argv[4]);
		absent = atoi(argv[5]);
		return calls(atoi(argv[2]));
	}
	if (!strcmp(argv[1], "refused"))
		return refused();
	if (!strcmp(argv[1], "watch"))
		return watch(argc > 3 ? THREAD : 0);
	if (!strcmp(argv[1], "hold") && argc == 4)
		return hold(argv[3]);
	if (!strcmp(argv[1], "many"))
		return many();
	if (!strcmp(argv[1], "child"))
		return child(argv[2]);
	return 2;
}
