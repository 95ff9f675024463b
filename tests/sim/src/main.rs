// SPDX-License-Identifier: GPL-2.0

//! Whole clusters from one seed.
//!
//! Runs the machines of `ssi_core` for many nodes under loss, cuts, crashes and
//! delays that a seed decides, and checks the invariants, a file each, all the
//! time. A seed that fails is printed as a command line that replays it.

mod clms;
mod ics;
mod migrate;
mod rng;

use std::process::ExitCode;

/// How the program is called.
const USAGE: &str = "\
usage: sim [ics|clms|migrate] [--seeds N] [--seed S] [--kept] [--verbose]
       sim clms --report

  ics, clms, migrate
              what to simulate; all when none is named
  --seeds N   so many seeds from the first on (100)
  --seed S    the first seed (1); alone, this one only
  --kept      the seeds of tests/sim/seeds, which failed once
  --verbose   tell what happens; for one seed
  --report    what view changes cost, for growing clusters";

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seeds to run.
    pub seeds: Vec<u64>,
    /// Whether each event is told.
    pub verbose: bool,
    /// The kept seeds instead of `seeds`.
    kept: bool,
    /// The report instead of seeds.
    report: bool,
    /// Names of simulations.
    wanted: Vec<String>,
}

/// A simulation.
struct Simulation {
    name: &'static str,
    /// Runs a seed, and says what went wrong.
    run: fn(seed: u64, verbose: bool) -> Result<(), String>,
    /// The seeds that failed once, one a line; `#` begins a remark.
    kept: &'static str,
}

/// All of them.
const SIMULATIONS: [Simulation; 3] = [
    Simulation {
        name: "ics",
        run: ics::run,
        kept: include_str!("../seeds/ics"),
    },
    Simulation {
        name: "clms",
        run: clms::run,
        kept: include_str!("../seeds/clms"),
    },
    Simulation {
        name: "migrate",
        run: migrate::run,
        kept: include_str!("../seeds/migrate"),
    },
];

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("sim: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if options.report {
        clms::report();
        return ExitCode::SUCCESS;
    }
    let mut failures = 0;
    for simulation in &SIMULATIONS {
        if options.wanted.is_empty() || options.wanted.iter().any(|name| name == simulation.name) {
            failures += simulation.run_seeds(&options);
        }
    }
    if failures > 0 {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

impl Simulation {
    /// Runs the seeds that are wanted; how many failed.
    fn run_seeds(&self, options: &Options) -> usize {
        let name = self.name;
        let seeds = if options.kept {
            self.kept_seeds()
        } else {
            options.seeds.clone()
        };
        let began = std::time::Instant::now();
        let mut failures = 0;
        for &seed in &seeds {
            // A panic is a failure like any other, and its seed is as precious.
            let outcome = std::panic::catch_unwind(|| (self.run)(seed, options.verbose))
                .unwrap_or_else(|_| Err("panicked, see above".into()));
            if let Err(why) = outcome {
                failures += 1;
                println!("FAILED {name} seed {seed}: {why}");
                println!("replay: sim {name} --seed {seed} --verbose");
            }
        }
        println!(
            "{name}: {} seeds, {failures} failed, {:.1} s",
            seeds.len(),
            began.elapsed().as_secs_f64()
        );
        failures
    }

    fn kept_seeds(&self) -> Vec<u64> {
        let lines = self.kept.lines();
        lines
            .filter_map(|line| line.split('#').next())
            .filter_map(|seed| seed.trim().parse().ok())
            .collect()
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut count, mut first) = (None, None);
    let mut options = Options {
        seeds: Vec::new(),
        verbose: false,
        kept: false,
        report: false,
        wanted: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64, String> {
            let value = words.next().ok_or(format!("{word} needs a number"))?;
            value.parse().map_err(|_| format!("{value} is no number"))
        };
        match word.as_str() {
            "--seeds" => count = Some(number()?),
            "--seed" => first = Some(number()?),
            "--kept" => options.kept = true,
            "--report" => options.report = true,
            "--verbose" => options.verbose = true,
            name if SIMULATIONS.iter().any(|known| known.name == name) => {
                options.wanted.push(word);
            }
            _ => return Err(format!("no simulation or option {word}")),
        }
    }
    let count = count.unwrap_or(if first.is_some() { 1 } else { 100 });
    let first = first.unwrap_or(1);
    options.seeds = (first..first.saturating_add(count)).collect();
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn seeds_are_a_range() {
        assert_eq!(options("--seeds 3").unwrap().seeds, [1, 2, 3]);
        assert_eq!(options("ics --seed 9").unwrap().seeds, [9]);
        assert_eq!(options("--seed 9 --seeds 2").unwrap().seeds, [9, 10]);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for line in ["both", "--seed", "--seed x", "--loud"] {
            assert!(options(line).is_err(), "{line}");
        }
    }
}
