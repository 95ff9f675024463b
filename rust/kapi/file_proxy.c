// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of other nodes.
 *
 * A file of a file system of its own, which nobody can mount, that looks as the one at
 * its home does and asks there for everything. Nothing of it is kept here but who waits.
 *
 * All opens of a file share the position of the one at home, so f_pos says only that.
 */
#include <linux/cleanup.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/hrtimer.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#define SSI_PROXY_MAGIC		0x53534946	/* "SSIF" */

/* Where read(2) and write(2) are: where the file at home is. No file is as long. */
#define POSITION_AT_HOME	(1LL << 62)

static struct vfsmount *proxies;
static const struct file_operations proxy_file_operations;

/* For files of this node that no folder has. NULL on a kernel that is no node. */
struct vfsmount *ssi_proxy_mount(void)
{
	return proxies;
}

static struct ssi_proxy *proxy_of(const struct file *file)
{
	return file->private_data;
}

struct ssi_proxy *ssi_proxy_new(u8 node, u64 incarnation, u64 handle,
				const struct ssi_file_description *about, const char *name)
{
	size_t bytes = strlen(name) + 1;
	struct ssi_proxy *proxy = kzalloc(struct_size(proxy, name, bytes), GFP_KERNEL);

	if (!proxy)
		return NULL;
	refcount_set(&proxy->references, 1);
	spin_lock_init(&proxy->lock);
	init_waitqueue_head(&proxy->wait);
	proxy->node = node;
	proxy->incarnation = incarnation;
	proxy->handle = handle;
	proxy->about = *about;
	memcpy(proxy->name, name, bytes);
	return proxy;
}

void ssi_proxy_get(struct ssi_proxy *proxy)
{
	refcount_inc(&proxy->references);
}

void ssi_proxy_put(struct ssi_proxy *proxy)
{
	if (refcount_dec_and_test(&proxy->references))
		kfree(proxy);
}

/* Waiting */

/* Any context. */
void ssi_proxy_wake(struct ssi_proxy *proxy, u32 events)
{
	atomic_inc(&proxy->sequence);
	__wake_up(&proxy->wait, TASK_NORMAL, 0, poll_to_key(events));
}

/* Its home is gone: nobody waits for it any more. */
void ssi_proxy_lose(struct ssi_proxy *proxy)
{
	WRITE_ONCE(proxy->is_lost, true);
	ssi_proxy_wake(proxy, EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP);
}

bool ssi_proxy_is_lost(struct ssi_proxy *proxy)
{
	return READ_ONCE(proxy->is_lost);
}

u32 ssi_proxy_sequence(struct ssi_proxy *proxy)
{
	return atomic_read_acquire(&proxy->sequence);
}

static bool is_over(struct ssi_proxy *proxy, u32 sequence)
{
	return ssi_proxy_sequence(proxy) != sequence || ssi_proxy_is_lost(proxy);
}

/* Until it was woken again since @sequence, the time is up, or a signal came. */
int ssi_proxy_wait(struct ssi_proxy *proxy, u32 sequence, u64 microseconds)
{
	ktime_t timeout = KTIME_MAX;

	if (microseconds < KTIME_MAX / NSEC_PER_USEC)
		timeout = us_to_ktime(microseconds);
	return __wait_event_hrtimeout(proxy->wait, is_over(proxy, sequence), timeout,
				      TASK_INTERRUPTIBLE);
}

/* Operations of a file */

static struct ssi_proxy_access access_of(const struct kiocb *iocb)
{
	u32 flags = iocb->ki_filp->f_flags & ~(O_APPEND | O_DSYNC | __O_SYNC);

