// SPDX-License-Identifier: GPL-2.0

//! Terminals of sessions on several nodes.
//!
//! A terminal knows at home which session it controls and which group of that is in the
//! foreground; a process knows where it is in which session and group it is. What the one
//! side has to tell the other is here, and `/dev/tty`, which may be on another node.
//!
//! C header: [`include/linux/tty.h`](srctree/include/linux/tty.h)

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::{
        File,
        LocalFile, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        SetOnce, //
    }, //
};

use crate::{
    file_home::HomeFile,
    file_proxy::Proxy,
    pids, //
};

/// ioctl(2): the terminal controls the session of the running task.
pub const TAKE: u32 = bindings::TIOCSCTTY;
/// ioctl(2): it does not any more.
pub const GIVE_UP: u32 = bindings::TIOCNOTTY;

/// Finds the terminals of sessions.
pub trait Finder: Sync {
    /// The terminal that controls the session of the running task, opened with `flags`, if
    /// another node has it. May sleep.
    ///
    /// # Errors
    ///
    /// `ENXIO` if no other node has it; those of open(2).
    fn find(&self, session: u32, flags: u32) -> Result<ARef<File>>;
}

static FINDER: SetOnce<&'static dyn Finder> = SetOnce::new();

/// Has `finder` asked when `/dev/tty` is opened. Call it once, from an initcall, after
/// [`file_proxy::install`](crate::file_proxy::install).
///
/// # Errors
///
/// `EBUSY` the second time, `ENOMEM`.
pub fn begin(finder: &'static dyn Finder) -> Result {
    if !FINDER.populate(finder) {
        return Err(EBUSY);
    }
    // SAFETY: Called once, as just seen.
    to_result(unsafe { bindings::ssi_terminal_begin() })
}

/// A process, as far as a terminal looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its session, 0 for one no other node knows.
    pub session: u32,
    /// Its group.
    pub group: u32,
    /// Whether it blocks or ignores SIGTTOU.
    pub insists: bool,
}

impl Member {
    /// The running task.
    pub fn of_current() -> Self {
        let mut raw: bindings::ssi_terminal_member = pin_init::zeroed();
        // SAFETY: It can be written.
        unsafe { bindings::ssi_terminal_member(&mut raw) };
        Self {
            session: raw.session,
            group: raw.group,
            insists: raw.insists,
        }
    }
}

/// What may not be done from the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// To read: `SIGTTIN`.
    Read,
    /// To write or to change: `SIGTTOU`.
    Write,
}

/// The running task is in the background of its terminal, elsewhere. Sends its group the
/// signal that stops it, and gives what its system call gives: `ERESTARTSYS`, or `EIO` for
/// one that is not stopped. Context of a task, without locks.
pub fn in_background(what: Forbidden) -> Error {
    let signal = match what {
        Forbidden::Read => bindings::SIGTTIN,
        Forbidden::Write => bindings::SIGTTOU,
    };
    // SAFETY: Looks at the running task; holds no lock by the contract of this function.
    Error::from_errno(unsafe { bindings::ssi_terminal_background(signal as c_int) })
}

/// A group the running task names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The number all nodes know it by.
    pub group: u32,
    /// Whether this node knows that it is of the task's session.
    pub is_vouched: bool,
}

/// The group the running task means by `group`.
///
/// # Errors
///
/// `EINVAL` for a negative number, `EPERM` for a group of another session, `ESRCH` for
/// a number none has, or none in the pid namespace of the task.
pub fn named(mut group: i32) -> Result<Named> {
    match u32::try_from(group) {
        Err(_) => return Err(EINVAL),
        Ok(pids::LIMIT..) => return Err(ESRCH),
        Ok(_) => (),
    }
    // SAFETY: It can be read and written.
    let is_vouched = unsafe { bindings::ssi_terminal_vouch(&mut group) };
    to_result(is_vouched.min(0))?;
    Ok(Named {
        group: group as u32,
        is_vouched: is_vouched != 0,
    })
}

