// SPDX-License-Identifier: GPL-2.0
/*
 * Names, and whether they still hold.
 *
 * A dentry in use may be out of date at any time, for another kernel has
 * renamed or removed what it names. hostfs keeps no unused dentries, so only
 * those in use are compared with the host here.
 */

#include <linux/namei.h>

#include "coherent.h"

/* @inode is what the entry stands for, if that is known to exist. */
static void make_name(struct host_name *name, struct inode *dir,
		      const struct qstr *entry, struct inode *inode)
{
	const size_t len = min_t(size_t, entry->len, HOST_ENTRY_BYTES_MAX);

	name->mark = '\0';
	name->parent = hostfs_fd(dir);
	name->self = inode ? hostfs_fd(inode) : -1;
	memcpy(name->entry, entry->name, len);
	name->entry[len] = '\0';
}

/* The caller holds the dentry's d_lock. */
static void make_dentry_name(struct host_name *name, struct dentry *dentry)
{
	static const struct qstr self = QSTR_INIT(".", 1);

	make_name(name, d_inode(dentry->d_parent),
		  IS_ROOT(dentry) ? &self : &dentry->d_name, d_inode(dentry));
}

/*
 * The fd of the directory is valid as long as the dentry cannot be moved, that
 * of the file as long as the dentry is held: hostfs uses the one only with the
 * directory locked.
 */
bool ssi_hostfs_name(struct dentry *dentry, char *name)
{
	spin_lock(&dentry->d_lock);
	make_dentry_name((struct host_name *)name, dentry);
	spin_unlock(&dentry->d_lock);

	return true;
}

/* 1 if @name still leads to @inode, which is then brought up to date. */
static int revalidate_inode(struct inode *inode, const char *name)
{
	struct hostfs_stat st;
	int ret;

	filemap_invalidate_lock(inode->i_mapping);
	ret = stat_file(name, &st, -1);
	if (ret == 0 && hostfs_inode_test(inode, &st)) {
		coherent_adopt(inode, &st);
		ret = 1;
	}
	filemap_invalidate_unlock(inode->i_mapping);

	return ret == -ENOENT ? 0 : ret;
}

static int revalidate_absence(const char *name)
{
	struct hostfs_stat st;
	int err = stat_file(name, &st, -1);

	return err == -ENOENT ? 1 : err;
}

static int coherent_d_revalidate(struct inode *dir, const struct qstr *entry,
				 struct dentry *dentry, unsigned int flags)
{
	union host_name_buffer buffer;
	struct inode *inode;

	/* A mount point stays what it is as long as it is one. */
	if (d_mountpoint(dentry) && d_is_dir(dentry))
		return 1;
	if (flags & LOOKUP_RCU)
		return -ECHILD;

	inode = d_inode(dentry);
	make_name(&buffer.name, dir, entry, NULL);
	return inode ? revalidate_inode(inode, buffer.bytes) :
		       revalidate_absence(buffer.bytes);
}

const struct dentry_operations coherent_dentry_ops = {
	.d_revalidate	= coherent_d_revalidate,
};
