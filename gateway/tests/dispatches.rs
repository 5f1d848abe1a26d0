//! The town's own papers, to the county: written once, numbered, pushed or pulled, acknowledged.

use std::time::Duration;

use futures::StreamExt as _;
use gateway::envelope::Envelope;
use runtime::both_databases;
use runtime::signing::{Algorithm, Signature, SoftVerifier, Verifier as _};
use runtime::testing::{journal_entries, rows};
use tonic::transport::Channel;
use tonic::{Response, Status};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::dispatch_service_client::DispatchServiceClient;
use townlink_proto::townlink::journal::v1::WatchEntriesRequest;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;
use townlink_proto::townlink::office::v1 as office;
use uuid::Uuid;
use vocabulary::Sm3Digest;

use crate::county::{Desk, Place};
use crate::harness::{Department, PATIENCE, Town, code, files_with, fresh, refusal, town_key, until};

/// A paper of the town to some departments.
fn sent(name: &str, recipients: &[&str]) -> office::DispatchSent {
    let recipient = |department: &&str| office::DispatchRecipient { department: (*department).to_owned(), copy: false };
    office::DispatchSent {
        dispatch: format!("dispatches/{name}"),
        message_id: Uuid::new_v4().to_string(),
        doc_type: "函".to_owned(),
        document_number: "张政函〔2026〕1号".to_owned(),
        title: format!("关于{name}的函"),
        issuer: "张浦镇人民政府".to_owned(),
        main_to: vec!["昆山市水务局".to_owned()],
        issue_date: "2026-03-02".to_owned(),
        openness: "依申请公开".to_owned(),
        matters: vec!["一".to_owned()],
        recipients: recipients.iter().map(recipient).collect(),
        text: format!("现将{name}有关情况函告如下。"),
        files: vec![office::DispatchFile { name: "附表.csv".to_owned(), content: format!("a\n{name}\n").into() }],
        time: Some(prost_types::Timestamp { seconds: 1_772_413_260, nanos: 0 }),
        ..office::DispatchSent::default()
    }
}

async fn send(town: &Town, name: &str, recipients: &[&str]) {
    town.office.tell(&sent(name, recipients), &format!("dispatches/{name}")).await;
}

fn client(town: &Town, identity: &str) -> DispatchServiceClient<Channel> {
    DispatchServiceClient::new(town.process.client(gateway::NAME, identity))
}

/// Pulls until there are so many dispatches.
async fn pulled(town: &Town, department: &str, after_number: i64, count: usize) -> Vec<pb::Dispatch> {
    let request = pb::PullDispatchesRequest { parent: format!("departments/{department}"), after_number };
    let stream = client(town, &format!("county/{department}")).pull_dispatches(request).await;
    let mut stream = stream.expect("it opens").into_inner();
    let mut pulled = Vec::new();
    while pulled.len() < count {
        let message = tokio::time::timeout(PATIENCE, stream.next()).await.expect("in time").expect("more");
        pulled.extend(message.expect("a message").dispatch);
    }
    pulled
}

async fn acknowledge(town: &Town, identity: &str, name: &str, kind: pb::ReceiptType) -> Result<pb::Dispatch, Status> {
    let request = acknowledgement(name, kind, &fresh());
    client(town, identity).acknowledge_dispatch(request).await.map(Response::into_inner)
}

fn acknowledgement(name: &str, kind: pb::ReceiptType, id: &str) -> pb::AcknowledgeDispatchRequest {
    let reason = if kind == pb::ReceiptType::Returned { "文种有误" } else { "" };
    pb::AcknowledgeDispatchRequest {
        request_id: id.to_owned(),
        name: name.to_owned(),
        r#type: kind.into(),
        reason: reason.to_owned(),
        receipt: bytes::Bytes::from_static(b"county receipt"),
    }
}

