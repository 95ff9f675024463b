// SPDX-License-Identifier: GPL-2.0
/*
 * What a process finds of its children when it moves from node to node and they do not.
 *
 * family ROUTE CASE	prints it; ROUTE are numbers of nodes, one behind another, as in 2,3,1.
 *			A process that stays where it is prints the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi.h>

#define MANY 48
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int route[64];
static int steps;
static int step;
static int device;

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	fflush(stdout);
	kill(0, SIGKILL);
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

/* To the next node of the route. */
static void go(void)
{
	struct ssi_migrate wanted = { .node = route[step++ % steps] };

	if (ioctl(device, SSI_MIGRATE, &wanted))
		fail("migrate");
	if (where() != (int)wanted.node)
		fail("it is not there");
}

/* To node @node, unless it is to stay where it is. */
static void go_to(int node)
{
	for (int i = 0; i < steps; i++)
		if (route[i] != 1)
			while (where() != node)
				go();
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void work(double time)
{
	for (double end = seconds() + time; seconds() < end;)
		;
}

/* --- a child, which does as it is told --- */

struct child {
	pid_t pid;
	int order;
};

static void obey(int orders)
{
	char order[2];

	while (read(orders, order, 2) == 2) {
		switch (order[0]) {
		case 'e':
			_exit(order[1]);
		case 'k':
			signal(order[1], SIG_DFL);
			raise(order[1]);
			break;
		case 'l':
			usleep(300000);
			_exit(order[1]);
		case 'w':
			work(order[1] / 10.);
			_exit(0);
		case 'p':
			_exit(getppid() == (pid_t)strtol(getenv("PARENT"), NULL, 10) ? 0 : 1);
		}
	}
	_exit(99);
}

/* The last ones that were made. */
static struct child all[MANY];
static int count;

static struct child *child(void)
{
	struct child *made = &all[count++];
	int ends[2];

	if (pipe(ends))
		fail("pipe");
	fflush(stdout);
	made->pid = fork();
	if (!made->pid) {
		close(ends[1]);
		for (int i = 0; i < count - 1; i++)
			close(all[i].order);
		obey(ends[0]);
	}
	close(ends[0]);
	made->order = ends[1];
	return made;
}

static void tell(const struct child *child, char order, char argument)
{
	char text[2] = { order, argument };

	if (write(child->order, text, 2) != 2)
		fail("order");
}

/* Waits until it is a zombie, without waiting for it. */
static void await_end(const struct child *child)
{
	siginfo_t info;

	if (waitid(P_PID, child->pid, &info, WEXITED | WNOWAIT))
		fail("await_end");
}

/* Which of them that is; 0 for none. */
static int which(pid_t pid)
{
	for (int i = 0; i < count; i++)
		if (all[i].pid == pid)
			return i + 1;
	return pid <= 0 ? pid : 1000;
}

/* @status is read when the wait is over. */
static void say_of(const char *what, pid_t result, const int *status)
{
	if (result < 0)
		printf("%s: %s\n", what, strerrorname_np(errno));
	else if (result)
		printf("%s: child %d status %x\n", what, which(result), *status);
	else
		printf("%s: nothing yet\n", what);
}

static void say_info(const char *what, int result, const siginfo_t *info)
{
	if (result)
		printf("%s: %s\n", what, strerrorname_np(errno));
	else
		printf("%s: signal %d child %d code %d status %d user %d error %d\n", what,
		       info->si_signo, which(info->si_pid), info->si_code, info->si_status,
		       info->si_uid, info->si_errno);
}

#define say(what, wait, status) (result = (wait), say_of(what, result, &(int){ status }))

static pid_t result;

/* --- cases --- */

static void ends(void)
{
	struct child *one = child(), *two = child(), *three = child(), *four = child();
	struct child *five = child(), *six = child(), *seven = child();
	int status = 0, file;
	siginfo_t info;

	setpgid(three->pid, three->pid);
	setpgid(six->pid, six->pid);
	go();
	say("nothing ends", waitpid(-1, &status, WNOHANG), 0);
	memset(&info, 0xff, sizeof(info));
	say_info("nor here", waitid(P_ALL, 0, &info, WEXITED | WNOHANG), &info);
	tell(one, 'e', 3);
	say("by itself", waitpid(-1, &status, 0), status);
	tell(two, 'k', SIGTERM);
	say("by its number", waitpid(two->pid, &status, 0), status);
	go();
	tell(three, 'k', SIGSEGV);
	say("of its group", waitpid(-three->pid, &status, 0), status & ~0x80);
	tell(four, 'e', 200);
	say("of the own group", waitpid(0, &status, 0), status);
	tell(five, 'e', 5);
	memset(&info, 0xff, sizeof(info));
	say_info("any", waitid(P_ALL, 0, &info, WEXITED), &info);
	go();
	go();
	tell(six, 'k', SIGKILL);
	say_info("of a group", waitid(P_PGID, six->pid, &info, WEXITED), &info);
	say("none of that group", waitpid(-six->pid, &status, 0), 0);
	say("no such child", waitpid(one->pid, &status, 0), 0);
	file = syscall(SYS_pidfd_open, seven->pid, O_NONBLOCK);
	say_info("it runs", waitid(P_PIDFD, file, &info, WEXITED), &info);
	tell(seven, 'e', 7);
	await_end(seven);
	say_info("by a pidfd", waitid(P_PIDFD, file, &info, WEXITED), &info);
	say_info("once", waitid(P_PIDFD, file, &info, WEXITED), &info);
	say("all are gone", waitpid(-1, &status, 0), 0);
	memset(&info, 0xff, sizeof(info));
	waitid(P_ALL, 0, &info, WEXITED);
	printf("and that is written: %d %d\n", info.si_signo, info.si_pid);
}

static void stops(void)
{
	struct child *one = child();
	int status = 0;
	siginfo_t info;

	for (int i = 0; i < steps; i++) {
		go();
		kill(one->pid, SIGSTOP);
		say_info("it stops", waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT), &info);
		say("still", waitpid(-1, &status, WUNTRACED), status);
		say("once", waitpid(-1, &status, WUNTRACED | WNOHANG), 0);
		kill(one->pid, SIGCONT);
		say_info("it goes on", waitid(P_PID, one->pid, &info, WCONTINUED), &info);
		kill(one->pid, SIGTSTP);
		say("it stops again", waitpid(one->pid, &status, WUNTRACED), status);
		go();
		kill(one->pid, SIGCONT);
		say("and goes on", waitpid(-1, &status, WCONTINUED), status);
	}
	kill(one->pid, SIGKILL);
	say_info("it ends", waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), &info);
	go();
	say_info("that stays", waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), &info);
	say("until it is waited for", waitpid(-1, &status, 0), status);
	say("once", waitpid(-1, &status, 0), 0);
}

