//! The worked examples of service-centre.md §3.5, and a day-by-day oracle.

use super::*;
use crate::calendar::{CalendarYear, DayKind, ListedDay};
use crate::suspension::Interval;
use jiff::civil::date;
use proptest::prelude::*;

fn official() -> &'static WorkingCalendar {
    WorkingCalendar::official()
}

fn after(from: Date, length: u32) -> Result<Date, NoCalendar> {
    add_working_days(from, length, official())
}

fn interval(start: Date, end: Date) -> Interval {
    Interval::new(start, end).expect("an interval")
}

#[test]
fn the_worked_examples_of_the_service_centre_hold() {
    // The one-time notice: 5 working days after receipt.
    assert_eq!(after(date(2026, 2, 10), 5), Ok(date(2026, 2, 24)));
    assert_eq!(after(date(2025, 9, 24), 20), Ok(date(2025, 10, 28)));
    assert_eq!(after(date(2025, 9, 24), 20 + 10), Ok(date(2025, 11, 11)));
    assert_eq!(after(date(2024, 2, 5), 20), Ok(date(2024, 3, 8)));
    assert_eq!(after(date(2026, 1, 5), 45), Ok(date(2026, 3, 13)));
    assert_eq!(after(date(2026, 1, 5), 45 + 15), Ok(date(2026, 4, 3)));
    assert_eq!(after(date(2026, 3, 2), 20), Ok(date(2026, 3, 30)));
    assert_eq!(after(date(2026, 4, 30), 10), Ok(date(2026, 5, 18)));
}

#[test]
fn a_hearing_of_fourteen_working_days_moves_the_end() {
    let hearing: Suspensions = [interval(date(2026, 3, 10), date(2026, 3, 27))].into_iter().collect();
    let moved = due_suspended(date(2026, 3, 2), Period::working_days(20), LastDay::Stands, &hearing, official());
    assert_eq!(moved, Ok(date(2026, 4, 20)));
    assert_eq!(working_days_between(date(2026, 3, 9), date(2026, 3, 27), official()), Ok(14));
    assert_eq!(working_days_unsuspended(date(2026, 3, 2), date(2026, 4, 20), &hearing, official()), Ok(20));
}

#[test]
fn months_end_on_the_same_day_or_the_last() {
    let six = Period::months(6);
    // 2026-02-28 is a make-up Saturday, hence a working day: both rules agree.
    assert_eq!(due(date(2025, 8, 31), six, LastDay::Stands, official()), Ok(date(2026, 2, 28)));
    assert_eq!(due(date(2025, 8, 31), six, LastDay::RollsForward, official()), Ok(date(2026, 2, 28)));
    assert_eq!(due(date(2024, 2, 29), Period::years(1), LastDay::Stands, official()), Ok(date(2025, 2, 28)));
    assert_eq!(due(date(2024, 1, 15), Period::years(2), LastDay::Stands, official()), Ok(date(2026, 1, 15)));
}

#[test]
fn an_end_on_a_day_off_rolls_or_stands() {
    // 2026-09-01 + 30 days is 1 October; the holiday lasts to the 7th.
    let thirty = Period::natural_days(30);
    assert_eq!(due(date(2026, 9, 1), thirty, LastDay::Stands, official()), Ok(date(2026, 10, 1)));
    assert_eq!(due(date(2026, 9, 1), thirty, LastDay::RollsForward, official()), Ok(date(2026, 10, 8)));
}

#[test]
fn the_same_day_is_a_period_of_zero() {
    let today = date(2026, 3, 7);
    assert_eq!(due(today, Period::working_days(0), LastDay::Stands, official()), Ok(today));
    assert_eq!(due(today, Period::working_days(0), LastDay::RollsForward, official()), Ok(date(2026, 3, 9)));
}

