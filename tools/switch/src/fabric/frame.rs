// SPDX-License-Identifier: GPL-2.0

//! Ethernet frames, as far as needed.
//!
//! The switch reads the two addresses at the front of a frame and nothing
//! else. What has no usable addresses is [`Malformed`] and goes nowhere.

/// Longest frame that is passed on, in bytes.
pub const FRAME_BYTES_MAX: usize = 65_535;

/// Two addresses and a type: what makes a frame.
const HEADER_BYTES: usize = 14;

/// Length of an address.
const MAC_BYTES: usize = 6;

/// The address of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mac(pub(crate) [u8; MAC_BYTES]);

impl Mac {
    /// Whether it stands for a group of stations, or for all of them.
    pub(crate) fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Whether a station may send under it.
    fn is_station(self) -> bool {
        !self.is_group() && self.0 != [0; MAC_BYTES]
    }
}

/// The addresses of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Who is to receive it.
    pub(crate) destination: Mac,
    /// Who sent it.
    pub(crate) source: Mac,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Shorter than a header.
    Runt,
    /// Longer than `FRAME_BYTES_MAX`.
    Oversize,
    /// No station has its source address.
    Source,
}

impl Header {
    /// Reads the addresses of `frame`.
    pub(crate) fn parse(frame: &[u8]) -> Result<Self, Malformed> {
        if frame.len() > FRAME_BYTES_MAX {
            return Err(Malformed::Oversize);
        }
        let Some((header, _)) = frame.split_first_chunk::<HEADER_BYTES>() else {
            return Err(Malformed::Runt);
        };
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, _, _] = *header;
        let source = Mac([s0, s1, s2, s3, s4, s5]);
        if !source.is_station() {
            return Err(Malformed::Source);
        }
        let destination = Mac([d0, d1, d2, d3, d4, d5]);
        Ok(Self {
            destination,
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(source: [u8; 6], len: usize) -> Vec<u8> {
        let mut frame = vec![0; len.max(HEADER_BYTES)];
        frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
        frame[6..12].copy_from_slice(&source);
        frame.truncate(len);
        frame
    }

    #[test]
    fn lengths_are_checked() {
        let source = [2, 0, 0, 0, 0, 9];
        for (len, expected) in [
            (0, Err(Malformed::Runt)),
            (13, Err(Malformed::Runt)),
            (14, Ok(Mac(source))),
            (FRAME_BYTES_MAX, Ok(Mac(source))),
            (FRAME_BYTES_MAX + 1, Err(Malformed::Oversize)),
        ] {
            let parsed = Header::parse(&frame(source, len)).map(|header| header.source);
            assert_eq!(parsed, expected, "{len} bytes");
        }
    }

    #[test]
    fn nobody_sends_as_a_group_or_as_zero() {
        for source in [[0; 6], [1, 0, 0x5e, 0, 0, 1], [0xff; 6]] {
            let parsed = Header::parse(&frame(source, 60));
            assert_eq!(parsed, Err(Malformed::Source));
        }
    }
}
