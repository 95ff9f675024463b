// SPDX-License-Identifier: GPL-2.0

//! Owners of files.
//!
//! The kernel keeps an [`Owner`] with each open file, who is sent `SIGIO` and `SIGURG`. One
//! that is not on this node it only keeps: what it is sent is [told](crate::owner_signal).
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use kernel::{
    bindings,
    error::to_result,
    fs::LocalFile,
    prelude::*,
    sync::aref::ARef, //
};

#[cfg(CONFIG_SSI_FILES)]
use crate::file_proxy::{
    self,
    Proxy, //
};

/// Commands of fcntl(2) and ioctl(2), and what goes with them.
pub mod command {
    use kernel::bindings;

    /// Of fcntl(2)
    pub const F_SETFL: u32 = bindings::F_SETFL;
    /// Of fcntl(2)
    pub const F_SETOWN: u32 = bindings::F_SETOWN;
    /// Of fcntl(2)
    pub const F_GETOWN: u32 = bindings::F_GETOWN;
    /// Of fcntl(2)
    pub const F_SETSIG: u32 = bindings::F_SETSIG;
    /// Of fcntl(2)
    pub const F_GETSIG: u32 = bindings::F_GETSIG;
    /// Of fcntl(2)
    pub const F_SETOWN_EX: u32 = bindings::F_SETOWN_EX;
    /// Of fcntl(2)
    pub const F_GETOWN_EX: u32 = bindings::F_GETOWN_EX;
    /// A thread, in a structure of F_SETOWN_EX
    pub const F_OWNER_TID: u32 = bindings::F_OWNER_TID;
    /// A process
    pub const F_OWNER_PID: u32 = bindings::F_OWNER_PID;
    /// A group
    pub const F_OWNER_PGRP: u32 = bindings::F_OWNER_PGRP;
    /// Of ioctl(2)
    pub const FIOASYNC: u32 = bindings::FIOASYNC;
    /// Of ioctl(2), for sockets
    pub const FIOSETOWN: u32 = bindings::FIOSETOWN;
    /// Of ioctl(2), for sockets
    pub const SIOCSPGRP: u32 = bindings::SIOCSPGRP;
    /// Of ioctl(2), for sockets
    pub const FIOGETOWN: u32 = bindings::FIOGETOWN;
    /// Of ioctl(2), for sockets
    pub const SIOCGPGRP: u32 = bindings::SIOCGPGRP;
    /// Flag of a file: its owner is sent signals
    pub const O_ASYNC: u32 = bindings::FASYNC;
}

/// What an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process, by its number or that of one of its threads.
    Process,
    /// A thread.
    Thread,
    /// A process group.
    Group,
}

impl Kind {
    fn from_raw(raw: u32) -> Self {
        match raw {
            bindings::ssi_owner_kind_SSI_OWNER_THREAD => Self::Thread,
            bindings::ssi_owner_kind_SSI_OWNER_GROUP => Self::Group,
            _ => Self::Process,
        }
    }

    const fn raw(self) -> u32 {
        match self {
            Self::Process => bindings::ssi_owner_kind_SSI_OWNER_PROCESS,
            Self::Thread => bindings::ssi_owner_kind_SSI_OWNER_THREAD,
            Self::Group => bindings::ssi_owner_kind_SSI_OWNER_GROUP,
        }
    }
}

/// The owner of a file. Users are numbers of the initial user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What it is.
    pub kind: Kind,
    /// Its number, 0 for nobody.
    pub number: u32,
    /// The user of who made it the owner.
    pub user: u32,
    /// Its effective user.
    pub effective: u32,
    /// A node that knows which one of that number it is.
    pub node: u8,
    /// What no other one of that node ever has, 0 for whoever has the number.
    pub identity: u64,
}

impl Owner {
    pub(crate) fn from_raw(raw: &bindings::ssi_file_owner) -> Self {
        Self {
            kind: Kind::from_raw(raw.kind),
            number: raw.number,
            user: raw.user,
            effective: raw.effective,
            node: raw.node,
            identity: raw.identity,
        }
    }

    pub(crate) fn raw(&self) -> bindings::ssi_file_owner {
        bindings::ssi_file_owner {
            kind: self.kind.raw(),
            number: self.number,
            user: self.user,
            effective: self.effective,
            identity: self.identity,
            node: self.node,
        }
    }
}

