// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of the kernel with callbacks that raise a bit.
 *
 * The callbacks run in softirq context under the socket's callback lock: they
 * note what happened, raise a bit of a notifier, and nothing else. They are
 * saved when a socket is first watched and put back before it is released.
 */
#include <linux/bvec.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/ssi_kapi.h>
#include <linux/tcp.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>

/* A link that was cut is tried again at least this often. */
#define RETRANSMIT_MS_MAX	1000
/* The network of a cluster is near; more than TCP delays an acknowledgement. */
#define RETRANSMIT_US_MIN	60000
/* Until who connected asks whether the other end is still there. */
#define IDLE_SECONDS		1
/* Bytes that may be on their way; many times what a near network holds. */
#define WINDOW_BYTES		(512 << 10)
/* The kernel doubles it. A short segment takes as much room as a long one. */
#define RECEIVE_BYTES		(2 << 20)

struct ssi_socket {
	struct socket *sock;
	struct ssi_notifier *notifier;
	unsigned int bit;
	atomic_t happened;
	void (*data_ready)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*error_report)(struct sock *sk);
};

static void note(struct sock *sk, unsigned int what)
{
	struct ssi_socket *socket;

	read_lock_bh(&sk->sk_callback_lock);
	rcu_read_lock();
	socket = rcu_dereference_sk_user_data(sk);
	if (socket) {
		atomic_or(what, &socket->happened);
		ssi_notifier_raise(socket->notifier, socket->bit);
	}
	rcu_read_unlock();
	read_unlock_bh(&sk->sk_callback_lock);
}

static void on_data_ready(struct sock *sk)
{
	note(sk, SSI_SOCKET_READABLE);
}

static void on_write_space(struct sock *sk)
{
	if (sk->sk_type == SOCK_STREAM) {
		if (!sk_stream_is_writeable(sk))
			return;
		if (sk->sk_socket)
			clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	}
	note(sk, SSI_SOCKET_WRITABLE);
}

static void on_change(struct sock *sk)
{
	note(sk, SSI_SOCKET_CHANGED);
}

/*
 * Whoever reads slower than the network brings must not lose what it cannot keep:
 * left to itself the window grows to all there is, short segments take more room
 * than they have bytes, and TCP throws away what it promised to take, to have it
 * sent again. So the room is several times the window.
 */
static void keep_room(struct socket *sock)
{
	int window = WINDOW_BYTES;

	sock_set_rcvbuf(sock->sk, RECEIVE_BYTES);
	do_sock_setsockopt(sock, false, SOL_TCP, TCP_WINDOW_CLAMP,
			   KERNEL_SOCKPTR(&window), sizeof(window));
}

static struct ssi_socket *wrap(struct socket *sock)
{
	struct ssi_socket *socket = kzalloc(sizeof(*socket), GFP_KERNEL);

	if (!socket)
		return NULL;
	socket->sock = sock;
	/* Sockets lie under the reclaim of memory: they must not start it. */
	sock->sk->sk_allocation = GFP_NOIO;
	sock->sk->sk_use_task_frag = false;
	if (sock->sk->sk_type == SOCK_STREAM) {
		int most_ms = RETRANSMIT_MS_MAX, least_us = RETRANSMIT_US_MIN;

		tcp_sock_set_nodelay(sock->sk);
		do_sock_setsockopt(sock, false, SOL_TCP, TCP_RTO_MAX_MS,
				   KERNEL_SOCKPTR(&most_ms), sizeof(most_ms));
		do_sock_setsockopt(sock, false, SOL_TCP, TCP_RTO_MIN_US,
				   KERNEL_SOCKPTR(&least_us), sizeof(least_us));
		keep_room(sock);
	}
	return socket;
}

static void fill(struct sockaddr_in *name, const struct ssi_endpoint *endpoint)
{
	memset(name, 0, sizeof(*name));
	name->sin_family = AF_INET;
	name->sin_addr.s_addr = htonl(endpoint->address);
	name->sin_port = htons(endpoint->port);
}

static int receive_flags(unsigned int flags)
{
	return flags & SSI_SOCKET_DONTWAIT ? MSG_DONTWAIT : 0;
}

static int send_flags(unsigned int flags)
{
	return MSG_NOSIGNAL | receive_flags(flags) | (flags & SSI_SOCKET_MORE ? MSG_MORE : 0);
}

struct ssi_socket *ssi_socket_new(enum ssi_socket_kind kind)
{
	int type = kind == SSI_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
	int protocol = kind == SSI_SOCKET_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	struct ssi_socket *socket;
	struct socket *sock;
	int error;

