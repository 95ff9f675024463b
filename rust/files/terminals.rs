// SPDX-License-Identifier: GPL-2.0

//! Terminals others use.
//!
//! Whom a terminal of this node controls, and which group of that is in the foreground: a
//! process of another node is told, and changes it, by the rules of ioctl(2) here.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::{
    files::{
        operation::{
            self,
            Device,
            Operation, //
        },
        terminal::{
            self,
            Act,
            Change,
            Control,
            Group,
            Member,
            Opening,
            BACKGROUND, //
        }, //
    },
    ids::NodeId,
    wire::Reader, //
};
use ssi_ics::{
    Handler,
    Place,
    Request,
    Service, //
};
use ssi_kapi::{
    file_home::{
        HomeFile,
        Kind, //
    },
    terminal::{
        Named,
        GIVE_UP,
        TAKE, //
    },
    whereabouts, //
};

use crate::{
    exported::Exported,
    exports,
    service::{
        Answer,
        Fault, //
    },
    workers, //
};

pub(crate) const NAME: &str = "ssi.files.terminals";
pub(crate) const VERSION: u16 = 1;

/// Requests of one node that are here at once.
const WINDOW: u16 = 64;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Inline,
    window: WINDOW,
    handler: &Server,
};

/// Takes off `message` who asks for `operation`, if `file` wants to know, and refuses who is
/// in the background.
pub(crate) fn admit(
    operation: Operation,
    file: &HomeFile,
    message: &mut Reader<'_>,
) -> Result<(), Fault> {
    if file.kind() != Kind::Terminal || !Member::goes_with(operation) {
        return Ok(());
    }
    let member = Member::decode(message)?;
    let act = match operation {
        Operation::Read => Act::Read,
        Operation::Write => Act::Write,
        _ => Act::of_call(Device::decode(*message)?.number),
    };
    // What was hung up says so by itself.
    match control(file) {
        Some(control) if !control.admits(&member, act) => Err(Fault::Background),
        _ => Ok(()),
    }
}

fn control(file: &HomeFile) -> Option<Control> {
    let ssi_kapi::terminal::Control {
        session,
        foreground,
        stops_writers,
    } = ssi_kapi::terminal::control(file)?;
    Some(Control {
        session,
        foreground,
        stops_writers,
    })
}

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        let Some(wanted) = terminal::Request::from_code(request.operation()) else {
            return request.no_operation();
        };
        // Without memory the request is dropped, which its node is told.
        let _ = workers::run(move || serve(wanted, request));
    }
}

fn serve(wanted: terminal::Request, request: Request) {
    let outcome = match wanted {
        terminal::Request::Take => return act(TAKE, request),
        terminal::Request::GiveUp => return act(GIVE_UP, request),
        terminal::Request::Open => open(&request),
        terminal::Request::Foreground => number(&request, |control| control.foreground),
        terminal::Request::Session => number(&request, |control| control.session),
        terminal::Request::SetForeground => set_foreground(&request),
    };
    answer(request, outcome);
}

fn answer(request: Request, outcome: Result<Answer, Fault>) {
    match outcome {
        Ok(answer) => request.reply(answer.result, &answer.body),
        Err(Fault::Error(error)) => request.reply(error.to_errno(), &[]),
        Err(Fault::Background) => request.reply(BACKGROUND, &[]),
        Err(Fault::Malformed | Fault::NotReady(_) | Fault::Soon) => request.bad_arguments(),
    }
}

/// The file a message begins with.
fn file_of(request: &Request, message: &mut Reader<'_>) -> Result<Arc<Exported>, Fault> {
    let handle = operation::handle(message)?;
    Ok(exports::of(request.from().node, handle).ok_or(EIO)?)
}

/// A number that only the session a terminal controls may know.
fn number(request: &Request, get: impl FnOnce(Control) -> u32) -> Result<Answer, Fault> {
    let mut message = Reader::new(request.args());
    let file = file_of(request, &mut message)?;
    let member = Member::decode(&mut message)?;
    message.end()?;
    let control = control(&file).ok_or(EIO)?;
    if !control.is_of(&member) {
        return Err(ENOTTY.into());
    }
    Ok(Answer::bytes(&get(control).to_le_bytes())?)
}

fn set_foreground(request: &Request) -> Result<Answer, Fault> {
    let mut message = Reader::new(request.args());
    let file = file_of(request, &mut message)?;
    let member = Member::decode(&mut message)?;
    let Group { number, is_vouched } = Group::decode(message)?;
    let control = control(&file).ok_or(ENOTTY)?;
    if !control.is_of(&member) {
        return Err(ENOTTY.into());
    }
    if !control.admits(&member, Act::Change) {
        return Err(Fault::Background);
    }
    let named = Named {
        group: number,
        is_vouched,
    };
    ssi_kapi::terminal::set_foreground(&file, member.session, named)?;
    Ok(Answer::number(0))
}

/// Has what a process left here make the call: this kernel knows nothing else of it.
fn act(number: u32, request: Request) {
    match change_of(number, &request) {
        Ok((file, Change { pid, argument })) => {
            let node = request.from().node.get();
            run(pid, node, move || {
                let outcome = ssi_kapi::terminal::ioctl(&file, number, argument);
                let answered = outcome.map(|()| Answer::number(0));
                answer(request, answered.map_err(Fault::Error));
            });
        }
        Err(fault) => answer(request, Err(fault)),
    }
}

fn change_of(number: u32, request: &Request) -> Result<(Arc<Exported>, Change), Fault> {
    let mut message = Reader::new(request.args());
    let file = file_of(request, &mut message)?;
    let change = Change::decode(message)?;
    let is_known = whereabouts::away(change.pid) == Some(request.from().node.get());
    match (is_known, number) {
        (true, _) => Ok((file, change)),
        (false, GIVE_UP) => Err(ENOTTY.into()),
        (false, _) => Err(EPERM.into()),
    }
}

/// What is not run is not answered, which says that the process is gone.
#[cfg(CONFIG_SSI_MIGRATE)]
fn run(pid: u32, node: u8, act: impl FnOnce() + Send + 'static) {
    let _ = ssi_kapi::surrogate::run(pid, node, act);
}

#[cfg(not(CONFIG_SSI_MIGRATE))]
fn run(_: u32, _: u8, _: impl FnOnce() + Send + 'static) {}

fn open(request: &Request) -> Result<Answer, Fault> {
    let Opening { session, flags } = Opening::decode(Reader::new(request.args()))?;
    let client: NodeId = request.from().node;
    let ticket =
        ssi_kapi::terminal::with_terminal(session, flags, |file| exports::export(file, client))?;
    Ok(Answer::bytes(ticket.as_bytes()).inspect_err(|_| ticket.withdraw())?)
}
