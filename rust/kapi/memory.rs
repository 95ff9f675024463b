// SPDX-License-Identifier: GPL-2.0

//! Memory of this kernel.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use core::mem;

use kernel::bindings;

/// Bytes of a page.
pub const PAGE_BYTES: u64 = bindings::PAGE_SIZE as u64;

/// Pages the kernel manages, its own image not among them. Any context.
pub fn total_pages() -> u64 {
    // SAFETY: Zero is a valid value of every field of `struct sysinfo`.
    let mut info: bindings::sysinfo = unsafe { mem::zeroed() };
    // SAFETY: `info` is valid for a write.
    unsafe { bindings::si_meminfo(&mut info) };
    info.totalram as u64
}

/// Pages of them that programs could get, without those of others being written out: about.
/// Any context.
pub fn free_pages() -> u64 {
    // SAFETY: No preconditions.
    u64::try_from(unsafe { bindings::si_mem_available() }).unwrap_or(0)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_memory)]
mod tests {
    #[test]
    fn there_is_some() {
        assert!(super::total_pages() * super::PAGE_BYTES > 16 << 20);
    }

    #[test]
    fn some_is_free() {
        assert!(super::free_pages() > 0);
        assert!(super::free_pages() < super::total_pages());
    }
}
