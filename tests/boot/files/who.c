// SPDX-License-Identifier: GPL-2.0
/*
 * Who uses a socket, as others are told, and what the one may.
 *
 *   who USER WORD...   starts "WORD... who : " as that user, with sockets of root
 *   who :              is started so, and uses them
 *
 * Wherever the second is, what is said must be the same. File 3 is an end of a pair, 4 and 6
 * are unix sockets, 5 is a TCP socket, 7 is where it says what came of its calls.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAIR = 3, CONNECTS, BINDS, LISTENS, SAYS, HIGHEST = 20 };

static const char waits_at[] = "who-waits", listens_at[] = "who-listens";

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t name(struct sockaddr_un *address, const char *text)
{
	*address = (struct sockaddr_un) { .sun_family = AF_UNIX };
	strcpy(address->sun_path + 1, text);
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text);
}

/* The one that uses them */

static void say(const char *what, int result)
{
	dprintf(SAYS, "%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
}

/* Sends its number, with credentials if there are some. */
static int send_with(const struct ucred *credentials)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(*credentials))];
	} control = { .head = {
		.cmsg_len = CMSG_LEN(sizeof(*credentials)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_CREDENTIALS,
	} };
	pid_t me = getpid();
	struct iovec data = { &me, sizeof(me) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (credentials) {
		memcpy(CMSG_DATA(&control.head), credentials, sizeof(*credentials));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
	}
	return sendmsg(PAIR, &message, 0);
}

static void send_all(void)
{
	struct ucred own = { getpid(), getuid(), getgid() }, other = own;

	say("sends", send_with(NULL));
	say("as itself", send_with(&own));
	other.pid = 1;
	say("as another process", send_with(&other));
	other = own;
	other.uid = 7;
	say("as another user", send_with(&other));
	other = own;
	other.gid = 7;
	say("as another group", send_with(&other));
}

static int use(void)
{
	struct sockaddr_in port = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_un address;
	int priority = 7, mark = 1, bytes = 1 << 20;
	socklen_t length;
	pid_t me = getpid();

	send_all();
	length = name(&address, waits_at);
	say("connects", connect(CONNECTS, (struct sockaddr *)&address, length));
	length = name(&address, listens_at);
	say("is called", bind(LISTENS, (struct sockaddr *)&address, length));
	say("listens", listen(LISTENS, 1));
	say("priority", setsockopt(BINDS, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)));
	say("mark", setsockopt(BINDS, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	say("buffer", setsockopt(BINDS, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)));
	say("port 80", bind(BINDS, (struct sockaddr *)&port, sizeof(port)));
	if (write(CONNECTS, &me, sizeof(me)) != sizeof(me))
		return 1;
	/* Until all was looked at. */
	return read(PAIR, &me, sizeof(me)) < 0;
}

/* The one whose they are */

static void tell(const char *what, const struct ucred *found, pid_t user)
{
	printf("%s: %s, user %d, group %d\n", what,
	       found->pid == user ? "it" : found->pid == 1 ? "1" : "somebody", found->uid,
	       found->gid);
}

static pid_t receive(int fd, const char *what)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control = {};
	struct ucred found = {};
	pid_t user = 0;
	struct iovec data = { &user, sizeof(user) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(fd, &message, MSG_DONTWAIT) != sizeof(user))
		return 0;
	if (control.head.cmsg_type == SCM_CREDENTIALS)
		memcpy(&found, CMSG_DATA(&control.head), sizeof(found));
	tell(what, &found, user);
	return user;
}

static void peer(int fd, const char *what, pid_t user)
{
	struct ucred found = {};
	socklen_t length = sizeof(found);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &length))
		die("SO_PEERCRED");
	tell(what, &found, user);
}

static int waiting(void)
{
	struct sockaddr_un address;
	socklen_t length = name(&address, waits_at);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) || listen(fd, 1))
		die("listen");
	return fd;
}

static void start(uid_t user, char **words, int says, int pair)
{
	char *all[16] = {};
	int count = 0, fds[] = {
		pair, socket(AF_UNIX, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM, 0),
		socket(AF_UNIX, SOCK_STREAM, 0), says,
	};

	for (int i = 0; i < 5; i++)
		fds[i] = dup2(fds[i], HIGHEST + i);
	for (int i = 0; i < 5; i++)
		dup2(fds[i], PAIR + i);
	close_range(SAYS + 1, ~0U, 0);
	if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))
		die("user");
	while (*words && count < 12)
		all[count++] = *words++;
	all[count++] = "/tmp/who";
	all[count++] = ":";
	execvp(all[0], all);
	die(all[0]);
}

int main(int count, char **words)
{
	int pair[2], says[2], waits, came, goes, on = 1, status;
	struct sockaddr_un address;
	char text[1024];
	socklen_t length;
	pid_t child, user;
	ssize_t bytes;

	if (count == 2 && *words[1] == ':')
		return use();
	if (count < 2)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	waits = waiting();
	goes = socket(AF_UNIX, SOCK_STREAM, 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) || pipe(says) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		die("sockets");
	child = fork();
	if (!child)
		start(atoi(words[1]), words + 2, says[1], pair[1]);
	close(pair[1]);
	close(says[1]);
	came = accept(waits, NULL, NULL);
	if (came < 0 || read(came, &user, sizeof(user)) != sizeof(user))
		die("accept");
	peer(came, "who connects", user);
	length = name(&address, listens_at);
	if (connect(goes, (struct sockaddr *)&address, length))
		die("connect");
	peer(goes, "who listens", user);
	while (receive(pair[0], "who sends"))
		;
	close(pair[0]);
	while ((bytes = read(says[0], text, sizeof(text))) > 0)
		fwrite(text, 1, bytes, stdout);
	waitpid(child, &status, 0);
	printf("ends: %x\n", status);
	return 0;
}
