// SPDX-License-Identifier: GPL-2.0

//! What the switch costs.
//!
//! Two threads stand for two nodes. They exchange frames over a socket pair of
//! their own, through a bare relay (a thread that knows two sockets and moves
//! frames between them, nothing else), and through the switch. All three take
//! turns, so that whatever else the machine does meets them alike; what is
//! printed, one `name value` per line, is the median of the rounds.
//!
//! * `ping_…_us`: round trip of a 64-byte frame.
//! * `bulk_…_mb_s`: 15800-byte frames, acknowledged by the receiver, of which
//!   at most `WINDOW_FRAMES` are on their way: how TCP would send.
//! * `small_…_kframes_s`: the same with 64-byte frames.
//! * `…_to_…`: the ratio of two medians.

use std::{
    io,
    os::fd::{
        AsFd,
        BorrowedFd,
        OwnedFd, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    },
};

use rustix::net::{
    self,
    RecvFlags,
    SendFlags, //
};
use ssi_switch::{
    port_pair,
    Switch,
    FRAME_BYTES_MAX, //
};

const ROUNDS: usize = 41;
const PINGS: usize = 400;
const BULK_FRAMES: usize = 4000;
const WINDOW_FRAMES: usize = 128;
const ACK_FRAMES: usize = 16;
const LARGE_BYTES: usize = 15_800;
const SMALL_BYTES: usize = 64;

const ONE: [u8; 6] = [2, 0x53, 0x53, 0x49, 0, 1];
const TWO: [u8; 6] = [2, 0x53, 0x53, 0x49, 0, 2];

/// Two ends that reach each other.
struct Ends(OwnedFd, OwnedFd);

fn main() -> io::Result<()> {
    let direct = direct()?;
    let relay = relay()?;
    let (_switch, switch) = switched()?;

    let ping = interleave(&[&direct, &relay, &switch], ping);
    let bulk = interleave(&[&relay, &switch], |ends| transfer(ends, LARGE_BYTES));
    let small = interleave(&[&relay, &switch], |ends| transfer(ends, SMALL_BYTES));

    let us = |time: Duration| time.as_secs_f64() * 1e6 / PINGS as f64;
    println!("ping_direct_us {:.2}", us(ping[0]));
    println!("ping_relay_us {:.2}", us(ping[1]));
    println!("ping_switch_us {:.2}", us(ping[2]));
    println!("ping_switch_to_direct {:.3}", ratio(ping[2], ping[0]));
    println!("ping_switch_to_relay {:.3}", ratio(ping[2], ping[1]));

    let mb_s = |time: Duration| (BULK_FRAMES * LARGE_BYTES) as f64 / 1e6 / time.as_secs_f64();
    println!("bulk_relay_mb_s {:.0}", mb_s(bulk[0]));
    println!("bulk_switch_mb_s {:.0}", mb_s(bulk[1]));
    println!("bulk_switch_to_relay {:.3}", ratio(bulk[0], bulk[1]));

    let kframes_s = |time: Duration| BULK_FRAMES as f64 / 1e3 / time.as_secs_f64();
    println!("small_relay_kframes_s {:.0}", kframes_s(small[0]));
    println!("small_switch_kframes_s {:.0}", kframes_s(small[1]));
    println!("small_switch_to_relay {:.3}", ratio(small[0], small[1]));
    Ok(())
}

/// A socket pair and nothing between its ends.
fn direct() -> io::Result<Ends> {
    let (one, two) = port_pair()?;
    Ok(Ends(one, two))
}

/// Two threads that move frames, one per direction, until the ends are closed.
fn relay() -> io::Result<Ends> {
    let (a, one) = port_pair()?;
    let (b, two) = port_pair()?;
    let (a2, b2) = (a.try_clone()?, b.try_clone()?);
    thread::spawn(move || carry(&a, &b));
    thread::spawn(move || carry(&b2, &a2));
    Ok(Ends(one, two))
}

