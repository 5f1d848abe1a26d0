//! Imports, as rows. The file of a draft is kept for good: it is what the second person confirmed.

use bytes::Bytes;
use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Sm3Digest, Timestamp, time};

use super::state::{Content, Import, ImportId, Stage};
use super::wire;
use crate::register::document::store::place;

/// What an absent import is called.
const KIND: &str = "office.townlink/Import";

/// There is no such import.
pub(crate) fn not_found(id: ImportId) -> Denial {
    Denial::NotFound { kind: KIND, name: id.name() }
}

/// Writes an import that was just drafted, or refused at once.
pub(crate) async fn insert(tx: &mut Tx, import: &Import, recorded: Timestamp) -> Result<(), SaveError> {
    let file = if let Stage::Draft { file } = &import.stage { Some(file.to_vec()) } else { None };
    sqlx::query(
        "insert into imports (id, type, file_digest, import, csv, valid_from, drafted_us, version, recorded_us) \
         values ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
    )
    .bind(import.id.to_string())
    .bind(import.content.code())
    .bind(import.digest.as_bytes().to_vec())
    .bind(wire::import(import, String::new()).encode_to_vec())
    .bind(file)
    .bind(wire::valid_from(&import.content).map(|day| day.to_string()))
    .bind(time::to_us(import.drafted))
    .bind(time::to_us(recorded))
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Writes what became of a draft. A draft is left once, so its first version is the guard.
pub(crate) async fn update(tx: &mut Tx, import: &Import, recorded: Timestamp) -> Result<(), SaveError> {
    let saved =
        sqlx::query("update imports set import = $1, version = 2, recorded_us = $2 where id = $3 and version = 1")
            .bind(wire::import(import, String::new()).encode_to_vec())
            .bind(time::to_us(recorded))
            .bind(import.id.to_string())
            .execute(tx.sql())
            .await?;
    guard(&saved)
}

/// Loads an import with its file.
pub(crate) async fn load(sql: &mut Connection, id: ImportId) -> Result<Option<(Import, Version)>, Failure> {
    let row = sqlx::query("select import, csv, valid_from, version, recorded_us from imports where id = $1")
        .bind(id.to_string())
        .fetch_optional(sql)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The import that brought in a file before as the same content.
pub(crate) async fn of_file(
    sql: &mut Connection,
    content: &Content,
    digest: &Sm3Digest,
) -> Result<Option<(Import, Version)>, Failure> {
    let row = sqlx::query(
        "select import, csv, valid_from, version, recorded_us from imports where type = $1 and file_digest = $2",
    )
    .bind(content.code())
    .bind(digest.as_bytes().to_vec())
    .fetch_optional(sql)
    .await?;
    row.as_ref().map(read).transpose()
}

/// A page of imports, newest first, without their faults; each with its place in the order.
pub(crate) async fn page(sql: &mut Connection, page: &Page) -> Result<Vec<(pb::Import, String)>, Denial> {
    let (after_us, after_id) = place(page.after())?;
    let rows = sqlx::query(
        "select import, version, drafted_us, id from imports where (drafted_us, id) < ($1, $2) \
         order by drafted_us desc, id desc limit $3",
    )
    .bind(after_us)
    .bind(after_id)
    .bind(page.fetch())
    .fetch_all(sql)
    .await?;
    let shown = |row: &Row| -> Result<_, Failure> {
        let key = format!("{}/{}", row.int(2)?, row.text(3)?);
        let shown = pb::Import { faults: Vec::new(), etag: runtime::etag::of(row.int(1)?), ..message(row)? };
        Ok((shown, key))
    };
    Ok(rows.iter().map(shown).collect::<Result<_, _>>()?)
}

fn read(row: &Row) -> Result<(Import, Version), Failure> {
    let file = row.maybe_bytes(1)?.map(Bytes::from).unwrap_or_default();
    let import = wire::read(message(row)?, file, row.maybe_text(2)?.as_deref())?;
    Ok((import, Version::of(row.int(3)?, row.int(4)?)?))
}

fn message(row: &Row) -> Result<pb::Import, Failure> {
    pb::Import::decode(row.bytes("import")?.as_slice()).map_err(Failure::internal)
}
