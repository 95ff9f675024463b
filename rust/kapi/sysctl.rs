// SPDX-License-Identifier: GPL-2.0

//! Settings below `/proc/sys`.
//!
//! A setting is a static: a [`Number`] within bounds or a [`Choice`] of words.
//! Reading it costs one load, in any context. What a user writes is refused with
//! `EINVAL` when it is out of bounds or no word of the choice, and the old value
//! stays. [`register`] gives settings their names.
//!
//! C header: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h)

use core::{
    ffi::c_void,
    ops::RangeInclusive,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_mutex,
        Arc,
        Mutex,
        SetOnce, //
    }, //
};

/// Longest word of a [`Choice`], in bytes.
pub const WORD_BYTES_MAX: usize = 31;

/// Held while a setting changes: a check of several settings sees no other
/// change in between.
static WRITERS: SetOnce<Arc<Mutex<()>>> = SetOnce::new();

/// A whole number within bounds.
pub struct Number {
    value: Atomic<u32>,
    min: u32,
    max: u32,
    admit: fn(u32) -> bool,
    changed: fn(),
}

impl Number {
    /// A number that is `value` until somebody changes it within `bounds`.
    pub const fn new(value: u32, bounds: RangeInclusive<u32>) -> Self {
        Self {
            value: Atomic::new(value),
            min: *bounds.start(),
            max: *bounds.end(),
            admit: |_| true,
            changed: || (),
        }
    }

    /// Takes a new value only when `admit` says so, beside the bounds. It runs in
    /// process context, may sleep, and no other setting changes meanwhile.
    pub const fn admitting(mut self, admit: fn(u32) -> bool) -> Self {
        self.admit = admit;
        self
    }

    /// Calls `changed` after each change, in process context; it may sleep.
    pub const fn telling(mut self, changed: fn()) -> Self {
        self.changed = changed;
        self
    }

    /// The value now. Any context.
    pub fn get(&self) -> u32 {
        self.value.load(Relaxed)
    }

    fn set(&self, value: u32) -> Result {
        if !(self.min..=self.max).contains(&value) || !(self.admit)(value) {
            return Err(EINVAL);
        }
        self.value.store(value, Relaxed);
        (self.changed)();
        Ok(())
    }
}

/// One of a few words.
pub struct Choice {
    value: Atomic<u32>,
    words: &'static [&'static str],
    changed: fn(),
}

impl Choice {
    /// The word with index `value` of `words`, each at most [`WORD_BYTES_MAX`].
    pub const fn new(value: u32, words: &'static [&'static str]) -> Self {
        Self {
            value: Atomic::new(value),
            words,
            changed: || (),
        }
    }

    /// Calls `changed` after each change, in process context; it may sleep.
    pub const fn telling(mut self, changed: fn()) -> Self {
        self.changed = changed;
        self
    }

    /// Index of the word it is now. Any context.
    pub fn get(&self) -> usize {
        self.value.load(Relaxed) as usize
    }

    /// The word it is now. Any context.
    pub fn word(&self) -> &'static str {
        self.words.get(self.get()).copied().unwrap_or_default()
    }

    /// Makes it the word with this index, as a start value that is known only
    /// at boot. Any context; does not tell of the change. An index that is none
    /// is ignored.
    pub fn preset(&self, index: usize) {
        if index < self.words.len() {
            self.value.store(index as u32, Relaxed);
        }
    }

    fn set(&self, word: &[u8]) -> Result {
        let index = self
            .words
            .iter()
            .position(|known| known.as_bytes() == word)
            .ok_or(EINVAL)?;
        self.preset(index);
        (self.changed)();
        Ok(())
    }
}

/// A setting and its name.
pub struct Entry {
    name: &'static CStr,
    setting: *mut c_void,
    handler: Handler,
}

type Handler = unsafe extern "C" fn(
    *const bindings::ctl_table,
    c_int,
    *mut c_void,
    *mut usize,
    *mut bindings::loff_t,
) -> c_int;

impl Entry {
    /// A file `name` for a number.
    pub fn number(name: &'static CStr, number: &'static Number) -> Self {
        Self {
            name,
            setting: core::ptr::from_ref(number).cast_mut().cast(),
            handler: handle_number,
        }
    }

