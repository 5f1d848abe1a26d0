//! Reading the fields of requests: every bad field is told at once, so that nobody mends them one by one.

use std::fmt::Display;

use crate::relay::envelope::is_hidden;
use runtime::refusal::{Denial, Violation};
use townlink_proto::google::r#type as google;
use vocabulary::{Date, Timestamp, time};

/// The faults of a request, gathered while its fields are read.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<Violation>);

impl Fields {
    /// Nothing found yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, field: impl Into<String>, code: &'static str, message: impl Display) {
        self.0.push(Violation { field: field.into(), code, message: message.to_string() });
    }

    /// Takes a value that was read, or notes why it could not be.
    pub(crate) fn read<T, E: Display>(&mut self, field: &str, code: &'static str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.fault(field, code, error)).ok()
    }

    /// Takes a value that must be there, or notes what is expected.
    pub(crate) fn need<T>(&mut self, field: &str, value: Option<T>, expected: &str) -> Option<T> {
        self.read(field, "", value.ok_or(expected))
    }

    /// Takes a text that must not be empty nor too long.
    pub(crate) fn text(&mut self, field: &str, text: String, chars_max: usize) -> Option<String> {
        let fits = !text.trim().is_empty() && text.chars().count() <= chars_max && !text.chars().any(is_hidden);
        self.need(
            field,
            fits.then_some(text),
            &format!("must be given, with at most {chars_max} characters and no control characters"),
        )
    }

    /// Takes a day that must be there.
    pub(crate) fn day(&mut self, field: &str, day: Option<&google::Date>) -> Option<Date> {
        let given = self.need(field, day, "must be given")?;
        self.some_day(field, Some(given)).flatten()
    }

    /// Takes a day that may be absent. None where it is given and does not exist.
    #[expect(clippy::option_option, reason = "a fault, an absent day and a day are three things")]
    pub(crate) fn some_day(&mut self, field: &str, day: Option<&google::Date>) -> Option<Option<Date>> {
        let Some(day) = day else { return Some(None) };
        self.need(field, date(day), "there is no such day").map(Some)
    }

    /// Gives what was built of the values, unless there was a fault.
    ///
    /// # Errors
    /// [`Denial::Malformed`] with every fault.
    pub(crate) fn finish<T>(self, built: Option<T>) -> Result<T, Denial> {
        match built {
            Some(built) if self.0.is_empty() => Ok(built),
            _ => Err(Denial::Malformed(self.0)),
        }
    }
}

/// A day as contracts carry it.
pub(crate) fn day_to_wire(day: Date) -> google::Date {
    google::Date { year: i32::from(day.year()), month: i32::from(day.month()), day: i32::from(day.day()) }
}

/// An instant as contracts carry it.
pub(crate) fn instant_to_wire(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// An instant as a contract carries it, in microseconds; finer parts are dropped.
pub(crate) fn instant(at: &prost_types::Timestamp) -> Option<Timestamp> {
    let at = Timestamp::new(at.seconds, at.nanos).ok()?;
    time::from_us(time::to_us(at)).ok()
}

fn date(day: &google::Date) -> Option<Date> {
    let year = i16::try_from(day.year).ok().filter(|year| (1..=9999).contains(year))?;
    Date::new(year, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
}
