// SPDX-License-Identifier: GPL-2.0
/*
 * What a process still has that moves from node to node: what counts, waits or is locked.
 *
 * kept ROUTE CASE	prints it; ROUTE are numbers of nodes, one behind another, as in 2,3,1.
 *			A process that stays where it is prints the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi.h>

#define MS 1000000L
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#ifndef PR_TIMER_CREATE_RESTORE_IDS
#define PR_TIMER_CREATE_RESTORE_IDS 77
#endif

static int route[64];
static int steps;
static int device;

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	fflush(stdout);
	exit(99);
}

static int where(void)
{
	FILE *file = fopen("/proc/self/where", "r");
	int node = 0;

	if (!file || fscanf(file, "%d", &node) != 1)
		fail("where");
	fclose(file);
	return node;
}

static void go(int node)
{
	struct ssi_migrate wanted = { .node = node };

	if (ioctl(device, SSI_MIGRATE, &wanted))
		fail("migrate");
	if (where() != node)
		fail("it is not there");
}

static void go_round(void)
{
	for (int i = 0; i < steps; i++)
		go(route[i]);
}

static long now(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time))
		fail("clock_gettime");
	return time.tv_sec * 1000 * MS + time.tv_nsec;
}

static struct timespec span(long ns)
{
	return (struct timespec){ .tv_sec = ns / (1000 * MS), .tv_nsec = ns % (1000 * MS) };
}

static long ns_of(struct timespec time)
{
	return time.tv_sec * 1000 * MS + time.tv_nsec;
}

/* --- timers of timer_create --- */

/* The kernel's numbers: the C library has others. */
static int create(clockid_t clock, int notify, int signal, int value, int id)
{
	struct sigevent event = {
		.sigev_notify = notify,
		.sigev_signo = signal,
		.sigev_value.sival_int = value,
	};

	if (notify == SIGEV_THREAD_ID)
		event._sigev_un._tid = gettid();
	if (syscall(SYS_timer_create, clock, &event, &id))
		fail("timer_create");
	return id;
}

static void set(int id, int flags, long value, long interval)
{
	struct itimerspec setting = { .it_value = span(value), .it_interval = span(interval) };

	if (syscall(SYS_timer_settime, id, flags, &setting, NULL))
		fail("timer_settime");
}

static long left(int id, long *interval)
{
	struct itimerspec setting;

	if (syscall(SYS_timer_gettime, id, &setting))
		fail("timer_gettime");
	*interval = ns_of(setting.it_interval);
	return ns_of(setting.it_value);
}

static int wait_for(int signal, siginfo_t *info, long ns)
{
	struct timespec patience = span(ns);
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, signal);
	return sigtimedwait(&one, info, &patience);
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Each clock runs on, to the same moment. */
static void timers(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
					    CLOCK_TAI };
	long interval, moment[COUNT(clocks)];
	int id[COUNT(clocks)], none, bare;

	block_all();
	for (size_t i = 0; i < COUNT(clocks); i++) {
		id[i] = create(clocks[i], i % 2 ? SIGEV_THREAD_ID : SIGEV_SIGNAL, SIGRTMIN + i,
			       100 + i, 0);
		moment[i] = now(clocks[i]) + 900 * MS;
		set(id[i], TIMER_ABSTIME, moment[i], 0);
	}
	none = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);
	set(none, 0, 3600000 * MS, 7 * MS);
	bare = create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 5, 0);
	for (int i = 0; i < steps; i++) {
		long rest;

		go(route[i]);
		rest = left(none, &interval);
		printf("none: %d %ld; not set: %ld\n", rest > 3590000 * MS && rest < 3600000 * MS,
		       interval / MS, left(bare, &interval));
	}
	for (size_t i = 0; i < COUNT(clocks); i++) {
		siginfo_t info;
		int signal = wait_for(SIGRTMIN + i, &info, 5000 * MS);
		long late = now(clocks[i]) - moment[i];

		printf("%zu: %d code %d value %d timer %d overrun %d, late %d, left %ld\n", i,
		       signal == SIGRTMIN + (int)i, info.si_code, info.si_value.sival_int,
		       info.si_timerid == id[i], info.si_overrun, late < 0 || late > 2000 * MS,
		       left(id[i], &interval));
	}
	/* The next number is the next one. */
	printf("next: %d\n", create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0, 0));
	for (size_t i = 0; i < COUNT(clocks); i++)
		if (syscall(SYS_timer_delete, id[i]))
			fail("timer_delete");
	go_round();
	printf("deleted: %ld %s\n", syscall(SYS_timer_delete, id[0]), strerrorname_np(errno));
	printf("next: %d\n", create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0, 0));
	/* As a program has them that restores others. */
	if (prctl(PR_TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0))
		fail("prctl");
	create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0, 1000000);
	go_round();
	printf("named: %d %d\n", create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0, 2000000),
	       prctl(PR_TIMER_CREATE_RESTORE_IDS, 2, 0, 0, 0));
}

