// SPDX-License-Identifier: GPL-2.0

//! Open files of the running task.
//!
//! Which there are, and how to open one of them on another node.
//!
//! C header: [`include/linux/file.h`](srctree/include/linux/file.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStr, //
};

/// Open files, in the order of their numbers.
pub fn all() -> impl Iterator<Item = Number> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let mut is_closed_on_exec = false;
        // SAFETY: Looks at the running task only, which has files; the flag can be written.
        let fd = unsafe { bindings::ssi_open_file_next(next, &mut is_closed_on_exec) };
        let fd = u32::try_from(fd).ok()?;
        next = fd.saturating_add(1);
        Some(Number {
            fd,
            is_closed_on_exec,
        })
    })
}

/// Number of an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The number.
    pub fd: u32,
    /// Whether it is closed when a program is executed.
    pub is_closed_on_exec: bool,
}

/// What tells two files of the same name apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Number of its inode.
    pub ino: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub written: u64,
}

/// How a file is opened by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Flags of open(2). Nothing is made or cut short, whatever they say.
    pub flags: u32,
    /// Where reading goes on.
    pub offset: u64,
}

/// Name and manner in which another node may open what is open as `fd`; `None` for a file
/// of this node alone. `room` has place for the name. Context of a task; may sleep.
///
/// Without an identity every node has it: a device of memory, or a folder, which is the one
/// with the same name. With one, a node has it if it has the same host directory: a regular
/// file that is read alone, with an offset and locks nobody shares.
pub fn named(fd: u32, room: &mut [u8]) -> Option<(&CStr, Opening, Option<Identity>)> {
    let mut raw: bindings::ssi_opening = pin_init::zeroed();
    let (start, length) = (room.as_mut_ptr().cast(), room.len());
    // SAFETY: The flags can be written, and so many bytes of the room.
    let everywhere =
        unsafe { bindings::ssi_open_file_everywhere(fd, &mut raw.flags, start, length) };
    let (name, identity) = if everywhere.is_null() {
        // SAFETY: As above.
        let name = unsafe { bindings::ssi_open_file_shared(fd, &mut raw, start, length) };
        let identity = Identity {
            ino: raw.identity.ino,
            size: raw.identity.size,
            written: raw.identity.written,
        };
        (name, Some(identity))
    } else {
        (everywhere, None)
    };
    let opening = Opening {
        flags: raw.flags,
        offset: raw.offset,
    };
    // SAFETY: It is null, a constant text of the C side, or one in the room.
    (!name.is_null()).then(|| (unsafe { CStr::from_char_ptr(name) }, opening, identity))
}

/// Opens `path` as `number`, in place of what was open there. May sleep.
///
/// # Errors
///
/// As for open(2); `EBADF` for a number beyond the limit; `ESTALE` for a file that is not
/// the one with this `identity`.
pub fn open(number: Number, path: &CStr, opening: Opening, identity: Option<Identity>) -> Result {
    let raw = |identity: Identity| bindings::ssi_file_identity {
        ino: identity.ino,
        size: identity.size,
        written: identity.written,
    };
    let identity = identity.map(raw);
    let opening = bindings::ssi_opening {
        flags: opening.flags,
        offset: opening.offset,
        closes: number.is_closed_on_exec,
        ..pin_init::zeroed()
    };
    let identity = identity
        .as_ref()
        .map_or(core::ptr::null(), |identity| identity);
    let path = path.as_char_ptr();
    // SAFETY: The path ends in a zero byte, the rest is read, and may be null.
    to_result(unsafe { bindings::ssi_open_file_anew(number.fd, path, &opening, identity) })
}
