// SPDX-License-Identifier: GPL-2.0
/*
 * Locks of fcntl(2) that processes of other nodes have of files of this one.
 *
 * They are locks of the kernel as all others, with an owner that is no table of files but a
 * number: so they are in the way of processes of this node, and these of them, and who waits
 * in a circle is found. One that is not free waits without a thread: when it may be, the
 * kernel tells.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "file_home.h"

struct ssi_lock {
	struct file_lock lock;
	u64 name;		/* for whoever is told */
	bool was_told;
	struct work_struct work;
};

/* Odd, as no address of a table of files is. */
static fl_owner_t owner_of(const struct ssi_home *home, u64 owner)
{
	return owner ? (fl_owner_t)(uintptr_t)(owner << 1 | 1) : home->file;
}

static void tell(struct work_struct *work)
{
	ssi_lock_ready(container_of(work, struct ssi_lock, work)->name);
}

/* Has whoever waits for it told, in any context. */
void ssi_lock_tell(struct ssi_lock *lock)
{
	WRITE_ONCE(lock->was_told, true);
	schedule_work(&lock->work);
}

/* The kernel took the lock out of the queue of one that is not in its way any more. */
static void unblocked(struct file_lock *lock)
{
	ssi_lock_tell(container_of(lock, struct ssi_lock, lock));
}

static const struct lock_manager_operations waiting = {
	.lm_notify = unblocked,
};

static void fill(struct file_lock *lock, const struct ssi_home *home,
		 const struct ssi_record_lock *wanted)
{
	locks_init_lock(lock);
	lock->c.flc_file = home->file;
	lock->c.flc_owner = owner_of(home, wanted->owner);
	lock->c.flc_pid = wanted->process;
	lock->c.flc_flags = FL_POSIX | (wanted->owner ? 0 : FL_OFDLCK);
	lock->c.flc_type = wanted->type;
	lock->fl_start = wanted->start;
	lock->fl_end = wanted->end;
}

/* As fcntl(2) says for its mode. */
static int may_lock(const struct file *file, u8 type)
{
	if (!S_ISREG(file_inode(file)->i_mode))
		return -ENOLCK;
	if ((type == F_RDLCK && !(file->f_mode & FMODE_READ)) ||
	    (type == F_WRLCK && !(file->f_mode & FMODE_WRITE)))
		return -EBADF;
	return 0;
}

/* Nothing is locked yet. It keeps the file open. */
struct ssi_lock *ssi_lock_new(const struct ssi_home *home, const struct ssi_record_lock *wanted,
			      bool waits, u64 name)
{
	int error = may_lock(home->file, wanted->type);
	struct ssi_lock *lock;

	if (error)
		return ERR_PTR(error);
	lock = kzalloc(sizeof(*lock), GFP_KERNEL);
	if (!lock)
		return ERR_PTR(-ENOMEM);
	fill(&lock->lock, home, wanted);
	get_file(home->file);
	/* A file system that has locks of its own would wait with the thread. */
	if (waits && !home->file->f_op->lock) {
		lock->lock.c.flc_flags |= FL_SLEEP;
		lock->lock.fl_lmops = &waiting;
	}
	lock->name = name;
	INIT_WORK(&lock->work, tell);
	return lock;
}

/* What is held stays, who waits does not. */
void ssi_lock_free(struct ssi_lock *lock)
{
	locks_delete_block(&lock->lock);
	/* Who is told may be the one who frees it: tell() needs nothing after that. */
	if (current_work() == &lock->work)
		cancel_work(&lock->work);
	else
		cancel_work_sync(&lock->work);
	locks_release_private(&lock->lock);
	ssi_home_put(lock->lock.c.flc_file);
	kfree(lock);
}

/*
 * -EINPROGRESS: it waits, and is told when to try again. -EAGAIN: others have it, and nobody
 * tells.
 */
int ssi_lock_try(struct ssi_lock *lock)
{
	int error;

	/* Who was told for nothing waits yet, and must not twice. */
	locks_delete_block(&lock->lock);
	WRITE_ONCE(lock->was_told, false);
	error = vfs_lock_file(lock->lock.c.flc_file, F_SETLK, &lock->lock, NULL);
	return error == FILE_LOCK_DEFERRED ? -EINPROGRESS : error;
}

