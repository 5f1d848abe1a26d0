//! What is asked of a directive that another service hands over.

use bytes::Bytes;
use uuid::Uuid;

use super::*;

const OBJECT: &[u8] = br#"{"type":"GRANT_POWERS","annex":"a.csv"}"#;

fn request() -> pb::ApplyRequest {
    pb::ApplyRequest {
        directive_type: "GRANT_POWERS".to_owned(),
        directive: Bytes::from_static(OBJECT),
        annex: Bytes::from_static(b"a"),
        annex_digest: Sm3Digest::of(b"a").as_bytes().to_vec().into(),
        ..pb::ApplyRequest::default()
    }
}

#[test]
fn a_directive_is_what_its_type_and_its_digest_say() {
    assert!(directive(&request()).is_ok());
    type Change = fn(&mut pb::ApplyRequest);
    let rows: [(Change, &str); 4] = [
        (|it| it.directive = Bytes::from_static(b"{"), "RE-DIRECTIVE"),
        (|it| it.directive_type = "WITHDRAW_POWERS".to_owned(), "RE-DIRECTIVE"),
        (|it| it.annex = Bytes::from_static(b"b"), "RE-DIGEST"),
        (|it| it.annex = Bytes::new(), "RE-DIGEST"),
    ];
    for (place, (change, code)) in rows.into_iter().enumerate() {
        let mut request = request();
        change(&mut request);
        let faults = directive(&request).expect_err("a fault");
        assert_eq!(faults.iter().map(|fault| &*fault.code).collect::<Vec<_>>(), [code], "row {place}");
    }
}

#[test]
fn it_is_the_registers_and_two_persons_stand_behind_it() {
    let command = |directive_type: &str, registered_by: &str, confirmed_by: &str| Command {
        order: Order {
            id: DocumentId(Uuid::from_u128(1)),
            document: Issued {
                number: DocumentNumber::parse("昆政发〔2026〕5号").expect("a number"),
                issuer: "昆山市人民政府".to_owned(),
                date: vocabulary::Date::constant(2026, 3, 1),
                publication: None,
                kind: DocumentType::Other,
            },
            directive: directive(&request()),
            annex: Bytes::new(),
        },
        directive_type: directive_type.to_owned(),
        registered_by: registered_by.to_owned(),
        confirmed_by: confirmed_by.to_owned(),
    };
    assert_eq!(may_be_applied(&command("GRANT_POWERS", "zhao", "qian")), Ok(()));
    assert_eq!(may_be_applied(&command("GRANT_POWERS", "", "")), Ok(()));
    let foreign = may_be_applied(&command("SET_FISCAL_BASE", "zhao", "qian"));
    assert_eq!(foreign, Err(Refusal::NotOwned { directive_type: "SET_FISCAL_BASE".to_owned() }));
    let alone = may_be_applied(&command("GRANT_POWERS", "zhao", "zhao"));
    assert!(matches!(alone, Err(Refusal::FourEyes { person, .. }) if person == "zhao"));
}
