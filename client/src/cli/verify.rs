//! `trucelog verify`.

mod opening;
mod successor;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use trucelog_proto::checkpoint::{Checkpoint, SignedCheckpoint};
use trucelog_proto::error::{Error as ProtoError, VerifyError};
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::policy::{Policy, Verdict};
use trucelog_proto::proof;
use trucelog_proto::record::record_digest;
use trucelog_proto::rules::Gap;

use super::args::{OutputArgs, RemoteArgs, TrustArgs, digest};
use super::output::{self, Format};
use super::progress::Bar;
use super::view;
use crate::bundle::{self, Bundle};
use crate::evidence::{Evidence, Judgement};
use crate::fetch::Fetcher;
use crate::follow::{Audience, follow};
use crate::json::{format_time, hex};
use crate::not_enough::NotEnough;
use crate::reader::LocalLog;
use crate::receipt;
use crate::store::Store;
use crate::succession::Predecessor;
use crate::trust::{self, Judged, Trust, VerdictPq};
use crate::verifier::{LogVerifier, Progress, Report, verify_log};
use crate::{Error, durable, station};

/// Checks receipts, checkpoints and whole logs.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog verify receipt report.tlog-proof --policy policy --charter SHA256
  trucelog verify log --remote https://log.example.org -o json")]
pub(super) enum Command {
    Receipt(ReceiptCommand),
    Checkpoint(CheckpointCommand),
    Consistency(ConsistencyCommand),
    Bundle(BundleCommand),
    Evidence(EvidenceCommand),
    Opening(opening::Command),
    Successor(successor::Command),
    Log(LogCommand),
}

/// Check a receipt, without a network: the log has committed to this record. Whether the record's key was enrolled is
/// not proven by a receipt.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify receipt report.tlog-proof --policy policy --charter SHA256
  trucelog verify receipt report.tlog-proof --record report.signed -o json")]
