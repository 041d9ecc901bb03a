//! `trucelogd`: founds, serves and checks a log.

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;
use trucelog_proto::checkpoint::Origin;
use trucelog_server::{
    commands::{
        CommandError, check, dev, init, limits, mirror, read_public_key, reindex, serve, successor,
    },
    config::{Config, Overrides},
    mirror::config::MirrorConfig,
};

// Requests allocate on one thread and free on another, where the system's allocator waits for locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "Examples:
  trucelogd init --charter charter.signed -c /etc/trucelog/trucelogd.toml
  trucelogd serve -c /etc/trucelog/trucelogd.toml

Exit codes: 0 done, 1 the stored log is false, 2 usage or configuration, 3 not enough, 5 could not check, 6 refused.";

const INIT_EXAMPLES: &str = "Examples:
  trucelogd init --charter charter.signed -c /etc/trucelog/trucelogd.toml
  trucelogd init --successor-of mirror.toml --draft next.json --origin example.org/next \\
      --operator-key operator.pub -c next.toml
  trucelogd init --successor-of mirror.toml --charter next.signed -c next.toml";

/// The trucelog log server.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Found a log: create its store and anchor with the charter as entry 0. Or draft the charter of a log that succeeds
    /// another one, whose mirror is at hand.
    #[command(after_help = INIT_EXAMPLES)]
    Init(Init),
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

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").args(["charter", "draft"]).required(true))]
struct Init {
    /// The signed charter, a .signed file.
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,
    /// Configuration of a mirror of the log that is succeeded; the mirror must not run meanwhile. With --draft, the new
    /// charter is prepared from what the mirror has verified; with --charter, it must succeed the mirror's log.
    #[arg(long, value_name = "MIRROR.toml")]
    successor_of: Option<PathBuf>,
    /// Write a charter to be edited and endorsed, JSON, and found nothing.
    #[arg(long, value_name = "FILE.json", requires_all = ["successor_of", "origin", "operator_key"])]
    draft: Option<PathBuf>,
    /// Origin of the new log.
    #[arg(long, value_name = "ORIGIN", requires = "draft")]
    origin: Option<Origin>,
    /// Public key of the new operator, PEM.
    #[arg(long, value_name = "FILE", requires = "draft")]
    operator_key: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
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
        Command::Init(command) => command.run(&mut out)?,
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

impl Init {
    fn run(self, out: &mut impl io::Write) -> Result<(), CommandError> {
        let mirror = self.successor_of.as_deref();
        let mirror = mirror.map(MirrorConfig::load).transpose()?;
        let config = self.settings.load()?;
        if let Some(charter) = &self.charter {
            let founded = init::run(&config, charter, mirror.as_ref())?;
            writeln!(out, "origin {}", founded.log.origin)?;
            writeln!(out, "charter {}", founded.log.charter)?;
            writeln!(out, "log key {}", founded.verifier_key)?;
        }
        if let (Some(file), Some(mirror), Some(origin), Some(key)) =
            (&self.draft, &mirror, &self.origin, &self.operator_key)
        {
            let key = read_public_key("operator key", key)?;
            let drafted = successor::draft(&config, mirror, origin, &key, file)?;
            let head = &drafted.head;
            writeln!(
                out,
                "predecessor {} size {} root {}",
                head.origin, head.size, head.root
            )?;
            for note in &drafted.notes {
                writeln!(out, "note: {note}")?;
            }
        }
        Ok(())
    }
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
