// SPDX-License-Identifier: GPL-2.0

//! Runs of programs.

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

use crate::figure::median;
use crate::question::Answer;

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
    fn a_run_that_fails_is_none() {
        assert!(run(&words("false"), 1).is_err());
        assert!(run(&words("/no/such/program"), 1).is_err());
        assert!(run(&words("true"), 0).is_err());
        assert!(run(&[], 1).is_err());
    }
}
