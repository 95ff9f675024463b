// SPDX-License-Identifier: GPL-2.0

//! What C points to.
//!
//! A caller of C says how many bytes it has room for, because a structure may
//! grow: an older program gives less than this library knows, a newer one more.

use std::{
    ffi::{
        c_char,
        c_int,
        CStr, //
    },
    mem::{
        size_of,
        MaybeUninit, //
    },
    os::fd::{
        FromRawFd as _,
        IntoRawFd as _,
        OwnedFd, //
    },
    slice, //
};

use rustix::io::{
    dup3,
    DupFlags,
    Errno, //
};

/// A structure that C can read, without holes: any part of it is bytes.
pub(crate) trait Plain: Copy + Default {}

impl Plain for crate::abi::TransInfo {}
impl Plain for crate::abi::Info {}

/// Room of a caller for a structure.
///
/// # Invariants
///
/// `bytes` has at least the length of `T`.
pub(crate) struct Room<'a, T> {
    bytes: &'a mut [MaybeUninit<u8>],
    kind: std::marker::PhantomData<T>,
}

impl<T: Plain> Room<'_, T> {
    /// Fills the room: with the value, and what the caller knows beyond with 0.
    pub(crate) fn fill(self, value: &T) {
        self.bytes.fill(MaybeUninit::new(0));
        // SAFETY: A `T` lies there for as long as the borrow, and every byte of it
        // may be uninitialized.
        let from = unsafe { slice::from_raw_parts(ptr_of(value), size_of::<T>()) };
        for (to, from) in self.bytes.iter_mut().zip(from) {
            *to = *from;
        }
    }
}

fn ptr_of<T>(value: &T) -> *const MaybeUninit<u8> {
    std::ptr::from_ref(value).cast()
}

/// The bytes for a structure.
///
/// # Errors
///
/// `EINVAL` for null and for less room than the structure has ever had.
///
/// # Safety
///
/// `to` is null, or `size` bytes from there are the caller's and nobody else's.
pub(crate) unsafe fn room<'a, T: Plain>(to: *mut T, size: c_int) -> Result<Room<'a, T>, Errno> {
    let size = checked(to, size)?;
    Ok(Room {
        // SAFETY: Not null, and so many bytes are the caller's, as it promised.
        // INVARIANT: The length was checked.
        bytes: unsafe { slice::from_raw_parts_mut(to.cast(), size) },
        kind: std::marker::PhantomData,
    })
}

/// The structure a caller has filled in.
///
/// # Errors
///
/// As [`room`].
///
/// # Safety
///
/// `from` is null, or `size` bytes from there are filled in.
pub(crate) unsafe fn read<T: Plain>(from: *const T, size: c_int) -> Result<T, Errno> {
    checked(from, size)?;
    // SAFETY: Not null, long enough, and filled in by the caller, who may have it
    // at any address.
    Ok(unsafe { from.read_unaligned() })
}

/// Today every caller knows the whole structure: it has not grown yet.
fn checked<T>(at: *const T, size: c_int) -> Result<usize, Errno> {
    let size = usize::try_from(size).map_err(|_| Errno::INVAL)?;
    if at.is_null() || size < size_of::<T>() {
        return Err(Errno::INVAL);
    }
    Ok(size)
}

/// The numbers of an array.
///
/// # Errors
///
/// `EINVAL` for a negative length, and for null with a length.
///
/// # Safety
///
/// `length` numbers at `array` are the caller's and nobody else's.
pub(crate) unsafe fn array<'a>(array: *mut c_int, length: c_int) -> Result<&'a mut [c_int], Errno> {
    let length = usize::try_from(length).map_err(|_| Errno::INVAL)?;
    if length == 0 {
        return Ok(&mut []);
    }
    if array.is_null() || !array.is_aligned() {
        return Err(Errno::INVAL);
    }
    // SAFETY: Not null, aligned, and so many numbers are there, as promised.
    Ok(unsafe { slice::from_raw_parts_mut(array, length) })
}

/// A text.
///
/// # Errors
///
/// `EINVAL` for null.
///
/// # Safety
///
/// `text` is null or ends with a 0, and stays for as long as the result.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Result<&'a CStr, Errno> {
    if text.is_null() {
        return Err(Errno::INVAL);
    }
    // SAFETY: Not null, and ends with a 0, as the caller promised.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// Gives a descriptor the number the caller wants; what had it is closed.
///
/// # Errors
///
/// `EBADF` for a number that no descriptor can have.
pub(crate) fn move_to(fd: OwnedFd, number: c_int) -> Result<c_int, Errno> {
    if std::os::fd::AsRawFd::as_raw_fd(&fd) == number {
        return Ok(fd.into_raw_fd());
    }
    // SAFETY: Not -1. The caller of C gave this number away; it is replaced at
    // once and never closed here, since it is turned back into a number.
    let mut wanted = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) });
    dup3(&fd, &mut wanted, DupFlags::CLOEXEC)?;
    Ok(number)
}
