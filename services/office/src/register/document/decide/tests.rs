//! Documents: one row for each step and each refusal.

use uuid::Uuid;
use vocabulary::{MessageId, Timestamp};

use super::*;
use crate::register::testing::{GRANT, PENALTY, Trial, day, grant_row, number, power_row};

const OBJECT: &str =
    r#"{"type":"GRANT_POWERS","annex":"清单.csv","publishedDate":"2026-03-01","publishedPlace":"政府网站"}"#;

/// The digest is that of `abc`.
const BASIS: &str = r#"{"type":"REGISTER_BASIS","basis":{"docNo":"苏政发〔2022〕3号","title":"决定","issuer":"江苏省人民政府","issueDate":"2022-01-05","publishedDate":"2022-01-10","publishedPlace":"省政府网站","attachment":"决定.ofd","digest":"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},"powers":[],"fields":["*"],"towns":"张浦镇"}"#;

fn by_hand() -> ByHand {
    ByHand {
        id: DocumentId(Uuid::from_u128(7)),
        number: "昆政发〔2026〕5号".to_owned(),
        title: "通知".to_owned(),
        issuer: "昆山市人民政府".to_owned(),
        issue_date: day("2026-02-01"),
        received: day("2026-03-02"),
        today: day("2026-03-02"),
        publication: None,
        kind: DocumentType::Grant,
        digest: Sm3Digest::of(b"file"),
        directive: Bytes::new(),
        annex: Bytes::new(),
        annex_digest: None,
        registrar: "li".to_owned(),
    }
}

fn registered(change: impl FnOnce(&mut ByHand)) -> Result<Document, Refusal> {
    let mut wanted = by_hand();
    change(&mut wanted);
    register(&wanted, None, &Trial::new().rules).map(|registered| registered.document)
}

fn document() -> Document {
    registered(|_| {}).expect("a document")
}

fn confirmed() -> Document {
    let events =
        confirm(&document(), "wang", &Outcome::Applied { rows: 3 }, Timestamp::UNIX_EPOCH, 1).expect("a confirmation");
    events.iter().fold(document(), Document::after)
}

fn refused() -> Document {
    let faults = vec![Fault::new(2, "from", FaultCode::Retro, "before the document")];
    let events = confirm(&document(), "wang", &Outcome::Faulty(faults), Timestamp::UNIX_EPOCH, 1)
        .expect("a refusal of its faults");
    events.iter().fold(document(), Document::after)
}

