//! Tiles and entry bundles: how the tree and its leaves are stored and served (C2SP tlog-tiles).
//!
//! A tile holds up to 256 hashes of one level; each hash of level L+1 is the root of a full tile of level L. A row of a
//! store is `(level, index) -> hashes`, which only grows, so a store that holds a wider tile than was asked for is right.

use std::collections::BTreeMap;
use std::fmt;

use super::{Hash, LOG_SIZE_MAX};

/// The number of hashes in a full tile, and of entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// The highest level: above it no tree within [`LOG_SIZE_MAX`] has a hash.
const LEVEL_MAX: u8 = 7;

/// Where a tile is, and how many hashes it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileCoord {
    level: u8,
    index: u64,
    width: u16,
}

/// The hashes of a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    coord: TileCoord,
    hashes: Vec<Hash>,
}

/// Tiles at hand for a computation.
#[derive(Clone, Debug, Default)]
pub struct TileSet(BTreeMap<(u8, u64), Tile>);

/// What a path of the tiles interface asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePath {
    /// `tile/<L>/<N>[.p/<W>]`: hashes.
    Hashes(TileCoord),
    /// `tile/entries/<N>[.p/<W>]`: entries; the coordinate is of level 0.
    Entries(TileCoord),
}

/// Why a computation over the tree failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Not a place of a tree.
    #[error("level {level}, index {index}, width {width} is no tile: level 0–7, width 1–256, index within the tree")]
    NoSuchTile {
        /// The level asked for.
        level: u8,
        /// The index asked for.
        index: u64,
        /// The width asked for.
        width: u16,
    },
    /// A tile that the computation needs was not given.
    #[error("tile {0} is missing or too narrow")]
    MissingTile(TileCoord),
    /// A tile's bytes do not fit its coordinate.
    #[error("tile {coord} should have {expected} bytes, not {found}")]
    TileLength {
        /// The tile.
        coord: TileCoord,
        /// What its width demands.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The leaf is not in the tree.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    NoSuchLeaf {
        /// The position asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The sizes do not describe a growing log.
    #[error("a log cannot grow from {old} to {new} leaves")]
    Sizes {
        /// The earlier size.
        old: u64,
        /// The later size.
        new: u64,
    },
    /// The tree would be larger than [`LOG_SIZE_MAX`].
    #[error("a log holds at most 2^62 leaves")]
    TooLarge,
    /// A bundle is malformed.
    #[error("the entry bundle is malformed: {0}")]
    Bundle(&'static str),
    /// A path is not one of the tiles interface.
    #[error("not a path of the form tile/<L>/<N>[.p/<W>] or tile/entries/<N>[.p/<W>]")]
    Path,
    /// The proof does not lead to the root.
    #[error("the proof does not lead to the root")]
    WrongProof,
}

impl TileCoord {
    /// A place in the tree.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TreeError> {
        let index_max = LOG_SIZE_MAX.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
        if level <= LEVEL_MAX && (1..=TILE_WIDTH).contains(&width) && index <= index_max {
            Ok(Self { level, index, width })
        } else {
            Err(TreeError::NoSuchTile { level, index, width })
        }
    }

    /// The tile at (level, index) as it stands in a tree of `size` leaves.
    pub(super) fn in_tree(size: u64, level: u8, index: u64) -> Result<Self, TreeError> {
        let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let before = index.saturating_mul(u64::from(TILE_WIDTH));
        let width = hashes.saturating_sub(before).min(u64::from(TILE_WIDTH));
        Self::new(level, index, u16::try_from(width).expect("at most 256"))
    }

    /// The level: 0 for leaf hashes.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The number of the tile in its level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The number of hashes, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The same place with all 256 hashes.
    pub fn full(&self) -> Self {
        Self { width: TILE_WIDTH, ..*self }
    }

    /// `tile/<L>/<N>[.p/<W>]`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.number())
    }

    /// `tile/entries/<N>[.p/<W>]`, for a coordinate of level 0.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", self.number())
    }

    /// The index in groups of three digits, all but the last with an `x`: 1234067 is `x001/x234/067`.
    fn number(&self) -> String {
        let mut text = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            text = format!("x{:03}/{text}", rest % 1000);
            rest /= 1000;
        }
        if self.width < TILE_WIDTH {
            text.push_str(&format!(".p/{}", self.width));
        }
        text
    }
}

