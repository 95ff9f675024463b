// SPDX-License-Identifier: GPL-2.0

//! System call for another node.
//!
//! Calls that name a process and are made where it runs, by the kernel there, with
//! the rights of the caller. A [`Call`] says how its arguments travel: numbers as
//! they are, memory of the user as bytes that are copied there and back.
//!
//! ```text
//!  request  +--------+------+----------+----------------------------+
//!           | caller | call | 6 x args | memory, one behind another |
//!           +--------+------+----------+----------------------------+
//!  reply    +--------+----------------------------+
//!           | result | memory, one behind another |
//!           +--------+----------------------------+
//! ```

use super::{
    answers::Rule,
    cpu_clock,
    pid::is_shared, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Arguments of a system call.
pub const ARGUMENTS: usize = 6;

/// Most bytes of one piece of memory that travel: more than any structure has. What
/// is behind them is the caller's business: all zero, or too much for the kernel.
pub const MEMORY_BYTES_MAX: usize = 512;

/// Bytes of a set of processors; a node has one.
pub const MASK_BYTES: usize = 8;

/// Bytes of the first `struct sched_attr`, which a size of 0 means.
const ATTR_BYTES_MIN: usize = 48;

/// The first version of capabilities, `_LINUX_CAPABILITY_VERSION_1`.
const CAP_VERSION_1: u32 = 0x1998_0330;

/// Most pieces of memory of a call.
pub const PIECES_MAX: usize = 2;

macro_rules! calls {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        /// A system call that is made where its process runs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Call {
            $(
                #[doc = $text]
                $name,
            )*
        }

        impl Call {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its number on the wire.
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

calls! {
    GetPgid = 1, "getpgid(2)";
    GetSid = 2, "getsid(2)";
    GetPriority = 3, "getpriority(2)";
    SetPriority = 4, "setpriority(2)";
    IoPrioGet = 5, "ioprio_get(2)";
    IoPrioSet = 6, "ioprio_set(2)";
    SchedGetScheduler = 7, "sched_getscheduler(2)";
    SchedSetScheduler = 8, "sched_setscheduler(2)";
    SchedGetParam = 9, "sched_getparam(2)";
    SchedSetParam = 10, "sched_setparam(2)";
    SchedGetAttr = 11, "sched_getattr(2)";
    SchedSetAttr = 12, "sched_setattr(2)";
    SchedGetAffinity = 13, "sched_getaffinity(2)";
    SchedSetAffinity = 14, "sched_setaffinity(2)";
    SchedRrGetInterval = 15, "sched_rr_get_interval(2)";
    PrLimit = 16, "prlimit(2)";
    CapGet = 17, "capget(2)";
    ClockGetTime = 18, "clock_gettime(2)";
    ClockGetRes = 19, "clock_getres(2)";
    ClockSetTime = 20, "clock_settime(2)";
}

/// Whom a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The caller, or nothing the call knows: the kernel here makes it.
    Own,
    /// A process or thread.
    Process(u32),
    /// A process group, whose members may be on several nodes.
    Group(u32),
    /// That of the caller.
    OwnGroup,
    /// All processes of a user, on all nodes.
    User,
}

impl Subject {
    /// Of an argument that is a pid, 0 for the caller.
    const fn process(argument: u64) -> Self {
        match int(argument) {
            pid @ 1.. => Self::Process(pid.unsigned_abs()),
            _ => Self::Own,
        }
    }

    /// Of the arguments `which` and `who`; `first` is the number of `PRIO_PROCESS` or
    /// `IOPRIO_WHO_PROCESS`, behind which those for a group and for a user follow.
    const fn chosen(which: u64, who: u64, first: i32) -> Self {
        match (int(which).wrapping_sub(first), int(who)) {
            (0, pid @ 1..) => Self::Process(pid.unsigned_abs()),
            (1, pgid @ 1..) => Self::Group(pgid.unsigned_abs()),
            (1, 0) => Self::OwnGroup,
            (2, _) => Self::User,
            (_, _) => Self::Own,
        }
    }
}

/// The lower half of a register, as the `int` a call takes it for.
const fn int(register: u64) -> i32 {
    let [a, b, c, d, ..] = register.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// The lower half of a register.
const fn low(register: u64) -> u32 {
    let [a, b, c, d, ..] = register.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// How long a piece of memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many bytes.
    Fixed(usize),
    /// As many as the argument in this place says.
    Argument(usize),
    /// A set of processors, of as many bytes as the argument in this place says.
    Mask(usize),
    /// As many as its own first four bytes say.
    Attributes,
    /// Capabilities in the version that the first four bytes of the call's memory say.
    Capabilities,
}

/// Where a piece of memory goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// There.
    In,
    /// Back, when the call was good.
    Out,
    /// There, and back in any case: what the call leaves alone is as it was.
    InOut,
}

/// Memory of the caller that a call reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The argument that is its address; a null one is no memory.
    pub argument: usize,
    /// How long it is.
    pub length: Length,
    /// Where it goes.
    pub way: Way,
}

