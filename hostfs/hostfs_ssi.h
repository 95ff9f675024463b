/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hooks of fs/hostfs.
 *
 * Everything hostfs_kern.c calls so that several kernels can work in one host
 * directory, and the two things it offers in return. All of it is empty when
 * CONFIG_SSI_HOSTFS is off.
 */
#ifndef SSI_HOSTFS_HOSTFS_SSI_H
#define SSI_HOSTFS_HOSTFS_SSI_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/mutex.h>

#include "hostfs.h"

/* Offered by hostfs_kern.c. */
struct ssi_hostfs_inode *ssi_hostfs_inode(struct inode *inode);
int hostfs_inode_test(struct inode *inode, void *data);

#ifdef CONFIG_SSI_HOSTFS

/* What an inode of hostfs carries for the other kernels' sake. */
struct ssi_hostfs_inode {
	/* hostfs' own fd of the file, -1 if it is neither open nor a directory. */
	int *fd;

	/*
	 * The host's file when its cached pages were last known to be right.
	 * Protected, as i_size is, by the mapping's invalidate_lock.
	 */
	struct hostfs_timespec mtime;
	struct hostfs_timespec ctime;
	unsigned long long size;
	/* The file was so young then that its times may hide a change. */
	bool is_racy;

	/* Serialises what changes the locks of the file on this node. */
	struct mutex lock_mutex;
	/* Holds this node's locks on the host, or is -1. */
	int lock_fd;
};

/* Puts the name of @dentry for the host into @name; always true. */
bool ssi_hostfs_name(struct dentry *dentry, char *name);

void ssi_hostfs_alloc_inode(struct ssi_hostfs_inode *ssi, int *fd);
void ssi_hostfs_set_inode(struct inode *inode);
int ssi_hostfs_new_inode(struct inode *inode, const char *name);
bool ssi_hostfs_old_inode(struct inode *inode, const struct hostfs_stat *st);
void ssi_hostfs_evict_inode(struct inode *inode);
int ssi_hostfs_check_fd(struct inode *inode, int fd);
int ssi_hostfs_fill_super(struct super_block *sb, const char *root);

#else

struct ssi_hostfs_inode {
};

static inline bool ssi_hostfs_name(struct dentry *dentry, char *name)
{
	return false;
}

static inline void ssi_hostfs_alloc_inode(struct ssi_hostfs_inode *ssi,
					  int *fd)
{
}

static inline void ssi_hostfs_set_inode(struct inode *inode)
{
}

static inline int ssi_hostfs_new_inode(struct inode *inode, const char *name)
{
	return 0;
}

static inline bool ssi_hostfs_old_inode(struct inode *inode,
					const struct hostfs_stat *st)
{
	return false;
}

static inline void ssi_hostfs_evict_inode(struct inode *inode)
{
}

static inline int ssi_hostfs_check_fd(struct inode *inode, int fd)
{
	return fd;
}

static inline int ssi_hostfs_fill_super(struct super_block *sb,
					const char *root)
{
	return 0;
}

#endif /* CONFIG_SSI_HOSTFS */

#endif
