// SPDX-License-Identifier: GPL-2.0

//! Guest from another node.
//!
//! A process that runs here and has its parent, and its [surrogate](crate::surrogate), at
//! home on another node. Here a thread of the kernel, `ssi_procd`, is its parent: it makes
//! the task, and tells home when the process stops, goes on or ends.
//!
//! ```text
//!   create() -> Coming --- its program runs, but for its first step ---> Held
//!                 |                                                  |      |
//!               fails, kill()                                     kill()  release()
//!                 |                                                  |      |
//!                 '---------------> Refused <------------------------'   Staying
//!                            ends, nobody is told                     |     |
//!                                                     ends: Keeper ---'  hand_on()
//!                                                                           |
//!                                                      go_on() <------ Departing
//!                                                                           | depart()
//!                                         ends, nobody is told <------ Departed
//! ```
//!
//! C headers: [`include/linux/sched/task.h`](srctree/include/linux/sched/task.h) and
//! [`kernel/exit.h`](srctree/kernel/exit.h)

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
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SetOnce,
        SpinLock, //
    }, //
};

mod coming;
mod departure;
mod relation;

pub use coming::comes_from;

pub use departure::{
    depart,
    go_on,
    hand_on,
    is_going,
    signal_late,
    visit,
    Visit, //
};

pub use relation::{
    join,
    lead,
    regroup, //
};

pub use crate::change::{
    Change,
    Usage, //
};

use crate::{
    behalf::PRIVATE_PIDS,
    event::{
        Event,
        Patience, //
    },
    pids,
    signal::SIGNAL_MAX,
    signal_info::{
        Origin,
        SentSignal,
        SignalInfo, //
    },
    surrogate,
    thread::{
        stopping,
        Thread, //
    },
    whereabouts, //
};

/// The process orphans have as their parent. It does not die.
const INIT: u32 = 1;

/// `overflowuid`: a user of whom nothing is known.
const NO_USER: u32 = 65_534;

/// Most guests that wait for their task at once.
const COMING_MAX: usize = 256;

/// Who tells home.
pub trait Keeper: Sync {
    /// This became of `pid`, whose home is `home`. Called by the parent of all guests; may
    /// sleep, and they are looked after no sooner than it returns.
    fn changed(&self, pid: u32, home: u8, change: Change);

    /// `pid`, whose home is `home`, [went on](depart) and has used this here. Called as
    /// [`changed`](Self::changed).
    fn went_on(&self, pid: u32, home: u8, usage: Usage);

    /// One comes. Does not sleep.
    fn comes(&self);

    /// The running task is one that begins to run, and home knows that it does. May sleep.
    fn began(&self);

    /// There is no guest `pid` any more. May sleep.
    fn gone(&self, pid: u32);
}

/// Process that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its number.
    pub pid: u32,
    /// Where its surrogate is.
    pub home: u8,
    /// Where it comes from.
    pub source: u8,
    /// The parent it has in the cluster.
    pub parent: u32,
    /// Its process group. Numbers private to a node mean nothing here: it has none then.
    pub group: u32,
    /// Its session; likewise.
    pub session: u32,
    /// Whether its process group is orphaned, at home.
    pub is_orphaned: bool,
}

impl Arrival {
    fn is_valid(&self) -> bool {
        let pids = [self.pid, self.parent, self.group, self.session];
        pids.iter().all(|&pid| pid < pids::LIMIT)
            && self.pid >= PRIVATE_PIDS
            && self.home != 0
            && self.source != 0
    }
}

/// What a new task does before it is a program. Runs once.
trait Body: Send {
    fn run(&mut self) -> Result;
}

