// SPDX-License-Identifier: GPL-2.0

//! Place where threads wait.
//!
//! The first thread of a process carries the move. It [gathers](Parking::gather) the others:
//! each comes to its way to user mode, says what it has, and waits. Then the process does
//! nothing at all, and gets no new threads. In the end all [go on](Parking::go_on), or they
//! [leave](Parking::leave): they end here, for they are elsewhere.
//!
//! A thread that is killed does not wait any longer; its process is about to end then.
//!
//! C header: [`include/linux/sched/signal.h`](srctree/include/linux/sched/signal.h)

use kernel::{
    bindings,
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        Arc,
        SpinLock, //
    }, //
};

use crate::{
    behalf::PRIVATE_PIDS,
    errand::{
        self,
        After, //
    },
    event::{
        Event,
        Patience, //
    },
    fork,
    lent_number::{
        self,
        Spare, //
    },
    restart,
    signal_info::{
        SentSignal,
        SIGNAL_INFO_BYTES, //
    },
    task_state,
    thread,
    thread_state::ThreadState, //
};

/// Most threads a process has that moves, its first one left out.
pub const THREADS_MAX: usize = 1023;

/// Time until is looked again whether all are there, in microseconds: first and longest.
const LOOKS: (u64, u64) = (50, 1_000);

/// What becomes of those that wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    GoOn,
    End,
}

struct Inner {
    fate: Fate,
    seats: RBTree<u32, ThreadState>,
    count: u32,
}

/// Where threads of one process wait.
#[pin_data]
pub struct Parking {
    #[pin]
    inner: SpinLock<Inner>,
    over: Event,
}

