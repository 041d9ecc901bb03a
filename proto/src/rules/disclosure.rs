//! Disclosure: opens a sealed piece of evidence to everyone.
//!
//! Source: `proto/spec/rules.md`, "Disclosure".

use super::context::Context;
use super::fields;
use super::model::{Key, body};
use super::placed::RuleError;
use crate::checkpoint::Origin;
use crate::error::DecodeError;
use crate::hash::Commitment;
use crate::pb;
use crate::refusal::{Reason, Refusal};
use crate::sealed::{self, Salt};
use crate::state::StateError;

pub(super) fn apply(
    context: &mut Context<'_>,
    disclosure: &pb::Disclosure,
) -> Result<(), RuleError> {
    open(context, disclosure).map_err(|error| error.below("disclosure"))
}

fn open(context: &mut Context<'_>, disclosure: &pb::Disclosure) -> Result<(), RuleError> {
    fields::required(!disclosure.content.is_empty(), "content")?;
    let salt = Salt(*fields::digest(&disclosure.salt, "salt")?.as_bytes());
    let mut item = context.reference(&disclosure.target, &[body::EVIDENCE_ITEM], "target")?;
    context.own_record(&item, "target")?;
    let Ok(expected) = Commitment::try_from(item.commitment.as_slice()) else {
        return Err(Refusal::new(Reason::NotSealed, "target").into());
    };
    if !item.current.is_empty() {
        let first = fields::digest(&item.current, "target")?;
        return Err(Refusal::new(Reason::SecondDisclosure, "target")
            .with("use_digest", first)
            .into());
    }
    let origin = origin(context)?;
    let found = sealed::commitment(&origin, context.member(), &salt, &disclosure.content);
    if found != expected {
        return Err(Refusal::new(Reason::OpeningDiffers, "content")
            .with("expected", expected)
            .with("found", found)
            .into());
    }
    item.current = context.digest().as_bytes().to_vec();
    context.belongs_to(&disclosure.target);
    context.store(&Key::Record(&disclosure.target), &item);
    Ok(())
}

fn origin(context: &Context<'_>) -> Result<Origin, RuleError> {
    let origin = context.charter()?.origin.parse();
    Ok(origin.map_err(|error: DecodeError| StateError(format!("origin: {error}")))?)
}
