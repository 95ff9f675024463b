// SPDX-License-Identifier: GPL-2.0
/*
 * Number of a process' node.
 */
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>

/*
 * 0 is no node. Who sees its node alone sees there what processes left that went to
 * another one.
 */
int ssi_proc_where(struct seq_file *file, struct pid_namespace *ns, struct pid *pid,
		   struct task_struct *task)
{
	int away = ssi_away(task_tgid_nr(task));

	seq_printf(file, "%d\n", away ?: ssi_pid_first / SSI_PIDS_PRIVATE);
	return 0;
}
