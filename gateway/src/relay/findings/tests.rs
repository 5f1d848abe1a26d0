use super::*;
use crate::relay::envelope::{AttachmentRef, Directive, samples};
use crate::settings::{Rules, Settings};
use vocabulary::Sm3Digest;

struct Paper {
    envelope: Envelope,
    seen: Seen,
    unscreened: Vec<usize>,
    signed: Vec<&'static str>,
}

fn rules() -> Rules {
    Settings::default().rules("张浦镇").expect("rules")
}

/// A letter of a department to the town government that gives no cause for any finding.
fn letter() -> Paper {
    let mut envelope = samples::envelope();
    envelope.doc_type = DocType::Letter;
    envelope.issuer = "昆山市城市管理局".to_owned();
    envelope.document_number = "昆城管函〔2026〕3号".to_owned();
    envelope.directive = None;
    envelope.agreed_by = Vec::new();
    Paper { envelope, seen: Seen::default(), unscreened: Vec::new(), signed: Vec::new() }
}

fn found(paper: &Paper) -> Vec<Finding> {
    let rules = rules();
    let Paper { envelope, seen, unscreened, signed } = paper;
    findings(envelope, &Known { names: &rules.names, seen, unscreened, signed }, &rules.findings)
}

fn codes(change: impl Fn(&mut Paper)) -> Vec<&'static str> {
    let mut paper = letter();
    change(&mut paper);
    found(&paper).into_iter().map(|finding| finding.code).collect()
}

fn demand() -> Seen {
    Seen { demand: Some("必须于".to_owned()), ..Seen::default() }
}

#[test]
fn a_plain_letter_has_no_finding() {
    assert!(codes(|_| {}).is_empty());
}

#[test]
fn a_department_may_not_direct_the_town_government() {
    let directs = ["RE-DEPT-DIRECTIVE"];
    // Worked example 3 of §8.9.
    assert_eq!(codes(|it| it.seen = demand()), directs);
    assert!(
        codes(|it| {
            it.seen = demand();
            it.envelope.main_to = vec!["建设与管理局".to_owned()];
        })
        .is_empty()
    );
    assert_eq!(codes(|it| it.envelope.doc_type = DocType::Notice), directs);
    assert_eq!(codes(|it| it.envelope.doc_type = DocType::Reply), directs);
    let directive = Directive::new(&serde_json::json!({"type": "GRANT_POWERS"})).expect("a directive");
    assert_eq!(codes(|it| it.envelope.directive = Some(directive.clone())), ["RE-DEPT-DIRECTIVE", "RE-COPY-SUPERIOR"]);
}

#[test]
fn consent_and_governments_lift_the_ban() {
    let with_consent = |it: &mut Paper| {
        it.seen = demand();
        it.envelope.consent = Some("昆政办发〔2026〕2号".to_owned());
    };
    assert!(codes(with_consent).is_empty());
    let told = |consent: &str| {
        codes(|it| {
            it.seen = demand();
            it.envelope.consent = Some(consent.to_owned());
        })
    };
    assert!(told("经市政府同意（昆政办发〔2026〕2号）").is_empty());
    for consent in ["同意", "已同意", "昆政办发2号", "〔2026〕2号", "号"] {
        assert_eq!(told(consent), ["RE-DEPT-DIRECTIVE"], "{consent}");
    }
    assert!(codes(|it| it.seen = Seen { consent: true, ..demand() }).is_empty());
    for issuer in
        ["昆山市人民政府", "昆山市人民政府办公室", "中共昆山市委员会", "昆山市人民代表大会常务委员会", "昆山市人民法院"]
    {
        let governs = |it: &mut Paper| {
            it.envelope.doc_type = DocType::Notice;
            it.envelope.issuer = issuer.to_owned();
        };
        assert!(codes(governs).is_empty(), "{issuer}");
    }
}

#[test]
fn several_departments_must_agree() {
    let joint = |it: &mut Paper| it.envelope.issuer = "昆山市城市管理局、昆山市水务局".to_owned();
    assert_eq!(codes(joint), ["RE-NOT-AGREED"]);
    let half = |it: &mut Paper| {
        joint(it);
        it.envelope.agreed_by = vec!["昆山市水务局".to_owned()];
    };
    assert_eq!(codes(half), ["RE-NOT-AGREED"]);
    let agreed = |it: &mut Paper| {
        half(it);
        it.signed = vec!["昆山市城市管理局"];
    };
    assert!(codes(agreed).is_empty());
}

