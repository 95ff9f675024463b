/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks of the Single System Image.
 *
 * The only SSI header a C file of the kernel includes. A hook is a static
 * inline that tests one variable and calls an out-of-line worker; with the
 * switch off it is an empty stub.
 */
#ifndef _LINUX_SSI_H
#define _LINUX_SSI_H

#include <linux/types.h>

struct dentry;
struct dir_context;
struct file;
struct file_operations;
struct inode_operations;
struct fown_struct;
struct kernel_siginfo;
struct pid;
struct pid_namespace;
struct pt_regs;
struct seq_file;
struct super_block;
struct task_struct;

/* Flag of personality(2): the task sees the processes of its node alone in /proc. */
#define PER_SSI_LOCALVIEW	0x10000000

/* Another one: the task does not want to be moved to another node but by itself. */
#define PER_SSI_PINNED		0x20000000

/* Processes with lower numbers are private to their node; but process 1 is not. */
#define SSI_PIDS_PRIVATE	0x10000

/* Nodes that numbers of pseudo terminals tell apart. */
#define SSI_PTY_NODES		64

/* Of kernel/exit.c: takes its address space from a task whose program is elsewhere. */
void exit_mm(void);

#ifdef CONFIG_SSI_VPROC
#include <linux/compiler.h>

extern struct pid_namespace init_pid_ns;

/* Pids of this node: first to end - 1. Both are 0 on a kernel that is no node. */
extern int ssi_pid_first;
extern int ssi_pid_end;

/* Indexed by the number of a system call: those that may mean another node. */
extern bool ssi_syscall_hooked[];

bool __ssi_syscall(unsigned int nr, struct pt_regs *regs, unsigned long *ret);

/* Where the next pid of @ns is looked for. Called under pidmap_lock. */
static inline void ssi_pid_range(struct pid_namespace *ns, int *min, int *end)
{
	if (ssi_pid_end && ns == &init_pid_ns) {
		*min = ssi_pid_first;
		*end = ssi_pid_end;
	}
}

/*
 * Whether system call @nr was made elsewhere; then @ret is its result. The
 * caller holds no lock. May sleep.
 */
static inline bool ssi_syscall(unsigned int nr, struct pt_regs *regs, unsigned long *ret)
{
	return unlikely(ssi_syscall_hooked[nr]) && __ssi_syscall(nr, regs, ret);
}

/* Whether /proc has processes of other nodes. */
extern bool ssi_proc_on;

bool __ssi_proc_lookup(struct dentry *dentry, unsigned int tgid, struct dentry **result);
bool __ssi_proc_hides(struct super_block *sb, struct task_struct *task);
bool __ssi_proc_skips(struct super_block *sb, struct task_struct *task);
int __ssi_proc_readdir(struct file *file, struct dir_context *ctx,
		       int (*native)(struct file *, struct dir_context *));

/* Whether @result says what @dentry, named after process @tgid, is. May sleep. */
static inline bool ssi_proc_lookup(struct dentry *dentry, unsigned int tgid,
				   struct dentry **result)
{
	return ssi_proc_on && __ssi_proc_lookup(dentry, tgid, result);
}

/*
 * Whether @task, of this node, is not in the running task's view of @sb, a mount of
 * proc. Any context.
 */
static inline bool ssi_proc_hides(struct super_block *sb, struct task_struct *task)
{
	return ssi_proc_on && __ssi_proc_hides(sb, task);
}

/* As ssi_proc_hides(), for a listing: one that is going to another node is in it. */
static inline bool ssi_proc_skips(struct super_block *sb, struct task_struct *task)
{
	return ssi_proc_on && __ssi_proc_skips(sb, task);
}

/* Lists the processes; @native those of this node. May sleep. */
static inline int ssi_proc_readdir(struct file *file, struct dir_context *ctx,
				   int (*native)(struct file *, struct dir_context *))
{
	return ssi_proc_on ? __ssi_proc_readdir(file, ctx, native) : native(file, ctx);
}

/* Whether there ever was a process here whose parent is on another node. */
extern bool ssi_has_guests;

pid_t __ssi_ppid(struct task_struct *task, pid_t ppid);

/* The parent of @task in the cluster; @ppid is what it has here. Any context. */
static inline pid_t ssi_ppid(struct task_struct *task, pid_t ppid)
{
	return READ_ONCE(ssi_has_guests) ? __ssi_ppid(task, ppid) : ppid;
}

bool __ssi_keeps_group(struct task_struct *task, bool keeps);

/*
 * Whether @task's parent keeps its process group from being orphaned; @keeps if the parent
 * it has here does. Any context.
 */
static inline bool ssi_keeps_group(struct task_struct *task, bool keeps)
{
	return READ_ONCE(ssi_has_guests) ? __ssi_keeps_group(task, keeps) : keeps;
}

/* Whether a group may have members on other nodes: a process came or went. */
extern bool ssi_groups_span;

int __ssi_group_signal(struct pid *pgrp, int sig, struct kernel_siginfo *info, int result);

/*
 * The kernel sent @sig to all of group @pgrp that are here, which gave @result. Gives what
 * it is with members on other nodes. Called under tasklist_lock.
 */
static inline int ssi_group_signal(struct pid *pgrp, int sig, struct kernel_siginfo *info,
				   int result)
{
	return READ_ONCE(ssi_groups_span) ? __ssi_group_signal(pgrp, sig, info, result) : result;
}

