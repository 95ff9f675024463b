// SPDX-License-Identifier: GPL-2.0

//! Bytes put into the honest link.
//!
//! In the right place of the connection between this node's kernel and the
//! victim's, so that TCP takes them: garbage, frames without a good tag, and a
//! frame that came before. The victim must break the connection rather than use
//! them, and the link must come back.

use anyhow::Result;
use ssi_core::ics::frame::{
    Header,
    Kind, //
};
use ssi_core::ids::Epoch;

use crate::attack::Attack;
use crate::report::Report;
use crate::scene::Scene;
use crate::segment::Control;
use crate::wiretap;

/// Bytes of garbage.
const GARBAGE_BYTES: usize = 300;
/// Bytes of a tag.
const TAG_BYTES: usize = 16;

/// The attack.
pub(crate) struct Injection;

impl Attack for Injection {
    fn name(&self) -> &'static str {
        "injection"
    }

    fn about(&self) -> &'static str {
        "puts garbage, forged and old frames into the link of this node's kernel"
    }

    fn run(&self, scene: &mut Scene) -> Result<Report> {
        let mut report = Report::new();
        for payload in payloads(scene) {
            let sender = scene.sender()?;
            let link = wiretap::wait_for_link(scene.victim, None)?;
            let numbers = wiretap::probe(sender, link)?;
            let place = (numbers.ours, Some(numbers.theirs));
            let segment = wiretap::segment(link, Control::None, place.0, place.1, &payload);
            sender.send(&segment)?;
            // The probe is one, too.
            report.packets += 2;
            report.bytes += payload.len() as u64;
            if let Err(error) = wiretap::wait_for_link(scene.victim, Some(link)) {
                report.fault(format!("{error:#}"));
            }
        }
        Ok(report)
    }
}

fn payloads(scene: &mut Scene) -> Vec<Vec<u8>> {
    let garbage = scene.random.bytes(GARBAGE_BYTES);
    let mut ack = Header::of(Kind::Ack).encode().to_vec();
    ack.extend(scene.random.bytes(TAG_BYTES));
    let body = scene.random.bytes(GARBAGE_BYTES);
    let forged = Header {
        length: u32::try_from(body.len()).unwrap_or(0),
        epoch: Epoch(2),
        seq: 1,
        ..Header::of(Kind::Membership)
    };
    let mut forged = forged.encode().to_vec();
    forged.extend(body);
    forged.extend(scene.random.bytes(TAG_BYTES));
    // Frames of the handshake are over once the link is up.
    let hello = scene.recording.ours.clone();
    vec![
        old_frame(&scene.recording.ours),
        garbage,
        ack,
        forged,
        hello,
    ]
}

/// The last of the frames this node's kernel said when the link was made: it is
/// sealed for this very connection, as long as that lives.
fn old_frame(said: &[u8]) -> Vec<u8> {
    let start = frames(said).last().unwrap_or(0);
    said[start..].to_vec()
}

/// Where the frames begin in what was said.
fn frames(said: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut place = 0;
    let mut number = 0;
    std::iter::from_fn(move || {
        let header = Header::parse(said.get(place..)?.first_chunk()?).ok()?;
        let start = place;
        let length = usize::try_from(header.length).ok()?;
        // Hello and proof have no tag.
        let tag = if number < 2 { 0 } else { TAG_BYTES };
        place += header.encode().len() + length + tag;
        number += 1;
        Some(start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssi_core::ics::hello::{
        Message,
        Reason, //
    };

    #[test]
    fn the_last_frame_is_found() {
        let first = Message::refuse(Reason::Mode);
        let mut said = first.as_bytes().to_vec();
        said.extend(Message::proof(&[1; 32]).as_bytes());
        for tag in [7, 8] {
            said.extend(Header::of(Kind::Ack).encode());
            said.extend([tag; TAG_BYTES]);
        }
        assert!(old_frame(&said).ends_with(&[8; TAG_BYTES]));
        assert_eq!(old_frame(&said).len(), 40 + TAG_BYTES);
        assert_eq!(old_frame(b""), b"");
    }
}