	error = sock_create_kern(&init_net, PF_INET, type, protocol, &sock);
	if (error)
		return ERR_PTR(error);
	socket = wrap(sock);
	if (socket)
		return socket;
	sock_release(sock);
	return ERR_PTR(-ENOMEM);
}

void ssi_socket_free(struct ssi_socket *socket)
{
	ssi_socket_unwatch(socket);
	sock_release(socket->sock);
	kfree(socket);
}

int ssi_socket_bind(struct ssi_socket *socket, const struct ssi_endpoint *local,
		    const char *device)
{
	struct sockaddr_in name;

	sock_set_reuseaddr(socket->sock->sk);
	if (device) {
		struct net_device *dev = dev_get_by_name(&init_net, device);
		int error = -ENODEV;

		if (dev) {
			error = sock_bindtoindex(socket->sock->sk, dev->ifindex, true);
			dev_put(dev);
		}
		if (error)
			return error;
	}
	fill(&name, local);
	return kernel_bind(socket->sock, (struct sockaddr_unsized *)&name, sizeof(name));
}

int ssi_socket_listen(struct ssi_socket *socket, int backlog)
{
	return kernel_listen(socket->sock, backlog);
}

/* An accepted socket begins with the callbacks of its listener: not with ours. */
struct ssi_socket *ssi_socket_accept(struct ssi_socket *listener, unsigned int flags)
{
	struct ssi_socket *socket;
	struct socket *sock;
	struct sock *sk;
	int error;

	error = kernel_accept(listener->sock, &sock,
			      flags & SSI_SOCKET_DONTWAIT ? O_NONBLOCK : 0);
	if (error)
		return ERR_PTR(error);
	sk = sock->sk;
	if (listener->notifier) {
		write_lock_bh(&sk->sk_callback_lock);
		sk->sk_data_ready = listener->data_ready;
		sk->sk_write_space = listener->write_space;
		sk->sk_state_change = listener->state_change;
		sk->sk_error_report = listener->error_report;
		write_unlock_bh(&sk->sk_callback_lock);
	}
	socket = wrap(sock);
	if (socket)
		return socket;
	sock_release(sock);
	return ERR_PTR(-ENOMEM);
}

/*
 * An end that says nothing does not notice that the other is gone: when a reset
 * is lost, for one. It asks. That nobody answers breaks nothing, a reset does.
 */
static void ask_when_idle(struct sock *sk)
{
	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, IDLE_SECONDS);
	tcp_sock_set_keepintvl(sk, IDLE_SECONDS);
	tcp_sock_set_keepcnt(sk, MAX_TCP_KEEPCNT);
}

int ssi_socket_connect(struct ssi_socket *socket, const struct ssi_endpoint *peer,
		       unsigned int flags)
{
	struct sockaddr_in name;

	fill(&name, peer);
	if (socket->sock->sk->sk_type == SOCK_STREAM)
		ask_when_idle(socket->sock->sk);
	return kernel_connect(socket->sock, (struct sockaddr_unsized *)&name, sizeof(name),
			      flags & SSI_SOCKET_DONTWAIT ? O_NONBLOCK : 0);
}

/* The error that broke the connection, as a negative number; 0 for none. */
int ssi_socket_error(struct ssi_socket *socket)
{
	return sock_error(socket->sock->sk);
}

enum ssi_socket_state ssi_socket_state(struct ssi_socket *socket)
{
	switch (READ_ONCE(socket->sock->sk->sk_state)) {
	case TCP_ESTABLISHED:
		return SSI_SOCKET_OPEN;
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		return SSI_SOCKET_CONNECTING;
	default:
		return SSI_SOCKET_CLOSED;
	}
}

/* Smoothed round trip of a stream, in microseconds. */
u32 ssi_socket_round_trip(struct ssi_socket *socket)
{
	return READ_ONCE(tcp_sk(socket->sock->sk)->srtt_us) >> 3;
}

