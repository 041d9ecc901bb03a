//! `trucelog disclose`.

use std::path::PathBuf;

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::digest;
use super::author::AuthorArgs;
use crate::opening::{Held, Opening};
use crate::{Error, durable};

/// Opens a sealed piece of evidence of one's own member to everyone, for good.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog disclose SHA256 --opening position.opening.json --content position.txt --station-dir station
  trucelog disclose SHA256 --opening position.opening.json --content position.txt --station-dir station \\
      --sign-only disclosure.signed")]
pub(super) struct Command {
    /// Record digest of the sealed EvidenceItem.
    #[arg(value_name = "SHA256", value_parser = digest)]
    target: RecordDigest,
    /// What `trucelog evidence --seal` wrote.
    #[arg(long, value_name = "FILE.json")]
    opening: PathBuf,
    /// The content. All of it enters the log.
    #[arg(long, value_name = "FILE")]
    content: PathBuf,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let opening = Opening::read(&self.opening)?;
        let (id, speaker) = self.author.speaker()?;
        // The opening's own word for the commitment; whether the target holds it, the log judges.
        let own = [Held {
            field: "commitment".to_owned(),
            commitment: opening.commitment,
        }];
        let committer = (&id.origin, speaker.member.as_str());
        opening.verify(&self.opening, &self.content, committer, &own)?;
        let disclosure = pb::Disclosure {
            target: self.target.as_bytes().to_vec(),
            salt: opening.salt.0.to_vec(),
            content: durable::read(&self.content)?,
        };
        self.author.write(Body::Disclosure(disclosure)).await
    }
}
