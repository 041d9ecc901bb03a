//! `trucelog charter`.

mod endorse;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use prost::Message as _;
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{LogId, NO_CHARTER};
use trucelog_proto::signature::PublicKey;

use super::args::{public_key, time};
use super::output;
use crate::founding::{self, Founding};
use crate::key::{self, AnyPublicKey};
use crate::{Error, durable, json, station};

/// A charter with every number of a small commission, to be edited.
const TEMPLATE: &str = include_str!("../../templates/charter.json");

/// Writes, endorses and shows the charter that founds a log.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog charter template > charter.json
  trucelog charter new charter.json --key operator.pem --out charter.signed --policy-out policy")]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a process")]
pub(super) enum Command {
    /// Print a charter to edit.
    #[command(after_help = "Examples:
  trucelog charter template
  trucelog charter template > charter.json")]
    Template,
    New(New),
    Endorse(endorse::Command),
    Show(Show),
}

/// Check a charter against all rules and sign it with the operator's key.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog charter new charter.json --key operator.pem --out charter.signed --policy-out policy
  trucelog charter new charter.json --key operator.pem --out charter.signed --log-key log.pub \\
      --member-keys FRA=fra/authority.pub,fra/recovery.pub
  trucelog charter new next.json --key operator.pem --out next.signed --policy-out policy \\
      --endorsement DEU.endorsement --endorsement FRA.endorsement")]
pub(super) struct New {
    /// The charter as JSON; see `trucelog charter template`.
    #[arg(value_name = "FILE")]
    charter: PathBuf,
    /// The operator's private key, which signs the charter and nothing else.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The log's public key, where the charter leaves `log_key` empty.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    log_key: Option<PublicKey>,
    /// File of the log's ML-DSA-44 key, where the charter leaves `log_key_pq` empty and the log is to have one.
    #[arg(long, value_name = "FILE")]
    log_key_pq: Option<PathBuf>,
    /// Authority and recovery key of a member, where the charter leaves them empty. May be given again.
    #[arg(long, value_name = "CODE=FILE|HEX,FILE|HEX", value_parser = member_keys)]
    member_keys: Vec<MemberKeys>,
    /// Endorsement of a charter that names a predecessor, from `trucelog charter endorse`. May be given again.
    #[arg(long, value_name = "FILE")]
    endorsement: Vec<PathBuf>,
    /// Where to write the signed charter, for `trucelogd init`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where to write a policy without witnesses.
    #[arg(long, value_name = "FILE")]
    policy_out: Option<PathBuf>,
    /// Where to write a policy without witnesses for the log's ML-DSA-44 key.
    #[arg(long, value_name = "FILE")]
    policy_pq_out: Option<PathBuf>,
    /// Time at which the charter was made, RFC 3339. Default: now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_time: Option<u64>,
}

/// The two keys of a member.
#[derive(Clone, Debug)]
struct MemberKeys {
    code: String,
    authority: PublicKey,
    recovery: PublicKey,
}

fn member_keys(text: &str) -> Result<MemberKeys, String> {
    let parts = text
        .split_once('=')
        .and_then(|(code, keys)| Some((code, keys.split_once(',')?)));
    let (code, (authority, recovery)) =
        parts.ok_or("write it as CODE=AUTHORITY_KEY,RECOVERY_KEY")?;
    Ok(MemberKeys {
        code: code.to_owned(),
        authority: public_key(authority)?,
        recovery: public_key(recovery)?,
    })
}

/// Show a signed charter and its digest.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog charter show charter.signed
  trucelog charter show charter.signed | head -1")]
pub(super) struct Show {
    /// The signed charter.
    #[arg(value_name = "FILE")]
    charter: PathBuf,
}

impl Command {
    pub(super) fn run(self) -> Result<(), Error> {
        match self {
            Self::Template => {
                output::line(TEMPLATE.trim_end());
                Ok(())
            }
            Self::New(command) => new(&command),
            Self::Endorse(command) => command.run(),
            Self::Show(command) => show(&command),
        }
    }
}

fn new(command: &New) -> Result<(), Error> {
    let key = key::read(&command.key)?;
    let (mut record, mut charter) = founding::read_draft(&command.charter)?;
    let origin: Origin = charter
        .origin
        .parse()
        .map_err(Error::decode(&"charter.origin"))?;
    fill_in_keys(&mut charter, &origin, PublicKey::of(&key), command)?;
    endorse::collect(&mut charter, &command.endorsement)?;
    let (log_key, log_key_pq) = (charter.log_key.clone(), charter.log_key_pq.clone());
    if command.policy_pq_out.is_some() && log_key_pq.is_empty() {
        return Err(Error::Missing {
            what: "the log's ML-DSA-44 key",
            remedy: "give --log-key-pq FILE, or leave --policy-pq-out out",
        });
    }
    record.created_time = command.created_time.unwrap_or(record.created_time);
    record.body = Some(Body::Charter(charter));
    let submission = sign(record, &origin, &key)?;
    let digest = Founding::of(submission.signed_record.clone().unwrap_or_default())?
        .id
        .charter;
    durable::replace(&command.out, &submission.encode_to_vec())?;
    for (path, key) in [
        (&command.policy_out, log_key),
        (&command.policy_pq_out, log_key_pq),
    ] {
        if let Some(path) = path {
            let policy = format!("# trucelog-charter {digest}\nlog {key}\nquorum none\n");
            durable::replace(path, policy.as_bytes())?;
        }
    }
    output::line(format_args!("charter {digest}"));
    Ok(())
}

/// Puts the keys that the command names where the charter leaves them empty.
fn fill_in_keys(
    charter: &mut pb::Charter,
    origin: &Origin,
    operator: PublicKey,
    command: &New,
) -> Result<(), Error> {
    let fill_in = |field: &mut Vec<u8>, key: PublicKey| {
        if field.is_empty() {
            *field = key.as_bytes().to_vec();
        }
    };
    fill_in(&mut charter.operator_key, operator);
    if let (true, Some(key)) = (charter.log_key.is_empty(), command.log_key) {
        charter.log_key = VerifierKey::ed25519(origin.key_name().clone(), key).to_string();
    }
    if let (true, Some(path)) = (charter.log_key_pq.is_empty(), &command.log_key_pq) {
        let key = AnyPublicKey::read(path)?;
        charter.log_key_pq = key.vkey(origin.key_name().clone()).to_string();
    }
    for member in &mut charter.members {
        let keys = command
            .member_keys
            .iter()
            .find(|keys| keys.code == member.code);
        if let Some(keys) = keys {
            fill_in(&mut member.authority_key, keys.authority);
            fill_in(&mut member.recovery_key, keys.recovery);
        }
    }
    Ok(())
}

fn sign(
    record: pb::Record,
    origin: &Origin,
    key: &ed25519_dalek::SigningKey,
) -> Result<pb::Submission, Error> {
    let id = LogId {
        origin: origin.clone(),
        charter: NO_CHARTER,
    };
    station::sign(record, &founding::speaker(), &founding::slot(), &id, key)
}

fn show(command: &Show) -> Result<(), Error> {
    let founding = Founding::read(&command.charter)?;
    output::line(format_args!("charter {}", founding.id.charter));
    output::line(format_args!("{:#}", json::from_record(&founding.record)));
    Ok(())
}
