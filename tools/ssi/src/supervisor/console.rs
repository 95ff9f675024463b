// SPDX-License-Identifier: GPL-2.0

//! A console and its watchers.
//!
//! The console is a terminal of the host in raw mode: the guest's own terminal
//! layer does echo and editing. What it prints goes to the console log and to
//! every watcher; what a watcher types goes to the console.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{
        self,
        Read, //
    },
    os::{
        fd::{
            AsFd,
            BorrowedFd,
            OwnedFd, //
        },
        unix::net::UnixStream,
    },
};

use rustix::{
    fs::OFlags,
    io::Errno,
    pty::{
        self,
        OpenptFlags, //
    },
    termios::{
        self,
        OptionalActions,
        Winsize, //
    },
};
use ssi_core::ids::NodeId;

use super::{
    log_file::LogFile,
    poller::{
        Interest,
        Poller,
        Token, //
    },
    queue::Queue,
};
use crate::{
    limits::{
        CONSOLE_RECALL_BYTES_MAX,
        KEYS_BYTES_MAX,
        WATCHERS_MAX,
        WATCHER_QUEUE_BYTES_MAX, //
    },
    protocol::WindowSize,
};

/// Taken from a console or watcher at once.
const READ_BYTES: usize = 16 * 1024;

/// A node's console.
#[derive(Debug)]
pub(crate) struct Console {
    node: NodeId,
    terminal: File,
    log: LogFile,
    health: LogHealth,
    recall: Vec<u8>,
    keys: Queue,
    watchers: BTreeMap<u32, Watcher>,
}

/// Whether the console log takes what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogHealth {
    /// It does.
    Sound,
    /// The last attempt failed, and that was said.
    Failing,
}

/// A client that watches a console.
#[derive(Debug)]
struct Watcher {
    stream: UnixStream,
    queue: Queue,
}

/// Whether a console or watcher is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is.
    Here,
    /// It has ended.
    Gone,
}

impl Console {
    /// Makes a terminal; returns the console and the node's end of it.
    ///
    /// # Errors
    ///
    /// The host has no more terminals, or no `/dev/pts`.
    pub(crate) fn open(node: NodeId, log: LogFile) -> io::Result<(Self, OwnedFd)> {
        let ours = pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        pty::grantpt(&ours)?;
        pty::unlockpt(&ours)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let theirs = pty::ioctl_tiocgptpeer(&ours, flags)?;
        make_raw(&theirs)?;
        let before = rustix::fs::fcntl_getfl(&ours)?;
        rustix::fs::fcntl_setfl(&ours, before | OFlags::NONBLOCK)?;
        let console = Self {
            node,
            terminal: File::from(ours),
            log,
            health: LogHealth::Sound,
            recall: Vec::new(),
            keys: Queue::new(KEYS_BYTES_MAX),
            watchers: BTreeMap::new(),
        };
        Ok((console, theirs))
    }

    /// Whether another watcher is one too many.
    pub(crate) fn is_full(&self) -> bool {
        self.watchers.len() >= WATCHERS_MAX
    }

    /// Adds a watcher, shows it the last of what was printed, and listens to it.
    pub(crate) fn watch(
        &mut self,
        number: u32,
        stream: UnixStream,
        poller: &Poller,
    ) -> io::Result<()> {
        poller.add(&stream, Token::Watcher(number), Interest::Read)?;
        let mut queue = Queue::new(WATCHER_QUEUE_BYTES_MAX);
        // The recall is shorter than the queue.
        let _ = queue.push(&self.recall);
        self.watchers.insert(number, Watcher { stream, queue });
        self.settle(number, poller)
    }

    /// Tells the guest the size of the window it is watched through.
    pub(crate) fn resize(&self, size: WindowSize) -> io::Result<()> {
        let size = Winsize {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        Ok(termios::tcsetwinsize(&self.terminal, size)?)
    }

    /// Takes what the console prints, and gives it the keys that wait.
    pub(crate) fn serve(&mut self, poller: &Poller) -> io::Result<Presence> {
        self.keys.flush(&self.terminal)?;
        let presence = self.print()?;
        let numbers: Vec<u32> = self.watchers.keys().copied().collect();
        for number in numbers {
            self.settle(number, poller)?;
        }
        self.listen(poller)?;
        Ok(presence)
    }

    /// Takes what watcher `number` types.
    pub(crate) fn serve_watcher(&mut self, number: u32, poller: &Poller) -> io::Result<()> {
        let Some(watcher) = self.watchers.get_mut(&number) else {
            return Ok(());
        };
        let mut keys = vec![0; self.keys.room().min(READ_BYTES)];
        let typed = match watcher.stream.read(&mut keys) {
            // With no room for keys nothing was asked for.
            Ok(0) if !keys.is_empty() => return self.forget(number, poller),
            Ok(count) => count,
            Err(e) if is_passing(&e) => 0,
            Err(_) => return self.forget(number, poller),
        };
        // There is room for just that much.
        let _ = self.keys.push(&keys[..typed]);
        self.keys.flush(&self.terminal)?;
        self.settle(number, poller)?;
        self.listen(poller)
    }

    /// Whether `number` watches this console.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.watchers.contains_key(&number)
    }

