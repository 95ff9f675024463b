/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What sockets alone can do: tests of use.c.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/un.h>

/* Who sent what came, and how. */
static void message(const char *what, int fd, size_t room, int flags)
{
	char text[8192] = "";
	struct sockaddr_storage from;
	struct iovec part = { text, room };
	struct msghdr head = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	ssize_t length = recvmsg(fd, &head, flags);

	if (length < 0)
		result(what, length);
	else
		say("  %s: %zd '%.*s' flags 0x%x address %u", what, length,
		    (int)(length < 60 ? length : 60), text, head.msg_flags, head.msg_namelen);
}

static void option(const char *what, int fd, int level, int number)
{
	int value = -1;
	socklen_t length = sizeof(value);

	if (result(what, getsockopt(fd, level, number, &value, &length)) == 0)
		say("  %s: %u bytes %d", what, length, value);
}

static void limit(int fd, int number, int milliseconds)
{
	struct timeval time = { .tv_usec = milliseconds * 1000 };

	result("limit", setsockopt(fd, SOL_SOCKET, number, &time, sizeof(time)));
}

static void named(const char *what, int (*ask)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	memset(&address, 0, sizeof(address));
	if (result(what, ask(fd, (struct sockaddr *)&address, &length)) == 0)
		say("  %s: family %d length %u", what, address.ss_family, length);
}

static void calls(void)
{
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);
	char text[4096], *large = calloc(1, 300000);

	option("type", FILE_FD, SOL_SOCKET, SO_TYPE);
	option("family", FILE_FD, SOL_SOCKET, SO_DOMAIN);
	option("error", FILE_FD, SOL_SOCKET, SO_ERROR);
	option("listens", FILE_FD, SOL_SOCKET, SO_ACCEPTCONN);
	option("none", FILE_FD, SOL_SOCKET, 9999);
	result("peer", getsockopt(FILE_FD, SOL_SOCKET, SO_PEERCRED, &peer, &length));
	say("  user %u length %u", peer.uid, length);
	named("name", getsockname, FILE_FD);
	named("peer", getpeername, FILE_FD);
	message("first", FILE_FD, 100, MSG_PEEK);
	message("first", FILE_FD, 4, 0);
	message("rest", FILE_FD, 100, MSG_DONTWAIT);
	message("nothing", FILE_FD, 100, MSG_DONTWAIT);
	message("nothing", FILE_FD, 8192, MSG_DONTWAIT);
	limit(FILE_FD, SO_RCVTIMEO, 50);
	message("too late", FILE_FD, 100, 0);
	limit(FILE_FD, SO_RCVTIMEO, 0);
	result("send", send(FILE_FD, "answer", 6, MSG_EOR));
	go();
	polled("more", FILE_FD, POLLIN, 5000);
	message("more", FILE_FD, 6, MSG_WAITALL);
	result("accept", accept(FILE_FD, NULL, NULL));
	result("connect", connect(FILE_FD, (struct sockaddr *)&peer, 2));
	memset(text, 's', sizeof(text));
	while (send(FILE_FD, text, sizeof(text), MSG_DONTWAIT) == sizeof(text))
		;
	result("full", -1);
	limit(FILE_FD, SO_SNDTIMEO, 50);
	result("too late", send(FILE_FD, text, sizeof(text), 0) < 0 ? -1 : 0);
	limit(FILE_FD, SO_SNDTIMEO, 0);
	result("wrong", shutdown(FILE_FD, 7));
	result("shut", shutdown(FILE_FD, SHUT_WR));
	result("broken", send(FILE_FD, large, 10, MSG_NOSIGNAL));
	catch(SIGPIPE, 0);
	result("broken", send(FILE_FD, large, 10, 0));
	say("  signals %d", (int)signals);
	go();
	message("end", FILE_FD, 100, 0);
}

static void calls_home(int fd, int go_on)
{
	char text[4096], c;
	ssize_t part;

	if (write(fd, "question", 8) != 8)
		say("write");
	if (read(fd, text, sizeof(text)) != 6)
		say("no answer");
	if (read(go_on, &c, 1) != 1 || write(fd, "one", 3) != 3)
		say("write");
	usleep(50000);
	if (write(fd, "two", 3) != 3)
		say("write");
	if (read(go_on, &c, 1) != 1)
		say("go on");
	while ((part = read(fd, text, sizeof(text))) > 0)
		;
	say("  end at home %zd", part);
	close(fd);
}

static socklen_t abstract(struct sockaddr_un *name, const char *text)
{
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	strcpy(name->sun_path + 1, text);
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text);
}

