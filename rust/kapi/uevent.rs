// SPDX-License-Identifier: GPL-2.0

//! Events for user space.
//!
//! An object of sysfs that exists for its `change` events, which programs get by
//! netlink (`udevadm monitor`): `/sys/kernel/<subsystem>/<name>`.
//!
//! C header: [`include/linux/kobject.h`](srctree/include/linux/kobject.h)

use core::{
    cell::UnsafeCell,
    ptr::NonNull, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::{
        CStr,
        CString, //
    }, //
};

/// Most words an event carries beside those of the kernel.
pub const WORDS_MAX: usize = 16;

/// An object that has events.
///
/// # Invariants
///
/// `kset` and `object` are registered; `object` lies in `kset`.
pub struct Source {
    kset: NonNull<bindings::kset>,
    object: NonNull<bindings::kobject>,
}

// SAFETY: kobjects are not tied to a thread and have locks of their own.
unsafe impl Send for Source {}
// SAFETY: As above; `&Source` allows only to send events.
unsafe impl Sync for Source {}

impl Source {
    /// Creates `/sys/kernel/<subsystem>/<name>`. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` when memory is short or the name is taken.
    pub fn new(subsystem: &'static CStr, name: &'static CStr) -> Result<Self> {
        // SAFETY: The name ends in a zero byte; `kernel_kobj` exists for good.
        let kset = unsafe {
            bindings::kset_create_and_add(
                subsystem.as_char_ptr(),
                core::ptr::null(),
                bindings::kernel_kobj,
            )
        };
        let kset = NonNull::new(kset).ok_or(ENOMEM)?;
        Self::object(kset, name)
            // INVARIANT: Both were registered just now.
            .map(|object| Self { kset, object })
            .inspect_err(|_| {
                // SAFETY: Registered above, and used by nobody yet.
                unsafe { bindings::kset_unregister(kset.as_ptr()) }
            })
    }

    fn object(kset: NonNull<bindings::kset>, name: &CStr) -> Result<NonNull<bindings::kobject>> {
        let mut object = KBox::new(pin_init::zeroed::<bindings::kobject>(), GFP_KERNEL)?;
        object.kset = kset.as_ptr();
        let object = KBox::into_raw(object);
        // SAFETY: The object is zeroed but for its set, and stays where it is; the
        // type is static; `%s` takes one string.
        let added = to_result(unsafe {
            bindings::kobject_init_and_add(
                object,
                TYPE.0.get(),
                core::ptr::null_mut(),
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        });
        match added {
            Ok(()) => NonNull::new(object).ok_or(ENOMEM),
            Err(error) => {
                // SAFETY: It was initialized, if not added; frees it.
                unsafe { bindings::kobject_put(object) };
                Err(error)
            }
        }
    }

    /// Sends a `change` event with these words, each `NAME=value`. May sleep.
    ///
    /// # Errors
    ///
    /// `E2BIG` for more than [`WORDS_MAX`] words, else what the kernel answers.
    pub fn change(&self, words: &[CString]) -> Result {
        if words.len() > WORDS_MAX {
            return Err(E2BIG);
        }
        let mut pointers = [core::ptr::null_mut(); WORDS_MAX + 1];
        for (to, from) in pointers.iter_mut().zip(words) {
            *to = from.as_char_ptr().cast_mut();
        }
        // SAFETY: The object is valid; the words live, and a null ends them.
        to_result(unsafe {
            bindings::kobject_uevent_env(
                self.object.as_ptr(),
                bindings::kobject_action_KOBJ_CHANGE,
                pointers.as_mut_ptr(),
            )
        })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: By the type invariant both are registered, and ours.
        unsafe {
            bindings::kobject_put(self.object.as_ptr());
            bindings::kset_unregister(self.kset.as_ptr());
        }
    }
}

/// The type of the objects: no attributes, memory of a [`KBox`].
struct Type(UnsafeCell<bindings::kobj_type>);

// SAFETY: The kernel only reads it.
unsafe impl Sync for Type {}

static TYPE: Type = Type(UnsafeCell::new(bindings::kobj_type {
    release: Some(release),
    sysfs_ops: &raw const bindings::kobj_sysfs_ops,
    ..pin_init::zeroed()
}));

/// # Safety
///
/// `object` came from [`Source::object`] and nobody uses it any more.
unsafe extern "C" fn release(object: *mut bindings::kobject) {
    // SAFETY: By the caller it is the box it was made as.
    drop(unsafe { KBox::from_raw(object) });
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_uevent)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_sent_and_its_source_goes() -> Result {
        for _ in 0..2 {
            let source = Source::new(c"ssi_kunit", c"events")?;
            let word = CString::try_from_fmt(fmt!("SSI_NODE={}", 3))?;
            assert!(source.change(&[word]).is_ok());
        }
        Ok(())
    }
}
