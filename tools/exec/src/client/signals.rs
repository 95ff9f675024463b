// SPDX-License-Identifier: GPL-2.0

//! The client's signals on their way.

use super::patience::Patience;
use super::sender::Outgoing;
use super::terminal;
use crate::frame::ToNode;
use signal_hook::consts::{
    SIGCONT,
    SIGHUP,
    SIGINT,
    SIGQUIT,
    SIGTERM,
    SIGTSTP,
    SIGUSR1,
    SIGUSR2,
    SIGWINCH, //
};
use signal_hook::iterator::{
    Handle,
    Signals, //
};
use signal_hook::low_level::emulate_default_handler;
use std::fs;
use std::io;
use std::sync::atomic::{
    AtomicBool,
    AtomicU64,
    Ordering, //
};
use std::sync::{
    Arc,
    Mutex,
    PoisonError, //
};
use std::thread;
use std::time::Instant;

/// Signals that are the command's.
const FORWARDED: [i32; 8] = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGWINCH,
];

/// The thread that forwards signals, until this is dropped.
#[derive(Debug)]
pub(super) struct Forwarder {
    handle: Handle,
    asking: Asking,
}

/// Those who ask the command to end, and what they know of the connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Asking {
    progress: Arc<Progress>,
    patience: Arc<Mutex<Patience>>,
}

/// What the forwarder knows of the connection.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Frames that came from the node.
    frames: AtomicU64,
    /// The command has ended; signals are for this process again.
    ended: AtomicBool,
}

impl Forwarder {
    /// Starts forwarding. Signals this process was told to ignore (as by
    /// `nohup`) stay ignored.
    pub(super) fn start(outgoing: Outgoing) -> io::Result<Forwarder> {
        let ignored = ignored_signals();
        let taken = FORWARDED.iter().filter(|&&n| !is_in(ignored, n));
        let mut signals = Signals::new(taken)?;
        let handle = signals.handle();
        let asking = Asking::default();
        let asks = asking.clone();
        thread::Builder::new()
            .name("exec-signals".into())
            .spawn(move || {
                for signal in signals.forever() {
                    forward(signal, &outgoing, &asks);
                }
            })?;
        Ok(Forwarder { handle, asking })
    }

    /// Counts a frame of the node.
    pub(super) fn heard(&self) {
        self.asking.progress.frames.fetch_add(1, Ordering::Relaxed);
    }

    /// From now on signals have their usual effect on this process.
    pub(super) fn stop(&self) {
        self.asking.progress.ended.store(true, Ordering::Relaxed);
    }

    /// For others who ask.
    pub(super) fn asking(&self) -> Asking {
        self.asking.clone()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl Asking {
    /// The command was asked by `signal`, or a key that means it. Ends this process
    /// if the user has waited long enough.
    pub(super) fn asked(&self, signal: i32) {
        let frames = self.progress.frames.load(Ordering::Relaxed);
        let mut patience = self.patience.lock().unwrap_or_else(PoisonError::into_inner);
        if patience.asked(frames, Instant::now()) {
            die(signal);
        }
    }
}

fn forward(signal: i32, outgoing: &Outgoing, asking: &Asking) {
    let is_ended = asking.progress.ended.load(Ordering::Relaxed);
    match signal {
        SIGWINCH => {
            if let Some(size) = terminal::size() {
                outgoing.send_small(&ToNode::Resize(size));
            }
        }
        SIGTSTP => stop(outgoing),
        _ if is_ended => die(signal),
        _ => {
            send(signal, outgoing);
            asking.asked(signal);
        }
    }
}

fn send(signal: i32, outgoing: &Outgoing) {
    if let Ok(number) = u8::try_from(signal) {
        outgoing.send_small(&ToNode::Signal(number));
    }
}

/// Stops the command, then this process; continues both in the other order.
fn stop(outgoing: &Outgoing) {
    send(SIGTSTP, outgoing);
    outgoing.flush();
    terminal::leave();
    // Returns when this process is continued.
    let _ = emulate_default_handler(SIGTSTP);
    // A terminal that refuses stays as it is: the command is worth more.
    let _ = terminal::enter_again();
    send(SIGCONT, outgoing);
    if let Some(size) = terminal::size() {
        outgoing.send_small(&ToNode::Resize(size));
    }
}

/// Ends this process as `signal` would have.
fn die(signal: i32) {
    terminal::leave();
    // Fails only for a number that is no signal.
    let _ = emulate_default_handler(signal);
}

/// The signals this process ignores, bit n - 1 for signal n.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

fn is_in(mask: u64, signal: i32) -> bool {
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).unwrap_or(0) & 1 == 1)
}
