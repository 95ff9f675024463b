// SPDX-License-Identifier: GPL-2.0

//! A follower of the cluster.
//!
//! Prints each change as a line of `/proc/cluster/events` has it, without its
//! time, from the very first, and goes on waiting for more. `follow COUNT` ends
//! when transition COUNT was printed.

use std::io::Write as _;

use libcluster::{
    Cluster,
    Event,
    Events,
    TransId, //
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let last = std::env::args()
        .nth(1)
        .map(|word| word.parse())
        .transpose()?;
    let mut out = std::io::stdout();
    for event in Events::after(&Cluster::here()?, TransId(0))? {
        match event? {
            Event::Transition(t) => {
                writeln!(
                    out,
                    "{} {} {} {} {} {}",
                    t.id, t.epoch, t.node, t.from, t.to, t.cause
                )?;
                if Some(t.id.0) == last {
                    break;
                }
            }
            Event::Lost(count) => writeln!(out, "lost {count}")?,
        }
    }
    Ok(())
}
