// SPDX-License-Identifier: GPL-2.0

//! Supervisor's half of the membership.
//!
//! Gives the lives their numbers, reports every death to all, appoints the node
//! that founds the cluster, and executes fences one at a time.
//!
//! ```text
//!             Hello                       Report Member
//!   nothing --------> living, unknown ---------------------> member
//!      ^                 |  ^                                  |
//!      |   Report Outside|  | any death asks again             |
//!      |                 v  |                                  |
//!      |              living, outside -- Found --> founder --->+
//!      |  Exited, or Hello of the next life                    |
//!      +-------------------------------------------------------+
//! ```
//!
//! A founder is appointed when no living node is a member or founder and every
//! living node has reported itself outside after the last death. Such a node has
//! dropped its session with the dead, so nobody can still admit it.
//!
//! The driver gives every packet a life wrote before that life's
//! [`ArbiterEvent::Exited`]; then no view was installed whose epoch is unknown here.

use crate::{
    clms::quorum::Question,
    hostlink::{
        FromNode,
        PacketError,
        Reach,
        Standing,
        ToNode,
        Verdict,
        Welcome,
        KEY_BYTES, //
    },
    ids::{
        Epoch,
        Incarnation,
        Instance,
        NodeId,
        NODES_LEN, //
    },
    node_set::NodeSet,
    sink::Sink,
    view::View, //
};

/// What happens to the nodes.
#[derive(Clone, Copy, Debug)]
pub enum ArbiterEvent<'a> {
    /// There can be this node from now on.
    Enroll(NodeId),
    /// There can be this node no longer. It is not killed by this.
    Withdraw(NodeId),
    /// A packet from the kernel of `node`.
    Packet {
        /// Whose link it came over.
        node: NodeId,
        /// The packet.
        bytes: &'a [u8],
    },
    /// The process of this node's kernel is gone and reaped.
    Exited(NodeId),
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum ArbiterOutput<'a> {
    /// Send to the kernel of a node.
    Send {
        /// Over whose link.
        node: NodeId,
        /// What.
        message: ToNode,
    },
    /// Kill the kernel of this node, paused or not, and say
    /// [`ArbiterEvent::Exited`] when it is reaped.
    Fence {
        /// Which life of which node.
        target: Instance,
        /// Who asked for it.
        asker: Instance,
    },
    /// The coordinator has told the cluster's view.
    View {
        /// Who told it.
        teller: Instance,
        /// The view.
        view: &'a View,
    },
    /// A request to fence was refused.
    Refused {
        /// Who asked.
        asker: Instance,
        /// The side that was too small.
        side: NodeSet,
    },
}

/// Why an event had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArbiterReject {
    /// The packet cannot be read.
    Packet(PacketError),
    /// The kernel says it is another node than the one the link belongs to.
    WrongNode,
    /// The node is not enrolled.
    NotEnrolled,
    /// The node has no living kernel that has said Hello.
    NotLiving,
    /// The request does not fit what is known.
    Contradiction,
}

/// Epochs a report may be ahead of all before it: links are read in any order.
const EPOCHS_AHEAD_MAX: u32 = 1 << 10;

/// The supervisor's machine.
///
/// # Invariants
///
/// Incarnations and serial numbers only grow; no two lives share one.
#[derive(Clone)]
pub struct Arbiter {
    key: [u8; KEY_BYTES],
    reach: Reach,
    roster: NodeSet,
    lives: [Life; NODES_LEN],
    /// The last life of each node that is over.
    over: [Incarnation; NODES_LEN],
    last_incarnation: Incarnation,
    last_serial: u64,
    highest: Epoch,
    founder: Option<Instance>,
    fence: Option<Fence>,
}

/// What is known of a node's kernel.
#[derive(Clone, Copy, Debug, Default)]
struct Life {
    /// 0 when there is none.
    incarnation: Incarnation,
    /// Its last report; `None` before the first.
    report: Option<(u64, Standing)>,
    /// The last view it told, and the last of the epoch before.
    told: Option<Told>,
    told_before: Option<Told>,
}

