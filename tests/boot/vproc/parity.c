// SPDX-License-Identifier: GPL-2.0
/*
 * Every system call that names a process, made about one.
 *
 *	parity UID CAPABILITIES PID TID USER
 *
 * As user UID with no more than CAPABILITIES (a mask, in hex), about a process of USER.
 * Prints a line for each call with its result, or the name of its error, and what it wrote
 * to memory. About two equal processes, wherever they are, it prints the same. Wrong words
 * are a part of it: bad addresses, signals, sizes, and numbers nobody has.
 */
#include "say.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define PAGE_BYTES 4096
#define PIDS_OF_A_NODE 65536

/* Memory nobody has; memory that cannot be written; the last bytes before a hole. */
static char *const nowhere = (char *)8;
static char *readonly, *edge;
static char room[PAGE_BYTES];

static void make_memory(void)
{
	char *pages = mmap(NULL, 3 * PAGE_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || munmap(pages + PAGE_BYTES, PAGE_BYTES) ||
	    mprotect(pages + 2 * PAGE_BYTES, PAGE_BYTES, PROT_READ))
		exit(2);
	edge = pages + PAGE_BYTES;
	readonly = pages + 2 * PAGE_BYTES;
}

static char *dirty(size_t bytes)
{
	return memset(room, 0xee, bytes);
}

static void signals(void)
{
	static const int wrong[] = { -1, 65, 64000 };

	CALL("0", kill, target, 0);
	CALL("10", kill, target, 10);
	CALL("rt", kill, target, 35);
	CALL("64", kill, target, 64);
	for (size_t at = 0; at < sizeof(wrong) / sizeof(*wrong); at++) {
		CALL("wrong", kill, target, wrong[at]);
		CALL("wrong, to nobody", kill, absent, wrong[at]);
		CALL("wrong", tkill, thread, wrong[at]);
		CALL("wrong", tgkill, target, thread, wrong[at]);
	}
	CALL("to nobody", kill, absent, 10);
	CALL("to no number", kill, 0x7fffffff, 10);
	CALL("to a thread", kill, thread, 36);
	CALL("to the group", kill, -target, 37);
	CALL("0 to the group", kill, -target, 0);
	CALL("to no group", kill, -thread, 37);
	CALL("to a group of nobody", kill, -absent, 37);
	CALL("", tkill, thread, 55);
	CALL("0", tkill, thread, 0);
	CALL("to the main one", tkill, target, 38);
	CALL("of the other thread's", tkill, target, 60);
	CALL("to nobody", tkill, absent, 55);
	CALL("to 0", tkill, 0, 55);
	CALL("to -1", tkill, -1, 55);
	CALL("", tgkill, target, thread, 56);
	CALL("0", tgkill, target, thread, 0);
	CALL("main", tgkill, target, target, 39);
	CALL("of another process", tgkill, getpid(), thread, 56);
	CALL("of its own", tgkill, thread, thread, 56);
	CALL("of nobody", tgkill, absent, thread, 56);
	CALL("nobody", tgkill, target, absent, 56);
	CALL("of 0", tgkill, 0, thread, 56);
	CALL("of -1", tgkill, -1, thread, 56);
	CALL("to -1", tgkill, target, -1, 56);
}

/* What a program says of its signal. */
static siginfo_t *told(int code)
{
	static siginfo_t info;

	memset(&info, 0, sizeof(info));
	/* The number in the call counts, not this one. */
	info.si_signo = 1;
	info.si_errno = 77;
	info.si_code = code;
	info.si_pid = 4711;
	info.si_uid = 4712;
	info.si_value.sival_ptr = (void *)0x0123456789abcdef;
	return &info;
}