int ssi_socket_peer(struct ssi_socket *socket, struct ssi_endpoint *peer)
{
	struct sockaddr_storage name = {};
	struct sockaddr_in *in = (struct sockaddr_in *)&name;
	int size = kernel_getpeername(socket->sock, (struct sockaddr *)&name);

	if (size < 0)
		return size;
	if (in->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	peer->address = ntohl(in->sin_addr.s_addr);
	peer->port = ntohs(in->sin_port);
	return 0;
}

/* From now on releasing the socket resets the connection. */
void ssi_socket_abort(struct ssi_socket *socket)
{
	sock_no_linger(socket->sock->sk);
}

void ssi_socket_shutdown(struct ssi_socket *socket)
{
	kernel_sock_shutdown(socket->sock, SHUT_RDWR);
}

int ssi_socket_user_timeout(struct ssi_socket *socket, unsigned int milliseconds)
{
	return tcp_sock_set_user_timeout(socket->sock->sk, milliseconds);
}

ssize_t ssi_socket_send(struct ssi_socket *socket, struct kvec *parts, size_t count,
			size_t bytes, unsigned int flags)
{
	struct msghdr message = { .msg_flags = send_flags(flags) };

	return kernel_sendmsg(socket->sock, &message, parts, count, bytes);
}

ssize_t ssi_socket_send_pages(struct ssi_socket *socket, struct bio_vec *pieces, size_t count,
			      size_t bytes, unsigned int flags)
{
	struct msghdr message = { .msg_flags = send_flags(flags) | MSG_SPLICE_PAGES };

	iov_iter_bvec(&message.msg_iter, ITER_SOURCE, pieces, count, bytes);
	return sock_sendmsg(socket->sock, &message);
}

ssize_t ssi_socket_send_to(struct ssi_socket *socket, const struct ssi_endpoint *to,
			   struct kvec *parts, size_t count, size_t bytes)
{
	struct sockaddr_in name;
	struct msghdr message = {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT,
	};

	fill(&name, to);
	return kernel_sendmsg(socket->sock, &message, parts, count, bytes);
}

ssize_t ssi_socket_receive(struct ssi_socket *socket, void *buffer, size_t bytes,
			   unsigned int flags)
{
	struct kvec part = { .iov_base = buffer, .iov_len = bytes };
	struct msghdr message = { .msg_flags = receive_flags(flags) };

	iov_iter_kvec(&message.msg_iter, ITER_DEST, &part, 1, bytes);
	return sock_recvmsg(socket->sock, &message, receive_flags(flags));
}

ssize_t ssi_socket_receive_pages(struct ssi_socket *socket, struct bio_vec *pieces, size_t count,
				 size_t bytes, unsigned int flags)
{
	struct msghdr message = { .msg_flags = receive_flags(flags) };

	iov_iter_bvec(&message.msg_iter, ITER_DEST, pieces, count, bytes);
	return sock_recvmsg(socket->sock, &message, receive_flags(flags));
}

ssize_t ssi_socket_receive_from(struct ssi_socket *socket, void *buffer, size_t bytes,
				struct ssi_endpoint *from)
{
	struct sockaddr_in name = {};
	struct kvec part = { .iov_base = buffer, .iov_len = bytes };
	struct msghdr message = {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_flags = MSG_DONTWAIT,
	};
	ssize_t got;

	iov_iter_kvec(&message.msg_iter, ITER_DEST, &part, 1, bytes);
	got = sock_recvmsg(socket->sock, &message, MSG_DONTWAIT | MSG_TRUNC);
	from->address = ntohl(name.sin_addr.s_addr);
	from->port = ntohs(name.sin_port);
	return got;
}

void ssi_socket_watch(struct ssi_socket *socket, struct ssi_notifier *notifier,
		      unsigned int bit)
{
	struct sock *sk = socket->sock->sk;

	ssi_socket_unwatch(socket);
	write_lock_bh(&sk->sk_callback_lock);
	socket->notifier = notifier;
	socket->bit = bit;
	socket->data_ready = sk->sk_data_ready;
	socket->write_space = sk->sk_write_space;
	socket->state_change = sk->sk_state_change;
	socket->error_report = sk->sk_error_report;
	/* Not copied: a connection yet to be accepted has no one to tell. */
	__rcu_assign_sk_user_data_with_flags(sk, socket, SK_USER_DATA_NOCOPY);
	sk->sk_data_ready = on_data_ready;
	sk->sk_write_space = on_write_space;
	sk->sk_state_change = on_change;
	sk->sk_error_report = on_change;
	write_unlock_bh(&sk->sk_callback_lock);
	/* What happened before nobody noted. */
	atomic_set(&socket->happened,
		   SSI_SOCKET_READABLE | SSI_SOCKET_WRITABLE | SSI_SOCKET_CHANGED);
	ssi_notifier_raise(notifier, bit);
}

void ssi_socket_unwatch(struct ssi_socket *socket)
{
	struct sock *sk = socket->sock->sk;

	if (!socket->notifier)
		return;
	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	sk->sk_data_ready = socket->data_ready;
	sk->sk_write_space = socket->write_space;
	sk->sk_state_change = socket->state_change;
	sk->sk_error_report = socket->error_report;
	socket->notifier = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

unsigned int ssi_socket_take(struct ssi_socket *socket)
{
	return atomic_xchg(&socket->happened, 0);
}