static volatile int beats, missed;

static void beat(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	beats++;
	missed += info->si_overrun;
}

/* None of its times is lost, and none comes twice, however often it moves. */
static void beating(void)
{
	struct sigaction action = { .sa_sigaction = beat, .sa_flags = SA_SIGINFO | SA_RESTART };
	long start, passed, interval;
	sigset_t one;
	int id;

	sigaction(SIGRTMIN + 3, &action, NULL);
	sigemptyset(&one);
	sigaddset(&one, SIGRTMIN + 3);
	id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 3, 0, 0);
	start = now(CLOCK_MONOTONIC) + 5 * MS;
	set(id, TIMER_ABSTIME, start, 5 * MS);
	for (int round = 0; round < 5; round++)
		go_round();
	/* One that waits goes along. */
	sigprocmask(SIG_BLOCK, &one, NULL);
	usleep(30000);
	go_round();
	sigpending(&one);
	printf("it waits: %d\n", sigismember(&one, SIGRTMIN + 3));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	left(id, &interval);
	set(id, 0, 0, 0);
	passed = (now(CLOCK_MONOTONIC) - start) / interval + 1;
	/* The last one may have run out and not have come. */
	printf("times: %d, interval %ld\n",
	       beats + missed >= passed - 2 && beats + missed <= passed + 1, interval / MS);
	if (beats + missed < passed - 2 || beats + missed > passed + 1)
		printf("%d beats, %d missed, %ld passed\n", beats, missed, passed);
	beats = missed = 0;
	go_round();
	usleep(50000);
	printf("when it is off: %d\n", beats);
}

/* One that has run out and is not taken; one that is ignored; one that was set again. */
static void waiting(void)
{
	int once, other, ignored;
	siginfo_t info;
	long interval;

	block_all();
	once = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 11, 0);
	other = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 22, 0);
	set(once, 0, MS, 0);
	set(other, 0, MS, 0);
	usleep(50000);
	set(other, 0, 3600000 * MS, 0);
	go_round();
	printf("it waits: %d %d\n", wait_for(SIGRTMIN, &info, 0) == SIGRTMIN,
	       info.si_value.sival_int);
	printf("once: %d\n", wait_for(SIGRTMIN, &info, 20 * MS));
	printf("set again: %d %d\n", wait_for(SIGRTMIN + 1, &info, 0),
	       left(other, &interval) > 3500000 * MS);
	ignored = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 0, 0);
	signal(SIGUSR2, SIG_IGN);
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	set(ignored, 0, MS, 10 * MS);
	usleep(50000);
	go_round();
	sigprocmask(SIG_BLOCK, &one, NULL);
	signal(SIGUSR2, SIG_DFL);
	printf("no more ignored: %d\n", wait_for(SIGUSR2, &info, 3000 * MS) == SIGUSR2);
}

static void work(clockid_t clock, long ns)
{
	for (long end = now(clock) + ns; now(clock) < end;)
		;
}

