// SPDX-License-Identifier: GPL-2.0

//! The performance table.
//!
//! Measures what a cluster costs and prints every figure beside its floor,
//! which is measured in the same run. `groups` says what is measured, `bench`
//! holds what they share; the other files are the tools: bare kernels and real
//! clusters to measure, the loops inside a guest, statistics, and the table.

mod args;
mod bench;
mod cluster;
mod document;
mod effort;
mod figure;
mod groups;
mod guest;
mod guest_clock;
mod held;
mod hold;
mod host;
mod initramfs;
mod kernel;
mod links;
mod pair;
mod peer;
mod processes;
mod progress;
mod question;
mod ratio;
mod report;
mod row;
mod sockets;
mod table;
mod traffic;
mod turns;
mod usage;

use std::process::ExitCode;

use anyhow::Result;
use clap::{
    Parser,
    ValueEnum, //
};

use args::{
    Args,
    Part,
    Run, //
};
use bench::{
    Bench,
    Programs, //
};
use effort::Effort;
use groups::Group;
use guest::Role;
use host::Host;
use progress::Progress;
use report::Report;
use row::Row;

fn main() -> ExitCode {
    let result = match Role::ours() {
        Role::Nothing => return ExitCode::SUCCESS,
        Role::Idle => guest::idle().map(|never| match never {}),
        Role::Init => guest::serve_as_init(),
        Role::Parent => guest::serve_as_parent(),
        Role::Command => command(Args::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(args: Args) -> Result<()> {
    match args.part {
        None => run(&args.run),
        Some(Part::Guest) => guest::serve(),
        Some(Part::Relay) => sockets::relay(),
        Some(Part::Echo) => sockets::echo(),
        Some(Part::Hold { cpu, words }) => hold::become_program(cpu, &words),
    }
}

/// Measures, prints, and keeps what is to be kept.
fn run(run: &Run) -> Result<()> {
    let bench = prepare(run)?;
    let (rows, failures) = measure(&bench, run);
    bench.progress.finish();
    let report = Report::new(Host::ours()?, rows);
    if run.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if !report.rows.is_empty() {
        println!("{}\n{}", report.text(), report.summary());
    }
    anyhow::ensure!(
        failures == 0,
        "{failures} of the groups could not be measured"
    );
    keep(run, &report)
}

fn prepare(run: &Run) -> Result<Bench> {
    let programs = Programs {
        ssi: run.ssi.clone(),
        kernel: run.kernel.clone(),
        initramfs: run.initramfs.clone(),
        plain: run.plain.clone(),
        simulator: run.simulator.clone(),
    };
    let effort = if run.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let bench = Bench::new(programs, effort, Progress::new())?;
    cluster::stop_at_last(&bench);
    Ok(bench)
}

/// The rows of all wanted groups, and how many groups failed.
fn measure(bench: &Bench, run: &Run) -> (Vec<Row>, usize) {
    let (mut rows, mut failures) = (Vec::new(), 0);
    for group in Group::value_variants() {
        if !run.only.is_empty() && !run.only.contains(group) {
            continue;
        }
        match group.measure(bench) {
            Ok(measured) => rows.extend(measured),
            Err(error) => {
                failures += 1;
                bench
                    .progress
                    .say(&format!("bench: {}: {error:#}", group.name()));
            }
        }
    }
    (rows, failures)
}

/// Writes the document, if this run is one to keep.
fn keep(run: &Run, report: &Report) -> Result<()> {
    match &run.document {
        None => Ok(()),
        Some(path) if run.quick || !run.only.is_empty() => {
            eprintln!(
                "bench: {} stays as it is: this was not a full run",
                path.display()
            );
            Ok(())
        }
        Some(path) => document::update(path, &report.text()),
    }
}
