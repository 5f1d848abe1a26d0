use std::sync::OnceLock;

use bytes::Bytes;
use proptest::prelude::*;
use runtime::caller::PersonId;
use runtime::signing::{Security, Signer, SoftEd25519, SoftSm2, SoftVerifier};
use vocabulary::MessageId;

use super::super::state::SignatureLine;
use super::*;
use crate::key::state::{Days, Issuer, KeyId, Registration, Revocation, Stage};
use crate::refusal::AttachmentFault;
use crate::relay::addressing::{Place, Purpose};
use crate::relay::envelope::{AttachmentRef, Directive, DocType, samples};
use crate::settings::Settings;

const PUT: &[u8] = b"a,b\n1,2\n";

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| Settings::default().rules("张浦镇").expect("rules"))
}

fn day(text: &str) -> Date {
    vocabulary::time::parse_date(text).expect("a day")
}

fn department(code: &str) -> DepartmentCode {
    DepartmentCode::parse(code).expect("a department")
}

/// The keys of the tests: `gov` for the city government, `ed` its Ed25519 key, `water` and `urban` of two departments, `old`,
/// `new` and `gone` not usable.
struct World {
    signers: Vec<(&'static str, Box<dyn Signer>)>,
    registry: Registry,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let keys = [
            ("gov", "government", "昆山市人民政府"),
            ("ed", "government", "昆山市人民政府"),
            ("office", "government", "昆山市人民政府办公室"),
            ("water", "water", "昆山市水务局"),
            ("urban", "city-management", "昆山市城市管理局"),
            ("old", "government", "昆山市人民政府"),
            ("new", "government", "昆山市人民政府"),
            ("gone", "government", "昆山市人民政府"),
        ];
        let mut signers: Vec<(&'static str, Box<dyn Signer>)> = Vec::new();
        let mut registered = Vec::new();
        for (id, owner, issuer) in keys {
            let signer: Box<dyn Signer> = if id == "ed" {
                Box::new(SoftEd25519::generate().expect("a key"))
            } else {
                Box::new(SoftSm2::generate().expect("a key"))
            };
            registered.push(key(id, owner, issuer, &*signer));
            signers.push((id, signer));
        }
        World { signers, registry: Registry::new(1, registered) }
    })
}

fn key(id: &str, owner: &str, issuer: &str, signer: &dyn Signer) -> Key {
    let person = |id: &str| PersonId::parse(id).expect("an id");
    let valid = Days { from: day("2026-01-01"), to: (id == "old").then(|| day("2026-02-01")) };
    let document_number = "昆政办函〔2026〕1号".parse().expect("a document number");
    let revocation = Revocation {
        registrar: person("a"),
        reason: "泄露".to_owned(),
        document_number,
        time: vocabulary::time::start_of_day(day("2026-02-01")),
    };
    let stage = match id {
        "new" => Stage::Pending,
        "gone" => Stage::RevocationPending { confirmer: Some(person("b")), revocation: revocation.clone() },
        _ => Stage::Active { confirmer: person("b") },
    };
    Key {
        registration: Registration {
            id: KeyId::parse(id).expect("an id"),
            owner: Owner::Department(department(owner)),
            public_key: signer.public_key().clone(),
            valid,
            issuers: vec![Issuer { name: issuer.to_owned(), days: Days { from: day("2026-01-01"), to: None } }],
            security: Security::Soft,
            document_number: revocation.document_number,
        },
        registrar: person("a"),
        stage,
    }
}

fn sign(payload: &[u8], id: &str) -> SignatureLine {
    let (_, signer) = world().signers.iter().find(|(known, _)| *known == id).expect("a key of the tests");
    SignatureLine {
        key_id: id.to_owned(),
        algorithm: signer.algorithm().to_string(),
        value: signer.sign(payload).expect("a signature").into(),
    }
}

/// A paper in the making, with what the sender has put of its attachments.
#[derive(Clone)]
struct Draft {
    caller: &'static str,
    envelope: crate::relay::envelope::Envelope,
    signed_by: Vec<&'static str>,
    attached: Vec<Attached>,
}

fn draft() -> Draft {
    let mut envelope = samples::envelope();
    envelope.issuer = "昆山市人民政府".to_owned();
    envelope.sender = department("government");
    envelope.key_id = "gov".to_owned();
    envelope.attachments = Vec::new();
    envelope.directive = None;
    Draft { caller: "government", envelope, signed_by: vec!["gov"], attached: Vec::new() }
}

fn put(content: &[u8]) -> Attached {
    let look = Look { kind: Kind::Plain, screened: true, seen: Seen::default() };
    Attached::Put { size_bytes: content.len() as u64, look, table: Table::Readable }
}

