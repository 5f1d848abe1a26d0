//! Facts and records for tests of the rules.

use std::sync::Arc;

use uuid::Uuid;
use vocabulary::{Date, FieldCode, Institution, Timestamp};

use super::instrument::{Issue, Step};
use super::{instrument, review};
use crate::oversight::facts::Facts;
use crate::oversight::settings::{Rules, built_in};
use crate::supervision::state::{CaseLine, CaseReview, Finding, Request, SupervisionOpinion};

/// The id of whatever a test makes.
pub(super) const ID: Uuid = Uuid::from_u128(7);

/// An instant of the town.
pub(super) fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().expect("an instant")
}

pub(super) fn field(code: &str) -> FieldCode {
    FieldCode::parse(code).expect("a field")
}

/// A closed case of HOUSING that SERVICE handled and CONSTRUCTION supervises.
pub(super) fn closed_case() -> CaseLine {
    CaseLine {
        name: "cases/ZP20251001000001".to_owned(),
        kind: "行政许可".to_owned(),
        matter: "施工许可".to_owned(),
        field: field("HOUSING"),
        handler: Institution::Service,
        supervisor: Institution::Construction,
        stage: "ARCHIVED".to_owned(),
        opened: Date::constant(2025, 10, 1),
        due: None,
        closed: Some(Date::constant(2025, 12, 1)),
        handled_by: vec!["wei".to_owned()],
    }
}

/// The same case while it is open.
pub(super) fn open_case() -> CaseLine {
    CaseLine { closed: None, stage: "REVIEW".to_owned(), ..closed_case() }
}

/// What a supervisor of CONSTRUCTION knows on 2 March 2026.
pub(super) fn facts() -> Facts {
    facts_of(Institution::Construction, "chen")
}

pub(super) fn facts_of(institution: Institution, person: &str) -> Facts {
    let rules: Arc<Rules> = Arc::new(built_in());
    Facts {
        institution: Some(institution),
        party: institution.code().to_owned(),
        person: person.to_owned(),
        case: Some(closed_case()),
        chance: "a1b2".to_owned(),
        ..Facts::of_clock(at("2026-03-02T09:00:00"), &rules)
    }
}

/// The wish to issue a supervision opinion.
pub(super) fn issue() -> Issue {
    Issue {
        service: "service-center".to_owned(),
        case_name: closed_case().name,
        review: None,
        facts: "受理通知书未载明受理日期".to_owned(),
        rule: "行政许可法第三十二条".to_owned(),
        request: Request::CorrectProcedure,
    }
}

/// A supervision opinion that was issued.
pub(super) fn issued() -> SupervisionOpinion {
    let step = Step::Issue(issue());
    let (opinion, _) = instrument::decide(None, &None, ID, &step, &facts()).expect("issued").expect("an opinion");
    opinion
}

/// A review of the closed case.
pub(super) fn reviewed() -> CaseReview {
    let finding = Finding { fact: "未告知诉权".to_owned(), rule: "行政许可法第三十八条".to_owned() };
    let step =
        review::Step { service: "service-center".to_owned(), case_name: closed_case().name, findings: vec![finding] };
    let (review, _) = review::decide(&None, ID, &step, &facts()).expect("reviewed").expect("a review");
    review
}
