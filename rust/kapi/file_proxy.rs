// SPDX-License-Identifier: GPL-2.0

//! Open files of other nodes.
//!
//! A [`Proxy`] stands for a file another node has open; a program here uses it through
//! the files it is [opened](Proxy::open) as. What they are asked goes to the installed
//! [`Remote`].
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use core::ptr::NonNull;

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
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    str::CStr,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        SetOnce, //
    },
    types::Opaque, //
};

use crate::{
    file_lock::RecordLock,
    file_owner::{
        Request,
        State, //
    },
    page::{
        SharedPage,
        PAGE_BYTES, //
    },
};

pub use crate::file_description::{
    Description,
    Kind,
    Lock,
    Status,
    NAME_BYTES_MAX, //
};

static REMOTE: SetOnce<&'static dyn Remote> = SetOnce::new();

/// Flag of open(2): not to wait.
pub const NONBLOCK: u32 = bindings::O_NONBLOCK;

/// What the files of other nodes are asked, in the context of a task; may sleep.
pub trait Remote: Sync {
    /// Reads to `to`, and says how much.
    ///
    /// # Errors
    ///
    /// Those of read(2).
    fn read(&self, access: &Access<'_>, to: &mut Destination<'_>) -> Result<usize>;

    /// Writes from `from`, and says how much.
    ///
    /// # Errors
    ///
    /// Those of write(2); the signal that goes with `EPIPE` is sent by the caller.
    fn write(&self, access: &Access<'_>, from: &mut Origin<'_>) -> Result<usize>;

    /// What poll(2) says; with `waits` somebody waits until it is woken.
    fn poll(&self, proxy: &Proxy, events: u32, waits: bool) -> u32;

    /// Makes an ioctl(2); `flags` are those of the open file.
    ///
    /// # Errors
    ///
    /// Those of ioctl(2).
    fn ioctl(&self, proxy: &Proxy, flags: u32, number: u32, argument: usize) -> Result<isize>;

    /// As lseek(2).
    ///
    /// # Errors
    ///
    /// Those of lseek(2).
    fn seek(&self, proxy: &Proxy, offset: i64, whence: u32) -> Result<u64>;

    /// As fsync(2), for a part.
    ///
    /// # Errors
    ///
    /// Those of fsync(2).
    fn sync(&self, proxy: &Proxy, start: u64, end: u64, is_data_only: bool) -> Result;

    /// As flock(2), on the file at home.
    ///
    /// # Errors
    ///
    /// Those of flock(2).
    fn lock(&self, proxy: &Proxy, lock: Lock, waits: bool) -> Result;

    /// As `F_SETLK` of fcntl(2), or, with `waits`, `F_SETLKW`. The process of the lock, if it
    /// has one, is that of the running task.
    ///
    /// # Errors
    ///
    /// Those of fcntl(2).
    fn record_lock(&self, proxy: &Proxy, lock: RecordLock, waits: bool) -> Result;

    /// As `F_GETLK` of fcntl(2).
    ///
    /// # Errors
    ///
    /// Those of fcntl(2).
    fn find_lock(&self, proxy: &Proxy, lock: RecordLock) -> Result<Option<RecordLock>>;

    /// The running task, of `process`, closes a file of it, which ends the locks of that.
    fn flushed(&self, proxy: &Proxy, process: u32);

    /// As fstat(2).
    ///
    /// # Errors
    ///
    /// Those of fstat(2).
    fn status(&self, proxy: &Proxy) -> Result<Status>;

    /// As ftruncate(2).
    ///
    /// # Errors
    ///
    /// Those of ftruncate(2).
    fn truncate(&self, proxy: &Proxy, length: u64) -> Result;

    /// What fcntl(2) asks of its owner.
    ///
    /// # Errors
    ///
    /// Those of [`file_owner::serve`](crate::file_owner::serve); `EIO` when its home is gone.
    fn own(&self, proxy: &Proxy, request: &Request) -> Result<State>;

    /// One more file of it is opened.
    ///
    /// # Errors
    ///
    /// `ENXIO` when all were closed meanwhile.
    fn opened(&self, proxy: &Proxy) -> Result;

