// SPDX-License-Identifier: GPL-2.0

//! What exists while a node runs.
//!
//! Its processes, its console and its log: made together, gone together. The
//! [`Ports`] they are connected to outlive them.

use std::{
    fs, io,
    os::fd::{
        AsFd,
        AsRawFd,
        OwnedFd, //
    },
    path::PathBuf,
};

use anyhow::{
    Context,
    Result, //
};
use ssi_core::ids::NodeId;

use super::{
    console::Console,
    host_link::HostLink,
    log_file::{
        kept_path,
        LogFile,
        CONSOLE_NAME,
        LOG_NAME, //
    },
    machine::Moment,
    node::report,
    node_process::{
        NodeProcess,
        Start, //
    },
    poller::{
        Interest,
        Token, //
    },
    world::World,
};
use crate::{
    kernel_words::{
        kernel_words,
        NodeFds, //
    },
    layout::NodePaths,
    plan::Plan,
};

/// The node's ends of its networks, and the link to its kernel.
pub(crate) struct Ports {
    network: OwnedFd,
    wire: OwnedFd,
    /// The link to its kernel.
    pub(crate) host: HostLink,
}

/// What exists while a node runs.
pub(crate) struct Run {
    /// UML and its programs.
    pub(crate) process: NodeProcess,
    /// The console.
    pub(crate) console: Console,
    /// The kernel log.
    pub(crate) log: LogFile,
    /// UML is dead and some of its group are not yet: look again then.
    pub(crate) reap_at: Option<Moment>,
}

impl Ports {
    /// Connects a node to switch, wire and supervisor.
    ///
    /// # Errors
    ///
    /// No descriptors; nothing is connected.
    pub(crate) fn new(id: NodeId, world: &World) -> Result<Self> {
        let (wire_end, wire) = ssi_wire::pair().context("no wire")?;
        let (switch_end, network) = ssi_switch::port_pair().context("no network")?;
        let host = HostLink::new().context("no host link")?;
        world.poller.add(&host, Token::Host(id), Interest::Read)?;
        world.switch.add(id.get(), switch_end)?;
        world.wire.attach(id.get(), wire_end);
        Ok(Self {
            network,
            wire,
            host,
        })
    }

    /// What was on its way to the last incarnation is not for the next one.
    fn empty(&mut self, id: NodeId, world: &World) -> Result<()> {
        world.switch.flush(id.get())?;
        ssi_switch::drain(&self.network).context("cannot empty its network")?;
        ssi_wire::drain(&self.wire).context("cannot empty its wire")?;
        self.host.empty().context("cannot empty its host link")?;
        Ok(())
    }

    fn fds(&self) -> NodeFds {
        NodeFds {
            network: self.network.as_raw_fd(),
            wire: self.wire.as_raw_fd(),
            host: self.host.node_end().as_raw_fd(),
        }
    }
}

impl Run {
    /// Starts the node in a clean directory.
    ///
    /// # Errors
    ///
    /// No space, no process, no descriptor; nothing of it runs.
    pub(crate) fn start(
        id: NodeId,
        paths: &NodePaths,
        ports: &mut Ports,
        plan: &Plan,
        world: &mut World,
    ) -> Result<Self> {
        renew_dir(paths)
            .with_context(|| format!("cannot make {} (is there space?)", paths.dir().display()))?;
        ports.empty(id, world)?;
        let log = new_log(id, paths.log(), LOG_NAME, world)?;
        let console_log = new_log(id, paths.console(), CONSOLE_NAME, world)?;
        let (console, theirs) = Console::open(id, console_log).context("cannot make a terminal")?;
        let process = NodeProcess::start(Start {
            kernel: &plan.kernel,
            words: kernel_words(plan, id, ports.fds()),
            dir: paths.dir(),
            node: id.to_string(),
            console: theirs,
            log: log.writer().context("cannot pass the log on")?,
            shared: [
                ports.network.as_fd(),
                ports.wire.as_fd(),
                ports.host.node_end(),
            ],
        })?;
        let run = Self {
            process,
            console,
            log,
            reap_at: None,
        };
        match run.watch(id, paths, world) {
            Ok(()) => Ok(run),
            // One that cannot be watched must not run.
            Err(e) => {
                run.process.end();
                Err(e)
            }
        }
    }

    fn watch(&self, id: NodeId, paths: &NodePaths, world: &mut World) -> Result<()> {
        let line = self.process.identity().map(|identity| identity.to_line());
        line.and_then(|line| fs::write(paths.process(), line))
            .context("cannot note its process (is there space?)")?;
        let poller = &world.poller;
        poller.add(&self.process, Token::Process(id), Interest::Read)?;
        poller.add(&self.console, Token::Console(id), Interest::Read)?;
        // A log that cannot be watched is a log that can grow, no more.
        report(id, "log", world.logs.watch(id, self.log.path()));
        Ok(())
    }
}

/// Every incarnation begins with a clean directory.
fn renew_dir(paths: &NodePaths) -> io::Result<()> {
    match fs::remove_dir_all(paths.dir()) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    fs::create_dir(paths.dir())
}

fn new_log(id: NodeId, path: PathBuf, name: &str, world: &World) -> Result<LogFile> {
    let kept = world.plan.logs.as_deref();
    let kept = kept.map(|dir| kept_path(dir, id, name));
    LogFile::create(&path, kept.as_deref())
        .with_context(|| format!("cannot write {} (is there space?)", path.display()))
}
