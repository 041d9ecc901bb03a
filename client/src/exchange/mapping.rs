//! The mapping file: how a row becomes a report, and a report a row.
//!
//! In scope: the file, read strictly and checked against the schema, so that a mistake in it is found before any row
//! is read; rows of text as reports; reports as rows, for tables whose columns are typed fields. Out of scope: whether
//! the log would take the report ([`super::plan`]).
//!
//! `docs/mapping.md` explains every construct.

mod file;
mod source;

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Map, Value};
use trucelog_proto::pb;

use super::{ExchangeError, cell, escape};
use crate::json::{self, JsonError};
use source::{Form, Part, Source};

/// Name of the message that rows become.
pub(crate) const REPORT: &str = "trucelog.v1.IncidentReport";

/// A mapping file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    name: String,
    delimiter: char,
    columns: Vec<Column>,
    ignore: Vec<String>,
    body_digest: Option<String>,
    report: Node,
}

/// A column of a table that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its hashtag in the Humanitarian Exchange Language.
    pub hxl: String,
}

/// Where a part of the report comes from.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// A field, or an item of a list.
    Leaf(FieldDescriptor, Source),
    /// A message, by the names of its fields.
    Message(Vec<(String, Self)>),
    /// A list, item by item.
    List(Vec<Self>),
}

impl Node {
    /// The sources in it.
    fn sources(&self) -> Vec<&Source> {
        match self {
            Self::Leaf(_, source) => vec![source],
            Self::Message(fields) => fields.iter().flat_map(|(_, node)| node.sources()).collect(),
            Self::List(items) => items.iter().flat_map(Self::sources).collect(),
        }
    }

    /// Tells whether anything in it comes from the row.
    fn is_of_row(&self) -> bool {
        self.sources().iter().any(|source| source.is_of_row())
    }
}

/// A cell cannot become the value of its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {found:?} is not {expected}")]
pub struct CellError {
    /// The column; none when no single one is to blame.
    pub column: Option<String>,
    /// Path of the field in the report.
    pub field: String,
    /// What stands in the cell.
    pub found: String,
    /// What should.
    pub expected: String,
}

/// A row as a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// The report.
    pub report: pb::IncidentReport,
    /// Path of each field with the column that it was taken from.
    pub origins: Vec<(String, String)>,
}

impl Mapped {
    /// The columns behind a field of the report, or behind what is in it; none when nothing of it is from the row.
    #[must_use]
    pub fn columns_of(&self, field: &str) -> Vec<&str> {
        let below = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let origins = self.origins.iter();
        let found = origins.filter(|(path, _)| below(path, field) || below(field, path));
        found.map(|(_, column)| column.as_str()).collect()
    }
}

impl Mapping {
    /// Reads a mapping file. `name` is what messages call it.
    ///
    /// # Errors
    /// [`ExchangeError::Mapping`] with the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, ExchangeError> {
        file::parse(name, text)
    }

    /// What separates the cells of its CSV files.
    #[must_use]
    pub fn delimiter(&self) -> char {
        self.delimiter
    }

    /// The columns of the tables that are written with it, in their order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
}

/// A mapping that was fitted to the columns of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Importer<'a> {
    mapping: &'a Mapping,
    positions: HashMap<String, usize>,
    options: BTreeMap<String, String>,
    /// The columns that go to `imported.fields`.
    rest: Vec<String>,
}

impl<'a> Importer<'a> {
    /// Fits a mapping to a table: every column that it names is there, every column of the table is used or ignored,
    /// and `options` are those that it asks for.
    ///
    /// # Errors
    /// [`ExchangeError::Fit`] with what does not fit.
    pub fn new(
        mapping: &'a Mapping,
        columns: &[String],
        options: &BTreeMap<String, String>,
    ) -> Result<Self, ExchangeError> {
        let fit = |problem: String| {
            ExchangeError::Fit(format!("mapping {} does not fit: {problem}", mapping.name))
        };
        let sources = mapping.report.sources();
        let asked: Vec<&str> = sources.iter().filter_map(|s| s.option()).collect();
        if let Some(missing) = asked.iter().find(|name| !options.contains_key(**name)) {
            return Err(fit(format!("it asks for --set {missing}=VALUE")));
        }
        if let Some(unknown) = options.keys().find(|name| !asked.contains(&name.as_str())) {
            return Err(fit(format!("it asks for no option {unknown}")));
        }
        let used: Vec<&str> = sources.iter().flat_map(|source| source.columns()).collect();
        let known = |name: &str| columns.iter().any(|column| column == name);
        let named = used.iter().copied();
        let named = named.chain(mapping.body_digest.as_deref());
        if let Some(missing) = named.chain(keep(&sources)).find(|name| !known(name)) {
            return Err(fit(format!("the table has no column {missing:?}")));
        }
        let free = columns.iter().filter(|column| {
            let column = column.as_str();
            !used.contains(&column)
                && mapping.body_digest.as_deref() != Some(column)
                && !mapping.ignore.iter().any(|ignored| ignored == column)
        });
        let free: Vec<&String> = free.collect();
        let has_rest = sources
            .iter()
            .any(|source| matches!(source, Source::Rest { .. }));
        if let Some(lost) = free.first().filter(|_| !has_rest) {
            return Err(fit(format!(
                "column {lost:?} is used nowhere: map it, let `rest` take it, or name it in `ignore`"
            )));
        }
        let kept: Vec<&str> = keep(&sources).collect();
        let is_rest = |column: &&String| free.contains(column) || kept.contains(&column.as_str());
        Ok(Self {
            mapping,
            positions: (0..)
                .zip(columns)
                .map(|(at, name)| (name.clone(), at))
                .collect(),
            options: options.clone(),
            rest: columns.iter().filter(is_rest).cloned().collect(),
        })
    }

