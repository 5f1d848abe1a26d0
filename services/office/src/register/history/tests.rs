//! historyOf and documentsOf of authority.md §2.5.

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::testing::{PENALTY, Trial, day, power_row, with, worked_example};

fn told(trial: &Trial, power: &str, revision: i64) -> Vec<(String, String, String)> {
    let shown = |happened: &Happened<'_>| {
        let what = match happened {
            Happened::Listed(listed) => listed.power.title.clone(),
            Happened::Basis(basis) => basis.basis.id.to_string(),
            Happened::Granted(recorded) => format!("{} {:?}", recorded.grant.id, recorded.change),
        };
        let from = happened.valid_from().map(|day| day.to_string()).unwrap_or_default();
        (what, from, happened.document().map(ToString::to_string).unwrap_or_default())
    };
    history(&trial.register, power, revision).iter().map(shown).collect()
}

fn expected<const N: usize>(rows: [(&str, &str, &str); N]) -> Vec<(String, String, String)> {
    rows.map(|(what, from, document)| (what.to_owned(), from.to_owned(), document.to_owned())).into()
}

/// The worked example, with what a town sees over the years: a suspension and its end, a decision of the province, a new wording.
fn years() -> Trial {
    let mut trial = worked_example();
    let adjust = trial.document("昆政发〔2013〕3号", "昆山市人民政府", "2013-03-01", "", DocumentType::Adjust);
    trial.obey(&adjust, r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2013-04-01","powers":["P-02-A"]}"#, "");
    let adjust = trial.document("昆政发〔2014〕3号", "昆山市人民政府", "2014-03-01", "", DocumentType::Adjust);
    trial.obey(&adjust, r#"{"type":"ADJUST_POWERS","action":"RESUME","from":"2014-04-01","powers":["P-02-A"]}"#, "");
    let renamed = with(&PENALTY, &[("name", "对占用道路经营的处罚")]);
    let events = trial.check_powers(&[power_row(&renamed)], "2026-04-01").expect("a new wording");
    trial.take(&events);
    trial
}

#[test]
fn everything_that_happened_is_told_in_the_order_of_its_record() {
    let trial = years();
    let all = expected([
        ("对占道经营的处罚", "", ""),
        ("G-000001 Granted", "2012-04-01", "昆政发〔2012〕1号"),
        ("G-000001 Suspended", "2013-04-01", "昆政发〔2013〕3号"),
        ("G-000001 Resumed", "2014-04-01", "昆政发〔2014〕3号"),
        ("对占用道路经营的处罚", "2026-04-01", ""),
    ]);
    assert_eq!(told(&trial, "P-02-A", trial.register.head.revision), all);
    assert_eq!(told(&trial, "P-02-A", 2), all[..2], "what was recorded later was not known then");
    assert_eq!(told(&trial, "P-99-X", trial.register.head.revision), []);
}

#[test]
fn a_decision_of_the_province_is_part_of_a_penalty_powers_history_only() {
    let mut trial = worked_example();
    let digest = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    let object = format!(
        r#"{{"type":"REGISTER_BASIS","basis":{{"docNo":"苏政发〔2022〕8号","title":"关于赋权的决定","issuer":"江苏省人民政府","issueDate":"2022-01-10","publishedDate":"2022-01-15","publishedPlace":"省政府公报","attachment":"决定.ofd","digest":"{digest}"}},"powers":[],"fields":["URBAN"],"towns":"张浦镇"}}"#
    );
    let paper = trial.document("昆政办发〔2022〕2号", "昆山市人民政府办公室", "2022-02-01", "", DocumentType::Basis);
    trial.obey(&paper, &object, "");
    let revision = trial.register.head.revision;
    let last = told(&trial, "P-02-A", revision).pop();
    assert_eq!(last, expected([("B-000001", "2022-01-15", "苏政发〔2022〕8号")]).pop());
    assert!(told(&trial, "P-07-B", revision).iter().all(|(what, ..)| what != "B-000001"));
    let numbers: Vec<_> = documents(&trial.register, "P-02-A", revision)
        .iter()
        .map(|it| (it.number.to_string(), it.issuer.to_owned(), it.date, it.effects.len()))
        .collect();
    let city = "昆山市人民政府".to_owned();
    assert_eq!(
        numbers,
        [
            ("昆政发〔2012〕1号".to_owned(), city, Some(day("2012-03-01")), 1),
            ("苏政发〔2022〕8号".to_owned(), "江苏省人民政府".to_owned(), Some(day("2022-01-10")), 0),
        ]
    );
}

#[test]
fn the_documents_of_a_power_say_what_each_did() {
    let trial = years();
    let found = documents(&trial.register, "P-02-A", trial.register.head.revision);
    let shown: Vec<_> = found
        .iter()
        .map(|it| {
            let effects: Vec<_> =
                it.effects.iter().map(|(id, change, clause)| format!("{id} {change:?} {clause}")).collect();
            (it.number.to_string(), effects.join(";"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("昆政发〔2012〕1号".to_owned(), "G-000001 Granted 1".to_owned()),
            ("昆政发〔2013〕3号".to_owned(), "G-000001 Suspended ".to_owned()),
            ("昆政发〔2014〕3号".to_owned(), "G-000001 Resumed ".to_owned()),
        ]
    );
    assert_eq!(documents(&trial.register, "P-02-A", 2).len(), 1);
}
