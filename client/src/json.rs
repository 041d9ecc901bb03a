//! Records as JSON: what people write and read.
//!
//! The form is the proto3 JSON mapping with the field names of the schema, and these differences, in and out:
//!
//! - `bytes` are lower-case hexadecimal instead of base64.
//! - a time (a `uint64` whose name ends in `_time`) is RFC 3339 text, for example `2026-03-01T14:05:00Z`; Unix
//!   milliseconds as a number are read too.
//! - a position may be written as `latitude_degrees` and `longitude_degrees`, decimal degrees with at most seven
//!   decimals, instead of `latitude` and `longitude` in 1e-7 degree.
//! - other 64-bit numbers are written as numbers; text is read too.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use base64ct::{Base64, Encoding as _};
use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor,
    SerializeOptions,
};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use trucelog_proto::canonical::{self, grammar};
use trucelog_proto::hash::NodeHash;
use trucelog_proto::pb;
use trucelog_proto::tlog_proof::MAX_HASHES;

/// A record written as JSON is not of its form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// The JSON does not fit the schema.
    #[error("{0}; see the field names with `trucelog incident template`")]
    Schema(String),
    /// A field has another form than it should have.
    #[error("{path}: must be {expected}")]
    Form {
        /// Path of the field.
        path: String,
        /// The form.
        expected: &'static str,
    },
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(pb::FILE_DESCRIPTOR_SET)
        .expect("the schema was compiled with this crate")
});

/// Reads a record.
///
/// # Errors
/// [`JsonError`] with the path of the first wrong field.
pub fn parse_record(text: &str) -> Result<pb::Record, JsonError> {
    parse("trucelog.v1.Record", text)
}

/// Writes a record, or any other message of the schema.
///
/// # Panics
/// Never: every message of the schema has a JSON form.
#[must_use]
pub fn from_message<M: Message>(name: &str, message: &M) -> Value {
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(descriptor(name), bytes.as_slice())
        .expect("a message of the schema decodes as itself");
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false);
    let mut value = dynamic
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("messages without maps and Any have a JSON form");
    write_message(&descriptor(name), &mut value);
    value
}

/// Writes a record.
#[must_use]
pub fn from_record(record: &pb::Record) -> Value {
    from_message("trucelog.v1.Record", record)
}

/// Reads a message of the schema by its full name.
///
/// # Errors
/// [`JsonError`] with the path of the first wrong field.
pub fn parse<M: Message + Default>(name: &str, text: &str) -> Result<M, JsonError> {
    let value = serde_json::from_str(text).map_err(|error| JsonError::Syntax(error.to_string()))?;
    parse_value(name, value)
}

/// Reads a message of the schema that was parsed as JSON.
///
/// # Errors
/// As [`parse`].
pub fn parse_value<M: Message + Default>(name: &str, mut value: Value) -> Result<M, JsonError> {
    let descriptor = descriptor(name);
    read_message(&descriptor, &mut value, "")?;
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let schema = |error: &dyn std::fmt::Display| JsonError::Schema(error.to_string());
    let dynamic = DynamicMessage::deserialize_with_options(descriptor, value, &options)
        .map_err(|error| schema(&error))?;
    dynamic.transcode_to().map_err(|error| schema(&error))
}

/// Encodes a record into its canonical bytes.
///
/// # Errors
/// [`canonical::CanonicalError`] when it holds text or lists that no record may hold.
pub fn canonical_bytes(record: &pb::Record) -> Result<Vec<u8>, canonical::CanonicalError> {
    let bytes = record.encode_to_vec();
    canonical::check(&grammar::RECORD, &bytes)?;
    Ok(bytes)
}

pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name)
        .expect("callers name messages of the schema")
}

/// Turns what people write into what the proto3 mapping reads.
fn read_message(
    message: &MessageDescriptor,
    value: &mut Value,
    path: &str,
) -> Result<(), JsonError> {
    let Value::Object(fields) = value else {
        return Ok(());
    };
    if message.full_name() == "trucelog.v1.Position" {
        read_degrees(fields, path)?;
    }
    for (name, value) in fields.iter_mut() {
        let Some(field) = field(message, name) else {
            continue;
        };
        let path = join(path, name);
        match value {
            Value::Array(items) => {
                for (position, item) in items.iter_mut().enumerate() {
                    read_value(&field, item, &format!("{path}[{position}]"))?;
                }
            }
            value => read_value(&field, value, &path)?,
        }
    }
    Ok(())
}

fn read_value(field: &FieldDescriptor, value: &mut Value, path: &str) -> Result<(), JsonError> {
    match (field.kind(), &value) {
        (Kind::Message(message), _) => read_message(&message, value, path)?,
        (Kind::Bytes, Value::String(text)) => {
            let bytes = parse_hex(text).ok_or_else(|| form(path, "lower-case hexadecimal"))?;
            *value = Value::String(Base64::encode_string(&bytes));
        }
        (Kind::Uint64, Value::String(text)) if is_time(field) && text.contains('T') => {
            let ms = parse_time(text).ok_or_else(|| form(path, TIME_FORM))?;
            *value = Value::from(ms);
        }
        (Kind::Sint32, Value::Number(number)) if !number.is_i64() => {
            return Err(form(
                path,
                "a whole number; write decimal degrees as latitude_degrees and longitude_degrees",
            ));
        }
        _ => {}
    }
    Ok(())
}

