// SPDX-License-Identifier: GPL-2.0

//! Open files of other nodes.
//!
//! A program that runs on another node than it came from uses the files it had open: they
//! stay where they are, at their *home*, and the other node has a *proxy* of each. See
//! `Documentation/files.rst`.
//!
//! ```text
//!   a program here                              the home of the file
//!   read, write, poll -> remote -> ask  ------> service -> served -> kapi file_home
//!                          ^                                  |
//!   proxies <---- ready <--+------------------- ready <-------+ something happened
//!                                               exports: who may use what
//!   ioctl, /dev/tty -> controlling -----------> terminals: whom one controls
//! ```

#![deny(unsafe_code)]

use kernel::{
    fs::LocalFile,
    prelude::*, //
};
use ssi_core::ids::NodeId;
use ssi_kapi::{
    file_home,
    file_lock,
    file_proxy,
    pts,
    socket_proxy,
    terminal, //
};

mod ask;
mod control;
mod controlling;
mod direct;
mod exported;
mod exports;
mod members;
mod numbered;
mod owner;
mod proxies;
mod ready;
mod record_locks;
mod remote;
mod remote_lock;
mod remote_socket;
mod report;
mod served;
mod served_socket;
mod service;
mod sessions;
mod terminals;
mod ticket;
mod transfer;
mod waiting;
mod workers;

pub use crate::{
    proxies::import,
    ticket::Ticket, //
};

module! {
    type: Files,
    name: "ssi_files",
    authors: ["SSI developers"],
    description: "SSI open files of other nodes",
    license: "GPL",
}

/// Lets node `to` use what the running task has open as `fd`, and gives what that node
/// needs to [`import`] it. The file stays open for it until it says otherwise, or is gone.
/// A file of a third node stays one of that node. May sleep.
///
/// # Errors
///
/// `EBADF`; `EOPNOTSUPP` for a file that cannot be used from another node, `ENFILE` when
/// there are [`FILES_MAX`](ssi_core::files::handles::FILES_MAX) already, `EHOSTDOWN` for a
/// node that is no member, `EIO` when the home of the file is gone, `ENOMEM`.
pub fn export(fd: u32, to: NodeId) -> Result<Ticket> {
    export_file(&*file_home::of_current(fd)?, to)
}

/// As [`export`], of a file that has no number.
fn export_file(file: &LocalFile, to: NodeId) -> Result<Ticket> {
    match file_proxy::Proxy::of(file) {
        Some(proxy) => proxies::grant(&proxy, to),
        None => exports::export(file, to),
    }
}

/// Forgets a ticket that never left this node. One that another node was given is its own
/// affair: it imports or [refuses](refuse) it. May sleep.
pub fn withdraw(ticket: &Ticket) {
    ticket.withdraw();
}

/// Refuses a ticket that came: it will not be imported. May sleep.
pub fn refuse(ticket: &[u8]) {
    proxies::refuse(ticket);
}

/// Lets process `process`, which is the running task and goes on on node `to`, have the record
/// locks there that it has by its file `fd`, which it takes along. May sleep.
pub fn hand_over_locks(fd: u32, process: u32, to: NodeId) {
    let Ok(file) = file_home::of_current(fd) else {
        return;
    };
    match file_proxy::Proxy::of(&file) {
        Some(proxy) => remote_lock::hand_over(&proxy, process, to),
        None => exports::hand_over_locks(&file, process, to),
    }
}

/// Whether `process`, which is the running task, may have record locks of its file `fd`, which it
/// takes along. May sleep.
pub fn may_have_locks(fd: u32, process: u32) -> bool {
    let Ok(file) = file_home::of_current(fd) else {
        return false;
    };
    match file_proxy::Proxy::of(&file) {
        Some(proxy) => remote_lock::may_have(&proxy, process),
        None => file_lock::current_has_any(&file),
    }
}

/// `process`, which came here and is the running task, may have record locks of its file `fd`,
/// which are [handed over](hand_over_locks) before it runs. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub fn locks_came(fd: u32, process: u32) -> Result {
    let file = file_home::of_current(fd)?;
    match file_proxy::Proxy::of(&file) {
        Some(proxy) => remote_lock::came(&proxy, process),
        // They are the kernel's own here.
        None => Ok(()),
    }
}

/// Ends the record locks that `process`, which is the running task, has of its file `fd`, as
/// if it closed it. May sleep.
pub fn end_locks(fd: u32, process: u32) {
    if let Ok(file) = file_home::of_current(fd) {
        match file_proxy::Proxy::of(&file) {
            Some(proxy) => remote_lock::flushed(&proxy, process),
            None => file_lock::unlock_current(&file),
        }
    }
}

struct Files;

impl kernel::Module for Files {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if let Some(me) = ssi_ics::this_node() {
            members::begin(me.node);
            exports::create()?;
            proxies::create()?;
            waiting::create()?;
            record_locks::create()?;
            remote_lock::create()?;
            sessions::create()?;
            workers::create()?;
            file_home::on_ready(ready::happened);
            socket_proxy::install(&remote_socket::Sockets);
            file_proxy::install(&remote::Remote)?;
            terminal::begin(&controlling::Elsewhere)?;
            pts::install(&numbered::Elsewhere)?;
            ssi_ics::register(&service::SERVICE)?;
            ssi_ics::register(&service::WAITING)?;
            ssi_ics::register(&ready::SERVICE)?;
            ssi_ics::register(&terminals::SERVICE)?;
            ssi_clms::register_subsystem(&members::Follower)?;
            let folder = ssi_clms::folder().ok_or(ENODEV)?;
            folder.add::<report::Report>(c"files")?;
        }
        Ok(Self)
    }
}
