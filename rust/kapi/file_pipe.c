// SPDX-License-Identifier: GPL-2.0
/*
 * Whole pages of pipes that other nodes use.
 *
 * They change hands without being copied, and without waiting for anybody: a pipe
 * somebody is at is left alone, and is read and written as any other file.
 */
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include "file_home.h"

static const struct pipe_buf_operations page_operations = {
	.release	= generic_pipe_buf_release,
	.try_steal	= generic_pipe_buf_try_steal,
	.get		= generic_pipe_buf_get,
};

/* With its lock, or NULL. A pipe with a name has times that change. */
static struct pipe_inode_info *take_pipe(const struct ssi_home *home, fmode_t mode)
{
	struct file *file = home->file;
	struct pipe_inode_info *pipe;

	if (!(file->f_mode & mode) || file->f_flags & O_DIRECT ||
	    file_inode(file)->i_sb->s_magic != PIPEFS_MAGIC)
		return NULL;
	pipe = get_pipe_info(file, true);
	return pipe && mutex_trylock(&pipe->mutex) ? pipe : NULL;
}

static void put_pages(struct pipe_inode_info *pipe, const struct bio_vec *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		get_page(pieces[i].bv_page);
		*pipe_head_buf(pipe) = (struct pipe_buffer) {
			.page = pieces[i].bv_page,
			.len = pieces[i].bv_len,
			.ops = &page_operations,
		};
		pipe->head++;
	}
}

/*
 * Writes all of @pieces, which begin pages, or nothing: then it is false. Nobody may write
 * to the pages any more. Does not sleep.
 */
bool ssi_home_give(const struct ssi_home *home, const struct bio_vec *pieces, size_t count)
{
	struct pipe_inode_info *pipe = take_pipe(home, FMODE_WRITE);
	bool has_room;

	if (!pipe)
		return false;
	has_room = pipe->readers && pipe_buf_usage(pipe) + count <= pipe->max_usage;
	if (has_room)
		put_pages(pipe, pieces, count);
	mutex_unlock(&pipe->mutex);
	if (has_room) {
		wake_up_interruptible_sync_poll(&pipe->rd_wait, EPOLLIN | EPOLLRDNORM);
		kill_fasync(&pipe->fasync_readers, SIGIO, POLL_IN);
	}
	return has_room;
}

/* One that can go as it is, and is there. */
static bool begins_page(const struct pipe_buffer *buf)
{
	return !buf->offset && buf->len && buf->len <= PAGE_SIZE && !buf->ops->confirm &&
	       !(buf->flags & ~PIPE_BUF_FLAG_CAN_MERGE);
}

static size_t get_pages(struct pipe_inode_info *pipe, struct bio_vec *pieces, size_t count)
{
	size_t number = 0;

	while (number < count && !pipe_is_empty(pipe)) {
		struct pipe_buffer *buf = pipe_buf(pipe, pipe->tail);
		bool is_whole = buf->len == PAGE_SIZE;

		/* Less than a page is not worth it, but for the last. */
		if (!begins_page(buf) || (!number && !is_whole))
			break;
		get_page(buf->page);
		bvec_set_page(&pieces[number++], buf->page, buf->len, 0);
		pipe_buf_release(pipe, buf);
		pipe->tail++;
		if (!is_whole)
			break;
	}
	return number;
}

/*
 * Reads at most @count pages, all of which but the last are full, to @pieces, with a
 * reference of each. Gives how many, 0 if what is there is no page. Does not sleep.
 */
size_t ssi_home_take(const struct ssi_home *home, struct bio_vec *pieces, size_t count)
{
	struct pipe_inode_info *pipe = take_pipe(home, FMODE_READ);
	bool was_full;
	size_t taken;

	if (!pipe)
		return 0;
	was_full = pipe_is_full(pipe);
	taken = get_pages(pipe, pieces, count);
	mutex_unlock(&pipe->mutex);
	if (was_full && taken) {
		wake_up_interruptible_sync_poll(&pipe->wr_wait, EPOLLOUT | EPOLLWRNORM);
		kill_fasync(&pipe->fasync_writers, SIGIO, POLL_OUT);
	}
	return taken;
}
