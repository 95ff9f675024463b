// SPDX-License-Identifier: GPL-2.0

//! Children of a process elsewhere.
//!
//! Home waits for them when it is asked, as what the process left there, and calls the process
//! when something became of one. What it took it says again until it is asked something else:
//! see [`ssi_core::migrate::child_wait`].

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        SetOnce,
        SpinLock, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    migrate::{
        child_wait::{
            Kept,
            Ticket, //
        },
        children::{
            self as travelling,
            option,
            Answer,
            Found,
            Which,
            ANSWER_BYTES_MAX, //
        }, //
    },
    vproc::pid,
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    CallError,
    Handler,
    Place,
    Reply,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    children::{
        self,
        Handling,
        Wanted, //
    },
    surrogate,
    whereabouts, //
};

const NAME: &str = "ssi.migrate.children";
const VERSION: u16 = 1;

/// The service of all nodes.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Worker,
    window: 64,
    handler: &Server,
};

/// What a node is asked for. Each begins with the number of the process, four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Asked at home: to look for a child, under the number of the question that follows.
    Wait,
    /// Asked at home: to have its children end, stop and go on as the flags that follow say.
    Handle,
    /// To take in which children it has elsewhere.
    Have,
    /// Told by home: something became of one.
    Changed,
}

impl Operation {
    const ALL: [Self; 4] = [Self::Wait, Self::Handle, Self::Have, Self::Changed];

    const fn code(self) -> u16 {
        self as u16 + 1
    }

    fn from_code(code: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.code() == code)
    }
}

/// What children are that a node is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// They are at home.
    AtHome,
    /// They died with the home the process had.
    Lost,
}

impl Told {
    /// Its number on the wire.
    pub(crate) const fn code(self) -> u8 {
        self as u8 + 1
    }

    fn from_code(code: u8) -> Result<Self, Malformed> {
        match code {
            1 => Ok(Self::AtHome),
            2 => Ok(Self::Lost),
            _ => Err(Malformed),
        }
    }
}

type Table = SpinLock<RBTree<u32, Kept>>;

/// What was said last, of those who took a child.
static KEPT: SetOnce<Pin<KBox<Table>>> = SetOnce::new();

/// Makes the place where answers are kept. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let table = new_spinlock!(RBTree::new(), "ssi_migrate_answers");
    KEPT.populate(KBox::pin_init(table, GFP_KERNEL)?);
    Ok(())
}

/// Process `pid` asks no more.
pub(crate) fn forget(pid: u32) {
    if let Some(table) = KEPT.as_ref() {
        let gone = table.lock().remove_node(&pid);
        drop(gone);
    }
}

/// Asks `node`, and waits unless the running task is killed.
///
/// # Errors
///
/// [`CallError`].
pub(crate) fn put(
    node: NodeId,
    operation: Operation,
    args: &[u8],
) -> core::result::Result<Reply, CallError> {
    let ask = Ask::new(ServiceRef::new(NAME, VERSION), operation.code(), args);
    ssi_ics::insist(|| ssi_ics::call(node, &ask))
}

/// Something became of a child here of process `pid`, which is on `node`.
pub(crate) fn call(pid: u32, node: NodeId) {
    let args = pid.to_le_bytes();
    let service = ServiceRef::new(NAME, VERSION);
    // A node that is gone waits for nobody.
    ssi_ics::tell(node, &Ask::new(service, Operation::Changed.code(), &args));
}

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        let Some(operation) = Operation::from_code(request.operation()) else {
            return request.no_operation();
        };
        let Ok(asked) = Asked::read(operation, request.args()) else {
            return request.bad_arguments();
        };
        let outcome = match asked {
            Asked::Wait(pid, number, wanted) => return wait(request, pid, number, wanted),
            Asked::Handle(pid, handling) => return handle(request, pid, handling),
            Asked::Have(pid, told, list) => {
                let rest = request.args().get(list..).unwrap_or_default();
                crate::children::hear(pid, request.from().node, told, Reader::new(rest))
            }
            Asked::Changed(pid) => changed(pid, request.from().node),
        };
        let result = outcome.map_or_else(Error::to_errno, |()| 0);
        request.reply(result, &[]);
    }
}

/// A question that was read.
enum Asked {
    Wait(u32, u64, travelling::Wanted),
    Handle(u32, Handling),
    /// And where the list begins.
    Have(u32, Told, usize),
    Changed(u32),
}

