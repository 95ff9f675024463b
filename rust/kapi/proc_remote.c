// SPDX-License-Identifier: GPL-2.0
/*
 * Processes of other nodes in /proc.
 *
 * A folder of a process that is elsewhere, and all below it, are inodes of the
 * mount that is looked at, with operations that ask the node of the process. An
 * entry is good for the blink of an eye and then asked for again, so that a
 * process that ended is not found. Rights are checked twice: here by what the node
 * said of owner and mode, and there, for who asks.
 */
#include <linux/cred.h>
#include <linux/namei.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "proc_remote.h"

#define PATH_BYTES_MAX	255

static const struct dentry_operations remote_dentry_operations;
static const struct inode_operations process_inode_operations;
static const struct inode_operations dir_inode_operations;
static const struct inode_operations file_inode_operations;
static const struct inode_operations link_inode_operations;
static const struct file_operations dir_operations;

/* A process that ended there was not found; what else is wrong is said. */
static int look(const struct ssi_remote *remote, struct ssi_proc_attributes *attributes)
{
	int error = ssi_remote_look(remote->node, remote->path, attributes);

	return error == -ESRCH ? -ENOENT : error;
}

static void set_owner(struct inode *inode, const struct ssi_proc_attributes *attributes)
{
	inode->i_mode = attributes->mode & ~(S_ISUID | S_ISGID);
	inode->i_uid = KUIDT_INIT(attributes->uid);
	inode->i_gid = KGIDT_INIT(attributes->gid);
}

static struct inode *make_inode(struct super_block *sb, const struct ssi_remote *remote,
				const struct ssi_proc_attributes *attributes)
{
	bool is_process = !strchr(remote->path, '/');
	struct inode *inode = new_inode(sb);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	set_owner(inode, attributes);
	simple_inode_init_ts(inode);
	inode->i_size = min_t(u64, attributes->size, MAX_LFS_FILESIZE);
	inode->i_ino = is_process ? ssi_remote_process_ino(remote->tgid) :
				    ssi_remote_ino(remote->node, remote->ino);
	set_nlink(inode, attributes->nlink);
	switch (inode->i_mode & S_IFMT) {
	case S_IFDIR:
		inode->i_op = is_process ? &process_inode_operations : &dir_inode_operations;
		inode->i_fop = &dir_operations;
		break;
	case S_IFLNK:
		inode->i_op = &link_inode_operations;
		break;
	case S_IFREG:
		inode->i_op = &file_inode_operations;
		inode->i_fop = &ssi_remote_file_operations;
		break;
	default:
		iput(inode);
		return ERR_PTR(-ENOENT);
	}
	return inode;
}

/* Gives @dentry what @remote is there; takes @remote. */
static struct dentry *attach(struct dentry *dentry, struct ssi_remote *remote)
{
	struct ssi_proc_attributes attributes;
	struct inode *inode;
	int error = look(remote, &attributes);

	if (error) {
		kfree(remote);
		return ERR_PTR(error);
	}
	remote->ino = attributes.ino;
	inode = make_inode(dentry->d_sb, remote, &attributes);
	if (IS_ERR(inode)) {
		kfree(remote);
		return ERR_CAST(inode);
	}
	dentry->d_fsdata = remote;
	dentry->d_time = jiffies;
	return d_splice_alias_ops(inode, dentry, &remote_dentry_operations);
}

static struct ssi_remote *make_remote(u8 node, u32 tgid, const char *path)
{
	size_t bytes = strlen(path) + 1;
	struct ssi_remote *remote;

	if (bytes > PATH_BYTES_MAX)
		return NULL;
	remote = kmalloc(struct_size(remote, path, bytes), GFP_KERNEL);
	if (!remote)
		return NULL;
	remote->node = node;
	remote->tgid = tgid;
	memcpy(remote->path, path, bytes);
	return remote;
}

/* The node process @tgid is on, 0 for this one, or an error. */
int ssi_proc_node_of(u32 tgid)
{
	int node = ssi_remote_place(tgid);

	if (tgid == 1)
		ssi_proc_set_init_here(!node);
	return node;
}

static int place_of(struct super_block *sb, u32 tgid)
{
	struct task_struct *task;
	bool is_hidden = false;

	if (tgid == 1)
		return ssi_proc_node_of(1);
	if (tgid < SSI_PIDS_PRIVATE || tgid >= PID_MAX_LIMIT)
		return -ENOENT;
	rcu_read_lock();
	task = find_task_by_pid_ns(tgid, &init_pid_ns);
	if (task)
		is_hidden = __ssi_proc_hides(sb, task);
	rcu_read_unlock();
	if (task)
		return is_hidden ? -ENOENT : 0;
	return ssi_proc_node_of(tgid);
}

bool __ssi_proc_lookup(struct dentry *dentry, unsigned int tgid, struct dentry **result)
{
	struct ssi_remote *remote;
	char path[10 + 1];
	int node;

	if (!ssi_proc_shows_cluster(dentry->d_sb) || proc_pid_ns(dentry->d_sb) != &init_pid_ns)
		return false;
	node = place_of(dentry->d_sb, tgid);
	if (!node)
		return false;
	if (node < 0) {
		*result = ERR_PTR(node);
		return true;
	}
	snprintf(path, sizeof(path), "%u", tgid);
	remote = make_remote(node, tgid, path);
	*result = remote ? attach(dentry, remote) : ERR_PTR(-ENOMEM);
	return true;
}

