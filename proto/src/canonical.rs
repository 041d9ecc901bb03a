//! Canonical protobuf: the one byte form in which a message is signed, hashed and stored.
//!
//! In scope: the wire grammar, text rules and list lengths that hold for every message. Out of scope: what a
//! message says, which [`crate::rules`] judges. The grammar is checked on the wire against field tables that
//! are generated from the schema; nothing is re-encoded.
//!
//! Source: `proto/spec/canonical.md`.

use thiserror::Error;

use crate::limits::MAX_LIST_LEN;

pub mod grammar {
    //! Field tables of every message that has canonical bytes.
    use super::{Field, Kind, Message, Presence};

    include!("gen/grammar.rs");
}

/// A message type: its fields in ascending order of their numbers, a oneof last.
#[derive(Debug)]
pub struct Message {
    /// Name of the message in the schema.
    pub name: &'static str,
    /// Its fields, ascending by number.
    pub fields: &'static [Field],
}

/// A field of a message type.
#[derive(Debug)]
pub struct Field {
    /// Field number.
    pub number: u32,
    /// Name of the field in the schema.
    pub name: &'static str,
    /// Type of the value.
    pub kind: Kind,
    /// When the field is present on the wire.
    pub presence: Presence,
}

/// Type of a field's value.
#[derive(Debug)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
    /// `sint32`, zigzag.
    Sint32,
    /// An enum with the values 1, 2, 3, … without gaps.
    Enum {
        /// Names of its values from 0, which is never on the wire.
        names: &'static [&'static str],
    },
    /// `string`.
    Text,
    /// `bytes`.
    Bytes,
    /// A message.
    Message(&'static Message),
}

/// When a field is present on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Present unless it has the default value.
    Implicit,
    /// Present or not, independent of the value.
    Optional,
    /// At most one member of the message's oneof is present.
    OneOf,
    /// A list.
    Repeated,
}

/// Bytes are not canonical.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {problem}", if path.is_empty() { "message" } else { path })]
pub struct CanonicalError {
    /// Path of the field, for example `incident_report.place.name`; empty for the message itself.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with bytes that are not canonical.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// A varint, tag or length runs past the end.
    #[error("the bytes end early")]
    Truncated,
    /// A varint has needless zero groups or more than 64 bits.
    #[error("a varint is not minimal")]
    Varint,
    /// A number exceeds the range of its type.
    #[error("{value} is over the highest value {highest}")]
    Range {
        /// The value found.
        value: u64,
        /// The highest value that the type has.
        highest: u64,
    },
    /// A field number that the schema does not have.
    #[error("unknown field number {0}")]
    UnknownField(u64),
    /// A wire type other than the declared one.
    #[error("wire type {found} instead of {declared}")]
    WireType {
        /// Wire type found.
        found: u64,
        /// Wire type that the schema declares.
        declared: u64,
    },
    /// Fields are not in ascending order, or a single field is repeated.
    #[error("out of order or repeated")]
    Order,
    /// Two members of a oneof are present.
    #[error("a second member of a oneof")]
    SecondOneOf,
    /// A default value is written where it must be left out.
    #[error("a default value must be left out")]
    Default,
    /// A packed list is empty.
    #[error("an empty list must be left out")]
    EmptyList,
    /// A list has too many items.
    #[error("more than {MAX_LIST_LEN} items")]
    ListLen,
    /// Text is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// Text holds a code point that is not allowed.
    #[error("text holds the code point U+{0:04X}, which is not allowed; leave it out or escape it")]
    CodePoint(u32),
}

const VARINT: u64 = 0;
const LEN: u64 = 2;

/// Checks that `bytes` are the canonical bytes of one `message`.
///
/// # Errors
/// [`CanonicalError`] with the path of the first field that breaks the grammar.
///
/// Source: `proto/spec/canonical.md`.
pub fn check(message: &Message, bytes: &[u8]) -> Result<(), CanonicalError> {
    check_message(message, bytes).map_err(|Flaw { mut path, problem }| {
        path.reverse();
        CanonicalError {
            path: path.join("."),
            problem,
        }
    })
}

/// A problem on its way up, with the path collected innermost first.
struct Flaw {
    path: Vec<String>,
    problem: Problem,
}

impl From<Problem> for Flaw {
    fn from(problem: Problem) -> Self {
        Self {
            path: Vec::new(),
            problem,
        }
    }
}

impl Flaw {
    fn below(mut self, field: &Field, position: usize) -> Self {
        let is_item = field.presence == Presence::Repeated && !is_packed(field);
        self.path.push(if is_item {
            format!("{}[{position}]", field.name)
        } else {
            field.name.to_owned()
        });
        self
    }
}

fn check_message(message: &Message, bytes: &[u8]) -> Result<(), Flaw> {
    let mut rest = Reader(bytes);
    let mut last: Option<&Field> = None;
    let mut position = 0;
    while !rest.0.is_empty() {
        let (number, wire_type) = rest.tag()?;
        let field = find(message, number).ok_or(Problem::UnknownField(number))?;
        position = next_position(last, field, position)
            .map_err(|problem| Flaw::from(problem).below(field, position + 1))?;
        check_field(field, wire_type, &mut rest).map_err(|flaw| flaw.below(field, position))?;
        last = Some(field);
    }
    Ok(())
}

