// SPDX-License-Identifier: GPL-2.0
/*
 * Processes of other nodes in /proc.
 *
 * A folder of a process that is elsewhere, and all below it, are inodes of the
 * mount that is looked at, with operations that ask the node of the process. What it
 * says is good for the blink of an eye and then asked for again, so that a
 * process that ended is not found. Its folder stands for that process and no later one
 * with the same number. No question is asked while /proc itself is locked, for the node
 * may be slow to answer and everybody needs /proc. Rights are checked twice: here by what the node
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

/*
 * What a walk is told of an @error. A process that is elsewhere by now, at home again for
 * one, as which it ended, is looked for once more from the beginning.
 */
int ssi_remote_error(const struct ssi_remote *remote, int error)
{
	if (error != -ESRCH && error != -ENOENT)
		return error;
	return ssi_proc_node_of(remote->tgid) == remote->node ? error : -ESTALE;
}

/*
 * The same for a file that was found a moment ago: its process has ended, or it is another
 * one to its node than it was to the one before.
 */
int ssi_remote_open_error(struct dentry *dentry, int error)
{
	struct ssi_remote *remote = dentry->d_fsdata;

	if (error != -ESRCH || !ssi_remote_is_fresh(READ_ONCE(remote->since)))
		return ssi_remote_error(remote, error);
	for (; dentry->d_op == &remote_dentry_operations; dentry = dentry->d_parent) {
		remote = dentry->d_fsdata;
		WRITE_ONCE(remote->is_gone, true);
	}
	return -ESTALE;
}

/* A process that ended there was not found; what else is wrong is said. */
static int look(const struct ssi_remote *remote, struct ssi_proc_attributes *attributes)
{
	struct ssi_remote_at at = ssi_remote_at(remote);
	int error = ssi_remote_error(remote, ssi_remote_look(&at, attributes));

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

/* Gives @dentry an inode for @remote; takes @remote. */
static struct dentry *attach(struct dentry *dentry, struct ssi_remote *remote,
			     const struct ssi_proc_attributes *attributes)
{
	struct inode *inode;

	remote->ino = attributes->ino;
	inode = make_inode(dentry->d_sb, remote, attributes);
	if (IS_ERR(inode)) {
		kfree(remote);
		return ERR_CAST(inode);
	}
	inode->i_private = remote;
	dentry->d_fsdata = remote;
	return d_splice_alias_ops(inode, dentry, &remote_dentry_operations);
}

/* What is not known yet is asked for before anybody gets to see it. */
static struct dentry *attach_process(struct dentry *dentry, struct ssi_remote *remote)
{
	static const struct ssi_proc_attributes unknown = {
		.mode = S_IFDIR | 0555,
		.nlink = 2,
	};

	return attach(dentry, remote, &unknown);
}

/* The first answer says which process it is; later ones must be of the same. */
static int note_identity(struct ssi_remote *remote, u64 identity)
{
	u64 before = cmpxchg64(&remote->identity, 0, identity);

	return before && before != identity ? -ENOENT : 0;
}

static struct dentry *attach_file(struct dentry *dentry, struct ssi_remote *parent,
				  struct ssi_remote *remote)
{
	struct ssi_proc_attributes attributes;
	int error;

	remote->identity = READ_ONCE(parent->identity);
	error = look(remote, &attributes) ?: note_identity(parent, attributes.identity);
	if (error) {
		kfree(remote);
		return ERR_PTR(error);
	}
	remote->identity = attributes.identity;
	remote->since = jiffies;
	remote->is_known = true;
	return attach(dentry, remote, &attributes);
}

static struct ssi_remote *make_remote(u8 node, u32 tgid, const char *path)
{
	size_t bytes = strlen(path) + 1;
	struct ssi_remote *remote;

	if (bytes > PATH_BYTES_MAX)
		return NULL;
	remote = kzalloc(struct_size(remote, path, bytes), GFP_KERNEL);
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
	/* What it left here is not it. */
	if (ssi_away_from(current, tgid))
		return ssi_proc_node_of(tgid) ?: -ENOENT;
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
	*result = remote ? attach_process(dentry, remote) : ERR_PTR(-ENOMEM);
	return true;
}

static struct dentry *remote_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct ssi_remote *parent = dentry->d_parent->d_fsdata;
	struct ssi_remote *remote;
	char path[PATH_BYTES_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", parent->path, dentry->d_name.name) >=
	    sizeof(path))
		return ERR_PTR(-ENAMETOOLONG);
	remote = make_remote(parent->node, parent->tgid, path);
	return remote ? attach_file(dentry, parent, remote) : ERR_PTR(-ENOMEM);
}

