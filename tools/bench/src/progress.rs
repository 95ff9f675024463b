// SPDX-License-Identifier: GPL-2.0

//! How far the benchmark is.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::{
    Duration,
    Instant, //
};

use indicatif::{
    ProgressBar,
    ProgressStyle, //
};

/// How often the bar moves while a step takes long.
const TICK: Duration = Duration::from_millis(200);

/// A bar on a terminal, otherwise a line at the end of each measurement.
pub(crate) struct Progress {
    look: Look,
    began: RefCell<Option<(String, Instant)>>,
}

enum Look {
    Bar(ProgressBar),
    Lines,
}

impl Progress {
    /// Progress on standard error.
    pub(crate) fn new() -> Self {
        let look = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(0);
            bar.enable_steady_tick(TICK);
            Look::Bar(bar.with_style(style()))
        } else {
            Look::Lines
        };
        Self {
            look,
            began: RefCell::new(None),
        }
    }

    /// A measurement of `steps` begins.
    pub(crate) fn begin(&self, what: &str, steps: usize) {
        *self.began.borrow_mut() = Some((what.to_owned(), Instant::now()));
        if let Look::Bar(bar) = &self.look {
            bar.set_length(steps as u64);
            bar.set_position(0);
            bar.set_message(what.to_owned());
        }
    }

    /// One step is done.
    pub(crate) fn step(&self) {
        if let Look::Bar(bar) = &self.look {
            bar.inc(1);
        }
    }

    /// The measurement is over.
    pub(crate) fn end(&self) {
        let Some((what, began)) = self.began.borrow_mut().take() else {
            return;
        };
        let line = format!("bench: {what} ({:.0} s)", began.elapsed().as_secs_f64());
        match &self.look {
            Look::Bar(bar) => bar.println(line),
            Look::Lines => eprintln!("{line}"),
        }
    }

    /// Says `line` at once.
    pub(crate) fn say(&self, line: &str) {
        match &self.look {
            Look::Bar(bar) => bar.println(line),
            Look::Lines => eprintln!("{line}"),
        }
    }

    /// Nothing more will come.
    pub(crate) fn finish(&self) {
        if let Look::Bar(bar) = &self.look {
            bar.finish_and_clear();
        }
    }
}

/// The plainest bar there is; the default one is as good if this is refused.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("bench: {msg} [{bar:24}] {pos}/{len} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