static volatile sig_atomic_t came;

static void note(int signal)
{
	came++;
}

static void handle(int signal, int flags)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = flags };

	sigaction(signal, &action, NULL);
}

static void alarm_in(int milliseconds)
{
	struct itimerval once = { .it_value.tv_usec = milliseconds * 1000 };

	setitimer(ITIMER_REAL, &once, NULL);
}

static void sleeps(void)
{
	int status = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (int i = 0; i < steps; i++) {
		struct child *one, *two;

		count = 0;
		go_to(1);
		one = child();
		two = child();
		go();
		/* Somebody else may have it go on in the middle. */
		sigprocmask(SIG_BLOCK, &set, NULL);
		tell(one, 'l', 4);
		say("it sleeps with the signal blocked", waitpid(-1, &status, 0), status);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		handle(SIGALRM, 0);
		came = 0;
		alarm_in(200);
		say("a signal ends it", waitpid(-1, &status, 0), 0);
		printf("once: %d\n", came);
		handle(SIGALRM, SA_RESTART);
		alarm_in(100);
		tell(two, 'l', 5);
		say("or does not", waitpid(two->pid, &status, 0), status);
		printf("twice: %d\n", came);
		close(one->order);
		close(two->order);
	}
}

static siginfo_t told[8];
static volatile sig_atomic_t tells;

