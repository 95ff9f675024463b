// SPDX-License-Identifier: GPL-2.0

//! Sockets of the kernel.
//!
//! TCP and UDP over IPv4, in the first network name space. A [`Socket`] is used from
//! process context, by any number of threads; calls do not wait unless they are
//! named so. Instead a watched socket raises a bit of a [`Notifier`] when
//! something can be read or written again, or when the connection changed.
//!
//! C header: [`include/linux/ssi_kapi.h`](srctree/include/linux/ssi_kapi.h)

use core::{
    fmt,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    str::CStr,
    sync::{
        Arc,
        SetOnce, //
    },
};

use crate::{
    notifier::Notifier,
    page::{
        SharedPage,
        PAGE_BYTES, //
    },
};

/// Most parts of one message.
pub const PARTS_MAX: usize = 8;

/// Most pages of one message.
pub const PIECES_MAX: usize = 16;

/// What a socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stream of bytes: TCP.
    Stream,
    /// Messages of their own: UDP.
    Datagram,
}

/// State of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The other side did not answer yet.
    Connecting,
    /// Both directions are open.
    Open,
    /// At least one direction is not.
    Closed,
}

/// An IPv4 address, in the order it is written in, and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub address: [u8; 4],
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// `port` at `address`.
    pub const fn new(address: [u8; 4], port: u16) -> Self {
        Self { address, port }
    }

    fn to_raw(self) -> bindings::ssi_endpoint {
        bindings::ssi_endpoint {
            address: u32::from_be_bytes(self.address),
            port: self.port,
        }
    }

    fn from_raw(raw: bindings::ssi_endpoint) -> Self {
        Self::new(raw.address.to_be_bytes(), raw.port)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.address;
        write!(f, "{a}.{b}.{c}.{d}:{}", self.port)
    }
}

/// What happened to a watched socket since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News(u32);

impl News {
    /// Something may be there to be read or accepted.
    pub const fn readable(self) -> bool {
        self.0 & bindings::SSI_SOCKET_READABLE != 0
    }

    /// There may be room to write again.
    pub const fn writable(self) -> bool {
        self.0 & bindings::SSI_SOCKET_WRITABLE != 0
    }

    /// The connection was made, broken or closed.
    pub const fn changed(self) -> bool {
        self.0 & bindings::SSI_SOCKET_CHANGED != 0
    }
}

/// Whether a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It answers at once, with `EAGAIN` if it would have to wait.
    Never,
    /// It waits, until a signal comes.
    Always,
}

impl Wait {
    const fn flags(self) -> u32 {
        match self {
            Self::Never => bindings::SSI_SOCKET_DONTWAIT,
            Self::Always => 0,
        }
    }
}

/// Whether more is sent at once behind this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// Nothing: it goes out now.
    Nothing,
    /// More: it may wait for that.
    Follows,
}

impl More {
    const fn flags(self) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Follows => bindings::SSI_SOCKET_MORE,
        }
    }
}

/// A socket of the kernel.
///
/// # Invariants
///
/// `raw` was made by the C side and is not freed yet. If it is watched, `watcher`
/// holds the notifier.
pub struct Socket {
    raw: NonNull<bindings::ssi_socket>,
    /// Dropped behind the socket, whose callbacks use it.
    watcher: SetOnce<Arc<Notifier>>,
}

// SAFETY: Sockets have locks of their own.
unsafe impl Send for Socket {}
// SAFETY: As above; a watcher is set once.
unsafe impl Sync for Socket {}

impl Socket {
    /// A socket without a name. A stream sends at once what it is given
    /// (`TCP_NODELAY`). May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or what the network stack says.
    pub fn new(kind: Kind) -> Result<Self> {
        let kind = match kind {
            Kind::Stream => bindings::ssi_socket_kind_SSI_SOCKET_STREAM,
            Kind::Datagram => bindings::ssi_socket_kind_SSI_SOCKET_DATAGRAM,
        };
        // SAFETY: No preconditions.
        Self::wrap(unsafe { bindings::ssi_socket_new(kind) })
    }

    fn wrap(raw: *mut bindings::ssi_socket) -> Result<Self> {
        let raw = NonNull::new(from_err_ptr(raw)?).ok_or(ENOMEM)?;
        // INVARIANT: It was made just now, and is not watched.
        Ok(Self {
            raw,
            watcher: SetOnce::new(),
        })
    }

