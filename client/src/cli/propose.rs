//! `trucelog propose`.

mod membership;
mod protocol_text;
mod rules;

use clap::{Args, Subcommand};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named};
use super::author::AuthorArgs;
use crate::Error;

/// Puts a question to a vote.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog propose attribution --case SHA256 --clause 2.1 --finding unattributed \\
      --standard reasonable-grounds --finality provisional --title \"Who fired\" --station-dir commissioner
  trucelog propose remedy --decision SHA256 --measure diplomatic-warning --title \"Warning\" --station-dir authority
  trucelog propose rules rules.json --title \"Stricter proof\" --station-dir authority")]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a process")]
pub(super) enum Command {
    Attribution(Attribution),
    Remedy(Remedy),
    Membership(membership::Membership),
    ProtocolText(protocol_text::ProtocolText),
    Rules(rules::Rules),
}

/// What every proposal says.
#[derive(Args, Debug)]
struct Common {
    /// Title.
    #[arg(long)]
    title: String,
    /// Reasons.
    #[arg(long, default_value = "")]
    text: String,
    /// Record digest of the Decision that this one is to replace.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    supersedes: Option<RecordDigest>,
    #[command(flatten)]
    author: AuthorArgs,
}

/// Ask who is responsible for a breach.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog propose attribution --case SHA256 --clause 2.1 --finding party --party RUS --basis organ \\
      --intent deliberate --standard clear-and-convincing --confidence high --finality final \\
      --title \"Who shelled Avdiivka\" --station-dir commissioner
  trucelog propose attribution --case SHA256 --clause 2.1 --finding not-a-breach \\
      --standard reasonable-grounds --finality final --title \"Demining\" --station-dir commissioner")]
pub(super) struct Attribution {
    /// Record digest of the Case that founded the group.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    case: RecordDigest,
    /// The clause that was broken.
    #[arg(long, value_name = "ID")]
    clause: String,
    /// party, unattributed or not-a-breach.
    #[arg(long, value_parser = |text: &str| named(text, "ATTRIBUTION_FINDING_", pb::AttributionFinding::from_str_name))]
    finding: pb::AttributionFinding,
    /// Code of the responsible party; with finding party.
    #[arg(long, value_name = "CODE", default_value = "")]
    party: String,
    /// Ground on which conduct is imputed, for example organ; with finding party.
    #[arg(long, default_value = "unspecified", value_parser = |text: &str| named(text, "ATTRIBUTION_BASIS_", pb::AttributionBasis::from_str_name))]
    basis: pb::AttributionBasis,
    /// deliberate, reckless, accidental or unknown; with finding party.
    #[arg(long, default_value = "unspecified", value_parser = |text: &str| named(text, "INTENT_", pb::Intent::from_str_name))]
    intent: pb::Intent,
    /// Standard of proof that is met, for example clear-and-convincing.
    #[arg(long, value_parser = |text: &str| named(text, "STANDARD_OF_PROOF_", pb::StandardOfProof::from_str_name))]
    standard: pb::StandardOfProof,
    /// low, moderate or high.
    #[arg(long, default_value = "unspecified", value_parser = |text: &str| named(text, "CONFIDENCE_", pb::Confidence::from_str_name))]
    confidence: pb::Confidence,
    /// provisional or final.
    #[arg(long, value_parser = |text: &str| named(text, "FINALITY_", pb::Finality::from_str_name))]
    finality: pb::Finality,
    #[command(flatten)]
    common: Common,
}

/// Ask what follows from an attribution.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog propose remedy --decision SHA256 --measure diplomatic-warning --title Warning --station-dir authority
  trucelog propose remedy --decision SHA256 --measure \"intelligence-support=Satellite images\" --addressee FRA \\
      --stage first --title Support --station-dir authority")]
pub(super) struct Remedy {
    /// Record digest of the Decision that adopted the attribution.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    decision: RecordDigest,
    /// A measure: its kind, for example logistical-support, and its text. May be given again.
    #[arg(long, value_name = "KIND[=TEXT]", required = true, value_parser = measure)]
    measure: Vec<pb::Measure>,
    /// Code of a member that is asked to act on all of these measures; none for all members. May be given again.
    #[arg(long, value_name = "CODE")]
    addressee: Vec<String>,
    /// Stage whose clock applies: first, second or third.
    #[arg(long, default_value = "unspecified", value_parser = |text: &str| named(text, "RESPONSE_STAGE_", pb::ResponseStage::from_str_name))]
    stage: pb::ResponseStage,
    #[command(flatten)]
    common: Common,
}

fn measure(text: &str) -> Result<pb::Measure, String> {
    let (kind, text) = text.split_once('=').unwrap_or((text, ""));
    let kind = named(kind, "REMEDY_KIND_", pb::RemedyKind::from_str_name)?;
    Ok(pb::Measure {
        kind: kind.into(),
        text: text.to_owned(),
        ..pb::Measure::default()
    })
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let (question, common) = match self {
            Self::Attribution(command) => command.question(),
            Self::Remedy(command) => command.question(),
            Self::Membership(command) => command.question(),
            Self::ProtocolText(command) => command.question(),
            Self::Rules(command) => command.question()?,
        };
        let proposal = pb::Proposal {
            title: common.title,
            text: common.text,
            supersedes: common
                .supersedes
                .map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
            question: Some(question),
        };
        common.author.write(Body::Proposal(proposal)).await
    }
}

impl Attribution {
    fn question(self) -> (Question, Common) {
        let attribution = pb::AttributionProposal {
            case: self.case.as_bytes().to_vec(),
            clause: Some(pb::ClauseReference {
                protocol_text: Vec::new(),
                clause: self.clause,
            }),
            finding: self.finding.into(),
            party: self.party,
            basis: self.basis.into(),
            intent: self.intent.into(),
            standard_of_proof: self.standard.into(),
            confidence: self.confidence.into(),
            finality: self.finality.into(),
        };
        (Question::Attribution(attribution), self.common)
    }
}

impl Remedy {
    fn question(mut self) -> (Question, Common) {
        self.addressee.sort();
        self.addressee.dedup();
        for measure in &mut self.measure {
            measure.addressees.clone_from(&self.addressee);
            measure.stage = self.stage.into();
        }
        let remedy = pb::RemedyProposal {
            decision: self.decision.as_bytes().to_vec(),
            measures: self.measure,
        };
        (Question::Remedy(remedy), self.common)
    }
}
