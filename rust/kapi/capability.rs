// SPDX-License-Identifier: GPL-2.0

//! Rights of who calls.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use core::ptr;

use kernel::{
    bindings,
    prelude::*,
    seq_file::SeqFile, //
};

/// Whether the running process may end the machine (`CAP_SYS_BOOT`, in the first
/// user name space). Process context.
pub fn may_boot() -> bool {
    // SAFETY: Any number of a capability is allowed; asks about `current`.
    unsafe { bindings::capable(bindings::CAP_SYS_BOOT as c_int) }
}

/// Whether the running process may administrate the machine (`CAP_SYS_ADMIN`, in the first
/// user name space). Process context.
pub fn may_administrate() -> bool {
    // SAFETY: As above.
    unsafe { bindings::capable(bindings::CAP_SYS_ADMIN as c_int) }
}

/// Whether who opened the file that is being printed may administrate the machine
/// (`CAP_SYS_ADMIN`, in the first user name space), whoever reads it. Any context.
pub fn is_opened_by_administrator(out: &SeqFile) -> bool {
    let out: *const bindings::seq_file = ptr::from_ref(out).cast();
    // SAFETY: A `SeqFile` is a `seq_file`, of a file that is open while it is printed; the
    // name space is static.
    unsafe {
        bindings::file_ns_capable(
            (*out).file,
            &raw mut bindings::init_user_ns,
            bindings::CAP_SYS_ADMIN as c_int,
        )
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_capability)]
mod tests {
    #[test]
    fn the_kernel_itself_may() {
        assert!(super::may_boot());
        assert!(super::may_administrate());
    }
}
