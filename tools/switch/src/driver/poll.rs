// SPDX-License-Identifier: GPL-2.0

//! What the thread waits for.
//!
//! One epoll instance: the sockets of all ports, by their number, and the
//! bell that callers ring after they sent a command. Level triggered, so that
//! what was left over is seen again.

use std::{
    io,
    os::fd::OwnedFd,
    sync::Arc,
    time::Duration, //
};

use rustix::{
    buffer,
    event::{
        self,
        epoll,
        EventfdFlags, //
    },
    io::Errno,
    time::Timespec,
};

use crate::port::{
    PortId,
    PORT_SLOTS, //
};

/// Stands for the bell, where a port's number stands for the port.
const BELL: u64 = 0;

/// Wakes the thread of the switch.
#[derive(Clone, Debug)]
pub(crate) struct Bell(Arc<OwnedFd>);

impl Bell {
    fn new() -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(Arc::new(event::eventfd(0, flags)?)))
    }

    /// Makes the thread look at its commands.
    pub(crate) fn ring(&self) {
        // It fails only if it was rung 2^64 - 2 times and nobody looked.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Makes it silent until it is rung again.
    pub(super) fn silence(&self) {
        // It fails only if it is silent.
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

/// Whether to wait for room in a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    /// Frames to receive.
    Receive,
    /// Frames to receive and room to send.
    ReceiveAndSend,
}

impl Interest {
    fn flags(self) -> epoll::EventFlags {
        match self {
            Self::Receive => epoll::EventFlags::IN,
            Self::ReceiveAndSend => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// The bell was rung.
    Bell,
    /// A port's socket has frames or has ended.
    Receive(PortId),
    /// A port's socket has room, and may have frames too.
    Send(PortId),
}

impl Ready {
    /// Reads an event; `None` for one that nobody asked for.
    fn new(event: &epoll::Event) -> Option<Self> {
        let (data, flags) = (event.data.u64(), event.flags);
        if data == BELL {
            return Some(Self::Bell);
        }
        let port = PortId::new(u8::try_from(data).ok()?).ok()?;
        if flags.contains(epoll::EventFlags::OUT) {
            return Some(Self::Send(port));
        }
        Some(Self::Receive(port))
    }
}

/// Room for what one wait finds. It stays on the thread it was made on.
pub(super) struct Events(Vec<epoll::Event>);

impl Events {
    /// Room for the bell and every port.
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(PORT_SLOTS))
    }

    /// What the last wait found.
    pub(super) fn iter(&self) -> impl Iterator<Item = Ready> + '_ {
        self.0.iter().filter_map(Ready::new)
    }
}

/// The epoll instance of the switch.
#[derive(Debug)]
pub(super) struct Poller {
    epoll: OwnedFd,
    bell: Bell,
}

impl Poller {
    /// Waits for the bell only.
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = Bell::new()?;
        let data = epoll::EventData::new_u64(BELL);
        epoll::add(&epoll, &bell.0, data, epoll::EventFlags::IN)?;
        Ok(Self { epoll, bell })
    }

    /// The bell that ends a wait.
    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Waits for `socket` from now on.
    pub(super) fn add(&self, port: PortId, socket: &OwnedFd) -> io::Result<()> {
        let flags = Interest::Receive.flags();
        Ok(epoll::add(&self.epoll, socket, data(port), flags)?)
    }

    /// Changes what `socket` is waited for.
    pub(super) fn modify(
        &self,
        port: PortId,
        socket: &OwnedFd,
        interest: Interest,
    ) -> io::Result<()> {
        let flags = interest.flags();
        Ok(epoll::modify(&self.epoll, socket, data(port), flags)?)
    }

    /// Waits for `socket` no more.
    pub(super) fn remove(&self, socket: &OwnedFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Waits until something happens, at most for `timeout` if there is one.
    pub(super) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        events.0.clear();
        let spare = buffer::spare_capacity(&mut events.0);
        match epoll::wait(&self.epoll, spare, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn data(port: PortId) -> epoll::EventData {
    epoll::EventData::new_u64(u64::from(port.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::socket;

    /// What has happened by now.
    fn found(poller: &Poller) -> Vec<Ready> {
        let mut events = Events::new();
        poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
        events.iter().collect()
    }

    #[test]
    fn a_bell_rung_twice_is_one_event() {
        let poller = Poller::new().unwrap();
        poller.bell().ring();
        poller.bell().ring();
        assert_eq!(found(&poller), [Ready::Bell]);
        poller.bell().silence();
        assert_eq!(found(&poller), []);
    }

    #[test]
    fn a_port_is_told_by_its_number() {
        let poller = Poller::new().unwrap();
        let (switch, node) = socket::port_pair().unwrap();
        let port = PortId::new(63).unwrap();
        poller.add(port, &switch).unwrap();
        assert_eq!(found(&poller), []);

        socket::send(&node, &[0; 60]);
        assert_eq!(found(&poller), [Ready::Receive(port)]);

        let both = Interest::ReceiveAndSend;
        poller.modify(port, &switch, both).unwrap();
        assert_eq!(found(&poller), [Ready::Send(port)]);

        poller.remove(&switch).unwrap();
        assert_eq!(found(&poller), []);
    }
}
