// SPDX-License-Identifier: GPL-2.0
/*
 * What a parent sees of a child that executes a program on a node.
 *
 * parent NODE CASE		prints it; on the parent's own node it prints the same, and
 *				without a node, 0
 * parent NODE kill TIMES	kills so many children while they are on their way
 *
 * With HOP in the environment the child goes on to that node.
 */
#include "rexec.h"

#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#define SECUREBITS 0x4	/* no fix-up of capabilities by ids */

static int node;

static void become(const char *what, const char *word)
{
	char *argv[] = { "child", "on", getenv("HOP"), (char *)what, (char *)word, NULL };
	char **words = argv;

	fflush(stdout);
	if (!getenv("HOP")) {
		words = argv + 2;
		words[0] = "child";
	}
	rexec(node, CHILD, words);
	printf("rexec: %s\n", strerrorname_np(errno));
	fflush(stdout);
	_exit(99);
}

/* A child that runs @prepare, if there is one, and then the program. */
static pid_t start(const char *what, const char *word, void (*prepare)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (prepare)
			prepare();
		become(what, word);
	}
	return child;
}

/* What the parent is told next. */
static void say_next(pid_t child, const char *when)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, child, &info, WEXITED | WSTOPPED | WCONTINUED))
		printf("%s: %s\n", when, strerrorname_np(errno));
	else
		printf("%s: code %d status %d uid %d\n", when, info.si_code, info.si_status,
		       (int)info.si_uid);
	fflush(stdout);
}

static void ends(void)
{
	static const char *const statuses[] = { "0", "1", "42", "255" };
	static const char *const signals[] = { "1", "6", "9", "11", "15", "37" };

	for (size_t at = 0; at < sizeof(statuses) / sizeof(*statuses); at++)
		say_next(start("exit", statuses[at], NULL), "exit");
	for (size_t at = 0; at < sizeof(signals) / sizeof(*signals); at++)
		say_next(start("raise", signals[at], NULL), "signal");
}

static void lead(void)
{
	setpgid(0, 0);
}

static void stops(void)
{
	static const int stop[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	siginfo_t info;

	for (size_t at = 0; at < sizeof(stop) / sizeof(*stop); at++) {
		pid_t child = start("sleep", NULL, lead);

		usleep(300000);
		kill(child, stop[at]);
		say_next(child, "stop");
		kill(child, SIGCONT);
		say_next(child, "continue");
		kill(-child, stop[at]);
		say_next(child, "stop");
		/* What waits while it is stopped comes when it goes on. */
		if (at % 2)
			kill(child, SIGTERM);
		kill(child, at % 2 ? SIGCONT : SIGKILL);
		while (waitid(P_PID, child, &info, WEXITED | WCONTINUED) == 0 &&
		       info.si_code == CLD_CONTINUED)
			;
		printf("end: code %d status %d\n", info.si_code, info.si_status);
	}
}

/* Its group is of a session of its own, and nobody's: a terminal does not stop it. */
static void orphan(void)
{
	setsid();
}

static void orphans(void)
{
	pid_t child = start("sleep", NULL, orphan);
	siginfo_t info = { 0 };

	usleep(300000);
	kill(child, SIGTSTP);
	usleep(300000);
	waitid(P_PID, child, &info, WSTOPPED | WNOHANG);
	printf("stopped: %d\n", info.si_pid == child);
	kill(child, SIGSTOP);
	say_next(child, "stop");
	kill(child, SIGKILL);
	say_next(child, "end");
}

static void uses(void)
{
	struct rusage usage;
	long milliseconds;

	wait4(start("burn", "500", NULL), NULL, 0, &usage);
	milliseconds = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
		       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
	printf("time: %s\n", milliseconds < 450 ? "too little" :
	       milliseconds > 1500 ? "too much" : "right");
	printf("memory: %s\n", usage.ru_maxrss < 20000 ? "too little" :
	       usage.ru_maxrss > 60000 ? "too much" : "right");
	printf("faults: %s\n", usage.ru_minflt < 1000 ? "too few" : "right");
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("of all children: %s\n", usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6 > 0.45 ? "right" : "too little");
}

/* The parent goes on when the program has begun. */
static void vforks(void)
{
	char *argv[] = { "child", "sleep", NULL };
	siginfo_t info = { 0 };
	pid_t child = vfork();

	if (child == 0) {
		rexec(node, CHILD, argv);
		_exit(99);
	}
	waitid(P_PID, child, &info, WEXITED | WNOHANG);
	printf("ended already: %d\n", info.si_pid == child);
	kill(child, SIGTERM);
	say_next(child, "end");
}

static void write_file(const char *path, const char *text)
{
	ssize_t length = strlen(text);
	int file = open(path, O_WRONLY);

	if (write(file, text, length) != length)
		_exit(98);
	close(file);
}

static void spoil(void)
{
	struct itimerval timer = { { 77, 0 }, { 1000, 0 } };
	gid_t groups[] = { 5, 6, 70000 };
	struct sched_param parameters = { 0 };
	struct rlimit limit = { 77, 99 };
	sigset_t some;

	umask(027);
	setrlimit(RLIMIT_NOFILE, &limit);
	setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 21 });
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, 40);
	sigprocmask(SIG_BLOCK, &some, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGUSR2, (void (*)(int))spoil);
	setitimer(ITIMER_REAL, &timer, NULL);
	timer.it_interval.tv_sec++;
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	timer.it_interval.tv_sec++;
	setitimer(ITIMER_PROF, &timer, NULL);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	write_file("/proc/self/coredump_filter", "0x7f");
	sched_setscheduler(0, SCHED_BATCH, &parameters);
	setpriority(PRIO_PROCESS, 0, 5);
	syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6);
	personality(personality(-1) | ADDR_NO_RANDOMIZE);
	prctl(PR_SET_TIMERSLACK, 77777);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (chdir("/usr/bin"))
		_exit(98);
	setsid();
	setgroups(3, groups);
}

