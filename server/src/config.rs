//! The configuration: a TOML file, overridden by environment variables, overridden by flags.
//!
//! `docs/trucelogd.example.toml` explains every key; a test loads it and compares its limits with the defaults.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde::Deserialize;

use crate::{listener::ConnectionLimits, witness::Times};

/// How long the streams of a connection may go on after it was asked to end.
const CONNECTION_GRACE: Duration = Duration::from_secs(60);

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is not the TOML that is expected. The message names line and key.
    #[error("configuration {path}: {reason}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
    /// A key is set nowhere.
    #[error(
        "{key} is not set: put it into the configuration file, or give {flag}, or set {variable}"
    )]
    Unset {
        /// The key in the file.
        key: &'static str,
        /// The flag.
        flag: &'static str,
        /// The environment variable.
        variable: &'static str,
    },
    /// Only one half of the TLS pair is set.
    #[error("tls needs both tls.cert and tls.key, {missing} is not set")]
    HalfTls {
        /// The missing key.
        missing: &'static str,
    },
    /// The anchor would share the fate of the data.
    #[error(
        "anchor_dir {anchor_dir} lies inside data_dir {data_dir}: choose a directory outside, best on another disk"
    )]
    AnchorInsideData {
        /// The anchor directory.
        anchor_dir: PathBuf,
        /// The data directory.
        data_dir: PathBuf,
    },
    /// A limit is zero.
    #[error("{field} is 0: give at least 1, or leave the key out for the default")]
    ZeroLimit {
        /// The key with its table.
        field: &'static str,
    },
    /// A submission would wait longer than its request may take.
    #[error(
        "witnesses.wait_s is {wait_s}, limits.request_s only {request_s}: a submission must be answered before its request times out; give fewer seconds to wait"
    )]
    Wait {
        /// Seconds that a submission may wait for a quorum.
        wait_s: u64,
        /// Seconds for a unary request.
        request_s: u64,
    },
}

/// Flags and environment variables that override the file.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// The RocksDB directory of the log.
    #[arg(long, env = "TRUCELOG_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The directory of the anchor, outside the data directory.
    #[arg(long, env = "TRUCELOG_ANCHOR_DIR", value_name = "DIR")]
    pub anchor_dir: Option<PathBuf>,
    /// The log's private key, PKCS#8 PEM.
    #[arg(long, env = "TRUCELOG_LOG_KEY", value_name = "FILE")]
    pub log_key: Option<PathBuf>,
    /// The log's private ML-DSA-44 key, PKCS#8 PEM, if its charter names one.
    #[arg(long, env = "TRUCELOG_LOG_KEY_PQ", value_name = "FILE")]
    pub log_key_pq: Option<PathBuf>,
    /// Where to serve gRPC and HTTP; port 0 takes a free port.
    #[arg(long, env = "TRUCELOG_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// The TLS certificate chain, PEM.
    #[arg(long, env = "TRUCELOG_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The TLS private key, PEM.
    #[arg(long, env = "TRUCELOG_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// A complete configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The RocksDB directory.
    pub data_dir: PathBuf,
    /// The directory of the anchor, outside `data_dir`.
    pub anchor_dir: PathBuf,
    /// The file of the log's private key.
    pub log_key: PathBuf,
    /// The file of the log's private ML-DSA-44 key, if its charter names one.
    pub log_key_pq: Option<PathBuf>,
    /// Where to serve.
    pub listen: SocketAddr,
    /// Certificate and key; `None` means plain text, which only loopback may.
    pub tls: Option<Tls>,
    /// Who cosigns; `None` means a log without witnesses.
    pub witnesses: Option<Witnesses>,
    /// All limits.
    pub limits: Limits,
}

/// The files of a TLS identity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, PEM.
    pub cert: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

