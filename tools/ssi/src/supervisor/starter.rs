// SPDX-License-Identifier: GPL-2.0

//! The waiting `ssi start`.
//!
//! It gives the supervisor the plan, hears how the nodes come up, and leaves
//! when all of them have. If it leaves before, the user has lost patience and
//! the cluster is taken down again.

use std::{
    io::{
        self,
        BufRead,
        BufReader, //
    },
    os::{
        fd::{
            AsFd,
            BorrowedFd, //
        },
        unix::net::UnixStream,
    },
};

use anyhow::{
    anyhow,
    Context,
    Result, //
};

use super::{
    console::Presence,
    queue::Queue, //
};
use crate::{
    limits::CLIENT_QUEUE_BYTES_MAX,
    plan::Plan,
    protocol::{
        self,
        StartNews, //
    },
};

/// The `ssi start` that waits for the cluster.
#[derive(Debug)]
pub(crate) struct Starter {
    stream: UnixStream,
    queue: Queue,
}

impl Starter {
    /// Takes standard input, a socket, as the line to it, and reads the plan.
    ///
    /// # Errors
    ///
    /// Standard input is something else.
    pub(crate) fn from_stdin() -> Result<(Self, Plan)> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        let stream = UnixStream::from(stdin);
        let mut line = Vec::new();
        BufReader::new(&stream)
            .read_until(b'\n', &mut line)
            .context("'ssi supervise' is started by 'ssi start'")?;
        let plan = protocol::from_line(&line).map_err(|why| anyhow!(why))?;
        stream.set_nonblocking(true)?;
        let starter = Self {
            stream,
            queue: Queue::new(CLIENT_QUEUE_BYTES_MAX),
        };
        Ok((starter, plan))
    }

    /// Tells it something.
    pub(crate) fn tell(&mut self, news: &StartNews) -> Presence {
        let told = self.queue.push(&protocol::to_line(news)).is_ok()
            && self.queue.flush(&self.stream).is_ok();
        match told {
            true => Presence::Here,
            false => Presence::Gone,
        }
    }

    /// Tells it why there will be no cluster.
    pub(crate) fn fail(&mut self, text: String, log: Vec<String>) {
        let news = StartNews::Failed { text, log };
        if self.tell(&news) == Presence::Gone {
            say!("nobody was there to hear: {news:?}");
        }
    }
}

impl AsFd for Starter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
