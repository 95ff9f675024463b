// SPDX-License-Identifier: GPL-2.0

//! Groups that may span nodes.
//!
//! Once a process left, its group may have members elsewhere, so what is for a group goes to
//! all nodes. When none is away any more, the next one who has something for a group finds
//! out whether that is still so: see [`ssi_core::vproc::span`].

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use ssi_core::{
    node_set::NodeSet,
    vproc::span::{
        Report,
        Round,
        REPORT_BYTES, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    Handler,
    Place,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    clock,
    whereabouts::{
        self,
        Numbers, //
    }, //
};

use crate::map;

const NAME: &str = "ssi.vproc.span";
const VERSION: u16 = 1;
const REPORT: u16 = 1;

/// Time between two looks that found somebody, in microseconds.
const PAUSE_MICROS: u64 = 1_000_000;

/// When nobody may look before.
static NEXT: Atomic<u64> = Atomic::new(0);

pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: 64,
    handler: &Server,
};

/// Whether groups of this node may have members on others. May sleep, until all other nodes
/// answered, one of them is gone, or the task is killed.
pub(crate) fn may_be() -> bool {
    if whereabouts::any_left() {
        look();
    }
    whereabouts::any_left()
}

/// Finds out whether none is left, if it is time for that.
fn look() {
    let Some(so_far) = whereabouts::none_away() else {
        return;
    };
    let (now, next) = (clock::monotonic(), NEXT.load(Relaxed));
    // One who looks is enough.
    if now < next || NEXT.cmpxchg(next, now + PAUSE_MICROS, Relaxed).is_err() {
        return;
    }
    let first = round(map::others());
    if first.is_clear() && first.is_clear_until(&round(map::others())) {
        whereabouts::none_left(so_far);
        NEXT.store(now, Relaxed);
    }
}

fn round(nodes: NodeSet) -> Round {
    let mut round = Round::new(nodes);
    let ask = Ask::new(ServiceRef::new(NAME, VERSION), REPORT, &[]);
    ssi_ics::call_many(nodes, &ask, |node, answer| {
        let report = answer.map(|reply| Report::decode(Reader::new(reply.body())));
        if let Ok(Ok(report)) = report {
            round.hear(node, report);
        }
    });
    round
}

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        if request.operation() != REPORT {
            return request.no_operation();
        }
        if !request.args().is_empty() {
            return request.bad_arguments();
        }
        let Numbers { came, are_used } = whereabouts::numbers_of(request.from().node.get());
        let mut room = [0; REPORT_BYTES];
        Report { came, are_used }.encode(&mut Writer::new(&mut room));
        request.reply(0, &room);
    }
}
