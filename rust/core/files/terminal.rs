// SPDX-License-Identifier: GPL-2.0

//! Terminal and who uses it.
//!
//! A terminal controls a session and has one of its groups in the foreground: that is known
//! at its home. In which session and group a process is, is known on the node of the
//! process. So what it asks of a terminal brings the process' [`Member`] along, right behind
//! the name of the file, and home decides as `__tty_check_change()` does.
//!
//! ```text
//!  +---------+-------+---------+
//!  | session | group | insists |
//!  +---------+-------+---------+
//! ```

use super::operation::Operation;
use crate::{
    ids::{
        NodeId,
        NodeNumber, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

/// The result of an answer that is none: who asks is in the background, where it is to be
/// stopped. No number of an error is as large.
pub const BACKGROUND: i32 = -10_002;

/// Bytes of a [`Member`].
pub const MEMBER_BYTES: usize = 9;

/// No process has this number or one above it, on any kernel.
const PID_LIMIT: u32 = 1 << 30;

/// A process, as far as a terminal looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its session, 0 for one no other node knows.
    pub session: u32,
    /// Its group.
    pub group: u32,
    /// Whether it changes a terminal from the background, too: it blocks or ignores SIGTTOU.
    pub insists: bool,
}

impl Member {
    /// Whether a question for `operation` of a terminal brings one.
    pub const fn goes_with(operation: Operation) -> bool {
        matches!(
            operation,
            Operation::Read | Operation::Write | Operation::Device
        )
    }

    /// Puts it behind the name.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.session)
            .u32(self.group)
            .u8(self.insists.into());
    }

    /// Takes it off a message; the arguments follow.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none, here as below.
    pub fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let member = Self {
            session: message.u32()?,
            group: message.u32()?,
            insists: message.flag()?,
        };
        let are_pids = member.session < PID_LIMIT && member.group < PID_LIMIT;
        are_pids.then_some(member).ok_or(Malformed)
    }
}

/// What a terminal controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// The session, 0 if there is none.
    pub session: u32,
    /// Its group in the foreground, 0 if there is none.
    pub foreground: u32,
    /// Whether who writes from the background is stopped (TOSTOP).
    pub stops_writers: bool,
}

/// What a process is about to do to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// To read.
    Read,
    /// To write.
    Write,
    /// To change it.
    Change,
    /// To look at it, or what any process may.
    Look,
}

impl Act {
    /// What the ioctl(2) with this number is.
    pub const fn of_call(number: u32) -> Self {
        match number {
            0x5402..=0x5404 // TCSETS, TCSETSW, TCSETSF
            | 0x5406..=0x540b // TCSETA, TCSETAW, TCSETAF, TCSBRK, TCXONC, TCFLSH
            | 0x5425 // TCSBRKP
            | 0x5427 // TIOCSBRK
            | 0x5428 // TIOCCBRK
            | 0x402c_542b..=0x402c_542d => Self::Change, // TCSETS2, TCSETSW2, TCSETSF2
            _ => Self::Look,
        }
    }
}

impl Control {
    /// Whether the terminal is that of `member`.
    pub const fn is_of(&self, member: &Member) -> bool {
        member.session != 0 && member.session == self.session
    }

    /// Whether `member` may do that now. Otherwise it is in the [background](BACKGROUND).
    pub const fn admits(&self, member: &Member, act: Act) -> bool {
        let is_in_background =
            self.is_of(member) && self.foreground != 0 && self.foreground != member.group;
        match act {
            Act::Read => !is_in_background,
            Act::Write => !is_in_background || member.insists || !self.stops_writers,
            Act::Change => !is_in_background || member.insists,
            Act::Look => true,
        }
    }
}

