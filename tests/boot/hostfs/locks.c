// SPDX-License-Identifier: GPL-2.0
/*
 * Locks both nodes take.
 *
 *	node 1 ---- hostfs DIR ---- node 2
 *
 * flock(2), fcntl(2) and "open file description" locks exclude across nodes.
 * Two more roles are for a node that is to be killed:
 *
 *	locks hold DIR		takes all three, makes DIR/held, stays
 *	locks wait DIR		waits for DIR/held, makes DIR/waiting, locks
 */

#include "pair.h"

#include <sys/file.h>
#include <sys/wait.h>

#define COUNTS 400
#define WAIT_SECONDS_MAX 2.0

enum kind { FLOCK, POSIX, OFD, KINDS };

static const char *const kind_names[] = { "flock", "fcntl", "OFD" };

static int range(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
			      .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &lock);
}

static int lock(int fd, enum kind kind)
{
	if (kind == FLOCK)
		return flock(fd, LOCK_EX);
	return range(fd, kind == POSIX ? F_SETLKW : F_OFD_SETLKW, F_WRLCK, 0, 0);
}

static int unlock(int fd, enum kind kind)
{
	if (kind == FLOCK)
		return flock(fd, LOCK_UN);
	return range(fd, kind == POSIX ? F_SETLK : F_OFD_SETLK, F_UNLCK, 0, 0);
}

/* Two processes on each node, so that local and remote waits mix. */
static void count_up(int fd, enum kind kind)
{
	long number;
	int i;

	for (i = 0; i < COUNTS; i++) {
		must(lock(fd, kind));
		must(pread(fd, &number, sizeof(number), 0));
		number++;
		must(pwrite(fd, &number, sizeof(number), 0));
		must(unlock(fd, kind));
	}
}

static void counter(enum kind kind)
{
	char name[64];
	long number = 0;
	double begun;
	int fd, pid, status;

	snprintf(name, sizeof(name), "counting under %s loses nothing",
		 kind_names[kind]);
	begin(strdup(name));
	if (role == 1)
		must(pwrite(must(open(kind_names[kind], O_CREAT | O_RDWR, 0644)),
			    &number, sizeof(number), 0));
	meet();
	begun = seconds();
	pid = must(fork());
	fd = must(open(kind_names[kind], O_RDWR));
	count_up(fd, kind);
	if (pid == 0)
		_exit(0);
	must(waitpid(pid, &status, 0));
	expect(status == 0, "a process failed");
	meet();
	must(pread(fd, &number, sizeof(number), 0));
	expect(number == 4 * COUNTS, "%ld instead of %d", number, 4 * COUNTS);
	pass();
	if (role == 1)
		printf("# %.0f us per lock and unlock\n",
		       (seconds() - begun) / (4 * COUNTS) * 1e6);
	close(fd);
}

