use proptest::prelude::*;
use serde_json::json;
use vocabulary::Sm3Digest;

use super::samples::envelope as example;
use super::*;

fn text() -> String {
    String::from_utf8(example().to_payload()).expect("UTF-8")
}

fn fault(payload: &str) -> FormatFault {
    match Envelope::parse(payload.as_bytes()) {
        Err(EnvelopeFault::Format(fault)) => fault,
        other => panic!("{payload}: {other:?}"),
    }
}

#[test]
fn the_payload_is_exactly_the_one_of_the_specification() {
    let digest = Sm3Digest::of(b"x");
    let expected = format!(
        "{{\"v\":1,\"msgId\":\"7d0f2f6e-3c53-4b0e-9c39-0d6f6f1c8a11\",\"docType\":\"通知\",\"docNo\":\"昆政办发〔2026〕18号\",\
         \"title\":\"关于下放部分县级管理权限的通知\",\"issuer\":\"昆山市人民政府办公室\",\"signatory\":null,\
         \"mainTo\":[\"张浦镇人民政府\"],\"copyTo\":[],\"urgency\":\"加急\",\"issueDate\":\"2026-03-02\",\"due\":\"2026-03-09\",\
         \"actionClass\":\"批办\",\"secrecy\":\"NONE\",\"openness\":\"依申请公开\",\"refDocNo\":null,\
         \"attachments\":[{{\"name\":\"正文.ofd\",\"size\":183202,\"alg\":\"SM3\",\"digest\":\"{digest}\"}}],\
         \"alg\":\"SM2-SM3\",\"keyId\":\"k-1\",\"sender\":\"government-office\",\"consent\":null,\"agreedBy\":[\"甲\"],\
         \"matters\":1,\"directive\":{{\"type\":\"GRANT_POWERS\",\"annex\":\"{digest}\",\"n\":[1,{{\"a\":null}}]}}}}"
    );
    assert_eq!(text(), expected);
    assert_eq!(Envelope::parse(expected.as_bytes()), Ok(example()));
}

#[test]
fn the_example_of_the_page_is_an_envelope() {
    let page = include_str!("../../../docs/envelope.md");
    let example = page.split_once("```json\n").and_then(|(_, rest)| rest.split_once("```")).expect("an example").0;
    let payload = example.lines().map(str::trim).collect::<String>();
    let read = Envelope::parse(payload.as_bytes()).expect("an envelope");
    assert_eq!(String::from_utf8(read.to_payload()).expect("UTF-8"), payload);
    assert_eq!(read.attachments[0].digest, Sm3Digest::of(b"abc"));
}

#[test]
fn unknown_keys_stand_at_the_end_and_are_ignored() {
    let payload = text();
    let with = |extra: &str| format!("{},{extra}}}", &payload[..payload.len() - 1]);
    assert_eq!(
        Envelope::parse(with("\"topic\":\"执\\n法\",\"x\":[1.5e-3,true,{\"b\":\"\\u00e9\"}]").as_bytes()),
        Ok(example())
    );
    for extra in [
        "\"v\":1",
        "\"\\u0076\":1",
        "\"directive\":{\"type\":\"X\"}",
        "\"a\":1,\"\\u0061\":2",
        "\"x\":{\"b\":1,\"b\":2}",
    ] {
        let rule = fault(&with(extra)).rule;
        assert!(rule.contains("twice"), "{extra}: {rule}");
    }
    // Before the known ones they disturb the order.
    assert_eq!(fault(&payload.replace(",\"alg\":\"SM2", ",\"x\":1,\"alg\":\"SM2")).key, "alg");
    let many: Vec<_> = (0..=EXTRA_KEYS_MAX).map(|n| format!("\"x{n}\":0")).collect();
    assert!(fault(&with(&many.join(","))).rule.contains("too many"));
}