/// A program, whatever its name says.
fn program() -> Attached {
    let look = Look { kind: Kind::Executable, screened: true, seen: Seen::default() };
    Attached::Put { size_bytes: PUT.len() as u64, look, table: Table::Readable }
}

fn with_attachment(name: &str, attached: Attached) -> Draft {
    let mut draft = draft();
    let size_bytes = PUT.len() as u64;
    draft.envelope.attachments = vec![AttachmentRef { name: name.to_owned(), size_bytes, digest: Sm3Digest::of(PUT) }];
    draft.attached = vec![attached];
    draft
}

fn with_directive(object: serde_json::Value) -> Draft {
    let mut draft = with_attachment("附件.csv", put(PUT));
    draft.envelope.directive = Some(Directive::new(&object).expect("a directive"));
    draft
}

fn seen(name: &str, seen: Seen) -> Draft {
    with_attachment(
        name,
        Attached::Put {
            size_bytes: PUT.len() as u64,
            look: Look { kind: Kind::Plain, screened: true, seen },
            table: Table::NotAsked,
        },
    )
}

fn incoming(draft: &Draft) -> Incoming {
    let payload = Bytes::from(draft.envelope.to_payload());
    Incoming {
        request_id: draft.envelope.message_id.uuid().try_into().expect("a request id"),
        signatures: draft.signed_by.iter().map(|id| sign(&payload, id)).collect(),
        envelope: draft.envelope.clone(),
        payload,
        send_time: None,
    }
}

fn examined(draft: &Draft, paper: &Incoming) -> Result<Examined, Refusal> {
    let facts = Facts {
        caller: &department(draft.caller),
        today: day("2026-03-02"),
        registry: &world().registry,
        verifier: &SoftVerifier,
        rules: rules(),
        attachments: &draft.attached,
    };
    examine(paper, &facts)
}

fn refused(change: impl FnOnce(&mut Draft)) -> Refusal {
    let mut draft = draft();
    change(&mut draft);
    examined(&draft, &incoming(&draft)).expect_err("a refusal")
}

#[test]
fn a_good_paper_is_accepted() {
    let examined = examined(&draft(), &incoming(&draft())).expect("accepted");
    assert_eq!(examined.destinations.len(), 1);
    assert_eq!((examined.findings.len(), examined.attachments.len()), (0, 0));
}

#[test]
fn every_rule_has_its_refusal() {
    let key = |key_id: &str| key_id.to_owned();
    let place = |list, index| Place { list, index };
    let cases: Vec<(Refusal, Draft)> = vec![
        (Refusal::NotRegistered, Draft { caller: "housing", ..draft() }),
        (Refusal::NotSender, Draft { caller: "water", ..draft() }),
        (Refusal::Key { key_id: key("nobody") }, changed(|it| it.envelope.key_id = key("nobody"))),
        (Refusal::Key { key_id: key("old") }, changed(|it| it.envelope.key_id = key("old"))),
        (Refusal::Key { key_id: key("new") }, changed(|it| it.envelope.key_id = key("new"))),
        (Refusal::Key { key_id: key("gone") }, changed(|it| it.envelope.key_id = key("gone"))),
        (Refusal::Key { key_id: key("old") }, changed(|it| it.signed_by = vec!["gov", "old"])),
        (Refusal::KeyOfOther { key_id: key("water") }, changed(|it| it.envelope.key_id = key("water"))),
        (Refusal::Issuer { key_id: key("gov") }, changed(|it| it.envelope.issuer = "苏州市人民政府".to_owned())),
        (Refusal::Unsigned, changed(|it| it.signed_by = vec!["ed"])),
        (
            Refusal::Algorithm { fault: "alg of the payload is not the algorithm of its key" },
            changed(|it| it.envelope.algorithm = key("Ed25519")),
        ),
        (Refusal::NoAddressee, changed(|it| it.envelope.main_to.clear())),
        (Refusal::UnknownAddressee(place("mainTo", 0)), changed(|it| it.envelope.main_to = vec!["水利站".to_owned()])),
        (
            Refusal::Front(place("mainTo", 0), Institution::Service),
            changed(|it| it.envelope.main_to = vec!["行政审批局".to_owned()]),
        ),
        (absent(AttachmentFault::Absent), with_attachment("附件.csv", Attached::Absent)),
        (absent(AttachmentFault::Executable), with_attachment("附件.exe", Attached::Absent)),
        (absent(AttachmentFault::Executable), with_attachment("附件.csv", program())),
        (absent(AttachmentFault::Path), with_attachment("../附件.csv", put(PUT))),
        (absent(AttachmentFault::Path), with_attachment("..", put(PUT))),
        // A paper of a day on which its key might not sign for the issuer.
        (Refusal::Issuer { key_id: key("gov") }, changed(|it| it.envelope.issue_date = day("2025-12-31"))),
        (absent(AttachmentFault::TooLarge), changed_attachment(|it| it.size_bytes = ATTACHMENT_BYTES_MAX + 1)),
        (Refusal::Digest { index: Some(0) }, changed_attachment(|it| it.size_bytes = 1)),
        (
            Refusal::Directive { fault: "the type of the directive is unknown" },
            with_directive(serde_json::json!({"type": "X"})),
        ),
        (
            Refusal::Directive { fault: "a directive of this type names its annex" },
            with_directive(serde_json::json!({"type": "GRANT_POWERS"})),
        ),
    ];
    for (expected, draft) in cases {
        assert_eq!(examined(&draft, &incoming(&draft)), Err(expected));
    }
}