/// What the service of terminals is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Which group is in the foreground. The answer's body is its number.
    Foreground,
    /// To put a group there.
    SetForeground,
    /// Which session it controls. The answer's body is its number.
    Session,
    /// To control the session of a process.
    Take,
    /// Not to control that of a process any more.
    GiveUp,
    /// A ticket for the terminal of a session.
    Open,
    /// Which terminal a session has, and where. The answer's body is [`Seen`].
    Look,
    /// Whether a group is known, and of a session.
    Vouch,
    /// The terminal of a session was hung up: to tell who leads it.
    HungUp,
    /// Who leads a session ended, and with him what he has a terminal by.
    Ended,
    /// Where the terminal of a session is.
    Placed,
    /// What the pseudo terminal with a number is. The answer's body is a
    /// [`Status`](super::status::Status).
    Number,
    /// A ticket for that.
    OpenNumber,
}

impl Request {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Foreground,
        Self::SetForeground,
        Self::Session,
        Self::Take,
        Self::GiveUp,
        Self::Open,
        Self::Look,
        Self::Vouch,
        Self::HungUp,
        Self::Ended,
        Self::Placed,
        Self::Number,
        Self::OpenNumber,
    ];

    /// Its number.
    pub const fn code(self) -> u16 {
        match self {
            Self::Foreground => 1,
            Self::SetForeground => 2,
            Self::Session => 3,
            Self::Take => 4,
            Self::GiveUp => 5,
            Self::Open => 6,
            Self::Look => 7,
            Self::Vouch => 8,
            Self::HungUp => 9,
            Self::Ended => 10,
            Self::Placed => 11,
            Self::Number => 12,
            Self::OpenNumber => 13,
        }
    }

    /// The one with this number.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|request| request.code() == code)
    }

    /// What the ioctl(2) with this number asks for, if it is about who a terminal controls.
    pub const fn of_call(number: u32) -> Option<Self> {
        match number {
            0x540e => Some(Self::Take),          // TIOCSCTTY
            0x540f => Some(Self::Foreground),    // TIOCGPGRP
            0x5410 => Some(Self::SetForeground), // TIOCSPGRP
            0x5422 => Some(Self::GiveUp),        // TIOCNOTTY
            0x5429 => Some(Self::Session),       // TIOCGSID
            _ => None,
        }
    }
}

/// Arguments of SetForeground, behind a name and a [`Member`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub number: u32,
    /// Whether the node that asks knows it, and that it is of the session of who asks: home
    /// need not have a member of it.
    pub is_vouched: bool,
}

impl Group {
    /// Puts it behind the member.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u32(self.number).u8(self.is_vouched.into());
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let group = Self {
            number: message.u32()?,
            is_vouched: message.flag()?,
        };
        message.end()?;
        let is_pid = group.number < PID_LIMIT;
        is_pid.then_some(group).ok_or(Malformed)
    }
}

/// A number of a process or a session.
fn pid(message: &mut Reader<'_>) -> Result<u32, Malformed> {
    let pid = message.u32()?;
    (1..PID_LIMIT)
        .contains(&pid)
        .then_some(pid)
        .ok_or(Malformed)
}

/// A number of a process or a session, and one more, to the end of the message.
fn pair(mut message: Reader<'_>) -> Result<(u32, u32), Malformed> {
    let numbers = (pid(&mut message)?, message.u32()?);
    message.end()?;
    Ok(numbers)
}

/// Arguments of HungUp, Ended and Look: a session, to the end of the message.
///
/// # Errors
///
/// [`Malformed`] for what is none.
pub fn session(mut message: Reader<'_>) -> Result<u32, Malformed> {
    let session = pid(&mut message)?;
    message.end()?;
    Ok(session)
}

/// Who leads a session, as far as a terminal asks for his rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leader {
    /// His user.
    pub user: u32,
    /// The one whose rights he has.
    pub effective: u32,
    /// Whether he may all (`CAP_SYS_ADMIN`).
    pub is_admin: bool,
}

/// Arguments of Take and GiveUp, behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who makes it.
    pub pid: u32,
    /// The argument of the ioctl(2).
    pub argument: u32,
    /// If he leads his session, which has his number.
    pub leader: Option<Leader>,
}

