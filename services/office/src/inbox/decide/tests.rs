use bytes::Bytes;
use vocabulary::{Date, DocumentNumber, MessageId};

use super::super::state::{Arrival, Attachment, Purpose, Screening, Signature, Summary};
use super::super::work::{ActionClass, Answer, Dossier};
use super::allowed::{may_read, may_work};
use super::*;

mod assignment;
mod clock;
mod links;
mod random;
mod work;

const MESSAGE: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_772_413_200 + hour * 3_600).expect("an instant of March 2026")
}

fn name(inbox: Institution) -> PaperName {
    let message = MessageId::parse(MESSAGE).expect("an id");
    PaperName { inbox, sender: "government".parse().expect("a department"), message }
}

fn finding(code: &str, weight: Weight) -> Finding {
    Finding { code: FindingCode::parse(code), law: "§8.3".to_owned(), message: format!("发现{code}"), weight }
}

fn desk_at(stage: Stage) -> Desk {
    let payload = Bytes::from_static(b"{\"v\":1}");
    let arrival = Arrival {
        delivered_to: Institution::Office,
        number: 1,
        purpose: Purpose::Action,
        summary: Summary {
            document_number: "昆政发〔2026〕5号".to_owned(),
            issuer: "昆山市人民政府".to_owned(),
            ..Summary::default()
        },
        findings: Vec::new(),
        attachments: vec![Attachment {
            name: "附件.csv".to_owned(),
            size_bytes: 3,
            digest: Sm3Digest::of(b"a,b"),
            screening: Screening::Screened,
        }],
        signatures: vec![Signature {
            key_id: "k".to_owned(),
            algorithm: "SM2-SM3".to_owned(),
            value: Bytes::from_static(b"s"),
        }],
        payload_digest: Sm3Digest::of(&payload),
        payload,
        accepted: at(0),
        arrived: at(0),
    };
    let paper = Paper { name: name(Institution::Office), arrival, stage, dossier: Dossier::default() };
    Desk {
        paper,
        namesake: None,
        number_holder: None,
        other: None,
        other_version: None,
        document: DocumentWaits::No,
        recalled: None,
    }
}

fn signed() -> SignedFor {
    SignedFor { person: "wang".to_owned(), at: at(1) }
}

fn registered() -> Registration {
    Registration { serial: 7, at: at(2) }
}

fn checked() -> Check {
    Check { resolutions: Vec::new(), document: None, at: at(3) }
}

fn returned() -> Return {
    Return { code: "RE-NOT-AGREED".to_owned(), reason: "未协商一致".to_owned(), at: at(3) }
}

fn stages() -> [Stage; 5] {
    [
        Stage::Arrived,
        Stage::SignedFor { signed: signed() },
        Stage::Registered { signed: signed(), registered: registered() },
        Stage::Worked { signed: signed(), registered: registered(), checked: checked(), work: Box::default() },
        Stage::Returned { signed: signed(), registered: Some(registered()), checked: None, returned: returned() },
    ]
}

fn steps() -> [Step; 5] {
    let (code, reason) = ("RE-NOT-AGREED".to_owned(), "未协商一致".to_owned());
    [
        Step::SignFor,
        Step::Register { supersedes: None },
        Step::Check { resolutions: Vec::new() },
        Step::Return { code: code.clone(), reason: reason.clone() },
        Step::ReturnForFaults { code, reason },
    ]
}

fn facts() -> Facts {
    Facts { now: at(4), person: "li".to_owned(), actor: Actor::Service, directive: None, rules: None }
}

/// Where each command leads from each stage; what is not named is refused with `RE_STAGE`.
#[test]
fn every_stage_and_command_has_its_row() {
    let ways = [
        ("ARRIVED", 0, "SIGNED_FOR"),
        ("SIGNED_FOR", 1, "REGISTERED"),
        ("REGISTERED", 2, "CHECKED"),
        ("REGISTERED", 3, "RETURNED"),
        ("CHECKED", 4, "RETURNED"),
    ];
    for stage in stages() {
        for (index, step) in steps().iter().enumerate() {
            let desk = desk_at(stage.clone());
            let way = ways.iter().find(|(from, by, _)| *from == stage.as_str() && *by == index);
            match (decide(&desk, step, &facts()), way) {
                (Ok(events), Some((_, _, to))) => {
                    let after = events.iter().fold(desk, apply);
                    assert_eq!(after.paper.stage.as_str(), *to);
                }
                (refused, None) => {
                    let wanted = step.begins_from();
                    let expected = Refusal::Stage { paper: desk.paper.name.to_string(), stage: stage.as_str(), wanted };
                    assert_eq!(refused, Err(expected));
                }
                (refused, Some(way)) => panic!("{way:?} gave {refused:?}"),
            }
        }
    }
}

