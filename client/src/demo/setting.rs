//! A log with everything around it: founded by seven members, served by `trucelogd`, and cosigned by a
//! `trucelog witness` of each member, all as child processes on loopback.
//!
//! ```text
//! DIR/log.key, log-pq.key    the log's keys
//! DIR/charter.signed         its charter
//! DIR/policy, policy-pq      what members pin: five of seven verifiers
//! DIR/log-policy             the log alone, without a quorum
//! DIR/witnesses/CODE         the witness of a member
//! DIR/stations/CODE          the monitors' desk of a member
//! DIR/trucelogd.toml, …      the server's settings, data and anchor
//! ```

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use prost::Message as _;
use serde_json::Value;
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::pb;
use trucelog_proto::policy::Policy;

use super::DemoError;
use super::cast::{Cast, MEMBERS};
use super::process::{self, Child, command, failed};
use super::server::{Quorum, Server};
use crate::station::digest_of;
use crate::trust::Trust;
use crate::{Error, durable, key};

/// Verifiers that make a quorum: 1 + ⌊2 · 7 / 3⌋.
const QUORUM: usize = 1 + 2 * MEMBERS.len() / 3;

/// The two programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `trucelogd`.
    pub trucelogd: PathBuf,
    /// `trucelog`.
    pub trucelog: PathBuf,
}

/// The directory of everything: one to keep, or a temporary one.
#[derive(Debug)]
pub enum Place {
    /// It stays.
    Kept(PathBuf),
    /// It goes away with its owner.
    Temporary(tempfile::TempDir),
}