impl<F: FnOnce() -> Result + Send> Body for Option<F> {
    fn run(&mut self) -> Result {
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

/// Where a guest is on its way.
#[derive(Clone, Copy)]
enum State {
    /// It is being made.
    Coming,
    /// It is a program, which does not run before home says so.
    Held,
    /// It runs.
    Staying,
    /// Whether it goes on to another node is being decided.
    Departing,
    /// It runs on another node by now.
    Departed,
    /// It ends without having run, and for this reason.
    Refused(Error),
}

/// A guest.
#[pin_data]
struct Guest {
    arrival: Arrival,
    #[pin]
    body: SpinLock<Option<KBox<dyn Body>>>,
    #[pin]
    state: SpinLock<State>,
    /// The number its task was made with: another one while its own is that of a group.
    made_as: Atomic<u32>,
    /// Until it is held, or gone.
    #[pin]
    asker: SpinLock<Option<KBox<dyn Asker>>>,
    /// It is not held any more.
    decided: Event,
    /// Who is about to do something to it. Grows under the lock of the state alone.
    visits: Atomic<u32>,
    /// Signals that were handed on, for as long as it may stay.
    #[pin]
    kept: SpinLock<KVec<SentSignal>>,
    /// Home died, at a moment when it may not have been known yet.
    is_homeless: Atomic<bool>,
}

#[pin_data]
struct House {
    keeper: &'static dyn Keeper,
    #[pin]
    inner: SpinLock<HouseInner>,
}

struct HouseInner {
    guests: RBTree<u32, Arc<Guest>>,
    /// Those that have no task yet.
    coming: KVec<Arc<Guest>>,
}

static HOUSE: SetOnce<Arc<House>> = SetOnce::new();
static THREAD: SetOnce<Thread<House>> = SetOnce::new();

/// Starts the thread that is the parent of all guests. Call it once, from an initcall,
/// after pids are [given](pids::begin).
///
/// # Errors
///
/// `EBUSY` the second time, `ENOMEM`, or what the kernel says.
pub fn begin(keeper: &'static dyn Keeper) -> Result {
    if HOUSE.as_ref().is_some() {
        return Err(EBUSY);
    }
    let inner = HouseInner {
        guests: RBTree::new(),
        coming: KVec::with_capacity(COMING_MAX, GFP_KERNEL)?,
    };
    let house = Arc::pin_init(
        pin_init!(House {
            keeper,
            inner <- new_spinlock!(inner, "ssi_guests"),
        }),
        GFP_KERNEL,
    )?;
    let thread = Thread::spawn(c"ssi_procd", house.clone(), |house| house.keep())?;
    THREAD.populate(thread);
    HOUSE.populate(house);
    Ok(())
}

/// Makes the process of `arrival`, and runs `body` in its task, which has the rights of the
/// kernel at first: it puts a [`TaskState`](crate::task_state::TaskState) on and executes a
/// program. When that is over `told` is: by that task, the thread, or the caller, and it may
/// sleep. If it was good the guest is held: it begins to run at [`release`]. Does not wait
/// for `body`, which may take as long as it likes.
///
/// # Errors
///
/// `told` gets what `body` gave, or `EINTR` for a guest that was [killed](kill) meanwhile:
/// there is no guest then, and nobody else is told. `ENODEV` before [`begin`], `EINVAL` for
/// numbers that no process has, `EEXIST` if there is such a process, `EAGAIN` for too many
/// at once, `ENOMEM`.
pub fn create(
    arrival: &Arrival,
    body: impl FnOnce() -> Result + Send + 'static,
    told: impl FnOnce(Result) + Send + 'static,
) {
    // Without room for it nothing begins, for it could not be told.
    let Ok(room) = KBox::new_uninit(GFP_KERNEL) else {
        return told(Err(ENOMEM));
    };
    let (house, guest) = match Guest::prepare(arrival, body) {
        Ok(prepared) => prepared,
        Err(error) => return told(Err(error)),
    };
    let asker = KBox::write(room, Some(told));
    *guest.asker.lock() = Some(asker);
    if let Err(error) = house.await_task(&guest) {
        guest.tell(Err(error));
    }
}

/// Lets guest `pid` run that is held. Nothing happens if it is not. Does not sleep; process
/// context.
pub fn release(pid: u32) {
    if let Some(guest) = find(pid) {
        guest.decide(State::Staying);
    }
}

/// Kills guest `pid`: one that runs as by SIGKILL, of which home is told; one that does not
/// yet, without a word. Does not sleep; process context.
pub fn kill(pid: u32) {
    if let Some(guest) = find(pid) {
        guest.kill();
    }
}

/// `node` is gone. Its guests that do not run yet are killed. A guest that was born there
/// runs on, as a child of process 1; one that only came from there is killed, for its
/// parent's node has lost it. From process context.
pub fn home_lost(node: u8) {
    let mut next = 0;
    while let Some(guest) = HOUSE.as_ref().and_then(|house| house.first_from(next)) {
        next = guest.arrival.pid.saturating_add(1);
        if guest.home() == Some(node) {
            guest.lose_home();
        }
    }
}

/// Gives guest `pid` a signal its surrogate got. `is_orphaned` says whether its process
/// group is orphaned at home. Does not sleep; process context.
///
/// # Errors
///
/// `ESRCH` if there is no such guest, `EAGAIN` when too many signals wait, `EBUSY` for one of
/// which it is not decided yet where it will be.
pub fn signal(pid: u32, signal: &SentSignal, is_orphaned: bool) -> Result {
    let guest = find(pid).ok_or(ESRCH)?;
    whereabouts::set_orphaned(pid, is_orphaned);
    // Once it departs its signals are taken along, and none comes any more.
    let state = guest.state.lock();
    match *state {
        State::Departing => return Err(EBUSY),
        State::Departed => return Err(ESRCH),
        _ => (),
    }
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    to_result(unsafe { bindings::ssi_guest_signal(pid, signal.as_bytes().as_ptr().cast()) })
}

/// The parent of guest `pid` died, as `signal` says: if it asked for one, a signal comes to it
/// (`PR_SET_PDEATHSIG`). Does not sleep; process context.
///
/// # Errors
///
/// `ESRCH` if there is no such guest, `EBUSY` for one of which it is not decided yet where it
/// will be.
pub fn parent_died(pid: u32, signal: &SentSignal) -> Result {
    let guest = find(pid).ok_or(ESRCH)?;
    let state = guest.state.lock();
    match *state {
        State::Departing => return Err(EBUSY),
        State::Departed => return Err(ESRCH),
        _ => (),
    }
    // SAFETY: The bytes are a `kernel_siginfo` by the type invariant.
    to_result(unsafe { bindings::ssi_guest_parent_died(pid, signal.as_bytes().as_ptr().cast()) })
}

/// Whether the parent of guest `pid` may still put it into a process group, as setpgid(2) has
/// it. Any context.
///
/// # Errors
///
/// `EACCES` if it has executed a program, `ESRCH` if there is no such guest.
pub fn may_be_put(pid: u32) -> Result {
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_guest_may_be_put(pid) })
}

