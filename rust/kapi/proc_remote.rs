// SPDX-License-Identifier: GPL-2.0

//! Processes of other nodes in `/proc`.
//!
//! A [`RemoteProc`] says where a process is and what its files in `/proc` hold;
//! [`install`] has it asked. Until then `/proc` is what it always was, and for those
//! who see their node alone it stays so: threads of the kernel, the first process of a
//! node, other pid namespaces, and tasks with the personality `PER_SSI_LOCALVIEW`.
//!
//! The inodes are made in C, where most of what they are is macros and tables:
//! `proc_remote.c`, `proc_remote_file.c`; the listing of `/proc` is `proc_view.c`.
//!
//! C headers: [`include/linux/ssi.h`](srctree/include/linux/ssi.h) and
//! [`include/linux/dcache.h`](srctree/include/linux/dcache.h)

use core::slice;

use kernel::{
    bindings,
    error::to_result,
    macros::export,
    prelude::*,
    str::CStr,
    sync::SetOnce,
    types::NotThreadSafe, //
};

pub use crate::proc_attributes::Attributes;

/// Most bytes of one [`RemoteProc::read`].
pub const READ_BYTES_MAX: usize = 64 * 1024;

/// Most bytes of one [`RemoteProc::write`].
pub const WRITE_BYTES_MAX: usize = 1536;

/// Where a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this node, if it exists.
    Here,
    /// On this other one, if it exists.
    Node(u8),
    /// On any other one, if it exists.
    Anywhere,
    /// On none that is there.
    Nowhere,
}

/// A file below `/proc` of another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// Of which process, 0 if any that has the number will do.
    pub identity: u64,
    /// Relative to `/proc`, as in `131100/fd/3`; at most 255 bytes.
    pub path: &'a [u8],
}

/// Takes an entry of a folder: name, number of the inode there, type (`DT_...`), and the
/// position behind it. False when it has no room for this one and wants no more.
pub type TakeEntry<'a> = dyn FnMut(&[u8], u64, u8, u64) -> bool + 'a;

/// What `/proc` of other nodes says to the running task.
///
/// All functions run in the task that asks, which holds no lock but those of the VFS. They
/// may sleep, and end early, with `EINTR`, when the task is killed. What the task may
/// not see, the other node refuses.
pub trait RemoteProc: Sync {
    /// Where the process with this number is or would be. Asked often: it sends
    /// nothing and never waits long. Process 1 is `Here` on one node alone.
    fn place(&self, tgid: u32) -> Place;

