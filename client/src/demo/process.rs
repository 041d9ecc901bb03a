//! Programs as child processes. None outlives its owner, and none sees our own settings in its environment.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::DemoError;
use crate::Error;
use crate::exit::Exit;

/// Longest time for a server to open its log and listen.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest time for a program to end after it was asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// Finds a program: as given with the option `flag`, by the environment variable `variable`, beside this program, on `PATH`.
///
/// # Errors
/// [`DemoError::NoProgram`]; a path that was given and is not there is not passed over.
pub fn find(
    name: &'static str,
    flag: &'static str,
    variable: &'static str,
    given: Option<&Path>,
) -> Result<PathBuf, DemoError> {
    let missing = |given| DemoError::NoProgram {
        name,
        flag,
        variable,
        given,
    };
    let given = given
        .map(Path::to_owned)
        .or_else(|| env::var_os(variable).map(PathBuf::from));
    if let Some(path) = given {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(missing(Some(path)))
        };
    }
    let own = env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    beside
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .ok_or_else(|| missing(None))
}

/// A command that sees none of our own settings in its environment.
pub(crate) fn command(program: &Path, arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("TRUCELOG") {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn failed(what: &str, problem: &(impl ToString + ?Sized)) -> DemoError {
    DemoError::Process {
        what: what.to_owned(),
        problem: problem.to_string(),
    }
}

/// Runs a command to its end.
pub(crate) fn output(what: &str, command: &mut Command) -> Result<Output, DemoError> {
    let output = command.output().map_err(|error| failed(what, &error))?;
    if output.status.code() == Some(Exit::Interrupted.code().into()) {
        return Err(Error::Interrupted.into());
    }
    Ok(output)
}

/// Runs a command that must succeed, and gives the JSON that it prints.
pub(crate) fn answer(what: &str, command: &mut Command) -> Result<Value, DemoError> {
    let output = output(what, command)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(failed(what, words.trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(what, &error))
}

/// A child process that runs until it is stopped; killed when dropped.
#[derive(Debug)]
pub(crate) struct Child {
    what: &'static str,
    process: process::Child,
    /// Kept open, so that the program may write to it.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts a program whose words all go to the file `log`.
    pub(crate) fn start(
        what: &'static str,
        command: &mut Command,
        log: &Path,
    ) -> Result<Self, DemoError> {
        let out = append(log)?;
        Self::spawn(what, command.stdout(out), log)
    }

    /// Starts a server and waits for the line that names its address. Its other words go to the file `log`.
    pub(crate) fn serve(
        what: &'static str,
        command: &mut Command,
        log: &Path,
    ) -> Result<(Self, String), DemoError> {
        let mut child = Self::spawn(what, command.stdout(Stdio::piped()), log)?;
        let address = child.listening();
        let address = address
            .map_err(|problem| failed(what, &format!("{problem}; see {}", log.display())))?;
        Ok((child, address))
    }

    fn spawn(what: &'static str, command: &mut Command, log: &Path) -> Result<Self, DemoError> {
        let mut child = command
            .stderr(append(log)?)
            .spawn()
            .map_err(|error| failed(what, &error))?;
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Self {
            what,
            process: child,
            stdout,
        })
    }

    fn listening(&mut self) -> Result<String, String> {
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
        let address = line.trim().strip_prefix("listening ");
        address
            .map(str::to_owned)
            .ok_or_else(|| "it ended at once".to_owned())
    }

    /// SIGKILL, and the end of the process.
    pub(crate) fn kill(&mut self) {
        // Both fail only when the process has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }

    /// SIGTERM, and the end of the process.
    pub(crate) fn stop(&mut self) -> Result<(), DemoError> {
        let problem = |problem: &dyn std::fmt::Display| failed(self.what, problem);
        kill_process(Pid::from_child(&self.process), Signal::TERM)
            .map_err(|error| problem(&error))?;
        let begun = Instant::now();
        loop {
            match self.process.try_wait().map_err(|error| problem(&error))? {
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

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn append(path: &Path) -> Result<File, DemoError> {
    let file = File::options().create(true).append(true).open(path);
    Ok(file.map_err(Error::io(path))?)
}
