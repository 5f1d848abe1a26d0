//! The supervision contract: admit, gather facts, execute, reply.

use std::sync::Arc;

use runtime::access::{Access, admit_read, admit_write};
use runtime::call::{Call, Reading};
use runtime::caller::Principal;
use runtime::etag;
use runtime::execute::Version;
use runtime::layers::raw;
use runtime::refusal::{Denial, Refusal as Wire};
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::supervision_service_server::SupervisionService;
use uuid::Uuid;
use vocabulary::{Institution, Timestamp, time};

use super::coverage::{Line, coverage};
use super::decide::{instrument, sample};
use super::state::{Accountability, CaseReview, Sample, SupervisionOpinion};
use super::wire::requests;
use super::{cases, store};
use crate::fields::page;
use crate::oversight::facts::Facts;
use crate::oversight::record::{Command, Desk, Resource, Viewer};
use crate::oversight::settings::Rules;
use crate::oversight::store::{Wanted, key, load, not_found, of_quarter, page as rows, seen};
use crate::oversight::wire::{count, read_id};

/// How many reviews of a quarter a report looks at.
const REVIEWS_MAX: i64 = 20_000;

/// How many samples of a quarter there can be: one for each field and service.
const SAMPLES_MAX: i64 = 1_000;

/// Serves supervision.
pub(crate) struct SupervisionRpc {
    runtime: Runtime,
    rules: Arc<Rules>,
}

impl SupervisionRpc {
    /// The contract over the office's database; cases are asked of the services that hold them.
    pub(crate) const fn new(runtime: Runtime, rules: Arc<Rules>) -> Self {
        Self { runtime, rules }
    }

    async fn execute<R: Resource>(
        &self,
        call: Call,
        command: Command<R>,
        facts: Facts,
    ) -> Result<Response<R::Shown>, Status> {
        Ok(raw(self.runtime.writer().execute::<Desk<R>>(call, command, facts).await?))
    }

    async fn work<R: Resource>(&self, call: Call, command: Command<R>) -> Result<Response<R::Shown>, Status> {
        let facts = Facts::of(&call.access, call.now, &self.rules);
        self.execute(call, command, facts).await
    }

    /// A refusal that another service's answer brings is stored like every other; anything else is told as it is.
    async fn or_refuse<T>(&self, call: &Call, asked: Result<T, Denial>) -> Result<T, Status> {
        match asked {
            Ok(answer) => Ok(answer),
            Err(Denial::Refused(refusal)) => Err(self.runtime.writer().refuse(call.clone(), *refusal).await.into()),
            Err(denial) => Err(denial.into()),
        }
    }

    /// The facts with the case, as the service that holds it shows its line.
    async fn facts_of_case(&self, call: &Call, service: &str, case_name: &str) -> Result<Facts, Denial> {
        let service = self.configured(service)?;
        let case = cases::line(self.runtime.directory(), service, &call.access, case_name).await?;
        let facts = Facts::of(&call.access, call.now, &self.rules);
        let today = time::town_date(call.now);
        let mut reader = self.runtime.db().read().await?;
        let was_at_front = store::was_at_front(reader.sql(), &facts.person, &case, today).await?;
        Ok(Facts { case: Some(case), was_at_front, ..facts })
    }

    fn configured(&self, service: &str) -> Result<runtime::caller::ServiceName, Denial> {
        Ok(cases::configured(&self.rules, self.runtime.directory(), service).map_err(Wire::from)?)
    }

    async fn facts_of_draw(&self, call: &Call, id: Uuid) -> Result<Facts, Denial> {
        let facts = Facts::of(&call.access, call.now, &self.rules);
        let mut reader = self.runtime.db().read().await?;
        let found = load::<Sample>(reader.sql(), id).await?;
        drop(reader);
        let (sample, _) = found.ok_or_else(|| not_found::<Sample>(id))?;
        // What the decision refuses anyway need not be asked for.
        if sample.draw.is_some() || facts.institution != Some(sample.institution) {
            return Ok(facts);
        }
        let service = self.configured(&sample.service)?;
        let closed = cases::closed(self.runtime.directory(), service, &call.access, &sample).await?;
        Ok(Facts { closed, ..facts })
    }

    async fn list<R: Resource>(
        &self,
        reading: &Reading,
        wanted: Wanted,
        page_size: i32,
        page_token: &str,
        viewer: Viewer,
    ) -> Result<(Vec<R::Shown>, String), Denial> {
        let list = format!("{}?{}", R::COLLECTION, wanted.key());
        let page = page(page_size, page_token, &list)?;
        let mut reader = self.runtime.db().read().await?;
        let found = rows::<R>(reader.sql(), wanted, &viewer, reading.now, &page).await?;
        let (found, next_page_token) = page.close(found, |(record, _)| key(record));
        let shown = |(record, version): &(R, Version)| shown(record, *version, &viewer, reading.now);
        Ok((found.iter().map(shown).collect(), next_page_token))
    }
}