/* What counts is what is used, wherever. */
static void used(void)
{
	clockid_t own;
	int process, thread, third;
	long start = now(CLOCK_MONOTONIC), interval;
	siginfo_t info;

	block_all();
	clock_getcpuclockid(getpid(), &own);
	process = create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 1, 0);
	thread = create(CLOCK_THREAD_CPUTIME_ID, SIGEV_THREAD_ID, SIGRTMIN + 1, 2, 0);
	third = create(own, SIGEV_SIGNAL, SIGRTMIN + 2, 3, 0);
	set(process, 0, 300 * MS, 100 * MS);
	set(thread, 0, 300 * MS, 0);
	set(third, 0, 3600000 * MS, 0);
	go_round();
	usleep(400000);
	printf("no time is used: %d\n", wait_for(SIGRTMIN, &info, 0));
	for (int i = 0; i < steps; i++) {
		work(CLOCK_THREAD_CPUTIME_ID, 450 * MS / steps);
		go(route[i]);
	}
	printf("used: %d %d, %d %d\n", wait_for(SIGRTMIN, &info, 0) == SIGRTMIN,
	       info.si_value.sival_int, wait_for(SIGRTMIN + 1, &info, 0) == SIGRTMIN + 1,
	       info.si_value.sival_int);
	printf("not early: %d\n", now(CLOCK_MONOTONIC) - start > 700 * MS);
	work(CLOCK_THREAD_CPUTIME_ID, 150 * MS);
	printf("again: %d\n", wait_for(SIGRTMIN, &info, 0) == SIGRTMIN);
	printf("left: %d\n", left(third, &interval) > 3590000 * MS);
}

/* --- locks, which another process sees throughout --- */

#define LOCKED "/tmp/kept.locked"
#define LOCKED_TOO "/tmp/kept.locked.too"

static int to_child[2], to_parent[2];

/* The child does something when it is told, and says so. */
static void await(void)
{
	char byte;

	if (read(to_child[0], &byte, 1) != 1)
		_exit(1);
}

static void done(void)
{
	if (write(to_parent[1], "", 1) != 1)
		_exit(1);
}

static void let_act(void)
{
	char byte;

	if (write(to_child[1], "", 1) != 1 || read(to_parent[0], &byte, 1) != 1)
		fail("the child");
}

static int lock(int fd, int command, int type, int start, int length)
{
	struct flock wanted = { .l_type = type, .l_start = start, .l_len = length };

	return fcntl(fd, command, &wanted) ? errno : 0;
}

static void hold_and_go(void)
{
	int file = open(LOCKED, O_RDWR), too = open(LOCKED_TOO, O_RDWR), twin;

	if (lock(file, F_SETLK, F_WRLCK, 0, 10) || lock(file, F_SETLK, F_RDLCK, 20, 10) ||
	    lock(too, F_SETLK, F_WRLCK, 0, 0))
		_exit(1);
	done();
	for (int i = 0; i < steps; i++) {
		await();
		go(route[i]);
		/* One that it takes there. */
		if (lock(file, F_SETLK, F_WRLCK, 100 + 10 * i, 5))
			_exit(1);
		done();
	}
	await();
	lock(file, F_SETLK, F_UNLCK, 0, 5);
	done();
	await();
	/* A file that is closed once has none. */
	twin = dup(file);
	close(twin);
	done();
	await();
	_exit(0);
}

/* Which locks the parent finds in the way, and that all are the child's. */
static void see(int fd, pid_t child)
{
	for (int start = 0; start < 200;) {
		struct flock found = { .l_type = F_WRLCK, .l_start = start };

		if (fcntl(fd, F_GETLK, &found))
			fail("F_GETLK");
		if (found.l_type == F_UNLCK)
			break;
		printf(" %s%ld+%ld%s", found.l_type == F_WRLCK ? "w" : "r", (long)found.l_start,
		       (long)found.l_len, found.l_pid == child ? "" : " of another process");
		if (!found.l_len)
			break;
		start = found.l_start + found.l_len;
	}
	printf("\n");
}

/* Takes each chance there is to lock what the child has. */
static pid_t try_always(void)
{
	pid_t rival = fork();
	int file = open(LOCKED, O_RDWR);

	if (rival)
		return rival;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (lock(file, F_SETLK, F_WRLCK, 5, 1))
		sched_yield();
	_exit(3);
}

