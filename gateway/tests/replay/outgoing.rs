//! The town's own papers, replayed.

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::assert_replay;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::Sm3Digest;

use super::{Row, each, maybe, recorded, summary, us};

/// Checks dispatches, their numbers and their receipts.
pub(super) async fn check(db: &Db) {
    assert_replay(
        db,
        "select dispatch, message_id, sent_us, payload, payload_digest, summary, particulars from dispatches order by dispatch",
        dispatches,
    )
    .await;
    assert_replay(db, "select dispatch, place, digest from dispatch_attachments order by dispatch, place", attachments)
        .await;
    assert_replay(
        db,
        "select department, number, dispatch, previous_digest, copy, state, version, recorded_us from outgoing \
         order by department, number",
        outgoing,
    )
    .await;
    assert_replay(
        db,
        "select department, number, place, type, reason, act_us, receipt_digest from outgoing_receipts \
         order by department, number, place",
        receipts,
    )
    .await;
}

fn dispatches(entries: &[Positioned]) -> Vec<Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (_, event) in each::<pb::DispatchWritten>(entries) {
        let row = vec![
            event.dispatch.clone(),
            event.message_id.clone(),
            us(event.send_time.as_ref()),
            hex::encode(&event.payload),
            hex::encode(Sm3Digest::of(&event.payload).as_bytes()),
            hex::encode(summary(&event.payload).encode_to_vec()),
            hex::encode(pb::DispatchWritten { payload: bytes::Bytes::new(), ..event.clone() }.encode_to_vec()),
        ];
        rows.insert(event.dispatch, row);
    }
    rows.into_values().collect()
}

fn attachments(entries: &[Positioned]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (_, event) in each::<pb::DispatchWritten>(entries) {
        for (place, attachment) in (1..).zip(&event.attachments) {
            rows.push((event.dispatch.clone(), place, hex::encode(&attachment.digest)));
        }
    }
    rows.sort();
    rows.into_iter().map(|(dispatch, place, digest): (_, u32, _)| vec![dispatch, place.to_string(), digest]).collect()
}

const STATE: usize = 5;
const VERSION: usize = 6;
const RECORDED: usize = 7;

/// A department's number of a dispatch.
type Numbers = BTreeMap<(String, String), i64>;

fn outgoing(entries: &[Positioned]) -> Vec<Row> {
    let mut numbers = Numbers::new();
    let mut rows: BTreeMap<(String, i64), Row> = BTreeMap::new();
    for entry in entries {
        let one = std::slice::from_ref(entry);
        for (_, event) in each::<pb::DispatchNumbered>(one) {
            numbers.insert((event.department.clone(), event.dispatch.clone()), event.number);
            let row = vec![
                event.department.clone(),
                event.number.to_string(),
                event.dispatch,
                maybe(&hex::encode(&event.previous_digest)),
                u8::from(event.copy).to_string(),
                "QUEUED".to_owned(),
                "1".to_owned(),
                recorded(entry),
            ];
            rows.insert((event.department, event.number), row);
        }
        for (_, event) in each::<pb::DispatchReceipt>(one) {
            let Some(number) = numbers.get(&(event.department.clone(), event.dispatch)) else { continue };
            let row = rows.get_mut(&(event.department, *number)).expect("a dispatch");
            row[STATE] = event.r#type;
            row[VERSION] = (row[VERSION].parse::<i64>().expect("a number") + 1).to_string();
            row[RECORDED] = recorded(entry);
        }
    }
    rows.into_values().collect()
}

fn receipts(entries: &[Positioned]) -> Vec<Row> {
    let mut numbers = Numbers::new();
    let mut rows: BTreeMap<(String, i64, usize), Row> = BTreeMap::new();
    for entry in entries {
        let one = std::slice::from_ref(entry);
        for (_, event) in each::<pb::DispatchNumbered>(one) {
            numbers.insert((event.department, event.dispatch), event.number);
        }
        for (_, event) in each::<pb::DispatchReceipt>(one) {
            let Some(number) = numbers.get(&(event.department.clone(), event.dispatch)).copied() else { continue };
            let place =
                rows.range((event.department.clone(), number, 0)..(event.department.clone(), number + 1, 0)).count()
                    + 1;
            let row = vec![
                event.department.clone(),
                number.to_string(),
                place.to_string(),
                event.r#type,
                event.reason,
                us(event.time.as_ref()),
                event.receipt_digest,
            ];
            rows.insert((event.department, number, place), row);
        }
    }
    rows.into_values().collect()
}
