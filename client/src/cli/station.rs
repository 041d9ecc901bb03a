//! `trucelog station`.

use clap::{Args, Subcommand};
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::signature::PublicKey;

use super::args::{named, public_key};
use super::author::AuthorArgs;
use crate::Error;

/// Changes station keys. Written with the key of the member's authority, or with its recovery key.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog station enrol --name m1 --role monitor --public-key m1.pem --station-dir authority
  trucelog station revoke --name m1 --public-key m1.pem --last-sequence 41 --reason lost --station-dir authority")]
pub(super) enum Command {
    Enrol(Enrol),
    Rotate(Rotate),
    Revoke(Revoke),
    MarkCompromised(MarkCompromised),
}

/// Give a new station its first key, or a revoked one its next.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog station enrol --name m1 --role monitor --public-key m1.pem --station-dir authority
  trucelog station enrol --name s1 --role sensor --holder device --public-key s1.pem --station-dir authority \\
      --sign-only enrol.signed")]
pub(super) struct Enrol {
    /// Name of the new station.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it may write: sensor, monitor, verifier, investigator, commissioner, party-liaison or authority.
    #[arg(long, value_parser = |text: &str| named(text, "ROLE_", pb::Role::from_str_name))]
    role: pb::Role,
    /// Its key: an SPKI PEM file, or hexadecimal.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    public_key: PublicKey,
    /// Who holds the key: person, office or device.
    #[arg(long, default_value = "unspecified", value_parser = |text: &str| named(text, "HOLDER_KIND_", pb::HolderKind::from_str_name))]
    holder: pb::HolderKind,
    #[command(flatten)]
    author: AuthorArgs,
}

/// Replace a station's key. The role stays.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog station rotate --name m1 --old-key old.pem --old-last-sequence 41 --new-key new.pem --station-dir authority
  trucelog station rotate --name authority --old-key old.pem --old-last-sequence 9 --new-key new.pem \\
      --station-dir recovery")]
pub(super) struct Rotate {
    /// Name of the station.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The key that ends.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    old_key: PublicKey,
    /// Last sequence signed with the old key.
    #[arg(long, value_name = "N")]
    old_last_sequence: u64,
    /// The key that begins.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    new_key: PublicKey,
    #[command(flatten)]
    author: AuthorArgs,
}

/// End a station's key. Its records stay valid.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog station revoke --name m1 --public-key m1.pem --last-sequence 41 --station-dir authority
  trucelog station revoke --name m1 --public-key m1.pem --last-sequence 41 --reason \"patrol ended\" \\
      --station-dir authority")]
pub(super) struct Revoke {
    /// Name of the station.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The key that ends.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    public_key: PublicKey,
    /// Last sequence signed with it.
    #[arg(long, value_name = "N")]
    last_sequence: u64,
    /// Why.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    author: AuthorArgs,
}

/// Warn readers about a key. What counted before still counts.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog station mark-compromised --name m1 --public-key m1.pem --since-index 1200 --station-dir authority
  trucelog station mark-compromised --name m1 --public-key m1.pem --since-index 1200 --reason \"device stolen\" \\
      --station-dir authority")]
pub(super) struct MarkCompromised {
    /// Name of the station.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The key.
    #[arg(long, value_name = "FILE|HEX", value_parser = public_key)]
    public_key: PublicKey,
    /// First index from which its records are in doubt.
    #[arg(long, value_name = "INDEX")]
    since_index: u64,
    /// Why.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let (change, author) = match self {
            Self::Enrol(command) => (
                Change::Enrolment(pb::Enrolment {
                    station: command.name,
                    role: command.role.into(),
                    public_key: command.public_key.as_bytes().to_vec(),
                    holder_kind: command.holder.into(),
                }),
                command.author,
            ),
            Self::Rotate(command) => (
                Change::Rotation(pb::Rotation {
                    station: command.name,
                    old_public_key: command.old_key.as_bytes().to_vec(),
                    old_last_sequence: command.old_last_sequence,
                    new_public_key: command.new_key.as_bytes().to_vec(),
                }),
                command.author,
            ),
            Self::Revoke(command) => (
                Change::Revocation(pb::Revocation {
                    station: command.name,
                    public_key: command.public_key.as_bytes().to_vec(),
                    last_sequence: command.last_sequence,
                    reason: command.reason,
                }),
                command.author,
            ),
            Self::MarkCompromised(command) => (
                Change::CompromiseMark(pb::CompromiseMark {
                    station: command.name,
                    public_key: command.public_key.as_bytes().to_vec(),
                    since_index: command.since_index,
                    reason: command.reason,
                }),
                command.author,
            ),
        };
        let change = Some(change);
        author
            .write(Body::StationChange(pb::StationChange { change }))
            .await
    }
}
