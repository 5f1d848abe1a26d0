//! The worked examples of service-centre.md §3.5, and the two ways in which natural days end.

use super::{folder, stderr, stdout, townlink};

#[test]
fn working_days_are_those_of_the_worked_examples() {
    let examples = [
        ("2026-02-10", "5", "2026-02-24"),
        ("2025-09-24", "20", "2025-10-28"),
        ("2025-09-24", "30", "2025-11-11"),
        ("2024-02-05", "20", "2024-03-08"),
        ("2026-01-05", "45", "2026-03-13"),
        ("2026-01-05", "60", "2026-04-03"),
        ("2026-03-02", "20", "2026-03-30"),
        ("2026-04-30", "10", "2026-05-18"),
    ];
    for (from, length, due) in examples {
        let output = townlink(folder().path(), &["calendar", "due", from, length]);
        assert_eq!(stdout(&output), format!("{due}\n"), "{from} + {length}");
    }
}

#[test]
fn natural_days_roll_forward_for_a_party_and_stand_for_the_organ() {
    let party = townlink(folder().path(), &["calendar", "due", "2026-04-20", "11", "--natural"]);
    assert_eq!(stdout(&party), "2026-05-06\n");
    let organ = townlink(folder().path(), &["calendar", "due", "2026-04-20", "11", "--natural", "--organ"]);
    assert_eq!(stdout(&organ), "2026-05-01\n");
}

#[test]
fn a_year_without_a_list_is_refused() {
    let output = townlink(folder().path(), &["calendar", "due", "2026-12-20", "20"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("SC-NO-CALENDAR"), "{}", stderr(&output));
    // Nothing is counted in working days, so nothing is asked of the calendar.
    let organ = townlink(folder().path(), &["calendar", "due", "2026-12-20", "30", "--natural", "--organ"]);
    assert_eq!(stdout(&organ), "2027-01-19\n");
}

#[test]
fn programs_read_json() {
    let output = townlink(folder().path(), &["--json", "calendar", "due", "2026-03-02", "20"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(value["due"], "2026-03-30");
    assert_eq!(value["period"], "20 WD");
    let refused = townlink(folder().path(), &["--json", "calendar", "due", "2026-12-20", "20"]);
    let value: serde_json::Value = serde_json::from_str(&stderr(&refused)).expect("JSON");
    assert_eq!(value["error"]["code"], "SC-NO-CALENDAR");
    assert_eq!(value["exit"], 3);
}

#[test]
fn a_date_that_does_not_exist_is_told() {
    let output = townlink(folder().path(), &["calendar", "due", "2026-02-30", "20"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no such day"), "{}", stderr(&output));
}
