//! Files of rows: CSV in UTF-8, with or without a byte order mark, LF or CRLF, a header row, quoted as in RFC 4180; or a JSON array
//! with the same names ([`json`]). Which of them a file is, it tells by its first character.
//!
//! The columns are known by name and may stand in any order, but all of them must be there and no other. The header is row 1;
//! empty lines are no rows. Only the form is read here; what a cell means is the business of whoever asked for the column.

use std::collections::HashMap;

use super::fault::{Fault, FaultCode};

mod json;

/// The largest file that is read.
pub(crate) const FILE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// The most rows that a file may have; a county hands down hundreds of powers, and one decision must stay one transaction.
pub(crate) const ROWS_MAX: usize = 20_000;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file, read.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    faults: Vec<Fault>,
    count: u32,
}

/// One row of a file.
#[derive(Debug)]
pub(crate) struct Row {
    number: u32,
    columns: &'static [&'static str],
    cells: Vec<String>,
}

impl Row {
    /// The number of the row; the header is row 1.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The columns.
    pub const fn columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// The cell of a column, trimmed. Empty means not given.
    pub fn cell(&self, column: &str) -> &str {
        let place = self.columns.iter().position(|known| *known == column);
        place.and_then(|place| self.cells.get(place)).map_or("", |cell| cell.trim())
    }

    /// The entries of a list in a cell, which are joined by `;`.
    pub fn list(&self, column: &str) -> impl Iterator<Item = &str> {
        self.cell(column).split(';').map(str::trim).filter(|entry| !entry.is_empty())
    }
}

impl Table {
    /// Reads a file whose columns are `columns`.
    pub fn read(bytes: &[u8], columns: &'static [&'static str]) -> Self {
        let mut table = Self { rows: Vec::new(), faults: Vec::new(), count: 0 };
        if bytes.len() > FILE_BYTES_MAX {
            table.refuse(0, "", format!("the file has {} bytes, at most {FILE_BYTES_MAX} are read", bytes.len()));
            return table;
        }
        let body = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        if json::is_json(body) {
            return json::read(body, columns);
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(body);
        let mut records = reader.byte_records();
        let header = records.next().and_then(Result::ok).unwrap_or_default();
        let Some(places) = table.header(&header, columns) else { return table };
        for (number, record) in (2..).zip(records) {
            if table.count as usize == ROWS_MAX {
                table.refuse(number, "", format!("a file has at most {ROWS_MAX} rows"));
                break;
            }
            table.count += 1;
            match record {
                Ok(record) => table.row(number, &record, &places, columns),
                Err(error) => table.refuse(number, "", format!("the row cannot be read: {error}")),
            }
        }
        if body.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            // Whatever follows an open quotation mark is one cell; the rows in it would vanish without a word.
            let last = table.count + 1;
            table.refuse(last, "", "a quotation mark is not closed".to_owned());
        }
        table
    }

    /// The rows whose form is right, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many rows the file has, without its header.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// What is wrong with the form of the file.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Where each column stands, if each stands there once and no other does.
    fn header(&mut self, header: &csv::ByteRecord, columns: &'static [&'static str]) -> Option<Vec<usize>> {
        let mut places: HashMap<&'static str, usize> = HashMap::new();
        for (place, cell) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(cell);
            match columns.iter().find(|column| **column == name.trim()) {
                Some(column) if places.insert(column, place).is_none() => {}
                Some(column) => self.refuse(1, column, "the column stands twice".to_owned()),
                None => self.refuse(
                    1,
                    "",
                    format!("{:.64} is no column; the columns are {}", name.trim(), columns.join(",")),
                ),
            }
        }
        for column in columns {
            if !places.contains_key(column) {
                self.refuse(1, column, "the column is missing".to_owned());
            }
        }
        self.faults.is_empty().then(|| columns.iter().filter_map(|column| places.get(column).copied()).collect())
    }

    fn row(&mut self, number: u32, record: &csv::ByteRecord, places: &[usize], columns: &'static [&'static str]) {
        if record.len() != places.len() {
            let message = format!("the row has {} cells, the header {}", record.len(), places.len());
            return self.refuse(number, "", message);
        }
        let cell = |place: &usize| std::str::from_utf8(&record[*place]).map(str::to_owned);
        match places.iter().map(cell).collect::<Result<Vec<_>, _>>() {
            Ok(cells) => self.rows.push(Row { number, columns, cells }),
            Err(_) => self.refuse(number, "", "the row is not UTF-8".to_owned()),
        }
    }

    fn refuse(&mut self, row: u32, column: &'static str, message: String) {
        self.faults.push(Fault::new(row, column, FaultCode::Enum, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: &[&str] = &["code", "name"];

    fn cells(file: &[u8]) -> Vec<(u32, String, String)> {
        let table = Table::read(file, COLUMNS);
        assert_eq!(table.faults(), []);
        table.rows().iter().map(|row| (row.number(), row.cell("code").into(), row.cell("name").into())).collect()
    }

    fn faults(file: &[u8]) -> Vec<(u32, String)> {
        let table = Table::read(file, COLUMNS);
        table.faults().iter().map(|fault| (fault.row, format!("{}: {}", fault.column, fault.message))).collect()
    }

    #[test]
    fn line_ends_marks_quotes_and_the_order_of_columns_do_not_matter() {
        let expected = vec![(2, "A".to_owned(), "x, \"y\"".to_owned()), (3, "B".to_owned(), String::new())];
        assert_eq!(cells(b"code,name\nA,\"x, \"\"y\"\"\"\nB,\n"), expected);
        assert_eq!(cells(b"\xef\xbb\xbfcode,name\r\nA,\"x, \"\"y\"\"\"\r\n\r\nB, \r\n"), expected);
        assert_eq!(cells(b"name,code\n\"x, \"\"y\"\"\",A\n,B"), expected);
        assert_eq!(cells("code,name\nA,\"a\nb\"\n".as_bytes())[0].2, "a\nb");
    }

    #[test]
    fn the_header_is_exact() {
        assert_eq!(faults(b""), [(1, "code: the column is missing".into()), (1, "name: the column is missing".into())]);
        assert_eq!(faults(b"code,code,name\n")[0], (1, "code: the column stands twice".into()));
        assert_eq!(faults(b"code,nom,name\n")[0], (1, ": nom is no column; the columns are code,name".into()));
    }

    #[test]
    fn every_malformed_row_is_told_and_the_others_are_read() {
        let table = Table::read(b"code,name\nA\nB,b\n\xff,c\nD,d,d\nE,e\n", COLUMNS);
        let rows: Vec<_> = table.rows().iter().map(Row::number).collect();
        let faults: Vec<_> = table.faults().iter().map(|fault| fault.row).collect();
        assert_eq!((rows, faults, table.count()), (vec![3, 6], vec![2, 4, 5], 5));
    }

    #[test]
    fn an_open_quotation_mark_is_told() {
        assert_eq!(faults(b"code,name\nA,\"b\nC,d\n").last(), Some(&(2, ": a quotation mark is not closed".into())));
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(faults(&vec![b'a'; FILE_BYTES_MAX + 1]).len(), 1);
        let long = format!("code,name\n{}", "A,b\n".repeat(ROWS_MAX + 2));
        assert_eq!(faults(long.as_bytes()).len(), 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "(code|name|[,\"\n\r;|]|[^,]){0,60}") {
            for file in [bytes.as_slice(), text.as_bytes()] {
                let table = Table::read(file, COLUMNS);
                prop_assert!(table.rows().len() + table.faults().len() >= table.count() as usize);
            }
        }
    }
}
