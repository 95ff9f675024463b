// SPDX-License-Identifier: GPL-2.0

//! Lives, deaths and fences.
//!
//! [`Arbiter`] of `ssi_core` decides who lives, who founds the cluster and who may be
//! killed for whom. This file feeds it what the kernels say and what has died, keeps
//! what it wants done until somebody does it, and remembers what the members say the
//! cluster is.
//!
//! A kernel that talks nonsense is told in the log, a few times in a life, and
//! otherwise ignored.

use std::collections::{
    BTreeMap,
    VecDeque, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::rand::{
    getrandom,
    GetRandomFlags, //
};
use ssi_core::{
    clms::arbiter::{
        Arbiter,
        ArbiterEvent,
        ArbiterOutput,
        ArbiterReject, //
    },
    hostlink::{
        FromNode,
        Reach,
        Standing,
        ToNode,
        KEY_BYTES,
        PACKET_BYTES_MAX, //
    },
    ids::{
        Incarnation,
        Instance,
        NodeId, //
    },
    view::View,
};

use super::{
    host_link::Packet,
    views::Views, //
};
use crate::{
    limits::{
        GRUMBLES_PER_LIFE_MAX,
        HELLOS_PER_PROCESS_MAX, //
    },
    oddity::Oddity, //
};

/// What the supervisor has to do.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Send this to the kernel of a node.
    Send(NodeId, Vec<u8>),
    /// Kill a node, for another.
    Kill {
        /// Which life is to end.
        target: Instance,
        /// Who asked for it.
        asker: Instance,
    },
    /// Kill a node whose kernel begins one life after the other.
    Restrain(NodeId),
}

/// Whether a node may still ask for the death of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pleas {
    /// It may.
    Heard,
    /// It is dead or dying itself.
    Dropped,
}

/// Lives, deaths and fences.
pub(crate) struct Warden {
    arbiter: Arbiter,
    views: Views,
    acts: VecDeque<Act>,
    /// What was wrong with packets of each node, in its present life.
    grumbles: BTreeMap<NodeId, usize>,
    /// Lives of each node in its present process.
    hellos: BTreeMap<NodeId, usize>,
}

impl Warden {
    /// A warden of nobody, with a new key.
    ///
    /// # Errors
    ///
    /// The host has no random bytes.
    pub(crate) fn new() -> Result<Self> {
        let mut key = [0; KEY_BYTES];
        getrandom(&mut key[..], GetRandomFlags::empty()).context("cannot draw a cluster key")?;
        Ok(Self::with_key(key))
    }

    fn with_key(key: [u8; KEY_BYTES]) -> Self {
        Self {
            arbiter: Arbiter::new(key, Reach::OneHost),
            views: Views::default(),
            acts: VecDeque::new(),
            grumbles: BTreeMap::new(),
            hellos: BTreeMap::new(),
        }
    }

    /// Takes what the kernel of node `id` says.
    pub(crate) fn hear(&mut self, id: NodeId, packet: &Packet, pleas: Pleas, oddity: &Oddity) {
        let Packet::Whole(bytes) = packet else {
            return self.grumble(id, "a packet that is too long");
        };
        let mut room = View::EMPTY;
        match FromNode::decode(bytes, &mut room) {
            // Others look for it from now on, just when it begins to look for them.
            Ok(FromNode::Hello { node, .. }) if node == id => {
                // Each costs all others a packet.
                let hellos = self.hellos.entry(id).or_default();
                *hellos += 1;
                if *hellos > HELLOS_PER_PROCESS_MAX {
                    return self.acts.push_back(Act::Restrain(id));
                }
                self.grumbles.remove(&id);
                self.views.forget(id);
                self.step(ArbiterEvent::Enroll(id), id, oddity);
            }
            Ok(FromNode::Fence { .. }) if pleas == Pleas::Dropped => return,
            // The arbiter sees the same and says what is wrong.
            Ok(_) | Err(_) => {}
        }
        self.step(ArbiterEvent::Packet { node: id, bytes }, id, oddity);
        let standing = self.arbiter.standing(id);
        let epoch = standing.and_then(|standing| match standing {
            Standing::Outside => None,
            Standing::Member(epoch) => Some(epoch),
        });
        self.views.stand(id, epoch);
    }

