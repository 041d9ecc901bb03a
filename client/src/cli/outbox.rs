//! `trucelog outbox`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use clap::{Args, Subcommand};
use prost::Message as _;
use serde_json::{Value, json};
use tonic::Status;
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::pb;

use super::args::{OutputArgs, RemoteArgs, TrustArgs, WaitArgs, digest, time};
use super::output::{self, Format};
use crate::falsehood::{False, Falsehood};
use crate::json::format_time;
use crate::not_enough::NotEnough;
use crate::outbox::{self, Comparison, Letter, LetterState};
use crate::reader::LocalLog;
use crate::retry::{Notice, Patience};
use crate::station::{Claims, StationDir, digest_of, receipt_path};
use crate::submit::Submitter;
use crate::{Error, durable, json as records};

/// How often a runner says that the server does not answer.
const TELL_INTERVAL: Duration = Duration::from_secs(60);

/// Stores records on disk and forwards them, in order, whenever the server is there.
///
/// The outbox is the station directory: `add` signs a record there, `run` sends what has no receipt, `status` says what
/// has become of every record and compares the receipts with the verified log.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog outbox add report.json --station-dir station
  trucelog outbox run --station-dir station --remote https://log.example.org --follow")]
pub(super) enum Command {
    Add(Add),
    Run(Run),
    Status(StatusCommand),
}

/// Sign a record and put it into the outbox, without a network. It is durable when the command ends.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog outbox add report.json --station-dir station --member UKR --station m1
  trucelog outbox add mended.json --station-dir station --replaces SHA256")]
pub(super) struct Add {
    /// The record as JSON, an incident report or any other body; see `trucelog incident template`.
    #[arg(value_name = "FILE")]
    record: PathBuf,
    #[command(flatten)]
    place: StationArgs,
    /// Code of the member; the station directory remembers it.
    #[arg(long, value_name = "CODE")]
    member: Option<String>,
    /// Name of the station; the station directory remembers it.
    #[arg(long, value_name = "NAME")]
    station: Option<String>,
    /// Digest of a record that was refused: sign at its sequence instead of after all others.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    replaces: Option<RecordDigest>,
    /// If the newest record in the outbox says the same, name it again and sign nothing. For a caller that runs the same
    /// command again after a crash.
    #[arg(long, conflicts_with = "replaces")]
    once: bool,
    /// Time at which the record was made, RFC 3339. Default: now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_time: Option<u64>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Send the records in order until each has its receipt. An absent server is waited for, without limit unless --patience
/// is given. At a refusal nothing more is sent: mend the record with `outbox add --replaces` and run again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog outbox run --station-dir station --remote https://log.example.org
  trucelog outbox run --station-dir station --remote https://log.example.org --follow --wait-for witnessed")]
pub(super) struct Run {
    #[command(flatten)]
    place: StationArgs,
    /// Go on with records that are added later.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Say what has become of every record: waiting, logged, refused. Receipts are compared with the locally verified log;
/// an accepted record that is not where its receipt says is OMITTED, and ends with exit code 1 and evidence.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog outbox status --station-dir station
  trucelog outbox status --station-dir station -o json")]
pub(super) struct StatusCommand {
    #[command(flatten)]
    place: StationArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// The outbox.
#[derive(Args, Clone, Debug)]
struct StationArgs {
    /// Directory of the station: key.pem, its sequence, its signed records and their receipts.
    #[arg(long, env = "TRUCELOG_STATION_DIR", value_name = "DIR")]
    station_dir: PathBuf,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        match self {
            Self::Status(command) => command.output.output,
            _ => Format::Text,
        }
    }

