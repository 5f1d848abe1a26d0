//! Every bad field is told.

use super::*;
use runtime::testing::faults;

const ID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

fn told(read: impl FnOnce(&mut Fields)) -> Vec<String> {
    let mut fields = Fields::new();
    read(&mut fields);
    faults(fields.finish(Some(())))
}

#[test]
fn findings_and_evidence_are_bounded_and_named_once() {
    let finding = pb::ReviewFinding { fact: "未说明理由".to_owned(), rule: "某法第二条".to_owned() };
    let many = |count| vec![finding.clone(); count];
    assert_eq!(told(|fields| drop(findings(fields, many(MANY)))), [""; 0]);
    assert_eq!(told(|fields| drop(findings(fields, many(MANY + 1)))), ["findings"]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let review = format!("caseReviews/{ID}");
    let opinion = format!("supervisionOpinions/{ID}");
    assert_eq!(told(|fields| drop(evidence(fields, names(&[&review, &opinion])))), [""; 0]);
    assert_eq!(
        told(|fields| drop(evidence(fields, names(&["papers/1", &review, &review])))),
        ["evidence[0]", "evidence[2]"]
    );
    assert_eq!(told(|fields| drop(evidence(fields, names(&[review.as_str(); MANY + 1])))), ["evidence"]);
}

#[test]
fn whoever_declines_to_be_heard_states_nothing() {
    let request = pb::RecordHearingRequest {
        name: format!("accountabilities/{ID}"),
        date: Some(townlink_proto::google::r#type::Date { year: 2026, month: 3, day: 2 }),
        declined: true,
        statement: "不同意".to_owned(),
        ..Default::default()
    };
    assert_eq!(faults(hear(request)), ["statement"]);
}

#[test]
fn a_report_is_about_a_quarter() {
    for quarter in ["", "2026Q5", "2026"] {
        let request = pb::GetCoverageRequest { quarter: quarter.to_owned() };
        assert_eq!(faults(coverage(&request)), ["quarter"], "{quarter}");
    }
}
