//! What the clock does: alarms, supervision orders, and dues that waited for a calendar (催办、督办; relay-and-sharing.md §8.4).

use vocabulary::{Deadline, Institution, period, time};

use super::super::event::{Event, What};
use super::super::state::Paper;
use super::super::timing::{self, SUPERVISION_DAYS};
use super::super::work::{Alarm, Due, DueSource, Supervision};
use super::Facts;

/// The next alarm of a paper, where its instant has come. One at a time, so that the alarms of all papers are raised in order.
pub(super) fn ring(paper: &Paper, facts: &Facts) -> Vec<Event> {
    let Some(rules) = &facts.rules else { return Vec::new() };
    let Some((at, alarm)) = timing::next(paper, rules).filter(|(at, _)| *at <= facts.now) else { return Vec::new() };
    let matter = paper.arrival.summary.title.clone();
    let responsible = responsible(paper);
    let what = match alarm {
        Alarm::Red => {
            let day = time::town_date(at);
            let due = period::add_working_days(day, SUPERVISION_DAYS, &rules.calendar).into();
            // The number is taken after the decision, in the same transaction.
            let order = Supervision { number: 0, year: day.year(), matter, responsible, due, at };
            What::Supervised { order }
        }
        Alarm::Leaders => match &paper.dossier.supervision {
            Some(order) => What::Escalated { order: order.clone(), at },
            None => What::Alarmed { alarm, at, matter, responsible },
        },
        Alarm::SignFor | Alarm::Undetermined | Alarm::Progress | Alarm::Reminder | Alarm::Yellow | Alarm::Archive => {
            What::Alarmed { alarm, at, matter, responsible }
        }
    };
    vec![Event::of(&paper.name, what)]
}

/// The institution that must act: the lead, or whoever has the paper in the inbox.
fn responsible(paper: &Paper) -> Institution {
    let assignment = paper.work().and_then(|work| work.assignment.as_ref());
    assignment.and_then(|assignment| assignment.lead).unwrap_or(paper.name.inbox)
}

/// Derives the dues that waited for a calendar, and gives a due to what arrived before there were any.
pub(super) fn derive(paper: &Paper, facts: &Facts) -> Vec<Event> {
    let Some(rules) = facts.rules.as_ref().filter(|_| timing::runs(paper)) else { return Vec::new() };
    let mut events = Vec::new();
    let undetermined = |due: &Due| matches!(due.last, Deadline::Undetermined { .. });
    let due = match paper.dossier.due {
        None => rules.due_at_arrival(&paper.arrival),
        Some(due) if undetermined(&due) && due.source == DueSource::Urgency => {
            Some(rules.due_by_urgency(&paper.arrival, due.since)).filter(|due| !undetermined(due))
        }
        Some(_) => None,
    };
    events.extend(due.map(|due| Event::of(&paper.name, What::DueSet(due))));
    let waiting = paper.dossier.supervision.as_ref().filter(|order| order.due.date().is_none());
    if let Some(order) = waiting {
        let due = period::add_working_days(time::town_date(order.at), SUPERVISION_DAYS, &rules.calendar);
        let derived = due.map(|day| Supervision { due: Deadline::On(day), ..order.clone() });
        events.extend(derived.map(|order| Event::of(&paper.name, What::SupervisionDueSet(order))));
    }
    events
}
