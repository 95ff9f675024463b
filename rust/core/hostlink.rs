// SPDX-License-Identifier: GPL-2.0

//! Packets between kernel and supervisor.
//!
//! A node and the supervisor of its host talk over an inherited `SEQPACKET`
//! socket, one message a packet, little endian. The first byte is
//! [`HOSTLINK_VERSION`], the second the kind. A kernel says [`FromNode::Hello`]
//! first in every life, a reboot by exec included.

use core::fmt;

use crate::{
    ids::{
        Epoch,
        Incarnation,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::{
        NodeSet,
        NODE_SET_WORDS, //
    },
    view::{
        Entry,
        NodeState,
        View, //
    },
    wire::{
        Malformed,
        NoRoom,
        Reader,
        Writer, //
    },
};

/// Version of this protocol, the first byte of every packet.
pub const HOSTLINK_VERSION: u8 = 1;

/// Longest packet, in bytes.
#[cfg(not(feature = "wide"))]
pub const PACKET_BYTES_MAX: usize = 4096;
/// Longest packet of a simulated cluster, in bytes.
#[cfg(feature = "wide")]
pub const PACKET_BYTES_MAX: usize = 16384;

/// Bytes of the cluster's key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a build id.
pub const BUILD_BYTES: usize = 32;

/// Where a node stands, as it reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is no member of any view.
    Outside,
    /// It has installed the view with this number and is a member of it.
    Member(Epoch),
}

/// What the supervisor says to a request to fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All targets are dead and reaped.
    Done,
    /// The side is too small.
    Refused,
    /// Another request is being executed: ask again.
    Busy,
}

/// What a node's kernel says.
#[derive(Clone, Debug, PartialEq)]
pub enum FromNode<'a> {
    /// A kernel's life begins.
    Hello {
        /// Which node it believes to be.
        node: NodeId,
        /// Which kernel it is.
        build: [u8; BUILD_BYTES],
        /// Unlike that of its other lives; comes back in the welcome.
        nonce: u64,
    },
    /// Where it stands, after it has taken in a death or installed a view.
    Report {
        /// Serial number of the last death it has taken in.
        serial: u64,
        /// Where it stands.
        standing: Standing,
    },
    /// The coordinator tells the cluster's view, for the host's user.
    ViewIs(&'a View),
    /// Asks for the death of nodes.
    Fence {
        /// Number of the request in this life.
        request: u64,
        /// The last view its asker has installed.
        view: &'a View,
        /// The members that stand by the asker, the asker included.
        side: NodeSet,
        /// The members to kill.
        targets: NodeSet,
    },
}

/// What the supervisor says to a node's kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToNode {
    /// Answer to [`FromNode::Hello`].
    Welcome(Welcome),
    /// Which nodes there can be has changed.
    Roster(NodeSet),
    /// A life is over, proven.
    Death {
        /// Whose.
        instance: Instance,
        /// Number of this death, strictly increasing.
        serial: u64,
    },
    /// Found a cluster: no one else will.
    Found {
        /// No view of this cluster had a higher number.
        base: Epoch,
    },
    /// Answer to [`FromNode::Fence`].
    FenceAnswer {
        /// Number of the request.
        request: u64,
        /// What became of it.
        verdict: Verdict,
    },
}

/// What a kernel must know to be a node.
#[derive(Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The nonce of the Hello it answers. A kernel that boots again in the same
    /// process may find the answer to its last life's Hello in the socket.
    pub nonce: u64,
    /// Who it is in this life.
    pub me: Instance,
    /// The cluster's key.
    pub key: [u8; KEY_BYTES],
    /// Which nodes there can be.
    pub roster: NodeSet,
    /// Where the nodes are.
    pub reach: Reach,
    /// Serial number of the last death before this life.
    pub serial: u64,
}

/// Where the nodes of a cluster are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All on this host.
    OneHost,
    /// On several hosts.
    SeveralHosts,
}

impl fmt::Debug for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of every log.
        write!(f, "Welcome of {} among {}", self.me, self.roster)
    }
}

