//! The papers that the town sends, through the contract.

mod letters;
mod replay;

use bytes::Bytes;
use futures::future::join_all;
use runtime::both_databases;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::DispatchStage;
use vocabulary::Institution;

use crate::harness::{Chain, Draft, Town, bytes, events, fresh, reason, refused};
use letters::{Desk, letter, request, roster, until};

both_databases! {
    async fn a_paper_goes_out_from_draft_to_close(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let content = pb::DispatchContent {
            files: vec![pb::DispatchFile { name: "名单.csv".to_owned(), content: Bytes::from_static("校名,车数\n".as_bytes()) }],
            copy_to: vec!["昆山市水务局".to_owned()],
            ..letter()
        };
        let drafted = desk.draft("sun", content.clone()).await.expect("it is drafted");
        assert_eq!((drafted.stage(), drafted.institution.as_str()), (DispatchStage::Draft, "CONSTRUCTION"));
        assert_eq!((drafted.files[0].size_bytes, drafted.content.as_ref().map(|it| it.text.len())), (14, Some(0)));
        let name = drafted.name.clone();
        let asked = desk.request_cosign("sun", &name, &["FINANCE"]).await.expect("finance is asked");
        assert_eq!(asked.stage(), DispatchStage::Draft);
        assert_eq!(reason(desk.review("chief", &name).await), "RE_NOT_AGREED");
        assert_eq!(desk.cosign("wu", &name, true).await.expect("finance agrees").stage(), DispatchStage::Cosigned);
        assert_eq!(desk.review("chief", &name).await.expect("it is reviewed").stage(), DispatchStage::OfficeReviewed);
        assert_eq!(desk.legality("lawyer", &name).await.expect("it is lawful").stage(), DispatchStage::LegalReviewed);
        assert_eq!(reason(desk.number("wang", &name).await), "RE_SIGN");
        let signed = desk.sign("zhou", &name).await.expect("it is signed");
        assert_eq!((signed.stage(), signed.issuer_name.as_str()), (DispatchStage::Signed, "张浦镇人民政府"));
        let numbered = desk.number("wang", &name).await.expect("it has a number").number.expect("a number");
        assert_eq!((numbered.document_number.as_str(), numbered.serial), ("张政发〔2026〕1号", 1));
        assert_eq!(desk.seal("wang", &name).await.expect("it is sealed").digest.len(), 32);
        assert_eq!(reason(desk.revise("sun", &name, letter()).await), "OV_HISTORY_EDIT");
        let sent = desk.send("wang", &name).await.expect("it is sent");
        assert_eq!((sent.stage(), sent.recipients.len(), sent.reply_due), (DispatchStage::Sent, 2, None));

        let [event] = events::<pb::DispatchSent>(&town.db).await.try_into().expect("one goes to the gateway");
        assert_eq!(format!("dispatches/{}", event.message_id), name);
        assert_eq!((event.text, event.files), (content.text.clone(), content.files.clone()));
        assert_eq!((event.issue_date.as_str(), event.signatory.as_str()), ("2026-03-02", "zhou"));
        let to: Vec<_> = event.recipients.iter().map(|it| (it.department.as_str(), it.copy)).collect();
        assert_eq!(to, [("education", false), ("water", true)]);

        town.tell(&receipt(&name, "education", "RECEIVED")).await;
        town.tell(&receipt(&name, "education", "RECEIVED")).await;
        town.tell(&receipt(&name, "justice", "RECEIVED")).await;
        until(|| async { desk.get(&name).await.recipients[0].state() == pb::DispatchDeliveryState::Received }).await;
        assert_eq!(desk.get(&name).await.stage(), DispatchStage::Sent);
        town.tell(&receipt(&name, "water", "SIGNED_FOR")).await;
        until(|| async { desk.get(&name).await.stage() == DispatchStage::Delivered }).await;
        let closed = desk.close("wang", &name, "").await.expect("it is closed");
        assert_eq!(closed.stage(), DispatchStage::Closed);
        let shown = desk.get(&name).await;
        assert_eq!(shown, pb::Dispatch { content: Some(content), ..closed });
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn every_refusal_of_address_reaches_the_caller_and_the_record(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let two = || vec!["昆山市人民政府".to_owned(), "苏州市人民政府".to_owned()];
        let rows = [
            ("OV_CLASSIFIED", pb::DispatchContent { text: "秘密★1年".to_owned(), ..letter() }),
            ("RE_UP_ADDRESS", pb::DispatchContent { main_to: two(), ..request("甲") }),
            ("RE_ONE_MATTER", pb::DispatchContent { matters: vec!["甲".to_owned(), "乙".to_owned()], ..request("甲") }),
            ("RE_REQUEST_IN_REPORT", pb::DispatchContent { doc_type: "报告".to_owned(), ..request("甲") }),
            ("RE_TO_PERSON", pb::DispatchContent { main_to: vec!["昆山市市长".to_owned()], ..request("甲") }),
            ("RE_SKIP", pb::DispatchContent { main_to: vec!["苏州市人民政府".to_owned()], ..request("甲") }),
            ("RE_ADDRESSEE", pb::DispatchContent { main_to: vec!["某局".to_owned()], ..letter() }),
            ("RE_DIRECTION", pb::DispatchContent { doc_type: "批复".to_owned(), ..letter() }),
            ("RE_INTERNAL_UNIT", pb::DispatchContent { issuer: "规划科".to_owned(), ..letter() }),
            ("ID_DOCNO", pb::DispatchContent { ref_document_number: "昆政发[2026]5号".to_owned(), ..letter() }),
            ("RE_NORMATIVE", pb::DispatchContent { normative: true, ..letter() }),
            ("OV_ACCESS", pb::DispatchContent { issuer: "FINANCE".to_owned(), ..letter() }),
            (
                "RE_NO_CONSENT",
                pb::DispatchContent {
                    issuer: "CONSTRUCTION".to_owned(),
                    main_to: vec!["昆山市水务局".to_owned()],
                    ..request("甲")
                },
            ),
        ];
        let expected: Vec<_> = rows.iter().map(|(code, _)| (*code).to_owned()).collect();
        for (code, content) in rows {
            assert_eq!(reason(desk.draft("sun", content).await), code);
        }
        assert_eq!(refused(&town.db).await, expected, "each refusal is recorded");
        let kept = runtime::testing::rows(&town.db, "select count(*) from dispatches").await;
        assert_eq!(kept, [["0"]]);
        for entry in runtime::testing::journal_entries(&town.db).await {
            let payload = entry.entry.payload.unwrap_or_default();
            let text = String::from_utf8_lossy(&payload.event).into_owned();
            assert!(!text.contains("1年"), "nothing is kept of what bears a mark of secrecy");
        }
        town.stop().await;
    }

    async fn each_reads_its_own_and_the_head_reads_what_he_signs(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let ours = desk.draft("sun", letter()).await.expect("it is drafted").name;
        town.advance("2026-03-02T09:01:00+08:00").await;
        let theirs = desk.draft("wu", request("甲")).await.expect("it is drafted").name;
        let get = |name: &str| pb::GetDispatchRequest { name: name.to_owned() };
        assert_eq!(reason(town.dispatches("sun").get_dispatch(get(&theirs)).await), "OV_ACCESS");
        assert!(town.dispatches("wu").get_dispatch(get(&theirs)).await.is_ok());
        desk.request_cosign("wu", &theirs, &["CONSTRUCTION"]).await.expect("construction is asked");
        assert!(town.dispatches("sun").get_dispatch(get(&theirs)).await.is_ok(), "who is asked reads it");
        let to_cosign = pb::ListDispatchesRequest { to_cosign: true, ..Default::default() };
        assert_eq!(desk.listed("sun", to_cosign.clone()).await, std::slice::from_ref(&theirs));
        replay::check(&town.db).await;
        desk.cosign("sun", &theirs, false).await.expect("it says no");
        assert_eq!(desk.listed("sun", to_cosign).await, [""; 0]);

        let list = |institution: &str| pb::ListDispatchesRequest { institution: institution.to_owned(), ..Default::default() };
        assert_eq!(desk.listed("wang", list("")).await, [theirs.clone(), ours.clone()]);
        assert_eq!(desk.listed("wang", list("CONSTRUCTION")).await, std::slice::from_ref(&ours));
        assert_eq!(desk.listed("sun", list("")).await, std::slice::from_ref(&ours));
        assert_eq!(reason(town.dispatches("sun").list_dispatches(list("FINANCE")).await), "OV_ACCESS");
        let mut at_draft = list("");
        at_draft.set_stage(DispatchStage::Draft);
        at_draft.page_size = 1;
        assert_eq!(desk.listed("wang", at_draft).await, [theirs.clone(), ours.clone()], "page by page");

        desk.review("chief", &ours).await.expect("it is reviewed");
        let waiting = pb::ListDispatchesToSignRequest::default();
        let found = town.dispatches("zhou").list_dispatches_to_sign(waiting.clone()).await.expect("a list").into_inner();
        assert_eq!(found.dispatches.into_iter().map(|it| it.name).collect::<Vec<_>>(), std::slice::from_ref(&ours));
        let to_sign = pb::GetDispatchToSignRequest { name: ours.clone() };
        let shown = town.dispatches("zhou").get_dispatch_to_sign(to_sign).await.expect("it is shown").into_inner();
        assert_eq!(shown.content.map(|content| content.text), Some(letter().text));
        assert_eq!(reason(town.dispatches("zhou").get_dispatch(get(&ours)).await), "OV_ACCESS");
        assert_eq!(reason(town.dispatches("wang").list_dispatches_to_sign(waiting).await), "OV_ACCESS");
        assert_eq!(reason(desk.sign("wang", &ours).await), "OV_ACCESS", "only the head signs");
        town.stop().await;
    }

    async fn a_repeated_step_gets_its_first_answer(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let draft = pb::DraftDispatchRequest { request_id: fresh(), content: Some(letter()) };
        let mut sun = town.dispatches("sun");
        let first = sun.draft_dispatch(draft.clone()).await.expect("it is drafted").into_inner();
        let again = sun.draft_dispatch(draft.clone()).await.expect("the same answer").into_inner();
        assert_eq!(bytes(&first), bytes(&again));
        assert_eq!(events::<pb::DispatchDrafted>(&town.db).await.len(), 1);
        let stale = pb::WithdrawDispatchRequest { request_id: fresh(), name: first.name.clone(), reason: "重复".to_owned(), etag: "\"9\"".to_owned() };
        assert_eq!(sun.withdraw_dispatch(stale.clone()).await.expect_err("it has changed").code(), tonic::Code::Aborted);
        let withdraw = pb::WithdrawDispatchRequest { etag: first.etag, ..stale };
        let gone = sun.withdraw_dispatch(pb::WithdrawDispatchRequest { request_id: fresh(), ..withdraw }).await;
        assert_eq!(gone.expect("it is given up").into_inner().stage(), DispatchStage::Withdrawn);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn numbers_have_no_gap_that_is_not_explained(db: TestDb) {
        const PAPERS: usize = 50;
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let mut names = Vec::new();
        for index in 0..PAPERS {
            let content = pb::DispatchContent { title: format!("第{index}件函"), ..letter() };
            names.push(desk.signed(content).await);
        }
        let numbered = join_all(names.iter().map(|name| desk.number("wang", name))).await;
        let mut serials: Vec<_> = numbered
            .into_iter()
            .map(|answer| answer.expect("it has a number").number.expect("a number").serial)
            .collect();
        serials.sort_unstable();
        assert_eq!(serials, (1..=50).collect::<Vec<_>>());
        for name in names.iter().step_by(10) {
            let voided = desk.void("wang", name).await.expect("it is voided");
            assert_eq!(voided.stage(), DispatchStage::Void);
            assert_eq!(reason(desk.seal("wang", name).await), "RE_STAGE");
        }
        let more = desk.signed(letter()).await;
        let next = desk.number("wang", &more).await.expect("it has a number").number.expect("a number");
        assert_eq!(next.serial, 51, "a void number is not given again");

        let list = pb::ListVoidNumbersRequest { page_size: 3, ..Default::default() };
        let first = town.dispatches("sun").list_void_numbers(list.clone()).await.expect("a page").into_inner();
        let list = pb::ListVoidNumbersRequest { page_token: first.next_page_token, ..list };
        let second = town.dispatches("sun").list_void_numbers(list).await.expect("a page").into_inner();
        let void: Vec<_> = first.void_numbers.into_iter().chain(second.void_numbers).collect();
        assert_eq!(void.len(), 5);
        let marked = |it: &pb::VoidNumber| it.mark.as_ref().is_some_and(|mark| mark.person == "wang" && mark.words == "内容有误");
        assert!(void.iter().all(marked), "each has its reason and its person");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_request_is_awaited_urged_and_answered(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let name = desk.sent(request("调整镇区规划")).await;
        let other = desk.draft("wu", request("另一事项")).await.expect("another matter may be asked for").name;
        assert_eq!(reason(desk.draft("sun", request("调整镇区 规划")).await), "RE_SECOND_REQUEST");
        let by_short_name = pb::DispatchContent { main_to: vec!["市人民政府".to_owned()], ..request("调整镇区规划") };
        assert_eq!(reason(desk.draft("sun", by_short_name).await), "RE_SECOND_REQUEST");
        let due = desk.get(&name).await.reply_due.expect("an answer is due");
        assert_eq!((due.year, due.month, due.day), (2026, 3, 23));
        let waiting = pb::ListDispatchesRequest { awaiting_reply: true, ..Default::default() };
        assert_eq!(desk.listed("wang", waiting.clone()).await, std::slice::from_ref(&name));

        town.advance("2026-03-24T00:00:00+08:00").await;
        until(|| async { desk.get(&name).await.reminders == 1 }).await;
        town.advance("2026-03-31T00:00:00+08:00").await;
        until(|| async { desk.get(&name).await.reminders == 2 }).await;
        assert_eq!(events::<pb::ReplyOverdue>(&town.db).await.len(), 2);
        assert_eq!(desk.urge("wang", &name).await.expect("it is urged").urges.len(), 1);
        assert_eq!(reason(desk.urge("wang", &other).await), "RE_STAGE");

        let number = desk.get(&name).await.number.expect("a number").document_number;
        let mut chain = Chain::into(Institution::Office);
        let mention = Draft { refers_to: number.replace('1', "9"), ..Draft::default() };
        town.arrive(&mut chain, mention).await;
        let answer = town.arrive(&mut chain, Draft { refers_to: number.clone(), ..Draft::default() }).await;
        until(|| async { desk.get(&name).await.stage() == DispatchStage::Replied }).await;
        let replies = desk.get(&name).await.replies;
        assert_eq!(replies.into_iter().map(|reply| reply.inbox_paper).collect::<Vec<_>>(), std::slice::from_ref(&answer));
        assert_eq!(desk.listed("wang", waiting).await, [""; 0]);
        assert!(desk.draft("sun", request("调整镇区规划")).await.is_ok(), "what is answered may be asked again");
        assert_eq!(desk.close("wang", &name, "").await.expect("it is closed").stage(), DispatchStage::Closed);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_answers_a_paper_says_so_and_leads_on(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let mut chain = Chain::into(Institution::Office);
        let paper = town.arrive(&mut chain, Draft { document_number: "昆政办发〔2026〕181号".to_owned(), ..Draft::default() }).await;
        let absent = paper.replace("government", "justice");
        let refused = desk.draft("sun", pb::DispatchContent { answers: absent, ..letter() }).await;
        assert_eq!(refused.expect_err("there is none").code(), tonic::Code::NotFound);
        let content = pb::DispatchContent { answers: paper.clone(), ..letter() };
        town.advance("2026-03-02T09:01:00+08:00").await;
        let name = desk.sent(content).await;
        until(|| async { events::<pb::DispatchAnswered>(&town.db).await.len() == 1 }).await;
        let [answered] = events::<pb::DispatchAnswered>(&town.db).await.try_into().expect("one answer");
        let number = desk.get(&name).await.number.expect("a number").document_number;
        assert_eq!((&answered.dispatch, &answered.inbox_paper, &answered.document_number), (&name, &paper, &number));
        // Nobody was to work on it, so that nothing else tells it under the name of the paper.
        assert_eq!(events::<pb::PaperReplied>(&town.db).await, []);

        town.advance("2026-03-02T09:02:00+08:00").await;
        let reply = town.arrive(&mut chain, Draft { refers_to: number.clone(), ..Draft::default() }).await;
        town.arrive(&mut chain, Draft::default()).await;
        let thread = |person: &'static str, number: &str| {
            let request = pb::GetThreadRequest { document_number: number.to_owned() };
            let mut client = town.dispatches(person);
            async move {
                let thread = client.get_thread(request).await.expect("a thread").into_inner();
                thread.papers.into_iter().map(|paper| paper.name).collect::<Vec<_>>()
            }
        };
        until(|| async { thread("wang", &number).await.len() == 3 }).await;
        assert_eq!(thread("wang", "昆政办发〔2026〕181号").await, [paper, name.clone(), reply]);
        assert_eq!(thread("sun", &number).await, [name], "a bureau sees its own");
        assert_eq!(thread("wu", &number).await, [""; 0]);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_bureaus_request_is_not_passed_on_word_for_word(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let asked = pb::DispatchContent {
            issuer: "CONSTRUCTION".to_owned(),
            main_to: vec!["张浦镇人民政府".to_owned()],
            ..request("调整镇区规划")
        };
        let theirs = desk.draft("sun", asked.clone()).await.expect("the bureau asks").name;
        let passed = pb::DispatchContent { request_of: theirs, ..request("调整镇区规划") };
        assert_eq!(reason(desk.draft("wang", passed.clone()).await), "RE_NO_OPINION");
        let same = pb::DispatchContent { opinion: "拟同意".to_owned(), ..passed };
        assert_eq!(reason(desk.draft("wang", same.clone()).await), "RE_NO_OPINION", "it is the original");
        let own = pb::DispatchContent { text: "市人民政府：\n我镇拟同意调整。妥否，请批示。".to_owned(), ..same };
        assert!(desk.draft("wang", own).await.is_ok());
        town.stop().await;
    }

    async fn a_department_that_never_acknowledges_is_told_once_and_stands_among_what_is_overdue(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let both = vec!["昆山市教育局".to_owned(), "昆山市水务局".to_owned()];
        let name = desk.sent(pb::DispatchContent { main_to: both, ..letter() }).await;
        let prompt = desk.sent(pb::DispatchContent { title: "关于另一事项的函".to_owned(), ..letter() }).await;
        let due = desk.get(&name).await.acknowledgement_due.expect("it is to be acknowledged");
        assert_eq!((due.year, due.month, due.day), (2026, 3, 4), "two working days after Monday 2 March");
        let overdue = pb::ListDispatchesRequest { overdue: true, ..Default::default() };

        for (dispatch, department) in [(&name, "education"), (&prompt, "education")] {
            town.tell(&receipt(dispatch, department, "RECEIVED")).await;
        }
        until(|| async { desk.get(&prompt).await.stage() == DispatchStage::Delivered }).await;
        town.advance("2026-03-04T23:59:59+08:00").await;
        assert_eq!(desk.listed("wang", overdue.clone()).await, [""; 0]);
        town.advance("2026-03-05T00:00:00+08:00").await;
        until(|| async { desk.get(&name).await.acknowledgement_overdue_time.is_some() }).await;
        assert_eq!(desk.listed("wang", overdue.clone()).await, std::slice::from_ref(&name));
        replay::check(&town.db).await;
        town.advance("2026-03-20T00:00:00+08:00").await;
        let later = desk.sent(pb::DispatchContent { title: "关于第三事项的函".to_owned(), ..letter() }).await;
        let [told] = events::<pb::AcknowledgementOverdue>(&town.db).await.try_into().expect("one alarm, however late it is");
        assert_eq!((told.dispatch.as_str(), told.departments.as_slice()), (name.as_str(), &["water".to_owned()][..]));

        town.tell(&receipt(&name, "water", "RECEIVED")).await;
        until(|| async { desk.get(&name).await.stage() == DispatchStage::Delivered }).await;
        assert_eq!(desk.listed("wang", overdue.clone()).await, [""; 0], "what is acknowledged is overdue no more");
        // Whatever the department did not take, it was told and handed over: that ends the waiting too.
        desk.by_hand("wang", &later, "昆山市教育局").await.expect("it is recorded");
        town.advance("2026-04-01T00:00:00+08:00").await;
        assert_eq!(events::<pb::AcknowledgementOverdue>(&town.db).await.len(), 1);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_paper_that_is_handed_over_has_a_receipt_on_paper(db: TestDb) {
        let town = Town::start_with(&db, &roster()).await.expect("the cell starts");
        let desk = Desk(&town);
        let content = pb::DispatchContent {
            main_to: vec!["昆山市周庄镇人民政府".to_owned(), "昆山市教育局".to_owned()],
            ..letter()
        };
        let name = desk.sent(content).await;
        assert_eq!(reason(desk.by_hand("wang", &name, "昆山市民政局").await), "RE_ADDRESSEE");
        let one = desk.by_hand("wang", &name, "昆山市周庄镇人民政府").await.expect("it is recorded");
        assert_eq!((one.stage(), one.recipients[0].person.as_str()), (DispatchStage::Sent, "wang"));
        town.tell(&receipt(&name, "education", "RETURNED")).await;
        until(|| async { desk.get(&name).await.recipients[1].state() == pb::DispatchDeliveryState::Returned }).await;
        assert_eq!(desk.close("wang", &name, "教育局退回").await.expect("nobody is waited for").stage(), DispatchStage::Closed);
        replay::check(&town.db).await;
        town.stop().await;
    }
}

fn receipt(dispatch: &str, department: &str, kind: &str) -> gateway::DispatchReceipt {
    gateway::DispatchReceipt {
        dispatch: dispatch.to_owned(),
        department: department.to_owned(),
        r#type: kind.to_owned(),
        reason: if kind == "RETURNED" { "不属本局职责".to_owned() } else { String::new() },
        time: Some(prost_types::Timestamp { seconds: 1_772_416_800, nanos: 0 }),
        receipt_digest: "00ff".to_owned(),
    }
}
