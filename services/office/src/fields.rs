//! Reading the fields of requests: every bad field is told at once, so that nobody mends them one by one.

use std::fmt::Display;

use runtime::page::Page;
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
        let length = text.chars().count();
        let fits = !text.trim().is_empty() && length <= chars_max;
        if fits && !is_plain(&text) {
            self.fault(field, "", NOT_PLAIN);
            return None;
        }
        self.need(field, fits.then_some(text), &format!("must be given, with at most {chars_max} characters"))
    }

    /// Notes a text, also an empty one, that is too long or not plain.
    pub(crate) fn words(&mut self, field: &str, text: &str, chars_max: usize) {
        if text.chars().count() > chars_max {
            self.fault(field, "", format_args!("must have at most {chars_max} characters"));
        } else if !is_plain(text) {
            self.fault(field, "", NOT_PLAIN);
        }
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

    /// Takes an instant that must be there.
    pub(crate) fn instant(&mut self, field: &str, at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
        self.need(field, at.and_then(instant), "must be an instant")
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

const NOT_PLAIN: &str = "must not have control characters, nor characters that turn the direction of writing";

/// Whether a text reads as it is stored: without control characters, and without what shows it in another order.
fn is_plain(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|c| c.is_control() || turns(c))
}

/// Reads which page of a list is wanted. Keys are text, so a token with other contents was not given by any list.
///
/// # Errors
/// [`Denial::Malformed`] for a bad size or token.
pub(crate) fn page(size: i32, token: &str, list: &str) -> Result<Page, Denial> {
    let page = Page::parse(size, token, list)?;
    if page.after().is_some_and(|key| !is_plain(key)) {
        return Err(bad_token());
    }
    Ok(page)
}

/// The fault of a page token that no list gave.
pub(crate) fn bad_token() -> Denial {
    Violation::malformed("page_token", "was not given by this list; begin again without a token").into()
}

/// The one-field fault of a name that was not given by this service.
pub(crate) fn no_name(field: &str, form: &str) -> Denial {
    Denial::from(Violation::malformed(field, format!("must be a name of the form {form}")))
}

/// A day as contracts carry it.
pub(crate) fn day_to_wire(day: Date) -> google::Date {
    google::Date { year: i32::from(day.year()), month: i32::from(day.month()), day: i32::from(day.day()) }
}

/// An instant as contracts carry it.
pub(crate) fn instant_to_wire(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

fn date(day: &google::Date) -> Option<Date> {
    let year = i16::try_from(day.year).ok().filter(|year| (1..=9999).contains(year))?;
    Date::new(year, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
}

/// Instants are kept in microseconds; finer parts are dropped.
pub(crate) fn instant(at: &prost_types::Timestamp) -> Option<Timestamp> {
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
    fn a_token_with_odd_contents_is_malformed() {
        let (_, token) = Page::parse(1, "", "papers").expect("a page").close(vec![1, 2], |_| "a\0b".to_owned());
        let Err(Denial::Malformed(faults)) = page(1, &token, "papers") else { panic!("it was not given by a list") };
        assert_eq!(faults[0].field, "page_token");
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
