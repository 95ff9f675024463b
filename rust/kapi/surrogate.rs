// SPDX-License-Identifier: GPL-2.0

//! Surrogate of a process elsewhere.
//!
//! The task that executed a program on another node stays at home, in the kernel, and has
//! neither memory nor files any more. It keeps the process' number and its place among
//! parents, groups and sessions, so that all the kernel does with those goes on working:
//! it forwards the signals it gets, stops when the program stopped, and exits with the
//! program's status.
//!
//! ```text
//!   leave()          the task is in a system call; the node is known from here on
//!     |
//!   on its way to user mode ---- it is being killed ---> Owner::left(), exit
//!     |
//!   forwards and stops  <--- report(Stopped), report(Continued)
//!     |
//!   exits as the program did  <--- report(Exited), lost()
//! ```
//!
//! C headers: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h) and
//! [`include/linux/task_work.h`](srctree/include/linux/task_work.h)

use kernel::{
    bindings,
    error::to_result,
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        aref::ARef,
        Arc,
        SetOnce,
        SpinLock, //
    },
    task::Task, //
};

pub use crate::change::{
    Change,
    Usage, //
};

use crate::{
    errand,
    event::{
        Event,
        Patience, //
    },
    signal::SIGNAL_MAX,
    signal_info::{
        SentSignal,
        SIGNAL_INFO_BYTES, //
    },
    task_state, //
};

/// Who tells the other node. Called by a surrogate, without locks; may sleep.
pub trait Owner: Sync {
    /// `pid`, which is on `node`, got this signal. `is_orphaned` says whether its process
    /// group is: then a terminal's signals do not stop it.
    fn forward(&self, pid: u32, node: u8, signal: &SentSignal, is_orphaned: bool);

    /// The parent of `pid`, which is on `node`, died; `signal` says who that was. If the
    /// program asked for one, a signal comes to it.
    fn parent_died(&self, pid: u32, node: u8, signal: &SentSignal);

    /// `pid`, which is on `node`, has this place here. Comes once for each surrogate, and
    /// when it sees that it has changed.
    fn placed(&self, pid: u32, node: u8, place: &Place);

    /// `pid` was killed before it was a surrogate, and what runs on `node` is to be
    /// killed, too.
    fn left(&self, pid: u32, node: u8);
}

/// Place of a process among the others of its home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its parent in the cluster.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// Whether its process group is orphaned: then a terminal's signals do not stop it.
    pub is_orphaned: bool,
}

impl Place {
    /// That of the running task, as `node` is told: what that said of its own processes does
    /// not count there.
    pub fn of_current(node: u8) -> Self {
        let mut raw: bindings::ssi_place = pin_init::zeroed();
        // SAFETY: It can be written.
        unsafe { bindings::ssi_surrogate_place(&mut raw, node) };
        Self {
            parent: raw.parent,
            group: raw.pgid,
            session: raw.session,
            is_orphaned: raw.is_orphaned,
        }
    }
}

type Table = SpinLock<RBTree<u32, Arc<Surrogate>>>;

static OWNER: SetOnce<&'static dyn Owner> = SetOnce::new();
static TABLE: SetOnce<Pin<KBox<Table>>> = SetOnce::new();

/// Has `owner` told what reaches a surrogate. Call it once, from an initcall.
///
/// # Errors
///
/// `EBUSY` the second time, `ENOMEM`.
pub fn install(owner: &'static dyn Owner) -> Result {
    let table = KBox::pin_init(new_spinlock!(RBTree::new(), "ssi_surrogates"), GFP_KERNEL)?;
    (TABLE.populate(table) && OWNER.populate(owner))
        .then_some(())
        .ok_or(EBUSY)
}

/// How a surrogate ends.
#[derive(Clone, Copy)]
struct End {
    status: i32,
    usage: Usage,
}

struct Surrogate {
    pid: u32,
    node: u8,
    task: ARef<Task>,
    end: SetOnce<End>,
    ended: Event,
}

