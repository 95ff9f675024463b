// SPDX-License-Identifier: GPL-2.0
/*
 * Clock of the host.
 *
 * A kernel counts CLOCK_MONOTONIC from its own start. A process that moves to a node that was
 * booted later would find that time went back. All nodes of a host read that host's clock; so
 * they count from where it does, and all have the same CLOCK_MONOTONIC and CLOCK_BOOTTIME.
 *
 * Both functions are weak ones in kernel/time.
 */
#include <linux/clocksource.h>
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <os.h>

/* Nanoseconds of a cycle: as of UML's own, which takes over when the kernel has booted. */
#define CYCLE	256
#define SHIFT	8

/* Some minutes: the kernel looks at each tick. */
#define CYCLES_MAX	(1ULL << 32)

static u64 ssi_host_cycles(struct clocksource *clock)
{
	return os_nsecs() / CYCLE;
}

static struct clocksource host_clock = {
	.name	= "host",
	.read	= ssi_host_cycles,
	.mask	= CLOCKSOURCE_MASK(64),
	.mult	= CYCLE << SHIFT,
	.shift	= SHIFT,
	.max_cycles	= CYCLES_MAX,
	.max_raw_delta	= CYCLES_MAX,
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS,
};

/* The clock until then: the kernel's own would be late by a tick or two. */
struct clocksource * __init clocksource_default_clock(void)
{
	return &host_clock;
}

void __init read_persistent_wall_and_boot_offset(struct timespec64 *wall_time,
						 struct timespec64 *boot_offset)
{
	read_persistent_clock64(wall_time);
	*boot_offset = ns_to_timespec64(os_nsecs());
}