    /// Number of columns of the table.
    #[must_use]
    pub fn width(&self) -> usize {
        self.positions.len()
    }

    /// The report that a row becomes.
    ///
    /// # Errors
    /// [`CellError`] for the first cell that has no exact counterpart.
    ///
    /// # Panics
    /// When the row has fewer cells than the table has columns.
    pub fn report(&self, cells: &[String]) -> Result<Mapped, CellError> {
        let mut builder = Builder {
            importer: self,
            cells,
            origins: Vec::new(),
        };
        let value = builder.build(&self.mapping.report, "")?;
        let value = value.unwrap_or_else(|| Value::Object(Map::new()));
        let report = json::parse_value(REPORT, value).map_err(|error| CellError {
            column: None,
            field: match &error {
                JsonError::Form { path, .. } => path.clone(),
                _ => String::new(),
            },
            found: String::new(),
            expected: error.to_string(),
        })?;
        Ok(Mapped {
            report,
            origins: builder.origins,
        })
    }

    /// The body digest that a row states, if it states one.
    #[must_use]
    pub fn stated_digest<'c>(&self, cells: &'c [String]) -> Option<&'c str> {
        let column = self.mapping.body_digest.as_deref()?;
        Some(cells[self.positions[column]].as_str()).filter(|stated| !stated.is_empty())
    }
}

/// The columns that are mapped and stand in `imported.fields` too.
fn keep<'a>(sources: &[&'a Source]) -> impl Iterator<Item = &'a str> {
    let kept = sources.iter().filter_map(|source| match source {
        Source::Rest { keep } => Some(keep),
        _ => None,
    });
    kept.flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Builds the report of one row.
struct Builder<'a> {
    importer: &'a Importer<'a>,
    cells: &'a [String],
    origins: Vec<(String, String)>,
}

impl<'a> Builder<'a> {
    /// The value of a node; none when it is left out. A message of which something comes from the row is left out when
    /// nothing of that is there.
    fn build(&mut self, node: &Node, path: &str) -> Result<Option<Value>, CellError> {
        match node {
            Node::Leaf(field, source) => self.leaf(field, source, path),
            Node::Message(fields) => {
                let before = self.origins.len();
                let mut object = Map::new();
                for (name, node) in fields {
                    if let Some(value) = self.build(node, &json::join(path, name))? {
                        object.insert(name.clone(), value);
                    }
                }
                if self.origins.len() == before && node.is_of_row() {
                    return Ok(None);
                }
                check_zeros(fields, &object, path)?;
                Ok(Some(Value::Object(object)))
            }
            Node::List(nodes) => {
                let mut items = Vec::new();
                for node in nodes {
                    let item = self.build(node, &format!("{path}[{}]", items.len()))?;
                    items.extend(item);
                }
                Ok((!items.is_empty()).then_some(Value::Array(items)))
            }
        }
    }

    fn leaf(
        &mut self,
        field: &FieldDescriptor,
        source: &Source,
        path: &str,
    ) -> Result<Option<Value>, CellError> {
        match source {
            Source::Constant(value) => Ok(Some(value.clone())),
            Source::Option(name) => {
                let text = &self.importer.options[name];
                let error = |expected| CellError {
                    column: None,
                    field: path.to_owned(),
                    found: text.clone(),
                    expected,
                };
                cell::parse(field, text).map(Some).map_err(error)
            }
            Source::Column { name, form } => self.column(field, name, form, path),
            Source::Text(parts) => Ok(self.text(parts, path)),
            Source::Rest { .. } => Ok(self.rest(path)),
        }
    }