impl Parking {
    /// An empty one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new() -> Result<Arc<Self>> {
        let over = Event::new()?;
        let inner = Inner {
            fate: Fate::Open,
            seats: RBTree::new(),
            count: 0,
        };
        Arc::pin_init(
            pin_init!(Self {
                inner <- new_spinlock!(inner, "ssi_parking"),
                over,
            }),
            GFP_KERNEL,
        )
    }

    /// Notes what the running thread has, which is on its way to user mode and does not go there
    /// before it has [waited](Self::wait). May sleep.
    ///
    /// # Errors
    ///
    /// `ESRCH` for one that ends, or if nobody waits for it any more; those of
    /// [`ThreadState::of_current`].
    pub fn enter(&self) -> Result {
        if fork::is_killed() {
            return Err(ESRCH);
        }
        restart::quietly();
        let seat = RBTreeNode::new(own_tid(), ThreadState::of_current()?, GFP_KERNEL)?;
        let mut inner = self.inner.lock();
        if inner.fate != Fate::Open {
            return Err(ESRCH);
        }
        inner.count += 1;
        let former = inner.seats.insert(seat);
        drop(inner);
        // Numbers are not given again so soon.
        drop(former);
        Ok(())
    }

    /// Waits until that is decided what becomes of the running thread, which has
    /// [entered](Self::enter).
    pub fn wait(&self) -> After {
        // One that is killed goes its way.
        if self.over.wait(Patience::Killable, None).is_ok() && self.inner.lock().fate == Fate::End {
            return After::ThreadEnds;
        }
        After::GoesOn
    }

    /// Has all other threads of the running process wait here, which is on its way to user mode
    /// in its first thread. May sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if one does not come within so many microseconds, `EBUSY` for a process that is
    /// about to stop, `EINTR` for one that is about to end, `E2BIG` for more than
    /// [`THREADS_MAX`], `ENOMEM`. Those that came still wait.
    pub fn gather(self: &Arc<Self>, microseconds: u64) -> Result {
        let mut invited = RBTree::new();
        let (mut pause, longest) = LOOKS;
        let mut waited = 0;
        while !self.is_complete()? {
            if waited > microseconds {
                return Err(EAGAIN);
            }
            self.invite(&mut invited)?;
            if self.is_complete()? {
                break;
            }
            thread::sleep(pause);
            waited += pause;
            pause = longest.min(pause * 2);
        }
        Ok(())
    }

    fn is_complete(&self) -> Result<bool> {
        let count = self.inner.lock().count;
        // SAFETY: No preconditions.
        match unsafe { bindings::ssi_threads_settled(count) } {
            result @ 0.. => Ok(result != 0),
            error => Err(Error::from_errno(error)),
        }
    }

    /// Asks those that were not.
    fn invite(self: &Arc<Self>, invited: &mut RBTree<u32, ()>) -> Result {
        for tid in other_threads()? {
            if invited.get(&tid).is_some() || self.inner.lock().seats.get(&tid).is_some() {
                continue;
            }
            invited.try_create_and_insert(tid, (), GFP_KERNEL)?;
            let parking = self.clone();
            let asked = errand::give_to_thread(tid, move || match parking.enter() {
                Ok(()) => parking.wait(),
                Err(_) => After::GoesOn,
            });
            match asked {
                // It ended meanwhile.
                Ok(()) | Err(ESRCH) => (),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// How many wait here.
    pub fn len(&self) -> usize {
        self.inner.lock().count as usize
    }

    /// Whether nobody waits here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of those that wait here, in rising order. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn tids(&self) -> Result<KVVec<u32>> {
        let mut tids = KVVec::with_capacity(self.len(), GFP_KERNEL)?;
        let inner = self.inner.lock();
        for tid in inner.seats.keys() {
            tids.push_within_capacity(*tid).map_err(|_| EAGAIN)?;
        }
        Ok(tids)
    }

    /// Tells `each` the number and the state of all that wait here, in the order of their
    /// numbers. May sleep.
    ///
    /// # Errors
    ///
    /// Those of `each`; `ENOMEM`.
    pub fn states(&self, mut each: impl FnMut(u32, &[u8]) -> Result) -> Result {
        for tid in self.tids()? {
            let state = self.take(tid).ok_or(ESRCH)?;
            each(tid, state.as_bytes())?;
        }
        Ok(())
    }

    /// The state of one, which is needed once: it stays noted that the thread is here.
    fn take(&self, tid: u32) -> Option<ThreadState> {
        let mut inner = self.inner.lock();
        let state = inner.seats.get_mut(&tid)?;
        Some(core::mem::replace(state, ThreadState::none()))
    }

    /// Takes the signals that wait for one thread of the running process and no other, of those
    /// here and the running one, and gives each with the number of the thread. May sleep.
    ///
    /// # Errors
    ///
    /// Those of `given`; `ENOMEM`.
    pub fn take_signals(&self, mut given: impl FnMut(u32, SentSignal) -> Result) -> Result {
        signals_of(task_state::pid(), &mut given)?;
        for tid in self.tids()? {
            signals_of(tid, &mut given)?;
        }
        Ok(())
    }

    /// All that wait here go on.
    pub fn go_on(&self) {
        self.decide(Fate::GoOn);
    }

    /// All that wait here are elsewhere, and end. `numbers` are for those whose number is
    /// lent.
    pub fn leave(&self, numbers: Numbers) {
        for spare in numbers.0 {
            spare.lend();
        }
        if let Ok(tids) = self.tids() {
            tids.iter().copied().for_each(lent_number::move_out);
        }
        self.decide(Fate::End);
    }

    fn decide(&self, fate: Fate) {
        let mut inner = self.inner.lock();
        if inner.fate == Fate::Open {
            inner.fate = fate;
        }
        drop(inner);
        self.over.raise();
    }

    /// What is needed to lend the numbers of all that wait here which are of node `node`, this
    /// one. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EAGAIN` without free numbers.
    pub fn numbers(&self, node: u8) -> Result<Numbers> {
        let mut spares = KVVec::new();
        for tid in self.tids()? {
            if tid / PRIVATE_PIDS == u32::from(node) {
                spares.push(Spare::new(tid)?, GFP_KERNEL)?;
            }
        }
        Ok(Numbers(spares))
    }
}

/// What is needed to lend numbers of threads that wait.
pub struct Numbers(KVVec<Spare>);

/// Takes the signals that wait for thread `tid` of the running process and no other, which is the
/// running one or does not run, and gives them with that number. May sleep.
///
/// # Errors
///
/// Those of `given`.
pub(crate) fn signals_of(tid: u32, given: &mut impl FnMut(u32, SentSignal) -> Result) -> Result {
    let mut bytes = [0; SIGNAL_INFO_BYTES];
    // SAFETY: There is room for all of it.
    while unsafe { bindings::ssi_threads_signal(tid, bytes.as_mut_ptr().cast()) } {
        if let Ok(signal) = SentSignal::from_wire(&bytes) {
            given(tid, signal)?;
        }
    }
    Ok(())
}

/// Whether the running thread is the first of its process.
pub fn is_first() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_threads_is_first() }
}

fn own_tid() -> u32 {
    kernel::current!().pid().unsigned_abs()
}

/// The other threads of the running process.
fn other_threads() -> Result<KVVec<u32>> {
    let mut room = 0;
    loop {
        let mut tids = KVVec::from_elem(0u32, room, GFP_KERNEL)?;
        // SAFETY: So many can be written.
        let count = unsafe { bindings::ssi_threads(tids.as_mut_ptr(), tids.len()) };
        if count > THREADS_MAX {
            return Err(E2BIG);
        }
        if count <= room {
            tids.truncate(count);
            return Ok(tids);
        }
        room = count + 8;
    }
}
