// SPDX-License-Identifier: GPL-2.0
/*
 * Inodes, each with an fd of its file.
 *
 * What a lookup has found is held by an O_PATH fd from then on, whatever its
 * type, until the inode is evicted; hostfs puts the fd of an open file in its
 * place. So what is done to an inode reaches the very file that was looked up,
 * and the host uses its number for no other file meanwhile.
 */

#include <linux/fs.h>

#include "coherent.h"

void ssi_hostfs_alloc_inode(struct ssi_hostfs_inode *ssi, int *fd,
			    fmode_t *mode)
{
	*ssi = (struct ssi_hostfs_inode){
		.fd = fd,
		.mode = mode,
		.is_racy = true,
		.lock_fd = -1,
	};
	mutex_init(&ssi->lock_mutex);
}

static void hold(struct inode *inode, int fd, fmode_t mode)
{
	struct ssi_hostfs_inode *ssi = ssi_hostfs_inode(inode);

	*ssi->fd = fd;
	*ssi->mode = mode;
	unlock_new_inode(inode);
}

/* The inode of the file that @fd is open for in @mode. Takes the fd. */
struct inode *coherent_iget(struct super_block *sb, int fd, fmode_t mode)
{
	struct inode *inode;
	struct hostfs_stat st;
	int err = stat_file(NULL, &st, fd);

	if (err)
		goto out_close;
	inode = iget5_locked(sb, st.ino, hostfs_inode_test, hostfs_inode_set,
			     &st);
	err = inode ? 0 : -ENOMEM;
	if (err)
		goto out_close;
	if (inode_state_read_once(inode) & I_NEW) {
		hold(inode, fd, mode);
		return inode;
	}
	coherent_refresh(inode);
out_close:
	close_file(&fd);

	return err ? ERR_PTR(err) : inode;
}

struct inode *ssi_hostfs_iget(struct super_block *sb, const char *name)
{
	int fd = host_hold(name);

	return fd < 0 ? ERR_PTR(fd) : coherent_iget(sb, fd, 0);
}
