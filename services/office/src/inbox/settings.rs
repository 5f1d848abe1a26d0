//! What the inboxes take from the town's settings: limits by urgency, working hours, and calendars of years to come.
//!
//! The defaults are those of relay-and-sharing.md §8.2 and §8.4; the law leaves them to the town, so a table that differs has a
//! document behind it.

use serde::{Deserialize, Serialize};
use vocabulary::{
    CalendarYear, ClockLimit, DayKind, DocumentNumber, ListedDay, Period, WorkingCalendar, WorkingHours, time,
};

use super::rules::{Limit, Rules, SignForLimit, Urgency};
use crate::settings::SettingsError;

/// The settings of the inboxes, section `inbox` of the office.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct InboxSettings {
    /// The limits of each urgency. An urgency that is not named keeps its built-in limits.
    pub limits: Vec<LimitLine>,
    /// The working hours of a working day, such as `09:00-12:00`.
    pub working_hours: Vec<String>,
    /// The State Council's calendars of years that are not built in.
    pub calendar: Vec<CalendarLine>,
}

/// The limits of one urgency.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LimitLine {
    /// 特提, 特急, 加急, 平急; empty for an ordinary paper.
    pub urgency: String,
    /// Within which time it is signed for: `15 min`, `4 h` or `1 WD`.
    pub sign_for: String,
    /// Within which time it is handled: `3 ND` or `10 WD`.
    pub handling: String,
}

/// The calendar of a year, as published.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CalendarLine {
    /// The year.
    pub year: i16,
    /// The document that publishes it.
    pub document: String,
    /// The days off, `YYYY-MM-DD`.
    pub off: Vec<String>,
    /// The make-up workdays.
    #[serde(default)]
    pub work: Vec<String>,
}

impl Default for InboxSettings {
    fn default() -> Self {
        let line = |urgency: &str, sign_for: &str, handling: &str| LimitLine {
            urgency: urgency.to_owned(),
            sign_for: sign_for.to_owned(),
            handling: handling.to_owned(),
        };
        let limits = vec![
            line("特提", "15 min", "0 ND"),
            line("特急", "1 h", "3 ND"),
            line("加急", "4 h", "5 ND"),
            line("平急", "1 WD", "10 ND"),
            line("", "1 WD", "10 WD"),
        ];
        let working_hours = vec!["09:00-12:00".to_owned(), "13:00-17:00".to_owned()];
        Self { limits, working_hours, calendar: Vec::new() }
    }
}

impl InboxSettings {
    /// The tables, each with whether it differs from the built-in one. A calendar names its own document.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let built_in = Self::default();
        let Self { limits, working_hours, calendar: _ } = self;
        let limits = ("inbox.limits", *limits != built_in.limits);
        [limits, ("inbox.working_hours", *working_hours != built_in.working_hours)].into_iter()
    }

    /// The rules by which papers fall due.
    ///
    /// # Errors
    /// [`SettingsError`] where a value cannot be.
    pub(crate) fn rules(&self) -> Result<Rules, SettingsError> {
        let hours = WorkingHours::parse(&self.working_hours)
            .map_err(|error| wrong("office.inbox.working_hours".to_owned(), error.to_string()))?;
        let mut calendar = WorkingCalendar::official().clone();
        for (index, line) in self.calendar.iter().enumerate() {
            calendar = line.add(index, &calendar)?;
        }
        let mut rules = Rules::new(calendar, hours);
        for (index, line) in Self::default().limits.iter().chain(&self.limits).enumerate() {
            let (urgency, limit) = line.read(index)?;
            rules = rules.with_limit(urgency, limit);
        }
        Ok(rules)
    }
}

fn wrong(key: String, fault: String) -> SettingsError {
    SettingsError { key, fault }
}

impl LimitLine {
    fn read(&self, index: usize) -> Result<(Urgency, Limit), SettingsError> {
        let built_in = InboxSettings::default().limits.len();
        let at = |field: &str| format!("office.inbox.limits[{}].{field}", index.saturating_sub(built_in));
        let urgency = Urgency::parse(&self.urgency)
            .ok_or_else(|| wrong(at("urgency"), "is none of 特提, 特急, 加急, 平急 or empty".to_owned()))?;
        let sign_for = sign_for_limit(&self.sign_for)
            .ok_or_else(|| wrong(at("sign_for"), "is no limit such as 15 min, 4 h or 1 WD".to_owned()))?;
        let handling: Period =
            self.handling.parse().map_err(|error| wrong(at("handling"), format!("cannot be read: {error}")))?;
        if handling.length > PERIOD_MAX {
            return Err(wrong(at("handling"), format!("is longer than {PERIOD_MAX}")));
        }
        Ok((urgency, Limit { sign_for, handling }))
    }
}

