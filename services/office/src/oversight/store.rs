//! Records of supervision and joint reviews, as rows.

use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure};
use uuid::Uuid;
use vocabulary::{Timestamp, time};

use super::record::{Columns, Resource, Viewer, name};
use crate::fields::bad_token;

/// What a list is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Only what is open.
    pub open: bool,
    /// Only what is overdue.
    pub overdue: bool,
    /// Only that on which the viewer has to act.
    pub mine: bool,
    /// Only what was escalated.
    pub escalated: bool,
}

impl Wanted {
    /// The question as a part of page tokens.
    pub(crate) fn key(self) -> String {
        let Self { open, overdue, mine, escalated } = self;
        format!("open={open}&overdue={overdue}&mine={mine}&escalated={escalated}")
    }
}

/// There is no such record.
pub(crate) fn not_found<R: Resource>(id: Uuid) -> Denial {
    Denial::NotFound { kind: R::KIND, name: name::<R>(id) }
}

/// Loads a record.
pub(crate) async fn load<R: Resource>(sql: &mut Connection, id: Uuid) -> Result<Option<(R, Version)>, Failure> {
    let row = sqlx::query("select content, version, recorded_us from oversight_records where type = $1 and id = $2")
        .bind(R::TYPE)
        .bind(id.to_string())
        .fetch_optional(sql)
        .await?;
    row.as_ref().map(record).transpose()
}

/// Loads a record that a viewer may see.
pub(crate) async fn seen<R: Resource>(
    sql: &mut Connection,
    id: Uuid,
    viewer: &Viewer,
) -> Result<Option<(R, Version)>, Failure> {
    let found = load::<R>(sql, id).await?;
    Ok(found.filter(|(record, _)| viewer.all || record.parties().iter().any(|party| party.party == viewer.party)))
}

/// The record that holds a unique key.
pub(crate) async fn holder<R: Resource>(sql: &mut Connection, key: &str) -> Result<Option<String>, Failure> {
    let row = sqlx::query("select id from oversight_records where type = $1 and unique_key = $2")
        .bind(R::TYPE)
        .bind(key.to_owned())
        .fetch_optional(sql)
        .await?;
    row.map(|row| Ok(format!("{}/{}", R::COLLECTION, row.text(0)?))).transpose()
}

/// The records of a quarter, at most so many.
pub(crate) async fn of_quarter<R: Resource>(
    sql: &mut Connection,
    quarter: &str,
    limit: i64,
) -> Result<Vec<R>, Failure> {
    // `0` follows `/`: every scope of the quarter lies between them.
    let rows = sqlx::query(
        "select content, version, recorded_us from oversight_records \
         where type = $1 and scope >= $2 and scope < $3 order by scope, id limit $4",
    )
    .bind(R::TYPE)
    .bind(format!("{quarter}/"))
    .bind(format!("{quarter}0"))
    .bind(limit)
    .fetch_all(sql)
    .await?;
    rows.iter().map(|row| Ok(record::<R>(row)?.0)).collect()
}

fn record<R: Resource>(row: &Row) -> Result<(R, Version), Failure> {
    let kept = R::Shown::decode(row.bytes("content")?.as_slice()).map_err(Failure::internal)?;
    let record = R::read(kept).ok_or_else(|| Failure::internal(format!("a record of {} is damaged", R::COLLECTION)))?;
    Ok((record, Version::of(row.int("version")?, row.int("recorded_us")?)?))
}

/// A page of the records that a viewer may see, newest first.
pub(crate) async fn page<R: Resource>(
    sql: &mut Connection,
    wanted: Wanted,
    viewer: &Viewer,
    now: Timestamp,
    page: &Page,
) -> Result<Vec<(R, Version)>, Denial> {
    let (after_us, after_id) = after(page)?;
    let rows = sqlx::query(
        "select r.content, r.version, r.recorded_us from oversight_records r \
         where r.type = $1 and (r.opened_us, r.id) < ($2, $3) \
         and ($4 = 1 or exists (select 1 from oversight_parties p where p.type = r.type and p.id = r.id and p.party = $5)) \
         and ($6 = 0 or r.open = 1) and ($7 = 0 or r.escalated = 1) \
         and ($8 = 0 or exists (select 1 from oversight_parties p where p.type = r.type and p.id = r.id \
             and p.owes = 1 and p.overdue_us <= $9)) \
         and ($10 = 0 or exists (select 1 from oversight_parties p where p.type = r.type and p.id = r.id \
             and p.owes = 1 and p.party = $5)) \
         order by r.opened_us desc, r.id desc limit $11",
    )
    .bind(R::TYPE)
    .bind(after_us)
    .bind(after_id)
    .bind(i64::from(viewer.all))
    .bind(viewer.party.clone())
    .bind(i64::from(wanted.open))
    .bind(i64::from(wanted.escalated))
    .bind(i64::from(wanted.overdue))
    .bind(time::to_us(now))
    .bind(i64::from(wanted.mine))
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    Ok(rows.iter().map(record).collect::<Result<_, _>>()?)
}

/// The key of a record in the order of a list.
pub(crate) fn key<R: Resource>(record: &R) -> String {
    format!("{}/{}", time::to_us(record.columns().opened), record.id())
}

fn after(page: &Page) -> Result<(i64, String), Denial> {
    let Some(after) = page.after() else { return Ok((i64::MAX, String::new())) };
    let key = after.split_once('/').and_then(|(us, id)| Some((us.parse().ok()?, id.to_owned())));
    key.ok_or_else(bad_token)
}