fn changed(change: impl FnOnce(&mut Draft)) -> Draft {
    let mut draft = draft();
    change(&mut draft);
    draft
}

fn changed_attachment(change: impl FnOnce(&mut AttachmentRef)) -> Draft {
    let mut draft = with_attachment("附件.csv", put(PUT));
    change(&mut draft.envelope.attachments[0]);
    draft
}

fn absent(fault: AttachmentFault) -> Refusal {
    Refusal::Attachment { index: Some(0), fault }
}

#[test]
fn the_message_id_is_the_request_id() {
    let draft = draft();
    let mut paper = incoming(&draft);
    paper.envelope.message_id = MessageId::parse("00000000-0000-4000-8000-000000000001").expect("an id");
    assert_eq!(examined(&draft, &paper), Err(Refusal::MessageId));
}

#[test]
fn a_mark_anywhere_is_classified_before_all_else() {
    let marking = Sm3Digest::of("秘密★".as_bytes());
    let secret = Seen { secret: Some("秘密★".to_owned()), ..Seen::default() };
    let in_title = refused(|it| {
        it.envelope.title = "关于秘密★1年的通知".to_owned();
        it.envelope.key_id = "nobody".to_owned();
        it.caller = "housing";
    });
    assert_eq!(in_title, Refusal::Classified { marking, place: Marked::Payload });
    let draft = seen("附件.txt", secret);
    let refusal = examined(&draft, &incoming(&draft)).expect_err("a refusal");
    assert_eq!(refusal, Refusal::Classified { marking, place: Marked::Attachment(0) });
    assert!(matches!(refused(|it| it.envelope.consent = Some("工作秘密".to_owned())), Refusal::Classified { .. }));
}

#[test]
fn a_directive_needs_sm2_and_an_annex_that_can_be_read() {
    let grant = serde_json::json!({"type": "GRANT_POWERS", "annex": Sm3Digest::of(PUT).to_string()});
    let draft = with_directive(grant.clone());
    assert!(examined(&draft, &incoming(&draft)).is_ok());
    let by_name = with_directive(serde_json::json!({"type": "GRANT_POWERS", "annex": "附件.csv"}));
    assert!(examined(&by_name, &incoming(&by_name)).is_ok());
    let ed = |mut draft: Draft| {
        (draft.envelope.key_id, draft.envelope.algorithm) = ("ed".to_owned(), "Ed25519".to_owned());
        draft.signed_by = vec!["ed"];
        draft
    };
    let weak = ed(draft.clone());
    let fault = "a paper with a directive is signed with SM2-SM3";
    assert_eq!(examined(&weak, &incoming(&weak)), Err(Refusal::Algorithm { fault }));
    let plain = ed(self::draft());
    assert!(examined(&plain, &incoming(&plain)).is_ok());
    // An Ed25519 line may stand beside the SM2 one.
    let mut both = draft.clone();
    both.signed_by.push("ed");
    assert!(examined(&both, &incoming(&both)).is_ok());
    let fault = "the annex of the directive is no UTF-8 CSV with a header row of at most 3 MiB";
    let mut unreadable = draft.clone();
    if let Some(Attached::Put { table, .. }) = unreadable.attached.first_mut() {
        *table = Table::Unreadable;
    }
    assert_eq!(examined(&unreadable, &incoming(&unreadable)), Err(Refusal::Directive { fault }));
    let fault = "the annex of the directive is none of the paper's attachments";
    let other = serde_json::json!({"type": "GRANT_POWERS", "annex": Sm3Digest::of(b"other").to_string()});
    let missing = with_directive(other.clone());
    assert_eq!(examined(&missing, &incoming(&missing)), Err(Refusal::Directive { fault }));
    let fault = "the document that the directive registers is none of the paper's attachments";
    let basis = with_directive(serde_json::json!({"type": "REGISTER_BASIS", "basis": {"digest": other["annex"]}}));
    assert_eq!(examined(&basis, &incoming(&basis)), Err(Refusal::Directive { fault }));
}

