// SPDX-License-Identifier: GPL-2.0

//! Pages of a process' own.
//!
//! Those of its [`Memory`] that are not, or not any more, as a file has them: the process has
//! written to them. They are given away as they are, without being copied, and put into the
//! memory of a new process in the same way.
//!
//! C headers: [`include/linux/pagewalk.h`](srctree/include/linux/pagewalk.h) and
//! [`include/linux/rmap.h`](srctree/include/linux/rmap.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    prelude::*, //
};

use crate::{
    address_space::{
        self,
        Memory, //
    },
    page::SharedPage, //
};

/// Pages one behind another: the address of the first, and how many.
pub type Run = bindings::ssi_run;

/// Own pages of a part of memory.
pub struct OwnPages {
    /// Each, with its address; without the page if it is to be [read](Memory::read).
    pub pages: KVec<(u64, Option<SharedPage>)>,
    /// How many are not in it, as they are zero, and would be so without it.
    pub zeros: usize,
    /// All that is before this address is in it.
    pub next: u64,
}

/// Where between two addresses of `memory` own pages are. Puts runs into `room`, and gives how
/// many, and where to go on. May sleep.
///
/// # Errors
///
/// `EOPNOTSUPP` for what cannot be on another node, `EFAULT` for a process that has lost its
/// memory, `EINTR` for a task that is killed.
pub fn runs(memory: &Memory, start: u64, end: u64, room: &mut [Run]) -> Result<(usize, u64)> {
    let mut next = end;
    let (place, length) = (room.as_mut_ptr(), room.len());
    // SAFETY: The memory is valid by its invariant; so many can be written.
    let count =
        unsafe { bindings::ssi_own_runs(memory.as_ptr(), start, end, place, length, &mut next) };
    counted(count).map(|count| (count, next))
}

/// The own pages between two addresses of `memory`, at most `most`. They are the process', and
/// change if it writes to them. May sleep.
///
/// # Errors
///
/// As for [`runs`], and `ENOMEM`.
pub fn take(memory: &Memory, start: u64, end: u64, most: usize) -> Result<OwnPages> {
    let none = bindings::ssi_own_page {
        address: 0,
        page: core::ptr::null_mut(),
    };
    let mut room = KVec::from_elem(none, most, GFP_KERNEL)?;
    // Behind that nothing may fail: what is in the room has to be freed.
    let mut pages = KVec::with_capacity(most, GFP_KERNEL)?;
    let (mut zeros, mut next) = (0, end);
    // SAFETY: The memory is valid by its invariant; so many can be written.
    let count = unsafe {
        bindings::ssi_own_take(
            memory.as_ptr(),
            start,
            end,
            room.as_mut_ptr(),
            most,
            &mut zeros,
            &mut next,
        )
    };
    for found in room.iter().take(counted(count)?) {
        let page = NonNull::new(found.page);
        // SAFETY: A reference was taken, which is ours.
        let page = page.map(|page| unsafe { SharedPage::from_raw(page) });
        // There is room for as many as there are.
        let _ = pages.push_within_capacity((found.address, page));
    }
    Ok(OwnPages { pages, zeros, next })
}

/// A page of a process that runs.
pub struct Scanned {
    /// Where it is.
    pub address: u64,
    /// The page, which the process may write to.
    pub page: SharedPage,
    /// Whether that has been done since it was marked last, or may have been.
    pub is_written: bool,
}

/// The own pages between two addresses of `memory` that are in memory, at most `most`, and where
/// to go on. Marks them if `is_marked`, so that a later scan tells which were written to. Those
/// are left out of which it could not. May sleep.
///
/// # Errors
///
/// As for [`take`].
pub fn scan(
    memory: &Memory,
    start: u64,
    end: u64,
    most: usize,
    is_marked: bool,
) -> Result<(KVec<Scanned>, u64)> {
    let none = bindings::ssi_scanned_page {
        address: 0,
        page: core::ptr::null_mut(),
        is_written: false,
    };
    let mut room = KVec::from_elem(none, most, GFP_KERNEL)?;
    // Behind that nothing may fail: what is in the room has to be freed.
    let mut pages = KVec::with_capacity(most, GFP_KERNEL)?;
    let mut next = end;
    // SAFETY: The memory is valid by its invariant; so many can be written.
    let count = unsafe {
        bindings::ssi_own_scan(
            memory.as_ptr(),
            start,
            end,
            room.as_mut_ptr(),
            most,
            is_marked,
            &mut next,
        )
    };
    for found in room.iter().take(counted(count)?) {
        let Some(page) = NonNull::new(found.page) else {
            continue;
        };
        let scanned = Scanned {
            address: found.address,
            // SAFETY: A reference was taken, which is ours.
            page: unsafe { SharedPage::from_raw(page) },
            is_written: found.is_written,
        };
        // There is room for as many as there are.
        let _ = pages.push_within_capacity(scanned);
    }
    Ok((pages, next))
}

