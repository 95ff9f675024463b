// SPDX-License-Identifier: GPL-2.0
/*
 * Open file beside another that does not wait.
 *
 * Some files look at nothing but the flags of the open file to know whether to wait. A
 * clone shares what is behind the file and has flags of its own; the operations of the
 * file are called with it. It has none itself, so that nothing is released with it: the
 * file stays open as long as its clone.
 */
#include <linux/anon_inodes.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/string.h>
#include "file_home.h"

static const struct file_operations no_operations = { };

/* Of a file that stays open longer. */
struct file *ssi_clone(struct file *file)
{
	unsigned int flags = (file->f_flags & O_ACCMODE) | O_NONBLOCK;

	/* Not of its inode: to close a file of a device puts that. */
	return anon_inode_getfile("[ssi]", &no_operations, file->private_data, flags);
}

/*
 * Whether @file tells of events and can be cloned: what it reads depends on nothing of the
 * task that reads, and it writes nothing back. No program can give a file such a name.
 */
bool ssi_tells_events(const struct file *file)
{
	static const char *const names[] = { "[eventfd]", "[timerfd]", "inotify" };
	const char *name = file->f_path.dentry->d_name.name;

	return IS_ANON_FILE(file_inode(file)) &&
	       match_string(names, ARRAY_SIZE(names), name) >= 0;
}

/* Whether it gives what is read to user memory alone. */
bool ssi_home_reads_to_user(const struct ssi_home *home)
{
	return home->kind == SSI_HOME_EVENTS && !home->file->f_op->read_iter;
}

/* Whether it takes what is written from user memory alone. */
bool ssi_home_writes_from_user(const struct ssi_home *home)
{
	return home->kind == SSI_HOME_EVENTS && !home->file->f_op->write_iter;
}

ssize_t ssi_home_read_to_user(const struct ssi_home *home, unsigned long to, size_t bytes)
{
	const struct file *file = home->file;
	loff_t position = 0;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!file->f_op->read)
		return -EINVAL;
	return file->f_op->read(home->twin, (char __user *)to, bytes, &position);
}

ssize_t ssi_home_write_from_user(const struct ssi_home *home, unsigned long from, size_t bytes)
{
	const struct file *file = home->file;
	loff_t position = 0;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!file->f_op->write)
		return -EINVAL;
	return file->f_op->write(home->twin, (const char __user *)from, bytes, &position);
}
