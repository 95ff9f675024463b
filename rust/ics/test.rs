// SPDX-License-Identifier: GPL-2.0

//! Measuring and trying the links.
//!
//! A service every node offers, and the file `/proc/cluster/ics_test`: a command
//! line is written to it, runs at once, and its result is read back as lines of
//! `name: value`. The benchmarks and tests of SSI use it; it is left out of
//! kernels without `CONFIG_SSI_ICS_TEST`. Root alone may use it.

mod command;
mod raw;
mod run;
mod service;
mod timing;
mod words;

use core::fmt::Write;

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    },
    uaccess::UserSliceWriter, //
};
use ssi_kapi::procfs::{
    Opened,
    Stream, //
};

pub(crate) use service::start;

/// Longest result, in bytes.
const RESULT_BYTES_MAX: usize = 4000;

/// What the last command found out, for whoever reads next.
static RESULT: SetOnce<Arc<Mutex<Lines>>> = SetOnce::new();

/// Lines of a result.
pub(crate) struct Lines(KVec<u8>);

impl Lines {
    pub(crate) const fn new() -> Self {
        Self(KVec::new())
    }

    /// Adds a line. What is too much is left out.
    pub(crate) fn add(&mut self, name: &str, value: impl core::fmt::Display) {
        let _ = writeln!(self, "{name}: {value}");
    }
}

impl Write for Lines {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        if self.0.len() + text.len() > RESULT_BYTES_MAX {
            return Err(core::fmt::Error);
        }
        self.0
            .extend_from_slice(text.as_bytes(), GFP_KERNEL)
            .map_err(|_| core::fmt::Error)
    }
}

/// The file, opened.
pub(crate) struct Control {
    position: Atomic<usize>,
}

impl Stream for Control {
    const MODE: u16 = 0o600;

    fn open(_number: usize) -> Result<Pin<KBox<Self>>> {
        if RESULT.as_ref().is_none() {
            let lines = Arc::pin_init(new_mutex!(Lines::new(), "ssi_test"), GFP_KERNEL)?;
            RESULT.populate(lines);
        }
        let control = Self {
            position: Atomic::new(0),
        };
        Ok(KBox::new(control, GFP_KERNEL)?.into())
    }

    fn read(&self, _: &Opened<'_>, out: &mut UserSliceWriter) -> Result<usize> {
        let lines = RESULT.as_ref().ok_or(EINVAL)?.lock();
        let position = self.position.load(Relaxed);
        let rest = lines.0.get(position..).unwrap_or_default();
        let count = rest.len().min(out.len());
        out.write_slice(rest.get(..count).unwrap_or_default())?;
        self.position.store(position + count, Relaxed);
        Ok(count)
    }

    fn write(&self, _: &Opened<'_>, input: &[u8]) -> Result {
        let line = core::str::from_utf8(input).map_err(|_| EINVAL)?;
        let mut lines = Lines::new();
        let result = command::run(line.trim(), &mut lines);
        *RESULT.as_ref().ok_or(EINVAL)?.lock() = lines;
        self.position.store(0, Relaxed);
        result
    }
}
