//! Joint reviews through their contract.

use bytes::Bytes;
use conformance::reference::{APPLICATION, APPLICATION_CASE};
use runtime::both_databases;
use tonic::{Code, Response, Status};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::casework::v1 as casework;
use townlink_proto::townlink::casework::v1::OpinionType;
use townlink_proto::townlink::casework::v1::case_file_service_client::CaseFileServiceClient;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::document_service_client::DocumentServiceClient;
use townlink_proto::townlink::office::v1::opinion_service_client::OpinionServiceClient;
use townlink_proto::townlink::office::v1::{JointReviewEnding, OpinionBodyState};

use super::town::{Town, until};
use crate::harness::{bytes, digest, events, fresh, reason, refusal};
use crate::replay;

/// The document by which silence is agreement.
const TACIT: &str = "昆政办发〔2026〕3号";

pub(super) fn asks(institution: &str) -> pb::RequestedBody {
    pb::RequestedBody { institution: institution.to_owned(), ..pb::RequestedBody::default() }
}

fn request(bodies: Vec<pb::RequestedBody>) -> pb::RequestOpinionsRequest {
    pb::RequestOpinionsRequest {
        request_id: fresh(),
        application: APPLICATION.to_owned(),
        item: "PP-URB-0001".to_owned(),
        item_name: "建筑工程施工许可".to_owned(),
        question: "是否符合规划条件".to_owned(),
        service: "service-center".to_owned(),
        bodies,
    }
}

pub(super) fn opinion(name: &str, says: OpinionType, text: &str) -> pb::GiveOpinionRequest {
    pb::GiveOpinionRequest {
        request_id: fresh(),
        name: name.to_owned(),
        r#type: says.into(),
        text: text.to_owned(),
        ..pb::GiveOpinionRequest::default()
    }
}

fn close(name: &str, ending: JointReviewEnding) -> pb::CloseJointReviewRequest {
    pb::CloseJointReviewRequest {
        request_id: fresh(),
        name: name.to_owned(),
        ending: ending.into(),
        ..pb::CloseJointReviewRequest::default()
    }
}

impl Town {
    pub(super) async fn asked(&self, bodies: Vec<pb::RequestedBody>) -> pb::JointReview {
        self.opinions("wei").request_opinions(request(bodies)).await.expect("it is sent").into_inner()
    }

    pub(super) async fn gives(&self, person: &str, request: pb::GiveOpinionRequest) -> Result<pb::JointReview, Status> {
        self.opinions(person).give_opinion(request).await.map(Response::into_inner)
    }

    async fn mine(&self, person: &str, overdue: bool) -> usize {
        let request =
            pb::ListJointReviewsRequest { open: true, mine: true, overdue, ..pb::ListJointReviewsRequest::default() };
        self.opinions(person).list_joint_reviews(request).await.expect("a page").into_inner().reviews.len()
    }

    async fn escalated(&self, person: &str) -> Vec<pb::JointReview> {
        let request = pb::ListEscalatedReviewsRequest::default();
        self.opinions(person).list_escalated_reviews(request).await.expect("a page").into_inner().reviews
    }
}

