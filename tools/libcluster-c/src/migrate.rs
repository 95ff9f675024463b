// SPDX-License-Identifier: GPL-2.0

//! Going to another node.

use std::ffi::c_int;

use ssi_device::Device;

use crate::{
    failure::returned,
    node, //
};

/// Has the caller go to a node: 0 there.
#[unsafe(no_mangle)]
pub extern "C" fn migrate(number: c_int) -> c_int {
    let go = || {
        let node = node(number)?.get().into();
        Device::open()?.migrate(node)?;
        Ok(0)
    };
    returned(go())
}
