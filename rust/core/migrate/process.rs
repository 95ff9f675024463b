// SPDX-License-Identifier: GPL-2.0

//! Process for another node.
//!
//! All there is of a process that goes on where it was, the contents of its memory apart:
//! the other node asks for those, see [`fetch`](super::fetch).
//!
//! ```text
//!  +-------+---------+--------+------+-----------+-------+-------+---------+
//!  | state | program | timers | path | directory | areas | files | watches |
//!  +-------+---------+--------+------+-----------+-------+-------+---------+
//!  | threads |                                     each behind its length, u32
//!  +---------+
//! ```

use super::{
    area::Areas,
    image::STATE_BYTES_MAX,
    open_file::{
        at_most,
        path,
        OpenFiles, //
    },
    threads::Threads, //
};
use crate::wire::{
    Malformed,
    NoRoom,
    Reader,
    Writer, //
};

/// Most bytes of the state of the program.
pub const PROGRAM_BYTES_MAX: usize = 32_768;

/// Parts of it.
const PARTS: usize = 9;

/// A process, without the contents of its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process<'a> {
    /// Ids, rights, limits and the like, as `ssi_kapi::task_state` has them.
    pub state: &'a [u8],
    /// Registers, signal handlers and the like, as `ssi_kapi::program_state` has them.
    pub program: &'a [u8],
    /// Those of timer_create(2), as `ssi_kapi::posix_timer` has them.
    pub timers: &'a [u8],
    /// The file it executes, from the root on.
    pub path: &'a [u8],
    /// The working directory.
    pub directory: &'a [u8],
    /// What is in its memory.
    pub areas: Areas<'a>,
    /// Files it has open.
    pub files: OpenFiles<'a>,
    /// What sets of files watch, as `ssi_kapi::event_file` has it.
    pub watches: &'a [u8],
    /// Its threads, but for the first.
    pub threads: Threads<'a>,
}

impl<'a> Process<'a> {
    fn parts(&self) -> [&'a [u8]; PARTS] {
        [
            self.state,
            self.program,
            self.timers,
            self.path,
            self.directory,
            self.areas.as_bytes(),
            self.files.as_bytes(),
            self.watches,
            self.threads.as_bytes(),
        ]
    }

    /// Bytes it has on the wire.
    pub fn encoded_bytes(&self) -> usize {
        let bytes = |sum: usize, part: &[u8]| sum.saturating_add(part.len());
        self.parts()
            .into_iter()
            .fold(PARTS.saturating_mul(4), bytes)
    }

    /// Puts it into `room`.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] in less than [`encoded_bytes`](Self::encoded_bytes).
    pub fn encode(&self, room: &mut [u8]) -> Result<(), NoRoom> {
        let mut out = Writer::new(room);
        for part in self.parts() {
            out.u32(u32::try_from(part.len()).map_err(|_| NoRoom)?)
                .bytes(part);
        }
        out.finish().map(|_| ())
    }

    /// Takes it off the wire.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when a part is none, or something is behind the last.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let mut part = || -> Result<&'a [u8], Malformed> {
            let length = usize::try_from(message.u32()?).map_err(|_| Malformed)?;
            message.bytes(length)
        };
        let process = Self {
            state: at_most(part()?, STATE_BYTES_MAX)?,
            program: at_most(part()?, PROGRAM_BYTES_MAX)?,
            timers: part()?,
            path: path(part()?)?,
            directory: path(part()?)?,
            areas: Areas::new(part()?)?,
            files: OpenFiles::new(part()?)?,
            watches: part()?,
            threads: Threads::new(part()?)?,
        };
        message.end()?;
        Ok(process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process<'static> {
        Process {
            state: b"state",
            program: b"program",
            timers: b"timers",
            path: b"/bin/sh",
            directory: b"/root",
            areas: Areas::default(),
            files: OpenFiles::default(),
            watches: b"watches",
            threads: Threads::default(),
        }
    }

    fn encoded(process: &Process<'_>) -> Vec<u8> {
        let mut bytes = vec![0; process.encoded_bytes()];
        process.encode(&mut bytes).unwrap();
        bytes
    }

    fn is_refused(process: &Process<'_>) -> bool {
        Process::decode(&encoded(process)) == Err(Malformed)
    }

    #[test]
    fn what_is_sent_arrives_as_it_was() {
        assert_eq!(Process::decode(&encoded(&process())), Ok(process()));
    }

    #[test]
    fn the_room_is_as_large_as_it_says() {
        let mut short = vec![0; process().encoded_bytes() - 1];
        assert_eq!(process().encode(&mut short), Err(NoRoom));
    }

    #[test]
    fn no_part_of_one_is_a_process() {
        let bytes = encoded(&process());
        for cut in 0..bytes.len() {
            assert_eq!(Process::decode(&bytes[..cut]), Err(Malformed));
        }
        assert_eq!(
            Process::decode(&[&bytes[..], b"more"].concat()),
            Err(Malformed)
        );
    }

    #[test]
    fn paths_begin_at_the_root() {
        for wrong in [&b""[..], b"bin/sh", b"/bin\0"] {
            let path = wrong;
            assert!(is_refused(&Process { path, ..process() }));
            let directory = wrong;
            assert!(is_refused(&Process {
                directory,
                ..process()
            }));
        }
    }

    #[test]
    fn states_are_short() {
        let long = [0; PROGRAM_BYTES_MAX + 1];
        let state = &long[..STATE_BYTES_MAX + 1];
        assert!(is_refused(&Process { state, ..process() }));
        let program = &long;
        assert!(is_refused(&Process {
            program,
            ..process()
        }));
    }
}
