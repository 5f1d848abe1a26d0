use vocabulary::{CalendarYear, DayKind, Institution, ListedDay};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn duty(since: &str, days: u32) -> Duty {
    let party = Post::Institution(Institution::Service);
    Duty::open(party, DutyKind::SignFor, "", at(since)).within(days, WorkingCalendar::official())
}

/// The official calendar with 2027, whose list is not published; the days off are invented.
fn with_2027() -> WorkingCalendar {
    let off =
        |month, day| ListedDay { date: Date::constant(2027, month, day), kind: DayKind::Off, name: "假".to_owned() };
    let year = CalendarYear { year: 2027, days: vec![off(1, 1), off(5, 1), off(10, 1)] };
    WorkingCalendar::official().with_correction(year).expect("a calendar")
}

#[test]
fn limits_are_counted_in_working_days() {
    // Thursday before Qingming 2026 (4 to 6 April are off): the second working day is Tuesday.
    let duty = duty("2026-04-02T09:00:00+08:00", 2);
    assert_eq!(duty.last_day(), Some(Date::constant(2026, 4, 7)));
    assert!(!duty.is_overdue(at("2026-04-08T00:00:00+08:00")), "24:00 of the last day is in time");
    assert!(duty.is_overdue(at("2026-04-08T00:00:01+08:00")));
}

#[test]
fn an_alarm_is_raised_once() {
    let duty = duty("2026-03-02T09:00:00+08:00", 2);
    let calendar = WorkingCalendar::official();
    assert_eq!(duty.fallen_due(at("2026-03-05T00:00:00+08:00"), calendar), None);
    let later = at("2026-05-01T00:00:00+08:00");
    let alarmed = duty.fallen_due(later, calendar).expect("it fell due");
    assert_eq!((alarmed.alarmed, alarmed.next()), (Some(later), None));
    assert_eq!(alarmed.fallen_due(at("2026-06-01T00:00:00+08:00"), calendar), None);
}

#[test]
fn a_missing_year_is_alarmed_at_once_and_derived_when_it_is_loaded() {
    let since = "2026-12-31T09:00:00+08:00";
    let duty = duty(since, 2);
    assert_eq!((duty.last_day(), duty.missing_year(), duty.next()), (None, Some(2027), Some(at(since))));
    let alarmed = duty.fallen_due(at(since), WorkingCalendar::official()).expect("an alarm");
    assert!(!alarmed.is_overdue(at("2028-01-01T00:00:00+08:00")), "nothing is guessed");
    assert_eq!(alarmed.fallen_due(at("2028-01-01T00:00:00+08:00"), WorkingCalendar::official()), None);

    let derived = alarmed.fallen_due(at("2027-01-02T09:00:00+08:00"), &with_2027()).expect("a day");
    assert_eq!((derived.last_day(), derived.alarmed), (Some(Date::constant(2027, 1, 5)), None));
    let late = alarmed.fallen_due(at("2027-02-01T09:00:00+08:00"), &with_2027()).expect("a day");
    assert!(late.alarmed.is_some() && late.is_overdue(at("2027-02-01T09:00:00+08:00")));
}

#[test]
fn duties_fall_due_together() {
    let (first, second) = (duty("2026-03-02T09:00:00+08:00", 1), duty("2026-03-02T09:00:00+08:00", 20));
    let duties = vec![first.clone(), second.clone(), Duty { limit: Limit::None, ..first }];
    let calendar = WorkingCalendar::official();
    assert_eq!(fall_due(&duties, at("2026-03-03T09:00:00+08:00"), calendar), None);
    let (after, overdue) = fall_due(&duties, at("2026-03-10T09:00:00+08:00"), calendar).expect("one fell due");
    assert_eq!((overdue.len(), &after[1]), (1, &second));
    let (after, overdue) =
        fall_due(&duties, at("2026-12-01T09:00:00+08:00"), calendar).expect("a jump over all limits");
    assert_eq!((overdue.len(), after.iter().filter(|duty| duty.alarmed.is_some()).count()), (2, 2));
}

#[test]
fn a_stated_day_and_no_day() {
    let open = Duty::open(Post::Leaders, DutyKind::SettleObjection, "", at("2026-03-02T09:00:00+08:00"));
    assert_eq!((open.next(), open.is_overdue(Timestamp::MAX)), (None, false));
    let stated = open.by(Some(Date::constant(2026, 3, 9)));
    assert!(stated.is_overdue(at("2026-03-10T00:00:01+08:00")));
}
