// SPDX-License-Identifier: GPL-2.0

//! Sockets of other nodes.
//!
//! What the sockets that stand for them are asked, beyond what [`file_proxy`] asks of any
//! file: it goes to the installed [`Remote`].
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use core::slice;

use kernel::{
    bindings,
    error::to_result,
    fs::File,
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        SetOnce, //
    }, //
};

use crate::file_proxy::{
    errno,
    proxy,
    size,
    Destination,
    Origin,
    Proxy, //
};

static REMOTE: SetOnce<&'static dyn Remote> = SetOnce::new();

/// Flag of send(2) and recv(2): not to wait.
pub const DONTWAIT: u32 = bindings::MSG_DONTWAIT;
/// Flag of recv(2): to wait for all of it.
pub const WAITALL: u32 = bindings::MSG_WAITALL;
/// Flag recvmsg(2) gives: there was more control data.
pub const CONTROL_CUT: u32 = bindings::MSG_CTRUNC;

/// What sockets of other nodes are asked, in the context of a task; may sleep. The errors are
/// those of the system call it is like.
pub trait Remote: Sync {
    /// As sendmsg(2); the signal that goes with `EPIPE` is sent by the caller.
    ///
    /// # Errors
    ///
    /// Those of sendmsg(2).
    fn send(&self, sending: &Sending<'_>, from: &mut Origin<'_>) -> Result<usize>;

    /// As recvmsg(2).
    ///
    /// # Errors
    ///
    /// Those of recvmsg(2).
    fn receive(&self, receiving: &mut Receiving<'_>, to: &mut Destination<'_>) -> Result<usize>;

    /// As accept(2): a new proxy, for which [`closed`](crate::file_proxy::Remote::closed)
    /// will be called.
    ///
    /// # Errors
    ///
    /// Those of accept(2).
    fn accept(&self, proxy: &Proxy, waits: Waits) -> Result<ARef<Proxy>>;

    /// As connect(2).
    ///
    /// # Errors
    ///
    /// Those of connect(2).
    fn connect(&self, proxy: &Proxy, address: &[u8], waits: Waits) -> Result;

    /// As bind(2).
    ///
    /// # Errors
    ///
    /// Those of bind(2).
    fn bind(&self, proxy: &Proxy, address: &[u8]) -> Result;

    /// As listen(2).
    ///
    /// # Errors
    ///
    /// Those of listen(2).
    fn listen(&self, proxy: &Proxy, backlog: u32) -> Result;

    /// As shutdown(2); `how` is one of its three numbers.
    ///
    /// # Errors
    ///
    /// Those of shutdown(2).
    fn shut_down(&self, proxy: &Proxy, how: u8) -> Result;

    /// Its address for 0, that of the other end for 1, and for 2 of one that was accepted;
    /// how long it is.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    fn name(&self, proxy: &Proxy, whose: u8, out: &mut [u8]) -> Result<usize>;

    /// As getsockopt(2); how long the value is.
    ///
    /// # Errors
    ///
    /// Those of getsockopt(2).
    fn option(&self, proxy: &Proxy, level: u32, option: u32, out: &mut [u8]) -> Result<usize>;

    /// As setsockopt(2).
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2).
    fn set_option(&self, proxy: &Proxy, level: u32, option: u32, value: &[u8]) -> Result;
}

/// Whether a task waits until a socket is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl Waits {
    fn new(waits: bool) -> Self {
        match waits {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

/// Lets `remote` answer for sockets. The first call counts.
pub fn install(remote: &'static dyn Remote) {
    REMOTE.populate(remote);
}

/// What is sent beside the data.
pub struct Sending<'a> {
    /// By which socket.
    pub proxy: &'a Proxy,
    /// Flags of send(2).
    pub flags: u32,
    /// To whom, empty for whom it is connected to.
    pub address: &'a [u8],
    /// Control data, as sendmsg(2) has it.
    pub control: &'a [u8],
}

/// What is received, and where it goes beside the data.
pub struct Receiving<'a> {
    /// By which socket.
    pub proxy: &'a Proxy,
    /// Flags of recv(2).
    pub flags: u32,
    /// How much control data there may be.
    pub control_room: usize,
    message: *mut bindings::msghdr,
}

