// SPDX-License-Identifier: GPL-2.0
/*
 * Calls about a process that are not made on another node.
 *
 *	refused PID TID
 */
#include "say.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/perf_event.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(event) };
	char room[64];
	struct iovec memory = { room, sizeof(room) };
	void *page = room, *list;
	size_t length;
	int status;

	if (argc != 3)
		return 2;
	target = atoi(argv[1]);
	thread = atoi(argv[2]);
	CALL("attach", ptrace, PTRACE_ATTACH, target, 0, 0);
	CALL("seize", ptrace, PTRACE_SEIZE, target, 0, 0);
	CALL("", process_vm_readv, target, &memory, 1, &memory, 1, 0);
	CALL("", process_vm_writev, target, &memory, 1, &memory, 1, 0);
	CALL("", kcmp, target, getpid(), KCMP_VM, 0, 0);
	CALL("the second", kcmp, getpid(), target, KCMP_VM, 0, 0);
	CALL("", move_pages, target, 1, &page, NULL, &status, 0);
	CALL("", migrate_pages, target, 0, NULL, NULL);
	CALL("", perf_event_open, &event, target, -1, -1, 0);
	CALL("", get_robust_list, target, &list, &length);
	CALL("", setpgid, target, target);
	CALL("", wait4, target, &status, WNOHANG, NULL);
	return 0;
}