    /// The processes of node `id` are reaped.
    pub(crate) fn bury(&mut self, id: NodeId) {
        self.views.forget(id);
        self.grumbles.remove(&id);
        self.hellos.remove(&id);
        let oddity = Oddity::default();
        // One that never said hello has nothing to end.
        if self.arbiter.living(id).is_some() {
            self.step(ArbiterEvent::Exited(id), id, &oddity);
        }
        self.step(ArbiterEvent::Withdraw(id), id, &oddity);
    }

    /// The next thing that is to be done.
    pub(crate) fn take_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// What the members say the cluster is.
    pub(crate) fn views(&self) -> &Views {
        &self.views
    }

    /// The life node `id` lives, if its kernel has said hello.
    pub(crate) fn life(&self, id: NodeId) -> Option<Incarnation> {
        self.arbiter.living(id).map(|instance| instance.incarnation)
    }

    /// The lives of those of `ids` that have one.
    pub(crate) fn lives(&self, ids: &[NodeId]) -> BTreeMap<NodeId, Incarnation> {
        let life = |id: &NodeId| Some((*id, self.life(*id)?));
        ids.iter().filter_map(life).collect()
    }

    fn step(&mut self, event: ArbiterEvent<'_>, id: NodeId, oddity: &Oddity) {
        let (acts, views) = (&mut self.acts, &mut self.views);
        let mut refused = None;
        let mut out = |output: ArbiterOutput<'_>| match output {
            ArbiterOutput::Send { node, message } => {
                acts.extend(packet_of(message, oddity).map(|packet| Act::Send(node, packet)));
            }
            ArbiterOutput::Fence { target, asker } => acts.push_back(Act::Kill { target, asker }),
            ArbiterOutput::View { teller, view } => views.tell(teller.node, view),
            ArbiterOutput::Refused { side, .. } => refused = Some(side),
        };
        let done = self.arbiter.step(event, &mut out);
        if let Some(side) = refused {
            self.grumble(id, &format!("a fence for {side}, who are too few"));
        }
        if let Err(reject) = done {
            self.grumble(id, &words(reject));
        }
    }

    fn grumble(&mut self, id: NodeId, what: &str) {
        let count = self.grumbles.entry(id).or_default();
        *count += 1;
        match *count {
            ..GRUMBLES_PER_LIFE_MAX => say!("node {id}: its kernel sent {what}; ignored"),
            GRUMBLES_PER_LIFE_MAX => say!("node {id}: its kernel sent {what}; no more is told"),
            _ => {}
        }
    }
}

/// The packet for a node with `oddity`, which only a welcome can show: it goes to the
/// one that has just spoken.
fn packet_of(mut message: ToNode, oddity: &Oddity) -> Option<Vec<u8>> {
    if let ToNode::Welcome(welcome) = &mut message {
        welcome.key = oddity.key(welcome.key);
    }
    let mut room = [0; PACKET_BYTES_MAX];
    // There is room for every message.
    let len = message.encode(&mut room).ok()?;
    room.get(..len).map(<[u8]>::to_vec)
}

