//! `trucelogd` as a child process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::DemoError;
use super::process::{Child, command, failed, output};
use crate::durable;

const CONFIG_FILE: &str = "trucelogd.toml";
const CONFIG: &str = "data_dir = \"data\"\nanchor_dir = \"anchor\"\nlog_key = \"log.key\"\n\
                      log_key_pq = \"log-pq.key\"\n";

/// Who brings the heads of a server to quorum. The policies that it is told of lie in its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// The members' verifiers: `policy` and `policy-pq`.
    Members,
    /// Nobody, as with an operator who asks no witness: `log-policy`.
    Nobody,
}

impl Quorum {
    fn settings(self) -> &'static str {
        match self {
            Self::Members => "[witnesses]\npolicy = \"policy\"\npolicy_pq = \"policy-pq\"\n",
            Self::Nobody => "[witnesses]\npolicy = \"log-policy\"\n",
        }
    }
}

/// An address on loopback with a free port.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server of the log in one directory. It runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
    running: Option<Child>,
}

impl Server {
    /// Founds a log in `directory`, which holds its charter, keys and policies, and serves it, at any free address unless
    /// one is given.
    ///
    /// # Errors
    /// [`DemoError::Process`] with the server's own words; [`crate::Error::Io`].
    pub fn found(
        program: &Path,
        directory: &Path,
        address: Option<SocketAddr>,
        quorum: Quorum,
    ) -> Result<Self, DemoError> {
        let address = address.unwrap_or(ANY);
        write_config(directory, address, quorum)?;
        let mut command = command(program, &["init".as_ref(), "--charter".as_ref()]);
        command.arg(directory.join("charter.signed"));
        command.arg("-c").arg(directory.join(CONFIG_FILE));
        let output = output("trucelogd init", &mut command)?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(failed("trucelogd init", words.trim()));
        }
        Self::start(program, directory, address)
    }

    /// Serves the log in `directory` as an operator would who asks no witness any more. `log-policy` lies there.
    ///
    /// # Errors
    /// As [`Self::found`].
    pub fn without_witnesses(program: &Path, directory: &Path) -> Result<Self, DemoError> {
        write_config(directory, ANY, Quorum::Nobody)?;
        Self::start(program, directory, ANY)
    }

    fn start(program: &Path, directory: &Path, address: SocketAddr) -> Result<Self, DemoError> {
        let mut server = Self {
            program: program.to_owned(),
            directory: directory.to_owned(),
            address,
            running: None,
        };
        server.start_again()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills the server without warning and starts it again at the same address.
    ///
    /// # Errors
    /// [`DemoError::Process`].
    pub fn crash_and_restart(&mut self) -> Result<(), DemoError> {
        self.running = None;
        self.start_again()
    }

    /// Starts a server that was stopped, at the same address.
    ///
    /// # Errors
    /// [`DemoError::Process`].
    pub fn start_again(&mut self) -> Result<(), DemoError> {
        let what = "trucelogd serve";
        let mut command = command(&self.program, &["serve".as_ref(), "-c".as_ref()]);
        command.arg(self.directory.join(CONFIG_FILE));
        command.args(["--listen", &self.address.to_string()]);
        let log = self.directory.join("trucelogd.log");
        let (running, address) = Child::serve(what, &mut command, &log)?;
        self.running = Some(running);
        self.address = address
            .parse()
            .map_err(|_| failed(what, "it names no address"))?;
        Ok(())
    }

    /// Asks the server to end, and waits until it has.
    ///
    /// # Errors
    /// [`DemoError::Process`] when it does not end or fails on the way.
    pub fn stop(&mut self) -> Result<(), DemoError> {
        match self.running.take() {
            Some(mut running) => running.stop(),
            None => Ok(()),
        }
    }
}

fn write_config(directory: &Path, address: SocketAddr, quorum: Quorum) -> Result<(), DemoError> {
    let config = format!("{CONFIG}listen = \"{address}\"\n{}", quorum.settings());
    Ok(durable::replace(
        &directory.join(CONFIG_FILE),
        config.as_bytes(),
    )?)
}
