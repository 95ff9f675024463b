// SPDX-License-Identifier: GPL-2.0

//! Everything the wire waits for.
//!
//! Edge-triggered: an event says once that something changed, and its owner
//! remembers that until a call would block. A stream that is readable while its
//! TCP connection is full therefore costs nothing.

use rustix::event::epoll::{
    self,
    CreateFlags,
    Event,
    EventData,
    EventFlags, //
};
use rustix::event::{
    eventfd,
    EventfdFlags,
    Timespec, //
};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{
    AsFd,
    OwnedFd, //
};
use std::sync::Arc;
use std::time::Duration;

/// Events taken in one go.
const EVENTS_MAX: usize = 64;

/// Whom an event concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Commands wait.
    Wake,
    /// The device of this node.
    Device(u8),
    /// A stream of this node, by its number.
    Stream(u8, u32),
}

/// The set of sockets, and the descriptor that interrupts the wait.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    wake: Waker,
}

/// Interrupts the wait from another thread.
#[derive(Clone, Debug)]
pub(crate) struct Waker(Arc<OwnedFd>);

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let poller = Poller {
            epoll,
            wake: Waker(Arc::new(wake)),
        };
        poller.add(&*poller.wake.0, Token::Wake)?;
        Ok(poller)
    }

    pub(crate) fn waker(&self) -> Waker {
        self.wake.clone()
    }

    /// Watches `fd` until it is closed.
    pub(crate) fn add(&self, fd: impl AsFd, token: Token) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, fd, EventData::new_u64(token.encode()), flags)?;
        Ok(())
    }

    /// Waits for events, at most as long as `timeout`, and appends them to `found`.
    pub(crate) fn wait(
        &self,
        timeout: Option<Duration>,
        found: &mut Vec<(Token, EventFlags)>,
    ) -> io::Result<()> {
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut space = [const { MaybeUninit::<Event>::uninit() }; EVENTS_MAX];
        let events = match epoll::wait(&self.epoll, &mut space[..], timeout.as_ref()) {
            Ok((events, _)) => events,
            Err(Errno::INTR) => return Ok(()),
            Err(e) => return Err(e.into()),
        };
        found.extend(events.iter().filter_map(|event| {
            let token = Token::decode(event.data.u64())?;
            Some((token, event.flags))
        }));
        Ok(())
    }
}

impl Waker {
    /// Makes the next or current wait return.
    pub(crate) fn wake(&self) {
        // Fails only when the counter is full, and then the wait returns anyway.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

impl Token {
    fn encode(self) -> u64 {
        match self {
            Token::Wake => 0,
            Token::Device(node) => (1 << 40) | (u64::from(node) << 32),
            Token::Stream(node, id) => (2 << 40) | (u64::from(node) << 32) | u64::from(id),
        }
    }

    fn decode(word: u64) -> Option<Token> {
        let [a, b, c, d, node, kind, _, _] = word.to_le_bytes();
        match kind {
            0 => Some(Token::Wake),
            1 => Some(Token::Device(node)),
            2 => Some(Token::Stream(node, u32::from_le_bytes([a, b, c, d]))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        for token in [
            Token::Wake,
            Token::Device(63),
            Token::Stream(63, u32::MAX),
            Token::Stream(1, 0),
        ] {
            assert_eq!(Token::decode(token.encode()), Some(token));
        }
    }

    #[test]
    fn a_wake_before_the_wait_is_not_lost() {
        let poller = Poller::new().unwrap();
        poller.waker().wake();
        let mut found = Vec::new();
        poller.wait(None, &mut found).unwrap();
        assert!(matches!(found[..], [(Token::Wake, _)]));
    }
}
