//! The cases that the reference begins with.

use bytes::Bytes;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::casework::v1 as pb;
use vocabulary::Sm3Digest;

use crate::supervision::SeedCases;

/// The number of the open application that opinions are about.
pub const APPLICATION: &str = "ZP20260301000012";

/// The case of that application.
pub const APPLICATION_CASE: &str = "cases/ZP20260301000012";

const FIELD: &str = "HOUSING";

const fn day(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

/// The cases of the reference, as a suite is told of them: those of the field HOUSING, closed in the last quarter of 2025.
#[must_use]
pub fn seed() -> SeedCases {
    let of = |state: pb::CaseState| {
        let files = files();
        let lines = files.into_iter().filter_map(|file| file.line);
        let names = lines.filter(|line| line.state() == state && line.field == FIELD).map(|line| line.name);
        let mut names: Vec<_> = names.filter(|name| name != EARLIER).collect();
        names.sort();
        names
    };
    SeedCases {
        field: FIELD.to_owned(),
        supervisor: "CONSTRUCTION".to_owned(),
        days: (day(2025, 10, 1), day(2026, 1, 1)),
        closed: of(pb::CaseState::Closed),
        open: of(pb::CaseState::Open),
        parties: parties(),
    }
}

/// A case that was closed in an earlier quarter.
const EARLIER: &str = "cases/ZP20250701000001";

fn parties() -> Vec<pb::Party> {
    vec![
        pb::Party {
            r#type: pb::PartyType::Person.into(),
            name: "张三丰".to_owned(),
            identifier: "32058319900101001X".to_owned(),
            telephone: "13800010001".to_owned(),
            address: "江苏省昆山市张浦镇某某路1号2室".to_owned(),
        },
        pb::Party {
            r#type: pb::PartyType::Organisation.into(),
            name: "昆山某某建设有限公司".to_owned(),
            identifier: "91320583MA1XXXXX0A".to_owned(),
            ..pb::Party::default()
        },
    ]
}

/// The files of all cases.
pub(super) fn files() -> Vec<pb::CaseFile> {
    let closed = (1..=30).map(|serial| {
        let name = format!("cases/ZP20251001{serial:06}");
        file(&name, FIELD, Some(day(2025, 10 + serial % 3, 1 + serial % 28)), "wei")
    });
    let of_enforcement = pb::CaseFile {
        line: Some(pb::CaseLine {
            kind: "行政处罚".to_owned(),
            handler: "ENFORCEMENT".to_owned(),
            ..line("cases/ZPCF202500007", FIELD, Some(day(2025, 11, 20)), "jiang")
        }),
        ..file("cases/ZPCF202500007", FIELD, Some(day(2025, 11, 20)), "jiang")
    };
    // Handled by who supervises now: nobody supervises his own work.
    let own = file("cases/ZP20251002000001", FIELD, Some(day(2025, 12, 2)), "chen");
    let others = [
        file(EARLIER, FIELD, Some(day(2025, 9, 30)), "wei"),
        file("cases/ZP20251003000001", "HEALTH", Some(day(2025, 12, 3)), "wei"),
        file("cases/ZP20260210000001", FIELD, None, "wei"),
        file(APPLICATION_CASE, FIELD, None, "wei"),
    ];
    closed.chain([of_enforcement, own]).chain(others).collect()
}

fn line(name: &str, field: &str, closed: Option<Date>, handled_by: &str) -> pb::CaseLine {
    let supervisor = if field == "HEALTH" { "SOCIAL" } else { "CONSTRUCTION" };
    let state = if closed.is_some() { pb::CaseState::Closed } else { pb::CaseState::Open };
    pb::CaseLine {
        name: name.to_owned(),
        kind: "行政许可".to_owned(),
        matter: "建筑工程施工许可".to_owned(),
        field: field.to_owned(),
        handler: "SERVICE".to_owned(),
        supervisor: supervisor.to_owned(),
        state: state.into(),
        stage: if closed.is_some() { "ARCHIVED" } else { "REVIEW" }.to_owned(),
        open_date: Some(if closed.is_some() { day(2025, 8, 1) } else { day(2026, 2, 10) }),
        due_date: None,
        close_date: closed,
        handled_by: vec![handled_by.to_owned()],
    }
}

fn file(name: &str, field: &str, closed: Option<Date>, handled_by: &str) -> pb::CaseFile {
    let step = |seconds, what: &str| pb::CaseStep {
        time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        what: what.to_owned(),
        person: handled_by.to_owned(),
    };
    pb::CaseFile {
        line: Some(line(name, field, closed, handled_by)),
        parties: parties(),
        outcome: if closed.is_some() { "准予行政许可" } else { "" }.to_owned(),
        steps: vec![step(1_759_280_400, "受理申请"), step(1_759_366_800, "现场核查")],
        documents: vec![pb::CaseDocument {
            title: "受理通知书".to_owned(),
            number: "张行审受〔2025〕1号".to_owned(),
            digest: Bytes::copy_from_slice(Sm3Digest::of(name.as_bytes()).as_bytes()),
        }],
        masked: false,
    }
}
