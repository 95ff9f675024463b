// SPDX-License-Identifier: GPL-2.0

//! The file `/proc/cluster/files`.
//!
//! A line for each thing, its kind first, then `name=value`. See
//! `Documentation/files.rst` for the names. What a file is called is told to
//! administrators alone.

use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print, //
};
use ssi_core::{
    files::{
        handles::Handle,
        lease::Lease, //
    },
    ids::{
        NodeId,
        NODE_MAX, //
    }, //
};
use ssi_kapi::{
    capability,
    file_home::{
        HomeFile,
        Kind,
        NAME_BYTES_MAX, //
    },
    print::Plain,
    procfs::Show, //
};

use crate::{
    exports,
    proxies::{
        self,
        Proxied, //
    }, //
};

/// What the file prints.
pub(crate) struct Report;

impl Show for Report {
    fn show(out: &SeqFile) {
        if show_peers(out).is_err() {
            seq_print!(out, "no memory\n");
        }
        if capability::is_opened_by_administrator(out) {
            exports::each(|handle, file, lease| show_export(out, handle, file, lease));
            proxies::each(|proxied| show_proxy(out, proxied));
        }
    }
}

/// What there is between this node and another one.
#[derive(Clone, Default)]
struct Sums {
    exports: usize,
    claims: u32,
    on_the_way: u32,
    proxies: usize,
    files: u32,
    given: u32,
}

fn show_peers(out: &SeqFile) -> Result {
    let mut peers = KVec::from_elem(Sums::default(), usize::from(NODE_MAX) + 1, GFP_KERNEL)?;
    exports::each(|_, _, lease| {
        if let Some(sums) = peers.get_mut(lease.client().index()) {
            sums.exports += 1;
            sums.claims = sums.claims.saturating_add(lease.claims());
            sums.on_the_way = sums.on_the_way.saturating_add(lease.on_the_way());
        }
    });
    proxies::each(|proxied| {
        if let Some(sums) = peers.get_mut(usize::from(proxied.proxy.node())) {
            sums.proxies += 1;
            sums.files = sums.files.saturating_add(proxied.files);
            sums.given = sums.given.saturating_add(proxied.claims);
        }
    });
    for node in NodeId::all() {
        if let Some(sums) = peers.get(node.index()).filter(|sums| sums.is_any()) {
            show_peer(out, node, sums);
        }
    }
    Ok(())
}

impl Sums {
    fn is_any(&self) -> bool {
        self.exports != 0 || self.proxies != 0
    }
}

fn show_peer(out: &SeqFile, node: NodeId, sums: &Sums) {
    seq_print!(
        out,
        "peer: node={} exports={} claims={} on_the_way={} proxies={} files={} given={}\n",
        Plain(node),
        sums.exports,
        sums.claims,
        sums.on_the_way,
        sums.proxies,
        sums.files,
        sums.given
    );
}

fn show_export(out: &SeqFile, handle: Handle, file: &HomeFile, lease: &Lease) {
    let mut room = [0; NAME_BYTES_MAX + 1];
    let (about, path) = file.describe(&mut room);
    seq_print!(
        out,
        "export: name={:x} node={} kind={} claims={} on_the_way={} path={}\n",
        handle.get(),
        Plain(lease.client()),
        word(about.kind),
        lease.claims(),
        lease.on_the_way(),
        Plain(path.to_bytes().escape_ascii())
    );
}

fn show_proxy(out: &SeqFile, proxied: &Proxied) {
    let proxy = &proxied.proxy;
    seq_print!(
        out,
        "proxy: name={:x} node={} kind={} files={} given={} lost={} path={}\n",
        proxy.handle(),
        proxy.node(),
        word(proxy.kind()),
        proxied.files,
        proxied.claims,
        u8::from(proxy.is_lost()),
        Plain(proxy.path().to_bytes().escape_ascii())
    );
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Pipe => "pipe",
        Kind::Stream => "stream",
        Kind::Packets => "packets",
        Kind::Terminal => "terminal",
        Kind::Plain => "plain",
        Kind::Device => "device",
        Kind::Events => "events",
    }
}
