// SPDX-License-Identifier: GPL-2.0

//! Open files on their way.
//!
//! A process takes them along: the other node opens them anew, or gets the right to use
//! them where they are.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::{
        image::IMAGE_BYTES_MAX,
        open_file::{
            Identity,
            OpenFile,
            OpenFiles,
            Opening,
            Way,
            OPEN_FILE_BYTES_MAX,
            PATH_BYTES_MAX, //
        }, //
    }, //
};
use ssi_files::Ticket;
use ssi_kapi::{
    bytes,
    event_file::{
        self,
        EventFile, //
    },
    file_install,
    file_lock,
    open_files,
    task_state, //
};

use crate::text::terminated;

/// Rights of another node to files of this one: withdrawn unless they are taken out.
pub(crate) struct Tickets(KVec<Ticket>);

/// Files as they travel, and what those of them watch that are sets.
pub(crate) struct Packed {
    pub(crate) files: KVVec<u8>,
    pub(crate) watches: KVVec<u8>,
}

impl Tickets {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self(KVec::new())
    }

    /// Takes them out.
    pub(crate) fn take(mut self) -> KVec<Ticket> {
        core::mem::replace(&mut self.0, KVec::new())
    }

    /// The files of the running task that are `wanted`, as they travel. May sleep.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` for a file that cannot be used from away, `E2BIG` for more than travel,
    /// `ENOMEM`.
    pub(crate) fn pack(
        &mut self,
        to: NodeId,
        wanted: impl Fn(&open_files::Number) -> bool,
    ) -> Result<KVVec<u8>> {
        let mut room = Room::new()?;
        let mut all = KVVec::new();
        for number in open_files::all().filter(wanted) {
            let way = self.way(number.fd, to, &mut room.name)?;
            append(&mut all, number, way, &mut room.encoded)?;
        }
        Ok(all)
    }

    /// All files of the running task, which goes on as it is: what says when something happens,
    /// and nobody else has, is made again. May sleep.
    ///
    /// # Errors
    ///
    /// As for [`pack`](Self::pack).
    pub(crate) fn pack_all(&mut self, to: NodeId) -> Result<Packed> {
        let mut room = Room::new()?;
        let (mut files, mut watches) = (KVVec::new(), KVVec::new());
        for number in open_files::all() {
            let event = event_file::of(number.fd)?;
            let way = match &event {
                None => self.way(number.fd, to, &mut room.name)?,
                Some(EventFile::Same(first)) => Way::Again(*first),
                Some(EventFile::Made(known)) => Way::Made(known),
            };
            append(&mut files, number, way, &mut room.encoded)?;
            if let Some(event) = &event {
                event_file::watches(number.fd, event, &mut watches)?;
            }
        }
        Ok(Packed { files, watches })
    }

    /// How `to` comes to what is open as `fd`; `name` is room for its name.
    fn way<'a>(&'a mut self, fd: u32, to: NodeId, name: &'a mut [u8]) -> Result<Way<'a>> {
        // A ticket makes one more who has it open.
        let named = open_files::named(fd, name);
        let opening = named.map(|(path, opening, _)| Opening {
            flags: opening.flags,
            offset: opening.offset,
            path: path.to_bytes(),
        });
        Ok(
            match (opening, named.and_then(|(_, _, identity)| identity)) {
                (None, _) => Way::AtHome(self.ticket(fd, to)?),
                (Some(opening), None) => Way::Anew(opening),
                (Some(opening), Some(identity)) => {
                    Way::Either(self.ticket(fd, to)?, to_wire(identity), opening)
                }
            },
        )
    }

    fn ticket(&mut self, fd: u32, to: NodeId) -> Result<&[u8]> {
        self.0.reserve(1, GFP_KERNEL)?;
        self.0.push(ssi_files::export(fd, to)?, GFP_KERNEL)?;
        Ok(self.0.last().map_or(&[], Ticket::as_bytes))
    }
}

/// Room for one file.
struct Room {
    name: KVec<u8>,
    encoded: KVec<u8>,
}

impl Room {
    fn new() -> Result<Self> {
        Ok(Self {
            name: bytes::zeros(PATH_BYTES_MAX + 1)?,
            encoded: bytes::zeros(OPEN_FILE_BYTES_MAX)?,
        })
    }
}

