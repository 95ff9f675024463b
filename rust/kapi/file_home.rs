// SPDX-License-Identifier: GPL-2.0

//! Open files others use.
//!
//! What a [`HomeFile`] does waits for nobody but a disk: a file that is not ready says
//! so with `EAGAIN`, and can be [armed](HomeFile::arm) to tell when it is. All is done
//! with the rights of who opened the file.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::{
    ops::Range,
    ptr::{
        self,
        NonNull, //
    }, //
};

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::{
        File,
        LocalFile, //
    },
    prelude::*,
    str::CStr,
    sync::{
        aref::ARef,
        SetOnce, //
    }, //
};

use crate::{
    area::{
        Area,
        AREA_BYTES, //
    },
    file_owner,
    page::{
        SharedPage,
        PAGE_BYTES, //
    }, //
};

pub use crate::file_description::{
    Description,
    Kind,
    Lock,
    Status,
    NAME_BYTES_MAX, //
};

/// Data can be read.
pub const READABLE: u32 = bindings::POLLIN | bindings::POLLRDNORM;
/// Data can be written.
pub const WRITABLE: u32 = bindings::POLLOUT | bindings::POLLWRNORM;
/// Nothing will ever come again, or something is wrong.
pub const OVER: u32 = bindings::POLLHUP | bindings::POLLERR;

static READY: SetOnce<fn(u64)> = SetOnce::new();

/// Lets `ready` be called, on a thread of the kernel, with the name of each file that was
/// [armed](HomeFile::arm) and to which something happened. The first call counts.
pub fn on_ready(ready: fn(u64)) {
    READY.populate(ready);
}

/// # Safety
///
/// None.
#[export]
unsafe extern "C" fn ssi_home_ready(name: u64) {
    if let Some(ready) = READY.copy() {
        ready(name);
    }
}

/// The file the running task has open as `fd`.
///
/// # Errors
///
/// `EBADF`.
pub fn of_current(fd: u32) -> Result<ARef<LocalFile>> {
    Ok(LocalFile::fget(fd)?)
}

/// Where bytes are read to or written from.
pub enum Place<'a> {
    /// Few of them.
    Buffer(&'a mut [u8]),
    /// Those of pages.
    Pages(&'a [SharedPage], Range<usize>),
}

/// How the other node uses the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Where, `None` for where all users of the file are.
    pub position: Option<u64>,
    /// Flags of open(2) that hold for the other node.
    pub flags: u32,
}

/// An open file of this node that another one uses.
///
/// # Invariants
///
/// `raw` was made by `ssi_home_new` and is not freed yet.
pub struct HomeFile {
    raw: NonNull<bindings::ssi_home>,
}

// SAFETY: An open file is not tied to a thread, and what is beside it has a lock.
unsafe impl Send for HomeFile {}
// SAFETY: As above.
unsafe impl Sync for HomeFile {}

impl HomeFile {
    /// Keeps `file` open. Context of a task for terminals; may sleep.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` for a file that cannot be used from another node, `ENOMEM`.
    pub fn new(file: &LocalFile) -> Result<Self> {
        // SAFETY: The file is referenced; the C side takes a reference of its own.
        let raw = from_err_ptr(unsafe { bindings::ssi_home_new(file.as_ptr()) })?;
        // INVARIANT: It was made just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ENOMEM)
    }

