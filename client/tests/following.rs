//! What is pinned when a successor is followed, and what is refused.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use support::successor::{NEXT, NEXT_LOG, endorsed, signed, signed_at, successor};
use support::{AUTHORITY, BEGIN_MS, Log, MONITOR, charter, cosigned, key, with_witness};
use trucelog_client::Error;
use trucelog_client::evidence::{Evidence, EvidenceError};
use trucelog_client::exit::Exit;
use trucelog_client::reader::LocalLog;
use trucelog_client::store::Store;
use trucelog_client::succession::Predecessor;
use trucelog_client::succession::follow::{Followed, Policies, follow};
use trucelog_client::trust::Trust;
use trucelog_client::verifier::verify_log;
use trucelog_proto::hash::TreeSize;
use trucelog_proto::mldsa::{MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::policy::Policy;
use trucelog_proto::signature::PublicKey;

const BY: &[(&str, u8)] = &[("UKR", AUTHORITY)];

/// Somebody who has verified a log.
struct Verifier {
    directory: tempfile::TempDir,
    trust: Trust,
}

impl Verifier {
    fn of(log: &Log, trust: &Trust, note: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("state")).unwrap();
        let open = |start, _| Ok(log.source(start));
        let stop = AtomicBool::new(false);
        verify_log(&store, trust, note, open, |_| {}, &stop).unwrap();
        Self {
            directory,
            trust: trust.clone(),
        }
    }

    /// Somebody whose policy has no witnesses.
    fn plain(log: &Log) -> Self {
        Self::of(log, &log.trust(), &log.note())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn follow_with(&self, file: &[u8], policies: &Policies) -> Result<Followed, Error> {
        let file = self.write("given.signed", file);
        let (state, into) = (self.path("state"), self.path("next"));
        follow(&state, &self.trust, &file, &into, policies)
    }

    fn follow(&self, file: &[u8]) -> Result<Followed, Error> {
        self.follow_with(file, &Policies::CarriedOver)
    }
}

fn next(log: &Log) -> pb::Charter {
    endorsed(successor(log, charter()), BY)
}

fn vkey(seed: u8) -> VerifierKey {
    VerifierKey::ed25519(NEXT.parse().unwrap(), PublicKey::of(&key(seed)))
}

#[track_caller]
fn refused(result: Result<Followed, Error>, exit: Exit, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.exit(), exit, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

/// Following never lowers what a verifier asks of witnesses.
#[test]
fn the_witnesses_and_the_quorum_are_carried_over() {
    let log = Log::with_reports(2);
    let trust = with_witness(&log);
    let note = cosigned(
        &log.note(),
        "example.org/witness",
        MONITOR,
        BEGIN_MS / 1000 + 60,
    );
    let verifier = Verifier::of(&log, &trust, &note);
    let followed = verifier.follow(&signed(next(&log))).unwrap();
    let expected = trust
        .policy
        .format()
        .replace(
            &trust.id.charter.to_string(),
            &followed.founding.id.charter.to_string(),
        )
        .replace(
            &trust.policy.log_key().to_string(),
            &vkey(NEXT_LOG).to_string(),
        );
    assert!(expected.contains("\nquorum w\n"), "{expected}");
    assert_eq!(followed.trust.policy.format(), expected);
    assert_eq!(
        fs::read_to_string(verifier.path("next/policy")).unwrap(),
        expected
    );
    assert_eq!(followed.warnings.len(), 1, "{:?}", followed.warnings);
    assert!(followed.warnings[0].contains("witnesses are needed"));
    let pinned = Trust::open(&verifier.path("next"), None, None).unwrap();
    assert_eq!(pinned.id, followed.founding.id);
}

#[test]
fn a_given_policy_must_be_the_successors() {
    let log = Log::with_reports(2);
    let verifier = Verifier::plain(&log);
    let file = signed(next(&log));
    let founded = trucelog_client::founding::Founding::read(&verifier.write("a", &file)).unwrap();
    let policy = |charter: &dyn std::fmt::Display, seed: u8| {
        let text = format!(
            "# trucelog-charter {charter}\nlog {}\nwitness w {}\nquorum w\n",
            vkey(seed),
            VerifierKey::cosignature(
                "w.example/verifier".parse().unwrap(),
                PublicKey::of(&key(80))
            )
        );
        Policies::Given(verifier.write("policy", text.as_bytes()), None)
    };
    let other = verifier.trust.id.charter;
    let given = verifier.follow_with(&file, &policy(&other, NEXT_LOG));
    refused(given, Exit::Usage, "ask who gave you the two");
    let given = verifier.follow_with(&file, &policy(&founded.id.charter, 81));
    refused(given, Exit::Usage, "the charter does not");
    assert!(!verifier.path("next").exists());
    let given = verifier.follow_with(&file, &policy(&founded.id.charter, NEXT_LOG));
    assert_eq!(given.unwrap().trust.policy.quorum_name(), "w");
    // What is pinned stays pinned.
    refused(
        verifier.follow(&file),
        Exit::Usage,
        "is not the one pinned in",
    );
}

#[test]
fn a_policy_with_ml_dsa_44_keys_is_carried_over_where_the_successor_has_such_a_key() {
    let log = Log::with_reports(1);
    let pq = |name: &str, seed: u8| {
        let key = MlDsaPublicKey::of(&MlDsaSigningKey::from_seed(&[seed; 32]));
        VerifierKey::ml_dsa_44(name.parse().unwrap(), key)
    };
    let verifier = Verifier::plain(&log);
    let policy_pq = log.trust().policy.format().replace(
        &log.trust().policy.log_key().to_string(),
        &pq(support::ORIGIN, 9).to_string(),
    );
    let policy_pq = Policy::parse(policy_pq.as_bytes()).unwrap();
    let trust = log.trust();
    let verifier = Verifier {
        trust: trust
            .with_pq(policy_pq, &verifier.path("policy-pq"))
            .unwrap(),
        ..verifier
    };
    let followed = verifier.follow(&signed(next(&log))).unwrap();
    assert!(followed.trust.policy_pq.is_none());
    assert!(
        followed.warnings[0].contains("no ML-DSA-44 key"),
        "{:?}",
        followed.warnings
    );

    let verifier = Verifier {
        trust: verifier.trust.clone(),
        ..Verifier::plain(&log)
    };
    let mut charter = successor(&log, charter());
    charter.log_key_pq = pq(NEXT, 10).to_string();
    let followed = verifier.follow(&signed(endorsed(charter, BY))).unwrap();
    assert!(followed.warnings.is_empty(), "{:?}", followed.warnings);
    let pinned = Trust::open(&verifier.path("next"), None, None).unwrap();
    assert_eq!(pinned.policy_pq.unwrap().log_key(), &pq(NEXT, 10));
}

#[test]
fn entries_that_are_left_behind_are_counted() {
    let log = Log::with_reports(5);
    let mut carried = log.clone();
    carried.truncate(4);
    let verifier = Verifier::plain(&log);
    let followed = verifier.follow(&signed(next(&carried))).unwrap();
    assert_eq!(followed.left_behind, 3);
    assert!(
        followed.warnings[0].starts_with("3 entries of"),
        "{:?}",
        followed.warnings
    );
    // More than was verified cannot be judged.
    let verifier = Verifier::plain(&carried);
    let ahead = verifier.follow(&signed(next(&log)));
    refused(
        ahead,
        Exit::NotEnough,
        "size 7 was asked for, 4 entries are verified",
    );
}

#[test]
fn newer_rules_are_not_called_false() {
    let log = Log::with_reports(1);
    let mut charter = successor(&log, charter());
    charter.rules.as_mut().unwrap().rules_version = 1000;
    let newer = Verifier::plain(&log).follow(&signed(endorsed(charter, BY)));
    refused(newer, Exit::NotEnough, "NOT_SUPPORTED");
}

/// Two records with the same terms are two logs with one name and one key. That is the operator's doing.
#[test]
fn one_operator_that_founds_two_logs_is_named() {
    let log = Log::with_reports(1);
    let verifier = Verifier::plain(&log);
    let first = verifier.follow(&signed(next(&log))).unwrap();
    let error = verifier
        .follow(&signed_at(next(&log), BEGIN_MS + 1))
        .unwrap_err();
    let Error::False(falsehood) = error else {
        panic!("not false: {error}");
    };
    assert_eq!(falsehood.what.kind(), "successors");
    let evidence = Evidence::read(&falsehood.evidence).unwrap();
    let alone = evidence.judge(&verifier.trust).unwrap();
    assert!(!alone.proven);
    let local = LocalLog::open(&verifier.path("state"), &verifier.trust).unwrap();
    let at = |size: TreeSize| Predecessor::at(&local, &verifier.trust.id, size).unwrap();
    let successors = evidence.successors(&verifier.trust).unwrap();
    let judged = successors.judge(&successors.sizes().map(at)).unwrap();
    assert!(judged.proven);
    assert!(
        judged.sentences[1].contains("one operator key signed both"),
        "{judged:?}"
    );
    // Whoever was followed first stays pinned.
    let pinned = Trust::open(&verifier.path("next"), None, None).unwrap();
    assert_eq!(pinned.id, first.founding.id);
}

/// Evidence that nobody has made: one of the charters is endorsed by a stranger.
#[test]
fn two_charters_of_which_one_is_not_endorsed_are_no_evidence() {
    let log = Log::with_reports(1);
    let verifier = Verifier::plain(&log);
    let mut rival = successor(&log, charter());
    rival.title.push('!');
    let read = |name: &str, charter: pb::Charter| {
        trucelog_client::founding::read_signed(&verifier.write(name, &signed(charter))).unwrap()
    };
    let (first, second) = (
        read("first", next(&log)),
        read("second", endorsed(rival, &[("UKR", 90)])),
    );
    let evidence = Evidence::new("successors", None, &"made up", &verifier.trust.policy)
        .with_charters([&first, &second]);
    assert!(!evidence.judge(&verifier.trust).unwrap().proven);
    let local = LocalLog::open(&verifier.path("state"), &verifier.trust).unwrap();
    let at = |size: TreeSize| Predecessor::at(&local, &verifier.trust.id, size).unwrap();
    let successors = evidence.successors(&verifier.trust).unwrap();
    let error = successors.judge(&successors.sizes().map(at)).unwrap_err();
    assert!(matches!(error, EvidenceError::Successor { .. }), "{error}");
    assert_eq!(error.exit(), Exit::False);
}

/// No changed byte of a signed charter is followed.
#[test]
fn every_changed_byte_is_refused() {
    let log = Log::with_reports(1);
    let verifier = Verifier::plain(&log);
    let good = signed(next(&log));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let followed = verifier.follow(&bad);
        assert!(followed.is_err() || is_outside(&good, at), "byte {at}");
    }
    assert!(verifier.follow(&good).is_ok());
}

/// The submission around a signed record names the log to which it is sent, which is not signed.
fn is_outside(good: &[u8], at: usize) -> bool {
    use prost::Message as _;
    let submission = pb::Submission::decode(good).unwrap();
    let inner = submission.signed_record.unwrap().encode_to_vec();
    at < good.len() - inner.len()
}
