// SPDX-License-Identifier: GPL-2.0

//! Process that comes home.
//!
//! What stands for it here is filled with it: the surrogate's task gets memory, files and rights
//! again, and is the process.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::Arc, //
};

use super::{
    find,
    first_from,
    next_pending,
    Surrogate,
    Way,
    OWNER, //
};
use crate::{
    errand,
    event::{
        Event,
        Patience, //
    },
    parking,
    posix_timer::Stopped,
    signal_info::SentSignal, //
};

/// Most signals that are brought along.
const BROUGHT_MAX: usize = 4096;

/// Process that comes back.
pub(super) struct Return {
    body: KBox<dyn Body>,
    asker: KBox<dyn Asker>,
    /// It is not held any more.
    decided: Arc<Event>,
}

/// What a process that comes back is made of, in the task of the surrogate. Runs once.
trait Body: Send {
    /// Gives the signals it blocks.
    fn run(&mut self) -> Result<u64>;
}

impl<F: FnOnce() -> Result<u64> + Send> Body for Option<F> {
    fn run(&mut self) -> Result<u64> {
        self.take().ok_or(EINVAL)?()
    }
}

/// Who is told what came of it. Told once.
trait Asker: Send {
    fn tell(&mut self, outcome: Result);
}

impl<F: FnOnce(Result) + Send> Asker for Option<F> {
    fn tell(&mut self, outcome: Result) {
        if let Some(told) = self.take() {
            told(outcome);
        }
    }
}

/// The process of surrogate `pid`, which is on node `from`, comes back: `body` makes it, in
/// the task of the surrogate, which has the rights of the kernel then and empty hands, and
/// gives the signals it blocks. When that is over `told` is, by that task. If it was good the
/// process is held: it goes on at [`resume`]. Else the task is a surrogate as before, as it
/// is after [`refuse`]. Does not wait for any of that.
///
/// # Errors
///
/// `told` gets what `body` gave, or `EINTR` for one that was refused meanwhile. `ESRCH` if there
/// is no surrogate of a process on `from`, `EBUSY` if it comes already, `ENOMEM`.
pub fn come_back(
    pid: u32,
    from: u8,
    body: impl FnOnce() -> Result<u64> + Send + 'static,
    told: impl FnOnce(Result) + Send + 'static,
) {
    // Without room for it nothing begins, for it could not be told.
    let Ok(room) = KBox::new_uninit(GFP_KERNEL) else {
        return told(Err(ENOMEM));
    };
    let (surrogate, body, decided) = match prepare(pid, from, body) {
        Ok(prepared) => prepared,
        Err(error) => return told(Err(error)),
    };
    let asker = KBox::write(room, Some(told));
    let coming = Return {
        body,
        asker,
        decided,
    };
    if let Some(mut refused) = surrogate.begin_return(from, coming) {
        refused.asker.tell(Err(EBUSY));
    }
}

type Prepared = (Arc<Surrogate>, KBox<dyn Body>, Arc<Event>);

fn prepare(
    pid: u32,
    from: u8,
    body: impl FnOnce() -> Result<u64> + Send + 'static,
) -> Result<Prepared> {
    let surrogate = find(pid, from)?;
    let body = KBox::new(Some(body), GFP_KERNEL)?;
    Ok((surrogate, body, Arc::new(Event::new()?, GFP_KERNEL)?))
}

/// Process `pid`, which [came back](come_back) and is held, gets a signal that waited for it
/// where it was: ahead of all that wait here. Does not sleep; process context.
///
/// # Errors
///
/// `ESRCH` if it is not held, or not of node `from`; `EAGAIN` for too many.
pub fn bring(pid: u32, from: u8, signal: &SentSignal) -> Result {
    let surrogate = find(pid, from)?;
    let mut changing = surrogate.changing.lock();
    match changing.way {
        Way::Held if changing.brought.len() < BROUGHT_MAX => (),
        Way::Held => return Err(EAGAIN),
        Way::Back => {
            // It is about to go on; what waits is in order already, or will be.
            drop(changing);
            return errand::signal(pid, signal);
        }
        _ => return Err(ESRCH),
    }
    changing
        .brought
        .push(*signal, GFP_ATOMIC)
        .map_err(|_| EAGAIN)
}

/// Lets process `pid` go on that [came back](come_back) and is held. Nothing happens if it is
/// not. Does not sleep; process context.
pub fn resume(pid: u32) {
    decide(pid, Way::Back);
}

/// Process `pid` does not [come back](come_back) after all: what is here stands for it as
/// before. Does not sleep; process context.
pub fn refuse(pid: u32) {
    decide(pid, Way::Refused);
}

fn decide(pid: u32, what: Way) {
    if let Some(surrogate) = first_from(pid).filter(|surrogate| surrogate.pid == pid) {
        surrogate.decide(what);
    }
}

