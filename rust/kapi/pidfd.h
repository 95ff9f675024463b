/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pidfds across nodes, in C.
 */
#ifndef _SSI_PIDFD_H
#define _SSI_PIDFD_H

#include <linux/fs.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/wait.h>

/* What is never undone. */
enum ssi_pid_life {
	SSI_PID_RUNS,
	SSI_PID_ENDED,
	SSI_PID_GONE,
};

/* pidfd.c: one of a process that another node tells of. */
struct ssi_pidfd {
	wait_queue_head_t wait;
	refcount_t references;
	u64 token;
	u32 pid;
	bool is_thread;
	int life;
};

struct ssi_pidfd *ssi_pidfd_new(u64 token, u32 pid, bool is_thread);
void ssi_pidfd_get(struct ssi_pidfd *pidfd);
void ssi_pidfd_put(struct ssi_pidfd *pidfd);
struct ssi_pidfd *ssi_pidfd_of(int fd);
const struct ssi_pidfd *ssi_pidfd_in(const struct file *file);
int ssi_pidfd_install(struct ssi_pidfd *pidfd, unsigned int flags);
void ssi_pidfd_tell(struct ssi_pidfd *pidfd, enum ssi_pid_life life);
enum ssi_pid_life ssi_pidfd_life(struct ssi_pidfd *pidfd);
u64 ssi_pid_identity(u32 nr);

/* Whom a pidfd of this kernel is of. */
struct ssi_native {
	u64 identity;
	u32 pid;
	bool is_thread;
};

bool ssi_pidfd_native(int fd, struct ssi_native *native);

/* pidfd.rs */
void ssi_pidfd_closed(u64 token);

/* pid_watch.c: a process here whose end another node waits for. */
struct ssi_pid_watch;

struct ssi_pid_watch *ssi_pid_watch_new(u32 nr, bool is_thread, u8 client, u64 token);
void ssi_pid_watch_end(struct ssi_pid_watch *watch);
u64 ssi_pid_watch_identity(const struct ssi_pid_watch *watch);
enum ssi_pid_life ssi_pid_watch_life(const struct ssi_pid_watch *watch);

/* pid_watch.rs: a thread of the kernel tells. */
void ssi_pid_changed(u8 client, u64 token, enum ssi_pid_life life);

#endif /* _SSI_PIDFD_H */
