// SPDX-License-Identifier: GPL-2.0

//! Files about the whole cluster.
//!
//! `/proc/cluster/stat` and its like say what all nodes together do, in the format of
//! `/proc/stat`; `/proc/cluster/node<N>/stat` says it of one. All nodes are asked at the
//! same time, once for each time a file is read from its beginning. One that leaves
//! meanwhile is left out; one that is frozen is waited for until it is fenced, or the
//! reader is killed.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use ssi_core::{
    ids::{
        NodeId,
        NodeNumber, //
    },
    vproc::totals::{
        whole_lines,
        File,
        Part,
        TEXT_BYTES_MAX, //
    },
};
use ssi_ics::Reply;
use ssi_kapi::{
    bytes,
    print::Plain,
    proc_served,
    proc_text::Text,
    procfs::Dir, //
};

use crate::{
    ask::{
        Operation,
        Question, //
    },
    map,
    remote_proc::each_piece, //
};

/// Whose files there are: a bit for each node, that of 0 for those of the cluster.
static SHOWN: Atomic<u64> = Atomic::new(0);

/// What `file` of this node says. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn own(file: File) -> Result<KVVec<u8>> {
    let mut room = KVVec::from_elem(0_u8, TEXT_BYTES_MAX, GFP_KERNEL)?;
    let length = proc_served::read_of_node(file.name(), &mut room)?;
    let mut text = KVVec::new();
    bytes::extend(
        &mut text,
        whole_lines(room.get(..length).unwrap_or_default()),
    )?;
    Ok(text)
}

/// Makes the files of `node`, which has come, and those of the cluster, unless they are
/// there. May sleep. One caller at a time.
pub(crate) fn show(node: NodeId) {
    let folders = [
        (None, ssi_clms::folder()),
        (Some(node), ssi_clms::node_folder(node)),
    ];
    for (whose, folder) in folders {
        let bit = 1 << whose.map_or(0, NodeId::index);
        let shown = SHOWN.load(Relaxed);
        let Some(folder) = folder.filter(|_| shown & bit == 0) else {
            continue;
        };
        SHOWN.store(shown | bit, Relaxed);
        if let Err(error) = add_files(folder, whose) {
            pr_err!("no totals of node {}: {:?}\n", Plain(node), error);
        }
    }
}

fn add_files(folder: &Dir, whose: Option<NodeId>) -> Result {
    for (place, file) in File::ALL.into_iter().enumerate() {
        let number = whose.map_or(0, NodeId::index) * File::ALL.len() + place;
        folder.add_text::<Total>(file.name(), number)?;
    }
    Ok(())
}

/// The number of one is that of its node, 0 for the cluster, times the number of files,
/// and the place of its file among them.
struct Total;

impl Text for Total {
    fn make(number: usize) -> Result<KVVec<u8>> {
        let files = File::ALL.len();
        let file = *File::ALL.get(number % files).ok_or(ENOENT)?;
        let node = NodeNumber::try_from(number / files).map_err(|_| ENOENT)?;
        match NodeId::new(node) {
            None => sum(file),
            Some(node) if node == me()? => own(file),
            Some(node) => match question(file)?.put_to(node) {
                Ok(reply) => text_of(&reply),
                Err(ESRCH) => Err(EHOSTDOWN),
                Err(error) => Err(error),
            },
        }
    }
}

fn sum(file: File) -> Result<KVVec<u8>> {
    let me = me()?;
    let mut texts = KVec::new();
    let mut failed = Ok(());
    texts.push((me, own(file)?), GFP_KERNEL)?;
    question(file)?.put_to_each(map::others(), |node, answer| {
        let added = match answer {
            Ok(reply) => text_of(&reply)
                .and_then(|text| texts.push((node, text), GFP_KERNEL).map_err(Error::from)),
            Err(ESRCH) => Ok(()),
            Err(error) => Err(error),
        };
        failed = failed.and(added);
    });
    failed?;
    texts.sort_unstable_by_key(|(node, _)| *node);
    let mut parts = KVec::with_capacity(texts.len(), GFP_KERNEL)?;
    for (node, text) in &texts {
        parts.push(Part { node: *node, text }, GFP_KERNEL)?;
    }
    let mut total = KVVec::new();
    let mut added = Ok(());
    file.merge(me, &parts, |piece| {
        if added.is_ok() {
            added = bytes::extend(&mut total, piece);
        }
    });
    added.map(|()| total)
}

fn me() -> Result<NodeId> {
    map::of(0).map(|map| map.me).ok_or(ENODEV)
}

fn question(file: File) -> Result<Question> {
    let question = Question::new(Operation::Total, |out| file.encode(out))?;
    Ok(question.with_pages(TEXT_BYTES_MAX as u32))
}

fn text_of(reply: &Reply) -> Result<KVVec<u8>> {
    let mut text = KVVec::new();
    each_piece(reply, |_, piece| bytes::extend(&mut text, piece))?;
    Ok(text)
}
