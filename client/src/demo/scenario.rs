//! The story of the demonstration, step by step.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trucelog_proto::pb::{self, CheckpointKind};

use super::DemoError;
use super::check;
use super::desk::{Desk, Inputs};
use super::forgery::Forgery;
use super::ledger::Ledger;
use super::process::failed;
use super::second::{self, Head, Second};
use super::setting::{Place, Programs, Setting};
use super::split_view;
use super::summary::{Expected, Summary};
use crate::fetch::Fetcher;
use crate::key;
use crate::reader::LocalLog;
use crate::retry::Patience;
use crate::submit::Submitter;
use crate::trust::Trust;
use crate::{Error, durable, remote};

/// How long a submitter goes on while the server is away.
const PATIENCE: Patience = Patience(Duration::from_secs(120));

/// How the demonstration is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The programs; `trucelog` is the second process, and every member's witness.
    pub programs: Programs,
    /// Where to keep everything; otherwise in a temporary directory.
    pub keep: Option<PathBuf>,
    /// When to kill the server: shares of the revisions that are acknowledged, ascending, in thousandths.
    pub crashes: Vec<usize>,
}

/// Is told what happens.
pub type Teller<'a> = &'a (dyn Fn(&str) + Sync);

/// Runs the demonstration. What it shows is in the summary; `tell` hears of each step.
///
/// # Errors
/// [`DemoError`] when it could not be carried to its end. Nothing is left running.
pub async fn run(
    options: &Options,
    inputs: &Inputs,
    tell: Teller<'_>,
) -> Result<Summary, DemoError> {
    let begun = Instant::now();
    let place = Place::new(options.keep.as_deref(), "trucelog-demo-")?;
    let mut stage = Stage::set(&options.programs, place.path())?;
    tell("a log of seven members is founded and served; each of them runs a witness");
    stage.enrol().await?;
    stage.report(inputs, tell).await?;
    stage.commission(inputs, tell).await?;
    let first = stage.head().await?;
    let crashes = stage.revise(inputs, &options.crashes, tell).await?;
    stage.reopen(tell).await?;
    let last = stage.head().await?;

    tell("a second process verifies the log from its charter on");
    let verifier = place.path().join("verifier");
    let trust = stage.setting.trust.clone();
    let second = Second {
        trucelog: &options.programs.trucelog,
        directory: place.path(),
        trust: &trust,
    };
    let entries_verified = second.verify_log(&stage.setting.server.url(), &verifier)?;
    tell("the operator shows two members two histories");
    let cast = &mut stage.desk.cast;
    let split_view = split_view::show(
        &options.programs,
        &mut stage.setting,
        cast,
        second,
        PATIENCE,
    )
    .await?;
    stage.setting.stop()?;
    tell("server and witnesses have ended; a second process checks one receipt without them");
    let receipt_verified_offline = second.verify_receipt()?;

    tell("what was verified is folded and compared with the tables");
    let local_log = LocalLog::open(&verifier, &trust)?;
    let breach_case = stage.desk.case().map(|digest| digest.to_string());
    let case_told = match &breach_case {
        Some(digest) => second.tell_case(&verifier, digest)?,
        None => String::new(),
    };
    let first_fold = check::fold(&local_log, first.size)?;
    let fold = check::fold(&local_log, last.size)?;
    let mut differences = check::differences(&first_fold, &inputs.first);
    differences.extend(check::differences(&fold, &inputs.second));
    tell("an operator changes one byte, computes everything again and signs it");
    let changed_byte_caught = catch_forgery(&local_log, &first, &trust, place.path())?;
    Ok(Summary {
        entries: last.size.get(),
        entries_verified,
        counts: check::count(&fold),
        first_counts: check::count(&first_fold),
        differences,
        commission: check::commission(&fold)?,
        bodies: check::bodies(&local_log)?,
        case: breach_case,
        case_told,
        crashes,
        acknowledged_kept: check::holds_all(&local_log, &stage.ledger.acknowledged())?,
        receipt_verified_offline,
        changed_byte_caught,
        split_view,
        seconds: begun.elapsed().as_secs_f64(),
        kept: options.keep.clone(),
        charter: trust.id.charter.to_string(),
        expected: Expected::of(inputs),
    })
}

/// Everything that runs: server and witnesses, everyone who writes, and what was acknowledged.
struct Stage {
    directory: PathBuf,
    setting: Setting,
    desk: Desk,
    submitter: Submitter,
    fetcher: Fetcher,
    ledger: Ledger,
}

impl Stage {
    /// Founds the log and serves it.
    fn set(programs: &Programs, directory: &Path) -> Result<Self, DemoError> {
        let (setting, cast) = Setting::found(programs, directory)?;
        let channel = remote::connect(&setting.server.url(), None).map_err(Error::from)?;
        Ok(Self {
            directory: directory.to_owned(),
            desk: Desk::new(cast, setting.trust.id.clone()),
            // Records are many; what is acknowledged is in a signed checkpoint, and cosigned soon after.
            submitter: Submitter::new(channel.clone(), setting.log_trust.clone(), PATIENCE),
            fetcher: Fetcher::new(channel, PATIENCE),
            ledger: Ledger::default(),
            setting,
        })
    }

