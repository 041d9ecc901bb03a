//! The tables that the demonstration replays, embedded in the program.
//!
//! In scope: rows of text, exactly as published. Out of scope: what they mean ([`super::mapping`]). Source, licence
//! and citation stand in `client/data/README.md`.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

use thiserror::Error;

const TABLE_20_1: &[u8] = include_bytes!("../../data/ucdp_ged_ukraine/ged_ukraine_20.1_slim.csv");
const TABLE_22_1: &[u8] = include_bytes!("../../data/ucdp_ged_ukraine/ged_ukraine_22.1_slim.csv");
const REVISIONS: &[u8] =
    include_bytes!("../../data/ucdp_ged_ukraine/revisions_exact_20.1_to_22.1.csv");

macro_rules! columns {
    ($($column:ident $name:literal)*) => {
        /// A column of a table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is called as the codebook calls it")]
        pub enum Column {
            $($column,)*
        }

        impl Column {
            /// All columns in the order of the tables.
            pub const ALL: [Self; 27] = [$(Self::$column),*];

            /// Name of the column in the tables.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$column => $name,)*
                }
            }
        }
    };
}

columns! {
    Id "id"
    Relid "relid"
    Year "year"
    TypeOfViolence "type_of_violence"
    ConflictName "conflict_name"
    DyadName "dyad_name"
    SideA "side_a"
    SideB "side_b"
    NumberOfSources "number_of_sources"
    WherePrec "where_prec"
    WhereCoordinates "where_coordinates"
    WhereDescription "where_description"
    Adm1 "adm_1"
    Adm2 "adm_2"
    Latitude "latitude"
    Longitude "longitude"
    EventClarity "event_clarity"
    DatePrec "date_prec"
    DateStart "date_start"
    DateEnd "date_end"
    DeathsA "deaths_a"
    DeathsB "deaths_b"
    DeathsCivilians "deaths_civilians"
    DeathsUnknown "deaths_unknown"
    Best "best"
    High "high"
    Low "low"
}

impl Column {
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

/// A table is not of its form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The bytes are not CSV.
    #[error("not CSV: {0}")]
    Csv(String),
    /// The first line names other columns.
    #[error("the columns are {0}")]
    Columns(String),
    /// A line of the revisions does not say what it should.
    #[error("revision in line {line}: {problem}")]
    Revision {
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A revision does not fit the row that it changes.
    #[error("revision of event {id}: {column} is {found:?}, not {expected:?}")]
    Mismatch {
        /// The event.
        id: String,
        /// The column.
        column: &'static str,
        /// The value that the revision replaces.
        expected: String,
        /// The value in the row.
        found: String,
    },
    /// A revision names an event that the table does not have.
    #[error("event {0} is not in the table")]
    NoEvent(String),
}

/// One event: the text of each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row([String; Column::ALL.len()]);

impl Index<Column> for Row {
    type Output = String;

    fn index(&self, column: Column) -> &String {
        &self.0[column as usize]
    }
}

impl IndexMut<Column> for Row {
    fn index_mut(&mut self, column: Column) -> &mut String {
        &mut self.0[column as usize]
    }
}

impl Row {
    /// Identifier of the event.
    #[must_use]
    pub fn id(&self) -> &str {
        &self[Column::Id]
    }

    /// The text of each column, in the order of [`Column::ALL`].
    #[must_use]
    pub fn cells(&self) -> &[String] {
        &self.0
    }
}

/// The events of one vintage in their published order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The vintage.
    pub version: &'static str,
    /// The events.
    pub rows: Vec<Row>,
}

impl Table {
    /// GED 20.1.
    ///
    /// # Errors
    /// [`DataError`] when the embedded table is damaged.
    pub fn first() -> Result<Self, DataError> {
        Self::parse("20.1", TABLE_20_1)
    }

    /// GED 22.1.
    ///
    /// # Errors
    /// [`DataError`] when the embedded table is damaged.
    pub fn second() -> Result<Self, DataError> {
        Self::parse("22.1", TABLE_22_1)
    }

    fn parse(version: &'static str, bytes: &[u8]) -> Result<Self, DataError> {
        let mut lines = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(bytes)
            .into_records();
        let header = lines.next().ok_or(DataError::Csv("empty".to_owned()))?;
        let header = header?;
        if !header.iter().eq(Column::ALL.map(Column::name)) {
            return Err(DataError::Columns(
                header.iter().collect::<Vec<_>>().join(","),
            ));
        }
        let rows = lines.map(|line| {
            let line = line?;
            Ok(Row(std::array::from_fn(|column| line[column].to_owned())))
        });
        Ok(Self {
            version,
            rows: rows.collect::<Result<_, DataError>>()?,
        })
    }

    /// Formats the table as it was published.
    ///
    /// # Panics
    /// Never: memory takes all lines.
    #[must_use]
    pub fn format(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = Column::ALL.map(Column::name);
        let wrote = writer.write_record(header).and_then(|()| {
            self.rows
                .iter()
                .try_for_each(|row| writer.write_record(&row.0))
        });
        wrote.expect("memory takes lines of equal length");
        writer.into_inner().expect("memory needs no flush")
    }
}

impl From<csv::Error> for DataError {
    fn from(error: csv::Error) -> Self {
        Self::Csv(error.to_string())
    }
}

/// All changes of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRevision {
    /// The event.
    pub id: String,
    /// Column, old and new text, in the order of the file.
    pub changes: Vec<(Column, String, String)>,
}

/// What was published between two vintages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// The events that changed, with all their changes.
    pub changed: Vec<EventRevision>,
    /// The events that were withdrawn.
    pub withdrawn: Vec<String>,
    /// The events that were added.
    pub added: Vec<String>,
}

