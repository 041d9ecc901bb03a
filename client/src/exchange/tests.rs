//! Mapping files and what they make of rows.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use trucelog_proto::pb;
use trucelog_proto::pb::place::Location;

use super::ExchangeError;
use super::mapping::{CellError, Importer, Mapped, Mapping};
use super::shipped::Shipped;

const HEAD: &str = "schema = \"trucelog.mapping/v1\"\n";

fn mapping(text: &str) -> Result<Mapping, (usize, String)> {
    Mapping::parse("m.toml", &format!("{HEAD}{text}")).map_err(|error| match error {
        ExchangeError::Mapping { line, problem, .. } => (line, problem),
        other => panic!("{other:?}"),
    })
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn row(text: &str, columns: &[&str], cells: &[&str]) -> Result<Mapped, CellError> {
    let mapping = mapping(text).unwrap();
    let importer = Importer::new(&mapping, &owned(columns), &BTreeMap::new()).unwrap();
    importer.report(&owned(cells))
}

#[test]
fn the_shipped_mappings_are_well_formed() {
    for shipped in Shipped::ALL {
        assert_eq!(Shipped::find(shipped.name()), Some(shipped));
        shipped.read().unwrap();
    }
}

#[test]
fn the_example_in_the_manual_is_well_formed() {
    let manual = include_str!("../../../docs/mapping.md");
    let (_, after) = manual.split_once("```toml\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    Mapping::parse("docs/mapping.md", example).unwrap();
}

#[test]
fn every_mistake_in_a_mapping_is_named_with_its_line() {
    for (text, line, problem) in [
        ("[report]\nkind = {", 3, ""),
        ("colour = 1\n[report]\n", 2, "unknown field `colour`"),
        (
            "[report]\n\nsuspect = { column = \"x\" }",
            4,
            "IncidentReport has no field suspect",
        ),
        (
            "[report.place]\nplace = { column = \"x\" }",
            3,
            "Place has no field place",
        ),
        (
            "[report]\nkind = { colum = \"x\" }",
            3,
            "unknown field `colum`",
        ),
        (
            "[report]\nkind = { constant = \"shot\" }",
            3,
            "\"shot\" is not one of EXPLOSION",
        ),
        (
            "[report]\nkind = { column = \"k\", values = { a = \"SHOT\", b = \"7\" } }",
            3,
            "\"7\" is not one of",
        ),
        (
            "[report]\nkind = { column = \"k\", constant = \"SHOT\" }",
            3,
            "give one of constant",
        ),
        (
            "[report]\nkind = { column = \"k\", decimals = 6 }",
            3,
            "a column has nothing more",
        ),
        (
            "[report]\nkind = { text = \"{k}\" }",
            3,
            "`text` only for text",
        ),
        (
            "[report]\nmeans = { column = \"m\" }",
            3,
            "a column has nothing more",
        ),
        (
            "[report]\nnarrative = { rest = true }",
            3,
            "imported.fields",
        ),
        (
            "[report]\nnarrative = { text = \"a { b\" }",
            3,
            "braces name a column",
        ),
        (
            "[report]\nearliest_time = { column = \"d\", date = \"%Y\", zone = \"Kiev\", bound = \"first\" }",
            3,
            "\"Kiev\" is not UTC",
        ),
        (
            "[report]\nearliest_time = { column = \"d\", date = \"%Y\", zone = \"UTC\", bound = \"middle\" }",
            3,
            "unknown variant `middle`",
        ),
        (
            "[report]\nearliest_time = { column = \"d\", date = \"%Y\", zone = \"UTC\" }",
            3,
            "date with zone and bound",
        ),
        ("[report]\nnarrative = \"x\"", 3, "it is not a table"),
    ] {
        let (found_line, found) = mapping(text).unwrap_err();
        assert_eq!(found_line, line, "{text}: {found}");
        assert!(found.contains(problem), "{text}: {found}");
    }
    let other = Mapping::parse("m.toml", "schema = \"x/v1\"\n[report]\n").unwrap_err();
    assert!(
        other
            .to_string()
            .starts_with("mapping m.toml, line 1: the schema is")
    );
}

#[test]
fn table_and_mapping_must_fit() {
    let mapping = mapping(
        "ignore = [\"note\"]\n[report]\nkind = { column = \"k\" }\nnarrative = { option = \"n\" }\n",
    )
    .unwrap();
    let options = |names: &[&str]| -> BTreeMap<String, String> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), "x".to_owned()))
            .collect()
    };
    let fit = |columns: &[&str], names: &[&str]| {
        let fitted = Importer::new(&mapping, &owned(columns), &options(names));
        fitted.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(fit(&["k", "note"], &["n"]), Ok(()));
    for (columns, names, problem) in [
        (&["note"][..], &["n"][..], "no column \"k\""),
        (&["k", "lost"], &["n"], "column \"lost\" is used nowhere"),
        (&["k"], &[], "--set n=VALUE"),
        (&["k"], &["n", "m"], "no option m"),
    ] {
        let found = fit(columns, names).unwrap_err();
        assert!(found.contains(problem), "{found}");
    }
}

