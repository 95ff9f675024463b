// SPDX-License-Identifier: GPL-2.0
/*
 * What a child finds that was forked on a node, and its parent of it.
 *
 * forker NODE CASE		prints it; on the own node it prints the same, and with 0,
 *				which is fork(2)
 * forker NODE size MEGABYTES	prints how long a fork with so much memory takes
 * forker NODE crowd TIMES	forks so many children, one behind another
 * forker NODE kill TIMES	kills so many while they are on their way
 * forker NODE endure		forks without end; prints what came of the first that failed
 */
#include "rfork.h"

#include <fenv.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define PAGE 4096
#define MEGABYTE (1 << 20)
#define LARGE (64 * MEGABYTE)
#define FAR (256ul << 30)
/* MADV_GUARD_INSTALL, which the C library may not know. */
#define GUARD_INSTALL 102

static int node;
static int counter = 41;
static char zeros[3 * PAGE];
static const char constant[] = "constant";
static __thread int own = 7;
static char program[256];

/* Ends a child that is on another node than it was to be. */
static void check_place(void)
{
	int device = open("/proc/cluster/self", O_RDONLY);
	char number[8] = "";

	if (!node)
		return;
	if (read(device, number, sizeof(number) - 1) < 1 || atoi(number) != node) {
		printf("a child is on node %s\n", number);
		fflush(stdout);
		_exit(97);
	}
	close(device);
}

static pid_t start(void)
{
	pid_t child;

	fflush(stdout);
	child = node ? rfork(node) : fork();
	if (child < 0) {
		printf("rfork: %s\n", strerrorname_np(errno));
		fflush(stdout);
		exit(99);
	}
	if (child == 0)
		check_place();
	return child;
}

static void end(int status)
{
	fflush(stdout);
	_exit(status);
}

static void say_next(pid_t child, const char *when)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, child, &info, WEXITED | WSTOPPED | WCONTINUED))
		printf("%s: %s\n", when, strerrorname_np(errno));
	else
		printf("%s: code %d status %d\n", when, info.si_code, info.si_status);
	fflush(stdout);
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
	unsigned long sum = 14695981039346656037UL;

	for (size_t at = 0; at < bytes; at += sizeof(sum)) {
		unsigned long word;

		memcpy(&word, memory + at, sizeof(word));
		sum = (sum ^ word) * 1099511628211UL;
	}
	return sum;
}

