//! Deliveries, and the receipts after the first, as rows.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::refusal::Failure;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::{DepartmentCode, Institution, MessageId, Sm3Digest, time};

use super::wire;
use crate::relay::paper::state::PaperName;

/// The order of deliveries from one sender into one inbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Lane {
    /// The sender.
    pub sender: DepartmentCode,
    /// The recipient.
    pub recipient: Institution,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.sender, self.recipient)
    }
}

/// The last number of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number.
    pub number: i64,
    /// The digest of the payload that has it.
    pub digest: Sm3Digest,
}

/// A delivery that begins.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    /// The paper.
    pub name: PaperName,
    /// The recipient.
    pub recipient: Institution,
    /// When the paper was accepted.
    pub accepted_us: i64,
    /// Whether it is a copy for information.
    pub copy: bool,
    /// The digest of the payload.
    pub digest: Sm3Digest,
    /// Its number, and the digest before it; none while it is held.
    pub place: Option<Place>,
    /// When that was recorded.
    pub recorded_us: i64,
}

/// A place in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number, from 1.
    pub number: i64,
    /// The digest of the payload before it; none for the first.
    pub previous: Option<Sm3Digest>,
}

/// A delivery of a paper, as far as OFFICE's decision touches it.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// The recipient.
    pub recipient: Institution,
    /// Whether it is held; else it is queued.
    pub held: bool,
    /// Whether it is a copy for information.
    pub copy: bool,
    /// When it was last recorded.
    pub recorded_us: i64,
}

/// A delivery that waits to be made, with all that the office is told.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    /// The paper.
    pub name: PaperName,
    /// Its place.
    pub place: Place,
    /// Whether it is a copy for information.
    pub copy: bool,
    /// The code with which a tombstone went no further; none for a paper that goes on.
    pub tombstone: Option<String>,
    /// The payload.
    pub payload: Bytes,
    /// The digest of the payload.
    pub digest: Sm3Digest,
    /// The encoded summary.
    pub summary: Vec<u8>,
    /// The encoded particulars.
    pub particulars: Vec<u8>,
}

/// The last place of a lane; none where nothing was numbered yet.
pub(crate) async fn head(tx: &mut Tx, lane: &Lane) -> Result<Option<Head>, Failure> {
    let row = sqlx::query(
        "select number, payload_digest from deliveries where sender = $1 and recipient = $2 and number > 0 \
         order by number desc limit 1",
    )
    .bind(lane.sender.as_str())
    .bind(lane.recipient.code())
    .fetch_optional(tx.sql())
    .await?;
    row.map(|row| Ok(Head { number: row.int(0)?, digest: digest(&row, "payload_digest")? })).transpose()
}

