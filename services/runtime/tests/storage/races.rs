//! Many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use runtime::both_databases;
use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::testing::{assert_replay, check_journal, fresh_request_id};

use crate::counter::{
    Add, COUNTERS, Counter, Facts, Trouble, add, answers, called, carry_out, count, replay, until, writer,
};

/// Carries out commands at once.
async fn at_once(writer: &Writer, commands: Vec<Add>) -> Vec<Result<i64, Denial>> {
    let running = commands.into_iter().map(|command| {
        let writer = writer.clone();
        tokio::spawn(async move { carry_out(&writer, command).await })
    });
    join_all(running).await.into_iter().map(|done| done.expect("no panic")).collect()
}

both_databases! {
    async fn of_hundreds_who_race_for_one_row_one_wins(db: TestDb) {
        let writer = writer(&db).await;
        let outcomes = at_once(&writer, vec![add("a", 60); 400]).await;
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(Denial::Stored(_)))).count();
        assert_eq!((won, refused), (1, 399), "every other one is told no");
        assert_eq!((answers(writer.db()).await, check_journal(writer.db()).await), (400, 400));
        assert_replay(writer.db(), COUNTERS, replay).await;
    }

    async fn changes_of_one_row_are_all_counted(db: TestDb) {
        let writer = writer(&db).await;
        let outcomes = at_once(&writer, vec![add("a", 1); 100]).await;
        let mut values: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect("an answer")).collect();
        values.sort_unstable();
        assert_eq!(values, (1..=100).collect::<Vec<_>>(), "no change is lost, none is made twice");
        check_journal(writer.db()).await;
        assert_replay(writer.db(), COUNTERS, replay).await;
    }

    async fn one_request_sent_many_times_at_once_has_one_effect(db: TestDb) {
        let writer = writer(&db).await;
        let id = fresh_request_id();
        let sent = (0..50).map(|_| {
            let writer = writer.clone();
            let call = called(&writer, id, b"a");
            tokio::spawn(async move { writer.execute::<Counter>(call, add("a", 7), Facts::default()).await })
        });
        let outcomes: Vec<_> = join_all(sent).await.into_iter().map(|sent| sent.expect("no panic").expect("an answer")).collect();
        assert!(outcomes.iter().all(|answer| answer.bytes == outcomes[0].bytes));
        assert_eq!((answers(writer.db()).await, check_journal(writer.db()).await), (1, 1));
        assert_eq!(count(writer.db(), "select value from counters").await, 7);
    }

    async fn positions_are_dense_while_some_jobs_fail(db: TestDb) {
        let writer = writer(&db).await;
        let trouble = [None, Some(Trouble::PanicInDecide), None, Some(Trouble::PanicAfterSave), Some(Trouble::AbsentAfterSave)];
        let commands: Vec<_> = (0..300)
            .map(|number| Add { trouble: trouble[number % trouble.len()], ..add(&format!("c{}", number % 40), 1) })
            .collect();
        let outcomes = at_once(&writer, commands).await;
        let good = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let bad = outcomes.iter().filter(|outcome| matches!(outcome, Err(Denial::Failed(Failure::Internal(_))))).count();
        assert_eq!((good, bad), (120, 180), "each bad job fails by itself");
        assert_eq!(check_journal(writer.db()).await, 120);
        assert_replay(writer.db(), COUNTERS, replay).await;
    }

    async fn a_client_that_hangs_up_leaves_nothing_half_done(db: TestDb) {
        let writer = writer(&db).await;
        let finished = Arc::new(AtomicBool::new(false));
        let job = {
            let (writer, finished) = (writer.clone(), Arc::clone(&finished));
            async move {
                writer
                    .run(finished, |finished, tx: &mut Tx| {
                        Box::pin(async move {
                            for number in 0..200_i64 {
                                sqlx::query("insert into counters (name, version, recorded_us, value) values ($1, 1, 0, 0)")
                                    .bind(number.to_string())
                                    .execute(tx.sql())
                                    .await?;
                            }
                            finished.store(true, Ordering::SeqCst);
                            Ok(())
                        })
                    })
                    .await
            }
        };
        assert!(tokio::time::timeout(Duration::from_millis(3), job).await.is_err(), "the client hangs up in the middle");
        until(|| async { finished.load(Ordering::SeqCst) }).await;
        carry_out(&writer, add("after", 1)).await.expect("the writer goes on");
        until(|| async { count(writer.db(), "select count(*) from counters").await == 201 }).await;
    }

    async fn closing_finishes_what_waits_and_takes_nothing_new(db: TestDb) {
        let writer = writer(&db).await;
        let running: Vec<_> = (0..100)
            .map(|number| {
                let writer = writer.clone();
                tokio::spawn(async move { carry_out(&writer, add(&format!("c{number}"), 1)).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(5)).await;
        writer.db().close().await;
        let outcomes: Vec<_> = join_all(running).await.into_iter().map(|done| done.expect("no panic")).collect();
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let away = outcomes.iter().filter(|outcome| matches!(outcome, Err(Denial::Failed(Failure::Unavailable { .. })))).count();
        assert_eq!(done + away, 100);
        let again = db.open(&crate::counter::MIGRATIONS).await;
        let kept = count(&again, "select count(*) from counters").await;
        assert!(kept >= i64::try_from(done).expect("a small number"), "what was answered is there");
    }
}
