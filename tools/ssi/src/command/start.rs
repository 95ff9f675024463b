// SPDX-License-Identifier: GPL-2.0

//! `ssi start`.
//!
//! Checks everything that can be checked, starts the supervisor, and shows how
//! the nodes come up: a line per node that changes in place on a terminal, plain
//! lines elsewhere. An interruption takes the cluster down again.

mod display;

use std::{
    env,
    fs,
    io::{
        self,
        BufRead,
        BufReader,
        Write, //
    },
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::net::UnixStream, //
    },
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Child,
        Command,
        ExitCode,
        Stdio, //
    },
    sync::{
        atomic::{
            AtomicBool,
            Ordering, //
        },
        Arc,
    },
    thread,
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use signal_hook::{
    consts::{
        SIGHUP,
        SIGINT,
        SIGTERM, //
    },
    iterator::Signals,
};
use ssi_core::ids::ClusterName;

use self::display::Display;
use crate::{
    call::name_option,
    cli::Start,
    memory,
    plan::{
        Guard,
        Plan, //
    },
    protocol::{
        self,
        StartNews, //
    },
};

/// The user changed their mind.
const STATUS_INTERRUPTED: u8 = 130;

/// Boots a cluster; returns when all nodes are ready.
///
/// # Errors
///
/// The cluster did not come up, and nothing is left of it.
pub(crate) fn run(cluster: ClusterName, start: &Start) -> Result<ExitCode> {
    let plan = plan(cluster, start)?;
    plan.check()?;
    plan.logs.as_deref().map_or(Ok(()), |dir| renew_logs(dir, &plan))?;
    for warning in memory::warnings(&plan) {
        eprintln!("ssi: warning: {warning}");
    }
    let display = Display::new(plan.nodes);
    display.note(trust(plan.guard));
    let interrupted = Arc::new(AtomicBool::new(false));
    let (mut supervisor, link) = supervise(&plan)?;
    hang_up_when_interrupted(&link, &interrupted)?;
    let came_up = follow(&link, display, cluster);
    if came_up.is_err() {
        // It leaves nothing behind, and has said why.
        let _ = supervisor.wait();
    }
    match interrupted.load(Ordering::SeqCst) {
        true => Ok(ExitCode::from(STATUS_INTERRUPTED)),
        false => came_up.map(|()| ExitCode::SUCCESS),
    }
}

/// One line, so that nobody is surprised.
fn trust(guard: Guard) -> &'static str {
    match guard {
        Guard::Seccomp => {
            "guest programs are trusted with all memory of their node; --isolate traces them \
             instead"
        }
        Guard::Ptrace => "guest programs are kept in their own memory (ptrace)",
    }
}

fn plan(cluster: ClusterName, start: &Start) -> Result<Plan> {
    let home = env::var_os("SSI_HOME").map(PathBuf::from);
    let built = |name: &str, option: &str| match &home {
        Some(home) => Ok(home.join("build").join(name)),
        None => Err(anyhow!(
            "which {option}? give {option}, or use the 'ssi' of the source tree, which knows"
        )),
    };
    let kernel = start.kernel.clone();
    let initramfs = start.initramfs.clone();
    Ok(Plan {
        cluster: cluster.to_string(),
        nodes: start.nodes,
        memory_mib: start.mem,
        kernel: absolute(kernel.map_or_else(|| built("um/linux", "--kernel"), Ok)?)?,
        initramfs: absolute(
            initramfs.map_or_else(|| built("initramfs.cpio.gz", "--initramfs"), Ok)?,
        )?,
        root: start.root.clone(),
        guard: match start.isolate {
            true => Guard::Ptrace,
            false => Guard::Seccomp,
        },
        append: start.append.clone(),
        logs: start.logs.clone().map(absolute).transpose()?,
        seed: start.seed.map_or_else(random, Ok)?,
    })
}

/// The supervisor and the nodes start elsewhere.
fn absolute(path: PathBuf) -> Result<PathBuf> {
    std::path::absolute(&path).with_context(|| format!("what is '{}'?", path.display()))
}

fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .context("cannot draw a seed: give one with --seed")?;
    Ok(u64::from_le_bytes(bytes))
}

/// Logs of an earlier cluster would be taken for this one's.
fn renew_logs(dir: &Path, plan: &Plan) -> Result<()> {
    let shown = dir.display();
    fs::create_dir_all(dir).with_context(|| format!("cannot make the log directory {shown}"))?;
    for node in 1..=ssi_core::ids::NODE_MAX {
        for name in ["log", "console"] {
            let path = dir.join(format!("node{node}.{name}"));
            match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(e).with_context(|| format!("cannot renew {}", path.display()));
                }
                _ => {}
            }
        }
    }
    let probe = dir.join(format!(".{}", plan.cluster));
    fs::write(&probe, "")
        .and_then(|()| fs::remove_file(&probe))
        .with_context(|| format!("cannot write into the log directory {shown}"))
}

/// Starts the supervisor and gives it the plan.
fn supervise(plan: &Plan) -> Result<(Child, UnixStream)> {
    let (mut ours, theirs) = UnixStream::pair().context("cannot talk to a supervisor")?;
    let child = Command::new("/proc/self/exe")
        .args(["--name", &plan.cluster, "supervise"])
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start a supervisor")?;
    // One that is dead already is noticed when its news end.
    let _ = ours.write_all(&protocol::to_line(plan));
    Ok((child, ours))
}

/// The supervisor takes the end of our half for a wish to stop; its own words
/// still reach us. A second interruption does not wait for them.
fn hang_up_when_interrupted(link: &UnixStream, interrupted: &Arc<AtomicBool>) -> Result<()> {
    let (link, interrupted) = (link.try_clone()?, Arc::clone(interrupted));
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot catch signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if interrupted.swap(true, Ordering::SeqCst) {
                std::process::exit(STATUS_INTERRUPTED.into());
            }
            // It has ended already: just as well.
            let _ = link.shutdown(Shutdown::Write);
        }
    });
    Ok(())
}

/// Shows the supervisor's news until the cluster is up.
fn follow(link: &UnixStream, mut display: Display, cluster: ClusterName) -> Result<()> {
    for line in BufReader::new(link).split(b'\n') {
        let line = line.context("the supervisor is gone")?;
        let news = protocol::from_line(&line).map_err(|why| anyhow!(why))?;
        match news {
            StartNews::Booting { node } => display.booting(node),
            StartNews::Ready {
                node,
                seconds,
                problem,
            } => display.ready(node, seconds, problem.as_deref()),
            StartNews::Up { seconds } => {
                display.up(cluster, seconds, &name_option(cluster));
                return Ok(());
            }
            StartNews::Failed { text, log } => {
                display.failed(&log);
                bail!("{text}");
            }
        }
    }
    display.failed(&[]);
    bail!("cluster {cluster} was stopped while it came up")
}
