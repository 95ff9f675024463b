// SPDX-License-Identifier: GPL-2.0

//! Whereabouts of processes.
//!
//! Which processes of this node are elsewhere, each leaving a
//! [surrogate](crate::surrogate) here, and which ones run here as
//! [guests](crate::guest) of another node. Reading takes no lock: every call that names
//! a pid does.
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

use kernel::bindings;

use crate::behalf::PRIVATE_PIDS;

/// The node process `pid` of this node went to. `None` if it is here, or nowhere. Any
/// context.
pub fn away(pid: u32) -> Option<u8> {
    // SAFETY: No preconditions.
    let node = unsafe { bindings::ssi_away(pid) };
    (node != 0).then_some(node)
}

/// Whether no number of this node is in use elsewhere, by a process or thread that went there
/// and may still be there. Any context.
pub fn all_home() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_all_home() }
}

/// Whether processes of groups of this node may be on others: one went there, and nobody has
/// [found](none_left) since that no number of this node is in use elsewhere. Its children
/// there may be in its group, whatever became of it. Any context.
pub fn any_left() -> bool {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_any_left() }
}

/// How many left so far, if none is away. Process context; does not sleep.
pub fn none_away() -> Option<u64> {
    let mut so_far = 0;
    // SAFETY: It can be written.
    unsafe { bindings::ssi_none_away(&mut so_far) }.then_some(so_far)
}

/// There was a moment after [`none_away`] said `so_far` when no other node had a number of
/// this one. If nobody left since, [`any_left`] says so from now on. Process context; does
/// not sleep.
pub fn none_left(so_far: u64) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_none_left(so_far) }
}

/// Numbers of another node that are those of processes, groups or sessions here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// How often a number of any other node came here so far.
    pub came: u64,
    /// Whether one of that node is in use.
    pub are_used: bool,
}

/// Which numbers of `node` are here. If none is, and none was in use here before, then `came`
/// has grown when this is asked later and one was in use between. Does not sleep; process
/// context.
pub fn numbers_of(node: u8) -> Numbers {
    let first = u32::from(node) * PRIVATE_PIDS;
    let mut are_used = false;
    // SAFETY: It can be written.
    let came = unsafe { bindings::ssi_numbers(first, first + PRIVATE_PIDS, &mut are_used) };
    Numbers { came, are_used }
}

/// A process of another node that runs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Where its parent is told of it. `None` when that node died.
    pub home: Option<u8>,
    /// Its parent in the cluster.
    pub parent: u32,
}

/// What is known of guest `pid`; `None` if it is no guest of this node. Any context.
pub fn guest(pid: u32) -> Option<Guest> {
    let (mut home, mut parent) = (0, 0);
    // SAFETY: Both can be written.
    let known = unsafe { bindings::ssi_guest(pid, &mut home, &mut parent) };
    known.then_some(Guest {
        home: (home != 0).then_some(home),
        parent,
    })
}

/// From now on `parent` is the parent of guest `pid`, and `is_orphaned` says whether its
/// process group is orphaned at home: then a terminal's signals do not stop it. Nothing
/// happens if that is no guest. Process context; does not sleep.
pub fn set_parent(pid: u32, parent: u32, is_orphaned: bool) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_guest_set_parent(pid, parent, is_orphaned) }
}

/// From now on `is_orphaned` says whether the process group of guest `pid` is orphaned at
/// home. Nothing happens if that is no guest. Process context; does not sleep.
pub fn set_orphaned(pid: u32, is_orphaned: bool) {
    // SAFETY: No preconditions.
    unsafe { bindings::ssi_guest_set_orphaned(pid, is_orphaned) }
}

/// Tells `guest` every guest of this node, in the order of their numbers. No lock is
/// held meanwhile, so some may come and go.
pub fn guests(guest: &mut dyn FnMut(u32, Guest)) {
    let mut next = 0;
    loop {
        // SAFETY: No preconditions.
        let pid = unsafe { bindings::ssi_guest_next(next) };
        if pid == 0 {
            return;
        }
        if let Some(known) = self::guest(pid) {
            guest(pid, known);
        }
        next = pid.saturating_add(1);
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_whereabouts)]
mod tests {
    use kernel::{
        error::to_result,
        prelude::*, //
    };

