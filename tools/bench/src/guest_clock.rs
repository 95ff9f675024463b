// SPDX-License-Identifier: GPL-2.0

//! Clock of a guest.
//!
//! A node reads the host's clock of the day once, when it boots, and counts on
//! from there. So two nodes may differ a little, and what they say is put on the
//! host's clock before it is compared.

use std::time::{
    SystemTime,
    UNIX_EPOCH, //
};

use anyhow::Result;

use crate::peer::Peer;
use crate::question::{
    Answer,
    Question, //
};

/// Looks at the guest's clock; the quickest counts.
const LOOKS: usize = 20;

const NS: f64 = 1e9;

/// How far a guest's clock is ahead of the host's, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestClock(i64);

impl GuestClock {
    /// Compares the clock of `guest` with the host's. It is wrong by half the
    /// time of the quickest question at most.
    ///
    /// # Errors
    ///
    /// The guest does not answer.
    pub(crate) fn of(guest: &mut Peer) -> Result<Self> {
        let mut best = (i64::MAX, 0);
        for _ in 0..LOOKS {
            let asked = now_ns()?;
            guest.tell(&Question::Clock)?;
            let there = guest.wait_for(read)?;
            let heard = now_ns()?;
            let ahead = i64::try_from(there)? - (asked + heard) / 2;
            best = best.min((heard - asked, ahead));
        }
        Ok(Self(best.1))
    }

    /// Seconds from `began` on the host's clock to `ns` on this one.
    ///
    /// # Errors
    ///
    /// The time is not of this age.
    pub(crate) fn seconds_since(self, began: i64, ns: u64) -> Result<f64> {
        Ok((i64::try_from(ns)? - self.0 - began) as f64 / NS)
    }
}

/// The host's clock of the day, in nanoseconds since 1970.
///
/// # Errors
///
/// The time is not of this age.
pub(crate) fn now_ns() -> Result<i64> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(since_1970.as_nanos())?)
}

/// The time an answer tells.
pub(crate) fn read(answer: Answer) -> Option<u64> {
    match answer {
        Answer::Clock { ns } => Some(ns),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_ahead_is_put_back() {
        let clock = GuestClock(2_000_000_000);
        assert_eq!(clock.seconds_since(1_000, 5_000_001_000).unwrap(), 3.0);
        assert!(clock.seconds_since(0, u64::MAX).is_err());
    }
}
