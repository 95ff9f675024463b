// SPDX-License-Identifier: GPL-2.0
/*
 * What a program sees of files it was started with.
 *
 *   use WORD...       for each test: makes files and starts "WORD... use TEST" with them
 *   use : TEST        is started so, uses its files and says what it sees
 *
 * With no word the program that is started runs here, with "onnode 2" elsewhere; what is
 * said must be the same. File 3 is for the program, file 4 is where it is told to go on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Of UNIX98_PTY_SLAVE_MAJOR. */
#define PTS_MAJOR 136

enum { FILE_FD = 3, OTHER_FD = 4, SOCKET_BYTES = 100 * 4096, PIPE_BYTES = 128 << 10 };

/* What who started the program says is held back until that has ended. */
static char held[16384];
static size_t held_bytes;
static int holds;

static void say(const char *format, ...)
{
	char line[512];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(line, sizeof(line) - 1, format, list);
	va_end(list);
	line[length] = '\n';
	if (holds && held_bytes + length < sizeof(held)) {
		memcpy(held + held_bytes, line, length + 1);
		held_bytes += length + 1;
		return;
	}
	if (write(1, line, length + 1) != length + 1)
		_exit(98);
}

/* Says a result, or the error. */
static long result(const char *what, long value)
{
	if (value < 0)
		say("  %s: %s", what, strerrorname_np(errno));
	else
		say("  %s: %ld", what, value);
	return value;
}

static void bytes(const char *what, int fd, size_t most)
{
	char text[8192] = "";
	ssize_t length = read(fd, text, most);

	if (length < 0)
		result(what, length);
	else
		say("  %s: %zd '%.*s'", what, length, (int)(length < 60 ? length : 60), text);
}

static void polled(const char *what, int fd, short events, int milliseconds)
{
	struct pollfd one = { .fd = fd, .events = events };
	int count = poll(&one, 1, milliseconds);

	say("  %s: %d 0x%x", what, count, one.revents);
}

static volatile sig_atomic_t signals;

static void caught(int signal)
{
	(void)signal;
	signals++;
}

static void catch(int signal, int flags)
{
	struct sigaction action = { .sa_handler = caught, .sa_flags = flags };

	sigaction(signal, &action, NULL);
}

