// SPDX-License-Identifier: GPL-2.0

//! System calls about owners of files.
//!
//! fcntl(2) and ioctl(2) that make a process of another node, or a group that has no member
//! here, the owner of a file; and all of them for a file of another node, which is asked.
//! Everything else is left to the kernel.

use kernel::{
    fs::LocalFile,
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use ssi_core::{
    vproc::{
        call::Call,
        pid,
        route::Route, //
    },
    wire::Reader, //
};
use ssi_kapi::{
    behalf::Caller,
    file_owner::{
        self,
        command,
        Kind,
        Owner,
        Place,
        Request,
        State, //
    },
    pidfd,
    syscall::{
        self,
        number,
        SystemCall, //
    }, //
};

use crate::{
    ask::{
        Operation,
        Question, //
    },
    calls,
    map, //
};

/// The calls that have such commands.
pub(crate) const NUMBERS: [u32; 2] = [number::FCNTL, number::IOCTL];

/// Who is meant by a number, in getpriority(2).
const PRIO_PGRP: usize = 1;

/// What a call wants.
#[derive(Clone, Copy)]
enum Wanted {
    /// To make somebody the owner, by a number that is negative for a group.
    Set(i32),
    /// The same, from memory at this address.
    SetFrom(usize),
    /// The owner, as such a number.
    Get,
    /// The same, to memory at this address.
    GetTo(usize),
    /// To make somebody the owner, from a structure at this address.
    SetLong(usize),
    /// The owner, to a structure at this address.
    GetLong(usize),
    /// To choose the signal.
    SetSignal(usize),
    /// The signal.
    GetSignal,
    /// To change the flags.
    SetFlags(usize),
    /// To send signals if the number at this address is not 0.
    Notify(usize),
}

impl Wanted {
    fn of(call: &SystemCall) -> Option<Self> {
        let [_, command, argument, ..] = call.arguments;
        match (call.number, command as u32) {
            (number::FCNTL, command::F_SETOWN) => Some(Self::Set(argument as i32)),
            (number::FCNTL, command::F_GETOWN) => Some(Self::Get),
            (number::FCNTL, command::F_SETOWN_EX) => Some(Self::SetLong(argument)),
            (number::FCNTL, command::F_GETOWN_EX) => Some(Self::GetLong(argument)),
            (number::FCNTL, command::F_SETSIG) => Some(Self::SetSignal(argument)),
            (number::FCNTL, command::F_GETSIG) => Some(Self::GetSignal),
            (number::FCNTL, command::F_SETFL) => Some(Self::SetFlags(argument)),
            (number::IOCTL, command::FIOASYNC) => Some(Self::Notify(argument)),
            (number::IOCTL, command::FIOSETOWN | command::SIOCSPGRP) => {
                Some(Self::SetFrom(argument))
            }
            (number::IOCTL, command::FIOGETOWN | command::SIOCGPGRP) => Some(Self::GetTo(argument)),
            _ => None,
        }
    }

    /// Whether sockets alone know it.
    const fn is_of_sockets(self) -> bool {
        matches!(self, Self::SetFrom(_) | Self::GetTo(_))
    }
}

/// Does what `call` wants of the owner of a file; `None` leaves it to the kernel.
pub(crate) fn dispatch(call: &SystemCall) -> Option<Result<isize>> {
    let wanted = Wanted::of(call)?;
    let fd = u32::try_from(call.int(0)).ok()?;
    let owned = Owned::of(fd).filter(|owned| !wanted.is_of_sockets() || owned.place.is_socket())?;
    owned.answer(wanted).transpose()
}

/// A file somebody owns.
struct Owned {
    fd: u32,
    place: Place,
}

impl Owned {
    fn of(fd: u32) -> Option<Self> {
        let file = LocalFile::fget(fd).ok()?;
        let place = Place::of(file);
        Some(Self { fd, place })
    }

    /// What `wanted` gives, `None` if it is for the kernel here.
    fn answer(&self, wanted: Wanted) -> Result<Option<isize>> {
        match wanted {
            Wanted::Set(who) => self.set_number(who),
            Wanted::SetFrom(from) => self.set_number(user(from, 4).reader().read::<i32>()?),
            Wanted::SetLong(from) => self.set_long(from),
            Wanted::Get => Ok(self.get()?.map(|owner| number_of(&owner) as isize)),
            Wanted::GetTo(to) => self.give(self.get()?, |owner| {
                let number = number_of(owner).to_ne_bytes();
                user(to, number.len()).writer().write_slice(&number)
            }),
            Wanted::GetLong(to) => self.give(self.get()?, |owner| give_long(owner, to)),
            Wanted::SetSignal(signal) if self.place.is_proxy() => {
                let signal = u32::try_from(signal).map_err(|_| EINVAL)?;
                self.ask(&Request::SetSignal(signal)).map(|_| Some(0))
            }
            Wanted::GetSignal if self.place.is_proxy() => {
                Ok(Some(self.ask(&Request::Get)?.signal as isize))
            }
            Wanted::SetFlags(flags) if self.place.is_proxy() => self.set_flags(flags),
            Wanted::Notify(from) if self.place.is_proxy() => {
                let on = user(from, 4).reader().read::<i32>()? != 0;
                self.notify(on).map(|()| Some(0))
            }
            Wanted::SetSignal(_) | Wanted::GetSignal => Ok(None),
            Wanted::SetFlags(_) | Wanted::Notify(_) => Ok(None),
        }
    }

    fn ask(&self, request: &Request) -> Result<State> {
        self.place.ask(request)
    }

    fn set_number(&self, who: i32) -> Result<Option<isize>> {
        match who {
            i32::MIN => Err(EINVAL),
            ..0 => self.set(Kind::Group, who),
            _ => self.set(Kind::Process, who),
        }
    }

    fn set_long(&self, from: usize) -> Result<Option<isize>> {
        let mut reader = user(from, 8).reader();
        let kind = match reader.read::<i32>()? as u32 {
            command::F_OWNER_TID => Kind::Thread,
            command::F_OWNER_PID => Kind::Process,
            command::F_OWNER_PGRP => Kind::Group,
            _ => return Err(EINVAL),
        };
        match reader.read::<i32>()? {
            ..0 => Err(ESRCH),
            number => self.set(kind, number),
        }
    }

    fn set(&self, kind: Kind, number: i32) -> Result<Option<isize>> {
        let number = number.unsigned_abs();
        if !self.place.is_proxy() && (number == 0 || is_here(kind, number)) {
            return Ok(None);
        }
        let owner = match number {
            0 => nobody(kind)?,
            _ => named(kind, number)?,
        };
        self.ask(&Request::Set(owner)).map(|_| Some(0))
    }

    /// The owner, nobody if it is gone; `None` if the kernel here knows.
    fn get(&self) -> Result<Option<Owner>> {
        let state = self.ask(&Request::Get)?;
        let is_known = state.is_here || state.owner.number == 0;
        match is_known {
            true if !self.place.is_proxy() => Ok(None),
            true => Ok(Some(state.owner)),
            false if lives(&state.owner) => Ok(Some(state.owner)),
            false => Ok(Some(Owner {
                number: 0,
                ..state.owner
            })),
        }
    }

    fn give(
        &self,
        owner: Option<Owner>,
        give: impl FnOnce(&Owner) -> Result,
    ) -> Result<Option<isize>> {
        owner.map(|owner| give(&owner).map(|()| 0)).transpose()
    }

    /// The other flags are the affair of the kernel.
    fn set_flags(&self, flags: usize) -> Result<Option<isize>> {
        match self.notify(flags as u32 & command::O_ASYNC != 0) {
            // Whether there can be signals is asked by FIOASYNC alone.
            Ok(()) | Err(ENOTTY) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn notify(&self, on: bool) -> Result {
        if self.place.is_notified() == on {
            return Ok(());
        }
        let asks = named(Kind::Process, syscall::own_process())?;
        let fd = self.fd;
        self.ask(&Request::Notify { fd, on, asks })?;
        self.place.show_notified(on);
        Ok(())
    }
}

fn user(address: usize, bytes: usize) -> UserSlice {
    UserSlice::new(UserPtr::from_addr(address), bytes)
}

fn number_of(owner: &Owner) -> i32 {
    let number = owner.number as i32;
    match owner.kind {
        Kind::Group => -number,
        Kind::Process | Kind::Thread => number,
    }
}

fn give_long(owner: &Owner, to: usize) -> Result {
    let kind = match owner.kind {
        Kind::Thread => command::F_OWNER_TID,
        Kind::Process => command::F_OWNER_PID,
        Kind::Group => command::F_OWNER_PGRP,
    };
    let mut writer = user(to, 8).writer();
    writer.write(&kind)?;
    writer.write(&owner.number)
}

/// Whether the kernel here has a task of that number that is meant.
fn is_here(kind: Kind, number: u32) -> bool {
    let is_own = number != pid::INIT || map::route(number) == Route::Here;
    is_own && (!pid::is_shared(number) || file_owner::is_here(kind, number))
}

/// Nobody, in the name of the running task.
fn nobody(kind: Kind) -> Result<Owner> {
    let caller = Caller::current()?;
    Ok(Owner {
        kind,
        number: 0,
        user: caller.user.real,
        effective: caller.user.effective,
        node: map::me().ok_or(ESRCH)?.get(),
        identity: 0,
    })
}

/// The one with this number, in the name of the running task.
///
/// # Errors
///
/// `ESRCH` if there is none.
fn named(kind: Kind, number: u32) -> Result<Owner> {
    let nobody = nobody(kind)?;
    let (node, identity) = match kind {
        _ if !pid::is_shared(number) => return Err(ESRCH),
        Kind::Group if group_is_there(number) => (nobody.node, 0),
        Kind::Group => return Err(ESRCH),
        Kind::Process | Kind::Thread => identify(number)?,
    };
    Ok(Owner {
        number,
        node,
        identity,
        ..nobody
    })
}

fn lives(owner: &Owner) -> bool {
    match owner.kind {
        Kind::Group => group_is_there(owner.number),
        Kind::Process | Kind::Thread => identify(owner.number).is_ok_and(|(node, identity)| {
            node != owner.node || [0, identity].contains(&owner.identity)
        }),
    }
}

/// The node that has process or thread `number`, or what is left of it, and what no other one
/// there ever has.
fn identify(number: u32) -> Result<(u8, u64)> {
    if is_here(Kind::Process, number) {
        let me = map::me().ok_or(ESRCH)?;
        return Ok((me.get(), pidfd::identity(number).ok_or(ESRCH)?));
    }
    let question = Question::new(Operation::Identify, |out| {
        out.u32(number);
    })?;
    let answered = question.put(number)?;
    let identity = Reader::new(answered.reply.body()).u64().map_err(|_| EIO)?;
    Ok((answered.node.get(), identity))
}

/// Whether group `number` has members, on whatever node.
fn group_is_there(number: u32) -> bool {
    let call = SystemCall {
        number: calls::number(Call::GetPriority),
        arguments: [PRIO_PGRP, number as usize, 0, 0, 0, 0],
    };
    let priority = calls::dispatch(Call::GetPriority, &call);
    priority
        .unwrap_or_else(|| Ok(call.native()))
        .is_ok_and(|priority| priority > 0)
}
