//! What the clock does to a paper.

use vocabulary::Deadline;

use super::super::super::timing::{self, Light};
use super::super::super::work::{Alarm, Due, DueSource, Phase, Supervision, Work};
use super::work::{desk_with, due_on, facts_of, officer, rules, wish};
use super::*;

fn instant(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().expect("an instant")
}

/// The alarms that a clock gives which moves there in one jump, each with its instant.
fn ring_until(desk: &mut Desk, now: &str) -> Vec<(Alarm, Timestamp)> {
    let facts = Facts { now: instant(now), ..facts_of("", Actor::Service) };
    let mut alarms = Vec::new();
    loop {
        let Some((at, alarm)) = timing::next(&desk.paper, &rules()).filter(|(at, _)| *at <= facts.now) else {
            assert_eq!(decide(desk, &Step::Ring, &facts), Ok(Vec::new()), "nothing more is due");
            return alarms;
        };
        let events = decide(desk, &Step::Ring, &facts).expect("the clock is never refused");
        assert_eq!(events.len(), 1, "one at a time");
        *desk = events.iter().fold(desk.clone(), apply);
        alarms.push((alarm, at));
        assert!(alarms.len() < 100, "{alarms:?}");
    }
}

fn arrived(urgency: &str, class: &str, at: &str) -> Desk {
    let mut desk = desk_at(Stage::Arrived);
    let arrival = &mut desk.paper.arrival;
    arrival.arrived = instant(at);
    arrival.summary.urgency = urgency.to_owned();
    arrival.summary.action_class = class.to_owned();
    desk.paper.dossier.due = rules().due_at_arrival(&desk.paper.arrival);
    desk
}

/// §8.2: the limits by urgency, counted from the day of arrival.
#[test]
fn a_due_follows_from_the_urgency_and_the_class() {
    let friday = "2026-03-06T10:00:00";
    let rows = [
        ("特提", "", Some("2026-03-06")),
        ("特急", "", Some("2026-03-09")),
        ("加急", "批办", Some("2026-03-11")),
        ("平急", "", Some("2026-03-16")),
        ("", "阅办", Some("2026-03-20")),
        ("", "批办", Some("2026-03-20")),
        ("", "转办", Some("2026-03-20")),
        ("", "阅知", None),
        ("", "", None),
    ];
    for (urgency, class, expected) in rows {
        let due = timing::last_day(&arrived(urgency, class, friday).paper).map(|day| day.to_string());
        assert_eq!(due.as_deref(), expected, "{urgency} {class}");
    }
    let mut desk = arrived("", "批办", friday);
    desk.paper.arrival.summary.due = "2026-03-09".to_owned();
    let due = rules().due_at_arrival(&desk.paper.arrival).expect("a due");
    assert_eq!((due.last, due.source), (Deadline::On(Date::constant(2026, 3, 9)), DueSource::Sender));
    desk.paper.arrival.purpose = Purpose::Information;
    assert_eq!(rules().due_at_arrival(&desk.paper.arrival), None, "a copy has none");
}

/// §8.9 no. 7: 特急 arrived on Saturday at 22:00 and was not signed for by 23:00.
#[test]
fn what_is_very_urgent_alarms_at_any_hour() {
    let mut desk = arrived("特急", "", "2026-03-07T22:00:00");
    assert_eq!(ring_until(&mut desk, "2026-03-07T22:59:59"), []);
    assert_eq!(ring_until(&mut desk, "2026-03-07T23:00:00"), [(Alarm::SignFor, instant("2026-03-07T23:00:00"))]);
    assert_eq!(ring_until(&mut desk, "2026-03-07T23:30:00"), [], "once");
    let ordinary = arrived("", "阅知", "2026-03-07T22:00:00");
    let next = timing::next(&ordinary.paper, &rules());
    // One working day after the Saturday is the Monday; its end is night, so the alarm waits for Tuesday morning.
    assert_eq!(next, Some((instant("2026-03-10T09:00:00"), Alarm::SignFor)));
    let signed = Stage::SignedFor { signed: signed() };
    let desk = Desk { paper: Paper { stage: signed, ..ordinary.paper }, ..ordinary };
    assert_eq!(timing::next(&desk.paper, &rules()), None, "signed for in time");
}

