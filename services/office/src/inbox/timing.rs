//! When the clock has something to say about a paper (催办, 督办; relay-and-sharing.md §8.4).
//!
//! Nothing here reads a clock. The next alarm is a function of the paper and the rules, so that it can be derived again at any
//! time; what was raised is part of the paper, so that nothing is raised twice.

use jiff::SignedDuration;
use vocabulary::{Date, Deadline, NoCalendar, Timestamp, WorkingCalendar, time};

use super::rules::{Rules, Urgency};
use super::state::{Paper, Stage};
use super::work::{Alarm, Part, Phase, Work};

/// How many working days pass between two reports of progress (§8.4).
const PROGRESS_EVERY: u32 = 5;

/// How many working days a supervision order gives (§8.4).
pub(crate) const SUPERVISION_DAYS: u32 = 3;

/// How the due stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Light {
    /// In time.
    Green,
    /// One working day is left, or less.
    Yellow,
    /// Overdue.
    Red,
}

/// Whether a paper has come to an end.
pub(crate) const fn is_open(paper: &Paper) -> bool {
    match &paper.stage {
        Stage::Arrived | Stage::SignedFor { .. } | Stage::Registered { .. } => true,
        Stage::Worked { work, .. } => !matches!(work.phase, Phase::Archived),
        Stage::Returned { .. } | Stage::Recalled { .. } | Stage::Merged { .. } | Stage::Transferred { .. } => false,
    }
}

/// Whether the due of a paper still runs: nobody has reported a result in time. What was reported late stays overdue until it is
/// completed; what was reported in time waits for its check, and runs again where it is sent back.
pub(crate) fn runs(paper: &Paper) -> bool {
    match &paper.stage {
        Stage::Arrived | Stage::SignedFor { .. } | Stage::Registered { .. } => true,
        Stage::Worked { work, .. } => match work.phase {
            Phase::Checked | Phase::Assigned | Phase::Accepted | Phase::InProgress | Phase::GuidanceIssued => true,
            Phase::Reported => work.report.as_ref().is_some_and(|report| is_late(paper, report.at)),
            Phase::Completed | Phase::Replied | Phase::Archived => false,
        },
        Stage::Returned { .. } | Stage::Recalled { .. } | Stage::Merged { .. } | Stage::Transferred { .. } => false,
    }
}

/// The last day, where it is known.
pub(crate) fn last_day(paper: &Paper) -> Option<Date> {
    paper.dossier.due.and_then(|due| due.last.date())
}

/// Whether an instant lies after the due. The last day is in time until 24:00:00.
pub(crate) fn is_late(paper: &Paper, at: Timestamp) -> bool {
    last_day(paper).is_some_and(|day| at > time::end_of_day(day))
}

/// Whether a paper is overdue.
pub(crate) fn is_overdue(paper: &Paper, now: Timestamp) -> bool {
    runs(paper) && is_late(paper, now)
}

/// The first day on which a due is over, for the comparison of days: on the very instant of 24:00 it is not over.
pub(crate) fn overdue_before(now: Timestamp) -> Date {
    time::town_date(now.checked_sub(SignedDuration::from_micros(1)).unwrap_or(now))
}

/// The light of a paper; none where no due runs.
pub(crate) fn light(paper: &Paper, rules: &Rules, now: Timestamp) -> Option<Light> {
    let day = last_day(paper).filter(|_| runs(paper))?;
    if is_late(paper, now) {
        return Some(Light::Red);
    }
    let yellow = yellow_from(Urgency::of(&paper.arrival), day, rules).is_ok_and(|from| now >= from);
    Some(if yellow { Light::Yellow } else { Light::Green })
}

/// The next alarm of a paper and when it is raised; none where nothing is to come, or where it cannot be told yet.
pub(crate) fn next(paper: &Paper, rules: &Rules) -> Option<(Timestamp, Alarm)> {
    let mut alarms: Vec<(Timestamp, Alarm)> = Vec::new();
    let mut untold = false;
    for (alarm, at) in due_alarms(paper, rules) {
        match at {
            Ok(at) => alarms.push((at, alarm)),
            // A paper is archived by a day that needs no calendar; only the hour of the alarm waits for one.
            Err(_) => untold |= alarm != Alarm::Archive,
        }
    }
    if (untold || undetermined(paper)) && !paper.dossier.alarms.contains_key(&Alarm::Undetermined) {
        let since = paper.dossier.due.map_or(paper.arrival.arrived, |due| due.since);
        alarms.push((since, Alarm::Undetermined));
    }
    alarms.into_iter().min()
}

