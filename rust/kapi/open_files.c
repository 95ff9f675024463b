// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of the running task.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/namei.h>
#include <linux/ssi_kapi.h>

/* The first that is open, from @fd on, and whether it is closed on exec; negative for none. */
int ssi_open_file_next(unsigned int fd, bool *closes)
{
	struct files_struct *files = current->files;

	guard(spinlock)(&files->file_lock);
	for (; fd < files_fdtable(files)->max_fds; fd++) {
		if (files_lookup_fd_locked(files, fd)) {
			*closes = close_on_exec(fd, files);
			return fd;
		}
	}
	return -EBADF;
}

/* Minors of the memory devices that are the same on all nodes, as in drivers/char/mem.c. */
static const char *memory_device(unsigned int minor)
{
	switch (minor) {
	case 3:
		return "/dev/null";
	case 5:
		return "/dev/zero";
	case 7:
		return "/dev/full";
	case 8:
		return "/dev/random";
	case 9:
		return "/dev/urandom";
	}
	return NULL;
}

/* As the working directory: the one with the same name. */
static const char *folder(struct file *file, char *buffer, size_t bytes)
{
	char *path = d_path(&file->f_path, buffer, bytes);

	return IS_ERR(path) || d_unlinked(file_dentry(file)) ? NULL : path;
}

/* Whether another node can have @file of @task, or use it here. */
bool ssi_open_file_travels(struct file *file, struct task_struct *task)
{
	struct inode *inode = file_inode(file);

	if (S_ISDIR(inode->i_mode))
		return !d_unlinked(file_dentry(file));
	if (S_ISCHR(inode->i_mode) && imajor(inode) == MEM_MAJOR && memory_device(iminor(inode)))
		return true;
	return ssi_device_is(file) || ssi_goto_is_of(file, task) || ssi_proxy_of(file) ||
	       ssi_home_is_possible(file);
}

/* The name under which every node has file @fd, NULL if it is one of this node. */
const char *ssi_open_file_everywhere(unsigned int fd, unsigned int *flags, char *buffer,
				     size_t bytes)
{
	struct inode *inode;

	CLASS(fd_raw, file)(fd);
	if (fd_empty(file))
		return NULL;
	inode = file_inode(fd_file(file));
	*flags = fd_file(file)->f_flags;
	if (S_ISDIR(inode->i_mode))
		return folder(fd_file(file), buffer, bytes);
	if (S_ISCHR(inode->i_mode) && imajor(inode) == MEM_MAJOR)
		return memory_device(iminor(inode));
	if (ssi_device_is(fd_file(file)))
		return "/dev/ssi";
	if (ssi_goto_is_of(fd_file(file), current))
		return "/proc/self/goto";
	return NULL;
}

/* Whether it is of a file system that is coherent between nodes, and several may have. */
bool ssi_file_is_shared(const struct inode *inode)
{
	return IS_ENABLED(CONFIG_SSI_HOSTFS) && !strcmp(inode->i_sb->s_type->name, "hostfs");
}

void ssi_file_identify(struct inode *inode, struct ssi_file_identity *identity)
{
	struct timespec64 written = inode_get_mtime(inode);

	identity->ino = inode->i_ino;
	identity->size = i_size_read(inode);
	identity->written = timespec64_to_ns(&written);
}

/*
 * The name under which other nodes may have file @fd: one that is read alone, with an
 * offset and locks nobody else has. NULL if it is none of those.
 */
const char *ssi_open_file_shared(unsigned int fd, struct ssi_opening *opening, char *buffer,
				 size_t bytes)
{
	struct inode *inode;
	struct file *file;
	char *path;

	CLASS(fd_raw, open)(fd);
	if (fd_empty(open))
		return NULL;
	file = fd_file(open);
	inode = file_inode(file);
	if (!S_ISREG(inode->i_mode) || !ssi_file_is_shared(inode) || (file->f_mode & FMODE_WRITE) ||
	    !(file->f_mode & FMODE_READ) || file_count(file) > 1 || locks_inode_context(inode))
		return NULL;
	path = d_path(&file->f_path, buffer, bytes);
	if (IS_ERR(path) || d_unlinked(file_dentry(file)))
		return NULL;
	ssi_file_identify(inode, &opening->identity);
	opening->flags = file->f_flags;
	opening->offset = file->f_pos;
	return path;
}

/* Whether @file is the one with this identity, on a file system both nodes have. */
static bool is_same(struct file *file, const struct ssi_file_identity *identity)
{
	struct inode *inode = file_inode(file);
	struct ssi_file_identity found;

	ssi_file_identify(inode, &found);
	return S_ISREG(inode->i_mode) && ssi_file_is_shared(inode) && found.ino == identity->ino &&
	       found.size == identity->size && found.written == identity->written;
}

/*
 * The file at @path, to be read, if it is the one with this @identity. With the rights of the
 * kernel, so no link is followed; and to open what is no file might do something.
 */
struct file *ssi_file_open_same(const char *path, const struct ssi_file_identity *identity)
{
	struct file *file = ERR_PTR(-ESTALE);
	struct path found;
	int error = kern_path(path, LOOKUP_NO_SYMLINKS, &found);

	if (error)
		return ERR_PTR(error);
	if (S_ISREG(d_inode(found.dentry)->i_mode))
		file = dentry_open(&found, O_RDONLY | O_LARGEFILE, current_cred());
	path_put(&found);
	if (IS_ERR(file) || is_same(file, identity))
		return file;
	fput(file);
	return ERR_PTR(-ESTALE);
}

/* Whether @file is what was meant: the file with this @identity, or what every node has. */
static bool is_meant(struct file *file, const struct ssi_file_identity *identity)
{
	struct inode *inode = file_inode(file);

	if (identity)
		return is_same(file, identity);
	return S_ISDIR(inode->i_mode) || ssi_device_is(file) || ssi_goto_is_of(file, current) ||
	       (S_ISCHR(inode->i_mode) && imajor(inode) == MEM_MAJOR);
}

/*
 * Puts what @path names at @fd, in place of what may be there. With an @identity it must
 * be that file. Does not wait for it: here it may be a pipe.
 */
int ssi_open_file_anew(unsigned int fd, const char *path, const struct ssi_opening *opening,
		       const struct ssi_file_identity *identity)
{
	unsigned int flags = opening->flags;
	struct file *file;
	int error;

	flags &= O_ACCMODE | O_APPEND | O_NONBLOCK | O_LARGEFILE | O_DIRECTORY | O_PATH |
		 O_NOATIME | O_SYNC | O_DSYNC;
	file = filp_open(path, flags | O_NOCTTY | O_NONBLOCK, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	error = -ESTALE;
	if (is_meant(file, identity)) {
		if (!(flags & O_NONBLOCK))
			file->f_flags &= ~O_NONBLOCK;
		if (opening->offset)
			vfs_llseek(file, opening->offset, SEEK_SET);
		error = replace_fd(fd, file, opening->closes ? O_CLOEXEC : 0);
	}
	fput(file);
	return error < 0 ? error : 0;
}
