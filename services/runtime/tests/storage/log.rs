//! The Merkle log that a sequencer makes of a journal.

use std::path::Path;

use runtime::both_databases;
use runtime::db::Db;
use runtime::journal::LogReader;
use runtime::log::{Checkpoint, Hash, Origin, VerifierKey, verify_inclusion};
use runtime::refusal::Denial;
use runtime::testing::journal_entries;

use crate::counter::{add, carry_out, count, until, writer};
use crate::journal::sequencer;

async fn leaf_hashes(db: &Db) -> Vec<Hash> {
    let mut reader = db.read().await.expect("a connection");
    let query = "select j.leaf_hash from journal_positions p join journal j on j.id = p.entry_id order by p.position";
    let rows = sqlx::query(query).fetch_all(reader.sql()).await.expect("rows");
    let bytes = |row: &runtime::db::Row| runtime::db::Columns::bytes(row, 0).expect("bytes");
    rows.iter().map(|row| Hash::from_bytes(&bytes(row)).expect("a hash")).collect()
}

both_databases! {
    async fn every_entry_is_proved_and_every_tile_is_served(db: TestDb) {
        let writer = writer(&db).await;
        let (sequencer, signers) = sequencer(writer.db());
        let origin = Origin::new("town.example/office").expect("an origin");
        let keys: Vec<_> = signers.iter().map(|signer| VerifierKey::new(origin.clone(), signer.public_key().clone())).collect();
        let reader = LogReader::new(writer.db().clone(), sequencer.tree());
        assert!(matches!(reader.checkpoint().await, Err(Denial::NotFound { .. })), "an empty log has no checkpoint");
        let running = tokio::spawn(async move { sequencer.run().await });
        for number in 0..300 {
            carry_out(&writer, add(&format!("c{}", number % 90), 1)).await.expect("an answer");
            if number == 0 {
                // Asked for before the sequencer has come to it.
                let leaf = sqlx_leaf(writer.db()).await;
                reader.prove(leaf).await.expect("a proof");
            }
        }
        until(|| async { count(writer.db(), "select coalesce(max(tree_size), 0) from log_checkpoint").await == 300 }).await;
        let note = reader.checkpoint().await.expect("a checkpoint");
        let opened = Checkpoint::open(note.as_bytes(), &keys).expect("both lines verify");
        assert_eq!((opened.signers.len(), opened.checkpoint.size), (2, 300));
        for (index, leaf) in (0..).zip(leaf_hashes(writer.db()).await) {
            if index % 37 == 0 || index > 290 {
                let proof = reader.prove(leaf).await.expect("a proof");
                assert_eq!((proof.index, proof.size), (index, 300));
                verify_inclusion(&leaf, index, 300, &proof.path, &opened.checkpoint.root).expect("it leads to the root");
            }
        }
        let full = reader.tile("tile/0/000").await.expect("a full tile");
        let narrow = reader.tile("tile/0/000.p/3").await.expect("its beginning");
        assert_eq!((full.len(), &full[..96]), (8192, narrow.as_slice()));
        assert_eq!(reader.tile("tile/0/001.p/44").await.expect("the last tile").len(), 44 * 32);
        assert_eq!(reader.tile("tile/1/000.p/1").await.expect("the level above").len(), 32);
        for absent in ["tile/0/001.p/45", "tile/0/002", "tile/1/000.p/2", "tile/entries/001"] {
            assert!(matches!(reader.tile(absent).await, Err(Denial::NotFound { .. })), "{absent}");
        }
        assert!(matches!(reader.tile("tile/0/0").await, Err(Denial::Malformed(_))));
        assert!(matches!(reader.prove(Hash([7; 32])).await, Err(Denial::NotFound { .. })));
        running.abort();
        export_and_verify(&reader, &keys, 300).await;
        assert_eq!(journal_entries(writer.db()).await.len(), 300);
    }

    async fn a_log_goes_on_after_a_restart(db: TestDb) {
        let writer = writer(&db).await;
        for round in 1..=3 {
            for number in 0..90 {
                carry_out(&writer, add(&format!("c{number}"), 1)).await.expect("an answer");
            }
            let (sequencer, _) = sequencer(writer.db());
            let mut tree = sequencer.tree();
            let running = tokio::spawn(async move { sequencer.run().await });
            tree.wait_for(|size| *size == round * 90).await.expect("the log is extended");
            running.abort();
            let _ = running.await;
        }
        let (sequencer, _) = sequencer(writer.db());
        let reader = LogReader::new(writer.db().clone(), sequencer.tree());
        let running = tokio::spawn(async move { sequencer.run().await });
        let leaf = leaf_hashes(writer.db()).await[17];
        let proof = reader.prove(leaf).await.expect("a proof");
        let root = Checkpoint::parse_unverified(proof.checkpoint.as_bytes()).expect("a checkpoint").root;
        verify_inclusion(&leaf, 17, 270, &proof.path, &root).expect("it leads to the root");
        running.abort();
    }
}

/// The leaf of the first entry, whether it has a position or not.
async fn sqlx_leaf(db: &Db) -> Hash {
    let mut reader = db.read().await.expect("a connection");
    let row = sqlx::query("select leaf_hash from journal").fetch_one(reader.sql()).await.expect("a row");
    Hash::from_bytes(&runtime::db::Columns::bytes(&row, 0).expect("bytes")).expect("a hash")
}

/// Writes the log as files and lets the verifier of `townlink verify` check every byte.
async fn export_and_verify(reader: &LogReader, keys: &[VerifierKey], size: u64) {
    let folder = std::env::temp_dir().join(format!("townlink-log-{}", uuid::Uuid::new_v4()));
    let put = |path: &str, bytes: &[u8]| {
        let path = folder.join(Path::new(path));
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    };
    put("checkpoint", reader.checkpoint().await.expect("a checkpoint").as_bytes());
    for path in ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"] {
        put(path, &reader.tile(path).await.expect("a tile"));
    }
    let files = runtime::log::DirectoryFiles(folder.clone());
    let report = runtime::log::verify_log(&files, keys, None).expect("the log verifies");
    assert_eq!(report.size, size);
    std::fs::remove_dir_all(folder).expect("the folder is removed");
}
