//! Charters that pretend to succeed a log, and two that both do.

use trucelog_proto::pb;

use crate::commission::{MEMBERS, charter, voted_down};
use crate::party::Party;
use crate::support::Log;
use crate::support::operator::Operator;
use crate::support::successor::{endorsed, signed, successor};
use crate::table::{By, Hand, Row, Seen, Verdict, Who};

/// Seed of a key that nobody has enrolled.
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
        charter: |log| endorsed(successor(log, charter()), &keys()[..2]),
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
                successor(log, charter()),
                &keys().map(|(member, _)| (member, STRANGER)),
            )
        },
        seen: seen(Verdict::FalseFile("KEY_UNKNOWN"), CHARTER),
    },
    False {
        who: Who::Anybody,
        attack: "changes a word of a charter that the members have endorsed, and signs it as its operator",
        charter: |log| {
            let mut changed = endorsed(successor(log, charter()), &keys());
            changed.title.push('!');
            changed
        },
        seen: seen(Verdict::FalseFile("SIGNATURE_INVALID"), CHARTER),
    },
    False {
        who: Who::Members,
        attack: "endorse a successor that goes on from another history of the log",
        charter: |log| {
            let mut other = log.clone();
            other.forge_narrative(6);
            endorsed(successor(&other, charter()), &keys())
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
    let honest = endorsed(successor(&log, charter()), &keys());
    party.write("given.signed", &signed(honest));
    let followed = party.run("verify successor given.signed --into next");
    followed.is(Verdict::Verified);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_successors() {
    let log = voted_down();
    let party = verifier(&log).await;
    let accepted = party.accepted();
    let first = endorsed(successor(&log, charter()), &keys());
    let mut rival = successor(&log, charter());
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
