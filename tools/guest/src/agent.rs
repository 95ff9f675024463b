// SPDX-License-Identifier: GPL-2.0

//! The agent of a node.
//!
//! Two ports on the launcher's wire: one runs commands (a connection each), the
//! other answers what the node is and does. Both are deaf to everybody else: a
//! listener is bound to the wire's interface and takes only the launcher's
//! address, which no process of the node can have without being root already.
//! An idle agent sleeps in `accept` and costs nothing.

use std::{
    convert::Infallible,
    net::{TcpStream, UdpSocket},
    path::PathBuf,
    sync::Arc,
    thread,
};

use anyhow::Context as _;
use ssi_exec::{node, CONTROL_PORT, EXEC_PORT};

use crate::{environment, network};

mod control;
mod listen;
mod proc;

/// Serves the launcher; returns only when it cannot.
pub(crate) fn run() -> anyhow::Result<Infallible> {
    // By that others know that it is no program of a user.
    if let Err(why) = rustix::thread::set_name(libcluster::AGENT_NAME) {
        crate::log::line(&format!("the name of the agent: {why}"));
    }
    // A node whose agent is gone can only be crashed.
    if let Err(why) = node::protect_from_oom() {
        crate::log::line(&format!("oom_score_adj: {why}"));
    }
    let commands = listen::on(EXEC_PORT)?;
    let questions = listen::on(CONTROL_PORT)?;
    announce();
    thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            let answer = |stream: TcpStream| control::serve(&stream);
            // One that is closed without a word calls again.
            listen::each(&questions, network::LAUNCHER_ADDRESS, answer, |_| Ok(()))
        })
        .context("the control port's thread")?;
    let defaults = Arc::new(defaults());
    listen::each(
        &commands,
        network::LAUNCHER_ADDRESS,
        move |stream| Ok(node::serve(stream, &defaults)?),
        |stream| Ok(node::refuse(stream, &too_many())?),
    )
}

fn too_many() -> String {
    let max = listen::CONNECTIONS_MAX;
    format!("{max} commands run on this node already: try again when one has ended")
}

/// Tells the launcher that both ports listen, so that it need not find out by
/// trying again. It finds out all the same.
fn announce() {
    let _ = UdpSocket::bind((network::WIRE_ADDRESS, 0))
        .and_then(|socket| socket.send_to(b"ready", (network::LAUNCHER_ADDRESS, EXEC_PORT)));
}

fn defaults() -> node::Defaults {
    node::Defaults {
        env: environment::of_commands()
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect(),
        cwd: PathBuf::from(environment::home()),
    }
}
