//! The command `trucelog`.

use std::process::ExitCode;

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
