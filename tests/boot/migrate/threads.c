// SPDX-License-Identifier: GPL-2.0
/*
 * What the threads of a process find that moves from node to node.
 *
 * threads ROUTE COUNT CASE	prints it; ROUTE are numbers of nodes, one behind another, as in
 *				2,3,1. A process that stays where it is prints the same.
 *
 * In most cases one of its threads moves it, in "storm" and "hammer" its parent does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi.h>

#define THREADS_MAX 1024
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int route[64];
static int steps;
static int device;
static int count;
static pthread_t threads[THREADS_MAX];
static pid_t tids[THREADS_MAX];
static atomic_int arrived, wrong;
static atomic_bool over;
static __thread long own;

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	fflush(stdout);
	_exit(99);
}

static void go(int node)
{
	struct ssi_migrate wanted = { .node = node };

	if (ioctl(device, SSI_MIGRATE, &wanted)) {
		char why[256] = "";
		int file = open("/proc/self/cantmove", O_RDONLY), error = errno;

		if (file >= 0 && read(file, why, sizeof(why) - 1) >= 0)
			printf("%s", why);
		errno = error;
		fail("migrate");
	}
}

static void begin(void *(*body)(void *))
{
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (long i = 0; i < count; i++) {
		errno = pthread_create(&threads[i], &small, body, (void *)i);
		if (errno)
			fail("pthread_create");
	}
	while (arrived < count)
		usleep(1000);
}

/* What each gives, added up. */
static unsigned long end(void)
{
	unsigned long sum = 0;

	over = true;
	for (int i = 0; i < count; i++) {
		void *result;

		pthread_join(threads[i], &result);
		sum += (unsigned long)result;
	}
	return sum;
}

static void come(long number)
{
	tids[number] = gettid();
	own = number * 7 + 1;
	arrived++;
}

/* What is a thread's own is what it was. */
static void check(long number)
{
	if (gettid() != tids[number] || syscall(SYS_gettid) != tids[number] ||
	    own != number * 7 + 1)
		wrong++;
}

static void say(const char *what, unsigned long result)
{
	printf("%s: %lu wrong %d\n", what, result, wrong);
	fflush(stdout);
}

/* --- all compute --- */

static void *compute(void *argument)
{
	long number = (long)argument;
	volatile double sum = 0, step = number + 1;

	come(number);
	for (unsigned long i = 1; i < 200 || !over; i++) {
		for (int j = 1; j < 1000; j++)
			sum = sum + step / j;
		sum = sum - sum / 2;
		check(number);
		if (i == 100)
			sum = step;
		sched_yield();
	}
	return (void *)(unsigned long)(sum > 0);
}

static void computes(void)
{
	begin(compute);
	for (int i = 0; i < steps; i++)
		go(route[i]);
	say("all compute", end());
}

/* --- what a thread has --- */

static void *differ(void *argument)
{
	long number = (long)argument;
	char name[16], found[16];
	sigset_t mask, blocked;
	stack_t stack = { .ss_sp = malloc(SIGSTKSZ), .ss_size = SIGSTKSZ }, used;

	come(number);
	snprintf(name, sizeof(name), "number-%ld", number);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_TIMERSLACK, 50000 + number * 1000);
	setpriority(PRIO_PROCESS, 0, number % 19);
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + number % 20);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	sigaltstack(&stack, NULL);
	while (!over) {
		check(number);
		usleep(5000);
	}
	prctl(PR_GET_NAME, found);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	sigaltstack(NULL, &used);
	if (strcmp(name, found) || memcmp(&mask, &blocked, sizeof(unsigned long)) ||
	    prctl(PR_GET_TIMERSLACK) != 50000 + number * 1000 ||
	    getpriority(PRIO_PROCESS, 0) != number % 19 || used.ss_sp != stack.ss_sp ||
	    used.ss_size != stack.ss_size)
		wrong++;
	return (void *)number;
}

