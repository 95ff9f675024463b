// SPDX-License-Identifier: GPL-2.0

//! Parcel of a process.
//!
//! The running task and the program it wants, or it and what it is in, packed into the
//! pages of a call; and unpacked by the new task on the other node.

use kernel::prelude::*;
use ssi_core::{
    ids::NodeId,
    migrate::{
        area::Areas,
        image::{
            Image,
            IMAGE_BYTES_MAX, //
        },
        open_file::OpenFiles,
        process::Process,
        threads::{
            Thread,
            Threads,
            THREAD_HEAD_BYTES, //
        }, //
    },
    wire::{
        Malformed,
        NoRoom, //
    }, //
};
use ssi_files::Ticket;
use ssi_ics::Pages;
use ssi_kapi::{
    address_space::{
        self,
        Memory, //
    },
    bytes,
    crew::{
        self,
        Recruit, //
    },
    event_file,
    itimer::Paused,
    page::PAGE_BYTES,
    parking::Parking,
    posix_timer::{
        PosixTimers,
        Stopped, //
    },
    program_state::ProgramState,
    task_state::{
        self,
        TaskState, //
    },
    thread_state::ThreadState, //
};

use crate::{
    luggage::{
        self,
        Tickets, //
    },
    memory_image,
    program::Program,
    text::terminated,
    wanted::Wanted, //
};

/// A process on its way, with the right of the other node to the files that stay at home.
pub(crate) struct Parcel {
    pub(crate) pages: Pages,
    tickets: KVec<Ticket>,
}

impl Parcel {
    /// Packs the running task and the program it wants. May sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` for more than travels, `EOPNOTSUPP` for a file that cannot be used from
    /// away, `ENOENT` for a working directory without a name, `ENOMEM`.
    pub(crate) fn pack(wanted: &Wanted, alarm: &Paused) -> Result<Self> {
        let state = TaskState::of_paused(alarm)?;
        let directory = task_state::directory()?;
        let mut tickets = Tickets::new();
        let files = tickets.pack(wanted.node, |number| !number.is_closed_on_exec)?;
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
        let pages = in_pages(image.encoded_bytes(), |room| image.encode(room))?;
        Ok(Self {
            pages,
            tickets: tickets.take(),
        })
    }

    /// Packs the running task, which goes on where it is, with the `others` of its threads, but
    /// for the contents of its `memory`; its timers stand still. May sleep.
    ///
    /// # Errors
    ///
    /// As for [`pack`](Self::pack); `EOPNOTSUPP` for memory that cannot be on another node,
    /// too; `ENOENT` for a program whose file has no name any more.
    pub(crate) fn pack_process(
        to: NodeId,
        memory: &Memory,
        alarm: &Paused,
        timers: &Stopped,
        others: Option<&Parking>,
    ) -> Result<Self> {
        let threads = others.map_or(Ok(KVVec::new()), pack_threads)?;
        let state = TaskState::of_paused(alarm)?;
        let program = ProgramState::of_current()?;
        let path = address_space::program()?;
        let directory = task_state::directory()?;
        let areas = memory_image::pack(memory)?;
        let mut tickets = Tickets::new();
        let packed = tickets.pack_all(to)?;
        let process = Process {
            state: state.as_bytes(),
            program: program.as_bytes(),
            timers: timers.as_bytes(),
            path: &path,
            directory: &directory,
            areas: Areas::new(&areas).map_err(|_| EOPNOTSUPP)?,
            files: OpenFiles::new(&packed.files).map_err(|_| EMFILE)?,
            watches: &packed.watches,
            threads: Threads::new(&threads).map_err(|_| EINVAL)?,
        };
        let pages = in_pages(process.encoded_bytes(), |room| process.encode(room))?;
        Ok(Self {
            pages,
            tickets: tickets.take(),
        })
    }

    /// Takes the other node's right to the files back: it has no copy.
    pub(crate) fn withdraw(self) {
        for ticket in &self.tickets {
            ssi_files::withdraw(ticket);
        }
    }
}

/// The threads that wait, as they travel.
fn pack_threads(others: &Parking) -> Result<KVVec<u8>> {
    let mut all = KVVec::new();
    others.states(|tid, state| {
        let mut head = [0; THREAD_HEAD_BYTES];
        let thread = Thread { tid, state };
        thread.encode_head(&mut head).map_err(|_| EOPNOTSUPP)?;
        bytes::extend(&mut all, &head)?;
        bytes::extend(&mut all, state)?;
        if all.len() > IMAGE_BYTES_MAX {
            return Err(E2BIG);
        }
        Ok(())
    })?;
    Ok(all)
}

