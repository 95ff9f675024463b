// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /proc that move a process.
 *
 * Who may signal a process may move it. What counts are the rights of who opened the file, as
 * with the files of processes of other nodes: a program with other rights that got it handed
 * over moves nothing with them.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/uaccess.h>
#include <../fs/proc/internal.h>

/* By the rules of kill(2). For RCU readers. */
static int may_signal(struct task_struct *task, const struct file *file)
{
	int error;

	scoped_with_creds(file->f_cred)
		error = group_send_sig_info(0, SEND_SIG_NOINFO, task, PIDTYPE_TGID);
	return error;
}

/* The process of @file, if it may be moved by who opened that, or an error. */
static int process_of(const struct file *file)
{
	struct task_struct *task;
	int error;

	guard(rcu)();
	task = pid_task(proc_pid(file_inode(file)), PIDTYPE_PID);
	if (!task)
		return -ESRCH;
	error = may_signal(task, file);
	return error ?: task_tgid_nr(task);
}

/* Other nodes ask in another way, for it takes its time. */
static ssize_t goto_write(struct file *file, const char __user *buffer, size_t bytes,
			  loff_t *position)
{
	char text[SSI_GOTO_BYTES_MAX];
	int process, error;

	if (current->flags & PF_KTHREAD)
		return -EPERM;
	if (bytes > sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buffer, bytes))
		return -EFAULT;
	process = process_of(file);
	if (process < 0)
		return process;
	error = ssi_goto(process, text, bytes);
	return error ?: bytes;
}

const struct file_operations ssi_proc_goto_operations = {
	.write	= goto_write,
	.llseek	= noop_llseek,
};

/* Whether @file moves the process of @task: who writes to its own takes it along. */
bool ssi_goto_is_of(const struct file *file, struct task_struct *task)
{
	return file->f_op == &ssi_proc_goto_operations &&
	       proc_pid(file_inode(file)) == task_tgid(task);
}

/* Empty for one that can be moved. */
int ssi_proc_cantmove(struct seq_file *file, struct pid_namespace *ns, struct pid *pid,
		      struct task_struct *task)
{
	unsigned int number = 0;
	enum ssi_cannot why;
	int error;

	rcu_read_lock();
	error = may_signal(task, file->file);
	rcu_read_unlock();
	if (error)
		return error;
	why = ssi_may_move(task, &number);
	if (why == SSI_CANNOT_FILE || why == SSI_CANNOT_SET)
		seq_printf(file, "its file %u %s\n", number, ssi_cannot_words(why));
	else if (why)
		seq_printf(file, "it %s\n", ssi_cannot_words(why));
	return 0;
}
