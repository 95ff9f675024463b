// SPDX-License-Identifier: GPL-2.0

//! The release of this kernel.
//!
//! C header: [`include/linux/utsname.h`](srctree/include/linux/utsname.h)

use kernel::{
    bindings,
    prelude::*,
    str::CStr, //
};

/// What `uname -r` prints, e.g. `7.3.4`. Any context.
pub fn linux() -> &'static CStr {
    // SAFETY: The release is a constant of the build, ends in a zero byte and
    // is never written.
    unsafe { CStr::from_char_ptr((&raw const bindings::init_uts_ns.name.release).cast()) }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_release)]
mod tests {
    #[test]
    fn it_is_the_series_ssi_is_written_for() {
        assert!(super::linux().to_bytes().starts_with(b"7.3"));
    }
}
