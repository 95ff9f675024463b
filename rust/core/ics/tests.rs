// SPDX-License-Identifier: GPL-2.0

//! Hashes for tests.
//!
//! The core has none of its own: the kernel's is handed in.

mod garbage;
pub(crate) mod hmac_sha256;
pub(crate) mod toy;
