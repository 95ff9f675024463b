// SPDX-License-Identifier: GPL-2.0
/*
 * Pseudo terminals of other nodes, by name.
 *
 * Their numbers are unique in the cluster, so /dev/pts/N is the same terminal on all nodes.
 * The entry of one of another node is made when it is looked for, is not kept, and asks
 * that node for everything: whether there is such a terminal, too.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/stat.h>
#include <linux/uidgid.h>

/* Digits of the largest number there is: as many as a device has minor numbers. */
#define DIGITS_MAX	7

static u8 ssi_pts_node(u32 index)
{
	return index % SSI_PTY_NODES + 1;
}

static bool ssi_pts_is_ours(u32 index)
{
	return ssi_pts_node(index) == ssi_pid_first / SSI_PIDS_PRIVATE;
}

/* Where it is looked for */

/* The number @name is, written as in /dev/pts. */
static bool ssi_pts_number(const struct qstr *name, u32 *index)
{
	*index = 0;
	if (!name->len || name->len > DIGITS_MAX || (name->len > 1 && *name->name == '0'))
		return false;
	for (u32 i = 0; i < name->len; i++) {
		if (name->name[i] < '0' || name->name[i] > '9')
			return false;
		*index = *index * 10 + name->name[i] - '0';
	}
	return *index <= MINORMASK;
}

static u32 ssi_pts_index(const struct inode *inode)
{
	return MINOR(inode->i_rdev);
}

/* What its node says of it, now. */
static int ssi_pts_look(struct inode *inode, struct ssi_file_status *status)
{
	u32 index = ssi_pts_index(inode);
	int error = ssi_pts_elsewhere(index, ssi_pts_node(index), status);

	if (error)
		return error;
	inode->i_mode = S_IFCHR | (status->mode & 0777);
	inode->i_uid = make_kuid(&init_user_ns, status->uid);
	inode->i_gid = make_kgid(&init_user_ns, status->gid);
	return 0;
}

static int ssi_pts_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	struct ssi_file_status status;
	int error;

	if (mask & MAY_NOT_BLOCK)
		return -ECHILD;
	error = ssi_pts_look(inode, &status);
	return error ?: generic_permission(idmap, inode, mask);
}

/* As fstat(2) says of one that is open: see ttyname(3). */
static int ssi_pts_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
			   u32 mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct ssi_file_status status;
	int error = ssi_pts_look(inode, &status);

	if (error)
		return error;
	generic_fillattr(idmap, mask, inode, stat);
	stat->dev = ssi_proxy_mount()->mnt_sb->s_dev;
	stat->atime = ns_to_timespec64(status.accessed);
	stat->mtime = ns_to_timespec64(status.modified);
	stat->ctime = ns_to_timespec64(status.changed);
	stat->blksize = status.block_bytes;
	return 0;
}

static const struct inode_operations pts_inode_operations = {
	.permission	= ssi_pts_permission,
	.getattr	= ssi_pts_getattr,
};

static int ssi_pts_open(struct inode *inode, struct file *file)
{
	u32 index = ssi_pts_index(inode);

	return ssi_pts_open_elsewhere(index, ssi_pts_node(index), file, file->f_flags);
}

static const struct file_operations pts_file_operations = {
	.open	= ssi_pts_open,
	.llseek	= noop_llseek,
};

/* It is gone with its last user, as all in this folder. */
static struct dentry *ssi_pts_lookup(struct inode *folder, struct dentry *dentry,
				     unsigned int flags)
{
	struct inode *inode;
	u32 index;

	if (!ssi_pts_number(&dentry->d_name, &index) || ssi_pts_is_ours(index) ||
	    !ssi_proxy_mount())
		return simple_lookup(folder, dentry, flags);
	inode = new_inode(folder->i_sb);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	/* As devpts_pty_new() has it. */
	inode->i_ino = index + 3;
	init_special_inode(inode, S_IFCHR, MKDEV(UNIX98_PTY_SLAVE_MAJOR, index));
	inode->i_op = &pts_inode_operations;
	inode->i_fop = &pts_file_operations;
	simple_inode_init_ts(inode);
	d_add(dentry, inode);
	return NULL;
}

const struct inode_operations ssi_pts_folder_operations = {
	.lookup	= ssi_pts_lookup,
};

/* Where it is */

/* The name the first process of this node has it by. */
static int ssi_pts_path(u32 index, struct path *path)
{
	struct path root = {};
	char name[24];
	int error;

	if (!ssi_pts_is_ours(index))
		return -ENOENT;
	scoped_guard(rcu) {
		struct task_struct *first = init_pid_ns.child_reaper;

		task_lock(first);
		if (first->fs)
			get_fs_root(first->fs, &root);
		task_unlock(first);
	}
	if (!root.dentry)
		return -ENOENT;
	snprintf(name, sizeof(name), "dev/pts/%u", index);
	error = vfs_path_lookup(root.dentry, root.mnt, name, 0, path);
	path_put(&root);
	if (error || path->dentry->d_sb->s_magic == DEVPTS_SUPER_MAGIC)
		return error;
	path_put(path);
	return -ENOENT;
}

/* May sleep. */
int ssi_pts_status(u32 index, struct ssi_file_status *out)
{
	struct path path;
	int error = ssi_pts_path(index, &path);

	if (error)
		return error;
	error = ssi_path_status(&path, out);
	path_put(&path);
	return error;
}

/* With the rights of @user, who was seen to be allowed to. May sleep. */
struct file *ssi_pts_opened(u32 index, unsigned int flags, u32 user)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	struct file *file;
	struct path path;
	int error;

	if (!cred)
		return ERR_PTR(-ENOMEM);
	cred->uid = cred->euid = cred->suid = cred->fsuid = make_kuid(&init_user_ns, user);
	cap_clear(cred->cap_effective);
	cap_clear(cred->cap_permitted);
	error = uid_valid(cred->uid) ? ssi_pts_path(index, &path) : -EINVAL;
	file = ERR_PTR(error);
	if (!error) {
		file = dentry_open(&path, (flags & O_ACCMODE) | O_NOCTTY | O_LARGEFILE, cred);
		path_put(&path);
	}
	put_cred(cred);
	return file;
}