/// Why a packet is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// The other side speaks another version.
    Version(u8),
    /// It is not what it claims to be.
    Malformed,
}

impl From<Malformed> for PacketError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(theirs) => write!(
                f,
                "host link speaks version {theirs}, this side {HOSTLINK_VERSION}: \
                 use launcher and kernel of one build"
            ),
            Self::Malformed => f.write_str("host link packet is malformed"),
        }
    }
}

const HELLO: u8 = 1;
const REPORT: u8 = 2;
const VIEW_IS: u8 = 3;
const FENCE: u8 = 4;
const WELCOME: u8 = 16;
const ROSTER: u8 = 17;
const DEATH: u8 = 18;
const FOUND: u8 = 19;
const FENCE_ANSWER: u8 = 20;

impl<'a> FromNode<'a> {
    /// Writes it to `room`; how many bytes it has.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], never with [`PACKET_BYTES_MAX`] bytes.
    pub fn encode(&self, room: &mut [u8]) -> Result<usize, NoRoom> {
        let mut out = Writer::new(room);
        out.u8(HOSTLINK_VERSION);
        match self {
            Self::Hello { node, build, nonce } => {
                out.u8(HELLO).u16(u16::from(node.get())).bytes(build);
                out.u64(*nonce);
            }
            Self::Report { serial, standing } => {
                let (is_member, epoch) = match standing {
                    Standing::Outside => (0, Epoch::NONE),
                    Standing::Member(epoch) => (1, *epoch),
                };
                out.u8(REPORT).u64(*serial).u8(is_member).u32(epoch.0);
            }
            Self::ViewIs(view) => write_view(view, out.u8(VIEW_IS)),
            Self::Fence {
                request,
                view,
                side,
                targets,
            } => {
                out.u8(FENCE).u64(*request);
                write_set(side, &mut out);
                write_set(targets, &mut out);
                write_view(view, &mut out);
            }
        }
        out.finish()
    }

    /// Reads `packet`; a view it has comes to lie in `room`.
    ///
    /// # Errors
    ///
    /// [`PacketError`].
    pub fn decode(packet: &[u8], room: &'a mut View) -> Result<Self, PacketError> {
        let mut from = begin(packet)?;
        let kind = from.u8()?;
        let message = match kind {
            HELLO => Self::Hello {
                node: NodeId::read(&mut from)?,
                build: from.array()?,
                nonce: from.u64()?,
            },
            REPORT => Self::Report {
                serial: from.u64()?,
                standing: read_standing(&mut from)?,
            },
            VIEW_IS => {
                read_view(&mut from, room)?;
                Self::ViewIs(room)
            }
            FENCE => {
                let request = from.u64()?;
                let (side, targets) = (read_set(&mut from)?, read_set(&mut from)?);
                read_view(&mut from, room)?;
                Self::Fence {
                    request,
                    view: room,
                    side,
                    targets,
                }
            }
            _ => return Err(PacketError::Malformed),
        };
        from.end()?;
        Ok(message)
    }
}

impl ToNode {
    /// Writes it to `room`; how many bytes it has.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], never with [`PACKET_BYTES_MAX`] bytes.
    pub fn encode(&self, room: &mut [u8]) -> Result<usize, NoRoom> {
        let mut out = Writer::new(room);
        out.u8(HOSTLINK_VERSION);
        match self {
            Self::Welcome(welcome) => write_welcome(welcome, out.u8(WELCOME)),
            Self::Roster(roster) => write_set(roster, out.u8(ROSTER)),
            Self::Death { instance, serial } => {
                write_instance(*instance, out.u8(DEATH));
                out.u64(*serial);
            }
            Self::Found { base } => {
                out.u8(FOUND).u32(base.0);
            }
            Self::FenceAnswer { request, verdict } => {
                let code = match verdict {
                    Verdict::Done => 0,
                    Verdict::Refused => 1,
                    Verdict::Busy => 2,
                };
                out.u8(FENCE_ANSWER).u64(*request).u8(code);
            }
        }
        out.finish()
    }

