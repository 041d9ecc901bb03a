//! A foreign file as columns and rows of text.
//!
//! In scope: CSV with a header row and perhaps an HXL row; JSON, an array of objects or one object after the other.
//! Out of scope: what a column means ([`super::mapping`]).

use serde_json::Value;

/// A foreign file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns, none twice.
    pub columns: Vec<String>,
    /// The rows in their order.
    pub rows: Vec<Row>,
}

/// One row of a foreign file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number of the row, from 1; header and HXL row do not count.
    pub number: usize,
    /// Line of the file on which it begins, from 1; unknown inside a JSON array.
    pub line: Option<u64>,
    /// The text of each column. Empty where the row has nothing. A row of CSV may be too short or too long.
    pub cells: Vec<String>,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Table {
    /// Reads CSV or JSON. A file whose first character is `[` or `{` is JSON.
    ///
    /// # Errors
    /// What is wrong with the file, as a sentence.
    pub fn parse(bytes: &[u8], delimiter: char) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = line_at(bytes, error.valid_up_to());
            format!("line {line} is not UTF-8: convert the file to UTF-8")
        })?;
        if text.trim_start().starts_with(['[', '{']) {
            Self::parse_json(text)
        } else {
            Self::parse_csv(text, delimiter)
        }
    }

    fn parse_csv(text: &str, delimiter: char) -> Result<Self, String> {
        let delimiter =
            u8::try_from(delimiter).map_err(|_| "the delimiter is not ASCII".to_owned())?;
        let mut lines = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes())
            .into_records();
        let header = lines.next().ok_or("the file is empty")?;
        let header = header.map_err(|error| error.to_string())?;
        let columns: Vec<String> = header.iter().map(ToOwned::to_owned).collect();
        check_names(&columns)?;
        let mut rows = Vec::new();
        for (position, line) in lines.enumerate() {
            let line = line.map_err(|error| error.to_string())?;
            if position == 0 && is_hxl(&line) {
                continue;
            }
            rows.push(Row {
                number: rows.len() + 1,
                line: line.position().map(csv::Position::line),
                cells: line.iter().map(ToOwned::to_owned).collect(),
            });
        }
        Ok(Self { columns, rows })
    }

    fn parse_json(text: &str) -> Result<Self, String> {
        let mut objects = Vec::new();
        if text.trim_start().starts_with('[') {
            let array: Vec<Value> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            objects.extend(array.into_iter().map(|value| (None, value)));
        } else {
            let mut values = serde_json::Deserializer::from_str(text).into_iter();
            loop {
                let before = text.len() - text[values.byte_offset()..].trim_start().len();
                let Some(value) = values.next() else { break };
                let value = value.map_err(|error| error.to_string())?;
                objects.push((Some(line_at(text.as_bytes(), before)), value));
            }
        }
        let mut table = Self::default();
        for (line, value) in objects {
            table.push_object(line, &value)?;
        }
        let width = table.columns.len();
        for row in &mut table.rows {
            row.cells.resize(width, String::new());
        }
        Ok(table)
    }

    fn push_object(&mut self, line: Option<u64>, value: &Value) -> Result<(), String> {
        let number = self.rows.len() + 1;
        if !value.is_object() {
            return Err(format!("row {number} is not a JSON object"));
        }
        let mut cells = vec![String::new(); self.columns.len()];
        for (name, text) in flatten(value) {
            let known = self.columns.iter().position(|column| *column == name);
            let position = known.unwrap_or_else(|| {
                self.columns.push(name);
                cells.push(String::new());
                cells.len() - 1
            });
            cells[position] = text;
        }
        self.rows.push(Row {
            number,
            line,
            cells,
        });
        Ok(())
    }
}

