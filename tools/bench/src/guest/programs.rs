// SPDX-License-Identifier: GPL-2.0

//! Runs of programs.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{
    Command,
    Stdio, //
};
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};

use crate::figure::median;
use crate::question::Answer;

/// How long a program takes to do nothing, behind the end of its output.
const SETTLES: Duration = Duration::from_millis(5);

/// Starts `words` and waits for its end, `count` times; the median.
pub(super) fn run(words: &[String], count: u32) -> Result<Answer> {
    let (program, arguments) = words.split_first().context("no program is named")?;
    let mut runs = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        let status = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .with_context(|| format!("cannot start {program}"))?;
        runs.push(started.elapsed().as_nanos() as f64);
        ensure!(status.success(), "{program}: {status}");
    }
    ensure!(!runs.is_empty(), "a run is to be measured");
    Ok(Answer::RoundTrip { ns: median(&runs) })
}

/// Starts `words`, waits until they are at work, which they say by the end of their output, kills
/// them and waits for their end, `count` times; the median from the kill on.
pub(super) fn reap(words: &[String], count: u32) -> Result<Answer> {
    let (program, arguments) = words.split_first().context("no program is named")?;
    let mut ends = Vec::new();
    for _ in 0..count {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let mut said = Vec::new();
        if let Some(mut output) = child.stdout.take() {
            output
                .read_to_end(&mut said)
                .context("it cannot be heard")?;
        }
        thread::sleep(SETTLES);
        let started = Instant::now();
        child.kill().context("it cannot be killed")?;
        let status = child.wait().context("nobody waits for it")?;
        ends.push(started.elapsed().as_nanos() as f64);
        ensure!(status.signal() == Some(9), "{program}: {status}");
    }
    ensure!(!ends.is_empty(), "an end is to be measured");
    Ok(Answer::RoundTrip { ns: median(&ends) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_run_takes_its_time() {
        let answer = run(&words("sleep 0.01"), 3).unwrap();
        assert!(matches!(answer, Answer::RoundTrip { ns } if ns > 1e7));
    }

    #[test]
    fn an_end_is_waited_for() {
        let mut idle = words("sh -c");
        idle.push("exec sleep 100 >/dev/null".to_owned());
        let answer = reap(&idle, 3).unwrap();
        assert!(matches!(answer, Answer::RoundTrip { ns } if ns > 0.0 && ns < 1e10));
        assert!(reap(&words("true"), 1).is_err() && reap(&idle, 0).is_err());
    }

    #[test]
    fn a_run_that_fails_is_none() {
        assert!(run(&words("false"), 1).is_err());
        assert!(run(&words("/no/such/program"), 1).is_err());
        assert!(run(&words("true"), 0).is_err());
        assert!(run(&[], 1).is_err());
    }
}