/// A paper whose number is taken, and one that must not be here, go back from where they stand (§8.1, §8.4).
#[test]
fn a_conflict_and_a_secret_go_back_early() {
    let ways = [
        ("RE-CONFLICT", "SIGNED_FOR", true),
        ("RE-CONFLICT", "CHECKED", false),
        ("OV-CLASSIFIED", "ARRIVED", false),
        ("OV-CLASSIFIED", "SIGNED_FOR", true),
        ("OV-CLASSIFIED", "CHECKED", true),
        ("OV-CLASSIFIED", "RETURNED", false),
    ];
    for (code, from, returns) in ways {
        let stage = stages().into_iter().find(|stage| stage.as_str() == from).expect("a stage");
        let desk = desk_at(stage);
        let step = Step::Return { code: code.to_owned(), reason: "退回".to_owned() };
        let after = decide(&desk, &step, &facts()).map(|events| events.iter().fold(desk, apply).paper.stage);
        assert_eq!(after.map(|stage| stage.as_str()).ok(), returns.then_some("RETURNED"), "{code} from {from}");
    }
}

#[test]
fn a_paper_with_a_document_is_not_returned_by_hand() {
    let checked = Check { document: Some("documents/d".to_owned()), ..checked() };
    let desk = desk_at(Stage::Worked { signed: signed(), registered: registered(), checked, work: Box::default() });
    let step = Step::Return { code: "OV-CLASSIFIED".to_owned(), reason: "退回".to_owned() };
    assert!(matches!(decide(&desk, &step, &facts()), Err(Refusal::Stage { .. })));
}

#[test]
fn each_step_writes_who_and_when() {
    let facts = facts();
    let mut desk = desk_at(Stage::Arrived);
    let [sign_for, register, check, _, return_for_faults] = steps();
    for step in [sign_for, register, check, return_for_faults] {
        let events = decide(&desk, &step, &facts).expect("allowed");
        desk = events.iter().fold(desk, apply);
    }
    let expected = Stage::Returned {
        signed: SignedFor { person: "li".to_owned(), at: facts.now },
        registered: Some(Registration { serial: 0, at: facts.now }),
        checked: Some((Check { resolutions: Vec::new(), document: None, at: facts.now }, Box::default())),
        returned: Return { code: "RE-NOT-AGREED".to_owned(), reason: "未协商一致".to_owned(), at: facts.now },
    };
    assert_eq!(desk.paper.stage, expected);
}

#[test]
fn nobody_signs_for_a_payload_that_changed() {
    let mut desk = desk_at(Stage::Arrived);
    desk.paper.arrival.payload = Bytes::from_static(b"{\"v\":2}");
    let expected = Refusal::Digest { paper: desk.paper.name.to_string() };
    assert_eq!(decide(&desk, &Step::SignFor, &facts()), Err(expected));
}

#[test]
fn a_number_with_other_content_is_not_registered() {
    let other = name(Institution::Office);
    let desk = Desk { namesake: Some(other.clone()), ..desk_at(Stage::SignedFor { signed: signed() }) };
    let expected =
        Refusal::Conflict { document_number: "昆政发〔2026〕5号".to_owned(), other: other.to_string() };
    assert_eq!(decide(&desk, &Step::Register { supersedes: None }, &facts()), Err(expected));
}

fn remedies() -> [Remedy; 3] {
    let number = DocumentNumber::parse("昆政发〔2026〕5号").expect("a number");
    [Remedy::Cleared, Remedy::Repaired(number), Remedy::AsLetter]
}

/// Which remedy each finding admits: the row's index into [`remedies`], none where the paper can only go back.
#[test]
fn every_finding_admits_its_own_remedy_only() {
    let rows = [
        ("OV-CLASSIFIED", None),
        ("RE-HELD", Some(0)),
        ("RE-NOT-AGREED", None),
        ("RE-INTERNAL-UNIT", None),
        ("RE-DEPT-DIRECTIVE", Some(2)),
        ("ID-DOCNO", Some(1)),
        ("RE-REQUEST-IN-REPORT", None),
    ];
    let stage = Stage::Registered { signed: signed(), registered: registered() };
    for (code, admitted) in rows {
        let mut desk = desk_at(stage.clone());
        desk.paper.arrival.findings = vec![finding(code, Weight::Blocking)];
        let refused = Err(Refusal::Unresolved {
            code: FindingCode::parse(code),
            all: vec![(code.to_owned(), format!("发现{code}"))],
        });
        assert_eq!(decide(&desk, &Step::Check { resolutions: Vec::new() }, &facts()), refused, "{code} unresolved");
        for (index, remedy) in remedies().into_iter().enumerate() {
            let resolutions = vec![Resolution { code: FindingCode::parse(code), remedy, note: "已核".to_owned() }];
            let decided = decide(&desk, &Step::Check { resolutions: resolutions.clone() }, &facts());
            if admitted == Some(index) {
                let checked = Check { resolutions, document: None, at: facts().now };
                assert_eq!(
                    decided,
                    Ok(vec![Event::Checked { name: desk.paper.name.clone(), checked }]),
                    "{code} {index}"
                );
            } else {
                assert_eq!(decided, refused, "{code} {index}");
            }
        }
    }
}

