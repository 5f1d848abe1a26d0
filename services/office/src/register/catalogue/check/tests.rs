//! Each check of a row of the catalogue, in its order (authority.md §2.7).

use proptest::prelude::*;

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::testing::{
    CONFIRMATION, GRANT, MEASURE, PENALTY, Told, Trial, day, expected, grant_row, power_row, with,
};

/// The faults of a file whose rows are the given ones; row 2 is the first.
fn faults(rows: &[Vec<(&str, &str)>]) -> Vec<Told> {
    let mut trial = Trial::new();
    trial.list(&[power_row(&with(&PENALTY, &[("power_code", "P-02-K")]))]);
    let rows: Vec<_> = rows.iter().map(|cells| power_row(cells)).collect();
    trial.check_powers(&rows, "2026-03-02").err().unwrap_or_default()
}

/// The faults of one row that differs from a right one.
fn changed<'c>(right: &[(&'c str, &'c str)], changes: &[(&'c str, &'c str)]) -> Vec<Told> {
    faults(&[with(right, changes)])
}

#[test]
fn a_right_file_has_no_faults() {
    assert_eq!(faults(&[PENALTY.to_vec(), MEASURE.to_vec()]), []);
    assert_eq!(changed(&PENALTY, &[("impl_code", "11320583014099996R5000217003001")]), []);
    assert_eq!(changed(&PENALTY, &[("fine_min_yuan", "0"), ("fine_max_yuan", "200")]), []);
    assert_eq!(changed(&MEASURE, &[("related", "0"), ("related_to", "")]), []);
    assert_eq!(changed(&MEASURE, &[("related_to", "P-02-K")]), []);
}

#[test]
fn unknown_and_malformed_values_are_told_each_by_itself() {
    type Changes = &'static [(&'static str, &'static str)];
    let rows: [(Changes, &[&str]); 21] = [
        (&[("power_code", "pp_urb_1")], &["power_code"]),
        (&[("power_code", "")], &["power_code"]),
        (&[("impl_code", "11320583014099996R5000117003001")], &["impl_code"]),
        (&[("impl_code", "1132058301409999")], &["impl_code"]),
        (&[("name", "")], &["name"]),
        (&[("kind", "12")], &["kind"]),
        (&[("field", "")], &["field"]),
        (&[("field", "MOON")], &["field"]),
        (&[("field", "城市管理")], &["field"]),
        (&[("basis", "条例|法规|第一条")], &["basis"]),
        (&[("basis", "条例;条例|法律")], &["basis", "basis"]),
        (&[("act", "")], &["act"]),
        (&[("violation_basis", "条例")], &["violation_basis"]),
        (&[("penalty_kinds", "")], &["penalty_kinds"]),
        (&[("penalty_kinds", "警告;打板子")], &["penalty_kinds"]),
        (&[("fine_min_yuan", "5")], &["fine_max_yuan"]),
        (&[("org_fine_max_yuan", "5")], &["org_fine_min_yuan"]),
        (&[("fine_min_yuan", "9"), ("fine_max_yuan", "5")], &["fine_max_yuan"]),
        (&[("fine_min_yuan", "1.5"), ("fine_max_yuan", "2")], &["fine_min_yuan"]),
        (&[("measures", "查封")], &["measures"]),
        (&[("related", "yes")], &["related"]),
    ];
    for (changes, columns) in rows {
        let wanted: Vec<_> = columns.iter().map(|column| (2, (*column).to_owned(), "AU-ENUM".to_owned())).collect();
        assert_eq!(changed(&PENALTY, changes), wanted, "{changes:?}");
    }
    let right = with(&MEASURE, &[("related_to", "P-02-K")]);
    for (column, cell) in [("measures", ""), ("measures", "没收"), ("act", "某行为"), ("related_to", "p_1")] {
        assert_eq!(changed(&right, &[(column, cell)]), expected([(2, column, "AU-ENUM")]), "{column} {cell}");
    }
}

