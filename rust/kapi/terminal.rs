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
    },
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

use crate::{
    behalf::PRIVATE_PIDS,
    file_home::HomeFile,
    file_proxy::{
        self,
        Proxy, //
    },
    pids,
    syscall::{
        number,
        SystemCall, //
    }, //
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

    /// The terminal of another node that controls `session`, if there is one. May sleep.
    fn seen(&self, session: u32) -> Option<Seen>;

    /// Asks the other nodes whether `group` is one of `session`. May sleep.
    ///
    /// # Errors
    ///
    /// `ESRCH` if none knows the group, `EPERM` for one of another session.
    fn vouch(&self, group: u32, session: u32) -> Result;

    /// The running task, which leads a session without a terminal, opened this one: it is to
    /// be that of the session if it is nobody's. May sleep.
    fn opened(&self, proxy: &Proxy);

    /// Who led `session` ended, whose terminal is at `node`. May sleep.
    fn ended(&self, session: u32, node: u8);

    /// The terminal of `session`, which is led at `client`, was hung up here. May sleep.
    fn hung_up(&self, session: u32, client: u8);
}

/// What `/proc/<pid>/stat` says of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its device.
    pub device: u32,
    /// The group in the foreground, 0 if there is none.
    pub foreground: u32,
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
    to_result(unsafe { bindings::ssi_session_begin() })?;
    // SAFETY: As above.
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

/// Who leads a session, as far as a terminal asks for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leader {
    /// His process, and the number of the session.
    pub pid: u32,
    /// Whether he has a terminal of his node.
    pub has_one: bool,
    /// Whether he may all (`CAP_SYS_ADMIN`).
    pub is_admin: bool,
    /// His user.
    pub user: u32,
    /// The one whose rights he has.
    pub effective: u32,
}

impl Leader {
    /// The running task, if it leads its session and other nodes know that.
    pub fn of_current() -> Option<Self> {
        let mut raw: bindings::ssi_terminal_leader = pin_init::zeroed();
        // SAFETY: It can be written.
        unsafe { bindings::ssi_terminal_leader(&mut raw) };
        let leads = raw.leads && raw.pid >= PRIVATE_PIDS;
        leads.then_some(Self {
            pid: raw.pid,
            has_one: raw.has_one,
            is_admin: raw.is_admin,
            user: raw.user,
            effective: raw.effective,
        })
    }
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

/// As [`ioctl`], of `leader`, who is at `client` and not known here: a thread stands for him
/// from then on, until he [ends](end_leader) or gives the terminal up. May sleep.
///
/// # Errors
///
/// Those of ioctl(2); `EIO` for what is no terminal any more, `ENOMEM`.
#[cfg(CONFIG_SSI_MIGRATE)]
pub fn ioctl_of(
    leader: &Leader,
    client: u8,
    home: &HomeFile,
    number: u32,
    argument: u32,
) -> Result {
    let who = bindings::ssi_terminal_leader {
        pid: leader.pid,
        leads: true,
        has_one: leader.has_one,
        is_admin: leader.is_admin,
        user: leader.user,
        effective: leader.effective,
    };
    // SAFETY: Both are valid while they are borrowed. See `ioctl` for the argument.
    let result = unsafe {
        bindings::ssi_leader_ioctl(home.as_ptr(), &who, client, number, argument as usize)
    };
    to_result(result as c_int)
}

/// Who led `session` from another node ended: his terminal here is hung up as if it had been
/// here. May sleep.
#[cfg(CONFIG_SSI_MIGRATE)]
pub fn end_leader(session: u32) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_leader_end(session) };
}

/// Node `client` is gone, and so are those who led sessions there. May sleep.
#[cfg(CONFIG_SSI_MIGRATE)]
pub fn lose_leaders(client: u8) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_leader_lose(client) };
}