#[test]
fn a_document_is_registered_by_hand_with_its_directive() {
    assert_eq!(document().stage, Stage::Registered);
    let directed = registered(|wanted| {
        wanted.directive = Bytes::from_static(OBJECT.as_bytes());
        wanted.annex = Bytes::from_static(b"a,b");
        wanted.annex_digest = Some(Sm3Digest::of(b"a,b"));
    });
    let directed = directed.expect("a document");
    assert_eq!(directed.issued.publication.as_ref().map(|publication| publication.date), Some(day("2026-03-01")));
    assert_eq!(
        directed.directive.and_then(|attached| attached.annex).map(|annex| annex.digest),
        Some(Sm3Digest::of(b"a,b"))
    );
    let foreign = registered(|wanted| {
        wanted.kind = DocumentType::Other;
        wanted.issuer = "市财政局".to_owned();
        wanted.directive = Bytes::from_static(br#"{"type":"SET_FISCAL_BASE"}"#);
    });
    assert!(foreign.is_ok());
    let basis = registered(|wanted| {
        wanted.kind = DocumentType::Basis;
        wanted.directive = Bytes::from_static(BASIS.as_bytes());
        wanted.digest = Sm3Digest::of(b"abc");
    });
    assert!(basis.is_ok());
}

#[test]
fn what_cannot_be_registered_is_refused() {
    let reason = |change: fn(&mut ByHand)| {
        let refusal: runtime::refusal::Refusal = registered(change).expect_err("a refusal").into();
        refusal.reason.as_str_name().trim_start_matches("ERROR_REASON_").to_owned()
    };
    type Change = fn(&mut ByHand);
    let rows: [(Change, &str); 19] = [
        (|it| it.number = "昆政发[2026]5号".to_owned(), "ID_DOCNO"),
        (|it| it.issuer = "某公司".to_owned(), "AU_ISSUER"),
        (|it| (it.kind, it.issuer) = (DocumentType::Withdraw, "市城市管理局".to_owned()), "AU_ISSUER"),
        (|it| (it.kind, it.issuer) = (DocumentType::Adjust, "市城市管理局".to_owned()), "AU_ISSUER"),
        (|it| it.publication = Some(Publication { date: day("2026-01-31"), place: String::new() }), "AU_DATE"),
        (|it| it.received = day("2026-01-31"), "AU_DATE"),
        (|it| it.issue_date = day("2026-03-03"), "AU_DATE"),
        (|it| (it.issue_date, it.received) = (day("2026-03-03"), day("2026-03-03")), "AU_DATE"),
        (|it| it.received = day("2026-03-03"), "AU_DATE"),
        (
            |it| {
                it.kind = DocumentType::Basis;
                it.directive = Bytes::from_static(BASIS.as_bytes());
                it.digest = Sm3Digest::of(b"another file");
            },
            "RE_DIGEST",
        ),
        (|it| it.kind = DocumentType::Basis, "RE_DIRECTIVE"),
        (|it| it.annex = Bytes::from_static(b"a"), "RE_DIRECTIVE"),
        (|it| it.directive = Bytes::from_static(b"{}"), "RE_DIRECTIVE"),
        (|it| it.directive = Bytes::from_static(OBJECT.as_bytes()), "RE_DIRECTIVE"),
        (|it| it.directive = Bytes::from_static(br#"{"type":"SET_FISCAL_BASE"}"#), "RE_DIRECTIVE"),
        (|it| it.directive = Bytes::from_static(br#"{"type":"GRANT_POWERS"}"#), "RE_DIRECTIVE"),
        (
            |it| (it.kind, it.directive) = (DocumentType::Withdraw, Bytes::from_static(OBJECT.as_bytes())),
            "RE_DIRECTIVE",
        ),
        (
            |it| {
                it.directive = Bytes::from_static(OBJECT.as_bytes());
                it.annex = Bytes::from_static(b"a");
                it.annex_digest = Some(Sm3Digest::of(b"b"));
            },
            "RE_DIGEST",
        ),
        (
            |it| {
                it.directive = Bytes::from_static(OBJECT.as_bytes());
                it.annex = Bytes::from_static(b"a");
                it.publication = Some(Publication { date: day("2026-03-02"), place: String::new() });
            },
            "AU_DATE",
        ),
    ];
    for (place, (change, expected)) in rows.into_iter().enumerate() {
        assert_eq!(reason(change), expected, "row {place}");
    }
    let taken = register(&by_hand(), Some("documents/1"), &Trial::new().rules);
    assert_eq!(
        taken,
        Err(Refusal::Duplicate { number: "昆政发〔2026〕5号".to_owned(), other: "documents/1".to_owned() })
    );
}

#[test]
fn a_checked_paper_becomes_a_document() {
    let paper = FromPaper {
        paper: "inboxes/OFFICE/papers/government-x".to_owned(),
        message: MessageId::try_from(Uuid::from_u128(9)).expect("an id"),
        number: number("昆政发〔2026〕5号"),
        title: "通知".to_owned(),
        issuer: "昆山市人民政府".to_owned(),
        issue_date: day("2026-02-01"),
        received: day("2026-03-02"),
        payload_digest: Sm3Digest::of(b"payload"),
        directive: Bytes::from_static(OBJECT.as_bytes()),
        annex: None,
        registrar: "li".to_owned(),
    };
    let document = registration_of_paper(&paper, None).expect("a document").document;
    assert_eq!((document.id, document.issued.kind), (DocumentId(Uuid::from_u128(9)), DocumentType::Grant));
    assert_eq!(document.paper.as_deref(), Some("inboxes/OFFICE/papers/government-x"));
    assert!(matches!(registration_of_paper(&paper, Some("documents/1")), Err(Refusal::Duplicate { .. })));
    // What is wrong with a directive is told with every fault when it is confirmed.
    let unreadable = FromPaper { directive: Bytes::from_static(br#"{"type":"GRANT_POWERS","extra":1}"#), ..paper };
    assert_eq!(registration_of_paper(&unreadable, None).map(|it| it.document.issued.kind), Ok(DocumentType::Other));
}

#[test]
fn two_persons_confirm_a_document_once() {
    let outcome = Outcome::Applied { rows: 3 };
    let confirm = |document: &Document, person: &str| confirm(document, person, &outcome, Timestamp::UNIX_EPOCH, 1);
    assert!(matches!(confirm(&document(), "li"), Err(Refusal::FourEyes { .. })));
    assert!(matches!(confirm(&confirmed(), "wang"), Err(Refusal::HistoryEdit { stage: "CONFIRMED", .. })));
    assert!(matches!(confirm(&refused(), "wang"), Err(Refusal::HistoryEdit { stage: "REFUSED", .. })));
    assert!(matches!(confirmed().stage, Stage::Confirmed { applied: 3, .. }));
    let Stage::Refused { confirmer, faults, .. } = refused().stage else { panic!("refused") };
    assert_eq!((confirmer.as_str(), faults.len()), ("wang", 1));
    assert_eq!(reason(&faults), "第2行 from：AU-RETRO（生效日期早于成文或公布日期，不得溯及既往）");
}

#[test]
fn a_publication_is_recorded_once_by_another_person() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY)]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "", DocumentType::Grant);
    trial.grant(&[grant_row(&GRANT)]);
    let issued = trial.register.confirmed_document(&number("昆政发〔2012〕1号")).expect("the document").clone();
    let stage = confirmed().stage;
    let document = Document { issued: Arc::new(issued), stage, ..document() };
    let publication = |date: &str| Publication { date: day(date), place: "政府网站".to_owned() };
    let publish = |document: &Document, person: &str, date: &str| {
        publish(document, &trial.register, person, &publication(date), 4)
    };
    assert!(matches!(publish(&document, "wang", "2012-02-29"), Err(Refusal::Publication { .. })));
    assert!(matches!(publish(&document, "li", "2012-03-10"), Err(Refusal::FourEyes { .. })));
    let waiting = Document { stage: Stage::Registered, ..document.clone() };
    assert!(matches!(publish(&waiting, "wang", "2012-03-10"), Err(Refusal::HistoryEdit { stage: "REGISTERED", .. })));
    let events = publish(&document, "wang", "2012-03-10").expect("a publication");
    let grants: Vec<_> =
        events.iter().filter(|event| matches!(event, Event::GrantRecorded { change: Change::Published, .. })).collect();
    assert_eq!((events.len(), grants.len()), (2, 1));
    let published = events.iter().fold(document, Document::after);
    assert!(matches!(publish(&published, "wang", "2012-03-11"), Err(Refusal::HistoryEdit { stage: "PUBLISHED", .. })));
}

#[test]
fn a_document_reads_back_at_every_stage() {
    let directed = registered(|wanted| {
        wanted.directive = Bytes::from_static(OBJECT.as_bytes());
        wanted.annex = Bytes::from_static(b"a,b");
    });
    for document in [document(), confirmed(), refused(), directed.expect("a document")] {
        let annex = document.directive.as_ref().and_then(|attached| attached.annex.clone());
        let content = annex.map(|annex| annex.content).unwrap_or_default();
        let message = super::super::wire::document(&document, String::new());
        assert_eq!(super::super::wire::read(message, content).expect("a document"), document);
    }
}
