//! Reading the Merkle log: checkpoints, tiles, bundles and proofs, out of what the sequencer stored.
//!
//! Tiles only grow, so a reader that takes the checkpoint first and the tiles after it finds at least what the checkpoint
//! covers, and needs no lock.

use std::time::Duration;

use sqlx::Row as _;
use tokio::sync::watch;

use crate::db::{Columns as _, Connection, Db, Row};
use crate::log::leaf::{Leaf, LeafHeader};
use crate::log::{
    Checkpoint, Hash, InclusionProof, TILE_WIDTH, Tile, TileCoord, TilePath, TileSet, encode_bundle, prove_inclusion,
    tiles_for_inclusion,
};
use crate::refusal::{Denial, Failure, Violation};

/// How long a proof waits for the sequencer where the call has no earlier deadline.
const SEQUENCER_PATIENCE: Duration = Duration::from_secs(10);

/// The kinds of resources that a reader may find absent.
const CHECKPOINT: &str = "journal.townlink/Checkpoint";
const TILE: &str = "journal.townlink/Tile";
const LEAF: &str = "journal.townlink/Leaf";

/// Reads the log of one service.
#[derive(Clone)]
pub struct LogReader {
    db: Db,
    tree: watch::Receiver<u64>,
}

/// A checkpoint as it is stored.
struct Published {
    size: u64,
    note: String,
}

impl LogReader {
    /// A reader over the service's database; `tree` tells the size of the newest checkpoint, see
    /// [`crate::sequencer::Sequencer::tree`].
    #[must_use]
    pub fn new(db: Db, tree: watch::Receiver<u64>) -> Self {
        Self { db, tree }
    }

    /// The newest checkpoint, as a signed note.
    ///
    /// # Errors
    /// [`Denial::NotFound`] where the log has no entry yet.
    pub async fn checkpoint(&self) -> Result<String, Denial> {
        let mut reader = self.db.read().await?;
        match published(reader.sql()).await? {
            Some(published) => Ok(published.note),
            None => Err(Denial::NotFound { kind: CHECKPOINT, name: "checkpoint".to_owned() }),
        }
    }

    /// The bytes of a tile or an entry bundle, by its path below the root of the log.
    ///
    /// # Errors
    /// [`Denial::Malformed`] for a path of another form, [`Denial::NotFound`] for a tile that the newest checkpoint does not
    /// cover.
    pub async fn tile(&self, path: &str) -> Result<Vec<u8>, Denial> {
        let parsed = TilePath::parse(path).map_err(|error| Violation::malformed("path", error.to_string()))?;
        let (TilePath::Hashes(coord) | TilePath::Entries(coord)) = parsed;
        let mut reader = self.db.read().await?;
        let size = published(reader.sql()).await?.map_or(0, |published| published.size);
        if !is_covered(coord, size) {
            return Err(Denial::NotFound { kind: TILE, name: path.to_owned() });
        }
        match parsed {
            TilePath::Hashes(coord) => Ok(load_tile(reader.sql(), coord).await?.to_bytes()),
            TilePath::Entries(coord) => Ok(bundle(reader.sql(), coord).await?),
        }
    }

    /// Proves that a leaf is in the log. Waits until a checkpoint covers it.
    ///
    /// # Errors
    /// [`Denial::NotFound`] where no entry has that leaf, [`Failure::Unavailable`] where the sequencer is away.
    pub async fn prove(&self, leaf_hash: Hash) -> Result<InclusionProof, Denial> {
        let position = tokio::time::timeout(SEQUENCER_PATIENCE, self.covered_position(leaf_hash))
            .await
            .map_err(|_| Failure::Unavailable { what: "the sequencer", cause: None })??;
        let index = u64::try_from(position - 1).map_err(Failure::internal)?;
        let mut reader = self.db.read().await?;
        let published = published(reader.sql()).await?.ok_or_else(|| Failure::internal("the checkpoint is gone"))?;
        let mut tiles = TileSet::default();
        for coord in tiles_for_inclusion(index, published.size).map_err(Failure::internal)? {
            tiles.insert(load_tile(reader.sql(), coord).await?);
        }
        let path = prove_inclusion(index, published.size, &tiles).map_err(Failure::internal)?;
        let head = Checkpoint::parse_unverified(published.note.as_bytes()).map_err(Failure::internal)?;
        Ok(InclusionProof {
            log_origin: head.origin,
            leaf_hash,
            index,
            size: published.size,
            path,
            checkpoint: published.note,
        })
    }

