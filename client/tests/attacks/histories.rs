//! What an operator shows who holds the log's key, to those who verify whole logs.

use serde_json::Value;
use trucelog_client::trust::Trust;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::entry::Entry;
use trucelog_proto::hash::RootHash;
use trucelog_proto::note::{Note, NoteSignature};
use trucelog_proto::pb;
use trucelog_proto::record::LogId;

use crate::commission;
use crate::party::{Ended, Party};
use crate::support::follower::{Follower, wait_accepted};
use crate::support::mirror::{self, Mirror};
use crate::support::operator::Operator;
use crate::support::witness::Witness;
use crate::support::{BEGIN_MS, LOG, Log, MONITOR, RECOVERY, cosigned, key, report, with_witness};
use crate::table::{By, Hand, Row, Seen, Verdict, Who, lead, proof, show_all};

/// A lie about a log, and who sees what of it.
struct History {
    who: Who,
    attack: &'static str,
    setting: Setting,
    lie: fn(&Log) -> Lie,
    seen: &'static [Seen],
}

/// An honest log, whom its readers trust, and its checkpoint as they need it.
#[derive(Clone, Copy)]
struct Setting {
    log: fn() -> Log,
    trust: fn(&Log) -> Trust,
    note: fn(&Log) -> Vec<u8>,
}

/// Eight entries: charter, enrolment, six reports. Nobody cosigns.
const REPORTS: Setting = Setting {
    log: || Log::with_reports(6),
    trust: Log::trust,
    note: Log::note,
};
/// The same, cosigned by the one witness of the policy.
const WITNESSED: Setting = Setting {
    trust: with_witness,
    note: |log| cosigned(&log.note(), WITNESS, MONITOR, COSIGNED_S),
    ..REPORTS
};
/// A vote that has failed, and no decision yet.
const COMMISSION: Setting = Setting {
    log: commission::voted_down,
    ..REPORTS
};
const WITNESS: &str = "example.org/witness";
/// An hour after the first entry.
const COSIGNED_S: u64 = BEGIN_MS / 1000 + 3_600;

/// What the operator shows.
struct Lie {
    log: Log,
    note: Vec<u8>,
}

impl Lie {
    /// A log with its own checkpoint.
    fn of(log: Log) -> Self {
        let note = log.note();
        Self { log, note }
    }
}

const fn newcomer(verdict: Verdict, hand: Hand) -> Seen {
    Seen {
        by: By::Newcomer,
        verdict,
        hand,
    }
}

const fn older(verdict: Verdict, hand: Hand) -> Seen {
    Seen {
        by: By::Older,
        verdict,
        hand,
    }
}

const fn follower(verdict: Verdict, hand: Hand) -> Seen {
    Seen {
        by: By::Follower,
        verdict,
        hand,
    }
}

const fn witness(verdict: Verdict, hand: Hand) -> Seen {
    Seen {
        by: By::Witness,
        verdict,
        hand,
    }
}

const fn mirror(verdict: Verdict, hand: Hand) -> Seen {
    Seen {
        by: By::Mirror,
        verdict,
        hand,
    }
}

const fn needs_quorum(verdict: Verdict, hand: Hand) -> Seen {
    Seen {
        by: By::NeedsQuorum,
        verdict,
        hand,
    }
}

const INCONSISTENT: Verdict = Verdict::False("inconsistent", None);
/// The histories part at or before the accepted size 8; the served one is larger.
const LARGER: Hand = proof(&["served", "accepted"], &[8]);

