//! Removes contents that no paper refers to: an acceptance failed after its content was kept.

use std::time::Duration;

use runtime::db::Db;
use runtime::refusal::Failure;
use runtime::tasks::Tasks;

use super::Content;
use super::spool::Spool;
use crate::relay::paper::store;

/// How old a content is before it may be an orphan: an acceptance takes seconds.
const AGE: Duration = Duration::from_secs(3_600);

/// How often contents are looked at.
const CONTENTS_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// How often uploads are looked at.
const UPLOADS_PAUSE: Duration = Duration::from_secs(60);

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
        let contents = content.store.clone();
        let old = blocking(move || contents.older_than(AGE)).await?;
        for some in old.chunks(ASKED_MAX) {
            let mut reader = db.read().await?;
            let held = store::held_contents(reader.sql(), some).await?;
            drop(reader);
            let orphans: Vec<_> = some.iter().copied().filter(|digest| !held.contains(digest)).collect();
            let contents = content.store.clone();
            blocking(move || {
                for orphan in orphans {
                    contents.remove(orphan, AGE)?;
                    tracing::info!(%orphan, "a content that no paper refers to was removed");
                }
                Ok(())
            })
            .await?;
        }
        tokio::time::sleep(CONTENTS_PAUSE).await;
    }
}

/// Runs what waits for the disk off the event loop.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?.map_err(Failure::internal)
}
