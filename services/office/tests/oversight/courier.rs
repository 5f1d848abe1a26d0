//! What the office has to tell a service that is away: each thing once and in order when it is back, whoever restarts meanwhile.

use std::time::Duration;

use conformance::reference::{ANSWERS_LOST, seed};
use runtime::both_databases;
use townlink_proto::townlink::casework::v1 as casework;
use townlink_proto::townlink::casework::v1::OpinionType;

use super::opinions::{asks, opinion};
use super::town::{Town, until};
use crate::harness::events;
use crate::replay;

/// Long enough for the courier to try several times.
const TRIES: Duration = Duration::from_millis(900);

impl Town {
    /// The numbers of the instruments that the service noted, in the order in which it did.
    async fn noted(&self) -> Vec<String> {
        let noted = events::<casework::SupervisionOpinionNoted>(self.cases()).await;
        noted.into_iter().filter_map(|event| event.opinion).map(|opinion| opinion.number).collect()
    }

    /// The names of the opinions that the service took, in the order in which it did.
    async fn taken(&self) -> Vec<String> {
        let taken = events::<casework::OpinionsTaken>(self.cases()).await;
        taken.into_iter().flat_map(|event| event.opinions).map(|opinion| opinion.name).collect()
    }
}

both_databases! {
    async fn a_service_that_was_away_is_told_of_each_instrument_once_and_in_order(db: TestDb) {
        let mut town = Town::start(&db).await;
        town.away(Some(""));
        let mut issued = Vec::new();
        for (minute, case) in seed().closed.iter().take(8).enumerate() {
            town.advance(&format!("2026-03-02T09:1{minute}:00")).await;
            issued.push(town.issued(case).await);
            if minute == 4 {
                tokio::time::sleep(TRIES).await;
                town.restart().await;
            }
        }
        tokio::time::sleep(TRIES).await;
        assert_eq!(town.noted().await, [""; 0], "it was away all the time");
        assert!(!town.opinion("chen", &issued[0].name).await.noted);

        // It takes the first, and its answers are lost: the first comes again and again, and nothing overtakes it.
        town.away(Some(ANSWERS_LOST));
        until(|| async { !town.noted().await.is_empty() }).await;
        tokio::time::sleep(TRIES).await;
        let numbers: Vec<_> = issued.iter().map(|opinion| opinion.number.clone()).collect();
        assert_eq!(town.noted().await, numbers[..1]);
        assert!(!town.opinion("chen", &issued[0].name).await.noted, "the office does not know that it was taken");

        town.away(None);
        let last = &issued.last().expect("there are some").name;
        until(|| async { town.opinion("chen", last).await.noted }).await;
        assert_eq!(town.noted().await, numbers, "each once, in the order in which they were issued");
        for opinion in &issued {
            assert!(town.opinion("chen", &opinion.name).await.noted);
        }
        town.restart().await;
        tokio::time::sleep(TRIES).await;
        assert_eq!(town.noted().await, numbers, "what was told is not told again");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_service_that_was_away_gets_each_opinion_once(db: TestDb) {
        let mut town = Town::start(&db).await;
        let name = town.asked(vec![asks("FINANCE"), asks("CONSTRUCTION")]).await.name;
        town.away(Some(""));
        town.gives("zhu", opinion(&name, OpinionType::Agree, "")).await.expect("given");
        tokio::time::sleep(TRIES).await;
        town.restart().await;
        let review = town.gives("tang", opinion(&name, OpinionType::NotConcerned, "")).await.expect("given");
        tokio::time::sleep(TRIES).await;
        assert_eq!((town.taken().await.len(), town.review("wei", &name).await.delivered), (0, 0));
        town.away(Some(ANSWERS_LOST));
        let given: Vec<_> = review.opinions.into_iter().map(|opinion| opinion.name).collect();
        until(|| async { town.taken().await == given }).await;
        tokio::time::sleep(TRIES).await;
        assert_eq!(town.review("wei", &name).await.delivered, 0);
        town.away(None);
        until(|| async { town.review("wei", &name).await.delivered == 2 }).await;
        assert_eq!(town.taken().await, given, "each once, in the order in which they were given");
        replay::check(&town.db).await;
        town.stop().await;
    }
}
