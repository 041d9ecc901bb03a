//! Openings: what a member keeps, beside the content, to show later what it committed to.
//!
//! In scope: making a commitment, the file that opens it, and checking an opening against a record. Out of scope: who
//! may open a commitment in the log, which the rules say.
//!
//! Source: `proto/spec/sealed.md`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::error::VerifyError;
use trucelog_proto::hash::Commitment;
use trucelog_proto::pb;
use trucelog_proto::pb::evidence_item::Content;
use trucelog_proto::pb::place::Location;
use trucelog_proto::pb::record::Body;
use trucelog_proto::sealed::{Committer, Salt};

use crate::json::{hex, parse_hex};
use crate::{Error, durable};

const SCHEMA: &str = "trucelog.opening/v1";

/// What opens a commitment, together with the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Origin of the log for which the commitment was made.
    pub origin: Origin,
    /// Code of the member that made it.
    pub member: String,
    /// The commitment.
    pub commitment: Commitment,
    /// The salt.
    pub salt: Salt,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    origin: String,
    member: String,
    commitment: String,
    salt: String,
}

impl Opening {
    /// Commits `member` to the content of a file, with a salt of its own.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Random`].
    pub fn seal(origin: &Origin, member: &str, content: &Path) -> Result<Self, Error> {
        let mut salt = Salt([0; 32]);
        getrandom::fill(&mut salt.0)?;
        Ok(Self {
            commitment: committed(origin, member, &salt, content)?,
            origin: origin.clone(),
            member: member.to_owned(),
            salt,
        })
    }

    /// Writes the opening to a new file that only its owner may read.
    ///
    /// # Errors
    /// [`Error::Io`], also when there is a file of this name.
    ///
    /// # Panics
    /// Never: text has a JSON form.
    pub fn create(&self, path: &Path) -> Result<(), Error> {
        let written = Written {
            schema: SCHEMA.to_owned(),
            origin: self.origin.to_string(),
            member: self.member.clone(),
            commitment: self.commitment.to_string(),
            salt: hex(&self.salt.0),
        };
        let text = serde_json::to_string_pretty(&written).expect("text has a JSON form");
        durable::create_private(path, (text + "\n").as_bytes())
    }

    /// Reads an opening. Nothing in it is believed until it is checked against a record.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::NotA`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = durable::read(path)?;
        parse(&bytes).ok_or_else(|| Error::NotA {
            what: path.display().to_string(),
            expected: "an opening of schema trucelog.opening/v1",
        })
    }

    /// Checks that the content of a file is what `member` committed to with one of `commitments`, which a record of
    /// the log `origin` holds: the one that fits.
    ///
    /// # Errors
    /// [`Error::FalseFiles`] with the commitment expected and the one that salt and content give; [`Error::Io`].
    ///
    /// Source: `proto/spec/sealed.md`, "Opening".
    pub fn verify<'a>(
        &self,
        path: &Path,
        content: &Path,
        (origin, member): (&Origin, &str),
        commitments: &'a [Held],
    ) -> Result<&'a Held, Error> {
        let computed = committed(origin, member, &self.salt, content)?;
        if let Some(held) = commitments.iter().find(|held| held.commitment == computed) {
            return Ok(held);
        }
        let meant = commitments
            .iter()
            .find(|held| held.commitment == self.commitment);
        let expected = meant.or(commitments.first()).ok_or_else(|| Error::NotA {
            what: "the record".to_owned(),
            expected: "one that holds a commitment",
        })?;
        Err(Error::FalseFiles {
            paths: vec![path.to_owned(), content.to_owned()],
            source: VerifyError::Commitment {
                expected: expected.commitment,
                computed,
            },
        })
    }
}

fn parse(bytes: &[u8]) -> Option<Opening> {
    let written: Written = serde_json::from_slice(bytes).ok()?;
    let salt = parse_hex(&written.salt)?;
    (written.schema == SCHEMA).then_some(Opening {
        origin: written.origin.parse().ok()?,
        member: written.member,
        commitment: written.commitment.parse().ok()?,
        salt: Salt(salt.try_into().ok()?),
    })
}

/// A commitment in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Path of its field.
    pub field: String,
    /// The commitment.
    pub commitment: Commitment,
}

/// The commitments that a record holds: sealed content, positions of observers, protected facilities.
#[must_use]
pub fn commitments(record: &pb::Record) -> Vec<Held> {
    let mut held = Vec::new();
    let mut add = |field: String, bytes: &[u8]| {
        let commitment = Commitment::try_from(bytes).ok();
        held.extend(commitment.map(|commitment| Held { field, commitment }));
    };
    let (path, report) = match &record.body {
        Some(Body::EvidenceItem(item)) => {
            if let Some(Content::Sealed(sealed)) = &item.content {
                add(
                    "evidence_item.sealed.commitment".to_owned(),
                    &sealed.commitment,
                );
            }
            return held;
        }
        Some(Body::CoverageReport(report)) => {
            add_observer(&mut add, "coverage_report", report.place.as_ref());
            return held;
        }
        Some(Body::IncidentReport(report)) => ("incident_report", Some(report)),
        Some(Body::Correction(correction)) => ("correction.report", correction.report.as_ref()),
        _ => return held,
    };
    if let Some(report) = report {
        add_observer(&mut add, path, report.place.as_ref());
        for (position, damage) in report.damage.iter().enumerate() {
            let field = format!("{path}.damage[{position}].facility_commitment");
            add(field, &damage.facility_commitment);
        }
    }
    held
}

fn add_observer(add: &mut impl FnMut(String, &[u8]), path: &str, place: Option<&pb::Place>) {
    if let Some(Location::BearingFix(fix)) = place.and_then(|place| place.location.as_ref()) {
        let field = format!("{path}.place.bearing_fix.observer_commitment");
        add(field, &fix.observer_commitment);
    }
}

/// The digest and the length of a file's content.
///
/// # Errors
/// [`Error::Io`].
pub fn digest(content: &Path) -> Result<pb::OpenContent, Error> {
    let mut hasher = Sha256::new();
    let len = read_pieces(content, |piece| hasher.update(piece))?;
    Ok(pb::OpenContent {
        digest: hasher.finalize().to_vec(),
        len,
    })
}

fn committed(
    origin: &Origin,
    member: &str,
    salt: &Salt,
    content: &Path,
) -> Result<Commitment, Error> {
    let mut committer = Committer::new(origin, member, salt);
    read_pieces(content, |piece| committer.update(piece))?;
    Ok(committer.finish())
}

/// Gives the content of a file to `take` piece by piece: how many bytes there were.
fn read_pieces(path: &Path, mut take: impl FnMut(&[u8])) -> Result<u64, Error> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut buffer = vec![0; 1 << 16];
    let mut len = 0;
    loop {
        let count = file.read(&mut buffer).map_err(Error::io(path))?;
        if count == 0 {
            return Ok(len);
        }
        take(&buffer[..count]);
        len += u64::try_from(count).expect("a buffer has fewer bytes than a u64 counts");
    }
}
