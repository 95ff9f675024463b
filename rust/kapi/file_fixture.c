// SPDX-License-Identifier: GPL-2.0
/*
 * Open files for tests.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include <linux/shmem_fs.h>
#include <linux/ssi_kapi.h>
#include <linux/syscalls.h>
#include <linux/tty.h>
#include <net/net_namespace.h>

int ssi_fixture_pipe(struct file **ends)
{
	return create_pipe_files(ends, 0);
}

struct file *ssi_fixture_regular(void)
{
	struct file *file = shmem_kernel_file_setup("ssi_kunit", 0, EMPTY_VMA_FLAGS);

	if (!IS_ERR(file))
		file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	return file;
}

/* Of a folder of its own; @master is the other end. */
static struct file *ssi_fixture_peer(struct vfsmount *mount, struct file **master)
{
	struct path path = { .mnt = mount };
	struct tty_struct *tty;
	struct path ptmx;
	int error = vfs_path_lookup(mount->mnt_root, mount, "ptmx", 0, &ptmx);

	if (error)
		return ERR_PTR(error);
	*master = dentry_open(&ptmx, O_RDWR | O_NOCTTY, current_cred());
	path_put(&ptmx);
	if (IS_ERR(*master))
		return *master;
	tty = ((struct tty_file_private *)(*master)->private_data)->tty;
	clear_bit(TTY_PTY_LOCK, &tty->flags);
	path.dentry = tty->link->driver_data;
	return dentry_open(&path, O_RDWR | O_NOCTTY, current_cred());
}

struct file *ssi_fixture_terminal(struct file **master)
{
	struct vfsmount *mount = kern_mount(get_fs_type("devpts"));
	struct file *file;

	if (IS_ERR(mount))
		return ERR_CAST(mount);
	file = ssi_fixture_peer(mount, master);
	kern_unmount(mount);
	return file;
}

/* An eventfd that begins at @count. There is no other way to make one than a program has. */
struct file *ssi_fixture_counter(unsigned int count)
{
	int fd = sys_eventfd2(count, 0);
	struct file *file;

	if (fd < 0)
		return ERR_PTR(fd);
	file = fget(fd);
	close_fd(fd);
	return file ?: ERR_PTR(-EBADF);
}

/* Two sockets that are connected, of this @type. */
int ssi_fixture_sockets(int type, struct file **ends)
{
	struct socket *one, *other;
	int error = sock_create_kern(&init_net, AF_UNIX, type, 0, &one);

	if (error)
		return error;
	error = sock_create_kern(&init_net, AF_UNIX, type, 0, &other);
	if (error) {
		sock_release(one);
		return error;
	}
	one->ops->socketpair(one, other);
	ends[0] = sock_alloc_file(one, 0, NULL);
	ends[1] = sock_alloc_file(other, 0, NULL);
	for (int i = 0; i < 2; i++) {
		if (IS_ERR(ends[i])) {
			error = PTR_ERR(ends[i]);
			if (!IS_ERR(ends[!i]))
				fput(ends[!i]);
			return error;
		}
	}
	return 0;
}

u32 ssi_fixture_poll(struct file *file)
{
	return vfs_poll(file, NULL);
}