    /// Gives it the name `local`; port 0 is any free one. With a `device` it sends
    /// and receives through that alone. May sleep.
    ///
    /// # Errors
    ///
    /// `ENODEV` without such a device, `EADDRINUSE`, `EADDRNOTAVAIL`.
    pub fn bind(&self, local: Endpoint, device: Option<&CStr>) -> Result {
        let device = device.map_or(core::ptr::null(), CStr::as_char_ptr);
        // SAFETY: Valid by the type invariant; the name ends in a zero byte.
        to_result(unsafe { bindings::ssi_socket_bind(self.raw.as_ptr(), &local.to_raw(), device) })
    }

    /// Lets others connect; at most `backlog` wait to be accepted. May sleep.
    ///
    /// # Errors
    ///
    /// What the network stack says.
    pub fn listen(&self, backlog: u16) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe { bindings::ssi_socket_listen(self.raw.as_ptr(), c_int::from(backlog)) })
    }

    /// The next connection of a listener. May sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is none, `ENOMEM`, `ERESTARTSYS` for a signal.
    pub fn accept(&self, wait: Wait) -> Result<Self> {
        // SAFETY: Valid by the type invariant.
        Self::wrap(unsafe { bindings::ssi_socket_accept(self.raw.as_ptr(), wait.flags()) })
    }

    /// Connects a stream to `peer`. May sleep.
    ///
    /// # Errors
    ///
    /// `EINPROGRESS` when it is not to wait: [`state`](Self::state) tells how it
    /// went. Otherwise what the network stack says.
    pub fn connect(&self, peer: Endpoint, wait: Wait) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe {
            bindings::ssi_socket_connect(self.raw.as_ptr(), &peer.to_raw(), wait.flags())
        })
    }

    /// State of a stream.
    pub fn state(&self) -> State {
        // SAFETY: Valid by the type invariant.
        match unsafe { bindings::ssi_socket_state(self.raw.as_ptr()) } {
            bindings::ssi_socket_state_SSI_SOCKET_OPEN => State::Open,
            bindings::ssi_socket_state_SSI_SOCKET_CONNECTING => State::Connecting,
            _ => State::Closed,
        }
    }

    /// Why a stream was closed; says it once.
    ///
    /// # Errors
    ///
    /// The reason; none if it was closed in order.
    pub fn fault(&self) -> Result {
        // SAFETY: Valid by the type invariant.
        to_result(unsafe { bindings::ssi_socket_error(self.raw.as_ptr()) })
    }

    /// Smoothed time from sending to acknowledgement of a stream, in microseconds;
    /// 0 when nothing was sent.
    pub fn round_trip(&self) -> u32 {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_socket_round_trip(self.raw.as_ptr()) }
    }

    /// Who is at the other end of a stream.
    ///
    /// # Errors
    ///
    /// `ENOTCONN`.
    pub fn peer(&self) -> Result<Endpoint> {
        let mut peer = bindings::ssi_endpoint {
            address: 0,
            port: 0,
        };
        // SAFETY: Valid by the type invariant; `peer` is valid for a write.
        to_result(unsafe { bindings::ssi_socket_peer(self.raw.as_ptr(), &mut peer) })?;
        Ok(Endpoint::from_raw(peer))
    }

    /// Lets dropping the socket reset its connection: what is on its way is lost,
    /// and the other side knows at once. May sleep.
    pub fn abort(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_socket_abort(self.raw.as_ptr()) }
    }

    /// Ends both directions of a stream; whoever waits on it goes on. May sleep.
    pub fn shut_down(&self) {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_socket_shutdown(self.raw.as_ptr()) }
    }

    /// Sends `parts`, at most [`PARTS_MAX`], one behind the other; returns how many
    /// bytes were taken. May sleep for memory.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when nothing was taken, `EINVAL` for too many parts, else why the
    /// stream is broken.
    pub fn send(&self, parts: &[&[u8]], wait: Wait, more: More) -> Result<usize> {
        let (mut vector, count, bytes) = vector(parts)?;
        // SAFETY: Valid by the type invariant; the parts are only read.
        sent(unsafe {
            bindings::ssi_socket_send(
                self.raw.as_ptr(),
                vector.as_mut_ptr(),
                count,
                bytes,
                wait.flags() | more.flags(),
            )
        })
    }

    /// Sends `bytes` of whole `pages` in order, from `offset` in the first on,
    /// without copying; at most [`PIECES_MAX`] pages at once. Returns how many
    /// bytes were taken. The pages must not change until the peer has them.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_pages(
        &self,
        pages: &[SharedPage],
        offset: usize,
        bytes: usize,
        wait: Wait,
        more: More,
    ) -> Result<usize> {
        let (mut pieces, count, bytes) = pieces(pages, offset, bytes)?;
        // SAFETY: Valid by the type invariant; the pieces lie within pages that
        // the stack takes references of.
        sent(unsafe {
            bindings::ssi_socket_send_pages(
                self.raw.as_ptr(),
                pieces.as_mut_ptr(),
                count,
                bytes,
                wait.flags() | more.flags(),
            )
        })
    }

    /// Sends a datagram of `parts` to `to`. May sleep for memory.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is no room, `EINVAL` for too many parts, else what the
    /// network stack says.
    pub fn send_to(&self, to: Endpoint, parts: &[&[u8]]) -> Result<usize> {
        let (mut vector, count, bytes) = vector(parts)?;
        // SAFETY: Valid by the type invariant; the parts are only read.
        sent(unsafe {
            bindings::ssi_socket_send_to(
                self.raw.as_ptr(),
                &to.to_raw(),
                vector.as_mut_ptr(),
                count,
                bytes,
            )
        })
    }

    /// Receives at most what fits in `buffer`; 0 bytes at the end of the stream.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is nothing, else why the stream is broken.
    pub fn receive(&self, buffer: &mut [u8], wait: Wait) -> Result<usize> {
        // SAFETY: Valid by the type invariant; `buffer` is valid for its length.
        sent(unsafe {
            bindings::ssi_socket_receive(
                self.raw.as_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                wait.flags(),
            )
        })
    }

    /// Receives at most `bytes` into `pages`, from `offset` in the first on; at most
    /// [`PIECES_MAX`] pages at once.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub fn receive_pages(
        &self,
        pages: &[SharedPage],
        offset: usize,
        bytes: usize,
        wait: Wait,
    ) -> Result<usize> {
        let (mut pieces, count, bytes) = pieces(pages, offset, bytes)?;
        // SAFETY: Valid by the type invariant; the pieces lie within the pages.
        sent(unsafe {
            bindings::ssi_socket_receive_pages(
                self.raw.as_ptr(),
                pieces.as_mut_ptr(),
                count,
                bytes,
                wait.flags(),
            )
        })
    }

    /// Receives a datagram. Its length may be more than fits in `buffer`: the rest
    /// is lost.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is none, else what the network stack says.
    pub fn receive_from(&self, buffer: &mut [u8]) -> Result<(usize, Endpoint)> {
        let mut from = bindings::ssi_endpoint {
            address: 0,
            port: 0,
        };
        // SAFETY: Valid by the type invariant; `buffer` is valid for its length.
        let bytes = sent(unsafe {
            bindings::ssi_socket_receive_from(
                self.raw.as_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                &mut from,
            )
        })?;
        Ok((bytes, Endpoint::from_raw(from)))
    }

    /// From now on raises `bit` of `notifier` when there is news. The bit is raised
    /// once at first. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` when the socket is watched already.
    pub fn watch(&self, notifier: Arc<Notifier>, bit: u32) -> Result {
        let raw = notifier.as_ptr();
        // INVARIANT: The notifier is held before the callbacks know it.
        if !self.watcher.populate(notifier) {
            return Err(EBUSY);
        }
        // SAFETY: Valid by the type invariants, as long as the socket is.
        unsafe { bindings::ssi_socket_watch(self.raw.as_ptr(), raw, bit) };
        Ok(())
    }

    /// What happened since the last time. Any context.
    pub fn news(&self) -> News {
        // SAFETY: Valid by the type invariant.
        News(unsafe { bindings::ssi_socket_take(self.raw.as_ptr()) })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: Valid by the type invariant; callbacks are taken out first.
        unsafe { bindings::ssi_socket_free(self.raw.as_ptr()) }
    }
}

