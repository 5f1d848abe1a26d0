//! Evaluations: due, told once when overdue, recorded from a document.

use runtime::testing::{TestDb, journal_entries};
use tonic::transport::Channel;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::evaluation_service_client::EvaluationServiceClient;

use super::{Desk, POWERS, date, grants, paper_of};
use crate::harness::{fresh, reason};

const EVALUATION: &str = "昆政办发〔2026〕7号";

/// A penalty power granted in 2024, so that its evaluation is due on 2026-04-01, and a confirmation that is never evaluated.
async fn granted(db: &TestDb) -> (Desk, EvaluationServiceClient<Channel>) {
    let mut desk = Desk::open(db).await;
    desk.list(POWERS).await;
    desk.document(paper_of("昆政发〔2024〕1号", pb::DocumentType::Grant, "2024-03-01", "2024-03-10")).await;
    let rows = [
        "P-02-A,CONFIRMED,OWN,ENFORCEMENT,CONSTRUCTION,昆政发〔2024〕1号,1,1,2024-04-01,,,,,,,,,".to_owned(),
        "P-07-B,ASSIGNED,OWN,SERVICE,,昆政发〔2024〕1号,2,1,2024-04-01,,,,,,,,,".to_owned(),
    ];
    desk.grant(&grants(&rows)).await;
    let evaluations = EvaluationServiceClient::new(desk.town.person("zhao"));
    (desk, evaluations)
}

fn due_by(day: &str) -> pb::ListEvaluationsRequest {
    pb::ListEvaluationsRequest { due_by: Some(date(day)), ..Default::default() }
}

fn wanted(grant: &str) -> pb::RecordEvaluationRequest {
    pb::RecordEvaluationRequest {
        request_id: fresh(),
        grant: grant.to_owned(),
        document_number: EVALUATION.to_owned(),
        result: pb::EvaluationResult::Suspend.into(),
        note: "承接能力不足".to_owned(),
        next_evaluation: None,
    }
}

/// The overdue evaluations that the journal tells.
async fn told(desk: &Desk) -> Vec<(String, String)> {
    let overdue = journal_entries(&desk.town.db).await;
    let overdue = overdue.iter().filter_map(|entry| entry.event::<pb::EvaluationOverdue>().expect("its bytes"));
    overdue.map(|event| (event.grant, event.supervisor)).collect()
}

