// SPDX-License-Identifier: GPL-2.0

//! The calls of ICS.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::ics::calls(data));