    /// Reads `packet`.
    ///
    /// # Errors
    ///
    /// [`PacketError`].
    pub fn decode(packet: &[u8]) -> Result<Self, PacketError> {
        let mut from = begin(packet)?;
        let kind = from.u8()?;
        let message = match kind {
            WELCOME => Self::Welcome(read_welcome(&mut from)?),
            ROSTER => Self::Roster(read_set(&mut from)?),
            DEATH => Self::Death {
                instance: read_instance(&mut from)?,
                serial: from.u64()?,
            },
            FOUND => Self::Found {
                base: Epoch(from.u32()?),
            },
            FENCE_ANSWER => Self::FenceAnswer {
                request: from.u64()?,
                verdict: match from.u8()? {
                    0 => Verdict::Done,
                    1 => Verdict::Refused,
                    2 => Verdict::Busy,
                    _ => return Err(PacketError::Malformed),
                },
            },
            _ => return Err(PacketError::Malformed),
        };
        from.end()?;
        Ok(message)
    }
}

fn begin(packet: &[u8]) -> Result<Reader<'_>, PacketError> {
    let mut from = Reader::new(packet);
    match from.u8()? {
        HOSTLINK_VERSION => Ok(from),
        other => Err(PacketError::Version(other)),
    }
}

fn read_standing(from: &mut Reader<'_>) -> Result<Standing, Malformed> {
    match (from.u8()?, Epoch(from.u32()?)) {
        (0, Epoch::NONE) => Ok(Standing::Outside),
        (1, epoch) => Ok(Standing::Member(epoch)),
        _ => Err(Malformed),
    }
}

fn write_welcome(welcome: &Welcome, out: &mut Writer<'_>) {
    out.u64(welcome.nonce);
    write_instance(welcome.me, out);
    out.bytes(&welcome.key);
    write_set(&welcome.roster, out);
    out.u8(match welcome.reach {
        Reach::OneHost => 0,
        Reach::SeveralHosts => 1,
    });
    out.u64(welcome.serial);
}

fn read_welcome(from: &mut Reader<'_>) -> Result<Welcome, Malformed> {
    Ok(Welcome {
        nonce: from.u64()?,
        me: read_instance(from)?,
        key: from.array()?,
        roster: read_set(from)?,
        reach: match from.u8()? {
            0 => Reach::OneHost,
            1 => Reach::SeveralHosts,
            _ => return Err(Malformed),
        },
        serial: from.u64()?,
    })
}

pub(crate) fn write_instance(instance: Instance, out: &mut Writer<'_>) {
    out.u16(u16::from(instance.node.get()))
        .u64(instance.incarnation.0);
}

pub(crate) fn read_instance(from: &mut Reader<'_>) -> Result<Instance, Malformed> {
    Ok(Instance::new(NodeId::read(from)?, Incarnation(from.u64()?)))
}

/// A set as the words of its bitmap.
pub(crate) fn write_set(set: &NodeSet, out: &mut Writer<'_>) {
    for word in set.words() {
        out.u64(*word);
    }
}

pub(crate) fn read_set(from: &mut Reader<'_>) -> Result<NodeSet, Malformed> {
    let mut words = [0; NODE_SET_WORDS];
    for word in &mut words {
        *word = from.u64()?;
    }
    let set = NodeSet::from_words(words);
    // A bit of a node there cannot be is no set of nodes.
    (set.words() == &words).then_some(set).ok_or(Malformed)
}

/// A view as its number, its coordinator and the nodes that were ever up.
pub(crate) fn write_view(view: &View, out: &mut Writer<'_>) {
    out.u32(view.epoch.0);
    NodeId::write_maybe(view.coordinator, out);
    let known = || NodeId::all().filter(|&node| view.entry(node).state != NodeState::NeverUp);
    out.u16(known().count().try_into().unwrap_or(u16::MAX));
    for node in known() {
        let entry = view.entry(node);
        out.u16(u16::from(node.get()))
            .u8(entry.state.code())
            .u64(entry.incarnation.0);
    }
}

