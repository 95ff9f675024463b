// SPDX-License-Identifier: GPL-2.0

//! The commands, one file each.
//!
//! A command that is one question to the supervisor stands here; the others have
//! files of their own.

pub(crate) mod console;
pub(crate) mod exec;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod net;
pub(crate) mod start;
pub(crate) mod status;
mod table;

use std::process::ExitCode;

use anyhow::Result;
use ssi_core::ids::ClusterName;

use crate::{
    call::{
        unexpected,
        Call, //
    },
    cli::{
        Add,
        Cli,
        Command,
        Nodes, //
    },
    oddity::Oddity,
    plan,
    protocol::{
        Reply,
        Request, //
    },
    supervisor,
};

/// Does what was typed.
///
/// # Errors
///
/// It was not done: one line that says what to do about it.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let cluster = cli.name;
    match cli.command {
        Command::Start(start) => return start::run(cluster, &start),
        Command::Exec(exec) => return exec::run(cluster, exec),
        Command::Stop => stop(cluster),
        Command::Add(add) => boot(cluster, &add),
        Command::Rm(nodes) => order(cluster, &nodes, |nodes| Request::Remove { nodes }),
        Command::Pause(nodes) => order(cluster, &nodes, |nodes| Request::Pause { nodes }),
        Command::Resume(nodes) => order(cluster, &nodes, |nodes| Request::Resume { nodes }),
        Command::Console(console) => console::run(cluster, console.node),
        Command::Log(log) => log::run(cluster, &log),
        Command::Status(format) => status::run(cluster, &format),
        Command::List(format) => list::run(&format),
        Command::Net(net) => net::run(cluster, &net),
        Command::Supervise => supervisor::run(),
        Command::Janitor(janitor) => janitor.run(),
        Command::NodeExec(node) => node.run(),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn stop(cluster: ClusterName) -> Result<()> {
    let mut call = Call::to(cluster)?;
    call.order(&Request::Stop)?;
    call.wait_for_end();
    Ok(())
}

fn boot(cluster: ClusterName, add: &Add) -> Result<()> {
    let node = add.node.map(|node| node.get());
    let kernel = add.kernel.clone().map(start::absolute).transpose()?;
    if let Some(kernel) = &kernel {
        plan::check_kernel(kernel)?;
    }
    let oddity = Oddity {
        fault: add.fault,
        kernel,
    };
    match Call::to(cluster)?.ask(&Request::Add { node, oddity })? {
        Reply::Added {
            node,
            seconds,
            epoch: None,
        } => status::print_text(&format!("node {node} is ready ({seconds:.2} s)\n")),
        Reply::Added {
            node,
            seconds,
            epoch: Some(epoch),
        } => status::print_text(&format!(
            "node {node} is in the cluster, view {epoch} ({seconds:.2} s)\n"
        )),
        other => Err(unexpected(&other)),
    }
}

fn order(
    cluster: ClusterName,
    nodes: &Nodes,
    request: impl FnOnce(Vec<u8>) -> Request,
) -> Result<()> {
    let nodes = nodes.nodes.iter().map(|node| node.get()).collect();
    let notes = Call::to(cluster)?.order(&request(nodes))?;
    print_notes(&notes)
}

fn print_notes(notes: &[String]) -> Result<()> {
    let lines: String = notes.iter().map(|note| format!("{note}\n")).collect();
    status::print_text(&lines)
}
