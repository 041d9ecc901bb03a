//! The one place where errors become gRPC statuses with `google.rpc` details.
//!
//! Every status carries an `ErrorInfo` with a reason and the domain [`DOMAIN`]. A refusal carries its facts as
//! metadata, its remedy, and its field as a `BadRequest` field violation or, if the record does not fit the log's
//! state, as a `PreconditionFailure`. What may be tried again carries a `RetryInfo`.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use trucelog_proto::{
    hash::LeafIndex,
    refusal::{self, Reason, Refusal, ServiceReason},
};

use crate::{reader::ReadError, sequencer::SubmitError, view::QueryError, witness::AddError};

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "trucelog";

/// When a client that was pushed back should try again.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// When a client that waits for witnesses should try again.
const WITNESS_DELAY: Duration = Duration::from_secs(1);

/// The status of a submission that got no index.
#[must_use]
pub fn submission(error: &SubmitError) -> Status {
    match error {
        SubmitError::Refused(refusal) => refused(refusal),
        SubmitError::Busy => {
            let mut details = details(ServiceReason::QueueFull);
            details.set_retry_info(Some(RETRY_DELAY));
            status(ServiceReason::QueueFull, error.to_string(), details)
        }
        SubmitError::AwaitingWitnesses => {
            let mut details = details(ServiceReason::AwaitingWitnesses);
            details.set_retry_info(Some(WITNESS_DELAY));
            status(ServiceReason::AwaitingWitnesses, error.to_string(), details)
        }
        SubmitError::OtherHistory => plain(ServiceReason::OtherHistory, error.to_string()),
        SubmitError::Stopped => plain(ServiceReason::SequencerStopped, error.to_string()),
    }
}

/// The status of a refused record.
#[must_use]
pub fn refused(refusal: &Refusal) -> Status {
    let code = code(refusal.reason.code());
    let reason = refusal.reason.name();
    let mut metadata: HashMap<String, String> = refusal
        .facts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    metadata.insert("field".to_owned(), refusal.field.clone());
    metadata.insert("remedy".to_owned(), refusal.reason.remedy().to_owned());
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    match code {
        Code::InvalidArgument => {
            details.add_bad_request_violation(refusal.field.clone(), refusal.to_string());
        }
        Code::FailedPrecondition => {
            details.add_precondition_failure_violation(
                reason,
                refusal.field.clone(),
                refusal.to_string(),
            );
        }
        _ => {}
    }
    Status::with_error_details(code, refusal.to_string(), details)
}

/// The status of something that cannot be read.
#[must_use]
pub fn read(error: &ReadError) -> Status {
    let message = error.to_string();
    match error {
        ReadError::NotFound { .. } => plain(ServiceReason::NotFound, message),
        ReadError::OutOfRange { field, .. } => {
            let mut details = details(ServiceReason::BeyondTheEnd);
            details.add_bad_request_violation(*field, message.clone());
            status(ServiceReason::BeyondTheEnd, message, details)
        }
        ReadError::Store(_) | ReadError::State(_) | ReadError::Damaged(_) => storage(error),
    }
}

/// The status of a question that is not answered.
#[must_use]
pub fn query(error: &QueryError) -> Status {
    let message = error.to_string();
    match error {
        QueryError::Refused(refusal) => refused(refusal),
        QueryError::Read(error) => read(error),
        QueryError::NotIndexed { .. } => {
            let mut details = details(ServiceReason::NotIndexed);
            details.set_retry_info(Some(RETRY_DELAY));
            status(ServiceReason::NotIndexed, message, details)
        }
        QueryError::OtherToken => {
            at_field(ServiceReason::OtherPageToken, "page_token", message, [])
        }
        QueryError::TooWide { field, limit, .. } => {
            let limit = ("limit".to_owned(), limit.to_string());
            at_field(ServiceReason::TooWide, field, message, [limit])
        }
    }
}

/// The status of a request with a `field` at fault.
fn at_field(
    reason: ServiceReason,
    field: &'static str,
    message: String,
    facts: impl IntoIterator<Item = (String, String)>,
) -> Status {
    let mut metadata: HashMap<String, String> = facts.into_iter().collect();
    metadata.insert("field".to_owned(), field.to_owned());
    metadata.insert("remedy".to_owned(), reason.remedy().to_owned());
    let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, metadata);
    details.add_bad_request_violation(field, message.clone());
    status(reason, message, details)
}

/// The status of a request whose `field` is not of its form.
#[must_use]
pub fn malformed(field: &'static str, description: &str) -> Status {
    refused(&Refusal::new(Reason::FieldFormat, field).with("form", description))
}

