// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of other nodes.
 *
 * A socket of this node in the file system of the network, so that all calls for sockets
 * take it, of a family of its own that nobody can ask for: its operations ask at home. There
 * is a struct sock behind it because the network looks at one in passing (its name space,
 * its error, its owner); it has no queues and nothing ever comes to it.
 */
#include <linux/cleanup.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/ssi_kapi.h>
#include <net/scm.h>
#include <net/sock.h>

/* Longest value of an option, as in core/files/socket.rs. */
#define VALUE_BYTES_MAX		512

struct ssi_remote_socket {
	struct sock sk;			/* first */
	struct ssi_proxy *proxy;
};

static struct proto ssi_protocol = {
	.name		= "SSI",
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct ssi_remote_socket),
};

static struct ssi_proxy *proxy_of(const struct socket *socket)
{
	return container_of(socket->sk, struct ssi_remote_socket, sk)->proxy;
}

/* It has none if there was no memory for what was accepted. */
static int socket_release(struct socket *socket)
{
	struct sock *sk = socket->sk;
	struct ssi_proxy *proxy;

	if (!sk)
		return 0;
	proxy = proxy_of(socket);
	scoped_guard(spinlock, &proxy->lock) {
		if (proxy->file == socket->file)
			proxy->file = NULL;
	}
	sock_orphan(sk);
	socket->sk = NULL;
	sock_put(sk);
	ssi_proxy_closed(proxy);
	ssi_proxy_put(proxy);
	return 0;
}

static int socket_bind(struct socket *socket, struct sockaddr_unsized *address, int bytes)
{
	return ssi_remote_socket_bind(proxy_of(socket), address, bytes);
}

static int socket_connect(struct socket *socket, struct sockaddr_unsized *address, int bytes,
			  int flags)
{
	return ssi_remote_socket_connect(proxy_of(socket), address, bytes, !(flags & O_NONBLOCK));
}

static int socket_getname(struct socket *socket, struct sockaddr *address, int whose)
{
	return ssi_remote_socket_name(proxy_of(socket), whose, address,
				      sizeof(struct sockaddr_storage));
}

static __poll_t socket_poll(struct file *file, struct socket *socket, poll_table *table)
{
	struct ssi_proxy *proxy = proxy_of(socket);

	poll_wait(file, &proxy->wait, table);
	return (__force __poll_t)ssi_proxy_poll(proxy, poll_requested_events(table),
						waitqueue_active(&proxy->wait));
}

static int socket_ioctl(struct socket *socket, unsigned int number, unsigned long argument)
{
	return ssi_proxy_ioctl(proxy_of(socket), socket->file->f_flags, number, argument);
}

static int socket_listen(struct socket *socket, int backlog)
{
	return ssi_remote_socket_listen(proxy_of(socket), backlog);
}

static int socket_shutdown(struct socket *socket, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	return ssi_remote_socket_shutdown(proxy_of(socket), how);
}

static int socket_setsockopt(struct socket *socket, int level, int option, sockptr_t value,
			     unsigned int bytes)
{
	void *copy;
	int error;

	if (bytes > VALUE_BYTES_MAX)
		return -EINVAL;
	copy = memdup_sockptr(value, bytes);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	error = ssi_remote_socket_set(proxy_of(socket), level, option, copy, bytes);
	kfree(copy);
	return error;
}

static int socket_getsockopt(struct socket *socket, int level, int option, sockopt_t *value)
{
	u8 *copy __free(kfree) = kzalloc(VALUE_BYTES_MAX, GFP_KERNEL);
	int bytes;

	if (!copy)
		return -ENOMEM;
	bytes = ssi_remote_socket_get(proxy_of(socket), level, option, copy,
				      min(value->optlen, VALUE_BYTES_MAX));
	if (bytes < 0)
		return bytes;
	if (copy_to_iter(copy, bytes, &value->iter_out) != bytes)
		return -EFAULT;
	value->optlen = bytes;
	return 0;
}

static int socket_sendmsg(struct socket *socket, struct msghdr *message, size_t bytes)
{
	struct ssi_remote_socket_sending sending = {
		.proxy = proxy_of(socket),
		.flags = message->msg_flags,
		.address = message->msg_name,
		.address_bytes = message->msg_name ? message->msg_namelen : 0,
		.control = message->msg_control,
		.control_bytes = message->msg_controllen,
	};
	ssize_t sent;

	if (sending.control_bytes && message->msg_control_is_user)
		return -EINVAL;
	sent = ssi_remote_socket_send(&sending, &message->msg_iter);
	if (sent == -EPIPE && socket->type == SOCK_STREAM && !(message->msg_flags & MSG_NOSIGNAL))
		send_sig(SIGPIPE, current, 0);
	return sent;
}

