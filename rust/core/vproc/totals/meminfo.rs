// SPDX-License-Identifier: GPL-2.0

//! Memory of all nodes.
//!
//! `MemTotal:         501234 kB`: a name, a number, a unit or none. Lines that all nodes
//! have are summed, those only some have are left out.

use super::{
    number,
    split,
    word,
    Out,
    Part, //
};

/// Most lines of a text that are looked at; twice as many as there are.
const LINES_MAX: usize = 128;

/// Widest number with the spaces before it, in bytes.
const WIDTH_MAX: usize = 32;

/// What every node says; a text without it is none.
const TOTAL: &[u8] = b"MemTotal";

/// Is a size of something, and no amount.
const PAGE: &[u8] = b"Hugepagesize";

struct Line<'a> {
    name: &'a [u8],
    /// Bytes between the colon and the end of the number.
    width: usize,
    value: u64,
    unit: &'a [u8],
}

/// Gives `out` the sum of `parts`.
pub(super) fn merge(parts: &[Part<'_>], out: &mut Out<impl FnMut(&[u8])>) {
    let sound = || parts.iter().filter(|part| find(part, TOTAL).is_some());
    let Some(first) = sound().next() else {
        return;
    };
    for line in lines(first) {
        let value = if line.name == PAGE {
            Some(line.value)
        } else {
            sound().try_fold(0_u64, |sum, part| {
                Some(sum.saturating_add(find(part, line.name)?))
            })
        };
        let Some(value) = value else {
            continue;
        };
        out.bytes(line.name);
        let width = line.width.saturating_sub(1);
        out.print(format_args!(": {value:>width$}"));
        if !line.unit.is_empty() {
            out.bytes(b" ");
            out.bytes(line.unit);
        }
        out.bytes(b"\n");
    }
}

fn find(part: &Part<'_>, name: &[u8]) -> Option<u64> {
    lines(part)
        .find(|line| line.name == name)
        .map(|line| line.value)
}

fn lines<'a>(part: &Part<'a>) -> impl Iterator<Item = Line<'a>> {
    part.lines().take(LINES_MAX).filter_map(Line::read)
}

impl<'a> Line<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let (name, rest) = split(line, |byte| byte == b':');
        let (_, figure) = rest.split_first()?;
        let mut rest = figure;
        let value = number(word(&mut rest))?;
        Some(Self {
            name,
            width: figure.len().saturating_sub(rest.len()).min(WIDTH_MAX),
            value,
            unit: word(&mut rest),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{
        tests::merged,
        File, //
    };

    pub(in super::super) const SAMPLE: &[u8] = b"\
MemTotal:         501234 kB
MemFree:           99999 kB
Active(anon):          8 kB
VmallocTotal:   34359738367 kB
HugePages_Total:       3
Hugepagesize:       2048 kB
Hugetlb:               0 kB
";

    #[test]
    fn lines_all_have_are_summed() {
        let other = b"\
MemFree:               1 kB
MemTotal:         498766 kB
Hugepagesize:       2048 kB
HugePages_Total:       4
VmallocTotal:   34359738367 kB
Extra:                 1 kB
Active(anon):       1024 kB
";
        assert_eq!(
            merged(File::MemInfo, &[SAMPLE, other]),
            "\
MemTotal:        1000000 kB
MemFree:          100000 kB
Active(anon):       1032 kB
VmallocTotal:   68719476734 kB
HugePages_Total:       7
Hugepagesize:       2048 kB
"
        );
    }

    #[test]
    fn a_number_may_need_more_room() {
        assert_eq!(
            merged(File::MemInfo, &[b"MemTotal: 9 kB\n", b"MemTotal:1 kB"]),
            "MemTotal: 10 kB\n"
        );
        let most = b"MemTotal: 18446744073709551615 kB\n";
        assert_eq!(
            merged(File::MemInfo, &[most, most]).as_bytes(),
            most.as_slice()
        );
    }

    #[test]
    fn a_node_that_says_nonsense_is_left_out() {
        let text = String::from_utf8_lossy(SAMPLE);
        for wrong in [&b""[..], b"MemFree: 3 kB\n", b"MemTotal: x kB\n"] {
            assert_eq!(merged(File::MemInfo, &[SAMPLE, wrong]), text);
            assert_eq!(merged(File::MemInfo, &[wrong, SAMPLE]), text);
        }
    }

    #[test]
    fn a_width_has_a_largest() {
        let mut wide = b"MemTotal:".to_vec();
        wide.resize(65_000, b' ');
        wide.extend_from_slice(b"7 kB\n");
        assert_eq!(
            merged(File::MemInfo, &[&wide]),
            format!("MemTotal:{:>32} kB\n", 7)
        );
    }
}
