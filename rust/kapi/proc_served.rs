// SPDX-License-Identifier: GPL-2.0

//! Files of `/proc` for other nodes.
//!
//! What this node says of its processes when another one asks, for a program
//! there. Everything happens with the credentials of the calling thread
//! ([`run_as`](crate::behalf::run_as)) and in a mount nobody else sees. Paths come
//! from peers: they name a process first ("65600/fd/3"), and no link on the way is
//! followed. A process private to this node is not found; see
//! [`behalf`](crate::behalf).
//!
//! C header: [`include/linux/namei.h`](srctree/include/linux/namei.h)

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStr, //
};

use crate::{
    area::{
        Area,
        AREA_BYTES, //
    },
    proc_attributes::Attributes, //
};

/// Longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 255;

/// What [`list`] is given for each entry: its name, the number of its inode, its
/// type (`DT_...`) and where the one behind it is found. False ends the list.
pub type Entry<'a> = dyn FnMut(&[u8], u64, u8, u64) -> bool + 'a;

/// What tells process `tgid`, or a thread with that number, from all others there ever were
/// and will be on this node; `None` when there is none that other nodes see. Any context.
pub fn identity(tgid: u32) -> Option<u64> {
    // SAFETY: No preconditions.
    match unsafe { bindings::ssi_served_identity(tgid) } {
        0 => None,
        identity => Some(identity),
    }
}

/// Attributes of `path` itself, be it a link. May sleep.
///
/// # Errors
///
/// `ENOENT` when there is no such process or file; `EACCES`; `EINVAL` for what is
/// no path; `ELOOP` for a path through a link.
pub fn look(path: &CStr) -> Result<Attributes> {
    check(path)?;
    let mut raw: bindings::ssi_proc_attributes = pin_init::zeroed();
    // SAFETY: The path ends in a zero byte; the C side fills the other.
    to_result(unsafe { bindings::ssi_proc_look(path.as_char_ptr(), &mut raw) })?;
    Ok(Attributes {
        mode: raw.mode,
        uid: raw.uid,
        gid: raw.gid,
        nlink: raw.nlink,
        size: raw.size,
        ino: raw.ino,
        identity: raw.identity,
    })
}

/// Reads `bytes` from `offset` of a file to the beginning of `area`, at most all of
/// it. Fewer are read at the end of the file. May sleep.
///
/// # Errors
///
/// As [`look`]; `EISDIR` for a folder, `ELOOP` for a link; what the file says.
pub fn read(path: &CStr, offset: u64, area: &mut Area, bytes: usize) -> Result<usize> {
    check(path)?;
    let bytes = bytes.min(AREA_BYTES);
    // SAFETY: The path ends in a zero byte; so much is there of the area.
    size(unsafe { bindings::ssi_proc_read(path.as_char_ptr(), offset, area.address(), bytes) })
}

/// Files of the node, of no process, and the same for everybody.
const NODE_FILES: [&CStr; 4] = [c"loadavg", c"stat", c"meminfo", c"cpuinfo"];

/// Reads `/proc/<name>` of this node from its beginning into `out`, and says how many
/// bytes that were; fewer than there is room for when that is all. `name` is "loadavg",
/// "stat", "meminfo" or "cpuinfo". Any task may call it; may sleep.
///
/// # Errors
///
/// `ENOENT` for another name; `ENOMEM`.
pub fn read_of_node(name: &CStr, out: &mut [u8]) -> Result<usize> {
    if !NODE_FILES.contains(&name) {
        return Err(ENOENT);
    }
    // SAFETY: The name ends in a zero byte; so much may be written to `out`.
    size(unsafe {
        bindings::ssi_proc_read_kernel(name.as_char_ptr(), out.as_mut_ptr().cast(), out.len())
    })
}

/// Writes `bytes` of `area` at `offset` of a file, in one go, and says how many it
/// took. May sleep.
///
/// # Errors
///
/// As [`read`].
pub fn write(path: &CStr, offset: u64, area: &mut Area, bytes: usize) -> Result<usize> {
    check(path)?;
    let bytes = bytes.min(AREA_BYTES);
    // SAFETY: The path ends in a zero byte; so much is there of the area.
    size(unsafe { bindings::ssi_proc_write(path.as_char_ptr(), offset, area.address(), bytes) })
}

/// Writes the text of a link to the beginning of `area`, at most `bytes`, and says how
/// long it is. May sleep.
///
/// # Errors
///
/// As [`look`]; `EINVAL` for what is no link.
pub fn link(path: &CStr, area: &mut Area, bytes: usize) -> Result<usize> {
    check(path)?;
    let bytes = bytes.min(AREA_BYTES);
    // SAFETY: The path ends in a zero byte; so much is there of the area.
    size(unsafe { bindings::ssi_proc_link(path.as_char_ptr(), area.address(), bytes) })
}

