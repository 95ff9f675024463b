// SPDX-License-Identifier: GPL-2.0
/*
 * What a program finds that was executed, maybe on another node.
 *
 * child exit STATUS		ends so
 * child raise SIGNAL		ends by a signal
 * child sleep			waits for ever
 * child burn MILLISECONDS	uses the processor, and 20 megabytes
 * child state			prints all it kept over execve(2)
 * child pending		prints which signals wait
 * child signals COUNT		prints so many signals with what came with them; says "ready"
 * child parent			prints its parent, and again when it has another one
 * child root			is root from now on, says so, and waits for ever
 * child on NODE WORD...	goes on to a node, as child WORD...; one with PROGRAM in the
 *				environment as that
 */
#include "rexec.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#define MEGABYTE (1 << 20)
#define MEGABYTES 20
#define PRIORITY_OF_PROCESS 1

static void burn(long milliseconds)
{
	struct timespec now;
	char *memory = malloc(MEGABYTES * MEGABYTE);

	memset(memory, 1, MEGABYTES * MEGABYTE);
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < milliseconds);
	free(memory);
}

/* Lines of /proc/self/status that are the task's own. */
static void show_status(void)
{
	static const char *const shown[] = { "Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn",
					     "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd",
					     "CapAmb", "NoNewPrivs", "Seccomp", "Threads" };
	FILE *file = fopen("/proc/self/status", "r");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		for (size_t at = 0; at < sizeof(shown) / sizeof(*shown); at++)
			if (!strncmp(line, shown[at], strlen(shown[at])) &&
			    line[strlen(shown[at])] == ':')
				fputs(line, stdout);
	fclose(file);
}

static void show_limits(void)
{
	struct rlimit limit;

	for (int which = 0; which < RLIM_NLIMITS; which++) {
		getrlimit(which, &limit);
		printf("limit %d: %lld %lld\n", which, (long long)limit.rlim_cur,
		       (long long)limit.rlim_max);
	}
}

static void show_schedule(void)
{
	struct sched_param parameters;

	sched_getparam(0, &parameters);
	printf("policy %d priority %d nice %d io %ld\n", sched_getscheduler(0),
	       parameters.sched_priority, getpriority(PRIO_PROCESS, 0),
	       syscall(SYS_ioprio_get, PRIORITY_OF_PROCESS, 0));
}

static void show_file(const char *path)
{
	char line[256] = "";
	FILE *file = fopen(path, "r");

	if (file && fgets(line, sizeof(line), file))
		printf("%s: %s", path, line);
	fclose(file);
}

static void show_timers(void)
{
	static const int timers[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
	struct itimerval timer;

	for (size_t at = 0; at < sizeof(timers) / sizeof(*timers); at++) {
		getitimer(timers[at], &timer);
		printf("timer %s every %ld s\n",
		       timer.it_value.tv_sec > 900 ? "runs" : "does not run",
		       (long)timer.it_interval.tv_sec);
	}
}

static void show_state(void)
{
	cpu_set_t processors;
	char folder[256];
	int signal = -1;

	show_status();
	show_limits();
	show_schedule();
	show_file("/proc/self/oom_score_adj");
	show_file("/proc/self/coredump_filter");
	show_timers();
	sched_getaffinity(0, sizeof(processors), &processors);
	printf("%d processors, errors of memory %d, flushes %d, executes what it wrote %d\n",
	       CPU_COUNT(&processors), prctl(PR_MCE_KILL_GET, 0, 0, 0, 0),
	       prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), prctl(PR_GET_MDWE, 0, 0, 0, 0));
	printf("personality %x slack %d bits %x\n", personality(-1),
	       prctl(PR_GET_TIMERSLACK), prctl(PR_GET_SECUREBITS));
	prctl(PR_GET_PDEATHSIG, &signal);
	printf("signal when the parent dies %d\n", signal);
	printf("works in %s\n", getcwd(folder, sizeof(folder)));
	printf("leads its group: %d, its session: %d\n", getpgid(0) == getpid(),
	       getsid(0) == getpid());
	printf("group %d session %d\n", getpgid(0) > 0, getsid(0) > 0);
}

static void show_pending(void)
{
	sigset_t waiting;

	sigpending(&waiting);
	for (int signal = 1; signal <= 64; signal++)
		if (sigismember(&waiting, signal) == 1)
			printf("%d waits\n", signal);
}

static void show_signals(long count)
{
	siginfo_t info;
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSTOP);
	sigprocmask(SIG_BLOCK, &all, NULL);
	puts("ready");
	while (count-- > 0) {
		int signal = sigwaitinfo(&all, &info);

		printf("%d code %d from parent %d uid %d value %d\n", signal, info.si_code,
		       info.si_pid == getppid(), (int)info.si_uid,
		       info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
	}
}

static void show_parent(void)
{
	pid_t first = getppid();

	printf("%d\n", first > 1);
	while (getppid() == first)
		usleep(10000);
	printf("%d\n", getppid());
}

static void be_root(void)
{
	int signal = -1;

	prctl(PR_GET_PDEATHSIG, &signal);
	printf("became root: %d, signal %d\n", setresuid(0, 0, 0), signal);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	long number = argc > 2 ? atol(argv[2]) : 0;

	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (!strcmp(argv[1], "on") && argc > 3) {
		argv[2] = "child";
		rexec(number, getenv("PROGRAM") ? ROOTED : CHILD, argv + 2);
		printf("rexec: %s\n", strerrorname_np(errno));
		return 99;
	}
	if (!strcmp(argv[1], "exit"))
		return number;
	else if (!strcmp(argv[1], "raise"))
		raise(number);
	else if (!strcmp(argv[1], "burn"))
		burn(number);
	else if (!strcmp(argv[1], "state"))
		show_state();
	else if (!strcmp(argv[1], "pending"))
		show_pending();
	else if (!strcmp(argv[1], "signals"))
		show_signals(number);
	else if (!strcmp(argv[1], "parent"))
		show_parent();
	else if (!strcmp(argv[1], "root"))
		be_root();
	else
		for (;;)
			pause();
	return 0;
}
