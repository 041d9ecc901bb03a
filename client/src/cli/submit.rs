//! `trucelog submit`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use trucelog_proto::pb;

use super::args::{OutputArgs, RemoteArgs, TrustArgs, WaitArgs};
use super::output::{self, Format};
use super::progress::Bar;
use crate::receipt::Receipt;
use crate::refused::Refused;
use crate::station::{
    digest_of, note_refused, noted_refusal, read_submission, receipt_path, stored_receipt,
};
use crate::submit::{Outcome, Submitter, keep_evidence};
use crate::trust::Trust;
use crate::{Error, durable};

const EXAMPLES: &str = "Examples:
  trucelog submit report.signed --remote https://log.example.org
  trucelog submit outbox/ --remote http://127.0.0.1:7443 -o json

Each receipt is checked before it is kept beside its record, as FILE.tlog-proof.";

/// Submits signed records.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Command {
    /// .signed files, and directories of them, which are taken in the order of their names.
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        self.output.output
    }

    pub(super) async fn run(self) -> Result<(), Error> {
        let trust = self.trust.open()?;
        let batch = Batch::new(signed_files(&self.paths)?, &trust, false)?;
        let submitter = Submitter::new(self.remote.connect()?, trust, self.remote.patience());
        batch
            .submit(
                &self.wait.apply(submitter),
                self.output.output,
                &self.trust.state()?,
            )
            .await
    }
}

/// The `.signed` files below `paths`: files as they are named, directories in the order of their names.
pub(super) fn signed_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside = Vec::new();
            for entry in std::fs::read_dir(path).map_err(Error::io(path))? {
                inside.push(entry.map_err(Error::io(path))?.path());
            }
            inside.retain(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "signed")
            });
            inside.sort();
            files.append(&mut inside);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// One record on its way.
struct Item {
    path: PathBuf,
    submission: pb::Submission,
    state: State,
}

enum State {
    /// Its receipt was there before.
    Kept(Box<Receipt>),
    Waiting,
    Logged(Box<Receipt>),
    Refused(Box<Refused>),
    /// It was refused earlier, and its station signs its sequence anew.
    Superseded,
}

/// Records that are submitted together.
pub(super) struct Batch {
    items: Vec<Item>,
    /// Whether the files lie in a station directory.
    of_station: bool,
}

impl Batch {
    /// Reads the records and finds those that have a valid receipt already. Of a station, records that were refused
    /// before are left out.
    pub(super) fn new(files: Vec<PathBuf>, trust: &Trust, of_station: bool) -> Result<Self, Error> {
        let items = files.into_iter().map(|path| {
            let submission = read_submission(&path)?;
            let state = match stored_receipt(&path, &submission, trust)? {
                Some(receipt) => State::Kept(Box::new(receipt)),
                None if of_station && noted_refusal(&path)?.is_some() => State::Superseded,
                None => State::Waiting,
            };
            Ok(Item {
                path,
                submission,
                state,
            })
        });
        Ok(Self {
            items: items.collect::<Result<_, Error>>()?,
            of_station,
        })
    }

    /// Submits what waits, keeps each receipt as it comes, and prints what became of the records. Evidence of a false
    /// receipt goes below `evidence_directory`.
    pub(super) async fn submit(
        mut self,
        submitter: &Submitter,
        format: Format,
        evidence_directory: &Path,
    ) -> Result<(), Error> {
        let waiting: Vec<usize> = (0..self.items.len())
            .filter(|position| matches!(self.items[*position].state, State::Waiting))
            .collect();
        let submissions = waiting
            .iter()
            .map(|position| self.items[*position].submission.clone())
            .collect();
        let mut bar = Bar::new("records submitted", waiting.len() as u64);
        let result = submitter
            .submit_all(submissions, |number, outcome| {
                bar.set(number as u64 + 1);
                self.keep(waiting[number], outcome)
            })
            .await;
        bar.finish();
        self.print(format);
        result.map_err(|error| keep_evidence(error, submitter.trust(), evidence_directory))?;
        self.first_refusal().map_or(Ok(()), Err)
    }

    fn keep(&mut self, position: usize, outcome: Outcome) -> Result<(), Error> {
        let item = &mut self.items[position];
        item.state = match outcome {
            Outcome::Logged(receipt) => {
                durable::replace(&receipt_path(&item.path), &receipt.bytes)?;
                State::Logged(receipt)
            }
            Outcome::Refused(refused) => {
                if self.of_station {
                    note_refused(&item.path, &refused)?;
                }
                State::Refused(refused)
            }
        };
        Ok(())
    }

    fn first_refusal(self) -> Option<Error> {
        self.items.into_iter().find_map(|item| match item.state {
            State::Refused(refused) => Some(Error::Refused(refused)),
            _ => None,
        })
    }

    fn count(&self, counts: impl Fn(&State) -> bool) -> usize {
        self.items.iter().filter(|item| counts(&item.state)).count()
    }

    fn print(&self, format: Format) {
        let logged = self.count(|state| matches!(state, State::Logged(_)));
        let kept = self.count(|state| matches!(state, State::Kept(_)));
        let refused = self.count(|state| matches!(state, State::Refused(_)));
        let unanswered = self.count(|state| matches!(state, State::Waiting));
        let mut text: Vec<String> = self.items.iter().filter_map(Item::line).collect();
        text.push(format!(
            "{logged} logged, {kept} had a receipt, {refused} refused, {unanswered} unanswered"
        ));
        let json = json!({
            "schema": "trucelog.submit/v1",
            "logged": logged,
            "had_receipt": kept,
            "refused": refused,
            "unanswered": unanswered,
            "records": self.items.iter().map(Item::json).collect::<Vec<_>>(),
        });
        output::print(format, &text.join("\n"), &json);
    }
}

impl Item {
    fn line(&self) -> Option<String> {
        let digest = digest_of(&self.submission);
        match &self.state {
            State::Logged(receipt) => Some(format!(
                "logged {digest} index {} {}",
                receipt.index,
                receipt_path(&self.path).display()
            )),
            State::Refused(refused) => Some(format!("refused {digest} {}", refused.reason)),
            _ => None,
        }
    }

    fn json(&self) -> Value {
        let (state, receipt, refused) = match &self.state {
            State::Kept(receipt) => ("had_receipt", Some(receipt), None),
            State::Logged(receipt) => ("logged", Some(receipt), None),
            State::Waiting => ("unanswered", None, None),
            State::Refused(refused) => ("refused", None, Some(refused)),
            State::Superseded => ("superseded", None, None),
        };
        json!({
            "file": self.path,
            "record_digest": digest_of(&self.submission).to_string(),
            "state": state,
            "index": receipt.map(|receipt| receipt.index.get()),
            "accepted_time": receipt.and_then(|receipt| crate::json::format_time(receipt.accepted_time)),
            "receipt": receipt.map(|_| receipt_path(&self.path)),
            "refused": refused,
        })
    }
}
