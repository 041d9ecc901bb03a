//! The story of the demonstration, step by step.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use prost::Message as _;
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::pb::{self, CheckpointKind};
use trucelog_proto::policy::Policy;

use super::DemoError;
use super::cast::Cast;
use super::check;
use super::desk::{Desk, Inputs};
use super::forgery::Forgery;
use super::ledger::Ledger;
use super::second::{self, Head};
use super::server::{Server, find};
use super::summary::{Expected, Summary};
use crate::fetch::Fetcher;
use crate::key;
use crate::reader::LocalLog;
use crate::retry::Patience;
use crate::station::digest_of;
use crate::submit::Submitter;
use crate::trust::Trust;
use crate::{Error, durable, remote};

/// How long a submitter goes on while the server is away.
const PATIENCE: Patience = Patience(Duration::from_secs(120));

/// How the demonstration is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program `trucelogd`; otherwise it is looked for.
    pub server_bin: Option<PathBuf>,
    /// The program `trucelog`, which is the second process.
    pub trucelog: PathBuf,
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
    let place = Place::new(options.keep.as_deref())?;
    let mut stage = Stage::set(&find(options.server_bin.as_deref())?, place.path())?;
    tell("a log of seven members is founded and served");
    stage.enrol().await?;
    stage.report(inputs, tell).await?;
    stage.commission(inputs, tell).await?;
    let first = stage.head().await?;
    let crashes = stage.revise(inputs, &options.crashes, tell).await?;
    let last = stage.head().await?;

    tell("a second process verifies the log from its charter on");
    let verifier = place.path().join("verifier");
    let entries_verified = second::verify_log(
        &options.trucelog,
        &stage.server.url(),
        place.path(),
        &verifier,
        &stage.trust,
    )?;
    stage.server.stop()?;
    tell("the server has ended; a second process checks one receipt without it");
    let receipt_verified_offline =
        second::verify_receipt(&options.trucelog, place.path(), &stage.trust)?;

    tell("what was verified is folded and compared with the tables");
    let local_log = LocalLog::open(&verifier, &stage.trust)?;
    let first_fold = check::fold(&local_log, first.size)?;
    let fold = check::fold(&local_log, last.size)?;
    let mut differences = check::differences(&first_fold, &inputs.first);
    differences.extend(check::differences(&fold, &inputs.second));
    tell("an operator changes one byte, computes everything again and signs it");
    let changed_byte_caught = catch_forgery(&local_log, &first, &stage.trust, place.path())?;
    Ok(Summary {
        entries: last.size.get(),
        entries_verified,
        counts: check::count(&fold),
        first_counts: check::count(&first_fold),
        differences,
        commission: check::commission(&fold),
        crashes,
        acknowledged_kept: check::holds_all(&local_log, &stage.ledger.acknowledged())?,
        receipt_verified_offline,
        changed_byte_caught,
        seconds: begun.elapsed().as_secs_f64(),
        kept: options.keep.clone(),
        charter: stage.trust.id.charter.to_string(),
        expected: Expected::of(inputs),
    })
}

/// The directory of everything: one to keep, or a temporary one.
enum Place {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Place {
    fn new(keep: Option<&Path>) -> Result<Self, DemoError> {
        let Some(keep) = keep else {
            let temporary = tempfile::Builder::new().prefix("trucelog-demo-").tempdir();
            return Ok(Self::Temporary(
                temporary.map_err(Error::io(Path::new("temporary directory")))?,
            ));
        };
        durable::create_directory(keep)?;
        let mut inside = fs::read_dir(keep).map_err(Error::io(keep))?;
        if inside.next().is_some() {
            return Err(DemoError::NotEmpty(keep.to_owned()));
        }
        Ok(Self::Kept(keep.to_owned()))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

/// Everything that runs: the server, everyone who writes, and what was acknowledged.
struct Stage {
    directory: PathBuf,
    server: Server,
    desk: Desk,
    trust: Trust,
    submitter: Submitter,
    fetcher: Fetcher,
    ledger: Ledger,
}

impl Stage {
    /// Founds the log and serves it.
    fn set(program: &Path, directory: &Path) -> Result<Self, DemoError> {
        let log_key = key::create(&directory.join("log.key"))?;
        let mut cast = Cast::new()?;
        let charter = cast.charter(&log_key)?;
        durable::replace(&directory.join("charter.signed"), &charter.encode_to_vec())?;
        let policy = policy(&charter)?;
        durable::replace(&directory.join("policy"), policy.format().as_bytes())?;
        let trust = Trust::new(policy);
        let server = Server::found(program, directory)?;
        let channel = remote::connect(&server.url(), None).map_err(Error::from)?;
        Ok(Self {
            directory: directory.to_owned(),
            desk: Desk::new(cast, trust.id.clone()),
            submitter: Submitter::new(channel.clone(), trust.clone(), PATIENCE),
            fetcher: Fetcher::new(channel, PATIENCE),
            ledger: Ledger::default(),
            server,
            trust,
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
        let breach = inputs.breach().and_then(|row| self.desk.version(row.id()));
        let Some(report) = breach else { return Ok(()) };
        tell(
            "one breach goes to the commission: case, votes with a dissent, decision, remedy, activations",
        );
        for (number, submission) in self.desk.decide_on(report)?.iter().enumerate() {
            let receipt = self.submitter.submit(submission).await?;
            if number == 0 {
                durable::replace(&self.directory.join(second::RECEIPT), &receipt.bytes)?;
            }
            self.ledger.note(&receipt);
        }
        Ok(())
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
        let server = &mut self.server;
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

    /// The newest checkpoint of the server.
    async fn head(&self) -> Result<Head, DemoError> {
        let note = self.fetcher.checkpoint(CheckpointKind::Signed).await?;
        Head::open(note, &self.trust)
    }
}

/// A policy that pins the log of a charter, without witnesses.
fn policy(charter: &pb::Submission) -> Result<Policy, DemoError> {
    let digest = CharterDigest::from_bytes(*digest_of(charter).as_bytes());
    let record = charter
        .signed_record
        .as_ref()
        .map(|signed| signed.record.as_slice());
    let record = pb::Record::decode(record.unwrap_or_default());
    let log_key = match record.ok().and_then(|record| record.body) {
        Some(pb::record::Body::Charter(charter)) => charter.log_key,
        _ => String::new(),
    };
    let text = format!("# trucelog-charter {digest}\nlog {log_key}\nquorum none\n");
    Ok(Policy::parse(text.as_bytes()).map_err(Error::decode(&"policy"))?)
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
