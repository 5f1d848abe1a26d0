//! Offline checks, on a log and a receipt that are made here, without a town.

use std::fs;
use std::path::Path;

use runtime::log::leaf::{Leaf, LeafHeader, Salt};
use runtime::log::{
    Checkpoint, Frontier, InclusionProof, Mode, Origin, Receipt, ReceiptType, TileSet, VerifierKey, encode_bundle,
    prove_inclusion,
};
use runtime::signing::{Signer, SoftEd25519, SoftSm2};

use super::{folder, stderr, stdout, townlink};

const MESSAGE: &str = "7d0f1c1e-5a50-4a6d-9a55-6f0f5d1f1c11";

/// A log of three entries, with a receipt and a proof of the second.
fn example(folder: &Path) {
    let origin = Origin::new("zhangpu.kunshan/gateway").expect("an origin");
    let leaf = |number: i64| {
        let header = LeafHeader {
            entry_id: format!("entry-{number}"),
            kind: "townlink.gateway.v1.PaperAccepted".to_owned(),
            institution: String::new(),
            acted_at_us: 1_772_413_200_000_000 + number,
            recorded_at_us: 1_772_413_200_000_000 + number,
        };
        Leaf::new(header, &Salt([7; 32]), b"payload")
    };
    let leaves: Vec<_> = (0..3).map(leaf).collect();
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.hash().expect("a hash")).collect();
    let encoded: Vec<_> = leaves.iter().map(|leaf| leaf.encode().expect("a leaf")).collect();
    let mut frontier = Frontier::empty();
    let tiles = frontier.append(&hashes).expect("tiles");
    let (ed25519, sm2) = (SoftEd25519::generate().expect("a key"), SoftSm2::generate().expect("a key"));
    let head = Checkpoint { origin: origin.clone(), size: 3, root: frontier.root() };
    let signers: [&dyn Signer; 2] = [&ed25519, &sm2];
    let checkpoint = head.sign(&signers).expect("a checkpoint");
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    write("log/checkpoint", checkpoint.as_bytes());
    write("log/tile/entries/000.p/3", &encode_bundle(encoded.iter().map(Vec::as_slice)).expect("a bundle"));
    for tile in &tiles {
        write(&format!("log/{}", tile.coord().path()), &tile.to_bytes());
    }
    for (name, key) in [("ed25519", ed25519.public_key()), ("sm2", sm2.public_key())] {
        write(&format!("log/keys/{name}.vkey"), VerifierKey::new(origin.clone(), key.clone()).to_string().as_bytes());
    }
    write("receipt-key.pem", sm2.public_key().to_pem().as_bytes());
    let receipt = Receipt {
        receipt_type: ReceiptType::Received,
        message_id: MESSAGE.to_owned(),
        digest: [1; 32],
        leaf_hash: hashes[1],
        time_us: 1_772_413_200_000_000,
        log_origin: origin.clone(),
        key_id: "town-receipt".to_owned(),
        mode: Mode::Simulated,
    };
    let content = receipt.to_bytes().expect("a receipt");
    write("receipt.json.sig", &sm2.sign(&content).expect("a signature"));
    write("receipt.json", &content);
    let set: TileSet = tiles.into_iter().collect();
    let path = prove_inclusion(1, 3, &set).expect("a path");
    let proof = InclusionProof { log_origin: origin, leaf_hash: hashes[1], index: 1, size: 3, path, checkpoint };
    write("proof.json", &proof.to_bytes().expect("a proof"));
}

const KEYS: [&str; 4] = ["--key", "log/keys/sm2.vkey", "--key", "log/keys/ed25519.vkey"];

#[test]
fn a_receipt_its_proof_and_its_log_verify() {
    let folder = folder();
    example(folder.path());
    let receipt = townlink(folder.path(), &["verify", "receipt.json", "--key", "receipt-key.pem"]);
    assert!(stdout(&receipt).starts_with("receipt verifies: RECEIVED of paper 7d0f1c1e"), "{}", stderr(&receipt));
    let both = ["verify", "receipt.json", "--proof", "proof.json", "--key", "receipt-key.pem"];
    let both = townlink(folder.path(), &[&both[..], &KEYS[..]].concat());
    assert!(stdout(&both).contains("is entry 1 of 3 in zhangpu.kunshan/gateway"), "{}", stderr(&both));
    let log = townlink(folder.path(), &[&["verify", "log"][..], &KEYS[..]].concat());
    assert!(stdout(&log).contains("has 3 entries, every one read"), "{}", stderr(&log));
    assert!(!stdout(&log).contains("agrees with itself"));
    let own = townlink(folder.path(), &["verify", "."]);
    assert!(stdout(&own).contains("agrees with itself and no more"), "{}", stderr(&own));
}

#[test]
fn one_changed_byte_is_found() {
    let folder = folder();
    example(folder.path());
    let change = |file: &str, from: &str, to: &str| {
        let path = folder.path().join(file);
        let bytes = fs::read(&path).expect("a file");
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("the text");
        let changed = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        fs::write(&path, changed).expect("a file");
    };
    change("receipt.json", "RECEIVED", "RECEIVES");
    let receipt = townlink(folder.path(), &["verify", "receipt.json", "--key", "receipt-key.pem"]);
    assert_eq!(receipt.status.code(), Some(5));
    for told in ["does not verify", "place:", "remedy:"] {
        assert!(stderr(&receipt).contains(told), "{}", stderr(&receipt));
    }
    change("log/tile/entries/000.p/3", "entry-1", "entry-9");
    let log = townlink(folder.path(), &[&["verify", "log"][..], &KEYS[..]].concat());
    assert_eq!(log.status.code(), Some(5), "{}", stderr(&log));
}

#[test]
fn a_file_that_is_no_longer_one_does_not_verify() {
    let folder = folder();
    example(folder.path());
    for (file, path) in [("proof.json", "proof.json"), ("log/checkpoint", "log"), ("receipt.json", "receipt.json")] {
        fs::write(folder.path().join(file), b"\xff{").expect("a file");
        let output = townlink(folder.path(), &[&["verify", path][..], &KEYS[..]].concat());
        assert_eq!(output.status.code(), Some(5), "{file}: {}", stderr(&output));
    }
}

#[test]
fn a_key_of_another_does_not_verify() {
    let folder = folder();
    example(folder.path());
    assert!(townlink(folder.path(), &["key", "generate", "stranger"]).status.success());
    let other = townlink(folder.path(), &["verify", "receipt.json", "--key", "townlink-data/keys/stranger.pub"]);
    assert_eq!(other.status.code(), Some(5), "{}", stderr(&other));
    let none = townlink(folder.path(), &["verify", "receipt.json"]);
    assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
}
