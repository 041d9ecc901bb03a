//! Cosigners: a witness that speaks tlog-witness and can misbehave, and one that dials in.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ed25519_dalek::SigningKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use trucelog_proto::{
    checkpoint::Checkpoint,
    cosignature::{self, CosignatureTime},
    hash::TreeSize,
    mldsa::{MlDsaPublicKey, MlDsaSigningKey},
    note::{KeyName, Note, NoteSignature, SignerKeys, VerifierKey},
    policy::Policy,
    proof::verify_consistency,
    signature::PublicKey,
    tlog_witness::{AddCheckpoint, format_cosignatures, format_size},
    tree,
};

use super::{TestLog, config_file};

/// The keys of a cosigner.
pub(crate) struct Cosigner {
    pub(crate) name: KeyName,
    pub(crate) keys: SignerKeys,
}

impl Cosigner {
    /// A cosigner that differs from every other one by its number.
    pub(crate) fn new(number: u8) -> Self {
        Self {
            name: format!("w{number}.example/witness").parse().unwrap(),
            keys: SigningKey::from_bytes(&[100 + number; 32]).into(),
        }
    }

    pub(crate) fn with_ml_dsa(number: u8) -> Self {
        let mut cosigner = Self::new(number);
        cosigner.keys.ml_dsa = Some(MlDsaSigningKey::from_seed(&[100 + number; 32]));
        cosigner
    }

    pub(crate) fn key(&self) -> VerifierKey {
        VerifierKey::cosignature(self.name.clone(), PublicKey::of(&self.keys.ed25519))
    }

    pub(crate) fn key_pq(&self) -> VerifierKey {
        let key = MlDsaPublicKey::of(self.keys.ml_dsa.as_ref().unwrap());
        VerifierKey::ml_dsa_44(self.name.clone(), key)
    }

    /// The lines over a checkpoint's text, `ago` seconds old.
    pub(crate) fn lines(&self, text: &str, ago: u64) -> Vec<NoteSignature> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let time = CosignatureTime::new(now.as_secs() - ago).unwrap();
        let checkpoint = Checkpoint::parse(text).unwrap();
        cosignature::sign_all(&checkpoint, &self.name, &self.keys, time)
    }

    /// The note of a checkpoint with fresh lines of this cosigner only.
    pub(crate) fn cosign(&self, note: &[u8]) -> Vec<u8> {
        let note = Note::parse(note).unwrap();
        let lines = self.lines(note.text(), 0);
        Note::new(note.text(), lines).unwrap().format()
    }
}

/// How a witness behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Honest,
    /// Closes the connection without reading.
    Down,
    /// Reads and never answers.
    Slow,
    /// Answers what is not HTTP.
    Garbage,
    /// Answers without end.
    Huge,
    /// Is honest, a second later.
    Late,
    /// Changes a bit of its signature.
    Forged,
    /// Signs with a key that nobody knows under its own name.
    OtherKey,
    /// Signs another text.
    OtherText,
    /// Keeps the checkpoint, and closes the connection instead of an answer.
    LosesAnswer,
}

/// What a witness knows.
pub(crate) struct State {
    pub(crate) mode: Mode,
    /// The newest checkpoint that it has cosigned.
    pub(crate) newest: Option<Checkpoint>,
    /// Histories that contradict what it has cosigned.
    pub(crate) forks: Vec<String>,
    /// Status and body of the answer to another root at the size that it has cosigned.
    pub(crate) other_root: (u16, &'static str),
    pub(crate) requests: usize,
    /// Bytes of the longest endless answer, until the other side would take no more.
    pub(crate) endless: usize,
}

/// A running witness. It ends with the process.
pub(crate) struct Witness {
    pub(crate) cosigner: Arc<Cosigner>,
    pub(crate) addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Witness {
    /// Starts a witness for one log, over TLS if there is a configuration.
    pub(crate) fn start(cosigner: Cosigner, log: &TestLog, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let witness = Self {
            cosigner: Arc::new(cosigner),
            addr: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(State {
                mode: Mode::Honest,
                newest: None,
                forks: Vec::new(),
                other_root: (422, ""),
                requests: 0,
                endless: 0,
            })),
        };
        let desk = Desk {
            cosigner: Arc::clone(&witness.cosigner),
            state: Arc::clone(&witness.state),
            log_key: log.identity.verifier_key(),
        };
        let tls = tls.map(Arc::new);
        thread::spawn(move || {
            for tcp in listener.incoming() {
                let (tcp, desk, tls) = (tcp.unwrap(), desk.clone(), tls.clone());
                // Errors are the server's to notice.
                thread::spawn(move || match tls {
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).unwrap();
                        desk.serve(&mut StreamOwned::new(connection, tcp))
                    }
                    None => desk.serve(&mut { tcp }),
                });
            }
        });
        witness
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// The size that it has cosigned.
    pub(crate) fn size(&self) -> u64 {
        let state = self.state();
        state.newest.as_ref().map_or(0, |head| head.size.get())
    }
}

#[derive(Clone)]
struct Desk {
    cosigner: Arc<Cosigner>,
    state: Arc<Mutex<State>>,
    log_key: VerifierKey,
}

