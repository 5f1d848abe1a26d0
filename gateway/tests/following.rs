//! What a sender does about a paper: he watches, urges and recalls.

use std::time::Duration;

use futures::StreamExt as _;
use runtime::both_databases;
use runtime::log::{ReceiptType, verify_receipt};
use runtime::testing::rows;
use tonic::Status;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::watch_papers_response::Event;
use townlink_proto::townlink::office::v1 as office;

use crate::harness::{Department, PATIENCE, Town, attachment, code, fresh, refusal, town_key, until};

const RECALL_DOCUMENT: &str = "昆水函〔2026〕9号";

fn at(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: 1_772_413_260 + seconds, nanos: 0 })
}

fn completed(paper: &str, copy: bool) -> office::PaperCompleted {
    office::PaperCompleted {
        inbox_paper: "inboxes/OFFICE/papers/x".to_owned(),
        paper: paper.to_owned(),
        institution: "OFFICE".to_owned(),
        person: "clerk".to_owned(),
        time: at(60),
        copy,
        on_time: true,
        result: "已按要求办结".to_owned(),
        checked: None,
    }
}

fn extended(paper: &str, sender_due: bool) -> office::PaperExtended {
    office::PaperExtended {
        inbox_paper: "inboxes/OFFICE/papers/x".to_owned(),
        paper: paper.to_owned(),
        due: Some(Date { year: 2026, month: 3, day: 20 }),
        sender_due,
        time: at(30),
        deed: None,
    }
}

fn replied(paper: &str) -> office::PaperReplied {
    office::PaperReplied {
        inbox_paper: "inboxes/OFFICE/papers/x".to_owned(),
        paper: paper.to_owned(),
        document_number: "张政函〔2026〕3号".to_owned(),
        dispatch: "dispatches/d".to_owned(),
        time: at(90),
    }
}

fn signed_for(paper: &str) -> office::PaperSignedFor {
    office::PaperSignedFor {
        inbox_paper: "inboxes/OFFICE/papers/x".to_owned(),
        paper: paper.to_owned(),
        institution: "OFFICE".to_owned(),
        person: "clerk".to_owned(),
        time: at(0),
        copy: false,
    }
}

async fn issue(town: &Town, department: &Department, to: &str) -> String {
    town.issue(department, department.issue(&department.draft(to))).await.expect("accepted").paper
}

async fn delivered(town: &Town, department: &Department, paper: &str) {
    until!("it is delivered", {
        let deliveries = town.paper(department, paper).await.deliveries;
        deliveries.iter().all(|it| it.state() == pb::DeliveryState::Delivered).then_some(())
    });
}

fn urge(name: &str, id: &str) -> pb::UrgePaperRequest {
    pb::UrgePaperRequest { request_id: id.to_owned(), name: name.to_owned(), note: "请尽快办理".to_owned() }
}

fn recall(name: &str, id: &str) -> pb::RecallPaperRequest {
    pb::RecallPaperRequest {
        request_id: id.to_owned(),
        name: name.to_owned(),
        document_number: RECALL_DOCUMENT.to_owned(),
        reason: "内容有误".to_owned(),
    }
}

async fn urged(town: &Town, department: &Department, request: pb::UrgePaperRequest) -> Result<pb::Paper, Status> {
    town.papers(&department.identity()).urge_paper(request).await.map(tonic::Response::into_inner)
}

async fn recalled(town: &Town, department: &Department, request: pb::RecallPaperRequest) -> Result<pb::Paper, Status> {
    town.papers(&department.identity()).recall_paper(request).await.map(tonic::Response::into_inner)
}