/// Reads what [`write_view`] wrote.
pub(crate) fn read_view(from: &mut Reader<'_>, view: &mut View) -> Result<(), Malformed> {
    *view = View::EMPTY;
    view.epoch = Epoch(from.u32()?);
    view.coordinator = NodeId::read_maybe(from)?;
    let count = usize::from(from.u16()?);
    if count >= NODES_LEN {
        return Err(Malformed);
    }
    let mut last = None;
    for _ in 0..count {
        let node = NodeId::read(from)?;
        let state = NodeState::from_code(from.u8()?).ok_or(Malformed)?;
        let incarnation = Incarnation(from.u64()?);
        // Strictly in order, so that a view has one form only.
        if last >= Some(node) || state == NodeState::NeverUp {
            return Err(Malformed);
        }
        last = Some(node);
        view.set(node, Entry { state, incarnation });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeNumber;

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn full_view() -> View {
        let mut view = View::EMPTY;
        view.epoch = Epoch(9);
        view.coordinator = Some(node(3));
        let states = NodeState::ALL.into_iter().skip(1).cycle();
        for (node, state) in NodeId::all().zip(states) {
            let incarnation = Incarnation(u64::from(node.get()));
            view.set(node, Entry { state, incarnation });
        }
        view
    }

    fn from_node(view: &View) -> Vec<FromNode<'_>> {
        vec![
            FromNode::Hello {
                node: node(7),
                build: [3; BUILD_BYTES],
                nonce: 11,
            },
            FromNode::Report {
                serial: 5,
                standing: Standing::Outside,
            },
            FromNode::Report {
                serial: 6,
                standing: Standing::Member(Epoch(2)),
            },
            FromNode::ViewIs(view),
            FromNode::Fence {
                request: 1,
                view,
                side: NodeSet::only(node(1)),
                targets: NodeSet::only(node(2)),
            },
        ]
    }

    fn to_node() -> Vec<ToNode> {
        vec![
            ToNode::Welcome(Welcome {
                nonce: 12,
                me: Instance::new(node(2), Incarnation(8)),
                key: [9; KEY_BYTES],
                roster: NodeId::all().collect(),
                reach: Reach::OneHost,
                serial: 4,
            }),
            ToNode::Roster(NodeSet::only(node(63))),
            ToNode::Death {
                instance: Instance::new(node(2), Incarnation(8)),
                serial: 4,
            },
            ToNode::Found { base: Epoch(7) },
            ToNode::FenceAnswer {
                request: 3,
                verdict: Verdict::Busy,
            },
        ]
    }

    #[test]
    fn every_packet_comes_back_from_its_bytes() {
        let view = full_view();
        let mut room = [0; PACKET_BYTES_MAX];
        for message in from_node(&view) {
            let len = message.encode(&mut room).unwrap();
            let mut scratch = View::EMPTY;
            assert_eq!(FromNode::decode(&room[..len], &mut scratch), Ok(message));
        }
        for message in to_node() {
            let len = message.encode(&mut room).unwrap();
            assert_eq!(ToNode::decode(&room[..len]), Ok(message));
        }
    }

    #[test]
    fn no_other_length_is_a_packet() {
        let view = full_view();
        let mut room = [0; PACKET_BYTES_MAX];
        for message in from_node(&view) {
            let len = message.encode(&mut room).unwrap();
            for wrong in (0..len)
                .chain(len..=len.saturating_add(1))
                .filter(|wrong| *wrong != len)
            {
                let mut scratch = View::EMPTY;
                let read = FromNode::decode(&room[..wrong], &mut scratch);
                assert_eq!(read, Err(PacketError::Malformed), "{message:?}");
            }
        }
        for message in to_node() {
            let len = message.encode(&mut room).unwrap();
            for wrong in (0..len)
                .chain(len..=len.saturating_add(1))
                .filter(|wrong| *wrong != len)
            {
                let read = ToNode::decode(&room[..wrong]);
                assert_eq!(read, Err(PacketError::Malformed), "{message:?}");
            }
        }
    }

    #[test]
    fn another_version_is_named() {
        let read = ToNode::decode(&[2, ROSTER, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(read, Err(PacketError::Version(2)));
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!("{:?}", to_node()[0]);
        assert!(!shown.contains('9'), "{shown}");
    }
}
