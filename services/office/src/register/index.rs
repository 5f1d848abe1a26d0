//! The register in memory, for look-ups and as the start of every decision.
//!
//! Look-ups take the whole register by one atomic load and hold no lock. After a write is durable the index is stale, also where
//! the caller has hung up; whoever asks next brings it up to date with what was added. On PostgreSQL other replicas write too,
//! so the head row is read before every answer, once for all who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use runtime::db::{Backend, Connection, Db, Tx};
use runtime::refusal::Failure;
use tokio::sync::Mutex;

use super::state::Register;
use super::store;

/// How often the register is read anew because it was written meanwhile.
const LOADS_MAX: u32 = 5;

/// The register in memory.
pub(crate) struct Index {
    db: Db,
    current: ArcSwap<Register>,
    /// How often the register was written here.
    written: AtomicU64,
    /// Up to which of these writes the index has read.
    seen: AtomicU64,
    /// How many have asked for a check of the head.
    asked: AtomicU64,
    /// Up to which of them the last check has answered.
    answered: AtomicU64,
    checking: Mutex<()>,
}

impl Index {
    /// Loads the register.
    pub async fn open(db: Db) -> Result<Self, Failure> {
        let index = Self {
            db,
            current: ArcSwap::default(),
            written: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            checking: Mutex::new(()),
        };
        index.check().await?;
        Ok(index)
    }

    /// The register as it is now: every write that was answered before this call is in it.
    pub async fn current(&self) -> Result<Arc<Register>, Failure> {
        let alone = self.db.backend() == Backend::Sqlite;
        if !alone || self.seen.load(Ordering::Acquire) < self.written.load(Ordering::Acquire) {
            self.check().await?;
        }
        Ok(self.current.load_full())
    }

    /// The register as this process last saw it. Enough to start a decision from, which reads the head itself.
    pub fn last_seen(&self) -> Arc<Register> {
        self.current.load_full()
    }

    /// Tells that the register was written. Called once that is durable.
    pub fn written(&self) {
        self.written.fetch_add(1, Ordering::AcqRel);
    }

    /// Brings the index up to date. Those who ask while a check is under way share the next one: the one under way may have read
    /// the head before the write that they know of.
    async fn check(&self) -> Result<(), Failure> {
        let place = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let _turn = self.checking.lock().await;
        if self.answered.load(Ordering::Acquire) >= place {
            return Ok(());
        }
        let answering = self.asked.load(Ordering::Acquire);
        let written = self.written.load(Ordering::Acquire);
        self.refresh().await?;
        // Only now: whoever saw this earlier would have taken the register from before the refresh.
        self.seen.store(written, Ordering::Release);
        self.answered.store(answering, Ordering::Release);
        Ok(())
    }

    async fn refresh(&self) -> Result<(), Failure> {
        let known = self.last_seen();
        let head = store::head(self.db.read().await?.sql()).await?;
        if head == known.head {
            return Ok(());
        }
        // The head is read again: it must be of the same moment as the rows.
        let mut snapshot = self.db.snapshot().await?;
        let next = load(snapshot.sql(), &known).await?;
        self.current.store(next);
        Ok(())
    }
}

/// The register as a transaction sees it, starting from what is known. No other transaction writes the register until this one
/// ends.
pub(crate) async fn load_for(tx: &mut Tx, index: &Index) -> Result<Arc<Register>, Failure> {
    store::lock(tx.sql()).await?;
    load(tx.sql(), &index.last_seen()).await
}

async fn load(sql: &mut Connection, known: &Arc<Register>) -> Result<Arc<Register>, Failure> {
    let mut head = store::head(sql).await?;
    for _ in 0..LOADS_MAX {
        if head == known.head {
            return Ok(Arc::clone(known));
        }
        // A head that lies behind means that the database was put back to an earlier state; then nothing known is worth
        // anything.
        let empty = Register::default();
        let start = if head.revision < known.head.revision { &empty } else { known.as_ref() };
        let register = store::advance(sql, start, head).await?;
        // PostgreSQL shows each statement what was committed before it. Where the head has not moved, all statements saw the
        // same register.
        let now = store::head(sql).await?;
        if now == head {
            return Ok(Arc::new(register));
        }
        head = now;
    }
    Err(Failure::Contention)
}

#[cfg(test)]
mod tests;