static void served(void)
{
	struct sockaddr_un name;
	socklen_t length = abstract(&name, "served");
	int client;

	result("bind", bind(FILE_FD, (struct sockaddr *)&name, length));
	result("bind", bind(FILE_FD, (struct sockaddr *)&name, length));
	result("listen", listen(FILE_FD, 5));
	option("listens", FILE_FD, SOL_SOCKET, SO_ACCEPTCONN);
	named("name", getsockname, FILE_FD);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	result("nobody", accept(FILE_FD, NULL, NULL));
	fcntl(FILE_FD, F_SETFL, 0);
	go();
	client = accept4(FILE_FD, NULL, NULL, SOCK_CLOEXEC);
	result("accept", client < 0 ? client : 0);
	say("  flags %d", fcntl(client, F_GETFD));
	named("client", getpeername, client);
	bytes("asked", client, 100);
	result("answer", send(client, "answer", 6, 0));
	close(client);
	go();
	polled("second", FILE_FD, POLLIN, 5000);
	length = sizeof(name);
	client = accept(FILE_FD, (struct sockaddr *)&name, &length);
	say("  from family %d length %u", name.sun_family, length);
	bytes("end", client, 100);
}

static void served_home(int fd, int go_on)
{
	struct sockaddr_un name;
	socklen_t length = abstract(&name, "served");
	char text[100], c;

	(void)fd;
	for (int i = 0; i < 2; i++) {
		int client = socket(AF_UNIX, SOCK_STREAM, 0);

		if (read(go_on, &c, 1) == 1)
			usleep(50000);
		result("connect", connect(client, (struct sockaddr *)&name, length));
		if (!i && (write(client, "question", 8) != 8 || read(client, text, 100) != 6 ||
			   read(client, text, 100) != 0))
			say("no answer");
		close(client);
	}
}

static struct ends unbound(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return (struct ends){ fd, fd };
}

static void over_network(void)
{
	struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	char text[200];

	result("no delay", setsockopt(FILE_FD, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, 4));
	option("no delay", FILE_FD, IPPROTO_TCP, TCP_NODELAY);
	result("nobody there", connect(FILE_FD, (struct sockaddr *)&name, sizeof(name)));
	named("peer", getpeername, FILE_FD);
	name.sin_port = htons(7777);
	fcntl(FILE_FD, F_SETFL, O_NONBLOCK);
	if (connect(FILE_FD, (struct sockaddr *)&name, sizeof(name)) && errno != EINPROGRESS)
		result("connect", -1);
	polled("connected", FILE_FD, POLLOUT, 5000);
	option("error", FILE_FD, SOL_SOCKET, SO_ERROR);
	result("again", connect(FILE_FD, (struct sockaddr *)&name, sizeof(name)));
	result("again", connect(FILE_FD, (struct sockaddr *)&name, sizeof(name)));
	fcntl(FILE_FD, F_SETFL, 0);
	result("send", send(FILE_FD, "question", 8, 0));
	result("all", recv(FILE_FD, text, 10, MSG_WAITALL));
	say("  '%.10s'", text);
	result("cut", recv(FILE_FD, NULL, 3, MSG_TRUNC));
	message("rest", FILE_FD, 100, 0);
	result("shut", shutdown(FILE_FD, SHUT_WR));
	message("end", FILE_FD, 100, 0);
}

/* Listens before the program is started. */
static int listener;

static void over_network_home(int fd, int go_on)
{
	int client = accept(listener, NULL, NULL);
	char text[100];

	(void)fd;
	(void)go_on;
	if (read(client, text, 100) != 8 || write(client, "answe", 5) != 5)
		say("no question");
	usleep(50000);
	if (write(client, "r one two three", 15) != 15)
		say("write");
	say("  end at home %zd", read(client, text, 100));
	close(client);
	close(listener);
}

static struct ends internet(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(7777) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, 4);
	if (bind(listener, (struct sockaddr *)&name, sizeof(name)) || listen(listener, 1))
		_exit(97);
	return (struct ends){ fd, fd };
}

static void datagrams(void)
{
	struct sockaddr_un name;
	socklen_t length = abstract(&name, "datagrams");
	char *large = malloc(60000);

	memset(large, 'd', 60000);
	option("type", FILE_FD, SOL_SOCKET, SO_TYPE);
	result("to nobody", sendto(FILE_FD, "x", 1, 0, (struct sockaddr *)&name, 8));
	result("to", sendto(FILE_FD, "one", 3, 0, (struct sockaddr *)&name, length));
	result("long", sendto(FILE_FD, large, 60000, 0, (struct sockaddr *)&name, length));
	go();
	message("cut", FILE_FD, 4, 0);
	message("whole length", FILE_FD, 4, MSG_TRUNC);
	result("empty", recv(FILE_FD, large, 10, 0));
	result("long", recv(FILE_FD, large, 60000, 0));
	message("nothing", FILE_FD, 100, MSG_DONTWAIT);
}