both_databases! {
    async fn the_worked_example_by_the_towns_clock(db: TestDb) {
        let mut town = Town::start(&db).await;
        town.advance("2026-04-01T10:00:00").await;
        let name = town.asked(vec![asks("FINANCE"), asks("CONSTRUCTION")]).await.name;
        town.advance("2026-04-02T10:00:00").await;
        town.gives("zhu", opinion(&name, OpinionType::Agree, "")).await.expect("given");
        assert_eq!((town.mine("zhu", false).await, town.mine("tang", false).await), (0, 1));
        town.restart().await;
        town.advance("2026-04-09T09:00:00").await;
        until(|| async { town.review("tang", &name).await.bodies[1].urge_time.is_some() }).await;
        assert_eq!(town.mine("tang", true).await, 0, "the last day is in time");
        town.advance("2026-04-10T00:00:01").await;
        until(|| async { town.review("tang", &name).await.bodies[1].escalate_time.is_some() }).await;
        let review = town.review("wei", &name).await;
        assert!(review.bodies[1].overdue_time.is_some() && review.bodies[0].urge_time.is_none());
        assert_eq!((review.bodies[0].state(), review.bodies[1].state()), (OpinionBodyState::Given, OpinionBodyState::Asked));
        assert_eq!(review.opinions.len(), 1, "silence is no agreement");
        assert_eq!(town.mine("tang", true).await, 1);
        for person in ["wang", "zhou"] {
            assert_eq!(town.escalated(person).await.len(), 1, "OFFICE and the leaders are told");
        }
        let seen = refusal(town.opinions("wei").close_joint_review(close(&name, JointReviewEnding::Grant)).await);
        assert_eq!(seen.reason, "SC_OPINION_MISSING");
        assert!(seen.variables.contains(&("institutions".to_owned(), "CONSTRUCTION".to_owned())), "{seen:?}");
        let late = opinion(&name, OpinionType::AgreeWithConditions, "退让红线六米");
        town.gives("tang", late).await.expect("a late opinion is taken");
        let mut wei = town.opinions("wei");
        let closing = close(&name, JointReviewEnding::Grant);
        let closed = wei.close_joint_review(closing.clone()).await.expect("closed").into_inner();
        let again = wei.close_joint_review(closing).await.expect("the stored answer").into_inner();
        assert_eq!(bytes(&again), bytes(&closed));
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn opinions_are_delivered_once_to_the_service_that_asked(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.asked(vec![asks("FINANCE"), asks("CONSTRUCTION")]).await.name;
        let given = town.gives("zhu", opinion(&name, OpinionType::Agree, "")).await.expect("given");
        until(|| async { town.review("wei", &name).await.delivered == 1 }).await;
        let revised = pb::GiveOpinionRequest {
            supersedes: given.opinions[0].name.clone(),
            ..opinion(&name, OpinionType::Disagree, "预算法第十三条")
        };
        town.gives("zhu", revised).await.expect("revised");
        let given = town.gives("tang", opinion(&name, OpinionType::NotConcerned, "")).await.expect("given");
        until(|| async { town.review("wei", &name).await.delivered == 3 }).await;
        let taken = events::<casework::OpinionsTaken>(town.cases()).await;
        let taken: Vec<_> = taken.into_iter().flat_map(|event| event.opinions).collect();
        assert_eq!(taken, given.opinions, "each once, as it was given");

        // The application is where it was.
        let line = casework::GetCaseLineRequest { name: APPLICATION_CASE.to_owned() };
        let mut cases = CaseFileServiceClient::new(town.case_service("person/chen"));
        assert_eq!(cases.get_case_line(line).await.expect("its line").into_inner().stage, "REVIEW");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn joint_reviews_are_refused_by_their_rules(db: TestDb) {
        let town = Town::start(&db).await;
        let (mut wei, mut zhu) = (town.opinions("wei"), town.opinions("zhu"));
        assert_eq!(reason(zhu.request_opinions(request(vec![asks("CONSTRUCTION")])).await), "OV_ACCESS");
        assert_eq!(reason(town.opinions("he").request_opinions(request(vec![asks("FINANCE")])).await), "OV_NO_ROLE");
        assert_eq!(reason(town.opinions("wang").request_opinions(request(vec![asks("FINANCE")])).await), "OV_ACCESS");
        assert_eq!(reason(wei.request_opinions(request(vec![asks("OFFICE")])).await), "SC_OPINION_BODY");
        let tacit = pb::RequestedBody { tacit_document: TACIT.to_owned(), ..asks("FINANCE") };
        assert_eq!(reason(wei.request_opinions(request(vec![tacit])).await), "SC_TACIT");
        let unknown = pb::RequestOpinionsRequest { service: "enforcement".to_owned(), ..request(vec![asks("FINANCE")]) };
        assert_eq!(reason(wei.request_opinions(unknown).await), "SU_SERVICE");
        let malformed = pb::RequestOpinionsRequest { application: "ZP1".to_owned(), ..request(vec![asks("FINANCE"), asks("FINANCE")]) };
        let faults = refusal(wei.request_opinions(malformed).await).violations;
        assert_eq!(faults.len(), 2, "every bad field at once: {faults:?}");

        let statutory = pb::RequestedBody { statutory: true, ..asks("CONSTRUCTION") };
        let name = town.asked(vec![asks("FINANCE"), statutory]).await.name;
        assert_eq!(reason(wei.request_opinions(request(vec![asks("FINANCE")])).await), "AU_DUPLICATE");
        let unheard = town.opinions("jiang").get_joint_review(pb::GetJointReviewRequest { name: name.clone() }).await;
        assert_eq!(unheard.map_err(|status| status.code()).err(), Some(Code::NotFound), "who is not asked sees nothing");
        assert_eq!(reason(town.gives("jiang", opinion(&name, OpinionType::Agree, "")).await), "SC_OPINION_BODY");
        assert_eq!(reason(town.gives("chen", opinion(&name, OpinionType::Agree, "")).await), "OV_NO_ROLE");
        let unfounded = town.gives("tang", opinion(&name, OpinionType::Disagree, "")).await;
        assert_eq!(unfounded.map_err(|status| status.code()).err(), Some(Code::InvalidArgument), "a legal basis is given");
        let decides = opinion(&name, OpinionType::Disagree, "建议不予许可");
        assert_eq!(reason(town.gives("tang", decides).await), "OV_CASE_INSTRUCTION");
        town.gives("zhu", opinion(&name, OpinionType::Agree, "")).await.expect("given");
        assert_eq!(reason(town.gives("zhu", opinion(&name, OpinionType::Agree, "")).await), "OV_HISTORY_EDIT");
        town.gives("tang", opinion(&name, OpinionType::Disagree, "城乡规划法第四十条")).await.expect("given");
        let against = pb::CloseJointReviewRequest {
            reasons: "符合规划".to_owned(),
            ..close(&name, JointReviewEnding::Grant)
        };
        assert_eq!(reason(wei.close_joint_review(against).await), "SC_VETO");
        wei.close_joint_review(close(&name, JointReviewEnding::Refuse)).await.expect("closed");
        let late = pb::GiveOpinionRequest { supersedes: format!("{name}/opinions/2"), ..opinion(&name, OpinionType::Agree, "") };
        assert_eq!(reason(town.gives("tang", late).await), "OV_HISTORY_EDIT");
        town.asked(vec![asks("FINANCE")]).await;
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_is_needed_goes_to_the_applicant_in_one_notice(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.asked(vec![asks("FINANCE"), asks("CONSTRUCTION")]).await.name;
        let need = |text| opinion(&name, OpinionType::NeedMore, text);
        town.gives("zhu", need("资金证明")).await.expect("in time");
        let merge = || pb::MergeSupplementRequest {
            request_id: fresh(), name: name.clone(), notice: "请补正资金证明、红线图".to_owned(), etag: String::new(),
        };
        let mut wei = town.opinions("wei");
        assert_eq!(reason(wei.merge_supplement(merge()).await), "SC_SUPPLEMENT", "CONSTRUCTION may still say so");
        town.gives("tang", need("红线图")).await.expect("in time");
        assert_eq!(town.mine("wei", false).await, 1, "it is for SERVICE to merge");
        wei.merge_supplement(merge()).await.expect("merged");
        assert_eq!(reason(wei.merge_supplement(merge()).await), "SC_SUPPLEMENT");
        town.advance("2026-03-20T09:00:00").await;
        let receive = pb::ReceiveSupplementRequest { request_id: fresh(), name: name.clone(), etag: String::new() };
        let received = wei.receive_supplement(receive).await.expect("received").into_inner();
        let due = received.bodies[0].limit.clone().and_then(|limit| limit.due_date);
        assert_eq!(due, Some(Date { year: 2026, month: 3, day: 27 }), "the clock begins anew");
        assert!(received.bodies.iter().all(|body| body.urge_time.is_none() && body.state() == OpinionBodyState::Asked));
        let again = pb::GiveOpinionRequest { supersedes: format!("{name}/opinions/1"), ..need("再补") };
        assert_eq!(reason(town.gives("zhu", again).await), "SC_SUPPLEMENT");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn silence_is_agreement_by_a_registered_document(db: TestDb) {
        let town = Town::start(&db).await;
        let document = town.register_tacit_document().await;
        let tacit = pb::RequestedBody { tacit_document: TACIT.to_owned(), working_days: 2, ..asks("FINANCE") };
        let early = town.opinions("wei").request_opinions(request(vec![tacit.clone()])).await;
        assert_eq!(reason(early), "SC_TACIT", "a second person has not confirmed the document");
        town.confirm(&document).await;
        let statutory = pb::RequestedBody { statutory: true, ..tacit.clone() };
        assert_eq!(reason(town.opinions("wei").request_opinions(request(vec![statutory])).await), "SC_TACIT");
        let name = town.asked(vec![tacit, asks("CONSTRUCTION")]).await.name;
        town.advance("2026-03-05T00:00:01").await;
        until(|| async { town.review("wei", &name).await.opinions.len() == 1 }).await;
        let review = town.review("wei", &name).await;
        assert_eq!((review.opinions[0].r#type(), review.opinions[0].person.as_str()), (OpinionType::Tacit, ""));
        assert!(review.bodies[0].escalate_time.is_none() && review.bodies[1].urge_time.is_none());
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn bureaus_never_see_what_the_application_comes_to(db: TestDb) {
        let town = Town::start(&db).await;
        let name = town.asked(vec![asks("FINANCE")]).await.name;
        town.gives("zhu", opinion(&name, OpinionType::Disagree, "预算法第十三条")).await.expect("given");
        let reasons = "经联席会议研究，符合条件".to_owned();
        let minutes = "张政会纪〔2026〕3号".to_owned();
        let against = pb::CloseJointReviewRequest { reasons, minutes, ..close(&name, JointReviewEnding::Grant) };
        // The service centre closes by itself what its officer has decided.
        let mut centre = OpinionServiceClient::new(town.office("service/service-center"));
        let closed = centre.close_joint_review(against).await.expect("closed").into_inner();
        assert_eq!(closed.closed.clone().map(|deed| (deed.party, deed.person)), Some(("service-center".to_owned(), String::new())));
        assert!(!closed.reasons.is_empty() && !town.review("wei", &name).await.reasons.is_empty());
        let seen = town.review("zhu", &name).await;
        assert!(seen.reasons.is_empty() && seen.minutes.is_empty());
        let event = events::<pb::JointReviewRecorded>(&town.db).await.pop().expect("an event");
        let told = format!("{event:?}");
        assert!(!told.contains("Grant") && !told.contains("ending"), "the outcome is not kept: {told}");
        let mut other = OpinionServiceClient::new(town.office("service/gateway"));
        assert_eq!(reason(other.close_joint_review(close(&name, JointReviewEnding::Refuse)).await), "OV_ACCESS");
        replay::check(&town.db).await;
        town.stop().await;
    }
}

impl Town {
    async fn register_tacit_document(&self) -> String {
        let day = Some(Date { year: 2026, month: 3, day: 1 });
        let document = pb::Document {
            document_number: TACIT.to_owned(),
            title: "关于组团审批超时默认的通知".to_owned(),
            issuer: "昆山市人民政府办公室".to_owned(),
            issue_date: day,
            receive_date: day,
            r#type: pb::DocumentType::Evaluation.into(),
            digest: digest(b"tacit"),
            directive: Bytes::new(),
            ..pb::Document::default()
        };
        let request =
            pb::RegisterDocumentRequest { request_id: fresh(), document: Some(document), annex: Bytes::new() };
        let mut documents = DocumentServiceClient::new(self.office("person/zhao"));
        documents.register_document(request).await.expect("it is registered").into_inner().name
    }

    async fn confirm(&self, document: &str) {
        let mut documents = DocumentServiceClient::new(self.office("person/qian"));
        let request =
            pb::ConfirmDocumentRequest { request_id: fresh(), name: document.to_owned(), etag: String::new() };
        let confirmed = documents.confirm_document(request).await.expect("it is confirmed").into_inner();
        assert_eq!(confirmed.state(), pb::DocumentState::Confirmed);
    }
}
