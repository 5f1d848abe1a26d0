//! Which days are working days, by year and version.
//!
//! The State Council publishes each year's days off and make-up workdays, usually late in the year before. A listed day is what
//! the list says; any other day works from Monday to Friday. A year that is not loaded has *no* working days and no days off:
//! every question that touches it is refused, and nothing falls back to weekends (service-centre.md §3.6).
//!
//! A calendar never changes. A correction, or a newly published year, makes another calendar with another version, so that a
//! deadline can always be derived again from the version it was derived from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::Weekday;

use crate::digest::Sm3Digest;
use crate::time::{Date, TimeError, parse_date};

/// What the list says of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayKind {
    /// A day off, on whatever weekday it falls.
    Off,
    /// A make-up workday (调休上班), on whatever weekday it falls.
    Work,
}

impl DayKind {
    /// The word used in the JSON form: `OFF` or `WORK`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Work => "WORK",
        }
    }

    const fn csv_word(self) -> &'static str {
        match self {
            Self::Off => "holiday",
            Self::Work => "workday",
        }
    }
}

/// Reads the words of both forms: `OFF`, `WORK` (JSON) and `holiday`, `workday` (CSV).
impl FromStr for DayKind {
    type Err = RowProblem;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        [Self::Off, Self::Work]
            .into_iter()
            .find(|kind| input == kind.as_str() || input == kind.csv_word())
            .ok_or(RowProblem::Kind)
    }
}

/// A day that the published list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDay {
    /// The day.
    pub date: Date,
    /// Off or work.
    pub kind: DayKind,
    /// The festival on account of which it is listed, such as 春节.
    pub name: String,
}

/// The list published for one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarYear {
    /// The year; every listed day falls in it.
    pub year: i16,
    /// The listed days, in any order.
    pub days: Vec<ListedDay>,
}

/// No calendar is loaded for a year that a computation of working days touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("no working-day calendar is loaded for {year}")]
pub struct NoCalendar {
    /// The first such year. 10000 stands for all days after 9999-12-31, the last one that can be represented.
    pub year: i16,
}

impl NoCalendar {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "SC-NO-CALENDAR"
    }
}

/// A list that cannot become a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The first row is not `date,kind,name`.
    #[error("row 1: the header must be date,kind,name")]
    Header,
    /// A row is wrong.
    #[error("row {row}: {problem}")]
    Row {
        /// The row of the file, its header being row 1; or the place of the day in its year's list, from 1.
        row: usize,
        /// What is wrong with it.
        #[source]
        problem: RowProblem,
    },
    /// A year lacks a day off that every year has, so its list is a fragment.
    #[error("{year} does not list {missing} as a day off: the list of the year is incomplete")]
    IncompleteYear {
        /// The year.
        year: i16,
        /// The first of 1 January, 1 May and 1 October that is missing.
        missing: Date,
    },
    /// One year is given twice.
    #[error("{year} is given twice")]
    RepeatedYear {
        /// The year.
        year: i16,
    },
}

impl CalendarError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        INVALID_LIST
    }
}

/// What is wrong with one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// It has not exactly three columns.
    #[error("there must be three columns")]
    Columns,
    /// The date cannot be read.
    #[error("{0}")]
    Date(TimeError),
    /// The kind is no known word.
    #[error("the kind must be holiday or workday (OFF or WORK)")]
    Kind,
    /// The name is empty, or has a comma, quote or line break, which the file has no way to write.
    #[error("the name must be a word without comma, quote or line break")]
    Name,
    /// The day is listed before.
    #[error("{0} is listed twice")]
    Duplicate(Date),
    /// The day falls outside the year whose list it is in.
    #[error("{0} falls in another year")]
    OtherYear(Date),
}

impl RowProblem {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        INVALID_LIST
    }
}

/// The working days of the years it covers. Immutable, and named by a version.
///
/// The version is the beginning of the SM3 digest of the canonical file ([`WorkingCalendar::to_csv`]): the same days have the
/// same version, wherever they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingCalendar {
    years: BTreeMap<i16, BTreeMap<Date, (DayKind, String)>>,
    version: String,
}

const INVALID_LIST: &str = "SC-CALENDAR";
const CSV_HEADER: &str = "date,kind,name";
const VERSION_LENGTH: usize = 8;

/// Days off by statute in every year since 1949 (全国年节及纪念日放假办法): 元旦, 劳动节, 国庆节.
const ALWAYS_OFF: [(i8, i8); 3] = [(1, 1), (5, 1), (10, 1)];

static OFFICIAL: LazyLock<WorkingCalendar> = LazyLock::new(|| {
    WorkingCalendar::from_csv(include_str!("../../../data/holidays.csv"))
        .expect("the embedded calendar is checked by the tests of this crate")
});

