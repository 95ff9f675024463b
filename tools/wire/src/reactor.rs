// SPDX-License-Identifier: GPL-2.0

//! The wire's thread.
//!
//! One loop for all nodes: wait for sockets, commands or the next timer, then
//! give each node that has something to do a bounded turn. With nothing under
//! way there is no timer, and the thread sleeps until something happens.

use crate::bridge;
use crate::node::Node;
use crate::poller::{
    Poller,
    Token, //
};
use rustix::event::epoll::EventFlags;
use smoltcp::time::Instant;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{
    Receiver,
    TryRecvError, //
};
use std::time::Duration;

/// What the handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Attach(u8, OwnedFd),
    Detach(u8),
    Reset(u8),
    Connect {
        node: u8,
        port: u16,
        stream: UnixStream,
        timeout: Duration,
    },
}

/// All nodes, and what they wait for.
pub(crate) struct Reactor {
    poller: Poller,
    commands: Receiver<Command>,
    nodes: BTreeMap<u8, Node>,
    clock: std::time::Instant,
    next_id: u32,
    /// Empty; kept for its memory.
    events: Vec<(Token, EventFlags)>,
}

/// Whether the loop goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    Continue,
    /// The handle is gone.
    Stop,
}

impl Reactor {
    pub(crate) fn new(poller: Poller, commands: Receiver<Command>) -> Reactor {
        Reactor {
            poller,
            commands,
            nodes: BTreeMap::new(),
            clock: std::time::Instant::now(),
            next_id: 0,
            events: Vec::new(),
        }
    }

    /// Runs until the handle is dropped.
    ///
    /// # Errors
    ///
    /// Only if waiting itself fails, which leaves nothing to be done.
    pub(crate) fn run(mut self) -> io::Result<()> {
        loop {
            self.wait()?;
            if self.obey() == Flow::Stop {
                return Ok(());
            }
            let now = self.now();
            for node in self.nodes.values_mut() {
                if node.wake_at.is_some_and(|at| at <= now) {
                    node.turn(now);
                }
            }
        }
    }

    /// Time for the TCP stacks: steady, whatever happens to the calendar.
    fn now(&self) -> Instant {
        let micros = i64::try_from(self.clock.elapsed().as_micros());
        Instant::from_micros(micros.unwrap_or(i64::MAX))
    }

    fn wait(&mut self) -> io::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        self.poller.wait(self.timeout(), &mut events)?;
        let now = self.now();
        for (token, flags) in events.drain(..) {
            self.notice(token, flags, now);
        }
        self.events = events;
        Ok(())
    }

    fn notice(&mut self, token: Token, flags: EventFlags, now: Instant) {
        let (Token::Device(number) | Token::Stream(number, _)) = token else {
            // Commands are looked for after every wait.
            return;
        };
        match (self.nodes.get_mut(&number), token) {
            (Some(node), Token::Stream(_, id)) => node.notice_stream(id, flags, now),
            (Some(node), Token::Device(_) | Token::Wake) => node.notice_device(now),
            (None, _) => {}
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let now = self.now();
        let next = self.nodes.values().filter_map(|node| node.wake_at).min()?;
        Some(if next <= now {
            Duration::ZERO
        } else {
            (next - now).into()
        })
    }

    fn obey(&mut self) -> Flow {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.execute(command),
                Err(TryRecvError::Empty) => return Flow::Continue,
                Err(TryRecvError::Disconnected) => return Flow::Stop,
            }
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Attach(node, socket) => self.attach(node, socket),
            Command::Detach(node) => self.detach(node),
            Command::Reset(node) => {
                let now = self.now();
                if let Some(node) = self.nodes.get_mut(&node) {
                    node.reset(now);
                }
            }
            Command::Connect {
                node,
                port,
                stream,
                timeout,
            } => self.connect(node, port, stream, timeout),
        }
    }

    fn attach(&mut self, number: u8, socket: OwnedFd) {
        self.detach(number);
        let now = self.now();
        let mut node = Node::new(number, socket, now);
        // A socket that cannot be watched would be deaf: better none, so that
        // connections are refused with a reason.
        if self.poller.add(&node, Token::Device(number)).is_ok() {
            node.notice_device(now);
            self.nodes.insert(number, node);
        }
    }

    fn detach(&mut self, number: u8) {
        let now = self.now();
        if let Some(mut node) = self.nodes.remove(&number) {
            node.reset(now);
        }
    }

    fn connect(&mut self, number: u8, port: u16, stream: UnixStream, timeout: Duration) {
        let now = self.now();
        let Some(node) = self.nodes.get_mut(&number) else {
            let reason = format!("node {number} is not running; see `ssi status`");
            return bridge::refuse(&stream, &reason);
        };
        self.next_id = self.next_id.wrapping_add(1);
        let token = Token::Stream(number, self.next_id);
        if let Err(e) = self.poller.add(&stream, token) {
            return bridge::refuse(&stream, &format!("cannot connect to node {number}: {e}"));
        }
        node.connect(self.next_id, port, stream, now + timeout.into(), now);
    }
}
