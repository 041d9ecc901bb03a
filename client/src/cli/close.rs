//! `trucelog close`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::rules;

use super::args::digest;
use super::author::AuthorArgs;
use super::output;
use crate::Error;
use crate::reader::LocalLog;

/// Ends a case. The result is computed from the locally verified log: run `trucelog verify log` first.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog close SHA256 --reason \"All measures are carried out.\" --station-dir commissioner
  trucelog close SHA256 --reason \"No access to the place.\" --station-dir commissioner --sign-only closure.signed")]
pub(super) struct Command {
    /// Record digest of the Case that founded the group.
    #[arg(value_name = "SHA256", value_parser = digest)]
    case: RecordDigest,
    /// Why it ends.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let trust = self.author.trust.open()?;
        let log = LocalLog::open(&self.author.trust.state()?, &trust)?;
        let state = rules::load_case(&log.state()?, self.case.as_bytes())?;
        let state = state.ok_or_else(|| Error::NotFound(format!("case {}", self.case)))?;
        output::line(format_args!("result {}", state.result().as_str_name()));
        let closure = pb::Closure {
            case: self.case.as_bytes().to_vec(),
            result: state.result().into(),
            reason: self.reason,
        };
        self.author.write(Body::Closure(closure)).await
    }
}
