//! Days and instants of the town, and their written forms.
//!
//! The town lives in Asia/Shanghai, which is a fixed UTC+8 without daylight saving (overview.md, time words). The offset is a
//! constant here, so no time zone database is needed at run time and none can disagree. There is no `now`: the clock is an
//! argument of whoever needs it.

pub use jiff::Timestamp;
pub use jiff::civil::Date;

use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;

use crate::text::is_digits;

/// The town's distance from UTC.
pub const TOWN_OFFSET: Offset = Offset::constant(8);

/// A written day or instant that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text has not the one form that was asked for.
    #[error("the date must be written {expected}")]
    Form {
        /// The form asked for, such as `YYYY-MM-DD`.
        expected: &'static str,
    },
    /// The form is right, but the calendar has no such day, as 2012-02-30.
    #[error("there is no such day")]
    NoSuchDay,
    /// The instant lies outside the years that can be represented.
    #[error("the instant is out of range")]
    OutOfRange,
}

impl TimeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-DATE"
    }
}

/// The day it is in the town at an instant.
#[must_use]
pub fn town_date(at: Timestamp) -> Date {
    TOWN_OFFSET.to_datetime(at).date()
}

/// The instant at which a day begins in the town, 00:00.
///
/// The first representable day, ten thousand years before the town, saturates to the first instant.
#[must_use]
pub fn start_of_day(day: Date) -> Timestamp {
    instant(day.to_datetime(Time::midnight()))
}

/// The instant at which a day ends in the town, 24:00: the start of the next day, no longer part of this one.
///
/// A time limit for acts done online ends here (service-centre.md §3.5). The last representable day saturates.
#[must_use]
pub fn end_of_day(day: Date) -> Timestamp {
    day.tomorrow().map_or(Timestamp::MAX, start_of_day)
}

fn instant(local: DateTime) -> Timestamp {
    let nearest_end = if local.date().year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    TOWN_OFFSET.to_timestamp(local).unwrap_or(nearest_end)
}

/// Writes an instant as it is stored in papers, `2026-03-02T09:00:00+08:00` (identifiers.md §9.7).
#[must_use]
pub fn format_instant(at: Timestamp) -> String {
    at.display_with_offset(TOWN_OFFSET).to_string()
}

/// Microseconds since 1970-01-01T00:00:00Z, the stored form of an instant. Finer parts are dropped.
#[must_use]
pub fn to_us(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Reads the stored form of an instant back.
///
/// # Errors
/// [`TimeError::OutOfRange`] when the number lies outside the years −9999 to 9999.
pub fn from_us(us: i64) -> Result<Timestamp, TimeError> {
    Timestamp::from_microsecond(us).map_err(|_| TimeError::OutOfRange)
}

/// Reads `YYYY-MM-DD` and nothing else; the year is 0001 to 9999. `Display` of [`Date`] writes it.
///
/// # Errors
/// [`TimeError::Form`] for any other spelling, [`TimeError::NoSuchDay`] for a day such as 2012-02-30.
pub fn parse_date(input: &str) -> Result<Date, TimeError> {
    let form = TimeError::Form { expected: "YYYY-MM-DD" };
    match input.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => day_from(year, month, day, form),
        _ => Err(form),
    }
}

/// Reads `YYYYMMDD`, the exchange form of GB/T 39046, and nothing else.
///
/// # Errors
/// [`TimeError::Form`] for any other spelling, [`TimeError::NoSuchDay`] for a day that does not exist.
pub fn parse_basic(input: &str) -> Result<Date, TimeError> {
    let form = TimeError::Form { expected: "YYYYMMDD" };
    if input.len() != 8 || !is_digits(input) {
        return Err(form);
    }
    day_from(&input[..4], &input[4..6], &input[6..], form)
}