/// A C vector of `parts`, their number, and their bytes in all.
fn vector(parts: &[&[u8]]) -> Result<([bindings::kvec; PARTS_MAX], usize, usize)> {
    let mut vector = [bindings::kvec {
        iov_base: core::ptr::null_mut(),
        iov_len: 0,
    }; PARTS_MAX];
    let mut bytes = 0;
    if parts.len() > PARTS_MAX {
        return Err(EINVAL);
    }
    for (to, part) in vector.iter_mut().zip(parts) {
        to.iov_base = part.as_ptr().cast_mut().cast();
        to.iov_len = part.len();
        bytes += part.len();
    }
    Ok((vector, parts.len(), bytes))
}

/// A C vector of `bytes` of `pages`, as far as it goes, their number and bytes.
fn pieces(
    pages: &[SharedPage],
    offset: usize,
    bytes: usize,
) -> Result<([bindings::bio_vec; PIECES_MAX], usize, usize)> {
    let mut pieces = [bindings::bio_vec {
        bv_page: core::ptr::null_mut(),
        bv_len: 0,
        bv_offset: 0,
    }; PIECES_MAX];
    if offset >= PAGE_BYTES {
        return Err(EINVAL);
    }
    let (mut count, mut total, mut start) = (0, 0, offset);
    for (piece, page) in pieces.iter_mut().zip(pages) {
        let length = (PAGE_BYTES - start).min(bytes - total);
        if length == 0 {
            break;
        }
        piece.bv_page = page.as_ptr();
        piece.bv_len = length as u32;
        piece.bv_offset = start as u32;
        total += length;
        count += 1;
        start = 0;
    }
    Ok((pieces, count, total))
}

