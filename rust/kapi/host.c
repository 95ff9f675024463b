// SPDX-License-Identifier: GPL-2.0
/*
 * What UML found out about its host.
 */
#include <linux/ssi_kapi.h>

extern unsigned long host_fp_size;
extern long elf_aux_hwcap;

/* State of the FPU that a task has, and the processor's features, in a word. */
u64 ssi_host_features(void)
{
	return ((u64)host_fp_size << 32) | (u32)elf_aux_hwcap;
}
