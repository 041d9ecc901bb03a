//! What one entry changed: who wrote what about which subject, why, and what it replaced.

use super::difference::Difference;
use super::subject::Subject;
use super::view::Views;
use super::{FoldError, Stamp, with_placed};
use crate::pb::record::Body;
use crate::rules::body_name;
use crate::state::StateError;

/// What one entry changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where it stands, and who wrote it.
    pub stamp: Stamp,
    /// Field name of its body in Record, for example `correction`.
    pub body: &'static str,
    /// What it belongs to; absent for a summary.
    pub subject: Option<Subject>,
    /// Name of the reason that it states, for example `CORRECTION_REASON_TIME`; empty when it states none.
    pub reason: &'static str,
    /// The reason in words, may be empty.
    pub reason_text: String,
    /// Of a correction: the fields that it changed in the version before it.
    pub differences: Vec<Difference>,
}

impl Change {
    /// Reads what the verified entry with these canonical bytes changed. `subject` is what its record belongs to, and
    /// `views` are those at a size above its index.
    ///
    /// # Errors
    /// [`FoldError`] when the entry is malformed, or the place that keeps the log fails.
    pub fn of_entry(
        entry: &[u8],
        subject: Option<Subject>,
        views: &dyn Views,
    ) -> Result<Self, FoldError> {
        with_placed(entry, |placed| {
            let stamp = Stamp::of(placed);
            let body = placed.body();
            let (reason, reason_text) = reason(body);
            let differences = match body {
                Some(Body::Correction(_)) => replaced(&stamp, subject.as_ref(), views)?,
                _ => Vec::new(),
            };
            Ok(Self {
                body: body.map_or("", body_name),
                subject,
                reason,
                reason_text: reason_text.to_owned(),
                differences,
                stamp,
            })
        })
    }
}

/// The fields that the correction at `stamp` changed in the version before it.
fn replaced(
    stamp: &Stamp,
    subject: Option<&Subject>,
    views: &dyn Views,
) -> Result<Vec<Difference>, StateError> {
    let incident = match subject {
        Some(Subject::Incident(name)) => views.load_incident(name)?,
        _ => None,
    };
    let differences = incident.and_then(|incident| {
        let mut history = incident.history();
        history.find_map(|(version, of)| (version.stamp.digest == stamp.digest).then_some(of))
    });
    Ok(differences.unwrap_or_default())
}

/// Name and words of the reason that a body states.
fn reason(body: Option<&Body>) -> (&'static str, &str) {
    match body {
        Some(Body::Correction(body)) => (body.reason().as_str_name(), &body.reason_text),
        Some(Body::Withdrawal(body)) => (body.reason().as_str_name(), &body.reason_text),
        Some(Body::Closure(body)) => (body.result().as_str_name(), &body.reason),
        Some(Body::Reopening(body)) => ("", &body.reason),
        _ => ("", ""),
    }
}
