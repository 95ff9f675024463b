// SPDX-License-Identifier: GPL-2.0

//! Fuzz targets of the core.
//!
//! A target takes any bytes and panics when something is wrong. libFuzzer calls
//! it from `fuzz_targets`, `cargo test` with random inputs from `tests`.

pub mod clms;
pub mod files;
pub mod ics;
mod input;
pub mod migrate;
pub mod vproc;

/// A target.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("ics_parsers", ics::parsers),
    ("ics_handshake", ics::handshake),
    ("ics_session", ics::session),
    ("ics_calls", ics::calls),
    ("ics_bulk", ics::bulk),
    ("clms_hostlink", clms::hostlink),
    ("clms_arbiter", clms::arbiter),
    ("clms_machine", clms::machine),
    ("files_parsers", files::parsers),
    ("migrate_parsers", migrate::parsers),
    ("vproc_parsers", vproc::parsers),
    ("vproc_texts", vproc::texts),
];

/// Inputs that get further than random ones: whole frames, to be mutated.
pub fn corpus() -> Vec<Vec<u8>> {
    [
        ics::corpus(),
        clms::corpus(),
        files::corpus(),
        migrate::corpus(),
        vproc::corpus(),
    ]
    .concat()
}