/// The parent of guest `pid` died with its node; nobody says who that was.
fn lose_parent(pid: u32) {
    let parent = whereabouts::guest(pid).map_or(INIT, |guest| guest.parent);
    if parent == INIT {
        return;
    }
    let signal = SignalInfo::user(SIGNAL_MAX.into(), Origin::Kill, parent, NO_USER)
        .and_then(|signal| SentSignal::from_wire(signal.as_bytes()));
    if let Ok(signal) = signal {
        // One that is gone asks for none.
        let _ = parent_died(pid, &signal);
    }
}

fn find(pid: u32) -> Option<Arc<Guest>> {
    HOUSE.as_ref()?.find(pid)
}

impl Guest {
    fn new(arrival: Arrival, body: KBox<dyn Body>) -> Result<Arc<Self>> {
        let decided = Event::new()?;
        Arc::pin_init(
            pin_init!(Self {
                arrival,
                body <- new_spinlock!(Some(body), "ssi_guest_body"),
                state <- new_spinlock!(State::Coming, "ssi_guest_state"),
                asker <- new_spinlock!(None, "ssi_guest_asker"),
                made_as: Atomic::new(0),
                decided,
                visits: Atomic::new(0),
                kept <- new_spinlock!(KVec::new(), "ssi_guest_kept"),
                is_homeless: Atomic::new(false),
            }),
            GFP_KERNEL,
        )
    }

