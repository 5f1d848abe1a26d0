//! Extending the Merkle log.

use std::time::Duration;

use sqlx::Row as _;
use tokio::sync::watch;

use super::Sequencer;
use crate::db::{Connection, Tx};
use crate::journal::{load_tile, published_size};
use crate::log::{Checkpoint, Frontier, Hash, Tile, TileSet};
use crate::refusal::Failure;
use crate::signing::Signer;
use crate::telemetry;

/// How many leaves one checkpoint adds at most: a bound on memory where the log is far behind.
const LEAVES_MAX: i64 = 4_096;

/// How long to wait after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// What is stored in one transaction: the tiles that changed, and the checkpoint over them.
struct Step {
    old_size: i64,
    new_size: i64,
    tiles: Vec<Tile>,
    note: String,
}

/// Extends the log whenever this replica leads and there is news, for ever.
pub(super) async fn run(sequencer: &Sequencer, mut leading: watch::Receiver<bool>) {
    let mut grown = sequencer.db.journal_grown();
    let mut frontier = None;
    loop {
        // An error of a channel means that its other side is gone, and with it the need to go on.
        if leading.wait_for(|leading| *leading).await.is_err() {
            return;
        }
        grown.mark_unchanged();
        match extend(sequencer, &mut frontier).await {
            Ok(()) => {
                let news = tokio::select! {
                    news = grown.changed() => news,
                    // Whoever led in between may have left entries behind.
                    news = leading.changed() => news,
                };
                if news.is_err() {
                    return;
                }
                tokio::time::sleep(sequencer.pace.gather).await;
            }
            Err(failure) => {
                let cause = telemetry::chain(&failure);
                tracing::error!(cause, "the log was not extended");
                frontier = None;
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Takes up every entry that has a position.
async fn extend(sequencer: &Sequencer, known: &mut Option<Frontier>) -> Result<(), Failure> {
    loop {
        let mut reader = sequencer.db.read().await?;
        let mut frontier = match known.take() {
            Some(frontier) => frontier,
            None => load(reader.sql()).await?,
        };
        let size = frontier.size();
        sequencer.tree.send_if_modified(|known| size > std::mem::replace(known, size.max(*known)));
        let old_size = i64::try_from(size).map_err(Failure::internal)?;
        let leaves = leaves_after(reader.sql(), old_size).await?;
        drop(reader);
        if leaves.is_empty() {
            *known = Some(frontier);
            return Ok(());
        }
        let tiles = frontier.append(&leaves).map_err(Failure::internal)?;
        let note = sign(sequencer, &frontier).await?;
        let new_size = i64::try_from(frontier.size()).map_err(Failure::internal)?;
        let step = Step { old_size, new_size, tiles, note };
        // Where another replica stored a step after the same size, nothing was written, and the log is taken up again.
        if sequencer.db.write(step, |step, tx| Box::pin(store(step, tx))).await? {
            *known = Some(frontier);
        }
    }
}

async fn sign(sequencer: &Sequencer, frontier: &Frontier) -> Result<String, Failure> {
    let checkpoint = Checkpoint { origin: sequencer.origin.clone(), size: frontier.size(), root: frontier.root() };
    let signers = sequencer.signers.clone();
    // A signature takes milliseconds, which the event loop must not wait for.
    let signed = tokio::task::spawn_blocking(move || {
        let signers: Vec<&dyn Signer> = signers.iter().map(AsRef::as_ref).collect();
        checkpoint.sign(&signers)
    });
    signed.await.map_err(Failure::internal)?.map_err(Failure::internal)
}

async fn store(step: &Step, tx: &mut Tx) -> Result<bool, Failure> {
    let result = sqlx::query(
        "insert into log_checkpoint (id, tree_size, note) values (1, $1, $2) on conflict (id) do update \
         set tree_size = excluded.tree_size, note = excluded.note where log_checkpoint.tree_size = $3",
    )
    .bind(step.new_size)
    .bind(step.note.as_str())
    .bind(step.old_size)
    .execute(tx.sql())
    .await?;
    if result.rows_affected() == 0 {
        return Ok(false);
    }
    for tile in &step.tiles {
        sqlx::query(
            "insert into log_tiles (level, tile, hashes) values ($1, $2, $3) \
             on conflict (level, tile) do update set hashes = excluded.hashes",
        )
        .bind(i64::from(tile.coord().level()))
        .bind(i64::try_from(tile.coord().index()).map_err(Failure::internal)?)
        .bind(tile.to_bytes())
        .execute(tx.sql())
        .await?;
    }
    Ok(true)
}

/// Takes up the log where its newest checkpoint left it.
async fn load(sql: &mut Connection) -> Result<Frontier, Failure> {
    let size = published_size(sql).await?;
    let mut tiles = TileSet::default();
    for coord in Frontier::tiles(size).map_err(Failure::internal)? {
        tiles.insert(load_tile(sql, coord).await?);
    }
    Frontier::load(size, &tiles).map_err(Failure::internal)
}

async fn leaves_after(sql: &mut Connection, position: i64) -> Result<Vec<Hash>, Failure> {
    let rows = sqlx::query(
        "select j.leaf_hash from journal_positions p join journal j on j.id = p.entry_id \
         where p.position > $1 order by p.position limit $2",
    )
    .bind(position)
    .bind(LEAVES_MAX)
    .fetch_all(sql)
    .await?;
    rows.iter().map(|row| Hash::from_bytes(row.try_get(0)?).map_err(Failure::internal)).collect()
}
