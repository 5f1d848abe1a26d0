//! Supervision through its contract.

use conformance::reference::{APPLICATION_CASE, seed};
use runtime::both_databases;
use tonic::{Response, Status};
use townlink_proto::townlink::casework::v1 as casework;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::{SupervisionOpinionStage, SupervisionRequestType};

use super::town::{Town, until};
use crate::harness::{bytes, events, fresh, reason, refused};
use crate::replay;

const SERVICE: &str = "service-center";

fn plan() -> pb::PlanSampleRequest {
    pb::PlanSampleRequest {
        request_id: fresh(),
        quarter: "2025Q4".to_owned(),
        field: "HOUSING".to_owned(),
        service: SERVICE.to_owned(),
    }
}

fn draw(name: &str) -> pb::DrawSampleRequest {
    pb::DrawSampleRequest { request_id: fresh(), name: name.to_owned(), etag: String::new() }
}

fn review(case: &str) -> pb::RecordCaseReviewRequest {
    let finding =
        pb::ReviewFinding { fact: "未告知诉权".to_owned(), rule: "行政许可法第三十八条".to_owned() };
    pb::RecordCaseReviewRequest {
        request_id: fresh(),
        service: SERVICE.to_owned(),
        case_name: case.to_owned(),
        findings: vec![finding],
    }
}

fn issue(case: &str) -> pb::IssueSupervisionOpinionRequest {
    pb::IssueSupervisionOpinionRequest {
        request_id: fresh(),
        service: SERVICE.to_owned(),
        case_name: case.to_owned(),
        review: String::new(),
        facts: "受理通知书未载明受理日期".to_owned(),
        rule: "行政许可法第三十二条".to_owned(),
        request: SupervisionRequestType::CorrectProcedure.into(),
    }
}

fn answer(name: &str) -> pb::AnswerSupervisionOpinionRequest {
    let (name, text) = (name.to_owned(), "已补正并重新送达".to_owned());
    pb::AnswerSupervisionOpinionRequest { request_id: fresh(), name, text, etag: String::new() }
}

impl Town {
    async fn recorded(&self, person: &str, case: &str) -> Result<pb::CaseReview, Status> {
        self.supervision(person).record_case_review(review(case)).await.map(Response::into_inner)
    }

    pub(super) async fn issued(&self, case: &str) -> pb::SupervisionOpinion {
        self.supervision("chen").issue_supervision_opinion(issue(case)).await.expect("it is issued").into_inner()
    }

    async fn answered(&self, name: &str) -> pb::SupervisionOpinion {
        let answered = self.supervision("he").answer_supervision_opinion(answer(name)).await;
        answered.expect("it is answered").into_inner()
    }

    async fn line_of(&self, field: &str) -> pb::CoverageLine {
        let request = pb::GetCoverageRequest { quarter: "2025Q4".to_owned() };
        let coverage = self.supervision("zhou").get_coverage(request).await.expect("a report").into_inner();
        let line = coverage.lines.into_iter().find(|line| line.field == field && line.service == SERVICE);
        line.expect("there is a line for each field and service")
    }

    async fn listed(&self, person: &str, open: bool, overdue: bool, mine: bool) -> Vec<String> {
        let request =
            pb::ListSupervisionOpinionsRequest { page_size: 1, page_token: String::new(), open, overdue, mine };
        let (mut names, mut request) = (Vec::new(), request);
        loop {
            let page = self.supervision(person).list_supervision_opinions(request.clone()).await.expect("a page");
            let page = page.into_inner();
            names.extend(page.opinions.into_iter().map(|opinion| opinion.name));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return names;
            }
        }
    }
}

