//! The configuration of a mirror: a TOML file. `docs/trucelog-mirror.example.toml` explains every key; a test loads it.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::config::{ConfigError, Limits, Tls};

/// A complete configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorConfig {
    /// The RocksDB directory of the copy.
    pub data_dir: PathBuf,
    /// Where evidence of something false is written.
    pub evidence_dir: PathBuf,
    /// The pinned policy of the log, c2sp.org/tlog-policy.
    pub policy: PathBuf,
    /// Whom to copy from: `https://HOST[:PORT]`, or `http://` on loopback.
    pub upstream: String,
    /// Certificates that are trusted instead of the system's, PEM.
    pub upstream_ca: Option<PathBuf>,
    /// Where to serve.
    pub listen: SocketAddr,
    /// Certificate and key; `None` means plain text, which only loopback may.
    pub tls: Option<Tls>,
    /// Seconds between two looks at the upstream.
    #[serde(default = "default_poll_s")]
    pub poll_s: u64,
    /// All limits; those of the sequencer have no meaning here.
    #[serde(default)]
    pub limits: Limits,
}

fn default_poll_s() -> u64 {
    2
}

impl MirrorConfig {
    /// Reads `file`. Relative paths in it are relative to the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
            path: file.to_owned(),
            source,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| ConfigError::Invalid {
            path: file.to_owned(),
            reason: error.to_string(),
        })?;
        let base = file.parent().unwrap_or(Path::new(""));
        let required = [
            &mut config.data_dir,
            &mut config.evidence_dir,
            &mut config.policy,
        ];
        let tls = config
            .tls
            .iter_mut()
            .flat_map(|tls| [&mut tls.cert, &mut tls.key]);
        for path in required
            .into_iter()
            .chain(&mut config.upstream_ca)
            .chain(tls)
        {
            *path = base.join(&*path);
        }
        config.limits.check()?;
        if config.poll_s == 0 {
            return Err(ConfigError::ZeroLimit { field: "poll_s" });
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_example_loads_and_states_the_defaults() {
        let example =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/trucelog-mirror.example.toml");
        let config = MirrorConfig::load(&example).unwrap();
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.poll_s, default_poll_s());
        let text = fs::read_to_string(example).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mirror.toml");
        let whole = text
            .replace("# [tls]", "[tls]")
            .replace("# cert", "cert")
            .replace("# key", "key")
            .replace("# upstream_ca", "upstream_ca");
        fs::write(&file, whole).unwrap();
        let config = MirrorConfig::load(&file).unwrap();
        assert!(config.tls.is_some() && config.upstream_ca.is_some());
        for wrong in [
            text.replace("poll_s", "pol_s"),
            text.replace("poll_s = 2", "poll_s = 0"),
        ] {
            fs::write(&file, wrong).unwrap();
            assert!(MirrorConfig::load(&file).is_err());
        }
    }
}
