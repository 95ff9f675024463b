// SPDX-License-Identifier: GPL-2.0

//! Sockets others use.
//!
//! What a socket can do beyond reading and writing, as [`HomeFile`] does that: nothing
//! waits. All of it is `ENOTSOCK` for what is no socket. To send, name, connect, listen and
//! set an option is done with the rights of the running thread, which may have
//! [those of another one](crate::sender::send_as); all else with those of who opened it.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

use crate::{
    area::Area,
    bytes,
    file_home::{
        size,
        Access,
        HomeFile,
        Place,
        Transfer, //
    },
};

/// Longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 128;

/// Where user memory has a value; the length is before it.
const VALUE_OFFSET: usize = 64;

/// What is sent beside the data.
pub struct Sending<'a> {
    /// Flags of send(2).
    pub flags: u32,
    /// To whom, empty for whom it is connected to.
    pub address: &'a [u8],
    /// Control data, as sendmsg(2) has it; the numbers of files in it are [`Loan`]s.
    pub control: &'a [u8],
}

/// What came beside the data.
pub struct Received {
    /// What recv(2) says: a message that was cut may have been longer.
    pub length: usize,
    /// How much data there is.
    pub data_bytes: usize,
    /// Flags recvmsg(2) gives.
    pub flags: u32,
    /// From whom.
    pub address: KVec<u8>,
    /// Control data, as recvmsg(2) gives it; the files in it are to be [taken](take).
    pub control: KVec<u8>,
}

impl HomeFile {
    /// As sendmsg(2). Kernel thread; may sleep. No signal is sent.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when there is no room; those of sendmsg(2).
    pub fn send(&self, sending: &Sending<'_>, data: Place<'_>) -> Result<usize> {
        let mut control = KVec::new();
        bytes::extend(&mut control, sending.control)?;
        let data = Transfer::new(HERE, data)?;
        let raw = bindings::ssi_home_sending {
            data: data.raw(),
            address: sending.address.as_ptr().cast(),
            address_bytes: sending.address.len(),
            control: control.as_mut_ptr().cast(),
            control_bytes: control.len(),
            flags: sending.flags,
        };
        // SAFETY: Valid; what is pointed to lasts longer than the call.
        size(unsafe { bindings::ssi_home_send(self.as_ptr(), &raw) })
    }

    /// As recvmsg(2), with so many bytes of control data. Kernel thread; may sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when nothing is there yet; those of recvmsg(2).
    pub fn receive(&self, flags: u32, control_bytes: usize, data: Place<'_>) -> Result<Received> {
        let data = Transfer::new(HERE, data)?;
        let mut raw = bindings::ssi_home_receiving {
            data: data.raw(),
            flags,
            ..pin_init::zeroed()
        };
        if control_bytes == 0 {
            let length = self.receive_raw(&mut raw)?;
            return Received::new(length, &raw, KVec::new());
        }
        Area::with(|area| {
            (raw.control, raw.control_bytes) = (area.address(), control_bytes);
            let length = self.receive_raw(&mut raw)?;
            let mut control = bytes::zeros(raw.control_bytes)?;
            area.read(0, &mut control)?;
            Received::new(length, &raw, control)
        })?
    }

    fn receive_raw(&self, raw: &mut bindings::ssi_home_receiving) -> Result<usize> {
        // SAFETY: Valid; the place of the data lasts longer than the call, and the control
        // data is null or user memory of this thread, which the kernel checks.
        size(unsafe { bindings::ssi_home_receive(self.as_ptr(), raw) })
    }

    /// As accept(2). May sleep.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when nobody came yet; those of accept(2).
    pub fn accept(&self) -> Result<ARef<File>> {
        // SAFETY: Valid.
        let raw = from_err_ptr(unsafe { bindings::ssi_home_accept(self.as_ptr()) })?;
        let raw = NonNull::new(raw).ok_or(ENOTSOCK)?;
        // SAFETY: The reference is handed on, and the file has no number.
        Ok(unsafe { ARef::from_raw(raw.cast()) })
    }