/// The values in a JSON object by path: `place.name`, `sources.0`. Null is nothing.
fn flatten(value: &Value) -> Vec<(String, String)> {
    let below = |name: &str, value: &Value| -> Vec<(String, String)> {
        let inner = flatten(value).into_iter();
        let join = |path: String| match path.as_str() {
            "" => name.to_owned(),
            path => format!("{name}.{path}"),
        };
        inner.map(|(path, text)| (join(path), text)).collect()
    };
    match value {
        Value::Null => Vec::new(),
        Value::Object(fields) => fields.iter().flat_map(|(name, v)| below(name, v)).collect(),
        Value::Array(items) => (0..)
            .zip(items)
            .flat_map(|(at, item): (usize, _)| below(&at.to_string(), item))
            .collect(),
        Value::String(text) => vec![(String::new(), text.clone())],
        other => vec![(String::new(), other.to_string())],
    }
}

fn check_names(columns: &[String]) -> Result<(), String> {
    for (position, name) in columns.iter().enumerate() {
        if columns[..position].contains(name) {
            return Err(format!("two columns are called {name:?}: rename one"));
        }
    }
    Ok(())
}

/// Tells whether a row is the row of hashtags of the Humanitarian Exchange Language.
fn is_hxl(line: &csv::StringRecord) -> bool {
    let mut tags = line.iter().filter(|cell| !cell.is_empty()).peekable();
    let is_tag = |cell: &str| {
        let letter = |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphabetic());
        cell.strip_prefix('#').is_some_and(letter)
    };
    tags.peek().is_some() && tags.all(is_tag)
}

fn line_at(bytes: &[u8], offset: usize) -> u64 {
    let breaks = bytes[..offset].iter().filter(|&&byte| byte == b'\n');
    breaks.count() as u64 + 1
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn cells(table: &Table) -> Vec<(usize, Option<u64>, Vec<&str>)> {
        let rows = table.rows.iter();
        rows.map(|row| {
            let cells = row.cells.iter().map(String::as_str).collect();
            (row.number, row.line, cells)
        })
        .collect()
    }

    #[test]
    fn an_hxl_row_is_no_data() {
        let csv = "id,place\n#meta+id,#loc+name\n7,\"a, b\"\n8,\"#x\ny\"\n9,\n";
        let table = Table::parse(csv.as_bytes(), ',').unwrap();
        assert_eq!(table.columns, ["id", "place"]);
        assert_eq!(
            cells(&table),
            [
                (1, Some(3), vec!["7", "a, b"]),
                (2, Some(4), vec!["8", "#x\ny"]),
                (3, Some(6), vec!["9", ""]),
            ]
        );
        let numbers = Table::parse(b"id\n#1\n#2\n", ',').unwrap();
        assert_eq!(numbers.rows.len(), 2);
    }

    #[test]
    fn json_is_read_as_an_array_or_as_lines() {
        let array =
            r#"[{"id": 7, "place": {"name": "x"}, "at": [1.5, true]}, {"id": "8", "no": null}]"#;
        let table = Table::parse(array.as_bytes(), ',').unwrap();
        assert_eq!(table.columns, ["at.0", "at.1", "id", "place.name"]);
        assert_eq!(
            cells(&table),
            [
                (1, None, vec!["1.5", "true", "7", "x"]),
                (2, None, vec!["", "", "8", ""]),
            ]
        );
        let lines = Table::parse(b"{\"id\":7}\n\n{\"id\":8,\"x\":\"y\"}\n", ',').unwrap();
        assert_eq!(
            cells(&lines),
            [(1, Some(1), vec!["7", ""]), (2, Some(3), vec!["8", "y"])]
        );
    }

    #[test]
    fn a_byte_order_mark_and_another_delimiter_are_read() {
        let table = Table::parse("\u{feff}a;b\n1,5;2\n".as_bytes(), ';').unwrap();
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.rows[0].cells, ["1,5", "2"]);
    }

    #[test]
    fn rejects_files_that_are_no_table() {
        for (bytes, problem) in [
            (&b""[..], "empty"),
            (b"a,b,a\n", "two columns are called \"a\""),
            (b"a\nok\nK\xf6ln\n", "line 3 is not UTF-8"),
            (b"[1]", "row 1 is not a JSON object"),
            (b"{\"a\":", "EOF"),
        ] {
            let found = Table::parse(bytes, ',').unwrap_err();
            assert!(found.contains(problem), "{found}");
        }
    }
}
