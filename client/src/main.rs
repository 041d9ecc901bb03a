//! `trucelog`: writes, submits, reads and verifies the records of a log.

use std::process::ExitCode;

fn main() -> ExitCode {
    trucelog_client::cli::main()
}
