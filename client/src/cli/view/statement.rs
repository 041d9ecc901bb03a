//! What a party says.

use trucelog_proto::fold::Written;
use trucelog_proto::pb;

use super::word;

/// Who says what, in a few words.
pub(super) fn said_by(said: &Written<pb::PartyStatement>, late: bool) -> String {
    let stance = word(said.body.stance().as_str_name(), "PARTY_STANCE_");
    let late = if late { ", after the reply window" } else { "" };
    format!("{} states: {stance}{late}", said.body.party)
}

/// What a party says about the record above.
pub(super) fn statement_line(said: &Written<pb::PartyStatement>, late: bool) -> String {
    format!(
        "at index {} {}: {}",
        said.stamp.index,
        said_by(said, late),
        said.body.text
    )
}