/// A signal that waited for the running task, which was a surrogate and is the program now, and
/// whose parent was `parent`.
fn translated(signal: &SentSignal, parent: u32) -> Option<SentSignal> {
    let mut bytes = *signal.as_bytes();
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant, and can be written.
    unsafe { bindings::ssi_surrogate_translate(bytes.as_mut_ptr().cast(), parent) }
        .then(|| SentSignal::from_wire(&bytes).ok())?
}

impl Surrogate {
    /// Ends the wait of one that comes back, or keeps it from coming.
    pub(super) fn decide(&self, what: Way) {
        let mut changing = self.changing.lock();
        match (changing.way, what) {
            (Way::Held, _) | (Way::Coming, Way::Refused) => changing.way = what,
            (_, _) => return,
        }
        let decided = changing.decided.clone();
        drop(changing);
        if let Some(decided) = decided {
            decided.raise();
        }
    }

    /// Has its task be the process again. Gives back one that is not to be.
    fn begin_return(&self, from: u8, coming: Return) -> Option<Return> {
        let mut changing = self.changing.lock();
        if changing.node != from || changing.way != Way::Away {
            return Some(coming);
        }
        changing.way = Way::Coming;
        changing.decided = Some(coming.decided.clone());
        changing.coming = Some(coming);
        drop(changing);
        self.look();
        None
    }

    /// Nothing comes back any more.
    pub(super) fn close(&self) {
        let mut changing = self.changing.lock();
        changing.way = Way::Refused;
        let coming = changing.coming.take();
        drop(changing);
        if let Some(Return { mut asker, .. }) = coming {
            asker.tell(Err(ESRCH));
        }
    }

    /// If the process is to come back, has the running task be it. Whether it is; `None` if
    /// the task is about to end.
    pub(super) fn come_back(&self) -> Option<bool> {
        let coming = self.changing.lock().coming.take();
        let Some(coming) = coming else {
            return Some(false);
        };
        let mut rights = core::ptr::null_mut();
        // SAFETY: The running task is a surrogate; the rights can be written.
        let revived = to_result(unsafe { bindings::ssi_surrogate_revive(&mut rights) });
        let (is_back, is_alive) = match revived {
            Ok(()) => {
                let is_back = self.hold(coming);
                // SAFETY: They were given just now, and only once.
                unsafe { bindings::ssi_surrogate_rights(rights, !is_back) };
                (is_back, is_back || self.begin(*OWNER.as_ref()?, false))
            }
            Err(error) => {
                let Return { mut asker, .. } = coming;
                asker.tell(Err(error));
                (false, true)
            }
        };
        if !is_back {
            let mut changing = self.changing.lock();
            changing.way = Way::Away;
            let dropped = core::mem::replace(&mut changing.brought, KVec::new());
            drop(changing);
            drop(dropped);
            self.put_users();
        }
        is_alive.then_some(is_back)
    }

    /// Makes the running task the process, and holds it. Whether it is to go on.
    fn hold(&self, coming: Return) -> bool {
        let Return {
            mut body,
            mut asker,
            decided,
        } = coming;
        let made = body.run();
        drop(body);
        let is_held = made.is_ok() && self.is_held();
        asker.tell(match made {
            Ok(_) if is_held => Ok(()),
            Ok(_) => Err(EINTR),
            Err(error) => Err(error),
        });
        let (true, Ok(blocked)) = (is_held, made) else {
            return false;
        };
        // A wait that nothing ends but the event.
        let _ = decided.wait(Patience::Always, None);
        if self.changing.lock().way != Way::Back {
            return false;
        }
        self.sort_signals();
        self.forget();
        // SAFETY: The task is the program now.
        unsafe { bindings::ssi_surrogate_unmask(blocked) };
        true
    }

    /// Puts the signals that were brought ahead of those that came here meanwhile. None is
    /// taken now.
    fn sort_signals(&self) {
        let parent = self.told.lock().map_or(0, |(_, told)| told.parent);
        // Their signals are none that were sent. They wait again when this is dropped.
        let _timers = Stopped::new();
        let mut changing = self.changing.lock();
        let mut all = core::mem::replace(&mut changing.brought, KVec::new());
        drop(changing);
        // Those to the first thread alone stay that.
        let mut own = KVec::new();
        let _ = parking::signals_of(self.pid, &mut |_, signal| Ok(own.push(signal, GFP_KERNEL)?));
        // Without room what is here stays ahead.
        while all.reserve(1, GFP_KERNEL).is_ok() {
            let Some(signal) = next_pending(false) else {
                break;
            };
            let _ = all.push(signal, GFP_KERNEL);
        }
        for signal in all.iter().filter_map(|signal| translated(signal, parent)) {
            // The number of those that wait is what it was.
            let _ = errand::signal(self.pid, &signal);
        }
        for signal in &own {
            // As above.
            let _ = errand::signal_thread(self.pid, self.pid, signal);
        }
    }

    /// It is made. False if it is not wanted any more.
    fn is_held(&self) -> bool {
        let mut changing = self.changing.lock();
        let is_wanted = changing.way == Way::Coming;
        if is_wanted {
            changing.way = Way::Held;
        }
        is_wanted
    }
}
