//! The grammar of policy files.

use super::{Kind, LogLine, MAX_LEN, MAX_NAMES, Node, Policy, Quorum};
use crate::{
    checkpoint::Origin,
    error::DecodeError,
    hash::CharterDigest,
    note::{COSIGNATURE, ED25519, ML_DSA_44, VerifierKey},
    text::{parse_decimal, parse_text},
};

/// What the first line holds before the digest.
pub(super) const CHARTER_COMMENT: &str = "# trucelog-charter";

/// The name of the quorum that needs no cosignature.
pub(super) const NONE: &str = "none";

pub(super) fn parse(bytes: &[u8]) -> Result<Policy, DecodeError> {
    let text = parse_text(bytes, MAX_LEN, b"\t\n", "policy")?;
    let text = text.strip_suffix('\n').ok_or(DecodeError::Syntax {
        field: "policy",
        expected: "a newline at the end",
    })?;
    let mut lines = text.split('\n');
    let charter = parse_charter(lines.next().unwrap_or_default())?;
    let mut parser = Parser::default();
    for line in lines {
        parser.line(line)?;
    }
    parser.finish(charter)
}

fn parse_charter(line: &str) -> Result<CharterDigest, DecodeError> {
    let digest = line
        .strip_prefix(CHARTER_COMMENT)
        .and_then(|rest| rest.strip_prefix(' '));
    let syntax = DecodeError::Syntax {
        field: "policy charter",
        expected: "a first line `# trucelog-charter` and 64 hexadecimal digits",
    };
    digest.ok_or(syntax)?.parse()
}

/// What the lines so far have defined.
#[derive(Default)]
struct Parser {
    log: Option<LogLine>,
    nodes: Vec<Node>,
    /// For each node, whether a group has it as a member.
    grouped: Vec<bool>,
    quorum: Option<Quorum>,
    /// Whether the keys so far are of type 0x06; none before the first key.
    ml_dsa: Option<bool>,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), DecodeError> {
        let items: Vec<&str> = line
            .split([' ', '\t'])
            .filter(|item| !item.is_empty())
            .collect();
        match items[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url)),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, threshold, ref members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(DecodeError::Syntax {
                field: "policy line",
                expected: "a comment, log VKEY [URL], witness NAME VKEY [URL], group NAME all|any|K NAME..., or quorum NAME",
            }),
        }
    }

    fn log(&mut self, key: &str, url: Option<&str>) -> Result<(), DecodeError> {
        let (key, origin) = self.key("policy log", key, ED25519)?;
        if self.log.is_some() {
            return Err(DecodeError::Duplicate {
                field: "policy log",
            });
        }
        self.check_new_key(&key)?;
        let url = url.map(str::to_owned);
        self.log = Some(LogLine { origin, key, url });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), DecodeError> {
        let (key, _) = self.key("policy witness", key, COSIGNATURE)?;
        self.check_new_key(&key)?;
        let url = url.map(str::to_owned);
        self.define(
            name,
            Kind::Witness {
                key: Box::new(key),
                url,
            },
        )
    }

    /// Parses a vkey that must be of type `ed25519`, or of type 0x06 in a policy of such keys, and have a name of an
    /// origin's form.
    fn key(
        &mut self,
        field: &'static str,
        text: &str,
        ed25519: u8,
    ) -> Result<(VerifierKey, Origin), DecodeError> {
        let key: VerifierKey = text.parse()?;
        let found = key.material().algorithm();
        let ml_dsa = *self.ml_dsa.get_or_insert(found == ML_DSA_44);
        let expected = if ml_dsa { ML_DSA_44 } else { ed25519 };
        if found != expected {
            return Err(DecodeError::KeyType {
                field,
                expected,
                found,
            });
        }
        let origin = Origin::try_from(key.name())?;
        Ok((key, origin))
    }

    /// Checks that no earlier line has the same public key, whatever its name and type there.
    fn check_new_key(&self, key: &VerifierKey) -> Result<(), DecodeError> {
        let witnesses = self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Witness { key, .. } => Some(key.as_ref()),
            Kind::Group { .. } => None,
        });
        let mut keys = witnesses.chain(self.log.as_ref().map(|log| &log.key));
        if keys.any(|known| known.material().key() == key.material().key()) {
            return Err(DecodeError::Duplicate {
                field: "policy key",
            });
        }
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, names: &[&str]) -> Result<(), DecodeError> {
        let members = names
            .iter()
            .map(|name| self.member(name))
            .collect::<Result<Vec<_>, _>>()?;
        let threshold = parse_threshold(threshold, members.len())?;
        self.define(name, Kind::Group { threshold, members })
    }

    fn member(&mut self, name: &str) -> Result<usize, DecodeError> {
        let node = self.find(name)?;
        if std::mem::replace(&mut self.grouped[node], true) {
            return Err(DecodeError::Duplicate {
                field: "policy group member",
            });
        }
        Ok(node)
    }

    fn quorum(&mut self, name: &str) -> Result<(), DecodeError> {
        if self.quorum.is_some() {
            return Err(DecodeError::Duplicate {
                field: "policy quorum",
            });
        }
        self.quorum = Some(if name == NONE {
            Quorum::None
        } else {
            Quorum::Node(self.find(name)?)
        });
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, DecodeError> {
        self.nodes
            .iter()
            .position(|node| node.name == name)
            .ok_or(DecodeError::Undefined {
                field: "policy name",
            })
    }

    fn define(&mut self, name: &str, kind: Kind) -> Result<(), DecodeError> {
        if name == NONE || self.find(name).is_ok() {
            return Err(DecodeError::Duplicate {
                field: "policy name",
            });
        }
        let same_kind =
            |node: &&Node| std::mem::discriminant(&node.kind) == std::mem::discriminant(&kind);
        if self.nodes.iter().filter(same_kind).count() == MAX_NAMES {
            return Err(DecodeError::TooMany {
                field: "policy witnesses or groups",
                limit: MAX_NAMES,
            });
        }
        self.nodes.push(Node {
            name: name.to_owned(),
            kind,
        });
        self.grouped.push(false);
        Ok(())
    }

    fn finish(self, charter: CharterDigest) -> Result<Policy, DecodeError> {
        Ok(Policy {
            charter,
            log: self.log.ok_or(DecodeError::Missing {
                field: "policy log",
            })?,
            nodes: self.nodes,
            quorum: self.quorum.ok_or(DecodeError::Missing {
                field: "policy quorum",
            })?,
        })
    }
}

fn parse_threshold(text: &str, members: usize) -> Result<usize, DecodeError> {
    let max = members as u64;
    let threshold = match text {
        "any" => 1,
        "all" => max,
        _ => parse_decimal(text, "policy group threshold")?,
    };
    match usize::try_from(threshold) {
        Ok(threshold) if (1..=members).contains(&threshold) => Ok(threshold),
        _ => Err(DecodeError::OutOfRange {
            field: "policy group threshold",
            min: 1,
            max,
            found: threshold,
        }),
    }
}
