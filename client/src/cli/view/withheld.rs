//! What the log commits to and does not show.

use serde_json::{Value, json};
use trucelog_proto::fold::{Withheld, WithheldKind};

use super::stamp;
use crate::json;

/// Content that a record commits to and does not show.
pub(in crate::cli) fn withheld(withheld: &Withheld) -> Value {
    json!({
        "kind": kind(withheld.kind),
        "commitment": json::hex(&withheld.commitment),
        "written": stamp(&withheld.by),
        "opened": withheld.opened.as_ref().map(stamp),
    })
}

pub(super) fn kind(kind: WithheldKind) -> &'static str {
    match kind {
        WithheldKind::Evidence => "evidence",
        WithheldKind::Facility => "facility",
        WithheldKind::Observer => "position of the observer",
        _ => "unknown",
    }
}

pub(in crate::cli) fn withheld_line(withheld: &Withheld) -> String {
    let opened = match &withheld.opened {
        Some(opening) => format!("opened at index {} by {}", opening.index, opening.member),
        None => "withheld".to_owned(),
    };
    format!(
        "{}  {} by {} at index {}  [{opened}]",
        json::hex(&withheld.commitment),
        kind(withheld.kind),
        withheld.by.member,
        withheld.by.index,
    )
}
