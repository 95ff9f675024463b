// SPDX-License-Identifier: GPL-2.0

//! A running command and its connection.
//!
//! ```text
//!            the process ends            every output ended, or is empty
//!  Running ────────────────► Draining ──────────────────────────────────► Reporting
//!     │                          │        a moment after                      │
//!     │ the host leaves          │ the host leaves                            │ said
//!     ▼                          ▼                                            ▼
//!  Abandoned: hangup, SIGHUP, after a grace SIGKILL ──────────────────────► reaped
//! ```
//!
//! What the process itself wrote is in the pipes when it ends, so it is always
//! reported before the end. Grandchildren may hold the pipes open for ever: they
//! get [`DRAIN_GRACE`] to finish, then their output is cut at the first moment
//! the pipes are empty.

use super::input::{
    Input,
    Kind,
    Wanted, //
};
use super::link::Link;
use super::output::{
    Source,
    STREAM_PAUSE, //
};
use super::process::{
    Process,
    Streams, //
};
use super::ServeError;
use crate::frame::{
    FrameError,
    Output,
    ToHost,
    ToNode, //
};
use rustix::event::{
    poll,
    PollFd,
    PollFlags,
    Timespec, //
};
use rustix::io::{
    self as rio,
    ioctl_fionbio, //
};
use rustix::process::Signal;
use std::os::fd::{
    AsFd,
    BorrowedFd, //
};
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

/// How long grandchildren may go on writing after the command has ended.
const DRAIN_GRACE: Duration = Duration::from_millis(100);

/// Bytes forwarded of each output after the command has ended, at most: as much
/// as a pipe holds at its largest, so nothing of the command itself is lost.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// How long an abandoned command may take to end by itself.
const HANGUP_GRACE: Duration = Duration::from_secs(2);

/// How long the host may take to close a connection that is over.
const GOODBYE_GRACE: Duration = Duration::from_secs(10);

/// A command, its streams, and the host at the other end.
pub(super) struct Session {
    link: Link,
    process: Process,
    input: Input,
    outputs: [Source; 2],
    drain: Option<Drain>,
}

/// The process has ended; what it left in the pipes is on its way.
struct Drain {
    until: Instant,
    /// Bytes of each output that are forwarded at most.
    limits: [usize; 2],
}

/// What a wait found.
#[derive(Default)]
struct Ready {
    link: bool,
    exit: bool,
    input: Option<PollFlags>,
    outputs: [Found; 2],
}

/// What a wait found out about an output.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Found {
    /// It was not looked at: the host takes no more, or it has ended.
    #[default]
    Unknown,
    /// Nothing to read.
    Empty,
    /// Something to read, its end perhaps.
    Readable,
}

/// The descriptors of one wait and whom they belong to.
#[derive(Default)]
struct Watched<'s> {
    owners: Vec<Owner>,
    fds: Vec<PollFd<'s>>,
}

/// Whom a polled descriptor belongs to.
#[derive(Clone, Copy)]
enum Owner {
    Link,
    Exit,
    Input,
    Output(usize),
}

impl<'s> Watched<'s> {
    fn add(&mut self, owner: Owner, fd: BorrowedFd<'s>, flags: PollFlags) {
        self.owners.push(owner);
        self.fds.push(PollFd::from_borrowed_fd(fd, flags));
    }

    fn ready(&self) -> Ready {
        let mut ready = Ready::default();
        for (owner, fd) in self.owners.iter().zip(&self.fds) {
            let found = fd.revents();
            match *owner {
                Owner::Link => ready.link = !found.is_empty() && found != PollFlags::OUT,
                Owner::Exit => ready.exit = !found.is_empty(),
                Owner::Input => ready.input = Some(found),
                Owner::Output(i) if found.is_empty() => ready.outputs[i] = Found::Empty,
                Owner::Output(i) => ready.outputs[i] = Found::Readable,
            }
        }
        ready
    }
}

