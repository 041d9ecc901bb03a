//! `trucelog changes`.

use std::sync::atomic::AtomicBool;

use clap::Args;
use trucelog_proto::fold::{Change, Fold};

use super::fold::{ReadArgs, Rows};
use super::output::Format;
use super::view;
use crate::Error;

/// List what every entry from an index on changed: who wrote it, why, and the fields as they were and as they are.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog changes --since 1200
  trucelog changes --since 1200 --as-of 1300 -o ndjson")]
pub(super) struct Command {
    /// Index of the first entry: usually the size that the last answer named.
    #[arg(long, value_name = "INDEX")]
    since: u64,
    #[command(flatten)]
    read: ReadArgs,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        self.read.output.output
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        let view = self.read.open(stop).await?;
        if self.since > view.size.get() {
            return Err(Error::NotFound(format!(
                "index {} in {} entries",
                self.since, view.size
            )));
        }
        let mut fold = Fold::default();
        let mut rows = Rows::new();
        view.log.for_each(view.size, |entry| {
            fold.append_entry(&entry.bytes)?;
            if entry.entry.index.get() >= self.since {
                let subject = fold.owner(&entry.digest).cloned();
                let change = Change::of_entry(&entry.bytes, subject, &fold)?;
                rows.push((view::change_text(&change), view::change(&change)));
            }
            Ok(())
        })?;
        self.read.print_list("changes", "changes", &view, rows);
        Ok(())
    }
}
