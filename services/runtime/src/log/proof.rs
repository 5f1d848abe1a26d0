//! The file that shows a leaf to be in a log: `townlink proof v1`.
//!
//! Compact JSON with exactly these keys in this order, without a final newline. `path` is the audit path from the leaf
//! up, in base64; `checkpoint` is the signed note, whose size must be `size` and whose origin must be `logOrigin`.
//!
//! ```json
//! {"v":1,"logOrigin":"…","leafHash":"<hex>","index":4,"size":9,"path":["<base64>",…],"checkpoint":"…\n9\n…\n\n— …\n"}
//! ```

use serde::{Deserialize, Serialize};

use super::note::NOTE_BYTES_MAX;
use super::prove::PATH_MAX;
use super::{Checkpoint, FormatError, Hash, LOG_SIZE_MAX, Origin};

/// No proof file is longer.
pub(super) const PROOF_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX + 16 * 1024;

/// An inclusion proof with the checkpoint that it leads to. Reading it verifies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Which log.
    pub log_origin: Origin,
    /// The leaf that is in it.
    pub leaf_hash: Hash,
    /// Its position.
    pub index: u64,
    /// The number of leaves under the checkpoint.
    pub size: u64,
    /// The audit path, from the leaf up.
    pub path: Vec<Hash>,
    /// The signed checkpoint, as it was published.
    pub checkpoint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    v: u8,
    log_origin: String,
    leaf_hash: String,
    index: u64,
    size: u64,
    path: Vec<String>,
    checkpoint: String,
}

impl InclusionProof {
    /// The bytes of the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        if self.index >= self.size || self.size > LOG_SIZE_MAX {
            return Err(FormatError("the index of a proof is not below its size"));
        }
        if self.path.len() > PATH_MAX {
            return Err(FormatError("the path of a proof has at most 62 hashes"));
        }
        let head = Checkpoint::parse_unverified(self.checkpoint.as_bytes())
            .map_err(|_| FormatError("the checkpoint of the proof is not a signed checkpoint"))?;
        if head.size != self.size || head.origin != self.log_origin {
            return Err(FormatError("the checkpoint of the proof is of another size or log than the proof says"));
        }
        let wire = Wire {
            v: 1,
            log_origin: self.log_origin.to_string(),
            leaf_hash: self.leaf_hash.to_string(),
            index: self.index,
            size: self.size,
            path: self.path.iter().map(Hash::to_base64).collect(),
            checkpoint: self.checkpoint.clone(),
        };
        serde_json::to_vec(&wire).map_err(|_| FormatError("the proof cannot be written"))
    }

    /// Reads the file; every other way to write the same content is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(FormatError("a proof file has at most 144 KiB"));
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|_| FormatError("a proof is one JSON object with exactly the seven keys of version 1"))?;
        if wire.v != 1 {
            return Err(FormatError("the proof has a version other than 1"));
        }
        let proof = Self {
            log_origin: Origin::new(&wire.log_origin)
                .map_err(|_| FormatError("the logOrigin of the proof is no log origin"))?,
            leaf_hash: wire.leaf_hash.parse()?,
            index: wire.index,
            size: wire.size,
            path: wire.path.iter().map(|hash| Hash::from_base64(hash)).collect::<Result<_, _>>()?,
            checkpoint: wire.checkpoint,
        };
        if proof.to_bytes()? == bytes {
            Ok(proof)
        } else {
            Err(FormatError("the proof is not in its one exact form (key order, no white space, no final newline)"))
        }
    }
}