/// The threads that came.
fn recruits(threads: &Threads<'_>) -> Result<KVVec<Recruit>> {
    let mut recruits = KVVec::new();
    for Thread { tid, state } in threads.iter() {
        let state = ThreadState::from_wire(state)?;
        recruits.push(Recruit { tid, state }, GFP_KERNEL)?;
    }
    Ok(recruits)
}

fn in_pages(
    length: usize,
    encode: impl FnOnce(&mut [u8]) -> core::result::Result<(), NoRoom>,
) -> Result<Pages> {
    if length > IMAGE_BYTES_MAX {
        return Err(E2BIG);
    }
    let mut encoded = KVVec::from_elem(0, length, GFP_KERNEL)?;
    encode(&mut encoded).map_err(|_| E2BIG)?;
    let pages = Pages::alloc(length)?;
    for (page, part) in pages.as_slice().iter().zip(encoded.chunks(PAGE_BYTES)) {
        page.write(0, part)?;
    }
    Ok(pages)
}

/// What is in a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// A process that executes a program: [`Image`].
    Program,
    /// One that goes on: [`Process`].
    Process,
}

/// A parcel that came.
pub(crate) struct Delivery {
    contents: Contents,
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
    pub(crate) fn take(contents: Contents, pages: &Pages) -> Result<Self> {
        let mut encoded = KVVec::from_elem(0, pages.bytes() as usize, GFP_KERNEL)?;
        let parts = encoded.chunks_mut(PAGE_BYTES);
        for (page, part) in pages.as_slice().iter().zip(parts) {
            page.read(0, part)?;
        }
        Ok(Self {
            contents,
            encoded,
            is_closed: true,
        })
    }

    /// The state of the task in it, and the files.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is none.
    pub(crate) fn state(&self) -> Result<(&[u8], OpenFiles<'_>), Malformed> {
        match self.contents {
            Contents::Program => {
                let image = Image::decode(&self.encoded)?;
                Ok((image.state, image.files))
            }
            Contents::Process => {
                let process = Process::decode(&self.encoded)?;
                Ok((process.state, process.files))
            }
        }
    }

    /// Makes the running task, which is new and is to be process `pid` of `home`, the one in
    /// it, of this `state`. May sleep.
    ///
    /// # Errors
    ///
    /// Those of execve(2), of chdir(2) to its directory, and `EINVAL` for a state there is
    /// none like. For a process that goes on those of mmap(2), too.
    pub(crate) fn open(mut self, state: &TaskState, pid: u32, home: NodeId) -> Result {
        match self.contents {
            Contents::Program => self.execute(state),
            Contents::Process => self.revive(state, pid, home),
        }
    }

    fn execute(&mut self, state: &TaskState) -> Result {
        let image = Image::decode(&self.encoded).map_err(|_| EINVAL)?;
        let mut name = KVVec::new();
        state.put_on()?;
        task_state::enter(terminated(&mut name, image.directory)?)?;
        self.is_closed = false;
        luggage::install_all(&image.files, &mut name)?;
        Program::of(&image).execute()?;
        state.put_on_memory()
    }

    /// The memory comes first: the rights and limits of the process are not asked for it.
    fn revive(&mut self, state: &TaskState, pid: u32, home: NodeId) -> Result {
        let process = Process::decode(&self.encoded).map_err(|_| EINVAL)?;
        let program = ProgramState::from_wire(process.program)?;
        let timers = PosixTimers::from_wire(process.timers)?;
        let mut name = KVVec::new();
        address_space::blank(terminated(&mut name, process.path)?)?;
        memory_image::fill(&process.areas, pid, home)?;
        state.put_on_memory()?;
        let me = ssi_ics::this_node().ok_or(ENODEV)?;
        crew::make(state, me.node.get(), recruits(&process.threads)?)?;
        state.put_on()?;
        task_state::enter(terminated(&mut name, process.directory)?)?;
        self.is_closed = false;
        luggage::install_all(&process.files, &mut name)?;
        event_file::watch(process.watches)?;
        timers.put_on()?;
        program.put_on()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let (true, Ok((_, files))) = (self.is_closed, self.state()) {
            files
                .iter()
                .filter_map(|file| file.way.ticket())
                .for_each(ssi_files::refuse);
        }
    }
}
