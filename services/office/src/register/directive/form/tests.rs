//! Every form of directive, and what is not one.

use proptest::prelude::*;

use super::*;

fn parsed(object: &str) -> Directive {
    Directive::parse(object.as_bytes()).expect("a directive")
}

fn codes(object: &str) -> Vec<(String, String)> {
    let faults = Directive::parse(object.as_bytes()).expect_err("no directive");
    faults.into_iter().map(|fault| (fault.column.into_owned(), fault.code.into_owned())).collect()
}

fn only(column: &str, code: &str) -> Vec<(String, String)> {
    vec![(column.to_owned(), code.to_owned())]
}

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

const BASIS: &str = r#"{"type":"REGISTER_BASIS","basis":{"docNo":"苏政发〔2022〕3号","title":"决定","issuer":"江苏省人民政府","issueDate":"2022-01-05","publishedDate":"2022-01-10","publishedPlace":"省政府网站","attachment":"决定.ofd","digest":"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},"powers":[],"fields":["*"],"towns":"经济发达镇"}"#;

#[test]
fn every_form_is_read() {
    let granted = parsed(
        r#"{"type":"GRANT_POWERS","annex":"清单.csv","publishedDate":"2026-03-01","publishedPlace":"政府网站"}"#,
    );
    let publication = Publication { date: day("2026-03-01"), place: "政府网站".into() };
    assert_eq!(granted, Directive::Grant { annex: "清单.csv".into(), publication: Some(publication.clone()) });
    assert_eq!((granted.annex(), granted.publication()), (Some("清单.csv"), Some(&publication)));
    let unpublished = Directive::Grant { annex: "a".into(), publication: None };
    assert_eq!(
        parsed(r#"{"publishedPlace":null,"publishedDate":null,"annex":"a","type":"GRANT_POWERS"}"#),
        unpublished
    );
    let powers = || vec!["PP-1".to_owned()];
    assert_eq!(
        parsed(r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2026-04-01","powers":["PP-1"]}"#),
        Directive::Suspend { from: day("2026-04-01"), powers: powers() },
    );
    assert_eq!(
        parsed(r#"{"type":"ADJUST_POWERS","action":"RESUME","from":"2026-04-01","powers":["PP-1"]}"#),
        Directive::Resume { from: day("2026-04-01"), powers: powers() },
    );
    assert_eq!(
        parsed(r#"{"type":"ADJUST_POWERS","action":"REPLACE","annex":"a"}"#),
        Directive::Replace { annex: "a".into(), publication: None }
    );
    let until = Transition::FinishUntil(day("2026-06-01"));
    assert_eq!(
        parsed(
            r#"{"type":"WITHDRAW_POWERS","to":"2026-05-01","powers":["PP-1"],"transition":"FINISH_UNTIL","until":"2026-06-01"}"#
        ),
        Directive::Withdraw { to: day("2026-05-01"), powers: powers(), transition: until },
    );
    assert_eq!(
        parsed(
            r#"{"type":"WITHDRAW_POWERS","to":"2026-05-01","powers":["PP-1"],"transition":"TRANSFER","until":null}"#
        ),
        Directive::Withdraw { to: day("2026-05-01"), powers: powers(), transition: Transition::Transfer },
    );
    assert_eq!(parsed(r#"{"type":"WITHDRAW_POWERS","annex":"a"}"#), Directive::WithdrawListed { annex: "a".into() });
    let Directive::RegisterBasis(basis) = parsed(BASIS) else { panic!("a basis") };
    assert!(basis.names_every_field());
    assert_eq!((basis.number.to_string().as_str(), basis.publication.date), ("苏政发〔2022〕3号", day("2022-01-10")));
}

#[test]
fn documents_are_of_the_type_of_their_directive() {
    let types = [
        (r#"{"type":"GRANT_POWERS","annex":"a"}"#, DocumentType::Grant),
        (r#"{"type":"ADJUST_POWERS","action":"REPLACE","annex":"a"}"#, DocumentType::Adjust),
        (r#"{"type":"WITHDRAW_POWERS","annex":"a"}"#, DocumentType::Withdraw),
        (BASIS, DocumentType::Basis),
    ];
    for (object, expected) in types {
        assert_eq!(parsed(object).document_type(), expected);
        assert!(OWN_TYPES.contains(&Directive::type_of(object.as_bytes()).expect("a type").as_str()));
    }
}

#[test]
fn an_object_of_another_form_is_refused() {
    let others = [
        "",
        "[]",
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"GRANT_POWERS"}"#,
        r#"{"type":"GRANT_POWERS","annex":"a","extra":1}"#,
        r#"{"type":"GRANT_POWERS","annex":"a","annex":"b"}"#,
        r#"{"type":"GRANT_POWERS","annex":"a"} x"#,
        r#"{"type":"ADJUST_POWERS","action":"DROP","annex":"a"}"#,
    ];
    for object in others {
        assert_eq!(codes(object), only("", "RE-DIRECTIVE"), "{object}");
    }
    assert_eq!(codes(r#"{"type":"SET_FISCAL_BASE"}"#), only("type", "RE-DIRECTIVE"));
    let mixed = [
        r#"{"type":"ADJUST_POWERS","action":"SUSPEND","annex":"a"}"#,
        r#"{"type":"ADJUST_POWERS","action":"REPLACE","annex":"a","from":"2026-04-01"}"#,
        r#"{"type":"ADJUST_POWERS","action":"RESUME","powers":["PP-1"]}"#,
    ];
    for object in mixed {
        assert_eq!(codes(object), only("action", "RE-DIRECTIVE"), "{object}");
    }
    for action in ["SUSPEND", "RESUME"] {
        for key in ["publishedDate", "publishedPlace"] {
            let published = format!(
                r#"{{"type":"ADJUST_POWERS","action":"{action}","from":"2026-04-01","powers":["PP-1"],"{key}":"2026-03-02"}}"#
            );
            assert_eq!(codes(&published), only("publishedDate", "RE-DIRECTIVE"), "{published}");
        }
    }
    for object in [
        r#"{"type":"WITHDRAW_POWERS","to":"2026-05-01","powers":["PP-1"],"annex":"a"}"#,
        r#"{"type":"WITHDRAW_POWERS","annex":"a","transition":"TRANSFER"}"#,
        r#"{"type":"WITHDRAW_POWERS"}"#,
    ] {
        assert_eq!(codes(object), only("powers", "RE-DIRECTIVE"), "{object}");
    }
}

#[test]
fn a_text_that_does_not_read_as_it_is_stored_is_refused() {
    let suspended = r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2026-04-01","powers":["PP-1","PP-2"]}"#;
    let rows = [
        (BASIS.replace("决定\"", "决\u{202e}定\""), "basis.title"),
        (BASIS.replace("经济发达镇", "经济\\u2066发达镇"), "towns"),
        (BASIS.replace("省政府网站", "省政府\\n网站"), "basis.publishedPlace"),
        (BASIS.replace("towns", "to\\u0000wns"), ""),
        (BASIS.replace("docNo", "doc\\u200fNo"), "basis"),
        (suspended.replace("PP-2", "PP\\t-2"), "powers"),
        (suspended.replace("ADJUST_POWERS", "ORDER_INSPECTION\",\"what\":\"a\\u001bb"), "what"),
    ];
    for (object, key) in rows {
        assert_eq!(codes(&object), only(key, "RE-DIRECTIVE"), "{object}");
    }
}

#[test]
fn wrong_values_are_told_with_their_key() {
    assert_eq!(
        codes(r#"{"type":"GRANT_POWERS","annex":"a","publishedDate":"2012-02-30"}"#),
        only("publishedDate", "AU-DATE")
    );
    assert_eq!(codes(r#"{"type":"GRANT_POWERS","annex":"a","publishedPlace":"b"}"#), only("publishedDate", "AU-DATE"));
    assert_eq!(
        codes(r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"x","powers":["PP-1"]}"#),
        only("from", "AU-DATE")
    );
    assert_eq!(
        codes(r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2026-04-01","powers":[]}"#),
        only("powers", "AU-ENUM")
    );
    for transition in [r#""FINISH_UNTIL""#, r#""LATER""#, r#""TRANSFER","until":"2026-06-01""#] {
        let object =
            format!(r#"{{"type":"WITHDRAW_POWERS","to":"2026-05-01","powers":["PP-1"],"transition":{transition}}}"#);
        assert_eq!(codes(&object), only("transition", "AU-ENUM"), "{object}");
    }
    let all_wrong = BASIS
        .replace("〔2022〕", "[2022]")
        .replace("66c7", "66C7")
        .replace("2022-01-05", "5.1.2022")
        .replace(r#"["*"]"#, "[]");
    let expected = [
        ("basis.docNo", "ID-DOCNO"),
        ("basis.digest", "RE-DIGEST"),
        ("basis.issueDate", "AU-DATE"),
        ("powers", "AU-ENUM"),
    ];
    assert_eq!(codes(&all_wrong), expected.map(|(key, code)| (key.to_owned(), code.to_owned())));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\{\"type\":\"(GRANT|ADJUST|WITHDRAW)_POWERS\",\"(annex|to|powers)\":[^}]{0,20}\\}") {
        let _ = (Directive::parse(&bytes), Directive::parse(text.as_bytes()));
    }
}
