//! Who drafts, in whose name, and by which rules.

use super::*;

#[test]
fn an_institution_drafts_and_in_the_name_of_no_other() {
    let by_leaders = told(&empty(), Step::Draft(Box::new(letter())), &facts("zhou", None));
    assert!(matches!(by_leaders, Err(Refusal::Course(Course::OtherInstitution { .. }))), "{by_leaders:?}");
    let of_finance = Step::Revise(Box::new(Content { issuer: Issuer::Institution(Institution::Finance), ..letter() }));
    let refused = told(&at_stage(letter(), "DRAFT"), of_finance.clone(), &actor(&of_finance));
    assert_eq!(refused, Err(Course::OtherInstitution { whose: "FINANCE".to_owned() }.into()));
}

#[test]
fn the_rules_of_address_hold_when_a_paper_is_drafted_and_when_it_is_changed() {
    let waiting = Some(DispatchId(uuid::Uuid::from_u128(9)));
    let fresh = Desk { waiting, ..empty() };
    assert_eq!(outcome(&fresh, &Step::Draft(Box::new(request()))), "RE-SECOND-REQUEST");
    let drafted = Desk { waiting, ..at_stage(letter(), "DRAFT") };
    assert_eq!(outcome(&drafted, &Step::Revise(Box::new(request()))), "RE-SECOND-REQUEST");
}

#[test]
fn an_internal_unit_has_no_word_for_numbers() {
    let content = Content {
        issuer: Issuer::Unit("张浦镇建设与管理局规划科".to_owned()),
        doc_type: DocType::Notice,
        main_to: vec!["张浦镇财政和资产管理局".to_owned()],
        ..letter()
    };
    assert_eq!(outcome(&at_stage(content, "SIGNED"), &Step::Number), "ID-DOCNO");
}
