// SPDX-License-Identifier: GPL-2.0

//! Bytes through a terminal.

use std::fs::File;
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
    Context,
    Result, //
};
use rustix::fs::{
    open,
    Mode,
    OFlags, //
};
use rustix::pty::{
    grantpt,
    openpt,
    ptsname,
    unlockpt,
    OpenptFlags, //
};
use rustix::termios::{
    tcgetattr,
    tcsetattr,
    OptionalActions, //
};

use crate::question::Answer;

/// What is read and written at once.
const BLOCK: usize = 64 << 10;

/// A new terminal without line editing: its master, and the end for programs.
fn pair() -> Result<(File, File)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).context("there is no terminal")?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let end = open(name.as_c_str(), flags, Mode::empty()).context("the terminal has no end")?;
    let mut mode = tcgetattr(&end)?;
    mode.make_raw();
    tcsetattr(&end, OptionalActions::Now, &mode)?;
    Ok((master.into(), end.into()))
}

/// Starts `words` with a terminal for input or output, and passes `bytes`; from its start to
/// its end.
pub(super) fn pass(words: &[String], reads: bool, bytes: u64) -> Result<Answer> {
    let (program, arguments) = words.split_first().context("no program is named")?;
    let (mut master, end) = pair()?;
    let mut command = Command::new(program);
    command.args(arguments).stderr(Stdio::null());
    if reads {
        command.stdin(Stdio::from(end)).stdout(Stdio::null());
    } else {
        command.stdin(Stdio::null()).stdout(Stdio::from(end));
    }
    let started = Instant::now();
    let child = command.spawn();
    // Its end of the terminal is the only one.
    drop(command);
    let mut child = child.with_context(|| format!("cannot start {program}"))?;
    let passed = match reads {
        true => put(&mut master, bytes),
        false => take(&mut master, bytes),
    };
    if passed.is_err() {
        // Else it might wait for ever.
        let _ = child.kill();
    }
    let status = child.wait().context("nobody waits for it")?;
    let ns = started.elapsed().as_nanos() as u64;
    passed?;
    ensure!(status.success(), "{program}: {status}");
    Ok(Answer::Received { bytes, ns })
}

fn put(master: &mut File, bytes: u64) -> Result<()> {
    let block = vec![b'x'; BLOCK];
    let mut left = bytes;
    while left > 0 {
        let part = block.len().min(usize::try_from(left).unwrap_or(BLOCK));
        master.write_all(block.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    Ok(())
}

fn take(master: &mut File, bytes: u64) -> Result<()> {
    let mut block = vec![0; BLOCK];
    let mut left = bytes;
    while left > 0 {
        let part = master.read(&mut block).context("the terminal ended")?;
        ensure!(part > 0, "the terminal ended");
        left = left.saturating_sub(part as u64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_written_comes_out() {
        let answer = pass(&words("head -c 200000 /dev/zero"), false, 200_000).unwrap();
        assert!(matches!(answer, Answer::Received { bytes: 200_000, ns } if ns > 0));
        let answer = pass(&words("head -c 200000"), true, 200_000).unwrap();
        assert!(matches!(answer, Answer::Received { bytes: 200_000, ns } if ns > 0));
    }

    #[test]
    fn less_than_that_is_a_failure() {
        assert!(pass(&words("head -c 10 /dev/zero"), false, 11).is_err());
        assert!(pass(&words("/no/such/program"), true, 1).is_err());
        assert!(pass(&[], true, 1).is_err());
    }
}