    /// As connect(2). May sleep.
    ///
    /// # Errors
    ///
    /// `EINPROGRESS`, and `EALREADY` from the second time on, until it is done; those of
    /// connect(2).
    pub fn connect(&self, address: &[u8]) -> Result {
        let start = address.as_ptr().cast();
        // SAFETY: Valid; so many bytes are read.
        to_result(unsafe { bindings::ssi_home_connect(self.as_ptr(), start, address.len()) })
    }

    /// As bind(2). May sleep.
    ///
    /// # Errors
    ///
    /// Those of bind(2), here as below of the call it is like.
    pub fn bind(&self, address: &[u8]) -> Result {
        let start = address.as_ptr().cast();
        // SAFETY: As above.
        to_result(unsafe { bindings::ssi_home_bind(self.as_ptr(), start, address.len()) })
    }

    /// As listen(2). May sleep.
    pub fn listen(&self, backlog: u32) -> Result {
        // SAFETY: Valid.
        to_result(unsafe { bindings::ssi_home_listen(self.as_ptr(), backlog) })
    }

    /// As shutdown(2); `how` is one of its three numbers. May sleep.
    pub fn shut_down(&self, how: u8) -> Result {
        // SAFETY: Valid.
        to_result(unsafe { bindings::ssi_home_shutdown(self.as_ptr(), how.into()) })
    }

    /// Its address for 0, that of the other end for 1, and for 2 even if that has gone
    /// already. May sleep.
    pub fn socket_name(&self, whose: u8) -> Result<KVec<u8>> {
        let mut address = bytes::zeros(ADDRESS_BYTES_MAX)?;
        let start = address.as_mut_ptr().cast();
        // SAFETY: Valid; no address is longer than the room.
        let length = unsafe { bindings::ssi_home_name(self.as_ptr(), whose.into(), start) };
        address.truncate(size(length as isize)?);
        Ok(address)
    }

    /// As getsockopt(2), with room for so many bytes. Kernel thread; may sleep.
    pub fn option(&self, level: u32, option: u32, room: usize) -> Result<KVec<u8>> {
        Area::with(|area| {
            area.write(0, &(room as u32).to_le_bytes())?;
            let (value, length) = (area.address() + VALUE_OFFSET, area.address());
            let (level, option) = (level as c_int, option as c_int);
            // SAFETY: Valid; both are user memory of this thread, which the kernel checks.
            to_result(unsafe {
                bindings::ssi_home_get_option(self.as_ptr(), level, option, value, length)
            })?;
            let mut length = [0; 4];
            area.read(0, &mut length)?;
            let mut value = bytes::zeros(room.min(u32::from_le_bytes(length) as usize))?;
            area.read(VALUE_OFFSET, &mut value)?;
            Ok(value)
        })?
    }

    /// As setsockopt(2). May sleep.
    pub fn set_option(&self, level: u32, option: u32, value: &mut [u8]) -> Result {
        let (level, option) = (level as c_int, option as c_int);
        let (start, length) = (value.as_mut_ptr().cast(), value.len());
        // SAFETY: Valid; so many bytes are there.
        to_result(unsafe {
            bindings::ssi_home_set_option(self.as_ptr(), level, option, start, length)
        })
    }

    /// Whether the other end may be told who sends, connects or listens.
    pub fn tells_senders(&self) -> bool {
        // SAFETY: Valid.
        unsafe { bindings::ssi_home_tells_senders(self.as_ptr()) }
    }

    /// For how many microseconds who sends or receives waits, `None` for ever.
    pub fn time_limit(&self, sends: Sends) -> Option<u64> {
        let sends = matches!(sends, Sends::Yes);
        // SAFETY: Valid.
        unsafe { bindings::ssi_home_time_limit(self.as_ptr(), sends) }
            .try_into()
            .ok()
    }
}

