// SPDX-License-Identifier: GPL-2.0

//! Control data of a message.
//!
//! Files are passed by their numbers, which mean something in one place alone: they travel
//! as tickets beside the rest.

use kernel::prelude::*;
use ssi_core::{
    files::{
        control::{
            Control,
            Item, //
        },
        socket::{
            CONTROL_BYTES_MAX,
            FILES_MAX, //
        }, //
    },
    wire::Writer, //
};
use ssi_kapi::bytes;

use crate::ticket::Ticket;

/// Control data without the files, and their numbers.
pub(crate) struct Parts {
    pub(crate) others: KVec<u8>,
    pub(crate) numbers: KVec<u32>,
}

/// As [`split`], of what a program wrote, which passes no processes.
///
/// # Errors
///
/// `EINVAL` for what is none.
pub(crate) fn split_own(control: &[u8]) -> Result<Parts> {
    let items = Control::new(control).map_err(|_| EINVAL)?;
    if items.iter().any(|item| item.is_process()) {
        return Err(EINVAL);
    }
    split(control)
}

/// Takes the numbers of files out of control data.
///
/// # Errors
///
/// `EINVAL` for what is none.
pub(crate) fn split(control: &[u8]) -> Result<Parts> {
    let control = Control::new(control).map_err(|_| EINVAL)?;
    let mut others = bytes::zeros(control.bytes_padded())?;
    let mut out = Writer::new(&mut others);
    let mut numbers = KVec::new();
    for item in control.iter() {
        match item.files() {
            Some(files) => {
                for number in files {
                    numbers.push(number, GFP_KERNEL)?;
                }
            }
            None => item.encode(&mut out),
        }
    }
    let length = out.finish().map_err(|_| EINVAL)?;
    others.truncate(length);
    Ok(Parts { others, numbers })
}

/// Puts numbers of files behind control data that has none.
///
/// # Errors
///
/// `EINVAL` when it is none, or passes files: their numbers are not those of this place.
pub(crate) fn join(control: &[u8], numbers: &[u32]) -> Result<KVec<u8>> {
    let mut files = KVec::new();
    for number in numbers {
        bytes::extend(&mut files, &number.to_le_bytes())?;
    }
    let control = Control::new(control).map_err(|_| EINVAL)?;
    let mut all = bytes::zeros(control.bytes_padded() + Item::bytes_with(files.len()))?;
    let mut out = Writer::new(&mut all);
    for item in control.iter() {
        if item.files().is_some() {
            return Err(EINVAL);
        }
        item.encode(&mut out);
    }
    if !files.is_empty() {
        Item::of_files(&files).encode(&mut out);
    }
    let length = out.finish().map_err(|_| EINVAL)?;
    all.truncate(length);
    Ok(all)
}

/// Whether so much control data travels.
pub(crate) fn travels(parts: &Parts) -> bool {
    parts.others.len() <= CONTROL_BYTES_MAX && parts.numbers.len() <= FILES_MAX
}

/// Tickets that go with a message, withdrawn unless it [went](Self::went).
pub(crate) struct Enclosed(KVec<Ticket>);

impl Enclosed {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self(KVec::new())
    }

    /// One more.
    pub(crate) fn push(&mut self, ticket: impl FnOnce() -> Result<Ticket>) -> Result {
        self.0.reserve(1, GFP_KERNEL)?;
        self.0.push(ticket()?, GFP_KERNEL)?;
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// As they travel.
    pub(crate) fn encoded(&self) -> Result<KVec<u8>> {
        let mut all = KVec::new();
        for ticket in &self.0 {
            let ticket = ticket.as_bytes();
            bytes::extend(&mut all, &[ticket.len().try_into().map_err(|_| EINVAL)?])?;
            bytes::extend(&mut all, ticket)?;
        }
        Ok(all)
    }

    /// They are the affair of the other node now.
    pub(crate) fn went(mut self) {
        self.0.clear();
    }
}

impl Drop for Enclosed {
    fn drop(&mut self) {
        self.0.iter().for_each(Ticket::withdraw);
    }
}
