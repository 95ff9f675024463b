// SPDX-License-Identifier: GPL-2.0

//! Commands of the test file.

use kernel::prelude::*;
use ssi_core::{
    ics::frame::ARGS_BYTES_MAX,
    time::Span, //
};
use ssi_kapi::{
    clock,
    event::Patience,
    thread, //
};

use super::{
    raw,
    run::{
        self,
        Plan,
        IN_FLIGHT_MAX, //
    },
    service::{
        self,
        ABSENT,
        COUNT,
        DEFER,
        DROP,
        ECHO,
        INLINE,
        NEST,
        OTHER_VERSION,
        PAGES_IN,
        PAGES_OUT,
        RELEASE,
        SINK,
        SLEEP,
        WORKER, //
    },
    timing::{
        Times,
        TIMES_MAX, //
    },
    words::Words,
    Lines, //
};
use crate::{
    call::make,
    pages::PAGES_MAX,
    Ask,
    CallError,
    Pages,
    Patient,
    Reply,
    ServiceRef, //
};

/// Runs a command line.
///
/// # Errors
///
/// `EINVAL` for a line that is none, else why it could not run to its end.
pub(super) fn run(line: &str, lines: &mut Lines) -> Result {
    let words = Words::new(line);
    match words.command() {
        "echo" => echo(&words, lines),
        "bulk" => bulk(&words, lines),
        "many" => many(&words, lines),
        "flood" => flood(&words, lines),
        "raw" => raw::ping_pong(&words, lines),
        "raw_bulk" => raw::bulk(&words, lines),
        "sleep" => one(&words, lines, WORKER, SLEEP, &milliseconds(&words)?),
        "defer" => one(&words, lines, WORKER, DEFER, &[]),
        "release" => one(&words, lines, WORKER, RELEASE, &[]),
        "drop" => one(&words, lines, WORKER, DROP, &[]),
        "unknown" => one(&words, lines, WORKER, u16::MAX, &[]),
        "absent" => one(&words, lines, ABSENT, ECHO, &[]),
        "version" => one(&words, lines, OTHER_VERSION, ECHO, &[]),
        "nest" => nest(&words, lines),
        "cancel" => cancel(&words, lines),
        _ => Err(EINVAL),
    }
}

fn milliseconds(words: &Words<'_>) -> Result<[u8; 4]> {
    let number = words.number("ms", 100, 3_600_000)?;
    Ok(u32::try_from(number).map_err(|_| EINVAL)?.to_le_bytes())
}

fn service(words: &Words<'_>) -> Result<ServiceRef> {
    match words.text("mode").unwrap_or("inline") {
        "inline" => Ok(INLINE),
        "worker" => Ok(WORKER),
        _ => Err(EINVAL),
    }
}

/// `echo node=N size=B count=C inflight=I mode=inline|worker`
fn echo(words: &Words<'_>, lines: &mut Lines) -> Result {
    let size = words.number("size", 64, ARGS_BYTES_MAX)?;
    let args = KVec::from_elem(7, size, GFP_KERNEL)?;
    let plan = Plan {
        node: words.node()?,
        count: words.number("count", 1000, TIMES_MAX)?,
        in_flight: words.number("inflight", 1, IN_FLIGHT_MAX)?.max(1),
        ask: Ask::new(service(words)?, ECHO, &args),
        bytes: 0,
    };
    run::run(&plan, lines, |reply| reply.body() == args.as_slice())
}

/// `bulk node=N pages=P count=C inflight=I direction=in|out`: in to the other node.
fn bulk(words: &Words<'_>, lines: &mut Lines) -> Result {
    let pages = words.number("pages", PAGES_MAX, PAGES_MAX)?.max(1);
    let bytes = pages * ssi_kapi::page::PAGE_BYTES;
    let length = u32::try_from(bytes).map_err(|_| EINVAL)?;
    let given = service::pattern(bytes)?;
    let expected = service::sum(&given);
    let is_in = match words.text("direction").unwrap_or("in") {
        "in" => true,
        "out" => false,
        _ => return Err(EINVAL),
    };
    let operation = match is_in {
        true => PAGES_IN,
        false => PAGES_OUT,
    };
    let args = length.to_le_bytes();
    let mut ask = Ask::new(WORKER, operation, &args);
    match is_in {
        true => ask.pages = given,
        false => ask.reply_pages_max = length,
    }
    let plan = Plan {
        node: words.node()?,
        count: words.number("count", 100, TIMES_MAX)?,
        in_flight: words.number("inflight", 4, IN_FLIGHT_MAX)?.max(1),
        ask,
        bytes,
    };
    run::run(&plan, lines, |reply| {
        reply.result == expected && (is_in || service::sum(&reply.pages) == expected)
    })
}

