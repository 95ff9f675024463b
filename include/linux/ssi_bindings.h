/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel interfaces ssi_kapi wraps.
 *
 * Read by bindgen alone, through rust/bindings/bindings_helper.h: the headers
 * of everything in rust/kapi that the kernel crate does not bind itself.
 */
#ifndef _LINUX_SSI_BINDINGS_H
#define _LINUX_SSI_BINDINGS_H

#ifdef CONFIG_SSI
#include <crypto/chacha20poly1305.h>
#include <crypto/sha2.h>
#include <linux/if.h>
#include <linux/inetdevice.h>
#include <linux/moduleparam.h>
#include <linux/proc_fs.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sockios.h>
#include <linux/ssi.h>
#include <linux/ssi_kapi.h>
#include <linux/syscalls.h>
#include <linux/sysctl.h>
#include <linux/umh.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>
#include <../../ssi/rust/kapi/pidfd.h>
#include <../../ssi/rust/kapi/trace.h>
#ifdef CONFIG_UML
#include <irq_kern.h>
#include <os.h>
#endif
#endif

#endif /* _LINUX_SSI_BINDINGS_H */
