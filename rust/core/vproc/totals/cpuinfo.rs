// SPDX-License-Identifier: GPL-2.0

//! Processors of all nodes.
//!
//! The text of each node, one behind another, with new numbers. A line behind the number
//! says which node the processor is of.

use super::{
    split,
    Out,
    Part, //
};

/// Gives `out` the processors of `parts`.
pub(super) fn merge(parts: &[Part<'_>], out: &mut Out<impl FnMut(&[u8])>) {
    let mut processor: u32 = 0;
    for part in parts {
        for line in part.text.split_inclusive(|&byte| byte == b'\n') {
            if is_number(line) {
                let node = part.node.get();
                out.print(format_args!("processor\t: {processor}\nnode\t\t: {node}\n"));
                processor = processor.saturating_add(1);
                continue;
            }
            out.bytes(line);
            if !line.ends_with(b"\n") {
                out.bytes(b"\n");
            }
        }
    }
}

/// Whether a processor begins with `line`.
fn is_number(line: &[u8]) -> bool {
    let (key, _) = split(line, |byte| byte == b':');
    key.trim_ascii() == b"processor"
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{
        tests::merged,
        File, //
    };

    pub(in super::super) const SAMPLE: &[u8] = b"\
processor\t: 0
vendor_id\t: User Mode Linux
model name\t: UML
flags\t\t: fpu sse2

processor\t: 2
vendor_id\t: User Mode Linux

";

    #[test]
    fn processors_are_numbered_and_told_their_node() {
        assert_eq!(
            merged(File::CpuInfo, &[SAMPLE, b"processor : 7\nfpu\t: yes"]),
            "\
processor\t: 0
node\t\t: 1
vendor_id\t: User Mode Linux
model name\t: UML
flags\t\t: fpu sse2

processor\t: 1
node\t\t: 1
vendor_id\t: User Mode Linux

processor\t: 2
node\t\t: 2
fpu\t: yes
"
        );
    }

    #[test]
    fn a_name_may_have_the_word() {
        let text = "model name\t: processor\nprocessor_type : 3\n";
        assert_eq!(merged(File::CpuInfo, &[text.as_bytes()]), text);
    }
}