/// `many nodes=N,N size=B count=C`: each time all of them at once.
fn many(words: &Words<'_>, lines: &mut Lines) -> Result {
    let size = words.number("size", 64, ARGS_BYTES_MAX)?;
    let count = words.number("count", 1000, TIMES_MAX)?;
    let args = KVec::from_elem(7, size, GFP_KERNEL)?;
    let ask = Ask::new(service(words)?, ECHO, &args);
    let targets = words.nodes()?;
    let mut times = Times::new(count)?;
    let mut failed = 0;
    for _ in 0..count {
        let began = clock::monotonic();
        crate::call_many(targets, &ask, |_, result| {
            if !result.is_ok_and(|reply| reply.body() == args.as_slice()) {
                failed += 1;
            }
        });
        times.add(began);
    }
    lines.add("targets", targets.len());
    times.report(lines, 0);
    lines.add("failed", failed);
    Ok(())
}

/// `flood node=N count=C`: one-way calls without waiting for credit.
fn flood(words: &Words<'_>, lines: &mut Lines) -> Result {
    let (node, count) = (words.node()?, words.number("count", 1000, TIMES_MAX)?);
    let mut ask = Ask::new(WORKER, SINK, &[]);
    ask.patient = Patient::No;
    let before = sunk(words)?;
    let (mut taken, mut refused, mut failed) = (0u64, 0u64, 0u64);
    let began = clock::monotonic();
    for _ in 0..count {
        match crate::send(node, &ask) {
            Ok(()) => taken += 1,
            Err(CallError::WouldBlock) => refused += 1,
            Err(_) => failed += 1,
        }
    }
    lines.add("us", clock::monotonic().saturating_sub(began));
    lines.add("taken", taken);
    lines.add("would_block", refused);
    lines.add("failed", failed);
    // What was taken arrives before what is asked now.
    let mut served = sunk(words)?.saturating_sub(before);
    let until = clock::monotonic() + 5_000_000;
    while served < taken && clock::monotonic() < until {
        thread::sleep(1_000);
        served = sunk(words)?.saturating_sub(before);
    }
    lines.add("served", served);
    Ok(())
}

fn sunk(words: &Words<'_>) -> Result<u64> {
    let reply = crate::call(words.node()?, &Ask::new(WORKER, COUNT, &[]))?;
    let bytes = reply.body().try_into().map_err(|_| EIO)?;
    Ok(u64::from_le_bytes(bytes))
}

/// `nest node=N depth=D`: the two nodes call each other.
fn nest(words: &Words<'_>, lines: &mut Lines) -> Result {
    let depth = u8::try_from(words.number("depth", 2, 16)?).map_err(|_| EINVAL)?;
    let args = [depth, words.node()?.get(), service::me()];
    one(words, lines, WORKER, NEST, &args)
}

/// `cancel node=N after_ms=T`: a call that sleeps is cancelled while it is served.
fn cancel(words: &Words<'_>, lines: &mut Lines) -> Result {
    let after = words.number("after_ms", 20, 10_000)?;
    let after = u64::try_from(after).map_err(|_| EINVAL)?;
    let args = 60_000u32.to_le_bytes();
    let ask = Ask::new(WORKER, SLEEP, &args);
    let made = make(words.node()?, &ask, false)?;
    thread::sleep(after * 1_000);
    let began = clock::monotonic();
    made.cancel();
    let result = made.wait(&ask);
    lines.add("us", clock::monotonic().saturating_sub(began));
    say(lines, result);
    Ok(())
}

fn say(lines: &mut Lines, result: core::result::Result<Reply, CallError>) {
    match result {
        Ok(reply) => lines.add("result", reply.result),
        Err(why) => lines.add("error", why),
    }
}

/// One call: `... node=N timeout_ms=T patience=killable|interruptible`.
fn one(
    words: &Words<'_>,
    lines: &mut Lines,
    service: ServiceRef,
    operation: u16,
    args: &[u8],
) -> Result {
    let mut ask = Ask::new(service, operation, args);
    ask.pages = Pages::NONE;
    ask.patience = match words.text("patience").unwrap_or("interruptible") {
        "interruptible" => Patience::Interruptible,
        "killable" => Patience::Killable,
        _ => return Err(EINVAL),
    };
    let timeout = words.number("timeout_ms", 0, 3_600_000)?;
    let timeout = u64::try_from(timeout).map_err(|_| EINVAL)?;
    ask.timeout = (timeout > 0).then(|| Span::ms(timeout));
    let began = clock::monotonic();
    let result = crate::call(words.node()?, &ask);
    lines.add("us", clock::monotonic().saturating_sub(began));
    say(lines, result);
    Ok(())
}