const fn piece(argument: usize, length: Length, way: Way) -> Piece {
    Piece {
        argument,
        length,
        way,
    }
}

const PARAM_IN: Piece = piece(1, Length::Fixed(4), Way::In);
const PARAM_OUT: Piece = piece(1, Length::Fixed(4), Way::Out);
const POLICY_PARAM_IN: Piece = piece(2, Length::Fixed(4), Way::In);
const ATTR_ROOM: Piece = piece(1, Length::Argument(2), Way::InOut);
const ATTR_IN: Piece = piece(1, Length::Attributes, Way::InOut);
const MASK_ROOM: Piece = piece(2, Length::Mask(1), Way::InOut);
const MASK_IN: Piece = piece(2, Length::Mask(1), Way::In);
const INTERVAL_OUT: Piece = piece(1, Length::Fixed(16), Way::Out);
const LIMIT_IN: Piece = piece(2, Length::Fixed(16), Way::In);
const LIMIT_OUT: Piece = piece(3, Length::Fixed(16), Way::Out);
const TIME_IN: Piece = piece(1, Length::Fixed(16), Way::In);
const TIME_OUT: Piece = piece(1, Length::Fixed(16), Way::Out);
const CAP_HEADER: Piece = piece(0, Length::Fixed(8), Way::InOut);
const CAP_DATA: Piece = piece(1, Length::Capabilities, Way::Out);

impl Call {
    /// The one with `code` on the wire.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|call| call.code() == code)
    }

    /// Its memory.
    pub const fn pieces(self) -> &'static [Piece] {
        match self {
            Self::GetPgid | Self::GetSid | Self::GetPriority | Self::SetPriority => &[],
            Self::IoPrioGet | Self::IoPrioSet | Self::SchedGetScheduler => &[],
            Self::SchedSetScheduler => &[POLICY_PARAM_IN],
            Self::SchedGetParam => &[PARAM_OUT],
            Self::SchedSetParam => &[PARAM_IN],
            Self::SchedGetAttr => &[ATTR_ROOM],
            Self::SchedSetAttr => &[ATTR_IN],
            Self::SchedGetAffinity => &[MASK_ROOM],
            Self::SchedSetAffinity => &[MASK_IN],
            Self::SchedRrGetInterval => &[INTERVAL_OUT],
            Self::PrLimit => &[LIMIT_IN, LIMIT_OUT],
            Self::CapGet => &[CAP_HEADER, CAP_DATA],
            Self::ClockGetTime | Self::ClockGetRes => &[TIME_OUT],
            Self::ClockSetTime => &[TIME_IN],
        }
    }

    /// Whom it is about. The pid of capget(2) is in memory: in the upper half of the
    /// eight bytes at its first argument, which its caller passes here in its place.
    pub const fn subject(self, arguments: &[u64; ARGUMENTS]) -> Subject {
        let [first, second, ..] = *arguments;
        match self {
            Self::GetPriority | Self::SetPriority => Subject::chosen(first, second, 0),
            Self::IoPrioGet | Self::IoPrioSet => Subject::chosen(first, second, 1),
            Self::CapGet => Subject::process(first >> 32),
            Self::ClockGetTime | Self::ClockGetRes | Self::ClockSetTime => {
                match cpu_clock::process(int(first)) {
                    Some(pid) => Subject::Process(pid),
                    None => Subject::Own,
                }
            }
            _ => Subject::process(first),
        }
    }

    /// How the answers of all nodes become one.
    pub const fn rule(self) -> Rule {
        match self {
            Self::GetPriority => Rule::Largest,
            Self::IoPrioGet => Rule::Smallest,
            _ => Rule::All,
        }
    }
}

impl Length {
    /// In bytes, for a call with `arguments` whose memory begins with `first`.
    pub fn bytes(self, arguments: &[u64; ARGUMENTS], first: u32) -> usize {
        // Lengths are 32 bits wide in these calls; as wide as memory is here, or wider.
        let wide = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
        let argument = |place: usize| arguments.get(place).map_or(0, |&bytes| wide(low(bytes)));
        match self {
            Self::Fixed(bytes) => bytes,
            Self::Argument(place) => argument(place),
            Self::Mask(place) => argument(place).min(MASK_BYTES),
            Self::Attributes if first == 0 => ATTR_BYTES_MIN,
            Self::Attributes => wide(first).max(4),
            Self::Capabilities if first == CAP_VERSION_1 => 12,
            Self::Capabilities => 24,
        }
    }

