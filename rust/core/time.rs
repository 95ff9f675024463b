// SPDX-License-Identifier: GPL-2.0

//! Time, without a clock.
//!
//! A machine is told the time with every event and asks to be woken at another.
//! [`Instant`] is read from a clock that starts anywhere and never runs back.

use core::fmt;

/// A point in time, in microseconds of a node's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Instant {
    /// This instant and `span`; the end of time when there is no such instant.
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; nothing when it is before.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn ms(ms: u64) -> Self {
        Self(ms.saturating_mul(1000))
    }

    /// In whole milliseconds, rounded down.
    pub const fn as_ms(self) -> u64 {
        self.0 / 1000
    }

    /// So many times as long.
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// Half as long.
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} us", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_ends_and_never_runs_back() {
        let late = Instant(u64::MAX);
        assert_eq!(late.after(Span::ms(1)), late);
        assert_eq!(Instant(1).since(Instant(2)), Span::ZERO);
        assert_eq!(Instant(5).after(Span(7)).since(Instant(5)), Span(7));
    }

    #[test]
    fn spans_convert() {
        assert_eq!(Span::ms(3).half(), Span(1500));
        assert_eq!(Span(2999).as_ms(), 2);
        assert_eq!(Span::ms(u64::MAX), Span(u64::MAX));
    }
}
