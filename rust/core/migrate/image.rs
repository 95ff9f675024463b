// SPDX-License-Identifier: GPL-2.0

//! Program for another node.
//!
//! All that is left of a process when it executes a program, and the program. What has
//! no meaning behind an execve(2) does not travel.
//!
//! ```text
//!  +-------+------+---------+-----------+-----------+-------------+-------+
//!  | state | path | folders | directory | arguments | environment | files |
//!  +-------+------+---------+-----------+-----------+-------------+-------+
//!                                             each behind its length, u32
//! ```

use super::{
    open_file::{
        at_most,
        path,
        OpenFiles,
        PATH_BYTES_MAX, //
    },
    strings::Strings, //
};
use crate::wire::{
    Malformed,
    NoRoom,
    Reader,
    Writer, //
};

/// Most bytes of an image: the pages of one call.
pub const IMAGE_BYTES_MAX: usize = 1 << 20;

/// Most bytes of the state.
pub const STATE_BYTES_MAX: usize = 8192;

/// Parts of it.
const PARTS: usize = 7;

/// A program, and what its process keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    /// Ids, rights, limits and the like, as `ssi_kapi::task_state` has them.
    pub state: &'a [u8],
    /// The program, from the root or from the directory on.
    pub path: &'a [u8],
    /// The folders it is [looked for](super::search) in, as one string; none if `path` is all.
    pub folders: Strings<'a>,
    /// The working directory.
    pub directory: &'a [u8],
    /// Arguments, the name first.
    pub arguments: Strings<'a>,
    /// Environment.
    pub environment: Strings<'a>,
    /// Files that stay open.
    pub files: OpenFiles<'a>,
}

impl<'a> Image<'a> {
    fn parts(&self) -> [&'a [u8]; PARTS] {
        [
            self.state,
            self.path,
            self.folders.as_bytes(),
            self.directory,
            self.arguments.as_bytes(),
            self.environment.as_bytes(),
            self.files.as_bytes(),
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
        let image = Self {
            state: at_most(part()?, STATE_BYTES_MAX)?,
            path: program(part()?)?,
            folders: at_most_one(part()?)?,
            directory: path(part()?)?,
            arguments: Strings::new(part()?)?,
            environment: Strings::new(part()?)?,
            files: OpenFiles::new(part()?)?,
        };
        message.end()?;
        Ok(image)
    }
}

fn at_most_one(bytes: &[u8]) -> Result<Strings<'_>, Malformed> {
    let strings = Strings::new(bytes)?;
    (strings.count() <= 1).then_some(strings).ok_or(Malformed)
}

/// An empty path is none, as for execve(2), which says so itself.
fn program(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let is_path = !bytes.contains(&0);
    at_most(bytes, PATH_BYTES_MAX).and_then(|path| is_path.then_some(path).ok_or(Malformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image<'static> {
        Image {
            state: b"state",
            path: b"bin/ls",
            folders: Strings::default(),
            directory: b"/root",
            arguments: Strings::new(b"ls\0-l\0").unwrap(),
            environment: Strings::new(b"HOME=/\0").unwrap(),
            files: OpenFiles::default(),
        }
    }

    fn encoded(image: &Image<'_>) -> Vec<u8> {
        let mut bytes = vec![0; image.encoded_bytes()];
        image.encode(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_sent_arrives_as_it_was() {
        assert_eq!(Image::decode(&encoded(&image())), Ok(image()));
    }

    #[test]
    fn there_is_one_search_or_none() {
        for folders in [&b"/bin:/usr/bin\0"[..], b"\0"] {
            let folders = Strings::new(folders).unwrap();
            let searched = Image { folders, ..image() };
            assert_eq!(Image::decode(&encoded(&searched)), Ok(searched));
        }
        let folders = Strings::new(b"/bin\0/usr/bin\0").unwrap();
        let wrong = Image { folders, ..image() };
        assert_eq!(Image::decode(&encoded(&wrong)), Err(Malformed));
    }

    #[test]
    fn the_room_is_as_large_as_it_says() {
        let mut short = vec![0; image().encoded_bytes() - 1];
        assert_eq!(image().encode(&mut short), Err(NoRoom));
    }

    #[test]
    fn no_part_of_one_is_an_image() {
        let bytes = encoded(&image());
        for cut in 0..bytes.len() {
            assert_eq!(Image::decode(&bytes[..cut]), Err(Malformed));
        }
        assert_eq!(
            Image::decode(&[&bytes[..], b"more"].concat()),
            Err(Malformed)
        );
    }

    #[test]
    fn paths_are_looked_at() {
        for directory in [&b""[..], b"root", b"/ro\0ot"] {
            let wrong = Image {
                directory,
                ..image()
            };
            assert_eq!(Image::decode(&encoded(&wrong)), Err(Malformed));
        }
        let long = vec![b'a'; PATH_BYTES_MAX + 1];
        for path in [&b"l\0s"[..], &long] {
            let wrong = Image { path, ..image() };
            assert_eq!(Image::decode(&encoded(&wrong)), Err(Malformed));
        }
    }
}
