// SPDX-License-Identifier: GPL-2.0

//! The first process of a node.
//!
//! One static binary with five lives. As pid 1 it mounts what programs
//! expect, brings up the launcher's wire, changes to the root it was told, and
//! then only keeps its two children alive and reaps orphans: the agent, which
//! runs commands for `ssi exec`, and a shell on the console. Its third life, short,
//! is the step between a fork and a program that leads a terminal session; its
//! fourth, started by the kernel, asks pid 1 for a power-off. Called by one of their
//! names it is a command of the cluster, or one that ends the node.
//!
//! ```text
//! kernel --> /init (pid 1) --+--> /init agent      port 83 exec, port 84 control
//!                            +--> shell on /dev/tty0
//! ```
//!
//! Nothing but the commands knows the cluster: that is the kernel's business.

use std::{ffi::OsString, process::ExitCode};

use ssi_exec::node;

mod agent;
mod cmdline;
mod commands;
mod console;
mod environment;
mod init;
mod log;
mod mounts;
mod network;
mod own;
mod power;
mod problem;
mod root;

use crate::power::End;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if ssi_cluster::is_called(&args) {
        return commands::run(args);
    }
    match std::env::args().nth(1).as_deref() {
        Some("agent") => {
            init::forget_blocked();
            report(agent::run())
        }
        Some(node::SESSION_WORD) => lead_session(),
        Some(power::REQUEST_WORD) => request_power_off(),
        None if rustix::process::getpid().is_init() => report(init::run()),
        _ => {
            log::line("this is the first process of a node; the kernel starts it, not you");
            ExitCode::from(2)
        }
    }
}

/// Becomes a program with a terminal of its own. Its words go to that terminal.
fn lead_session() -> ExitCode {
    init::forget_blocked();
    let why = node::lead_session(std::env::args_os().skip(2));
    eprintln!("{why}");
    ExitCode::from(126)
}

/// Nobody reads the words of a program the kernel starts; they are for others.
fn request_power_off() -> ExitCode {
    match power::request(End::Off) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log::line(&format!("the node cannot be asked to power off: {why:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Every other life ends only by failing.
fn report(ended: anyhow::Result<std::convert::Infallible>) -> ExitCode {
    let Err(why) = ended;
    log::line(&format!("{why:#}"));
    ExitCode::FAILURE
}