/// The process that runs is on `node` from now on: as soon as it is about to return from
/// the system call it is in, it becomes a surrogate. It [may leave](task_state::may_leave),
/// and what runs on `node` waits for the word to go on.
///
/// A node that died before this was not [`lost`] for the process; the caller, who gives the
/// word, finds out and [reports](report) that it was [killed](Change::killed).
///
/// Signals that wait because they are blocked are forwarded at once, so that they wait
/// there before the program runs. May sleep.
///
/// # Errors
///
/// `ENODEV` before [`install`], `EBUSY` if it left already, `ENOMEM`. Then it goes on.
pub fn leave(node: u8) -> Result {
    let table = TABLE.as_ref().ok_or(ENODEV)?;
    let owner = OWNER.as_ref().ok_or(ENODEV)?;
    let pid = task_state::pid();
    let surrogate = Arc::new(
        Surrogate {
            pid,
            node,
            task: ARef::from(&**kernel::current!()),
            end: SetOnce::new(),
            ended: Event::new()?,
        },
        GFP_KERNEL,
    )?;
    let place = RBTreeNode::new(pid, surrogate.clone(), GFP_KERNEL)?;
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_away_add(pid, node) })?;
    table.lock().insert(place);
    surrogate.depart()?;
    while let Some(signal) = next_blocked() {
        owner.forward(pid, node, &signal, Place::of_current(node).is_orphaned);
    }
    Ok(())
}

/// Tells the surrogate `pid` what became of the program. Does not sleep; from process
/// context. False if there is no such surrogate, or no such signal.
pub fn report(pid: u32, change: Change) -> bool {
    let surrogate = first_from(pid).filter(|surrogate| surrogate.pid == pid);
    surrogate.is_some_and(|surrogate| surrogate.take_in(change))
}

/// Has the surrogate `pid`, a guest itself, look whether its parent changed. Does not sleep;
/// from process context.
pub fn look(pid: u32) {
    if let Some(surrogate) = first_from(pid).filter(|surrogate| surrogate.pid == pid) {
        // SAFETY: It is referenced by `surrogate`.
        unsafe { bindings::ssi_surrogate_look(surrogate.task.as_ptr()) }
    }
}

/// Runs `act` in the task of surrogate `pid`, of a process on `node`, soon: not before it
/// goes on, if it is stopped. It may run while the task ends. Does not sleep; from process
/// context.
///
/// # Errors
///
/// `ESRCH` if there is no such surrogate, or none any more; `ENOMEM`. Then `act` is dropped.
pub fn run(pid: u32, node: u8, act: impl FnOnce() + Send + 'static) -> Result {
    let surrogate = first_from(pid)
        .filter(|surrogate| (surrogate.pid, surrogate.node) == (pid, node))
        .ok_or(ESRCH)?;
    errand::give_to(&surrogate.task, act)
}

/// `node` is gone: all surrogates of processes there are killed. From process context.
pub fn lost(node: u8) {
    let mut next = 0;
    while let Some(surrogate) = first_from(next) {
        if surrogate.node == node {
            surrogate.take_in(Change::killed());
        }
        next = surrogate.pid.saturating_add(1);
    }
}

/// The first surrogate from `pid` on.
fn first_from(pid: u32) -> Option<Arc<Surrogate>> {
    let table = TABLE.as_ref()?.lock();
    let cursor = table.cursor_lower_bound(&pid)?;
    Some(cursor.current().1.clone())
}

impl Surrogate {
    /// Has the running task call [`depart`] on its way to user mode.
    fn depart(self: Arc<Self>) -> Result {
        let data = self.clone().into_raw();
        // SAFETY: `depart` gets what it needs, once.
        let added = to_result(unsafe {
            bindings::ssi_surrogate_work(self.task.as_ptr(), Some(depart), data.cast_mut().cast())
        });
        if added.is_err() {
            // SAFETY: Nobody else got it.
            drop(unsafe { Arc::from_raw(data) });
            self.forget();
        }
        added
    }