both_databases! {
    async fn a_sample_is_drawn_and_reviewed_until_nobody_is_short(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chen = town.supervision("chen");
        let line = town.line_of("HOUSING").await;
        assert_eq!((line.sampled, line.short), (false, true), "what was not drawn is not enough");
        let planned = chen.plan_sample(plan()).await.expect("planned").into_inner();
        assert!(planned.seed.starts_with("2025Q4-HOUSING-") && planned.draw.is_none(), "{planned:?}");
        assert_eq!(reason(chen.plan_sample(plan()).await), "SU_SAMPLED");
        let request = draw(&planned.name);
        let drawn = chen.draw_sample(request.clone()).await.expect("drawn").into_inner();
        let again = chen.draw_sample(request).await.expect("the stored answer").into_inner();
        assert_eq!(bytes(&again), bytes(&drawn));
        assert_eq!(reason(chen.draw_sample(draw(&planned.name)).await), "SU_STAGE");

        // Anyone who has seed and list finds the same.
        let result = drawn.draw.clone().expect("a draw");
        let list = seed().closed;
        let repeated = vocabulary::draw::draw(&planned.seed, list.iter().map(String::as_str), 3);
        assert_eq!((&repeated.drawn, repeated.listed), (&result.cases, 32));
        assert_eq!(result.list_digest.to_vec(), repeated.list_digest.as_bytes().to_vec());
        assert_eq!((result.listed, result.per_mille, result.least), (32, 50, 3));

        let line = town.line_of("HOUSING").await;
        assert_eq!((line.closed, line.needed, line.reviewed, line.short), (32, 3, 0, true));
        for case in &result.cases {
            // Of the same institution, a person who did not handle one of them.
            let review = town.recorded("deng", case).await.expect("reviewed");
            assert_eq!((review.quarter.as_str(), review.institution.as_str()), ("2025Q4", "CONSTRUCTION"));
        }
        let line = town.line_of("HOUSING").await;
        assert_eq!((line.drawn_reviewed, line.reviewed, line.short), (3, 3, false));
        assert_eq!(reason(town.recorded("deng", &result.cases[0]).await), "SU_REVIEWED");
        let got = chen.get_sample(pb::GetSampleRequest { name: planned.name.clone() }).await.expect("there");
        assert_eq!(got.into_inner(), drawn);
        let stranger = town.supervision("xu").get_sample(pb::GetSampleRequest { name: planned.name }).await;
        assert_eq!(stranger.map_err(|status| status.code()).err(), Some(tonic::Code::NotFound));
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn of_those_who_plan_at_once_one_fixes_the_seed(db: TestDb) {
        let town = Town::start(&db).await;
        let answers = futures::future::join_all((0..5).map(|_| {
            let mut chen = town.supervision("chen");
            async move { chen.plan_sample(plan()).await }
        }));
        let (won, lost): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 4));
        for refused in lost {
            assert_eq!(reason(refused), "SU_SAMPLED");
        }
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn supervision_is_refused_by_its_rules(db: TestDb) {
        let town = Town::start(&db).await;
        let (mut chen, closed) = (town.supervision("chen"), seed().closed);
        let foreign = pb::PlanSampleRequest { field: "HEALTH".to_owned(), ..plan() };
        assert_eq!(reason(chen.plan_sample(foreign).await), "SU_FIELD");
        let running = pb::PlanSampleRequest { quarter: "2026Q1".to_owned(), ..plan() };
        assert_eq!(reason(chen.plan_sample(running).await), "SU_QUARTER");
        let unknown = pb::PlanSampleRequest { service: "enforcement".to_owned(), ..plan() };
        assert_eq!(reason(chen.plan_sample(unknown).await), "SU_SERVICE", "no such service runs here");

        assert_eq!(reason(town.recorded("chen", APPLICATION_CASE).await), "SU_CASE", "it is open");
        assert_eq!(reason(town.recorded("chen", "cases/ZP20251002000001").await), "OV_SELF_SUPERVISE", "his own work");
        assert_eq!(reason(town.recorded("feng", &closed[0]).await), "OV_SELF_SUPERVISE", "was at the front then");
        assert_eq!(reason(town.recorded("xu", &closed[0]).await), "SU_CASE", "the service shows it to its supervisor");
        assert_eq!(reason(town.recorded("wei", &closed[0]).await), "OV_ACCESS", "the front does not supervise");
        assert_eq!(reason(town.recorded("tang", &closed[0]).await), "OV_NO_ROLE");
        let absent = town.recorded("chen", "cases/ZP20990101000001").await;
        assert_eq!(absent.map_err(|status| status.code()).err(), Some(tonic::Code::NotFound));

        let instruction = pb::IssueSupervisionOpinionRequest { facts: "请撤销该案".to_owned(), ..issue(&closed[0]) };
        assert_eq!(reason(chen.issue_supervision_opinion(instruction).await), "OV_CASE_INSTRUCTION");
        let of_open = pb::IssueSupervisionOpinionRequest { facts: "应当准予".to_owned(), ..issue(APPLICATION_CASE) };
        assert_eq!(reason(chen.issue_supervision_opinion(of_open).await), "OV_CASE_INSTRUCTION");
        let suspends = pb::IssueSupervisionOpinionRequest { facts: "请暂停办理".to_owned(), ..issue(APPLICATION_CASE) };
        assert_eq!(reason(chen.issue_supervision_opinion(suspends).await), "SU_SUSPENDS");
        let unread = pb::IssueSupervisionOpinionRequest {
            review: "caseReviews/00000000-0000-4000-8000-000000000001".to_owned(),
            ..issue(&closed[0])
        };
        assert_eq!(reason(chen.issue_supervision_opinion(unread).await), "SU_EVIDENCE");
        assert_eq!(refused(&town.db).await.len(), 13, "each refusal is recorded");
        assert_eq!(events::<pb::SupervisionOpinionRecorded>(&town.db).await.len(), 0);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn where_no_service_holds_cases_it_is_told_which_is_missing(db: TestDb) {
        let town = Town::start_alone(&db).await;
        let mut chen = town.supervision("chen");
        let status = chen.plan_sample(plan()).await.expect_err("there is no such service");
        let seen = runtime::refusal::read(&status).expect("a refusal");
        assert_eq!(seen.reason, "SU_SERVICE");
        assert!(seen.remedy.contains(SERVICE) && seen.remedy.contains("系统管理员"), "{seen:?}");
        assert_eq!(reason(town.recorded("chen", &seed().closed[0]).await), "SU_SERVICE");
        assert_eq!(reason(chen.issue_supervision_opinion(issue(&seed().closed[0])).await), "SU_SERVICE");
        town.stop().await;
    }

    async fn an_opinion_is_answered_judged_and_closed(db: TestDb) {
        let town = Town::start(&db).await;
        let case = seed().closed[0].clone();
        let review = town.recorded("deng", &case).await.expect("reviewed").name;
        let request = pb::IssueSupervisionOpinionRequest { review: review.clone(), ..issue(&case) };
        let issued = town.supervision("chen").issue_supervision_opinion(request).await.expect("issued").into_inner();
        assert_eq!((issued.number.as_str(), issued.front.as_str()), ("张建监督〔2026〕1号", "SERVICE"));
        let due = issued.limit.clone().and_then(|limit| limit.due_date).expect("a last day");
        assert_eq!((due.year, due.month, due.day), (2026, 3, 16));
        let second = town.issued(&seed().closed[1]).await;
        assert_eq!(second.serial, 2, "numbers have no gaps");

        // The service that holds the case notes that the instrument exists, once.
        until(|| async { town.opinion("chen", &issued.name).await.noted && town.opinion("chen", &second.name).await.noted }).await;
        let noted = events::<casework::SupervisionOpinionNoted>(town.cases()).await;
        let mut noted: Vec<_> = noted.into_iter().filter_map(|event| event.opinion).map(|it| it.number).collect();
        noted.sort();
        assert_eq!(noted, ["张建监督〔2026〕1号", "张建监督〔2026〕2号"]);

        let mut social = town.supervision("xu");
        let name = || issued.name.clone();
        let unseen = social.get_supervision_opinion(pb::GetSupervisionOpinionRequest { name: name() }).await;
        assert_eq!(unseen.map_err(|status| status.code()).err(), Some(tonic::Code::NotFound));
        assert_eq!(reason(town.supervision("jiang").answer_supervision_opinion(answer(&issued.name)).await), "OV_ACCESS");
        assert_eq!(town.opinion("zhou", &issued.name).await.name, issued.name, "the leaders read all");

        town.answered(&issued.name).await;
        assert_eq!(town.listed("chen", true, false, true).await, [name()], "its judgement is due");
        let reject = |name| pb::RejectSupervisionAnswerRequest {
            request_id: fresh(), name, reason: "未附送达回证".to_owned(), etag: String::new(),
        };
        assert_eq!(reason(social.reject_supervision_answer(reject(name())).await), "OV_ACCESS");
        let mut chen = town.supervision("chen");
        let rejected = chen.reject_supervision_answer(reject(name())).await.expect("rejected").into_inner();
        assert_eq!(rejected.stage(), SupervisionOpinionStage::Issued);
        town.answered(&issued.name).await;
        assert_eq!(reason(chen.reject_supervision_answer(reject(name())).await), "SU_STAGE");
        let accept = pb::AcceptSupervisionAnswerRequest { request_id: fresh(), name: name(), etag: String::new() };
        chen.accept_supervision_answer(accept).await.expect("accepted");
        let note = "已整改到位".to_owned();
        let close = pb::CloseSupervisionOpinionRequest { request_id: fresh(), name: name(), note, etag: String::new() };
        let closed = chen.close_supervision_opinion(close).await.expect("closed").into_inner();
        assert_eq!((closed.stage(), closed.answers.len(), closed.review.as_str()), (SupervisionOpinionStage::Closed, 2, review.as_str()));
        assert_eq!(town.listed("zhou", false, false, false).await.len(), 2);
        assert_eq!(town.listed("zhou", true, false, false).await, [second.name]);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn an_overdue_answer_is_seen_by_the_towns_clock_also_after_a_restart(db: TestDb) {
        let mut town = Town::start(&db).await;
        let issued = town.issued(&seed().closed[0]).await;
        until(|| async { town.opinion("chen", &issued.name).await.noted }).await;
        town.advance("2026-03-16T23:59:59").await;
        assert_eq!(town.listed("zhou", true, true, false).await, [] as [&str; 0]);
        assert!(town.opinion("he", &issued.name).await.alarm_time.is_none());
        town.restart().await;
        town.advance("2026-03-17T00:00:01").await;
        until(|| async { town.opinion("he", &issued.name).await.alarm_time.is_some() }).await;
        assert!(town.opinion("he", &issued.name).await.overdue);
        let only = std::slice::from_ref(&issued.name);
        assert_eq!(town.listed("he", true, true, true).await, only);
        assert_eq!(town.listed("wang", false, true, false).await, only, "OFFICE sees all");
        let answered = town.answered(&issued.name).await;
        assert!(answered.answers[0].late && !answered.overdue);
        let changes: Vec<_> =
            events::<pb::SupervisionOpinionRecorded>(&town.db).await.into_iter().map(|event| event.change).collect();
        assert_eq!(changes, ["ISSUED", "NOTED", "FELL_DUE", "ANSWERED"], "the alarm comes once");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn nobody_is_handed_over_unheard(db: TestDb) {
        let town = Town::start(&db).await;
        let review = town.recorded("deng", &seed().closed[0]).await.expect("reviewed").name;
        let opinion = town.issued(&seed().closed[1]).await.name;
        let propose = |evidence: &[&String]| pb::ProposeAccountabilityRequest {
            request_id: fresh(),
            person: "wei".to_owned(),
            front: "SERVICE".to_owned(),
            addressee: pb::AccountabilityAddressee::Personnel.into(),
            fault: pb::FaultType::Persistent.into(),
            facts: "一年内多次未按期告知".to_owned(),
            evidence: evidence.iter().map(|name| (*name).clone()).collect(),
        };
        let mut chen = town.supervision("chen");
        assert_eq!(reason(chen.propose_accountability(propose(&[])).await), "SU_EVIDENCE");
        assert_eq!(reason(chen.propose_accountability(propose(&[&review])).await), "SU_EVIDENCE");
        assert_eq!(reason(town.supervision("xu").propose_accountability(propose(&[&review, &opinion])).await), "SU_EVIDENCE");
        let name = chen.propose_accountability(propose(&[&review, &opinion])).await.expect("proposed").into_inner().name;
        let hand_over = || pb::HandOverAccountabilityRequest {
            request_id: fresh(),
            name: name.clone(),
            document_number: "张建发〔2026〕7号".to_owned(),
            etag: String::new(),
        };
        assert_eq!(reason(chen.hand_over_accountability(hand_over()).await), "SU_NOT_HEARD");
        let hear = pb::RecordHearingRequest {
            request_id: fresh(),
            name: name.clone(),
            statement: "情况属实，已改正".to_owned(),
            declined: false,
            date: Some(townlink_proto::google::r#type::Date { year: 2026, month: 3, day: 2 }),
            etag: String::new(),
        };
        chen.record_hearing(hear).await.expect("heard");
        let of_personnel = || pb::ListAccountabilitiesRequest::default();
        let listed = town.supervision("li").list_accountabilities(of_personnel()).await.expect("a page").into_inner();
        assert_eq!(listed.accountabilities.len(), 0, "nothing has been handed over yet");
        let over = chen.hand_over_accountability(hand_over()).await.expect("handed over").into_inner();
        assert_eq!((over.stage(), over.document_number.as_str()), (pb::AccountabilityStage::HandedOver, "张建发〔2026〕7号"));
        let listed = town.supervision("li").list_accountabilities(of_personnel()).await.expect("a page").into_inner();
        assert_eq!(listed.accountabilities, [over]);
        let of_office = town.supervision("wang").list_accountabilities(of_personnel()).await.expect("a page").into_inner();
        assert_eq!(of_office.accountabilities.len(), 0, "it is for PERSONNEL and the leaders");
        replay::check(&town.db).await;
        town.stop().await;
    }
}