static void spoil_ids(void)
{
	write_file("/proc/self/oom_score_adj", "300");
	spoil();
	prctl(PR_SET_SECUREBITS, SECUREBITS);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT);
	if (setresgid(1000, 1001, 1002) || setresuid(2000, 2001, 2002))
		_exit(98);
}

static void keeps(void)
{
	say_next(start("state", NULL, NULL), "end");
	say_next(start("state", NULL, spoil), "end");
	say_next(start("state", NULL, spoil_ids), "end");
	say_next(start("state", NULL, lead), "end");
}

static void block_and_raise(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	raise(SIGUSR1);
	raise(SIGTERM);
	raise(40);
}

static void set_alarm(void)
{
	alarm(1);
}

static void set_profile(void)
{
	setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_usec = 200000 }, NULL);
}

static void waits(void)
{
	say_next(start("pending", NULL, block_and_raise), "end");
	say_next(start("sleep", NULL, set_alarm), "alarm");
	say_next(start("burn", "20000", set_profile), "profile");
}

/* Standard output of the child is read from here; it is of @group, or of its parent's. */
static pid_t listen_in(pid_t group, const char *what, const char *word, FILE **output)
{
	int ends[2];
	pid_t child;

	if (pipe(ends))
		exit(2);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (group >= 0 && setpgid(0, group))
			_exit(98);
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		become(what, word);
	}
	close(ends[1]);
	*output = fdopen(ends[0], "r");
	return child;
}

static pid_t listen_to(const char *what, const char *word, FILE **output)
{
	return listen_in(-1, what, word, output);
}

static void copy_line(FILE *from)
{
	char line[256];

	if (fgets(line, sizeof(line), from))
		fputs(line, stdout);
}

static void signals(void)
{
	FILE *output;
	pid_t child = listen_to("signals", "108", &output);

	copy_line(output);
	for (int value = 1; value <= 100; value++)
		sigqueue(child, 40, (union sigval){ value });
	for (int value = 1; value <= 100; value++)
		copy_line(output);
	kill(child, SIGUSR1);
	copy_line(output);
	sigqueue(child, SIGTERM, (union sigval){ -7 });
	copy_line(output);
	syscall(SYS_tgkill, child, child, SIGHUP);
	copy_line(output);
	kill(child, SIGCHLD);
	copy_line(output);
	kill(child, SIGCONT);
	copy_line(output);
	kill(child, SIGSEGV);
	copy_line(output);
	kill(child, 64);
	copy_line(output);
	kill(child, SIGWINCH);
	copy_line(output);
	say_next(child, "end");
}

/* Every signal that can be caught, sent to a group with two members. */
static void grouped(void)
{
	FILE *outputs[2];
	pid_t children[2];
	int signal;

	for (int at = 0; at < 2; at++) {
		children[at] = listen_in(at ? children[0] : 0, "signals", "64", &outputs[at]);
		copy_line(outputs[at]);
	}
	for (signal = 1; signal <= 64; signal++) {
		if (signal == SIGKILL || signal == SIGSTOP || signal == 32 || signal == 33)
			continue;
		printf("%d: %d\n", signal, kill(-children[0], signal));
		for (int at = 0; at < 2; at++)
			copy_line(outputs[at]);
	}
	kill(-children[0], SIGSTOP);
	for (int at = 0; at < 2; at++)
		say_next(children[at], "stop");
	kill(-children[0], SIGKILL);
	for (int at = 0; at < 2; at++)
		say_next(children[at], "end");
	signal = kill(-children[0], 0);
	printf("then: %d %s\n", signal, strerrorname_np(errno));
	for (int at = 0; at < 2; at++)
		fclose(outputs[at]);
}

