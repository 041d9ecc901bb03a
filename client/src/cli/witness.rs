//! `trucelog witness`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::note::{KeyMaterial, VerifierKey};
use trucelog_proto::pb::CheckpointKind;

use super::args::OutputArgs;
use super::output::{self, Format};
use crate::fetch::Fetcher;
use crate::json::format_time;
use crate::receipt;
use crate::retry::Patience;
use crate::store::Store;
use crate::trust::{self, Trust};
use crate::witness::config::{self, Config, VerifierConfig};
use crate::witness::cosigned::{Cosigned, Signer};
use crate::witness::http::{Limited, Shared, file_of, routes};
use crate::witness::verifier::{self, Event, VerifierCosigner};
use crate::witness::{WitnessError, check_halted};
use crate::{Error, durable, remote, station};

/// Cosigns what was verified, for others to count. NAME/verifier cosigns one log after it has verified every entry;
/// NAME/witness cosigns foreign logs as c2sp.org/tlog-witness says.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog witness init witness --name ukr.example --remote https://log.example.org --policy policy --charter SHA256
  trucelog witness run witness")]
pub(super) enum Command {
    Init(Box<InitCommand>),
    Run(RunCommand),
    Status(StatusCommand),
}

/// Make the keys and the configuration of a witness, and print the lines that others put into their policies. Keys are
/// readable by their owner only, and are never replaced. Never restore the directory from a backup: a key must not
/// cosign twice at one size. If it is lost, make a new one.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog witness init witness --name ukr.example --remote https://log.example.org --policy policy --charter SHA256
  trucelog witness init witness --name ukr.example --listen 127.0.0.1:7480 --log example.org/log+1bf1379a+AYqI…")]
pub(super) struct InitCommand {
    /// Directory of the witness; created.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Name of the member's cosigners.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Server of the log that is verified: `https://HOST[:PORT]`, or `http://` on loopback.
    #[arg(long, value_name = "URL", requires_all = ["policy", "charter"], required_unless_present = "log")]
    remote: Option<String>,
    /// Certificates in PEM that are trusted instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Policy of the log that is verified. Its witnesses are not asked, only its log and charter are.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Policy with the log's ML-DSA-44 key, so that its line is kept, too.
    #[arg(long, value_name = "FILE", requires = "remote")]
    policy_pq: Option<PathBuf>,
    /// Record digest of the charter of the log that is verified.
    #[arg(long, value_name = "SHA256")]
    charter: Option<CharterDigest>,
    /// Directory of the member's witness of another log. Its verifier's keys are taken, so that its lines in policies hold
    /// for this log, too: for a successor, `docs/succession.md`.
    #[arg(long, value_name = "DIR", requires = "remote")]
    verifier_keys_of: Option<PathBuf>,
    /// Where to serve c2sp.org/tlog-witness; plain HTTP, put a proxy with TLS in front.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Key of a foreign log, a vkey. May be given again; more keys of one log go into the configuration.
    #[arg(long, value_name = "VKEY", requires = "listen")]
    log: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Cosign until something is false. It dials out; only with listen in its configuration can others ask it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog witness run witness
  trucelog witness run /var/lib/trucelog-witness -o json")]
pub(super) struct RunCommand {
    /// Directory of the witness.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Show the last checkpoint that was cosigned of each log, its age, and whether the verified log is at quorum.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog witness status witness
  trucelog witness status witness -o json")]
pub(super) struct StatusCommand {
    /// Directory of the witness.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Give up after so many seconds without an answer of the log.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    patience: u64,
    #[command(flatten)]
    output: OutputArgs,
}

impl Command {
    pub(super) fn format(&self) -> Format {
        match self {
            Self::Init(command) => command.output.output,
            Self::Run(command) => command.output.output,
            Self::Status(command) => command.output.output,
        }
    }

