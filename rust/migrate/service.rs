// SPDX-License-Identifier: GPL-2.0

//! Service for processes of other nodes.
//!
//! The side of the other node of the hand-over, and what reaches a guest from home.

use kernel::prelude::*;
use ssi_core::{
    ics::call::CallId,
    ids::Instance,
    migrate::{
        handover::{
            GuestAction,
            Happened, //
        },
        place, //
    },
    vproc::pid,
    wire::{
        Malformed,
        Reader, //
    }, //
};
use ssi_ics::{
    Handler,
    Place,
    Request,
    Service, //
};
use ssi_kapi::{
    guest::{
        self,
        Arrival, //
    },
    signal_info::SentSignal,
    surrogate,
    task_state::TaskState,
    whereabouts, //
};

use crate::{
    arrivals,
    ask::{
        Operation,
        NAME,
        VERSION, //
    },
    parcel::Delivery,
    relations, //
};

/// Requests of one node that wait here at once.
const WINDOW: u16 = 64;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Worker,
    window: WINDOW,
    handler: &Server,
};

struct Server;

/// Why there is no answer.
enum Fault {
    /// The question is none.
    Malformed,
    /// The caller gets this.
    Error(Error),
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Handler for Server {
    fn serve(&self, request: Request) {
        let Some(operation) = Operation::from_code(request.operation()) else {
            return request.no_operation();
        };
        if operation == Operation::Relate {
            return relations::serve(request);
        }
        match serve(operation, &request) {
            Ok(()) => request.reply(0, &[]),
            Err(Fault::Error(error)) => request.reply(error.to_errno(), &[]),
            Err(Fault::Malformed) => request.bad_arguments(),
        }
    }

    fn cancelled(&self, from: Instance, call: CallId) {
        arrivals::cancelled(from, call);
    }
}

fn serve(operation: Operation, request: &Request) -> Result<(), Fault> {
    let mut message = Reader::new(request.args());
    let pid = message.u32()?;
    if !pid::is_shared(pid) || pid == pid::INIT {
        return Err(Fault::Malformed);
    }
    if !matches!(
        operation,
        Operation::Execute | Operation::Commit | Operation::Abort
    ) {
        is_guest_of(pid, request.from())?;
    }
    match operation {
        Operation::Execute => {
            let is_orphaned = message.u8()? != 0;
            message.end()?;
            execute(pid, is_orphaned, request)
        }
        Operation::Commit => {
            message.end()?;
            match arrivals::happened(pid, Some(request.from()), Happened::Commit) {
                GuestAction::Release => Ok(()),
                _ => Err(ESRCH.into()),
            }
        }
        Operation::Abort => {
            message.end()?;
            arrivals::happened(pid, Some(request.from()), Happened::Abort);
            Ok(())
        }
        Operation::Kill => {
            message.end()?;
            guest::kill(pid);
            Ok(())
        }
        // It is served elsewhere.
        Operation::Relate => Err(Fault::Malformed),
        Operation::Signal => {
            let is_orphaned = message.u8()? != 0;
            let info = SentSignal::from_wire(message.rest()).map_err(|_| Fault::Malformed)?;
            Ok(guest::signal(pid, &info, is_orphaned)?)
        }
        Operation::Place => {
            let place = place::Place::decode(message)?;
            pid::origin(place.parent).ok_or(Malformed)?;
            whereabouts::set_parent(pid, place.parent, place.is_orphaned);
            let regrouped = guest::regroup(pid, place.group, place.session);
            surrogate::look(pid);
            Ok(regrouped?)
        }
    }
}

/// A node says something of its own guests only.
fn is_guest_of(pid: u32, from: Instance) -> Result {
    let home = whereabouts::guest(pid).and_then(|guest| guest.home);
    (home == Some(from.node.get())).then_some(()).ok_or(ESRCH)
}

fn execute(pid: u32, is_orphaned: bool, request: &Request) -> Result<(), Fault> {
    let delivery = Delivery::take(request.pages())?;
    let state = TaskState::from_wire(delivery.image()?.state).map_err(|_| Fault::Malformed)?;
    let arrival = Arrival {
        pid,
        home: request.from().node.get(),
        parent: state.parent(),
        group: state.group(),
        session: state.session(),
        is_orphaned,
    };
    if whereabouts::guest(pid).is_some() {
        return Err(EEXIST.into());
    }
    arrivals::begin(pid, request.from(), request.call())?;
    if !request.is_wanted() {
        // Who said so may have found nobody.
        arrivals::cancelled(request.from(), request.call());
    }
    let executed = guest::create(&arrival, move || delivery.open(&state));
    let happened = match executed {
        Ok(()) => Happened::Executed,
        Err(_) => Happened::Failed,
    };
    match arrivals::happened(pid, Some(request.from()), happened) {
        GuestAction::Kill => Err(EINTR.into()),
        _ => Ok(executed?),
    }
}
