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
#include <linux/delay.h>
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

#ifdef CONFIG_SYSVIPC
/* As in ipc/sem.c. */
struct ssi_undo_list {
	refcount_t refcnt;
	spinlock_t lock;
	struct list_head list_proc;
};
#endif

/*
 * Every thread has a list, which may be empty. No other task gets on while this looks at it:
 * a node has one processor.
 */
static bool ssi_undoes_semaphores(struct task_struct *task)
{
#ifdef CONFIG_SYSVIPC
	const struct ssi_undo_list *list;

	BUILD_BUG_ON(IS_ENABLED(CONFIG_SMP));
	guard(preempt)();
	list = READ_ONCE(*(struct ssi_undo_list **)&task->sysvsem.undo_list);
	return list && !list_empty(&list->list_proc);
#else
	return false;
#endif
}

/*
 * Whether another process has what @same says. Threads that come are counted before they are
 * threads, so numbers say no more than that it may be.
 */
static bool ssi_another_has(struct task_struct *task,
			    bool (*same)(struct task_struct *one, struct task_struct *other))
{
	struct task_struct *process, *thread;

	guard(rcu)();
	for_each_process_thread(process, thread)
		if (!same_thread_group(thread, task) && same(thread, task))
			return true;
	return false;
}

static bool ssi_same_handlers(struct task_struct *one, struct task_struct *other)
{
	struct sighand_struct *handlers = rcu_access_pointer(one->sighand);

	return handlers && handlers == rcu_access_pointer(other->sighand);
}

/* Each thread has them. */
static bool ssi_shares_signals(struct task_struct *task)
{
	struct sighand_struct *handlers;

	scoped_guard(rcu) {
		handlers = rcu_dereference(task->sighand);
		if (!handlers || refcount_read(&handlers->count) <= get_nr_threads(task))
			return false;
	}
	return ssi_another_has(task, ssi_same_handlers);
}

/* What its children are to is the first thread. For a holder of tasklist_lock. */
static enum ssi_cannot ssi_thread_relations(struct task_struct *thread)
{
	if (thread->ptrace || !list_empty(&thread->ptraced))
		return SSI_CANNOT_TRACED;
	if (!thread_group_leader(thread) && !list_empty(&thread->children))
		return SSI_CANNOT_THREAD_CHILDREN;
	return SSI_CAN;
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
	struct task_struct *thread;

	guard(read_lock)(&tasklist_lock);
	if (ssi_shares_signals(task))
		return SSI_CANNOT_SHARED_SIGNALS;
	if (task->signal->is_child_subreaper)
		return SSI_CANNOT_ADOPTS;
	if (!list_empty(&task->children) && ssi_has_home_elsewhere(task))
		return SSI_CANNOT_CHILDREN;
	for_each_thread(task, thread) {
		enum ssi_cannot why = ssi_thread_relations(thread);

		if (why)
			return why;
	}
	return SSI_CAN;
}

/* What one thread has that keeps its process. */
static enum ssi_cannot ssi_thread_leaves(struct task_struct *task)
{
	if (ssi_in_namespaces(task))
		return SSI_CANNOT_NAMESPACES;
	if (ssi_uses_ring(task))
		return SSI_CANNOT_RING;
	if (ssi_undoes_semaphores(task))
		return SSI_CANNOT_SEMAPHORES;
	if (task->policy > SCHED_IDLE)
		return SSI_CANNOT_POLICY;
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
	why = ssi_thread_leaves(task);
	if (why)
		return why;
	/* The root of a container is another one, too. */
	return ssi_has_other_root(task) ? SSI_CANNOT_ROOT : SSI_CAN;
}

enum ssi_cannot ssi_may_leave(void)
{
	if (seccomp_mode(&current->seccomp) == SECCOMP_MODE_DISABLED &&
	    !thread_group_empty(current))
		return SSI_CANNOT_THREADS;
	return ssi_leaves(current);
}

/* --- as it is --- */

/* How often it is looked again who is about to leave memory. */
#define SSI_LOOKS_MAX 40

/* Another process that has @mm, for an RCU reader; who only looks at it is none. */
static struct task_struct *ssi_sharer(struct task_struct *task, const struct mm_struct *mm)
{
	struct task_struct *other;