impl Asked {
    fn read(operation: Operation, args: &[u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(args);
        let pid = message.u32()?;
        if !pid::is_shared(pid) || pid == pid::INIT {
            return Err(Malformed);
        }
        let asked = match operation {
            Operation::Wait => {
                let number = message.u64()?;
                Self::Wait(pid, number, travelling::Wanted::decode(&mut message)?)
            }
            Operation::Handle => Self::Handle(pid, Handling::from_u32(message.u32()?)),
            Operation::Have => {
                let told = Told::from_code(message.u8()?)?;
                return Ok(Self::Have(pid, told, args.len() - message.rest().len()));
            }
            Operation::Changed => Self::Changed(pid),
        };
        message.end()?;
        Ok(asked)
    }
}

/// The home of a guest says that.
fn changed(pid: u32, from: NodeId) -> Result {
    let home = whereabouts::guest(pid).and_then(|guest| guest.home);
    if home != Some(from.get()) {
        return Err(ESRCH);
    }
    children::call(pid);
    Ok(())
}

/// What process `pid` left here has its children end, stop and go on so.
fn handle(request: Request, pid: u32, handling: Handling) {
    surrogate::run_behind(pid, request.from().node.get(), move |is_run| {
        let result = is_run.map(|()| handling.take_over());
        request.reply(result.map_or_else(Error::to_errno, |()| 0), &[]);
    });
}

/// Looks for a child as what process `pid` left here, and answers.
fn wait(request: Request, pid: u32, number: u64, wanted: travelling::Wanted) {
    let (from, node) = (request.from(), request.from().node.get());
    let place = match RBTreeNode::new(pid, Kept::new(), GFP_KERNEL) {
        Ok(place) => place,
        Err(_) => return request.reply(ENOMEM.to_errno(), &[]),
    };
    // What is not run is not answered, which says that there is none.
    surrogate::run_behind(pid, node, move |is_run| {
        let ticket = Ticket { from, number };
        let answer = is_run.and_then(|()| said(pid, ticket).map_or_else(|| look(&wanted), Ok));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return request.reply(error.to_errno(), &[]),
        };
        keep(pid, ticket, answer, place);
        let mut room = [0; ANSWER_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        answer.encode(&mut out);
        let length = out.finish().unwrap_or_default();
        request.reply(0, room.get(..length).unwrap_or_default());
    });
}

/// What was said to process `pid` when it asked this.
fn said(pid: u32, ticket: Ticket) -> Option<Answer> {
    KEPT.as_ref()?.lock().get(&pid)?.again(ticket)
}

/// Notes what is said. Only who takes a child cannot look again.
fn keep(pid: u32, ticket: Ticket, answer: Answer, place: RBTreeNode<u32, Kept>) {
    let Some(table) = KEPT.as_ref() else {
        return;
    };
    let mut kept = Kept::new();
    kept.keep(ticket, answer);
    let mut table = table.lock();
    let gone = match (table.get_mut(&pid), answer.found) {
        (Some(known), Found::Child(_)) => {
            *known = kept;
            None
        }
        (None, Found::Child(_)) => {
            table.insert(place);
            if let Some(known) = table.get_mut(&pid) {
                *known = kept;
            }
            None
        }
        (Some(_), _) => table.remove_node(&pid),
        (None, _) => None,
    };
    drop(table);
    drop(gone);
}

fn look(wanted: &travelling::Wanted) -> Result<Answer> {
    let found = match to_kapi(wanted).find_for_other() {
        Ok(Some(waited)) => Found::Child(travelling::Waited {
            pid: waited.pid,
            user: waited.user,
            status: waited.status,
            cause: waited.cause,
            usage: waited.usage,
        }),
        Ok(None) => Found::NothingYet,
        Err(ECHILD) => Found::NoChild,
        Err(error) => return Err(error),
    };
    let are_left = children::are_left();
    Ok(Answer { found, are_left })
}

/// As the kernel takes it, which does not sleep.
pub(crate) fn to_kapi(wanted: &travelling::Wanted) -> Wanted {
    let options = wanted.options | option::NO_HANG;
    match wanted.which {
        Which::All => Wanted::any(options),
        Which::Process(pid) => Wanted::process(pid, options),
        Which::Group(group) => Wanted::group(group, options),
    }
}
