// SPDX-License-Identifier: GPL-2.0

//! The process behind a cluster.
//!
//! The supervisor holds the nodes' processes, consoles and logs, the switch, the
//! wire, and the control socket. When it ends, for whatever reason, all of that
//! ends with it: nodes die with their parent, and the janitor removes the files.
//!
//! It is one loop around one epoll instance. Whatever may wait for somebody else
//! (a node, a client, an agent) is a state, never a blocking call; only the
//! switch and the wire have threads of their own.
//!
//! | part | decides or does |
//! | --- | --- |
//! | `machine`, `arrival` | decide what becomes of a node, and how far it is |
//! | `node`, `run` | do it, with `kept_kernel`, `node_process`, `console`, `log_file`, `agent` |
//! | `request`, `answer` | do what clients ask, and tell them when it is done |
//! | `cluster` | all nodes together: the order of booting, the end |
//! | `membership` | its part in who is in: `warden`, `views`, `cuts`, `standstill`, `host_link` |
//! | `household` | the cluster's directory, before the first node and after the last |
//! | `poller`, `log_watch`, `queue`, `client`, `starter` | tools of these |

mod agent;
mod answer;
mod arrival;
mod client;
mod cluster;
mod console;
mod cuts;
mod host_link;
mod household;
mod kept_kernel;
mod log_file;
mod log_watch;
mod machine;
mod membership;
mod node;
mod node_process;
mod poller;
mod queue;
mod request;
mod run;
mod signals;
mod standstill;
mod starter;
mod views;
mod warden;
mod world;

use std::{
    collections::BTreeMap,
    io,
    os::unix::net::{
        UnixListener,
        UnixStream, //
    },
    time::Instant,
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use rustix::process;

use self::{
    client::Client,
    cluster::Cluster,
    console::Presence,
    household::Household,
    machine::Moment,
    poller::{
        Interest,
        Token, //
    },
    signals::Signals,
    starter::Starter,
    world::World,
};
use crate::{
    layout::ClusterPaths,
    limits::{
        ACCEPT_RETRY,
        CLIENTS_MAX, //
    },
    node_exec,
    plan::Plan,
    protocol::Reply, //
};

/// One process per cluster that owns everything.
struct Supervisor {
    world: World,
    cluster: Cluster,
    clients: BTreeMap<u32, Client>,
    /// Number of the next client or watcher.
    next_number: u32,
    listener: UnixListener,
    listening: Listening,
    signals: Signals,
}

/// Whether new clients are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listening {
    /// They are.
    Now,
    /// They are again from then on.
    Later(Moment),
}

/// Runs a cluster until its end. Standard input is the line to `ssi start`.
///
/// # Errors
///
/// The cluster was not started by `ssi start`; everything else is told to it.
pub(crate) fn run() -> Result<()> {
    let begin = Instant::now();
    household::leave_inherited().context("cannot look at /proc/self/fd")?;
    process::setsid().context("'ssi supervise' is started by 'ssi start'")?;
    let (mut starter, plan) = Starter::from_stdin()?;
    household::leave_stdin().context("cannot open /dev/null")?;
    match household::settle_in(&plan) {
        Ok((household, paths)) => serve(household, paths, plan, starter, begin),
        Err(e) => {
            starter.fail(format!("{e:#}"), Vec::new());
            Ok(())
        }
    }
}

fn serve(
    household: Household,
    paths: ClusterPaths,
    plan: Plan,
    mut starter: Starter,
    begin: Instant,
) -> Result<()> {
    let mut waiting = match Supervisor::new(plan, paths, begin) {
        Ok(mut supervisor) => {
            supervisor.adopt(starter);
            supervisor.serve();
            supervisor.into_waiting()
        }
        Err(e) => {
            starter.fail(format!("{e:#}"), Vec::new());
            Waiting::default()
        }
    };
    let left = household.leave();
    waiting.dismiss();
    left
}

/// Those who wait for the very end.
#[derive(Default)]
struct Waiting {
    clients: Vec<Client>,
    /// Held: `ssi start` sees us leave by its end.
    starter: Option<Starter>,
}

impl Waiting {
    fn dismiss(&mut self) {
        for client in &mut self.clients {
            let _: Presence = client.answer(&Reply::Done);
        }
        drop(self.starter.take());
    }
}

impl Supervisor {
    fn new(plan: Plan, paths: ClusterPaths, begin: Instant) -> Result<Self> {
        household::raise_open_files(plan.nodes)?;
        // The cluster key lies in our memory.
        node_exec::forbid_core_files()?;
        // Orphans of a dead kernel come to us, so that we can see them end.
        process::set_child_subreaper(Some(process::getpid())).context("cannot reap orphans")?;
        let listener = UnixListener::bind(paths.control_checked()?)
            .with_context(|| format!("cannot make the socket {}", paths.control().display()))?;
        listener.set_nonblocking(true)?;
        let signals = Signals::new().context("cannot listen to signals")?;
        let world = World::new(plan, paths, begin)?;
        world
            .poller
            .add(&listener, Token::Listener, Interest::Read)?;
        world.poller.add(&signals, Token::Signals, Interest::Read)?;
        Ok(Self {
            cluster: Cluster::new(&world)?,
            world,
            clients: BTreeMap::new(),
            next_number: 0,
            listener,
            listening: Listening::Now,
            signals,
        })
    }

