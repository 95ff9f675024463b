// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of a shared hostfs.
 *
 * Each table is hostfs' own with some entries replaced, made when the first
 * inode of its kind appears. So what is not replaced stays upstream's.
 */

#include <linux/fs.h>
#include <linux/splice.h>

#include "coherent.h"

static struct inode_operations inode_ops;
static struct inode_operations dir_inode_ops;
static struct inode_operations link_inode_ops;
static struct file_operations file_ops;
static struct file_operations dir_file_ops;
static struct address_space_operations mapping_ops;

/* hostfs' own, the same in all tables that have one. */
static int (*hostfs_setattr)(struct mnt_idmap *idmap, struct dentry *dentry,
			     struct iattr *attr);

/* The host checks whatever is done; ask it beforehand if nothing will be. */
static bool is_for_host(const struct inode *inode, int mask)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFDIR:
		return mask & (MAY_ACCESS | MAY_CHDIR);
	case S_IFREG:
		return mask & (MAY_ACCESS | MAY_EXEC);
	default:
		return false;
	}
}

static int coherent_permission(struct mnt_idmap *idmap, struct inode *inode,
			       int mask)
{
	int err = 0;

	if (is_for_host(inode, mask)) {
		if (mask & MAY_NOT_BLOCK)
			return -ECHILD;
		err = coherent_access(inode, mask);
	}

	return err ?: generic_permission(&nop_mnt_idmap, inode, mask);
}

/* No page beyond the new end is dirty while the host cuts the file there. */
static int set_size(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err;

	coherent_refresh(inode);
	filemap_invalidate_lock(inode->i_mapping);
	coherent_drop_pages(inode, min(attr->ia_size, i_size_read(inode)),
			    LLONG_MAX);
	err = hostfs_setattr(idmap, dentry, attr);
	filemap_invalidate_unlock(inode->i_mapping);

	return err;
}

static int coherent_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			    struct iattr *attr)
{
	if (attr->ia_valid & ATTR_SIZE)
		return set_size(idmap, dentry, attr);

	return hostfs_setattr(idmap, dentry, attr);
}

static void replace_inode_ops(struct inode_operations *ops,
			      const struct inode_operations *upstream)
{
	*ops = *upstream;
	ops->getattr = coherent_getattr;
	if (ops->get_link)
		return;
	hostfs_setattr = upstream->setattr;
	ops->permission = coherent_permission;
	ops->setattr = coherent_setattr;
}

static void replace_file_ops(struct file_operations *ops,
			     const struct file_operations *upstream)
{
	*ops = *upstream;
	ops->llseek = coherent_llseek;
	ops->read_iter = coherent_read_iter;
	ops->write_iter = coherent_write_iter;
	ops->splice_read = copy_splice_read;
	ops->mmap_prepare = coherent_mmap_prepare;
	ops->flock = coherent_flock;
	ops->lock = coherent_lock;
}

static void replace_dir_file_ops(struct file_operations *ops,
				 const struct file_operations *upstream)
{
	*ops = *upstream;
	ops->flock = coherent_flock;
	ops->lock = coherent_lock;
}

static void set_file(struct inode *inode)
{
	if (!file_ops.open) {
		replace_file_ops(&file_ops, inode->i_fop);
		mapping_ops = *inode->i_mapping->a_ops;
		mapping_ops.writepages = coherent_writepages;
		mapping_ops.launder_folio = coherent_launder_folio;
	}
	inode->i_fop = &file_ops;
	inode->i_mapping->a_ops = &mapping_ops;
}

static void set_dir(struct inode *inode)
{
	if (!dir_file_ops.open) {
		replace_inode_ops(&dir_inode_ops, inode->i_op);
		dir_inode_ops.create = coherent_create;
		dir_inode_ops.atomic_open = coherent_atomic_open;
		replace_dir_file_ops(&dir_file_ops, inode->i_fop);
	}
	inode->i_op = &dir_inode_ops;
	inode->i_fop = &dir_file_ops;
}

static void set_link(struct inode *inode)
{
	if (!link_inode_ops.getattr)
		replace_inode_ops(&link_inode_ops, inode->i_op);
	inode->i_op = &link_inode_ops;
}

/* Called under the inode hash lock, once per inode. */
void ssi_hostfs_set_inode(struct inode *inode)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFDIR:
		set_dir(inode);
		return;
	case S_IFLNK:
		set_link(inode);
		return;
	case S_IFREG:
		set_file(inode);
		break;
	default:
		break;
	}
	if (!inode_ops.getattr)
		replace_inode_ops(&inode_ops, inode->i_op);
	inode->i_op = &inode_ops;
}

int ssi_hostfs_fill_super(struct super_block *sb, const char *root)
{
	set_default_d_op(sb, &coherent_dentry_ops);
	sb->s_time_gran = 1;

	return host_prepare(root);
}
