// SPDX-License-Identifier: GPL-2.0

//! What a user can tune.
//!
//! The intervals of CLMS with their bounds. The same on all nodes is best, but
//! nothing breaks when they differ: no safety rests on time.

use core::fmt;

use crate::time::Span;

/// Up to so many members the beat interval is the one that was set.
pub const PACE_MEMBERS: usize = 16;
/// In larger clusters it is at most so many times as long.
pub const PACE_MAX: usize = 4;

/// The intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Between two heartbeats, in a cluster of up to [`PACE_MEMBERS`] members. It
    /// grows with their number, up to [`PACE_MAX`] times as long.
    pub beat_interval: Span,
    /// A node not heard for so long is suspect.
    pub suspect: Span,
    /// A node silent for so long, plus one beat interval, is gone.
    pub timeout: Span,
    /// From the first node that wants to join to its admission: the others who
    /// come meanwhile join with it.
    pub gather: Span,
    /// Until what was not answered is sent again.
    pub retry: Span,
    /// How long a candidate leaves to each one before it.
    pub candidate_delay: Span,
    /// Longest wait for the user-level cleanup after a node.
    pub cleanup_max: Span,
}

/// Name, least and greatest value of one parameter, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Its name under `/proc/sys/ssi/clms`.
    pub name: &'static str,
    /// Least value.
    pub min_ms: u64,
    /// Greatest value.
    pub max_ms: u64,
}

/// Which parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// [`Parameters::beat_interval`]
    BeatInterval,
    /// [`Parameters::suspect`]
    Suspect,
    /// [`Parameters::timeout`]
    Timeout,
    /// [`Parameters::gather`]
    Gather,
    /// [`Parameters::retry`]
    Retry,
    /// [`Parameters::candidate_delay`]
    CandidateDelay,
    /// [`Parameters::cleanup_max`]
    CleanupMax,
}

impl Parameter {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::BeatInterval,
        Self::Suspect,
        Self::Timeout,
        Self::Gather,
        Self::Retry,
        Self::CandidateDelay,
        Self::CleanupMax,
    ];

    /// Its name and bounds.
    pub const fn bounds(self) -> Bounds {
        let (name, min_ms, max_ms) = match self {
            Self::BeatInterval => ("beat_interval_ms", 10, 10_000),
            Self::Suspect => ("suspect_ms", 50, 60_000),
            Self::Timeout => ("timeout_ms", 100, 600_000),
            Self::Gather => ("gather_ms", 0, 1_000),
            Self::Retry => ("retry_ms", 20, 10_000),
            Self::CandidateDelay => ("candidate_delay_ms", 1, 1_000),
            Self::CleanupMax => ("cleanup_max_ms", 0, 3_600_000),
        };
        Bounds {
            name,
            min_ms,
            max_ms,
        }
    }
}

/// Why parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterError {
    /// One is out of its bounds.
    OutOfBounds(Bounds),
    /// A node must not be suspect before it can have sent two beats.
    SuspectTooShort,
    /// The timeout must be longer than the suspicion.
    TimeoutTooShort,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds(bounds) => write!(
                f,
                "{} must lie between {} and {}",
                bounds.name, bounds.min_ms, bounds.max_ms
            ),
            Self::SuspectTooShort => f.write_str("suspect_ms must be at least two beat intervals"),
            Self::TimeoutTooShort => f.write_str("timeout_ms must be more than suspect_ms"),
        }
    }
}

impl Parameters {
    /// Before anybody tunes.
    pub const DEFAULT: Self = Self {
        beat_interval: Span::ms(50),
        suspect: Span::ms(1_000),
        timeout: Span::ms(3_000),
        gather: Span::ms(10),
        retry: Span::ms(500),
        candidate_delay: Span::ms(20),
        cleanup_max: Span::ms(30_000),
    };

    /// The value of one.
    pub const fn get(&self, parameter: Parameter) -> Span {
        match parameter {
            Parameter::BeatInterval => self.beat_interval,
            Parameter::Suspect => self.suspect,
            Parameter::Timeout => self.timeout,
            Parameter::Gather => self.gather,
            Parameter::Retry => self.retry,
            Parameter::CandidateDelay => self.candidate_delay,
            Parameter::CleanupMax => self.cleanup_max,
        }
    }

    /// These with one changed.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn with(mut self, parameter: Parameter, value: Span) -> Result<Self, ParameterError> {
        match parameter {
            Parameter::BeatInterval => self.beat_interval = value,
            Parameter::Suspect => self.suspect = value,
            Parameter::Timeout => self.timeout = value,
            Parameter::Gather => self.gather = value,
            Parameter::Retry => self.retry = value,
            Parameter::CandidateDelay => self.candidate_delay = value,
            Parameter::CleanupMax => self.cleanup_max = value,
        }
        self.check().map(|()| self)
    }

    /// Whether they make sense.
    ///
    /// # Errors
    ///
    /// The first [`ParameterError`].
    pub fn check(&self) -> Result<(), ParameterError> {
        for parameter in Parameter::ALL {
            let bounds = parameter.bounds();
            let value = self.get(parameter);
            if value < Span::ms(bounds.min_ms) || value > Span::ms(bounds.max_ms) {
                return Err(ParameterError::OutOfBounds(bounds));
            }
        }
        if self.suspect < self.beat_interval.times(2) {
            return Err(ParameterError::SuspectTooShort);
        }
        if self.timeout <= self.suspect {
            return Err(ParameterError::TimeoutTooShort);
        }
        Ok(())
    }

    /// These with the beat interval of a cluster of so many members.
    pub fn for_members(mut self, members: usize) -> Self {
        let stretch = members.div_ceil(PACE_MEMBERS).clamp(1, PACE_MAX);
        let stretch = u64::try_from(stretch).unwrap_or(1);
        self.beat_interval = self.beat_interval.times(stretch);
        self
    }

    /// How long a node must have been silent to be gone. One that slept for less
    /// than the timeout right after a beat was silent for no longer than this.
    pub const fn silence_max(&self) -> Span {
        Span(self.timeout.0.saturating_add(self.beat_interval.0))
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        assert_eq!(Parameters::DEFAULT.check(), Ok(()));
    }

    #[test]
    fn the_beat_interval_grows_with_the_cluster() {
        let interval = |members| Parameters::DEFAULT.for_members(members).beat_interval;
        assert_eq!(interval(0), Span::ms(50));
        assert_eq!(interval(16), Span::ms(50));
        assert_eq!(interval(17), Span::ms(100));
        assert_eq!(interval(500), Span::ms(200));
    }

    #[test]
    fn each_is_kept_in_its_bounds() {
        for parameter in Parameter::ALL {
            let bounds = parameter.bounds();
            let over = Parameters::DEFAULT.with(parameter, Span::ms(bounds.max_ms + 1));
            assert_eq!(over, Err(ParameterError::OutOfBounds(bounds)));
        }
    }

    #[test]
    fn one_interval_must_leave_room_for_the_other() {
        let suspect = Parameters::DEFAULT.with(Parameter::Suspect, Span::ms(99));
        assert_eq!(suspect, Err(ParameterError::SuspectTooShort));
        let timeout = Parameters::DEFAULT.with(Parameter::Timeout, Span::ms(1000));
        assert_eq!(timeout, Err(ParameterError::TimeoutTooShort));
    }
}
