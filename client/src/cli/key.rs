//! `trucelog key`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use trucelog_proto::note::{KeyName, VerifierKey};
use trucelog_proto::signature::{self, PublicKey};

use super::args::public_key;
use super::output;
use crate::{Error, durable, station};

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

/// Make an Ed25519 key: PKCS#8 version 1 in PEM, readable by its owner only. An existing file is never replaced.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog key new key.pem
  trucelog key new station/key.pem --public station/public.pem")]
pub(super) struct New {
    /// File of the private key.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Also write the public key to this file, SPKI PEM.
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
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
    /// Private or public key in PEM, or a public key in hexadecimal.
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
    /// 64 digits of lower-case hexadecimal.
    Hex,
    /// SPKI PEM.
    Pem,
    /// c2sp.org/signed-note, type 0x01, of a log.
    Vkey,
    /// c2sp.org/tlog-cosignature, type 0x04, of a witness.
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
    let key = PublicKey::of(&station::create_key(&command.file)?);
    if let Some(path) = &command.public {
        durable::replace(path, signature::public_key_to_pem(&key).as_bytes())?;
    }
    output::line(format_args!("public key {key}"));
    Ok(())
}

fn show(command: &Show) -> Result<(), Error> {
    let key = read(&command.file)?;
    output::line(format_args!("public key {key}"));
    if let Some(name) = &command.name {
        output::line(format_args!(
            "vkey {}",
            VerifierKey::ed25519(name.clone(), key)
        ));
    }
    output::line(signature::public_key_to_pem(&key).trim_end());
    Ok(())
}

fn convert(command: Convert) -> Result<(), Error> {
    let path = Path::new(&command.key);
    let key = if path.exists() {
        read(path)?
    } else {
        public_key(&command.key).map_err(|_| Error::NotA {
            what: command.key.clone(),
            expected: "a key file or a public key in hexadecimal",
        })?
    };
    let name = command.name.ok_or(Error::Missing {
        what: "the name of the key",
        remedy: "give --name NAME",
    });
    match command.to {
        Form::Hex => output::line(format_args!("{key}")),
        Form::Pem => output::line(signature::public_key_to_pem(&key).trim_end()),
        Form::Vkey => output::line(VerifierKey::ed25519(name?, key)),
        Form::CosignerVkey => output::line(VerifierKey::cosignature(name?, key)),
    }
    Ok(())
}

/// The public key of a file with a private or a public key.
fn read(path: &Path) -> Result<PublicKey, Error> {
    let text = String::from_utf8_lossy(&durable::read(path)?).into_owned();
    if let Ok(key) = signature::private_key_from_pem(&text) {
        return Ok(PublicKey::of(&key));
    }
    signature::public_key_from_pem(&text).map_err(Error::decode(&path.display()))
}
