//! Legal numbers.

use futures::future::join_all;
use runtime::both_databases;
use runtime::numbers::{Series, take};
use runtime::refusal::{Denial, Failure};

use crate::counter::{Add, Counter, Facts, Trouble, add, called, writer};
use runtime::testing::{fresh_request_id, journal_entries};
use townlink_proto::townlink::journal::v1::Authority;

both_databases! {
    async fn numbers_have_no_gap_though_jobs_fail(db: TestDb) {
        let writer = writer(&db).await;
        let running = (0..120).map(|number| {
            let writer = writer.clone();
            tokio::spawn(async move {
                let trouble = match number % 4 {
                    0 => Some(Trouble::PanicAfterSave),
                    1 => Some(Trouble::AbsentAfterSave),
                    _ => None,
                };
                // Every fourth is refused after others were numbered.
                let by = if number % 4 == 2 { 101 } else { 1 };
                let command = Add { series: Some("昆政发"), trouble, ..add(&format!("c{number}"), by) };
                let call = called(&writer, fresh_request_id(), b"");
                writer.execute::<Counter>(call, command, Facts::default()).await
            })
        });
        let mut taken = Vec::new();
        for done in join_all(running).await {
            match done.expect("no panic") {
                Ok(answer) => taken.push(answer.reply.grant.split_once('#').expect("a number").1.parse::<i64>().expect("a number")),
                Err(Denial::Stored(_) | Denial::Failed(Failure::Internal(_))) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        taken.sort_unstable();
        assert_eq!(taken, (1..=30).collect::<Vec<_>>());
        let mut told = Vec::new();
        for entry in journal_entries(writer.db()).await {
            if let Some(event) = entry.event::<Authority>().expect("an event") {
                told.push(event.clause.parse::<i64>().expect("the number is in the event"));
            }
        }
        told.sort_unstable();
        assert_eq!(told, taken);
    }

    async fn each_series_and_year_begins_at_one(db: TestDb) {
        let writer = writer(&db).await;
        let taken = writer
            .run((), |(), tx| {
                Box::pin(async move {
                    let mut taken = Vec::new();
                    for (name, year) in [("甲", 2026), ("甲", 2026), ("乙", 2026), ("甲", 2027)] {
                        let series = Series { name: name.to_owned(), year };
                        taken.push(take(tx, series).await?.number);
                    }
                    Ok(taken)
                })
            })
            .await
            .expect("numbers");
        assert_eq!(taken, [1, 2, 1, 1]);
    }
}
