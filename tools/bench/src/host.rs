// SPDX-License-Identifier: GPL-2.0

//! The machine that was measured.
//!
//! What matters for the figures, and nothing that tells whose machine it is.

use std::fmt;
use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

/// The machine, and when it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Host {
    /// What the processors call themselves.
    pub(crate) processor: String,
    /// Processors this program may use.
    pub(crate) cores: usize,
    /// Memory in GiB, rounded.
    pub(crate) memory_gib: u64,
    /// Series of the host's kernel, such as "6.12".
    pub(crate) kernel: String,
    /// Day of the measurement, UTC.
    pub(crate) date: String,
}

impl Host {
    /// This machine, today.
    ///
    /// # Errors
    ///
    /// `/proc` cannot be read.
    pub(crate) fn ours() -> Result<Self> {
        let info = rustix::system::sysinfo();
        let bytes = u64::from(info.mem_unit) * info.totalram;
        let uname = rustix::system::uname();
        Ok(Self {
            processor: processor()?,
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: (bytes + (1 << 29)) >> 30,
            kernel: series(&uname.release().to_string_lossy()),
            date: date_of(SystemTime::now()),
        })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores, {} GiB, host kernel {}, measured on {}",
            self.processor, self.cores, self.memory_gib, self.kernel, self.date
        )
    }
}

fn processor() -> Result<String> {
    let info: procfs::CpuInfo = procfs::Current::current()?;
    Ok(info.model_name(0).unwrap_or("unknown processor").to_owned())
}

/// The first two numbers of a kernel's release: the rest is often a name that
/// somebody gave it.
fn series(release: &str) -> String {
    let numbers: Vec<&str> = release.split(['.', '-']).take(2).collect();
    numbers.join(".")
}

/// Year, month and day.
fn date_of(time: SystemTime) -> String {
    const DATE_CHARS: usize = "2000-01-01".len();
    let stamp = humantime::format_rfc3339_seconds(time).to_string();
    stamp.chars().take(DATE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_date_is_a_day_without_a_time() {
        let leap_day = SystemTime::UNIX_EPOCH + Duration::from_secs(951_868_799);
        assert_eq!(date_of(leap_day), "2000-02-29");
    }

    #[test]
    fn a_release_keeps_no_name() {
        assert_eq!(series("6.18.44-fc-v669"), "6.18");
        assert_eq!(series("7.3-mine"), "7.3");
    }

    #[test]
    fn this_machine_can_be_described() {
        let host = Host::ours().unwrap();
        assert!(host.cores > 0 && host.memory_gib > 0, "{host}");
    }
}