    /// How many of them travel.
    pub fn travelling(self, arguments: &[u64; ARGUMENTS], first: u32) -> usize {
        self.bytes(arguments, first).min(MEMORY_BYTES_MAX)
    }
}

/// What is asked for, behind the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Which call.
    pub call: Call,
    /// Its arguments; addresses say no more than whether they are null.
    pub arguments: [u64; ARGUMENTS],
    /// Its pieces of memory, empty where the address is null.
    pub memory: [&'a [u8]; PIECES_MAX],
}

impl<'a> Asked<'a> {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u8(self.call.code());
        for argument in self.arguments {
            out.u64(argument);
        }
        encode_memory(&self.memory, out);
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for an unknown call, memory it does not have or that is too long,
    /// and for what belongs to the caller alone.
    pub fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        let call = Call::from_code(message.u8()?).ok_or(Malformed)?;
        let mut arguments = [0; ARGUMENTS];
        for argument in &mut arguments {
            *argument = message.u64()?;
        }
        let memory = decode_memory(&mut message)?;
        message.end()?;
        let asked = Self {
            call,
            arguments,
            memory,
        };
        asked.is_sound().then_some(asked).ok_or(Malformed)
    }

    fn is_sound(&self) -> bool {
        let pieces = self.call.pieces();
        let surplus = self.memory.get(pieces.len()..).unwrap_or(&[]);
        let [beginning, _] = self.memory;
        let first = beginning
            .first_chunk()
            .map_or(0, |first| u32::from_le_bytes(*first));
        let fits = |(piece, memory): (&Piece, &&[u8])| {
            let has_address = self.arguments.get(piece.argument) != Some(&0);
            let bytes = piece.length.travelling(&self.arguments, first);
            memory.len() == if has_address { bytes } else { 0 }
        };
        surplus.iter().all(|memory| memory.is_empty())
            && pieces.iter().zip(&self.memory).all(fits)
            && match self.subject() {
                Subject::Own | Subject::OwnGroup => false,
                Subject::Process(pid) | Subject::Group(pid) => is_shared(pid),
                Subject::User => true,
            }
    }

    /// Whom it is about.
    pub fn subject(&self) -> Subject {
        let mut arguments = self.arguments;
        if self.call == Call::CapGet {
            let [header, _] = self.memory;
            arguments[0] = header
                .first_chunk()
                .map_or(0, |header| u64::from_le_bytes(*header));
        }
        self.call.subject(&arguments)
    }
}

/// Puts pieces of memory into a message, each behind its length.
pub fn encode_memory(memory: &[&[u8]; PIECES_MAX], out: &mut Writer<'_>) {
    for piece in memory {
        out.u16(u16::try_from(piece.len()).unwrap_or(u16::MAX))
            .bytes(piece);
    }
}