    /// The position of a leaf, once a checkpoint covers it.
    async fn covered_position(&self, leaf_hash: Hash) -> Result<i64, Denial> {
        let mut grown = self.db.journal_grown();
        let mut tree = self.tree.clone();
        let position = loop {
            grown.mark_unchanged();
            match self.position(leaf_hash).await? {
                Some(position) => break position,
                // Committed, and without a position for a few milliseconds more.
                None => grown.changed().await.map_err(Failure::internal)?,
            }
        };
        let covered = |size: &u64| i64::try_from(*size).is_ok_and(|size| size >= position);
        tree.wait_for(covered).await.map_err(|_| Failure::Unavailable { what: "the sequencer", cause: None })?;
        Ok(position)
    }

    async fn position(&self, leaf_hash: Hash) -> Result<Option<i64>, Denial> {
        let mut reader = self.db.read().await?;
        let row = sqlx::query(
            "select p.position from journal j left join journal_positions p on p.entry_id = j.id \
             where j.leaf_hash = $1",
        )
        .bind(leaf_hash.0.as_slice())
        .fetch_optional(reader.sql())
        .await?;
        match row {
            Some(row) => Ok(row.maybe_int(0)?),
            None => Err(Denial::NotFound { kind: LEAF, name: leaf_hash.to_string() }),
        }
    }
}

/// Whether a tree of `size` leaves has all hashes of a tile.
fn is_covered(coord: TileCoord, size: u64) -> bool {
    let hashes = size.checked_shr(8 * u32::from(coord.level())).unwrap_or(0);
    let end = coord.index().saturating_mul(u64::from(TILE_WIDTH)).saturating_add(u64::from(coord.width()));
    end <= hashes
}

async fn published(sql: &mut Connection) -> Result<Option<Published>, Failure> {
    let row = sqlx::query("select tree_size, note from log_checkpoint where id = 1").fetch_optional(sql).await?;
    row.map(|row| Ok(Published { size: u64::try_from(row.int(0)?).map_err(Failure::internal)?, note: row.text(1)? }))
        .transpose()
}

/// The size of the newest checkpoint; 0 before the first.
pub(crate) async fn published_size(sql: &mut Connection) -> Result<u64, Failure> {
    Ok(published(sql).await?.map_or(0, |published| published.size))
}

/// Loads the first hashes of a tile, as many as its coordinate says.
pub(crate) async fn load_tile(sql: &mut Connection, coord: TileCoord) -> Result<Tile, Failure> {
    let row = sqlx::query("select hashes from log_tiles where level = $1 and tile = $2")
        .bind(i64::from(coord.level()))
        .bind(i64::try_from(coord.index()).map_err(Failure::internal)?)
        .fetch_optional(sql)
        .await?
        .ok_or_else(|| Failure::internal(format!("{coord} is not stored")))?;
    let hashes: &[u8] = row.try_get(0)?;
    let wanted = hashes.get(..usize::from(coord.width()) * Hash::LENGTH);
    let wanted = wanted.ok_or_else(|| Failure::internal(format!("{coord} is stored too short")))?;
    Tile::from_bytes(coord, wanted).map_err(Failure::internal)
}

/// The leaves of a bundle, made again from their entries.
async fn bundle(sql: &mut Connection, coord: TileCoord) -> Result<Vec<u8>, Failure> {
    let before = i64::try_from(coord.index()).map_err(Failure::internal)?.saturating_mul(i64::from(TILE_WIDTH));
    let rows = sqlx::query(
        "select j.id, j.kind, j.institution, j.act_us, j.recorded_us, j.payload_digest \
         from journal_positions p join journal j on j.id = p.entry_id \
         where p.position > $1 and p.position <= $2 order by p.position",
    )
    .bind(before)
    .bind(before.saturating_add(i64::from(coord.width())))
    .fetch_all(sql)
    .await?;
    let leaves = rows.iter().map(leaf).collect::<Result<Vec<_>, _>>()?;
    encode_bundle(leaves.iter().map(Vec::as_slice)).map_err(Failure::internal)
}

fn leaf(row: &Row) -> Result<Vec<u8>, Failure> {
    let header = LeafHeader {
        entry_id: row.text(0)?,
        kind: row.text(1)?,
        institution: row.text(2)?,
        acted_at_us: row.int(3)?,
        recorded_at_us: row.int(4)?,
    };
    let commitment = row.try_get::<&[u8], _>(5)?.try_into().map_err(Failure::internal)?;
    Leaf { header, commitment }.encode().map_err(Failure::internal)
}