static void say_wait(const char *what, int type, pid_t whom, pid_t child, int options)
{
	siginfo_t info = { 0 };
	struct rusage usage = { 0 };
	long result = syscall(SYS_waitid, type, whom, &info, options, &usage);

	printf("%s %x: %ld %s signal %d child %d code %d status %d\n", what, options, result,
	       result ? strerrorname_np(errno) : "", info.si_signo,
	       child ? info.si_pid == child : -1, info.si_code, info.si_status);
}

/* By each name of a child, with these options, which take nothing. */
static void say_waits(pid_t child, int options)
{
	int descriptor = syscall(SYS_pidfd_open, child, 0);

	options |= WNOHANG | WNOWAIT;
	say_wait("all", P_ALL, 0, child, options);
	say_wait("pid", P_PID, child, child, options);
	say_wait("group", P_PGID, child, child, options);
	say_wait("own group", P_PGID, 0, child, options);
	say_wait("pidfd", P_PIDFD, descriptor, child, options);
	say_wait("another", P_PID, child + 1, 0, options);
	say_wait("no group", P_PGID, child + 1, 0, options);
	close(descriptor);
}

static void say_all_waits(pid_t child, const char *when)
{
	static const int options[] = {
		WEXITED, WSTOPPED, WCONTINUED, WEXITED | WSTOPPED | WCONTINUED, WEXITED | __WALL,
		WEXITED | __WCLONE, WEXITED | __WNOTHREAD, WSTOPPED | __WALL | __WNOTHREAD, 0,
		WEXITED | 0x40,
	};

	printf("%s\n", when);
	for (size_t at = 0; at < sizeof(options) / sizeof(*options); at++)
		say_waits(child, options[at]);
}

static void say_wait4(const char *what, pid_t whom, pid_t child, int options)
{
	int status = 0;
	pid_t result = wait4(whom, &status, options, NULL);

	printf("wait4 %s %x: %s status %x\n", what, options,
	       result < 0 ? strerrorname_np(errno) : result == child ? "it" : "none", status);
}

static void say_wait4s(pid_t child, int options)
{
	say_wait4("another", child + 1, child, options);
	say_wait4("no group", -child - 1, child, options);
	say_wait4("group", -child, child, options);
	say_wait4("any", -1, child, options);
	say_wait4("own group", 0, child, options);
	say_wait4("pid", child, child, options);
}

static void settle(pid_t child, int what)
{
	siginfo_t info;

	waitid(P_PID, child, &info, what | WNOWAIT);
}

/* Each way to wait, for a child that runs, is stopped, goes on, is gone. */
static void options(void)
{
	pid_t child = start("sleep", NULL, lead);

	usleep(300000);
	say_all_waits(child, "runs");
	say_wait4s(child, WNOHANG | WUNTRACED | WCONTINUED);
	kill(child, SIGSTOP);
	settle(child, WSTOPPED);
	say_all_waits(child, "is stopped");
	say_wait4s(child, WNOHANG);
	say_wait4s(child, WNOHANG | WUNTRACED);
	kill(child, SIGCONT);
	settle(child, WCONTINUED);
	say_all_waits(child, "goes on");
	say_wait4s(child, WNOHANG | WCONTINUED);
	kill(child, SIGTERM);
	settle(child, WEXITED);
	say_all_waits(child, "is gone");
	say_wait4s(child, WNOHANG | __WCLONE);
	say_wait4s(child, WNOHANG | __WNOTHREAD);
	say_all_waits(child, "is waited for");
	say_wait4("bad", -1, child, 0x100);
}

static volatile sig_atomic_t told, told_code;

static void hear(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	told++;
	told_code = info->si_code;
}

