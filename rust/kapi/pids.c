// SPDX-License-Identifier: GPL-2.0
/*
 * Pids of this node.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/random.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>

int ssi_pid_first __read_mostly;
int ssi_pid_end __read_mostly;

/* A number asked for by name must be allowed in the range of any node. */
void ssi_pids_begin(int first, int end)
{
	BUILD_BUG_ON(PID_MAX_LIMIT != 1 << 22);
	init_pid_ns.pid_max = PID_MAX_LIMIT;
	/* A number of an earlier life of the node is not given again soon. */
	idr_set_cursor(&init_pid_ns.idr, first + get_random_u32_below(end - first));
	ssi_pid_first = first;
	WRITE_ONCE(ssi_pid_end, end);
}

/* No task of this kernel gets it any more, unless it is asked for by name. */
void ssi_pid_withhold(u32 pid)
{
	pid_t number = pid;

	/* It fails when somebody has it. It is kept for ever, as nobody's. */
	alloc_pid(&init_pid_ns, &number, 1);
}