/// The longest limit that is taken for one, in its unit: a year of days.
const PERIOD_MAX: u32 = 366;

fn sign_for_limit(text: &str) -> Option<SignForLimit> {
    let (length, unit) = text.split_once(' ')?;
    let length: u16 = length.parse().ok()?;
    match unit {
        "min" => Some(SignForLimit::Clock(ClockLimit::minutes(length))),
        "h" => Some(SignForLimit::Clock(ClockLimit::hours(length))),
        "WD" if u32::from(length) <= PERIOD_MAX => Some(SignForLimit::WorkingDays(u32::from(length))),
        _ => None,
    }
}

impl CalendarLine {
    fn add(&self, index: usize, calendar: &WorkingCalendar) -> Result<WorkingCalendar, SettingsError> {
        let at = |field: &str| format!("office.inbox.calendar[{index}].{field}");
        DocumentNumber::parse(&self.document)
            .map_err(|error| wrong(at("document"), format!("cannot be read: {error}")))?;
        let days = |field: &str, days: &[String], kind: DayKind, name: &str| {
            let read = days.iter().map(|day| {
                let date =
                    time::parse_date(day).map_err(|error| wrong(at(field), format!("cannot be read: {error}")))?;
                Ok(ListedDay { date, kind, name: name.to_owned() })
            });
            read.collect::<Result<Vec<_>, SettingsError>>()
        };
        let mut listed = days("off", &self.off, DayKind::Off, "放假")?;
        listed.extend(days("work", &self.work, DayKind::Work, "调休上班")?);
        calendar
            .with_correction(CalendarYear { year: self.year, days: listed })
            .map_err(|error| wrong(format!("office.inbox.calendar[{index}]"), error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::Date;

    use super::*;

    #[test]
    fn the_built_in_limits_are_those_of_the_law() {
        let rules = InboxSettings::default().rules().expect("rules");
        assert_eq!(rules.limit(Urgency::Immediate).handling, Period::natural_days(0));
        assert_eq!(rules.limit(Urgency::Immediate).sign_for, SignForLimit::Clock(ClockLimit::minutes(15)));
        assert_eq!(rules.limit(Urgency::Ordinary).handling, Period::working_days(10));
        assert_eq!(rules.limit(Urgency::Steady).sign_for, SignForLimit::WorkingDays(1));
    }

    #[test]
    fn a_town_may_have_its_own() {
        let mut settings = InboxSettings::default();
        assert!(settings.tables().all(|(_, differs)| !differs));
        let before = settings.rules().expect("rules");
        settings.limits =
            vec![LimitLine { urgency: "特急".to_owned(), sign_for: "2 h".to_owned(), handling: "2 ND".to_owned() }];
        settings.calendar = vec![CalendarLine {
            year: 2027,
            document: "国办发〔2026〕9号".to_owned(),
            off: ["2027-01-01", "2027-05-01", "2027-10-01"].map(str::to_owned).to_vec(),
            work: vec!["2027-01-02".to_owned()],
        }];
        let rules = settings.rules().expect("rules");
        assert_eq!(rules.limit(Urgency::VeryUrgent).handling, Period::natural_days(2));
        assert_eq!(rules.limit(Urgency::Urgent).handling, Period::natural_days(5), "the others stay");
        assert_eq!(rules.calendar.is_working_day(Date::constant(2027, 1, 2)), Ok(true));
        assert_ne!(rules.version(), before.version());
        let differing: Vec<_> = settings.tables().filter(|(_, differs)| *differs).map(|(table, _)| table).collect();
        assert_eq!(differing, ["inbox.limits"]);
    }

    #[test]
    fn what_cannot_be_is_named() {
        type Change = fn(&mut InboxSettings);
        let changes: [(&str, Change); 6] = [
            ("office.inbox.limits[0].urgency", |it| it.limits[0].urgency = "急".to_owned()),
            ("office.inbox.limits[1].sign_for", |it| it.limits[1].sign_for = "soon".to_owned()),
            ("office.inbox.limits[2].handling", |it| it.limits[2].handling = "5".to_owned()),
            ("office.inbox.limits[2].handling", |it| it.limits[2].handling = "4000000000 ND".to_owned()),
            ("office.inbox.working_hours", |it| it.working_hours = vec!["17:00-09:00".to_owned()]),
            ("office.inbox.calendar[0].document", |it| {
                it.calendar =
                    vec![CalendarLine { year: 2027, document: String::new(), off: Vec::new(), work: Vec::new() }];
            }),
        ];
        for (key, change) in changes {
            let mut settings = InboxSettings::default();
            change(&mut settings);
            assert_eq!(settings.rules().map(|_| ()).map_err(|error| error.key), Err(key.to_owned()));
        }
    }
}