    /// What stat(2) says of a file there, without following it if it is a link.
    ///
    /// # Errors
    ///
    /// `ENOENT` or `ESRCH`: it is not there.
    fn look(&self, at: &At<'_>) -> Result<Attributes>;

    /// Reads from `offset` on, at most [`READ_BYTES_MAX`]. Fewer bytes than asked for
    /// are the end of the file.
    ///
    /// # Errors
    ///
    /// Those of open(2) and of read(2).
    fn read(&self, at: &At<'_>, offset: u64, out: &mut [u8]) -> Result<usize>;

    /// Writes to `offset`, at most [`WRITE_BYTES_MAX`], and says how much was taken.
    ///
    /// # Errors
    ///
    /// Those of open(2) and of write(2).
    fn write(&self, at: &At<'_>, offset: u64, data: &[u8]) -> Result<usize>;

    /// Gives the entries of a folder from the position `from` on to `entry`, until that
    /// is false or there are no more. `from` is 2 for the first entry; what is given for
    /// `.` and `..` is dropped.
    ///
    /// # Errors
    ///
    /// Those of open(2) and of getdents(2).
    fn list(&self, at: &At<'_>, from: u64, entry: &mut TakeEntry<'_>) -> Result;

    /// The text of a link.
    ///
    /// # Errors
    ///
    /// Those of readlink(2).
    fn link(&self, at: &At<'_>, out: &mut [u8]) -> Result<usize>;

    /// The processes of all other nodes, in rising order; process 1 is among them when it
    /// is not [`Place::Here`].
    ///
    /// # Errors
    ///
    /// What the one who lists `/proc` gets. A node that left is no error.
    fn processes(&self) -> Result<KVec<u32>>;
}

static REMOTE: SetOnce<&'static dyn RemoteProc> = SetOnce::new();

/// Shows in `/proc` what `remote` says, from now on. Call it once.
///
/// # Errors
///
/// `EBUSY` the second time.
pub fn install(remote: &'static dyn RemoteProc) -> Result {
    if !REMOTE.populate(remote) {
        return Err(EBUSY);
    }
    // SAFETY: What the hooks ask for is there.
    unsafe { bindings::ssi_proc_begin() };
    Ok(())
}

/// A listing of `/proc` the running task is about to make.
///
/// # Invariants
///
/// `ssi_proc_ask` was good in this task, and returned 1.
pub struct Listing(NotThreadSafe);

impl Listing {
    /// Asks the other nodes for what `fd` lists, if that is `/proc` and shows them: where no
    /// lock is held, for the one on `/proc` is everybody's. `None` if it is something else.
    /// What was asked for is used as long as the value lives. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`RemoteProc::processes`].
    pub fn ask(fd: u32) -> Result<Option<Self>> {
        // SAFETY: Any number may be asked for.
        let found = unsafe { bindings::ssi_proc_ask(fd) };
        to_result(found.min(0))?;
        // INVARIANT: It was just called.
        Ok((found == 1).then_some(Self(NotThreadSafe)))
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_proc_forget() }
    }
}

/// Says whether process 1 is [`Place::Here`]. Any context.
///
/// An answer of [`RemoteProc::place`] says so too; telling it when it changes keeps
/// `/proc/1` right for those who had it open before.
pub fn set_init_here(is_here: bool) {
    // SAFETY: Writes one variable.
    unsafe { bindings::ssi_proc_set_init_here(is_here) }
}

fn remote() -> Result<&'static dyn RemoteProc> {
    REMOTE.copy().ok_or(ENOENT)
}

/// What C gets of a number of bytes, of which `limit` there can be.
fn count(result: Result<usize>, limit: usize) -> isize {
    match result {
        Ok(bytes) => bytes.min(limit) as isize,
        Err(error) => error.to_errno() as isize,
    }
}

fn errno(result: Result) -> c_int {
    result.map_or_else(Error::to_errno, |()| 0)
}

/// # Safety
///
/// None; the other side of the boundary is C.
#[export]
unsafe extern "C" fn ssi_remote_place(tgid: u32) -> c_int {
    match remote().map_or(Place::Nowhere, |remote| remote.place(tgid)) {
        Place::Here | Place::Node(0) => 0,
        Place::Node(node) => c_int::from(node),
        Place::Anywhere => bindings::SSI_ANYWHERE as c_int,
        Place::Nowhere => ENOENT.to_errno(),
    }
}

/// # Safety
///
/// `at` and its path are valid, `out` can be written.
#[export]
unsafe extern "C" fn ssi_remote_look(
    at: *const bindings::ssi_remote_at,
    out: *mut bindings::ssi_proc_attributes,
) -> c_int {
    // SAFETY: By the caller.
    let at = unsafe { place(at) };
    match remote().and_then(|remote| remote.look(&at)) {
        // SAFETY: By the caller.
        Ok(attributes) => unsafe { out.write(attributes.into()) },
        Err(error) => return error.to_errno(),
    }
    0
}

impl From<Attributes> for bindings::ssi_proc_attributes {
    fn from(attributes: Attributes) -> Self {
        Self {
            mode: attributes.mode,
            uid: attributes.uid,
            gid: attributes.gid,
            nlink: attributes.nlink,
            size: attributes.size,
            ino: attributes.ino,
            identity: attributes.identity,
        }
    }
}

/// # Safety
///
/// `at` and its path are valid, and `bytes` can be written to `out`.
#[export]
unsafe extern "C" fn ssi_remote_read(
    at: *const bindings::ssi_remote_at,
    offset: u64,
    out: *mut c_void,
    bytes: usize,
) -> isize {
    // SAFETY: By the caller.
    let (at, out) = unsafe { (place(at), buffer(out, bytes)) };
    let read = remote().and_then(|remote| remote.read(&at, offset, out));
    count(read, bytes)
}

/// # Safety
///
/// `at` is valid, and its path a string, during `'a`.
unsafe fn place<'a>(at: *const bindings::ssi_remote_at) -> At<'a> {
    // SAFETY: By the caller.
    let (at, path) = unsafe { (&*at, CStr::from_char_ptr((*at).path)) };
    At {
        identity: at.identity,
        path: path.to_bytes(),
    }
}

/// # Safety
///
/// `bytes` can be written to `out` during `'a`, by nobody else.
unsafe fn buffer<'a>(out: *mut c_void, bytes: usize) -> &'a mut [u8] {
    // SAFETY: By the caller. What was there before is cleared: bytes of a slice have values.
    unsafe {
        out.cast::<u8>().write_bytes(0, bytes);
        slice::from_raw_parts_mut(out.cast(), bytes)
    }
}

/// # Safety
///
/// `at` and its path are valid, `data` is `bytes` long.
#[export]
unsafe extern "C" fn ssi_remote_write(
    at: *const bindings::ssi_remote_at,
    offset: u64,
    data: *const c_void,
    bytes: usize,
) -> isize {
    // SAFETY: By the caller.
    let at = unsafe { place(at) };
    // SAFETY: By the caller.
    let data = unsafe { slice::from_raw_parts(data.cast(), bytes) };
    let write = remote().and_then(|remote| remote.write(&at, offset, data));
    count(write, bytes)
}

/// # Safety
///
/// `at` and its path are valid, `ctx` that of the running getdents(2).
#[export]
unsafe extern "C" fn ssi_remote_list(
    at: *const bindings::ssi_remote_at,
    from: u64,
    ctx: *mut bindings::dir_context,
) -> c_int {
    // SAFETY: By the caller.
    let (at, node) = unsafe { (place(at), (*at).node) };
    let mut entry = |name: &[u8], ino, kind, next| {
        let (start, bytes) = (name.as_ptr().cast(), name.len());
        // SAFETY: The name is as long as said, and the call of the caller still runs.
        unsafe { bindings::ssi_remote_emit(ctx, node, start, bytes, ino, kind, next) }
    };
    errno(remote().and_then(|remote| remote.list(&at, from, &mut entry)))
}

/// # Safety
///
/// `at` and its path are valid, and `bytes` can be written to `out`.
#[export]
unsafe extern "C" fn ssi_remote_link(
    at: *const bindings::ssi_remote_at,
    out: *mut c_void,
    bytes: usize,
) -> isize {
    // SAFETY: By the caller.
    let (at, out) = unsafe { (place(at), buffer(out, bytes)) };
    let link = remote().and_then(|remote| remote.link(&at, out));
    count(link, bytes)
}

/// # Safety
///
/// `list` and `count` can be written. The list is freed by the caller, with kfree().
#[export]
unsafe extern "C" fn ssi_remote_processes(list: *mut *mut u32, count: *mut usize) -> c_int {
    let (start, length) = match remote().and_then(|remote| remote.processes()) {
        Ok(tgids) if tgids.is_empty() => (core::ptr::null_mut(), 0),
        Ok(tgids) => {
            let (start, length, _) = tgids.into_raw_parts();
            (start, length)
        }
        Err(error) => return error.to_errno(),
    };
    // SAFETY: By the caller.
    unsafe { (list.write(start), count.write(length)) };
    0
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_proc_remote)]
mod tests {
    use core::ptr;