/// What a call of the C side says: a number of bytes or an error.
fn sent(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| Error::from_errno(result as c_int))
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_socket)]
mod tests {
    use super::*;
    use crate::{
        clock,
        inet, //
    };

    const HERE: [u8; 4] = [127, 0, 0, 1];
    const SECOND: u64 = 1_000_000;

    /// Waits until `bit` was raised or a second is over.
    fn is_raised(notifier: &Notifier, bit: u32) -> bool {
        let until = clock::monotonic() + SECOND;
        let mut raised = false;
        while !raised && clock::monotonic() < until {
            notifier.wait(Some(until));
            notifier.take(|taken| raised |= taken == bit);
        }
        raised
    }

    struct Pair {
        notifier: Arc<Notifier>,
        near: Socket,
        far: Socket,
    }

    /// Two ends of a connection, watched by bits 2 and 3.
    fn pair(port: u16) -> Result<Pair> {
        inet::bring_up(b"lo", HERE, [255, 0, 0, 0])?;
        let notifier = Arc::new(Notifier::new()?, GFP_KERNEL)?;
        let listener = Socket::new(Kind::Stream)?;
        listener.bind(Endpoint::new(HERE, port), None)?;
        listener.listen(4)?;
        listener.watch(notifier.clone(), 1)?;
        assert!(listener.accept(Wait::Never).err() == Some(EAGAIN));
        let near = Socket::new(Kind::Stream)?;
        near.watch(notifier.clone(), 2)?;
        match near.connect(Endpoint::new(HERE, port), Wait::Never) {
            Ok(()) | Err(EINPROGRESS) => (),
            Err(why) => return Err(why),
        }
        let until = clock::monotonic() + SECOND;
        let far = loop {
            match listener.accept(Wait::Never) {
                Err(EAGAIN) if clock::monotonic() < until => notifier.wait(Some(until)),
                other => break other?,
            }
            notifier.take(|_| ());
        };
        far.watch(notifier.clone(), 3)?;
        notifier.take(|_| ());
        Ok(Pair {
            notifier,
            near,
            far,
        })
    }

    #[test]
    fn bytes_arrive_and_raise_the_bit() -> Result {
        let pair = pair(7180)?;
        assert!(pair.near.state() == State::Open);
        assert!(pair.far.peer()?.address == HERE);
        let _ = pair.far.news();
        let sent = pair
            .near
            .send(&[b"to ", b"you"], Wait::Never, More::Nothing)?;
        assert!(sent == 6);
        assert!(is_raised(&pair.notifier, 3));
        assert!(pair.far.news().readable());
        let mut buffer = [0; 16];
        assert!(pair.far.receive(&mut buffer, Wait::Never)? == 6);
        assert!(&buffer[..6] == b"to you");
        assert!(pair.far.receive(&mut buffer, Wait::Never) == Err(EAGAIN));
        Ok(())
    }

