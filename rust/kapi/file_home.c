// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of this node that other nodes use.
 *
 * What is done here never waits for anybody but a disk: a pipe, a socket or a terminal
 * that is not ready says so. A terminal looks at the flags of the open file alone, so
 * it is opened a second time for us; what cannot be is cloned. All is done with the rights
 * of who opened the file.
 */
#include <linux/bvec.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/net.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/tty.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <../drivers/tty/tty.h>
#include "file_home.h"

/* What a pipe holds that another node uses. */
#define PIPE_BYTES	(256 * 1024)

/* Flags of an open file that each of its users has for itself. */
#define FLAGS_OF_USER	(IOCB_APPEND | IOCB_DSYNC | IOCB_SYNC | IOCB_DIRECT)

static bool is_terminal(const struct file *file)
{
	struct file_operations operations;

	tty_default_fops(&operations);
	return file->f_op->read_iter == operations.read_iter;
}

/* The type of a socket, 0 for what is none. */
static unsigned int socket_type(struct file *file)
{
	struct socket *socket = sock_from_file(file);

	return socket ? socket->type : 0;
}

/* Whether all that can be done with @file can be done from the kernel. */
static bool is_suitable(const struct file *file)
{
	if (file->f_mode & FMODE_PATH || IS_ANON_FILE(file_inode(file)))
		return ssi_tells_events(file);
	if (file->f_mode & FMODE_CAN_READ && !file->f_op->read_iter)
		return false;
	return !(file->f_mode & FMODE_CAN_WRITE) || file->f_op->write_iter;
}

/* A kind, or -EOPNOTSUPP. */
static int kind_of(struct file *file)
{
	if (!is_suitable(file))
		return -EOPNOTSUPP;
	if (IS_ANON_FILE(file_inode(file)))
		return SSI_HOME_EVENTS;
	switch (file_inode(file)->i_mode & S_IFMT) {
	case S_IFIFO:
		return SSI_HOME_PIPE;
	case S_IFSOCK:
		/* A name in a file system has none. */
		if (!socket_type(file))
			return -EOPNOTSUPP;
		return socket_type(file) == SOCK_STREAM ? SSI_HOME_STREAM : SSI_HOME_PACKETS;
	case S_IFREG:
	case S_IFBLK:
		return SSI_HOME_PLAIN;
	case S_IFCHR:
		if (is_terminal(file))
			return SSI_HOME_TERMINAL;
		return file->f_mode & FMODE_NOWAIT ? SSI_HOME_DEVICE : -EOPNOTSUPP;
	}
	return -EOPNOTSUPP;
}

/* Whether other nodes can use @file, as far as its kind says so. */
bool ssi_home_is_possible(struct file *file)
{
	return kind_of(file) >= 0;
}

static struct tty_struct *terminal_of(const struct file *file)
{
	return ((struct tty_file_private *)file->private_data)->tty;
}

/* The name of such an end is that of a new one each time it is opened. */
static bool is_master(const struct tty_struct *tty)
{
	return tty->driver->type == TTY_DRIVER_TYPE_PTY &&
	       tty->driver->subtype == PTY_TYPE_MASTER;
}

static struct file *opened_again(struct file *file)
{
	unsigned int flags = (file->f_flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY;
	struct tty_struct *tty = terminal_of(file);
	struct file *twin = dentry_open(&file->f_path, flags, file->f_cred);

	if (IS_ERR(twin))
		return twin;
	if (is_terminal(twin) && terminal_of(twin) == tty)
		return twin;
	fput(twin);
	return ERR_PTR(-EOPNOTSUPP);
}

/*
 * A pipe holds what travels at once, as far as the user may have that much. One who has set
 * its size knows better.
 */
static void widen(struct file *file)
{
	if (pipe_fcntl(file, F_GETPIPE_SZ, 0) == PIPE_DEF_BUFFERS * PAGE_SIZE)
		pipe_fcntl(file, F_SETPIPE_SZ, PIPE_BYTES);
}

/* Finds what is asked in place of @file, if that cannot be asked not to wait. */
static int find_twin(struct ssi_home *home, struct file *file)
{
	struct file *twin = NULL;

	home->is_clone = home->kind == SSI_HOME_EVENTS ||
			 (home->kind == SSI_HOME_TERMINAL && is_master(terminal_of(file)));
	if (home->is_clone)
		twin = ssi_clone(file);
	else if (home->kind == SSI_HOME_TERMINAL)
		twin = opened_again(file);
	if (IS_ERR(twin))
		return PTR_ERR(twin);
	home->twin = twin;
	return 0;
}

/*
 * The network asks for the capabilities of who calls. That need not be who opened the
 * socket, so it has none here.
 */
static const struct cred *rights_to(struct file *file)
{
	struct cred *cred;

	if (!sock_from_file(file))
		return get_cred(file->f_cred);
	scoped_with_creds(file->f_cred)
		cred = prepare_creds();
	if (cred)
		cap_clear(cred->cap_effective);
	return cred;
}

/* What @file is for other nodes; it is kept open. */
struct ssi_home *ssi_home_new(struct file *file)
{
	struct ssi_home *home;
	int kind = kind_of(file);
	int error;