/// A view somebody told.
#[derive(Clone, Copy, Debug)]
struct Told {
    epoch: Epoch,
    members: NodeSet,
    /// The last incarnation given by then: later lives are not meant.
    born: Incarnation,
}

/// The fence being executed.
#[derive(Clone, Copy, Debug)]
struct Fence {
    asker: Instance,
    request: u64,
    targets: NodeSet,
}

impl Arbiter {
    /// A supervisor of nobody yet.
    pub const fn new(key: [u8; KEY_BYTES], reach: Reach) -> Self {
        Self {
            key,
            reach,
            roster: NodeSet::EMPTY,
            lives: [Life {
                incarnation: Incarnation(0),
                report: None,
                told: None,
                told_before: None,
            }; NODES_LEN],
            over: [Incarnation(0); NODES_LEN],
            last_incarnation: Incarnation(0),
            last_serial: 0,
            highest: Epoch::NONE,
            founder: None,
            fence: None,
        }
    }

    /// Which nodes there can be.
    pub const fn roster(&self) -> &NodeSet {
        &self.roster
    }

    /// The living kernel of `node` that has said Hello.
    pub fn living(&self, node: NodeId) -> Option<Instance> {
        let life = self.life(node);
        let instance = Instance::new(node, life.incarnation);
        (life.incarnation != Incarnation(0)).then_some(instance)
    }

    /// Where `node` said it stands, `None` before it said so.
    pub fn standing(&self, node: NodeId) -> Option<Standing> {
        self.life(node).report.map(|(_, standing)| standing)
    }

    /// The highest epoch that was reported.
    pub const fn highest_epoch(&self) -> Epoch {
        self.highest
    }

    /// Takes one event.
    ///
    /// # Errors
    ///
    /// [`ArbiterReject`] when it had no effect.
    pub fn step(
        &mut self,
        event: ArbiterEvent<'_>,
        out: &mut ArbiterOut<'_>,
    ) -> Result<(), ArbiterReject> {
        match event {
            ArbiterEvent::Enroll(node) => self.change_roster(self.roster.with(node), out),
            ArbiterEvent::Withdraw(node) => self.change_roster(self.roster.without(node), out),
            ArbiterEvent::Packet { node, bytes } => self.packet(node, bytes, out)?,
            ArbiterEvent::Exited(node) => self.died(node, out)?,
        }
        self.appoint(out);
        Ok(())
    }

    fn change_roster(&mut self, roster: NodeSet, out: &mut ArbiterOut<'_>) {
        if roster == self.roster {
            return;
        }
        self.roster = roster;
        for node in self.all_living() {
            send(node, ToNode::Roster(roster), out);
        }
    }

    fn packet(
        &mut self,
        node: NodeId,
        bytes: &[u8],
        out: &mut ArbiterOut<'_>,
    ) -> Result<(), ArbiterReject> {
        let mut room = View::EMPTY;
        let message = FromNode::decode(bytes, &mut room).map_err(ArbiterReject::Packet)?;
        match message {
            FromNode::Hello { node: claimed, .. } if claimed != node => {
                Err(ArbiterReject::WrongNode)
            }
            FromNode::Hello { nonce, .. } => self.begin_life(node, nonce, out),
            FromNode::Report { serial, standing } => self.report(node, serial, standing),
            FromNode::ViewIs(view) => {
                let teller = self.living(node).ok_or(ArbiterReject::NotLiving)?;
                self.remember(teller, view);
                out.put(ArbiterOutput::View { teller, view });
                Ok(())
            }
            FromNode::Fence {
                request,
                view,
                side,
                targets,
            } => self.fence(
                node,
                request,
                Plea {
                    view,
                    side,
                    targets,
                },
                out,
            ),
        }
    }

