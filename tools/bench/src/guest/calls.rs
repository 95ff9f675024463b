// SPDX-License-Identifier: GPL-2.0

//! Loops over system calls.

use std::fs::{
    File,
    OpenOptions, //
};
use std::hint::black_box;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::{
    ensure,
    Context,
    Result, //
};
use rustix::process::{
    test_kill_process,
    waitpid,
    WaitOptions, //
};

use super::children::Children;
use super::processes::read_once;
use super::NOTHING;
use crate::question::{
    Action,
    Answer, //
};

/// A file of `/proc` that needs no search for a process.
const OWN_STAT: &str = "/proc/self/stat";

/// Times `batches` of `count` actions, and tells the time of the fastest.
pub(super) fn repeat(
    action: Action,
    count: u32,
    batches: u32,
    children: &mut Children,
) -> Result<Answer> {
    let mut tools = Tools::new(children)?;
    let mut fastest = Duration::MAX;
    for _ in 0..batches {
        let started = Instant::now();
        tools.batch(action, count)?;
        fastest = fastest.min(started.elapsed());
    }
    Ok(Answer::Took {
        ns: u64::try_from(fastest.as_nanos()).unwrap_or(u64::MAX),
    })
}

/// What is made once, before the clock runs.
struct Tools<'a> {
    null: File,
    child: Command,
    children: &'a mut Children,
}

impl<'a> Tools<'a> {
    fn new(children: &'a mut Children) -> Result<Self> {
        let program = std::env::args_os().next().context("no name of our own")?;
        let mut child = Command::new(program);
        // With a group to set, the library cannot use vfork: the fork is real.
        child.arg(NOTHING).gid(rustix::process::getgid().as_raw());
        Ok(Self {
            null: OpenOptions::new().write(true).open("/dev/null")?,
            child,
            children,
        })
    }

    fn batch(&mut self, action: Action, count: u32) -> Result<()> {
        match action {
            Action::Getpid => (0..count).for_each(|_| {
                black_box(rustix::process::getpid());
            }),
            Action::WriteNull => {
                for _ in 0..count {
                    self.null.write_all(b"x")?;
                }
            }
            Action::Spawn => (0..count).try_for_each(|_| self.spawn())?,
            Action::KillChild => {
                let child = self.children.any()?;
                (0..count).try_for_each(|_| test_kill_process(child))?;
            }
            Action::WaitChild => {
                let child = self.children.any()?;
                for _ in 0..count {
                    let ended = waitpid(Some(child), WaitOptions::NOHANG)?;
                    ensure!(ended.is_none(), "an idle child ended");
                }
            }
            Action::ReadOwnStat => (0..count).try_for_each(|_| read_once(OWN_STAT).map(drop))?,
        }
        Ok(())
    }

    fn spawn(&mut self) -> Result<()> {
        let status = self.child.status().context("cannot start a child")?;
        ensure!(status.success(), "a child failed: {status}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_calls_take_longer() {
        let mut children = Children::new().unwrap();
        for action in [Action::Getpid, Action::WriteNull, Action::ReadOwnStat] {
            let mut ns = |count| match repeat(action, count, 3, &mut children).unwrap() {
                Answer::Took { ns } => ns,
                other => panic!("{other:?}"),
            };
            assert!(ns(10) < ns(10_000), "{action:?}");
        }
    }
}
