// SPDX-License-Identifier: GPL-2.0
/*
 * Number of this node that a thread has on another one.
 *
 * It stays allocated, as nobody's, so that nobody here gets it: it is given back when the
 * thread ends there, or comes.
 */
#include <linux/cleanup.h>
#include <linux/llist.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct ssi_lent_number {
	struct pid *pid;
	u32 process;
	struct rcu_head rcu;
};

static DEFINE_XARRAY(lent);

/* What a thread gets whose own number is lent; and room to note that. */
struct ssi_spare_number {
	struct pid *pid;
	struct ssi_lent_number *note;
	u32 tid;
};

/* For that of thread @tid. May sleep. */
struct ssi_spare_number *ssi_spare_number_new(u32 tid)
{
	struct ssi_spare_number *spare = kzalloc_obj(*spare);
	struct ssi_lent_number *note = kzalloc_obj(*note);
	struct pid *pid = ERR_PTR(-ENOMEM);
	int error = spare && note ? xa_reserve(&lent, tid, GFP_KERNEL) : -ENOMEM;

	if (!error) {
		pid = alloc_pid(&init_pid_ns, NULL, 0);
		error = PTR_ERR_OR_ZERO(pid);
		if (error)
			xa_release(&lent, tid);
	}
	if (error) {
		kfree(spare);
		kfree(note);
		return ERR_PTR(error);
	}
	spare->pid = pid;
	spare->note = note;
	spare->tid = tid;
	return spare;
}

void ssi_spare_number_free(struct ssi_spare_number *spare)
{
	if (spare->pid) {
		free_pid(spare->pid);
		xa_release(&lent, spare->tid);
	}
	kfree(spare->note);
	kfree(spare);
}

/*
 * For a holder of tasklist_lock. What @task had is in @left. False if it is gone, or others
 * have its number, too.
 */
static bool ssi_rename(struct task_struct *task, struct pid *pid, struct pid **left)
{
	if (!pid_alive(task))
		return false;
	change_pid(left, task, PIDTYPE_PID, pid);
	WRITE_ONCE(task->pid, pid_nr(pid));
	return left[PIDTYPE_PID];
}

/* With a reference, or NULL. */
static struct task_struct *ssi_other_thread(u32 tid)
{
	struct task_struct *task;

	guard(rcu)();
	task = find_task_by_pid_ns(tid, &init_pid_ns);
	if (!task || !same_thread_group(task, current) || thread_group_leader(task))
		return NULL;
	return get_task_struct(task);
}

/*
 * Lends the number of a thread of the current process, which is not its first and does not run:
 * it gets the @spare one, which is used up. Nothing happens if there is no such thread.
 */
void ssi_number_lend(struct ssi_spare_number *spare)
{
	struct task_struct *task = ssi_other_thread(spare->tid);
	struct ssi_lent_number *note = spare->note;
	struct pid *left[PIDTYPE_MAX] = {};
	bool is_lent;

	if (!task)
		return;
	note->pid = get_task_pid(task, PIDTYPE_PID);
	note->process = task_tgid_nr(task);
	/* There is room. It is known before the thread is not. */
	xa_store(&lent, spare->tid, note, GFP_KERNEL);
	write_lock_irq(&tasklist_lock);
	is_lent = ssi_rename(task, spare->pid, left);
	write_unlock_irq(&tasklist_lock);
	/* As long as it is allocated it is there. */
	put_pid(note->pid);
	spare->note = NULL;
	spare->pid = NULL;
	if (!is_lent) {
		xa_erase(&lent, spare->tid);
		kfree_rcu(note, rcu);
	}
	put_task_struct(task);
}

static struct ssi_lent_number *ssi_unlend(u32 tid, u32 process)
{
	guard(spinlock)(&lent.xa_lock);
	struct ssi_lent_number *note = xa_load(&lent, tid);

	return note && note->process == process ? __xa_erase(&lent, tid) : NULL;
}

/* Gives the current thread, of @process, its number again that was lent: -ESRCH if it was not. */
int ssi_number_resume(u32 tid, u32 process)
{
	struct ssi_lent_number *note = ssi_unlend(tid, process);
	struct pid *left[PIDTYPE_MAX] = {};

	if (!note)
		return -ESRCH;
	write_lock_irq(&tasklist_lock);
	ssi_rename(current, note->pid, left);
	write_unlock_irq(&tasklist_lock);
	free_pids(left);
	kfree_rcu(note, rcu);
	return 0;
}

/* Thread @tid of @process, which has a number that was lent, ended. May sleep. */
void ssi_number_return(u32 tid, u32 process)
{
	struct ssi_lent_number *note = ssi_unlend(tid, process);

	if (!note)
		return;
	free_pid(note->pid);
	kfree_rcu(note, rcu);
}

