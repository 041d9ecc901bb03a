//! Generates `src/gen` from `trucelog/v1/*.proto`: messages and service stubs, the descriptor set, and the
//! field tables of the canonical grammar; and `spec/fields.json`, the same tables for checkers in other languages.
//! `--check` compares with what is checked in and changes nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, EnumValueDescriptor, FieldDescriptor, Kind,
    MessageDescriptor,
};

const FILES: [&str; 8] = [
    "trucelog/v1/charter.proto",
    "trucelog/v1/commission.proto",
    "trucelog/v1/incident.proto",
    "trucelog/v1/incident_service.proto",
    "trucelog/v1/log_service.proto",
    "trucelog/v1/record.proto",
    "trucelog/v1/station.proto",
    "trucelog/v1/submission_service.proto",
];

/// The messages whose bytes are signed, hashed or kept in files.
const CANONICAL_ROOTS: [&str; 3] = [
    "trucelog.v1.Record",
    "trucelog.v1.Entry",
    "trucelog.v1.Submission",
];

fn main() -> Result<()> {
    let check = std::env::args().any(|argument| argument == "--check");
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir()?;
    generate(crate_dir, fresh.path())?;
    for file in std::fs::read_dir(fresh.path())? {
        let file = file?.path();
        let name = file.file_name().context("a file has a name")?;
        let folder = if name == "fields.json" {
            "spec"
        } else {
            "src/gen"
        };
        let target = crate_dir.join(folder).join(name);
        if check {
            ensure!(
                std::fs::read(&file)? == std::fs::read(&target).unwrap_or_default(),
                "{} is not what the schema gives; run `make gen`",
                target.display()
            );
        } else {
            std::fs::copy(&file, &target)?;
        }
    }
    Ok(())
}

fn generate(crate_dir: &Path, out: &Path) -> Result<()> {
    let mut compiler = protox::Compiler::new([crate_dir])?;
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_files(FILES)?;
    let descriptors = compiler.file_descriptor_set();
    tonic_prost_build::configure()
        .out_dir(out)
        .client_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)?;
    compiler.include_source_info(false);
    let bytes = compiler.encode_file_descriptor_set();
    std::fs::write(out.join("descriptors.bin"), &bytes)?;
    let messages = canonical_messages(&DescriptorPool::decode(bytes.as_slice())?)?;
    std::fs::write(out.join("fields.json"), fields_json(&messages)?)?;
    write_formatted(&out.join("grammar.rs"), &grammar(&messages)?)
}

fn write_formatted(path: &PathBuf, text: &str) -> Result<()> {
    std::fs::write(path, text)?;
    let status = std::process::Command::new("rustfmt")
        .args(["--edition", "2024"])
        .arg(path)
        .status()?;
    ensure!(status.success(), "rustfmt failed on {}", path.display());
    Ok(())
}

fn canonical_messages(pool: &DescriptorPool) -> Result<Vec<MessageDescriptor>> {
    let mut messages: Vec<MessageDescriptor> = Vec::new();
    for root in CANONICAL_ROOTS {
        reach(
            &pool.get_message_by_name(root).context(root)?,
            &mut messages,
        );
    }
    messages.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    Ok(messages)
}

fn grammar(messages: &[MessageDescriptor]) -> Result<String> {
    let mut text = String::from(
        "// Field tables of the canonical grammar, generated from the schema by `make gen`.\n\n",
    );
    for message in messages {
        table(message, &mut text)?;
    }
    Ok(text)
}

fn reach(message: &MessageDescriptor, seen: &mut Vec<MessageDescriptor>) {
    if seen.contains(message) {
        return;
    }
    seen.push(message.clone());
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            reach(&inner, seen);
        }
    }
}

fn table(message: &MessageDescriptor, text: &mut String) -> Result<()> {
    let fields = sorted_fields(message);
    check_oneof_last(message, &fields)?;
    writeln!(
        text,
        "/// Fields of `{name}`.\npub static {constant}: Message = Message {{ name: \"{name}\", fields: &[",
        name = message.name(),
        constant = constant(message.name()),
    )?;
    for field in &fields {
        writeln!(
            text,
            "Field {{ number: {}, name: \"{}\", kind: {}, presence: Presence::{} }},",
            field.number(),
            field.name(),
            kind(field)?,
            presence(field),
        )?;
    }
    text.push_str("]};\n\n");
    Ok(())
}