const CONSTRUCTS: &str = r#"
[report]
kind = { column = "kind", values = { f = "MUZZLE_FLASH", "" = "EXPLOSION" } }
domain = { constant = "LAND" }
means = { column = "means", separator = ";" }
earliest_time = { column = "day", date = "%d.%m.%Y", zone = "Europe/Kyiv", bound = "first" }
latest_time = { column = "day", date = "%d.%m.%Y", zone = "Europe/Kyiv", bound = "last" }
time_precision = { constant = "DAY" }
narrative = { text = "{{{who}}}: {what}" }
damage = { column = "damage", json = true }
[report.place.position]
latitude = { column = "lat" }
longitude = { column = "lon" }
radius_m = { constant = 500 }
basis = { constant = "POINT" }
[[report.casualties]]
harm = { constant = "KILLED" }
group = { constant = "CIVILIAN" }
best = { column = "killed" }
[[report.casualties]]
harm = { constant = "INJURED" }
group = { constant = "CIVILIAN" }
best = { column = "injured" }
[report.imported]
dataset = { constant = "D" }
row = { column = "id" }
fields = { rest = true, keep = ["kind"] }
"#;

const COLUMNS: [&str; 13] = [
    "note", "kind", "means", "day", "who", "what", "damage", "lat", "lon", "killed", "injured",
    "id", "more",
];

#[test]
fn every_construct_does_what_the_manual_says() {
    let cells = [
        "a\\\u{200b}",
        "f",
        "SEEN;CAMERA",
        "30.10.2016",
        "m1",
        "smoke",
        r#"[{"text": "a roof"}]"#,
        "48.5",
        "-0.0000001",
        "",
        "3",
        "7",
        "",
    ];
    let mapped = row(CONSTRUCTS, &COLUMNS, &cells).unwrap();
    let report = &mapped.report;
    assert_eq!(report.kind(), pb::IncidentKind::MuzzleFlash);
    assert_eq!(
        report.means,
        [i32::from(pb::Means::Seen), i32::from(pb::Means::Camera)]
    );
    // A day of 25 hours.
    assert_eq!(
        report.latest_time - report.earliest_time,
        25 * 3_600_000 - 1
    );
    assert_eq!(report.narrative, "{m1}: smoke");
    assert_eq!(report.damage[0].text, "a roof");
    let Some(Location::Position(position)) = &report.place.as_ref().unwrap().location else {
        panic!("no position");
    };
    assert_eq!(
        (position.latitude, position.longitude, position.radius_m),
        (485_000_000, -1, 500)
    );
    let [count] = report.casualties.as_slice() else {
        panic!("{:?}", report.casualties);
    };
    assert_eq!((count.harm(), count.best), (pb::Harm::Injured, 3));
    let imported = report.imported.as_ref().unwrap();
    let fields: Vec<_> = imported
        .fields
        .iter()
        .map(|f| (f.name.as_str(), f.value.as_str()))
        .collect();
    assert_eq!(fields, [("note", "a\\\\\\u{200b}"), ("kind", "f")]);
    assert_eq!(mapped.columns_of("casualties[0].best"), ["injured"]);
    assert_eq!(mapped.columns_of("place.position"), ["lat", "lon"]);
    assert_eq!(mapped.columns_of("imported.fields[1].value"), ["kind"]);
    assert_eq!(mapped.columns_of("domain"), [""; 0]);
}

#[test]
fn what_is_empty_is_left_out_with_its_constants() {
    let mapped = row(CONSTRUCTS, &COLUMNS, &[""; 13]).unwrap();
    let report = mapped.report;
    assert_eq!(report.kind(), pb::IncidentKind::Explosion);
    assert_eq!(report.domain(), pb::IncidentDomain::Land);
    assert!(report.place.is_none() && report.casualties.is_empty() && report.narrative.is_empty());
    assert_eq!(report.imported, None);
}

/// Longitude 0 runs through London: half a position is no position there.
#[test]
fn an_empty_cell_never_reads_as_zero() {
    let mapping = "[report.place.position]\nlatitude = { column = \"lat\" }\nlongitude = { column = \"lon\" }\n\
                   [[report.casualties]]\nlow = { column = \"low\" }\nbest = { column = \"best\" }\n";
    let columns = ["lat", "lon", "low", "best"];
    for (cells, column) in [
        (["48.5", "", "", ""], "lon"),
        (["", "37.7", "", ""], "lat"),
        (["", "", "0", ""], "best"),
        (["", "", "", "0"], "low"),
    ] {
        let error = row(mapping, &columns, &cells).unwrap_err();
        assert_eq!(
            (error.column.as_deref(), error.found.as_str()),
            (Some(column), "")
        );
    }
    assert!(row(mapping, &columns, &["", "", "", ""]).is_ok());
    let zeros = row(mapping, &columns, &["0", "0", "0", "0"])
        .unwrap()
        .report;
    assert!(zeros.place.is_some() && zeros.casualties.len() == 1);
}

#[test]
fn a_wrong_cell_is_named_with_column_and_field() {
    let mut cells = [""; 13];
    for (column, cell, field, expected) in [
        ("kind", "g", "kind", "one of "),
        ("means", "SEEN;EARS", "means", "one of HEARD"),
        (
            "day",
            "2016-10-30",
            "earliest_time",
            "a time in the form %d.%m.%Y",
        ),
        ("lat", "48,5", "place.position.latitude", "decimal degrees"),
        (
            "injured",
            "three",
            "casualties[0].best",
            "a number below 2^32",
        ),
        ("damage", "[", "damage", "JSON"),
    ] {
        let position = COLUMNS.iter().position(|name| *name == column).unwrap();
        cells[position] = cell;
        let error = row(CONSTRUCTS, &COLUMNS, &cells).unwrap_err();
        cells[position] = "";
        assert_eq!(
            (error.column.as_deref(), error.field.as_str()),
            (Some(column), field)
        );
        assert_eq!(error.found, cell);
        assert!(error.expected.starts_with(expected), "{}", error.expected);
    }
}
