//! Replaying the journal gives the rows, column by column. Answers and signed receipts apart, which no entry can hold.

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::signing::PublicKey;
use runtime::testing::{assert_replay, check_journal, rows};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::{Sm3Digest, Timestamp, time};

#[path = "replay/following.rs"]
mod following;
#[path = "replay/outgoing.rs"]
mod outgoing;

/// A row, each column as text.
type Row = Vec<String>;

/// Checks the journal, and every table that it explains.
pub(crate) async fn check(db: &Db) {
    check_journal(db).await;
    assert_replay(
        db,
        "select id, owner, public_key, valid_from, valid_to, software, document_number, registrar, state, confirmer, \
         revoke_registrar, revoke_reason, revoke_document_number, revoke_us, revoker, version, recorded_us from keys order by id",
        keys,
    )
    .await;
    assert_replay(
        db,
        "select key_id, place, issuer, from_day, to_day from key_issuers order by key_id, place",
        issuers,
    )
    .await;
    assert_replay(db, "select revision from key_registry", revision).await;
    assert_replay(
        db,
        "select sender, message_id, accepted_us, payload, payload_digest, summary, particulars from papers \
         order by sender, message_id",
        papers,
    )
    .await;
    assert_replay(
        db,
        "select sender, message_id, place, digest from paper_attachments order by sender, message_id, place",
        attachments,
    )
    .await;
    let cursor = rows(db, "select position from subscriptions where name = 'gateway.numbering'").await;
    let cursor = cursor.first().map_or(0, |row| row[0].parse::<i64>().expect("a position"));
    assert_replay(
        db,
        "select sender, message_id, recipient, accepted_us, copy, state, tombstone, number, payload_digest, \
         previous_digest, ended_us, return_code, recorded_us from deliveries order by sender, message_id, recipient",
        |entries| deliveries(entries, cursor),
    )
    .await;
    assert_replay(
        db,
        "select sender, message_id, place, office_entry, accepted_us, type, institution, person, reason, result, on_time, act_us \
         from receipts order by sender, message_id, place",
        receipts,
    )
    .await;
    following::check(db).await;
    outgoing::check(db).await;
}

fn each<M: prost::Message + prost::Name + Default>(entries: &[Positioned]) -> impl Iterator<Item = (&Positioned, M)> {
    entries.iter().filter_map(|entry| entry.event::<M>().expect("an event").map(|event| (entry, event)))
}

fn null() -> String {
    "null".to_owned()
}

fn maybe(text: &str) -> String {
    if text.is_empty() { null() } else { text.to_owned() }
}

fn us(at: Option<&prost_types::Timestamp>) -> String {
    let at = at.expect("an instant");
    time::to_us(Timestamp::new(at.seconds, at.nanos).expect("an instant")).to_string()
}

fn recorded(entry: &Positioned) -> String {
    us(entry.entry.recorded_time.as_ref())
}

fn day(day: Option<&Date>) -> String {
    day.map_or_else(null, |day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day))
}

fn id(name: &str) -> String {
    name.trim_start_matches("keys/").to_owned()
}

/// Sender and message id of a paper.
fn paper(name: &str) -> [String; 2] {
    let (sender, message) = name.strip_prefix("senders/").and_then(|rest| rest.split_once("/papers/")).expect("a name");
    [sender.to_owned(), message.to_owned()]
}

/// The columns of a key by their place in the query.
mod column {
    pub(super) const STATE: usize = 8;
    pub(super) const CONFIRMER: usize = 9;
    pub(super) const REVOKE_REGISTRAR: usize = 10;
    pub(super) const REVOKE_REASON: usize = 11;
    pub(super) const REVOKE_DOCUMENT: usize = 12;
    pub(super) const REVOKE_TIME: usize = 13;
    pub(super) const REVOKER: usize = 14;
    pub(super) const VERSION: usize = 15;
    pub(super) const RECORDED: usize = 16;
}

