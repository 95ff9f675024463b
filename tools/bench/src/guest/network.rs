// SPDX-License-Identifier: GPL-2.0

//! Loops over TCP connections.

use std::io::{
    Read,
    Write, //
};
use std::net::{
    Ipv4Addr,
    TcpListener,
    TcpStream, //
};
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use super::say;
use crate::figure::median;
use crate::question::{
    place,
    Answer, //
};

/// Round trips between two looks at the clock, which costs a guest a system
/// call of its own.
const BATCH_ROUND_TRIPS: u32 = 20;

/// Round trips before the first that counts.
const WARM_UP_ROUND_TRIPS: u32 = 100;

/// Bytes of one read or write of a bulk transfer.
const CHUNK_BYTES: usize = 128 * 1024;

/// How long a stream may find its pace before it is timed: TCP widens its
/// window, and the host moves the processes apart.
const PACE: Duration = Duration::from_millis(250);

/// Longest silence of the other side.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Sends back what one connection brings.
pub(super) fn echo() -> Result<Answer> {
    let mut stream = accept()?;
    let mut message = [0; 4096];
    loop {
        match stream.read(&mut message).context("the pings stopped")? {
            0 => return Ok(Answer::Done),
            bytes => stream.write_all(&message[..bytes])?,
        }
    }
}

/// Sends messages of `bytes` to the echo on `to`, and waits for each.
pub(super) fn ping(to: Ipv4Addr, count: u32, bytes: usize) -> Result<Answer> {
    let mut stream = connect(to)?;
    let mut message = vec![0x53; bytes];
    batch(&mut stream, &mut message, WARM_UP_ROUND_TRIPS)?;
    let mut samples = Vec::new();
    for _ in 0..count.div_ceil(BATCH_ROUND_TRIPS) {
        let time = batch(&mut stream, &mut message, BATCH_ROUND_TRIPS)?;
        samples.push(time.as_nanos() as f64 / f64::from(BATCH_ROUND_TRIPS));
    }
    Ok(Answer::RoundTrip {
        ns: median(&samples),
    })
}

/// Reads one connection to its end, and times it once it has found its pace.
pub(super) fn sink() -> Result<Answer> {
    let mut stream = accept()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    find_pace(&mut stream, &mut chunk)?;
    let (mut bytes, started) = (0, Instant::now());
    loop {
        match stream.read(&mut chunk).context("the stream stopped")? {
            0 => break,
            more => bytes += more as u64,
        }
    }
    let ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    Ok(Answer::Received { bytes, ns })
}

fn find_pace(stream: &mut TcpStream, chunk: &mut [u8]) -> Result<()> {
    ensure!(stream.read(chunk)? > 0, "nothing came");
    let started = Instant::now();
    while started.elapsed() < PACE {
        ensure!(stream.read(chunk)? > 0, "the stream was too short");
    }
    Ok(())
}

/// Sends to the sink on `to` for `millis`.
pub(super) fn pour(to: Ipv4Addr, millis: u64) -> Result<Answer> {
    let mut stream = connect(to)?;
    let chunk = vec![0x53; CHUNK_BYTES];
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(millis) {
        stream.write_all(&chunk).context("the sink stopped")?;
    }
    Ok(Answer::Done)
}

fn batch(stream: &mut TcpStream, message: &mut [u8], count: u32) -> Result<Duration> {
    let started = Instant::now();
    for _ in 0..count {
        stream.write_all(message)?;
        stream.read_exact(message).context("the echo stopped")?;
    }
    Ok(started.elapsed())
}

fn accept() -> Result<TcpStream> {
    let listener = TcpListener::bind(place(Ipv4Addr::UNSPECIFIED)).context("cannot listen")?;
    say(&Answer::Listening)?;
    let (stream, _) = listener.accept().context("nobody came")?;
    tuned(stream)
}

fn connect(to: Ipv4Addr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&place(to).into(), SILENCE_MAX)
        .with_context(|| format!("cannot reach {to}"))?;
    tuned(stream)
}

fn tuned(stream: TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    stream.set_write_timeout(Some(SILENCE_MAX))?;
    Ok(stream)
}
