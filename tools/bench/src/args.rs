// SPDX-License-Identifier: GPL-2.0

//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{
    Parser,
    Subcommand, //
};

use crate::groups::Group;

/// Measures clusters and their floors, and prints a table of both.
///
/// Everything is compared with what is possible at best on this machine,
/// measured in the same run. Exit status 0 even if a goal is missed; 1 if
/// something could not be measured.
#[derive(Debug, Parser)]
#[command(name = "ssi-bench", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) part: Option<Part>,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// What to measure, and where the results go.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Run {
    /// Measure less often: about a minute, and nothing to keep
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure only this group; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<Group>,
    /// Print JSON instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the table of a full and complete run in this document
    #[arg(long, value_name = "FILE")]
    pub(crate) document: Option<PathBuf>,
    /// The launcher
    #[arg(long, value_name = "FILE", default_value = "ssi")]
    pub(crate) ssi: PathBuf,
    /// The kernel of the nodes
    #[arg(long, value_name = "FILE", default_value = "build/um/linux")]
    pub(crate) kernel: PathBuf,
    /// The root of the nodes
    #[arg(long, value_name = "FILE", default_value = "build/initramfs.cpio.gz")]
    pub(crate) initramfs: PathBuf,
    /// The kernel without SSI
    #[arg(long, value_name = "FILE", default_value = "build/um-plain/linux")]
    pub(crate) plain: PathBuf,
    /// The simulator of clusters
    #[arg(long, value_name = "FILE", default_value = "build/sim/release/sim")]
    pub(crate) simulator: PathBuf,
}

/// What this program starts itself for.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// Answer questions on standard input
    #[command(hide = true)]
    Guest,
    /// Pass frames on between the sockets 0 and 1
    #[command(hide = true)]
    Relay,
    /// Answer frames on socket 0
    #[command(hide = true)]
    Echo,
    /// Become another program that ends with its parent
    #[command(hide = true)]
    Hold {
        /// The processor to stay on
        #[arg(long)]
        cpu: Option<usize>,
        /// The program and its arguments
        #[arg(required = true, last = true)]
        words: Vec<OsString>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_held_programs_words_stay_its_own() {
        let args = Args::parse_from(["ssi-bench", "hold", "--cpu", "1", "--", "linux", "--quick"]);
        match args.part {
            Some(Part::Hold { cpu, words }) => {
                assert_eq!(cpu, Some(1));
                assert_eq!(words, ["linux", "--quick"]);
            }
            other => panic!("{other:?}"),
        }
    }
}