#[test]
fn an_ordinary_paper_alarms_in_order_in_working_hours_also_after_a_jump_over_a_year() {
    let expected = [
        (Alarm::Reminder, "2026-03-13T09:00:00"),
        (Alarm::Yellow, "2026-03-13T09:00:00"),
        (Alarm::Red, "2026-03-17T09:00:00"),
        (Alarm::Leaders, "2026-03-23T09:00:00"),
    ]
    .map(|(alarm, at)| (alarm, instant(at)));
    let start = || {
        let mut desk = desk_with(Work::default());
        desk.paper.dossier.due = due_on(Date::constant(2026, 3, 16));
        desk
    };
    let (mut step_by_step, mut at_once) = (start(), start());
    let mut seen = Vec::new();
    for day in 2..=31 {
        for hour in [8, 9, 13, 18] {
            seen.extend(ring_until(&mut step_by_step, &format!("2026-03-{day:02}T{hour:02}:00:00")));
        }
    }
    assert_eq!(seen, expected);
    assert_eq!(ring_until(&mut at_once, "2027-03-31T00:00:00"), expected);
    assert_eq!(at_once.paper, step_by_step.paper);
    let order = at_once.paper.dossier.supervision.clone().expect("an order");
    assert_eq!((order.due, order.responsible), (Deadline::On(Date::constant(2026, 3, 20)), Institution::Office));
    assert!(timing::with_leaders(&at_once.paper));
}

#[test]
fn the_light_follows_the_due() {
    let mut desk = desk_with(Work::default());
    desk.paper.dossier.due = due_on(Date::constant(2026, 3, 16));
    let rows = [
        ("2026-03-13T08:59:59", Light::Green, false),
        ("2026-03-13T09:00:00", Light::Yellow, false),
        ("2026-03-17T00:00:00", Light::Yellow, false),
        ("2026-03-17T00:00:01", Light::Red, true),
    ];
    for (now, light, overdue) in rows {
        let now = instant(now);
        assert_eq!(timing::light(&desk.paper, &rules(), now), Some(light), "{now}");
        assert_eq!(timing::is_overdue(&desk.paper, now), overdue);
        assert_eq!(timing::last_day(&desk.paper).is_some_and(|day| day < timing::overdue_before(now)), overdue);
    }
}

#[test]
fn a_report_of_progress_is_missed_at_half_of_the_time_and_every_five_working_days_after() {
    let mut desk = desk_with(Work::default());
    desk.paper.dossier.due = due_on(Date::constant(2026, 3, 31));
    let assign = Step::Assign(wish());
    let office = facts_of("wang", officer(Institution::Office));
    desk = decide(&desk, &assign, &office).expect("allowed").iter().fold(desk, apply);
    let progress = |alarms: Vec<(Alarm, Timestamp)>| -> Vec<Timestamp> {
        alarms.into_iter().filter(|(alarm, _)| *alarm == Alarm::Progress).map(|(_, at)| at).collect()
    };
    let mut silent = desk.clone();
    let missed = progress(ring_until(&mut silent, "2026-04-30T00:00:00"));
    // Assigned on 2 March at 13:00 with 29 days and 11 hours to go: half of them end on 17 March at 06:30.
    assert_eq!(missed, ["2026-03-17T09:00:00", "2026-03-25T09:00:00"].map(instant));

    let finance = officer(Institution::Finance);
    for (step, now) in [
        (Step::Accept, "2026-03-03T10:00:00"),
        (Step::ReportProgress { percent: 40, words: "过半".to_owned(), evidence: Vec::new() }, "2026-03-16T10:00:00"),
    ] {
        let facts = Facts { now: instant(now), ..facts_of("fang", finance) };
        desk = decide(&desk, &step, &facts).expect("allowed").iter().fold(desk, apply);
    }
    let missed = progress(ring_until(&mut desk, "2026-04-30T00:00:00"));
    assert_eq!(missed, [instant("2026-03-25T09:00:00")], "five working days after half of the time");
}

#[test]
fn a_result_that_was_reported_in_time_stops_the_clock_until_it_is_sent_back() {
    let mut desk = desk_with(Work::default());
    desk.paper.dossier.due = due_on(Date::constant(2026, 3, 16));
    let work = Work { phase: Phase::Reported, report: Some(facts().deed("已办")), ..Work::default() };
    if let Stage::Worked { work: of, .. } = &mut desk.paper.stage {
        **of = work;
    }
    assert_eq!(ring_until(&mut desk, "2026-03-18T10:00:00"), []);
    assert!(!timing::is_overdue(&desk.paper, instant("2026-03-18T10:00:00")));
    let back = Step::SendBack { reason: "不全".to_owned() };
    let facts = Facts { now: instant("2026-03-18T10:00:00"), ..facts_of("wang", officer(Institution::Office)) };
    desk = decide(&desk, &back, &facts).expect("allowed").iter().fold(desk, apply);
    assert!(timing::is_overdue(&desk.paper, instant("2026-03-18T10:00:00")));
    let alarms = ring_until(&mut desk, "2026-03-18T10:00:00").into_iter().map(|(alarm, _)| alarm);
    assert_eq!(alarms.collect::<Vec<_>>(), [Alarm::Reminder, Alarm::Yellow, Alarm::Red]);
}

