/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What these files share.
 *
 * Lock order: i_rwsem of the file, mmap_lock, invalidate_lock of its mapping,
 * folio lock. ssi_hostfs_inode.lock_mutex comes before none of them.
 */
#ifndef SSI_HOSTFS_COHERENT_H
#define SSI_HOSTFS_COHERENT_H

#include <linux/fs.h>

#include "host.h"
#include "hostfs_ssi.h"

static inline int hostfs_fd(struct inode *inode)
{
	return *ssi_hostfs_inode(inode)->fd;
}

/* attr.c */
int coherent_access(struct inode *inode, int mask);
int coherent_refresh(struct inode *inode);
void coherent_adopt(struct inode *inode, struct hostfs_stat *st);
int coherent_getattr(struct mnt_idmap *idmap, const struct path *path,
		     struct kstat *stat, u32 request_mask, unsigned int flags);

/* inode.c */
struct inode *coherent_iget(struct super_block *sb, int fd, fmode_t mode);

/* entry.c */
extern const struct dentry_operations coherent_dentry_ops;

/* create.c */
int coherent_create(struct mnt_idmap *idmap, struct inode *dir,
		    struct dentry *dentry, umode_t mode);
int coherent_atomic_open(struct inode *dir, struct dentry *dentry,
			 struct file *file, unsigned int flags, umode_t mode);

/* io.c */
ssize_t coherent_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t coherent_write_iter(struct kiocb *iocb, struct iov_iter *from);
loff_t coherent_llseek(struct file *file, loff_t offset, int whence);

/* map.c */
int coherent_mmap_prepare(struct vm_area_desc *desc);
int coherent_writepages(struct address_space *mapping,
			struct writeback_control *wbc);
int coherent_launder_folio(struct folio *folio);
void coherent_drop_pages(struct inode *inode, loff_t start, loff_t end);

/* lock.c */
int coherent_flock(struct file *file, int cmd, struct file_lock *fl);
int coherent_lock(struct file *file, int cmd, struct file_lock *fl);

#endif
