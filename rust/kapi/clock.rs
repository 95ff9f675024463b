// SPDX-License-Identifier: GPL-2.0

//! What time it is.
//!
//! C header: [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h)

use kernel::bindings;

/// Nanoseconds in a microsecond.
pub const NANOS_PER_MICRO: u64 = 1_000;

/// Microseconds since the node booted, without jumps. Any context.
pub fn monotonic() -> u64 {
    // SAFETY: No preconditions.
    let nanoseconds = unsafe { bindings::ktime_get() };
    u64::try_from(nanoseconds).unwrap_or(0) / NANOS_PER_MICRO
}

/// Nanoseconds since 1970, by the clock on the wall, which may jump. Any context.
pub fn wall() -> u64 {
    let mut time = bindings::timespec64 {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for a write.
    unsafe { bindings::ktime_get_real_ts64(&mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(nanoseconds)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_clock)]
mod tests {
    #[test]
    fn clocks_go_on() {
        let (before, wall) = (super::monotonic(), super::wall());
        crate::thread::sleep(1_000);
        assert!(super::monotonic() >= before + 1_000);
        assert!(super::wall() >= wall + 1_000_000);
    }
}