#[test]
fn a_cell_that_does_not_read_as_it_is_stored_is_told_once() {
    for column in ["power_code", "name", "kind", "field", "basis", "act", "penalty_kinds", "fine_rule", "related_to"] {
        for hidden in ['\0', '\t', '\r', '\u{1b}', '\u{202e}', '\u{2069}', '\u{200f}'] {
            let cell = format!("甲{hidden}乙");
            assert_eq!(changed(&PENALTY, &[(column, &cell)]), expected([(2, column, "AU-ENUM")]), "{column} {cell:?}");
        }
    }
    assert_eq!(changed(&PENALTY, &[("name", "甲\n乙"), ("fine_rule", "甲\r\n乙")]), []);
}

#[test]
fn a_power_stands_once_and_its_rows_agree() {
    let other = with(&PENALTY, &[("act", "另一行为")]);
    assert_eq!(faults(&[PENALTY.to_vec(), other.clone()]), []);
    assert_eq!(faults(&[PENALTY.to_vec(), PENALTY.to_vec()]), expected([(3, "act", "AU-DUPLICATE")]));
    assert_eq!(
        faults(&[MEASURE.to_vec(), PENALTY.to_vec(), MEASURE.to_vec()]),
        expected([(4, "power_code", "AU-DUPLICATE")])
    );
    let at_odds =
        with(&other, &[("name", "另一名称"), ("field", "HEALTH"), ("origin_department", "市卫健委"), ("basis", "")]);
    let columns = [
        (3, "name", "AU-DUPLICATE"),
        (3, "field", "AU-DUPLICATE"),
        (3, "origin_department", "AU-DUPLICATE"),
        (3, "basis", "AU-DUPLICATE"),
    ];
    assert_eq!(faults(&[PENALTY.to_vec(), at_odds]), expected(columns));
    // A value that was refused says nothing about the other rows.
    let unreadable = with(&other, &[("field", "MOON")]);
    assert_eq!(faults(&[PENALTY.to_vec(), unreadable]), expected([(3, "field", "AU-ENUM")]));
}

#[test]
fn a_known_power_keeps_its_kind() {
    let other = [("power_code", "P-02-K"), ("name", "改名"), ("kind", "07")];
    assert_eq!(faults(&[other.to_vec()]), expected([(2, "kind", "AU-DUPLICATE")]));
}

#[test]
fn liberty_is_never_listed_and_freezing_needs_a_law() {
    assert_eq!(
        changed(&PENALTY, &[("penalty_kinds", "罚款;行政拘留")]),
        expected([(2, "penalty_kinds", "AU-LIBERTY")])
    );
    let rows = [MEASURE.to_vec(), PENALTY.to_vec()];
    let measure = |changes: &[(&'static str, &'static str)]| faults(&[with(&rows[0], changes), rows[1].clone()]);
    assert_eq!(measure(&[("measures", "限制人身自由")]), expected([(2, "measures", "AU-LIBERTY")]));
    assert_eq!(measure(&[("measures", "冻结")]), expected([(2, "measures", "AU-FREEZE")]));
    assert_eq!(measure(&[("measures", "划拨"), ("basis", "")]), expected([(2, "measures", "AU-FREEZE")]));
    assert_eq!(measure(&[("measures", "冻结"), ("basis", "税收征收管理法|法律|第三十八条")]), []);
}

#[test]
fn a_measure_names_the_penalties_that_it_serves() {
    let rows = |related_to: &'static str| faults(&[with(&MEASURE, &[("related_to", related_to)]), PENALTY.to_vec()]);
    assert_eq!(rows(""), expected([(2, "related_to", "AU-RELATED")]));
    assert_eq!(rows("P-02-A;P-02-K"), []);
    assert_eq!(rows("P-02-A;P-02-X"), expected([(2, "related_to", "AU-RELATED")]));
    assert_eq!(rows("P-03-C"), expected([(2, "related_to", "AU-RELATED")]));
    assert_eq!(changed(&PENALTY, &[("related_to", "P-02-K")]), expected([(2, "related_to", "AU-RELATED")]));
    assert_eq!(changed(&PENALTY, &[("related", "1")]), expected([(2, "related", "AU-RELATED")]));
    // The fault of a penalty is told at its own row, not again at the measure that it serves.
    let bad = with(&PENALTY, &[("kind", "99")]);
    assert_eq!(faults(&[MEASURE.to_vec(), bad]), expected([(3, "kind", "AU-ENUM")]));
}

