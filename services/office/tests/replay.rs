//! Replaying the journal gives the rows of the inbox and of the roster, column by column.

// The whole-system tests read this file too, from a folder of their own.
#[path = "replay/sideways.rs"]
mod sideways;
#[path = "replay/work.rs"]
mod work;

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::{assert_replay, check_journal};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DocumentNumber, Timestamp, document_number, time};

// The whole-system tests take this file in by its path, and this one with it.
#[path = "replay/oversight.rs"]
mod oversight;

/// Checks the journal, and every table that it explains here.
pub(crate) async fn check(db: &Db) {
    oversight::quiet(db).await;
    check_journal(db).await;
    assert_replay(
        db,
        "select recipient, sender, number, message_id, previous_digest, payload_digest, tombstone, return_code, payload, \
         arrived_us from deliveries order by recipient, sender, number",
        deliveries,
    )
    .await;
    assert_replay(
        db,
        "select inbox, sender, message_id, number, copy, accepted_us, arrived_us, issuer, document_key, payload_digest, face, \
         stage, signed_for_by, signed_us, book_year, serial, registered_us, resolutions, document, checked_us, return_code, \
         return_reason, returned_us, version, recorded_us, delivered_to, work, open, runs, due_day, with_leaders, stands \
         from inbox_papers order by inbox, sender, message_id",
        papers,
    )
    .await;
    work::check(db).await;
    assert_replay(db, "select person, version, recorded_us from roster_persons order by person", persons).await;
    assert_replay(
        db,
        "select id, person, post, role, from_day, to_day, document_number, end_document_number from roster_assignments \
         order by id",
        assignments,
    )
    .await;
    sideways::check(db).await;
    oversight::check(db).await;
}

/// Rows in the order of their keys, each column as text.
type Rows = BTreeMap<Vec<String>, Vec<String>>;

fn deliveries(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<(String, String, i64), Vec<String>> = BTreeMap::new();
    for event in all::<pb::PaperArrived>(entries) {
        let paper = event.1.paper.unwrap_or_default();
        let [inbox, sender, message] = key(&paper.name);
        let row = vec![
            inbox.clone(),
            sender.clone(),
            paper.number.to_string(),
            message,
            maybe(!event.1.previous_digest.is_empty(), hex(&event.1.previous_digest)),
            hex(&paper.payload_digest),
            u8::from(event.1.tombstone).to_string(),
            maybe(!paper.return_code.is_empty(), paper.return_code.clone()),
            maybe(!event.1.tombstone, hex(&paper.payload)),
            us(paper.arrive_time.as_ref()),
        ];
        rows.insert((inbox, sender, paper.number), row);
    }
    rows.into_values().collect()
}

/// The columns of a paper by their place in the query.
mod column {
    pub(super) const STAGE: usize = 11;
    pub(super) const SIGNED_FOR_BY: usize = 12;
    pub(super) const SIGNED: usize = 13;
    pub(super) const BOOK_YEAR: usize = 14;
    pub(super) const SERIAL: usize = 15;
    pub(super) const REGISTERED: usize = 16;
    pub(super) const RESOLUTIONS: usize = 17;
    pub(super) const DOCUMENT: usize = 18;
    pub(super) const CHECKED: usize = 19;
    pub(super) const RETURN_CODE: usize = 20;
    pub(super) const RETURN_REASON: usize = 21;
    pub(super) const RETURNED: usize = 22;
    pub(super) const VERSION: usize = 23;
    pub(super) const RECORDED: usize = 24;
    // DELIVERED_TO is 25, and never changes.
    pub(super) const WORK: usize = 26;
    pub(super) const OPEN: usize = 27;
    pub(super) const RUNS: usize = 28;
    pub(super) const DUE_DAY: usize = 29;
    pub(super) const WITH_LEADERS: usize = 30;
    pub(super) const STANDS: usize = 31;
    pub(super) const COUNT: usize = 32;
}

