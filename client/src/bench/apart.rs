//! A verifier as a process of its own, whose memory can be seen.

use std::env;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::ground::Ground;
use crate::Error;
use crate::demo::DemoError;
use crate::demo::process::{command, failed};

const WHAT: &str = "trucelog verify log";
/// How often the memory of the process is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What was seen of the process.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// From its start to its end.
    pub time: Duration,
    /// The most memory that it had, in bytes, as Linux counts it.
    pub peak_memory_len: u64,
}

/// Lets `trucelog verify log` fetch and verify the whole log.
///
/// # Errors
/// [`DemoError::Process`] when it does not verify the log.
pub async fn verify(ground: &Ground) -> Result<Seen, DemoError> {
    let program = env::current_exe().map_err(Error::io("trucelog".as_ref()))?;
    let directory = ground.directory();
    let mut command = command(&program, &["verify".as_ref(), "log".as_ref()]);
    command
        .args(["-o", "json", "--remote", &ground.url()])
        .args(["--charter", &ground.trust().id.charter.to_string()])
        .arg("--policy")
        .arg(directory.join("log-policy"))
        .arg("--state")
        .arg(directory.join("apart"))
        .stdout(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|error| failed(WHAT, &error))?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_memory_len = 0;
    loop {
        let ended = child.try_wait().map_err(|error| failed(WHAT, &error))?;
        if let Some(ended) = ended {
            let time = begun.elapsed();
            return ended
                .success()
                .then_some(Seen {
                    time,
                    peak_memory_len,
                })
                .ok_or_else(|| failed(WHAT, &ended));
        }
        let seen = fs::read_to_string(&status).ok();
        let seen = seen.as_deref().and_then(peak_memory).unwrap_or(0);
        peak_memory_len = peak_memory_len.max(seen);
        sleep(LOOK).await;
    }
}

/// Reads the peak of the resident memory, in bytes, from `/proc/PID/status`.
fn peak_memory(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes() {
        let status = "Name:\ttrucelog\nVmPeak:\t  900 kB\nVmHWM:\t     800 kB\nVmRSS:\t 700 kB\n";
        assert_eq!(peak_memory(status), Some(800 * 1024));
        assert_eq!(peak_memory("Name:\ttrucelog\n"), None);
    }
}
