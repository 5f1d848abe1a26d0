//! Receipts, proof files, exported logs: what a stranger checks.

use proptest::prelude::*;

use super::*;

fn receipt(keys: &Keys, leaf_hash: Hash) -> Receipt {
    Receipt {
        receipt_type: ReceiptType::SignedFor,
        message_id: "7d0f2b64-9c1e-4f0a-8a3b-5c6d7e8f9a0b".to_owned(),
        digest: [0xab; 32],
        leaf_hash,
        time_us: 1_772_413_200_000_000,
        log_origin: keys.origin.clone(),
        key_id: "office-receipts-2026".to_owned(),
        mode: Mode::Soft,
    }
}

fn proof(keys: &Keys, size: u32, index: u32) -> InclusionProof {
    let log = MemoryLog::numbered(size);
    InclusionProof {
        log_origin: keys.origin.clone(),
        leaf_hash: numbered_leaf(index),
        index: index.into(),
        size: size.into(),
        path: prove_inclusion(index.into(), size.into(), &log.tiles).expect("proves"),
        checkpoint: keys.checkpoint(size.into(), log.frontier.root()),
    }
}

#[test]
fn a_receipt_has_one_exact_form() {
    let keys = Keys::generate();
    let receipt = receipt(&keys, Hash([1; 32]));
    let bytes = receipt.to_bytes().expect("writes");
    let expected = format!(
        "{{\"v\":1,\"type\":\"SIGNED_FOR\",\"msgId\":\"7d0f2b64-9c1e-4f0a-8a3b-5c6d7e8f9a0b\",\"digest\":\"{}\",\
         \"leafHash\":\"{}\",\"time\":\"2026-03-02T01:00:00.000000Z\",\"logOrigin\":\"zhangpu.kunshan.gov.cn/office\",\
         \"keyId\":\"office-receipts-2026\",\"mode\":\"SOFT\"}}",
        "ab".repeat(32),
        "01".repeat(32),
    );
    assert_eq!(String::from_utf8(bytes.clone()).expect("utf-8"), expected);
    assert_eq!(Receipt::parse(&bytes).expect("reads"), receipt);
    for other in [
        format!("{expected}\n"),
        expected.replace("\"v\":1,", "\"v\": 1,"),
        expected.replace("\"v\":1,", "\"v\":1,\"v\":1,"),
        expected.replace("\"v\":1,", "\"v\":2,"),
        expected.replace(",\"mode\":\"SOFT\"", ""),
        expected.replace("\"SOFT\"", "\"SOFT\",\"more\":1"),
        expected.replace("\"SOFT\"", "\"soft\""),
        expected.replace(".000000Z", "Z"),
        expected.replace("01:00:00.000000Z", "09:00:00.000000+08:00"),
        expected.replace(&"ab".repeat(32), &"AB".repeat(32)),
        expected.replace("office-", "o\\u0066fice-"),
    ] {
        assert_ne!(other, expected);
        assert!(Receipt::parse(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn receipt_types_and_modes_survive_their_text() {
    let returned = ReceiptType::Returned("RE-DIGEST".to_owned());
    for receipt_type in [ReceiptType::Received, ReceiptType::SignedFor, ReceiptType::Completed, returned] {
        assert_eq!(receipt_type.to_string().parse::<ReceiptType>().expect("reads"), receipt_type);
    }
    for text in ["RETURNED", "RETURNED()", "RETURNED(a)", "RETURNED(A\")", "received", ""] {
        assert!(text.parse::<ReceiptType>().is_err(), "{text}");
    }
    let keys = Keys::generate();
    assert_eq!(Mode::under_a_running_clock(keys.sm2.security()), Mode::Soft);
    let mut bad = receipt(&keys, Hash([1; 32]));
    bad.message_id = "not-a-uuid".to_owned();
    assert!(bad.to_bytes().is_err());
}

#[test]
fn every_changed_byte_of_a_receipt_or_its_signature_is_refused() {
    let keys = Keys::generate();
    let bytes = receipt(&keys, Hash([1; 32])).to_bytes().expect("writes");
    let signature = keys.sm2.sign(&bytes).expect("signs");
    let key = keys.sm2.public_key();
    verify_receipt(&bytes, &signature, key).expect("verifies");
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(verify_receipt(&changed, &signature, key).is_err(), "byte {at}");
    }
    for at in 0..signature.len() {
        let mut changed = signature.clone();
        changed[at] ^= 1;
        assert!(verify_receipt(&bytes, &changed, key).is_err(), "byte {at}");
    }
    let other = Keys::generate();
    assert!(verify_receipt(&bytes, &signature, other.sm2.public_key()).is_err());
    let fault = verify_receipt(&bytes, &signature, keys.ed25519.public_key()).expect_err("not SM2");
    assert_eq!(fault.place, "key");
}

#[test]
fn every_changed_byte_of_a_proof_file_is_refused() {
    let keys = Keys::generate();
    let verifiers = keys.verifiers();
    let own = proof(&keys, 9, 4);
    let bytes = own.to_bytes().expect("writes");
    assert_eq!(verify_proof(&bytes, &verifiers).expect("verifies"), own);
    match_receipt(&receipt(&keys, own.leaf_hash), &own).expect("the same leaf");
    assert!(match_receipt(&receipt(&keys, Hash([1; 32])), &own).is_err());
    for at in 0..bytes.len() {
        for with in [1, 0x20] {
            let mut changed = bytes.clone();
            changed[at] ^= with;
            assert!(verify_proof(&changed, &verifiers).is_err(), "byte {at}");
        }
        assert!(verify_proof(&bytes[..at], &verifiers).is_err(), "cut at {at}");
    }
    assert!(verify_proof(&[&bytes[..], b"\n"].concat(), &verifiers).is_err());
}

#[test]
fn an_exported_log_verifies_and_says_what_it_saw() {
    let keys = Keys::generate();
    for count in [0, 1, 255, 256, 257, 600] {
        let files = export(&keys, count);
        let exported = exported_keys(&files).expect("keys");
        assert_eq!(exported.len(), 2);
        let report = verify_log(&files, &exported, None).expect("verifies");
        assert_eq!(report.size, u64::try_from(count).expect("positive"));
        assert_eq!(report.signed_by.len(), 2);
        assert_eq!(report.recorded_us.is_none(), count == 0);
        let tiles = files.0.keys().filter(|path| path.starts_with("tile/") && !path.contains("entries"));
        assert_eq!(report.tiles, tiles.count() as u64);
    }
}

#[test]
fn an_exported_log_verifies_from_a_directory() {
    let keys = Keys::generate();
    let files = export(&keys, 600);
    let mut name = [0_u8; 8];
    getrandom::fill(&mut name).expect("randomness");
    let dir = std::env::temp_dir().join(format!("townlink-log-{}", hex::encode(name)));
    for (path, bytes) in &files.0 {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        std::fs::write(path, bytes).expect("writes");
    }
    let directory = DirectoryFiles(dir.clone());
    let exported = exported_keys(&directory).expect("keys");
    assert_eq!(verify_log(&directory, &exported, None), verify_log(&files, &exported, None));
    let fault = verify_log(&DirectoryFiles(dir.join("keys")), &exported, None).expect_err("no log");
    assert_eq!(fault.place, "checkpoint");
    std::fs::remove_dir_all(dir).expect("removes");
}

#[test]
fn a_full_file_stands_in_for_a_deleted_partial_one() {
    let keys = Keys::generate();
    let (small, large) = (export(&keys, 300), export(&keys, 600));
    let mut mixed = large.clone();
    mixed.0.insert("checkpoint".to_owned(), small.0["checkpoint"].clone());
    mixed.0.insert("tile/1/000.p/1".to_owned(), small.0["tile/1/000.p/1"].clone());
    verify_log(&mixed, &keys.verifiers(), None).expect("verifies");
}

#[test]
fn an_earlier_checkpoint_must_be_continued() {
    let keys = Keys::generate();
    let verifiers = keys.verifiers();
    let now = export(&keys, 600);
    for size in [0, 1, 255, 256, 257, 599, 600] {
        let then = Checkpoint::parse_unverified(&export(&keys, size).0["checkpoint"]).expect("parses");
        let report = verify_log(&now, &verifiers, Some(&then)).expect("continues");
        assert_eq!(report.continues, Some(then.size));
        let other = Checkpoint { root: Hash([5; 32]), ..then };
        let fault = verify_log(&now, &verifiers, Some(&other)).expect_err("rewritten");
        assert_eq!(fault.place, "earlier checkpoint");
    }
    let later = Checkpoint::parse_unverified(&export(&keys, 601).0["checkpoint"]).expect("parses");
    assert!(verify_log(&now, &verifiers, Some(&later)).is_err());
}

#[test]
fn every_changed_byte_of_a_small_log_is_refused() {
    let keys = Keys::generate();
    let verifiers = keys.verifiers();
    let files = export(&keys, 3);
    for (path, bytes) in files.0.iter().filter(|(path, _)| !path.starts_with("keys/")) {
        for at in 0..bytes.len() {
            let mut changed = files.clone();
            changed.0.get_mut(path).expect("there")[at] ^= 1;
            let fault = verify_log(&changed, &verifiers, None).expect_err(path);
            assert!(!fault.place.is_empty() && !fault.remedy.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_changed_missing_or_cut_file_of_a_log_is_refused(which in any::<usize>(), at in any::<usize>(), how in 0..3) {
        let keys = Keys::generate();
        let mut files = export(&keys, 520);
        files.0.retain(|path, _| !path.starts_with("keys/"));
        let path = files.0.keys().nth(which % files.0.len()).expect("a file").clone();
        let bytes = files.0.get_mut(&path).expect("a file");
        let place = at % bytes.len();
        match how {
            0 => bytes[place] ^= 1,
            1 => bytes.truncate(place),
            _ => {
                files.0.remove(&path);
            }
        }
        prop_assert!(verify_log(&files, &keys.verifiers(), None).is_err(), "{} {}", path, place);
    }

    #[test]
    fn file_parsers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,300}") {
        let keys = Keys::generate();
        let _ = Receipt::parse(&bytes);
        let _ = Receipt::parse(text.as_bytes());
        let _ = InclusionProof::parse(&bytes);
        let _ = verify_proof(text.as_bytes(), &keys.verifiers());
        let _ = verify_receipt(&bytes, &bytes, keys.sm2.public_key());
        let mut files = MemoryFiles::default();
        files.0.insert("checkpoint".to_owned(), bytes.clone());
        files.0.insert("keys/a.vkey".to_owned(), bytes);
        let _ = exported_keys(&files);
        let _ = verify_log(&files, &keys.verifiers(), None);
    }
}