#[test]
fn a_fault_names_its_byte_and_its_key() {
    let payload = text();
    let cases = [
        (payload.replace(",\"docNo\"", ", \"docNo\""), "docNo"),
        (payload.replace("\"docNo\":", "\"docNo\" :"), "docNo"),
        (payload.replace("\"docNo\"", "\"docno\""), "docNo"),
        (payload.replace("\"docNo\":\"昆政办发〔2026〕18号\",", ""), "docNo"),
        (payload.replace("通知\",", "规划\","), "docType"),
        (payload.replace("加急", "火急"), "urgency"),
        (payload.replace("批办", "马上办"), "actionClass"),
        (payload.replace("依申请公开", "公开"), "openness"),
        (payload.replace("2026-03-02", "2026-02-30"), "issueDate"),
        (payload.replace("\"2026-03-09\"", "\"\""), "due"),
        (payload.replace("\"v\":1", "\"v\":2"), "v"),
        (payload.replace("\"v\":1", "\"v\":01"), "v"),
        (payload.replace("7d0f2f6e-", "7d0f2f6e"), "msgId"),
        (payload.replace("关于", "关\\n于"), "title"),
        (payload.replace("关于", "关\n于"), "title"),
        (payload.replace("关于", "关\u{202e}于"), "title"),
        (payload.replace("关于", "关\\u2066于"), "title"),
        (payload.replace("张浦镇人民政府", "张浦镇\\u0007人民政府"), "mainTo"),
        (payload.replace("正文.ofd", "文正\u{202e}dfo.exe"), "attachments.name"),
        (payload.replace("\"n\":[1", "\"n\":[\"甲\u{202e}乙\""), "directive"),
        (payload.replace("\"n\":[1", "\"n\":[\"甲\\u202e乙\""), "directive"),
        (payload.replace("{\"a\":null}", "{\"a\":\"甲\\n乙\"}"), "directive"),
        (payload.replace("{\"a\":null}", "{\"a\\u0000\":null}"), "directive"),
        (payload.replace("\"n\":[", "\"n\\u200f\":["), "directive"),
        (payload.replace("\"n\":[", "\"basis\":{\"title\":\"甲\\u0085\"},\"n\":["), "directive"),
        (payload.replace("关于", "关\\ud800于"), "title"),
        (payload.replace("关于", "关\\q于"), "title"),
        (payload.replace("\"signatory\":null", "\"signatory\":\"\""), "signatory"),
        (payload.replace("[\"张浦镇人民政府\"]", "\"张浦镇人民政府\""), "mainTo"),
        (payload.replace("\"SM3\"", "\"SHA-256\""), "attachments.alg"),
        (payload.replace("183202", "-1"), "attachments.size"),
        (payload.replace("\"size\"", "\"Size\""), "attachments.size"),
        (payload.replace("government-office", "政府办"), "sender"),
        (payload.replace("\"matters\":1", "\"matters\":0"), "matters"),
        (payload.replace("\"type\":\"GRANT_POWERS\",", ""), "directive"),
        (payload.replace("\"directive\":{", "\"directive\":[{"), "directive"),
        (payload.replace("\"n\":[", "\"type\":\"Y\",\"n\":["), "directive"),
        (format!("{payload} "), "directive"),
        (format!("\u{feff}{payload}"), "v"),
        (payload[..payload.len() - 1].to_owned(), "directive"),
        (String::new(), "v"),
    ];
    for (payload, key) in cases {
        assert_eq!(fault(&payload).key, key, "{payload}");
    }
    assert_eq!(
        fault(&payload.replace(",\"docNo\"", ", \"docNo\"")).offset,
        payload.find("\"docNo\"").expect("it is there")
    );
    assert_eq!(fault(&format!("{payload}}}")).offset, payload.len());
}

