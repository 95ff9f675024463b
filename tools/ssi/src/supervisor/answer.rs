// SPDX-License-Identifier: GPL-2.0

//! Answers that take time.
//!
//! A client that waits for a node is answered when the node has done its part, or
//! never will. [`Waiting`] says what that is.

use std::collections::BTreeSet;

use ssi_core::{
    ids::{
        Instance,
        NodeId, //
    },
    view::Entry,
};

use super::{
    arrival::Arrival,
    client::{
        Client,
        Waiting, //
    },
    machine::{
        Machine,
        Moment,
        State, //
    },
    node::Node,
    views::{
        Seat,
        Shared, //
    },
    Supervisor,
};
use crate::{
    limits::JOIN_MAX,
    protocol::{
        ClusterStatus,
        FencedStatus,
        NodeState,
        NodeStatus,
        Reply,
        ViewStatus, //
    },
};

impl Supervisor {
    /// Answers every client whose answer is ready.
    pub(super) fn answer_waiting(&mut self) {
        let numbers: Vec<u32> = self.clients.keys().copied().collect();
        for number in numbers {
            let client = self.clients.get(&number);
            let waiting = client.and_then(|client| client.waiting.clone());
            let Some(reply) = waiting.and_then(|waiting| self.look(&waiting)) else {
                continue;
            };
            if let Some(client) = self.clients.get_mut(&number) {
                client.waiting = None;
                self.answer(number, &reply);
                self.serve_client(number);
            }
        }
    }

    /// When somebody who waits for a node to be in the cluster is told that it is not.
    pub(super) fn entry_deadline(&self) -> Option<Moment> {
        let now = self.world.now();
        let ready = self.cluster.nodes();
        let deadlines = ready.filter_map(|(_, node)| entry_deadline(node.machine()));
        deadlines.filter(|until| *until > now).min()
    }

    /// The answer to what is waited for, once there is one.
    fn look(&mut self, waiting: &Waiting) -> Option<Reply> {
        match waiting {
            Waiting::Boot { node, since } => self.look_at_boot(*node, *since),
            Waiting::Revived { nodes, since } => self.look_at_revived(nodes, *since),
            Waiting::Gone(nodes) => {
                let gone = |(id, boots): (&NodeId, &u32)| {
                    let node = self.cluster.get(*id);
                    node.is_none_or(|node| is_gone(node.machine(), *boots))
                };
                nodes.iter().all(gone).then_some(Reply::Done)
            }
            Waiting::Paused(nodes) => {
                let settled = |id| self.state_of(id) != Some(State::Pausing);
                nodes.iter().copied().all(settled).then_some(Reply::Done)
            }
            Waiting::Status {
                open,
                answered,
                until,
            } => {
                let ready = open.is_empty() || *until <= self.world.now();
                ready.then(|| self.status(answered))
            }
            Waiting::Stop => None,
        }
    }

    fn look_at_boot(&self, id: NodeId, since: Moment) -> Option<Reply> {
        Some(match self.comeback(id)? {
            Ok(epoch) => Reply::Added {
                node: id.get(),
                seconds: (self.world.now() - since).as_secs_f64(),
                epoch,
            },
            Err(text) => Reply::Refused { text },
        })
    }

    /// One that does not come back is told with the others.
    fn look_at_revived(&self, nodes: &BTreeSet<NodeId>, since: Moment) -> Option<Reply> {
        let took = (self.world.now() - since).as_secs_f64();
        let notes = nodes.iter().map(|id| {
            Some(match self.comeback(*id)? {
                Ok(epoch) => format!(
                    "node {id} was fenced while it was paused; it was booted anew and is {} \
                     ({took:.2} s)",
                    place(epoch)
                ),
                Err(text) => format!("node {id} was fenced while it was paused, and {text}"),
            })
        });
        let notes: Option<Vec<String>> = notes.collect();
        let warnings = Vec::new();
        notes.map(|notes| Reply::Noted { notes, warnings })
    }

    /// Whether a node that boots is ready and in the cluster: then the number of the
    /// view, if its kernel knows of one, or why it is not and will not be.
    fn comeback(&self, id: NodeId) -> Option<Result<Option<u32>, String>> {
        if self.cluster.is_queued(id) {
            return None;
        }
        let node = self.cluster.look(id)?;
        match Arrival::of(node.machine().state()) {
            Arrival::Coming => None,
            Arrival::Up => self.entry(id, node),
            Arrival::Failed(death) => Some(Err(format!(
                "node {id} did not come up: {death}; see 'ssi log {id}'"
            ))),
            Arrival::Fenced(fenced) => Some(Err(format!(
                "node {id} was fenced while it came up: {}",
                fenced.words(id, self.world.now())
            ))),
            Arrival::Removed => Some(Err(format!("node {id} was removed while it came up"))),
        }
    }

    /// Whether a node that is ready is in the cluster.
    fn entry(&self, id: NodeId, node: &Node) -> Option<Result<Option<u32>, String>> {
        let warden = &self.world.warden;
        let Some(life) = warden.life(id) else {
            return Some(Ok(None));
        };
        let awake = self.cluster.nodes().filter(|(_, node)| {
            let state = node.machine().state();
            *state == State::Ready
        });
        let awake = awake.map(|(id, _)| id).collect();
        let view = warden.views().has_joined(Instance::new(id, life), &awake);
        if let Some(epoch) = view {
            return Some(Ok(Some(epoch.0)));
        }
        let deadline = entry_deadline(node.machine());
        let late = deadline.is_some_and(|until| until <= self.world.now());
        late.then(|| {
            let why = self.why_outside(id, node);
            let words = why.map_or_else(String::new, |why| format!(" ({why})"));
            Err(format!(
                "node {id} is ready and not in the cluster after {} s{words}: see 'ssi log {id}' \
                 and the logs of the others; 'ssi rm {id}' takes it away",
                JOIN_MAX.as_secs()
            ))
        })
    }

