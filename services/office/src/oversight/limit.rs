//! Time limits in working days of the official calendar.
//!
//! Where the calendar of a year is missing, the last day is undetermined: that is told at once, and the day is derived when the year
//! is loaded.

use jiff::SignedDuration;
use vocabulary::period::add_working_days;
use vocabulary::{Date, Deadline, Timestamp, WorkingCalendar, time};

/// A number of working days from the day on which they begin, which is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// When they begin.
    pub since: Timestamp,
    /// How many they are.
    pub days: u32,
    /// The last one.
    pub deadline: Deadline,
    /// The version of the calendar that it was derived from.
    pub calendar: String,
}

impl Limit {
    /// Working days from an instant on.
    pub(crate) fn within(since: Timestamp, days: u32, calendar: &WorkingCalendar) -> Self {
        let deadline = Deadline::from(add_working_days(time::town_date(since), days, calendar));
        Self { since, days, deadline, calendar: calendar.version().to_owned() }
    }

    /// The last day on which one is in time.
    pub(crate) const fn last_day(&self) -> Option<Date> {
        self.deadline.date()
    }

    /// The year whose calendar is missing.
    pub(crate) const fn missing_year(&self) -> Option<i16> {
        match self.deadline {
            Deadline::On(_) => None,
            Deadline::Undetermined { year } => Some(year),
        }
    }

    /// The beginning of the last day.
    pub(crate) fn last_day_begins(&self) -> Option<Timestamp> {
        self.last_day().map(time::start_of_day)
    }

    /// The first instant at which it is over. At 24:00 of the last day one is still in time (relay-and-sharing.md §8.9, test 11).
    pub(crate) fn over_at(&self) -> Option<Timestamp> {
        let end = time::end_of_day(self.last_day()?);
        Some(end.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX))
    }

    /// Whether it is over at an instant. A last day that cannot be told is not over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.over_at().is_some_and(|at| at <= now)
    }

    /// The limit with its last day, where that could not be told before and can be now; none where nothing changes.
    pub(crate) fn derived(&self, calendar: &WorkingCalendar) -> Option<Self> {
        self.missing_year()?;
        let derived = Self::within(self.since, self.days, calendar);
        (derived.missing_year().is_none() || derived.missing_year() != self.missing_year()).then_some(derived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_last_day_is_in_time_to_its_end() {
        let limit = Limit::within(at("2026-04-01T10:00:00+08:00"), 5, WorkingCalendar::official());
        assert_eq!(limit.last_day(), Some(Date::constant(2026, 4, 9)));
        assert_eq!(limit.last_day_begins(), Some(at("2026-04-09T00:00:00+08:00")));
        assert!(!limit.is_over(at("2026-04-09T23:59:59+08:00")));
        assert!(!limit.is_over(time::end_of_day(Date::constant(2026, 4, 9))));
        assert!(limit.is_over(at("2026-04-10T00:00:01+08:00")));
        assert_eq!(limit.derived(WorkingCalendar::official()), None);
    }

    #[test]
    fn a_year_without_a_calendar_leaves_the_last_day_open_until_it_is_loaded() {
        let limit = Limit::within(at("2026-12-30T10:00:00+08:00"), 5, WorkingCalendar::official());
        assert_eq!((limit.last_day(), limit.missing_year(), limit.over_at()), (None, Some(2027), None));
        assert!(!limit.is_over(at("2030-01-01T00:00:00+08:00")));
        assert_eq!(limit.derived(WorkingCalendar::official()), None);
        let loaded = loaded_with_2027();
        let derived = limit.derived(&loaded).expect("the year is loaded");
        assert_eq!((derived.missing_year(), derived.since), (None, limit.since));
        assert!(derived.last_day().is_some_and(|day| day.year() == 2027));
        assert_ne!(derived.calendar, limit.calendar);
    }

    /// The official calendar with a year that has the days off of 2026.
    fn loaded_with_2027() -> WorkingCalendar {
        let list = WorkingCalendar::official().year(2026).expect("the year is there");
        let moved = |it: vocabulary::ListedDay| {
            let date = Date::new(2027, it.date.month(), it.date.day()).expect("neither year is a leap year");
            vocabulary::ListedDay { date, ..it }
        };
        let days = list.days.into_iter().map(moved).collect();
        WorkingCalendar::official().with_correction(vocabulary::CalendarYear { year: 2027, days }).expect("a year")
    }
}