/// The terminal of this node that controls `session`. Process context, does not sleep.
pub fn look(session: u32) -> Option<Seen> {
    let (mut device, mut foreground) = (0, 0);
    // SAFETY: Both can be written.
    let is_there = unsafe { bindings::ssi_terminal_look(session, &mut device, &mut foreground) };
    is_there.then_some(Seen { device, foreground })
}

/// Whether `group` has members on this node, and those are of `session`. Any context but an
/// interrupt.
///
/// # Errors
///
/// `ESRCH` if it has none, `EPERM` if they are of another session.
pub fn vouches(group: u32, session: u32) -> Result {
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_terminal_vouches(group, session) })
}

/// Where the terminal of `session` is, as far as this node knows one to be elsewhere. Any
/// context.
pub fn place(session: u32) -> Option<u8> {
    // SAFETY: No preconditions.
    let node = unsafe { bindings::ssi_session_node(session) };
    (node != 0).then_some(node)
}

/// The terminal of `session` is one of `node`, until its leader [ends](Finder::ended). False
/// if that was known. May sleep.
///
/// # Errors
///
/// `ESRCH` if there is no such process here, `ENOMEM`.
pub fn placed(session: u32, node: u8) -> Result<bool> {
    // SAFETY: No preconditions.
    let outcome = unsafe { bindings::ssi_session_add(session, node) };
    to_result(outcome.min(0))?;
    Ok(outcome == 0)
}

/// Waits until those who led a session here, and ended so far, have no terminal any more. May
/// sleep; not from [`Finder::ended`].
pub fn settle() {
    // SAFETY: There is what it waits for, since terminals were asked for.
    unsafe { bindings::ssi_session_settle() };
}

/// The terminal of `session` is not at `node` any more. May sleep; not from
/// [`Finder::ended`].
pub fn given_up(session: u32, node: u8) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_session_remove(session, node) };
}

/// The terminal of `session` was hung up at `node`: who leads it is told. May sleep.
pub fn hang_up(session: u32, node: u8) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_session_hang_up(session, node) };
}

/// `node` is gone, and all terminals there: who led a session with one is told. May sleep.
pub fn lose(node: u8) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_session_lose(node) };
}

/// Makes ioctl(2) `TIOCSPGRP` if the kernel here does not know the group and another node
/// does. May sleep.
pub fn dispatch(call: &SystemCall) -> Option<Result<isize>> {
    if call.number != number::IOCTL || call.int(1) as u32 != bindings::TIOCSPGRP {
        return None;
    }
    let outcome = call.native();
    Some(match outcome == ESRCH.to_errno() as isize {
        true => put_group(call),
        false => Ok(outcome),
    })
}

/// The kernel here found nothing wrong but that it has no such group.
fn put_group(call: &SystemCall) -> Result<isize> {
    let [_, _, address, ..] = call.arguments;
    let user = UserSlice::new(UserPtr::from_addr(address), size_of::<i32>());
    let group = user.reader().read::<i32>()?;
    let finder = FINDER.copy().ok_or(ESRCH)?;
    let is_shared = (PRIVATE_PIDS..pids::LIMIT).contains(&u32::try_from(group).map_err(|_| ESRCH)?);
    if !is_shared {
        return Err(ESRCH);
    }
    finder.vouch(group as u32, Member::of_current().session)?;
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_terminal_put_group(call.int(0), group as u32) })?;
    Ok(0)
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

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_terminal_opened(proxy: *mut bindings::ssi_proxy) {
    if let Some(finder) = FINDER.copy() {
        // SAFETY: By the caller.
        finder.opened(unsafe { file_proxy::proxy(proxy) });
    }
}

/// # Safety
///
/// Both can be written.
#[export]
unsafe extern "C" fn ssi_terminal_seen(
    session: u32,
    device: *mut u32,
    foreground: *mut u32,
) -> bool {
    let Some(seen) = FINDER.copy().and_then(|finder| finder.seen(session)) else {
        return false;
    };
    // SAFETY: By the caller.
    unsafe {
        device.write(seen.device);
        foreground.write(seen.foreground);
    }
    true
}

