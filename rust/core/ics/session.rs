// SPDX-License-Identifier: GPL-2.0

//! Session of two lives.
//!
//! Numbers the frames of a control connection so that each arrives once and in
//! order, however often the connection breaks. The driver keeps the frames; the
//! session says which of them to send, which to drop, and what to do with one
//! that came.
//!
//! ```text
//!            connected            first Ack: send from ack + 1
//!     Down -----------> Resuming -----------------------------> Up
//!      ^ disconnected      |                                     |
//!      +-------------------+-------------------------------------+
//! ```
//!
//! A session begins with the first connection of two lives and ends only with
//! one of them: see [`super::lives`].

use crate::time::{
    Instant,
    Span, //
};

use super::{
    call::CALLS_MAX,
    frame::{
        Header,
        Kind,
        Place, //
    },
};

/// Longest time an arrived frame waits for its acknowledgement.
pub const ACK_DELAY_MAX: Span = Span::ms(20);

/// Most frames that wait for theirs.
pub const ACK_FRAMES_MAX: u32 = 64;

/// Most requests kept for sending or sending again, for one peer.
pub const CALL_FRAMES_MAX: u32 = 1024;

/// Most bytes of them, headers included.
pub const CALL_BYTES_MAX: u64 = 1 << 20;

/// Most replies and cancels kept. More than there can be: a peer has at most
/// [`CALLS_MAX`] calls on their way, each with one reply, and is sent one cancel
/// for each of as many.
pub const ANSWER_FRAMES_MAX: u32 = 2 * CALLS_MAX;

/// Most messages of the membership kept.
pub const MEMBERSHIP_FRAMES_MAX: u32 = 256;

/// What bounds the number of kept frames of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Requests: who issues them can wait.
    Call,
    /// What must leave for a call to end: replies and cancels. Never held back.
    Answer,
    /// Messages of the membership.
    Membership,
}

impl Class {
    /// The class of a sequenced kind, `None` for another.
    pub const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Request => Some(Self::Call),
            Kind::Reply | Kind::Cancel => Some(Self::Answer),
            Kind::Membership => Some(Self::Membership),
            Kind::Hello
            | Kind::Proof
            | Kind::Refuse
            | Kind::Ack
            | Kind::Chunk
            | Kind::At
            | Kind::AtEnd => None,
        }
    }
}

/// Kept frames of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Frames.
    pub frames: u32,
    /// Their bytes, headers included.
    pub bytes: u64,
}

/// No more frames of that class can be kept now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The numbers of one session, on one of its sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Number of the last frame that was made.
    made: u64,
    /// The peer has all up to this.
    acked: u64,
    /// All of the peer's frames up to this have arrived.
    received: u64,
    /// When the oldest of them that was not acknowledged came.
    owed_since: Option<Instant>,
    /// Number of those that were not acknowledged.
    owed: u32,
    link: Link,
    calls: Kept,
    answers: Kept,
    membership: Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// There is no connection.
    Down,
    /// There is one, and the peer has not said how far it had come.
    Resuming,
    /// All up to `sent` went out on it, or had arrived before.
    Up { sent: u64 },
}

/// What to do with a frame that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one: act on it.
    Deliver,
    /// It came before: drop it.
    Duplicate,
    /// It has no number and nothing but its acknowledgement counts.
    Bare,
}

/// What a frame that came means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What to do with the frame.
    pub verdict: Verdict,
    /// The peer has all up to this: drop them, and say so by
    /// [`Session::release`] for each.
    pub acked: u64,
}