const HISTORIES: &[History] = &[
    History {
        who: Who::Operator,
        attack: "changes a byte of a record, computes every hash anew and signs",
        setting: REPORTS,
        lie: |log| {
            let mut log = grown(log);
            log.forge_narrative(4);
            Lie::of(log)
        },
        seen: &[
            newcomer(
                Verdict::False("signature", Some(4)),
                proof(&["served"], &[4]),
            ),
            older(INCONSISTENT, LARGER),
            follower(INCONSISTENT, LARGER),
            witness(INCONSISTENT, LARGER),
            mirror(INCONSISTENT, LARGER),
        ],
    },
    History {
        who: Who::Operator,
        attack: "rewrites what is behind an old head, with records that their stations have signed, and goes on",
        setting: REPORTS,
        lie: |log| Lie::of(rewritten(log, 9)),
        seen: &[
            newcomer(
                Verdict::Verified,
                Hand::Nothing("nothing: it takes an older head, a receipt or witnesses"),
            ),
            older(INCONSISTENT, LARGER),
            follower(INCONSISTENT, LARGER),
            witness(INCONSISTENT, LARGER),
            mirror(INCONSISTENT, LARGER),
        ],
    },
    History {
        who: Who::Operator,
        attack: "rewrites, and shows a head as large as the old one",
        setting: REPORTS,
        lie: |log| Lie::of(rewritten(log, 8)),
        seen: &[
            older(INCONSISTENT, proof(&["served", "accepted"], &[])),
            follower(INCONSISTENT, proof(&["served", "accepted"], &[])),
            witness(INCONSISTENT, proof(&["served", "accepted"], &[])),
            mirror(INCONSISTENT, proof(&["served", "accepted"], &[])),
        ],
    },
    History {
        who: Who::Operator,
        attack: "rewrites, and shows a smaller head",
        setting: REPORTS,
        lie: |log| Lie::of(rewritten(log, 7)),
        seen: &[
            older(INCONSISTENT, proof(&["served", "accepted"], &[7])),
            follower(INCONSISTENT, proof(&["served", "accepted"], &[7])),
            witness(INCONSISTENT, proof(&["served", "accepted"], &[7])),
            mirror(INCONSISTENT, proof(&["served", "accepted"], &[7])),
        ],
    },
    History {
        who: Who::Operator,
        attack: "swaps two entries, computes the tree anew and signs",
        setting: REPORTS,
        lie: |log| {
            let mut log = grown(log);
            log.entries.swap(4, 5);
            Lie::of(log)
        },
        seen: &[
            newcomer(Verdict::False("index", Some(4)), proof(&["served"], &[4])),
            older(INCONSISTENT, LARGER),
            follower(INCONSISTENT, LARGER),
            witness(INCONSISTENT, LARGER),
            mirror(INCONSISTENT, LARGER),
        ],
    },
    History {
        who: Who::Operator,
        attack: "swaps two records, numbers and links all entries anew and signs",
        setting: REPORTS,
        lie: |log| Lie::of(relinked(&grown(log), |records| records.swap(4, 5))),
        seen: &[
            newcomer(Verdict::False("rule", Some(4)), lead(&["served"], &[4])),
            older(INCONSISTENT, LARGER),
            follower(INCONSISTENT, LARGER),
            witness(INCONSISTENT, LARGER),
            mirror(INCONSISTENT, LARGER),
        ],
    },
    History {
        who: Who::Operator,
        attack: "drops a record, numbers and links all entries anew and signs",
        setting: REPORTS,
        lie: |log| {
            Lie::of(relinked(&grown(&grown(log)), |records| {
                drop(records.remove(4));
            }))
        },
        seen: &[
            newcomer(Verdict::False("rule", Some(4)), lead(&["served"], &[4])),
            older(INCONSISTENT, LARGER),
            witness(INCONSISTENT, LARGER),
            mirror(INCONSISTENT, LARGER),
        ],
    },
    History {
        who: Who::Operator,
        attack: "cuts the last entries off",
        setting: REPORTS,
        lie: |log| {
            let mut log = log.clone();
            log.truncate(6);
            Lie::of(log)
        },
        seen: &[
            older(
                Verdict::NotProven("stale"),
                Hand::Nothing(
                    "its own, larger head; until a head contradicts it nothing false was signed",
                ),
            ),
            witness(
                Verdict::GoesOn("behind"),
                Hand::Nothing("its own, larger head, which it hands back to the log"),
            ),
        ],
    },
    History {
        who: Who::Operator,
        attack: "lets a record in that was signed with a revoked key",
        setting: REPORTS,
        lie: |log| {
            let mut log = log.clone();
            log.append(&log.revocation(6));
            log.append(&log.next_report("After the revocation."));
            Lie::of(log)
        },
        seen: &[
            newcomer(Verdict::False("rule", Some(9)), lead(&["served"], &[9])),
            older(Verdict::False("rule", Some(9)), lead(&["served"], &[9])),
            follower(Verdict::False("rule", Some(9)), lead(&["served"], &[9])),
            witness(Verdict::False("rule", Some(9)), lead(&["served"], &[9])),
            mirror(Verdict::False("rule", Some(9)), lead(&["served"], &[9])),
        ],
    },
    History {
        who: Who::Operator,
        attack: "lets a record in whose key nobody has enrolled",
        setting: REPORTS,
        lie: |log| {
            let mut log = log.clone();
            let stranger = pb::record::Body::IncidentReport(report("A stranger's."));
            log.append(&log.sign(stranger, "m1", 7, RECOVERY + 10));
            Lie::of(log)
        },
        seen: &[
            newcomer(Verdict::False("rule", Some(8)), lead(&["served"], &[8])),
            witness(Verdict::False("rule", Some(8)), lead(&["served"], &[8])),
            mirror(Verdict::False("rule", Some(8)), lead(&["served"], &[8])),
        ],
    },
    History {
        who: Who::Operator,
        attack: "lets a decision in that goes against the votes",
        setting: COMMISSION,
        lie: |log| {
            let mut log = log.clone();
            log.append(&commission::decision(&log, pb::Outcome::Adopted));
            Lie::of(log)
        },
        seen: &[
            newcomer(
                Verdict::False("rule", Some(commission::DECISION)),
                lead(&["served"], &[commission::DECISION]),
            ),
            older(
                Verdict::False("rule", Some(commission::DECISION)),
                lead(&["served"], &[commission::DECISION]),
            ),
            follower(
                Verdict::False("rule", Some(commission::DECISION)),
                lead(&["served"], &[commission::DECISION]),
            ),
            witness(
                Verdict::False("rule", Some(commission::DECISION)),
                lead(&["served"], &[commission::DECISION]),
            ),
            mirror(
                Verdict::False("rule", Some(commission::DECISION)),
                lead(&["served"], &[commission::DECISION]),
            ),
        ],
    },
    History {
        who: Who::Operator,
        attack: "replays a record that its station signed for another log",
        setting: REPORTS,
        lie: |log| {
            let mut log = log.clone();
            let mut other = log.clone();
            other.id = LogId {
                origin: "other.example/log".parse().unwrap(),
                ..log.id.clone()
            };
            log.append(&other.next_report("Somewhere else."));
            Lie::of(log)
        },
        seen: &[
            newcomer(
                Verdict::False("signature", Some(8)),
                proof(&["served"], &[8]),
            ),
            older(
                Verdict::False("signature", Some(8)),
                proof(&["served"], &[8]),
            ),
            follower(
                Verdict::False("signature", Some(8)),
                proof(&["served"], &[8]),
            ),
            witness(
                Verdict::False("signature", Some(8)),
                proof(&["served"], &[8]),
            ),
            mirror(
                Verdict::False("signature", Some(8)),
                proof(&["served"], &[8]),
            ),
        ],
    },
    History {
        who: Who::Operator,
        attack: "puts another entry into the tree than the one that the next entry links to",
        setting: REPORTS,
        lie: |log| {
            let mut log = grown(log);
            let other = rewritten(&log, 6).entries[5].clone();
            log.entries[5] = other;
            Lie::of(log)
        },
        seen: &[
            newcomer(
                Verdict::False("previous", Some(6)),
                proof(&["served"], &[6, 5]),
            ),
            older(INCONSISTENT, LARGER),
            follower(INCONSISTENT, LARGER),
            witness(INCONSISTENT, LARGER),
            mirror(INCONSISTENT, LARGER),
        ],
    },
    History {
        who: Who::Operator,
        attack: "the same, before more entries than a mirror takes at a time",
        setting: REPORTS,
        lie: |log| {
            let mut log = log.clone();
            while log.entries.len() < 1_100 {
                log.append(&log.next_report("More explosions."));
            }
            let other = rewritten(&log, 6).entries[5].clone();
            log.entries[5] = other;
            Lie::of(log)
        },
        seen: &[mirror(INCONSISTENT, LARGER)],
    },
    History {
        who: Who::Operator,
        attack: "signs a root over other entries than it shows",
        setting: REPORTS,
        lie: |log| {
            let log = grown(log);
            let checkpoint = Checkpoint {
                root: RootHash::from_bytes([7; 32]),
                ..log.checkpoint()
            };
            let note = checkpoint.sign(&key(LOG).into());
            Lie { log, note }
        },
        seen: &[
            newcomer(Verdict::False("root", None), lead(&["served"], &[])),
            older(Verdict::False("root", None), lead(&["served"], &[])),
            witness(Verdict::False("root", None), lead(&["served"], &[])),
            mirror(Verdict::False("root", None), lead(&["served"], &[])),
        ],
    },
    History {
        who: Who::Operator,
        attack: "founds the log anew, under another charter",
        setting: REPORTS,
        lie: |_| {
            let charter = pb::Charter {
                title: "Another one".to_owned(),
                ..crate::support::charter()
            };
            Lie::of(Log::found(charter))
        },
        seen: &[newcomer(
            Verdict::False("charter", Some(0)),
            proof(&["served"], &[0]),
        )],
    },
    History {
        who: Who::Operator,
        attack: "uses the log's key for another log",
        setting: REPORTS,
        lie: |log| {
            let checkpoint = Checkpoint {
                origin: "other.example/log".parse().unwrap(),
                ..log.checkpoint()
            };
            let text = checkpoint.format();
            let line = NoteSignature::sign(&text, log.id.origin.key_name(), &key(LOG));
            let note = Note::new(&text, vec![line]).unwrap().format();
            Lie {
                log: log.clone(),
                note,
            }
        },
        seen: &[
            newcomer(Verdict::False("checkpoint", None), proof(&["served"], &[])),
            older(Verdict::False("checkpoint", None), proof(&["served"], &[])),
        ],
    },
    History {
        who: Who::Operator,
        attack: "adds an entry that is later than its witnesses' signatures over it",
        setting: WITNESSED,
        lie: |log| {
            let log = grown(log);
            let note = cosigned(&log.note(), WITNESS, MONITOR, BEGIN_MS / 1000 + 8 - 301);
            Lie { log, note }
        },
        seen: &[needs_quorum(
            Verdict::False("time", Some(8)),
            proof(&["served"], &[8, 0]),
        )],
    },
    History {
        who: Who::Server,
        attack: "writes a line in a witness's name",
        setting: WITNESSED,
        lie: |log| {
            let log = grown(log);
            let other = cosigned(&log.note(), WITNESS, MONITOR, COSIGNED_S);
            let mut lines = Note::parse(&other).unwrap().signatures().to_vec();
            lines[1].bytes[20] ^= 1;
            Lie {
                note: with_lines(&log, lines),
                log,
            }
        },
        seen: &[needs_quorum(
            Verdict::False("checkpoint", None),
            lead(&["served"], &[]),
        )],
    },
    History {
        who: Who::Server,
        attack: "puts a witness's line from an older head under a newer one",
        setting: WITNESSED,
        lie: |old| {
            let log = grown(old);
            let older = cosigned(&old.note(), WITNESS, MONITOR, COSIGNED_S);
            let own = Note::parse(&log.note()).unwrap().signatures()[0].clone();
            let line = Note::parse(&older).unwrap().signatures()[1].clone();
            Lie {
                note: with_lines(&log, vec![own, line]),
                log,
            }
        },
        seen: &[needs_quorum(
            Verdict::False("checkpoint", None),
            lead(&["served"], &[]),
        )],
    },
    History {
        who: Who::Server,
        attack: "signs with a key of its own under a witness's name",
        setting: WITNESSED,
        lie: |log| {
            let log = grown(log);
            let note = cosigned(&log.note(), WITNESS, RECOVERY + 20, COSIGNED_S);
            Lie { log, note }
        },
        seen: &[needs_quorum(
            Verdict::NotProven("not reached"),
            Hand::Nothing("nothing: nobody that is pinned has signed"),
        )],
    },
];

