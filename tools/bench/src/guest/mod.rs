// SPDX-License-Identifier: GPL-2.0

//! The program inside a guest.
//!
//! It reads questions from its standard input and answers them on its standard
//! output. It is either process 1 of a kernel that this benchmark booted, a
//! child of that, or an ordinary command on a node of a cluster.

mod calls;
mod children;
mod events;
mod files;
mod network;
mod processes;
mod programs;
mod terminal;

use std::convert::Infallible;
use std::fs::File;
use std::hint::black_box;
use std::io::{
    self,
    BufRead,
    Write, //
};
use std::process::Command;

use anyhow::{
    ensure,
    Context,
    Result, //
};
use rustix::event::pause;
use rustix::mount::{
    mount,
    MountFlags, //
};
use rustix::stdio::dup2_stdout;
use rustix::system::{
    reboot,
    RebootCommand, //
};

use crate::question::{
    Answer,
    Question,
    MARK, //
};
use children::Children;

/// Name of the program where it is process 1.
const INIT: &str = "/init";

/// Only argument of a child that ends at once.
const NOTHING: &str = "nothing";

/// Only argument of a child that does nothing until it is killed.
const IDLE: &str = "idle";

/// Only argument of a process 1 whose child is to serve.
pub(crate) const PARENT: &str = "parent";

/// Where the kernel shows processes.
const PROC: &str = "/proc";

/// Argument of a process that serves; see `args`.
const GUEST: &str = "guest";

/// What this process was started for.
pub(crate) enum Role {
    /// To end at once.
    Nothing,
    /// To do nothing until it is killed.
    Idle,
    /// To serve a kernel of its own as process 1.
    Init,
    /// To have a child serve a kernel of its own, as process 1.
    Parent,
    /// To do what the command line says.
    Command,
}

impl Role {
    /// Our role, from the command line alone: a child that ends at once must
    /// not do anything before it.
    pub(crate) fn ours() -> Self {
        let mut words = std::env::args_os();
        let (name, word) = (words.next(), words.next());
        let is_told = |told| word.as_ref().is_some_and(|word| word == told);
        if is_told(NOTHING) {
            return Self::Nothing;
        }
        if is_told(IDLE) {
            return Self::Idle;
        }
        if name.is_none_or(|name| name != INIT) || !rustix::process::getpid().is_init() {
            return Self::Command;
        }
        if is_told(PARENT) {
            return Self::Parent;
        }
        Self::Init
    }
}

/// Answers questions until the input ends.
///
/// # Errors
///
/// The input or output is gone, or a question is none.
pub(crate) fn serve() -> Result<()> {
    let mut children = Children::new()?;
    say(&Answer::Ready)?;
    for line in io::stdin().lock().lines() {
        let line = line.context("cannot read the next question")?;
        let question = serde_json::from_str(&line).context("this is no question")?;
        let answer = answer(&question, &mut children).unwrap_or_else(|error| Answer::Failed {
            why: format!("{error:#}"),
        });
        say(&answer)?;
    }
    Ok(())
}

/// As process 1: serves, then turns the machine off.
///
/// # Errors
///
/// It cannot be turned off.
pub(crate) fn serve_as_init() -> Result<()> {
    turn_off(serve())
}

/// As process 1: has a child serve, with `/proc`, then turns the machine off.
///
/// # Errors
///
/// It cannot be turned off.
pub(crate) fn serve_as_parent() -> Result<()> {
    turn_off(serve_by_child())
}

/// Does nothing until it is killed, with as much memory as the next word says, in MiB. When
/// it has that, its output ends.
///
/// # Errors
///
/// The word is no number, or there is no `/dev/null`.
pub(crate) fn idle() -> Result<Infallible> {
    let mib = match std::env::args().nth(2) {
        Some(word) => word.parse().context("no number of MiB")?,
        None => 0,
    };
    // What is all zero would not be there.
    let memory = vec![1_u8; mib << 20];
    let nothing = File::create("/dev/null").context("cannot open /dev/null")?;
    dup2_stdout(&nothing).context("cannot end the output")?;
    loop {
        pause();
        black_box(&memory);
    }
}

fn serve_by_child() -> Result<()> {
    let no_flags = MountFlags::empty();
    mount("proc", PROC, "proc", no_flags, None).context("cannot mount /proc")?;
    let status = Command::new(INIT).arg(GUEST).status();
    let status = status.context("cannot start a child")?;
    ensure!(status.success(), "it failed: {status}");
    Ok(())
}

fn turn_off(served: Result<()>) -> Result<()> {
    if let Err(error) = served {
        eprintln!("the benchmark's guest: {error:#}");
    }
    reboot(RebootCommand::PowerOff).context("cannot power off")
}

fn answer(question: &Question, children: &mut Children) -> Result<Answer> {
    match question {
        Question::Repeat {
            action,
            count,
            batches,
        } => calls::repeat(*action, *count, *batches, children),
        Question::Echo => network::echo(),
        Question::Ping { to, count, bytes } => network::ping(*to, *count, *bytes),
        Question::Sink => network::sink(),
        Question::Pour { to, millis } => network::pour(*to, *millis),
        Question::Put { file, text } => files::put(file, text),
        Question::Get { file } => files::get(file),
        Question::Clock => events::now(),
        Question::Await { node, state } => events::wait_for(*node, state),
        Question::Breed { count } => children.breed(*count),
        Question::Grow { mib } => children.grow(*mib),
        Question::Move { pid, nodes, count } => processes::go(*pid, nodes, *count),
        Question::Touch { touch, pid, count } => processes::touch(*touch, *pid, *count),
        Question::Walk => processes::walk(),
        Question::Run { words, count } => programs::run(words, *count),
        Question::Reap { words, count } => programs::reap(words, *count),
        Question::Terminal {
            words,
            reads,
            bytes,
        } => terminal::pass(words, *reads, *bytes),
    }
}

/// Says `answer` in a single write, so that nothing comes in between.
fn say(answer: &Answer) -> Result<()> {
    let line = format!("{MARK}{}\n", serde_json::to_string(answer)?);
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot answer")
}