#[test]
fn who_clears_what_could_not_be_screened_says_what_was_seen() {
    let mut desk = desk_at(Stage::Registered { signed: signed(), registered: registered() });
    desk.paper.arrival.findings = vec![finding("RE-HELD", Weight::Blocking)];
    for (note, allowed) in [("", false), (" ", false), ("已核看", true)] {
        let cleared = Resolution { code: FindingCode::Held, remedy: Remedy::Cleared, note: note.to_owned() };
        let decided = decide(&desk, &Step::Check { resolutions: vec![cleared] }, &facts());
        assert_eq!(decided.is_ok(), allowed, "{note:?}");
    }
}

#[test]
fn the_gravest_of_several_findings_is_told_first_and_all_are_listed() {
    let mut desk = desk_at(Stage::Registered { signed: signed(), registered: registered() });
    desk.paper.arrival.findings = vec![
        finding("ID-DOCNO", Weight::Blocking),
        finding("RE-DUE-SHORT", Weight::Warning),
        finding("RE-NOT-AGREED", Weight::Blocking),
    ];
    let all = ["ID-DOCNO", "RE-NOT-AGREED"].map(|code| (code.to_owned(), format!("发现{code}"))).to_vec();
    let expected = Refusal::Unresolved { code: FindingCode::NotAgreed, all };
    assert_eq!(decide(&desk, &Step::Check { resolutions: Vec::new() }, &facts()), Err(expected));
}

#[test]
fn a_warning_blocks_nothing_and_may_be_answered() {
    let mut desk = desk_at(Stage::Registered { signed: signed(), registered: registered() });
    desk.paper.arrival.findings = vec![finding("RE-COPY-SUPERIOR", Weight::Warning)];
    let code = FindingCode::parse("RE-COPY-SUPERIOR");
    let answered = Resolution { code, remedy: Remedy::Cleared, note: String::new() };
    for resolutions in [Vec::new(), vec![answered]] {
        assert!(decide(&desk, &Step::Check { resolutions }, &facts()).is_ok());
    }
}

#[test]
fn a_resolution_of_nothing_is_refused() {
    let desk = desk_at(Stage::Registered { signed: signed(), registered: registered() });
    let resolutions = vec![Resolution { code: FindingCode::Held, remedy: Remedy::Cleared, note: String::new() }];
    let expected = Refusal::NoSuchFinding { index: 0, code: "RE-HELD".to_owned() };
    assert_eq!(decide(&desk, &Step::Check { resolutions }, &facts()), Err(expected));
}

fn directing(inbox: Institution, directive_type: &str) -> Desk {
    let mut desk = desk_at(Stage::Registered { signed: signed(), registered: registered() });
    desk.paper.name = name(inbox);
    desk.paper.arrival.summary.directive_type = directive_type.to_owned();
    desk
}

fn facts_with(directive: Result<FromPaper, String>) -> Facts {
    Facts { directive: Some(directive), ..facts() }
}

fn from_paper(directive_type: &str) -> FromPaper {
    FromPaper {
        paper: name(Institution::Office).to_string(),
        message: MessageId::parse(MESSAGE).expect("an id"),
        number: DocumentNumber::parse("昆政发〔2026〕5号").expect("a number"),
        title: "关于下放权力的通知".to_owned(),
        issuer: "昆山市人民政府".to_owned(),
        issue_date: vocabulary::Date::constant(2026, 3, 1),
        received: vocabulary::Date::constant(2026, 3, 2),
        payload_digest: Sm3Digest::of(b"{\"v\":1}"),
        directive: Bytes::from(format!("{{\"type\":\"{directive_type}\"}}")),
        annex: None,
        registrar: "li".to_owned(),
    }
}

