//! What a server answers when it refuses, taken from `google.rpc` details.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use prost::Message as _;
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trucelog_proto::pb::rpc;
use trucelog_proto::refusal::{Reason, ServiceReason};

/// The domain of every `ErrorInfo` of a trucelog server.
const DOMAIN: &str = "trucelog";

/// A refusal as the server told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// gRPC code by name, for example `INVALID_ARGUMENT`.
    pub code: String,
    /// Reason, for example `SEQUENCE_GAP`.
    pub reason: String,
    /// Path of the field; empty for the record itself.
    pub field: String,
    /// Facts by name: limits, what was found, what to use instead.
    pub facts: BTreeMap<String, String>,
    /// What the submitter can do.
    pub remedy: String,
    /// The server's sentence.
    pub message: String,
}

impl Refused {
    /// Tells whether the record itself was judged. After a gap it is good as soon as those before it are in; and how
    /// long to wait for its receipt is not the record's business.
    #[must_use]
    pub fn is_about_record(&self) -> bool {
        let mut service = ServiceReason::ALL.iter().map(|reason| reason.name());
        self.reason != Reason::SequenceGap.name() && !service.any(|name| name == self.reason)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if !self.field.is_empty() {
            write!(f, " at {}", self.field)?;
        }
        for (name, value) in &self.facts {
            write!(f, "\n  {}: {value}", name.replace('_', " "))?;
        }
        write!(f, "\n  server: {}", self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "\n  remedy: {}", self.remedy)?;
        }
        Ok(())
    }
}

/// What a failed call means for its caller.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The server has judged the request and said no.
    Refused(Box<Refused>),
    /// What was asked for is not there.
    NotFound(String),
    /// Nothing was judged; the same call may succeed later, not before the time that the server asks for.
    Retry(Box<Status>, Option<Duration>),
    /// Nothing was judged, and the same call would fail again.
    Failed(Box<Status>),
}

/// Classifies the status of a failed call.
#[must_use]
pub fn classify(status: Status) -> Failure {
    let details = status.get_error_details();
    let info = details.error_info().filter(|info| info.domain == DOMAIN);
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded => {
            let delay = details.retry_info().and_then(|info| info.retry_delay);
            Failure::Retry(Box::new(status), delay)
        }
        // A connection that breaks under a call shows as one of these, without details.
        Code::Unknown | Code::Internal | Code::Cancelled | Code::Aborted if info.is_none() => {
            Failure::Retry(Box::new(status), None)
        }
        Code::NotFound => Failure::NotFound(status.message().to_owned()),
        code => match info {
            Some(info) if code != Code::Internal => {
                let mut facts: BTreeMap<String, String> =
                    info.metadata.clone().into_iter().collect();
                Failure::Refused(Box::new(Refused {
                    code: code_name(code).to_owned(),
                    reason: info.reason.clone(),
                    field: facts.remove("field").unwrap_or_default(),
                    remedy: facts.remove("remedy").unwrap_or_default(),
                    facts,
                    message: status.message().to_owned(),
                }))
            }
            _ => Failure::Failed(Box::new(status)),
        },
    }
}

/// The status of one item of a stream as the status of a call.
#[must_use]
pub fn item_status(status: &rpc::Status) -> Status {
    Status::with_details(
        Code::from(status.code),
        status.message.clone(),
        status.encode_to_vec().into(),
    )
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
