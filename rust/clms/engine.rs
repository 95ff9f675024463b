// SPDX-License-Identifier: GPL-2.0

//! The machine and its hands.
//!
//! Belongs to one thread. An event goes in, a step is taken under the lock of the
//! board, and what it wants done is done behind that lock, before the next event.

use kernel::{
    cpu,
    pr_err_once,
    prelude::*, //
};
use ssi_core::{
    clms::{
        event::{
            Boot,
            Event,
            Now, //
        },
        facts::Facts,
        machine::Machine, //
    },
    hostlink::{
        FromNode,
        Reach,
        Welcome, //
    },
    ics::seal::{
        Key,
        Mode, //
    },
    ids::{
        Epoch,
        NodeId, //
    },
    node_set::NodeSet,
    time::{
        Instant,
        Span, //
    },
    view::View,
};
use ssi_ics::Start;
use ssi_kapi::{
    clock,
    crypto,
    host as uml,
    memory,
    print::Plain,
    random,
    reboot, //
};

use crate::{
    announce,
    crash::{
        self,
        To, //
    },
    driver::Driver,
    host::Host,
    links::Ears,
    mailbox::Letter,
    outbox::{
        Effect,
        Outbox, //
    },
    scripts::Script,
    settings,
    shutdown,
    standstill::Announcer, //
};

/// Until a packet the host had no room for is tried again.
const HOST_RETRY: Span = Span::ms(10);

/// How long the supervisor may take to answer before the log says so.
const WELCOME_PATIENCE: Span = Span::ms(5_000);

/// The machine and what it works with.
pub(crate) struct Engine {
    machine: KVBox<Machine>,
    host: Host,
    outbox: Outbox,
    /// When the machine wants to be woken.
    wake: Option<Instant>,
    /// When to say that the supervisor does not answer.
    complain: Option<Instant>,
    /// Says when the view cannot change.
    announcer: Announcer,
    /// The last view the subsystems' thread was told to be active.
    active: Epoch,
}