static void locks(void)
{
	int file = open(LOCKED, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int too = open(LOCKED_TOO, O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	pid_t child, rival;
	char byte;

	if (pipe(to_child) || pipe(to_parent))
		fail("pipe");
	fflush(stdout);
	child = fork();
	if (!child)
		hold_and_go();
	if (read(to_parent[0], &byte, 1) != 1)
		fail("the child");
	rival = try_always();
	for (int i = 0; i < steps; i++) {
		let_act();
		see(file, child);
		printf("too: %d\n", lock(too, F_SETLK, F_RDLCK, 1000, 1) == EAGAIN);
	}
	printf("nobody else got it: %d\n", waitpid(rival, &status, WNOHANG) == 0);
	let_act();
	see(file, child);
	let_act();
	if (waitpid(rival, &status, 0) != rival)
		fail("waitpid");
	see(file, child);
	printf("then it is free: %d\n", WEXITSTATUS(status));
	printf("too: %d\n", lock(too, F_SETLK, F_RDLCK, 1000, 1) == EAGAIN);
	if (write(to_child[1], "", 1) != 1)
		fail("the child");
	/* Who waits gets it when the child ends. */
	printf("at the end: %d\n", lock(too, F_SETLKW, F_WRLCK, 0, 0));
	waitpid(child, &status, 0);
	printf("it ends: %d\n", status);
}

/* --- files that say when something happens --- */

static void counters(void)
{
	int plain = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), semaphore = eventfd(50, EFD_SEMAPHORE);
	int full = eventfd(0, EFD_NONBLOCK), twin = dup(plain);
	unsigned long count = ULONG_MAX - 1, one = 1;

	if (write(full, &count, sizeof(count)) != sizeof(count))
		fail("write");
	for (int i = 0; i < steps; i++) {
		ssize_t result = read(plain, &count, sizeof(count));

		printf("%zd %s", result, result < 0 ? strerrorname_np(errno) : "");
		for (int j = 0; j <= i; j++)
			if (write(j % 2 ? plain : twin, &one, sizeof(one)) != sizeof(one))
				fail("write");
		go(route[i]);
		if (read(semaphore, &count, sizeof(count)) != sizeof(count))
			fail("read");
		printf(" one of them: %lu", count);
		if (read(i % 2 ? plain : twin, &count, sizeof(count)) != sizeof(count))
			fail("read");
		printf(" all: %lu flags %d %d full: %zd\n", count, fcntl(plain, F_GETFD),
		       fcntl(twin, F_GETFD), write(full, &one, sizeof(one)));
	}
	if (read(full, &count, sizeof(count)) != sizeof(count))
		fail("read");
	printf("it was full: %d\n", count == ULONG_MAX - 1);
}

static void set_file(int file, int flags, long value, long interval)
{
	struct itimerspec setting = { .it_value = span(value), .it_interval = span(interval) };

	if (timerfd_settime(file, flags, &setting, NULL))
		fail("timerfd_settime");
}

static unsigned long times_of(int file)
{
	unsigned long times = 0;

	if (read(file, &times, sizeof(times)) != sizeof(times) && errno != EAGAIN)
		fail("read");
	return times;
}

/* Each runs out when it would have, and as often. */
static void timer_files(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };
	int once[COUNT(clocks)], often[COUNT(clocks)], off, later, past, shared;
	long start[COUNT(clocks)];
	unsigned long all[COUNT(clocks)] = { 0 };

	for (size_t i = 0; i < COUNT(clocks); i++) {
		once[i] = timerfd_create(clocks[i], TFD_NONBLOCK);
		often[i] = timerfd_create(clocks[i], TFD_NONBLOCK | TFD_CLOEXEC);
		start[i] = now(clocks[i]);
		set_file(once[i], TFD_TIMER_ABSTIME, start[i] + 700 * MS, 0);
		set_file(often[i], TFD_TIMER_ABSTIME, start[i] + 10 * MS, 10 * MS);
	}
	off = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	later = timerfd_create(CLOCK_REALTIME, 0);
	past = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	shared = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	set_file(later, 0, 600 * MS, 0);
	set_file(past, 0, 1, 0);
	set_file(shared, 0, 5 * MS, 5 * MS);
	/* One that another process has, too, stays where it is. */
	fflush(stdout);
	if (!fork()) {
		close_range(3, shared - 1, 0);
		if (fork())
			_exit(0);
		usleep(1500000);
		_exit(0);
	}
	wait(NULL);
	for (int i = 0; i < steps; i++) {
		go(route[i]);
		for (size_t at = 0; i % 2 && at < COUNT(clocks); at++)
			all[at] += times_of(often[at]);
	}
	usleep(20000);
	printf("once it was: %lu; off: %lu; shared: %d\n", times_of(past), times_of(off),
	       times_of(shared) > 0);
	printf("then: %lu\n", times_of(past));
	printf("later: %lu\n", times_of(later));
	printf("not early: %d\n", now(CLOCK_REALTIME) - start[0] >= 600 * MS);
	while (now(CLOCK_MONOTONIC) < start[1] + 750 * MS)
		usleep(10000);
	for (size_t at = 0; at < COUNT(clocks); at++) {
		long passed, first = now(clocks[at]);

		all[at] += times_of(often[at]);
		passed = (first - start[at]) / (10 * MS);
		printf("%zu: once %lu, as often as there was time: %d\n", at, times_of(once[at]),
		       labs((long)all[at] - passed) <= 1);
		if (labs((long)all[at] - passed) > 1)
			printf("%lu, not %ld\n", all[at], passed);
	}
	/* What nobody read is not lost on any of the ways. */
	set_file(often[1], 0, 10 * MS, 10 * MS);
	start[1] = now(CLOCK_MONOTONIC);
	usleep(100000);
	go_round();
	usleep(50000);
	all[1] = times_of(often[1]);
	printf("unread: %d\n",
	       labs((long)all[1] - (now(CLOCK_MONOTONIC) - start[1]) / (10 * MS)) <= 1);
}