/// What the office reads: dispatch, department, type and reason.
async fn told(town: &Town) -> Vec<(String, String, String, String)> {
    let entries = journal_entries(&town.db).await;
    let events = entries.iter().filter_map(|entry| entry.event::<pb::DispatchReceipt>().expect("an event"));
    events.map(|it| (it.dispatch, it.department, it.r#type, it.reason)).collect()
}

fn short(told: &[(String, String, String, String)]) -> Vec<String> {
    told.iter().map(|(dispatch, department, kind, _)| format!("{dispatch} {department} {kind}")).collect()
}

async fn signed_by_town(town: &Town, department: &Department, dispatch: &pb::Dispatch) {
    let line = &dispatch.signatures[0];
    assert_eq!(line.algorithm, "SM2-SM3");
    let key = town_key(town, department, &line.key_id).await;
    let signature = Signature { key_id: line.key_id.clone(), algorithm: Algorithm::Sm2Sm3, value: line.value.to_vec() };
    SoftVerifier.verify(&key, &dispatch.payload, &signature).expect("the town signed it");
}

/// Each follows the one before, and is what its digest says.
fn chained(dispatches: &[pb::Dispatch]) {
    for pair in dispatches.windows(2) {
        assert_eq!(pair[1].number, pair[0].number + 1);
        assert_eq!(pair[1].previous_digest, pair[0].payload_digest);
    }
    for dispatch in dispatches {
        assert_eq!(dispatch.payload_digest, Sm3Digest::of(&dispatch.payload).as_bytes().as_slice());
    }
}

both_databases! {
    async fn a_dispatch_is_written_once_and_numbered_for_each_department(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        town.department("housing", "昆山市住房和城乡建设局").await;
        send(&town, "甲", &["water"]).await;
        send(&town, "乙", &["housing", "water"]).await;
        send(&town, "丙", &["water"]).await;
        let to_water = pulled(&town, "water", 0, 3).await;
        let to_housing = pulled(&town, "housing", 0, 1).await;
        chained(&to_water);
        assert_eq!((to_water[0].number, to_housing[0].number), (1, 1));
        assert!(to_water[0].previous_digest.is_empty() && to_housing[0].previous_digest.is_empty());
        assert_eq!(to_water[1].payload, to_housing[0].payload, "one payload for all");
        assert_eq!(to_water[1].signatures, to_housing[0].signatures);
        signed_by_town(&town, &water, &to_water[0]).await;
        let envelope = Envelope::parse(&to_water[0].payload).expect("the one envelope");
        assert_eq!((envelope.title.as_str(), envelope.sender.as_str()), ("关于甲的函", "town"));
        assert_eq!(envelope.key_id, to_water[0].signatures[0].key_id);
        let names: Vec<_> = to_water[0].attachments.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["正文.txt", "附表.csv"]);
        // The contents are there for whom they are, and for nobody else.
        let (name, digest) = (to_water[0].name.clone(), to_water[0].attachments[1].digest.clone());
        let request = pb::ReadDispatchAttachmentRequest { name: name.clone(), digest: digest.clone() };
        let stream = client(&town, "county/water").read_dispatch_attachment(request.clone()).await;
        let chunks: Vec<_> = stream.expect("it opens").into_inner().collect().await;
        let content: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.expect("a chunk").chunk).collect();
        assert_eq!(content, "a\n甲\n".as_bytes());
        let other = pb::ReadDispatchAttachmentRequest { name: to_water[2].name.clone(), digest };
        let status = client(&town, "county/water").read_dispatch_attachment(other).await.expect_err("not of this one");
        assert_eq!(status.code(), tonic::Code::NotFound);
        let mut housing = client(&town, "county/housing");
        assert_eq!(code(housing.read_dispatch_attachment(request).await.map(|_| ())), "OV-ACCESS");
        // A restart numbers nothing anew.
        town.restart().await;
        send(&town, "丁", &["water"]).await;
        let all = pulled(&town, "water", 0, 4).await;
        assert_eq!(all[..3], to_water[..]);
        chained(&all);
        let listed = pb::ListDispatchesRequest { parent: "departments/water".to_owned(), page_size: 3, ..Default::default() };
        let page = client(&town, "county/water").list_dispatches(listed.clone()).await.expect("a page").into_inner();
        assert_eq!(page.dispatches.iter().map(|it| it.number).collect::<Vec<_>>(), [4, 3, 2]);
        assert!(page.dispatches.iter().all(|it| it.payload.is_empty() && it.summary.is_some()));
        let next = pb::ListDispatchesRequest { page_token: page.next_page_token, ..listed };
        let page = client(&town, "county/water").list_dispatches(next).await.expect("a page").into_inner();
        assert_eq!((page.dispatches.len(), page.next_page_token.as_str()), (1, ""));
        let got = client(&town, "county/water").get_dispatch(pb::GetDispatchRequest { name }).await;
        assert_eq!(got.expect("it is there").into_inner(), all[0]);
        town.stop().await;
    }

    async fn a_pull_goes_on_in_the_middle_and_lives(db: TestDb) {
        let town = Town::start(&db).await;
        town.department("water", "昆山市水务局").await;
        for name in ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"] {
            send(&town, name, &["water"]).await;
        }
        let all = pulled(&town, "water", 0, 10).await;
        chained(&all);
        for after in [1, 4, 9] {
            let rest = pulled(&town, "water", after, all.len() - after as usize).await;
            assert_eq!(rest, all[after as usize..]);
        }
        let waiting = pulled(&town, "water", 10, 2);
        let sending = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            send(&town, "子", &["water"]).await;
            send(&town, "丑", &["water"]).await;
        };
        let (live, ()) = tokio::join!(waiting, sending);
        assert_eq!(live.iter().map(|it| it.number).collect::<Vec<_>>(), [11, 12]);
        town.stop().await;
    }

    async fn acknowledgements_count_once_and_tell_the_office(db: TestDb) {
        let mut town = Town::start(&db).await;
        town.department("water", "昆山市水务局").await;
        town.department("housing", "昆山市住房和城乡建设局").await;
        send(&town, "甲", &["water", "housing"]).await;
        send(&town, "乙", &["water"]).await;
        let all = pulled(&town, "water", 0, 2).await;
        let (first, second) = (all[0].name.as_str(), all[1].name.as_str());
        use pb::ReceiptType::{Completed, Received, Returned, SignedFor};
        for kind in [SignedFor, Returned, Completed] {
            let seen = refusal(acknowledge(&town, "county/water", first, kind).await);
            assert_eq!(seen.code, "RE-STAGE", "{kind:?} before RECEIVED");
        }
        let id = fresh();
        let request = acknowledgement(first, Received, &id);
        let answer = client(&town, "county/water").acknowledge_dispatch(request.clone()).await.expect("taken").into_inner();
        assert!(answer.payload.is_empty());
        assert_eq!(answer.acknowledgements.len(), 1);
        assert_eq!(answer.acknowledgements[0].receipt, "county receipt");
        // A lost answer is asked for again, before and after a restart, with the same id and with another.
        let again = client(&town, "county/water").acknowledge_dispatch(request.clone()).await.expect("taken").into_inner();
        assert_eq!(again, answer);
        town.restart().await;
        let again = client(&town, "county/water").acknowledge_dispatch(request).await.expect("taken").into_inner();
        assert_eq!(again, answer);
        assert_eq!(acknowledge(&town, "county/water", first, Received).await.expect("taken"), answer);
        for kind in [SignedFor, SignedFor, Completed, Completed] {
            acknowledge(&town, "county/water", first, kind).await.expect("taken");
        }
        assert_eq!(code(acknowledge(&town, "county/water", first, Returned).await), "RE-STAGE");
        acknowledge(&town, "county/water", second, Received).await.expect("taken");
        acknowledge(&town, "county/water", second, Returned).await.expect("taken");
        assert_eq!(code(acknowledge(&town, "county/water", second, Completed).await), "RE-STAGE");
        // Another's is refused, what is not there is not found, and what is malformed is told.
        assert_eq!(code(acknowledge(&town, "county/housing", first, Received).await), "OV-ACCESS");
        let absent = "departments/water/dispatches/9";
        let status = acknowledge(&town, "county/water", absent, Received).await.expect_err("absent");
        assert_eq!(status.code(), tonic::Code::NotFound);
        let status = acknowledge(&town, "county/water", "x", pb::ReceiptType::Unspecified).await.expect_err("malformed");
        let fields: Vec<_> = runtime::refusal::read(&status).expect("details").violations.into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["name", "type"]);
        assert_eq!(code(acknowledge(&town, "county/ecology", first, Received).await), "RE-SENDER");
        let told = told(&town).await;
        assert_eq!(
            short(&told),
            [
                "dispatches/甲 water RECEIVED",
                "dispatches/甲 water SIGNED_FOR",
                "dispatches/甲 water COMPLETED",
                "dispatches/乙 water RECEIVED",
                "dispatches/乙 water RETURNED",
            ]
        );
        assert_eq!(told[4].3, "文种有误");
        town.stop().await;
    }

    async fn a_department_sees_its_own_and_the_office_reads_the_receipts(db: TestDb) {
        let town = Town::start(&db).await;
        town.department("water", "昆山市水务局").await;
        town.department("housing", "昆山市住房和城乡建设局").await;
        send(&town, "甲", &["water"]).await;
        let name = pulled(&town, "water", 0, 1).await.remove(0).name;
        let mut housing = client(&town, "county/housing");
        let parent = || "departments/water".to_owned();
        let get = housing.get_dispatch(pb::GetDispatchRequest { name: name.clone() }).await;
        assert_eq!(code(get), "OV-ACCESS");
        let list = pb::ListDispatchesRequest { parent: parent(), ..Default::default() };
        assert_eq!(code(housing.list_dispatches(list).await), "OV-ACCESS");
        let pull = pb::PullDispatchesRequest { parent: parent(), after_number: 0 };
        assert_eq!(code(housing.pull_dispatches(pull.clone()).await.map(|_| ())), "OV-ACCESS");
        let mut ecology = client(&town, "county/ecology");
        assert_eq!(code(ecology.pull_dispatches(pull).await.map(|_| ())), "RE-SENDER");
        let backwards = pb::PullDispatchesRequest { parent: parent(), after_number: -1 };
        let status = client(&town, "county/water").pull_dispatches(backwards).await.expect_err("malformed");
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        acknowledge(&town, "county/water", &name, pb::ReceiptType::Received).await.expect("taken");
        let mut journal = JournalServiceClient::new(town.process.client(gateway::NAME, "service/office"));
        let kinds = vec!["townlink.gateway.v1.DispatchReceipt".to_owned()];
        let mut stream = journal.watch_entries(WatchEntriesRequest { after_position: 0, kinds }).await.expect("granted").into_inner();
        let seen = loop {
            let message = tokio::time::timeout(PATIENCE, stream.next()).await.expect("in time").expect("more");
            if let Some(entry) = message.expect("a message").entry {
                break entry;
            }
        };
        assert_eq!(seen.kind, "townlink.gateway.v1.DispatchReceipt");
        let kinds = vec!["townlink.gateway.v1.PaperAccepted".to_owned()];
        let refused = journal.watch_entries(WatchEntriesRequest { after_position: 0, kinds }).await;
        assert_eq!(code(refused.map(|_| ())), "OV-ACCESS");
        town.stop().await;
    }

    async fn what_cannot_be_sent_comes_back_to_the_office(db: TestDb) {
        let town = Town::start(&db).await;
        town.department("water", "昆山市水务局").await;
        let tell = |event: office::DispatchSent| {
            let town = &town;
            async move { town.office.tell(&event, &event.dispatch).await }
        };
        tell(office::DispatchSent { doc_type: "方案".to_owned(), ..sent("甲", &["water"]) }).await;
        tell(office::DispatchSent { text: "秘密★1年 内部安排".to_owned(), ..sent("乙", &["water"]) }).await;
        tell(office::DispatchSent { title: "机密★一件事".to_owned(), ..sent("丙", &["water"]) }).await;
        tell(sent("丁", &["水务局", "water"])).await;
        let good = pulled(&town, "water", 0, 1).await;
        assert_eq!(good[0].number, 1, "what was not sent took no number");
        let told = told(&town).await;
        let codes: Vec<_> = told.iter().map(|(_, _, kind, reason)| {
            (kind.as_str(), reason.split(' ').next().unwrap_or_default().to_owned())
        }).collect();
        let codes: Vec<_> = codes.iter().map(|(kind, code)| (*kind, code.as_str())).collect();
        assert_eq!(
            codes,
            [("RETURNED", "RE-FORMAT"), ("RETURNED", "OV-CLASSIFIED"), ("RETURNED", "OV-CLASSIFIED"), ("RETURNED", "RE-ADDRESSEE")]
        );
        let kept = files_with(&town.process.folder().join("gateway-content"), "内部安排".as_bytes());
        assert_eq!(kept, [""; 0], "no content of a secret is stored");
        // The same dispatch again is not numbered a second time.
        let twice = sent("戊", &["water"]);
        tell(twice.clone()).await;
        tell(twice).await;
        send(&town, "己", &["water"]).await;
        let titles: Vec<_> = pulled(&town, "water", 1, 2).await.into_iter().map(|it| it.summary.expect("one").title).collect();
        assert_eq!(titles, ["关于戊的函", "关于己的函"]);
        town.stop().await;
    }

    async fn one_department_s_outage_delays_no_other(db: TestDb) {
        let mut places = Vec::new();
        for department in ["water", "housing", "ecology"] {
            places.push(Place::free(department).await);
        }
        let settings: String = places.iter().map(Place::settings).collect();
        let town = Town::start_with(&db, &settings).await;
        let (water, housing, ecology) = (Desk::default(), Desk::default(), Desk::default());
        places[0].serve(&town.process, water.clone()).await;
        places[2].serve(&town.process, ecology.clone()).await;
        water.state().receipt = b"signed by water".to_vec();
        for name in ["甲", "乙", "丙"] {
            send(&town, name, &["housing", "water", "ecology"]).await;
        }
        until!("the others have theirs", (water.numbers() == [1, 2, 3] && ecology.numbers() == [1, 2, 3]).then_some(()));
        // Days pass, and more is sent; what waits for the one keeps its order and its numbers.
        town.advance("2026-03-04T01:00:00Z").await;
        send(&town, "丁", &["housing", "water"]).await;
        until!("the other has it", (water.numbers() == [1, 2, 3, 4]).then_some(()));
        town.advance("2026-03-07T01:00:00Z").await;
        assert!(housing.numbers().is_empty());
        places[1].serve(&town.process, housing.clone()).await;
        // Its channel is ready: it is tried at once, though the town's clock stands.
        until!("it has all", (housing.numbers() == [1, 2, 3, 4]).then_some(()));
        chained(&housing.state().taken);
        chained(&water.state().taken);
        until!("all are received", {
            rows(&town.db, "select 1 from outgoing where state = 'QUEUED'").await.is_empty().then_some(())
        });
        assert_eq!(told(&town).await.len(), 11, "one RECEIVED each");
        let seen = rows(&town.db, "select distinct receipt_digest from outgoing_receipts where department = 'water'").await;
        assert_eq!(seen, [[Sm3Digest::of(b"signed by water").to_string()]]);
        town.stop().await;
    }

    async fn lost_answers_bring_a_dispatch_again_and_count_once(db: TestDb) {
        let mut place = Place::free("water").await;
        let mut town = Town::start_with(&db, &place.settings()).await;
        town.department("water", "昆山市水务局").await;
        let water = Desk::default();
        place.serve(&town.process, water.clone()).await;
        water.state().lost_answers = 1;
        send(&town, "甲", &["water"]).await;
        send(&town, "乙", &["water"]).await;
        until!("the first came", (!water.numbers().is_empty()).then_some(()));
        town.restart().await;
        until!("both are there", (water.numbers().last() == Some(&2)).then_some(()));
        let numbers = water.numbers();
        assert!(numbers.starts_with(&[1, 1]) && numbers.is_sorted(), "{numbers:?}");
        let first = water.state().taken.iter().filter(|it| it.number == 1).cloned().collect::<Vec<_>>();
        assert!(first.windows(2).all(|pair| pair[0] == pair[1]), "the same bytes each time");
        until!("it is recorded", (told(&town).await.len() == 2).then_some(()));
        assert_eq!(short(&told(&town).await), ["dispatches/甲 water RECEIVED", "dispatches/乙 water RECEIVED"]);
        // A department that does not take a paper has received it and returned it; the next goes on.
        "收文单位有误".clone_into(&mut water.state().returns);
        send(&town, "丙", &["water"]).await;
        until!("it came back", (told(&town).await.len() == 4).then_some(()));
        let back = told(&town).await;
        assert_eq!((back[3].2.as_str(), back[3].3.as_str()), ("RETURNED", "收文单位有误"));
        // Whoever is pushed to may pull and acknowledge too.
        water.state().returns.clear();
        send(&town, "丁", &["water"]).await;
        until!("it is received", (told(&town).await.len() == 5).then_some(()));
        let name = "departments/water/dispatches/4";
        acknowledge(&town, "county/water", name, pb::ReceiptType::Received).await.expect("known");
        acknowledge(&town, "county/water", name, pb::ReceiptType::SignedFor).await.expect("taken");
        assert_eq!(told(&town).await.len(), 6);
        town.stop().await;
    }

    async fn the_reference_receiver_keeps_all_though_it_is_killed(db: TestDb) {
        let mut place = Place::free("water").await;
        let town = Town::start_with(&db, &place.settings()).await;
        let water = town.department("water", "昆山市水务局").await;
        let receipt = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        let key = town_key(&town, &water, &receipt.signature.expect("a signature").key_id).await;
        let (folder, mut heard) = place.serve_reference(&town.process, key.clone()).await;
        for name in ["甲", "乙"] {
            send(&town, name, &["water"]).await;
        }
        for number in [1, 2] {
            let dispatch = tokio::time::timeout(PATIENCE, heard.recv()).await.expect("in time").expect("a dispatch");
            assert_eq!(dispatch.number, number);
        }
        until!("both are received", (told(&town).await.len() == 2).then_some(()));
        place.kill().await;
        for name in ["丙", "丁"] {
            send(&town, name, &["water"]).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (_, mut heard) = place.serve_reference(&town.process, key.clone()).await;
        for number in [3, 4] {
            let dispatch = tokio::time::timeout(PATIENCE, heard.recv()).await.expect("in time").expect("a dispatch");
            assert_eq!(dispatch.number, number);
        }
        until!("all are received", (told(&town).await.len() == 4).then_some(()));
        let pulled = pulled(&town, "water", 0, 4).await;
        for dispatch in &pulled {
            let file = folder.join(format!("{:08}.json", dispatch.number));
            assert_eq!(std::fs::read(&file).expect("a file"), dispatch.payload);
            let signature = std::fs::read(file.with_added_extension("sig")).expect("a signature");
            let signature = Signature { key_id: String::new(), algorithm: Algorithm::Sm2Sm3, value: signature };
            SoftVerifier.verify(&key, &dispatch.payload, &signature).expect("the town signed it");
        }
        town.stop().await;
    }
}
