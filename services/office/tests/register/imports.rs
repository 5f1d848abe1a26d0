//! Imports by hand: two persons, all or nothing, the same file the same result.

use townlink_proto::townlink::office::v1 as pb;

use super::{Desk, POWERS, bytes, encoded, grants, grants_of, paper_of, told};
use crate::harness::{fresh, reason};

runtime::both_databases! {
    async fn two_persons_bring_in_powers_and_grants(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let drafted = desk.import_powers(POWERS).await;
        assert_eq!((drafted.state(), drafted.rows, drafted.registrar.as_str()), (pb::ImportState::Draft, 4, "zhao"));
        let request = pb::ConfirmImportRequest { request_id: fresh(), name: drafted.name.clone(), etag: String::new() };
        assert_eq!(reason(desk.zhao.confirm_import(request).await), "OV_FOUR_EYES");
        let confirmed = desk.confirm_import(&drafted.name).await;
        assert_eq!((confirmed.state(), confirmed.applied, confirmed.confirmer.as_str()), (pb::ImportState::Confirmed, 4, "qian"));
        let again = pb::ConfirmImportRequest { request_id: fresh(), name: drafted.name.clone(), etag: String::new() };
        assert_eq!(reason(desk.qian.confirm_import(again).await), "OV_HISTORY_EDIT");

        let early = desk.import_grants(&grants_of("昆政发〔2012〕1号", "2012-04-01")).await;
        assert_eq!(early.state(), pb::ImportState::Refused);
        assert_eq!(told(&early.faults), [(2, "doc_no", "AU-UNKNOWN-DOC"), (3, "doc_no", "AU-UNKNOWN-DOC"), (4, "doc_no", "AU-UNKNOWN-DOC")]);
        let document = paper_of("昆政发〔2012〕2号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10");
        desk.document(document).await;
        let granted = desk.grant(&grants_of("昆政发〔2012〕2号", "2012-04-01")).await;
        assert_eq!(granted.applied, 3);
        let answer = desk.ask("ENFORCEMENT", "P-02-A", "2012-04-01").await;
        assert_eq!((answer.result(), answer.document_number.as_str(), answer.clause.as_str()), (pb::HoldsResult::Yes, "昆政发〔2012〕2号", "1"));
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2012-03-31").await, pb::HoldsResult::NotYet);
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2021-07-15").await, pb::HoldsResult::BasisGap);
        assert_eq!(desk.holds("ENFORCEMENT", "P-03-C", "2026-03-02").await, pb::HoldsResult::Yes);
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2026-03-02").await, pb::HoldsResult::Yes);
        assert_eq!(desk.holds("SERVICE", "P-02-A", "2013-01-01").await, pb::HoldsResult::WrongInstitution);
        assert_eq!(desk.holds("SERVICE", "P-02-B", "2013-01-01").await, pb::HoldsResult::NoGrant);
        desk.close().await;
    }

    async fn a_bad_row_keeps_the_whole_file_out(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let bad = POWERS.replace("P-07-B", "p_07_b").replace("警告;罚款", "行政拘留").replace(",P-02-A\n", ",\n");
        let refused = desk.import_powers(&bad).await;
        assert_eq!(refused.state(), pb::ImportState::Refused);
        let expected = [(2, "penalty_kinds", "AU-LIBERTY"), (4, "related_to", "AU-RELATED"), (5, "power_code", "AU-ENUM")];
        assert_eq!(told(&refused.faults), expected);
        let count = desk.powers.count_powers(pb::CountPowersRequest::default()).await.expect("counts").into_inner();
        assert_eq!(count.counts, []);
        let request = pb::ConfirmImportRequest { request_id: fresh(), name: refused.name.clone(), etag: String::new() };
        assert_eq!(reason(desk.qian.confirm_import(request).await), "OV_HISTORY_EDIT");
        desk.close().await;
    }

    async fn the_same_file_is_the_same_import(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let request = pb::ImportPowersRequest { request_id: fresh(), csv: bytes(POWERS), valid_from: None };
        let first = desk.zhao.import_powers(request.clone()).await.expect("an import").into_inner();
        let retried = desk.zhao.import_powers(request).await.expect("the stored answer").into_inner();
        assert_eq!(encoded(&first), encoded(&retried));
        let other_id = desk.import_powers(POWERS).await;
        assert_eq!(encoded(&first), encoded(&other_id));
        desk.confirm_import(&first.name).await;
        let later = desk.import_powers(POWERS).await;
        assert_eq!((later.name.as_str(), later.state()), (first.name.as_str(), pb::ImportState::Confirmed));
        let shown = desk.zhao.get_import(pb::GetImportRequest { name: first.name.clone() }).await.expect("it").into_inner();
        assert_eq!(shown, later);
        let listed = desk.zhao.list_imports(pb::ListImportsRequest::default()).await.expect("a list").into_inner();
        assert_eq!(listed.imports, [later]);
        desk.close().await;
    }

    async fn rows_are_checked_again_at_the_confirmation(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        desk.document(paper_of("昆政发〔2012〕1号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10")).await;
        let first = desk.import_grants(&grants_of("昆政发〔2012〕1号", "2012-04-01")).await;
        let second = desk.import_grants(&grants_of("昆政发〔2012〕1号", "2013-01-01")).await;
        assert_eq!((first.state(), second.state()), (pb::ImportState::Draft, pb::ImportState::Draft));
        assert_eq!(desk.confirm_import(&second.name).await.state(), pb::ImportState::Confirmed);
        let refused = desk.confirm_import(&first.name).await;
        assert_eq!((refused.state(), refused.confirmer.as_str()), (pb::ImportState::Refused, "qian"));
        assert_eq!(told(&refused.faults), [(2, "from", "AU-OVERLAP"), (3, "from", "AU-OVERLAP"), (4, "from", "AU-OVERLAP")]);
        desk.close().await;
    }

    async fn a_correction_keeps_both_versions(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        desk.document(paper_of("昆政发〔2012〕1号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10")).await;
        desk.grant(&grants_of("昆政发〔2012〕1号", "2012-04-01")).await;
        let before = desk.ask("SERVICE", "P-07-B", "2012-04-10").await;
        assert_eq!(before.result(), pb::HoldsResult::Yes);
        let row = "P-07-B,ASSIGNED,OWN,SERVICE,,昆政发〔2012〕1号,4,1,2012-05-01,,,,,,,,,".to_owned();
        let request = pb::ImportGrantsRequest { request_id: fresh(), csv: bytes(&grants(&[row])), correction_reason: "起始日期登记有误".to_owned() };
        let drafted = desk.zhao.import_grants(request).await.expect("an import").into_inner();
        let confirmed = desk.confirm_import(&drafted.name).await;
        assert_eq!((confirmed.applied, confirmed.correction_reason.as_str()), (1, "起始日期登记有误"));
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2012-04-10").await, pb::HoldsResult::NotYet);
        let request = pb::ListGrantVersionsRequest { power_code: "P-07-B".to_owned(), ..Default::default() };
        let versions = desk.zhao.list_grant_versions(request).await.expect("versions").into_inner().versions;
        let changes: Vec<_> = versions.iter().map(|version| version.change()).collect();
        assert_eq!(changes, [pb::GrantChange::Granted, pb::GrantChange::Corrected]);
        let corrected = versions[1].grant.clone().unwrap_or_default();
        assert_eq!((corrected.corrects.as_str(), corrected.correction_reason.as_str()), (before.grant.as_str(), "起始日期登记有误"));
        desk.close().await;
    }

    async fn a_file_may_be_json_and_is_checked_alike(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let listed = desk.list(&as_json(POWERS)).await;
        assert_eq!((listed.rows, listed.applied), (4, 4));
        desk.document(paper_of("昆政发〔2012〕2号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10")).await;
        // The same bad rows, told in the same places, whichever form the file has.
        let bad = grants(&[
            "P-02-A,ASSIGNED,OWN,ENFORCEMENT,CONSTRUCTION,昆政发〔2012〕2号,1,1,2012-04-01,,,,,,,,,".to_owned(),
            "p_9,CONFIRM,OWN,ENFORCEMENT,SERVICE,昆政发〔2012〕9号,2,x,2012-02-30,,,,,,,,,".to_owned(),
            "P-07-B,ASSIGNED,OWN,SERVICE,SERVICE,昆政发〔2012〕2号,3,1,2012-02-01,,,,,,,,,".to_owned(),
        ]);
        let csv = desk.import_grants(&bad).await;
        let json = desk.import_grants(&as_json(&bad)).await;
        assert_eq!((csv.state(), json.state()), (pb::ImportState::Refused, pb::ImportState::Refused));
        assert_eq!(told(&json.faults), told(&csv.faults));
        assert_eq!(told(&json.faults)[0], (2, "mode", "AU-ASSIGNED-KIND"));
        assert_ne!(json.file_digest, csv.file_digest);
        // The same file again is the first import.
        let right = as_json(&grants_of("昆政发〔2012〕2号", "2012-04-01"));
        let granted = desk.grant(&right).await;
        assert_eq!(granted.applied, 3);
        assert_eq!(desk.import_grants(&right).await.name, granted.name);
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2026-03-02").await, pb::HoldsResult::Yes);
        // A sum of money is a text, and what is no array is told whole.
        let number = desk.import_powers(r#"[{"power_code":"P-1","fine_min_yuan":200}]"#).await;
        assert!(told(&number.faults).contains(&(2, "fine_min_yuan", "AU-ENUM")), "{:?}", number.faults);
        assert_eq!(told(&desk.import_powers("[{").await.faults), [(1, "", "AU-ENUM")]);
        desk.close().await;
    }
}

/// A CSV as the JSON array with the same names.
fn as_json(file: &str) -> String {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        let cells = header.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty());
        serde_json::Value::Object(cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect())
    });
    serde_json::Value::Array(rows.collect()).to_string()
}
