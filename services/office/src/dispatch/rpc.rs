//! The contract of outgoing papers: admit, gather facts, execute, reply.

use std::sync::Arc;

use runtime::access::{Access, admit_read, admit_write};
use runtime::call::Call;
use runtime::layers::raw;
use runtime::refusal::{Denial, Violation};
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::dispatch_service_server::DispatchService;
use vocabulary::Institution;

use super::decide::{Command, Desk, Facts};
use super::refusal::{Course, Refusal};
use super::store::Filter;
use super::store::{self, thread};
use super::{Desks, wire};
use crate::fields::page;

/// Serves the outgoing papers.
pub(crate) struct DispatchRpc {
    runtime: Runtime,
    desks: Arc<Desks>,
}

impl DispatchRpc {
    /// The contract over the office's database.
    pub(crate) fn new(runtime: Runtime, desks: Arc<Desks>) -> Self {
        Self { runtime, desks }
    }

    async fn work(&self, call: Call, command: Command) -> Result<Response<pb::Dispatch>, Status> {
        let facts = Facts {
            now: call.now,
            person: call.access.person().map(ToString::to_string).unwrap_or_default(),
            institution: call.access.institution(),
            rules: Arc::clone(&self.desks.rules),
            calendar: Arc::clone(&self.desks.calendar),
        };
        Ok(raw(self.runtime.writer().execute::<Desk>(call, command, facts).await?))
    }

    /// The drafting institution, those who were asked to agree, and OFFICE read a dispatch.
    async fn allow_reading(&self, access: &Access, dispatch: &pb::Dispatch) -> Result<(), Denial> {
        let asked = |institution: Institution| {
            let code = institution.code();
            code == dispatch.institution || dispatch.cosigns.iter().any(|cosign| cosign.institution == code)
        };
        let may = access.institution().is_some_and(|own| own == Institution::Office || asked(own));
        if may { Ok(()) } else { Err(self.other(access, &dispatch.institution).await) }
    }

    async fn other(&self, access: &Access, whose: &str) -> Denial {
        let refusal = Refusal::from(Course::OtherInstitution { whose: whose.to_owned() });
        self.runtime.deny(access, refusal.into()).await
    }

    async fn listed(
        &self,
        filter: Filter,
        asked: (i32, &str),
        list: &str,
    ) -> Result<Response<pb::ListDispatchesResponse>, Status> {
        let page = page(asked.0, asked.1, &format!("{list}?{filter:?}"))?;
        let mut reader = self.runtime.db().read().await?;
        let rows = store::page(reader.sql(), &filter, &page).await?;
        let (rows, next_page_token) = page.close(rows, |(_, key)| key.clone());
        let dispatches = rows.into_iter().map(|(dispatch, _)| dispatch).collect();
        Ok(Response::new(pb::ListDispatchesResponse { dispatches, next_page_token }))
    }

    async fn shown(&self, name: &str) -> Result<pb::Dispatch, Denial> {
        let id = wire::name(name)?;
        let found = store::show(self.runtime.db().read().await?.sql(), id).await?;
        found.ok_or_else(|| store::not_found(id))
    }
}

/// A step of a dispatch: admit, read, carry out.
macro_rules! step {
    ($self:ident, $request:ident, $read:expr) => {{
        let call = admit_write(&mut $request)?;
        let command = $read($request.into_inner())?;
        $self.work(call, command).await
    }};
}

#[tonic::async_trait]
impl DispatchService for DispatchRpc {
    async fn draft_dispatch(
        &self,
        mut request: Request<pb::DraftDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::draft(request.into_inner(), call.request_id)?;
        self.work(call, command).await
    }