    use super::*;

    /// Position of process 0 in a listing of `/proc`.
    const OFFSET: bindings::loff_t = 258;
    /// Position behind the last process.
    const END: bindings::loff_t = OFFSET + (1 << 22);

    const LOCAL: [u32; 4] = [1, 65540, 65541, 70000];
    const OTHERS: [u32; 5] = [1, 65000, 69999, 131100, 131101];
    const MERGED: [u32; 8] = [1, 65000, 65540, 65541, 69999, 70000, 131100, 131101];

    /// A getdents(2) with room for some entries. C is told its first field.
    #[repr(C)]
    struct Sink {
        ctx: bindings::dir_context,
        room: usize,
        seen: KVec<u32>,
    }

    unsafe extern "C" fn take(
        ctx: *mut bindings::dir_context,
        name: *const c_char,
        bytes: c_int,
        pos: bindings::loff_t,
        _: u64,
        _: c_uint,
    ) -> bool {
        // SAFETY: The context is the first field of a sink, the name as long as said.
        let (sink, name) = unsafe {
            let name = slice::from_raw_parts(name.cast::<u8>(), bytes as usize);
            (&mut *ctx.cast::<Sink>(), name)
        };
        let digits = |tgid, digit: &u8| tgid * 10 + u32::from(digit - b'0');
        let tgid = name.iter().fold(0, digits);
        let taken = sink.room > 0
            && bindings::loff_t::from(tgid) + OFFSET == pos
            && sink.seen.push(tgid, GFP_KERNEL).is_ok();
        sink.room -= usize::from(taken);
        taken
    }

