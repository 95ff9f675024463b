// SPDX-License-Identifier: GPL-2.0
/*
 * System calls that may mean another node.
 */
#include <asm/syscall.h>
#include <asm/unistd.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <sysdep/ptrace.h>

bool ssi_syscall_hooked[__NR_syscalls] __read_mostly;

bool ssi_syscall_hook(unsigned int number)
{
	/* A set of processors travels as eight bytes. */
	BUILD_BUG_ON(NR_CPUS > 64);
	if (number >= __NR_syscalls)
		return false;
	WRITE_ONCE(ssi_syscall_hooked[number], true);
	return true;
}

void ssi_syscall_arguments(struct pt_regs *regs, unsigned long *arguments)
{
	arguments[0] = UPT_SYSCALL_ARG1(&regs->regs);
	arguments[1] = UPT_SYSCALL_ARG2(&regs->regs);
	arguments[2] = UPT_SYSCALL_ARG3(&regs->regs);
	arguments[3] = UPT_SYSCALL_ARG4(&regs->regs);
	arguments[4] = UPT_SYSCALL_ARG5(&regs->regs);
	arguments[5] = UPT_SYSCALL_ARG6(&regs->regs);
}

long ssi_syscall_native(unsigned int number, const unsigned long *arguments)
{
	if (number >= __NR_syscalls)
		return -ENOSYS;
	return (*sys_call_table[number])(arguments[0], arguments[1], arguments[2],
					 arguments[3], arguments[4], arguments[5]);
}

/*
 * The numbers a container sees are its own, the first process of a node looks after
 * what is on that node, and what has no user memory is the kernel: a thread of it, or a
 * helper it starts before that is executed.
 */
bool ssi_sees_cluster(void)
{
	return current->mm && !(current->flags & PF_KTHREAD) && !is_global_init(current) &&
	       task_active_pid_ns(current) == &init_pid_ns;
}

u32 ssi_own_process(void)
{
	return task_tgid_nr(current);
}

bool ssi_is_leader(void)
{
	return thread_group_leader(current);
}

u32 ssi_own_group(void)
{
	return task_pgrp_nr_ns(current, &init_pid_ns);
}

u32 ssi_user(u32 who)
{
	kuid_t user = who ? make_kuid(current_user_ns(), who) : current_uid();

	return from_kuid(&init_user_ns, user);
}
