/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks of the Single System Image.
 *
 * The only SSI header a C file of the kernel includes. A hook is a static
 * inline that tests one bool and calls an out-of-line worker; with the switch
 * off it is an empty stub. No feature needs a hook yet.
 */
#ifndef _LINUX_SSI_H
#define _LINUX_SSI_H

#endif /* _LINUX_SSI_H */