#[test]
fn an_important_paper_is_copied_upwards() {
    let decision = |it: &mut Paper| {
        it.envelope.issuer = "昆山市人民政府".to_owned();
        it.envelope.doc_type = DocType::Decision;
    };
    assert_eq!(codes(decision), ["RE-COPY-SUPERIOR"]);
    let copied = |it: &mut Paper| {
        decision(it);
        it.envelope.copy_to = vec!["党政办".to_owned(), "苏州市人民政府".to_owned()];
    };
    assert!(codes(copied).is_empty());
    let mut paper = letter();
    decision(&mut paper);
    assert_eq!(found(&paper).first().map(|finding| finding.weight), Some(Weight::Warning));
}

#[test]
fn an_internal_unit_writes_to_nobody_outside() {
    for unit in ["昆山市城市管理局法规科", "昆山市城市管理局综合科室", "昆山市财政局预算股"]
    {
        assert_eq!(codes(|it| it.envelope.issuer = unit.to_owned()), ["RE-INTERNAL-UNIT"], "{unit}");
    }
    assert!(codes(|it| it.envelope.issuer = "昆山市城市管理局办公室".to_owned()).is_empty());
}

#[test]
fn a_malformed_number_comes_with_a_proposal() {
    let message = |number: &str| {
        let mut paper = letter();
        paper.envelope.document_number = number.to_owned();
        found(&paper).into_iter().map(|finding| (finding.code, finding.message)).next()
    };
    // Worked example 6 of §8.9.
    let (code, text) = message("昆政发[2026]5号").expect("a finding");
    assert_eq!(code, "ID-DOCNO");
    assert!(text.contains("昆政发〔2026〕5号"), "{text}");
    assert!(message("昆政发〔26〕5号").is_some_and(|(_, text)| text.contains("退回")));
    assert_eq!(message("昆政发〔2026〕5号"), None);
}

#[test]
fn what_was_not_looked_through_waits() {
    assert_eq!(codes(|it| it.seen = Seen { internal: true, ..Seen::default() }), [HELD]);
    let unscreened = |it: &mut Paper| {
        it.envelope.attachments =
            vec![AttachmentRef { name: "图纸.pdf".to_owned(), size_bytes: 1, digest: Sm3Digest::of(b"x") }];
        it.unscreened = vec![0];
    };
    assert_eq!(codes(unscreened), [HELD]);
    let mut paper = letter();
    unscreened(&mut paper);
    assert!(found(&paper)[0].message.contains("图纸.pdf"));
}

#[test]
fn findings_stand_in_the_order_of_the_rules() {
    let all = |it: &mut Paper| {
        it.envelope.doc_type = DocType::Decision;
        it.envelope.issuer = "昆山市城市管理局、昆山市水务局法规科".to_owned();
        it.envelope.document_number = "5号".to_owned();
        it.seen = Seen { internal: true, ..Seen::default() };
    };
    let expected =
        ["RE-DEPT-DIRECTIVE", "RE-NOT-AGREED", "RE-COPY-SUPERIOR", "RE-INTERNAL-UNIT", "ID-DOCNO", "RE-HELD"];
    assert_eq!(codes(all), expected);
}

#[test]
fn a_paper_due_before_its_date_is_a_warning() {
    let due = |day: &'static str| codes(|it| it.envelope.due = vocabulary::time::parse_date(day).ok());
    assert_eq!(due("2026-03-01"), [DUE_PASSED]);
    assert!(due("2026-03-02").is_empty());
}

#[test]
fn a_clock_more_than_five_minutes_off_is_flagged() {
    let now: vocabulary::Timestamp = "2026-03-02T01:00:00Z".parse().expect("an instant");
    let told = |sent: &str| clock_skew(Some(sent.parse().expect("an instant")), now).map(|it| (it.code, it.message));
    assert_eq!(clock_skew(None, now), None);
    for near in ["2026-03-02T01:00:00Z", "2026-03-02T01:05:00Z", "2026-03-02T00:55:00Z"] {
        assert_eq!(told(near), None, "{near}");
    }
    let (code, message) = told("2026-03-02T01:05:01Z").expect("flagged");
    assert!(code == "RE-CLOCK" && message.contains("快301秒"), "{message}");
    assert!(told("2026-03-02T00:54:59Z").is_some_and(|(_, message)| message.contains("慢301秒")));
}
