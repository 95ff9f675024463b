// SPDX-License-Identifier: GPL-2.0

//! What processes use.

use std::time::Duration;

use anyhow::{
    ensure,
    Context,
    Result, //
};
use procfs::process::{
    all_processes,
    Process, //
};
use rustix::process::Pid;

const MIB: f64 = 1024.0 * 1024.0;

/// Memory and processor time of some processes at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// Proportional set size in MiB: resident memory, where what several
    /// processes map is shared out among them.
    pub(crate) pss_mib: f64,
    /// Processor time so far.
    pub(crate) cpu: Duration,
}

impl Usage {
    /// What the whole process group of `leader` uses. A kernel's group holds
    /// it and the process of each address space in it.
    ///
    /// # Errors
    ///
    /// The group is gone, or its processes belong to another user.
    pub(crate) fn of_group(leader: Pid) -> Result<Self> {
        let group = members(leader)?;
        ensure!(!group.is_empty(), "process group {leader:?} is gone");
        // A process that ends while it is looked at uses nothing any more.
        let used = group.iter().filter_map(|process| Self::of(process).ok());
        Ok(used.fold(Self::default(), Self::plus))
    }

    fn of(process: &Process) -> Result<Self> {
        Ok(Self {
            pss_mib: pss_bytes(process)? as f64 / MIB,
            cpu: cpu(process)?,
        })
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            pss_mib: self.pss_mib + other.pss_mib,
            cpu: self.cpu + other.cpu,
        }
    }
}

fn members(leader: Pid) -> Result<Vec<Process>> {
    let leader = leader.as_raw_nonzero().get();
    let all = all_processes().context("cannot read /proc")?.flatten();
    let is_member = |process: &Process| process.stat().is_ok_and(|stat| stat.pgrp == leader);
    Ok(all.filter(is_member).collect())
}

/// Not from `stat`, whose hundredths of a second are too coarse for processes
/// that do next to nothing.
fn cpu(process: &Process) -> Result<Duration> {
    let threads = process.tasks()?.flatten();
    let times = threads.filter_map(|thread| thread.schedstat().ok());
    let nanoseconds = times.map(|time| time.sum_exec_runtime);
    let sum = nanoseconds.reduce(|a, b| a + b);
    sum.map(Duration::from_nanos)
        .context("no scheduler statistics in /proc")
}

fn pss_bytes(process: &Process) -> Result<u64> {
    let rollup = process.smaps_rollup()?.memory_map_rollup;
    let sizes = rollup.iter().filter_map(|map| map.extension.map.get("Pss"));
    sizes.copied().reduce(|a, b| a + b).context("no Pss line")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::{
        Ending,
        Held, //
    };
    use std::process::Command;
    use std::time::Instant;

    fn ours() -> Usage {
        Usage::of(&Process::myself().unwrap()).unwrap()
    }

    #[test]
    fn memory_that_is_touched_is_counted() {
        let before = ours().pss_mib;
        let touched = vec![1_u8; 64 << 20];
        let after = ours().pss_mib;
        assert_eq!(std::hint::black_box(&touched)[12345], 1);
        assert!((60.0..80.0).contains(&(after - before)), "{before} {after}");
    }

    #[test]
    fn time_on_the_processor_is_counted() {
        let before = ours().cpu;
        let began = Instant::now();
        while ours().cpu < before + Duration::from_millis(50) {
            assert!(began.elapsed() < Duration::from_secs(20));
        }
        assert!(ours().cpu > before);
    }

    #[test]
    fn a_group_has_all_its_members() {
        let mut leader = Command::new("sh");
        leader.args(["-c", "sleep 30 & sleep 30 & wait"]);
        let held = Held::new(std::path::PathBuf::new()).unwrap();
        let leader = held.spawn(&mut leader, Ending::Kill).unwrap();
        let began = Instant::now();
        while members(leader.pid()).unwrap().len() < 3 {
            assert!(began.elapsed() < Duration::from_secs(5));
        }
        let group = Usage::of_group(leader.pid()).unwrap().pss_mib;
        let alone = Process::new(leader.pid().as_raw_nonzero().get()).unwrap();
        assert!(group > Usage::of(&alone).unwrap().pss_mib);
    }

    #[test]
    fn a_group_that_is_gone_is_an_error() {
        let nobody = Pid::from_raw(i32::MAX).unwrap();
        assert!(Usage::of_group(nobody).is_err());
    }
}