pub(super) struct ReceiptCommand {
    /// The receipt.
    #[arg(value_name = "FILE.tlog-proof")]
    receipt: PathBuf,
    /// The record that it must be for: a .signed file, or the record's own bytes.
    #[arg(long, value_name = "FILE", conflicts_with = "digest")]
    record: Option<PathBuf>,
    /// Digest of the record that it must be for.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    digest: Option<RecordDigest>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Check the signatures of a checkpoint, without a network.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify checkpoint checkpoint --policy policy --charter SHA256
  trucelog verify checkpoint checkpoint -o json")]
pub(super) struct CheckpointCommand {
    /// The checkpoint, a signed note.
    #[arg(value_name = "FILE")]
    checkpoint: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Check that one checkpoint continues another. The proof comes from the server and is not believed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify consistency old.checkpoint new.checkpoint --remote https://log.example.org
  trucelog verify consistency old.checkpoint new.checkpoint --remote http://127.0.0.1:7443 -o json")]
pub(super) struct ConsistencyCommand {
    /// The older checkpoint.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer checkpoint.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Check a bundle, without a network: a record, everything that it rests on, and that all of it is in the log.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify bundle decision.bundle.json --policy policy --charter SHA256
  trucelog verify bundle decision.bundle.json -o json")]
pub(super) struct BundleCommand {
    /// The bundle.
    #[arg(value_name = "FILE.json")]
    bundle: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Judge a file of evidence, without a network: who signed what, and why it cannot both be true. Exit 0 when the file
/// proves it on its own, 3 when more than the file is needed, 1 when the file itself does not hold.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify evidence evidence/inconsistent-0a1b2c3d.json --policy policy --charter SHA256
  trucelog verify evidence evidence/signature-0a1b2c3d.json -o json")]
pub(super) struct EvidenceCommand {
    /// The evidence.
    #[arg(value_name = "FILE.json")]
    evidence: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Check the whole log from its charter on: every byte, signature, rule and hash. What was verified is kept, so that
/// the next check goes on from there; an interrupted one does too.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog verify log --remote https://log.example.org --policy policy --charter SHA256
  trucelog verify log --remote http://127.0.0.1:7443 --state audit -o json
  trucelog verify log --remote https://log.example.org --follow")]
pub(super) struct LogCommand {
    /// Go on and check every new head as it comes, one line each, until something is false. A server that is away is
    /// asked again for as long as it takes.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
    #[command(flatten)]
    pub(super) remote: RemoteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        match self {
            Self::Receipt(command) => command.output.output,
            Self::Checkpoint(command) => command.output.output,
            Self::Consistency(command) => command.output.output,
            Self::Bundle(command) => command.output.output,
            Self::Evidence(command) => command.output.output,
            Self::Opening(command) => command.format(),
            Self::Successor(command) => command.format(),
            Self::Log(command) => command.output.output,
        }
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        match self {
            Self::Receipt(command) => verify_receipt(&command),
            Self::Checkpoint(command) => verify_checkpoint(&command),
            Self::Consistency(command) => verify_consistency(&command).await,
            Self::Bundle(command) => verify_bundle(&command),
            Self::Evidence(command) => verify_evidence(&command),
            Self::Opening(command) => command.run(),
            Self::Successor(command) => command.run(),
            Self::Log(command) if command.follow => match follow_log(&command, stop).await? {},
            Self::Log(command) => {
                let trust = command.trust.open()?;
                let report = check_log(&command.trust, &trust, &command.remote, stop).await?;
                print_log(&report, &trust, command.output.output);
                Ok(())
            }
        }
    }
}

fn verify_receipt(command: &ReceiptCommand) -> Result<(), Error> {
    let trust = command.trust.open()?;
    let expected = match &command.record {
        Some(path) => Some(digest_of_file(path)?),
        None => command.digest,
    };
    let bytes = durable::read(&command.receipt)?;
    let receipt = receipt::verify(&bytes, &trust, expected.as_ref());
    let receipt = receipt.map_err(|source| Error::ReceiptFile {
        path: command.receipt.clone(),
        source,
    })?;
    let head = receipt.verdict.checkpoint.checkpoint();
    let text = format!(
        "VERIFIED record {} index {} size {} {}; not proven: that the record's key was enrolled{}",
        receipt.digest(),
        receipt.index,
        head.size,
        witnesses(&receipt.verdict, receipt.verdict_pq.as_ref(), &trust),
        warnings(&trust.warnings())
    );
    let record = &receipt.record.record.message;
    let json = json!({
        "schema": "trucelog.verify.receipt/v1",
        "verdict": "verified",
        "record_digest": receipt.digest().to_string(),
        "index": receipt.index.get(),
        "accepted_time": format_time(receipt.accepted_time),
        "member": record.member,
        "station": record.station,
        "public_key": receipt.record.public_key.to_string(),
        "checkpoint": checkpoint_json(&receipt.verdict),
        "witnesses": witnesses_json(&receipt.verdict, &trust.policy),
        "witnesses_pq": witnesses_pq_json(receipt.verdict_pq.as_ref(), &trust),
        "warnings": trust.warnings(),
        "record_compared": expected.is_some(),
        "not_proven": ["that the record's key was enrolled"],
    });
    output::print(command.output.output, &text, &json);
    Ok(())
}

/// The digest of a record in a file: a `.signed` file's record, or the digest of the bytes themselves.
fn digest_of_file(path: &std::path::Path) -> Result<RecordDigest, Error> {
    match station::read_submission(path) {
        Ok(submission) => Ok(station::digest_of(&submission)),
        Err(Error::NotA { .. }) => Ok(record_digest(&durable::read(path)?)),
        Err(error) => Err(error),
    }
}

fn verify_checkpoint(command: &CheckpointCommand) -> Result<(), Error> {
    let trust = command.trust.open()?;
    let path = &command.checkpoint;
    let judged = trust.judge(&durable::read(path)?);
    let Judged {
        verdict,
        verdict_pq,
    } = judged.map_err(|error| not_opened(error, path))?;
    trust::enough(&verdict, verdict_pq.as_ref())?;
    let head = verdict.checkpoint.checkpoint();
    let text = format!(
        "VERIFIED checkpoint of {} size {} root {} {}; not proven: what the log holds{}",
        head.origin,
        head.size,
        head.root,
        witnesses(&verdict, verdict_pq.as_ref(), &trust),
        warnings(&trust.warnings())
    );
    let json = json!({
        "schema": "trucelog.verify.checkpoint/v1",
        "verdict": "verified",
        "checkpoint": checkpoint_json(&verdict),
        "witnesses": witnesses_json(&verdict, &trust.policy),
        "witnesses_pq": witnesses_pq_json(verdict_pq.as_ref(), &trust),
        "warnings": trust.warnings(),
        "not_proven": ["what the log holds"],
    });
    output::print(command.output.output, &text, &json);
    Ok(())
}

async fn verify_consistency(command: &ConsistencyCommand) -> Result<(), Error> {
    let trust = command.trust.open()?;
    let old = open(&command.old, &trust)?;
    let new = open(&command.new, &trust)?;
    let (old, new) = (old.checkpoint(), new.checkpoint());
    let fetcher = Fetcher::new(command.remote.connect()?, command.remote.patience());
    let hashes = match old.size.get() {
        _ if old.size >= new.size => Vec::new(),
        0 => Vec::new(),
        _ => fetcher.consistency_proof(old.size, new.size).await?,
    };
    match proof::verify_consistency(old.size, &old.root, new.size, &new.root, &hashes) {
        Ok(()) => {}
        // Two signed roots of one size need no proof: they are one.
        Err(error) if old.size == new.size => {
            return Err(Error::FalseFiles {
                paths: vec![command.old.clone(), command.new.clone()],
                source: error,
            });
        }
        Err(error) => return Err(NotEnough::Consistency(error).into()),
    }
    let text = format!(
        "VERIFIED size {} continues size {}; not proven: what the log holds",
        new.size, old.size
    );
    let json = json!({
        "schema": "trucelog.verify.consistency/v1",
        "verdict": "verified",
        "old_size": old.size.get(),
        "old_root": old.root.to_string(),
        "new_size": new.size.get(),
        "new_root": new.root.to_string(),
        "not_proven": ["what the log holds"],
    });
    output::print(command.output.output, &text, &json);
    Ok(())
}

/// What no bundle proves.
const NOT_IN_BUNDLE: [&str; 2] = [
    "that nothing else in the log corrects, withdraws, ends or answers what it holds",
    "that the rules allowed each record at its place, which the whole log shows",
];

fn verify_bundle(command: &BundleCommand) -> Result<(), Error> {
    let trust = command.trust.open()?;
    let verified = Bundle::read(&command.bundle)?
        .verify(&trust)
        .map_err(|source| bundle::in_file(&command.bundle, source))?;
    let judged = &verified.judged;
    let head = judged.verdict.checkpoint.checkpoint();
    let lines = verified.entries.iter().map(view::entry_line);
    let text = format!(
        "{}\nVERIFIED bundle of record {} index {} with {} entries of {} size {} root {} {}; not proven: {}",
        lines.collect::<Vec<_>>().join("\n"),
        verified.record.digest,
        verified.record.entry.index,
        verified.entries.len(),
        head.origin,
        head.size,
        head.root,
        witnesses(&judged.verdict, judged.verdict_pq.as_ref(), &trust),
        NOT_IN_BUNDLE.join("; ")
    );
    let json = json!({
        "schema": "trucelog.verify.bundle/v1",
        "verdict": "verified",
        "record_digest": verified.record.digest.to_string(),
        "index": verified.record.entry.index.get(),
        "checkpoint": checkpoint_json(&judged.verdict),
        "witnesses": witnesses_json(&judged.verdict, &trust.policy),
        "witnesses_pq": witnesses_pq_json(judged.verdict_pq.as_ref(), &trust),
        "entries": verified.entries.iter().map(view::entry).collect::<Vec<_>>(),
        "not_proven": NOT_IN_BUNDLE,
    });
    output::print(command.output.output, &text, &json);
    Ok(())
}

fn verify_evidence(command: &EvidenceCommand) -> Result<(), Error> {
    let trust = command.trust.open()?;
    let evidence = Evidence::read(&command.evidence)?;
    let judgement = judge(&evidence, command, &trust)?;
    if !judgement.proven {
        return Err(NotEnough::Evidence(Box::new(judgement.sentences)).into());
    }
    let text = format!(
        "VERIFIED evidence of kind {} against {}: it suffices on its own\n{}",
        evidence.kind(),
        trust.id.origin,
        judgement.sentences.join("\n")
    );
    let json = json!({
        "schema": "trucelog.verify.evidence/v1",
        "verdict": "verified",
        "kind": evidence.kind(),
        "index": evidence.index().map(LeafIndex::get),
        "finding": evidence.finding(),
        "origin": trust.id.origin.to_string(),
        "explanation": judgement.sentences,
    });
    output::print(command.output.output, &text, &json);
    Ok(())
}

/// Judges the file alone; and what takes the log with the log that is verified here, if it reaches far enough.
fn judge(
    evidence: &Evidence,
    command: &EvidenceCommand,
    trust: &Trust,
) -> Result<Judgement, Error> {
    let in_file = |source| Error::EvidenceFile {
        path: command.evidence.clone(),
        source: Box::new(source),
    };
    let alone = evidence.judge(trust).map_err(in_file)?;
    if evidence.kind() != "successors" {
        return Ok(alone);
    }
    let successors = evidence.successors(trust).map_err(in_file)?;
    let log = match LocalLog::open(&command.trust.state()?, trust) {
        Err(Error::NotEnough(_)) => return Ok(alone),
        log => log?,
    };
    let [first, second] = successors.sizes();
    if log.size() < first.max(second) {
        return Ok(alone);
    }
    let predecessors = [
        Predecessor::at(&log, &trust.id, first)?,
        Predecessor::at(&log, &trust.id, second)?,
    ];
    successors.judge(&predecessors).map_err(in_file)
}

fn open(path: &std::path::Path, trust: &Trust) -> Result<SignedCheckpoint, Error> {
    let policy = &trust.policy;
    Checkpoint::open(&durable::read(path)?, policy.log_key(), policy.origin())
        .map_err(|error| not_opened(error, path))
}

fn not_opened(error: ProtoError, path: &std::path::Path) -> Error {
    match error {
        ProtoError::Verify(VerifyError::NoKnownSignature { .. }) => NotEnough::UnknownKey.into(),
        ProtoError::Verify(source) => Error::FalseFiles {
            paths: vec![path.to_owned()],
            source,
        },
        ProtoError::Decode(source) => Error::decode(&path.display())(source),
        _ => Error::NotA {
            what: path.display().to_string(),
            expected: "a checkpoint",
        },
    }
}

/// Fetches the newest checkpoint and checks the log that it stands for.
pub(super) async fn check_log(
    args: &TrustArgs,
    trust: &Trust,
    remote: &RemoteArgs,
    stop: &AtomicBool,
) -> Result<Report, Error> {
    let store = Store::open(&args.state()?)?;
    let fetcher = Fetcher::new(remote.connect()?, remote.patience());
    let note = fetcher.checkpoint(trust.head_kind()).await?;
    let mut bar = Bar::new("entries verified", 0);
    let report = tokio::task::block_in_place(|| {
        verify_log(
            &store,
            trust,
            &note,
            |start, end| Ok(fetcher.entries(start, end)),
            |progress| {
                bar.set_length(progress.size);
                bar.set(progress.verified);
            },
            stop,
        )
    });
    bar.finish();
    report
}

async fn follow_log(command: &LogCommand, stop: &AtomicBool) -> Result<Infallible, Error> {
    let trust = command.trust.open()?;
    let store = Store::open(&command.trust.state()?)?;
    let fetcher = Fetcher::new(command.remote.connect()?, command.remote.patience());
    let mut verifier = LogVerifier::open(store, trust.clone())?;
    let mut audience = Lines {
        trust,
        format: command.output.output,
        bar: Some(Bar::new("entries verified", 0)),
    };
    follow(&mut verifier, &fetcher, &mut audience, stop).await
}

/// One line for each head.
struct Lines {
    trust: Trust,
    format: Format,
    /// Shown until the first head has been verified.
    bar: Option<Bar>,
}

impl Audience for Lines {
    fn head(&mut self, report: &Report) -> Result<(), Error> {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
        match report.enough() {
            Ok(()) => {
                let (text, json) = describe_log(report, &self.trust);
                output::deliver(self.format, &text, &json)
            }
            Err(error) => {
                let text = format!("NOT PROVEN {error}");
                output::deliver(self.format, &text, &output::error_json(&error.into()))
            }
        }
    }