fn words(reject: ArbiterReject) -> String {
    match reject {
        ArbiterReject::Packet(error) => format!("what cannot be read: {error}"),
        ArbiterReject::WrongNode => "another node's number".to_owned(),
        ArbiterReject::NotEnrolled => "a hello nobody expects".to_owned(),
        ArbiterReject::NotLiving => "something before its hello".to_owned(),
        ArbiterReject::Contradiction => "what cannot be so".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oddity::Fault;
    use ssi_core::{
        hostlink::BUILD_BYTES,
        ids::Epoch,
        node_set::NodeSet,
        view::{
            Entry,
            NodeState, //
        },
    };

    fn node(number: u8) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn says(warden: &mut Warden, number: u8, message: &FromNode<'_>) {
        let mut room = [0; PACKET_BYTES_MAX];
        let len = message.encode(&mut room).unwrap();
        let packet = Packet::Whole(room[..len].to_vec());
        warden.hear(node(number), &packet, Pleas::Heard, &Oddity::default());
    }

    fn hello(number: u8) -> FromNode<'static> {
        FromNode::Hello {
            node: node(number),
            build: [1; BUILD_BYTES],
            nonce: 5,
        }
    }

    fn member(epoch: u32) -> FromNode<'static> {
        let standing = Standing::Member(Epoch(epoch));
        FromNode::Report {
            serial: 0,
            standing,
        }
    }

    fn sent(warden: &mut Warden) -> Vec<(u8, ToNode)> {
        let acts = std::iter::from_fn(|| warden.take_act());
        let sent = acts.filter_map(|act| match act {
            Act::Send(id, packet) => Some((id.get(), ToNode::decode(&packet).unwrap())),
            Act::Kill { .. } | Act::Restrain(_) => None,
        });
        sent.collect()
    }

    fn view(warden: &Warden, epoch: u32, members: &[u8]) -> View {
        let mut view = View::EMPTY;
        view.epoch = Epoch(epoch);
        view.coordinator = Some(node(members[0]));
        for number in members {
            let (state, incarnation) = (NodeState::Up, warden.life(node(*number)).unwrap());
            view.set(node(*number), Entry { state, incarnation });
        }
        view
    }

    /// A cluster of three in view 1.
    fn three() -> (Warden, View) {
        let mut warden = Warden::with_key([7; KEY_BYTES]);
        (1..=3).for_each(|number| says(&mut warden, number, &hello(number)));
        let all = view(&warden, 1, &[1, 2, 3]);
        (1..=3).for_each(|number| says(&mut warden, number, &member(1)));
        (1..=3).for_each(|number| says(&mut warden, number, &FromNode::ViewIs(&all)));
        sent(&mut warden);
        (warden, all)
    }

    fn plea(view: &View, side: u8, target: u8) -> FromNode<'_> {
        FromNode::Fence {
            request: 1,
            view,
            side: view
                .members()
                .without(node(target))
                .union(&NodeSet::only(node(side))),
            targets: NodeSet::only(node(target)),
        }
    }

    #[test]
    fn a_hello_begins_a_life_with_the_key() {
        let mut warden = Warden::with_key([7; KEY_BYTES]);
        says(&mut warden, 1, &hello(1));
        let sent = sent(&mut warden);
        let [(1, ToNode::Welcome(welcome))] = &sent[..] else {
            panic!("{sent:?}");
        };
        assert_eq!(
            (welcome.key, welcome.roster),
            ([7; 32], NodeSet::only(node(1)))
        );
        assert_eq!(warden.life(node(1)), Some(welcome.me.incarnation));
    }

    #[test]
    fn a_node_that_is_to_be_wrong_gets_another_key() {
        let mut warden = Warden::with_key([7; KEY_BYTES]);
        says(&mut warden, 1, &hello(1));
        sent(&mut warden);
        let oddity = Oddity {
            fault: Some(Fault::WrongKey),
            ..Oddity::default()
        };
        let mut room = [0; PACKET_BYTES_MAX];
        let len = hello(2).encode(&mut room).unwrap();
        let packet = Packet::Whole(room[..len].to_vec());
        warden.hear(node(2), &packet, Pleas::Heard, &oddity);
        let sent = sent(&mut warden);
        let keys = sent.iter().filter_map(|(_, message)| match message {
            ToNode::Welcome(welcome) => Some(welcome.key),
            _ => None,
        });
        assert_eq!(keys.collect::<Vec<_>>(), [[!7; 32]]);
    }

    #[test]
    fn a_death_is_told_to_the_others_and_ends_a_view() {
        let (mut warden, _) = three();
        let life = warden.life(node(3)).unwrap();
        assert_eq!(warden.views().shared()[0].nodes.to_string(), "1-3");
        warden.bury(node(3));
        let deaths = sent(&mut warden)
            .into_iter()
            .filter_map(|(id, message)| match message {
                ToNode::Death { instance, .. } => Some((id, instance)),
                _ => None,
            });
        let dead = Instance::new(node(3), life);
        assert_eq!(deaths.collect::<Vec<_>>(), [(1, dead), (2, dead)]);
        assert_eq!(warden.views().shared()[0].nodes.to_string(), "1-2");
        assert_eq!(warden.life(node(3)), None);
        says(&mut warden, 3, &hello(3));
        assert!(warden.life(node(3)) > Some(life));
        assert_eq!(warden.views().shared().len(), 1, "it is outside");
    }

    #[test]
    fn a_majority_has_a_node_killed_and_a_dying_node_nobody() {
        let (mut warden, all) = three();
        let mut room = [0; PACKET_BYTES_MAX];
        let len = plea(&all, 1, 2).encode(&mut room).unwrap();
        let packet = Packet::Whole(room[..len].to_vec());
        warden.hear(node(1), &packet, Pleas::Dropped, &Oddity::default());
        assert!(warden.take_act().is_none());
        says(&mut warden, 1, &plea(&all, 1, 3));
        let act = warden.take_act();
        let (target, asker) = (all.member(node(3)).unwrap(), all.member(node(1)).unwrap());
        assert!(act == Some(Act::Kill { target, asker }));
        warden.bury(node(3));
        let answers = sent(&mut warden)
            .into_iter()
            .filter(|(id, message)| *id == 1 && matches!(message, ToNode::FenceAnswer { .. }));
        assert_eq!(answers.count(), 1);
    }

    #[test]
    fn nonsense_changes_nothing() {
        let (mut warden, _) = three();
        let nonsense = [
            Packet::TooLong,
            Packet::Whole(Vec::new()),
            Packet::Whole(vec![0xff; 4096]),
            Packet::Whole(vec![1, 1]),
        ];
        for packet in nonsense.iter().cycle().take(1000) {
            warden.hear(node(2), packet, Pleas::Heard, &Oddity::default());
        }
        says(&mut warden, 2, &hello(1));
        assert!(warden.take_act().is_none());
        assert_eq!(warden.views().shared()[0].nodes.to_string(), "1-3");
    }

    #[test]
    fn a_kernel_that_begins_life_after_life_is_restrained() {
        let (mut warden, _) = three();
        for _ in 1..HELLOS_PER_PROCESS_MAX {
            says(&mut warden, 2, &hello(2));
        }
        let restrained = |act: Act| act == Act::Restrain(node(2));
        assert!(!std::iter::from_fn(|| warden.take_act()).any(restrained));
        let life = warden.life(node(2));
        says(&mut warden, 2, &hello(2));
        assert!(warden.take_act().is_some_and(restrained));
        assert_eq!(warden.life(node(2)), life, "no one else hears of it");
        warden.bury(node(2));
        sent(&mut warden);
        says(&mut warden, 2, &hello(2));
        assert!(warden.life(node(2)) > life, "a new process begins anew");
    }

    proptest::proptest! {
        #[test]
        fn no_packet_is_trusted(
            packets in proptest::collection::vec(
                (1_u8..=3, 0_u8..=24, proptest::collection::vec(proptest::num::u8::ANY, 0..200)),
                0..50,
            )
        ) {
            let (mut warden, _) = three();
            for (number, kind, rest) in packets {
                let bytes = [&[1, kind][..], &rest].concat();
                let packet = Packet::Whole(bytes);
                warden.hear(node(number), &packet, Pleas::Heard, &Oddity::default());
            }
            sent(&mut warden);
        }
    }

    #[test]
    fn one_that_never_spoke_is_buried_in_silence() {
        let (mut warden, _) = three();
        warden.bury(node(4));
        assert!(warden.take_act().is_none());
    }
}
