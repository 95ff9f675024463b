// SPDX-License-Identifier: GPL-2.0

//! A TCP stack as a node.
//!
//! Stands in for a guest kernel at the node's end of a wire: port 7 echoes, port
//! 9 reads and counts, port 10 never reads, port 19 sends `SOURCE_BYTES` and
//! ends, every other port is refused.

// Each test program uses its part of this.
#![allow(dead_code)]

use rustix::event::{
    poll,
    PollFd,
    PollFlags,
    Timespec, //
};
use rustix::net::{
    recv,
    send,
    RecvFlags,
    SendFlags, //
};
use smoltcp::iface::{
    Config,
    Interface,
    SocketHandle,
    SocketSet, //
};
use smoltcp::phy::{
    ChecksumCapabilities,
    Device,
    DeviceCapabilities,
    Medium,
    RxToken,
    TxToken, //
};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{
    EthernetAddress,
    EthernetFrame,
    EthernetProtocol,
    EthernetRepr,
    IpCidr,
    IpProtocol,
    Ipv4Address,
    Ipv4Packet,
    Ipv4Repr, //
};
use std::collections::HashMap;
use std::os::fd::{
    BorrowedFd,
    OwnedFd, //
};
use std::sync::atomic::{
    AtomicBool,
    AtomicUsize,
    Ordering, //
};
use std::sync::Arc;
use std::thread::JoinHandle;

/// What port 19 sends.
pub(crate) const SOURCE_BYTES: usize = 3 * 1024 * 1024;

/// Connections to one port at a time.
const BACKLOG: usize = 130;

pub(crate) struct FakeNode {
    pub(crate) switches: Arc<Switches>,
    thread: Option<JoinHandle<()>>,
}

/// What the test and the node's thread share.
#[derive(Default)]
pub(crate) struct Switches {
    /// The node does nothing while this is set.
    pub(crate) frozen: AtomicBool,
    /// Bytes that port 9 has read.
    pub(crate) counted: AtomicUsize,
    stop: AtomicBool,
}

