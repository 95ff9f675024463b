// SPDX-License-Identifier: GPL-2.0

//! A node in the supervisor's hands.
//!
//! [`Machine`] decides what happens to the node; this file does it: processes,
//! console, log, the line to the agent, the link to the kernel. The node's ends of
//! its two networks and of that link belong to the node, not to its process ([`Run`]),
//! so that a killed node that is booted again is where it was.

use std::{
    fs,
    io,
    os::unix::net::UnixStream, //
};

use anyhow::{
    Context,
    Result, //
};
use ssi_core::ids::NodeId;
use ssi_exec::{
    control::{
        Hello,
        Status, //
    },
    CONTROL_PORT,
};
use ssi_wire::ConnectFor;

use super::{
    agent::{
        Agent,
        News, //
    },
    console::Console,
    host_link::HostLink,
    machine::{
        Effect,
        Event,
        Machine,
        Moment,
        Refusal,
        State, //
    },
    node_process::NodeProcess,
    poller::{
        Interest,
        Token, //
    },
    run::{
        Ports,
        Run, //
    },
    world::World,
};
use crate::{
    death::{
        self,
        Death, //
    },
    layout::NodePaths,
    limits::{
        AGENT_RETRY,
        AGENT_RETRY_MAX,
        BOOT_MAX,
        CONNECT_MAX,
        FAILURE_LINES,
        REAP_RETRY,
        REASON_BYTES_MAX, //
    },
    oddity::Oddity,
    plain,
};

/// One node, as the supervisor holds it.
pub(crate) struct Node {
    id: NodeId,
    paths: NodePaths,
    machine: Machine,
    ports: Ports,
    run: Option<Run>,
    line: Line,
    oddity: Oddity,
    listened: Interest,
    burial: Burial,
}

/// Whether a node's death was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Burial {
    /// Nothing is to be told.
    Told,
    /// Its process is gone, and the others do not know.
    Untold,
}

/// The line to the agent, and what came over it.
#[derive(Default)]
struct Line {
    agent: Option<Agent>,
    call_at: Option<Moment>,
    /// Attempts that failed since the last one that did not.
    failures: u32,
    hello: Option<Hello>,
    status: Option<Status>,
}

impl Node {
    /// A node that was never started, with its ports in switch and wire.
    ///
    /// # Errors
    ///
    /// No descriptors.
    pub(crate) fn new(id: NodeId, world: &World) -> Result<Self> {
        Ok(Self {
            id,
            paths: world.paths.node(id),
            machine: Machine::new(id),
            ports: Ports::new(id, world).with_context(|| format!("node {id} cannot be made"))?,
            run: None,
            line: Line::default(),
            oddity: Oddity::default(),
            listened: Interest::Read,
            burial: Burial::Told,
        })
    }

    /// Its number.
    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    /// What is wrong with it on purpose.
    pub(crate) fn oddity(&self) -> &Oddity {
        &self.oddity
    }

    /// From its next boot on, this is wrong with it.
    pub(crate) fn set_oddity(&mut self, oddity: Oddity) {
        self.oddity = oddity;
    }

    /// The link to its kernel.
    pub(crate) fn host(&mut self) -> &mut HostLink {
        &mut self.ports.host
    }

    /// Listens to its kernel as the link wants it now.
    pub(crate) fn listen_to_host(&mut self, world: &World) {
        let wanted = self.ports.host.interest();
        if wanted != self.listened {
            let token = Token::Host(self.id);
            let done = world.poller.modify(&self.ports.host, token, wanted);
            report(self.id, "host link", done);
            self.listened = wanted;
        }
    }

    /// Whether its process is gone since the last call.
    pub(crate) fn take_burial(&mut self) -> bool {
        std::mem::replace(&mut self.burial, Burial::Told) == Burial::Untold
    }

    /// Its life.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Process id of its kernel.
    pub(crate) fn pid(&self) -> Option<i32> {
        let run = self.run.as_ref()?;
        Some(run.process.pid().as_raw_nonzero().get())
    }

    /// What its agent said when it came up.
    pub(crate) fn hello(&self) -> Option<&Hello> {
        self.line.hello.as_ref()
    }

    /// What its agent answered to the last question.
    pub(crate) fn status(&self) -> Option<&Status> {
        self.line.status.as_ref()
    }

    /// Its console, while it has a process.
    pub(crate) fn console(&mut self) -> Option<&mut Console> {
        self.run.as_mut().map(|run| &mut run.console)
    }

