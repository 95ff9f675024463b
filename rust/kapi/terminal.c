// SPDX-License-Identifier: GPL-2.0
/*
 * Terminals of sessions on several nodes.
 *
 * At home it is decided who is in the foreground; where a process is, what becomes of it
 * if it is not. The session and the groups are those of drivers/tty/tty_jobctrl.c.
 */
#include <linux/cdev.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/tty.h>
#include <../drivers/tty/tty.h>
#include "file_home.h"

bool ssi_terminals_span __read_mostly;

/* How often a number is looked for that comes and goes at the moment. */
#define TRIES_MAX	100

/* Where the process is */

static bool ssi_is_ignored(int signal)
{
	return sigismember(&current->blocked, signal) ||
	       current->sighand->action[signal - 1].sa.sa_handler == SIG_IGN;
}

/* What a terminal is to know of the running task. A session of this node alone is none. */
void ssi_terminal_member(struct ssi_terminal_member *out)
{
	u32 session = task_session_nr_ns(current, &init_pid_ns);

	*out = (struct ssi_terminal_member) {
		.session = session < SSI_PIDS_PRIVATE ? 0 : session,
		.group = task_pgrp_nr_ns(current, &init_pid_ns),
		.insists = ssi_is_ignored(SIGTTOU),
	};
}

/*
 * The running task is in the background of its terminal: goes on as __tty_check_change().
 * If the signal is ignored by now, it may try again.
 */
int ssi_terminal_background(int signal)
{
	if (ssi_is_ignored(signal) && signal == SIGTTIN)
		return -EIO;
	if (!ssi_is_ignored(signal)) {
		if (is_current_pgrp_orphaned())
			return -EIO;
		scoped_guard(rcu)
			kill_pgrp(task_pgrp(current), signal, 1);
	}
	set_thread_flag(TIF_SIGPENDING);
	return -ERESTARTSYS;
}

/*
 * The number all nodes know the running task's @group by, if that is of its session, and
 * whether it is known to be; negative for an error.
 */
int ssi_terminal_vouch(int *group)
{
	struct task_struct *task;
	struct pid *pid;

	guard(rcu)();
	pid = find_vpid(*group);
	task = pid_task(pid, PIDTYPE_PGID) ?: pid_task(pid, PIDTYPE_PID);
	if (!task)
		return task_active_pid_ns(current) == &init_pid_ns ? false : -ESRCH;
	if (task_session(task) != task_session(current))
		return -EPERM;
	*group = pid_nr(pid);
	return true;
}

/* What the running task is to a terminal it takes or gives up. */
void ssi_terminal_leader(struct ssi_terminal_leader *out)
{
	const struct cred *cred = current_cred();

	*out = (struct ssi_terminal_leader) {
		.pid = task_tgid_nr(current),
		.leads = current->signal->leader,
		.has_one = READ_ONCE(current->signal->tty),
		.is_admin = cred->user_ns == &init_user_ns &&
			    cap_raised(cred->cap_effective, CAP_SYS_ADMIN),
		.user = from_kuid(&init_user_ns, cred->uid),
		.effective = from_kuid(&init_user_ns, cred->euid),
	};
}

/* The number the running task knows @group by, 0 for none. */
u32 ssi_terminal_visible(u32 group)
{
	if (task_active_pid_ns(current) == &init_pid_ns)
		return group;
	guard(rcu)();
	return pid_vnr(find_pid_ns(group, &init_pid_ns));
}

/* Where the terminal is */

/* NULL for what is none, or was hung up. */
static struct tty_struct *ssi_terminal_of(const struct ssi_home *home)
{
	if (home->kind != SSI_HOME_TERMINAL || tty_hung_up_p(home->file))
		return NULL;
	return ((struct tty_file_private *)home->file->private_data)->tty;
}

