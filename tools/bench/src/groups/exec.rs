// SPDX-License-Identifier: GPL-2.0

//! Commands on a node, from the host.

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
use crate::cluster::Cluster;
use crate::figure::{
    Figure,
    Unit, //
};
use crate::held::Ending;
use crate::ratio::Ratio;
use crate::row::Row;

/// Bytes passed through a command.
const STREAM_BYTES: usize = 100_000_000;

/// Bytes of one read or write.
const CHUNK_BYTES: usize = 128 * 1024;

const MS: f64 = 1000.0;
const MB: f64 = 1e6;

/// Latency of a short command, and bulk through a long one each way.
pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (commands, streams) = (bench.effort.commands, bench.effort.stream_rounds);
    bench.progress.begin("commands", commands + 2 * streams);
    let cluster = Cluster::start(bench, 1)?;
    let sink = ["sh", "-c", "cat >/dev/null"];
    let count = STREAM_BYTES.to_string();
    let source = ["head", "-c", &count, "/dev/zero"];
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
    let row = Row::new("exec-latency", "`ssi exec 1 true`", figure(&measured)?);
    Ok(row.over("`true` on the host", figure(&floor)?, ratio))
}

fn milliseconds(bench: &Bench, command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = bench.held.spawn(command, Ending::Kill)?.wait()?;
    ensure!(status.success(), "{command:?} failed: {status}");
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
    let chunk = vec![0x53; CHUNK_BYTES];
    let mut left = STREAM_BYTES;
    while left > 0 {
        let bytes = left.min(CHUNK_BYTES);
        input.write_all(&chunk[..bytes])?;
        left -= bytes;
    }
    drop(input);
    ensure!(child.wait()?.success(), "{command:?} failed");
    Ok(STREAM_BYTES as f64 / MB / began.elapsed().as_secs_f64())
}

/// Reads the command's output; MB in a second until it has ended.
fn drain(bench: &Bench, command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = bench.held.spawn(command, Ending::Kill)?;
    let mut output = child.take_output()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut came = 0;
    loop {
        match output.read(&mut chunk)? {
            0 => break,
            bytes => came += bytes,
        }
    }
    ensure!(child.wait()?.success(), "{command:?} failed");
    ensure!(came == STREAM_BYTES, "{came} bytes of {STREAM_BYTES} came");
    Ok(STREAM_BYTES as f64 / MB / began.elapsed().as_secs_f64())
}
