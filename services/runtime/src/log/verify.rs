//! Offline checks by someone who trusts nothing but a public key.
//!
//! [`verify_log`] recomputes a whole exported log from its entries: every leaf is read, every tile compared, the root
//! compared with the signed checkpoint. It streams one bundle at a time, so its memory does not grow with the log.
//!
//! An exported log is a directory: `checkpoint`, `tile/<L>/<N>`, `tile/entries/<N>` (C2SP tlog-tiles) and `keys/` with
//! `*.pem` (SPKI) or `*.vkey`. Keys that lie beside the log prove only that it agrees with itself; whoever doubts the
//! town brings keys from elsewhere.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use super::leaf::{LEAF_BYTES_MAX, Leaf};
use super::note::NOTE_BYTES_MAX;
use super::proof::PROOF_BYTES_MAX;
use super::receipt::RECEIPT_BYTES_MAX;
use super::{
    Checkpoint, Frontier, Hash, InclusionProof, Origin, Receipt, TILE_WIDTH, Tile, TileCoord, VerifierKey,
    decode_bundle, leaf_hash, verify_inclusion,
};
use crate::signing::{Algorithm, PublicKey};

const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + LEAF_BYTES_MAX);
const KEY_FILES_MAX: usize = 1000;

/// What is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The file or entry.
    pub place: String,
    /// What is wrong there.
    pub fault: String,
    /// What to do next.
    pub remedy: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.fault, self.remedy)
    }
}

fn fault(place: impl Into<String>, fault: impl fmt::Display, remedy: &'static str) -> Fault {
    Fault { place: place.into(), fault: fault.to_string(), remedy }
}

const FETCH_AGAIN: &str =
    "export the log again; if it stays so, the log or its copy was changed: keep both and tell the auditor";
const CHANGED: &str = "the log was changed after it was signed, or this copy was: keep it and tell the auditor";
const KEYS: &str = "take the verifier key from a source other than this copy and compare it with the one used here";
const REISSUE: &str = "ask the town for the file again; the copy was changed on its way or is of another paper";

/// Where the files of a log come from.
pub trait LogFiles {
    /// The file at a relative path with `/`, or `None` if there is none; an error if it is longer than `bytes_max`.
    fn read(&self, path: &str, bytes_max: usize) -> io::Result<Option<Vec<u8>>>;

    /// The names of the files directly in a folder, sorted; none if there is no such folder.
    fn names(&self, folder: &str) -> io::Result<Vec<String>>;
}

/// The files of a log in a directory. Reading blocks.
#[derive(Clone, Debug)]
pub struct DirectoryFiles(pub PathBuf);

