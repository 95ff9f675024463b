// SPDX-License-Identifier: GPL-2.0

//! What a user can tune.
//!
//! The intervals of the machine, with the bounds the core gives them, and what
//! only concerns this driver; all in `/proc/sys/ssi/clms`.

use kernel::prelude::*;
use ssi_core::{
    clms::parameters::{
        Parameter,
        Parameters, //
    },
    time::Span,
};
use ssi_kapi::sysctl::{
    self,
    Entry,
    Number,
    Registration, //
};

/// How long a callback of a subsystem may take before the log names it.
static SUBSYSTEM_WARN_SECONDS: Number = Number::new(10, 1..=3600);

/// An interval of the machine, in milliseconds, and how it may change.
macro_rules! interval {
    ($parameter:ident) => {{
        const BOUNDS: (u32, u32) = (
            low_half(Parameter::$parameter.bounds().min_ms),
            low_half(Parameter::$parameter.bounds().max_ms),
        );
        const VALUE: u32 = low_half(Parameters::DEFAULT.get(Parameter::$parameter).as_ms());
        Number::new(VALUE, BOUNDS.0..=BOUNDS.1)
            .admitting(|value| is_admitted(Parameter::$parameter, value))
            .telling(crate::driver::settings_changed)
    }};
}

/// The intervals, in the order of [`Parameter::ALL`].
static INTERVALS: [Number; Parameter::ALL.len()] = [
    interval!(BeatInterval),
    interval!(Suspect),
    interval!(Timeout),
    interval!(Gather),
    interval!(Retry),
    interval!(CandidateDelay),
    interval!(CleanupMax),
];

/// Creates `/proc/sys/ssi/clms`. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn register() -> Result<Registration> {
    let mut entries = KVec::with_capacity(INTERVALS.len() + 1, GFP_KERNEL)?;
    for (parameter, number) in Parameter::ALL.into_iter().zip(&INTERVALS) {
        entries.push(Entry::number(file_name(parameter), number), GFP_KERNEL)?;
    }
    let own = Entry::number(c"subsystem_warn_seconds", &SUBSYSTEM_WARN_SECONDS);
    entries.push(own, GFP_KERNEL)?;
    #[cfg(CONFIG_SSI_CLMS_TEST)]
    entries.push(crate::crash::entry(), GFP_KERNEL)?;
    sysctl::register(c"ssi/clms", &entries)
}

/// The intervals as they are now. Any context.
pub(crate) fn parameters() -> Parameters {
    current()
}

/// How long a callback may take before the log names it. Any context.
pub(crate) fn subsystem_patience() -> Span {
    Span::ms(1000).times(u64::from(SUBSYSTEM_WARN_SECONDS.get()))
}

fn is_admitted(parameter: Parameter, value: u32) -> bool {
    current()
        .with(parameter, Span::ms(u64::from(value)))
        .is_ok()
}

/// Each value was admitted beside the others, so none is refused here.
fn current() -> Parameters {
    let [beat_interval, suspect, timeout, gather, retry, candidate_delay, cleanup_max] = INTERVALS
        .each_ref()
        .map(|number| Span::ms(u64::from(number.get())));
    Parameters {
        beat_interval,
        suspect,
        timeout,
        gather,
        retry,
        candidate_delay,
        cleanup_max,
    }
}

fn file_name(parameter: Parameter) -> &'static CStr {
    match parameter {
        Parameter::BeatInterval => c"beat_interval_ms",
        Parameter::Suspect => c"suspect_ms",
        Parameter::Timeout => c"timeout_ms",
        Parameter::Gather => c"gather_ms",
        Parameter::Retry => c"retry_ms",
        Parameter::CandidateDelay => c"candidate_delay_ms",
        Parameter::CleanupMax => c"cleanup_max_ms",
    }
}

/// The lower four bytes, where there is no `TryFrom`: bounds are far below.
const fn low_half(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(CONFIG_SSI_KUNIT_TEST)]
#[kernel::macros::kunit_tests(ssi_clms_settings)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_names_and_values_of_the_core() {
        for parameter in Parameter::ALL {
            assert!(file_name(parameter).to_bytes() == parameter.bounds().name.as_bytes());
        }
        assert!(parameters() == Parameters::DEFAULT);
    }

    #[test]
    fn what_the_core_refuses_is_refused() {
        assert!(is_admitted(Parameter::Timeout, 2000));
        // Not more than the suspicion.
        assert!(!is_admitted(Parameter::Timeout, 1000));
    }
}