/* False for what is no terminal, or was hung up. */
bool ssi_terminal_control(const struct ssi_home *home, struct ssi_terminal_control *out)
{
	struct tty_struct *tty = ssi_terminal_of(home);

	if (!tty)
		return false;
	guard(spinlock_irq)(&tty->ctrl.lock);
	*out = (struct ssi_terminal_control) {
		.session = pid_nr(tty->ctrl.session),
		.foreground = pid_nr(tty->ctrl.pgrp),
		.stops_writers = L_TOSTOP(tty),
	};
	return true;
}

/* A group of @session that has members here, with a reference; NULL for one that has none. */
static struct pid *ssi_known_group(u32 group, u32 session)
{
	struct task_struct *task;
	struct pid *pid;

	guard(rcu)();
	pid = find_pid_ns(group, &init_pid_ns);
	task = pid_task(pid, PIDTYPE_PGID) ?: pid_task(pid, PIDTYPE_PID);
	if (!task)
		return NULL;
	if (task_session_nr_ns(task, &init_pid_ns) != session)
		return ERR_PTR(-EPERM);
	return get_pid(pid);
}

/*
 * A group without members here, with a reference. As one whose last member is gone it has
 * its number and is not found by it: nobody has to free that.
 */
static struct pid *ssi_foreign_group(u32 group)
{
	pid_t number = group;
	struct pid *pid = alloc_pid(&init_pid_ns, &number, 1);

	if (IS_ERR(pid))
		return pid;
	get_pid(pid);
	free_pid(pid);
	return pid;
}

static struct pid *ssi_group(u32 group, u32 session, bool is_vouched)
{
	struct pid *pid = NULL;

	for (int i = 0; i < TRIES_MAX; i++) {
		pid = ssi_known_group(group, session);
		if (pid)
			return pid;
		if (!is_vouched)
			return ERR_PTR(-ESRCH);
		pid = ssi_foreign_group(group);
		if (pid != ERR_PTR(-EEXIST))
			return pid;
		msleep(1);
	}
	return ERR_PTR(-EAGAIN);
}

/* @group came: if its number is that of the foreground, it is there. */
static void ssi_group_came(struct tty_struct *tty, struct pid *group)
{
	struct pid *before = NULL;

	scoped_guard(spinlock_irq, &tty->ctrl.lock) {
		if (tty->ctrl.pgrp && tty->ctrl.pgrp != group &&
		    pid_nr(tty->ctrl.pgrp) == pid_nr(group)) {
			before = tty->ctrl.pgrp;
			tty->ctrl.pgrp = get_pid(group);
		}
	}
	put_pid(before);
}

/* Whether @group has members here: 0 if they are of @session, -EPERM if of another one. */
int ssi_terminal_vouches(u32 group, u32 session)
{
	struct pid *pid = ssi_known_group(group, session);

	if (IS_ERR_OR_NULL(pid))
		return pid ? PTR_ERR(pid) : -ESRCH;
	put_pid(pid);
	return 0;
}

static int ssi_put_group(struct tty_struct *tty, u32 session, u32 group, bool is_vouched)
{
	struct pid *pid;
	int error = 0;

	pid = ssi_group(group, session, is_vouched);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	scoped_guard(spinlock_irq, &tty->ctrl.lock) {
		if (tty->ctrl.session && pid_nr(tty->ctrl.session) == session)
			swap(tty->ctrl.pgrp, pid);
		else
			error = -ENOTTY;
	}
	put_pid(pid);
	/* A member may have come here meanwhile. */
	pid = error ? NULL : ssi_known_group(group, session);
	if (!IS_ERR_OR_NULL(pid)) {
		ssi_group_came(tty, pid);
		put_pid(pid);
	}
	return error;
}

/*
 * Puts a group of @session into the foreground. One that has no members here must be
 * vouched for. May sleep.
 */
int ssi_terminal_set_foreground(const struct ssi_home *home, u32 session, u32 group,
				bool is_vouched)
{
	struct tty_struct *tty = ssi_terminal_of(home);

	return tty ? ssi_put_group(tty, session, group, is_vouched) : -ENOTTY;
}

