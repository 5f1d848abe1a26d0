//! SIGKILL at random moments under load: ten rounds here, more with `tests/crash --rounds N`. And SIGKILL at the one moment when
//! everything that was acknowledged still waits.

use tests::act::Act;
use tests::paper::{Key, Paper};
use tests::random::Random;
use tests::setup::{self, GOVERNMENT, TOWN_GOVERNMENT};
use tests::town::Town;
use tests::wait::soon;
use tests::{crash, ledger};
use townlink_proto::townlink::gateway::v1 as gateway;

const ROUNDS: usize = 10;

/// How many papers wait.
const PAPERS: usize = 20;

fn all(papers: &[gateway::Paper], state: gateway::DeliveryState) -> bool {
    papers.iter().flat_map(|paper| &paper.deliveries).all(|delivery| delivery.state() == state)
}

crate::both_databases! {
    async fn what_was_acknowledged_survives_being_killed(backend: Backend) {
        let seed = Random::new_seed();
        println!("seed {seed}");
        println!("{}", crash::run(backend, ROUNDS, seed).await);
    }
    async fn what_is_held_survives_being_killed_and_is_delivered_once(backend: Backend) {
        let mut town = Town::up(backend).await;
        let key = Key::sm2("government-2026");
        setup::register_key(&town.clients, "county/government", &key, &[GOVERNMENT]).await;
        town.stop();
        town.hold_dispatcher(true);
        town.start().await;
        for _ in 0..PAPERS {
            let request = Paper::new("government", GOVERNMENT, TOWN_GOVERNMENT).sign(&key);
            let path = "/townlink.gateway.v1.PaperService/IssuePaper";
            let _: gateway::Receipt = Act::new(&town.clients, "county/government", path, &request).insist().await.reply();
        }
        let papers = setup::papers_of(&town.clients, "government").await;
        assert!(papers.len() == PAPERS && all(&papers, gateway::DeliveryState::Queued), "everything waits");
        town.kill9();
        town.hold_dispatcher(false);
        town.start().await;
        soon("what waited is delivered", async || {
            let papers = setup::papers_of(&town.clients, "government").await;
            (papers.len() == PAPERS && all(&papers, gateway::DeliveryState::Delivered)).then_some(())
        })
        .await;
        town.stop();
        let ledgers = ledger::check(&town.databases).await;
        let arrived = ledgers.events::<townlink_proto::townlink::office::v1::PaperArrived>("office");
        assert_eq!(arrived.len(), PAPERS, "each arrived once");
    }
}