    fn prepare(
        arrival: &Arrival,
        body: impl FnOnce() -> Result + Send + 'static,
    ) -> Result<(&'static House, Arc<Self>)> {
        let house = HOUSE.as_ref().ok_or(ENODEV)?;
        if !arrival.is_valid() {
            return Err(EINVAL);
        }
        let guest = Self::new(*arrival, KBox::new(Some(body), GFP_KERNEL)?)?;
        house.keeper.comes();
        Ok((house, guest))
    }

    /// Tells who wanted it what came of it, once.
    fn tell(&self, outcome: Result) {
        let asker = self.asker.lock().take();
        if let Some(mut asker) = asker {
            asker.tell(outcome);
        }
    }

    /// It is gone, before it ran or behind.
    fn tell_gone(&self) {
        self.refuse(EIO);
        let state = *self.state.lock();
        if let State::Refused(why) = state {
            self.tell(Err(why));
        }
    }

    /// In the new task: becomes the process, then a program, and waits for home. Whether it
    /// is to run.
    fn arrive(&self) -> bool {
        match self.settle().and_then(|()| self.run_body()) {
            Ok(()) => self.hold() && HOUSE.as_ref().map(|house| house.keeper.began()).is_some(),
            Err(error) => {
                self.refuse(error);
                false
            }
        }
    }

    fn settle(&self) -> Result {
        let Arrival {
            pid,
            group,
            session,
            ..
        } = self.arrival;
        // SAFETY: The task was cloned for this guest, by its thread.
        to_result(unsafe { bindings::ssi_guest_settle(pid, group, session) })
    }

    fn run_body(&self) -> Result {
        let body = self.body.lock().take();
        body.ok_or(EINVAL)?.run()
    }

    fn hold(&self) -> bool {
        let Arrival {
            pid,
            home,
            parent,
            is_orphaned,
            ..
        } = self.arrival;
        // SAFETY: No preconditions. There is room for it.
        unsafe { bindings::ssi_guest_add(pid, home, parent, is_orphaned) };
        if self.is_homeless.load(Relaxed) {
            // SAFETY: No preconditions.
            unsafe { bindings::ssi_guest_orphan(pid) };
        }
        {
            let mut state = self.state.lock();
            match *state {
                State::Coming => *state = State::Held,
                _ => return false,
            }
        }
        self.tell(Ok(()));
        // A wait that nothing ends but the event.
        let _ = self.decided.wait(Patience::Always, None);
        matches!(*self.state.lock(), State::Staying)
    }

    /// Ends the way of one that does not run yet.
    fn refuse(&self, why: Error) {
        let mut state = self.state.lock();
        if let State::Coming | State::Held = *state {
            *state = State::Refused(why);
        }
    }

    /// What is done with one that is held. False if it is not.
    fn decide(&self, what: State) -> bool {
        let mut state = self.state.lock();
        if !matches!(*state, State::Held) {
            return false;
        }
        *state = what;
        drop(state);
        self.decided.raise();
        true
    }

    fn kill(&self) {
        if let State::Departed = *self.state.lock() {
            return;
        }
        if !self.decide(State::Refused(EINTR)) {
            self.refuse(EINTR);
            // SAFETY: No preconditions; only a child of the thread is killed.
            unsafe { bindings::ssi_guest_kill(self.arrival.pid) };
        }
    }

    /// `None` when it died.
    fn home(&self) -> Option<u8> {
        match whereabouts::guest(self.arrival.pid) {
            Some(guest) => guest.home,
            None => Some(self.arrival.home),
        }
    }

