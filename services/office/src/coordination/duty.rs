//! Who must act next about something, and by when.
//!
//! Limits are counted in working days of the official calendar, the day on which they begin left out. Where the calendar of a year
//! is missing, the last day is undetermined: an alarm is raised at once, and the day is derived when the year is loaded.

pub(crate) mod store;
pub(crate) mod wire;

use jiff::SignedDuration;
use vocabulary::period::add_working_days;
use vocabulary::{Date, Deadline, Timestamp, WorkingCalendar, time};

use crate::roster::state::Post;

/// What a party has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DutyKind {
    /// Review the legality of a draft.
    Review,
    /// Issue what was reviewed.
    Issue,
    /// Sign for it.
    SignFor,
    /// Forward an objection to the leaders.
    ForwardObjection,
    /// Answer an objection.
    AnswerObjection,
    /// Settle an objection.
    SettleObjection,
    /// Answer a clue.
    AnswerClue,
    /// Answer a consultation.
    AnswerConsultation,
    /// Answer external supervision.
    AnswerSupervision,
    /// Close external supervision.
    CloseSupervision,
}

/// By when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// No limit is set.
    None,
    /// A day that the document behind it states.
    Stated(Date),
    /// Working days from the day on which the duty begins.
    Working {
        /// How many.
        days: u32,
        /// The last one.
        deadline: Deadline,
        /// The version of the calendar that it was derived from.
        calendar: String,
    },
}

/// Who must act, and by when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duty {
    /// Who.
    pub party: Post,
    /// What.
    pub kind: DutyKind,
    /// The part that it is about, such as an objection; empty for the whole.
    pub about: String,
    /// Since when.
    pub since: Timestamp,
    /// By when.
    pub limit: Limit,
    /// When the alarm was raised.
    pub alarmed: Option<Timestamp>,
}

impl Duty {
    /// A duty that begins now and has no limit.
    pub(crate) fn open(party: Post, kind: DutyKind, about: &str, since: Timestamp) -> Self {
        Self { party, kind, about: about.to_owned(), since, limit: Limit::None, alarmed: None }
    }

    /// The same duty, within working days.
    #[must_use]
    pub(crate) fn within(mut self, days: u32, calendar: &WorkingCalendar) -> Self {
        self.limit = working(self.since, days, calendar);
        self
    }

    /// The same duty, by a stated day.
    #[must_use]
    pub(crate) fn by(mut self, day: Option<Date>) -> Self {
        self.limit = day.map_or(Limit::None, Limit::Stated);
        self
    }

    /// The last day on which it is in time.
    pub(crate) const fn last_day(&self) -> Option<Date> {
        match &self.limit {
            Limit::None => None,
            Limit::Stated(day) => Some(*day),
            Limit::Working { deadline, .. } => deadline.date(),
        }
    }

    /// The year whose calendar is missing.
    pub(crate) const fn missing_year(&self) -> Option<i16> {
        match &self.limit {
            Limit::Working { deadline: Deadline::Undetermined { year }, .. } => Some(*year),
            Limit::None | Limit::Stated(_) | Limit::Working { .. } => None,
        }
    }

    /// The first instant at which it is overdue. At 24:00 of the last day one is still in time (§8.9, test 11).
    pub(crate) fn overdue_at(&self) -> Option<Timestamp> {
        let end = time::end_of_day(self.last_day()?);
        Some(end.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX))
    }

    /// Whether it is overdue at an instant.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.overdue_at().is_some_and(|at| at <= now)
    }

    /// When the alarm is to be raised: when it is overdue, or at once where its last day cannot be told.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        match (self.alarmed, self.missing_year()) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(self.since),
            (None, None) => self.overdue_at(),
        }
    }

    /// The duty at an instant: with its last day where that can be told by now, and with the alarm where it is due. None where
    /// nothing changes.
    pub(crate) fn fallen_due(&self, now: Timestamp, calendar: &WorkingCalendar) -> Option<Self> {
        let mut duty = self.clone();
        if let Limit::Working { days, deadline: Deadline::Undetermined { .. }, .. } = duty.limit {
            let derived = working(duty.since, days, calendar);
            if derived != duty.limit && matches!(&derived, Limit::Working { deadline: Deadline::On(_), .. }) {
                // The alarm that the day could not be told has done its service.
                duty.alarmed = None;
            }
            duty.limit = derived;
        }
        if duty.next().is_some_and(|next| next <= now) {
            duty.alarmed = Some(now);
        }
        (duty != *self).then_some(duty)
    }
}

fn working(since: Timestamp, days: u32, calendar: &WorkingCalendar) -> Limit {
    let deadline = Deadline::from(add_working_days(time::town_date(since), days, calendar));
    Limit::Working { days, deadline, calendar: calendar.version().to_owned() }
}

/// Whether working days from a day on are over at an instant. A last day that cannot be told is not over.
pub(crate) fn is_over(since: Timestamp, days: u32, now: Timestamp, calendar: &WorkingCalendar) -> bool {
    let last = add_working_days(time::town_date(since), days, calendar);
    last.is_ok_and(|last| time::end_of_day(last) < now)
}

/// Lets duties fall due. Gives those after it, and which of them became overdue just now; none where nothing changes.
pub(crate) fn fall_due(duties: &[Duty], now: Timestamp, calendar: &WorkingCalendar) -> Option<(Vec<Duty>, Vec<Duty>)> {
    let changed: Vec<_> = duties.iter().map(|duty| duty.fallen_due(now, calendar)).collect();
    if changed.iter().all(Option::is_none) {
        return None;
    }
    let overdue = changed.iter().flatten().filter(|duty| duty.is_overdue(now)).cloned().collect();
    let after = duties.iter().zip(changed).map(|(duty, changed)| changed.unwrap_or_else(|| duty.clone())).collect();
    Some((after, overdue))
}

#[cfg(test)]
mod tests;
