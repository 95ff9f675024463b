// SPDX-License-Identifier: GPL-2.0

//! A Hello of another kernel.
//!
//! Another build, another state of the processor, another set of its features.

use anyhow::Result;
use ssi_core::ics::hello::Host;
use ssi_core::ics::hello::{
    Hello,
    Message,
    Reason, //
};

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::{
    Manner,
    Scene, //
};

/// The attack.
pub(crate) struct OtherKernel;

impl Attack for OtherKernel {
    fn name(&self) -> &'static str {
        "other-kernel"
    }

    fn about(&self) -> &'static str {
        "says Hello as another build, and on another host"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        let hellos = hellos(scene);
        let messages = hellos
            .iter()
            .map(|hello| Message::hello(hello).as_bytes().to_vec());
        scene.volley(&mut report, messages, Manner::End);
        report.claim_none_left();
        report.claim_refused(&[Reason::OtherBuild]);
        report.claim_refused(&[Reason::OtherHost]);
        Ok(report)
    }
}

/// Hellos of each sort.
const OF_EACH: u32 = 6;

fn hellos(scene: &mut Scene) -> Vec<Hello> {
    let mut hellos = Vec::new();
    for number in 0..OF_EACH {
        let build = scene.random.array();
        hellos.push(Hello {
            build,
            ..scene.fresh_hello()
        });
        let host = Host {
            fp_bytes: scene.hello.host.fp_bytes ^ (1 << number),
            ..scene.hello.host
        };
        hellos.push(Hello {
            host,
            ..scene.fresh_hello()
        });
        let host = Host {
            features: scene.hello.host.features ^ (1 << number),
            ..scene.hello.host
        };
        hellos.push(Hello {
            host,
            ..scene.fresh_hello()
        });
    }
    hellos
}