	if (iocb->ki_flags & IOCB_NOWAIT)
		flags |= O_NONBLOCK;
	if (iocb->ki_flags & IOCB_APPEND)
		flags |= O_APPEND;
	if (iocb->ki_flags & IOCB_DSYNC)
		flags |= O_DSYNC;
	if (iocb->ki_flags & IOCB_SYNC)
		flags |= __O_SYNC;
	return (struct ssi_proxy_access) {
		.proxy = proxy_of(iocb->ki_filp),
		.flags = flags,
		.position = iocb->ki_filp->f_mode & FMODE_STREAM ||
			    iocb->ki_pos >= POSITION_AT_HOME ? -1 : iocb->ki_pos,
	};
}

static ssize_t moved(struct kiocb *iocb, const struct ssi_proxy_access *access, ssize_t bytes)
{
	if (bytes > 0 && access->position >= 0)
		iocb->ki_pos += bytes;
	return bytes;
}

static ssize_t proxy_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct ssi_proxy_access access = access_of(iocb);

	return moved(iocb, &access, ssi_proxy_read(&access, to));
}

/* As a write that went in part before the reader left. Of the running task. */
void ssi_proxy_broken(void)
{
	send_sig(SIGPIPE, current, 0);
}

static ssize_t proxy_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct ssi_proxy_access access = access_of(iocb);
	ssize_t written = ssi_proxy_write(&access, from);

	if (written == -EPIPE && access.proxy->about.kind == SSI_HOME_PIPE &&
	    !(iocb->ki_flags & IOCB_NOSIGNAL))
		ssi_proxy_broken();
	return moved(iocb, &access, written);
}

static __poll_t proxy_poll(struct file *file, poll_table *table)
{
	struct ssi_proxy *proxy = proxy_of(file);

	poll_wait(file, &proxy->wait, table);
	return (__force __poll_t)ssi_proxy_poll(proxy, poll_requested_events(table),
						waitqueue_active(&proxy->wait));
}

static long proxy_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	return ssi_proxy_ioctl(proxy_of(file), file->f_flags, number, argument);
}

static loff_t proxy_llseek(struct file *file, loff_t offset, int whence)
{
	return ssi_proxy_seek(proxy_of(file), offset, whence);
}

static int proxy_fsync(struct file *file, loff_t start, loff_t end, int is_data_only)
{
	return ssi_proxy_sync(proxy_of(file), start, end, is_data_only);
}

/* The lock is that of the open file at home, and stays as long as that. */
static int proxy_flock(struct file *file, int command, struct file_lock *lock)
{
	return ssi_proxy_lock(proxy_of(file), lock->c.flc_type, command == F_SETLKW);
}

/* From where fcntl(2) was told to count. */
static int whence(void)
{
	const struct flock __user *given;
	unsigned long arguments[6];
	short whence;

	if (syscall_get_nr(current, current_pt_regs()) != __NR_fcntl)
		return SEEK_SET;
	syscall_get_arguments(current, current_pt_regs(), arguments);
	given = (const struct flock __user *)arguments[2];
	return get_user(whence, &given->l_whence) ? -EFAULT : whence;
}

/* Where that is at home; in this file it is %POSITION_AT_HOME. */
static loff_t origin(struct ssi_proxy *proxy, int whence)
{
	struct ssi_file_status status;
	int error;

	switch (whence) {
	case SEEK_SET:
		return POSITION_AT_HOME;
	case SEEK_CUR:
		return ssi_proxy_seek(proxy, 0, SEEK_CUR);
	case SEEK_END:
		error = ssi_proxy_status(proxy, &status);
		return error ?: status.size;
	}
	return whence < 0 ? whence : -EINVAL;
}

static int move_to_home(struct ssi_record_lock *lock, struct ssi_proxy *proxy)
{
	loff_t place = origin(proxy, whence());
	loff_t shift = place - POSITION_AT_HOME;

	if (place < 0)
		return place;
	if (lock->start + shift < 0)
		return -EINVAL;
	lock->start += shift;
	if (lock->end != OFFSET_MAX)
		lock->end += shift;
	return 0;
}