/// The switch, which knows both ends already.
fn switched() -> io::Result<(Switch, Ends)> {
    let switch = Switch::start(1)?;
    let (a, one) = port_pair()?;
    let (b, two) = port_pair()?;
    switch.add(1, a).map_err(io::Error::other)?;
    switch.add(2, b).map_err(io::Error::other)?;
    let ends = Ends(one, two);
    ping(&ends)?;
    Ok((switch, ends))
}

/// Moves frames from one socket to another until one is closed.
fn carry(from: &OwnedFd, to: &OwnedFd) -> io::Result<()> {
    let mut buffer = vec![0; FRAME_BYTES_MAX];
    loop {
        let len = receive(from.as_fd(), &mut buffer)?;
        send(to.as_fd(), &buffer[..len])?;
    }
}

/// The median time of `run` over each of `all`.
fn interleave(all: &[&Ends], run: impl Fn(&Ends) -> io::Result<Duration>) -> Vec<Duration> {
    let mut times = vec![Vec::new(); all.len()];
    for _ in 0..ROUNDS {
        for (ends, times) in all.iter().zip(&mut times) {
            times.extend(run(ends));
        }
    }
    times.into_iter().map(median).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(time: Duration, floor: Duration) -> f64 {
    time.as_secs_f64() / floor.as_secs_f64()
}

/// The time of `PINGS` round trips.
fn ping(Ends(one, two): &Ends) -> io::Result<Duration> {
    thread::scope(|scope| {
        let echo = scope.spawn(move || answer(two.as_fd(), PINGS, 1));
        let start = Instant::now();
        let mut buffer = [0; SMALL_BYTES];
        for _ in 0..PINGS {
            send(one.as_fd(), &frame(TWO, ONE, SMALL_BYTES))?;
            receive(one.as_fd(), &mut buffer)?;
        }
        let time = start.elapsed();
        joined(echo.join())?;
        Ok(time)
    })
}

/// The time in which `BULK_FRAMES` of `len` bytes arrive.
fn transfer(Ends(one, two): &Ends, len: usize) -> io::Result<Duration> {
    thread::scope(|scope| {
        let start = Instant::now();
        let sink = scope.spawn(move || answer(two.as_fd(), BULK_FRAMES, ACK_FRAMES));
        let frame = frame(TWO, ONE, len);
        let mut ack = [0; SMALL_BYTES];
        let mut under_way = 0;
        for _ in 0..BULK_FRAMES {
            while under_way >= WINDOW_FRAMES {
                receive(one.as_fd(), &mut ack)?;
                under_way -= ACK_FRAMES;
            }
            send(one.as_fd(), &frame)?;
            under_way += 1;
        }
        while under_way > 0 {
            receive(one.as_fd(), &mut ack)?;
            under_way -= ACK_FRAMES;
        }
        joined(sink.join())?;
        Ok(start.elapsed())
    })
}

/// Receives `frames` and answers every `every` of them by a small one.
fn answer(end: BorrowedFd<'_>, frames: usize, every: usize) -> io::Result<()> {
    let mut buffer = vec![0; FRAME_BYTES_MAX];
    let answer = frame(ONE, TWO, SMALL_BYTES);
    for count in 1..=frames {
        receive(end, &mut buffer)?;
        if count % every == 0 {
            send(end, &answer)?;
        }
    }
    Ok(())
}

fn joined(result: thread::Result<io::Result<()>>) -> io::Result<()> {
    result.unwrap_or_else(|_| Err(io::Error::other("the other end panicked")))
}

fn frame(to: [u8; 6], from: [u8; 6], len: usize) -> Vec<u8> {
    let mut frame = [&to[..], &from, &[0x88, 0xb5]].concat();
    frame.resize(len, 0);
    frame
}

fn send(end: BorrowedFd<'_>, frame: &[u8]) -> io::Result<()> {
    net::send(end, frame, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for a frame; that the other end is closed is an error.
fn receive(end: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    match net::recv(end, buffer, RecvFlags::empty())? {
        (_, 0) => Err(io::ErrorKind::UnexpectedEof.into()),
        (_, len) => Ok(len),
    }
}