static void differs(void)
{
	begin(differ);
	usleep(10000);
	for (int i = 0; i < steps; i++)
		go(route[i]);
	say("each is what it was", end());
}

/* --- they wait for one another, and for time --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static long whose, turns;

static void *take_turns(void *argument)
{
	long number = (long)argument, taken = 0;

	come(number);
	pthread_mutex_lock(&lock);
	while (!over) {
		if (whose != number) {
			pthread_cond_wait(&turn, &lock);
			continue;
		}
		taken++;
		turns++;
		whose = (whose + 1) % count;
		check(number);
		pthread_cond_broadcast(&turn);
	}
	pthread_cond_broadcast(&turn);
	pthread_mutex_unlock(&lock);
	return (void *)taken;
}

static void takes_turns(void)
{
	unsigned long sum;

	begin(take_turns);
	for (int i = 0; i < steps; i++) {
		long before = turns;

		go(route[i]);
		for (int j = 0; j < 5000 && turns == before; j++)
			usleep(1000);
		if (turns == before)
			wrong++;
	}
	sum = end();
	say("each turn is one's", sum == (unsigned long)turns);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static sem_t never;

static void *sleep_in_many_ways(void *argument)
{
	long number = (long)argument;
	struct timespec time = { .tv_sec = 2 }, rest = {}, until;
	double before = seconds(), passed;
	int result = 0;

	come(number);
	switch (number % 3) {
	case 0:
		result = nanosleep(&time, &rest);
		break;
	case 1:
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 2;
		result = sem_timedwait(&never, &until) == -1 && errno == ETIMEDOUT ? 0 : errno;
		break;
	case 2:
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += 2;
		result = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		break;
	}
	passed = seconds() - before;
	if (result || passed < 1.99 || passed > 30)
		wrong++;
	check(number);
	return NULL;
}

static void sleeps(void)
{
	sem_init(&never, 0, 0);
	begin(sleep_in_many_ways);
	for (int i = 0; i < steps; i++) {
		go(route[i]);
		usleep(50000);
	}
	say("each slept", end());
}

/* --- signals to one thread --- */

static atomic_int got[THREADS_MAX], astray;
static __thread long self = -1;

static void catch(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_value.sival_int == self)
		got[self]++;
	else
		astray++;
}

static void *catch_own(void *argument)
{
	long number = (long)argument;

	self = number;
	come(number);
	while (!over) {
		check(number);
		usleep(10000);
	}
	return (void *)(unsigned long)got[number];
}

static int queue(pid_t pid, pid_t tid, int signal, int value)
{
	siginfo_t info = { .si_code = SI_QUEUE, .si_pid = getpid(), .si_uid = getuid() };

	info.si_value.sival_int = value;
	return syscall(SYS_rt_tgsigqueueinfo, pid, tid, signal, &info);
}