/// Who cosigns, and how long that may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witnesses {
    /// The policy under which checkpoints are published, c2sp.org/tlog-policy.
    pub policy: PathBuf,
    /// The policy of ML-DSA-44 keys.
    pub policy_pq: Option<PathBuf>,
    /// Certificates that are trusted instead of the system's when a witness is asked, PEM.
    pub ca: Option<PathBuf>,
    /// Seconds that one checkpoint is offered, unless it is at quorum before.
    #[serde(default = "default_candidate_s")]
    pub candidate_s: u64,
    /// Seconds for one request to a witness.
    #[serde(default = "default_request_s")]
    pub request_s: u64,
    /// Seconds that a submission waits for a quorum.
    #[serde(default = "default_wait_s")]
    pub wait_s: u64,
}

fn default_candidate_s() -> u64 {
    20
}

fn default_request_s() -> u64 {
    10
}

fn default_wait_s() -> u64 {
    20
}

/// Limits on what clients and disks may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Records that may wait for a commit.
    pub queue: usize,
    /// Records in one commit.
    pub batch: usize,
    /// Open connections in all.
    pub connections: usize,
    /// Open connections from one address.
    pub connections_per_peer: usize,
    /// Requests that one connection may run at a time.
    pub streams_per_connection: u32,
    /// Seconds for a TLS handshake.
    pub tls_handshake_s: u64,
    /// Seconds without a byte from the peer until a connection is closed.
    pub idle_s: u64,
    /// Seconds for a unary request.
    pub request_s: u64,
    /// Seconds until a connection is asked to end.
    pub connection_age_s: u64,
    /// Seconds for opening the store.
    pub open_timeout_s: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileConfig {
    data_dir: Option<PathBuf>,
    anchor_dir: Option<PathBuf>,
    log_key: Option<PathBuf>,
    log_key_pq: Option<PathBuf>,
    listen: Option<SocketAddr>,
    tls: Option<Tls>,
    witnesses: Option<Witnesses>,
    #[serde(default)]
    limits: Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 1024,
            batch: 512,
            connections: 1024,
            connections_per_peer: 256,
            streams_per_connection: 100,
            tls_handshake_s: 10,
            idle_s: 90,
            request_s: 30,
            connection_age_s: 3600,
            open_timeout_s: 120,
        }
    }
}

impl Limits {
    /// What the listener needs of them.
    #[must_use]
    pub fn of_connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            total: self.connections,
            per_peer: self.connections_per_peer,
            handshake: Duration::from_secs(self.tls_handshake_s),
            idle: Duration::from_secs(self.idle_s),
            age: Duration::from_secs(self.connection_age_s) + CONNECTION_GRACE,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        non_zero(&[
            ("limits.queue", self.queue == 0),
            ("limits.batch", self.batch == 0),
            ("limits.connections", self.connections == 0),
            (
                "limits.connections_per_peer",
                self.connections_per_peer == 0,
            ),
            (
                "limits.streams_per_connection",
                self.streams_per_connection == 0,
            ),
            ("limits.tls_handshake_s", self.tls_handshake_s == 0),
            ("limits.idle_s", self.idle_s == 0),
            ("limits.request_s", self.request_s == 0),
            ("limits.connection_age_s", self.connection_age_s == 0),
            ("limits.open_timeout_s", self.open_timeout_s == 0),
        ])
    }
}

impl Witnesses {
    /// How long things may take.
    #[must_use]
    pub fn times(&self) -> Times {
        Times {
            candidate: Duration::from_secs(self.candidate_s),
            request: Duration::from_secs(self.request_s),
            wait: Duration::from_secs(self.wait_s),
        }
    }

    fn check(&self, limits: &Limits) -> Result<(), ConfigError> {
        non_zero(&[
            ("witnesses.candidate_s", self.candidate_s == 0),
            ("witnesses.request_s", self.request_s == 0),
            ("witnesses.wait_s", self.wait_s == 0),
        ])?;
        if self.wait_s < limits.request_s {
            return Ok(());
        }
        Err(ConfigError::Wait {
            wait_s: self.wait_s,
            request_s: limits.request_s,
        })
    }
}

