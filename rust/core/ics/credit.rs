// SPDX-License-Identifier: GPL-2.0

//! Credit of clients at services.
//!
//! For each peer, service and priority a client has at most so many requests on
//! their way as the server last allowed ([`Window`]). The server says it in each
//! reply and refuses what is beyond ([`Quota`]). Replies need no credit.

/// Requests that may be on their way before a server has said anything. Every
/// service takes as many.
pub const CREDITS_FIRST: u16 = 8;

/// Most requests a service may allow a client at one priority.
pub const CREDITS_MAX: u16 = 256;

/// The client's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    limit: u16,
    in_flight: u16,
}

/// There is no credit: the call must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCredit;

impl Default for Window {
    fn default() -> Self {
        Self {
            limit: CREDITS_FIRST,
            in_flight: 0,
        }
    }
}

impl Window {
    /// Takes the credit for one request.
    ///
    /// # Errors
    ///
    /// [`NoCredit`] when all of it is in use.
    pub fn take(&mut self) -> Result<(), NoCredit> {
        if self.in_flight >= self.limit {
            return Err(NoCredit);
        }
        self.in_flight = self.in_flight.saturating_add(1);
        Ok(())
    }

    /// Gives the credit of one request back, without news of the server.
    pub fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Takes in what a reply says: the number that may be on their way at once,
    /// 0 when it says nothing.
    pub fn allow(&mut self, credits: u16) {
        if credits > 0 {
            self.limit = credits.min(CREDITS_MAX);
        }
    }

    /// Requests on their way.
    pub const fn in_flight(&self) -> u16 {
        self.in_flight
    }

    /// Requests that may be.
    pub const fn limit(&self) -> u16 {
        self.limit
    }

    /// Calls that may be woken now.
    pub const fn free(&self) -> u16 {
        self.limit.saturating_sub(self.in_flight)
    }
}

/// The server's side: the requests of one client at one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    held: u16,
}

/// The client has more requests here than it was ever allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond;

impl Quota {
    /// Takes in one request; `window` is the most the service ever allows.
    ///
    /// # Errors
    ///
    /// [`Beyond`]: answer Busy. It has no effect and is not counted.
    pub fn admit(&mut self, window: u16) -> Result<(), Beyond> {
        if self.held >= window.clamp(CREDITS_FIRST, CREDITS_MAX) {
            return Err(Beyond);
        }
        self.held = self.held.saturating_add(1);
        Ok(())
    }

    /// Takes in that one was answered.
    pub fn answered(&mut self) {
        self.held = self.held.saturating_sub(1);
    }

    /// Requests that are here and not answered.
    pub const fn held(&self) -> u16 {
        self.held
    }
}

/// What a reply says to its client: the more the service holds of all clients,
/// the less, and never nothing.
///
/// `window` is the most the service ever allows one client, `held` what it holds
/// of all, `budget` what it would like to hold at most.
pub fn allowance(window: u16, held: u32, budget: u32) -> u16 {
    let window = window.clamp(CREDITS_FIRST, CREDITS_MAX);
    let room = budget.saturating_sub(held);
    u16::try_from(room).unwrap_or(u16::MAX).clamp(1, window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_waits_when_its_credit_is_used_up() {
        let mut window = Window::default();
        for _ in 0..CREDITS_FIRST {
            assert_eq!(window.take(), Ok(()));
        }
        assert_eq!(window.take(), Err(NoCredit));
        window.give_back();
        assert_eq!((window.free(), window.take()), (1, Ok(())));
    }

    #[test]
    fn a_reply_changes_the_window() {
        let mut window = Window::default();
        window.allow(2);
        assert_eq!((window.take(), window.take()), (Ok(()), Ok(())));
        assert_eq!(window.take(), Err(NoCredit));
        window.allow(0);
        assert_eq!(window.limit(), 2);
        window.allow(u16::MAX);
        assert_eq!(window.limit(), CREDITS_MAX);
        window.allow(1);
        assert_eq!((window.in_flight(), window.free()), (2, 0));
    }

    #[test]
    fn a_server_refuses_what_is_beyond() {
        let mut quota = Quota::default();
        for _ in 0..16 {
            assert_eq!(quota.admit(16), Ok(()));
        }
        assert_eq!(quota.admit(16), Err(Beyond));
        quota.answered();
        assert_eq!((quota.held(), quota.admit(16)), (15, Ok(())));
    }

    #[test]
    fn every_service_takes_the_first_credits() {
        let mut quota = Quota::default();
        assert!((0..CREDITS_FIRST).all(|_| quota.admit(0).is_ok()));
    }

    #[test]
    fn a_loaded_service_allows_less_and_never_nothing() {
        assert_eq!(allowance(64, 0, 256), 64);
        assert_eq!(allowance(64, 250, 256), 6);
        assert_eq!(allowance(64, 256, 256), 1);
        assert_eq!(allowance(64, 10_000, 256), 1);
        assert_eq!(allowance(0, 0, u32::MAX), CREDITS_FIRST);
    }
}