    fn state_of(&mut self, id: NodeId) -> Option<State> {
        let node = self.cluster.get(id)?;
        Some(node.machine().state().clone())
    }

    /// The cluster now, with the words of the agents in `answered`.
    fn status(&self, answered: &BTreeSet<NodeId>) -> Reply {
        let now = self.world.now();
        let nodes = self.cluster.nodes().map(|(id, node)| NodeStatus {
            agent: node.status().filter(|_| answered.contains(&id)).cloned(),
            ..self.node_status(id, node, now)
        });
        let nodes = nodes.collect();
        let cluster = ClusterStatus {
            plan: self.world.plan.clone(),
            supervisor: rustix::process::getpid().as_raw_nonzero().get(),
            up_s: now.as_secs_f64(),
            stopping: self.cluster.is_stopping(),
            views: self
                .world
                .warden
                .views()
                .shared()
                .iter()
                .map(told)
                .collect(),
            standstill: self.standstill(),
            nodes,
        };
        Reply::Status {
            cluster: Box::new(cluster),
        }
    }

    fn node_status(&self, id: NodeId, node: &Node, now: Moment) -> NodeStatus {
        let machine = node.machine();
        let life = self.world.warden.life(id);
        let (member, other_life) = match self.world.warden.views().seat(id, life) {
            Some(Seat::Own(state)) => (Some(state.name().to_owned()), None),
            Some(Seat::Other(entry)) => (None, Some(words_of(&entry))),
            None => (None, None),
        };
        NodeStatus {
            node: id.get(),
            state: match self.cluster.is_queued(id) {
                true => NodeState::Waiting,
                false => shown(machine.state()),
            },
            since_s: (now - machine.since()).as_secs_f64(),
            boots: machine.boots(),
            incarnation: life.map(|life| life.0),
            member,
            other_life,
            pid: node.pid(),
            death: machine.death().cloned(),
            fenced: machine.fenced().map(|fenced| FencedStatus {
                cause: fenced.cause,
                text: fenced.words(id, now),
            }),
            hello: node.hello().cloned(),
            agent: None,
        }
    }
}

/// In the cluster's words.
pub(super) fn place(epoch: Option<u32>) -> String {
    epoch.map_or_else(
        || "ready".to_owned(),
        |epoch| format!("in the cluster, view {epoch}"),
    )
}

fn words_of(entry: &Entry) -> String {
    format!("{} {}", entry.state.name(), entry.incarnation.0)
}

fn told(shared: &Shared) -> ViewStatus {
    let view = shared.view.as_ref();
    ViewStatus {
        epoch: shared.epoch.0,
        coordinator: view.and_then(|view| view.coordinator).map(NodeId::get),
        members: view.map(|view| view.members().to_string()),
        nodes: shared.nodes.to_string(),
    }
}

/// When a node that is ready should be in the cluster.
fn entry_deadline(machine: &Machine) -> Option<Moment> {
    let ready = *machine.state() == State::Ready;
    ready.then(|| machine.since() + JOIN_MAX)
}

/// Whether nothing is left of the incarnation `boots`: the next one may be there.
fn is_gone(machine: &Machine, boots: u32) -> bool {
    !machine.has_process() || machine.boots() > boots
}

fn shown(state: &State) -> NodeState {
    match state {
        State::Down => NodeState::Down,
        State::Booting { .. } => NodeState::Booting,
        State::Ready => NodeState::Ready,
        State::Pausing | State::Paused => NodeState::Paused,
        State::Ending(_) => NodeState::Ending,
        State::Dead(_) => NodeState::Dead,
        State::Fenced(_) => NodeState::Fenced,
        State::Rebooting => NodeState::Waiting,
    }
}

impl Client {
    /// When its answer is given in any case.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.waiting {
            Some(Waiting::Status { until, .. }) => Some(until),
            Some(Waiting::Boot { .. } | Waiting::Revived { .. }) => None,
            Some(Waiting::Gone(_) | Waiting::Paused(_) | Waiting::Stop) | None => None,
        }
    }

    /// The agent of `node` has answered, or never will.
    pub(super) fn strike(&mut self, node: NodeId) {
        if let Some(Waiting::Status { open, answered, .. }) = &mut self.waiting {
            if open.remove(&node) {
                answered.insert(node);
            }
        }
    }

    /// Whether it is told when the cluster is gone.
    pub(super) fn waits_for_the_end(&self) -> bool {
        self.waiting == Some(Waiting::Stop)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::machine::Event,
        *, //
    };
    use crate::death::Death;

    #[test]
    fn a_node_that_was_booted_again_is_gone() {
        let mut machine = Machine::new(NodeId::new(1).unwrap());
        let step = |machine: &mut Machine, event| machine.step(Moment::ZERO, event).unwrap();
        step(&mut machine, Event::Boot);
        step(&mut machine, Event::Hello);
        step(&mut machine, Event::Remove);
        assert!(!is_gone(&machine, 1));
        step(&mut machine, Event::Gone(Death::PoweredOff));
        assert!(is_gone(&machine, 1));
        step(&mut machine, Event::Boot);
        assert!(is_gone(&machine, 1), "this is its successor");
        assert!(!is_gone(&machine, 2));
    }
}