static bool is_fresh(const struct ssi_remote *remote)
{
	return READ_ONCE(remote->is_known) && ssi_remote_is_fresh(READ_ONCE(remote->since));
}

/*
 * Asks for what @remote is now, if it is not known. When the process that was meant is
 * no more, it is gone for good.
 */
static int refresh(struct inode *inode, struct ssi_remote *remote)
{
	struct ssi_proc_attributes attributes;
	int error;

	if (READ_ONCE(remote->is_gone))
		return -ENOENT;
	if (is_fresh(remote))
		return 0;
	error = look(remote, &attributes) ?: note_identity(remote, attributes.identity);
	if (!error && inode_wrong_type(inode, attributes.mode))
		error = -ENOENT;
	if (error == -ENOENT)
		WRITE_ONCE(remote->is_gone, true);
	if (error)
		return error;
	set_owner(inode, &attributes);
	set_nlink(inode, attributes.nlink);
	WRITE_ONCE(remote->since, jiffies);
	WRITE_ONCE(remote->is_known, true);
	return 0;
}

static int remote_revalidate(struct inode *dir, const struct qstr *name, struct dentry *dentry,
			     unsigned int flags)
{
	struct ssi_remote *remote = dentry->d_fsdata;
	struct inode *inode = d_inode(dentry);
	int error;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	/* What others have open stays; only process 1 is something to both views. */
	if (!ssi_proc_shows_cluster(dentry->d_sb))
		return remote->tgid == 1 ? 0 : -ENOENT;
	if (READ_ONCE(remote->is_gone) || ssi_proc_node_of(remote->tgid) != remote->node)
		return 0;
	/* It comes back. */
	if (remote->tgid == task_tgid_nr(current))
		return 0;
	/* This may be under the lock of /proc; who uses the folder asks. */
	if (inode->i_op == &process_inode_operations)
		return 1;
	error = refresh(inode, remote);
	if (error)
		return error == -ENOENT || error == -ESTALE ? 0 : error;
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
	int error;

	if (mask & MAY_NOT_BLOCK)
		return -ECHILD;
	/* On the way to something below, which is asked for anyway. */
	if (mask == MAY_EXEC && proc_sb_info(inode->i_sb)->hide_pid == HIDEPID_OFF)
		return READ_ONCE(((struct ssi_remote *)inode->i_private)->is_gone) ? -ENOENT : 0;
	error = refresh(inode, inode->i_private);
	if (error)
		return error;
	if (!ssi_proc_shows_all_of(inode->i_sb, inode->i_uid, HIDEPID_NO_ACCESS))
		return proc_sb_info(inode->i_sb)->hide_pid == HIDEPID_NO_ACCESS ? -EPERM : -ENOENT;
	return generic_permission(&nop_mnt_idmap, inode, mask);
}

static int process_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
			   u32 request_mask, unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);
	int error = refresh(inode, inode->i_private);

	if (error)
		return error;
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
	struct ssi_remote_at at;
	ssize_t bytes;
	char *text;

	if (!dentry)
		return ERR_PTR(-ECHILD);
	at = ssi_remote_at(dentry->d_fsdata);
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	bytes = ssi_remote_link(&at, text, PATH_MAX - 1);
	if (bytes <= 0) {
		kfree(text);
		return ERR_PTR(ssi_remote_error(dentry->d_fsdata, bytes) ?: -ENOENT);
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
	struct ssi_remote_at at = ssi_remote_at(ssi_remote_of(file));
	int error;

	if (!dir_emit_dots(file, ctx))
		return 0;
	/* As with an open file, in proc_remote_file.c. */
	scoped_with_creds(file->f_cred)
		error = ssi_remote_list(&at, ctx->pos, ctx);
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
