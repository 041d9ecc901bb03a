//! `trucelog evidence`.

use std::path::PathBuf;

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::evidence_item::Content;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named, time};
use super::author::AuthorArgs;
use super::output;
use crate::Error;
use crate::opening::{self, Opening};

/// Registers a piece of evidence by digest and length, or by a commitment. The content stays where it is.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog evidence crater.jpg --media-type image/jpeg --station-dir station
  trucelog evidence position.txt --seal position.opening.json --station-dir station
  trucelog evidence crater-redacted.jpg --kind derived --derived-from SHA256 --station-dir station")]
pub(super) struct Command {
    /// The content.
    #[arg(value_name = "FILE")]
    content: PathBuf,
    /// Only commit to the content, and write what opens the commitment to this new file. Keep both files, and keep them
    /// secret.
    #[arg(long, value_name = "FILE.json")]
    seal: Option<PathBuf>,
    /// original, copy or derived.
    #[arg(long, default_value = "original",
        value_parser = |text: &str| named(text, "EVIDENCE_KIND_", pb::EvidenceKind::from_str_name))]
    kind: pb::EvidenceKind,
    /// Record digest of the EvidenceItem of which it is a copy, or from which it was made.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    derived_from: Option<RecordDigest>,
    /// Start of the capture.
    #[arg(long, value_name = "TIME", value_parser = time, requires = "captured_latest_time")]
    captured_earliest_time: Option<u64>,
    /// End of the capture.
    #[arg(long, value_name = "TIME", value_parser = time, requires = "captured_earliest_time")]
    captured_latest_time: Option<u64>,
    /// Media type.
    #[arg(long, value_name = "TYPE", default_value = "")]
    media_type: String,
    /// Description, which everybody reads.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// File of the C2PA manifest, whose digest is registered too.
    #[arg(long, value_name = "FILE")]
    c2pa_manifest: Option<PathBuf>,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let manifest = self.c2pa_manifest.as_deref().map(opening::digest);
        let item = pb::EvidenceItem {
            kind: self.kind.into(),
            captured_earliest_time: self.captured_earliest_time.unwrap_or_default(),
            captured_latest_time: self.captured_latest_time.unwrap_or_default(),
            derived_from: self
                .derived_from
                .map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            c2pa_manifest: manifest.transpose()?.unwrap_or_default().digest,
            content: Some(self.register()?),
            media_type: self.media_type,
            description: self.description,
        };
        self.author.write(Body::EvidenceItem(item)).await
    }

    /// The opening is on disk before the commitment is signed: without it, the content could never be shown.
    fn register(&self) -> Result<Content, Error> {
        let Some(path) = &self.seal else {
            return Ok(Content::Open(opening::digest(&self.content)?));
        };
        let (id, speaker) = self.author.speaker()?;
        let opening = Opening::seal(&id.origin, &speaker.member, &self.content)?;
        opening.create(path)?;
        output::line(format_args!("opening {}", path.display()));
        Ok(Content::Sealed(pb::SealedContent {
            commitment: opening.commitment.as_bytes().to_vec(),
        }))
    }
}
