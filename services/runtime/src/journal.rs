//! The append-only record of a service: the audit trail, the outbox, the change feed and the leaves of the Merkle log, in one.
//!
//! Entries are written in the transaction of the change they tell of. Positions are dense and follow commit order; readers tail
//! and resume by position, never by time. There is no second mechanism for any of the four.
//!
//! - [`author`]: who an entry names.
//! - [`entry`]: what happened, and the entry that is made of it.
//! - [`LogReader`]: checkpoints, tiles and proofs.
//! - `refusals`: what was refused, for those who supervise.
//! - [`service`]: the journal and its log as a contract.

pub mod author;
pub mod entry;
mod log_reader;
mod refusals;
pub mod service;
mod statement;

use sqlx::Row as _;
use townlink_proto::townlink::journal::v1 as pb;

use crate::db::{Columns as _, Connection, Row};
use crate::refusal::Failure;

pub use author::Author;
pub use entry::{Event, Prepared, Record, prepare};
pub use log_reader::LogReader;
pub(crate) use log_reader::{load_tile, published_size};
pub use service::{Grants, Journal};
pub(crate) use statement::{AnswerRow, Stored, write, write_with_answer};

/// An entry at its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Positioned {
    /// The position, from 1.
    pub position: i64,
    /// The entry. It has no payload where that was erased past its retention.
    pub entry: pb::Entry,
}

impl Positioned {
    /// The event, where the entry is of that kind and was not erased.
    ///
    /// # Errors
    /// [`Failure::Internal`] where the bytes are not such an event.
    pub fn event<M: prost::Message + prost::Name + Default>(&self) -> Result<Option<M>, Failure> {
        match &self.entry.payload {
            Some(payload) if self.entry.kind == M::full_name() => {
                M::decode(payload.event.clone()).map(Some).map_err(Failure::internal)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// The name of what the entry is about; empty where it was erased.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.entry.payload.as_ref().map_or("", |payload| &payload.subject)
    }
}

/// Reads entries in order, from the one after `position` on.
///
/// # Errors
/// [`Failure`] where the database is away or a row is damaged.
pub async fn entries_after(sql: &mut Connection, position: i64, limit: u32) -> Result<Vec<Positioned>, Failure> {
    let rows = sqlx::query(
        "select p.position, j.id, j.kind, j.institution, j.act_us, j.recorded_us, j.payload \
         from journal_positions p join journal j on j.id = p.entry_id \
         where p.position > $1 order by p.position limit $2",
    )
    .bind(position)
    .bind(i64::from(limit))
    .fetch_all(sql)
    .await?;
    rows.iter().map(positioned).collect()
}

fn positioned(row: &Row) -> Result<Positioned, Failure> {
    let payload = row
        .try_get::<Option<&[u8]>, _>(6)?
        .map(<pb::Payload as prost::Message>::decode)
        .transpose()
        .map_err(Failure::internal)?;
    Ok(Positioned {
        position: row.int(0)?,
        entry: pb::Entry {
            id: row.text(1)?,
            kind: row.text(2)?,
            institution: row.text(3)?,
            act_time: Some(entry::to_proto(row.instant(4)?)),
            recorded_time: Some(entry::to_proto(row.instant(5)?)),
            payload,
        },
    })
}

/// The last position of the journal; 0 where it is empty.
///
/// # Errors
/// [`Failure`] where the database is away.
pub async fn last_position(sql: &mut Connection) -> Result<i64, Failure> {
    let row = sqlx::query("select coalesce(max(position), 0) from journal_positions").fetch_one(sql).await?;
    row.int(0)
}
