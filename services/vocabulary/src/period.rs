//! When a time limit ends.
//!
//! The day on which a period starts is not counted; a period of months ends on the same-numbered day, or on the month's last
//! (民法典 arts. 201–202). Whether an end on a day off moves to the next working day depends on whom the period binds, so the
//! caller must say it: [`LastDay`]. Where a needed year has no calendar, the act stands and its deadline is undetermined
//! (service-centre.md §3.6).

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Span};

use crate::calendar::{NoCalendar, WorkingCalendar};
use crate::suspension::Suspensions;
use crate::text::is_digits;
use crate::time::{Date, Timestamp};

/// What a period is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Working days of the official calendar (工作日), `WD`.
    WorkingDays,
    /// Natural days (日), `ND`.
    NaturalDays,
    /// Months (月), `M`.
    Months,
}

impl Unit {
    const ALL: [Self; 3] = [Self::WorkingDays, Self::NaturalDays, Self::Months];

    /// The code of the unit: `WD`, `ND` or `M`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WorkingDays => "WD",
            Self::NaturalDays => "ND",
            Self::Months => "M",
        }
    }
}

/// A length of time that a rule sets, such as 20 working days. Written `20 WD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// How many units. Zero is the same day (即办件).
    pub length: u32,
    /// What they are.
    pub unit: Unit,
}

impl Period {
    /// A period of working days.
    #[must_use]
    pub const fn working_days(length: u32) -> Self {
        Self { length, unit: Unit::WorkingDays }
    }

    /// A period of natural days.
    #[must_use]
    pub const fn natural_days(length: u32) -> Self {
        Self { length, unit: Unit::NaturalDays }
    }

    /// A period of months.
    #[must_use]
    pub const fn months(length: u32) -> Self {
        Self { length, unit: Unit::Months }
    }

    /// A period of years, which is one of twelve times as many months.
    #[must_use]
    pub const fn years(length: u16) -> Self {
        Self::months(length as u32 * 12)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.length, self.unit.code())
    }
}

/// A text that is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period is a number and WD, ND or M, such as 20 WD")]
pub struct PeriodError;

impl PeriodError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-PERIOD"
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let (length, unit) = input.split_once(' ').ok_or(PeriodError)?;
        if !is_digits(length) {
            return Err(PeriodError);
        }
        let length = length.parse().map_err(|_| PeriodError)?;
        let unit = Unit::ALL.into_iter().find(|known| known.code() == unit).ok_or(PeriodError)?;
        Ok(Self { length, unit })
    }
}

/// What becomes of a last day that is not a working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LastDay {
    /// The period ends on the next working day (民法典 art. 203): a period that a party may use.
    RollsForward,
    /// The period ends all the same: one that limits the organ's interference, as a seizure of 30 days.
    Stands,
}

/// The last day of a period that starts on `from`.
///
/// # Errors
/// [`NoCalendar`] when a year is needed whose calendar is not loaded, or a day after 9999 (its year is then 10000).
pub fn due(from: Date, period: Period, last_day: LastDay, calendar: &WorkingCalendar) -> Result<Date, NoCalendar> {
    due_suspended(from, period, last_day, &Suspensions::none(), calendar)
}

/// The last day of a period that starts on `from` and stands still on the days of `suspensions`.
///
/// Working days and natural days inside a suspension are not counted; a period of months grows by the suspended natural days
/// that fall into it. An end that rolls forward comes to rest on a day that is not suspended.
///
/// # Errors
/// As [`due`].
pub fn due_suspended(
    from: Date,
    period: Period,
    last_day: LastDay,
    suspensions: &Suspensions,
    calendar: &WorkingCalendar,
) -> Result<Date, NoCalendar> {
    let length = i64::from(period.length);
    let end = match period.unit {
        Unit::WorkingDays => nth_working_day_after(from, period.length, suspensions, calendar)?,
        Unit::NaturalDays => stretched(from, later(from, Span::new().try_days(length))?, suspensions)?,
        Unit::Months => stretched(from, later(from, Span::new().try_months(length))?, suspensions)?,
    };
    match last_day {
        LastDay::Stands => Ok(end),
        LastDay::RollsForward => first_working_day_from(end, suspensions, calendar),
    }
}

/// The `length`th working day after `from`.
///
/// # Errors
/// As [`due`].
pub fn add_working_days(from: Date, length: u32, calendar: &WorkingCalendar) -> Result<Date, NoCalendar> {
    nth_working_day_after(from, length, &Suspensions::none(), calendar)
}

