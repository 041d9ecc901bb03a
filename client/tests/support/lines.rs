//! The lines that a running program prints.

use std::io::{BufRead as _, BufReader, Read};

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// Ends a test that hangs; nothing is measured by it.
pub const HUNG: Duration = Duration::from_secs(120);

/// Lines with their newlines, as a thread reads them.
pub struct Lines(Receiver<String>);

impl Lines {
    pub fn of(out: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|len| len > 0) {
                // Nobody may listen any more; the pipe is read all the same.
                drop(sender.send(std::mem::take(&mut line)));
            }
        });
        Self(lines)
    }

    /// The next line.
    #[track_caller]
    pub fn text(&self) -> String {
        let line = tokio::task::block_in_place(|| self.0.recv_timeout(HUNG));
        line.unwrap_or_else(|error| panic!("no line: {error}"))
    }

    /// The next line, which is JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let line = self.text();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// What is printed until the program ends, and nobody has read.
    pub fn rest(&self) -> String {
        tokio::task::block_in_place(|| self.0.iter().collect())
    }
}