static struct dentry *remote_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	const struct ssi_remote *parent = dentry->d_parent->d_fsdata;
	struct ssi_remote *remote;
	char path[PATH_BYTES_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", parent->path, dentry->d_name.name) >=
	    sizeof(path))
		return ERR_PTR(-ENAMETOOLONG);
	remote = make_remote(parent->node, parent->tgid, path);
	return remote ? attach(dentry, remote) : ERR_PTR(-ENOMEM);
}

static int remote_revalidate(struct inode *dir, const struct qstr *name, struct dentry *dentry,
			     unsigned int flags)
{
	struct ssi_remote *remote = dentry->d_fsdata;
	struct ssi_proc_attributes attributes;
	struct inode *inode = d_inode(dentry);
	int error;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	/* What others have open stays; only process 1 is something to both views. */
	if (!ssi_proc_shows_cluster(dentry->d_sb))
		return remote->tgid == 1 ? 0 : -ENOENT;
	if (ssi_proc_node_of(remote->tgid) != remote->node)
		return 0;
	if (ssi_remote_is_fresh(READ_ONCE(dentry->d_time)))
		return 1;
	error = look(remote, &attributes);
	if (error)
		return error == -ENOENT ? 0 : error;
	/* The number may be that of another process by now. */
	if (attributes.ino != remote->ino || inode_wrong_type(inode, attributes.mode))
		return 0;
	set_owner(inode, &attributes);
	WRITE_ONCE(dentry->d_time, jiffies);
	return 1;
}

static void remote_release(struct dentry *dentry)
{
	kfree(dentry->d_fsdata);
}

static const struct dentry_operations remote_dentry_operations = {
	.d_revalidate	= remote_revalidate,
	.d_delete	= always_delete_dentry,
	.d_release	= remote_release,
};

static int process_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	if (!ssi_proc_shows_all_of(inode->i_sb, inode->i_uid, HIDEPID_NO_ACCESS))
		return proc_sb_info(inode->i_sb)->hide_pid == HIDEPID_NO_ACCESS ? -EPERM : -ENOENT;
	return generic_permission(&nop_mnt_idmap, inode, mask);
}

static int process_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
			   u32 request_mask, unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);

	if (!ssi_proc_shows_all_of(inode->i_sb, inode->i_uid, HIDEPID_INVISIBLE))
		return -ENOENT;
	generic_fillattr(&nop_mnt_idmap, request_mask, inode, stat);
	return 0;
}

/* Truncating does nothing, and owner and mode are what the process says. */
static int remote_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	if (attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
		return -EPERM;
	return setattr_prepare(&nop_mnt_idmap, dentry, attr);
}

static const char *remote_get_link(struct dentry *dentry, struct inode *inode,
				   struct delayed_call *done)
{
	const struct ssi_remote *remote;
	ssize_t bytes;
	char *text;

	if (!dentry)
		return ERR_PTR(-ECHILD);
	remote = dentry->d_fsdata;
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	bytes = ssi_remote_link(remote->node, remote->path, text, PATH_MAX - 1);
	if (bytes <= 0) {
		kfree(text);
		return ERR_PTR(bytes ?: -ENOENT);
	}
	text[bytes] = 0;
	set_delayed_call(done, kfree_link, text);
	return text;
}

/*
 * Called back by ssi_remote_list() for each entry. False when there is no more
 * room. A peer that does not advance cannot make a reader go in circles.
 */
bool ssi_remote_emit(struct dir_context *ctx, u8 node, const char *name, size_t bytes, u64 ino,
		     u8 type, u64 next)
{
	bool is_dots = bytes && bytes <= 2 && !memcmp(name, "..", bytes);

	if (!is_dots && !dir_emit(ctx, name, bytes, ssi_remote_ino(node, ino), type))
		return false;
	ctx->pos = max_t(loff_t, next, ctx->pos + 1);
	return true;
}

static int remote_iterate(struct file *file, struct dir_context *ctx)
{
	const struct ssi_remote *remote = ssi_remote_of(file);
	int error;

	if (!dir_emit_dots(file, ctx))
		return 0;
	/* As with an open file, in proc_remote_file.c. */
	scoped_with_creds(file->f_cred)
		error = ssi_remote_list(remote->node, remote->path, ctx->pos, ctx);
	return error == -ESRCH ? -ENOENT : error;
}

static const struct inode_operations process_inode_operations = {
	.lookup		= remote_lookup,
	.permission	= process_permission,
	.getattr	= process_getattr,
	.setattr	= remote_setattr,
};

static const struct inode_operations dir_inode_operations = {
	.lookup		= remote_lookup,
	.setattr	= remote_setattr,
};

static const struct inode_operations file_inode_operations = {
	.setattr	= remote_setattr,
};

static const struct inode_operations link_inode_operations = {
	.get_link	= remote_get_link,
	.setattr	= remote_setattr,
};

static const struct file_operations dir_operations = {
	.read		= generic_read_dir,
	.iterate_shared	= remote_iterate,
	.llseek		= generic_file_llseek,
};
