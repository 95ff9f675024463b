// SPDX-License-Identifier: GPL-2.0

//! The thread of the switch.
//!
//! It alone touches the sockets. Each turn it waits, takes a limited number of
//! frames from every port that has some, obeys commands, and sends what is
//! due. The decisions are those of `fabric`.
//!
//! After a turn that moved many frames the thread lets others run before it
//! waits: their next frames are there when it looks again, and nobody has to
//! wake it. A single frame's answer is not to be kept waiting by that.
//!
//! Frames are moved by plain receive and send calls. Batches (`recvmmsg` and
//! `sendmmsg`) and spinning before the wait were measured and made no
//! difference beyond the noise: copying and waking cost far more than entering
//! the kernel, and a spinning thread takes a processor from the nodes.

mod command;
mod line;
mod obey;
mod poll;
mod socket;

use std::{
    borrow::Cow,
    io,
    ops::ControlFlow,
    sync::mpsc::Receiver,
    thread,
    time::{
        Duration,
        Instant, //
    },
};

pub use self::socket::{
    drain,
    port_pair, //
};
pub(crate) use self::{
    command::Command,
    poll::Bell,
    socket::is_seqpacket, //
};
use self::{
    line::Line,
    poll::{
        Events,
        Poller,
        Ready, //
    },
    socket::Received,
};
use crate::{
    fabric::{
        Fabric,
        Malformed,
        Parcel,
        Verdict,
        FRAME_BYTES_MAX, //
    },
    port::{
        PortId,
        PortSet,
        PORT_SLOTS, //
    },
    report::PortReport,
};

/// Most frames taken from one port per event, so that no port keeps the others
/// waiting.
const RECEIVE_FRAMES_MAX: usize = 64;

/// Frames of a turn from which on more are about to follow.
const STREAM_FRAMES_MIN: usize = 4;

/// The switch with its sockets.
pub(crate) struct Driver {
    seed: u64,
    started: Instant,
    fabric: Fabric,
    lines: [Option<Line>; PORT_SLOTS],
    poller: Poller,
    commands: Receiver<Command>,
    /// Where frames are received; a longer one tells its length nonetheless.
    buffer: Vec<u8>,
    /// Frames that this turn took in.
    taken: usize,
}

impl Driver {
    /// A switch without ports, to be run on its own thread.
    pub(crate) fn new(seed: u64, commands: Receiver<Command>) -> io::Result<Self> {
        Ok(Self {
            seed,
            started: Instant::now(),
            fabric: Fabric::new(seed),
            lines: [const { None }; PORT_SLOTS],
            poller: Poller::new()?,
            commands,
            buffer: vec![0; FRAME_BYTES_MAX],
            taken: 0,
        })
    }

    /// What wakes the thread to look at its commands.
    pub(crate) fn bell(&self) -> Bell {
        self.poller.bell().clone()
    }

    /// Switches frames until told to stop.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::new();
        loop {
            self.poller.wait(&mut events, self.timeout())?;
            for ready in events.iter() {
                if self.handle(ready)?.is_break() {
                    return Ok(());
                }
            }
            self.release(self.now())?;
            if std::mem::take(&mut self.taken) >= STREAM_FRAMES_MIN {
                thread::yield_now();
            }
        }
    }

    /// Does what is to be done; breaks when told to stop.
    fn handle(&mut self, ready: Ready) -> io::Result<ControlFlow<()>> {
        match ready {
            Ready::Bell => return self.obey_all(),
            Ready::Receive(port) => self.receive_all(port)?,
            Ready::Send(port) => {
                self.resume(port)?;
                self.receive_all(port)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The time since the start.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// How long nothing is due; `None` is for ever.
    fn timeout(&self) -> Option<Duration> {
        let due = self.fabric.next_due()?;
        Some(due.saturating_sub(self.now()))
    }

    /// Takes what `port` has, up to a limit, and passes it on.
    fn receive_all(&mut self, port: PortId) -> io::Result<()> {
        for _ in 0..RECEIVE_FRAMES_MAX {
            // The port may have gone since the event.
            let Some(line) = &self.lines[port.index()] else {
                break;
            };
            match line.receive(&mut self.buffer) {
                Ok(Received::Frame(len)) => self.pass_on(port, len)?,
                Ok(Received::Nothing) => break,
                Ok(Received::End) | Err(_) => return self.close(port),
            }
        }
        Ok(())
    }

    /// Passes on the frame of `len` bytes in the buffer.
    fn pass_on(&mut self, from: PortId, len: usize) -> io::Result<()> {
        self.taken += 1;
        let now = self.now();
        let verdict = match self.buffer.get(..len) {
            Some(frame) => self.fabric.receive(now, from, frame),
            None => Err(Malformed::Oversize),
        };
        self.count_in(from, len, verdict);
        for to in verdict.unwrap_or_default().direct {
            let frame = Cow::Borrowed(&self.buffer[..len]);
            deliver(&mut self.lines, &self.poller, from, to, frame)?;
        }
        // At once: a reordered frame may have to follow this one closely.
        self.release(now)
    }

    /// Sends what is due at `now`.
    fn release(&mut self, now: Duration) -> io::Result<()> {
        while let Some(parcel) = self.fabric.pop_due(now) {
            let Parcel { from, to, bytes } = parcel;
            let frame = Cow::Owned(bytes);
            deliver(&mut self.lines, &self.poller, from, to, frame)?;
        }
        Ok(())
    }

    /// Sends what waited for room at `port`.
    fn resume(&mut self, port: PortId) -> io::Result<()> {
        match &mut self.lines[port.index()] {
            Some(line) => line.resume(&self.poller),
            None => Ok(()),
        }
    }

    /// Ends the use of a port whose node's end is closed.
    fn close(&mut self, port: PortId) -> io::Result<()> {
        let parcels = self.fabric.detach(port);
        self.count_each(&parcels, |counts| &mut counts.dropped);
        match &mut self.lines[port.index()] {
            Some(line) => line.close(&self.poller),
            None => Ok(()),
        }
    }

    fn count_in(&mut self, from: PortId, len: usize, verdict: Result<Verdict, Malformed>) {
        let Some(line) = &mut self.lines[from.index()] else {
            return;
        };
        match verdict {
            Err(_) => line.counts.malformed += 1,
            Ok(verdict) => {
                line.counts.in_frames += 1;
                line.counts.in_bytes += len as u64;
                self.count_at(verdict.delayed, |counts| &mut counts.delayed);
                self.count_at(verdict.lost, |counts| &mut counts.lost);
                self.count_at(verdict.dropped, |counts| &mut counts.dropped);
            }
        }
    }

    /// Counts each of `parcels` at the port it was for.
    fn count_each(&mut self, parcels: &[Parcel], field: impl Fn(&mut PortReport) -> &mut u64) {
        for parcel in parcels {
            self.count_at(PortSet::of(parcel.to), &field);
        }
    }

    /// Counts one frame at each of `ports`.
    fn count_at(&mut self, ports: PortSet, field: impl Fn(&mut PortReport) -> &mut u64) {
        for port in ports {
            if let Some(line) = &mut self.lines[port.index()] {
                *field(&mut line.counts) += 1;
            }
        }
    }
}

/// Hands `frame` to the line of `to`, if it is still there.
fn deliver(
    lines: &mut [Option<Line>],
    poller: &Poller,
    from: PortId,
    to: PortId,
    frame: Cow<'_, [u8]>,
) -> io::Result<()> {
    match &mut lines[to.index()] {
        Some(line) => line.deliver(poller, from, frame),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
