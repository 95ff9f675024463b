// SPDX-License-Identifier: GPL-2.0

//! Signals to owners of files.
//!
//! What the kernel has for an owner that is not here a thread sends to where that is. A node
//! it has left sends it on; so nobody waits for an answer, and what one file sends stays in
//! order. To a group it goes to all nodes, as [`groups`](crate::groups) has it.

use kernel::{
    prelude::*,
    sync::{
        Arc,
        SetOnce, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    node_set::NodeSet,
    vproc::{
        owner::{
            self,
            SIGNAL_BYTES, //
        },
        pidfd::Held,
        route::Route, //
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
    file_owner::{
        Kind,
        Owner, //
    },
    owner_signal::{
        self,
        OwnerSignal, //
    },
    thread::Thread,
    visit, //
};

use crate::{
    ask,
    map, //
};

const NAME: &str = "ssi.vproc.owners";
const VERSION: u16 = 1;
const TELL: u16 = 1;

static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: 64,
    handler: &Server,
};

static SENDER: SetOnce<Thread<()>> = SetOnce::new();

/// Has signals go to owners elsewhere from now on. Call it once, from an initcall.
///
/// # Errors
///
/// `ENOMEM`, or what the kernel says.
pub(crate) fn begin() -> Result {
    owner_signal::begin()?;
    ssi_ics::register(&SERVICE)?;
    let nothing = Arc::new((), GFP_KERNEL)?;
    let sender = Thread::spawn(c"ssi_owners", nothing, |()| {
        while let Some(signal) = owner_signal::next() {
            send(&signal);
        }
    })?;
    SENDER.populate(sender);
    Ok(())
}

fn send(signal: &OwnerSignal) {
    let Some(message) = to_core(signal) else {
        return;
    };
    if signal.owner.kind == Kind::Group {
        return send_to_group(signal, message);
    }
    for pause in ask::pauses() {
        match map::route(signal.owner.number) {
            Route::Here => {
                if let Ok(_visit) = visit::visit(signal.owner.number) {
                    return signal.give(0);
                }
            }
            route => return send_on(route, &message),
        }
        // It is about to go on to another node.
        if ask::wait(pause).is_err() {
            return;
        }
    }
}

fn send_on(route: Route, message: &owner::OwnerSignal) {
    let Some(next) = message.sent_on() else {
        return;
    };
    match route {
        Route::Node(node) => tell([node].into_iter().collect(), &next),
        Route::Anywhere => tell(map::others(), &next.to_all()),
        Route::Here | Route::Nowhere => (),
    }
}

fn send_to_group(signal: &OwnerSignal, message: owner::OwnerSignal) {
    if !signal.is_given {
        signal.give(0);
    }
    if !map::has_group_alone(signal.owner.number) {
        tell(map::others(), &message);
    }
}

/// A node that is gone has nobody.
fn tell(nodes: NodeSet, message: &owner::OwnerSignal) {
    let mut room = [0; SIGNAL_BYTES];
    let mut out = Writer::new(&mut room);
    message.encode(&mut out);
    let Ok(length) = out.finish() else { return };
    let args = room.get(..length).unwrap_or_default();
    let question = Ask::new(ServiceRef::new(NAME, VERSION), TELL, args);
    for node in nodes {
        ssi_ics::tell(node, &question);
    }
}

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        if request.operation() != TELL {
            return request.no_operation();
        }
        let Ok(message) = owner::OwnerSignal::decode(Reader::new(request.args())) else {
            return request.bad_arguments();
        };
        let signal = from_core(&message);
        match signal.owner.kind {
            Kind::Group => signal.give(request.from().node.get()),
            // Where it is may have to be asked for.
            Kind::Process | Kind::Thread => {
                if !signal.queue() {
                    pr_warn!("a signal to the owner of a file is lost: too many wait\n");
                }
            }
        }
        request.reply(0, &[]);
    }
}

/// As it travels; `None` for what names no node.
fn to_core(signal: &OwnerSignal) -> Option<owner::OwnerSignal> {
    Some(owner::OwnerSignal {
        owner: owner_to_core(&signal.owner)?,
        signal: signal.signal.try_into().ok()?,
        file: signal.fd,
        reason: signal.reason.try_into().ok()?,
        hops: signal.hops,
    })
}

fn from_core(message: &owner::OwnerSignal) -> OwnerSignal {
    OwnerSignal {
        owner: owner_from_core(&message.owner),
        signal: message.signal.into(),
        fd: message.file,
        reason: message.reason.into(),
        hops: message.hops,
        is_given: false,
    }
}

fn owner_to_core(owner: &Owner) -> Option<owner::Owner> {
    Some(owner::Owner {
        kind: match owner.kind {
            Kind::Process => owner::Kind::Process,
            Kind::Thread => owner::Kind::Thread,
            Kind::Group => owner::Kind::Group,
        },
        number: owner.number,
        user: owner.user,
        effective: owner.effective,
        held: Held {
            node: NodeId::new(owner.node)?,
            identity: owner.identity,
        },
    })
}

fn owner_from_core(owner: &owner::Owner) -> Owner {
    Owner {
        kind: match owner.kind {
            owner::Kind::Process => Kind::Process,
            owner::Kind::Thread => Kind::Thread,
            owner::Kind::Group => Kind::Group,
        },
        number: owner.number,
        user: owner.user,
        effective: owner.effective,
        node: owner.held.node.get(),
        identity: owner.held.identity,
    }
}
