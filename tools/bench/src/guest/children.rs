// SPDX-License-Identifier: GPL-2.0

//! Children that do nothing.

use std::ffi::OsString;
use std::io::Read;
use std::process::{
    Child,
    Command,
    Stdio, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::process::Pid;

use super::IDLE;
use crate::question::Answer;

/// The children of this program. They outlive it, but not their kernel.
pub(super) struct Children {
    program: OsString,
    children: Vec<Child>,
}

impl Children {
    /// None yet.
    pub(super) fn new() -> Result<Self> {
        let program = std::env::args_os().next().context("no name of our own")?;
        Ok(Self {
            program,
            children: Vec::new(),
        })
    }

    /// Starts `count` more, and tells their numbers.
    pub(super) fn breed(&mut self, count: u32) -> Result<Answer> {
        let mut pids = Vec::new();
        for _ in 0..count {
            pids.push(self.start()?.as_raw_pid());
        }
        Ok(Answer::Children { pids })
    }

    /// Starts one with `mib` MiB of memory, and tells its number when it has them.
    pub(super) fn grow(&mut self, mib: u32) -> Result<Answer> {
        let mut command = Command::new(&self.program);
        command.arg(IDLE).arg(mib.to_string()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot start a child")?;
        let pids = vec![Pid::from_child(&child).as_raw_pid()];
        if let Some(mut output) = child.stdout.take() {
            let read = output.read_to_end(&mut Vec::new());
            read.context("a child does not say that it has its memory")?;
        }
        self.children.push(child);
        Ok(Answer::Children { pids })
    }

    /// One of them.
    pub(super) fn any(&mut self) -> Result<Pid> {
        match self.children.first() {
            Some(child) => Ok(Pid::from_child(child)),
            None => self.start(),
        }
    }

    fn start(&mut self) -> Result<Pid> {
        let mut command = Command::new(&self.program);
        // Nobody is to wait for the end of an output because of it.
        command.arg(IDLE).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().context("cannot start a child")?;
        let pid = Pid::from_child(&child);
        self.children.push(child);
        Ok(pid)
    }
}
