//! `trucelog ratify`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{ContentDigest, content_digest, digest, named, time};
use super::author::AuthorArgs;
use crate::Error;

/// Records a member's national step on an adopted protocol text.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog ratify SHA256 --step signed --station-dir authority
  trucelog ratify SHA256 --step ratified --body Bundestag --procedure \"Article 59 (2)\" \\
      --instrument instrument.pdf --station-dir authority")]
pub(super) struct Command {
    /// Record digest of the Decision that adopted the text.
    #[arg(value_name = "SHA256", value_parser = digest)]
    decision: RecordDigest,
    /// signed first; then ratified, refused or withdrawn, which is final.
    #[arg(long, value_parser = |text: &str| named(text, "RATIFICATION_STEP_", pb::RatificationStep::from_str_name))]
    step: pb::RatificationStep,
    /// The body that took the step, for example a parliament; required with ratified and refused.
    #[arg(long, default_value = "")]
    body: String,
    /// The national procedure.
    #[arg(long, default_value = "")]
    procedure: String,
    /// When it takes effect.
    #[arg(long, value_name = "TIME", value_parser = time)]
    effective_time: Option<u64>,
    /// The instrument: its file, or the SHA-256 of that.
    #[arg(long, value_name = "FILE|SHA256", value_parser = content_digest)]
    instrument: Option<ContentDigest>,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let ratification = pb::Ratification {
            decision: self.decision.as_bytes().to_vec(),
            step: self.step.into(),
            body: self.body,
            procedure: self.procedure,
            effective_time: self.effective_time.unwrap_or_default(),
            instrument: self.instrument.map_or_else(Vec::new, |digest| digest.0),
        };
        self.author.write(Body::Ratification(ratification)).await
    }
}
