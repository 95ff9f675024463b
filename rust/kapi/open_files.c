// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of the running task.
 */
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/ssi_kapi.h>

/* The first that stays open when a program is executed, from @fd on; negative for none. */
int ssi_open_file_next(unsigned int fd)
{
	struct files_struct *files = current->files;

	guard(spinlock)(&files->file_lock);
	for (; fd < files_fdtable(files)->max_fds; fd++)
		if (files_lookup_fd_locked(files, fd) && !close_on_exec(fd, files))
			return fd;
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
	return NULL;
}

/* Puts what @path names at @fd, in place of what may be there. */
int ssi_open_file_anew(unsigned int fd, const char *path, unsigned int flags, u64 offset)
{
	struct file *file;
	int error;

	flags &= O_ACCMODE | O_APPEND | O_NONBLOCK | O_LARGEFILE | O_DIRECTORY | O_PATH |
		 O_NOATIME | O_SYNC | O_DSYNC;
	file = filp_open(path, flags | O_NOCTTY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (offset)
		vfs_llseek(file, offset, SEEK_SET);
	error = replace_fd(fd, file, 0);
	fput(file);
	return error < 0 ? error : 0;
}