fn papers(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows = Rows::new();
    let mut works = work::Works::default();
    for entry in entries {
        let recorded = us(entry.entry.recorded_time.as_ref());
        if let Some(event) = event::<pb::PaperArrived>(entry).filter(|event| !event.tombstone) {
            let paper = event.paper.clone().unwrap_or_default();
            works.arrive(&paper);
            let inbox = key(&paper.name)[0].clone();
            arrive(&mut rows, event, recorded, inbox);
        } else if let Some(event) = event::<pb::PaperTaken>(entry) {
            let paper = event.paper.unwrap_or_default();
            works.arrive(&paper);
            let arrived = pb::PaperArrived { paper: Some(paper), signatures: event.signatures, ..Default::default() };
            arrive(&mut rows, arrived, recorded, event.delivered_to);
        } else if let Some(event) = event::<pb::PaperSignedFor>(entry) {
            let row = change(&mut rows, &event.inbox_paper, "SIGNED_FOR", recorded);
            row[column::SIGNED_FOR_BY] = event.person;
            row[column::SIGNED] = us(event.time.as_ref());
        } else if let Some(event) = event::<pb::PaperRegistered>(entry) {
            let row = change(&mut rows, &event.inbox_paper, "REGISTERED", recorded);
            row[column::BOOK_YEAR] =
                event.time.as_ref().map(instant).map(time::town_date).expect("a time").year().to_string();
            row[column::SERIAL] = event.serial.to_string();
            row[column::REGISTERED] = us(event.time.as_ref());
            works.of(&event.inbox_paper).supersedes = event.supersedes;
        } else if let Some(event) = event::<pb::PaperChecked>(entry) {
            let row = change(&mut rows, &event.inbox_paper, "CHECKED", recorded);
            row[column::DOCUMENT] = maybe(!event.document.is_empty(), event.document);
            row[column::CHECKED] = us(event.time.as_ref());
            let kept = pb::PaperChecked { resolutions: event.resolutions, ..pb::PaperChecked::default() };
            row[column::RESOLUTIONS] = hex(&kept.encode_to_vec());
        } else if let Some(event) = event::<pb::PaperReturned>(entry) {
            let row = change(&mut rows, &event.inbox_paper, "RETURNED", recorded);
            row[column::RETURN_CODE] = event.code;
            row[column::RETURN_REASON] = event.reason;
            row[column::RETURNED] = us(event.time.as_ref());
        } else if let Some((paper, stage)) = works.apply(entry) {
            let row = rows.get(key(&paper).as_slice()).expect("the paper arrived");
            let stage = stage.map_or_else(|| row[column::STAGE].clone(), str::to_owned);
            let version = row[column::VERSION].clone();
            let row = change(&mut rows, &paper, &stage, recorded);
            // One decision makes one version, however many events it has.
            if !works.first_of(&paper, request(entry)) {
                row[column::VERSION] = version;
            }
        }
    }
    works.finish(&mut rows);
    rows.into_values().collect()
}

fn arrive(rows: &mut Rows, event: pb::PaperArrived, recorded: String, delivered_to: String) {
    let paper = event.paper.unwrap_or_default();
    let summary = paper.summary.clone().unwrap_or_default();
    let face = pb::PaperArrived {
        paper: Some(pb::InboxPaper {
            summary: paper.summary,
            findings: paper.findings,
            attachments: paper.attachments,
            ..pb::InboxPaper::default()
        }),
        signatures: event.signatures,
        ..pb::PaperArrived::default()
    };
    let [inbox, sender, message] = key(&paper.name);
    let number = &summary.document_number;
    let document_key = match DocumentNumber::parse(number) {
        Ok(number) => number.to_string(),
        Err(_) => {
            document_number::repair(number).map_or_else(|| number.clone(), |repaired| repaired.number.to_string())
        }
    };
    let mut row = vec![
        inbox.clone(),
        sender.clone(),
        message.clone(),
        paper.number.to_string(),
        u8::from(paper.copy).to_string(),
        us(paper.accept_time.as_ref()),
        us(paper.arrive_time.as_ref()),
        summary.issuer,
        document_key,
        hex(&paper.payload_digest),
        hex(&face.encode_to_vec()),
        "ARRIVED".to_owned(),
    ];
    row.resize(column::VERSION, "null".to_owned());
    row.extend(["1".to_owned(), recorded, delivered_to]);
    row.resize(column::COUNT, "null".to_owned());
    rows.insert(vec![inbox, sender, message], row);
}

