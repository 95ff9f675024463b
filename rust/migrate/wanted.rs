// SPDX-License-Identifier: GPL-2.0

//! Program a task wants elsewhere.
//!
//! Read from the memory of the task, with the rules of execve(2) for its arguments.

use kernel::{
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use ssi_core::{
    ids::NodeId,
    migrate::{
        image::IMAGE_BYTES_MAX,
        open_file::PATH_BYTES_MAX,
        strings::{
            Strings,
            STRING_BYTES_MAX, //
        }, //
    }, //
};
use ssi_kapi::{
    bytes,
    device::Rexecve, //
};

use crate::program::Program;

/// Bytes of an address.
const WORD_BYTES: usize = 8;

/// A program, and where it shall run.
pub(crate) struct Wanted {
    pub(crate) node: NodeId,
    /// With its zero byte.
    pub(crate) path: KVVec<u8>,
    /// The folders it is looked for in, with a zero byte; none if `path` is all.
    pub(crate) folders: KVVec<u8>,
    /// Each with its zero byte; there is one at least.
    pub(crate) arguments: KVVec<u8>,
    pub(crate) environment: KVVec<u8>,
}

impl Wanted {
    /// What is to be executed.
    ///
    /// # Errors
    ///
    /// `E2BIG`.
    pub(crate) fn program(&self) -> Result<Program<'_>> {
        let strings = |bytes| Strings::new(bytes).map_err(|_| E2BIG);
        Ok(Program {
            path: self.path.strip_suffix(&[0]).unwrap_or(&self.path),
            folders: strings(&self.folders)?,
            arguments: strings(&self.arguments)?,
            environment: strings(&self.environment)?,
        })
    }

    /// Reads what the running task has at `address`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for flags there are not and folders without theirs, `ENODEV` for what is no
    /// node's number; those of [`of_execve`](Self::of_execve).
    pub(crate) fn read(address: usize) -> Result<Self> {
        let raw = Rexecve::read(address)?;
        let is_searched = match (raw.flags, raw.folders) {
            (0, 0) => false,
            (Rexecve::SEARCH, _) => true,
            (_, _) => return Err(EINVAL),
        };
        let node = u8::try_from(raw.node).ok().and_then(NodeId::new);
        let mut wanted = Self::of_execve(
            node.ok_or(ENODEV)?,
            raw.path,
            raw.arguments,
            raw.environment,
        )?;
        if is_searched {
            let mut room = KVVec::from_elem(0, STRING_BYTES_MAX + 1, GFP_KERNEL)?;
            bytes::extend(&mut wanted.folders, string(raw.folders, &mut room)?)?;
        }
        Ok(wanted)
    }

    /// Reads what execve(2) is given by the running task, for `node`. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`, `ENAMETOOLONG`, `E2BIG` for more arguments than travel.
    pub(crate) fn of_execve(
        node: NodeId,
        path: usize,
        arguments: usize,
        environment: usize,
    ) -> Result<Self> {
        let mut room = KVVec::from_elem(0, STRING_BYTES_MAX + 1, GFP_KERNEL)?;
        let path = string(path, &mut room)?;
        if path.len() > PATH_BYTES_MAX + 1 {
            return Err(ENAMETOOLONG);
        }
        let mut own = KVVec::new();
        bytes::extend(&mut own, path)?;
        let mut arguments = strings(arguments, &mut room)?;
        if arguments.is_empty() {
            // As Linux does for a program without a name.
            bytes::extend(&mut arguments, &[0])?;
        }
        Ok(Self {
            node,
            path: own,
            folders: KVVec::new(),
            arguments,
            environment: strings(environment, &mut room)?,
        })
    }
}

/// All strings of an array, one behind another; none for a null address.
fn strings(array: usize, room: &mut [u8]) -> Result<KVVec<u8>> {
    let mut all = KVVec::new();
    let mut place = array;
    while place != 0 {
        let address = UserSlice::new(UserPtr::from_addr(place), WORD_BYTES)
            .reader()
            .read::<u64>()?;
        if address == 0 {
            break;
        }
        bytes::extend(&mut all, string(address as usize, room)?)?;
        if all.len() > IMAGE_BYTES_MAX {
            return Err(E2BIG);
        }
        place = place.checked_add(WORD_BYTES).ok_or(EFAULT)?;
    }
    Ok(all)
}

/// The string at `address`, with its zero byte.
fn string(address: usize, room: &mut [u8]) -> Result<&[u8]> {
    let length = room.len();
    let string = UserSlice::new(UserPtr::from_addr(address), length)
        .reader()
        .strcpy_into_buf(room)?
        .to_bytes_with_nul();
    match string.len() {
        0..=STRING_BYTES_MAX => Ok(string),
        _ => Err(E2BIG),
    }
}