impl Engine {
    /// Before the first event.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or what is wrong with `ssi.host=`.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            machine: KVBox::new(Machine::INITIAL, GFP_KERNEL)?,
            host: Host::open()?,
            outbox: Outbox::new(),
            wake: None,
            complain: Some(now().instant.after(WELCOME_PATIENCE)),
            announcer: Announcer::new(),
            active: Epoch::NONE,
        })
    }

    /// The first event.
    pub(crate) fn boot(&mut self, driver: &Driver) {
        let boot = Boot {
            node: driver.me.node,
            build: crypto::sha256(uml::build()),
            nonce: random::number(),
            facts: Facts {
                cpus: cpu::nr_cpu_ids().try_into().unwrap_or(u16::MAX),
                memory_pages: memory::total_pages(),
            },
            supervision: self.host.supervision(),
        };
        self.step(driver, Event::Boot(boot));
        self.step(driver, Event::Tune(settings::parameters()));
    }

    /// Takes in everything that has come; when to come back without news.
    pub(crate) fn work(&mut self, driver: &Driver) -> Option<Instant> {
        while let Some(message) = self.host.receive() {
            self.step(driver, Event::Host(message));
        }
        for letter in driver.mailbox.take() {
            self.take(driver, letter);
        }
        while let Some(letter) = driver.mailbox.take_kept() {
            self.take(driver, letter);
        }
        if self.wake.is_some_and(|wake| wake <= now().instant) {
            self.wake = None;
            self.step(driver, Event::Tick);
        }
        self.miss_supervisor();
        let standstill = self.announcer.watch(&self.machine, now().instant);
        let wake = earliest(earliest(self.wake, self.complain), standstill);
        match self.host.flush() {
            true => wake,
            false => earliest(wake, Some(now().instant.after(HOST_RETRY))),
        }
    }

    /// Says once that nobody has told this node who it is.
    fn miss_supervisor(&mut self) {
        if self.machine.me().is_some() {
            self.complain = None;
        } else if self.complain.is_some_and(|at| at <= now().instant) {
            self.complain = None;
            pr_warn!("the supervisor does not answer: this node waits outside of the cluster\n");
        }
    }

    fn take(&mut self, driver: &Driver, letter: Letter) {
        match letter {
            Letter::Linked(peer) => self.step(driver, Event::Linked(peer)),
            Letter::Unlinked(peer) => self.step(driver, Event::Unlinked(peer)),
            Letter::Message { from, body } => {
                let body = &body;
                self.step(driver, Event::Message { from, body });
            }
            Letter::Beat { from, body } => {
                let body = &body;
                self.step(driver, Event::Beat { from, body });
            }
            Letter::SubsystemsDone(epoch) => self.step(driver, Event::SubsystemsDone(epoch)),
            Letter::CleanedUp(instance) => self.step(driver, Event::CleanedUp(instance)),
            Letter::ShutDown => self.step(driver, Event::ShutDown(driver.me.node)),
            Letter::Leave => {
                self.step(driver, Event::Leave);
                driver.left.populate(());
            }
            Letter::Tune => self.step(driver, Event::Tune(settings::parameters())),
        }
    }

    fn step(&mut self, driver: &Driver, event: Event<'_>) {
        let mut board = driver.board.lock();
        // A refusal is counted by the machine, and nothing has to be done.
        let _ = self
            .machine
            .step(now(), event, board.history_mut(), &mut self.outbox);
        board.role = self.machine.role();
        board.is_active = self.machine.is_active();
        board.statistics = *self.machine.statistics();
        drop(board);
        let effects = self.outbox.take();
        for effect in effects.iter() {
            self.execute(driver, effect);
        }
        self.outbox.clear(effects);
        self.look_for_activity(driver);
    }

    fn execute(&mut self, driver: &Driver, effect: &Effect) {
        match effect {
            Effect::Identity(welcome) => self.start_links(driver, welcome),
            Effect::Roster(roster) => self.set_roster(driver, *roster),
            Effect::Send { to, body } => {
                let body = self.outbox.bytes(body);
                for node in *to {
                    crash::before(To::Node(node), body);
                    send(node, body);
                }
            }
            Effect::Beat { to, body } => {
                let body = self.outbox.bytes(body);
                for node in *to {
                    ssi_ics::send_beat(node, body);
                }
            }
            Effect::Host(packet) => {
                let packet = self.outbox.bytes(packet);
                crash::before(To::Host, packet);
                self.host.send(packet);
            }
            Effect::End(instance) => ssi_ics::end(*instance),
            Effect::Install(view) => {
                ssi_ics::install(view);
                self.show(driver, view);
            }
            Effect::Update(view) => self.show(driver, view),
            Effect::Transition(transition) => {
                driver.board.publish(transition.id);
                announce::tell(transition);
            }
            Effect::RunSubsystems(epoch) => self.run_subsystems(driver, *epoch),
            Effect::Cleanup(instance) => driver.scripts.run(Script::NodeDown, *instance),
            Effect::ShutDown => shutdown::begin(driver),
            Effect::Halt(why) => {
                pr_emerg!("{}\n", Plain(why));
                reboot::stop_now();
            }
            Effect::Wake(at) => self.wake = Some(*at),
        }
    }

    fn start_links(&self, driver: &Driver, welcome: &Welcome) {
        let start = Start {
            me: welcome.me,
            key: Key(welcome.key),
            mode: match welcome.reach {
                Reach::OneHost => Mode::Mac,
                Reach::SeveralHosts => Mode::Aead,
            },
            membership: &Ears,
        };
        match ssi_ics::start(start) {
            Ok(()) => self.set_roster(driver, welcome.roster),
            Err(error) => pr_err!("no links to other nodes: {:?}\n", error),
        }
    }

    fn set_roster(&self, driver: &Driver, roster: NodeSet) {
        ssi_ics::set_roster(roster);
        driver.board.lock().roster = roster;
    }

    /// Lets everybody see `view`: this node's users, then the host's.
    fn show(&mut self, driver: &Driver, view: &View) {
        for node in NodeId::all().filter(|&node| view.entry(node).incarnation.0 != 0) {
            announce::prepare(node);
        }
        driver.board.lock().take_over(view, &self.machine);
        self.host.tell(&FromNode::ViewIs(view));
    }

    fn run_subsystems(&self, driver: &Driver, epoch: Epoch) {
        let view = driver.board.lock().view.clone();
        if view.epoch != epoch {
            return;
        }
        if let Err(error) = driver.runner.owe(&view) {
            stop_without_memory("the subsystems cannot be told of a view", error);
        }
    }

    /// Publishes history that came without transitions of its own, and tells the
    /// thread of the subsystems, once, that the barrier is behind all.
    fn look_for_activity(&mut self, driver: &Driver) {
        let mut board = driver.board.lock();
        let newest = board.history_mut().last_id();
        let is_behind = board.last() != newest;
        let epoch = board.view.epoch;
        let is_news = board.is_active && epoch != self.active;
        let view = is_news.then(|| board.view.clone());
        drop(board);
        if is_behind {
            driver.board.publish(newest);
        }
        if let Some(view) = view {
            self.active = epoch;
            if let Err(error) = driver.runner.activate(&view) {
                stop_without_memory("the key services cannot be told of a view", error);
            }
        }
    }
}

/// Ends this node, which cannot do what the cluster believes it does: the others go on
/// without it.
pub(crate) fn stop_without_memory(what: &str, error: Error) -> ! {
    pr_emerg!("{} ({:?}): this node stops\n", what, error);
    reboot::stop_now()
}

fn send(to: NodeId, body: &[u8]) {
    if let Err(error) = ssi_ics::send_membership(to, body) {
        pr_err_once!("a message to node {} is lost: {:?}\n", Plain(to), error);
    }
}

/// The earlier of two times, if there is one.
pub(crate) fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn now() -> Now {
    Now {
        instant: Instant(clock::monotonic()),
        wall_us: clock::wall() / clock::NANOS_PER_MICRO,
    }
}
