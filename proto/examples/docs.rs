//! Writes `docs/errors.md` and `docs/limits.md` from the tables in the code. `--check` compares and changes nothing.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};
use trucelog_proto::limits;
use trucelog_proto::refusal::{Reason, ServiceReason};

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for (name, text) in [("errors.md", errors()?), ("limits.md", limits()?)] {
        let path = docs.join(name);
        if check {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            ensure!(
                found == text,
                "{} is not what the code gives; run `make gen`",
                path.display()
            );
        } else {
            std::fs::write(path, text)?;
        }
    }
    Ok(())
}

/// A table over all variants of an enum of reasons.
macro_rules! table {
    ($text:expr, $reasons:ty) => {
        $text.push_str("| reason | code | meaning | what to do |\n|---|---|---|---|\n");
        for reason in <$reasons>::ALL {
            writeln!(
                $text,
                "| `{}` | {} | {} | {} |",
                reason.name(),
                reason.code().name(),
                reason.meaning(),
                reason.remedy()
            )?;
        }
    };
}

fn errors() -> Result<String> {
    let mut text = String::from(
        "# Refusals\n\n\
         The `reason` of `google.rpc.ErrorInfo` (domain `trucelog`), with the gRPC code. Generated from\n\
         `proto/src/refusal.rs`.\n\n\
         ## Why a record is refused\n\n\
         The field path is in `google.rpc.BadRequest` or `PreconditionFailure`, the facts (limits, what to use instead) in\n\
         the metadata. A verifier that meets such a record in a log names the same reason.\n\n",
    );
    table!(text, Reason);
    text.push_str("\n## Why a call is not answered\n\n");
    table!(text, ServiceReason);
    Ok(text)
}

fn limits() -> Result<String> {
    let mut text = String::from(
        "# Limits\n\nThe limits of the protocol, generated from `proto/src/limits.rs`.\n\n\
         | name | limit | of what |\n|---|---|---|\n",
    );
    for (name, value, what) in limits::ALL {
        writeln!(text, "| `{name}` | {value} | {what} |")?;
    }
    Ok(text)
}
