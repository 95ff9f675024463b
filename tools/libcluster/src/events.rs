// SPDX-License-Identifier: GPL-2.0

//! Following the cluster.
//!
//! ```text
//!   membership() --> transid --> Events::after(transid) --> every change since
//! ```
//!
//! The kernel keeps the place of each reader, so that a reader may be slow, and
//! says how many transitions it has forgotten if one is too slow.

use std::{
    collections::VecDeque,
    fs::{
        File,
        OpenOptions, //
    },
    io::{
        self,
        Read as _,
        Write as _, //
    },
    os::fd::{
        AsFd,
        BorrowedFd,
        OwnedFd, //
    },
    time::{
        Duration,
        Instant, //
    },
};

use rustix::{
    event::{
        poll,
        PollFd,
        PollFlags,
        Timespec, //
    },
    io::Errno, //
};

use crate::{
    decoder::Decoder,
    Cluster,
    Error,
    TransId,
    Transition, //
};

/// How much is read at once: about two hundred transitions.
const READ_BYTES: usize = 16 * 1024;

/// What a reader of events gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A node changed its state.
    Transition(Transition),
    /// So many transitions are forgotten: ask for the membership anew.
    Lost(u64),
}

/// The changes of the cluster, one after the other, none left out.
///
/// As an iterator it waits for the next one and ends only after an error.
pub struct Events {
    file: File,
    path: String,
    decoder: Decoder,
    ready: VecDeque<Event>,
    is_broken: bool,
}

impl Events {
    /// The events behind transition `last`, which a [`crate::Membership`] or
    /// another transition named; all there ever were with 0.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTransition`] when `last` has not been yet; [`Error::Io`].
    pub fn after(cluster: &Cluster, last: TransId) -> Result<Self, Error> {
        let path = cluster.path("events");
        let mut file = open(cluster, &path)?;
        match tell(&mut file, &format!("from {last}")) {
            Ok(()) => {}
            Err(why) if why.kind() == io::ErrorKind::InvalidInput => {
                return Err(Error::NoSuchTransition(last));
            }
            Err(why) => return Err(Error::io(&path, why)),
        }
        Ok(Self {
            file,
            decoder: Decoder::new(&path, Some(last)),
            path,
            ready: VecDeque::new(),
            is_broken: false,
        })
    }

    /// The last transition that was given out or lost, in this reader's order;
    /// those that are read but not given out yet count.
    pub fn last_read(&self) -> TransId {
        self.decoder.last()
    }

    /// The next event, if there is one already. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`Error::Malformed`], after which there is no going on.
    pub fn now(&mut self) -> Result<Option<Event>, Error> {
        if self.ready.is_empty() {
            self.read()?;
        }
        Ok(self.ready.pop_front())
    }

    /// The next event; `None` when none came in time. Waits, without a limit
    /// for `None`; a signal does not end the wait.
    ///
    /// # Errors
    ///
    /// As [`now`](Self::now).
    pub fn within(&mut self, limit: Option<Duration>) -> Result<Option<Event>, Error> {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            if let Some(event) = self.now()? {
                return Ok(Some(event));
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            self.wait(left)?;
        }
    }

    fn wait(&self, left: Option<Duration>) -> Result<(), Error> {
        // A time that no clock counts to is no limit.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(why) => Err(Error::io(&self.path, why)),
        }
    }

    fn read(&mut self) -> Result<(), Error> {
        let read = read_some(&mut self.file).map_err(|why| Error::io(&self.path, why))?;
        let ready = &mut self.ready;
        self.decoder.feed(&read, |event| ready.push_back(event))
    }
}

/// To wait for events and for something else: readable when
/// [`now`](Events::now) has something to give, or gave less than it had read.
impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Iterator for Events {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_broken {
            return None;
        }
        let next = self.within(None);
        self.is_broken = next.is_err();
        next.transpose()
    }
}

/// Has the kernel send `signal` to this process at each simple transition, until
/// what is returned is closed.
pub(crate) fn register_signal(cluster: &Cluster, signal: i32) -> Result<OwnedFd, Error> {
    let path = cluster.path("events");
    let mut file = open(cluster, &path)?;
    match tell(&mut file, &format!("signal {signal}")) {
        Ok(()) => Ok(file.into()),
        Err(why) if why.kind() == io::ErrorKind::InvalidInput => Err(Error::BadSignal(signal)),
        Err(why) => Err(Error::io(&path, why)),
    }
}

/// What there is to read, up to a limit; nothing at the end. The kernel refuses a
/// buffer too small for a line, which the reads of the standard library may use.
pub(crate) fn read_some(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; READ_BYTES];
    loop {
        match file.read(&mut bytes) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
            Ok(count) => {
                bytes.truncate(count);
                return Ok(bytes);
            }
        }
    }
}

fn open(cluster: &Cluster, path: &str) -> Result<File, Error> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.map_err(|why| cluster.explain(path, why))
}

/// One command is one write.
fn tell(file: &mut File, command: &str) -> io::Result<()> {
    file.write_all(command.as_bytes())
}
