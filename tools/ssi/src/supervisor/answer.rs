// SPDX-License-Identifier: GPL-2.0

//! Answers that take time.
//!
//! A client that waits for a node is answered when the node has done its part, or
//! never will. [`Waiting`] says what that is.

use std::collections::BTreeSet;

use ssi_core::ids::NodeId;

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
    Supervisor,
};
use crate::protocol::{
    ClusterStatus,
    NodeState,
    NodeStatus,
    Reply, //
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

    /// The answer to what is waited for, once there is one.
    fn look(&mut self, waiting: &Waiting) -> Option<Reply> {
        match waiting {
            Waiting::Boot { node, since } => self.look_at_boot(*node, *since),
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

    fn look_at_boot(&mut self, id: NodeId, since: Moment) -> Option<Reply> {
        if self.cluster.is_queued(id) {
            return None;
        }
        match Arrival::of(&self.state_of(id)?) {
            Arrival::Coming => None,
            Arrival::Up => Some(Reply::Added {
                node: id.get(),
                seconds: (self.world.now() - since).as_secs_f64(),
            }),
            Arrival::Failed(death) => Some(Reply::Refused {
                text: format!("node {id} did not come up: {death}; see 'ssi log {id}'"),
            }),
            Arrival::Removed => Some(Reply::Refused {
                text: format!("node {id} was removed while it came up"),
            }),
        }
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
            nodes,
        };
        Reply::Status {
            cluster: Box::new(cluster),
        }
    }

    fn node_status(&self, id: NodeId, node: &Node, now: Moment) -> NodeStatus {
        let machine = node.machine();
        NodeStatus {
            node: id.get(),
            state: match self.cluster.is_queued(id) {
                true => NodeState::Waiting,
                false => shown(machine.state()),
            },
            since_s: (now - machine.since()).as_secs_f64(),
            boots: machine.boots(),
            pid: node.pid(),
            death: machine.death().cloned(),
            hello: node.hello().cloned(),
            agent: None,
        }
    }
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
    }
}

impl Client {
    /// When its answer is given in any case.
    pub(super) fn deadline(&self) -> Option<Moment> {
        match self.waiting {
            Some(Waiting::Status { until, .. }) => Some(until),
            Some(Waiting::Boot { .. } | Waiting::Gone(_) | Waiting::Paused(_)) => None,
            Some(Waiting::Stop) | None => None,
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
