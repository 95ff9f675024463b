// SPDX-License-Identifier: GPL-2.0

//! Sums of all nodes.
//!
//! What `/proc/loadavg` and its like say on each node, made to one text of the same
//! format, so that a program can be pointed at it. The texts come from peers and may be
//! anything: what is no figure is left out.
//!
//! | file | its text |
//! | --- | --- |
//! | [`loadavg`] | how much the processors have to do |
//! | [`stat`] | what the processors have done |
//! | [`meminfo`] | what the memory is used for |
//! | [`cpuinfo`] | which processors there are |

use core::fmt::{
    self,
    Display,
    Write, //
};

use crate::{
    ids::NodeId,
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

mod cpuinfo;
mod loadavg;
mod meminfo;
mod stat;

/// Longest text of a node, in bytes; what is behind it is left out.
pub const TEXT_BYTES_MAX: usize = 65_536;

/// A file of `/proc` that is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `/proc/loadavg`
    LoadAvg,
    /// `/proc/stat`
    Stat,
    /// `/proc/meminfo`
    MemInfo,
    /// `/proc/cpuinfo`
    CpuInfo,
}

impl File {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LoadAvg, Self::Stat, Self::MemInfo, Self::CpuInfo];

    const fn code(self) -> u8 {
        match self {
            Self::LoadAvg => 1,
            Self::Stat => 2,
            Self::MemInfo => 3,
            Self::CpuInfo => 4,
        }
    }

    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u8(self.code());
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for one that is not summed.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let code = message.u8()?;
        message.end()?;
        Self::ALL
            .into_iter()
            .find(|file| file.code() == code)
            .ok_or(Malformed)
    }

    /// Its name in `/proc`.
    pub const fn name(self) -> &'static core::ffi::CStr {
        match self {
            Self::LoadAvg => c"loadavg",
            Self::Stat => c"stat",
            Self::MemInfo => c"meminfo",
            Self::CpuInfo => c"cpuinfo",
        }
    }

    /// Gives `put` the sum of `parts`, as node `me` says it, in pieces.
    pub fn merge(self, me: NodeId, parts: &[Part<'_>], put: impl FnMut(&[u8])) {
        let mut out = Out(put);
        match self {
            Self::LoadAvg => loadavg::merge(me, parts, &mut out),
            Self::Stat => stat::merge(parts, &mut out),
            Self::MemInfo => meminfo::merge(parts, &mut out),
            Self::CpuInfo => cpuinfo::merge(parts, &mut out),
        }
    }
}

/// What a node says.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Which one.
    pub node: NodeId,
    /// The text of its file.
    pub text: &'a [u8],
}

impl<'a> Part<'a> {
    /// Its lines, without their ends.
    fn lines(&self) -> impl Iterator<Item = &'a [u8]> {
        self.text.split(|&byte| byte == b'\n')
    }
}

/// The lines of `text` that are whole: it may have been cut.
pub fn whole_lines(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte == b'\n');
    end.and_then(|end| text.get(..=end)).unwrap_or_default()
}

/// Where the sum goes.
struct Out<F>(F);

impl<F: FnMut(&[u8])> Out<F> {
    fn bytes(&mut self, bytes: &[u8]) {
        (self.0)(bytes);
    }

    fn print(&mut self, value: impl Display) {
        // Nothing here fails.
        let _ = write!(self, "{value}");
    }
}

impl<F: FnMut(&[u8])> Write for Out<F> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

/// Takes the next word off `line`, empty at its end.
fn word<'a>(line: &mut &'a [u8]) -> &'a [u8] {
    let (word, rest) = split(line.trim_ascii_start(), |byte| byte.is_ascii_whitespace());
    *line = rest;
    word
}

/// What is before the first byte that `ends`, and the rest from it on.
fn split(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let length = text.iter().position(|&byte| ends(byte));
    text.split_at_checked(length.unwrap_or(text.len()))
        .unwrap_or_default()
}

/// The number `word` is.
fn number(word: &[u8]) -> Option<u64> {
    if !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of `texts`, those of node 1 and up, as node 2 says it.
    pub(super) fn merged(file: File, texts: &[&[u8]]) -> String {
        let parts: Vec<_> = (1..)
            .filter_map(NodeId::new)
            .zip(texts)
            .map(|(node, text)| Part { node, text })
            .collect();
        let mut out = Vec::new();
        file.merge(NodeId::new(2).unwrap(), &parts, |piece| {
            out.extend_from_slice(piece)
        });
        String::from_utf8_lossy(&out).into_owned()
    }

    const SAMPLES: [&[u8]; 4] = [
        loadavg::tests::SAMPLE,
        stat::tests::SAMPLE,
        meminfo::tests::SAMPLE,
        cpuinfo::tests::SAMPLE,
    ];

    #[test]
    fn a_file_arrives_as_it_was() {
        for file in File::ALL {
            let mut room = [0; 2];
            let mut out = Writer::new(&mut room);
            file.encode(&mut out);
            let length = out.finish().unwrap();
            assert_eq!(File::decode(Reader::new(&room[..length])), Ok(file));
            assert_eq!(File::decode(Reader::new(&room)), Err(Malformed));
        }
        for wrong in [&[][..], &[0], &[5]] {
            assert_eq!(File::decode(Reader::new(wrong)), Err(Malformed));
        }
    }

    #[test]
    fn nobody_says_nothing() {
        assert_eq!(merged(File::Stat, &[]), "");
        assert_eq!(merged(File::MemInfo, &[]), "");
        assert_eq!(merged(File::CpuInfo, &[]), "");
    }

    #[test]
    fn one_node_says_what_it_says() {
        let sample = SAMPLES[File::MemInfo as usize];
        assert_eq!(merged(File::MemInfo, &[sample]).as_bytes(), sample);
    }

    /// Bytes that never repeat soon.
    fn noise(mut seed: u32, length: usize) -> Vec<u8> {
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn garbage_ends() {
        let digits = [b'9'; 1000];
        let lines = [b'\n'; TEXT_BYTES_MAX];
        for file in File::ALL {
            let sample = SAMPLES[file as usize];
            for garbage in [&b""[..], b"\0", b":", b" : \n: kB\n", &digits, &lines] {
                merged(file, &[garbage, sample]);
                merged(file, &[sample, garbage, garbage]);
            }
            for seed in 0..200 {
                let mut changed = sample.to_vec();
                for pair in noise(seed, 40).chunks_exact(2) {
                    let place = usize::from(pair[0]) * 7 % changed.len();
                    changed[place] = pair[1];
                }
                merged(file, &[sample, &changed, &noise(seed, 300)]);
            }
            for length in 0..sample.len() {
                merged(file, &[sample, &sample[..length]]);
            }
        }
    }

    #[test]
    fn a_text_that_was_cut_has_whole_lines() {
        assert_eq!(whole_lines(b"a\nb\nc"), b"a\nb\n");
        assert_eq!(whole_lines(b"a\n"), b"a\n");
        assert_eq!(whole_lines(b"a"), b"");
    }

    #[test]
    fn numbers_are_digits() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b""[..], b"+1", b"-1", b"1a", b"18446744073709551616"] {
            assert_eq!(number(wrong), None);
        }
    }
}
