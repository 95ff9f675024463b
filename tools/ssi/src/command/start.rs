// SPDX-License-Identifier: GPL-2.0

//! `ssi start`.
//!
//! Checks everything that can be checked, starts the supervisor, and shows how
//! the nodes come up: a line per node that changes in place on a terminal, plain
//! lines elsewhere. An interruption takes the cluster down again.

mod display;

use std::{
    env,
    io::{
        BufRead,
        BufReader,
        Write, //
    },
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{
                CommandExt,
                ExitStatusExt, //
            },
        },
    },
    path::PathBuf,
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

/// Boots a cluster; returns when all nodes are ready and one cluster.
///
/// # Errors
///
/// The cluster did not come up, and nothing is left of it.
pub(crate) fn run(cluster: ClusterName, start: &Start) -> Result<ExitCode> {
    let plan = plan(cluster, start)?;
    plan.check()?;
    for warning in memory::warnings(&plan) {
        say!("ssi: warning: {warning}");
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    let (mut supervisor, link) = supervise(&plan)?;
    hang_up_when_interrupted(&link, &interrupted)?;
    match follow(&link, &plan)? {
        Ended::Up => return Ok(ExitCode::SUCCESS),
        Ended::Silently => {}
        Ended::Failed(why) => {
            // It leaves when nothing is left of the cluster.
            let _ = supervisor.wait();
            bail!("{why}");
        }
    }
    let left = supervisor.wait().context("the supervisor is lost")?;
    match (interrupted.load(Ordering::SeqCst), left.signal()) {
        (true, _) => Ok(ExitCode::from(STATUS_INTERRUPTED)),
        (false, None) => bail!("cluster {cluster} was stopped while it came up"),
        (false, Some(signal)) => bail!("the supervisor was killed (signal {signal})"),
    }
}

/// How the supervisor's news ended.
enum Ended {
    /// The cluster is up.
    Up,
    /// It does not come up; the supervisor's words.
    Failed(String),
    /// Without a word.
    Silently,
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
    let build = env::var_os("SSI_BUILD").map(PathBuf::from);
    let build = build.or_else(|| home.map(|home| home.join("build")));
    let built = |name: &str, option: &str| match &build {
        Some(build) => Ok(build.join(name)),
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
///
/// # Errors
///
/// There is no such path.
pub(crate) fn absolute(path: PathBuf) -> Result<PathBuf> {
    std::path::absolute(&path).with_context(|| format!("what is '{}'?", path.display()))
}

fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .context("cannot draw a seed: give one with --seed")?;
    Ok(u64::from_le_bytes(bytes))
}

/// Starts the supervisor and gives it the plan.
fn supervise(plan: &Plan) -> Result<(Child, UnixStream)> {
    let (mut ours, theirs) = UnixStream::pair().context("cannot talk to a supervisor")?;
    let child = Command::new("/proc/self/exe")
        .arg0("ssi")
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

/// Shows the supervisor's news until they end.
fn follow(link: &UnixStream, plan: &Plan) -> Result<Ended> {
    let mut display = Display::new(plan.nodes);
    let mut fact = Some(trust(plan.guard));
    for line in BufReader::new(link).split(b'\n') {
        let Ok(line) = line else {
            break;
        };
        match protocol::from_line(&line).map_err(|why| anyhow!(why))? {
            StartNews::Booting { node } => {
                fact.take().iter().for_each(|fact| display.note(fact));
                display.booting(node);
            }
            StartNews::Ready {
                node,
                seconds,
                problem,
            } => display.ready(node, seconds, problem.as_deref()),
            StartNews::Members { up } => display.members(up),
            StartNews::Up { seconds, epoch } => {
                display.up(&plan.cluster, seconds, epoch);
                return Ok(Ended::Up);
            }
            StartNews::Failed { text, log } => {
                display.failed(&log);
                return Ok(Ended::Failed(text));
            }
        }
    }
    display.failed(&[]);
    Ok(Ended::Silently)
}
