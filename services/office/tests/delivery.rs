//! Deliveries: in order and once, whatever the gateway does.

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use runtime::both_databases;
use runtime::caller::{Peer, ServiceName};
use runtime::testing::rows;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::delivery_service_client::DeliveryServiceClient;
use vocabulary::Institution;

use crate::harness::{Chain, Draft, Town, digest, events, reason, refused};
use crate::replay;

/// What the inbox has of a sender, in the order of arrival.
const ARRIVED: &str = "select number, message_id from inbox_papers where inbox = 'OFFICE' order by number";

both_databases! {
    async fn papers_come_in_order_and_once(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let [first, second, third] = [0; 3].map(|_| chain.next(Draft::default()));

        let answer = town.deliver(first.clone()).await.expect("it is delivered");
        assert!(answer.inbox_paper.starts_with("inboxes/OFFICE/papers/government-"), "{answer:?}");
        assert_eq!(reason(town.deliver(third.clone()).await), "RE_SEQUENCE", "a gap");
        assert_eq!(town.deliver(first.clone()).await.expect("again"), answer);
        let broken = pb::DeliverRequest { previous_digest: digest(b"other"), ..second.clone() };
        assert_eq!(reason(town.deliver(broken).await), "RE_SEQUENCE", "a broken chain");
        let other = pb::DeliverRequest { payload_digest: digest(b"other"), ..first.clone() };
        assert_eq!(reason(town.deliver(other).await), "RE_SEQUENCE", "a number with another payload");
        for delivery in [&second, &third, &second] {
            town.deliver(delivery.clone()).await.expect("it is delivered");
        }

        assert_eq!(rows(&town.db, ARRIVED).await.len(), 3);
        assert_eq!(refused(&town.db).await, ["RE_SEQUENCE"; 3], "each refusal is recorded");
        assert_eq!(events::<pb::PaperArrived>(&town.db).await.len(), 3, "what comes again writes nothing");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_is_wrong_about_a_paper_uses_its_number_up(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let damaged = pb::DeliverRequest { payload: Bytes::from_static(b"{\"v\":2}"), ..chain.next(Draft::default()) };
        let buried = pb::DeliverRequest { payload: Bytes::new(), ..chain.next(Draft::default()) };
        let good = chain.next(Draft::default());
        let twice = pb::DeliverRequest {
            paper: good.paper.clone(),
            payload: good.payload.clone(),
            payload_digest: good.payload_digest.clone(),
            ..chain.next(Draft::default())
        };
        for _ in 0..2 {
            assert_eq!(town.deliver(damaged.clone()).await.expect("answered").return_code, "RE-DIGEST");
            assert_eq!(town.deliver(buried.clone()).await.expect("answered"), pb::DeliverResponse::default());
            assert_ne!(town.deliver(good.clone()).await.expect("answered").inbox_paper, "");
            assert_eq!(town.deliver(twice.clone()).await.expect("answered").return_code, "RE-REPLAY");
        }
        assert_eq!(rows(&town.db, ARRIVED).await.len(), 1);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_paper_for_nobody_goes_back(db: TestDb) {
        let town = Town::start(&db).await;
        let delivery = Chain::into(Institution::Office).next(Draft::default());
        let nobody = pb::DeliverRequest { recipient: "MAYOR".to_owned(), ..delivery };
        assert_eq!(town.deliver(nobody).await.expect("answered").return_code, "RE-ADDRESSEE");
        town.stop().await;
    }

    async fn only_the_gateway_delivers(db: TestDb) {
        let town = Town::start(&db).await;
        let delivery = Chain::into(Institution::Office).next(Draft::default());
        let county = Peer::County("government".parse().expect("a department"));
        for peer in [Peer::Service(ServiceName("finance")), county, Peer::Operator("ops".to_owned())] {
            let mut client = DeliveryServiceClient::new(town.channel(&peer));
            assert_eq!(reason(client.deliver(delivery.clone()).await), "OV_ACCESS", "{peer:?}");
        }
        let mut client = DeliveryServiceClient::new(town.person("wang"));
        assert_eq!(reason(client.deliver(delivery).await), "OV_ACCESS", "a clerk");
        town.stop().await;
    }

    async fn each_order_stands_for_itself(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chains = Institution::ALL.map(Chain::into);
        for _ in 0..3 {
            for chain in &mut chains {
                town.arrive(chain, Draft::default()).await;
            }
        }
        let counted = rows(&town.db, "select inbox, count(*), max(number) from inbox_papers group by inbox").await;
        assert_eq!(counted.len(), 8);
        assert!(counted.iter().all(|row| row[1..] == ["3", "3"]), "{counted:?}");
        town.stop().await;
    }

    /// The gateway sends many at once, some of them again, and they overtake each other: all arrive, in order, once.
    async fn deliveries_may_overtake_each_other(db: TestDb) {
        const PAPERS: usize = 300;
        const TOGETHER: usize = 48;
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let papers: Vec<_> = (0..PAPERS).map(|_| chain.next(Draft::default())).collect();
        let expected: Vec<_> = papers.iter().map(|paper| vec![paper.number.to_string(), message(paper)]).collect();
        let client = DeliveryServiceClient::new(town.gateway_channel());
        let twice = |chunk: &[pb::DeliverRequest]| shuffled(chunk).chain(shuffled(&chunk[..chunk.len() / 3]));
        let sent: Vec<_> = papers.chunks(TOGETHER / 2).flat_map(twice).collect();
        let answers = stream::iter(sent)
            .map(|delivery| {
                let mut client = client.clone();
                async move { client.deliver(delivery).await }
            })
            .buffer_unordered(TOGETHER)
            .collect::<Vec<_>>()
            .await;
        for answer in answers {
            assert_ne!(answer.expect("it is delivered").into_inner().inbox_paper, "");
        }
        assert_eq!(rows(&town.db, ARRIVED).await, expected);
        let arrived = events::<pb::PaperArrived>(&town.db).await;
        let numbers: Vec<_> = arrived.iter().filter_map(|event| event.paper.as_ref()).map(|paper| paper.number).collect();
        assert_eq!(numbers, (1..=i64::try_from(PAPERS).expect("a number")).collect::<Vec<_>>());
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_restart_goes_on_where_it_was(db: TestDb) {
        let mut chain = Chain::into(Institution::Office);
        let town = Town::start(&db).await;
        let first = chain.next(Draft::default());
        let answer = town.deliver(first.clone()).await.expect("it is delivered");
        let town = town.restart(&db, "").await;
        assert_eq!(town.deliver(first).await.expect("again"), answer);
        town.arrive(&mut chain, Draft::default()).await;
        assert_eq!(rows(&town.db, ARRIVED).await.len(), 2);
        town.stop().await;
    }
}

/// The message id of a delivery.
fn message(delivery: &pb::DeliverRequest) -> String {
    delivery.paper.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The deliveries in an order that looks like chance and is the same in every run.
fn shuffled(deliveries: &[pb::DeliverRequest]) -> impl Iterator<Item = pb::DeliverRequest> + use<> {
    let mut deliveries = deliveries.to_vec();
    deliveries.sort_by_key(|delivery| digest(&delivery.number.to_be_bytes()));
    deliveries.into_iter()
}
