//! Why a demonstration could not be carried to its end.

use std::path::PathBuf;

use super::data::DataError;
use crate::Error;
use crate::exchange::ExchangeError;
use crate::exchange::mapping::CellError;
use crate::exit::Exit;

/// Why a demonstration could not be carried to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A program is nowhere.
    #[error(
        "{name} is not found{}: give {flag} PATH, set {variable}, or put it beside this program or on PATH",
        .given.as_ref().map(|path| format!(" at {}", path.display())).unwrap_or_default()
    )]
    NoProgram {
        /// Name of the program.
        name: &'static str,
        /// The option that names it.
        flag: &'static str,
        /// The environment variable that names it.
        variable: &'static str,
        /// The path that was given.
        given: Option<PathBuf>,
    },
    /// A directory that is to be kept is in use.
    #[error("{}: it is not empty; give --keep a new directory", .0.display())]
    NotEmpty(PathBuf),
    /// A child process did not do its work.
    #[error("{what}: {problem}")]
    Process {
        /// The command.
        what: String,
        /// What is wrong.
        problem: String,
    },
    /// A task of this program panicked.
    #[error("a submission was lost: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// The library could not do something.
    #[error(transparent)]
    Client(#[from] Error),
    /// The embedded data is damaged.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A cell of a row has no exact counterpart in a report.
    #[error(transparent)]
    Cell(#[from] CellError),
    /// The mapping does not fit the tables.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// It came to its end, and something that was to be shown was not.
    #[error("not shown: {}", .0.join(", "))]
    NotShown(Vec<&'static str>),
}

impl DemoError {
    /// The exit code of a command that ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoProgram { .. } | Self::NotEmpty(_) => Exit::Usage,
            Self::NotShown(_) => Exit::False,
            Self::Client(error) => error.exit(),
            _ => Exit::NotChecked,
        }
    }
}
