//! What `get`, `list` and `changes` share: the verified log at a size.

use std::sync::atomic::AtomicBool;

use clap::Args;
use serde_json::{Map, Value, json};
use trucelog_proto::fold::{Fold, Recount, Written, recount};
use trucelog_proto::hash::{LeafIndex, TreeSize};
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
    as_of: Option<u64>,
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
    /// When the log accepted the last entry below the size, Unix milliseconds; absent when there is none.
    now: Option<u64>,
}

impl ReadArgs {
    /// Opens the verified log, verified anew with `--refresh`.
    pub(super) async fn open(&self, stop: &AtomicBool) -> Result<View, Error> {
        let trust = self.trust.open()?;
        if self.refresh {
            check_log(&self.trust, &trust, &self.remote, stop).await?;
        }
        let log = LocalLog::open(&self.trust.state()?, &trust)?;
        let size = log.as_of(self.as_of)?;
        let last = size.get().checked_sub(1).map(LeafIndex::new);
        let last = last.map(|index| log.entry(index)).transpose()?;
        let now = last.map(|last| last.entry.accepted_time);
        Ok(View { log, size, now })
    }

    /// The pinned log.
    pub(super) fn log(&self) -> Result<LogId, Error> {
        self.trust.log(None)
    }

    /// Prints an answer. Every answer names the size that it is as of, and when that was.
    pub(super) fn print(&self, what: &str, view: &View, text: &str, answer: Value) {
        let mut head = view.head(what);
        if let Value::Object(answer) = answer {
            head.extend(answer);
        }
        let text = format!("{}\n{}", text.trim_end(), view.as_of_line());
        output::print(self.output.output, &text, &Value::Object(head));
    }

    /// Prints the answer `what`, a list of the things `name`, each as text and as JSON.
    pub(super) fn print_list(&self, what: &str, name: &str, view: &View, rows: Rows) {
        let (lines, items): (Vec<String>, Vec<Value>) = rows.into_iter().unzip();
        let count = items.len();
        let mut head = view.head(what);
        head.insert("count".to_owned(), json!(count));
        let end = format!("{count} {name}\n{}", view.as_of_line());
        let text = [lines, vec![end]].concat().join("\n");
        output::print_list(self.output.output, &text, head, name, items);
    }
}

/// Text and JSON of each thing in a list.
pub(super) type Rows = Vec<(String, Value)>;

/// A summary with its lines recomputed.
pub(super) type Recounted = (Written<pb::Summary>, Vec<Recount>);

impl View {
    /// What every answer says of itself.
    fn head(&self, what: &str) -> Map<String, Value> {
        [
            ("schema", json!(format!("trucelog.{what}/v1"))),
            ("size", json!(self.size.get())),
            ("verified_size", json!(self.log.size().get())),
            ("as_of_time", json!(self.now.and_then(format_time))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    fn as_of_line(&self) -> String {
        let (size, verified) = (self.size, self.log.size());
        let time = self.now.and_then(format_time);
        let time = time.map_or(String::new(), |time| format!(", {time}"));
        let rest = if size == verified {
            String::new()
        } else {
            format!(" (of {verified} verified)")
        };
        format!("as of size {size}{rest}{time}")
    }

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
