// SPDX-License-Identifier: GPL-2.0

//! IPv4 addresses of network interfaces.
//!
//! What `ip addr add` and `ip link set up` do, for interfaces the kernel itself
//! wants to use before there is a user space.
//!
//! C header: [`include/linux/inetdevice.h`](srctree/include/linux/inetdevice.h)

use core::mem;

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Longest name of an interface, in bytes.
pub const INTERFACE_BYTES_MAX: usize = bindings::IFNAMSIZ as usize - 1;

/// Gives `interface` an address and a mask, both in network order, and switches
/// it on, in the first network name space.
///
/// Process context, may sleep: takes the RTNL. The caller needs `CAP_NET_ADMIN`.
///
/// # Errors
///
/// `ENAMETOOLONG` for a name over [`INTERFACE_BYTES_MAX`], `ENODEV` when there
/// is no such interface, else what the interface answers.
pub fn bring_up(interface: &[u8], address: [u8; 4], mask: [u8; 4]) -> Result {
    let mut request = Request::new(interface)?;
    request.set_address(bindings::SIOCSIFADDR, address)?;
    request.set_address(bindings::SIOCSIFNETMASK, mask)?;
    request.switch_on()
}

/// An interface and one thing to change about it.
struct Request(bindings::ifreq);

impl Request {
    fn new(interface: &[u8]) -> Result<Self> {
        // SAFETY: Zero is a valid value of every field of `struct ifreq`.
        let mut request: bindings::ifreq = unsafe { mem::zeroed() };
        // SAFETY: The name is the only member of its union.
        let name = unsafe { &mut request.ifr_ifrn.ifrn_name };
        if interface.len() > INTERFACE_BYTES_MAX {
            return Err(ENAMETOOLONG);
        }
        for (to, from) in name.iter_mut().zip(interface) {
            *to = *from as c_char;
        }
        Ok(Self(request))
    }

    fn set_address(&mut self, command: u32, address: [u8; 4]) -> Result {
        // SAFETY: `struct sockaddr_in` is plain data, valid when zero.
        let mut socket: bindings::sockaddr_in = unsafe { mem::zeroed() };
        socket.sin_family = bindings::AF_INET as _;
        socket.sin_addr.s_addr = u32::from_ne_bytes(address);
        // SAFETY: The two structures have the same size, and are plain data.
        self.0.ifr_ifru.ifru_addr = unsafe { mem::transmute(socket) };
        self.submit(command)
    }

    fn switch_on(&mut self) -> Result {
        self.0.ifr_ifru.ifru_flags = (bindings::net_device_flags_IFF_UP
            | bindings::net_device_flags_IFF_BROADCAST
            | bindings::net_device_flags_IFF_MULTICAST) as _;
        self.submit(bindings::SIOCSIFFLAGS)
    }

    fn submit(&mut self, command: u32) -> Result {
        // SAFETY: `init_net` always exists; the request is valid and ours.
        to_result(unsafe {
            bindings::devinet_ioctl(&raw mut bindings::init_net, command, &mut self.0)
        })
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_inet)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_interface_is_named_so() {
        let result = bring_up(b"nosuchif", [10, 0, 0, 1], [255, 0, 0, 0]);
        assert!(result == Err(ENODEV));
    }

    #[test]
    fn a_name_too_long_is_refused() {
        let result = bring_up(&[b'x'; INTERFACE_BYTES_MAX + 1], [0; 4], [0; 4]);
        assert!(result == Err(ENAMETOOLONG));
    }

    #[test]
    fn the_loopback_takes_an_address() {
        assert!(bring_up(b"lo", [127, 0, 0, 1], [255, 0, 0, 0]).is_ok());
    }
}