static void ranges(void)
{
	struct flock test = { .l_type = F_WRLCK, .l_start = 50, .l_len = 100 };
	int fd = must(open("ranges", O_CREAT | O_RDWR, 0644));
	int other = must(open("ranges", O_RDWR));

	begin("byte ranges exclude where they overlap");
	if (role == 1)
		must(range(fd, F_SETLK, F_WRLCK, 0, 100));
	meet();
	if (role == 2) {
		expect(range(fd, F_SETLK, F_WRLCK, 99, 1) && errno == EAGAIN,
		       "byte 99 was free");
		expect(!range(fd, F_SETLK, F_WRLCK, 100, 10),
		       "byte 100 was not free");
		must(fcntl(fd, F_GETLK, &test));
		expect(test.l_type == F_WRLCK && test.l_start == 0 &&
		       test.l_len == 100, "F_GETLK gives %d %ld+%ld",
		       test.l_type, (long)test.l_start, (long)test.l_len);
		expect(test.l_pid == -1, "F_GETLK gives pid %d", test.l_pid);
		pass();
	}
	begin("what is left after an unlock in the middle");
	if (role == 1)
		must(range(fd, F_SETLK, F_UNLCK, 40, 20));
	meet();
	if (role == 2) {
		expect(!range(fd, F_SETLK, F_WRLCK, 40, 20), "the middle is held");
		expect(range(fd, F_SETLK, F_WRLCK, 39, 1), "byte 39 was free");
		expect(range(fd, F_SETLK, F_WRLCK, 60, 1), "byte 60 was free");
		must(range(fd, F_SETLK, F_UNLCK, 0, 0));
		pass();
	}
	begin("what another process of the node still holds");
	if (role == 1) {
		must(range(fd, F_SETLK, F_UNLCK, 0, 0));
		must(range(fd, F_OFD_SETLK, F_RDLCK, 0, 100));
		must(range(other, F_OFD_SETLK, F_RDLCK, 50, 100));
		must(range(other, F_OFD_SETLK, F_UNLCK, 0, 0));
	}
	meet();
	if (role == 2) {
		expect(!range(fd, F_SETLK, F_WRLCK, 100, 50), "it holds too much");
		expect(range(fd, F_SETLK, F_WRLCK, 50, 1), "it holds too little");
		expect(!range(fd, F_SETLK, F_RDLCK, 0, 100), "readers exclude");
		must(range(fd, F_SETLK, F_UNLCK, 0, 0));
		pass();
	}
	begin("a downgrade lets readers in");
	if (role == 1) {
		must(range(fd, F_OFD_SETLK, F_UNLCK, 0, 0));
		must(range(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
		must(range(fd, F_OFD_SETLK, F_RDLCK, 0, 10));
	}
	meet();
	if (role == 2) {
		expect(!range(fd, F_SETLK, F_RDLCK, 0, 10), "it does not");
		expect(range(fd, F_SETLK, F_RDLCK, 10, 1), "it lets in too many");
		pass();
	}
	meet();
	close(fd);
	close(other);
}

static void conversion(void)
{
	int fd = must(open("convert", O_CREAT | O_RDWR, 0644));

	begin("flock from shared to exclusive and back");
	must(flock(fd, LOCK_SH));
	meet();
	if (role == 1)
		expect(flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK,
		       "exclusive beside a shared one");
	meet();
	if (role == 2)
		must(flock(fd, LOCK_UN));
	meet();
	if (role == 1)
		expect(!flock(fd, LOCK_EX | LOCK_NB), "not exclusive alone");
	meet();
	if (role == 2)
		expect(flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK,
		       "shared beside an exclusive one");
	meet();
	if (role == 1)
		must(flock(fd, LOCK_SH));
	meet();
	if (role == 2)
		expect(!flock(fd, LOCK_SH | LOCK_NB), "not shared by two");
	pass();
	meet();
	close(fd);
}

/* Two processes of one node; the other waits and would see a lock too many. */
static void local_upgrade(void)
{
	int fd, pid, status;

	begin("two of a node go from shared to exclusive");
	if (role == 1) {
		pid = must(fork());
		fd = must(open("upgrade", O_CREAT | O_RDWR, 0644));
		must(flock(fd, LOCK_SH));
		usleep(200000);
		alarm(20);
		must(flock(fd, LOCK_EX));
		usleep(100000);
		must(flock(fd, LOCK_UN));
		if (pid == 0)
			_exit(0);
		alarm(0);
		must(waitpid(pid, &status, 0));
		expect(status == 0, "a process ended with %x", status);
		pass();
		close(fd);
	}
	begin("a failed upgrade leaves the other's shared lock");
	if (role == 1) {
		int mine = must(open("upgrade", O_RDWR));
		int other = must(open("upgrade", O_RDWR));

		must(flock(mine, LOCK_SH));
		must(flock(other, LOCK_SH));
		expect(flock(mine, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK,
		       "exclusive beside a shared one");
		fd = other;
	} else {
		fd = must(open("upgrade", O_CREAT | O_RDWR, 0644));
	}
	meet();
	if (role == 2)
		expect(flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK,
		       "exclusive beside the other node's shared one");
	meet();
	if (role == 1)
		must(flock(fd, LOCK_UN));
	meet();
	if (role == 2) {
		expect(!flock(fd, LOCK_EX | LOCK_NB), "the failed one holds");
		pass();
	}
	meet();
	close(fd);
}

/* The mode forbids to open it again, but not what is open already. */
static void read_only(void)
{
	int fd;

	begin("a write lock on a file that was made read-only");
	if (role == 1) {
		fd = must(open("readonly", O_CREAT | O_EXCL | O_RDWR, 0444));
		expect(!range(fd, F_SETLK, F_WRLCK, 0, 0), "error %d", errno);
		pass();
		close(fd);
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void interruption(enum kind kind)
{
	struct sigaction action = { .sa_handler = on_alarm };
	int fd = must(open("interrupt", O_CREAT | O_RDWR, 0644));
	char name[64];

	snprintf(name, sizeof(name), "a signal ends waiting for %s",
		 kind_names[kind]);
	begin(strdup(name));
	if (role == 1)
		must(lock(fd, kind));
	meet();
	if (role == 2) {
		sigaction(SIGALRM, &action, NULL);
		alarm(1);
		expect(lock(fd, kind) && errno == EINTR, "error %d", errno);
		alarm(0);
		pass();
	}
	meet();
	close(fd);
}

/* A lock of node 1 goes with its process; node 2 was waiting for it. */
static void death(enum kind kind)
{
	int fd = must(open("death", O_CREAT | O_RDWR, 0644));
	int pid = -1, held[2];
	char name[64], byte;
	double begun;

	snprintf(name, sizeof(name), "waiting for %s ends with its holder",
		 kind_names[kind]);
	begin(strdup(name));
	if (role == 1) {
		must(pipe(held));
		pid = must(fork());
		if (pid == 0) {
			close(fd);
			fd = must(open("death", O_RDWR));
			must(lock(fd, kind));
			must(write(held[1], "x", 1));
			pause();
		}
		must(read(held[0], &byte, 1));
	}
	meet();
	if (role == 1) {
		usleep(300000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	} else {
		begun = seconds();
		must(lock(fd, kind));
		expect(seconds() - begun > 0.1, "there was none to wait for");
		expect(seconds() - begun < WAIT_SECONDS_MAX, "it took %.1f s",
		       seconds() - begun);
		pass();
	}
	meet();
	close(fd);
}

static void stay(void)
{
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++)
		must(lock(must(open(kind_names[kind], O_CREAT | O_RDWR, 0644)),
			  kind));
	close(put("held", ""));
	for (;;)
		pause();
}

static int outlive(void)
{
	enum kind kind;

	while (access("held", F_OK))
		usleep(POLL_US);
	for (kind = 0; kind < KINDS; kind++) {
		int fd = must(open(kind_names[kind], O_RDWR));
		struct flock test = { .l_type = F_WRLCK };

		check_name = "locks of a node that is killed are free";
		if (kind == POSIX) {
			must(fcntl(fd, F_GETLK, &test));
			expect(test.l_type == F_UNLCK, "a lock is left");
		}
		if (kind == FLOCK) {
			expect(flock(fd, LOCK_EX | LOCK_NB), "it held none");
			close(put("waiting", ""));
		}
		must(lock(fd, kind));
	}
	pass();
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
	enum kind kind;

	if (argc == 3 && (!strcmp(argv[1], "hold") || !strcmp(argv[1], "wait"))) {
		must(chdir(argv[2]));
		if (!strcmp(argv[1], "hold"))
			stay();
		return outlive();
	}
	start(argc, argv);
	for (kind = 0; kind < KINDS; kind++)
		counter(kind);
	ranges();
	conversion();
	local_upgrade();
	read_only();
	for (kind = 0; kind < KINDS; kind++) {
		interruption(kind);
		death(kind);
	}
	return finish();
}
