//! Progress on standard error: a bar on a terminal, a line every ten seconds otherwise.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows how far something has come.
pub(super) struct Bar {
    what: &'static str,
    shown: Option<ProgressBar>,
    length: u64,
    begun: Instant,
    told: Instant,
    first: Option<u64>,
}

impl Bar {
    /// Begins with `length` steps to go in all.
    pub(super) fn new(what: &'static str, length: u64) -> Self {
        let now = Instant::now();
        Self {
            what,
            shown: stderr().is_terminal().then(|| terminal_bar(what, length)),
            length,
            begun: now,
            told: now,
            first: None,
        }
    }

    /// Says that `done` of the steps are done.
    pub(super) fn set(&mut self, done: u64) {
        let first = *self.first.get_or_insert(done);
        if let Some(bar) = &self.shown {
            bar.set_position(done);
        } else if self.told.elapsed() >= LINE_INTERVAL {
            self.told = Instant::now();
            let seconds = self.begun.elapsed().as_secs().max(1);
            let rate = (done - first) / seconds;
            eprintln!("{done} of {} {}, {rate}/s", self.length, self.what);
        }
    }

    /// Changes the number of steps.
    pub(super) fn set_length(&mut self, length: u64) {
        self.length = length;
        if let Some(bar) = &self.shown {
            bar.set_length(length);
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn terminal_bar(what: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {per_sec} ETA {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length)
        .with_style(style)
        .with_message(what)
}
