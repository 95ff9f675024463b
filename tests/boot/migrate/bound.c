// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps a process where it is.
 *
 * bound reasons		has a child for each reason, and prints its name and number
 * bound group			has two children that are a group, and prints its number
 * bound goto PID [TEXT]	writes that to the file of the process: prints what came of it
 * bound handed PID TEXT	the same, and only the opener was another user
 * bound until TEXT		writes that to its own file, and prints where it is then
 * bound locked TEXT		the same, and what of its memory is locked, before and then
 *
 * The first two wait until they are killed, and take their children along.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES 65536
#define PAGE_BYTES 4096
#define DEADLINE_NS 10000000
#define NOBODY 65534

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static int told[2];

/* It is this process that is meant; it stays until the one that made it ends. */
static void stay(void)
{
	pid_t pid = getpid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	write(told[1], &pid, sizeof(pid));
	close(told[0]);
	close(told[1]);
	for (;;)
		pause();
}

static void must(int is_good)
{
	pid_t none = -errno;

	if (is_good)
		return;
	write(told[1], &none, sizeof(none));
	_exit(1);
}

static void *sleep_for_ever(void *nothing)
{
	(void)nothing;
	for (;;)
		pause();
	return NULL;
}

static int stay_beside(void *nothing)
{
	(void)nothing;
	/* What is shared stays open, and the name of the thread is that of another. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

/* Has a brother, which is no child, share something. */
static void share(int what)
{
	must(clone(stay_beside, (char *)malloc(STACK_BYTES) + STACK_BYTES,
		   what | CLONE_PARENT | SIGCHLD, NULL) > 0);
}

static pthread_t first;

static void *outlive(void *nothing)
{
	(void)nothing;
	pthread_join(first, NULL);
	stay();
	return NULL;
}

static void lose_first_thread(void)
{
	pthread_t thread;

	first = pthread_self();
	must(!pthread_create(&thread, NULL, outlive, NULL));
	syscall(SYS_exit, 0);
}

static pthread_barrier_t changed;

static void *change(void *what)
{
	((void (*)(void))what)();
	pthread_barrier_wait(&changed);
	return sleep_for_ever(NULL);
}

/* Has a thread that did something for itself alone. */
static void have_thread_that(void (*what)(void))
{
	pthread_t thread;

	must(!pthread_barrier_init(&changed, NULL, 2) &&
	     !pthread_create(&thread, NULL, change, (void *)what));
	pthread_barrier_wait(&changed);
}

static void become_nobody(void)
{
	must(!syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY));
}

static void take_files(void)
{
	must(!unshare(CLONE_FILES));
}

static void have_users(void)
{
	have_thread_that(become_nobody);
}

static void have_own_files(void)
{
	have_thread_that(take_files);
}

static void share_handlers(void)
{
	share(CLONE_VM | CLONE_SIGHAND);
}

static void share_memory(void)
{
	share(CLONE_VM);
}

static void share_files(void)
{
	share(CLONE_FILES);
}

static void share_folder(void)
{
	share(CLONE_FS);
}

static void be_vforked(void)
{
	if (vfork() == 0)
		stay();
}

static void have_child(void)
{
	if (fork() == 0)
		stay_beside(NULL);
}

static void adopt(void)
{
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
}

