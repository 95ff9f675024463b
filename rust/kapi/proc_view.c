// SPDX-License-Identifier: GPL-2.0
/*
 * Views of /proc.
 *
 * Who sees the processes of all nodes there, what of this node is hidden from
 * such a viewer, and the listing that merges both kinds, sorted by number.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/personality.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>
#include "proc_remote.h"

/* As in fs/proc: behind the entries that are no processes, "self" and "thread-self". */
#define TGID_OFFSET	(256 + 2)
#define LISTING_END	(PID_MAX_LIMIT + TGID_OFFSET)

bool ssi_proc_on __read_mostly;

/* Whether process 1 of the cluster is the one here; asked for where nobody may sleep. */
static bool init_is_here __read_mostly = true;

void ssi_proc_begin(void)
{
	smp_store_release(&ssi_proc_on, true);
}

void ssi_proc_set_init_here(bool here)
{
	WRITE_ONCE(init_is_here, here);
}

/* Who has a number that other nodes do not know would not find itself. */
bool ssi_proc_shows_cluster(struct super_block *sb)
{
	return ssi_sees_cluster() && !proc_sb_info(sb)->localview &&
	       !(current->personality & PER_SSI_LOCALVIEW) &&
	       task_tgid_nr(current) >= SSI_PIDS_PRIVATE;
}

/*
 * What the mount option hidepid= makes of a process of another node: one may look
 * into one's own. Its value 4 does not ask whether one might trace the process, as it
 * does for those here.
 */
bool ssi_proc_shows_all_of(struct super_block *sb, kuid_t owner, enum proc_hidepid least)
{
	struct proc_fs_info *info = proc_sb_info(sb);

	if (info->hide_pid < least)
		return true;
	if (info->hide_pid != HIDEPID_NOT_PTRACEABLE && in_group_p(info->pid_gid))
		return true;
	return uid_eq(current_fsuid(), owner) || capable(CAP_SYS_PTRACE);
}

/* Must not sleep. A process of another pid namespace is never one of these. */
bool __ssi_proc_skips(struct super_block *sb, struct task_struct *task)
{
	pid_t tgid = task_tgid_nr(task);

	if (!ssi_proc_shows_cluster(sb))
		return false;
	if (tgid == 1)
		return !READ_ONCE(init_is_here);
	return (task->flags & PF_KTHREAD) || tgid < SSI_PIDS_PRIVATE;
}

/* What a process left here that went to another node is not it. */
bool __ssi_proc_hides(struct super_block *sb, struct task_struct *task)
{
	return __ssi_proc_skips(sb, task) ||
	       (ssi_away_from(current, task_tgid_nr(task)) && ssi_proc_shows_cluster(sb));
}

struct listing {
	struct dir_context ctx;		/* what the processes of this node are told to */
	struct dir_context *to;
	struct super_block *sb;
	const u32 *others;		/* sorted */
	size_t count;
	size_t next;
};

static bool is_listed(struct listing *listing, u32 tgid)
{
	struct proc_fs_info *info = proc_sb_info(listing->sb);
	struct ssi_proc_attributes attributes;
	char name[10 + 1];
	struct ssi_remote_at at = { .path = name };
	int node;

	if (info->hide_pid < HIDEPID_INVISIBLE)
		return true;
	if (ssi_proc_shows_all_of(listing->sb, INVALID_UID, HIDEPID_INVISIBLE))
		return true;
	node = ssi_remote_place(tgid);
	if (node <= 0)
		return false;
	snprintf(name, sizeof(name), "%u", tgid);
	at.node = node;
	if (ssi_remote_look(&at, &attributes))
		return false;
	return ssi_proc_shows_all_of(listing->sb, KUIDT_INIT(attributes.uid), HIDEPID_INVISIBLE);
}

/* False when there is no more room: the position is that of what found none. */
static bool emit_others(struct listing *listing, u32 below)
{
	for (; listing->next < listing->count; listing->next++) {
		u32 tgid = listing->others[listing->next];
		char name[10 + 1];
		int bytes;

		if (tgid >= below)
			break;
		if (!is_listed(listing, tgid))
			continue;
		bytes = snprintf(name, sizeof(name), "%u", tgid);
		listing->to->pos = tgid + TGID_OFFSET;
		if (!dir_emit(listing->to, name, bytes, ssi_remote_process_ino(tgid), DT_DIR))
			return false;
	}
	return true;
}

