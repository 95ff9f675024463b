// SPDX-License-Identifier: GPL-2.0

//! The parts of the membership, together.
//!
//! ```text
//!   ICS reactor    users     subsystems' thread     host (interrupt)
//!        |           |               |                    |
//!        v           v               v                    |
//!      letters ---------------------------> notifier <----+
//!                                              |
//!                                              v
//!                          thread ssi_clms: machine, one event at a time
//!                                              |
//!        +-------------+-------------+---------+---+--------------+
//!        v             v             v             v              v
//!    ICS sends    host packets     board      subsystems'     scripts'
//!                                 (/proc)       thread          thread
//! ```

use kernel::{
    prelude::*,
    sync::{
        atomic::Atomic,
        new_mutex,
        Arc,
        Mutex,
        SetOnce, //
    }, //
};
use ssi_core::identity::Member;
use ssi_kapi::{
    reboot,
    sysctl::Registration,
    thread::{
        self,
        Thread, //
    }, //
};

use crate::{
    announce::Audience,
    board::Board,
    engine::{
        earliest,
        Engine, //
    },
    files,
    mailbox::{
        Letter,
        Mailbox,
        LETTERS, //
    },
    runner::Runner,
    scripts::Scripts,
    settings,
    shutdown,
    subsystem, //
};

/// What all threads of the membership share.
#[pin_data]
pub(crate) struct Driver {
    /// Which node this is.
    pub(crate) me: Member,
    #[pin]
    pub(crate) board: Board,
    #[pin]
    pub(crate) mailbox: Mailbox,
    #[pin]
    pub(crate) audience: Audience,
    pub(crate) runner: Arc<Runner>,
    pub(crate) scripts: Arc<Scripts>,
    /// How this node was asked to end.
    pub(crate) how: Atomic<u32>,
    /// This node has told the others that it ends.
    pub(crate) left: SetOnce<()>,
    /// Until the thread takes it.
    #[pin]
    engine: Mutex<Option<KBox<Engine>>>,
}

static DRIVER: SetOnce<Arc<Driver>> = SetOnce::new();

/// What runs as long as the kernel does.
struct Running {
    _threads: (Thread<Driver>, Thread<Runner>, Thread<Scripts>),
    _settings: Registration,
}

static RUNNING: SetOnce<Running> = SetOnce::new();

/// The driver. Any context.
///
/// # Errors
///
/// `ENODEV` on a kernel that is no node.
pub(crate) fn get() -> Result<&'static Driver> {
    DRIVER.as_ref().map(|driver| &**driver).ok_or(ENODEV)
}

/// Lets the thread look around. Any context.
pub(crate) fn wake() {
    if let Ok(driver) = get() {
        driver.mailbox.notifier().raise(LETTERS);
    }
}

/// The intervals were changed. May sleep.
pub(crate) fn settings_changed() {
    if let Ok(driver) = get() {
        driver.mailbox.put(Letter::Tune);
    }
}

impl Driver {
    fn new(me: Member) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            me,
            board <- Board::new(),
            mailbox <- Mailbox::new(),
            audience <- Audience::new(),
            runner: Arc::pin_init(Runner::new(), GFP_KERNEL)?,
            scripts: Arc::pin_init(Scripts::new(), GFP_KERNEL)?,
            how: Atomic::new(0),
            left: SetOnce::new(),
            engine <- new_mutex!(None, "ssi_clms_engine"),
        })
    }

    /// Whether this node has told the others that it ends.
    pub(crate) fn has_left(&self) -> bool {
        self.left.as_ref().is_some()
    }

    fn run(&self) {
        let Some(mut engine) = self.engine.lock().take() else {
            return;
        };
        // Neither a program that computes nor strangers who keep the reactor busy may
        // hold up heartbeats.
        thread::hurry_most();
        while !thread::stopping() {
            let until = engine.work(self);
            let until = earliest(until, self.runner.watch());
            let until = earliest(until, self.scripts.watch());
            self.mailbox.notifier().wait(until.map(|until| until.0));
            self.mailbox.notifier().take(|_| ());
        }
    }
}

/// Makes the driver and what users see of it. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create(me: Member) -> Result {
    DRIVER.populate(Arc::pin_init(Driver::new(me), GFP_KERNEL)?);
    shutdown::register()?;
    files::create()
}

/// Says Hello to the supervisor and lets the membership begin; runs after the last
/// driver, before init. May sleep.
pub(crate) fn start() {
    if let Err(error) = try_start() {
        pr_err!("this node joins no cluster: {:?}\n", error);
    }
}

fn try_start() -> Result {
    let driver = DRIVER.as_ref().ok_or(ENODEV)?;
    subsystem::close();
    let mut engine = KBox::new(Engine::new()?, GFP_KERNEL)?;
    reboot::before_end(shutdown::leave)?;
    engine.boot(driver);
    *driver.engine.lock() = Some(engine);
    let running = Running {
        _threads: (
            Thread::spawn(c"ssi_clms", driver.clone(), Driver::run)?,
            Runner::start(driver.runner.clone())?,
            Scripts::start(driver.scripts.clone())?,
        ),
        _settings: settings::register()?,
    };
    RUNNING.populate(running);
    Ok(())
}
