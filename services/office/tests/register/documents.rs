//! Documents by hand: registered by one person, confirmed and published by another.

use townlink_proto::townlink::office::v1 as pb;

use super::{Desk, POWERS, bytes, confirmation, date, grants, grants_of, paper_of, told};
use crate::harness::{digest, fresh, reason};

fn directed(number: &str, kind: pb::DocumentType, directive: &str) -> pb::Document {
    pb::Document { directive: bytes(directive), ..paper_of(number, kind, "2026-03-01", "") }
}

runtime::both_databases! {
    async fn a_directive_by_hand_takes_effect_when_a_second_person_confirms_it(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        let directive = r#"{"type":"GRANT_POWERS","annex":"清单.csv","publishedDate":"2026-03-01","publishedPlace":"政府网站"}"#;
        let document = directed("昆政发〔2026〕1号", pb::DocumentType::Grant, directive);
        let annex = grants_of("昆政发〔2026〕1号", "2026-03-05");
        let registered = desk.register(document, &annex).await.expect("a document");
        assert_eq!((registered.state(), registered.publish_date), (pb::DocumentState::Registered, Some(date("2026-03-01"))));
        assert_eq!(reason(desk.zhao_documents.confirm_document(confirmation(&registered.name)).await), "OV_FOUR_EYES");
        // Who saw another version of the document lets nothing take effect.
        let stale = pb::ConfirmDocumentRequest { etag: "\"7\"".to_owned(), ..confirmation(&registered.name) };
        let status = desk.qian_documents.confirm_document(stale).await.expect_err("it has moved on");
        assert_eq!(status.code(), tonic::Code::Aborted);
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2026-03-05").await, pb::HoldsResult::NoGrant);
        let confirmed = desk.confirm(&registered.name).await.expect("a confirmation");
        assert_eq!((confirmed.state(), confirmed.applied, confirmed.confirmer.as_str()), (pb::DocumentState::Confirmed, 3, "qian"));
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2026-03-05").await, pb::HoldsResult::Yes);
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-03-05").await, pb::HoldsResult::BasisGap);
        assert_eq!(reason(desk.confirm(&registered.name).await), "OV_HISTORY_EDIT");
        desk.close().await;
    }

    async fn a_faulty_directive_refuses_the_document_and_frees_its_number(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        let directive = r#"{"type":"GRANT_POWERS","annex":"清单.csv"}"#;
        let document = directed("昆政发〔2026〕1号", pb::DocumentType::Grant, directive);
        let wrong = grants_of("昆政发〔2026〕2号", "2026-02-01");
        let registered = desk.register(document.clone(), &wrong).await.expect("a document");
        let refused = desk.confirm(&registered.name).await.expect("an end");
        assert_eq!((refused.state(), refused.applied), (pb::DocumentState::Refused, 0));
        assert_eq!(told(&refused.faults), [(2, "doc_no", "AU-UNKNOWN-DOC"), (3, "doc_no", "AU-UNKNOWN-DOC"), (4, "doc_no", "AU-UNKNOWN-DOC")]);
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2026-03-05").await, pb::HoldsResult::NoGrant);
        let mended = desk.register(document.clone(), &grants_of("昆政发〔2026〕1号", "2026-03-05")).await.expect("a document");
        assert_eq!(desk.confirm(&mended.name).await.expect("a confirmation").state(), pb::DocumentState::Confirmed);
        assert_eq!(reason(desk.register(document, &wrong).await), "AU_DUPLICATE");
        desk.close().await;
    }

    async fn what_cannot_be_registered_is_refused(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let right = paper_of("昆政发〔2026〕1号", pb::DocumentType::Grant, "2026-03-01", "");
        let other = |change: fn(&mut pb::Document)| {
            let mut document = right.clone();
            change(&mut document);
            document
        };
        assert_eq!(reason(desk.register(other(|it| it.document_number = "昆政发[2026]1号".into()), "").await), "ID_DOCNO");
        assert_eq!(reason(desk.register(other(|it| it.issuer = "某公司".into()), "").await), "AU_ISSUER");
        assert_eq!(reason(desk.register(other(|it| it.publish_date = Some(date("2026-02-01"))), "").await), "AU_DATE");
        assert_eq!(reason(desk.register(other(|it| it.receive_date = Some(date("2026-02-28"))), "").await), "AU_DATE");
        assert_eq!(reason(desk.register(other(|it| it.issue_date = Some(date("2030-01-01"))), "").await), "AU_DATE");
        let odd = desk.register(other(|it| it.title = "通知\0".into()), "").await.expect_err("malformed");
        assert_eq!(odd.code(), tonic::Code::InvalidArgument);
        assert_eq!(reason(desk.register(other(|it| it.directive = bytes("{}")), "").await), "RE_DIRECTIVE");
        let annexed = other(|it| {
            it.directive = bytes(r#"{"type":"GRANT_POWERS","annex":"a"}"#);
            it.annex_digest = digest(b"other");
        });
        assert_eq!(reason(desk.register(annexed, "a,b").await), "RE_DIGEST");
        let malformed = desk.register(pb::Document::default(), "").await.expect_err("malformed");
        assert_eq!(malformed.code(), tonic::Code::InvalidArgument);
        let absent = desk.confirm("documents/00000000-0000-0000-0000-00000000000a").await.expect_err("absent");
        assert_eq!(absent.code(), tonic::Code::NotFound);
        desk.close().await;
    }

    async fn a_directive_that_no_service_here_owns_refuses_its_document(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let document = directed("昆政发〔2026〕1号", pb::DocumentType::Other, r#"{"type":"SET_FISCAL_BASE","year":2026}"#);
        let registered = desk.register(document, "").await.expect("a document");
        let refused = desk.confirm(&registered.name).await.expect("an end");
        assert_eq!((refused.state(), told(&refused.faults)), (pb::DocumentState::Refused, vec![(0, "type", "RE-DIRECTIVE")]));
        assert!(refused.faults[0].message.contains("no service here owns this directive"), "{}", refused.faults[0].message);
        desk.close().await;
    }

    async fn a_publication_reaches_every_grant_of_the_document(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        let document = desk.document(paper_of("昆政发〔2012〕1号", pb::DocumentType::Grant, "2012-03-01", "")).await;
        desk.grant(&grants_of("昆政发〔2012〕1号", "2012-04-01")).await;
        let unpublished = desk.ask("ENFORCEMENT", "P-02-A", "2013-01-01").await;
        assert_eq!((unpublished.result(), unpublished.warning.as_str()), (pb::HoldsResult::Yes, "UNPUBLISHED"));
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-03-02").await, pb::HoldsResult::NotPublished);
        let publish = |on: &str| pb::PublishDocumentRequest {
            request_id: fresh(),
            name: document.name.clone(),
            publish_date: Some(date(on)),
            publish_place: "政府网站".to_owned(),
            etag: document.etag.clone(),
        };
        assert_eq!(reason(desk.qian_documents.publish_document(publish("2012-02-01")).await), "AU_DATE");
        assert_eq!(reason(desk.zhao_documents.publish_document(publish("2012-03-10")).await), "OV_FOUR_EYES");
        let published = desk.qian_documents.publish_document(publish("2012-03-10")).await.expect("a publication").into_inner();
        assert_eq!(published.publish_date, Some(date("2012-03-10")));
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-03-02").await, pb::HoldsResult::BasisGap);
        let moved = desk.qian_documents.publish_document(publish("2012-03-11")).await.expect_err("another version was seen");
        assert_eq!(moved.code(), tonic::Code::Aborted);
        desk.close().await;
    }

    async fn of_racing_confirmations_one_wins(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        let directive = r#"{"type":"GRANT_POWERS","annex":"清单.csv","publishedDate":"2026-03-01"}"#;
        let document = directed("昆政发〔2026〕1号", pb::DocumentType::Grant, directive);
        let registered = desk.register(document, &grants_of("昆政发〔2026〕1号", "2026-03-05")).await.expect("a document");
        let racing = (0..24).map(|_| {
            let (mut documents, name) = (desk.qian_documents.clone(), registered.name.clone());
            async move { documents.confirm_document(confirmation(&name)).await }
        });
        let mut won = 0;
        for answer in futures::future::join_all(racing).await {
            match answer {
                Ok(_) => won += 1,
                Err(status) => {
                    let seen = runtime::refusal::read(&status).expect("a refusal");
                    assert_eq!(seen.reason, "OV_HISTORY_EDIT");
                }
            }
        }
        assert_eq!(won, 1);
        let grants = desk.zhao.list_grants(pb::ListGrantsRequest::default()).await.expect("grants").into_inner().grants;
        assert_eq!(grants.len(), 3);
        desk.close().await;
    }

    async fn decisions_about_the_register_wait_for_each_other(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        let mut names = Vec::new();
        for serial in 1..=16 {
            let number = format!("昆政发〔2026〕{serial}号");
            names.push(desk.register(paper_of(&number, pb::DocumentType::Grant, "2026-03-01", ""), "").await.expect("a document").name);
        }
        let confirming = names.iter().map(|name| {
            let mut documents = desk.qian_documents.clone();
            async move { documents.confirm_document(confirmation(name)).await }
        });
        for answer in futures::future::join_all(confirming).await {
            assert_eq!(answer.expect("a confirmation").into_inner().state(), pb::DocumentState::Confirmed);
        }
        desk.close().await;
    }

    async fn documents_are_listed_by_state_and_power(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        desk.document(paper_of("昆政发〔2012〕1号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10")).await;
        desk.grant(&grants(&["P-07-B,ASSIGNED,OWN,SERVICE,,昆政发〔2012〕1号,3,1,2012-04-01,,,,,,,,,".to_owned()])).await;
        let withdrawal = r#"{"type":"WITHDRAW_POWERS","to":"2026-04-01","powers":["P-07-B"],"transition":"TRANSFER","until":null}"#;
        let withdrawing = desk.register(directed("昆政发〔2026〕3号", pb::DocumentType::Withdraw, withdrawal), "").await.expect("a document");
        desk.confirm(&withdrawing.name).await.expect("a confirmation");
        desk.register(paper_of("昆政发〔2026〕4号", pb::DocumentType::Evaluation, "2026-03-01", ""), "").await.expect("a document");
        let list = |state: pb::DocumentState, power: &str| pb::ListDocumentsRequest {
            page_size: 10,
            state: state.into(),
            power_code: power.to_owned(),
            ..pb::ListDocumentsRequest::default()
        };
        let mut numbers = Vec::new();
        for request in [
            list(pb::DocumentState::Unspecified, ""),
            list(pb::DocumentState::Registered, ""),
            list(pb::DocumentState::Unspecified, "P-07-B"),
            list(pb::DocumentState::Confirmed, "P-07-B"),
            list(pb::DocumentState::Unspecified, "P-02-A"),
        ] {
            let listed = desk.zhao_documents.list_documents(request).await.expect("a list").into_inner().documents;
            // The town's clock stands, so documents of one moment come in any order.
            let mut listed: Vec<_> = listed.into_iter().map(|document| document.document_number).collect();
            listed.sort();
            numbers.push(listed.join(" "));
        }
        assert_eq!(numbers, [
            "昆政发〔2012〕1号 昆政发〔2026〕3号 昆政发〔2026〕4号",
            "昆政发〔2026〕4号",
            "昆政发〔2012〕1号 昆政发〔2026〕3号",
            "昆政发〔2012〕1号 昆政发〔2026〕3号",
            "",
        ]);
        let shown = desk.zhao_documents.get_document(pb::GetDocumentRequest { name: withdrawing.name }).await.expect("it").into_inner();
        assert_eq!(shown.directive, bytes(withdrawal));
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2026-04-01").await, pb::HoldsResult::Ended);
        desk.close().await;
    }
}