impl Receiving<'_> {
    /// Says from whom it came.
    pub fn put_address(&mut self, address: &[u8]) {
        let (start, length) = (address.as_ptr().cast(), address.len());
        // SAFETY: The message is valid as long as this; so many bytes are read.
        unsafe { bindings::ssi_remote_socket_put_address(self.message, start, length) }
    }

    /// Says more of it.
    pub fn put_flags(&mut self, flags: u32) {
        // SAFETY: The message is valid as long as this.
        unsafe { bindings::ssi_remote_socket_put_flags(self.message, flags) }
    }

    /// Adds an item of control data, or says that it was cut.
    ///
    /// # Errors
    ///
    /// `EFAULT` when the memory is no good.
    pub fn put_control(&mut self, level: u32, kind: u32, data: &mut [u8]) -> Result {
        let (start, length) = (data.as_mut_ptr().cast(), data.len());
        let (level, kind) = (level as c_int, kind as c_int);
        // SAFETY: The message is valid as long as this; so many bytes are read.
        to_result(unsafe {
            bindings::ssi_remote_socket_put_control(self.message, level, kind, start, length)
        })
    }

    /// Gives the running task a number for `file`.
    ///
    /// # Errors
    ///
    /// `EMFILE`, `ENOMEM`.
    pub fn give(&self, file: &File) -> Result<u32> {
        let ends_with_exec = self.flags & bindings::MSG_CMSG_CLOEXEC != 0;
        // SAFETY: The file is referenced; the number takes a reference of its own.
        let number = unsafe { bindings::ssi_remote_socket_give(file.as_ptr(), ends_with_exec) };
        size_of(number).map(|number| number as u32)
    }
}

fn size_of(result: c_int) -> Result<usize> {
    usize::try_from(result).map_err(|_| Error::from_errno(result))
}

fn remote() -> Result<&'static dyn Remote> {
    REMOTE.copy().ok_or(EIO)
}

fn number(result: Result<usize>) -> c_int {
    size(result) as c_int
}

/// # Safety
///
/// So many bytes can be read at `start` during `'a`, or there are none.
unsafe fn text<'a>(start: *const c_void, length: usize) -> &'a [u8] {
    match length {
        0 => &[],
        // SAFETY: By the caller.
        _ => unsafe { slice::from_raw_parts(start.cast(), length) },
    }
}

/// # Safety
///
/// So many bytes can be written at `start` during `'a`, by nobody else.
unsafe fn room<'a>(start: *mut c_void, length: usize) -> &'a mut [u8] {
    match length {
        0 => &mut [],
        // SAFETY: By the caller.
        _ => unsafe { slice::from_raw_parts_mut(start.cast(), length) },
    }
}

/// # Safety
///
/// `sending` and all in it is valid, `from` an iterator that can be read.
#[export]
unsafe extern "C" fn ssi_remote_socket_send(
    sending: *const bindings::ssi_remote_socket_sending,
    from: *mut bindings::iov_iter,
) -> isize {
    // SAFETY: By the caller.
    let (raw, iter) = unsafe { (&*sending, IovIterSource::from_raw(from)) };
    let sending = Sending {
        // SAFETY: By the caller.
        proxy: unsafe { proxy(raw.proxy) },
        flags: raw.flags,
        // SAFETY: By the caller.
        address: unsafe { text(raw.address, raw.address_bytes) },
        // SAFETY: By the caller.
        control: unsafe { text(raw.control, raw.control_bytes) },
    };
    size(remote().and_then(|remote| remote.send(&sending, &mut Origin::new(iter))))
}