    /// Takes the last of what was printed, tells the watchers `why` it is over,
    /// and lets go of them.
    pub(crate) fn close(mut self, why: &str) {
        // The terminal of a dead node can still be read to its end.
        while matches!(self.print(), Ok(Presence::Here)) && self.has_more() {}
        for watcher in self.watchers.values_mut() {
            let _ = watcher.queue.push(format!("\r\n[{why}]\r\n").as_bytes());
            let _ = watcher.queue.flush(&watcher.stream);
        }
    }

    fn has_more(&self) -> bool {
        use rustix::event::{
            poll,
            PollFd,
            PollFlags,
            Timespec, //
        };
        let mut fds = [PollFd::new(&self.terminal, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&Timespec::default()));
        ready.is_ok() && fds[0].revents().contains(PollFlags::IN)
    }

    fn print(&mut self) -> io::Result<Presence> {
        let mut bytes = vec![0; READ_BYTES];
        let count = match (&self.terminal).read(&mut bytes) {
            Ok(0) => return Ok(Presence::Gone),
            Ok(count) => count,
            Err(e) if is_passing(&e) => return Ok(Presence::Here),
            // What Linux says when nobody has the node's end open.
            Err(e) if e.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                return Ok(Presence::Gone)
            }
            Err(e) => return Err(e),
        };
        let printed = &bytes[..count];
        for watcher in self.watchers.values_mut() {
            if watcher.queue.push(printed).is_err() {
                // Too slow; the end of its stream tells it.
                let _ = watcher.stream.shutdown(std::net::Shutdown::Both);
            }
        }
        self.remember(printed);
        self.note(printed);
        Ok(Presence::Here)
    }

    /// A full disk ends the log, not the console. It is said once.
    fn note(&mut self, printed: &[u8]) {
        let noted = self.log.append(printed);
        if let (Err(e), LogHealth::Sound) = (&noted, self.health) {
            say!("node {}: console log: {e}", self.node);
        }
        self.health = match noted {
            Ok(()) => LogHealth::Sound,
            Err(_) => LogHealth::Failing,
        };
    }

    fn remember(&mut self, printed: &[u8]) {
        self.recall.extend_from_slice(printed);
        let excess = self.recall.len().saturating_sub(CONSOLE_RECALL_BYTES_MAX);
        self.recall.drain(..excess);
    }

    /// Writes what waits for watcher `number` and listens for what is next.
    fn settle(&mut self, number: u32, poller: &Poller) -> io::Result<()> {
        let room = self.keys.room() > 0;
        let Some(watcher) = self.watchers.get_mut(&number) else {
            return Ok(());
        };
        if watcher.queue.flush(&watcher.stream).is_err() {
            return self.forget(number, poller);
        }
        let interest = Interest::of(room, !watcher.queue.is_empty());
        poller.modify(&watcher.stream, Token::Watcher(number), interest)
    }

    fn listen(&self, poller: &Poller) -> io::Result<()> {
        let interest = Interest::of(true, !self.keys.is_empty());
        poller.modify(&self.terminal, Token::Console(self.node), interest)
    }

    fn forget(&mut self, number: u32, poller: &Poller) -> io::Result<()> {
        match self.watchers.remove(&number) {
            Some(watcher) => poller.remove(&watcher.stream),
            None => Ok(()),
        }
    }
}

impl AsFd for Console {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.terminal.as_fd()
    }
}

/// Whether trying again later is all there is to do.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