/// Writes a record, where its version is still the one that was loaded.
pub(crate) async fn save<R: Resource>(
    tx: &mut Tx,
    record: &R,
    version: Version,
    recorded_us: i64,
) -> Result<(), SaveError> {
    let id = record.id();
    let columns = record.columns();
    let content = record.content().encode_to_vec();
    if version == Version::ABSENT {
        insert::<R>(tx, id, &columns, content, recorded_us).await?;
    } else {
        update::<R>(tx, id, &columns, content, version, recorded_us).await?;
    }
    sqlx::query("delete from oversight_parties where type = $1 and id = $2")
        .bind(R::TYPE)
        .bind(id.to_string())
        .execute(tx.sql())
        .await?;
    for party in record.parties() {
        sqlx::query("insert into oversight_parties (type, id, party, owes, overdue_us) values ($1, $2, $3, $4, $5)")
            .bind(R::TYPE)
            .bind(id.to_string())
            .bind(party.party)
            .bind(i64::from(party.owes))
            .bind(party.overdue.map(time::to_us))
            .execute(tx.sql())
            .await?;
    }
    Ok(())
}

async fn insert<R: Resource>(
    tx: &mut Tx,
    id: Uuid,
    columns: &Columns,
    content: Vec<u8>,
    recorded_us: i64,
) -> Result<(), SaveError> {
    sqlx::query(
        "insert into oversight_records (type, id, unique_key, scope, subject, institution, stage, open, escalated, opened_us, \
         next_us, missing_year, untold, content, version, recorded_us) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(R::TYPE)
    .bind(id.to_string())
    .bind(columns.unique_key.clone())
    .bind(columns.scope.clone())
    .bind(columns.subject.clone())
    .bind(columns.institution.clone())
    .bind(columns.stage)
    .bind(i64::from(columns.open))
    .bind(i64::from(columns.escalated))
    .bind(time::to_us(columns.opened))
    .bind(columns.next.map(time::to_us))
    .bind(columns.missing_year.map(i64::from))
    .bind(i64::from(columns.untold))
    .bind(content)
    .bind(Version::ABSENT.next())
    .bind(recorded_us)
    .execute(tx.sql())
    .await?;
    Ok(())
}

async fn update<R: Resource>(
    tx: &mut Tx,
    id: Uuid,
    columns: &Columns,
    content: Vec<u8>,
    version: Version,
    recorded_us: i64,
) -> Result<(), SaveError> {
    let saved = sqlx::query(
        "update oversight_records set unique_key = $1, stage = $2, open = $3, escalated = $4, next_us = $5, missing_year = $6, \
         untold = $7, content = $8, version = $9, recorded_us = $10 where type = $11 and id = $12 and version = $13",
    )
    .bind(columns.unique_key.clone())
    .bind(columns.stage)
    .bind(i64::from(columns.open))
    .bind(i64::from(columns.escalated))
    .bind(columns.next.map(time::to_us))
    .bind(columns.missing_year.map(i64::from))
    .bind(i64::from(columns.untold))
    .bind(content)
    .bind(version.next())
    .bind(recorded_us)
    .bind(R::TYPE)
    .bind(id.to_string())
    .bind(version.number())
    .execute(tx.sql())
    .await?;
    guard(&saved)
}

/// A record that something is to be done with by the office itself.
pub(crate) struct Waiting {
    /// The word in the column `type`.
    pub kind: String,
    /// Which one.
    pub id: Uuid,
}

/// When something falls due next. Where a last day could not be told and its year is loaded now, that is due since ever.
pub(crate) async fn next_due(sql: &mut Connection, loaded: i64) -> Result<Option<Timestamp>, Failure> {
    let row = sqlx::query(
        "select min(next_us) as next_us, (select min(recorded_us) from oversight_records where missing_year <= $1) as since_us \
         from oversight_records",
    )
    .bind(loaded)
    .fetch_one(sql)
    .await?;
    let (next, since) = (row.maybe_instant(0)?, row.maybe_instant(1)?);
    Ok(match (next, since) {
        (Some(next), Some(since)) => Some(next.min(since)),
        (next, since) => next.or(since),
    })
}

/// What is due, the earliest first.
pub(crate) async fn due(
    sql: &mut Connection,
    now: Timestamp,
    loaded: i64,
    limit: i64,
) -> Result<Vec<Waiting>, Failure> {
    let rows = sqlx::query(
        "select type, id from oversight_records where next_us <= $1 or missing_year <= $2 order by next_us, type, id limit $3",
    )
    .bind(time::to_us(now))
    .bind(loaded)
    .bind(limit)
    .fetch_all(sql)
    .await?;
    rows.iter().map(waiting).collect()
}

/// Where a look at what is still to be told has come to: when a record began, its type and its id.
#[derive(Clone, Debug)]
pub(crate) struct Place(i64, String, String);

impl Default for Place {
    fn default() -> Self {
        Self(i64::MIN, String::new(), String::new())
    }
}

/// What another service is still to be told, the earliest first, with the place after each.
pub(crate) async fn untold(sql: &mut Connection, after: &Place, limit: i64) -> Result<Vec<(Waiting, Place)>, Failure> {
    let rows = sqlx::query(
        "select type, id, opened_us from oversight_records where untold = 1 and (opened_us, type, id) > ($1, $2, $3) \
         order by opened_us, type, id limit $4",
    )
    .bind(after.0)
    .bind(after.1.clone())
    .bind(after.2.clone())
    .bind(limit)
    .fetch_all(sql)
    .await?;
    let read = |row: &Row| Ok((waiting(row)?, Place(row.int("opened_us")?, row.text(0)?, row.text(1)?)));
    rows.iter().map(read).collect()
}

fn waiting(row: &Row) -> Result<Waiting, Failure> {
    Ok(Waiting { kind: row.text(0)?, id: row.text(1)?.parse().map_err(Failure::internal)? })
}