    use super::*;

    const PID: u32 = 62 << 16;

    struct Entry(u32);

    impl Entry {
        fn guest(pid: u32, home: u8, parent: u32) -> Result<Self> {
            // SAFETY: No preconditions.
            to_result(unsafe { bindings::ssi_guest_add(pid, home, parent, false) })?;
            Ok(Self(pid))
        }

        fn away(pid: u32, node: u8) -> Result<Self> {
            // SAFETY: No preconditions.
            to_result(unsafe { bindings::ssi_away_add(pid, node) })?;
            Ok(Self(pid))
        }
    }

    impl Drop for Entry {
        fn drop(&mut self) {
            // SAFETY: No preconditions; the kernel is no node, so nobody has the number.
            unsafe {
                bindings::ssi_guest_remove(self.0);
                bindings::ssi_away_remove(self.0);
            }
        }
    }

    #[test]
    fn who_is_away_is_known_until_it_is_gone() -> Result {
        assert!(away(PID).is_none() && all_home());
        let entry = Entry::away(PID, 3)?;
        assert!(away(PID) == Some(3) && any_left() && !all_home());
        assert!(Entry::away(PID, 4).err() == Some(EBUSY));
        drop(entry);
        assert!(away(PID).is_none());
        Ok(())
    }

    #[test]
    fn nobody_left_once_that_was_found() -> Result {
        let entry = Entry::away(PID, 3)?;
        assert!(none_away().is_none());
        drop(entry);
        let before = none_away().ok_or(EINVAL)?;
        assert!(any_left());
        // One goes meanwhile, and one is still away.
        let entry = Entry::away(PID, 3)?;
        none_left(before);
        assert!(any_left());
        drop(entry);
        none_left(before);
        assert!(any_left());
        none_left(none_away().ok_or(EINVAL)?);
        assert!(!any_left());
        Ok(())
    }

    #[test]
    fn numbers_in_use_are_seen() {
        assert!(numbers_of(0).are_used && !numbers_of(62).are_used);
        assert!(numbers_of(62) == numbers_of(62));
    }

    #[test]
    fn a_guest_may_change_its_parent() -> Result {
        let _entry = Entry::guest(PID, 63, PID + 1)?;
        let home = Some(63);
        let known = guest(PID);
        assert!(
            known
                == Some(Guest {
                    home,
                    parent: PID + 1
                })
        );
        set_parent(PID, 1, false);
        assert!(guest(PID) == Some(Guest { home, parent: 1 }));
        set_orphaned(PID, true);
        assert!(guest(PID) == Some(Guest { home, parent: 1 }));
        set_parent(PID + 1, 1, false);
        set_orphaned(PID + 1, true);
        assert!(guest(PID + 1).is_none());
        Ok(())
    }

    #[test]
    fn the_parent_of_an_orphan_is_init() -> Result {
        let _entry = Entry::guest(PID, 2, PID + 1)?;
        // SAFETY: No preconditions.
        unsafe { bindings::ssi_guest_orphan(PID) };
        let (home, parent) = (None, 1);
        assert!(guest(PID) == Some(Guest { home, parent }));
        Ok(())
    }

    #[test]
    fn guests_are_told_in_order() -> Result {
        let _entries = [
            Entry::guest(PID + 5, 1, 1)?,
            Entry::guest(PID, 2, 1)?,
            Entry::guest(PID + 1, 3, 1)?,
        ];
        let mut told = KVec::with_capacity(3, GFP_KERNEL)?;
        guests(&mut |pid, _| {
            let _ = told.push_within_capacity(pid);
        });
        assert!(told[..] == [PID, PID + 1, PID + 5]);
        Ok(())
    }
}