impl WorkingCalendar {
    /// The calendar that ships with the program: the State Council's lists for 2011 to 2026 (`data/holidays.csv`).
    #[must_use]
    pub fn official() -> &'static Self {
        &OFFICIAL
    }

    /// Reads a file of `date,kind,name` rows with a header and without quotes. Each year that occurs must be complete.
    ///
    /// # Errors
    /// [`CalendarError`], naming the first wrong row.
    pub fn from_csv(source: &str) -> Result<Self, CalendarError> {
        let mut lines = source.lines();
        if lines.next() != Some(CSV_HEADER) {
            return Err(CalendarError::Header);
        }
        let mut years = BTreeMap::new();
        for (line, row) in lines.zip(2..) {
            let add = |years: &mut BTreeMap<i16, _>| {
                let day = csv_row(line)?;
                list(years.entry(day.date.year()).or_default(), day)
            };
            add(&mut years).map_err(|problem| CalendarError::Row { row, problem })?;
        }
        Self::of(years)
    }

    /// Builds a calendar from the lists of some years.
    ///
    /// # Errors
    /// [`CalendarError`], naming the first wrong day or year.
    pub fn from_years(lists: impl IntoIterator<Item = CalendarYear>) -> Result<Self, CalendarError> {
        let mut years = BTreeMap::new();
        for list in lists {
            let year = list.year;
            if years.insert(year, days_of(list)?).is_some() {
                return Err(CalendarError::RepeatedYear { year });
            }
        }
        Self::of(years)
    }

    /// The calendar with one year's list replaced, or added where there was none: another version.
    ///
    /// # Errors
    /// [`CalendarError`], naming the first wrong day.
    pub fn with_correction(&self, list: CalendarYear) -> Result<Self, CalendarError> {
        let mut years = self.years.clone();
        years.insert(list.year, days_of(list)?);
        Self::of(years)
    }

    fn of(years: BTreeMap<i16, BTreeMap<Date, (DayKind, String)>>) -> Result<Self, CalendarError> {
        for (&year, days) in &years {
            let missing = ALWAYS_OFF
                .into_iter()
                .filter_map(|(month, day)| Date::new(year, month, day).ok())
                .find(|day| !matches!(days.get(day), Some((DayKind::Off, _))));
            if let Some(missing) = missing {
                return Err(CalendarError::IncompleteYear { year, missing });
            }
        }
        let mut calendar = Self { years, version: String::new() };
        calendar.version = Sm3Digest::of(calendar.to_csv().as_bytes()).to_string();
        calendar.version.truncate(VERSION_LENGTH);
        Ok(calendar)
    }

    /// The name of exactly these days: eight hexadecimal digits.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The years it covers, in order.
    pub fn years(&self) -> impl Iterator<Item = i16> + '_ {
        self.years.keys().copied()
    }

    /// The list of a year, in order of days.
    #[must_use]
    pub fn year(&self, year: i16) -> Option<CalendarYear> {
        let days = self.years.get(&year)?.iter();
        let listed =
            |(&date, (kind, name)): (&Date, &(DayKind, String))| ListedDay { date, kind: *kind, name: name.clone() };
        Some(CalendarYear { year, days: days.map(listed).collect() })
    }

    /// Tells whether a day is a working day.
    ///
    /// # Errors
    /// [`NoCalendar`] when the year of the day is not loaded.
    pub fn is_working_day(&self, day: Date) -> Result<bool, NoCalendar> {
        let year = day.year();
        let listed = self.years.get(&year).ok_or(NoCalendar { year })?;
        Ok(match listed.get(&day) {
            Some((kind, _)) => *kind == DayKind::Work,
            None => !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
        })
    }

    /// The canonical file of these days: sorted, with a header, ended by a line feed.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = format!("{CSV_HEADER}\n");
        for (date, (kind, name)) in self.years.values().flatten() {
            // Writing into a String cannot fail.
            let _ = writeln!(csv, "{date},{},{name}", kind.csv_word());
        }
        csv
    }
}

fn csv_row(line: &str) -> Result<ListedDay, RowProblem> {
    match line.split(',').collect::<Vec<_>>().as_slice() {
        [date, kind, name] => Ok(ListedDay {
            date: parse_date(date).map_err(RowProblem::Date)?,
            kind: kind.parse()?,
            name: (*name).to_owned(),
        }),
        _ => Err(RowProblem::Columns),
    }
}

fn days_of(list_of_year: CalendarYear) -> Result<BTreeMap<Date, (DayKind, String)>, CalendarError> {
    let mut days = BTreeMap::new();
    for (day, row) in list_of_year.days.into_iter().zip(1..) {
        let other_year = day.date.year() != list_of_year.year;
        let added = if other_year { Err(RowProblem::OtherYear(day.date)) } else { list(&mut days, day) };
        added.map_err(|problem| CalendarError::Row { row, problem })?;
    }
    Ok(days)
}

fn list(days: &mut BTreeMap<Date, (DayKind, String)>, day: ListedDay) -> Result<(), RowProblem> {
    if day.name.trim().is_empty() || day.name.contains([',', '"', '\n', '\r']) {
        return Err(RowProblem::Name);
    }
    match days.insert(day.date, (day.kind, day.name)) {
        None => Ok(()),
        Some(_) => Err(RowProblem::Duplicate(day.date)),
    }
}

#[cfg(test)]
mod tests;