    fn lose_home(&self) {
        let pid = self.arrival.pid;
        let state = *self.state.lock();
        let is_staying = match state {
            State::Staying | State::Departing => true,
            // Where it comes from decides.
            State::Coming | State::Held => self.arrival.source != self.arrival.home,
            State::Departed | State::Refused(_) => return,
        };
        if is_staying && pid / PRIVATE_PIDS == u32::from(self.arrival.home) {
            self.is_homeless.store(true, Relaxed);
            lose_parent(pid);
            // SAFETY: No preconditions.
            unsafe { bindings::ssi_guest_orphan(pid) };
            // It may have gone on to a third node, which is to know.
            surrogate::look(pid);
        } else {
            self.kill();
        }
    }
}

impl House {
    fn find(&self, pid: u32) -> Option<Arc<Guest>> {
        self.inner.lock().guests.get(&pid).cloned()
    }

    fn first_from(&self, pid: u32) -> Option<Arc<Guest>> {
        let inner = self.inner.lock();
        let cursor = inner.guests.cursor_lower_bound(&pid)?;
        Some(cursor.current().1.clone())
    }

    /// Has the thread make the task of `guest`.
    fn await_task(&self, guest: &Arc<Guest>) -> Result {
        let pid = guest.arrival.pid;
        let place = RBTreeNode::new(pid, guest.clone(), GFP_KERNEL)?;
        {
            let mut inner = self.inner.lock();
            if inner.guests.get(&pid).is_some() {
                return Err(EEXIST);
            }
            let coming = inner.coming.push_within_capacity(guest.clone());
            coming.map_err(|_| EAGAIN)?;
            inner.guests.insert(place);
        }
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_procd_call() };
        Ok(())
    }

    /// Forgets `guest`, whose number may then come again.
    fn forget(&self, guest: &Guest) {
        // SAFETY: No preconditions.
        unsafe {
            bindings::ssi_guest_leaves(guest.arrival.pid, false);
            bindings::ssi_guest_remove(guest.arrival.pid);
        }
        self.keeper.gone(guest.arrival.pid);
        let gone = self.inner.lock().guests.remove_node(&guest.arrival.pid);
        drop(gone);
    }

    /// Is the parent of all guests.
    fn keep(&self) {
        // SAFETY: The thread is the only one that is.
        unsafe { bindings::ssi_procd_begin() };
        while !stopping() {
            while let Some(guest) = self.next_coming() {
                self.make(guest);
            }
            if let Some((pid, change)) = next_change() {
                self.changed(pid, change);
            }
        }
    }

    fn next_coming(&self) -> Option<Arc<Guest>> {
        self.inner.lock().coming.remove(0).ok()
    }

    fn make(&self, guest: Arc<Guest>) {
        if let Err(error) = clone(&guest) {
            guest.refuse(error);
            self.forget(&guest);
            guest.tell_gone();
        }
    }

    fn changed(&self, pid: u32, change: Change) {
        let Some(guest) = self.find(pid).or_else(|| self.made_as(pid)) else {
            return;
        };
        let home = guest.home();
        let is_gone = matches!(change, Change::Exited { .. });
        if is_gone {
            self.forget(&guest);
            guest.tell_gone();
        }
        let (state, pid) = (*guest.state.lock(), guest.arrival.pid);
        match (state, home, change) {
            (State::Staying | State::Departing, Some(home), change) => {
                self.keeper.changed(pid, home, change);
            }
            (State::Departed, Some(home), Change::Exited { usage, .. }) => {
                self.keeper.went_on(pid, home, usage);
            }
            (_, _, _) => (),
        }
    }

    /// The guest whose task still has the number it was made with.
    fn made_as(&self, pid: u32) -> Option<Arc<Guest>> {
        let inner = self.inner.lock();
        let mut guests = inner.guests.values();
        guests
            .find(|guest| guest.made_as.load(Relaxed) == pid)
            .cloned()
    }
}