    /// The lines of its log that show how it ended.
    pub(crate) fn telling_lines(&self) -> Vec<String> {
        let log = fs::read(self.paths.log()).unwrap_or_default();
        death::telling_lines(&String::from_utf8_lossy(&log), FAILURE_LINES)
    }

    /// The last line of its log that SSI has written in it.
    pub(crate) fn last_words_of_ssi(&self) -> Option<String> {
        let log = self.run.as_ref()?.log.tail(REASON_BYTES_MAX);
        let is_ours = |line: &&str| line.contains("ssi_ics: ") || line.contains("ssi_clms: ");
        log.lines().rev().find(is_ours).map(plain::line)
    }

    /// Takes `event` and does what follows from it.
    ///
    /// # Errors
    ///
    /// The node is in no state for that.
    pub(crate) fn step(&mut self, event: Event, world: &mut World) -> Result<(), Refusal> {
        let effects = self.machine.step(world.now(), event)?;
        for effect in effects {
            self.act(effect, world);
        }
        Ok(())
    }

    /// When it wants [`tick`](Self::tick).
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let reap_at = self.run.as_ref().and_then(|run| run.reap_at);
        let host = self.ports.host.deadline();
        let times = [self.machine.deadline(), self.line.call_at, reap_at, host];
        times.into_iter().flatten().min()
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, world: &mut World) {
        let now = world.now();
        let is_due = |at: Option<Moment>| at.is_some_and(|at| at <= now);
        if is_due(self.machine.deadline()) {
            self.news(Event::Tick, world);
        }
        if is_due(self.line.call_at) {
            self.call(CONNECT_MAX, world);
        }
        if is_due(self.run.as_ref().and_then(|run| run.reap_at)) {
            self.reap(world);
        }
        if self.ports.host.tick(now) {
            self.listen_to_host(world);
        }
    }

    /// Looks whether its kernel has stopped.
    pub(crate) fn look_for_stop(&mut self, world: &mut World) {
        let waits = *self.machine.state() == State::Pausing;
        if waits
            && self
                .run
                .as_ref()
                .is_some_and(|run| run.process.has_stopped())
        {
            self.news(Event::Stopped, world);
        }
    }

    /// Reaps what has ended. Once nobody is left, the node is dead.
    pub(crate) fn reap(&mut self, world: &mut World) {
        let Some(run) = &mut self.run else {
            return;
        };
        let Some(exit) = run.process.reap() else {
            // A dead process stays readable; the clock is asked instead.
            if run.reap_at.is_none() {
                report(self.id, "process", world.poller.remove(&run.process));
            }
            run.reap_at = Some(world.now() + REAP_RETRY);
            return;
        };
        let tail = run.log.tail(REASON_BYTES_MAX);
        let death = death::explain(exit, &tail);
        self.bury(&death, world);
        self.news(Event::Gone(death), world);
    }

    /// Reaps on, if its kernel has ended and some of its programs had not: the others
    /// wait for the news.
    pub(crate) fn reap_rest(&mut self, world: &mut World) {
        if self.run.as_ref().is_some_and(|run| run.reap_at.is_some()) {
            self.reap(world);
        }
    }

    /// Takes what the agent says; returns whether it answered a question.
    pub(crate) fn listen(&mut self, world: &mut World) -> Answered {
        let news = self.line.agent.as_mut().map(Agent::listen);
        let mut answered = Answered::No;
        for said in news.unwrap_or_default() {
            match said {
                News::Hello(hello) => self.meet(*hello, world),
                News::Status(status) => {
                    self.line.status = Some(*status);
                    self.line.failures = 0;
                    answered = Answered::Yes;
                }
                News::Lost(why) => {
                    self.hang_up(&why, world);
                    answered = Answered::Yes;
                }
            }
        }
        answered
    }

    /// Asks the agent what the node is doing; whether it could be asked.
    pub(crate) fn ask_status(&mut self) -> Answered {
        self.line.status = None;
        let agent = self.line.agent.as_mut();
        match agent.map(Agent::ask_status) {
            Some(Ok(())) => Answered::No,
            Some(Err(_)) | None => Answered::Yes,
        }
    }

    /// Takes the middle out of its log if it grew too long.
    pub(crate) fn look_at_log(&mut self, world: &mut World) {
        if let Some(run) = &mut self.run {
            report(self.id, "log", run.log.trim());
            report(self.id, "log", world.logs.watch(self.id, run.log.path()));
        }
    }

    /// An event the user did not ask for: it cannot be refused.
    fn news(&mut self, event: Event, world: &mut World) {
        if let Err(refusal) = self.step(event, world) {
            say!("{refusal}");
        }
    }

    fn act(&mut self, effect: Effect, world: &mut World) {
        match effect {
            Effect::Spawn => self.spawn(world),
            Effect::AskPowerOff => self.ask_power_off(world),
            Effect::StopKernel => {
                self.with_process("stop", |p| p.stop_kernel());
                // One that somebody else has stopped sends no second signal.
                self.look_for_stop(world);
            }
            Effect::StopPrograms => self.with_process("stop", |p| {
                p.stop_programs();
                Ok(())
            }),
            Effect::Continue => self.with_process("resume", |p| p.resume()),
            Effect::Kill => self.with_process("kill", |p| {
                p.kill();
                Ok(())
            }),
        }
    }

    fn with_process(&self, what: &str, act: impl FnOnce(&NodeProcess) -> io::Result<()>) {
        if let Some(run) = &self.run {
            report(self.id, what, act(&run.process));
        }
    }

    fn spawn(&mut self, world: &mut World) {
        let mut plan = self.oddity.plan(&world.plan);
        if self.oddity.kernel.is_none() {
            plan.kernel = world.kernel.path();
        }
        match Run::start(self.id, &self.paths, &mut self.ports, &plan, world) {
            Ok(run) => {
                self.run = Some(run);
                self.call(BOOT_MAX, world);
            }
            Err(e) => self.news(Event::NotStarted(format!("{e:#}")), world),
        }
    }

    /// Connects to the agent; the wire keeps trying for `timeout`.
    fn call(&mut self, timeout: Moment, world: &World) {
        self.line.call_at = None;
        match self.try_call(timeout, world) {
            Ok(agent) => self.line.agent = Some(agent),
            Err(e) => {
                say!("node {}: cannot call its agent: {e}", self.id);
                self.call_again(world);
            }
        }
    }

    fn call_again(&mut self, world: &World) {
        let pause = AGENT_RETRY.saturating_mul(1 << self.line.failures.min(16));
        self.line.failures = self.line.failures.saturating_add(1);
        self.line.call_at = Some(world.now() + pause.min(AGENT_RETRY_MAX));
    }

    /// The wire leads to one node only; whoever else answers is a fault of ours
    /// or a lie.
    fn meet(&mut self, hello: Hello, world: &mut World) {
        if hello.node != self.id.get() {
            return self.hang_up(&format!("its agent says it is node {}", hello.node), world);
        }
        self.line.hello = Some(hello);
        self.news(Event::Hello, world);
    }

    fn try_call(&self, timeout: Moment, world: &World) -> io::Result<Agent> {
        let (ours, theirs) = UnixStream::pair()?;
        let connect_for = ConnectFor { timeout };
        world
            .wire
            .connect(self.id.get(), CONTROL_PORT, theirs, connect_for);
        let agent = Agent::new(ours)?;
        world
            .poller
            .add(&agent, Token::Agent(self.id), Interest::Read)?;
        Ok(agent)
    }

    fn hang_up(&mut self, why: &str, world: &World) {
        self.line.agent = None;
        self.line.status = None;
        if self.machine.has_process() && !matches!(self.machine.state(), State::Ending(_)) {
            say!("node {}: {why}", self.id);
            self.call_again(world);
        }
    }

    /// A node that cannot be asked is killed when its grace is over.
    fn ask_power_off(&mut self, world: &mut World) {
        let agent = self.line.agent.as_mut();
        if !matches!(agent.map(Agent::ask_power_off), Some(Ok(()))) {
            self.news(Event::Remove, world);
        }
    }

    fn bury(&mut self, death: &Death, world: &mut World) {
        if let Some(run) = self.run.take() {
            run.console.close(&format!("node {}: {death}", self.id));
        }
        world.wire.reset(self.id.get());
        self.line = Line::default();
        self.burial = Burial::Untold;
    }
}

/// Whether a question to an agent is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It is: answered, or it never will be.
    Yes,
    /// It is open.
    No,
}

/// What goes wrong with one node must not end the others.
pub(super) fn report(id: NodeId, what: &str, result: io::Result<()>) {
    if let Err(e) = result {
        say!("node {id}: {what}: {e}");
    }
}
