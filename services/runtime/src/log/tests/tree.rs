//! Roots, proofs, tiles.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

const VECTOR_LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// The roots of the first 1…8 leaves, as in the tests of Certificate Transparency.
const VECTOR_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(text: &str) -> Hash {
    text.parse().expect("hex")
}

#[test]
fn roots_are_those_of_rfc_6962() {
    assert_eq!(
        Frontier::empty().root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let mut frontier = Frontier::empty();
    for (leaf, root) in VECTOR_LEAVES.iter().zip(VECTOR_ROOTS) {
        let leaf = leaf_hash(&hex::decode(leaf).expect("hex"));
        frontier.append(&[leaf]).expect("appends");
        assert_eq!(frontier.root(), hash(root));
    }
}

#[test]
fn proofs_are_those_of_rfc_6962() {
    let leaves = VECTOR_LEAVES.iter().map(|leaf| leaf_hash(&hex::decode(leaf).expect("hex")));
    let log = MemoryLog::of(leaves.collect(), 3);
    let expected = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    .map(hash);
    assert_eq!(prove_inclusion(0, 8, &log.tiles).expect("proves"), expected);
    assert_eq!(prove_consistency(1, 8, &log.tiles).expect("proves"), expected);
    verify_consistency(1, &hash(VECTOR_ROOTS[0]), 8, &hash(VECTOR_ROOTS[7]), &expected).expect("holds");
}

#[test]
fn a_leaf_is_what_the_module_says_byte_for_byte() {
    let header = LeafHeader {
        entry_id: "e1".to_owned(),
        kind: "k".to_owned(),
        institution: String::new(),
        acted_at_us: 1,
        recorded_at_us: -2,
    };
    let leaf = Leaf::new(header, &Salt([0; 32]), b"abc");
    let bytes = leaf.encode().expect("encodes");
    let (head, commitment) = bytes.split_at(bytes.len() - 32);
    assert_eq!(hex::encode(head), "010002653100016b00000000000000000001fffffffffffffffe");
    assert_eq!(commitment, leaf::commit(&Salt([0; 32]), b"abc"));
    assert_eq!(Leaf::decode(&bytes).expect("decodes"), leaf);
    leaf.matches(&Salt([0; 32]), b"abc").expect("its payload");
    assert!(leaf.matches(&Salt([0; 32]), b"abd").is_err());
    assert!(leaf.matches(&Salt([1; 32]), b"abc").is_err());
    assert!(Leaf::decode(&[&bytes[..], &[0]].concat()).is_err());
    for cut in 0..bytes.len() {
        assert!(Leaf::decode(&bytes[..cut]).is_err());
    }
    let mut long = leaf.clone();
    long.header.entry_id = "x".repeat(129);
    assert!(long.encode().is_err());
    long.header.entry_id = "a\nb".to_owned();
    assert!(long.encode().is_err());
}

#[test]
fn paths_are_those_of_tlog_tiles() {
    let coord = |level, index, width| TileCoord::new(level, index, width).expect("a tile");
    assert_eq!(coord(0, 1_234_067, 256).path(), "tile/0/x001/x234/067");
    assert_eq!(coord(1, 0, 17).path(), "tile/1/000.p/17");
    assert_eq!(coord(0, 273, 112).entries_path(), "tile/entries/273.p/112");
    let edge = Frontier::tiles(70_000).expect("fits");
    assert_eq!(edge, [coord(0, 273, 112), coord(1, 1, 17), coord(2, 0, 1)]);
    assert_eq!(Frontier::tiles(256).expect("fits"), [coord(1, 0, 1)]);
    for path in
        ["tile/0/x001/x234/067", "tile/1/000.p/17", "tile/entries/273.p/112", "tile/7/000", "tile/entries/x001/000"]
    {
        assert_eq!(TilePath::parse(path).expect(path).to_string(), path);
    }
    for path in [
        "",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/8/000",
        "tile/0/+01",
        "/tile/0/001",
        "tile/0/x001",
        "tile/0/../001",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/7/001",
    ] {
        assert!(TilePath::parse(path).is_err(), "{path}");
    }
}

#[test]
fn every_size_around_tile_boundaries_proves_every_kind_of_place() {
    let all = MemoryLog::numbered(65_800);
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_791, 65_792, 65_793] {
        let root = root_of(&all.leaves[..size]);
        let size = size as u64;
        for index in [0, 1, size / 2, size.saturating_sub(257), size.saturating_sub(2), size - 1] {
            if index >= size {
                continue;
            }
            // Exactly the tiles that were asked for, at the width of a tree of that size.
            let tiles = only(&all, &tiles_for_inclusion(index, size).expect("in the tree"));
            let path = prove_inclusion(index, size, &tiles).expect("proves");
            let leaf = &all.leaves[usize::try_from(index).expect("small")];
            verify_inclusion(leaf, index, size, &path, &root).expect("holds");
            assert!(verify_inclusion(leaf, index, size, &path, &Hash([0; 32])).is_err());
        }
        for old in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537] {
            if old > size {
                continue;
            }
            let tiles = only(&all, &tiles_for_consistency(old, size).expect("grows"));
            let proof = prove_consistency(old, size, &tiles).expect("proves");
            let old_root = root_of(&all.leaves[..usize::try_from(old).expect("small")]);
            verify_consistency(old, &old_root, size, &root, &proof).expect("holds");
        }
    }
}

fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::empty();
    frontier.append(leaves).expect("appends");
    frontier.root()
}

fn only(log: &MemoryLog, coords: &[TileCoord]) -> TileSet {
    coords.iter().map(|&coord| Tile::new(coord, log.tiles.hashes(coord).expect("stored").to_vec())).collect()
}

#[test]
fn sizes_and_places_out_of_range_are_errors() {
    let tiles = TileSet::default();
    for (index, size) in [(0, 0), (5, 5), (0, u64::MAX), (u64::MAX, u64::MAX), (0, LOG_SIZE_MAX + 1)] {
        assert!(prove_inclusion(index, size, &tiles).is_err());
        assert!(verify_inclusion(&Hash([0; 32]), index, size, &[], &Hash([0; 32])).is_err());
    }
    for (old, new) in [(2, 1), (0, u64::MAX), (u64::MAX, u64::MAX)] {
        assert!(prove_consistency(old, new, &tiles).is_err());
        assert!(verify_consistency(old, &Hash([0; 32]), new, &Hash([0; 32]), &[]).is_err());
    }
    assert!(Frontier::load(5, &tiles).is_err());
    assert!(Frontier::tiles(u64::MAX).is_err());
    assert!(matches!(prove_inclusion(3, LOG_SIZE_MAX, &tiles), Err(TreeError::MissingTile(_))));
    assert!(tiles_for_consistency(3, LOG_SIZE_MAX).is_ok());
    // The empty log: only its own root continues into anything.
    verify_consistency(0, &Hash::of_empty_tree(), 9, &Hash([1; 32]), &[]).expect("holds");
    assert!(verify_consistency(0, &Hash([1; 32]), 9, &Hash([1; 32]), &[]).is_err());
}

