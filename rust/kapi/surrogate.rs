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
//!   forwards and stops  <--- report(Stopped), report(Continued), follow()
//!     |        |   ^
//!     |   come_back() '--- it failed, or refuse()
//!     |        |
//!     |        '---> held --- resume() ---> the program goes on here
//!     |
//!   exits as the program did  <--- report(Exited), lost()
//! ```
//!
//! C headers: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h) and
//! [`include/linux/task_work.h`](srctree/include/linux/task_work.h)

use kernel::{
    bindings,
    error::to_result,
    new_mutex,
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        aref::ARef,
        Arc,
        Mutex,
        SetOnce,
        SpinLock, //
    },
    task::Task, //
};

pub use crate::change::{
    Change,
    Usage, //
};

pub use crate::place::Place;

mod children;
mod homecoming;

use children::Children;
use homecoming::Return;

pub use children::run_behind;

pub use homecoming::{
    bring,
    come_back,
    refuse,
    resume, //
};

use crate::{
    caller::Caller,
    errand,
    event::{
        Event,
        Patience, //
    },
    lent_number,
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
    fn forward(&self, pid: u32, node: u8, signal: &SentSignal, is_orphaned: bool) -> Forwarded;

    /// The parent of `pid`, which is on `node`, died; `signal` says who that was. If the
    /// program asked for one, a signal comes to it.
    fn parent_died(&self, pid: u32, node: u8, signal: &SentSignal) -> Forwarded;

    /// `pid`, which is on `node`, has this place here. Comes once for each surrogate, and
    /// when it sees that it has changed.
    fn placed(&self, pid: u32, node: u8, place: &Place);

    /// `pid` was killed before it was a surrogate, and what runs on `node` is to be
    /// killed, too.
    fn left(&self, pid: u32, node: u8);

    /// The running task, the surrogate `pid`, is these users from now on; or keeps those it
    /// was, for this reason.
    fn became(&self, pid: u32, users: Result<&Caller>);

    /// Something became of a child of `pid`, which is on `node` and [asked](run_behind) since
    /// it was told so last.
    fn children_changed(&self, pid: u32, node: u8);

    /// `pid` has no surrogate any more.
    fn gone(&self, pid: u32);
}

/// How a process leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It has executed a program on the other node.
    Executed,
    /// It goes on there as it was.
    AsItIs,
}

/// What became of a signal that was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// The process has it, or cannot have it.
    Done,
    /// The process is not there, or about to be elsewhere.
    NotTaken,
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

/// Time until a signal is forwarded again that was not taken.
const LATER_MICROS: u64 = 500;

/// How a surrogate ends.
#[derive(Clone, Copy)]
struct End {
    status: i32,
    usage: Usage,
}

/// Where a process is on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is elsewhere.
    Away,
    /// It is being made here.
    Coming,
    /// It is here, and does not run before that is decided.
    Held,
    /// It is here.
    Back,
    /// It is not wanted here.
    Refused,
}

/// What changes of a surrogate.
struct Changing {
    node: u8,
    coming: Option<Return>,
    decided: Option<Arc<Event>>,
    way: Way,
    /// Signals that waited for one that comes back where it was.
    brought: KVec<SentSignal>,
}

#[pin_data]
struct Surrogate {
    pid: u32,
    how: Leaving,
    task: ARef<Task>,
    end: SetOnce<End>,
    ended: Event,
    /// The node that was told last, and the place. Whoever tells of another one holds the
    /// lock until that has arrived: none is overtaken by one that was before.
    #[pin]
    told: Mutex<Option<(u8, Place)>>,
    #[pin]
    changing: SpinLock<Changing>,
    /// Who the program is, if it is others than this is.
    #[pin]
    users: SpinLock<Option<Caller>>,
    #[pin]
    children: Children,
}

/// How a surrogate stops being one.
enum Last {
    /// It ends by itself.
    Ends,
    /// The program ended.
    Ended(End),
    /// The program goes on here.
    GoesOn,
}