fn change<'r>(rows: &'r mut Rows, name: &str, stage: &str, recorded: String) -> &'r mut Vec<String> {
    let row = rows.get_mut(key(name).as_slice()).expect("the paper arrived");
    stage.clone_into(&mut row[column::STAGE]);
    row[column::VERSION] = next(&row[column::VERSION]);
    row[column::RECORDED] = recorded;
    row
}

fn persons(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut holders: BTreeMap<String, String> = BTreeMap::new();
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in entries {
        let person = if let Some(event) = event::<pb::RoleAssigned>(entry) {
            let assignment = event.assignment.unwrap_or_default();
            holders.insert(assignment.name, assignment.person.clone());
            assignment.person
        } else if let Some(event) = event::<pb::RoleEnded>(entry) {
            holders[&event.name].clone()
        } else {
            continue;
        };
        let row = rows.entry(person.clone()).or_insert_with(|| vec![person, "0".to_owned(), String::new()]);
        row[1] = next(&row[1]);
        row[2] = us(entry.entry.recorded_time.as_ref());
    }
    rows.into_values().collect()
}

fn assignments(entries: &[Positioned]) -> Vec<Vec<String>> {
    let id = |name: &str| name.trim_start_matches("assignments/").to_owned();
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in entries {
        if let Some(event) = event::<pb::RoleAssigned>(entry) {
            let assignment = event.assignment.unwrap_or_default();
            let row = vec![
                id(&assignment.name),
                assignment.person,
                assignment.post,
                assignment.role,
                assignment.from.as_ref().map(day).expect("a first day"),
                assignment.to.as_ref().map_or_else(|| "null".to_owned(), day),
                assignment.document_number,
                "null".to_owned(),
            ];
            rows.insert(row[0].clone(), row);
        } else if let Some(event) = event::<pb::RoleEnded>(entry) {
            let row = rows.get_mut(&id(&event.name)).expect("it was assigned");
            row[5] = event.to.as_ref().map(day).expect("a day");
            row[7] = event.document_number;
        }
    }
    rows.into_values().collect()
}

/// The request that caused an entry; empty for what nobody asked for.
fn request(entry: &Positioned) -> &str {
    entry.entry.payload.as_ref().map_or("", |payload| &payload.request_id)
}

fn all<M: prost::Message + prost::Name + Default>(entries: &[Positioned]) -> impl Iterator<Item = (&Positioned, M)> {
    entries.iter().filter_map(|entry| event(entry).map(|event| (entry, event)))
}

fn event<M: prost::Message + prost::Name + Default>(entry: &Positioned) -> Option<M> {
    entry.event().expect("the bytes are such an event")
}

/// `inboxes/{inbox}/papers/{sender}-{message id}` in its parts.
fn key(name: &str) -> [String; 3] {
    let (inbox, paper) = name.trim_start_matches("inboxes/").split_once("/papers/").expect("a name");
    let (sender, message) = paper.split_at(paper.len() - 36);
    [inbox, sender.trim_end_matches('-'), message].map(str::to_owned)
}

fn instant(at: &prost_types::Timestamp) -> Timestamp {
    Timestamp::new(at.seconds, at.nanos).expect("an instant")
}

fn us(at: Option<&prost_types::Timestamp>) -> String {
    at.map_or_else(|| "null".to_owned(), |at| time::to_us(instant(at)).to_string())
}

fn day(day: &Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

fn next(version: &str) -> String {
    (version.parse::<i64>().expect("a version") + 1).to_string()
}

fn maybe(there: bool, text: String) -> String {
    if there { text } else { "null".to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
