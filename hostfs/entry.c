// SPDX-License-Identifier: GPL-2.0
/*
 * Names, and whether they still hold.
 *
 * A dentry in use may be out of date at any time, for another kernel has
 * renamed or removed what it names. hostfs keeps no unused dentries, so only
 * those in use are compared with the host here.
 */

#include <linux/namei.h>
#include <linux/slab.h>

#include "coherent.h"

/* @inode is what the entry stands for, if that is known to exist. */
static void make_name(struct host_name *name, struct inode *dir,
		      const struct qstr *entry, struct inode *inode)
{
	const size_t len = min_t(size_t, entry->len, HOST_ENTRY_BYTES_MAX);

	name->mark = '\0';
	name->parent = hostfs_fd(dir);
	name->self = inode && S_ISDIR(inode->i_mode) ? hostfs_fd(inode) : -1;
	name->ino = inode ? inode->i_ino : 0;
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
 * The fds in the name are valid as long as the dentry cannot be moved, and for
 * a directory always. hostfs opens files without such care: if an fd is closed
 * meanwhile, or stands for another directory, ssi_hostfs_check_fd() notices.
 */
bool ssi_hostfs_name(struct dentry *dentry, char *name)
{
	spin_lock(&dentry->d_lock);
	make_dentry_name((struct host_name *)name, dentry);
	spin_unlock(&dentry->d_lock);

	return true;
}

/* The name is valid until the directory that is returned is put. */
static struct dentry *hold_name(struct dentry *dentry, struct host_name *name)
{
	struct dentry *parent;

	for (;;) {
		parent = dget_parent(dentry);
		spin_lock(&dentry->d_lock);
		if (dentry->d_parent == parent)
			break;
		spin_unlock(&dentry->d_lock);
		dput(parent);
	}
	make_dentry_name(name, dentry);
	spin_unlock(&dentry->d_lock);

	return parent;
}

int coherent_access(struct dentry *dentry, int mask)
{
	union host_name_buffer buffer;
	struct dentry *parent = hold_name(dentry, &buffer.name);
	int err;

	err = access_file(buffer.bytes, mask & MAY_READ, mask & MAY_WRITE,
			  mask & MAY_EXEC);
	dput(parent);

	return err;
}

const char *coherent_get_link(struct dentry *dentry, struct inode *inode,
			      struct delayed_call *done)
{
	union host_name_buffer buffer;
	struct dentry *parent;
	char *link;
	int n;

	if (!dentry)
		return ERR_PTR(-ECHILD);
	link = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!link)
		return ERR_PTR(-ENOMEM);
	parent = hold_name(dentry, &buffer.name);
	n = hostfs_do_readlink(buffer.bytes, link, PATH_MAX);
	dput(parent);
	if (n < 0 || n == PATH_MAX) {
		kfree(link);
		return ERR_PTR(n < 0 ? n : -ENAMETOOLONG);
	}
	set_delayed_call(done, kfree_link, link);

	return link;
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
