// SPDX-License-Identifier: GPL-2.0
/*
 * Whereabouts of processes.
 *
 * Two tables by process number. Both hold plain values, so that readers need no lock.
 */
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/xarray.h>

/* Node of each process of this one that is elsewhere. */
static DEFINE_XARRAY(away);

/* Of each guest: the parent's number, below it whether it is an orphan, then home or 0. */
static DEFINE_XARRAY(guests);

#define HOME_BITS	8
#define HOME_MASK	((1UL << HOME_BITS) - 1)
#define ORPHANED	(1UL << HOME_BITS)
#define PARENT_SHIFT	(HOME_BITS + 1)

bool ssi_has_guests __read_mostly;

bool ssi_groups_span __read_mostly;

/*
 * Whether numbers of this node may be those of groups elsewhere: a process went, and what it
 * made there may have outlived it.
 */
static bool has_left __read_mostly;

/* How many went so far. Both change under the lock alone. */
static u64 departures;
static DEFINE_SPINLOCK(departing);

/* How often tasks here got numbers of other nodes. */
static atomic64_t arrivals;

static void ssi_departed(void)
{
	guard(spinlock)(&departing);
	departures++;
	WRITE_ONCE(has_left, true);
}

/*
 * Before and behind, so that it is known as soon as there is an entry, and who looked for
 * entries in between learns that there is one more.
 */
int ssi_away_add(u32 pid, u8 node)
{
	int error;

	ssi_departed();
	WRITE_ONCE(ssi_groups_span, true);
	error = xa_insert(&away, pid, xa_mk_value(node), GFP_KERNEL);
	ssi_departed();
	return error;
}

/* False if it is not on node @from. Does not sleep: it has its room. */
bool ssi_away_move(u32 pid, u8 from, u8 to)
{
	void *entry;

	ssi_departed();
	entry = xa_cmpxchg(&away, pid, xa_mk_value(from), xa_mk_value(to), GFP_ATOMIC);
	ssi_departed();
	return entry == xa_mk_value(from);
}

/* Marks those whose surrogate is about to send a signal on. */
#define SENDS	XA_MARK_0

void ssi_away_sends(u32 pid, bool sends)
{
	if (sends)
		xa_set_mark(&away, pid, SENDS);
	else
		xa_clear_mark(&away, pid, SENDS);
}

bool ssi_away_is_sending(u32 pid)
{
	return xa_get_mark(&away, pid, SENDS);
}

void ssi_away_remove(u32 pid)
{
	xa_erase(&away, pid);
}

bool ssi_any_left(void)
{
	return READ_ONCE(has_left);
}

/* How many left so far; false if one is away. */
bool ssi_none_away(u64 *so_far)
{
	guard(spinlock)(&departing);
	*so_far = departures;
	return xa_empty(&away);
}

/* No other node had a number of this one at some moment after ssi_none_away() said @so_far. */
void ssi_none_left(u64 so_far)
{
	guard(spinlock)(&departing);
	if (departures == so_far && xa_empty(&away))
		WRITE_ONCE(has_left, false);
}

/* Told behind each number a task gets here, before it can go anywhere. */
void ssi_number_came(void)
{
	atomic64_inc_return(&arrivals);
}

/*
 * How many came so far, and then whether one from @first to @end - 1 is in use. Does not
 * sleep.
 */
u64 ssi_numbers(u32 first, u32 end, bool *in_use)
{
	u64 so_far = atomic64_read_acquire(&arrivals);
	struct pid *pid;

	guard(rcu)();
	pid = find_ge_pid(first, &init_pid_ns);
	*in_use = pid && pid_nr(pid) < end;
	return so_far;
}

/* Any context. 0 for a process that is not away. */
u8 ssi_away(u32 pid)
{
	void *entry = xa_load(&away, pid);

	return entry ? xa_to_value(entry) : 0;
}

/* Whether no number of this node is in use by a process or thread elsewhere. Any context. */
bool ssi_all_home(void)
{
	return xa_empty(&away) && !ssi_any_lent();
}

