//! The Merkle log of a service as pure data structure: leaves, tiles, checkpoints, proofs, receipts, and their check.
//!
//! The formats are public ones: C2SP tlog-tiles, tlog-checkpoint and signed-note over RFC 6962 hashes (SHA-256), so that
//! a stranger checks them with tools that are not ours. The hash of the tree is SHA-256 on purpose, while each leaf
//! carries SM3 inside (DESIGN.md §5).
//!
//! Nothing here touches a database or the network. A store keeps tiles as rows `(level, index) -> hashes`, asks a
//! function which [`TileCoord`]s it needs ([`Frontier::tiles`], [`tiles_for_inclusion`], [`tiles_for_consistency`]),
//! loads them its own way into a [`TileSet`], and computes. [`verify_log`] alone reads files, through [`LogFiles`].
//!
//! - [`leaf`]: the bytes of an entry in the log;
//! - [`Frontier`]: the right edge, to append and to compute the root;
//! - [`prove_inclusion`], [`prove_consistency`] and their checks;
//! - [`Checkpoint`]: a signed tree head, with one line a key ([`VerifierKey`]);
//! - [`Receipt`] and [`InclusionProof`]: what the sender of a paper takes home;
//! - [`verify_log`], [`verify_receipt`], [`verify_proof`]: what `townlink verify` calls.

mod checkpoint;
mod frontier;
mod hash;
pub mod leaf;
mod note;
mod proof;
mod prove;
mod receipt;
mod tile;
mod verify;

pub use checkpoint::{Checkpoint, OpenedCheckpoint};
pub use frontier::Frontier;
pub use hash::{Hash, leaf_hash, node_hash};
pub use note::{NoteError, Origin, SignedNote, VerifierKey};
pub use proof::InclusionProof;
pub use prove::{
    prove_consistency, prove_inclusion, tiles_for_consistency, tiles_for_inclusion, verify_consistency,
    verify_inclusion,
};
pub use receipt::{Mode, Receipt, ReceiptType};
pub use tile::{TILE_WIDTH, Tile, TileCoord, TilePath, TileSet, TreeError, decode_bundle, encode_bundle};
pub use verify::{
    DirectoryFiles, Fault, LogFiles, LogReport, exported_keys, match_receipt, verify_log, verify_proof, verify_receipt,
};

/// The largest tree; far beyond any town, and small enough that no index arithmetic overflows.
pub const LOG_SIZE_MAX: u64 = 1 << 62;

/// Why the bytes of a leaf, a receipt or a proof are not what they claim to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormatError(pub(crate) &'static str);

#[cfg(test)]
mod tests;
