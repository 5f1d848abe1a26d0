//! A disk that is full, a connection that breaks.

use runtime::both_databases;
use runtime::db::{Backend, Columns as _};
use runtime::refusal::{Denial, Failure};
use runtime::testing::{assert_replay, check_journal, run};

use crate::counter::{COUNTERS, add, carry_out, count, replay, writer};

#[tokio::test]
async fn a_full_disk_fails_the_batch_and_loses_nothing_that_was_answered() {
    run(Backend::Sqlite, |db| async move {
        let writer = writer(&db).await;
        carry_out(&writer, add("before", 1)).await.expect("an answer");
        let limit = writer
            .run((), |(), tx| {
                Box::pin(async move {
                    let pages = sqlx::query("pragma page_count").fetch_one(tx.sql()).await?.int(0)?;
                    let limit = format!("pragma max_page_count = {}", pages + 2);
                    sqlx::query(sqlx::AssertSqlSafe(limit)).fetch_one(tx.sql()).await?.int(0)
                })
            })
            .await
            .expect("the limit is set");
        let mut done = 1;
        let failure = loop {
            match carry_out(&writer, add(&format!("c{done}"), 1)).await {
                Ok(_) => done += 1,
                Err(denial) => break denial,
            }
            assert!(done < 10_000, "{limit} pages cannot hold so much");
        };
        assert!(matches!(failure, Denial::Failed(Failure::Unavailable { .. })), "{failure:?}");
        assert_eq!(count(writer.db(), "select count(*) from counters").await, done);
        // There is room again.
        let after = writer
            .run((), |(), tx| {
                Box::pin(async move {
                    sqlx::query("pragma max_page_count = 1000000").fetch_one(tx.sql()).await?;
                    Ok(())
                })
            })
            .await;
        after.expect("the writer goes on");
        carry_out(&writer, add("after", 1)).await.expect("an answer");
        check_journal(writer.db()).await;
        assert_replay(writer.db(), COUNTERS, replay).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_cut_is_made_again_within_the_job() {
    run(Backend::Postgres, |db| async move {
        let writer = writer(&db).await;
        for number in 0..20 {
            carry_out(&writer, add(&format!("c{number}"), 1)).await.expect("an answer");
        }
        let cut = "select cast(count(pg_terminate_backend(pid)) as bigint) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";
        assert!(count(writer.db(), cut).await > 0);
        for number in 20..40 {
            carry_out(&writer, add(&format!("c{number}"), 1)).await.expect("an answer over a new connection");
        }
        assert_eq!(count(writer.db(), "select count(*) from counters").await, 40);
    })
    .await;
}

both_databases! {
    async fn an_address_of_no_database_says_what_is_wanted(db: TestDb) {
        let _ = db;
        let error = runtime::db::Db::open("mysql://town", runtime::db::Options::default()).await.err();
        assert!(matches!(error, Some(Failure::Internal(_))));
    }
}
