/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remote entries of /proc.
 *
 * What proc_view.c, proc_remote.c and proc_remote_file.c share.
 */
#ifndef _SSI_PROC_REMOTE_H
#define _SSI_PROC_REMOTE_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/proc_fs.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>

/*
 * A dentry's file on another node; d_fsdata, and i_private of the folder of a
 * process. Such a folder is made without asking whether there is one: what asks does so
 * without a lock on /proc, and then fills in the first three.
 */
struct ssi_remote {
	u64 identity;		/* of the process, set once; 0 before */
	unsigned long since;	/* when the node was asked last, in jiffies */
	bool is_known;		/* it was asked, and the process was there */
	bool is_gone;		/* the process that was meant is no more */
	u64 ino;		/* there */
	u32 tgid;
	u8 node;
	char path[];		/* relative to /proc */
};

/* How long what another node said is taken for true, in jiffies. */
#define SSI_REMOTE_FRESH	2

static inline bool ssi_remote_is_fresh(unsigned long since)
{
	return time_in_range(jiffies, since, since + SSI_REMOTE_FRESH);
}

/* Numbers of native inodes have 32 bits. */
static inline u64 ssi_remote_ino(u8 node, u64 ino)
{
	return (u64)node << 40 | (ino & (BIT_ULL(39) - 1));
}

/* Known without asking, so that a listing of /proc says what stat(2) says. */
static inline u64 ssi_remote_process_ino(u32 tgid)
{
	return BIT_ULL(39) | tgid;
}

static inline struct ssi_remote_at ssi_remote_at(const struct ssi_remote *remote)
{
	return (struct ssi_remote_at) {
		.identity = READ_ONCE(remote->identity),
		.path = remote->path,
		.node = remote->node,
	};
}

static inline struct ssi_remote *ssi_remote_of(const struct file *file)
{
	return file->f_path.dentry->d_fsdata;
}

extern const struct file_operations ssi_remote_file_operations;

/* proc_view.c */

bool ssi_proc_shows_cluster(struct super_block *sb);
bool ssi_proc_shows_all_of(struct super_block *sb, kuid_t owner, enum proc_hidepid least);

/* proc_remote.c */

int ssi_proc_node_of(u32 tgid);
int ssi_remote_error(const struct ssi_remote *remote, int error);
int ssi_remote_open_error(struct dentry *dentry, int error);

#endif /* _SSI_PROC_REMOTE_H */
