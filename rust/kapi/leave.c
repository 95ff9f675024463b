// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps a task on its node.
 *
 * Of the running task it holds for a while, for only the task itself changes it, but for
 * who traces it. Of another one it is a piece of information: by the time it is read it
 * may be another.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/leafops.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/oom.h>
#include <linux/pagewalk.h>
#include <linux/path.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seccomp.h>
#include <linux/sem.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/user_namespace.h>

/* --- with a program --- */

static bool ssi_in_namespaces(struct task_struct *task)
{
	guard(rcu)();
	guard(task_lock)(task);
	return task->nsproxy && (task->nsproxy != &init_nsproxy ||
				 __task_cred(task)->user_ns != &init_user_ns ||
				 task_active_pid_ns(task) != &init_pid_ns);
}

static struct path ssi_root_of(struct task_struct *task)
{
	struct path root = {};

	guard(task_lock)(task);
	if (task->fs)
		get_fs_root(task->fs, &root);
	return root;
}

static bool ssi_has_other_root(struct task_struct *task)
{
	struct path root = ssi_root_of(task);
	bool other = root.dentry && !path_equal(&root, &userspace_init_fs->root);

	path_put(&root);
	return other;
}

static bool ssi_uses_ring(struct task_struct *task)
{
#ifdef CONFIG_IO_URING
	return task->io_uring;
#else
	return false;
#endif
}

static bool ssi_undoes_semaphores(struct task_struct *task)
{
#ifdef CONFIG_SYSVIPC
	return task->sysvsem.undo_list;
#else
	return false;
#endif
}

static bool ssi_shares_signals(struct task_struct *task)
{
	struct sighand_struct *handlers;

	guard(rcu)();
	handlers = rcu_dereference(task->sighand);
	return handlers && refcount_read(&handlers->count) != 1;
}

/* What it leaves here stands for it to the children it has here; a guest leaves nothing. */
static bool ssi_has_home_elsewhere(struct task_struct *task)
{
	u32 parent;
	u8 home;

	return ssi_guest(task_tgid_nr(task), &home, &parent) && home;
}

static enum ssi_cannot ssi_relations(struct task_struct *task)
{
	guard(read_lock)(&tasklist_lock);
	if (!thread_group_empty(task))
		return SSI_CANNOT_THREADS;
	if (ssi_shares_signals(task))
		return SSI_CANNOT_SHARED_SIGNALS;
	if (task->ptrace || !list_empty(&task->ptraced))
		return SSI_CANNOT_TRACED;
	if (task->signal->is_child_subreaper)
		return SSI_CANNOT_ADOPTS;
	if (!list_empty(&task->children) && ssi_has_home_elsewhere(task))
		return SSI_CANNOT_CHILDREN;
	return SSI_CAN;
}

/* A filter is the first reason: it is one on the own node, too. */
static enum ssi_cannot ssi_leaves(struct task_struct *task)
{
	enum ssi_cannot why;

	if (seccomp_mode(&task->seccomp) != SECCOMP_MODE_DISABLED)
		return SSI_CANNOT_SECCOMP;
	if (task_tgid_nr(task) < SSI_PIDS_PRIVATE)
		return SSI_CANNOT_PRIVATE;
	why = ssi_relations(task);
	if (why)
		return why;
	if (ssi_in_namespaces(task))
		return SSI_CANNOT_NAMESPACES;
	if (ssi_has_other_root(task))
		return SSI_CANNOT_ROOT;
	if (ssi_uses_ring(task))
		return SSI_CANNOT_RING;
	if (ssi_undoes_semaphores(task))
		return SSI_CANNOT_SEMAPHORES;
	if (task->policy > SCHED_IDLE)
		return SSI_CANNOT_POLICY;
	return SSI_CAN;
}

enum ssi_cannot ssi_may_leave(void)
{
	return ssi_leaves(current);
}

/* --- as it is --- */

/* Whether another process has @mm; who only looks at it is none. */
static bool ssi_is_shared(struct task_struct *task, const struct mm_struct *mm)
{
	struct task_struct *other;

	if (atomic_read(&mm->mm_users) == 1)
		return false;
	guard(rcu)();
	for_each_process(other)
		if (!same_thread_group(other, task) && !(other->flags & PF_KTHREAD) &&
		    process_shares_mm(other, mm))
			return true;
	return false;
}

/* As clone(2) with CLONE_FILES or CLONE_FS has it. */
static bool ssi_shares_files(struct task_struct *task)
{
	guard(task_lock)(task);
	return (task->files && atomic_read(&task->files->count) != 1) ||
	       (task->fs && task->fs->users != 1);
}

static enum ssi_cannot ssi_process(struct task_struct *task)
{
	enum ssi_cannot why;