static int socket_recvmsg(struct socket *socket, struct msghdr *message, size_t bytes, int flags)
{
	const struct ssi_remote_socket_receiving receiving = {
		.proxy = proxy_of(socket),
		.message = message,
		.flags = flags,
		.control_room = message->msg_control ? message->msg_controllen : 0,
	};

	return ssi_remote_socket_receive(&receiving, &message->msg_iter);
}

static int attach(struct socket *socket, struct ssi_proxy *proxy)
{
	const struct ssi_file_description *about = &proxy->about;
	struct inode *inode = SOCK_INODE(socket);
	struct sock *sk = sk_alloc(&init_net, PF_UNSPEC, GFP_KERNEL, &ssi_protocol, 0);

	if (!sk)
		return -ENOMEM;
	sock_init_data(socket, sk);
	ssi_proxy_get(proxy);
	container_of(sk, struct ssi_remote_socket, sk)->proxy = proxy;
	set_bit(SOCK_CUSTOM_SOCKOPT, &socket->flags);
	set_bit(SOCK_CUSTOM_GETSOCKOPT, &socket->flags);
	inode->i_ino = about->ino;
	inode->i_mode = about->mode;
	inode->i_uid = make_kuid(&init_user_ns, about->uid);
	inode->i_gid = make_kgid(&init_user_ns, about->gid);
	return 0;
}

static void stand_for(struct ssi_proxy *proxy, struct file *file)
{
	guard(spinlock)(&proxy->lock);
	proxy->file = file;
}

static int socket_accept(struct socket *socket, struct socket *accepted,
			 struct proto_accept_arg *arg)
{
	bool waits = !(arg->flags & O_NONBLOCK);
	struct ssi_proxy *proxy = ssi_remote_socket_accept(proxy_of(socket), waits);
	int error;

	if (IS_ERR(proxy))
		return PTR_ERR(proxy);
	error = attach(accepted, proxy);
	if (error) {
		ssi_proxy_closed(proxy);
	} else {
		accepted->state = SS_CONNECTED;
		stand_for(proxy, accepted->file);
	}
	ssi_proxy_put(proxy);
	return error;
}

static const struct proto_ops socket_operations = {
	.family		= PF_UNSPEC,
	.owner		= THIS_MODULE,
	.release	= socket_release,
	.bind		= socket_bind,
	.connect	= socket_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= socket_accept,
	.getname	= socket_getname,
	.poll		= socket_poll,
	.ioctl		= socket_ioctl,
	.listen		= socket_listen,
	.shutdown	= socket_shutdown,
	.setsockopt	= socket_setsockopt,
	.getsockopt_iter = socket_getsockopt,
	.sendmsg	= socket_sendmsg,
	.recvmsg	= socket_recvmsg,
	.mmap		= sock_no_mmap,
};

int ssi_remote_socket_begin(void)
{
	return proto_register(&ssi_protocol, 0);
}

/* What @file, of this node, is a proxy of; NULL if it is no socket of another node. */
struct ssi_proxy *ssi_remote_socket_proxy(struct file *file)
{
	struct socket *socket = sock_from_file(file);

	return socket && READ_ONCE(socket->ops) == &socket_operations ? proxy_of(socket) : NULL;
}

/* A new file, for which ssi_proxy_closed() will be called. */
struct file *ssi_remote_socket_open(struct ssi_proxy *proxy)
{
	struct socket *socket = sock_alloc();
	struct file *file;
	struct sock *sk;
	int error;

	if (!socket)
		return ERR_PTR(-ENOMEM);
	socket->type = proxy->about.socket;
	error = attach(socket, proxy);
	if (error) {
		sock_release(socket);
		return ERR_PTR(error);
	}
	sk = socket->sk;
	file = sock_alloc_file(socket, proxy->about.flags & O_NONBLOCK, NULL);
	if (IS_ERR(file)) {
		/* The socket went with it; it had no operations yet to let go of these. */
		sock_put(sk);
		ssi_proxy_put(proxy);
		return file;
	}
	file->f_flags |= proxy->about.flags & FASYNC;
	socket->ops = &socket_operations;
	stand_for(proxy, file);
	return file;
}

/* What is received */

void ssi_remote_socket_put_address(struct msghdr *message, const void *address, size_t bytes)
{
	if (!message->msg_name)
		return;
	message->msg_namelen = min(bytes, sizeof(struct sockaddr_storage));
	memcpy(message->msg_name, address, message->msg_namelen);
}

void ssi_remote_socket_put_flags(struct msghdr *message, u32 flags)
{
	message->msg_flags |= flags;
}

int ssi_remote_socket_put_control(struct msghdr *message, int level, int type, void *data,
				  size_t bytes)
{
	return put_cmsg(message, level, type, bytes, data);
}

/* A number of the running task for @file. */
int ssi_remote_socket_give(struct file *file, bool ends_with_exec)
{
	return receive_fd(file, NULL, ends_with_exec ? O_CLOEXEC : 0);
}