/// Whether a due of the paper waits for a calendar.
pub(crate) fn undetermined(paper: &Paper) -> bool {
    let is = |deadline: Deadline| deadline.date().is_none();
    runs(paper)
        && (paper.dossier.due.is_some_and(|due| is(due.last))
            || paper.dossier.supervision.as_ref().is_some_and(|order| is(order.due)))
}

/// Every alarm that may come, each with when it is raised.
fn due_alarms(paper: &Paper, rules: &Rules) -> Vec<(Alarm, Result<Timestamp, NoCalendar>)> {
    let urgency = Urgency::of(&paper.arrival);
    let mut alarms: Vec<(Alarm, Result<Timestamp, NoCalendar>)> = Vec::new();
    if matches!(paper.stage, Stage::Arrived) {
        alarms.push((Alarm::SignFor, rules.sign_for_until(&paper.arrival)));
    }
    if let Some(day) = last_day(paper).filter(|_| runs(paper)) {
        let yellow = yellow_from(urgency, day, rules);
        alarms.push((Alarm::Reminder, reminder_from(paper, day, rules, yellow)));
        alarms.push((Alarm::Yellow, yellow));
        alarms.push((Alarm::Red, Ok(after(time::end_of_day(day)))));
        if let Some(work) = handled(paper) {
            alarms.extend(progress_until(paper, work, day, rules).map(|at| (Alarm::Progress, at)));
        }
        let order = paper.dossier.supervision.as_ref().filter(|_| paper.dossier.alarms.contains_key(&Alarm::Red));
        if let Some(second) = order.and_then(|order| order.due.date()) {
            alarms.push((Alarm::Leaders, Ok(after(time::end_of_day(second)))));
        }
    }
    if let Some(at) = archive_until(paper) {
        alarms.push((Alarm::Archive, Ok(after(at))));
    }
    let raised = &paper.dossier.alarms;
    // Reports of progress fall due again and again, and say themselves when.
    alarms.retain(|(alarm, _)| *alarm == Alarm::Progress || !raised.contains_key(alarm));
    let raise = |at| rules.raised_from(urgency, at);
    alarms.into_iter().map(|(alarm, at)| (alarm, at.and_then(raise))).collect()
}

/// The beginning of the last working day before the due.
fn yellow_from(urgency: Urgency, day: Date, rules: &Rules) -> Result<Timestamp, NoCalendar> {
    let before = working_day_before(day, &rules.calendar)?;
    Ok(if urgency.round_the_clock() { time::start_of_day(before) } else { rules.hours.begin_of(before) })
}

/// At 80 % of the time, or one working day before the due, whichever is earlier.
fn reminder_from(
    paper: &Paper,
    day: Date,
    rules: &Rules,
    yellow: Result<Timestamp, NoCalendar>,
) -> Result<Timestamp, NoCalendar> {
    let part = part_of(paper.arrival.arrived, time::end_of_day(day), 4, 5);
    let part = rules.raised_from(Urgency::of(&paper.arrival), part)?;
    yellow.map(|yellow| yellow.min(part))
}

/// The work on a paper that somebody leads and has not finished.
fn handled(paper: &Paper) -> Option<&Work> {
    paper.handled().filter(|work| work.assignment.as_ref().is_some_and(|it| it.lead.is_some()))
}

/// When the next report of progress must be there: by half of the time from the assignment on, and every five working days after;
/// none once the due is over, when supervision takes its place.
fn progress_until(paper: &Paper, work: &Work, day: Date, rules: &Rules) -> Option<Result<Timestamp, NoCalendar>> {
    let assigned = work.assignment.as_ref()?.at;
    let end = time::end_of_day(day);
    let half = part_of(assigned, end, 1, 2);
    let said = work.progress.as_ref().map(|progress| progress.deed.at);
    let raised = paper.dossier.alarms.get(&Alarm::Progress).copied().filter(|at| *at >= assigned);
    let at = match said.max(raised) {
        None => Ok(half),
        Some(last) => rules.end_after(last.max(half), PROGRESS_EVERY),
    };
    match at {
        Ok(at) if at >= end => None,
        at => Some(at),
    }
}

