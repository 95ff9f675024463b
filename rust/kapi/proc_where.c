// SPDX-License-Identifier: GPL-2.0
/*
 * Number of a process' node.
 */
#include <linux/seq_file.h>
#include <linux/ssi.h>

/* A process runs where it was born, so all of this kernel are on its node; 0 is no node. */
int ssi_proc_where(struct seq_file *file, struct pid_namespace *ns, struct pid *pid,
		   struct task_struct *task)
{
	seq_printf(file, "%d\n", ssi_pid_first / SSI_PIDS_PRIVATE);
	return 0;
}