/// Writes `YYYYMMDD`, the exchange form of GB/T 39046.
#[must_use]
pub fn format_basic(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// Reads `YYYYMMDDhhmmss`, the exchange form of instants of GB/T 39046, in town time, and nothing else.
///
/// # Errors
/// [`TimeError::Form`] for any other spelling, [`TimeError::NoSuchDay`] for a day or an hour that does not exist. There are no
/// leap seconds.
pub fn parse_basic_instant(input: &str) -> Result<Timestamp, TimeError> {
    let form = TimeError::Form { expected: "YYYYMMDDhhmmss" };
    if input.len() != 14 || !is_digits(input) {
        return Err(form);
    }
    let part = |at: usize| input[at..at + 2].parse().map_err(|_| form);
    let day = parse_basic(&input[..8]).map_err(|error| if error == TimeError::NoSuchDay { error } else { form })?;
    let time = Time::new(part(8)?, part(10)?, part(12)?, 0).map_err(|_| TimeError::NoSuchDay)?;
    Ok(instant(day.to_datetime(time)))
}

/// Writes `YYYYMMDDhhmmss`, the exchange form of instants of GB/T 39046, in town time. Parts of a second are dropped.
#[must_use]
pub fn format_basic_instant(at: Timestamp) -> String {
    let local = TOWN_OFFSET.to_datetime(at);
    format!("{}{:02}{:02}{:02}", format_basic(local.date()), local.hour(), local.minute(), local.second())
}

/// Reads the day on the face of a paper, `2026年3月2日`: Arabic digits without leading zeros (GB/T 9704-2012, 7.3.5.4).
///
/// # Errors
/// [`TimeError::Form`] for any other spelling, [`TimeError::NoSuchDay`] for a day that does not exist.
pub fn parse_document_face(input: &str) -> Result<Date, TimeError> {
    let form = TimeError::Form { expected: "YYYY年M月D日" };
    let (year, rest) = input.split_once('年').ok_or(form)?;
    let (month, rest) = rest.split_once('月').ok_or(form)?;
    let day = rest.strip_suffix('日').ok_or(form)?;
    if month.starts_with('0') || day.starts_with('0') {
        return Err(form);
    }
    // A short number is padded, so that the one reader of digits below stays strict about widths.
    day_from(year, &format!("{month:0>2}"), &format!("{day:0>2}"), form)
}

/// Writes the day for the face of a paper, `2026年3月2日`.
#[must_use]
pub fn format_document_face(day: Date) -> String {
    format!("{:04}年{}月{}日", day.year(), day.month(), day.day())
}

fn day_from(year: &str, month: &str, day: &str, form: TimeError) -> Result<Date, TimeError> {
    let widths = (year.len(), month.len(), day.len());
    if widths != (4, 2, 2) || ![year, month, day].into_iter().all(is_digits) || year == "0000" {
        return Err(form);
    }
    let year = year.parse().map_err(|_| form)?;
    let month = month.parse().map_err(|_| form)?;
    let day = day.parse().map_err(|_| form)?;
    Date::new(year, month, day).map_err(|_| TimeError::NoSuchDay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_day_changes_at_midnight_in_the_town() {
        assert_eq!(town_date(at("2026-03-01T15:59:59.999999Z")), date(2026, 3, 1));
        assert_eq!(town_date(at("2026-03-01T16:00:00Z")), date(2026, 3, 2));
        assert_eq!(start_of_day(date(2026, 3, 2)), at("2026-03-02T00:00:00+08:00"));
        assert_eq!(end_of_day(date(2026, 3, 2)), at("2026-03-03T00:00:00+08:00"));
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        assert_eq!(start_of_day(Date::MIN), Timestamp::MIN);
        assert_eq!(end_of_day(Date::MAX), Timestamp::MAX);
        let _ = (town_date(Timestamp::MIN), town_date(Timestamp::MAX), start_of_day(Date::MAX));
        assert_eq!(from_us(i64::MAX), Err(TimeError::OutOfRange));
    }

    #[test]
    fn instants_are_written_with_the_town_offset() {
        assert_eq!(format_instant(at("2026-03-02T01:00:00Z")), "2026-03-02T09:00:00+08:00");
    }

    #[test]
    fn only_one_spelling_of_a_day_is_read() {
        assert_eq!(parse_date("2026-03-02"), Ok(date(2026, 3, 2)));
        assert_eq!(parse_date("2012-02-30"), Err(TimeError::NoSuchDay));
        assert_eq!(parse_basic("20120230"), Err(TimeError::NoSuchDay));
        let others = [
            "",
            "2026-3-2",
            "2026/03/02",
            "20260302",
            " 2026-03-02",
            "2026-03-02T00:00",
            "26-03-02",
            "+026-03-02",
            "-2026-03-02",
            "2026-03-0２",
            "0000-01-01",
            "2026-03-02-",
        ];
        for other in others {
            assert!(matches!(parse_date(other), Err(TimeError::Form { .. })), "{other}");
        }
        for other in ["2026-03-02", "2026032", "202603020", "2026030a", "0000０101"] {
            assert!(matches!(parse_basic(other), Err(TimeError::Form { .. })), "{other}");
        }
    }

    #[test]
    fn instants_are_exchanged_in_fourteen_digits_of_town_time() {
        assert_eq!(format_basic_instant(at("2026-03-02T01:00:00.999Z")), "20260302090000");
        assert_eq!(parse_basic_instant("20260302090000"), Ok(at("2026-03-02T09:00:00+08:00")));
        for none in ["20120230000000", "20260302240000", "20260302096000", "20260302090060"] {
            assert_eq!(parse_basic_instant(none), Err(TimeError::NoSuchDay), "{none}");
        }
        for other in ["", "20260302", "2026030209000", "202603020900000", "2026-03-02T09:0", "00000302090000"] {
            assert!(matches!(parse_basic_instant(other), Err(TimeError::Form { .. })), "{other}");
        }
    }

    #[test]
    fn a_paper_shows_no_leading_zeros() {
        assert_eq!(format_document_face(date(2026, 3, 2)), "2026年3月2日");
        assert_eq!(parse_document_face("2026年3月2日"), Ok(date(2026, 3, 2)));
        assert_eq!(parse_document_face("2026年2月29日"), Err(TimeError::NoSuchDay));
        for other in [
            "2026年03月2日",
            "2026年3月02日",
            "二〇二六年三月二日",
            "2026年3月2",
            "2026年月2日",
            "2026年3月2日起",
            "3月2日",
            "2026年2日",
        ] {
            assert!(parse_document_face(other).is_err(), "{other}");
        }
    }

    #[test]
    fn errors_carry_their_code() {
        assert_eq!(TimeError::NoSuchDay.code(), "ID-DATE");
    }

    fn days() -> impl Strategy<Value = Date> {
        (1i16..=9999, 1i8..=12, 1i8..=31).prop_filter_map("no such day", |(y, m, d)| Date::new(y, m, d).ok())
    }

    proptest! {
        #[test]
        fn every_written_form_reads_back(day in days()) {
            prop_assert_eq!(parse_date(&day.to_string()), Ok(day));
            prop_assert_eq!(parse_basic(&format_basic(day)), Ok(day));
            prop_assert_eq!(parse_document_face(&format_document_face(day)), Ok(day));
            let noon = start_of_day(day) + jiff::SignedDuration::from_secs(43_261);
            prop_assert_eq!(parse_basic_instant(&format_basic_instant(noon)), Ok(noon));
            prop_assert_eq!(town_date(start_of_day(day)), day);
            prop_assert_eq!(from_us(to_us(start_of_day(day))), Ok(start_of_day(day)));
        }

        #[test]
        fn no_text_makes_a_reader_panic(input in any::<String>(), near in "[0-9年月日０-]{0,12}") {
            for text in [&input, &near] {
                let _ = (parse_date(text), parse_basic(text), parse_document_face(text), parse_basic_instant(text));
            }
        }
    }
}