#ifdef CONFIG_SSI_FILES
/* Whether a process here may have its terminal on another node. */
extern bool ssi_terminals_span;

void __ssi_stat_terminal(struct task_struct *task, struct pid_namespace *ns, int *device,
			 int *group);
#endif

/*
 * Device and foreground group, as @ns has it, of @task's terminal, if that is on another
 * node; else they stay as they are. May sleep.
 */
static inline void ssi_stat_terminal(struct task_struct *task, struct pid_namespace *ns,
				     int *device, int *group)
{
#ifdef CONFIG_SSI_FILES
	if (READ_ONCE(ssi_terminals_span))
		__ssi_stat_terminal(task, ns, device, group);
#endif
}

/* Whether there ever was a file here whose owner is elsewhere. */
extern bool ssi_owners_elsewhere;

void __ssi_owner_signal(struct fown_struct *owner, int fd, int reason);

/*
 * The kernel sent SIGIO to @owner, as far as that is here: of file @fd, with a @reason of
 * POLL_IN and so on, or SIGURG if that is 0. Called under the owner's lock, in any context.
 */
static inline void ssi_owner_signal(struct fown_struct *owner, int fd, int reason)
{
	if (READ_ONCE(ssi_groups_span) || READ_ONCE(ssi_owners_elsewhere))
		__ssi_owner_signal(owner, fd, reason);
}

/* What the file "where" of a process of this kernel says. */
int ssi_proc_where(struct seq_file *file, struct pid_namespace *ns, struct pid *pid,
		   struct task_struct *task);

/* The file "goto", which moves the process, and what "cantmove" says, which may keep it. */
extern const struct file_operations ssi_proc_goto_operations;
int ssi_proc_cantmove(struct seq_file *file, struct pid_namespace *ns, struct pid *pid,
		      struct task_struct *task);
#else
static inline void ssi_pid_range(struct pid_namespace *ns, int *min, int *end)
{
}

static inline bool ssi_syscall(unsigned int nr, struct pt_regs *regs, unsigned long *ret)
{
	return false;
}

static inline bool ssi_proc_lookup(struct dentry *dentry, unsigned int tgid,
				   struct dentry **result)
{
	return false;
}

static inline bool ssi_proc_hides(struct super_block *sb, struct task_struct *task)
{
	return false;
}

static inline bool ssi_proc_skips(struct super_block *sb, struct task_struct *task)
{
	return false;
}

static inline int ssi_proc_readdir(struct file *file, struct dir_context *ctx,
				   int (*native)(struct file *, struct dir_context *))
{
	return native(file, ctx);
}

static inline pid_t ssi_ppid(struct task_struct *task, pid_t ppid)
{
	return ppid;
}

static inline bool ssi_keeps_group(struct task_struct *task, bool keeps)
{
	return keeps;
}

static inline int ssi_group_signal(struct pid *pgrp, int sig, struct kernel_siginfo *info,
				   int result)
{
	return result;
}

static inline void ssi_owner_signal(struct fown_struct *owner, int fd, int reason)
{
}

static inline void ssi_stat_terminal(struct task_struct *task, struct pid_namespace *ns,
				     int *device, int *group)
{
}
#endif

#ifdef CONFIG_SSI_FILES
#include <linux/kdev_t.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

struct pid *__ssi_sender(void);
struct pid *__ssi_get_sender(pid_t nr);

/* The process that sends, which a thread of the kernel may do for one of another node. */
static inline struct pid *ssi_sender(void)
{
	return current->flags & PF_KTHREAD ? __ssi_sender() : task_tgid(current);
}

/* As find_get_pid(); who sends is found, too. */
static inline struct pid *ssi_get_sender(pid_t nr)
{
	return current->flags & PF_KTHREAD ? __ssi_get_sender(nr) : find_get_pid(nr);
}

extern const struct inode_operations ssi_pts_folder_operations;

/* The number all nodes know the pseudo terminal @local of this one by; negative as it is. */
static inline int ssi_pty_index(int local)
{
	if (!ssi_pid_end || local < 0)
		return local;
	return local * SSI_PTY_NODES + ssi_pid_first / SSI_PIDS_PRIVATE - 1;
}

static inline int ssi_pty_local(int index)
{
	return ssi_pid_end ? index / SSI_PTY_NODES : index;
}

/* How many of @max this node has numbers for. */
static inline int ssi_pty_max(int max)
{
	return ssi_pid_end ? min(max, (1 << MINORBITS) / SSI_PTY_NODES) : max;
}

/* What is looked up in /dev/pts, which is that of the system if @is_main. */
static inline const struct inode_operations *
ssi_pts_folder(bool is_main, const struct inode_operations *native)
{
	return ssi_pid_end && is_main ? &ssi_pts_folder_operations : native;
}
#else
#define ssi_sender()		task_tgid(current)
#define ssi_get_sender(nr)	find_get_pid(nr)

static inline int ssi_pty_index(int local)
{
	return local;
}

static inline int ssi_pty_local(int index)
{
	return index;
}

static inline int ssi_pty_max(int max)
{
	return max;
}

static inline const struct inode_operations *
ssi_pts_folder(bool is_main, const struct inode_operations *native)
{
	return native;
}
#endif

#endif /* _LINUX_SSI_H */
