// SPDX-License-Identifier: GPL-2.0
/*
 * A process with much memory that moves while it writes to it.
 *
 * heavy MIB ROUTE CASE	prints its number, and "sound" at its end if it found all as it left it;
 *			ROUTE are numbers of nodes, one behind another, as in 2,3,1.
 *
 * Another process has it moved, who prints how long each move took, in milliseconds, on its
 * standard error; and it prints there how long it took at most from one thing it did to the
 * next. Each page has the number of times it was written to, and words made of that
 * and of its place; one that was never written to is zero. How often is noted elsewhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define WORDS (PAGE / sizeof(unsigned long))

static unsigned long *memory;
static unsigned char *writes;	/* to each page, modulo 256 */
static size_t pages;
static const char *size;	/* in MiB, as it was given */
static volatile sig_atomic_t is_over;
static unsigned long state = 88172645463325252UL;

static void fail(const char *what, size_t page)
{
	printf("%s, page %zu of %zu: %s\n", what, page, pages, strerrorname_np(errno));
	fflush(stdout);
	exit(99);
}

static unsigned long drawn(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static unsigned long word(size_t page, size_t at)
{
	return (page * WORDS + at) * 0x9e3779b97f4a7c15UL + writes[page];
}

static void check(size_t page)
{
	const unsigned long *place = memory + page * WORDS;

	for (size_t at = 0; at < WORDS; at++)
		if (place[at] != (writes[page] ? word(page, at) : 0))
			fail("not what was written", page);
}

/* Every 16th page is left alone, and every 16th is written to and zero again. */
static void write_to(size_t page)
{
	unsigned long *place = memory + page * WORDS;

	if (page % 16 == 7)
		return;
	if (page % 16 == 9) {
		memset(place, 1, PAGE);
		memset(place, 0, PAGE);
		return;
	}
	if (!++writes[page])
		writes[page] = 1;
	for (size_t at = 0; at < WORDS; at++)
		place[at] = word(page, at);
}

static void check_all(void)
{
	for (size_t page = 0; page < pages; page++)
		check(page);
}

static void *map(size_t bytes)
{
	void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (place == MAP_FAILED)
		fail("mmap", 0);
	return place;
}

static void forget(size_t page)
{
	if (madvise(memory + page * WORDS, PAGE, MADV_DONTNEED))
		fail("madvise", page);
	writes[page] = 0;
}

/* --- what it does while it moves --- */

static void rests(void)
{
	pause();
}

static void writes_all_over(void)
{
	size_t page = drawn() % pages;

	check(page);
	write_to(page);
}

/* A sixteenth of it again and again. */
static void writes_here_and_there(void)
{
	size_t page = drawn() % (pages / 16);

	check(page);
	write_to(page);
}

/* What is where changes as well. */
static void rearranges(void)
{
	size_t from = drawn() % (pages / 2), to = pages / 2 + drawn() % (pages / 2);
	unsigned long *there = memory + to * WORDS;
	int status;

	writes_all_over();
	switch (drawn() % 6) {
	case 0:
		/* The words of a page tell its place: it goes and comes back. */
		forget(to);
		if (mremap(memory + from * WORDS, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   there) == MAP_FAILED ||
		    mremap(there, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   memory + from * WORDS) == MAP_FAILED ||
		    mmap(there, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != there)
			fail("mremap", from);
		check(from);
		break;
	case 1:
		if (mprotect(there, PAGE, PROT_READ))
			fail("mprotect", to);
		check(to);
		if (mprotect(there, PAGE, PROT_READ | PROT_WRITE))
			fail("mprotect", to);
		break;
	case 2:
		forget(to);
		check(to);
		break;
	case 3:
		/* Two pages change places, and each is what the other one was. */
		memcpy(there, memory + from * WORDS, PAGE);
		forget(to);
		write_to(to);
		break;
	case 4:
		if (munmap(there, PAGE) ||
		    mmap(there, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != there)
			fail("munmap", to);
		writes[to] = 0;
		break;
	case 5:
		/*
		 * The child finds all, and what it writes is its own. While it looks its parent
		 * cannot move.
		 */
		if (drawn() % (pages / 64))
			break;
		switch (fork()) {
		case 0:
			check_all();
			write_to(from);
			_exit(0);
		case -1:
			fail("fork", 0);
		}
		if (wait(&status) < 0 || status)
			fail("the child", from);
		break;
	}
}

/* Now and then it is another program, with memory of its own. */
static void executes(void)
{
	sigset_t ends;

	writes_all_over();
	if (drawn() % 4096)
		return;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	execl("/proc/self/exe", "heavy", size, "-", "executes", NULL);
	fail("exec", 0);
}

static const struct {
	const char *name;
	void (*act)(void);
} cases[] = {
	{ "rests", rests },
	{ "writes", writes_all_over },
	{ "works", writes_here_and_there },
	{ "rearranges", rearranges },
	{ "executes", executes },
};

static void end(int signal)
{
	(void)signal;
	is_over = 1;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static void run(void (*act)(void), int is_first)
{
	double last, longest = 0;
	sigset_t none;

	signal(SIGTERM, end);
	sigemptyset(&none);
	for (size_t page = 0; page < pages; page++)
		write_to(page);
	if (is_first)
		kill(getppid(), SIGUSR1);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (last = now(); !is_over; last = now()) {
		act();
		if (now() - last > longest)
			longest = now() - last;
	}
	fprintf(stderr, "longest step %.1f\n", longest);
	check_all();
	puts("sound");
	fflush(stdout);
}

/* --- who has it moved --- */

static void move(pid_t pid, int node)
{
	char path[64], text[16];
	double began = now();
	int file, length = snprintf(text, sizeof(text), "%d\n", node);

	snprintf(path, sizeof(path), "/proc/%d/goto", pid);
	for (int turn = 0;; turn++) {
		file = open(path, O_WRONLY | O_CLOEXEC);
		if (file >= 0 && write(file, text, length) == length)
			break;
		/* It has a child for a moment, or has just come. */
		if (errno != EBUSY || turn == 1000)
			fail("goto", node);
		close(file);
		usleep(1000);
	}
	close(file);
	fprintf(stderr, "%.1f ", now() - began);
}

static int be(const char *what, int is_first)
{
	memory = map(pages * PAGE);
	writes = map(pages);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(what, cases[i].name))
			run(cases[i].act, is_first);
	return 0;
}

int main(int argc, char **argv)
{
	sigset_t blocked;
	int status, got;
	pid_t pid;

	if (argc != 4)
		return 2;
	size = argv[1];
	pages = strtoul(size, NULL, 10) * (1 << 20) / PAGE;
	if (!strcmp(argv[2], "-"))
		return be(argv[3], 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	pid = fork();
	if (!pid)
		return be(argv[3], 1);
	sigwait(&blocked, &got);
	printf("%d\n", pid);
	fflush(stdout);
	for (char *step = strtok(argv[2], ","); step; step = strtok(NULL, ",")) {
		move(pid, atoi(step));
		usleep(20000);
	}
	fputs("\n", stderr);
	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid || status)
		fail("its end", status);
	return 0;
}
