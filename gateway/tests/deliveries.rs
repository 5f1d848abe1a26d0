//! Deliveries: in order, each once, however long the office is away.

use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use runtime::both_databases;
use runtime::testing::rows;
use townlink_proto::townlink::gateway::v1 as pb;

use crate::harness::{Department, Town, until};

/// Issues papers, many at a time. Gives their names.
async fn issue_many(town: &Town, department: &Department, to: &str, count: usize) -> Vec<String> {
    let mut client = town.papers(&department.identity());
    let mut names = Vec::new();
    let mut under_way = FuturesUnordered::new();
    for _ in 0..count {
        let request = department.issue(&department.draft(to));
        let mut client = client.clone();
        under_way.push(async move { client.issue_paper(request).await.expect("accepted").into_inner().paper });
        if under_way.len() == 32 {
            names.extend(under_way.next().await);
        }
    }
    while let Some(name) = under_way.next().await {
        names.push(name);
    }
    let _ = &mut client;
    names
}

/// Waits until an inbox has so many papers.
async fn arrived(town: &Town, recipient: &str, count: usize) -> Vec<(i64, String, bool)> {
    until!(&format!("{count} papers are in the inbox of {recipient}"), {
        let taken = town.office.taken(recipient);
        (taken.len() >= count).then_some(taken)
    })
}

/// Waits until every delivery of a paper has ended.
async fn ended(town: &Town, department: &Department, paper: &str) -> Vec<pb::Delivery> {
    until!("every delivery has ended", {
        let deliveries = town.paper(department, paper).await.deliveries;
        deliveries.iter().all(|it| it.end_time.is_some()).then_some(deliveries)
    })
}

/// How often the office was asked, if it is asked no more.
async fn quiet(town: &Town) -> Option<usize> {
    let before = town.office.state().tried;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let after = town.office.state().tried;
    (after > 0 && before == after).then_some(after)
}

fn states(deliveries: &[pb::Delivery]) -> Vec<(&str, i64, pb::DeliveryState)> {
    deliveries.iter().map(|it| (it.recipient.as_str(), it.number, it.state())).collect()
}

both_databases! {
    async fn papers_arrive_in_the_inboxes_they_are_for(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let draft = water.draft("建设与管理局");
        let receipt = town.issue(&water, water.issue(&draft)).await.expect("accepted");
        let deliveries = ended(&town, &water, &receipt.paper).await;
        let delivered = pb::DeliveryState::Delivered;
        assert_eq!(states(&deliveries), [("CONSTRUCTION", 1, delivered), ("OFFICE", 1, delivered)]);
        let taken = town.office.state().taken.clone();
        let copies: Vec<_> = taken.iter().map(|it| (it.recipient.as_str(), it.copy)).collect();
        assert!(copies.contains(&("CONSTRUCTION", false)) && copies.contains(&("OFFICE", true)), "{copies:?}");
        for delivery in taken {
            assert_eq!(delivery.payload, draft.to_payload());
            assert_eq!(delivery.summary.expect("a summary").title, draft.title);
            assert_eq!((delivery.signatures.len(), delivery.sender.as_str()), (1, "water"));
        }
        town.stop().await;
    }

    async fn numbers_are_dense_and_follow_the_journal(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let urban = town.department("city-management", "昆山市城市管理局").await;
        let (mut one, other) = tokio::join!(
            issue_many(&town, &water, "张浦镇人民政府", 150),
            issue_many(&town, &urban, "张浦镇人民政府", 40),
        );
        let taken = arrived(&town, "OFFICE", 190).await;
        for (sender, count) in [("water", 150), ("city-management", 40)] {
            let lane = taken.iter().filter(|(_, paper, _)| paper.starts_with(&format!("senders/{sender}/")));
            let numbers: Vec<_> = lane.map(|(number, ..)| *number).collect();
            assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "{sender}: each number once, in order");
        }
        one.extend(other);
        one.sort();
        let mut arrived: Vec<_> = taken.into_iter().map(|(_, paper, _)| paper).collect();
        arrived.sort();
        assert_eq!(arrived, one, "each paper once");
        until!("nothing is queued", {
            rows(&town.db, "select 1 from deliveries where state = 'QUEUED'").await.is_empty().then_some(())
        });
        town.stop().await;
    }

    async fn an_inbox_that_returns_a_paper_ends_its_delivery(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        town.office.state().return_code = "RE-DIGEST".to_owned();
        let first = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        let deliveries = ended(&town, &water, &first.paper).await;
        assert_eq!(states(&deliveries), [("OFFICE", 1, pb::DeliveryState::Returned)]);
        assert_eq!(deliveries[0].return_code, "RE-DIGEST");
        town.office.state().return_code.clear();
        let second = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        let deliveries = ended(&town, &water, &second.paper).await;
        assert_eq!(states(&deliveries), [("OFFICE", 2, pb::DeliveryState::Delivered)]);
        town.stop().await;
    }

    async fn an_absent_office_is_tried_again_by_the_town_s_clock(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        town.office.state().away = true;
        let receipt = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        // The machine's time alone brings no further attempt, once the first ones are over.
        let mut tried = until!("it gives up for now", quiet(&town).await);
        for minute in ["01:01:01", "01:06:02", "01:21:03", "02:21:04", "03:21:05"] {
            town.advance(&format!("2026-03-02T{minute}Z")).await;
            until!("it is tried again", (town.office.state().tried > tried).then_some(()));
            tried = until!("it gives up for now", quiet(&town).await);
        }
        assert!(town.office.taken("OFFICE").is_empty());
        // A month later the office is back.
        town.office.state().away = false;
        town.advance("2026-04-02T01:00:00Z").await;
        let deliveries = ended(&town, &water, &receipt.paper).await;
        assert_eq!(states(&deliveries), [("OFFICE", 1, pb::DeliveryState::Delivered)]);
        town.stop().await;
    }

    async fn a_restart_tries_at_once(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        town.office.state().away = true;
        let names = issue_many(&town, &water, "张浦镇人民政府", 5).await;
        until!("it was tried", (town.office.state().tried >= 4).then_some(()));
        town.restart().await;
        assert!(town.office.taken("OFFICE").is_empty());
        town.office.state().away = false;
        town.restart().await;
        let taken = arrived(&town, "OFFICE", names.len()).await;
        assert_eq!(taken.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        town.stop().await;
    }

    async fn a_marker_file_holds_every_delivery(db: TestDb) {
        let mut town = Town::start(&db).await;
        let marker = town.process.folder().join("dispatcher.hold");
        std::fs::write(&marker, "").expect("a marker");
        let water = town.department("water", "昆山市水务局").await;
        issue_many(&town, &water, "张浦镇人民政府", 3).await;
        town.restart().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(town.office.state().tried, 0);
        std::fs::remove_file(&marker).expect("the marker is gone");
        arrived(&town, "OFFICE", 3).await;
        town.stop().await;
    }

    async fn a_setting_holds_every_delivery(db: TestDb) {
        let town = Town::start_with(&db, "gateway.dispatcher_hold = true").await;
        let water = town.department("water", "昆山市水务局").await;
        let receipt = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(town.office.state().tried, 0);
        let deliveries = town.paper(&water, &receipt.paper).await.deliveries;
        assert_eq!(states(&deliveries), [("OFFICE", 0, pb::DeliveryState::Queued)]);
        town.stop().await;
    }
}
