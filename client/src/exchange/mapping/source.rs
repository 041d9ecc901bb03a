//! Where the value of one field comes from.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use prost_reflect::{FieldDescriptor, Kind};
use serde::Deserialize;
use serde_json::Value;

use super::super::cell::{self, Bound, DateForm};
use super::Cell;
use crate::json::is_time;

/// Where the value of one field comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// The same value for every row.
    Constant(Value),
    /// What was given with `--set`.
    Option(String),
    /// A column.
    Column { name: String, form: Form },
    /// Text put together from columns.
    Text(Vec<Part>),
    /// Every column that has no typed field, and those in `keep`.
    Rest { keep: Vec<String> },
}

/// How a cell is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// As its field is.
    Plain,
    /// By a table of all its values.
    Values(BTreeMap<String, Value>),
    /// As a date or time.
    Date(DateForm),
    /// As degrees with so many decimals.
    Decimals(usize),
    /// As a list with this between the items.
    List(String),
    /// As JSON.
    Json,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    Column(String),
}

impl Source {
    pub(super) fn option(&self) -> Option<&str> {
        match self {
            Self::Option(name) => Some(name),
            _ => None,
        }
    }

    /// The columns that it names.
    pub(super) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Column { name, .. } => vec![name],
            Self::Text(parts) => {
                let columns = parts.iter().filter_map(|part| match part {
                    Part::Column(name) => Some(name.as_str()),
                    Part::Literal(_) => None,
                });
                columns.collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn is_of_row(&self) -> bool {
        !matches!(self, Self::Constant(_) | Self::Option(_))
    }
}

impl Form {
    /// Reads a cell; nothing when it is empty, unless a table of values has an entry for that.
    pub(super) fn parse(
        &self,
        field: &FieldDescriptor,
        text: &str,
    ) -> Option<Result<Value, String>> {
        match self {
            Self::Values(values) => listed(values, text),
            _ if text.is_empty() => None,
            Self::Plain => Some(cell::parse(field, text)),
            Self::Date(form) => Some(form.parse(text).map(Value::from)),
            Self::Decimals(decimals) => Some(cell::parse_decimals(text, *decimals)),
            Self::List(separator) => {
                let items = text.split(separator.as_str());
                Some(items.map(|item| cell::parse(field, item)).collect())
            }
            Self::Json => {
                let value = serde_json::from_str(text);
                Some(value.map_err(|error| format!("JSON: {error}")))
            }
        }
    }

    /// Writes a value as a cell, where that is the other way round.
    pub(super) fn write(&self, field: &FieldDescriptor, value: &Value) -> Option<Cell> {
        match (self, value) {
            (Self::Plain, value) => {
                let text = cell::format(field, value);
                let value = match value {
                    Value::String(_) => Value::String(text.clone()),
                    value => value.clone(),
                };
                Some(Cell { value, text })
            }
            (Self::List(separator), Value::Array(items)) => {
                let items = items.iter().map(|item| cell::format(field, item));
                let items: Vec<String> = items.collect();
                let text = items.join(separator);
                Some(Cell {
                    value: items.into(),
                    text,
                })
            }
            (Self::Json, value) => Some(Cell {
                value: value.clone(),
                text: value.to_string(),
            }),
            _ => None,
        }
    }
}

fn listed(values: &BTreeMap<String, Value>, text: &str) -> Option<Result<Value, String>> {
    match values.get(text) {
        Some(value) => Some(Ok(value.clone())),
        None if text.is_empty() => None,
        None => {
            let listed: Vec<&str> = values.keys().map(String::as_str).collect();
            Some(Err(format!("one of {}", listed.join(", "))))
        }
    }
}

/// A source as the file has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SourceText {
    constant: Option<Scalar>,
    option: Option<String>,
    column: Option<String>,
    text: Option<String>,
    rest: Option<bool>,
    keep: Option<Vec<String>>,
    values: Option<BTreeMap<String, Scalar>>,
    date: Option<String>,
    zone: Option<String>,
    bound: Option<Bound>,
    decimals: Option<usize>,
    separator: Option<String>,
    json: Option<bool>,
}

/// The keys of which each source has one.
pub(super) const KINDS: [&str; 5] = ["constant", "option", "column", "text", "rest"];

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(i64),
    Bool(bool),
}

impl Scalar {
    fn value(&self, field: &FieldDescriptor) -> Result<Value, String> {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        };
        let value = cell::parse(field, &text);
        value.map_err(|expected| format!("{text:?} is not {expected}"))
    }
}

