use proptest::prelude::*;
use runtime::journal::Event as _;

use super::super::state::{Check, Registration, Return, SignedFor};
use super::*;

const NAME: &str = "inboxes/OFFICE/papers/government-f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

fn resolution(code: &str, kind: pb::ResolutionType, number: &str) -> pb::Resolution {
    pb::Resolution {
        code: code.to_owned(),
        r#type: kind.into(),
        repaired_document_number: number.to_owned(),
        note: "已核".to_owned(),
    }
}

fn faults<T: std::fmt::Debug>(read: Result<T, Denial>) -> Vec<(String, &'static str)> {
    match read {
        Err(Denial::Malformed(faults)) => faults.into_iter().map(|fault| (fault.field, fault.code)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_check_is_read() {
    let request = pb::CheckPaperRequest {
        name: NAME.to_owned(),
        etag: "\"3\"".to_owned(),
        resolutions: vec![
            resolution("RE-HELD", pb::ResolutionType::Cleared, ""),
            resolution("ID-DOCNO", pb::ResolutionType::Repaired, "昆政发〔2026〕5号"),
            resolution("RE-DEPT-DIRECTIVE", pb::ResolutionType::AsLetter, ""),
        ],
        ..pb::CheckPaperRequest::default()
    };
    let command = check(request).expect("a command");
    let Step::Check { resolutions } = command.step else { panic!("{command:?}") };
    let remedies: Vec<_> = resolutions.into_iter().map(|resolution| resolution.remedy).collect();
    let number = DocumentNumber::parse("昆政发〔2026〕5号").expect("a number");
    assert_eq!(remedies, [Remedy::Cleared, Remedy::Repaired(number), Remedy::AsLetter]);
    assert_eq!((command.name.to_string().as_str(), command.etag.as_str()), (NAME, "\"3\""));
}

#[test]
fn every_bad_field_of_a_check_is_told() {
    let request = pb::CheckPaperRequest {
        name: NAME.to_owned(),
        resolutions: vec![
            resolution("", pb::ResolutionType::Cleared, ""),
            resolution("RE-HELD", pb::ResolutionType::Unspecified, ""),
            resolution("ID-DOCNO", pb::ResolutionType::Repaired, "昆政发[2026]5号"),
            resolution("OV-CLASSIFIED", pb::ResolutionType::Cleared, ""),
            resolution("OV-CLASSIFIED", pb::ResolutionType::Cleared, ""),
            pb::Resolution {
                note: "长".repeat(WORDS_MAX + 1),
                ..resolution("RE-NOT-AGREED", pb::ResolutionType::Cleared, "")
            },
        ],
        ..pb::CheckPaperRequest::default()
    };
    let expected = [
        ("resolutions[0].code", ""),
        ("resolutions[1].type", ""),
        ("resolutions[2].repaired_document_number", "ID-DOCNO"),
        ("resolutions[4].code", ""),
        ("resolutions[5].note", ""),
    ];
    assert_eq!(faults(check(request)), expected.map(|(field, code)| (field.to_owned(), code)));
}

#[test]
fn every_bad_field_of_a_return_is_told() {
    for code in ["", "RE", "re-format", "RE-", "RE--X", "R-FORMAT", "RE-FORMAT;"] {
        let request = pb::ReturnPaperRequest { name: NAME.to_owned(), code: code.to_owned(), ..Default::default() };
        assert_eq!(faults(send_back(request)), [("code".to_owned(), ""), ("reason".to_owned(), "")], "{code}");
    }
    let reason = "一二".repeat(1_000);
    let request = |reason| pb::ReturnPaperRequest {
        name: NAME.to_owned(),
        code: "ID-DOCNO".to_owned(),
        reason,
        ..Default::default()
    };
    assert!(send_back(request(reason.clone())).is_ok());
    assert_eq!(faults(send_back(request(reason + "三"))), [("reason".to_owned(), "")]);
}

#[test]
fn names_of_others_are_refused() {
    for other in ["", "inboxes/OFFICE", "senders/government/papers/f81d4fae-7dec-11d0-a765-00a0c91e6bf6"] {
        assert_eq!(faults(name(other)), [("name".to_owned(), "")], "{other}");
    }
    assert_eq!(inbox("inboxes/FINANCE").ok(), Some(Institution::Finance));
    for other in ["", "inboxes/", "inboxes/finance", "inboxes/MAYOR", "FINANCE"] {
        assert_eq!(faults(inbox(other)), [("parent".to_owned(), "")], "{other}");
    }
    assert_eq!(stage_filter(3).ok(), Some("REGISTERED"));
    assert_eq!(faults(stage_filter(99)), [("stage".to_owned(), "")]);
}

fn events() -> [Event; 4] {
    let name = PaperName::parse(NAME).expect("a name");
    let at = time::from_us(1_772_413_200_000_000).expect("an instant");
    let resolutions = vec![Resolution {
        code: FindingCode::DocumentNumber,
        remedy: Remedy::Repaired(DocumentNumber::parse("昆政发〔2026〕5号").expect("a number")),
        note: "已核".to_owned(),
    }];
    [
        Event::SignedFor {
            name: name.clone(),
            purpose: Purpose::Information,
            signed: SignedFor { person: "wang".to_owned(), at },
        },
        Event::Registered { name: name.clone(), registered: Registration { serial: 0, at }, supersedes: None },
        Event::Checked {
            name: name.clone(),
            checked: Check { resolutions, document: Some("documents/1".to_owned()), at },
        },
        Event::Returned {
            name,
            purpose: Purpose::Action,
            person: "wang".to_owned(),
            returned: Return { code: "RE-NOT-AGREED".to_owned(), reason: "未协商一致".to_owned(), at },
        },
    ]
}

#[test]
fn each_event_is_its_own_kind_about_the_paper() {
    let kinds = ["PaperSignedFor", "PaperRegistered", "PaperChecked", "PaperReturned"];
    for (event, kind) in events().iter().zip(kinds) {
        let record = event.record();
        assert_eq!((record.kind, record.subject.as_str()), (format!("townlink.office.v1.{kind}"), NAME));
    }
}

#[test]
fn only_registering_takes_a_number_and_it_is_that_of_the_town_year() {
    for mut event in events() {
        let registering = matches!(event, Event::Registered { .. });
        assert_eq!(event.series().is_some(), registering);
        if let Some(series) = event.series() {
            assert_eq!((series.name.as_str(), series.year), ("inboxes/OFFICE", 2026));
            event.set_number(Taken { series, number: 12 });
            let message: pb::PaperRegistered = prost::Message::decode(event.record().event).expect("an event");
            assert_eq!(message.serial, 12);
        }
    }
    // 2026-12-31T16:00Z is midnight of the new year in the town.
    let name = PaperName::parse(NAME).expect("a name");
    let at = "2026-12-31T16:00:00Z".parse().expect("an instant");
    let event = Event::Registered { name, registered: Registration { serial: 0, at }, supersedes: None };
    assert_eq!(event.series().map(|series| series.year), Some(2027));
}

proptest! {
    #[test]
    fn the_columns_of_values_read_back(number in 0i64..9, texts in proptest::collection::vec(any::<String>(), 12), blocking: bool) {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().unwrap_or_default();
        let summary = Summary {
            doc_type: text(),
            document_number: text(),
            title: text(),
            issuer: text(),
            main_to: vec![text(), text()],
            directive_type: text(),
            ..Summary::default()
        };
        let weight = if blocking { Weight::Blocking } else { Weight::Warning };
        let finding = Finding { code: FindingCode::parse(&text()), law: text(), message: text(), weight };
        let digest = Sm3Digest::of(b"x");
        let attachment = Attachment { name: text(), size_bytes: number, digest, screening: Screening::Unscreened };
        let signature = Signature { key_id: text(), algorithm: "Ed25519".to_owned(), value: bytes::Bytes::from_static(b"s") };
        let arrival = Arrival {
            delivered_to: Institution::Office,
            number,
            purpose: Purpose::Action,
            summary: summary.clone(),
            findings: vec![finding.clone()],
            attachments: vec![attachment.clone()],
            signatures: vec![signature.clone()],
            payload_digest: digest,
            payload: bytes::Bytes::new(),
            accepted: vocabulary::Timestamp::UNIX_EPOCH,
            arrived: vocabulary::Timestamp::UNIX_EPOCH,
        };
        let read = read_face(&face(&arrival)).expect("a face");
        prop_assert_eq!(
            (read.summary, read.findings, read.attachments, read.signatures),
            (summary, vec![finding], vec![attachment], vec![signature])
        );
        let Event::Checked { checked, .. } = &events()[2] else { panic!("the third event is the check") };
        let read = read_resolutions_column(&resolutions(&checked.resolutions)).expect("resolutions");
        prop_assert_eq!(&read, &checked.resolutions);
    }
}

#[test]
fn a_check_has_so_many_resolutions() {
    let resolutions = vec![resolution("RE-HELD", pb::ResolutionType::Cleared, ""); RESOLUTIONS_MAX + 1];
    let request = pb::CheckPaperRequest { name: NAME.to_owned(), resolutions, ..Default::default() };
    assert_eq!(faults(check(request)), [("resolutions".to_owned(), "")]);
}
