//! The reference passes every suite, and each flaw is noticed at its clause.

use conformance::clause::Broken;
use conformance::reference::{self, APPLICATION, APPLICATION_CASE, Flaw, broken, seed};
use conformance::supervision::Callers;
use conformance::{opinion, supervision};
use runtime::db::{Db, Options};
use runtime::testing::{TestTown, check_journal};

struct Town {
    running: TestTown,
    callers: Callers,
    db: Db,
}

impl Town {
    async fn start(flaw: Flaw, url: &str) -> Self {
        let settings = format!("[operations]\nlisten = 'off'\n[services.service-center]\ndatabase = '{url}'\n");
        let running = TestTown::start_with(&[broken(flaw)], &settings).await;
        let channel = |identity: &str| running.client(reference::NAME, identity);
        let callers = Callers {
            supervisor: channel("person/supervisor"),
            stranger: channel("person/stranger"),
            front: channel("person/front"),
            office: channel("service/office"),
        };
        Self { running, callers, db: Db::open(url, Options::default()).await.expect("the database opens") }
    }

    async fn supervision(&self) -> Result<(), Broken> {
        supervision::supervision(&self.callers, &seed(), &self.db).await
    }

    async fn opinions(&self) -> Result<(), Broken> {
        opinion::opinions(&self.callers, APPLICATION, APPLICATION_CASE, &self.db).await
    }

    async fn stop(self) {
        assert!(self.running.stop().await, "everything ends in time");
        self.db.close().await;
    }
}

runtime::both_databases! {
    async fn the_reference_passes_every_suite(db: TestDb) {
        let town = Town::start(Flaw::None, &db.url()).await;
        assert_eq!(town.supervision().await, Ok(()));
        assert_eq!(town.opinions().await, Ok(()));
        check_journal(&town.db).await;
        town.stop().await;
    }
}

/// Runs a suite against the reference with a flaw, and gives the clause that it breaks.
async fn noticed<F: AsyncFnOnce(&Town) -> Result<(), Broken>>(flaw: Flaw, suite: F) -> Option<&'static str> {
    let folder = tempfile::tempdir().expect("a folder");
    let town = Town::start(flaw, &format!("sqlite:{}", folder.path().join("cases.db").display())).await;
    let found = suite(&town).await;
    town.stop().await;
    found.err().map(|broken| broken.clause)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_flaw_of_supervision_is_noticed_at_its_clause() {
    let clauses = supervision::CLAUSES;
    let flaws = [
        (Flaw::ListsOpen, 0),
        (Flaw::LosesPages, 0),
        (Flaw::ShowsClosedAsOpen, 1),
        (Flaw::ShowsOpenFile, 2),
        (Flaw::ShowsName, 3),
        (Flaw::ShowsNumber, 3),
        (Flaw::ReadsSilently, 4),
        (Flaw::ShowsToAll, 5),
        (Flaw::NotesTwice, 7),
        (Flaw::EditsOnNote, 8),
    ];
    for (flaw, clause) in flaws {
        let found = noticed(flaw, async |town: &Town| town.supervision().await).await;
        assert_eq!(found, Some(clauses[clause]), "{flaw:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_flaw_of_opinions_is_noticed_at_its_clause() {
    let clauses = opinion::CLAUSES;
    for (flaw, clause) in [(Flaw::TakesTwice, 1), (Flaw::Forgets, 2), (Flaw::JournalsTwice, 3), (Flaw::Decides, 4)] {
        let found = noticed(flaw, async |town: &Town| town.opinions().await).await;
        assert_eq!(found, Some(clauses[clause]), "{flaw:?}");
    }
}