static void keep(int signal, siginfo_t *info, void *context)
{
	told[tells++ % COUNT(told)] = *info;
}

static void await_told(int number)
{
	for (int i = 0; i < 500 && tells < number; i++)
		usleep(10000);
}

static void signals(void)
{
	struct sigaction action = { .sa_sigaction = keep, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct child *one = child(), *two = child(), *three = child();
	int status = 0;

	sigaction(SIGCHLD, &action, NULL);
	go();
	tell(one, 'e', 6);
	await_told(1);
	say_info("it ended", 0, &told[0]);
	/* When the signal comes it can be waited for, and the other way round. */
	say("at once", waitpid(-1, &status, WNOHANG), status);
	go();
	tell(two, 'w', 3);
	say("waited for", waitpid(two->pid, &status, 0), status);
	printf("and told: %d\n", tells);
	say_info("it worked", 0, &told[1]);
	printf("for some time: %d\n", told[1].si_utime + told[1].si_stime > 15);
	kill(three->pid, SIGSTOP);
	await_told(3);
	say_info("it stopped", 0, &told[2]);
	kill(three->pid, SIGCONT);
	await_told(4);
	say_info("it goes on", 0, &told[3]);
	action.sa_flags |= SA_NOCLDSTOP;
	sigaction(SIGCHLD, &action, NULL);
	kill(three->pid, SIGSTOP);
	say("without a word", waitpid(-1, &status, WUNTRACED), status);
	usleep(50000);
	printf("told: %d\n", tells);
	go();
	kill(three->pid, SIGCONT);
	say("nor here", waitpid(-1, &status, WCONTINUED), status);
	usleep(50000);
	printf("told: %d\n", tells);
	kill(three->pid, SIGKILL);
	await_told(5);
	say_info("it was killed", 0, &told[4]);
	say("at once", waitpid(-1, &status, WNOHANG), status);
}

static int is_gone(const struct child *child)
{
	for (int i = 0; i < 500; i++) {
		if (kill(child->pid, 0))
			return 1;
		usleep(10000);
	}
	return 0;
}

static void ignored(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };
	struct child *one = child(), *two = child(), *three = child(), *four = child();
	struct child *five = child();
	int status = 0;

	sigaction(SIGCHLD, &action, NULL);
	go();
	tell(one, 'e', 1);
	printf("it goes by itself: %d\n", is_gone(one));
	say("so there is none", waitpid(one->pid, &status, 0), 0);
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL);
	tell(two, 'e', 2);
	say("now it is waited for", waitpid(-1, &status, 0), status);
	action.sa_flags = SA_NOCLDWAIT;
	sigaction(SIGCHLD, &action, NULL);
	tell(three, 'e', 3);
	printf("nobody waits for it: %d\n", is_gone(three));
	go();
	tell(four, 'e', 4);
	printf("nor for this: %d\n", is_gone(four));
	/* The last one ends the wait of who ignores it. */
	tell(five, 'l', 5);
	say("until there is none", waitpid(-1, &status, 0), 0);
}

