//! Positions and watchers.

use std::sync::Arc;

use runtime::both_databases;
use runtime::db::{Backend, Db};
use runtime::log::Origin;
use runtime::sequencer::{Pace, Sequencer};
use runtime::signing::{Signer, SoftEd25519, SoftSm2};
use runtime::testing::{check_journal, journal_entries, run};

use crate::counter::{add, carry_out, count, over, until, writer};

/// A sequencer of the office's log, with fresh keys.
pub fn sequencer(db: &Db) -> (Sequencer, Vec<Arc<dyn Signer>>) {
    let signers: Vec<Arc<dyn Signer>> =
        vec![Arc::new(SoftEd25519::generate().expect("a key")), Arc::new(SoftSm2::generate().expect("a key"))];
    let origin = Origin::new("town.example/office").expect("an origin");
    (Sequencer::new(db.clone(), origin, signers.clone(), Pace::default()), signers)
}

both_databases! {
    async fn positions_follow_commit_order(db: TestDb) {
        let writer = writer(&db).await;
        for number in 0..70 {
            carry_out(&writer, add(&format!("c{number:02}"), 1)).await.expect("an answer");
        }
        let subjects: Vec<_> = journal_entries(writer.db()).await.iter().map(|entry| entry.subject().to_owned()).collect();
        let expected: Vec<_> = (0..70).map(|number| format!("counters/c{number:02}")).collect();
        assert_eq!(subjects, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_leader_dies_another_goes_on_without_a_gap() {
    run(Backend::Postgres, |db| async move {
        let first = over(db.open(&crate::counter::MIGRATIONS).await);
        let second = over(db.open(&crate::counter::MIGRATIONS).await);
        let leaders: Vec<_> = [&first, &second]
            .map(|writer| {
                let (sequencer, _) = sequencer(writer.db());
                tokio::spawn(async move { sequencer.run().await })
            })
            .into();
        for round in 0..30 {
            let both = [&first, &second].map(|writer| carry_out(writer, add(&format!("c{round}"), 1)));
            for outcome in futures::future::join_all(both).await {
                outcome.expect("an answer");
            }
            if round == 10 {
                leaders[0].abort();
            }
            if round % 10 == 5 {
                // The server ends the session of whoever leads.
                let cut = "select cast(count(pg_terminate_backend(pid)) as bigint) from pg_locks \
                           where locktype = 'advisory' and granted and database = \
                           (select oid from pg_database where datname = current_database())";
                count(second.db(), cut).await;
            }
        }
        until(|| async { count(second.db(), "select count(*) from journal_positions").await == 60 }).await;
        assert_eq!(check_journal(second.db()).await, 60);
        let covered = second.db().clone();
        until(|| async { count(&covered, "select coalesce(max(tree_size), 0) from log_checkpoint").await == 60 }).await;
    })
    .await;
}
