//! Every bad field is told, and rows read back.

use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;

use super::super::samples;
use super::*;

fn faults(change: impl FnOnce(&mut pb::DispatchContent)) -> Vec<String> {
    let mut given = message::content(&samples::letter());
    change(&mut given);
    match content(Some(given)) {
        Ok(_) => Vec::new(),
        Err(Denial::Malformed(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
        Err(denial) => panic!("{denial:?}"),
    }
}

#[test]
fn a_content_reads_back() {
    for sample in [samples::letter(), samples::request()] {
        assert_eq!(content(Some(message::content(&sample))).expect("a content"), sample);
    }
}

#[test]
fn every_bad_field_is_told_at_once() {
    let told = faults(|it| {
        it.doc_type = "方案".to_owned();
        it.title.clear();
        it.text = "正文\u{202e}".to_owned();
        it.main_to = vec!["甲".to_owned(), "甲".to_owned()];
        it.matters = vec![" ".to_owned()];
        it.urgency = "火急".to_owned();
        it.openness.clear();
        it.request_of = "papers/1".to_owned();
        it.answers = "dispatches/1".to_owned();
    });
    let expected =
        ["doc_type", "title", "text", "main_to[1]", "matters[0]", "urgency", "openness", "request_of", "answers"];
    assert_eq!(told, expected.map(|field| format!("content.{field}")));
}

#[test]
fn every_text_is_plain_and_bounded() {
    assert_eq!(faults(|it| it.issuer.clear()), ["content.issuer"]);
    for text in ["字".repeat(WORDS_MAX + 1), "甲\u{202e}乙".to_owned()] {
        let told = faults(|it| {
            it.main_to = vec![text.clone()];
            it.matters = vec![text.clone()];
            it.consent.clone_from(&text);
            it.opinion.clone_from(&text);
            it.no_request_confirmation.clone_from(&text);
            it.fair_competition.clone_from(&text);
            it.publication_place.clone_from(&text);
            it.ref_document_number.clone_from(&text);
            it.case_number.clone_from(&text);
        });
        let expected = [
            "main_to[0]",
            "matters[0]",
            "consent",
            "opinion",
            "no_request_confirmation",
            "fair_competition",
            "publication_place",
            "ref_document_number",
            "case_number",
        ];
        assert_eq!(told, expected.map(|field| format!("content.{field}")));
    }
}

#[test]
fn sizes_are_bounded() {
    let file = |name: &str, bytes: usize| pb::DispatchFile { name: name.to_owned(), content: vec![b'a'; bytes].into() };
    assert_eq!(faults(|it| it.text = "a".repeat(64 * 1024)), [""; 0]);
    assert_eq!(faults(|it| it.text = "a".repeat(64 * 1024 + 1)), ["content.text"]);
    assert_eq!(faults(|it| it.files = vec![file("a", 512 * 1024), file("b", 512 * 1024)]), [""; 0]);
    assert_eq!(faults(|it| it.files = vec![file("a", 512 * 1024), file("b", 512 * 1024 + 1)]), ["content.files"]);
    for name in ["正文.txt", "a/b", ""] {
        assert_eq!(faults(|it| it.files = vec![file(name, 1)]), ["content.files[0].name"], "{name}");
    }
    assert_eq!(faults(|it| it.main_to = vec!["甲".to_owned(); 51]), ["content.main_to"]);
}

#[test]
fn lists_are_bounded_and_name_nothing_twice() {
    assert_eq!(runtime::testing::faults(content(None)), ["content"]);
    assert_eq!(faults(|it| it.text = " \n".to_owned()), ["content.text"]);
    let named = |name: &str| pb::DispatchFile { name: name.to_owned(), content: b"a".as_slice().into() };
    assert_eq!(faults(|it| it.files = vec![named("表.csv"), named("表.csv")]), ["content.files[1].name"]);
    let many = (0..=ENTRIES_MAX).map(|index| named(&index.to_string()));
    assert_eq!(faults(|it| it.files = many.collect()), ["content.files"]);
    for name in ["", " ", "甲 ", " 甲"] {
        assert_eq!(faults(|it| it.copy_to = vec![name.to_owned()]), ["content.copy_to[0]"], "{name:?}");
    }
    assert_eq!(faults(|it| it.matters = vec!["甲".to_owned(); ENTRIES_MAX + 1]), ["content.matters"]);
}

#[test]
fn those_who_are_asked_to_agree_are_institutions_each_once() {
    let asked = |codes: &[&str]| {
        let institutions = codes.iter().map(|code| (*code).to_owned()).collect();
        let request = pb::RequestCosignRequest { name: samples::id().to_string(), institutions, ..Default::default() };
        runtime::testing::faults(request_cosign(request))
    };
    assert_eq!(asked(&["FINANCE", "SOCIAL"]), [""; 0]);
    assert_eq!(asked(&[]), ["institutions"]);
    assert_eq!(asked(&["FINANCE", "MAYOR", "FINANCE"]), ["institutions[1]", "institutions[2]"]);
    let all = Institution::ALL.map(Institution::code);
    assert_eq!(asked(&[&all[..], &["FINANCE"]].concat()), ["institutions", "institutions[8]"]);
}

#[test]
fn what_lists_are_asked_for_is_known() {
    use runtime::testing::faults;
    assert_eq!(faults(name("dispatches/1")), ["name"]);
    assert_eq!(faults(stage_filter(99)), ["stage"]);
    assert_eq!(faults(institution_filter("MAYOR")), ["institution"]);
    assert_eq!(faults(number_key("张政发[2026]1号")), ["document_number"]);
}
