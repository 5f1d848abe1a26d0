//! How entries, and the answer that they belong to, are written.
//!
//! All go in one statement, since a round trip is what a job pays for. Its text differs by database, here and nowhere else:
//! SQLite takes several statements in one message, PostgreSQL takes several changes in one statement.

use std::fmt::Write as _;
use std::sync::OnceLock;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use vocabulary::Sm3Digest;

use super::Prepared;
use crate::db::{Backend, Tx};

/// How many entries one statement writes at most; more are written in several.
const ENTRIES_MAX: usize = 8;

/// How many columns an entry has.
const ENTRY_COLUMNS: usize = 10;

/// How many columns an answer has.
const ANSWER_COLUMNS: usize = 6;

/// An answer to be kept.
pub(crate) struct AnswerRow<'a> {
    /// The key of the principal.
    pub principal: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
    /// What makes two requests the same.
    pub fingerprint: &'a Sm3Digest,
    /// The full path of the method.
    pub method: &'a str,
    /// Whether the outcome is a refusal.
    pub refused: bool,
    /// The exact bytes.
    pub outcome: &'a [u8],
}

/// Whether an answer was stored, or another job had stored one for the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It was stored.
    Now,
    /// There is one already. This job must be undone.
    Before,
}

/// Writes entries.
pub(crate) async fn write(tx: &mut Tx, entries: &[Prepared]) -> Result<(), sqlx::Error> {
    let backend = tx.backend();
    for chunk in entries.chunks(ENTRIES_MAX) {
        bind_entries(sqlx::query(text(backend, chunk.len(), false)), chunk).execute(tx.sql()).await?;
    }
    Ok(())
}

/// Writes entries and the answer that they belong to.
pub(crate) async fn write_with_answer(
    tx: &mut Tx,
    entries: &[Prepared],
    answer: &AnswerRow<'_>,
) -> Result<Stored, sqlx::Error> {
    let backend = tx.backend();
    let (before, last) = entries.split_at(entries.len().saturating_sub(ENTRIES_MAX));
    write(tx, before).await?;
    let result = bind_entries(sqlx::query(text(backend, last.len(), true)), last)
        .bind(answer.principal)
        .bind(answer.request_id)
        .bind(answer.fingerprint.as_bytes().as_slice())
        .bind(answer.method)
        .bind(i64::from(answer.refused))
        .bind(answer.outcome)
        .execute(tx.sql())
        .await?;
    // SQLite counts the rows of all statements, PostgreSQL those of the outermost.
    let entry_rows = if backend == Backend::Sqlite { last.len() } else { 0 };
    let stored = usize::try_from(result.rows_affected()).is_ok_and(|rows| rows > entry_rows);
    Ok(if stored { Stored::Now } else { Stored::Before })
}

fn bind_entries<'q>(
    query: Query<'q, sqlx::Any, AnyArguments>,
    entries: &[Prepared],
) -> Query<'q, sqlx::Any, AnyArguments> {
    entries.iter().fold(query, |query, entry| {
        let header = &entry.leaf.header;
        query
            .bind(header.entry_id.as_str())
            .bind(header.kind.as_str())
            .bind(entry.subject.as_str())
            .bind(header.institution.as_str())
            .bind(header.acted_at_us)
            .bind(header.recorded_at_us)
            .bind(entry.salt.0.as_slice())
            .bind(&*entry.payload)
            .bind(entry.leaf.commitment.as_slice())
            .bind(entry.leaf_hash.0.as_slice())
    })
}

/// The text for a number of entries. Made once each and kept for good, so that databases keep it prepared.
fn text(backend: Backend, entries: usize, with_answer: bool) -> &'static str {
    static TEXTS: [[[OnceLock<&'static str>; 2]; ENTRIES_MAX + 1]; 2] =
        [const { [const { [const { OnceLock::new() }; 2] }; ENTRIES_MAX + 1] }; 2];
    let database = usize::from(backend == Backend::Postgres);
    TEXTS[database][entries][usize::from(with_answer)].get_or_init(|| match backend {
        Backend::Sqlite => sqlite_text(entries, with_answer).leak(),
        Backend::Postgres => postgres_text(entries, with_answer).leak(),
    })
}

fn sqlite_text(entries: usize, with_answer: bool) -> String {
    let mut statements = Vec::new();
    if entries > 0 {
        statements.push(insert_entries(entries));
    }
    if with_answer {
        statements.push(insert_answer(entries));
    }
    statements.join("; ")
}

fn postgres_text(entries: usize, with_answer: bool) -> String {
    match (entries, with_answer) {
        (0, _) => insert_answer(0),
        (_, false) => format!("with entry as ({}) {}", insert_entries(entries), insert_pending(entries)),
        (_, true) => format!(
            "with entry as ({}), pending as ({}) {}",
            insert_entries(entries),
            insert_pending(entries),
            insert_answer(entries)
        ),
    }
}

fn insert_entries(entries: usize) -> String {
    let mut text = "insert into journal (id, kind, subject, institution, act_us, recorded_us, salt, payload, \
                    payload_digest, leaf_hash) values "
        .to_owned();
    for entry in 0..entries {
        let separator = if entry == 0 { "" } else { ", " };
        let _ = write!(text, "{separator}{}", placeholders(entry * ENTRY_COLUMNS, ENTRY_COLUMNS));
    }
    text
}

/// The arrival is drawn after everything that the job read was committed, so it orders causes before effects.
fn insert_pending(entries: usize) -> String {
    let rows: Vec<_> =
        (0..entries).map(|entry| format!("(nextval('journal_arrivals'), ${})", entry * ENTRY_COLUMNS + 1)).collect();
    format!("insert into journal_pending (arrival, entry_id) values {}", rows.join(", "))
}

fn insert_answer(entries: usize) -> String {
    format!(
        "insert into answers (principal, request_id, fingerprint, method, refused, outcome) values {} \
         on conflict do nothing",
        placeholders(entries * ENTRY_COLUMNS, ANSWER_COLUMNS)
    )
}

/// `($11, $12)` for two columns after the first ten.
fn placeholders(after: usize, count: usize) -> String {
    let columns: Vec<_> = (after + 1..=after + count).map(|number| format!("${number}")).collect();
    format!("({})", columns.join(", "))
}