const SOURCES: &str = "give one of constant, option, column, text; `text` only for text, `rest = true` with `keep` only \
                       for imported.fields, a list in brackets or as a column with separator or json";
const FORMS: &str = "a column has nothing more, for single values, or one of: values; date with zone and bound, for times; \
                     decimals 1 to 7, for latitude and longitude; separator, for lists; json = true, for lists and messages";

impl SourceText {
    /// Checks a source against its field. `is_item` tells whether it is an item of the list, not the list.
    pub(super) fn check(self, field: &FieldDescriptor, is_item: bool) -> Result<Source, String> {
        let is_list = field.is_list() && !is_item;
        let kinds = [
            self.constant.is_some(),
            self.option.is_some(),
            self.column.is_some(),
            self.text.is_some(),
            self.rest.is_some(),
        ];
        let one = kinds.iter().filter(|given| **given).count() == 1;
        if !one
            || (self.column.is_none() && self.has_form())
            || (self.rest.is_none() && self.keep.is_some())
        {
            return Err(SOURCES.to_owned());
        }
        match self {
            Self {
                constant: Some(constant),
                ..
            } if !is_list => Ok(Source::Constant(constant.value(field)?)),
            Self {
                option: Some(name), ..
            } if !is_list => Ok(Source::Option(name)),
            Self {
                text: Some(text), ..
            } if !is_list && field.kind() == Kind::String => Ok(Source::Text(parse_text(&text)?)),
            Self {
                rest: Some(true),
                keep,
                ..
            } if is_list && is_message(field, "ImportedField") => Ok(Source::Rest {
                keep: keep.unwrap_or_default(),
            }),
            Self {
                column: Some(ref name),
                ..
            } => {
                let name = name.clone();
                let form = self.form(field, is_list)?;
                Ok(Source::Column { name, form })
            }
            _ => Err(SOURCES.to_owned()),
        }
    }

    fn has_form(&self) -> bool {
        self.forms() > 0 || self.zone.is_some() || self.bound.is_some()
    }

    fn forms(&self) -> usize {
        let forms = [
            self.values.is_some(),
            self.date.is_some(),
            self.decimals.is_some(),
            self.separator.is_some(),
            self.json.is_some(),
        ];
        forms.iter().filter(|given| **given).count()
    }

    fn form(self, field: &FieldDescriptor, is_list: bool) -> Result<Form, String> {
        let is_single = !is_list && !matches!(field.kind(), Kind::Message(_));
        let is_dated = self.zone.is_some() || self.bound.is_some();
        if self.forms() > 1 || (self.date.is_none() && is_dated) {
            return Err(FORMS.to_owned());
        }
        match self {
            Self {
                values: Some(values),
                ..
            } if is_single => {
                let read = |(text, scalar): (String, Scalar)| Ok((text, scalar.value(field)?));
                let values = values.into_iter().map(read);
                Ok(Form::Values(values.collect::<Result<_, String>>()?))
            }
            Self {
                date: Some(format),
                zone: Some(zone),
                bound: Some(bound),
                ..
            } if is_time(field) => {
                let unknown = |_| format!("{zone:?} is not UTC or the IANA name of a zone");
                let zone = TimeZone::get(&zone).map_err(unknown)?;
                Ok(Form::Date(DateForm {
                    format,
                    zone,
                    bound,
                }))
            }
            Self {
                decimals: Some(decimals @ 1..=7),
                ..
            } if cell::is_coordinate(field) => Ok(Form::Decimals(decimals)),
            Self {
                separator: Some(separator),
                ..
            } if is_list && !matches!(field.kind(), Kind::Message(_)) && !separator.is_empty() => {
                Ok(Form::List(separator))
            }
            Self {
                json: Some(true), ..
            } if !is_single => Ok(Form::Json),
            _ if self.forms() == 0 && is_single => Ok(Form::Plain),
            _ => Err(FORMS.to_owned()),
        }
    }
}

fn is_message(field: &FieldDescriptor, name: &str) -> bool {
    matches!(field.kind(), Kind::Message(message) if message.name() == name)
}

/// Parses `{column}` in a text; `{{` and `}}` are braces.
fn parse_text(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            literal.push_str(brace);
            rest = after;
            continue;
        }
        let column = after.split_once('}').filter(|_| brace == "{");
        let (column, after) =
            column.ok_or("braces name a column, {like_this}; write {{ for a brace")?;
        parts.push(Part::Literal(std::mem::take(&mut literal)));
        parts.push(Part::Column(column.to_owned()));
        rest = after;
    }
    literal.push_str(rest);
    parts.push(Part::Literal(literal));
    parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
    Ok(parts)
}
