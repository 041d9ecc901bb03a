//! Entries as JSON and as lines.

use serde_json::{Value, json};
use trucelog_proto::rules::body_name;
use trucelog_proto::signature::PublicKey;

use crate::json::{self, format_time};
use crate::reader::LocalEntry;

/// Name of the body of an entry's record.
fn body(entry: &LocalEntry) -> &'static str {
    entry.record.body.as_ref().map_or("none", body_name)
}

pub(in crate::cli) fn entry_summary(entry: &LocalEntry) -> Value {
    json!({
        "index": entry.entry.index.get(),
        "record_digest": entry.digest.to_string(),
        "accepted_time": format_time(entry.entry.accepted_time),
        "member": entry.record.member,
        "station": entry.record.station,
        "sequence": entry.record.sequence,
        "body": body(entry),
    })
}

pub(in crate::cli) fn entry_line(entry: &LocalEntry) -> String {
    format!(
        "{} {} {} {} {}/{} {}",
        entry.entry.index,
        entry.digest,
        format_time(entry.entry.accepted_time).unwrap_or_default(),
        entry.record.member,
        entry.record.station,
        entry.record.sequence,
        body(entry),
    )
}

/// An entry with everything in it.
pub(in crate::cli) fn entry(entry: &LocalEntry) -> Value {
    let signed = &entry.entry.signed_record;
    let key = PublicKey::try_from(signed.public_key.as_slice());
    json!({
        "index": entry.entry.index.get(),
        "leaf_hash": entry.leaf.to_string(),
        "previous": entry.entry.previous.to_string(),
        "accepted_time": format_time(entry.entry.accepted_time),
        "record_digest": entry.digest.to_string(),
        "public_key": key.map(|key| key.to_string()).ok(),
        "signature": json::hex(&signed.signature),
        "record": json::from_record(&entry.record),
    })
}
