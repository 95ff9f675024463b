// SPDX-License-Identifier: GPL-2.0

//! The files of `/proc/cluster`.
//!
//! What a user, a script or a monitor can ask about the cluster: a value or a
//! table each, numbers and words separated by one space, no headers. The formats
//! are in `Documentation/clms.rst`; columns are only ever added at the end.

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::SetOnce, //
};
use ssi_core::{
    identity::Member,
    time::Span, //
};
use ssi_kapi::{
    print::Plain,
    procfs::{
        Dir,
        Show, //
    },
    release, //
};

use crate::{
    board::BoardInner,
    driver::{
        self,
        Driver, //
    },
    events::{
        Events,
        Seconds, //
    },
    node_folder,
    runner,
    service,
    subsystem, //
};

static FOLDER: SetOnce<Dir> = SetOnce::new();

/// `/proc/cluster`, once it is there. Any context.
pub fn folder() -> Option<&'static Dir> {
    FOLDER.as_ref()
}

/// Creates `/proc/cluster` and its files. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    let folder = Dir::new(c"cluster")?;
    folder.add::<Name>(c"name")?;
    folder.add::<Self_>(c"self")?;
    folder.add::<Version>(c"version")?;
    folder.add::<Master>(c"master")?;
    folder.add::<Epoch>(c"epoch")?;
    folder.add::<Nodes>(c"nodes")?;
    folder.add::<View>(c"view")?;
    folder.add::<Subsystems>(c"subsystems")?;
    folder.add::<Services>(c"services")?;
    folder.add::<Clms>(c"clms")?;
    folder.add_stream::<Events>(c"events", 0)?;
    ssi_ics::add_files(&folder)?;
    FOLDER.populate(folder);
    Ok(())
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

struct Master;

impl Show for Master {
    fn show(out: &SeqFile) {
        with_board(|board| seq_print!(out, "{}\n", master(board)));
    }
}

struct Epoch;

impl Show for Epoch {
    fn show(out: &SeqFile) {
        with_board(|board| seq_print!(out, "{}\n", Plain(board.view.epoch)));
    }
}

struct Nodes;

impl Show for Nodes {
    fn show(out: &SeqFile) {
        with_board(|board| {
            for node in board.nodes() {
                let entry = board.view.entry(node);
                let (state, incarnation) = (Plain(entry.state), Plain(entry.incarnation));
                seq_print!(out, "{}: {} {}\n", Plain(node), state, incarnation);
            }
        });
    }
}

/// Everything of one moment, for programs that must not read two moments.
struct View;

impl Show for View {
    fn show(out: &SeqFile) {
        with_driver(|driver| {
            let board = driver.board.lock();
            seq_print!(
                out,
                "transid {} epoch {} master {} self {}\n",
                Plain(board.last()),
                Plain(board.view.epoch),
                master(&board),
                Plain(driver.me.node)
            );
            for node in board.nodes() {
                let entry = board.view.entry(node);
                let last = board.last_of(node);
                seq_print!(
                    out,
                    "{} {} {} {} {} {} {}\n",
                    Plain(node),
                    Plain(entry.state),
                    Plain(entry.incarnation),
                    board.facts(node).cpus,
                    node_folder::memory_bytes(&board, node),
                    last.map_or(0, |transition| transition.id.0),
                    Plain(Seconds(last.map_or(0, |transition| transition.wall_us)))
                );
            }
        });
    }
}

struct Subsystems;

impl Show for Subsystems {
    fn show(out: &SeqFile) {
        with_driver(|driver| {
            let current = driver.runner.current();
            for (place, subsystem) in subsystem::all().enumerate() {
                let running = current.filter(|current| current.callback.subsystem == place);
                let (call, node, age) = running.map_or(("idle", 0, Span::ZERO), |current| {
                    let node = current.callback.instance.node.index();
                    (
                        runner::word(current.callback.direction),
                        node,
                        current.age(),
                    )
                });
                let (seconds, ms) = (age.as_ms() / 1000, age.as_ms() % 1000);
                seq_print!(
                    out,
                    "{} {} {} {} {}.{:03}\n",
                    subsystem.name(),
                    place,
                    call,
                    node,
                    seconds,
                    ms
                );
            }
        });
    }
}

struct Services;

impl Show for Services {
    fn show(out: &SeqFile) {
        with_board(|board| {
            let node = board.services_at.map_or(0, |at| at.node.index());
            for service in service::all() {
                seq_print!(out, "{} {}\n", service.name(), node);
            }
        });
    }
}

/// What this node's part of the membership does: for those who look into it.
struct Clms;

impl Show for Clms {
    fn show(out: &SeqFile) {
        with_driver(|driver| {
            let board = driver.board.lock();
            seq_print!(out, "role {}\n", board.role.name());
            seq_print!(out, "active {}\n", u8::from(board.is_active));
            seq_print!(out, "letters_lost {}\n", driver.mailbox.lost());
            for (name, value) in board.statistics.rows() {
                seq_print!(out, "{} {}\n", name, value);
            }
        });
    }
}

/// The coordinator, 0 for none.
fn master(board: &BoardInner) -> usize {
    board.view.coordinator.map_or(0, |node| node.index())
}

fn with_board(print: impl FnOnce(&BoardInner)) {
    with_driver(|driver| print(&driver.board.lock()));
}

fn with_driver(print: impl FnOnce(&Driver)) {
    if let Ok(driver) = driver::get() {
        print(driver);
    }
}

fn print_member(out: &SeqFile, print: fn(&SeqFile, &Member)) {
    if let Some(member) = ssi_ics::this_node() {
        print(out, member);
    }
}
