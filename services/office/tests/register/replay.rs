//! Replaying the journal gives the rows of the register, column by column.

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::{assert_replay, check_journal};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;

/// Checks the journal, and every table of the register.
pub(crate) async fn check(db: &Db) {
    check_journal(db).await;
    assert_replay(db, "select revision, recorded_us, last_grant, last_basis from register_head", head).await;
    assert_replay(db, "select code, revision, recorded_us, power from powers order by code, revision", powers).await;
    assert_replay(
        db,
        "select serial, revision, recorded_us, change, body from grants order by serial, revision",
        grants,
    )
    .await;
    assert_replay(
        db,
        "select serial, revision, recorded_us, basis from provincial_bases order by serial, revision",
        bases,
    )
    .await;
    assert_replay(
        db,
        "select id, number, state, revision, registered_us, document, annex, version, recorded_us from documents order by id",
        documents,
    )
    .await;
    assert_replay(
        db,
        "select id, type, file_digest, import, csv, valid_from, drafted_us, version, recorded_us from imports order by id",
        imports,
    )
    .await;
    assert_replay(
        db,
        "select serial, due, next_us, raised_us, version, recorded_us from evaluations order by serial",
        evaluations,
    )
    .await;
}

type Rows = Vec<Vec<String>>;

/// A row of what is due: made of the versions of a grant, and of what was told to be overdue.
#[derive(Clone)]
struct Due {
    day: Option<Date>,
    next: Option<i64>,
    raised: Option<i64>,
    version: i64,
    recorded: String,
}

fn evaluations(entries: &[Positioned]) -> Rows {
    let mut rows: BTreeMap<i64, Due> = BTreeMap::new();
    for entry in entries {
        if let Some(event) = event::<pb::GrantRecorded>(entry) {
            let grant = event.grant.unwrap_or_default();
            if let Some(corrected) = rows.get_mut(&if grant.corrects.is_empty() { 0 } else { serial(&grant.corrects) })
            {
                (corrected.day, corrected.next, corrected.raised) = (None, None, None);
            }
            let Some(due) = grant.next_evaluation else { continue };
            let ended = grant.to.is_some_and(|to| (to.year, to.month, to.day) <= (due.year, due.month, due.day));
            let day = (!ended).then_some(due);
            let fresh = Due { day: None, next: None, raised: None, version: 0, recorded: "0".to_owned() };
            let row = rows.entry(serial(&grant.name)).or_insert(fresh);
            if row.day != day || day.is_none() {
                (row.raised, row.next) = (None, day.map(after));
            }
            row.day = day;
        } else if let Some(event) = event::<pb::EvaluationOverdue>(entry) {
            let row = rows.get_mut(&serial(&event.grant)).expect("it was granted");
            assert_eq!(row.day, event.due_date);
            (row.next, row.raised) = (None, us(event.time).parse().ok());
            row.version += 1;
            row.recorded = recorded(entry);
        }
    }
    let number = |number: Option<i64>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
    let row = |(serial, due): (i64, Due)| {
        let day = due.day.map(|day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day));
        vec![
            serial.to_string(),
            day.unwrap_or_else(|| "null".to_owned()),
            number(due.next),
            number(due.raised),
            due.version.to_string(),
            due.recorded,
        ]
    };
    rows.into_iter().map(row).collect()
}

/// The end of a day in the town, in microseconds.
fn after(day: Date) -> i64 {
    let last = format!("{:04}-{:02}-{:02}T23:59:59+08:00", day.year, day.month, day.day);
    let last: vocabulary::Timestamp = last.parse().expect("an instant");
    last.as_microsecond() + 1_000_000
}

fn powers(entries: &[Positioned]) -> Rows {
    let mut rows = BTreeMap::new();
    for (entry, event) in all::<pb::PowerListed>(entries) {
        let power = event.power.unwrap_or_default();
        let code = power.name.trim_start_matches("powers/").to_owned();
        let row = vec![code.clone(), event.revision.to_string(), recorded(entry), hex(&power.encode_to_vec())];
        rows.insert((code, event.revision), row);
    }
    rows.into_values().collect()
}

fn grants(entries: &[Positioned]) -> Rows {
    let mut rows = BTreeMap::new();
    for (entry, event) in all::<pb::GrantRecorded>(entries) {
        let change = event.change.to_string();
        let grant = event.grant.unwrap_or_default();
        let (serial, revision) = (serial(&grant.name), grant.revision);
        let body = pb::Grant { revision: 0, ..grant }.encode_to_vec();
        rows.insert(
            (serial, revision),
            vec![serial.to_string(), revision.to_string(), recorded(entry), change, hex(&body)],
        );
    }
    rows.into_values().collect()
}

fn bases(entries: &[Positioned]) -> Rows {
    let mut rows = BTreeMap::new();
    for (entry, event) in all::<pb::BasisRegistered>(entries) {
        let basis = event.basis.unwrap_or_default();
        let (serial, revision) = (serial(&basis.id), basis.revision);
        let body = pb::ProvincialBasis { revision: 0, ..basis }.encode_to_vec();
        rows.insert((serial, revision), vec![serial.to_string(), revision.to_string(), recorded(entry), hex(&body)]);
    }
    rows.into_values().collect()
}

