//! The reference passes every suite, and each flaw is noticed at its clause.

use conformance::clause::Broken;
use conformance::reference::{self, APPLICATION, APPLICATION_CASE, Flaw, broken, seed};
use conformance::supervision::Callers;
use conformance::{opinion, supervision};
use runtime::db::Db;
use runtime::testing::{NO_MIGRATIONS, TestDb, TestTown, check_journal};

struct Town {
    running: TestTown,
    callers: Callers,
    db: Db,
}

impl Town {
    async fn start(flaw: Flaw, db: &TestDb) -> Self {
        let settings = format!("[operations]\nlisten = 'off'\n[services.service-center]\ndatabase = '{}'\n", db.url());
        let running = TestTown::start_with(&[broken(flaw)], &settings).await;
        let channel = |identity: &str| running.client(reference::NAME, identity);
        let callers = Callers {
            supervisor: channel("person/supervisor"),
            stranger: channel("person/stranger"),
            front: channel("person/front"),
            office: channel("service/office"),
        };
        Self { running, callers, db: db.open(&NO_MIGRATIONS).await }
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
        let town = Town::start(Flaw::None, &db).await;
        assert_eq!(town.supervision().await, Ok(()));
        assert_eq!(town.opinions().await, Ok(()));
        check_journal(&town.db).await;
        town.stop().await;
    }
}

runtime::both_databases! {
    async fn each_flaw_is_noticed_at_its_clause(db: TestDb) {
        let cases = supervision::CLAUSES;
        let of_supervision = [
            (Flaw::ListsOpen, cases[0]),
            (Flaw::LosesPages, cases[0]),
            (Flaw::ShowsClosedAsOpen, cases[1]),
            (Flaw::ShowsOpenFile, cases[2]),
            (Flaw::ShowsName, cases[3]),
            (Flaw::ShowsNumber, cases[3]),
            (Flaw::ReadsSilently, cases[4]),
            (Flaw::ShowsToAll, cases[5]),
            (Flaw::NotesTwice, cases[7]),
            (Flaw::EditsOnNote, cases[8]),
        ];
        for (flaw, clause) in of_supervision {
            let town = Town::start(flaw, &db).await;
            assert_eq!(town.supervision().await.map_err(|broken| broken.clause), Err(clause), "{flaw:?}");
            town.stop().await;
        }
        let opinions = opinion::CLAUSES;
        let of_opinions = [
            (Flaw::TakesTwice, opinions[1]),
            (Flaw::Forgets, opinions[2]),
            (Flaw::JournalsTwice, opinions[3]),
            (Flaw::Decides, opinions[4]),
        ];
        for (flaw, clause) in of_opinions {
            let town = Town::start(flaw, &db).await;
            assert_eq!(town.opinions().await.map_err(|broken| broken.clause), Err(clause), "{flaw:?}");
            town.stop().await;
        }
    }
}