static void signal_files(void)
{
	struct signalfd_siginfo info;
	sigset_t mask;
	int file;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGRTMAX);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	file = signalfd(-1, &mask, SFD_NONBLOCK);
	for (int i = 0; i < steps; i++) {
		kill(getpid(), SIGUSR1);
		sigqueue(getpid(), SIGRTMAX, (union sigval){ .sival_int = i });
		go(route[i]);
		for (int j = 0; j < 3; j++) {
			ssize_t length = read(file, &info, sizeof(info));

			if (length < 0)
				printf("%s\n", strerrorname_np(errno));
			else
				printf("%u %d, ", info.ssi_signo, info.ssi_int);
		}
	}
	sigdelset(&mask, SIGRTMAX);
	if (signalfd(file, &mask, 0) != file)
		fail("signalfd");
	go_round();
	sigqueue(getpid(), SIGRTMAX, (union sigval){ .sival_int = 0 });
	printf("none of others: %zd\n", read(file, &info, sizeof(info)));
}

static void print_ready(int set, const char *when)
{
	struct epoll_event found[16];
	int count = epoll_wait(set, found, COUNT(found), 0);

	printf("%s:", when);
	/* In what order is of the moment. */
	for (unsigned int number = 0; number < 100; number++)
		for (int i = 0; i < count; i++)
			if (found[i].data.u32 == number)
				printf(" %u=%x", number, found[i].events);
	printf("\n");
}

/* What waits for an edge says once more there what it was. */
static void drop_edges(int set)
{
	struct epoll_event found[16];

	epoll_wait(set, found, COUNT(found), 0);
}

static void add(int set, int file, unsigned int events, unsigned int number)
{
	struct epoll_event event = { .events = events, .data.u64 = number | 77UL << 32 };

	if (epoll_ctl(set, EPOLL_CTL_ADD, file, &event))
		fail("epoll_ctl");
}

