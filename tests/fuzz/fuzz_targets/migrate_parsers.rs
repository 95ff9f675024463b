// SPDX-License-Identifier: GPL-2.0

//! Parsers and machines of the hand-over.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::migrate::parsers(data));