fn keys(entries: &[Positioned]) -> Vec<Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for entry in entries {
        let one = std::slice::from_ref(entry);
        for (_, event) in each::<pb::KeyRegistered>(one) {
            let key = event.key.expect("a key");
            let public = PublicKey::from_pem(&key.public_key_pem).expect("a key");
            let row = [
                id(&key.name),
                key.owner,
                hex::encode(public.to_spki_der()),
                day(key.valid_from.as_ref()),
                day(key.valid_to.as_ref()),
                u8::from(key.software).to_string(),
                key.document_number,
                event.registrar,
                "PENDING".to_owned(),
            ];
            let empty = std::iter::repeat_n(null(), 6);
            let row = row.into_iter().chain(empty).chain(["1".to_owned(), recorded(entry)]);
            rows.insert(id(&key.name), row.collect());
        }
        for (_, event) in each::<pb::KeyConfirmed>(one) {
            let row = changed(&mut rows, entry, &event.name, "ACTIVE");
            row[column::CONFIRMER] = event.confirmer;
        }
        for (_, event) in each::<pb::KeyRevocationAsked>(one) {
            let row = changed(&mut rows, entry, &event.name, "REVOCATION_PENDING");
            row[column::REVOKE_REGISTRAR] = event.registrar;
            row[column::REVOKE_REASON] = event.reason;
            row[column::REVOKE_DOCUMENT] = event.document_number;
            row[column::REVOKE_TIME] = us(event.time.as_ref());
        }
        for (_, event) in each::<pb::KeyRevoked>(one) {
            let row = changed(&mut rows, entry, &event.name, "REVOKED");
            row[column::REVOKER] = event.confirmer;
        }
    }
    rows.into_values().collect()
}

fn changed<'a>(rows: &'a mut BTreeMap<String, Row>, entry: &Positioned, name: &str, state: &str) -> &'a mut Row {
    let row = rows.get_mut(&id(name)).expect("a registered key");
    row[column::STATE] = state.to_owned();
    row[column::VERSION] = (row[column::VERSION].parse::<i64>().expect("a number") + 1).to_string();
    row[column::RECORDED] = recorded(entry);
    row
}

fn issuers(entries: &[Positioned]) -> Vec<Row> {
    let mut rows: BTreeMap<(String, usize), Row> = BTreeMap::new();
    for (_, event) in each::<pb::KeyRegistered>(entries) {
        let key = event.key.expect("a key");
        for (place, issuer) in (1..).zip(&key.issuers) {
            let row = vec![
                id(&key.name),
                place.to_string(),
                issuer.issuer.clone(),
                day(issuer.from.as_ref()),
                day(issuer.to.as_ref()),
            ];
            rows.insert((id(&key.name), place), row);
        }
    }
    rows.into_values().collect()
}

fn revision(entries: &[Positioned]) -> Vec<Row> {
    let changes = each::<pb::KeyRegistered>(entries).count()
        + each::<pb::KeyConfirmed>(entries).count()
        + each::<pb::KeyRevocationAsked>(entries).count()
        + each::<pb::KeyRevoked>(entries).count();
    vec![vec![changes.to_string()]]
}

fn papers(entries: &[Positioned]) -> Vec<Row> {
    let mut rows: BTreeMap<[String; 2], Row> = BTreeMap::new();
    for (_, event) in each::<pb::PaperAccepted>(entries) {
        let [sender, message] = paper(&event.paper);
        let summary = summary(&event.payload);
        let row = vec![
            sender.clone(),
            message.clone(),
            us(event.accept_time.as_ref()),
            hex::encode(&event.payload),
            hex::encode(Sm3Digest::of(&event.payload).as_bytes()),
            hex::encode(summary.encode_to_vec()),
            hex::encode(pb::PaperAccepted { payload: bytes::Bytes::new(), ..event }.encode_to_vec()),
        ];
        rows.insert([sender, message], row);
    }
    rows.into_values().collect()
}