/* SIGCHLD: for each change, for the end alone, and for who wants no children to wait for. */
static void tellings(void)
{
	static const int flags[] = { 0, SA_NOCLDSTOP, SA_NOCLDWAIT };
	pid_t none;

	for (size_t at = 0; at < sizeof(flags) / sizeof(*flags); at++) {
		struct sigaction action = { .sa_sigaction = hear, .sa_flags = SA_SIGINFO | flags[at] };
		pid_t child;
		int status;

		sigaction(SIGCHLD, &action, NULL);
		told = 0;
		child = start("sleep", NULL, NULL);
		usleep(300000);
		kill(child, SIGSTOP);
		settle(child, WSTOPPED);
		printf("stop: told %d code %d\n", told, told ? told_code : 0);
		kill(child, SIGKILL);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		usleep(200000);
		printf("end: told %d code %d, waited for %s\n", told, told_code,
		       waitpid(-1, &status, WNOHANG) == -1 ? strerrorname_np(errno) : "0");
	}
	signal(SIGCHLD, SIG_IGN);
	start("exit", "3", NULL);
	none = wait(NULL);
	printf("ignored: %d %s\n", none, strerrorname_np(errno));
}

/* A child that starts another one and is gone. */
static void orphaned(void)
{
	FILE *output;
	int status;
	pid_t middle;
	int ends[2];

	if (pipe(ends))
		exit(2);
	fflush(stdout);
	middle = fork();
	if (middle == 0) {
		if (fork() == 0) {
			dup2(ends[1], 1);
			close(ends[0]);
			close(ends[1]);
			become("parent", NULL);
		}
		pause();
	}
	close(ends[1]);
	output = fdopen(ends[0], "r");
	copy_line(output);
	kill(middle, SIGKILL);
	waitpid(middle, &status, 0);
	copy_line(output);
	fclose(output);
}

static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static void deaths(void)
{
	int ends[2], status;
	char byte;
	pid_t middle;

	if (pipe(ends))
		exit(2);
	middle = fork();
	if (middle == 0) {
		close(ends[0]);
		start("sleep", NULL, die_with_parent);
		usleep(500000);
		_exit(0);
	}
	close(ends[1]);
	waitpid(middle, &status, 0);
	/* The end comes when nobody has the pipe any more. */
	printf("read: %zd\n", read(ends[0], &byte, 1));
}

/* A user of few rights starts a program that has all, to be killed when its parent is. */
static void become_root_as_user(void)
{
	char *argv[] = { "child", "on", getenv("HOP"), "root", NULL };
	char **words = argv;

	if (setgroups(0, NULL) || setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		_exit(98);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("PROGRAM", ROOTED, 1);
	if (!getenv("HOP")) {
		words = argv + 2;
		words[0] = "child";
	}
	rexec(node, getenv("HOP") ? CHILD : ROOTED, words);
	printf("rexec: %s\n", strerrorname_np(errno));
	_exit(99);
}

static void say_outcome(const char *call, long result)
{
	printf("%s: %s\n", call, result < 0 ? strerrorname_np(errno) : "0");
}

/* Ends as a user, whose child is root by now. */
static void signal_as_user(pid_t child, int output)
{
	int descriptor = syscall(SYS_pidfd_open, child, 0);
	FILE *said = fdopen(output, "r");

	copy_line(said);
	if (setresuid(1000, 1000, 1000))
		_exit(98);
	say_outcome("kill", kill(child, SIGTERM));
	say_outcome("sigqueue", sigqueue(child, SIGTERM, (union sigval){ 7 }));
	say_outcome("pidfd", syscall(SYS_pidfd_send_signal, descriptor, SIGTERM, NULL, 0));
	fflush(stdout);
	_exit(0);
}

/* Who may signal a program is asked of that, not of what it was. */
static void privileges(void)
{
	pid_t *child = mmap(NULL, sizeof(*child), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ends[2], status;
	pid_t made;

	if (child == MAP_FAILED || pipe(ends) || prctl(PR_SET_CHILD_SUBREAPER, 1))
		exit(2);
	fflush(stdout);
	if (fork() == 0) {
		made = fork();
		if (made == 0) {
			dup2(ends[1], 1);
			become_root_as_user();
		}
		*child = made;
		signal_as_user(made, ends[0]);
	}
	waitpid(-1, &status, 0);
	printf("status %d\n", status);
	usleep(500000);
	printf("ended: %d\n", waitpid(*child, &status, WNOHANG) != 0);
	say_outcome("pidfd", syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, *child, 0),
				     SIGTERM, NULL, 0));
	waitpid(*child, &status, 0);
	printf("ended by %d\n", status);
}

static void joins(void)
{
	pid_t child = start("sleep", NULL, NULL);

	usleep(300000);
	printf("setpgid: %s\n", setpgid(child, child) ? strerrorname_np(errno) : "0");
	printf("group is the parent's: %d\n", getpgid(child) == getpgid(0));
	printf("session is the parent's: %d\n", getsid(child) == getsid(0));
	kill(child, SIGTERM);
	say_next(child, "end");
}

