// SPDX-License-Identifier: GPL-2.0

//! The launcher's wire and the loopback.
//!
//! `vec1` leads to the launcher and nowhere else; faults of the cluster's
//! network do not touch it. The interface to the other nodes, `vec0`, is the
//! kernel's own (`ssi_ics`).

use std::{
    fs,
    process::{Command, Stdio},
};

use rustix::mount::mount_bind;

/// The interface that leads to the launcher.
pub(crate) const WIRE: &str = "vec1";

/// The node's address on the wire, the same on every node.
pub(crate) const WIRE_ADDRESS: std::net::Ipv4Addr = std::net::Ipv4Addr::new(169, 254, 83, 2);

/// The launcher's address on the wire.
pub(crate) const LAUNCHER_ADDRESS: std::net::Ipv4Addr = std::net::Ipv4Addr::new(169, 254, 83, 1);

/// Number of the highest node.
const NODE_MAX: u8 = 63;

/// Switches both interfaces on. Uses busybox, so it runs before the initramfs
/// is left.
pub(crate) fn bring_up() {
    let script = format!(
        "ifconfig lo 127.0.0.1 up; ifconfig {WIRE} {WIRE_ADDRESS} netmask 255.255.255.252 up"
    );
    let done = Command::new("/bin/busybox")
        .args(["sh", "-c", &script])
        .stdin(Stdio::null())
        .status();
    match done {
        Ok(status) if status.success() => {}
        Ok(status) => crate::log::line(&format!("the network is not up: busybox {status}")),
        Err(why) => crate::log::line(&format!("the network is not up: /bin/busybox: {why}")),
    }
}

/// Names of all nodes, as a hosts file of this node's own.
const HOSTS: &str = "/run/ssi/hosts";

/// Gives every node of the cluster a name, `node<N>`.
///
/// `/etc/hosts` may be shared with other nodes or belong to a Debian tree: the
/// names are laid over it, and only this node sees them.
pub(crate) fn name_nodes() {
    let mut hosts = "127.0.0.1 localhost\n".to_owned();
    for node in 1..=NODE_MAX {
        hosts.push_str(&format!("10.83.0.{node} node{node}\n"));
    }
    let named = fs::create_dir_all("/run/ssi")
        .and_then(|()| fs::write(HOSTS, hosts))
        .and_then(|()| Ok(mount_bind(HOSTS, "/etc/hosts")?));
    match named {
        // A root without the file has no names, and is none the worse.
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {}
        Err(why) => crate::log::line(&format!("/etc/hosts: {why}")),
        Ok(()) => {}
    }
}
