// SPDX-License-Identifier: GPL-2.0

//! The launcher of clusters.
//!
//! `ssi` boots, feeds, watches and ends clusters of user-mode kernels. What the
//! user types is a short-lived process; behind each cluster stands one supervisor
//! ([`supervisor`]) that owns everything and takes it along when it ends. The two
//! speak [`protocol`] over a unix socket in the cluster's directory ([`layout`]).

#[macro_use]
mod say;

mod append;
mod call;
mod cli;
mod command;
mod death;
mod directory;
mod fenced;
mod janitor;
mod kernel_words;
mod layout;
mod limits;
mod memory;
mod name;
mod node_exec;
mod oddity;
mod plain;
mod plan;
mod procfs;
mod protocol;
mod supervisor;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{
        Cli,
        Command, //
    },
    command::exec::STATUS_UNREACHED,
};

/// Something was not done.
const STATUS_FAILURE: u8 = 1;

/// The words were wrong.
const STATUS_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return explain_usage(&e),
    };
    let is_exec = matches!(cli.command, Command::Exec(_));
    command::run(cli).unwrap_or_else(|e| {
        say!("ssi: {e:#}");
        ExitCode::from(if is_exec {
            STATUS_UNREACHED
        } else {
            STATUS_FAILURE
        })
    })
}

/// A caller of `ssi exec` must be able to tell our complaint from its command's.
fn explain_usage(error: &clap::Error) -> ExitCode {
    // Nobody reads it: there is nobody to tell that.
    let _ = error.print();
    let is_exec = std::env::args_os().any(|arg| arg == "exec");
    match (error.use_stderr(), is_exec) {
        (false, _) => ExitCode::SUCCESS,
        (true, false) => ExitCode::from(STATUS_USAGE),
        (true, true) => ExitCode::from(STATUS_UNREACHED),
    }
}
