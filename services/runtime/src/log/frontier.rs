//! The right edge of the tree: all that is needed to append leaves and to compute the root.

use std::collections::BTreeSet;

use super::hash::subtree_hash;
use super::tile::{TILE_WIDTH, Tile, TileCoord, TileSet, TreeError};
use super::{Hash, LOG_SIZE_MAX, node_hash};

/// The partial tiles of a tree, at most 255 hashes a level: a few kilobytes for any size.
#[derive(Clone, Debug, Default)]
pub struct Frontier {
    size: u64,
    edge: Vec<Vec<Hash>>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The tiles that a tree of `size` leaves must load to go on.
    pub fn tiles(size: u64) -> Result<Vec<TileCoord>, TreeError> {
        if size > LOG_SIZE_MAX {
            return Err(TreeError::TooLarge);
        }
        let mut coords = Vec::new();
        for level in 0..8 {
            let hashes = size >> (8 * u32::from(level));
            if !hashes.is_multiple_of(u64::from(TILE_WIDTH)) {
                coords.push(TileCoord::in_tree(size, level, hashes / u64::from(TILE_WIDTH))?);
            }
        }
        Ok(coords)
    }

    /// Takes up a tree of `size` leaves from the tiles that [`Frontier::tiles`] named.
    pub fn load(size: u64, tiles: &TileSet) -> Result<Self, TreeError> {
        let mut edge = Vec::new();
        for coord in Self::tiles(size)? {
            edge.resize(usize::from(coord.level()), Vec::new());
            edge.push(tiles.hashes(coord)?.to_vec());
        }
        Ok(Self { size, edge })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends leaves and gives back every tile that changed, each once, as it now stands.
    ///
    /// A caller stores the tiles and then the new size in one transaction; if that fails, this value is thrown away.
    pub fn append(&mut self, leaves: &[Hash]) -> Result<Vec<Tile>, TreeError> {
        let added = u64::try_from(leaves.len()).map_err(|_| TreeError::TooLarge)?;
        if self.size.saturating_add(added) > LOG_SIZE_MAX {
            return Err(TreeError::TooLarge);
        }
        let mut changed = Vec::new();
        let mut touched = BTreeSet::new();
        for leaf in leaves {
            self.size += 1;
            let mut carry = Some(*leaf);
            let mut level = 0_u8;
            while let Some(hash) = carry.take() {
                let place = usize::from(level);
                if self.edge.len() == place {
                    self.edge.push(Vec::new());
                }
                self.edge[place].push(hash);
                touched.insert(level);
                if self.edge[place].len() == usize::from(TILE_WIDTH) {
                    let hashes = std::mem::take(&mut self.edge[place]);
                    carry = subtree_hash(&hashes);
                    let index = (self.size >> (8 * (u32::from(level) + 1))) - 1;
                    changed.push(Tile::new(TileCoord::new(level, index, TILE_WIDTH)?, hashes));
                    level += 1;
                }
            }
        }
        for level in touched {
            changed.extend(self.partial_tile(level, &self.edge[usize::from(level)]));
        }
        Ok(changed)
    }

    /// The partial tiles as they now stand: those that [`Frontier::tiles`] names for this size.
    pub fn edge(&self) -> Vec<Tile> {
        (0..).zip(&self.edge).filter_map(|(level, hashes)| self.partial_tile(level, hashes)).collect()
    }

    /// None where the level ends with a full tile.
    fn partial_tile(&self, level: u8, hashes: &[Hash]) -> Option<Tile> {
        let index = self.size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
        let coord = TileCoord::in_tree(self.size, level, index).ok()?;
        Some(Tile::new(coord, hashes.to_vec()))
    }

    /// The root of the tree as it now stands.
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for hashes in &self.edge {
            // Perfect subtrees of one level from the right, that is from the smallest: the bits of the width.
            for bit in 0..8 {
                if hashes.len() & (1 << bit) != 0 {
                    let start = (hashes.len() >> (bit + 1)) << (bit + 1);
                    let subtree = subtree_hash(&hashes[start..start + (1 << bit)]);
                    root = match (subtree, root) {
                        (Some(left), Some(right)) => Some(node_hash(&left, &right)),
                        (left, right) => left.or(right),
                    };
                }
            }
        }
        root.unwrap_or_else(Hash::of_empty_tree)
    }
}