    fn begin_life(
        &mut self,
        node: NodeId,
        nonce: u64,
        out: &mut ArbiterOut<'_>,
    ) -> Result<(), ArbiterReject> {
        if !self.roster.contains(node) {
            return Err(ArbiterReject::NotEnrolled);
        }
        if self.living(node).is_some() {
            // It booted again by exec: the process lives on, the kernel died.
            self.died(node, out)?;
        }
        // INVARIANT: Above all that were given.
        self.last_incarnation = Incarnation(self.last_incarnation.0.saturating_add(1));
        if let Some(life) = self.lives.get_mut(node.index()) {
            *life = Life {
                incarnation: self.last_incarnation,
                ..Life::default()
            };
        }
        let welcome = Welcome {
            nonce,
            me: Instance::new(node, self.last_incarnation),
            key: self.key,
            roster: self.roster,
            reach: self.reach,
            serial: self.last_serial,
        };
        send(node, ToNode::Welcome(welcome), out);
        self.tell_deaths(node, out);
        Ok(())
    }

    /// Tells a new life who is dead: it may be let into a view with members whose
    /// death was reported before it was born.
    fn tell_deaths(&self, to: NodeId, out: &mut ArbiterOut<'_>) {
        let serial = self.last_serial;
        for node in NodeId::all() {
            let incarnation = self.over.get(node.index()).copied().unwrap_or_default();
            if incarnation != Incarnation(0) && node != to {
                let instance = Instance::new(node, incarnation);
                send(to, ToNode::Death { instance, serial }, out);
            }
        }
    }

    fn report(
        &mut self,
        node: NodeId,
        serial: u64,
        standing: Standing,
    ) -> Result<(), ArbiterReject> {
        let instance = self.living(node).ok_or(ArbiterReject::NotLiving)?;
        let limit = Epoch(self.highest.0.saturating_add(EPOCHS_AHEAD_MAX));
        if matches!(standing, Standing::Member(epoch) if epoch > limit) {
            return Err(ArbiterReject::Contradiction);
        }
        let life = self
            .lives
            .get_mut(node.index())
            .ok_or(ArbiterReject::NotLiving)?;
        life.report = Some((serial, standing));
        if let Standing::Member(epoch) = standing {
            self.highest = self.highest.max(epoch);
            if self.founder == Some(instance) {
                self.founder = None;
            }
        }
        Ok(())
    }

    /// The kernel of `node` is dead: everybody hears of it.
    fn died(&mut self, node: NodeId, out: &mut ArbiterOut<'_>) -> Result<(), ArbiterReject> {
        let instance = self.living(node).ok_or(ArbiterReject::NotLiving)?;
        if let Some(life) = self.lives.get_mut(node.index()) {
            *life = Life::default();
        }
        if let Some(over) = self.over.get_mut(node.index()) {
            *over = instance.incarnation;
        }
        if self.founder == Some(instance) {
            self.founder = None;
        }
        // INVARIANT: Above all that were given.
        self.last_serial = self.last_serial.saturating_add(1);
        let serial = self.last_serial;
        for node in self.all_living() {
            send(node, ToNode::Death { instance, serial }, out);
        }
        self.fence_goes_on(node, out);
        Ok(())
    }

    fn fence(
        &mut self,
        node: NodeId,
        request: u64,
        plea: Plea<'_>,
        out: &mut ArbiterOut<'_>,
    ) -> Result<(), ArbiterReject> {
        let asker = self.living(node).ok_or(ArbiterReject::NotLiving)?;
        let is_sound = plea.view.has(asker)
            && plea.side.contains(node)
            && plea.side.is_subset(&plea.view.members())
            && plea.targets.is_subset(&plea.view.members())
            && plea.side.intersection(&plea.targets).is_empty();
        if !is_sound || !self.is_credible(asker, plea.view) {
            let verdict = Verdict::Refused;
            send(node, ToNode::FenceAnswer { request, verdict }, out);
            return Err(ArbiterReject::Contradiction);
        }
        let dead = self.dead_of(plea.view);
        // What the asker waits for may have been told when it could not hear it.
        let serial = self.last_serial;
        for instance in dead.iter().filter_map(|node| plea.view.member(node)) {
            send(node, ToNode::Death { instance, serial }, out);
        }
        let mut answer = |verdict| send(node, ToNode::FenceAnswer { request, verdict }, out);
        if self.fence.is_some() {
            answer(Verdict::Busy);
            return Ok(());
        }
        let targets = plea.targets.difference(&dead);
        if targets.is_empty() {
            answer(Verdict::Done);
            return Ok(());
        }
        let question = Question {
            members: plea.view.members(),
            dead,
            side: plea.side,
            coordinator: plea.view.coordinator,
        };
        if !question.licence().is_granted() {
            answer(Verdict::Refused);
            let side = plea.side;
            out.put(ArbiterOutput::Refused { asker, side });
            return Ok(());
        }
        self.fence = Some(Fence {
            asker,
            request,
            targets,
        });
        for target in targets.iter().filter_map(|node| plea.view.member(node)) {
            out.put(ArbiterOutput::Fence { target, asker });
        }
        Ok(())
    }

