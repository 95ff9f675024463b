// SPDX-License-Identifier: GPL-2.0

//! Groups on several nodes.
//!
//! A signal the kernel sends to a group, for a terminal above all, reaches the members on
//! its node. A thread tells all other nodes, in the order in which they were sent; there
//! it is given on the reactor, where nothing overtakes.

use kernel::{
    prelude::*,
    sync::{
        Arc,
        SetOnce, //
    }, //
};
use ssi_core::{
    vproc::group::{
        self,
        HEAD_BYTES, //
    },
    wire::{
        Malformed,
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
    group_signal::{
        self,
        GroupSignal,
        Sender, //
    },
    signal_info::{
        SentSignal,
        SIGNAL_INFO_BYTES, //
    },
    thread::Thread, //
};

use crate::{
    map,
    span, //
};

const NAME: &str = "ssi.vproc.groups";
const VERSION: u16 = 1;
const TELL: u16 = 1;

static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: 64,
    handler: &Server,
};

static TELLER: SetOnce<Thread<()>> = SetOnce::new();

/// Has signals go to all nodes from now on. Call it once, from an initcall.
///
/// # Errors
///
/// `ENOMEM`, or what the kernel says.
pub(crate) fn begin() -> Result {
    group_signal::begin()?;
    ssi_ics::register(&SERVICE)?;
    ssi_ics::register(&span::SERVICE)?;
    let nothing = Arc::new((), GFP_KERNEL)?;
    let teller = Thread::spawn(c"ssi_groups", nothing, |()| {
        while let Some(signal) = group_signal::next() {
            tell_all(&signal);
        }
    })?;
    TELLER.populate(teller);
    Ok(())
}

fn tell_all(signal: &GroupSignal) {
    if map::has_group_alone(signal.group) {
        return;
    }
    group_signal::await_surrogates(signal.group);
    let mut room = [0; HEAD_BYTES + SIGNAL_INFO_BYTES];
    let mut out = Writer::new(&mut room);
    head(signal).encode(&mut out);
    out.bytes(signal.info.as_bytes());
    let Ok(length) = out.finish() else { return };
    let args = room.get(..length).unwrap_or_default();
    let question = Ask::new(ServiceRef::new(NAME, VERSION), TELL, args);
    for node in map::others() {
        // A node that is gone has no members.
        ssi_ics::tell(node, &question);
    }
}

fn head(signal: &GroupSignal) -> group::GroupSignal {
    let Sender {
        session,
        user,
        effective,
        is_unrestricted,
    } = signal.sender;
    group::GroupSignal {
        group: signal.group,
        session,
        user,
        effective,
        is_unrestricted,
    }
}

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        if request.operation() != TELL {
            return request.no_operation();
        }
        let Ok(signal) = read(request.args()) else {
            return request.bad_arguments();
        };
        signal.give(request.from().node.get());
        request.reply(0, &[]);
    }
}

fn read(args: &[u8]) -> core::result::Result<GroupSignal, Malformed> {
    let mut message = Reader::new(args);
    let group::GroupSignal {
        group,
        session,
        user,
        effective,
        is_unrestricted,
    } = group::GroupSignal::decode(&mut message)?;
    let sender = Sender {
        session,
        user,
        effective,
        is_unrestricted,
    };
    let info = SentSignal::from_wire(message.rest()).map_err(|_| Malformed)?;
    Ok(GroupSignal {
        group,
        sender,
        info,
    })
}