static void datagrams_home(int fd, int go_on)
{
	struct sockaddr_un name;
	socklen_t length = abstract(&name, "program");
	char *text = malloc(60000), c;

	message("came", listener, 100, 0);
	result("came", recv(listener, text, 60000, 0));
	if (read(go_on, &c, 1) == 1)
		usleep(50000);
	(void)fd;
	for (int i = 0; i < 2; i++)
		sendto(listener, "datagram", 8, 0, (struct sockaddr *)&name, length);
	sendto(listener, "", 0, 0, (struct sockaddr *)&name, length);
	sendto(listener, text, 50000, 0, (struct sockaddr *)&name, length);
	close(listener);
}

static struct ends datagram_file(void)
{
	struct sockaddr_un name;
	socklen_t length = abstract(&name, "datagrams");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&name, length))
		_exit(97);
	length = abstract(&name, "program");
	if (bind(fd, (struct sockaddr *)&name, length))
		_exit(97);
	return (struct ends){ fd, fd };
}

/* Passes @count files with one byte. */
static long pass(int fd, const int *files, int count)
{
	char room[CMSG_SPACE(16 * sizeof(int))] = { 0 }, byte = 'f';
	struct iovec part = { &byte, 1 };
	struct msghdr head = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *item = CMSG_FIRSTHDR(&head);

	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(item), files, count * sizeof(int));
	return sendmsg(fd, &head, 0);
}

/* How many files came, the first of them in @files. */
static int passed(int fd, int *files, int room_for)
{
	char room[CMSG_SPACE(16 * sizeof(int))], byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr head = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = CMSG_SPACE(room_for * sizeof(int)),
	};
	struct cmsghdr *item;
	int count;

	if (result("passed", recvmsg(fd, &head, 0)) < 0)
		return 0;
	item = CMSG_FIRSTHDR(&head);
	if (!item || item->cmsg_type != SCM_RIGHTS) {
		say("  no file, flags 0x%x", head.msg_flags);
		return 0;
	}
	count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(files, CMSG_DATA(item), count * sizeof(int));
	say("  '%c' files %d flags 0x%x", byte, count, head.msg_flags);
	return count;
}

static void passing(void)
{
	int files[16] = { -1, -1 }, ends[2], local[2], same[2];
	struct stat one, other;

	/* What is there becomes a file of here, and what is of here one of there. */
	if (passed(FILE_FD, files, 2) == 2) {
		bytes("of home", files[0], 100);
		result("to home", write(files[1], "from the program", 16));
	}
	if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, local))
		_exit(97);
	result("pass", pass(FILE_FD, ends, 1));
	result("write", write(ends[1], "of the program", 14));
	/* A file of home that comes back is the one it was. */
	result("back", pass(FILE_FD, files, 1));
	/* So is one of here, which goes through home. */
	result("round", pass(FILE_FD, &ends[1], 1));
	if (passed(FILE_FD, same, 1) == 1) {
		fstat(ends[1], &one);
		fstat(same[0], &other);
		say("  the same %d", one.st_dev == other.st_dev && one.st_ino == other.st_ino);
	}
	/* One of another node in a socket of this one. */
	result("local", pass(local[0], &(int){ FILE_FD }, 1));
	if (passed(local[1], same, 1) == 1)
		result("by it", write(same[0], "e", 1));
	result("none", pass(FILE_FD, &(int){ 99 }, 1));
	passed(FILE_FD, same, 1);
}

static void passing_home(int fd, int go_on)
{
	int files[16], one[2], other[2];
	struct stat mine, back;
	char c;

	(void)go_on;
	if (pipe(one) || pipe(other) || write(one[1], "from home", 9) != 9)
		_exit(97);
	result("pass", pass(fd, (int[]){ one[0], other[1] }, 2));
	bytes("came", other[0], 100);
	if (passed(fd, files, 1) == 1)
		bytes("read", files[0], 100);
	if (passed(fd, files, 1) == 1) {
		fstat(one[0], &mine);
		fstat(files[0], &back);
		say("  mine %d", mine.st_dev == back.st_dev && mine.st_ino == back.st_ino);
	}
	if (passed(fd, files, 1) == 1)
		result("on", pass(fd, files, 1));
	if (read(fd, &c, 1) != 1 || c != 'e')
		say("  nothing by the socket that was passed");
	result("no room", pass(fd, (int[]){ one[0], one[1], one[0] }, 3));
}