    async fn enrol(&mut self) -> Result<(), DemoError> {
        let batches = self.desk.enrol()?;
        self.ledger.submit(&self.submitter, batches).await
    }

    /// Submits the first table.
    async fn report(&mut self, inputs: &Inputs, tell: Teller<'_>) -> Result<(), DemoError> {
        let table = &inputs.first;
        tell(&format!(
            "{} events of {} are reported",
            table.rows.len(),
            table.version
        ));
        let batches = self.desk.report(&table.rows, table.version)?;
        self.ledger.submit(&self.submitter, batches).await
    }

    /// Takes one breach through the commission, and keeps the receipt of its case.
    async fn commission(&mut self, inputs: &Inputs, tell: Teller<'_>) -> Result<(), DemoError> {
        let Some(breach) = inputs.breach() else {
            return Ok(());
        };
        tell("a text is agreed; a camera and others look at one breach, and the party denies it");
        let gathered = self.desk.gather(breach.id())?;
        self.in_order(&gathered).await?;
        let Some(report) = self.desk.version(breach.id()) else {
            return Ok(());
        };
        let channel = remote::connect(&self.setting.server.url(), None).map_err(Error::from)?;
        let witnessed = Submitter::new(channel, self.setting.trust.clone(), PATIENCE);
        tell(
            "the breach goes to the commission: case, votes with a dissent, decision, remedy, activations",
        );
        for (number, submission) in self.desk.decide_on(report)?.iter().enumerate() {
            let submitter = if number == 0 {
                &witnessed
            } else {
                &self.submitter
            };
            let receipt = submitter.submit(submission).await?;
            if number == 0 {
                durable::replace(&self.directory.join(second::RECEIPT), &receipt.bytes)?;
            }
            self.ledger.note(&receipt);
        }
        tell("members act, parliaments answer, the case is closed; a member is admitted");
        let concluded = self.desk.conclude()?;
        self.in_order(&concluded).await
    }

    /// Submits records one after another, as each names what stands before it.
    async fn in_order(&mut self, submissions: &[pb::Submission]) -> Result<(), DemoError> {
        for submission in submissions {
            let receipt = self.submitter.submit(submission).await?;
            self.ledger.note(&receipt);
        }
        Ok(())
    }

    /// Reopens the case on new evidence, and sums up a day without reports.
    async fn reopen(&mut self, tell: Teller<'_>) -> Result<(), DemoError> {
        tell("the case is reopened");
        let size = self.head().await?.size;
        let reopened = self.desk.reopen(size.get())?;
        self.in_order(&reopened).await
    }

    /// Submits the revisions, and kills the server among them and starts it again. Gives how many records were
    /// acknowledged each time.
    async fn revise(
        &mut self,
        inputs: &Inputs,
        crashes: &[usize],
        tell: Teller<'_>,
    ) -> Result<Vec<usize>, DemoError> {
        let batches = self.desk.revise(inputs)?;
        let count: usize = batches.iter().map(Vec::len).sum();
        tell(&format!(
            "{count} corrections, withdrawals and new reports of {} follow",
            inputs.second.version
        ));
        let before = self.ledger.count();
        let points: Vec<usize> = crashes
            .iter()
            .map(|share| before + count * share / 1000)
            .collect();
        let server = &mut self.setting.server;
        let mut acknowledged = Vec::new();
        let crash = |count| {
            tell("the server is killed in the middle of it, and started again");
            acknowledged.push(count);
            server.crash_and_restart()
        };
        self.ledger
            .submit_with(&self.submitter, batches, &points, crash)
            .await?;
        Ok(acknowledged)
    }

    /// The newest checkpoint that covers all acknowledged records and is at quorum.
    async fn head(&self) -> Result<Head, DemoError> {
        let begun = Instant::now();
        let signed = self.fetcher.checkpoint(CheckpointKind::Signed).await?;
        let size = Head::open(signed, &self.setting.trust)?.size;
        loop {
            let note = self.fetcher.checkpoint(CheckpointKind::Witnessed).await?;
            let head = Head::open(note, &self.setting.trust)?;
            if head.size >= size {
                return Ok(head);
            }
            if begun.elapsed() > PATIENCE.0 {
                return Err(failed("trucelog witness", "there is no quorum"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Tells whether an operator who changes one byte is caught, by a fresh verifier and by one that has accepted `first`.
fn catch_forgery(
    verified: &LocalLog,
    first: &Head,
    trust: &Trust,
    directory: &Path,
) -> Result<bool, DemoError> {
    let mut entries = Vec::new();
    verified.for_each(verified.size(), |entry| {
        entries.push(entry.bytes);
        Ok(())
    })?;
    let log_key = key::read(&directory.join("log.key"))?;
    let Some(forgery) = Forgery::forge(&entries, trust, &log_key)? else {
        return Ok(false);
    };
    let older = usize::try_from(first.size.get())
        .unwrap_or(usize::MAX)
        .min(entries.len());
    Ok(forgery.is_caught_afresh(trust, &directory.join("fresh"))?
        && forgery.is_caught_later(
            trust,
            &directory.join("older"),
            &first.note,
            &entries[..older],
        )?)
}
