//! A paper from its assignment to the archive, through the contract.

use runtime::both_databases;
use runtime::testing::rows;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::{InboxAct, InboxStage};
use vocabulary::Institution;

use crate::harness::{Chain, Draft, events, reason, refusal};
use crate::inbox_steps::{accepted, by, chain, checked, class, delivery, list, of_office, start, to};
use crate::replay;

both_databases! {
    async fn a_paper_is_worked_from_the_check_to_the_archive(db: TestDb) {
        let town = start(&db).await;
        let name = checked(&town, &mut chain(), class("阅办")).await;
        let wish = pb::AssignPaperRequest {
            co_handlers: vec!["ECONOMY".to_owned()],
            readers: vec!["SERVICE".to_owned()],
            answer: true,
            ..to("FINANCE")
        };
        let assigned = by(&town, "wang", &name).assign(wish).await.expect("assigned");
        assert_eq!((assigned.stage(), assigned.next_act(), assigned.next_actors), (InboxStage::Assigned, InboxAct::Accept, vec!["FINANCE".to_owned()]));
        let fang = by(&town, "fang", &name);
        fang.accept().await.expect("accepted");
        assert_eq!(fang.progress(60).await.expect("reported").stage(), InboxStage::InProgress);
        assert_eq!(reason(fang.report("已拨付").await), "RE_PARTS", "the co-handler has not done its part");
        by(&town, "shi", &name).part("已核对").await.expect("done");
        by(&town, "fu", &name).read().await.expect("read");
        assert_eq!(reason(by(&town, "fu", &name).read().await), "RE_ONCE");
        fang.report("已拨付").await.expect("reported");
        let wang = by(&town, "wang", &name);
        assert_eq!(wang.send_back("缺附件").await.expect("sent back").stage(), InboxStage::InProgress);
        fang.report("已拨付，附件补齐").await.expect("reported");
        let completed = wang.complete().await.expect("completed");
        assert_eq!((completed.stage(), completed.next_act()), (InboxStage::Completed, InboxAct::Reply));
        assert!(completed.work.as_ref().is_some_and(|work| work.on_time && work.progress_count == 1));
        assert_eq!(reason(wang.archive().await), "RE_ANSWER", "the sender waits");

        let [event] = events::<pb::PaperCompleted>(&town.db).await.try_into().expect("one completion");
        assert_eq!((event.paper, event.institution, event.person), (completed.paper, "FINANCE".to_owned(), "fang".to_owned()));
        assert_eq!((event.copy, event.on_time, event.result.as_str()), (false, true, "已拨付，附件补齐"));
        assert_eq!(event.checked.map(|deed| deed.person), Some("wang".to_owned()));
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_needs_no_answer_is_archived(db: TestDb) {
        let town = start(&db).await;
        let name = accepted(&town, &mut chain(), class("阅办")).await;
        let (fang, wang) = (by(&town, "fang", &name), by(&town, "wang", &name));
        fang.report("已办").await.expect("reported");
        wang.complete().await.expect("completed");
        let archived = wang.archive().await.expect("archived");
        assert_eq!((archived.stage(), archived.next_act()), (InboxStage::Archived, InboxAct::Unspecified));
        assert_eq!(list(&town, "wang", pb::ListInboxPapersRequest { open: true, ..of_office() }).await, [""; 0]);
        assert_eq!(list(&town, "wang", of_office()).await, std::slice::from_ref(&name));
        for again in [wang.archive().await, fang.report("再办").await, wang.merge(&name, "并").await] {
            assert_eq!(reason(again), "RE_STAGE", "nothing leads out of the archive");
        }
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn the_last_reader_completes_what_is_only_read(db: TestDb) {
        let town = start(&db).await;
        let name = checked(&town, &mut chain(), class("阅知")).await;
        let wish = pb::AssignPaperRequest {
            action_class: pb::PaperActionClass::Read.into(),
            readers: vec!["SERVICE".to_owned(), "SOCIAL".to_owned()],
            ..Default::default()
        };
        by(&town, "wang", &name).assign(wish).await.expect("assigned");
        assert_eq!(by(&town, "fu", &name).read().await.expect("read").stage(), InboxStage::Assigned);
        assert_eq!(by(&town, "he", &name).read().await.expect("read").stage(), InboxStage::Completed);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_is_assigned_is_read_and_listed_by_those_who_have_a_part(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        let mine = accepted(&town, &mut chain, class("阅办")).await;
        let other = checked(&town, &mut chain, class("阅办")).await;
        let fang = by(&town, "fang", &mine);
        assert_eq!(fang.get().await.expect("it is there").stage(), InboxStage::Accepted);
        assert_eq!(reason(by(&town, "fang", &other).get().await), "OV_ACCESS");
        assert_eq!(reason(by(&town, "fang", &other).accept().await), "OV_ACCESS");
        let absent = other.replace("government-", "government-office-");
        assert_eq!(reason(by(&town, "fang", &absent).accept().await), "OV_ACCESS", "nothing is told of what is not there");
        assert_eq!(reason(by(&town, "shi", &mine).report("已办").await), "OV_ACCESS");
        assert_eq!(reason(fang.complete().await), "OV_ACCESS", "the lead does not check");
        assert_eq!(list(&town, "fang", pb::ListInboxPapersRequest { mine: true, ..of_office() }).await, [mine]);
        let all = town.inbox("fang").list_inbox_papers(of_office()).await;
        assert_eq!(reason(all), "OV_ACCESS");
        town.stop().await;
    }

    async fn two_refusals_bring_it_to_the_leaders(db: TestDb) {
        let town = start(&db).await;
        let name = checked(&town, &mut chain(), class("阅办")).await;
        let (wang, fang, zhou) = (by(&town, "wang", &name), by(&town, "fang", &name), by(&town, "zhou", &name));
        assert_eq!(reason(zhou.decide("FINANCE").await), "RE_LEADERS", "not yet");
        for _ in 0..2 {
            wang.assign(to("FINANCE")).await.expect("assigned");
            assert_eq!(fang.refuse("不属本局职责").await.expect("refused").stage(), InboxStage::Checked);
        }
        assert_eq!(reason(wang.assign(to("FINANCE")).await), "RE_LEADERS");
        let desk = town.inbox("zhou").list_leader_papers(pb::ListLeaderPapersRequest::default()).await;
        let desk = desk.expect("a list").into_inner().papers;
        assert_eq!(desk.iter().map(|paper| paper.next_actors[0].as_str()).collect::<Vec<_>>(), ["LEADERS"]);
        assert_eq!(reason(wang.decide("FINANCE").await), "OV_NO_ROLE");
        assert_eq!(reason(zhou.assign(to("FINANCE")).await), "OV_ACCESS");
        zhou.decide("FINANCE").await.expect("decided");
        assert_eq!(reason(fang.refuse("不属本局职责").await), "RE_LEADERS");
        fang.accept().await.expect("accepted");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_a_leader_must_instruct_waits_for_the_instruction(db: TestDb) {
        let town = start(&db).await;
        let name = checked(&town, &mut chain(), class("批办")).await;
        let wish = pb::AssignPaperRequest { action_class: pb::PaperActionClass::Instructed.into(), ..to("FINANCE") };
        let wang = by(&town, "wang", &name);
        assert_eq!(reason(wang.assign(wish.clone()).await), "RE_INSTRUCTION");
        by(&town, "zhou", &name).instruct("请财政局牵头办理").await.expect("instructed");
        let assigned = wang.assign(wish).await.expect("assigned");
        let work = assigned.work.expect("work");
        assert_eq!(work.instruction.map(|it| it.leader), Some("zhou".to_owned()));
        assert!(work.assignment.is_some_and(|it| it.answer), "批办 always gets an answer");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_front_institution_handles_no_county_paper(db: TestDb) {
        let town = start(&db).await;
        let name = checked(&town, &mut chain(), class("阅办")).await;
        let wang = by(&town, "wang", &name);
        for front in ["SERVICE", "ENFORCEMENT"] {
            assert_eq!(reason(wang.assign(to(front)).await), "RE_FRONT");
            assert_eq!(reason(wang.transfer(front, "转办").await), "RE_FRONT");
        }
        let bad = pb::AssignPaperRequest { lead: "MAYOR".to_owned(), ..to("FINANCE") };
        let seen = refusal(wang.assign(bad).await);
        assert_eq!((seen.violations[0].field.as_str(), seen.violations.len()), ("lead", 1));
        town.stop().await;
    }

    async fn a_bureau_works_its_own_inbox_and_its_chief_checks(db: TestDb) {
        let town = start(&db).await;
        let delivery = delivery(&mut Chain::into(Institution::Construction), class("阅办"), Draft::default());
        let name = town.deliver(delivery).await.expect("it is delivered").inbox_paper;
        let (sun, zhu) = (by(&town, "sun", &name), by(&town, "zhu", &name));
        sun.sign().await.expect("signed for");
        sun.register("").await.expect("registered");
        sun.check().await.expect("checked");
        assert_eq!(reason(sun.assign(to("FINANCE")).await), "RE_ASSIGN");
        let wish = pb::AssignPaperRequest { persons: vec!["li".to_owned()], ..to("") };
        let assigned = sun.assign(wish).await.expect("assigned");
        assert_eq!(assigned.work.and_then(|work| work.assignment).map(|it| it.lead), Some("CONSTRUCTION".to_owned()));
        sun.accept().await.expect("accepted");
        sun.report("已办").await.expect("reported");
        assert_eq!(reason(sun.complete().await), "OV_NO_ROLE");
        assert_eq!(reason(by(&town, "wang", &name).complete().await), "OV_ACCESS");
        assert_eq!(zhu.complete().await.expect("completed").stage(), InboxStage::Completed);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn nobody_checks_what_he_reported(db: TestDb) {
        let town = start(&db).await;
        let name = checked(&town, &mut chain(), class("阅办")).await;
        let (wang, chen) = (by(&town, "wang", &name), by(&town, "chen", &name));
        wang.assign(to("OFFICE")).await.expect("assigned");
        wang.accept().await.expect("accepted");
        wang.report("已办").await.expect("reported");
        assert_eq!(reason(wang.complete().await), "OV_FOUR_EYES");
        assert_eq!(reason(wang.send_back("不全").await), "OV_FOUR_EYES");
        assert_eq!(chen.complete().await.expect("completed").stage(), InboxStage::Completed);
        town.stop().await;
    }

    async fn an_extension_is_asked_for_and_decided_once(db: TestDb) {
        let town = start(&db).await;
        let kind = crate::inbox_steps::Kind { class: "阅办", due: "2026-03-10", ..Default::default() };
        let name = accepted(&town, &mut chain(), kind).await;
        let (fang, wang) = (by(&town, "fang", &name), by(&town, "wang", &name));
        let day = |day| Date { year: 2026, month: 3, day };
        assert_eq!(reason(fang.extend(day(10), "材料不齐").await), "RE_DUE", "it is not later");
        assert_eq!(reason(wang.grant("").await), "RE_STAGE", "nobody asked");
        fang.extend(day(20), "材料不齐").await.expect("asked for");
        assert_eq!(reason(fang.extend(day(25), "材料不齐").await), "RE_ONCE");
        let extended = wang.grant("同意").await.expect("granted");
        assert_eq!(extended.work.and_then(|work| work.due).and_then(|due| due.date), Some(day(20)));
        let [event] = events::<pb::PaperExtended>(&town.db).await.try_into().expect("one extension");
        assert_eq!((event.due, event.sender_due, event.paper), (Some(day(20)), true, extended.paper));
        assert_eq!(reason(wang.grant("同意").await), "RE_STAGE");
        replay::check(&town.db).await;

        let second = accepted(&town, &mut Chain::into_from("finance-bureau"), kind).await;
        by(&town, "fang", &second).extend(day(20), "材料不齐").await.expect("asked for");
        by(&town, "wang", &second).deny("不同意").await.expect("refused");
        town.advance("2026-03-11T00:00:01+08:00").await;
        let third = accepted(&town, &mut Chain::into_from("audit-bureau"), kind).await;
        assert_eq!(reason(by(&town, "fang", &third).extend(day(20), "材料不齐").await), "RE_LATE");
        town.stop().await;
    }

    async fn a_paper_goes_on_in_another_one(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        let first = checked(&town, &mut chain, class("阅办")).await;
        let second = checked(&town, &mut chain, class("阅办")).await;
        let wang = by(&town, "wang", &first);
        assert_eq!(reason(wang.merge(&first, "同一事项").await), "RE_LINK");
        let merged = wang.merge(&second, "同一事项").await.expect("merged");
        assert_eq!((merged.stage(), merged.work.map(|work| work.merged_into)), (InboxStage::Merged, Some(second.clone())));
        assert_eq!(reason(by(&town, "wang", &second).merge(&first, "同一事项").await), "RE_LINK", "the other has ended");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_paper_goes_on_in_another_inbox(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        let name = checked(&town, &mut chain, class("阅办")).await;
        let gone = by(&town, "wang", &name).transfer("CONSTRUCTION", "属建设局职责").await.expect("transferred");
        let to = gone.work.clone().expect("work").transferred_to;
        assert_eq!((gone.stage(), to.as_str()), (InboxStage::Transferred, name.replace("OFFICE", "CONSTRUCTION").as_str()));
        let sun = by(&town, "sun", &to);
        let taken = sun.get().await.expect("it is there");
        assert_eq!((taken.stage(), taken.work.map(|work| work.transferred_from)), (InboxStage::Arrived, Some(name.clone())));
        assert_eq!(taken.payload, town.paper(&name).await.payload, "with what was signed");
        sun.sign().await.expect("signed for");
        sun.register("").await.expect("registered");
        replay::check(&town.db).await;
        town.stop().await;
    }

    /// §8.9 no. 12.
    async fn a_correction_waits_until_the_office_links_it(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        let draft = || Draft { document_number: "昆政发〔2026〕700号".to_owned(), ..Draft::default() };
        let old = town.arrive(&mut chain, draft()).await;
        let new = town.arrive(&mut chain, draft()).await;
        let wang = by(&town, "wang", &old);
        wang.sign().await.expect("signed for");
        wang.register("").await.expect("registered");
        wang.check().await.expect("checked");
        wang.assign(to("FINANCE")).await.expect("assigned");
        let linking = by(&town, "wang", &new);
        linking.sign().await.expect("signed for");
        assert_eq!(reason(linking.register("").await), "RE_CONFLICT");
        let other = checked(&town, &mut chain, class("阅办")).await;
        assert_eq!(reason(linking.register(&other).await), "RE_CONFLICT", "another paper does not free the number");
        let registered = linking.register(&old).await.expect("registered");
        assert_eq!(registered.work.map(|work| work.supersedes), Some(old.clone()));
        let replaced = wang.get().await.expect("it stays readable");
        assert_eq!((replaced.stage(), replaced.work.map(|work| work.superseded_by)), (InboxStage::Merged, Some(new.clone())));
        assert_eq!(reason(linking.register(&old).await), "RE_STAGE");
        let [event] = events::<pb::PaperSuperseded>(&town.db).await.try_into().expect("one link");
        assert_eq!((event.by, event.merged), (new, true));
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn of_two_papers_that_merge_into_each_other_one_goes_on(db: TestDb) {
        let town = start(&db).await;
        let mut chain = chain();
        for _ in 0..4 {
            let first = checked(&town, &mut chain, class("阅办")).await;
            let second = checked(&town, &mut chain, class("阅办")).await;
            let (one, two) = (by(&town, "wang", &first), by(&town, "chen", &second));
            let (one, two) = tokio::join!(one.merge(&second, "并"), two.merge(&first, "并"));
            assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
        }
        let counted = rows(&town.db, "select stage, count(*) from inbox_papers group by stage order by stage").await;
        assert_eq!(counted, [["CHECKED", "4"], ["MERGED", "4"]]);
        town.stop().await;
    }
}
