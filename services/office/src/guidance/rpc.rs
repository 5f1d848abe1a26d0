//! The guidance contract: admit, gather facts, execute, reply.

use std::sync::Arc;

use runtime::access::{admit_read, admit_write};
use runtime::call::Call;
use runtime::etag;
use runtime::execute::{Version, Writer};
use runtime::layers::raw;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::guidance_service_server::GuidanceService;
use vocabulary::{Timestamp, time};

use super::decide::{Command, Desk, Step};
use super::state::Guidance;
use super::{store, wire};
use crate::coordination::rpc::facts;
use crate::coordination::settings::Rules;
use crate::coordination::viewer::{Viewer, Wanted};
use crate::coordination::wire::some_field;
use crate::fields::{Fields, page};

/// Serves guidance.
pub(crate) struct GuidanceRpc {
    writer: Writer,
    rules: Arc<Rules>,
}

type Answer = Result<Response<pb::Guidance>, Status>;

impl GuidanceRpc {
    /// The contract over the office's database.
    pub(crate) fn new(writer: Writer, rules: Arc<Rules>) -> Self {
        Self { writer, rules }
    }

    async fn work(&self, call: Call, command: Command) -> Answer {
        let facts = facts(&call, &self.rules);
        Ok(raw(self.writer.execute::<Desk>(call, command, facts).await?))
    }
}

fn shown(guidances: &[(Guidance, Version)], now: Timestamp) -> Vec<pb::Guidance> {
    let shown = guidances.iter().map(|(guidance, version)| wire::shown(guidance, now, etag::of(version.number())));
    shown.collect()
}

#[tonic::async_trait]
impl GuidanceService for GuidanceRpc {
    async fn draft_guidance(&self, mut request: Request<pb::DraftGuidanceRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::draft(call.request_id, request.into_inner())?;
        self.work(call, command).await
    }

    async fn review_guidance(&self, mut request: Request<pb::ReviewGuidanceRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let request = request.into_inner();
        let command = wire::step(&request.name, request.etag, Step::Review)?;
        self.work(call, command).await
    }

    async fn issue_guidance(&self, mut request: Request<pb::IssueGuidanceRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let request = request.into_inner();
        let command = wire::step(&request.name, request.etag, Step::Issue)?;
        self.work(call, command).await
    }

    async fn withdraw_guidance(&self, mut request: Request<pb::WithdrawGuidanceRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::withdraw(request.into_inner())?;
        self.work(call, command).await
    }

    async fn sign_for_guidance(&self, mut request: Request<pb::SignForGuidanceRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let request = request.into_inner();
        let command = wire::step(&request.name, request.etag, Step::SignFor)?;
        self.work(call, command).await
    }

    async fn object_to_guidance(&self, mut request: Request<pb::ObjectToGuidanceRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::object(call.request_id, request.into_inner())?;
        self.work(call, command).await
    }

    async fn forward_objection(&self, mut request: Request<pb::ForwardObjectionRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::forward(request.into_inner())?;
        self.work(call, command).await
    }

    async fn answer_objection(&self, mut request: Request<pb::AnswerObjectionRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::answer(request.into_inner())?;
        self.work(call, command).await
    }

    async fn settle_objection(&self, mut request: Request<pb::SettleObjectionRequest>) -> Answer {
        let call = admit_write(&mut request)?;
        let command = wire::settle(request.into_inner())?;
        self.work(call, command).await
    }

    async fn get_guidance(&self, mut request: Request<pb::GetGuidanceRequest>) -> Answer {
        let reading = admit_read(&mut request)?;
        let id = wire::name(&request.into_inner().name)?;
        let viewer = Viewer::of(&reading.access);
        let found = store::load(self.writer.db().read().await?.sql(), id).await?;
        let found = found.filter(|_| viewer != Viewer::Nothing);
        let (guidance, version) = found.ok_or_else(|| store::not_found(id))?;
        Ok(Response::new(wire::shown(&guidance, reading.now, etag::of(version.number()))))
    }

    async fn list_guidances(
        &self,
        mut request: Request<pb::ListGuidancesRequest>,
    ) -> Result<Response<pb::ListGuidancesResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let stage = wire::stage_filter(request.stage)?;
        let wanted = Wanted { open: request.open, overdue: request.overdue, mine: request.mine };
        let list = format!("guidances?stage={stage}&{}", wanted.key());
        let page = page(request.page_size, &request.page_token, &list)?;
        let (viewer, now) = (Viewer::of(&reading.access), reading.now);
        let rows = store::page(self.writer.db().read().await?.sql(), stage, wanted, viewer, now, &page).await?;
        let (rows, next_page_token) = page.close(rows, |(guidance, _)| store::key(guidance));
        Ok(Response::new(pb::ListGuidancesResponse { guidances: shown(&rows, now), next_page_token }))
    }

    async fn list_guidance_in_force(
        &self,
        mut request: Request<pb::ListGuidanceInForceRequest>,
    ) -> Result<Response<pb::ListGuidanceInForceResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let mut fields = Fields::new();
        let field = some_field(&mut fields, &request.field).map(|field| field.to_string()).unwrap_or_default();
        let day = fields.some_day("date", request.date.as_ref());
        let day = fields.finish(day)?.unwrap_or_else(|| time::town_date(reading.now));
        let list = format!("guidances?in_force={day}&field={field}");
        let page = page(request.page_size, &request.page_token, &list)?;
        let viewer = Viewer::of(&reading.access);
        let rows = store::in_force(self.writer.db().read().await?.sql(), &field, day, viewer, &page).await?;
        let (rows, next_page_token) = page.close(rows, |(guidance, _)| store::key(guidance));
        Ok(Response::new(pb::ListGuidanceInForceResponse { guidances: shown(&rows, reading.now), next_page_token }))
    }
}