fn counted(count: isize) -> Result<usize> {
    usize::try_from(count).map_err(|_| Error::from_errno(count as c_int))
}

/// Puts `page` at `address` of the running task's memory, whatever its program may do there.
/// It is that page itself, if nobody else has it, and a copy otherwise; so nobody may write to
/// it any more. May sleep.
///
/// # Errors
///
/// `ENOMEM`, also where nothing is mapped.
pub fn put(address: u64, page: &SharedPage) -> Result {
    // SAFETY: Valid by its invariant.
    match unsafe { bindings::ssi_own_put(address, page.as_ptr()) } {
        true => Ok(()),
        false => address_space::write(address, page),
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_own_pages)]
mod tests {
    use kernel::{
        error::to_result,
        uaccess::{
            UserPtr,
            UserSlice, //
        }, //
    };

    use super::*;
    use crate::{
        address_space::{
            fixture::{
                has,
                mapping,
                page,
                with_memory,
                PAGE, //
            },
            map,
            Mapping,
            Origin, //
        },
        page::PAGE_BYTES, //
    };

    const NO_RUN: Run = Run { start: 0, pages: 0 };

    fn starts(room: &[Run]) -> Result<KVec<(u64, u64)>> {
        let mut starts = KVec::new();
        for run in room {
            starts.push((run.start, run.pages), GFP_KERNEL)?;
        }
        Ok(starts)
    }

    /// Memory of which pages 2, 5 and 6 were written to, where the program may only read.
    fn with_three(act: impl FnOnce(&Memory, u64, u64) -> Result) -> Result {
        with_memory(|memory| {
            let Mapping { start, end, .. } = mapping(Origin::Anonymous);
            map(&mapping(Origin::Anonymous), c"")?;
            for place in [2, 5, 6] {
                put(start + place * PAGE, &page(place as u8)?)?;
            }
            act(memory, start, end)
        })
    }

    #[test]
    fn what_was_written_is_the_own() -> Result {
        with_three(|memory, start, end| {
            assert!(has(memory, start + 3 * PAGE, 0)?);
            let mut room = [NO_RUN; 4];
            assert!(runs(memory, start, end, &mut room)? == (2, end));
            let expected = [(start + 2 * PAGE, 1), (start + 5 * PAGE, 2)];
            assert!(starts(&room[..2])?[..] == expected);
            // Without room for all it says where to go on.
            let next = start + 5 * PAGE;
            assert!(runs(memory, start, end, &mut room[..1])? == (1, next));
            assert!(runs(memory, next, end, &mut room[..1])? == (1, end));
            Ok(())
        })
    }

    #[test]
    fn what_is_put_is_there_and_is_taken() -> Result {
        with_three(|memory, start, end| {
            let taken = take(memory, start, end, 2)?;
            assert!(taken.next == start + 6 * PAGE && taken.zeros == 0);
            for ((address, page), fill) in taken.pages.iter().zip([2, 5]) {
                let mut bytes = [0; 2];
                page.as_ref()
                    .ok_or(ENOENT)?
                    .read(PAGE_BYTES - 2, &mut bytes)?;
                assert!(bytes == [fill; 2] && has(memory, *address, fill)?);
            }
            assert!(taken.pages.len() == 2);
            Ok(())
        })
    }

    #[test]
    fn a_page_that_is_zero_is_left_out() -> Result {
        with_three(|memory, start, end| {
            put(start + 9 * PAGE, &page(0)?)?;
            let taken = take(memory, start, end, 16)?;
            assert!((taken.pages.len(), taken.zeros, taken.next) == (3, 1, end));
            Ok(())
        })
    }

