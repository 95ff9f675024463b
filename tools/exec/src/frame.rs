// SPDX-License-Identifier: GPL-2.0

//! Frames of the exec protocol.
//!
//! A frame is one byte of kind, four of payload length (little-endian), and the
//! payload. [`ToNode`] travels from the host to the node's agent, [`ToHost`] the
//! other way; the two share no kind, so a confused peer is noticed at once.
//! Data is borrowed from the buffer it was read into. Nothing here trusts the
//! peer: every length and value is parsed to a [`FrameError`].

use crate::fields::Fields;
use crate::outcome::Outcome;
use crate::request::{
    Request,
    RequestError,
    Size, //
};

/// Bytes before each payload.
pub const HEADER_BYTES: usize = 5;

/// Data in one frame, at most.
pub const DATA_BYTES_MAX: usize = 64 * 1024;

/// An encoded request, at most: as much as Linux takes for `execve`.
pub const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Text of a failure, at most.
const TEXT_BYTES_MAX: usize = 4096;

mod kind {
    pub(super) const START: u8 = 1;
    pub(super) const STDIN: u8 = 2;
    pub(super) const STDIN_EOF: u8 = 3;
    pub(super) const RESIZE: u8 = 4;
    pub(super) const SIGNAL: u8 = 5;
    pub(super) const OUTPUT_CREDIT: u8 = 6;
    pub(super) const OUTPUT_CLOSED: u8 = 7;
    pub(super) const STDOUT: u8 = 64;
    pub(super) const STDERR: u8 = 65;
    pub(super) const OUTPUT_EOF: u8 = 66;
    pub(super) const STDIN_CREDIT: u8 = 67;
    pub(super) const STDIN_CLOSED: u8 = 68;
    pub(super) const EXITED: u8 = 69;
    pub(super) const KILLED: u8 = 70;
    pub(super) const FAILED: u8 = 71;
}

/// Which of a command's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Descriptor 1, or everything a terminal shows.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

/// A frame from the host to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToNode<'a> {
    /// Run this; the first frame of a connection and only that.
    Start(Request),
    /// Bytes of standard input, within the window.
    Stdin(&'a [u8]),
    /// Standard input has ended.
    StdinEof,
    /// The host's terminal has a new size.
    Resize(Size),
    /// Send this signal to the command.
    Signal(u8),
    /// The host took this many bytes of an output: as many more may come.
    Credit(Output, u32),
    /// Nobody reads this output any more.
    Closed(Output),
}

/// A frame from the node to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToHost<'a> {
    /// Bytes the command wrote, within the window.
    Output(Output, &'a [u8]),
    /// The command has closed this output.
    Eof(Output),
    /// The command took this many bytes of input: as many more may come.
    Credit(u32),
    /// The command reads no more input.
    StdinClosed,
    /// The command's end; the last frame of a connection.
    Ended(Outcome),
}

/// What is wrong with a peer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No frame of this direction has this number.
    #[error("unknown frame {0}; are the launcher and the node from the same build?")]
    Kind(u8),
    /// The payload is longer than its kind allows.
    #[error("a frame of kind {0} with {1} bytes is too long")]
    Length(u8, u32),
    /// The payload does not hold what its kind says.
    #[error("a malformed frame arrived")]
    Malformed,
    /// The peer speaks another version.
    #[error("version {0} of the exec protocol; rebuild so that launcher and node match")]
    Version(u16),
    /// The request cannot be run as it stands.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// More bytes came than the window allowed.
    #[error("the peer sent more than its window allows")]
    Window,
}

/// A frame that can be found at the head of a buffer.
pub trait Decode<'a>: Sized {
    /// The longest payload of a `kind`, or `None` if there is no such kind.
    fn length_max(kind: u8) -> Option<usize>;

    /// Reads a payload that is within [`length_max`](Self::length_max).
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn decode(kind: u8, payload: &'a [u8]) -> Result<Self, FrameError>;
}

