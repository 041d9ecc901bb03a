//! `trucelog bench proof`: inclusion proofs and streamed entries over gRPC, beside a bare server with the same bytes.
//!
//! Log and bare server take turns, so that both meet the same machine. Some of the proofs are verified against the signed
//! head, and the streamed entries must give its root.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tonic::transport::Channel;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::hash::{LeafHash, LeafIndex};
use trucelog_proto::pb;
use trucelog_proto::pb::log_service_client::LogServiceClient;
use trucelog_proto::proof::verify_inclusion;
use trucelog_proto::tree::{RightEdge, leaf_hash};

use super::figures::{Line, Ratio, per_second, ratios, table};
use super::ground::Ground;
use super::limits::Limits;
use super::source;
use crate::Error;
use crate::demo::DemoError;
use crate::fetch::node_hashes;
use crate::refused::classify;

/// Stations that write the log.
const STATIONS: usize = 8;
/// Callers that ask at the same time, one call after the other each.
const CALLERS: usize = 64;
/// How often log and bare server take turns, and how long a turn is.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_millis(700);
/// Visits the entries of a log in an order without a pattern that a cache could use.
const STRIDE: u64 = 7919;
/// One proof of so many is verified.
const VERIFY_EVERY: u64 = 500;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the machine can do.
    pub limits: Limits,
    /// The results.
    pub lines: Vec<Line>,
    /// The results beside each other.
    pub ratios: Vec<Ratio>,
    /// Number of proofs that were verified.
    pub proofs_verified: usize,
    /// Bytes of entries that were streamed.
    pub streamed_len: usize,
}

/// Writes a log of about `records` records, and asks for proofs and entries.
///
/// # Errors
/// [`DemoError`]; also when a proof does not hold, or the streamed entries are not those of the head.
pub async fn run(trucelogd: &Path, records: usize) -> Result<Report, DemoError> {
    let mut ground = Ground::found(trucelogd, STATIONS).await?;
    let mut limits = Limits::measure(trucelogd, ground.directory())?;
    ground.append(records).await?;
    let head = ground.checkpoint().await?;
    let ours = ground.connections()?;
    let runs = stream(&ours[0], &head).await?.runs;
    let leaves = leaves(&runs, &head)?;
    let proof = prove(&mut client(&ours[0]), LeafIndex::new(0), &head).await?;
    let bare = source::serve(proof, runs).await?;
    let theirs = bare.connect(ours.len())?;

    let (mut asked, mut streamed) = ([Sum::default(); 2], [Sum::default(); 2]);
    let (mut kept, mut streamed_len) = (Vec::new(), 0);
    for _ in 0..TURNS {
        for (side, connections) in [&ours, &theirs].into_iter().enumerate() {
            let turn = ask(connections, &head).await?;
            asked[side].add(turn.count, turn.time);
            let entries = stream(&connections[0], &head).await?;
            streamed[side].add(leaves.len(), entries.time);
            if side == 0 {
                kept.extend(turn.kept);
                streamed_len += entries.len();
            }
        }
    }
    let proofs_verified = verify(&kept, &leaves, &head)?;
    limits.measure_again();
    let ratios = vec![
        asked[0].beside("proofs over gRPC / bare unary calls", asked[1]),
        streamed[0].beside("entries streamed / bare stream", streamed[1]),
    ];
    Ok(Report {
        limits,
        lines: vec![
            asked[0].line("inclusion proofs"),
            asked[1].line("bare unary calls"),
            streamed[0].line("entries streamed"),
            streamed[1].line("bare stream"),
        ],
        ratios,
        proofs_verified,
        streamed_len,
    })
}

/// What several turns have given together.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: usize,
    time: Duration,
}

impl Sum {
    fn add(&mut self, count: usize, time: Duration) {
        self.count += count;
        self.time += time;
    }

    fn line(self, name: &'static str) -> Line {
        Line::new(name, self.count, self.time)
    }

    fn beside(self, name: &'static str, other: Self) -> Ratio {
        let rate = |sum: Self| per_second(sum.count, sum.time);
        Ratio::new(name, rate(self), rate(other))
    }
}

fn client(channel: &Channel) -> LogServiceClient<Channel> {
    LogServiceClient::new(channel.clone())
}

async fn prove(
    client: &mut LogServiceClient<Channel>,
    index: LeafIndex,
    head: &Checkpoint,
) -> Result<pb::GetInclusionProofResponse, Error> {
    let request = pb::GetInclusionProofRequest {
        index: index.get(),
        size: head.size.get(),
    };
    let answer = client.get_inclusion_proof(request).await;
    Ok(answer.map_err(classify)?.into_inner())
}

/// A turn of calls.
struct Turn {
    count: usize,
    time: Duration,
    /// Some of the answers, with what was asked for.
    kept: Vec<(LeafIndex, pb::GetInclusionProofResponse)>,
}

/// Asks for proofs for one turn, on every connection.
async fn ask(connections: &[Channel], head: &Checkpoint) -> Result<Turn, DemoError> {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let client = client(&connections[caller % connections.len()]);
        callers.spawn(call(client, caller as u64, head.clone(), begun));
    }
    let (mut count, mut kept) = (0, Vec::new());
    while let Some(called) = callers.join_next().await {
        let (calls, answers) = called??;
        count += calls;
        kept.extend(answers);
    }
    let time = begun.elapsed();
    Ok(Turn { count, time, kept })
}

