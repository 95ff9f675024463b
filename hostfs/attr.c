// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes as the host has them.
 *
 * An inode's attributes are a copy. They are taken over together with the
 * decision whether the cached pages are still those of the file: pages live
 * while size and times stay, and the times prove something only when they are
 * older than the grain in which the host counts them.
 */

#include <linux/fs.h>
#include <linux/pagemap.h>

#include "coherent.h"

static bool is_same_time(const struct hostfs_timespec *a,
			 const struct hostfs_timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_file_of_pages(const struct ssi_hostfs_inode *ssi,
			     const struct hostfs_stat *st)
{
	return !ssi->is_racy && ssi->size == st->size &&
	       is_same_time(&ssi->mtime, &st->mtime) &&
	       is_same_time(&ssi->ctime, &st->ctime);
}

static struct timespec64 to_timespec64(const struct hostfs_timespec *t)
{
	return (struct timespec64){ t->tv_sec, t->tv_nsec };
}

static void copy_attributes(struct inode *inode, const struct hostfs_stat *st)
{
	spin_lock(&inode->i_lock);
	inode->i_mode = st->mode;
	set_nlink(inode, st->nlink);
	i_uid_write(inode, st->uid);
	i_gid_write(inode, st->gid);
	inode_set_atime_to_ts(inode, to_timespec64(&st->atime));
	inode_set_mtime_to_ts(inode, to_timespec64(&st->mtime));
	inode_set_ctime_to_ts(inode, to_timespec64(&st->ctime));
	i_size_write(inode, st->size);
	inode->i_blocks = st->blocks;
	spin_unlock(&inode->i_lock);
}

/* Writes back what this node has changed, but neither brings back what another
 * has cut off nor overwrites what it has appended.
 */
static int drop_stale_pages(struct inode *inode, loff_t host_size)
{
	if (host_size < i_size_read(inode)) {
		i_size_write(inode, host_size);
		truncate_pagecache(inode, host_size);
	}
	filemap_write_and_wait(inode->i_mapping);
	return invalidate_inode_pages2(inode->i_mapping);
}

/* Takes over what the host says; the invalidate_lock is held. */
void coherent_adopt(struct inode *inode, struct hostfs_stat *st)
{
	struct ssi_hostfs_inode *ssi = ssi_hostfs_inode(inode);
	int err = 0;

	if (!is_file_of_pages(ssi, st)) {
		if (inode->i_data.nrpages) {
			err = drop_stale_pages(inode, st->size);
			/* Writing back has changed the host's file. */
			stat_file(NULL, st, hostfs_fd(inode));
		}
		ssi->mtime = st->mtime;
		ssi->ctime = st->ctime;
		ssi->size = st->size;
		ssi->is_racy = err || host_is_young(st);
	}
	copy_attributes(inode, st);
}

/* Brings an inode up to date. */
int coherent_refresh(struct inode *inode)
{
	struct hostfs_stat st;
	int err;

	filemap_invalidate_lock(inode->i_mapping);
	err = stat_file(NULL, &st, hostfs_fd(inode));
	if (!err)
		coherent_adopt(inode, &st);
	filemap_invalidate_unlock(inode->i_mapping);

	return err;
}

int coherent_getattr(struct mnt_idmap *idmap, const struct path *path,
		     struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	int err = coherent_refresh(inode);

	if (err)
		return err;
	generic_fillattr(idmap, request_mask, inode, stat);
	/* Every read and write is one of the host: suggest large ones. */
	stat->blksize = PAGE_SIZE;

	return 0;
}

/* What the host lets the user of the cluster do. */
int coherent_access(struct inode *inode, int mask)
{
	struct host_name name = { .self = hostfs_fd(inode) };

	return access_file((char *)&name, mask & MAY_READ, mask & MAY_WRITE,
			   mask & MAY_EXEC);
}
