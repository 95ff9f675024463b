// SPDX-License-Identifier: GPL-2.0

//! The one place to wait.
//!
//! Everything it listens to has a [`Token`]. Clients and watchers are numbered
//! without reuse, so that news of one that is gone is never taken for another's.

use std::{
    io,
    os::fd::{
        AsFd,
        OwnedFd, //
    },
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{
        epoll::{
            self,
            CreateFlags,
            Event,
            EventData,
            EventFlags, //
        },
        Timespec,
    },
    io::Errno,
};
use ssi_core::ids::NodeId;

/// Events taken per wait; more wait for the next one.
const EVENTS_MAX: usize = 64;

/// What has news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// The control socket: somebody connects.
    Listener,
    /// A signal arrived.
    Signals,
    /// A log is being written.
    Logs,
    /// The `ssi start` that waits for the cluster.
    Starter,
    /// The process of a node has ended.
    Process(NodeId),
    /// A node's console prints, or takes keys again.
    Console(NodeId),
    /// A node's agent says something.
    Agent(NodeId),
    /// A node's kernel says something over its host link, or takes more.
    Host(NodeId),
    /// A client of the control socket.
    Client(u32),
    /// A client that watches a console.
    Watcher(u32),
}

/// What to listen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Nothing, except the end of the connection.
    Nothing,
    /// Something to read.
    Read,
    /// Room to write.
    Write,
    /// Both.
    Both,
}

impl Interest {
    /// The interest in reading, in writing, or both.
    pub(crate) fn of(reads: bool, writes: bool) -> Self {
        match (reads, writes) {
            (false, false) => Self::Nothing,
            (true, false) => Self::Read,
            (false, true) => Self::Write,
            (true, true) => Self::Both,
        }
    }

    fn flags(self) -> EventFlags {
        match self {
            Self::Nothing => EventFlags::empty(),
            Self::Read => EventFlags::IN,
            Self::Write => EventFlags::OUT,
            Self::Both => EventFlags::IN | EventFlags::OUT,
        }
    }
}

/// The epoll instance of the supervisor.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Poller {
    /// A poller that listens to nothing.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS_MAX),
        })
    }

    /// Listens to `source` until it is closed or removed.
    pub(crate) fn add(
        &self,
        source: impl AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let data = EventData::new_u64(token.into());
        Ok(epoll::add(&self.epoll, source, data, interest.flags())?)
    }

    /// Changes what to listen for.
    pub(crate) fn modify(
        &self,
        source: impl AsFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let data = EventData::new_u64(token.into());
        Ok(epoll::modify(&self.epoll, source, data, interest.flags())?)
    }

    /// Listens no longer: for a source that is handed to somebody else.
    pub(crate) fn remove(&self, source: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, source)?)
    }

    /// Blocks until there is news or `timeout` has passed; `None` waits forever.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<Vec<Token>> {
        let timeout = timeout
            .map(round_up)
            .and_then(|t| Timespec::try_from(t).ok());
        self.events.clear();
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(self
            .events
            .iter()
            .filter_map(|event| Token::from_raw(event.data.u64()))
            .collect())
    }
}

/// epoll may count in milliseconds and rounds down: a deadline just ahead would
/// be asked for again and again.
fn round_up(timeout: Duration) -> Duration {
    match timeout {
        Duration::ZERO => timeout,
        _ => timeout + Duration::from_millis(1),
    }
}

impl From<Token> for u64 {
    fn from(token: Token) -> Self {
        let (kind, number) = match token {
            Token::Listener => (0, 0),
            Token::Signals => (1, 0),
            Token::Logs => (2, 0),
            Token::Starter => (3, 0),
            Token::Process(node) => (4, node.get().into()),
            Token::Console(node) => (5, node.get().into()),
            Token::Agent(node) => (6, node.get().into()),
            Token::Client(number) => (7, number),
            Token::Watcher(number) => (8, number),
            Token::Host(node) => (9, node.get().into()),
        };
        (kind << 32) | Self::from(number)
    }
}

impl Token {
    fn from_raw(raw: u64) -> Option<Self> {
        let number = u32::try_from(raw & u64::from(u32::MAX)).ok()?;
        let node = || NodeId::new(u8::try_from(number).ok()?);
        match raw >> 32 {
            0 => Some(Self::Listener),
            1 => Some(Self::Signals),
            2 => Some(Self::Logs),
            3 => Some(Self::Starter),
            4 => node().map(Self::Process),
            5 => node().map(Self::Console),
            6 => node().map(Self::Agent),
            7 => Some(Self::Client(number)),
            8 => Some(Self::Watcher(number)),
            9 => node().map(Self::Host),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Write,
        os::unix::net::UnixStream, //
    };

    #[test]
    fn a_token_survives_the_kernel() {
        let node = NodeId::new(63).unwrap();
        for token in [
            Token::Listener,
            Token::Signals,
            Token::Logs,
            Token::Starter,
            Token::Process(node),
            Token::Console(node),
            Token::Agent(node),
            Token::Host(node),
            Token::Client(u32::MAX),
            Token::Watcher(0),
        ] {
            assert_eq!(Token::from_raw(token.into()), Some(token));
        }
        assert_eq!(Token::from_raw(10 << 32), None);
        assert_eq!(Token::from_raw((4 << 32) | 64), None, "no such node");
    }

    #[test]
    fn news_carries_its_token() {
        let mut poller = Poller::new().unwrap();
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        poller
            .add(&theirs, Token::Client(7), Interest::Read)
            .unwrap();
        assert!(poller.wait(Some(Duration::ZERO)).unwrap().is_empty());
        ours.write_all(b"x").unwrap();
        assert_eq!(poller.wait(None).unwrap(), [Token::Client(7)]);
        poller
            .modify(&theirs, Token::Client(7), Interest::Nothing)
            .unwrap();
        assert!(poller.wait(Some(Duration::ZERO)).unwrap().is_empty());
    }
}
