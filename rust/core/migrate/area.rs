// SPDX-License-Identifier: GPL-2.0

//! Area of an address space.
//!
//! What is mapped where, and from what; the pages come apart from it: see
//! [`fetch`](super::fetch).
//!
//! ```text
//!  0       8     16           17     18       20       22
//!  +-------+-----+------------+------+--------+--------+-----------------------------------+
//!  | start | end | protection | kind | traits | length | of a file: offset, identity, path |
//!  +-------+-----+------------+------+--------+--------+-----------------------------------+
//! ```

use super::open_file::{
    path,
    Identity,
    IDENTITY_BYTES,
    PATH_BYTES_MAX, //
};
use crate::wire::{
    Malformed,
    NoRoom,
    Reader,
    Writer, //
};

/// Bytes of a page.
pub const PAGE_BYTES: u64 = 4096;

/// No address of a program is here or above.
pub const ADDRESS_END: u64 = 1 << 47;

/// No file has a byte here or above, however much of it is mapped.
const OFFSET_END: u64 = (1 << 62) - ADDRESS_END;

/// Longest encoding of an area, in bytes.
pub const AREA_BYTES_MAX: usize = HEAD_BYTES + MAPPED_BYTES + PATH_BYTES_MAX;

/// Bytes in front of what is said of a file.
const HEAD_BYTES: usize = 22;

/// Bytes of offset and identity.
const MAPPED_BYTES: usize = 8 + IDENTITY_BYTES;

/// Bits of a protection: `PROT_READ`, `PROT_WRITE`, `PROT_EXEC`.
const PROTECTION_MASK: u8 = 7;

/// All traits there are.
const TRAITS_MASK: u16 = 0x1ff;

const ANONYMOUS: u8 = 1;
const COPIED: u8 = 2;
const FILE: u8 = 3;
const SHARED: u8 = 4;
const VDSO: u8 = 5;

/// Part of a file that is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped<'a> {
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// Which file it is.
    pub identity: Identity,
    /// Its name, from the root on.
    pub path: &'a [u8],
}

/// Where the pages of an area come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// From nowhere: what is not sent is zero.
    Anonymous,
    /// From a file of its node alone, which all of it is copied of.
    Copied,
    /// From a file that both nodes may have; what the process changed is sent. On a node
    /// that has it not, it becomes [`Copied`](Self::Copied).
    File(Mapped<'a>),
    /// From a file that both nodes have, which others change.
    Shared(Mapped<'a>),
    /// From the kernel.
    Vdso,
}

impl<'a> Origin<'a> {
    const fn kind(&self) -> u8 {
        match self {
            Self::Anonymous => ANONYMOUS,
            Self::Copied => COPIED,
            Self::File(_) => FILE,
            Self::Shared(_) => SHARED,
            Self::Vdso => VDSO,
        }
    }

    const fn mapped(&self) -> Option<Mapped<'a>> {
        match *self {
            Self::File(mapped) | Self::Shared(mapped) => Some(mapped),
            Self::Anonymous | Self::Copied | Self::Vdso => None,
        }
    }
}

/// Area of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area<'a> {
    /// Its first address.
    pub start: u64,
    /// The first one behind it.
    pub end: u64,
    /// As of mmap(2).
    pub protection: u8,
    /// Bits of what else is asked of it, as `ssi_kapi::address_space` has them.
    pub traits: u16,
    /// Where its pages come from.
    pub origin: Origin<'a>,
}

impl<'a> Area<'a> {
    /// Puts it into `room`; gives the bytes written.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] in less than [`AREA_BYTES_MAX`], and for a path longer than it may be.
    pub fn encode(&self, room: &mut [u8]) -> Result<usize, NoRoom> {
        let mapped = self.origin.mapped();
        let length = mapped.map_or(0, |mapped| mapped.path.len().saturating_add(MAPPED_BYTES));
        let mut out = Writer::new(room);
        out.u64(self.start)
            .u64(self.end)
            .u8(self.protection)
            .u8(self.origin.kind())
            .u16(self.traits)
            .u16(u16::try_from(length).map_err(|_| NoRoom)?);
        if let Some(Mapped {
            offset,
            identity,
            path,
        }) = mapped
        {
            out.u64(offset);
            identity.encode(&mut out);
            out.bytes(path);
        }
        out.finish()
    }

    fn decode(message: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (start, end) = range(message)?;
        let protection = message.u8()?;
        let kind = message.u8()?;
        let traits = message.u16()?;
        let length = usize::from(message.u16()?);
        let rest = Reader::new(message.bytes(length)?);
        let origin = match kind {
            ANONYMOUS => Origin::Anonymous,
            COPIED => Origin::Copied,
            FILE => Origin::File(mapped(rest)?),
            SHARED => Origin::Shared(mapped(rest)?),
            VDSO => Origin::Vdso,
            _ => return Err(Malformed),
        };
        let is_sound = protection & !PROTECTION_MASK == 0
            && traits & !TRAITS_MASK == 0
            && (origin.mapped().is_some() || length == 0);
        let area = Self {
            start,
            end,
            protection,
            traits,
            origin,
        };
        is_sound.then_some(area).ok_or(Malformed)
    }
}