/// The size of the frame at the head of `bytes`, its header included, or `None`
/// if the header is not complete.
///
/// # Errors
///
/// An unknown kind or a length over its limit, before the payload is there.
pub fn frame_bytes<'a, F: Decode<'a>>(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(&[kind, a, b, c, d]) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    let max = F::length_max(kind).ok_or(FrameError::Kind(kind))?;
    match usize::try_from(length) {
        Ok(payload) if payload <= max => Ok(Some(HEADER_BYTES + payload)),
        _ => Err(FrameError::Length(kind, length)),
    }
}

/// The frame at the head of `bytes` and its size, or `None` if it is not yet
/// complete.
///
/// # Errors
///
/// What is wrong with the peer's bytes.
pub fn decode<'a, F: Decode<'a>>(bytes: &'a [u8]) -> Result<Option<(F, usize)>, FrameError> {
    match frame_bytes::<F>(bytes)? {
        Some(size) if size <= bytes.len() => {
            let frame = F::decode(bytes[0], &bytes[HEADER_BYTES..size])?;
            Ok(Some((frame, size)))
        }
        _ => Ok(None),
    }
}

impl ToNode<'_> {
    /// Appends the frame to `out`.
    ///
    /// # Errors
    ///
    /// [`RequestError::TooLong`] for a request over [`REQUEST_BYTES_MAX`]; `out`
    /// is then as before. Data longer than [`DATA_BYTES_MAX`] is the caller's
    /// mistake, and the peer will refuse it.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), RequestError> {
        let start = out.len();
        match self {
            ToNode::Start(request) => put(out, kind::START, |out| request.encode(out)),
            ToNode::Stdin(data) => put(out, kind::STDIN, |out| out.extend_from_slice(data)),
            ToNode::StdinEof => put(out, kind::STDIN_EOF, |_| ()),
            ToNode::Resize(size) => put(out, kind::RESIZE, |out| size.encode(out)),
            ToNode::Signal(signal) => put(out, kind::SIGNAL, |out| out.push(*signal)),
            ToNode::Credit(output, bytes) => put(out, kind::OUTPUT_CREDIT, |out| {
                out.push(output.code());
                out.extend_from_slice(&bytes.to_le_bytes());
            }),
            ToNode::Closed(output) => put(out, kind::OUTPUT_CLOSED, |out| out.push(output.code())),
        }
        if out.len() - start > HEADER_BYTES + REQUEST_BYTES_MAX {
            out.truncate(start);
            return Err(RequestError::TooLong);
        }
        Ok(())
    }
}

impl ToHost<'_> {
    /// Appends the frame to `out`. Data longer than [`DATA_BYTES_MAX`] is the
    /// caller's mistake, and the peer will refuse it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            ToHost::Output(output, data) => put(out, output.data_kind(), |out| {
                out.extend_from_slice(data);
            }),
            ToHost::Eof(output) => put(out, kind::OUTPUT_EOF, |out| out.push(output.code())),
            ToHost::Credit(bytes) => put(out, kind::STDIN_CREDIT, |out| {
                out.extend_from_slice(&bytes.to_le_bytes());
            }),
            ToHost::StdinClosed => put(out, kind::STDIN_CLOSED, |_| ()),
            ToHost::Ended(Outcome::Exited(code)) => put(out, kind::EXITED, |out| out.push(*code)),
            ToHost::Ended(Outcome::Killed(signal)) => {
                put(out, kind::KILLED, |out| out.push(*signal));
            }
            ToHost::Ended(Outcome::Failed { errno, text }) => put(out, kind::FAILED, |out| {
                out.extend_from_slice(&errno.to_le_bytes());
                let text = text.as_bytes();
                out.extend_from_slice(&text[..text.len().min(TEXT_BYTES_MAX)]);
            }),
        }
    }
}

/// Appends an [`ToHost::Output`] frame of at most `bytes_max` bytes that `fill`
/// writes in place; returns their number. Without any, `out` is as before.
///
/// # Errors
///
/// What `fill` says; `out` is then as before.
pub fn encode_output<E>(
    out: &mut Vec<u8>,
    output: Output,
    bytes_max: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
) -> Result<usize, E> {
    let start = out.len();
    let data = start + HEADER_BYTES;
    out.resize(data + bytes_max.min(DATA_BYTES_MAX), 0);
    let filled = fill(&mut out[data..]);
    let Ok(length @ 1..) = filled else {
        out.truncate(start);
        return filled;
    };
    out.truncate(data + length);
    set_header(out, start, output.data_kind());
    filled
}