/// The process that runs is on `node` from now on: as soon as it is about to return from
/// the system call it is in, it becomes a surrogate. It [may leave](crate::leave::may_leave),
/// and what runs on `node` waits for the word to go on.
///
/// A node that died before this was not [`lost`] for the process; the caller, who gives the
/// word, finds out and [reports](report) that it was [killed](Change::killed).
///
/// Signals that wait because they are blocked are to be [forwarded](forward_blocked) before
/// the program runs, so that they wait there. May sleep.
///
/// # Errors
///
/// `ENODEV` before [`install`], `EBUSY` if it left already, `ENOMEM`. Then it goes on.
pub fn leave(node: u8, how: Leaving) -> Result {
    let table = TABLE.as_ref().ok_or(ENODEV)?;
    if OWNER.as_ref().is_none() {
        return Err(ENODEV);
    }
    let pid = task_state::pid();
    let surrogate = Surrogate::new(pid, node, how)?;
    let place = RBTreeNode::new(pid, surrogate.clone(), GFP_KERNEL)?;
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_away_add(pid, node) })?;
    table.lock().insert(place);
    surrogate.depart()
}

/// Sends the signals on that the running process `pid` blocks, which has just [left](leave) for
/// `node` and does not run there yet. May sleep.
pub fn forward_blocked(pid: u32, node: u8) {
    let Some(owner) = OWNER.as_ref() else {
        return;
    };
    while let Some(signal) = next_blocked() {
        owner.forward(pid, node, &signal, Place::is_orphaned_for(node));
    }
}

/// The process of surrogate `pid` went on from node `from` to `to`. Does not sleep; from
/// process context.
///
/// # Errors
///
/// `ESRCH` if there is none of a process on `from`, `EBUSY` for one that has tried to come back
/// and is not done with that.
pub fn follow(pid: u32, from: u8, to: u8) -> Result {
    let surrogate = find(pid, from)?;
    {
        let mut changing = surrogate.changing.lock();
        if changing.node != from {
            return Err(ESRCH);
        }
        if changing.way != Way::Away {
            return Err(EBUSY);
        }
        changing.node = to;
    }
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_away_move(pid, from, to) };
    surrogate.look();
    Ok(())
}

/// The node the process of surrogate `pid` is on. `None` if there is no surrogate. Does not
/// sleep; process context.
pub fn node(pid: u32) -> Option<u8> {
    first_from(pid)
        .filter(|surrogate| surrogate.pid == pid)
        .map(|surrogate| surrogate.node())
}

/// Tells the surrogate `pid` what became of the program. Does not sleep; from process
/// context. False if there is no such surrogate, or no such signal.
pub fn report(pid: u32, change: Change) -> bool {
    let surrogate = first_from(pid).filter(|surrogate| surrogate.pid == pid);
    surrogate.is_some_and(|surrogate| surrogate.take_in(change))
}

/// What process `pid` of this node used on one it was on before: its parent is to find it.
/// Nothing happens if it is gone. Does not sleep; from process context.
pub fn account(pid: u32, usage: &Usage) {
    // SAFETY: There are as many numbers.
    unsafe { bindings::ssi_surrogate_account(pid, &bindings::ssi_usage { used: *usage }) };
}

/// The node of a child of the running process that left [as it is](Leaving::AsItIs), and is of
/// the same session; `None` for any other process. Any context of a task.
pub fn forked_child(pid: u32) -> Option<u8> {
    let surrogate = first_from(pid).filter(|surrogate| surrogate.pid == pid)?;
    // SAFETY: The task is referenced by `surrogate`.
    let is_child = unsafe { bindings::ssi_surrogate_is_child(surrogate.task.as_ptr()) };
    (is_child && surrogate.how == Leaving::AsItIs).then(|| surrogate.node())
}

/// Tells the node of surrogate `pid` if its place has changed here, and returns when it has
/// it. May sleep.
pub fn tell_place(pid: u32) {
    let surrogate = first_from(pid).filter(|surrogate| surrogate.pid == pid);
    if let (Some(surrogate), Some(owner)) = (surrogate, OWNER.copy()) {
        surrogate.tell_place(owner);
    }
}

/// Has the surrogate `pid`, a guest itself, look whether its parent changed. Does not sleep;
/// from process context.
pub fn look(pid: u32) {
    if let Some(surrogate) = first_from(pid).filter(|surrogate| surrogate.pid == pid) {
        surrogate.look();
    }
}