pub(crate) fn find(message: &Message, number: u64) -> Option<&'static Field> {
    let number = u32::try_from(number).ok()?;
    let position = message
        .fields
        .binary_search_by_key(&number, |field| field.number)
        .ok()?;
    message.fields.get(position)
}

/// Checks the order of `field` after `last` and gives its position in its list.
fn next_position(last: Option<&Field>, field: &Field, position: usize) -> Result<usize, Problem> {
    let Some(last) = last else { return Ok(0) };
    if last.presence == Presence::OneOf && field.presence == Presence::OneOf {
        return Err(Problem::SecondOneOf);
    }
    if field.number > last.number {
        return Ok(0);
    }
    if field.number < last.number || field.presence != Presence::Repeated || is_packed(field) {
        return Err(Problem::Order);
    }
    if position + 1 >= MAX_LIST_LEN {
        return Err(Problem::ListLen);
    }
    Ok(position + 1)
}

pub(crate) fn is_packed(field: &Field) -> bool {
    field.presence == Presence::Repeated
        && !matches!(field.kind, Kind::Text | Kind::Bytes | Kind::Message(_))
}

fn check_field(field: &Field, wire_type: u64, rest: &mut Reader<'_>) -> Result<(), Flaw> {
    let by_length =
        is_packed(field) || matches!(field.kind, Kind::Text | Kind::Bytes | Kind::Message(_));
    let declared = if by_length { LEN } else { VARINT };
    if wire_type != declared {
        return Err(Problem::WireType {
            found: wire_type,
            declared,
        }
        .into());
    }
    if is_packed(field) {
        return Ok(check_packed(&field.kind, rest.delimited()?)?);
    }
    match &field.kind {
        Kind::Message(inner) => check_message(inner, rest.delimited()?),
        Kind::Text | Kind::Bytes => Ok(check_delimited(field, rest.delimited()?)?),
        kind => {
            let value = rest.varint()?;
            if value == 0 && field.presence == Presence::Implicit {
                return Err(Problem::Default.into());
            }
            Ok(check_number(kind, value)?)
        }
    }
}

fn check_packed(kind: &Kind, bytes: &[u8]) -> Result<(), Problem> {
    let mut rest = Reader(bytes);
    let mut count = 0;
    while !rest.0.is_empty() {
        check_number(kind, rest.varint()?)?;
        count += 1;
    }
    match count {
        0 => Err(Problem::EmptyList),
        1..=MAX_LIST_LEN => Ok(()),
        _ => Err(Problem::ListLen),
    }
}

fn check_number(kind: &Kind, value: u64) -> Result<(), Problem> {
    let highest = match kind {
        Kind::Bool => 1,
        Kind::Uint32 | Kind::Sint32 => u64::from(u32::MAX),
        Kind::Enum { names } => (names.len() as u64).saturating_sub(1),
        _ => u64::MAX,
    };
    if value > highest {
        return Err(Problem::Range { value, highest });
    }
    if value == 0 && matches!(kind, Kind::Enum { .. }) {
        return Err(Problem::Default);
    }
    Ok(())
}

fn check_delimited(field: &Field, bytes: &[u8]) -> Result<(), Problem> {
    if bytes.is_empty() && field.presence == Presence::Implicit {
        return Err(Problem::Default);
    }
    if matches!(field.kind, Kind::Text) {
        if bytes
            .iter()
            .all(|&byte| matches!(byte, b'\n' | b' '..=b'~'))
        {
            return Ok(());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Problem::Utf8)?;
        if let Some(refused) = text.chars().find(|&character| !is_allowed(character)) {
            return Err(Problem::CodePoint(refused.into()));
        }
    }
    Ok(())
}

/// Tells whether text may hold a code point: no controls but line feed, no code point that is invisible or
/// changes the direction of what surrounds it, no byte order mark, no tag characters.
///
/// Source: `proto/spec/canonical.md`, "Text".
#[must_use]
pub fn is_allowed(character: char) -> bool {
    !matches!(
        u32::from(character),
        0x00..=0x09
            | 0x0B..=0x1F
            | 0x7F..=0x9F
            | 0xAD
            | 0x61C
            | 0x180E
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0xE0000..=0xE007F
    )
}

/// What is left to read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn tag(&mut self) -> Result<(u64, u64), Problem> {
        let tag = self.varint()?;
        Ok((tag >> 3, tag & 7))
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Problem> {
        let mut value = 0_u64;
        for (position, &byte) in self.0.iter().enumerate() {
            let group = u64::from(byte & 0x7F);
            if position == 9 && byte > 1 {
                return Err(Problem::Varint);
            }
            value |= group << (7 * position);
            if byte < 0x80 {
                if byte == 0 && position > 0 {
                    return Err(Problem::Varint);
                }
                self.0 = &self.0[position + 1..];
                return Ok(value);
            }
        }
        Err(Problem::Truncated)
    }

    pub(crate) fn delimited(&mut self) -> Result<&'a [u8], Problem> {
        let len = usize::try_from(self.varint()?).map_err(|_| Problem::Truncated)?;
        let (inside, rest) = self.0.split_at_checked(len).ok_or(Problem::Truncated)?;
        self.0 = rest;
        Ok(inside)
    }
}
