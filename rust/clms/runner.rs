// SPDX-License-Identifier: GPL-2.0

//! The thread of the subsystems.
//!
//! Makes the calls a view owes, one at a time, and says so when they are made: that
//! is this node's part of the barrier. It runs beside the machine, which goes on to
//! hear, answer and decide while a subsystem sleeps.

use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};
use ssi_core::{
    clms::subsystems::{
        Callback,
        Direction,
        Told, //
    },
    ids::Epoch,
    time::{
        Instant,
        Span, //
    },
    view::View,
};
use ssi_kapi::{
    clock,
    notifier::Notifier,
    thread::{
        self,
        Thread, //
    }, //
};

use crate::{
    driver,
    mailbox::Letter,
    service::Services,
    settings,
    subsystem, //
};

/// Bit of the notifier: there is a job.
const JOB: u32 = 0;

/// What the thread has to do, and what it is doing.
#[pin_data]
pub(crate) struct Runner {
    #[pin]
    jobs: Mutex<Jobs>,
    #[pin]
    current: Mutex<Option<Current>>,
    notifier: Notifier,
}

/// What is to be done; the newest of each kind.
#[derive(Default)]
struct Jobs {
    /// Calls owed for this view, before the barrier.
    barrier: Option<KBox<View>>,
    /// The view is active: the barrier is behind all.
    active: Option<KBox<View>>,
}

/// A call that has not returned.
#[derive(Clone, Copy)]
pub(crate) struct Current {
    /// Which subsystem, about whom.
    pub(crate) callback: Callback,
    /// When it was called.
    pub(crate) since: Instant,
    /// Whether the log has named it.
    is_named: bool,
}

/// What to do about the call that runs.
#[derive(Debug, PartialEq, Eq)]
enum Watch {
    /// Say in the log that it takes long.
    Name(Callback),
    /// Nothing before this time, if ever.
    Wait(Option<Instant>),
}

impl Current {
    /// How long it has been running.
    pub(crate) fn age(&self) -> Span {
        Instant(clock::monotonic()).since(self.since)
    }
}

impl Runner {
    /// With nothing to do.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            jobs <- new_mutex!(Jobs::default(), "ssi_clms_jobs"),
            current <- new_mutex!(None, "ssi_clms_current"),
            notifier: Notifier::new()?,
        })
    }

    /// Starts the thread over `runner`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn start(runner: Arc<Self>) -> Result<Thread<Self>> {
        Thread::spawn(c"ssi_clms_sub", runner, Self::run)
    }

    /// Owes the calls of `view`; replaces a view that was not begun.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn owe(&self, view: &View) -> Result {
        let view = KBox::new(view.clone(), GFP_KERNEL)?;
        let mut jobs = self.jobs.lock();
        jobs.barrier = Some(view);
        jobs.active = None;
        drop(jobs);
        self.notifier.raise(JOB);
        Ok(())
    }

    /// Says that `view` is active now.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn activate(&self, view: &View) -> Result {
        let view = KBox::new(view.clone(), GFP_KERNEL)?;
        self.jobs.lock().active = Some(view);
        self.notifier.raise(JOB);
        Ok(())
    }

    /// The call that runs now.
    pub(crate) fn current(&self) -> Option<Current> {
        *self.current.lock()
    }

    /// Names a call in the log that takes too long, once; when to look again.
    pub(crate) fn watch(&self) -> Option<Instant> {
        let patience = settings::subsystem_patience();
        let callback = match self.overdue(patience) {
            Watch::Name(callback) => callback,
            Watch::Wait(until) => return until,
        };
        pr_warn!(
            "subsystem {} has not returned from {} of node {} for {} s; the view waits\n",
            subsystem::get(callback.subsystem).map_or("?", |subsystem| subsystem.name()),
            word(callback.direction),
            callback.instance.node.get(),
            patience.as_ms() / 1000
        );
        None
    }

    fn overdue(&self, patience: Span) -> Watch {
        let mut slot = self.current.lock();
        match &mut *slot {
            Some(current) if current.is_named => Watch::Wait(None),
            Some(current) if current.age() < patience => {
                Watch::Wait(Some(current.since.after(patience)))
            }
            Some(current) => {
                current.is_named = true;
                Watch::Name(current.callback)
            }
            None => Watch::Wait(None),
        }
    }

    fn run(&self) {
        let mut told = Told::NOBODY;
        let mut services = Services::new();
        while !thread::stopping() {
            self.notifier.wait(None);
            self.notifier.take(|_| ());
            let barrier = self.jobs.lock().barrier.take();
            if let Some(view) = barrier {
                services.leave(&view);
                self.call_all(&mut told, &view);
                done(view.epoch);
            }
            let active = self.jobs.lock().active.take();
            if let Some(view) = active {
                services.settle(&view);
            }
        }
    }

    fn call_all(&self, told: &mut Told, view: &View) {
        let count = subsystem::all().count();
        for callback in told.owed(view, count) {
            let current = Current {
                callback,
                since: Instant(clock::monotonic()),
                is_named: false,
            };
            *self.current.lock() = Some(current);
            driver::wake();
            if let Some(subsystem) = subsystem::get(callback.subsystem) {
                match callback.direction {
                    Direction::Up => subsystem.node_up(view, callback.instance),
                    Direction::Down => subsystem.node_down(view, callback.instance),
                }
            }
            *self.current.lock() = None;
        }
        told.tell(view);
    }
}

/// This node's part of the barrier of `epoch` is done.
fn done(epoch: Epoch) {
    if let Ok(driver) = driver::get() {
        driver.mailbox.put(Letter::SubsystemsDone(epoch));
    }
}

/// The word for a direction, in files and in the log.
pub(crate) fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_clms_runner)]
mod tests {
    use super::*;
    use ssi_core::ids::{
        Incarnation,
        Instance,
        NodeId, //
    };

    #[test]
    fn a_call_that_hangs_is_named_once() -> Result {
        let runner = Arc::pin_init(Runner::new(), GFP_KERNEL)?;
        assert!(runner.overdue(Span::ZERO) == Watch::Wait(None));
        let callback = Callback {
            subsystem: 0,
            direction: Direction::Up,
            instance: Instance::new(NodeId::new(3).ok_or(EINVAL)?, Incarnation(1)),
        };
        let since = Instant(clock::monotonic());
        *runner.current.lock() = Some(Current {
            callback,
            since,
            is_named: false,
        });
        let long = Span::ms(1_000_000);
        assert!(runner.overdue(long) == Watch::Wait(Some(since.after(long))));
        assert!(runner.overdue(Span::ZERO) == Watch::Name(callback));
        assert!(runner.overdue(Span::ZERO) == Watch::Wait(None));
        Ok(())
    }
}