static void signalled(void)
{
	struct sigaction action = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t mask, before;
	int sent = 0;

	sigaction(SIGRTMIN + 3, &action, NULL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 3);
	pthread_sigmask(SIG_BLOCK, &mask, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	begin(catch_own);
	for (int i = 0; i < steps; i++) {
		for (int j = 0; j < count; j++)
			if (!queue(getpid(), tids[j], SIGRTMIN + 3, j))
				sent++;
		go(route[i]);
	}
	usleep(100000);
	printf("sent %d astray %d\n", sent, astray);
	say("caught", end());
}

/* --- its parent moves it --- */

static void have_moved(pid_t child, int node)
{
	char name[64], text[16];
	int file, length = snprintf(text, sizeof(text), "%d\n", node);

	snprintf(name, sizeof(name), "/proc/%d/goto", child);
	for (int turn = 0;; turn++) {
		file = open(name, O_WRONLY);
		if (file >= 0 && write(file, text, length) == length)
			break;
		if (turn == 100)
			fail("goto");
		close(file);
		usleep(10000);
	}
	close(file);
}

static void *die_young(void *argument)
{
	long *sum = argument;

	own = (long)argument;
	for (int i = 0; i < 50; i++)
		sched_yield();
	if (own != (long)argument || syscall(SYS_gettid) != gettid())
		wrong++;
	++*sum;
	return NULL;
}

static void *bear(void *argument)
{
	long number = (long)argument, sum = 0, born = 0;

	come(number);
	while (!over) {
		pthread_t child;

		if (pthread_create(&child, NULL, die_young, &sum))
			continue;
		born++;
		pthread_join(child, NULL);
		check(number);
		if (sum != born)
			wrong++;
	}
	return (void *)(unsigned long)(sum == born);
}

static int from_parent[2];

static void storm(void)
{
	pid_t child;
	char byte;

	if (pipe(from_parent))
		fail("pipe");
	fflush(stdout);
	child = fork();
	if (!child) {
		close(from_parent[1]);
		begin(bear);
		if (read(from_parent[0], &byte, 1) != 0)
			wrong++;
		say("all are born and die", end());
		exit(0);
	}
	close(from_parent[0]);
	usleep(200000);
	for (int i = 0; i < steps; i++) {
		have_moved(child, route[i]);
		usleep(50000);
	}
	close(from_parent[1]);
	waitpid(child, NULL, 0);
}

/* A partner sends signals to the process and to its threads all the time. */
static int to_parent[2];
static atomic_long shared_caught;

static void catch_any(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	shared_caught++;
}

static void hammer(void)
{
	struct sigaction any = { .sa_sigaction = catch_any, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigaction one = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO | SA_RESTART };
	long sent = 0, sent_to_one = 0;
	pid_t child;
	char byte;

	if (pipe(from_parent) || pipe(to_parent))
		fail("pipe");
	fflush(stdout);
	child = fork();
	if (!child) {
		close(from_parent[1]);
		sigaction(SIGRTMIN + 4, &any, NULL);
		sigaction(SIGRTMIN + 3, &one, NULL);
		begin(catch_own);
		if (write(to_parent[1], tids, sizeof(tids)) < 0)
			wrong++;
		if (read(from_parent[0], &byte, 1) != 0)
			wrong++;
		usleep(300000);
		long caught = end();

		printf("to one %ld to all %ld astray %d wrong %d\n", caught, shared_caught, astray,
		       wrong);
		exit(0);
	}
	close(from_parent[0]);
	if (read(to_parent[0], tids, sizeof(tids)) != sizeof(tids))
		fail("read");
	for (int i = 0; i < steps; i++) {
		pid_t mover = fork();

		if (!mover) {
			have_moved(child, route[i]);
			_exit(0);
		}
		for (int j = 0; j < 100; j++) {
			siginfo_t info = { .si_code = SI_QUEUE };

			if (!syscall(SYS_rt_sigqueueinfo, child, SIGRTMIN + 4, &info))
				sent++;
			if (!queue(child, tids[j % count], SIGRTMIN + 3, j % count))
				sent_to_one++;
			usleep(500);
		}
		waitpid(mover, NULL, 0);
	}
	printf("sent to one %ld to all %ld\n", sent_to_one, sent);
	fflush(stdout);
	usleep(100000);
	close(from_parent[1]);
	waitpid(child, NULL, 0);
}

/* --- robust mutexes, and who waits for the end of a thread --- */

static pthread_mutex_t robust[THREADS_MAX];

static void *hold(void *argument)
{
	long number = (long)argument;

	come(number);
	pthread_mutex_lock(&robust[number]);
	while (!over) {
		check(number);
		usleep(1000);
	}
	/* It ends with it. */
	return NULL;
}

static void holds(void)
{
	pthread_mutexattr_t attributes;
	int dead = 0;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < count; i++)
		pthread_mutex_init(&robust[i], &attributes);
	begin(hold);
	usleep(10000);
	for (int i = 0; i < steps; i++)
		go(route[i]);
	say("each ends", end());
	for (int i = 0; i < count; i++)
		dead += pthread_mutex_lock(&robust[i]) == EOWNERDEAD;
	printf("each is known to have died: %d\n", dead == count);
}

