// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps a process on its node.
 *
 * refused NODE		prints what a child gets that has it and wants a program there, and
 *			whether the child goes on as it was
 */
#include "rexec.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define STACK_BYTES 65536
#define DEADLINE_NS 10000000

static int node;

static void *sleep_for_ever(void *nothing)
{
	(void)nothing;
	for (;;)
		pause();
}

static void have_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_for_ever, NULL);
}

static int sleep_beside(void *nothing)
{
	sleep_for_ever(nothing);
	return 0;
}

static void share_handlers(void)
{
	/* A brother, so that it is no child. */
	clone(sleep_beside, malloc(STACK_BYTES) + STACK_BYTES,
	      CLONE_VM | CLONE_SIGHAND | CLONE_PARENT | SIGCHLD, NULL);
}

static void have_child(void)
{
	if (fork() == 0)
		sleep_for_ever(NULL);
}

static void adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void be_traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void filter(void)
{
	struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	struct sock_fprog program = { 1, &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void have_namespace(void)
{
	if (unshare(CLONE_NEWUTS))
		_exit(98);
}

static void have_root(void)
{
	mkdir("/tmp/root", 0700);
	if (chroot("/tmp/root"))
		_exit(98);
}

static void use_ring(void)
{
	char parameters[120] = { 0 };
	int ring = syscall(SYS_io_uring_setup, 1, parameters);

	if (ring < 0)
		_exit(98);
	close(ring);
}

static void hold_semaphore(void)
{
	struct sembuf up = { 0, 1, SEM_UNDO };
	int set = semget(IPC_PRIVATE, 1, 0600);

	if (semop(set, &up, 1))
		_exit(98);
}

static void have_deadline(void)
{
	struct {
		unsigned int size, policy;
		unsigned long long flags;
		int nice;
		unsigned int priority;
		unsigned long long runtime, deadline, period;
	} wanted = { sizeof(wanted), 6, 0, 0, 0, DEADLINE_NS, 10 * DEADLINE_NS, 10 * DEADLINE_NS };

	if (syscall(SYS_sched_setattr, 0, &wanted, 0))
		_exit(98);
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*have)(void);
} reasons[] = {
	{ "a thread", have_thread },	      { "shared handlers", share_handlers },
	{ "a child", have_child },	      { "children of others", adopt },
	{ "a tracer", be_traced },	      { "a filter", filter },
	{ "a namespace", have_namespace },    { "a root", have_root },
	{ "a ring", use_ring },		      { "a semaphore", hold_semaphore },
	{ "a deadline", have_deadline },      { "nothing", nothing },
};

static void try(const char *name, void (*have)(void))
{
	char *argv[] = { "child", "exit", "7", NULL };
	int device = open_ssi();

	setpgid(0, 0);
	have();
	rexec_by(device, node, CHILD, argv);
	printf("%s: %s\n", name, strerrorname_np(errno));
	fflush(stdout);
	_exit(42);
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 2)
		return 2;
	node = atoi(argv[1]);
	for (size_t at = 0; at < sizeof(reasons) / sizeof(*reasons); at++) {
		pid_t child;

		fflush(stdout);
		child = fork();
		if (child == 0)
			try(reasons[at].name, reasons[at].have);
		waitpid(child, &status, 0);
		if (WEXITSTATUS(status) != 42)
			printf("%s: status %d\n", reasons[at].name, WEXITSTATUS(status));
		kill(-child, SIGKILL);
		waitpid(-child, NULL, 0);
	}
	return 0;
}
