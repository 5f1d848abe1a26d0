//! Recording an evaluation, and telling that one is overdue.

use super::*;
use crate::register::evaluation::state::due;
use crate::register::grant::state::Transition;
use crate::register::testing::{CONFIRMATION, GRANT, PENALTY, Trial, day, grant_row, number, power_row, with};
use vocabulary::time;

const EVALUATION: &str = "昆政办发〔2025〕3号";

/// A penalty power and a confirmation, granted in 2024, and an evaluation of 2025.
fn trial() -> Trial {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY), power_row(&CONFIRMATION)]);
    trial.document("昆政发〔2024〕1号", "昆山市人民政府", "2024-01-01", "2024-01-02", DocumentType::Grant);
    trial.document(EVALUATION, "昆山市人民政府办公室", "2025-06-01", "", DocumentType::Evaluation);
    trial.document("昆政发〔2025〕9号", "昆山市人民政府", "2025-06-01", "", DocumentType::Adjust);
    let of = ("doc_no", "昆政发〔2024〕1号");
    let penalty = with(&GRANT, &[of, ("from", "2024-04-01")]);
    let confirmation = with(
        &GRANT,
        &[
            of,
            ("from", "2024-04-01"),
            ("power_code", "P-07-B"),
            ("mode", "ASSIGNED"),
            ("handler", "SERVICE"),
            ("supervisor", "SOCIAL"),
        ],
    );
    trial.grant(&[grant_row(&penalty), grant_row(&confirmation)]);
    trial
}

fn wanted(document: &str) -> Wanted {
    Wanted {
        grant: GrantId(1),
        document: number(document),
        finding: Finding::Keep,
        note: "承接良好".to_owned(),
        next: None,
    }
}

fn decided(trial: &Trial, wanted: &Wanted) -> Result<Grant, Refusal> {
    let grant = &trial.register.grant(wanted.grant).expect("a grant").grant;
    let event = evaluate(grant, wanted, &trial.register, &trial.rules)?;
    let Event::GrantRecorded { grant, change: Change::Evaluated, revision } = event else {
        panic!("no evaluation: {event:?}")
    };
    assert_eq!(revision, trial.register.head.revision + 1);
    Ok((*grant).clone())
}

#[test]
fn an_evaluation_is_recorded_and_sets_the_next_day() {
    let trial = trial();
    let before = trial.register.grant(GrantId(1)).expect("a grant").grant.next_evaluation;
    assert_eq!(before, Some(day("2026-04-01")), "two years after the grant begins");
    let grant = decided(&trial, &wanted(EVALUATION)).expect("it may be recorded");
    let evaluation = grant.evaluation.as_ref().expect("it was evaluated");
    assert_eq!((evaluation.on, evaluation.finding), (day("2025-06-01"), Finding::Keep));
    assert_eq!(grant.next_evaluation, Some(day("2027-06-01")));
    let sooner = Wanted { next: Some(day("2025-12-01")), ..wanted(EVALUATION) };
    assert_eq!(decided(&trial, &sooner).map(|grant| grant.next_evaluation), Ok(Some(day("2025-12-01"))));
}

/// Evaluation is the ground of a suspension, never the suspension itself.
#[test]
fn what_it_found_changes_no_authority() {
    let trial = trial();
    for finding in [Finding::Keep, Finding::Suspend, Finding::Withdraw] {
        let grant = decided(&trial, &Wanted { finding, ..wanted(EVALUATION) }).expect("it may be recorded");
        assert_eq!((grant.suspensions.len(), &grant.end), (0, &None));
    }
}

#[test]
fn an_evaluation_rests_on_a_confirmed_evaluation_document() {
    let trial = trial();
    let unknown = Refusal::UnknownDocument { number: "昆政发〔2025〕99号".to_owned() };
    assert_eq!(decided(&trial, &wanted("昆政发〔2025〕99号")), Err(unknown));
    let other = decided(&trial, &wanted("昆政发〔2025〕9号")).expect_err("an adjustment is no evaluation");
    assert!(matches!(other, Refusal::NotEvaluated { fault: "the document is no evaluation", .. }), "{other:?}");
}

#[test]
fn only_grants_of_penalty_powers_are_evaluated() {
    let refused = decided(&trial(), &Wanted { grant: GrantId(2), ..wanted(EVALUATION) }).expect_err("a confirmation");
    assert!(matches!(refused, Refusal::NotEvaluated { .. }), "{refused:?}");
}