/* All kinds of memory, as they were; and what is written on one side is not on the other. */
static void memory(void)
{
	unsigned char *large = malloc(LARGE);
	char *small = strdup("small"), local[] = "local";
	char *mapped = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *closed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = open("/tmp/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *of_file;
	pid_t child;

	if (ftruncate(file, 2 * PAGE) || pwrite(file, "in the file", 11, PAGE) != 11)
		exit(2);
	of_file = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	close(file);
	fill(large, LARGE);
	strcpy(mapped + 2 * PAGE, "mapped");
	mprotect(mapped, PAGE, PROT_READ);
	strcpy(closed, "closed");
	mprotect(closed, PAGE, PROT_NONE);
	strcpy(of_file, "changed");
	zeros[PAGE] = 1;
	counter++;
	own++;
	child = start();
	if (child == 0) {
		void *brk = sbrk(0);

		printf("large %lx\n", sum(large, LARGE));
		printf("%s %s %s %s\n", small, local, mapped + 2 * PAGE, constant);
		printf("counter %d own %d zeros %d %d\n", counter, own, zeros[PAGE], zeros[2 * PAGE]);
		printf("file: %s, %s\n", of_file, of_file + PAGE);
		mprotect(closed, PAGE, PROT_READ);
		printf("%s\n", closed);
		printf("untouched %d\n", mapped[4 * PAGE]);
		free(large);
		large = malloc(LARGE / 4);
		memset(large, 1, LARGE / 4);
		printf("heap grows: %d\n", sbrk(PAGE) == brk && sbrk(0) == (char *)brk + PAGE);
		counter = 1000;
		memset(local, 'x', 5);
		end(large[LARGE / 4 - 1]);
	}
	say_next(child, "end");
	printf("still %d %s\n", counter, local);
}

static sigjmp_buf out;

static void jump(int signal)
{
	siglongjmp(out, signal);
}

/* What may not be written to or read may not be, there, too. */
static void rights(void)
{
	volatile char *volatile nowhere = (char *)8;
	char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	signal(SIGSEGV, jump);
	child = start();
	if (child == 0) {
		volatile int came = sigsetjmp(out, 1);

		if (!came)
			*(volatile char *)constant = 1;
		printf("constant: %d\n", came);
		came = sigsetjmp(out, 1);
		if (!came)
			*(volatile char *)read_only = 1;
		printf("read only: %d\n", came);
		came = sigsetjmp(out, 1);
		if (!came)
			came = *(volatile char *)none;
		printf("none: %d\n", came);
		came = sigsetjmp(out, 1);
		if (!came)
			*nowhere = 1;
		printf("nowhere: %d\n", came);
		end(0);
	}
	say_next(child, "end");
}

/* Deep enough for pages the stack did not have. */
static int dig(int depth)
{
	volatile char room[PAGE];

	room[0] = depth;
	return depth ? dig(depth - 1) + room[0] : 0;
}

/* As in start(), with registers that are set just before, and looked at behind. */
static pid_t fork_between(const long *in, long *out, double *pi)
{
	struct ssi_rfork wanted = { .node = node };
	int device = node ? open_ssi() : -1;
	long result;

	asm volatile("vmovdqu (%[in]), %%ymm7\n\t"
		     "fldpi\n\t"
		     "syscall\n\t"
		     "vmovdqu %%ymm7, (%[out])\n\t"
		     "fstpl (%[pi])"
		     : "=a"(result)
		     : "a"(node ? SYS_ioctl : SYS_fork), "D"(device), "S"(SSI_RFORK), "d"(&wanted), [in] "r"(in),
		       [out] "r"(out), [pi] "r"(pi)
		     : "rcx", "r11", "xmm7", "memory");
	close(device);
	return result;
}

static void registers(void)
{
	static const long in[4] = { 0x1234567890abcdef, 2, 3, -4 };
	double parts[8], sum = 0, pi = 0;
	long out[4] = { 0 };
	pid_t child;

	if (!__builtin_cpu_supports("avx"))
		exit(2);
	fesetround(FE_UPWARD);
	for (int at = 0; at < 8; at++)
		parts[at] = sqrt(at + 2.0) / 3.0;
	fflush(stdout);
	child = fork_between(in, out, &pi);
	for (int at = 0; at < 8; at++)
		sum += parts[at];
	if (child == 0) {
		check_place();
		printf("sum %.17g pi %.15g rounding %d\n", sum, pi, fegetround() == FE_UPWARD);
		printf("vector %lx %ld %ld %ld\n", out[0], out[1], out[2], out[3]);
		printf("stack %d\n", dig(200));
		end(0);
	}
	say_next(child, "end");
	printf("sum %.17g pi %.15g vector %lx\n", sum, pi, out[0]);
}

static volatile sig_atomic_t caught;

static void catch(int signal, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	caught = signal * 100 + info->si_value.sival_int;
	if (own == 77 && (&here < (char *)zeros || &here > zeros + sizeof(zeros)))
		caught = -1;
}

/* Handlers, masks, an own stack for them, and signals that come. */
static void signals(void)
{
	struct sigaction action = { .sa_sigaction = catch, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t stack = { .ss_sp = malloc(SIGSTKSZ * 4), .ss_size = SIGSTKSZ * 4 };
	sigset_t some, now;
	pid_t child;

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(40, &action, NULL);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, 40);
	sigprocmask(SIG_BLOCK, &some, NULL);
	child = start();
	if (child == 0) {
		struct sigaction old;
		stack_t there;

		sigaction(SIGUSR2, NULL, &old);
		sigaltstack(NULL, &there);
		sigprocmask(SIG_BLOCK, NULL, &now);
		printf("ignored %d blocked %d stack %d\n", old.sa_handler == SIG_IGN,
		       sigismember(&now, 40), there.ss_sp == stack.ss_sp);
		raise(SIGUSR2);
		raise(SIGUSR1);
		printf("caught %d\n", caught);
		sigemptyset(&now);
		/* From the parent. */
		while (caught != 4077)
			sigsuspend(&now);
		printf("caught %d\n", caught);
		fflush(stdout);
		for (;;)
			pause();
	}
	sigqueue(child, 40, (union sigval){ 77 });
	usleep(300000);
	kill(child, SIGSTOP);
	say_next(child, "stop");
	kill(child, SIGCONT);
	say_next(child, "continue");
	kill(child, SIGTERM);
	say_next(child, "end");
	printf("parent caught %d\n", caught);
}

static void place(void)
{
	pid_t parent = getpid(), child, group = getpgid(0), session = getsid(0);
	struct rusage usage;
	struct rlimit limit = { 77, 99 };
	char name[16] = "";
	siginfo_t info = { 0 };

	setrlimit(RLIMIT_NOFILE, &limit);
	prctl(PR_SET_NAME, "forked");
	umask(027);
	if (chdir("/usr/bin"))
		exit(2);
	child = start();
	if (child == 0) {
		char folder[64], file[64] = "";
		clock_t begin = clock();

		prctl(PR_GET_NAME, name);
		getrlimit(RLIMIT_NOFILE, &limit);
		if (readlink("/proc/self/exe", file, sizeof(file) - 1) < 0)
			exit(2);
		printf("%s umask %o limit %ld in %s executes %s\n", name, umask(0), limit.rlim_cur,
		       getcwd(folder, sizeof(folder)), file);
		printf("parent %d group %d session %d\n", getppid() == parent, getpgid(0) == group,
		       getsid(0) == session);
		while (clock() - begin < CLOCKS_PER_SEC * 4 / 10)
			;
		end(42);
	}
	printf("no number of the parent: %d\n", child != parent);
	waitid(P_PID, child, &info, WEXITED | WNOWAIT);
	printf("code %d status %d from it %d\n", info.si_code, info.si_status, info.si_pid == child);
	wait4(child, NULL, 0, &usage);
	printf("used %d\n", usage.ru_utime.tv_sec + usage.ru_stime.tv_sec > 0 ||
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec > 350000);
	printf("no more: %d %s\n", wait(NULL), strerrorname_np(errno));
}

/* Words to and from the parent, and what is closed on exec is open until then. */
static void files(void)
{
	int down[2], up[2], file = open("/tmp/shared", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char word[32] = "";
	pid_t child;

	if (pipe2(down, O_CLOEXEC) || pipe(up) || write(file, "0123456789", 10) != 10)
		exit(2);
	lseek(file, 2, SEEK_SET);
	child = start();
	if (child == 0) {
		close(down[1]);
		close(up[0]);
		if (read(down[0], word, sizeof(word)) != 5 || read(file, word + 5, 3) != 3 ||
		    write(up[1], word, 8) != 8)
			exit(2);
		printf("closes %d %d\n", fcntl(down[0], F_GETFD), fcntl(up[1], F_GETFD));
		end(read(down[0], word, 1));
	}
	close(down[0]);
	close(up[1]);
	if (write(down[1], "hello", 5) != 5 || read(up[0], word, sizeof(word)) != 8)
		exit(2);
	printf("%s\n", word);
	close(down[1]);
	/* The end comes when the child has it no more. */
	printf("then %zd\n", read(up[0], word, 1));
	printf("offset %ld\n", (long)lseek(file, 0, SEEK_CUR));
	say_next(child, "end");
}

/* The child has children, and executes a program. */
static void further(void)
{
	char *argv[] = { program, "9", "status", NULL };
	pid_t child = start();

	if (child == 0) {
		pid_t own_child = fork();
		int status;

		if (own_child == 0)
			end(counter);
		waitpid(own_child, &status, 0);
		printf("child of the child: %d\n", WEXITSTATUS(status));
		fflush(stdout);
		execv(program, argv);
		end(98);
	}
	say_next(child, "end");
}

static void *hold(void *lock)
{
	pthread_mutex_lock(lock);
	for (;;)
		pause();
	return NULL;
}

static void *fork_in_thread(void *result)
{
	pid_t child;

	own = 99;
	child = start();
	if (child == 0) {
		printf("own %d\n", own);
		end(5);
	}
	say_next(child, "end");
	*(int *)result = own;
	return NULL;
}

/* Of many threads one is in the child. */
static void threads(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_t other, caller;
	int result = 0;

	pthread_create(&other, NULL, hold, &lock);
	pthread_create(&caller, NULL, fork_in_thread, &result);
	pthread_join(caller, NULL);
	printf("result %d\n", result);
}

static void *join_first(void *first)
{
	int error = pthread_join(*(pthread_t *)first, NULL);

	printf("joined: %d\n", error);
	fflush(stdout);
	_exit(6);
}

/* The first thread of a child ends before another one: the kernel says so in its memory. */
static void joined(void)
{
	static pthread_t first, other;
	pid_t child = start();

	if (child == 0) {
		first = pthread_self();
		pthread_create(&other, NULL, join_first, &first);
		pthread_exit(NULL);
	}
	say_next(child, "end");
}

static void ends(void)
{
	static const int signals[] = { SIGKILL, SIGSEGV, SIGTERM, 37 };
	pid_t child;

	for (size_t at = 0; at < sizeof(signals) / sizeof(*signals); at++) {
		child = start();
		if (child == 0) {
			prctl(PR_SET_DUMPABLE, 0);
			kill(getpid(), signals[at]);
			end(98);
		}
		say_next(child, "signal");
	}
	child = start();
	if (child == 0)
		exit(3);
	say_next(child, "exit");
}

/* The child of a child of a child, around the nodes if the first is not on the own one. */
static bool is_around;

static int chain(int depth)
{
	int status;
	pid_t child = start();

	if (child == 0) {
		node = is_around ? node % 3 + 1 : node;
		end(depth ? chain(depth - 1) + 1 : 10);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static void chains(void)
{
	is_around = node > 1;
	printf("status %d\n", chain(5));
	printf("status %d\n", chain(0));
}

static void say_group(const char *what, pid_t child, pid_t group)
{
	int result = setpgid(child, group);

	printf("%s: %s, in its own %d, in the parent's %d\n", what,
	       result ? strerrorname_np(errno) : "0", getpgid(child) == child,
	       getpgid(child) == getpgid(0));
}

/* A parent puts its children into groups until they execute a program. */
static void groups(void)
{
	char *argv[] = { program, "9", "sleep", NULL };
	int up[2], down[2];
	pid_t child, other;
	char word[2] = "";

	/* One that has a number. */
	setpgid(0, 0);
	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		exit(2);
	child = start();
	if (child == 0) {
		/* It knows of its group when its parent does. */
		if (read(down[0], word, 1) != 1)
			exit(2);
		word[0] = '0' + (getpgid(0) == getpid());
		if (write(up[1], word, 1) != 1 || read(down[0], word, 1) != 1)
			exit(2);
		execv(program, argv);
		end(98);
	}
	say_group("lead", child, child);
	if (write(down[1], "x", 1) != 1 || read(up[0], word, 1) != 1)
		exit(2);
	printf("it says %s\n", word);
	other = start();
	if (other == 0)
		for (;;)
			pause();
	say_group("join", other, child);
	kill(-child, SIGSTOP);
	say_next(child, "stop");
	say_next(other, "stop");
	kill(-child, SIGCONT);
	say_next(child, "continue");
	say_next(other, "continue");
	say_group("leave", child, getpgid(0));
	say_group("no group", other, other + 1000);
	say_group("below", other, -1);
	kill(other, SIGTERM);
	say_next(other, "end");
	say_group("gone", other, other);
	close(up[1]);
	if (write(down[1], "x", 1) != 1)
		exit(2);
	/* It closes when the program has begun. */
	printf("begins %zd\n", read(up[0], word, 1));
	say_group("late", child, child);
	say_group("late and below", child, -1);
	kill(child, SIGKILL);
	say_next(child, "end");
	child = start();
	if (child == 0) {
		setsid();
		raise(SIGSTOP);
		end(0);
	}
	say_next(child, "stop");
	say_group("another session", child, getpgid(0));
	kill(child, SIGKILL);
	say_next(child, "end");
}

static void say_user(pid_t child, int what)
{
	siginfo_t info = { 0 };

	waitid(P_PID, child, &info, what);
	printf("code %d uid %d\n", info.si_code, (int)info.si_uid);
}

/* Whose a child was is said when it ends, stops or goes on. */
static void users(void)
{
	pid_t child = start();

	if (child == 0) {
		if (setresuid(1000, 0, 0))
			end(2);
		raise(SIGSTOP);
		if (setresuid(2000, 2000, 2000))
			end(2);
		end(3);
	}
	say_user(child, WSTOPPED);
	kill(child, SIGCONT);
	say_user(child, WEXITED);
}

static volatile sig_atomic_t children_ended;

static void count_child(int signal)
{
	(void)signal;
	children_ended++;
}

static void expect_refusal(const char *what)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = rfork(node);
	if (child == 0)
		_exit(0);
	printf("%s: %s", what, child < 0 ? strerrorname_np(errno) : "goes");
	if (child < 0)
		printf(", children %d", waitpid(-1, &status, WNOHANG | __WALL) == -1 &&
					errno == ECHILD ? 0 : 1);
	else
		waitpid(child, &status, 0);
	printf("\n");
}

/* Who cannot be elsewhere: nothing is left of the child, and the parent is as it was. */
static void refused(void)
{
	char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int file = open("/tmp/shared", O_RDWR | O_CREAT | O_TRUNC, 0600), queue;
	char *of_file;

	signal(SIGCHLD, count_child);
	expect_refusal("shared memory");
	munmap(shared, PAGE);
	if (ftruncate(file, PAGE))
		exit(2);
	of_file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	expect_refusal("a shared file");
	munmap(of_file, PAGE);
	of_file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open(program, O_RDONLY), 0);
	expect_refusal("one that is read");
	munmap(of_file, PAGE);
	of_file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (madvise(of_file, PAGE, GUARD_INSTALL))
		exit(2);
	expect_refusal("a guard");
	munmap(of_file, PAGE);
	queue = syscall(SYS_epoll_create1, 0);
	expect_refusal("a file that stays");
	close(queue);
	printf("ended %d\n", children_ended);
	/* Asked for page by page, it would take minutes. */
	of_file = mmap(NULL, FAR, PROT_READ, MAP_PRIVATE, file, 0);
	if (of_file == MAP_FAILED)
		exit(2);
	expect_refusal("nothing");
	printf("ended %d\n", children_ended);
	node = 99;
	expect_refusal("no node");
	node = 9;
	expect_refusal("one that is not up");
	node = 2;
	if (chroot("/tmp"))
		exit(2);
	chdir("/");
	expect_refusal("a root without the device");
}

/* How a line of /proc/self/maps begins that ends so, behind its addresses. */
static void show_maps(const char *end)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], *rights;

	while (maps && fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = 0;
		rights = strchr(line, ' ');
		if (rights && strlen(line) > strlen(end) && !strcmp(strchr(line, 0) - strlen(end), end))
			printf("%.5s%s\n", rights, end);
	}
	fclose(maps);
}

