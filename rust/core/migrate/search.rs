// SPDX-License-Identifier: GPL-2.0

//! Search for a program.
//!
//! What execvp(3) does, on the node where the program is to run: one hand-over for all
//! folders. Errors are the negative numbers of the kernel.

use super::open_file::PATH_BYTES_MAX;

/// The shell that runs what is no program, with its zero byte.
pub const SHELL: &[u8] = b"/bin/sh\0";

/// Bytes of the longest path that is put together, with its zero byte.
pub const ROOM_BYTES: usize = PATH_BYTES_MAX + 1;

const ENOENT: i32 = -2;
const ENOEXEC: i32 = -8;
const EACCES: i32 = -13;
const ENOTDIR: i32 = -20;

/// One attempt to execute something. Paths end in a zero byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// This file.
    Program(&'a [u8]),
    /// [`SHELL`], with this file as its script: the first argument, before those of the
    /// caller but for the name.
    Script(&'a [u8]),
}

/// Attempts `file` in each of the `folders`, which colons separate, in their order; a `file`
/// with a slash as it is. What has not the form of a program is attempted as a script.
/// Paths are put together in `room`, of [`ROOM_BYTES`]; longer ones are passed by. An attempt
/// gives 0 when it succeeds, and so does the search, which ends with it.
///
/// # Errors
///
/// `ENOENT` when no folder has the file; `EACCES` when one has, but not for this user; of
/// another failure its own number, and no folder is looked into behind that one.
pub fn search(
    file: &[u8],
    folders: &[u8],
    room: &mut [u8],
    mut attempt: impl FnMut(Attempt<'_>) -> i32,
) -> i32 {
    if file.is_empty() {
        return ENOENT;
    }
    if file.contains(&b'/') {
        return join(room, None, file).map_or(ENOENT, |path| execute(path, &mut attempt));
    }
    let mut failure = ENOENT;
    for folder in folders.split(|&letter| letter == b':') {
        // One that is too long is passed by.
        let Some(path) = join(room, Some(folder), file) else {
            continue;
        };
        match execute(path, &mut attempt) {
            ENOENT | ENOTDIR => (),
            EACCES => failure = EACCES,
            other => return other,
        }
    }
    failure
}

/// Attempts `file`, if need be as a script.
fn execute(file: &[u8], attempt: &mut impl FnMut(Attempt<'_>) -> i32) -> i32 {
    match attempt(Attempt::Program(file)) {
        ENOEXEC => match attempt(Attempt::Script(file)) {
            // It is the shell that is not there.
            ENOENT => ENOEXEC,
            other => other,
        },
        other => other,
    }
}

/// The file with this name in a folder; an empty one is the working directory, and so is
/// none. `None` if that is too long for a path.
fn join<'a>(room: &'a mut [u8], folder: Option<&[u8]>, name: &[u8]) -> Option<&'a [u8]> {
    let folder = folder.unwrap_or_default();
    let slash: &[u8] = if folder.is_empty() { b"" } else { b"/" };
    let mut length = 0_usize;
    for part in [folder, slash, name, b"\0"] {
        let end = length.saturating_add(part.len());
        room.get_mut(length..end)?.copy_from_slice(part);
        length = end;
    }
    room.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const E2BIG: i32 = -7;
    const ENOMEM: i32 = -12;
    const ELOOP: i32 = -40;

    fn word(path: &[u8]) -> String {
        let path = path.strip_suffix(&[0]).expect("a zero byte");
        String::from_utf8(path.to_vec()).unwrap()
    }

    /// What was attempted in a search, and what came of it, where `answer` tells what
    /// becomes of each.
    fn searched(file: &str, folders: &str, answer: impl Fn(&str) -> i32) -> (Vec<String>, i32) {
        let mut seen = Vec::new();
        let mut room = [0; ROOM_BYTES];
        let came = search(file.as_bytes(), folders.as_bytes(), &mut room, |attempt| {
            let word = match attempt {
                Attempt::Program(file) => word(file),
                Attempt::Script(file) => format!("sh {}", word(file)),
            };
            let said = answer(&word);
            seen.push(word);
            said
        });
        (seen, came)
    }

    #[test]
    fn each_folder_is_looked_into_in_its_order() {
        for (folders, expected) in [
            ("/sbin:/bin", vec!["/sbin/ls", "/bin/ls"]),
            ("/a/:b", vec!["/a//ls", "b/ls"]),
            (":/bin::", vec!["ls", "/bin/ls", "ls", "ls"]),
            ("", vec!["ls"]),
        ] {
            for failure in [ENOENT, ENOTDIR] {
                let (seen, said) = searched("ls", folders, |_| failure);
                assert_eq!((&seen[..], said), (&owned(&expected)[..], ENOENT));
            }
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn the_first_that_succeeds_is_the_last() {
        let answer = |file: &str| if file == "/b/ls" { 0 } else { EACCES };
        let (seen, said) = searched("ls", "/a:/b:/c", answer);
        assert_eq!((seen, said), (owned(&["/a/ls", "/b/ls"]), 0));
    }

    #[test]
    fn a_name_with_a_slash_is_not_looked_for() {
        for name in ["./ls", "/bin/ls", "a/ls", "ls/"] {
            for failure in [ENOENT, ENOTDIR, EACCES] {
                let (seen, said) = searched(name, "/sbin:/bin", |_| failure);
                assert_eq!((seen, said), (owned(&[name]), failure));
            }
        }
        assert_eq!(searched("", "/bin", |_| EACCES), (vec![], ENOENT));
    }

    #[test]
    fn a_file_one_may_not_execute_is_passed_by_and_remembered() {
        let answer = |file: &str| if file == "/b/ls" { EACCES } else { ENOENT };
        let (seen, said) = searched("ls", "/a:/b:/c", answer);
        assert_eq!((seen.len(), said), (3, EACCES), "as if it was not found");
    }

    #[test]
    fn any_other_failure_is_the_last() {
        for failure in [E2BIG, ELOOP, ENOMEM] {
            let (seen, said) = searched("ls", "/a:/b", |_| failure);
            assert_eq!((seen, said), (owned(&["/a/ls"]), failure));
        }
    }

    #[test]
    fn what_is_no_program_is_a_script() {
        for (shell_says, said) in [(0, 0), (E2BIG, E2BIG), (ENOENT, ENOEXEC)] {
            let answer = |word: &str| match word.starts_with("sh ") {
                true => shell_says,
                false => ENOEXEC,
            };
            for (name, folders) in [("run", "/a:/b"), ("/a/run", "")] {
                let expected = owned(&["/a/run", "sh /a/run"]);
                assert_eq!(searched(name, folders, answer), (expected, said));
            }
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_passed_by() {
        let long = "x".repeat(PATH_BYTES_MAX - "/run".len());
        let (seen, said) = searched("run", &format!("{long}:/b"), |_| ENOENT);
        assert_eq!(
            (seen[0].len(), seen.len(), said),
            (PATH_BYTES_MAX, 2, ENOENT)
        );
        let (seen, said) = searched("run", &format!("x{long}:/b"), |_| ENOENT);
        assert_eq!((seen, said), (owned(&["/b/run"]), ENOENT));
        let name = "x".repeat(PATH_BYTES_MAX + 1);
        assert_eq!(searched(&name, "/a", |_| ENOENT), (vec![], ENOENT));
    }
}
