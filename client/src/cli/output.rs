//! Answers and errors, as text, as one JSON object, or as lines of JSON.

use std::fmt::Display;
use std::io::{Write as _, stdout};
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use trucelog_proto::hash::LeafIndex;

use crate::Error;
use crate::demo::DemoError;
use crate::exit::Exit;
use crate::witness::WitnessError;

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object with a `schema` and no missing fields.
    Json,
    /// One JSON object per line: of a list, first what the answer says of itself, then each thing.
    Ndjson,
}

/// Prints an answer.
pub(super) fn print(format: Format, text: &str, json: &Value) {
    match format {
        Format::Text => line(text.trim_end()),
        Format::Json | Format::Ndjson => line(json),
    }
}

/// Prints a list. `head` is what the answer says of itself, an object to which the things are added as `name`.
pub(super) fn print_list(
    format: Format,
    text: &str,
    mut head: Map<String, Value>,
    name: &str,
    items: Vec<Value>,
) {
    match format {
        Format::Text => line(text.trim_end()),
        Format::Json => {
            head.insert(name.to_owned(), Value::Array(items));
            line(Value::Object(head));
        }
        Format::Ndjson => {
            line(Value::Object(head));
            items.into_iter().for_each(line);
        }
    }
}

/// Prints an answer of several as one line of JSON or as text, and says when nobody could read it.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn deliver(format: Format, text: &str, json: &Value) -> Result<(), Error> {
    let mut out = stdout();
    let written = match format {
        Format::Text => writeln!(out, "{}", text.trim_end()),
        Format::Json | Format::Ndjson => writeln!(out, "{json}"),
    };
    written
        .and_then(|()| out.flush())
        .map_err(Error::io(Path::new("standard output")))
}

/// Prints a line on standard output. A reader that has gone away, for example `head`, is no error.
pub(super) fn line(text: impl Display) {
    drop(writeln!(stdout(), "{text}"));
}

/// Prints why a command failed: a verdict or the object on standard output, anything else on standard error.
pub(super) fn report(error: &Error, format: Format) {
    match (format, error.exit()) {
        // The summary has been printed, and is the answer.
        _ if matches!(error, Error::Demo(demo) if matches!(**demo, DemoError::NotShown(_))) => {
            eprintln!("trucelog: {error}");
        }
        (Format::Json | Format::Ndjson, _) => line(error_json(error)),
        (Format::Text, Exit::False) => match evidence(error) {
            Some(path) => line(format_args!("FALSE {error}: evidence in {path}")),
            None => line(format_args!("FALSE {error}")),
        },
        (Format::Text, Exit::NotEnough) => line(format_args!("NOT PROVEN {error}")),
        (Format::Text, _) => eprintln!("trucelog: {error}"),
    }
}

pub(super) fn error_json(error: &Error) -> Value {
    let (kind, index) = match error {
        Error::False(falsehood) => (
            Some(falsehood.what.kind()),
            falsehood.what.index().map(LeafIndex::get),
        ),
        _ => (None, None),
    };
    let refused = match error {
        Error::Refused(refused) => Some(refused),
        _ => None,
    };
    json!({
        "schema": "trucelog.error/v1",
        "exit_code": error.exit().code(),
        "meaning": error.exit().meaning(),
        "message": error.to_string(),
        "kind": kind,
        "index": index,
        "evidence": evidence(error),
        "refused": refused,
    })
}

fn evidence(error: &Error) -> Option<String> {
    match error {
        Error::False(falsehood) => Some(falsehood.evidence.display().to_string()),
        Error::Witness(WitnessError::Halted { evidence, .. }) => {
            Some(evidence.display().to_string())
        }
        Error::FalseFiles { paths, .. } => {
            let paths: Vec<String> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            Some(paths.join(" "))
        }
        Error::ReceiptFile { path, .. }
        | Error::BundleFile { path, .. }
        | Error::EvidenceFile { path, .. }
        | Error::SuccessorFile { path, .. }
            if error.exit() == Exit::False =>
        {
            Some(path.display().to_string())
        }
        _ => None,
    }
}