	for_each_process(other)
		if (!same_thread_group(other, task) && !(other->flags & PF_KTHREAD) &&
		    process_shares_mm(other, mm))
			return other;
	return NULL;
}

/*
 * Whether another process has @mm. A child of vfork(2) lets its parent go on a moment before it
 * leaves the memory for the program it executes: that moment is waited for. May sleep.
 */
static bool ssi_is_shared(struct task_struct *task, const struct mm_struct *mm)
{
	int looks;

	for (looks = 0; atomic_read(&mm->mm_users) > 1; looks++) {
		scoped_guard(rcu) {
			struct task_struct *sharer = ssi_sharer(task, mm);

			if (!sharer)
				return false;
			if (!sharer->in_execve || looks == SSI_LOOKS_MAX)
				return true;
		}
		usleep_range(250, 500);
	}
	return false;
}

static bool ssi_same_files(struct task_struct *one, struct task_struct *other)
{
	struct files_struct *files = READ_ONCE(one->files);
	struct fs_struct *fs = READ_ONCE(one->fs);

	return (files && files == READ_ONCE(other->files)) || (fs && fs == READ_ONCE(other->fs));
}

/* As clone(2) with CLONE_FILES or CLONE_FS has it. Each thread has them. */
static bool ssi_shares_files(struct task_struct *task)
{
	int threads = get_nr_threads(task);

	scoped_guard(task_lock, task) {
		if ((!task->files || atomic_read(&task->files->count) <= threads) &&
		    (!task->fs || task->fs->users <= threads))
			return false;
	}
	return ssi_another_has(task, ssi_same_files);
}

/* For an RCU reader: whether a thread may do what another one may not. */
static bool ssi_is_another_user(struct task_struct *one, struct task_struct *other)
{
	const struct cred *a = __task_cred(one), *b = __task_cred(other);

	if (a == b)
		return false;
	return !uid_eq(a->uid, b->uid) || !uid_eq(a->euid, b->euid) ||
	       !uid_eq(a->suid, b->suid) || !uid_eq(a->fsuid, b->fsuid) ||
	       !gid_eq(a->gid, b->gid) || !gid_eq(a->egid, b->egid) ||
	       !gid_eq(a->sgid, b->sgid) || !gid_eq(a->fsgid, b->fsgid) ||
	       a->cap_inheritable.val != b->cap_inheritable.val ||
	       a->cap_permitted.val != b->cap_permitted.val ||
	       a->cap_effective.val != b->cap_effective.val ||
	       a->cap_bset.val != b->cap_bset.val || a->cap_ambient.val != b->cap_ambient.val ||
	       a->securebits != b->securebits || a->user_ns != b->user_ns ||
	       (a->group_info != b->group_info &&
		(a->group_info->ngroups != b->group_info->ngroups ||
		 memcmp(a->group_info->gid, b->group_info->gid,
			a->group_info->ngroups * sizeof(kgid_t))));
}

/* What keeps @task for the sake of its other thread. For an RCU reader. */
static enum ssi_cannot ssi_other_thread_moves(struct task_struct *task,
					      struct task_struct *thread)
{
	enum ssi_cannot why;

	if (READ_ONCE(thread->flags) & PF_EXITING)
		return SSI_CAN;
	if (seccomp_mode(&thread->seccomp) != SECCOMP_MODE_DISABLED)
		return SSI_CANNOT_SECCOMP;
	why = ssi_thread_leaves(thread);
	if (why)
		return why;
	if (ssi_is_another_user(task, thread))
		return SSI_CANNOT_THREAD_USERS;
	if (READ_ONCE(thread->files) != READ_ONCE(task->files) ||
	    READ_ONCE(thread->fs) != READ_ONCE(task->fs))
		return SSI_CANNOT_THREAD_FILES;
	return SSI_CAN;
}

static enum ssi_cannot ssi_other_threads(struct task_struct *task)
{
	struct task_struct *thread;

	guard(rcu)();
	for_each_thread(task, thread) {
		enum ssi_cannot why =
			thread == task ? SSI_CAN : ssi_other_thread_moves(task, thread);

		if (why)
			return why;
	}
	return SSI_CAN;
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
		return thread_group_empty(task) ? SSI_CANNOT_ENDED : SSI_CANNOT_FIRST_THREAD;
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
	return ssi_other_threads(task);
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