    fn cell(&self, column: &str) -> &'a str {
        &self.cells[self.importer.positions[column]]
    }

    fn take(&mut self, path: &str, column: &str) {
        self.origins.push((path.to_owned(), column.to_owned()));
    }

    fn column(
        &mut self,
        field: &FieldDescriptor,
        column: &str,
        form: &Form,
        path: &str,
    ) -> Result<Option<Value>, CellError> {
        let text = self.cell(column);
        let Some(value) = form.parse(field, text) else {
            return Ok(None);
        };
        let value = value.map_err(|expected| CellError {
            column: Some(column.to_owned()),
            field: path.to_owned(),
            found: text.to_owned(),
            expected,
        })?;
        self.take(path, column);
        Ok(Some(value))
    }

    /// Text put together from columns; left out when all of them are empty.
    fn text(&mut self, parts: &[Part], path: &str) -> Option<Value> {
        let mut text = String::new();
        let mut columns = Vec::new();
        for part in parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Column(column) => {
                    let cell = self.cell(column);
                    text.push_str(cell);
                    if !cell.is_empty() {
                        columns.push(column);
                    }
                }
            }
        }
        for column in &columns {
            self.take(path, column);
        }
        (!columns.is_empty()).then_some(Value::String(text))
    }

    /// The columns for which there is no typed field.
    fn rest(&mut self, path: &str) -> Option<Value> {
        let mut fields = Vec::new();
        for column in &self.importer.rest {
            let text = self.cell(column);
            if text.is_empty() {
                continue;
            }
            let value = escape(text);
            self.take(&format!("{path}[{}]", fields.len()), column);
            fields.push(serde_json::json!({ "name": column, "value": value }));
        }
        (!fields.is_empty()).then_some(Value::Array(fields))
    }
}

/// Refuses an empty cell beside filled ones where its field would read as the number 0 and mean it.
fn check_zeros(
    fields: &[(String, Node)],
    object: &Map<String, Value>,
    path: &str,
) -> Result<(), CellError> {
    for (name, node) in fields {
        let Node::Leaf(field, Source::Column { name: column, .. }) = node else {
            continue;
        };
        if cell::means_zero(field) && !object.contains_key(name) {
            return Err(CellError {
                column: Some(column.clone()),
                field: json::join(path, name),
                found: String::new(),
                expected: "a number, which it must be where others beside it are filled in"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// A value of a report under the name of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// As JSON.
    pub value: Value,
    /// As text, the form that the mapping reads.
    pub text: String,
}

impl Mapping {
    /// The cells of a report by column, those that are not empty. Only columns that are one typed field, a list of
    /// them, or JSON are written; that the row is the report, its reader must check.
    #[must_use]
    pub fn cells(&self, report: &pb::IncidentReport) -> BTreeMap<&str, Cell> {
        let mut cells = BTreeMap::new();
        let value = json::from_message(REPORT, report);
        write(&self.report, Some(&value), &mut cells);
        cells
    }
}

fn write<'a>(node: &'a Node, value: Option<&Value>, cells: &mut BTreeMap<&'a str, Cell>) {
    match node {
        Node::Leaf(field, Source::Column { name, form }) => {
            if let Some(cell) = value.and_then(|value| form.write(field, value)) {
                cells.insert(name, cell);
            }
        }
        Node::Leaf(..) => {}
        Node::Message(fields) => {
            let Some(message) = value else { return };
            for (name, node) in fields {
                let zero = zero_of(node);
                write(node, message.get(name).or(zero.as_ref()), cells);
            }
        }
        Node::List(nodes) => {
            let items = value.and_then(Value::as_array);
            for node in nodes {
                let item = items.and_then(|items| items.iter().find(|item| is_of(node, item)));
                write(node, item, cells);
            }
        }
    }
}

/// The number that stands nowhere in JSON because it is the default.
fn zero_of(node: &Node) -> Option<Value> {
    match node {
        Node::Leaf(field, _) if !field.supports_presence() && !field.is_list() => {
            matches!(field.kind(), Kind::Uint32 | Kind::Sint32).then(|| Value::from(0))
        }
        _ => None,
    }
}

/// Tells whether an item of a list has the constants that a node gives it.
fn is_of(node: &Node, item: &Value) -> bool {
    let Node::Message(fields) = node else {
        return false;
    };
    fields.iter().all(|(name, node)| match node {
        Node::Leaf(_, Source::Constant(constant)) => item.get(name) == Some(constant),
        _ => true,
    })
}