impl LogFiles for DirectoryFiles {
    fn read(&self, path: &str, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.0.join(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() > bytes_max {
            return Err(io::Error::other(format!("the file has more than {bytes_max} bytes")));
        }
        Ok(Some(bytes))
    }

    fn names(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.0.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// What [`verify_log`] found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// Which log.
    pub origin: Origin,
    /// The number of entries, all of them read.
    pub size: u64,
    /// The root, recomputed.
    pub root: Hash,
    /// The keys whose lines on the checkpoint verified.
    pub signed_by: Vec<VerifierKey>,
    /// The number of tiles compared.
    pub tiles: u64,
    /// The earliest and latest recorded time, in microseconds; none for an empty log.
    pub recorded_us: Option<(i64, i64)>,
    /// The size of the earlier checkpoint that this log was found to continue.
    pub continues: Option<u64>,
}

/// The keys in the `keys` folder of an exported log. They show that a copy agrees with itself, no more.
pub fn exported_keys(files: &dyn LogFiles) -> Result<Vec<VerifierKey>, Fault> {
    const REMEDY: &str = "put SPKI PEM (*.pem) or verifier keys (*.vkey) into keys/, nothing else under these endings";
    let head = Checkpoint::parse_unverified(&required(files, "checkpoint", NOTE_BYTES_MAX)?)
        .map_err(|error| fault("checkpoint", error, FETCH_AGAIN))?;
    let names = files.names("keys").map_err(|error| fault("keys/", error, "make the folder readable"))?;
    let mut keys = Vec::new();
    for name in names.iter().take(KEY_FILES_MAX) {
        let place = format!("keys/{name}");
        let is_pem = name.ends_with(".pem");
        if !is_pem && !name.ends_with(".vkey") {
            continue;
        }
        let bytes = required(files, &place, 16 * 1024)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| fault(&place, error, REMEDY))?;
        let key = if is_pem {
            let key = PublicKey::from_pem(text).map_err(|error| fault(&place, error, REMEDY))?;
            VerifierKey::new(head.origin.clone(), key)
        } else {
            text.parse().map_err(|error| fault(&place, error, REMEDY))?
        };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Recomputes an exported log and compares everything in it with its signed checkpoint.
///
/// `keys` are the keys to trust. With `earlier`, a verified checkpoint of the same log kept from before, the log must also
/// continue that one. Stops at the first fault.
pub fn verify_log(
    files: &dyn LogFiles,
    keys: &[VerifierKey],
    earlier: Option<&Checkpoint>,
) -> Result<LogReport, Fault> {
    let note = required(files, "checkpoint", NOTE_BYTES_MAX)?;
    let opened = Checkpoint::open(&note, keys).map_err(|error| fault("checkpoint", error, KEYS))?;
    let head = opened.checkpoint;
    if let Some(earlier) = earlier {
        check_earlier(earlier, &head)?;
    }
    let mut walk = Walk { files, head: &head, earlier, frontier: Frontier::empty(), tiles: 0, recorded_us: None };
    walk.check_earlier_root()?;
    for bundle in 0..head.size.div_ceil(u64::from(TILE_WIDTH)) {
        walk.bundle(bundle)?;
    }
    for tile in walk.frontier.edge() {
        walk.compare(&tile)?;
    }
    let root = walk.frontier.root();
    if root != head.root {
        return Err(fault(
            "checkpoint",
            format!("its root is {}, the entries give {}", head.root.to_base64(), root.to_base64()),
            CHANGED,
        ));
    }
    Ok(LogReport {
        size: head.size,
        root,
        signed_by: opened.signers.into_iter().cloned().collect(),
        tiles: walk.tiles,
        recorded_us: walk.recorded_us,
        continues: earlier.map(|earlier| earlier.size),
        origin: head.origin.clone(),
    })
}

fn check_earlier(earlier: &Checkpoint, head: &Checkpoint) -> Result<(), Fault> {
    if earlier.origin != head.origin {
        return Err(fault(
            "earlier checkpoint",
            format!("it is of log {}, this one is {}", earlier.origin, head.origin),
            "give the earlier checkpoint of the same log",
        ));
    }
    if earlier.size > head.size {
        return Err(fault(
            "checkpoint",
            format!("the log had {} entries before and has {} now", earlier.size, head.size),
            "give the older checkpoint as the earlier one; if it is, entries were removed: tell the auditor",
        ));
    }
    Ok(())
}

struct Walk<'a> {
    files: &'a dyn LogFiles,
    head: &'a Checkpoint,
    earlier: Option<&'a Checkpoint>,
    frontier: Frontier,
    tiles: u64,
    recorded_us: Option<(i64, i64)>,
}

impl Walk<'_> {
    fn bundle(&mut self, index: u64) -> Result<(), Fault> {
        let coord =
            TileCoord::in_tree(self.head.size, 0, index).map_err(|error| fault("checkpoint", error, FETCH_AGAIN))?;
        let (place, bytes) = self.tile_file(coord, TileCoord::entries_path, BUNDLE_BYTES_MAX)?;
        let entries = decode_bundle(&bytes).map_err(|error| fault(&place, error, FETCH_AGAIN))?;
        let Some(entries) = entries.get(..usize::from(coord.width())) else {
            return Err(fault(
                place,
                format!("it has {} entries, the checkpoint needs {}", entries.len(), coord.width()),
                FETCH_AGAIN,
            ));
        };
        let mut hashes = Vec::with_capacity(entries.len());
        let first = index * u64::from(TILE_WIDTH);
        for (position, entry) in (first..).zip(entries) {
            let leaf =
                Leaf::decode(entry).map_err(|error| fault(format!("{place}, entry {position}"), error, CHANGED))?;
            let at = leaf.header.recorded_at_us;
            let (earliest, latest) = self.recorded_us.unwrap_or((at, at));
            self.recorded_us = Some((earliest.min(at), latest.max(at)));
            hashes.push(leaf_hash(entry));
        }
        self.append(&hashes)
    }

    /// Appends a bundle, in two parts where the earlier checkpoint ends within it.
    fn append(&mut self, hashes: &[Hash]) -> Result<(), Fault> {
        let before = self.frontier.size();
        let split = self
            .earlier
            .and_then(|earlier| earlier.size.checked_sub(before))
            .and_then(|rest| usize::try_from(rest).ok())
            .filter(|rest| (1..hashes.len()).contains(rest));
        let (first, second) = hashes.split_at(split.unwrap_or(hashes.len()));
        for part in [first, second] {
            let tiles = self.frontier.append(part).map_err(|error| fault("checkpoint", error, FETCH_AGAIN))?;
            self.check_earlier_root()?;
            // Partial tiles on the way are not part of a log of this size; the last ones are compared at the end.
            for tile in tiles.iter().filter(|tile| tile.coord().width() == TILE_WIDTH) {
                self.compare(tile)?;
            }
        }
        Ok(())
    }

    fn check_earlier_root(&self) -> Result<(), Fault> {
        match self.earlier {
            Some(earlier) if earlier.size == self.frontier.size() && earlier.root != self.frontier.root() => {
                Err(fault(
                    "earlier checkpoint",
                    format!("the first {} entries are not those that were signed then", earlier.size),
                    "the log was rewritten: keep both checkpoints, they are the proof, and tell the auditor",
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn compare(&mut self, computed: &Tile) -> Result<(), Fault> {
        let coord = computed.coord();
        let bytes_max = usize::from(TILE_WIDTH) * Hash::LENGTH;
        let (place, bytes) = self.tile_file(coord, TileCoord::path, bytes_max)?;
        let computed = computed.to_bytes();
        let Some(found) = bytes.get(..computed.len()) else {
            return Err(fault(place, format!("it has {} bytes, not {}", bytes.len(), computed.len()), FETCH_AGAIN));
        };
        if let Some(at) = found.iter().zip(&computed).position(|(found, own)| found != own) {
            let hash = at / Hash::LENGTH;
            return Err(fault(place, format!("its hash {hash} is not that of the entries"), CHANGED));
        }
        self.tiles += 1;
        Ok(())
    }

    /// A tile or bundle; the full one stands in for a partial one that was deleted, as tlog-tiles allows.
    fn tile_file(
        &self,
        coord: TileCoord,
        path: fn(&TileCoord) -> String,
        bytes_max: usize,
    ) -> Result<(String, Vec<u8>), Fault> {
        let place = path(&coord);
        if let Some(bytes) = optional(self.files, &place, bytes_max)? {
            let is_bundle = place.starts_with("tile/entries/");
            let exact = usize::from(coord.width());
            let fits = if is_bundle {
                decode_bundle(&bytes).is_ok_and(|entries| entries.len() == exact)
            } else {
                bytes.len() == exact * Hash::LENGTH
            };
            return if fits {
                Ok((place, bytes))
            } else {
                Err(fault(place, format!("it does not hold exactly {exact} items"), FETCH_AGAIN))
            };
        }
        let full = path(&coord.full());
        match optional(self.files, &full, bytes_max)? {
            Some(bytes) => Ok((full, bytes)),
            None => Err(fault(place, "the file is missing", FETCH_AGAIN)),
        }
    }
}

fn optional(files: &dyn LogFiles, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Fault> {
    files.read(path, bytes_max).map_err(|error| fault(path, error, "make the file readable, or export the log again"))
}

fn required(files: &dyn LogFiles, path: &str, bytes_max: usize) -> Result<Vec<u8>, Fault> {
    optional(files, path, bytes_max)?.ok_or_else(|| {
        fault(path, "the file is missing", "point to the root of an exported log: it holds checkpoint, tile/ and keys/")
    })
}

/// Checks a receipt: its exact form, and its detached SM2 signature by `key`.
pub fn verify_receipt(receipt: &[u8], signature: &[u8], key: &PublicKey) -> Result<Receipt, Fault> {
    if receipt.len() > RECEIPT_BYTES_MAX {
        return Err(fault("receipt", "a receipt has at most 4,096 bytes", REISSUE));
    }
    if key.algorithm() != Algorithm::Sm2Sm3 {
        return Err(fault(
            "key",
            format!("receipts are signed with SM2-SM3, this key is {}", key.algorithm()),
            "give the SM2 public key that the receipt names as keyId",
        ));
    }
    // The signature first: of bytes that nobody signed, nothing else is worth saying.
    key.verify(receipt, signature).map_err(|error| {
        fault(
            "receipt signature",
            error,
            "check that the key is the one the receipt names as keyId; if it is, the receipt or its .sig was changed",
        )
    })?;
    Receipt::parse(receipt).map_err(|error| fault("receipt", error, REISSUE))
}

/// Checks a proof file: the checkpoint's signatures by `keys`, and that the audit path leads from the leaf to its root.
pub fn verify_proof(proof: &[u8], keys: &[VerifierKey]) -> Result<InclusionProof, Fault> {
    if proof.len() > PROOF_BYTES_MAX {
        return Err(fault("proof", "a proof file has at most 144 KiB", REISSUE));
    }
    let proof = InclusionProof::parse(proof).map_err(|error| fault("proof", error, REISSUE))?;
    let opened =
        Checkpoint::open(proof.checkpoint.as_bytes(), keys).map_err(|error| fault("proof, checkpoint", error, KEYS))?;
    let root = opened.checkpoint.root;
    verify_inclusion(&proof.leaf_hash, proof.index, proof.size, &proof.path, &root)
        .map_err(|error| fault("proof, path", error, REISSUE))?;
    Ok(proof)
}

/// Checks that a verified receipt and a verified proof are of the same leaf of the same log.
pub fn match_receipt(receipt: &Receipt, proof: &InclusionProof) -> Result<(), Fault> {
    if receipt.log_origin != proof.log_origin || receipt.leaf_hash != proof.leaf_hash {
        return Err(fault(
            "proof",
            format!(
                "it is of leaf {} in {}, the receipt names leaf {} in {}",
                proof.leaf_hash, proof.log_origin, receipt.leaf_hash, receipt.log_origin
            ),
            "fetch the proof for the leafHash of this receipt",
        ));
    }
    Ok(())
}
