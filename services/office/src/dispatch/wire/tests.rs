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
