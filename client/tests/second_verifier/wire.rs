//! Records on the wire, field by field, so that one field can be written in a way that is not canonical.

use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use trucelog_proto::pb;

use crate::rng::Rng;

/// One field of a message, or whatever bytes stand in its place.
#[derive(Clone)]
struct Item {
    number: u32,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Varint(u64),
    Bytes(Vec<u8>),
    Message(MessageDescriptor, Vec<Item>),
    /// Tag and value together.
    Raw(Vec<u8>),
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 127 {
        out.push(value.to_le_bytes()[0] | 128);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// A varint with a group of zeros that it does not need.
fn long_varint(value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint(value, &mut bytes);
    let last = bytes.len() - 1;
    bytes[last] |= 128;
    bytes.push(0);
    bytes
}

fn read_varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().expect("the record is canonical");
        *bytes = rest;
        value |= u64::from(first & 127) << shift;
        if *first < 128 {
            break;
        }
    }
    value
}

fn parse(message: &MessageDescriptor, mut bytes: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    while !bytes.is_empty() {
        let tag = read_varint(&mut bytes);
        let number = u32::try_from(tag >> 3).expect("field numbers are small");
        let value = read_varint(&mut bytes);
        let value = if tag.is_multiple_of(8) {
            Value::Varint(value)
        } else {
            let len = usize::try_from(value).expect("records are short");
            let (inner, rest) = bytes.split_at(len);
            bytes = rest;
            match message.get_field(number).map(|field| field.kind()) {
                Some(Kind::Message(of)) => Value::Message(of.clone(), parse(&of, inner)),
                _ => Value::Bytes(inner.to_vec()),
            }
        };
        items.push(Item { number, value });
    }
    items
}

fn tag(number: u32, wire_type: u64) -> u64 {
    u64::from(number) << 3 | wire_type
}

impl Value {
    fn wire_type(&self) -> u64 {
        if matches!(self, Self::Varint(_)) {
            0
        } else {
            2
        }
    }

    /// The value without its tag.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Varint(value) => varint(*value, &mut out),
            Self::Raw(bytes) => out.extend(bytes),
            _ => {
                let content = self.content();
                varint(content.len() as u64, &mut out);
                out.extend(content);
            }
        }
        out
    }

    /// The value without its length.
    fn content(&self) -> Vec<u8> {
        match self {
            Self::Message(_, items) => encode(items),
            Self::Bytes(bytes) | Self::Raw(bytes) => bytes.clone(),
            Self::Varint(value) => long_varint(*value),
        }
    }
}

fn encode(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for Item { number, value } in items {
        if !matches!(value, Value::Raw(_)) {
            varint(tag(*number, value.wire_type()), &mut out);
        }
        out.extend(value.encode());
    }
    out
}

/// A way to write one field, or something beside it, that the grammar does not allow. Gives false where it would.
type Twist = fn(&mut Rng, &MessageDescriptor, &mut Vec<Item>, usize) -> bool;

const TWISTS: [Twist; 17] = [
    long_tag,
    long_number,
    too_large_number,
    exchanged,
    twice,
    unknown_field,
    default_written,
    other_wire_type,
    unknown_enum_value,
    out_of_range,
    text_not_allowed,
    text_not_utf8,
    second_body,
    not_packed,
    packed_badly,
    list_too_long,
    cut,
];

/// Writes a record in a way that is not canonical, and that another decoder may read as the same.
pub(crate) fn twist(rng: &mut Rng, record: &[u8]) -> Vec<u8> {
    let pool = DescriptorPool::decode(pb::FILE_DESCRIPTOR_SET).expect("the schema is built in");
    let message = pool
        .get_message_by_name("trucelog.v1.Record")
        .expect("the schema has it");
    let items = parse(&message, record);
    loop {
        let mut twisted = items.clone();
        if twist_somewhere(rng, &message, &mut twisted) {
            return encode(&twisted);
        }
    }
}

fn twist_somewhere(rng: &mut Rng, message: &MessageDescriptor, items: &mut Vec<Item>) -> bool {
    if items.is_empty() {
        return false;
    }
    let at = rng.below(items.len());
    if let Value::Message(of, inner) = &mut items[at].value
        && !rng.one_in(4)
    {
        return twist_somewhere(rng, &of.clone(), inner);
    }
    let twist = *rng.pick(&TWISTS);
    twist(rng, message, items, at)
}

fn field(message: &MessageDescriptor, item: &Item) -> FieldDescriptor {
    message
        .get_field(item.number)
        .expect("the record is canonical")
}

