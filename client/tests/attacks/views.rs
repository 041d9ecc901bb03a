//! Two histories at once, shown to different people, and promises that the log does not keep.

use trucelog_client::station::digest_of;
use trucelog_client::trust::Trust;
use trucelog_proto::note::{Note, NoteSignature};
use trucelog_proto::pb;
use trucelog_proto::policy::Policy;

use crate::party::{Ended, Party};
use crate::support::operator::Operator;
use crate::support::witness::{Running, Witness};
use crate::support::{BEGIN_MS, Log, MONITOR, cosigned, with_witness};
use crate::table::{By, Hand, Row, Seen, Verdict, Who, lead, proof};

const FORK: &str = "shows each of two witnesses, which the policy needs both, another history";

/// A verifier is shown one of the histories with the one cosignature that it has.
const HALF: Seen = Seen {
    by: By::NeedsQuorum,
    verdict: Verdict::NotProven("not reached"),
    hand: Hand::Nothing("nothing: no head has both cosignatures; it accepts none"),
};
/// The line for the other history is put under it.
const BORROWED: Seen = Seen {
    by: By::NeedsQuorum,
    verdict: Verdict::False("checkpoint", None),
    hand: lead(&["served"], &[]),
};
/// A witness is shown the other's history.
const CROSSED: Seen = Seen {
    by: By::Witness,
    verdict: Verdict::False("inconsistent", None),
    hand: proof(&["served", "accepted"], &[]),
};
const COMPARED: Seen = Seen {
    by: By::Comparer,
    verdict: Verdict::FalseFile("root at size 9"),
    hand: Hand::File("**proof**: both heads, of one size"),
};

const REPLACED: &str = "gives a receipt for a record and logs another one in its place";
const REPLACED_SEEN: Seen = Seen {
    by: By::Outbox,
    verdict: Verdict::False("omitted", Some(7)),
    hand: proof(&["receipt", "log"], &[7, 7]),
};
const CUT: &str =
    "gives a receipt for a record, and shows a log without it that a witness has cosigned later";
const CUT_SEEN: Seen = Seen {
    by: By::Outbox,
    verdict: Verdict::False("omitted", Some(7)),
    hand: proof(&["receipt", "log"], &[7]),
};

pub(crate) fn rows() -> Vec<Row> {
    let fork = [HALF, BORROWED, CROSSED, COMPARED].map(|seen| Row {
        who: Who::Operator,
        attack: FORK,
        seen,
    });
    let omitted = [
        (Who::Operator, REPLACED, REPLACED_SEEN),
        (Who::OperatorWithWitness, CUT, CUT_SEEN),
    ];
    let omitted = omitted.map(|(who, attack, seen)| Row { who, attack, seen });
    fork.into_iter().chain(omitted).collect()
}

/// A witness that dials its own server.
struct Side {
    operator: std::sync::Arc<Operator>,
    witness: Witness,
    running: Running,
    /// The history that only this side is shown.
    log: Log,
}

impl Side {
    /// Begins with the honest log, and then shows a history of its own, which the witness cosigns.
    async fn begin(name: &str, honest: &Log, narrative: &str) -> Self {
        let operator = Operator::serve(honest.clone()).await;
        let witness = Witness::named_of(name, &operator, honest, &[]);
        let mut running = witness.start();
        assert_eq!(running.event()["size"], honest.entries.len());
        let mut log = honest.clone();
        log.append(&log.next_report(narrative));
        operator.show(log.clone());
        assert_eq!(running.event()["size"], log.entries.len());
        Self {
            operator,
            witness,
            running,
            log,
        }
    }

    /// The lines that the witness has handed in for its history.
    fn lines(&self) -> Vec<NoteSignature> {
        let handed_in = self.operator.handed_in().pop().unwrap();
        let note = Note::parse(&handed_in.note).unwrap();
        assert_eq!(note.text(), self.log.checkpoint().format());
        note.signatures().to_vec()
    }

    /// The head of this side's history with these lines below the log's own.
    fn head(&self, lines: &[NoteSignature]) -> Vec<u8> {
        let note = Note::parse(&self.log.note()).unwrap();
        let lines = [note.signatures(), lines].concat();
        Note::new(note.text(), lines).unwrap().format()
    }
}

