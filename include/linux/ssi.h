/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks of the Single System Image.
 *
 * The only SSI header a C file of the kernel includes. A hook is a static
 * inline that tests one variable and calls an out-of-line worker; with the
 * switch off it is an empty stub.
 */
#ifndef _LINUX_SSI_H
#define _LINUX_SSI_H

#include <linux/types.h>

struct pid_namespace;
struct pt_regs;

#ifdef CONFIG_SSI_VPROC
#include <linux/compiler.h>

extern struct pid_namespace init_pid_ns;

/* Pids of this node: first to end - 1. Both are 0 on a kernel that is no node. */
extern int ssi_pid_first;
extern int ssi_pid_end;

/* Indexed by the number of a system call: those that may mean another node. */
extern bool ssi_syscall_hooked[];

bool __ssi_syscall(unsigned int nr, struct pt_regs *regs, unsigned long *ret);

/* Where the next pid of @ns is looked for. Called under pidmap_lock. */
static inline void ssi_pid_range(struct pid_namespace *ns, int *min, int *end)
{
	if (ssi_pid_end && ns == &init_pid_ns) {
		*min = ssi_pid_first;
		*end = ssi_pid_end;
	}
}

/*
 * Whether system call @nr was made elsewhere; then @ret is its result. The
 * caller holds no lock. May sleep.
 */
static inline bool ssi_syscall(unsigned int nr, struct pt_regs *regs, unsigned long *ret)
{
	return unlikely(ssi_syscall_hooked[nr]) && __ssi_syscall(nr, regs, ret);
}
#else
static inline void ssi_pid_range(struct pid_namespace *ns, int *min, int *end)
{
}

static inline bool ssi_syscall(unsigned int nr, struct pt_regs *regs, unsigned long *ret)
{
	return false;
}
#endif

#endif /* _LINUX_SSI_H */