pub(crate) fn rows() -> Vec<Row> {
    let histories = HISTORIES.iter();
    histories
        .flat_map(|history| {
            let row = |seen: &Seen| Row {
                who: history.who,
                attack: history.attack,
                seen: *seen,
            };
            history.seen.iter().map(row)
        })
        .collect()
}

/// The log with one more report.
fn grown(log: &Log) -> Log {
    let mut log = log.clone();
    log.append(&log.next_report("More explosions."));
    log
}

/// Another history of `size` entries from entry 5 on, of records that m1 has signed.
fn rewritten(log: &Log, size: usize) -> Log {
    let mut log = log.clone();
    log.truncate(5);
    while log.entries.len() < size {
        log.append(&log.next_report("Nothing happened."));
    }
    log
}

/// The log's records in another order, with indexes and links as they must be.
fn relinked(log: &Log, change: impl FnOnce(&mut Vec<pb::SignedRecord>)) -> Log {
    let mut log = log.clone();
    let entries = std::mem::take(&mut log.entries);
    let records = entries
        .iter()
        .map(|bytes| Entry::decode(bytes).unwrap().signed_record);
    let mut records: Vec<pb::SignedRecord> = records.collect();
    change(&mut records);
    for record in records {
        log.append_signed(record);
    }
    log
}

