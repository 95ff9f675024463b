// SPDX-License-Identifier: GPL-2.0

//! Commands from host to node.

use std::io::{
    Read,
    Write, //
};
use std::process::{
    Command,
    Stdio, //
};
use std::time::Instant;

use anyhow::{
    ensure,
    Result, //
};

use crate::bench::Bench;
use crate::cluster::{
    shown,
    Cluster, //
};
use crate::figure::{
    Figure,
    Unit, //
};
use crate::held::Ending;
use crate::ratio::Ratio;
use crate::row::Row;

/// Bytes passed through a command: so many blocks of 100 KB.
const STREAM_BLOCKS: usize = 1_000;
const BLOCK_BYTES: usize = 100_000;
const STREAM_BYTES: usize = STREAM_BLOCKS * BLOCK_BYTES;

const MS: f64 = 1000.0;
const MB: f64 = 1e6;

/// Latency of a short command, and bulk through a long one each way.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (commands, streams) = (bench.effort.commands, bench.effort.stream_rounds);
    bench.progress.begin("commands", commands + 2 * streams);
    let cluster = Cluster::start(bench, 1)?;
    let sink = ["sh", "-c", "cat >/dev/null"];
    let (bs, count) = (
        format!("bs={BLOCK_BYTES}"),
        format!("count={STREAM_BLOCKS}"),
    );
    let source = ["dd", "if=/dev/zero", &bs, &count, "status=none"];
    let rows = vec![
        latency(bench, &cluster, commands)?,
        Stream {
            name: "exec-in",
            what: "into a command on a node, 100 MB",
            words: &sink,
            pass: pour,
        }
        .row(bench, &cluster, streams)?,
        Stream {
            name: "exec-out",
            what: "out of a command on a node, 100 MB",
            words: &source,
            pass: drain,
        }
        .row(bench, &cluster, streams)?,
    ];
    bench.progress.end();
    Ok(rows)
}

fn latency(bench: &Bench, cluster: &Cluster<'_>, commands: usize) -> Result<Row> {
    let (mut measured, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..commands {
        measured.push(milliseconds(bench, &mut cluster.exec(1, &["true"]))?);
        floor.push(milliseconds(bench, &mut Command::new("true"))?);
        bench.progress.step();
    }
    let figure = |samples: &[f64]| Figure::of(samples, Unit::Milliseconds);
    let ratio = Ratio::of_rounds(&measured, &floor)?;
    let row = Row::new("exec-latency", "ssi exec 1 true", figure(&measured)?);
    Ok(row.over("true on the host", figure(&floor)?, ratio))
}

fn milliseconds(bench: &Bench, command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = bench.held.spawn(command, Ending::Kill)?.wait()?;
    ensure!(status.success(), "`{}` failed ({status})", shown(command));
    Ok(began.elapsed().as_secs_f64() * MS)
}

/// A command that takes or gives [`STREAM_BYTES`].
struct Stream<'a> {
    name: &'static str,
    what: &'static str,
    words: &'a [&'a str],
    pass: fn(&Bench, &mut Command) -> Result<f64>,
}

impl Stream<'_> {
    fn row(self, bench: &Bench, cluster: &Cluster<'_>, rounds: usize) -> Result<Row> {
        let (mut measured, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            measured.push((self.pass)(bench, &mut cluster.exec(1, self.words))?);
            let mut on_host = Command::new(self.words[0]);
            floor.push((self.pass)(bench, on_host.args(&self.words[1..]))?);
            bench.progress.step();
        }
        let figure = |samples: &[f64]| Figure::of(samples, Unit::MegabytesPerSecond);
        let ratio = Ratio::of_rounds(&measured, &floor)?;
        let row = Row::new(self.name, self.what, figure(&measured)?);
        Ok(row.over("on the host", figure(&floor)?, ratio))
    }
}

/// Writes to the command's input; MB in a second until it has ended.
fn pour(bench: &Bench, command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = bench.held.spawn(command, Ending::Kill)?;
    let mut input = child.take_input()?;
    let block = vec![0x53; BLOCK_BYTES];
    for _ in 0..STREAM_BLOCKS {
        input.write_all(&block)?;
    }
    drop(input);
    let status = child.wait()?;
    ensure!(status.success(), "`{}` failed ({status})", shown(command));
    Ok(STREAM_BYTES as f64 / MB / began.elapsed().as_secs_f64())
}

/// Reads the command's output; MB in a second until it has ended.
fn drain(bench: &Bench, command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = bench.held.spawn(command, Ending::Kill)?;
    let mut output = child.take_output()?;
    let mut block = vec![0; BLOCK_BYTES];
    let mut came = 0;
    loop {
        match output.read(&mut block)? {
            0 => break,
            bytes => came += bytes,
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{}` failed ({status})", shown(command));
    ensure!(came == STREAM_BYTES, "{came} bytes of {STREAM_BYTES} came");
    Ok(STREAM_BYTES as f64 / MB / began.elapsed().as_secs_f64())
}
