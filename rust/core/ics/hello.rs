// SPDX-License-Identifier: GPL-2.0

//! Messages before trust.
//!
//! The three frames of a handshake: Hello says who its sender claims to be,
//! Proof shows that it has the cluster's key, Refuse says why it goes away.

use core::fmt;

use crate::{
    ids::{
        ClusterName,
        Incarnation,
        Instance,
        NodeId,
        CLUSTER_NAME_BYTES_MAX, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

use super::{
    frame::{
        Header,
        Kind,
        HEADER_BYTES, //
    },
    seal::Mode,
};

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 32;
/// Bytes of the identification of a build.
pub const BUILD_BYTES: usize = 32;
/// Payload of a Hello.
pub const HELLO_BYTES: usize = 128;
/// Payload of a Proof.
pub const PROOF_BYTES: usize = 32;
/// Longest frame of a handshake.
pub const MESSAGE_BYTES_MAX: usize = HEADER_BYTES + HELLO_BYTES;

/// Which of a pair's two connections one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// For messages and calls.
    Control,
    /// For transfers.
    Bulk,
}

impl Channel {
    /// As on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Control => 0,
            Self::Bulk => 1,
        }
    }

    /// The one with this code, `None` for any other.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Control),
            1 => Some(Self::Bulk),
            _ => None,
        }
    }
}

/// What a program's saved state depends on in the host below a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// Bytes of a task's saved floating-point state.
    pub fp_bytes: u32,
    /// Hash of the processor's features a program can see.
    pub features: u64,
}

/// A node in one of its lives, and the kernel that says it is.
///
/// Two kernels that were given one number and one incarnation by mistake differ
/// in `boot`, which a kernel draws for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The node and its life.
    pub instance: Instance,
    /// Drawn by chance when the kernel started.
    pub boot: u64,
}

/// Who its sender claims to be.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 1 | channel |
/// | 1 | 1 | mode the sender asks for |
/// | 2 | 2 | node |
/// | 4 | 4 | bytes of floating-point state |
/// | 8 | 8 | incarnation |
/// | 16 | 8 | boot |
/// | 24 | 8 | features of the host |
/// | 32 | 32 | name of the cluster, zeros behind it |
/// | 64 | 32 | nonce |
/// | 96 | 32 | build |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Which connection this shall be.
    pub channel: Channel,
    /// The mode the sender asks for; the stricter of both holds.
    pub mode: Mode,
    /// The sender.
    pub peer: Peer,
    /// Its host.
    pub host: Host,
    /// Its cluster.
    pub cluster: ClusterName,
    /// Drawn by chance for this connection.
    pub nonce: [u8; NONCE_BYTES],
    /// What its kernel was built from.
    pub build: [u8; BUILD_BYTES],
}

impl Hello {
    /// The payload as it travels.
    pub fn encode(&self) -> [u8; HELLO_BYTES] {
        let mut bytes = [0; HELLO_BYTES];
        let cluster = self.cluster.as_str().as_bytes();
        Writer::new(&mut bytes)
            .u8(self.channel.code())
            .u8(self.mode.code())
            .u16(self.peer.instance.node.get().into())
            .u32(self.host.fp_bytes)
            .u64(self.peer.instance.incarnation.0)
            .u64(self.peer.boot)
            .u64(self.host.features)
            .bytes(cluster)
            .zeros(CLUSTER_NAME_BYTES_MAX.saturating_sub(cluster.len()))
            .bytes(&self.nonce)
            .bytes(&self.build);
        bytes
    }

    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// [`Reason::Mode`] for a mode unknown here, [`Reason::Malformed`] where a
    /// field is none.
    pub fn parse(payload: &[u8]) -> Result<Self, Reason> {
        let mut reader = Reader::new(payload);
        let channel = Channel::from_code(reader.u8()?).ok_or(Reason::Malformed)?;
        let mode = Mode::from_code(reader.u8()?).ok_or(Reason::Mode)?;
        let node = NodeId::read(&mut reader)?;
        let fp_bytes = reader.u32()?;
        let incarnation = Incarnation(reader.u64()?);
        let boot = reader.u64()?;
        let features = reader.u64()?;
        let cluster = cluster(reader.bytes(CLUSTER_NAME_BYTES_MAX)?)?;
        let nonce = reader.array()?;
        let build = reader.array()?;
        reader.end()?;
        if incarnation == Incarnation::default() {
            return Err(Reason::Malformed);
        }
        let instance = Instance::new(node, incarnation);
        Ok(Self {
            channel,
            mode,
            peer: Peer { instance, boot },
            host: Host { fp_bytes, features },
            cluster,
            nonce,
            build,
        })
    }
}

