// SPDX-License-Identifier: GPL-2.0

//! Program that is executed here.
//!
//! By the task that asked for it, if this is the node it asked for, or by its copy.

use kernel::{
    prelude::*,
    str::CStr, //
};
use ssi_core::migrate::{
    image::Image,
    search::{
        self,
        Attempt,
        ROOM_BYTES,
        SHELL, //
    },
    strings::Strings, //
};
use ssi_kapi::{
    bytes,
    task_state, //
};

/// A program, and what it gets.
#[derive(Clone, Copy)]
pub(crate) struct Program<'a> {
    /// Without a zero byte.
    pub(crate) path: &'a [u8],
    /// The folders it is looked for in, if there is a string.
    pub(crate) folders: Strings<'a>,
    pub(crate) arguments: Strings<'a>,
    pub(crate) environment: Strings<'a>,
}

impl<'a> Program<'a> {
    pub(crate) fn of(image: &Image<'a>) -> Self {
        Self {
            path: image.path,
            folders: image.folders,
            arguments: image.arguments,
            environment: image.environment,
        }
    }

    /// Has the running task execute it, once it returns to user mode. May sleep.
    ///
    /// # Errors
    ///
    /// Those of execve(2); of execvp(3) if it is looked for.
    pub(crate) fn execute(&self) -> Result {
        match self.folders.iter().next() {
            Some(folders) => self.search(folders),
            None => {
                let mut path = KVVec::new();
                bytes::extend(&mut path, self.path)?;
                bytes::extend(&mut path, &[0])?;
                self.attempt(&path, self.arguments.as_bytes())
            }
        }
    }

    fn search(&self, folders: &[u8]) -> Result {
        let mut room = bytes::zeros(ROOM_BYTES)?;
        let folders = folders.strip_suffix(&[0]).unwrap_or(folders);
        let came = search::search(self.path, folders, &mut room, |attempt| {
            let outcome = match attempt {
                Attempt::Program(path) => self.attempt(path, self.arguments.as_bytes()),
                Attempt::Script(path) => self.attempt_script(path),
            };
            outcome.map_or_else(Error::to_errno, |()| 0)
        });
        match came {
            0 => Ok(()),
            number => Err(Error::from_errno(number)),
        }
    }

    fn attempt_script(&self, script: &[u8]) -> Result {
        let mut arguments = KVVec::new();
        bytes::extend(&mut arguments, SHELL)?;
        bytes::extend(&mut arguments, script)?;
        for word in self.arguments.iter().skip(1) {
            bytes::extend(&mut arguments, word)?;
        }
        self.attempt(SHELL, &arguments)
    }

    /// `path` ends in a zero byte.
    fn attempt(&self, path: &[u8], arguments: &[u8]) -> Result {
        let path = CStr::from_bytes_with_nul(path).map_err(|_| EINVAL)?;
        task_state::execute(path, arguments, self.environment.as_bytes())
    }
}
