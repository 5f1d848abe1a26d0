//! A database that somebody else holds: who it is, and for how long it may last untold.

use std::time::{Duration, Instant};

use runtime::both_databases;
use runtime::db::{Backend, DatabaseFault, Db, Inspection, Migrations, inspect};
use runtime::testing::TestDb;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

const MIGRATIONS: Migrations =
    Migrations { files: &[("0001_a", "create table a (x bigint not null); create table b (x bigint not null)")] };

/// A session of somebody else that has begun something.
async fn session(db: &TestDb, statements: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let name = match db.backend() {
        Backend::Sqlite => String::new(),
        Backend::Postgres => "set application_name = 'nightly report'; ".to_owned(),
    };
    let mut session = AnyConnection::connect(&db.url()).await.expect("connected");
    sqlx::raw_sql(AssertSqlSafe(format!("{name}{statements}"))).execute(&mut session).await.expect("begun");
    session
}

async fn seen_under(db: &TestDb, statements: &str) -> Inspection {
    let session = session(db, statements).await;
    let seen = inspect(&db.url(), &MIGRATIONS).await;
    session.close().await.expect("closed");
    seen
}

async fn is_healthy(db: &TestDb) {
    let seen = inspect(&db.url(), &MIGRATIONS).await;
    assert!(seen.faults.is_empty(), "{:?}", seen.faults);
}

/// Expects that one session is named, with what it holds, and nothing else is said of the database.
async fn named(db: &TestDb, statements: &str, held: &str, state: &str) {
    let seen = seen_under(db, statements).await;
    match seen.faults.as_slice() {
        [DatabaseFault::Held(holder)] => {
            let known = (holder.pid.is_some(), holder.what.as_str(), holder.state.as_str());
            assert_eq!(known, (true, held, state), "{statements}");
            let told = holder.to_string();
            assert!(told.contains("application nightly report"), "{told}");
        }
        other => panic!("{statements}: {other:?}"),
    }
}

async fn on_a_server(db: &TestDb) {
    let idle = "idle in transaction";
    named(db, "begin; lock table a in access exclusive mode", "the table a", idle).await;
    named(db, "begin; lock table a, b in exclusive mode", "the table a and 1 more", idle).await;
    // The ledger of the migrations cannot be read: nobody is told to migrate what is only locked.
    named(db, "begin; lock table schema_migrations in access exclusive mode", "the table schema_migrations", idle)
        .await;
    // Rows that were written and are held ever since.
    named(db, "begin; insert into a (x) values (1)", "the table a", idle).await;
    // Another migrator, in a transaction and beside one.
    let migrator = "the lock of the migration";
    named(db, "begin; select pg_advisory_xact_lock(7310579304412391)", migrator, idle).await;
    named(db, "select pg_advisory_lock(7310579304412391)", migrator, "idle").await;
    // Whoever reads, and whoever leads among the replicas, holds nobody up.
    for harmless in ["begin; select count(*) from a", "select pg_advisory_lock(7310579304412499)"] {
        let seen = seen_under(db, harmless).await;
        assert!(seen.faults.is_empty(), "{harmless}: {:?}", seen.faults);
    }
}

/// A lock that ends in time is none of anybody's business.
async fn of_a_moment(db: &TestDb) {
    let session = session(db, "begin; lock table a in access exclusive mode").await;
    let held = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        session.close().await.expect("closed");
    };
    let ((), seen) = tokio::join!(held, inspect_now(db));
    assert!(seen.faults.is_empty(), "{:?}", seen.faults);
}

async fn inspect_now(db: &TestDb) -> Inspection {
    inspect(&db.url(), &MIGRATIONS).await
}

both_databases! {
    async fn whoever_holds_a_database_is_named(db: TestDb) {
        let opened: Db = db.open(&MIGRATIONS).await;
        is_healthy(&db).await;
        match db.backend() {
            Backend::Sqlite => {
                let seen = seen_under(&db, "begin immediate").await;
                assert!(matches!(seen.faults.as_slice(), [DatabaseFault::Locked]), "{:?}", seen.faults);
            }
            Backend::Postgres => {
                on_a_server(&db).await;
                of_a_moment(&db).await;
            }
        }
        is_healthy(&db).await;
        opened.close().await;
    }

    async fn a_database_without_a_lock_is_looked_at_at_once(db: TestDb) {
        let opened = db.open(&MIGRATIONS).await;
        let begun = Instant::now();
        is_healthy(&db).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        opened.close().await;
    }
}
