//! What the tests show, as rows, and the table of them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trucelog_client::exit::Exit;

use crate::{floods, handed, histories, succession, views};

/// Who attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Holds the log's key.
    Operator,
    /// Holds the log's key and a witness's.
    OperatorWithWitness,
    /// Answers in the log's name, and holds no key.
    Server,
    /// Hands over a file, and holds no key.
    Anybody,
    /// Hold the keys of their authorities.
    Members,
}

impl Who {
    fn words(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::OperatorWithWitness => "operator and a witness",
            Self::Server => "any server",
            Self::Anybody => "anybody",
            Self::Members => "members",
        }
    }
}

/// Who is lied to, and the program that they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Newcomer,
    Older,
    Follower,
    Witness,
    Mirror,
    NeedsQuorum,
    Comparer,
    Checker,
    Holder,
    Submitter,
    Outbox,
    BundleHolder,
    Judge,
    Successor,
}

impl By {
    fn words(self) -> &'static str {
        match self {
            Self::Newcomer => "a verifier that has seen nothing before, `verify log`",
            Self::Older => "a verifier with an older head, `verify log`",
            Self::Follower => "a verifier that follows, `verify log --follow`",
            Self::Witness => "a witness, `witness run`",
            Self::Mirror => "a mirror, `trucelogd mirror`",
            Self::NeedsQuorum => "a verifier whose policy names witnesses, `verify log`",
            Self::Comparer => "members that compare heads, `verify consistency`",
            Self::Checker => "whoever is given the head, `verify checkpoint`",
            Self::Holder => "whoever is given the receipt, `verify receipt`",
            Self::Submitter => "the submitter, `submit`",
            Self::Outbox => "the submitter, later, `outbox status`",
            Self::BundleHolder => "whoever is given the bundle, `verify bundle`",
            Self::Judge => "whoever is given the evidence, `verify evidence`",
            Self::Successor => "whoever has verified the old log, `verify successor`",
        }
    }
}

