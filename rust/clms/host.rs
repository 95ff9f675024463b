// SPDX-License-Identifier: GPL-2.0

//! The way to the supervisor.
//!
//! Packets of `core/hostlink.rs` over the descriptor `ssi.host=` names. Belongs to
//! the machine's thread. What the host has no room for waits here, in order. When
//! the supervisor is gone the log says so, once, and the node works on.

use core::str;

use kernel::{
    pr_err_once,
    prelude::*, //
};
use ssi_core::{
    clms::event::Supervision,
    hostlink::{
        FromNode,
        ToNode, //
    }, //
};
use ssi_kapi::{
    boot_param,
    hostlink::{
        Arrival,
        HostLink,
        Received,
        PACKET_BYTES_MAX, //
    },
    print::Plain, //
};

use crate::{
    driver,
    mailbox::HOST, //
};

/// Most packets that wait for room.
const UNSENT_MAX: usize = 256;

/// The interrupt: only wakes the thread.
static ARRIVAL: Arrival = Arrival(|| {
    if let Ok(driver) = driver::get() {
        driver.mailbox.notifier().raise(HOST);
    }
});

/// The way to the supervisor, if there is one.
pub(crate) struct Host {
    link: Option<HostLink>,
    unsent: KVec<KVec<u8>>,
    /// Room for one packet, whichever way it goes.
    room: KVec<u8>,
}

impl Host {
    /// Opens the way. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` when `ssi.host=` is no number, `EBADF` when it is no descriptor.
    pub(crate) fn open() -> Result<Self> {
        let link = match boot_param::HOST.text() {
            b"" => None,
            text => Some(inherited(text).inspect_err(|error| {
                let shown = str::from_utf8(text).unwrap_or("(not text)");
                pr_err!(
                    "ssi.host={} is not an inherited descriptor: {:?}\n",
                    shown,
                    error
                );
            })?),
        };
        Ok(Self {
            link,
            unsent: KVec::new(),
            room: KVec::from_elem(0, PACKET_BYTES_MAX, GFP_KERNEL)?,
        })
    }

    /// Whether somebody watches over this node.
    pub(crate) fn supervision(&self) -> Supervision {
        match self.link {
            Some(_) => Supervision::Host,
            None => Supervision::Nobody,
        }
    }

    /// Sends a message, behind those that wait.
    pub(crate) fn tell(&mut self, message: &FromNode<'_>) {
        if self.link.is_none() {
            return;
        }
        let mut room = core::mem::take(&mut self.room);
        if let Ok(len) = message.encode(&mut room) {
            self.send(room.get(..len).unwrap_or_default());
        }
        self.room = room;
    }

    /// Sends a packet, behind those that wait.
    pub(crate) fn send(&mut self, packet: &[u8]) {
        self.flush();
        let Some(link) = &self.link else {
            return;
        };
        let result = match self.unsent.is_empty() {
            true => link.send(packet),
            false => Err(EAGAIN),
        };
        match result {
            Ok(()) => {}
            Err(EAGAIN) => self.keep(packet),
            Err(error) => self.lose(error),
        }
    }

    /// Sends what waits, as far as there is room; whether all of it is gone.
    pub(crate) fn flush(&mut self) -> bool {
        while let (Some(link), Some(packet)) = (&self.link, self.unsent.first()) {
            match link.send(packet) {
                Ok(()) => drop(self.unsent.remove(0)),
                Err(EAGAIN) => return false,
                Err(error) => self.lose(error),
            }
        }
        true
    }

    /// Takes the next packet of the supervisor.
    pub(crate) fn receive(&mut self) -> Option<ToNode> {
        loop {
            match self.link.as_ref()?.receive(&mut self.room) {
                Ok(Received::Packet(len)) => {
                    match ToNode::decode(self.room.get(..len).unwrap_or_default()) {
                        Ok(message) => return Some(message),
                        Err(why) => pr_err_once!("from the supervisor: {}\n", Plain(why)),
                    }
                }
                Ok(Received::Nothing) => return None,
                Ok(Received::Gone) => self.lose(EPIPE),
                Err(error) => self.lose(error),
            }
        }
    }

    fn keep(&mut self, packet: &[u8]) {
        let mut kept = KVec::new();
        let is_kept = self.unsent.len() < UNSENT_MAX
            && kept.extend_from_slice(packet, GFP_KERNEL).is_ok()
            && self.unsent.push(kept, GFP_KERNEL).is_ok();
        if !is_kept {
            pr_err_once!("the supervisor does not read: a packet to it is lost\n");
        }
    }

    fn lose(&mut self, error: Error) {
        pr_warn!(
            "the supervisor is gone ({:?}): deaths are not reported any more, nobody is fenced\n",
            error
        );
        self.link = None;
        self.unsent = KVec::new();
    }
}

fn inherited(text: &[u8]) -> Result<HostLink> {
    HostLink::open(descriptor(text)?, &ARRIVAL)
}

/// Reads the number of a descriptor: digits only.
fn descriptor(text: &[u8]) -> Result<u16> {
    let digits = str::from_utf8(text).map_err(|_| EINVAL)?;
    if !text.iter().all(u8::is_ascii_digit) {
        return Err(EINVAL);
    }
    digits.parse().map_err(|_| EINVAL)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_clms_host)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_a_plain_number() {
        assert!(descriptor(b"14") == Ok(14));
        for bad in [&b"+1"[..], b"-1", b"1 ", b"0x1", b"65536", b"\xff", b""] {
            assert!(descriptor(bad) == Err(EINVAL));
        }
    }
}