bool ssi_lock_was_told(const struct ssi_lock *lock)
{
	return READ_ONCE(lock->was_told);
}

/* Makes of @lock the one that is in its way, or of type F_UNLCK. */
int ssi_lock_test(const struct ssi_home *home, struct ssi_record_lock *lock)
{
	struct file_lock found;
	int error = may_lock(home->file, F_UNLCK);

	if (error)
		return error;
	fill(&found, home, lock);
	error = vfs_test_lock(home->file, &found);
	if (error)
		return error;
	lock->owner = 0;
	lock->type = found.c.flc_type;
	lock->process = found.c.flc_flags & FL_OFDLCK ? -1 : found.c.flc_pid;
	lock->start = found.fl_start;
	lock->end = found.fl_end;
	locks_release_private(&found);
	return 0;
}

static void unlock(struct file *file, fl_owner_t owner)
{
	struct file_lock lock;

	locks_init_lock(&lock);
	lock.c.flc_file = file;
	lock.c.flc_owner = owner;
	lock.c.flc_flags = FL_POSIX | FL_CLOSE;
	lock.c.flc_type = F_UNLCK;
	lock.fl_end = OFFSET_MAX;
	/* To unlock all needs no memory. */
	vfs_lock_file(file, F_SETLK, &lock, NULL);
	locks_release_private(&lock);
}

/* All locks of a process. */
void ssi_home_unlock(const struct ssi_home *home, u64 owner)
{
	if (owner)
		unlock(home->file, owner_of(home, owner));
}

/* As if the running task closed @file. */
void ssi_file_unlock_current(struct file *file)
{
	locks_remove_posix(file, current->files);
}

/* Whether the running task has record locks of what @file is open of. */
bool ssi_file_current_has_locks(struct file *file)
{
	struct file_lock_context *locks = locks_inode_context(file_inode(file));
	struct file_lock *lock;

	if (!locks)
		return false;
	guard(spinlock)(&locks->flc_lock);
	list_for_each_entry(lock, &locks->flc_posix, c.flc_list)
		if (lock->c.flc_owner == current->files)
			return true;
	return false;
}

/* No other process has the table of files of the running task, which is who has its locks. */
bool ssi_files_are_own(void)
{
	return current->files &&
	       atomic_read(&current->files->count) <= get_nr_threads(current);
}

/*
 * Whether there were any. The new owner had none before, so that each owner's stay side by
 * side in the list. Who looks for a circle of owners at this moment may not find one.
 */
static bool change_owner(const struct ssi_home *home, fl_owner_t from, fl_owner_t to)
{
	struct file_lock_context *locks = locks_inode_context(file_inode(home->file));
	struct file_lock *lock;
	bool has_any = false;

	if (!locks)
		return false;
	guard(spinlock)(&locks->flc_lock);
	list_for_each_entry(lock, &locks->flc_posix, c.flc_list) {
		if (lock->c.flc_owner != from)
			continue;
		WRITE_ONCE(lock->c.flc_owner, to);
		has_any = true;
	}
	return has_any;
}

/* The running task goes elsewhere, where it is @owner: false if it has no locks of the file. */
bool ssi_home_take_locks(const struct ssi_home *home, u64 owner)
{
	return owner && change_owner(home, current->files, owner_of(home, owner));
}

/* Process @process, who was @owner elsewhere, is here now. */
void ssi_home_give_locks(const struct ssi_home *home, u64 owner, u32 process)
{
	struct task_struct *task;

	if (!owner)
		return;
	scoped_guard(rcu) {
		task = find_task_by_pid_ns(process, &init_pid_ns);
		if (task) {
			guard(task_lock)(task);
			if (task->files)
				change_owner(home, owner_of(home, owner), task->files);
		}
	}
	/* None is left, unless it is gone already. */
	ssi_home_unlock(home, owner);
}

/* Whether both are of one file, which has its locks however often it was opened. */
bool ssi_home_shares_locks(const struct ssi_home *one, const struct ssi_home *other)
{
	return file_inode(one->file) == file_inode(other->file);
}
