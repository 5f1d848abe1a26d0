//! The lists and check sums of service-centre.md §3.6, and every way in which a list is refused.

use super::*;
use jiff::civil::date;
use proptest::prelude::*;

const SOURCE: &str = include_str!("../../../../data/holidays.csv");

fn works(day: Date) -> bool {
    WorkingCalendar::official().is_working_day(day).expect("a loaded year")
}

fn working_days(first: Date, last: Date) -> usize {
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
        .take_while(|day| *day <= last)
        .filter(|day| works(*day))
        .count()
}

#[test]
fn the_official_calendar_covers_2011_to_2026() {
    let official = WorkingCalendar::official();
    assert!(official.years().eq(2011..=2026));
    assert_eq!(official.is_working_day(date(2027, 1, 4)), Err(NoCalendar { year: 2027 }));
    assert_eq!(official.is_working_day(date(2010, 12, 31)), Err(NoCalendar { year: 2010 }));
    assert_eq!(NoCalendar { year: 2027 }.code(), "SC-NO-CALENDAR");
}

#[test]
fn the_check_sums_of_the_specification_hold() {
    let sums = [
        (2024, 251, [22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22]),
        (2025, 248, [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23]),
        (2026, 248, [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]),
    ];
    for (year, whole, months) in sums {
        assert_eq!(working_days(date(year, 1, 1), date(year, 12, 31)), whole, "{year}");
        for (month, expected) in (1..).zip(months) {
            let first = date(year, month, 1);
            assert_eq!(working_days(first, first.last_of_month()), expected, "{year}-{month}");
        }
    }
}

#[test]
fn the_lists_of_the_specification_hold() {
    for (month, day) in [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)] {
        assert!(works(date(2026, month, day)), "2026-{month}-{day} is a make-up workday");
    }
    let off = [(1, 1..=3), (2, 15..=23), (4, 4..=6), (5, 1..=5), (6, 19..=21), (9, 25..=27), (10, 1..=7)];
    for (month, days) in off {
        for day in days {
            assert!(!works(date(2026, month, day)), "2026-{month}-{day} is off");
        }
    }
    // Half-day holidays change nothing.
    assert!(works(date(2024, 3, 8)));
}

#[test]
fn the_embedded_file_is_canonical_and_reads_as_a_csv_reader_would_read_it() {
    let official = WorkingCalendar::official();
    assert_eq!(official.to_csv(), SOURCE);
    assert!(Sm3Digest::of(SOURCE.as_bytes()).to_string().starts_with(official.version()));
    let mut reader = csv::Reader::from_reader(SOURCE.as_bytes());
    let rows = reader.records().map(|row| row.expect("a row").iter().collect::<Vec<_>>().join(","));
    assert!(rows.eq(SOURCE.lines().skip(1).map(str::to_owned)));
}

#[test]
fn both_forms_make_the_same_calendar() {
    let official = WorkingCalendar::official();
    let lists = official.years().filter_map(|year| official.year(year));
    assert_eq!(WorkingCalendar::from_years(lists).as_ref(), Ok(official));
}

#[test]
fn a_correction_is_another_version_and_leaves_the_first_alone() {
    let official = WorkingCalendar::official();
    let mut list = official.year(2026).expect("a loaded year");
    list.days.push(ListedDay { date: date(2026, 3, 3), kind: DayKind::Off, name: "更正".to_owned() });
    let corrected = official.with_correction(list.clone()).expect("a calendar");
    assert_ne!(corrected.version(), official.version());
    assert_eq!(corrected.is_working_day(date(2026, 3, 3)), Ok(false));
    assert!(works(date(2026, 3, 3)));
    assert!(corrected.years().eq(official.years()));
    list.days.pop();
    assert_eq!(corrected.with_correction(list).as_ref(), Ok(official));
}

#[test]
fn a_year_can_be_added() {
    let off = |month, day| ListedDay { date: date(2027, month, day), kind: DayKind::Off, name: "测试".to_owned() };
    let list = CalendarYear { year: 2027, days: vec![off(1, 1), off(5, 1), off(10, 1)] };
    let extended = WorkingCalendar::official().with_correction(list).expect("a calendar");
    assert_eq!(extended.is_working_day(date(2027, 1, 4)), Ok(true));
    assert_eq!(extended.is_working_day(date(2027, 1, 1)), Ok(false));
    // What could not be written as a row of the file is no name.
    for name in ["元旦,春节", "\"元旦\"", "元\n旦", " "] {
        let named = ListedDay { name: name.to_owned(), ..off(1, 1) };
        let told = WorkingCalendar::official().with_correction(CalendarYear { year: 2027, days: vec![named] });
        assert_eq!(told.err(), Some(CalendarError::Row { row: 1, problem: RowProblem::Name }), "{name:?}");
    }
}

#[test]
fn wrong_files_are_refused_by_row() {
    let row = |row, problem| CalendarError::Row { row, problem };
    let cases = [
        ("", CalendarError::Header),
        ("day,kind,name\n", CalendarError::Header),
        ("date,kind,name\n2026-01-01,holiday\n", row(2, RowProblem::Columns)),
        ("date,kind,name\n2026-01-01,holiday,元旦\n\n", row(3, RowProblem::Columns)),
        ("date,kind,name\n2026-01-01,holiday,元旦,x\n", row(2, RowProblem::Columns)),
        (
            "date,kind,name\n2026-1-1,holiday,元旦\n",
            row(2, RowProblem::Date(TimeError::Form { expected: "YYYY-MM-DD" })),
        ),
        ("date,kind,name\n2026-02-30,holiday,元旦\n", row(2, RowProblem::Date(TimeError::NoSuchDay))),
        ("date,kind,name\n2026-01-01,Holiday,元旦\n", row(2, RowProblem::Kind)),
        ("date,kind,name\n2026-01-01,holiday,\n", row(2, RowProblem::Name)),
        (
            "date,kind,name\n2026-01-01,holiday,元旦\n2026-01-01,workday,元旦\n",
            row(3, RowProblem::Duplicate(date(2026, 1, 1))),
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(WorkingCalendar::from_csv(source), Err(expected), "{source}");
    }
}

#[test]
fn a_fragment_of_a_year_does_not_pass_for_the_year() {
    // The notice for 2018 also lists days at the end of 2017.
    let fragment = "date,kind,name\n2027-12-31,holiday,元旦\n";
    let missing = date(2027, 1, 1);
    assert_eq!(WorkingCalendar::from_csv(fragment), Err(CalendarError::IncompleteYear { year: 2027, missing }));
    let empty = CalendarYear { year: 2027, days: Vec::new() };
    let refused = WorkingCalendar::official().with_correction(empty.clone());
    assert_eq!(refused, Err(CalendarError::IncompleteYear { year: 2027, missing }));
    let stray = CalendarYear {
        year: 2026,
        days: vec![ListedDay { date: missing, kind: DayKind::Off, name: "元旦".to_owned() }],
    };
    let problem = RowProblem::OtherYear(missing);
    assert_eq!(WorkingCalendar::from_years([stray]), Err(CalendarError::Row { row: 1, problem }));
    let year = WorkingCalendar::official().year(2026).expect("a loaded year");
    assert_eq!(WorkingCalendar::from_years([year.clone(), year]), Err(CalendarError::RepeatedYear { year: 2026 }));
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(input in any::<String>(), rows in "(20[0-9]{2}-[01][0-9]-[0-3][0-9],(holiday|workday),x\n){0,5}") {
        let _ = WorkingCalendar::from_csv(&input);
        let _ = WorkingCalendar::from_csv(&format!("date,kind,name\n{rows}"));
    }
}
