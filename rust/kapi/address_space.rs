// SPDX-License-Identifier: GPL-2.0

//! Address space on its way.
//!
//! [`Memory`] is that of a process, which does not run but where that is said: its
//! [mappings](Memory::next) are looked at, and its pages read, by whoever has it. A task that
//! was made for it gets an empty one ([`blank`]) and fills it.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStr, //
};

use crate::{
    open_files::Identity,
    page::SharedPage, //
};

/// Where the pages of a mapping come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From nowhere: they are zero at first.
    Anonymous,
    /// From a file of this node alone.
    Copied,
    /// From a file that other nodes may have, too.
    File,
    /// From such a file, with what others write to it.
    Shared,
    /// From the kernel.
    Vdso,
}

const ORIGINS: [(Origin, u32); 5] = [
    (
        Origin::Anonymous,
        bindings::ssi_mapping_origin_SSI_MAPPING_ANONYMOUS,
    ),
    (
        Origin::Copied,
        bindings::ssi_mapping_origin_SSI_MAPPING_COPIED,
    ),
    (Origin::File, bindings::ssi_mapping_origin_SSI_MAPPING_FILE),
    (
        Origin::Shared,
        bindings::ssi_mapping_origin_SSI_MAPPING_SHARED,
    ),
    (Origin::Vdso, bindings::ssi_mapping_origin_SSI_MAPPING_VDSO),
];

/// A mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its first address.
    pub start: u64,
    /// The first one behind it.
    pub end: u64,
    /// As of mmap(2).
    pub protection: u8,
    /// Bits of what else is asked of it: those of `enum ssi_mapping_trait`.
    pub traits: u16,
    /// Where its pages come from.
    pub origin: Origin,
    /// Of one of a file: where it begins there, in bytes.
    pub offset: u64,
    /// Of one of a file: which one that is.
    pub identity: Identity,
}

impl Mapping {
    fn from_raw(raw: &bindings::ssi_mapping) -> Option<Self> {
        let (origin, _) = ORIGINS.into_iter().find(|&(_, code)| code == raw.origin)?;
        Some(Self {
            start: raw.start,
            end: raw.end,
            protection: raw.protection as u8,
            traits: raw.traits as u16,
            origin,
            offset: raw.offset,
            identity: Identity {
                ino: raw.identity.ino,
                size: raw.identity.size,
                written: raw.identity.written,
            },
        })
    }

    fn to_raw(self) -> bindings::ssi_mapping {
        let mut codes = ORIGINS.into_iter();
        let code = codes.find(|&(origin, _)| origin == self.origin);
        bindings::ssi_mapping {
            start: self.start,
            end: self.end,
            protection: self.protection.into(),
            traits: self.traits.into(),
            origin: code.map_or(0, |(_, code)| code),
            offset: self.offset,
            identity: bindings::ssi_file_identity {
                ino: self.identity.ino,
                size: self.identity.size,
                written: self.identity.written,
            },
        }
    }
}

/// Memory of a process; it stays as long as somebody has it.
///
/// # Invariants
///
/// `raw` is an address space with a user that is ours.
pub struct Memory {
    raw: NonNull<bindings::mm_struct>,
}

// SAFETY: Users of an address space are counted atomically.
unsafe impl Send for Memory {}
// SAFETY: As above; it is looked at under its own lock.
unsafe impl Sync for Memory {}

impl Memory {
    /// That of the running task. `ESRCH` for a thread of the kernel, which has none.
    ///
    /// # Errors
    ///
    /// As said.
    pub fn of_current() -> Result<Self> {
        // SAFETY: The running task can be looked at.
        if unsafe { (*kernel::current!().as_ptr()).mm.is_null() } {
            return Err(ESRCH);
        }
        // SAFETY: It has memory.
        let raw = unsafe { bindings::ssi_memory_hold() };
        // INVARIANT: A user was added just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ESRCH)
    }

