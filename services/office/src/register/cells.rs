//! Reads the cells of one row into values, and keeps what is wrong with them.

use std::fmt::Display;

use vocabulary::text::{is_digits, is_plain, normalise};
use vocabulary::{Date, time};

use super::fault::{FaultCode, RowFaults};
use super::table::Row;

/// A row being read.
pub(crate) struct Cells<'a> {
    row: &'a Row,
    faults: RowFaults,
}

impl<'a> Cells<'a> {
    /// Begins to read a row. A cell that does not read as it would be stored is refused at once, whatever its column means; only
    /// a line break may stand in it.
    pub fn of(row: &'a Row) -> Self {
        let mut faults = RowFaults::of(row.number());
        for column in row.columns() {
            if !row.cell(column).lines().all(is_plain) {
                faults.refuse(
                    column,
                    FaultCode::Enum,
                    "has a character that controls or turns the direction of writing",
                );
            }
        }
        Self { row, faults }
    }

    /// What is wrong with the cells read so far.
    pub fn into_faults(self) -> RowFaults {
        self.faults
    }

    /// Refuses a column with `AU-ENUM`.
    pub fn refuse(&mut self, column: &'static str, message: impl Into<String>) {
        self.faults.refuse(column, FaultCode::Enum, message);
    }

    /// Refuses a column with `AU-DATE`.
    pub fn refuse_date(&mut self, column: &'static str, message: impl Into<String>) {
        self.faults.refuse(column, FaultCode::Date, message);
    }

    /// Whether nothing was found wrong with the cell yet.
    pub fn is_sound(&self, column: &'static str) -> bool {
        self.faults.sound(&[column])
    }

    /// Whether the cell is empty.
    pub fn is_empty(&self, column: &'static str) -> bool {
        self.row.cell(column).is_empty()
    }

    /// A free text, as it stands.
    pub fn text(&self, column: &'static str) -> String {
        self.row.cell(column).to_owned()
    }

    /// A free text that must be given.
    pub fn required_text(&mut self, column: &'static str) -> String {
        if self.is_empty(column) {
            self.refuse(column, "is required");
        }
        self.text(column)
    }

    /// A value, if one is given.
    pub fn value<T, E: Display>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        if self.is_empty(column) || !self.is_sound(column) {
            return None;
        }
        match read(self.row.cell(column)) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("{}: {error}", shown(self.row.cell(column)));
                self.refuse(column, message);
                None
            }
        }
    }

    /// A value that must be given.
    pub fn required<T, E: Display>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.is_empty(column) {
            self.refuse(column, "is required");
        }
        self.value(column, read)
    }

    /// A whole number from `least` on, if one is given.
    pub fn number(&mut self, column: &'static str, least: i64) -> Option<i64> {
        self.value(column, |cell| {
            whole(cell).filter(|number| *number >= least).ok_or_else(|| format!("a whole number from {least} on"))
        })
    }

    /// A day, if one is given.
    pub fn date(&mut self, column: &'static str) -> Option<Date> {
        if self.is_empty(column) || !self.is_sound(column) {
            return None;
        }
        match time::parse_date(&normalise(self.row.cell(column))) {
            Ok(date) => Some(date),
            Err(error) => {
                let message = format!("{}: {error}", shown(self.row.cell(column)));
                self.refuse_date(column, message);
                None
            }
        }
    }

    /// A list; every entry that cannot be read is told.
    pub fn list<T>(&mut self, column: &'static str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut values = Vec::new();
        if !self.is_sound(column) {
            return values;
        }
        for entry in self.row.list(column) {
            match read(entry) {
                Some(value) => values.push(value),
                None => self.faults.refuse(column, FaultCode::Enum, format!("{}: {wanted}", shown(entry))),
            }
        }
        values
    }

    /// Refuses each of the columns that is given though it has no meaning here.
    pub fn forbid(&mut self, columns: &[&'static str], why: &str) {
        for column in columns {
            if !self.is_empty(column) {
                self.refuse(column, why);
            }
        }
    }
}

/// Reads one of a closed list of codes, after normalising.
pub(crate) fn one_of<T: Copy>(cell: &str, all: &[(&str, T)]) -> Result<T, String> {
    let code = vocabulary::text::normalise_code(cell);
    let found = all.iter().find(|(known, _)| *known == code).map(|(_, value)| *value);
    found.ok_or_else(|| format!("one of {}", all.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ")))
}

/// The text as a message shows it: short, whatever was sent.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let short: String = text.chars().take(SHOWN_MAX).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

fn whole(cell: &str) -> Option<i64> {
    let digits = normalise(cell);
    (is_digits(&digits) && digits.len() <= 18).then(|| digits.parse().ok()).flatten()
}
