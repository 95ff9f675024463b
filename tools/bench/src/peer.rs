// SPDX-License-Identifier: GPL-2.0

//! The host's side of a guest.

use std::collections::VecDeque;
use std::io::{
    BufRead,
    BufReader,
    Read,
    Write, //
};
use std::process::ChildStdin;
use std::sync::mpsc::{
    channel,
    Receiver,
    RecvTimeoutError,
    Sender, //
};
use std::thread;
use std::time::Duration;

use anyhow::{
    bail,
    Context,
    Result, //
};
use rustix::process::Pid;

use crate::held::HeldChild;
use crate::question::{
    answer_in,
    Answer,
    Question, //
};

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Lines of a guest that ended which are shown.
const LAST_LINES_MAX: usize = 8;

/// An answer, or the last words of a guest that ended.
type Heard = Result<Answer, String>;

/// A program that answers questions; it ends with this value.
pub(crate) struct Peer {
    name: String,
    input: ChildStdin,
    heard: Receiver<Heard>,
    child: HeldChild,
}

impl Peer {
    /// The program `child`, which is asked through its standard input and
    /// answers on its standard output, both pipes.
    ///
    /// # Errors
    ///
    /// They are no pipes, or the system has no thread to give.
    pub(crate) fn new(name: &str, mut child: HeldChild) -> Result<Self> {
        let (tell, heard) = channel();
        let output = child.take_output()?;
        thread::Builder::new().spawn(move || listen(output, &tell))?;
        Ok(Self {
            name: name.to_owned(),
            input: child.take_input()?,
            heard,
            child,
        })
    }

    /// The number of the process and of its group.
    pub(crate) fn pid(&self) -> Pid {
        self.child.pid()
    }

    /// Kills it; returns once it is reaped.
    ///
    /// # Errors
    ///
    /// It has ended before.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let killed = self.child.kill();
        killed
            .map(|_| ())
            .with_context(|| format!("cannot kill {}", self.name))
    }

    /// Waits until it may be asked.
    ///
    /// # Errors
    ///
    /// As for [`Self::hear`].
    pub(crate) fn ready(&self) -> Result<()> {
        self.wait_for(|answer| (answer == Answer::Ready).then_some(()))
    }

    /// Asks, without waiting for the answer.
    ///
    /// # Errors
    ///
    /// It does not read any more.
    pub(crate) fn tell(&mut self, question: &Question) -> Result<()> {
        let line = format!("{}\n", serde_json::to_string(question)?);
        self.input
            .write_all(line.as_bytes())
            .with_context(|| format!("{} reads no more", self.name))
    }

    /// Asks for something that answers [`Answer::Took`]; returns nanoseconds.
    ///
    /// # Errors
    ///
    /// As for [`Self::tell`] and [`Self::wait_for`].
    pub(crate) fn time(&mut self, question: &Question) -> Result<f64> {
        self.tell(question)?;
        self.wait_for(|answer| match answer {
            Answer::Took { ns } => Some(ns as f64),
            _ => None,
        })
    }

    /// Has it write `text` to `file`.
    ///
    /// # Errors
    ///
    /// As for [`Self::tell`] and [`Self::wait_for`].
    pub(crate) fn put(&mut self, file: &str, text: &str) -> Result<()> {
        self.tell(&Question::Put {
            file: file.to_owned(),
            text: text.to_owned(),
        })?;
        self.wait_for(|answer| (answer == Answer::Done).then_some(()))
    }

    /// Has it read `file`.
    ///
    /// # Errors
    ///
    /// As for [`Self::tell`] and [`Self::wait_for`].
    pub(crate) fn get(&mut self, file: &str) -> Result<String> {
        self.tell(&Question::Get {
            file: file.to_owned(),
        })?;
        self.wait_for(|answer| match answer {
            Answer::Text { text } => Some(text),
            _ => None,
        })
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    ///
    /// It failed, ended or was silent for too long; its last lines are told.
    pub(crate) fn hear(&self) -> Result<Answer> {
        let name = &self.name;
        match self.heard.recv_timeout(ANSWER_MAX) {
            Ok(Ok(Answer::Failed { why })) => bail!("{name}: {why}"),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(last_lines)) => bail!("{name} ended; it said last:\n{last_lines}"),
            Err(RecvTimeoutError::Disconnected) => bail!("{name} ended"),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} did not answer in {} s", ANSWER_MAX.as_secs())
            }
        }
    }

    /// Waits for the answer that `wanted` knows.
    ///
    /// # Errors
    ///
    /// As for [`Self::hear`], and another answer.
    pub(crate) fn wait_for<T>(&self, wanted: impl FnOnce(Answer) -> Option<T>) -> Result<T> {
        let answer = self.hear()?;
        let heard = format!("{answer:?}");
        wanted(answer).with_context(|| format!("{} answered {heard} out of turn", self.name))
    }
}

impl AsMut<Peer> for Peer {
    fn as_mut(&mut self) -> &mut Peer {
        self
    }
}

/// Passes answers on; at the end of the output, its last lines.
fn listen(output: impl Read, tell: &Sender<Heard>) {
    let mut last_lines = VecDeque::new();
    for line in BufReader::new(output).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let heard = answer_in(&line).map(|answer| answer.map_err(|error| error.to_string()));
        if let Some(heard) = heard {
            // Nobody listens while the peer is being dropped.
            let _ = tell.send(heard);
            continue;
        }
        if last_lines.len() == LAST_LINES_MAX {
            last_lines.pop_front();
        }
        last_lines.push_back(line);
    }
    let _ = tell.send(Err(Vec::from(last_lines).join("\n")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::{
        Ending,
        Held, //
    };
    use std::process::{
        Command,
        Stdio, //
    };

    fn peer(script: &str) -> Peer {
        let held = Held::new(std::path::PathBuf::new()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Peer::new("it", held.spawn(&mut command, Ending::Kill).unwrap()).unwrap()
    }

    #[test]
    fn answers_come_one_by_one() {
        let mut peer = peer(
            r#"echo 'ssi-bench: "ready"'; read question; echo "noise $question"
            echo 'ssi-bench: {"took":{"ns":7}}'"#,
        );
        peer.ready().unwrap();
        assert_eq!(peer.time(&Question::Echo).unwrap(), 7.0);
    }

    #[test]
    fn the_last_words_of_one_that_ended_are_told() {
        let error = peer("echo panic: no init").ready().unwrap_err();
        assert!(error.to_string().contains("panic: no init"), "{error}");
    }

    #[test]
    fn of_many_words_only_the_last_are_told() {
        let error = peer("seq 100 200").ready().unwrap_err().to_string();
        let told: Vec<&str> = error.lines().skip(1).collect();
        assert_eq!(
            told,
            ["193", "194", "195", "196", "197", "198", "199", "200"]
        );
    }

    #[test]
    fn a_failure_is_an_error() {
        let error = peer(r#"echo 'ssi-bench: {"failed":{"why":"full"}}'"#)
            .ready()
            .unwrap_err();
        assert_eq!(error.to_string(), "it: full");
    }
}
