// SPDX-License-Identifier: GPL-2.0

//! Messages between the nodes' machines.
//!
//! Little endian; the first byte is [`MESSAGE_VERSION`], the second the kind.
//!
//! | kind | from, to | says |
//! | --- | --- | --- |
//! | Status | anyone, a new link | where I stand |
//! | Join | outsider, leader | I want in |
//! | History, Admit | leader, joiner | what happened so far; you are in |
//! | Prepare, Prepared | leader, member | accept this step; accepted |
//! | Refused | member, proposer | I have promised more, or am elsewhere |
//! | Commit | leader, member | this step is taken |
//! | Done | member, leader | my subsystems have taken the view in |
//! | Poll, Vote | member, member | is the leader gone?; for me it is |
//! | Elect, Promise | candidate, member | follow me; I do |
//! | ShutDown | member, leader | that node is to shut down |
//! | Leave | member, members | I am about to end |

use super::{
    ballot::{
        Ballot,
        Step, //
    },
    facts::Facts,
    history::History,
    membership::Membership,
    proposal::Proposal,
    transition::{
        TransId,
        Transition,
        TRANSITION_BYTES, //
    },
};
use crate::{
    hostlink::{
        read_instance,
        read_set,
        write_instance,
        write_set, //
    },
    ids::{
        Epoch,
        Instance,
        NodeId, //
    },
    node_set::NodeSet,
    wire::{
        Malformed,
        NoRoom,
        Reader,
        Writer, //
    },
};

/// Version of this protocol, the first byte of every message.
pub const MESSAGE_VERSION: u8 = 1;

/// Longest message, in bytes.
#[cfg(not(feature = "wide"))]
pub const MESSAGE_BYTES_MAX: usize = 3900;
/// Longest message of a simulated cluster, in bytes.
#[cfg(feature = "wide")]
pub const MESSAGE_BYTES_MAX: usize = 32768;

/// Most transitions of one message.
const CHUNK_MAX: usize = 100;

/// A message; what is large lies elsewhere.
#[derive(Clone)]
pub(super) enum Message<'a> {
    Status(Status),
    Join {
        facts: Facts,
        links: NodeSet,
    },
    History(Chunk<'a>),
    Admit {
        ballot: Ballot,
        state: &'a Membership,
        next: TransId,
        last: &'a Proposal,
    },
    Prepare {
        ballot: Ballot,
        proposal: &'a Proposal,
    },
    Prepared {
        ballot: Ballot,
    },
    Refused {
        promised: Ballot,
        step: Step,
    },
    Commit {
        proposal: &'a Proposal,
    },
    Done {
        epoch: Epoch,
    },
    Poll {
        step: Step,
    },
    Vote {
        step: Step,
    },
    Elect {
        ballot: Ballot,
        step: Step,
    },
    Promise {
        ballot: Ballot,
        step: Step,
        barrier: BarrierMark,
    },
    ShutDown(Instance),
    Leave,
}

/// Where a node says it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Outside,
    Member {
        epoch: Epoch,
        leader: Option<NodeId>,
        members: NodeSet,
    },
}

/// Whether the sender's subsystems have taken its view in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BarrierMark {
    Running,
    Done,
}

/// Some transitions, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    /// The receiver forgets what it has and begins with this number.
    pub(super) restart: Option<TransId>,
    transitions: &'a [u8],
}

impl Chunk<'_> {
    pub(super) fn transitions(&self) -> impl Iterator<Item = Result<Transition, Malformed>> + '_ {
        self.transitions
            .chunks(TRANSITION_BYTES)
            .map(|bytes| Transition::read(&mut Reader::new(bytes)))
    }
}

/// Where the large parts of a message are read to.
#[derive(Clone)]
pub(super) struct Room {
    state: Membership,
    proposal: Proposal,
}

impl Room {
    pub(super) const NEW: Self = Self {
        state: Membership::NONE,
        proposal: Proposal::NONE,
    };
}