/// The head row: the last write, and the serials given last.
fn head(entries: &[Positioned]) -> Rows {
    let (mut revision, mut recorded_us, mut last_grant, mut last_basis) = (0, "0".to_owned(), 0, 0);
    for entry in entries {
        let of_write = if let Some(event) = event::<pb::PowerListed>(entry) {
            event.revision
        } else if let Some(event) = event::<pb::GrantRecorded>(entry) {
            let grant = event.grant.unwrap_or_default();
            last_grant = last_grant.max(serial(&grant.name));
            grant.revision
        } else if let Some(event) = event::<pb::BasisRegistered>(entry) {
            let basis = event.basis.unwrap_or_default();
            last_basis = last_basis.max(serial(&basis.id));
            basis.revision
        } else if let Some(event) = event::<pb::DocumentConfirmed>(entry) {
            event.revision
        } else if let Some(event) = event::<pb::DocumentPublished>(entry) {
            event.revision
        } else {
            continue;
        };
        assert!(of_write == revision || of_write == revision + 1, "revisions follow each other");
        revision = of_write;
        recorded_us = recorded(entry);
    }
    vec![vec![revision.to_string(), recorded_us, last_grant.to_string(), last_basis.to_string()]]
}

struct Kept {
    document: pb::Document,
    annex: Vec<u8>,
    revision: i64,
    registered_us: String,
    version: i64,
    recorded_us: String,
}

fn documents(entries: &[Positioned]) -> Rows {
    let mut kept: BTreeMap<String, Kept> = BTreeMap::new();
    for entry in entries {
        if let Some(event) = event::<pb::DocumentRegistered>(entry) {
            let document = event.document.unwrap_or_default();
            let (name, at) = (document.name.clone(), recorded(entry));
            let row = Kept {
                document,
                annex: event.annex.into(),
                revision: 0,
                registered_us: at.clone(),
                version: 1,
                recorded_us: at,
            };
            kept.insert(name, row);
            continue;
        }
        let Some(name) = document_of(entry) else { continue };
        let row = kept.get_mut(&name).expect("it was registered");
        if let Some(event) = event::<pb::DocumentConfirmed>(entry) {
            row.revision = event.revision;
            row.document.set_state(pb::DocumentState::Confirmed);
            (row.document.confirmer, row.document.confirm_time) = (event.confirmer, event.time);
            row.document.applied = event.applied;
        } else if let Some(event) = event::<pb::DocumentRefused>(entry) {
            row.document.set_state(pb::DocumentState::Refused);
            (row.document.confirmer, row.document.confirm_time) = (event.confirmer, event.time);
            row.document.faults = event.faults;
        } else if let Some(event) = event::<pb::DocumentPublished>(entry) {
            row.revision = event.revision;
            (row.document.publish_date, row.document.publish_place) = (event.publish_date, event.publish_place);
        }
        row.version += 1;
        row.recorded_us = recorded(entry);
    }
    let row = |(name, row): (String, Kept)| {
        let state = row.document.state().as_str_name().trim_start_matches("DOCUMENT_STATE_").to_owned();
        vec![
            name.trim_start_matches("documents/").to_owned(),
            row.document.document_number.clone(),
            state,
            row.revision.to_string(),
            row.registered_us,
            hex(&row.document.encode_to_vec()),
            maybe(!row.annex.is_empty(), hex(&row.annex)),
            row.version.to_string(),
            row.recorded_us,
        ]
    };
    kept.into_iter().map(row).collect()
}

/// The document that became something else by an entry.
fn document_of(entry: &Positioned) -> Option<String> {
    let confirmed = event::<pb::DocumentConfirmed>(entry).map(|event| event.document);
    let refused = || event::<pb::DocumentRefused>(entry).map(|event| event.document);
    let published = || event::<pb::DocumentPublished>(entry).map(|event| event.document);
    confirmed.or_else(refused).or_else(published)
}

fn imports(entries: &[Positioned]) -> Rows {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in entries {
        if let Some(event) = event::<pb::ImportDrafted>(entry) {
            let import = event.import.unwrap_or_default();
            let kind = match (import.r#type(), import.correction_reason.is_empty()) {
                (pb::ImportType::Powers, _) => "POWERS",
                (_, true) => "GRANTS",
                (_, false) => "CORRECTIONS",
            };
            let day =
                |day: townlink_proto::google::r#type::Date| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day);
            let row = vec![
                import.name.trim_start_matches("imports/").to_owned(),
                kind.to_owned(),
                hex(&import.file_digest),
                hex(&import.encode_to_vec()),
                maybe(!event.csv.is_empty(), hex(&event.csv)),
                event.valid_from.map_or_else(|| "null".to_owned(), day),
                us(import.draft_time),
                "1".to_owned(),
                recorded(entry),
            ];
            rows.insert(row[0].clone(), row);
        } else if let Some(event) = event::<pb::ImportConfirmed>(entry) {
            let import = event.import.unwrap_or_default();
            let row = rows.get_mut(import.name.trim_start_matches("imports/")).expect("it was drafted");
            row[3] = hex(&import.encode_to_vec());
            row[7] = "2".to_owned();
            row[8] = recorded(entry);
        }
    }
    rows.into_values().collect()
}

fn all<M: prost::Message + prost::Name + Default>(entries: &[Positioned]) -> impl Iterator<Item = (&Positioned, M)> {
    entries.iter().filter_map(|entry| event(entry).map(|event| (entry, event)))
}

fn event<M: prost::Message + prost::Name + Default>(entry: &Positioned) -> Option<M> {
    entry.event().expect("the bytes are such an event")
}

fn serial(name: &str) -> i64 {
    name.rsplit('-').next().and_then(|serial| serial.parse().ok()).expect("a serial")
}

fn recorded(entry: &Positioned) -> String {
    us(entry.entry.recorded_time)
}

fn us(at: Option<prost_types::Timestamp>) -> String {
    at.map_or_else(|| "null".to_owned(), |at| (at.seconds * 1_000_000 + i64::from(at.nanos / 1_000)).to_string())
}

fn maybe(there: bool, text: String) -> String {
    if there { text } else { "null".to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