    /// The process is as any other from now on.
    fn forget(&self) {
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_away_remove(self.pid) };
        if let Some(table) = TABLE.as_ref() {
            let gone = table.lock().remove_node(&self.pid);
            drop(gone);
        }
    }

    fn take_in(&self, change: Change) -> bool {
        let task = self.task.as_ptr();
        match change {
            Change::Exited { status, usage } => {
                self.end.populate(End { status, usage });
                self.ended.raise();
                // SAFETY: It is referenced by `self`.
                unsafe { bindings::ssi_surrogate_wake(task) };
            }
            Change::Stopped(signal) if (1..=i32::from(SIGNAL_MAX)).contains(&signal) => {
                // SAFETY: As above; the signal is one.
                unsafe { bindings::ssi_surrogate_stop(task, signal) };
            }
            Change::Stopped(_) => return false,
            Change::Continued => {
                // SAFETY: As above.
                unsafe { bindings::ssi_surrogate_continue(task) };
            }
        }
        true
    }

    /// Stays behind in the kernel, until the program ended; `None` if the task is about to
    /// end by itself. In the task it is for.
    fn stay(&self) -> Option<End> {
        let owner = *OWNER.as_ref()?;
        // SAFETY: Called on the way to user mode, without locks.
        if !unsafe { bindings::ssi_surrogate_begin() } {
            owner.left(self.pid, self.node);
            return None;
        }
        let mut known: Option<Place> = None;
        loop {
            let place = Place::of_current(self.node);
            let former = known.map_or(place.parent, |known| known.parent);
            if known != Some(place) {
                owner.placed(self.pid, self.node, &place);
                known = Some(place);
            }
            if self.ended.wait(Patience::Interruptible, None).is_ok() {
                return self.end.copy();
            }
            match next_signal(place.parent, former) {
                Some(Received::Signal(signal)) => {
                    let is_orphaned = Place::of_current(self.node).is_orphaned;
                    owner.forward(self.pid, self.node, &signal, is_orphaned);
                }
                Some(Received::ParentDied(signal)) => {
                    owner.parent_died(self.pid, self.node, &signal);
                }
                None => (),
            }
        }
    }
}

/// What a surrogate is told by a signal.
enum Received {
    /// A signal for the process.
    Signal(SentSignal),
    /// Its parent died.
    ParentDied(SentSignal),
}

/// The next signal of the running surrogate, which stops here if it is to. `parent` is the
/// one that is known, `former` the one before.
fn next_signal(parent: u32, former: u32) -> Option<Received> {
    let mut is_death = false;
    // SAFETY: There is room for all of it; the task is a surrogate.
    let signal = signal_by(|bytes| unsafe {
        bindings::ssi_surrogate_signal(bytes, parent, former, &mut is_death)
    })?;
    Some(match is_death {
        true => Received::ParentDied(signal),
        false => Received::Signal(signal),
    })
}

/// The next signal that the running task blocks.
fn next_blocked() -> Option<SentSignal> {
    // SAFETY: There is room for all of it.
    signal_by(|bytes| unsafe { bindings::ssi_surrogate_blocked(bytes) })
}

/// What `take` puts where it is told to; it gives 0 if that is nothing.
fn signal_by(take: impl FnOnce(*mut c_void) -> c_int) -> Option<SentSignal> {
    let mut bytes = [0; SIGNAL_INFO_BYTES];
    let signal = take(bytes.as_mut_ptr().cast());
    SentSignal::from_wire(&bytes).ok().filter(|_| signal != 0)
}

