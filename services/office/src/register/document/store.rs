//! Documents, as rows.

use bytes::Bytes;
use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::execute::{SaveError, Version, guard};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Violation};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DocumentNumber, Timestamp, time};

use super::state::{Document, DocumentId};
use super::wire;
use crate::rows::places;

/// What an absent document is called.
const KIND: &str = "office.townlink/Document";

/// There is no such document.
pub(crate) fn not_found(id: DocumentId) -> Denial {
    Denial::NotFound { kind: KIND, name: id.name() }
}

/// The document that has a number already, by resource name. A refused document leaves its number to the one that mends it.
pub(crate) async fn holder_of_number(sql: &mut Connection, number: &DocumentNumber) -> Result<Option<String>, Failure> {
    let row = sqlx::query("select id from documents where number = $1 and state <> 'REFUSED'")
        .bind(number.to_string())
        .fetch_optional(sql)
        .await?;
    row.map(|row| Ok(format!("documents/{}", row.text(0)?))).transpose()
}

/// Whether a document with this number is registered: two persons have confirmed it.
pub(crate) async fn is_confirmed(sql: &mut Connection, number: &DocumentNumber) -> Result<bool, Failure> {
    let row = sqlx::query("select id from documents where number = $1 and state = 'CONFIRMED'")
        .bind(number.to_string())
        .fetch_optional(sql)
        .await?;
    Ok(row.is_some())
}

/// Writes a document that was just registered.
pub(crate) async fn insert(tx: &mut Tx, document: &Document, recorded: Timestamp) -> Result<(), SaveError> {
    let annex = document.directive.as_ref().and_then(|attached| attached.annex.as_ref());
    sqlx::query(
        "insert into documents (id, number, state, revision, registered_us, document, annex, version, recorded_us) \
         values ($1, $2, $3, 0, $4, $5, $6, 1, $7)",
    )
    .bind(document.id.to_string())
    .bind(document.issued.number.to_string())
    .bind(document.stage.code())
    .bind(time::to_us(recorded))
    .bind(wire::document(document, String::new()).encode_to_vec())
    .bind(annex.map(|annex| annex.content.to_vec()))
    .bind(time::to_us(recorded))
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Writes what became of a document, where its version is still the one that was loaded. Without a revision the register does
/// not know of it.
pub(crate) async fn update(
    tx: &mut Tx,
    document: &Document,
    version: i64,
    revision: Option<i64>,
    recorded: Timestamp,
) -> Result<(), SaveError> {
    let saved = sqlx::query(
        "update documents set state = $1, revision = coalesce($2, revision), document = $3, version = $4, recorded_us = $5 \
         where id = $6 and version = $7",
    )
    .bind(document.stage.code())
    .bind(revision)
    .bind(wire::document(document, String::new()).encode_to_vec())
    .bind(version + 1)
    .bind(time::to_us(recorded))
    .bind(document.id.to_string())
    .bind(version)
    .execute(tx.sql())
    .await?;
    guard(&saved)
}

/// Loads a document with its annex.
pub(crate) async fn load(sql: &mut Connection, id: DocumentId) -> Result<Option<(Document, Version)>, Failure> {
    let row = sqlx::query("select document, annex, version, recorded_us from documents where id = $1")
        .bind(id.to_string())
        .fetch_optional(sql)
        .await?;
    row.map(|row| {
        let annex = row.maybe_bytes(1)?.map(Bytes::from).unwrap_or_default();
        Ok((wire::read(message(&row)?, annex)?, Version::of(row.int(2)?, row.int(3)?)?))
    })
    .transpose()
}

/// A document as the contract shows it.
pub(crate) async fn show(sql: &mut Connection, id: DocumentId) -> Result<Option<pb::Document>, Failure> {
    let row = sqlx::query("select document, version from documents where id = $1")
        .bind(id.to_string())
        .fetch_optional(sql)
        .await?;
    row.map(|row| Ok(pb::Document { etag: runtime::etag::of(row.int(1)?), ..message(&row)? })).transpose()
}

/// Which documents a list shows.
pub(crate) struct Filter<'a> {
    /// Those at a stage; empty: at any.
    pub stage: &'static str,
    /// Those with one of these numbers; none: with any.
    pub numbers: Option<&'a [DocumentNumber]>,
}

impl Filter<'_> {
    /// The conditions, with numbered places from 4 on, and the texts that are bound to them.
    fn conditions(&self) -> (String, Vec<String>) {
        let (mut conditions, mut texts) = (String::new(), Vec::new());
        if !self.stage.is_empty() {
            conditions.push_str("state = $4 and ");
            texts.push(self.stage.to_owned());
        }
        if let Some(numbers) = self.numbers {
            conditions.push_str(&format!("number in ({}) and ", places(4 + texts.len(), numbers.len())));
            texts.extend(numbers.iter().map(ToString::to_string));
        }
        (conditions, texts)
    }
}

/// A page of documents, newest first, without directives and faults; each with its place in the order.
pub(crate) async fn page(
    sql: &mut Connection,
    filter: Filter<'_>,
    page: &Page,
) -> Result<Vec<(pb::Document, String)>, Denial> {
    let (after_us, after_id) = place(page.after())?;
    if filter.numbers.is_some_and(<[_]>::is_empty) {
        return Ok(Vec::new());
    }
    let (conditions, texts) = filter.conditions();
    let text = format!(
        "select document, version, registered_us, id from documents \
         where {conditions}(registered_us, id) < ($1, $2) order by registered_us desc, id desc limit $3"
    );
    // The text is made of our own words and numbered places; what a caller sent is bound.
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(after_us).bind(after_id).bind(page.fetch());
    for text in texts {
        query = query.bind(text);
    }
    let rows = query.fetch_all(sql).await?;
    let shown = |row: &Row| -> Result<_, Failure> {
        let key = format!("{}/{}", row.int(2)?, row.text(3)?);
        let shown = pb::Document {
            directive: Bytes::new(),
            faults: Vec::new(),
            etag: runtime::etag::of(row.int(1)?),
            ..message(row)?
        };
        Ok((shown, key))
    };
    Ok(rows.iter().map(shown).collect::<Result<_, _>>()?)
}

/// The place after which a page begins; without one, a place before every row.
pub(crate) fn place(after: Option<&str>) -> Result<(i64, String), Denial> {
    let Some(after) = after else { return Ok((i64::MAX, String::new())) };
    let place = after.split_once('/').and_then(|(us, id)| us.parse().ok().map(|us| (us, id.to_owned())));
    place.ok_or_else(|| Violation::malformed("page_token", "was not given by this list").into())
}

fn message(row: &Row) -> Result<pb::Document, Failure> {
    pb::Document::decode(row.bytes("document")?.as_slice()).map_err(Failure::internal)
}