static void later(int milliseconds)
{
	struct itimerval timer = { .it_value = { .tv_usec = milliseconds * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void looks(int fd)
{
	struct stat stat;
	dev_t device;

	if (result("fstat", fstat(fd, &stat)) < 0)
		return;
	/* Each pseudo terminal of the cluster has a number of its own: the lower half. */
	device = major(stat.st_rdev) == PTS_MAJOR ? makedev(PTS_MAJOR, 0) : stat.st_rdev;
	say("  type %o rdev %lx uid %u gid %u", stat.st_mode, (long)device, stat.st_uid,
	    stat.st_gid);
	if (S_ISREG(stat.st_mode))
		say("  size %ld links %ld", (long)stat.st_size, (long)stat.st_nlink);
	say("  flags %o", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	say("  terminal %d", isatty(fd));
}

/* Lets the other side go on. */
static void go(void)
{
	if (write(OTHER_FD, "g", 1) != 1)
		say("  nobody to go on");
}

/* --- tests: what the program does, and what who started it does --- */

struct ends {
	int own;	/* of who started it */
	int other;	/* of the program */
};

static void pipe_out(void)
{
	int count = -1;

	looks(FILE_FD);
	result("lseek", lseek(FILE_FD, 0, SEEK_CUR));
	result("pread", pread(FILE_FD, &count, 1, 0));
	result("write", write(FILE_FD, "x", 1));
	result("FIONREAD", ioctl(FILE_FD, FIONREAD, &count));
	say("  count %d", count);
	go();
	bytes("read", FILE_FD, 100);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	bytes("nothing", FILE_FD, 100);
	polled("nothing", FILE_FD, POLLIN, 0);
	polled("nothing", FILE_FD, POLLIN, 50);
	go();
	polled("something", FILE_FD, POLLIN, 5000);
	result("FIONREAD", ioctl(FILE_FD, FIONREAD, &count));
	say("  count %d", count);
	bytes("part", FILE_FD, 3);
	polled("rest", FILE_FD, POLLIN, 5000);
	bytes("rest", FILE_FD, 100);
	go();
	polled("end", FILE_FD, POLLIN, 5000);
	bytes("end", FILE_FD, 100);
	bytes("end", FILE_FD, 100);
}

static void pipe_out_home(int fd, int go_on)
{
	char c;

	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	if (write(fd, "first", 5) != 5)
		say("write");
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	if (write(fd, "second", 6) != 6)
		say("write");
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	close(fd);
}

static void pipe_into(void)
{
	char page[4096];
	long total = 0;
	ssize_t part;

	memset(page, 'p', sizeof(page));
	looks(FILE_FD);
	bytes("read", FILE_FD, 1);
	polled("room", FILE_FD, POLLOUT, 0);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	while ((part = write(FILE_FD, page, sizeof(page))) > 0)
		total += part;
	result("full", part);
	say("  total %ld", total);
	polled("full", FILE_FD, POLLOUT, 0);
	go();
	polled("room", FILE_FD, POLLOUT, 5000);
	fcntl(FILE_FD, F_SETFL, 0);
	for (total = 0; total < 100; total++)
		if (write(FILE_FD, page, sizeof(page)) != sizeof(page))
			break;
	say("  waited for room: %ld", total);
	catch(SIGPIPE, 0);
	go();
	while (write(FILE_FD, page, 1) == 1)
		;
	result("broken", -1);
	say("  signals %d", (int)signals);
	polled("broken", FILE_FD, POLLOUT, 0);
}

static void pipe_into_home(int fd, int go_on)
{
	char text[4096];
	long total = 0;
	ssize_t part;
	char c;

	if (read(go_on, &c, 1) != 1)
		return;
	usleep(30000);
	/* The first part and 100 pages of the second. */
	while (total < PIPE_BYTES + 100 * 4096 && (part = read(fd, text, sizeof(text))) > 0)
		total += part;
	if (read(go_on, &c, 1) == 1)
		usleep(30000);
	say("  came %ld", total);
	close(fd);
}

/* Writes more than there is room for. */
static void blocked(void)
{
	const size_t size = 1 << 20;
	char *all = calloc(1, size);

	catch(SIGALRM, 0);
	later(50);
	result("interrupted", write(FILE_FD, all, size));
	later(50);
	result("interrupted at once", write(FILE_FD, all, size));
	go();
	result("waited for room", write(FILE_FD, all, size));
	catch(SIGPIPE, 0);
	go();
	result("left", write(FILE_FD, all, size));
	say("  signals %d", (int)signals);
}

static void blocked_home(int fd, int go_on)
{
	static char text[65536];
	long total = 0;
	ssize_t part;
	char c;

	if (read(go_on, &c, 1) != 1)
		return;
	while (total < PIPE_BYTES + (1 << 20) && (part = read(fd, text, sizeof(text))) > 0)
		total += part;
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	say("  came %ld", total);
	close(fd);
}

static void interrupted(void)
{
	catch(SIGALRM, 0);
	later(50);
	bytes("interrupted", FILE_FD, 10);
	polled("poll", FILE_FD, POLLIN, 10);
	later(50);
	polled("interrupted poll", FILE_FD, POLLIN, 5000);
	catch(SIGALRM, SA_RESTART);
	later(50);
	go();
	bytes("restarted", FILE_FD, 10);
	say("  signals %d", (int)signals);
}

static void interrupted_home(int fd, int go_on)
{
	char c;

	if (read(go_on, &c, 1) == 1)
		usleep(200000);
	if (write(fd, "late", 4) != 4)
		say("write");
	usleep(100000);
}

static void selected(void)
{
	struct timeval time = { .tv_sec = 5 };
	struct epoll_event event = { .events = EPOLLIN };
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET };
	int level = epoll_create1(0), once = epoll_create1(0);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(FILE_FD, &set);
	go();
	result("select", select(FILE_FD + 1, &set, NULL, NULL, &time));
	say("  set %d", FD_ISSET(FILE_FD, &set) != 0);
	result("add", epoll_ctl(level, EPOLL_CTL_ADD, FILE_FD, &event));
	result("add", epoll_ctl(once, EPOLL_CTL_ADD, FILE_FD, &edge));
	result("level", epoll_wait(level, &event, 1, 1000));
	result("level", epoll_wait(level, &event, 1, 1000));
	result("edge", epoll_wait(once, &edge, 1, 1000));
	result("edge", epoll_wait(once, &edge, 1, 50));
	bytes("read", FILE_FD, 100);
	result("nothing", epoll_wait(level, &event, 1, 50));
	go();
	result("level", epoll_wait(level, &event, 1, 5000));
	result("edge", epoll_wait(once, &edge, 1, 5000));
	bytes("read", FILE_FD, 100);
	go();
	result("end", epoll_wait(level, &event, 1, 5000));
	say("  events 0x%x", event.events);
}

static void regular(void)
{
	struct iovec parts[2] = { { "ab", 2 }, { "cd", 2 } };
	int again;

	looks(FILE_FD);
	result("position", lseek(FILE_FD, 0, SEEK_CUR));
	bytes("read", FILE_FD, 4);
	result("position", lseek(FILE_FD, 0, SEEK_CUR));
	result("pwrite", pwrite(FILE_FD, "XY", 2, 1));
	result("position", lseek(FILE_FD, 0, SEEK_CUR));
	result("end", lseek(FILE_FD, -2, SEEK_END));
	result("writev", writev(FILE_FD, parts, 2));
	result("beyond", lseek(FILE_FD, 20, SEEK_SET));
	result("hole", lseek(FILE_FD, 0, SEEK_HOLE));
	result("wrong", lseek(FILE_FD, -1, SEEK_SET));
	result("write", write(FILE_FD, "z", 1));
	looks(FILE_FD);
	result("truncate", ftruncate(FILE_FD, 8));
	looks(FILE_FD);
	fcntl(FILE_FD, F_SETFL, O_APPEND);
	result("start", lseek(FILE_FD, 0, SEEK_SET));
	result("append", write(FILE_FD, "!", 1));
	result("position", lseek(FILE_FD, 0, SEEK_CUR));
	result("fsync", fsync(FILE_FD));
	result("fdatasync", fdatasync(FILE_FD));
	result("lock others have", flock(FILE_FD, LOCK_EX | LOCK_NB));
	go();
	result("waited for a lock", flock(FILE_FD, LOCK_EX));
	result("shared lock", flock(FILE_FD, LOCK_SH));
	result("no lock", flock(FILE_FD, LOCK_UN));
	again = open("/proc/self/fd/3", O_RDWR);
	result("open again", again < 0 ? again : 0);
	close(again);
	result("start", lseek(FILE_FD, 3, SEEK_SET));
	result("sendfile", sendfile(1, FILE_FD, NULL, 3));
	say(" was sent");
	result("left to read", lseek(FILE_FD, 2, SEEK_SET));
}

static void sockets(void)
{
	char text[4096];
	int count = 0;

	looks(FILE_FD);
	bytes("read", FILE_FD, 100);
	result("write", write(FILE_FD, "answer", 6));
	go();
	polled("more", FILE_FD, POLLIN, 5000);
	bytes("first", FILE_FD, 3);
	bytes("second", FILE_FD, 100);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	bytes("nothing", FILE_FD, 100);
	fcntl(FILE_FD, F_SETFL, 0);
	memset(text, 's', sizeof(text));
	go();
	while (count < SOCKET_BYTES / 4096 &&
	       write(FILE_FD, text, sizeof(text)) == sizeof(text))
		count++;
	say("  waited for room: %d", count);
	polled("end", FILE_FD, POLLIN, 5000);
	bytes("end", FILE_FD, 100);
	catch(SIGPIPE, 0);
	result("broken", write(FILE_FD, "x", 1));
	say("  signals %d", (int)signals);
}

static void sockets_home(int fd, int go_on)
{
	char text[4096], c;
	long total = 0;

	if (write(fd, "question", 8) != 8)
		say("write");
	if (read(fd, text, sizeof(text)) != 6)
		say("no answer");
	if (read(go_on, &c, 1) != 1 || write(fd, "one", 3) != 3 || write(fd, "two", 3) != 3)
		say("write");
	if (read(go_on, &c, 1) != 1)
		say("go on");
	usleep(50000);
	while (total < SOCKET_BYTES) {
		ssize_t part = read(fd, text, sizeof(text));

		if (part <= 0)
			break;
		total += part;
	}
	close(fd);
}

static void attributes(const char *what, const struct termios *state)
{
	say("  %s: %x %x %x %x %d %d", what, state->c_iflag, state->c_oflag, state->c_cflag,
	    state->c_lflag, state->c_cc[VMIN], state->c_cc[VTIME]);
}

static void terminal(void)
{
	struct winsize size = { 0 };
	struct termios before, state;
	pid_t group = 0;
	int count = -1;

	looks(FILE_FD);
	result("tcgetattr", tcgetattr(FILE_FD, &before));
	attributes("before", &before);
	result("TIOCGWINSZ", ioctl(FILE_FD, TIOCGWINSZ, &size));
	say("  %d lines of %d", size.ws_row, size.ws_col);
	size.ws_row = 50;
	result("TIOCSWINSZ", ioctl(FILE_FD, TIOCSWINSZ, &size));
	result("TIOCGWINSZ", ioctl(FILE_FD, TIOCGWINSZ, &size));
	say("  %d lines of %d", size.ws_row, size.ws_col);
	go();
	bytes("line", FILE_FD, 100);
	state = before;
	cfmakeraw(&state);
	result("raw", tcsetattr(FILE_FD, TCSADRAIN, &state));
	result("tcgetattr", tcgetattr(FILE_FD, &state));
	attributes("raw", &state);
	go();
	bytes("key", FILE_FD, 1);
	polled("keys", FILE_FD, POLLIN, 5000);
	usleep(50000);
	result("FIONREAD", ioctl(FILE_FD, FIONREAD, &count));
	say("  count %d", count);
	result("tcflush", tcflush(FILE_FD, TCIFLUSH));
	polled("none", FILE_FD, POLLIN, 0);
	state.c_cc[VMIN] = 0;
	state.c_cc[VTIME] = 1;
	result("time", tcsetattr(FILE_FD, TCSANOW, &state));
	bytes("nothing in time", FILE_FD, 10);
	result("flow", tcflow(FILE_FD, TCOOFF));
	result("flow", tcflow(FILE_FD, TCOON));
	result("write", write(FILE_FD, "answer", 6));
	result("tcdrain", tcdrain(FILE_FD));
	result("restored", tcsetattr(FILE_FD, TCSAFLUSH, &before));
	errno = 0;
	result("TIOCGPGRP", ioctl(FILE_FD, TIOCGPGRP, &group));
	result("unknown", ioctl(FILE_FD, 0x54ff, &group));
	go();
	bytes("end", FILE_FD, 10);
	go();
	/* Closing it takes two steps. */
	usleep(100000);
	polled("gone", FILE_FD, POLLIN, 5000);
	bytes("gone", FILE_FD, 10);
	result("gone", write(FILE_FD, "x", 1));
}

static void terminal_home(int fd, int go_on)
{
	char c, text[64] = "";

	if (read(go_on, &c, 1) != 1 || write(fd, "typed\n", 6) != 6)
		say("type");
	if (read(go_on, &c, 1) != 1 || write(fd, "keys", 4) != 4)
		say("type");
	if (read(go_on, &c, 1) != 1)
		say("go on");
	usleep(50000);
	/* What was typed, echoed before raw mode, and the answer. */
	if (read(fd, text, sizeof(text) - 1) > 0)
		say("  shown %s", strstr(text, "answer"));
	if (write(fd, "\004", 1) != 1)
		say("type");
	if (read(go_on, &c, 1) != 1)
		say("go on");
	close(fd);
}

static void twice(void)
{
	struct stat one, other;

	fstat(1, &one);
	fstat(FILE_FD, &other);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	/* Both numbers are of one open file. */
	say("  flags %d", (fcntl(5, F_GETFL) & O_NONBLOCK) != 0);
	fcntl(FILE_FD, F_SETFL, 0);
	result("write", write(5, "five", 4));
	close(5);
	result("write", write(FILE_FD, "three", 5));
	if (!fork()) {
		result("child", write(FILE_FD, "child", 5));
		_exit(0);
	}
	wait(NULL);
	go();
}

static void twice_home(int fd, int go_on)
{
	char c;

	if (read(go_on, &c, 1) == 1)
		bytes("came", fd, 100);
	bytes("end", fd, 100);
}

static void large(void)
{
	size_t size = 3 << 20;
	char *all = malloc(size);
	size_t got = 0;
	unsigned int sum = 0;
	ssize_t part;

	while ((part = read(FILE_FD, all + got, size - got)) > 0)
		got += part;
	for (size_t i = 0; i < got; i++)
		sum = sum * 31 + (unsigned char)all[i];
	say("  %zu bytes, sum %x", got, sum);
}

static void large_home(int fd, int go_on)
{
	size_t size = 2500000, done = 0;
	char *all = malloc(size);

	(void)go_on;
	for (size_t i = 0; i < size; i++)
		all[i] = i * 7 >> 3;
	while (done < size) {
		ssize_t part = write(fd, all + done, size - done);

		if (part <= 0)
			break;
		done += part;
	}
	close(fd);
}

/* --- files --- */

static struct ends pipe_read(void)
{
	int ends[2];

	if (pipe(ends))
		_exit(97);
	return (struct ends){ ends[1], ends[0] };
}

static struct ends pipe_write(void)
{
	struct ends ends = pipe_read();

	/* Otherwise it is made larger for another node. */
	fcntl(ends.own, F_SETPIPE_SZ, PIPE_BYTES);
	return (struct ends){ ends.other, ends.own };
}

static struct ends fifo(void)
{
	int own, other;

	unlink("/tmp/fifo");
	if (mkfifo("/tmp/fifo", 0600))
		_exit(97);
	other = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
	own = open("/tmp/fifo", O_WRONLY);
	fcntl(other, F_SETFL, 0);
	return (struct ends){ own, other };
}

/* Has the regular file locked. */
static int locker;

static struct ends regular_file(void)
{
	int fd = open("/tmp/regular", O_RDWR | O_CREAT | O_TRUNC, 0640);

	locker = open("/tmp/regular", O_RDONLY | O_CLOEXEC);
	if (locker < 0 || flock(locker, LOCK_SH))
		_exit(97);
	if (fd < 0 || write(fd, "0123456789", 10) != 10 || lseek(fd, 2, SEEK_SET) != 2)
		_exit(97);
	return (struct ends){ fd, fd };
}

static void regular_home(int fd, int go_on)
{
	char c;

	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	flock(locker, LOCK_UN);
	/* Until the program has ended. */
	if (read(go_on, &c, 1) == 0) {
		result("position", lseek(fd, 0, SEEK_CUR));
		bytes("left", fd, 100);
	}
}

static struct ends pair(int type)
{
	int ends[2];

	if (socketpair(AF_UNIX, type, 0, ends))
		_exit(97);
	return (struct ends){ ends[0], ends[1] };
}

static struct ends stream(void)
{
	return pair(SOCK_STREAM);
}

static struct ends packets(void)
{
	return pair(SOCK_SEQPACKET);
}

static struct ends pseudo(void)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int own, other;

	if (openpty(&own, &other, NULL, NULL, &size))
		_exit(97);
	return (struct ends){ own, other };
}

#include "events.h"
#include "sockets.h"

static const struct test {
	const char *name;
	struct ends (*files)(void);
	void (*program)(void);
	void (*home)(int fd, int go_on);
} tests[] = {
	{ "pipe that is read", pipe_read, pipe_out, pipe_out_home },
	{ "pipe that is written", pipe_write, pipe_into, pipe_into_home },
	{ "FIFO that is read", fifo, pipe_out, pipe_out_home },
	{ "pipe that is full", pipe_write, blocked, blocked_home },
	{ "signals", pipe_read, interrupted, interrupted_home },
	{ "select and epoll", pipe_read, selected, pipe_out_home },
	{ "regular file", regular_file, regular, regular_home },
	{ "stream socket", stream, sockets, sockets_home },
	{ "packet socket", packets, sockets, sockets_home },
	{ "calls of a stream socket", stream, calls, calls_home },
	{ "calls of a packet socket", packets, calls, calls_home },
	{ "socket that listens", unbound, served, served_home },
	{ "socket over a network", internet, over_network, over_network_home },
	{ "datagrams", datagram_file, datagrams, datagrams_home },
	{ "files that are passed", stream, passing, passing_home },
	{ "terminal", pseudo, terminal, terminal_home },
	{ "counter", count_file, counter, counter_home },
	{ "semaphore", semaphore_file, semaphore, semaphore_home },
	{ "timer", timer_file, ticks, ticks_home },
	{ "notices of changes", notice_file, notices, notices_home },
	{ "pseudo terminal", pseudo_master, master, master_home },
	{ "one file twice", pipe_write, twice, twice_home },
	{ "large transfer", pipe_read, large, large_home },
	{ "large transfer of a stream", stream, large, large_home },
};

static void start(const struct test *test, char **words)
{
	struct ends files = test->files(), go_on = pipe_read();
	char number[8], *arguments[16];
	int count = 0, status = 0;
	pid_t child;

	snprintf(number, sizeof(number), "%d", (int)(test - tests));
	for (; words[count]; count++)
		arguments[count] = words[count];
	arguments[count] = "/tmp/use";
	arguments[count + 1] = ":";
	arguments[count + 2] = number;
	arguments[count + 3] = NULL;
	say("%s", test->name);
	child = fork();
	if (!child) {
		/* Out of the way first. */
		int file = fcntl(files.other, F_DUPFD, 20), other = fcntl(go_on.own, F_DUPFD, 20);

		for (int fd = 3; fd < 20; fd++)
			close(fd);
		dup2(file, FILE_FD);
		dup2(other, OTHER_FD);
		if (test->program == twice)
			dup2(file, 5);
		close(file);
		close(other);
		execvp(arguments[0], arguments);
		_exit(99);
	}
	if (files.other != files.own)
		close(files.other);
	close(go_on.own);
	signal(SIGPIPE, SIG_IGN);
	alarm(60);
	holds = 1;
	test->home(files.own, go_on.other);
	close(go_on.other);
	waitpid(child, &status, 0);
	holds = 0;
	if (write(1, held, held_bytes) < 0)
		_exit(98);
	held_bytes = 0;
	if (test->program != pipe_into && test->program != blocked)
		close(files.own);
	say("  status %x", status);
	signal(SIGPIPE, SIG_DFL);
}

int main(int count, char **arguments)
{
	if (count == 3 && !strcmp(arguments[1], ":")) {
		tests[atoi(arguments[2])].program();
		return 0;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		start(&tests[i], arguments + 1);
	return 0;
}
