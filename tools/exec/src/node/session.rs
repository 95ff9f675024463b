// SPDX-License-Identifier: GPL-2.0

//! A running command and its connection.
//!
//! ```text
//!           the process ends             every output ended, or is empty
//!  Running ------------------> Draining ---------------------------------> Reporting
//!     |                           |         a moment after                     |
//!     | the host leaves           | the host leaves                            | said
//!     v                           v                                            v
//!  Abandoned: hangup, SIGHUP, after a grace SIGKILL ----------------------> reaped
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
use super::ready::{
    Found,
    Owner,
    Ready,
    Watched, //
};
use super::ServeError;
use crate::frame::{
    FrameError,
    Output,
    ToHost,
    ToNode, //
};
use rustix::event::PollFlags;
use rustix::io::ioctl_fionbio;
use rustix::process::Signal;
use std::io;
use std::os::fd::AsFd;
use std::thread;
use std::time::{
    Duration,
    Instant, //
};

/// How long grandchildren may go on writing after the command has ended.
const DRAIN_GRACE: Duration = Duration::from_millis(200);

/// Bytes forwarded of each output after the command has ended, at most: as much
/// as a pipe holds at its largest, so nothing of the command itself is lost.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// How long an abandoned command may take to end by itself.
const HANGUP_GRACE: Duration = Duration::from_secs(2);

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
            ioctl_fionbio(fd, true).map_err(io::Error::from)?;
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
        let left = |drain: &Drain| drain.until.saturating_duration_since(Instant::now());
        let ready = self.watched().wait(self.drain.as_ref().map(left));
        Ok(ready.map_err(io::Error::from)?)
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
        link.say_goodbye()
    }

    /// Ends a command whose host is gone.
    fn abandon(mut self) {
        self.input.close();
        self.outputs.iter_mut().for_each(Source::close);
        self.process.signal(signal_number(Signal::HUP));
        self.process.signal(signal_number(Signal::CONT));
        self.process.hang_up();
        let mut watched = Watched::default();
        watched.add(Owner::Exit, self.process.as_fd(), PollFlags::IN);
        if !watched
            .wait(Some(HANGUP_GRACE))
            .is_ok_and(|ready| ready.exit)
        {
            self.process.signal(signal_number(Signal::KILL));
        }
        self.process.reap();
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
