//! `trucelog case`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::digest;
use super::author::AuthorArgs;
use crate::Error;

/// Groups the reports of one breach, or extends a group.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog case --title \"Shelling of Avdiivka\" --report SHA256 --report SHA256 --party RUS --station-dir verifier
  trucelog case --extends SHA256 --report SHA256 --station-dir verifier")]
pub(super) struct Command {
    /// Title; required for a new group.
    #[arg(long, default_value = "", required_unless_present = "extends")]
    title: String,
    /// Record digest of the Case that founded the group.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    extends: Option<RecordDigest>,
    /// Record digest of a report, version in force. May be given again.
    #[arg(long, value_name = "SHA256", value_parser = digest, required_unless_present = "extends")]
    report: Vec<RecordDigest>,
    /// Code of a party to the case. May be given again.
    #[arg(long, value_name = "CODE")]
    party: Vec<String>,
    /// Clause in question. May be given again.
    #[arg(long, value_name = "ID")]
    clause: Vec<String>,
    /// Remarks.
    #[arg(long, default_value = "")]
    text: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(mut self) -> Result<(), Error> {
        self.party.sort();
        self.party.dedup();
        let clauses = self.clause.into_iter().map(|clause| pb::ClauseReference {
            protocol_text: Vec::new(),
            clause,
        });
        let case = pb::Case {
            extends: self
                .extends
                .map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            title: self.title,
            reports: self
                .report
                .iter()
                .map(|digest| digest.as_bytes().to_vec())
                .collect(),
            parties: self.party,
            clause_references: clauses.collect(),
            text: self.text,
        };
        self.author.write(Body::Case(case)).await
    }
}