/// Makes the task of `guest`. In the thread.
fn clone(guest: &Arc<Guest>) -> Result {
    let pid = guest.arrival.pid;
    let state = *guest.state.lock();
    if let State::Refused(error) = state {
        return Err(error);
    }
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_guest_reserve(pid) })?;
    let data = guest.clone().into_raw();
    // SAFETY: `main` gets what it needs, once.
    let made_as = unsafe { bindings::ssi_guest_clone(pid, Some(main), data.cast_mut().cast()) };
    match u32::try_from(made_as) {
        Ok(number) => {
            guest.made_as.store(number, Relaxed);
            Ok(())
        }
        Err(_) => {
            // SAFETY: There is no task that took it.
            drop(unsafe { Arc::from_raw(data) });
            Err(Error::from_errno(made_as))
        }
    }
}

/// Waits for what becomes of a child of the thread. `None` if there is a new guest.
fn next_change() -> Option<(u32, Change)> {
    let mut child: bindings::ssi_child = pin_init::zeroed();
    // SAFETY: It can be written; the thread is that of all guests.
    if !unsafe { bindings::ssi_procd_wait(&mut child) } {
        return None;
    }
    let change = match child.news {
        bindings::ssi_child_news_SSI_CHILD_STOPPED => Change::Stopped(child.status),
        bindings::ssi_child_news_SSI_CHILD_CONTINUED => Change::Continued,
        _ => Change::Exited {
            status: child.status,
            usage: child.usage.used,
        },
    };
    Some((child.pid, change))
}

/// # Safety
///
/// `data` is the guest of the running task that was made a pointer of by `Arc::into_raw`,
/// and nobody else takes it.
unsafe extern "C" fn main(data: *mut c_void) -> c_int {
    // SAFETY: By the contract of this function.
    let guest = unsafe { Arc::from_raw(data.cast::<Guest>().cast_const()) };
    let runs = guest.arrive();
    drop(guest);
    if !runs {
        // SAFETY: Nothing here is left to be dropped.
        unsafe { bindings::ssi_guest_leave() }
    }
    0
}

/// What other suites need of guests, too.
#[cfg(CONFIG_SSI_KUNIT_TEST)]
pub(crate) mod kunit {
    use super::*;
    use crate::thread;

    /// The test kernel is no node: these are numbers none can have.
    pub(crate) const PID: u32 = 63 << 16;

    struct Nobody;

    impl Keeper for Nobody {
        fn changed(&self, _: u32, _: u8, _: Change) {}

        fn went_on(&self, _: u32, _: u8, _: Usage) {}

        fn comes(&self) {}

        fn began(&self) {}

        fn gone(&self, _: u32) {}
    }

    /// Starts the thread, unless that was done.
    pub(crate) fn begin() -> Result {
        // SAFETY: A kernel that is no node has a limit that nothing depends on.
        unsafe { bindings::init_pid_ns.pid_max = pids::LIMIT as c_int };
        match super::begin(&Nobody) {
            Err(EBUSY) => Ok(()),
            begun => begun,
        }
    }

    /// A guest without a group.
    pub(crate) fn arrival(pid: u32) -> Arrival {
        Arrival {
            pid,
            home: 7,
            source: 7,
            parent: PID + 99,
            group: 0,
            session: 0,
            is_orphaned: true,
        }
    }

    /// Makes a guest, and waits until it is held.
    pub(crate) fn create(
        arrival: &Arrival,
        body: impl FnOnce() -> Result + Send + 'static,
    ) -> Result {
        let told = Arc::pin_init(new_spinlock!(None, "ssi_kunit"), GFP_KERNEL)?;
        let is_told = Arc::new(Event::new()?, GFP_KERNEL)?;
        let (place, event) = (told.clone(), is_told.clone());
        super::create(arrival, body, move |outcome| {
            *place.lock() = Some(outcome);
            event.raise();
        });
        is_told.wait(Patience::Always, None)?;
        let outcome = told.lock().take();
        outcome.unwrap_or(Err(EINVAL))
    }

    /// Whether guest `pid` goes. Only then may the next test have its number.
    pub(crate) fn is_gone(pid: u32) -> bool {
        (0..1000).any(|_| {
            thread::sleep(1_000);
            find(pid).is_none()
        })
    }