static double all_of(const struct rusage *used)
{
	return used->ru_utime.tv_sec + used->ru_stime.tv_sec +
	       (used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6;
}

static void usage(void)
{
	struct child *one = child(), *two = child();
	struct rusage used, children;
	int status = 0;
	siginfo_t info;

	go();
	tell(one, 'w', 4);
	say("it worked", wait4(one->pid, &status, 0, &used), status);
	printf("as long: %d\n", all_of(&used) > 0.2);
	getrusage(RUSAGE_CHILDREN, &children);
	printf("and that counts: %d\n", all_of(&children) > 0.2);
	tell(two, 'w', 4);
	memset(&used, 0, sizeof(used));
	syscall(SYS_waitid, P_ALL, 0, &info, WEXITED, &used);
	printf("so does this: %d %d\n", all_of(&used) > 0.2, used.ru_maxrss > 0);
	getrusage(RUSAGE_CHILDREN, &children);
	printf("both: %d\n", all_of(&children) > 0.4 && all_of(&children) < 1.2);
}

/* What it used is told once. */
static void sums(void)
{
	struct rusage used;
	int status;
	pid_t own;

	fflush(stdout);
	own = fork();
	if (!own) {
		struct child *one = child();

		go();
		tell(one, 'w', 8);
		_exit(waitpid(one->pid, &status, 0) != one->pid);
	}
	wait4(own, &status, 0, &used);
	printf("status %x, once: %d\n", status, all_of(&used) > 0.5 && all_of(&used) < 1.3);
}

static void clones(void)
{
	pid_t other = syscall(SYS_clone, SIGUSR1, NULL, NULL, NULL, 0);
	struct child *one;
	int status = 0;

	if (!other) {
		pause();
		_exit(0);
	}
	handle(SIGUSR1, 0);
	one = child();
	all[count++].pid = other;
	go();
	tell(one, 'e', 1);
	say("this one", waitpid(-1, &status, 0), status);
	say("no other", waitpid(-1, &status, 0), 0);
	say("but that", waitpid(-1, &status, __WCLONE | WNOHANG), 0);
	kill(other, SIGKILL);
	say("that one", waitpid(-1, &status, __WALL | __WNOTHREAD), status);
	for (int i = 0; i < 100 && !came; i++)
		usleep(10000);
	printf("with another signal: %d\n", came);
}

/* Children at home and children where it is are waited for alike, each once. */
static void both(void)
{
	for (int i = 0; i < steps; i++) {
		int seen[17] = { 0 }, status = 0, wrong = 0;

		count = 0;
		go_to(1);
		for (int n = 0; n < 8; n++)
			child();
		go();
		for (int n = 0; n < 8; n++)
			child();
		for (int n = 0; n < 16; n++)
			tell(&all[n], n % 3 ? 'e' : 'l', n + 1);
		for (int n = 0; n < 16; n++) {
			int one = which(waitpid(-1, &status, 0));

			if (one < 1 || one > 16 || status != one << 8 || seen[one]++)
				wrong++;
		}
		printf("wrong: %d\n", wrong);
		say("none is left", waitpid(-1, &status, 0), 0);
		for (int n = 0; n < 16; n++)
			close(all[n].order);
	}
}

/* Makes a child that lives until the running process dies. */
static void outlive(void)
{
	sigset_t set;
	siginfo_t info;

	fflush(stdout);
	if (fork())
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR2);
	sigwaitinfo(&set, &info);
	usleep(200000);
	printf("its parent died: %d, and is another: %d\n", info.si_signo == SIGUSR2,
	       getppid() != info.si_pid);
	_exit(0);
}

/*
 * A process that dies elsewhere has its children told, there and at home. Whether it dies by
 * itself.
 */
static void left_alone(int dies)
{
	int status = 0;
	pid_t parent;

	fflush(stdout);
	parent = fork();
	if (!parent) {
		outlive();
		usleep(100000);
		go();
		if (dies) {
			outlive();
			usleep(100000);
			raise(SIGKILL);
		}
		printf("it is there\n");
		waitpid(-1, &status, 0);
		_exit(0);
	}
	waitpid(parent, &status, 0);
	printf("the parent: %x\n", status);
	usleep(400000);
}

/* Somebody kills the node it is on. */
static void killed(void)
{
	left_alone(0);
}

static void relations(void)
{
	struct rlimit limit = { 0 };
	struct child *one, *two;
	int status = 0;
	char own[16];

	snprintf(own, sizeof(own), "%d", getpid());
	setenv("PARENT", own, 1);
	one = child();
	two = child();
	go();
	tell(one, 'p', 0);
	say("its parent is the same", waitpid(one->pid, &status, 0), status);
	printf("it can be put into a group: %d\n", setpgid(two->pid, 0));
	printf("which is its own: %d\n", getpgid(two->pid) == two->pid);
	printf("into no other: %s\n", setpgid(two->pid, 12345678) ? strerrorname_np(errno) : "");
	printf("limits: %d\n", prlimit(two->pid, RLIMIT_NOFILE, NULL, &limit) || !limit.rlim_cur);
	printf("a signal to its group: %d\n", kill(-two->pid, SIGTERM));
	say("ends it", waitpid(-two->pid, &status, 0), status);

	left_alone(1);
}

