/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that tell of events, and the end of a pseudo terminal that has no name: tests of
 * use.c.
 */
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>

static void counted(const char *what, int fd)
{
	uint64_t count = 0;

	if (result(what, read(fd, &count, sizeof(count))) > 0)
		say("  %s: %llu", what, (unsigned long long)count);
}

static void count_up(const char *what, int fd, uint64_t by)
{
	result(what, write(fd, &by, sizeof(by)));
}

static void counter(void)
{
	uint64_t twice[2] = { 0, 0 };

	looks(FILE_FD);
	counted("first", FILE_FD);
	result("short", read(FILE_FD, twice, 7));
	go();
	counted("waited", FILE_FD);
	count_up("written", FILE_FD, 5);
	result("long", write(FILE_FD, twice, sizeof(twice)));
	polled("ready", FILE_FD, POLLIN | POLLOUT, 0);
	result("read", read(FILE_FD, twice, sizeof(twice)));
	say("  count %llu", (unsigned long long)twice[0]);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	counted("nothing", FILE_FD);
	polled("nothing", FILE_FD, POLLIN | POLLOUT, 0);
	count_up("most", FILE_FD, UINT64_MAX - 1);
	count_up("full", FILE_FD, 1);
	count_up("never", FILE_FD, UINT64_MAX);
	polled("full", FILE_FD, POLLIN | POLLOUT, 0);
	fcntl(FILE_FD, F_SETFL, 0);
	go();
	count_up("waited for room", FILE_FD, 7);
	polled("end", FILE_FD, POLLIN, 0);
	catch(SIGALRM, 0);
	counted("own", FILE_FD);
	later(50);
	counted("interrupted", FILE_FD);
	result("again", open("/proc/self/fd/3", O_RDWR));
}

static void counter_home(int fd, int go_on)
{
	uint64_t count = 3;
	char c;

	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	if (write(fd, &count, sizeof(count)) != sizeof(count))
		say("write");
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	counted("what it wrote", fd);
}

static struct ends count_file(void)
{
	int fd = eventfd(2, 0);

	return (struct ends){ fd, fd };
}

static void semaphore(void)
{
	counted("one", FILE_FD);
	counted("one", FILE_FD);
	go();
	counted("waited", FILE_FD);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	counted("nothing", FILE_FD);
}

static void semaphore_home(int fd, int go_on)
{
	uint64_t count = 1;
	char c;

	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	if (write(fd, &count, sizeof(count)) != sizeof(count))
		say("write");
}

static struct ends semaphore_file(void)
{
	int fd = eventfd(2, EFD_SEMAPHORE);

	return (struct ends){ fd, fd };
}

static void ticks(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int events = epoll_create1(0);

	looks(FILE_FD);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	counted("not yet", FILE_FD);
	polled("not yet", FILE_FD, POLLIN, 0);
	result("add", epoll_ctl(events, EPOLL_CTL_ADD, FILE_FD, &event));
	go();
	result("ready", epoll_wait(events, &event, 1, 5000));
	fcntl(FILE_FD, F_SETFL, 0);
	counted("first", FILE_FD);
	go();
	counted("waited", FILE_FD);
	count_up("write", FILE_FD, 1);
}

static void ticks_home(int fd, int go_on)
{
	struct itimerspec once = { .it_value.tv_nsec = 50000000 };
	char c;

	while (read(go_on, &c, 1) == 1)
		timerfd_settime(fd, 0, &once, NULL);
}

static struct ends timer_file(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	return (struct ends){ fd, fd };
}

static void notice(const char *what, int fd, size_t room)
{
	char text[8192];
	struct inotify_event *event = (struct inotify_event *)text;

	if (result(what, read(fd, text, room)) > 0)
		say("  %s: mask 0x%x '%s'", what, event->mask, event->len ? event->name : "");
}

static void notices(void)
{
	int count = -1;

	looks(FILE_FD);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	notice("nothing", FILE_FD, 100);
	fcntl(FILE_FD, F_SETFL, 0);
	go();
	polled("made", FILE_FD, POLLIN, 5000);
	result("FIONREAD", ioctl(FILE_FD, FIONREAD, &count));
	say("  count %d", count);
	notice("no room", FILE_FD, 8);
	notice("made", FILE_FD, 8192);
	go();
	notice("waited", FILE_FD, 100);
	result("write", write(FILE_FD, "x", 1));
}

static void notices_home(int fd, int go_on)
{
	char c;

	(void)fd;
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	mkdir("/tmp/watched/file", 0700);
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	rmdir("/tmp/watched/file");
}

static struct ends notice_file(void)
{
	int fd = inotify_init1(0);

	mkdir("/tmp/watched", 0700);
	if (inotify_add_watch(fd, "/tmp/watched", IN_CREATE | IN_DELETE) < 0)
		_exit(97);
	return (struct ends){ fd, fd };
}

static void master(void)
{
	struct winsize size = { .ws_row = 33, .ws_col = 44 };
	int number = -1, count = -1;

	looks(FILE_FD);
	result("TIOCGPTN", ioctl(FILE_FD, TIOCGPTN, &number));
	say("  a number %d", number >= 0);
	result("write", write(FILE_FD, "typed\n", 6));
	bytes("echo", FILE_FD, 100);
	go();
	/* The line and its end come one after the other. */
	usleep(150000);
	bytes("shown", FILE_FD, 100);
	result("TIOCSWINSZ", ioctl(FILE_FD, TIOCSWINSZ, &size));
	result("FIONREAD", ioctl(FILE_FD, FIONREAD, &count));
	say("  count %d", count);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	bytes("nothing", FILE_FD, 100);
	polled("nothing", FILE_FD, POLLIN, 0);
	fcntl(FILE_FD, F_SETFL, 0);
	go();
	bytes("end", FILE_FD, 100);
	polled("end", FILE_FD, POLLIN, 5000);
}

static void master_home(int fd, int go_on)
{
	struct winsize size = { 0 };
	char c;

	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	bytes("line", fd, 100);
	if (write(fd, "answer\n", 7) != 7)
		say("write");
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	ioctl(fd, TIOCGWINSZ, &size);
	say("  %d lines of %d", size.ws_row, size.ws_col);
	close(fd);
}

static struct ends pseudo_master(void)
{
	struct ends ends = pseudo();

	return (struct ends){ ends.other, ends.own };
}