impl<'a> Decode<'a> for ToNode<'a> {
    fn length_max(kind: u8) -> Option<usize> {
        match kind {
            kind::START => Some(REQUEST_BYTES_MAX),
            kind::STDIN => Some(DATA_BYTES_MAX),
            kind::STDIN_EOF => Some(0),
            kind::RESIZE => Some(4),
            kind::SIGNAL | kind::OUTPUT_CLOSED => Some(1),
            kind::OUTPUT_CREDIT => Some(5),
            _ => None,
        }
    }

    fn decode(kind: u8, payload: &'a [u8]) -> Result<Self, FrameError> {
        let mut fields = Fields::new(payload);
        let frame = match kind {
            kind::START => ToNode::Start(Request::decode(&mut fields)?),
            kind::STDIN => ToNode::Stdin(fields.rest()),
            kind::STDIN_EOF => ToNode::StdinEof,
            kind::RESIZE => ToNode::Resize(Size::decode(&mut fields)?),
            kind::SIGNAL => ToNode::Signal(fields.signal()?),
            kind::OUTPUT_CREDIT => ToNode::Credit(fields.output()?, fields.u32()?),
            kind::OUTPUT_CLOSED => ToNode::Closed(fields.output()?),
            _ => return Err(FrameError::Kind(kind)),
        };
        fields.end(frame)
    }
}

impl<'a> Decode<'a> for ToHost<'a> {
    fn length_max(kind: u8) -> Option<usize> {
        match kind {
            kind::STDOUT | kind::STDERR => Some(DATA_BYTES_MAX),
            kind::STDIN_CLOSED => Some(0),
            kind::OUTPUT_EOF | kind::EXITED | kind::KILLED => Some(1),
            kind::STDIN_CREDIT => Some(4),
            kind::FAILED => Some(4 + TEXT_BYTES_MAX),
            _ => None,
        }
    }

    fn decode(kind: u8, payload: &'a [u8]) -> Result<Self, FrameError> {
        let mut fields = Fields::new(payload);
        let frame = match kind {
            kind::STDOUT => ToHost::Output(Output::Stdout, fields.rest()),
            kind::STDERR => ToHost::Output(Output::Stderr, fields.rest()),
            kind::OUTPUT_EOF => ToHost::Eof(fields.output()?),
            kind::STDIN_CREDIT => ToHost::Credit(fields.u32()?),
            kind::STDIN_CLOSED => ToHost::StdinClosed,
            kind::EXITED => ToHost::Ended(Outcome::Exited(fields.u8()?)),
            kind::KILLED => ToHost::Ended(Outcome::Killed(fields.signal()?)),
            kind::FAILED => ToHost::Ended(Outcome::Failed {
                errno: fields.i32()?,
                text: String::from_utf8_lossy(fields.rest()).into_owned(),
            }),
            _ => return Err(FrameError::Kind(kind)),
        };
        fields.end(frame)
    }
}

impl Output {
    fn code(self) -> u8 {
        match self {
            Output::Stdout => 1,
            Output::Stderr => 2,
        }
    }

    fn data_kind(self) -> u8 {
        match self {
            Output::Stdout => kind::STDOUT,
            Output::Stderr => kind::STDERR,
        }
    }
}

/// Writes a header, the payload that `fill` appends, and its length.
fn put(out: &mut Vec<u8>, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    fill(out);
    set_header(out, start, kind);
}

/// Writes the header of the frame that is the end of `out` from `start`.
fn set_header(out: &mut [u8], start: usize, kind: u8) {
    // A length that does not fit is over every limit: encoding or the peer
    // refuses it.
    let length = u32::try_from(out.len() - start - HEADER_BYTES).unwrap_or(u32::MAX);
    let [a, b, c, d] = length.to_le_bytes();
    out[start..start + HEADER_BYTES].copy_from_slice(&[kind, a, b, c, d]);
}
