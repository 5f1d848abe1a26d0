//! How entries, and the answer that they belong to, are written.
//!
//! All go in one statement, since a round trip is what a job pays for. Its text differs by database, here and nowhere else:
//! SQLite takes several statements in one message, PostgreSQL takes several changes in one statement.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Arguments as _, Row as _};
use vocabulary::Sm3Digest;

use super::Prepared;
use crate::db::{Backend, Held, Tx, Violated, violated};

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
    /// The statement that went along wrote nothing. This job must be undone, and may run again.
    Moved,
}

/// Writes entries.
pub(crate) async fn write(tx: &mut Tx, entries: &[Prepared]) -> Result<(), sqlx::Error> {
    let backend = tx.backend();
    for chunk in entries.chunks(ENTRIES_MAX) {
        bind_entries(sqlx::query(text(backend, chunk.len(), false)), chunk).execute(tx.sql()).await?;
    }
    Ok(())
}

/// Writes entries and the answer that they belong to, after the one row of the change where it was held back for them.
pub(crate) async fn write_with_answer(
    tx: &mut Tx,
    held: Option<Held>,
    entries: &[Prepared],
    answer: &AnswerRow<'_>,
) -> Result<Stored, sqlx::Error> {
    let backend = tx.backend();
    let (before, last) = entries.split_at(entries.len().saturating_sub(ENTRIES_MAX));
    write(tx, before).await?;
    let held_rows = usize::from(held.is_some());
    let query = match held {
        None => sqlx::query(text(backend, last.len(), true)),
        Some(Held { text, arguments }) => sqlx::query_with(text_after(text, arguments.len(), last.len()), arguments),
    };
    let result = bind_entries(query, last)
        .bind(answer.principal)
        .bind(answer.request_id)
        .bind(answer.fingerprint.as_bytes().as_slice())
        .bind(answer.method)
        .bind(i64::from(answer.refused))
        .bind(answer.outcome)
        .execute(tx.sql())
        .await;
    let result = match result {
        Err(error) if held_rows > 0 && violated(&error) == Some(Violated::Unique) => return Ok(Stored::Moved),
        result => result?,
    };
    // SQLite counts the rows of all statements, PostgreSQL those of the outermost.
    let other_rows = if backend == Backend::Sqlite { held_rows + last.len() } else { 0 };
    if usize::try_from(result.rows_affected()).is_ok_and(|rows| rows > other_rows) {
        return Ok(Stored::Now);
    }
    if held_rows > 0 {
        // The answer is the last statement: where it did write its row, it was the first that did not.
        let last_wrote = sqlx::query("select changes()").fetch_one(tx.sql()).await?.try_get::<i64, _>(0)? > 0;
        if last_wrote {
            return Ok(Stored::Moved);
        }
    }
    Ok(Stored::Before)
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
        Backend::Sqlite => sqlite_text(0, entries, with_answer).leak(),
        Backend::Postgres => postgres_text(entries, with_answer).leak(),
    })
}

/// The text of a statement with so many parameters, followed by that for a number of entries and their answer, on SQLite. Kept
/// for good too: there are as many as there are such statements in the program.
fn text_after(first: &'static str, parameters: usize, entries: usize) -> &'static str {
    static TEXTS: Mutex<BTreeMap<(&str, usize), &'static str>> = Mutex::new(BTreeMap::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    texts
        .entry((first, entries))
        .or_insert_with(|| format!("{first}; {}", sqlite_text(parameters, entries, true)).leak())
}

/// The text after so many parameters of others.
fn sqlite_text(after: usize, entries: usize, with_answer: bool) -> String {
    let mut statements = Vec::new();
    if entries > 0 {
        statements.push(insert_entries(after, entries));
    }
    if with_answer {
        statements.push(insert_answer(after + entries * ENTRY_COLUMNS));
    }
    statements.join("; ")
}

fn postgres_text(entries: usize, with_answer: bool) -> String {
    match (entries, with_answer) {
        (0, _) => insert_answer(0),
        (_, false) => format!("with entry as ({}) {}", insert_entries(0, entries), insert_pending(entries)),
        (_, true) => format!(
            "with entry as ({}), pending as ({}) {}",
            insert_entries(0, entries),
            insert_pending(entries),
            insert_answer(entries * ENTRY_COLUMNS)
        ),
    }
}

fn insert_entries(after: usize, entries: usize) -> String {
    let mut text = "insert into journal (id, kind, subject, institution, act_us, recorded_us, salt, payload, \
                    payload_digest, leaf_hash) values "
        .to_owned();
    for entry in 0..entries {
        let separator = if entry == 0 { "" } else { ", " };
        let _ = write!(text, "{separator}{}", placeholders(after + entry * ENTRY_COLUMNS, ENTRY_COLUMNS));
    }
    text
}

/// The arrival is drawn after everything that the job read was committed, so it orders causes before effects.
fn insert_pending(entries: usize) -> String {
    let rows: Vec<_> =
        (0..entries).map(|entry| format!("(nextval('journal_arrivals'), ${})", entry * ENTRY_COLUMNS + 1)).collect();
    format!("insert into journal_pending (arrival, entry_id) values {}", rows.join(", "))
}

fn insert_answer(after: usize) -> String {
    format!(
        "insert into answers (principal, request_id, fingerprint, method, refused, outcome) values {} \
         on conflict do nothing",
        placeholders(after, ANSWER_COLUMNS)
    )
}

/// `($11, $12)` for two columns after the first ten.
fn placeholders(after: usize, count: usize) -> String {
    let columns: Vec<_> = (after + 1..=after + count).map(|number| format!("${number}")).collect();
    format!("({})", columns.join(", "))
}