impl Revisions {
    /// GED 20.1 to 22.1.
    ///
    /// # Errors
    /// [`DataError`] when the embedded file is damaged.
    pub fn published() -> Result<Self, DataError> {
        Self::parse(REVISIONS)
    }

    fn parse(bytes: &[u8]) -> Result<Self, DataError> {
        let mut revisions = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (line, record) in (2..).zip(csv::Reader::from_reader(bytes).into_records()) {
            let record = record?;
            let [_, _, change, id, field, old, new] =
                std::array::from_fn(|at| record.get(at).unwrap_or_default());
            match change {
                "changed" => {
                    let column = Column::parse(field).ok_or(DataError::Revision {
                        line,
                        problem: "no such column",
                    })?;
                    let place = *places.entry(id.to_owned()).or_insert_with(|| {
                        revisions.changed.push(EventRevision {
                            id: id.to_owned(),
                            changes: Vec::new(),
                        });
                        revisions.changed.len() - 1
                    });
                    revisions.changed[place]
                        .changes
                        .push((column, old.to_owned(), new.to_owned()));
                }
                "withdrawn" => revisions.withdrawn.push(id.to_owned()),
                "added" => revisions.added.push(id.to_owned()),
                _ => {
                    return Err(DataError::Revision {
                        line,
                        problem: "no such change",
                    });
                }
            }
        }
        Ok(revisions)
    }
}

impl EventRevision {
    /// The row with the changes made.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when the row does not hold what a change replaces.
    pub fn apply(&self, row: &Row) -> Result<Row, DataError> {
        let mut revised = row.clone();
        for (column, old, new) in &self.changes {
            if revised[*column] != *old {
                return Err(DataError::Mismatch {
                    id: self.id.clone(),
                    column: column.name(),
                    expected: old.clone(),
                    found: revised[*column].clone(),
                });
            }
            revised[*column].clone_from(new);
        }
        Ok(revised)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::{BTreeMap, HashSet};

    use super::*;

    fn tables() -> [(Table, &'static [u8]); 2] {
        [
            (Table::first().unwrap(), TABLE_20_1),
            (Table::second().unwrap(), TABLE_22_1),
        ]
    }

    fn number(row: &Row, column: Column) -> u32 {
        row[column].parse().unwrap()
    }

    #[test]
    fn roundtrip_tables_byte_for_byte() {
        for (table, bytes) in tables() {
            assert!(table.format() == bytes, "{}", table.version);
        }
    }

    #[test]
    fn holds_as_many_events_and_revisions_as_published() {
        let [first, second] = tables().map(|(table, _)| table);
        assert_eq!((first.rows.len(), second.rows.len()), (1_167, 2_989));
        let revisions = Revisions::published().unwrap();
        let changes: usize = revisions
            .changed
            .iter()
            .map(|event| event.changes.len())
            .sum();
        assert_eq!((revisions.changed.len(), changes), (962, 2_860));
        assert_eq!(
            (revisions.withdrawn.len(), revisions.added.len()),
            (94, 1_916)
        );
    }

    #[test]
    fn revisions_turn_the_first_table_into_the_second() {
        let [first, second] = tables().map(|(table, _)| table);
        let revisions = Revisions::published().unwrap();
        let by_id = |table: Table| -> BTreeMap<String, Row> {
            let rows = table.rows.into_iter();
            rows.map(|row| (row.id().to_owned(), row)).collect()
        };
        let (mut rows, second) = (by_id(first), by_id(second));
        for id in &revisions.withdrawn {
            rows.remove(id).unwrap();
        }
        for event in &revisions.changed {
            let revised = event.apply(&rows[&event.id]).unwrap();
            rows.insert(event.id.clone(), revised);
        }
        for id in &revisions.added {
            assert!(rows.insert(id.clone(), second[id].clone()).is_none());
        }
        assert!(rows == second);
    }

    #[test]
    fn rejects_a_revision_of_another_value() {
        let row = Table::first().unwrap().rows.remove(0);
        let change = |old: &str| EventRevision {
            id: row.id().to_owned(),
            changes: vec![(Column::Best, old.to_owned(), "6".to_owned())],
        };
        assert_eq!(change("5").apply(&row).unwrap()[Column::Best], "6");
        let mismatch = DataError::Mismatch {
            id: "147997".to_owned(),
            column: "best",
            expected: "4".to_owned(),
            found: "5".to_owned(),
        };
        assert_eq!(change("4").apply(&row), Err(mismatch));
    }

    #[test]
    fn holds_the_traps_that_the_demonstration_must_pass() {
        let [first, second] = tables().map(|(table, _)| table);
        let broken = |table: &Table| {
            let ordered = |row: &&Row| {
                let [low, best, high] =
                    [Column::Low, Column::Best, Column::High].map(|c| number(row, c));
                low <= best && best <= high
            };
            table.rows.iter().filter(|row| !ordered(row)).count()
        };
        assert_eq!((broken(&first), broken(&second)), (19, 13));
        let vague = second
            .rows
            .iter()
            .filter(|row| number(row, Column::WherePrec) >= 3);
        assert_eq!(vague.count(), 717);
        let same = second.rows.iter().filter(|row| {
            row[Column::DateStart] == "2014-08-29"
                && row[Column::WhereCoordinates].contains("Novokaterynivka")
        });
        let same: Vec<&Row> = same.collect();
        let ids: HashSet<&str> = same.iter().map(|row| row.id()).collect();
        assert_eq!((same.len(), ids.len()), (132, 132));
        let revisions = Revisions::published().unwrap();
        let actors = revisions.changed.iter().filter(|event| {
            let mut columns = event.changes.iter().map(|change| change.0);
            columns.any(|column| matches!(column, Column::SideA | Column::SideB))
        });
        assert_eq!(actors.count(), 7);
    }
}
