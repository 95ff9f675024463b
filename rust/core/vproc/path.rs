// SPDX-License-Identifier: GPL-2.0

//! File below `/proc` of another node.
//!
//! What is asked of it, behind the caller:
//!
//! ```text
//!  +----------+--------+-------+---------+------+---------------+
//!  | identity | offset | bytes | length  | path | data to write |
//!  |   u64    |  u64   |  u32  |   u8    |      |               |
//!  +----------+--------+-------+---------+------+---------------+
//! ```

use super::pid::is_shared;
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 255;

/// Most data of one write, in bytes.
pub const DATA_BYTES_MAX: usize = 1536;

/// A file and a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which process must have the pid, 0 if any may.
    pub identity: u64,
    /// Path from `/proc` on; begins with a pid.
    pub path: &'a [u8],
    /// Where in the file, or which entry of a folder.
    pub offset: u64,
    /// How much of it.
    pub bytes: u32,
    /// What is written there.
    pub data: &'a [u8],
}

impl<'a> Place<'a> {
    /// All of `path`, for a question about it as a whole.
    pub const fn all(path: &'a [u8]) -> Self {
        Self {
            identity: 0,
            path,
            offset: 0,
            bytes: 0,
            data: &[],
        }
    }

    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u64(self.identity).u64(self.offset).u32(self.bytes);
        out.u8(u8::try_from(self.path.len()).unwrap_or(u8::MAX))
            .bytes(self.path);
        out.bytes(self.data);
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is no path of a process others may name, and for too
    /// much data.
    pub fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        let (identity, offset, bytes) = (message.u64()?, message.u64()?, message.u32()?);
        let length = usize::from(message.u8()?);
        let path = message.bytes(length)?;
        let data = message.rest();
        let place = Self {
            identity,
            path,
            offset,
            bytes,
            data,
        };
        (is_path(path) && data.len() <= DATA_BYTES_MAX)
            .then_some(place)
            .ok_or(Malformed)
    }
}

/// Whether `path` names something of a process others may name, and nothing above it.
pub fn is_path(path: &[u8]) -> bool {
    let mut parts = path.split(|&byte| byte == b'/');
    let is_plain =
        |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.contains(&0);
    path.len() <= PATH_BYTES_MAX
        && parts.next().and_then(read_pid).is_some_and(is_shared)
        && parts.all(is_plain)
}

/// The process a path is about.
pub fn pid_of(path: &[u8]) -> Option<u32> {
    path.split(|&byte| byte == b'/').next().and_then(read_pid)
}

/// A pid in decimal digits, as the names in `/proc` are.
fn read_pid(digits: &[u8]) -> Option<u32> {
    let is_number = digits.iter().all(u8::is_ascii_digit) && digits.first() != Some(&b'0');
    let text = core::str::from_utf8(digits).ok().filter(|_| is_number)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<'a>(place: &Place<'_>, room: &'a mut [u8]) -> Result<Place<'a>, Malformed> {
        let mut out = Writer::new(room);
        place.encode(&mut out);
        let length = out.finish().unwrap();
        Place::decode(Reader::new(&room[..length]))
    }

    #[test]
    fn a_place_arrives_as_it_was() {
        let place = Place {
            identity: 5,
            path: b"65600/fd/3",
            offset: u64::MAX,
            bytes: 4096,
            data: b"text",
        };
        assert_eq!(round_trip(&place, &mut [0; 300]), Ok(place));
        let all = Place::all(b"1");
        assert_eq!(round_trip(&all, &mut [0; 300]), Ok(all));
    }

    #[test]
    fn paths_lead_to_processes_of_the_cluster() {
        for path in [
            "1",
            "65600",
            "65600/stat",
            "4194303/task/65601/fd/3",
            "1/.x/..y",
        ] {
            assert!(is_path(path.as_bytes()), "{path}");
        }
        let long = format!("65600/{}", "x".repeat(255));
        for path in [
            "",
            "/",
            "2",
            "065600",
            "65600/",
            "65600//stat",
            "65600/..",
            "65600/./stat",
            "self",
            "cluster/nodes",
            "65600/fd/../../1",
            "+65600",
            "4294967297/stat",
            "65600/a\0b",
            "99999999",
            &long,
        ] {
            assert!(!is_path(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        let data = [0; DATA_BYTES_MAX + 1];
        let place = Place {
            data: &data,
            ..Place::all(b"65600/comm")
        };
        assert_eq!(round_trip(&place, &mut [0; 2048]), Err(Malformed));
        assert_eq!(
            round_trip(&Place::all(b"../etc"), &mut [0; 64]),
            Err(Malformed)
        );
        assert_eq!(Place::decode(Reader::new(&[0; 20])), Err(Malformed));
    }

    #[test]
    fn the_process_of_a_path_is_its_beginning() {
        assert_eq!(pid_of(b"65600/task/65601"), Some(65_600));
        assert_eq!(pid_of(b"x/1"), None);
    }
}
