//! The coordination contract: admit, gather facts, execute, reply.

use std::sync::Arc;

use runtime::access::{admit_read, admit_write};
use runtime::call::Call;
use runtime::etag;
use runtime::execute::Writer;
use runtime::layers::raw;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::coordination_service_server::CoordinationService;

use super::decide::{Command, Desk, Facts};
use super::settings::Rules;
use super::viewer::{Viewer, Wanted, party};
use super::{store, wire};
use crate::fields::page;

/// Serves matters between institutions.
pub(crate) struct CoordinationRpc {
    writer: Writer,
    rules: Arc<Rules>,
}

/// What a call brings to a decision.
pub(crate) fn facts(call: &Call, rules: &Arc<Rules>) -> Facts {
    Facts {
        now: call.now,
        party: party(&call.access),
        person: call.access.person().map(ToString::to_string).unwrap_or_default(),
        rules: Arc::clone(rules),
    }
}

impl CoordinationRpc {
    /// The contract over the office's database.
    pub(crate) fn new(writer: Writer, rules: Arc<Rules>) -> Self {
        Self { writer, rules }
    }

    async fn work(&self, call: Call, command: Command) -> Result<Response<pb::CoordinationItem>, Status> {
        let facts = facts(&call, &self.rules);
        Ok(raw(self.writer.execute::<Desk>(call, command, facts).await?))
    }
}

#[tonic::async_trait]
impl CoordinationService for CoordinationRpc {
    async fn send_work_info(
        &self,
        mut request: Request<pb::SendWorkInfoRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::send_work_info(call.request_id, request.into_inner())?;
        self.work(call, command).await
    }

    async fn report_clue(
        &self,
        mut request: Request<pb::ReportClueRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::report_clue(call.request_id, request.into_inner())?;
        self.work(call, command).await
    }

    async fn ask_consultation(
        &self,
        mut request: Request<pb::AskConsultationRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::ask_consultation(call.request_id, request.into_inner())?;
        self.work(call, command).await
    }

    async fn open_external_supervision(
        &self,
        mut request: Request<pb::OpenExternalSupervisionRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::open_supervision(call.request_id, request.into_inner())?;
        self.work(call, command).await
    }

    async fn sign_for_coordination_item(
        &self,
        mut request: Request<pb::SignForCoordinationItemRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::sign_for(request.into_inner())?;
        self.work(call, command).await
    }

    async fn answer_clue(
        &self,
        mut request: Request<pb::AnswerClueRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::answer_clue(request.into_inner())?;
        self.work(call, command).await
    }

    async fn answer_consultation(
        &self,
        mut request: Request<pb::AnswerConsultationRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::answer_consultation(request.into_inner())?;
        self.work(call, command).await
    }

    async fn answer_external_supervision(
        &self,
        mut request: Request<pb::AnswerExternalSupervisionRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::answer_supervision(request.into_inner())?;
        self.work(call, command).await
    }

    async fn close_external_supervision(
        &self,
        mut request: Request<pb::CloseExternalSupervisionRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::close(request.into_inner())?;
        self.work(call, command).await
    }

    async fn get_coordination_item(
        &self,
        mut request: Request<pb::GetCoordinationItemRequest>,
    ) -> Result<Response<pb::CoordinationItem>, Status> {
        let reading = admit_read(&mut request)?;
        let id = wire::name(&request.into_inner().name)?;
        let viewer = Viewer::of(&reading.access);
        let found = store::load(self.writer.db().read().await?.sql(), id).await?;
        // Who takes no part is not told that there is such a matter.
        let (item, version) =
            found.filter(|(item, _)| viewer.sees(&item.parties())).ok_or_else(|| store::not_found(id))?;
        Ok(Response::new(wire::shown(&item, reading.now, etag::of(version.number()))))
    }

    async fn list_coordination_items(
        &self,
        mut request: Request<pb::ListCoordinationItemsRequest>,
    ) -> Result<Response<pb::ListCoordinationItemsResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let kind = wire::type_filter(request.r#type)?;
        let wanted = Wanted { open: request.open, overdue: request.overdue, mine: request.mine };
        let list = format!("coordinationItems?type={kind}&{}", wanted.key());
        let page = page(request.page_size, &request.page_token, &list)?;
        let (viewer, now) = (Viewer::of(&reading.access), reading.now);
        let items = store::page(self.writer.db().read().await?.sql(), kind, wanted, viewer, now, &page).await?;
        let (items, next_page_token) = page.close(items, |(item, _)| store::key(item));
        let items = items.iter().map(|(item, version)| wire::shown(item, now, etag::of(version.number()))).collect();
        Ok(Response::new(pb::ListCoordinationItemsResponse { items, next_page_token }))
    }
}