/// # Safety
///
/// `receiving` and all in it is valid, `to` an iterator that can be written.
#[export]
unsafe extern "C" fn ssi_remote_socket_receive(
    receiving: *const bindings::ssi_remote_socket_receiving,
    to: *mut bindings::iov_iter,
) -> isize {
    // SAFETY: By the caller.
    let (raw, iter) = unsafe { (&*receiving, IovIterDest::from_raw(to)) };
    let mut receiving = Receiving {
        // SAFETY: By the caller.
        proxy: unsafe { proxy(raw.proxy) },
        flags: raw.flags,
        control_room: raw.control_room,
        message: raw.message,
    };
    size(remote().and_then(|remote| remote.receive(&mut receiving, &mut Destination::new(iter))))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_remote_socket_accept(
    raw: *mut bindings::ssi_proxy,
    waits: bool,
) -> *mut bindings::ssi_proxy {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    match remote().and_then(|remote| remote.accept(proxy, Waits::new(waits))) {
        Ok(accepted) => ARef::into_raw(accepted).as_ptr().cast(),
        Err(error) => error.to_ptr(),
    }
}

/// # Safety
///
/// The proxy is valid, and so many bytes of the address.
#[export]
unsafe extern "C" fn ssi_remote_socket_connect(
    raw: *mut bindings::ssi_proxy,
    address: *const c_void,
    bytes: usize,
    waits: bool,
) -> c_int {
    // SAFETY: By the caller.
    let (proxy, address) = unsafe { (proxy(raw), text(address, bytes)) };
    errno(remote().and_then(|remote| remote.connect(proxy, address, Waits::new(waits))))
}

/// # Safety
///
/// The proxy is valid, and so many bytes of the address.
#[export]
unsafe extern "C" fn ssi_remote_socket_bind(
    raw: *mut bindings::ssi_proxy,
    address: *const c_void,
    bytes: usize,
) -> c_int {
    // SAFETY: By the caller.
    let (proxy, address) = unsafe { (proxy(raw), text(address, bytes)) };
    errno(remote().and_then(|remote| remote.bind(proxy, address)))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_remote_socket_listen(
    raw: *mut bindings::ssi_proxy,
    backlog: u32,
) -> c_int {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    errno(remote().and_then(|remote| remote.listen(proxy, backlog)))
}

/// # Safety
///
/// The proxy is valid.
#[export]
unsafe extern "C" fn ssi_remote_socket_shutdown(raw: *mut bindings::ssi_proxy, how: u8) -> c_int {
    // SAFETY: By the caller.
    let proxy = unsafe { proxy(raw) };
    errno(remote().and_then(|remote| remote.shut_down(proxy, how)))
}

/// # Safety
///
/// The proxy is valid, and so many bytes of the address can be written.
#[export]
unsafe extern "C" fn ssi_remote_socket_name(
    raw: *mut bindings::ssi_proxy,
    whose: u8,
    address: *mut c_void,
    bytes: usize,
) -> c_int {
    // SAFETY: By the caller.
    let (proxy, out) = unsafe { (proxy(raw), room(address, bytes)) };
    number(remote().and_then(|remote| remote.name(proxy, whose, out)))
}

/// # Safety
///
/// The proxy is valid, and so many bytes of the value can be written.
#[export]
unsafe extern "C" fn ssi_remote_socket_get(
    raw: *mut bindings::ssi_proxy,
    level: u32,
    option: u32,
    value: *mut c_void,
    bytes: usize,
) -> c_int {
    // SAFETY: By the caller.
    let (proxy, out) = unsafe { (proxy(raw), room(value, bytes)) };
    number(remote().and_then(|remote| remote.option(proxy, level, option, out)))
}

/// # Safety
///
/// The proxy is valid, and so many bytes of the value.
#[export]
unsafe extern "C" fn ssi_remote_socket_set(
    raw: *mut bindings::ssi_proxy,
    level: u32,
    option: u32,
    value: *const c_void,
    bytes: usize,
) -> c_int {
    // SAFETY: By the caller.
    let (proxy, value) = unsafe { (proxy(raw), text(value, bytes)) };
    errno(remote().and_then(|remote| remote.set_option(proxy, level, option, value)))
}