/* The end of a pair that controls; NULL for what is no terminal of this node. */
static struct tty_struct *ssi_controlling_end(const struct file *file)
{
	struct file_operations operations;
	struct tty_struct *tty;

	tty_default_fops(&operations);
	if (file->f_op->read_iter != operations.read_iter)
		return NULL;
	tty = ((struct tty_file_private *)file->private_data)->tty;
	return tty->driver->type == TTY_DRIVER_TYPE_PTY &&
	       tty->driver->subtype == PTY_TYPE_MASTER ? tty->link : tty;
}

/*
 * As tiocspgrp() of the running task, for a group that has no members here and is vouched
 * for. May sleep.
 */
int ssi_terminal_put_group(int fd, u32 group)
{
	CLASS(fd, opened)(fd);
	struct tty_struct *tty;

	if (fd_empty(opened))
		return -EBADF;
	tty = ssi_controlling_end(fd_file(opened));
	if (!tty || READ_ONCE(current->signal->tty) != tty)
		return -ENOTTY;
	return ssi_put_group(tty, task_session_nr_ns(current, &init_pid_ns), group, true);
}

/*
 * As ioctl(2) of the running task, which need have no memory. Who does not lead its session
 * would give the terminal up here alone, and not where it is.
 */
long ssi_terminal_ioctl(const struct ssi_home *home, unsigned int number, unsigned long argument)
{
	if (!ssi_terminal_of(home))
		return -EIO;
	if (number == TIOCNOTTY && !current->signal->leader)
		return -ENOTTY;
	return home->file->f_op->unlocked_ioctl(home->file, number, argument);
}

/* For a holder of tasklist_lock that waits for no interrupt. */
static struct tty_struct *ssi_terminal_of_task(struct task_struct *task)
{
	guard(spinlock)(&task->sighand->siglock);
	return tty_kref_get(task->signal->tty);
}

/*
 * The terminal that controls @session, with a reference, and the rights of one of its
 * processes. For a holder of tasklist_lock that waits for no interrupt.
 */
static struct tty_struct *ssi_terminal_of_session(struct pid *session, const struct cred **cred)
{
	struct tty_struct *found = NULL;
	struct task_struct *task;

	do_each_pid_task(session, PIDTYPE_SID, task) {
		if (found)
			continue;
		found = ssi_terminal_of_task(task);
		if (found && cred)
			*cred = get_task_cred(task);
	} while_each_pid_task(session, PIDTYPE_SID, task);
	return found;
}

/* The terminal of this node that controls @session; false for none. Process context. */
bool ssi_terminal_look(u32 session, u32 *device, u32 *foreground)
{
	struct tty_struct *tty = NULL;
	struct pid *group;

	scoped_guard(write_lock_irq, &tasklist_lock) {
		struct pid *pid = find_pid_ns(session, &init_pid_ns);

		if (pid)
			tty = ssi_terminal_of_session(pid, NULL);
	}
	if (!tty)
		return false;
	group = tty_get_pgrp(tty);
	*device = new_encode_dev(tty_devnum(tty));
	*foreground = pid_nr(group);
	put_pid(group);
	tty_kref_put(tty);
	return true;
}

/* What @ns knows @group by. */
static int ssi_number_in(u32 group, struct pid_namespace *ns)
{
	if (ns == &init_pid_ns)
		return group;
	guard(rcu)();
	return pid_nr_ns(find_pid_ns(group, &init_pid_ns), ns);
}

void __ssi_stat_terminal(struct task_struct *task, struct pid_namespace *ns, int *device,
			 int *group)
{
	u32 session = task_session_nr_ns(task, &init_pid_ns);
	u32 seen, foreground;

	if (session < SSI_PIDS_PRIVATE || READ_ONCE(task->signal->tty) ||
	    !ssi_terminal_seen(session, &seen, &foreground))
		return;
	*device = seen;
	*group = ssi_number_in(foreground, ns);
}