static bool emit_native(struct dir_context *ctx, const char *name, int bytes, loff_t pos,
			u64 ino, unsigned int type)
{
	struct listing *listing = container_of(ctx, struct listing, ctx);

	if (pos >= TGID_OFFSET) {
		u32 tgid = pos - TGID_OFFSET;

		if (!emit_others(listing, tgid))
			return false;
		if (listing->next < listing->count && listing->others[listing->next] == tgid)
			listing->next++;
		if (ssi_away(tgid))
			ino = ssi_remote_process_ino(tgid);
	}
	listing->to->pos = pos;
	return listing->to->actor(listing->to, name, bytes, pos, ino, type);
}

int ssi_proc_merge(struct file *file, struct dir_context *ctx,
		   int (*native)(struct file *, struct dir_context *),
		   const u32 *others, size_t count)
{
	struct listing listing = {
		.ctx = {
			.actor = emit_native,
			.pos = ctx->pos,
			.count = ctx->count,
			.dt_flags_mask = ctx->dt_flags_mask,
		},
		.to = ctx,
		.sb = file_inode(file)->i_sb,
		.others = others,
		.count = count,
	};
	int error;

	while (listing.next < count && others[listing.next] + TGID_OFFSET < ctx->pos)
		listing.next++;
	error = native(file, &listing.ctx);
	/* It stops early only when there was no more room. */
	if (error || listing.ctx.pos < LISTING_END)
		return error;
	if (emit_others(&listing, PID_MAX_LIMIT))
		ctx->pos = LISTING_END;
	return 0;
}

/*
 * What the nodes said before /proc was locked, by the number of the task that is about to
 * list it: the lock is everybody's, and a node may be slow to answer.
 */
struct asked {
	u32 *others;
	size_t count;
};

static DEFINE_XARRAY(all_asked);

static bool is_listing(struct file *file)
{
	struct super_block *sb = file_inode(file)->i_sb;

	return file->f_path.dentry == sb->s_root && !strcmp(sb->s_type->name, "proc") &&
	       proc_pid_ns(sb) == &init_pid_ns && ssi_proc_shows_cluster(sb) &&
	       READ_ONCE(file->f_pos) < LISTING_END;
}

static void free_asked(struct asked *asked)
{
	if (asked)
		kfree(asked->others);
	kfree(asked);
}

/* 1 when @fd is /proc and what it lists is known now, 0 when it is something else. */
int ssi_proc_ask(unsigned int fd)
{
	struct asked *asked;
	int error;

	CLASS(fd, opened)(fd);
	if (fd_empty(opened) || !is_listing(fd_file(opened)))
		return 0;
	asked = kzalloc(sizeof(*asked), GFP_KERNEL);
	if (!asked)
		return -ENOMEM;
	/* Says for the hooks of the listing, too, where process 1 is. */
	ssi_proc_node_of(1);
	error = ssi_remote_processes(&asked->others, &asked->count);
	if (!error)
		error = xa_err(xa_store(&all_asked, task_pid_nr(current), asked, GFP_KERNEL));
	if (error)
		free_asked(asked);
	return error ?: 1;
}

void ssi_proc_forget(void)
{
	free_asked(xa_erase(&all_asked, task_pid_nr(current)));
}

int __ssi_proc_readdir(struct file *file, struct dir_context *ctx,
		       int (*native)(struct file *, struct dir_context *))
{
	struct super_block *sb = file_inode(file)->i_sb;
	struct asked *asked;
	struct asked now = {};
	int error = 0;

	if (!ssi_proc_shows_cluster(sb) || ctx->pos >= LISTING_END ||
	    proc_pid_ns(sb) != &init_pid_ns)
		return native(file, ctx);
	asked = xa_erase(&all_asked, task_pid_nr(current));
	/* Who lists without a system call, a file server of the kernel, has not asked. */
	if (!asked)
		error = ssi_remote_processes(&now.others, &now.count);
	else
		now = *asked;
	if (!error)
		error = ssi_proc_merge(file, ctx, native, now.others, now.count);
	kfree(now.others);
	kfree(asked);
	return error;
}
