//! What `get` and `list` share: the verified log at a size.

use std::sync::atomic::AtomicBool;

use clap::Args;
use serde_json::{Value, json};
use trucelog_proto::fold::{Fold, Recount, Written, recount};
use trucelog_proto::hash::TreeSize;
use trucelog_proto::pb;
use trucelog_proto::record::LogId;

use super::args::{OutputArgs, RemoteArgs, TrustArgs};
use super::output;
use super::verify::check_log;
use crate::Error;
use crate::json::format_time;
use crate::reader::LocalLog;

/// Which log, at which size, in which form.
#[derive(Args, Clone, Debug)]
pub(super) struct ReadArgs {
    /// Answer as of the first N entries. Default: all that are verified.
    #[arg(long, value_name = "N")]
    as_of_size: Option<u64>,
    /// Verify the log first, over the network. Without it nothing is fetched.
    #[arg(long)]
    refresh: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// The verified log and the size to answer at.
pub(super) struct View {
    pub(super) log: LocalLog,
    pub(super) size: TreeSize,
}

impl ReadArgs {
    /// Opens the verified log, verified anew with `--refresh`.
    pub(super) async fn open(&self, stop: &AtomicBool) -> Result<View, Error> {
        let trust = self.trust.open()?;
        if self.refresh {
            check_log(&self.trust, &trust, &self.remote, stop).await?;
        }
        let log = LocalLog::open(&self.trust.state()?, &trust)?;
        let size = log.as_of(self.as_of_size)?;
        Ok(View { log, size })
    }

    /// The pinned log.
    pub(super) fn log(&self) -> Result<LogId, Error> {
        self.trust.log(None)
    }

    /// Prints an answer. Every answer names the size that it is as of, and when that was.
    pub(super) fn print(&self, what: &str, view: &View, now: u64, text: &str, mut answer: Value) {
        if let Value::Object(fields) = &mut answer {
            fields.insert("schema".to_owned(), json!(format!("trucelog.{what}/v1")));
            fields.insert("size".to_owned(), json!(view.size.get()));
            fields.insert("verified_size".to_owned(), json!(view.log.size().get()));
            fields.insert("as_of_time".to_owned(), json!(format_time(now)));
        }
        output::print(self.output.output, text, &answer);
    }
}

/// A summary with its lines recomputed.
pub(super) type Recounted = (Written<pb::Summary>, Vec<Recount>);

impl View {
    /// Folds the entries.
    pub(super) fn fold(&self) -> Result<Fold, Error> {
        let mut fold = Fold::default();
        self.log
            .for_each(self.size, |entry| Ok(fold.append_entry(&entry.bytes)?))?;
        Ok(fold)
    }

    /// Recomputes every summary in `fold` at the size that it states, in the order of the log.
    pub(super) fn recounts(&self, fold: &Fold) -> Result<Vec<Recounted>, Error> {
        let mut summaries: Vec<&Written<pb::Summary>> = fold.summaries().iter().collect();
        summaries.sort_by_key(|summary| summary.body.size);
        let Some(last) = summaries.last() else {
            return Ok(Vec::new());
        };
        let size = TreeSize::new(last.body.size);
        let mut due = summaries.into_iter().peekable();
        let mut then = Fold::default();
        let mut found = Vec::new();
        self.log.for_each(size, |entry| {
            then.append_entry(&entry.bytes)?;
            while let Some(summary) = due.next_if(|due| due.body.size == then.size().get()) {
                let lines = recount(&summary.body, then.incidents(), &then)?;
                found.push((summary.clone(), lines));
            }
            Ok(())
        })?;
        found.sort_by_key(|(summary, _)| summary.stamp.index);
        Ok(found)
    }
}
