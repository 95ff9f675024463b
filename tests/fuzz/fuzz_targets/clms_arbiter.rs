// SPDX-License-Identifier: GPL-2.0

//! The supervisor's machine of CLMS.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::clms::arbiter(data));