    fn adopt(&mut self, starter: Starter) {
        let added = self
            .world
            .poller
            .add(&starter, Token::Starter, Interest::Read);
        if let Err(e) = added {
            say!("cannot listen to 'ssi start': {e}");
        }
        self.cluster.adopt(starter);
    }

    /// Until the cluster is gone.
    fn serve(&mut self) {
        self.cluster.go_on(&mut self.world);
        while !self.cluster.is_over() {
            let now = self.world.now();
            let timeout = self.deadline().map(|at| at.saturating_sub(now));
            match self.world.poller.wait(timeout) {
                Ok(tokens) => tokens.into_iter().for_each(|token| self.hear(token)),
                Err(e) => {
                    say!("cannot wait for events: {e}");
                    return;
                }
            }
            self.tick();
            self.settle();
        }
    }

    fn deadline(&self) -> Option<Moment> {
        let asked = self.clients.values().filter_map(Client::deadline);
        let listens = match self.listening {
            Listening::Now => None,
            Listening::Later(at) => Some(at),
        };
        let times = asked.chain(self.cluster.deadline()).chain(listens);
        let times = times.chain(self.world.logs.deadline());
        times.chain(self.entry_deadline()).min()
    }

    fn hear(&mut self, token: Token) {
        let world = &mut self.world;
        match token {
            Token::Listener => self.accept(),
            Token::Signals => self.hear_signals(),
            Token::Logs => world.logs.take(world.now()),
            Token::Starter => self.cluster.lose_starter(world),
            Token::Process(node) => self.cluster.with(node, |n| n.reap(world)),
            Token::Console(node) => self.serve_console(node),
            Token::Agent(node) => self.hear_agent(node),
            Token::Host(node) => self.hear_host(node),
            Token::Client(number) => self.hear_client(number),
            Token::Watcher(number) => self.hear_watcher(number),
        }
    }

    fn hear_signals(&mut self) {
        if self.signals.take() {
            self.cluster.stop(&mut self.world);
        }
        let world = &mut self.world;
        self.cluster.each(|node| {
            node.look_for_stop(world);
            node.reap_rest(world);
        });
    }

    fn listen(&mut self, listening: Listening) {
        self.listening = listening;
        let interest = Interest::of(listening == Listening::Now, false);
        let listened = self
            .world
            .poller
            .modify(&self.listener, Token::Listener, interest);
        if let Err(e) = listened {
            say!("cannot listen to clients: {e}");
        }
    }

    fn tick(&mut self) {
        // What cannot be trimmed cannot be written to either.
        let _ = self.world.own_log.trim();
        if matches!(self.listening, Listening::Later(at) if at <= self.world.now()) {
            self.listen(Listening::Now);
        }
        let world = &mut self.world;
        self.cluster.each(|node| node.tick(world));
        for id in world.logs.due(world.now()) {
            self.cluster.with(id, |node| node.look_at_log(world));
        }
    }

    /// What follows from what has just happened, for the cluster and for those
    /// who wait for it.
    fn settle(&mut self) {
        self.bury();
        self.cluster.go_on(&mut self.world);
        self.answer_waiting();
    }

    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.welcome(stream),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    // No descriptors: those who wait are seen again later.
                    say!("cannot accept a client: {e}");
                    return self.listen(Listening::Later(self.world.now() + ACCEPT_RETRY));
                }
            }
        }
    }

    fn welcome(&mut self, stream: UnixStream) {
        if let Err(e) = self.try_welcome(stream) {
            say!("a client was not served: {e:#}");
        }
    }

    fn try_welcome(&mut self, stream: UnixStream) -> Result<()> {
        let mut client = Client::new(stream)?;
        if let Err(why) = self.check_peer(&client) {
            let text = format!("{why:#}");
            let _: Presence = client.answer(&Reply::Refused { text });
            return Err(why);
        }
        let number = self.take_number();
        self.world
            .poller
            .add(&client, Token::Client(number), Interest::Read)?;
        self.clients.insert(number, client);
        Ok(())
    }

    fn check_peer(&self, client: &Client) -> Result<()> {
        let peer = rustix::net::sockopt::socket_peercred(client)?;
        if peer.uid != process::getuid() {
            bail!("this cluster is another user's");
        }
        if self.clients.len() >= CLIENTS_MAX {
            bail!("{CLIENTS_MAX} clients are connected: try again in a moment");
        }
        Ok(())
    }

    fn take_number(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        number
    }

    fn into_waiting(self) -> Waiting {
        let clients = self.clients.into_values();
        Waiting {
            clients: clients.filter(Client::waits_for_the_end).collect(),
            starter: self.cluster.into_starter(),
        }
    }
}
