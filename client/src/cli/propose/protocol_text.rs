//! `trucelog propose protocol-text`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;

use super::super::args::{ContentDigest, content_digest, digest, time};
use super::Common;

/// Ask which text is agreed. The log holds its digests; the text is published elsewhere.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog propose protocol-text --text-title \"Agreement on a ceasefire\" --language en=agreement-en.pdf \\
      --language uk=agreement-uk.pdf --clause \"2.1=clause-2-1.txt=Guns are silent\" \\
      --effective-time 2026-03-17T22:00:00Z --effective-as-written \"18 March, 00:00 Eastern European Time\" \\
      --title \"Ceasefire of 18 March\" --station-dir authority
  trucelog propose protocol-text --text-title \"Agreement, revised\" --language en=SHA256 \\
      --effective-time 2026-04-01T00:00:00Z --effective-as-written \"1 April\" --replaces-text SHA256 \\
      --title Revision --station-dir authority")]
pub(in super::super) struct ProtocolText {
    /// Title of the text.
    #[arg(long, value_name = "TITLE")]
    text_title: String,
    /// A language version: its BCP 47 tag, and its file or the SHA-256 of that. May be given again.
    #[arg(long, value_name = "TAG=FILE|SHA256", required = true, value_parser = language)]
    language: Vec<pb::LanguageVersion>,
    /// A clause that records may refer to: its identifier, its file or the SHA-256 of that, and a title. May be given
    /// again.
    #[arg(long, value_name = "ID=FILE|SHA256[=TITLE]", value_parser = clause)]
    clause: Vec<pb::Clause>,
    /// When it takes effect.
    #[arg(long, value_name = "TIME", value_parser = time)]
    effective_time: u64,
    /// The same instant as the text writes it, with zone.
    #[arg(long, value_name = "TEXT")]
    effective_as_written: String,
    /// When it ends.
    #[arg(long, value_name = "TIME", value_parser = time)]
    expiry_time: Option<u64>,
    /// An annex: its file, or the SHA-256 of that or a commitment to it. May be given again.
    #[arg(long, value_name = "FILE|SHA256", value_parser = content_digest)]
    annex: Vec<ContentDigest>,
    /// Record digest of the Decision that adopted the text which this one replaces.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    replaces_text: Option<RecordDigest>,
    #[command(flatten)]
    common: Common,
}

fn language(text: &str) -> Result<pb::LanguageVersion, String> {
    let (language, content) = text.split_once('=').ok_or("write it as TAG=FILE")?;
    Ok(pb::LanguageVersion {
        language: language.to_owned(),
        digest: content_digest(content)?.0,
    })
}

fn clause(text: &str) -> Result<pb::Clause, String> {
    let (id, rest) = text.split_once('=').ok_or("write it as ID=FILE")?;
    let (content, title) = rest.split_once('=').unwrap_or((rest, ""));
    Ok(pb::Clause {
        id: id.to_owned(),
        digest: content_digest(content)?.0,
        title: title.to_owned(),
    })
}

impl ProtocolText {
    pub(super) fn question(mut self) -> (Question, Common) {
        self.language.sort_by(|a, b| a.language.cmp(&b.language));
        self.clause.sort_by(|a, b| a.id.cmp(&b.id));
        let text = pb::ProtocolTextProposal {
            title: self.text_title,
            language_versions: self.language,
            clauses: self.clause,
            effective_time: self.effective_time,
            effective_as_written: self.effective_as_written,
            expiry_time: self.expiry_time.unwrap_or_default(),
            annexes: self.annex.into_iter().map(|annex| annex.0).collect(),
            supersedes: self
                .replaces_text
                .map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
        };
        (Question::ProtocolText(text), self.common)
    }
}