/* What the execve(2) is to close is closed while the program runs. */
static void closes(void)
{
	int ends[2];
	struct pollfd closed = { .events = POLLIN };
	pid_t child;
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		_exit(98);
	child = start("sleep", NULL, NULL);
	close(ends[1]);
	closed.fd = ends[0];
	printf("closed: %d\n", poll(&closed, 1, 10000) == 1 && read(ends[0], &byte, 1) == 0);
	close(ends[0]);
	kill(child, SIGKILL);
	say_next(child, "end");
}

static void descriptors(void)
{
	pid_t child = start("sleep", NULL, NULL);
	int descriptor = syscall(SYS_pidfd_open, child, 0);
	struct pollfd ready = { descriptor, POLLIN, 0 };

	usleep(300000);
	printf("ended: %d\n", poll(&ready, 1, 0));
	printf("signal: %ld\n", syscall(SYS_pidfd_send_signal, descriptor, SIGTERM, NULL, 0));
	printf("ended: %d\n", poll(&ready, 1, 5000));
	say_next(child, "end");
}

/* The job of a shell, in the foreground of its terminal; does not return. */
static void become_job(int terminal)
{
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(terminal, getpid());
	signal(SIGTTOU, SIG_DFL);
	for (int at = 0; at < 3; at++)
		dup2(terminal, at);
	become("sleep", NULL);
}

/* A shell on a terminal, which says at @report what becomes of its job. */
static void be_shell(int terminal, int report)
{
	int keep;
	pid_t job;

	setsid();
	ioctl(terminal, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0)
		become_job(terminal);
	setpgid(job, job);
	dup2(report, 1);
	for (keep = 1; keep;) {
		siginfo_t info = { 0 };

		keep = !waitid(P_PID, job, &info, WEXITED | WSTOPPED | WCONTINUED);
		printf("code %d status %d\n", info.si_code, info.si_status);
		fflush(stdout);
		if (info.si_code == CLD_STOPPED) {
			tcsetpgrp(terminal, job);
			kill(-job, SIGCONT);
		}
		keep = keep && (info.si_code == CLD_STOPPED || info.si_code == CLD_CONTINUED);
	}
	exit(0);
}

static void terminals(void)
{
	static const char keys[] = { 'Z' & 31, 'Z' & 31, 'C' & 31 };
	int ends[2], terminal = posix_openpt(O_RDWR | O_NOCTTY), slave;
	FILE *output;

	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal) || pipe(ends))
		exit(2);
	fcntl(terminal, F_SETFD, FD_CLOEXEC);
	/* Its name means one on each node. */
	slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	if (fork() == 0)
		be_shell(slave, ends[1]);
	close(slave);
	close(ends[1]);
	output = fdopen(ends[0], "r");
	for (size_t at = 0; at < sizeof(keys); at++) {
		usleep(400000);
		if (write(terminal, keys + at, 1) != 1)
			exit(2);
		copy_line(output);
		/* It goes on. */
		if (keys[at] == ('Z' & 31))
			copy_line(output);
	}
	fclose(output);
}

/* At every time of its way a child can be killed. */
static void killed(int times)
{
	int wrong = 0, status;

	for (int at = 0; at < times; at++) {
		pid_t child = start("sleep", NULL, NULL);

		usleep(at % 40 * 250);
		kill(child, SIGKILL);
		if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) ||
		    WTERMSIG(status) != SIGKILL)
			wrong++;
	}
	printf("wrong: %d\n", wrong);
}

static const struct {
	const char *name;
	void (*show)(void);
} cases[] = {
	{ "ends", ends },	  { "stops", stops },	    { "orphans", orphans },
	{ "uses", uses },	  { "vforks", vforks },	    { "keeps", keeps },
	{ "waits", waits },	  { "signals", signals },   { "orphaned", orphaned },
	{ "deaths", deaths },	  { "joins", joins },	    { "descriptors", descriptors },
	{ "terminals", terminals }, { "closes", closes },
	{ "privileges", privileges }, { "grouped", grouped },
	{ "options", options },	  { "tellings", tellings },
};

/* In a session that has a number of its own on all nodes. */
static void be_in_a_session(void)
{
	pid_t leader = fork();

	if (leader == 0) {
		setsid();
		return;
	}
	waitpid(leader, NULL, 0);
	exit(0);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	node = atoi(argv[1]);
	be_in_a_session();
	if (!strcmp(argv[2], "kill") && argc > 3)
		killed(atoi(argv[3]));
	for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++)
		if (!strcmp(argv[2], cases[at].name))
			cases[at].show();
	return 0;
}
