// SPDX-License-Identifier: GPL-2.0

//! The program inside a guest.
//!
//! It reads questions from its standard input and answers them on its standard
//! output. It is either process 1 of a kernel that this benchmark booted, or
//! an ordinary command on a node of a cluster.

mod calls;
mod events;
mod files;
mod network;

use std::io::{
    self,
    BufRead,
    Write, //
};

use anyhow::{
    Context,
    Result, //
};
use rustix::system::{
    reboot,
    RebootCommand, //
};

use crate::question::{
    Answer,
    Question,
    MARK, //
};

/// Name of the program where it is process 1.
const INIT: &str = "/init";

/// Only argument of a child that ends at once.
const NOTHING: &str = "nothing";

/// What this process was started for.
pub(crate) enum Role {
    /// To end at once.
    Nothing,
    /// To serve a kernel of its own as process 1.
    Init,
    /// To do what the command line says.
    Command,
}

impl Role {
    /// Our role, from the command line alone: a child that ends at once must
    /// not do anything before it.
    pub(crate) fn ours() -> Self {
        let mut words = std::env::args_os();
        let name = words.next();
        if words.next().is_some_and(|word| word == NOTHING) {
            return Self::Nothing;
        }
        if name.is_some_and(|name| name == INIT) && rustix::process::getpid().is_init() {
            return Self::Init;
        }
        Self::Command
    }
}

/// Answers questions until the input ends.
///
/// # Errors
///
/// The input or output is gone, or a question is none.
pub(crate) fn serve() -> Result<()> {
    say(&Answer::Ready)?;
    for line in io::stdin().lock().lines() {
        let line = line.context("cannot read the next question")?;
        let question = serde_json::from_str(&line).context("this is no question")?;
        let answer = answer(&question).unwrap_or_else(|error| Answer::Failed {
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
    if let Err(error) = serve() {
        eprintln!("the benchmark's guest: {error:#}");
    }
    reboot(RebootCommand::PowerOff).context("cannot power off")
}

fn answer(question: &Question) -> Result<Answer> {
    match question {
        Question::Repeat {
            action,
            count,
            batches,
        } => calls::repeat(*action, *count, *batches),
        Question::Echo => network::echo(),
        Question::Ping { to, count, bytes } => network::ping(*to, *count, *bytes),
        Question::Sink => network::sink(),
        Question::Pour { to, millis } => network::pour(*to, *millis),
        Question::Put { file, text } => files::put(file, text),
        Question::Get { file } => files::get(file),
        Question::Clock => events::now(),
        Question::Await { node, state } => events::wait_for(*node, state),
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
