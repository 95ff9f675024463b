// SPDX-License-Identifier: GPL-2.0

//! The user's terminal in raw mode.
//!
//! Every key goes to the node, whose terminal gives it its meaning. The old mode
//! comes back on every way out: when [`RawTerminal`] is dropped, when this
//! process is stopped, and from the panic hook.

use crate::request::Size;
use rustix::termios::{
    isatty,
    tcgetattr,
    tcsetattr,
    OptionalActions,
    Termios, //
};
use std::io;
use std::os::fd::{
    AsFd,
    OwnedFd, //
};
use std::panic;
use std::sync::{
    Mutex,
    MutexGuard,
    Once,
    PoisonError, //
};

/// The one terminal in raw mode, if there is one.
static CHANGED: Mutex<Option<Changed>> = Mutex::new(None);

#[derive(Debug)]
struct Changed {
    terminal: OwnedFd,
    before: Termios,
}

/// A terminal that is raw until this is dropped.
#[derive(Debug)]
pub(super) struct RawTerminal(());

impl RawTerminal {
    /// Makes the terminal `fd` raw; none if it is no terminal.
    ///
    /// # Errors
    ///
    /// The terminal refused.
    pub(super) fn enter(fd: impl AsFd) -> io::Result<Option<RawTerminal>> {
        if !isatty(&fd) {
            return Ok(None);
        }
        let before = tcgetattr(&fd)?;
        let terminal = rustix::io::fcntl_dupfd_cloexec(&fd, 3)?;
        restore_when_panicking();
        *changed() = Some(Changed { terminal, before });
        enter_again()?;
        Ok(Some(RawTerminal(())))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        leave();
        *changed() = None;
    }
}

/// Restores the terminal for a while; nothing to do without a raw one.
pub(super) fn leave() {
    if let Some(changed) = &*changed() {
        // A terminal that is gone has no mode.
        let _ = tcsetattr(&changed.terminal, OptionalActions::Drain, &changed.before);
    }
}

/// Makes the terminal raw again after [`leave`].
///
/// # Errors
///
/// The terminal refused.
pub(super) fn enter_again() -> io::Result<()> {
    if let Some(changed) = &*changed() {
        let mut raw = changed.before.clone();
        raw.make_raw();
        tcsetattr(&changed.terminal, OptionalActions::Drain, &raw)?;
    }
    Ok(())
}

/// The size of the raw terminal or else of the first standard descriptor that is
/// a terminal.
pub(super) fn size() -> Option<Size> {
    match &*changed() {
        Some(changed) => Size::of(changed.terminal.as_fd()),
        None => Size::of_ours(),
    }
}

fn changed() -> MutexGuard<'static, Option<Changed>> {
    CHANGED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore_when_panicking() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
        }));
    });
}
