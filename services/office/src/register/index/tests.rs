//! The index follows what was written: here at once, and on PostgreSQL also by another replica.

use futures::future::join_all;
use runtime::db::{Backend, Db};
use runtime::refusal::Failure;
use vocabulary::time;

use super::*;
use crate::MIGRATIONS;
use crate::register::event::Event;
use crate::register::testing::{PENALTY, Trial, day, power_row, with};

/// Lists one more power, decided upon what the index knows.
async fn list(db: &Db, index: &Arc<Index>, code: &str) {
    let index = Arc::clone(index);
    let known = index.current().await.expect("the register");
    let trial = Trial { register: Register::clone(&known), ..Trial::new() };
    let events =
        trial.check_powers(&[power_row(&with(&PENALTY, &[("power_code", code)]))], "2026-03-02").expect("a power");
    let written = db.write((events, Arc::clone(&index)), |(events, index), tx| {
        Box::pin(async move {
            let register = load_for(tx, index).await?;
            let at = time::start_of_day(day("2026-03-02"));
            let events: Vec<(&Event, _)> = events.iter().map(|event| (event, at)).collect();
            store::write(tx, &events, register.head).await.map_err(Failure::from)
        })
    });
    written.await.expect("it is written");
    index.written();
}

runtime::both_databases! {
    async fn what_was_written_is_seen_at_once(db: TestDb) {
        let database = db.open(&MIGRATIONS).await;
        let index = Arc::new(Index::open(database.clone()).await.expect("an index"));
        for (place, code) in ["P-02-1", "P-02-2", "P-02-3"].into_iter().enumerate() {
            list(&database, &index, code).await;
            let registers = join_all((0..32).map(|_| index.current())).await;
            for register in registers {
                let register = register.expect("the register");
                assert_eq!((register.powers.len(), register.head.revision), (place + 1, place as i64 + 1));
            }
        }
        let again = Index::open(database.clone()).await.expect("an index");
        assert_eq!(again.last_seen().powers.len(), 3);
        database.close().await;
    }

    async fn a_replica_sees_what_another_wrote(db: TestDb) {
        let (one, other) = (db.open(&MIGRATIONS).await, db.open(&MIGRATIONS).await);
        let first = Arc::new(Index::open(one.clone()).await.expect("an index"));
        let second = Arc::new(Index::open(other.clone()).await.expect("an index"));
        list(&one, &first, "P-02-1").await;
        if other.backend() == Backend::Postgres {
            assert_eq!(second.current().await.expect("the register").head.revision, 1);
        } else {
            // One process owns a SQLite file; a second one is told by nobody.
            second.written();
            assert_eq!(second.current().await.expect("the register").head.revision, 1);
        }
        list(&other, &second, "P-02-2").await;
        first.written();
        let known = first.current().await.expect("the register");
        assert_eq!((known.head.revision, known.powers.len(), known.moments.len()), (2, 2, 2));
        one.close().await;
        other.close().await;
    }

    async fn a_write_decided_upon_an_older_register_is_not_made(db: TestDb) {
        let database = db.open(&MIGRATIONS).await;
        let index = Arc::new(Index::open(database.clone()).await.expect("an index"));
        let stale = index.current().await.expect("the register").head;
        list(&database, &index, "P-02-1").await;
        let trial = Trial::new();
        let events = trial.check_powers(&[power_row(&PENALTY)], "2026-03-02").expect("a power");
        let written: Result<(), Failure> = database
            .write(events, move |events, tx| {
                Box::pin(async move {
                    let at = time::start_of_day(day("2026-03-02"));
                    let events: Vec<(&Event, _)> = events.iter().map(|event| (event, at)).collect();
                    store::write(tx, &events, stale).await.map_err(Failure::from)
                })
            })
            .await;
        assert!(written.is_err());
        index.written();
        let known = index.current().await.expect("the register");
        assert_eq!((known.head.revision, known.powers.len()), (1, 1));
        database.close().await;
    }
}