    /// One more of the same.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn again(&self) -> Result<Self> {
        // SAFETY: Valid by the type invariant.
        let raw = from_err_ptr(unsafe { bindings::ssi_home_again(self.raw.as_ptr()) })?;
        // INVARIANT: It was made just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ENOMEM)
    }

    /// Does what another node asks of its owner. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`serve`](file_owner::serve).
    pub fn own(&self, request: &file_owner::Request) -> Result<file_owner::State> {
        let file = self.file().ok_or(EIO)?;
        file_owner::serve(&file, request)
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::ssi_home {
        self.raw.as_ptr()
    }

    /// Names it: this is what [`on_ready`] is told. Before it is armed.
    pub fn call_it(&self, name: u64) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_home_call(self.raw.as_ptr(), name) }
    }

    /// Whether it is `file`.
    pub fn is(&self, file: &LocalFile) -> bool {
        // SAFETY: Valid by the type invariant; the pointers are compared.
        unsafe { bindings::ssi_home_is(self.raw.as_ptr(), file.as_ptr()) }
    }

    /// Whether both are the same file.
    pub fn is_same(&self, other: &Self) -> bool {
        // SAFETY: Both valid by the type invariant; pointers are compared.
        unsafe { bindings::ssi_home_is_same(self.raw.as_ptr(), other.raw.as_ptr()) }
    }

    /// The file itself.
    pub fn file(&self) -> Option<ARef<File>> {
        // SAFETY: Valid by the type invariant; a reference is taken.
        let raw = unsafe { bindings::ssi_home_file(self.raw.as_ptr()) };
        // SAFETY: The reference is handed on. Nobody here has looked it up by a number.
        NonNull::new(raw.cast()).map(|raw| unsafe { ARef::from_raw(raw) })
    }

    /// How it behaves.
    pub fn kind(&self) -> Kind {
        // SAFETY: Valid by the type invariant.
        Kind::from_raw(unsafe { bindings::ssi_home_kind(self.raw.as_ptr()) })
    }

    /// What does not change of it, and its name, in `room`.
    pub fn describe<'a>(&self, room: &'a mut [u8; NAME_BYTES_MAX + 1]) -> (Description, &'a CStr) {
        let mut raw: bindings::ssi_file_description = pin_init::zeroed();
        // SAFETY: Valid by the type invariant; both can be written, the second as far as said.
        unsafe {
            bindings::ssi_home_describe(
                self.raw.as_ptr(),
                &mut raw,
                room.as_mut_ptr().cast(),
                room.len(),
            )
        };
        let name = CStr::from_bytes_until_nul(room).unwrap_or_default();
        (Description::from_raw(&raw), name)
    }

    /// Reads, and says how much. May sleep for a disk.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when nothing is there yet; those of read(2).
    pub fn read(&self, access: Access, to: Place<'_>) -> Result<usize> {
        // SAFETY: Valid by the type invariant.
        if unsafe { bindings::ssi_home_reads_to_user(self.raw.as_ptr()) } {
            return self.read_to_user(to);
        }
        let transfer = Transfer::new(access, to)?;
        // SAFETY: Valid by the type invariant; the transfer's place can be written.
        size(unsafe { bindings::ssi_home_read(self.raw.as_ptr(), &transfer.raw) })
    }

    /// Writes, and says how much. May sleep for a disk. No signal is sent.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is no room; those of write(2).
    pub fn write(&self, access: Access, from: Place<'_>) -> Result<usize> {
        // SAFETY: Valid by the type invariant.
        if unsafe { bindings::ssi_home_writes_from_user(self.raw.as_ptr()) } {
            return self.write_from_user(from);
        }
        let transfer = Transfer::new(access, from)?;
        // SAFETY: Valid by the type invariant; the transfer's place can be read.
        size(unsafe { bindings::ssi_home_write(self.raw.as_ptr(), &transfer.raw) })
    }

    /// Writes the first `bytes` bytes of `pages` to a pipe, all at once and without copying
    /// them: nobody may write to them any more. Does not wait. False if it did not, for
    /// whatever reason: [`write`](Self::write) may.
    pub fn give(&self, pages: &[SharedPage], bytes: usize) -> bool {
        let Ok(pieces) = pieces_of(pages, 0..bytes) else {
            return false;
        };
        // SAFETY: Valid by the type invariant; the pieces are of valid pages.
        unsafe { bindings::ssi_home_give(self.raw.as_ptr(), pieces.as_ptr(), pieces.len()) }
    }

    /// Reads pages from a pipe without copying them, at most `most`: how many bytes they
    /// have, and the pages. Does not wait. `None` if it did not, for whatever reason:
    /// [`read`](Self::read) may.
    pub fn take(&self, most: usize) -> Option<(KVec<SharedPage>, usize)> {
        let mut pages = KVec::with_capacity(most, GFP_KERNEL).ok()?;
        let mut pieces = KVec::with_capacity(most, GFP_KERNEL).ok()?;
        for _ in 0..most {
            let piece: bindings::bio_vec = pin_init::zeroed();
            pieces.push(piece, GFP_KERNEL).ok()?;
        }
        // SAFETY: Valid by the type invariant; so many pieces can be written.
        let taken =
            unsafe { bindings::ssi_home_take(self.raw.as_ptr(), pieces.as_mut_ptr(), most) };
        let mut bytes = 0;
        for piece in pieces.iter().take(taken) {
            bytes += piece.bv_len as usize;
            let page = NonNull::new(piece.bv_page)?;
            // SAFETY: The reference is handed on.
            let page = unsafe { SharedPage::from_raw(page) };
            pages.push_within_capacity(page).ok()?;
        }
        (taken > 0).then_some((pages, bytes))
    }

    /// How many bytes are in a pipe; of other files that is not known: 0. May sleep.
    pub fn there(&self) -> usize {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_home_there(self.raw.as_ptr()) }
    }

    fn read_to_user(&self, to: Place<'_>) -> Result<usize> {
        let Place::Buffer(buffer) = to else {
            return Err(EINVAL);
        };
        Area::with(|area| {
            let most = buffer.len().min(AREA_BYTES);
            // SAFETY: Valid by the type invariant. The address is one of user memory, and
            // the kernel checks it.
            let read = size(unsafe {
                bindings::ssi_home_read_to_user(self.raw.as_ptr(), area.address(), most)
            })?;
            area.read(0, buffer.get_mut(..read).ok_or(EIO)?)?;
            Ok(read)
        })?
    }

    fn write_from_user(&self, from: Place<'_>) -> Result<usize> {
        let Place::Buffer(buffer) = from else {
            return Err(EINVAL);
        };
        Area::with(|area| {
            area.write(0, buffer)?;
            // SAFETY: As above.
            size(unsafe {
                bindings::ssi_home_write_from_user(self.raw.as_ptr(), area.address(), buffer.len())
            })
        })?
    }

    /// For how many tenths of a second a read waits for something to come, `None` for ever:
    /// a terminal may be set so.
    pub fn patience(&self) -> Option<u32> {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_home_patience(self.raw.as_ptr()) }
            .try_into()
            .ok()
    }

    /// What poll(2) says now. May sleep.
    pub fn poll(&self) -> u32 {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_home_poll(self.raw.as_ptr()) }
    }

    /// What poll(2) says now; when one of `events` happens from now on, the name is told
    /// once. May sleep.
    pub fn arm(&self, events: u32) -> u32 {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_home_arm(self.raw.as_ptr(), events) }
    }

    /// Makes an ioctl(2) whose argument is a number. May sleep. `drains` says that it
    /// waits for a terminal to write what it has.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when a terminal has not written it yet; those of ioctl(2).
    pub fn ioctl(&self, number: u32, argument: usize, drains: bool) -> Result<isize> {
        // SAFETY: Valid by the type invariant. Should the argument be an address, it is one
        // of user memory, and the kernel checks it.
        let result =
            unsafe { bindings::ssi_home_ioctl(self.raw.as_ptr(), number, argument, drains) };
        size(result).map(|result| result as isize)
    }

    /// Makes an ioctl(2) whose argument is memory: `data`. Kernel thread; may sleep.
    ///
    /// # Errors
    ///
    /// As [`ioctl`](Self::ioctl); those of [`Area::with`].
    pub fn ioctl_with(&self, number: u32, data: &mut [u8], drains: bool) -> Result<isize> {
        Area::with(|area| {
            area.write(0, data)?;
            let result = self.ioctl(number, area.address(), drains)?;
            area.read(0, data)?;
            Ok(result)
        })?
    }

    /// As lseek(2). May sleep.
    ///
    /// # Errors
    ///
    /// Those of lseek(2).
    pub fn seek(&self, offset: i64, whence: u32) -> Result<u64> {
        // SAFETY: Valid by the type invariant.
        let position = unsafe { bindings::ssi_home_seek(self.raw.as_ptr(), offset, whence) };
        u64::try_from(position).map_err(|_| Error::from_errno(position as c_int))
    }

    /// What changes of it. May sleep.
    ///
    /// # Errors
    ///
    /// Those of fstat(2).
    pub fn status(&self) -> Result<Status> {
        let mut raw: bindings::ssi_file_status = pin_init::zeroed();
        // SAFETY: Valid by the type invariant; the other can be written.
        to_result(unsafe { bindings::ssi_home_status(self.raw.as_ptr(), &mut raw) })?;
        Ok(Status::from_raw(&raw))
    }

    /// As ftruncate(2). May sleep.
    ///
    /// # Errors
    ///
    /// Those of ftruncate(2).
    pub fn truncate(&self, length: u64) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe { bindings::ssi_home_truncate(self.raw.as_ptr(), length) })
    }

    /// As flock(2); does not wait.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when others have it; those of flock(2).
    pub fn lock(&self, lock: Lock) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe { bindings::ssi_home_lock(self.raw.as_ptr(), lock.to_raw() as c_int) })
    }

    /// As fsync(2), for a part of it. May sleep.
    ///
    /// # Errors
    ///
    /// Those of fsync(2).
    pub fn sync(&self, start: u64, end: u64, is_data_only: bool) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe { bindings::ssi_home_sync(self.raw.as_ptr(), start, end, is_data_only) })
    }
}