    /// A file of it was closed.
    fn closed(&self, proxy: &Proxy);
}

/// Makes the file system, and lets `remote` answer for its files. Call it once, from an
/// initcall.
///
/// # Errors
///
/// `ENOMEM`.
pub fn install(remote: &'static dyn Remote) -> Result {
    // SAFETY: Called once, by the contract of this function.
    to_result(unsafe { bindings::ssi_proxy_begin() })?;
    REMOTE.populate(remote);
    Ok(())
}

/// A file another node has open.
///
/// # Invariants
///
/// It was made by `ssi_proxy_new` and is referenced.
#[repr(transparent)]
pub struct Proxy(Opaque<bindings::ssi_proxy>);

// SAFETY: What changes of it has locks or is atomic.
unsafe impl Send for Proxy {}
// SAFETY: As above.
unsafe impl Sync for Proxy {}

// SAFETY: The C side counts references, and frees it with the last.
unsafe impl AlwaysRefCounted for Proxy {
    fn inc_ref(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_proxy_get(self.0.get()) }
    }

    unsafe fn dec_ref(proxy: NonNull<Self>) {
        // SAFETY: By the caller, who gives up a reference.
        unsafe { bindings::ssi_proxy_put(proxy.as_ptr().cast()) }
    }
}

impl Proxy {
    /// The file `handle` of `node` in its life `incarnation`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(
        (node, incarnation): (u8, u64),
        handle: u64,
        about: Description,
        name: &CStr,
    ) -> Result<ARef<Self>> {
        let about = about.to_raw();
        // SAFETY: Both are read during the call; the name ends in a zero byte.
        let raw = unsafe {
            bindings::ssi_proxy_new(node, incarnation, handle, &about, name.as_char_ptr())
        };
        let raw = NonNull::new(raw).ok_or(ENOMEM)?;
        // SAFETY: The reference is handed on; the type is transparent.
        Ok(unsafe { ARef::from_raw(raw.cast()) })
    }

    /// What `file` is a proxy of, `None` for a file of this node.
    pub fn of(file: &LocalFile) -> Option<ARef<Self>> {
        // SAFETY: The file is referenced, and with it its proxy.
        let raw = unsafe { bindings::ssi_proxy_of(file.as_ptr()) };
        // SAFETY: As above; a reference is taken.
        NonNull::new(raw).map(|raw| ARef::from(unsafe { raw.cast::<Self>().as_ref() }))
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::ssi_proxy {
        self.0.get()
    }

    /// A new file of it; [`Remote::closed`] is called when that is closed. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `ENFILE`.
    pub fn open(&self) -> Result<ARef<File>> {
        // SAFETY: Valid by the type invariant.
        let raw = from_err_ptr(unsafe { bindings::ssi_proxy_open(self.0.get()) })?;
        let raw = NonNull::new(raw).ok_or(ENOMEM)?;
        // SAFETY: The reference is handed on, and nobody has looked it up by a number yet.
        Ok(unsafe { ARef::from_raw(raw.cast()) })
    }

    /// The file that was opened, if it is open still. Any context.
    pub fn file(&self) -> Option<ARef<File>> {
        // SAFETY: Valid by the type invariant; a reference is taken.
        let raw = unsafe { bindings::ssi_proxy_file(self.0.get()) };
        // SAFETY: The reference is handed on. The file has no position of its own that a
        // number looked up elsewhere could hold.
        NonNull::new(raw).map(|raw| unsafe { ARef::from_raw(raw.cast()) })
    }

    fn field<T: Copy>(&self, get: impl FnOnce(&bindings::ssi_proxy) -> T) -> T {
        // SAFETY: Valid by the type invariant; only what never changes is looked at.
        get(unsafe { &*self.0.get() })
    }

    /// The node that has it open.
    pub fn node(&self) -> u8 {
        self.field(|raw| raw.node)
    }

    /// In which of its lives.
    pub fn incarnation(&self) -> u64 {
        self.field(|raw| raw.incarnation)
    }

    /// Its name there.
    pub fn handle(&self) -> u64 {
        self.field(|raw| raw.handle)
    }

    /// How it behaves.
    pub fn kind(&self) -> Kind {
        self.field(|raw| Description::from_raw(&raw.about)).kind
    }

    /// The number of the file, as stat(2) has it.
    pub fn ino(&self) -> u64 {
        self.field(|raw| raw.about.ino)
    }

    /// What it is called there, as far as it was told.
    pub fn path(&self) -> &CStr {
        // SAFETY: Valid by the type invariant; the name ends in a zero byte and never changes.
        unsafe { CStr::from_char_ptr((*self.0.get()).name.as_ptr()) }
    }

    /// Wakes who waits for one of `events`. Any context.
    pub fn wake(&self, events: u32) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_proxy_wake(self.0.get(), events) }
    }

    /// Says that its home is gone. Any context.
    pub fn lose(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_proxy_lose(self.0.get()) }
    }

    /// Whether its home is gone.
    pub fn is_lost(&self) -> bool {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_proxy_is_lost(self.0.get()) }
    }

    /// How often it was woken.
    pub fn sequence(&self) -> u32 {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_proxy_sequence(self.0.get()) }
    }

    /// Waits until it was woken since it had been `sequence` times, or is lost, at most so
    /// many microseconds.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` for a signal, `ETIME` when the time is up.
    pub fn wait(&self, sequence: u32, timeout: Option<u64>) -> Result {
        let timeout = timeout.unwrap_or(u64::MAX);
        // SAFETY: Valid by the type invariant.
        to_result(unsafe { bindings::ssi_proxy_wait(self.0.get(), sequence, timeout) })
    }
}

