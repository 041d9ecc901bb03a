//! The commands of `trucelogd`, one file each.

pub mod check;
pub mod dev;
pub mod init;
pub mod limits;
pub mod mirror;
pub mod reindex;
pub mod serve;
pub mod successor;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use trucelog_client::demo::DemoError;
use trucelog_proto::{
    error::DecodeError,
    mldsa::{self, MlDsaPublicKey},
    note::SignerKeys,
    refusal::Refusal,
    rules,
    signature::{self, PublicKey},
    state::StateError,
    succession::SuccessionError,
};

use crate::{
    anchor::{Anchor, AnchorError},
    config::{Config, ConfigError, Witnesses},
    listener::{ListenError, TlsError},
    mirror::MirrorError,
    reader::ReadError,
    sequencer::{Fatal, Identity, StartError, StoredState, recover::RecoverError},
    store::{LogStore as _, Store, StoreError},
    witness::{HttpError, Policies},
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
    /// A file cannot be written.
    #[error("cannot write {what} {path}: {source}")]
    Unwritable {
        /// What it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The store of a mirror cannot be opened.
    #[error("{source}: is the mirror running? Stop it, because one process has its store open")]
    MirrorOpen {
        /// Why not.
        source: StoreError,
    },
    /// A mirror has no head that a successor could name.
    #[error("the mirror in {data_dir} has verified nothing yet: run trucelogd mirror first")]
    EmptyMirror {
        /// The directory of the copy.
        data_dir: PathBuf,
    },
    /// The charter does not succeed the log of the mirror.
    #[error("the charter does not succeed the log of the mirror: {0}")]
    Succession(#[from] SuccessionError),
    /// The charter names another log key.
    #[error("{what} {path} is not the key that the charter names: configure the log's own key")]
    LogKey {
        /// `log_key` or `log_key_pq`.
        what: &'static str,
        /// The key file.
        path: PathBuf,
    },
    /// The charter names an ML-DSA-44 key, and none is configured.
    #[error("the charter names an ML-DSA-44 key of the log: set log_key_pq to its file")]
    NoLogKeyPq,
    /// Witnesses cannot be asked.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
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
    /// A throw-away log cannot be run.
    #[error(transparent)]
    Dev(Box<DemoError>),
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

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        Fatal::State(error).into()
    }
}

impl From<MirrorError> for CommandError {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(Box::new(error))
    }
}

impl From<DemoError> for CommandError {
    fn from(error: DemoError) -> Self {
        Self::Dev(Box::new(error))
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
    /// The exit code: 1 the stored log or the charter of a successor is false, 2 usage or configuration, 3 not enough,
    /// 5 could not check, 6 refused.
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
            | Self::OtherLog { .. }
            | Self::NoLogKeyPq
            | Self::Http(_) => 2,
            Self::Mirror(error) => error.exit_code(),
            Self::EmptyMirror { .. } | Self::Succession(SuccessionError::NotEnough { .. }) => 3,
            Self::Dev(error) => error.exit().code(),
            Self::Recover(RecoverError::Store(_)) | Self::Succession(SuccessionError::State(_)) => {
                5
            }
            Self::Recover(_)
            | Self::Succession(_)
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
        keys: read_keys(config)?,
    };
    check_log_keys(config, &identity, &store)?;
    Ok(OpenLog {
        identity,
        store,
        anchor,
    })
}

/// Reads the log's private keys.
pub(crate) fn read_keys(config: &Config) -> Result<SignerKeys, CommandError> {
    let ml_dsa = config.log_key_pq.as_ref();
    Ok(SignerKeys {
        ed25519: read_key("log_key", &config.log_key, signature::private_key_from_pem)?,
        ml_dsa: ml_dsa
            .map(|path| read_key("log_key_pq", path, mldsa::private_key_from_pem))
            .transpose()?,
    })
}

fn read_key<K>(
    what: &'static str,
    path: &Path,
    decode: impl FnOnce(&str) -> Result<K, DecodeError>,
) -> Result<K, CommandError> {
    let pem = fs::read_to_string(path).map_err(unreadable(what, path))?;
    decode(&pem).map_err(malformed(what, path))
}

/// Reads a public key from a PEM file.
///
/// # Errors
///
/// [`CommandError::Unreadable`] or [`CommandError::Malformed`], which say `what` it is.
pub fn read_public_key(what: &'static str, path: &Path) -> Result<PublicKey, CommandError> {
    read_key(what, path, signature::public_key_from_pem)
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

/// Compares the configured keys with those in the charter.
fn check_log_keys(
    config: &Config,
    identity: &Identity,
    store: &Arc<Store>,
) -> Result<(), CommandError> {
    if store.size()?.get() == 0 {
        return Err(RecoverError::Empty.into());
    }
    let charter: Option<rules::CharterState> =
        rules::load(&StoredState(Arc::clone(store)), &rules::Key::Charter).map_err(Fatal::State)?;
    let charter = charter.unwrap_or_default();
    let key = identity.keys.ed25519.verifying_key();
    let key_pq = identity.keys.ml_dsa.as_ref().map(MlDsaPublicKey::of);
    let key_pq = key_pq.as_ref().map(|key| key.as_bytes().as_slice());
    compare_log_keys(
        config,
        charter.log_key == key.as_bytes(),
        charter.log_key_pq == key_pq.unwrap_or_default(),
    )
}

/// Fails unless both keys are those of the charter.
pub(crate) fn compare_log_keys(
    config: &Config,
    same: bool,
    same_pq: bool,
) -> Result<(), CommandError> {
    let other = |what, path: &Path| CommandError::LogKey {
        what,
        path: path.to_owned(),
    };
    if !same {
        return Err(other("log_key", &config.log_key));
    }
    match &config.log_key_pq {
        _ if same_pq => Ok(()),
        Some(path) => Err(other("log_key_pq", path)),
        None => Err(CommandError::NoLogKeyPq),
    }
}

/// Reads the policies of the log's witnesses.
pub(crate) fn read_policies(
    witnesses: &Witnesses,
    identity: &Identity,
) -> Result<Policies, CommandError> {
    let read = |what, path: &Path| fs::read(path).map_err(unreadable(what, path));
    let policy = read("witnesses.policy", &witnesses.policy)?;
    let policy = Policies::parse(&policy, identity)
        .map_err(malformed("witnesses.policy", &witnesses.policy))?;
    let Some(path) = &witnesses.policy_pq else {
        return Ok(policy);
    };
    let policy_pq = read("witnesses.policy_pq", path)?;
    policy
        .with_ml_dsa(&policy_pq, identity)
        .map_err(malformed("witnesses.policy_pq", path))
}