/* On a root that both nodes have, what is mapped of a file stays of the file. */
static void maps(void)
{
	const char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open(program, O_RDONLY), 0);
	char *changed = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			     open(program, O_RDONLY), 0);
	pid_t child;

	memset(changed + PAGE, 0, PAGE);
	child = start();
	if (child == 0) {
		show_maps(program);
		show_maps("[heap]");
		show_maps("[stack]");
		show_maps("[vdso]");
		printf("%.3s %.3s %d\n", read_only + 1, changed + 1, changed[PAGE]);
		end(0);
	}
	say_next(child, "end");
}

static void size(long megabytes)
{
	unsigned char *memory = malloc(megabytes * MEGABYTE);
	struct timespec before, after;
	pid_t child;
	int status;

	fill(memory, megabytes * MEGABYTE);
	clock_gettime(CLOCK_MONOTONIC, &before);
	child = start();
	if (child == 0)
		_exit(0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	waitpid(child, &status, 0);
	printf("%ld us, status %d\n", (after.tv_sec - before.tv_sec) * 1000000 +
	       (after.tv_nsec - before.tv_nsec) / 1000, status);
}

static void crowd(int times)
{
	int wrong = 0, status;

	for (int at = 0; at < times; at++) {
		pid_t child = start();

		if (child == 0)
			_exit(at % 100);
		if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != at % 100)
			wrong++;
	}
	printf("wrong: %d\n", wrong);
}

