// SPDX-License-Identifier: GPL-2.0

//! The files of `/proc/cluster`.
//!
//! One line each, OpenSSI's names: `self` the number of this node, `name` that
//! of its cluster, `version` that of SSI and of the kernel it runs in.

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print, //
};
use ssi_core::identity::Member;
use ssi_kapi::{
    print::Plain,
    procfs::{
        Dir,
        Show, //
    },
    release, //
};

/// Creates `/proc/cluster` and its files. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result<Dir> {
    let folder = Dir::new(c"cluster")?;
    folder.add::<Name>(c"name")?;
    folder.add::<Self_>(c"self")?;
    folder.add::<Version>(c"version")?;
    Ok(folder)
}

struct Name;

impl Show for Name {
    fn show(out: &SeqFile) {
        print_member(out, |out, member| {
            seq_print!(out, "{}\n", Plain(member.cluster))
        });
    }
}

struct Self_;

impl Show for Self_ {
    fn show(out: &SeqFile) {
        print_member(out, |out, member| {
            seq_print!(out, "{}\n", Plain(member.node))
        });
    }
}

struct Version;

impl Show for Version {
    fn show(out: &SeqFile) {
        let linux = release::linux().to_str().unwrap_or("?");
        seq_print!(out, "SSI {} Linux {}\n", ssi_core::VERSION, linux);
    }
}

fn print_member(out: &SeqFile, print: fn(&SeqFile, &Member)) {
    if let Some(member) = ssi_ics::this_node() {
        print(out, member);
    }
}