fn shown<R: Resource>(record: &R, version: Version, viewer: &Viewer, now: Timestamp) -> R::Shown {
    record.shown(viewer, now, etag::of(version.number()))
}

/// Who sees every sample, review and supervision opinion: OFFICE, the leaders and auditors (overview.md §1.4, §1.7).
fn viewer(access: &Access) -> Viewer {
    let all = access.institution() == Some(Institution::Office) || is_above(access);
    Viewer { party: access.institution().map(|it| it.code().to_owned()).unwrap_or_default(), all }
}

/// Who sees every proposal to call somebody to account: the leaders.
fn viewer_of_persons(access: &Access) -> Viewer {
    Viewer { all: is_above(access), ..viewer(access) }
}

fn is_above(access: &Access) -> bool {
    matches!(access.principal(), Principal::TownLeaders | Principal::Auditor(_))
}

#[tonic::async_trait]
impl SupervisionService for SupervisionRpc {
    async fn plan_sample(&self, mut request: Request<pb::PlanSampleRequest>) -> Result<Response<pb::Sample>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::plan(call.request_id.uuid(), request.into_inner())?;
        if let sample::Step::Plan { service, .. } = &command.step {
            self.or_refuse(&call, self.configured(service)).await?;
        }
        let facts = Facts::of(&call.access, call.now, &self.rules);
        let chance = Uuid::new_v4().simple().to_string();
        self.execute(call, command, Facts { chance, ..facts }).await
    }

    async fn draw_sample(&self, mut request: Request<pb::DrawSampleRequest>) -> Result<Response<pb::Sample>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::draw(request.into_inner())?;
        let facts = self.facts_of_draw(&call, command.id).await;
        let facts = self.or_refuse(&call, facts).await?;
        self.execute(call, command, facts).await
    }

    async fn get_sample(&self, mut request: Request<pb::GetSampleRequest>) -> Result<Response<pb::Sample>, Status> {
        let reading = admit_read(&mut request)?;
        let id = read_id::<Sample>(&request.into_inner().name)?;
        let viewer = viewer(&reading.access);
        let found = seen::<Sample>(self.runtime.db().read().await?.sql(), id, &viewer).await?;
        let (sample, version) = found.ok_or_else(|| not_found::<Sample>(id))?;
        Ok(Response::new(shown(&sample, version, &viewer, reading.now)))
    }

    async fn list_samples(
        &self,
        mut request: Request<pb::ListSamplesRequest>,
    ) -> Result<Response<pb::ListSamplesResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let viewer = viewer(&reading.access);
        let wanted = Wanted::default();
        let found = self.list::<Sample>(&reading, wanted, request.page_size, &request.page_token, viewer).await?;
        let (samples, next_page_token) = found;
        Ok(Response::new(pb::ListSamplesResponse { samples, next_page_token }))
    }

    async fn record_case_review(
        &self,
        mut request: Request<pb::RecordCaseReviewRequest>,
    ) -> Result<Response<pb::CaseReview>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::record_review(call.request_id.uuid(), request.into_inner())?;
        let facts = self.facts_of_case(&call, &command.step.service, &command.step.case_name).await;
        let facts = self.or_refuse(&call, facts).await?;
        self.execute(call, command, facts).await
    }

    async fn list_case_reviews(
        &self,
        mut request: Request<pb::ListCaseReviewsRequest>,
    ) -> Result<Response<pb::ListCaseReviewsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let viewer = viewer(&reading.access);
        let wanted = Wanted::default();
        let found = self.list::<CaseReview>(&reading, wanted, request.page_size, &request.page_token, viewer).await?;
        let (reviews, next_page_token) = found;
        Ok(Response::new(pb::ListCaseReviewsResponse { reviews, next_page_token }))
    }

    async fn get_coverage(
        &self,
        mut request: Request<pb::GetCoverageRequest>,
    ) -> Result<Response<pb::Coverage>, Status> {
        admit_read(&mut request)?;
        let quarter = requests::coverage(&request.into_inner())?;
        let text = quarter.to_string();
        let mut reader = self.runtime.db().read().await?;
        let samples = of_quarter::<Sample>(reader.sql(), &text, SAMPLES_MAX).await?;
        let reviews = of_quarter::<CaseReview>(reader.sql(), &text, REVIEWS_MAX).await?;
        let lines = coverage(quarter, self.rules.fields(), self.rules.services(), &samples, &reviews);
        Ok(Response::new(pb::Coverage { quarter: text, lines: lines.iter().map(coverage_line).collect() }))
    }

    async fn issue_supervision_opinion(
        &self,
        mut request: Request<pb::IssueSupervisionOpinionRequest>,
    ) -> Result<Response<pb::SupervisionOpinion>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::issue(call.request_id.uuid(), request.into_inner())?;
        let facts = match &command.step {
            instrument::Step::Issue(issue) => self.facts_of_case(&call, &issue.service, &issue.case_name).await,
            instrument::Step::Answer { .. }
            | instrument::Step::Accept
            | instrument::Step::Reject { .. }
            | instrument::Step::Close { .. }
            | instrument::Step::FallDue
            | instrument::Step::Noted => Ok(Facts::of(&call.access, call.now, &self.rules)),
        };
        let facts = self.or_refuse(&call, facts).await?;
        self.execute(call, command, facts).await
    }

    async fn answer_supervision_opinion(
        &self,
        mut request: Request<pb::AnswerSupervisionOpinionRequest>,
    ) -> Result<Response<pb::SupervisionOpinion>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::answer(request.into_inner())?;
        self.work(call, command).await
    }

    async fn accept_supervision_answer(
        &self,
        mut request: Request<pb::AcceptSupervisionAnswerRequest>,
    ) -> Result<Response<pb::SupervisionOpinion>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::accept(request.into_inner())?;
        self.work(call, command).await
    }

    async fn reject_supervision_answer(
        &self,
        mut request: Request<pb::RejectSupervisionAnswerRequest>,
    ) -> Result<Response<pb::SupervisionOpinion>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::reject(request.into_inner())?;
        self.work(call, command).await
    }

    async fn close_supervision_opinion(
        &self,
        mut request: Request<pb::CloseSupervisionOpinionRequest>,
    ) -> Result<Response<pb::SupervisionOpinion>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::close(request.into_inner())?;
        self.work(call, command).await
    }

    async fn get_supervision_opinion(
        &self,
        mut request: Request<pb::GetSupervisionOpinionRequest>,
    ) -> Result<Response<pb::SupervisionOpinion>, Status> {
        let reading = admit_read(&mut request)?;
        let id = read_id::<SupervisionOpinion>(&request.into_inner().name)?;
        let viewer = viewer(&reading.access);
        let found = seen::<SupervisionOpinion>(self.runtime.db().read().await?.sql(), id, &viewer).await?;
        let (opinion, version) = found.ok_or_else(|| not_found::<SupervisionOpinion>(id))?;
        Ok(Response::new(shown(&opinion, version, &viewer, reading.now)))
    }

    async fn list_supervision_opinions(
        &self,
        mut request: Request<pb::ListSupervisionOpinionsRequest>,
    ) -> Result<Response<pb::ListSupervisionOpinionsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let viewer = viewer(&reading.access);
        let wanted = Wanted { open: request.open, overdue: request.overdue, mine: request.mine, ..Wanted::default() };
        let (size, token) = (request.page_size, request.page_token);
        let found = self.list::<SupervisionOpinion>(&reading, wanted, size, &token, viewer).await?;
        let (opinions, next_page_token) = found;
        Ok(Response::new(pb::ListSupervisionOpinionsResponse { opinions, next_page_token }))
    }

    async fn propose_accountability(
        &self,
        mut request: Request<pb::ProposeAccountabilityRequest>,
    ) -> Result<Response<pb::Accountability>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::propose(call.request_id.uuid(), request.into_inner())?;
        self.work(call, command).await
    }

    async fn record_hearing(
        &self,
        mut request: Request<pb::RecordHearingRequest>,
    ) -> Result<Response<pb::Accountability>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::hear(request.into_inner())?;
        self.work(call, command).await
    }

    async fn hand_over_accountability(
        &self,
        mut request: Request<pb::HandOverAccountabilityRequest>,
    ) -> Result<Response<pb::Accountability>, Status> {
        let call = admit_write(&mut request)?;
        let command = requests::hand_over(request.into_inner())?;
        self.work(call, command).await
    }

    async fn list_accountabilities(
        &self,
        mut request: Request<pb::ListAccountabilitiesRequest>,
    ) -> Result<Response<pb::ListAccountabilitiesResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let viewer = viewer_of_persons(&reading.access);
        let wanted = Wanted { open: request.open, ..Wanted::default() };
        let (size, token) = (request.page_size, request.page_token);
        let found = self.list::<Accountability>(&reading, wanted, size, &token, viewer).await?;
        let (accountabilities, next_page_token) = found;
        Ok(Response::new(pb::ListAccountabilitiesResponse { accountabilities, next_page_token }))
    }
}

fn coverage_line(line: &Line) -> pb::CoverageLine {
    pb::CoverageLine {
        field: line.field.to_string(),
        service: line.service.clone(),
        institution: line.institution.code().to_owned(),
        sampled: line.closed.is_some(),
        closed: count(line.closed.unwrap_or_default()),
        needed: count(line.needed),
        drawn_reviewed: count(line.drawn_reviewed),
        reviewed: count(line.reviewed),
        short: line.is_short(),
    }
}
