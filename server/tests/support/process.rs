//! The real binary as a child process.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use tonic::transport::{Channel, Endpoint};

use super::{charter_file, config_file};

/// A running `trucelogd serve`. Dropping it kills it.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) addr: SocketAddr,
    pub(crate) log: Arc<Mutex<String>>,
}

/// A command of `trucelogd` with the configuration in `dir`.
pub(crate) fn trucelogd(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trucelogd"));
    command.args(arguments).arg("-c").arg(config_file(dir));
    command
}

/// Founds the log whose files are in `dir`.
pub(crate) fn init(dir: &Path) -> Output {
    let charter = charter_file(dir);
    trucelogd(dir, &["init", "--charter", charter.to_str().unwrap()])
        .output()
        .unwrap()
}

/// Starts a mirror with the configuration `mirror.toml` in `dir` and waits until it listens.
pub(crate) fn run_mirror(dir: &Path) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trucelogd"));
    command.args(["mirror", "-c"]).arg(dir.join("mirror.toml"));
    Server::spawn(&mut command)
}

/// Runs `serve` or `check` to its end, which must come by itself.
pub(crate) fn run(dir: &Path, command: &str) -> (Option<i32>, String) {
    let output = trucelogd(dir, &[command]).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

impl Server {
    /// Starts the server and waits until it listens.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::spawn(&mut trucelogd(dir, &["serve"]))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Some(addr) = line.trim_end().strip_prefix("listening ") else {
            let mut errors = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut errors)
                .unwrap();
            panic!("the server did not start: {line:?} {errors}");
        };
        let addr = addr.parse().unwrap();
        let errors = child.stderr.take().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&log);
        // A full pipe would stop the server.
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                *lines.lock().unwrap() += &(line + "\n");
            }
        });
        Self { child, addr, log }
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A client connection.
    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::new(format!("http://{}", self.addr))
            .unwrap()
            .connect_timeout(Duration::from_secs(5))
            .connect()
            .await
            .unwrap()
    }

    /// Kills the server without a chance to clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        signal(&self.child, rustix::process::Signal::TERM);
        self.child.wait().unwrap().code()
    }
}

/// Sends a signal to a child.
pub(crate) fn signal(child: &Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
