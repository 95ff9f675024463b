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
        Ok(Self::of(file, path, last))
    }

    /// The events that are read from `file`.
    fn of(file: File, path: String, last: TransId) -> Self {
        Self {
            file,
            decoder: Decoder::new(&path, Some(last)),
            path,
            ready: VecDeque::new(),
            is_broken: false,
        }
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
    /// [`Error::Io`]; [`Error::Malformed`], now and ever after.
    pub fn now(&mut self) -> Result<Option<Event>, Error> {
        if self.ready.is_empty() {
            let read = self.read();
            // What came before a bad line is given out first.
            if self.ready.is_empty() {
                read?;
            }
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Like the kernel's, a plain file ends where it ends and may go on later.
    fn follower(last: u64) -> (File, Events) {
        let writer = tempfile::NamedTempFile::new().unwrap();
        let reader = File::open(writer.path()).unwrap();
        let events = Events::of(reader, "events".to_owned(), TransId(last));
        (writer.into_file(), events)
    }

    fn line(id: u64) -> String {
        format!("{id} 1 1 COMINGUP UP joined 7.000001 1\n")
    }

    #[test]
    fn nothing_is_left_out_while_more_comes() {
        let (mut file, mut events) = follower(0);
        let writer = thread::spawn(move || {
            for id in 1..=500 {
                // In two pieces: a reader may come in between.
                let line = line(id);
                let (begin, end) = line.split_at(7);
                file.write_all(begin.as_bytes()).unwrap();
                file.write_all(end.as_bytes()).unwrap();
            }
        });
        for id in 1..=500 {
            let Some(Ok(Event::Transition(next))) = events.next() else {
                panic!("no transition {id}");
            };
            assert_eq!(next.id, TransId(id));
        }
        writer.join().unwrap();
        assert_eq!(events.last_read(), TransId(500));
    }

    #[test]
    fn waiting_has_an_end() {
        let (mut file, mut events) = follower(4);
        assert_eq!(events.now().unwrap(), None);
        let short = Duration::from_millis(20);
        assert_eq!(events.within(Some(short)).unwrap(), None);
        assert_eq!(events.within(Some(Duration::ZERO)).unwrap(), None);
        file.write_all(line(5).as_bytes()).unwrap();
        let next = events.within(Some(short)).unwrap();
        assert!(matches!(next, Some(Event::Transition(next)) if next.id == TransId(5)));
    }

    #[test]
    fn after_a_line_that_cannot_be_there_is_no_going_on() {
        let (mut file, mut events) = follower(4);
        let text = line(5) + &line(7) + &line(8);
        file.write_all(text.as_bytes()).unwrap();
        assert!(events.next().is_some_and(|next| next.is_ok()));
        assert!(events.next().is_some_and(|next| next.is_err()));
        assert!(events.next().is_none());
        assert!(events.now().is_err());
    }
}