#[test]
fn a_paper_that_could_not_be_looked_through_waits_for_the_office() {
    let unread = Attached::Put {
        size_bytes: PUT.len() as u64,
        look: Look { kind: Kind::Opaque, screened: false, seen: Seen::default() },
        table: Table::NotAsked,
    };
    let mut draft = with_attachment("图纸.pdf", unread);
    draft.envelope.main_to = vec!["建设与管理局".to_owned()];
    let examined = examined(&draft, &incoming(&draft)).expect("accepted");
    let expected = [
        Destination { recipient: Institution::Construction, purpose: Purpose::Action, passage: Passage::Held },
        Destination { recipient: Institution::Office, purpose: Purpose::Copy, passage: Passage::Free },
    ];
    assert_eq!(examined.destinations, expected);
    assert_eq!(examined.attachments[0].screening, Screening::Unscreened);
    assert_eq!(examined.findings[0].code, HELD);
}

#[test]
fn findings_stop_nothing() {
    let mut draft = draft();
    (draft.caller, draft.signed_by) = ("city-management", vec!["urban"]);
    draft.envelope.sender = department("city-management");
    draft.envelope.key_id = "urban".to_owned();
    draft.envelope.issuer = "昆山市城市管理局".to_owned();
    draft.envelope.doc_type = DocType::Notice;
    draft.envelope.document_number = "昆政发[2026]5号".to_owned();
    let examined = examined(&draft, &incoming(&draft)).expect("accepted");
    let codes: Vec<_> = examined.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["RE-DEPT-DIRECTIVE", "ID-DOCNO"]);
}

#[test]
fn a_joint_paper_is_signed_for_its_lead_and_for_every_government() {
    let joint = |issuer: &str, signed_by: &[&'static str]| {
        let mut draft = draft();
        (draft.caller, draft.signed_by) = ("city-management", signed_by.to_vec());
        draft.envelope.sender = department("city-management");
        draft.envelope.key_id = "urban".to_owned();
        draft.envelope.doc_type = DocType::Letter;
        draft.envelope.issuer = issuer.to_owned();
        examined(&draft, &incoming(&draft)).map(|examined| examined.findings.len())
    };
    let refused = Err(Refusal::Issuer { key_id: "urban".to_owned() });
    assert_eq!(joint("昆山市城市管理局、昆山市水务局", &["urban"]), Ok(1));
    assert_eq!(joint("昆山市城市管理局、昆山市水务局", &["urban", "water"]), Ok(0));
    assert_eq!(joint("昆山市水务局、昆山市城市管理局", &["urban", "water"]), refused);
    assert_eq!(joint("昆山市城市管理局、昆山市人民政府", &["urban"]), refused);
    assert_eq!(joint("昆山市人民政府", &["urban"]), refused);
}

#[test]
fn the_algorithm_that_is_named_is_the_key_s() {
    let draft = draft();
    let mut paper = incoming(&draft);
    paper.signatures[0].algorithm = "Ed25519".to_owned();
    let fault = "a signature names another algorithm than its key has";
    assert_eq!(examined(&draft, &paper), Err(Refusal::Algorithm { fault }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_byte_in_the_payload_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let draft = draft();
        let mut paper = incoming(&draft);
        let mut payload = paper.payload.to_vec();
        let at = at.index(payload.len());
        payload[at] ^= 1 << bit;
        // Where the changed bytes are an envelope at all, some rule refuses it.
        if let Ok(envelope) = crate::relay::envelope::Envelope::parse(&payload) {
            (paper.envelope, paper.payload) = (envelope, payload.into());
            prop_assert!(examined(&draft, &paper).is_err());
        }
    }

    #[test]
    fn a_flipped_byte_in_the_signature_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let draft = draft();
        let mut paper = incoming(&draft);
        let mut value = paper.signatures[0].value.to_vec();
        let at = at.index(value.len());
        value[at] ^= 1 << bit;
        paper.signatures[0].value = value.into();
        prop_assert_eq!(examined(&draft, &paper), Err(Refusal::Signature { key_id: "gov".to_owned() }));
    }

    #[test]
    fn another_key_id_is_refused(key_id in "[a-z]{1,6}") {
        prop_assume!(key_id != "gov");
        let draft = draft();
        let mut paper = incoming(&draft);
        paper.signatures[0].key_id = key_id;
        let refusal = examined(&draft, &paper).expect_err("a refusal");
        let expected = matches!(refusal, Refusal::Key { .. } | Refusal::Unsigned);
        prop_assert!(expected, "{:?}", refusal);
    }
}

#[test]
fn no_paper_is_dated_in_the_future() {
    let draft = changed(|it| it.envelope.issue_date = day("2026-03-03"));
    let paper = incoming(&draft);
    let Err(Refusal::Format(fault)) = examined(&draft, &paper) else { panic!("it is refused") };
    assert_eq!(fault.key, "issueDate");
    assert!(paper.payload[fault.offset..].starts_with(b"\"issueDate\":\"2026-03-03\""));
}
