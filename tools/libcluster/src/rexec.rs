// SPDX-License-Identifier: GPL-2.0

//! Programs begun on other nodes.
//!
//! The process stays the same: its number, its parent, its open files, its working
//! directory, its terminal. What it was ends when the program on the other node begins,
//! as with execve(2). The names are OpenSSI's; those that take a list of words in C are
//! `rexecve`, `rexecv` and `rexecvp` here.
//!
//! ```no_run
//! use libcluster::{rexecvp, ClusterNode};
//!
//! let node = ClusterNode::new(2).ok_or("no such node")?;
//! let why = rexecvp(c"uname", &[c"uname", c"-n"], node);
//! println!("it was not begun: {why}");
//! # Ok::<(), &str>(())
//! ```
//!
//! Signals that the process ignores are ignored by the program as well, as always with
//! execve(2). The runtime of Rust ignores `SIGPIPE`.

use std::{
    env,
    ffi::{
        c_char,
        CStr,
        CString, //
    },
    os::unix::ffi::OsStrExt as _,
    ptr,
};

use rustix::io::Errno;
use ssi_device::{
    Device,
    DEFAULT_FOLDERS, //
};

use crate::{
    ClusterNode,
    NotBegun, //
};

/// What every node has.
const ROOT: &CStr = c"/";

/// Becomes `file` on `node`, with these words and this environment. Returns only when
/// that fails: why. On the node it is called on it does what execve(2) does.
///
/// The file is looked for where it is to run: what is at this path may be another
/// program there.
pub fn rexecve(
    file: &CStr,
    argv: &[impl AsRef<CStr>],
    envp: &[impl AsRef<CStr>],
    node: ClusterNode,
) -> NotBegun {
    let (argv, envp) = (pointers(argv), pointers(envp));
    begin(file, node, |device| {
        execute(device, file, &argv, &envp, node)
    })
}

/// [`rexecve`] with the environment of this process.
pub fn rexecv(file: &CStr, argv: &[impl AsRef<CStr>], node: ClusterNode) -> NotBegun {
    rexecve(file, argv, &environment(), node)
}

/// [`rexecv`] of the first `file` in the folders of `PATH`, as they are on `node`; of one
/// with a slash as it is. What is there and no program is run by `/bin/sh`. It is `node` that
/// looks for it, so a long `PATH` costs no more than a short one.
pub fn rexecvp(file: &CStr, argv: &[impl AsRef<CStr>], node: ClusterNode) -> NotBegun {
    let environment = environment();
    let (argv, envp) = (pointers(argv), pointers(&environment));
    let path = env::var_os("PATH").and_then(|path| CString::new(path.as_bytes()).ok());
    begin(file, node, |device| {
        device.rexecvp(
            node.get().into(),
            file.as_ptr(),
            argv.as_ptr(),
            envp.as_ptr(),
            path.as_deref().unwrap_or(DEFAULT_FOLDERS),
        )
    })
}

/// Has the device for `attempt`, and says what came of it.
fn begin(file: &CStr, node: ClusterNode, attempt: impl FnOnce(&Device) -> Errno) -> NotBegun {
    match Device::open() {
        Ok(device) => match attempt(&device) {
            Errno::NOENT | Errno::NOTDIR if !has_folder(&device, node) => NotBegun::NoFolder(node),
            why => NotBegun::from_errno(why, &file.to_string_lossy(), node),
        },
        Err(Errno::NOSYS) => NotBegun::NoCall,
        Err(why) => NotBegun::Device(why.into()),
    }
}

/// Whether the working directory is on `node`. Otherwise nothing is found there, not even the
/// root, which is there and nothing to execute.
fn has_folder(device: &Device, node: ClusterNode) -> bool {
    let words = pointers(&[ROOT]);
    let why = execute(device, ROOT, &words, &words[1..], node);
    !matches!(why, Errno::NOENT | Errno::NOTDIR)
}

/// Both lists end with null.
fn execute(
    device: &Device,
    file: &CStr,
    argv: &[*const c_char],
    envp: &[*const c_char],
    node: ClusterNode,
) -> Errno {
    device.rexecve(
        node.get().into(),
        file.as_ptr(),
        argv.as_ptr(),
        envp.as_ptr(),
    )
}

/// Where the words are, and null.
fn pointers(words: &[impl AsRef<CStr>]) -> Vec<*const c_char> {
    let words = words.iter().map(|word| word.as_ref().as_ptr());
    words.chain([ptr::null()]).collect()
}

/// The environment of this process, as C has it.
fn environment() -> Vec<CString> {
    env::vars_os()
        .filter_map(|(name, value)| {
            let line = [name.as_bytes(), b"=", value.as_bytes()].concat();
            CString::new(line).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_words_ends_with_null() {
        assert_eq!(pointers(&[] as &[&CStr]), [ptr::null()]);
        let words = [c"ls", c"-l"];
        let [ls, l, end] = pointers(&words)[..] else {
            panic!("three");
        };
        assert_eq!((ls, l), (words[0].as_ptr(), words[1].as_ptr()));
        assert!(end.is_null());
    }

    #[test]
    fn the_environment_is_that_of_the_process() {
        let path = env::var("PATH").unwrap();
        let line = CString::new(format!("PATH={path}")).unwrap();
        assert!(environment().contains(&line));
        assert_eq!(environment().len(), env::vars_os().count());
    }

    /// This kernel is no node.
    #[test]
    fn without_a_device_nothing_is_begun() {
        let node = ClusterNode::new(1).unwrap();
        let argv = [c"true"];
        for why in [
            rexecve(c"/bin/true", &argv, &[] as &[&CStr], node),
            rexecv(c"/bin/true", &argv, node),
            rexecvp(c"true", &argv, node),
        ] {
            assert!(matches!(why, NotBegun::NoCall), "{why}");
        }
    }
}
