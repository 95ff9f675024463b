// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of remote processes.
 *
 * The node of the process opens, reads and closes for each piece that is fetched;
 * nothing stays open there. So that a reader with a small buffer sees one text, a
 * piece is kept and given out as long as the reader goes on where it stopped.
 *
 * All of it is done with the rights of who opened the file. Whoever gets an open file
 * handed over, a program with the rights of root for one, reads and writes no more than
 * the opener could: the process may have got other rights since, too.
 */
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include "proc_remote.h"

#define FIRST_BYTES	SZ_4K
#define READ_BYTES_MAX	SZ_64K
#define WRITE_BYTES_MAX	1536	/* as in proc_remote.rs */

struct opened {
	struct mutex lock;	/* of all below but is_memory */
	bool is_memory;		/* changes all the time, and may be written in parts */
	bool is_unread;		/* the piece is from open(2), and nobody had it yet */
	bool is_last;		/* the file ends with the piece */
	unsigned long since;	/* when the piece was fetched, in jiffies */
	loff_t next;		/* where the reader stopped */
	loff_t start;
	size_t bytes;
	size_t room;
	char *piece;
};

static bool is_memory(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && (!strcmp(name, "/mem") || !strcmp(name, "/pagemap"));
}

static int make_room(struct opened *opened, size_t room)
{
	char *piece;

	if (opened->room >= room)
		return 0;
	piece = kvmalloc(room, GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	kvfree(opened->piece);
	opened->piece = piece;
	opened->room = room;
	return 0;
}

static int fetch(struct file *file, struct opened *opened, loff_t start, size_t room)
{
	struct ssi_remote_at at = ssi_remote_at(ssi_remote_of(file));
	ssize_t bytes;
	int error;

	opened->is_unread = false;
	opened->bytes = 0;
	error = make_room(opened, room);
	if (error)
		return error;
	scoped_with_creds(file->f_cred)
		bytes = ssi_remote_read(&at, start, opened->piece, room);
	if (bytes < 0)
		return bytes;
	opened->start = start;
	opened->bytes = bytes;
	opened->is_last = bytes < room;
	opened->since = jiffies;
	return 0;
}

/* Whether what was fetched may be given to a reader at @pos. */
static bool is_kept(const struct opened *opened, loff_t pos)
{
	loff_t end = opened->start + opened->bytes;

	if (opened->is_memory)
		return false;
	if (!pos)
		return opened->is_unread && opened->is_last && ssi_remote_is_fresh(opened->since);
	return opened->bytes && pos == opened->next && (pos < end || opened->is_last);
}

static ssize_t remote_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct opened *opened = file->private_data;
	size_t wanted = iov_iter_count(to);
	loff_t pos = iocb->ki_pos;
	size_t offset, bytes;
	int error = 0;

	if (!wanted)
		return 0;
	if (mutex_lock_killable(&opened->lock))
		return -EINTR;
	if (!is_kept(opened, pos))
		error = fetch(file, opened, pos, opened->is_memory ?
			      min_t(size_t, wanted, READ_BYTES_MAX) : READ_BYTES_MAX);
	if (error) {
		mutex_unlock(&opened->lock);
		return error;
	}
	opened->is_unread = false;
	offset = pos - opened->start;
	wanted = min(wanted, opened->bytes - offset);
	bytes = copy_to_iter(opened->piece + offset, wanted, to);
	opened->next = pos + bytes;
	mutex_unlock(&opened->lock);
	iocb->ki_pos = pos + bytes;
	return bytes || !wanted ? bytes : -EFAULT;
}

/* One write is one there: what takes a word takes no half of it. */
static ssize_t remote_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct ssi_remote_at at = ssi_remote_at(ssi_remote_of(file));
	struct opened *opened = file->private_data;
	size_t bytes = iov_iter_count(from);
	ssize_t written;
	char *data;

	if (bytes > WRITE_BYTES_MAX) {
		if (!opened->is_memory)
			return -EINVAL;
		bytes = WRITE_BYTES_MAX;
	}
	data = kmalloc(bytes, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	written = -EFAULT;
	if (copy_from_iter_full(data, bytes, from)) {
		scoped_with_creds(file->f_cred)
			written = ssi_remote_write(&at, iocb->ki_pos, data, bytes);
	}
	kfree(data);
	if (written > 0)
		iocb->ki_pos += written;
	return written;
}

static loff_t remote_llseek(struct file *file, loff_t offset, int whence)
{
	switch (whence) {
	case SEEK_CUR:
		offset += file->f_pos;
		fallthrough;
	case SEEK_SET:
		return vfs_setpos(file, offset, LLONG_MAX);
	}
	return -EINVAL;
}

/* Errors of the file's content, which open(2) of the same file here does not see. */
static bool is_content_error(int error)
{
	return error == -EIO || error == -EINVAL || error == -EFAULT || error == -EOVERFLOW;
}

static int remote_open(struct inode *inode, struct file *file)
{
	struct opened *opened = kzalloc(sizeof(*opened), GFP_KERNEL);
	int error;

	if (!opened)
		return -ENOMEM;
	mutex_init(&opened->lock);
	opened->is_memory = is_memory(ssi_remote_of(file)->path);
	if (file->f_mode & FMODE_READ) {
		error = fetch(file, opened, 0, FIRST_BYTES);
		if (error && !is_content_error(error)) {
			kvfree(opened->piece);
			kfree(opened);
			return ssi_remote_open_error(file->f_path.dentry, error);
		}
		opened->is_unread = !error;
	}
	file->private_data = opened;
	return 0;
}

static int remote_release(struct inode *inode, struct file *file)
{
	struct opened *opened = file->private_data;

	kvfree(opened->piece);
	kfree(opened);
	return 0;
}

const struct file_operations ssi_remote_file_operations = {
	.open		= remote_open,
	.read_iter	= remote_read_iter,
	.write_iter	= remote_write_iter,
	.splice_read	= copy_splice_read,
	.llseek		= remote_llseek,
	.release	= remote_release,
};
