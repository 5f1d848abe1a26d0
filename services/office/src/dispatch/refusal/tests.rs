//! Every refusal has its code and its remedy.

use super::*;

fn text() -> String {
    "某".to_owned()
}

/// Every refusal with the code that people see.
fn all() -> Vec<(Refusal, &'static str)> {
    let institution = Institution::Service;
    let normative = |fault| Refusal::from(Unfit::Normative { fault });
    vec![
        (Address::Upward { fault: UpFault::SeveralMain }.into(), "RE-UP-ADDRESS"),
        (Address::Upward { fault: UpFault::CopyDown }.into(), "RE-UP-ADDRESS"),
        (Address::OneMatter { count: 2 }.into(), "RE-ONE-MATTER"),
        (Address::RequestInReport { words: text() }.into(), "RE-REQUEST-IN-REPORT"),
        (Address::NoOpinion { fault: OpinionFault::Missing }.into(), "RE-NO-OPINION"),
        (Address::NoOpinion { fault: OpinionFault::Original }.into(), "RE-NO-OPINION"),
        (Address::ToPerson { name: text() }.into(), "RE-TO-PERSON"),
        (Address::Skip { skipped: text() }.into(), "RE-SKIP"),
        (Address::NoConsent { superior: text() }.into(), "RE-NO-CONSENT"),
        (Address::InternalUnit { unit: text() }.into(), "RE-INTERNAL-UNIT"),
        (Address::Front { institution, addressee: text() }.into(), "RE-FRONT"),
        (Address::Direction { doc_type: "报告", party: text() }.into(), "RE-DIRECTION"),
        (Address::SecondRequest { first: text() }.into(), "RE-SECOND-REQUEST"),
        (Address::Addressee { name: text() }.into(), "RE-ADDRESSEE"),
        (Address::Addressee { name: String::new() }.into(), "RE-ADDRESSEE"),
        (Course::OtherInstitution { whose: text() }.into(), "OV-ACCESS"),
        (Course::Stage { dispatch: text(), stage: "DRAFT", wanted: "SIGNED SEALED" }.into(), "RE-STAGE"),
        (Course::FourEyes { person: text() }.into(), "OV-FOUR-EYES"),
        (Course::Fixed { dispatch: text() }.into(), "OV-HISTORY-EDIT"),
        (Course::NotAgreed { institutions: vec!["FINANCE"] }.into(), "RE-NOT-AGREED"),
        (Course::NotSigned { dispatch: text() }.into(), "RE-SIGN"),
        (Course::Unanswered { dispatch: text() }.into(), "RE-UNANSWERED"),
        (Unfit::Classified.into(), "OV-CLASSIFIED"),
        (Unfit::Held { files: vec![text()] }.into(), "RE-HELD"),
        (Unfit::Executable { file: text() }.into(), "RE-ATTACHMENT"),
        (Unfit::DocumentNumber { fault: text() }.into(), "ID-DOCNO"),
        (normative(NormativeFault::FairCompetition), "RE-NORMATIVE"),
        (normative(NormativeFault::Publication), "RE-NORMATIVE"),
        (normative(NormativeFault::NotOpen), "RE-NORMATIVE"),
        (normative(NormativeFault::Issuer), "RE-NORMATIVE"),
        (normative(NormativeFault::Legality), "RE-NORMATIVE"),
        (normative(NormativeFault::Creates("罚款")), "RE-NORMATIVE"),
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