    /// What `act` gives in the task of a guest that then ends.
    pub(crate) fn in_a_guest<T: Send + Unpin + 'static>(
        arrival: &Arrival,
        act: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let given = Arc::pin_init(new_spinlock!(None, "ssi_kunit"), GFP_KERNEL)?;
        let place = given.clone();
        let ended = create(arrival, move || {
            *place.lock() = Some(act());
            Err(ECANCELED)
        });
        let given = given.lock().take();
        given.ok_or(ended.err().unwrap_or(EINVAL))?
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_guest)]
mod tests {
    use super::{
        kunit::{
            arrival,
            begin,
            create,
            in_a_guest,
            is_gone,
            PID, //
        },
        *, //
    };
    use crate::{
        surrogate::Place,
        task_state::TaskState, //
    };

    /// A guest that is held.
    fn held(arrival: &Arrival) -> Result {
        create(arrival, || Ok(()))
    }

    fn place() -> Result<[u32; 3]> {
        let state = TaskState::of_current()?;
        Ok([state.pid(), state.group(), state.session()])
    }

    #[test]
    fn a_guest_has_its_number_group_and_session() -> Result {
        begin()?;
        let arrival = Arrival {
            group: PID + 2,
            session: PID + 3,
            ..arrival(PID + 1)
        };
        assert!(in_a_guest(&arrival, place)? == [PID + 1, PID + 2, PID + 3]);
        // Nothing is left of them.
        assert!(in_a_guest(&arrival, place)? == [PID + 1, PID + 2, PID + 3]);
        Ok(())
    }

    #[test]
    fn no_node_is_told_what_it_said_of_a_group() -> Result {
        begin()?;
        let member = Arrival {
            group: PID,
            session: PID,
            is_orphaned: false,
            ..arrival(PID)
        };
        held(&member)?;
        let other = Arrival {
            pid: PID + 1,
            home: 8,
            ..member
        };
        let told = in_a_guest(&other, || Ok([7, 8].map(Place::is_orphaned_for)))?;
        kill(PID);
        assert!(is_gone(PID) && told == [true, false]);
        Ok(())
    }

    #[test]
    fn a_guest_may_lead_its_group_and_session() -> Result {
        begin()?;
        let arrival = Arrival {
            group: PID,
            session: PID,
            ..arrival(PID)
        };
        assert!(in_a_guest(&arrival, place)? == [PID; 3]);
        Ok(())
    }

    #[test]
    fn a_guest_of_a_private_group_has_none() -> Result {
        begin()?;
        let arrival = Arrival {
            group: 77,
            session: 1,
            ..arrival(PID)
        };
        assert!(in_a_guest(&arrival, place)? == [PID, 0, 0]);
        Ok(())
    }

    #[test]
    fn the_leader_of_a_group_may_come_last() -> Result {
        begin()?;
        let member = Arrival {
            group: PID,
            session: PID,
            ..arrival(PID + 1)
        };
        held(&member)?;
        let leader = Arrival { pid: PID, ..member };
        assert!(in_a_guest(&leader, place)? == [PID; 3]);
        held(&leader)?;
        kill(PID + 1);
        kill(PID);
        assert!(is_gone(PID + 1) && is_gone(PID));
        assert!(in_a_guest(&leader, place)? == [PID; 3]);
        Ok(())
    }

    #[test]
    fn one_that_fails_leaves_nothing() -> Result {
        begin()?;
        for _ in 0..3 {
            assert!(create(&arrival(PID), || Err(ENOENT)) == Err(ENOENT));
            assert!(find(PID).is_none());
            assert!(whereabouts::guest(PID).is_none());
        }
        Ok(())
    }

    #[test]
    fn a_guest_is_known_as_soon_as_it_is_held() -> Result {
        begin()?;
        let known = in_a_guest(&arrival(PID), || Ok(whereabouts::guest(PID)))?;
        assert!(known.is_none());
        held(&arrival(PID))?;
        let known = whereabouts::guest(PID);
        assert!(known.is_some_and(|guest| guest.home == Some(7) && guest.parent == PID + 99));
        kill(PID);
        assert!(is_gone(PID));
        assert!(whereabouts::guest(PID).is_none());
        Ok(())
    }

