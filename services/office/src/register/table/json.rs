//! Files of rows as a JSON array of objects with the names of the columns (authority.md §2.7).
//!
//! The first object is row 2, as it would be in a CSV with its header, so that both forms of one file are told the same faults in
//! the same rows. A key that is absent, null or empty is not given. Sums of money are texts: a JSON number loses what it cannot
//! hold without a word (identifiers.md §9.8).

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{ROWS_MAX, Row, Table};
use crate::register::fault::{Fault, FaultCode};

/// The columns whose cell is a list, and so may be an array of texts.
const LISTS: [&str; 5] = ["basis", "violation_basis", "penalty_kinds", "measures", "related_to"];

/// The columns whose cell is a whole number that is no sum of money.
const NUMBERS: [&str; 2] = ["batch", "related"];

/// Whether a file is JSON: no header of a CSV begins so.
pub(super) fn is_json(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

/// Reads a file.
pub(super) fn read(body: &[u8], columns: &'static [&'static str]) -> Table {
    let mut table = Table { rows: Vec::new(), faults: Vec::new(), count: 0 };
    let elements: Vec<&RawValue> = match serde_json::from_slice(body) {
        Ok(elements) => elements,
        Err(error) => {
            table.refuse(1, "", format!("the file is no JSON array: {error}"));
            return table;
        }
    };
    for (number, element) in (2..).zip(elements) {
        if table.count as usize == ROWS_MAX {
            table.refuse(number, "", format!("a file has at most {ROWS_MAX} rows"));
            break;
        }
        table.count += 1;
        match serde_json::from_str::<Object<'_>>(element.get()) {
            Ok(object) => match cells(number, &object, columns) {
                Ok(cells) => table.rows.push(Row { number, columns, cells }),
                Err(faults) => table.faults.extend(faults),
            },
            Err(_) => table.refuse(number, "", "the row is no object".to_owned()),
        }
    }
    table
}

/// The cells of an object, in the order of the columns; or what is wrong with its form.
fn cells(number: u32, object: &Object<'_>, columns: &'static [&'static str]) -> Result<Vec<String>, Vec<Fault>> {
    let mut cells = vec![None; columns.len()];
    let mut faults = Vec::new();
    for (key, value) in &object.0 {
        let Some(place) = columns.iter().position(|column| column == key) else {
            let message = format!("{key:.64} is no column; the columns are {}", columns.join(","));
            faults.push(Fault::new(number, "", FaultCode::Enum, message));
            continue;
        };
        let read = match cells[place] {
            Some(_) => Err("the column stands twice".to_owned()),
            None => cell(columns[place], value),
        };
        match read {
            Ok(text) => cells[place] = Some(text),
            Err(message) => faults.push(Fault::new(number, columns[place], FaultCode::Enum, message)),
        }
    }
    if faults.is_empty() { Ok(cells.into_iter().map(Option::unwrap_or_default).collect()) } else { Err(faults) }
}

fn cell(column: &'static str, value: &RawValue) -> Result<String, String> {
    let list = LISTS.contains(&column);
    match serde_json::from_str(value.get()) {
        Ok(Cell::Absent(())) => Ok(String::new()),
        Ok(Cell::Text(text)) => Ok(text),
        Ok(Cell::Number(number)) if NUMBERS.contains(&column) => Ok(number.to_string()),
        Ok(Cell::List(entries)) if list && entries.iter().all(|entry| !entry.contains(';')) => Ok(entries.join(";")),
        Ok(Cell::List(_)) if list => Err("an entry of a list holds no ;".to_owned()),
        Ok(Cell::Number(_) | Cell::List(_)) | Err(_) => {
            let form = match (list, NUMBERS.contains(&column)) {
                (true, _) => "a text, or an array of texts",
                (false, true) => "a whole number, or a text",
                (false, false) => "a text",
            };
            Err(format!("must be {form}"))
        }
    }
}

/// A value as a cell.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Absent(()),
    Text(String),
    Number(u64),
    List(Vec<String>),
}