impl Drop for HomeFile {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant, and nobody else has it any more.
        unsafe { bindings::ssi_home_free(self.raw.as_ptr()) }
    }
}

/// A transfer and what it needs while it lasts.
pub(crate) struct Transfer {
    raw: bindings::ssi_home_transfer,
    _pieces: KVec<bindings::bio_vec>,
}

impl Transfer {
    /// What the C side is told, valid as long as this.
    pub(crate) fn raw(&self) -> bindings::ssi_home_transfer {
        bindings::ssi_home_transfer { ..self.raw }
    }

    pub(crate) fn new(access: Access, place: Place<'_>) -> Result<Self> {
        let position = access.position.map_or(Ok(-1), i64::try_from);
        let mut raw = bindings::ssi_home_transfer {
            buffer: ptr::null_mut(),
            pieces: ptr::null_mut(),
            count: 0,
            bytes: 0,
            position: position.map_err(|_| EINVAL)?,
            flags: access.flags,
        };
        let mut pieces = KVec::new();
        match place {
            Place::Buffer(buffer) => {
                (raw.buffer, raw.bytes) = (buffer.as_mut_ptr().cast(), buffer.len());
            }
            Place::Pages(pages, range) => {
                raw.bytes = range.len();
                pieces = pieces_of(pages, range)?;
                (raw.pieces, raw.count) = (pieces.as_mut_ptr(), pieces.len());
            }
        }
        Ok(Self {
            raw,
            _pieces: pieces,
        })
    }
}

