// SPDX-License-Identifier: GPL-2.0

//! Pure decision logic of SSI.
//!
//! Everything the subsystem decides, and nothing it touches: no kernel, heap,
//! clock, lock or print. Kbuild compiles these files into the kernel and Cargo
//! compiles the same files for tests on the host, so a decision is tried in
//! milliseconds where it was written.
//!
//! | layer | modules | may use |
//! | --- | --- | --- |
//! | names | [`ids`], [`node_set`], [`time`], [`sink`] | `core::` |
//! | bytes that travel | [`wire`] | `core::` |
//! | what all features share | [`view`] | names |
//! | the network's plan | [`address`] | names |
//! | membership | [`clms`], [`hostlink`] | all of these |
//! | who this kernel is | [`identity`] | names |
//! | links between nodes | [`ics`] | names, bytes |
//! | one process space | [`vproc`] | names, bytes |
//! | open files of other nodes | [`files`] | names, bytes |
//! | programs on other nodes | [`migrate`] | names, bytes |

#![cfg_attr(not(any(test, kernel)), no_std)]
#![forbid(unsafe_code)]

pub mod address;
pub mod clms;
pub mod files;
pub mod hostlink;
pub mod ics;
pub mod identity;
pub mod ids;
pub mod migrate;
pub mod node_set;
pub mod sink;
pub mod time;
#[cfg(any(test, CONFIG_SSI_KUNIT_TEST))]
pub mod vectors;
pub mod view;
pub mod vproc;
pub mod wire;

/// Version of SSI, `major.minor.patch`; the host tools carry the same.
pub const VERSION: &str = "0.1.0";

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_that_of_the_manifest() {
        assert_eq!(super::VERSION, env!("CARGO_PKG_VERSION"));
    }
}