/// Tells `entry` what is in a folder, from position `from` on; 0 is the start. "." and
/// ".." are told, too. `entry` may sleep, but should be quick: the folder is locked.
/// May sleep.
///
/// # Errors
///
/// As [`look`]; `ENOTDIR` for what is no folder.
pub fn list(path: &CStr, from: u64, entry: &mut Entry<'_>) -> Result {
    check(path)?;
    let mut entry = entry;
    // SAFETY: The path ends in a zero byte; `told` is called during the call
    // alone, with the pointer to `entry`.
    to_result(unsafe {
        bindings::ssi_proc_list(
            path.as_char_ptr(),
            from,
            Some(told),
            (&raw mut entry).cast(),
        )
    })
}

/// Tells `entry` the processes of this node that others see, in order, until it says
/// false. That is all but the private ones; 1 is left to those who know where
/// it is.
pub fn processes(entry: &mut dyn FnMut(u32) -> bool) {
    let mut next = 0;
    loop {
        // SAFETY: No preconditions.
        let tgid = unsafe { bindings::ssi_served_next(next) };
        if tgid == 0 || !entry(tgid) {
            return;
        }
        next = tgid + 1;
    }
}

/// # Safety
///
/// `entry` points to the `&mut Entry` of [`list`], `name` to so many bytes.
unsafe extern "C" fn told(
    entry: *mut c_void,
    name: *const c_char,
    bytes: usize,
    ino: u64,
    kind: u8,
    next: u64,
) -> bool {
    // SAFETY: By the contract of this function.
    let (entry, name) = unsafe {
        (
            &mut *entry.cast::<&mut Entry<'_>>(),
            core::slice::from_raw_parts(name.cast::<u8>(), bytes),
        )
    };
    entry(name, ino, kind, next)
}

fn size(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| Error::from_errno(result as c_int))
}

/// Whether `path` names something other nodes may see.
fn check(path: &CStr) -> Result {
    let path = path.to_bytes();
    let is_name = |name: &[u8]| !matches!(name, b"" | b"." | b"..");
    let mut names = path.split(|byte| *byte == b'/');
    if path.len() > PATH_BYTES_MAX || !names.clone().all(is_name) {
        return Err(EINVAL);
    }
    let tgid = names.next().and_then(number).ok_or(ENOENT)?;
    // SAFETY: No preconditions.
    if unsafe { bindings::ssi_served(tgid) } {
        Ok(())
    } else {
        Err(ENOENT)
    }
}

/// A number as `/proc` writes it: digits, and no zero before others.
fn number(name: &[u8]) -> Option<u32> {
    let is_number = name.iter().all(u8::is_ascii_digit) && name.first() != Some(&b'0');
    let text = core::str::from_utf8(name).ok().filter(|_| is_number)?;
    text.parse().ok()
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_kapi_proc_served)]
mod tests {
    use super::*;
    use crate::behalf::{
        run_as,
        Caller, //
    };

    const TYPE: u32 = bindings::S_IFMT;

    fn user() -> Result<Caller> {
        let mut caller = Caller::current()?;
        caller.user.fs = 1000;
        (caller.effective, caller.permitted) = (0, 0);
        Ok(caller)
    }

    /// What reads as the beginning of `path`.
    fn text(path: &CStr, offset: u64, bytes: usize) -> Result<KVec<u8>> {
        Area::with(|area| {
            let length = read(path, offset, area, bytes)?;
            let mut out = KVec::from_elem(0, length, GFP_KERNEL)?;
            area.read(0, &mut out)?;
            Ok(out)
        })?
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in [
            c"",
            c"/1/stat",
            c"1//stat",
            c"1/",
            c"../1",
            c"1/..",
            c"1/../2/stat",
            c"./1",
            c"1/./stat",
        ] {
            assert!(look(path) == Err(EINVAL));
        }
    }

    #[test]
    fn a_path_has_a_longest() {
        for (length, error) in [(PATH_BYTES_MAX, ENOENT), (PATH_BYTES_MAX + 1, EINVAL)] {
            let mut bytes = [b'a'; PATH_BYTES_MAX + 2];
            bytes[..2].copy_from_slice(b"1/");
            bytes[length] = 0;
            let path = CStr::from_bytes_until_nul(&bytes);
            assert!(path.is_ok_and(|path| look(path) == Err(error)));
        }
    }

    #[test]
    fn what_is_private_is_not_found() -> Result {
        for path in [
            c"2/stat",
            c"2",
            c"0/stat",
            c"01/stat",
            c"+1",
            c"self",
            c"self/stat",
            c"meminfo",
            c"sys/kernel/pid_max",
            c"65535",
            c"4194303/stat",
            c"4294967297/stat",
        ] {
            assert!(look(path) == Err(ENOENT));
            assert!(text(path, 0, 1).err() == Some(ENOENT));
            assert!(list(path, 0, &mut |_, _, _, _| true) == Err(ENOENT));
        }
        processes(&mut |tgid| {
            assert!(tgid >= crate::behalf::PRIVATE_PIDS);
            true
        });
        Ok(())
    }

