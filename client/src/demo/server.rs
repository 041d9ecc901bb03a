//! `trucelogd` and other programs as child processes. None outlives its owner.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::DemoError;
use crate::Error;

/// Longest time for a server to open its log and listen.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest time for a server to end after it was asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

const CONFIG_FILE: &str = "trucelogd.toml";
const CONFIG: &str = "data_dir = \"data\"\nanchor_dir = \"anchor\"\nlog_key = \"log.key\"\nlisten = \"127.0.0.1:0\"\n";

/// Finds `trucelogd`: as given, by the variable `TRUCELOGD`, beside this program, on `PATH`.
///
/// # Errors
/// [`DemoError::NoServer`]; a path that was given and is not there is not passed over.
pub fn find(given: Option<&Path>) -> Result<PathBuf, DemoError> {
    let given = given
        .map(Path::to_owned)
        .or_else(|| env::var_os("TRUCELOGD").map(PathBuf::from));
    if let Some(path) = given {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(DemoError::NoServer { given: Some(path) })
        };
    }
    let own = env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|directory| directory.join("trucelogd"))
        .find(|program| program.is_file())
        .ok_or(DemoError::NoServer { given: None })
}

/// A command that sees none of our own settings in its environment.
pub(super) fn command(program: &Path, arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("TRUCELOG") {
            command.env_remove(name);
        }
    }
    command
}

pub(super) fn failed(what: &str, problem: &(impl ToString + ?Sized)) -> DemoError {
    DemoError::Process {
        what: what.to_owned(),
        problem: problem.to_string(),
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
    running: Running,
}

impl Server {
    /// Founds a log in `directory`, which holds `charter.signed` and `log.key`, and serves it on a free port of
    /// loopback.
    ///
    /// # Errors
    /// [`DemoError::Process`] with the server's own words; [`Error::Io`].
    pub fn found(program: &Path, directory: &Path) -> Result<Self, DemoError> {
        let config = directory.join(CONFIG_FILE);
        fs::write(&config, CONFIG).map_err(Error::io(&config))?;
        let charter = directory.join("charter.signed");
        let arguments = ["init".as_ref(), "--charter".as_ref(), charter.as_os_str()];
        let output = command(program, &arguments)
            .arg("-c")
            .arg(&config)
            .output()
            .map_err(|error| failed("trucelogd init", &error))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(failed("trucelogd init", words.trim()));
        }
        let (running, address) = Running::start(program, directory, None)?;
        Ok(Self {
            program: program.to_owned(),
            directory: directory.to_owned(),
            address,
            running,
        })
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
        self.running.kill();
        let (running, _) = Running::start(&self.program, &self.directory, Some(self.address))?;
        self.running = running;
        Ok(())
    }

    /// Asks the server to end, and waits until it has.
    ///
    /// # Errors
    /// [`DemoError::Process`] when it does not end or fails on the way.
    pub fn stop(mut self) -> Result<(), DemoError> {
        self.running.stop()
    }
}

/// A child process that serves, killed when dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    /// Kept open, so that the server may write to it.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Running {
    fn start(
        program: &Path,
        directory: &Path,
        listen: Option<SocketAddr>,
    ) -> Result<(Self, SocketAddr), DemoError> {
        let path = directory.join("trucelogd.log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(Error::io(&path))?;
        let mut command = command(program, &["serve".as_ref(), "-c".as_ref()]);
        command
            .arg(directory.join(CONFIG_FILE))
            .stdout(Stdio::piped())
            .stderr(log);
        if let Some(listen) = listen {
            command.arg("--listen").arg(listen.to_string());
        }
        let mut child = command
            .spawn()
            .map_err(|error| failed("trucelogd serve", &error))?;
        let stdout = child.stdout.take().map(BufReader::new);
        let mut running = Self { child, stdout };
        let address = running.listening().map_err(|problem| {
            failed(
                "trucelogd serve",
                &format!("{problem}; see {}", path.display()),
            )
        })?;
        Ok((running, address))
    }

    /// Waits for the line that names the address.
    fn listening(&mut self) -> Result<SocketAddr, String> {
        let mut stdout = self.stdout.take().expect("it was started with a pipe");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = stdout.read_line(&mut line);
            // Nobody listens when the server took too long.
            drop(sender.send(read.map(|_| (line, stdout))));
        });
        let (line, stdout) = receiver
            .recv_timeout(START_TIMEOUT)
            .map_err(|_| "it does not listen".to_owned())?
            .map_err(|error| error.to_string())?;
        self.stdout = Some(stdout);
        line.trim()
            .strip_prefix("listening ")
            .and_then(|address| address.parse().ok())
            .ok_or_else(|| "it ended at once".to_owned())
    }

    /// SIGKILL, and the end of the process.
    fn kill(&mut self) {
        // Both fail only when the process has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// SIGTERM, and the end of the process.
    fn stop(&mut self) -> Result<(), DemoError> {
        let problem = |problem: &dyn std::fmt::Display| failed("trucelogd", problem);
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .map_err(|error| problem(&error))?;
        let begun = Instant::now();
        loop {
            match self.child.try_wait().map_err(|error| problem(&error))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(problem(&format!("it ended with {status}"))),
                None if begun.elapsed() > STOP_TIMEOUT => {
                    return Err(problem(&"it does not end"));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
