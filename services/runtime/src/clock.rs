//! The town's clock: an argument everywhere, with a timer that fires by it.
//!
//! Law and the relay's retries go by this clock; TLS, pacing and metrics go by the machine's. In development it may be moved
//! by hand, forward only, and then stands still between moves. Every instant is cut to microseconds, which is what is stored.
//!
//! - [`service`]: the clock as a contract.

pub mod service;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use vocabulary::{Date, Timestamp, time};

use crate::db::{Columns as _, Db, Tx};
use crate::refusal::Failure;

pub use service::ClockRpc;

/// The longest sleep before the system clock is looked at again, since it may be set while a timer sleeps.
const NAP_MAX: Duration = Duration::from_secs(60);

/// How the town's time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode {
    /// With the machine's.
    System,
    /// By hand, from a start.
    Manual {
        /// The time at which it starts, where no later one is stored.
        start: Timestamp,
    },
}

/// The town's clock. Cheap to clone.
#[derive(Clone)]
pub struct TownClock {
    inner: Arc<Inner>,
}

enum Inner {
    System { last_us: AtomicI64 },
    Manual { now: watch::Sender<Timestamp>, store: Option<Db> },
}

impl TownClock {
    /// Opens the clock. A manual one starts at the later of the stored and the configured time.
    ///
    /// # Errors
    /// [`Failure`] where the stored time cannot be read or written.
    pub async fn open(mode: ClockMode, db: &Db) -> Result<Self, Failure> {
        match mode {
            ClockMode::System => Ok(Self::system()),
            ClockMode::Manual { start } => {
                let start = store(db, whole_us(start)).await?;
                Ok(Self::manual(start, Some(db.clone())))
            }
        }
    }

    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { inner: Arc::new(Inner::System { last_us: AtomicI64::new(i64::MIN) }) }
    }

    /// A clock moved by hand that is stored nowhere, for programs that keep no database.
    #[must_use]
    pub fn unstored(start: Timestamp) -> Self {
        Self::manual(whole_us(start), None)
    }

    fn manual(start: Timestamp, store: Option<Db>) -> Self {
        Self { inner: Arc::new(Inner::Manual { now: watch::Sender::new(start), store }) }
    }

    /// The town time. Never earlier than an answer given before.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.inner {
            Inner::System { last_us } => {
                let now = time::to_us(Timestamp::now());
                let latest = last_us.fetch_max(now, Ordering::AcqRel).max(now);
                time::from_us(latest).unwrap_or(Timestamp::MAX)
            }
            Inner::Manual { now, .. } => *now.borrow(),
        }
    }

    /// The day it is in the town.
    #[must_use]
    pub fn today(&self) -> Date {
        time::town_date(self.now())
    }

    /// Whether the clock is moved by hand. Receipts then say SIMULATED.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        matches!(*self.inner, Inner::Manual { .. })
    }

    /// Moves a manual clock forward; the new time is stored before this returns. A time not later than the present one changes
    /// nothing, nor does moving the machine's clock. Gives the town time.
    ///
    /// # Errors
    /// [`Failure`] where the new time cannot be stored. The clock is then not moved.
    pub async fn advance(&self, to: Timestamp) -> Result<Timestamp, Failure> {
        if let Inner::Manual { now, store: kept } = &*self.inner {
            let mut to = whole_us(to);
            if let Some(db) = kept.as_ref().filter(|_| to > *now.borrow()) {
                to = store(db, to).await?;
            }
            now.send_if_modified(|now| {
                let later = to > *now;
                *now = to.max(*now);
                later
            });
        }
        Ok(self.now())
    }

    /// Waits until the town time is reached, also where it is reached by moving the clock.
    pub async fn sleep_until(&self, at: Timestamp) {
        match &*self.inner {
            Inner::System { .. } => loop {
                let left = at.duration_since(self.now());
                if !left.is_positive() {
                    return;
                }
                tokio::time::sleep(left.unsigned_abs().min(NAP_MAX)).await;
            },
            Inner::Manual { now, .. } => {
                // The sender is held by this very clock, so waiting ends only by its being moved.
                let _ = now.subscribe().wait_for(|now| *now >= at).await;
            }
        }
    }
}

impl std::fmt::Debug for TownClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TownClock").field("now", &self.now()).field("manual", &self.is_manual()).finish()
    }
}

fn whole_us(at: Timestamp) -> Timestamp {
    time::from_us(time::to_us(at)).unwrap_or(at)
}

/// Stores a time where it is later than the stored one. Gives the stored one.
async fn store(db: &Db, to: Timestamp) -> Result<Timestamp, Failure> {
    db.write(time::to_us(to), |to, tx: &mut Tx| {
        Box::pin(async move {
            let row = sqlx::query(
                "insert into town_clock (id, now_us) values (1, $1) on conflict (id) do update set now_us = \
                 case when excluded.now_us > town_clock.now_us then excluded.now_us else town_clock.now_us end \
                 returning now_us",
            )
            .bind(*to)
            .fetch_one(tx.sql())
            .await?;
            row.instant(0)
        })
    })
    .await
}