#[test]
fn what_needs_a_missing_year_is_undetermined_and_told_once() {
    let mut desk = arrived("", "批办", "2026-12-28T10:00:00");
    assert_eq!(desk.paper.dossier.due.map(|due| due.last), Some(Deadline::Undetermined { year: 2027 }));
    desk.paper.stage = Stage::SignedFor { signed: signed() };
    let told = ring_until(&mut desk, "2027-12-31T00:00:00");
    assert_eq!(told, [(Alarm::Undetermined, instant("2026-12-28T10:00:00"))]);
    assert!(!timing::is_overdue(&desk.paper, instant("2027-12-31T00:00:00")), "nothing falls back to weekends");

    let line = crate::inbox::settings::CalendarLine {
        year: 2027,
        document: "国办发〔2026〕9号".to_owned(),
        off: ["2027-01-01", "2027-05-01", "2027-10-01"].map(str::to_owned).to_vec(),
        work: Vec::new(),
    };
    let settings = crate::inbox::settings::InboxSettings { calendar: vec![line], ..Default::default() };
    let loaded = Arc::new(settings.rules().expect("rules"));
    let facts = Facts { rules: Some(Arc::clone(&loaded)), ..facts_of("", Actor::Service) };
    let events = decide(&desk, &Step::Derive, &facts).expect("never refused");
    let desk = events.iter().fold(desk, apply);
    assert_eq!(timing::last_day(&desk.paper), Some(Date::constant(2027, 1, 12)));
    assert_eq!(decide(&desk, &Step::Derive, &facts), Ok(Vec::new()), "once");
    assert!(timing::next(&desk.paper, &loaded).is_some());
}

#[test]
fn the_due_of_an_order_that_needs_a_missing_year_is_derived_later() {
    let mut desk = desk_with(Work::default());
    desk.paper.dossier.due = due_on(Date::constant(2026, 12, 29));
    let alarms: Vec<_> = ring_until(&mut desk, "2027-06-01T00:00:00").into_iter().map(|(alarm, _)| alarm).collect();
    assert_eq!(alarms, [Alarm::Reminder, Alarm::Yellow, Alarm::Red, Alarm::Undetermined]);
    let order = desk.paper.dossier.supervision.clone().expect("an order");
    assert_eq!(order.due, Deadline::Undetermined { year: 2027 });
    let derived = Supervision { due: Deadline::On(Date::constant(2027, 1, 5)), ..order };
    let desk = apply(desk.clone(), &Event::of(&desk.paper.name, What::SupervisionDueSet(derived)));
    assert!(!timing::undetermined(&desk.paper));
}

#[test]
fn what_is_not_archived_by_the_end_of_june_alarms() {
    let completed = (facts().deed(""), super::super::super::work::Punctuality::OnTime);
    let mut desk = desk_with(Work { phase: Phase::Completed, completion: Some(completed), ..Work::default() });
    assert_eq!(timing::next(&desk.paper, &rules()), None, "2027 has no calendar, and no undetermined due either");
    let mut earlier = desk.paper.clone();
    if let Stage::Worked { work, .. } = &mut earlier.stage {
        let mut deed = facts().deed("");
        deed.at = instant("2025-11-03T10:00:00");
        work.completion = Some((deed, super::super::super::work::Punctuality::OnTime));
    }
    desk.paper = earlier;
    assert_eq!(ring_until(&mut desk, "2026-07-01T08:59:59"), []);
    assert_eq!(ring_until(&mut desk, "2026-07-01T09:00:00"), [(Alarm::Archive, instant("2026-07-01T09:00:00"))]);
    assert_eq!(ring_until(&mut desk, "2026-12-01T09:00:00"), [], "once");
}

#[test]
fn a_new_due_begins_its_alarms_anew() {
    let mut desk = desk_with(Work::default());
    desk.paper.dossier.due = due_on(Date::constant(2026, 3, 16));
    ring_until(&mut desk, "2026-03-16T10:00:00");
    let due = Due { last: Deadline::On(Date::constant(2026, 3, 20)), source: DueSource::Extension, since: at(300) };
    desk = apply(desk.clone(), &Event::of(&desk.paper.name, What::DueSet(due)));
    let alarms: Vec<_> = ring_until(&mut desk, "2026-03-20T10:00:00").into_iter().map(|(alarm, _)| alarm).collect();
    assert_eq!(alarms, [Alarm::Reminder, Alarm::Yellow]);
}
