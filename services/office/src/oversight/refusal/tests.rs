//! Each refusal has its code and its remedy.

use super::*;

/// Every refusal with the code that people see.
fn all() -> Vec<(Refusal, &'static str)> {
    let (text, institution) = (|| "x".to_owned(), Institution::Finance);
    let case = |fault| Refusal::Case { case: text(), fault };
    let refused = CaseFault::Refused { code: text(), message: text() };
    let evidence = |fault| Refusal::Evidence { fault, evidence: text() };
    let history = |fault| Refusal::History { name: text(), fault };
    let own = |own| Refusal::SelfSupervise { case: text(), own };
    let supplement = |fault| Refusal::Supplement { fault };
    let institutions = || vec![Institution::Finance, Institution::Social];
    vec![
        (Refusal::OtherParty { party: text() }, "OV-ACCESS"),
        (Refusal::Service { service: text() }, "SU-SERVICE"),
        (Refusal::Field { field: text(), supervisor: None }, "SU-FIELD"),
        (Refusal::Quarter { quarter: text(), end: text() }, "SU-QUARTER"),
        (Refusal::Sampled { other: text() }, "SU-SAMPLED"),
        (Refusal::Stage { name: text(), stage: "ISSUED", wanted: "ANSWERED" }, "SU-STAGE"),
        (case(CaseFault::Open), "SU-CASE"),
        (case(refused), "SU-CASE"),
        (case(CaseFault::Unreadable), "SU-CASE"),
        (case(CaseFault::TooMany), "SU-CASE"),
        (own(OwnWork::Institution), "OV-SELF-SUPERVISE"),
        (own(OwnWork::Person), "OV-SELF-SUPERVISE"),
        (own(OwnWork::FormerPost), "OV-SELF-SUPERVISE"),
        (Refusal::Reviewed { other: text() }, "SU-REVIEWED"),
        (Refusal::Instruction { case: text(), outcome: text() }, "OV-CASE-INSTRUCTION"),
        (Refusal::Suspends { words: text() }, "SU-SUSPENDS"),
        (evidence(EvidenceFault::None), "SU-EVIDENCE"),
        (evidence(EvidenceFault::NotOwn), "SU-EVIDENCE"),
        (evidence(EvidenceFault::Single), "SU-EVIDENCE"),
        (Refusal::NotHeard { person: text() }, "SU-NOT-HEARD"),
        (Refusal::Body { institution: text(), fault: BodyFault::NoBody }, "SC-OPINION-BODY"),
        (Refusal::Body { institution: text(), fault: BodyFault::NotAsked }, "SC-OPINION-BODY"),
        (Refusal::Tacit { institution, fault: TacitFault::Statutory }, "SC-TACIT"),
        (Refusal::Tacit { institution, fault: TacitFault::NoDocument }, "SC-TACIT"),
        (Refusal::Open { application: text(), other: text() }, "AU-DUPLICATE"),
        (history(HistoryFault::Closed), "OV-HISTORY-EDIT"),
        (history(HistoryFault::Given), "OV-HISTORY-EDIT"),
        (history(HistoryFault::NotLast), "OV-HISTORY-EDIT"),
        (supplement(SupplementFault::Twice), "SC-SUPPLEMENT"),
        (supplement(SupplementFault::Late), "SC-SUPPLEMENT"),
        (supplement(SupplementFault::Merged), "SC-SUPPLEMENT"),
        (supplement(SupplementFault::NotNeeded), "SC-SUPPLEMENT"),
        (supplement(SupplementFault::Early), "SC-SUPPLEMENT"),
        (supplement(SupplementFault::NotMerged), "SC-SUPPLEMENT"),
        (supplement(SupplementFault::Received), "SC-SUPPLEMENT"),
        (Refusal::Missing { institutions: institutions() }, "SC-OPINION-MISSING"),
        (Refusal::Veto { institutions: institutions(), statutory: true }, "SC-VETO"),
        (Refusal::Veto { institutions: institutions(), statutory: false }, "SC-VETO"),
    ]
}

#[test]
fn each_has_its_code_and_says_what_to_do() {
    for (refusal, code) in all() {
        let wire = Wire::from(refusal);
        assert_eq!(wire.ground().code, code, "{wire:?}");
        assert!(wire.remedy.ends_with('。') && !wire.message.is_empty(), "{wire:?}");
    }
}
