// SPDX-License-Identifier: GPL-2.0

//! Everything a session waits for.

use rustix::event::{
    poll,
    PollFd,
    PollFlags,
    Timespec, //
};
use rustix::io::{
    retry_on_intr,
    Errno, //
};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// The descriptors of one wait and whom they belong to.
#[derive(Default)]
pub(super) struct Watched<'s> {
    owners: Vec<Owner>,
    fds: Vec<PollFd<'s>>,
}

/// Whom a polled descriptor belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The connection to the host.
    Link,
    /// The end of the process.
    Exit,
    /// Standard input.
    Input,
    /// Standard output, 0, or standard error, 1.
    Output(usize),
}

/// What a wait found.
#[derive(Default)]
pub(super) struct Ready {
    /// The host has sent something, or left.
    pub(super) link: bool,
    /// The process has ended.
    pub(super) exit: bool,
    /// What poll said of standard input, if it was looked at.
    pub(super) input: Option<PollFlags>,
    pub(super) outputs: [Found; 2],
}

/// What a wait found out about an output.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Found {
    /// It was not looked at: the host takes no more, or it has ended.
    #[default]
    Unknown,
    /// Nothing to read.
    Empty,
    /// Something to read, its end perhaps.
    Readable,
}

impl<'s> Watched<'s> {
    pub(super) fn add(&mut self, owner: Owner, fd: BorrowedFd<'s>, flags: PollFlags) {
        self.owners.push(owner);
        self.fds.push(PollFd::from_borrowed_fd(fd, flags));
    }

    /// Waits until something is ready. `timeout` is how long outputs and the end
    /// of the process get; without any of them in the set it does not count, for
    /// nothing could turn out to be late.
    pub(super) fn wait(mut self, timeout: Option<Duration>) -> Result<Ready, Errno> {
        let can_be_late = |owner: &Owner| matches!(owner, Owner::Exit | Owner::Output(_));
        let timeout = timeout
            .filter(|_| self.owners.iter().any(can_be_late))
            .map(timespec);
        retry_on_intr(|| poll(&mut self.fds, timeout.as_ref()))?;
        Ok(self.ready())
    }

    fn ready(&self) -> Ready {
        let mut ready = Ready::default();
        for (owner, fd) in self.owners.iter().zip(&self.fds) {
            let found = fd.revents();
            match *owner {
                Owner::Link => ready.link = !found.is_empty() && found != PollFlags::OUT,
                Owner::Exit => ready.exit = !found.is_empty(),
                Owner::Input => ready.input = Some(found),
                Owner::Output(i) if found.is_empty() => ready.outputs[i] = Found::Empty,
                Owner::Output(i) => ready.outputs[i] = Found::Readable,
            }
        }
        ready
    }
}

/// A duration too long for the system is for ever, near enough.
pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec::try_from(duration).unwrap_or(Timespec {
        tv_sec: i64::MAX,
        tv_nsec: 0,
    })
}