/// # Safety
///
/// `data` is a surrogate of the running task that was made a pointer of by
/// `Arc::into_raw`, and nobody else takes it. Called on the way to user mode.
unsafe extern "C" fn depart(data: *mut c_void) {
    // SAFETY: By the contract of this function.
    let surrogate = unsafe { Arc::from_raw(data.cast::<Surrogate>().cast_const()) };
    let end = surrogate.stay();
    surrogate.forget();
    drop(surrogate);
    if let Some(end) = end {
        let End { status, usage } = end;
        // SAFETY: The task is a surrogate. Nothing here is left to be dropped.
        unsafe { bindings::ssi_surrogate_exit(status, &bindings::ssi_usage { used: usage }) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_surrogate)]
mod tests {
    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    use super::*;
    use crate::{
        change::USAGE_NUMBERS,
        file_fixture,
        file_home::OVER,
        file_install,
        guest::kunit::{
            begin,
            PID, //
        },
        thread,
        whereabouts, //
    };

    const SIGCHLD: i32 = bindings::SIGCHLD as i32;
    const SIGKILL: i32 = bindings::SIGKILL as i32;
    const SIGTERM: i32 = bindings::SIGTERM as i32;
    const SIGTSTP: i32 = bindings::SIGTSTP as i32;
    const NODE: u8 = 7;

    /// The last signal that was forwarded.
    static FORWARDED: Atomic<i32> = Atomic::new(0);
    static PARENT: Atomic<u32> = Atomic::new(0);
    /// Whether what the last one had to do before it left was done.
    static IS_DONE: Atomic<bool> = Atomic::new(false);

    struct Listener;

    impl Owner for Listener {
        fn forward(&self, _: u32, _: u8, signal: &SentSignal, _: bool) {
            FORWARDED.store(signal.signal(), Relaxed);
        }

        fn parent_died(&self, _: u32, _: u8, _: &SentSignal) {}

        fn placed(&self, _: u32, _: u8, place: &Place) {
            PARENT.store(place.parent, Relaxed);
        }

        fn left(&self, _: u32, _: u8) {}
    }

    fn is_soon(holds: impl Fn() -> bool) -> bool {
        (0..1000).any(|_| {
            thread::sleep(1_000);
            holds()
        })
    }

    extern "C" fn done(_: *mut c_void) {
        IS_DONE.store(true, Relaxed);
    }

    extern "C" fn become_one(_: *mut c_void) -> c_int {
        let (current, nothing) = (kernel::current!().as_ptr(), core::ptr::null_mut());
        // SAFETY: It is the running task; `done` needs nothing.
        let added = unsafe { bindings::ssi_surrogate_work(current, Some(done), nothing) };
        if added == 0 && leave(NODE).is_ok() {
            // SAFETY: As on the way to user mode, there are no locks.
            unsafe { bindings::task_work_run() };
        }
        // SAFETY: It is a task that was cloned.
        unsafe { bindings::ssi_guest_leave() }
    }

    /// A child of this thread that is a surrogate.
    fn child(pid: u32) -> Result {
        begin()?;
        match install(&Listener) {
            Ok(()) | Err(EBUSY) => (),
            Err(error) => return Err(error),
        }
        PARENT.store(0, Relaxed);
        IS_DONE.store(false, Relaxed);
        // SAFETY: The default of SIGCHLD; the body needs nothing.
        let made = unsafe {
            bindings::kernel_sigaction(SIGCHLD, None);
            bindings::ssi_guest_clone(pid, Some(become_one), core::ptr::null_mut())
        };
        assert!(made == pid as c_int, "made {made}");
        is_soon(|| PARENT.load(Relaxed) != 0)
            .then_some(())
            .ok_or(ETIME)
    }

    /// What its parent is told next.
    fn next() -> Change {
        let mut child: bindings::ssi_child = pin_init::zeroed();
        // SAFETY: It can be written.
        while !unsafe { bindings::ssi_procd_wait(&mut child) } {}
        match child.news {
            bindings::ssi_child_news_SSI_CHILD_STOPPED => Change::Stopped(child.status),
            bindings::ssi_child_news_SSI_CHILD_CONTINUED => Change::Continued,
            _ => Change::Exited {
                status: child.status,
                usage: child.usage.used,
            },
        }
    }

    fn end(pid: u32, status: i32) {
        let usage = [0; USAGE_NUMBERS];
        assert!(report(pid, Change::Exited { status, usage }));
        let ended = next();
        assert!(matches!(ended, Change::Exited { status: told, .. } if told == status));
        assert!(whereabouts::away(pid).is_none());
    }

    fn send(pid: u32, signal: i32) {
        FORWARDED.store(0, Relaxed);
        // SAFETY: The child is not reaped yet, so it has a `struct pid`.
        let sent = unsafe {
            bindings::kill_pid(
                bindings::find_pid_ns(pid as c_int, &raw mut bindings::init_pid_ns),
                signal,
                1,
            )
        };
        assert!(sent == 0);
    }

    #[test]
    fn it_exits_as_the_program_did() -> Result {
        for status in [0, 0x2a00, SIGKILL, SIGTERM | 0x80] {
            child(PID)?;
            assert!(whereabouts::away(PID) == Some(NODE));
            end(PID, status);
            assert!(!report(PID, Change::killed()));
        }
        Ok(())
    }

    #[test]
    fn what_it_had_to_do_before_is_done() -> Result {
        child(PID)?;
        assert!(IS_DONE.load(Relaxed));
        end(PID, 0);
        Ok(())
    }

    #[test]
    fn its_files_are_closed_at_once() -> Result {
        const FD: u32 = 40;
        let (reader, writer) = file_fixture::pipe()?;
        file_install::install(FD, &writer, false)?;
        drop(writer);
        child(PID)?;
        // SAFETY: It closes the own one: the child had a copy.
        to_result(unsafe { bindings::replace_fd(FD, core::ptr::null_mut(), 0) })?;
        assert!(is_soon(|| file_fixture::poll(&reader) & OVER != 0));
        end(PID, 0);
        Ok(())
    }

    #[test]
    fn its_parent_finds_what_the_program_used() -> Result {
        child(PID)?;
        let used = [3_000_000_000, 1_000_000_000, 4096, 5, 6, 7, 8, 9, 10];
        let (status, usage) = (0, used);
        assert!(report(PID, Change::Exited { status, usage }));
        let Change::Exited { usage, .. } = next() else {
            return Err(EINVAL);
        };
        assert!(usage
            .iter()
            .zip(used)
            .all(|(&told, used)| told >= used * 99 / 100));
        assert!(usage[0] + usage[1] < 5_000_000_000);
        Ok(())
    }

    #[test]
    fn no_signal_ends_it() -> Result {
        child(PID)?;
        for signal in 1..=i32::from(SIGNAL_MAX) {
            send(PID, signal);
            assert!(is_soon(|| FORWARDED.load(Relaxed) == signal));
        }
        end(PID, 0);
        Ok(())
    }

    #[test]
    fn it_stops_and_goes_on_with_the_program() -> Result {
        child(PID)?;
        for signal in [SIGTSTP, bindings::SIGSTOP as i32, bindings::SIGTTIN as i32] {
            assert!(report(PID, Change::Stopped(signal)));
            assert!(next() == Change::Stopped(signal));
            assert!(report(PID, Change::Continued));
            assert!(next() == Change::Continued);
        }
        assert!(!report(PID, Change::Stopped(0)));
        assert!(!report(PID, Change::Stopped(65)));
        end(PID, 0);
        Ok(())
    }

    #[test]
    fn a_signal_continues_it_and_is_forwarded() -> Result {
        child(PID)?;
        assert!(report(PID, Change::Stopped(SIGTSTP)));
        assert!(next() == Change::Stopped(SIGTSTP));
        send(PID, SIGTERM);
        assert!(FORWARDED.load(Relaxed) == 0);
        send(PID, bindings::SIGCONT as i32);
        assert!(next() == Change::Continued);
        // It goes on already.
        assert!(report(PID, Change::Continued));
        assert!(is_soon(|| FORWARDED.load(Relaxed) != 0));
        end(PID, 0);
        Ok(())
    }

    #[test]
    fn it_does_an_errand_as_itself() -> Result {
        child(PID)?;
        let done = Arc::new(Event::new()?, GFP_KERNEL)?;
        let own = done.clone();
        assert!(run(PID, NODE + 1, || ()) == Err(ESRCH));
        run(PID, NODE, move || {
            FORWARDED.store(task_state::pid() as i32, Relaxed);
            own.raise();
        })?;
        done.wait(Patience::Always, Some(5_000_000))?;
        assert!(FORWARDED.load(Relaxed) == PID as i32);
        end(PID, 0);
        assert!(run(PID, NODE, || ()) == Err(ESRCH));
        Ok(())
    }

    #[test]
    fn one_that_is_stopped_can_be_killed() -> Result {
        child(PID)?;
        assert!(report(PID, Change::Stopped(SIGTSTP)));
        assert!(next() == Change::Stopped(SIGTSTP));
        send(PID, SIGKILL);
        assert!(is_soon(|| FORWARDED.load(Relaxed) == SIGKILL));
        end(PID, SIGKILL);
        Ok(())
    }

    #[test]
    fn one_that_is_stopped_ends_with_the_program() -> Result {
        child(PID)?;
        assert!(report(PID, Change::Stopped(SIGTSTP)));
        assert!(next() == Change::Stopped(SIGTSTP));
        end(PID, 0x100);
        Ok(())
    }

    #[test]
    fn those_of_a_lost_node_are_killed() -> Result {
        child(PID)?;
        lost(NODE + 1);
        assert!(whereabouts::away(PID) == Some(NODE));
        lost(NODE);
        assert!(matches!(
            next(),
            Change::Exited {
                status: SIGKILL,
                ..
            }
        ));
        assert!(whereabouts::away(PID).is_none());
        Ok(())
    }

    #[test]
    fn its_parent_is_told_once() -> Result {
        child(PID)?;
        assert!(PARENT.load(Relaxed) == task_state::pid());
        PARENT.store(0, Relaxed);
        send(PID, SIGTERM);
        assert!(is_soon(|| FORWARDED.load(Relaxed) == SIGTERM));
        assert!(PARENT.load(Relaxed) == 0);
        end(PID, 0);
        Ok(())
    }
}
