// SPDX-License-Identifier: GPL-2.0

//! Rights of who calls.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use kernel::{
    bindings,
    prelude::*, //
};

/// Whether the running process may end the machine (`CAP_SYS_BOOT`, in the first
/// user name space). Process context.
pub fn may_boot() -> bool {
    // SAFETY: Any number of a capability is allowed; asks about `current`.
    unsafe { bindings::capable(bindings::CAP_SYS_BOOT as c_int) }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_capability)]
mod tests {
    #[test]
    fn the_kernel_itself_may() {
        assert!(super::may_boot());
    }
}
