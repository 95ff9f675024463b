// SPDX-License-Identifier: GPL-2.0
/*
 * Pidfd of another node's process.
 *
 * A file that knows how far the process is, because it is told. It looks as those of
 * fs/pidfs.c do; to whatever takes one of those it is none.
 */
#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/ssi_kapi.h>
#include <uapi/linux/pidfd.h>
#include "pidfd.h"

struct ssi_pidfd *ssi_pidfd_new(u64 token, u32 pid, bool is_thread)
{
	struct ssi_pidfd *pidfd = kzalloc_obj(*pidfd);

	if (!pidfd)
		return NULL;
	init_waitqueue_head(&pidfd->wait);
	refcount_set(&pidfd->references, 1);
	pidfd->token = token;
	pidfd->pid = pid;
	pidfd->is_thread = is_thread;
	return pidfd;
}

void ssi_pidfd_get(struct ssi_pidfd *pidfd)
{
	refcount_inc(&pidfd->references);
}

void ssi_pidfd_put(struct ssi_pidfd *pidfd)
{
	if (refcount_dec_and_test(&pidfd->references))
		kfree(pidfd);
}

static __poll_t ssi_life_events(enum ssi_pid_life life)
{
	switch (life) {
	case SSI_PID_RUNS:
		break;
	case SSI_PID_ENDED:
		return EPOLLIN | EPOLLRDNORM;
	case SSI_PID_GONE:
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	}
	return 0;
}

/* What comes late is older, and says nothing. Does not sleep. */
void ssi_pidfd_tell(struct ssi_pidfd *pidfd, enum ssi_pid_life life)
{
	unsigned long flags;

	spin_lock_irqsave(&pidfd->wait.lock, flags);
	if (life > pidfd->life) {
		smp_store_release(&pidfd->life, life);
		wake_up_locked_poll(&pidfd->wait, ssi_life_events(life));
	}
	spin_unlock_irqrestore(&pidfd->wait.lock, flags);
}

enum ssi_pid_life ssi_pidfd_life(struct ssi_pidfd *pidfd)
{
	return smp_load_acquire(&pidfd->life);
}

static __poll_t ssi_pidfd_poll(struct file *file, struct poll_table_struct *table)
{
	struct ssi_pidfd *pidfd = file->private_data;

	poll_wait(file, &pidfd->wait, table);
	return ssi_life_events(ssi_pidfd_life(pidfd));
}

/* The lines of pidfd_show_fdinfo(); numbers in namespaces of the other node are not known. */
static void ssi_pidfd_show(struct seq_file *out, struct file *file)
{
	struct ssi_pidfd *pidfd = file->private_data;
	long long nr = -1;

	if (ssi_pidfd_life(pidfd) != SSI_PID_GONE)
		nr = proc_pid_ns(file_inode(out->file)->i_sb) == &init_pid_ns ? pidfd->pid : 0;
	seq_put_decimal_ll(out, "Pid:\t", nr);
	if (IS_ENABLED(CONFIG_PID_NS))
		seq_put_decimal_ll(out, "\nNSpid:\t", nr);
	seq_putc(out, '\n');
}

static int ssi_pidfd_release(struct inode *inode, struct file *file)
{
	struct ssi_pidfd *pidfd = file->private_data;

	ssi_pidfd_closed(pidfd->token);
	ssi_pidfd_put(pidfd);
	return 0;
}

static const struct file_operations ssi_pidfd_operations = {
	.poll		= ssi_pidfd_poll,
	.show_fdinfo	= ssi_pidfd_show,
	.release	= ssi_pidfd_release,
};

/* NULL for another file. */
const struct ssi_pidfd *ssi_pidfd_in(const struct file *file)
{
	return file->f_op == &ssi_pidfd_operations ? file->private_data : NULL;
}

/* With a reference; NULL if the running task has no such file as @fd. */
struct ssi_pidfd *ssi_pidfd_of(int fd)
{
	struct ssi_pidfd *pidfd;
	CLASS(fd, file)(fd);

	if (fd_empty(file) || fd_file(file)->f_op != &ssi_pidfd_operations)
		return NULL;
	pidfd = fd_file(file)->private_data;
	ssi_pidfd_get(pidfd);
	return pidfd;
}

/* A new file of the running task. Once there is one, ssi_pidfd_closed() will be called. */
int ssi_pidfd_install(struct ssi_pidfd *pidfd, unsigned int flags)
{
	struct file *file;
	CLASS(get_unused_fd, fd)(O_CLOEXEC);

	if (fd < 0)
		return fd;
	file = anon_inode_getfile("[pidfd]", &ssi_pidfd_operations, pidfd,
				  O_RDWR | (flags & PIDFD_NONBLOCK));
	if (IS_ERR(file))
		return PTR_ERR(file);
	file->f_flags |= flags & PIDFD_THREAD;
	ssi_pidfd_get(pidfd);
	fd_install(fd, file);
	return take_fd(fd);
}

/* As pidfd_send_signal(2) takes it: also the folder of a process below /proc. */
static struct pid *ssi_pid_of_file(const struct file *file)
{
	struct pid *pid = pidfd_pid(file);

	return IS_ERR(pid) ? tgid_pidfd_to_pid(file) : pid;
}

/* False if the running task has no pidfd of this kernel as @fd. */
bool ssi_pidfd_native(int fd, struct ssi_native *native)
{
	struct pid *pid;
	CLASS(fd, file)(fd);

	if (fd_empty(file))
		return false;
	pid = ssi_pid_of_file(fd_file(file));
	if (IS_ERR(pid))
		return false;
	*native = (struct ssi_native) {
		.identity = pid->ino,
		.pid = pid_nr(pid),
		.is_thread = fd_file(file)->f_flags & PIDFD_THREAD,
	};
	return true;
}

/* Of process, thread or group @nr, be it elsewhere; 0 if there is none. */
u64 ssi_pid_identity(u32 nr)
{
	struct pid *pid;

	guard(rcu)();
	pid = find_pid_ns(nr, &init_pid_ns);
	return pid ? pid->ino : 0;
}
