//! What the office's journal leads to: receipts for the sender, and the end of holds.

use runtime::both_databases;
use runtime::log::{ReceiptType, verify_receipt};
use runtime::testing::journal_entries;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::office::v1 as office;

use crate::harness::{Department, Town, attachment, town_key, until};

fn now() -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: 1_772_413_260, nanos: 0 })
}

fn signed_for(paper: &str, institution: &str, copy: bool) -> office::PaperSignedFor {
    office::PaperSignedFor {
        inbox_paper: format!("inboxes/{institution}/papers/x"),
        paper: paper.to_owned(),
        institution: institution.to_owned(),
        person: "clerk".to_owned(),
        time: now(),
        copy,
    }
}

fn checked(paper: &str, institution: &str) -> office::PaperChecked {
    office::PaperChecked {
        paper: paper.to_owned(),
        institution: institution.to_owned(),
        time: now(),
        ..Default::default()
    }
}

fn returned(paper: &str, institution: &str, code: &str, copy: bool) -> office::PaperReturned {
    office::PaperReturned {
        paper: paper.to_owned(),
        institution: institution.to_owned(),
        person: "clerk".to_owned(),
        code: code.to_owned(),
        reason: "请按规定更正后重新行文".to_owned(),
        time: now(),
        copy,
        ..Default::default()
    }
}

/// Waits until the sender has so many receipts.
async fn receipts(town: &Town, department: &Department, paper: &str, count: usize) -> Vec<pb::Receipt> {
    until!(&format!("{count} receipts"), {
        let receipts = town.paper(department, paper).await.receipts;
        (receipts.len() >= count).then_some(receipts)
    })
}

/// Waits until the delivery to an institution is so.
async fn delivery(
    town: &Town,
    department: &Department,
    paper: &str,
    recipient: &str,
    state: pb::DeliveryState,
) -> pb::Delivery {
    until!(&format!("the delivery to {recipient} is {state:?}"), {
        let deliveries = town.paper(department, paper).await.deliveries;
        deliveries.into_iter().find(|it| it.recipient == recipient && it.state() == state)
    })
}

/// A paper to a bureau that waits for OFFICE.
async fn held(town: &Town, department: &Department) -> String {
    let content = b"%PDF-1.7";
    town.put(department, content).await.expect("put");
    let mut draft = department.draft("建设与管理局");
    draft.attachments = vec![attachment("图纸.pdf", content)];
    let receipt = town.issue(department, department.issue(&draft)).await.expect("accepted");
    delivery(town, department, &receipt.paper, "OFFICE", pb::DeliveryState::Delivered).await;
    delivery(town, department, &receipt.paper, "CONSTRUCTION", pb::DeliveryState::Held).await;
    receipt.paper
}

