// SPDX-License-Identifier: GPL-2.0

//! Entries of `/proc`.
//!
//! A [`Dir`] is a folder below `/proc` or in another one. What a read-only file
//! in it prints is a [`Show`] or [`ShowNumbered`] type; a file with a position of
//! its own, input or waiting is a [`Stream`]. Entries are found and used as long
//! as their folder exists; dropping the [`Dir`] removes it with everything in it,
//! and waits for calls that are under way.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    fs::{
        file::flags,
        File, //
    },
    prelude::*,
    seq_file::SeqFile,
    str::CStr,
    sync::poll::PollTable,
    types::ForeignOwnable,
    uaccess::{
        UserPtr,
        UserSlice,
        UserSliceWriter, //
    }, //
};

/// Longest input of one write to a [`Stream`], in bytes.
pub const INPUT_BYTES_MAX: usize = 128;

/// What a poll answers when there is something to read.
pub const READABLE: u32 = bindings::POLLIN | bindings::POLLRDNORM;

/// What a file prints.
pub trait Show {
    /// Prints the whole file. Process context, may sleep; no lock is held.
    fn show(out: &SeqFile);
}

/// What a file prints of the thing with a number.
pub trait ShowNumbered {
    /// Prints the whole file. Process context, may sleep; no lock is held.
    /// `number` is that of [`Dir::add_numbered`].
    fn show(out: &SeqFile, number: usize);
}

/// What happens at a file with a state for each open.
///
/// All functions run in process context and may sleep. The calls on one open
/// file may come at the same time, from several tasks. A file that cannot seek.
pub trait Stream: Sized + Send + Sync {
    /// Who may do what.
    const MODE: u16;

    /// State of a new open. `number` is that of [`Dir::add_stream`].
    ///
    /// # Errors
    ///
    /// What the opener gets.
    fn open(number: usize) -> Result<Pin<KBox<Self>>>;

    /// Gives what is next and says how many bytes that was; 0 is the end.
    ///
    /// # Errors
    ///
    /// `EINVAL` unless the type says more: the file cannot be read.
    fn read(&self, _: &Opened<'_>, _: &mut UserSliceWriter) -> Result<usize> {
        Err(EINVAL)
    }

    /// Takes the whole `input` of one write, at most [`INPUT_BYTES_MAX`]; it may
    /// be any bytes.
    ///
    /// # Errors
    ///
    /// `EINVAL` unless the type says more: the file cannot be written.
    fn write(&self, _: &Opened<'_>, _input: &[u8]) -> Result {
        Err(EINVAL)
    }

    /// Registers with what wakes a poll and says what holds now, [`READABLE`] or 0.
    fn poll(&self, _: &Opened<'_>, _: &PollTable<'_>) -> u32 {
        READABLE
    }
}

/// An open file of a [`Stream`], during one call.
pub struct Opened<'a> {
    file: &'a File,
    number: usize,
}

impl Opened<'_> {
    /// The number the entry was added with.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Whether the file does not wait (`O_NONBLOCK`).
    pub fn is_impatient(&self) -> bool {
        self.file.flags() & flags::O_NONBLOCK != 0
    }

    /// The file.
    pub fn file(&self) -> &File {
        self.file
    }
}

/// A folder of `/proc`.
///
/// # Invariants
///
/// `entry` is a folder this value created and nobody else removes.
pub struct Dir {
    entry: NonNull<bindings::proc_dir_entry>,
}

// SAFETY: procfs locks its own tree; an entry is not tied to a thread.
unsafe impl Send for Dir {}
// SAFETY: As above; `&Dir` allows nothing but adding entries.
unsafe impl Sync for Dir {}

