// SPDX-License-Identifier: GPL-2.0

//! Parcel of a program.
//!
//! The image of the running task and the program it wants, packed into the pages of a
//! call; and unpacked by the new task on the other node.

use kernel::{
    prelude::*,
    str::CStr, //
};
use ssi_core::{
    ids::NodeId,
    migrate::{
        image::{
            Image,
            IMAGE_BYTES_MAX, //
        },
        open_file::{
            Identity,
            OpenFile,
            OpenFiles,
            Opening,
            Way,
            OPEN_FILE_BYTES_MAX,
            PATH_BYTES_MAX, //
        }, //
    },
    wire::Malformed, //
};
use ssi_files::Ticket;
use ssi_ics::Pages;
use ssi_kapi::{
    bytes,
    file_install,
    open_files,
    page::PAGE_BYTES,
    task_state::{
        self,
        TaskState, //
    }, //
};

use crate::{
    program::Program,
    wanted::Wanted, //
};

/// A program on its way, with the right of the other node to the files that stay at home.
pub(crate) struct Parcel {
    pub(crate) pages: Pages,
    tickets: KVec<Ticket>,
}

impl Parcel {
    /// Packs the running task. May sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` for more than travels, `EOPNOTSUPP` for a file that cannot be used from
    /// away, `ENOENT` for a working directory without a name, `ENOMEM`.
    pub(crate) fn pack(wanted: &Wanted) -> Result<Self> {
        let state = TaskState::of_current()?;
        let directory = task_state::directory()?;
        let mut tickets = Tickets(KVec::new());
        let files = tickets.pack(wanted.node)?;
        let program = wanted.program()?;
        let image = Image {
            state: state.as_bytes(),
            path: program.path,
            folders: program.folders,
            directory: &directory,
            arguments: program.arguments,
            environment: program.environment,
            files: OpenFiles::new(&files).map_err(|_| EMFILE)?,
        };
        Ok(Self {
            pages: in_pages(&image)?,
            tickets: core::mem::replace(&mut tickets.0, KVec::new()),
        })
    }

    /// Takes the other node's right to the files back: it has no copy.
    pub(crate) fn withdraw(self) {
        for ticket in &self.tickets {
            ssi_files::withdraw(ticket);
        }
    }
}

/// Withdrawn unless they are taken out.
struct Tickets(KVec<Ticket>);

impl Tickets {
    /// The files of the running task that stay open, as they travel.
    fn pack(&mut self, to: NodeId) -> Result<KVVec<u8>> {
        let mut all = KVVec::new();
        let mut room = bytes::zeros(OPEN_FILE_BYTES_MAX)?;
        let mut name = bytes::zeros(PATH_BYTES_MAX + 1)?;
        for fd in open_files::kept() {
            let way = self.way(fd, to, &mut name)?;
            let length = OpenFile { fd, way }.encode(&mut room);
            let length = length.map_err(|_| EMFILE)?;
            bytes::extend(&mut all, room.get(..length).unwrap_or_default())?;
            if all.len() > IMAGE_BYTES_MAX {
                return Err(E2BIG);
            }
        }
        Ok(all)
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

fn in_pages(image: &Image<'_>) -> Result<Pages> {
    let length = image.encoded_bytes();
    if length > IMAGE_BYTES_MAX {
        return Err(E2BIG);
    }
    let mut encoded = KVVec::from_elem(0, length, GFP_KERNEL)?;
    image.encode(&mut encoded).map_err(|_| E2BIG)?;
    let pages = Pages::alloc(length)?;
    for (page, part) in pages.as_slice().iter().zip(encoded.chunks(PAGE_BYTES)) {
        page.write(0, part)?;
    }
    Ok(pages)
}

/// A parcel that came.
pub(crate) struct Delivery {
    encoded: KVVec<u8>,
    /// Nobody uses the files in it yet.
    is_closed: bool,
}

impl Delivery {
    /// What came in `pages`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn take(pages: &Pages) -> Result<Self> {
        let mut encoded = KVVec::from_elem(0, pages.bytes() as usize, GFP_KERNEL)?;
        let parts = encoded.chunks_mut(PAGE_BYTES);
        for (page, part) in pages.as_slice().iter().zip(parts) {
            page.read(0, part)?;
        }
        Ok(Self {
            encoded,
            is_closed: true,
        })
    }

    /// The image in it.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is none.
    pub(crate) fn image(&self) -> Result<Image<'_>, Malformed> {
        Image::decode(&self.encoded)
    }

    /// Makes the running task, which is new, the one in it, of this `state`, and executes
    /// its program. May sleep.
    ///
    /// # Errors
    ///
    /// Those of execve(2), of chdir(2) to its directory, and `EINVAL` for a state there is
    /// none like.
    pub(crate) fn open(mut self, state: &TaskState) -> Result {
        let mut name = KVVec::new();
        state.put_on()?;
        let directory = self.image().map_err(|_| EINVAL)?.directory;
        task_state::enter(terminated(&mut name, directory)?)?;
        self.is_closed = false;
        let image = self.image().map_err(|_| EINVAL)?;
        install_all(&image.files, &mut name)?;
        Program::of(&image).execute()?;
        state.put_on_memory()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let (true, Ok(image)) = (self.is_closed, self.image()) {
            image
                .files
                .iter()
                .filter_map(|file| file.way.ticket())
                .for_each(ssi_files::refuse);
        }
    }
}

/// Opens each; when one cannot be, those behind it are refused.
fn install_all(files: &OpenFiles<'_>, path: &mut KVVec<u8>) -> Result {
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
        Way::Anew(opening) => open(file.fd, opening, None, path),
        Way::AtHome(ticket) => use_at_home(file.fd, ticket),
        Way::Either(ticket, identity, opening) => {
            match open(file.fd, opening, Some(identity), path) {
                Ok(()) => {
                    ssi_files::refuse(ticket);
                    Ok(())
                }
                Err(_) => use_at_home(file.fd, ticket),
            }
        }
    }
}

fn use_at_home(fd: u32, ticket: &[u8]) -> Result {
    let proxy = ssi_files::import(ticket)?;
    file_install::install(fd, &proxy)
}

fn open(fd: u32, opening: Opening<'_>, identity: Option<Identity>, path: &mut KVVec<u8>) -> Result {
    let identity = identity.map(|identity| open_files::Identity {
        ino: identity.ino,
        size: identity.size,
        written: identity.written,
    });
    let how = open_files::Opening {
        flags: opening.flags,
        offset: opening.offset,
    };
    open_files::open(fd, terminated(path, opening.path)?, how, identity)
}

/// `text` with a zero byte, in `room`.
fn terminated<'a>(room: &'a mut KVVec<u8>, text: &[u8]) -> Result<&'a CStr> {
    if text.len() > PATH_BYTES_MAX {
        return Err(ENAMETOOLONG);
    }
    room.clear();
    bytes::extend(room, text)?;
    bytes::extend(room, &[0])?;
    CStr::from_bytes_with_nul(room).map_err(|_| EINVAL)
}
