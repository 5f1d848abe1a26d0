//! What a command prints: tables for people, canonical proto JSON for programs. A reader who closes the pipe early ends the
//! command quietly.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use comfy_table::{Table, presets};
use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;
use townlink_proto::google::r#type::Date as WireDate;
use vocabulary::text::is_hidden;

use crate::problem::Problem;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(townlink_proto::DESCRIPTOR_SET).expect("the contract crate compiled the set")
});

/// For whom a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A person: tables.
    Person,
    /// A program: JSON.
    Program,
}

/// Where a command prints.
#[derive(Debug, Clone)]
pub struct Output {
    reader: Reader,
    record: Option<Arc<Mutex<Record>>>,
}

/// What a command printed, kept instead of shown: for a program that runs commands and looks at both forms.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// What a person would have read.
    pub text: String,
    /// What a program would have read, value by value.
    pub values: Vec<Value>,
}

impl Output {
    /// Prints for a reader.
    #[must_use]
    pub const fn new(reader: Reader) -> Self {
        Self { reader, record: None }
    }

    /// Keeps what is printed.
    #[must_use]
    pub const fn recorded(record: Arc<Mutex<Record>>) -> Self {
        Self { reader: Reader::Person, record: Some(record) }
    }

    /// For whom it prints.
    #[must_use]
    pub const fn reader(&self) -> Reader {
        self.reader
    }

    /// Prints a message of a contract: as a table, or as canonical proto JSON.
    pub fn message<M: Message + Name>(&self, message: &M, table: impl FnOnce(&M) -> Table) -> Result<(), Problem> {
        let value = to_json(message)?;
        self.value(&value, || render(&table(message)))
    }

    /// Prints a value that no contract has: as text, or as JSON.
    pub fn value(&self, value: &Value, text: impl FnOnce() -> String) -> Result<(), Problem> {
        if let Some(record) = &self.record {
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            record.text.push_str(&harmless(&text()));
            record.text.push('\n');
            record.values.push(value.clone());
            return Ok(());
        }
        match self.reader {
            Reader::Person => self.line(&harmless(&text())),
            Reader::Program => {
                let text = serde_json::to_string_pretty(value).map_err(|error| Problem::failed("output", error))?;
                self.line(&text)
            }
        }
    }

    /// Writes bytes as they are.
    pub fn raw(&self, bytes: &[u8]) -> Result<(), Problem> {
        if let Some(record) = &self.record {
            record.lock().unwrap_or_else(PoisonError::into_inner).text.push_str(&String::from_utf8_lossy(bytes));
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe { Problem::Closed } else { Problem::failed("output", error) }
        })
    }

    /// Writes a line.
    pub fn line(&self, text: &str) -> Result<(), Problem> {
        self.raw(format!("{text}\n").as_bytes())
    }
}

/// The canonical proto JSON of a message: 64-bit numbers as text, instants as RFC 3339, enums by name, bytes as base64.
pub fn to_json<M: Message + Name>(message: &M) -> Result<Value, Problem> {
    let wrong = |error: &dyn std::fmt::Display| Problem::failed("output", error);
    let descriptor =
        POOL.get_message_by_name(&M::full_name()).ok_or_else(|| wrong(&"the contract lacks the message"))?;
    let dynamic =
        DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).map_err(|error| wrong(&error))?;
    serde_json::to_value(&dynamic).map_err(|error| wrong(&error))
}

/// A table with a header, without borders: two spaces between columns, wide characters counted as two.
#[must_use]
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    table
}

/// A table of facts: a name and a value on each line, without header. Facts with an empty value are left out.
#[must_use]
pub fn facts(rows: impl IntoIterator<Item = (&'static str, String)>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        table.add_row([name.to_owned(), value]);
    }
    table
}

/// The text of a table, without white space at the ends of lines.
#[must_use]
pub fn render(table: &Table) -> String {
    let text = table.to_string();
    let lines: Vec<_> = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n")
}

