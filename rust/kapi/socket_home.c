// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of this node that other nodes use.
 *
 * Nothing done here waits: a socket that is not ready says so. What the network asks rights
 * for, to send, name, connect, listen or set an option, is done with those of the running
 * thread, all else with those of who opened the socket.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <net/sock.h>
#include "file_home.h"

static struct socket *socket_of(const struct ssi_home *home)
{
	return sock_from_file(home->file);
}

/* A copy with the room the network takes for granted. */
static int copy_address(struct sockaddr_storage *to, const void *address, size_t bytes)
{
	if (bytes > sizeof(*to))
		return -EINVAL;
	memcpy(to, address, bytes);
	return 0;
}

ssize_t ssi_home_send(const struct ssi_home *home, const struct ssi_home_sending *sending)
{
	struct socket *socket = socket_of(home);
	struct sockaddr_storage address;
	struct msghdr message = {
		.msg_flags = sending->flags | MSG_DONTWAIT | MSG_NOSIGNAL,
		.msg_control = sending->control_bytes ? sending->control : NULL,
		.msg_controllen = sending->control_bytes,
	};
	struct kvec part;

	if (!socket)
		return -ENOTSOCK;
	if (copy_address(&address, sending->address, sending->address_bytes))
		return -EINVAL;
	if (sending->address_bytes) {
		message.msg_name = &address;
		message.msg_namelen = sending->address_bytes;
	}
	ssi_home_iter(&message.msg_iter, ITER_SOURCE, &part, &sending->data);
	return sock_sendmsg(socket, &message);
}

ssize_t ssi_home_receive(const struct ssi_home *home, struct ssi_home_receiving *receiving)
{
	struct socket *socket = socket_of(home);
	struct sockaddr_storage address;
	struct msghdr message = {
		.msg_name = &address,
		.msg_control_is_user = true,
		.msg_control_user = (void __user *)receiving->control,
		.msg_controllen = receiving->control_bytes,
		/* A helper program that is started now gets none of the files. */
		.msg_flags = MSG_CMSG_CLOEXEC,
	};
	struct kvec part;
	ssize_t received;

	if (!socket)
		return -ENOTSOCK;
	ssi_home_iter(&message.msg_iter, ITER_DEST, &part, &receiving->data);
	scoped_with_creds(home->cred)
		received = sock_recvmsg(socket, &message, receiving->flags | MSG_DONTWAIT);
	if (received < 0)
		return received;
	receiving->data_bytes = receiving->data.bytes - msg_data_left(&message);
	receiving->address_bytes = min_t(size_t, message.msg_namelen, sizeof(receiving->address));
	memcpy(receiving->address, &address, receiving->address_bytes);
	receiving->control_bytes -= message.msg_controllen;
	receiving->flags = message.msg_flags & ~MSG_CMSG_CLOEXEC;
	return received;
}

/* With a reference. */
struct file *ssi_home_accept(const struct ssi_home *home)
{
	struct proto_accept_arg arg = { .flags = O_NONBLOCK };
	struct file *accepted = ERR_PTR(-ENOTSOCK);

	scoped_with_creds(home->cred)
		accepted = do_accept(home->file, &arg, NULL, NULL, 0);
	return accepted;
}

static int connect_at_once(struct socket *socket, struct sockaddr_storage *address, int bytes)
{
	return connect_socket(socket, address, bytes, O_NONBLOCK);
}

static int with_address(const struct ssi_home *home, const void *address, size_t bytes,
			int (*act)(struct socket *socket, struct sockaddr_storage *address,
				   int bytes))
{
	struct socket *socket = socket_of(home);
	struct sockaddr_storage copy;
	int error;

	if (!socket)
		return -ENOTSOCK;
	error = copy_address(&copy, address, bytes);
	return error ?: act(socket, &copy, bytes);
}

/* -EINPROGRESS and -EALREADY while it is on its way. */
int ssi_home_connect(const struct ssi_home *home, const void *address, size_t bytes)
{
	return with_address(home, address, bytes, connect_at_once);
}

int ssi_home_bind(const struct ssi_home *home, const void *address, size_t bytes)
{
	return with_address(home, address, bytes, __sys_bind_socket);
}

int ssi_home_listen(const struct ssi_home *home, u32 backlog)
{
	struct socket *socket = socket_of(home);

	return socket ? __sys_listen_socket(socket, backlog) : -ENOTSOCK;
}

int ssi_home_shutdown(const struct ssi_home *home, int how)
{
	struct socket *socket = socket_of(home);

	return socket ? __sys_shutdown_sock(socket, how) : -ENOTSOCK;
}

/* How long it is; @address has room for the longest. */
int ssi_home_name(const struct ssi_home *home, int whose, void *address)
{
	struct socket *socket = socket_of(home);

	return socket ? READ_ONCE(socket->ops)->getname(socket, address, whose) : -ENOTSOCK;
}

/* Both are in user memory, the second first says how much room there is. */
int ssi_home_get_option(const struct ssi_home *home, int level, int option, unsigned long value,
			unsigned long length)
{
	struct socket *socket = socket_of(home);
	int error;

	if (!socket)
		return -ENOTSOCK;
	scoped_with_creds(home->cred)
		error = do_sock_getsockopt(socket, false, level, option,
					   USER_SOCKPTR((void __user *)value),
					   USER_SOCKPTR((void __user *)length));
	return error;
}

int ssi_home_set_option(const struct ssi_home *home, int level, int option, void *value,
			size_t bytes)
{
	struct socket *socket = socket_of(home);

	if (!socket)
		return -ENOTSOCK;
	return do_sock_setsockopt(socket, false, level, option, KERNEL_SOCKPTR(value), bytes);
}

/* For how many microseconds who sends or receives waits, negative for ever. */
s64 ssi_home_time_limit(const struct ssi_home *home, bool sends)
{
	struct socket *socket = socket_of(home);
	long ticks;

	if (!socket)
		return -1;
	ticks = sends ? sock_sndtimeo(socket->sk, false) : sock_rcvtimeo(socket->sk, false);
	return ticks == MAX_SCHEDULE_TIMEOUT ? -1 : (s64)ticks * (USEC_PER_SEC / HZ);
}

/* Whether the other end may be told who sends, connects or listens. */
bool ssi_home_tells_senders(const struct ssi_home *home)
{
	struct socket *socket = socket_of(home);

	return socket && socket->ops->family == PF_UNIX;
}

/* The file that came as number @fd, which ends with it, with a reference. */
struct file *ssi_home_take_file(int fd)
{
	struct file *file = fget_raw(fd);

	if (file)
		close_fd(fd);
	return file;
}

/* A number for @file, to send it with. */
int ssi_home_lend(struct file *file)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd >= 0)
		fd_install(fd, get_file(file));
	return fd;
}

void ssi_home_end_loan(int fd)
{
	close_fd(fd);
}
