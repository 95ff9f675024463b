// SPDX-License-Identifier: GPL-2.0

//! The command line.
//!
//! What can be typed, in one place; each command has a file of its own under
//! `command/`. `Documentation/man/ssi.1` says the same at length.

use std::path::PathBuf;

use clap::{
    Args,
    Parser,
    Subcommand, //
};
use ssi_core::ids::{
    ClusterName,
    NodeId, //
};

use crate::{
    append::Append,
    janitor::Janitor,
    memory,
    name,
    node_exec::NodeExec,
    oddity, //
};

/// Clusters of kernels on this host.
///
/// A cluster is made of user-mode Linux kernels that are joined by a virtual
/// network. It runs in the background until it is stopped.
#[derive(Debug, Parser)]
#[command(name = "ssi", version = ssi_core::VERSION, max_term_width = 100)]
#[command(after_help = "Exit status: 0 done, 1 not done, 2 wrong words; see 'ssi exec --help'.")]
pub(crate) struct Cli {
    /// Which cluster, of several side by side [default: $SSI_CLUSTER, or 'default']
    #[arg(
        long, global = true, value_name = "CLUSTER", env = "SSI_CLUSTER", hide_env = true,
        default_value = "default", hide_default_value = true, value_parser = name::cluster,
        display_order = 900
    )]
    pub(crate) name: ClusterName,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Boot a cluster and wait until its nodes are one
    Start(Start),
    /// Switch all nodes off and end the cluster
    Stop,
    /// Boot one more node, or one that died or was removed
    Add(Add),
    /// Kill nodes at once, as a crash would
    Rm(Nodes),
    /// Run a command on a node, with its input, output and exit status
    Exec(Exec),
    /// Attach to a node's console; Ctrl-] leaves it
    Console(Console),
    /// Print a node's kernel log
    Log(Log),
    /// Print what each node is doing
    Status(Format),
    /// Print all your clusters
    List(Format),
    /// Freeze nodes: nothing of them runs until they are resumed
    Pause(Nodes),
    /// Let frozen nodes go on
    Resume(Nodes),
    /// Break and mend the network between nodes
    #[command(subcommand)]
    Net(Net),

    /// The process behind a cluster
    #[command(hide = true)]
    Supervise,
    /// Cleans up after a killed supervisor
    #[command(hide = true)]
    Janitor(Janitor),
    /// Becomes a node's kernel
    #[command(hide = true)]
    NodeExec(NodeExec),
}

/// `ssi start`.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Number of nodes, 1 to 63
    #[arg(value_name = "N", default_value = "3", value_parser = name::count)]
    pub(crate) nodes: u8,
    /// Memory of each node, such as 128M or 1G
    #[arg(long, value_name = "SIZE", default_value = "128M", value_parser = memory::parse_mib)]
    pub(crate) mem: u64,
    /// Directory of this host as the nodes' root, instead of the built-in one
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Keep guest programs in their own memory (slower system calls)
    ///
    /// Without it, system calls are caught by seccomp where the host allows it. A
    /// hostile program could then reach all memory of its node, so programs are
    /// trusted with their node. With it they are traced with ptrace.
    #[arg(long)]
    pub(crate) isolate: bool,
    /// The UML kernel [default: $SSI_HOME/build/um/linux]
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
    /// The built-in root [default: $SSI_HOME/build/initramfs.cpio.gz]
    #[arg(long, value_name = "FILE")]
    pub(crate) initramfs: Option<PathBuf>,
    /// More words for the kernels' command line
    #[arg(
        long,
        value_name = "WORDS",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) append: Append,
    /// Keep logs and consoles in DIR after the cluster's end
    #[arg(long, value_name = "DIR")]
    pub(crate) logs: Option<PathBuf>,
    /// What network faults are drawn from [default: random]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

/// `ssi add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its number, 1 to 63 [default: the lowest that is free]
    #[arg(value_name = "NODE", value_parser = name::node)]
    pub(crate) node: Option<NodeId>,
    /// Boot it wrong, to see the cluster refuse it
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Option<oddity::Fault>,
    /// Its UML kernel, instead of the cluster's
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
}

/// Commands that take nodes and nothing else.
#[derive(Debug, Args)]
pub(crate) struct Nodes {
    /// Their numbers
    #[arg(value_name = "NODE", required = true, value_parser = name::node)]
    pub(crate) nodes: Vec<NodeId>,
}

/// `ssi exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: that of the command; 128 + N if signal N ended it; 127 if it was not
found, 126 if it could not be run; 125 if the node could not be reached or died.")]
pub(crate) struct Exec {
    /// Give the command a terminal
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Give the command nothing to read
    #[arg(short = 'n', long, conflicts_with = "tty")]
    pub(crate) no_input: bool,
    /// Set a variable in the command's environment
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<std::ffi::OsString>,
    /// Where the command starts [default: /root]
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<std::ffi::OsString>,
    /// The node's number
    #[arg(value_parser = name::node)]
    pub(crate) node: NodeId,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// `ssi console`.
#[derive(Debug, Args)]
pub(crate) struct Console {
    /// The node's number
    #[arg(value_parser = name::node)]
    pub(crate) node: NodeId,
}

/// `ssi log`.
#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Print what is added, too, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Print the last LINES lines only
    #[arg(short = 'n', long, value_name = "LINES")]
    pub(crate) lines: Option<usize>,
    /// Print what was printed on the console instead
    #[arg(short, long)]
    pub(crate) console: bool,
    /// The node's number
    #[arg(value_parser = name::node)]
    pub(crate) node: NodeId,
}

