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
int hostfs_inode_set(struct inode *inode, void *data);

#ifdef CONFIG_SSI_HOSTFS

/* What an inode of hostfs carries for the other kernels' sake. */
struct ssi_hostfs_inode {
	/* hostfs' own fd of the file and what it is open for, 0 with O_PATH. */
	int *fd;
	fmode_t *mode;

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

void ssi_hostfs_alloc_inode(struct ssi_hostfs_inode *ssi, int *fd,
			    fmode_t *mode);
void ssi_hostfs_set_inode(struct inode *inode);
/* The inode of what @name leads to, or NULL if that is left to hostfs. */
struct inode *ssi_hostfs_iget(struct super_block *sb, const char *name);
void ssi_hostfs_evict_inode(struct inode *inode);
int ssi_hostfs_fill_super(struct super_block *sb, const char *root);

#else

struct ssi_hostfs_inode {
};

static inline bool ssi_hostfs_name(struct dentry *dentry, char *name)
{
	return false;
}

static inline void ssi_hostfs_alloc_inode(struct ssi_hostfs_inode *ssi,
					  int *fd, fmode_t *mode)
{
}

static inline void ssi_hostfs_set_inode(struct inode *inode)
{
}

static inline struct inode *ssi_hostfs_iget(struct super_block *sb,
					    const char *name)
{
	return NULL;
}

static inline void ssi_hostfs_evict_inode(struct inode *inode)
{
}

static inline int ssi_hostfs_fill_super(struct super_block *sb,
					const char *root)
{
	return 0;
}

#endif /* CONFIG_SSI_HOSTFS */

#endif