/* @task, which came from another node, is in another group than before. */
void ssi_terminal_joined(struct task_struct *task)
{
	struct tty_struct *tty = NULL;
	struct pid *group;

	scoped_guard(read_lock_irq, &tasklist_lock) {
		if (pid_alive(task))
			tty = ssi_terminal_of_task(task);
	}
	group = get_task_pid(task, PIDTYPE_PGID);
	if (tty && group)
		ssi_group_came(tty, group);
	put_pid(group);
	tty_kref_put(tty);
}

/*
 * Has the running task, new in its session, the terminal of that, as if its parent had
 * been here.
 */
void ssi_terminal_inherit(void)
{
	struct tty_struct *tty;

	if (task_session_nr_ns(current, &init_pid_ns) < SSI_PIDS_PRIVATE)
		return;
	WRITE_ONCE(ssi_terminals_span, true);
	/* Who hangs it up has the lock, too. */
	scoped_guard(write_lock_irq, &tasklist_lock) {
		tty = ssi_terminal_of_session(task_session(current), NULL);
		if (tty) {
			guard(spinlock)(&current->sighand->siglock);
			swap(current->signal->tty, tty);
		}
	}
	tty_kref_put(tty);
	ssi_terminal_joined(current);
}

/* /dev/tty, wherever this node has it. */
static struct file *ssi_terminal_device(unsigned int flags, const struct cred *cred)
{
	struct path path = { .mnt = ssi_proxy_mount() };
	struct inode *inode = new_inode_pseudo(path.mnt->mnt_sb);
	struct file *file;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_ino = get_next_ino();
	init_special_inode(inode, S_IFCHR | 0666, MKDEV(TTYAUX_MAJOR, 0));
	simple_inode_init_ts(inode);
	path.dentry = d_obtain_alias(inode);
	if (IS_ERR(path.dentry))
		return ERR_CAST(path.dentry);
	file = dentry_open(&path, flags | O_NOCTTY | O_LARGEFILE, cred);
	dput(path.dentry);
	return file;
}

/*
 * Lets the running thread of the kernel open the terminal of @session, until it is taken
 * off. Gives that, opened with the rights of a process of the session.
 */
struct file *ssi_terminal_put_on(u32 session, unsigned int flags)
{
	const struct cred *cred = NULL;
	struct tty_struct *tty = NULL;
	struct file *file;

	scoped_guard(write_lock_irq, &tasklist_lock) {
		struct pid *pid = find_pid_ns(session, &init_pid_ns);

		if (pid)
			tty = ssi_terminal_of_session(pid, &cred);
	}
	if (!tty)
		return ERR_PTR(-ENXIO);
	scoped_guard(spinlock_irq, &current->sighand->siglock)
		swap(current->signal->tty, tty);
	tty_kref_put(tty);
	file = ssi_terminal_device(flags & O_ACCMODE, cred);
	put_cred(cred);
	return file;
}

void ssi_terminal_take_off(void)
{
	proc_clear_tty(current);
}

/* The device */

static struct file_operations stock;

/* /dev/tty: what controls a session of another node is there. */
static int ssi_terminal_open(struct inode *inode, struct file *file)
{
	struct tty_struct *tty = get_current_tty();
	int error = -ENXIO;

	tty_kref_put(tty);
	if (!tty)
		error = ssi_terminal_elsewhere(file, file->f_flags);
	if (error != -ENXIO)
		return error;
	replace_fops(file, &stock);
	return stock.open(inode, file);
}

static const struct file_operations device = {
	.open	= ssi_terminal_open,
	.llseek	= noop_llseek,
};

static struct cdev cdev;

/* The device that is added last is the one that is found. */
int ssi_terminal_begin(void)
{
	tty_default_fops(&stock);
	cdev_init(&cdev, &device);
	return cdev_add(&cdev, MKDEV(TTYAUX_MAJOR, 0), 1);
}
