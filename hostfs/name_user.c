// SPDX-License-Identifier: GPL-2.0
/*
 * Opening, making and removing.
 *
 * With attr_user.c and file_user.c this takes the place of hostfs_user.c: the
 * same functions, declared in hostfs.h, for names of the form host_name.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "name_user.h"

int host_hold(const char *name)
{
	int fd;

	if (is_root_path(name))
		return host_open_root(name);
	fd = openat64(ENTRY(name), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int access_file(char *path, int r, int w, int x)
{
	int mode = (r ? R_OK : 0) | (w ? W_OK : 0) | (x ? X_OK : 0);

	return OUTCOME(access(self_path(path).text, mode));
}

int open_file(char *path, int r, int w, int append)
{
	int mode = w ? (r ? O_RDWR : O_WRONLY) : O_RDONLY;
	int fd;

	if (append)
		mode |= O_APPEND;
	fd = open64(self_path(path).text, mode | O_KERNEL);
	return fd < 0 ? -errno : fd;
}

int file_create(char *name, int mode)
{
	int fd = openat64(ENTRY(name), O_CREAT | O_EXCL | O_RDWR | O_KERNEL,
			  mode);

	return fd < 0 ? -errno : fd;
}

void *open_dir(char *path, int *err_out)
{
	DIR *dir = NULL;
	int fd;

	fd = open64(self_path(path).text, O_RDONLY | O_DIRECTORY | O_KERNEL);
	if (fd >= 0)
		dir = fdopendir(fd);
	*err_out = errno;
	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

void seek_dir(void *stream, unsigned long long pos)
{
	seekdir(stream, pos);
}

char *read_dir(void *stream, unsigned long long *pos_out,
	       unsigned long long *ino_out, int *len_out,
	       unsigned int *type_out)
{
	struct dirent *ent = readdir(stream);

	if (!ent)
		return NULL;
	*len_out = strlen(ent->d_name);
	*ino_out = ent->d_ino;
	*type_out = ent->d_type;
	*pos_out = ent->d_off;
	return ent->d_name;
}

void close_dir(void *stream)
{
	closedir(stream);
}

int make_symlink(const char *from, const char *to)
{
	return OUTCOME(symlinkat(to, ENTRY(from)));
}

int unlink_file(const char *file)
{
	return OUTCOME(unlinkat(ENTRY(file), 0));
}

int do_mkdir(const char *file, int mode)
{
	return OUTCOME(mkdirat(ENTRY(file), mode));
}

int hostfs_do_rmdir(const char *file)
{
	return OUTCOME(unlinkat(ENTRY(file), AT_REMOVEDIR));
}

int do_mknod(const char *file, int mode, unsigned int major, unsigned int minor)
{
	return OUTCOME(mknodat(ENTRY(file), mode, os_makedev(major, minor)));
}

int link_file(const char *to, const char *from)
{
	return OUTCOME(linkat(AT_FDCWD, self_path(to).text, ENTRY(from),
			      AT_SYMLINK_FOLLOW));
}

int hostfs_do_readlink(char *file, char *buf, int size)
{
	int n;

	/* The root of a mount is never a link. */
	if (is_root_path(file))
		return -EINVAL;
	n = readlinkat(host_name(file)->self, "", buf, size);
	if (n < 0)
		return -errno;
	if (n < size)
		buf[n] = '\0';
	return n;
}

int rename_file(char *from, char *to)
{
	return OUTCOME(renameat(ENTRY(from), ENTRY(to)));
}

int rename2_file(char *from, char *to, unsigned int flags)
{
	return OUTCOME(renameat2(ENTRY(from), ENTRY(to), flags));
}