/* A set says the same of files of its own node, of others, and of other sets. */
static void sets(void)
{
	int set = epoll_create1(EPOLL_CLOEXEC), inner = epoll_create1(0), twin, twins, empty;
	int ends[2], pair[2], counter = eventfd(0, EFD_NONBLOCK), edge = eventfd(1, 0);
	int shot = eventfd(1, 0), clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), signals;
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 8 };
	unsigned long one = 1;
	sigset_t mask;
	char byte;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signals = signalfd(-1, &mask, 0);
	if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		fail("files");
	empty = epoll_create1(0);
	twin = dup(counter);
	twins = dup(set);
	add(set, ends[0], EPOLLIN, 1);
	add(set, pair[0], EPOLLIN | EPOLLRDHUP, 2);
	add(set, counter, EPOLLIN, 3);
	add(set, twin, EPOLLIN | EPOLLOUT, 4);
	add(set, edge, EPOLLIN | EPOLLET, 5);
	add(set, shot, EPOLLIN | EPOLLONESHOT, 6);
	add(set, clock, EPOLLIN, 7);
	add(set, signals, EPOLLIN, 9);
	add(set, inner, EPOLLIN, 10);
	add(inner, counter, EPOLLIN, 11);
	for (int i = 0; i < steps; i++) {
		print_ready(twins, "before");
		go(route[i]);
		drop_edges(set);
		print_ready(set, "then");
		if (write(counter, &one, sizeof(one)) != sizeof(one) ||
		    write(ends[1], "x", 1) != 1 || write(pair[1], "x", 1) != 1)
			fail("write");
		kill(getpid(), SIGUSR1);
		set_file(clock, 0, 1, 0);
		usleep(1000);
		/* Those of other nodes are told. */
		while (poll((struct pollfd[]){ { .fd = set, .events = POLLIN } }, 1, 0) != 1)
			usleep(1000);
		usleep(50000);
		print_ready(set, "all");
		print_ready(inner, "inner");
		go(route[i]);
		drop_edges(set);
		print_ready(set, "all once more");
		print_ready(empty, "nothing");
		event.events = EPOLLIN | EPOLLONESHOT;
		event.data.u32 = 6;
		if (epoll_ctl(set, EPOLL_CTL_MOD, shot, &event) || read(ends[0], &byte, 1) != 1 ||
		    read(pair[0], &byte, 1) != 1 || read(counter, &one, sizeof(one)) < 0 ||
		    wait_for(SIGUSR1, &(siginfo_t){ 0 }, 0) != SIGUSR1 || times_of(clock) != 1)
			fail("read");
		one = 1;
		usleep(50000);
	}
	print_ready(set, "at the end");
	printf("it is there: %d\n", epoll_ctl(set, EPOLL_CTL_ADD, counter, &event));
	printf("and goes: %d %d\n", epoll_ctl(set, EPOLL_CTL_DEL, counter, NULL),
	       epoll_ctl(set, EPOLL_CTL_DEL, counter, NULL));
	close(pair[1]);
	usleep(50000);
	print_ready(set, "its other end is gone");
	printf("closed on exec: %d %d\n", fcntl(set, F_GETFD), fcntl(inner, F_GETFD));
}

/* --- files of other processes --- */

static int ends(int file, int patience)
{
	return poll((struct pollfd[]){ { .fd = file, .events = POLLIN } }, 1, patience);
}

/* A file of its brother, and one of itself, from everywhere. */
static void watch_brother(pid_t brother)
{
	int file = syscall(SYS_pidfd_open, brother, 0), own = syscall(SYS_pidfd_open, getpid(), 0);
	int twin = dup(file);
	siginfo_t info;

	block_all();
	for (int i = 0; i < steps; i++) {
		go(route[i]);
		printf("it runs: %d %d %d, a signal: %ld\n", ends(file, 0), ends(twin, 0),
		       ends(own, 0), syscall(SYS_pidfd_send_signal, file, SIGUSR1, NULL, 0));
		printf("its own: %ld %d\n",
		       syscall(SYS_pidfd_send_signal, own, SIGUSR2, NULL, 0),
		       wait_for(SIGUSR2, &info, 1000 * MS));
	}
	syscall(SYS_pidfd_send_signal, twin, SIGKILL, NULL, 0);
	printf("it ends: %d\n", ends(file, 5000));
	_exit(0);
}

static void processes(void)
{
	pid_t brother = fork(), child;
	int status;

	if (!brother) {
		signal(SIGUSR1, SIG_IGN);
		for (;;)
			pause();
	}
	usleep(50000);
	child = fork();
	if (!child)
		watch_brother(brother);
	waitpid(child, &status, 0);
	printf("the child: %d\n", status);
	waitpid(brother, &status, 0);
	printf("its brother: %d\n", WTERMSIG(status));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "timers", timers },
	{ "beating", beating },
	{ "waiting", waiting },
	{ "used", used },
	{ "locks", locks },
	{ "counters", counters },
	{ "timer_files", timer_files },
	{ "signal_files", signal_files },
	{ "sets", sets },
	{ "processes", processes },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	setlinebuf(stdout);
	for (char *at = strtok(argv[1], ","); at; at = strtok(NULL, ","))
		route[steps++] = atoi(at);
	device = open("/dev/ssi", O_RDWR | O_CLOEXEC);
	if (device < 0 || !steps)
		fail("/dev/ssi");
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!strcmp(cases[i].name, argv[2])) {
			cases[i].run();
			return 0;
		}
	return 2;
}
