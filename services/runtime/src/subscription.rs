//! Another journal's entries, each effect once.
//!
//! The cursor is kept in the subscriber's database and moves in the same transaction as the effect, so there is no distributed
//! transaction and no effect twice. Where the other side is away, the subscription waits for it, as long as it takes, and goes
//! on where it was. Several replicas may run the same subscription: the cursor lets only one of them have each effect.
//!
//! - [`feed`]: where entries come from.

pub mod feed;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use townlink_proto::townlink::journal::v1 as pb;

use crate::db::{Columns as _, Db, Tx};
use crate::journal::Positioned;
use crate::refusal::Failure;
use crate::tasks::Tasks;

pub use feed::{Feed, OwnFeed, PeerFeed};

/// How many entries take effect in one transaction at most.
const BATCH_MAX: usize = 64;

/// How far a cursor may be ahead of what is stored of it, where the entries between were of no interest.
const UNSTORED_MAX: i64 = 256;

/// The pause after a break, doubled up to the longest one.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// Up to this pause a break is not told to the operator.
const PAUSE_UNTOLD: Duration = Duration::from_millis(400);

/// What a service does when a journal says something.
///
/// An error rolls the effect back and is tried again with growing pauses, for as long as it takes; nothing is skipped. What the
/// law wants refused is therefore not an error here, but an effect that says so.
pub trait Reaction: Send + Sync + 'static {
    /// The name under which the cursor is kept. Never changes.
    fn name(&self) -> &'static str;

    /// The kinds of entries wanted, by the full names of their event messages.
    fn kinds(&self) -> Vec<String>;

    /// The effect of one entry, in a transaction of the subscriber. Awaits nothing but SQL, and may run more than once.
    fn react(&self, tx: &mut Tx, entry: &Positioned) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Told once the effects of some entries are durable. Must not block.
    fn committed(&self, entries: &[Positioned]) {
        let _ = entries;
    }
}

/// A reaction to a feed.
pub struct Subscription<R, F> {
    db: Db,
    reaction: Arc<R>,
    feed: F,
}

/// Entries that take effect together.
struct Batch<R> {
    reaction: Arc<R>,
    entries: Vec<Positioned>,
    /// Where the cursor stands before.
    from: i64,
    /// Where it stands after.
    to: i64,
}

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cursor {
    Moved,
    /// Another replica moved it first.
    Elsewhere,
}

impl<R: Reaction, F: Feed> Subscription<R, F> {
    /// A subscription that keeps its cursor in `db`, where the effects are.
    pub fn new(db: Db, reaction: R, feed: F) -> Self {
        Self { db, reaction: Arc::new(reaction), feed }
    }

    /// Follows the feed in the background, until the process stops.
    pub fn start(self, tasks: &Tasks) {
        let subscription = Arc::new(self);
        let set = tasks.clone();
        tasks.keep("subscription", move || {
            let (subscription, set) = (Arc::clone(&subscription), set.clone());
            async move {
                tokio::select! {
                    () = subscription.follow() => {}
                    () = set.stopping() => {}
                }
                Ok(())
            }
        });
    }

