//! The office is away for 31 days of town time. Ten thousand papers are accepted meanwhile, the gateway is killed once and
//! restarted once; afterwards every paper is delivered, in order, once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tests::act::Act;
use tests::clients::Clients;
use tests::ledger;
use tests::paper::{Key, Paper};
use tests::setup::{self, GOVERNMENT, TOWN_GOVERNMENT};
use tests::town::{START, Topology, Town};
use tests::wait::until_at_leisure;
use townlink_proto::townlink::clock::v1 as clock;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as office;

const PAPERS: usize = 10_000;
const DAYS: i64 = 31;

/// How many papers are on their way at once.
const CLIENTS: usize = 24;

/// How long the deliveries may take once the office is back.
const DELIVERY_LIMIT: Duration = Duration::from_secs(300);

async fn issue(clients: &Clients, key: &Key, count: usize) -> Vec<String> {
    let acts = (0..count).map(|_| {
        let request = Paper::new("government", GOVERNMENT, TOWN_GOVERNMENT).sign(key);
        Act::new(clients, "county/government", "/townlink.gateway.v1.PaperService/IssuePaper", &request)
    });
    let receipts =
        futures::stream::iter(acts).map(async |act: Act| act.insist().await.reply::<gateway::Receipt>().paper);
    receipts.buffer_unordered(CLIENTS).collect().await
}

/// The town time of a service after so many days.
async fn advance(clients: &Clients, service: &str, days: i64) {
    let start: Timestamp = START.parse().expect("an instant");
    let to = start.checked_add(SignedDuration::from_hours(24 * days)).expect("an instant");
    let to = prost_types::Timestamp { seconds: to.as_second(), nanos: 0 };
    let mut client =
        clock::clock_service_client::ClockServiceClient::new(clients.channel(service, "operator/sysadmin"));
    let moved = client.advance_clock(clock::AdvanceClockRequest { to: Some(to) }).await.expect("the clock moves");
    assert_eq!(moved.into_inner().now, Some(to));
}

async fn newest(clients: &Clients, count: i32) -> Vec<gateway::Paper> {
    let request =
        gateway::ListPapersRequest { parent: "senders/government".to_owned(), page_size: count, ..Default::default() };
    let path = "/townlink.gateway.v1.PaperService/ListPapers";
    Act::new(clients, "county/government", path, &request).insist().await.reply::<gateway::ListPapersResponse>().papers
}

fn all(papers: &[gateway::Paper], state: gateway::DeliveryState) -> bool {
    papers.iter().flat_map(|paper| &paper.deliveries).all(|delivery| delivery.state() == state)
}

crate::both_databases! {
    async fn the_office_is_away_for_a_month_and_nothing_is_lost(backend: Backend) {
        let begin = Instant::now();
        let mut town = Town::with(backend, Topology::Split).await;
        let key = Key::ed25519("government-2026");
        setup::register_key(&town.clients, "county/government", &key, &[GOVERNMENT]).await;
        town.stop_service("office");

        let mut issued = issue(&town.clients, &key, PAPERS / 2).await;
        town.kill9_service("gateway");
        town.start_service("gateway").await;
        for day in 1..=DAYS {
            advance(&town.clients, "gateway", day).await;
            if day == DAYS / 2 {
                issued.extend(issue(&town.clients, &key, PAPERS - PAPERS / 2).await);
                town.stop_service("gateway");
                town.start_service("gateway").await;
            }
        }
        println!("{} papers accepted after {:.1?}", issued.len(), begin.elapsed());
        assert!(all(&newest(&town.clients, 100).await, gateway::DeliveryState::Queued), "nobody is there to deliver to");

        town.start_service("office").await;
        advance(&town.clients, "office", DAYS).await;
        // A page is asked for again and again; all of them only when that one is through, since the load is for the town.
        until_at_leisure("the newest papers are delivered", DELIVERY_LIMIT, async || {
            all(&newest(&town.clients, 100).await, gateway::DeliveryState::Delivered).then_some(())
        })
        .await;
        let papers = until_at_leisure("all papers are delivered", DELIVERY_LIMIT, async || {
            let papers = setup::papers_of(&town.clients, "government").await;
            all(&papers, gateway::DeliveryState::Delivered).then_some(papers)
        })
        .await;
        println!("delivered after {:.1?}", begin.elapsed());

        let issued: BTreeSet<String> = issued.into_iter().collect();
        assert_eq!(issued.len(), PAPERS);
        assert_eq!(papers.iter().map(|paper| paper.name.clone()).collect::<BTreeSet<_>>(), issued);
        let inbox = setup::inbox_of(&town.clients, "OFFICE", "person/relay-clerk", office::InboxStage::Arrived).await;
        assert_eq!(inbox.len(), PAPERS, "each paper arrived once");
        assert_eq!(inbox.iter().map(|paper| paper.paper.clone()).collect::<BTreeSet<_>>(), issued);
        town.stop();

        let arrived = ledger::check(&town.databases).await.events::<office::PaperArrived>("office");
        let numbers: Vec<i64> = arrived.iter().filter_map(|event| event.paper.as_ref()).map(|paper| paper.number).collect();
        let dense: Vec<i64> = (1..).take(PAPERS).collect();
        assert_eq!(numbers, dense, "papers arrive in the order of their numbers, each once");
        println!("done after {:.1?}", begin.elapsed());
    }
}