    /// Lists [`LOCAL`] as fs/proc does.
    unsafe extern "C" fn native(_: *mut bindings::file, ctx: *mut bindings::dir_context) -> c_int {
        // SAFETY: The context is valid during the call.
        let start = unsafe { (*ctx).pos };
        for tgid in LOCAL {
            let pos = bindings::loff_t::from(tgid) + OFFSET;
            let mut name = [0; 10];
            let digits = write_digits(&mut name, tgid);
            // SAFETY: As above; the actor is that of the context.
            let taken = pos < start
                || unsafe {
                    (*ctx).pos = pos;
                    let (name, bytes) = (digits.as_ptr().cast(), digits.len() as c_int);
                    (*ctx)
                        .actor
                        .is_some_and(|actor| actor(ctx, name, bytes, pos, 1, 4))
                };
            if !taken {
                return 0;
            }
        }
        // SAFETY: As above.
        unsafe { (*ctx).pos = END };
        0
    }

    fn write_digits(name: &mut [u8; 10], mut tgid: u32) -> &[u8] {
        let mut start = name.len();
        while tgid > 0 {
            start -= 1;
            name[start] = b'0' + (tgid % 10) as u8;
            tgid /= 10;
        }
        &name[start..]
    }

    /// A value of C all of whose bytes are zero.
    fn zeroed<T>() -> Result<KBox<T>> {
        let mut value = KBox::<T>::new_uninit(GFP_KERNEL)?;
        // SAFETY: It is as large as it is; the tests use it for structures of C only.
        unsafe {
            ptr::write_bytes(value.as_mut_ptr(), 0, 1);
            Ok(value.assume_init())
        }
    }

    /// What a reader sees that has room for `room` entries each time.
    fn listed(room: usize) -> Result<KVec<u32>> {
        let mut info = zeroed::<bindings::proc_fs_info>()?;
        let mut sb = zeroed::<bindings::super_block>()?;
        let mut inode = zeroed::<bindings::inode>()?;
        let mut file = zeroed::<bindings::file>()?;
        sb.s_fs_info = (&raw mut *info).cast();
        inode.i_sb = &raw mut *sb;
        file.f_inode = &raw mut *inode;
        let mut sink = KBox::new(
            Sink {
                ctx: bindings::dir_context {
                    actor: Some(take),
                    pos: OFFSET,
                    ..pin_init::zeroed()
                },
                room,
                seen: KVec::new(),
            },
            GFP_KERNEL,
        )?;
        let (others, count) = (OTHERS.as_ptr(), OTHERS.len());
        for _ in 0..=MERGED.len() {
            sink.room = room;
            let ctx = (&raw mut *sink).cast();
            // SAFETY: All of it lives, and the file has what is looked at: a mount of proc.
            let error = unsafe {
                bindings::ssi_proc_merge(&raw mut *file, ctx, Some(native), others, count)
            };
            assert!(error == 0);
        }
        assert!(sink.ctx.pos == END);
        Ok(core::mem::take(&mut sink.seen))
    }

    #[test]
    fn a_listing_has_all_processes_in_order() -> Result {
        assert!(listed(100)?[..] == MERGED);
        Ok(())
    }

    #[test]
    fn a_listing_goes_on_where_it_stopped() -> Result {
        for room in 1..=MERGED.len() {
            assert!(listed(room)?[..] == MERGED);
        }
        Ok(())
    }

    #[test]
    fn a_peer_cannot_claim_more_than_was_asked_for() {
        assert!(count(Ok(5), 4) == 4);
        assert!(count(Ok(3), 4) == 3);
        assert!(count(Err(ESRCH), 4) == ESRCH.to_errno() as isize);
    }
}