static void be_traced(void)
{
	must(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static void filter(void)
{
	struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	struct sock_fprog program = { 1, &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void have_namespace(void)
{
	must(!unshare(CLONE_NEWUTS));
}

static void have_root(void)
{
	mkdir("/tmp/root", 0700);
	must(!chroot("/tmp/root"));
}

static void use_ring(void)
{
	char parameters[120] = { 0 };
	int ring = syscall(SYS_io_uring_setup, 1, parameters);

	must(ring >= 0);
	close(ring);
}

static void use_aio(void)
{
	unsigned long context = 0;

	must(!syscall(SYS_io_setup, 1, &context));
}

static void hold_semaphore(void)
{
	struct sembuf up = { 0, 1, SEM_UNDO };
	int set = semget(IPC_PRIVATE, 1, 0600);

	must(!semop(set, &up, 1));
	semctl(set, 0, IPC_RMID);
	set = semget(IPC_PRIVATE, 1, 0600);
	must(!semop(set, &up, 1));
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

	must(!syscall(SYS_sched_setattr, 0, &wanted, 0));
}

static void have_timer(void)
{
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
	clockid_t parents;
	timer_t timer;

	must(!clock_getcpuclockid(getppid(), &parents));
	must(!timer_create(parents, &nothing, &timer));
}

static void *map(int flags, int fd)
{
	void *memory = mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);

	must(memory != MAP_FAILED);
	return memory;
}

static void have_shared_memory(void)
{
	map(MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void have_segment(void)
{
	int segment = shmget(IPC_PRIVATE, PAGE_BYTES, 0600);

	must(shmat(segment, NULL, 0) != (void *)-1);
	shmctl(segment, IPC_RMID, NULL);
}

static void have_device_memory(void)
{
	struct tpacket_req ring = { PAGE_BYTES, 2, 2048, 4 };
	int packets = socket(AF_PACKET, SOCK_RAW, 0);

	must(!setsockopt(packets, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)));
	map(MAP_SHARED, packets);
	close(packets);
}

static void have_guard(void)
{
	must(!madvise(map(MAP_PRIVATE | MAP_ANONYMOUS, -1), PAGE_BYTES, MADV_GUARD_INSTALL));
}

static void lock_all(void)
{
	must(!mlockall(MCL_FUTURE));
}

static void lose_folder(void)
{
	must(!mkdir("/tmp/lost", 0700) && !chdir("/tmp/lost") && !rmdir("/tmp/lost"));
}

static void have_odd_file(void)
{
	int fd;

	/* A link, not a folder. */
	must(!symlink("/", "/tmp/link") || errno == EEXIST);
	fd = open("/tmp/link", O_PATH | O_NOFOLLOW);
	must(dup2(fd, 7) == 7 && !close(fd));
}

static void share_set(void)
{
	int fd = epoll_create1(0);

	must(dup2(fd, 8) == 8 && !close(fd));
	share(0);
}

static void lose_watched(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0), ends[2];

	must(dup2(fd, 9) == 9 && !close(fd) && !pipe(ends));
	/* It is in the set as long as it is open. */
	must(!epoll_ctl(9, EPOLL_CTL_ADD, ends[0], &event) && dup(ends[0]) > 0);
	close(ends[0]);
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*have)(void);
} reasons[] = {
	{ "nothing", nothing },		      { "first", lose_first_thread },
	{ "users", have_users },	      { "own", have_own_files },
	{ "handlers", share_handlers },	      { "space", share_memory },
	{ "files", share_files },	      { "folder", share_folder },
	{ "vfork", be_vforked },	      { "child", have_child },
	{ "reaper", adopt },		      { "tracer", be_traced },
	{ "filter", filter },		      { "namespace", have_namespace },
	{ "root", have_root },		      { "ring", use_ring },
	{ "aio", use_aio },		      { "semaphore", hold_semaphore },
	{ "deadline", have_deadline },	      { "timer", have_timer },
	{ "shared", have_shared_memory },     { "segment", have_segment },
	{ "device", have_device_memory },     { "guard", have_guard },
	{ "future", lock_all },		      { "lost", lose_folder },
	{ "file", have_odd_file },	      { "set", share_set },
	{ "watched", lose_watched },
};

/* The number of the child that says it has what it should, or a negative error. */
static pid_t begin(void (*have)(void), pid_t group)
{
	pid_t pid = -EPIPE;

	fflush(stdout);
	if (pipe(told))
		return -errno;
	if (fork() == 0) {
		setpgid(0, group);
		have();
		stay();
	}
	close(told[1]);
	read(told[0], &pid, sizeof(pid));
	close(told[0]);
	return pid;
}

static void begin_reasons(void)
{
	pid_t pid;

	for (size_t at = 0; at < sizeof(reasons) / sizeof(*reasons); at++)
		printf("%s %d\n", reasons[at].name, begin(reasons[at].have, 0));
	pid = begin(nothing, 0);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	printf("stopped %d\n", pid);
	pid = begin(nothing, 0);
	kill(pid, SIGKILL);
	waitid(P_PID, pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	printf("ended %d\n", pid);
}

static int wait_for_ever(void)
{
	printf("end\n");
	fflush(stdout);
	close(1);
	sleep_for_ever(NULL);
	return 0;
}

static void begin_group(void)
{
	pid_t first = begin(nothing, 0);

	begin(nothing, first);
	printf("group %d\n", first);
}

static int write_to(int file, const char *text)
{
	ssize_t written = file < 0 ? -1 : write(file, text, strlen(text));

	if (written < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("%zd\n", written);
	return 0;
}

static const char *file_of(const char *pid)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%s/goto", pid);
	return path;
}

static int handed(const char *pid, const char *text)
{
	int file;

	setresuid(NOBODY, NOBODY, 0);
	file = open(file_of(pid), O_WRONLY);
	setresuid(0, 0, 0);
	return write_to(file, text);
}

static int go_itself(const char *text)
{
	int file = open("/proc/self/goto", O_WRONLY);
	char where[16] = "";
	int place;

	write_to(file, text);
	/* It has the file there, which does not take this. */
	write_to(file, "0");
	place = open("/proc/self/where", O_RDONLY);
	read(place, where, sizeof(where) - 1);
	printf("%s", where);
	return 0;
}

/* What smaps says of a mapping: its flags and how much of it is locked, in kilobytes. */
static void print_locked(const char *name, const void *memory)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	unsigned long start = 0, found;
	char line[512];

	printf("%s:", name);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-", &found) == 1 && strchr(line, '-'))
			start = found;
		if (start != (unsigned long)memory)
			continue;
		if (sscanf(line, "Rss: %lu", &found) == 1)
			printf(" there %lu", found);
		if (!strncmp(line, "VmFlags:", 8))
			printf("%s%s\n", strstr(line, " lo") ? " locked" : "",
			       strstr(line, " lf") ? " on fault" : "");
	}
	fclose(maps);
}

static int lock_and_go(const char *text)
{
	char *all = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	/* With different rights, so that they are not one mapping. */
	char *some = mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = open("/proc/self/goto", O_WRONLY);

	must(!mlock(all, 2 * PAGE_BYTES) && !mlock2(some, 2 * PAGE_BYTES, MLOCK_ONFAULT));
	*some = 1;
	print_locked("all", all);
	print_locked("some", some);
	write_to(file, text);
	print_locked("all", all);
	print_locked("some", some);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "reasons")) {
		begin_reasons();
		return wait_for_ever();
	}
	if (!strcmp(what, "group")) {
		begin_group();
		return wait_for_ever();
	}
	if (!strcmp(what, "goto") && argc > 2)
		return write_to(open(file_of(argv[2]), O_WRONLY), argc > 3 ? argv[3] : "");
	if (!strcmp(what, "handed") && argc > 3)
		return handed(argv[2], argv[3]);
	if (!strcmp(what, "until") && argc > 2)
		return go_itself(argv[2]);
	if (!strcmp(what, "locked") && argc > 2)
		return lock_and_go(argv[2]);
	return 2;
}