static int test_lock(struct ssi_proxy *proxy, struct file_lock *lock,
		     struct ssi_record_lock *wanted)
{
	int error = ssi_proxy_test_lock(proxy, wanted);

	if (error)
		return error;
	lock->c.flc_type = wanted->type;
	lock->c.flc_pid = wanted->process;
	lock->c.flc_flags &= ~FL_OFDLCK;
	lock->fl_start = wanted->start;
	lock->fl_end = wanted->end;
	return 0;
}

/* Only fcntl(2) asks for these: nothing of them is kept here that the kernel would find. */
static int proxy_lock(struct file *file, int command, struct file_lock *lock)
{
	struct ssi_proxy *proxy = proxy_of(file);
	struct ssi_record_lock wanted = {
		.start = lock->fl_start,
		.end = lock->fl_end,
		.process = lock->c.flc_flags & FL_OFDLCK ? 0 : current->tgid,
		.type = lock->c.flc_type,
	};
	int error;

	if (!S_ISREG(file_inode(file)->i_mode))
		return -ENOLCK;
	error = move_to_home(&wanted, proxy);
	if (error)
		return error;
	if (command == F_GETLK)
		return test_lock(proxy, lock, &wanted);
	return ssi_proxy_record_lock(proxy, &wanted, command == F_SETLKW);
}

/* The process closes it, and with it loses all locks it has of the file. */
static int proxy_flush(struct file *file, fl_owner_t owner)
{
	ssi_proxy_flush(proxy_of(file), current->tgid);
	return 0;
}

static void set_mode(struct file *file, const struct ssi_proxy *proxy)
{
	if (proxy->about.can_seek) {
		file->f_mode &= ~FMODE_ATOMIC_POS;
		file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
		file->f_pos = POSITION_AT_HOME;
	} else {
		stream_open(file_inode(file), file);
	}
}

/* Such files have no type, and are not opened again. */
static bool is_events(const struct ssi_proxy *proxy)
{
	return proxy->about.kind == SSI_HOME_EVENTS;
}

static bool may_open(const struct ssi_proxy *proxy, fmode_t mode)
{
	unsigned int access = proxy->about.flags & O_ACCMODE;

	return !(mode & FMODE_READ && access == O_WRONLY) &&
	       !(mode & FMODE_WRITE && access == O_RDONLY);
}

/* Makes @file, which is being opened, one more of @proxy. */
int ssi_proxy_adopt(struct ssi_proxy *proxy, struct file *file)
{
	int error;

	if (is_events(proxy))
		return -ENXIO;
	if (!may_open(proxy, file->f_mode))
		return -EACCES;
	error = ssi_proxy_opened(proxy);
	if (error)
		return error;
	ssi_proxy_get(proxy);
	file->private_data = proxy;
	replace_fops(file, &proxy_file_operations);
	set_mode(file, proxy);
	return 0;
}

/* As tty_open() asks. The master of a pseudo terminal has the device of what makes one. */
static bool may_control(const struct ssi_proxy *proxy, const struct file *file)
{
	return proxy->about.kind == SSI_HOME_TERMINAL && !(file->f_flags & O_NOCTTY) &&
	       file->f_mode & FMODE_READ &&
	       MAJOR(new_decode_dev(proxy->about.rdev)) != TTYAUX_MAJOR;
}

/* As ssi_proxy_adopt(), for who may get a terminal by it. */
int ssi_proxy_adopt_named(struct ssi_proxy *proxy, struct file *file)
{
	int error = ssi_proxy_adopt(proxy, file);

	if (!error && may_control(proxy, file))
		ssi_terminal_opened(proxy);
	return error;
}

/* By /proc/<pid>/fd: it is not opened anew at home, but shared. */
static int proxy_open(struct inode *inode, struct file *file)
{
	return ssi_proxy_adopt_named(inode->i_private, file);
}