	if (kind < 0)
		return ERR_PTR(kind);
	home = kzalloc(sizeof(*home), GFP_KERNEL);
	if (!home)
		return ERR_PTR(-ENOMEM);
	home->kind = kind;
	home->cred = rights_to(file);
	error = home->cred ? find_twin(home, file) : -ENOMEM;
	if (error) {
		put_cred(home->cred);
		kfree(home);
		return ERR_PTR(error);
	}
	if (kind == SSI_HOME_PIPE)
		widen(file);
	home->file = get_file(file);
	ssi_watch_init(&home->watch);
	return home;
}

/* One more of the same. */
struct ssi_home *ssi_home_again(const struct ssi_home *home)
{
	struct ssi_home *other = kzalloc(sizeof(*other), GFP_KERNEL);

	if (!other)
		return ERR_PTR(-ENOMEM);
	other->kind = home->kind;
	other->file = get_file(home->file);
	other->cred = get_cred(home->cred);
	other->is_clone = home->is_clone;
	if (home->twin)
		other->twin = get_file(home->twin);
	ssi_watch_init(&other->watch);
	return other;
}

enum ssi_home_kind ssi_home_kind(const struct ssi_home *home)
{
	return home->kind;
}

/* With a reference. */
struct file *ssi_home_file(const struct ssi_home *home)
{
	return get_file(home->file);
}

void ssi_home_put(struct file *file)
{
	/* fput() of a kernel thread leaves it to a later one. */
	if (current->flags & PF_KTHREAD)
		__fput_sync(file);
	else
		fput(file);
}

/*
 * The last close waits as long as the program said, until a connection is at its end; a
 * thread that closes for all must not. With no time it is reset all the same.
 */
static void do_not_linger(struct file *file)
{
	struct socket *socket = sock_from_file(file);

	if (!socket || !socket->sk || file_count(file) != 1)
		return;
	lock_sock(socket->sk);
	if (socket->sk->sk_lingertime)
		sock_reset_flag(socket->sk, SOCK_LINGER);
	release_sock(socket->sk);
}

void ssi_home_free(struct ssi_home *home)
{
	ssi_watch_end(&home->watch);
	if (home->twin)
		ssi_home_put(home->twin);
	do_not_linger(home->file);
	ssi_home_put(home->file);
	put_cred(home->cred);
	kfree(home);
}

/* Before it is armed. */
void ssi_home_call(struct ssi_home *home, u64 name)
{
	home->watch.name = name;
}

bool ssi_home_is(const struct ssi_home *home, const struct file *file)
{
	return home->file == file;
}

bool ssi_home_is_same(const struct ssi_home *one, const struct ssi_home *other)
{
	return one->file == other->file;
}

/* Fills what is said of it to the other node; the name is cut if need be. */
void ssi_home_describe(const struct ssi_home *home, struct ssi_file_description *out,
		       char *name, size_t room)
{
	const struct inode *inode = file_inode(home->file);
	char *text;

	*out = (struct ssi_file_description) {
		.kind = home->kind,
		.flags = home->file->f_flags,
		.mode = inode->i_mode & (home->kind == SSI_HOME_EVENTS ? S_IALLUGO : ~0),
		.rdev = new_encode_dev(inode->i_rdev),
		.uid = from_kuid(&init_user_ns, inode->i_uid),
		.gid = from_kgid(&init_user_ns, inode->i_gid),
		.ino = inode->i_ino,
		.socket = socket_type(home->file),
		.can_seek = home->kind != SSI_HOME_EVENTS && home->file->f_mode & FMODE_LSEEK,
	};
	text = d_path(&home->file->f_path, name, room);
	if (IS_ERR(text))
		*name = '\0';
	else
		memmove(name, text, strlen(text) + 1);
}

static void set_up(struct kiocb *iocb, const struct ssi_home *home,
		   const struct ssi_home_transfer *transfer)
{
	init_sync_kiocb(iocb, home->twin ?: home->file);
	iocb->ki_flags &= ~FLAGS_OF_USER;
	if (transfer->flags & O_APPEND)
		iocb->ki_flags |= IOCB_APPEND;
	if (transfer->flags & O_DSYNC)
		iocb->ki_flags |= IOCB_DSYNC;
	if (transfer->flags & __O_SYNC)
		iocb->ki_flags |= IOCB_SYNC;
	if (home->kind != SSI_HOME_PLAIN && home->kind != SSI_HOME_TERMINAL)
		iocb->ki_flags |= IOCB_NOWAIT;
	iocb->ki_flags |= IOCB_NOSIGNAL;
}

void ssi_home_iter(struct iov_iter *iter, unsigned int direction, struct kvec *part,
		   const struct ssi_home_transfer *transfer)
{
	if (transfer->pieces) {
		iov_iter_bvec(iter, direction, transfer->pieces, transfer->count,
			      transfer->bytes);
		return;
	}
	part->iov_base = transfer->buffer;
	part->iov_len = transfer->bytes;
	iov_iter_kvec(iter, direction, part, 1, transfer->bytes);
}

static ssize_t transfer_at(const struct ssi_home *home, unsigned int direction,
			   const struct ssi_home_transfer *transfer, loff_t *position)
{
	struct file *file = home->twin && !home->is_clone ? home->twin : home->file;
	struct iov_iter iter;
	struct kiocb iocb;
	struct kvec part;
	ssize_t done;

	set_up(&iocb, home, transfer);
	ssi_home_iter(&iter, direction, &part, transfer);
	iocb.ki_pos = *position;
	scoped_with_creds(home->cred)
		done = direction == ITER_DEST ? vfs_iocb_iter_read(file, &iocb, &iter) :
						vfs_iocb_iter_write(file, &iocb, &iter);
	*position = iocb.ki_pos;
	return done;
}

/* As read(2) and write(2) do it with the position that all users of the file share. */
static ssize_t transfer_shared(const struct ssi_home *home, unsigned int direction,
			       const struct ssi_home_transfer *transfer)
{
	struct file *file = home->file;
	bool is_locked = file->f_mode & FMODE_ATOMIC_POS;
	loff_t position = 0;
	ssize_t done;

	if (is_locked)
		mutex_lock(&file->f_pos_lock);
	if (!(file->f_mode & FMODE_STREAM))
		position = file->f_pos;
	done = transfer_at(home, direction, transfer, &position);
	if (done >= 0 && !(file->f_mode & FMODE_STREAM))
		file->f_pos = position;
	if (is_locked)
		mutex_unlock(&file->f_pos_lock);
	return done;
}

static ssize_t transfer(const struct ssi_home *home, unsigned int direction,
			const struct ssi_home_transfer *transfer)
{
	fmode_t needed = direction == ITER_DEST ? FMODE_PREAD : FMODE_PWRITE;
	loff_t position = transfer->position;

	if (position < 0)
		return transfer_shared(home, direction, transfer);
	if (!(home->file->f_mode & needed))
		return -ESPIPE;
	return transfer_at(home, direction, transfer, &position);
}

ssize_t ssi_home_read(const struct ssi_home *home, const struct ssi_home_transfer *wanted)
{
	return transfer(home, ITER_DEST, wanted);
}

ssize_t ssi_home_write(const struct ssi_home *home, const struct ssi_home_transfer *given)
{
	return transfer(home, ITER_SOURCE, given);
}

/* How many bytes are in a pipe; of other files it is not known: 0. */
size_t ssi_home_there(const struct ssi_home *home)
{
	struct pipe_inode_info *pipe = get_pipe_info(home->file, false);
	size_t bytes = 0;

	if (!pipe)
		return 0;
	guard(mutex)(&pipe->mutex);
	for (unsigned int tail = pipe->tail; !pipe_empty(pipe->head, tail); tail++)
		bytes += pipe_buf(pipe, tail)->len;
	return bytes;
}

/* For how many tenths of a second a read waits for the first byte, negative for ever. */
int ssi_home_patience(const struct ssi_home *home)
{
	const struct tty_struct *tty;

	if (home->kind != SSI_HOME_TERMINAL)
		return -1;
	tty = terminal_of(home->file);
	return L_ICANON(tty) || tty->termios.c_cc[VMIN] ? -1 : tty->termios.c_cc[VTIME];
}

u32 ssi_home_poll(struct ssi_home *home)
{
	return vfs_poll(home->file, NULL);
}

/* ssi_home_ready() is called when one of @events happens; those that have are the result. */
u32 ssi_home_arm(struct ssi_home *home, u32 events)
{
	return ssi_watch_arm(&home->watch, home->file, (__force __poll_t)events);
}

/* -EAGAIN for a terminal that would wait until its output is written. */
long ssi_home_ioctl(struct ssi_home *home, unsigned int number, unsigned long argument,
		    bool drains)
{
	struct file *file = home->file;
	long result = -ENOTTY;

	if (drains && home->kind == SSI_HOME_TERMINAL && !tty_hung_up_p(file) &&
	    tty_chars_in_buffer(terminal_of(file)))
		return -EAGAIN;
	if (file->f_op->unlocked_ioctl) {
		scoped_with_creds(home->cred)
			result = file->f_op->unlocked_ioctl(file, number, argument);
	}
	return result == -ENOIOCTLCMD ? -ENOTTY : result;
}

s64 ssi_home_seek(struct ssi_home *home, s64 offset, u32 whence)
{
	struct file *file = home->file;
	bool is_locked = file->f_mode & FMODE_ATOMIC_POS;
	s64 position;

	if (whence > SEEK_MAX)
		return -EINVAL;
	if (is_locked)
		mutex_lock(&file->f_pos_lock);
	position = vfs_llseek(file, offset, whence);
	if (is_locked)
		mutex_unlock(&file->f_pos_lock);
	return position;
}

static u64 nanoseconds(const struct timespec64 *time)
{
	return timespec64_to_ns(time);
}

int ssi_path_status(const struct path *path, struct ssi_file_status *out)
{
	struct kstat stat;
	int error = vfs_getattr(path, &stat, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT);

	if (error)
		return error;
	*out = (struct ssi_file_status) {
		.size = stat.size,
		.blocks = stat.blocks,
		.accessed = nanoseconds(&stat.atime),
		.modified = nanoseconds(&stat.mtime),
		.changed = nanoseconds(&stat.ctime),
		.mode = stat.mode,
		.uid = from_kuid(&init_user_ns, stat.uid),
		.gid = from_kgid(&init_user_ns, stat.gid),
		.nlink = stat.nlink,
		.block_bytes = stat.blksize,
	};
	return 0;
}

int ssi_home_status(struct ssi_home *home, struct ssi_file_status *out)
{
	int error;

	scoped_with_creds(home->file->f_cred)
		error = ssi_path_status(&home->file->f_path, out);
	return error;
}

int ssi_home_truncate(struct ssi_home *home, u64 length)
{
	struct file *file = home->file;
	int error;

	if (length > LLONG_MAX || !S_ISREG(file_inode(file)->i_mode) ||
	    !(file->f_mode & FMODE_WRITE))
		return -EINVAL;
	if (IS_APPEND(file_inode(file)))
		return -EPERM;
	sb_start_write(file_inode(file)->i_sb);
	scoped_with_creds(file->f_cred)
		error = do_truncate(file_mnt_idmap(file), file->f_path.dentry, length,
				    ATTR_MTIME | ATTR_CTIME, file);
	sb_end_write(file_inode(file)->i_sb);
	return error;
}

/*
 * As flock(2), whose locks belong to an open file: all who share it have the lock. Does not
 * wait for others.
 */
int ssi_home_lock(struct ssi_home *home, int type)
{
	struct file *file = home->file;
	struct file_lock lock;
	int error;

	if (type != F_UNLCK && !(file->f_mode & (FMODE_READ | FMODE_WRITE)))
		return -EBADF;
	locks_init_lock(&lock);
	lock.c.flc_file = file;
	lock.c.flc_owner = file;
	lock.c.flc_pid = current->tgid;
	lock.c.flc_flags = FL_FLOCK;
	lock.c.flc_type = type;
	lock.fl_end = OFFSET_MAX;
	if (file->f_op->flock)
		error = file->f_op->flock(file, F_SETLK, &lock);
	else
		error = locks_lock_file_wait(file, &lock);
	locks_release_private(&lock);
	return error;
}

int ssi_home_sync(struct ssi_home *home, u64 start, u64 end, bool is_data_only)
{
	return vfs_fsync_range(home->file, start, end, is_data_only);
}
