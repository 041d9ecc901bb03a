//! The mapping file as TOML. Unknown keys are errors with the line.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::super::ExchangeError;
use super::source::{KINDS, SourceText};
use super::{Column, Mapping, Node, REPORT};
use crate::json;

const SCHEMA: &str = "trucelog.mapping/v1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Spanned<String>,
    delimiter: Option<char>,
    #[serde(default)]
    columns: Vec<(String, String)>,
    #[serde(default)]
    ignore: Vec<String>,
    body_digest: Option<String>,
    report: IgnoredAny,
}

/// Something is wrong at an offset of the file.
struct Problem {
    offset: usize,
    text: String,
}

impl Problem {
    fn at<T>(value: &Spanned<T>, text: impl Into<String>) -> Self {
        Self {
            offset: value.span().start,
            text: text.into(),
        }
    }
}

impl From<toml::de::Error> for Problem {
    fn from(error: toml::de::Error) -> Self {
        Self {
            offset: error.span().map_or(0, |span| span.start),
            text: error.message().to_owned(),
        }
    }
}

pub(super) fn parse(name: &str, text: &str) -> Result<Mapping, ExchangeError> {
    read(name, text).map_err(|problem| ExchangeError::Mapping {
        name: name.to_owned(),
        line: 1 + text[..problem.offset].matches('\n').count(),
        problem: problem.text,
    })
}

fn read(name: &str, text: &str) -> Result<Mapping, Problem> {
    let file: File = toml::from_str(text)?;
    if file.schema.get_ref() != SCHEMA {
        return Err(Problem::at(
            &file.schema,
            format!("the schema is {SCHEMA:?}"),
        ));
    }
    let IgnoredAny = file.report;
    let mut tables = DeTable::parse(text)?.into_inner();
    let report = tables.remove("report").map(Spanned::into_inner);
    let Some(DeValue::Table(report)) = report else {
        return Err(Problem {
            offset: 0,
            text: "[report] is not a table".to_owned(),
        });
    };
    let columns = file.columns.into_iter();
    Ok(Mapping {
        name: name.to_owned(),
        delimiter: file.delimiter.unwrap_or(','),
        columns: columns.map(|(name, hxl)| Column { name, hxl }).collect(),
        ignore: file.ignore,
        body_digest: file.body_digest,
        report: message(&json::descriptor(REPORT), report)?,
    })
}

fn message(descriptor: &MessageDescriptor, table: DeTable<'_>) -> Result<Node, Problem> {
    let mut fields = Vec::new();
    for (key, value) in table {
        let field = descriptor.get_field_by_name(key.get_ref()).ok_or_else(|| {
            let names = descriptor.fields().map(|field| field.name().to_owned());
            let names: Vec<String> = names.collect();
            let message = descriptor.name();
            let names = names.join(", ");
            Problem::at(
                &key,
                format!("{message} has no field {}; it has {names}", key.get_ref()),
            )
        })?;
        fields.push((key.get_ref().to_string(), node(&field, value)?));
    }
    Ok(Node::Message(fields))
}

fn node(field: &FieldDescriptor, value: Spanned<DeValue<'_>>) -> Result<Node, Problem> {
    if field.is_list() && value.get_ref().is_array() {
        let DeValue::Array(items) = value.into_inner() else {
            return Ok(Node::List(Vec::new()));
        };
        let items = items.into_iter().map(|item| single(field, item, true));
        return Ok(Node::List(items.collect::<Result<_, _>>()?));
    }
    single(field, value, false)
}

/// A field that is no list, an item of a list, or a list that a single source gives.
fn single(
    field: &FieldDescriptor,
    value: Spanned<DeValue<'_>>,
    is_item: bool,
) -> Result<Node, Problem> {
    let span = value.span();
    let Some(table) = value.get_ref().as_table() else {
        return Err(Problem::at(
            &value,
            "it is not a table; write for example { column = \"name\" }",
        ));
    };
    let is_source = KINDS.iter().any(|kind| {
        let value = table.get(*kind);
        value.is_some_and(|value| !value.get_ref().is_table())
    });
    match (field.kind(), value) {
        (Kind::Message(descriptor), value) if !is_source && (is_item || !field.is_list()) => {
            match value.into_inner() {
                DeValue::Table(table) => message(&descriptor, table),
                _ => Ok(Node::Message(Vec::new())),
            }
        }
        (_, value) => {
            let source = SourceText::deserialize(ValueDeserializer::from(value))?;
            let source = source.check(field, is_item).map_err(|text| Problem {
                offset: span.start,
                text: format!("{}: {text}", field.name()),
            })?;
            Ok(Node::Leaf(field.clone(), source))
        }
    }
}
