// SPDX-License-Identifier: GPL-2.0

//! Pages that go with a call.
//!
//! They travel on a connection of their own, so that small frames do not wait
//! behind them, and are sent without being copied; but a single page is copied into
//! the frame it belongs to.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use ssi_core::ics::frame::{
    BULK_BYTES_MAX,
    INSIDE_BYTES_MAX, //
};
use ssi_kapi::page::{
    SharedPage,
    PAGE_BYTES, //
};

/// Most pages that go with one request or reply.
pub const PAGES_MAX: usize = 256;

/// Some bytes in pages, shared by whoever has a clone. All pages but the last are
/// full.
///
/// Nobody may write to the pages before the call is over. One that ended with
/// [`TimedOut`](crate::CallError::TimedOut), or with
/// [`Interrupted`](crate::CallError::Interrupted) because the task is being killed,
/// is not over: the network, and the service, may go on reading its pages. Drop them
/// then and take others; the last who has them frees them.
#[derive(Clone, Default)]
pub struct Pages {
    pages: Option<Arc<KVec<SharedPage>>>,
    bytes: u32,
}

impl Pages {
    /// No page.
    pub const NONE: Self = Self {
        pages: None,
        bytes: 0,
    };

    /// The first `bytes` bytes of `pages`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` unless `bytes` needs each of the pages, at most [`PAGES_MAX`];
    /// `ENOMEM`.
    pub fn new(pages: KVec<SharedPage>, bytes: usize) -> Result<Self> {
        if pages.len() != bytes.div_ceil(PAGE_BYTES) {
            return Err(EINVAL);
        }
        let bytes = u32::try_from(bytes)
            .ok()
            .filter(|&bytes| bytes <= BULK_BYTES_MAX)
            .ok_or(EINVAL)?;
        if pages.is_empty() {
            return Ok(Self::NONE);
        }
        Ok(Self {
            pages: Some(Arc::new(pages, GFP_KERNEL)?),
            bytes,
        })
    }

    /// New pages for `bytes` bytes, with unknown contents. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for more than [`PAGES_MAX`] pages, `ENOMEM`.
    pub fn alloc(bytes: usize) -> Result<Self> {
        let count = bytes.div_ceil(PAGE_BYTES);
        if count > PAGES_MAX {
            return Err(EINVAL);
        }
        let mut pages = KVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            pages.push(SharedPage::alloc()?, GFP_KERNEL)?;
        }
        Self::new(pages, bytes)
    }

    /// The pages.
    pub fn as_slice(&self) -> &[SharedPage] {
        self.pages.as_ref().map_or(&[], |pages| pages.as_slice())
    }

    /// How many bytes there are, at most `BULK_BYTES_MAX`.
    pub fn bytes(&self) -> u32 {
        self.bytes
    }

    /// New pages that hold `bytes`. May sleep.
    ///
    /// # Errors
    ///
    /// As [`alloc`](Self::alloc).
    pub(crate) fn holding(bytes: &[u8]) -> Result<Self> {
        let pages = Self::alloc(bytes.len())?;
        for (page, part) in pages.as_slice().iter().zip(bytes.chunks(PAGE_BYTES)) {
            page.write(0, part)?;
        }
        Ok(pages)
    }

    /// Bytes of them in the frame, and on the connection of their own.
    pub(crate) fn ways(&self) -> (u32, u32) {
        match self.bytes <= INSIDE_BYTES_MAX {
            true => (self.bytes, 0),
            false => (0, self.bytes),
        }
    }

    /// Those that do not travel in the frame.
    pub(crate) fn apart(&self) -> Self {
        match self.ways() {
            (0, _) => self.clone(),
            (_, _) => Self::NONE,
        }
    }

    /// Appends those that travel in the frame to its payload. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn append_to(&self, payload: &mut KVec<u8>) -> Result {
        let (inside, _) = self.ways();
        let end = payload.len() + usize::try_from(inside)?;
        let mut left = usize::try_from(inside)?;
        payload.resize(end, 0, GFP_KERNEL)?;
        for page in self.as_slice() {
            let count = left.min(PAGE_BYTES);
            let room = payload.get_mut(end - left..end - left + count);
            page.read(0, room.unwrap_or_default())?;
            left -= count;
        }
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}
