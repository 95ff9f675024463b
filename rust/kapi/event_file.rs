// SPDX-License-Identifier: GPL-2.0

//! Files that say when something happens.
//!
//! A counter of eventfd(2), a timer of timerfd_create(2) or a set of epoll(7) that a process has
//! for itself, and what signalfd(2) gives, is made again on the node the process goes to. What a
//! set watches is added when all files are there.
//!
//! C header: [`include/linux/eventpoll.h`](srctree/include/linux/eventpoll.h)

use core::{
    ptr,
    slice, //
};

use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

use crate::open_files::Number;

type Event = bindings::ssi_event_file;
type Watch = bindings::ssi_watched_file;

/// Bytes of what one knows.
pub const EVENT_FILE_BYTES: usize = size_of::<Event>();

/// Bytes of what a set knows of a file.
pub const WATCH_BYTES: usize = size_of::<Watch>();

/// Most files the sets of a process watch: what travels at once.
const WATCHES_MAX: usize = (1 << 20) / WATCH_BYTES;

/// How the other node comes to one.
#[derive(Clone, Copy)]
pub enum EventFile {
    /// It makes one that knows this.
    Made([u8; EVENT_FILE_BYTES]),
    /// The process has it by this number, too, which is lower.
    Same(u32),
}

/// What is open as `fd` in the running task; `None` for what is not made again. May sleep.
///
/// # Errors
///
/// `ENOMEM`, for one that is not its own as well.
pub fn of(fd: u32) -> Result<Option<EventFile>> {
    let mut event = pin_init::zeroed::<Event>();
    let mut first = 0;
    // SAFETY: Both can be written.
    let found = unsafe { bindings::ssi_event_file_take(fd, &mut event, &mut first) };
    to_result(found.min(0))?;
    Ok(match found {
        0 => None,
        _ if first != fd => Some(EventFile::Same(first)),
        _ => {
            let mut bytes = [0; EVENT_FILE_BYTES];
            // SAFETY: There are no bytes between its members.
            bytes.copy_from_slice(unsafe { as_bytes(slice::from_ref(&event)) });
            Some(EventFile::Made(bytes))
        }
    })
}

/// Adds to `all` what is watched by `event`, which is open as `fd` in the running task. May sleep.
///
/// # Errors
///
/// `EOPNOTSUPP` for a set that watches what the task has no number for any more, `E2BIG` for
/// more than travels, `ENOMEM`.
pub fn watches(fd: u32, event: &EventFile, all: &mut KVVec<u8>) -> Result {
    let EventFile::Made(bytes) = event else {
        return Ok(());
    };
    if parsed(bytes)?.kind != bindings::ssi_event_kind_SSI_EVENT_SET as u16 {
        return Ok(());
    }
    // SAFETY: There is room for none.
    let count = unsafe { bindings::ssi_event_file_watches(fd, ptr::null_mut(), 0) };
    let count = length(count)?;
    let mut found = KVVec::from_elem(pin_init::zeroed::<Watch>(), count, GFP_KERNEL)?;
    // SAFETY: There is room for as many.
    let again = unsafe { bindings::ssi_event_file_watches(fd, found.as_mut_ptr(), count as u32) };
    if length(again)? != count {
        return Err(EAGAIN);
    }
    // SAFETY: There are no bytes between the members.
    all.extend_from_slice(unsafe { as_bytes(&found) }, GFP_KERNEL)?;
    Ok(())
}

fn length(count: isize) -> Result<usize> {
    let count = usize::try_from(count).map_err(|_| Error::from_errno(count as c_int))?;
    (count <= WATCHES_MAX).then_some(count).ok_or(E2BIG)
}

fn parsed(bytes: &[u8]) -> Result<Event> {
    if bytes.len() != EVENT_FILE_BYTES {
        return Err(EINVAL);
    }
    // SAFETY: It is as long, and whatever its bytes are is a value.
    let event = unsafe { ptr::read_unaligned(bytes.as_ptr().cast::<Event>()) };
    // SAFETY: It can be read.
    unsafe { bindings::ssi_event_file_valid(&event) }
        .then_some(event)
        .ok_or(EINVAL)
}

/// Makes what knows `bytes`, which [`of`] gave on another node, and gives it the `number` in the
/// running task, in place of what may be there. One of a process or thread is `open_process`ed,
/// by its number and with flags of pidfd_open(2). The task has memory. May sleep.
///
/// # Errors
///
/// `EINVAL` for what none can know, `EBADF` for a number beyond the limit, `EMFILE`, `ENFILE`,
/// `ENOMEM`; `ESRCH` for one of a process that is gone.
pub fn make(
    number: Number,
    bytes: &[u8],
    open_process: impl FnOnce(u32, u32) -> Result<isize>,
) -> Result {
    let event = parsed(bytes)?;
    let closes = number.is_closed_on_exec;
    if event.kind == bindings::ssi_event_kind_SSI_EVENT_PROCESS as u16 {
        let made = open_process(event.count as u32, event.flags)? as c_int;
        // SAFETY: It is valid.
        return to_result(unsafe {
            bindings::ssi_event_file_place(number.fd, made, &event, closes)
        });
    }
    // SAFETY: It is valid.
    to_result(unsafe { bindings::ssi_event_file_make(number.fd, &event, closes) })
}

