//! Charters that pretend to succeed a log, and two that both do.

use prost::Message as _;
use trucelog_client::founding::{slot, speaker};
use trucelog_client::station;
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{LogId, NO_CHARTER};
use trucelog_proto::signature::PublicKey;
use trucelog_proto::succession::endorse;

use crate::commission::{MEMBERS, voted_down};
use crate::party::Party;
use crate::support::operator::Operator;
use crate::support::{Log, key, public};
use crate::table::{By, Hand, Row, Seen, Verdict, Who};

const NEXT: &str = "example.org/next";
/// Seeds of the new log's key, of its operator's, and of a key that nobody has enrolled.
const NEXT_LOG: u8 = 70;
const NEXT_OPERATOR: u8 = 71;
const STRANGER: u8 = 72;

/// A charter that does not succeed the log.
struct False {
    who: Who,
    attack: &'static str,
    charter: fn(&Log) -> pb::Charter,
    seen: Seen,
}

const fn seen(verdict: Verdict, hand: Hand) -> Seen {
    Seen {
        by: By::Successor,
        verdict,
        hand,
    }
}

const CHARTER: Hand = Hand::File("the charter, which nobody follows");

const FALSE: &[False] = &[
    False {
        who: Who::Members,
        attack: "found a successor that fewer members endorse than the rules demand",
        charter: |log| endorsed(successor(log), &keys()[..2]),
        seen: seen(
            Verdict::NotProven("2 of 3 members endorse"),
            Hand::Nothing("nothing: who endorsed it has signed nothing false"),
        ),
    },
    False {
        who: Who::Anybody,
        attack: "endorses a successor in the members' names, with keys that nobody has enrolled",
        charter: |log| {
            endorsed(
                successor(log),
                &keys().map(|(member, _)| (member, STRANGER)),
            )
        },
        seen: seen(Verdict::FalseFile("KEY_UNKNOWN"), CHARTER),
    },
    False {
        who: Who::Anybody,
        attack: "changes a word of a charter that the members have endorsed, and signs it as its operator",
        charter: |log| {
            let mut charter = endorsed(successor(log), &keys());
            charter.title.push('!');
            charter
        },
        seen: seen(Verdict::FalseFile("SIGNATURE_INVALID"), CHARTER),
    },
    False {
        who: Who::Members,
        attack: "endorse a successor that goes on from another history of the log",
        charter: |log| {
            let mut other = log.clone();
            other.forge_narrative(6);
            endorsed(successor(&other), &keys())
        },
        seen: seen(Verdict::FalseFile("the charter states root"), CHARTER),
    },
];

const TWO: &str = "endorse two successors";
const TWO_SEEN: Seen = seen(Verdict::False("successors", None), Hand::Charters);

pub(crate) fn rows() -> Vec<Row> {
    let row = |who, attack, seen| Row { who, attack, seen };
    let two = row(Who::Members, TWO, TWO_SEEN);
    let others = FALSE.iter().map(|it| row(it.who, it.attack, it.seen));
    std::iter::once(two).chain(others).collect()
}

/// Each member with the seed of its authority's key.
fn keys() -> [(&'static str, u8); 3] {
    MEMBERS.map(|(member, authority, ..)| (member, authority))
}

/// The charter of a successor of the whole log, not endorsed yet.
fn successor(log: &Log) -> pb::Charter {
    let log_key = PublicKey::of(&key(NEXT_LOG));
    let head = log.checkpoint();
    pb::Charter {
        origin: NEXT.to_owned(),
        log_key: VerifierKey::ed25519(NEXT.parse().unwrap(), log_key).to_string(),
        operator_key: public(NEXT_OPERATOR),
        predecessor: Some(pb::Predecessor {
            origin: log.id.origin.to_string(),
            charter_digest: log.id.charter.as_bytes().to_vec(),
            size: head.size.get(),
            root: head.root.as_bytes().to_vec(),
            endorsements: Vec::new(),
        }),
        ..crate::commission::charter()
    }
}

fn endorsed(mut charter: pb::Charter, by: &[(&str, u8)]) -> pb::Charter {
    let sign = |(member, seed): &(&str, u8)| endorse(&charter, member, &key(*seed)).unwrap();
    let endorsements = by.iter().map(sign).collect();
    charter.predecessor.as_mut().unwrap().endorsements = endorsements;
    charter
}

/// The `.signed` file of a charter.
fn signed(charter: pb::Charter) -> Vec<u8> {
    let id = LogId {
        origin: charter.origin.parse().unwrap(),
        charter: NO_CHARTER,
    };
    let record = pb::Record {
        body: Some(Body::Charter(charter)),
        ..pb::Record::default()
    };
    let signed = station::sign(record, &speaker(), &slot(), &id, &key(NEXT_OPERATOR));
    signed.unwrap().encode_to_vec()
}

/// Somebody who has verified the whole log.
async fn verifier(log: &Log) -> Party {
    let operator = Operator::serve(log.clone()).await;
    let party = Party::of(&log.trust(), &operator.url);
    party.run("verify log").is(Verdict::Verified);
    party
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn charters_that_do_not_succeed_the_log() {
    let log = voted_down();
    let party = verifier(&log).await;
    let accepted = party.accepted();
    for it in FALSE {
        party.write("given.signed", &signed((it.charter)(&log)));
        let ended = party.run("verify successor given.signed --into next");
        party.check(&it.seen, &ended);
        assert!(!party.path().join("next").exists(), "{}", it.attack);
    }
    assert_eq!(party.accepted(), accepted);
    let honest = endorsed(successor(&log), &keys());
    party.write("given.signed", &signed(honest));
    let followed = party.run("verify successor given.signed --into next");
    followed.is(Verdict::Verified);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_successors() {
    let log = voted_down();
    let party = verifier(&log).await;
    let accepted = party.accepted();
    let first = endorsed(successor(&log), &keys());
    let mut rival = successor(&log);
    rival.title.push('!');
    let rival = endorsed(rival, &keys());
    party.write("first.signed", &signed(first));
    party
        .run("verify successor first.signed --into next")
        .is(Verdict::Verified);
    party.write("rival.signed", &signed(rival));
    let ended = party.run("verify successor rival.signed --into rival");
    party.check(&TWO_SEEN, &ended);
    assert!(!party.path().join("rival").exists());
    // The first one is followed on.
    party
        .run("verify successor first.signed --into next")
        .is(Verdict::Verified);
    assert_eq!(party.accepted(), accepted);
}