impl Session {
    pub(super) fn new(
        link: Link,
        process: Process,
        streams: Streams,
        kind: Kind,
    ) -> Result<Session, ServeError> {
        let Streams {
            stdin,
            stdout,
            stderr,
        } = streams;
        for fd in [&stdin, &stdout, &stderr].into_iter().flatten() {
            ioctl_fionbio(fd, true).map_err(std::io::Error::from)?;
        }
        Ok(Session {
            link,
            process,
            input: Input::new(stdin, kind),
            outputs: [
                Source::new(Output::Stdout, stdout),
                Source::new(Output::Stderr, stderr),
            ],
            drain: None,
        })
    }

    /// Carries the command to its end and reports it.
    pub(super) fn run(mut self) -> Result<(), ServeError> {
        match self.carry() {
            Ok(()) => self.report(),
            Err(e) => {
                self.abandon();
                Err(e)
            }
        }
    }

    fn carry(&mut self) -> Result<(), ServeError> {
        loop {
            // The first frames may have come together with the request.
            while self.obey()? {}
            self.link.flush()?;
            let ready = self.wait()?;
            if ready.link {
                self.link.receive()?;
            }
            self.move_bytes(&ready);
            if ready.exit {
                self.begin_drain();
            }
            if self.is_over(&ready) {
                return Ok(());
            }
        }
    }

    fn wait(&self) -> Result<Ready, ServeError> {
        let mut watched = self.watched();
        let timeout = self.timeout(&watched);
        rio::retry_on_intr(|| poll(&mut watched.fds, timeout.as_ref()))
            .map_err(std::io::Error::from)?;
        Ok(watched.ready())
    }

    /// Only outputs that are looked at can turn out to be empty in time.
    fn timeout(&self, watched: &Watched<'_>) -> Option<Timespec> {
        let drain = self.drain.as_ref()?;
        let is_looking = |owner: &Owner| matches!(owner, Owner::Output(_));
        watched.owners.iter().find(|owner| is_looking(owner))?;
        let left = drain.until.saturating_duration_since(Instant::now());
        Some(timespec(left))
    }