/// How the program ends, and what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// False: the kind, and the index of the entry to blame.
    False(&'static str, Option<u64>),
    /// The file that was handed over is false; the message has these words.
    FalseFile(&'static str),
    /// Not enough; the message has these words.
    NotProven(&'static str),
    /// Not checked; the message has these words.
    NotChecked(&'static str),
    /// The file that was handed over is not used; the message has these words.
    Unusable(&'static str),
    /// It says so and goes on.
    GoesOn(&'static str),
    /// It does not notice.
    Verified,
}

impl Verdict {
    /// How the program ends, if it does.
    pub(crate) fn exit(self) -> Option<Exit> {
        match self {
            Self::False(..) | Self::FalseFile(_) => Some(Exit::False),
            Self::NotProven(_) => Some(Exit::NotEnough),
            Self::NotChecked(_) => Some(Exit::NotChecked),
            Self::Unusable(_) => Some(Exit::Usage),
            Self::GoesOn(_) => None,
            Self::Verified => Some(Exit::Done),
        }
    }

    fn words(self) -> String {
        match self {
            Self::False(kind, Some(index)) => format!("false: `{kind}`, entry {index}"),
            Self::False(kind, None) => format!("false: `{kind}`"),
            Self::FalseFile(words) => format!("false: “{words}”"),
            Self::NotProven(words) => format!("not proven: “{words}”"),
            Self::NotChecked(words) => format!("not checked: “{words}”"),
            Self::Unusable(words) => format!("not used: “{words}”"),
            Self::GoesOn(words) => format!("`{words}`, and it goes on"),
            Self::Verified => "**not noticed**: verified".to_owned(),
        }
    }

    /// Compares with the JSON that a program printed last, and with its exit code.
    #[track_caller]
    pub(crate) fn check(self, code: Option<i32>, answer: &Value) {
        assert_eq!(code, self.exit().map(|exit| exit.code().into()), "{answer}");
        match self {
            Self::False(kind, index) => {
                let found = (&answer["kind"], &answer["index"]);
                assert_eq!(found, (&json!(kind), &json!(index)), "{answer}");
            }
            Self::Verified => assert_eq!(answer["verdict"], "verified", "{answer}"),
            Self::GoesOn(event) => assert_eq!(answer["event"], event, "{answer}"),
            Self::FalseFile(words)
            | Self::NotProven(words)
            | Self::NotChecked(words)
            | Self::Unusable(words) => {
                let message = answer["message"].as_str().unwrap_or_default();
                assert!(message.contains(words), "{answer}");
            }
        }
    }
}

/// What they hold in hand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hand {
    /// A file of evidence: whether it proves on its own that what was signed is false; names of the notes in it, and
    /// indexes of the entries.
    Evidence {
        proves: bool,
        notes: &'static [&'static str],
        entries: &'static [u64],
    },
    /// Two charters in a file of evidence, which proves something to whoever has verified the log that both name.
    Charters,
    /// The file that was handed over, in these words.
    File(&'static str),
    /// Nothing that was signed is false; what they have, in words.
    Nothing(&'static str),
}

impl Hand {
    fn words(self) -> String {
        if matches!(self, Self::Charters) {
            return "both charters: **proof** with the verified log, lead without it".to_owned();
        }
        let Self::Evidence {
            proves,
            notes,
            entries,
        } = self
        else {
            let (Self::File(words) | Self::Nothing(words)) = self else {
                unreachable!("evidence is above")
            };
            return words.to_owned();
        };
        let heads = notes.iter().map(|name| format!("head `{name}`"));
        let entries = entries.iter().map(|index| format!("entry {index}"));
        let mut parts: Vec<String> = heads.chain(entries).collect();
        if parts.is_empty() {
            parts.push("the receipt as it came".to_owned());
        }
        let weight = if proves { "**proof**" } else { "lead" };
        format!("{weight}: {}", parts.join(", "))
    }
}

/// What one party sees of an attack, and then holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) by: By,
    pub(crate) verdict: Verdict,
    pub(crate) hand: Hand,
}

/// Evidence that proves on its own that what was signed is false.
pub(crate) const fn proof(notes: &'static [&'static str], entries: &'static [u64]) -> Hand {
    Hand::Evidence {
        proves: true,
        notes,
        entries,
    }
}

/// Evidence that holds, but takes more than the file.
pub(crate) const fn lead(notes: &'static [&'static str], entries: &'static [u64]) -> Hand {
    Hand::Evidence {
        proves: false,
        notes,
        entries,
    }
}

/// An attack in words, and what the tests show of it.
pub(crate) struct Row {
    pub(crate) who: Who,
    pub(crate) attack: &'static str,
    pub(crate) seen: Seen,
}

/// Rows that are shown at the same time.
const AT_ONCE: usize = 4;

/// Shows all rows, each of them `(what, showing it)`, and names those that are not so.
pub(crate) async fn show_all<F>(mut rows: impl Iterator<Item = (String, F)>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut failed = Vec::new();
    loop {
        let some = rows.by_ref().take(AT_ONCE);
        let running: Vec<_> = some.map(|(what, row)| (what, tokio::spawn(row))).collect();
        if running.is_empty() {
            break;
        }
        for (what, row) in running {
            if row.await.is_err() {
                failed.push(what);
            }
        }
    }
    assert!(failed.is_empty(), "not as the table says: {failed:#?}");
}

impl Row {
    fn sees_what(&self, other: &Self) -> bool {
        let words = |row: &Self| (row.seen.verdict.words(), row.seen.hand.words());
        words(self) == words(other)
    }
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/verification.md");
const HEAD: &str = "| who | attack | who notices, with which command | verdict | exit | in hand |\n\
                    |---|---|---|---|---|---|\n";

fn table() -> String {
    let families = [
        histories::rows(),
        views::rows(),
        handed::rows(),
        floods::rows(),
        succession::rows(),
    ];
    let rows: Vec<Row> = families.into_iter().flatten().collect();
    let mut text = HEAD.to_owned();
    let mut attack = "";
    for same in rows.chunk_by(|one, other| one.attack == other.attack && one.sees_what(other)) {
        let first = &same[0];
        let named = (first.attack != attack).then_some((first.who.words(), first.attack));
        let (who, words) = named.unwrap_or_default();
        let by: Vec<&str> = same.iter().map(|row| row.seen.by.words()).collect();
        let Seen { verdict, hand, .. } = first.seen;
        let exit = verdict.exit().map(|exit| exit.code().to_string());
        let cells = [
            who,
            words,
            &by.join("; "),
            &verdict.words(),
            exit.as_deref().unwrap_or("–"),
            &hand.words(),
        ];
        writeln!(text, "| {} |", cells.join(" | ")).unwrap();
        attack = first.attack;
    }
    text
}

/// The other tests of this program show every row; this one compares the table. `TRUCELOG_WRITE_DOCS=1` writes it.
#[test]
fn the_documented_table_has_the_rows_of_the_tests() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, _) = document.split_once(HEAD).unwrap();
    let expected = format!("{before}{}", table());
    if std::env::var_os("TRUCELOG_WRITE_DOCS").is_some() {
        std::fs::write(DOCUMENT, &expected).unwrap();
    }
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    assert!(
        document == expected,
        "docs/verification.md is not what the tests show; TRUCELOG_WRITE_DOCS=1 writes it"
    );
}
