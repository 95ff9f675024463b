// SPDX-License-Identifier: GPL-2.0

//! Fork on another node.

use std::ffi::c_int;

use ssi_device::Device;

use crate::{
    failure::returned,
    node, //
};

/// Forks on a node: 0 in the child.
///
/// # Safety
///
/// In the child of a program with several threads only what is safe in a handler of a
/// signal is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rfork(number: c_int) -> c_int {
    let fork = || {
        let node = node(number)?.get().into();
        // SAFETY: The caller promises it.
        Ok(unsafe { Device::open()?.rfork(node) }?)
    };
    returned(fork())
}
