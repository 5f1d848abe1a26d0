//! Checks of a journal against the tables that it should explain.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message as _;
use sqlx::{Connection as _, Row as _, TypeInfo as _, ValueRef as _};

use crate::db::{Backend, Columns as _, Db, News, Row, open};
use crate::journal::{Positioned, entries_after};
use crate::log::leaf::{Leaf, LeafHeader, Salt};
use crate::sequencer::leader;

/// Waits until every entry of a journal has a position. Where no sequencer works, it is done here.
pub async fn settle(db: &Db) {
    const WITHOUT: &str =
        "select count(*) from journal j where not exists (select 1 from journal_positions p where p.entry_id = j.id)";
    for _ in 0..1_000 {
        let mut reader = db.read().await.expect("a connection");
        let row = sqlx::query(WITHOUT).fetch_one(reader.sql()).await.expect("a count");
        if row.int(0).expect("a number") == 0 {
            return;
        }
        drop(reader);
        if db.backend() == Backend::Postgres {
            let mut connection = open::connect(db.url(), Backend::Postgres).await.expect("a connection");
            // A sequencer that works at the same time is faster, and this then fails.
            drop(leader::give(&mut connection).await);
            connection.close().await.expect("the connection is closed");
            News::tell(&db.news().positioned);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("entries are left without a position");
}

/// Every entry of a journal, in order.
pub async fn journal_entries(db: &Db) -> Vec<Positioned> {
    settle(db).await;
    let mut reader = db.read().await.expect("a connection");
    let mut entries: Vec<Positioned> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |last| last.position);
        let page = entries_after(reader.sql(), after, 1_000).await.expect("the journal is read");
        if page.is_empty() {
            return entries;
        }
        entries.extend(page);
    }
}

/// Checks what must be true of every journal: positions are dense from 1, each subject's recorded times rise, and each leaf is
/// that of its entry. Gives the number of entries.
pub async fn check_journal(db: &Db) -> usize {
    let entries = journal_entries(db).await;
    let mut recorded = HashMap::new();
    for (expected, entry) in (1..).zip(&entries) {
        assert_eq!(entry.position, expected, "positions are dense");
        let at = entry.entry.recorded_time.as_ref().map(|at| (at.seconds, at.nanos));
        let before = recorded.insert(entry.subject(), at);
        if !entry.subject().is_empty() {
            assert!(before.is_none_or(|before| before < at), "recorded times of {} rise", entry.subject());
        }
    }
    let mut reader = db.read().await.expect("a connection");
    let stored = sqlx::query("select count(*) from journal").fetch_one(reader.sql()).await.expect("a count");
    assert_eq!(usize::try_from(stored.int(0).expect("a number")), Ok(entries.len()), "every entry has a position");
    let leaves = sqlx::query(
        "select id, kind, institution, act_us, recorded_us, salt, payload, payload_digest, leaf_hash from journal",
    );
    for row in leaves.fetch_all(reader.sql()).await.expect("the journal is read") {
        check_leaf(&row);
    }
    entries.len()
}

fn check_leaf(row: &Row) {
    let text = |column: usize| row.text(column).expect("a text");
    let bytes = |column: usize| row.bytes(column).expect("bytes");
    let leaf = Leaf {
        header: LeafHeader {
            entry_id: text(0),
            kind: text(1),
            institution: text(2),
            acted_at_us: row.int(3).expect("a number"),
            recorded_at_us: row.int(4).expect("a number"),
        },
        commitment: bytes(7).try_into().expect("a digest"),
    };
    assert_eq!(leaf.hash().expect("a leaf").0.as_slice(), bytes(8), "the leaf hash is that of the entry");
    if let (Some(salt), Some(payload)) = (row.maybe_bytes(5).expect("bytes"), row.maybe_bytes(6).expect("bytes")) {
        let salt = Salt(salt.try_into().expect("a salt"));
        leaf.matches(&salt, &payload).expect("the leaf commits to the payload");
        let decoded = townlink_proto::townlink::journal::v1::Payload::decode(payload.as_slice()).expect("a payload");
        assert_eq!(decoded.encode_to_vec(), payload, "a payload has one encoding");
    }
}

/// The rows of a query, each column as text: numbers in decimal, bytes in hex, null as `null`.
pub async fn rows(db: &Db, query: &'static str) -> Vec<Vec<String>> {
    let mut reader = db.read().await.expect("a connection");
    let rows = sqlx::query(query).fetch_all(reader.sql()).await.expect("the rows are read");
    rows.iter().map(|row| (0..row.len()).map(|column| cell(row, column)).collect()).collect()
}

fn cell(row: &Row, column: usize) -> String {
    let value = row.try_get_raw(column).expect("a column");
    if value.is_null() {
        return "null".to_owned();
    }
    match value.type_info().name() {
        "TEXT" => row.text(column).expect("a text"),
        "BLOB" => hex::encode(row.bytes(column).expect("bytes")),
        _ => row.int(column).expect("a number").to_string(),
    }
}

/// Checks that replaying the journal gives the rows of a query, column by column. `replay` makes the rows out of the entries
/// alone, written as [`rows`] writes them.
pub async fn assert_replay(db: &Db, query: &'static str, replay: impl FnOnce(&[Positioned]) -> Vec<Vec<String>>) {
    let entries = journal_entries(db).await;
    let expected = replay(&entries);
    let found = rows(db, query).await;
    for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
        assert_eq!(expected, found, "row {number} of {query:?} is what the journal tells");
    }
    assert_eq!(expected.len(), found.len(), "{query:?} has as many rows as the journal tells");
}