fn cluster(field: &[u8]) -> Result<ClusterName, Reason> {
    let end = field.iter().position(|&byte| byte == 0);
    let (name, padding) = field
        .split_at_checked(end.unwrap_or(field.len()))
        .ok_or(Reason::Malformed)?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Reason::Malformed);
    }
    ClusterName::parse(name).map_err(|_| Reason::Malformed)
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The proof is not made with the key of this cluster.
    WrongKey,
    /// The peer belongs to another cluster.
    ForeignCluster,
    /// The peer's kernel was built from something else.
    OtherBuild,
    /// The peer's host has another processor.
    OtherHost,
    /// That life of the node is over.
    OldIncarnation,
    /// There is another kernel with that number.
    DuplicateNode,
    /// The cluster has no such node.
    NotInRoster,
    /// The peer speaks another version of the protocol.
    Protocol,
    /// The peer asks for a mode that is unknown here.
    Mode,
    /// What came is no frame, or not the one that was due.
    Malformed,
    /// Too many connections have proved nothing yet.
    TooMany,
    /// The address the connection comes from is not that of the node.
    Address,
    /// A bulk connection without a control connection.
    NotLinked,
}

impl Reason {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 13] = [
        Self::WrongKey,
        Self::ForeignCluster,
        Self::OtherBuild,
        Self::OtherHost,
        Self::OldIncarnation,
        Self::DuplicateNode,
        Self::NotInRoster,
        Self::Protocol,
        Self::Mode,
        Self::Malformed,
        Self::TooMany,
        Self::Address,
        Self::NotLinked,
    ];

    /// As on the wire, `0..=12`; also the place in a table of counters.
    pub const fn code(self) -> u8 {
        match self {
            Self::WrongKey => 0,
            Self::ForeignCluster => 1,
            Self::OtherBuild => 2,
            Self::OtherHost => 3,
            Self::OldIncarnation => 4,
            Self::DuplicateNode => 5,
            Self::NotInRoster => 6,
            Self::Protocol => 7,
            Self::Mode => 8,
            Self::Malformed => 9,
            Self::TooMany => 10,
            Self::Address => 11,
            Self::NotLinked => 12,
        }
    }

    /// The reason with this code, `None` for any other.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// One word, for counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongKey => "wrong-key",
            Self::ForeignCluster => "foreign-cluster",
            Self::OtherBuild => "other-build",
            Self::OtherHost => "other-host",
            Self::OldIncarnation => "old-incarnation",
            Self::DuplicateNode => "duplicate-node",
            Self::NotInRoster => "not-in-roster",
            Self::Protocol => "protocol",
            Self::Mode => "mode",
            Self::Malformed => "malformed",
            Self::TooMany => "too-many",
            Self::Address => "address",
            Self::NotLinked => "not-linked",
        }
    }
}

impl From<Malformed> for Reason {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// For the log: what is wrong.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongKey => "it does not have the key of this cluster",
            Self::ForeignCluster => "it belongs to another cluster",
            Self::OtherBuild => "its kernel is another build",
            Self::OtherHost => "its host has another processor",
            Self::OldIncarnation => "that life of the node is over",
            Self::DuplicateNode => "another kernel has the same node number",
            Self::NotInRoster => "the cluster has no such node",
            Self::Protocol => "it speaks another version of the protocol",
            Self::Mode => "it asks for an unknown security mode",
            Self::Malformed => "what came is not the frame that was due",
            Self::TooMany => "too many connections have proved nothing yet",
            Self::Address => "its address is not that of the node it claims to be",
            Self::NotLinked => "it has no control connection",
        })
    }
}

/// A whole frame of a handshake, header and payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    bytes: [u8; MESSAGE_BYTES_MAX],
    len: usize,
}

