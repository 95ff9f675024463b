// SPDX-License-Identifier: GPL-2.0

//! The command lines.
//!
//! The syntax is OpenSSI's. Two letters that mean help and version elsewhere mean
//! something else here, as they always did: `cluster -V` takes a node, and
//! `clusternode_shutdown -h` halts. Help is `--help` everywhere.

use std::{
    ffi::OsString,
    fmt::Write as _,
    time::Duration, //
};

use clap::{
    error::ErrorKind,
    ArgAction,
    Args,
    CommandFactory as _,
    Parser,
    Subcommand, //
};
use libcluster::{
    ClusterNode,
    Pid, //
};

use crate::{
    migrate::Target,
    parse_node,
    parse_pid,
    End,
    Then, //
};

/// The name of the program is the command.
#[derive(Debug, Parser)]
#[command(multicall = true, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Which command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which command.
#[derive(Debug, Subcommand)]
#[command(rename_all = "snake_case")]
pub(crate) enum Command {
    /// List the nodes of the cluster and their states
    ///
    /// Prints a line for each node that is expected or was ever there, 'N: STATE'.
    #[command(after_help = STATUS_OF_CLUSTER, args_conflicts_with_subcommands = true)]
    #[command(disable_help_subcommand = true)]
    Cluster {
        /// With processors, memory, address, and since when that is so
        #[arg(short)]
        verbose: bool,
        /// All that is known of one node, 'KEY: VALUE' a line
        #[arg(short = 'V', value_name = "NODE", conflicts_with = "verbose")]
        #[arg(value_parser = parse_node)]
        node: Option<ClusterNode>,
        /// What to do with a node
        #[command(subcommand)]
        action: Option<Action>,
    },

    /// Print the name of the cluster
    #[command(after_help = STATUS)]
    Clustername,

    /// Print the number of this node
    ///
    /// Fails on a kernel that is not a node, so it answers that question, too.
    #[command(after_help = STATUS)]
    ClusternodeNum,

    /// Print the state of a node
    ///
    /// One of NEVERUP, COMINGUP, UP, SHUTDOWN, GOINGDOWN, KCLEANUP, UCLEANUP, DOWN.
    #[command(after_help = STATUS)]
    ClusternodeGetstate {
        /// Number of the node
        #[arg(value_parser = parse_node)]
        node: ClusterNode,
    },

    /// Print all that is known of a node
    ///
    /// The same as 'cluster -V NODE'.
    #[command(after_help = STATUS)]
    ClusternodeInfo {
        /// Number of the node
        #[arg(value_parser = parse_node)]
        node: ClusterNode,
    },

    /// Tell whether a node is up
    ///
    /// Prints 1 when its state is UP, 0 when it is another one.
    #[command(after_help = "Exit status: 0 it is up, 1 it is not, 2 it cannot be told.")]
    ClusternodeAvail {
        /// Number of the node
        #[arg(value_parser = parse_node)]
        node: ClusterNode,
    },

    /// Shut down one node of the cluster
    ///
    /// It is drained first: the programs that can go on on other nodes do, as with 'cluster
    /// drain'. The others are asked to end, then made to, and are named. The node leaves
    /// the cluster in good order; the command returns when it has begun.
    #[command(after_help = STATUS, disable_help_flag = true)]
    ClusternodeShutdown(Shutdown),

    /// Print the number of the node a process runs on
    ///
    /// Prints a line for each process, in the order they are named. Of one that is
    /// not there nothing is printed.
    #[command(after_help = STATUS)]
    WherePid {
        /// Numbers of processes, on any node
        #[arg(value_name = "PID", required = true, value_parser = parse_pid)]
        pids: Vec<Pid>,
    },

    /// Move processes to a node
    ///
    /// They go on there, in the middle of what they do. One that cannot go on there stays
    /// where it is, as it was, and what keeps it is said. Who may signal a process may move it.
    #[command(after_help = STATUS)]
    Migrate {
        /// Say how far each is, how much is sent, and how long it stood still
        #[arg(short)]
        verbose: bool,
        /// Number of the node
        #[arg(value_parser = parse_node)]
        node: ClusterNode,
        /// Numbers of processes, on any node, and of process groups with a minus
        #[arg(
            value_name = "PID|-PGRP",
            required = true,
            allow_negative_numbers = true
        )]
        #[arg(value_parser = Target::parse)]
        targets: Vec<Target>,
    },

    /// Run a command that sees the processes of this node alone
    ///
    /// In /proc the command, and all it starts, sees the processes and the kernel's
    /// threads of the node it runs on. Signals reach all nodes as always.
    #[command(after_help = STATUS_OF_COMMAND)]
    Localview {
        /// The command and its arguments
        #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
        command: Vec<OsString>,
    },

    /// Run a command on a node
    ///
    /// The command takes the place of this one: it has its number, its parent, its open
    /// files, its working directory and its terminal, and runs on the other node.
    #[command(after_help = STATUS_OF_COMMAND)]
    Onnode(OnNode),

    /// Run a command on every node
    ///
    /// On each node that is up, on all at the same time. What the commands write comes as they
    /// write it.
    #[command(after_help = STATUS_OF_ALL)]
    Onall(OnAll),

    /// Run a command on the node that has least to do
    ///
    /// The same as onnode with the number that fastnode prints.
    #[command(after_help = STATUS_OF_COMMAND)]
    Fast {
        /// The command and its arguments
        #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
        command: Vec<OsString>,
    },

    /// Print the number of the node that has least to do
    ///
    /// That is the one with the fewest tasks that run or wait for a processor, for each
    /// processor it has; of several alike this node, or the first.
    #[command(after_help = STATUS)]
    Fastnode,

    /// Switch this node off
    ///
    /// The same as poweroff. With -f the kernel says that it halted; the node ends all the
    /// same.
    #[command(after_help = STATUS)]
    Halt(Ending),

    /// Switch this node off
    ///
    /// Its programs are asked to end, then made to; it leaves the cluster in good
    /// order. The command returns when its init was told.
    #[command(after_help = STATUS)]
    Poweroff(Ending),

    /// Restart this node
    ///
    /// Its programs are asked to end, then made to; it leaves the cluster in good
    /// order and comes back. The command returns when its init was told.
    #[command(after_help = STATUS)]
    Reboot(Ending),
}

