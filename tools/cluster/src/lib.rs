// SPDX-License-Identifier: GPL-2.0

//! The commands of a cluster.
//!
//! One program with several names, as busybox is: the name it is called by is the
//! command. That program is the init of a node (`tools/guest`), for a static program
//! is mostly its C library, and every node has all of it in memory.
//!
//! What each command takes is in `cli`, what it prints in `show`; here is what
//! they have in common: an answer on one stream, or one line on the other, and the
//! exit status.

use std::{
    ffi::{
        CString,
        OsString, //
    },
    io::Write,
    path::Path, //
};

use anyhow::Context as _;
use clap::{
    CommandFactory as _,
    Parser as _, //
};
use libcluster::{
    Cluster,
    ClusterNode,
    NotBegun,
    Pid, //
};

mod cli;
mod drain;
mod end;
mod failed;
mod localview;
mod migrate;
mod onall;
mod onnode;
mod show;
mod shutdown;
mod watch;
mod where_pid;

pub use libcluster::PROC_CLUSTER;

use crate::{
    cli::{
        Action,
        Cli,
        Command, //
    },
    failed::{
        Failed,
        STATUS_FAILURE,
        STATUS_NOT_BEGUN,
        STATUS_USAGE, //
    },
};
pub use crate::{
    end::{
        End,
        Then, //
    },
    onnode::become_on,
};

/// The node the commands are typed on.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    /// Where it shows its cluster: [`PROC_CLUSTER`].
    pub proc_cluster: &'a str,
    /// Ends it. Returns when that has begun, or says why not.
    pub end: &'a dyn Fn(End) -> anyhow::Result<()>,
    /// This process becomes a command on another node: [`become_on`].
    pub become_on: &'a dyn Fn(ClusterNode, &[CString]) -> NotBegun,
    /// The program that has all the commands, to start another one.
    pub program: &'a Path,
}

/// Whether a program that was called by the first of `args` is to be a command of
/// the cluster.
pub fn is_called(args: &[OsString]) -> bool {
    Cli::command().find_subcommand(name_of(args)).is_some()
}

/// Runs the command that the first of `args` names. Returns the exit status: 0 only
/// when all was done and written.
pub fn run(
    node: Node<'_>,
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let name = name_of(&args);
    let done = match Cli::try_parse_from(&args) {
        Ok(cli) => obey(node, &cli.command, out, err),
        Err(wrong) if !wrong.use_stderr() => match write!(out, "{wrong}") {
            Ok(()) => Ok(0),
            Err(why) => Err(Failed::new(STATUS_FAILURE, why)),
        },
        Err(wrong) => Err(Failed::new(
            status_of_wrong_words(&name),
            cli::one_line(&name, &wrong),
        )),
    };
    done.unwrap_or_else(|why| {
        // Nobody reads it: there is nobody to tell that.
        let _ = writeln!(err, "{name}: {}", why.words);
        why.status
    })
}

/// The name the program was called by.
fn name_of(args: &[OsString]) -> String {
    let name = args.first().and_then(|path| Path::new(path).file_name());
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// 2 may be the status of a command that is run.
fn status_of_wrong_words(name: &str) -> u8 {
    match name {
        "fast" | "localview" | "onall" | "onnode" => STATUS_NOT_BEGUN,
        _ => STATUS_USAGE,
    }
}

/// The answer of `clusternode_avail` is a status; a failure must not look like it.
fn status_of_failure(command: &Command) -> u8 {
    match command {
        Command::ClusternodeAvail { .. } => STATUS_USAGE,
        _ => STATUS_FAILURE,
    }
}

/// Becomes another command, starts others, ends the node, or asks the cluster. Returns
/// the exit status.
fn obey(
    node: Node<'_>,
    command: &Command,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, Failed> {
    let done = match command {
        Command::Localview { command } => return Err(localview::run(command)),
        Command::Onnode(asked) => return Err(onnode::run(node, asked)),
        Command::Fast { command } => return Err(onnode::run_fast(node, command)),
        Command::Onall(asked) => return onall::run(node, asked, out, err),
        Command::Halt(ending) => (node.end)(ending.asked(Then::Halt)).map(|()| 0),
        Command::Poweroff(ending) => (node.end)(ending.asked(Then::Off)).map(|()| 0),
        Command::Reboot(ending) => (node.end)(ending.asked(Then::Restart)).map(|()| 0),
        command => answer(node.proc_cluster, command, out),
    };
    done.map_err(|why| Failed::new(status_of_failure(command), format!("{why:#}")))
}

fn answer(root: &str, command: &Command, out: &mut dyn Write) -> anyhow::Result<u8> {
    let cluster = Cluster::at(root)?;
    let mut status = 0;
    let answer = match *command {
        Command::Cluster {
            node: Some(node), ..
        }
        | Command::ClusternodeInfo { node } => show::details(&cluster, node)?,
        Command::Cluster {
            action: Some(Action::Drain { node }),
            ..
        } => return drain::run(&cluster, node, out),
        Command::Cluster {
            action: Some(Action::Undrain { node }),
            ..
        } => {
            drain::undo(&cluster, node)?;
            String::new()
        }
        Command::Cluster { verbose, .. } => {
            let snapshot = cluster.snapshot()?;
            if verbose {
                show::long_list(&cluster, &snapshot)
            } else {
                show::list(&snapshot)
            }
        }
        Command::Clustername => format!("{}\n", cluster.name()?),
        Command::ClusternodeNum => format!("{}\n", cluster.num()?),
        Command::ClusternodeGetstate { node } => format!("{}\n", cluster.info(node)?.state),
        Command::ClusternodeAvail { node } => {
            let is_up = cluster.avail(node)?;
            status = u8::from(!is_up);
            format!("{}\n", u8::from(is_up))
        }
        Command::ClusternodeShutdown(ref asked) => {
            shutdown::run(&cluster, asked, out)?;
            String::new()
        }
        Command::Fastnode => format!("{}\n", cluster.fastest()?),
        Command::WherePid { ref pids } => {
            where_pid::run(&cluster, pids, out)?;
            String::new()
        }
        Command::Migrate {
            verbose,
            node,
            ref targets,
        } => {
            let watch = verbose.then_some(out);
            migrate::run(&cluster, node, targets, watch)?;
            return Ok(0);
        }
        // They have no answer.
        Command::Localview { .. }
        | Command::Onnode(_)
        | Command::Onall(_)
        | Command::Fast { .. }
        | Command::Halt(_)
        | Command::Poweroff(_)
        | Command::Reboot(_) => String::new(),
    };
    write(out, &answer)?;
    Ok(status)
}

fn write(out: &mut dyn Write, answer: &str) -> anyhow::Result<()> {
    out.write_all(answer.as_bytes())
        .and_then(|()| out.flush())
        .context("the answer cannot be written")
}

/// Reads the number of a node.
fn parse_node(word: &str) -> Result<ClusterNode, String> {
    ClusterNode::parse(word.as_bytes()).map_err(|why| why.to_string())
}

/// Reads the number of a process.
fn parse_pid(word: &str) -> Result<Pid, String> {
    Pid::parse(word).ok_or_else(|| "not the number of a process, 1 or more".to_owned())
}
