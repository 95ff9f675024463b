// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing at the host.
 *
 * read(2) and write(2) never use cached pages: there are some only where the
 * file is mapped. Dirty ones are written back before the host is read, and all
 * are dropped, with page faults held off, while the host is written, so that a
 * node agrees with itself about a file that is mapped and written at once.
 */

#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "coherent.h"

/* Copied by way of memory that stays in the CPU's cache. */
#define COPY_BYTES_MAX SZ_128K
/* What is appended in one step, unbroken by what other nodes append. */
#define APPEND_BYTES_MAX SZ_1M

static ssize_t read_chunk(struct kiocb *iocb, struct iov_iter *to, char *buf,
			  size_t len)
{
	unsigned long long pos = iocb->ki_pos;
	size_t copied;
	int n;

	n = read_file(hostfs_fd(file_inode(iocb->ki_filp)), &pos, buf, len);
	if (n <= 0)
		return n;
	copied = copy_to_iter(buf, n, to);
	iocb->ki_pos += copied;

	return copied ?: -EFAULT;
}

/* Stops at a short chunk: the end of the file, or of what is accessible. */
static ssize_t read_chunks(struct kiocb *iocb, struct iov_iter *to, char *buf,
			   size_t len)
{
	ssize_t done = 0, n;

	do {
		len = min(len, iov_iter_count(to));
		n = read_chunk(iocb, to, buf, len);
		if (n > 0)
			done += n;
		cond_resched();
	} while (n == len && iov_iter_count(to) &&
		 !fatal_signal_pending(current));

	return done ?: n;
}

ssize_t coherent_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	const size_t count = iov_iter_count(to);
	const size_t len = min_t(size_t, count, COPY_BYTES_MAX);
	ssize_t ret;
	char *buf;

	if (!count)
		return 0;
	ret = kiocb_write_and_wait(iocb, count);
	if (ret)
		return ret;
	buf = kvmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	ret = read_chunks(iocb, to, buf, len);
	kvfree(buf);

	return ret;
}

static int write_host(struct kiocb *iocb, const char *buf, size_t len,
		      loff_t *end)
{
	const int fd = hostfs_fd(file_inode(iocb->ki_filp));
	unsigned long long pos = iocb->ki_pos;
	int n;

	if (iocb->ki_flags & IOCB_APPEND)
		return host_append(fd, buf, len, end);
	n = write_file(fd, &pos, buf, len);
	*end = pos;

	return n;
}

/* Pages go from where the file ends now, for the last one will not be last. */
static int write_chunk(struct kiocb *iocb, const char *buf, size_t len)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	const bool is_append = iocb->ki_flags & IOCB_APPEND;
	loff_t end;
	int n;

	filemap_invalidate_lock(inode->i_mapping);
	coherent_drop_pages(inode, min(iocb->ki_pos, i_size_read(inode)),
			    is_append ? LLONG_MAX : iocb->ki_pos + len - 1);
	n = write_host(iocb, buf, len, &end);
	if (n > 0) {
		iocb->ki_pos = end;
		spin_lock(&inode->i_lock);
		if (end > i_size_read(inode))
			i_size_write(inode, end);
		spin_unlock(&inode->i_lock);
	}
	filemap_invalidate_unlock(inode->i_mapping);

	return n;
}

static ssize_t write_chunks(struct kiocb *iocb, struct iov_iter *from,
			    char *buf, size_t len)
{
	ssize_t done = 0, n;
	size_t copied;

	do {
		copied = copy_from_iter(buf, min(len, iov_iter_count(from)),
					from);
		n = copied ? write_chunk(iocb, buf, copied) : -EFAULT;
		if (n > 0)
			done += n;
		cond_resched();
	} while (n == copied && iov_iter_count(from) &&
		 !fatal_signal_pending(current));
	iov_iter_revert(from, copied - clamp_t(ssize_t, n, 0, copied));

	return done ?: n;
}

static ssize_t write_locked(struct kiocb *iocb, struct iov_iter *from)
{
	const bool is_append = iocb->ki_flags & IOCB_APPEND;
	ssize_t ret = 0;
	size_t len;
	char *buf;

	/* The limits of a file's size are checked where it ends now. */
	if (is_append)
		ret = coherent_refresh(file_inode(iocb->ki_filp));
	if (!ret)
		ret = generic_write_checks(iocb, from);
	if (ret <= 0)
		return ret;
	len = min_t(size_t, ret, is_append ? APPEND_BYTES_MAX : COPY_BYTES_MAX);
	ret = file_remove_privs(iocb->ki_filp);
	if (ret)
		return ret;
	buf = kvmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	ret = write_chunks(iocb, from, buf, len);
	kvfree(buf);

	return ret;
}

ssize_t coherent_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret;

	inode_lock(inode);
	ret = write_locked(iocb, from);
	inode_unlock(inode);

	return ret > 0 ? generic_write_sync(iocb, ret) : ret;
}

loff_t coherent_llseek(struct file *file, loff_t offset, int whence)
{
	int err = 0;

	if (whence != SEEK_SET && whence != SEEK_CUR)
		err = coherent_refresh(file_inode(file));

	return err ?: generic_file_llseek(file, offset, whence);
}
