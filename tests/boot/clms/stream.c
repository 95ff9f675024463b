// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/cluster/events answers to a program.
 *
 * stream refuse	each wrong call gets its error, and changes nothing
 * stream wait		a read that follows waits, for a transition or a signal
 * stream signal	a signal for each simple transition, none after the close
 * stream crowd		one user cannot have all signals
 * stream uevents N	prints N events of the netlink socket
 *
 * Prints "ready" when it waits for somebody to make transitions.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t signals;
static char text[4096];
/* No program has memory here. */
static void *volatile nowhere = (void *)8;

static void fail(const char *what, int line)
{
	printf("line %d: %s: %s\n", line, what, strerror(errno));
	exit(1);
}

#define MUST(condition) do { if (!(condition)) fail(#condition, __LINE__); } while (0)
#define ERROR(call, error) MUST((errno = 0, call) == -1 && errno == (error))

static void count(int signal)
{
	(void)signal;
	signals++;
}

static ssize_t say(int file, const char *words)
{
	return write(file, words, strlen(words));
}

static void drain(int file)
{
	ssize_t got;

	while ((got = read(file, text, sizeof(text))) > 0)
		;
	MUST(got == 0);
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void refuse(int file)
{
	static const char *const bad[] = {
		"", "\n", "bogus", "from", "from ", "from -1", "from 1 2", "from 99999999", "follow x",
		"signal", "signal 9", "signal 19", "signal 65", "signal -1", "\xff\xfe",
	};
	ssize_t first;

	ERROR(read(file, text, 127), EINVAL);
	first = read(file, text, 128);
	MUST(first > 0 && text[first - 1] == '\n' && !memcmp(text, "1 1 ", 4));
	drain(file);
	MUST(read(file, text, sizeof(text)) == 0);
	for (size_t i = 1; i < sizeof(bad) / sizeof(*bad); i++)
		ERROR(say(file, bad[i]), EINVAL);
	memset(text, 'f', sizeof(text));
	ERROR(write(file, text, 128), EINVAL);
	ERROR(write(file, text, 129), EINVAL);
	ERROR(write(file, text, sizeof(text)), EINVAL);
	ERROR(write(file, nowhere, 6), EFAULT);
	ERROR(lseek(file, 0, SEEK_SET), ESPIPE);
	MUST(read(file, text, sizeof(text)) == 0);
	MUST(say(file, "from 1\n") == 7);
	ERROR(read(file, nowhere, 128), EFAULT);
	MUST(read(file, text, 128) > 0 && !memcmp(text, "2 1 ", 4));
}

static void wait_for_it(int file)
{
	struct pollfd poller = { .fd = file, .events = POLLIN };
	struct sigaction action = { .sa_handler = count };

	drain(file);
	MUST(poll(&poller, 1, 0) == 0);
	MUST(say(file, "follow") == 6);
	fcntl(file, F_SETFL, O_NONBLOCK);
	ERROR(read(file, text, sizeof(text)), EAGAIN);
	fcntl(file, F_SETFL, 0);
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	ERROR(read(file, text, sizeof(text)), EINTR);
	ready();
	MUST(poll(&poller, 1, 20000) == 1 && (poller.revents & POLLIN));
	/* In as many reads as there happen to be wake-ups. */
	do {
		ssize_t got = read(file, text, sizeof(text) - 1);

		MUST(got > 0);
		text[got] = 0;
	} while (!strstr(text, "UCLEANUP DOWN"));
}

static void be_signalled(int file)
{
	struct sigaction action = { .sa_handler = count };

	sigaction(SIGUSR1, &action, NULL);
	drain(file);
	MUST(say(file, "signal 10") == 9);
	ready();
	while (!signals)
		usleep(1000);
	MUST(read(file, text, sizeof(text)) > 0);
	MUST(say(file, "signal 0") == 8);
	signals = 0;
	ready();
	MUST(say(file, "follow") == 6);
	MUST(read(file, text, sizeof(text)) > 0);
	MUST(say(file, "signal 10") == 9);
	close(file);
	ready();
	sleep(3);
	MUST(signals == 0);
}

static void crowd(void)
{
	int file;

	for (int i = 0; i < 64; i++) {
		file = open("/proc/cluster/events", O_RDWR);
		MUST(file >= 0 && say(file, "signal 10") == 9);
	}
	file = open("/proc/cluster/events", O_RDWR);
	ERROR(say(file, "signal 10"), ENOSPC);
	MUST(seteuid(65534) == 0);
	file = open("/proc/cluster/events", O_RDWR);
	MUST(file >= 0 && say(file, "signal 10") == 9);
}

static void print_uevents(int number)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int link = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);

	MUST(bind(link, (void *)&address, sizeof(address)) == 0);
	ready();
	while (number > 0) {
		ssize_t got = recv(link, text, sizeof(text) - 1, 0);

		MUST(got > 0);
		text[got] = 0;
		if (!strstr(text, "/kernel/ssi/cluster"))
			continue;
		for (ssize_t i = 0; i < got; i++)
			putchar(text[i] ? text[i] : ' ');
		putchar('\n');
		number--;
	}
}

int main(int count, char **words)
{
	int file = open("/proc/cluster/events", O_RDWR);
	const char *what = count > 1 ? words[1] : "";

	MUST(file >= 0);
	if (!strcmp(what, "refuse"))
		refuse(file);
	else if (!strcmp(what, "wait"))
		wait_for_it(file);
	else if (!strcmp(what, "signal"))
		be_signalled(file);
	else if (!strcmp(what, "crowd"))
		crowd();
	else if (!strcmp(what, "uevents") && count > 2)
		print_uevents(atoi(words[2]));
	else
		MUST(!"a word that is known");
	puts("done");
	return 0;
}