static void queued_signals(void)
{
	static const int codes[] = { SI_QUEUE, SI_TIMER,  SI_MESGQ, SI_ASYNCIO, SI_SIGIO,
				     SI_TKILL, SI_USER,   SI_KERNEL, 1,	    -60,
				     -100,     0x7fffffff };
	siginfo_t *info;

	for (size_t at = 0; at < sizeof(codes) / sizeof(*codes); at++) {
		printf("code %d\n", codes[at]);
		CALL("", rt_sigqueueinfo, target, 40 + at % 3, told(codes[at]));
		CALL("", rt_tgsigqueueinfo, target, thread, 57 + at % 3, told(codes[at]));
	}
	info = told(SI_QUEUE);
	CALL("0", rt_sigqueueinfo, target, 0, info);
	CALL("wrong", rt_sigqueueinfo, target, 65, info);
	CALL("to nobody", rt_sigqueueinfo, absent, 40, info);
	CALL("to 0", rt_sigqueueinfo, 0, 40, info);
	CALL("to a group", rt_sigqueueinfo, -target, 40, info);
	CALL("to a thread", rt_sigqueueinfo, thread, 43, info);
	CALL("from nowhere", rt_sigqueueinfo, target, 40, nowhere);
	CALL("from nothing", rt_sigqueueinfo, target, 40, NULL);
	CALL("from an edge", rt_sigqueueinfo, target, 40, edge - 64);
	CALL("from nowhere, to nobody", rt_sigqueueinfo, absent, 40, nowhere);
	CALL("0", rt_tgsigqueueinfo, target, thread, 0, info);
	CALL("wrong", rt_tgsigqueueinfo, target, thread, -1, info);
	CALL("of nobody", rt_tgsigqueueinfo, absent, thread, 57, info);
	CALL("of 0", rt_tgsigqueueinfo, 0, thread, 57, info);
	CALL("to 0", rt_tgsigqueueinfo, target, 0, 57, info);
	CALL("of its own", rt_tgsigqueueinfo, thread, thread, 57, info);
	CALL("from nowhere", rt_tgsigqueueinfo, target, thread, 57, nowhere);
	CALL("a standard one", rt_sigqueueinfo, target, 12, info);
	/* A sort of information the kernel does not know must end with zeroes. */
	info = told(-5000);
	CALL("unknown", rt_sigqueueinfo, target, 44, info);
	((char *)info)[127] = 1;
	CALL("unknown, too long", rt_sigqueueinfo, target, 44, info);
	info = told(SI_QUEUE);
	((char *)info)[100] = 1;
	CALL("with more", rt_sigqueueinfo, target, 44, info);
}

static void groups(void)
{
	CALL("", getpgid, target);
	CALL("thread", getpgid, thread);
	CALL("nobody", getpgid, absent);
	CALL("-1", getpgid, -1);
	CALL("upper half", getpgid, 0xf00000000L | target);
	CALL("", getsid, target);
	CALL("thread", getsid, thread);
	CALL("nobody", getsid, absent);
	CALL("-1", getsid, -1);
}

static void priorities(uid_t user)
{
	static const int nice[] = { 0, 5, 3, -5, 100, -100, 0 };

	CALL("", getpriority, PRIO_PROCESS, target);
	for (size_t at = 0; at < sizeof(nice) / sizeof(*nice); at++) {
		CALL("", setpriority, PRIO_PROCESS, target, nice[at]);
		CALL("", getpriority, PRIO_PROCESS, target);
		CALL("group", setpriority, PRIO_PGRP, target, nice[at] + 1);
		CALL("group", getpriority, PRIO_PGRP, target);
		CALL("thread", getpriority, PRIO_PROCESS, thread);
	}
	CALL("thread", setpriority, PRIO_PROCESS, thread, 9);
	CALL("group", getpriority, PRIO_PGRP, target);
	CALL("nobody", getpriority, PRIO_PROCESS, absent);
	CALL("nobody", setpriority, PRIO_PROCESS, absent, 1);
	CALL("no group", getpriority, PRIO_PGRP, thread);
	CALL("no group", setpriority, PRIO_PGRP, absent, 1);
	CALL("-1", getpriority, PRIO_PROCESS, -1);
	CALL("what", getpriority, 3, target);
	CALL("what", setpriority, -1, target, 1);
	CALL("nobody's", getpriority, PRIO_USER, 54321);
	CALL("nobody's", setpriority, PRIO_USER, 54321, 1);
	if (user) {
		CALL("user", setpriority, PRIO_USER, user, 12);
		CALL("user", getpriority, PRIO_USER, user);
		CALL("of the user", getpriority, PRIO_PROCESS, target);
	}
}

static void io_priorities(void)
{
	/* class << 13 | level */
	static const int best = 2 << 13 | 5, idle = 3 << 13, real = 1 << 13 | 1;

	CALL("", ioprio_get, 1, target);
	CALL("best effort", ioprio_set, 1, target, best);
	CALL("", ioprio_get, 1, target);
	CALL("real time", ioprio_set, 1, target, real);
	CALL("idle, group", ioprio_set, 2, target, idle);
	CALL("group", ioprio_get, 2, target);
	CALL("thread", ioprio_get, 1, thread);
	CALL("class", ioprio_set, 1, target, 7 << 13);
	CALL("level", ioprio_set, 1, target, 2 << 13 | 9);
	CALL("what", ioprio_get, 9, target);
	CALL("nobody", ioprio_get, 1, absent);
	CALL("nobody", ioprio_set, 1, absent, best);
	CALL("no group", ioprio_get, 2, absent);
	CALL("-1", ioprio_get, 1, -1);
	CALL("none", ioprio_set, 1, target, 0);
	CALL("", ioprio_get, 1, target);
}

