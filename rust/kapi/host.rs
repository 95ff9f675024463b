// SPDX-License-Identifier: GPL-2.0

//! The host of a UML kernel.
//!
//! C header: [`include/linux/ssi_kapi.h`](srctree/include/linux/ssi_kapi.h)

use kernel::{
    bindings,
    prelude::*,
    str::CStr, //
};

/// Size of a task's FPU state, in the upper half, and the processor's features,
/// in the lower one. A process can only move between nodes that agree in it.
/// Any context.
pub fn features() -> u64 {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_host_features() }
}

/// The line the kernel begins its log with: it tells two builds apart.
pub fn build() -> &'static [u8] {
    // SAFETY: The banner is a constant and ends in a zero byte.
    unsafe { CStr::from_char_ptr((&raw const bindings::linux_banner).cast()) }.to_bytes()
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_host)]
mod tests {
    #[test]
    fn a_task_has_a_floating_point_unit() {
        assert!(super::features() >> 32 >= 512);
    }

    #[test]
    fn a_build_says_when_it_was_made() {
        assert!(super::build().starts_with(b"Linux version 7.3"));
    }
}