fn make_raw(terminal: &OwnedFd) -> io::Result<()> {
    let mut mode = termios::tcgetattr(terminal)?;
    mode.make_raw();
    Ok(termios::tcsetattr(terminal, OptionalActions::Now, &mode)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs,
        io::Write, //
    };

    struct Fixture {
        console: Console,
        guest: File,
        poller: Poller,
        dir: tempfile::TempDir,
    }

    fn fixture() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let log = LogFile::create(&dir.path().join("console"), None).unwrap();
        let node = NodeId::new(1).unwrap();
        let (console, guest) = Console::open(node, log).unwrap();
        let poller = Poller::new().unwrap();
        poller
            .add(&console, Token::Console(node), Interest::Read)
            .unwrap();
        Fixture {
            console,
            guest: File::from(guest),
            poller,
            dir,
        }
    }

    fn watcher(fixture: &mut Fixture, number: u32) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        fixture
            .console
            .watch(number, theirs, &fixture.poller)
            .unwrap();
        ours.set_read_timeout(Some(std::time::Duration::from_secs(5)))
            .unwrap();
        ours
    }

    fn read(stream: &mut UnixStream) -> Vec<u8> {
        let mut buffer = [0; 1000];
        let count = stream.read(&mut buffer).unwrap();
        buffer[..count].to_vec()
    }

    #[test]
    fn every_watcher_and_the_log_get_what_is_printed() {
        let mut fixture = fixture();
        fixture.guest.write_all(b"before\n").unwrap();
        fixture.console.serve(&fixture.poller).unwrap();
        let mut watchers = [1, 2].map(|number| watcher(&mut fixture, number));
        fixture.guest.write_all(b"\x00\xffafter").unwrap();
        fixture.console.serve(&fixture.poller).unwrap();
        for watcher in &mut watchers {
            let mut seen = read(watcher);
            if seen == b"before\n" {
                seen.extend(read(watcher));
            }
            assert_eq!(seen, b"before\n\x00\xffafter");
        }
        let log = fs::read(fixture.dir.path().join("console")).unwrap();
        assert_eq!(log, b"before\n\x00\xffafter");
    }

    #[test]
    fn keys_reach_the_guest_as_they_are() {
        let mut fixture = fixture();
        let mut watcher = watcher(&mut fixture, 1);
        watcher.write_all(b"ls\r\x03\x04\x1a").unwrap();
        fixture.console.serve_watcher(1, &fixture.poller).unwrap();
        let mut keys = [0; 6];
        fixture.guest.read_exact(&mut keys).unwrap();
        assert_eq!(&keys, b"ls\r\x03\x04\x1a");
    }

    #[test]
    fn a_watcher_that_does_not_read_is_dropped_and_the_console_goes_on() {
        let mut fixture = fixture();
        let watcher = watcher(&mut fixture, 1);
        for _ in 0..2000 {
            fixture.guest.write_all(&[b'x'; 1000]).unwrap();
            fixture.console.serve(&fixture.poller).unwrap();
        }
        assert!(!fixture.console.has(1));
        drop(watcher);
        let length = fs::metadata(fixture.dir.path().join("console"))
            .unwrap()
            .len();
        assert_eq!(length, 2_000_000);
    }

    #[test]
    fn keys_nobody_takes_stop_at_their_limit() {
        let mut fixture = fixture();
        let mut watcher = watcher(&mut fixture, 1);
        watcher.set_nonblocking(true).unwrap();
        for _ in 0..1000 {
            if watcher.write(&[b'k'; 1000]).is_err() {
                break;
            }
            fixture.console.serve_watcher(1, &fixture.poller).unwrap();
        }
        assert_eq!(fixture.console.keys.room(), 0);
        assert!(fixture.console.has(1), "a fast typist is no error");
    }

    #[test]
    fn the_last_words_of_a_dead_guest_are_kept() {
        let mut fixture = fixture();
        let mut watcher = watcher(&mut fixture, 1);
        fixture.guest.write_all(b"last words").unwrap();
        drop(fixture.guest);
        fixture.console.close("node 1 is gone");
        let mut seen = Vec::new();
        watcher.read_to_end(&mut seen).unwrap();
        assert_eq!(seen, b"last words\r\n[node 1 is gone]\r\n");
        let log = fs::read(fixture.dir.path().join("console")).unwrap();
        assert_eq!(log, b"last words");
    }

    #[test]
    fn the_guest_learns_the_size_of_the_window() {
        let fixture = fixture();
        let size = WindowSize {
            rows: 40,
            cols: 132,
        };
        fixture.console.resize(size).unwrap();
        let seen = termios::tcgetwinsize(&fixture.guest).unwrap();
        assert_eq!((seen.ws_row, seen.ws_col), (40, 132));
    }
}
