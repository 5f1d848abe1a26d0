//! The inbox contract: admit, gather facts, execute, reply.

use std::sync::Arc;

use futures::future::BoxFuture;
use runtime::access::{Access, admit_read, admit_write};
use runtime::call::{Call, Reading};
use runtime::caller::Principal;
use runtime::etag;
use runtime::layers::raw;
use runtime::refusal::Denial;
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::inbox_service_server::InboxService;
use vocabulary::Institution;

use super::decide::{Actor, Command, Desk, Facts, Rank, Step, allowed};
use super::rules::Rules;
use super::state::Paper;
use super::store::list::{self, Filter, Open};
use super::{annex, store, timing, wire};
use crate::fields::page;

/// Serves the inboxes.
pub(crate) struct InboxRpc {
    runtime: Runtime,
    rules: Arc<Rules>,
}

/// The role of those who check results in a bureau's own inbox.
const CHIEF: &str = "RELAY_CHIEF";

impl InboxRpc {
    /// The contract over the office's database; annexes are fetched from the gateway.
    pub(crate) const fn new(runtime: Runtime, rules: Arc<Rules>) -> Self {
        Self { runtime, rules }
    }

    /// Carries out a step. Whose inbox it is stands in the paper's name, so that others are refused before anything is read.
    async fn work(&self, call: Call, command: Command) -> Result<Response<pb::InboxPaper>, Status> {
        let actor = actor(&call.access);
        if let Err(refusal) = allowed::may_ask(&command.name, &command.step, actor) {
            return Err(self.runtime.writer().refuse(call, refusal.into()).await.into());
        }
        let facts = self.facts(&call, &command, actor).await?;
        let signed = (command.step == Step::SignFor).then(|| command.name.at_gateway());
        let answer = self.runtime.writer().execute::<Desk>(call, command, facts).await?;
        if let Some(paper) = signed {
            runtime::telemetry::step(&paper, "sign for");
        }
        Ok(raw(answer))
    }

    /// What arrived with a paper never changes, so that its directive may be read before the transaction.
    async fn facts(&self, call: &Call, command: &Command, actor: Actor) -> Result<Facts, Denial> {
        let person = call.access.person().map(ToString::to_string).unwrap_or_default();
        let directive = if let Step::Check { resolutions } = &command.step {
            let found = store::load(self.runtime.db().read().await?.sql(), &command.name).await?;
            let (paper, _) = found.ok_or_else(|| store::not_found(&command.name))?;
            annex::read(self.runtime.directory(), &call.access, &paper, resolutions).await?
        } else {
            None
        };
        Ok(Facts { now: call.now, person, actor, directive, rules: Some(Arc::clone(&self.rules)) })
    }

    async fn deny<T>(&self, access: &Access, allowed: Result<T, crate::refusal::Refusal>) -> Result<T, Denial> {
        match allowed {
            Ok(allowed) => Ok(allowed),
            Err(refusal) => Err(self.runtime.deny(access, refusal.into()).await),
        }
    }

    fn shown(&self, reading: &Reading, papers: &[(Paper, runtime::execute::Version)]) -> Vec<pb::InboxPaper> {
        let show = |(paper, version): &(Paper, runtime::execute::Version)| {
            wire::paper(paper, etag::of(version.number()), reading.now, Some(&self.rules))
        };
        papers.iter().map(show).collect()
    }
}

/// For whom the caller acts. The access rule has let in nobody else.
fn actor(access: &Access) -> Actor {
    match (access.institution(), access.principal()) {
        (Some(institution), _) => {
            let rank = if access.has_role(CHIEF) { Rank::Chief } else { Rank::Clerk };
            Actor::Officer { institution, rank }
        }
        (None, Principal::TownLeaders) => Actor::Leaders,
        // Nobody else passes the rules of the contract; an officer of no inbox may do nothing here.
        (None, _) => Actor::Officer { institution: Institution::Service, rank: Rank::Clerk },
    }
}

/// What of an inbox is listed, in words that bind a page token to it.
fn named(request: &pb::ListInboxPapersRequest, stage: &str, caller: Option<Institution>) -> String {
    let pb::ListInboxPapersRequest { parent, open, overdue, mine, .. } = request;
    let mine = caller.filter(|_| *mine).map(Institution::code).unwrap_or_default();
    format!("{parent}?stage={stage}&open={open}&overdue={overdue}&mine={mine}")
}