/// Takes pieces of memory off a message.
///
/// # Errors
///
/// [`Malformed`] for one over [`MEMORY_BYTES_MAX`], and when the message is too short.
pub fn decode_memory<'a>(message: &mut Reader<'a>) -> Result<[&'a [u8]; PIECES_MAX], Malformed> {
    let mut memory: [&[u8]; PIECES_MAX] = [&[]; PIECES_MAX];
    for piece in &mut memory {
        let length = usize::from(message.u16()?);
        if length > MEMORY_BYTES_MAX {
            return Err(Malformed);
        }
        *piece = message.bytes(length)?;
    }
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(asked: &Asked<'_>) -> bool {
        let mut room = [0; 2048];
        let mut out = Writer::new(&mut room);
        asked.encode(&mut out);
        let length = out.finish().unwrap();
        Asked::decode(Reader::new(&room[..length])) == Ok(*asked)
    }

    fn of(call: Call, arguments: [u64; 6], memory: [&[u8]; 2]) -> Asked<'_> {
        Asked {
            call,
            arguments,
            memory,
        }
    }

    const PID: u64 = 65_600;

    #[test]
    fn every_call_has_its_own_code() {
        for call in Call::ALL {
            assert_eq!(Call::from_code(call.code()), Some(*call));
            assert!(call.pieces().len() <= PIECES_MAX);
        }
        assert_eq!(Call::from_code(0), None);
    }

    #[test]
    fn what_is_asked_arrives_as_it_was() {
        assert!(round_trip(&of(
            Call::GetPgid,
            [PID, 0, 0, 0, 0, 0],
            [&[], &[]]
        )));
        let limit = [7; 16];
        for memory in [[&limit[..], &limit[..]], [&[], &limit], [&[], &[]]] {
            let [one, other] = memory.map(|memory| u64::from(!memory.is_empty()));
            let arguments = [PID, 3, one, other, 0, 0];
            assert!(round_trip(&of(Call::PrLimit, arguments, memory)));
        }
        let attributes = [48, 0, 0, 0].repeat(12);
        assert!(round_trip(&of(
            Call::SchedSetAttr,
            [PID, 1, 0, 0, 0, 0],
            [&attributes, &[]]
        )));
    }

    #[test]
    fn memory_must_be_what_the_call_has() {
        let arguments = [PID, 1, 0, 0, 0, 0];
        assert!(!round_trip(&of(Call::GetPgid, arguments, [&[1], &[]])));
        assert!(!round_trip(&of(
            Call::SchedGetParam,
            arguments,
            [&[1; 3], &[]]
        )));
        assert!(round_trip(&of(
            Call::SchedGetParam,
            arguments,
            [&[1; 4], &[]]
        )));
        let null = [PID, 0, 0, 0, 0, 0];
        assert!(!round_trip(&of(Call::SchedGetParam, null, [&[1; 4], &[]])));
    }

    #[test]
    fn memory_that_is_too_long_is_refused() {
        let long = [0; MEMORY_BYTES_MAX + 1];
        let arguments = [PID, long.len() as u64, 1, 0, 0, 0];
        assert!(!round_trip(&of(
            Call::SchedSetAffinity,
            arguments,
            [&long, &[]]
        )));
    }

    #[test]
    fn lengths_are_those_the_kernel_looks_at() {
        let arguments = [PID, 128, 4096, 0, 0, 0];
        assert_eq!(Length::Mask(1).bytes(&arguments, 0), 8);
        assert_eq!(Length::Mask(1).bytes(&[PID, 4, 0, 0, 0, 0], 0), 4);
        assert_eq!(Length::Attributes.bytes(&arguments, 0), 48);
        assert_eq!(Length::Attributes.bytes(&arguments, 56), 56);
        assert_eq!(Length::Argument(2).bytes(&arguments, 0), 4096);
        assert_eq!(Length::Argument(2).travelling(&arguments, 0), 512);
        assert_eq!(Length::Capabilities.bytes(&arguments, CAP_VERSION_1), 12);
        assert_eq!(Length::Capabilities.bytes(&arguments, 0x2008_0522), 24);
    }

    #[test]
    fn nobody_asks_a_node_about_itself() {
        assert!(!round_trip(&of(
            Call::GetPgid,
            [300, 0, 0, 0, 0, 0],
            [&[], &[]]
        )));
        assert!(!round_trip(&of(Call::GetPgid, [0; 6], [&[], &[]])));
        assert!(!round_trip(&of(Call::GetPriority, [0; 6], [&[], &[]])));
        assert!(!round_trip(&of(
            Call::GetPriority,
            [1, 0, 0, 0, 0, 0],
            [&[], &[]]
        )));
        assert!(!round_trip(&of(
            Call::GetPriority,
            [9, PID, 0, 0, 0, 0],
            [&[], &[]]
        )));
    }

    #[test]
    fn a_subject_is_found_where_the_call_has_it() {
        let who = |call: Call, arguments: [u64; 2]| {
            let [one, other] = arguments;
            call.subject(&[one, other, 0, 0, 0, 0])
        };
        assert_eq!(who(Call::GetSid, [PID, 0]), Subject::Process(65_600));
        // The upper half of a register is not part of a pid.
        assert_eq!(
            who(Call::GetSid, [1 << 32 | PID, 0]),
            Subject::Process(65_600)
        );
        assert_eq!(who(Call::GetSid, [u64::MAX, 0]), Subject::Own);
        assert_eq!(who(Call::SetPriority, [0, PID]), Subject::Process(65_600));
        assert_eq!(who(Call::SetPriority, [1, PID]), Subject::Group(65_600));
        assert_eq!(who(Call::SetPriority, [1, 0]), Subject::OwnGroup);
        assert_eq!(who(Call::SetPriority, [1, u64::MAX]), Subject::Own);
        assert_eq!(who(Call::SetPriority, [2, 0]), Subject::User);
        assert_eq!(who(Call::SetPriority, [3, PID]), Subject::Own);
        assert_eq!(who(Call::IoPrioGet, [1, PID]), Subject::Process(65_600));
        assert_eq!(who(Call::IoPrioSet, [2, PID]), Subject::Group(65_600));
        assert_eq!(who(Call::IoPrioSet, [2, 0]), Subject::OwnGroup);
        assert_eq!(who(Call::IoPrioGet, [3, 1000]), Subject::User);
        assert_eq!(who(Call::CapGet, [PID << 32, 0]), Subject::Process(65_600));
        let clock = !PID << 3;
        assert_eq!(
            who(Call::ClockGetTime, [clock, 0]),
            Subject::Process(65_600)
        );
        assert_eq!(who(Call::ClockGetRes, [clock | 4, 0]), Subject::Own);
        assert_eq!(who(Call::ClockSetTime, [1, PID]), Subject::Own);
    }
}