static int proxy_release(struct inode *inode, struct file *file)
{
	struct ssi_proxy *proxy = proxy_of(file);

	scoped_guard(spinlock, &proxy->lock) {
		if (proxy->file == file)
			proxy->file = NULL;
	}
	ssi_proxy_closed(proxy);
	ssi_proxy_put(proxy);
	return 0;
}

static const struct file_operations proxy_file_operations = {
	.open		= proxy_open,
	.read_iter	= proxy_read_iter,
	.write_iter	= proxy_write_iter,
	.splice_read	= copy_splice_read,
	.splice_write	= iter_file_splice_write,
	.poll		= proxy_poll,
	.unlocked_ioctl	= proxy_ioctl,
	.llseek		= proxy_llseek,
	.fsync		= proxy_fsync,
	.flock		= proxy_flock,
	.lock		= proxy_lock,
	.flush		= proxy_flush,
	.release	= proxy_release,
};

/* What @file, of this node, is a proxy of; NULL if it is none. */
struct ssi_proxy *ssi_proxy_of(struct file *file)
{
	return file->f_op == &proxy_file_operations ? proxy_of(file) : ssi_remote_socket_proxy(file);
}

/* Attributes */

static struct timespec64 time_of(u64 nanoseconds)
{
	return ns_to_timespec64(nanoseconds);
}

static int proxy_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
			 u32 mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct ssi_file_status status;
	int error;

	generic_fillattr(idmap, mask, inode, stat);
	if (IS_ANON_FILE(inode)) {
		stat->mode &= ~S_IFMT;
		return 0;
	}
	if (!S_ISREG(inode->i_mode) && !S_ISBLK(inode->i_mode))
		return 0;
	error = ssi_proxy_status(inode->i_private, &status);
	if (error)
		return error;
	stat->size = status.size;
	stat->blocks = status.blocks;
	stat->atime = time_of(status.accessed);
	stat->mtime = time_of(status.modified);
	stat->ctime = time_of(status.changed);
	stat->mode = (inode->i_mode & S_IFMT) | (status.mode & S_IALLUGO);
	stat->uid = make_kuid(&init_user_ns, status.uid);
	stat->gid = make_kgid(&init_user_ns, status.gid);
	stat->nlink = status.nlink;
	stat->blksize = status.block_bytes;
	return 0;
}

/* Others than ftruncate(2) need to know who asks. */
static int proxy_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	if (!(attr->ia_valid & ATTR_SIZE))
		return -EOPNOTSUPP;
	return ssi_proxy_truncate(d_inode(dentry)->i_private, attr->ia_size);
}

static const struct inode_operations proxy_inode_operations = {
	.getattr	= proxy_getattr,
	.setattr	= proxy_setattr,
};

/* The file system */

static void proxy_evict_inode(struct inode *inode)
{
	struct ssi_proxy *proxy = inode->i_private;

	clear_inode(inode);
	if (proxy)
		ssi_proxy_put(proxy);
}

static const struct super_operations proxy_super_operations = {
	.statfs		= simple_statfs,
	.drop_inode	= inode_just_drop,
	.evict_inode	= proxy_evict_inode,
};

/* Whether all nodes know it by its name: see pts.c. */
static bool is_known_by_name(const struct ssi_proxy *proxy)
{
	dev_t device = new_decode_dev(proxy->about.rdev);
	char name[24];

	if (proxy->about.kind != SSI_HOME_TERMINAL || MAJOR(device) != UNIX98_PTY_SLAVE_MAJOR ||
	    MINOR(device) % SSI_PTY_NODES + 1 != proxy->node)
		return false;
	snprintf(name, sizeof(name), "/dev/pts/%u", MINOR(device));
	return !strcmp(proxy->name, name);
}