/// The policy that needs both witnesses.
fn both(log: &Log, sides: &[Side; 2]) -> Trust {
    let lines = sides.each_ref().map(|side| side.witness.lines[0].clone());
    let names = lines.each_ref().map(|line| line.split(' ').nth(1).unwrap());
    let quorum = format!(
        "{}\ngroup both all {}\nquorum both",
        lines.join("\n"),
        names.join(" ")
    );
    let policy = log.trust().policy.format().replace("quorum none", &quorum);
    Trust::new(Policy::parse(policy.as_bytes()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_histories_for_two_witnesses() {
    let honest = Log::with_reports(6);
    let mut sides = [
        Side::begin("fra.example", &honest, "Three explosions.").await,
        Side::begin("ukr.example", &honest, "None.").await,
    ];
    let trust = both(&honest, &sides);
    let lines = sides.each_ref().map(Side::lines);

    let [left, right] = &sides;
    for (shown, seen) in [(&lines[0][..], HALF), (&lines.concat(), BORROWED)] {
        let server = Operator::serve(honest.clone()).await;
        server.show_note(left.log.clone(), left.head(shown));
        let party = Party::of(&trust, &server.url);
        party.check(&seen, &party.run("verify log"));
        assert_eq!(party.accepted()[0], None);
    }
    let party = Party::of(&trust, &left.operator.url);
    party.write("left", &left.head(&lines[0]));
    party.write("right", &right.head(&lines[1]));
    party.check(&COMPARED, &party.run("verify consistency left right"));

    let [left, right] = sides.each_ref().map(|side| side.log.clone());
    for (side, other) in sides.iter_mut().zip([right, left]) {
        side.operator.show(other.clone());
        let mut answer = side.running.event();
        assert!(answer["exit_code"].is_u64(), "it goes on: {answer}");
        let evidence = answer["evidence"].as_str().unwrap();
        answer["evidence"] = side.witness.directory.path().join(evidence).to_str().into();
        let code = side.running.child.wait().unwrap().code();
        Party::offline(&honest.trust()).check(&CROSSED, &Ended { code, answer });
        let cosigned = side.operator.handed_in().into_iter();
        let other = other.checkpoint().format();
        assert!(
            cosigned
                .into_iter()
                .all(|one| Note::parse(&one.note).unwrap().text() != other)
        );
    }
}

/// A submitter whose record at index 7 has a receipt under `note`, and who has verified `shown` under its note.
async fn submitter(trust: &Trust, promised: (&Log, &[u8]), shown: (&Log, &[u8])) -> Party {
    let operator = Operator::serve(shown.0.clone()).await;
    operator.show_note(shown.0.clone(), shown.1.to_vec());
    let party = Party::of(trust, &operator.url);
    let record: pb::Submission = promised.0.report_at(6, "Three explosions.");
    let name = format!("station/signed/6-{}", digest_of(&record));
    party.write(
        &format!("{name}.signed"),
        &prost::Message::encode_to_vec(&record),
    );
    party.write(
        &format!("{name}.tlog-proof"),
        &promised.0.receipt_under(7, promised.1),
    );
    party.run("verify log").is(Verdict::Verified);
    party
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_with_a_receipt_is_left_out() {
    let log = Log::with_reports(6);
    let status = "outbox status --station-dir station";
    let mut other = log.clone();
    other.truncate(7);
    other.append(&other.next_report("Nothing happened."));
    let party = submitter(&log.trust(), (&log, &log.note()), (&other, &other.note())).await;
    party.check(&REPLACED_SEEN, &party.run(status));

    let mut shorter = log.clone();
    shorter.truncate(7);
    let at = |log: &Log, seconds| {
        cosigned(
            &log.note(),
            "example.org/witness",
            MONITOR,
            BEGIN_MS / 1000 + seconds,
        )
    };
    let (before, after) = (at(&log, 3_600), at(&shorter, 3_601));
    let trust = with_witness(&log);
    let party = submitter(&trust, (&log, &before), (&shorter, &after)).await;
    party.check(&CUT_SEEN, &party.run(status));

    // A log that holds it.
    let party = submitter(&log.trust(), (&log, &log.note()), (&log, &log.note())).await;
    let honest = party.run(status);
    assert_eq!((honest.code, &honest.answer["held"]), (Some(0), &1.into()));
}
