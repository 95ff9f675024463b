// SPDX-License-Identifier: GPL-2.0
/*
 * What a process finds that moves from node to node.
 *
 * mover ROUTE CASE	prints it; ROUTE are numbers of nodes, one behind another, as in 2,3,1.
 *			A process that stays where it is prints the same.
 *
 * In most cases it moves itself, in the others its parent has it moved while it does something.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <linux/futex.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi.h>

#define PAGE 4096
#define LARGE (16 << 20)
#define SIGNALS 300
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int route[64];
static int steps;
static int device;
static int counter = 41;
static char zeros[3 * PAGE];
static __thread int own = 7;

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

static void fill(unsigned char *memory, size_t bytes)
{
	unsigned long state = 88172645463325252UL;

	for (size_t at = 0; at < bytes; at += sizeof(state)) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(memory + at, &state, sizeof(state));
	}
}

static unsigned long sum(const unsigned char *memory, size_t bytes)
{
	unsigned long all = 5381;

	for (size_t at = 0; at < bytes; at++)
		all = all * 33 + memory[at];
	return all;
}

/* --- it moves itself --- */

static void memory(void)
{
	unsigned char *large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char stack[3 * PAGE], *heap = malloc(LARGE / 4);
	const unsigned char *code = (const unsigned char *)&memory;
	char *locked = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *brk = sbrk(0);

	fill(large, LARGE);
	fill(heap, LARGE / 4);
	fill(stack, sizeof(stack));
	madvise(large + PAGE, PAGE, MADV_DONTFORK);
	for (int i = 0; i < steps; i++) {
		go(route[i]);
		counter++;
		own++;
		zeros[PAGE * (i % 3)]++;
		printf("%d %d %d %lx %lx %lx %lx %d %d\n", counter, own, zeros[PAGE], sum(large, LARGE),
		       sum(heap, LARGE / 4), sum(stack, sizeof(stack)), sum(code, 256), *locked,
		       brk == sbrk(0));
		large[i * PAGE]++;
		stack[i]++;
		heap[i * 999]++;
	}
	/* The page that is not to be in a child is not there. */
	if (!fork()) {
		signal(SIGSEGV, SIG_DFL);
		_exit(large[PAGE] != 0);
	}
	int status;

	wait(&status);
	printf("a child without it: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}

static void registers(void)
{
	volatile double angle = 0.7;
	double kept = angle, pi = 0;
	jmp_buf back;

	fesetround(FE_UPWARD);
	for (int i = 0; i < 400000; i++) {
		pi += (i % 2 ? -4.0 : 4.0) / (2 * i + 1);
		if (i % 100000 == 0)
			go(route[i / 100000 % steps]);
	}
	printf("%.17g %.17g %d\n", pi, sin(kept), fegetround() == FE_UPWARD);
	if (!setjmp(back)) {
		go(route[0]);
		longjmp(back, 1);
	}
	printf("%.17g\n", 1 / angle);
}

static volatile sig_atomic_t caught[65];
static int values[8], value_count;

static void catch(int signal, siginfo_t *info, void *context)
{
	(void)context;
	caught[signal]++;
	if (signal == SIGRTMIN + 1 && value_count < 8)
		values[value_count++] = info->si_value.sival_int;
}

static void handle(int signal, int flags)
{
	struct sigaction action = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO | flags };

	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(signal, &action, NULL);
}

static void signals(void)
{
	stack_t stack = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 }, found;
	struct sigaction action;
	sigset_t blocked;

	sigaltstack(&stack, NULL);
	handle(SIGRTMIN + 1, SA_ONSTACK);
	handle(SIGUSR1, SA_RESTART);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN + 1);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i + 1 });
	kill(getpid(), SIGTERM);
	for (int i = 0; i < steps; i++) {
		go(route[i]);
		raise(SIGUSR1);
		raise(SIGHUP);
		sigpending(&blocked);
		sigaction(SIGUSR1, NULL, &action);
		sigaltstack(NULL, &found);
		printf("%d waits %d %d mask %d restarts %d stack %d\n", caught[SIGUSR1],
		       sigismember(&blocked, SIGRTMIN + 1), sigismember(&blocked, SIGTERM),
		       sigismember(&action.sa_mask, SIGUSR2), !!(action.sa_flags & SA_RESTART),
		       found.ss_sp == stack.ss_sp);
	}
	signal(SIGTERM, SIG_IGN);
	sigfillset(&blocked);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	printf("values");
	for (int i = 0; i < value_count; i++)
		printf(" %d", values[i]);
	printf("\n");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void alarms(void)
{
	struct itimerval once = { .it_value.tv_usec = 300000 }, left;
	struct itimerval often = { .it_value.tv_usec = 50000, .it_interval.tv_usec = 50000 };
	double start = seconds();

	handle(SIGALRM, 0);
	setitimer(ITIMER_REAL, &once, NULL);
	for (int i = 0; !caught[SIGALRM]; i++)
		go(route[i % steps]);
	printf("once, not early: %d\n", seconds() - start > 0.299);
	for (double end = seconds() + 0.4; seconds() < end;)
		go(route[0]);
	printf("and not again: %d\n", caught[SIGALRM]);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; caught[SIGALRM] < 6; i++)
		go(route[i % steps]);
	getitimer(ITIMER_REAL, &left);
	printf("often: %d\n", left.it_interval.tv_usec == 50000);
}

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* None goes back or jumps, whenever the nodes were booted. */
static void clocks(void)
{
	static const clockid_t all[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };
	double real = now(CLOCK_REALTIME), before[COUNT(all)];

	for (size_t i = 0; i < COUNT(all); i++)
		before[i] = now(all[i]);
	for (int step = 0; step < steps; step++) {
		go(route[step]);
		for (size_t i = 0; i < COUNT(all); i++) {
			double passed = now(all[i]) - before[i];

			printf("%d %d ", passed >= 0,
			       fabs(passed - (now(CLOCK_REALTIME) - real)) < 0.05);
			before[i] += passed;
			if (i == COUNT(all) - 1)
				real = now(CLOCK_REALTIME);
		}
	}
	printf("\n");
}

