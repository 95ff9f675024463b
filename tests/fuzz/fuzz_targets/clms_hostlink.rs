// SPDX-License-Identifier: GPL-2.0

//! The host link of CLMS.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::clms::hostlink(data));
