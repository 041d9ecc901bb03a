//! From a body to a receipt: what every command that writes a record does.

use std::path::PathBuf;

use clap::Args;
use prost::Message as _;
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::LogId;

use super::args::{RemoteArgs, TrustArgs, digest, time};
use super::output::{self, Format};
use super::submit;
use crate::key;
use crate::station::{self, Claims, Slot, Speaker, StationDir};
use crate::submit::Submitter;
use crate::{Error, durable};

/// Who signs, with which key, at which sequence.
#[derive(Args, Clone, Debug)]
pub(super) struct SignerArgs {
    /// Directory of the station: key.pem, its sequence, its signed records and their receipts.
    #[arg(
        long,
        env = "TRUCELOG_STATION_DIR",
        value_name = "DIR",
        conflicts_with = "key"
    )]
    pub(super) station_dir: Option<PathBuf>,
    /// Private key, PKCS#8 PEM, when the caller keeps the sequence.
    #[arg(long, value_name = "FILE", requires_all = ["sequence", "member", "station"])]
    key: Option<PathBuf>,
    /// Sequence of the record among those of the key; only with --key.
    #[arg(long, value_name = "N", requires = "key")]
    sequence: Option<u64>,
    /// Digest of a refused record at the same sequence; only with --key. May be given again.
    #[arg(long, value_name = "SHA256", requires = "key", value_parser = digest)]
    replaces: Vec<RecordDigest>,
    /// Code of the member; a station directory remembers it.
    #[arg(long, value_name = "CODE")]
    member: Option<String>,
    /// Name of the station; a station directory remembers it.
    #[arg(long, value_name = "NAME")]
    station: Option<String>,
    /// Time at which the record was made, RFC 3339. Default: now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_time: Option<u64>,
    /// Origin of the log, with --charter, where nothing is pinned.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<Origin>,
}

/// A signer that is ready.
pub(super) enum Signer {
    Dir(Box<StationDir>),
    Key {
        key: Box<ed25519_dalek::SigningKey>,
        speaker: Speaker,
        slot: Slot,
        id: LogId,
    },
}

impl SignerArgs {
    /// The time at which the record was made, if it was given.
    pub(super) fn created_time(&self) -> Option<u64> {
        self.created_time
    }

    /// Opens the station directory or reads the key.
    pub(super) fn open(&self, trust: &TrustArgs) -> Result<Signer, Error> {
        let id = trust.log(self.origin.as_ref())?;
        if let Some(directory) = &self.station_dir {
            let claims = Claims {
                member: self.member.clone(),
                station: self.station.clone(),
            };
            return Ok(Signer::Dir(Box::new(StationDir::open(
                directory, &id, &claims,
            )?)));
        }
        let (Some(path), Some(member), Some(station), Some(sequence)) =
            (&self.key, &self.member, &self.station, self.sequence)
        else {
            return Err(Error::Missing {
                what: "the signing key",
                remedy: "give --station-dir DIR, or --key, --sequence, --member and --station",
            });
        };
        Ok(Signer::Key {
            key: Box::new(key::read(path)?),
            speaker: Speaker {
                member: member.clone(),
                station: station.clone(),
            },
            slot: Slot {
                sequence,
                replaces: self.replaces.clone(),
            },
            id,
        })
    }

    /// Who would sign, and for which log.
    fn speaker(&self, trust: &TrustArgs) -> Result<(LogId, Speaker), Error> {
        match self.open(trust)? {
            Signer::Dir(directory) => Ok((
                trust.log(self.origin.as_ref())?,
                directory.speaker().clone(),
            )),
            Signer::Key { speaker, id, .. } => Ok((id, speaker)),
        }
    }

    /// Signs a record. `--created-time` wins over a time in the record.
    pub(super) fn sign(
        &self,
        signer: &Signer,
        mut record: pb::Record,
    ) -> Result<(Option<PathBuf>, pb::Submission), Error> {
        if let Some(time) = self.created_time {
            record.created_time = time;
        }
        match signer {
            Signer::Dir(directory) => {
                let (path, submission) = directory.sign(record)?;
                Ok((Some(path), submission))
            }
            Signer::Key {
                key,
                speaker,
                slot,
                id,
            } => Ok((None, station::sign(record, speaker, slot, id, key)?)),
        }
    }
}

/// The options of a command that writes a record.
#[derive(Args, Clone, Debug)]
pub(super) struct AuthorArgs {
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    /// Write the signed record to this file and do not submit it, for a machine without a network.
    #[arg(long, value_name = "FILE")]
    sign_only: Option<PathBuf>,
}

impl AuthorArgs {
    /// Who will sign, and for which log.
    pub(super) fn speaker(&self) -> Result<(LogId, Speaker), Error> {
        self.signer.speaker(&self.trust)
    }

    /// Signs a body and submits it, or writes it with `--sign-only`.
    pub(super) async fn write(&self, body: Body) -> Result<(), Error> {
        let record = pb::Record {
            body: Some(body),
            ..pb::Record::default()
        };
        let signer = self.signer.open(&self.trust)?;
        if let Some(path) = &self.sign_only {
            let (_, submission) = self.signer.sign(&signer, record)?;
            return write_signed(path, &submission);
        }
        let Signer::Dir(station) = &signer else {
            return Err(Error::Missing {
                what: "the place of the receipt",
                remedy: "give --station-dir DIR, or --sign-only FILE and submit that file",
            });
        };
        // The address is checked before a sequence is used.
        let channel = self.remote.connect()?;
        let trust = self.trust.open()?;
        self.signer.sign(&signer, record)?;
        let files = submit::signed_files(&[station.signed_directory()])?;
        let batch = submit::Batch::new(files, &trust, true)?;
        let submitter = Submitter::new(channel, trust, self.remote.patience());
        batch
            .submit(&submitter, Format::Text, &self.trust.state()?)
            .await
    }
}

/// Writes a `.signed` file and says what it holds.
pub(super) fn write_signed(
    path: &std::path::Path,
    submission: &pb::Submission,
) -> Result<(), Error> {
    durable::replace(path, &submission.encode_to_vec())?;
    output::line(format_args!(
        "signed {} {}",
        station::digest_of(submission),
        path.display()
    ));
    Ok(())
}
