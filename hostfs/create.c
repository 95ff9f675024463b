// SPDX-License-Identifier: GPL-2.0
/*
 * Creating files beside other kernels.
 *
 * The host alone knows who is first, so it is always asked to create
 * exclusively. An open that does not insist on that takes what is there.
 */

#include <linux/fs.h>

#include "coherent.h"

/* How often a file that is there may be gone when it is looked at. */
#define CREATE_TRIES_MAX 64

static int create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	union host_name_buffer buffer;
	struct inode *inode;
	int fd;

	ssi_hostfs_name(dentry, buffer.bytes);
	fd = file_create(buffer.bytes, mode & 0777);
	if (fd < 0)
		return fd;
	inode = coherent_iget(dir->i_sb, fd, FMODE_READ | FMODE_WRITE);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	d_instantiate(dentry, inode);

	return 0;
}

/* mknod(2), which is exclusive always. */
int coherent_create(struct mnt_idmap *idmap, struct inode *dir,
		    struct dentry *dentry, umode_t mode)
{
	return create(dir, dentry, mode);
}

/* @dentry was negative, but the host says it exists. */
static struct dentry *look_again(struct inode *dir, struct dentry *dentry)
{
	union host_name_buffer buffer;
	struct inode *inode;

	ssi_hostfs_name(dentry, buffer.bytes);
	inode = ssi_hostfs_iget(dir->i_sb, buffer.bytes);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	d_drop(dentry);

	return d_splice_alias(inode, dentry);
}

static int create_or_find(struct inode *dir, struct dentry *dentry,
			  struct file *file, umode_t mode)
{
	struct dentry *found;
	int tries, err;

	for (tries = 0; tries < CREATE_TRIES_MAX; tries++) {
		err = create(dir, dentry, mode);
		if (!err) {
			file->f_mode |= FMODE_CREATED;
			return finish_open(file, dentry, NULL);
		}
		if (err != -EEXIST)
			return err;
		found = look_again(dir, dentry);
		if (found != ERR_PTR(-ENOENT))
			return finish_no_open(file, found);
	}

	return -ESTALE;
}

int coherent_atomic_open(struct inode *dir, struct dentry *dentry,
			 struct file *file, unsigned int flags, umode_t mode)
{
	struct dentry *found;
	int err;

	if (d_in_lookup(dentry)) {
		found = dir->i_op->lookup(dir, dentry, 0);
		if (found || d_really_is_positive(dentry))
			return finish_no_open(file, found);
	}
	if (!(flags & O_CREAT))
		return finish_no_open(file, NULL);
	if (!(flags & O_EXCL))
		return create_or_find(dir, dentry, file, mode);
	err = create(dir, dentry, mode);
	if (err)
		return err;
	file->f_mode |= FMODE_CREATED;

	return finish_open(file, dentry, NULL);
}