fn append(
    all: &mut KVVec<u8>,
    number: open_files::Number,
    way: Way<'_>,
    room: &mut [u8],
) -> Result {
    let file = OpenFile {
        fd: number.fd,
        is_closed_on_exec: number.is_closed_on_exec,
        may_be_locked: ssi_files::may_have_locks(number.fd, task_state::pid()),
        way,
    };
    let length = file.encode(room).map_err(|_| EMFILE)?;
    bytes::extend(all, room.get(..length).unwrap_or_default())?;
    (all.len() <= IMAGE_BYTES_MAX).then_some(()).ok_or(E2BIG)
}

fn to_wire(identity: open_files::Identity) -> Identity {
    Identity {
        ino: identity.ino,
        size: identity.size,
        written: identity.written,
    }
}

impl Drop for Tickets {
    fn drop(&mut self) {
        for ticket in &self.0 {
            ssi_files::withdraw(ticket);
        }
    }
}

/// Lets the running task, which goes on on node `to` as `process`, keep the record locks
/// there of the files that it `keeps`. May sleep.
pub(crate) fn hand_over_locks(
    process: u32,
    to: NodeId,
    keeps: impl Fn(&open_files::Number) -> bool,
) {
    // Who shares its table of files leaves the locks to it.
    if !file_lock::are_own() {
        return;
    }
    for number in open_files::all().filter(|number| !keeps(number)) {
        ssi_files::end_locks(number.fd, process);
    }
    for number in open_files::all().filter(keeps) {
        ssi_files::hand_over_locks(number.fd, process, to);
    }
}

/// Opens each in the running task; when one cannot be, those behind it are refused. `path`
/// is room for a name. May sleep.
///
/// # Errors
///
/// Those of open(2), and of who has the file.
pub(crate) fn install_all(files: &OpenFiles<'_>, path: &mut KVVec<u8>) -> Result {
    let mut outcome = Ok(());
    for file in files.iter() {
        match (outcome, file.way.ticket()) {
            (Ok(()), _) => outcome = install(&file, path),
            (Err(_), Some(ticket)) => ssi_files::refuse(ticket),
            (Err(_), None) => (),
        }
    }
    outcome
}

fn install(file: &OpenFile<'_>, path: &mut KVVec<u8>) -> Result {
    match file.way {
        Way::Anew(opening) => open(file, opening, None, path),
        Way::AtHome(ticket) => use_at_home(file, ticket),
        Way::Made(known) => event_file::make(number_of(file), known, open_process),
        Way::Again(first) => event_file::again(number_of(file), first),
        Way::Either(ticket, identity, opening) => match open(file, opening, Some(identity), path) {
            Ok(()) => {
                ssi_files::refuse(ticket);
                Ok(())
            }
            Err(_) => use_at_home(file, ticket),
        },
    }
}

/// Opens what pidfd_open(2) gives the running task, which is about to be a process.
fn open_process(pid: u32, flags: u32) -> Result<isize> {
    let elsewhere = match pid == task_state::pid() {
        // Nobody knows yet that it is here.
        true => None,
        false => ssi_vproc::open_pidfd(pid, flags),
    };
    elsewhere.unwrap_or_else(|| event_file::open_process(pid, flags))
}

fn number_of(file: &OpenFile<'_>) -> open_files::Number {
    open_files::Number {
        fd: file.fd,
        is_closed_on_exec: file.is_closed_on_exec,
    }
}

fn use_at_home(file: &OpenFile<'_>, ticket: &[u8]) -> Result {
    let proxy = ssi_files::import(ticket)?;
    file_install::install(file.fd, &proxy, file.is_closed_on_exec)?;
    match file.may_be_locked {
        true => ssi_files::locks_came(file.fd, task_state::pid()),
        false => Ok(()),
    }
}

fn open(
    file: &OpenFile<'_>,
    opening: Opening<'_>,
    identity: Option<Identity>,
    path: &mut KVVec<u8>,
) -> Result {
    let identity = identity.map(|identity| open_files::Identity {
        ino: identity.ino,
        size: identity.size,
        written: identity.written,
    });
    let how = open_files::Opening {
        flags: opening.flags,
        offset: opening.offset,
    };
    open_files::open(
        number_of(file),
        terminated(path, opening.path)?,
        how,
        identity,
    )
}