/// The number the running task knows `group` by, 0 if it sees none such.
pub fn visible(group: u32) -> u32 {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_terminal_visible(group) }
}

/// Whom a terminal controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// The session, 0 if there is none.
    pub session: u32,
    /// Its group in the foreground, 0 if there is none.
    pub foreground: u32,
    /// Whether who writes from the background is stopped.
    pub stops_writers: bool,
}

/// Whom terminal `home` controls; `None` for what is none, or was hung up. Any context.
pub fn control(home: &HomeFile) -> Option<Control> {
    let mut raw: bindings::ssi_terminal_control = pin_init::zeroed();
    // SAFETY: Valid while it is borrowed; the other can be written.
    let is_terminal = unsafe { bindings::ssi_terminal_control(home.as_ptr(), &mut raw) };
    is_terminal.then_some(Control {
        session: raw.session,
        foreground: raw.foreground,
        stops_writers: raw.stops_writers,
    })
}

/// Puts a group of `session` into the foreground of terminal `home`. One that has no member
/// on this node is believed to be of the session if it [is vouched for](Named). May sleep.
///
/// # Errors
///
/// `ENOTTY` for a terminal that does not control `session`, `ESRCH` for a group nobody
/// knows, `EPERM` for one of another session, `EINVAL` for a number none has, `ENOMEM`.
pub fn set_foreground(home: &HomeFile, session: u32, named: Named) -> Result {
    let Named { group, is_vouched } = named;
    // SAFETY: Valid while it is borrowed.
    to_result(unsafe {
        bindings::ssi_terminal_set_foreground(home.as_ptr(), session, group, is_vouched)
    })
}

/// Has the running task [`TAKE`] terminal `home`, or [`GIVE_UP`]. May sleep.
///
/// # Errors
///
/// Those of ioctl(2); `EIO` for what is no terminal any more.
pub fn ioctl(home: &HomeFile, number: u32, argument: u32) -> Result {
    // SAFETY: Valid while it is borrowed. Neither call has an address for argument, and any
    // other checks it.
    let result = unsafe { bindings::ssi_terminal_ioctl(home.as_ptr(), number, argument as usize) };
    to_result(result as c_int)
}

/// Runs `act` with the terminal of `session`, of this node, opened with `flags`. Only a
/// thread of the kernel may call it; may sleep.
///
/// # Errors
///
/// `ENXIO` if it has none; those of open(2), and of `act`.
pub fn with_terminal<R>(
    session: u32,
    flags: u32,
    act: impl FnOnce(&LocalFile) -> Result<R>,
) -> Result<R> {
    // SAFETY: No preconditions.
    let raw = from_err_ptr(unsafe { bindings::ssi_terminal_put_on(session, flags) });
    let outcome = raw.and_then(|raw| {
        let raw = core::ptr::NonNull::new(raw).ok_or(ENXIO)?;
        // SAFETY: The reference is handed on; the file has no number.
        let file: ARef<File> = unsafe { ARef::from_raw(raw.cast()) };
        act(&file)
    });
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_terminal_take_off() };
    outcome
}

/// # Safety
///
/// The file is being opened.
#[export]
unsafe extern "C" fn ssi_terminal_elsewhere(file: *mut bindings::file, flags: u32) -> c_int {
    let session = Member::of_current().session;
    let found = FINDER
        .copy()
        .filter(|_| session != 0)
        .ok_or(ENXIO)
        .and_then(|finder| finder.find(session, flags));
    let proxy = found.and_then(|found| {
        let proxy = Proxy::of(&found).ok_or(ENXIO)?;
        // SAFETY: By the caller; the proxy is open as long as `found` is.
        to_result(unsafe { bindings::ssi_proxy_adopt(proxy.as_ptr(), file) })
    });
    proxy.map_or_else(|error| error.to_errno(), |()| 0)
}

