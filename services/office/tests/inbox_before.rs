//! Papers that came before there were dues: the table grows under them, and the next start gives them one.

use prost::Message as _;
use runtime::both_databases;
use runtime::db::{Db, Migrations, Tx};
use runtime::refusal::Failure;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::InboxStage;
use townlink_proto::townlink::values::v1::PaperSummary;

use crate::harness::digest;
use crate::inbox_steps::{by, start, to};

/// When they arrived: 9 o'clock of 2 March 2026 in the town.
const ARRIVED_US: i64 = 1_772_413_200_000_000;

const PAYLOAD: &[u8] = b"{\"v\":1}";

/// Four papers, one at each stage there was.
const STAGES: [&str; 4] = ["ARRIVED", "REGISTERED", "CHECKED", "RETURNED"];

fn message(number: i64) -> String {
    format!("f81d4fae-7dec-11d0-a765-{number:012}")
}

async fn write(db: &Db) {
    let done = db.write((), |(), tx: &mut Tx| {
        Box::pin(async move {
            for (number, stage) in (1..).zip(STAGES) {
                deliver(tx, number).await?;
                insert(tx, number, stage).await?;
            }
            Ok::<_, Failure>(())
        })
    });
    done.await.expect("they are written");
}

async fn deliver(tx: &mut Tx, number: i64) -> Result<(), Failure> {
    let previous = (number > 1).then(|| digest(PAYLOAD).to_vec());
    sqlx::query(
        "insert into deliveries (recipient, sender, number, message_id, previous_digest, payload_digest, tombstone, payload, \
         arrived_us) values ('OFFICE', 'government', $1, $2, $3, $4, 0, $5, $6)",
    )
    .bind(number)
    .bind(message(number))
    .bind(previous)
    .bind(digest(PAYLOAD).to_vec())
    .bind(PAYLOAD.to_vec())
    .bind(ARRIVED_US)
    .execute(tx.sql())
    .await?;
    Ok(())
}

async fn insert(tx: &mut Tx, number: i64, stage: &str) -> Result<(), Failure> {
    let summary =
        PaperSummary { action_class: "阅办".to_owned(), title: "旧件".to_owned(), ..PaperSummary::default() };
    let paper = pb::InboxPaper { summary: Some(summary), ..pb::InboxPaper::default() };
    let face = pb::PaperArrived { paper: Some(paper), ..pb::PaperArrived::default() };
    let signed = (stage != "ARRIVED").then_some(ARRIVED_US);
    let returned = (stage == "RETURNED").then_some(ARRIVED_US);
    let checked = (stage == "CHECKED").then_some(ARRIVED_US);
    sqlx::query(
        "insert into inbox_papers (inbox, sender, message_id, number, copy, accepted_us, arrived_us, issuer, document_key, \
         payload_digest, face, stage, signed_for_by, signed_us, book_year, serial, registered_us, resolutions, checked_us, \
         return_code, return_reason, returned_us, version, recorded_us) values ('OFFICE', 'government', $1, $2, 0, $3, $3, \
         '昆山市人民政府', '', $4, $5, $6, $7, $8, $9, $10, $8, $11, $12, $13, $13, $14, 1, $3)",
    )
    .bind(message(number))
    .bind(number)
    .bind(ARRIVED_US)
    .bind(digest(PAYLOAD).to_vec())
    .bind(face.encode_to_vec())
    .bind(stage.to_owned())
    .bind(signed.map(|_| "wang"))
    .bind(signed)
    .bind(signed.map(|_| 2026_i64))
    .bind(signed.map(|_| number))
    .bind(checked.map(|_| Vec::new()))
    .bind(checked)
    .bind(returned.map(|_| "RE-NOT-AGREED"))
    .bind(returned)
    .execute(tx.sql())
    .await?;
    Ok(())
}

both_databases! {
    async fn what_came_before_stays_and_gets_a_due(db: TestDb) {
        let before = db.open(&Migrations { files: &office::MIGRATIONS.files[..3] }).await;
        write(&before).await;
        before.close().await;

        let town = start(&db).await;
        let stages = [InboxStage::Arrived, InboxStage::Registered, InboxStage::Checked, InboxStage::Returned];
        for (number, stage) in (1..).zip(stages) {
            let name = format!("inboxes/OFFICE/papers/government-{}", message(number));
            let paper = town.paper(&name).await;
            assert_eq!((paper.stage(), paper.payload.as_ref()), (stage, PAYLOAD));
            let due = paper.work.and_then(|work| work.due).and_then(|due| due.date).map(|day| (day.month, day.day));
            assert_eq!(due, (stage != InboxStage::Returned).then_some((3, 16)), "{stage:?}");
        }
        let checked = format!("inboxes/OFFICE/papers/government-{}", message(3));
        by(&town, "wang", &checked).assign(to("FINANCE")).await.expect("it goes on");
        town.stop().await;
    }
}