    /// Bytes of it that are in use, the process' own and those of files. Any context.
    pub fn resident(&self) -> u64 {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_memory_resident(self.raw.as_ptr()) }
    }

    /// That of process `pid` of this node, which may run. Process context, may sleep.
    ///
    /// # Errors
    ///
    /// `ESRCH` if there is none.
    pub fn of(pid: u32) -> Result<Self> {
        // SAFETY: No preconditions.
        let raw = unsafe { bindings::ssi_memory_of(pid) };
        // INVARIANT: A user was added just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ESRCH)
    }

    /// A name for it, which no other has as long as there is this.
    pub fn name(&self) -> usize {
        self.raw.as_ptr() as usize
    }

    /// Whether no process has it any more. Any context.
    pub fn is_left(&self) -> bool {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_memory_is_left(self.raw.as_ptr()) }
    }

    /// The first mapping that ends behind `address`; the name of its file, if it is of one
    /// that others may have, is put into `room`. May sleep.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` for one that cannot be on another node, `ENAMETOOLONG`, `EINTR` for a
    /// task that is killed.
    pub fn next<'a>(
        &self,
        address: u64,
        room: &'a mut [u8],
    ) -> Result<Option<(Mapping, &'a CStr)>> {
        let mut raw: bindings::ssi_mapping = pin_init::zeroed();
        let (start, length) = (room.as_mut_ptr().cast(), room.len());
        // SAFETY: Valid by the type invariant; both can be written.
        let found = unsafe {
            bindings::ssi_mapping_next(self.raw.as_ptr(), address, &mut raw, start, length)
        };
        if found <= 0 {
            return to_result(found).map(|()| None);
        }
        let name = CStr::from_bytes_until_nul(room).map_err(|_| EINVAL)?;
        Ok(Mapping::from_raw(&raw).map(|mapping| (mapping, name)))
    }

    /// Up to where nothing is from `address` on, as behind the end of a file; `address` itself
    /// if something is there. May sleep.
    pub fn hole_end(&self, address: u64) -> u64 {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_memory_hole_end(self.raw.as_ptr(), address) }
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::mm_struct {
        self.raw.as_ptr()
    }

    /// Copies the page at `address`. False if there is none, as behind the end of a file.
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `EIO` if it cannot be read.
    pub fn read(&self, address: u64, to: &SharedPage) -> Result<bool> {
        // SAFETY: Both are valid by their invariants.
        let count = unsafe { bindings::ssi_memory_read(self.raw.as_ptr(), address, to.as_ptr()) };
        to_result(count.min(0)).map(|()| count > 0)
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_memory_get(self.raw.as_ptr()) };
        // INVARIANT: A user was added just now.
        Self { raw: self.raw }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: The user is ours by the type invariant.
        unsafe { bindings::ssi_memory_drop(self.raw.as_ptr()) }
    }
}

/// The name of the file the running task executes, without a zero byte. May sleep.
///
/// # Errors
///
/// `ENOENT` if it has none any more, `ENAMETOOLONG`, `ENOMEM`.
pub fn program() -> Result<KVVec<u8>> {
    let mut name = KVVec::from_elem(0u8, bindings::PATH_MAX as usize, GFP_KERNEL)?;
    // SAFETY: So many bytes can be written.
    let length = unsafe { bindings::ssi_memory_program(name.as_mut_ptr().cast(), name.len()) };
    let length = usize::try_from(length).map_err(|_| Error::from_errno(length as c_int))?;
    name.truncate(length);
    Ok(name)
}

/// Lets tasks have [`blank`] memory. Call it once, from an initcall.
pub fn begin() {
    // SAFETY: It is called once.
    unsafe { bindings::ssi_memory_begin() }
}

/// Gives the running task, which was made for that and has the rights of the kernel, empty
/// memory, as if it executed `path`. May sleep.
///
/// # Errors
///
/// Those of execve(2). For some the task is killed, too.
pub fn blank(path: &CStr) -> Result {
    // SAFETY: The path ends in a zero byte.
    to_result(unsafe { bindings::ssi_memory_blank(path.as_char_ptr()) })
}

/// Maps `mapping` into the [blank] memory of the running task, of the file at `path` if it
/// is of one. False if that is not the file that was meant: then all of its contents is to
/// be [written](write). May sleep.
///
/// # Errors
///
/// `EOPNOTSUPP` for a shared file that is not here, and for the kernel's own in another
/// place; those of mmap(2).
pub fn map(mapping: &Mapping, path: &CStr) -> Result<bool> {
    // SAFETY: Both are read; the path ends in a zero byte.
    let result = unsafe { bindings::ssi_mapping_make(&mapping.to_raw(), path.as_char_ptr()) };
    to_result(result.min(0)).map(|()| result == 0)
}

/// Puts a page at `address` of the running task's memory, whatever its program may do
/// there. May sleep.
///
/// # Errors
///
/// `ENOMEM`, also where nothing is mapped.
pub fn write(address: u64, from: &SharedPage) -> Result {
    // SAFETY: Valid by its invariant.
    to_result(unsafe { bindings::ssi_memory_write(address, from.as_ptr()) })
}

/// Memory to try things with.
#[cfg(CONFIG_SSI_KUNIT_TEST)]
pub(crate) mod fixture {
    use super::*;
    use crate::{
        area::Area,
        page::PAGE_BYTES, //
    };