#[test]
fn a_directive_becomes_a_document() {
    let check = Step::Check { resolutions: Vec::new() };
    let rows = [
        (Institution::Office, "GRANT_POWERS"),
        (Institution::Office, "ALLOCATE_SUBSIDY"),
        (Institution::Finance, "ALLOCATE_SUBSIDY"),
    ];
    for (inbox, directive_type) in rows {
        let desk = directing(inbox, directive_type);
        let events = decide(&desk, &check, &facts_with(Ok(from_paper(directive_type)))).expect("allowed");
        let [Event::Document(registered), Event::Checked { checked, .. }] = &*events else { panic!("{events:?}") };
        assert_eq!(checked.document.as_deref(), Some(format!("documents/{MESSAGE}").as_str()));
        assert_eq!(checked.document, Some(registered.document.id.name()));
        assert_eq!(events.iter().fold(desk, apply).paper.stage.as_str(), "CHECKED");
    }
}

#[test]
fn a_number_that_a_document_has_is_not_taken_again() {
    let desk = Desk { number_holder: Some("documents/1".to_owned()), ..directing(Institution::Office, "GRANT_POWERS") };
    let facts = facts_with(Ok(from_paper("GRANT_POWERS")));
    let refused = decide(&desk, &Step::Check { resolutions: Vec::new() }, &facts);
    assert!(matches!(refused, Err(Refusal::Register(_))), "{refused:?}");
}

#[test]
fn a_directive_that_cannot_be_read_is_not_checked() {
    let facts = facts_with(Err("the annex is missing".to_owned()));
    let expected = Refusal::Directive { fault: "the annex is missing".to_owned() };
    let desk = directing(Institution::Office, "GRANT_POWERS");
    assert_eq!(decide(&desk, &Step::Check { resolutions: Vec::new() }, &facts), Err(expected));
}

#[test]
fn powers_are_registered_from_the_offices_inbox_only() {
    for directive_type in OWN_TYPES {
        let facts = facts_with(Ok(from_paper(directive_type)));
        let desk = directing(Institution::Construction, directive_type);
        let expected = Refusal::PowersElsewhere { inbox: Institution::Construction };
        assert_eq!(decide(&desk, &Step::Check { resolutions: Vec::new() }, &facts), Err(expected));
    }
}

#[test]
fn a_copy_and_a_letter_direct_nobody() {
    let paper = directing(Institution::Office, "GRANT_POWERS").paper;
    let resolution = |remedy| vec![Resolution { code: FindingCode::DeptDirective, remedy, note: String::new() }];
    assert!(paper.directs(&[]));
    assert!(paper.directs(&resolution(Remedy::Cleared)));
    assert!(!paper.directs(&resolution(Remedy::AsLetter)));
    let mut copy = paper.clone();
    copy.arrival.purpose = Purpose::Information;
    assert!(!copy.directs(&[]));
    assert!(!directing(Institution::Office, "").paper.directs(&[]));
}

#[test]
fn each_institution_works_its_own_inbox_and_the_office_reads_all() {
    for inbox in Institution::ALL {
        for institution in Institution::ALL {
            let own = institution == inbox;
            let refused = Err(Refusal::OtherInbox { inbox });
            assert_eq!(may_work(Some(institution), inbox), if own { Ok(()) } else { refused.clone() });
            let reads = own || institution == Institution::Office;
            assert_eq!(may_read(Some(institution), inbox), if reads { Ok(()) } else { refused });
        }
        for refused in [may_work(None, inbox), may_read(None, inbox)] {
            assert_eq!(refused, Err(Refusal::OtherInbox { inbox }), "whoever is not named is refused");
        }
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is asked in whatever order, a paper that went back stays as it is.
        #[test]
        fn there_is_no_way_out_of_returned(order in proptest::collection::vec(0usize..5, 0..40)) {
            let mut desk = desk_at(Stage::Arrived);
            let mut end = None;
            for step in order {
                if let Ok(events) = decide(&desk, &steps()[step], &facts()) {
                    prop_assert!(end.is_none(), "a step after the end");
                    desk = events.iter().fold(desk, apply);
                }
                if matches!(desk.paper.stage, Stage::Returned { .. }) {
                    end = Some(desk.clone());
                }
            }
            prop_assert!(end.is_none_or(|end| end == desk));
        }

        /// An event that does not fit a stage leaves the paper as it is, and the arrival never changes.
        #[test]
        fn applying_never_touches_what_arrived(stage in 0usize..5, from in 0usize..5, by in 0usize..5) {
            let desk = desk_at(stages()[stage].clone());
            if let Ok(events) = decide(&desk_at(stages()[from].clone()), &steps()[by], &facts()) {
                let after = events.iter().fold(desk.clone(), apply);
                prop_assert_eq!(&after.paper.arrival, &desk.paper.arrival);
                prop_assert_eq!(after.paper.name, desk.paper.name);
            }
        }
    }
}