/// What an event is, in a word, with the paper's state that it tells.
fn word(event: &Event) -> String {
    match event {
        Event::Receipt(receipt) => receipt.r#type().as_str_name().trim_start_matches("RECEIPT_TYPE_").to_owned(),
        Event::Delivery(delivery) => format!("{} {}", delivery.recipient, delivery.state().as_str_name()),
        Event::Hold(hold) => format!("hold {}", hold.released),
        Event::Urge(urge) => format!("urge {}", urge.note),
        Event::Recall(recall) => format!("recall {}", recall.document_number),
        Event::Extension(extension) => format!("extension {:?}", extension.due.map(|day| day.day)),
        Event::Reply(reply) => format!("reply {}", reply.document_number),
    }
}

/// Watches until there are so many events. Gives them with their positions.
async fn watched(town: &Town, department: &Department, after: i64, count: usize) -> Vec<(i64, String, String)> {
    let parent = format!("senders/{}", department.code);
    let request = pb::WatchPapersRequest { parent, after_position: after };
    let mut stream = town.papers(&department.identity()).watch_papers(request).await.expect("it opens").into_inner();
    let mut seen = Vec::new();
    let mut last = after;
    while seen.len() < count {
        let message = tokio::time::timeout(PATIENCE, stream.next()).await.expect("in time").expect("more");
        let message = message.expect("a message");
        assert!(message.position > last || (message.event.is_none() && message.position >= last), "in order");
        last = message.position;
        if let Some(event) = &message.event {
            assert!(message.paper.starts_with(&format!("senders/{}/", department.code)), "his own only");
            seen.push((message.position, message.paper.clone(), word(event)));
        }
    }
    seen
}