/// How many working days lie after `from` up to and including `to`; none when `to` is not later.
///
/// # Errors
/// As [`due`].
pub fn working_days_between(from: Date, to: Date, calendar: &WorkingCalendar) -> Result<u32, NoCalendar> {
    working_days_unsuspended(from, to, &Suspensions::none(), calendar)
}

/// As [`working_days_between`], leaving out the days of `suspensions`: the time that an organ has used.
///
/// # Errors
/// As [`due`].
pub fn working_days_unsuspended(
    from: Date,
    to: Date,
    suspensions: &Suspensions,
    calendar: &WorkingCalendar,
) -> Result<u32, NoCalendar> {
    let mut count = 0;
    let mut day = from;
    while day < to {
        day = next_day(day)?;
        count += u32::from(counts(day, suspensions, calendar)?);
    }
    Ok(count)
}

/// What the machine knows of the end of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deadline {
    /// The last day on which the act is in time.
    On(Date),
    /// The calendar of a year is missing: the deadline is derived when that year is loaded, and alarmed until then.
    Undetermined {
        /// The first year that is missing.
        year: i16,
    },
}

impl Deadline {
    /// The last day, once it is known.
    #[must_use]
    pub const fn date(self) -> Option<Date> {
        match self {
            Self::On(day) => Some(day),
            Self::Undetermined { .. } => None,
        }
    }

    /// Tells whether the last day is known and over. On the last day itself, one is still in time.
    #[must_use]
    pub fn is_over(self, today: Date) -> bool {
        self.date().is_some_and(|last| last < today)
    }
}

impl From<Result<Date, NoCalendar>> for Deadline {
    fn from(due: Result<Date, NoCalendar>) -> Self {
        match due {
            Ok(day) => Self::On(day),
            Err(NoCalendar { year }) => Self::Undetermined { year },
        }
    }
}

/// A time limit that runs by the clock, not by days, such as 15 minutes for an urgent paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockLimit {
    minutes: u32,
}

impl ClockLimit {
    /// A limit of some minutes.
    #[must_use]
    pub const fn minutes(minutes: u16) -> Self {
        Self { minutes: minutes as u32 }
    }

    /// A limit of some hours.
    #[must_use]
    pub const fn hours(hours: u16) -> Self {
        Self { minutes: hours as u32 * 60 }
    }

    /// The last instant that is in time. At the end of time it saturates.
    #[must_use]
    pub fn due(self, from: Timestamp) -> Timestamp {
        from.checked_add(SignedDuration::from_mins(i64::from(self.minutes))).unwrap_or(Timestamp::MAX)
    }
}

/// The end of a span of natural days after `from`, moved by the suspended days that fall between.
fn stretched(from: Date, end: Date, suspensions: &Suspensions) -> Result<Date, NoCalendar> {
    // Day `from` itself is not counted, so a suspension of it moves nothing.
    let Ok(first) = from.tomorrow() else { return Ok(end) };
    let mut end = end;
    for interval in suspensions.intervals().iter().filter_map(|interval| interval.from(first)) {
        if interval.start() > end {
            break;
        }
        end = later(end, Span::new().try_days(interval.days()))?;
    }
    Ok(end)
}

fn nth_working_day_after(
    from: Date,
    length: u32,
    suspensions: &Suspensions,
    calendar: &WorkingCalendar,
) -> Result<Date, NoCalendar> {
    let mut day = from;
    for _ in 0..length {
        day = first_working_day_from(next_day(day)?, suspensions, calendar)?;
    }
    Ok(day)
}

fn first_working_day_from(
    from: Date,
    suspensions: &Suspensions,
    calendar: &WorkingCalendar,
) -> Result<Date, NoCalendar> {
    let mut day = from;
    while !counts(day, suspensions, calendar)? {
        day = next_day(day)?;
    }
    Ok(day)
}

fn counts(day: Date, suspensions: &Suspensions, calendar: &WorkingCalendar) -> Result<bool, NoCalendar> {
    // The calendar is asked first: a suspended day of a missing year makes the result undetermined too.
    Ok(calendar.is_working_day(day)? && !suspensions.contains(day))
}

fn next_day(day: Date) -> Result<Date, NoCalendar> {
    day.tomorrow().map_err(|_| AFTER_THE_LAST_YEAR)
}

/// Days after 9999-12-31 cannot be represented; saying that their year has no calendar is true, and leaves one error to handle.
const AFTER_THE_LAST_YEAR: NoCalendar = NoCalendar { year: 10_000 };

fn later(from: Date, span: Result<Span, jiff::Error>) -> Result<Date, NoCalendar> {
    span.and_then(|span| from.checked_add(span)).map_err(|_| AFTER_THE_LAST_YEAR)
}

#[cfg(test)]
mod tests;
