//! The inbox contract: admit, gather facts, execute, reply.

use runtime::access::{Access, admit_read, admit_write};
use runtime::call::Call;
use runtime::etag;
use runtime::layers::raw;
use runtime::refusal::Denial;
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::inbox_service_server::InboxService;
use vocabulary::Institution;

use super::decide::{self, Command, Desk, Facts, Step};
use super::{annex, store, wire};
use crate::fields::page;

/// Serves the inboxes.
pub(crate) struct InboxRpc(Runtime);

impl InboxRpc {
    /// The contract over the office's database; annexes are fetched from the gateway.
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self(runtime)
    }

    /// Carries out a step. Whose inbox it is stands in the paper's name, so that others are refused before anything is read.
    async fn work(&self, call: Call, command: Command) -> Result<Response<pb::InboxPaper>, Status> {
        if let Err(refusal) = decide::may_work(call.access.institution(), command.name.inbox) {
            return Err(self.0.writer().refuse(call, refusal.into()).await.into());
        }
        let facts = self.facts(&call, &command).await?;
        let answer = self.0.writer().execute::<Desk>(call, command, facts).await?;
        Ok(raw(answer))
    }

    /// What arrived with a paper never changes, so that its directive may be read before the transaction.
    async fn facts(&self, call: &Call, command: &Command) -> Result<Facts, Denial> {
        let person = call.access.person().map(ToString::to_string).unwrap_or_default();
        let directive = match &command.step {
            Step::Check { resolutions } => {
                let found = store::load(self.0.db().read().await?.sql(), &command.name).await?;
                let (paper, _) = found.ok_or_else(|| store::not_found(&command.name))?;
                annex::read(self.0.directory(), &call.access, &paper, resolutions).await?
            }
            Step::SignFor | Step::Register | Step::Return { .. } | Step::ReturnForFaults { .. } => None,
        };
        Ok(Facts { now: call.now, person, directive })
    }

    async fn allow_reading(&self, access: &Access, inbox: Institution) -> Result<(), Denial> {
        match decide::may_read(access.institution(), inbox) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.0.deny(access, refusal.into()).await),
        }
    }
}

#[tonic::async_trait]
impl InboxService for InboxRpc {
    async fn list_inbox_papers(
        &self,
        mut request: Request<pb::ListInboxPapersRequest>,
    ) -> Result<Response<pb::ListInboxPapersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let inbox = wire::inbox(&request.parent)?;
        self.allow_reading(&reading.access, inbox).await?;
        let stage = wire::stage_filter(request.stage)?;
        let page = page(request.page_size, &request.page_token, &format!("{}?stage={stage}", request.parent))?;
        let mut reader = self.0.db().read().await?;
        let papers = store::page(reader.sql(), inbox, stage, &page).await?;
        let (papers, next_page_token) = page.close(papers, |(paper, _)| store::key(paper));
        let papers = papers.iter().map(|(paper, version)| wire::paper(paper, etag::of(version.number()))).collect();
        Ok(Response::new(pb::ListInboxPapersResponse { papers, next_page_token }))
    }

    async fn get_inbox_paper(
        &self,
        mut request: Request<pb::GetInboxPaperRequest>,
    ) -> Result<Response<pb::InboxPaper>, Status> {
        let reading = admit_read(&mut request)?;
        let name = wire::name(&request.into_inner().name)?;
        self.allow_reading(&reading.access, name.inbox).await?;
        let found = store::load(self.0.db().read().await?.sql(), &name).await?;
        let (paper, version) = found.ok_or_else(|| store::not_found(&name))?;
        let shown = wire::paper(&paper, etag::of(version.number()));
        Ok(Response::new(pb::InboxPaper { payload: paper.arrival.payload, ..shown }))
    }

    async fn sign_for_paper(
        &self,
        mut request: Request<pb::SignForPaperRequest>,
    ) -> Result<Response<pb::InboxPaper>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::sign_for(request.into_inner())?;
        let paper = command.name.at_gateway();
        let signed = self.work(call, command).await?;
        runtime::telemetry::step(&paper, "sign for");
        Ok(signed)
    }

    async fn register_paper(
        &self,
        mut request: Request<pb::RegisterPaperRequest>,
    ) -> Result<Response<pb::InboxPaper>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::register(request.into_inner())?;
        self.work(call, command).await
    }

    async fn check_paper(
        &self,
        mut request: Request<pb::CheckPaperRequest>,
    ) -> Result<Response<pb::InboxPaper>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::check(request.into_inner())?;
        self.work(call, command).await
    }

    async fn return_paper(
        &self,
        mut request: Request<pb::ReturnPaperRequest>,
    ) -> Result<Response<pb::InboxPaper>, Status> {
        let call = admit_write(&mut request)?;
        let command = wire::send_back(request.into_inner())?;
        self.work(call, command).await
    }
}
