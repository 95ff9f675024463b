// SPDX-License-Identifier: GPL-2.0

//! The supervisor's link to a kernel.
//!
//! A pair of unix `SEQPACKET` sockets per node, one packet per message
//! (`ssi_core::hostlink`). The node's end is inherited as `ssi.host=FD`; both ends
//! stay open here, so that the link outlives every life of the node.
//!
//! Neither side ever waits for the other. What the node does not take is queued,
//! and a node that lets its queue fill up is stuck. What it sends is taken a
//! limited number of packets at a time and per second.

use std::{
    collections::VecDeque,
    io,
    os::fd::{
        AsFd,
        BorrowedFd,
        OwnedFd, //
    },
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{
        self,
        AddressFamily,
        RecvFlags,
        SendFlags,
        SocketFlags,
        SocketType, //
    },
};

use ssi_core::hostlink::PACKET_BYTES_MAX;

use super::{
    machine::Moment,
    poller::Interest, //
};
use crate::limits::{
    HOST_PACKETS_PER_S_MAX,
    HOST_PACKETS_PER_TURN_MAX,
    HOST_QUEUE_PACKETS_MAX, //
};

const SECOND: Duration = Duration::from_secs(1);

/// The link to one node's kernel, both ends of it.
#[derive(Debug)]
pub(crate) struct HostLink {
    ours: OwnedFd,
    theirs: OwnedFd,
    queue: VecDeque<Vec<u8>>,
    quota: Quota,
}

/// The queue is full: the kernel does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stuck;

/// What came over a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// A packet of legal length.
    Whole(Vec<u8>),
    /// One that is longer than any message.
    TooLong,
}