/// Whether who waits sends, or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// It sends, or connects.
    Yes,
    /// It receives, or accepts.
    No,
}

/// Where a socket is read and written.
const HERE: Access = Access {
    position: None,
    flags: 0,
};

impl Received {
    fn new(length: usize, raw: &bindings::ssi_home_receiving, control: KVec<u8>) -> Result<Self> {
        let mut address = KVec::new();
        bytes::extend(
            &mut address,
            raw.address.get(..raw.address_bytes).unwrap_or_default(),
        )?;
        Ok(Self {
            length,
            data_bytes: raw.data_bytes,
            flags: raw.flags,
            address,
            control,
        })
    }
}

/// Takes the file that came as `number` in what this thread [received](HomeFile::receive).
/// Kernel thread.
pub fn take(number: u32) -> Option<ARef<File>> {
    // SAFETY: No preconditions: a number that is none gives null.
    let raw = NonNull::new(unsafe { bindings::ssi_home_take_file(number as c_int) })?;
    // SAFETY: The reference is handed on, and the file has no number any more.
    Some(unsafe { ARef::from_raw(raw.cast()) })
}

/// A number this kernel thread has for a file while it sends it.
///
/// # Invariants
///
/// The number is that of a file this thread has, and nobody else closes it.
pub struct Loan(c_int);

impl Loan {
    /// A number for `file`.
    ///
    /// # Errors
    ///
    /// `EMFILE`, `ENOMEM`.
    pub fn new(file: &File) -> Result<Self> {
        // SAFETY: The file is referenced; the number takes a reference of its own.
        let number = unsafe { bindings::ssi_home_lend(file.as_ptr()) };
        // INVARIANT: It was given just now.
        size(number as isize).map(|_| Self(number))
    }

    /// The number.
    pub fn number(&self) -> u32 {
        self.0 as u32
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::ssi_home_end_loan(self.0) }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_socket_home)]
mod tests {
    use super::*;
    use crate::file_fixture::{
        self,
        pipe,
        sockets, //
    };

    const STREAM: i32 = 1;
    const PACKETS: i32 = 5;
    const SOL_SOCKET: u32 = 1;
    const SO_TYPE: u32 = 3;
    const SO_RCVTIMEO: u32 = 20;
    const CUT: u32 = 0x20;