static volatile sig_atomic_t has_returned;
static int hits;
/* Whom the killer got, or 0. */
static pid_t hit;

/* Kills the child that comes next: numbers rise, and nobody else takes one. */
static void *kill_next(void *delay)
{
	pid_t next = gettid() + 1;

	usleep(*(int *)delay);
	hit = kill(next, SIGKILL) ? 0 : next;
	if (hit && !has_returned)
		hits++;
	return NULL;
}

/* Whether a child was killed, and there is no other; what lives on is, now. */
static bool is_killed(pid_t child)
{
	int status, patience = 1000;
	pid_t ended;

	while ((ended = waitpid(child, &status, WNOHANG)) == 0 && patience--)
		usleep(10000);
	if (ended == 0) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return false;
	}
	return ended == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	       waitpid(-1, &status, WNOHANG) == -1;
}

/* At every time of its way a child can be killed; and its parent has it all the same. */
static void killed(int times)
{
	int wrong = 0;

	for (int at = 0; at < times; at++) {
		int delay = at % 40 * 250;
		pthread_t killer;
		pid_t child;

		has_returned = 0;
		pthread_create(&killer, NULL, kill_next, &delay);
		child = start();
		if (child == 0)
			for (;;)
				pause();
		has_returned = 1;
		pthread_join(killer, NULL);
		/* A kill that was lost is not made good for by another one. */
		if (hit != child)
			kill(child, SIGKILL);
		if (!is_killed(child))
			wrong++;
	}
	printf("wrong: %d, hit on its way: %s\n", wrong, hits > times / 10 ? "many" : "few");
}

