// SPDX-License-Identifier: GPL-2.0
/*
 * Owners of files, who are sent SIGIO and SIGURG.
 *
 * One that is elsewhere is a struct pid that no task has and nobody finds by its number: the
 * kernel keeps it and lets it go as any other, and sends to nobody by itself.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

/*
 * Such a pid has no attributes in pidfs; the error that is there instead names the node, in a
 * range no error of the kernel is in.
 */
#define ELSEWHERE	3000

bool ssi_owners_elsewhere __read_mostly;

static u8 own_node(void)
{
	return ssi_pid_first / SSI_PIDS_PRIVATE;
}

/* The node of one that is elsewhere, else 0. */
static u8 node_of(const struct pid *pid)
{
	long number = IS_ERR(pid->attr) ? -PTR_ERR(pid->attr) - ELSEWHERE : 0;

	return number > 0 && number <= U8_MAX ? number : 0;
}

static struct pid *elsewhere(const struct ssi_file_owner *owner)
{
	struct pid *pid = kmem_cache_zalloc(init_pid_ns.pid_cachep, GFP_KERNEL);

	if (!pid)
		return ERR_PTR(-ENOMEM);
	refcount_set(&pid->count, 1);
	spin_lock_init(&pid->lock);
	init_waitqueue_head(&pid->wait_pidfd);
	pid->attr = ERR_PTR(-ELSEWHERE - owner->node);
	pid->ino = owner->identity;
	pid->numbers[0].nr = owner->number;
	pid->numbers[0].ns = &init_pid_ns;
	WRITE_ONCE(ssi_owners_elsewhere, true);
	return pid;
}

/* By which of its lists the kernel finds the tasks of an owner. */
static enum pid_type list_of(u32 kind)
{
	return kind == SSI_OWNER_GROUP ? PIDTYPE_PGID : PIDTYPE_PID;
}

/* As the kernel says it of an owner. */
static enum pid_type type_of(u32 kind)
{
	switch (kind) {
	case SSI_OWNER_THREAD:
		return PIDTYPE_PID;
	case SSI_OWNER_GROUP:
		return PIDTYPE_PGID;
	}
	return PIDTYPE_TGID;
}

static u32 kind_of(enum pid_type type)
{
	switch (type) {
	case PIDTYPE_PID:
		return SSI_OWNER_THREAD;
	case PIDTYPE_PGID:
		return SSI_OWNER_GROUP;
	default:
		return SSI_OWNER_PROCESS;
	}
}

/* With a reference. */
static struct pid *here(u32 kind, u32 number)
{
	struct pid *pid;

	guard(rcu)();
	pid = find_pid_ns(number, &init_pid_ns);
	return pid && pid_task(pid, list_of(kind)) ? get_pid(pid) : NULL;
}

/* Whether a task here has the number, be it what a process left here. */
bool ssi_owner_is_here(u32 kind, u32 number)
{
	struct pid *pid = here(kind, number);

	put_pid(pid);
	return pid;
}

/* With a reference; NULL for nobody. */
static struct pid *pid_of(const struct ssi_file_owner *owner)
{
	struct pid *pid;

	if (!owner->number)
		return NULL;
	/* Process 1 of this node need not be that of the cluster. */
	pid = owner->number < SSI_PIDS_PRIVATE ? NULL : here(owner->kind, owner->number);
	if (!pid)
		return elsewhere(owner);
	if (owner->node == own_node() && owner->identity && owner->identity != pid->ino) {
		put_pid(pid);
		return ERR_PTR(-ESRCH);
	}
	return pid;
}

/* As __f_setown(), for whoever @owner says it was. May sleep. */
int ssi_owner_set(struct file *file, const struct ssi_file_owner *owner)
{
	int error = file_f_owner_allocate(file);
	struct fown_struct *of_file;
	struct pid *pid;

	if (error)
		return error;
	pid = pid_of(owner);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	of_file = file_f_owner(file);
	scoped_guard(write_lock_irq, &of_file->lock) {
		swap(of_file->pid, pid);
		of_file->pid_type = type_of(owner->kind);
		if (of_file->pid) {
			of_file->uid = make_kuid(&init_user_ns, owner->user);
			of_file->euid = make_kuid(&init_user_ns, owner->effective);
		}
	}
	put_pid(pid);
	return 0;
}

