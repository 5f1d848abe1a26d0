//! What must hold of the log: against RFC 6962's vectors, against ct-merkle, and against whoever changes a byte.

use std::collections::BTreeMap;
use std::io;

use super::leaf::{Leaf, LeafHeader, Salt};
use super::*;
use crate::signing::{Signer, SoftEd25519, SoftSm2};

mod files;
mod notes;
mod tree;

/// A log kept in memory as a store would keep it: a row a tile.
struct MemoryLog {
    frontier: Frontier,
    tiles: TileSet,
    leaves: Vec<Hash>,
}

impl MemoryLog {
    fn of(leaves: Vec<Hash>, batch: usize) -> Self {
        let mut tiles = TileSet::default();
        let mut frontier = Frontier::empty();
        for batch in leaves.chunks(batch.max(1)) {
            // As a store does it: only size and tiles are kept from one batch to the next.
            frontier = Frontier::load(frontier.size(), &tiles).expect("the edge is stored");
            tiles.extend(frontier.append(batch).expect("appends"));
        }
        Self { frontier, tiles, leaves }
    }

    fn numbered(count: u32) -> Self {
        Self::of((0..count).map(numbered_leaf).collect(), 100)
    }
}

fn numbered_leaf(number: u32) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

struct Keys {
    ed25519: SoftEd25519,
    sm2: SoftSm2,
    origin: Origin,
}

impl Keys {
    fn generate() -> Self {
        Self {
            ed25519: SoftEd25519::generate().expect("randomness"),
            sm2: SoftSm2::generate().expect("randomness"),
            origin: Origin::new("zhangpu.kunshan.gov.cn/office").expect("an origin"),
        }
    }

    fn signers(&self) -> [&dyn Signer; 2] {
        [&self.ed25519, &self.sm2]
    }

    fn verifiers(&self) -> Vec<VerifierKey> {
        self.signers().map(|signer| VerifierKey::new(self.origin.clone(), signer.public_key().clone())).to_vec()
    }

    fn checkpoint(&self, size: u64, root: Hash) -> String {
        let origin = self.origin.clone();
        Checkpoint { origin, size, root }.sign(&self.signers()).expect("signs")
    }
}

fn leaf(number: i64) -> Leaf {
    let header = LeafHeader {
        entry_id: format!("0195{number:08}"),
        kind: "townlink.office.v1.PaperReceived".to_owned(),
        institution: "OFFICE".to_owned(),
        acted_at_us: 1_772_413_200_000_000 + number,
        recorded_at_us: 1_772_413_200_000_001 + number,
    };
    Leaf::new(header, &Salt([7; 32]), &number.to_be_bytes())
}

/// An exported log in memory.
#[derive(Clone, Default)]
struct MemoryFiles(BTreeMap<String, Vec<u8>>);

impl LogFiles for MemoryFiles {
    fn read(&self, path: &str, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        match self.0.get(path) {
            Some(bytes) if bytes.len() > bytes_max => Err(io::Error::other("too long")),
            found => Ok(found.cloned()),
        }
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let names = self.0.keys().filter_map(|path| path.strip_prefix(&format!("{folder}/")));
        Ok(names.map(str::to_owned).collect())
    }
}

fn export(keys: &Keys, count: i64) -> MemoryFiles {
    let entries: Vec<_> = (0..count).map(|number| leaf(number).encode().expect("encodes")).collect();
    let log = MemoryLog::of(entries.iter().map(|entry| leaf_hash(entry)).collect(), 37);
    let size = log.frontier.size();
    let mut files = MemoryFiles::default();
    for (index, bundle) in (0..).zip(entries.chunks(256)) {
        let coord = TileCoord::in_tree(size, 0, index).expect("in the tree");
        let bytes = encode_bundle(bundle.iter().map(Vec::as_slice)).expect("a bundle");
        files.0.insert(coord.entries_path(), bytes);
    }
    for level in 0..8 {
        for index in 0.. {
            let Ok(coord) = TileCoord::in_tree(size, level, index) else {
                break;
            };
            let hashes = log.tiles.hashes(coord).expect("stored");
            files.0.insert(coord.path(), hashes.iter().flat_map(|hash| hash.0).collect());
        }
    }
    files.0.insert("checkpoint".to_owned(), keys.checkpoint(size, log.frontier.root()).into_bytes());
    let [ed25519, _] = &keys.verifiers()[..] else {
        unreachable!("two keys");
    };
    files.0.insert("keys/log.vkey".to_owned(), format!("{ed25519}\n").into_bytes());
    files.0.insert("keys/log-sm2.pem".to_owned(), keys.sm2.public_key().to_pem().into_bytes());
    files
}