    #[test]
    fn the_page_itself_is_put_unless_somebody_has_it() -> Result {
        with_three(|memory, start, _| {
            let (own, shared) = (page(1)?, page(1)?);
            let other = shared.clone();
            put(start + 7 * PAGE, &own)?;
            put(start + 8 * PAGE, &shared)?;
            own.write(0, &[9])?;
            other.write(0, &[9])?;
            assert!(!has(memory, start + 7 * PAGE, 1)?);
            assert!(has(memory, start + 8 * PAGE, 1)?);
            Ok(())
        })
    }

    #[test]
    fn what_is_there_is_replaced() -> Result {
        with_three(|memory, start, end| {
            put(start + 5 * PAGE, &page(8)?)?;
            assert!(has(memory, start + 5 * PAGE, 8)?);
            let mut room = [NO_RUN; 4];
            assert!(runs(memory, start, end, &mut room)? == (2, end));
            Ok(())
        })
    }

    /// Pages of which a scan says that they were written to, by their place; it marks all.
    fn written(memory: &Memory, start: u64, end: u64) -> Result<KVec<u64>> {
        let (scanned, next) = scan(memory, start, end, 16, true)?;
        assert!(next == end);
        let mut places = KVec::new();
        for one in scanned.iter().filter(|one| one.is_written) {
            places.push((one.address - start) / PAGE, GFP_KERNEL)?;
        }
        Ok(places)
    }

    #[test]
    fn a_scan_tells_what_was_written_to_since_the_last() -> Result {
        with_memory(|memory| {
            let protection = 3;
            let writable = Mapping {
                protection,
                ..mapping(Origin::Anonymous)
            };
            let Mapping { start, end, .. } = writable;
            map(&writable, c"")?;
            for place in 0..4 {
                put(start + place * PAGE, &page(1)?)?;
            }
            // The first was written to as by who traces it: of that page nobody can tell.
            assert!(written(memory, start, end)?[..] == [1, 2, 3]);
            assert!(written(memory, start, end)?.is_empty());
            let mut user = UserSlice::new(UserPtr::from_addr((start + PAGE) as usize), 1).writer();
            user.write_slice(&[2])?;
            assert!(written(memory, start, end)?[..] == [1]);
            // It is not told again, and to read is not to write.
            assert!(has(memory, start + 2 * PAGE, 1)?);
            let (before, _) = scan(memory, start, end, 16, true)?;
            assert!(before.len() == 3 && !before.iter().any(|one| one.is_written));
            address_space::write(start + 3 * PAGE, &page(3)?)?;
            let (after, _) = scan(memory, start, end, 16, true)?;
            assert!(after.len() == 2);
            // One that is gone and comes back is another one.
            let place = start + 2 * PAGE;
            // SAFETY: The memory is that of the test.
            to_result(unsafe { bindings::vm_munmap(place as usize, PAGE_BYTES) })?;
            let (start, end) = (place, place + PAGE);
            let again = Mapping {
                start,
                end,
                ..writable
            };
            map(&again, c"")?;
            put(place, &page(1)?)?;
            let (new, _) = scan(memory, place, place + PAGE, 1, false)?;
            let is_it = |one: &Scanned| after.iter().any(|other| other.page.is(&one.page));
            assert!(!new.iter().any(is_it));
            Ok(())
        })
    }

    #[test]
    fn a_scan_leaves_out_what_only_others_may_write_to() -> Result {
        with_three(|memory, start, end| {
            assert!(scan(memory, start, end, 16, true)?.0.is_empty());
            Ok(())
        })
    }

    #[test]
    fn where_nothing_is_mapped_nothing_is_put() -> Result {
        with_memory(|memory| {
            let Mapping { start, end, .. } = mapping(Origin::Anonymous);
            assert!(put(start, &page(1)?) == Err(ENOMEM));
            assert!(runs(memory, start, end, &mut [NO_RUN; 1])? == (0, end));
            assert!(take(memory, start, end, 1)?.pages.is_empty());
            Ok(())
        })
    }
}