/* Its child has it moved while it waits. */
static void moved(void)
{
	int status = 0;
	pid_t own;

	fflush(stdout);
	own = fork();
	if (!own) {
		char name[64];
		int file;

		snprintf(name, sizeof(name), "/proc/%d/goto", getppid());
		for (int i = 0; i < steps; i++) {
			char text[16];
			int length = snprintf(text, sizeof(text), "%d\n", route[i]);

			usleep(50000);
			file = open(name, O_WRONLY);
			if (file < 0 || write(file, text, length) != length)
				_exit(50 + i);
			close(file);
		}
		usleep(100000);
		_exit(7);
	}
	all[count++].pid = own;
	say("it waits on all of them", waitpid(-1, &status, 0), status);
	printf("and is where it was moved: %d\n", where() == route[steps - 1]);
}

/* Children end whenever they like, while their parent is on its way. */
static void crowd(void)
{
	int seen[MANY + 1] = { 0 }, wrong = 0, left = MANY, status = 0;

	srand(7);
	for (int i = 0; i < MANY; i++) {
		pid_t pid;
		int time = rand() % 1500000;

		fflush(stdout);
		pid = fork();
		if (!pid) {
			usleep(time);
			_exit(i + 1);
		}
		all[count++].pid = pid;
	}
	handle(SIGCHLD, SA_RESTART);
	while (left) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0)
			fail("waitpid");
		if (!pid) {
			go();
			continue;
		}
		left--;
		if (which(pid) > MANY || status != which(pid) << 8 || seen[which(pid)]++)
			wrong++;
	}
	printf("wrong: %d\n", wrong);
	say("none is left", waitpid(-1, &status, WNOHANG), 0);
}

/* Somebody kills the node that is the home of all. What it says is on the node it goes to. */
static void orphan(void)
{
	struct sigaction action = { .sa_sigaction = keep, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct child *one = child();
	int status = 0;
	siginfo_t info;

	child();
	child();
	sigaction(SIGCHLD, &action, NULL);
	go();
	if (!freopen("/tmp/orphan", "w", stdout))
		fail("/tmp/orphan");
	setlinebuf(stdout);
	tell(one, 'e', 3);
	say("one ended before", waitpid(-1, &status, 0), status);
	say_info("killed with its node", waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), &info);
	say("it is told of it", waitpid(all[1].pid, &status, 0), status);
	say("and of the other", waitpid(-1, &status, 0), status);
	say("there is no more", waitpid(-1, &status, 0), 0);
	await_told(2);
	printf("a signal came: %d by %d\n", told[1].si_status, told[1].si_code);
	fclose(stdout);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "ends", ends },
	{ "stops", stops },
	{ "sleeps", sleeps },
	{ "signals", signals },
	{ "ignored", ignored },
	{ "usage", usage },
	{ "sums", sums },
	{ "clones", clones },
	{ "both", both },
	{ "relations", relations },
	{ "moved", moved },
	{ "crowd", crowd },
	{ "killed", killed },
	{ "orphan", orphan },
};

int main(int argc, char **argv)
{
	char *text = argc > 2 ? argv[1] : "", *one;

	while ((one = strsep(&text, ",")) && *one && steps < (int)COUNT(route))
		route[steps++] = atoi(one);
	setlinebuf(stdout);
	device = open("/dev/ssi", O_RDWR | O_CLOEXEC);
	if (device < 0)
		fail("/dev/ssi");
	/* Who fails ends all it made. */
	setpgid(0, 0);
	for (size_t i = 0; argc > 2 && i < COUNT(cases); i++) {
		if (!strcmp(argv[2], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	}
	return 2;
}