/// How a file is used.
pub struct Access<'a> {
    /// Which one.
    pub proxy: &'a Proxy,
    /// Flags of open(2), as they are now.
    pub flags: u32,
    /// Where, `None` for where all users of it are.
    pub position: Option<u64>,
}

impl Access<'_> {
    /// # Safety
    ///
    /// `raw` and its proxy are valid during `'a`.
    unsafe fn from_raw<'a>(raw: *const bindings::ssi_proxy_access) -> Access<'a> {
        // SAFETY: By the caller.
        let raw = unsafe { &*raw };
        Access {
            // SAFETY: By the caller.
            proxy: unsafe { proxy(raw.proxy) },
            flags: raw.flags,
            position: raw.position.try_into().ok(),
        }
    }

    /// Sends the running task the signal of a pipe whose reader left in the middle of a
    /// write, of which a part went.
    pub fn broken(&self) {
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_proxy_broken() }
    }

    /// Whether to wait when it is not ready.
    pub fn waits(&self) -> bool {
        self.flags & NONBLOCK == 0
    }
}

/// Where what is read goes.
pub struct Destination<'a>(&'a mut IovIterDest<'a>);

impl<'a> Destination<'a> {
    pub(crate) fn new(iter: &'a mut IovIterDest<'a>) -> Self {
        Self(iter)
    }

    /// How much may still come.
    pub fn room(&self) -> usize {
        self.0.len()
    }

    /// Takes `bytes`, and says how many it took: fewer when its memory is no good.
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        self.0.copy_to_iter(bytes)
    }

    /// As [`put`](Self::put), with the first `bytes` of `page`.
    pub fn put_page(&mut self, page: &SharedPage, bytes: usize) -> usize {
        let bytes = bytes.min(PAGE_BYTES);
        // SAFETY: So much is there of the page.
        unsafe { bindings::ssi_page_to_iter(page.as_ptr(), bytes, self.0.as_raw()) }
    }
}

/// Where what is written comes from.
pub struct Origin<'a> {
    iter: &'a mut IovIterSource<'a>,
    taken: usize,
}

impl<'a> Origin<'a> {
    pub(crate) fn new(iter: &'a mut IovIterSource<'a>) -> Self {
        Self { iter, taken: 0 }
    }

    /// How much is left.
    pub fn left(&self) -> usize {
        self.iter.len()
    }

    /// Takes as many bytes as `to` has, and says how many it got: fewer at the end, or
    /// when its memory is no good.
    pub fn take(&mut self, to: &mut [u8]) -> usize {
        let taken = self.iter.copy_from_iter(to);
        self.taken += taken;
        taken
    }