/// The metadata of a paper, read with a reader that is not the gateway's.
fn summary(payload: &[u8]) -> values::PaperSummary {
    let read: serde_json::Value = serde_json::from_slice(payload).expect("JSON");
    let text = |key: &str| read[key].as_str().unwrap_or_default().to_owned();
    let texts = |key: &str| {
        let list = read[key].as_array().expect("a list");
        list.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    values::PaperSummary {
        doc_type: text("docType"),
        document_number: text("docNo"),
        title: text("title"),
        issuer: text("issuer"),
        urgency: text("urgency"),
        main_to: texts("mainTo"),
        copy_to: texts("copyTo"),
        issue_date: text("issueDate"),
        due: text("due"),
        action_class: text("actionClass"),
        directive_type: read["directive"]["type"].as_str().unwrap_or_default().to_owned(),
        ref_document_number: text("refDocNo"),
    }
}

fn attachments(entries: &[Positioned]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (_, event) in each::<pb::PaperAccepted>(entries) {
        let [sender, message] = paper(&event.paper);
        for (place, attachment) in (1..).zip(&event.attachments) {
            rows.push(vec![sender.clone(), message.clone(), place.to_string(), hex::encode(&attachment.digest)]);
        }
    }
    rows.sort();
    rows
}

/// The columns of a delivery by their place in the query.
mod delivery {
    pub(super) const STATE: usize = 5;
    pub(super) const TOMBSTONE: usize = 6;
    pub(super) const NUMBER: usize = 7;
    pub(super) const PREVIOUS: usize = 9;
    pub(super) const ENDED: usize = 10;
    pub(super) const CODE: usize = 11;
    pub(super) const RECORDED: usize = 12;
}

type Deliveries = BTreeMap<[String; 3], Row>;

/// Deliveries follow the journal: an entry beyond the cursor of the numbering has no rows yet.
fn deliveries(entries: &[Positioned], cursor: i64) -> Vec<Row> {
    let mut rows = Deliveries::new();
    let key = |name: &str, recipient: &str| {
        let [sender, message] = paper(name);
        [sender, message, recipient.to_owned()]
    };
    for entry in entries {
        let one = std::slice::from_ref(entry);
        let followed = if entry.position <= cursor { one } else { &[] };
        for (_, event) in each::<pb::PaperAccepted>(followed) {
            begin(&mut rows, entry, &event);
        }
        for (_, event) in each::<pb::DeliveryNumbered>(one) {
            let row = rows.get_mut(&key(&event.paper, &event.recipient)).expect("a delivery");
            row[delivery::STATE] = "QUEUED".to_owned();
            row[delivery::NUMBER] = event.number.to_string();
            row[delivery::PREVIOUS] = maybe(&hex::encode(&event.previous_digest));
            row[delivery::RECORDED] = recorded(entry);
        }
        for (_, event) in each::<pb::DeliveryBuried>(one) {
            let row = rows.get_mut(&key(&event.paper, &event.recipient)).expect("a delivery");
            row[delivery::TOMBSTONE] = "1".to_owned();
            row[delivery::CODE] = event.code;
            row[delivery::RECORDED] = recorded(entry);
        }
        for (_, event) in each::<pb::DeliveryEnded>(one) {
            let row = rows.get_mut(&key(&event.paper, &event.recipient)).expect("a delivery");
            let returned = event.state() == pb::DeliveryState::Returned;
            row[delivery::STATE] = if returned { "RETURNED" } else { "DELIVERED" }.to_owned();
            row[delivery::ENDED] = us(event.end_time.as_ref());
            row[delivery::CODE] = maybe(&event.return_code);
            row[delivery::RECORDED] = recorded(entry);
        }
    }
    rows.into_values().collect()
}

fn begin(rows: &mut Deliveries, entry: &Positioned, event: &pb::PaperAccepted) {
    let [sender, message] = paper(&event.paper);
    for route in &event.routes {
        let row = vec![
            sender.clone(),
            message.clone(),
            route.recipient.clone(),
            us(event.accept_time.as_ref()),
            u8::from(route.copy).to_string(),
            "HELD".to_owned(),
            "0".to_owned(),
            "0".to_owned(),
            hex::encode(Sm3Digest::of(&event.payload).as_bytes()),
            null(),
            null(),
            null(),
            recorded(entry),
        ];
        rows.insert([sender.clone(), message.clone(), route.recipient.clone()], row);
    }
}

fn receipts(entries: &[Positioned]) -> Vec<Row> {
    let accepted: BTreeMap<String, String> =
        each::<pb::PaperAccepted>(entries).map(|(_, it)| (it.paper, us(it.accept_time.as_ref()))).collect();
    let mut rows = Vec::new();
    let mut places: BTreeMap<String, u32> = BTreeMap::new();
    for (_, event) in each::<pb::ReceiptIssued>(entries) {
        let [sender, message] = paper(&event.paper);
        let place = places.entry(event.paper.clone()).or_default();
        *place += 1;
        let kind = event.r#type().as_str_name().trim_start_matches("RECEIPT_TYPE_").to_owned();
        rows.push(vec![
            sender,
            message,
            place.to_string(),
            event.office_entry.clone(),
            accepted[&event.paper].clone(),
            kind,
            event.institution.clone(),
            event.person.clone(),
            event.reason.clone(),
            event.result.clone(),
            u8::from(event.on_time).to_string(),
            us(event.act_time.as_ref()),
        ]);
    }
    rows.sort();
    rows
}
