// SPDX-License-Identifier: GPL-2.0

//! Frames between nodes.
//!
//! All that travels on a connection is a frame: a header of fixed layout, a
//! payload that the kind of the frame bounds, and a tag when the connection's
//! mode has one (see [`super::seal`]). All numbers are little endian.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | magic, `SSI` and `0xf5` |
//! | 4 | 1 | version of the protocol |
//! | 5 | 1 | kind |
//! | 6 | 1 | flags |
//! | 7 | 1 | priority |
//! | 8 | 4 | length of the payload, without the tag |
//! | 12 | 4 | epoch of the sender |
//! | 16 | 8 | sequence number, 0 in a frame that has none |
//! | 24 | 8 | all up to this number have arrived at the sender |
//! | 32 | 8 | call, 0 in a frame that belongs to none |

use core::fmt;

use crate::{
    ids::Epoch,
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

use super::{
    call::CallId,
    priority::Priority, //
};

/// TCP port of the connections and UDP port of the heartbeats.
pub const PORT: u16 = 7083;

/// First bytes of every frame.
pub const MAGIC: [u8; 4] = *b"SSI\xf5";

/// Version of the protocol.
pub const VERSION: u8 = 1;

/// Length of a header.
pub const HEADER_BYTES: usize = 40;

/// Longest payload on a control connection: of a request with the longest arguments and
/// pages in its frame.
pub const CONTROL_PAYLOAD_BYTES_MAX: u32 = 24 + 3072 + INSIDE_BYTES_MAX;

/// Longest payload before the peer has proved itself.
pub const HANDSHAKE_PAYLOAD_BYTES_MAX: u32 = 256;

/// Longest membership message.
pub const MEMBERSHIP_BYTES_MAX: usize = 4096;

/// Longest arguments of a request.
pub const ARGS_BYTES_MAX: usize = 3072;

/// Longest body of a reply.
pub const BODY_BYTES_MAX: usize = 3072;

/// Most bytes of pages that travel in the frame of their request or reply: one page. A
/// second connection costs more than copying it.
pub const INSIDE_BYTES_MAX: u32 = 4096;

/// Most bytes that go with a request or reply on the bulk connection: 256 pages.
pub const BULK_BYTES_MAX: u32 = 256 * 4096;

/// Most bytes of a transfer in one frame.
pub const CHUNK_BYTES_MAX: u32 = 65536;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Who is there: the first frame of each side.
    Hello,
    /// Proof that its sender has the cluster's key.
    Proof,
    /// Why its sender does not want the connection.
    Refuse,
    /// Carries nothing but the acknowledgement all frames carry. The first frame
    /// of a control connection: it says where to resume.
    Ack,
    /// A message of the membership.
    Membership,
    /// A call, or a message that expects no answer.
    Request,
    /// The final answer to a call.
    Reply,
    /// The caller no longer wants the call.
    Cancel,
    /// A piece of a transfer.
    Chunk,
    /// How far a transfer has arrived.
    At,
    /// Its sender has told of every transfer it knows.
    AtEnd,
}

