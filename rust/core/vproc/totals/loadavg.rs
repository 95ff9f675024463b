// SPDX-License-Identifier: GPL-2.0

//! Load of all nodes.
//!
//! `0.20 0.18 0.12 1/80 131100`: averages over 1, 5 and 15 minutes, tasks that run and
//! tasks there are, the number given last. The averages are summed: they count tasks.
//! The number is that of the reader's node.

use super::{
    number,
    split,
    word,
    NodeId,
    Out,
    Part, //
};

#[derive(Default)]
struct Load {
    /// In hundredths.
    averages: [u64; 3],
    running: u64,
    tasks: u64,
    last: u64,
}

/// Gives `out` the sum of `parts`, as node `me` says it.
pub(super) fn merge(me: NodeId, parts: &[Part<'_>], out: &mut Out<impl FnMut(&[u8])>) {
    let mut sum = Load::default();
    for part in parts {
        let Some(load) = Load::read(part.text) else {
            continue;
        };
        for (sum, average) in sum.averages.iter_mut().zip(load.averages) {
            *sum = sum.saturating_add(average);
        }
        sum.running = sum.running.saturating_add(load.running);
        sum.tasks = sum.tasks.saturating_add(load.tasks);
        if part.node == me {
            sum.last = load.last;
        }
    }
    for average in sum.averages {
        out.print(format_args!("{}.{:02} ", average / 100, average % 100));
    }
    out.print(format_args!("{}/{} {}\n", sum.running, sum.tasks, sum.last));
}

impl Load {
    fn read(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let mut averages = [0; 3];
        for average in &mut averages {
            let (whole, hundredths) = pair(word(&mut rest), b'.')?;
            *average = whole.saturating_mul(100).saturating_add(hundredths);
        }
        let (running, tasks) = pair(word(&mut rest), b'/')?;
        Some(Self {
            averages,
            running,
            tasks,
            last: number(word(&mut rest))?,
        })
    }
}

/// The numbers before and behind `separator`.
fn pair(word: &[u8], separator: u8) -> Option<(u64, u64)> {
    let (one, rest) = split(word, |byte| byte == separator);
    let (_, other) = rest.split_first()?;
    Some((number(one)?, number(other)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{
        tests::merged,
        File, //
    };

    pub(in super::super) const SAMPLE: &[u8] = b"0.20 0.18 1.92 2/80 65612\n";

    #[test]
    fn loads_are_summed() {
        let other = b"1.85 0.07 10.09 1/41 131077\n";
        assert_eq!(
            merged(File::LoadAvg, &[SAMPLE, other]),
            "2.05 0.25 12.01 3/121 131077\n"
        );
    }

    #[test]
    fn a_node_that_says_nonsense_is_left_out() {
        for wrong in [
            "",
            "1 2 3 4/5 6",
            "1.00 1.00 1.00 4 6",
            "-1.00 1.00 1.00 4/5 6",
        ] {
            assert_eq!(
                merged(File::LoadAvg, &[SAMPLE, wrong.as_bytes()]),
                "0.20 0.18 1.92 2/80 0\n"
            );
        }
    }

    #[test]
    fn a_sum_has_a_largest() {
        let most = b"18446744073709551615.99 0.00 0.00 18446744073709551615/1 1\n";
        assert_eq!(
            merged(File::LoadAvg, &[most, most]),
            "184467440737095516.15 0.00 0.00 18446744073709551615/2 1\n"
        );
    }
}