static void say_scheduler(pid_t pid)
{
	struct sched_param param = { -1 };
	struct timespec interval = { -1, -1 };

	CALL("", sched_getscheduler, pid);
	CALL("", sched_getparam, pid, &param);
	show(&param, sizeof(param));
	CALL("", sched_rr_get_interval, pid, &interval);
	show(&interval, sizeof(interval));
}

static void schedulers(void)
{
	static const int policies[] = { SCHED_BATCH, SCHED_IDLE,  SCHED_FIFO, SCHED_RR,
					SCHED_OTHER, 6,		  7,	      99,
					-1,	     SCHED_BATCH | SCHED_RESET_ON_FORK };

	for (size_t at = 0; at < sizeof(policies) / sizeof(*policies); at++) {
		struct sched_param good = { 0 }, high = { 3 };

		printf("policy %d\n", policies[at]);
		CALL("0", sched_setscheduler, thread, policies[at], &good);
		CALL("3", sched_setscheduler, thread, policies[at], &high);
		CALL("0", sched_setparam, thread, &good);
		CALL("5", sched_setparam, thread, &high);
		say_scheduler(thread);
	}
	say_scheduler(target);
	say_scheduler(absent);
	say_scheduler(-1);
	CALL("nobody", sched_setscheduler, absent, SCHED_BATCH, room);
	CALL("-1", sched_setscheduler, -1, SCHED_BATCH, room);
	CALL("nowhere", sched_setscheduler, target, SCHED_BATCH, nowhere);
	CALL("nothing", sched_setscheduler, target, SCHED_BATCH, NULL);
	CALL("nobody, nowhere", sched_setscheduler, absent, SCHED_BATCH, nowhere);
	CALL("edge", sched_setscheduler, target, SCHED_BATCH, edge - 2);
	CALL("nowhere", sched_setparam, target, nowhere);
	CALL("nothing", sched_setparam, target, NULL);
	CALL("nobody", sched_setparam, absent, NULL);
	CALL("nowhere", sched_getparam, target, nowhere);
	CALL("nothing", sched_getparam, target, NULL);
	CALL("nobody, nowhere", sched_getparam, absent, nowhere);
	CALL("read only", sched_getparam, target, readonly);
	CALL("edge", sched_getparam, target, edge - 2);
	CALL("nowhere", sched_rr_get_interval, target, nowhere);
	CALL("nothing", sched_rr_get_interval, target, NULL);
	CALL("nobody, nowhere", sched_rr_get_interval, absent, nowhere);
}

static void get_attributes(void)
{
	static const unsigned int sizes[] = { 0, 47, 48, 50, 56, 64, 512, 1024, 4095, 4096, 4097 };

	for (size_t at = 0; at < sizeof(sizes) / sizeof(*sizes); at++) {
		printf("size %u\n", sizes[at]);
		CALL("", sched_getattr, target, dirty(PAGE_BYTES), sizes[at], 0);
		show(room, 64);
		show(room + PAGE_BYTES - 4, 4);
		show(room + 600, 4);
	}
	CALL("flags", sched_getattr, target, room, 48, 1);
	CALL("nowhere", sched_getattr, target, nowhere, 48, 0);
	CALL("nothing", sched_getattr, target, NULL, 48, 0);
	CALL("nowhere, size", sched_getattr, target, nowhere, 1, 0);
	CALL("read only", sched_getattr, target, readonly, 48, 0);
	CALL("edge", sched_getattr, target, edge - 48, 48, 0);
	CALL("over the edge", sched_getattr, target, edge - 48, 56, 0);
	CALL("nobody", sched_getattr, absent, room, 48, 0);
	CALL("nobody, nowhere", sched_getattr, absent, nowhere, 48, 0);
	CALL("nobody, size", sched_getattr, absent, room, 1, 0);
	CALL("-1", sched_getattr, -1, room, 48, 0);
}

struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static void set_attributes(void)
{
	static const struct attributes cases[] = {
		{ 48, SCHED_BATCH, 0, 4, 0, 0, 0, 0, 0, 0 },
		{ 0, SCHED_OTHER, 0, 5, 0, 0, 0, 0, 0, 0 },
		{ 56, SCHED_OTHER, 0, 6, 0, 0, 0, 0, 0, 0 },
		{ 56, SCHED_OTHER, 0x60, 7, 0, 0, 0, 0, 0, 1024 },
		{ 40, SCHED_OTHER, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ 64, SCHED_OTHER, 0, 8, 0, 0, 0, 0, 0, 0 },
		{ 4096, SCHED_OTHER, 0, 9, 0, 0, 0, 0, 0, 0 },
		{ 5000, SCHED_OTHER, 0, 9, 0, 0, 0, 0, 0, 0 },
		{ 48, SCHED_OTHER, 1ULL << 40, 0, 0, 0, 0, 0, 0, 0 },
		{ 48, SCHED_FIFO, 0, 0, 5, 0, 0, 0, 0, 0 },
		{ 48, SCHED_OTHER, 0, 0, 5, 0, 0, 0, 0, 0 },
		{ 48, 6, 0, 0, 0, 10, 5, 5, 0, 0 },
		{ 48, 77, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ 48, SCHED_OTHER, 0, -20, 0, 0, 0, 0, 0, 0 },
		{ 48, SCHED_OTHER, 0, 0, 0, 0, 0, 0, 0, 0 },
	};
	struct attributes *given = (struct attributes *)room;

	for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
		memset(room, 0, sizeof(room));
		*given = cases[at];
		printf("case %zu\n", at);
		CALL("", sched_setattr, target, room, 0);
		show(room, 8);
		CALL("", sched_getattr, target, room, 48, 0);
		show(room, 48);
	}
	/* More than this kernel knows: only zeroes. */
	for (size_t at = 60; at < PAGE_BYTES; at += 900) {
		memset(room, 0, sizeof(room));
		*given = (struct attributes){ .size = PAGE_BYTES };
		room[at] = 1;
		CALL("more", sched_setattr, target, room, 0);
		show(room, 4);
	}
	*given = cases[0];
	CALL("flags", sched_setattr, target, room, 1);
	CALL("nobody", sched_setattr, absent, room, 0);
	CALL("nobody, flags", sched_setattr, absent, room, 1);
	CALL("-1", sched_setattr, -1, room, 0);
	CALL("nowhere", sched_setattr, target, nowhere, 0);
	CALL("nothing", sched_setattr, target, NULL, 0);
	CALL("nobody, nowhere", sched_setattr, absent, nowhere, 0);
	memcpy(edge - 40, given, 40);
	CALL("over the edge", sched_setattr, target, edge - 40, 0);
}

static void processors(void)
{
	static const unsigned int sizes[] = { 0, 1, 4, 7, 8, 12, 16, 128, 512, 1024, 4096 };

	for (size_t at = 0; at < sizeof(sizes) / sizeof(*sizes); at++) {
		printf("size %u\n", sizes[at]);
		CALL("", sched_getaffinity, target, sizes[at], dirty(PAGE_BYTES));
		show(room, 32);
		memset(room, 0xff, sizeof(room));
		CALL("all", sched_setaffinity, target, sizes[at], room);
		memset(room, 0, sizeof(room));
		room[0] = 1;
		CALL("first", sched_setaffinity, target, sizes[at], room);
		room[0] = 2;
		CALL("second", sched_setaffinity, target, sizes[at], room);
		room[0] = 0;
		CALL("none", sched_setaffinity, target, sizes[at], room);
	}
	CALL("nowhere", sched_getaffinity, target, 8, nowhere);
	CALL("nothing", sched_getaffinity, target, 8, NULL);
	CALL("read only", sched_getaffinity, target, 8, readonly);
	CALL("nobody", sched_getaffinity, absent, 8, room);
	CALL("nobody, nowhere", sched_getaffinity, absent, 8, nowhere);
	CALL("nobody, size", sched_getaffinity, absent, 7, room);
	CALL("-1", sched_getaffinity, -1, 8, room);
	CALL("edge", sched_getaffinity, target, 128, edge - 8);
	CALL("nowhere", sched_setaffinity, target, 8, nowhere);
	CALL("nothing", sched_setaffinity, target, 8, NULL);
	CALL("nobody", sched_setaffinity, absent, 8, room);
	CALL("nobody, nowhere", sched_setaffinity, absent, 8, nowhere);
	CALL("edge", sched_setaffinity, target, 128, edge - 8);
}

