// SPDX-License-Identifier: GPL-2.0

//! A Hello of another cluster.
//!
//! With its name a letter off, short, and as long as names get.

use anyhow::Result;
use ssi_core::ics::hello::{
    Hello,
    Message,
    Reason, //
};
use ssi_core::ids::ClusterName;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// The attack.
pub(crate) struct ForeignCluster;

impl Attack for ForeignCluster {
    fn name(&self) -> &'static str {
        "foreign-cluster"
    }

    fn about(&self) -> &'static str {
        "says Hello in the name of other clusters"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let hellos = hellos(scene);
        let messages = hellos
            .iter()
            .map(|hello| Message::hello(hello).as_bytes().to_vec());
        scene.volley(&mut report, messages, Manner::End);
        report.claim_none_left();
        report.claim_refused(&[Reason::ForeignCluster]);
        Ok(report)
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

fn hellos(scene: &mut Scene) -> Vec<Hello> {
    let names = NAMES
        .iter()
        .filter_map(|name| ClusterName::parse(name).ok());
    names
        .filter(|name| *name != scene.hello.cluster)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|cluster| Hello {
            cluster,
            ..scene.fresh_hello()
        })
        .collect()
}
