// SPDX-License-Identifier: GPL-2.0

//! Text for the kernel.

use kernel::{
    prelude::*,
    str::CStr, //
};
use ssi_core::migrate::open_file::PATH_BYTES_MAX;
use ssi_kapi::bytes;

/// `text` with a zero byte, in `room`. May sleep.
///
/// # Errors
///
/// `ENAMETOOLONG` for more than a path, `EINVAL` for a zero byte in it, `ENOMEM`.
pub(crate) fn terminated<'a>(room: &'a mut KVVec<u8>, text: &[u8]) -> Result<&'a CStr> {
    if text.len() > PATH_BYTES_MAX {
        return Err(ENAMETOOLONG);
    }
    room.clear();
    bytes::extend(room, text)?;
    bytes::extend(room, &[0])?;
    CStr::from_bytes_with_nul(room).map_err(|_| EINVAL)
}