#[test]
fn a_missing_year_leaves_the_deadline_undetermined() {
    let missing = NoCalendar { year: 2027 };
    assert_eq!(after(date(2026, 12, 31), 1), Err(missing));
    assert_eq!(after(date(2026, 12, 30), 1), Ok(date(2026, 12, 31)));
    assert_eq!(working_days_between(date(2026, 12, 1), date(2027, 1, 1), official()), Err(missing));
    let rolls = due(date(2026, 12, 15), Period::natural_days(30), LastDay::RollsForward, official());
    assert_eq!(Deadline::from(rolls), Deadline::Undetermined { year: 2027 });
    // Natural days that do not roll need no calendar.
    let stands = due(date(2026, 12, 15), Period::natural_days(30), LastDay::Stands, official());
    assert_eq!(Deadline::from(stands), Deadline::On(date(2027, 1, 14)));
    assert!(!Deadline::from(rolls).is_over(Date::MAX));
    assert!(!Deadline::from(stands).is_over(date(2027, 1, 14)));
    assert!(Deadline::from(stands).is_over(date(2027, 1, 15)));
}

#[test]
fn loading_the_year_determines_the_deadline() {
    let off = |month, day| ListedDay { date: date(2027, month, day), kind: DayKind::Off, name: "测试".to_owned() };
    let list = CalendarYear { year: 2027, days: vec![off(1, 1), off(5, 1), off(10, 1)] };
    let loaded = official().with_correction(list).expect("a calendar");
    assert_eq!(add_working_days(date(2026, 12, 31), 1, &loaded), Ok(date(2027, 1, 4)));
}

#[test]
fn a_suspension_that_begins_on_the_last_day_moves_it() {
    let last: Suspensions = [interval(date(2026, 3, 7), date(2026, 3, 7))].into_iter().collect();
    let end = due_suspended(date(2026, 3, 2), Period::natural_days(5), LastDay::Stands, &last, official());
    assert_eq!(end, Ok(date(2026, 3, 8)));
}

#[test]
fn months_grow_by_the_suspended_days() {
    let ten: Suspensions = [interval(date(2026, 3, 10), date(2026, 3, 19))].into_iter().collect();
    let end = due_suspended(date(2026, 3, 2), Period::months(1), LastDay::Stands, &ten, official());
    assert_eq!(end, Ok(date(2026, 4, 12)));
    let before: Suspensions = [interval(date(2026, 2, 1), date(2026, 3, 2))].into_iter().collect();
    let end = due_suspended(date(2026, 3, 2), Period::months(1), LastDay::Stands, &before, official());
    assert_eq!(end, Ok(date(2026, 4, 2)));
}

#[test]
fn clock_limits_run_by_the_clock() {
    let from: Timestamp = "2026-03-02T23:50:00+08:00".parse().expect("an instant");
    assert_eq!(ClockLimit::minutes(15).due(from).to_string(), "2026-03-02T16:05:00Z");
    assert_eq!(ClockLimit::hours(1).due(from).to_string(), "2026-03-02T16:50:00Z");
    assert_eq!(ClockLimit::hours(u16::MAX).due(Timestamp::MAX), Timestamp::MAX);
}

#[test]
fn periods_are_written_with_their_unit() {
    for text in ["20 WD", "30 ND", "6 M", "0 WD"] {
        assert_eq!(text.parse::<Period>().map(|period| period.to_string()), Ok(text.to_owned()));
    }
    for other in ["", "20", "WD", "20WD", "-1 WD", "+1 WD", "20 wd", "20  WD", " WD", "4294967296 WD"] {
        assert_eq!(other.parse::<Period>(), Err(PeriodError), "{other}");
    }
}

