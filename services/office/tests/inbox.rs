//! The life of a paper in an inbox, through the contract.

use bytes::Bytes;
use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use runtime::both_databases;
use runtime::caller::Peer;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::InboxStage;
use vocabulary::Institution;

use crate::harness::{Chain, Draft, START, Town, bytes, digest, events, fresh, keep, reason, refusal, refused};
use crate::replay;

both_databases! {
    async fn a_paper_is_worked_from_arrival_to_check(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let delivery = chain.next(Draft::default());
        let name = town.deliver(delivery.clone()).await.expect("it is delivered").inbox_paper;
        let arrived = town.paper(&name).await;
        assert_eq!((arrived.stage(), arrived.serial, &arrived.payload), (InboxStage::Arrived, 0, &delivery.payload));
        assert_eq!((&arrived.summary, arrived.accept_time), (&delivery.summary, delivery.accept_time));

        let signed = town.sign_for(&name).await;
        assert_eq!((signed.stage(), signed.signed_for_by.as_str()), (InboxStage::SignedFor, "wang"));
        let request = pb::RegisterPaperRequest { request_id: fresh(), name: name.clone(), etag: signed.etag, ..Default::default() };
        let registered = town.inbox("wang").register_paper(request).await.expect("it is registered").into_inner();
        assert_eq!((registered.stage(), registered.serial), (InboxStage::Registered, 1));
        let checked = town.check(&name, Vec::new()).await.expect("it is checked");
        assert_eq!((checked.stage(), checked.document.as_str()), (InboxStage::Checked, ""));
        let shown = town.paper(&name).await;
        assert_eq!(shown, pb::InboxPaper { payload: delivery.payload, ..checked });

        let [event] = events::<pb::PaperSignedFor>(&town.db).await.try_into().expect("one receipt");
        assert_eq!((event.paper, event.institution, event.person), (delivery.paper, "OFFICE".to_owned(), "wang".to_owned()));
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn there_is_no_way_out_of_returned(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        assert_eq!(reason(town.send_back(&name).await), "RE_STAGE", "nothing goes back before it is registered");
        town.register(&name).await;
        let returned = town.send_back(&name).await.expect("it goes back");
        assert_eq!((returned.stage(), returned.return_code.as_str()), (InboxStage::Returned, "RE-NOT-AGREED"));

        let sign = pb::SignForPaperRequest { request_id: fresh(), name: name.clone(), ..Default::default() };
        assert_eq!(reason(town.inbox("wang").sign_for_paper(sign).await), "RE_STAGE");
        let register = pb::RegisterPaperRequest { request_id: fresh(), name: name.clone(), ..Default::default() };
        assert_eq!(reason(town.inbox("wang").register_paper(register).await), "RE_STAGE");
        assert_eq!(reason(town.check(&name, Vec::new()).await), "RE_STAGE");
        assert_eq!(reason(town.send_back(&name).await), "RE_STAGE");

        assert_eq!(events::<pb::PaperReturned>(&town.db).await.len(), 1);
        assert_eq!(refused(&town.db).await, ["RE_STAGE"; 5], "each refusal is recorded");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn each_institution_works_its_own_inbox_only(db: TestDb) {
        let town = Town::start(&db).await;
        let office = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        let construction = town.arrive(&mut Chain::into(Institution::Construction), Draft::default()).await;
        let sign = |name: &str| pb::SignForPaperRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
        let get = |name: &str| pb::GetInboxPaperRequest { name: name.to_owned() };
        let list = |parent: &str| pb::ListInboxPapersRequest { parent: parent.to_owned(), ..Default::default() };
        let (mut wang, mut sun) = (town.inbox("wang"), town.inbox("sun"));

        assert_eq!(reason(sun.sign_for_paper(sign(&office)).await), "OV_ACCESS");
        assert_eq!(reason(sun.get_inbox_paper(get(&office)).await), "OV_ACCESS");
        assert_eq!(reason(sun.list_inbox_papers(list("inboxes/OFFICE")).await), "OV_ACCESS");
        assert_eq!(reason(wang.sign_for_paper(sign(&construction)).await), "OV_ACCESS");
        let absent = construction.replace("papers/government-", "papers/government-office-");
        assert_eq!(reason(wang.sign_for_paper(sign(&absent)).await), "OV_ACCESS", "nothing is told of another's inbox");

        assert!(sun.sign_for_paper(sign(&construction)).await.is_ok(), "a bureau works its own");
        assert!(wang.get_inbox_paper(get(&construction)).await.is_ok(), "the office reads all");
        assert_eq!(wang.list_inbox_papers(list("inboxes/CONSTRUCTION")).await.expect("a list").into_inner().papers.len(), 1);
        assert_eq!(refused(&town.db).await, ["OV_ACCESS"; 5], "each refusal is recorded");
        town.stop().await;
    }

    async fn who_holds_no_such_role_is_refused(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        let sign = || pb::SignForPaperRequest { request_id: fresh(), name: name.clone(), ..Default::default() };
        for (person, expected) in [("zhao", "OV_NO_ROLE"), ("nobody", "OV_NO_ROLE"), ("zhou", "OV_ACCESS")] {
            assert_eq!(reason(town.inbox(person).sign_for_paper(sign()).await), expected, "{person}");
        }
        let county = Peer::County("government".parse().expect("a department"));
        let mut inbox = pb::inbox_service_client::InboxServiceClient::new(town.channel(&county));
        assert_eq!(reason(inbox.sign_for_paper(sign()).await), "OV_ACCESS");
        assert_eq!(town.paper(&name).await.stage(), InboxStage::Arrived);
        town.stop().await;
    }

    async fn a_role_lapses_at_midnight_of_the_towns_clock(db: TestDb) {
        let roster = "[[office.roster]]\nperson = 'wang'\npost = 'OFFICE'\nrole = 'RELAY_CLERK'\nfrom = '2012-01-01'\n\
                      to = '2026-03-03'\ndocument = '张委组〔2012〕1号'\n";
        let town = Town::start_with(&db, roster).await.expect("the cell starts");
        let mut chain = Chain::into(Institution::Office);
        let [first, second] = [town.arrive(&mut chain, Draft::default()).await, town.arrive(&mut chain, Draft::default()).await];
        town.advance("2026-03-02T23:59:59+08:00").await;
        town.sign_for(&first).await;
        town.advance("2026-03-03T00:00:00+08:00").await;
        let sign = pb::SignForPaperRequest { request_id: fresh(), name: second, ..Default::default() };
        assert_eq!(reason(town.inbox("wang").sign_for_paper(sign).await), "OV_NO_ROLE");
        town.stop().await;
    }

    async fn of_a_thousand_racing_clerks_one_signs(db: TestDb) {
        const RACERS: usize = 1_000;
        let town = Town::start(&db).await;
        let name = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        let clients: Vec<_> = (0..4).map(|_| town.inbox("wang")).collect();
        // Every third one repeats the request before it.
        let ids: Vec<_> = (0..RACERS).map(|_| fresh()).collect();
        let answers = stream::iter(0..RACERS)
            .map(|racer| {
                let mut client = clients[racer % clients.len()].clone();
                let request_id = ids[racer - usize::from(racer % 3 == 2)].clone();
                let request = pb::SignForPaperRequest { request_id: request_id.clone(), name: name.clone(), ..Default::default() };
                async move { (request_id, client.sign_for_paper(request).await) }
            })
            .buffer_unordered(100)
            .collect::<Vec<_>>()
            .await;

        let mut winners = Vec::new();
        for (request_id, answer) in answers {
            match answer {
                Ok(paper) => winners.push((request_id, bytes(&paper.into_inner()))),
                refused => assert_eq!(reason(refused), "RE_STAGE"),
            }
        }
        winners.dedup();
        let [(winner, first)] = winners.try_into().expect("one request wins, and its repetition gets its answer");
        let again = pb::SignForPaperRequest { request_id: winner, name: name.clone(), ..Default::default() };
        let again = town.inbox("wang").sign_for_paper(again).await.expect("the stored answer").into_inner();
        assert_eq!(bytes(&again), first);
        assert_eq!(events::<pb::PaperSignedFor>(&town.db).await.len(), 1);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_repetition_gets_the_stored_answer(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        let sign = |request_id: &str, name: &str| pb::SignForPaperRequest {
            request_id: request_id.to_owned(),
            name: name.to_owned(),
            ..Default::default()
        };
        let (id, mut inbox) = (fresh(), town.inbox("wang"));
        let first = inbox.sign_for_paper(sign(&id, &name)).await.expect("it is signed for").into_inner();
        let register = pb::RegisterPaperRequest { request_id: fresh(), name: name.clone(), ..Default::default() };
        inbox.register_paper(register).await.expect("it is registered");
        let refused = fresh();
        let no = refusal(inbox.sign_for_paper(sign(&refused, &name)).await);
        town.send_back(&name).await.expect("it goes back");

        let again = inbox.sign_for_paper(sign(&id, &name)).await.expect("the stored answer").into_inner();
        assert_eq!(bytes(&again), bytes(&first), "as it was then");
        assert_eq!(refusal(inbox.sign_for_paper(sign(&refused, &name)).await), no, "the same no");
        let other = sign(&id, &name.replace("government", "government-office"));
        assert_eq!(reason(inbox.sign_for_paper(other).await), "REQUEST_ID_REUSED");
        town.stop().await;
    }

    async fn a_finding_is_resolved_in_its_own_way_or_the_paper_goes_back(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let rows = [
            ("RE-DEPT-DIRECTIVE", "RE_DEPT_DIRECTIVE", Some(pb::ResolutionType::AsLetter)),
            ("ID-DOCNO", "ID_DOCNO", Some(pb::ResolutionType::Repaired)),
            ("RE-HELD", "RE_HELD", Some(pb::ResolutionType::Cleared)),
            ("OV-CLASSIFIED", "OV_CLASSIFIED", None),
            ("RE-NOT-AGREED", "RE_NOT_AGREED", None),
            ("RE-INTERNAL-UNIT", "RE_INTERNAL_UNIT", None),
            ("RE-REQUEST-IN-REPORT", "RE_FINDING", None),
        ];
        for (code, unresolved, remedy) in rows {
            let name = town.arrive(&mut chain, Draft { findings: vec![code], ..Draft::default() }).await;
            town.register(&name).await;
            let seen = refusal(town.check(&name, Vec::new()).await);
            assert_eq!((seen.reason.as_str(), seen.violations.len()), (unresolved, 1), "{code}");
            for wrong in [pb::ResolutionType::AsLetter, pb::ResolutionType::Repaired, pb::ResolutionType::Cleared] {
                if remedy != Some(wrong) {
                    assert_eq!(reason(town.check(&name, vec![resolution(code, wrong)]).await), unresolved, "{code} {wrong:?}");
                }
            }
            match remedy {
                Some(remedy) => {
                    let checked = town.check(&name, vec![resolution(code, remedy)]).await.expect("it is checked");
                    assert_eq!(checked.resolutions, [resolution(code, remedy)]);
                }
                None => assert!(town.send_back(&name).await.is_ok(), "{code}"),
            }
        }
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_request_is_read_as_a_whole(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        town.register(&name).await;
        let stray = town.check(&name, vec![resolution("RE-HELD", pb::ResolutionType::Cleared)]).await;
        let seen = refusal(stray);
        assert_eq!((seen.reason.as_str(), seen.violations[0].field.as_str()), ("AU_ENUM", "resolutions[0].code"));
        let bad = vec![resolution("", pb::ResolutionType::Cleared), resolution("RE-HELD", pb::ResolutionType::Unspecified)];
        let status = town.check(&name, bad).await.expect_err("it is malformed");
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        let fields: Vec<_> = runtime::refusal::read(&status).expect("details").violations.into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["resolutions[0].code", "resolutions[1].type"]);
        let stale = pb::CheckPaperRequest { request_id: fresh(), name: name.clone(), etag: "\"1\"".to_owned(), ..Default::default() };
        let status = town.inbox("wang").check_paper(stale).await.expect_err("it has moved on");
        assert_eq!(status.code(), tonic::Code::Aborted);
        let absent = name.replace("government", "government-office");
        let status = town.check(&absent, Vec::new()).await.expect_err("it is not there");
        assert_eq!(status.code(), tonic::Code::NotFound);
        town.stop().await;
    }

    async fn a_number_stands_in_the_book_with_one_content(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let draft = |number: &str| Draft { document_number: number.to_owned(), ..Draft::default() };
        let first = town.arrive(&mut chain, draft("昆政发〔2026〕500号")).await;
        // The same number, only written badly.
        let second = town.arrive(&mut chain, draft("昆政发[2026]500号")).await;
        let elsewhere = town.arrive(&mut Chain::into(Institution::Construction), draft("昆政发〔2026〕500号")).await;
        town.register(&first).await;
        town.sign_for(&second).await;
        let register = || pb::RegisterPaperRequest { request_id: fresh(), name: second.clone(), ..Default::default() };
        let seen = refusal(town.inbox("wang").register_paper(register()).await);
        assert_eq!(seen.reason, "RE_CONFLICT");
        assert!(seen.variables.contains(&("other".to_owned(), first.clone())), "{seen:?}");

        let sign = pb::SignForPaperRequest { request_id: fresh(), name: elsewhere.clone(), ..Default::default() };
        town.inbox("sun").sign_for_paper(sign).await.expect("it is signed for");
        let other_book = pb::RegisterPaperRequest { request_id: fresh(), name: elsewhere, ..Default::default() };
        assert!(town.inbox("sun").register_paper(other_book).await.is_ok(), "another inbox has a book of its own");

        town.send_back(&first).await.expect("it goes back");
        let registered = town.inbox("wang").register_paper(register()).await.expect("what went back stands there no longer");
        assert_eq!(registered.into_inner().serial, 2);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn of_two_papers_with_one_number_one_is_registered(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let mut names = Vec::new();
        for _ in 0..6 {
            let draft = Draft { document_number: "昆政发〔2026〕501号".to_owned(), ..Draft::default() };
            names.push(town.arrive(&mut chain, draft).await);
            town.sign_for(&names[names.len() - 1]).await;
        }
        let answers = join_all(names.into_iter().map(|name| {
            let mut inbox = town.inbox("wang");
            let register = pb::RegisterPaperRequest { request_id: fresh(), name, ..Default::default() };
            async move { inbox.register_paper(register).await }
        }));
        let (won, lost): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 5));
        for refused in lost {
            assert_eq!(reason(refused), "RE_CONFLICT");
        }
        let next = town.arrive(&mut chain, Draft::default()).await;
        assert_eq!(town.register(&next).await.serial, 2, "those who lost took no number");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn each_year_has_a_book_of_its_own(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        for serial in 1..=2 {
            let name = town.arrive(&mut chain, Draft::default()).await;
            assert_eq!(town.register(&name).await.serial, serial);
        }
        town.advance("2026-12-31T23:59:59+08:00").await;
        let last = town.arrive(&mut chain, Draft::default()).await;
        assert_eq!(town.register(&last).await.serial, 3);
        town.advance("2027-01-01T00:00:00+08:00").await;
        let first = town.arrive(&mut chain, Draft::default()).await;
        assert_eq!(town.register(&first).await.serial, 1);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn nobody_signs_for_a_payload_that_changed_at_rest(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        let damage: Result<(), runtime::refusal::Failure> = town.db.write((), |(), tx| Box::pin(async move {
            sqlx::query("update deliveries set payload = $1").bind(b"{\"v\":2}".to_vec()).execute(tx.sql()).await?;
            Ok(())
        })).await;
        damage.expect("the row is damaged");
        let sign = pb::SignForPaperRequest { request_id: fresh(), name: name.clone(), ..Default::default() };
        assert_eq!(reason(town.inbox("wang").sign_for_paper(sign).await), "RE_DIGEST");
        assert_eq!(town.paper(&name).await.stage(), InboxStage::Arrived);
        town.stop().await;
    }

    async fn an_inbox_is_listed_newest_first_page_by_page(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let mut names = Vec::new();
        for hour in 10..=16 {
            town.advance(&START.replace("T09", &format!("T{hour}"))).await;
            for _ in 0..2 {
                names.push(town.arrive(&mut chain, Draft::default()).await);
            }
        }
        for name in &names[3..6] {
            town.sign_for(name).await;
        }
        names.reverse();
        assert_eq!(listed(&town, InboxStage::Unspecified).await, names);
        assert_eq!(listed(&town, InboxStage::SignedFor).await, names[8..11]);
        assert_eq!(listed(&town, InboxStage::Returned).await, [] as [&str; 0]);
        town.stop().await;
    }

    async fn a_directive_becomes_a_document_with_its_annex(db: TestDb) {
        let town = Town::start(&db).await;
        let annex = Bytes::from("power_code,mode\n".repeat(20_000));
        keep(&annex, &annex);
        let name = town.arrive(&mut Chain::into(Institution::Office), granting(&annex)).await;
        town.register(&name).await;
        let checked = town.check(&name, Vec::new()).await.expect("it is checked");
        let message = name.rsplit_once("government-").expect("a name").1;
        assert_eq!(checked.document, format!("documents/{message}"));

        let get = pb::GetDocumentRequest { name: checked.document };
        let document = town.documents("zhao").get_document(get).await.expect("it is there").into_inner();
        assert_eq!((document.paper.as_str(), document.registrar.as_str()), (name.as_str(), "wang"));
        assert_eq!((document.state(), &document.annex_digest), (pb::DocumentState::Registered, &digest(&annex)));
        assert_eq!(document.digest, checked.payload_digest);
        let [event] = events::<pb::DocumentRegistered>(&town.db).await.try_into().expect("one document");
        assert_eq!(event.annex, annex);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_directive_without_its_annex_is_not_checked(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let missing = Bytes::from_static(b"never,put");
        let changed = Bytes::from_static(b"one,thing");
        keep(&changed, &Bytes::from_static(b"and,another"));
        let large = Bytes::from(vec![b'a'; 3 * 1024 * 1024 + 1]);
        let unnamed = Draft { attachments: Vec::new(), ..granting(&changed) };
        let undated = Draft { issue_date: "2026年3月1日", ..granting(&changed) };
        for draft in [granting(&missing), granting(&changed), granting(&large), unnamed, undated] {
            let name = town.arrive(&mut chain, draft).await;
            town.register(&name).await;
            assert_eq!(reason(town.check(&name, Vec::new()).await), "RE_DIRECTIVE");
            assert!(town.send_back(&name).await.is_ok(), "it can go back");
        }
        assert_eq!(events::<pb::DocumentRegistered>(&town.db).await.len(), 0);
        town.stop().await;
    }

    async fn a_copy_and_a_letter_become_no_document(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let annex = Bytes::from_static(b"never,asked,for");
        let copy = town.arrive(&mut chain, Draft { copy: true, ..granting(&annex) }).await;
        let letter = town.arrive(&mut chain, Draft { findings: vec!["RE-DEPT-DIRECTIVE"], ..granting(&annex) }).await;
        town.register(&copy).await;
        town.register(&letter).await;
        assert_eq!(town.check(&copy, Vec::new()).await.expect("it is checked").document, "");
        let as_letter = vec![resolution("RE-DEPT-DIRECTIVE", pb::ResolutionType::AsLetter)];
        assert_eq!(town.check(&letter, as_letter).await.expect("it is checked").document, "");
        let copies: Vec<_> = events::<pb::PaperSignedFor>(&town.db).await.into_iter().map(|event| event.copy).collect();
        assert_eq!(copies, [true, false]);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_faulty_directive_sends_its_paper_back_when_it_is_confirmed(db: TestDb) {
        let town = Town::start(&db).await;
        let annex = Bytes::from_static(b"power_code,mode\nPP-URB-0001,CONFIRM\n");
        keep(&annex, &annex);
        let name = town.arrive(&mut Chain::into(Institution::Office), granting(&annex)).await;
        town.register(&name).await;
        let document = town.check(&name, Vec::new()).await.expect("it is checked").document;
        let confirm = pb::ConfirmDocumentRequest { request_id: fresh(), name: document, ..Default::default() };
        let refused = town.documents("qian").confirm_document(confirm).await.expect("it is answered").into_inner();
        assert_eq!(refused.state(), pb::DocumentState::Refused);

        let paper = town.paper(&name).await;
        assert_eq!((paper.stage(), &paper.return_code), (InboxStage::Returned, &refused.faults[0].code));
        assert_eq!(paper.serial, 1, "what was done before stays");
        let [event] = events::<pb::PaperReturned>(&town.db).await.try_into().expect("one return");
        assert_eq!((event.person.as_str(), event.reason), ("qian", paper.return_reason));
        replay::check(&town.db).await;
        town.stop().await;
    }
}

fn resolution(code: &str, kind: pb::ResolutionType) -> pb::Resolution {
    let repaired = kind == pb::ResolutionType::Repaired;
    pb::Resolution {
        code: code.to_owned(),
        r#type: kind.into(),
        repaired_document_number: if repaired { "昆政发〔2026〕5号".to_owned() } else { String::new() },
        note: "已核看".to_owned(),
    }
}

/// A paper that grants the powers of an annex.
fn granting(annex: &Bytes) -> Draft {
    let object = format!("{{\"type\":\"GRANT_POWERS\",\"annex\":\"{}\"}}", hex(&digest(annex)));
    Draft { directive: Some(("GRANT_POWERS", object)), attachments: vec![annex.clone()], ..Draft::default() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names of all papers in the office's inbox at a stage, three to a page.
async fn listed(town: &Town, stage: InboxStage) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListInboxPapersRequest {
            parent: "inboxes/OFFICE".to_owned(),
            page_size: 3,
            page_token,
            stage: stage.into(),
            ..Default::default()
        };
        let page = town.inbox("wang").list_inbox_papers(request).await.expect("a page").into_inner();
        assert!(page.papers.len() <= 3 && page.papers.iter().all(|paper| paper.payload.is_empty()));
        names.extend(page.papers.into_iter().map(|paper| paper.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}