    fn remember(&mut self, teller: Instance, view: &View) {
        let told = Told {
            epoch: view.epoch,
            members: view.members(),
            born: self.last_incarnation,
        };
        if let Some(life) = self.lives.get_mut(teller.node.index()) {
            if life.told.is_some_and(|before| before.epoch != told.epoch) {
                life.told_before = life.told;
            }
            life.told = Some(told);
        }
    }

    /// Whether `view`, which `asker` says it has, can be: it has reported that epoch,
    /// and the view fits what one of the others has told, if any has.
    fn is_credible(&self, asker: Instance, view: &View) -> bool {
        if self.standing(asker.node) != Some(Standing::Member(view.epoch)) {
            return false;
        }
        let mut has_told = false;
        for node in self.all_living().without(asker.node) {
            let life = self.life(node);
            if let Some(told) = life.told {
                has_told = true;
                if self.follows(view, &told, life.told_before.as_ref()) {
                    return true;
                }
            }
        }
        !has_told
    }

    /// Whether `view` fits what one node has told: it is the same, or a later one that
    /// has lost only the dead, or the one before, if that was not told.
    fn follows(&self, view: &View, told: &Told, before: Option<&Told>) -> bool {
        match view.epoch.cmp(&told.epoch) {
            core::cmp::Ordering::Equal => view.members() == told.members,
            core::cmp::Ordering::Less => before.is_none_or(|before| {
                before.epoch == view.epoch && view.members() == before.members
            }),
            core::cmp::Ordering::Greater => told.members.iter().all(|node| {
                let living = self.living(node).filter(|it| it.incarnation <= told.born);
                living.is_none_or(|living| view.has(living))
            }),
        }
    }

    /// `node` is dead, as a fence may have wanted.
    fn fence_goes_on(&mut self, node: NodeId, out: &mut ArbiterOut<'_>) {
        let Some(fence) = self.fence.as_mut() else {
            return;
        };
        fence.targets.remove(node);
        if !fence.targets.is_empty() {
            return;
        }
        let (asker, request) = (fence.asker, fence.request);
        self.fence = None;
        if self.living(asker.node) == Some(asker) {
            let verdict = Verdict::Done;
            send(asker.node, ToNode::FenceAnswer { request, verdict }, out);
        }
    }

    /// Appoints a founder when it is safe to.
    fn appoint(&mut self, out: &mut ArbiterOut<'_>) {
        let living = self.all_living();
        let is_outside = |node: NodeId| {
            let report = self.life(node).report;
            report.is_some_and(|(serial, standing)| {
                standing == Standing::Outside && serial >= self.last_serial
            })
        };
        if self.founder.is_some() || !living.iter().all(is_outside) {
            return;
        }
        let Some(founder) = living.first().and_then(|node| self.living(node)) else {
            return;
        };
        self.founder = Some(founder);
        let base = self.highest;
        send(founder.node, ToNode::Found { base }, out);
    }

    /// Members of `view` whose life is over.
    fn dead_of(&self, view: &View) -> NodeSet {
        let is_over = |node: &NodeId| {
            let over = self.over.get(node.index()).copied().unwrap_or_default();
            view.member(*node)
                .is_some_and(|member| member.incarnation <= over)
        };
        view.members().iter().filter(is_over).collect()
    }

