// SPDX-License-Identifier: GPL-2.0

//! The file `/proc/cluster/ics`.
//!
//! A line for each thing, its kind first, then `name=value`. See
//! `Documentation/ics.rst` for the names.

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print, //
};
use ssi_core::ics::{
    hello::Reason,
    session::Class, //
};
use ssi_kapi::{
    print::Plain,
    procfs::{
        Dir,
        Show, //
    }, //
};

use crate::{
    counters::Refusals,
    engine::{
        self,
        Engine, //
    },
    life::Life,
    peer::{
        Inner,
        Peer, //
    },
    service,
    settings,
    transport::Streaming, //
};

/// Adds the files of the links to the folder of the cluster: `ics`, and `ics_test` if
/// the kernel has `CONFIG_SSI_ICS_TEST`. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub fn add_files(folder: &Dir) -> Result {
    folder.add::<Report>(c"ics")?;
    #[cfg(CONFIG_SSI_ICS_TEST)]
    folder.add_stream::<crate::test::Control>(c"ics_test", 0)?;
    Ok(())
}

struct Report;

impl Show for Report {
    fn show(out: &SeqFile) {
        let Some(engine) = engine::get() else {
            return;
        };
        show_node(out, engine);
        for peer in engine.peers() {
            peer.with(|inner| show_peer(out, peer, inner));
        }
        show_services(out);
    }
}

fn show_node(out: &SeqFile, engine: &Engine) {
    let counters = &engine.counters;
    seq_print!(
        out,
        "node: id={} security={} epoch={} accepted={} expired={} beats_sent={} \
         beats_received={} beats_refused={}\n",
        Plain(engine.me()),
        Plain(settings::mode()),
        Plain(engine.epoch()),
        counters.accepted.get(),
        counters.expired.get(),
        counters.beats_sent.get(),
        counters.beats_received.get(),
        counters.beats_refused.get(),
    );
    show_refusals(out, "refused", &counters.refused);
    show_refusals(out, "refused_by_peers", &counters.refused_by_peer);
}

fn show_refusals(out: &SeqFile, name: &str, refusals: &Refusals) {
    seq_print!(out, "{}:", name);
    for reason in Reason::ALL {
        seq_print!(out, " {}={}", reason.name(), refusals.get(reason));
    }
    seq_print!(out, "\n");
}

fn show_peer(out: &SeqFile, peer: &Peer, inner: &Inner) {
    let Some(life) = &inner.life else {
        return;
    };
    let counters = &peer.counters;
    let (state, mode, round_trip) = match &life.link {
        Some(link) => ("up", link.mode().name(), link.socket.round_trip()),
        None => ("down", "-", 0),
    };
    let is_member = match inner.member() == Some(life.instance) {
        true => "yes",
        false => "no",
    };
    seq_print!(
        out,
        "peer: id={} state={} member={} security={} rtt_us={} links={} faults={}\n",
        Plain(life.instance),
        state,
        is_member,
        mode,
        round_trip,
        counters.links.get(),
        counters.faults.get(),
    );
    seq_print!(
        out,
        "frames: peer={} sent={} received={} resent={} duplicates={} bytes_sent={} \
         bytes_received={} kept={} kept_calls={} kept_answers={} kept_membership={}\n",
        Plain(peer.node),
        counters.frames_sent.get(),
        counters.frames_received.get(),
        counters.frames_resent.get(),
        counters.duplicates.get(),
        counters.bytes_sent.get(),
        counters.bytes_received.get(),
        life.unacked(),
        life.session().kept(Class::Call).frames,
        life.session().kept(Class::Answer).frames,
        life.session().kept(Class::Membership).frames,
    );
    show_calls(out, peer, life);
}

fn show_calls(out: &SeqFile, peer: &Peer, life: &Life) {
    let (leaving, arriving) = life.transfers.pending();
    seq_print!(
        out,
        "calls: peer={} made={} waiting={} served={} credit_waits={}\n",
        Plain(peer.node),
        life.client.len(),
        life.client.waiting(),
        life.server.len(),
        peer.counters.credit_waits.get(),
    );
    let bulk = match life.transfers.link {
        Some(_) => "up",
        None => "down",
    };
    seq_print!(
        out,
        "bulk: peer={} state={} bytes_sent={} bytes_received={} leaving={} arriving={}\n",
        Plain(peer.node),
        bulk,
        peer.counters.bulk_bytes_sent.get(),
        peer.counters.bulk_bytes_received.get(),
        leaving,
        arriving,
    );
    for (service, priority, window) in life.client.lanes() {
        seq_print!(
            out,
            "credit: peer={} service={:016x} priority={} used={} limit={}\n",
            Plain(peer.node),
            service.0,
            priority.get(),
            window.in_flight(),
            window.limit(),
        );
    }
}

fn show_services(out: &SeqFile) {
    for entry in service::entries() {
        let requests = entry.counters.requests.get();
        let answered = requests.saturating_sub(entry.held().into());
        let mean = entry.counters.microseconds.get().checked_div(answered);
        seq_print!(
            out,
            "service: name={} version={} id={:016x} window={} requests={} held={} errors={} \
             mean_us={}\n",
            entry.service.name,
            entry.service.version,
            entry.id.0,
            entry.service.window,
            requests,
            entry.held(),
            entry.counters.errors.get(),
            mean.unwrap_or(0),
        );
    }
}