impl Desk {
    fn serve(&self, stream: &mut (impl Read + Write)) -> io::Result<()> {
        let mode = {
            let mut state = self.state.lock().unwrap();
            state.requests += 1;
            state.mode
        };
        if mode == Mode::Down {
            return Ok(());
        }
        let request = read_request(stream)?;
        let answer = |lines: &[NoteSignature]| (200, format_cosignatures(lines));
        let (status, body) = match mode {
            Mode::Down => unreachable!("handled above"),
            Mode::Honest => self.judge(&request),
            Mode::Slow => {
                // Until the other side gives up.
                return stream.read(&mut [0]).map(drop);
            }
            Mode::Garbage => {
                return stream.write_all(b"\0\xff this is no HTTP\r\n\r\n");
            }
            Mode::Huge => return self.answer_endlessly(stream),
            Mode::Late => {
                thread::sleep(Duration::from_secs(1));
                self.judge(&request)
            }
            Mode::LosesAnswer => {
                self.judge(&request);
                return Ok(());
            }
            Mode::Forged => {
                let mut lines = self.cosigner.lines(request.note.text(), 0);
                lines[0].bytes[20] ^= 1;
                answer(&lines)
            }
            Mode::OtherKey => {
                let stranger = Cosigner {
                    name: self.cosigner.name.clone(),
                    keys: SigningKey::from_bytes(&[99; 32]).into(),
                };
                answer(&stranger.lines(request.note.text(), 0))
            }
            Mode::OtherText => {
                let mut other = Checkpoint::parse(request.note.text()).unwrap();
                other.root = tree::empty_root();
                answer(&self.cosigner.lines(&other.format(), 0))
            }
        };
        write!(
            stream,
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        stream.flush()
    }

    /// Goes on until the other side hangs up.
    fn answer_endlessly(&self, stream: &mut impl Write) -> io::Result<()> {
        let chunk = [b'A'; 16 * 1024];
        let mut sent = 0;
        write!(
            stream,
            "HTTP/1.1 200 x\r\ncontent-length: 1000000000000\r\n\r\n"
        )?;
        while stream.write_all(&chunk).is_ok() {
            sent += chunk.len();
            let mut state = self.state.lock().unwrap();
            state.endless = state.endless.max(sent);
        }
        Ok(())
    }

    /// What an honest witness does.
    fn judge(&self, request: &AddCheckpoint) -> (u16, String) {
        let origin = self.log_key.name().as_str().parse().unwrap();
        let Ok(opened) = Checkpoint::open(&request.note.format(), &self.log_key, &origin) else {
            return (403, String::new());
        };
        let new = opened.checkpoint();
        let mut state = self.state.lock().unwrap();
        let (size, root) = state
            .newest
            .as_ref()
            .map_or((TreeSize::new(0), tree::empty_root()), |head| {
                (head.size, head.root)
            });
        if request.old_size != size {
            return (409, format_size(size));
        }
        if new.size == size && new.root != root {
            state.forks.push(format!("two roots at size {size}"));
            let (status, body) = state.other_root;
            return (status, body.to_owned());
        }
        if let Err(error) = verify_consistency(size, &root, new.size, &new.root, &request.proof) {
            state.forks.push(error.to_string());
            return (422, String::new());
        }
        state.newest = Some(new.clone());
        let lines = self.cosigner.lines(request.note.text(), 0);
        (200, format_cosignatures(&lines))
    }
}

/// Reads a request to `add-checkpoint`.
fn read_request(stream: &mut impl Read) -> io::Result<AddCheckpoint> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(
        head.starts_with("post /prefix/add-checkpoint http/1.1\r\n"),
        "{head}"
    );
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body)?;
    Ok(AddCheckpoint::parse(&body).unwrap())
}

/// A policy of a log: `witness` lines as they are given, then the rest.
pub(crate) fn policy(
    log: &TestLog,
    log_key: &VerifierKey,
    witnesses: &[String],
    rest: &str,
) -> String {
    let mut text = format!(
        "# trucelog-charter {}\nlog {log_key}\n",
        log.identity.log.charter
    );
    for witness in witnesses {
        writeln!(text, "witness {witness}").unwrap();
    }
    text + rest
}

/// The line of a witness that is asked, named after its position.
pub(crate) fn asked(position: usize, witness: &Witness, scheme: &str) -> String {
    let (key, port) = (witness.cosigner.key(), witness.addr.port());
    format!("w{position} {key} {scheme}://localhost:{port}/prefix")
}

/// Adds witnesses to the configuration in `dir`. Requests end after two seconds, so that nothing waits for long.
pub(crate) fn configure(dir: &Path, policy: &str, settings: &str) {
    std::fs::write(dir.join("policy"), policy).unwrap();
    let mut config = std::fs::read_to_string(config_file(dir)).unwrap();
    write!(
        config,
        "[witnesses]\npolicy = \"policy\"\nrequest_s = 2\n{settings}"
    )
    .unwrap();
    std::fs::write(config_file(dir), config).unwrap();
}

/// The witnesses of a note that is at quorum, by name; panics if it is not.
pub(crate) fn cosigners(policy: &str, note: &[u8]) -> Vec<String> {
    let verdict = Policy::parse(policy.as_bytes()).unwrap();
    let verdict = verdict.evaluate(note).unwrap();
    verdict.quorum.unwrap();
    verdict
        .cosigners
        .into_iter()
        .map(|cosigner| cosigner.name)
        .collect()
}

/// Waits until something holds; the time limit only ends a test that hangs.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut holds: impl FnMut() -> F,
) -> T {
    for _ in 0..1200 {
        if let Some(value) = holds().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}
