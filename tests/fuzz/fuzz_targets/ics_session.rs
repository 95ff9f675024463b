// SPDX-License-Identifier: GPL-2.0

//! The session of ICS.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::ics::session(data));