async fn call(
    mut client: LogServiceClient<Channel>,
    caller: u64,
    head: Checkpoint,
    begun: Instant,
) -> Result<(usize, Vec<(LeafIndex, pb::GetInclusionProofResponse)>), Error> {
    let (mut count, mut kept) = (0, Vec::new());
    while begun.elapsed() < TURN {
        let number = count * CALLERS as u64 + caller;
        let index = LeafIndex::new(number * STRIDE % head.size.get());
        let proof = prove(&mut client, index, &head).await?;
        if number.is_multiple_of(VERIFY_EVERY) {
            kept.push((index, proof));
        }
        count += 1;
    }
    Ok((usize::try_from(count).unwrap_or(usize::MAX), kept))
}

/// Entries as they came.
struct Streamed {
    runs: Vec<pb::StreamEntriesResponse>,
    time: Duration,
}

impl Streamed {
    fn len(&self) -> usize {
        let entries = self.runs.iter().flat_map(|run| &run.entries);
        entries.map(Vec::len).sum()
    }
}

async fn stream(channel: &Channel, head: &Checkpoint) -> Result<Streamed, Error> {
    let request = pb::StreamEntriesRequest {
        start_index: 0,
        end_index: head.size.get(),
    };
    let begun = Instant::now();
    let answers = client(channel).stream_entries(request).await;
    let mut answers = answers.map_err(classify)?.into_inner();
    let mut runs = Vec::new();
    while let Some(run) = answers.message().await.map_err(classify)? {
        runs.push(run);
    }
    let time = begun.elapsed();
    Ok(Streamed { runs, time })
}

/// The leaves of the streamed entries, whose tree must be that of the head.
fn leaves(
    runs: &[pb::StreamEntriesResponse],
    head: &Checkpoint,
) -> Result<Vec<LeafHash>, DemoError> {
    let entries = runs.iter().flat_map(|run| &run.entries);
    let leaves: Vec<LeafHash> = entries.map(|entry| leaf_hash(entry)).collect();
    let mut edge = RightEdge::new();
    for leaf in &leaves {
        edge.append(*leaf);
    }
    if (edge.size(), edge.root()) != (head.size, head.root) {
        return Err(DemoError::NotShown(vec![
            "the streamed entries are those of the head",
        ]));
    }
    Ok(leaves)
}

/// Verifies proofs, and tells how many.
fn verify(
    kept: &[(LeafIndex, pb::GetInclusionProofResponse)],
    leaves: &[LeafHash],
    head: &Checkpoint,
) -> Result<usize, DemoError> {
    for (index, answer) in kept {
        let leaf = usize::try_from(index.get())
            .ok()
            .and_then(|at| leaves.get(at));
        let hashes = node_hashes(&answer.hashes)?;
        let holds = leaf.is_some_and(|leaf| {
            verify_inclusion(leaf, *index, head.size, &hashes, &head.root).is_ok()
        });
        if !holds {
            return Err(DemoError::NotShown(vec!["every inclusion proof holds"]));
        }
    }
    Ok(kept.len())
}

impl Report {
    /// The result for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{}\n{} bytes of entries streamed, {} proofs verified\n\n{}\n\n{}",
            self.limits.to_text(),
            self.streamed_len,
            self.proofs_verified,
            table(&self.lines),
            ratios(&self.ratios)
        )
    }

    /// The result for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "trucelog.bench.proof/v1",
            "limits": self.limits,
            "lines": self.lines,
            "ratios": self.ratios,
            "proofs_verified": self.proofs_verified,
            "streamed_len": self.streamed_len,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use trucelog_proto::tree::node_hash;

    use super::*;

    /// Two entries as they are streamed, and the head over them.
    fn two() -> (Vec<pb::StreamEntriesResponse>, Checkpoint) {
        let entries = vec![b"one".to_vec(), b"two".to_vec()];
        let mut edge = RightEdge::new();
        for entry in &entries {
            edge.append(leaf_hash(entry));
        }
        let head = Checkpoint {
            origin: "example.org/log".parse().unwrap(),
            size: edge.size(),
            root: edge.root(),
        };
        let run = pb::StreamEntriesResponse {
            start_index: 0,
            entries,
        };
        (vec![run], head)
    }

    #[test]
    fn rejects_streamed_entries_of_another_head() {
        let (mut runs, head) = two();
        assert_eq!(leaves(&runs, &head).unwrap().len(), 2);
        runs[0].entries[1][0] ^= 1;
        assert!(matches!(leaves(&runs, &head), Err(DemoError::NotShown(_))));
        runs[0].entries.pop();
        assert!(matches!(leaves(&runs, &head), Err(DemoError::NotShown(_))));
    }

    #[test]
    fn rejects_a_proof_that_does_not_hold() {
        let (runs, head) = two();
        let leaves = leaves(&runs, &head).unwrap();
        let answer = |hash: &LeafHash| pb::GetInclusionProofResponse {
            size: 2,
            hashes: vec![hash.as_bytes().to_vec()],
        };
        let first = LeafIndex::new(0);
        let root = node_hash(&leaves[0].into(), &leaves[1].into());
        assert_eq!(head.root, root.into());
        assert_eq!(
            verify(&[(first, answer(&leaves[1]))], &leaves, &head).unwrap(),
            1
        );
        let wrong = verify(&[(first, answer(&leaves[0]))], &leaves, &head);
        assert!(matches!(wrong, Err(DemoError::NotShown(_))));
    }
}
