// SPDX-License-Identifier: GPL-2.0

//! The control port.
//!
//! A hello, then a line for a line: [`ssi_exec::control`] says what. A request
//! is one word, so a longer line is no request and its sender is not ours.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write},
    net::TcpStream,
};

use serde::Serialize;
use ssi_exec::{
    control::{Accepted, Hello, Refused, Request, Root, LINE_BYTES_MAX},
    node,
};

use super::proc;
use crate::{
    cmdline::{self, Cmdline},
    power::{self, End},
    problem,
};

/// Answers one connection until its peer ends it.
///
/// # Errors
///
/// When the connection breaks, or a line is too long.
pub(crate) fn serve(stream: &TcpStream) -> anyhow::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut usage = proc::Usage::default();
    say(stream, &hello())?;
    while let Some(line) = next_line(&mut lines)? {
        match Request::from_line(&line) {
            Some(Request::Status) => say(stream, &usage.status(node::running()))?,
            Some(Request::Poweroff) => {
                say(stream, &accepted())?;
                power::request(End::Off)?;
            }
            None => say(stream, &refused(&line))?,
        }
    }
    Ok(())
}

fn next_line(lines: &mut BufReader<&TcpStream>) -> anyhow::Result<Option<String>> {
    let limit = u64::try_from(LINE_BYTES_MAX)?;
    let mut line = Vec::new();
    let read = lines.by_ref().take(limit).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    anyhow::ensure!(
        line.ends_with(b"\n"),
        "a request of more than {LINE_BYTES_MAX} bytes, or without an end"
    );
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

fn say(mut stream: &TcpStream, answer: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    Ok(stream.write_all(&line)?)
}

fn hello() -> Hello {
    let cmdline = Cmdline::read();
    Hello {
        node: cmdline.node(),
        cluster: cmdline.cluster().to_owned(),
        boot_id: proc::text("/proc/sys/kernel/random/boot_id"),
        release: proc::text("/proc/sys/kernel/osrelease"),
        root: root_in_use(&cmdline),
        problem: problem::noted(),
    }
}

/// The root that was asked for, unless the node had to stay where it was.
fn root_in_use(cmdline: &Cmdline) -> Root {
    match cmdline.root() {
        Ok(cmdline::Root::Hostfs) if proc::root_is_hostfs() => Root::Hostfs,
        _ => Root::Initramfs,
    }
}

fn accepted() -> Accepted {
    Accepted {
        accepted: Request::Poweroff.word().to_owned(),
    }
}

fn refused(line: &str) -> Refused {
    Refused {
        error: format!(
            "unknown request '{}'; known are status and poweroff",
            line.trim().escape_default()
        ),
    }
}
