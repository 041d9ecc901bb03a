//! `trucelog key`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use trucelog_proto::mldsa::MlDsaPublicKey;
use trucelog_proto::note::KeyName;
use trucelog_proto::signature::PublicKey;

use super::args::public_key;
use super::output;
use crate::key::{self, AnyPublicKey};
use crate::{Error, durable};

/// Makes, shows and converts keys.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  trucelog key new station/key.pem
  trucelog key show station/key.pem")]
pub(super) enum Command {
    New(New),
    Show(Show),
    Convert(Convert),
}

/// Make a key: PKCS#8 in PEM, readable by its owner only. An existing file is never replaced.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog key new station/key.pem --public station/public.pem
  trucelog key new log-key-pq.pem --type ml-dsa-44")]
pub(super) struct New {
    /// File of the private key.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Kind of key. Stations have Ed25519; logs and witnesses may have an ML-DSA-44 key beside it.
    #[arg(long = "type", value_enum, default_value_t)]
    kind: KeyType,
    /// Also write the public key to this file, SPKI PEM.
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
}

/// Kind of key.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum KeyType {
    #[default]
    Ed25519,
    #[value(name = "ml-dsa-44")]
    MlDsa44,
}

/// Show the public key of a key file, in every form.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog key show station/key.pem
  trucelog key show log-key.pem --name example.org/log")]
pub(super) struct Show {
    /// Private or public key, PEM.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name of the key, to show it as vkey too: the origin for a log.
    #[arg(long, value_name = "NAME")]
    name: Option<KeyName>,
}

/// Write the public key of a key in another form.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog key convert station/key.pem --to pem
  trucelog key convert log-key.pem --to vkey --name example.org/log")]
pub(super) struct Convert {
    /// Private or public key in PEM, or an Ed25519 public key in hexadecimal.
    #[arg(value_name = "FILE|HEX")]
    key: String,
    /// The form.
    #[arg(long, value_enum)]
    to: Form,
    /// Name of the key, for a vkey.
    #[arg(long, value_name = "NAME", required_if_eq_any = [("to", "vkey"), ("to", "cosigner-vkey")])]
    name: Option<KeyName>,
}

/// Form of a public key.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// Lower-case hexadecimal.
    Hex,
    /// SPKI PEM.
    Pem,
    /// c2sp.org/signed-note, type 0x01 or 0x06, of a log.
    Vkey,
    /// c2sp.org/tlog-cosignature, type 0x04 or 0x06, of a witness.
    CosignerVkey,
}

impl Command {
    pub(super) fn run(self) -> Result<(), Error> {
        match self {
            Self::New(command) => new(&command),
            Self::Show(command) => show(&command),
            Self::Convert(command) => convert(command),
        }
    }
}

fn new(command: &New) -> Result<(), Error> {
    let file = &command.file;
    let key = match command.kind {
        KeyType::Ed25519 => AnyPublicKey::Ed25519(PublicKey::of(&key::create(file)?)),
        KeyType::MlDsa44 => AnyPublicKey::MlDsa44(MlDsaPublicKey::of(&key::create_ml_dsa(file)?)),
    };
    if let Some(path) = &command.public {
        durable::replace(path, key.to_pem().as_bytes())?;
    }
    output::line(format_args!("public key {key}"));
    Ok(())
}

fn show(command: &Show) -> Result<(), Error> {
    let key = AnyPublicKey::read(&command.file)?;
    output::line(format_args!("public key {key}"));
    if let Some(name) = &command.name {
        output::line(format_args!("vkey {}", key.vkey(name.clone())));
    }
    output::line(key.to_pem().trim_end());
    Ok(())
}

fn convert(command: Convert) -> Result<(), Error> {
    let path = Path::new(&command.key);
    let key = if path.exists() {
        AnyPublicKey::read(path)?
    } else {
        let key = public_key(&command.key).map_err(|_| Error::NotA {
            what: command.key.clone(),
            expected: "a key file or a public key in hexadecimal",
        })?;
        AnyPublicKey::Ed25519(key)
    };
    let name = command.name.ok_or(Error::Missing {
        what: "the name of the key",
        remedy: "give --name NAME",
    });
    match command.to {
        Form::Hex => output::line(format_args!("{key}")),
        Form::Pem => output::line(key.to_pem().trim_end()),
        Form::Vkey => output::line(key.vkey(name?)),
        Form::CosignerVkey => output::line(key.cosigner_vkey(name?)),
    }
    Ok(())
}