fn with_lines(log: &Log, lines: Vec<NoteSignature>) -> Vec<u8> {
    Note::new(&log.checkpoint().format(), lines)
        .unwrap()
        .format()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_logs() {
    let rows = HISTORIES.iter().flat_map(|history| {
        let row = move |seen| (format!("{}: {seen:?}", history.attack), history.show(seen));
        history.seen.iter().map(row)
    });
    show_all(rows).await;
}

impl History {
    async fn show(&self, seen: &'static Seen) {
        let honest = (self.setting.log)();
        let operator = Operator::serve(honest.clone()).await;
        self.show_honest(&operator, &honest);
        match seen.by {
            By::Newcomer | By::NeedsQuorum => self.to_verifier(seen, &operator, &honest, false),
            By::Older => self.to_verifier(seen, &operator, &honest, true),
            By::Follower => self.to_follower(seen, &operator, &honest),
            By::Witness => self.to_witness(seen, &operator, &honest),
            By::Mirror => self.to_mirror(seen, &operator, &honest),
            by => panic!("{by:?} verifies no log"),
        }
    }

    fn show_honest(&self, operator: &Operator, log: &Log) {
        operator.show_note(log.clone(), (self.setting.note)(log));
    }

    fn show_lie(&self, operator: &Operator, honest: &Log) -> Lie {
        let lie = (self.lie)(honest);
        operator.show_note(lie.log.clone(), lie.note.clone());
        lie
    }

    fn to_verifier(&self, seen: &Seen, operator: &Operator, honest: &Log, knows: bool) {
        let party = Party::of(&(self.setting.trust)(honest), &operator.url);
        if knows {
            party.run("verify log").is(Verdict::Verified);
        }
        let before = party.accepted();
        self.show_lie(operator, honest);
        party.check(seen, &party.run("verify log"));
        if matches!(seen.verdict, Verdict::Verified) {
            // Whoever has believed the lie finds the truth inconsistent with it, and holds the same proof.
            self.show_honest(operator, &grown(&grown(honest)));
            party.run("verify log").is(INCONSISTENT);
        } else {
            self.is_unmoved(&party, &before, operator, honest);
        }
    }

    /// The older head stays, and the honest log goes on from it.
    fn is_unmoved(
        &self,
        party: &Party,
        before: &[Option<Vec<u8>>; 3],
        operator: &Operator,
        honest: &Log,
    ) {
        let after = party.accepted();
        assert_eq!(after[0], before[0]);
        let later = grown(honest);
        self.show_honest(operator, &later);
        let ended = party.run("verify log");
        ended.is(Verdict::Verified);
        assert_eq!(ended.answer["checkpoint"]["size"], later.entries.len());
        let size_before = if before[0].is_some() {
            honest.entries.len()
        } else {
            0
        };
        assert_eq!(ended.answer["size_before"], size_before);
    }

    fn to_follower(&self, seen: &Seen, operator: &Operator, honest: &Log) {
        let party = Party::of(&honest.trust(), &operator.url);
        let mut follower = Follower::start(party.path(), operator, honest);
        follower.line();
        wait_accepted(party.path(), &honest.note());
        let before = party.accepted();
        self.show_lie(operator, honest);
        let answer = follower.line();
        assert!(answer["exit_code"].is_u64(), "it goes on: {answer}");
        let (code, rest) = follower.end();
        assert_eq!(rest, "");
        party.check(seen, &Ended { code, answer });
        assert_eq!(party.accepted(), before);
        self.is_unmoved(&party, &before, operator, honest);
    }

    /// A witness that has found something false cosigns nothing before a person has looked.
    fn to_witness(&self, seen: &Seen, operator: &Operator, honest: &Log) {
        let witness = Witness::of(operator, honest, &[]);
        let mut running = witness.start();
        assert_eq!(running.event()["event"], "cosigned");
        let lie = self.show_lie(operator, honest);
        let later = grown(honest);
        let mut answer = running.event();
        if let Some(path) = answer["evidence"].as_str() {
            answer["evidence"] = witness.directory.path().join(path).to_str().into();
        }
        let party = Party::offline(&honest.trust());
        if seen.verdict.exit().is_some() {
            assert!(answer["exit_code"].is_u64(), "it goes on: {answer}");
            let code = running.code();
            party.check(seen, &Ended { code, answer });
            operator.show(later.clone());
            assert_eq!(witness.start().code(), Some(1), "it goes on by itself");
            std::fs::remove_file(witness.path("halted")).unwrap();
            running = witness.start();
        } else {
            party.check(seen, &Ended { code: None, answer });
            operator.show(later.clone());
        }
        let event = running.event();
        let cosigned = (&event["event"], &event["size"]);
        assert_eq!(cosigned, (&"cosigned".into(), &later.entries.len().into()));
        let lie = Note::parse(&lie.note).unwrap();
        for handed_in in operator.handed_in() {
            assert_ne!(Note::parse(&handed_in.note).unwrap().text(), lie.text());
        }
    }

    /// A mirror serves on what it has verified before, and goes on with the honest log when it is started again.
    fn to_mirror(&self, seen: &Seen, operator: &Operator, honest: &Log) {
        let directory = tempfile::tempdir().unwrap();
        let copy = Mirror::start(directory.path(), operator, honest);
        self.show_lie(operator, honest);
        let ended = copy.says("stopped copying");
        let reader = Party::of(&honest.trust(), &copy.url());
        let size = |party: &Party| party.run("verify log").answer["checkpoint"]["size"].clone();
        assert_eq!(size(&reader), honest.entries.len());
        let code = copy.end();

        let kept = mirror::evidence(directory.path(), &ended);
        let mut answer: Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
        answer["evidence"] = kept.to_str().into();
        reader.check(seen, &Ended { code, answer });

        let later = grown(honest);
        operator.show(later.clone());
        let copy = Mirror::start(directory.path(), operator, honest);
        copy.says(&format!("size={}", later.entries.len()));
        let newcomer = Party::of(&honest.trust(), &copy.url());
        assert_eq!(size(&newcomer), later.entries.len());
    }
}