/* Until the node dies: then a fork fails, or its child was killed. */
static void endure(void)
{
	unsigned char *memory = malloc(LARGE / 4);
	int status;
	pid_t child;

	fill(memory, LARGE / 4);
	for (;;) {
		child = rfork(node);
		if (child == 0)
			_exit(7);
		if (child < 0)
			break;
		if (waitpid(child, &status, 0) != child ||
		    (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) ||
		    (WIFEXITED(status) && WEXITSTATUS(status) != 7))
			break;
	}
	printf("%s %s\n", child < 0 ? "fails" : "ends",
	       child >= 0 ? "otherwise" : errno == EHOSTDOWN ? "EHOSTDOWN" : strerrorname_np(errno));
	printf("children %d\n", waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD ? 0 : 1);
}

static const struct {
	const char *name;
	void (*show)(void);
} cases[] = {
	{ "memory", memory },	  { "rights", rights },	  { "registers", registers },
	{ "signals", signals },	  { "place", place },	  { "files", files },
	{ "further", further },	  { "threads", threads }, { "ends", ends },
	{ "chains", chains },	  { "refused", refused }, { "endure", endure },
	{ "maps", maps },	  { "groups", groups },	  { "users", users },
	{ "joined", joined },
};

int main(int argc, char **argv)
{
	long number = argc > 3 ? atol(argv[3]) : 0;

	if (argc < 3)
		return 2;
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return 2;
	node = atoi(argv[1]);
	if (!strcmp(argv[2], "status"))
		return node;
	if (!strcmp(argv[2], "sleep"))
		for (;;)
			pause();
	if (!strcmp(argv[2], "size"))
		size(number);
	else if (!strcmp(argv[2], "crowd"))
		crowd(number);
	else if (!strcmp(argv[2], "kill"))
		killed(number);
	for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++)
		if (!strcmp(argv[2], cases[at].name))
			cases[at].show();
	return 0;
}
