// SPDX-License-Identifier: GPL-2.0

//! A socket of UML's host.
//!
//! The launcher hands a connected `SEQPACKET` socket to the kernel it starts:
//! whole packets, in order, to and from the process that started it. Nothing here
//! waits; a packet that came calls a function that may wake a thread.
//!
//! C headers: [`arch/um/include/shared/irq_kern.h`](srctree/arch/um/include/shared/irq_kern.h)
//! and [`arch/um/include/shared/os.h`](srctree/arch/um/include/shared/os.h)

use core::ffi::c_void;

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Longest packet, in bytes.
pub const PACKET_BYTES_MAX: usize = 4096;

/// Called in hard interrupt context when there may be a packet.
pub struct Arrival(pub fn());

/// A connected socket of the host.
///
/// # Invariants
///
/// `irq` is the interrupt requested for `socket` with `arrival` as its device.
/// The descriptor stays open: a kernel that boots itself anew inherits it.
pub struct HostLink {
    socket: c_int,
    irq: c_int,
    arrival: &'static Arrival,
}

/// What a look for a packet found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A packet of this many bytes.
    Packet(usize),
    /// None is there now; `arrival` is called when one comes.
    Nothing,
    /// The other end is gone for good.
    Gone,
}

impl HostLink {
    /// Takes over the descriptor `socket` that this process inherited. May sleep.
    ///
    /// # Errors
    ///
    /// `EBADF` when there is no such descriptor, `ENOSPC` without an interrupt.
    pub fn open(socket: u16, arrival: &'static Arrival) -> Result<Self> {
        let socket = c_int::from(socket);
        // SAFETY: Only flags of a descriptor are changed; a wrong one is an error.
        to_result(unsafe { bindings::os_set_fd_block(socket, 0) })?;
        // SAFETY: The handler and its device are static.
        let irq = unsafe {
            bindings::um_request_irq(
                bindings::UM_IRQ_ALLOC,
                socket,
                bindings::um_irq_type_IRQ_READ,
                Some(handle),
                0,
                c"ssi_host".as_char_ptr(),
                core::ptr::from_ref(arrival).cast_mut().cast(),
            )
        };
        to_result(irq.min(0))?;
        // INVARIANT: It was requested just now.
        Ok(Self {
            socket,
            irq,
            arrival,
        })
    }

    /// Takes the next packet into `packet`; what does not fit of it is lost. Does
    /// not wait.
    ///
    /// # Errors
    ///
    /// What the host says of a socket that is none.
    pub fn receive(&self, packet: &mut [u8]) -> Result<Received> {
        let room = c_int::try_from(packet.len()).unwrap_or(c_int::MAX);
        // SAFETY: The buffer is ours and has `room` bytes.
        let bytes =
            unsafe { bindings::os_read_file(self.socket, packet.as_mut_ptr().cast(), room) };
        match to_result(bytes.min(0)) {
            Ok(()) if bytes == 0 => Ok(Received::Gone),
            Ok(()) => Ok(Received::Packet(bytes as usize)),
            Err(EAGAIN | EINTR) => Ok(Received::Nothing),
            Err(ECONNRESET) => Ok(Received::Gone),
            Err(error) => Err(error),
        }
    }

    /// Sends a packet. Does not wait.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when the host has no room now, `EPIPE` when the other end is
    /// gone, `EMSGSIZE` for a packet over [`PACKET_BYTES_MAX`].
    pub fn send(&self, packet: &[u8]) -> Result {
        if packet.len() > PACKET_BYTES_MAX {
            return Err(EMSGSIZE);
        }
        // SAFETY: The buffer has so many bytes; the cast cannot wrap.
        let sent = unsafe {
            bindings::os_write_file(self.socket, packet.as_ptr().cast(), packet.len() as c_int)
        };
        to_result(sent.min(0))
    }
}

impl Drop for HostLink {
    fn drop(&mut self) {
        let device = core::ptr::from_ref(self.arrival).cast_mut().cast();
        // SAFETY: By the type invariant it is requested, with this device.
        unsafe { bindings::um_free_irq(self.irq, device) }
    }
}

/// # Safety
///
/// `device` is the [`Arrival`] the interrupt was requested with.
unsafe extern "C" fn handle(_: c_int, device: *mut c_void) -> bindings::irqreturn_t {
    // SAFETY: By the caller it is an `Arrival`, and those are static.
    let arrival = unsafe { &*device.cast::<Arrival>() };
    (arrival.0)();
    bindings::irqreturn::IRQ_HANDLED
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_hostlink)]
mod tests {
    use super::*;
    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    static ARRIVALS: Atomic<u32> = Atomic::new(0);
    static ARRIVAL: Arrival = Arrival(|| ARRIVALS.store(ARRIVALS.load(Relaxed) + 1, Relaxed));

    /// Two connected sockets of the host.
    fn pair() -> Result<[c_int; 2]> {
        let mut ends = [0; 2];
        // SAFETY: Two descriptors are written to two places.
        to_result(unsafe { bindings::os_pipe(ends.as_mut_ptr(), 1, 1) })?;
        Ok(ends)
    }

    #[test]
    fn a_descriptor_that_is_none_is_refused() {
        assert!(HostLink::open(60_000, &ARRIVAL).is_err_and(|error| error == EBADF));
    }

    #[test]
    fn packets_come_and_the_end_is_seen() -> Result {
        let [near, far] = pair()?;
        let link = HostLink::open(near as u16, &ARRIVAL)?;
        let mut packet = [0; 8];
        assert!(link.receive(&mut packet) == Ok(Received::Nothing));
        let before = ARRIVALS.load(Relaxed);
        // SAFETY: The buffer has three bytes.
        unsafe { bindings::os_write_file(far, b"abc".as_ptr().cast(), 3) };
        for _ in 0..100 {
            if ARRIVALS.load(Relaxed) != before {
                break;
            }
            kernel::time::delay::fsleep(kernel::time::Delta::from_millis(1));
        }
        assert!(ARRIVALS.load(Relaxed) != before);
        assert!(link.receive(&mut packet) == Ok(Received::Packet(3)));
        assert!(packet.starts_with(b"abc"));
        assert!(link.send(b"defg").is_ok());
        assert!(link.send(&[0; PACKET_BYTES_MAX + 1]) == Err(EMSGSIZE));
        // SAFETY: The descriptor is ours.
        unsafe { bindings::os_close_file(far) };
        assert!(link.receive(&mut packet) == Ok(Received::Gone));
        assert!(link.send(b"h") == Err(EPIPE));
        drop(link);
        // SAFETY: As above.
        unsafe { bindings::os_close_file(near) };
        Ok(())
    }
}
