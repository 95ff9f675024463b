/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The locks a node holds on the host.
 *
 * Everything here is called with ssi_hostfs_inode.lock_mutex held.
 */
#ifndef SSI_HOSTFS_LOCK_H
#define SSI_HOSTFS_LOCK_H

#include <linux/filelock.h>

#include "host.h"

enum host_lock host_lock_of(const struct file_lock *fl);
struct host_range host_range_of(const struct file_lock *fl);

/* The fd this node's locks hang on, opened when it is first needed. */
int host_lock_fd(struct inode *inode);

/*
 * Makes the host's locks what the local ones of @fl's kind are: of byte ranges
 * those in @range.
 */
void settle_host_locks(struct inode *inode, const struct file_lock *fl,
		       const struct host_range *range);

#endif
