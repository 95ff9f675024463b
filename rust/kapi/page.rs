// SPDX-License-Identifier: GPL-2.0

//! Pages with more than one owner.
//!
//! A [`SharedPage`] is a reference to a page of memory: cloning it takes one more,
//! and the page is freed with the last. The network stack takes references of
//! its own to pages it sends without copying.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    prelude::*, //
};

/// Bytes of a page.
pub const PAGE_BYTES: usize = kernel::page::PAGE_SIZE;

/// A reference to a page.
///
/// # Invariants
///
/// `raw` is a page of the page allocator with a reference that is ours.
pub struct SharedPage {
    raw: NonNull<bindings::page>,
}

// SAFETY: References of pages are counted atomically.
unsafe impl Send for SharedPage {}
// SAFETY: As above; the contents are only copied, as memory shared with devices.
unsafe impl Sync for SharedPage {}

impl SharedPage {
    /// A new page with unknown contents. May sleep, starts no input or output.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn alloc() -> Result<Self> {
        // SAFETY: No preconditions.
        let raw = unsafe { bindings::ssi_page_alloc() };
        // INVARIANT: It was made just now.
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(ENOMEM)
    }

    /// A new one with the contents this one has now. May sleep, starts no input or output.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn copied(&self) -> Result<Self> {
        let copy = Self::alloc()?;
        // SAFETY: Both are valid by their invariants.
        unsafe { bindings::ssi_page_copy(copy.raw.as_ptr(), self.raw.as_ptr()) }
        Ok(copy)
    }

    /// Whether all of its bytes are zero.
    pub fn is_zero(&self) -> bool {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_page_is_zero(self.raw.as_ptr()) }
    }

    /// Whether both are the same page.
    pub fn is(&self, other: &Self) -> bool {
        self.raw == other.raw
    }

    /// Copies from the page at `offset` to `to`.
    ///
    /// # Errors
    ///
    /// `EINVAL` when that is more than the page has.
    pub fn read(&self, offset: usize, to: &mut [u8]) -> Result {
        check(offset, to.len())?;
        // SAFETY: Within the page, which is valid by the type invariant.
        unsafe {
            bindings::ssi_page_read(self.raw.as_ptr(), offset, to.as_mut_ptr().cast(), to.len())
        }
        Ok(())
    }

    /// Copies `from` to the page at `offset`.
    ///
    /// # Errors
    ///
    /// `EINVAL` when that is more than the page has.
    pub fn write(&self, offset: usize, from: &[u8]) -> Result {
        check(offset, from.len())?;
        // SAFETY: Within the page, which is valid by the type invariant.
        unsafe {
            bindings::ssi_page_write(self.raw.as_ptr(), offset, from.as_ptr().cast(), from.len())
        }
        Ok(())
    }

    /// A page somebody else made.
    ///
    /// # Safety
    ///
    /// `raw` is a page of the page allocator, with a reference that is handed on.
    #[cfg(CONFIG_SSI_FILES)]
    pub(crate) unsafe fn from_raw(raw: NonNull<bindings::page>) -> Self {
        // INVARIANT: By the caller.
        Self { raw }
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::page {
        self.raw.as_ptr()
    }
}

impl Clone for SharedPage {
    fn clone(&self) -> Self {
        // SAFETY: Valid by the type invariant.
        unsafe { bindings::ssi_page_get(self.raw.as_ptr()) };
        // INVARIANT: The reference was taken just now.
        Self { raw: self.raw }
    }
}

impl Drop for SharedPage {
    fn drop(&mut self) {
        // SAFETY: The reference is ours by the type invariant.
        unsafe { bindings::ssi_page_put(self.raw.as_ptr()) }
    }
}

fn check(offset: usize, bytes: usize) -> Result {
    let end = offset.checked_add(bytes).ok_or(EINVAL)?;
    (end <= PAGE_BYTES).then_some(()).ok_or(EINVAL)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_page)]
mod tests {
    use super::*;

    #[test]
    fn what_one_owner_writes_the_other_reads() -> Result {
        let page = SharedPage::alloc()?;
        let other = page.clone();
        page.write(PAGE_BYTES - 4, b"page")?;
        drop(page);
        let mut text = [0; 4];
        other.read(PAGE_BYTES - 4, &mut text)?;
        assert!(&text == b"page");
        Ok(())
    }

    #[test]
    fn a_copy_is_another_page() -> Result {
        let page = SharedPage::alloc()?;
        page.write(0, &KVec::from_elem(0, PAGE_BYTES, GFP_KERNEL)?)?;
        let copy = page.copied()?;
        page.write(PAGE_BYTES - 1, &[1])?;
        assert!(copy.is_zero() && !page.is_zero());
        assert!(page.is(&page.clone()) && !page.is(&copy));
        Ok(())
    }

    #[test]
    fn nothing_is_read_or_written_behind_it() -> Result {
        let page = SharedPage::alloc()?;
        assert!(page.write(PAGE_BYTES - 3, b"page") == Err(EINVAL));
        assert!(page.read(usize::MAX, &mut [0; 2]) == Err(EINVAL));
        Ok(())
    }
}
