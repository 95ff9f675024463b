// SPDX-License-Identifier: GPL-2.0

//! A kernel's command line.
//!
//! Some words are for UML itself (memory, files, descriptors), some for the
//! kernel in it, some for the first process. UML takes each as one argument.

use std::os::fd::RawFd;

use ssi_core::ids::NodeId;

use crate::plan::{
    Guard,
    Plan, //
};

/// Descriptors a node's kernel is given by number, beside 0 to 2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeFds {
    /// The node's end of the cluster network.
    pub(crate) network: RawFd,
    /// The node's end of the launcher's wire.
    pub(crate) wire: RawFd,
    /// The node's end of its link to the supervisor.
    pub(crate) host: RawFd,
}

/// Largest packet of both devices: two of UML's receive buffers fill four pages
/// each, so that they never fail for want of larger ones.
const MTU_BYTES: u32 = 15_800;

/// Loops per tick that no processor exceeds (5 GHz, 100 ticks a second). Known
/// in advance, they save each boot the tenth of a second it takes to find out;
/// too many only make the kernel's rare busy waits longer.
const LOOPS_PER_TICK: u32 = 50_000_000;

/// The console is descriptor 0, a terminal. The kernel's messages go to descriptor
/// 1, a file: UML writes them without waiting and drops what a pipe or terminal
/// does not take at once.
const CONSOLE_WORDS: [&str; 5] = [
    "console=ttyS0",
    "ssl0=null,fd:1",
    "con0=fd:0",
    "con=null",
    "ssl=null",
];

/// The words for `node`, the user's last so that they prevail.
pub(crate) fn kernel_words(plan: &Plan, node: NodeId, fds: NodeFds) -> Vec<String> {
    let mut words = uml_words(plan, node);
    words.extend(CONSOLE_WORDS.map(str::to_owned));
    words.extend(network_words(node, fds));
    words.extend(ssi_words(plan, node, fds));
    words.extend(plan.append.words().map(str::to_owned));
    words
}

/// The paths are relative to the node's directory, in which its kernel starts:
/// a unix socket's name must be short.
fn uml_words(plan: &Plan, node: NodeId) -> Vec<String> {
    let seccomp = match plan.guard {
        Guard::Seccomp => "auto",
        Guard::Ptrace => "off",
    };
    vec![
        format!("mem={}M", plan.memory_mib),
        format!("seccomp={seccomp}"),
        format!("initrd={}", plan.initramfs.display()),
        "uml_dir=uml/".to_owned(),
        format!("umid={node}"),
        // A reboot ends the process like a power-off; the launcher starts nodes.
        "noreboot".to_owned(),
        format!("lpj={LOOPS_PER_TICK}"),
    ]
}

fn network_words(node: NodeId, fds: NodeFds) -> [String; 2] {
    [(0, fds.network), (1, fds.wire)].map(|(device, fd)| {
        format!(
            "vec{device}:transport=fd,fd={fd},mac=02:53:53:49:{device:02x}:{node:02x},\
             mtu={MTU_BYTES}",
            node = node.get()
        )
    })
}

fn ssi_words(plan: &Plan, node: NodeId, fds: NodeFds) -> Vec<String> {
    let mut words = vec![
        format!("ssi.node={node}"),
        format!("ssi.cluster={}", plan.cluster),
        format!("ssi.host={}", fds.host),
    ];
    if let Some(root) = &plan.root {
        words.push(format!("hostfs={}", root.display()));
        words.push("ssi.root=hostfs".to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::sample;

    const FDS: NodeFds = NodeFds {
        network: 11,
        wire: 12,
        host: 13,
    };

    fn line(plan: &Plan, number: u8) -> String {
        kernel_words(plan, NodeId::new(number).unwrap(), FDS).join(" ")
    }

    #[test]
    fn a_node_gets_its_number_name_and_descriptors() {
        assert_eq!(
            line(&sample(), 63),
            "mem=128M seccomp=auto initrd=/k/initramfs uml_dir=uml/ umid=63 noreboot \
             lpj=50000000 console=ttyS0 ssl0=null,fd:1 con0=fd:0 con=null ssl=null \
             vec0:transport=fd,fd=11,mac=02:53:53:49:00:3f,mtu=15800 \
             vec1:transport=fd,fd=12,mac=02:53:53:49:01:3f,mtu=15800 \
             ssi.node=63 ssi.cluster=lab ssi.host=13"
        );
    }

    #[test]
    fn isolation_turns_seccomp_off() {
        let mut plan = sample();
        plan.guard = Guard::Ptrace;
        assert!(line(&plan, 1).contains(" seccomp=off "));
    }

    #[test]
    fn a_root_is_told_to_uml_and_to_the_first_process() {
        let mut plan = sample();
        plan.root = Some("/srv/debian".into());
        assert!(line(&plan, 1).ends_with("hostfs=/srv/debian ssi.root=hostfs"));
    }

    #[test]
    fn the_users_words_come_last() {
        let mut plan = sample();
        plan.append = "lpj=1 debug".parse().unwrap();
        assert!(line(&plan, 1).ends_with("ssi.host=13 lpj=1 debug"));
    }
}