#[test]
fn a_fault_says_which_rule_was_broken() {
    let payload = text();
    let lone = "half of a surrogate pair stands alone";
    let escape = "an escape of the string is not one of JSON";
    let number = "the number is not one of JSON";
    let first = "the first key of a directive is type";
    let entry = payload.find("{\"name\"").expect("an attachment");
    let entry = &payload[entry..=entry + payload[entry..].find('}').expect("its end")];
    let cases = [
        (payload.replace("\"type\":\"GRANT_POWERS\",", ""), first),
        (format!("{}{{}}}}", &payload[..payload.find("{\"type\"").expect("a directive")]), first),
        (payload.replace("关于", "关\n于"), "a control character must be escaped in a string"),
        (payload.replace("关于", "关\\udc00于"), lone),
        (payload.replace("关于", "关\\ud800于"), lone),
        (payload.replace("关于", "关\\ud800\\u0041于"), lone),
        (payload.replace("关于", "关\\u12于"), escape),
        (payload.replace("关于", "关\\q于"), escape),
        (format!("{}\\", &payload[..payload.find("关于").expect("a title")]), escape),
        (payload.replace("\"n\":[1", "\"n\":[-"), number),
        (payload.replace("\"n\":[1", "\"n\":[1."), number),
        (payload.replace("\"n\":[1", "\"n\":[1e+"), number),
        (payload.replace("{\"a\":null}", "{\"a\": null}"), "expected a value; there is no white space between tokens"),
        (payload.replace("\"甲\"", &["\"甲\""; LIST_LENGTH_MAX + 1].join(",")), "the list is too long"),
        (payload.replace(entry, &[entry; LIST_LENGTH_MAX + 1].join(",")), "the list is too long"),
    ];
    for (payload, rule) in cases {
        assert_eq!(fault(&payload).rule, rule, "{payload}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let payload = text();
    let deep = format!("\"n\":{}{}", "[".repeat(40), "]".repeat(40));
    assert!(fault(&payload.replace("\"n\":[1,{\"a\":null}]", &deep)).rule.contains("too deep"));
    let long = format!("\"n\":\"{}\"", "长".repeat(90_000));
    let fault = fault(&payload.replace("\"n\":[1,{\"a\":null}]", &long));
    assert_eq!((fault.offset, fault.key), (PAYLOAD_BYTES_MAX, "v"));
    assert!(Directive::new(&json!({"type": 1})).is_err());
    assert!(Directive::new(&json!({"type": "X", "towns": ["甲\u{202e}"]})).is_err());
    assert!(Directive::new(&json!([])).is_err());
    assert!(Directive::new(&json!({"type": "X", "annex": 1})).is_err());
    assert!(Directive::new(&json!({"type": "X", "basis": {"digest": "y"}})).is_err());
    let digest = Sm3Digest::of(b"x");
    let basis = Directive::new(&json!({"basis": {"digest": digest.to_string()}, "type": "REGISTER_BASIS"}));
    assert_eq!(basis.map(|basis| basis.basis), Ok(Some(digest)));
}

#[test]
fn no_secret_must_be_declared_by_the_literal() {
    let payload = text();
    let cases = [
        ("\"secrecy\":\"秘密\",", "\"秘密\""),
        ("\"secrecy\":null,", "null"),
        ("\"secrecy\":\"none\",", "\"none\""),
        ("\"Secrecy\":\"NONE\",", ""),
        ("", ""),
    ];
    for (other, marking) in cases {
        let changed = payload.replace("\"secrecy\":\"NONE\",", other);
        let expected = EnvelopeFault::NotDeclared { marking: Sm3Digest::of(marking.as_bytes()) };
        assert_eq!(Envelope::parse(changed.as_bytes()), Err(expected), "{other}");
    }
    let moved =
        payload.replace("\"secrecy\":\"NONE\",", "").replace("\"alg\":\"SM2", "\"secrecy\":\"NONE\",\"alg\":\"SM2");
    assert_eq!(fault(&moved).key, "secrecy");
}

#[test]
fn several_issuers_are_told_apart() {
    let mut envelope = example();
    envelope.issuer = "昆山市城市管理局、昆山市交通运输局".to_owned();
    assert_eq!(envelope.issuers().collect::<Vec<_>>(), ["昆山市城市管理局", "昆山市交通运输局"]);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:a-z0-9\\\\ ]{0,80}") {
        let _ = (Envelope::parse(&bytes), Envelope::parse(text.as_bytes()));
    }

    #[test]
    fn a_damaged_payload_makes_no_panic(at in 0usize..2_000, byte in any::<u8>(), cut in 0usize..2_000) {
        let mut payload = example().to_payload();
        let at = at % payload.len();
        payload[at] = byte;
        let _ = Envelope::parse(&payload);
        payload.truncate(cut);
        let _ = Envelope::parse(&payload);
    }

    #[test]
    fn what_is_written_is_read(title in "[^\\p{C}]{1,40}", name in "\\PC{1,20}", size in any::<u64>(), matters in 1u32..999) {
        let mut envelope = example();
        envelope.title = format!("题{title}");
        envelope.main_to = vec![format!("机关{name}")];
        envelope.attachments[0].size_bytes = size;
        envelope.matters = matters;
        envelope.directive = None;
        prop_assert_eq!(Envelope::parse(&envelope.to_payload()), Ok(envelope));
    }
}
