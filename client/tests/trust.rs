//! What is pinned stays pinned.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;

use support::Log;
use trucelog_client::exit::Exit;
use trucelog_client::remote::{RemoteError, connect};
use trucelog_client::trust::Trust;
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::mldsa::{MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::VerifierKey;

#[test]
fn policy_and_charter_are_remembered_and_never_changed_silently() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let trust = Log::with_reports(0).trust();
    let charter = trust.id.charter;
    let policy = directory.path().join("policy");
    fs::write(&policy, trust.policy.format()).unwrap();
    let other = CharterDigest::from_bytes([9; 32]);

    let refused = |result: Result<Trust, trucelog_client::Error>| {
        assert_eq!(result.unwrap_err().exit(), Exit::Usage);
    };
    refused(Trust::open(&state, None, None));
    refused(Trust::open(&state, Some(&policy), None));
    refused(Trust::open(&state, Some(&policy), Some(other)));
    assert_eq!(
        Trust::open(&state, Some(&policy), Some(charter)).unwrap(),
        trust
    );

    assert_eq!(Trust::open(&state, None, None).unwrap(), trust);
    assert_eq!(
        Trust::open(&state, Some(&policy), Some(charter)).unwrap(),
        trust
    );
    refused(Trust::open(&state, None, Some(other)));
    let changed = trust
        .policy
        .format()
        .replace(&charter.to_string(), &other.to_string());
    fs::write(&policy, changed).unwrap();
    refused(Trust::open(&state, Some(&policy), None));
    assert_eq!(Trust::open(&state, None, None).unwrap(), trust);
}

#[test]
fn a_policy_with_other_keys_is_of_the_same_log_and_charter_and_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let trust = Log::with_reports(0).trust();
    let charter = trust.id.charter;
    let path = |name: &str, policy: &str| {
        let path = directory.path().join(name);
        fs::write(&path, policy).unwrap();
        path
    };
    let policy = path("policy", &trust.policy.format());
    let pq = |origin: &str, charter: &CharterDigest| {
        let key = MlDsaPublicKey::of(&MlDsaSigningKey::from_seed(&[8; 32]));
        let key = VerifierKey::ml_dsa_44(origin.parse().unwrap(), key);
        format!("# trucelog-charter {charter}\nlog {key}\nquorum none\n")
    };
    let open = || Trust::open(&state, Some(&policy), Some(charter)).unwrap();
    let other = CharterDigest::from_bytes([9; 32]);
    let refused = [
        trust.policy.format(),
        pq("example.org/other", &charter),
        pq("example.org/log", &other),
    ];
    for (number, text) in refused.iter().enumerate() {
        let given = path(&format!("refused-{number}"), text);
        let error = open().pin_pq(&state, &given).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(open().policy_pq, None);
    }
    let right = pq("example.org/log", &charter);
    let given = path("right", &right);
    let pinned = open().pin_pq(&state, &given).unwrap();
    assert_eq!(pinned.policy_pq.as_ref().unwrap().format(), right);
    assert_eq!(open(), pinned);
    assert_eq!(open().pin_pq(&state, &given).unwrap(), pinned);
    let another = right.replace("none", "w");
    let key = MlDsaPublicKey::of(&MlDsaSigningKey::from_seed(&[9; 32]));
    let key = VerifierKey::ml_dsa_44("example.org/w".parse().unwrap(), key);
    let another = another.replace("quorum", &format!("witness w {key}\nquorum"));
    let error = open()
        .pin_pq(&state, &path("another", &another))
        .unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
}

#[tokio::test]
async fn plain_text_goes_to_loopback_only() {
    for url in [
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://localhost:1",
        "https://log.example.org",
    ] {
        connect(url, None).unwrap();
    }
    for url in [
        "http://log.example.org",
        "http://10.0.0.1:80",
        "http://127.0.0.1.example.org",
    ] {
        assert!(
            matches!(connect(url, None), Err(RemoteError::PlainText { .. })),
            "{url}"
        );
    }
    for url in ["", "log.example.org", "ftp://127.0.0.1", "://"] {
        assert!(
            matches!(connect(url, None), Err(RemoteError::Malformed { .. })),
            "{url}"
        );
    }
}
