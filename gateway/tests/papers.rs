//! Papers that are accepted: the receipt, its proof, and what the sender sees of them.

use gateway::envelope::DocType;
use runtime::both_databases;
use runtime::log::{Checkpoint, Hash, Mode, ReceiptType, leaf_hash, verify_inclusion, verify_receipt};
use runtime::testing::journal_entries;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::Sm3Digest;

use crate::harness::{Department, Town, code, refusal, town_key};

/// Checks the signature of a receipt with the key that it names.
async fn verified(town: &Town, department: &Department, receipt: &pb::Receipt) -> runtime::log::Receipt {
    let signature = receipt.signature.as_ref().expect("a signature");
    let key = town_key(town, department, &signature.key_id).await;
    let read = verify_receipt(&receipt.content, &signature.value, &key).expect("it verifies");
    assert_eq!(read.key_id, signature.key_id);
    read
}

both_databases! {
    async fn a_paper_is_accepted_with_a_signed_receipt(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let draft = water.draft("张浦镇人民政府");
        let request = water.issue(&draft);
        let receipt = town.issue(&water, request.clone()).await.expect("accepted");
        let read = verified(&town, &water, &receipt).await;
        assert_eq!((read.receipt_type, read.mode), (ReceiptType::Received, Mode::Simulated));
        assert_eq!(read.message_id, draft.message_id.to_string());
        assert_eq!(read.digest, *Sm3Digest::of(&request.payload).as_bytes());
        assert_eq!(read.log_origin.as_str(), "zhangpu.kunshan/gateway");
        let text = std::str::from_utf8(&receipt.content).expect("UTF-8");
        assert!(text.starts_with("{\"v\":1,\"type\":\"RECEIVED\",\"msgId\":\""), "{text}");

        let paper = town.paper(&water, &receipt.paper).await;
        assert_eq!(paper.payload, request.payload);
        assert_eq!(paper.receipts, [receipt]);
        assert_eq!(paper.summary.expect("a summary").title, draft.title);
        assert_eq!(paper.deliveries.len(), 1);
        assert!(paper.findings.is_empty());
        town.stop().await;
    }

    async fn the_leaf_of_a_receipt_is_proved_to_be_in_the_log(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let receipt = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        let leaf = verified(&town, &water, &receipt).await.leaf_hash;
        let request = pb::GetProofRequest { leaf_hash: leaf.0.to_vec().into() };
        let proof = town.papers("auditor/court").get_proof(request).await.expect("a proof").into_inner();
        let head = Checkpoint::parse_unverified(proof.checkpoint.as_bytes()).expect("a checkpoint");
        let path: Vec<_> = proof.path.iter().map(|hash| Hash::from_bytes(hash).expect("a hash")).collect();
        let (index, size) = (proof.index as u64, proof.tree_size as u64);
        verify_inclusion(&leaf, index, size, &path, &head.root).expect("it is in the log");
        let other = pb::GetProofRequest { leaf_hash: leaf_hash(b"another").0.to_vec().into() };
        let status = town.papers("auditor/court").get_proof(other).await.expect_err("it is not there");
        assert_eq!(status.code(), tonic::Code::NotFound);
        town.stop().await;
    }

    // Worked example 4 of §8.9.
    async fn the_same_message_twice_is_one_record_and_the_same_receipt(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let draft = water.draft("张浦镇人民政府");
        let first = town.issue(&water, water.issue(&draft)).await.expect("accepted");
        // A new signature over the same bytes is the same paper: SM2 signatures are random.
        let again = water.issue(&draft);
        assert_ne!(again.signatures[0].value, first.signature.as_ref().expect("a signature").value);
        assert_eq!(town.issue(&water, again).await.expect("answered"), first);
        town.restart().await;
        assert_eq!(town.issue(&water, water.issue(&draft)).await.expect("answered"), first);
        let accepted = journal_entries(&town.db).await;
        let accepted = accepted.iter().filter(|entry| entry.entry.kind.ends_with(".PaperAccepted"));
        assert_eq!(accepted.count(), 1);
        // Other bytes under the same id are refused, and change nothing.
        let mut other = draft.clone();
        other.title = "关于另一件事的函".to_owned();
        let seen = refusal(town.issue(&water, water.issue(&other)).await);
        assert_eq!((seen.code.as_str(), seen.reason.as_str()), ("RE-REPLAY", "RE_REPLAY"));
        assert_eq!(town.issue(&water, water.issue(&draft)).await.expect("answered"), first);
        town.stop().await;
    }

    async fn a_message_id_is_unique_for_its_sender_only(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let urban = town.department("city-management", "昆山市城市管理局").await;
        let draft = water.draft("张浦镇人民政府");
        let mut other = urban.draft("张浦镇人民政府");
        other.message_id = draft.message_id;
        town.issue(&water, water.issue(&draft)).await.expect("accepted");
        town.issue(&urban, urban.issue(&other)).await.expect("accepted");
        // Nobody sees another's paper.
        let request = pb::GetPaperRequest { name: urban.name(&other) };
        let status = town.papers("county/water").get_paper(request).await.expect_err("not his");
        assert_eq!(status.code(), tonic::Code::NotFound);
        let request = pb::ListPapersRequest { parent: "senders/water".to_owned(), ..Default::default() };
        let status = town.papers("county/city-management").list_papers(request).await.expect_err("not his");
        assert_eq!(status.code(), tonic::Code::NotFound);
        town.stop().await;
    }

    async fn an_ed25519_key_sends_papers_without_directives(db: TestDb) {
        let town = Town::start(&db).await;
        let water = Department::ed25519("water", "昆山市水务局");
        town.register(&water).await;
        let receipt = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        verified(&town, &water, &receipt).await;
        let mut directs = water.draft("张浦镇人民政府");
        let object = serde_json::json!({"type": "WITHDRAW_POWERS", "to": "2026-04-01", "powers": ["ZP-02-0001"]});
        directs.directive = Some(gateway::envelope::Directive::new(&object).expect("a directive"));
        assert_eq!(code(town.issue(&water, water.issue(&directs)).await), "RE-ALG");
        town.stop().await;
    }

    // Worked examples 3 and 6 of §8.9.
    async fn findings_go_on_with_an_accepted_paper(db: TestDb) {
        let town = Town::start(&db).await;
        let urban = town.department("city-management", "昆山市城市管理局").await;
        let mut draft = urban.draft("张浦镇人民政府");
        draft.doc_type = DocType::Notice;
        draft.title = "关于必须于3月底前完成整治的通知".to_owned();
        draft.document_number = "昆政发[2026]5号".to_owned();
        let findings = |paper: pb::Paper| paper.findings.into_iter().map(|it| it.code).collect::<Vec<_>>();
        let receipt = town.issue(&urban, urban.issue(&draft)).await.expect("accepted");
        let paper = town.paper(&urban, &receipt.paper).await;
        assert!(paper.findings.iter().all(|it| it.blocking && !it.law.is_empty()));
        assert!(paper.findings[1].message.contains("昆政发〔2026〕5号"));
        assert_eq!(findings(paper), ["RE-DEPT-DIRECTIVE", "ID-DOCNO"]);

        let mut bureau = urban.draft("建设与管理局");
        (bureau.doc_type, bureau.title) = (draft.doc_type, draft.title.clone());
        let receipt = town.issue(&urban, urban.issue(&bureau)).await.expect("accepted");
        assert!(findings(town.paper(&urban, &receipt.paper).await).is_empty());

        let mut agreed = urban.draft("张浦镇人民政府");
        (agreed.doc_type, agreed.title) = (draft.doc_type, draft.title.clone());
        agreed.consent = Some("昆政办函〔2026〕9号".to_owned());
        let receipt = town.issue(&urban, urban.issue(&agreed)).await.expect("accepted");
        assert!(findings(town.paper(&urban, &receipt.paper).await).is_empty());
        town.stop().await;
    }

    async fn a_sender_lists_his_papers_newest_first(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let mut sent = Vec::new();
        for minute in 1..=5 {
            let receipt = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
            sent.push(receipt.paper);
            if minute == 3 {
                town.advance("2026-03-02T02:00:00Z").await;
            }
        }
        let mut listed = Vec::new();
        let mut page_token = String::new();
        loop {
            let parent = "senders/water".to_owned();
            let request = pb::ListPapersRequest { parent, page_size: 2, page_token };
            let page = town.papers("county/water").list_papers(request).await.expect("a page").into_inner();
            listed.extend(page.papers.iter().map(|paper| (paper.accept_time, paper.name.clone())));
            assert!(page.papers.iter().all(|paper| paper.payload.is_empty() && paper.receipts.len() == 1));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let times: Vec<_> = listed.iter().map(|(at, _)| at.expect("a time").seconds).rev().collect();
        assert!(times.is_sorted());
        let mut names: Vec<_> = listed.into_iter().map(|(_, name)| name).collect();
        names.sort();
        sent.sort();
        assert_eq!(names, sent);
        town.stop().await;
    }
}