    /// Follows the feed for ever.
    pub async fn follow(&self) {
        let mut pause = PAUSE_MIN;
        loop {
            if let Err(failure) = self.follow_once(&mut pause).await {
                self.tell(&failure, pause);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// A break that the next tries mend is nothing to be warned of: streams end with their life, and with either process.
    fn tell(&self, failure: &Failure, pause: Duration) {
        let (subscription, cause) = (self.reaction.name(), crate::telemetry::chain(failure));
        let beyond = is_beyond(failure);
        metrics::gauge!("townlink_subscription_beyond_journal", "subscription" => subscription).set(u8::from(beyond));
        if beyond {
            tracing::error!(
                subscription,
                cause,
                "the journal that is followed is shorter than what was read of it: one of the two databases is not the one it \
                 was; restore both from one backup"
            );
        } else if pause <= PAUSE_UNTOLD {
            tracing::debug!(subscription, cause, "the subscription pauses");
        } else {
            tracing::warn!(subscription, cause, "the subscription pauses");
        }
    }

    /// Follows one stream to its end. Whatever comes of it makes the next pause short again.
    async fn follow_once(&self, pause: &mut Duration) -> Result<(), Failure> {
        let mut stored = self.cursor().await?;
        let entries = self.feed.watch(stored, self.reaction.kinds()).await?;
        let mut entries = pin!(entries.ready_chunks(BATCH_MAX));
        while let Some(chunk) = entries.next().await {
            let mut broken = None;
            let mut batch = Vec::with_capacity(chunk.len());
            let mut reached = stored;
            for message in chunk {
                match message {
                    Ok(message) => {
                        reached = message.position;
                        batch.extend(positioned(message));
                    }
                    Err(failure) => broken = Some(failure),
                }
            }
            if !batch.is_empty() || reached - stored >= UNSTORED_MAX {
                if self.take_effect(batch, stored, reached).await? == Cursor::Elsewhere {
                    return Ok(());
                }
                stored = reached;
                *pause = PAUSE_MIN;
            }
            if let Some(failure) = broken {
                return Err(failure);
            }
        }
        Ok(())
    }

    async fn cursor(&self) -> Result<i64, Failure> {
        let mut reader = self.db.read().await?;
        let row = sqlx::query("select position from subscriptions where name = $1")
            .bind(self.reaction.name())
            .fetch_optional(reader.sql())
            .await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Lets entries take effect, all in one transaction. Where that fails, one by one, so that those before a bad one are done
    /// and it alone is left to be tried again.
    async fn take_effect(&self, entries: Vec<Positioned>, from: i64, to: i64) -> Result<Cursor, Failure> {
        let count = entries.len();
        match self.commit(entries.clone(), from, to).await {
            Err(Failure::Internal(cause)) if count > 1 => {
                tracing::error!(subscription = self.reaction.name(), %cause, "entries are taken one by one");
            }
            other => return other,
        }
        let mut from = from;
        for entry in entries {
            let position = entry.position;
            if self.commit(vec![entry], from, position).await? == Cursor::Elsewhere {
                return Ok(Cursor::Elsewhere);
            }
            from = position;
        }
        self.commit(Vec::new(), from, to).await
    }

    async fn commit(&self, entries: Vec<Positioned>, from: i64, to: i64) -> Result<Cursor, Failure> {
        if from == to {
            return Ok(Cursor::Moved);
        }
        let batch = Batch { reaction: Arc::clone(&self.reaction), entries, from, to };
        let committed = |batch: &Batch<R>, cursor: &Cursor| {
            if *cursor == Cursor::Moved {
                batch.reaction.committed(&batch.entries);
            }
        };
        self.db.write_then(batch, |batch, tx| Box::pin(react(batch, tx)), committed).await
    }
}

/// Moves the cursor, and lets the entries take effect.
async fn react<R: Reaction>(batch: &Batch<R>, tx: &mut Tx) -> Result<Cursor, Failure> {
    let moved = sqlx::query(
        "insert into subscriptions (name, position) values ($1, $2) on conflict (name) do update \
         set position = excluded.position where subscriptions.position = $3",
    )
    .bind(batch.reaction.name())
    .bind(batch.to)
    .bind(batch.from)
    .execute(tx.sql())
    .await?
    .rows_affected();
    if moved == 0 {
        return Ok(Cursor::Elsewhere);
    }
    for entry in &batch.entries {
        batch.reaction.react(tx, entry).await?;
    }
    Ok(Cursor::Moved)
}

/// Whether the cursor lies beyond the journal that is followed.
fn is_beyond(failure: &Failure) -> bool {
    match failure {
        Failure::Internal(cause) => {
            cause.downcast_ref::<tonic::Status>().is_some_and(|status| status.code() == tonic::Code::OutOfRange)
        }
        Failure::Unavailable { .. } | Failure::Contention | Failure::Exhausted(_) => false,
    }
}

fn positioned(message: pb::WatchEntriesResponse) -> Option<Positioned> {
    message.entry.map(|entry| Positioned { position: message.position, entry })
}
