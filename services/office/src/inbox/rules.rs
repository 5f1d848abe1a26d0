//! The rules by which papers fall due (relay-and-sharing.md §8.2): limits by urgency, working hours, calendar.

use vocabulary::period::{self, due};
use vocabulary::{
    ClockLimit, Deadline, LastDay, NoCalendar, Period, Sm3Digest, Timestamp, WorkingCalendar, WorkingHours, time,
};

use super::state::{Arrival, Purpose};
use super::work::{ActionClass, Due, DueSource};

/// The urgency of a paper (紧急程度).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// 特提: at once.
    Immediate,
    /// 特急.
    VeryUrgent,
    /// 加急.
    Urgent,
    /// 平急: a telegram of ordinary speed.
    Steady,
    /// None.
    Ordinary,
}

impl Urgency {
    /// Reads the word of a paper; none for an unknown one.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "特提" => Some(Self::Immediate),
            "特急" => Some(Self::VeryUrgent),
            "加急" => Some(Self::Urgent),
            "平急" => Some(Self::Steady),
            "" | "平件" => Some(Self::Ordinary),
            _ => None,
        }
    }

    /// The urgency of a paper. The gateway lets no unknown word through.
    pub(crate) fn of(arrival: &Arrival) -> Self {
        Self::parse(&arrival.summary.urgency).unwrap_or(Self::Ordinary)
    }

    /// Whether its timers run on the clock, at any hour of any day (§8.4).
    pub(crate) const fn round_the_clock(self) -> bool {
        matches!(self, Self::Immediate | Self::VeryUrgent | Self::Urgent)
    }

    const fn index(self) -> usize {
        match self {
            Self::Immediate => 0,
            Self::VeryUrgent => 1,
            Self::Urgent => 2,
            Self::Steady => 3,
            Self::Ordinary => 4,
        }
    }
}

/// Within which time a paper is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignForLimit {
    /// On the clock, at any hour.
    Clock(ClockLimit),
    /// By the end of this many working days.
    WorkingDays(u32),
}

/// The limits of an urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Within which time it is signed for.
    pub sign_for: SignForLimit,
    /// Within which time it is handled, where the paper states none.
    pub handling: Period,
}

/// The rules of the town.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Which days are working days.
    pub calendar: WorkingCalendar,
    /// Which hours of them.
    pub hours: WorkingHours,
    limits: [Limit; 5],
    version: String,
}

/// How many digits name a version of the rules.
const VERSION_LENGTH: usize = 8;

impl Rules {
    /// Rules with a calendar and hours, and ordinary limits for every urgency.
    pub(crate) fn new(calendar: WorkingCalendar, hours: WorkingHours) -> Self {
        let ordinary = Limit { sign_for: SignForLimit::WorkingDays(1), handling: Period::working_days(10) };
        Self { calendar, hours, limits: [ordinary; 5], version: String::new() }.named()
    }

    /// With the limits of an urgency.
    pub(crate) fn with_limit(mut self, urgency: Urgency, limit: Limit) -> Self {
        self.limits[urgency.index()] = limit;
        self.named()
    }

    /// The name of exactly these rules: timers that were set by others are set anew.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    fn named(mut self) -> Self {
        let said = format!("{} {} {:?}", self.calendar.version(), self.hours, self.limits);
        self.version = Sm3Digest::of(said.as_bytes()).to_string();
        self.version.truncate(VERSION_LENGTH);
        self
    }

    /// The limits of an urgency.
    pub(crate) const fn limit(&self, urgency: Urgency) -> Limit {
        self.limits[urgency.index()]
    }

    /// When the limit to sign for a paper is over. One working day ends with the day after the arrival.
    pub(crate) fn sign_for_until(&self, arrival: &Arrival) -> Result<Timestamp, NoCalendar> {
        match self.limit(Urgency::of(arrival)).sign_for {
            SignForLimit::Clock(limit) => Ok(limit.due(arrival.arrived)),
            SignForLimit::WorkingDays(days) => self.end_after(arrival.arrived, days),
        }
    }

    /// The end of the working day that is so many after an instant's.
    pub(crate) fn end_after(&self, from: Timestamp, days: u32) -> Result<Timestamp, NoCalendar> {
        period::add_working_days(time::town_date(from), days, &self.calendar).map(time::end_of_day)
    }

    /// Until when a paper is to be handled that nobody has assigned yet: the day it states, or the limit of its urgency counted
    /// from the day of arrival; an ordinary paper has one where its class asks for more than reading (§8.2). A copy has none.
    pub(crate) fn due_at_arrival(&self, arrival: &Arrival) -> Option<Due> {
        if arrival.purpose == Purpose::Information {
            return None;
        }
        if let Ok(day) = time::parse_date(&arrival.summary.due) {
            return Some(Due { last: Deadline::On(day), source: DueSource::Sender, since: arrival.arrived });
        }
        let class = ActionClass::parse(&arrival.summary.action_class);
        let ordinary = Urgency::of(arrival) == Urgency::Ordinary;
        let handled = class.is_some_and(|class| class != ActionClass::Read);
        (!ordinary || handled).then(|| self.due_by_urgency(arrival, arrival.arrived))
    }

    /// The limit of a paper's urgency, counted from the day of arrival. What runs on the clock ends also on a day off.
    pub(crate) fn due_by_urgency(&self, arrival: &Arrival, since: Timestamp) -> Due {
        let urgency = Urgency::of(arrival);
        let last_day = if urgency.round_the_clock() { LastDay::Stands } else { LastDay::RollsForward };
        let from = time::town_date(arrival.arrived);
        let last = due(from, self.limit(urgency).handling, last_day, &self.calendar).into();
        Due { last, source: DueSource::Urgency, since }
    }

    /// When an alarm that is due at an instant is raised: of ordinary papers in working hours only (§8.4).
    pub(crate) fn raised_from(&self, urgency: Urgency, at: Timestamp) -> Result<Timestamp, NoCalendar> {
        if urgency.round_the_clock() { Ok(at) } else { self.hours.first_from(at, &self.calendar) }
    }
}
