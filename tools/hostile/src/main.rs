// SPDX-License-Identifier: GPL-2.0

//! Hostile peer.
//!
//! A program for root of a node, which attacks the links of another: for the test
//! `tests/boot/ics-hostile-peer.sh`. It has everything but the cluster's key. Each
//! attack prints a line: what was sent, how the victim answered, and what should
//! not have been.

mod answer;
mod attack;
mod attacks;
mod line;
mod links;
mod random;
mod raw;
mod report;
mod scene;
mod segment;
mod wiretap;

use std::process::ExitCode;

use anyhow::{
    bail,
    Result, //
};
use clap::Parser;
use ssi_core::ids::NodeId;

use crate::attack::Attack;
use crate::random::Random;
use crate::scene::Scene;

/// Attacks the links of a node, from another.
///
/// Exit status: 0 when every attack was carried out and none did harm.
#[derive(Debug, Parser)]
#[command(name = "ssi-hostile", version = ssi_core::VERSION)]
struct Cli {
    /// What chance is drawn from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Print the attacks and what they do
    #[arg(long)]
    list: bool,
    /// Only this attack; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The node to attack
    #[arg(value_name = "NODE", value_parser = node, required_unless_present = "list")]
    victim: Option<NodeId>,
}

fn node(text: &str) -> Result<NodeId, String> {
    NodeId::parse(text.as_bytes()).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(harmful) => {
            eprintln!("ssi-hostile: {harmful} attacks did harm");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("ssi-hostile: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// How many attacks did harm.
fn run(cli: &Cli) -> Result<usize> {
    let wanted = choose(&cli.only)?;
    let Some(victim) = cli.victim.filter(|_| !cli.list) else {
        for attack in wanted {
            println!("{}: {}", attack.name(), attack.about());
        }
        return Ok(0);
    };
    let mut scene = Scene::survey(victim, cli.seed)?;
    let mut harmful = 0;
    for attack in wanted {
        // The same attack is the same whatever came before it.
        scene.random = Random::new(cli.seed);
        let outcome = match attack.run(&mut scene) {
            Ok(report) => {
                harmful += usize::from(!report.is_harmless());
                report.to_string()
            }
            Err(error) => {
                harmful += 1;
                format!("FAULT: it could not be carried out: {error:#}")
            }
        };
        println!("node {victim}: {}: {outcome}", attack.name());
    }
    Ok(harmful)
}

fn choose(only: &[String]) -> Result<Vec<&'static dyn Attack>> {
    let all = attacks::ALL.iter().copied();
    if only.is_empty() {
        return Ok(all.collect());
    }
    let known: Vec<_> = all.clone().map(|attack| attack.name()).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no attack '{unknown}' (see --list)");
    }
    Ok(all
        .filter(|attack| only.iter().any(|name| name == attack.name()))
        .collect())
}

#[cfg(test)]
mod tests {
    mod lab;

    use super::*;

    #[test]
    fn the_words_of_the_command_fit_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn attacks_are_chosen_by_name() {
        assert_eq!(choose(&[]).unwrap().len(), attacks::ALL.len());
        let only = choose(&["slow".to_owned(), "kinds".to_owned()]).unwrap();
        let names: Vec<_> = only.iter().map(|attack| attack.name()).collect();
        assert_eq!(names, ["kinds", "slow"]);
        assert!(choose(&["peace".to_owned()]).is_err());
    }

    #[test]
    fn no_two_attacks_have_one_name() {
        let mut names: Vec<_> = attacks::ALL.iter().map(|attack| attack.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), attacks::ALL.len());
    }
}