/// What there is to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The owner.
    pub owner: Owner,
    /// Whether it is on the node of the file, or what it left there is.
    pub is_here: bool,
    /// What it is sent in place of `SIGIO`, with information on the file; 0 for `SIGIO`.
    pub signal: u32,
}

/// What is asked of the node of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Whose it is.
    Get,
    /// To make somebody the owner, or nobody.
    Set(Owner),
    /// To choose the signal.
    SetSignal(u32),
    /// To send signals or to stop that, as `O_ASYNC` says.
    Notify {
        /// The number the file has.
        fd: u32,
        /// Which of both.
        on: bool,
        /// Who asks: the owner of a terminal if that has none.
        asks: Owner,
    },
}

/// Whether there is a task of `number` here, be it what a process left. Any context.
pub fn is_here(kind: Kind, number: u32) -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_owner_is_here(kind.raw(), number) }
}

/// Does what is asked for with `file`, which is of this node. May sleep.
///
/// # Errors
///
/// `ESRCH` for a process of this node that is gone, `EINVAL` for what is no signal, `ENOTTY`
/// for a file that never sends any, `ENOMEM`.
pub fn serve(file: &LocalFile, request: &Request) -> Result<State> {
    // SAFETY: Valid during the borrow, as by the contract of `serve_raw`.
    unsafe { serve_raw(file.as_ptr(), request) }
}

/// # Safety
///
/// `file` is referenced.
pub(crate) unsafe fn serve_raw(file: *mut bindings::file, request: &Request) -> Result<State> {
    match request {
        Request::Get => (),
        // SAFETY: By the caller, here and below.
        Request::Set(owner) => to_result(unsafe { bindings::ssi_owner_set(file, &owner.raw()) })?,
        Request::SetSignal(signal) => {
            // SAFETY: As above.
            to_result(unsafe { bindings::ssi_owner_set_signal(file, *signal) })?;
        }
        Request::Notify { fd, on, asks } => {
            let fd = i32::try_from(*fd).map_err(|_| EBADF)?;
            // SAFETY: As above.
            to_result(unsafe { bindings::ssi_owner_notify(file, fd, *on, &asks.raw()) })?;
        }
    }
    let mut raw: bindings::ssi_owner_state = pin_init::zeroed();
    // SAFETY: As above, and it can be written.
    unsafe { bindings::ssi_owner_get(file, &mut raw) };
    Ok(State {
        owner: Owner::from_raw(&raw.owner),
        is_here: raw.is_here,
        signal: raw.signal,
    })
}

/// An open file, and where its owner is kept.
pub struct Place {
    file: ARef<LocalFile>,
    #[cfg(CONFIG_SSI_FILES)]
    proxy: Option<ARef<Proxy>>,
}

impl Place {
    /// That of `file`.
    pub fn of(file: ARef<LocalFile>) -> Self {
        Self {
            #[cfg(CONFIG_SSI_FILES)]
            proxy: Proxy::of(&file),
            file,
        }
    }

    /// Whether that is another node.
    pub fn is_proxy(&self) -> bool {
        #[cfg(CONFIG_SSI_FILES)]
        let is_proxy = self.proxy.is_some();
        #[cfg(not(CONFIG_SSI_FILES))]
        let is_proxy = false;
        is_proxy
    }

    /// Whether it is a socket.
    pub fn is_socket(&self) -> bool {
        // SAFETY: The file is referenced.
        unsafe { bindings::ssi_owner_is_socket(self.file.as_ptr()) }
    }

    /// Does there what is asked for. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`serve`]; `EIO` when the home of the file is gone.
    pub fn ask(&self, request: &Request) -> Result<State> {
        #[cfg(CONFIG_SSI_FILES)]
        if let Some(proxy) = &self.proxy {
            return file_proxy::own(proxy, request);
        }
        serve(&self.file, request)
    }

    /// Whether its owner is sent signals, as far as is known here.
    pub fn is_notified(&self) -> bool {
        self.file.flags() & command::O_ASYNC != 0
    }

    /// Has `F_GETFL` say so from now on, for a file of another node.
    pub fn show_notified(&self, on: bool) {
        // SAFETY: The file is referenced.
        unsafe { bindings::ssi_owner_show_notified(self.file.as_ptr(), on) }
    }
}
