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
        self,
        Operation,
        NAME,
        VERSION, //
    },
    parcel::{
        Contents,
        Delivery, //
    },
    relations, //
};

/// Requests of one node that wait here at once.
const WINDOW: u16 = 64;

/// The service for programs, which are answered when they are executed.
pub(crate) static PROGRAMS: Service = Service {
    name: ask::PROGRAMS,
    version: VERSION,
    place: Place::Worker,
    window: WINDOW,
    handler: &Server,
};

/// The service for all else.
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
    /// It was not taken in: what came with it is home's as before.
    NotTaken,
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
        match operation {
            Operation::Execute => arrive(request, Contents::Program),
            Operation::Fork => arrive(request, Contents::Process),
            Operation::Relate => relations::serve(request),
            _ => {
                let outcome = serve(operation, &request);
                answer(request, outcome);
            }
        }
    }

    fn cancelled(&self, from: Instance, call: CallId) {
        arrivals::cancelled(from, call);
    }
}

fn answer(request: Request, outcome: Result<(), Fault>) {
    match outcome {
        Ok(()) => request.reply(0, &[]),
        Err(Fault::Error(error)) => request.reply(error.to_errno(), &[]),
        Err(Fault::Malformed) => request.bad_arguments(),
        Err(Fault::NotTaken) => drop(request),
    }
}

/// The process `message` begins with.
fn pid_of(message: &mut Reader<'_>) -> Result<u32, Fault> {
    let pid = message.u32()?;
    if !pid::is_shared(pid) || pid == pid::INIT {
        return Err(Fault::Malformed);
    }
    Ok(pid)
}

fn serve(operation: Operation, request: &Request) -> Result<(), Fault> {
    let mut message = Reader::new(request.args());
    let pid = pid_of(&mut message)?;
    if !matches!(operation, Operation::Commit | Operation::Abort) {
        is_guest_of(pid, request.from())?;
    }
    match operation {
        Operation::Commit => {
            message.end()?;
            match arrivals::happened(pid, request.from(), Happened::Commit) {
                GuestAction::Release => Ok(()),
                _ => Err(ESRCH.into()),
            }
        }
        Operation::Abort => {
            message.end()?;
            arrivals::happened(pid, request.from(), Happened::Abort);
            Ok(())
        }
        Operation::Kill => {
            message.end()?;
            guest::kill(pid);
            Ok(())
        }
        // They are served elsewhere.
        Operation::Execute | Operation::Fork | Operation::Relate => Err(Fault::Malformed),
        Operation::Signal => {
            let is_orphaned = message.u8()? != 0;
            let info = SentSignal::from_wire(message.rest()).map_err(|_| Fault::Malformed)?;
            Ok(guest::signal(pid, &info, is_orphaned)?)
        }
        Operation::ParentDied => {
            let info = SentSignal::from_wire(message.rest()).map_err(|_| Fault::Malformed)?;
            Ok(guest::parent_died(pid, &info)?)
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

/// A process may wait for whatever it likes before it is one: its own task does, and answers.
fn arrive(request: Request, contents: Contents) {
    let home = request.from().node;
    let (arrival, state, delivery) = match take(&request, contents) {
        Ok(taken) => taken,
        Err(fault) => return answer(request, Err(fault)),
    };
    guest::create(
        &arrival,
        move || delivery.open(&state, arrival.pid, home),
        move |executed| {
            let outcome = happened(arrival.pid, request.from(), executed);
            answer(request, outcome.map_err(Fault::Error));
        },
    );
}

/// Takes in who arrives with `request`.
fn take(request: &Request, contents: Contents) -> Result<(Arrival, TaskState, Delivery), Fault> {
    let mut message = Reader::new(request.args());
    let pid = pid_of(&mut message)?;
    let is_orphaned = message.u8()? != 0;
    message.end()?;
    let delivery = Delivery::take(contents, request.pages()).map_err(|_| Fault::NotTaken)?;
    let state = TaskState::from_wire(delivery.state()?.0)?;
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
    Ok((arrival, state, delivery))
}

/// What home is told of process `pid`, of `from`, whose program was executed or not.
fn happened(pid: u32, from: Instance, executed: Result) -> Result {
    let happened = match executed {
        Ok(()) => Happened::Executed,
        Err(_) => Happened::Failed,
    };
    match arrivals::happened(pid, from, happened) {
        GuestAction::Kill => Err(EINTR),
        _ => executed,
    }
}