#[cfg(all(CONFIG_SSI_KUNIT_TEST, CONFIG_SSI_MIGRATE))]
#[kernel::macros::kunit_tests(ssi_kapi_terminal)]
mod tests {
    use super::*;
    use crate::{
        file_fixture,
        guest::{
            self,
            kunit::{
                arrival,
                create,
                in_a_guest,
                is_gone,
                PID, //
            },
            Arrival, //
        }, //
    };
    use kernel::sync::Arc;

    /// A process of a group of its own.
    const OTHER: u32 = PID + 7;
    /// Changes a terminal, which only the foreground may.
    const FLUSH: u32 = bindings::TCFLSH;

    /// A process of the session that [`PID`] leads.
    fn member(pid: u32) -> Arrival {
        Arrival {
            group: pid,
            session: PID,
            ..arrival(pid)
        }
    }

    fn is_controlled(home: &HomeFile, session: u32, foreground: u32) -> bool {
        control(home)
            .is_some_and(|control| (control.session, control.foreground) == (session, foreground))
    }

    fn group(group: u32, is_vouched: bool) -> Named {
        Named { group, is_vouched }
    }

    #[test]
    fn a_task_says_where_it_is() -> Result {
        guest::kunit::begin()?;
        let (own, names) = in_a_guest(&member(PID), || {
            let names = [PID as i32, OTHER as i32, 1, -1].map(named);
            Ok((Member::of_current(), names))
        })?;
        // A new task blocks all signals, as who insists does.
        assert!((own.session, own.group, own.insists) == (PID, PID, true));
        let [mine, unknown, of_others, none] = names;
        assert!(mine == Ok(group(PID, true)));
        assert!(unknown == Ok(group(OTHER, false)));
        assert!(of_others == Err(EPERM) && none == Err(EINVAL));
        assert!(is_gone(PID));
        Ok(())
    }

    #[test]
    fn a_group_without_members_here_may_be_in_the_foreground() -> Result {
        guest::kunit::begin()?;
        let (terminal, _master) = file_fixture::terminal()?;
        let home = Arc::new(HomeFile::new(&terminal)?, GFP_KERNEL)?;
        assert!(is_controlled(&home, 0, 0));
        let own = home.clone();
        create(&member(PID), move || ioctl(&own, TAKE, 0))?;
        assert!(is_controlled(&home, PID, PID));
        assert!(set_foreground(&home, PID, group(OTHER, false)) == Err(ESRCH));
        assert!(set_foreground(&home, PID, group(1, true)) == Err(EPERM));
        assert!(set_foreground(&home, PID + 1, group(OTHER, true)) == Err(ENOTTY));
        assert!(is_controlled(&home, PID, PID));
        assert!(set_foreground(&home, PID, group(OTHER, true)) == Ok(()));
        assert!(is_controlled(&home, PID, OTHER));
        // A member that comes has the terminal, and is in the foreground to this kernel.
        let own = home.clone();
        let flushed = in_a_guest(&member(OTHER), move || Ok(ioctl(&own, FLUSH, 0)))?;
        assert!(flushed == Ok(()) && is_gone(OTHER));
        guest::kill(PID);
        assert!(is_gone(PID) && is_controlled(&home, 0, 0));
        Ok(())
    }

    #[test]
    fn the_terminal_of_a_session_is_found() -> Result {
        guest::kunit::begin()?;
        let (terminal, _master) = file_fixture::terminal()?;
        let home = Arc::new(HomeFile::new(&terminal)?, GFP_KERNEL)?;
        create(&member(PID), move || ioctl(&home, TAKE, 0))?;
        let found = with_terminal(PID, bindings::O_RDWR, |file| HomeFile::new(file))?;
        assert!(is_controlled(&found, PID, PID));
        let missing = with_terminal(OTHER, bindings::O_RDWR, |_| Ok(()));
        assert!(missing == Err(ENXIO));
        guest::kill(PID);
        assert!(is_gone(PID));
        Ok(())
    }
}
