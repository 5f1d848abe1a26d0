//! The hours of the working day (办公时间).
//!
//! An ordinary time limit alarms somebody who is there: in working hours of working days. Which hours those are is a setting of
//! the town; which days, the calendar says, and a year without a calendar has none.

use std::fmt;

use jiff::SignedDuration;

use crate::calendar::{NoCalendar, WorkingCalendar};
use crate::text::is_digits;
use crate::time::{Date, Timestamp, start_of_day, town_date};

/// The hours of every working day: spans in order, each from its first minute up to but not including its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingHours {
    spans: Vec<Span>,
}

/// Minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: u16,
    to: u16,
}

/// Texts that are no working hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkingHoursError {
    /// A span is not written as it must be, or ends before it begins.
    #[error("{0} is no span of hours; write it as 09:00-12:00")]
    Form(String),
    /// There is no span, or one begins before the one before it has ended.
    #[error("there must be one span or more, each after the one before it")]
    Order,
}

impl WorkingHours {
    /// Reads spans such as `09:00-12:00`, in order.
    ///
    /// # Errors
    /// [`WorkingHoursError`] where a text is no span, or the spans are none or out of order.
    pub fn parse<T: AsRef<str>>(spans: &[T]) -> Result<Self, WorkingHoursError> {
        let spans: Vec<_> = spans.iter().map(|text| span(text.as_ref())).collect::<Result<_, _>>()?;
        if spans.is_empty() || spans.windows(2).any(|pair| pair[1].from < pair[0].to) {
            return Err(WorkingHoursError::Order);
        }
        Ok(Self { spans })
    }

    /// The first instant, not before `at`, that lies in working hours.
    ///
    /// # Errors
    /// [`NoCalendar`] where that takes a year whose calendar is not loaded.
    pub fn first_from(&self, at: Timestamp, calendar: &WorkingCalendar) -> Result<Timestamp, NoCalendar> {
        let mut day = town_date(at);
        loop {
            if calendar.is_working_day(day)? {
                let open = self.spans.iter().find(|span| at < instant(day, span.to));
                if let Some(span) = open {
                    return Ok(at.max(instant(day, span.from)));
                }
            }
            day = day.tomorrow().map_err(|_| NoCalendar { year: 10_000 })?;
        }
    }

    /// The instant at which work begins on a day.
    #[must_use]
    pub fn begin_of(&self, day: Date) -> Timestamp {
        self.spans.first().map_or_else(|| start_of_day(day), |span| instant(day, span.from))
    }
}

impl Default for WorkingHours {
    /// 09:00 to 12:00 and 13:00 to 17:00.
    fn default() -> Self {
        Self { spans: vec![Span { from: 9 * 60, to: 12 * 60 }, Span { from: 13 * 60, to: 17 * 60 }] }
    }
}

impl fmt::Display for WorkingHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Span { from, to }) in self.spans.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        Ok(())
    }
}

fn instant(day: Date, minute: u16) -> Timestamp {
    let midnight = start_of_day(day);
    midnight.checked_add(SignedDuration::from_mins(i64::from(minute))).unwrap_or(midnight)
}

fn span(text: &str) -> Result<Span, WorkingHoursError> {
    let read = text.split_once('-').and_then(|(from, to)| Some(Span { from: minutes(from)?, to: minutes(to)? }));
    read.filter(|span| span.from < span.to).ok_or_else(|| WorkingHoursError::Form(text.to_owned()))
}

/// `HH:MM`, up to 24:00.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 || !is_digits(hour) || !is_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= 24 * 60).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}:00+08:00").parse().expect("an instant")
    }

    #[test]
    fn an_instant_outside_moves_to_the_next_opening() {
        let hours = WorkingHours::default();
        let rows = [
            ("2026-03-02T08:59", "2026-03-02T09:00"),
            ("2026-03-02T09:00", "2026-03-02T09:00"),
            ("2026-03-02T11:59", "2026-03-02T11:59"),
            ("2026-03-02T12:00", "2026-03-02T13:00"),
            ("2026-03-02T17:00", "2026-03-03T09:00"),
            // A Friday evening, and the make-up Saturday before the Spring Festival of 2026.
            ("2026-03-06T18:00", "2026-03-09T09:00"),
            ("2026-02-13T18:00", "2026-02-14T09:00"),
        ];
        for (given, expected) in rows {
            assert_eq!(hours.first_from(at(given), WorkingCalendar::official()), Ok(at(expected)), "{given}");
        }
        assert_eq!(hours.begin_of(Date::constant(2026, 3, 2)), at("2026-03-02T09:00"));
    }

    #[test]
    fn a_year_without_a_calendar_has_no_hours() {
        let hours = WorkingHours::default();
        let late = hours.first_from(at("2026-12-31T17:00"), WorkingCalendar::official());
        assert_eq!(late, Err(NoCalendar { year: 2027 }));
    }

    #[test]
    fn hours_are_read_and_written() {
        let hours = WorkingHours::parse(&["08:30-11:30", "13:30-24:00"]).expect("hours");
        assert_eq!(hours.to_string(), "08:30-11:30 13:30-24:00");
        assert_eq!(WorkingHours::parse(&["09:00-12:00", "13:00-17:00"]), Ok(WorkingHours::default()));
        for wrong in [
            "",
            "9:00-12:00",
            "09:00",
            "12:00-09:00",
            "09:00-09:00",
            "09:60-10:00",
            "09:00-24:01",
            "09:0-12:00",
            "+9:00-12:00",
            "09:+5-12:00",
        ] {
            assert_eq!(WorkingHours::parse(&[wrong]), Err(WorkingHoursError::Form(wrong.to_owned())));
        }
        assert_eq!(WorkingHours::parse::<&str>(&[]), Err(WorkingHoursError::Order));
        assert_eq!(WorkingHours::parse(&["13:00-17:00", "09:00-12:00"]), Err(WorkingHoursError::Order));
    }

    proptest! {
        #[test]
        fn the_opening_is_never_before_and_stays_where_it_is(minutes in 0i64..300 * 24 * 60) {
            let (hours, calendar) = (WorkingHours::default(), WorkingCalendar::official());
            let given = start_of_day(Date::constant(2026, 1, 1)) + SignedDuration::from_mins(minutes);
            let open = hours.first_from(given, calendar).expect("2026 is loaded");
            prop_assert!(open >= given);
            prop_assert_eq!(hours.first_from(open, calendar), Ok(open));
            prop_assert_eq!(calendar.is_working_day(town_date(open)), Ok(true));
        }
    }
}