impl Kind {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 11] = [
        Self::Hello,
        Self::Proof,
        Self::Refuse,
        Self::Ack,
        Self::Membership,
        Self::Request,
        Self::Reply,
        Self::Cancel,
        Self::Chunk,
        Self::At,
        Self::AtEnd,
    ];

    /// The kind on the wire, `1..=11`.
    pub const fn code(self) -> u8 {
        match self {
            Self::Hello => 1,
            Self::Proof => 2,
            Self::Refuse => 3,
            Self::Ack => 4,
            Self::Membership => 5,
            Self::Request => 6,
            Self::Reply => 7,
            Self::Cancel => 8,
            Self::Chunk => 9,
            Self::At => 10,
            Self::AtEnd => 11,
        }
    }

    /// The kind with this code, `None` for any other.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// A word for the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Proof => "proof",
            Self::Refuse => "refuse",
            Self::Ack => "ack",
            Self::Membership => "membership",
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Cancel => "cancel",
            Self::Chunk => "chunk",
            Self::At => "at",
            Self::AtEnd => "at-end",
        }
    }

    /// Whether frames of this kind are numbered, kept and sent again.
    pub const fn is_sequenced(self) -> bool {
        matches!(
            self,
            Self::Membership | Self::Request | Self::Reply | Self::Cancel
        )
    }

    /// Whether frames of this kind belong to a call.
    pub const fn is_of_call(self) -> bool {
        matches!(
            self,
            Self::Request | Self::Reply | Self::Cancel | Self::Chunk | Self::At
        )
    }

    /// When and where frames of this kind travel.
    pub const fn place(self) -> Place {
        match self {
            Self::Hello | Self::Proof | Self::Refuse => Place::Handshake,
            Self::Ack | Self::Membership | Self::Request | Self::Reply | Self::Cancel => {
                Place::Control
            }
            Self::Chunk | Self::At | Self::AtEnd => Place::Bulk,
        }
    }

    /// Lengths its payload may have.
    const fn lengths(self) -> (u32, u32) {
        match self {
            Self::Hello => (128, 128),
            Self::Proof => (32, 32),
            Self::Refuse => (1, 1),
            Self::Ack | Self::Cancel | Self::AtEnd => (0, 0),
            Self::Membership => (0, 4096),
            Self::Request => (24, 24 + 3072 + INSIDE_BYTES_MAX),
            Self::Reply => (16, 16 + 3072 + INSIDE_BYTES_MAX),
            Self::Chunk => (8 + 1, 8 + CHUNK_BYTES_MAX),
            Self::At => (8, 8),
        }
    }

    /// Flags its frames may have.
    const fn flags(self) -> u8 {
        match self {
            Self::Request => Flags::ONE_WAY.0,
            Self::Chunk | Self::At => Flags::OF_REPLY.0,
            Self::Hello
            | Self::Proof
            | Self::Refuse
            | Self::Ack
            | Self::Membership
            | Self::Reply
            | Self::Cancel
            | Self::AtEnd => 0,
        }
    }
}

/// When and where a frame may travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On any connection, before both sides have proved themselves.
    Handshake,
    /// On a control connection, after that.
    Control,
    /// On a bulk connection, after that.
    Bulk,
}

/// Properties of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);
    /// The sender of a request does not wait for the reply.
    pub const ONE_WAY: Self = Self(1);
    /// The transfer belongs to the reply of the call, not to its request.
    pub const OF_REPLY: Self = Self(2);

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// As on the wire.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub kind: Kind,
    /// Its properties; only those its kind has.
    pub flags: Flags,
    /// Level of a request and of what follows from it.
    pub priority: Priority,
    /// Bytes of the payload, without the tag.
    pub length: u32,
    /// The sender's epoch: of a request, that in which it is meant to act.
    pub epoch: Epoch,
    /// Number of a sequenced frame, from 1 on; 0 of another.
    pub seq: u64,
    /// All frames of the peer up to this number have arrived.
    pub ack: u64,
    /// The call the frame belongs to.
    pub call: Option<CallId>,
}

impl Header {
    /// A header of `kind` and no more.
    pub const fn of(kind: Kind) -> Self {
        Self {
            kind,
            flags: Flags::NONE,
            priority: Priority::LOWEST,
            length: 0,
            epoch: Epoch::NONE,
            seq: 0,
            ack: 0,
            call: None,
        }
    }

    /// The header as it travels.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        Writer::new(&mut bytes)
            .bytes(&MAGIC)
            .u8(VERSION)
            .u8(self.kind.code())
            .u8(self.flags.bits())
            .u8(self.priority.get())
            .u32(self.length)
            .u32(self.epoch.0)
            .u64(self.seq)
            .u64(self.ack)
            .u64(self.call.map_or(0, CallId::get));
        bytes
    }

    /// Reads a header and checks that its fields fit its kind.
    ///
    /// # Errors
    ///
    /// [`HeaderError`]: nothing more can be read from the connection.
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != MAGIC {
            return Err(HeaderError::Magic);
        }
        let version = reader.u8()?;
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        let code = reader.u8()?;
        let header = Self {
            kind: Kind::from_code(code).ok_or(HeaderError::Kind(code))?,
            flags: Flags(reader.u8()?),
            priority: Priority::new(reader.u8()?).ok_or(HeaderError::Field)?,
            length: reader.u32()?,
            epoch: Epoch(reader.u32()?),
            seq: reader.u64()?,
            ack: reader.u64()?,
            call: CallId::from_wire(reader.u64()?),
        };
        header.check()
    }

    fn check(self) -> Result<Self, HeaderError> {
        let (shortest, longest) = self.kind.lengths();
        if !(shortest..=longest).contains(&self.length) {
            return Err(HeaderError::Length(self.kind, self.length));
        }
        let flags_fit = self.flags.bits() & !self.kind.flags() == 0;
        let seq_fits = self.kind.is_sequenced() == (self.seq != 0);
        let call_fits = self.kind.is_of_call() == self.call.is_some();
        if flags_fit && seq_fits && call_fits {
            Ok(self)
        } else {
            Err(HeaderError::Field)
        }
    }
}

