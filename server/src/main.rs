//! `trucelogd`: founds, serves and checks a log.

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;
use trucelog_server::{
    commands::{CommandError, check, dev, init, limits, mirror, reindex, serve},
    config::{Config, Overrides},
    mirror::config::MirrorConfig,
};

// Requests allocate on one thread and free on another, where the system's allocator waits for locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "Examples:
  trucelogd init --charter charter.signed -c /etc/trucelog/trucelogd.toml
  trucelogd serve -c /etc/trucelog/trucelogd.toml

Exit codes: 0 done, 1 the stored log is false, 2 usage or configuration, 5 could not check, 6 refused.";

/// The trucelog log server.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Found a log: create its store and anchor with the charter as entry 0.
    Init {
        /// The signed charter, a .signed file.
        #[arg(long, value_name = "FILE")]
        charter: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Serve the log over gRPC and HTTP until SIGTERM. SIGHUP reads the TLS certificate again.
    Serve(Settings),
    /// Copy the log of another operator, verifying every entry, and serve the copy until SIGTERM.
    Mirror {
        /// The configuration file, TOML.
        #[arg(short, long, env = "TRUCELOG_MIRROR_CONFIG", value_name = "FILE")]
        config: PathBuf,
    },
    /// Run a throw-away log of seven members with their witnesses on loopback, and print lines to copy. For trying
    /// things out only: all keys lie in one directory.
    Dev {
        /// Keep everything in this new directory. Default: a temporary one, removed at the end.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// The program trucelog. Default: the variable `TRUCELOG_BIN`, beside this program, or on PATH.
        #[arg(long, value_name = "PATH")]
        trucelog: Option<PathBuf>,
    },
    /// Read the whole log and recompute everything: entries, tree, state, index and anchor.
    Check(Settings),
    /// Drop the index from which questions are answered; the next start makes it anew.
    Reindex(Settings),
    /// Measure what the disk and the storage engine of this machine can do. `trucelog bench` compares with it.
    Limits {
        /// Where the disk is; a temporary directory is made there.
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
        /// Form of the answer.
        #[arg(short, long, value_enum, default_value_t)]
        output: Form,
    },
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

#[derive(Args, Debug)]
struct Settings {
    /// The configuration file, TOML.
    #[arg(short, long, env = "TRUCELOG_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("TRUCELOG_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(filter)
        .init();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trucelogd: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    match command {
        Command::Init { charter, settings } => {
            let founded = init::run(&settings.load()?, &charter)?;
            writeln!(out, "origin {}", founded.log.origin)?;
            writeln!(out, "charter {}", founded.log.charter)?;
            writeln!(out, "log key {}", founded.verifier_key)?;
        }
        Command::Serve(settings) => {
            serve::run(&settings.load()?, |addr| listening(&mut out, addr))?;
        }
        Command::Mirror { config } => {
            let config = MirrorConfig::load(&config).map_err(CommandError::from)?;
            mirror::run(&config, |addr| listening(&mut out, addr))?;
        }
        Command::Dev { dir, trucelog } => {
            dev::run(dir.as_deref(), trucelog.as_deref(), |lines| {
                // Nobody may be reading; that is no reason to stop.
                drop(out.write_all(lines.as_bytes()).and_then(|()| out.flush()));
            })?;
        }
        Command::Check(settings) => {
            let checked = check::run(&settings.load()?, |count| {
                tracing::info!(count, "entries checked");
            })?;
            writeln!(
                out,
                "CHECKED size {} root {} anchored size {}",
                checked.size, checked.root, checked.anchored.size
            )?;
        }
        Command::Reindex(settings) => reindex::run(&settings.load()?)?,
        Command::Limits { dir, output } => {
            let limits = limits::run(&dir)?;
            match output {
                Form::Text => writeln!(out, "{}", limits.to_text())?,
                Form::Json => writeln!(out, "{}", limits.to_json())?,
            }
        }
    }
    Ok(())
}

/// Tells where connections are accepted. Nobody may be reading; that is no reason to stop.
fn listening(out: &mut impl io::Write, addr: SocketAddr) {
    drop(writeln!(out, "listening {addr}").and_then(|()| out.flush()));
}

impl Settings {
    fn load(self) -> Result<Config, CommandError> {
        Ok(Config::load(self.config.as_deref(), self.overrides)?)
    }
}