    fn plain(control: &[u8]) -> Sending<'_> {
        Sending {
            flags: 0,
            address: &[],
            control,
        }
    }

    #[test]
    fn a_packet_is_received_as_it_was_sent() -> Result {
        let (one, other) = sockets(PACKETS)?;
        let (one, other) = (HomeFile::new(&one)?, HomeFile::new(&other)?);
        let mut room = [0; 4];
        assert!(other.receive(0, 0, Place::Buffer(&mut room)).err() == Some(EAGAIN));
        assert!(one.send(&plain(&[]), Place::Buffer(&mut { *b"packet" })) == Ok(6));
        let received = other.receive(0, 0, Place::Buffer(&mut room))?;
        assert!((received.length, received.data_bytes, received.flags) == (4, 4, CUT));
        assert!(&room == b"pack" && received.control.is_empty());
        assert!(one.shut_down(1).is_ok());
        assert!(one.send(&plain(&[]), Place::Buffer(&mut room)) == Err(EPIPE));
        assert!(other.receive(0, 0, Place::Buffer(&mut room))?.length == 0);
        Ok(())
    }

    /// Control data that passes the file with this number.
    fn rights(number: u32) -> [u8; 24] {
        let mut item = [0; 24];
        item[..8].copy_from_slice(&20u64.to_le_bytes());
        item[8..12].copy_from_slice(&1u32.to_le_bytes());
        item[12..16].copy_from_slice(&1u32.to_le_bytes());
        item[16..20].copy_from_slice(&number.to_le_bytes());
        item
    }

    #[test]
    fn a_file_is_passed_by_numbers_that_end() -> Result {
        let (one, other) = sockets(STREAM)?;
        let (one, other) = (HomeFile::new(&one)?, HomeFile::new(&other)?);
        let (out, into) = pipe()?;
        let loan = Loan::new(&into)?;
        let item = rights(loan.number());
        assert!(one.send(&plain(&item), Place::Buffer(&mut [7])) == Ok(1));
        drop(loan);
        let received = other.receive(0, 64, Place::Buffer(&mut [0]))?;
        let number = received.control.get(16..20).ok_or(EINVAL)?;
        let number = u32::from_le_bytes(number.try_into().map_err(|_| EINVAL)?);
        let came = take(number).ok_or(EBADF)?;
        assert!(take(number).is_none());
        assert!(came.as_ptr() == into.as_ptr());
        assert!(file_fixture::write(&came, b"data")? == 4);
        assert!(file_fixture::read(&out, &mut [0; 8])? == 4);
        // Without room for it the file is not passed.
        let loan = Loan::new(&into)?;
        let item = rights(loan.number());
        assert!(one.send(&plain(&item), Place::Buffer(&mut [7])) == Ok(1));
        let received = other.receive(0, 0, Place::Buffer(&mut [0]))?;
        assert!(received.flags & bindings::MSG_CTRUNC != 0);
        Ok(())
    }

    #[test]
    fn options_are_asked_and_set() -> Result {
        let (one, _other) = sockets(PACKETS)?;
        let one = HomeFile::new(&one)?;
        assert!(one.option(SOL_SOCKET, SO_TYPE, 4)?.as_slice() == [5, 0, 0, 0]);
        assert!(one.option(SOL_SOCKET, SO_TYPE, 2)?.as_slice() == [5, 0]);
        assert!(one.option(SOL_SOCKET, 9999, 4).err() == Some(ENOPROTOOPT));
        assert!(one.time_limit(Sends::No).is_none());
        let mut limit = [0; 16];
        limit[0] = 2;
        assert!(one.set_option(SOL_SOCKET, SO_RCVTIMEO, &mut limit).is_ok());
        assert!(one.time_limit(Sends::No) == Some(2_000_000));
        assert!(one.time_limit(Sends::Yes).is_none());
        Ok(())
    }

    #[test]
    fn names_are_given_and_told() -> Result {
        // An abstract name of the family AF_UNIX.
        let name = b"\x01\0\0ssi_kunit";
        let socket = || sockets(STREAM).map(|(one, _)| one);
        let connected = HomeFile::new(&*socket()?)?;
        assert!(connected.listen(1) == Err(EINVAL));
        assert!(connected.accept().err() == Some(EINVAL));
        assert!(connected.bind(name).is_ok() && connected.socket_name(0)?.as_slice() == name);
        assert!(connected.connect(name) == Err(ECONNREFUSED));
        assert!(connected.bind(&[0; ADDRESS_BYTES_MAX + 1]) == Err(EINVAL));
        Ok(())
    }

    #[test]
    fn what_is_no_socket_says_so() -> Result {
        let (out, _into) = pipe()?;
        let home = HomeFile::new(&out)?;
        assert!(home.listen(1) == Err(ENOTSOCK) && home.shut_down(0) == Err(ENOTSOCK));
        assert!(home.accept().err() == Some(ENOTSOCK) && home.bind(&[]) == Err(ENOTSOCK));
        assert!(home.send(&plain(&[]), Place::Buffer(&mut [1])) == Err(ENOTSOCK));
        assert!(home.receive(0, 0, Place::Buffer(&mut [1])).err() == Some(ENOTSOCK));
        assert!(home.option(SOL_SOCKET, SO_TYPE, 4).err() == Some(ENOTSOCK));
        Ok(())
    }
}