/// What `cluster` does with a node.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Action {
    /// Move all processes that can move away from a node
    ///
    /// They go to the other nodes that are up, and nothing comes any more: migrate and onnode
    /// refuse that node, and fast leaves it out, until it is undrained or starts again. Each
    /// process that stays is named, with what keeps it. Root only.
    #[command(after_help = STATUS_OF_DRAIN)]
    Drain {
        /// Number of the node
        #[arg(value_parser = parse_node)]
        node: ClusterNode,
    },
    /// Let processes come to a node again
    ///
    /// None comes back by itself. Root only.
    #[command(after_help = STATUS)]
    Undrain {
        /// Number of the node
        #[arg(value_parser = parse_node)]
        node: ClusterNode,
    },
}

/// What `onnode` takes.
#[derive(Debug, Args)]
pub(crate) struct OnNode {
    /// Pinned: nothing but itself moves it from that node
    #[arg(short = 'p')]
    pub(crate) is_pinned: bool,
    /// With the processes of that node alone in /proc, as localview does
    #[arg(short = 'l')]
    pub(crate) has_local_view: bool,
    /// Number of the node
    #[arg(value_parser = parse_node)]
    pub(crate) node: ClusterNode,
    /// The command and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

/// What `onall` takes.
#[derive(Debug, Args)]
pub(crate) struct OnAll {
    /// One node after the other, in the order of their numbers
    #[arg(short = 's')]
    pub(crate) is_serial: bool,
    /// The number of the node in front of each line
    #[arg(short = 'v')]
    pub(crate) is_verbose: bool,
    /// With the processes of that node alone in /proc, as localview does
    #[arg(short = 'l')]
    pub(crate) has_local_view: bool,
    /// The command and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

/// What `halt`, `poweroff` and `reboot` take, as those of busybox.
#[derive(Debug, Args)]
pub(crate) struct Ending {
    /// At once: no program is asked to end
    #[arg(short)]
    force: bool,
    /// With -f: do not write out what programs wrote
    #[arg(short = 'n')]
    no_sync: bool,
    /// Wait before all that
    #[arg(
        short,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true
    )]
    delay: u32,
}

impl Ending {
    /// How the node is to end.
    pub(crate) fn asked(&self, then: Then) -> End {
        End {
            then,
            at_once: self.force,
            sync: !self.no_sync,
            delay: Duration::from_secs(self.delay.into()),
        }
    }
}

/// What `clusternode_shutdown` takes.
#[derive(Debug, Args)]
pub(crate) struct Shutdown {
    /// Switch the node off; this is also what happens with neither -h nor -r
    #[arg(short = 'h')]
    pub(crate) halt: bool,
    /// Start the node again afterwards
    #[arg(short, conflicts_with = "halt")]
    pub(crate) reboot: bool,
    /// Do not drain the node: its programs end with it
    #[arg(short = 'n')]
    pub(crate) stays_full: bool,
    /// Number of the node
    #[arg(short = 'N', value_parser = parse_node)]
    pub(crate) node: ClusterNode,
    /// When: there is no other time than 'now'
    #[arg(value_parser = ["now"], hide_possible_values = true)]
    pub(crate) time: String,
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
}

const STATUS_OF_CLUSTER: &str = "\
'cluster drain --help' and 'cluster undrain --help' say more.
Exit status: 0 done, 1 not done, 2 wrong words.";

const STATUS_OF_DRAIN: &str = "\
Exit status: 0 all are gone, 1 some stay or nothing was done, 2 wrong words.";

const STATUS: &str = "Exit status: 0 done, 1 not done, 2 wrong words.";

const STATUS_OF_COMMAND: &str = "\
Exit status: that of the command; 127 if it was not found, 126 if it could not be run;
125 if anything else went wrong.";

const STATUS_OF_ALL: &str = "\
Exit status: the highest of those of the commands, with 128 and the signal for one that a
signal ended; 127, 126 and 125 as with onnode.";

/// What is wrong with the words, in one line. `name` is what was called.
pub(crate) fn one_line(name: &str, wrong: &clap::Error) -> String {
    let is_of_names = matches!(
        wrong.kind(),
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand
    );
    if is_of_names && Cli::command().find_subcommand(name).is_none() {
        let mut words = "no such command; the program is called by one of these names:".to_owned();
        for command in Cli::command().get_subcommands() {
            let _ = write!(words, " {}", command.get_name());
        }
        return words;
    }
    // What clap says ends at the first empty line; what follows is usage.
    let text = wrong.to_string();
    let said = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = said
        .split_whitespace()
        .skip_while(|word| *word == "error:")
        .collect();
    format!("{}; see {name} --help", words.join(" "))
}
