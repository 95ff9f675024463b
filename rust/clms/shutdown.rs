// SPDX-License-Identifier: GPL-2.0

//! Orderly end of a node.
//!
//! ```text
//!   a user, on any node        the node itself              coordinator
//!   echo halt > shutdown -->   asks for it            -->   UP -> SHUTDOWN
//!                              user space ends        <--
//!                              Leave, by the reboot
//!                              notifier               -->   (it left, no fault)
//!                              end of the kernel      -->   GOINGDOWN ... DOWN
//! ```

use core::str;

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use ssi_core::{
    ids::NodeId,
    time::Span,
    view::NodeState, //
};
use ssi_ics::{
    Ask,
    CallError,
    Handler,
    Place,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    capability,
    clock,
    event::Patience,
    procfs::{
        Opened,
        Stream, //
    },
    reboot,
    thread, //
};

use crate::{
    driver::{
        self,
        Driver, //
    },
    mailbox::Letter, //
};

/// Longest wait of a node that leaves, until the machine has said so.
const LEAVE_WAIT_US: u64 = 1_000_000;

/// How often it looks.
const LEAVE_LOOK_US: u64 = 1_000;

/// Until what was said has reached the others.
const LEAVE_TRAVEL_US: u64 = 20_000;

/// Longest wait for the node to say that it was asked.
const ASK_WAIT: Span = Span::ms(10_000);

/// Asks a node to end: the operation is how.
static SERVICE: Service = Service {
    name: SERVICE_NAME,
    version: SERVICE_VERSION,
    place: Place::Inline,
    window: 4,
    handler: &Porter,
};

const SERVICE_NAME: &str = "clms_shutdown";
const SERVICE_VERSION: u16 = 1;

/// Whether a node that ends comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It stays down.
    Halt,
    /// It boots again.
    Reboot,
}

impl How {
    const fn operation(self) -> u16 {
        match self {
            Self::Halt => 0,
            Self::Reboot => 1,
        }
    }

    fn from_operation(operation: u16) -> Option<Self> {
        [Self::Halt, Self::Reboot]
            .into_iter()
            .find(|how| how.operation() == operation)
    }

    fn parse(input: &[u8]) -> Option<Self> {
        let text = str::from_utf8(input).ok()?;
        match text.strip_suffix('\n').unwrap_or(text) {
            "halt" => Some(Self::Halt),
            "reboot" => Some(Self::Reboot),
            _ => None,
        }
    }
}

/// Lets other nodes ask this one to end. Once; process context.
///
/// # Errors
///
/// `EEXIST`.
pub(crate) fn register() -> Result {
    ssi_ics::register(&SERVICE)
}

/// An open `/proc/cluster/node<N>/shutdown`.
pub(crate) struct Door;

impl Stream for Door {
    const MODE: u16 = 0o200;

    fn open(_: usize) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::pin(Self, GFP_KERNEL)?)
    }

    fn write(&self, file: &Opened<'_>, input: &[u8]) -> Result {
        if !capability::may_boot() {
            return Err(EPERM);
        }
        let how = How::parse(input).ok_or(EINVAL)?;
        let node = file
            .number()
            .try_into()
            .ok()
            .and_then(NodeId::new)
            .ok_or(EINVAL)?;
        ask(driver::get()?, node, how)
    }
}

fn ask(driver: &Driver, node: NodeId, how: How) -> Result {
    let view = driver.board.lock().view.clone();
    if view.members().is_empty() {
        return Err(EAGAIN);
    }
    if view.entry(node).state != NodeState::Up {
        return Err(ESRCH);
    }
    if node == driver.me.node {
        ask_myself(driver, how);
        return Ok(());
    }
    let service = ServiceRef::new(SERVICE_NAME, SERVICE_VERSION);
    let ask = Ask {
        patience: Patience::Interruptible,
        timeout: Some(ASK_WAIT),
        ..Ask::new(service, how.operation(), &[])
    };
    match ssi_ics::call(node, &ask) {
        Ok(_) => Ok(()),
        Err(CallError::NotMember) => Err(ESRCH),
        Err(why) => Err(why.into()),
    }
}

fn ask_myself(driver: &Driver, how: How) {
    driver.how.store(u32::from(how.operation()), Relaxed);
    driver.mailbox.put(Letter::ShutDown);
}

/// Hears other nodes' wishes.
struct Porter;

impl Handler for Porter {
    fn serve(&self, request: Request) {
        let how = How::from_operation(request.operation());
        match (how, driver::get()) {
            (Some(how), Ok(driver)) => {
                ask_myself(driver, how);
                request.reply(0, &[]);
            }
            _ => request.no_operation(),
        }
    }
}

/// Asks this node's user space to end everything and then the kernel. Any context.
pub(crate) fn begin(driver: &Driver) {
    let how = driver.how.load(Relaxed).try_into().ok();
    match how.and_then(How::from_operation).unwrap_or(How::Halt) {
        How::Halt => {
            pr_info!("asked to halt\n");
            reboot::power_off_in_order();
        }
        How::Reboot => {
            pr_info!("asked to reboot\n");
            reboot::restart_in_order();
        }
    }
}

/// Tells the others that the kernel is about to end, so that its death is no fault.
/// They take the node out when the supervisor has seen the end. Process context,
/// sleeps for a bounded time.
pub(crate) fn leave() {
    let Ok(driver) = driver::get() else {
        return;
    };
    let members = driver.board.lock().view.members();
    if !members.contains(driver.me.node) || members.len() == 1 {
        return;
    }
    driver.mailbox.put(Letter::Leave);
    let end = clock::monotonic().saturating_add(LEAVE_WAIT_US);
    while !driver.has_left() && clock::monotonic() < end {
        thread::sleep(LEAVE_LOOK_US);
    }
    thread::sleep(LEAVE_TRAVEL_US);
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_clms_shutdown)]
mod tests {
    use super::*;

    #[test]
    fn two_words_are_known() {
        assert!(How::parse(b"halt") == Some(How::Halt));
        assert!(How::parse(b"reboot\n") == Some(How::Reboot));
        for bad in [&b""[..], b"halt ", b"HALT", b"halt\n\n", b"\xff"] {
            assert!(How::parse(bad).is_none());
        }
    }
}
