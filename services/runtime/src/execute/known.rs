//! Which request ids may have an answer, told without a look at the database.
//!
//! Nearly every request is a new one, and asking a file for an answer that is not there costs a good part of what a write costs.
//! A filter in memory says for certain that an id was never answered, or that it may have been, and then the database is asked.
//! It only spares reads: what keeps a request from being answered twice is the primary key of the answers.

use std::sync::atomic::{AtomicBool, Ordering};

use fastbloom::AtomicBloomFilter;
use sqlx::Row as _;
use vocabulary::RequestId;

use crate::db::{Columns as _, Db};
use crate::refusal::Failure;

/// The size of the filter: 2 MiB, in which four million ids leave six of seven new ones without a look.
const BITS: usize = 1 << 24;

/// Bits that one id sets.
const HASHES: u32 = 4;

/// How many ids are read at once.
const PAGE: i64 = 4_096;

/// The request ids of one database that is written by this process only.
pub(super) struct Known {
    filter: AtomicBloomFilter,
    /// Whether everything that was answered before the start has been read.
    complete: AtomicBool,
}

impl Known {
    pub fn new() -> Self {
        Self { filter: AtomicBloomFilter::with_num_bits(BITS).hashes(HASHES), complete: AtomicBool::new(false) }
    }

    /// Notes an id, before its answer is written.
    pub fn note(&self, principal: &str, request_id: RequestId) {
        self.filter.insert(&(principal, request_id));
    }

    /// Whether an id has no answer for certain.
    pub fn rules_out(&self, principal: &str, request_id: RequestId) -> bool {
        self.complete.load(Ordering::Acquire) && !self.filter.contains(&(principal, request_id))
    }

    /// Reads what was answered before the start.
    pub async fn read(&self, db: &Db) -> Result<(), Failure> {
        let (mut principal, mut request_id) = (String::new(), String::new());
        loop {
            let mut reader = db.read().await?;
            let rows = sqlx::query(
                "select principal, request_id from answers where (principal, request_id) > ($1, $2) \
                 order by principal, request_id limit $3",
            )
            .bind(&principal)
            .bind(&request_id)
            .bind(PAGE)
            .fetch_all(reader.sql())
            .await?;
            drop(reader);
            for row in &rows {
                let id = RequestId::parse(row.try_get::<&str, _>(1)?).map_err(Failure::internal)?;
                self.note(row.try_get::<&str, _>(0)?, id);
            }
            let Some(last) = rows.last() else { break };
            (principal, request_id) = (last.text(0)?, last.text(1)?);
        }
        self.complete.store(true, Ordering::Release);
        Ok(())
    }
}
