use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use runtime::both_databases;
use runtime::caller::ServiceName;
use runtime::clock::TownClock;
use runtime::db::Db;
use runtime::journal;
use runtime::tasks::Tasks;
use runtime::testing::{check_journal, rows};
use vocabulary::{Institution, MessageId, Sm3Digest};

use super::super::settings::InboxSettings;
use super::super::state::{Purpose, Summary};
use super::*;
use crate::delivery::decide::{self, Verdict};
use crate::delivery::state::{Content, Delivery, Enclosed, Lane, Way};

const PAPERS: i64 = 12;

/// Papers that arrive at one moment.
fn deliveries() -> Vec<Delivery> {
    let payload = |number| Bytes::from(format!("{{\"n\":{number}}}"));
    let delivery = |number| {
        let summary =
            Summary { action_class: "阅办".to_owned(), title: format!("第{number}件"), ..Summary::default() };
        let digest = Sm3Digest::of(&payload(number));
        Delivery {
            way: Way { recipient: Institution::Office, sender: "government".parse().expect("a department") },
            number,
            previous: (number > 1).then(|| Sm3Digest::of(&payload(number - 1))),
            message: MessageId::parse(&format!("f81d4fae-7dec-11d0-a765-{number:012}")).expect("an id"),
            digest,
            content: Content::Paper(Box::new(Enclosed {
                payload: payload(number),
                payload_digest: digest,
                purpose: Purpose::Action,
                summary,
                findings: Vec::new(),
                attachments: Vec::new(),
                signatures: Vec::new(),
                accepted: start(),
            })),
        }
    };
    (1..=PAPERS).map(delivery).collect()
}

fn start() -> Timestamp {
    "2026-03-02T09:00:00+08:00".parse().expect("an instant")
}

async fn deliver(writer: &Writer, rules: &Arc<Rules>) {
    let job = (writer.clone(), Arc::clone(rules));
    let delivered = writer.run(job, |(writer, rules), tx| {
        Box::pin(async move {
            let all = deliveries();
            let way = all[0].way.clone();
            let mut lane =
                Lane { way, head: None, settled: BTreeMap::new(), present: BTreeSet::new(), recalled: BTreeSet::new() };
            let (mut events, mut entries) = (Vec::new(), Vec::new());
            for delivery in all {
                let verdict = decide::decide(&lane, &delivery, start(), rules);
                let Ok(Verdict::Settles(event)) = verdict else { panic!("{verdict:?}") };
                lane = decide::apply(lane, &event);
                let record = journal::Event::record(&*event);
                entries.push(journal::prepare(&record, &writer.as_service(), start(), None)?);
                events.push(*event);
            }
            crate::delivery::store::insert(tx, &events, &entries, rules).await?;
            entries.into_iter().for_each(|entry| tx.append(entry));
            Ok(())
        })
    });
    delivered.await.expect("delivered");
}

async fn until_silent(db: &Db) {
    for _ in 0..1_500 {
        if rows(db, "select count(*) from inbox_papers where next_us is not null").await == [["0"]] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("alarms are left");
}

both_databases! {
    /// Three replicas hear the clock at one moment: each alarm is raised once, and the numbers of the orders have no gap.
    async fn each_alarm_is_raised_once_whoever_hears_it(db: TestDb) {
        let opened = db.open(&crate::MIGRATIONS).await;
        let rules = Arc::new(InboxSettings::default().rules().expect("rules"));
        let clock = TownClock::unstored(start());
        let (tasks, writer) = (Tasks::new(), Writer::new(opened.clone(), clock.clone(), ServiceName("office")));
        deliver(&writer, &rules).await;
        for _ in 0..3 {
            let writer = Writer::new(opened.clone(), clock.clone(), ServiceName("office"));
            runtime::timer::start(Alarms::new(writer.clone(), Arc::clone(&rules)), &writer, &tasks);
        }
        clock.advance("2026-06-01T09:00:00+08:00".parse().expect("an instant")).await.expect("it moves");
        until_silent(&opened).await;
        assert!(tasks.stop(Duration::from_secs(10)).await);

        let kinds = rows(&opened, "select kind, count(*) from journal group by kind order by kind").await;
        let kind = |kind: &str, count: i64| vec![format!("townlink.office.v1.{kind}"), count.to_string()];
        let expected = [
            // Not signed for, a reminder, and yellow.
            kind("PaperAlarmed", 3 * PAPERS),
            kind("PaperArrived", PAPERS),
            kind("PaperEscalated", PAPERS),
            kind("PaperSupervised", PAPERS),
        ];
        assert_eq!(kinds, expected);
        let last = rows(&opened, "select last from number_series where series = 'supervision-orders'").await;
        assert_eq!(last, [[PAPERS.to_string()]]);
        check_journal(&opened).await;
    }
}
