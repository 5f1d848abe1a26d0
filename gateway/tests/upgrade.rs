//! A database of an earlier version keeps what it holds.

use runtime::both_databases;
use runtime::db::Migrations;
use runtime::refusal::Failure;
use runtime::testing::rows;

/// The migrations before completed papers earned receipts.
const EARLIER: Migrations = Migrations { files: gateway::MIGRATIONS.files.split_at(2).0 };

both_databases! {
    async fn receipts_move_into_their_new_table(db: TestDb) {
        let earlier = db.open(&EARLIER).await;
        let written = earlier.write((), |(), tx| Box::pin(async move {
            for statement in [
                "insert into papers (sender, message_id, accepted_us, payload, payload_digest, summary, particulars, receipt) \
                 select 'water', 'm', 1, leaf_hash, leaf_hash, leaf_hash, leaf_hash, leaf_hash from \
                 (select public_key as leaf_hash from keys) as some_key",
                "insert into receipts (sender, message_id, place, office_entry, accepted_us, type, institution, person, reason, \
                 act_us, receipt) select sender, message_id, 1, 'e', 1, 'SIGNED_FOR', 'OFFICE', 'clerk', '', 2, receipt from papers",
            ] {
                sqlx::query(statement).execute(tx.sql()).await?;
            }
            Ok::<_, Failure>(())
        }));
        key(&earlier).await;
        written.await.expect("an earlier paper");
        earlier.close().await;
        let now = db.open(&gateway::MIGRATIONS).await;
        let kept = rows(&now, "select sender, message_id, office_entry, type, result, on_time, receipt from receipts").await;
        assert_eq!(kept, [["water", "m", "e", "SIGNED_FOR", "", "0", "01"]]);
        now.close().await;
    }
}

/// A key, whose bytes stand for all others here.
async fn key(db: &runtime::db::Db) {
    let written = db.write((), |(), tx| {
        Box::pin(async move {
            sqlx::query(
                "insert into keys (id, owner, public_key, valid_from, software, document_number, registrar, state, version, \
                 recorded_us) values ('k', 'county/water', $1, '2026-01-01', 1, 'd', 'r', 'ACTIVE', 1, 1)",
            )
            .bind(vec![1_u8])
            .execute(tx.sql())
            .await?;
            Ok::<_, Failure>(())
        })
    });
    written.await.expect("a key");
}