/// How to print.
#[derive(Debug, Args)]
pub(crate) struct Format {
    /// Print everything, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `ssi net`. A and B are node numbers or `all`.
#[derive(Debug, Subcommand)]
pub(crate) enum Net {
    /// Let nothing pass between A and B
    Cut(Link),
    /// Cut NODE off from all others
    Isolate {
        /// The node, or all: each on its own
        #[arg(value_parser = crate::command::net::end)]
        node: ssi_switch::Ports,
    },
    /// Take the faults between A and B away, or all there are
    Heal(HealLink),
    /// Delay what passes between A and B; 0 takes that away
    Delay {
        /// The two ends.
        #[command(flatten)]
        link: Link,
        /// Milliseconds
        #[arg(value_name = "MS", value_parser = name::delay_ms)]
        delay_ms: u32,
        /// Up to so many milliseconds more, at random
        #[arg(long, value_name = "MS", default_value = "0", value_parser = name::delay_ms)]
        jitter: u32,
    },
    /// Lose a share of what passes between A and B; 0 takes that away
    Loss {
        /// The two ends.
        #[command(flatten)]
        link: Link,
        /// How many of a hundred packets
        #[arg(value_parser = name::percent)]
        percent: f64,
    },
    /// Let a share of the packets between A and B be overtaken; 0 takes that away
    Reorder {
        /// The two ends.
        #[command(flatten)]
        link: Link,
        /// How many of a hundred packets
        #[arg(value_parser = name::percent)]
        percent: f64,
    },
    /// Print the faults and what the switch has counted
    Show(Format),
}

/// Two ends of the network.
#[derive(Debug, Args)]
pub(crate) struct Link {
    /// A node, or all
    #[arg(value_name = "A", value_parser = crate::command::net::end)]
    pub(crate) a: ssi_switch::Ports,
    /// A node, or all
    #[arg(value_name = "B", value_parser = crate::command::net::end)]
    pub(crate) b: ssi_switch::Ports,
    /// Only from A to B
    #[arg(long)]
    pub(crate) one_way: bool,
}

/// Two ends of the network, or none.
#[derive(Debug, Args)]
pub(crate) struct HealLink {
    /// A node, or all
    #[arg(value_name = "A", requires = "b", value_parser = crate::command::net::end)]
    pub(crate) a: Option<ssi_switch::Ports>,
    /// A node, or all
    #[arg(value_name = "B", value_parser = crate::command::net::end)]
    pub(crate) b: Option<ssi_switch::Ports>,
    /// Only from A to B
    #[arg(long, requires = "b")]
    pub(crate) one_way: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    fn exec(line: &str) -> (Exec, Vec<String>) {
        let Command::Exec(exec) = parse(line).unwrap().command else {
            panic!("not exec");
        };
        let words = exec
            .command
            .iter()
            .map(|word| word.to_string_lossy().into_owned());
        let words = words.collect();
        (exec, words)
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn start_has_defaults() {
        let Command::Start(start) = parse("ssi start").unwrap().command else {
            panic!("not start");
        };
        assert_eq!((start.nodes, start.mem, start.isolate), (3, 128, false));
    }

    #[test]
    fn a_name_may_stand_anywhere() {
        for line in ["ssi --name lab status", "ssi status --name lab"] {
            assert_eq!(parse(line).unwrap().name.as_str(), "lab");
        }
        assert!(parse("ssi --name Lab status").is_err());
    }

    #[test]
    fn the_commands_own_options_are_left_alone() {
        let (exec_, words) = exec("ssi exec 1 -t ls -l --all -- x");
        assert!(exec_.tty);
        assert_eq!(words, ["ls", "-l", "--all", "--", "x"]);
        let (exec_, words) = exec("ssi exec -t 2 -- -odd --name y");
        assert_eq!(exec_.node.get(), 2);
        assert_eq!(words, ["-odd", "--name", "y"]);
        let (exec_, words) = exec("ssi exec 1 --env A=1 -e B=2 --cwd /tmp env -i");
        assert_eq!(
            (exec_.env.len(), words),
            (2, vec!["env".into(), "-i".into()])
        );
    }

    #[test]
    fn numbers_of_nodes_are_checked_here() {
        for line in [
            "ssi rm 0",
            "ssi rm",
            "ssi pause 64",
            "ssi start 64",
            "ssi add x",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn heal_takes_two_ends_or_none() {
        assert!(parse("ssi net heal").is_ok());
        assert!(parse("ssi net heal 1 all").is_ok());
        assert!(parse("ssi net heal 1").is_err());
        assert!(parse("ssi net heal --one-way").is_err());
        assert!(parse("ssi net delay 1 2 20 --jitter 5 --one-way").is_ok());
        assert!(parse("ssi net cut 1 64").is_err());
    }
}
