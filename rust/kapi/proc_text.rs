// SPDX-License-Identifier: GPL-2.0

//! Files of `/proc` made whole.
//!
//! For texts that are expensive, or that may fail: a [`Text`] is made once for each time
//! a file is read from its beginning, whatever its length. What a
//! [`Show`](crate::procfs::Show) prints is printed again with more room until it fits.
//!
//! A reader with a small buffer sees one text to its end; going back to the beginning
//! gives a new one.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use core::marker::PhantomData;

use kernel::{
    bindings,
    new_mutex,
    prelude::*,
    str::CStr,
    sync::Mutex,
    types::ForeignOwnable,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

use crate::procfs::Dir;

/// What a file holds.
pub trait Text {
    /// Makes all of it. Process context, may sleep; no lock is held. `number` is that
    /// of [`Dir::add_text`].
    ///
    /// # Errors
    ///
    /// What the reader gets.
    fn make(number: usize) -> Result<KVVec<u8>>;
}

impl Dir {
    /// Adds the file `name`, readable by all, that holds `T` of `number`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn add_text<T: Text>(&self, name: &CStr, number: usize) -> Result {
        // SAFETY: The parent exists as long as `self`, the name is copied, and the
        // table is static.
        let file = unsafe {
            bindings::proc_create_data(
                name.as_char_ptr(),
                0o444,
                self.entry().as_ptr(),
                &Operations::<T>::TABLE,
                core::ptr::without_provenance_mut(number),
            )
        };
        core::ptr::NonNull::new(file).map(|_| ()).ok_or(ENOMEM)
    }
}

/// The text an open file gives out, once it was made.
#[pin_data]
struct Opened {
    #[pin]
    text: Mutex<Option<KVVec<u8>>>,
}

impl Opened {
    fn new() -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            pin_init!(Self {
                text <- new_mutex!(None, "ssi_proc_text"),
            }),
            GFP_KERNEL,
        )
    }

    /// Gives what is at `position` to `out`; `make` makes the text anew.
    fn read(
        &self,
        out: UserSlice,
        position: &mut i64,
        make: impl FnOnce() -> Result<KVVec<u8>>,
    ) -> Result<usize> {
        if *position == 0 || self.text.lock().is_none() {
            let text = make()?;
            *self.text.lock() = Some(text);
        }
        let text = self.text.lock();
        let bytes = text.as_deref().unwrap_or_default();
        out.writer().write_slice_file(bytes, position)
    }
}

/// The table of a [`Text`]'s functions for C.
struct Operations<T>(PhantomData<T>);

impl<T: Text> Operations<T> {
    const TABLE: bindings::proc_ops = bindings::proc_ops {
        proc_open: Some(Self::open),
        proc_read: Some(Self::read),
        proc_lseek: Some(bindings::default_llseek),
        proc_release: Some(Self::release),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// Called by procfs for an entry with this table.
    unsafe extern "C" fn open(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        match Opened::new() {
            // SAFETY: The file is being opened, and nobody else uses it yet.
            Ok(opened) => unsafe { (*file).private_data = opened.into_foreign() },
            Err(error) => return error.to_errno(),
        }
        0
    }

    /// # Safety
    ///
    /// Called by procfs, once, for a file [`open`](Self::open) opened.
    unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `open` put it there, and no call is under way any more.
        drop(unsafe { Pin::<KBox<Opened>>::from_foreign((*file).private_data) });
        0
    }

    /// # Safety
    ///
    /// Called by procfs for a file [`open`](Self::open) opened.
    unsafe extern "C" fn read(
        file: *mut bindings::file,
        buffer: *mut c_char,
        length: usize,
        position: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The file is open, its state where `open` put it, its inode that of
        // the entry; the position is valid during the call.
        let (opened, number, position) = unsafe {
            (
                Pin::<KBox<Opened>>::borrow((*file).private_data),
                (*(*file).f_inode).i_private.addr(),
                &mut *position,
            )
        };
        let out = UserSlice::new(UserPtr::from_ptr(buffer.cast()), length);
        match opened.read(out, position, || T::make(number)) {
            Ok(bytes) => bytes as isize,
            Err(error) => error.to_errno() as isize,
        }
    }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_proc_text)]
mod tests {
    use super::*;
    use crate::{
        area::Area,
        bytes, //
    };

    struct Nothing;

    impl Text for Nothing {
        fn make(_: usize) -> Result<KVVec<u8>> {
            Ok(KVVec::new())
        }
    }

    #[test]
    fn a_dropped_folder_frees_its_name() -> Result {
        for _ in 0..2 {
            Dir::new(c"ssi_kunit")?.add_text::<Nothing>(c"text", 7)?;
        }
        Ok(())
    }

    /// Reads `length` bytes at `position` of a text that says how often it was made.
    fn read(opened: &Opened, made: &mut u8, position: &mut i64, length: usize) -> Result<KVec<u8>> {
        Area::with(|area| {
            let out = UserSlice::new(UserPtr::from_addr(area.address()), length);
            let bytes = opened.read(out, position, || {
                *made += 1;
                let mut text = KVVec::new();
                bytes::extend(&mut text, b"text ")?;
                bytes::extend(&mut text, &[b'0' + *made])?;
                Ok(text)
            })?;
            let mut read = KVec::from_elem(0, bytes, GFP_KERNEL)?;
            area.read(0, &mut read)?;
            Ok(read)
        })?
    }

    #[test]
    fn a_text_is_made_once_for_each_beginning() -> Result {
        let opened = Opened::new()?;
        let (mut made, mut position) = (0, 0);
        assert!(read(&opened, &mut made, &mut position, 4)?.as_slice() == b"text");
        assert!(read(&opened, &mut made, &mut position, 9)?.as_slice() == b" 1");
        assert!(read(&opened, &mut made, &mut position, 9)?.is_empty());
        position = 0;
        assert!(read(&opened, &mut made, &mut position, 9)?.as_slice() == b"text 2");
        position = 5;
        assert!(read(&opened, &mut made, &mut position, 9)?.as_slice() == b"2");
        Ok(())
    }

    #[test]
    fn a_text_that_cannot_be_made_is_an_error() -> Result {
        let opened = Opened::new()?;
        let out = UserSlice::new(UserPtr::from_addr(0), 1);
        assert!(opened.read(out, &mut 3, || Err(EHOSTDOWN)) == Err(EHOSTDOWN));
        Ok(())
    }
}
