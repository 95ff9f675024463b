// SPDX-License-Identifier: GPL-2.0

//! Service for processes of other nodes.
//!
//! The side of the other node of the hand-over, and what reaches a guest from home.

use kernel::prelude::*;
use ssi_core::{
    ics::call::CallId,
    ids::{
        Instance,
        NodeId, //
    },
    migrate::{
        place,
        relocation::{
            arrival::{
                Action,
                Happened, //
            },
            keeper::{
                self,
                Learnt, //
            }, //
        }, //
    },
    vproc::pid,
    wire::{
        Malformed,
        Reader, //
    }, //
};
use ssi_ics::{
    CallError,
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
    thread,
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
    drained,
    journal,
    keepers,
    parcel::{
        Contents,
        Delivery, //
    },
    relations,
    threads, //
};

/// Requests of one node that wait here at once.
const WINDOW: u16 = 64;

/// How often, and after how many microseconds each time, is looked whether a process is gone
/// that departed.
const DEPARTURE_LOOKS: u32 = 200;
const DEPARTURE_MICROS: u64 = 1_000;

/// How often a commit is tried whose answer is lost.
const COMMITS_MAX: u32 = 100;

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
            Operation::Moved => moved(request),
            Operation::Relate => relations::serve(request),
            _ => {
                let outcome = serve(operation, &request);
                answer(request, outcome);
            }
        }
    }

    fn cancelled(&self, from: Instance, call: CallId) {
        arrivals::cancelled(from, call);
        keepers::cancelled(from, call);
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
    match operation {
        Operation::Commit | Operation::Abort | Operation::Asked | Operation::Forsaken => {
            message.end()?;
            decide(operation, pid, request.from())
        }
        Operation::Intend => {
            let to = node_of(&mut message)?;
            intend(pid, request.from().node, to)
        }
        Operation::Leftover => {
            let tid = message.u32()?;
            let info = SentSignal::from_wire(message.rest()).map_err(|_| Fault::Malformed)?;
            let from = request.from().node.get();
            Ok(guest::signal_late(pid, tid, from, &info)?)
        }
        Operation::ThreadsEnded => Ok(threads::hear(pid, message)?),
        Operation::Lives => Ok(threads::lives(pid, node_of(&mut message)?)?),
        // They are served elsewhere.
        Operation::Execute | Operation::Fork | Operation::Relate | Operation::Moved => {
            Err(Fault::Malformed)
        }
        Operation::Kill
        | Operation::Signal
        | Operation::ParentDied
        | Operation::MayBePut
        | Operation::Place => {
            is_guest_of(pid, request.from())?;
            tell(operation, pid, message)
        }
    }
}

/// What two or three nodes decide of a process between them.
fn decide(operation: Operation, pid: u32, from: Instance) -> Result<(), Fault> {
    match operation {
        Operation::Commit if keepers::is_coming(pid, from.node) => {
            let action = keepers::learnt(pid, Learnt::Commit { from: from.node });
            keepers::act(pid, action);
            match action {
                keeper::Action::Release => Ok(()),
                _ => Err(ESRCH.into()),
            }
        }
        Operation::Commit => match arrivals::commit(pid, from) {
            Action::Release | Action::TellReleased => Ok(()),
            _ => Err(ESRCH.into()),
        },
        Operation::Abort => {
            let action = keepers::learnt(pid, Learnt::Abort { from: from.node });
            keepers::act(pid, action);
            arrivals::happened(pid, from, Happened::Abort);
            Ok(())
        }
        Operation::Asked => {
            if keepers::learnt(pid, Learnt::Asked { by: from.node }) == keeper::Action::Forsake {
                ask::tell(from.node, Operation::Forsaken, &pid.to_le_bytes());
            }
            Ok(())
        }
        _ => {
            arrivals::forsaken(pid, from);
            Ok(())
        }
    }
}

fn node_of(message: &mut Reader<'_>) -> Result<NodeId, Fault> {
    let node = NodeId::new(message.u8()?).ok_or(Malformed)?;
    message.end()?;
    Ok(node)
}

