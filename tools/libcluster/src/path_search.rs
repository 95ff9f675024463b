// SPDX-License-Identifier: GPL-2.0

//! Search for a program in `PATH`.
//!
//! What execvp(3) does, for any way to execute a file. The search allocates nothing: a
//! child of fork(2) may do it.

use std::ffi::{
    c_char,
    CStr, //
};

use rustix::io::Errno;

/// The shell that runs what is no program.
pub const SHELL: &CStr = c"/bin/sh";

/// What is searched where there is no `PATH`.
const DEFAULT: &CStr = c"/bin:/usr/bin";

/// `PATH_MAX`: the longest name of a file, with its 0.
const PATH_BYTES_MAX: usize = 4096;

/// One attempt to execute something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// This file.
    Program(&'a CStr),
    /// [`SHELL`], with this file as its script: the first argument, before those of the
    /// caller.
    Script(&'a CStr),
}

/// Attempts `file` in each folder of `path`, in their order; a `file` with a slash as it is.
/// `path` is `PATH`, if there is one. What has not the form of a program is attempted as a
/// script. An attempt returns only when it has failed: why. So does the search.
///
/// # Errors
///
/// `ENOENT` when no folder has the file; `EACCES` when one has, but not for this user; of
/// another failure its own number, and no folder is looked into behind that one.
pub fn search(
    file: &CStr,
    path: Option<&CStr>,
    mut attempt: impl FnMut(Attempt<'_>) -> Errno,
) -> Errno {
    let name = file.to_bytes();
    if name.is_empty() {
        return Errno::NOENT;
    }
    if name.contains(&b'/') {
        return execute(file, &mut attempt);
    }
    let mut room = [0; PATH_BYTES_MAX];
    let mut failure = Errno::NOENT;
    let folders = path.unwrap_or(DEFAULT).to_bytes();
    for folder in folders.split(|letter| *letter == b':') {
        let Some(candidate) = join(&mut room, folder, name) else {
            continue;
        };
        match execute(candidate, &mut attempt) {
            Errno::NOENT | Errno::NOTDIR => {}
            Errno::ACCESS => failure = Errno::ACCESS,
            other => return other,
        }
    }
    failure
}

/// The words of [`SHELL`] for a script: its own name, the script, and those of the script but
/// for the first, which is a name as well. Both lists end with null.
pub fn words_of_script(script: &CStr, argv: &[*const c_char]) -> Vec<*const c_char> {
    let names = usize::from(argv.len() > 1);
    [SHELL.as_ptr(), script.as_ptr()]
        .iter()
        .chain(argv.iter().skip(names))
        .copied()
        .collect()
}

/// Attempts `file`, if need be as a script.
fn execute(file: &CStr, attempt: &mut impl FnMut(Attempt<'_>) -> Errno) -> Errno {
    match attempt(Attempt::Program(file)) {
        Errno::NOEXEC => match attempt(Attempt::Script(file)) {
            // It is the shell that is not there.
            Errno::NOENT => Errno::NOEXEC,
            other => other,
        },
        other => other,
    }
}

/// The file with this name in a folder; an empty one is the working directory.
/// `None` if that is too long for a name.
fn join<'a>(room: &'a mut [u8], folder: &[u8], name: &[u8]) -> Option<&'a CStr> {
    let slash: &[u8] = if folder.is_empty() { b"" } else { b"/" };
    let mut length = 0;
    for part in [folder, slash, name, b"\0"] {
        room.get_mut(length..length + part.len())?
            .copy_from_slice(part);
        length += part.len();
    }
    CStr::from_bytes_with_nul(&room[..length]).ok()
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    /// What was attempted in a search, and what came of it, where `answer` tells what
    /// becomes of each.
    fn searched(
        file: &CStr,
        path: Option<&CStr>,
        answer: impl Fn(&str) -> Errno,
    ) -> (Vec<String>, Errno) {
        let mut seen = Vec::new();
        let failure = search(file, path, |attempt| {
            let word = match attempt {
                Attempt::Program(file) => file.to_str().unwrap().to_owned(),
                Attempt::Script(file) => format!("sh {}", file.to_str().unwrap()),
            };
            let said = answer(&word);
            seen.push(word);
            said
        });
        (seen, failure)
    }

    #[test]
    fn each_folder_is_looked_into_in_its_order() {
        for (path, expected) in [
            (Some(c"/sbin:/bin"), vec!["/sbin/ls", "/bin/ls"]),
            (Some(c"/a/:b"), vec!["/a//ls", "b/ls"]),
            (Some(c":/bin::"), vec!["ls", "/bin/ls", "ls", "ls"]),
            (Some(c""), vec!["ls"]),
            (None, vec!["/bin/ls", "/usr/bin/ls"]),
        ] {
            for failure in [Errno::NOENT, Errno::NOTDIR] {
                let (seen, said) = searched(c"ls", path, |_| failure);
                assert_eq!((seen, said), (owned(&expected), Errno::NOENT), "{path:?}");
            }
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_name_with_a_slash_is_not_looked_for() {
        for name in [c"./ls", c"/bin/ls", c"a/ls", c"ls/"] {
            let (seen, said) = searched(name, Some(c"/sbin:/bin"), |_| Errno::NOENT);
            assert_eq!(seen, [name.to_str().unwrap()]);
            assert_eq!(said, Errno::NOENT);
        }
        let none = searched(c"", Some(c"/bin"), |_| Errno::ACCESS);
        assert_eq!(none, (vec![], Errno::NOENT));
    }

    #[test]
    fn a_file_one_may_not_execute_is_passed_by_and_remembered() {
        let answer = |file: &str| match file {
            "/b/ls" => Errno::ACCESS,
            _ => Errno::NOENT,
        };
        let (seen, said) = searched(c"ls", Some(c"/a:/b:/c"), answer);
        assert_eq!(
            (seen.len(), said),
            (3, Errno::ACCESS),
            "as if it was not found"
        );
    }

    #[test]
    fn any_other_failure_is_the_last() {
        for failure in [
            Errno::NODEV,
            Errno::TOOBIG,
            Errno::LOOP,
            Errno::NOMEM,
            Errno::HOSTDOWN,
        ] {
            let (seen, said) = searched(c"ls", Some(c"/a:/b"), |_| failure);
            assert_eq!((seen, said), (owned(&["/a/ls"]), failure));
        }
    }

    #[test]
    fn what_is_no_program_is_a_script() {
        let no_program = |word: &str| {
            if word.starts_with("sh ") {
                Errno::TOOBIG
            } else {
                Errno::NOEXEC
            }
        };
        for (name, path) in [(c"run", Some(c"/a:/b")), (c"/a/run", None)] {
            let (seen, said) = searched(name, path, no_program);
            assert_eq!(
                (seen, said),
                (owned(&["/a/run", "sh /a/run"]), Errno::TOOBIG)
            );
        }
        let no_shell = |word: &str| {
            if word.starts_with("sh ") {
                Errno::NOENT
            } else {
                Errno::NOEXEC
            }
        };
        let (seen, said) = searched(c"run", Some(c"/a:/b"), no_shell);
        assert_eq!((seen.len(), said), (2, Errno::NOEXEC));
    }

    #[test]
    fn a_script_has_its_words_behind_its_name() {
        let script = c"/bin/run";
        let pointers = |words: &[&CStr]| -> Vec<*const c_char> {
            let words = words.iter().map(|word| word.as_ptr());
            words.chain([ptr::null()]).collect()
        };
        let head = [SHELL.as_ptr(), script.as_ptr()];
        for words in [&[][..], &[c"run"], &[c"run", c"-l", c"x"]] {
            let expected = [&head[..], &pointers(words.get(1..).unwrap_or_default())];
            let said = words_of_script(script, &pointers(words));
            assert_eq!(said, expected.concat(), "{words:?}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_passed_by() {
        let long = "x".repeat(PATH_BYTES_MAX - "/run\0".len() + 1);
        for (extra, expected) in [(0, vec!["/b/run"]), (1, vec!["/run", "/b/run"])] {
            let path = format!("{}:/b\0", &long[extra..]);
            let path = CStr::from_bytes_with_nul(path.as_bytes()).unwrap();
            let (seen, said) = searched(c"run", Some(path), |_| Errno::NOENT);
            assert_eq!(said, Errno::NOENT);
            assert_eq!(seen.len(), expected.len());
            for (seen, expected) in seen.iter().zip(expected) {
                assert!(seen.ends_with(expected), "{extra}");
                assert!(seen.len() < PATH_BYTES_MAX);
            }
        }
        let name = format!("{}\0", "x".repeat(PATH_BYTES_MAX));
        let name = CStr::from_bytes_with_nul(name.as_bytes()).unwrap();
        let (seen, said) = searched(name, Some(c"/a"), |_| Errno::NOENT);
        assert_eq!((seen, said), (vec![], Errno::NOENT));
    }
}