    pub(crate) const PAGE: u64 = PAGE_BYTES as u64;
    pub(crate) const START: u64 = 0x1000_0000;
    const PAGES: u64 = 16;
    const PROT_READ: u8 = 1;

    /// [`PAGES`] pages at [`START`].
    pub(crate) fn mapping(origin: Origin) -> Mapping {
        Mapping {
            start: START,
            end: START + PAGES * PAGE,
            protection: PROT_READ,
            traits: bindings::ssi_mapping_trait_SSI_TRAIT_NO_RESERVE as u16,
            origin,
            offset: 0,
            identity: Identity {
                ino: 1,
                size: 2,
                written: 3,
            },
        }
    }

    /// Does `act` with user memory, where what is at [`START`] is gone after it.
    pub(crate) fn with_memory(act: impl FnOnce(&Memory) -> Result) -> Result {
        Area::with(|_| {
            let outcome = act(&Memory::of_current()?);
            // SAFETY: The memory is that of the test.
            to_result(unsafe { bindings::vm_munmap(START as usize, (PAGES * PAGE) as usize) })?;
            outcome
        })?
    }

    /// One that is full of the same byte.
    pub(crate) fn page(fill: u8) -> Result<SharedPage> {
        let page = SharedPage::alloc()?;
        page.write(0, &KVec::from_elem(fill, PAGE_BYTES, GFP_KERNEL)?)?;
        Ok(page)
    }

    /// All of the page at `address` is the same byte.
    pub(crate) fn has(memory: &Memory, address: u64, fill: u8) -> Result<bool> {
        let page = page(fill.wrapping_add(1))?;
        let mut bytes = KVec::from_elem(0, PAGE_BYTES, GFP_KERNEL)?;
        let is_there = memory.read(address, &page)?;
        page.read(0, &mut bytes)?;
        Ok(is_there && bytes.iter().all(|&byte| byte == fill))
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_address_space)]
mod tests {
    use super::{
        fixture::{
            has,
            mapping,
            page,
            with_memory,
            START, //
        },
        *, //
    };
    use crate::page::PAGE_BYTES;

    // Those of mmap(2).
    const PROT_READ: u8 = 1;
    const MAP_SHARED: usize = 0x01;
    const MAP_FIXED: usize = 0x10;
    const MAP_ANONYMOUS: usize = 0x20;

    #[test]
    fn what_is_mapped_is_found() -> Result {
        with_memory(|memory| {
            let wanted = mapping(Origin::Anonymous);
            assert!(map(&wanted, c"")?);
            let mut room = [0; 64];
            for address in [0, START, wanted.end - 1] {
                let (found, name) = memory.next(address, &mut room)?.ok_or(ENOENT)?;
                let identity = wanted.identity;
                assert!(Mapping { identity, ..found } == wanted && name.is_empty());
            }
            assert!(map(&wanted, c"").is_err());
            Ok(())
        })
    }

    #[test]
    fn where_nothing_is_mapped_there_is_nothing() -> Result {
        with_memory(|memory| {
            assert!(!memory.read(START, &page(0)?)?);
            assert!(write(START, &page(0)?) == Err(ENOMEM));
            Ok(())
        })
    }

    #[test]
    fn shared_memory_does_not_travel() -> Result {
        with_memory(|memory| {
            // SAFETY: The memory is that of the test.
            let address = unsafe {
                bindings::vm_mmap(
                    core::ptr::null_mut(),
                    START as usize,
                    PAGE_BYTES,
                    PROT_READ.into(),
                    MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
                    0,
                )
            };
            assert!(address == START as usize);
            assert!(memory.next(START, &mut [0; 64]).err() == Some(EOPNOTSUPP));
            Ok(())
        })
    }

    #[test]
    fn a_file_that_is_not_here_leaves_room_for_its_contents() -> Result {
        with_memory(|memory| {
            assert!(!map(&mapping(Origin::File), c"/nonexistent/file")?);
            write(START, &page(9)?)?;
            assert!(has(memory, START, 9)?);
            Ok(())
        })?;
        with_memory(|_| {
            let shared = map(&mapping(Origin::Shared), c"/nonexistent/file");
            assert!(shared == Err(EOPNOTSUPP));
            // The kernel has its own in one place.
            assert!(map(&mapping(Origin::Vdso), c"") == Err(EOPNOTSUPP));
            Ok(())
        })
    }

    #[test]
    fn a_thread_of_the_kernel_has_no_memory() {
        assert!(Memory::of_current().err() == Some(ESRCH));
    }
}