impl HostLink {
    /// A new link.
    ///
    /// # Errors
    ///
    /// No descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) =
            net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok(Self {
            ours,
            theirs,
            queue: VecDeque::new(),
            quota: Quota::default(),
        })
    }

    /// The end a kernel inherits.
    pub(crate) fn node_end(&self) -> BorrowedFd<'_> {
        self.theirs.as_fd()
    }

    /// Sends `packet`, at once or when there is room.
    ///
    /// # Errors
    ///
    /// [`Stuck`]; the packet is dropped.
    pub(crate) fn send(&mut self, packet: Vec<u8>) -> Result<(), Stuck> {
        self.flush();
        if self.queue.is_empty() && self.try_send(&packet) {
            return Ok(());
        }
        if self.queue.len() >= HOST_QUEUE_PACKETS_MAX {
            return Err(Stuck);
        }
        self.queue.push_back(packet);
        Ok(())
    }

    /// Sends what waits, as far as there is room.
    pub(crate) fn flush(&mut self) {
        while let Some(packet) = self.queue.pop_front() {
            if !self.try_send(&packet) {
                self.queue.push_front(packet);
                return;
            }
        }
        self.queue.shrink_to_fit();
    }

    /// Takes the next packet of this turn, if there is one.
    pub(crate) fn receive(&mut self, now: Moment) -> Option<Packet> {
        if !self.quota.take(now) {
            return None;
        }
        self.receive_any()
    }

    /// Begins a turn: as many packets can be taken as one turn allows.
    pub(crate) fn begin_turn(&mut self) {
        self.quota.turn = 0;
    }

    /// What to listen for now.
    pub(crate) fn interest(&self) -> Interest {
        Interest::of(self.quota.until.is_none(), !self.queue.is_empty())
    }

    /// When it listens again, if it has heard too much.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.quota.until
    }

    /// Listens again when it is time; whether that is news.
    pub(crate) fn tick(&mut self, now: Moment) -> bool {
        let due = self.quota.until.is_some_and(|until| until <= now);
        if due {
            self.quota = Quota::default();
        }
        due
    }

    /// Throws away what is on its way in either direction: it was for, or of, a life
    /// that is over.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub(crate) fn empty(&mut self) -> io::Result<()> {
        self.queue.clear();
        self.quota = Quota::default();
        ssi_switch::drain(&self.ours)?;
        ssi_switch::drain(&self.theirs)?;
        Ok(())
    }

    /// The last packets of a life that is over, however many.
    pub(crate) fn receive_last(&mut self) -> Option<Packet> {
        self.receive_any()
    }

    /// Whether the socket took it; what it will never take counts as taken.
    fn try_send(&self, packet: &[u8]) -> bool {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        loop {
            match net::send(&self.ours, packet, flags) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM) => return false,
                Ok(_) | Err(_) => return true,
            }
        }
    }

    fn receive_any(&self) -> Option<Packet> {
        let mut buffer = [0; PACKET_BYTES_MAX];
        let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
        loop {
            match net::recv(&self.ours, &mut buffer[..], flags) {
                Ok((_, len)) => {
                    let packet = buffer.get(..len).map(<[u8]>::to_vec);
                    return Some(packet.map_or(Packet::TooLong, Packet::Whole));
                }
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for HostLink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ours.as_fd()
    }
}

/// How much a node may say.
#[derive(Clone, Copy, Debug, Default)]
struct Quota {
    /// Packets of this turn.
    turn: usize,
    /// Packets of this second, and when it began.
    second: usize,
    began: Moment,
    /// Heard too much: deaf until then.
    until: Option<Moment>,
}

impl Quota {
    /// Whether one more may be taken.
    fn take(&mut self, now: Moment) -> bool {
        if now.saturating_sub(self.began) >= SECOND {
            (self.began, self.second) = (now, 0);
        }
        if self.second >= HOST_PACKETS_PER_S_MAX {
            self.until = Some(self.began + SECOND);
        }
        if self.until.is_some() || self.turn >= HOST_PACKETS_PER_TURN_MAX {
            return false;
        }
        self.turn += 1;
        self.second += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_secs(100);

    fn node_sends(link: &HostLink, packet: &[u8]) -> bool {
        net::send(link.node_end(), packet, SendFlags::DONTWAIT).is_ok()
    }

    fn node_takes(link: &HostLink) -> Option<Vec<u8>> {
        let mut buffer = [0; PACKET_BYTES_MAX];
        let (_, len) = net::recv(link.node_end(), &mut buffer[..], RecvFlags::DONTWAIT).ok()?;
        Some(buffer[..len].to_vec())
    }

    #[test]
    fn packets_keep_their_bounds_and_order() {
        let mut link = HostLink::new().unwrap();
        for packet in [&b"one"[..], b"", b"three"] {
            assert!(node_sends(&link, packet));
        }
        assert_eq!(link.receive(NOW), Some(Packet::Whole(b"one".to_vec())));
        assert_eq!(link.receive(NOW), Some(Packet::Whole(Vec::new())));
        assert_eq!(link.receive(NOW), Some(Packet::Whole(b"three".to_vec())));
        assert_eq!(link.receive(NOW), None);
    }

    #[test]
    fn a_packet_that_is_too_long_is_seen_as_that() {
        let mut link = HostLink::new().unwrap();
        assert!(node_sends(&link, &[7; PACKET_BYTES_MAX + 1]));
        assert!(node_sends(&link, &[7; PACKET_BYTES_MAX]));
        assert_eq!(link.receive(NOW), Some(Packet::TooLong));
        let whole = link.receive(NOW);
        assert!(matches!(whole, Some(Packet::Whole(bytes)) if bytes.len() == PACKET_BYTES_MAX));
    }

    #[test]
    fn a_node_that_does_not_read_is_stuck_in_the_end() {
        let mut link = HostLink::new().unwrap();
        let mut sent = 0;
        while link.send(vec![sent as u8; 100]).is_ok() {
            sent += 1;
            assert!(sent < 10_000, "there is no limit");
        }
        assert_eq!(link.interest(), Interest::Both);
        let mut taken = 0;
        while let Some(packet) = node_takes(&link) {
            assert_eq!(packet, vec![taken as u8; 100], "in order");
            taken += 1;
            link.flush();
        }
        assert_eq!((taken, link.interest()), (sent, Interest::Read));
    }

    #[test]
    fn a_node_that_talks_without_end_is_not_heard_for_a_while() {
        let mut link = HostLink::new().unwrap();
        let mut heard = 0;
        for _ in 0..10 * HOST_PACKETS_PER_S_MAX / HOST_PACKETS_PER_TURN_MAX {
            link.begin_turn();
            while node_sends(&link, b"x") {}
            let turn = std::iter::from_fn(|| link.receive(NOW)).count();
            assert!(turn <= HOST_PACKETS_PER_TURN_MAX);
            heard += turn;
        }
        assert_eq!(heard, HOST_PACKETS_PER_S_MAX);
        assert_eq!(link.interest(), Interest::Nothing);
        let until = link.deadline().unwrap();
        assert!(!link.tick(NOW) && link.tick(until));
        link.begin_turn();
        assert!(link.receive(until).is_some());
    }

    #[test]
    fn a_new_life_finds_an_empty_link() {
        let mut link = HostLink::new().unwrap();
        while link.send(vec![1; 100]).is_ok() {}
        while node_sends(&link, b"old") {}
        link.empty().unwrap();
        assert_eq!((link.receive(NOW), node_takes(&link)), (None, None));
        assert_eq!(link.send(vec![2]), Ok(()));
        assert_eq!(node_takes(&link), Some(vec![2]));
    }
}
