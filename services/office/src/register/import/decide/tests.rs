//! Imports: one row for each step and each refusal.

use uuid::Uuid;
use vocabulary::{Sm3Digest, Timestamp};

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::import::state::ImportId;
use crate::register::testing::{GRANT, PENALTY, Trial, file, grant_row, power_row};

fn trial() -> Trial {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY)]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    trial
}

fn grants() -> Bytes {
    file(crate::register::grant::csv::COLUMNS, &[grant_row(&GRANT)]).into()
}

fn import(stage: Stage) -> Import {
    Import {
        id: ImportId(Uuid::from_u128(3)),
        content: Content::Grants,
        digest: Sm3Digest::of(&grants()),
        rows: 1,
        registrar: "li".to_owned(),
        drafted: Timestamp::UNIX_EPOCH,
        stage,
    }
}

fn draft_of(trial: &Trial) -> Import {
    let checked = effect(
        &grants(),
        &Content::Grants,
        &trial.register,
        &trial.rules,
        "li",
        vocabulary::time::town_date(trial.now),
    );
    import(first_stage(checked.outcome, grants()))
}

#[test]
fn a_right_file_is_a_draft_and_a_wrong_one_is_refused_at_once() {
    assert!(matches!(draft_of(&trial()).stage, Stage::Draft { .. }));
    let Stage::Refused { confirmer: None, faults } = draft_of(&Trial::new()).stage else { panic!("refused at once") };
    let codes: Vec<_> = faults.iter().map(|fault| fault.code.as_ref()).collect();
    assert_eq!(codes, ["AU-UNKNOWN-DOC", "AU-UNKNOWN-POWER"]);
}

#[test]
fn the_same_file_is_a_no_op() {
    let drafted = draft_of(&trial());
    assert_eq!(draft(None, &drafted).len(), 1);
    assert_eq!(draft(Some(&drafted), &drafted), []);
}

#[test]
fn two_persons_confirm_a_draft_once() {
    let trial = trial();
    let drafted = draft_of(&trial);
    let confirm = |import: &Import, person: &str| confirm(import, person, &trial.register, &trial.rules);
    assert!(matches!(confirm(&drafted, "li"), Err(Refusal::FourEyes { .. })));
    let ended = [
        (import(Stage::Confirmed { confirmer: "wang".to_owned(), applied: 1 }), "CONFIRMED"),
        (import(Stage::Refused { confirmer: None, faults: Vec::new() }), "REFUSED"),
    ];
    for (import, expected) in ended {
        let Err(Refusal::HistoryEdit { stage, .. }) = confirm(&import, "wang") else { panic!("{expected}") };
        assert_eq!(stage, expected);
    }
    let events = confirm(&drafted, "wang").expect("a confirmation");
    assert!(
        matches!(events.as_slice(), [Event::GrantRecorded { revision: 2, .. }, Event::ImportConfirmed(import)] if matches!(import.stage, Stage::Confirmed { applied: 1, .. }))
    );
}

#[test]
fn the_rows_are_checked_again_when_they_are_confirmed() {
    let mut trial = trial();
    let drafted = draft_of(&trial);
    trial.grant(&[grant_row(&GRANT)]);
    let events = confirm(&drafted, "wang", &trial.register, &trial.rules).expect("an end");
    let [Event::ImportConfirmed(import)] = events.as_slice() else { panic!("nothing took effect") };
    let Stage::Refused { confirmer, faults } = &import.stage else { panic!("refused") };
    assert_eq!((confirmer.as_deref(), faults[0].code.as_ref()), (Some("wang"), "AU-OVERLAP"));
}

#[test]
fn an_import_reads_back_at_every_stage() {
    let faults = draft_of(&Trial::new()).stage;
    let contents = [
        Content::Grants,
        Content::Corrections { reason: "登记有误".to_owned() },
        Content::Powers { valid_from: crate::register::testing::day("2026-03-02") },
    ];
    for content in contents {
        for stage in
            [draft_of(&trial()).stage, faults.clone(), Stage::Confirmed { confirmer: "wang".to_owned(), applied: 1 }]
        {
            let import = Import { content: content.clone(), ..import(stage) };
            let file = if let Stage::Draft { file } = &import.stage { file.clone() } else { Bytes::new() };
            let valid_from = crate::register::import::wire::valid_from(&content).map(|day| day.to_string());
            let message = crate::register::import::wire::import(&import, String::new());
            assert_eq!(
                crate::register::import::wire::read(message, file, valid_from.as_deref()).expect("an import"),
                import
            );
        }
    }
}
