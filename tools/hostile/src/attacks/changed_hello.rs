// SPDX-License-Identifier: GPL-2.0

//! Hellos that are wrong somewhere.
//!
//! Each is whole and says what this node's kernel would say but for one thing, of
//! another cluster, kernel, life or node. The victim must refuse it for that.

use std::thread;
use std::time::{
    Duration,
    Instant, //
};

use anyhow::Result;
use ssi_core::ics::hello::{
    Hello,
    Host,
    Message,
    Reason, //
};
use ssi_core::ids::{
    ClusterName,
    Incarnation,
    NodeId, //
};

use crate::answer::Answer;
use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// An attack.
pub(crate) struct ChangedHello {
    name: &'static str,
    about: &'static str,
    hellos: fn(&mut Scene) -> Vec<Hello>,
    /// The victim refuses some for each of these.
    reasons: &'static [Reason],
}

/// With the name a letter off, short, and as long as names get.
pub(crate) const FOREIGN_CLUSTER: ChangedHello = ChangedHello {
    name: "foreign-cluster",
    about: "says Hello in the name of other clusters",
    hellos: of_clusters,
    reasons: &[Reason::ForeignCluster],
};

/// Another build, another state of the processor, another set of its features.
pub(crate) const OTHER_KERNEL: ChangedHello = ChangedHello {
    name: "other-kernel",
    about: "says Hello as another build, and on another host",
    hellos: of_kernels,
    reasons: &[Reason::OtherBuild, Reason::OtherHost],
};

/// Earlier lives, down to the first there can be.
pub(crate) const OLD_LIFE: ChangedHello = ChangedHello {
    name: "old-life",
    about: "says Hello as a life of this node that is over",
    hellos: of_lives,
    reasons: &[Reason::OldIncarnation],
};

/// As the victim itself, as another kernel with this life, as any other node.
pub(crate) const DUPLICATE_NODE: ChangedHello = ChangedHello {
    name: "duplicate-node",
    about: "says Hello as the victim, as a second kernel of this node, and as other nodes",
    hellos: of_nodes,
    reasons: &[Reason::DuplicateNode, Reason::Address],
};

impl Attack for ChangedHello {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let hellos = (self.hellos)(scene);
        for hello in &hellos {
            say(scene, &mut report, hello);
        }
        report.claim_none_left();
        // The first life there is has none before it.
        if !hellos.is_empty() {
            for reason in self.reasons {
                report.claim_refused(&[*reason]);
            }
        }
        Ok(report)
    }
}

/// How long the victim may have too many connections to look at a Hello.
const CROWD_TIME_MAX: Duration = Duration::from_secs(2);
/// Until it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// Says a Hello on a connection of its own until the victim has looked at it. Of
/// many at once it turns most away unheard.
fn say(scene: &mut Scene, report: &mut Report, hello: &Hello) {
    let turned_away = Answer::Refused(Reason::TooMany);
    let message = Message::hello(hello).as_bytes().to_vec();
    let began = Instant::now();
    loop {
        let before = report.tally.of(turned_away);
        scene.volley(report, [message.clone()], Manner::End);
        let is_heard = report.tally.of(turned_away) == before;
        if is_heard || began.elapsed() > CROWD_TIME_MAX {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Names; one of them may be the victim's.
const NAMES: [&[u8]; 5] = [
    b"a",
    b"default",
    b"default-",
    b"elsewhere",
    b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

fn of_clusters(scene: &mut Scene) -> Vec<Hello> {
    let victims = scene.hello.cluster;
    NAMES
        .iter()
        .filter_map(|name| ClusterName::parse(name).ok())
        .filter(|name| *name != victims)
        .map(|cluster| Hello {
            cluster,
            ..scene.fresh_hello()
        })
        .collect()
}

/// Hellos of each sort.
const OF_EACH: u32 = 6;

fn of_kernels(scene: &mut Scene) -> Vec<Hello> {
    let mut hellos = Vec::new();
    for number in 0..OF_EACH {
        let honest = scene.hello;
        let bit = 1 << number;
        let build = scene.random.array();
        let state = Host {
            fp_bytes: honest.host.fp_bytes ^ bit,
            ..honest.host
        };
        let features = Host {
            features: honest.host.features ^ u64::from(bit),
            ..honest.host
        };
        for (build, host) in [
            (build, honest.host),
            (honest.build, state),
            (honest.build, features),
        ] {
            hellos.push(Hello {
                build,
                host,
                ..scene.fresh_hello()
            });
        }
    }
    hellos
}

/// How many lives back.
const LIVES_MAX: u64 = 16;

fn of_lives(scene: &mut Scene) -> Vec<Hello> {
    let now = scene.hello.peer.instance.incarnation.0;
    let lives = 1..now.min(LIVES_MAX + 1);
    lives
        .map(|life| {
            let mut hello = scene.fresh_hello();
            hello.peer.instance.incarnation = Incarnation(life);
            hello
        })
        .collect()
}

/// Other kernels with our number.
const KERNELS: usize = 8;

fn of_nodes(scene: &mut Scene) -> Vec<Hello> {
    let mut hellos = Vec::new();
    for _ in 0..KERNELS {
        let mut hello = scene.fresh_hello();
        hello.peer.boot = scene.random.next();
        hellos.push(hello);
    }
    let mut victims = scene.victims_hello;
    victims.nonce = scene.random.array();
    hellos.push(victims);
    let ours = scene.hello.peer.instance.node;
    for node in NodeId::all().filter(|node| *node != ours) {
        let mut hello = scene.fresh_hello();
        hello.peer.instance.node = node;
        hellos.push(hello);
    }
    hellos
}
