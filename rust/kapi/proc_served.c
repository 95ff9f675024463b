// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /proc for other nodes.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/ssi_kapi.h>
#include <linux/stat.h>

/* A mount of our own: no user's mounts on it, no options of theirs. */
static struct vfsmount *ssi_proc_mount(void)
{
	static DEFINE_MUTEX(lock);
	static struct vfsmount *proc;
	struct file_system_type *type;
	struct vfsmount *made;

	guard(mutex)(&lock);
	if (proc)
		return proc;
	type = get_fs_type("proc");
	if (!type)
		return ERR_PTR(-ENODEV);
	made = kern_mount(type);
	put_filesystem(type);
	if (!IS_ERR(made))
		proc = made;
	return made;
}

/* No link is followed, so that the path does not leave the mount. */
static int ssi_proc_find(const char *name, struct path *path)
{
	struct vfsmount *proc = ssi_proc_mount();

	if (IS_ERR(proc))
		return PTR_ERR(proc);
	return vfs_path_lookup(proc->mnt_root, proc, name, LOOKUP_NO_SYMLINKS | LOOKUP_NO_XDEV,
			       path);
}

static struct file *ssi_proc_open(const char *name, umode_t type, int flags)
{
	struct path path __free(path_put) = {};
	umode_t found;
	int error;

	error = ssi_proc_find(name, &path);
	if (error)
		return ERR_PTR(error);
	found = d_inode(path.dentry)->i_mode & S_IFMT;
	if (found == S_IFLNK)
		return ERR_PTR(-ELOOP);
	if (found != type)
		return ERR_PTR(found == S_IFDIR ? -EISDIR : -ENOTDIR);
	error = path_permission(&path, ACC_MODE(flags) | MAY_OPEN);
	if (error)
		return ERR_PTR(error);
	return dentry_open(&path, flags | O_LARGEFILE | O_NONBLOCK, current_cred());
}

int ssi_proc_look(const char *name, struct ssi_proc_attributes *attributes)
{
	struct path path __free(path_put) = {};
	struct kstat stat;
	int error;

	error = ssi_proc_find(name, &path);
	if (error)
		return error;
	error = vfs_getattr(&path, &stat, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT);
	if (error)
		return error;
	*attributes = (struct ssi_proc_attributes) {
		.mode = stat.mode,
		.uid = from_kuid(&init_user_ns, stat.uid),
		.gid = from_kgid(&init_user_ns, stat.gid),
		.nlink = stat.nlink,
		.size = stat.size,
		.ino = stat.ino,
	};
	return 0;
}

ssize_t ssi_proc_read(const char *name, u64 offset, unsigned long to, size_t bytes)
{
	struct file *file = ssi_proc_open(name, S_IFREG, O_RDONLY);
	loff_t position = offset;
	ssize_t result = 0;
	size_t done;

	if (IS_ERR(file))
		return PTR_ERR(file);
	/* Many files give a page or a record at a time. */
	for (done = 0; done < bytes; done += result) {
		result = vfs_read(file, (char __user *)(to + done), bytes - done, &position);
		if (result <= 0)
			break;
	}
	/* fput() would leave the end of it to later, and to somebody else. */
	__fput_sync(file);
	return done ? done : result;
}

/* From the beginning, and without user memory: a file with read_iter. */
ssize_t ssi_proc_read_kernel(const char *name, void *to, size_t bytes)
{
	struct file *file = ssi_proc_open(name, S_IFREG, O_RDONLY);
	loff_t position = 0;
	ssize_t result = 0;
	size_t done;

	if (IS_ERR(file))
		return PTR_ERR(file);
	for (done = 0; done < bytes; done += result) {
		result = kernel_read(file, to + done, bytes - done, &position);
		if (result <= 0)
			break;
	}
	__fput_sync(file);
	return done ? done : result;
}

/*
 * What a file takes is judged by what current is, not only by what it acts as: see
 * has_capability_noaudit() in __set_oom_adj(). So the caller's are its credentials in
 * every respect while it writes.
 */
static ssize_t ssi_proc_write_as(struct file *file, const char __user *from, size_t bytes,
				 loff_t *position)
{
	const struct cred *before = current->real_cred;
	ssize_t result;

	rcu_assign_pointer(current->real_cred, get_cred(current_cred()));
	result = vfs_write(file, from, bytes, position);
	put_cred(rcu_replace_pointer(current->real_cred, before, true));
	return result;
}

ssize_t ssi_proc_write(const char *name, u64 offset, unsigned long from, size_t bytes)
{
	struct file *file = ssi_proc_open(name, S_IFREG, O_WRONLY);
	loff_t position = offset;
	ssize_t result;

	if (IS_ERR(file))
		return PTR_ERR(file);
	result = ssi_proc_write_as(file, (const char __user *)from, bytes, &position);
	__fput_sync(file);
	return result;
}

ssize_t ssi_proc_link(const char *name, unsigned long to, size_t bytes)
{
	struct path path __free(path_put) = {};
	int error;

	error = ssi_proc_find(name, &path);
	if (error)
		return error;
	if (!d_is_symlink(path.dentry))
		return -EINVAL;
	return vfs_readlink(path.dentry, (char __user *)to, bytes);
}

struct ssi_listing {
	struct dir_context context;
	ssi_proc_entry entry;
	void *data;
};

/* procfs numbers the entries of a folder so that the one behind is at least one more. */
static bool ssi_proc_actor(struct dir_context *context, const char *name, int bytes,
			   loff_t offset, u64 ino, unsigned int type)
{
	struct ssi_listing *listing = container_of(context, struct ssi_listing, context);

	return listing->entry(listing->data, name, bytes, ino, type, offset + 1);
}

int ssi_proc_list(const char *name, u64 from, ssi_proc_entry entry, void *data)
{
	struct ssi_listing listing = {
		.context.actor = ssi_proc_actor,
		.context.count = INT_MAX,
		.entry = entry,
		.data = data,
	};
	struct file *file = ssi_proc_open(name, S_IFDIR, O_RDONLY | O_DIRECTORY);
	loff_t position;
	int error;

	if (IS_ERR(file))
		return PTR_ERR(file);
	position = vfs_llseek(file, from, SEEK_SET);
	error = position < 0 ? position : iterate_dir(file, &listing.context);
	__fput_sync(file);
	return error;
}
