// SPDX-License-Identifier: GPL-2.0

//! First line of a stream.
//!
//! Before a stream becomes a TCP connection, or instead, it carries one line
//! that says which: `ok`, or the reason why there is no connection. The client
//! takes that line off with [`read_verdict`]; everything after it is the node's.

use std::io::{
    self,
    Read, //
};

/// The longest verdict line, its newline included.
pub(crate) const VERDICT_BYTES_MAX: usize = 256;

/// The line that opens a connection.
pub(crate) const GRANTED: &[u8] = b"ok\n";

/// Why a stream did not become a connection.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    /// The wire's own reason: one line that names the node.
    #[error("{0}")]
    Refused(String),
    /// The stream ended, or was not one of the wire's.
    #[error("the launcher closed the connection without a word; is the cluster being stopped?")]
    Silent,
    /// The stream could not be read.
    #[error("cannot read from the launcher: {0}")]
    Io(#[from] io::Error),
}

/// Waits for the verdict on a stream given to [`Wire::connect`](crate::Wire::connect).
///
/// Blocks until the node has answered or the connection's timeout has passed.
/// Takes exactly the verdict's bytes from `stream`, so that the next read is the
/// node's first byte.
///
/// # Errors
///
/// [`VerdictError::Refused`] carries the one-line reason.
pub fn read_verdict(stream: &mut impl Read) -> Result<(), VerdictError> {
    let line = read_line(stream)?;
    if line == GRANTED {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&line);
    Err(VerdictError::Refused(reason.trim_end().to_owned()))
}

/// Reads byte by byte: whatever follows the newline is not ours.
fn read_line(stream: &mut impl Read) -> Result<Vec<u8>, VerdictError> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < VERDICT_BYTES_MAX {
        match stream.read(&mut byte) {
            Ok(0) => return Err(VerdictError::Silent),
            Ok(_) => line.push(byte[0]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e.into()),
        }
        if byte[0] == b'\n' {
            return Ok(line);
        }
    }
    Err(VerdictError::Silent)
}

/// The line that refuses a connection because of `reason`.
pub(crate) fn refusal(reason: &str) -> Vec<u8> {
    let mut line: Vec<u8> = reason
        .bytes()
        .filter(|&b| b != b'\n')
        .take(VERDICT_BYTES_MAX - 1)
        .collect();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_the_nodes_first_bytes_alone() {
        let mut stream = io::Cursor::new(b"ok\n\x00node".to_vec());
        read_verdict(&mut stream).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"\x00node");
    }

    #[test]
    fn hands_the_reason_over() {
        let mut stream = io::Cursor::new(refusal("node 3 is\nnot running"));
        let error = read_verdict(&mut stream).unwrap_err();
        assert_eq!(error.to_string(), "node 3 isnot running");
    }

    #[test]
    fn gives_up_on_an_endless_line() {
        let mut stream = io::repeat(b'x');
        assert!(matches!(
            read_verdict(&mut stream),
            Err(VerdictError::Silent)
        ));
    }
}