static void limits(void)
{
	static const struct rlimit cases[] = {
		{ 100, 200 }, { 200, 200 }, { 300, 200 }, { 50, 1000000 }, { 10, 20 },
		{ RLIM_INFINITY, RLIM_INFINITY }, { 20, 100 }, { 5, 5 },
	};

	for (int resource = 0; resource < 18; resource++) {
		memset(room, 0xee, 16);
		CALL("get", prlimit64, target, resource, NULL, room);
		/* How many processes and signals a node lets there be is its memory's matter. */
		if (resource != RLIMIT_NPROC && resource != RLIMIT_SIGPENDING)
			show(room, 16);
	}
	for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
		memset(room, 0xee, 16);
		CALL("both", prlimit64, target, RLIMIT_CORE, &cases[at], room);
		show(room, 16);
		CALL("set", prlimit64, thread, RLIMIT_MEMLOCK, &cases[at], NULL);
		CALL("get", prlimit64, thread, RLIMIT_MEMLOCK, NULL, room);
		show(room, 16);
	}
	CALL("too many files", prlimit64, target, RLIMIT_NOFILE, &(struct rlimit){ 50, 2000000000 },
	     NULL);
	CALL("nothing", prlimit64, target, RLIMIT_CORE, NULL, NULL);
	CALL("what", prlimit64, target, 99, NULL, room);
	CALL("what", prlimit64, target, -1, &cases[0], NULL);
	CALL("nobody", prlimit64, absent, RLIMIT_CORE, NULL, room);
	CALL("nobody, nowhere", prlimit64, absent, RLIMIT_CORE, nowhere, room);
	CALL("nobody, nowhere", prlimit64, absent, RLIMIT_CORE, NULL, nowhere);
	CALL("-1", prlimit64, -1, RLIMIT_CORE, NULL, room);
	CALL("from nowhere", prlimit64, target, RLIMIT_CORE, nowhere, NULL);
	CALL("from the edge", prlimit64, target, RLIMIT_CORE, edge - 8, NULL);
	CALL("to nowhere", prlimit64, target, RLIMIT_CORE, NULL, nowhere);
	CALL("to the edge", prlimit64, target, RLIMIT_CORE, NULL, edge - 8);
	CALL("to read only", prlimit64, target, RLIMIT_CORE, NULL, readonly);
	/* It is set although nobody is told what it was. */
	CALL("set, to nowhere", prlimit64, target, RLIMIT_CORE, &(struct rlimit){ 4, 5 },
	     nowhere);
	CALL("get", prlimit64, target, RLIMIT_CORE, NULL, room);
	show(room, 16);
}

static void capabilities(void)
{
	static const uint32_t versions[] = { _LINUX_CAPABILITY_VERSION_1,
					     _LINUX_CAPABILITY_VERSION_2,
					     _LINUX_CAPABILITY_VERSION_3, 0, 0x12345678 };
	const pid_t pids[] = { target, thread, absent, -1 };

	for (size_t at = 0; at < sizeof(versions) / sizeof(*versions); at++) {
		for (size_t who = 0; who < sizeof(pids) / sizeof(*pids); who++) {
			struct __user_cap_header_struct header = { versions[at], pids[who] };
			char left[32];

			printf("version %x of %zu\n", versions[at], who);
			CALL("", capget, &header, dirty(32));
			show(&header.version, 4);
			say("  pid", header.pid);
			show(room, 32);
			header.version = versions[at];
			CALL("nothing", capget, &header, NULL);
			show(&header.version, 4);
			header.version = versions[at];
			CALL("nowhere", capget, &header, nowhere);
			CALL("edge", capget, &header, edge - 12);
			memcpy(left, edge - 12, 12);
			show(left, 12);
		}
	}
	CALL("from nowhere", capget, nowhere, room);
	CALL("from nothing", capget, NULL, room);
	memcpy(edge - 8, &(struct __user_cap_header_struct){ 0x20080522, target }, 8);
	CALL("from the edge", capget, edge - 8, dirty(32));
	show(room, 32);
	CALL("from over the edge", capget, edge - 4, room);
}

static void become(uid_t uid, uint64_t mask)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { mask, mask, 0 },
						  { mask >> 32, mask >> 32, 0 } };

	prctl(PR_SET_KEEPCAPS, 1);
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ||
	    syscall(SYS_capset, &header, data)) {
		perror("parity");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: parity UID CAPABILITIES PID TID USER\n");
		return 2;
	}
	target = atoi(argv[3]);
	thread = atoi(argv[4]);
	absent = target / PIDS_OF_A_NODE * PIDS_OF_A_NODE + PIDS_OF_A_NODE - 7;
	make_memory();
	become(atoi(argv[1]), strtoull(argv[2], NULL, 16));
	fprintf(stderr, "%d\n", getpid());
	signals();
	queued_signals();
	groups();
	priorities(atoi(argv[5]));
	io_priorities();
	schedulers();
	get_attributes();
	set_attributes();
	processors();
	limits();
	capabilities();
	return 0;
}