    fn progress(&mut self, progress: Progress) {
        if let Some(bar) = &mut self.bar {
            bar.set_length(progress.size);
            bar.set(progress.verified);
        }
    }

    fn trouble(&mut self, error: &Error, delay: Duration) {
        let seconds = delay.as_secs_f32();
        eprintln!("trucelog: {error}; trying again in {seconds:.1} s");
    }
}

fn print_log(report: &Report, trust: &Trust, format: Format) {
    let (text, json) = describe_log(report, trust);
    output::print(format, &text, &json);
}

fn describe_log(report: &Report, trust: &Trust) -> (String, serde_json::Value) {
    let head = report.verdict.checkpoint.checkpoint();
    let newer = report.is_newer();
    let mut text = format!(
        "VERIFIED log {} size {} root {} {}",
        head.origin,
        head.size,
        head.root,
        witnesses(&report.verdict, report.verdict_pq.as_ref(), trust)
    );
    if newer {
        text = format!(
            "{text}; {} entries verified, {} before",
            report.entries_verified, report.size_before
        );
    } else {
        text.push_str("; no newer checkpoint");
    }
    let gaps = report.gaps.gaps.iter().map(gap_text);
    let more = (report.gaps.more > 0).then(|| format!("{} more gaps", report.gaps.more));
    let all: Vec<String> = report
        .warnings
        .iter()
        .cloned()
        .chain(gaps)
        .chain(more)
        .collect();
    text.push_str(&warnings(&all));
    let json = json!({
        "schema": "trucelog.verify.log/v1",
        "verdict": "verified",
        "checkpoint": checkpoint_json(&report.verdict),
        "size_before": report.size_before.get(),
        "newer": newer,
        "entries_verified": report.entries_verified,
        "last_accepted_time": format_time(report.last_accepted_time),
        "witnesses": witnesses_json(&report.verdict, &trust.policy),
        "witnesses_pq": witnesses_pq_json(report.verdict_pq.as_ref(), trust),
        "gaps": report.gaps.gaps.iter().map(gap_json).collect::<Vec<_>>(),
        "more_gaps": report.gaps.more,
        "warnings": report.warnings,
    });
    (text, json)
}

/// Says that a station signed records which the log does not hold.
fn gap_text(gap: &Gap) -> String {
    format!(
        "a gap: station {} of {} signed {} records with its key {}, which entry {} ended; the log holds {}",
        gap.station,
        gap.member,
        gap.stated_last_sequence,
        hex(&gap.public_key),
        gap.ended_index,
        gap.logged_last_sequence
    )
}

fn gap_json(gap: &Gap) -> serde_json::Value {
    json!({
        "member": gap.member,
        "station": gap.station,
        "public_key": hex(&gap.public_key),
        "stated_last_sequence": gap.stated_last_sequence,
        "logged_last_sequence": gap.logged_last_sequence,
        "ended_index": gap.ended_index,
    })
}

fn checkpoint_json(verdict: &Verdict) -> serde_json::Value {
    let head = verdict.checkpoint.checkpoint();
    json!({
        "origin": head.origin.to_string(),
        "size": head.size.get(),
        "root": head.root.to_string(),
    })
}

fn witnesses_json(verdict: &Verdict, policy: &Policy) -> serde_json::Value {
    let cosigners = verdict.cosigners.iter().map(|cosigner| {
        json!({
            "name": cosigner.name,
            "time": format_time(cosigner.time.seconds().saturating_mul(1000)),
        })
    });
    json!({
        "quorum": policy.quorum_name(),
        "signed": cosigners.collect::<Vec<_>>(),
        "missing": verdict.missing,
    })
}

/// As [`witnesses_json`], and null when no policy with ML-DSA-44 keys is pinned.
fn witnesses_pq_json(verdict: Option<&VerdictPq>, trust: &Trust) -> serde_json::Value {
    match (verdict, &trust.policy_pq) {
        (Some(Ok(verdict)), Some(policy)) => witnesses_json(verdict, policy),
        _ => serde_json::Value::Null,
    }
}

/// The witnesses in words, with the age of the newest cosignature, under each policy.
fn witnesses(verdict: &Verdict, verdict_pq: Option<&VerdictPq>, trust: &Trust) -> String {
    let mut words = vec![receipt::witnesses(verdict, trust)];
    words.extend(receipt::witnesses_pq(verdict_pq, trust));
    let newest = verdict
        .cosigners
        .iter()
        .map(|cosigner| cosigner.time.seconds())
        .max();
    words.extend(newest.map(|seconds| {
        let age = (station::now_ms() / 1000).saturating_sub(seconds);
        format!("newest cosignature {age} s old")
    }));
    words.join(", ")
}

/// Each warning on a line of its own, after the verdict.
fn warnings(warnings: &[String]) -> String {
    warnings.iter().fold(String::new(), |text, warning| {
        text + "\nwarning: " + warning
    })
}
