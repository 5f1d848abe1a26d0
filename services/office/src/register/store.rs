//! The register, as rows.
//!
//! Rows of powers, grants and bases are only ever added, each with the revision of its write, so that whoever has the register
//! at one revision gets the next by reading what was added since.

use std::sync::Arc;

use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Version, guard};
use runtime::refusal::Failure;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Timestamp, time};

use super::basis::state::{BasisRecorded, ProvincialBasis};
use super::catalogue::check::Listing;
use super::catalogue::state::Listed;
use super::event::Event;
use super::grant::state::{Change, Grant, Recorded};
use super::state::{Head, Register};
use super::{basis, catalogue, document, evaluation, grant};
use crate::rows::values;

/// How many rows one statement adds. A county hands down hundreds of grants by one paper.
const ROWS_MAX: usize = 100;

/// Reads the head row.
pub(crate) async fn head(sql: &mut Connection) -> Result<Head, Failure> {
    let row = sqlx::query("select revision, recorded_us, last_grant, last_basis from register_head where id = 1")
        .fetch_one(sql)
        .await?;
    let revision = row.int(0)?;
    let recorded = if revision == 0 { None } else { Some(row.instant(1)?) };
    Ok(Head { revision, recorded, last_grant: row.int(2)?, last_basis: row.int(3)? })
}

/// Takes the head row for this transaction. Decisions about the register wait for each other here: without it, PostgreSQL would
/// let all of them decide and all but one decide again.
pub(crate) async fn lock(sql: &mut Connection) -> Result<(), Failure> {
    sqlx::query("update register_head set id = id where id = 1").execute(sql).await?;
    Ok(())
}

/// The register with what was added since, up to a head.
pub(crate) async fn advance(sql: &mut Connection, known: &Register, head: Head) -> Result<Register, Failure> {
    let mut register = known.clone();
    let (since, upto) = (known.head.revision, head.revision);
    let rows = added(sql, "select power, recorded_us, revision from powers", "code", since, upto).await?;
    for row in &rows {
        let (power, valid_from) = catalogue::wire::read(decode(row)?)?;
        register.list(Listed { power: Arc::new(power), valid_from, revision: row.int(2)?, recorded: row.instant(1)? });
    }
    let rows = added(sql, "select body, recorded_us, revision, change from grants", "serial", since, upto).await?;
    for row in &rows {
        let grant = Arc::new(grant::wire::read(decode(row)?)?);
        register.record(Recorded { grant, change: change(row)?, revision: row.int(2)?, recorded: row.instant(1)? });
    }
    let rows = added(sql, "select basis, recorded_us, revision from provincial_bases", "serial", since, upto).await?;
    for row in &rows {
        let basis = Arc::new(basis::wire::read(decode(row)?)?);
        register.note(BasisRecorded { basis, revision: row.int(2)?, recorded: row.instant(1)? });
    }
    let rows = added(sql, "select document, recorded_us, revision from documents", "id", since, upto).await?;
    for row in &rows {
        register.know(&document::wire::read(decode(row)?, bytes::Bytes::new())?);
    }
    register.head = head;
    Ok(register)
}

/// The documents that wait for a second person: the register must know who issued them, and must not yet act on them.
pub(crate) async fn know_waiting(sql: &mut Connection, register: &mut Register) -> Result<(), Failure> {
    let rows = sqlx::query("select document from documents where state = 'REGISTERED'").fetch_all(sql).await?;
    for row in &rows {
        register.know(&document::wire::read(decode(row)?, bytes::Bytes::new())?);
    }
    Ok(())
}

async fn added(
    sql: &mut Connection,
    select: &'static str,
    key: &'static str,
    since: i64,
    upto: i64,
) -> Result<Vec<Row>, Failure> {
    let text = format!("{select} where revision > $1 and revision <= $2 order by revision, {key}");
    Ok(sqlx::query(AssertSqlSafe(text)).bind(since).bind(upto).fetch_all(sql).await?)
}

fn decode<M: prost::Message + Default>(row: &Row) -> Result<M, Failure> {
    M::decode(row.bytes(0)?.as_slice()).map_err(Failure::internal)
}

fn change(row: &Row) -> Result<Change, Failure> {
    let number = i32::try_from(row.int(3)?).map_err(Failure::internal)?;
    grant::wire::read_change(pb::GrantChange::try_from(number).map_err(Failure::internal)?)
}

/// The version of a thing that the register decides upon, such as an import: its own number, and recorded later than both its
/// own last change and the register's.
pub(crate) fn version_with(own: Version, head: Head) -> Result<Version, Failure> {
    match (own.recorded(), head.recorded) {
        (Some(own_recorded), Some(recorded)) => Version::of(own.number(), time::to_us(own_recorded.max(recorded))),
        (Some(_), None) | (None, _) => Ok(own),
    }
}

/// The version of the register itself.
pub(crate) fn version_of(head: Head) -> Result<Version, Failure> {
    match head.recorded {
        Some(recorded) => Version::of(head.revision, time::to_us(recorded)),
        None => Ok(Version::ABSENT),
    }
}