impl Dir {
    /// Creates `/proc/<name>`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn new(name: &CStr) -> Result<Self> {
        // SAFETY: A null parent means `/proc`.
        unsafe { Self::create(name, core::ptr::null_mut()) }
    }

    /// Creates the folder `name` in this one. May sleep.
    ///
    /// Drop it before this one: a folder takes what is in it along.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn sub(&self, name: &CStr) -> Result<SubDir<'_>> {
        // SAFETY: The parent is valid by the type invariant.
        let dir = unsafe { Self::create(name, self.entry.as_ptr()) }?;
        Ok(SubDir {
            dir,
            _parent: PhantomData,
        })
    }

    /// The folder itself, valid as long as `self`.
    #[cfg(CONFIG_SSI_VPROC)]
    pub(crate) fn entry(&self) -> NonNull<bindings::proc_dir_entry> {
        self.entry
    }

    /// # Safety
    ///
    /// `parent` is null or a folder that exists.
    unsafe fn create(name: &CStr, parent: *mut bindings::proc_dir_entry) -> Result<Self> {
        // SAFETY: `name` ends in a zero byte and is copied; the caller vouches
        // for `parent`.
        let entry = unsafe { bindings::proc_mkdir(name.as_char_ptr(), parent) };
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
    pub fn add<T: Show>(&self, name: &CStr) -> Result {
        self.add_single(name, show_raw::<T>, 0)
    }

    /// Adds the file `name`, readable by all, that prints `T` of `number`. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn add_numbered<T: ShowNumbered>(&self, name: &CStr, number: usize) -> Result {
        self.add_single(name, show_numbered_raw::<T>, number)
    }

    fn add_single(&self, name: &CStr, show: ShowRaw, number: usize) -> Result {
        // SAFETY: The parent is valid by the type invariant, the name is copied,
        // and `show` lives as long as the kernel.
        let file = unsafe {
            bindings::proc_create_single_data(
                name.as_char_ptr(),
                0o444,
                self.entry.as_ptr(),
                Some(show),
                core::ptr::without_provenance_mut(number),
            )
        };
        NonNull::new(file).map(|_| ()).ok_or(ENOMEM)
    }

    /// Adds the file `name` at which `T` happens, told `number`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn add_stream<T: Stream>(&self, name: &CStr, number: usize) -> Result {
        // SAFETY: The parent is valid by the type invariant, the name is copied,
        // and the table is static.
        let file = unsafe {
            bindings::proc_create_data(
                name.as_char_ptr(),
                T::MODE,
                self.entry.as_ptr(),
                &Operations::<T>::TABLE,
                core::ptr::without_provenance_mut(number),
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

/// A folder in another one that is still there.
pub struct SubDir<'a> {
    dir: Dir,
    _parent: PhantomData<&'a Dir>,
}

impl core::ops::Deref for SubDir<'_> {
    type Target = Dir;

    fn deref(&self) -> &Dir {
        &self.dir
    }
}

type ShowRaw = unsafe extern "C" fn(*mut bindings::seq_file, *mut c_void) -> c_int;

/// # Safety
///
/// `file` is the valid `seq_file` of this read.
unsafe extern "C" fn show_raw<T: Show>(file: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: procfs serializes the readers of one open file.
    T::show(unsafe { SeqFile::from_raw(file) });
    0
}

/// # Safety
///
/// `file` is the valid `seq_file` of this read, its data the entry's number.
unsafe extern "C" fn show_numbered_raw<T: ShowNumbered>(
    file: *mut bindings::seq_file,
    _: *mut c_void,
) -> c_int {
    // SAFETY: The file is valid; procfs put the data of the entry there.
    let number = unsafe { (*file).private }.addr();
    // SAFETY: procfs serializes the readers of one open file.
    T::show(unsafe { SeqFile::from_raw(file) }, number);
    0
}

/// The table of a [`Stream`]'s functions for C.
struct Operations<T>(PhantomData<T>);

