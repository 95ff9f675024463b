// SPDX-License-Identifier: GPL-2.0

//! Texts of other nodes' /proc.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ssi_fuzz::vproc::texts(data));