fn is_packed(field: &FieldDescriptor) -> bool {
    field.cardinality() == Cardinality::Repeated
        && !matches!(field.kind(), Kind::String | Kind::Bytes | Kind::Message(_))
}

fn replace(items: &mut [Item], at: usize, raw: Vec<u8>) -> bool {
    items[at].value = Value::Raw(raw);
    true
}

/// Puts an item where its number belongs.
fn insert(items: &mut Vec<Item>, number: u32, value: Value) -> bool {
    let at = items.partition_point(|item| item.number <= number);
    items.insert(at, Item { number, value });
    true
}

fn long_tag(_: &mut Rng, _: &MessageDescriptor, items: &mut Vec<Item>, at: usize) -> bool {
    let Item { number, value } = &items[at];
    let raw = [long_varint(tag(*number, value.wire_type())), value.encode()].concat();
    replace(items, at, raw)
}

/// A value or a length with a needless group.
fn long_number(_: &mut Rng, _: &MessageDescriptor, items: &mut Vec<Item>, at: usize) -> bool {
    let Item { number, value } = &items[at];
    let mut raw = Vec::new();
    varint(tag(*number, value.wire_type()), &mut raw);
    if let Value::Varint(value) = value {
        raw.extend(long_varint(*value));
    } else {
        let content = value.content();
        raw.extend(long_varint(content.len() as u64));
        raw.extend(content);
    }
    replace(items, at, raw)
}

/// A varint of 2^64 and more, whose lower bits are those of the value.
fn too_large_number(
    rng: &mut Rng,
    _: &MessageDescriptor,
    items: &mut Vec<Item>,
    at: usize,
) -> bool {
    let Value::Varint(value) = items[at].value else {
        return false;
    };
    let mut raw = Vec::new();
    varint(tag(items[at].number, 0), &mut raw);
    raw.extend((0..9).map(|group| (value >> (7 * group)).to_le_bytes()[0] | 128));
    let last = (value >> 63).to_le_bytes()[0];
    raw.push(last | *rng.pick(&[2_u8, 4, 64, 126]));
    replace(items, at, raw)
}

fn exchanged(_: &mut Rng, _: &MessageDescriptor, items: &mut Vec<Item>, at: usize) -> bool {
    if at + 1 == items.len() || items[at].number == items[at + 1].number {
        return false;
    }
    items.swap(at, at + 1);
    true
}

fn twice(_: &mut Rng, message: &MessageDescriptor, items: &mut Vec<Item>, at: usize) -> bool {
    let field = field(message, &items[at]);
    if field.cardinality() == Cardinality::Repeated && !is_packed(&field) {
        return false;
    }
    items.insert(at, items[at].clone());
    true
}

fn unknown_field(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    _: usize,
) -> bool {
    let unknown: Vec<u32> = (0..200)
        .filter(|number| message.get_field(*number).is_none())
        .collect();
    let value = if rng.one_in(2) {
        Value::Varint(1)
    } else {
        Value::Bytes(vec![1])
    };
    insert(items, *rng.pick(&unknown), value)
}

fn default_written(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    _: usize,
) -> bool {
    let absent: Vec<FieldDescriptor> = message
        .fields()
        .filter(|field| {
            field.cardinality() != Cardinality::Repeated
                && field.containing_oneof().is_none()
                && !matches!(field.kind(), Kind::Message(_))
                && items.iter().all(|item| item.number != field.number())
        })
        .collect();
    if absent.is_empty() {
        return false;
    }
    let field = rng.pick(&absent);
    let value = match field.kind() {
        Kind::String | Kind::Bytes => Value::Bytes(Vec::new()),
        _ => Value::Varint(0),
    };
    insert(items, field.number(), value)
}

fn other_wire_type(rng: &mut Rng, _: &MessageDescriptor, items: &mut Vec<Item>, at: usize) -> bool {
    let Item { number, value } = &items[at];
    let (wire_type, bytes) = match (value, rng.below(5)) {
        (_, 0) => (1, vec![1; 8]),
        (_, 1) => (5, vec![1; 4]),
        (_, 2) => (3, Vec::new()),
        (_, 3) => (*rng.pick(&[4, 6, 7]), Vec::new()),
        (Value::Varint(_), _) => (2, vec![1, 1]),
        _ => (0, vec![1]),
    };
    let mut raw = Vec::new();
    varint(tag(*number, wire_type), &mut raw);
    raw.extend(bytes);
    replace(items, at, raw)
}

