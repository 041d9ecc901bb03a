//! What this machine can do, measured in the same run as a benchmark.
//!
//! Whatever needs RocksDB is measured by `trucelogd limits`, so that this program has no C++ in it.

use std::hint::black_box;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, Signer as _, SigningKey};
use serde::{Deserialize, Serialize};

use super::figures::per_second;
use crate::Error;
use crate::demo::DemoError;
use crate::demo::process;

/// How long signatures are verified for.
const VERIFY_TIME: Duration = Duration::from_millis(700);
/// Length of what is signed, about that of a record's statement.
const MESSAGE_LEN: usize = 190;
/// Different keys, so that nothing stays in the cache that would not in a log.
const KEYS: u8 = 64;

/// What `trucelogd limits -o json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StorageLimits {
    /// Form of the answer.
    pub schema: String,
    /// Median time of a write of one page with `fdatasync`, in microseconds.
    pub fdatasync_us: f64,
    /// Puts per second of a bare RocksDB, 400 bytes each, in synced batches of 1,000.
    pub rocksdb_puts_per_second: f64,
    /// Inclusion proofs per second from a hot store, in process, on one core.
    pub proofs_per_second: f64,
}

/// What this machine can do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Processor cores.
    pub cores: usize,
    /// Strict Ed25519 verifications per second on one core, keys parsed; the higher of before and after.
    pub verify_strict_per_second_core: f64,
    /// What the storage can do.
    #[serde(flatten)]
    pub storage: StorageLimits,
}

impl Limits {
    /// Measures before a benchmark. `directory` is on the disk that the benchmark uses.
    ///
    /// # Errors
    /// [`DemoError::Process`] when `trucelogd limits` fails.
    pub fn measure(trucelogd: &Path, directory: &Path) -> Result<Self, DemoError> {
        let mut command = process::command(trucelogd, &["limits".as_ref(), "--dir".as_ref()]);
        command.arg(directory).args(["-o", "json"]);
        let answer = process::answer("trucelogd limits", &mut command)?;
        let storage = serde_json::from_value(answer)
            .map_err(|error| process::failed("trucelogd limits", &error))?;
        Ok(Self {
            cores: cores()?,
            verify_strict_per_second_core: verify_rate(),
            storage,
        })
    }

    /// Measures the processor again, after a benchmark, and keeps the higher rate.
    pub fn measure_again(&mut self) {
        self.verify_strict_per_second_core = self.verify_strict_per_second_core.max(verify_rate());
    }

    /// L: the records per second that their signatures allow on all cores.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "no machine has so many cores that the number is not exact"
    )]
    pub fn signature_rate(&self) -> f64 {
        self.cores as f64 * self.verify_strict_per_second_core
    }

    /// The limits in words.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "this machine: {} cores, {:.0} strict verifications/s on one (L = {:.0}/s), fdatasync {:.0} µs, \
             bare RocksDB {:.0} puts/s, {:.0} proofs/s on one core",
            self.cores,
            self.verify_strict_per_second_core,
            self.signature_rate(),
            self.storage.fdatasync_us,
            self.storage.rocksdb_puts_per_second,
            self.storage.proofs_per_second
        )
    }
}

fn cores() -> Result<usize, Error> {
    let cores = thread::available_parallelism().map_err(Error::io(Path::new("processor")))?;
    Ok(cores.get())
}

/// Strict verifications per second on this core, those of the library: `VerifyingKey::verify_strict`.
///
/// # Panics
/// Never: it verifies what it has signed.
#[must_use]
pub fn verify_rate() -> f64 {
    let signed: Vec<_> = (0..KEYS)
        .map(|number| {
            let key = SigningKey::from_bytes(&[number; 32]);
            let message = [number; MESSAGE_LEN];
            (key.verifying_key(), message, key.sign(&message).to_bytes())
        })
        .collect();
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < VERIFY_TIME {
        for (key, message, signature) in &signed {
            let signature = Signature::from_bytes(black_box(signature));
            let verified = key.verify_strict(message, &signature);
            verified.expect("the signature was made with this key");
        }
        count += signed.len();
    }
    per_second(count, begun.elapsed())
}
