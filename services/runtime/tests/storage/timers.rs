//! What is due takes effect once, by the town's clock, with several replicas and after a restart.

use std::time::Duration;

use runtime::both_databases;
use runtime::caller::ServiceName;
use runtime::clock::TownClock;
use runtime::db::{Columns as _, Connection, Db, Migrations, Tx};
use runtime::execute::Writer;
use runtime::refusal::{Denial, Failure};
use runtime::tasks::Tasks;
use runtime::timer::{self, Timed};
use vocabulary::{Timestamp, time};

use crate::counter::{Add, Counter, Facts, MIGRATIONS, carry_out, count, over, start, until};

/// Besides the counters, when something is to be added to each.
const WITH_DUES: Migrations = Migrations {
    files: &[MIGRATIONS.files[0], ("0002_dues", "create table dues (name text not null primary key, next_us bigint)")],
};

const BATCH: i64 = 3;

/// Adds one to every counter that is due.
struct Adding(Writer);

impl Timed for Adding {
    fn name(&self) -> &'static str {
        "adding"
    }

    async fn next(&self, sql: &mut Connection) -> Result<Option<Timestamp>, Failure> {
        let row = sqlx::query("select min(next_us) from dues").fetch_one(sql).await?;
        row.maybe_instant(0)
    }

    async fn fire(&self, tx: &mut Tx, now: Timestamp) -> Result<usize, Failure> {
        let rows = sqlx::query("select name from dues where next_us <= $1 order by next_us, name limit $2")
            .bind(time::to_us(now))
            .bind(BATCH)
            .fetch_all(tx.sql())
            .await?;
        for row in &rows {
            let add = Add { name: row.text(0)?, by: 1, ..Add::default() };
            // Another replica may have fired it since the rows were read.
            let claimed = sqlx::query("update dues set next_us = null where name = $1 and next_us is not null")
                .bind(add.name.as_str())
                .execute(tx.sql())
                .await?;
            if claimed.rows_affected() == 1 {
                self.0.carry_out::<Counter>(tx, &add, &Facts::default()).await.map_err(Denial::unforeseen)?;
            }
        }
        Ok(rows.len())
    }
}

async fn set(db: &Db, names: impl IntoIterator<Item = (String, &str)>) {
    for (name, at) in names {
        let at: Timestamp = at.parse().expect("an instant");
        let row = (name, time::to_us(at));
        let set = db.write(row, |(name, at), tx: &mut Tx| {
            Box::pin(async move {
                sqlx::query("insert into dues (name, next_us) values ($1, $2)")
                    .bind(name.as_str())
                    .bind(*at)
                    .execute(tx.sql())
                    .await?;
                Ok::<_, Failure>(())
            })
        });
        set.await.expect("it is set");
    }
}

const ADDED: &str = "select count(*) from counters where value = 1";
const MORE: &str = "select count(*) from counters where value <> 1";

both_databases! {
    async fn each_takes_effect_once_with_several_replicas_and_after_a_restart(db: TestDb) {
        let opened = db.open(&WITH_DUES).await;
        set(&opened, (0..10).map(|index| (format!("due-{index}"), "2026-03-03T00:00:00Z"))).await;
        set(&opened, [("later".to_owned(), "2026-03-05T00:00:00Z")]).await;
        let clock = TownClock::unstored(start());
        let tasks = Tasks::new();
        for _ in 0..3 {
            let writer = Writer::new(opened.clone(), clock.clone(), ServiceName("office"));
            timer::start(Adding(writer.clone()), &writer, &tasks);
        }
        clock.advance("2026-03-04T00:00:00Z".parse().expect("an instant")).await.expect("moved");
        until(|| async { count(&opened, ADDED).await == 10 }).await;
        assert_eq!(count(&opened, MORE).await, 0, "none twice");
        assert!(tasks.stop(Duration::from_secs(10)).await);

        // While nothing runs, the second instant goes by.
        clock.advance("2026-03-06T00:00:00Z".parse().expect("an instant")).await.expect("moved");
        assert_eq!(count(&opened, ADDED).await, 10);
        let (tasks, writer) = (Tasks::new(), Writer::new(opened.clone(), clock, ServiceName("office")));
        timer::start(Adding(writer.clone()), &writer, &tasks);
        until(|| async { count(&opened, ADDED).await == 11 }).await;
        assert_eq!(count(&opened, MORE).await, 0, "none twice");
        assert!(tasks.stop(Duration::from_secs(10)).await);
    }

    async fn what_nobody_asked_for_is_journalled_in_the_name_of_the_service(db: TestDb) {
        let writer = over(db.open(&MIGRATIONS).await);
        carry_out(&writer, crate::counter::add("one", 98)).await.expect("added");
        let job = writer.clone();
        let refused = writer.run(job, |job, tx| Box::pin(async move {
            let add = |by| Add { name: "one".to_owned(), by, ..Add::default() };
            let done = job.carry_out::<Counter>(tx, &add(1), &Facts::default()).await.map_err(Denial::unforeseen)?;
            assert_eq!(done.value, 99);
            Ok(job.carry_out::<Counter>(tx, &add(2), &Facts::default()).await.is_err())
        }));
        assert!(refused.await.expect("a job"), "a rule stands also where nobody asks");
        assert_eq!(count(writer.db(), "select value from counters").await, 99);
        assert_eq!(count(writer.db(), "select count(*) from journal").await, 2, "and no refusal of nobody");
    }
}