    #[test]
    fn a_file_is_looked_at_and_read() -> Result {
        let stat = look(c"1/stat")?;
        assert!(stat.mode == bindings::S_IFREG | 0o444 && stat.nlink == 1 && stat.ino != 0);
        assert!((stat.uid, stat.gid) == (0, 0));
        assert!(look(c"1")?.mode & TYPE == bindings::S_IFDIR);
        assert!(look(c"1/exe")?.mode & TYPE == bindings::S_IFLNK);
        let whole = text(c"1/status", 0, usize::MAX)?;
        assert!(whole.starts_with(b"Name:\t") && whole.len() > 300);
        assert!(text(c"1/stat", 0, 3)?.as_slice() == b"1 (");
        let rest = text(c"1/status", 3, 10)?;
        assert!(rest.as_slice() == whole.get(3..13).unwrap_or_default());
        Ok(())
    }

    #[test]
    fn files_of_the_node_are_four() -> Result {
        let mut out = KVec::from_elem(0_u8, AREA_BYTES, GFP_KERNEL)?;
        for (name, begins) in [
            (c"loadavg", &b"0."[..]),
            (c"stat", b"cpu  "),
            (c"meminfo", b"MemTotal: "),
            (c"cpuinfo", b"processor"),
        ] {
            let length = read_of_node(name, &mut out)?;
            let text = out.get(..length).unwrap_or_default();
            assert!(text.starts_with(begins) && text.ends_with(b"\n"));
            assert!(read_of_node(name, &mut [0; 3]) == Ok(3));
        }
        for wrong in [c"", c"uptime", c"1/stat", c"kcore", c"/stat", c"self/stat"] {
            assert!(read_of_node(wrong, &mut out) == Err(ENOENT));
        }
        Ok(())
    }

    #[test]
    fn a_file_is_written() -> Result {
        let path = c"1/oom_score_adj";
        let put = |data: &[u8]| {
            Area::with(|area| {
                area.write(0, data)?;
                write(path, 0, area, data.len())
            })?
        };
        assert!(put(b"7\n")? == 2);
        assert!(text(path, 0, 99)?.as_slice() == b"7\n");
        assert!(put(b"rubbish").is_err());
        assert!(put(b"0\n")? == 2);
        Ok(())
    }

    #[test]
    fn a_folder_is_listed_from_anywhere() -> Result {
        let mut positions: KVec<u64> = KVec::new();
        let mut names: KVec<KVec<u8>> = KVec::new();
        list(c"1", 0, &mut |name, _, _, next| {
            let mut kept = KVec::new();
            kept.extend_from_slice(name, GFP_KERNEL).is_ok()
                && names.push(kept, GFP_KERNEL).is_ok()
                && positions.push(next, GFP_KERNEL).is_ok()
        })?;
        assert!(names.len() > 20);
        for (index, next) in positions.iter().enumerate() {
            let mut found = None;
            list(c"1", *next, &mut |name, _, _, _| {
                found = Some(
                    names
                        .get(index + 1)
                        .is_some_and(|known| known.as_slice() == name),
                );
                false
            })?;
            assert!(found.unwrap_or(index + 1 == names.len()));
        }
        Ok(())
    }

    #[test]
    fn a_link_is_read_and_never_followed() -> Result {
        Area::with(|area| {
            let mut out = [0; 1];
            assert!(link(c"1/root", area, 100) == Ok(1));
            area.read(0, &mut out)?;
            assert!(&out == b"/");
            assert!(link(c"1/stat", area, 100) == Err(EINVAL));
            assert!(look(c"1/cwd/proc") == Err(ELOOP));
            assert!(read(c"1/root", 0, area, 1) == Err(ELOOP));
            Ok(())
        })?
    }

    #[test]
    fn a_call_must_fit_what_it_finds() -> Result {
        assert!(text(c"1/fd", 0, 1).err() == Some(EISDIR));
        assert!(list(c"1/stat", 0, &mut |_, _, _, _| true) == Err(ENOTDIR));
        Ok(())
    }

    #[test]
    fn the_caller_needs_the_right() -> Result {
        let refused = run_as(&user()?, || text(c"1/environ", 0, 1).err())?;
        assert!(refused == Some(EACCES));
        let refused = run_as(&user()?, || list(c"1/fd", 0, &mut |_, _, _, _| true))?;
        assert!(refused == Err(EACCES));
        assert!(run_as(&user()?, || text(c"1/stat", 0, 1).is_ok())?);
        Ok(())
    }
}