#[test]
fn a_changed_power_is_a_new_version_from_a_day_on() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY)]);
    let same = trial.check_powers(&[power_row(&PENALTY)], "2026-05-01");
    assert_eq!(same, Ok(Vec::new()));
    let renamed =
        trial.check_powers(&[power_row(&with(&PENALTY, &[("name", "改名")]))], "2026-05-01").expect("no faults");
    trial.take(&renamed);
    let code = PowerCode::parse("P-02-A").expect("a code");
    let title = |on: &str| trial.register.power_on(&code, day(on)).map(|power| power.title.clone());
    assert_eq!(title("2026-04-30").as_deref(), Some("对占道经营的处罚"));
    assert_eq!(title("2026-05-01").as_deref(), Some("改名"));
    assert_eq!(title("1990-01-01").as_deref(), Some("对占道经营的处罚"));
}

#[test]
fn another_wording_is_for_days_to_come() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY)]);
    let renamed = [power_row(&with(&PENALTY, &[("name", "改名")]))];
    assert_eq!(trial.check_powers(&renamed, "2026-03-01"), Err(expected([(2, "power_code", "AU-RETRO")])));
    assert!(trial.check_powers(&renamed, "2026-03-02").is_ok());
    // What does not change, and what is new, is not touched by the day.
    let new = power_row(&with(&PENALTY, &[("power_code", "P-02-N")]));
    assert!(trial.check_powers(&[power_row(&PENALTY), new], "2012-01-01").is_ok());
}

#[test]
fn another_wording_fits_the_grants_that_go_on() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY), power_row(&CONFIRMATION)]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    let service = [("power_code", "P-07-B"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")];
    trial.grant(&[grant_row(&GRANT), grant_row(&with(&GRANT, &service))]);
    let baseless = power_row(&with(&PENALTY, &[("basis", "")]));
    assert_eq!(trial.check_powers(&[baseless], "2026-05-01"), Err(expected([(2, "basis", "AU-NO-BASIS")])));
    let based = power_row(&with(&CONFIRMATION, &[("basis", "某法|法律|第一条")]));
    assert_eq!(
        trial.check_powers(std::slice::from_ref(&based), "2026-05-01"),
        Err(expected([(2, "basis", "AU-MODE-MISMATCH")]))
    );
    // A grant that is over by then is not asked.
    let mut over = Trial::new();
    over.list(&[power_row(&CONFIRMATION)]);
    over.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    over.grant(&[grant_row(&with(&with(&GRANT, &service), &[("to", "2026-05-01")]))]);
    assert!(over.check_powers(&[based], "2026-05-01").is_ok());
}

#[test]
fn a_catalogue_without_rows_is_refused() {
    assert_eq!(Trial::new().check_powers(&[], "2026-03-02"), Err(expected([(1, "", "AU-ENUM")])));
}

proptest! {
    #[test]
    fn no_bytes_make_the_check_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cells in proptest::collection::vec("[0-9A-Z警罚款;|法律 -]{0,8}", 18)) {
        let trial = Trial::new();
        let row = format!("{}\n{}\n{}\n", csv::COLUMNS.join(","), cells.join(","), cells.join(","));
        for file in [bytes.as_slice(), row.as_bytes()] {
            let checked = check(file, &trial.register, &trial.rules, day("2026-03-02"), day("2026-03-02"));
            if let Err(faults) = checked.outcome {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.is_sorted_by_key(|fault| fault.row));
            }
        }
    }
}