impl fmt::Display for TileCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

impl TilePath {
    /// Reads a path as a server of tiles gets it, without a leading slash.
    pub fn parse(path: &str) -> Result<Self, TreeError> {
        if path.len() > 64 {
            return Err(TreeError::Path);
        }
        let rest = path.strip_prefix("tile/").ok_or(TreeError::Path)?;
        let (level, number) = rest.split_once('/').ok_or(TreeError::Path)?;
        let (number, width) = match number.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(|_| TreeError::Path)?),
            None => (number, TILE_WIDTH),
        };
        let mut index = 0_u64;
        for group in number.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            let value: u64 = digits.parse().map_err(|_| TreeError::Path)?;
            index = index.checked_mul(1000).and_then(|index| index.checked_add(value)).ok_or(TreeError::Path)?;
        }
        let parsed = if level == "entries" {
            Self::Entries(TileCoord::new(0, index, width)?)
        } else {
            let level = level.parse().map_err(|_| TreeError::Path)?;
            Self::Hashes(TileCoord::new(level, index, width)?)
        };
        // One tile has one path: whatever the loop above let through must be written the same way.
        if parsed.to_string() == path { Ok(parsed) } else { Err(TreeError::Path) }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashes(coord) => f.write_str(&coord.path()),
            Self::Entries(coord) => f.write_str(&coord.entries_path()),
        }
    }
}

impl Tile {
    /// Reads the stored or served bytes of a tile.
    pub fn from_bytes(coord: TileCoord, bytes: &[u8]) -> Result<Self, TreeError> {
        let expected = usize::from(coord.width) * Hash::LENGTH;
        if bytes.len() != expected {
            return Err(TreeError::TileLength { coord, expected, found: bytes.len() });
        }
        let (hashes, _) = bytes.as_chunks::<{ Hash::LENGTH }>();
        Ok(Self { coord, hashes: hashes.iter().copied().map(Hash).collect() })
    }

    pub(super) fn new(coord: TileCoord, hashes: Vec<Hash>) -> Self {
        debug_assert_eq!(usize::from(coord.width), hashes.len());
        Self { coord, hashes }
    }

    /// The bytes to store or serve: the hashes, one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }

    /// Where the tile is.
    pub fn coord(&self) -> TileCoord {
        self.coord
    }

    /// The hashes, from left to right.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }
}

impl TileSet {
    /// Adds a tile, in place of a narrower or wider one at its place.
    pub fn insert(&mut self, tile: Tile) {
        self.0.insert((tile.coord.level, tile.coord.index), tile);
    }

    /// The first `coord.width()` hashes at that place.
    pub fn hashes(&self, coord: TileCoord) -> Result<&[Hash], TreeError> {
        self.0
            .get(&(coord.level, coord.index))
            .and_then(|tile| tile.hashes.get(..usize::from(coord.width)))
            .ok_or(TreeError::MissingTile(coord))
    }
}

impl FromIterator<Tile> for TileSet {
    fn from_iter<I: IntoIterator<Item = Tile>>(tiles: I) -> Self {
        let mut set = Self::default();
        set.extend(tiles);
        set
    }
}

impl Extend<Tile> for TileSet {
    fn extend<I: IntoIterator<Item = Tile>>(&mut self, tiles: I) {
        for tile in tiles {
            self.insert(tile);
        }
    }
}

/// Writes an entry bundle: each entry after its length as u16 BE.
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TreeError> {
    let mut bytes = Vec::new();
    for (count, entry) in entries.into_iter().enumerate() {
        if count >= usize::from(TILE_WIDTH) {
            return Err(TreeError::Bundle("it has more than 256 entries"));
        }
        let length =
            u16::try_from(entry.len()).map_err(|_| TreeError::Bundle("an entry has more than 65,535 bytes"))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// Reads an entry bundle of at most 256 entries.
pub fn decode_bundle(mut bytes: &[u8]) -> Result<Vec<&[u8]>, TreeError> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        if entries.len() >= usize::from(TILE_WIDTH) {
            return Err(TreeError::Bundle("it has more than 256 entries"));
        }
        let (entry, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(TreeError::Bundle("its last entry ends too early"))?;
        entries.push(entry);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(entries) } else { Err(TreeError::Bundle("its last entry ends too early")) }
}
