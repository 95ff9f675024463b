// SPDX-License-Identifier: GPL-2.0

//! The interface to the other nodes.
//!
//! `vec0`, the first vector interface of UML, unless `ssi.interface=` names
//! another. It comes up with the node's address before init runs; a node
//! without it boots all the same, and says so.

use core::str;

use kernel::{
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::SetOnce, //
};
use ssi_core::address::{
    NodeAddress,
    PREFIX_BITS, //
};
use ssi_kapi::{
    boot_param,
    inet,
    print::Plain, //
};

/// The interface nobody named.
const DEFAULT: &[u8] = b"vec0";

/// Its name, once it is up.
static DEVICE: SetOnce<CString> = SetOnce::new();

/// Name of the interface, `None` before it is up. Any context.
pub(crate) fn device() -> Option<&'static CStr> {
    DEVICE.as_ref().map(|name| &**name)
}

/// Gives the interface its address and switches it on. May sleep.
pub(crate) fn bring_up() {
    let Some(member) = crate::this_node() else {
        return;
    };
    let name = name();
    let shown = str::from_utf8(name).unwrap_or("(not text)");
    let address = NodeAddress::of(member.node);
    match inet::bring_up(name, address.octets(), NodeAddress::mask()) {
        Ok(()) => {
            pr_info!("{} is up, {}/{}\n", shown, Plain(address), PREFIX_BITS);
            if let Ok(name) = CString::try_from_fmt(fmt!("{shown}")) {
                DEVICE.populate(name);
            }
        }
        Err(ENODEV) => pr_warn!(
            "there is no interface {}: no other node is in reach\n",
            shown
        ),
        Err(why) => pr_err!("interface {}: {:?}\n", shown, why),
    }
}

fn name() -> &'static [u8] {
    match boot_param::INTERFACE.text() {
        b"" => DEFAULT,
        given => given,
    }
}