    pub(super) async fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        match self {
            Self::Init(command) => init(&command),
            Self::Run(command) => run(&command, stop).await,
            Self::Status(command) => status(&command).await,
        }
    }
}

fn init(command: &InitCommand) -> Result<(), Error> {
    let directory = &command.directory;
    let config = Config {
        name: command.name.clone(),
        listen: command.listen,
        verifier: command.remote.clone().map(|remote| VerifierConfig {
            remote,
            ca: command.ca.clone(),
        }),
        logs: command
            .log
            .iter()
            .map(|vkey| config::LogConfig {
                vkeys: vec![vkey.clone()],
            })
            .collect(),
    };
    config.check(&directory.join(config::FILE))?;
    durable::create_directory(directory)?;
    if config.verifier.is_some() {
        let state = directory.join("log");
        let trust = Trust::open(&state, command.policy.as_deref(), command.charter)?;
        if let Some(other) = &command.verifier_keys_of {
            check_other(other, &config, &trust)?;
        }
        if let Some(policy_pq) = &command.policy_pq {
            trust.pin_pq(&state, policy_pq)?;
        }
    }
    durable::create_private(&directory.join(config::FILE), config.format().as_bytes())?;
    let name = |which| config.cosigner(which).key_name().clone();
    let verifier = match &command.verifier_keys_of {
        Some(other) => Signer::copy(other, directory, "verifier", name("verifier"))?,
        None => Signer::create(directory, "verifier", name("verifier"))?,
    };
    let witness = Signer::create(directory, "witness", name("witness"))?;
    let keys = [verifier.vkeys(), witness.vkeys()].concat();
    print_keys(&keys, command.output.output);
    Ok(())
}

/// A key cosigns one log from one directory only, under one name.
fn check_other(other: &Path, config: &Config, trust: &Trust) -> Result<(), Error> {
    let name = Config::read(other)?.name;
    if name != config.name {
        return Err(Error::NotA {
            what: format!("--name {}", config.name),
            expected: "the name of the witness whose keys are taken: lines in policies hold for one name",
        });
    }
    let log = Trust::open(&other.join("log"), None, None)?.id.origin;
    if log == trust.id.origin {
        return Err(Error::NotA {
            what: format!("--verifier-keys-of {}", other.display()),
            expected: "a witness of another log: two directories would cosign twice at one size",
        });
    }
    Ok(())
}

fn print_keys(keys: &[VerifierKey], format: Format) {
    let is_pq = |key: &VerifierKey| matches!(key.material(), KeyMaterial::MlDsa44(_));
    let line = |key: &VerifierKey| format!("witness {} {key}", key.name());
    let lines = |pq: bool| -> Vec<String> {
        keys.iter()
            .filter(|key| is_pq(key) == pq)
            .map(line)
            .collect()
    };
    let [policy, policy_pq] = [lines(false), lines(true)];
    let text = format!(
        "for policies with Ed25519 keys:\n{}\nfor policies with ML-DSA-44 keys:\n{}",
        policy.join("\n"),
        policy_pq.join("\n")
    );
    let json = json!({
        "schema": "trucelog.witness.init/v1",
        "policy": policy,
        "policy_pq": policy_pq,
    });
    output::print(format, &text, &json);
}

async fn run(command: &RunCommand, stop: &AtomicBool) -> Result<(), Error> {
    let directory = &command.directory;
    let config = Config::read(directory)?;
    let _lock = durable::lock(&directory.join("lock"))?;
    check_halted(directory)?;
    let format = command.output.output;
    let verifier = match &config.verifier {
        Some(verifier) => Some(open_verifier(directory, &config, verifier)?),
        None => None,
    };
    let (fatal, mut ends) = mpsc::channel(1);
    let cosigner = verifier.as_ref().map(|(cosigner, _)| cosigner.clone());
    let _keep = fatal.clone();
    if let Some(address) = config.listen {
        let name = config.cosigner("witness").key_name().clone();
        let signer = Signer::read(directory, "witness", name)?;
        let shared = Shared::open(directory, config.foreign_logs(), &signer, cosigner, fatal)?;
        serve(address, shared, format).await?;
    }
    let told = |event: Event<'_>| tell(&event, format);
    let verifying = async {
        match &verifier {
            Some((cosigner, fetcher)) => verifier::run(cosigner, fetcher, &told, stop).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = verifying => match ended? {},
        Some(error) = ends.recv() => Err(error),
    }
}

fn open_verifier(
    directory: &Path,
    config: &Config,
    verifier: &VerifierConfig,
) -> Result<(Arc<Mutex<VerifierCosigner>>, Fetcher), Error> {
    let state = directory.join("log");
    let trust = Trust::open(&state, None, None)?;
    let name = config.cosigner("verifier").key_name().clone();
    let signer = Signer::read(directory, "verifier", name)?;
    let fetcher = fetcher(verifier, Patience::default())?;
    let store = Store::open(&state)?;
    let cosigner = VerifierCosigner::open(directory, store, trust, signer, fetcher.clone())?;
    Ok((Arc::new(Mutex::new(cosigner)), fetcher))
}

fn fetcher(verifier: &VerifierConfig, patience: Patience) -> Result<Fetcher, Error> {
    let ca = verifier.ca.as_deref().map(durable::read).transpose()?;
    let channel = remote::connect(&verifier.remote, ca.as_deref())?;
    Ok(Fetcher::new(channel, patience))
}

async fn serve(address: SocketAddr, shared: Shared, format: Format) -> Result<(), Error> {
    let refused = |error: std::io::Error| WitnessError::Listen {
        address,
        problem: error.to_string(),
    };
    let tcp = TcpListener::bind(address).await.map_err(refused)?;
    let address = tcp.local_addr().map_err(refused)?;
    let json = json!({
        "schema": "trucelog.witness.event/v1",
        "event": "listening",
        "address": address.to_string(),
    });
    output::print(format, &format!("listening {address}"), &json);
    tokio::spawn(async move {
        // It serves until the process ends.
        drop(axum::serve(Limited::new(tcp), routes(shared)).await);
    });
    Ok(())
}

fn tell(event: &Event<'_>, format: Format) {
    let (text, fields) = match event {
        Event::Trouble(error, delay) => {
            let seconds = delay.as_secs_f32();
            eprintln!("trucelog: {error}; trying again in {seconds:.1} s");
            return;
        }
        Event::Cosigned {
            checkpoint,
            handed_in,
        } => (
            format!(
                "COSIGNED log {} size {} root {}; {}",
                checkpoint.origin,
                checkpoint.size,
                checkpoint.root,
                if handed_in.witnessed {
                    "at quorum"
                } else {
                    "not at quorum yet"
                }
            ),
            json!({
                "event": "cosigned",
                "size": checkpoint.size.get(),
                "root": checkpoint.root.to_string(),
                "stored": handed_in.stored,
                "witnessed": handed_in.witnessed,
            }),
        ),
        Event::Withheld(accepted) => (
            format!(
                "WITHHELD: the log says that it accepted an entry at {}, ahead of this clock; check the time here",
                format_time(*accepted).unwrap_or_default()
            ),
            json!({ "event": "withheld", "last_accepted_time": format_time(*accepted) }),
        ),
        Event::Behind(size) => (
            format!(
                "NOT COSIGNED: the log shows less than size {size}, which was cosigned; it was told"
            ),
            json!({ "event": "behind", "cosigned_size": size.get() }),
        ),
    };
    let mut json = json!({ "schema": "trucelog.witness.event/v1" });
    if let (Some(json), Some(fields)) = (json.as_object_mut(), fields.as_object()) {
        json.extend(fields.clone());
    }
    output::print(format, &text, &json);
}

async fn status(command: &StatusCommand) -> Result<(), Error> {
    let directory = &command.directory;
    let config = Config::read(directory)?;
    let mut text = Vec::new();
    let mut logs = Vec::new();
    let mut show = |which: &str, file: &str, origin: String| -> Result<(), Error> {
        let name = config.cosigner(which).key_name().clone();
        let cosigned = Cosigned::open(directory, file, Signer::read(directory, which, name)?)?;
        let last = cosigned.last();
        let age = last.map(|last| (station::now_ms() / 1000).saturating_sub(last.time.seconds()));
        text.push(match (last, age) {
            (Some(last), Some(age)) => format!(
                "{which} of {origin}: size {} root {}, cosigned {age} s ago",
                last.checkpoint.size, last.checkpoint.root
            ),
            _ => format!("{which} of {origin}: nothing cosigned yet"),
        });
        logs.push(json!({
            "cosigner": config.cosigner(which).to_string(),
            "origin": origin,
            "size": last.map(|last| last.checkpoint.size.get()),
            "root": last.map(|last| last.checkpoint.root.to_string()),
            "age_seconds": age,
        }));
        Ok(())
    };
    let mut trust = None;
    if config.verifier.is_some() {
        let pinned = Trust::open(&directory.join("log"), None, None)?;
        show("verifier", "verifier", pinned.id.origin.to_string())?;
        trust = Some(pinned);
    }
    for log in config.foreign_logs() {
        show("witness", &file_of(&log.origin), log.origin.to_string())?;
    }
    let quorum = match (&config.verifier, &trust) {
        (Some(verifier), Some(trust)) => {
            let patience = Patience(Duration::from_secs(command.patience));
            Some(quorum(&fetcher(verifier, patience)?, trust).await)
        }
        _ => None,
    };
    text.extend(quorum.iter().map(|quorum| format!("quorum: {quorum}")));
    let json = json!({
        "schema": "trucelog.witness.status/v1",
        "logs": logs,
        "quorum": quorum,
    });
    output::print(command.output.output, &text.join("\n"), &json);
    check_halted(directory)
}

/// What the pinned policy says about the newest checkpoint that the log calls witnessed.
async fn quorum(fetcher: &Fetcher, trust: &Trust) -> String {
    let note = match fetcher.checkpoint(CheckpointKind::Witnessed).await {
        Ok(note) => note,
        Err(error) => return format!("unknown: {error}"),
    };
    match trust.judge(&note) {
        Ok(judged) => {
            let size = judged.verdict.checkpoint.checkpoint().size;
            let mut words = vec![receipt::witnesses(&judged.verdict, trust)];
            words.extend(receipt::witnesses_pq(judged.verdict_pq.as_ref(), trust));
            let reached = match trust::enough(&judged.verdict, judged.verdict_pq.as_ref()) {
                Ok(()) => "reached",
                Err(_) => "not reached",
            };
            format!("{reached} at size {size}, {}", words.join(", "))
        }
        Err(error) => format!("the log's checkpoint does not hold: {error}"),
    }
}
