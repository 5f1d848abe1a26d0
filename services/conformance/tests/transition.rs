//! The references pass the suites, on both databases.

use conformance::transition::{reference, suite};
use runtime::testing::TestTown;

runtime::both_databases! {
    async fn the_reference_of_transitions_passes(db: TestDb) {
        let settings = format!("[services.{}]\ndatabase = '{}'\n", reference::NAME, db.url());
        let town = TestTown::start_with(&[reference::BLUEPRINT], &settings).await;
        let opened = db.open(&reference::MIGRATIONS).await;
        let subject = suite::Subject {
            channel: town.client(reference::NAME, "service/office"),
            seed: |seed| {
                let opened = opened.clone();
                async move { reference::seed(&opened, seed).await.expect("work is filed") }
            },
            decide: |name: String| {
                let opened = opened.clone();
                async move { reference::decide(&opened, &name, suite::TODAY).await }
            },
        };
        suite::check(subject).await;
        runtime::testing::check_journal(&opened).await;
        opened.close().await;
        assert!(town.stop().await);
    }
}
