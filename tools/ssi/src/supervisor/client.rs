// SPDX-License-Identifier: GPL-2.0

//! A client of the control socket.
//!
//! A client asks one thing at a time. While its answer waits for a node, nothing
//! is read from it; what it does not take fills its queue, and then it is gone.
//! One that has closed its half of the connection is answered what it asked.

use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    io::{
        self,
        Read, //
    },
    os::{
        fd::{
            AsFd,
            BorrowedFd, //
        },
        unix::net::UnixStream,
    },
};

use ssi_core::ids::NodeId;

use super::{
    console::{
        is_passing,
        Presence, //
    },
    machine::Moment,
    poller::Interest,
    queue::Queue,
};
use crate::{
    limits::{
        CLIENT_QUEUE_BYTES_MAX,
        LINE_BYTES_MAX, //
    },
    protocol::{
        self,
        Reply,
        Request, //
    },
};

/// What a client waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// A node to be ready and in the cluster, asked for at `since`.
    Boot {
        /// The node.
        node: NodeId,
        /// When it was asked for.
        since: Moment,
    },
    /// Nodes that were fenced while they were paused to be in the cluster again, asked
    /// for at `since`.
    Revived {
        /// The nodes.
        nodes: BTreeSet<NodeId>,
        /// When it was asked for.
        since: Moment,
    },
    /// Nodes to be gone, each with how often it had been booted.
    Gone(BTreeMap<NodeId, u32>),
    /// Nodes to be frozen.
    Paused(BTreeSet<NodeId>),
    /// The answers of these agents, until then.
    Status {
        /// Those that have not answered.
        open: BTreeSet<NodeId>,
        /// Those that have.
        answered: BTreeSet<NodeId>,
        /// When the answer is given without them.
        until: Moment,
    },
    /// The end of the cluster.
    Stop,
}

/// A client of the control socket.
#[derive(Debug)]
pub(crate) struct Client {
    stream: UnixStream,
    read: Vec<u8>,
    speech: Speech,
    queue: Queue,
    /// What its answer waits for, if anything.
    pub(crate) waiting: Option<Waiting>,
}

/// Whether a client has more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speech {
    /// It may have.
    Open,
    /// It has closed its half of the connection.
    Over,
}

/// What a client wants.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    /// Nothing yet.
    Nothing,
    /// This.
    Request(Request),
    /// Something that is no request: what is wrong with it.
    Nonsense(String),
}