    /// As [`take`](Self::take), to the beginning of `page`.
    pub fn take_page(&mut self, page: &SharedPage, bytes: usize) -> usize {
        let bytes = bytes.min(PAGE_BYTES);
        // SAFETY: So much is there of the page.
        let taken =
            unsafe { bindings::ssi_page_from_iter(page.as_ptr(), bytes, self.iter.as_raw()) };
        self.taken += taken;
        taken
    }

    /// Gives the last `bytes` back that were taken.
    pub fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.taken);
        self.taken -= bytes;
        // SAFETY: So many were taken.
        unsafe { self.iter.revert(bytes) }
    }
}

/// # Safety
///
/// `raw` is valid during `'a`.
pub(crate) unsafe fn proxy<'a>(raw: *mut bindings::ssi_proxy) -> &'a Proxy {
    // SAFETY: By the caller; the type is transparent.
    unsafe { &*raw.cast() }
}

fn remote() -> Result<&'static dyn Remote> {
    REMOTE.copy().ok_or(EIO)
}

/// Asks the home of `proxy` about its owner. May sleep.
pub(crate) fn own(proxy: &Proxy, request: &Request) -> Result<State> {
    remote()?.own(proxy, request)
}

pub(crate) fn size(result: Result<usize>) -> isize {
    result.map_or_else(|error| error.to_errno() as isize, |size| size as isize)
}

