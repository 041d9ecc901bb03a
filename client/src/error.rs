//! Everything that can end a command, and the exit code that it has.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tonic::Status;
use trucelog_proto::error::{DecodeError, Error as ProtoError, VerifyError};
use trucelog_proto::fold::{DaysError, FoldError};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::refusal::{Reason, Refusal};
use trucelog_proto::rules::RuleError;
use trucelog_proto::state::StateError;
use trucelog_proto::succession::SuccessionError;

use crate::bundle::BundleError;
use crate::demo::DemoError;
use crate::evidence::EvidenceError;
use crate::exchange::ExchangeError;
use crate::exit::Exit;
use crate::falsehood::Falsehood;
use crate::json::JsonError;
use crate::key::KeyError;
use crate::not_enough::NotEnough;
use crate::receipt::ReceiptError;
use crate::refused::{Failure, Refused};
use crate::remote::RemoteError;
use crate::station::StationError;
use crate::trust::TrustError;
use crate::witness::WitnessError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file or an argument is not of its form.
    #[error("{what}: {source}")]
    Decode {
        /// The file or argument.
        what: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A file holds another kind of thing than is needed.
    #[error("{what}: it is not {expected}")]
    NotA {
        /// The file or argument.
        what: String,
        /// What is needed.
        expected: &'static str,
    },
    /// A setting that has no default is missing.
    #[error("{what} is not given: {remedy}")]
    Missing {
        /// The setting.
        what: &'static str,
        /// How to give it.
        remedy: &'static str,
    },
    /// A record written as JSON is not of its form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Days cannot be cut as asked.
    #[error(transparent)]
    Days(#[from] DaysError),
    /// A list cannot be filtered as asked.
    #[error("the filter cannot be used: {0}")]
    Filter(Refusal),
    /// The policy or charter is not the one that is pinned.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A station's directory or counter cannot be used.
    #[error(transparent)]
    Station(#[from] StationError),
    /// A table cannot be taken over, or an export is not what it says.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The address of the server cannot be used.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// A record breaks a rule, found before anything was sent.
    #[error("the record would be refused: {0}")]
    Invalid(#[from] Refusal),
    /// The server has refused.
    #[error("refused by the server: {0}")]
    Refused(Box<Refused>),
    /// A server has answered with a receipt that does not hold, or is not enough.
    #[error("the server's receipt: {source}")]
    Receipt {
        /// The record that was submitted.
        record: RecordDigest,
        /// What is wrong with it.
        source: Box<ReceiptError>,
        /// The receipt, as the server sent it.
        bytes: Vec<u8>,
    },
    /// A receipt on disk does not hold, or is not enough.
    #[error("{}: {source}", path.display())]
    ReceiptFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReceiptError,
    },
    /// A record rests on too much for a bundle.
    #[error("no bundle: {0}")]
    Bundle(Box<BundleError>),
    /// A bundle does not hold, or is not enough.
    #[error("{}: {source}", path.display())]
    BundleFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<BundleError>,
    },
    /// A file of evidence does not hold, or is about another log.
    #[error("{}: {source}", path.display())]
    EvidenceFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<EvidenceError>,
    },
    /// A charter does not succeed the log that it names.
    #[error("{}: {source}", path.display())]
    SuccessorFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, or what it lacks.
        source: Box<SuccessionError>,
    },
    /// Signed files do not hold, or contradict each other.
    #[error("{source}")]
    FalseFiles {
        /// The files, which are the evidence.
        paths: Vec<PathBuf>,
        /// What is wrong with them.
        source: VerifyError,
    },
    /// Something false was seen.
    #[error(transparent)]
    False(#[from] Box<Falsehood>),
    /// Something true is not enough.
    #[error(transparent)]
    NotEnough(#[from] NotEnough),
    /// There is no such thing.
    #[error("{0} is not found")]
    NotFound(String),
    /// A call failed, and would again.
    #[error("the server failed: {}: {}", .0.code(), .0.message())]
    Status(Box<Status>),
    /// Calls failed until patience was at its end.
    #[error("no answer in {} s: {}: {}", patience.as_secs(), status.code(), status.message())]
    Deadline {
        /// How long was tried without progress.
        patience: Duration,
        /// The last failure.
        status: Box<Status>,
    },
    /// The server's answer lacks what it must hold.
    #[error("the server's answer cannot be used: {0}")]
    Answer(&'static str),
    /// Something in the server's answer is not of its form, or exceeds a limit.
    #[error("the server's answer cannot be used: {0}")]
    AnswerForm(DecodeError),
    /// The state on disk cannot be used.
    #[error(
        "{}: the state on disk is damaged ({problem}); remove snapshot, journal and checkpoint from its state \
         directory, and everything is verified again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The state in memory failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// Verified entries could not be put together.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// Another process works on the same directory.
    #[error("{}: another process works here; wait until it has ended", .0.display())]
    Locked(PathBuf),
    /// The operating system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The demonstration did not come to its end, or did not show what it should.
    #[error("demo: {0}")]
    Demo(Box<DemoError>),
    /// A witness cannot be set up, or must not cosign.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The user has interrupted.
    #[error("interrupted; the same command goes on where this one stopped")]
    Interrupted,
}

impl Error {
    /// Makes an I/O error of a path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// Makes a decoding error of a file or argument.
    pub(crate) fn decode(what: &dyn std::fmt::Display) -> impl FnOnce(DecodeError) -> Self {
        let what = what.to_string();
        move |source| Self::Decode { what, source }
    }

    /// Says why an answer that should be a checkpoint is none.
    #[must_use]
    pub fn no_checkpoint(error: ProtoError) -> Self {
        match error {
            ProtoError::Decode(source) => Self::AnswerForm(source),
            _ => Self::Answer("it holds no checkpoint"),
        }
    }

    /// The exit code of a command that ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Decode { .. }
            | Self::NotA { .. }
            | Self::Missing { .. }
            | Self::Json(_)
            | Self::Trust(_)
            | Self::Key(_)
            | Self::Station(_)
            | Self::Remote(_)
            | Self::Days(_)
            | Self::Filter(_)
            | Self::Invalid(_) => Exit::Usage,
            Self::Receipt { source, .. } => source.exit(),
            Self::ReceiptFile { source, .. } => source.exit(),
            Self::EvidenceFile { source, .. } => source.exit(),
            Self::SuccessorFile { source, .. } => of_succession(source),
            Self::Bundle(source) | Self::BundleFile { source, .. } => source.exit(),
            Self::False(_) | Self::FalseFiles { .. } => Exit::False,
            Self::NotEnough(_) => Exit::NotEnough,
            Self::NotFound(_) => Exit::NotFound,
            Self::Io { .. }
            | Self::Status(_)
            | Self::Deadline { .. }
            | Self::Answer(_)
            | Self::AnswerForm(_)
            | Self::Damaged { .. }
            | Self::State(_)
            | Self::Fold(_)
            | Self::Locked(_)
            | Self::Random(_) => Exit::NotChecked,
            Self::Demo(error) => error.exit(),
            Self::Exchange(error) => error.exit(),
            Self::Witness(error) => error.exit(),
            Self::Refused(_) => Exit::Refused,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

/// A charter that names another log says nothing about this one, and one under newer rules takes newer software.
fn of_succession(error: &SuccessionError) -> Exit {
    use Reason::{NotSupported, WrongCharter, WrongOrigin};
    match error {
        SuccessionError::NotEnough { .. }
        | SuccessionError::Refused(Refusal {
            reason: WrongOrigin | WrongCharter | NotSupported,
            ..
        }) => Exit::NotEnough,
        SuccessionError::State(_) => Exit::NotChecked,
        _ => Exit::False,
    }
}

impl From<RuleError> for Error {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Refused(refusal) => refusal.into(),
            RuleError::State(error) => error.into(),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refused) => Self::Refused(refused),
            Failure::NotFound(what) => Self::NotFound(what),
            Failure::Retry(status, _) | Failure::Failed(status) => Self::Status(status),
        }
    }
}

impl From<BundleError> for Error {
    fn from(error: BundleError) -> Self {
        Self::Bundle(Box::new(error))
    }
}

impl From<DemoError> for Error {
    fn from(error: DemoError) -> Self {
        Self::Demo(Box::new(error))
    }
}
