//! Messages field by field, and what differs between two of them.

use std::collections::BTreeMap;
use std::fmt;

use crate::canonical::{self, Field, Kind, Message, Presence, Problem, Reader};

/// A value of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// A number of any integer type, or 1 for a true `bool`.
    Number(i128),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Name of a value of an enum.
    Name(&'static str),
    /// A message that is present and empty.
    Empty,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Name(name) => name.fmt(f),
            Self::Empty => f.write_str("{}"),
        }
    }
}

/// A field that two messages do not have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path of the field, for example `place.position.latitude`, `casualties[0].best` or `imported.fields[relid]`.
    pub path: String,
    /// Value in the older message; absent when it does not hold the field.
    pub old: Option<Value>,
    /// Value in the newer message; absent when it does not hold the field.
    pub new: Option<Value>,
}

/// The fields in which two messages of one type differ, ordered by path.
///
/// # Panics
/// When `grammar` is not the table of the messages' type.
#[must_use]
pub fn difference<M: prost::Message>(grammar: &Message, old: &M, new: &M) -> Vec<Difference> {
    let read = |message: &M| {
        fields(grammar, &message.encode_to_vec()).expect("prost writes what its schema says")
    };
    let mut paths: BTreeMap<String, (Option<Value>, Option<Value>)> = BTreeMap::new();
    for (path, value) in read(old) {
        paths.entry(path).or_default().0 = Some(value);
    }
    for (path, value) in read(new) {
        paths.entry(path).or_default().1 = Some(value);
    }
    paths
        .into_iter()
        .filter(|(_, (old, new))| old != new)
        .map(|(path, (old, new))| Difference { path, old, new })
        .collect()
}

/// The fields of a message that hold a value, with their paths, in the order of the bytes. No path comes twice.
///
/// Items of a list are numbered from 0; those of a list of name and value pairs are called by their names, and by
/// their number too where a name comes again.
///
/// # Errors
/// [`Problem`] when `bytes` are not of the form that `grammar` describes. Only what is needed to read is checked.
pub fn fields(grammar: &Message, bytes: &[u8]) -> Result<Vec<(String, Value)>, Problem> {
    let mut found = Found::default();
    found.message(grammar, bytes, "")?;
    Ok(found.0)
}

#[derive(Default)]
struct Found(Vec<(String, Value)>);

impl Found {
    fn message(&mut self, message: &Message, bytes: &[u8], path: &str) -> Result<(), Problem> {
        if bytes.is_empty() && !path.is_empty() {
            self.0.push((path.to_owned(), Value::Empty));
        }
        let mut rest = Reader(bytes);
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        while !rest.0.is_empty() {
            let (number, _) = rest.tag()?;
            let field = canonical::find(message, number).ok_or(Problem::UnknownField(number))?;
            let position = counts.entry(field.number).or_default();
            let below = match (path, field.name) {
                ("", name) => name.to_owned(),
                (path, name) => format!("{path}.{name}"),
            };
            if canonical::is_packed(field) {
                self.packed(field, rest.delimited()?, &below)?;
            } else if field.presence == Presence::Repeated {
                self.item(field, &mut rest, &below, *position)?;
                *position += 1;
            } else {
                self.value(field, &mut rest, below)?;
            }
        }
        Ok(())
    }

    fn packed(&mut self, field: &Field, bytes: &[u8], path: &str) -> Result<(), Problem> {
        let mut rest = Reader(bytes);
        let mut position = 0;
        while !rest.0.is_empty() {
            self.value(field, &mut rest, format!("{path}[{position}]"))?;
            position += 1;
        }
        Ok(())
    }

    fn item(
        &mut self,
        field: &Field,
        rest: &mut Reader<'_>,
        path: &str,
        position: usize,
    ) -> Result<(), Problem> {
        match field.kind {
            Kind::Message(message) if is_pair(message) => {
                let mut pair = Self::default();
                pair.message(message, rest.delimited()?, "")?;
                self.pair(pair.0, path, position);
                Ok(())
            }
            _ => self.value(field, rest, format!("{path}[{position}]")),
        }
    }

    fn pair(&mut self, pair: Vec<(String, Value)>, path: &str, position: usize) {
        let mut name = String::new();
        let mut value = Value::Text(String::new());
        for (field, found) in pair {
            match found {
                Value::Text(text) if field == "name" => name = text,
                other => value = other,
            }
        }
        let mut path = format!("{path}[{name}]");
        if self.0.iter().any(|(known, _)| *known == path) {
            path = format!("{path}[{position}]");
        }
        self.0.push((path, value));
    }

    fn value(&mut self, field: &Field, rest: &mut Reader<'_>, path: String) -> Result<(), Problem> {
        let value = match &field.kind {
            Kind::Message(inner) => return self.message(inner, rest.delimited()?, &path),
            Kind::Text => Value::Text(
                String::from_utf8(rest.delimited()?.to_vec()).map_err(|_| Problem::Utf8)?,
            ),
            Kind::Bytes => Value::Bytes(rest.delimited()?.to_vec()),
            Kind::Sint32 => Value::Number(zigzag(rest.varint()?)),
            Kind::Enum { names } => name_of(names, rest.varint()?),
            Kind::Bool | Kind::Uint32 | Kind::Uint64 => Value::Number(rest.varint()?.into()),
        };
        self.0.push((path, value));
        Ok(())
    }
}

/// Tells whether a message is a name with a value.
fn is_pair(message: &Message) -> bool {
    message
        .fields
        .iter()
        .map(|field| field.name)
        .eq(["name", "value"])
}

/// The name of an enum's value; the number where the schema has no such value.
fn name_of(names: &[&'static str], number: u64) -> Value {
    let name = usize::try_from(number)
        .ok()
        .and_then(|number| names.get(number));
    name.map_or(Value::Number(number.into()), |name| Value::Name(name))
}

fn zigzag(value: u64) -> i128 {
    let half = i128::from(value >> 1);
    if value & 1 == 0 { half } else { -half - 1 }
}