/// The program of surrogate `pid`, on `node`, is these `users` from now on: so is the surrogate
/// soon, but for supplementary groups, and [`Owner::became`] is called. Of several that come
/// before it goes on the last counts. Does not sleep; from process context.
///
/// # Errors
///
/// Those of [`run`].
pub fn change_users(pid: u32, node: u8, users: Caller) -> Result {
    let surrogate = find(pid, node)?;
    *surrogate.users.lock() = Some(users);
    // What is run for a task is not in the order in which it comes.
    run(pid, node, move || surrogate.put_users())
}

/// Runs `act` in the task of surrogate `pid`, of a process on `node`, soon: not before it
/// goes on, if it is stopped. It may run while the task ends. Does not sleep; from process
/// context.
///
/// # Errors
///
/// `ESRCH` if there is no such surrogate, or none any more; `ENOMEM`. Then `act` is dropped.
pub fn run(pid: u32, node: u8, act: impl FnOnce() + Send + 'static) -> Result {
    errand::give_to(&find(pid, node)?.task, act)
}

/// `node` is gone: all surrogates of processes there are killed. From process context.
pub fn lost(node: u8) {
    let mut next = 0;
    while let Some(surrogate) = first_from(next) {
        if surrogate.node() == node {
            surrogate.take_in(Change::killed());
        }
        next = surrogate.pid.saturating_add(1);
    }
}

/// The surrogate `pid` of a process on `node`.
fn find(pid: u32, node: u8) -> Result<Arc<Surrogate>> {
    first_from(pid)
        .filter(|surrogate| surrogate.pid == pid && surrogate.node() == node)
        .ok_or(ESRCH)
}

/// The first surrogate from `pid` on.
fn first_from(pid: u32) -> Option<Arc<Surrogate>> {
    let table = TABLE.as_ref()?.lock();
    let cursor = table.cursor_lower_bound(&pid)?;
    Some(cursor.current().1.clone())
}

impl Surrogate {
    /// That of the running task, `pid`.
    fn new(pid: u32, node: u8, how: Leaving) -> Result<Arc<Self>> {
        let ended = Event::new()?;
        let changing = Changing {
            node,
            coming: None,
            decided: None,
            way: Way::Away,
            brought: KVec::new(),
        };
        Arc::pin_init(
            pin_init!(Self {
                pid,
                how,
                task: ARef::from(&**kernel::current!()),
                end: SetOnce::new(),
                ended,
                told <- new_mutex!(None, "ssi_surrogate_told"),
                changing <- new_spinlock!(changing, "ssi_surrogate"),
                users <- new_spinlock!(None, "ssi_surrogate_users"),
                children <- Children::new(),
            }),
            GFP_KERNEL,
        )
    }

    fn node(&self) -> u8 {
        self.changing.lock().node
    }