    #[test]
    fn a_number_is_that_of_one_guest() -> Result {
        begin()?;
        held(&arrival(PID))?;
        assert!(held(&arrival(PID)) == Err(EEXIST));
        kill(PID);
        assert!(is_gone(PID));
        Ok(())
    }

    #[test]
    fn numbers_nobody_has_are_refused() -> Result {
        begin()?;
        assert!(held(&arrival(0)) == Err(EINVAL));
        assert!(held(&arrival(1)) == Err(EINVAL));
        assert!(held(&arrival(PRIVATE_PIDS - 1)) == Err(EINVAL));
        assert!(held(&arrival(pids::LIMIT)) == Err(EINVAL));
        let group = pids::LIMIT;
        assert!(
            held(&Arrival {
                group,
                ..arrival(PID)
            }) == Err(EINVAL)
        );
        assert!(
            held(&Arrival {
                home: 0,
                ..arrival(PID)
            }) == Err(EINVAL)
        );
        Ok(())
    }

    #[test]
    fn guests_that_wait_for_a_lost_home_go() -> Result {
        begin()?;
        held(&arrival(PID))?;
        let home = 8;
        held(&Arrival {
            home,
            source: home,
            ..arrival(PID + 1)
        })?;
        home_lost(7);
        assert!(is_gone(PID));
        assert!(find(PID + 1).is_some());
        home_lost(8);
        assert!(is_gone(PID + 1));
        Ok(())
    }

    #[test]
    fn who_takes_long_keeps_nobody_from_coming() -> Result {
        begin()?;
        let go_on = Arc::new(Event::new()?, GFP_KERNEL)?;
        let is_told = Arc::new(Event::new()?, GFP_KERNEL)?;
        let (event, told) = (go_on.clone(), is_told.clone());
        super::create(
            &arrival(PID),
            move || event.wait(Patience::Always, None),
            move |_| told.raise(),
        );
        held(&arrival(PID + 1))?;
        assert!(is_told.wait(Patience::Always, Some(1_000)) == Err(ETIME));
        go_on.raise();
        is_told.wait(Patience::Always, None)?;
        kill(PID);
        kill(PID + 1);
        assert!(is_gone(PID) && is_gone(PID + 1));
        Ok(())
    }

    #[test]
    fn many_come_at_once() -> Result {
        begin()?;
        for pid in PID..PID + 100 {
            held(&arrival(pid))?;
        }
        (PID..PID + 100).for_each(kill);
        assert!((PID..PID + 100).all(is_gone));
        Ok(())
    }

    #[test]
    fn a_guest_joins_the_group_it_has_at_home() -> Result {
        begin()?;
        let arrival = Arrival {
            group: PID + 1,
            session: PID + 2,
            ..arrival(PID)
        };
        let moved = in_a_guest(&arrival, || {
            let (group, session) = (PID + 3, PID + 4);
            regroup(PID, group, session)?;
            assert!(place()? == [PID, group, session]);
            // Private ones mean none, and change nothing.
            regroup(PID, 77, 1)?;
            assert!(regroup(PID + 9, group, session) == Err(ESRCH));
            assert!(regroup(PID, pids::LIMIT, session) == Err(EINVAL));
            place()
        })?;
        assert!(moved == [PID, PID + 3, PID + 4]);
        Ok(())
    }

    #[test]
    fn a_guest_leads_what_it_leads_at_home() -> Result {
        begin()?;
        let (group, session) = (PID + 1, PID + 2);
        let arrival = Arrival {
            group,
            session,
            ..arrival(PID)
        };
        let led = in_a_guest(&arrival, || {
            join(PID)?;
            let joined = place()?;
            join(PID + 1)?;
            assert!(place()? == [PID, PID + 1, PID + 2]);
            lead()?;
            Ok([joined, place()?])
        })?;
        assert!(led == [[PID, PID, session], [PID; 3]]);
        Ok(())
    }
}