    pub(super) async fn run(self) -> Result<(), Error> {
        match self {
            Self::Add(command) => command.run(),
            Self::Run(command) => command.run().await,
            Self::Status(command) => command.run(),
        }
    }
}

impl Add {
    fn run(self) -> Result<(), Error> {
        let text = String::from_utf8_lossy(&durable::read(&self.record)?).into_owned();
        let mut record = records::parse_record(&text)?;
        if let Some(time) = self.created_time {
            record.created_time = time;
        }
        let claims = Claims {
            member: self.member,
            station: self.station,
        };
        let id = self.trust.log(None)?;
        let station = StationDir::open(&self.place.station_dir, &id, &claims)?;
        let newest = if self.once { station.newest()? } else { None };
        let (path, submission) = match (newest, &self.replaces) {
            (Some((path, newest)), _) if says(&newest, &record) => (path, newest),
            (_, Some(digest)) => station.replace(record, digest)?,
            (_, None) => station.append(record)?,
        };
        output::line(format_args!(
            "added {} {}",
            digest_of(&submission),
            path.display()
        ));
        Ok(())
    }
}

/// Tells whether a signed record says what `record` says, whenever it was made.
fn says(submission: &pb::Submission, record: &pb::Record) -> bool {
    let signed = submission.signed_record.as_ref();
    let bytes = signed.map_or(&[][..], |signed| &signed.record);
    pb::Record::decode(bytes).is_ok_and(|signed| {
        let made = [0, signed.created_time].contains(&record.created_time);
        made && signed.body == record.body && signed.label == record.label
    })
}

impl Run {
    async fn run(self) -> Result<(), Error> {
        let trust = self.trust.open()?;
        let patience = self.remote.patience_or(Patience::ENDLESS);
        let submitter = Submitter::new(self.remote.connect()?, trust, patience);
        let submitter = self.wait.apply(submitter).telling(absence_notice());
        let mut logged = 0_u64;
        let told = |path: &Path, receipt: &crate::receipt::Receipt| {
            logged += 1;
            output::line(format_args!(
                "logged {} index {} {}",
                receipt.digest(),
                receipt.index,
                receipt_path(path).display()
            ));
        };
        outbox::run(
            &self.place.station_dir,
            &submitter,
            self.follow,
            &self.trust.state()?,
            told,
        )
        .await?;
        output::line(format_args!("{logged} logged, nothing waits"));
        Ok(())
    }
}

/// Says on standard error, at most once in a while, that the server does not answer.
fn absence_notice() -> Notice {
    let told: Mutex<Option<Instant>> = Mutex::new(None);
    Notice::new(move |status: &Status| {
        let Ok(mut told) = told.lock() else { return };
        if told.is_none_or(|at| at.elapsed() >= TELL_INTERVAL) {
            *told = Some(Instant::now());
            eprintln!(
                "trucelog: no answer yet ({}: {}); trying again",
                status.code(),
                status.message()
            );
        }
    })
}

impl StatusCommand {
    fn run(self) -> Result<(), Error> {
        let trust = self.trust.open()?;
        let letters = outbox::read(&self.place.station_dir, &trust)?;
        let state = self.trust.state()?;
        let log = match LocalLog::open(&state, &trust) {
            Ok(log) => Some(log),
            Err(Error::NotEnough(NotEnough::NothingVerified(_))) => None,
            Err(error) => return Err(error),
        };
        let comparison = log
            .as_ref()
            .map(|log| outbox::compare(&letters, log, &trust, &state))
            .transpose()?;
        let shown = Shown {
            letters,
            size: log.map(|log| log.size().get()),
            comparison: comparison.unwrap_or_default(),
        };
        output::print(self.output.output, &shown.text(), &shown.json());
        let omitted = shown.comparison.omitted.into_iter().next();
        omitted.map_or(Ok(()), |omitted| Err(Box::new(omitted).into()))
    }
}

/// What `status` answers.
struct Shown {
    letters: Vec<Letter>,
    /// Size of the verified log, if there is one.
    size: Option<u64>,
    comparison: Comparison,
}

impl Shown {
    fn count(&self, counts: impl Fn(&LetterState) -> bool) -> usize {
        let letters = self.letters.iter();
        letters.filter(|letter| counts(&letter.state)).count()
    }

    fn omission(&self, letter: &Letter) -> Option<&Falsehood> {
        let is = |omitted: &&Falsehood| match omitted.what {
            False::Omitted { record, .. } => record == letter.digest,
            _ => false,
        };
        self.comparison.omitted.iter().find(is)
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = self
            .letters
            .iter()
            .map(|letter| self.line(letter))
            .collect();
        let logged = self.count(|state| matches!(state, LetterState::Logged { .. }));
        let waiting = self.count(|state| matches!(state, LetterState::Waiting { .. }));
        let refused = self.count(|state| matches!(state, LetterState::Refused(_)));
        lines.push(format!(
            "{logged} logged, {waiting} waiting, {refused} refused, {} omitted; {}",
            self.comparison.omitted.len(),
            self.compared()
        ));
        lines.join("\n")
    }

    /// What was compared, and what was not.
    fn compared(&self) -> String {
        let Comparison { held, beyond, .. } = self.comparison;
        match self.size {
            None => "no receipt was compared: run trucelog verify log".to_owned(),
            Some(size) => format!(
                "{held} found in the verified log of size {size}, {beyond} beyond it and not compared"
            ),
        }
    }

    fn line(&self, letter: &Letter) -> String {
        let state = match &letter.state {
            LetterState::Waiting { since } => format!("waiting for {} s", age(*since).as_secs()),
            LetterState::Logged { index } => match self.omission(letter) {
                Some(omitted) => {
                    format!("{} (evidence {})", omitted.what, omitted.evidence.display())
                }
                None => format!("logged at index {index}"),
            },
            LetterState::Refused(refused) => {
                format!(
                    "refused {refused}\n  mend it: trucelog outbox add FILE --replaces {}",
                    letter.digest
                )
            }
            LetterState::Replaced => "replaced".to_owned(),
        };
        format!("{} {} {state}", letter.sequence, letter.digest)
    }

    fn json(&self) -> Value {
        json!({
            "schema": "trucelog.outbox.status/v1",
            "verified_size": self.size,
            "held": self.comparison.held,
            "not_compared": match self.size {
                Some(_) => self.comparison.beyond,
                None => self.count(|state| matches!(state, LetterState::Logged { .. })),
            },
            "omitted": self.comparison.omitted.len(),
            "records": self.letters.iter().map(|letter| self.letter_json(letter)).collect::<Vec<_>>(),
        })
    }

    fn letter_json(&self, letter: &Letter) -> Value {
        let (state, index, since, refused) = match &letter.state {
            LetterState::Waiting { since } => ("waiting", None, Some(*since), None),
            LetterState::Logged { index } => match self.omission(letter) {
                Some(_) => ("omitted", Some(*index), None, None),
                None => ("logged", Some(*index), None, None),
            },
            LetterState::Refused(refused) => ("refused", None, None, Some(refused)),
            LetterState::Replaced => ("replaced", None, None, None),
        };
        json!({
            "sequence": letter.sequence,
            "record_digest": letter.digest.to_string(),
            "file": letter.path,
            "state": state,
            "index": index.map(LeafIndex::get),
            "waiting_since": since.and_then(unix_ms).and_then(format_time),
            "waiting_seconds": since.map(|since| age(since).as_secs()),
            "refused": refused,
            "evidence": self.omission(letter).map(|omitted| &omitted.evidence),
        })
    }
}

fn age(since: SystemTime) -> Duration {
    SystemTime::now().duration_since(since).unwrap_or_default()
}

fn unix_ms(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}