/// The status of a request for what only witnesses can give, in a log without witnesses.
#[must_use]
pub fn no_witnesses(field: &'static str) -> Status {
    let message = format!("{field}: this log has no witnesses; ask for signed checkpoints");
    let mut details = details(ServiceReason::NoWitnesses);
    let reason = ServiceReason::NoWitnesses.name();
    details.add_precondition_failure_violation(reason, field, message.clone());
    status(ServiceReason::NoWitnesses, message, details)
}

/// The status of a request for a checkpoint at quorum that is not there yet. `logged` is the index of the record that
/// waits for it.
#[must_use]
pub fn not_witnessed(logged: Option<LeafIndex>) -> Status {
    let reason = ServiceReason::NotWitnessed;
    let message = match logged {
        Some(index) => format!(
            "the record is in the log, at index {index}, but no checkpoint at quorum covers it yet: submit it again later for its receipt"
        ),
        None => "no checkpoint of this log is at quorum yet".to_owned(),
    };
    let index = logged.map(|index| ("index".to_owned(), index.to_string()));
    let metadata: HashMap<String, String> = index.into_iter().collect();
    let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, metadata);
    details.set_retry_info(Some(WITNESS_DELAY));
    status(reason, message, details)
}

/// The status of cosignatures that were not taken.
#[must_use]
pub fn cosignatures(error: &AddError) -> Status {
    let message = error.to_string();
    match error {
        AddError::Malformed(error) => malformed("checkpoint", &error.to_string()),
        AddError::NotTheCandidate { candidate } => {
            let reason = ServiceReason::NotTheCandidate;
            let size = ("candidate_size".to_owned(), candidate.to_string());
            let metadata = HashMap::from([size]);
            let mut details = ErrorDetails::with_error_info(reason.name(), DOMAIN, metadata);
            details.add_precondition_failure_violation(
                reason.name(),
                "checkpoint",
                message.clone(),
            );
            status(reason, message, details)
        }
        AddError::UnknownCosigner { .. } => plain(ServiceReason::UnknownCosigner, message),
        AddError::False(_) => {
            let mut details = details(ServiceReason::FalseCosignature);
            details.add_bad_request_violation("checkpoint", message.clone());
            status(ServiceReason::FalseCosignature, message, details)
        }
        AddError::OtherHistory { .. } => plain(ServiceReason::OtherHistory, message),
        AddError::Read(error) => read(error),
        AddError::Store(error) => storage(error),
    }
}

fn storage(error: &dyn std::error::Error) -> Status {
    tracing::error!(%error, "a request could not be answered");
    let message = "the log's storage failed: its operator has to look at it";
    plain(ServiceReason::Storage, message.to_owned())
}

fn plain(reason: ServiceReason, message: String) -> Status {
    status(reason, message, details(reason))
}

fn details(reason: ServiceReason) -> ErrorDetails {
    ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::new())
}

fn status(reason: ServiceReason, message: String, details: ErrorDetails) -> Status {
    Status::with_error_details(code(reason.code()), message, details)
}

/// The code of a reason, which has the number that it has in gRPC.
fn code(code: refusal::Code) -> Code {
    Code::from_i32(code as i32)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_refusal_names_reason_field_limit_and_remedy() {
        for reason in Reason::ALL {
            let refusal = Refusal::new(*reason, "a.b").with("limit_bytes", 7);
            let status = refused(&refusal);
            let details = status.get_error_details();
            let info = details.error_info().unwrap();
            assert_eq!(
                (info.reason.as_str(), info.domain.as_str()),
                (reason.name(), DOMAIN)
            );
            assert_eq!(info.metadata["field"], "a.b");
            assert_eq!(info.metadata["limit_bytes"], "7");
            assert_eq!(info.metadata["remedy"], reason.remedy());
            assert_eq!(status.code() as i32, reason.code() as i32);
            match status.code() {
                Code::InvalidArgument => {
                    assert_eq!(
                        details.bad_request().unwrap().field_violations[0].field,
                        "a.b"
                    );
                }
                Code::FailedPrecondition => {
                    let violation = &details.precondition_failure().unwrap().violations[0];
                    assert_eq!(
                        (violation.r#type.as_str(), violation.subject.as_str()),
                        (reason.name(), "a.b")
                    );
                }
                _ => {}
            }
        }
    }

    #[test]
    fn only_what_may_be_tried_again_has_retry_info() {
        let busy = submission(&SubmitError::Busy);
        assert_eq!(busy.code(), Code::ResourceExhausted);
        assert_eq!(
            busy.get_error_details().retry_info().unwrap().retry_delay,
            Some(RETRY_DELAY)
        );
        let stopped = submission(&SubmitError::Stopped);
        assert_eq!(stopped.code(), Code::Unavailable);
        assert!(stopped.get_error_details().retry_info().is_none());
    }
}