#[test]
fn bundles_keep_their_entries_and_refuse_a_cut() {
    let entries: Vec<Vec<u8>> = (0..256).map(|length| vec![7; length]).collect();
    let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).expect("a bundle");
    assert_eq!(decode_bundle(&bytes).expect("decodes"), entries);
    assert!(decode_bundle(&bytes[..bytes.len() - 1]).is_err());
    assert!(decode_bundle(&[&bytes[..], &[0, 0]].concat()).is_err());
    assert!(encode_bundle([&[0_u8; 65_536][..]]).is_err());
    assert!(encode_bundle(std::iter::repeat_n(&[][..], 257)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn roots_and_proofs_agree_with_ct_merkle(
        size in 1_u32..2_000, batch in 1_usize..700, at in any::<u32>(), old in any::<u32>(), flip in any::<usize>(),
    ) {
        let log = MemoryLog::of((0..size).map(numbered_leaf).collect(), batch);
        let mut oracle = MemoryBackedTree::<Sha256, [u8; 4]>::new();
        for number in 0..size {
            oracle.push(number.to_be_bytes());
        }
        let root = log.frontier.root();
        let oracle_root = oracle.root();
        prop_assert_eq!(root.as_bytes().as_slice(), oracle_root.as_bytes().as_slice());

        let index = at % size;
        let path = prove_inclusion(index.into(), size.into(), &log.tiles).expect("proves");
        let oracle_path = oracle.prove_inclusion(index as usize);
        prop_assert_eq!(path.iter().flat_map(|hash| hash.0).collect::<Vec<_>>(), oracle_path.as_bytes());
        let leaf = numbered_leaf(index);
        verify_inclusion(&leaf, index.into(), size.into(), &path, &root).expect("holds");
        prop_assert!(verify_inclusion(&numbered_leaf(index + 1), index.into(), size.into(), &path, &root).is_err());
        prop_assert!(verify_inclusion(&leaf, u64::from(index) ^ 1, size.into(), &path, &root).is_err());
        if let Some(changed) = flipped(&path, flip) {
            prop_assert!(verify_inclusion(&leaf, index.into(), size.into(), &changed, &root).is_err());
            prop_assert!(verify_inclusion(&leaf, index.into(), size.into(), &path[1..], &root).is_err());
        }
        let longer = [&path[..], &[root]].concat();
        prop_assert!(verify_inclusion(&leaf, index.into(), size.into(), &longer, &root).is_err());

        let old = 1 + old % size;
        let proof = prove_consistency(old.into(), size.into(), &log.tiles).expect("proves");
        let old_root = root_of(&log.leaves[..old as usize]);
        if old < size {
            let oracle_proof = oracle.prove_consistency((size - old) as usize);
            prop_assert_eq!(proof.iter().flat_map(|hash| hash.0).collect::<Vec<_>>(), oracle_proof.as_bytes());
        }
        verify_consistency(old.into(), &old_root, size.into(), &root, &proof).expect("holds");
        prop_assert!(verify_consistency(old.into(), &Hash([3; 32]), size.into(), &root, &proof).is_err());
        prop_assert!(verify_consistency(old.into(), &old_root, size.into(), &Hash([3; 32]), &proof).is_err());
        if let Some(changed) = flipped(&proof, flip) {
            prop_assert!(verify_consistency(old.into(), &old_root, size.into(), &root, &changed).is_err());
        }
    }

    #[test]
    fn tree_parsers_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,80}",
        path in "(tile/)?(entries|[0-9]{1,3})(/x?[0-9]{0,3}){0,8}(\\.p/[0-9]{0,4})?",
        level in any::<u8>(), index in any::<u64>(), width in any::<u16>(), size in any::<u64>(),
    ) {
        let _ = Leaf::decode(&bytes);
        let _ = LeafHeader::decode(&bytes);
        let _ = decode_bundle(&bytes);
        let _ = Hash::from_bytes(&bytes);
        let _ = Hash::from_base64(&text);
        let _ = text.parse::<Hash>();
        for path in [text, path] {
            if let Ok(parsed) = TilePath::parse(&path) {
                prop_assert_eq!(parsed.to_string(), path);
            }
        }
        let _ = TileCoord::in_tree(size, level, index);
        if let Ok(coord) = TileCoord::new(level, index, width) {
            prop_assert_eq!(TilePath::parse(&coord.path()), Ok(TilePath::Hashes(coord)));
            let _ = Tile::from_bytes(coord, &bytes);
        }
        let hashes: Vec<_> = bytes.chunks(32).filter_map(|hash| Hash::from_bytes(hash).ok()).collect();
        let _ = verify_inclusion(&Hash([0; 32]), index, size, &hashes, &Hash([0; 32]));
        let _ = verify_consistency(index, &Hash([0; 32]), size, &Hash([0; 32]), &hashes);
        let _ = tiles_for_inclusion(index, size);
        let _ = tiles_for_consistency(index, size);
    }

    #[test]
    fn a_changed_leaf_is_another_leaf(at in any::<usize>(), with in 1_u8..) {
        let own = leaf(5);
        let mut bytes = own.encode().expect("encodes");
        let place = at % bytes.len();
        bytes[place] ^= with;
        prop_assert_ne!(leaf_hash(&bytes), own.hash().expect("hashes"));
        if let Ok(other) = Leaf::decode(&bytes) {
            prop_assert_ne!(&other, &own);
            prop_assert_eq!(other.encode().expect("encodes"), bytes);
        }
    }
}

fn flipped(hashes: &[Hash], at: usize) -> Option<Vec<Hash>> {
    let mut changed = hashes.to_vec();
    let place = at % (hashes.len() * Hash::LENGTH).max(1);
    let hash = changed.get_mut(place / Hash::LENGTH)?;
    hash.0[place % Hash::LENGTH] ^= 1 << (at % 8);
    Some(changed)
}