const STATUS: u8 = 1;
const JOIN: u8 = 2;
const HISTORY: u8 = 3;
const ADMIT: u8 = 4;
const PREPARE: u8 = 5;
const PREPARED: u8 = 6;
const REFUSED: u8 = 7;
const COMMIT: u8 = 8;
const DONE: u8 = 9;
const POLL: u8 = 10;
const VOTE: u8 = 11;
const ELECT: u8 = 12;
const PROMISE: u8 = 13;
const SHUT_DOWN: u8 = 14;
const LEAVE: u8 = 15;

impl<'a> Message<'a> {
    /// Writes it to `room`; how many bytes it has.
    pub(super) fn encode(&self, room: &mut [u8]) -> Result<usize, NoRoom> {
        let mut out = Writer::new(room);
        out.u8(MESSAGE_VERSION).u8(self.kind());
        match self {
            Self::Status(status) => status.write(&mut out),
            Self::Join { facts, links } => {
                facts.write(&mut out);
                write_set(links, &mut out);
            }
            Self::History(chunk) => {
                write_restart(chunk.restart, &mut out);
                out.bytes(chunk.transitions);
            }
            Self::Admit {
                ballot,
                state,
                next,
                last,
            } => {
                ballot.write(&mut out);
                out.u64(next.0);
                state.write(&mut out);
                last.write(&mut out);
            }
            Self::Prepare { ballot, proposal } => {
                ballot.write(&mut out);
                proposal.write(&mut out);
            }
            Self::Prepared { ballot } => ballot.write(&mut out),
            Self::Refused { promised, step } => {
                promised.write(&mut out);
                out.u64(step.0);
            }
            Self::Commit { proposal } => proposal.write(&mut out),
            Self::Done { epoch } => {
                out.u32(epoch.0);
            }
            Self::Poll { step } | Self::Vote { step } => {
                out.u64(step.0);
            }
            Self::Elect { ballot, step } => {
                ballot.write(&mut out);
                out.u64(step.0);
            }
            Self::Promise {
                ballot,
                step,
                barrier,
            } => {
                ballot.write(&mut out);
                out.u64(step.0).u8(barrier.code());
            }
            Self::ShutDown(instance) => write_instance(*instance, &mut out),
            Self::Leave => {}
        }
        out.finish()
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Status(_) => STATUS,
            Self::Join { .. } => JOIN,
            Self::History(_) => HISTORY,
            Self::Admit { .. } => ADMIT,
            Self::Prepare { .. } => PREPARE,
            Self::Prepared { .. } => PREPARED,
            Self::Refused { .. } => REFUSED,
            Self::Commit { .. } => COMMIT,
            Self::Done { .. } => DONE,
            Self::Poll { .. } => POLL,
            Self::Vote { .. } => VOTE,
            Self::Elect { .. } => ELECT,
            Self::Promise { .. } => PROMISE,
            Self::ShutDown(_) => SHUT_DOWN,
            Self::Leave => LEAVE,
        }
    }

    /// Reads `body`; its large parts come to lie in `room`.
    pub(super) fn decode(body: &'a [u8], room: &'a mut Room) -> Result<Self, Malformed> {
        let mut from = Reader::new(body);
        if from.u8()? != MESSAGE_VERSION {
            return Err(Malformed);
        }
        let kind = from.u8()?;
        let message = match kind {
            STATUS => Self::Status(Status::read(&mut from)?),
            JOIN => Self::Join {
                facts: Facts::read(&mut from)?,
                links: read_set(&mut from)?,
            },
            HISTORY => return read_chunk(from),
            ADMIT => read_admit(&mut from, room)?,
            PREPARE => {
                let ballot = Ballot::read(&mut from)?;
                let proposal = read_proposal(&mut from, room)?;
                Self::Prepare { ballot, proposal }
            }
            PREPARED => Self::Prepared {
                ballot: Ballot::read(&mut from)?,
            },
            REFUSED => Self::Refused {
                promised: Ballot::read(&mut from)?,
                step: Step(from.u64()?),
            },
            COMMIT => Self::Commit {
                proposal: read_proposal(&mut from, room)?,
            },
            DONE => Self::Done {
                epoch: Epoch(from.u32()?),
            },
            POLL => Self::Poll {
                step: Step(from.u64()?),
            },
            VOTE => Self::Vote {
                step: Step(from.u64()?),
            },
            ELECT => Self::Elect {
                ballot: Ballot::read(&mut from)?,
                step: Step(from.u64()?),
            },
            PROMISE => Self::Promise {
                ballot: Ballot::read(&mut from)?,
                step: Step(from.u64()?),
                barrier: BarrierMark::from_code(from.u8()?)?,
            },
            SHUT_DOWN => Self::ShutDown(read_instance(&mut from)?),
            LEAVE => Self::Leave,
            _ => return Err(Malformed),
        };
        from.end()?;
        Ok(message)
    }
}

