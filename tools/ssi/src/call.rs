// SPDX-License-Identifier: GPL-2.0

//! A call to a cluster's supervisor.
//!
//! One connection, one question after the other. A cluster whose supervisor is
//! dead is cleaned up on the way, so that nobody has to know about it.

use std::{
    io::{
        self,
        Read,
        Write, //
    },
    os::unix::net::UnixStream,
    time::Duration,
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use ssi_core::ids::ClusterName;

use crate::{
    directory,
    layout::{
        ClusterPaths,
        RunDir, //
    },
    protocol::{
        self,
        ClusterStatus,
        Reply,
        Request, //
    },
};

/// A call to a cluster's supervisor.
#[derive(Debug)]
pub(crate) struct Call {
    stream: UnixStream,
}

impl Call {
    /// Connects to the supervisor of `cluster`.
    ///
    /// # Errors
    ///
    /// The cluster is not running: how to start it.
    pub(crate) fn to(cluster: ClusterName) -> Result<Self> {
        let run_dir = RunDir::of_environment();
        run_dir.verify()?;
        match Self::connect(&run_dir.cluster(cluster))? {
            Some(call) => Ok(call),
            None => bail!(
                "there is no cluster {cluster}: start it with 'ssi{} start'",
                name_option(cluster.as_str())
            ),
        }
    }

    /// Connects to the supervisor of the cluster at `paths`; `None` if there is
    /// none, and then nothing is left of it either.
    ///
    /// # Errors
    ///
    /// It is there and cannot be reached.
    pub(crate) fn connect(paths: &ClusterPaths) -> Result<Option<Self>> {
        match UnixStream::connect(paths.control_checked()?) {
            Ok(stream) => Ok(Some(Self { stream })),
            Err(e) if is_absence(&e) => {
                clean_up(paths)?;
                Ok(None)
            }
            Err(e) => Err(e).with_context(|| format!("cannot reach {}", paths.control().display())),
        }
    }

    /// Connects to whoever listens at `paths`; answers later than `answer_max`
    /// are errors.
    ///
    /// # Errors
    ///
    /// Nobody does.
    pub(crate) fn connect_within(paths: &ClusterPaths, answer_max: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(paths.control())?;
        stream.set_read_timeout(Some(answer_max))?;
        Ok(Self { stream })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    ///
    /// The supervisor refused, in its words, or is gone.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Reply> {
        let lost = "the cluster ended meanwhile";
        self.stream
            .write_all(&protocol::to_line(request))
            .context(lost)?;
        let line = self.read_line(request).context(lost)?;
        match protocol::from_line(&line).map_err(|why| anyhow!(why))? {
            Reply::Refused { text } => bail!("{text}"),
            reply => Ok(reply),
        }
    }

    /// Asks for something that has no answer but that it is done; returns what there is
    /// to say about it. Warnings are said on standard error.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub(crate) fn order(&mut self, request: &Request) -> Result<Vec<String>> {
        match self.ask(request)? {
            Reply::Done => Ok(Vec::new()),
            Reply::Noted { notes, warnings } => {
                for warning in warnings {
                    say!("ssi: warning: {warning}");
                }
                Ok(notes)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Asks what the cluster is doing.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub(crate) fn status(&mut self) -> Result<ClusterStatus> {
        match self.ask(&Request::Status)? {
            Reply::Status { cluster } => Ok(*cluster),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks for a stream and takes it.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub(crate) fn into_stream(mut self, request: &Request) -> Result<UnixStream> {
        match self.ask(request)? {
            Reply::Stream => Ok(self.stream),
            other => Err(unexpected(&other)),
        }
    }

    /// Waits until the supervisor has closed the connection.
    pub(crate) fn wait_for_end(mut self) {
        // However it ends.
        let _ = self.stream.read_to_end(&mut Vec::new());
    }

    /// What follows a short answer may be a stream that is not ours to read.
    fn read_line(&mut self, request: &Request) -> io::Result<Vec<u8>> {
        let chunk = match request {
            Request::Connect { .. } | Request::Console { .. } => 1,
            Request::Status | Request::Stop | Request::Add { .. } | Request::Remove { .. } => {
                65_536
            }
            Request::Pause { .. } | Request::Resume { .. } | Request::Resize { .. } => 65_536,
            Request::Fault { .. } | Request::Network => 65_536,
        };
        let (mut line, mut buffer) = (Vec::new(), vec![0; chunk]);
        while line.last() != Some(&b'\n') {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => line.extend_from_slice(&buffer[..count]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(line)
    }
}

/// An answer that does not belong to the question.
pub(crate) fn unexpected(reply: &Reply) -> anyhow::Error {
    anyhow!("the supervisor answered something else: {reply:?}")
}

/// The option that names `cluster`, with a space before it, if it needs one.
pub(crate) fn name_option(cluster: &str) -> String {
    match cluster == ClusterName::DEFAULT.as_str() {
        true => String::new(),
        false => format!(" --name {cluster}"),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

fn clean_up(paths: &ClusterPaths) -> Result<()> {
    let cleaned = directory::claim_abandoned(paths)
        .and_then(|owned| owned.map_or(Ok(()), directory::Owned::remove));
    cleaned.with_context(|| format!("cannot clean up {}", paths.dir().display()))
}
