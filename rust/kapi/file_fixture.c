// SPDX-License-Identifier: GPL-2.0
/*
 * Open files for tests.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include <linux/shmem_fs.h>
#include <linux/ssi_kapi.h>

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

u32 ssi_fixture_poll(struct file *file)
{
	return vfs_poll(file, NULL);
}