/*
 * As ssi_away(), but that what stands for a process here, when that is filled with it again, finds
 * itself.
 */
u8 ssi_away_from(struct task_struct *task, u32 pid)
{
	return task_tgid_nr(task) == pid ? 0 : ssi_away(pid);
}

static void *ssi_guest_entry(u8 home, u32 parent, bool orphaned)
{
	return xa_mk_value((unsigned long)parent << PARENT_SHIFT | (orphaned ? ORPHANED : 0) |
			   home);
}

static u8 ssi_entry_home(void *entry)
{
	return xa_to_value(entry) & HOME_MASK;
}

static u32 ssi_entry_parent(void *entry)
{
	return xa_to_value(entry) >> PARENT_SHIFT;
}

static bool ssi_entry_orphaned(void *entry)
{
	return xa_to_value(entry) & ORPHANED;
}

/* Keeps room, so that it can be added for certain. */
int ssi_guest_reserve(u32 pid)
{
	return xa_reserve(&guests, pid, GFP_KERNEL);
}

int ssi_guest_add(u32 pid, u8 home, u32 parent, bool orphaned)
{
	WRITE_ONCE(ssi_has_guests, true);
	WRITE_ONCE(ssi_groups_span, true);
	return xa_err(xa_store(&guests, pid, ssi_guest_entry(home, parent, orphaned), GFP_KERNEL));
}

/* Guests that are about to be elsewhere, or are already. */
static DEFINE_XARRAY(leaving);

/* Notes it, as far as there is memory. */
void ssi_guest_leaves(u32 pid, bool leaves)
{
	if (leaves)
		xa_store(&leaving, pid, xa_mk_value(1), GFP_KERNEL);
	else
		xa_erase(&leaving, pid);
}

bool ssi_guest_is_leaving(u32 pid)
{
	return xa_load(&leaving, pid);
}

void ssi_guest_remove(u32 pid)
{
	xa_erase(&guests, pid);
}

/* Any context. */
bool ssi_guest(u32 pid, u8 *home, u32 *parent)
{
	void *entry = xa_load(&guests, pid);

	if (!entry)
		return false;
	*home = ssi_entry_home(entry);
	*parent = ssi_entry_parent(entry);
	return true;
}

/* Only the lock keeps a guest that goes from being put back. There is room for it. */
void ssi_guest_set_parent(u32 pid, u32 parent, bool orphaned)
{
	void *entry;

	guard(spinlock)(&guests.xa_lock);
	entry = xa_load(&guests, pid);
	if (entry)
		__xa_store(&guests, pid,
			   ssi_guest_entry(ssi_entry_home(entry), parent, orphaned), GFP_ATOMIC);
}

void ssi_guest_set_orphaned(u32 pid, bool orphaned)
{
	void *entry;

	guard(spinlock)(&guests.xa_lock);
	entry = xa_load(&guests, pid);
	if (entry)
		__xa_store(&guests, pid, ssi_guest_entry(ssi_entry_home(entry),
							 ssi_entry_parent(entry), orphaned),
			   GFP_ATOMIC);
}

/* Home is gone, and with it the parent. */
void ssi_guest_orphan(u32 pid)
{
	guard(spinlock)(&guests.xa_lock);
	if (xa_load(&guests, pid))
		__xa_store(&guests, pid, ssi_guest_entry(0, 1, true), GFP_ATOMIC);
}

/* The first guest from @pid on, or 0. */
u32 ssi_guest_next(u32 pid)
{
	unsigned long index = pid;

	return xa_find(&guests, &index, PID_MAX_LIMIT, XA_PRESENT) ? index : 0;
}

pid_t __ssi_ppid(struct task_struct *task, pid_t ppid)
{
	u32 parent;
	u8 home;

	return ssi_guest(task_tgid_nr(task), &home, &parent) ? parent : ppid;
}

bool __ssi_keeps_group(struct task_struct *task, bool keeps)
{
	void *entry = xa_load(&guests, task_tgid_nr(task));

	return entry ? !ssi_entry_orphaned(entry) : keeps;
}