    #[test]
    fn a_full_stream_takes_a_part_and_says_when_there_is_room() -> Result {
        let pair = pair(7181)?;
        let chunk = KVec::from_elem(7u8, 64 << 10, GFP_KERNEL)?;
        let mut total = 0;
        loop {
            match pair.near.send(&[&chunk], Wait::Never, More::Nothing) {
                Ok(bytes) => total += bytes,
                Err(EAGAIN) => break,
                Err(why) => return Err(why),
            }
        }
        let _ = pair.near.news();
        pair.notifier.take(|_| ());
        let mut buffer = KVec::from_elem(0u8, 64 << 10, GFP_KERNEL)?;
        let (mut received, mut has_room) = (0, false);
        let until = clock::monotonic() + SECOND;
        while received < total && clock::monotonic() < until {
            match pair.far.receive(&mut buffer, Wait::Never) {
                Ok(bytes) => received += bytes,
                Err(EAGAIN) => pair.notifier.wait(Some(clock::monotonic() + 10_000)),
                Err(why) => return Err(why),
            }
            has_room |= pair.near.news().writable();
        }
        assert!(received == total && has_room);
        Ok(())
    }

    #[test]
    fn pages_arrive_as_they_were() -> Result {
        let pair = pair(7182)?;
        let (one, two) = (SharedPage::alloc()?, SharedPage::alloc()?);
        one.write(PAGE_BYTES - 2, b"ab")?;
        two.write(0, b"cd")?;
        let pages = [one, two];
        let sent = pair
            .near
            .send_pages(&pages, PAGE_BYTES - 2, 4, Wait::Never, More::Nothing)?;
        assert!(sent == 4);
        assert!(is_raised(&pair.notifier, 3));
        let place = [SharedPage::alloc()?];
        assert!(pair.far.receive_pages(&place, 10, 100, Wait::Never)? == 4);
        let mut text = [0; 4];
        place[0].read(10, &mut text)?;
        assert!(&text == b"abcd");
        Ok(())
    }

    #[test]
    fn an_end_that_is_dropped_is_noticed() -> Result {
        let Pair {
            notifier,
            near,
            far,
        } = pair(7183)?;
        near.abort();
        drop(near);
        notifier.take(|_| ());
        let until = clock::monotonic() + SECOND;
        while far.state() == State::Open && clock::monotonic() < until {
            notifier.wait(Some(until));
        }
        assert!(far.news().changed());
        assert!(far.receive(&mut [0; 4], Wait::Never) == Err(ECONNRESET));
        Ok(())
    }

    #[test]
    fn datagrams_arrive_with_their_sender() -> Result {
        inet::bring_up(b"lo", HERE, [255, 0, 0, 0])?;
        let notifier = Arc::new(Notifier::new()?, GFP_KERNEL)?;
        let (one, other) = (Socket::new(Kind::Datagram)?, Socket::new(Kind::Datagram)?);
        one.bind(Endpoint::new(HERE, 7184), None)?;
        other.bind(Endpoint::new(HERE, 7185), Some(c"lo"))?;
        other.watch(notifier.clone(), 5)?;
        notifier.take(|_| ());
        one.send_to(Endpoint::new(HERE, 7185), &[b"hello ", b"you"])?;
        assert!(is_raised(&notifier, 5));
        let mut buffer = [0; 5];
        let (bytes, from) = other.receive_from(&mut buffer)?;
        assert!(bytes == 9 && &buffer == b"hello");
        assert!(from == Endpoint::new(HERE, 7184));
        assert!(other.receive_from(&mut buffer) == Err(EAGAIN));
        Ok(())
    }

    #[test]
    fn a_device_that_is_not_there_is_refused() -> Result {
        let socket = Socket::new(Kind::Stream)?;
        let result = socket.bind(Endpoint::new(HERE, 7186), Some(c"nosuchif"));
        assert!(result == Err(ENODEV));
        Ok(())
    }
}