impl FakeNode {
    pub(crate) fn boot(socket: &OwnedFd) -> FakeNode {
        let socket = socket.try_clone().unwrap();
        let switches = Arc::new(Switches::default());
        let shared = switches.clone();
        let thread = std::thread::spawn(move || run(&socket, &shared));
        FakeNode {
            switches,
            thread: Some(thread),
        }
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.switches.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn run(socket: &OwnedFd, switches: &Switches) {
    let mut device = Plug(socket);
    let hardware = EthernetAddress([2, 0x53, 0x53, 0x49, 1, 1]);
    let mut interface = Interface::new(Config::new(hardware.into()), &mut device, now());
    interface.update_ip_addrs(|addresses| {
        let ours = Ipv4Address::new(169, 254, 83, 2);
        addresses.push(IpCidr::new(ours.into(), 30)).unwrap();
    });
    let mut sockets = SocketSet::new(Vec::new());
    let mut servers: Vec<(SocketHandle, u16)> = Vec::new();
    for port in [7, 9, 10, 19] {
        for _ in 0..BACKLOG {
            servers.push((listen(&mut sockets, port), port));
        }
    }
    let mut sent: HashMap<SocketHandle, usize> = HashMap::new();
    while !switches.stop.load(Ordering::Relaxed) {
        if switches.frozen.load(Ordering::Relaxed) {
            std::thread::sleep(std::time::Duration::from_millis(5));
            continue;
        }
        interface.poll(now(), &mut device, &mut sockets);
        for (handle, port) in &mut servers {
            let server = sockets.get_mut::<tcp::Socket<'_>>(*handle);
            serve(server, *port, sent.entry(*handle).or_default(), switches);
            if server.state() == tcp::State::Closed {
                sockets.remove(*handle);
                sent.remove(handle);
                *handle = listen(&mut sockets, *port);
            }
        }
        interface.poll(now(), &mut device, &mut sockets);
        wait(socket);
    }
}

fn wait(socket: &OwnedFd) {
    let mut fds = [PollFd::new(socket, PollFlags::IN)];
    let millisecond = Timespec {
        tv_sec: 0,
        tv_nsec: 1_000_000,
    };
    poll(&mut fds, Some(&millisecond)).unwrap();
}

fn listen(sockets: &mut SocketSet<'_>, port: u16) -> SocketHandle {
    let buffer = || tcp::SocketBuffer::new(vec![0; 64 * 1024]);
    let mut socket = tcp::Socket::new(buffer(), buffer());
    socket.set_nagle_enabled(false);
    socket.listen(port).unwrap();
    sockets.add(socket)
}

fn serve(server: &mut tcp::Socket<'_>, port: u16, sent: &mut usize, switches: &Switches) {
    match port {
        7 => echo(server),
        9 => {
            while server.can_recv() {
                let length = server.recv(|bytes| (bytes.len(), bytes.len())).unwrap();
                switches.counted.fetch_add(length, Ordering::Relaxed);
            }
        }
        19 => {
            while server.can_send() && *sent < SOURCE_BYTES {
                let left = SOURCE_BYTES - *sent;
                let first = *sent;
                *sent += server
                    .send(|room| {
                        let length = room.len().min(left);
                        for (i, byte) in room[..length].iter_mut().enumerate() {
                            *byte = source_byte(first + i);
                        }
                        (length, length)
                    })
                    .unwrap();
            }
            if *sent == SOURCE_BYTES {
                server.close();
            }
        }
        _ => return,
    }
    let client_ended = server.state() == tcp::State::CloseWait && !server.can_recv();
    if client_ended {
        server.close();
    }
}

fn echo(server: &mut tcp::Socket<'_>) {
    while server.can_recv() && server.can_send() {
        let room = server.send_capacity() - server.send_queue();
        let bytes = server
            .recv(|bytes| {
                let length = bytes.len().min(room);
                (length, bytes[..length].to_vec())
            })
            .unwrap();
        assert_eq!(server.send_slice(&bytes).unwrap(), bytes.len());
    }
}

/// Sends the datagram by which a node's agent says that it listens.
pub(crate) fn announce(socket: &OwnedFd) {
    let packet = Ipv4Repr {
        src_addr: Ipv4Address::new(169, 254, 83, 2),
        dst_addr: Ipv4Address::new(169, 254, 83, 1),
        next_header: IpProtocol::Udp,
        payload_len: 8,
        hop_limit: 64,
    };
    let header = EthernetRepr {
        src_addr: EthernetAddress([2, 0x53, 0x53, 0x49, 1, 1]),
        dst_addr: EthernetAddress([2, 0x53, 0x53, 0x49, 1, 0]),
        ethertype: EthernetProtocol::Ipv4,
    };
    let mut bytes = vec![0; header.buffer_len() + packet.buffer_len() + 8];
    let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
    header.emit(&mut frame);
    let mut ip = Ipv4Packet::new_unchecked(frame.payload_mut());
    packet.emit(&mut ip, &ChecksumCapabilities::default());
    send(socket, &bytes, SendFlags::NOSIGNAL).unwrap();
}

/// The byte at `position` of what port 19 sends.
pub(crate) fn source_byte(position: usize) -> u8 {
    (position % 251) as u8
}

fn now() -> Instant {
    Instant::now()
}

struct Plug<'s>(&'s OwnedFd);
struct In(Vec<u8>);
struct Out<'s>(BorrowedFd<'s>);

impl Device for Plug<'_> {
    type RxToken<'a>
        = In
    where
        Self: 'a;
    type TxToken<'a>
        = Out<'a>
    where
        Self: 'a;

    fn receive(&mut self, _: Instant) -> Option<(In, Out<'_>)> {
        let mut frame = vec![0; 16 * 1024];
        let (length, _) = recv(self.0, &mut frame[..], RecvFlags::DONTWAIT).ok()?;
        if length == 0 {
            // The wire is gone.
            return None;
        }
        frame.truncate(length);
        Some((In(frame), Out(std::os::fd::AsFd::as_fd(self.0))))
    }

    fn transmit(&mut self, _: Instant) -> Option<Out<'_>> {
        Some(Out(std::os::fd::AsFd::as_fd(self.0)))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 15_814;
        capabilities
    }
}

impl RxToken for In {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Out<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        // A full socket delays this node, as a real one's device would.
        let _ = send(self.0, &frame, SendFlags::NOSIGNAL);
        result
    }
}
