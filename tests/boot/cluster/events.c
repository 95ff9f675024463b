// SPDX-License-Identifier: GPL-2.0
/*
 * A follower of the cluster, in C.
 *
 * events poll      reads the lines of /proc/cluster/events whenever poll says so
 * events signal    takes the simple transitions whenever a signal says so
 *
 * Prints each transition as a line, from the very first, and goes on until it is
 * killed. Prints "ready" when nothing can escape it any more.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/cluster.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

/* Signals are of no use here; only the descriptor is. */
static int by_poll(void)
{
	char lines[4096];
	struct pollfd events = {
		.fd = cluster_events_register_signal(-1, SIGURG),
		.events = POLLIN,
	};
	ssize_t count;

	if (events.fd < 0)
		return fail("cluster_events_register_signal");
	puts("ready");
	fflush(stdout);
	for (;;) {
		while ((count = read(events.fd, lines, sizeof(lines))) > 0)
			fwrite(lines, 1, count, stdout);
		if (count < 0)
			return fail("read");
		fflush(stdout);
		if (poll(&events, 1, -1) < 0)
			return fail("poll");
		/* Never ready for nothing: what woke us must be there. */
		if (events.revents != POLLIN)
			return fail("revents");
	}
}

static int by_signal(void)
{
	cluster_transinfo_t change;
	transid_t last = 0;
	sigset_t set;
	int signum;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (cluster_events_register_signal(10, SIGUSR1) != 10)
		return fail("cluster_events_register_signal");
	puts("ready");
	fflush(stdout);
	for (;;) {
		while (cluster_transition(&last, sizeof(change), &change) == 0)
			printf("%llu %d %d %d\n", (unsigned long long)change.trans_id,
			       change.trans_node, change.trans_fromstate,
			       change.trans_tostate);
		if (errno != EAGAIN)
			return fail("cluster_transition");
		fflush(stdout);
		if (sigwait(&set, &signum) != 0)
			return fail("sigwait");
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (argc == 2 && strcmp(argv[1], "poll") == 0)
		return by_poll();
	if (argc == 2 && strcmp(argv[1], "signal") == 0)
		return by_signal();
	fprintf(stderr, "usage: events poll|signal\n");
	return 2;
}