const TIME_FORM: &str = "a time as RFC 3339, for example 2026-03-01T14:05:00Z, from 1970 on";

fn read_degrees(fields: &mut Map<String, Value>, path: &str) -> Result<(), JsonError> {
    for (degrees, name) in [
        ("latitude_degrees", "latitude"),
        ("longitude_degrees", "longitude"),
    ] {
        let Some(value) = fields.remove(degrees) else {
            continue;
        };
        let path = join(path, degrees);
        if fields.contains_key(name) {
            return Err(form(
                &path,
                "left out when the position is given in 1e-7 degree",
            ));
        }
        let text = match &value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let number = parse_degrees(&text)
            .ok_or_else(|| form(&path, "decimal degrees with at most seven decimals"))?;
        fields.insert(name.to_owned(), Value::from(number));
    }
    Ok(())
}

/// Parses decimal degrees into 1e-7 degree, without rounding.
#[must_use]
pub fn parse_degrees(text: &str) -> Option<i32> {
    const DECIMALS: usize = 7;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > DECIMALS || !all_digits(whole) || !all_digits(decimals)
    {
        return None;
    }
    let number: i64 = format!("{whole}{decimals:0<DECIMALS$}").parse().ok()?;
    i32::try_from(if negative { -number } else { number }).ok()
}

/// Formats 1e-7 degree as decimal degrees without trailing zeros.
#[must_use]
pub fn format_degrees(degrees: i32) -> String {
    const UNITS: u32 = 10_000_000;
    let sign = if degrees < 0 { "-" } else { "" };
    let size = degrees.unsigned_abs();
    let text = format!("{sign}{}.{:07}", size / UNITS, size % UNITS);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Turns what the proto3 mapping writes into what people read.
fn write_message(message: &MessageDescriptor, value: &mut Value) {
    let Value::Object(fields) = value else {
        return;
    };
    for (name, value) in fields.iter_mut() {
        let Some(field) = field(message, name) else {
            continue;
        };
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| write_value(&field, item)),
            value => write_value(&field, value),
        }
    }
}

fn write_value(field: &FieldDescriptor, value: &mut Value) {
    match (field.kind(), &value) {
        (Kind::Message(message), _) => write_message(&message, value),
        (Kind::Bytes, Value::String(text)) => {
            if let Ok(bytes) = Base64::decode_vec(text) {
                *value = Value::String(hex(&bytes));
            }
        }
        (Kind::Uint64, Value::Number(number)) if is_time(field) => {
            if let Some(text) = number.as_u64().and_then(format_time) {
                *value = Value::String(text);
            }
        }
        _ => {}
    }
}

fn field(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message
        .get_field_by_name(name)
        .or_else(|| message.get_field_by_json_name(name))
}

pub(crate) fn is_time(field: &FieldDescriptor) -> bool {
    field.name().ends_with("_time")
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn form(path: &str, expected: &'static str) -> JsonError {
    JsonError::Form {
        path: path.to_owned(),
        expected,
    }
}

/// Parses RFC 3339 into Unix milliseconds.
#[must_use]
pub fn parse_time(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}

/// Formats Unix milliseconds as RFC 3339 in UTC, or nothing when the year has more than four digits.
#[must_use]
pub fn format_time(unix_ms: u64) -> Option<String> {
    let ms = i64::try_from(unix_ms).ok()?;
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_string())
}

/// Bytes that a file has as base64 (RFC 4648 section 4, with padding).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Base64Bytes(pub(crate) Vec<u8>);

impl Serialize for Base64Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = Base64::decode_vec(&text);
        bytes
            .map(Self)
            .map_err(|_| D::Error::custom("not canonical base64"))
    }
}

/// The hashes of an inclusion proof, which a file has as a list of base64. Reading ends at the first hash too many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProofHashes(pub(crate) Vec<NodeHash>);

impl Serialize for ProofHashes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hashes = self.0.iter();
        serializer.collect_seq(hashes.map(|hash| Base64::encode_string(hash.as_bytes())))
    }
}

impl<'de> Deserialize<'de> for ProofHashes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ProofVisitor)
    }
}

struct ProofVisitor;

impl<'de> Visitor<'de> for ProofVisitor {
    type Value = ProofHashes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MAX_HASHES} hashes in base64")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ProofHashes, A::Error> {
        let mut hashes = Vec::new();
        while let Some(Base64Bytes(bytes)) = list.next_element()? {
            if hashes.len() == MAX_HASHES {
                return Err(A::Error::custom(format_args!(
                    "a proof of more than {MAX_HASHES} hashes"
                )));
            }
            hashes.push(NodeHash::try_from(bytes.as_slice()).map_err(A::Error::custom)?);
        }
        Ok(ProofHashes(hashes))
    }
}

/// Lower-case hexadecimal of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all text");
        text
    })
}

/// Parses lower-case hexadecimal.
#[must_use]
pub fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?))
        .collect()
}
