// SPDX-License-Identifier: GPL-2.0

//! The parsers of the process space.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::vproc::parsers(data));