	if (task->flags & (PF_KTHREAD | PF_USER_WORKER))
		return SSI_CANNOT_KERNEL;
	if (is_global_init(task))
		return SSI_CANNOT_INIT;
	if (ssi_away(task_tgid_nr(task)))
		return SSI_CANNOT_AWAY;
	if (task->flags & PF_EXITING)
		return SSI_CANNOT_ENDED;
	if (task != current && READ_ONCE(task->signal->flags) & SIGNAL_STOP_STOPPED)
		return SSI_CANNOT_STOPPED;
	why = ssi_leaves(task);
	if (why)
		return why;
	if (task->vfork_done)
		return SSI_CANNOT_VFORK;
	if (!ssi_posix_timers_travel(task))
		return SSI_CANNOT_TIMERS;
	if (ssi_shares_files(task))
		return SSI_CANNOT_SHARED_FILES;
	return SSI_CAN;
}

static bool ssi_is_aio(const struct vm_area_struct *vma)
{
	return vma->vm_file && !strcmp(file_inode(vma->vm_file)->i_sb->s_type->name, "aio");
}

/* Why @vma does not travel. */
static enum ssi_cannot ssi_area_cannot(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_HUGETLB)
		return SSI_CANNOT_HUGE_PAGES;
	if (vma->vm_flags & (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR))
		return SSI_CANNOT_USERFAULTFD;
	if (ssi_is_aio(vma))
		return SSI_CANNOT_AIO;
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_DROPPABLE))
		return SSI_CANNOT_DEVICE;
	if (vma->vm_file && !S_ISREG(file_inode(vma->vm_file)->i_mode))
		return SSI_CANNOT_DEVICE;
	return SSI_CANNOT_SHARED_MEMORY;
}

static int ssi_find_guard(pte_t *place, unsigned long address, unsigned long next,
			  struct mm_walk *walk)
{
	return pte_is_marker(ptep_get(place));
}

/* As madvise(2) makes them. */
static bool ssi_has_guards(struct vm_area_struct *vma)
{
	static const struct mm_walk_ops operations = {
		.pte_entry = ssi_find_guard,
		.walk_lock = PGWALK_RDLOCK,
	};

	return vma->vm_flags & VM_MAYBE_GUARD && walk_page_vma(vma, &operations, NULL) > 0;
}

static enum ssi_cannot ssi_areas(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	VMA_ITERATOR(next, mm, 0);

	for_each_vma(next, vma) {
		if (!ssi_mapping_travels(vma))
			return ssi_area_cannot(vma);
		if (ssi_has_guards(vma))
			return SSI_CANNOT_GUARDS;
	}
	return SSI_CAN;
}

static bool ssi_has_program(struct mm_struct *mm)
{
	struct file *file = get_mm_exe_file(mm);
	bool has_name = file && !d_unlinked(file_dentry(file));

	if (file)
		fput(file);
	return has_name;
}

static enum ssi_cannot ssi_memory(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	enum ssi_cannot why = SSI_CAN;

	if (!mm)
		return SSI_CANNOT_ENDED;
	if (ssi_is_shared(task, mm))
		why = SSI_CANNOT_SHARED_SPACE;
	else if (!ssi_has_program(mm))
		why = SSI_CANNOT_PROGRAM;
	else if (READ_ONCE(mm->def_flags) & VM_LOCKED)
		why = SSI_CANNOT_FUTURE_LOCKED;
	else if (!mmap_read_lock_killable(mm)) {
		why = ssi_areas(mm);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return why;
}

static bool ssi_has_directory(struct task_struct *task)
{
	struct path root = {}, directory = {};
	bool has_name;

	scoped_guard(task_lock, task) {
		if (task->fs) {
			get_fs_root(task->fs, &root);
			get_fs_pwd(task->fs, &directory);
		}
	}
	has_name = !root.dentry ||
		   (!d_unlinked(directory.dentry) && path_is_under(&directory, &root));
	path_put(&directory);
	path_put(&root);
	return has_name;
}

/* @number is that of the file. */
static enum ssi_cannot ssi_files(struct task_struct *task, unsigned int *number)
{
	struct file *file;

	for (*number = 0; (file = fget_task_next(task, number)); ++*number) {
		bool travels = ssi_event_file_travels(file, task) ||
			       ssi_open_file_travels(file, task);
		bool is_set = ssi_event_file_is_set(file);

		fput(file);
		if (!travels)
			return is_set ? SSI_CANNOT_SET : SSI_CANNOT_FILE;
	}
	return SSI_CAN;
}

/*
 * Whether @task may go on on another node. @file is the number of the file that keeps it, if
 * one does.
 */
enum ssi_cannot ssi_may_move(struct task_struct *task, unsigned int *file)
{
	enum ssi_cannot why = ssi_process(task);

	why = why ?: ssi_memory(task);
	if (!why && !ssi_has_directory(task))
		why = SSI_CANNOT_DIRECTORY;
	return why ?: ssi_files(task, file);
}

enum ssi_cannot ssi_may_move_itself(void)
{
	unsigned int file;

	return ssi_may_move(current, &file);
}

enum ssi_cannot ssi_may_be_moved(u32 pid)
{
	enum ssi_cannot why = SSI_CANNOT_ENDED;
	struct task_struct *task;
	unsigned int file;

	scoped_guard(rcu) {
		task = pid < PID_MAX_LIMIT ? find_task_by_pid_ns(pid, &init_pid_ns) : NULL;
		if (task)
			get_task_struct(task);
	}
	if (task) {
		why = ssi_may_move(task, &file);
		put_task_struct(task);
	}
	return why;
}
