//! What is due, as rows: made of the versions of grants as they are written, so that the timer asks the database.

use std::sync::Arc;

use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure};
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, Timestamp, time};

use super::state::{Due, Overdue, due};
use crate::fields::bad_token;
use crate::register::grant::state::{Grant, GrantId};
use crate::register::{grant, kept};
use crate::rows::values;

/// How many rows one statement writes.
const ROWS_MAX: usize = 100;

/// Writes when the grants of a write are due. What stays due on the same day stays told; a grant that another one corrects is
/// not evaluated any more.
pub(crate) async fn follow(tx: &mut Tx, grants: &[&Grant]) -> Result<(), SaveError> {
    let timed: Vec<_> = grants.iter().filter(|grant| grant.next_evaluation.is_some()).copied().collect();
    for rows in timed.chunks(ROWS_MAX) {
        let text = format!(
            "insert into evaluations (serial, due, next_us, version, recorded_us) values {} on conflict (serial) do update \
             set raised_us = case when evaluations.due = excluded.due then evaluations.raised_us else null end, \
             next_us = case when evaluations.due = excluded.due and evaluations.raised_us is not null then null \
             else excluded.next_us end, due = excluded.due",
            values(rows.len(), 5)
        );
        write(tx, text, rows).await?;
    }
    for corrected in grants.iter().filter_map(|grant| grant.correction.as_ref()) {
        sqlx::query("update evaluations set due = null, next_us = null, raised_us = null where serial = $1")
            .bind(corrected.corrects.0)
            .execute(tx.sql())
            .await?;
    }
    Ok(())
}

/// Writes when grants are due that were recorded before this program kept it. Those that are kept already stay as they are.
pub(crate) async fn complete(tx: &mut Tx, grants: &[Arc<Grant>]) -> Result<(), Failure> {
    for rows in grants.chunks(ROWS_MAX) {
        let rows: Vec<&Grant> = rows.iter().map(Arc::as_ref).collect();
        let text = format!(
            "insert into evaluations (serial, due, next_us, version, recorded_us) values {} on conflict (serial) do nothing",
            values(rows.len(), 5)
        );
        write(tx, text, &rows).await?;
    }
    Ok(())
}

async fn write(tx: &mut Tx, text: String, rows: &[&Grant]) -> Result<(), SaveError> {
    let mut query: Query<'_, Any, AnyArguments> = sqlx::query(AssertSqlSafe(text));
    for grant in rows {
        let day = due(grant);
        let next = day.map(|day| time::to_us(Due::overdue_at(day)));
        query = query.bind(grant.id.0).bind(day.map(|day| day.to_string())).bind(next).bind(0_i64).bind(0_i64);
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

/// How many grants are kept.
pub(crate) async fn count(sql: &mut Connection) -> Result<i64, Failure> {
    sqlx::query("select count(*) from evaluations").fetch_one(sql).await?.int(0)
}

/// The earliest instant at which an evaluation becomes overdue.
pub(crate) async fn next(sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
    sqlx::query("select min(next_us) from evaluations").fetch_one(sql).await?.maybe_instant(0)
}

/// The grants whose evaluation is overdue and was not told, the earliest first.
pub(crate) async fn overdue(sql: &mut Connection, now: Timestamp, limit: i64) -> Result<Vec<GrantId>, Failure> {
    let rows = sqlx::query("select serial from evaluations where next_us <= $1 order by next_us, serial limit $2")
        .bind(time::to_us(now))
        .bind(limit)
        .fetch_all(sql)
        .await?;
    rows.iter().map(|row| Ok(GrantId(row.int(0)?))).collect()
}

/// Loads when a grant is due, with the grant as it was recorded last.
pub(crate) async fn load(sql: &mut Connection, id: GrantId) -> Result<Option<(Due, Arc<Grant>, Version)>, Failure> {
    let row = sqlx::query(
        "select e.serial, e.due, e.raised_us, e.version, e.recorded_us, g.body from evaluations e \
         join grants g on g.serial = e.serial where e.serial = $1 order by g.revision desc limit 1",
    )
    .bind(id.0)
    .fetch_optional(sql)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let version = row.int(3)?;
    let version = if version == 0 { Version::ABSENT } else { Version::of(version, row.int(4)?)? };
    let body = pb::Grant::decode(row.bytes(5)?.as_slice()).map_err(Failure::internal)?;
    Ok(Some((read(&row)?, Arc::new(grant::wire::read(body)?), version)))
}

/// Writes that an evaluation was told to be overdue, where it is still due on that day and was not told.
pub(crate) async fn raise(tx: &mut Tx, overdue: &Overdue, version: i64, recorded: Timestamp) -> Result<(), SaveError> {
    let saved = sqlx::query(
        "update evaluations set raised_us = $1, next_us = null, version = $2, recorded_us = $3 \
         where serial = $4 and due = $5 and raised_us is null and version = $6",
    )
    .bind(time::to_us(overdue.at))
    .bind(version + 1)
    .bind(time::to_us(recorded))
    .bind(overdue.grant.id.0)
    .bind(overdue.day.to_string())
    .bind(version)
    .execute(tx.sql())
    .await?;
    guard(&saved)
}

/// A page of what is due on a day or before, the earliest first.
pub(crate) async fn page(sql: &mut Connection, by: Date, page: &Page) -> Result<Vec<Due>, Denial> {
    let read_key = |key: &str| {
        let (day, serial) = key.split_once('/')?;
        Some((time::parse_date(day).ok()?.to_string(), serial.parse::<i64>().ok()?))
    };
    let (after_day, after_serial) = match page.after() {
        Some(key) => read_key(key).ok_or_else(bad_token)?,
        None => (String::new(), 0),
    };
    let rows = sqlx::query(
        "select serial, due, raised_us from evaluations where due <= $1 and (due, serial) > ($2, $3) \
         order by due, serial limit $4",
    )
    .bind(by.to_string())
    .bind(after_day)
    .bind(after_serial)
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn read(row: &Row) -> Result<Due, Failure> {
    let day = row.maybe_text(1)?.map(|day| kept::one(time::parse_date(&day))).transpose()?;
    Ok(Due { grant: GrantId(row.int(0)?), day, raised: row.maybe_instant(2)? })
}
