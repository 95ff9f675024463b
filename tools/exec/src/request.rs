// SPDX-License-Identifier: GPL-2.0

//! What to run on a node.
//!
//! Everything is bytes: names and arguments of Linux have no encoding. Decoding
//! trusts nothing, for a request is the first thing that arrives.

use crate::fields::{
    put_count,
    put_option,
    put_string,
    put_u16,
    Fields, //
};
use crate::frame::FrameError;
use rustix::termios::{
    isatty,
    tcgetwinsize,
    Winsize, //
};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;

/// Version of the protocol; a node of another build says so instead of guessing.
const VERSION: u16 = 1;

/// Terminal size assumed when no descriptor is a terminal.
const SIZE_UNKNOWN: Size = Size { rows: 24, cols: 80 };

/// A command line and what it starts with. It runs as root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The program, by path or by name in `PATH`, then its arguments.
    pub argv: Vec<Vec<u8>>,
    /// Names and values added to the node's own environment.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
    /// Directory to start in; `/root` if none is given.
    pub cwd: Option<Vec<u8>>,
    /// Run under a terminal of its own instead of three pipes.
    pub tty: Option<Tty>,
}

/// The terminal a command gets on the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tty {
    /// Its first size.
    pub size: Size,
    /// Value of `TERM`.
    pub term: Vec<u8>,
}

/// Size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

/// Why a request cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no program.
    #[error("no command was given")]
    NoCommand,
    /// A string holds a NUL byte, which no system call can pass on.
    #[error("an argument or variable contains a NUL byte")]
    Nul,
    /// A variable's name is empty or holds `=`.
    #[error("the name of an environment variable is empty or contains '='")]
    Variable,
    /// Arguments and environment together exceed
    /// [`REQUEST_BYTES_MAX`](crate::frame::REQUEST_BYTES_MAX).
    #[error("the arguments are longer than 2 MiB; pass them through standard input")]
    TooLong,
}

impl Request {
    /// A request for `argv`, with three pipes and nothing else of its own.
    pub fn new(argv: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Request {
        Request {
            argv: argv.into_iter().map(Into::into).collect(),
            ..Request::default()
        }
    }

    /// Tells whether a node can run this.
    ///
    /// # Errors
    ///
    /// What is wrong with it. The total length is checked when it is sent.
    pub fn check(&self) -> Result<(), RequestError> {
        if self.argv.first().is_none_or(|program| program.is_empty()) {
            return Err(RequestError::NoCommand);
        }
        if self.strings().any(|string| string.contains(&0)) {
            return Err(RequestError::Nul);
        }
        if self.env.iter().any(|(name, _)| is_bad_name(name)) {
            return Err(RequestError::Variable);
        }
        Ok(())
    }

    fn strings(&self) -> impl Iterator<Item = &Vec<u8>> {
        let env = self.env.iter().flat_map(|(name, value)| [name, value]);
        let tty = self.tty.iter().map(|tty| &tty.term);
        self.argv.iter().chain(env).chain(&self.cwd).chain(tty)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_u16(out, VERSION);
        put_count(out, self.argv.len());
        for arg in &self.argv {
            put_string(out, arg);
        }
        put_count(out, self.env.len());
        for (name, value) in &self.env {
            put_string(out, name);
            put_string(out, value);
        }
        put_option(out, &self.cwd, |out, cwd| put_string(out, cwd));
        put_option(out, &self.tty, |out, tty| {
            tty.size.encode(out);
            put_string(out, &tty.term);
        });
    }

    pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<Request, FrameError> {
        let version = fields.u16()?;
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        let argv = fields.list(Fields::string)?;
        let env = fields.list(|fields| Ok((fields.string()?, fields.string()?)))?;
        let cwd = fields.option(Fields::string)?;
        let tty = fields.option(|fields| {
            let size = Size::decode(fields)?;
            let term = fields.string()?;
            Ok(Tty { size, term })
        })?;
        let request = Request {
            argv,
            env,
            cwd,
            tty,
        };
        request.check()?;
        Ok(request)
    }
}

impl Tty {
    /// The terminal this process would want: the size of the first of its
    /// standard descriptors that is a terminal (24 by 80 if none is), and its
    /// own `TERM`.
    pub fn like_ours() -> Tty {
        let term = std::env::var_os("TERM").unwrap_or_else(|| "dumb".into());
        Tty {
            size: Size::of_ours().unwrap_or(SIZE_UNKNOWN),
            term: term.into_vec(),
        }
    }
}

impl Size {
    /// The size of the first standard descriptor that is a terminal.
    pub fn of_ours() -> Option<Size> {
        [
            rustix::stdio::stdin(),
            rustix::stdio::stdout(),
            rustix::stdio::stderr(),
        ]
        .into_iter()
        .find_map(Size::of)
    }

    pub(crate) fn of(fd: BorrowedFd<'_>) -> Option<Size> {
        if !isatty(fd) {
            return None;
        }
        let size = tcgetwinsize(fd).ok()?;
        // A terminal that was never told its size says 0.
        (size.ws_row > 0 && size.ws_col > 0).then_some(Size {
            rows: size.ws_row,
            cols: size.ws_col,
        })
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_u16(out, self.rows);
        put_u16(out, self.cols);
    }

    pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<Size, FrameError> {
        Ok(Size {
            rows: fields.u16()?,
            cols: fields.u16()?,
        })
    }
}

impl From<Size> for Winsize {
    fn from(size: Size) -> Winsize {
        Winsize {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        }
    }
}

fn is_bad_name(name: &[u8]) -> bool {
    name.is_empty() || name.contains(&b'=')
}