impl Change {
    /// Puts it behind the name.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u32(self.pid)
            .u32(self.argument)
            .u8(self.leader.is_some().into());
        if let Some(leader) = self.leader {
            out.u32(leader.user)
                .u32(leader.effective)
                .u8(leader.is_admin.into());
        }
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let (pid, argument) = (pid(&mut message)?, message.u32()?);
        let leader = match message.flag()? {
            false => None,
            true => Some(Leader {
                user: message.u32()?,
                effective: message.u32()?,
                is_admin: message.flag()?,
            }),
        };
        message.end()?;
        Ok(Self {
            pid,
            argument,
            leader,
        })
    }
}

/// Arguments of Vouch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouch {
    /// The group.
    pub group: u32,
    /// The session it is to be of.
    pub session: u32,
}

impl Vouch {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u32(self.group).u32(self.session);
    }

    /// Reads it to the end of the message.
    pub fn decode(message: Reader<'_>) -> Result<Self, Malformed> {
        pair(message).map(|(group, session)| Self { group, session })
    }
}

/// Arguments of Placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// A session.
    pub session: u32,
    /// Where its terminal is, `None` if it has none elsewhere.
    pub node: Option<NodeId>,
}

impl Placed {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        let node = self.node.map_or(0, NodeId::get);
        out.u32(self.session).u32(node.into());
    }

    /// Reads it to the end of the message.
    pub fn decode(message: Reader<'_>) -> Result<Self, Malformed> {
        let (session, number) = pair(message)?;
        let node = node(number)?;
        Ok(Self { session, node })
    }
}

/// The node with this number, 0 for none.
fn node(number: u32) -> Result<Option<NodeId>, Malformed> {
    if number == 0 {
        return Ok(None);
    }
    let node = NodeNumber::try_from(number).ok().and_then(NodeId::new);
    node.map(Some).ok_or(Malformed)
}

/// The terminal of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// That of a node, which is to be asked.
    At(NodeId),
    /// One of who answers.
    Here {
        /// Its device, as in `/proc/<pid>/stat`.
        device: u32,
        /// The group in the foreground, 0 if there is none.
        foreground: u32,
    },
}

impl Seen {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        match self {
            Self::At(node) => out.u32(node.get().into()).u32(0).u32(0),
            Self::Here { device, foreground } => out.u32(0).u32(device).u32(foreground),
        };
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let (number, device, foreground) = (message.u32()?, message.u32()?, message.u32()?);
        message.end()?;
        match node(number)? {
            None if foreground < PID_LIMIT => Ok(Self::Here { device, foreground }),
            Some(node) if device == 0 && foreground == 0 => Ok(Self::At(node)),
            _ => Err(Malformed),
        }
    }
}

/// Arguments of Open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The session whose terminal is wanted.
    pub session: u32,
    /// Flags of open(2).
    pub flags: u32,
}

impl Opening {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u32(self.session).u32(self.flags);
    }

    /// Reads it to the end of the message.
    pub fn decode(message: Reader<'_>) -> Result<Self, Malformed> {
        pair(message).map(|(session, flags)| Self { session, flags })
    }
}

/// Arguments of OpenNumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The number of a pseudo terminal.
    pub index: u32,
    /// Flags of open(2).
    pub flags: u32,
    /// Who opens it, and may.
    pub user: u32,
}

impl Numbered {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u32(self.index).u32(self.flags).u32(self.user);
    }

    /// Reads it to the end of the message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let numbered = Self {
            index: message.u32()?,
            flags: message.u32()?,
            user: message.u32()?,
        };
        message.end()?;
        Ok(numbered)
    }
}