/// Writes the rows of events, each recorded when its entry is, and moves the head where they are a write of the register.
///
/// # Errors
/// [`SaveError::Moved`] where the register was written since `head` was read.
pub(crate) async fn write(tx: &mut Tx, events: &[(&Event, Timestamp)], head: Head) -> Result<(), SaveError> {
    let mut powers = Vec::new();
    let mut grants = Vec::new();
    let mut bases = Vec::new();
    let mut next = head;
    for (event, recorded) in events {
        if let Some(revision) = event.revision() {
            next.revision = revision;
            next.recorded = Some(*recorded);
        }
        match event {
            Event::PowerListed { listing, revision } => powers.push((listing.as_ref(), *revision, *recorded)),
            Event::GrantRecorded { grant, change, revision } => {
                next.last_grant = next.last_grant.max(grant.id.0);
                grants.push((grant.as_ref(), *change, *revision, *recorded));
            }
            Event::BasisRegistered { basis, revision } => {
                next.last_basis = next.last_basis.max(basis.id.0);
                bases.push((basis.as_ref(), *revision, *recorded));
            }
            Event::DocumentRegistered(registered) => {
                document::store::insert(tx, &registered.document, *recorded).await?
            }
            // A document is saved by the unit that decided upon it, guarded by the version that it had then.
            Event::DocumentConfirmed { .. } | Event::DocumentRefused { .. } | Event::DocumentPublished { .. } => {}
            Event::ImportDrafted(import) => super::import::store::insert(tx, import, *recorded).await?,
            Event::ImportConfirmed(import) => super::import::store::update(tx, import, *recorded).await?,
            Event::DirectiveApplied { .. } => {}
        }
    }
    for rows in powers.chunks(ROWS_MAX) {
        add_powers(tx, rows).await?;
    }
    for rows in grants.chunks(ROWS_MAX) {
        add_grants(tx, rows).await?;
    }
    let due: Vec<&Grant> = grants.iter().map(|(grant, ..)| *grant).collect();
    evaluation::store::follow(tx, &due).await?;
    for (basis, revision, recorded) in bases {
        add_basis(tx, basis, revision, recorded).await?;
    }
    if next.revision == head.revision { Ok(()) } else { move_head(tx, head, next).await }
}

/// Every write of the register changes this row, and only from the revision that it was decided upon: so one decision follows
/// another, and no two grants of one power can slip past each other.
async fn move_head(tx: &mut Tx, from: Head, to: Head) -> Result<(), SaveError> {
    let moved = sqlx::query(
        "update register_head set revision = $1, recorded_us = $2, last_grant = $3, last_basis = $4 \
         where id = 1 and revision = $5",
    )
    .bind(to.revision)
    .bind(to.recorded.map_or(0, time::to_us))
    .bind(to.last_grant)
    .bind(to.last_basis)
    .bind(from.revision)
    .execute(tx.sql())
    .await?;
    guard(&moved)
}

/// Writes the publications that the rows of an import recorded. The import was decided upon a register that knows these
/// documents as confirmed and unpublished, and whoever publishes one moves the head: so the head guards them.
pub(crate) async fn write_publications(tx: &mut Tx, events: &[(&Event, Timestamp)]) -> Result<(), SaveError> {
    for (event, recorded) in events {
        if let Event::DocumentPublished { id, revision, .. } = event {
            let loaded = document::store::load(tx.sql(), *id).await?;
            let (document, version) = loaded.ok_or_else(|| Failure::internal(format!("{} is gone", id.name())))?;
            document::store::update(tx, &document.after(event), version.number(), Some(*revision), *recorded).await?;
        }
    }
    Ok(())
}

async fn add_powers(tx: &mut Tx, rows: &[(&Listing, i64, Timestamp)]) -> Result<(), SaveError> {
    let text = format!("insert into powers (code, revision, recorded_us, power) values {}", values(rows.len(), 4));
    let mut query: Query<'_, Any, AnyArguments> = sqlx::query(AssertSqlSafe(text));
    for (listing, revision, recorded) in rows {
        let power = catalogue::wire::power(&listing.power, listing.valid_from).encode_to_vec();
        query = query.bind(listing.power.code.to_string()).bind(*revision).bind(time::to_us(*recorded)).bind(power);
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

async fn add_grants(tx: &mut Tx, rows: &[(&Grant, Change, i64, Timestamp)]) -> Result<(), SaveError> {
    let text =
        format!("insert into grants (serial, revision, recorded_us, change, body) values {}", values(rows.len(), 5));
    let mut query: Query<'_, Any, AnyArguments> = sqlx::query(AssertSqlSafe(text));
    for (grant, change, revision, recorded) in rows {
        let change = i64::from(i32::from(grant::wire::change_to_wire(*change)));
        let body = grant::wire::grant(grant).encode_to_vec();
        query = query.bind(grant.id.0).bind(*revision).bind(time::to_us(*recorded)).bind(change).bind(body);
    }
    query.execute(tx.sql()).await?;
    Ok(())
}

async fn add_basis(tx: &mut Tx, basis: &ProvincialBasis, revision: i64, recorded: Timestamp) -> Result<(), SaveError> {
    sqlx::query("insert into provincial_bases (serial, revision, recorded_us, basis) values ($1, $2, $3, $4)")
        .bind(basis.id.0)
        .bind(revision)
        .bind(time::to_us(recorded))
        .bind(basis::wire::basis(basis).encode_to_vec())
        .execute(tx.sql())
        .await?;
    Ok(())
}
