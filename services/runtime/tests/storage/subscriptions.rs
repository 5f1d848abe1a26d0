//! Each effect once, across crashes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use prost::Name as _;
use runtime::both_databases;
use runtime::db::{Db, Migrations, Tx};
use runtime::execute::Writer;
use runtime::journal::{Author, Event as _, Positioned};
use runtime::refusal::Failure;
use runtime::subscription::{Feed as _, OwnFeed, Reaction, Subscription};
use runtime::testing::settle;
use townlink_proto::townlink::journal::v1::{Authority, Refused};

use crate::counter::{Added, MIGRATIONS, add, carry_out, count, over, until};
use crate::journal::sequencer;

/// Besides the counters, a row for each effect.
const WITH_EFFECTS: Migrations = Migrations {
    files: &[
        MIGRATIONS.files[0],
        ("0002_effects", "create table effects (position bigint not null, subject text not null)"),
    ],
};

/// Writes a row for each counter entry, and journals every fifth.
struct Effects {
    writer: Writer,
    /// Entries up to here fail.
    bad: Arc<AtomicI64>,
}

impl Reaction for Effects {
    fn name(&self) -> &'static str {
        "effects"
    }

    fn kinds(&self) -> Vec<String> {
        vec![Authority::full_name()]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        sqlx::query("insert into effects (position, subject) values ($1, $2)")
            .bind(entry.position)
            .bind(entry.subject())
            .execute(tx.sql())
            .await?;
        if entry.position == self.bad.load(Ordering::SeqCst) {
            return Err(Failure::internal("a bad entry"));
        }
        if entry.position % 5 == 0 && !entry.subject().starts_with("counters/echo") {
            let echo = Added { name: "echo".to_owned(), by: 0, series: None, number: entry.position };
            let author = Author { request_id: None, ..self.writer.as_service() };
            tx.append(runtime::journal::prepare(&echo.record(), &author, self.writer.clock().now(), None)?);
        }
        Ok(())
    }
}

fn subscription(writer: &Writer, bad: &Arc<AtomicI64>) -> Subscription<Effects, OwnFeed> {
    let reaction = Effects { writer: writer.clone(), bad: Arc::clone(bad) };
    Subscription::new(writer.db().clone(), reaction, OwnFeed::new(writer.db().clone()))
}

/// Follows for a while, as a process that is then killed.
fn follow(writer: &Writer, bad: &Arc<AtomicI64>) -> tokio::task::JoinHandle<()> {
    let subscription = subscription(writer, bad);
    tokio::spawn(async move { subscription.follow().await })
}

fn sequence(db: &Db) -> tokio::task::JoinHandle<()> {
    let (sequencer, _) = sequencer(db);
    tokio::spawn(async move { sequencer.run().await })
}

const EFFECTS: &str = "select count(*) from effects where subject <> 'counters/echo'";
const TWICE: &str = "select count(*) from (select position from effects group by position having count(*) > 1) twice";

both_databases! {
    async fn each_effect_happens_once_though_the_subscriber_is_killed(db: TestDb) {
        let writer = over(db.open(&WITH_EFFECTS).await);
        let second = over(db.open(&WITH_EFFECTS).await);
        let bad = Arc::new(AtomicI64::new(0));
        let sequencing = sequence(writer.db());
        let producing = {
            let writer = writer.clone();
            tokio::spawn(async move {
                for number in 0..400 {
                    carry_out(&writer, add(&format!("c{number}"), 1)).await.expect("an answer");
                }
            })
        };
        for round in 0..12 {
            // Two replicas follow at once, and both are killed in the middle.
            let running = [follow(&writer, &bad), follow(if round % 2 == 0 { &writer } else { &second }, &bad)];
            tokio::time::sleep(Duration::from_millis(20 + 7 * round)).await;
            running.iter().for_each(tokio::task::JoinHandle::abort);
        }
        producing.await.expect("no panic");
        let running = follow(&writer, &bad);
        until(|| async { count(writer.db(), EFFECTS).await == 400 }).await;
        until(|| async { count(writer.db(), "select position from subscriptions").await >= 400 }).await;
        assert_eq!(count(writer.db(), TWICE).await, 0);
        running.abort();
        settle(writer.db()).await;
        let order = "select count(*) from journal_positions p join journal j on j.id = p.entry_id \
                     where j.subject <> 'counters/echo' and not exists (select 1 from effects e where e.position = p.position)";
        assert_eq!(count(writer.db(), order).await, 0, "nothing is skipped");
        check_journal_without_order(writer.db()).await;
        sequencing.abort();
    }

    async fn a_bad_entry_is_tried_again_and_holds_up_only_what_comes_after(db: TestDb) {
        let writer = over(db.open(&WITH_EFFECTS).await);
        let sequencing = sequence(writer.db());
        for number in 0..9 {
            carry_out(&writer, add(&format!("c{number}"), 1)).await.expect("an answer");
        }
        settle(writer.db()).await;
        let bad = Arc::new(AtomicI64::new(7));
        let running = follow(&writer, &bad);
        until(|| async { count(writer.db(), "select coalesce(max(position), 0) from subscriptions").await == 6 }).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(count(writer.db(), "select max(position) from effects").await, 6);
        bad.store(0, Ordering::SeqCst);
        until(|| async { count(writer.db(), EFFECTS).await == 9 }).await;
        assert_eq!(count(writer.db(), TWICE).await, 0);
        running.abort();
        sequencing.abort();
    }

    async fn entries_of_other_kinds_move_the_cursor_without_an_effect(db: TestDb) {
        struct Nothing;
        impl Reaction for Nothing {
            fn name(&self) -> &'static str {
                "nothing"
            }
            fn kinds(&self) -> Vec<String> {
                vec![Refused::full_name()]
            }
            async fn react(&self, _: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
                Err(Failure::internal(format!("{} was not asked for", entry.entry.kind)))
            }
        }
        let writer = over(db.open(&WITH_EFFECTS).await);
        let sequencing = sequence(writer.db());
        let own = Subscription::new(writer.db().clone(), Nothing, OwnFeed::new(writer.db().clone()));
        for number in 0..400 {
            carry_out(&writer, add(&format!("c{number}"), 1)).await.expect("an answer");
        }
        let running = tokio::spawn(async move { own.follow().await });
        until(|| async { count(writer.db(), "select coalesce(max(position), 0) from subscriptions").await >= 256 }).await;
        running.abort();
        sequencing.abort();
    }
}

#[tokio::test]
async fn a_watcher_from_beyond_the_journal_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("sqlite:{}", folder.path().join("own.db").display());
    let db = Db::open(&address, runtime::db::Options::default()).await.expect("opens");
    db.migrate(&WITH_EFFECTS).await.expect("migrates");
    let mut entries = OwnFeed::new(db).watch(7, Vec::new()).await.expect("watched");
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), entries.next()).await.expect("in time");
    let Some(Err(Failure::Internal(cause))) = told else { panic!("{told:?}") };
    assert!(cause.to_string().contains("position 7 lies beyond the end of the journal, 0"), "{cause}");
}

/// The echoes of this file share a subject without a row that would order them, so only positions and leaves are checked.
async fn check_journal_without_order(db: &Db) {
    let dense = "select count(*) - max(position) from journal_positions";
    assert_eq!(count(db, dense).await, 0);
}
