// SPDX-License-Identifier: GPL-2.0

//! Gate of the epochs.
//!
//! A request acts in the epoch it was sent in or not at all. What a receiver
//! does with one follows from the two epochs.

use crate::ids::Epoch;

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// It belongs to this epoch.
    Run,
    /// Its epoch is gone: answer so, without any effect.
    Stale,
    /// Its epoch has not begun here: keep it until it has.
    Park,
}

/// Judges a request of epoch `request` at a node whose view is `mine`.
pub fn judge(request: Epoch, mine: Epoch) -> Gate {
    if request == Epoch::NONE || request < mine {
        // Without a view nobody may ask for anything.
        Gate::Stale
    } else if request == mine {
        Gate::Run
    } else {
        Gate::Park
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_acts_in_its_own_epoch_only() {
        assert_eq!(judge(Epoch(4), Epoch(5)), Gate::Stale);
        assert_eq!(judge(Epoch(5), Epoch(5)), Gate::Run);
        assert_eq!(judge(Epoch(6), Epoch(5)), Gate::Park);
    }

    #[test]
    fn without_a_view_nothing_acts() {
        assert_eq!(judge(Epoch::NONE, Epoch::NONE), Gate::Stale);
        assert_eq!(judge(Epoch::NONE, Epoch(1)), Gate::Stale);
        assert_eq!(judge(Epoch(1), Epoch::NONE), Gate::Park);
    }
}
