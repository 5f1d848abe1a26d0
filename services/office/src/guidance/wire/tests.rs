//! Every bad field is told.

use super::*;
use runtime::testing::faults;

const ID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

fn id() -> RequestId {
    RequestId::parse(ID).expect("an id")
}

fn drafted(change: impl FnOnce(&mut pb::Guidance)) -> Vec<String> {
    let day = |day| Some(townlink_proto::google::r#type::Date { year: 2026, month: 3, day });
    let mut guidance = pb::Guidance {
        title: "指导".to_owned(),
        text: "一般要求".to_owned(),
        basis: "某条例".to_owned(),
        fields: vec!["URBAN".to_owned()],
        from: day(1),
        to: day(31),
        ..pb::Guidance::default()
    };
    change(&mut guidance);
    faults(draft(id(), pb::DraftGuidanceRequest { guidance: Some(guidance), ..Default::default() }))
}

#[test]
fn a_draft_is_read_with_every_bad_field() {
    assert_eq!(drafted(|_| {}), [""; 0]);
    assert_eq!(drafted(|it| it.supersedes = "guidances/1".to_owned()), ["guidance.supersedes"]);
    assert_eq!(drafted(|it| it.fields = vec!["URBAN".to_owned(); FIELDS_MAX + 1]), ["guidance.fields"]);
    assert_eq!(drafted(|it| it.fronts = vec!["SERVICE".to_owned(); 3]), ["guidance.fronts"]);
    assert_eq!(drafted(|it| it.fronts = vec!["FINANCE".to_owned()]), ["guidance.fronts[0]"]);
    assert_eq!(drafted(|it| it.to = it.from.replace(it.to.expect("a day"))), ["guidance.to"]);
}

#[test]
fn an_objection_has_its_ground_and_its_points() {
    let objected = |ground: pb::ObjectionGround, points: usize| {
        let request = pb::ObjectToGuidanceRequest {
            name: format!("guidances/{ID}"),
            ground: ground.into(),
            reasons: "与条例不一致".to_owned(),
            points: vec!["首次违法".to_owned(); points],
            ..Default::default()
        };
        faults(object(id(), request))
    };
    assert_eq!(objected(pb::ObjectionGround::Content, POINTS_MAX), [""; 0]);
    assert_eq!(objected(pb::ObjectionGround::Unspecified, 1), ["ground"]);
    assert_eq!(objected(pb::ObjectionGround::Content, 0), ["points"]);
    assert_eq!(objected(pb::ObjectionGround::Content, POINTS_MAX + 1), ["points"]);
}

#[test]
fn names_and_stages_are_known() {
    assert_eq!(faults(name("guidances/1")), ["name"]);
    assert_eq!(faults(objection_name("guidances/1/objections/2")), ["name"]);
    assert_eq!(faults(stage_filter(99)), ["stage"]);
}