    fn watched(&self) -> Watched<'_> {
        let mut link = PollFlags::IN;
        if !self.link.is_clear() {
            link |= PollFlags::OUT;
        }
        let mut watched = Watched::default();
        watched.add(Owner::Link, self.link.as_fd(), link);
        if self.drain.is_none() {
            watched.add(Owner::Exit, self.process.as_fd(), PollFlags::IN);
        }
        match self.input.watched() {
            Some((fd, Wanted::Room)) => watched.add(Owner::Input, fd, PollFlags::OUT),
            Some((fd, Wanted::Closing)) => watched.add(Owner::Input, fd, PollFlags::empty()),
            None => {}
        }
        // Output waits until the connection has taken what it was given.
        if self.link.is_clear() {
            for (i, output) in self.outputs.iter().enumerate() {
                if let Some(fd) = output.watched() {
                    watched.add(Owner::Output(i), fd, PollFlags::IN);
                }
            }
        }
        watched
    }

    /// Does what the next frame says; false if there is none.
    fn obey(&mut self) -> Result<bool, ServeError> {
        let Some((frame, out)) = self.link.next_and_out()? else {
            return Ok(false);
        };
        match frame {
            ToNode::Start(_) => return Err(FrameError::Malformed.into()),
            ToNode::Stdin(bytes) => self.input.take(bytes, out)?,
            ToNode::StdinEof => self.input.end(out),
            ToNode::Resize(size) => self.process.resize(size),
            ToNode::Signal(number) => self.process.signal(number),
            ToNode::Credit(which, bytes) => self.outputs[index(which)].grant(bytes)?,
            ToNode::Closed(which) => self.close_output(which),
        }
        Ok(true)
    }

    /// Without a reader a pipe breaks; a terminal hangs up.
    fn close_output(&mut self, which: Output) {
        self.outputs[index(which)].close();
        if self.process.is_on_terminal() {
            self.input.close();
            self.process.hang_up();
        }
    }

    fn move_bytes(&mut self, ready: &Ready) {
        let out = self.link.out();
        match ready.input {
            Some(found) if found.contains(PollFlags::OUT) => self.input.feed(out),
            Some(found) if !found.is_empty() => self.input.closed(out),
            Some(_) | None => {}
        }
        for (output, found) in self.outputs.iter_mut().zip(ready.outputs) {
            if found == Found::Readable {
                if output.is_streaming() {
                    thread::sleep(STREAM_PAUSE);
                }
                output.read(out);
            }
        }
    }

    fn begin_drain(&mut self) {
        let limit = |output: &Source| output.read_bytes.saturating_add(DRAIN_BYTES_MAX);
        let [stdout, stderr] = &self.outputs;
        self.drain = Some(Drain {
            until: Instant::now() + DRAIN_GRACE,
            limits: [limit(stdout), limit(stderr)],
        });
    }

    fn is_over(&self, ready: &Ready) -> bool {
        let Some(drain) = &self.drain else {
            return false;
        };
        let is_late = Instant::now() >= drain.until;
        self.outputs.iter().enumerate().all(|(i, output)| {
            let is_empty = ready.outputs[i] == Found::Empty;
            output.has_ended() || (is_late && is_empty) || output.read_bytes >= drain.limits[i]
        })
    }

    /// Tells the host the outcome and waits until it has taken it.
    fn report(self) -> Result<(), ServeError> {
        let Session {
            mut link, process, ..
        } = self;
        link.put(&ToHost::Ended(process.reap()));
        say_goodbye(&mut link)
    }

    /// Ends a command whose host is gone.
    fn abandon(mut self) {
        self.input.close();
        self.outputs.iter_mut().for_each(Source::close);
        self.process.signal(signal_number(Signal::HUP));
        self.process.signal(signal_number(Signal::CONT));
        self.process.hang_up();
        let mut fds = [PollFd::new(&self.process, PollFlags::IN)];
        let grace = timespec(HANGUP_GRACE);
        let ended = rio::retry_on_intr(|| poll(&mut fds, Some(&grace)));
        if !matches!(ended, Ok(1)) {
            self.process.signal(signal_number(Signal::KILL));
        }
        self.process.reap();
    }
}

/// Sends what is left. The host closes the connection first, so that the node
/// is not left with it; one that does not is not waited for long.
pub(super) fn say_goodbye(link: &mut Link) -> Result<(), ServeError> {
    let until = Instant::now() + GOODBYE_GRACE;
    loop {
        link.flush()?;
        let (flags, timeout) = if link.is_clear() {
            let left = until.saturating_duration_since(Instant::now());
            (PollFlags::IN, Some(timespec(left)))
        } else {
            (PollFlags::IN | PollFlags::OUT, None)
        };
        let mut fds = [PollFd::new(link, flags)];
        let found = rio::retry_on_intr(|| poll(&mut fds, timeout.as_ref()));
        if found.map_err(std::io::Error::from)? == 0 {
            return Ok(());
        }
        if fds[0].revents() == PollFlags::OUT {
            continue;
        }
        match link.receive() {
            // What was sent has arrived: any end is the end.
            Err(_) if link.is_clear() => return Ok(()),
            result => result?,
        }
        // Credit for output that is over.
        while link.next()?.is_some() {}
    }
}

fn index(which: Output) -> usize {
    match which {
        Output::Stdout => 0,
        Output::Stderr => 1,
    }
}

fn signal_number(signal: Signal) -> u8 {
    u8::try_from(signal.as_raw()).unwrap_or_default()
}

fn timespec(duration: Duration) -> Timespec {
    Timespec::try_from(duration).unwrap_or(Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    })
}