    async fn revise_dispatch(
        &self,
        mut request: Request<pb::ReviseDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::revise)
    }

    async fn request_cosign(
        &self,
        mut request: Request<pb::RequestCosignRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::request_cosign)
    }

    async fn cosign_dispatch(
        &self,
        mut request: Request<pb::CosignDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::cosign)
    }

    async fn review_dispatch(
        &self,
        mut request: Request<pb::ReviewDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::review)
    }

    async fn review_legality(
        &self,
        mut request: Request<pb::ReviewLegalityRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::review_legality)
    }

    async fn sign_dispatch(
        &self,
        mut request: Request<pb::SignDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::sign)
    }

    async fn number_dispatch(
        &self,
        mut request: Request<pb::NumberDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::number)
    }

    async fn void_number(&self, mut request: Request<pb::VoidNumberRequest>) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::void)
    }

    async fn seal_dispatch(
        &self,
        mut request: Request<pb::SealDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::seal)
    }

    async fn send_dispatch(
        &self,
        mut request: Request<pb::SendDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::send)
    }

    async fn record_delivery(
        &self,
        mut request: Request<pb::RecordDeliveryRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::record_delivery)
    }

    async fn urge_dispatch(
        &self,
        mut request: Request<pb::UrgeDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::urge)
    }

    async fn close_dispatch(
        &self,
        mut request: Request<pb::CloseDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::close)
    }

    async fn withdraw_dispatch(
        &self,
        mut request: Request<pb::WithdrawDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        step!(self, request, wire::withdraw)
    }

    async fn get_dispatch(
        &self,
        mut request: Request<pb::GetDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        let reading = admit_read(&mut request)?;
        let dispatch = self.shown(&request.into_inner().name).await?;
        self.allow_reading(&reading.access, &dispatch).await?;
        Ok(Response::new(dispatch))
    }

    async fn list_dispatches(
        &self,
        mut request: Request<pb::ListDispatchesRequest>,
    ) -> Result<Response<pb::ListDispatchesResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let asked = request.into_inner();
        let own = reading.access.institution();
        let wanted = wire::institution_filter(&asked.institution)?;
        let institution = match (wanted, own) {
            (wanted, Some(Institution::Office)) => wanted,
            (None, own) => own,
            (Some(wanted), own) if Some(wanted) == own => own,
            (Some(wanted), _) => return Err(self.other(&reading.access, wanted.code()).await.into()),
        };
        let to_cosign = own.filter(|_| asked.to_cosign);
        if asked.to_cosign && wanted.is_some() {
            return Err(Denial::from(Violation::malformed("institution", "must be empty beside to_cosign")).into());
        }
        let filter = Filter {
            institution: institution.filter(|_| to_cosign.is_none()),
            to_cosign,
            stage: wire::stage_filter(asked.stage)?,
            to_sign: false,
            open: asked.open,
            awaiting: asked.awaiting_reply,
            overdue: asked.overdue,
        };
        self.listed(filter, (asked.page_size, &asked.page_token), "dispatches").await
    }

    async fn get_dispatch_to_sign(
        &self,
        mut request: Request<pb::GetDispatchToSignRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        let _ = admit_read(&mut request)?;
        Ok(Response::new(self.shown(&request.into_inner().name).await?))
    }

    async fn list_dispatches_to_sign(
        &self,
        mut request: Request<pb::ListDispatchesToSignRequest>,
    ) -> Result<Response<pb::ListDispatchesResponse>, Status> {
        let _ = admit_read(&mut request)?;
        let asked = request.into_inner();
        let stage = wire::stage_filter(asked.stage)?;
        let filter = Filter { stage, to_sign: stage.is_empty(), ..Filter::default() };
        self.listed(filter, (asked.page_size, &asked.page_token), "to sign").await
    }

    async fn list_void_numbers(
        &self,
        mut request: Request<pb::ListVoidNumbersRequest>,
    ) -> Result<Response<pb::ListVoidNumbersResponse>, Status> {
        let _ = admit_read(&mut request)?;
        let asked = request.into_inner();
        let page = page(asked.page_size, &asked.page_token, "void numbers")?;
        let mut reader = self.runtime.db().read().await?;
        let rows = store::void_numbers(reader.sql(), &page).await?;
        let (rows, next_page_token) = page.close(rows, |(_, key)| key.clone());
        let void_numbers = rows.into_iter().map(|(record, _)| record).collect();
        Ok(Response::new(pb::ListVoidNumbersResponse { void_numbers, next_page_token }))
    }

    async fn get_thread(
        &self,
        mut request: Request<pb::GetThreadRequest>,
    ) -> Result<Response<pb::DispatchThread>, Status> {
        let reading = admit_read(&mut request)?;
        let number = wire::number_key(&request.into_inner().document_number)?;
        let mut reader = self.runtime.db().read().await?;
        let papers = thread::collect(reader.sql(), number, reading.access.institution()).await?;
        Ok(Response::new(pb::DispatchThread { papers }))
    }
}
