// SPDX-License-Identifier: GPL-2.0

//! Processor times of all nodes.
//!
//! Each line is a word and columns of numbers; columns are summed. The lines of single
//! processors are those of the nodes, one behind another, with new numbers. The boot of
//! the cluster (`btime`) is the earliest of a node.

use super::{
    number,
    split,
    word,
    Out,
    Part, //
};
use crate::ids::NODES_LEN;

/// How the columns of the nodes become one.
#[derive(Clone, Copy)]
enum Rule {
    Sum,
    Smallest,
}

/// The lines behind those of the processors.
const LINES: [(&[u8], Rule); 7] = [
    (b"intr", Rule::Sum),
    (b"ctxt", Rule::Sum),
    (b"btime", Rule::Smallest),
    (b"processes", Rule::Sum),
    (b"procs_running", Rule::Sum),
    (b"procs_blocked", Rule::Sum),
    (b"softirq", Rule::Sum),
];

/// Gives `out` the sum of `parts`.
pub(super) fn merge(parts: &[Part<'_>], out: &mut Out<impl FnMut(&[u8])>) {
    merge_line(b"cpu", b"cpu ", Rule::Sum, parts, out);
    let columns = parts
        .iter()
        .flat_map(Part::lines)
        .filter_map(columns_of_processor);
    for (processor, mut columns) in columns.enumerate() {
        out.print(format_args!("cpu{processor}"));
        while let Some(column) = number(word(&mut columns)) {
            out.print(format_args!(" {column}"));
        }
        out.bytes(b"\n");
    }
    for (name, rule) in LINES {
        merge_line(name, name, rule, parts, out);
    }
}

/// Makes the line that begins with `name` in the `parts`, and with `title` in the sum.
fn merge_line(
    name: &[u8],
    title: &[u8],
    rule: Rule,
    parts: &[Part<'_>],
    out: &mut Out<impl FnMut(&[u8])>,
) {
    let mut columns: [&[u8]; NODES_LEN] = [&[]; NODES_LEN];
    for (columns, part) in columns.iter_mut().zip(parts) {
        *columns = part
            .lines()
            .find_map(|line| columns_of(name, line))
            .unwrap_or_default();
    }
    let Some(first) = merge_column(&mut columns, rule) else {
        return;
    };
    out.bytes(title);
    out.print(format_args!(" {first}"));
    while let Some(column) = merge_column(&mut columns, rule) {
        out.print(format_args!(" {column}"));
    }
    out.bytes(b"\n");
}

/// Takes the next column off all lines, `None` when none has one any more.
fn merge_column(columns: &mut [&[u8]], rule: Rule) -> Option<u64> {
    let mut result = None;
    for rest in columns {
        let Some(value) = number(word(rest)) else {
            *rest = &[];
            continue;
        };
        result = Some(result.map_or(value, |other: u64| match rule {
            Rule::Sum => other.saturating_add(value),
            Rule::Smallest => other.min(value),
        }));
    }
    result
}

fn columns_of<'a>(name: &[u8], line: &'a [u8]) -> Option<&'a [u8]> {
    let mut rest = line;
    (word(&mut rest) == name).then_some(rest)
}

/// Those of a line "cpu0 ...".
fn columns_of_processor(line: &[u8]) -> Option<&[u8]> {
    let (name, columns) = split(line, |byte| byte == b' ');
    number(name.strip_prefix(b"cpu")?)?;
    Some(columns)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{
        tests::merged,
        File, //
    };

    pub(in super::super) const SAMPLE: &[u8] = b"\
cpu  12 0 101 18234 5 0 1 0 0 0
cpu0 10 0 100 9000 5 0 1 0 0 0
cpu2 2 0 1 9234 0 0 0 0 0 0
intr 5120 0 0 4012 1108 0
ctxt 8111
btime 1764234607
processes 140
procs_running 2
procs_blocked 0
softirq 991 1 400 0 590 0
";

    const OTHER: &[u8] = b"\
cpu  1 2 3 4 5 6 7 8 9 10
cpu0 1 2 3 4 5 6 7 8 9 10
intr 10 1 2 3 4 0 7
ctxt 9
btime 1764234600
processes 60
procs_running 1
procs_blocked 3
softirq 9 9
";

    #[test]
    fn columns_are_summed_and_processors_numbered() {
        assert_eq!(
            merged(File::Stat, &[SAMPLE, OTHER]),
            "\
cpu  13 2 104 18238 10 6 8 8 9 10
cpu0 10 0 100 9000 5 0 1 0 0 0
cpu1 2 0 1 9234 0 0 0 0 0 0
cpu2 1 2 3 4 5 6 7 8 9 10
intr 5130 1 2 4015 1112 0 7
ctxt 8120
btime 1764234600
processes 200
procs_running 3
procs_blocked 3
softirq 1000 10 400 0 590 0
"
        );
    }

    #[test]
    fn one_node_says_what_it_says_but_for_the_numbers() {
        let text = String::from_utf8_lossy(SAMPLE).replace("cpu2", "cpu1");
        assert_eq!(merged(File::Stat, &[SAMPLE]), text);
    }

    #[test]
    fn a_line_ends_where_it_is_none() {
        let wrong = b"cpu  1 2 x 4\ncpux 1\ncpu 7\nctxt -3\nprocesses\nbtime 18446744073709551616";
        let right = b"cpu  1 1 1 1\nctxt 5\nbtime 9\n";
        assert_eq!(
            merged(File::Stat, &[wrong, right]),
            "cpu  2 3 1 1\nctxt 5\nbtime 9\n"
        );
    }
}
