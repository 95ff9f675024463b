// SPDX-License-Identifier: GPL-2.0

//! A bare user-mode kernel.
//!
//! No launcher, no switch, no agent: a kernel whose only program is this very
//! one, spoken to through its console. It is given the same memory and the
//! same words as a node of a cluster, so that what differs is what is measured.

use std::ops::{
    Deref,
    DerefMut, //
};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use anyhow::{
    Context,
    Result, //
};
use command_fds::{
    CommandFdExt,
    FdMapping, //
};

use crate::bench::Bench;
use crate::guest::PARENT;
use crate::hold;
use crate::peer::Peer;

/// Memory of a kernel, as of a node by default.
pub(crate) const MEMORY_MIB: u32 = 128;

/// Where a kernel finds its end of the network.
const NET_FD: i32 = 3;

/// Words of every kernel. The console is what we talk through; the rate of the
/// delay loop is given because finding it out takes longer than all the rest.
const WORDS: [&str; 9] = [
    "seccomp=auto",
    "uml_dir=uml/",
    "umid=node",
    "noreboot",
    "quiet",
    "console=ttyS0",
    "ssl0=fd:0,fd:1",
    "con=null",
    "lpj=50000000",
];

/// What to boot.
pub(crate) struct Boot<'a> {
    /// The kernel.
    pub(crate) image: &'a Path,
    /// Number of the node it believes to be.
    pub(crate) node: u8,
    /// The processor it must stay on.
    pub(crate) cpu: Option<usize>,
    /// Its end of the cluster network.
    pub(crate) net: Option<OwnedFd>,
    /// Who answers.
    pub(crate) server: Server,
}

/// The process that answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// Process 1.
    Init,
    /// A child of it, which the kernel treats as any program.
    Child,
}

/// A running kernel; it ends with this value.
pub(crate) struct Kernel(Peer);

impl<'a> Boot<'a> {
    /// A kernel alone, anywhere.
    pub(crate) fn alone(image: &'a Path) -> Self {
        Self {
            image,
            node: 1,
            cpu: None,
            net: None,
            server: Server::Init,
        }
    }
}

impl Kernel {
    /// Starts a kernel; [`Peer::ready`] waits until it has booted.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) fn start(bench: &Bench, boot: Boot<'_>) -> Result<Self> {
        let directory = bench.held.new_directory("kernel")?;
        let name = format!("the kernel {}", boot.image.display());
        let mut command = hold::command(bench, boot.cpu);
        command
            .arg(boot.image)
            .args(WORDS)
            .args(words(bench, &boot))
            .current_dir(&directory)
            // A kernel started with an empty environment does not boot.
            .env("SSI_NODE", boot.node.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let net = boot.net.map(|parent_fd| FdMapping {
            parent_fd,
            child_fd: NET_FD,
        });
        command
            .fd_mappings(net.into_iter().collect())
            .context("two descriptors for one number")?;
        let child = bench.held.spawn_session(&mut command)?;
        Ok(Self(Peer::new(&name, child)?))
    }
}

impl Deref for Kernel {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.0
    }
}

impl DerefMut for Kernel {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.0
    }
}

impl AsMut<Peer> for Kernel {
    fn as_mut(&mut self) -> &mut Peer {
        &mut self.0
    }
}

fn words(bench: &Bench, boot: &Boot<'_>) -> Vec<String> {
    let node = boot.node;
    let mut words = vec![
        format!("mem={MEMORY_MIB}M"),
        format!("initrd={}", bench.initramfs.display()),
        format!("ssi.node={node}"),
        "ssi.cluster=bench".to_owned(),
    ];
    if boot.net.is_some() {
        words.push(format!(
            "vec0:transport=fd,fd={NET_FD},mac=02:53:53:49:00:{node:02x},mtu=15800"
        ));
    }
    if boot.server == Server::Child {
        // What stands behind this is for process 1.
        words.extend(["--", PARENT].map(str::to_owned));
    }
    words
}
