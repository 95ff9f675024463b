// SPDX-License-Identifier: GPL-2.0

//! The parsers and machines of programs on other nodes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::migrate::parsers(data));