both_databases! {
    async fn a_watch_resumes_without_loss_or_repetition(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let urban = town.department("city-management", "昆山市城市管理局").await;
        let first = issue(&town, &water, "张浦镇人民政府").await;
        let other = issue(&town, &urban, "张浦镇人民政府").await;
        delivered(&town, &water, &first).await;
        delivered(&town, &urban, &other).await;
        town.office.tell(&signed_for(&first), "a").await;
        town.office.tell(&signed_for(&other), "a").await;
        let begun = watched(&town, &water, 0, 3).await;
        let words: Vec<_> = begun.iter().map(|(_, _, word)| word.as_str()).collect();
        assert_eq!(words, ["RECEIVED", "OFFICE DELIVERY_STATE_DELIVERED", "SIGNED_FOR"]);
        town.restart().await;
        let last = begun.last().expect("some").0;
        urged(&town, &water, urge(&first, &fresh())).await.expect("urged");
        town.office.tell(&extended(&first, true), "b").await;
        town.office.tell(&extended(&first, false), "b").await;
        town.office.tell(&completed(&first, false), "c").await;
        town.office.tell(&replied(&first), "d").await;
        // What happens while it watches is pushed, and whoever goes on from any position sees the rest and nothing else.
        let more = watched(&town, &water, last, 4).await;
        let words: Vec<_> = more.iter().map(|(_, _, word)| word.as_str()).collect();
        let mut sorted = words.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["COMPLETED", "extension Some(20)", "reply 张政函〔2026〕3号", "urge 请尽快办理"]);
        let all: Vec<_> = begun.into_iter().chain(more).collect();
        for split in 0..all.len() {
            let after = if split == 0 { 0 } else { all[split - 1].0 };
            assert_eq!(watched(&town, &water, after, all.len() - split).await, all[split..]);
        }
        town.stop().await;
    }

    async fn a_watch_pushes_as_it_happens_and_nothing_of_others(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let urban = town.department("city-management", "昆山市城市管理局").await;
        let watching = watched(&town, &water, 0, 2);
        let issuing = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            issue(&town, &urban, "张浦镇人民政府").await;
            issue(&town, &water, "张浦镇人民政府").await
        };
        let (seen, paper) = tokio::join!(watching, issuing);
        assert!(seen.iter().all(|(_, name, _)| *name == paper));
        // Another's parent does not exist, and no position lies beyond the journal.
        let parent = "senders/city-management".to_owned();
        let request = pb::WatchPapersRequest { parent, after_position: 0 };
        let status = town.papers("county/water").watch_papers(request).await.expect_err("not his");
        assert_eq!(status.code(), tonic::Code::NotFound);
        for after_position in [-1, 1_000_000] {
            let request = pb::WatchPapersRequest { parent: "senders/water".to_owned(), after_position };
            let status = town.papers("county/water").watch_papers(request).await.expect_err("no position");
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
        }
        let request = pb::WatchPapersRequest { parent: "senders/housing".to_owned(), after_position: 0 };
        assert_eq!(code(town.papers("county/housing").watch_papers(request).await.map(|_| ())), "RE-SENDER");
        town.stop().await;
    }

    async fn a_completion_earns_a_receipt_and_the_sender_sees_extension_and_reply(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let paper = issue(&town, &water, "张浦镇人民政府").await;
        delivered(&town, &water, &paper).await;
        town.office.tell(&signed_for(&paper), "a").await;
        town.office.tell(&extended(&paper, true), "b").await;
        town.office.tell(&completed(&paper, true), "c").await;
        town.office.tell(&completed(&paper, false), "c").await;
        town.office.tell(&replied(&paper), "d").await;
        let seen = until!("it is replied to", {
            let seen = town.paper(&water, &paper).await;
            (!seen.replies.is_empty()).then_some(seen)
        });
        let kinds: Vec<_> = seen.receipts.iter().map(pb::Receipt::r#type).collect();
        assert_eq!(kinds, [pb::ReceiptType::Received, pb::ReceiptType::SignedFor, pb::ReceiptType::Completed]);
        let last = &seen.receipts[2];
        assert_eq!((last.result.as_str(), last.on_time), ("已按要求办结", true));
        let signature = last.signature.as_ref().expect("a signature");
        let key = town_key(&town, &water, &signature.key_id).await;
        let read = verify_receipt(&last.content, &signature.value, &key).expect("it verifies");
        assert_eq!(read.receipt_type, ReceiptType::Completed);
        let request = pb::GetProofRequest { leaf_hash: read.leaf_hash.0.to_vec().into() };
        town.papers("county/water").get_proof(request).await.expect("its entry is in the log");
        assert_eq!(seen.extensions.len(), 1);
        assert_eq!(seen.extensions[0].institution, "OFFICE");
        assert_eq!(seen.replies[0].document_number, "张政函〔2026〕3号");
        town.stop().await;
    }

    async fn an_urge_is_told_once_it_can_be_and_counts_once(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        town.office.state().away = true;
        let paper = issue(&town, &water, "张浦镇人民政府").await;
        let id = fresh();
        let answer = urged(&town, &water, urge(&paper, &id)).await.expect("urged");
        assert_eq!(answer.urges.len(), 1);
        assert_eq!(urged(&town, &water, urge(&paper, &id)).await.expect("the same answer"), answer);
        // The office is back, and an answer is lost: it hears of the same urge again.
        town.office.state().lost_answers = 1;
        town.office.state().away = false;
        town.restart().await;
        until!("the answer is lost", (town.office.state().lost_answers == 0).then_some(()));
        until!("it is told again, by the town's clock", {
            let now = town.clock().await;
            town.advance_by(now, 61).await;
            (town.office.state().urges.len() >= 2).then_some(())
        });
        let urges = until!("the office knows", {
            let seen = town.paper(&water, &paper).await;
            seen.urges.iter().all(|it| it.state() == pb::NoticeState::Told).then_some(seen.urges)
        });
        assert_eq!((urges.len(), urges[0].urge.as_str()), (1, id.as_str()));
        let told = town.office.state().urges.clone();
        assert!(told.len() >= 2 && told.iter().all(|it| it.urge == id && it.note == "请尽快办理"), "{told:?}");
        let another = urge(&paper, &fresh());
        urged(&town, &water, another).await.expect("urged again");
        until!("both are told", {
            let urges = town.paper(&water, &paper).await.urges;
            (urges.len() == 2 && urges.iter().all(|it| it.state() == pb::NoticeState::Told)).then_some(())
        });
        town.stop().await;
    }

    async fn a_recall_before_sign_for_makes_tombstones(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        town.office.state().away = true;
        let before = issue(&town, &water, "张浦镇人民政府").await;
        let paper = issue(&town, &water, "张浦镇人民政府").await;
        let id = fresh();
        // While the office cannot be asked, nothing is decided, and the same request may come again.
        let status = recalled(&town, &water, recall(&paper, &id)).await.expect_err("the office is away");
        assert_eq!(status.code(), tonic::Code::Unavailable);
        assert!(town.paper(&water, &paper).await.recall.is_none());
        let marker = town.process.folder().join("dispatcher.hold");
        std::fs::write(&marker, "").expect("a marker");
        town.office.state().away = false;
        let answer = recalled(&town, &water, recall(&paper, &id)).await.expect("recalled");
        assert_eq!(answer.recall.as_ref().expect("a recall").document_number, RECALL_DOCUMENT);
        assert_eq!(recalled(&town, &water, recall(&paper, &id)).await.expect("the same answer"), answer);
        std::fs::remove_file(&marker).expect("the marker is gone");
        town.advance("2026-03-02T02:30:00Z").await;
        let after = issue(&town, &water, "张浦镇人民政府").await;
        delivered(&town, &water, &after).await;
        // Its number is delivered without it, and those around it are whole.
        let expected = [(1, before, false), (2, paper.clone(), true), (3, after, false)];
        assert_eq!(town.office.taken("OFFICE"), expected);
        let delivery = town.paper(&water, &paper).await.deliveries.remove(0);
        assert_eq!((delivery.state(), delivery.return_code.as_str()), (pb::DeliveryState::Returned, "RE-RECALL"));
        // The office is told once more when nothing is under way any more.
        until!("the recall is settled", {
            rows(&town.db, "select 1 from notices where state = 'QUEUED'").await.is_empty().then_some(())
        });
        assert!(town.office.state().recalls.len() >= 2);
        let seen = refusal(urged(&town, &water, urge(&paper, &fresh())).await);
        assert_eq!(seen.code, "RE-STAGE");
        town.stop().await;
    }

    async fn a_recall_ends_what_is_held_and_crashes_are_mended_by_the_retry(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let content = b"%PDF-1.7";
        town.put(&water, content).await.expect("put");
        let mut draft = water.draft("建设与管理局");
        draft.attachments = vec![attachment("图纸.pdf", content)];
        let paper = town.issue(&water, water.issue(&draft)).await.expect("accepted").paper;
        until!("its copy is delivered", {
            let deliveries = town.paper(&water, &paper).await.deliveries;
            deliveries.iter().any(|it| it.state() == pb::DeliveryState::Delivered).then_some(())
        });
        // The office took it back, and the gateway did not hear of it.
        town.office.state().lost_answers = 1;
        let id = fresh();
        let status = recalled(&town, &water, recall(&paper, &id)).await.expect_err("the answer is lost");
        assert_eq!(status.code(), tonic::Code::Unavailable);
        let answer = recalled(&town, &water, recall(&paper, &id)).await.expect("recalled");
        assert!(answer.recall.is_some());
        let held = until!("what is held ends", {
            let deliveries = town.paper(&water, &paper).await.deliveries;
            deliveries.into_iter().find(|it| it.recipient == "CONSTRUCTION" && it.state() == pb::DeliveryState::Returned)
        });
        assert_eq!((held.number, held.return_code.as_str()), (0, "RE-RECALL"));
        assert!(town.office.taken("CONSTRUCTION").is_empty());
        until!("the recall is settled", {
            rows(&town.db, "select 1 from notices where state = 'QUEUED'").await.is_empty().then_some(())
        });
        town.stop().await;
    }

    async fn a_recall_is_refused_where_the_law_says_so(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let urban = town.department("city-management", "昆山市城市管理局").await;
        let paper = issue(&town, &water, "张浦镇人民政府").await;
        delivered(&town, &water, &paper).await;
        let refused = |answer: Result<pb::Paper, Status>| {
            let seen = refusal(answer);
            assert_eq!((seen.code.as_str(), seen.law.as_str()), ("RE-RECALL", "relay-and-sharing.md §8.6"));
            seen.message
        };
        let by_another = refused(recalled(&town, &urban, recall(&paper, &fresh())).await);
        let unknown = paper.replace("/water/", "/finance/");
        assert_eq!(refused(recalled(&town, &urban, recall(&unknown, &fresh())).await), by_another, "it tells nothing");
        let no_document = pb::RecallPaperRequest { document_number: String::new(), ..recall(&paper, &fresh()) };
        assert!(refused(recalled(&town, &water, no_document).await).contains("document"));
        // Somebody signed at the office, and the gateway has not heard of it yet: the office decides the race.
        town.office.state().signed_for.push(paper.clone());
        assert!(refused(recalled(&town, &water, recall(&paper, &fresh())).await).contains("signed"));
        town.office.state().signed_for.clear();
        town.office.tell(&signed_for(&paper), "a").await;
        until!("it was signed for", (town.paper(&water, &paper).await.receipts.len() == 2).then_some(()));
        let asked = town.office.state().recalls.len();
        assert!(refused(recalled(&town, &water, recall(&paper, &fresh())).await).contains("signed"));
        assert_eq!(town.office.state().recalls.len(), asked, "what is known is not asked");
        let second = issue(&town, &water, "张浦镇人民政府").await;
        delivered(&town, &water, &second).await;
        // Two recalls at once: one is done.
        let (one, other) = tokio::join!(
            recalled(&town, &water, recall(&second, &fresh())),
            recalled(&town, &water, recall(&second, &fresh())),
        );
        let (done, left) = if one.is_ok() { (one, other) } else { (other, one) };
        done.expect("one is done");
        assert!(refused(left).contains("already"));
        let status = recalled(&town, &water, recall(&paper.replace("-4", "-5"), &fresh())).await.expect_err("unknown");
        assert!(matches!(status.code(), tonic::Code::NotFound | tonic::Code::InvalidArgument));
        let status = urged(&town, &urban, urge(&paper, &fresh())).await.expect_err("not his");
        assert_eq!(status.code(), tonic::Code::NotFound);
        let housing = Department::sm2("housing", "昆山市住房和城乡建设局");
        assert_eq!(code(recalled(&town, &housing, recall(&paper, &fresh())).await), "RE-SENDER");
        assert_eq!(code(urged(&town, &housing, urge(&paper, &fresh())).await), "RE-SENDER");
        town.stop().await;
    }

    async fn a_clock_that_is_off_is_flagged_and_no_part_of_the_paper(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let draft = water.draft("张浦镇人民政府");
        let sent = |seconds: i64| {
            let send_time = Some(prost_types::Timestamp { seconds: 1_772_413_200 + seconds, nanos: 0 });
            pb::IssuePaperRequest { send_time, ..water.issue(&draft) }
        };
        let receipt = town.issue(&water, sent(-301)).await.expect("accepted");
        let findings = town.paper(&water, &receipt.paper).await.findings;
        assert_eq!(findings.iter().map(|it| (it.code.as_str(), it.blocking)).collect::<Vec<_>>(), [("RE-CLOCK", false)]);
        assert_eq!(town.issue(&water, sent(0)).await.expect("the same paper"), receipt);
        let on_time = water.draft("张浦镇人民政府");
        let send_time = Some(prost_types::Timestamp { seconds: 1_772_413_200 + 299, nanos: 0 });
        let request = pb::IssuePaperRequest { send_time, ..water.issue(&on_time) };
        let receipt = town.issue(&water, request).await.expect("accepted");
        assert!(town.paper(&water, &receipt.paper).await.findings.is_empty());
        town.stop().await;
    }
}
