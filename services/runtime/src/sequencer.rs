//! Positions, tiles and checkpoints: what makes a journal a log.
//!
//! On SQLite the writer gives positions itself, in the transaction of the entries. On PostgreSQL one replica leads and gives
//! them after commit: a database sequence would let readers skip an entry whose transaction commits late. The leader is whoever
//! holds an advisory lock; should two believe that they lead, the primary keys let only one write.
//!
//! Whoever leads also extends the Merkle log: soon after news, at most a few times a second, off the writer task.

pub(crate) mod leader;
pub(crate) mod stall;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::db::{Backend, Db};
use crate::log::Origin;
use crate::signing::Signer;
use crate::tasks::Tasks;

/// Pauses of the machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long entries are gathered before a checkpoint covers them.
    pub gather: Duration,
    /// How long a replica that is not told of news waits before it looks, while there was news of late.
    pub poll_min: Duration,
    /// The same after a quiet time.
    pub poll_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            gather: Duration::from_millis(200),
            poll_min: Duration::from_millis(25),
            poll_max: Duration::from_millis(400),
        }
    }
}

/// The sequencer of one service's journal. Every replica runs one.
pub struct Sequencer {
    db: Db,
    origin: Origin,
    signers: Vec<Arc<dyn Signer>>,
    pace: Pace,
    tree: watch::Sender<u64>,
}

impl Sequencer {
    /// A sequencer that signs checkpoints of the log `origin` with each of the signers: one line an algorithm.
    #[must_use]
    pub fn new(db: Db, origin: Origin, signers: Vec<Arc<dyn Signer>>, pace: Pace) -> Self {
        Self { db, origin, signers, pace, tree: watch::Sender::new(0) }
    }

    /// The size of the newest checkpoint. Changes when a larger one is stored, here or by another replica.
    #[must_use]
    pub fn tree(&self) -> watch::Receiver<u64> {
        self.tree.subscribe()
    }

    /// Works in the background, until the process stops.
    pub fn start(self, tasks: &Tasks) {
        let sequencer = Arc::new(self);
        let set = tasks.clone();
        tasks.keep("sequencer", move || {
            let (sequencer, set) = (Arc::clone(&sequencer), set.clone());
            async move {
                tokio::select! {
                    () = sequencer.run() => {}
                    () = set.stopping() => {}
                }
                Ok(())
            }
        });
    }

    /// Works until the database is closed.
    pub async fn run(&self) {
        let leading = watch::Sender::new(self.db.backend() == Backend::Sqlite);
        let sequencing = async {
            match self.db.backend() {
                Backend::Sqlite => std::future::pending().await,
                Backend::Postgres => leader::run(self, &leading).await,
            }
        };
        tokio::select! {
            () = tree::run(self, leading.subscribe()) => {}
            () = sequencing => {}
            () = self.db.closing().cancelled() => {}
        }
    }
}