/// The argument of Number: that of a pseudo terminal, to the end of the message.
///
/// # Errors
///
/// [`Malformed`] for what is none.
pub fn index(mut message: Reader<'_>) -> Result<u32, Malformed> {
    let index = message.u32()?;
    message.end()?;
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: Member = Member {
        session: 65_600,
        group: 131_073,
        insists: false,
    };

    fn written(encode: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; 64];
        let mut out = Writer::new(&mut room);
        encode(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    fn controls(session: u32, foreground: u32, stops_writers: bool) -> Control {
        Control {
            session,
            foreground,
            stops_writers,
        }
    }

    /// What may be read, written, changed.
    fn admitted(control: Control, member: Member) -> [bool; 3] {
        assert!(control.admits(&member, Act::Look));
        [Act::Read, Act::Write, Act::Change].map(|act| control.admits(&member, act))
    }

    #[test]
    fn who_is_in_the_foreground_may_do_all() {
        let control = controls(MEMBER.session, MEMBER.group, true);
        assert_eq!(admitted(control, MEMBER), [true; 3]);
    }

    #[test]
    fn who_is_not_may_write_unless_the_terminal_says_no() {
        let control = controls(MEMBER.session, MEMBER.group + 1, false);
        assert_eq!(admitted(control, MEMBER), [false, true, false]);
        let control = controls(MEMBER.session, MEMBER.group + 1, true);
        assert_eq!(admitted(control, MEMBER), [false, false, false]);
    }

    #[test]
    fn who_insists_may_all_but_read() {
        let control = controls(MEMBER.session, MEMBER.group + 1, true);
        let insists = Member {
            insists: true,
            ..MEMBER
        };
        assert_eq!(admitted(control, insists), [false, true, true]);
    }

    #[test]
    fn the_terminal_of_others_or_of_nobody_stops_no_one() {
        for (session, foreground) in [(65_601, 5), (0, 0), (MEMBER.session, 0)] {
            let control = controls(session, foreground, true);
            assert_eq!(admitted(control, MEMBER), [true; 3]);
        }
        let nobody = Member {
            session: 0,
            ..MEMBER
        };
        assert!(!controls(0, 0, true).is_of(&nobody));
        assert_eq!(admitted(controls(0, 5, true), nobody), [true; 3]);
    }

    #[test]
    fn what_changes_a_terminal_is_what_the_kernel_says() {
        let changes = |number| Act::of_call(number) == Act::Change;
        // TCSETSW, TCSETAF, TCSBRK, TCXONC, TCFLSH, TCSBRKP, TIOCSBRK, TIOCCBRK, TCSETSF2
        for number in [
            0x5403,
            0x5408,
            0x5409,
            0x540a,
            0x540b,
            0x5425,
            0x5427,
            0x5428,
            0x402c_542d,
        ] {
            assert!(changes(number));
        }
        // TCGETS, TCGETA, TIOCEXCL, TIOCGWINSZ, TIOCSWINSZ, FIONREAD, TCGETS2
        for number in [0x5401, 0x5405, 0x540c, 0x5413, 0x5414, 0x541b, 0x802c_542a] {
            assert!(!changes(number));
        }
    }

    #[test]
    fn a_member_arrives_as_it_was() {
        for insists in [false, true] {
            let member = Member { insists, ..MEMBER };
            let bytes = written(|out| {
                member.encode(out);
                out.u8(7);
            });
            assert_eq!(bytes.len(), MEMBER_BYTES + 1);
            let mut message = Reader::new(&bytes);
            assert_eq!(Member::decode(&mut message), Ok(member));
            assert_eq!(message.rest(), [7]);
        }
        let large = Member {
            session: PID_LIMIT,
            ..MEMBER
        };
        for wrong in [written(|out| large.encode(out)), vec![1; 8], vec![2; 9]] {
            assert_eq!(Member::decode(&mut Reader::new(&wrong)), Err(Malformed));
        }
    }

    #[test]
    fn members_go_with_what_a_terminal_checks() {
        assert!(Member::goes_with(Operation::Read));
        assert!(Member::goes_with(Operation::Device));
        assert!(!Member::goes_with(Operation::Poll));
    }

    #[test]
    fn requests_have_numbers() {
        for request in Request::ALL {
            assert_eq!(Request::from_code(request.code()), Some(request));
        }
        assert_eq!(
            (Request::from_code(0), Request::from_code(14)),
            (None, None)
        );
        assert_eq!(Request::of_call(0x5410), Some(Request::SetForeground));
        assert_eq!(Request::of_call(0x5401), None);
    }

    #[test]
    fn arguments_are_as_long_as_they_are() {
        let group = Group {
            number: 131_073,
            is_vouched: true,
        };
        let bytes = written(|out| group.encode(out));
        assert_eq!(Group::decode(Reader::new(&bytes)), Ok(group));
        for wrong in [&bytes[..4], &[bytes.clone(), vec![0]].concat(), &[255; 5]] {
            assert_eq!(Group::decode(Reader::new(wrong)), Err(Malformed));
        }
        let (session, flags) = (65_600, 2);
        let opening = Opening { session, flags };
        let bytes = written(|out| opening.encode(out));
        assert_eq!(Opening::decode(Reader::new(&bytes)), Ok(opening));
        for wrong in [&bytes[..7], &[&bytes[..], &[0]].concat(), &[0; 8]] {
            assert_eq!(Opening::decode(Reader::new(wrong)), Err(Malformed));
            assert_eq!(Vouch::decode(Reader::new(wrong)), Err(Malformed));
            assert_eq!(Placed::decode(Reader::new(wrong)), Err(Malformed));
            assert_eq!(super::session(Reader::new(wrong)), Err(Malformed));
        }
    }

    #[test]
    fn a_number_arrives_as_it_was() {
        let (index, flags, user) = (64, 2, 1000);
        let numbered = Numbered { index, flags, user };
        let bytes = written(|out| numbered.encode(out));
        assert_eq!(Numbered::decode(Reader::new(&bytes)), Ok(numbered));
        assert_eq!(Numbered::decode(Reader::new(&bytes[1..])), Err(Malformed));
        assert_eq!(super::index(Reader::new(&bytes[..4])), Ok(index));
        assert_eq!(super::index(Reader::new(&bytes)), Err(Malformed));
    }

    #[test]
    fn a_change_says_who_leads() {
        let leader = Leader {
            user: 1000,
            effective: 0,
            is_admin: true,
        };
        for (leader, length) in [(None, 9), (Some(leader), 18)] {
            let change = Change {
                pid: 65_600,
                argument: 1,
                leader,
            };
            let bytes = written(|out| change.encode(out));
            assert_eq!(bytes.len(), length);
            assert_eq!(Change::decode(Reader::new(&bytes)), Ok(change));
            for wrong in [&bytes[..length - 1], &[&bytes[..], &[0]].concat()] {
                assert_eq!(Change::decode(Reader::new(wrong)), Err(Malformed));
            }
        }
    }

    #[test]
    fn what_nodes_tell_of_a_session_arrives_as_it_was() {
        let node = NodeId::new(3).unwrap();
        let (group, session) = (131_073, 65_600);
        let vouch = Vouch { group, session };
        let bytes = written(|out| vouch.encode(out));
        assert_eq!(Vouch::decode(Reader::new(&bytes)), Ok(vouch));
        for node in [None, Some(node)] {
            let placed = Placed { session, node };
            let bytes = written(|out| placed.encode(out));
            assert_eq!(Placed::decode(Reader::new(&bytes)), Ok(placed));
        }
        let here = Seen::Here {
            device: 0x8800,
            foreground: group,
        };
        for seen in [here, Seen::At(node)] {
            let bytes = written(|out| seen.encode(out));
            assert_eq!(Seen::decode(Reader::new(&bytes)), Ok(seen));
            assert_eq!(Seen::decode(Reader::new(&bytes[1..])), Err(Malformed));
        }
        for wrong in [
            [3, 1, 0],
            [3, 0, 1],
            [0, 1, PID_LIMIT],
            [64, 0, 0],
            [256, 0, 0],
        ] {
            let bytes = wrong.map(u32::to_le_bytes).concat();
            assert_eq!(Seen::decode(Reader::new(&bytes)), Err(Malformed));
        }
    }
}