/// What is wrong with the header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// It does not begin like one.
    Magic,
    /// It is of another version of the protocol.
    Version(u8),
    /// There is no such kind.
    Kind(u8),
    /// The payload is too short or too long for the kind.
    Length(Kind, u32),
    /// A field does not fit the kind.
    Field,
}

impl From<Malformed> for HeaderError {
    fn from(_: Malformed) -> Self {
        Self::Field
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("not a frame of SSI"),
            Self::Version(version) => write!(f, "version {version} of the protocol, not {VERSION}"),
            Self::Kind(code) => write!(f, "no frame has kind {code}"),
            Self::Length(kind, length) => write!(f, "a {} of {length} bytes", kind.name()),
            Self::Field => f.write_str("a field that does not fit the kind of the frame"),
        }
    }
}

// Lengths that other files lay out, said once more as numbers above.
const _: () = {
    use super::{
        handshake::{
            HELLO_BYTES,
            PROOF_BYTES, //
        },
        payload::{
            AT_BYTES,
            CHUNK_HEAD_BYTES,
            REPLY_HEAD_BYTES,
            REQUEST_HEAD_BYTES, //
        },
    };
    assert!(HELLO_BYTES == 128 && PROOF_BYTES == 32);
    assert!(REQUEST_HEAD_BYTES == 24 && REPLY_HEAD_BYTES == 16);
    assert!(CHUNK_HEAD_BYTES == 8 && AT_BYTES == 8);
    assert!(ARGS_BYTES_MAX == 3072 && BODY_BYTES_MAX == 3072);
    assert!(MEMBERSHIP_BYTES_MAX == 4096 && CONTROL_PAYLOAD_BYTES_MAX == 7192);
};

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Header {
        Header {
            flags: Flags::ONE_WAY,
            priority: Priority::new(2).unwrap(),
            length: 30,
            epoch: Epoch(7),
            seq: 9,
            ack: 8,
            call: CallId::from_wire(0x1_0000),
            ..Header::of(Kind::Request)
        }
    }

    #[test]
    fn a_header_comes_back_as_it_was() {
        assert_eq!(Header::parse(&request().encode()), Ok(request()));
        let ack = Header {
            ack: u64::MAX,
            ..Header::of(Kind::Ack)
        };
        assert_eq!(Header::parse(&ack.encode()), Ok(ack));
    }

    #[test]
    fn kinds_come_back_from_their_codes() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
        }
        assert_eq!((Kind::from_code(0), Kind::from_code(12)), (None, None));
    }

    #[test]
    fn a_field_that_does_not_fit_the_kind_is_refused() {
        let broken = [
            Header {
                seq: 0,
                ..request()
            },
            Header {
                call: None,
                ..request()
            },
            Header {
                flags: Flags(4),
                ..request()
            },
            Header {
                flags: Flags::OF_REPLY,
                ..request()
            },
            Header {
                seq: 1,
                ..Header::of(Kind::Ack)
            },
            Header {
                call: CallId::from_wire(1),
                ..Header::of(Kind::AtEnd)
            },
        ];
        for header in broken {
            assert_eq!(
                Header::parse(&header.encode()),
                Err(HeaderError::Field),
                "{header:?}"
            );
        }
    }

    #[test]
    fn lengths_are_bounded_by_the_kind() {
        for (kind, length) in [
            (Kind::Hello, 127),
            (Kind::Ack, 1),
            (Kind::Membership, 4097),
            (Kind::Chunk, u32::MAX),
            (Kind::Request, 23),
        ] {
            let header = Header {
                length,
                ..Header::of(kind)
            };
            let error = HeaderError::Length(kind, length);
            assert_eq!(Header::parse(&header.encode()), Err(error));
        }
    }

    #[test]
    fn strangers_are_told_apart() {
        let mut bytes = request().encode();
        bytes[4] = 2;
        assert_eq!(Header::parse(&bytes), Err(HeaderError::Version(2)));
        bytes[0] = b'G';
        assert_eq!(Header::parse(&bytes), Err(HeaderError::Magic));
        let mut bytes = request().encode();
        bytes[5] = 99;
        assert_eq!(Header::parse(&bytes), Err(HeaderError::Kind(99)));
        let mut bytes = request().encode();
        bytes[7] = 4;
        assert_eq!(Header::parse(&bytes), Err(HeaderError::Field));
    }
}