impl Place {
    /// Takes the directory `keep`, which must be empty or not there, or makes a temporary one.
    ///
    /// # Errors
    /// [`DemoError::NotEmpty`]; [`Error::Io`].
    pub fn new(keep: Option<&Path>, prefix: &str) -> Result<Self, DemoError> {
        let Some(keep) = keep else {
            let temporary = tempfile::Builder::new().prefix(prefix).tempdir();
            return Ok(Self::Temporary(
                temporary.map_err(Error::io(Path::new("temporary directory")))?,
            ));
        };
        durable::create_directory(keep)?;
        let mut inside = fs::read_dir(keep).map_err(Error::io(keep))?;
        if inside.next().is_some() {
            return Err(DemoError::NotEmpty(keep.to_owned()));
        }
        Ok(Self::Kept(keep.to_owned()))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

/// A log that is served and cosigned. Its processes end with it.
#[derive(Debug)]
pub struct Setting {
    /// The server.
    pub server: Server,
    /// The log and its witnesses.
    pub trust: Trust,
    /// The log alone: for receipts that nobody has cosigned yet.
    pub log_trust: Trust,
    witnesses: Vec<Child>,
}

impl Setting {
    /// Founds the log in `directory`, which must be empty, and starts all programs. Gives everyone who writes, too.
    ///
    /// # Errors
    /// [`DemoError::Process`] with a program's own words; [`DemoError::Client`].
    pub fn found(programs: &Programs, directory: &Path) -> Result<(Self, Cast), DemoError> {
        let Founding {
            cast,
            heads,
            log_trust,
        } = Founding::new(directory)?;
        let address = free_address()?;
        let url = format!("http://{address}");
        let mut lines = Lines::default();
        for (code, _) in MEMBERS {
            lines.add(&init_witness(programs, directory, code, &url, &log_trust)?)?;
        }
        let trust = pin(directory, "policy", &heads.policy(&lines.policy, false))?;
        pin(
            directory,
            "policy-pq",
            &heads.policy(&lines.policy_pq, true),
        )?;
        let server = Server::found(
            &programs.trucelogd,
            directory,
            Some(address),
            Quorum::Members,
        )?;
        let witnesses = MEMBERS.iter().map(|(code, _)| {
            let place = witness_directory(directory, code);
            let mut command = command(&programs.trucelog, &["witness".as_ref(), "run".as_ref()]);
            Child::start(
                "trucelog witness run",
                command.arg(&place),
                &place.join("log.txt"),
            )
        });
        let setting = Self {
            witnesses: witnesses.collect::<Result<_, _>>()?,
            server,
            trust,
            log_trust,
        };
        Ok((setting, cast))
    }

    /// As [`Self::found`], without witnesses: both policies are the log alone.
    ///
    /// # Errors
    /// As [`Self::found`].
    pub fn alone(trucelogd: &Path, directory: &Path) -> Result<(Self, Cast), DemoError> {
        let Founding {
            cast, log_trust, ..
        } = Founding::new(directory)?;
        let setting = Self {
            server: Server::found(trucelogd, directory, None, Quorum::Nobody)?,
            trust: log_trust.clone(),
            log_trust,
            witnesses: Vec::new(),
        };
        Ok((setting, cast))
    }

    /// Number of witnesses that run.
    #[must_use]
    pub fn witness_count(&self) -> usize {
        self.witnesses.len()
    }

    /// Ends the server and the witnesses.
    ///
    /// # Errors
    /// [`DemoError::Process`] when the server does not end as it should.
    pub fn stop(&mut self) -> Result<(), DemoError> {
        self.witnesses.clear();
        self.server.stop()
    }
}

/// Where the witness of a member lives.
#[must_use]
pub fn witness_directory(directory: &Path, code: &str) -> PathBuf {
    directory.join("witnesses").join(code)
}

/// Where the monitors' desk of a member keeps its key and its records.
#[must_use]
pub fn station_directory(directory: &Path, code: &str) -> PathBuf {
    directory.join("stations").join(code)
}

/// What a log is founded with: its keys and its charter are in its directory.
struct Founding {
    cast: Cast,
    heads: Heads,
    log_trust: Trust,
}

impl Founding {
    fn new(directory: &Path) -> Result<Self, DemoError> {
        let log_key = key::create(&directory.join("log.key"))?;
        let log_key_pq = key::create_ml_dsa(&directory.join("log-pq.key"))?;
        let mut cast = Cast::new()?;
        let charter = cast.charter(&log_key, Some(&log_key_pq))?;
        durable::replace(&directory.join("charter.signed"), &charter.encode_to_vec())?;
        let heads = Heads::of(&charter);
        let log_trust = pin(directory, "log-policy", &heads.policy(&[], false))?;
        Ok(Self {
            cast,
            heads,
            log_trust,
        })
    }
}

/// What the policies of a log begin with.
struct Heads {
    charter: CharterDigest,
    log_key: String,
    log_key_pq: String,
}

impl Heads {
    fn of(charter: &pb::Submission) -> Self {
        let record = charter.signed_record.as_ref();
        let record = record.map(|signed| pb::Record::decode(signed.record.as_slice()));
        let (log_key, log_key_pq) = match record.and_then(Result::ok).and_then(|record| record.body)
        {
            Some(pb::record::Body::Charter(charter)) => (charter.log_key, charter.log_key_pq),
            _ => (String::new(), String::new()),
        };
        Self {
            charter: CharterDigest::from_bytes(*digest_of(charter).as_bytes()),
            log_key,
            log_key_pq,
        }
    }

    /// A policy with these witness lines, of which five are needed; without any, nobody is.
    fn policy(&self, witnesses: &[String], pq: bool) -> String {
        let key = if pq { &self.log_key_pq } else { &self.log_key };
        let head = format!("# trucelog-charter {}\nlog {key}\n", self.charter);
        if witnesses.is_empty() {
            return format!("{head}quorum none\n");
        }
        let names = witnesses.iter().filter_map(|line| line.split(' ').nth(1));
        let names: Vec<&str> = names.collect();
        format!(
            "{head}{}\ngroup members {QUORUM} {}\nquorum members\n",
            witnesses.join("\n"),
            names.join(" ")
        )
    }
}

/// The policy lines of the members' verifiers.
#[derive(Default)]
struct Lines {
    policy: Vec<String>,
    policy_pq: Vec<String>,
}

impl Lines {
    /// Takes the verifier's lines from the answer of `trucelog witness init`.
    fn add(&mut self, answer: &Value) -> Result<(), DemoError> {
        for (field, lines) in [
            ("policy", &mut self.policy),
            ("policy_pq", &mut self.policy_pq),
        ] {
            let found = answer[field].as_array().into_iter().flatten();
            let line = found
                .filter_map(Value::as_str)
                .find(|line| line.contains("/verifier "));
            let line = line.ok_or_else(|| failed("trucelog witness init", "it names no key"))?;
            lines.push(line.to_owned());
        }
        Ok(())
    }
}

fn init_witness(
    programs: &Programs,
    directory: &Path,
    code: &str,
    url: &str,
    log: &Trust,
) -> Result<Value, DemoError> {
    let name = format!("{}.demo.trucelog.example", code.to_ascii_lowercase());
    let mut command = command(&programs.trucelog, &["witness".as_ref(), "init".as_ref()]);
    command
        .arg(witness_directory(directory, code))
        .args(["--name", &name, "--remote", url, "-o", "json"])
        .args(["--charter", &log.id.charter.to_string(), "--policy"])
        .arg(directory.join("log-policy"));
    process::answer("trucelog witness init", &mut command)
}

/// Writes a policy and trusts it.
fn pin(directory: &Path, file: &str, text: &str) -> Result<Trust, DemoError> {
    let policy = Policy::parse(text.as_bytes()).map_err(Error::decode(&file))?;
    durable::replace(&directory.join(file), text.as_bytes())?;
    Ok(Trust::new(policy))
}

/// An address on loopback that nobody listens on now. The witnesses need it before the server has it.
fn free_address() -> Result<SocketAddr, DemoError> {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = taken.and_then(|listener| listener.local_addr());
    Ok(address.map_err(Error::io(Path::new("127.0.0.1:0")))?)
}

/// Copies a directory with everything below it.
///
/// # Errors
/// [`Error::Io`].
pub fn copy_directory(from: &Path, to: &Path) -> Result<(), Error> {
    durable::create_directory(to)?;
    for item in fs::read_dir(from).map_err(Error::io(from))? {
        let item = item.map_err(Error::io(from))?;
        let (source, target) = (item.path(), to.join(item.file_name()));
        if source.is_dir() {
            copy_directory(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(Error::io(&source))?;
        }
    }
    Ok(())
}
