//! The configuration of a witness, a TOML file. Unknown keys are errors.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trucelog_proto::checkpoint::Origin;
use trucelog_proto::error::DecodeError;
use trucelog_proto::note::{KeyMaterial, VerifierKey};

use super::WitnessError;
use crate::{Error, durable};

/// Name of the file in the witness's directory.
pub const FILE: &str = "witness.toml";

/// What `witness.toml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the member's cosigners, for example `ukr.example`.
    pub name: String,
    /// Where to serve c2sp.org/tlog-witness, if anywhere. It is plain HTTP: the protocol carries nothing secret and
    /// everything in it is signed. A proxy adds TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The log that `NAME/verifier` verifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<VerifierConfig>,
    /// The logs that `NAME/witness` watches.
    #[serde(default, rename = "log", skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogConfig>,
}

/// The log that is verified. Its policy and charter are pinned in `log/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifierConfig {
    /// Its server, `https://HOST[:PORT]`, or `http://` on loopback.
    pub remote: String,
    /// Certificates in PEM that are trusted instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// A foreign log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Its keys, which have its origin as name.
    pub vkeys: Vec<String>,
}

/// A foreign log with its keys read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignLog {
    /// Its origin.
    pub origin: Origin,
    /// Its keys, at least one.
    pub keys: Vec<VerifierKey>,
}

impl Config {
    /// Reads the configuration in `directory`.
    ///
    /// # Errors
    /// [`WitnessError::Config`] with what is wrong; [`Error::Io`].
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let text = String::from_utf8_lossy(&durable::read(&path)?).into_owned();
        let config: Self = toml::from_str(&text).map_err(|error| WitnessError::Config {
            path: path.clone(),
            problem: error.to_string(),
        })?;
        config.check(&path)?;
        Ok(config)
    }

    /// Writes it as TOML.
    ///
    /// # Panics
    /// Never: text, numbers and lists have a TOML form.
    #[must_use]
    pub fn format(&self) -> String {
        toml::to_string(self).expect("text, numbers and lists have a TOML form")
    }

    /// Checks what the form of the file does not.
    ///
    /// # Errors
    /// [`WitnessError::Config`], naming `path`.
    pub fn check(&self, path: &Path) -> Result<(), WitnessError> {
        self.problem().map_or(Ok(()), |problem| {
            Err(WitnessError::Config {
                path: path.to_owned(),
                problem,
            })
        })
    }

    fn problem(&self) -> Option<String> {
        if let Err(error) = self.cosigner_name("verifier") {
            return Some(format!("name: {error}"));
        }
        if self.verifier.is_none() && self.logs.is_empty() {
            return Some("nothing to do: give [verifier], or [[log]] with listen".to_owned());
        }
        if self.listen.is_none() && !self.logs.is_empty() {
            return Some("[[log]] needs listen, where these logs ask".to_owned());
        }
        let mut origins = Vec::new();
        for log in &self.logs {
            match read_log(log) {
                Err(problem) => return Some(problem),
                Ok(log) if origins.contains(&log.origin) => {
                    return Some(format!("log {} stands there twice", log.origin));
                }
                Ok(log) => origins.push(log.origin),
            }
        }
        None
    }

    fn cosigner_name(&self, which: &str) -> Result<Origin, DecodeError> {
        format!("{}/{which}", self.name).parse()
    }

    /// Name of one of the member's two cosigners.
    ///
    /// # Panics
    /// When [`Self::check`] fails.
    #[must_use]
    pub fn cosigner(&self, which: &str) -> Origin {
        self.cosigner_name(which).expect("the name was checked")
    }

    /// The foreign logs with their keys.
    ///
    /// # Panics
    /// When [`Self::check`] fails.
    #[must_use]
    pub fn foreign_logs(&self) -> Vec<ForeignLog> {
        let read = self.logs.iter().map(read_log);
        read.collect::<Result<_, _>>()
            .expect("the logs were checked")
    }
}

fn read_log(log: &LogConfig) -> Result<ForeignLog, String> {
    let mut keys = Vec::new();
    for vkey in &log.vkeys {
        let key: VerifierKey = vkey.parse().map_err(|error| format!("{vkey}: {error}"))?;
        if !matches!(
            key.material(),
            KeyMaterial::Ed25519(_) | KeyMaterial::MlDsa44(_)
        ) {
            return Err(format!("{vkey}: a log's key is of type 0x01 or 0x06"));
        }
        keys.push(key);
    }
    let first = keys.first().ok_or("a [[log]] has no vkeys")?;
    let origin = Origin::try_from(first.name()).map_err(|error| error.to_string())?;
    if keys.iter().any(|key| key.name() != first.name()) {
        return Err(format!("the keys of {origin} do not have the same name"));
    }
    Ok(ForeignLog { origin, keys })
}