pub(crate) fn errno(result: Result) -> c_int {
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

/// # Safety
///
/// `access` and its proxy are valid, `to` an iterator that can be written.
#[export]
unsafe extern "C" fn ssi_proxy_read(
    access: *const bindings::ssi_proxy_access,
    to: *mut bindings::iov_iter,
) -> isize {
    // SAFETY: By the caller.
    let (access, to) = unsafe { (Access::from_raw(access), IovIterDest::from_raw(to)) };
    size(remote().and_then(|remote| remote.read(&access, &mut Destination::new(to))))
}

/// # Safety
///
/// `access` and its proxy are valid, `from` an iterator that can be read.
#[export]
unsafe extern "C" fn ssi_proxy_write(
    access: *const bindings::ssi_proxy_access,
    from: *mut bindings::iov_iter,
) -> isize {
    // SAFETY: By the caller.
    let (access, iter) = unsafe { (Access::from_raw(access), IovIterSource::from_raw(from)) };
    let mut from = Origin::new(iter);
    size(remote().and_then(|remote| remote.write(&access, &mut from)))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_poll(
    raw: *mut bindings::ssi_proxy,
    events: u32,
    waits: bool,
) -> u32 {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    remote().map_or(bindings::POLLERR, |remote| {
        remote.poll(proxy, events, waits)
    })
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_ioctl(
    raw: *mut bindings::ssi_proxy,
    flags: u32,
    number: u32,
    argument: usize,
) -> isize {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    remote()
        .and_then(|remote| remote.ioctl(proxy, flags, number, argument))
        .unwrap_or_else(|error| error.to_errno() as isize)
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_seek(
    raw: *mut bindings::ssi_proxy,
    offset: i64,
    whence: c_int,
) -> i64 {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    let position = remote().and_then(|remote| remote.seek(proxy, offset, whence as u32));
    position.map_or_else(
        |error| error.to_errno().into(),
        |position| position.try_into().unwrap_or(i64::MAX),
    )
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_sync(
    raw: *mut bindings::ssi_proxy,
    start: u64,
    end: u64,
    is_data_only: bool,
) -> c_int {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    errno(remote().and_then(|remote| remote.sync(proxy, start, end, is_data_only)))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_lock(raw: *mut bindings::ssi_proxy, lock: u8, waits: bool) -> c_int {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    let lock = Lock::from_raw(lock.into());
    errno(remote().and_then(|remote| remote.lock(proxy, lock?, waits)))
}

/// # Safety
///
/// The proxy is valid, `lock` can be read.
#[export]
unsafe extern "C" fn ssi_proxy_record_lock(
    raw: *mut bindings::ssi_proxy,
    lock: *const bindings::ssi_record_lock,
    waits: bool,
) -> c_int {
    // SAFETY: By the caller.
    let (proxy, lock) = unsafe { (proxy(raw), &*lock) };
    let lock = RecordLock::from_raw(lock);
    errno(remote().and_then(|remote| remote.record_lock(proxy, lock?, waits)))
}

fn found(proxy: &Proxy, lock: &bindings::ssi_record_lock) -> Result<bindings::ssi_record_lock> {
    let wanted = RecordLock::from_raw(lock)?;
    let none = RecordLock {
        lock: Lock::None,
        ..wanted
    };
    let found = remote()?.find_lock(proxy, wanted)?;
    found.unwrap_or(none).to_raw()
}

/// # Safety
///
/// The proxy is valid, `lock` can be read and written.
#[export]
unsafe extern "C" fn ssi_proxy_test_lock(
    raw: *mut bindings::ssi_proxy,
    lock: *mut bindings::ssi_record_lock,
) -> c_int {
    // SAFETY: By the caller.
    let (proxy, lock) = unsafe { (proxy(raw), &mut *lock) };
    errno(found(proxy, lock).map(|found| *lock = found))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_flush(raw: *mut bindings::ssi_proxy, process: u32) {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    if let Ok(remote) = remote() {
        remote.flushed(proxy, process);
    }
}

/// # Safety
///
/// The proxy is valid, `out` can be written.
#[export]
unsafe extern "C" fn ssi_proxy_status(
    raw: *mut bindings::ssi_proxy,
    out: *mut bindings::ssi_file_status,
) -> c_int {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    match remote().and_then(|remote| remote.status(proxy)) {
        // SAFETY: By the caller.
        Ok(status) => unsafe { out.write(status.to_raw()) },
        Err(error) => return error.to_errno(),
    }
    0
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_truncate(raw: *mut bindings::ssi_proxy, length: u64) -> c_int {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    errno(remote().and_then(|remote| remote.truncate(proxy, length)))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_opened(raw: *mut bindings::ssi_proxy) -> c_int {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    errno(remote().and_then(|remote| remote.opened(proxy)))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_proxy_closed(raw: *mut bindings::ssi_proxy) {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    if let Ok(remote) = remote() {
        remote.closed(proxy);
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_file_proxy)]
mod tests {
    use super::*;
    use crate::{
        event::{
            Event,
            Patience, //
        },
        file_fixture::{
            self,
            pipe,
            regular,
            sockets, //
        },
        file_home::{
            self,
            HomeFile,
            Place,
            READABLE, //
        },
        file_lock::Pending,
        thread::{
            self,
            Thread, //
        },
    };
    use kernel::sync::{
        atomic::{
            ordering::Relaxed,
            Atomic, //
        },
        Arc, //
    };

    /// Asks files of this node: a handle is the address of one.
    struct Near;

    static OPENED: Atomic<u32> = Atomic::new(0);
    static CLOSED: Atomic<u32> = Atomic::new(0);

    fn home(proxy: &Proxy) -> &HomeFile {
        // SAFETY: Each test keeps its file as long as the proxy is used.
        unsafe { &*(proxy.handle() as *const HomeFile) }
    }

    fn near(access: &Access<'_>) -> file_home::Access {
        file_home::Access {
            position: access.position,
            flags: access.flags,
        }
    }

    impl Remote for Near {
        fn read(&self, access: &Access<'_>, to: &mut Destination<'_>) -> Result<usize> {
            let mut text = [0; 64];
            let most = to.room().min(text.len());
            loop {
                let sequence = access.proxy.sequence();
                let place = Place::Buffer(&mut text[..most]);
                match home(access.proxy).read(near(access), place) {
                    Err(EAGAIN) if access.waits() => access.proxy.wait(sequence, None)?,
                    read => {
                        let read = read?;
                        return Ok(to.put(&text[..read]));
                    }
                }
                if access.proxy.is_lost() {
                    return Err(EIO);
                }
            }
        }

        fn write(&self, access: &Access<'_>, from: &mut Origin<'_>) -> Result<usize> {
            let mut text = [0; 4];
            let taken = from.take(&mut text);
            from.give_back(1);
            let place = Place::Buffer(&mut text[..taken - 1]);
            home(access.proxy).write(near(access), place)
        }

        fn poll(&self, proxy: &Proxy, _: u32, _: bool) -> u32 {
            home(proxy).poll()
        }

        fn ioctl(&self, _: &Proxy, _: u32, _: u32, _: usize) -> Result<isize> {
            Err(ENOTTY)
        }

        fn seek(&self, proxy: &Proxy, offset: i64, whence: u32) -> Result<u64> {
            home(proxy).seek(offset, whence)
        }

        fn sync(&self, proxy: &Proxy, start: u64, end: u64, is_data_only: bool) -> Result {
            home(proxy).sync(start, end, is_data_only)
        }

        fn lock(&self, proxy: &Proxy, lock: Lock, _: bool) -> Result {
            home(proxy).lock(lock)
        }

        fn record_lock(&self, proxy: &Proxy, lock: RecordLock, _: bool) -> Result {
            let mut pending = Pending::new(home(proxy), lock, false, 0)?;
            pending.attempt().map(|_| ())
        }

        fn find_lock(&self, proxy: &Proxy, lock: RecordLock) -> Result<Option<RecordLock>> {
            home(proxy).find_lock(lock)
        }

        fn flushed(&self, proxy: &Proxy, process: u32) {
            home(proxy).unlock(process.into());
        }

        fn status(&self, proxy: &Proxy) -> Result<Status> {
            home(proxy).status()
        }

        fn truncate(&self, proxy: &Proxy, length: u64) -> Result {
            home(proxy).truncate(length)
        }

        fn own(&self, proxy: &Proxy, request: &Request) -> Result<State> {
            home(proxy).own(request)
        }

        fn opened(&self, _: &Proxy) -> Result {
            OPENED.fetch_add(1u32, Relaxed);
            Ok(())
        }

        fn closed(&self, _: &Proxy) {
            CLOSED.fetch_add(1u32, Relaxed);
        }
    }

    fn proxy(home: &HomeFile) -> Result<ARef<Proxy>> {
        if REMOTE.as_ref().is_none() {
            install(&Near)?;
        }
        let mut room = [0; NAME_BYTES_MAX + 1];
        let (about, name) = home.describe(&mut room);
        Proxy::new((3, 1), (home as *const HomeFile).addr() as u64, about, name)
    }

    #[test]
    fn a_file_reads_and_writes_at_home() -> Result {
        let (out, into) = pipe()?;
        let homes = (HomeFile::new(&out)?, HomeFile::new(&into)?);
        let proxies = (proxy(&homes.0)?, proxy(&homes.1)?);
        let files = (proxies.0.open()?, proxies.1.open()?);
        // Each write takes one byte less than it could.
        assert!(file_fixture::write(&files.1, b"data")? == 3);
        let mut text = [0; 8];
        assert!(file_fixture::read(&files.0, &mut text)? == 3 && text.starts_with(b"dat"));
        assert!(file_fixture::poll(&files.0) & READABLE == 0);
        assert!(file_fixture::write(&into, b"data")? == 4);
        assert!(file_fixture::poll(&files.0) & READABLE != 0);
        drop(out);
        Ok(())
    }

    #[test]
    fn positions_are_those_at_home() -> Result {
        let file = regular()?;
        let home = HomeFile::new(&file)?;
        let away = proxy(&home)?.open()?;
        let mut text = [0; 8];
        assert!(file_fixture::write(&file, b"0123456")? == 7);
        assert!(home.seek(1, 0) == Ok(1));
        assert!(file_fixture::read(&away, &mut text[..2])? == 2);
        assert!(text.starts_with(b"12") && home.seek(0, 1) == Ok(3));
        assert!(file_fixture::read(&file, &mut text[..2])? == 2 && text.starts_with(b"34"));
        assert!(file_fixture::read(&away, &mut text)? == 2 && text.starts_with(b"56"));
        assert!(file_fixture::read(&away, &mut text)? == 0);
        Ok(())
    }

    /// A thread that reads a byte, and what it got.
    struct Reader {
        file: ARef<File>,
        done: Event,
        result: Atomic<i32>,
    }

    fn reader(file: ARef<File>) -> Result<(Arc<Reader>, Thread<Arc<Reader>>)> {
        let reader = Arc::new(
            Reader {
                file,
                done: Event::new()?,
                result: Atomic::new(0),
            },
            GFP_KERNEL,
        )?;
        let shared = Arc::new(reader.clone(), GFP_KERNEL)?;
        let thread = Thread::spawn(c"ssi_kunit", shared, |reader| {
            let read = file_fixture::read(&reader.file, &mut [0; 1]);
            let result = read.map_or_else(|error| error.to_errno(), |bytes| bytes as i32);
            reader.result.store(result, Relaxed);
            reader.done.raise();
        })?;
        Ok((reader, thread))
    }

    #[test]
    fn who_waits_is_woken() -> Result {
        let (out, into) = pipe()?;
        let home = HomeFile::new(&out)?;
        let proxy = proxy(&home)?;
        let (reader, thread) = reader(proxy.open()?)?;
        assert!(reader.done.wait(Patience::Always, Some(30_000)) == Err(ETIME));
        // Woken for nothing, it waits on.
        proxy.wake(READABLE);
        assert!(reader.done.wait(Patience::Always, Some(30_000)) == Err(ETIME));
        assert!(file_fixture::write(&into, b"x")? == 1);
        proxy.wake(READABLE);
        assert!(reader.done.wait(Patience::Always, Some(5_000_000)).is_ok());
        assert!(reader.result.load(Relaxed) == 1);
        drop(thread);
        Ok(())
    }

    #[test]
    fn nobody_waits_for_a_lost_home() -> Result {
        let (out, _into) = pipe()?;
        let home = HomeFile::new(&out)?;
        let proxy = proxy(&home)?;
        let (reader, thread) = reader(proxy.open()?)?;
        assert!(reader.done.wait(Patience::Always, Some(30_000)) == Err(ETIME));
        proxy.lose();
        assert!(reader.done.wait(Patience::Always, Some(5_000_000)).is_ok());
        assert!(reader.result.load(Relaxed) == EIO.to_errno() && proxy.is_lost());
        drop(thread);
        Ok(())
    }

    #[test]
    fn a_socket_stands_for_a_socket() -> Result {
        let (one, other) = sockets(1)?;
        let home = HomeFile::new(&one)?;
        let proxy = proxy(&home)?;
        let file = proxy.open()?;
        assert!(Proxy::of(&file).is_some_and(|found| found.handle() == proxy.handle()));
        assert!(proxy.file().is_some() && Proxy::of(&one).is_none());
        assert!(
            HomeFile::new(&file)?
                .describe(&mut [0; NAME_BYTES_MAX + 1])
                .0
                .socket
                == 1
        );
        assert!(file_fixture::poll(&file) & READABLE == 0);
        assert!(file_fixture::write(&other, b"data")? == 4);
        assert!(file_fixture::poll(&file) & READABLE != 0);
        let before = CLOSED.load(Relaxed);
        drop(file);
        for _ in 0..200 {
            if CLOSED.load(Relaxed) != before {
                break;
            }
            thread::sleep(10_000);
        }
        assert!(CLOSED.load(Relaxed) > before && proxy.file().is_none());
        Ok(())
    }

    #[test]
    fn a_file_is_found_while_it_is_open() -> Result {
        let (out, _into) = pipe()?;
        let home = HomeFile::new(&out)?;
        let proxy = proxy(&home)?;
        assert!(proxy.file().is_none());
        let before = CLOSED.load(Relaxed);
        let file = proxy.open()?;
        assert!(proxy
            .file()
            .is_some_and(|found| found.as_ptr() == file.as_ptr()));
        assert!(Proxy::of(&file).is_some_and(|found| found.handle() == proxy.handle()));
        assert!(Proxy::of(&out).is_none());
        drop(file);
        for _ in 0..200 {
            if CLOSED.load(Relaxed) != before {
                break;
            }
            thread::sleep(10_000);
        }
        assert!(CLOSED.load(Relaxed) > before && proxy.file().is_none());
        assert!((proxy.node(), proxy.incarnation(), proxy.kind()) == (3, 1, Kind::Pipe));
        Ok(())
    }
}