runtime::both_databases! {
    async fn an_overdue_evaluation_is_told_once_and_stops_nothing(db: TestDb) {
        let (mut desk, mut evaluations) = granted(&db).await;
        assert_eq!(evaluations.list_evaluations(due_by("2026-03-31")).await.expect("a page").into_inner().evaluations, []);
        let due = evaluations.list_evaluations(due_by("2026-04-01")).await.expect("a page").into_inner().evaluations;
        let shown: Vec<_> = due.iter().map(|due| (due.power_code.as_str(), due.due_date, due.overdue_time.is_some())).collect();
        assert_eq!(shown, [("P-02-A", Some(date("2026-04-01")), false)]);
        let before = desk.holds("ENFORCEMENT", "P-02-A", "2026-04-02").await;

        desk.town.advance("2026-04-01T23:59:59+08:00").await;
        desk.settled().await;
        assert_eq!(told(&desk).await, []);
        desk.town.advance("2026-04-02T00:00:00+08:00").await;
        desk.settled().await;
        let once = [("grants/G-000001".to_owned(), "CONSTRUCTION".to_owned())];
        assert_eq!(told(&desk).await, once);
        desk.town.advance("2026-05-02T00:00:00+08:00").await;
        desk.settled().await;
        assert_eq!(told(&desk).await, once);
        let due = evaluations.list_evaluations(due_by("2026-05-02")).await.expect("a page").into_inner().evaluations;
        assert!(due[0].overdue_time.is_some());
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-04-02").await, before, "it does not stop the power");
        desk.close().await;
    }

    async fn an_evaluation_is_recorded_from_its_document(db: TestDb) {
        let (mut desk, mut evaluations) = granted(&db).await;
        assert_eq!(reason(evaluations.record_evaluation(wanted("grants/G-000001")).await), "AU_UNKNOWN_DOC");
        desk.document(paper_of(EVALUATION, pb::DocumentType::Evaluation, "2026-02-20", "")).await;
        assert_eq!(reason(evaluations.record_evaluation(wanted("grants/G-000002")).await), "AU_EVALUATION");
        let past = pb::RecordEvaluationRequest { next_evaluation: Some(date("2026-02-20")), ..wanted("grants/G-000001") };
        assert_eq!(reason(evaluations.record_evaluation(past).await), "AU_DATE");

        let before = desk.holds("ENFORCEMENT", "P-02-A", "2026-04-02").await;
        let request = wanted("grants/G-000001");
        let grant = evaluations.record_evaluation(request.clone()).await.expect("it is recorded").into_inner();
        let evaluation = grant.evaluation.clone().expect("it was evaluated");
        assert_eq!((evaluation.document_number.as_str(), evaluation.result()), (EVALUATION, pb::EvaluationResult::Suspend));
        assert_eq!((grant.next_evaluation, grant.to), (Some(date("2028-02-20")), None));
        let again = evaluations.record_evaluation(request).await.expect("the stored answer").into_inner();
        assert_eq!(again, grant);
        let shown = desk.zhao.get_grant(pb::GetGrantRequest { name: grant.name.clone() }).await.expect("it").into_inner();
        assert_eq!((shown.evaluation, shown.next_evaluation), (grant.evaluation, grant.next_evaluation));
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-04-02").await, before, "suspending takes a document of its own");
        assert_eq!(reason(evaluations.record_evaluation(wanted("grants/G-000001")).await), "OV_HISTORY_EDIT");
        assert_eq!(evaluations.list_evaluations(due_by("2028-02-19")).await.expect("a page").into_inner().evaluations, []);

        // The document is one of the power's, and the day that went is not overdue any more.
        let asked = pb::ListPowerDocumentsRequest { power_code: "P-02-A".to_owned(), ..Default::default() };
        let documents = desk.zhao_documents.list_power_documents(asked).await.expect("a page").into_inner().documents;
        assert_eq!(documents.last().map(|it| it.effects[0].change()), Some(pb::GrantChange::Evaluated));
        desk.town.advance("2026-06-01T00:00:00+08:00").await;
        desk.settled().await;
        assert_eq!(told(&desk).await, []);
        let absent = evaluations.record_evaluation(wanted("grants/G-000009")).await.expect_err("absent");
        assert_eq!(absent.code(), tonic::Code::NotFound);
        let malformed = evaluations.record_evaluation(pb::RecordEvaluationRequest { request_id: fresh(), ..Default::default() }).await;
        assert_eq!(malformed.expect_err("malformed").code(), tonic::Code::InvalidArgument);
        desk.close().await;
    }

    async fn what_was_granted_long_ago_is_overdue_at_once_and_listed_page_by_page(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let powers = (1..=70).map(|serial| format!("P-02-{serial:03},,对占道经营的处罚,02,URBAN,市城市管理局,条例|地方性法规|第十条,占道经营,,警告,,,,,,,0,"));
        let header = POWERS.lines().next().expect("a header").to_owned();
        let file: Vec<_> = [header].into_iter().chain(powers).collect();
        desk.list(&format!("{}\n", file.join("\n"))).await;
        desk.document(paper_of("昆政发〔2012〕1号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10")).await;
        let rows: Vec<_> = (1..=70).map(|serial| format!("P-02-{serial:03},CONFIRMED,OWN,ENFORCEMENT,CONSTRUCTION,昆政发〔2012〕1号,{serial},1,2012-04-01,,,,,,,,,")).collect();
        desk.grant(&grants(&rows)).await;
        desk.settled().await;
        assert_eq!(told(&desk).await.len(), 70);
        let mut evaluations = EvaluationServiceClient::new(desk.town.person("zhao"));
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListEvaluationsRequest { page_size: 30, page_token, due_by: None };
            let page = evaluations.list_evaluations(request).await.expect("a page").into_inner();
            assert!(page.evaluations.iter().all(|due| due.due_date == Some(date("2023-07-15")) && due.overdue_time.is_some()));
            seen.extend(page.evaluations.into_iter().map(|due| due.grant));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), 70);
        // After a restart nothing is told again.
        let Desk { town, .. } = desk;
        let town = town.restart(&db, "").await;
        assert_eq!(runtime::testing::check_journal(&town.db).await, runtime::testing::check_journal(&town.db).await);
        let overdue = journal_entries(&town.db).await;
        let overdue = overdue.iter().filter(|entry| entry.event::<pb::EvaluationOverdue>().expect("its bytes").is_some());
        assert_eq!(overdue.count(), 70);
        town.stop().await;
    }

    async fn grants_of_an_earlier_version_are_taken_in_at_the_start(db: TestDb) {
        let (desk, _) = granted(&db).await;
        let Desk { town, .. } = desk;
        let forgotten = town.db.write((), |(), tx: &mut runtime::db::Tx| {
            Box::pin(async move {
                sqlx::query("delete from evaluations").execute(tx.sql()).await?;
                Ok::<_, runtime::refusal::Failure>(())
            })
        });
        forgotten.await.expect("the rows are gone");
        let town = town.restart(&db, "").await;
        let mut evaluations = EvaluationServiceClient::new(town.person("zhao"));
        let due = evaluations.list_evaluations(due_by("2026-04-01")).await.expect("a page").into_inner().evaluations;
        assert_eq!(due.iter().map(|due| due.grant.as_str()).collect::<Vec<_>>(), ["grants/G-000001"]);
        crate::register::replay::check(&town.db).await;
        town.stop().await;
    }
}