#[test]
fn a_corrected_grant_is_evaluated_in_its_correction() {
    let mut trial = trial();
    let row = grant_row(&with(&GRANT, &[("doc_no", "昆政发〔2024〕1号"), ("from", "2024-05-01")]));
    let content = crate::register::import::state::Content::Corrections { reason: "日期有误".to_owned() };
    let file = crate::register::testing::file(crate::register::grant::csv::COLUMNS, &[row]);
    let events = trial.check(file.as_bytes(), &content).expect("a correction");
    trial.take(&events);
    let refused = decided(&trial, &wanted(EVALUATION)).expect_err("it is corrected");
    assert!(matches!(refused, Refusal::NotEvaluated { fault: "another grant corrects this one", .. }), "{refused:?}");
    assert!(decided(&trial, &Wanted { grant: GrantId(3), ..wanted(EVALUATION) }).is_ok());
}

#[test]
fn one_document_evaluates_a_grant_once() {
    let mut trial = trial();
    let grant = decided(&trial, &wanted(EVALUATION)).expect("it may be recorded");
    let revision = trial.register.head.revision + 1;
    trial.take(&[Event::GrantRecorded { grant: Arc::new(grant), change: Change::Evaluated, revision }]);
    let again = Refusal::HistoryEdit { name: "grants/G-000001".to_owned(), stage: "EVALUATED" };
    assert_eq!(decided(&trial, &wanted(EVALUATION)), Err(again));
    trial.document("昆政办发〔2025〕1号", "昆山市人民政府办公室", "2025-05-01", "", DocumentType::Evaluation);
    let early = Refusal::EvaluationDay { known: day("2025-06-01"), given: day("2025-05-01") };
    assert_eq!(decided(&trial, &wanted("昆政办发〔2025〕1号")), Err(early), "not before the last one");
}

#[test]
fn an_evaluation_lies_within_the_days_of_its_grant() {
    let mut trial = trial();
    trial.document("昆政办发〔2024〕2号", "昆山市人民政府办公室", "2024-03-31", "", DocumentType::Evaluation);
    let early = Refusal::EvaluationDay { known: day("2024-04-01"), given: day("2024-03-31") };
    assert_eq!(decided(&trial, &wanted("昆政办发〔2024〕2号")), Err(early));
    let past = Wanted { next: Some(day("2025-06-01")), ..wanted(EVALUATION) };
    let late = Refusal::EvaluationDay { known: day("2025-06-01"), given: day("2025-06-01") };
    assert_eq!(decided(&trial, &past), Err(late), "the next one comes later");
    let withdrawing = trial.document("昆政发〔2025〕7号", "昆山市人民政府", "2025-01-01", "", DocumentType::Withdraw);
    trial.obey(&withdrawing, r#"{"type":"WITHDRAW_POWERS","to":"2025-06-01","powers":["P-02-A"]}"#, "");
    let ended = Refusal::EvaluationDay { known: day("2025-06-01"), given: day("2025-06-01") };
    assert_eq!(decided(&trial, &wanted(EVALUATION)), Err(ended));
}

#[test]
fn nothing_is_due_of_a_grant_that_ends_before() {
    let trial = trial();
    let grant = trial.register.grant(GrantId(1)).expect("a grant").grant.as_ref().clone();
    assert_eq!(due(&grant), Some(day("2026-04-01")));
    let ending = |on: &str| {
        let end = crate::register::grant::state::End { on: day(on), document: None, transition: Transition::Transfer };
        due(&Grant { end: Some(end), ..grant.clone() })
    };
    assert_eq!(ending("2026-04-01"), None);
    assert_eq!(ending("2026-04-02"), Some(day("2026-04-01")));
    assert_eq!(due(&Grant { next_evaluation: None, ..grant.clone() }), None);
}

#[test]
fn a_day_that_passes_is_told_once() {
    let trial = trial();
    let grant = Arc::clone(&trial.register.grant(GrantId(1)).expect("a grant").grant);
    let waiting = Due { grant: GrantId(1), day: Some(day("2026-04-01")), raised: None };
    let passed = time::start_of_day(day("2026-04-02"));
    let before = passed.checked_sub(jiff::SignedDuration::from_micros(1)).expect("an instant");
    assert_eq!(overdue(&waiting, &grant, before), None, "the day itself still counts");
    let told = overdue(&waiting, &grant, passed).expect("the day has passed");
    assert_eq!((told.day, told.at), (day("2026-04-01"), passed));
    assert_eq!(overdue(&Due { raised: Some(passed), ..waiting }, &grant, passed), None);
    assert_eq!(overdue(&Due { day: None, ..waiting }, &grant, passed), None);
}