fn pieces_of(pages: &[SharedPage], range: Range<usize>) -> Result<KVec<bindings::bio_vec>> {
    if range.is_empty() || range.end.div_ceil(PAGE_BYTES) != pages.len() {
        return Err(EINVAL);
    }
    let first = range.start / PAGE_BYTES;
    let mut pieces = KVec::with_capacity(pages.len() - first, GFP_KERNEL)?;
    for (number, page) in pages.iter().enumerate().skip(first) {
        let start = number * PAGE_BYTES;
        let offset = range.start.saturating_sub(start);
        let piece = bindings::bio_vec {
            bv_page: page.as_ptr(),
            bv_len: (PAGE_BYTES.min(range.end - start) - offset) as u32,
            bv_offset: offset as u32,
        };
        pieces.push(piece, GFP_KERNEL)?;
    }
    Ok(pieces)
}

/// A size, or the error.
pub(crate) fn size(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| Error::from_errno(result as c_int))
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_file_home)]
mod tests {
    use super::*;
    use crate::{
        file_fixture::{
            self,
            counter,
            pipe,
            regular, //
        },
        thread, //
    };
    use kernel::sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    };

    const HERE: Access = Access {
        position: None,
        flags: 0,
    };

    /// What a pipe holds that others use.
    const PIPE_BYTES: usize = 256 << 10;

    /// Notices, by the last digit of the name.
    static NOTICES: [Atomic<u32>; 10] = [const { Atomic::new(0) }; 10];

    fn home(file: &File, name: u64) -> Result<HomeFile> {
        on_ready(|name| {
            NOTICES[(name % 10) as usize].fetch_add(1u32, Relaxed);
        });
        let home = HomeFile::new(file)?;
        home.call_it(name);
        Ok(home)
    }

    fn notices(name: u64) -> u32 {
        NOTICES[(name % 10) as usize].load(Relaxed)
    }

    /// Notices of `name` when there have been some time to come.
    fn later(name: u64, expected: u32) -> u32 {
        for _ in 0..100 {
            if notices(name) == expected {
                break;
            }
            thread::sleep(10_000);
        }
        thread::sleep(10_000);
        notices(name)
    }

    #[test]
    fn an_empty_pipe_says_so_and_when_it_is_not() -> Result {
        let (out, into) = pipe()?;
        let home = home(&out, 1)?;
        let mut text = [0; 8];
        assert!(home.read(HERE, Place::Buffer(&mut text)) == Err(EAGAIN));
        assert!(home.arm(READABLE) & READABLE == 0);
        assert!(later(1, 0) == 0);
        assert!(file_fixture::write(&into, b"data")? == 4);
        assert!(later(1, 1) == 1);
        // Once is enough.
        assert!(file_fixture::write(&into, b"more")? == 4);
        assert!(later(1, 1) == 1 && home.there() == 8);
        assert!(home.read(HERE, Place::Buffer(&mut text)) == Ok(8));
        assert!(&text == b"datamore" && home.there() == 0);
        Ok(())
    }

    #[test]
    fn a_full_pipe_says_so_and_when_it_is_not() -> Result {
        let (out, into) = pipe()?;
        let home = home(&into, 2)?;
        let mut page = [1; 4096];
        let mut written = 0;
        while let Ok(part) = home.write(HERE, Place::Buffer(&mut page)) {
            written += part;
        }
        assert!(written == PIPE_BYTES);
        assert!(home.write(HERE, Place::Buffer(&mut page)) == Err(EAGAIN));
        assert!(home.arm(WRITABLE) & WRITABLE == 0);
        assert!(file_fixture::read(&out, &mut page)? == 4096);
        assert!(later(2, 1) == 1);
        assert!(home.write(HERE, Place::Buffer(&mut page)) == Ok(4096));
        Ok(())
    }

    #[test]
    fn a_pipe_has_an_end() -> Result {
        let (out, into) = pipe()?;
        let home_out = home(&out, 3)?;
        assert!(home_out.arm(READABLE) & OVER == 0);
        drop(into);
        assert!(later(3, 1) == 1);
        assert!(home_out.poll() & OVER != 0);
        assert!(home_out.read(HERE, Place::Buffer(&mut [0; 4])) == Ok(0));
        let (out, into) = pipe()?;
        let home_into = home(&into, 3)?;
        // The end a thread of the kernel drops is closed a little later.
        assert!(home_into.arm(WRITABLE) & OVER == 0);
        drop(out);
        assert!(later(3, 2) == 2);
        assert!(home_into.write(HERE, Place::Buffer(&mut [0; 4])) == Err(EPIPE));
        Ok(())
    }

    #[test]
    fn what_is_not_waited_for_any_more_is_not_told() -> Result {
        let (out, into) = pipe()?;
        let one = home(&out, 4)?;
        let other = one.again()?;
        other.call_it(5);
        assert!(one.is_same(&other) && one.is(&out) && !one.is(&into));
        one.arm(READABLE);
        other.arm(READABLE);
        drop(one);
        assert!(file_fixture::write(&into, b"data")? == 4);
        assert!((later(5, 1), notices(4)) == (1, 0));
        Ok(())
    }

    #[test]
    fn only_what_is_waited_for_is_told() -> Result {
        let (out, into) = pipe()?;
        let home = home(&out, 6)?;
        home.arm(bindings::POLLPRI);
        assert!(file_fixture::write(&into, b"data")? == 4);
        assert!(later(6, 0) == 0);
        // One more who waits, for something else that is there already.
        assert!(home.arm(READABLE) & READABLE != 0);
        assert!(home.read(HERE, Place::Buffer(&mut [0; 8])) == Ok(4));
        assert!(file_fixture::write(&into, b"more")? == 4);
        assert!(later(6, 1) == 1);
        Ok(())
    }

    #[test]
    fn a_position_is_shared() -> Result {
        let file = regular()?;
        let home = home(&file, 7)?;
        assert!(file_fixture::write(&file, b"0123")? == 4);
        assert!(home.write(HERE, Place::Buffer(&mut [b'4', b'5', b'6', b'7'])) == Ok(4));
        assert!(home.seek(-2, bindings::SEEK_CUR) == Ok(6));
        let mut text = [0; 8];
        assert!(file_fixture::read(&file, &mut text)? == 2 && text.starts_with(b"67"));
        let start = Access {
            position: Some(1),
            flags: 0,
        };
        assert!(home.read(start, Place::Buffer(&mut text)) == Ok(7));
        assert!(&text[..7] == b"1234567" && home.seek(0, bindings::SEEK_CUR) == Ok(8));
        assert!(home.seek(0, 77) == Err(EINVAL));
        Ok(())
    }

    #[test]
    fn who_appends_writes_behind_the_end() -> Result {
        let file = regular()?;
        let home = home(&file, 7)?;
        assert!(file_fixture::write(&file, b"0123")? == 4);
        assert!(home.seek(0, 0) == Ok(0));
        let append = Access {
            position: None,
            flags: bindings::O_APPEND,
        };
        assert!(home.write(append, Place::Buffer(&mut [b'4'; 2])) == Ok(2));
        assert!(home.status()?.size == 6);
        assert!(home.truncate(2).is_ok() && home.status()?.size == 2);
        Ok(())
    }

    #[test]
    fn a_lock_is_that_of_an_open_file() -> Result {
        let file = regular()?;
        let (one, other) = (home(&file, 7)?, home(&file, 8)?);
        for lock in [Lock::Exclusive, Lock::Shared, Lock::None] {
            assert!(one.lock(lock).is_ok() && other.lock(Lock::Exclusive).is_ok());
        }
        Ok(())
    }

    #[test]
    fn pages_are_filled_and_taken() -> Result {
        let file = regular()?;
        let home = home(&file, 7)?;
        let pages = [SharedPage::alloc()?, SharedPage::alloc()?];
        pages[0].write(0, &[1; PAGE_BYTES])?;
        pages[1].write(0, &[2; PAGE_BYTES])?;
        assert!(home.write(HERE, Place::Pages(&pages, 0..5000)) == Ok(5000));
        pages[1].write(0, &[3; PAGE_BYTES])?;
        let start = Access {
            position: Some(0),
            flags: 0,
        };
        assert!(home.read(start, Place::Pages(&pages, 0..8192)) == Ok(5000));
        let mut bytes = [0; 2];
        pages[1].read(903, &mut bytes)?;
        assert!(bytes == [2, 3]);
        assert!(home.read(start, Place::Pages(&pages, 0..4096)) == Err(EINVAL));
        // Those in the middle of them.
        assert!(home.write(start, Place::Pages(&pages, 4000..5000)) == Ok(1000));
        assert!(home.read(start, Place::Pages(&pages, 4095..4097)) == Ok(2));
        pages[0].read(4095, &mut bytes[..1])?;
        pages[1].read(0, &mut bytes[1..])?;
        assert!(bytes == [1, 1]);
        assert!(home.write(start, Place::Pages(&pages, 5000..5000)) == Err(EINVAL));
        Ok(())
    }

    #[test]
    fn pages_change_hands() -> Result {
        let (out, into) = pipe()?;
        let (home_out, home_into) = (home(&out, 9)?, home(&into, 6)?);
        assert!(home_out.take(4).is_none() && !home_out.give(&[], 0));
        let pages = [SharedPage::alloc()?, SharedPage::alloc()?];
        for (page, byte) in pages.iter().zip(1..) {
            page.write(0, &[byte; PAGE_BYTES])?;
        }
        assert!(home_out.arm(READABLE) & READABLE == 0);
        assert!(home_into.give(&pages, 5000));
        assert!(later(9, 1) == 1 && home_out.there() == 5000);
        // Nothing is left over.
        assert!(file_fixture::write(&into, &[7; 3000])? == 3000);
        let (taken, bytes) = home_out.take(4).ok_or(EINVAL)?;
        assert!(bytes == 5000 && taken.len() == 2);
        let mut text = [0; 2];
        taken[0].read(PAGE_BYTES - 2, &mut text)?;
        assert!(text == [1, 1]);
        taken[1].read(0, &mut text)?;
        assert!(text == [2, 2]);
        // What is no page is copied.
        assert!(home_out.take(4).is_none());
        let mut rest = [0; 4096];
        assert!(file_fixture::read(&out, &mut rest)? == 3000 && rest[2999] == 7);
        Ok(())
    }

    #[test]
    fn pages_need_room_and_a_reader() -> Result {
        let (out, into) = pipe()?;
        let (home_out, home_into) = (home(&out, 5)?, home(&into, 10)?);
        let page = [SharedPage::alloc()?];
        page[0].write(0, &[1; PAGE_BYTES])?;
        let given = (0..100).take_while(|_| home_into.give(&page, PAGE_BYTES));
        assert!(given.count() == PIPE_BYTES / PAGE_BYTES);
        assert!(home_into.arm(WRITABLE) & WRITABLE == 0);
        let (taken, bytes) = home_out.take(3).ok_or(EINVAL)?;
        assert!(taken.len() == 3 && bytes == 3 * PAGE_BYTES && later(10, 1) == 1);
        drop((home_out, out));
        let is_left = (0..100).any(|_| {
            thread::sleep(10_000);
            home_into.poll() & OVER != 0
        });
        assert!(is_left && !home_into.give(&page, PAGE_BYTES));
        Ok(())
    }

    #[test]
    fn a_pipe_has_no_positions() -> Result {
        let (out, _into) = pipe()?;
        let home = home(&out, 8)?;
        let start = Access {
            position: Some(0),
            flags: 0,
        };
        assert!(home.read(start, Place::Buffer(&mut [0; 4])) == Err(ESPIPE));
        assert!(home.seek(0, 0) == Err(ESPIPE));
        assert!(home.truncate(0) == Err(EINVAL));
        Ok(())
    }

    #[test]
    fn a_counter_is_asked_not_to_wait() -> Result {
        let home = home(&*counter(2)?, 7)?;
        let mut room = [0; NAME_BYTES_MAX + 1];
        let (about, name) = home.describe(&mut room);
        assert!((about.kind, about.can_seek) == (Kind::Events, false));
        assert!(about.mode & bindings::S_IFMT == 0 && name.to_bytes() == b"anon_inode:[eventfd]");
        let mut count = [0; 8];
        assert!(home.read(HERE, Place::Buffer(&mut count)) == Ok(8));
        assert!(u64::from_le_bytes(count) == 2);
        // The open file itself would wait, both for a count and for room.
        assert!(home.read(HERE, Place::Buffer(&mut count)) == Err(EAGAIN));
        assert!(home.arm(READABLE) & READABLE == 0);
        let mut most = (u64::MAX - 1).to_le_bytes();
        assert!(home.write(HERE, Place::Buffer(&mut most)) == Ok(8));
        assert!(later(7, 1) == 1);
        assert!(home.write(HERE, Place::Buffer(&mut [1, 0, 0, 0, 0, 0, 0, 0])) == Err(EAGAIN));
        assert!(home.write(HERE, Place::Buffer(&mut [1; 7])) == Err(EINVAL));
        assert!(home.again()?.read(HERE, Place::Buffer(&mut count)) == Ok(8) && count == most);
        Ok(())
    }

    #[test]
    fn what_is_there_is_counted() -> Result {
        const FIONREAD: u32 = 0x541b;
        let (out, into) = pipe()?;
        let home = home(&out, 8)?;
        assert!(file_fixture::write(&into, b"data")? == 4);
        let mut count = [0; 4];
        assert!(home.ioctl_with(FIONREAD, &mut count, false) == Ok(0));
        assert!(u32::from_le_bytes(count) == 4);
        assert!(home.ioctl_with(0x5401, &mut [0; 36], false) == Err(ENOTTY));
        Ok(())
    }

    #[test]
    fn a_file_is_described() -> Result {
        let (out, _into) = pipe()?;
        let mut room = [0; NAME_BYTES_MAX + 1];
        let one = home(&out, 9)?;
        let (about, name) = one.describe(&mut room);
        assert!((about.kind, about.can_seek) == (Kind::Pipe, false));
        assert!(about.mode & bindings::S_IFMT == bindings::S_IFIFO);
        assert!(name.to_bytes().starts_with(b"pipe:["));
        let file = regular()?;
        let one = home(&file, 9)?.describe(&mut room).0;
        assert!((one.kind, one.can_seek) == (Kind::Plain, true));
        Ok(())
    }
}