impl Client {
    /// A client that has asked nothing yet.
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            read: Vec::new(),
            speech: Speech::Open,
            queue: Queue::new(CLIENT_QUEUE_BYTES_MAX),
            waiting: None,
        })
    }

    /// Reads what is there, unless nothing is to be read now: whoever is heard then
    /// has left altogether.
    pub(crate) fn fill(&mut self) -> Presence {
        match self.interest() {
            Interest::Nothing => return Presence::Gone,
            Interest::Write => return Presence::Here,
            Interest::Read | Interest::Both => {}
        }
        let mut buffer = [0; 4096];
        // A client that talks without end is taken a limited line at a time.
        while self.read.len() <= LINE_BYTES_MAX {
            match (&self.stream).read(&mut buffer) {
                Ok(0) => {
                    self.speech = Speech::Over;
                    return Presence::Here;
                }
                Ok(count) => self.read.extend_from_slice(&buffer[..count]),
                Err(e) if is_passing(&e) => return Presence::Here,
                Err(_) => return Presence::Gone,
            }
        }
        Presence::Here
    }

    /// Takes the next request, unless an answer is still due.
    pub(crate) fn next(&mut self) -> Asked {
        if self.waiting.is_some() {
            return Asked::Nothing;
        }
        let Some(end) = self.read.iter().position(|byte| *byte == b'\n') else {
            return match self.read.len() > LINE_BYTES_MAX {
                true => Asked::Nonsense(format!("a line is longer than {LINE_BYTES_MAX} bytes")),
                false => Asked::Nothing,
            };
        };
        let line: Vec<u8> = self.read.drain(..=end).collect();
        match protocol::from_line(&line) {
            Ok(request) => Asked::Request(request),
            Err(why) => Asked::Nonsense(why),
        }
    }

    /// Answers.
    pub(crate) fn answer(&mut self, reply: &Reply) -> Presence {
        match self.queue.push(&protocol::to_line(reply)) {
            Ok(()) => self.flush(),
            Err(_) => Presence::Gone,
        }
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self) -> Presence {
        match self.queue.flush(&self.stream) {
            Ok(()) => Presence::Here,
            Err(_) => Presence::Gone,
        }
    }

    /// What to listen for now.
    pub(crate) fn interest(&self) -> Interest {
        let reads = self.waiting.is_none() && self.speech == Speech::Open;
        Interest::of(reads, !self.queue.is_empty())
    }

    /// Whether it has asked all it ever will, and has all answers.
    pub(crate) fn is_served(&self) -> bool {
        self.speech == Speech::Over && self.waiting.is_none() && self.queue.is_empty()
    }

    /// The stream, for somebody else; `None` if bytes are on their way in it.
    pub(crate) fn into_stream(self) -> Option<UnixStream> {
        let clean = self.read.is_empty() && self.queue.is_empty();
        clean.then_some(self.stream)
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn client() -> (Client, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        (Client::new(ours).unwrap(), theirs)
    }

    #[test]
    fn requests_come_one_by_one() {
        let (mut client, mut theirs) = client();
        let line = protocol::to_line(&Request::Status);
        theirs.write_all(&[&line[..], &line[..5]].concat()).unwrap();
        assert_eq!(client.fill(), Presence::Here);
        assert_eq!(client.next(), Asked::Request(Request::Status));
        assert_eq!(client.next(), Asked::Nothing);
        theirs.write_all(&line[5..]).unwrap();
        client.fill();
        client.waiting = Some(Waiting::Stop);
        assert_eq!(client.next(), Asked::Nothing, "one at a time");
        client.waiting = None;
        assert_eq!(client.next(), Asked::Request(Request::Status));
    }

    #[test]
    fn a_line_without_end_is_nonsense() {
        let (mut client, mut theirs) = client();
        let mut asked = Asked::Nothing;
        while asked == Asked::Nothing {
            let _ = theirs.write(&[b'x'; 4096]);
            assert_eq!(client.fill(), Presence::Here);
            asked = client.next();
        }
        assert!(matches!(asked, Asked::Nonsense(_)));
    }

    #[test]
    fn a_client_that_does_not_read_is_gone_in_the_end() {
        let (mut client, _theirs) = client();
        let reply = Reply::Refused {
            text: "x".repeat(60_000),
        };
        let answers = (0..100).take_while(|_| client.answer(&reply) == Presence::Here);
        assert!(answers.count() < 40);
    }

    #[test]
    fn a_stream_is_handed_over_only_between_messages() {
        let (mut client, mut theirs) = client();
        theirs.write_all(b"early").unwrap();
        client.fill();
        assert!(client.into_stream().is_none());
    }

    #[test]
    fn a_client_that_closed_its_half_is_served_first() {
        let (mut client, mut theirs) = client();
        let line = protocol::to_line(&Request::Status);
        theirs.write_all(&line).unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.fill(), Presence::Here);
        assert_eq!(client.next(), Asked::Request(Request::Status));
        client.waiting = Some(Waiting::Stop);
        assert!(!client.is_served());
        assert_eq!(client.interest(), Interest::Nothing, "its end is no news");
        client.waiting = None;
        assert!(client.is_served());
    }

    #[test]
    fn a_client_that_left_while_it_waited_is_gone() {
        let (mut client, mut theirs) = client();
        let _ = theirs.write(&[b'x'; 2 * LINE_BYTES_MAX]);
        assert_eq!(client.fill(), Presence::Here);
        client.waiting = Some(Waiting::Stop);
        drop(theirs);
        assert_eq!(client.fill(), Presence::Gone);
    }
}