/// Opens one of process or thread `pid`, which this node has, or what stands for it, with `flags`
/// of pidfd_open(2), for the running task; gives its number. May sleep.
///
/// # Errors
///
/// Those of pidfd_open(2).
pub fn open_process(pid: u32, flags: u32) -> Result<isize> {
    // SAFETY: No preconditions.
    let made = unsafe { bindings::ssi_event_file_open_process(pid, flags) };
    to_result(made.min(0)).map(|()| made as isize)
}

/// Gives what the running task has open as `from` the `number`, too. May sleep.
///
/// # Errors
///
/// `EBADF` if there is none, or for a number beyond the limit.
pub fn again(number: Number, from: u32) -> Result {
    let closes = number.is_closed_on_exec;
    // SAFETY: No preconditions.
    to_result(unsafe { bindings::ssi_event_file_again(number.fd, from, closes) })
}

/// Has the sets of the running task watch what they did on another node: [`watches`]. What is
/// ready is reported again. May sleep.
///
/// # Errors
///
/// `EINVAL` for other bytes; those of epoll_ctl(2).
pub fn watch(all: &[u8]) -> Result {
    let each = all.chunks_exact(WATCH_BYTES);
    if !each.remainder().is_empty() {
        return Err(EINVAL);
    }
    for bytes in each {
        // SAFETY: It is as long, and whatever its bytes are is a value.
        let watch = unsafe { ptr::read_unaligned(bytes.as_ptr().cast::<Watch>()) };
        // SAFETY: It can be read.
        to_result(unsafe { bindings::ssi_event_file_watch(&watch) })?;
    }
    Ok(())
}

/// # Safety
///
/// There are no bytes between the members of a `T`.
unsafe fn as_bytes<T>(values: &[T]) -> &[u8] {
    // SAFETY: By the contract of this function all bytes have a value.
    unsafe { slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_event_file)]
mod tests {
    use super::*;

    const COUNTER: u16 = bindings::ssi_event_kind_SSI_EVENT_COUNTER as u16;
    const TIMER: u16 = bindings::ssi_event_kind_SSI_EVENT_TIMER as u16;
    const SIGNALS: u16 = bindings::ssi_event_kind_SSI_EVENT_SIGNALS as u16;
    const SET: u16 = bindings::ssi_event_kind_SSI_EVENT_SET as u16;

    fn is_valid(event: Event) -> bool {
        // SAFETY: There are no bytes between the members.
        parsed(unsafe { as_bytes(slice::from_ref(&event)) }).is_ok()
    }

    fn event(kind: u16) -> Event {
        Event {
            kind,
            ..pin_init::zeroed()
        }
    }

    fn timer() -> Event {
        Event {
            count: 3,
            expires: 5,
            interval: 7,
            clock: 7,
            flags: 3,
            ..event(TIMER)
        }
    }

    #[test]
    fn what_one_knows_is_taken() {
        assert!([COUNTER, TIMER, SIGNALS, SET]
            .map(event)
            .iter()
            .all(|&event| is_valid(event)));
        assert!(is_valid(timer()));
        let count = u64::MAX - 1;
        assert!(is_valid(Event {
            count,
            flags: 1,
            waits_not: 1,
            ..event(COUNTER)
        }));
        let count = u64::MAX;
        assert!(is_valid(Event {
            count,
            ..event(SIGNALS)
        }));
    }

    #[test]
    fn what_none_knows_is_refused() {
        let spoiled: [(u16, fn(&mut Event)); 15] = [
            (0, |_| ()),
            (6, |_| ()),
            (5, |event| event.count = 1),
            (5, |event| event.count = 1 << 32),
            (5, |event| (event.count, event.flags) = (1 << 17, 1)),
            (COUNTER, |event| event.count = u64::MAX),
            (COUNTER, |event| event.flags = 2),
            (COUNTER, |event| event.interval = 1),
            (SIGNALS, |event| event.flags = 1),
            (SET, |event| event.count = 1),
            (SET, |event| event.waits_not = 2),
            (TIMER, |event| event.clock = 2),
            (TIMER, |event| event.expires = -1),
            (TIMER, |event| event.interval = -1),
            (TIMER, |event| event.flags = 4),
        ];
        for (kind, spoil) in spoiled {
            let mut event = event(kind);
            spoil(&mut event);
            assert!(!is_valid(event));
        }
        assert!(parsed(&[0; EVENT_FILE_BYTES - 1]).err() == Some(EINVAL));
        assert!(watch(&[0; WATCH_BYTES + 1]) == Err(EINVAL));
    }
}