/* Of all threads of @process. May sleep. */
void ssi_number_return_all(u32 process)
{
	struct ssi_lent_number *note;
	unsigned long tid;

	/* Whose it is says the table, under its lock: @note may be gone by now. */
	xa_for_each(&lent, tid, note)
		ssi_number_return(tid, process);
}

bool ssi_number_is_lent(u32 tid)
{
	return xa_load(&lent, tid);
}

/* The first process from @process on that has numbers of this node elsewhere, or 0. */
u32 ssi_number_next_process(u32 process)
{
	struct ssi_lent_number *note;
	unsigned long tid;
	u32 next = 0;

	guard(rcu)();
	xa_for_each(&lent, tid, note)
		if (note->process >= process && (!next || note->process < next))
			next = note->process;
	return next;
}

/* Any context. */
bool ssi_any_lent(void)
{
	return !xa_empty(&lent);
}

/* That of thread @nr, whether it is here or its number is lent; else @nr itself. Any context. */
u32 ssi_process_of(u32 nr)
{
	struct ssi_lent_number *note;
	struct task_struct *task;

	guard(rcu)();
	note = xa_load(&lent, nr);
	if (note)
		return note->process;
	task = nr < PID_MAX_LIMIT ? find_task_by_pid_ns(nr, &init_pid_ns) : NULL;
	return task ? task_tgid_nr(task) : nr;
}

/* --- numbers of other nodes --- */

/* A thread here that has one. It is looked for its end where a poll of a pidfd would. */
struct ssi_lodger {
	wait_queue_entry_t entry;
	struct llist_node ended;
	struct pid *pid;
	u32 tid;
	u32 process;
};

static DEFINE_XARRAY(lodgers);
static LLIST_HEAD(ended);

/* Whoever takes one out of the table under it has it. */
static DEFINE_SPINLOCK(lodgers_lock);

/* How many are told at once. */
#define ENDED_MAX	256

static u32 told[ENDED_MAX];

static bool ssi_lodger_take(struct ssi_lodger *lodger)
{
	guard(spinlock)(&lodgers_lock);
	return xa_cmpxchg(&lodgers, lodger->tid, lodger, NULL, GFP_ATOMIC) == lodger;
}

static void ssi_tell_ended(struct work_struct *work)
{
	struct ssi_lodger *lodger, *next;
	u32 process = 0;
	size_t count = 0;

	llist_for_each_entry_safe(lodger, next, llist_reverse_order(llist_del_all(&ended)), ended) {
		if (count && (count == ENDED_MAX || lodger->process != process)) {
			ssi_threads_ended(process, told, count);
			count = 0;
		}
		process = lodger->process;
		if (ssi_lodger_take(lodger))
			told[count++] = lodger->tid;
		put_pid(lodger->pid);
		kfree(lodger);
	}
	if (count)
		ssi_threads_ended(process, told, count);
}

static DECLARE_WORK(tell_ended, ssi_tell_ended);

/* Under the lock of the queue, in any context. */
static int ssi_lodger_woken(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct ssi_lodger *lodger = container_of(entry, struct ssi_lodger, entry);

	if (pid_has_task(lodger->pid, PIDTYPE_PID))
		return 0;
	list_del_init(&entry->entry);
	llist_add(&lodger->ended, &ended);
	schedule_work(&tell_ended);
	return 1;
}

/* ssi_threads_ended() is told when the current thread ends. May sleep. */
int ssi_lodger_add(void)
{
	struct ssi_lodger *lodger = kzalloc_obj(*lodger);
	int error;

	if (!lodger)
		return -ENOMEM;
	lodger->tid = task_pid_nr(current);
	lodger->process = task_tgid_nr(current);
	lodger->pid = get_pid(task_pid(current));
	error = xa_insert(&lodgers, lodger->tid, lodger, GFP_KERNEL);
	if (error) {
		put_pid(lodger->pid);
		kfree(lodger);
		return error;
	}
	init_waitqueue_func_entry(&lodger->entry, ssi_lodger_woken);
	add_wait_queue(&lodger->pid->wait_pidfd, &lodger->entry);
	return 0;
}

/* False if it has ended, and is about to be forgotten. */
static bool ssi_lodger_stop(struct ssi_lodger *lodger)
{
	guard(spinlock_irq)(&lodger->pid->wait_pidfd.lock);
	if (list_empty(&lodger->entry.entry))
		return false;
	list_del_init(&lodger->entry.entry);
	return true;
}

/* Nobody is told of thread @tid: it goes on elsewhere. */
void ssi_lodger_remove(u32 tid)
{
	struct ssi_lodger *lodger;

	scoped_guard(spinlock, &lodgers_lock) {
		lodger = xa_erase(&lodgers, tid);
		if (lodger && !ssi_lodger_stop(lodger))
			lodger = NULL;
	}
	if (lodger) {
		put_pid(lodger->pid);
		kfree(lodger);
	}
}
