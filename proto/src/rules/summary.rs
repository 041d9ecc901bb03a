//! Summary: counts for an interval, which readers recompute.
//!
//! Source: `proto/spec/rules.md`, "Summary".

use super::context::Context;
use super::fields::{self, Check};
use super::placed::RuleError;
use crate::limits::{MAX_IDENTIFIER_LEN, MAX_NAME_LEN, MAX_REMARK_LEN};
use crate::pb;
use crate::pb::{IncidentKind, SummaryCount};
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(context: &mut Context<'_>, summary: &pb::Summary) -> Result<(), RuleError> {
    summarise(context, summary).map_err(|error| error.below("summary"))
}

fn summarise(context: &Context<'_>, summary: &pb::Summary) -> Result<(), RuleError> {
    fields::required(summary.earliest_time > 0, "earliest_time")?;
    let least = summary.earliest_time.saturating_add(1);
    fields::time_order(least, summary.latest_time, "latest_time")?;
    context.not_ahead(
        summary.latest_time,
        context.message().created_time,
        "latest_time",
    )?;
    fields::text(&summary.time_zone, MAX_IDENTIFIER_LEN, "time_zone")?;
    let index = context.placed.index.get();
    if !(1..=index).contains(&summary.size) {
        return Err(Refusal::new(Reason::OutOfRange, "size")
            .with("least", 1)
            .with("most", index)
            .with("found", summary.size)
            .into());
    }
    fields::text(&summary.admin_area_1, MAX_NAME_LEN, "admin_area_1")?;
    fields::text(&summary.text, MAX_REMARK_LEN, "text")?;
    Ok(check_counts(&summary.counts)?)
}

fn check_counts(counts: &[SummaryCount]) -> Check {
    fields::required(!counts.is_empty(), "counts")?;
    fields::ascending(counts, |count| count.kind, "counts")?;
    fields::each(counts, "counts", |count| {
        no_more(count.corroborated, count.reports, "corroborated")
    })?;
    let Some((all, kinds)) = counts.split_first() else {
        return Ok(());
    };
    if all.kind() != IncidentKind::Unspecified {
        return Ok(());
    }
    check_total(all, kinds).map_err(|refusal| refusal.below("counts[0]"))
}

/// All kinds together are at least the kinds that are listed. Not so for cases, which may hold reports of several
/// kinds.
fn check_total(all: &SummaryCount, kinds: &[SummaryCount]) -> Check {
    let sum = |number: fn(&SummaryCount) -> u64| {
        let numbers = kinds.iter().map(|count| u128::from(number(count)));
        numbers.sum::<u128>()
    };
    at_least(all.reports, sum(|count| count.reports), "reports")?;
    at_least(
        all.corroborated,
        sum(|count| count.corroborated),
        "corroborated",
    )?;
    at_least(all.withdrawn, sum(|count| count.withdrawn), "withdrawn")
}

fn no_more(part: u64, whole: u64, field: &str) -> Check {
    if part > whole {
        return Err(Refusal::new(Reason::CountsContradict, field)
            .with("most", whole)
            .with("found", part));
    }
    Ok(())
}

fn at_least(whole: u64, parts: u128, field: &str) -> Check {
    if u128::from(whole) < parts {
        return Err(Refusal::new(Reason::CountsContradict, field)
            .with("least", parts)
            .with("found", whole));
    }
    Ok(())
}
