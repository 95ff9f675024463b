// SPDX-License-Identifier: GPL-2.0

//! The parsers of open files.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::files::parsers(data));
