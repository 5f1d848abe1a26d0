//! The county's will after the acceptance: to take a paper back, and to urge it.

use std::time::Duration;

use runtime::both_databases;
use runtime::db::Backend;
use runtime::testing::{TestDb, rows};
use sqlx::Connection as _;
use tonic::{Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::InboxStage;
use townlink_proto::townlink::office::v1::delivery_service_client::DeliveryServiceClient;
use vocabulary::Institution;

use crate::harness::{Chain, Draft, Town, events, reason, refusal};
use crate::inbox_steps::{by, chain, start};
use crate::replay;

fn now() -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: 1_772_413_300, nanos: 0 })
}

async fn recall(town: &Town, paper: &str) -> Result<Vec<String>, Status> {
    let request = pb::RecallRequest {
        paper: paper.to_owned(),
        document_number: "昆政发〔2026〕99号".to_owned(),
        reason: "文号有误".to_owned(),
        time: now(),
    };
    let answer = DeliveryServiceClient::new(town.gateway_channel()).recall(request).await;
    answer.map(|answer| answer.into_inner().institutions)
}

async fn urge(town: &Town, paper: &str, urge: &str) -> Result<(), Status> {
    let (paper, note, urge) = (paper.to_owned(), "请尽快办理".to_owned(), urge.to_owned());
    let request = pb::UrgeRequest { paper, note, time: now(), urge };
    DeliveryServiceClient::new(town.gateway_channel()).urge(request).await.map(Response::into_inner).map(|_| ())
}

/// The same paper for two inboxes.
fn twice(office: &mut Chain, construction: &mut Chain) -> [pb::DeliverRequest; 2] {
    let first = office.next(Draft::default());
    let second = construction.next(Draft::default());
    let copy = pb::DeliverRequest {
        recipient: second.recipient,
        number: second.number,
        previous_digest: second.previous_digest,
        ..first.clone()
    };
    [first, copy]
}

/// What was recalled lies in no inbox to be signed for, whichever came first.
async fn taken_back(town: &Town, name: &str, recalled: Vec<String>) {
    if name.is_empty() {
        assert_eq!(recalled, [""; 0], "the delivery found the recall");
    } else {
        assert_eq!(recalled, ["OFFICE"], "the recall found the paper");
        assert_eq!(town.paper(name).await.stage(), InboxStage::Recalled);
    }
}

/// A recall that is held up after it looked for the paper, and before it is on record; the delivery comes meanwhile.
async fn beside(db: &TestDb, town: &Town, delivery: pb::DeliverRequest) {
    let mut other = sqlx::AnyConnection::connect(&db.url()).await.expect("connected");
    let held = "begin; lock table paper_recalls in share mode";
    sqlx::raw_sql(held).execute(&mut other).await.expect("held");
    let paper = delivery.paper.clone();
    let released = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        other.close().await.expect("closed");
    };
    let later = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        town.deliver(delivery).await
    };
    let (recalled, delivered, ()) = tokio::join!(recall(town, &paper), later, released);
    let name = delivered.expect("it is delivered").inbox_paper;
    assert_eq!((name.as_str(), recalled.expect("recalled")), ("", Vec::new()));
}

