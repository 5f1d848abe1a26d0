//! What the clock says of papers: in order, once, also after a restart and a jump.

use std::time::Duration;

use runtime::both_databases;
use runtime::db::Db;
use runtime::testing::{journal_entries, rows};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::{InboxAlarm, InboxLight};

use crate::harness::{Draft, Town, events};
use crate::inbox_steps::{Kind, accepted, by, chain, checked, class, delivery, list, of_office, roster, start};
use crate::replay;

/// What is due at an instant or before: nothing, once the clock has said all.
const DUE: &str =
    "select count(*) from inbox_papers where next_us is not null and next_us <= (select now_us from town_clock)";

/// Moves the clock, and waits until everything that is due is said.
async fn advance(town: &Town, to: &str) {
    town.advance(&format!("{to}+08:00")).await;
    for _ in 0..500 {
        if rows(&town.db, DUE).await == [["0"]] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("alarms are left");
}

/// The alarms in the journal, each with its instant in the town.
async fn alarms(db: &Db) -> Vec<(InboxAlarm, String)> {
    let mut alarms = Vec::new();
    for entry in journal_entries(db).await {
        let raised = if let Some(it) = entry.event::<pb::PaperAlarmed>().expect("an event") {
            it.alarm
        } else if let Some(it) = entry.event::<pb::PaperSupervised>().expect("an event") {
            Some(pb::RaisedAlarm { alarm: InboxAlarm::Red.into(), time: it.time })
        } else if let Some(it) = entry.event::<pb::PaperEscalated>().expect("an event") {
            Some(pb::RaisedAlarm { alarm: InboxAlarm::Leaders.into(), time: it.time })
        } else {
            None
        };
        alarms.extend(raised.map(|raised| (raised.alarm(), shown(raised.time.as_ref()))));
    }
    alarms
}

fn shown(at: Option<&prost_types::Timestamp>) -> String {
    let at = at.expect("an instant");
    let at = vocabulary::Timestamp::new(at.seconds, at.nanos).expect("an instant");
    vocabulary::time::format_instant(at).trim_end_matches("+08:00").to_owned()
}

fn expected(rows: &[(InboxAlarm, &str)]) -> Vec<(InboxAlarm, String)> {
    rows.iter().map(|(alarm, at)| (*alarm, (*at).to_owned())).collect()
}

/// The names of the overdue papers of the office's inbox.
async fn overdue(town: &Town) -> Vec<String> {
    list(town, "wang", pb::ListInboxPapersRequest { overdue: true, ..of_office() }).await
}

both_databases! {
    /// §8.9 no. 7.
    async fn what_is_very_urgent_alarms_on_a_saturday_night(db: TestDb) {
        let town = start(&db).await;
        advance(&town, "2026-03-07T22:00:00").await;
        let urgent = delivery(&mut chain(), Kind { urgency: "特急", ..Kind::default() }, Draft::default());
        let name = town.deliver(urgent).await.expect("it is delivered").inbox_paper;
        advance(&town, "2026-03-07T22:59:59").await;
        assert_eq!(alarms(&town.db).await, []);
        advance(&town, "2026-03-07T23:00:00").await;
        assert_eq!(alarms(&town.db).await, expected(&[(InboxAlarm::SignFor, "2026-03-07T23:00:00")]));
        by(&town, "wang", &name).sign().await.expect("signed for");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn the_alarms_of_a_paper_come_in_order_and_once_also_after_a_restart(db: TestDb) {
        let town = start(&db).await;
        let name = checked(&town, &mut chain(), class("阅办")).await;
        let wang = by(&town, "wang", &name);
        assert_eq!(wang.get().await.expect("it is there").light(), InboxLight::Green);
        advance(&town, "2026-03-13T09:00:00").await;
        assert_eq!(wang.get().await.expect("it is there").light(), InboxLight::Yellow);
        let town = town.restart(&db, &roster()).await;
        advance(&town, "2026-03-17T00:00:00").await;
        assert_eq!(overdue(&town).await, [""; 0], "24:00:00 is on time");
        advance(&town, "2026-03-17T00:00:01").await;
        assert_eq!(overdue(&town).await, std::slice::from_ref(&name));
        let seen = by(&town, "wang", &name).get().await.expect("it is there");
        assert_eq!((seen.light(), seen.overdue), (InboxLight::Red, true));
        let morning = [
            (InboxAlarm::Reminder, "2026-03-13T09:00:00"),
            (InboxAlarm::Yellow, "2026-03-13T09:00:00"),
            (InboxAlarm::Red, "2026-03-17T09:00:00"),
            (InboxAlarm::Leaders, "2026-03-23T09:00:00"),
        ];
        assert_eq!(alarms(&town.db).await, expected(&morning[..2]), "the order waits for the morning");
        advance(&town, "2026-03-17T09:00:00").await;
        assert_eq!(alarms(&town.db).await, expected(&morning[..3]));
        let town = town.restart(&db, &roster()).await;
        advance(&town, "2026-03-23T09:00:00").await;
        assert_eq!(alarms(&town.db).await, expected(&morning));
        let desk = town.inbox("zhou").list_leader_papers(pb::ListLeaderPapersRequest::default()).await;
        assert_eq!(desk.expect("a list").into_inner().papers.len(), 1);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_jump_over_a_year_raises_all_of_them_in_order(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        let mut names = Vec::new();
        for due in ["2026-03-20", "2026-03-10", "2026-04-10"] {
            names.push(checked(&town, &mut chain, Kind { class: "阅办", due, ..Kind::default() }).await);
        }
        advance(&town, "2027-03-02T00:00:00").await;
        let raised = alarms(&town.db).await;
        let instants: Vec<_> = raised.iter().map(|(_, at)| at.clone()).collect();
        let mut sorted = instants.clone();
        sorted.sort();
        assert_eq!(instants, sorted, "in order over all papers");
        assert_eq!(raised.len(), 12, "four of each: {raised:?}");
        let orders = events::<pb::PaperSupervised>(&town.db).await;
        let numbers: Vec<_> = orders.iter().filter_map(|it| it.supervision.as_ref()).map(|it| (it.number, it.year)).collect();
        assert_eq!(numbers, [(1, 2026), (2, 2026), (3, 2026)], "without gaps");
        let mut seen = overdue(&town).await;
        seen.sort();
        names.sort();
        assert_eq!(seen, names, "every overdue paper stays visible");
        replay::check(&town.db).await;
        town.stop().await;
    }

    /// §8.9 no. 11.
    async fn a_result_at_midnight_is_on_time(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        let kind = Kind { class: "阅办", due: "2026-03-10", ..Kind::default() };
        let (first, second) = (accepted(&town, &mut chain, kind).await, accepted(&town, &mut chain, kind).await);
        advance(&town, "2026-03-11T00:00:00").await;
        by(&town, "fang", &first).report("已办").await.expect("reported");
        advance(&town, "2026-03-11T00:00:01").await;
        by(&town, "fang", &second).report("已办").await.expect("reported");
        assert_eq!(overdue(&town).await, std::slice::from_ref(&second), "what was reported late stays overdue until it is completed");
        advance(&town, "2026-03-12T10:00:00").await;
        for name in [&first, &second] {
            by(&town, "wang", name).complete().await.expect("completed");
        }
        let on_time: Vec<_> = events::<pb::PaperCompleted>(&town.db).await.into_iter().map(|it| it.on_time).collect();
        assert_eq!(on_time, [true, false]);
        assert_eq!(overdue(&town).await, [""; 0]);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_due_of_a_year_without_a_calendar_is_derived_when_the_year_is_loaded(db: TestDb) {
        let town = start(&db).await;
        advance(&town, "2026-12-28T10:00:00").await;
        let name = checked(&town, &mut chain(), class("阅办")).await;
        advance(&town, "2026-12-28T10:00:00").await;
        let due = |paper: pb::InboxPaper| paper.work.and_then(|work| work.due).expect("a due");
        assert_eq!(due(town.paper(&name).await).missing_year, 2027);
        assert_eq!(alarms(&town.db).await, expected(&[(InboxAlarm::Undetermined, "2026-12-28T10:00:00")]));

        let calendar = "[[office.inbox.calendar]]\nyear = 2027\ndocument = '国办发〔2026〕9号'\n\
                        off = ['2027-01-01', '2027-05-01', '2027-10-01']\n";
        let town = town.restart(&db, &format!("{}{calendar}", roster())).await;
        let derived = due(town.paper(&name).await);
        assert_eq!(derived.date.map(|day| (day.year, day.month, day.day)), Some((2027, 1, 12)));
        assert_eq!(events::<pb::PaperDueSet>(&town.db).await.len(), 1);
        advance(&town, "2027-01-13T09:00:00").await;
        let last = alarms(&town.db).await.pop();
        assert_eq!(last, Some((InboxAlarm::Red, "2027-01-13T09:00:00".to_owned())));
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn the_instants_of_the_clock_are_derived_again_at_a_start(db: TestDb) {
        const NEXT: &str = "select message_id, next_us from inbox_papers order by message_id";
        let town = start(&db).await;
        let mut chain = chain();
        for kind in [class("阅办"), class("阅知"), Kind { urgency: "加急", ..Kind::default() }] {
            town.deliver(delivery(&mut chain, kind, Draft::default())).await.expect("it is delivered");
            checked(&town, &mut chain, kind).await;
        }
        let before = rows(&town.db, NEXT).await;
        let forget = town.db.write((), |(), tx| Box::pin(async move {
            sqlx::query("update inbox_papers set next_us = null, rules = ''").execute(tx.sql()).await?;
            Ok::<_, runtime::refusal::Failure>(())
        }));
        forget.await.expect("forgotten");
        let entries = journal_entries(&town.db).await.len();
        let town = town.restart(&db, &roster()).await;
        assert_eq!(rows(&town.db, NEXT).await, before);
        assert_eq!(journal_entries(&town.db).await.len(), entries, "nothing happened to the papers");
        town.stop().await;
    }

    async fn a_limit_that_differs_has_a_document_behind_it(db: TestDb) {
        let own = "[office.inbox]\nlimits = [{ urgency = '', sign_for = '2 h', handling = '1 WD' }]\n";
        let document = "[office.rules_document]\nnumber = '张政发〔2026〕3号'\nfrom = '2026-03-01'\n";
        let town = Town::start_with(&db, &format!("{document}{own}{}", roster())).await.expect("the cell starts");
        let name = checked(&town, &mut chain(), class("阅办")).await;
        let due = town.paper(&name).await.work.and_then(|work| work.due).and_then(|due| due.date).expect("a due");
        assert_eq!((due.month, due.day), (3, 3));
        town.stop().await;
    }
}