static void place(void)
{
	int pid = getpid(), parent = getppid(), group = getpgrp(), session = getsid(0);
	struct rlimit limit = { 77, 99 };
	char name[16], directory[256];

	mkdir("/tmp/mover", 0700);
	if (chdir("/tmp"))
		fail("chdir");
	umask(027);
	setrlimit(RLIMIT_NOFILE, &limit);
	nice(3);
	prctl(PR_SET_NAME, "wanderer");
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	for (int i = 0; i < steps; i++) {
		int wish;

		go(route[i]);
		getrlimit(RLIMIT_NOFILE, &limit);
		prctl(PR_GET_NAME, name);
		prctl(PR_GET_PDEATHSIG, &wish);
		if (!getcwd(directory, sizeof(directory)))
			fail("getcwd");
		printf("%d %d %d %d %s %o %lu %lu %d %s %d\n", pid == getpid(), parent == getppid(),
		       group == getpgrp(), session == getsid(0), directory, umask(027),
		       limit.rlim_cur, limit.rlim_max, getpriority(PRIO_PROCESS, 0), name,
		       wish == SIGUSR1);
	}
}

static void files(void)
{
	int ends[2], pair[2], file = open("/tmp/mover.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int twin = dup(file), list = open("/tmp/mover.list", O_WRONLY | O_CREAT | O_APPEND, 0600);
	char text[64];

	if (pipe2(ends, O_CLOEXEC) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		fail("files");
	for (int i = 0; i < steps; i++) {
		if (write(ends[1], "pipe", 4) != 4 || write(pair[0], "pair", 4) != 4)
			fail("write");
		go(route[i]);
		dprintf(file, "%d;", i);
		dprintf(twin, "%d,", i);
		dprintf(list, "x");
		memset(text, 0, sizeof(text));
		if (read(ends[0], text, 4) != 4 || read(pair[1], text + 4, 4) != 4)
			fail("read");
		printf("%s %lld %d %d\n", text, (long long)lseek(file, 0, SEEK_CUR),
		       fcntl(ends[0], F_GETFD), fcntl(list, F_GETFL) & O_APPEND);
	}
	memset(text, 0, sizeof(text));
	if (pread(file, text, sizeof(text) - 1, 0) < 0)
		fail("pread");
	printf("%s\n", text);
}

static void says_next(pid_t child, const char *when)
{
	siginfo_t info = { 0 };
	struct rusage usage;

	if (syscall(SYS_waitid, P_PID, child, &info, WEXITED | WSTOPPED | WCONTINUED, &usage))
		fail(when);
	printf("%s: code %d status %d\n", when, info.si_code, info.si_status);
	fflush(stdout);
}

/* The parent stays. */
static void ends(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		for (int i = 0; i < steps; i++)
			go(route[i]);
		raise(SIGSTOP);
		/* Who looks late finds the end alone. */
		usleep(300000);
		_exit(7);
	}
	says_next(child, "it stops itself");
	kill(child, SIGCONT);
	says_next(child, "it goes on");
	says_next(child, "it ends");
	child = fork();
	if (!child) {
		for (int i = 0;; i++)
			go(route[i % steps]);
	}
	usleep(100000);
	kill(child, SIGTERM);
	says_next(child, "it is killed while it moves");
	child = fork();
	if (!child) {
		go(route[0]);
		if (!fork())
			_exit(where() == route[0] ? 3 : 4);
		int status;

		wait(&status);
		execl("/bin/sh", "sh", "-c", "exit $1", "sh", status == 3 << 8 ? "5" : "6", NULL);
	}
	says_next(child, "it has a child and executes a program");
}

static void work(double time)
{
	volatile unsigned long count = 0;

	for (double end = seconds() + time; seconds() < end;)
		count++;
}

/* The parent finds what was used on all nodes. */
static void usage(void)
{
	struct rusage used;
	int status;
	double all;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		for (int i = 0; i < steps; i++) {
			go(route[i]);
			work(0.3);
		}
		/* What was used before is told apart. */
		usleep(200000);
		_exit(0);
	}
	if (wait4(child, &status, 0, &used) != child)
		fail("wait4");
	all = used.ru_utime.tv_sec + used.ru_stime.tv_sec +
	      (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	printf("used for the most part: %d\n", all > 0.3 * steps * 0.7);
}

/* No signal twice and none lost, whatever the process does. */
static void storm(void)
{
	sigset_t number;
	pid_t child;
	int lost = 0;

	sigemptyset(&number);
	sigaddset(&number, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &number, NULL);
	fflush(stdout);
	child = fork();
	if (!child) {
		const struct timespec moment = { 0 };
		char came[SIGNALS] = { 0 };
		siginfo_t info;
		int count = 0;

		for (int i = 0; count < SIGNALS; i++) {
			go(route[i % steps]);
			while (sigtimedwait(&number, &info, &moment) > 0) {
				if (came[info.si_value.sival_int]++)
					_exit(1);
				count++;
			}
		}
		go(route[0]);
		_exit(sigtimedwait(&number, &info, &moment) > 0 ? 2 : 0);
	}
	for (int i = 0; i < SIGNALS; i++) {
		if (sigqueue(child, SIGRTMIN + 2, (union sigval){ .sival_int = i }))
			lost++;
		usleep(1000);
	}
	printf("not sent: %d\n", lost);
	says_next(child, "all came");
}

/* Moves without end, as long as there is a node to go to. */
static void wander(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		prctl(PR_SET_NAME, "wanderer");
		for (int i = 0;; i++) {
			struct ssi_migrate wanted = { .node = route[i % steps] };

			ioctl(device, SSI_MIGRATE, &wanted);
		}
	}
	printf("%d\n", child);
	fflush(stdout);
	says_next(child, "it ends");
}