both_databases! {
    async fn signing_for_and_returning_earn_receipts_once(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let first = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        let paper = first.paper.clone();
        town.office.tell(&signed_for(&paper, "OFFICE", false), "a").await;
        town.office.tell(&returned(&paper, "OFFICE", "RE-DEPT-DIRECTIVE", false), "a").await;
        let all = receipts(&town, &water, &paper, 3).await;
        assert_eq!(all[0], first);
        assert_eq!((all[1].r#type(), all[1].institution.as_str()), (pb::ReceiptType::SignedFor, "OFFICE"));
        assert_eq!(all[2].r#type(), pb::ReceiptType::Returned);
        assert_eq!(all[2].reason, "RE-DEPT-DIRECTIVE 请按规定更正后重新行文");
        let kinds = [ReceiptType::Received, ReceiptType::SignedFor, ReceiptType::Returned("RE-DEPT-DIRECTIVE".to_owned())];
        for (receipt, kind) in all.iter().zip(kinds) {
            let signature = receipt.signature.as_ref().expect("a signature");
            let key = town_key(&town, &water, &signature.key_id).await;
            let read = verify_receipt(&receipt.content, &signature.value, &key).expect("it verifies");
            assert_eq!(read.receipt_type, kind);
            let request = pb::GetProofRequest { leaf_hash: read.leaf_hash.0.to_vec().into() };
            town.papers("county/water").get_proof(request).await.expect("its entry is in the log");
        }
        // A restart reads the office's journal on from where it was.
        town.restart().await;
        town.office.tell(&signed_for(&paper, "OFFICE", true), "b").await;
        let last = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted").paper;
        town.office.tell(&signed_for(&last, "OFFICE", false), "c").await;
        receipts(&town, &water, &last, 2).await;
        assert_eq!(town.paper(&water, &paper).await.receipts, all, "a copy earns none, and nothing comes twice");
        town.stop().await;
    }

    async fn a_held_paper_goes_on_when_the_office_has_checked_it(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let paper = held(&town, &water).await;
        // What comes later is not kept waiting.
        let later = town.issue(&water, water.issue(&water.draft("建设与管理局"))).await.expect("accepted").paper;
        let passed = delivery(&town, &water, &later, "CONSTRUCTION", pb::DeliveryState::Delivered).await;
        assert_eq!(passed.number, 1);
        assert_eq!(town.office.taken("CONSTRUCTION").len(), 1);
        town.office.tell(&signed_for(&paper, "OFFICE", true), "a").await;
        town.office.tell(&checked(&paper, "OFFICE"), "a").await;
        let released = delivery(&town, &water, &paper, "CONSTRUCTION", pb::DeliveryState::Delivered).await;
        assert_eq!(released.number, 2);
        // The finding goes along, and stops nothing any more.
        let taken = town.office.state().taken.clone();
        let finding = |recipient: &str| {
            let delivery = taken.iter().find(|it| it.paper == paper && it.recipient == recipient).expect("taken");
            (delivery.findings[0].code.clone(), delivery.findings[0].blocking)
        };
        assert_eq!(finding("OFFICE"), ("RE-HELD".to_owned(), true));
        assert_eq!(finding("CONSTRUCTION"), ("RE-HELD".to_owned(), false));
        assert_eq!(town.paper(&water, &paper).await.receipts.len(), 1, "copies earn no receipt");
        town.stop().await;
    }

    async fn a_held_paper_that_the_office_returns_goes_no_further(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let paper = held(&town, &water).await;
        town.office.tell(&returned(&paper, "OFFICE", "OV-CLASSIFIED", true), "a").await;
        let stopped = delivery(&town, &water, &paper, "CONSTRUCTION", pb::DeliveryState::Returned).await;
        assert_eq!((stopped.number, stopped.return_code.as_str()), (0, "OV-CLASSIFIED"));
        assert!(town.office.taken("CONSTRUCTION").is_empty());
        town.stop().await;
    }

    async fn a_quarantined_paper_keeps_its_number_as_a_tombstone(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        town.office.state().away = true;
        let papers = [water.draft("建设与管理局"), water.draft("建设与管理局")];
        for draft in &papers {
            town.issue(&water, water.issue(draft)).await.expect("accepted");
            let name = water.name(draft);
            until!("it has its number", {
                town.paper(&water, &name).await.deliveries.iter().all(|it| it.number > 0).then_some(())
            });
        }
        let bad = water.name(&papers[0]);
        town.office.tell(&returned(&bad, "OFFICE", "OV-CLASSIFIED", true), "a").await;
        until!("it is stopped", {
            let entries = journal_entries(&town.db).await;
            entries.iter().any(|entry| entry.entry.kind.ends_with(".HoldEnded")).then_some(())
        });
        until!("it is a tombstone", {
            let rows = runtime::testing::rows(&town.db, "select recipient from deliveries where tombstone = 1").await;
            (rows.len() == 2).then_some(())
        });
        town.office.state().away = false;
        town.restart().await;
        delivery(&town, &water, &water.name(&papers[1]), "CONSTRUCTION", pb::DeliveryState::Delivered).await;
        let stopped = delivery(&town, &water, &bad, "CONSTRUCTION", pb::DeliveryState::Returned).await;
        assert_eq!((stopped.number, stopped.return_code.as_str()), (1, "OV-CLASSIFIED"));
        let taken = town.office.taken("CONSTRUCTION");
        assert_eq!(taken, [(1, bad, true), (2, water.name(&papers[1]), false)]);
        town.stop().await;
    }
}
