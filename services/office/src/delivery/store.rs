//! Deliveries, as rows. A run of deliveries is read and written in a few statements, however long it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use runtime::db::{Columns as _, Connection, Tx};
use runtime::execute::SaveError;
use runtime::journal::Prepared;
use runtime::refusal::Failure;
use sqlx::AssertSqlSafe;
use vocabulary::{MessageId, Sm3Digest, time};

use super::decide::{Event, Settlement};
use super::state::{Delivery, Ending, Head, Lane, ReturnCode, Settled, Way};
use crate::inbox::rules::Rules;
use crate::inbox::state::PaperName;
use crate::inbox::store::save::{self, Arriving};
use crate::inbox::wire::events::arrived;
use crate::rows::{ROWS_MAX, places, values};

/// Loads how far a way is, and what is known of the deliveries that come.
pub(crate) async fn lane(sql: &mut Connection, way: &Way, coming: &[Arc<Delivery>]) -> Result<Lane, Failure> {
    let head = head(sql, way).await?;
    let before = |delivery: &&Arc<Delivery>| head.is_some_and(|head| delivery.number <= head.number);
    let (again, new): (Vec<_>, Vec<_>) = coming.iter().partition(before);
    let settled = settled(sql, way, &again).await?;
    let present = present(sql, way, &new).await?;
    let recalled = recalled(sql, way, &new).await?;
    Ok(Lane { way: way.clone(), head, settled, present, recalled })
}

async fn head(sql: &mut Connection, way: &Way) -> Result<Option<Head>, Failure> {
    let row = sqlx::query(
        "select number, payload_digest from deliveries where recipient = $1 and sender = $2 order by number desc limit 1",
    )
    .bind(way.recipient.code())
    .bind(way.sender.as_str())
    .fetch_optional(sql)
    .await?;
    row.map(|row| Ok(Head { number: row.int(0)?, digest: digest(&row.bytes(1)?)? })).transpose()
}

/// How the deliveries that come again ended.
async fn settled(sql: &mut Connection, way: &Way, again: &[&Arc<Delivery>]) -> Result<BTreeMap<i64, Settled>, Failure> {
    if again.is_empty() {
        return Ok(BTreeMap::new());
    }
    let text = format!(
        "select number, message_id, payload_digest, tombstone, return_code from deliveries \
         where recipient = $1 and sender = $2 and number in ({})",
        places(3, again.len())
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(way.recipient.code()).bind(way.sender.as_str());
    let rows = again.iter().fold(query, |query, delivery| query.bind(delivery.number)).fetch_all(sql).await?;
    let read = rows.iter().map(|row| {
        let message: MessageId = row.parsed(1)?;
        let ending = match (row.flag(3)?, row.maybe_text(4)?) {
            (false, _) => Ending::Accepted(PaperName { inbox: way.recipient, sender: way.sender.clone(), message }),
            (true, None) => Ending::Tombstone,
            (true, Some(code)) => Ending::Returned(
                ReturnCode::parse(&code).ok_or_else(|| Failure::internal(format!("{code} is no return code")))?,
            ),
        };
        Ok((row.int(0)?, Settled { message, digest: digest(&row.bytes(2)?)?, ending }))
    });
    read.collect()
}

/// Of the papers that come, those that the inbox has.
async fn present(sql: &mut Connection, way: &Way, new: &[&Arc<Delivery>]) -> Result<BTreeSet<MessageId>, Failure> {
    if new.is_empty() {
        return Ok(BTreeSet::new());
    }
    let text = format!(
        "select message_id from inbox_papers where inbox = $1 and sender = $2 and message_id in ({})",
        places(3, new.len())
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(way.recipient.code()).bind(way.sender.as_str());
    let rows =
        new.iter().fold(query, |query, delivery| query.bind(delivery.message.to_string())).fetch_all(sql).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// Of the papers that come, those that the county has taken back.
async fn recalled(sql: &mut Connection, way: &Way, new: &[&Arc<Delivery>]) -> Result<BTreeSet<MessageId>, Failure> {
    if new.is_empty() {
        return Ok(BTreeSet::new());
    }
    let text =
        format!("select message_id from paper_recalls where sender = $1 and message_id in ({})", places(2, new.len()));
    let query = sqlx::query(AssertSqlSafe(text)).bind(way.sender.as_str());
    let rows =
        new.iter().fold(query, |query, delivery| query.bind(delivery.message.to_string())).fetch_all(sql).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// Writes what was settled, and the papers that came.
pub(crate) async fn insert(
    tx: &mut Tx,
    events: &[Event],
    entries: &[Prepared],
    rules: &Rules,
) -> Result<(), SaveError> {
    for chunk in events.chunks(ROWS_MAX) {
        insert_deliveries(tx, chunk).await?;
    }
    let papers: Vec<_> = events
        .iter()
        .zip(entries)
        .filter_map(|(event, entry)| match &event.settlement {
            Settlement::Arrived(arrival, due) => Some(Arriving {
                paper: arrived(&event.name, arrival, None, *due),
                recorded_us: time::to_us(entry.recorded()),
            }),
            Settlement::Tombstone | Settlement::Returned(_) => None,
        })
        .collect();
    save::insert(tx, &papers, rules).await
}

async fn insert_deliveries(tx: &mut Tx, events: &[Event]) -> Result<(), SaveError> {
    const COLUMNS: usize = 10;
    let text = format!(
        "insert into deliveries (recipient, sender, number, message_id, previous_digest, payload_digest, tombstone, \
         return_code, payload, arrived_us) values {}",
        values(events.len(), COLUMNS)
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for event in events {
        let (payload, code) = match &event.settlement {
            Settlement::Arrived(arrival, _) => (Some(arrival.payload.to_vec()), None),
            Settlement::Tombstone => (None, None),
            Settlement::Returned(code) => (None, Some(code.as_str())),
        };
        query = query
            .bind(event.name.inbox.code())
            .bind(event.name.sender.as_str())
            .bind(event.number)
            .bind(event.name.message.to_string())
            .bind(event.previous.map(|digest| digest.as_bytes().to_vec()))
            .bind(event.digest.as_bytes().to_vec())
            .bind(i64::from(payload.is_none()))
            .bind(code)
            .bind(payload)
            .bind(time::to_us(event.arrived));
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

fn digest(bytes: &[u8]) -> Result<Sm3Digest, Failure> {
    Sm3Digest::try_from(bytes).map_err(Failure::internal)
}