    fn all_living(&self) -> NodeSet {
        NodeId::all()
            .filter(|&node| self.living(node).is_some())
            .collect()
    }

    fn life(&self, node: NodeId) -> Life {
        self.lives.get(node.index()).copied().unwrap_or_default()
    }
}

/// Where the outputs of the arbiter go.
pub type ArbiterOut<'o> = dyn for<'a> Sink<ArbiterOutput<'a>> + 'o;

/// What a request to fence says.
struct Plea<'a> {
    view: &'a View,
    side: NodeSet,
    targets: NodeSet,
}

fn send(node: NodeId, message: ToNode, out: &mut ArbiterOut<'_>) {
    out.put(ArbiterOutput::Send { node, message });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hostlink::PACKET_BYTES_MAX,
        ids::NodeNumber,
        view::{
            Entry,
            NodeState, //
        },
    };

    /// What an arbiter wanted done, in words.
    struct Desk {
        arbiter: Arbiter,
        orders: Vec<String>,
    }

    fn node(number: NodeNumber) -> NodeId {
        NodeId::new(number).unwrap()
    }

    fn set(numbers: &[NodeNumber]) -> NodeSet {
        numbers.iter().map(|&number| node(number)).collect()
    }

    fn describe(output: ArbiterOutput<'_>) -> String {
        match output {
            ArbiterOutput::Send { node, message } => match message {
                ToNode::Welcome(welcome) => format!("{node}: you are {}", welcome.me),
                ToNode::Roster(roster) => format!("{node}: roster {roster}"),
                ToNode::Death { instance, serial } => format!("{node}: death {serial} {instance}"),
                ToNode::Found { base } => format!("{node}: found on {base}"),
                ToNode::FenceAnswer { request, verdict } => {
                    format!("{node}: {request} {verdict:?}")
                }
            },
            ArbiterOutput::Fence { target, asker } => format!("kill {target} for {asker}"),
            ArbiterOutput::View { teller, view } => format!("{teller} tells {view:?}"),
            ArbiterOutput::Refused { asker, side } => format!("refuse {asker} with {side}"),
        }
    }

    impl Desk {
        /// So many nodes that have said Hello and that they are outside.
        fn with(count: NodeNumber) -> Self {
            let mut desk = Self {
                arbiter: Arbiter::new([0; KEY_BYTES], Reach::OneHost),
                orders: Vec::new(),
            };
            for number in 1..=count {
                desk.step(ArbiterEvent::Enroll(node(number))).unwrap();
                desk.hello(number);
                desk.report(number, Standing::Outside);
            }
            desk.orders.clear();
            desk
        }

        fn step(&mut self, event: ArbiterEvent<'_>) -> Result<(), ArbiterReject> {
            let orders = &mut self.orders;
            let mut out = |output: ArbiterOutput<'_>| orders.push(describe(output));
            self.arbiter.step(event, &mut out)
        }

        fn say(&mut self, number: NodeNumber, message: &FromNode<'_>) -> Result<(), ArbiterReject> {
            let mut room = [0; PACKET_BYTES_MAX];
            let len = message.encode(&mut room).unwrap();
            let (node, bytes) = (node(number), &room[..len]);
            self.step(ArbiterEvent::Packet { node, bytes })
        }

        fn hello(&mut self, number: NodeNumber) {
            let hello = FromNode::Hello {
                node: node(number),
                build: [0; 32],
                nonce: 0,
            };
            self.say(number, &hello).unwrap();
        }

        fn report(&mut self, number: NodeNumber, standing: Standing) {
            let serial = self.arbiter.last_serial;
            self.say(number, &FromNode::Report { serial, standing })
                .unwrap();
        }

        fn exited(&mut self, number: NodeNumber) {
            self.step(ArbiterEvent::Exited(node(number))).unwrap();
        }

        fn taken(&mut self) -> Vec<String> {
            core::mem::take(&mut self.orders)
        }

        /// A view of the first so many nodes, who report it.
        fn view(&mut self, count: NodeNumber) -> View {
            let mut view = View::EMPTY;
            view.epoch = Epoch(2);
            view.coordinator = Some(node(1));
            for number in 1..=count {
                let incarnation = self.arbiter.living(node(number)).unwrap().incarnation;
                let state = NodeState::Up;
                view.set(node(number), Entry { state, incarnation });
                self.report(number, Standing::Member(view.epoch));
            }
            view
        }

        fn tell(&mut self, number: NodeNumber, view: &View) {
            self.say(number, &FromNode::ViewIs(view)).unwrap();
            self.taken();
        }

        fn plead(
            &mut self,
            number: NodeNumber,
            view: &View,
            side: &[NodeNumber],
            targets: &[NodeNumber],
        ) -> Result<(), ArbiterReject> {
            let fence = FromNode::Fence {
                request: 7,
                view,
                side: set(side),
                targets: set(targets),
            };
            self.say(number, &fence)
        }
    }

    #[test]
    fn one_node_founds_and_the_next_only_when_it_is_dead() {
        let desk = Desk::with(1);
        assert_eq!(desk.arbiter.founder, desk.arbiter.living(node(1)));
        let mut desk = Desk::with(3);
        desk.exited(1);
        desk.report(2, Standing::Outside);
        assert!(!desk.taken().iter().any(|order| order.contains("found")));
        desk.report(3, Standing::Outside);
        assert_eq!(desk.taken(), ["2: found on 0"]);
    }

    #[test]
    fn who_may_have_been_let_in_is_asked_first() {
        let mut desk = Desk::with(2);
        desk.report(1, Standing::Member(Epoch(5)));
        desk.exited(1);
        // It had said that it is outside before that death.
        assert_eq!(desk.taken(), ["2: death 1 1.1"]);
        desk.report(2, Standing::Member(Epoch(6)));
        assert!(desk.taken().is_empty());
        desk.exited(2);
        desk.hello(1);
        desk.report(1, Standing::Outside);
        let told = ["1: you are 1.3", "1: death 2 2.2", "1: found on 6"];
        assert_eq!(desk.taken(), told);
    }

    #[test]
    fn a_kernel_that_boots_again_is_another_life() {
        let mut desk = Desk::with(2);
        desk.hello(2);
        assert_eq!(desk.taken(), ["1: death 1 2.2", "2: you are 2.3"]);
    }

    #[test]
    fn a_fence_is_answered_when_all_targets_are_dead() {
        let mut desk = Desk::with(5);
        let view = desk.view(5);
        desk.plead(1, &view, &[1, 2, 3], &[4, 5]).unwrap();
        assert_eq!(desk.taken(), ["kill 4.4 for 1.1", "kill 5.5 for 1.1"]);
        desk.plead(4, &view, &[3, 4, 5], &[1, 2]).unwrap();
        assert_eq!(desk.taken(), ["4: 7 Busy"]);
        desk.exited(4);
        assert!(!desk.taken().iter().any(|order| order.contains("Done")));
        desk.exited(5);
        assert!(desk.taken().contains(&"1: 7 Done".into()));
        assert_eq!(
            desk.plead(4, &view, &[4], &[1]),
            Err(ArbiterReject::NotLiving)
        );
    }

    #[test]
    fn a_minority_is_refused_until_enough_are_dead() {
        let mut desk = Desk::with(5);
        let view = desk.view(5);
        desk.plead(1, &view, &[1, 2], &[3, 4, 5]).unwrap();
        assert_eq!(desk.taken(), ["1: 7 Refused", "refuse 1.1 with 1-2"]);
        desk.exited(4);
        desk.exited(5);
        desk.taken();
        desk.plead(1, &view, &[1, 2], &[3, 4, 5]).unwrap();
        let told = ["1: death 2 4.4", "1: death 2 5.5", "kill 3.3 for 1.1"];
        assert_eq!(desk.taken(), told);
    }

    #[test]
    fn a_new_life_is_told_who_died_before_it() {
        let mut desk = Desk::with(3);
        desk.exited(2);
        desk.hello(3);
        let told = desk.taken();
        assert!(told.ends_with(&["3: you are 3.4".into(), "3: death 2 2.2".into()]));
    }

    #[test]
    fn a_plea_that_makes_no_sense_kills_nobody() {
        let mut desk = Desk::with(3);
        let view = desk.view(3);
        for (asker, side, targets) in [
            (1, &[2, 3][..], &[3][..]),
            (1, &[1, 2, 3], &[3]),
            (1, &[1, 2, 4], &[3]),
            (1, &[1, 2], &[4]),
        ] {
            let outcome = desk.plead(asker, &view, side, targets);
            assert_eq!(outcome, Err(ArbiterReject::Contradiction));
            // Who asked in good faith is not left waiting.
            assert_eq!(desk.taken(), [format!("{asker}: 7 Refused")]);
        }
        let mut strange = desk.view(3);
        let entry = Entry {
            state: NodeState::Up,
            incarnation: Incarnation(99),
        };
        strange.set(node(1), entry);
        let outcome = desk.plead(1, &strange, &[1, 2], &[3]);
        assert_eq!(outcome, Err(ArbiterReject::Contradiction));
        assert_eq!(desk.taken(), ["1: 7 Refused"]);
    }

    #[test]
    fn nobody_is_killed_by_a_view_that_is_made_up() {
        let mut desk = Desk::with(4);
        let view = desk.view(4);
        let small = |epoch| {
            let mut small = View::EMPTY;
            (small.epoch, small.coordinator) = (Epoch(epoch), Some(node(4)));
            for number in [3, 4] {
                small.set(node(number), view.entry(node(number)));
            }
            small
        };
        desk.tell(1, &view);
        // An epoch others have, one to come, one that is past, one not reported.
        for (told, reported, pleaded) in [(2, 2, 2), (2, 3, 3), (3, 2, 2), (3, 3, 2)] {
            let mut later = view.clone();
            later.epoch = Epoch(told);
            desk.tell(1, &later);
            desk.report(4, Standing::Member(Epoch(reported)));
            let outcome = desk.plead(4, &small(pleaded), &[4], &[3]);
            assert_eq!(
                outcome,
                Err(ArbiterReject::Contradiction),
                "{told} {pleaded}"
            );
            assert_eq!(desk.taken(), ["4: 7 Refused"]);
        }
        // The view of those who are one behind is good.
        desk.report(2, Standing::Member(Epoch(2)));
        desk.plead(2, &view, &[1, 2, 3], &[4]).unwrap();
        assert_eq!(desk.taken(), ["kill 4.4 for 2.2"]);
    }

    #[test]
    fn who_has_gone_on_without_the_dead_is_believed() {
        let mut desk = Desk::with(4);
        let mut view = desk.view(4);
        desk.tell(1, &view);
        desk.exited(4);
        desk.hello(4);
        desk.taken();
        view.epoch = Epoch(3);
        let (state, incarnation) = (NodeState::Down, Incarnation(4));
        view.set(node(4), Entry { state, incarnation });
        desk.report(2, Standing::Member(Epoch(3)));
        desk.plead(2, &view, &[2, 3], &[1]).unwrap();
        assert_eq!(desk.taken(), ["kill 1.1 for 2.2"]);
    }

    #[test]
    fn epochs_that_are_made_up_are_not_counted() {
        let mut desk = Desk::with(2);
        desk.report(1, Standing::Member(Epoch(1)));
        let standing = Standing::Member(Epoch(u32::MAX));
        let outcome = desk.say(
            2,
            &FromNode::Report {
                serial: 0,
                standing,
            },
        );
        assert_eq!(outcome, Err(ArbiterReject::Contradiction));
        assert_eq!(desk.arbiter.highest_epoch(), Epoch(1));
    }

    #[test]
    fn strangers_are_not_welcomed() {
        let mut desk = Desk::with(1);
        let hello = |claimed| FromNode::Hello {
            node: node(claimed),
            build: [0; 32],
            nonce: 0,
        };
        assert_eq!(desk.say(2, &hello(2)), Err(ArbiterReject::NotEnrolled));
        assert_eq!(desk.say(1, &hello(2)), Err(ArbiterReject::WrongNode));
    }
}