fn unknown_enum_value(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    at: usize,
) -> bool {
    let field = field(message, &items[at]);
    let Kind::Enum(of) = field.kind() else {
        return false;
    };
    let above = of.values().len() as u64;
    let value = *rng.pick(&[0, above, above + 1, 1 << 32, u64::MAX]);
    items[at].value = if is_packed(&field) {
        let mut bytes = vec![1];
        varint(value, &mut bytes);
        Value::Bytes(bytes)
    } else {
        Value::Varint(value)
    };
    true
}

fn out_of_range(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    at: usize,
) -> bool {
    let values: &[u64] = match field(message, &items[at]).kind() {
        Kind::Bool => &[0, 2, 128, u64::MAX],
        Kind::Uint32 | Kind::Sint32 => &[1 << 32, (1 << 32) + 1, u64::MAX],
        _ => return false,
    };
    items[at].value = Value::Varint(*rng.pick(values));
    true
}

/// The first and the last of each range of code points that text may not hold.
const NOT_ALLOWED: [char; 25] = [
    '\0',
    '\t',
    '\u{b}',
    '\r',
    '\u{1f}',
    '\u{7f}',
    '\u{85}',
    '\u{9f}',
    '\u{ad}',
    '\u{61c}',
    '\u{180e}',
    '\u{200b}',
    '\u{200f}',
    '\u{2028}',
    '\u{202b}',
    '\u{202e}',
    '\u{2060}',
    '\u{2065}',
    '\u{206f}',
    '\u{feff}',
    '\u{fff9}',
    '\u{fffb}',
    '\u{e0000}',
    '\u{e0001}',
    '\u{e007f}',
];

fn text_not_allowed(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    at: usize,
) -> bool {
    let character = *rng.pick(&NOT_ALLOWED);
    append(message, items, at, character.to_string().as_bytes())
}

fn text_not_utf8(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    at: usize,
) -> bool {
    let wrong: [&[u8]; 7] = [
        b"\xff",
        b"\x80",
        b"\xc0\x80",
        b"\xe2\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
    ];
    let more: &[u8] = rng.pick::<&[u8]>(&wrong);
    append(message, items, at, more)
}

fn append(message: &MessageDescriptor, items: &mut [Item], at: usize, more: &[u8]) -> bool {
    if field(message, &items[at]).kind() != Kind::String {
        return false;
    }
    items[at].value = Value::Bytes([&items[at].value.content(), more].concat());
    true
}

/// A second member of the oneof of which one is there.
fn second_body(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    at: usize,
) -> bool {
    let Some(oneof) = field(message, &items[at]).containing_oneof() else {
        return false;
    };
    let others: Vec<FieldDescriptor> = oneof
        .fields()
        .filter(|field| field.number() != items[at].number)
        .collect();
    if others.is_empty() {
        return false;
    }
    insert(items, rng.pick(&others).number(), Value::Bytes(Vec::new()))
}

fn not_packed(_: &mut Rng, message: &MessageDescriptor, items: &mut Vec<Item>, at: usize) -> bool {
    is_packed(&field(message, &items[at])) && {
        items[at].value = Value::Varint(1);
        true
    }
}

fn packed_badly(
    rng: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    at: usize,
) -> bool {
    if !is_packed(&field(message, &items[at])) {
        return false;
    }
    let content = items[at].value.content();
    let ways = [
        Vec::new(),
        [content.as_slice(), b"\x81"].concat(),
        [content.as_slice(), b"\x81\x00"].concat(),
        vec![1; 257],
    ];
    items[at].value = Value::Bytes(rng.pick(&ways).clone());
    true
}

/// A list of 257 items.
fn list_too_long(
    _: &mut Rng,
    message: &MessageDescriptor,
    items: &mut Vec<Item>,
    _: usize,
) -> bool {
    let list = message.fields().find(|field| {
        field.cardinality() == Cardinality::Repeated
            && matches!(field.kind(), Kind::Bytes | Kind::String)
    });
    let Some(list) = list else {
        return false;
    };
    for _ in 0..257 {
        insert(items, list.number(), Value::Bytes(b"x".to_vec()));
    }
    true
}

/// A field that ends before its value does, or goes on beyond the message around it.
fn cut(rng: &mut Rng, _: &MessageDescriptor, items: &mut Vec<Item>, at: usize) -> bool {
    let Item { number, value } = &items[at];
    let mut raw = Vec::new();
    varint(tag(*number, value.wire_type()), &mut raw);
    match value {
        Value::Varint(_) => raw.push(128),
        _ => raw.extend([u8::MAX, u8::MAX, 3]),
    }
    items.truncate(at + 1);
    if rng.one_in(3) {
        raw.truncate(1);
    }
    replace(items, at, raw)
}
