//! Reading the fields of requests: every bad field is told at once, so that nobody mends them one by one.

use std::fmt::Display;

use townlink_proto::google::r#type as google;
use vocabulary::text::is_plain;
use vocabulary::{Date, Timestamp, time};

use super::{Denial, Violation};

/// The faults of a request, gathered while its fields are read.
#[derive(Debug, Default)]
pub struct Fields(Vec<Violation>);

impl Fields {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault.
    pub fn fault(&mut self, field: impl Into<String>, code: &'static str, message: impl Display) {
        self.0.push(Violation { field: field.into(), code, message: message.to_string() });
    }

    /// Takes a value that was read, or notes why it could not be.
    pub fn read<T, E: Display>(&mut self, field: &str, code: &'static str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.fault(field, code, error)).ok()
    }

    /// Takes a value that must be there, or notes what is expected.
    pub fn need<T>(&mut self, field: &str, value: Option<T>, expected: &str) -> Option<T> {
        self.read(field, "", value.ok_or(expected))
    }

    /// Takes a text that must not be empty nor too long.
    pub fn text(&mut self, field: &str, text: String, chars_max: usize) -> Option<String> {
        let length = text.chars().count();
        let fits = !text.trim().is_empty() && length <= chars_max;
        if fits && !is_plain(&text) {
            self.fault(field, "", NOT_PLAIN);
            return None;
        }
        self.need(field, fits.then_some(text), &format!("must be given, with at most {chars_max} characters"))
    }

    /// Notes a text, also an empty one, that is too long or not plain.
    pub fn words(&mut self, field: &str, text: &str, chars_max: usize) {
        if text.chars().count() > chars_max {
            self.fault(field, "", format_args!("must have at most {chars_max} characters"));
        } else {
            self.plain(field, text);
        }
    }

    /// Notes a text that is not plain; however long, and also empty.
    pub fn plain(&mut self, field: &str, text: &str) {
        if !is_plain(text) {
            self.fault(field, "", NOT_PLAIN);
        }
    }

    /// Takes a day that must be there.
    pub fn day(&mut self, field: &str, day: Option<&google::Date>) -> Option<Date> {
        let given = self.need(field, day, "must be given")?;
        self.some_day(field, Some(given)).flatten()
    }

    /// Takes a day that may be absent. None where it is given and does not exist.
    pub fn some_day(&mut self, field: &str, day: Option<&google::Date>) -> Option<Option<Date>> {
        let Some(day) = day else { return Some(None) };
        self.need(field, date(day), "there is no such day").map(Some)
    }

    /// Takes an instant that must be there.
    pub fn instant(&mut self, field: &str, at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
        self.need(field, at.and_then(instant), "must be an instant")
    }

    /// Gives what was built of the values, unless there was a fault.
    ///
    /// # Errors
    /// [`Denial::Malformed`] with every fault.
    pub fn finish<T>(self, built: Option<T>) -> Result<T, Denial> {
        match built {
            Some(built) if self.0.is_empty() => Ok(built),
            _ => Err(Denial::Malformed(self.0)),
        }
    }
}

const NOT_PLAIN: &str = "must not have control characters, nor characters that turn the direction of writing";

/// A day as contracts carry it.
#[must_use]
pub fn day_to_wire(day: Date) -> google::Date {
    google::Date { year: i32::from(day.year()), month: i32::from(day.month()), day: i32::from(day.day()) }
}

/// An instant as contracts carry it.
#[must_use]
pub fn instant_to_wire(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

fn date(day: &google::Date) -> Option<Date> {
    let year = i16::try_from(day.year).ok().filter(|year| (1..=9999).contains(year))?;
    Date::new(year, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
}

/// An instant as a contract carries it, in microseconds; finer parts are dropped.
#[must_use]
pub fn instant(at: &prost_types::Timestamp) -> Option<Timestamp> {
    let at = Timestamp::new(at.seconds, at.nanos).ok()?;
    time::from_us(time::to_us(at)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_told() {
        let mut fields = Fields::new();
        let day = fields.day("from", Some(&google::Date { year: 2026, month: 2, day: 30 }));
        let none = fields.day("to", None);
        let text = fields.text("reason", " ".to_owned(), 5);
        let long = fields.text("note", "六个字的说明".to_owned(), 5);
        assert_eq!((day, none, text, long), (None, None, None, None));
        let Err(Denial::Malformed(faults)) = fields.finish(Some(())) else { panic!("faults were noted") };
        let named: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(named, ["from", "to", "reason", "note"]);
    }

    #[test]
    fn what_does_not_read_as_it_is_stored_is_told() {
        let rows = [("张浦镇 3号", true), ("a\0b", false), ("a\nb", false), ("a\u{85}b", false), ("a\u{202e}b", false)];
        for (text, plain) in rows {
            let mut fields = Fields::new();
            assert_eq!(fields.text("title", text.to_owned(), 20).is_some(), plain, "{text:?}");
            fields.words("note", text, 20);
            assert_eq!(fields.0.len(), if plain { 0 } else { 2 }, "{text:?}");
        }
        let mut fields = Fields::new();
        fields.words("note", "六个字的说明", 5);
        fields.words("place", "", 5);
        assert_eq!(fields.0.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["note"]);
    }

    #[test]
    fn days_and_instants_read_back() {
        let day = Date::constant(2026, 3, 2);
        let mut fields = Fields::new();
        assert_eq!(fields.day("day", Some(&day_to_wire(day))), Some(day));
        assert_eq!(fields.some_day("day", None), Some(None));
        let at = time::from_us(1_772_413_200_123_456).expect("an instant");
        assert_eq!(fields.instant("at", Some(&instant_to_wire(at))), Some(at));
        assert_eq!(fields.instant("at", Some(&prost_types::Timestamp { seconds: i64::MAX, nanos: 0 })), None);
    }
}
