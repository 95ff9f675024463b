// SPDX-License-Identifier: GPL-2.0

//! Entries of `/proc`.
//!
//! A [`Dir`] is a folder directly below `/proc`; a [`Show`] type is what one
//! read-only file in it prints. Files are found and read as long as their
//! folder exists; dropping the [`Dir`] removes it with everything in it, and
//! waits for readers.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use core::ptr::NonNull;

use kernel::{
    bindings,
    prelude::*,
    seq_file::SeqFile,
    str::CStr, //
};

/// What a file prints.
pub trait Show {
    /// Prints the whole file. Process context, may sleep; no lock is held.
    fn show(out: &SeqFile);
}

/// A folder below `/proc`.
///
/// # Invariants
///
/// `entry` is a folder this value created and nobody else removes.
pub struct Dir {
    entry: NonNull<bindings::proc_dir_entry>,
}

// SAFETY: procfs locks its own tree; an entry is not tied to a thread.
unsafe impl Send for Dir {}
// SAFETY: As above; `&Dir` allows nothing but adding files.
unsafe impl Sync for Dir {}

impl Dir {
    /// Creates `/proc/<name>`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: `name` ends in a zero byte; a null parent means `/proc`.
        let entry = unsafe { bindings::proc_mkdir(name.as_char_ptr(), core::ptr::null_mut()) };
        // INVARIANT: `proc_mkdir` made it just now.
        NonNull::new(entry)
            .map(|entry| Self { entry })
            .ok_or(ENOMEM)
    }

    /// Adds the file `name`, readable by all, that prints `T`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn add<T: Show>(&self, name: &'static CStr) -> Result {
        // SAFETY: The parent is valid by the type invariant, and `show_raw`
        // lives as long as the kernel.
        let file = unsafe {
            bindings::proc_create_single_data(
                name.as_char_ptr(),
                0o444,
                self.entry.as_ptr(),
                Some(show_raw::<T>),
                core::ptr::null_mut(),
            )
        };
        NonNull::new(file).map(|_| ()).ok_or(ENOMEM)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the entry exists and is ours.
        unsafe { bindings::proc_remove(self.entry.as_ptr()) }
    }
}

/// # Safety
///
/// `file` is the valid `seq_file` of this read.
unsafe extern "C" fn show_raw<T: Show>(file: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: procfs serializes the readers of one open file.
    T::show(unsafe { SeqFile::from_raw(file) });
    0
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_procfs)]
mod tests {
    use super::*;

    struct Nothing;

    impl Show for Nothing {
        fn show(_: &SeqFile) {}
    }

    #[test]
    fn a_dropped_folder_frees_its_name() {
        for _ in 0..2 {
            let dir = Dir::new(c"ssi_kunit");
            assert!(dir.is_ok_and(|dir| dir.add::<Nothing>(c"file").is_ok()));
        }
    }
}