/*
 * Whether nobody here is the owner any more, a process of another node, which may have gone on.
 * For RCU readers.
 */
static bool may_have_gone(const struct fown_struct *owner)
{
	int number = owner->pid->numbers[0].nr;

	return number >= SSI_PIDS_PRIVATE && (number < ssi_pid_first || number >= ssi_pid_end) &&
	       !pid_task(owner->pid, PIDTYPE_PID);
}

/*
 * Whether nobody here is the owner, a process or thread, and somebody elsewhere may be. Any
 * context, for a holder of its lock; it has a pid.
 */
bool ssi_owner_elsewhere(const struct fown_struct *owner)
{
	guard(rcu)();
	return node_of(owner->pid) ||
	       (owner->pid_type != PIDTYPE_PGID && may_have_gone(owner));
}

/* The same. What another node knows it by is not known of one that has gone on. */
void ssi_owner_describe(const struct fown_struct *from, struct ssi_file_owner *owner)
{
	u8 node = node_of(from->pid);

	guard(rcu)();
	*owner = (struct ssi_file_owner) {
		.kind = kind_of(from->pid_type),
		.number = from->pid->numbers[0].nr,
		.user = from_kuid(&init_user_ns, from->uid),
		.effective = from_kuid(&init_user_ns, from->euid),
		.identity = !node && may_have_gone(from) ? 0 : from->pid->ino,
		.node = node ?: own_node(),
	};
}

void ssi_owner_get(struct file *file, struct ssi_owner_state *state)
{
	struct fown_struct *of_file = file_f_owner(file);

	*state = (struct ssi_owner_state) { .owner.kind = SSI_OWNER_THREAD };
	if (!of_file)
		return;
	guard(read_lock_irq)(&of_file->lock);
	guard(rcu)();
	state->owner.kind = kind_of(of_file->pid_type);
	state->signal = READ_ONCE(of_file->signum);
	if (!of_file->pid)
		return;
	ssi_owner_describe(of_file, &state->owner);
	state->is_here = pid_task(of_file->pid, of_file->pid_type);
}

/* As F_SETSIG. May sleep. */
int ssi_owner_set_signal(struct file *file, u32 signal)
{
	int error;

	if (signal > _NSIG)
		return -EINVAL;
	error = file_f_owner_allocate(file);
	if (!error)
		WRITE_ONCE(file_f_owner(file)->signum, signal);
	return error;
}

static bool has_owner(struct file *file)
{
	struct ssi_owner_state state;

	ssi_owner_get(file, &state);
	return state.owner.number;
}

/*
 * As F_SETFL and FIOASYNC of the process @asks, whose file it is as @fd. A terminal takes the
 * group in the foreground or the running task for the owner if there is none. May sleep.
 */
int ssi_owner_notify(struct file *file, int fd, bool notifies,
		     const struct ssi_file_owner *asks)
{
	struct ssi_owner_state state;
	bool had_owner = has_owner(file);
	int result;

	if (!file->f_op->fasync)
		return -ENOTTY;
	result = file->f_op->fasync(fd, file, notifies);
	if (result < 0)
		return result;
	ssi_owner_get(file, &state);
	if (had_owner || !state.owner.number)
		return 0;
	if (state.owner.kind != SSI_OWNER_GROUP)
		return ssi_owner_set(file, asks);
	state.owner.user = asks->user;
	state.owner.effective = asks->effective;
	return ssi_owner_set(file, &state.owner);
}

/* What F_GETFL says of a file for which that is done elsewhere. */
void ssi_owner_show_notified(struct file *file, bool notifies)
{
	guard(spinlock)(&file->f_lock);
	if (notifies)
		file->f_flags |= FASYNC;
	else
		file->f_flags &= ~FASYNC;
}

bool ssi_owner_is_socket(const struct file *file)
{
	return S_ISSOCK(file_inode(file)->i_mode);
}
