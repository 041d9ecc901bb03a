//! The commands of `trucelogd`, one file each.

pub mod check;
pub mod init;
pub mod mirror;
pub mod serve;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ed25519_dalek::SigningKey;
use trucelog_proto::{refusal::Refusal, rules, signature};

use crate::{
    anchor::{Anchor, AnchorError},
    config::{Config, ConfigError},
    listener::{ListenError, TlsError},
    mirror::MirrorError,
    sequencer::{Fatal, Identity, StartError, StoredState, recover::RecoverError},
    store::{LogStore as _, Store, StoreError},
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A file cannot be read.
    #[error("cannot read {what} {path}: {source}")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file is not of its form.
    #[error("{what} {path} is not usable: {problem}")]
    Malformed {
        /// What it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The charter names another log key.
    #[error("log_key {path} is not the key that the charter names: configure the log's own key")]
    LogKey {
        /// The key file.
        path: PathBuf,
    },
    /// The charter is refused.
    #[error("the charter is refused: {0}")]
    Refused(#[from] Refusal),
    /// The store is not usable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor is not usable.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The log cannot be continued.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// A copy cannot be made or continued.
    #[error(transparent)]
    Mirror(Box<MirrorError>),
    /// The directory holds another log.
    #[error(
        "{data_dir} holds the log {stored}, the policy pins {pinned}: give each log a directory of its own"
    )]
    OtherLog {
        /// The directory.
        data_dir: PathBuf,
        /// Origin of the log in it.
        stored: String,
        /// Origin that is pinned.
        pinned: String,
    },
    /// Writing failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The log is false.
    #[error(transparent)]
    Check(#[from] check::CheckError),
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server failed.
    #[error("the server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

impl From<MirrorError> for CommandError {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(Box::new(error))
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Recover(error) => error.into(),
            StartError::Fatal(error) => error.into(),
            StartError::Thread(error) => error.into(),
        }
    }
}

impl CommandError {
    /// The exit code: 1 the stored log is false, 2 usage or configuration, 5 could not check, 6 refused.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Check(error) => error.exit_code(),
            Self::Refused(_) => 6,
            Self::Config(_)
            | Self::Tls(_)
            | Self::Listen(ListenError::PlainTextOffLoopback { .. })
            | Self::Malformed { .. }
            | Self::LogKey { .. }
            | Self::OtherLog { .. } => 2,
            Self::Mirror(error) => error.exit_code(),
            Self::Recover(RecoverError::Store(_)) => 5,
            Self::Recover(_)
            | Self::Store(StoreError::Malformed { .. })
            | Self::Anchor(AnchorError::Damaged { .. } | AnchorError::Changed { .. }) => 1,
            _ => 5,
        }
    }
}

/// An existing log with the lock of its anchor.
pub(crate) struct OpenLog {
    pub(crate) identity: Identity,
    pub(crate) store: Arc<Store>,
    pub(crate) anchor: Anchor,
}

/// Opens anchor, store and key of an existing log and sees that they belong together.
pub(crate) fn open_log(config: &Config) -> Result<OpenLog, CommandError> {
    let anchor = Anchor::open(&config.anchor_dir)?;
    let limit = Duration::from_secs(config.limits.open_timeout_s);
    let store = Arc::new(Store::open(&config.data_dir, limit)?);
    let identity = Identity {
        log: store.meta().log.clone(),
        keys: read_key(config)?.into(),
    };
    check_log_key(config, &identity, &store)?;
    Ok(OpenLog {
        identity,
        store,
        anchor,
    })
}

pub(crate) fn read_key(config: &Config) -> Result<SigningKey, CommandError> {
    let path = &config.log_key;
    let pem = fs::read_to_string(path).map_err(unreadable("log_key", path))?;
    signature::private_key_from_pem(&pem).map_err(malformed("log_key", path))
}

fn unreadable(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CommandError {
    move |source| CommandError::Unreadable {
        what,
        path: path.to_owned(),
        source,
    }
}

fn malformed<E: ToString>(what: &'static str, path: &Path) -> impl FnOnce(E) -> CommandError {
    move |error| CommandError::Malformed {
        what,
        path: path.to_owned(),
        problem: error.to_string(),
    }
}

/// Compares the configured key with the one in the charter.
fn check_log_key(
    config: &Config,
    identity: &Identity,
    store: &Arc<Store>,
) -> Result<(), CommandError> {
    if store.size()?.get() == 0 {
        return Err(RecoverError::Empty.into());
    }
    let charter: Option<rules::CharterState> =
        rules::load(&StoredState(Arc::clone(store)), &rules::Key::Charter).map_err(Fatal::State)?;
    let key = identity.keys.ed25519.verifying_key();
    match charter {
        Some(charter) if charter.log_key == key.as_bytes() => Ok(()),
        _ => Err(CommandError::LogKey {
            path: config.log_key.clone(),
        }),
    }
}
