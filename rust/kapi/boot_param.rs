// SPDX-License-Identifier: GPL-2.0

//! Words of the kernel command line.
//!
//! `ssi.node=`, `ssi.cluster=`, `ssi.interface=` and `ssi.host=` are parameters of
//! one name space, `ssi`, read before any crate of SSI starts and shown read-only
//! under `/sys/module/ssi/parameters`. The kernel copies the text; a word longer
//! than [`TEXT_BYTES_MAX`] is refused by the kernel with a message. What a word
//! means is decided elsewhere.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)

use core::cell::UnsafeCell;

use kernel::{
    bindings,
    prelude::*,
    str::CStr, //
};

/// Longest word, in bytes.
pub const TEXT_BYTES_MAX: usize = 63;

/// Size of a buffer: the word and the byte that ends it.
const BUFFER_BYTES: usize = TEXT_BYTES_MAX + 1;

/// `ssi.node=`: the number of this node.
pub static NODE: BootParam = BootParam::new();

/// `ssi.cluster=`: the name of its cluster.
pub static CLUSTER: BootParam = BootParam::new();

/// `ssi.interface=`: the network interface that leads to the other nodes.
pub static INTERFACE: BootParam = BootParam::new();

/// `ssi.host=`: the descriptor that leads to the launcher's supervisor.
pub static HOST: BootParam = BootParam::new();

/// One word of the command line.
///
/// # Invariants
///
/// `text` is written by the kernel's parameter parser alone, at boot, before
/// the first initcall runs, and always ends in a zero byte.
pub struct BootParam {
    text: UnsafeCell<[u8; BUFFER_BYTES]>,
}

// SAFETY: By the type invariant nothing writes once there is a second reader.
unsafe impl Sync for BootParam {}

impl BootParam {
    const fn new() -> Self {
        // INVARIANT: All bytes are zero.
        Self {
            text: UnsafeCell::new([0; BUFFER_BYTES]),
        }
    }

    /// The word as it was given, empty when it was not.
    ///
    /// Any context; from the first initcall on.
    pub fn text(&self) -> &[u8] {
        // SAFETY: By the type invariant nobody writes any more.
        let text = unsafe { &*self.text.get() };
        CStr::from_bytes_until_nul(text).map_or(&[], CStr::to_bytes)
    }
}

/// Where the parser puts a word; the layout of a C `struct kparam_string`.
#[repr(transparent)]
struct Destination(bindings::kparam_string);

// SAFETY: The kernel serializes the parser, the only user of the pointer.
unsafe impl Sync for Destination {}

/// An entry of the kernel's parameter table.
#[repr(transparent)]
struct Entry(bindings::kernel_param);

// SAFETY: The entry is only read, by the kernel's parser and by sysfs.
unsafe impl Sync for Entry {}

/// Names `$param` on the command line as `$name`.
macro_rules! register {
    ($param:ident, $name:literal) => {
        const _: () = {
            static DESTINATION: Destination = Destination(bindings::kparam_string {
                maxlen: BUFFER_BYTES as c_uint,
                string: $param.text.get().cast(),
            });

            #[link_section = "__param"]
            #[used]
            static ENTRY: Entry = Entry(bindings::kernel_param {
                name: kernel::str::as_char_ptr_in_const_context($name),
                mod_: core::ptr::null_mut(),
                ops: core::ptr::addr_of!(bindings::param_ops_string),
                perm: 0o444,
                level: -1,
                flags: 0,
                __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
                    str_: core::ptr::addr_of!(DESTINATION.0),
                },
            });
        };
    };
}

register!(NODE, c"ssi.node");
register!(CLUSTER, c"ssi.cluster");
register!(INTERFACE, c"ssi.interface");
register!(HOST, c"ssi.host");

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_boot_param)]
mod tests {
    use super::*;

    #[test]
    fn a_word_nobody_gave_is_empty() {
        assert_eq!(BootParam::new().text(), b"");
    }

    #[test]
    fn a_word_ends_at_its_zero_byte() {
        let param = BootParam {
            text: UnsafeCell::new([b'x'; BUFFER_BYTES]),
        };
        // Without an end there is no word: the parser never leaves it so.
        assert_eq!(param.text(), b"");
    }
}