/// Writes as many of the kept transitions from `first` on as go in one message;
/// its length and the number behind the last one.
pub(super) fn encode_history(
    history: &History,
    first: TransId,
    room: &mut [u8],
) -> Result<(usize, TransId), NoRoom> {
    let mut out = Writer::new(room);
    out.u8(MESSAGE_VERSION).u8(HISTORY);
    let is_first = first == history.first_id();
    write_restart(is_first.then_some(first), &mut out);
    let mut next = first;
    for transition in history.since(first).take(CHUNK_MAX) {
        transition.write(&mut out);
        next = transition.id.next();
    }
    Ok((out.finish()?, next))
}

fn write_restart(restart: Option<TransId>, out: &mut Writer<'_>) {
    out.u64(restart.map_or(0, |id| id.0));
}

fn read_chunk(mut from: Reader<'_>) -> Result<Message<'_>, Malformed> {
    let restart = match from.u64()? {
        0 => None,
        id => Some(TransId(id)),
    };
    let transitions = from.rest();
    let chunk = Chunk {
        restart,
        transitions,
    };
    for transition in chunk.transitions() {
        transition?;
    }
    let is_whole = transitions.len().checked_rem(TRANSITION_BYTES) == Some(0);
    is_whole.then_some(Message::History(chunk)).ok_or(Malformed)
}

fn read_proposal<'a>(from: &mut Reader<'_>, room: &'a mut Room) -> Result<&'a Proposal, Malformed> {
    room.proposal.read(from)?;
    Ok(&room.proposal)
}

fn read_admit<'a>(from: &mut Reader<'_>, room: &'a mut Room) -> Result<Message<'a>, Malformed> {
    let ballot = Ballot::read(from)?;
    let next = TransId(from.u64()?);
    room.state.read(from)?;
    room.proposal.read(from)?;
    Ok(Message::Admit {
        ballot,
        state: &room.state,
        next,
        last: &room.proposal,
    })
}

impl BarrierMark {
    const fn code(self) -> u8 {
        match self {
            Self::Running => 0,
            Self::Done => 1,
        }
    }

    const fn from_code(code: u8) -> Result<Self, Malformed> {
        match code {
            0 => Ok(Self::Running),
            1 => Ok(Self::Done),
            _ => Err(Malformed),
        }
    }
}

impl Status {
    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Outside => {
                out.u8(0);
            }
            Self::Member {
                epoch,
                leader,
                members,
            } => {
                out.u8(1).u32(epoch.0);
                NodeId::write_maybe(*leader, out);
                write_set(members, out);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        match from.u8()? {
            0 => Ok(Self::Outside),
            1 => Ok(Self::Member {
                epoch: Epoch(from.u32()?),
                leader: NodeId::read_maybe(from)?,
                members: read_set(from)?,
            }),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clms::{
            history::Happening,
            proposal::{
                Change,
                Kind, //
            },
            transition::Cause,
        },
        ids::Incarnation,
        view::NodeState,
    };

    /// A cluster of all nodes there can be, with the longest of everything.
    fn full() -> (Box<Membership>, Box<Proposal>, Box<History>) {
        let mut state = Box::new(Membership::NONE);
        let mut proposal = Box::new(Proposal::NONE);
        let mut history = Box::new(History::EMPTY);
        let first = Instance::new(NodeId::new(1).unwrap(), Incarnation(u64::MAX));
        state.found(first, Facts::NONE, Epoch(8), 1, &mut history);
        let kind = Kind::View(first.node);
        proposal.begin(state.step.next(), state.view.epoch.next(), u64::MAX, kind);
        for node in NodeId::all().skip(1) {
            let facts = Facts {
                cpus: u16::MAX,
                memory_pages: u64::MAX,
            };
            proposal.set(node, Change::Join(Incarnation(u64::MAX), facts));
        }
        state.apply(&proposal, &mut history);
        (state, proposal, history)
    }

    fn encode(message: &Message<'_>) -> Vec<u8> {
        let mut room = vec![0; MESSAGE_BYTES_MAX];
        let len = message.encode(&mut room).unwrap();
        room.truncate(len);
        room
    }

    /// Every message, as large as it gets, comes back from its bytes and from no
    /// other length.
    #[test]
    fn every_message_comes_back_from_its_bytes() {
        let (state, proposal, _) = full();
        let node = NodeId::new(2).unwrap();
        let ballot = Ballot::above(Ballot::NONE, node);
        let step = Step(u64::MAX);
        let messages = [
            Message::Status(Status::Outside),
            Message::Status(Status::Member {
                epoch: Epoch(1),
                leader: Some(node),
                members: state.members,
            }),
            Message::Join {
                facts: Facts::NONE,
                links: state.members,
            },
            Message::Admit {
                ballot,
                state: &state,
                next: TransId(9),
                last: &proposal,
            },
            Message::Prepare {
                ballot,
                proposal: &proposal,
            },
            Message::Prepared { ballot },
            Message::Refused {
                promised: ballot,
                step,
            },
            Message::Commit {
                proposal: &proposal,
            },
            Message::Done { epoch: Epoch(4) },
            Message::Poll { step },
            Message::Vote { step },
            Message::Elect { ballot, step },
            Message::Promise {
                ballot,
                step,
                barrier: BarrierMark::Done,
            },
            Message::ShutDown(Instance::new(node, Incarnation(3))),
            Message::Leave,
        ];
        for message in messages {
            let bytes = encode(&message);
            let mut room = Box::new(Room::NEW);
            let read = Message::decode(&bytes, &mut room).unwrap();
            assert_eq!(encode(&read), bytes);
            for len in 0..bytes.len() {
                assert!(Message::decode(&bytes[..len], &mut room).is_err());
            }
            let longer = [&bytes[..], &[0]].concat();
            assert!(Message::decode(&longer, &mut room).is_err());
        }
    }

    #[test]
    fn the_whole_history_goes_in_chunks() {
        let (_, _, mut history) = full();
        let happening = Happening {
            epoch: Epoch(1),
            wall_us: 0,
            instance: Instance::new(NodeId::new(1).unwrap(), Incarnation(1)),
            from: NodeState::ComingUp,
            to: NodeState::Up,
            cause: Cause::SubsystemsDone,
        };
        for _ in 0..1500 {
            history.record(happening);
        }
        let mut copy = Box::new(History::EMPTY);
        let mut next = history.first_id();
        while next < history.next_id() {
            let mut room = vec![0; MESSAGE_BYTES_MAX];
            let (len, behind) = encode_history(&history, next, &mut room).unwrap();
            let mut large = Box::new(Room::NEW);
            let Ok(Message::History(chunk)) = Message::decode(&room[..len], &mut large) else {
                panic!("not a chunk");
            };
            if let Some(first) = chunk.restart {
                copy.restart(first);
            }
            assert!(chunk.transitions().all(|t| copy.adopt(t.unwrap())));
            next = behind;
        }
        assert_eq!(copy.next_id(), history.next_id());
        assert!(copy.since(TransId(0)).eq(history.since(TransId(0))));
    }
}
