//! Removes contents that no paper refers to: an acceptance failed after its content was kept.

use std::collections::HashSet;
use std::time::Duration;

use runtime::db::{Columns as _, Db};
use runtime::refusal::Failure;
use runtime::tasks::Tasks;
use vocabulary::Sm3Digest;

use super::Content;
use super::spool::Spool;

/// How old a content is before it may be an orphan: an acceptance takes seconds.
const AGE: Duration = Duration::from_secs(3_600);

/// How often contents are looked at.
const CONTENTS_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// How often uploads are looked at.
const UPLOADS_PAUSE: Duration = Duration::from_secs(600);

/// How many contents one statement asks for.
const ASKED_MAX: usize = 256;

/// Sweeps in the background, beginning at once.
pub fn start(db: &Db, content: &Content, tasks: &Tasks) {
    let (db, kept, set) = (db.clone(), content.clone(), tasks.clone());
    tasks.keep("sweep contents", move || {
        let (db, content, set) = (db.clone(), kept.clone(), set.clone());
        async move {
            tokio::select! {
                swept = contents(&db, &content) => swept,
                () = set.stopping() => Ok(()),
            }
        }
    });
    let (spool, set) = (content.spool.clone(), tasks.clone());
    tasks.keep("sweep uploads", move || {
        let (spool, set) = (spool.clone(), set.clone());
        async move {
            tokio::select! {
                () = uploads(&spool) => Ok(()),
                () = set.stopping() => Ok(()),
            }
        }
    });
}

async fn uploads(spool: &Spool) {
    loop {
        tokio::time::sleep(UPLOADS_PAUSE).await;
        let gone = spool.sweep();
        if gone > 0 {
            tracing::info!(gone, "uploads that no paper took were let go");
        }
    }
}

async fn contents(db: &Db, content: &Content) -> Result<(), Failure> {
    loop {
        let store = content.store.clone();
        let old = blocking(move || store.older_than(AGE)).await?;
        for some in old.chunks(ASKED_MAX) {
            let held = held(db, some).await?;
            let orphans: Vec<_> = some.iter().copied().filter(|digest| !held.contains(digest)).collect();
            let store = content.store.clone();
            blocking(move || {
                for orphan in orphans {
                    store.remove(orphan, AGE)?;
                    tracing::info!(%orphan, "a content that no paper refers to was removed");
                }
                Ok(())
            })
            .await?;
        }
        tokio::time::sleep(CONTENTS_PAUSE).await;
    }
}

/// Which of some contents a paper refers to.
async fn held(db: &Db, some: &[Sm3Digest]) -> Result<HashSet<Sm3Digest>, Failure> {
    let text = format!(
        "select distinct digest from paper_attachments where digest in {}",
        crate::rows::values(1, some.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for digest in some {
        query = query.bind(digest.as_bytes().to_vec());
    }
    let mut reader = db.read().await?;
    let rows = query.fetch_all(reader.sql()).await?;
    rows.iter().map(|row| Sm3Digest::try_from(row.bytes(0)?.as_slice()).map_err(Failure::internal)).collect()
}

/// Runs what waits for the disk off the event loop.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?.map_err(Failure::internal)
}