    /// A file `name` for a choice.
    pub fn choice(name: &'static CStr, choice: &'static Choice) -> Self {
        Self {
            name,
            setting: core::ptr::from_ref(choice).cast_mut().cast(),
            handler: handle_choice,
        }
    }

    fn table(&self) -> bindings::ctl_table {
        bindings::ctl_table {
            procname: self.name.as_char_ptr(),
            data: self.setting,
            maxlen: size_of::<u32>() as c_int,
            mode: 0o644,
            proc_handler: Some(self.handler),
            ..pin_init::zeroed()
        }
    }
}

/// Settings that can be found below `/proc/sys`, until this is dropped.
///
/// # Invariants
///
/// `header` is the registration of `tables`, which do not move or change.
pub struct Registration {
    header: NonNull<bindings::ctl_table_header>,
    _tables: KVec<bindings::ctl_table>,
}

// SAFETY: The registration is not tied to a thread, its tables are only read.
unsafe impl Send for Registration {}
// SAFETY: As above; `&Registration` allows nothing.
unsafe impl Sync for Registration {}

/// Makes `entries` files in the folder `path` below `/proc/sys`, readable by all
/// and writable by root. May sleep.
///
/// # Errors
///
/// `ENOMEM` when memory is short or a name is taken.
pub fn register(path: &'static CStr, entries: &[Entry]) -> Result<Registration> {
    if WRITERS.as_ref().is_none() {
        WRITERS.populate(Arc::pin_init(new_mutex!((), "ssi_sysctl"), GFP_KERNEL)?);
    }
    let mut tables = KVec::with_capacity(entries.len(), GFP_KERNEL)?;
    for entry in entries {
        tables.push(entry.table(), GFP_KERNEL)?;
    }
    // SAFETY: Path, names and settings are static; the tables stay as long as
    // the registration, see `Drop`.
    let header =
        unsafe { bindings::register_sysctl_sz(path.as_char_ptr(), tables.as_ptr(), tables.len()) };
    // INVARIANT: It was made just now, and the heap does not move.
    Ok(Registration {
        header: NonNull::new(header).ok_or(ENOMEM)?,
        _tables: tables,
    })
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is registered; waits for users.
        unsafe { bindings::unregister_sysctl_table(self.header.as_ptr()) }
    }
}

/// # Safety
///
/// Called by sysctl for the table of an [`Entry::number`], with a buffer in the
/// kernel's memory of `*length` bytes.
unsafe extern "C" fn handle_number(
    table: *const bindings::ctl_table,
    writes: c_int,
    buffer: *mut c_void,
    length: *mut usize,
    position: *mut bindings::loff_t,
) -> c_int {
    // SAFETY: The data of such a table is a static `Number`.
    let number = unsafe { &*(*table).data.cast::<Number>() };
    let old = number.get();
    let mut value = old;
    // SAFETY: The table is valid; a copy of it is plain data.
    let mut copy = unsafe { *table };
    copy.data = (&raw mut value).cast();
    let exchange = || {
        // SAFETY: The arguments are those of sysctl, the data is one `u32`.
        let done = unsafe { bindings::proc_douintvec(&copy, writes, buffer, length, position) };
        // SAFETY: Nothing else uses `value` now; it was given by pointer.
        let value = unsafe { (&raw const value).read_volatile() };
        kernel::error::to_result(done)?;
        match value == old {
            true => Ok(()),
            false => number.set(value),
        }
    };
    errno(alone(writes, exchange))
}

