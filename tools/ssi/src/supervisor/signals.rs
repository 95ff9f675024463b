// SPDX-License-Identifier: GPL-2.0

//! Signals as something to wait for.
//!
//! A handler writes a byte into a socket; what the byte means is looked up when
//! the loop comes around to it.

use std::{
    io::{
        self,
        Read, //
    },
    os::{
        fd::{
            AsFd,
            BorrowedFd, //
        },
        unix::net::UnixStream,
    },
    sync::{
        atomic::{
            AtomicBool,
            Ordering, //
        },
        Arc,
    },
};

use signal_hook::{
    consts::{
        SIGCHLD,
        SIGHUP,
        SIGINT,
        SIGTERM, //
    },
    flag,
    low_level::pipe, //
};

/// Signals as something to wait for.
#[derive(Debug)]
pub(crate) struct Signals {
    stream: UnixStream,
    wants_end: Arc<AtomicBool>,
}

impl Signals {
    /// Catches SIGCHLD, and the three that ask a process to end.
    ///
    /// # Errors
    ///
    /// No descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        let (stream, write) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let wants_end = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            // The flag first: it must be up when the byte arrives.
            flag::register(signal, Arc::clone(&wants_end))?;
            pipe::register(signal, write.try_clone()?)?;
        }
        pipe::register(SIGCHLD, write)?;
        Ok(Self { stream, wants_end })
    }

    /// Takes the news; whether somebody asked this process to end.
    pub(crate) fn take(&self) -> bool {
        let mut buffer = [0; 64];
        while matches!((&self.stream).read(&mut buffer), Ok(count) if count > 0) {}
        self.wants_end.swap(false, Ordering::SeqCst)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
