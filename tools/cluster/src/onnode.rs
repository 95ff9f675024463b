// SPDX-License-Identifier: GPL-2.0

//! Commands on another node.

use std::{
    ffi::{
        CString,
        OsString, //
    },
    os::unix::ffi::OsStrExt as _,
    sync::Arc,
};

use libcluster::{
    Cluster,
    ClusterNode,
    NotBegun, //
};
use signal_hook::{
    consts::SIGPIPE,
    flag, //
};

use crate::{
    cli::OnNode,
    failed::Failed,
    Node, //
};

/// Becomes what is asked for. Returns only when that fails.
pub(crate) fn run(node: Node<'_>, asked: &OnNode) -> Failed {
    match set_flags(asked) {
        Ok(()) => begin(node, asked.node, &asked.command),
        Err(why) => Failed::before(why),
    }
}

/// This process has them, and so will the command.
fn set_flags(asked: &OnNode) -> Result<(), libcluster::Error> {
    if asked.is_pinned {
        libcluster::pin()?;
    }
    if asked.has_local_view {
        libcluster::local_view()?;
    }
    Ok(())
}

/// Becomes `command` where there is least to do. Returns only when that fails.
pub(crate) fn run_fast(node: Node<'_>, command: &[OsString]) -> Failed {
    match Cluster::at(node.proc_cluster).and_then(|cluster| cluster.fastest()) {
        Ok(fastest) => begin(node, fastest, command),
        Err(why) => Failed::before(why),
    }
}

fn begin(node: Node<'_>, target: ClusterNode, command: &[OsString]) -> Failed {
    let words: Result<Vec<CString>, _> = command
        .iter()
        .map(|word| CString::new(word.as_bytes()))
        .collect();
    match words {
        Ok(words) => (node.become_on)(target, &words).into(),
        Err(why) => Failed::before(why),
    }
}

/// Becomes `command` on `node`, this process. Returns only when that fails: why.
pub fn become_on(node: ClusterNode, command: &[CString]) -> NotBegun {
    // The runtime of Rust ignores it, and so would the command. A signal that is caught
    // has its default action again after an exec. What cannot be caught stays ignored.
    let _ = flag::register(SIGPIPE, Arc::default());
    let program = command.first().map_or(c"", CString::as_c_str);
    libcluster::rexecvp(program, command, node)
}
