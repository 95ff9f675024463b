// SPDX-License-Identifier: GPL-2.0

//! Threads of a process that comes.
//!
//! The task that becomes the first thread of a process makes the others. Each gets its number
//! and its state, and waits. On its way to user mode the first thread has them go on; or they
//! end with it, or without it if that is still what [stands](crate::surrogate) for the process.
//!
//! C header: [`include/linux/sched/task.h`](srctree/include/linux/sched/task.h)

use kernel::{
    bindings,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    }, //
};

use crate::{
    errand,
    event::{
        Event,
        Patience, //
    },
    fork,
    lent_number::{
        self,
        Spare, //
    },
    task_state::{
        self,
        TaskState, //
    },
    thread_state::ThreadState,
    whereabouts, //
};

/// A thread that is to be made.
pub struct Recruit {
    /// Its number, in the cluster.
    pub tid: u32,
    /// What it has.
    pub state: ThreadState,
}

/// How many are ready, and what went wrong.
struct Progress {
    ready: usize,
    error: Option<Error>,
}

/// Threads of one process.
#[pin_data]
struct Crew {
    /// The process as all of them have it.
    process: TaskState,
    /// This node.
    node: u8,
    #[pin]
    progress: SpinLock<Progress>,
    /// Raised when it is decided whether they go on.
    decided: Event,
    goes_on: Atomic<bool>,
}

/// One of them.
struct Member {
    crew: Arc<Crew>,
    recruit: Recruit,
    ready: Arc<Event>,
}

/// Makes `recruits` threads of the running task, which is new, has the memory of `process`, and
/// the rights of the kernel. They go on when it goes to user mode; until then, or when it does
/// not come there, they do nothing. `node` is this one. May sleep.
///
/// # Errors
///
/// `EEXIST` for a number that is in use, `EAGAIN`, `ENOMEM`, `EINTR` for a task that is killed.
pub fn make(process: &TaskState, node: u8, recruits: KVVec<Recruit>) -> Result {
    if recruits.is_empty() {
        return Ok(());
    }
    let decided = Event::new()?;
    let progress = Progress {
        ready: 0,
        error: None,
    };
    let crew = Arc::pin_init(
        pin_init!(Crew {
            process: TaskState::from_wire(process.as_bytes())?,
            node,
            progress <- new_spinlock!(progress, "ssi_crew"),
            decided,
            goes_on: Atomic::new(false),
        }? Error),
        GFP_KERNEL,
    )?;
    let made = recruits
        .into_iter()
        .try_for_each(|recruit| crew.enlist(recruit));
    let own = crew.clone();
    let made = made.and_then(|()| errand::give_own(move || own.begin()));
    if made.is_err() {
        crew.decided.raise();
    }
    made
}

impl Crew {
    /// Makes one, and waits until it is ready.
    fn enlist(self: &Arc<Self>, recruit: Recruit) -> Result {
        let tid = recruit.tid;
        let ready = Arc::new(Event::new()?, GFP_KERNEL)?;
        let member = KBox::new(
            Member {
                crew: self.clone(),
                recruit,
                ready: ready.clone(),
            },
            GFP_KERNEL,
        )?;
        let data = KBox::into_raw(member);
        // One that is lent is taken back by the thread.
        let asked = if lent_number::is_lent(tid) { 0 } else { tid };
        // SAFETY: `main` gets what it needs, once.
        let made = unsafe { bindings::ssi_threads_make(asked, Some(main), data.cast()) };
        if made < 0 {
            // SAFETY: There is no thread that took it.
            drop(unsafe { KBox::from_raw(data) });
            return Err(match Error::from_errno(made) {
                // As the kernel says that it was killed.
                error if error.to_errno() == -(bindings::ERESTARTNOINTR as c_int) => EINTR,
                error => error,
            });
        }
        ready.wait(Patience::Killable, None).map_err(|_| EINTR)?;
        let error = self.progress.lock().error;
        error.map_or(Ok(()), Err)
    }

    /// In the first thread, on its way to user mode or when it ends.
    fn begin(&self) {
        let process = task_state::pid();
        // What still stands for it does not become it.
        let goes_on = !fork::is_killed() && whereabouts::away(process).is_none();
        self.goes_on.store(goes_on, Relaxed);
        self.decided.raise();
    }
}

impl Member {
    /// In the thread. Whether it goes on as the one it is to be.
    fn serve(self) -> bool {
        let outcome = self.put_on();
        {
            let mut progress = self.crew.progress.lock();
            match outcome {
                Ok(()) => progress.ready += 1,
                Err(error) => progress.error = Some(error),
            }
        }
        self.ready.raise();
        let goes_on = outcome.is_ok()
            && self.crew.decided.wait(Patience::Killable, None).is_ok()
            && self.crew.goes_on.load(Relaxed);
        if !goes_on {
            self.give_up();
            return false;
        }
        if !self.is_of_here() {
            // Without memory its number is in use at home until the process ends.
            let _ = lent_number::lodge();
        }
        self.recruit.state.put_on_mask();
        true
    }

