//! Proofs of inclusion and consistency (RFC 6962 section 2.1), computed from tiles, and their checks.

use std::collections::BTreeSet;

use ct_merkle::{ConsistencyProof, RootHash, indices_for_consistency_proof, indices_for_inclusion_proof};
use sha2::Sha256;

use super::hash::subtree_hash;
use super::tile::{TILE_WIDTH, TileCoord, TileSet, TreeError};
use super::{Hash, LOG_SIZE_MAX, node_hash};

/// No path is longer than the height of the largest tree.
pub(super) const PATH_MAX: usize = 62;

/// The tiles that [`prove_inclusion`] reads.
pub fn tiles_for_inclusion(index: u64, size: u64) -> Result<Vec<TileCoord>, TreeError> {
    tiles_for_nodes(&inclusion_nodes(index, size)?, size)
}

/// The audit path of the leaf at `index` in a tree of `size` leaves, from the leaf up.
pub fn prove_inclusion(index: u64, size: u64, tiles: &TileSet) -> Result<Vec<Hash>, TreeError> {
    hashes_of_nodes(&inclusion_nodes(index, size)?, size, tiles)
}

/// The tiles that [`prove_consistency`] reads.
pub fn tiles_for_consistency(old: u64, new: u64) -> Result<Vec<TileCoord>, TreeError> {
    tiles_for_nodes(&consistency_nodes(old, new)?, new)
}

/// The proof that the tree of `new` leaves continues the tree of `old` leaves; empty from the empty tree.
pub fn prove_consistency(old: u64, new: u64, tiles: &TileSet) -> Result<Vec<Hash>, TreeError> {
    hashes_of_nodes(&consistency_nodes(old, new)?, new, tiles)
}

/// Checks an audit path by the algorithm of RFC 9162 section 2.1.3.2: the leaf hash is at `index` under `root`.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), TreeError> {
    if index >= size || size > LOG_SIZE_MAX {
        return Err(TreeError::NoSuchLeaf { index, size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return Err(TreeError::WrongProof);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(TreeError::WrongProof) }
}

/// Checks that the log of `new_size` leaves under `new_root` continues the one of `old_size` leaves under `old_root`.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), TreeError> {
    if old_size > new_size || new_size > LOG_SIZE_MAX {
        return Err(TreeError::Sizes { old: old_size, new: new_size });
    }
    if old_size == 0 {
        // Every log continues the empty one.
        return if proof.is_empty() && *old_root == Hash::of_empty_tree() {
            Ok(())
        } else {
            Err(TreeError::WrongProof)
        };
    }
    let bytes = proof.iter().flat_map(|hash| hash.0).collect();
    let proof = ConsistencyProof::<Sha256>::try_from_bytes(bytes).map_err(|_| TreeError::WrongProof)?;
    RootHash::<Sha256>::new(new_root.0.into(), new_size)
        .verify_consistency(&RootHash::new(old_root.0.into(), old_size), &proof)
        .map_err(|_| TreeError::WrongProof)
}

/// A full subtree: 2^height leaves, the `number`th of its height.
#[derive(Clone, Copy)]
struct Subtree {
    height: u32,
    number: u64,
}

/// Where the root of a full subtree is computed from: a run of hashes in one tile.
struct Run {
    coord: TileCoord,
    start: usize,
    length: usize,
}

fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<u64>, TreeError> {
    if index >= size || size > LOG_SIZE_MAX {
        return Err(TreeError::NoSuchLeaf { index, size });
    }
    Ok(indices_for_inclusion_proof(size, index))
}

fn consistency_nodes(old: u64, new: u64) -> Result<Vec<u64>, TreeError> {
    if old > new || new > LOG_SIZE_MAX {
        return Err(TreeError::Sizes { old, new });
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    Ok(indices_for_consistency_proof(old, new - old))
}

/// The full subtrees under a node of ct-merkle's array-based tree, from left to right. A node at the right edge may be
/// cut off by the size; it then has several.
fn subtrees(node: u64, size: u64) -> Vec<Subtree> {
    let height = node.trailing_ones();
    let mut start = (node >> (height + 1)) << height;
    let end = size.min(start + (1 << height));
    let mut parts = Vec::new();
    while start < end {
        let height = start.trailing_zeros().min((end - start).ilog2());
        parts.push(Subtree { height, number: start >> height });
        start += 1 << height;
    }
    parts
}

fn run(subtree: Subtree, size: u64) -> Result<Run, TreeError> {
    let width = u64::from(TILE_WIDTH);
    let level = u8::try_from(subtree.height / 8).map_err(|_| TreeError::TooLarge)?;
    let start = subtree.number << (subtree.height % 8);
    Ok(Run {
        coord: TileCoord::in_tree(size, level, start / width)?,
        start: usize::try_from(start % width).map_err(|_| TreeError::TooLarge)?,
        length: 1 << (subtree.height % 8),
    })
}

fn tiles_for_nodes(nodes: &[u64], size: u64) -> Result<Vec<TileCoord>, TreeError> {
    let mut coords = BTreeSet::new();
    for subtree in nodes.iter().flat_map(|&node| subtrees(node, size)) {
        coords.insert(run(subtree, size)?.coord);
    }
    Ok(coords.into_iter().collect())
}

fn hashes_of_nodes(nodes: &[u64], size: u64, tiles: &TileSet) -> Result<Vec<Hash>, TreeError> {
    nodes
        .iter()
        .map(|&node| {
            let mut hash: Option<Hash> = None;
            for subtree in subtrees(node, size).into_iter().rev() {
                let run = run(subtree, size)?;
                let left = tiles
                    .hashes(run.coord)?
                    .get(run.start..run.start + run.length)
                    .and_then(subtree_hash)
                    .ok_or(TreeError::MissingTile(run.coord))?;
                hash = Some(match hash {
                    Some(right) => node_hash(&left, &right),
                    None => left,
                });
            }
            hash.ok_or(TreeError::WrongProof)
        })
        .collect()
}