/// At home: whether process `pid` may go on.
fn intend(pid: u32, from: NodeId, to: NodeId) -> Result<(), Fault> {
    if !ssi_clms::view().members().contains(to) {
        return Err(EHOSTDOWN.into());
    }
    match keepers::learnt(pid, Learnt::Intends { from, to }) {
        keeper::Action::Allow => Ok(()),
        _ => Err(EBUSY.into()),
    }
}

/// At home: takes process to be where it is held. The answer does not wait for the commit.
fn moved(request: Request) {
    let read = |message: &mut Reader<'_>| Ok((pid_of(message)?, node_of(message)?));
    let (pid, to) = match read(&mut Reader::new(request.args())) {
        Ok(read) => read,
        Err(fault) => return answer(request, Err(fault)),
    };
    let is_up = || ssi_clms::view().members().contains(to);
    let from = request.from().node;
    let action = keepers::learnt(
        pid,
        Learnt::Moved {
            from,
            to,
            is_up: is_up(),
        },
    );
    let outcome = match action {
        keeper::Action::Agree | keeper::Action::AgreeAgain => Ok(()),
        keeper::Action::Refuse => Err(EHOSTDOWN),
        _ => Err(ESRCH),
    };
    answer(request, outcome.map_err(Fault::Error));
    if action != keeper::Action::Agree {
        return;
    }
    if !commit(pid, to) {
        keepers::act(pid, keepers::learnt(pid, Learnt::NotThere { at: to }));
    }
}

/// Has process `pid` run that is held on node `to`. False if there is none; it need not be
/// known to have come to pass, for where it comes from says the same.
fn commit(pid: u32, to: NodeId) -> bool {
    for turn in 0..COMMITS_MAX {
        match ask::put(to, Operation::Commit, &pid.to_le_bytes()) {
            // Behind an answer that was lost there may be nothing to be said any more.
            Ok(reply) => return reply.result == 0 || turn > 0,
            Err(CallError::NotMember | CallError::NodeDown) => return false,
            Err(_) => thread::sleep(DEPARTURE_MICROS),
        }
    }
    true
}