static char *proxy_dname(struct dentry *dentry, char *buffer, int bytes)
{
	const struct ssi_proxy *proxy = d_inode(dentry)->i_private;

	/* What terminal.c opens is of this node. */
	if (!proxy)
		return dynamic_dname(buffer, bytes, "/dev/tty");
	if (is_known_by_name(proxy))
		return dynamic_dname(buffer, bytes, "%s", proxy->name);
	return dynamic_dname(buffer, bytes, "node%u:%s", proxy->node, proxy->name);
}

static const struct dentry_operations proxy_dentry_operations = {
	.d_dname	= proxy_dname,
};

static int proxy_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *pseudo = init_pseudo(fc, SSI_PROXY_MAGIC);

	if (!pseudo)
		return -ENOMEM;
	pseudo->ops = &proxy_super_operations;
	pseudo->dops = &proxy_dentry_operations;
	/* A terminal may be opened again, by /proc/<pid>/fd. */
	fc->s_iflags &= ~SB_I_NODEV;
	return 0;
}

static struct file_system_type proxy_file_system = {
	.name			= "ssi_files",
	.init_fs_context	= proxy_init_fs_context,
	.kill_sb		= kill_anon_super,
};

int ssi_proxy_begin(void)
{
	int error = ssi_remote_socket_begin();
	struct vfsmount *mount;

	if (error)
		return error;
	mount = kern_mount(&proxy_file_system);
	if (IS_ERR(mount))
		return PTR_ERR(mount);
	proxies = mount;
	return 0;
}

static struct inode *inode_of(struct ssi_proxy *proxy)
{
	const struct ssi_file_description *about = &proxy->about;
	struct inode *inode = new_inode_pseudo(proxies->mnt_sb);

	if (!inode)
		return NULL;
	inode->i_ino = about->ino;
	inode->i_mode = about->mode;
	/* From here fcntl(2) counts backwards: see origin(). fstat(2) asks at home. */
	if (S_ISREG(inode->i_mode))
		i_size_write(inode, POSITION_AT_HOME);
	if (is_events(proxy)) {
		inode->i_mode |= S_IFREG;
		inode->i_flags |= S_ANON_INODE;
	}
	inode->i_rdev = new_decode_dev(about->rdev);
	inode->i_uid = make_kuid(&init_user_ns, about->uid);
	inode->i_gid = make_kgid(&init_user_ns, about->gid);
	inode->i_op = &proxy_inode_operations;
	inode->i_fop = &proxy_file_operations;
	simple_inode_init_ts(inode);
	ssi_proxy_get(proxy);
	inode->i_private = proxy;
	return inode;
}

/* A new file, for which ssi_proxy_closed() will be called. */
struct file *ssi_proxy_open(struct ssi_proxy *proxy)
{
	unsigned int flags = proxy->about.flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | FASYNC |
						   O_DSYNC | __O_SYNC);
	struct inode *inode;
	struct file *file;

	if (!proxies)
		return ERR_PTR(-ENODEV);
	if (proxy->about.socket)
		return ssi_remote_socket_open(proxy);
	inode = inode_of(proxy);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	file = alloc_file_pseudo(inode, proxies, "", flags | O_LARGEFILE, &proxy_file_operations);
	if (IS_ERR(file)) {
		iput(inode);
		return file;
	}
	ssi_proxy_get(proxy);
	file->private_data = proxy;
	set_mode(file, proxy);
	scoped_guard(spinlock, &proxy->lock)
		proxy->file = file;
	return file;
}

/* The file that is open, with a reference, or NULL. */
struct file *ssi_proxy_file(struct ssi_proxy *proxy)
{
	guard(spinlock)(&proxy->lock);
	if (proxy->file && file_ref_get(&proxy->file->f_ref))
		return proxy->file;
	return NULL;
}

/* Copying */

size_t ssi_page_to_iter(struct page *page, size_t bytes, struct iov_iter *to)
{
	return copy_page_to_iter(page, 0, bytes, to);
}

size_t ssi_page_from_iter(struct page *page, size_t bytes, struct iov_iter *from)
{
	return copy_page_from_iter(page, 0, bytes, from);
}
