// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets and counters when a node dies.
 *
 *   ends start WORD...  starts WORD... with a connected socket, one that listens and a
 *                       counter, and says when the first of them has no other end any more
 *   ends wait OUT       is started so, waits for all of them, and says in OUT how that ended
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET = 3, LISTENER, COUNTER };

static int start(char **words)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0ends" };
	int ends[2], listener = socket(AF_UNIX, SOCK_STREAM, 0), counter = eventfd(0, 0);
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	    bind(listener, (struct sockaddr *)&name, sizeof(sa_family_t) + 5) ||
	    listen(listener, 1))
		return 97;
	if (!fork()) {
		int socket = fcntl(ends[1], F_DUPFD, 20);

		listener = fcntl(listener, F_DUPFD, 20);
		counter = fcntl(counter, F_DUPFD, 20);
		dup2(socket, SOCKET);
		dup2(listener, LISTENER);
		dup2(counter, COUNTER);
		for (int fd = COUNTER + 1; fd < 30; fd++)
			close(fd);
		execvp(words[0], words);
		_exit(98);
	}
	close(ends[1]);
	printf("read %zd\n", read(ends[0], &byte, 1));
	return 0;
}

static void say(int out, const char *what, long value)
{
	dprintf(out, "%s %s\n", what, value < 0 ? strerrorname_np(errno) : "came");
}

static long polled(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	poll(&one, 1, -1);
	errno = one.revents & POLLHUP && one.revents & POLLERR ? EIO : EAGAIN;
	return -1;
}

static int wait_all(const char *path)
{
	int out = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600), value;
	socklen_t length = sizeof(value);
	uint64_t count;
	char byte;

	if (!fork()) {
		say(out, "receive", recv(SOCKET, &byte, 1, 0));
		_exit(0);
	}
	if (!fork()) {
		say(out, "accept", accept(LISTENER, NULL, NULL));
		_exit(0);
	}
	if (!fork()) {
		say(out, "count", read(COUNTER, &count, sizeof(count)));
		_exit(0);
	}
	if (!fork()) {
		say(out, "poll", polled(SOCKET));
		_exit(0);
	}
	dprintf(out, "waits\n");
	while (wait(NULL) > 0)
		;
	say(out, "send", send(SOCKET, "x", 1, 0));
	say(out, "option", getsockopt(SOCKET, SOL_SOCKET, SO_TYPE, &value, &length));
	say(out, "shut", shutdown(SOCKET, SHUT_RDWR));
	return 0;
}

int main(int count, char **arguments)
{
	if (count > 2 && !strcmp(arguments[1], "start"))
		return start(arguments + 2);
	return count == 3 ? wait_all(arguments[2]) : 96;
}