/* --- its parent moves it --- */

static void have_moved(pid_t child, int node)
{
	char name[64], text[16];
	int file, length = snprintf(text, sizeof(text), "%d\n", node);

	snprintf(name, sizeof(name), "/proc/%d/goto", child);
	file = open(name, O_WRONLY);
	if (file < 0 || write(file, text, length) != length)
		fail("goto");
	close(file);
}

static int word;

static int sleeps(void)
{
	const struct timespec time = { .tv_nsec = 700000000 };

	return nanosleep(&time, NULL);
}

static int sleeps_until(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_nsec += 700000000;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static int polls(void)
{
	return poll(NULL, 0, 700);
}

static int selects(void)
{
	struct timeval time = { .tv_usec = 700000 };

	return select(0, NULL, NULL, NULL, &time);
}

static int waits(void)
{
	const struct timespec time = { .tv_nsec = 700000000 };

	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &time);
}

static int waits_for_signals(void)
{
	const struct timespec time = { .tv_nsec = 700000000 };
	sigset_t none;

	sigemptyset(&none);
	return sigtimedwait(&none, NULL, &time);
}

static int pauses(void)
{
	struct itimerval once = { .it_value.tv_usec = 700000 };

	handle(SIGALRM, 0);
	setitimer(ITIMER_REAL, &once, NULL);
	return pause();
}

static int computes(void)
{
	volatile unsigned long work = 0;

	for (double end = seconds() + 0.7; seconds() < end;)
		work++;
	return work > 1000;
}

static void interrupted(void)
{
	static const struct {
		const char *name;
		int (*act)(void);
	} acts[] = {
		{ "nanosleep", sleeps },
		{ "clock_nanosleep", sleeps_until },
		{ "poll", polls },
		{ "select", selects },
		{ "futex", waits },
		{ "sigtimedwait", waits_for_signals },
		{ "pause", pauses },
		{ "computes", computes },
	};

	for (size_t i = 0; i < COUNT(acts); i++) {
		double start = seconds();
		pid_t child;

		fflush(stdout);
		child = fork();
		if (!child) {
			int result = acts[i].act();

			printf("%s: %d %s\n", acts[i].name, result,
			       result < 0 ? strerrorname_np(errno) : "");
			fflush(stdout);
			_exit(where() == route[steps - 1]);
		}
		usleep(100000);
		for (int step = 0; step < steps; step++)
			have_moved(child, route[step]);
		says_next(child, acts[i].name);
		printf("its time: %d\n", seconds() - start > 0.699);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "memory", memory },
	{ "registers", registers },
	{ "signals", signals },
	{ "alarms", alarms },
	{ "clocks", clocks },
	{ "place", place },
	{ "files", files },
	{ "ends", ends },
	{ "usage", usage },
	{ "storm", storm },
	{ "wander", wander },
	{ "interrupted", interrupted },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
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