/// # Safety
///
/// None: it is declared to C, where every function is unsafe.
#[export]
unsafe extern "C" fn ssi_session_ended(session: u32, node: u8) {
    if let Some(finder) = FINDER.copy() {
        finder.ended(session, node);
    }
}

/// # Safety
///
/// None: it is declared to C, where every function is unsafe.
#[export]
unsafe extern "C" fn ssi_leader_hung_up(session: u32, client: u8) {
    if let Some(finder) = FINDER.copy() {
        finder.hung_up(session, client);
    }
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
        },
        thread, //
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

    fn leader(pid: u32, is_admin: bool) -> Leader {
        Leader {
            pid,
            has_one: false,
            is_admin,
            user: 1000,
            effective: 1000,
        }
    }

    /// Nodes of leaders.
    const CLIENTS: [u8; 2] = [7, 8];

    fn is_free(home: &HomeFile) -> bool {
        (0..500).any(|_| {
            thread::sleep(10_000);
            is_controlled(home, 0, 0)
        })
    }

    #[test]
    fn who_leads_elsewhere_has_a_terminal_here() -> Result {
        let (terminal, _master) = file_fixture::terminal()?;
        let home = HomeFile::new(&terminal)?;
        let [client, other] = CLIENTS;
        let one = leader(PID, false);
        let ask = |who: &Leader, number, how| ioctl_of(who, client, &home, number, how);
        assert!(ask(&one, GIVE_UP, 0) == Err(ENOTTY));
        assert!(ask(&one, TAKE, 0) == Ok(()) && ask(&one, TAKE, 0) == Ok(()));
        assert!(is_controlled(&home, PID, PID));
        assert!(look(PID).is_some_and(|seen| seen.foreground == PID && seen.device != 0));
        assert!(vouches(PID, PID) == Ok(()) && vouches(PID, OTHER) == Err(EPERM));
        assert!(vouches(OTHER, PID) == Err(ESRCH));
        assert!(ask(&leader(OTHER, false), TAKE, 1) == Err(EPERM));
        assert!(ask(&leader(OTHER, true), TAKE, 1) == Ok(()));
        assert!(is_controlled(&home, OTHER, OTHER) && look(PID).is_none());
        assert!(ask(&leader(OTHER, false), GIVE_UP, 0) == Ok(()));
        assert!(is_controlled(&home, 0, 0) && ask(&one, TAKE, 0) == Ok(()));
        lose_leaders(other);
        assert!(is_controlled(&home, PID, PID));
        lose_leaders(client);
        assert!(is_free(&home) && ask(&one, TAKE, 0) == Ok(()));
        end_leader(PID);
        assert!(is_free(&home) && is_gone(PID) && is_gone(OTHER));
        Ok(())
    }

    #[test]
    fn a_node_knows_where_its_sessions_have_terminals() -> Result {
        guest::kunit::begin()?;
        // SAFETY: No preconditions.
        to_result(unsafe { bindings::ssi_session_begin() })?;
        let [node, other] = CLIENTS;
        assert!(placed(PID, node) == Err(ESRCH) && place(PID).is_none());
        create(&member(PID), || Ok(()))?;
        assert!(placed(PID, node) == Ok(true) && placed(PID, node) == Ok(false));
        assert!(place(PID) == Some(node));
        given_up(PID, other);
        hang_up(PID, other);
        lose(other);
        assert!(place(PID) == Some(node));
        given_up(PID, node);
        assert!(place(PID).is_none() && placed(PID, other) == Ok(true));
        hang_up(PID, other);
        assert!(place(PID).is_none() && placed(PID, node) == Ok(true));
        guest::kill(PID);
        assert!(is_gone(PID));
        settle();
        assert!(place(PID).is_none());
        Ok(())
    }
}
