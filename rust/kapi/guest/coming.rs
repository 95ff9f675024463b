// SPDX-License-Identifier: GPL-2.0

//! Guest that comes.

use super::{
    find,
    State, //
};

/// Whether guest `pid` comes from `node` and does not run yet. Does not sleep; process context.
pub fn comes_from(pid: u32, node: u8) -> bool {
    find(pid).is_some_and(|guest| {
        guest.arrival.source == node && matches!(*guest.state.lock(), State::Coming | State::Held)
    })
}