/// What home tells a guest, or of it.
fn tell(operation: Operation, pid: u32, mut message: Reader<'_>) -> Result<(), Fault> {
    match operation {
        Operation::Signal => {
            let is_orphaned = message.u8()? != 0;
            let info = SentSignal::from_wire(message.rest()).map_err(|_| Fault::Malformed)?;
            Ok(guest::signal(pid, &info, is_orphaned)?)
        }
        Operation::ParentDied => {
            let info = SentSignal::from_wire(message.rest()).map_err(|_| Fault::Malformed)?;
            Ok(guest::parent_died(pid, &info)?)
        }
        Operation::MayBePut => {
            message.end()?;
            Ok(guest::may_be_put(pid)?)
        }
        Operation::Place => {
            let place = place::Place::decode(message)?;
            pid::origin(place.parent).ok_or(Malformed)?;
            whereabouts::set_parent(pid, place.parent, place.is_orphaned);
            let regrouped = guest::regroup(pid, place.group, place.session);
            surrogate::look(pid);
            Ok(regrouped?)
        }
        _ => {
            message.end()?;
            guest::kill(pid);
            Ok(())
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
    let from = request.from().node;
    journal::arrives(journal::Arrival::Asked);
    let newcomer = match Newcomer::take(&request, contents) {
        Ok(newcomer) => newcomer,
        Err(fault) => {
            journal::arrives(journal::Arrival::Failed);
            return answer(request, Err(fault));
        }
    };
    let Newcomer {
        arrival,
        state,
        delivery,
    } = newcomer;
    let (pid, home) = (arrival.pid, arrival.home);
    if ssi_ics::this_node().is_some_and(|me| me.node.get() == arrival.home) {
        return come_back(request, pid, state, delivery);
    }
    let answered = move |made: Result| {
        let outcome = happened(pid, request.from(), made);
        journal::arrived(pid, from.get(), home, &outcome);
        answer(request, outcome.map_err(Fault::Error));
    };
    guest::create(
        &arrival,
        move || {
            delivery.open(&state, pid, from)?;
            state.put_on_mask();
            Ok(())
        },
        answered,
    );
    if let Some(home) = NodeId::new(arrival.home) {
        if !ssi_clms::view().members().contains(home) {
            // It died before anybody knew that this concerns it.
            arrivals::home_down(home);
            guest::home_lost(arrival.home);
        }
    }
}

/// The process of a surrogate: that is filled with it.
fn come_back(request: Request, pid: u32, state: TaskState, delivery: Delivery) {
    let from = request.from().node;
    if keepers::returns(pid, request.from(), request.call()) != keeper::Action::Fill {
        return answer(request, Err(EBUSY.into()));
    }
    if !request.is_wanted() {
        // Who said so may have found nobody.
        keepers::cancelled(request.from(), request.call());
    }
    surrogate::come_back(
        pid,
        from.get(),
        move || {
            delivery.open(&state, pid, from)?;
            Ok(state.blocked())
        },
        move |made| {
            let learnt = match made {
                Ok(()) => Learnt::Executed,
                Err(_) => Learnt::Failed,
            };
            let outcome = match keepers::learnt(pid, learnt) {
                keeper::Action::TellHeld => Ok(()),
                action => {
                    keepers::act(pid, action);
                    Err(made.err().unwrap_or(EINTR))
                }
            };
            journal::came_home(pid, from.get(), &outcome);
            answer(request, outcome.map_err(Fault::Error));
        },
    );
}

/// Who arrives.
struct Newcomer {
    arrival: Arrival,
    state: TaskState,
    delivery: Delivery,
}

impl Newcomer {
    /// Takes in who arrives with `request`.
    fn take(request: &Request, contents: Contents) -> Result<Self, Fault> {
        let mut message = Reader::new(request.args());
        let pid = pid_of(&mut message)?;
        let is_orphaned = message.u8()? != 0;
        let home = node_of(&mut message)?;
        let delivery = Delivery::take(contents, request.pages()).map_err(|_| Fault::NotTaken)?;
        drained::admit()?;
        let state = TaskState::from_wire(delivery.state()?.0)?;
        let arrival = Arrival {
            pid,
            home: home.get(),
            source: request.from().node.get(),
            parent: state.parent(),
            group: state.group(),
            session: state.session(),
            is_orphaned,
        };
        if ssi_ics::this_node().is_none_or(|me| me.node != home) {
            begin(request, pid, home)?;
        }
        Ok(Self {
            arrival,
            state,
            delivery,
        })
    }
}

/// Process `pid` arrives with `request`.
fn begin(request: &Request, pid: u32, home: NodeId) -> Result {
    if home != request.from().node && !ssi_clms::view().members().contains(home) {
        return Err(EHOSTDOWN);
    }
    await_departure(pid);
    if whereabouts::guest(pid).is_some() {
        return Err(EEXIST);
    }
    arrivals::begin(pid, request.from(), home, request.call())?;
    if !request.is_wanted() {
        // Who said so may have found nobody.
        arrivals::cancelled(request.from(), request.call());
    }
    Ok(())
}

/// One that was here before and comes again so soon that its task is not gone.
fn await_departure(pid: u32) {
    for _ in 0..DEPARTURE_LOOKS {
        if !guest::is_going(pid) {
            return;
        }
        thread::sleep(DEPARTURE_MICROS);
    }
}

/// What the node process `pid` comes `from` is told of it, which was made or not.
fn happened(pid: u32, from: Instance, made: Result) -> Result {
    let happened = match made {
        Ok(()) => Happened::Executed,
        Err(_) => Happened::Failed,
    };
    match arrivals::happened(pid, from, happened) {
        Action::Kill => Err(EINTR),
        _ => made,
    }
}