    /// Has its task look what changed.
    fn look(&self) {
        // SAFETY: It is referenced by `self`.
        unsafe { bindings::ssi_surrogate_look(self.task.as_ptr()) }
    }

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
        if let Some(owner) = OWNER.as_ref() {
            owner.gone(self.pid);
        }
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_away_remove(self.pid) };
        if let Some(table) = TABLE.as_ref() {
            let gone = table.lock().remove_node(&self.pid);
            drop(gone);
        }
        lent_number::give_back_all(self.pid);
    }

    fn take_in(&self, change: Change) -> bool {
        let task = self.task.as_ptr();
        match change {
            Change::Exited { status, usage } => {
                self.end.populate(End { status, usage });
                self.ended.raise();
                self.decide(Way::Refused);
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

    /// In the task it is for.
    fn put_users(&self) {
        // One that comes back brings them along.
        if self.changing.lock().way != Way::Away {
            return;
        }
        let Some(users) = self.users.lock().take() else {
            return;
        };
        // SAFETY: It is read during the call.
        let put = to_result(unsafe { bindings::ssi_surrogate_put_users(&users.raw()) });
        if let Some(owner) = OWNER.as_ref() {
            owner.became(self.pid, put.map(|()| &users));
        }
    }

    /// Stays behind in the kernel, until the program ended or came back. In the task it is
    /// for.
    fn stay(&self) -> Last {
        let Some(&owner) = OWNER.as_ref() else {
            return Last::Ends;
        };
        self.children.begin();
        let last = match self.begin(owner, self.how == Leaving::Executed) {
            true => self.stand(owner),
            false => Last::Ends,
        };
        self.children.end();
        last
    }

    fn stand(&self, owner: &dyn Owner) -> Last {
        loop {
            match self.come_back() {
                None => return Last::Ends,
                Some(true) => return Last::GoesOn,
                Some(false) => (),
            }
            let Some((parent, former)) = self.tell_place(owner) else {
                return Last::Ends;
            };
            self.sends(false);
            let patience = self.children.is_busy().then_some(0);
            if self.ended.wait(Patience::Interruptible, patience).is_ok() {
                // What was said before may not have been done yet.
                self.put_users();
                return self.end.copy().map_or(Last::Ends, Last::Ended);
            }
            self.sends(true);
            match next_signal(parent, former) {
                Some(Received::Signal(signal)) => self.forward(|node| {
                    let is_orphaned = Place::is_orphaned_for(node);
                    owner.forward(self.pid, node, &signal, is_orphaned)
                }),
                Some(Received::ParentDied(signal)) => {
                    self.forward(|node| owner.parent_died(self.pid, node, &signal));
                }
                None => self.children.run(self),
            }
        }
    }

    /// Tells its node of its place, if that is another one than before. Gives its parent, and
    /// the one that was told of before; `None` when it has ended.
    fn tell_place(&self, owner: &dyn Owner) -> Option<(u32, u32)> {
        let mut told = self.told.lock();
        let node = self.node();
        let place = Place::of(&self.task, node)?;
        let former = told.map_or(place.parent, |(_, told)| told.parent);
        if *told != Some((node, place)) {
            owner.placed(self.pid, node, &place);
            *told = Some((node, place));
        }
        Some((place.parent, former))
    }

    /// Whether it is about to send a signal on, which its group is to know.
    fn sends(&self, sends: bool) {
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_away_sends(self.pid, sends) }
    }

    /// Makes the running task a surrogate. False if it is about to end by itself.
    fn begin(&self, owner: &dyn Owner, executed: bool) -> bool {
        // SAFETY: Called on the way to user mode, without locks.
        let begun = unsafe { bindings::ssi_surrogate_begin(executed) };
        if !begun {
            owner.left(self.pid, self.node());
        }
        begun
    }

    /// To where the process is, which may go on from there meanwhile.
    fn forward(&self, send: impl Fn(u8) -> Forwarded) {
        loop {
            let node = self.node();
            match send(node) {
                Forwarded::Done => return,
                // That it was not there does not say that it ended: it may have been away,
                // and come back.
                Forwarded::NotTaken => {
                    let ended = self.ended.wait(Patience::Always, Some(LATER_MICROS));
                    if ended.is_ok() {
                        return;
                    }
                }
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

/// Any signal that waits for the running task. If it `spares` one that is about to end, that
/// keeps the signal that ends it.
pub(crate) fn next_pending(spares: bool) -> Option<SentSignal> {
    // SAFETY: There is room for all of it.
    signal_by(|bytes| unsafe { bindings::ssi_surrogate_pending(bytes, spares) })
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
    let last = surrogate.stay();
    if !matches!(last, Last::GoesOn) {
        surrogate.close();
        surrogate.forget();
    }
    drop(surrogate);
    if let Last::Ended(End { status, usage }) = last {
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
        children::{
            Handling,
            Waited,
            Wanted,
            EXITED, //
        },
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
    /// Who the last one became.
    static BECAME: Atomic<u32> = Atomic::new(0);
    static PARENT: Atomic<u32> = Atomic::new(0);
    /// Whose children changed.
    static CHANGED: Atomic<u32> = Atomic::new(0);
    /// Whether what the last one had to do before it left was done.
    static IS_DONE: Atomic<bool> = Atomic::new(false);

    struct Listener;

    impl Owner for Listener {
        fn forward(&self, _: u32, _: u8, signal: &SentSignal, _: bool) -> Forwarded {
            FORWARDED.store(signal.signal(), Relaxed);
            Forwarded::Done
        }

        fn parent_died(&self, _: u32, _: u8, _: &SentSignal) -> Forwarded {
            Forwarded::Done
        }

        fn placed(&self, _: u32, _: u8, place: &Place) {
            PARENT.store(place.parent, Relaxed);
        }

        fn left(&self, _: u32, _: u8) {}

        fn became(&self, _: u32, users: Result<&Caller>) {
            BECAME.store(users.map_or(0, |users| users.user.real), Relaxed);
        }

        fn children_changed(&self, pid: u32, _: u8) {
            CHANGED.store(pid, Relaxed);
        }

        fn gone(&self, _: u32) {}
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
        if added == 0 && leave(NODE, Leaving::Executed).is_ok() {
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
    fn it_becomes_who_the_program_is() -> Result {
        static FOUND: Atomic<u32> = Atomic::new(0);
        let become_user = |real| -> Result {
            let mut users = Caller::current()?;
            users.user.real = real;
            (users.effective, users.permitted) = (1 << 5, 1 << 5);
            change_users(PID, NODE, users)
        };

        child(PID)?;
        assert!(change_users(PID, NODE + 1, Caller::current()?).err() == Some(ESRCH));
        // The last one counts, and nobody is not one.
        for user in [1000, 1001, 1002] {
            become_user(user)?;
        }
        assert!(is_soon(|| BECAME.load(Relaxed) == 1002));
        become_user(u32::MAX)?;
        assert!(is_soon(|| BECAME.load(Relaxed) == 0));
        run(PID, NODE, || {
            let found = Caller::current().ok();
            let found = found.filter(|users| users.effective == 1 << 5);
            FOUND.store(found.map_or(0, |users| users.user.real), Relaxed);
        })?;
        assert!(is_soon(|| FOUND.load(Relaxed) == 1002));
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

    extern "C" fn end_soon(_: *mut c_void) -> c_int {
        thread::sleep(20_000);
        // SAFETY: It is a task that was cloned.
        unsafe { bindings::ssi_guest_leave() }
    }

    /// What the surrogate finds among its children, if it is asked and has one made before.
    fn found(makes: bool) -> Result<Option<Waited>> {
        let told = Arc::pin_init(new_spinlock!(Ok(None), "ssi_kunit"), GFP_KERNEL)?;
        let is_told = Arc::new(Event::new()?, GFP_KERNEL)?;
        let (place, event) = (told.clone(), is_told.clone());
        run_behind(PID, NODE, move |is_run| {
            if makes {
                // SAFETY: The body needs nothing.
                unsafe { bindings::ssi_guest_clone(0, Some(end_soon), core::ptr::null_mut()) };
            }
            let wanted = Wanted::any(EXITED);
            *place.lock() = is_run.and_then(|()| wanted.find_for_other());
            event.raise();
        });
        is_told.wait(Patience::Always, Some(5_000_000))?;
        let found = *told.lock();
        found
    }

    #[test]
    fn it_waits_for_a_child_when_it_is_told_to() -> Result {
        child(PID)?;
        assert!(found(false) == Err(ECHILD));
        CHANGED.store(0, Relaxed);
        assert!(found(true) == Ok(None));
        // The signal is sent on before.
        assert!(is_soon(|| CHANGED.load(Relaxed) == PID));
        assert!(FORWARDED.load(Relaxed) == SIGCHLD);
        let waited = found(false)?.ok_or(EINVAL)?;
        assert!((waited.cause, waited.status) == (1, 0));
        assert!(found(false) == Err(ECHILD));
        // Nobody asked since.
        end(PID, 0);
        assert!(found(false) == Err(ESRCH));
        Ok(())
    }

    #[test]
    fn nobody_waits_for_a_child_of_who_does_not() -> Result {
        child(PID)?;
        run_behind(PID, NODE, |_| {
            Handling::from_u32(bindings::SA_NOCLDWAIT).take_over()
        });
        CHANGED.store(0, Relaxed);
        assert!(found(true) == Ok(None));
        assert!(is_soon(|| CHANGED.load(Relaxed) == PID));
        assert!(found(false) == Err(ECHILD));
        end(PID, 0);
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
