//! Every bad field is told.

use super::*;
use runtime::testing::faults;

const ID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

fn sent(to: &[&str], text: &str) -> Vec<String> {
    let request = pb::SendWorkInfoRequest {
        r#type: pb::WorkInfoType::Hazard.into(),
        to_parties: to.iter().map(|code| (*code).to_owned()).collect(),
        title: "信息".to_owned(),
        text: text.to_owned(),
        ..Default::default()
    };
    faults(send_work_info(RequestId::parse(ID).expect("an id"), request))
}

#[test]
fn information_is_read_with_every_bad_field() {
    assert_eq!(sent(&["SERVICE"], "第一行\n第二行"), [""; 0]);
    assert_eq!(sent(&["SERVICE"], "正文\u{202e}"), ["text"]);
    assert_eq!(sent(&[], "正文"), ["to_parties"]);
    assert_eq!(sent(&["MAYOR", "SERVICE"], "正文"), ["to_parties[0]"]);
    assert_eq!(sent(&["SERVICE"; 9], "正文"), ["to_parties"]);
}

#[test]
fn a_clue_is_filed_or_not() {
    let request = pb::AnswerClueRequest { name: format!("coordinationItems/{ID}"), ..Default::default() };
    assert_eq!(faults(answer_clue(request)), ["result"]);
}

#[test]
fn names_and_types_are_known() {
    assert_eq!(faults(name("coordinationItems/1")), ["name"]);
    assert_eq!(faults(type_filter(99)), ["type"]);
}