impl<T: Stream> Operations<T> {
    const TABLE: bindings::proc_ops = bindings::proc_ops {
        proc_open: Some(Self::open),
        proc_read: Some(Self::read),
        proc_write: Some(Self::write),
        proc_poll: Some(Self::poll),
        proc_release: Some(Self::release),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// Called by procfs for an entry with this table.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The inode is valid; procfs keeps the data of the entry there.
        let number = unsafe { (*inode).i_private }.addr();
        match T::open(number) {
            // SAFETY: The file is being opened, and nobody else uses it yet.
            Ok(state) => unsafe {
                (*file).private_data = state.into_foreign();
                bindings::stream_open(inode, file)
            },
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called by procfs, once, for a file [`open`](Self::open) opened.
    unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `open` put it there, and no call is under way any more.
        drop(unsafe { Pin::<KBox<T>>::from_foreign((*file).private_data) });
        0
    }

    /// # Safety
    ///
    /// `file` was opened by [`open`](Self::open) and is not released during `'a`.
    unsafe fn opened<'a>(file: *mut bindings::file) -> (Pin<&'a T>, Opened<'a>) {
        // SAFETY: By the caller the file is open, its state where `open` put it,
        // its inode that of the entry.
        unsafe {
            let state = Pin::<KBox<T>>::borrow((*file).private_data);
            let opened = Opened {
                file: File::from_raw_file(file),
                number: (*(*file).f_inode).i_private.addr(),
            };
            (state, opened)
        }
    }

    /// # Safety
    ///
    /// Called by procfs for a file [`open`](Self::open) opened.
    unsafe extern "C" fn read(
        file: *mut bindings::file,
        buffer: *mut c_char,
        length: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: procfs keeps the file open during the call.
        let (state, opened) = unsafe { Self::opened(file) };
        let mut out = UserSlice::new(UserPtr::from_ptr(buffer.cast()), length).writer();
        match state.read(&opened, &mut out) {
            Ok(bytes) => bytes as isize,
            Err(error) => error.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// Called by procfs for a file [`open`](Self::open) opened.
    unsafe extern "C" fn write(
        file: *mut bindings::file,
        buffer: *const c_char,
        length: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: procfs keeps the file open during the call.
        let (state, opened) = unsafe { Self::opened(file) };
        match input(buffer, length, |input| state.write(&opened, input)) {
            Ok(()) => length as isize,
            Err(error) => error.to_errno() as isize,
        }
    }

    /// # Safety
    ///
    /// Called by procfs for a file [`open`](Self::open) opened.
    unsafe extern "C" fn poll(
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) -> bindings::__poll_t {
        // SAFETY: procfs keeps the file open during the call.
        let (state, opened) = unsafe { Self::opened(file) };
        // SAFETY: The table is null or valid during the call.
        state.poll(&opened, unsafe { &PollTable::from_raw(table) })
    }
}

/// Copies what a user wrote and hands it to `take`.
fn input(buffer: *const c_char, length: usize, take: impl FnOnce(&[u8]) -> Result) -> Result {
    let mut bytes = [0; INPUT_BYTES_MAX];
    let input = bytes.get_mut(..length).ok_or(EINVAL)?;
    UserSlice::new(UserPtr::from_ptr(buffer.cast_mut().cast()), length)
        .reader()
        .read_slice(input)?;
    take(input)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_procfs)]
mod tests {
    use super::*;

    struct Nothing;

    impl Show for Nothing {
        fn show(_: &SeqFile) {}
    }

    impl ShowNumbered for Nothing {
        fn show(_: &SeqFile, _: usize) {}
    }

    impl Stream for Nothing {
        const MODE: u16 = 0o600;

        fn open(_: usize) -> Result<Pin<KBox<Self>>> {
            Ok(KBox::pin(Self, GFP_KERNEL)?)
        }
    }

    fn fill(dir: &Dir) -> Result {
        dir.add::<Nothing>(c"file")?;
        dir.add_numbered::<Nothing>(c"numbered", 7)?;
        dir.add_stream::<Nothing>(c"stream", 7)
    }

    #[test]
    fn a_dropped_folder_frees_its_name() {
        for _ in 0..2 {
            let dir = Dir::new(c"ssi_kunit");
            assert!(dir.is_ok_and(|dir| fill(&dir).is_ok()));
        }
    }

    #[test]
    fn a_folder_in_a_folder_comes_and_goes() -> Result {
        let dir = Dir::new(c"ssi_kunit")?;
        for _ in 0..2 {
            let sub = dir.sub(c"node1")?;
            fill(&sub)?;
        }
        dir.sub(c"node1").map(drop)
    }
}
