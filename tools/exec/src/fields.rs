// SPDX-License-Identifier: GPL-2.0

//! Values inside a frame.
//!
//! Little-endian numbers, and lengths before what they count. Reading takes
//! nothing for granted; writing is for values that were checked before.

use crate::frame::{
    FrameError,
    Output, //
};

/// Items of one list, at most.
const ITEMS_MAX: u32 = 65_536;

/// Highest signal number of Linux.
const SIGNAL_MAX: u8 = 64;

/// The fields of a payload that are not yet read.
#[derive(Debug)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Fields<'a> {
        Fields(payload)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(FrameError::Malformed)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, FrameError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, FrameError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FrameError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, FrameError> {
        self.array().map(i32::from_le_bytes)
    }

    /// The next `length` bytes.
    pub(crate) fn bytes(&mut self, length: u32) -> Result<&'a [u8], FrameError> {
        let length = usize::try_from(length).map_err(|_| FrameError::Malformed)?;
        let (head, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(FrameError::Malformed)?;
        self.0 = rest;
        Ok(head)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn output(&mut self) -> Result<Output, FrameError> {
        match self.u8()? {
            1 => Ok(Output::Stdout),
            2 => Ok(Output::Stderr),
            _ => Err(FrameError::Malformed),
        }
    }

    pub(crate) fn signal(&mut self) -> Result<u8, FrameError> {
        match self.u8()? {
            signal @ 1..=SIGNAL_MAX => Ok(signal),
            _ => Err(FrameError::Malformed),
        }
    }

    /// A string: its length and its bytes.
    pub(crate) fn string(&mut self) -> Result<Vec<u8>, FrameError> {
        let length = self.u32()?;
        Ok(self.bytes(length)?.to_vec())
    }

    /// A list: its length and its items.
    pub(crate) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, FrameError>,
    ) -> Result<Vec<T>, FrameError> {
        let count = self.u32()?;
        if count > ITEMS_MAX {
            return Err(FrameError::Malformed);
        }
        (0..count).map(|_| item(self)).collect()
    }

    /// A value that may be missing: whether it is there, and the value.
    pub(crate) fn option<T>(
        &mut self,
        item: impl FnOnce(&mut Self) -> Result<T, FrameError>,
    ) -> Result<Option<T>, FrameError> {
        match self.u8()? {
            0 => Ok(None),
            1 => item(self).map(Some),
            _ => Err(FrameError::Malformed),
        }
    }

    /// `frame`, if the payload ends here.
    pub(crate) fn end<F>(self, frame: F) -> Result<F, FrameError> {
        if self.0.is_empty() {
            Ok(frame)
        } else {
            Err(FrameError::Malformed)
        }
    }
}

pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// A count that does not fit is as wrong as one that is too large: the frame
/// that holds it is far over its limit, and encoding refuses it.
pub(crate) fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    out.extend_from_slice(&count.to_le_bytes());
}

pub(crate) fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    put_count(out, string.len());
    out.extend_from_slice(string);
}

pub(crate) fn put_option<T>(
    out: &mut Vec<u8>,
    value: &Option<T>,
    put: impl FnOnce(&mut Vec<u8>, &T),
) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}