/* --- any thread moves all --- */

static void *move_all(void *argument)
{
	long number = (long)argument;

	come(number);
	while (arrived < count)
		usleep(1000);
	if (number == count - 1) {
		for (int i = 0; i < steps; i++)
			go(route[i]);
		over = true;
	}
	while (!over) {
		check(number);
		usleep(1000);
	}
	return NULL;
}

static void moves_all(void)
{
	begin(move_all);
	while (!over)
		usleep(1000);
	say("a thread moves all", end());
}

/* Moves without end, as long as there is a node to go to. */
static void wander(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		begin(compute);
		for (int i = 0;; i++) {
			struct ssi_migrate wanted = { .node = route[i % steps] };

			ioctl(device, SSI_MIGRATE, &wanted);
		}
	}
	printf("%d\n", child);
	fflush(stdout);
	waitpid(child, &status, 0);
	printf("it ends: signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/* --- who speaks to a thread --- */

static pid_t born_tid;

static void *be_born(void *nothing)
{
	(void)nothing;
	self = 1;
	born_tid = gettid();
	while (!over)
		usleep(1000);
	return NULL;
}

static void end_all(int signal)
{
	(void)signal;
	over = true;
}

/* Goes along its route, has a thread made on the first node of it, and stays on the last. */
static void stays(void)
{
	struct sigaction action = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t born;

	sigaction(SIGRTMIN + 3, &action, NULL);
	signal(SIGTERM, end_all);
	count = 1;
	begin(catch_own);
	printf("home %d\n", tids[0]);
	for (int i = 0; i < steps; i++) {
		go(route[i]);
		if (!i && pthread_create(&born, NULL, be_born, NULL))
			fail("pthread_create");
		while (!born_tid)
			usleep(1000);
	}
	printf("born %d\nthere\n", born_tid);
	fflush(stdout);
	while (!over)
		usleep(1000);
	printf("%d %d wrong %d\n", got[0], got[1], wrong + astray);
}

/* Sends one signal: to:PID:TID. Its value is 0 for a thread of node 1, else 1. */
static int send_to(const char *target)
{
	int pid, tid;

	if (sscanf(target, "to:%d:%d", &pid, &tid) != 2)
		return 2;
	if (queue(pid, tid, SIGRTMIN + 3, tid >> 16 != 1))
		printf("%s\n", strerrorname_np(errno));
	else
		printf("0\n");
	return 0;
}

/* Gives a thread another policy, and prints what it has then: batch:TID. */
static int set_batch(const char *target)
{
	struct sched_param none = { 0 };
	int tid = atoi(target);

	if (sched_setscheduler(tid, SCHED_BATCH, &none))
		printf("%s\n", strerrorname_np(errno));
	else
		printf("%d\n", sched_getscheduler(tid) == SCHED_BATCH);
	return 0;
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "computes", computes },
	{ "differs", differs },
	{ "turns", takes_turns },
	{ "sleeps", sleeps },
	{ "signalled", signalled },
	{ "storm", storm },
	{ "hammer", hammer },
	{ "holds", holds },
	{ "moves", moves_all },
	{ "stays", stays },
	{ "wander", wander },
};

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	for (char *at = strtok(argv[1], ","); at; at = strtok(NULL, ","))
		route[steps++] = atoi(at);
	count = atoi(argv[2]);
	device = open("/dev/ssi", O_RDWR | O_CLOEXEC);
	if (device < 0 || !steps || count < 1 || count > THREADS_MAX)
		fail("/dev/ssi");
	if (!strncmp(argv[3], "to:", 3))
		return send_to(argv[3]);
	if (!strncmp(argv[3], "batch:", 6))
		return set_batch(argv[3] + 6);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!strcmp(cases[i].name, argv[3])) {
			cases[i].run();
			return 0;
		}
	return 2;
}