/// Methods of the contract that take a step. Written as the contract's trait has them after its own macro, which does not look into
/// this one.
macro_rules! steps {
    ($($method:ident($request:ident) = $read:path;)*) => {
        $(
            fn $method<'s, 'a>(
                &'s self,
                mut request: Request<pb::$request>,
            ) -> BoxFuture<'a, Result<Response<pb::InboxPaper>, Status>>
            where
                's: 'a,
                Self: 'a,
            {
                Box::pin(async move {
                    let call = admit_write(&mut request)?;
                    let command = $read(request.into_inner())?;
                    self.work(call, command).await
                })
            }
        )*
    };
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
        let institution = reading.access.institution();
        // Whoever lists what is assigned to him sees no other paper.
        if !request.mine {
            self.deny(&reading.access, allowed::may_read(institution, inbox)).await?;
        }
        let stage = wire::stage_filter(request.stage)?;
        let page = page(request.page_size, &request.page_token, &named(&request, stage, institution))?;
        let filter = Filter {
            inbox,
            stage,
            open: if request.open { Open::Only } else { Open::Any },
            overdue_before: request.overdue.then(|| timing::overdue_before(reading.now)),
            mine: institution.filter(|_| request.mine),
        };
        let mut reader = self.runtime.db().read().await?;
        let papers = list::page(reader.sql(), &filter, &page).await?;
        let (papers, next_page_token) = page.close(papers, |(paper, _)| list::key(paper));
        Ok(Response::new(pb::ListInboxPapersResponse { papers: self.shown(&reading, &papers), next_page_token }))
    }

    async fn list_leader_papers(
        &self,
        mut request: Request<pb::ListLeaderPapersRequest>,
    ) -> Result<Response<pb::ListLeaderPapersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let page = page(request.page_size, &request.page_token, "leaders")?;
        let papers = list::desk(self.runtime.db().read().await?.sql(), &page).await?;
        let (papers, next_page_token) = page.close(papers, |(paper, _)| list::desk_key(paper));
        Ok(Response::new(pb::ListLeaderPapersResponse { papers: self.shown(&reading, &papers), next_page_token }))
    }

    async fn get_inbox_paper(
        &self,
        mut request: Request<pb::GetInboxPaperRequest>,
    ) -> Result<Response<pb::InboxPaper>, Status> {
        let reading = admit_read(&mut request)?;
        let name = wire::name(&request.into_inner().name)?;
        let institution = reading.access.institution();
        let found = store::load(self.runtime.db().read().await?.sql(), &name).await?;
        let allowed = match &found {
            Some((paper, _)) => allowed::may_read_paper(institution, paper),
            None => allowed::may_read(institution, name.inbox),
        };
        self.deny(&reading.access, allowed).await?;
        let (paper, version) = found.ok_or_else(|| store::not_found(&name))?;
        let shown = wire::paper(&paper, etag::of(version.number()), reading.now, Some(&self.rules));
        Ok(Response::new(pb::InboxPaper { payload: paper.arrival.payload, ..shown }))
    }

    steps! {
        sign_for_paper(SignForPaperRequest) = wire::sign_for;
        register_paper(RegisterPaperRequest) = wire::register;
        check_paper(CheckPaperRequest) = wire::check;
        return_paper(ReturnPaperRequest) = wire::send_back;
        instruct_paper(InstructPaperRequest) = wire::requests::instruct;
        assign_paper(AssignPaperRequest) = wire::requests::assign;
        decide_assignment(DecideAssignmentRequest) = wire::requests::decide_assignment;
        refuse_assignment(RefuseAssignmentRequest) = wire::requests::refuse;
        accept_assignment(AcceptAssignmentRequest) = wire::requests::accept;
        report_progress(ReportProgressRequest) = wire::requests::progress;
        finish_part(FinishPartRequest) = wire::requests::finish_part;
        mark_read(MarkReadRequest) = wire::requests::mark_read;
        report_result(ReportResultRequest) = wire::requests::report;
        complete_paper(CompletePaperRequest) = wire::requests::complete;
        send_back_result(SendBackResultRequest) = wire::requests::send_result_back;
        archive_paper(ArchivePaperRequest) = wire::requests::archive;
        merge_paper(MergePaperRequest) = wire::requests::merge;
        transfer_paper(TransferPaperRequest) = wire::requests::transfer;
        request_extension(RequestExtensionRequest) = wire::requests::request_extension;
        grant_extension(GrantExtensionRequest) = wire::requests::grant_extension;
        refuse_extension(RefuseExtensionRequest) = wire::requests::refuse_extension;
    }
}
