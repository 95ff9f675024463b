// SPDX-License-Identifier: GPL-2.0

//! Standard input of the client.

use super::patience;
use super::sender::Outgoing;
use super::signals::Asking;
use crate::frame::{
    FrameError,
    ToNode,
    DATA_BYTES_MAX, //
};
use crate::window::Credit;
use rustix::event::{
    poll,
    PollFd,
    PollFlags, //
};
use rustix::io::{
    self as rio,
    read,
    Errno, //
};
use signal_hook::consts::SIGINT;
use std::os::fd::OwnedFd;
use std::sync::{
    Arc,
    Condvar,
    Mutex,
    MutexGuard,
    PoisonError, //
};
use std::{
    io,
    thread, //
};

/// Tells the reading thread how much the node takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug)]
enum State {
    /// This much may be sent.
    Open(Credit),
    /// The command reads no more.
    Closed,
}

impl Gate {
    /// The node takes more.
    ///
    /// # Errors
    ///
    /// More than it was ever sent.
    pub(super) fn grant(&self, bytes: u32) -> Result<(), FrameError> {
        if let State::Open(credit) = &mut *self.lock() {
            credit.grant(bytes)?;
        }
        self.0 .1.notify_all();
        Ok(())
    }

    /// The node takes nothing any more.
    pub(super) fn close(&self) {
        *self.lock() = State::Closed;
        self.0 .1.notify_all();
    }

    /// Waits until something may be sent; none if nothing ever will.
    fn wait(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            match &*state {
                State::Closed => return None,
                State::Open(credit) => match credit.allows(DATA_BYTES_MAX) {
                    0 => {}
                    bytes => return Some(bytes),
                },
            }
            state = self
                .0
                 .1
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes what was read from the credit; false if the command reads no more.
    fn spend(&self, bytes: usize) -> bool {
        match &mut *self.lock() {
            State::Open(credit) => {
                credit.spend(bytes);
                true
            }
            State::Closed => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0 .0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> State {
        State::Open(Credit::new())
    }
}

/// Starts the thread that reads `stdin`. It closes it as soon as the command
/// reads no more, so that whoever writes to it notices. Keys of a raw terminal that
/// ask the command to end are told to `asking`.
pub(super) fn start(
    stdin: OwnedFd,
    gate: Gate,
    outgoing: Outgoing,
    asking: Option<Asking>,
) -> io::Result<()> {
    thread::Builder::new()
        .name("exec-stdin".into())
        .spawn(move || forward(&stdin, &gate, &outgoing, asking.as_ref()))?;
    Ok(())
}

fn forward(stdin: &OwnedFd, gate: &Gate, outgoing: &Outgoing, asking: Option<&Asking>) {
    let mut buffer = vec![0; DATA_BYTES_MAX];
    while let Some(allowed) = gate.wait() {
        match rio::retry_on_intr(|| read(stdin, &mut buffer[..allowed])) {
            Ok(bytes @ 1..) => {
                if !gate.spend(bytes) {
                    return;
                }
                let typed = &buffer[..bytes];
                outgoing.send_small(&ToNode::Stdin(typed));
                if let Some(asking) = asking {
                    let keys = typed.iter().filter(|key| **key == patience::KEY);
                    keys.for_each(|_| asking.asked(SIGINT));
                }
            }
            Err(Errno::AGAIN) => wait_readable(stdin),
            // A terminal that is gone is an end like any other.
            Ok(0) | Err(_) => return outgoing.send_small(&ToNode::StdinEof),
        }
    }
}

/// For a descriptor that somebody made non-blocking.
fn wait_readable(stdin: &OwnedFd) {
    let mut fds = [PollFd::new(stdin, PollFlags::IN)];
    // Whatever it says, reading again tells more.
    let _ = poll(&mut fds, None);
}
