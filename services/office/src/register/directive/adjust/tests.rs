//! Suspending, resuming, withdrawing, replacing: one row for each change and each refusal.

use vocabulary::Institution;

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::grant::csv;
use crate::register::grant::state::GrantState;
use crate::register::testing::{
    CONFIRMATION, GRANT, PENALTY, Told, Trial, day, expected, file, grant_row, number, power_row, row, with,
    worked_example,
};

/// P-02-A granted openly by the city government in 2012.
fn trial() -> Trial {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY), power_row(&CONFIRMATION)]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    trial.grant(&[grant_row(&GRANT)]);
    trial
}

fn paper(issuer: &str) -> Issued {
    Issued {
        number: number("昆政发〔2026〕5号"),
        issuer: issuer.into(),
        date: day("2026-03-01"),
        publication: None,
        kind: DocumentType::Adjust,
    }
}

fn suspend(from: &str, powers: &str) -> String {
    format!(r#"{{"type":"ADJUST_POWERS","action":"SUSPEND","from":"{from}","powers":[{powers}]}}"#)
}

fn resume(from: &str) -> String {
    format!(r#"{{"type":"ADJUST_POWERS","action":"RESUME","from":"{from}","powers":["P-02-A"]}}"#)
}

fn withdraw(to: &str, powers: &str) -> String {
    format!(r#"{{"type":"WITHDRAW_POWERS","to":"{to}","powers":[{powers}],"transition":"TRANSFER","until":null}}"#)
}

fn faults(trial: &Trial, issuer: &str, object: &str) -> Vec<Told> {
    trial.direct(&paper(issuer), object, "").err().unwrap_or_default()
}

const CITY: &str = "昆山市人民政府";

#[test]
fn a_suspension_ends_where_a_document_resumes() {
    let mut trial = trial();
    trial.obey(&paper(CITY), &suspend("2026-04-01", r#""P-02-A""#), "");
    trial.obey(&paper(CITY), &resume("2026-05-01"), "");
    trial.obey(&paper(CITY), &suspend("2026-06-01", r#""P-02-A""#), "");
    let grant = trial.register.all_grants().next().expect("the grant");
    let state = |on: &str| grant.state_on(vocabulary::PowerKind::Penalty, day(on), false);
    assert_eq!(state("2026-03-31"), GrantState::InForce);
    assert_eq!(state("2026-04-01"), GrantState::Suspended);
    assert_eq!(state("2026-05-01"), GrantState::InForce);
    assert_eq!(state("2026-06-01"), GrantState::Suspended);
    assert_eq!(trial.register.entry("P-02-A").map(|entry| entry.grants[0].versions.len()), Some(4));
}

#[test]
fn what_cannot_be_suspended_or_resumed_is_told() {
    let mut trial = trial();
    let listed = suspend("2026-04-01", r#""P-02-A","p_1","P-02-X","P-07-B","P-02-A""#);
    let each = [
        (0, "powers[1]", "AU-ENUM"),
        (0, "powers[2]", "AU-UNKNOWN-POWER"),
        (0, "powers[3]", "OV-NO-GRANT"),
        (0, "powers[4]", "AU-DUPLICATE"),
    ];
    assert_eq!(faults(&trial, CITY, &listed), expected(each));
    let one = |code| expected([(0, "powers[0]", code)]);
    assert_eq!(faults(&trial, CITY, &suspend("2026-02-28", r#""P-02-A""#)), expected([(0, "from", "AU-RETRO")]));
    assert_eq!(
        faults(&trial, "市城市管理局", &suspend("2026-04-01", r#""P-02-A""#)),
        expected([(0, "issuer", "AU-ISSUER")])
    );
    assert_eq!(faults(&trial, "昆山市人民政府办公室", &suspend("2026-04-01", r#""P-02-A""#)), one("AU-ISSUER"));
    assert_eq!(faults(&trial, CITY, &resume("2026-04-01")), one("AU-DATE"));
    trial.obey(&paper("苏州市人民政府"), &suspend("2026-04-01", r#""P-02-A""#), "");
    trial.document("昆政发〔2026〕5号", "苏州市人民政府", "2026-03-01", "", DocumentType::Adjust);
    assert_eq!(faults(&trial, CITY, &suspend("2026-05-01", r#""P-02-A""#)), one("AU-OVERLAP"));
    assert_eq!(faults(&trial, CITY, &suspend("2026-03-05", r#""P-02-A""#)), one("AU-OVERLAP"));
    // Who suspended it stands higher than the city.
    assert_eq!(faults(&trial, CITY, &resume("2026-05-01")), one("AU-ISSUER"));
    assert_eq!(faults(&trial, "江苏省人民政府", &resume("2026-04-01")), one("AU-DATE"));
    assert_eq!(faults(&trial, "江苏省人民政府", &resume("2026-04-02")), []);
}

#[test]
fn a_withdrawal_ends_the_grant_on_its_day() {
    let mut trial = trial();
    let finish = r#"{"type":"WITHDRAW_POWERS","to":"2026-05-01","powers":["P-02-A"],"transition":"FINISH_UNTIL","until":"2026-06-01"}"#;
    trial.obey(&paper(CITY), finish, "");
    let grant = trial.register.all_grants().next().expect("the grant");
    let end = grant.end.as_ref().expect("an end");
    assert_eq!((end.on, end.transition), (day("2026-05-01"), Transition::FinishUntil(day("2026-06-01"))));
    assert_eq!(grant.state_on(vocabulary::PowerKind::Penalty, day("2026-05-01"), false), GrantState::Withdrawn);
    // A later document may bring the end forward, and not put it off.
    assert_eq!(faults(&trial, CITY, &withdraw("2026-04-01", r#""P-02-A""#)), []);
    assert_eq!(
        faults(&trial, CITY, &withdraw("2026-05-01", r#""P-02-A""#)),
        expected([(0, "powers[0]", "OV-NO-GRANT")])
    );
}

#[test]
fn what_cannot_be_withdrawn_is_told() {
    let trial = trial();
    assert_eq!(faults(&trial, CITY, &withdraw("2026-02-28", r#""P-02-A""#)), expected([(0, "to", "AU-ADHOC")]));
    assert_eq!(
        faults(&trial, "市城市管理局", &withdraw("2026-05-01", r#""P-02-A""#)),
        expected([(0, "issuer", "AU-ISSUER")])
    );
    assert_eq!(
        faults(&trial, "昆山市人民政府办公室", &withdraw("2026-05-01", r#""P-02-A""#)),
        expected([(0, "powers[0]", "AU-ISSUER")])
    );
    let early = r#"{"type":"WITHDRAW_POWERS","to":"2026-05-01","powers":["P-02-A"],"transition":"FINISH_UNTIL","until":"2026-04-01"}"#;
    assert_eq!(faults(&trial, CITY, early), expected([(0, "until", "AU-DATE")]));
}

#[test]
fn a_withdrawal_ends_every_grant_that_reaches_beyond_its_day() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY), power_row(&CONFIRMATION)]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    let rows =
        [("2012-04-01", "2013-01-01"), ("2013-01-01", "2026-06-01"), ("2026-06-01", "2027-01-01"), ("2027-01-01", "")];
    let rows = rows.map(|(from, to)| grant_row(&with(&GRANT, &[("from", from), ("to", to)])));
    trial.grant(&rows);
    trial.obey(&paper(CITY), &withdraw("2026-05-01", r#""P-02-A""#), "");
    let ends: Vec<_> = trial
        .register
        .all_grants()
        .map(|grant| {
            let end = grant.end.as_ref().expect("an end");
            (grant.id.0, end.on.to_string(), end.document.is_some(), grant.is_void())
        })
        .collect();
    let row = |id, on: &str, by_document, void| (id, on.to_owned(), by_document, void);
    let expected_ends = [
        row(1, "2013-01-01", false, false),
        row(2, "2026-05-01", true, false),
        row(3, "2026-06-01", true, true),
        row(4, "2027-01-01", true, true),
    ];
    assert_eq!(ends, expected_ends);
    // What was withdrawn before it began is never in force, and is not to come on any day.
    use crate::register::holds::Verdict::{BasisGap, Ended};
    for (on, verdict) in [("2026-04-30", BasisGap), ("2026-05-01", Ended), ("2026-06-01", Ended), ("2030-01-01", Ended)]
    {
        assert_eq!(trial.verdict(Institution::Enforcement, "P-02-A", on), verdict, "{on}");
    }
    for grant in trial.register.all_grants().filter(|grant| grant.is_void()) {
        for on in ["2026-05-01", "2027-01-01"] {
            assert_eq!(grant.state_on(vocabulary::PowerKind::Penalty, day(on), false), GrantState::Withdrawn, "{on}");
        }
    }
    let again = [(0, "powers[0]", "OV-NO-GRANT")];
    assert_eq!(faults(&trial, CITY, &withdraw("2026-05-01", r#""P-02-A""#)), expected(again));
    // Its days are free for another grant.
    let later = grant_row(&with(&GRANT, &[("from", "2026-06-01")]));
    assert!(trial.check_grants(&[later]).is_ok());
}

fn listed(cells: &[[&str; 4]]) -> String {
    let cells = cells.iter().map(|cells| {
        let named: Vec<_> = WITHDRAWAL_COLUMNS.iter().copied().zip(cells.iter().copied()).collect();
        row(WITHDRAWAL_COLUMNS, &named)
    });
    file(WITHDRAWAL_COLUMNS, &cells.collect::<Vec<_>>())
}

#[test]
fn an_annex_withdraws_each_power_on_its_day() {
    let mut trial = worked_example();
    let object = r#"{"type":"WITHDRAW_POWERS","annex":"收回.csv"}"#;
    let wrong = listed(&[
        ["P-07-B", "2026-05-01", "", ""],
        ["p_1", "2026-05-01", "LATER", ""],
        ["P-02-X", "2026-05-01", "", ""],
        ["P-07-B", "2026-06-01", "", ""],
        ["P-02-A", "2026-05-01", "", ""],
        ["P-02-A", "", "", ""],
        ["P-02-A", "2026-02-01", "FINISH_UNTIL", "2026-01-01"],
        ["P-02-A", "2026-02-01", "FINISH_UNTIL", ""],
    ]);
    let told = trial.direct(&paper(CITY), object, &wrong).err().unwrap_or_default();
    let each = [
        (3, "power_code", "AU-ENUM"),
        (3, "transition", "AU-ENUM"),
        (4, "power_code", "AU-UNKNOWN-POWER"),
        (5, "power_code", "AU-DUPLICATE"),
        (6, "power_code", "OV-NO-GRANT"),
        (7, "to", "AU-DATE"),
        (8, "power_code", "AU-DUPLICATE"),
        (9, "transition", "AU-ENUM"),
    ];
    assert_eq!(told, expected(each));
    let early = listed(&[["P-07-B", "2026-02-01", "FINISH_UNTIL", "2026-01-01"]]);
    let told = trial.direct(&paper(CITY), object, &early).err();
    assert_eq!(told, Some(expected([(2, "to", "AU-ADHOC"), (2, "until", "AU-DATE")])));
    let nothing = trial.direct(&paper(CITY), object, &listed(&[])).err();
    assert_eq!(nothing, Some(expected([(0, "annex", "RE-DIRECTIVE")])));
    trial.obey(&paper(CITY), object, &listed(&[["P-07-B", "2026-05-01", "FINISH_BY_TOWN", ""]]));
    assert_eq!(trial.answer(Institution::Service, "P-07-B", "2026-05-01").grant.map(|grant| grant.id.0), Some(2));
    assert_eq!(trial.verdict(Institution::Service, "P-07-B", "2026-05-01"), crate::register::holds::Verdict::Ended);
}

#[test]
fn a_replacement_ends_the_old_grant_where_the_new_one_begins() {
    let mut trial = trial();
    let object = r#"{"type":"ADJUST_POWERS","action":"REPLACE","annex":"清单.csv"}"#;
    let annex = |changes: &[(&'static str, &'static str)]| {
        let cells =
            with(&with(&GRANT, &[("doc_no", "昆政发〔2026〕5号"), ("from", "2026-04-01"), ("clause", "9")]), changes);
        file(csv::COLUMNS, &[grant_row(&cells)])
    };
    let told = |issuer: &str, annex: &str| trial.direct(&paper(issuer), object, annex).err().unwrap_or_default();
    assert_eq!(told("昆山市人民政府办公室", &annex(&[])), expected([(2, "doc_no", "AU-ISSUER")]));
    let nothing = [("power_code", "P-07-B"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")];
    assert_eq!(told(CITY, &annex(&nothing)), expected([(2, "power_code", "OV-NO-GRANT")]));
    trial.obey(&paper(CITY), object, &annex(&[]));
    let grants: Vec<_> = trial.register.all_grants().collect();
    let ends: Vec<_> =
        grants.iter().map(|grant| (grant.id.0, grant.from, grant.end.as_ref().map(|end| end.on))).collect();
    assert_eq!(ends, [(1, day("2012-04-01"), Some(day("2026-04-01"))), (2, day("2026-04-01"), None)]);
    let succeeded = trial.register.is_succeeded(grants[0]);
    assert_eq!(
        grants[0].state_on(vocabulary::PowerKind::Penalty, day("2026-04-01"), succeeded),
        GrantState::Superseded
    );
}

#[test]
fn a_replacement_does_not_lift_what_a_higher_issuer_did() {
    let object = r#"{"type":"ADJUST_POWERS","action":"REPLACE","annex":"清单.csv"}"#;
    let cells = with(&GRANT, &[("doc_no", "昆政发〔2026〕5号"), ("from", "2026-04-15")]);
    let annex = file(csv::COLUMNS, &[grant_row(&cells)]);
    let above = [
        suspend("2026-04-01", r#""P-02-A""#),
        suspend("2026-05-01", r#""P-02-A""#),
        withdraw("2026-05-01", r#""P-02-A""#),
    ];
    for done in above {
        let mut trial = trial();
        trial.document("苏政发〔2026〕1号", "苏州市人民政府", "2026-03-01", "", DocumentType::Adjust);
        let higher = Issued { number: number("苏政发〔2026〕1号"), ..paper("苏州市人民政府") };
        trial.obey(&higher, &done, "");
        let told = |issuer: &str| trial.direct(&paper(issuer), object, &annex).err().unwrap_or_default();
        assert_eq!(told(CITY), expected([(2, "doc_no", "AU-ISSUER")]), "{done}");
        assert_eq!(told("苏州市人民政府"), [], "{done}");
    }
}

#[test]
fn a_replacement_states_its_publication() {
    let trial = trial();
    let object = r#"{"type":"ADJUST_POWERS","action":"REPLACE","annex":"清单.csv","publishedDate":"2026-04-01","publishedPlace":"政府网站"}"#;
    let annex = |from: &str| {
        let cells = with(&GRANT, &[("doc_no", "昆政发〔2026〕5号"), ("from", from)]);
        file(csv::COLUMNS, &[grant_row(&cells)])
    };
    let told = |object: &str, from: &str| trial.direct(&paper(CITY), object, &annex(from)).map(|_| ()).err();
    assert_eq!(told(object, "2026-04-01"), None);
    assert_eq!(told(object, "2026-03-31"), Some(expected([(2, "from", "AU-RETRO")])));
    let early = object.replace("2026-04-01", "2026-02-01");
    assert_eq!(told(&early, "2026-04-01"), Some(expected([(0, "publishedDate", "AU-DATE")])));
    let published = trial.direct(&paper(CITY), object, &annex("2026-04-01")).expect("an effect");
    let days: Vec<_> = published.grants.iter().map(|(grant, _)| grant.publication.as_ref().map(|it| it.date)).collect();
    assert_eq!(days.last(), Some(&Some(day("2026-04-01"))));
}

#[test]
fn a_directive_that_cannot_be_read_does_nothing() {
    let mut trial = worked_example();
    let paper = trial.document("昆政发〔2025〕7号", "昆山市人民政府", "2025-03-01", "", DocumentType::Withdraw);
    let told = trial.direct(&paper, "{}", "").err().unwrap_or_default();
    assert_eq!(told.iter().map(|(_, _, code)| code.as_str()).collect::<Vec<_>>(), ["RE-DIRECTIVE"]);
}