/// Why a connection must be reset. The session goes on with the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A frame is missing before this one.
    Gap {
        /// The number that was due.
        expected: u64,
        /// The number that came.
        seq: u64,
    },
    /// The peer acknowledges what it cannot have.
    AckOfUnsent(u64),
    /// The peer has less than it acknowledged before.
    Forgotten(u64),
    /// The first frame is not the acknowledgement that says where to resume.
    NotResumed(Kind),
    /// No frame of this kind belongs on the connection.
    Misplaced(Kind),
    /// There is no connection the frame could have come on.
    Down,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session nothing was sent in.
    pub const fn new() -> Self {
        const NOTHING: Kept = Kept {
            frames: 0,
            bytes: 0,
        };
        Self {
            made: 0,
            acked: 0,
            received: 0,
            owed_since: None,
            owed: 0,
            link: Link::Down,
            calls: NOTHING,
            answers: NOTHING,
            membership: NOTHING,
        }
    }

    /// Takes in a new control connection, which replaces the one there was. The
    /// driver sends a bare Ack at once, before all else.
    pub fn connected(&mut self) {
        self.link = Link::Resuming;
    }

    /// Takes in that the connection is gone.
    pub fn disconnected(&mut self) {
        self.link = Link::Down;
    }

    /// Whether there is a connection.
    pub const fn is_connected(&self) -> bool {
        !matches!(self.link, Link::Down)
    }

    /// Gives a frame of `bytes` a number and a place among the kept ones.
    ///
    /// # Errors
    ///
    /// [`Full`] when its class has as many frames or bytes as it may.
    pub fn reserve(&mut self, class: Class, bytes: u64) -> Result<u64, Full> {
        if !self.has_room(class, bytes) {
            return Err(Full);
        }
        let seq = self.made.checked_add(1).ok_or(Full)?;
        let kept = self.kept_mut(class);
        kept.frames = kept.frames.saturating_add(1);
        kept.bytes = kept.bytes.saturating_add(bytes);
        self.made = seq;
        Ok(seq)
    }

    /// Whether a frame of `bytes` would find a place.
    pub fn has_room(&self, class: Class, bytes: u64) -> bool {
        let kept = self.kept(class);
        let (frames_max, bytes_max) = match class {
            Class::Call => (CALL_FRAMES_MAX, CALL_BYTES_MAX),
            Class::Answer => (ANSWER_FRAMES_MAX, u64::MAX),
            Class::Membership => (MEMBERSHIP_FRAMES_MAX, u64::MAX),
        };
        kept.frames < frames_max && kept.bytes.saturating_add(bytes) <= bytes_max
    }

    /// Gives the place of a kept frame back: the peer has it.
    pub fn release(&mut self, class: Class, bytes: u64) {
        let kept = self.kept_mut(class);
        kept.frames = kept.frames.saturating_sub(1);
        kept.bytes = kept.bytes.saturating_sub(bytes);
    }

    /// The kept frames of a class.
    pub const fn kept(&self, class: Class) -> Kept {
        match class {
            Class::Call => self.calls,
            Class::Answer => self.answers,
            Class::Membership => self.membership,
        }
    }

    fn kept_mut(&mut self, class: Class) -> &mut Kept {
        match class {
            Class::Call => &mut self.calls,
            Class::Answer => &mut self.answers,
            Class::Membership => &mut self.membership,
        }
    }

    /// Number of the next frame to put on the connection, `None` when there is
    /// none or it must wait.
    pub fn next_to_send(&self) -> Option<u64> {
        match self.link {
            Link::Up { sent } if sent < self.made => sent.checked_add(1),
            Link::Up { .. } | Link::Resuming | Link::Down => None,
        }
    }

    /// Takes in that frame `seq`, the one [`next_to_send`](Self::next_to_send)
    /// named, is on its way.
    pub fn sent(&mut self, seq: u64) {
        if let Link::Up { sent } = &mut self.link {
            *sent = seq.max(*sent);
        }
    }

    /// The acknowledgement to put in the header of a frame that leaves now.
    pub fn ack(&mut self) -> u64 {
        self.owed_since = None;
        self.owed = 0;
        self.received
    }

    /// When a bare Ack must leave, if no other frame does before; `None` when
    /// nothing is owed or there is no connection.
    pub fn ack_due(&self) -> Option<Instant> {
        let since = self.owed_since.filter(|_| self.is_connected())?;
        if self.owed >= ACK_FRAMES_MAX {
            return Some(since);
        }
        Some(since.after(ACK_DELAY_MAX))
    }

    /// Takes in the header of a frame that verified.
    ///
    /// # Errors
    ///
    /// [`Fault`]: the frame has no effect and the connection must be reset.
    pub fn receive(&mut self, header: &Header, now: Instant) -> Result<Receipt, Fault> {
        if header.kind.place() != Place::Control {
            return Err(Fault::Misplaced(header.kind));
        }
        if header.ack > self.made {
            return Err(Fault::AckOfUnsent(header.ack));
        }
        self.resume(header)?;
        self.acked = self.acked.max(header.ack);
        // It may have come on an earlier connection, behind what the peer knew when
        // it made this one.
        self.sent(self.acked);
        let verdict = if header.kind.is_sequenced() {
            self.sequence(header.seq, now)?
        } else {
            Verdict::Bare
        };
        Ok(Receipt {
            verdict,
            acked: self.acked,
        })
    }

    /// The first frame says how far the peer had come.
    fn resume(&mut self, header: &Header) -> Result<(), Fault> {
        match self.link {
            Link::Up { .. } => Ok(()),
            Link::Down => Err(Fault::Down),
            Link::Resuming if header.kind != Kind::Ack => Err(Fault::NotResumed(header.kind)),
            Link::Resuming if header.ack < self.acked => Err(Fault::Forgotten(header.ack)),
            Link::Resuming => {
                self.link = Link::Up { sent: header.ack };
                Ok(())
            }
        }
    }

    fn sequence(&mut self, seq: u64, now: Instant) -> Result<Verdict, Fault> {
        let expected = self.received.saturating_add(1);
        if seq > expected {
            return Err(Fault::Gap { expected, seq });
        }
        // A repeated one is owed an acknowledgement as well: the last was lost.
        self.owed_since.get_or_insert(now);
        self.owed = self.owed.saturating_add(1);
        if seq < expected {
            return Ok(Verdict::Duplicate);
        }
        self.received = seq;
        Ok(Verdict::Deliver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1_000_000);

    fn membership(seq: u64) -> Header {
        Header {
            seq,
            ..Header::of(Kind::Membership)
        }
    }

    fn ack(ack: u64) -> Header {
        Header {
            ack,
            ..Header::of(Kind::Ack)
        }
    }

    /// A session with `made` frames, resumed at 0.
    fn up(made: u64) -> Session {
        let mut session = Session::new();
        for seq in 1..=made {
            assert_eq!(session.reserve(Class::Membership, 40), Ok(seq));
        }
        session.connected();
        session.receive(&ack(0), NOW).unwrap();
        session
    }

    fn sent(session: &mut Session) -> Vec<u64> {
        let mut all = Vec::new();
        while let Some(seq) = session.next_to_send() {
            session.sent(seq);
            all.push(seq);
        }
        all
    }

    #[test]
    fn nothing_is_sent_before_the_peer_said_where_to_resume() {
        let mut session = Session::new();
        session.reserve(Class::Call, 40).unwrap();
        assert_eq!(session.next_to_send(), None);
        session.connected();
        assert_eq!(session.next_to_send(), None);
        let early = session.receive(&membership(1), NOW);
        assert_eq!(early, Err(Fault::NotResumed(Kind::Membership)));
        session.receive(&ack(0), NOW).unwrap();
        assert_eq!(session.next_to_send(), Some(1));
    }

    #[test]
    fn what_the_peer_lacks_is_sent_again_on_a_new_connection() {
        let mut session = up(5);
        assert_eq!(sent(&mut session), [1, 2, 3, 4, 5]);
        assert_eq!(session.receive(&ack(2), NOW).unwrap().acked, 2);
        session.disconnected();
        assert_eq!(session.next_to_send(), None);
        session.connected();
        assert_eq!(session.receive(&ack(3), NOW).unwrap().acked, 3);
        assert_eq!(sent(&mut session), [4, 5]);
    }

    #[test]
    fn what_arrived_on_the_connection_before_is_not_sent_again() {
        let mut session = up(5);
        assert_eq!(sent(&mut session), [1, 2, 3, 4, 5]);
        session.connected();
        session.receive(&ack(1), NOW).unwrap();
        assert_eq!(session.next_to_send(), Some(2));
        // Frames of the old connection came after the peer had made the new one.
        assert_eq!(session.receive(&ack(4), NOW).unwrap().acked, 4);
        assert_eq!(sent(&mut session), [5]);
    }

    #[test]
    fn each_frame_is_delivered_once_and_in_order() {
        let mut session = up(0);
        let verdict = |session: &mut Session, seq| {
            let receipt = session.receive(&membership(seq), NOW);
            receipt.map(|receipt| receipt.verdict)
        };
        assert_eq!(verdict(&mut session, 1), Ok(Verdict::Deliver));
        assert_eq!(verdict(&mut session, 1), Ok(Verdict::Duplicate));
        let gap = Fault::Gap {
            expected: 2,
            seq: 3,
        };
        assert_eq!(verdict(&mut session, 3), Err(gap));
        assert_eq!(verdict(&mut session, 2), Ok(Verdict::Deliver));
        session.disconnected();
        session.connected();
        session.receive(&ack(0), NOW).unwrap();
        assert_eq!(verdict(&mut session, 2), Ok(Verdict::Duplicate));
    }

    #[test]
    fn an_impossible_acknowledgement_is_a_fault() {
        let mut session = up(2);
        assert_eq!(session.receive(&ack(3), NOW), Err(Fault::AckOfUnsent(3)));
        session.receive(&ack(2), NOW).unwrap();
        session.connected();
        assert_eq!(session.receive(&ack(1), NOW), Err(Fault::Forgotten(1)));
        session.disconnected();
        assert_eq!(session.receive(&ack(2), NOW), Err(Fault::Down));
        let misplaced = session.receive(&Header::of(Kind::AtEnd), NOW);
        assert_eq!(misplaced, Err(Fault::Misplaced(Kind::AtEnd)));
    }

    #[test]
    fn an_acknowledgement_leaves_in_time() {
        let mut session = up(0);
        assert_eq!(session.ack_due(), None);
        session.receive(&membership(1), NOW).unwrap();
        let later = NOW.after(Span::ms(5));
        session.receive(&membership(2), later).unwrap();
        assert_eq!(session.ack_due(), Some(NOW.after(ACK_DELAY_MAX)));
        assert_eq!((session.ack(), session.ack_due()), (2, None));
        for seq in 3..3 + u64::from(ACK_FRAMES_MAX) {
            session.receive(&membership(seq), later).unwrap();
        }
        assert_eq!(session.ack_due(), Some(later));
        session.disconnected();
        assert_eq!(session.ack_due(), None);
    }

    #[test]
    fn kept_frames_are_bounded_by_class() {
        let mut session = Session::new();
        for _ in 0..MEMBERSHIP_FRAMES_MAX {
            session.reserve(Class::Membership, 100).unwrap();
        }
        assert_eq!(session.reserve(Class::Membership, 100), Err(Full));
        let half = CALL_BYTES_MAX / 2;
        session.reserve(Class::Call, half).unwrap();
        assert_eq!(session.reserve(Class::Call, half + 1), Err(Full));
        assert!(session.has_room(Class::Call, half));
        session.reserve(Class::Answer, half).unwrap();
        session.release(Class::Membership, 100);
        assert!(session.has_room(Class::Membership, 100));
        assert_eq!(session.kept(Class::Call).bytes, half);
    }
}