/// An object with every key as it stands: a key that stands twice must be told, not be the last of the two.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut keys = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    keys.push(entry);
                }
                Ok(Object(keys))
            }
        }

        from.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: &[&str] = &["code", "batch", "basis", "fine_min_yuan"];

    fn faults(file: &str) -> Vec<(u32, String)> {
        let table = Table::read(file.as_bytes(), COLUMNS);
        table.faults().iter().map(|fault| (fault.row, format!("{}: {}", fault.column, fault.message))).collect()
    }

    #[test]
    fn rows_count_and_read_as_in_a_csv() {
        let json =
            r#" [{"code":"A","batch":1,"basis":["x|法律|一","y|法律|二"]},{"basis":null,"code":"B","batch":"2"},{}]"#;
        let csv = "code,batch,basis,fine_min_yuan\nA,1,x|法律|一;y|法律|二,\nB,2,,\n,,,\n";
        let read = |file: &str| {
            let table = Table::read(file.as_bytes(), COLUMNS);
            assert_eq!((table.faults(), table.count()), (&[][..], 3));
            let row = |row: &Row| {
                (row.number(), COLUMNS.iter().map(|column| row.cell(column).to_owned()).collect::<Vec<_>>())
            };
            table.rows().iter().map(row).collect::<Vec<_>>()
        };
        assert_eq!(read(json), read(csv));
        assert_eq!(read(&format!("\u{feff}{json}")), read(csv));
    }

    #[test]
    fn what_is_no_array_of_objects_is_told() {
        assert_eq!(faults("[").len(), 1);
        assert_eq!(faults("[] []").len(), 1);
        assert_eq!(faults("[{}] x")[0].0, 1);
        assert_eq!(faults(r#"[{},1,[],"a",{}]"#), [3, 4, 5].map(|row| (row, ": the row is no object".to_owned())));
    }

    #[test]
    fn a_cell_has_the_form_of_its_column() {
        let file = r#"[{"code":1},{"code":["A"]},{"code":true},{"code":{"a":1}},{"batch":1.5},{"batch":-1},{"basis":["a;b"]},{"basis":1}]"#;
        let messages: Vec<_> = faults(file).into_iter().map(|(_, message)| message).collect();
        assert_eq!(
            messages,
            [
                "code: must be a text",
                "code: must be a text",
                "code: must be a text",
                "code: must be a text",
                "batch: must be a whole number, or a text",
                "batch: must be a whole number, or a text",
                "basis: an entry of a list holds no ;",
                "basis: must be a text, or an array of texts",
            ]
        );
    }

    #[test]
    fn money_is_no_number() {
        assert_eq!(faults(r#"[{"fine_min_yuan":200}]"#), [(2, "fine_min_yuan: must be a text".to_owned())]);
        assert_eq!(faults(r#"[{"fine_min_yuan":"200"}]"#), []);
    }

    #[test]
    fn keys_are_columns_and_stand_once() {
        assert_eq!(faults(r#"[{"code":"A","code":"B"}]"#), [(2, "code: the column stands twice".to_owned())]);
        assert_eq!(
            faults(r#"[{"nom":"A"}]"#),
            [(2, ": nom is no column; the columns are code,batch,basis,fine_min_yuan".to_owned())]
        );
    }

    #[test]
    fn rows_are_bounded() {
        let long = format!("[{}{{}}]", "{},".repeat(ROWS_MAX + 1));
        assert_eq!(faults(&long).len(), 1);
        assert_eq!(faults(&format!("[{}]", "[".repeat(10_000))).len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in r#"\[[\[\]{}",:a1;\\ ]{0,40}"#, near in r#"\[(\{"(code|batch|basis)":("[^"]{0,4}"|1|null|\["a"\])\},?){0,4}\]?"#) {
            for file in [&text, &near] {
                let table = Table::read(file.as_bytes(), COLUMNS);
                prop_assert!(table.rows().len() <= table.count() as usize);
            }
        }
    }
}