/// The end of the June that follows the year in which a paper was completed (§8.4).
fn archive_until(paper: &Paper) -> Option<Timestamp> {
    let work = paper.at_work()?;
    let waits = matches!(work.phase, Phase::Completed | Phase::Replied);
    let (completed, _) = work.completion.as_ref().filter(|_| waits)?;
    let year = time::town_date(completed.at).year();
    Date::new(year.checked_add(1)?, 6, 30).ok().map(time::end_of_day)
}

/// Part of the way from one instant to a later one; the first, where the second is not later.
fn part_of(from: Timestamp, to: Timestamp, numerator: i64, denominator: i64) -> Timestamp {
    let whole = time::to_us(to).saturating_sub(time::to_us(from)).max(0);
    let part = whole / denominator * numerator;
    time::from_us(time::to_us(from).saturating_add(part)).unwrap_or(to)
}

/// The instant after the last one that is in time.
fn after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_micros(1)).unwrap_or(at)
}

fn working_day_before(day: Date, calendar: &WorkingCalendar) -> Result<Date, NoCalendar> {
    let mut day = day;
    loop {
        day = day.yesterday().map_err(|_| NoCalendar { year: day.year() })?;
        if calendar.is_working_day(day)? {
            return Ok(day);
        }
    }
}

/// Who must act next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actors {
    /// Institutions.
    Institutions(Vec<vocabulary::Institution>),
    /// The leaders.
    Leaders,
}

/// What must be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Sign for it.
    SignFor,
    /// Register it.
    Register,
    /// Check it.
    Check,
    /// Assign it.
    Assign,
    /// Decide to whom it belongs.
    DecideAssignment,
    /// Read it.
    Read,
    /// Accept it.
    Accept,
    /// Handle it and report the result.
    Report,
    /// Check the result.
    Complete,
    /// Answer the sender.
    Reply,
    /// Archive it.
    Archive,
}

/// How often an assignment may be refused before only the leaders assign (§8.4).
pub(crate) const REFUSALS_MAX: usize = 2;

/// Who must act next, and what; none where the paper has come to an end.
pub(crate) fn next_act(paper: &Paper) -> Option<(Actors, Act)> {
    let inbox = || Actors::Institutions(vec![paper.name.inbox]);
    match &paper.stage {
        Stage::Arrived => Some((inbox(), Act::SignFor)),
        Stage::SignedFor { .. } => Some((inbox(), Act::Register)),
        Stage::Registered { .. } => Some((inbox(), Act::Check)),
        Stage::Worked { work, .. } => next_work(work, inbox()),
        Stage::Returned { .. } | Stage::Recalled { .. } | Stage::Merged { .. } | Stage::Transferred { .. } => None,
    }
}

fn next_work(work: &Work, inbox: Actors) -> Option<(Actors, Act)> {
    let lead = work.assignment.as_ref().and_then(|assignment| assignment.lead);
    let lead = lead.map(|lead| Actors::Institutions(vec![lead]));
    match work.phase {
        Phase::Checked if work.refusals.len() >= REFUSALS_MAX => Some((Actors::Leaders, Act::DecideAssignment)),
        Phase::Checked => Some((inbox, Act::Assign)),
        Phase::Assigned => match lead {
            None => Some((Actors::Institutions(work.missing(Part::Reader)), Act::Read)),
            Some(lead) => Some((lead, Act::Accept)),
        },
        Phase::Accepted | Phase::InProgress | Phase::GuidanceIssued => Some((lead.unwrap_or(inbox), Act::Report)),
        Phase::Reported => Some((inbox, Act::Complete)),
        Phase::Completed if work.answer_missing() => Some((lead.unwrap_or(inbox), Act::Reply)),
        Phase::Completed | Phase::Replied => Some((inbox, Act::Archive)),
        Phase::Archived => None,
    }
}

/// Whether a paper lies on the leaders' desk: its supervision order was not followed, or its assignment was refused twice.
pub(crate) fn with_leaders(paper: &Paper) -> bool {
    let escalated = runs(paper) && paper.dossier.alarms.contains_key(&Alarm::Leaders);
    escalated || matches!(next_act(paper), Some((Actors::Leaders, _)))
}
