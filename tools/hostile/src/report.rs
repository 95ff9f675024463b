// SPDX-License-Identifier: GPL-2.0

//! Report of one attack.

use std::fmt;

use ssi_core::ics::hello::Reason;

use crate::answer::{
    Answer,
    Tally, //
};

/// What an attack sent and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Connections made, or tried.
    pub(crate) connections: u64,
    /// Bytes said on them.
    pub(crate) bytes: u64,
    /// Datagrams and segments sent around the system's own TCP.
    pub(crate) packets: u64,
    /// How the victim answered.
    pub(crate) tally: Tally,
    /// What should not have been.
    pub(crate) faults: Vec<String>,
}

impl Report {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds what should not have been.
    pub(crate) fn fault(&mut self, words: impl Into<String>) {
        self.faults.push(words.into());
    }

    /// Claims that the victim refused for one of `reasons` at least once.
    pub(crate) fn claim_refused(&mut self, reasons: &[Reason]) {
        let is_refused = |reason: &Reason| self.tally.of(Answer::Refused(*reason)) > 0;
        if !reasons.iter().any(is_refused) {
            let names: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
            self.fault(format!("it was never refused as {}", names.join(" or ")));
        }
    }

    /// Claims that no connection was left open.
    pub(crate) fn claim_none_left(&mut self) {
        let left = self.tally.of(Answer::Silent);
        if left > 0 {
            self.fault(format!("{left} connections were left open"));
        }
    }

    /// Whether the victim did nothing it must not do.
    pub(crate) fn is_harmless(&self) -> bool {
        self.faults.is_empty() && self.tally.breaches() == 0
    }

    fn fmt_sent(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.connections, "connections"),
            (self.bytes, "bytes"),
            (self.packets, "packets"),
        ];
        let mut comma = "";
        for (count, noun) in counts {
            if count > 0 {
                write!(f, "{comma}{count} {noun}")?;
                comma = ", ";
            }
        }
        Ok(())
    }
}

/// One line: what was sent; how the victim answered; what should not have been.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sent ")?;
        self.fmt_sent(f)?;
        write!(f, "; {}", self.tally)?;
        for fault in &self.faults {
            write!(f, "; FAULT: {fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_line() {
        let mut report = Report {
            connections: 2,
            bytes: 40,
            ..Report::new()
        };
        report.tally.add(Answer::Refused(Reason::WrongKey));
        report.claim_refused(&[Reason::WrongKey, Reason::Malformed]);
        report.claim_none_left();
        assert_eq!(
            report.to_string(),
            "sent 2 connections, 40 bytes; wrong-key 1"
        );
        assert!(report.is_harmless());
    }

    #[test]
    fn what_should_not_be_is_told() {
        let mut report = Report::new();
        report.tally.add(Answer::Silent);
        report.claim_refused(&[Reason::Protocol]);
        report.claim_none_left();
        let line = report.to_string();
        assert!(
            line.contains("FAULT: it was never refused as protocol"),
            "{line}"
        );
        assert!(
            line.contains("FAULT: 1 connections were left open"),
            "{line}"
        );
        assert!(!report.is_harmless());
    }
}
