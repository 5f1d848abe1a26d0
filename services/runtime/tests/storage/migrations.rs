//! Bringing the schema up to date.

use futures::future::join_all;
use runtime::both_databases;
use runtime::db::{Db, Migrations, Options, SchemaError};

use crate::counter::count;

const FIRST: Migrations = Migrations { files: &[("0001_a", "create table a (x bigint not null)")] };
const SECOND: Migrations = Migrations {
    files: &[
        ("0001_a", "create table a (x bigint not null)"),
        ("0002_b", "create table b (y text); create index b_y on b (y)"),
    ],
};
const EDITED: Migrations = Migrations { files: &[("0001_a", "create table a (x text not null)")] };
const BROKEN: Migrations = Migrations {
    files: &[
        ("0001_a", "create table a (x bigint not null)"),
        ("0002_c", "create table c (z bigint)"),
        ("0003_d", "create table d (z nonsense default (no such))"),
    ],
};

both_databases! {
    async fn migrators_at_once_apply_each_migration_once(db: TestDb) {
        let url = db.url();
        let migrators = (0..8).map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let db = Db::open(&url, Options::default()).await.expect("it opens");
                let done = db.migrate(&SECOND).await;
                db.close().await;
                done
            })
        });
        for done in join_all(migrators).await {
            done.expect("no panic").expect("migrated");
        }
        let db = db.open(&SECOND).await;
        assert_eq!(count(&db, "select count(*) from schema_migrations where owner = 'service'").await, 2);
    }

    async fn a_newer_schema_is_named_and_left_alone(db: TestDb) {
        let opened = db.open(&SECOND).await;
        match opened.migrate(&FIRST).await {
            Err(SchemaError::Newer { owner, name }) => assert_eq!((owner.as_str(), name.as_str()), ("service", "0002_b")),
            other => panic!("an older program must be told: {other:?}"),
        }
        let edited = opened.migrate(&EDITED).await.expect_err("0002_b is not known to it either");
        assert!(edited.to_string().contains("run the newer program"), "{edited}");
    }

    async fn an_edited_migration_is_found_out(db: TestDb) {
        let db = db.open(&FIRST).await;
        assert!(matches!(db.migrate(&EDITED).await, Err(SchemaError::Edited { name: "0001_a", .. })));
        db.migrate(&FIRST).await.expect("the text that ran is still right");
    }

    async fn a_migration_that_fails_leaves_nothing_behind(db: TestDb) {
        let db = db.open(&FIRST).await;
        match db.migrate(&BROKEN).await {
            Err(SchemaError::Failed { name, .. }) => assert_eq!(name, "0003_d"),
            other => panic!("it must fail: {other:?}"),
        }
        assert_eq!(count(&db, "select count(*) from schema_migrations where owner = 'service'").await, 1);
        // Neither a table nor a lock stays behind.
        db.migrate(&SECOND).await.expect("the next migrator is not held up");
    }

    async fn a_program_that_may_not_migrate_says_what_is_missing(db: TestDb) {
        let opened = Db::open(&db.url(), Options::default()).await.expect("it opens");
        let bare = opened.check_schema(&FIRST).await.expect_err("nothing ran yet");
        assert!(bare.to_string().contains("townlink migrate"), "{bare}");
        opened.migrate(&FIRST).await.expect("migrated");
        opened.check_schema(&FIRST).await.expect("it fits");
        assert!(matches!(opened.check_schema(&SECOND).await, Err(SchemaError::Older { name: "0002_b", .. })));
        assert!(matches!(opened.check_schema(&EDITED).await, Err(SchemaError::Edited { .. })));
        opened.migrate(&SECOND).await.expect("migrated");
        assert!(matches!(opened.check_schema(&FIRST).await, Err(SchemaError::Newer { .. })));
    }
}
