//! `trucelog reopen`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::digest;
use super::author::AuthorArgs;
use crate::Error;

/// Opens a closed case again, on evidence or reports that were logged after its closure.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog reopen SHA256 --evidence SHA256 --reason \"A report found late.\" --station-dir commissioner
  trucelog reopen SHA256 --evidence SHA256 --evidence SHA256 --reason \"Two withdrawals.\" --station-dir commissioner")]
pub(super) struct Command {
    /// Record digest of the Case that founded the group.
    #[arg(value_name = "SHA256", value_parser = digest)]
    case: RecordDigest,
    /// Record digest of what is new: a report, a correction, a withdrawal, a corroboration or an EvidenceItem. May be
    /// given again.
    #[arg(long, value_name = "SHA256", required = true, value_parser = digest)]
    evidence: Vec<RecordDigest>,
    /// Why it is opened again.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let evidence = self.evidence.iter();
        let reopening = pb::Reopening {
            case: self.case.as_bytes().to_vec(),
            evidence: evidence.map(|digest| digest.as_bytes().to_vec()).collect(),
            reason: self.reason,
        };
        self.author.write(Body::Reopening(reopening)).await
    }
}