/// A text without what would steer a terminal or turn the direction of reading: such characters are shown by their number. What
/// others wrote into a title must not look like what the town says.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for it in text.chars() {
        if it != '\n' && is_hidden(it) {
            shown.extend(it.escape_unicode());
        } else {
            shown.push(it);
        }
    }
    shown
}

/// An enum's value without the prefix of its type: `INBOX_STAGE_SIGNED_FOR` is `SIGNED_FOR`; what is not given is empty.
#[must_use]
pub fn short(name: &str, prefix: &str) -> String {
    let rest = name.strip_prefix(prefix).map_or(name, |rest| rest.trim_start_matches('_'));
    if rest == "UNSPECIFIED" { String::new() } else { rest.to_owned() }
}

/// An instant in town time, `2026-03-02 09:00:00`; empty where there is none.
#[must_use]
pub fn instant(at: Option<&prost_types::Timestamp>) -> String {
    let Some(at) = at else { return String::new() };
    match jiff::Timestamp::new(at.seconds, at.nanos) {
        Ok(at) => vocabulary::time::TOWN_OFFSET.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => "?".to_owned(),
    }
}

/// A day, `2026-03-02`; empty where there is none.
#[must_use]
pub fn day(date: Option<&WireDate>) -> String {
    date.map(|it| format!("{:04}-{:02}-{:02}", it.year, it.month, it.day)).unwrap_or_default()
}

/// The first digits of a digest, enough to tell it from others on a screen.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let text = hex::encode(bytes);
    if text.len() > 16 { format!("{}…", &text[..16]) } else { text }
}

/// A bar for long work: on a terminal only, and never in the way of the output.
#[must_use]
pub fn progress(what: &str, total: u64) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}")
        .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar());
    let bar = indicatif::ProgressBar::new(total).with_style(style);
    bar.set_message(what.to_owned());
    bar
}

/// Tells a person, on a terminal only, for what the program waits. Gone when it is dropped.
#[must_use]
pub fn waiting(what: &str) -> Waiting {
    let bar = if io::stderr().is_terminal() {
        indicatif::ProgressBar::new_spinner()
    } else {
        indicatif::ProgressBar::hidden()
    };
    bar.set_message(format!("waiting for {what}"));
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    Waiting(bar)
}

/// What [`waiting`] shows.
#[derive(Debug)]
pub struct Waiting(indicatif::ProgressBar);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        let mut table = table(&["名称", "code"]);
        table.add_row(["综合执法局", "ENFORCEMENT"]);
        table.add_row(["a", "b"]);
        assert_eq!(render(&table), "名称        code\n综合执法局  ENFORCEMENT\na           b");
    }

    #[test]
    fn what_steers_a_terminal_is_shown_by_its_number() {
        let mut table = table(&["名称"]);
        table.add_row(["a\u{1b}[2J\u{202e}b\u{9b}c\u{2066}\u{200f}"]);
        let shown = harmless(&render(&table));
        assert_eq!(shown, "名称\na\\u{1b}[2J\\u{202e}b\\u{9b}c\\u{2066}\\u{200f}");
    }

    #[test]
    fn facts_without_a_value_are_left_out() {
        let table = facts([("number", "昆政发〔2026〕5号".to_owned()), ("due", String::new())]);
        assert_eq!(render(&table), "number  昆政发〔2026〕5号");
    }

    #[test]
    fn enum_values_lose_their_prefix() {
        assert_eq!(short("INBOX_STAGE_SIGNED_FOR", "INBOX_STAGE"), "SIGNED_FOR");
        assert_eq!(short("INBOX_STAGE_UNSPECIFIED", "INBOX_STAGE"), "");
    }

    #[test]
    fn an_instant_is_shown_in_town_time() {
        let at = prost_types::Timestamp { seconds: 1_772_413_200, nanos: 0 };
        assert_eq!(instant(Some(&at)), "2026-03-02 09:00:00");
        assert_eq!(day(Some(&WireDate { year: 2026, month: 3, day: 2 })), "2026-03-02");
    }
}