/// Counts the days one by one, in the plainest way.
fn oracle(from: Date, period: Period, last_day: LastDay, suspended: &[Interval]) -> Option<Date> {
    let is_suspended = |day: Date| suspended.iter().any(|interval| interval.start() <= day && day <= interval.end());
    let works = |day: Date| official().is_working_day(day).ok();
    let goal = match period.unit {
        Unit::WorkingDays | Unit::NaturalDays => period.length,
        Unit::Months => {
            let months =
                i32::from(from.year()) * 12 + i32::from(from.month()) - 1 + i32::try_from(period.length).ok()?;
            let first = Date::new(i16::try_from(months / 12).ok()?, i8::try_from(months % 12 + 1).ok()?, 1).ok()?;
            let end = first.with().day(from.day().min(first.days_in_month())).build().ok()?;
            u32::try_from((end - from).get_days()).ok()?
        }
    };
    let mut day = from;
    let mut counted = 0;
    while counted < goal {
        day = day.tomorrow().ok()?;
        let eligible = match period.unit {
            Unit::WorkingDays => works(day)?,
            Unit::NaturalDays | Unit::Months => true,
        };
        if eligible && !is_suspended(day) {
            counted += 1;
        }
    }
    while last_day == LastDay::RollsForward && (!works(day)? || is_suspended(day)) {
        day = day.tomorrow().ok()?;
    }
    Some(day)
}

fn days() -> impl Strategy<Value = Date> {
    (2010i16..=2027, 1i16..=365)
        .prop_map(|(year, day)| date(year, 1, 1).checked_add(Span::new().days(day - 1)).expect("a day of the year"))
}

fn periods(longest: u32) -> impl Strategy<Value = Period> {
    let unit = prop_oneof![Just(Unit::WorkingDays), Just(Unit::NaturalDays), Just(Unit::Months)];
    (0..=longest, unit).prop_map(|(length, unit)| Period { length, unit })
}

fn last_days() -> impl Strategy<Value = LastDay> {
    prop_oneof![Just(LastDay::RollsForward), Just(LastDay::Stands)]
}

fn intervals_near(from: Date) -> impl Strategy<Value = Vec<Interval>> {
    let one = (-20i64..200, 0i64..30).prop_map(move |(offset, length)| {
        let start = from.saturating_add(Span::new().days(offset));
        interval(start, start.saturating_add(Span::new().days(length)))
    });
    proptest::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn due_agrees_with_the_oracle(
        (from, suspended) in days().prop_flat_map(|from| (Just(from), intervals_near(from))),
        period in periods(130),
        last_day in last_days(),
    ) {
        let suspensions: Suspensions = suspended.iter().copied().collect();
        let found = due_suspended(from, period, last_day, &suspensions, official());
        prop_assert_eq!(found.ok(), oracle(from, period, last_day, &suspended));
    }

    #[test]
    fn a_later_start_or_a_longer_period_never_ends_earlier(
        from in days(), later in 0i64..40, period in periods(60), more in 0u32..20, last_day in last_days(),
    ) {
        let start = from.saturating_add(Span::new().days(later));
        let longer = Period { length: period.length + more, unit: period.unit };
        if let (Ok(base), Ok(moved), Ok(extended)) = (
            due(from, period, last_day, official()),
            due(start, period, last_day, official()),
            due(from, longer, last_day, official()),
        ) {
            prop_assert!(base <= moved);
            prop_assert!(base <= extended);
        }
    }

    #[test]
    fn counting_undoes_adding(from in days(), length in 0u32..120) {
        if let Ok(to) = after(from, length) {
            prop_assert_eq!(working_days_between(from, to, official()), Ok(length));
        }
    }

    #[test]
    fn extreme_days_and_lengths_do_not_panic(
        near in 0i64..3, length in prop_oneof![0u32..3, Just(u32::MAX), any::<u32>()],
        unit in prop_oneof![Just(Unit::WorkingDays), Just(Unit::NaturalDays), Just(Unit::Months)], last_day in last_days(),
    ) {
        let ends = [Date::MIN.saturating_add(Span::new().days(near)), Date::MAX.saturating_sub(Span::new().days(near))];
        for from in ends {
            let all = [interval(Date::MIN, Date::MAX)].into_iter().collect();
            let _ = due(from, Period { length, unit }, last_day, official());
            let _ = due_suspended(from, Period { length, unit }, last_day, &all, official());
        }
        let beyond = due(date(2026, 3, 2), Period { length: u32::MAX, unit }, LastDay::Stands, official());
        prop_assert!(beyond.is_err());
    }

    #[test]
    fn no_text_makes_the_period_reader_panic(input in any::<String>()) {
        let _ = input.parse::<Period>();
    }
}
