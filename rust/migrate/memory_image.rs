// SPDX-License-Identifier: GPL-2.0

//! Memory on its way.
//!
//! What is mapped travels with the process; the pages are [fetched](Fetcher) by the new task
//! from who has [lent](crate::lent) them, but for those that came [ahead](crate::ahead).

use kernel::{
    prelude::*,
    str::CStr, //
};
use ssi_core::{
    ids::NodeId,
    migrate::{
        area::{
            Area,
            Areas,
            Mapped,
            Origin,
            AREA_BYTES_MAX, //
        },
        image::IMAGE_BYTES_MAX,
        open_file::{
            Identity,
            PATH_BYTES_MAX, //
        }, //
    }, //
};
use ssi_kapi::{
    address_space::{
        self,
        Mapping,
        Memory, //
    },
    bytes,
    open_files, //
};

use crate::{
    fetcher::Fetcher,
    stash,
    text::terminated, //
};

/// What is mapped in `memory`, as it travels. May sleep.
///
/// # Errors
///
/// `EOPNOTSUPP` for what cannot be on another node, `E2BIG` for more than travels,
/// `ENAMETOOLONG`, `ENOMEM`.
pub(crate) fn pack(memory: &Memory) -> Result<KVVec<u8>> {
    let mut all = KVVec::new();
    let mut room = bytes::zeros(AREA_BYTES_MAX)?;
    let mut name = bytes::zeros(PATH_BYTES_MAX + 1)?;
    let mut next = 0;
    while let Some((mapping, path)) = memory.next(next, &mut name)? {
        next = mapping.end;
        let length = to_wire(&mapping, path).encode(&mut room);
        let length = length.map_err(|_| ENAMETOOLONG)?;
        bytes::extend(&mut all, room.get(..length).unwrap_or_default())?;
        if all.len() > IMAGE_BYTES_MAX {
            return Err(E2BIG);
        }
    }
    Ok(all)
}

fn to_wire<'a>(mapping: &Mapping, path: &'a CStr) -> Area<'a> {
    let mapped = Mapped {
        offset: mapping.offset,
        identity: Identity {
            ino: mapping.identity.ino,
            size: mapping.identity.size,
            written: mapping.identity.written,
        },
        path: path.to_bytes(),
    };
    Area {
        start: mapping.start,
        end: mapping.end,
        protection: mapping.protection,
        traits: mapping.traits,
        origin: match mapping.origin {
            address_space::Origin::Anonymous => Origin::Anonymous,
            address_space::Origin::Copied => Origin::Copied,
            address_space::Origin::File => Origin::File(mapped),
            address_space::Origin::Shared => Origin::Shared(mapped),
            address_space::Origin::Vdso => Origin::Vdso,
        },
    }
}

fn of_wire<'a>(area: &Area<'a>) -> (Mapping, &'a [u8]) {
    let (origin, mapped) = match area.origin {
        Origin::Anonymous => (address_space::Origin::Anonymous, None),
        Origin::Copied => (address_space::Origin::Copied, None),
        Origin::File(mapped) => (address_space::Origin::File, Some(mapped)),
        Origin::Shared(mapped) => (address_space::Origin::Shared, Some(mapped)),
        Origin::Vdso => (address_space::Origin::Vdso, None),
    };
    let identity = mapped.map(|mapped| mapped.identity).unwrap_or_default();
    let mapping = Mapping {
        start: area.start,
        end: area.end,
        protection: area.protection,
        traits: area.traits,
        origin,
        offset: mapped.map_or(0, |mapped| mapped.offset),
        identity: open_files::Identity {
            ino: identity.ino,
            size: identity.size,
            written: identity.written,
        },
    };
    (mapping, mapped.map_or(&[], |mapped| mapped.path))
}

/// Gives the running task, whose memory is [blank](address_space::blank), the `areas` of
/// process `pid`, and what `home` has in them. May sleep.
///
/// # Errors
///
/// As for [`address_space::map`]; `EIO` when home does not have what it should, `ENOMEM`.
pub(crate) fn fill(areas: &Areas<'_>, pid: u32, home: NodeId) -> Result {
    let whole = map_all(areas)?;
    let mut fetcher = Fetcher::new(home, pid)?;
    let (mut areas, start) = (areas.iter(), areas.iter().next().map(|area| area.start));
    if let (Some(start), Some(end)) = (start, areas.by_ref().last().map(|area| area.end)) {
        match stash::take(pid, home) {
            Some(stash) => fetcher.rest(stash, (start, end))?,
            None => fetcher.own((start, end))?,
        }
    }
    whole.iter().try_for_each(|&range| fetcher.all(range))?;
    fetcher.finish()
}

/// Maps each; gives the ranges that all is to be fetched of.
fn map_all(areas: &Areas<'_>) -> Result<KVVec<(u64, u64)>> {
    let mut whole: KVVec<(u64, u64)> = KVVec::new();
    let mut name = KVVec::new();
    for area in areas.iter() {
        let (mapping, path) = of_wire(&area);
        let is_of_file = address_space::map(&mapping, terminated(&mut name, path)?)?;
        if is_of_file && area.origin != Origin::Copied {
            continue;
        }
        match whole.last_mut() {
            Some((_, end)) if *end == area.start => *end = area.end,
            _ => whole.push((area.start, area.end), GFP_KERNEL)?,
        }
    }
    Ok(whole)
}