fn mapped(mut rest: Reader<'_>) -> Result<Mapped<'_>, Malformed> {
    let offset = rest.u64()?;
    let identity = Identity::decode(&mut rest)?;
    let is_sound = is_page(offset) && offset < OFFSET_END;
    let mapped = Mapped {
        offset,
        identity,
        path: path(rest.rest())?,
    };
    is_sound.then_some(mapped).ok_or(Malformed)
}

/// Takes the pages from one address up to another off a message.
///
/// # Errors
///
/// [`Malformed`] for none, or for what no program has.
pub(super) fn range(message: &mut Reader<'_>) -> Result<(u64, u64), Malformed> {
    let (start, end) = (message.u64()?, message.u64()?);
    let is_sound = is_page(start) && is_page(end) && start < end && end <= ADDRESS_END;
    is_sound.then_some((start, end)).ok_or(Malformed)
}

/// Whether a page begins at `address`.
pub(super) const fn is_page(address: u64) -> bool {
    address % PAGE_BYTES == 0
}

/// Areas of an address space, in rising order. None overlaps another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas<'a>(&'a [u8]);

impl<'a> Areas<'a> {
    /// The areas in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when one of them is, or they do not rise.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let mut end = 0;
        while !message.rest().is_empty() {
            let area = Area::decode(&mut message)?;
            if area.start < end {
                return Err(Malformed);
            }
            end = area.end;
        }
        Ok(Self(bytes))
    }

    /// All of them as they travel.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Area<'a>> {
        let mut message = Reader::new(self.0);
        core::iter::from_fn(move || Area::decode(&mut message).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(areas: &[Area<'_>]) -> Vec<u8> {
        let mut all = Vec::new();
        for area in areas {
            let mut room = [0; AREA_BYTES_MAX];
            let length = area.encode(&mut room).unwrap();
            all.extend_from_slice(&room[..length]);
        }
        all
    }

    fn area(start: u64, origin: Origin<'_>) -> Area<'_> {
        Area {
            start: start.saturating_mul(PAGE_BYTES),
            end: start.saturating_add(2).saturating_mul(PAGE_BYTES),
            protection: 5,
            traits: 1,
            origin,
        }
    }

    fn mapped(path: &[u8]) -> Mapped<'_> {
        Mapped {
            offset: 3 * PAGE_BYTES,
            identity: Identity {
                ino: 1,
                size: 2,
                written: 3,
            },
            path,
        }
    }

    fn is_refused(area: Area<'_>) -> bool {
        Areas::new(&encoded(&[area])) == Err(Malformed)
    }

    #[test]
    fn what_is_sent_arrives_as_it_was() {
        let areas = [
            area(1, Origin::Anonymous),
            area(3, Origin::Copied),
            area(5, Origin::File(mapped(b"/bin/sh"))),
            area(8, Origin::Shared(mapped(b"/lib/locale"))),
            area(10, Origin::Vdso),
        ];
        let bytes = encoded(&areas);
        let arrived: Vec<_> = Areas::new(&bytes).unwrap().iter().collect();
        assert_eq!(arrived, areas);
    }

    #[test]
    fn areas_rise_and_do_not_overlap() {
        for second in [0, 1, 2] {
            let pair = [1, second].map(|start| area(start, Origin::Anonymous));
            assert_eq!(Areas::new(&encoded(&pair)), Err(Malformed));
        }
    }

    #[test]
    fn an_area_is_of_pages_a_program_may_have() {
        let sound = area(1, Origin::Anonymous);
        let (start, end) = (sound.start, sound.end);
        for (start, end) in [
            (start + 1, end),
            (start, end - 1),
            (start, start),
            (end, start),
            (ADDRESS_END, ADDRESS_END + PAGE_BYTES),
            (0, !(PAGE_BYTES - 1)),
        ] {
            assert!(is_refused(Area {
                start,
                end,
                ..sound
            }));
        }
        let start = ADDRESS_END - PAGE_BYTES;
        let end = ADDRESS_END;
        assert!(!is_refused(Area {
            start,
            end,
            ..sound
        }));
    }

    #[test]
    fn unknown_bits_are_refused() {
        let sound = area(1, Origin::Anonymous);
        let protection = 8;
        assert!(is_refused(Area {
            protection,
            ..sound
        }));
        let traits = 0x200;
        assert!(is_refused(Area { traits, ..sound }));
        let mut kind = encoded(&[sound]);
        for other in [0, 6, 255] {
            kind[17] = other;
            assert_eq!(Areas::new(&kind), Err(Malformed));
        }
    }

    #[test]
    fn a_file_has_a_name_and_a_place_in_it() {
        let of = |mapped| area(1, Origin::File(mapped));
        assert!(is_refused(of(mapped(b"relative"))));
        for offset in [1, PAGE_BYTES - 1, OFFSET_END, 1 << 63] {
            assert!(is_refused(of(Mapped {
                offset,
                ..mapped(b"/f")
            })));
        }
    }

    #[test]
    fn only_a_file_has_a_name() {
        let mut bytes = encoded(&[area(1, Origin::File(mapped(b"/f")))]);
        for kind in [ANONYMOUS, COPIED, VDSO] {
            bytes[17] = kind;
            assert_eq!(Areas::new(&bytes), Err(Malformed));
        }
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let bytes = encoded(&[
            area(1, Origin::Anonymous),
            area(4, Origin::File(mapped(b"/f"))),
        ]);
        let cuts = (1..bytes.len()).filter(|&cut| Areas::new(&bytes[..cut]).is_ok());
        assert_eq!(cuts.collect::<Vec<_>>(), [HEAD_BYTES]);
    }
}