fn sorted_fields(message: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let mut fields: Vec<FieldDescriptor> = message.fields().collect();
    fields.sort_by_key(FieldDescriptor::number);
    fields
}

/// One line for each field, so that a change of the schema is one line here too.
fn fields_json(messages: &[MessageDescriptor]) -> Result<String> {
    let mut enums = std::collections::BTreeMap::new();
    let mut tables = Vec::new();
    for message in messages {
        let mut lines = Vec::new();
        for field in sorted_fields(message) {
            if let Kind::Enum(of) = field.kind() {
                enums.insert(of.name().to_owned(), value_names(&of)?);
            }
            lines.push(format!(
                "      {{\"number\": {}, \"name\": \"{}\", \"type\": \"{}\", \"presence\": \"{}\"}}",
                field.number(),
                field.name(),
                type_name(&field.kind()),
                presence(&field).to_lowercase(),
            ));
        }
        tables.push(format!(
            "    \"{}\": [\n{}\n    ]",
            message.name(),
            lines.join(",\n")
        ));
    }
    let enums: Vec<String> = enums
        .iter()
        .map(|(name, values)| {
            format!(
                "    \"{name}\": [\n      {}\n    ]",
                values.join(",\n      ")
            )
        })
        .collect();
    Ok(format!(
        "{{\n  \"messages\": {{\n{}\n  }},\n  \"enums\": {{\n{}\n  }}\n}}\n",
        tables.join(",\n"),
        enums.join(",\n"),
    ))
}

/// The name of a type in the schema, without the package.
fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Enum(of) => of.name().to_owned(),
        Kind::Message(of) => of.name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

/// The names of the values of an enum in quotes, by number from 0.
fn value_names(of: &EnumDescriptor) -> Result<Vec<String>> {
    let mut values: Vec<_> = of.values().collect();
    values.sort_by_key(EnumValueDescriptor::number);
    let dense = (0..)
        .zip(&values)
        .all(|(number, value)| value.number() == number);
    ensure!(dense, "{} has gaps", of.name());
    Ok(values
        .iter()
        .map(|value| format!("{:?}", value.name()))
        .collect())
}

/// Encoders disagree on the order of a oneof unless its members have the highest numbers.
fn check_oneof_last(message: &MessageDescriptor, fields: &[FieldDescriptor]) -> Result<()> {
    let mut in_oneof = fields
        .iter()
        .map(|field| presence(field) == "OneOf")
        .skip_while(|inside| !inside);
    ensure!(
        in_oneof.all(|inside| inside),
        "{}: a oneof must hold the highest field numbers",
        message.name()
    );
    let real = message
        .oneofs()
        .filter(|oneof| !oneof.is_synthetic())
        .count();
    ensure!(real <= 1, "{}: more than one oneof", message.name());
    Ok(())
}

fn presence(field: &FieldDescriptor) -> &'static str {
    match field.containing_oneof() {
        _ if field.cardinality() == Cardinality::Repeated => "Repeated",
        Some(oneof) if !oneof.is_synthetic() => "OneOf",
        Some(_) => "Optional",
        None => "Implicit",
    }
}

fn kind(field: &FieldDescriptor) -> Result<String> {
    Ok(match field.kind() {
        Kind::Bool => "Kind::Bool".to_owned(),
        Kind::Uint32 => "Kind::Uint32".to_owned(),
        Kind::Uint64 => "Kind::Uint64".to_owned(),
        Kind::Sint32 => "Kind::Sint32".to_owned(),
        Kind::String => "Kind::Text".to_owned(),
        Kind::Bytes => "Kind::Bytes".to_owned(),
        Kind::Enum(of) => {
            format!(
                "Kind::Enum {{ names: &[{}] }}",
                value_names(&of)?.join(", ")
            )
        }
        Kind::Message(of) => format!("Kind::Message(&{})", constant(of.name())),
        other => bail!(
            "{} has a type that canonical bytes do not allow: {other:?}",
            field.full_name()
        ),
    })
}

fn constant(name: &str) -> String {
    let mut out = String::new();
    for (position, character) in name.char_indices() {
        if character.is_ascii_uppercase() && position > 0 {
            out.push('_');
        }
        out.push(character.to_ascii_uppercase());
    }
    out
}