/// Fails with the first field that is zero.
fn non_zero(fields: &[(&'static str, bool)]) -> Result<(), ConfigError> {
    match fields.iter().find(|(_, zero)| *zero) {
        Some((field, _)) => Err(ConfigError::ZeroLimit { field }),
        None => Ok(()),
    }
}

impl Config {
    /// Reads `file`, if one is given, and applies `overrides`. Relative paths in the file are relative to the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        let from_file = file.map(read).transpose()?.unwrap_or_default();
        let config = Self {
            data_dir: overrides.data_dir.or(from_file.data_dir).ok_or(unset(
                "data_dir",
                "--data-dir",
                "TRUCELOG_DATA_DIR",
            ))?,
            anchor_dir: overrides.anchor_dir.or(from_file.anchor_dir).ok_or(unset(
                "anchor_dir",
                "--anchor-dir",
                "TRUCELOG_ANCHOR_DIR",
            ))?,
            log_key: overrides.log_key.or(from_file.log_key).ok_or(unset(
                "log_key",
                "--log-key",
                "TRUCELOG_LOG_KEY",
            ))?,
            log_key_pq: overrides.log_key_pq.or(from_file.log_key_pq),
            listen: overrides.listen.or(from_file.listen).ok_or(unset(
                "listen",
                "--listen",
                "TRUCELOG_LISTEN",
            ))?,
            tls: merge_tls(overrides.tls_cert, overrides.tls_key, from_file.tls)?,
            witnesses: from_file.witnesses,
            limits: from_file.limits,
        };
        config.limits.check()?;
        if let Some(witnesses) = &config.witnesses {
            witnesses.check(&config.limits)?;
        }
        if config.anchor_dir.starts_with(&config.data_dir) {
            return Err(ConfigError::AnchorInsideData {
                anchor_dir: config.anchor_dir,
                data_dir: config.data_dir,
            });
        }
        Ok(config)
    }
}

fn read(path: &Path) -> Result<FileConfig, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let mut config: FileConfig = toml::from_str(&text).map_err(|error| ConfigError::Invalid {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let base = path.parent().unwrap_or(Path::new(""));
    let paths = [
        &mut config.data_dir,
        &mut config.anchor_dir,
        &mut config.log_key,
        &mut config.log_key_pq,
    ];
    for relative in paths.into_iter().flatten() {
        *relative = base.join(&*relative);
    }
    if let Some(tls) = &mut config.tls {
        tls.cert = base.join(&tls.cert);
        tls.key = base.join(&tls.key);
    }
    if let Some(witnesses) = &mut config.witnesses {
        witnesses.policy = base.join(&witnesses.policy);
        let optional = [&mut witnesses.policy_pq, &mut witnesses.ca];
        for relative in optional.into_iter().flatten() {
            *relative = base.join(&*relative);
        }
    }
    Ok(config)
}

fn merge_tls(
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    file: Option<Tls>,
) -> Result<Option<Tls>, ConfigError> {
    let (file_cert, file_key) = file.map(|tls| (tls.cert, tls.key)).unzip();
    match (cert.or(file_cert), key.or(file_key)) {
        (Some(cert), Some(key)) => Ok(Some(Tls { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::HalfTls { missing: "tls.key" }),
        (None, Some(_)) => Err(ConfigError::HalfTls {
            missing: "tls.cert",
        }),
    }
}

fn unset(key: &'static str, flag: &'static str, variable: &'static str) -> ConfigError {
    ConfigError::Unset {
        key,
        flag,
        variable,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const COMPLETE: &str = "data_dir = \"data\"\nanchor_dir = \"/anchor\"\nlog_key = \"log.key\"\nlisten = \"127.0.0.1:0\"\n";

    fn load(text: &str, overrides: Overrides) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trucelogd.toml");
        fs::write(&path, text).unwrap();
        Config::load(Some(&path), overrides)
    }

    #[test]
    fn the_example_loads_and_states_the_defaults() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/trucelogd.example.toml");
        let config = Config::load(Some(&example), Overrides::default()).unwrap();
        assert_eq!(config.limits, Limits::default());
        let text = fs::read_to_string(example).unwrap();
        assert_eq!(text.matches("# [tls]").count(), 1);
        let with_tls = text
            .replace("# [tls]", "[tls]")
            .replace("# cert", "cert")
            .replace("# key", "key");
        assert!(load(&with_tls, Overrides::default()).unwrap().tls.is_some());
        assert_eq!(text.matches("# [witnesses]").count(), 1);
        let with_witnesses: String = text
            .split_inclusive('\n')
            .skip_while(|line| !line.starts_with("# [witnesses]"))
            .take_while(|line| line.starts_with("# "))
            .filter_map(|line| line.strip_prefix("# "))
            .collect();
        let loaded = load(&format!("{COMPLETE}{with_witnesses}"), Overrides::default()).unwrap();
        let stated = loaded.witnesses.unwrap();
        let minimal = format!("{COMPLETE}[witnesses]\npolicy = \"policy\"\n");
        let default = load(&minimal, Overrides::default()).unwrap();
        assert_eq!(stated.times(), default.witnesses.unwrap().times());
        assert!(stated.policy_pq.is_some() && stated.ca.is_some());
    }

    #[test]
    fn a_flag_overrides_the_file() {
        let overrides = Overrides {
            listen: Some("127.0.0.1:9".parse().unwrap()),
            tls_cert: Some("c".into()),
            tls_key: Some("k".into()),
            ..Overrides::default()
        };
        let config = load(COMPLETE, overrides).unwrap();
        assert_eq!(config.listen.port(), 9);
        assert_eq!(config.tls.unwrap().cert, Path::new("c"));
        assert!(config.data_dir.is_absolute(), "relative to the file");
    }

    #[test]
    fn rejects_an_unknown_key_with_its_line() {
        for (text, line) in [
            (format!("{COMPLETE}lsten = 1\n"), "line 5"),
            (format!("{COMPLETE}[limits]\nqeue = 1\n"), "line 6"),
            (
                format!("{COMPLETE}[tls]\ncert = \"a\"\nkey = \"b\"\nca = \"c\"\n"),
                "line 8",
            ),
        ] {
            let error = load(&text, Overrides::default()).unwrap_err().to_string();
            assert!(error.contains(line), "{error}");
        }
    }

    #[test]
    fn rejects_what_is_missing_or_useless() {
        let without_listen = COMPLETE.replace("listen", "# listen");
        assert!(matches!(
            load(&without_listen, Overrides::default()),
            Err(ConfigError::Unset { key: "listen", .. })
        ));
        assert!(matches!(
            load(
                &format!("{COMPLETE}[limits]\nbatch = 0\n"),
                Overrides::default()
            ),
            Err(ConfigError::ZeroLimit {
                field: "limits.batch"
            })
        ));
        let witnesses = |setting: &str| {
            let text = format!("{COMPLETE}[witnesses]\npolicy = \"policy\"\n{setting}\n");
            load(&text, Overrides::default())
        };
        assert!(matches!(
            witnesses("candidate_s = 0"),
            Err(ConfigError::ZeroLimit {
                field: "witnesses.candidate_s"
            })
        ));
        assert!(matches!(
            witnesses("wait_s = 30"),
            Err(ConfigError::Wait {
                wait_s: 30,
                request_s: 30
            })
        ));
        let half = Overrides {
            tls_cert: Some("c".into()),
            ..Overrides::default()
        };
        assert!(matches!(
            load(COMPLETE, half),
            Err(ConfigError::HalfTls { missing: "tls.key" })
        ));
        let inside = COMPLETE.replace("\"/anchor\"", "\"data/anchor\"");
        assert!(matches!(
            load(&inside, Overrides::default()),
            Err(ConfigError::AnchorInsideData { .. })
        ));
    }
}
