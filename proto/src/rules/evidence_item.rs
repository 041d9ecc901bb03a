//! EvidenceItem: a piece of evidence by digest or commitment.
//!
//! Source: `proto/spec/rules.md`, "EvidenceItem".

use super::context::Context;
use super::fields::{self, Check};
use super::model::{CommitmentState, Key, body};
use super::placed::RuleError;
use crate::limits::{MAX_MEDIA_TYPE_LEN, MAX_REASON_LEN};
use crate::pb;
use crate::pb::evidence_item::Content;
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, item: &pb::EvidenceItem) -> Result<(), RuleError> {
    register(context, item).map_err(|error| error.below("evidence_item"))
}

fn register(context: &mut Context<'_>, item: &pb::EvidenceItem) -> Result<(), RuleError> {
    fields::required(item.kind() != pb::EvidenceKind::Unspecified, "kind")?;
    check_capture(context, item)?;
    check_origin(context, item)?;
    fields::text(&item.media_type, MAX_MEDIA_TYPE_LEN, "media_type")?;
    fields::text(&item.description, MAX_REASON_LEN, "description")?;
    fields::optional_hash(&item.c2pa_manifest, "c2pa_manifest")?;
    match &item.content {
        None => Err(Refusal::new(Reason::FieldRequired, "content").into()),
        Some(Content::Open(open)) => Ok(check_open(open).map_err(|refusal| refusal.below("open"))?),
        Some(Content::Sealed(sealed)) => {
            seal(context, &sealed.commitment).map_err(|error| error.below("sealed"))
        }
    }
}

fn check_capture(context: &Context<'_>, item: &pb::EvidenceItem) -> Result<(), RuleError> {
    let (earliest, latest) = (item.captured_earliest_time, item.captured_latest_time);
    fields::exactly_when(
        earliest > 0,
        latest > 0,
        "captured_latest_time",
        "captured_earliest_time",
    )?;
    fields::time_order(earliest, latest, "captured_latest_time")?;
    context.not_ahead(
        latest,
        context.message().created_time,
        "captured_latest_time",
    )
}

fn check_origin(context: &Context<'_>, item: &pb::EvidenceItem) -> Result<(), RuleError> {
    let made_from = item.kind() != pb::EvidenceKind::Original;
    fields::exactly_when(
        made_from,
        !item.derived_from.is_empty(),
        "derived_from",
        "EVIDENCE_KIND_COPY or EVIDENCE_KIND_DERIVED",
    )?;
    if made_from {
        context.reference(&item.derived_from, &[body::EVIDENCE_ITEM], "derived_from")?;
    }
    Ok(())
}

fn check_open(open: &pb::OpenContent) -> Check {
    fields::digest(&open.digest, "digest")?;
    fields::required(open.len > 0, "len")
}

/// Takes a commitment, which nobody may have used before.
fn seal(context: &mut Context<'_>, commitment: &[u8]) -> Result<(), RuleError> {
    fields::digest(commitment, "commitment")?;
    let key = Key::Commitment(commitment);
    let used: Option<CommitmentState> = context.load(&key)?;
    if let Some(used) = used {
        return Err(Refusal::new(Reason::CommitmentUsed, "commitment")
            .with("used_at_index", used.index)
            .into());
    }
    let index = context.placed.index.get();
    context.store(&key, &CommitmentState { index });
    context.commits_to(commitment);
    Ok(())
}

/// Checks references to pieces of evidence, open or sealed.
pub(super) fn check_references(
    context: &Context<'_>,
    evidence: &[Vec<u8>],
) -> Result<(), RuleError> {
    for (position, digest) in evidence.iter().enumerate() {
        let field = format!("evidence[{position}]");
        context.reference(digest, &[body::EVIDENCE_ITEM], &field)?;
    }
    Ok(())
}