both_databases! {
    async fn a_paper_that_nobody_signed_for_is_taken_back_from_every_inbox(db: TestDb) {
        let town = start(&db).await;
        let [first, second] = twice(&mut chain(), &mut Chain::into(Institution::Construction));
        let paper = first.paper.clone();
        let name = town.deliver(first).await.expect("it is delivered").inbox_paper;
        assert_eq!(recall(&town, &paper).await.expect("recalled"), ["OFFICE"]);
        assert_eq!(recall(&town, &paper).await.expect("again"), ["OFFICE"]);
        let late = town.deliver(second).await.expect("answered");
        assert_eq!(late, pb::DeliverResponse::default(), "what comes later is a tombstone");
        let shown = town.paper(&name).await;
        assert_eq!((shown.stage(), shown.work.and_then(|work| work.recall).map(|it| it.reason)), (InboxStage::Recalled, Some("文号有误".to_owned())));
        assert_eq!(reason(by(&town, "wang", &name).sign().await), "RE_STAGE");
        assert_eq!(events::<pb::PaperRecalled>(&town.db).await.len(), 1);
        assert_eq!(events::<pb::PaperRecallRecorded>(&town.db).await.len(), 1);
        assert_eq!(rows(&town.db, "select count(*) from inbox_papers").await, [["1"]]);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_someone_signed_for_is_not_taken_back_from_anyone(db: TestDb) {
        let town = start(&db).await;
        let [first, second] = twice(&mut chain(), &mut Chain::into(Institution::Construction));
        let paper = first.paper.clone();
        let office = town.deliver(first).await.expect("it is delivered").inbox_paper;
        let construction = town.deliver(second).await.expect("it is delivered").inbox_paper;
        by(&town, "sun", &construction).sign().await.expect("signed for");
        let seen = refusal(recall(&town, &paper).await);
        assert_eq!(seen.reason, "RE_RECALL");
        assert!(seen.variables.contains(&("inbox".to_owned(), "CONSTRUCTION".to_owned())), "{seen:?}");
        assert!(seen.variables.iter().any(|(key, at)| key == "signed" && at.starts_with("2026-03-02T09:00")), "{seen:?}");
        assert_eq!(town.paper(&office).await.stage(), InboxStage::Arrived);
        assert_eq!(rows(&town.db, "select count(*) from paper_recalls").await, [["0"]]);
        by(&town, "wang", &office).sign().await.expect("signed for");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_recall_before_the_delivery_leaves_nothing_to_take_in(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        let delivery = chain.next(Draft::default());
        assert_eq!(recall(&town, &delivery.paper).await.expect("recalled"), [""; 0]);
        assert_eq!(town.deliver(delivery).await.expect("answered").inbox_paper, "");
        assert_ne!(town.arrive(&mut chain, Draft::default()).await, "", "the papers behind it flow");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_recall_beside_the_delivery_takes_the_paper_back_or_bars_it(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        for _ in 0..30 {
            let delivery = chain.next(Draft::default());
            let paper = delivery.paper.clone();
            let (delivered, recalled) = tokio::join!(town.deliver(delivery), recall(&town, &paper));
            taken_back(&town, &delivered.expect("it is delivered").inbox_paper, recalled.expect("recalled")).await;
        }
        if db.backend() == Backend::Postgres {
            let delivery = chain.next(Draft::default());
            beside(&db, &town, delivery).await;
        }
        assert_ne!(town.arrive(&mut chain, Draft::default()).await, "", "the papers behind them flow");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn an_urge_is_put_on_a_paper_once(db: TestDb) {
        let town = start(&db).await;
        let [first, second] = twice(&mut chain(), &mut Chain::into(Institution::Construction));
        let second = pb::DeliverRequest { copy: true, ..second };
        let paper = first.paper.clone();
        assert_eq!(urge(&town, &paper, "u1").await.map_err(|status| status.code()), Err(tonic::Code::NotFound));
        let name = town.deliver(first).await.expect("it is delivered").inbox_paper;
        let copy = town.deliver(second).await.expect("it is delivered").inbox_paper;
        for id in ["u1", "u1", "u2"] {
            urge(&town, &paper, id).await.expect("urged");
        }
        let work = town.paper(&name).await.work.expect("work");
        assert_eq!((work.urge_count, work.last_urge.map(|it| it.urge)), (2, Some("u2".to_owned())));
        assert!(town.paper(&copy).await.work.is_none_or(|work| work.urge_count == 0), "a copy is handled by nobody");
        assert_eq!(events::<pb::PaperUrged>(&town.db).await.len(), 2);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn only_the_gateway_recalls_and_urges(db: TestDb) {
        let town = start(&db).await;
        let delivery = chain().next(Draft::default());
        let mut clerk = DeliveryServiceClient::new(town.person("wang"));
        let request = pb::RecallRequest { paper: delivery.paper.clone(), ..pb::RecallRequest::default() };
        assert_eq!(reason(clerk.recall(request).await), "OV_ACCESS");
        let request = pb::UrgeRequest { paper: delivery.paper, ..pb::UrgeRequest::default() };
        assert_eq!(reason(clerk.urge(request).await), "OV_ACCESS");
        let bad = recall(&town, "papers/1").await.expect_err("malformed");
        assert_eq!(bad.code(), tonic::Code::InvalidArgument);
        town.stop().await;
    }
}
