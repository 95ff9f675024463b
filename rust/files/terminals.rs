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
            Placed,
            Seen,
            Vouch,
            BACKGROUND, //
        }, //
    },
    ids::NodeId,
    vproc::pid::{
        self,
        Origin, //
    },
    wire::{
        Reader,
        Writer, //
    }, //
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
    members,
    numbered,
    service::{
        Answer,
        Fault, //
    },
    sessions,
    workers, //
};

pub(crate) const NAME: &str = "ssi.files.terminals";
pub(crate) const VERSION: u16 = 1;

/// Bytes of a [`Seen`].
const SEEN_BYTES: usize = 12;

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
        if matches!(wanted, terminal::Request::Look | terminal::Request::Vouch) {
            return serve(wanted, request);
        }
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
        terminal::Request::Look => look(&request),
        terminal::Request::Vouch => vouch(&request),
        terminal::Request::HungUp => hung_up(&request),
        terminal::Request::Ended => ended(&request),
        terminal::Request::Placed => placed(&request),
        terminal::Request::Number => numbered::status(&request),
        terminal::Request::OpenNumber => numbered::open(&request),
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

/// Has what a process left here make the call, which this kernel knows as the process; or
/// who stands for the leader of a session.
fn act(number: u32, request: Request) {
    let (file, change) = match change_of(&request) {
        Ok(found) => found,
        Err(fault) => return answer(request, Err(fault)),
    };
    let Change { pid, argument, .. } = change;
    // It need not have gone straight to where it is.
    if let Some(next) = whereabouts::away(pid) {
        return run(pid, next, move || {
            let outcome = ssi_kapi::terminal::ioctl(&file, number, argument);
            let answered = outcome.map(|()| Answer::number(0));
            answer(request, answered.map_err(Fault::Error));
        });
    }
    let outcome = match (change.leader, number) {
        (Some(leader), _) if !is_ours(pid) => {
            act_for(pid, leader, &request, &file, (number, argument))
        }
        (_, GIVE_UP) => Err(ENOTTY),
        _ => Err(EPERM),
    };
    answer(
        request,
        outcome.map(|()| Answer::number(0)).map_err(Fault::Error),
    );
}

/// Whether `pid` was born here. Then there is something of it, or it is gone.
fn is_ours(pid: u32) -> bool {
    matches!(pid::origin(pid), Some(Origin::Node(node)) if members::me() == Ok(node))
}

fn change_of(request: &Request) -> Result<(Arc<Exported>, Change), Fault> {
    let mut message = Reader::new(request.args());
    let file = file_of(request, &mut message)?;
    Ok((file, Change::decode(message)?))
}

#[cfg(CONFIG_SSI_MIGRATE)]
fn act_for(
    pid: u32,
    leader: terminal::Leader,
    request: &Request,
    file: &HomeFile,
    (number, argument): (u32, u32),
) -> Result {
    let client = request.from();
    let leader = ssi_kapi::terminal::Leader {
        pid,
        has_one: false,
        is_admin: leader.is_admin,
        user: leader.user,
        effective: leader.effective,
    };
    let keeper = sessions::keeper(pid, client.node);
    let outcome = ssi_kapi::terminal::ioctl_of(&leader, keeper.get(), file, number, argument);
    // It may have gone before there was somebody to lose it.
    let is_there = match keeper == client.node {
        true => members::lives(client),
        false => members::is_there(keeper),
    };
    if !is_there {
        ssi_kapi::terminal::lose_leaders(keeper.get());
    }
    outcome
}

#[cfg(not(CONFIG_SSI_MIGRATE))]
fn act_for(_: u32, _: terminal::Leader, _: &Request, _: &HomeFile, _: (u32, u32)) -> Result {
    Err(EPERM)
}

/// What is not run is not answered, which says that the process is gone.
#[cfg(CONFIG_SSI_MIGRATE)]
fn run(pid: u32, node: u8, act: impl FnOnce() + Send + 'static) {
    let _ = ssi_kapi::surrogate::run(pid, node, act);
}

#[cfg(not(CONFIG_SSI_MIGRATE))]
fn run(_: u32, _: u8, _: impl FnOnce() + Send + 'static) {}

/// `node` is gone. May sleep.
pub(crate) fn lose(node: NodeId) {
    let node = node.get();
    // Without memory the leaders find out when they use the terminal.
    let _ = workers::run(move || {
        ssi_kapi::terminal::lose(node);
        #[cfg(CONFIG_SSI_MIGRATE)]
        ssi_kapi::terminal::lose_leaders(node);
    });
}

/// The terminal of a session, here or where it is.
fn look(request: &Request) -> Result<Answer, Fault> {
    let session = terminal::session(Reader::new(request.args()))?;
    let seen = match ssi_kapi::terminal::look(session) {
        Some(ssi_kapi::terminal::Seen { device, foreground }) => Seen::Here { device, foreground },
        None => Seen::At(elsewhere(session)?),
    };
    let mut room = [0; SEEN_BYTES];
    let mut out = Writer::new(&mut room);
    seen.encode(&mut out);
    out.finish().map_err(|_| E2BIG)?;
    Ok(Answer::bytes(&room)?)
}

fn elsewhere(session: u32) -> Result<NodeId> {
    let place = ssi_kapi::terminal::place(session).and_then(NodeId::new);
    place.ok_or(ENXIO)
}

fn vouch(request: &Request) -> Result<Answer, Fault> {
    let Vouch { group, session } = Vouch::decode(Reader::new(request.args()))?;
    ssi_kapi::terminal::vouches(group, session)?;
    Ok(Answer::number(0))
}

fn hung_up(request: &Request) -> Result<Answer, Fault> {
    let session = terminal::session(Reader::new(request.args()))?;
    sessions::forget(session);
    ssi_kapi::terminal::hang_up(session, request.from().node.get());
    Ok(Answer::number(0))
}

fn ended(request: &Request) -> Result<Answer, Fault> {
    let _session = terminal::session(Reader::new(request.args()))?;
    #[cfg(CONFIG_SSI_MIGRATE)]
    ssi_kapi::terminal::end_leader(_session);
    Ok(Answer::number(0))
}

fn placed(request: &Request) -> Result<Answer, Fault> {
    let Placed { session, node } = Placed::decode(Reader::new(request.args()))?;
    match node {
        Some(node) if members::me() != Ok(node) => {
            ssi_kapi::terminal::placed(session, node.get())?;
        }
        _ => {
            if let Some(before) = ssi_kapi::terminal::place(session) {
                ssi_kapi::terminal::given_up(session, before);
            }
        }
    }
    Ok(Answer::number(0))
}

/// A ticket for the terminal of a session; if it is elsewhere, the node to ask.
fn open(request: &Request) -> Result<Answer, Fault> {
    let Opening { session, flags } = Opening::decode(Reader::new(request.args()))?;
    let client: NodeId = request.from().node;
    let ticket =
        ssi_kapi::terminal::with_terminal(session, flags, |file| exports::export(file, client));
    if let (Err(ENXIO), Ok(node)) = (&ticket, elsewhere(session)) {
        return Ok(Answer::number(node.get().into()));
    }
    let ticket = ticket?;
    Ok(Answer::bytes(ticket.as_bytes()).inspect_err(|_| ticket.withdraw())?)
}