impl Message {
    /// The frame as it travels.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// A frame that says who we are.
    pub fn hello(hello: &Hello) -> Self {
        Self::new(Kind::Hello, &hello.encode())
    }

    /// A frame that proves it.
    pub fn proof(proof: &[u8; PROOF_BYTES]) -> Self {
        Self::new(Kind::Proof, proof)
    }

    /// A frame that says why we go.
    pub fn refuse(reason: Reason) -> Self {
        Self::new(Kind::Refuse, &[reason.code()])
    }

    fn new(kind: Kind, payload: &[u8]) -> Self {
        let mut bytes = [0; MESSAGE_BYTES_MAX];
        let header = Header {
            length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            ..Header::of(kind)
        };
        // All payloads are at most HELLO_BYTES long, so that there is room.
        let len = Writer::new(&mut bytes)
            .bytes(&header.encode())
            .bytes(payload)
            .finish()
            .unwrap_or(0);
        Self { bytes, len }
    }
}

/// A frame of a handshake, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// The peer says who it is.
    Hello(Hello),
    /// The peer proves it.
    Proof([u8; PROOF_BYTES]),
    /// The peer goes away.
    Refuse(Reason),
}

impl Received {
    /// Reads the frame with `header`.
    ///
    /// # Errors
    ///
    /// The reason to refuse the connection for.
    pub fn parse(header: &Header, payload: &[u8]) -> Result<Self, Reason> {
        match header.kind {
            Kind::Hello => Hello::parse(payload).map(Self::Hello),
            Kind::Proof => {
                let proof = payload.try_into().map_err(|_| Reason::Malformed)?;
                Ok(Self::Proof(proof))
            }
            Kind::Refuse => {
                let code = Reader::new(payload).u8()?;
                let reason = Reason::from_code(code).ok_or(Reason::Malformed)?;
                Ok(Self::Refuse(reason))
            }
            Kind::Ack
            | Kind::Membership
            | Kind::Request
            | Kind::Reply
            | Kind::Cancel
            | Kind::Chunk
            | Kind::At
            | Kind::AtEnd => Err(Reason::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Hello {
        Hello {
            channel: Channel::Bulk,
            mode: Mode::Mac,
            peer: Peer {
                instance: Instance::new(NodeId::new(3).unwrap(), Incarnation(9)),
                boot: 4,
            },
            host: Host {
                fp_bytes: 2696,
                features: 5,
            },
            cluster: ClusterName::parse(b"lab").unwrap(),
            nonce: [6; 32],
            build: [7; 32],
        }
    }

    #[test]
    fn a_hello_comes_back_as_it_was() {
        assert_eq!(Hello::parse(&hello().encode()), Ok(hello()));
        let longest = Hello {
            cluster: ClusterName::parse(&[b'x'; 32]).unwrap(),
            ..hello()
        };
        assert_eq!(Hello::parse(&longest.encode()), Ok(longest));
    }

    #[test]
    fn a_field_that_is_none_is_refused() {
        let broken = |place: usize, byte: u8| {
            let mut bytes = hello().encode();
            bytes[place] = byte;
            Hello::parse(&bytes).unwrap_err()
        };
        assert_eq!(broken(0, 2), Reason::Malformed);
        assert_eq!(broken(1, 3), Reason::Mode);
        assert_eq!(broken(3, 0xff), Reason::Malformed);
        assert_eq!(broken(8, 0), Reason::Malformed);
        assert_eq!(broken(32, b'L'), Reason::Malformed);
        assert_eq!(broken(63, b'x'), Reason::Malformed);
        assert_eq!(Hello::parse(&[0; 127]), Err(Reason::Malformed));
    }

    #[test]
    fn reasons_come_back_from_their_codes() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::from_code(13), None);
    }

    #[test]
    fn messages_are_frames() {
        for (message, received) in [
            (Message::hello(&hello()), Received::Hello(hello())),
            (Message::proof(&[1; 32]), Received::Proof([1; 32])),
            (
                Message::refuse(Reason::TooMany),
                Received::Refuse(Reason::TooMany),
            ),
        ] {
            let (header, payload) = message.as_bytes().split_first_chunk().unwrap();
            let header = Header::parse(header).unwrap();
            assert_eq!(header.length as usize, payload.len());
            assert_eq!(Received::parse(&header, payload), Ok(received));
        }
    }
}