/// Writes a delivery that begins.
pub(crate) async fn insert(tx: &mut Tx, begun: &Begun) -> Result<(), Failure> {
    let previous = begun.place.and_then(|place| place.previous);
    sqlx::query(
        "insert into deliveries (sender, message_id, recipient, accepted_us, copy, state, tombstone, number, payload_digest, \
         previous_digest, recorded_us) values ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10)",
    )
    .bind(begun.name.sender.as_str())
    .bind(begun.name.message.to_string())
    .bind(begun.recipient.code())
    .bind(begun.accepted_us)
    .bind(i64::from(begun.copy))
    .bind(if begun.place.is_some() { "QUEUED" } else { "HELD" })
    .bind(begun.place.map_or(0, |place| place.number))
    .bind(begun.digest.as_bytes().as_slice())
    .bind(previous.map(|digest| digest.as_bytes().to_vec()))
    .bind(begun.recorded_us)
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The deliveries of a paper that have not ended.
pub(crate) async fn open(tx: &mut Tx, name: &PaperName) -> Result<Vec<Open>, Failure> {
    let rows = sqlx::query(
        "select recipient, state, copy, recorded_us from deliveries \
         where sender = $1 and message_id = $2 and state in ('HELD', 'QUEUED') order by recipient",
    )
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .fetch_all(tx.sql())
    .await?;
    let open = |row: &Row| {
        Ok(Open {
            recipient: row.parsed("recipient")?,
            held: row.text("state")? == "HELD",
            copy: row.flag("copy")?,
            recorded_us: row.int("recorded_us")?,
        })
    };
    rows.iter().map(open).collect()
}

/// Lets a held delivery go on, at a place.
pub(crate) async fn release(
    tx: &mut Tx,
    name: &PaperName,
    recipient: Institution,
    place: Place,
    recorded_us: i64,
) -> Result<(), Failure> {
    sqlx::query(
        "update deliveries set state = 'QUEUED', number = $1, previous_digest = $2, recorded_us = $3 \
         where sender = $4 and message_id = $5 and recipient = $6 and state = 'HELD'",
    )
    .bind(place.number)
    .bind(place.previous.map(|digest| digest.as_bytes().to_vec()))
    .bind(recorded_us)
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(recipient.code())
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Ends a held delivery: the paper goes no further, and has no number to keep.
pub(crate) async fn end_held(
    tx: &mut Tx,
    name: &PaperName,
    recipient: Institution,
    code: &str,
    ended_us: i64,
    recorded_us: i64,
) -> Result<(), Failure> {
    sqlx::query(
        "update deliveries set state = 'RETURNED', return_code = $1, ended_us = $2, recorded_us = $3 \
         where sender = $4 and message_id = $5 and recipient = $6 and state = 'HELD'",
    )
    .bind(code)
    .bind(ended_us)
    .bind(recorded_us)
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(recipient.code())
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Makes a tombstone of a queued delivery: its number is delivered without its paper. Tells whether it was still queued.
pub(crate) async fn bury(
    tx: &mut Tx,
    name: &PaperName,
    recipient: Institution,
    code: &str,
    recorded_us: i64,
) -> Result<bool, Failure> {
    let buried = sqlx::query(
        "update deliveries set tombstone = 1, return_code = $1, recorded_us = $2 \
         where sender = $3 and message_id = $4 and recipient = $5 and state = 'QUEUED'",
    )
    .bind(code)
    .bind(recorded_us)
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(recipient.code())
    .execute(tx.sql())
    .await?;
    Ok(buried.rows_affected() > 0)
}

/// The lanes in which something is queued. Each step looks up the next sender, and then the next recipient, so that a month of
/// papers costs no more than one.
pub(crate) async fn lanes(sql: &mut Connection) -> Result<Vec<Lane>, Failure> {
    let query = sqlx::query(
        "with recursive senders (sender) as ( \
           select min(sender) from deliveries where state = 'QUEUED' \
           union all \
           select (select min(d.sender) from deliveries d where d.state = 'QUEUED' and d.sender > s.sender) \
           from senders s where s.sender is not null), \
         lanes (sender, recipient) as ( \
           select s.sender, (select min(d.recipient) from deliveries d where d.state = 'QUEUED' and d.sender = s.sender) \
           from senders s where s.sender is not null \
           union all \
           select l.sender, (select min(d.recipient) from deliveries d \
                             where d.state = 'QUEUED' and d.sender = l.sender and d.recipient > l.recipient) \
           from lanes l where l.recipient is not null) \
         select sender, recipient from lanes where recipient is not null",
    );
    let rows = query.fetch_all(sql).await?;
    rows.iter().map(|row| Ok(Lane { sender: row.parsed(0)?, recipient: row.parsed(1)? })).collect()
}

/// The first delivery of a lane that waits to be made.
#[derive(Clone, Debug)]
pub(crate) struct Oldest {
    /// The paper.
    pub name: PaperName,
    /// Its number.
    pub number: i64,
    /// Since when it waits.
    pub since_us: i64,
}

/// The first delivery of a lane that waits to be made, if any.
pub(crate) async fn oldest(sql: &mut Connection, lane: &Lane) -> Result<Option<Oldest>, Failure> {
    let row = sqlx::query(
        "select message_id, number, recorded_us from deliveries \
         where sender = $1 and recipient = $2 and state = 'QUEUED' order by number limit 1",
    )
    .bind(lane.sender.as_str())
    .bind(lane.recipient.code())
    .fetch_optional(sql)
    .await?;
    let oldest = |row: Row| {
        let name = PaperName { sender: lane.sender.clone(), message: row.parsed(0)? };
        Ok(Oldest { name, number: row.int(1)?, since_us: row.int(2)? })
    };
    row.map(oldest).transpose()
}

/// The next deliveries of a lane, in order. A recall counts from its commit, whether its tombstones are made yet or not.
pub(crate) async fn queued(sql: &mut Connection, lane: &Lane, limit: i64) -> Result<Vec<Queued>, Failure> {
    let rows = sqlx::query(
        "select d.message_id, d.number, d.previous_digest, d.copy, \
         case when d.tombstone = 1 or r.notice is not null then 1 else 0 end as tombstone, \
         case when d.tombstone = 0 and r.notice is not null then 'RE-RECALL' else d.return_code end as return_code, \
         p.payload, p.payload_digest, p.summary, p.particulars from deliveries d \
         join papers p on p.sender = d.sender and p.message_id = d.message_id \
         left join notices r on r.sender = d.sender and r.message_id = d.message_id and r.kind = 'RECALL' \
         where d.sender = $1 and d.recipient = $2 and d.state = 'QUEUED' order by d.number limit $3",
    )
    .bind(lane.sender.as_str())
    .bind(lane.recipient.code())
    .bind(limit)
    .fetch_all(sql)
    .await?;
    rows.iter().map(|row| queued_row(row, lane)).collect()
}

fn queued_row(row: &Row, lane: &Lane) -> Result<Queued, Failure> {
    let previous = row.maybe_bytes("previous_digest")?;
    let previous = previous.map(|bytes| Sm3Digest::try_from(&*bytes)).transpose().map_err(Failure::internal)?;
    let code = row.maybe_text("return_code")?;
    Ok(Queued {
        name: PaperName { sender: lane.sender.clone(), message: row.parsed("message_id")? },
        place: Place { number: row.int("number")?, previous },
        copy: row.flag("copy")?,
        tombstone: row.flag("tombstone")?.then(|| code.unwrap_or_default()),
        payload: row.bytes("payload")?.into(),
        digest: digest(row, "payload_digest")?,
        summary: row.bytes("summary")?,
        particulars: row.bytes("particulars")?,
    })
}

/// How a run of deliveries of one lane ended, all alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The first number.
    pub first: i64,
    /// The last number.
    pub last: i64,
    /// The code with which they were returned; none: delivered.
    pub code: Option<String>,
}

/// Ends a run of queued deliveries, each recorded at `now_us` or right after it was recorded last: a tombstone may have been made of
/// it since it was read. Gives the number of each with its recorded time, in order: fewer than asked for where another dispatcher was
/// faster.
pub(crate) async fn end(tx: &mut Tx, lane: &Lane, ended: &Ended, now_us: i64) -> Result<Vec<(i64, i64)>, Failure> {
    let rows = sqlx::query(
        "update deliveries set state = $1, return_code = $2, ended_us = $3, \
         recorded_us = case when recorded_us >= $3 then recorded_us + 1 else $3 end \
         where sender = $4 and recipient = $5 and number between $6 and $7 and state = 'QUEUED' \
         returning number, recorded_us",
    )
    .bind(if ended.code.is_some() { "RETURNED" } else { "DELIVERED" })
    .bind(ended.code.as_deref())
    .bind(now_us)
    .bind(lane.sender.as_str())
    .bind(lane.recipient.code())
    .bind(ended.first)
    .bind(ended.last)
    .fetch_all(tx.sql())
    .await?;
    let mut done = rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect::<Result<Vec<_>, Failure>>()?;
    done.sort_unstable();
    Ok(done)
}

/// A receipt after the first.
#[derive(Clone, Debug)]
pub(crate) struct Later {
    /// The paper.
    pub name: PaperName,
    /// When the paper was accepted.
    pub accepted_us: i64,
    /// What the journal says of it.
    pub issued: pb::ReceiptIssued,
    /// When the act was done.
    pub act_us: i64,
    /// The signed receipt.
    pub receipt: pb::Receipt,
}

/// Writes a receipt after the first.
pub(crate) async fn insert_receipt(tx: &mut Tx, later: &Later) -> Result<(), Failure> {
    let Later { name, issued, .. } = later;
    sqlx::query(
        "insert into receipts (sender, message_id, place, office_entry, accepted_us, type, institution, person, reason, result, \
         on_time, act_us, receipt) values ($1, $2, (select count(*) + 1 from receipts where sender = $1 and message_id = $2), \
         $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(name.sender.as_str())
    .bind(name.message.to_string())
    .bind(&*issued.office_entry)
    .bind(later.accepted_us)
    .bind(wire::receipt_word(issued.r#type()))
    .bind(&*issued.institution)
    .bind(&*issued.person)
    .bind(&*issued.reason)
    .bind(&*issued.result)
    .bind(i64::from(issued.on_time))
    .bind(later.act_us)
    .bind(later.receipt.encode_to_vec())
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// What became of papers: their deliveries, and their receipts after the first, oldest first.
pub(crate) type Sent = HashMap<MessageId, (Vec<pb::Delivery>, Vec<pb::Receipt>)>;

/// What became of a sender's papers that were accepted within a span of time.
pub(crate) async fn sent(
    sql: &mut Connection,
    sender: &DepartmentCode,
    from_us: i64,
    to_us: i64,
) -> Result<Sent, Failure> {
    let mut sent = Sent::new();
    let rows = sqlx::query(
        "select message_id, recipient, number, state, ended_us, return_code from deliveries \
         where sender = $1 and accepted_us between $2 and $3",
    );
    for row in rows.bind(sender.as_str()).bind(from_us).bind(to_us).fetch_all(&mut *sql).await? {
        sent.entry(row.parsed("message_id")?).or_default().0.push(delivery(&row)?);
    }
    let rows = sqlx::query(
        "select message_id, receipt from receipts where sender = $1 and accepted_us between $2 and $3 \
         order by place",
    );
    for row in rows.bind(sender.as_str()).bind(from_us).bind(to_us).fetch_all(sql).await? {
        let receipt = pb::Receipt::decode(&*row.bytes("receipt")?).map_err(Failure::internal)?;
        sent.entry(row.parsed("message_id")?).or_default().1.push(receipt);
    }
    Ok(sent)
}

fn delivery(row: &Row) -> Result<pb::Delivery, Failure> {
    let ended = row.maybe_int("ended_us")?.map(time::from_us).transpose().map_err(Failure::internal)?;
    wire::delivery(
        row.text("recipient")?,
        row.int("number")?,
        &row.text("state")?,
        ended,
        row.maybe_text("return_code")?.unwrap_or_default(),
    )
}

fn digest(row: &Row, column: &str) -> Result<Sm3Digest, Failure> {
    Sm3Digest::try_from(&*row.bytes(column)?).map_err(Failure::internal)
}