/// # Safety
///
/// Called by sysctl for the table of an [`Entry::choice`], with a buffer in the
/// kernel's memory of `*length` bytes.
unsafe extern "C" fn handle_choice(
    table: *const bindings::ctl_table,
    writes: c_int,
    buffer: *mut c_void,
    length: *mut usize,
    position: *mut bindings::loff_t,
) -> c_int {
    // SAFETY: The data of such a table is a static `Choice`.
    let choice = unsafe { &*(*table).data.cast::<Choice>() };
    if writes != 0 {
        // SAFETY: sysctl hands in so many bytes, already copied from the user.
        let written = unsafe { core::slice::from_raw_parts(buffer.cast::<u8>(), *length) };
        return errno(alone(writes, || choice.set(written.trim_ascii())));
    }
    let mut word = [0; WORD_BYTES_MAX + 1];
    for (to, from) in word
        .iter_mut()
        .zip(choice.word().bytes().take(WORD_BYTES_MAX))
    {
        *to = from;
    }
    // SAFETY: The table is valid; a copy of it is plain data.
    let mut copy = unsafe { *table };
    copy.data = word.as_mut_ptr().cast();
    copy.maxlen = word.len() as c_int;
    // SAFETY: The arguments are those of sysctl, the data a string with an end.
    unsafe { bindings::proc_dostring(&copy, writes, buffer, length, position) }
}

/// Runs `exchange`, a write without another one beside it.
fn alone(writes: c_int, exchange: impl FnOnce() -> Result) -> Result {
    let _guard = match writes {
        0 => None,
        _ => WRITERS.as_ref().map(|writers| writers.lock()),
    };
    exchange()
}

fn errno(result: Result) -> c_int {
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_sysctl)]
mod tests {
    use super::*;

    static CHANGES: Atomic<u32> = Atomic::new(0);
    static NUMBER: Number = Number::new(5, 2..=9)
        .admitting(|value| value != 7)
        .telling(|| CHANGES.store(CHANGES.load(Relaxed) + 1, Relaxed));
    static CHOICE: Choice = Choice::new(0, &["none", "mac", "aead"]);

    /// Writes as a user does.
    fn write(entry: &Entry, text: &[u8]) -> Result {
        let (mut length, mut position) = (text.len(), 0);
        let mut buffer = [0; 64];
        buffer[..text.len()].copy_from_slice(text);
        let table = entry.table();
        // SAFETY: The buffer has the text and a zero byte behind it.
        let done = unsafe {
            (entry.handler)(
                &table,
                1,
                buffer.as_mut_ptr().cast(),
                &mut length,
                &mut position,
            )
        };
        kernel::error::to_result(done)
    }

    /// Whether a user reads `expected`.
    fn reads(entry: &Entry, expected: &[u8]) -> bool {
        let mut buffer = [0; 64];
        let (mut length, mut position) = (buffer.len(), 0);
        let table = entry.table();
        // SAFETY: The buffer has so many bytes.
        let done = unsafe {
            (entry.handler)(
                &table,
                0,
                buffer.as_mut_ptr().cast(),
                &mut length,
                &mut position,
            )
        };
        done == 0 && &buffer[..length] == expected
    }

    #[test]
    fn a_number_stays_within_its_bounds() {
        let entry = Entry::number(c"number", &NUMBER);
        assert!(reads(&entry, b"5\n"));
        for text in [&b"1"[..], b"10", b"7", b"-3", b"x", b"6x", b"99999999999"] {
            assert!(write(&entry, text) == Err(EINVAL));
            assert!(NUMBER.get() == 5);
        }
        let before = CHANGES.load(Relaxed);
        assert!(write(&entry, b"9\n").is_ok());
        assert!(NUMBER.get() == 9 && CHANGES.load(Relaxed) == before + 1);
        assert!(write(&entry, b"5").is_ok());
    }

    #[test]
    fn a_choice_takes_its_words_only() {
        let entry = Entry::choice(c"choice", &CHOICE);
        for text in [&b"mace"[..], b"ma", b"", b"MAC", b"mac none", b"mac\0"] {
            assert!(write(&entry, text) == Err(EINVAL));
            assert!(CHOICE.word() == "none");
        }
        assert!(write(&entry, b"aead\n").is_ok());
        assert!(reads(&entry, b"aead\n") && CHOICE.get() == 2);
        CHOICE.preset(0);
    }

    #[test]
    fn a_dropped_registration_frees_its_names() {
        for _ in 0..2 {
            let entries = [Entry::number(c"number", &NUMBER)];
            assert!(register(c"ssi/kunit", &entries).is_ok());
        }
    }
}
