// SPDX-License-Identifier: GPL-2.0

//! Scripts of the administrator.
//!
//! The coordinator runs `/etc/ssi/rc.nodedown N` when the kernel's own cleanup after
//! a node is over, and `/etc/ssi/rc.nodeup N` when a node is UP. They run one after
//! the other on a thread of their own, each for a bounded time; without the file
//! nothing runs.

use kernel::{
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};
use ssi_core::{
    ids::{
        Instance,
        NODES_LEN, //
    },
    time::{
        Instant,
        Span, //
    },
};
use ssi_kapi::{
    clock,
    notifier::Notifier,
    print::Plain,
    thread::{
        self,
        Thread, //
    },
    umh::{
        Ending,
        Program, //
    }, //
};

use crate::{
    driver,
    mailbox::Letter,
    settings, //
};

/// Most scripts that wait.
const QUEUE_MAX: usize = 4 * NODES_LEN;

/// Until a script that was killed is killed again.
const KILL_AGAIN: Span = Span::ms(100);

/// Bit of the notifier: there is a job.
const JOB: u32 = 0;

/// Which script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// Cleans up after a node; the machine waits for its end.
    NodeDown,
    /// Greets a node.
    NodeUp,
}

impl Script {
    const fn path(self) -> &'static CStr {
        match self {
            Self::NodeDown => c"/etc/ssi/rc.nodedown",
            Self::NodeUp => c"/etc/ssi/rc.nodeup",
        }
    }

    /// The path, for the log.
    fn name(self) -> &'static str {
        self.path().to_str().unwrap_or_default()
    }
}

/// What the thread has to run, and what it runs.
#[pin_data]
pub(crate) struct Scripts {
    #[pin]
    queue: Mutex<KVec<(Script, Instance)>>,
    #[pin]
    running: Mutex<Option<Running>>,
    notifier: Notifier,
}

/// A script that has not ended.
struct Running {
    program: Arc<Program>,
    /// When it is killed.
    end: Instant,
}

impl Scripts {
    /// Nothing to run.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            queue <- new_mutex!(KVec::with_capacity(QUEUE_MAX, GFP_KERNEL)?, "ssi_clms_scripts"),
            running <- new_mutex!(None, "ssi_clms_running"),
            notifier: Notifier::new()?,
        }? Error)
    }

    /// Starts the thread over `scripts`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn start(scripts: Arc<Self>) -> Result<Thread<Self>> {
        Thread::spawn(c"ssi_clms_rc", scripts, Self::work)
    }

    /// Runs `script` for `instance`, after those that wait; once, if it waits
    /// already. May sleep.
    pub(crate) fn run(&self, script: Script, instance: Instance) {
        let mut queue = self.queue.lock();
        if queue.contains(&(script, instance)) {
            return;
        }
        let has_room = queue.push_within_capacity((script, instance)).is_ok();
        drop(queue);
        if !has_room {
            pr_err!(
                "no room to run {} {}\n",
                script.name(),
                Plain(instance.node)
            );
            // As after a script that failed.
            over(script, instance);
            return;
        }
        self.notifier.raise(JOB);
    }

    /// Kills a script that has run for too long; when to look again.
    pub(crate) fn watch(&self) -> Option<Instant> {
        let running = self.running.lock();
        let Running { program, end } = running.as_ref()?;
        if Instant(clock::monotonic()) < *end {
            return Some(*end);
        }
        program.kill();
        // A program that was not there yet is killed when it is.
        Some(Instant(clock::monotonic()).after(KILL_AGAIN))
    }

    fn work(&self) {
        while !thread::stopping() {
            self.notifier.wait(None);
            self.notifier.take(|_| ());
            while let Some((script, instance)) = self.next() {
                if let Err(error) = self.execute(script, instance) {
                    pr_err!("{} {}: {:?}\n", script.name(), Plain(instance.node), error);
                }
                over(script, instance);
            }
        }
    }

    fn next(&self) -> Option<(Script, Instance)> {
        self.queue.lock().remove(0).ok()
    }

    fn execute(&self, script: Script, instance: Instance) -> Result {
        let program = Program::new()?;
        let number = CString::try_from_fmt(fmt!("{}", Plain(instance.node)))?;
        *self.running.lock() = Some(Running {
            program: program.clone(),
            end: Instant(clock::monotonic()).after(settings::parameters().cleanup_max),
        });
        driver::wake();
        let ending = program.run(&[script.path(), &number]);
        *self.running.lock() = None;
        match ending {
            // Nobody wrote one.
            Err(ENOENT) | Ok(Ending::Exit(0)) => {}
            Ok(Ending::Exit(status)) => pr_warn!(
                "{} {} ended with status {}\n",
                script.name(),
                Plain(instance.node),
                status
            ),
            Ok(Ending::Signal(signal)) => pr_warn!(
                "{} {} was ended by signal {}\n",
                script.name(),
                Plain(instance.node),
                signal
            ),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Tells the machine when it waits for the script.
fn over(script: Script, instance: Instance) {
    if let (Script::NodeDown, Ok(driver)) = (script, driver::get()) {
        driver.mailbox.put(Letter::CleanedUp(instance));
    }
}
