// SPDX-License-Identifier: GPL-2.0

//! Words that are made up.

use super::*;
use crate::clms::ballot::Step;

/// A life that is linked with node 1 and no member.
fn stranger() -> Instance {
    Instance::new(NodeId::new(9).unwrap(), Incarnation(99))
}

#[test]
fn rounds_that_are_made_up_change_nothing() {
    let mut net = Net::new(3);
    let ballot = |place: usize| Ballot {
        round: u32::MAX,
        proposer: Some(instance(place).node),
        revision: 0,
    };
    let step = net.machine(0).steps();
    for to in [0, 1] {
        let elect = Message::Elect {
            ballot: ballot(2),
            step,
        };
        assert_eq!(net.say(2, to, &elect), Err(Reject::Contradiction));
        assert_eq!(net.machine(to).leader(), Some(instance(0).node));
    }
    // The leader, who waits for answers.
    net.step(0, Event::ShutDown(instance(1).node)).unwrap();
    let refused = Message::Refused {
        promised: ballot(2),
        step: Step(0),
    };
    assert_eq!(net.say(2, 0, &refused), Err(Reject::Contradiction));
    assert_eq!(net.machine(0).role(), Role::Leader);
    net.run();
    assert!(net.machine(0).is_active());
    assert_eq!(net.machine(2).view(), net.machine(0).view());
}

#[test]
fn who_is_out_of_numbers_keeps_its_promise() {
    let mut net = Net::new(3);
    let last = Ballot {
        round: u32::MAX,
        proposer: Some(instance(2).node),
        revision: 9,
    };
    net.nodes[1].machine.core.promised = last;
    net.dies(2);
    net.run();
    assert_eq!(net.machine(1).core.promised, last);
}

#[test]
fn strangers_stop_nobody() {
    let mut net = Net::new(2);
    let epoch = Epoch(1 << 20);
    net.step(0, Event::Linked(stranger())).unwrap();
    let beat = Beat {
        sort: Sort::Regular,
        epoch,
        deaf_to: NodeSet::EMPTY,
    };
    let (from, body) = (stranger(), &beat.encode()[..]);
    let outcome = net.step(0, Event::Beat { from, body });
    assert_eq!(outcome, Err(Reject::NotMember));
    let status = Message::Status(Status::Member {
        epoch,
        leader: Some(from.node),
        members: NodeSet::only(from.node),
    });
    let mut room = [0; 200];
    let len = status.encode(&mut room).unwrap();
    let body = &room[..len];
    let outcome = net.step(0, Event::Message { from, body });
    assert_eq!(outcome, Err(Reject::NotMember));
    assert_eq!(net.machine(0).role(), Role::Leader);
}