    fn put_on(&self) -> Result {
        let Recruit { tid, state } = &self.recruit;
        if own_tid() != *tid {
            lent_number::resume(*tid, task_state::pid())?;
        }
        state.put_on(&self.crew.process)
    }

    /// Its process goes on elsewhere, if it does.
    fn give_up(&self) {
        if !self.is_of_here() || own_tid() != self.recruit.tid {
            return;
        }
        if let Ok(spare) = Spare::new(self.recruit.tid) {
            spare.lend();
        }
    }

    fn is_of_here(&self) -> bool {
        self.recruit.tid / crate::behalf::PRIVATE_PIDS == u32::from(self.crew.node)
    }
}

fn own_tid() -> u32 {
    kernel::current!().pid().unsigned_abs()
}

/// # Safety
///
/// `data` is a boxed member that was made a pointer of, and nobody else takes it. Called by a
/// thread that was made for it.
unsafe extern "C" fn main(data: *mut c_void) -> c_int {
    // SAFETY: By the contract of this function.
    let member = unsafe { KBox::from_raw(data.cast::<Member>()) };
    let goes_on = KBox::into_inner(member).serve();
    if !goes_on {
        // SAFETY: Nothing here is left to be dropped.
        unsafe { bindings::ssi_threads_end() }
    }
    0
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_crew)]
mod tests {
    use super::*;
    use crate::{
        guest::kunit::{
            arrival,
            begin,
            in_a_guest,
            PID, //
        },
        parking::Parking,
        thread,
        thread_state, //
    };

    const NODE: u8 = 63;
    const TID: u32 = PID + 5;

    /// In a task that is a guest: makes a thread of it.
    fn make_one(tid: u32) -> Result {
        let process = TaskState::of_current()?;
        let mut recruits = KVVec::new();
        let state = thread_state::kunit::state()?;
        recruits.push(Recruit { tid, state }, GFP_KERNEL)?;
        make(&process, NODE, recruits)
    }

    fn is_soon(holds: impl Fn() -> bool) -> bool {
        (0..1000).any(|_| {
            thread::sleep(1_000);
            holds()
        })
    }

    #[test]
    fn a_thread_has_its_number() -> Result {
        begin()?;
        let found = in_a_guest(&arrival(PID), || {
            make_one(TID)?;
            // Another one has it.
            assert!(make_one(PID) == Err(EEXIST));
            Ok((lent_number::process_of(TID), lent_number::is_lent(TID)))
        })?;
        assert!(found == (PID, false));
        // It did not go on here, so it is elsewhere with a number of this node.
        assert!(is_soon(|| lent_number::is_lent(TID)));
        assert!(lent_number::process_of(TID) == PID);
        lent_number::give_back_all(PID + 1);
        assert!(lent_number::next_process(PID) == Some(PID));
        lent_number::give_back_all(PID);
        assert!(!lent_number::is_lent(TID) && lent_number::process_of(TID) == TID);
        Ok(())
    }

    #[test]
    fn a_number_that_is_lent_is_nobodys_else() -> Result {
        begin()?;
        in_a_guest(&arrival(PID), || make_one(TID))?;
        assert!(is_soon(|| lent_number::is_lent(TID)));
        let refused = in_a_guest(&arrival(PID + 1), || Ok(make_one(TID)))?;
        assert!(refused == Err(ESRCH));
        let again = in_a_guest(&arrival(PID), || {
            make_one(TID)?;
            Ok((lent_number::process_of(TID), lent_number::is_lent(TID)))
        })?;
        assert!(again == (PID, false));
        assert!(is_soon(|| lent_number::is_lent(TID)));
        // Not of that process.
        lent_number::give_back(TID, PID + 1);
        assert!(lent_number::is_lent(TID));
        lent_number::give_back(TID, PID);
        assert!(!lent_number::is_lent(TID));
        Ok(())
    }

    #[test]
    fn who_does_not_come_is_not_waited_for_for_ever() -> Result {
        begin()?;
        let gathered = in_a_guest(&arrival(PID), || {
            let alone = Parking::new()?.gather(10_000);
            make_one(TID)?;
            // It does not run, and so does not come.
            Ok((alone, Parking::new()?.gather(10_000)))
        })?;
        assert!(gathered == (Ok(()), Err(EAGAIN)));
        assert!(is_soon(|| lent_number::is_lent(TID)));
        lent_number::give_back_all(PID);
        Ok(())
    }
}
