//! The paper contract: admit, gather facts, execute, reply.

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use runtime::access::{Access, admit_read, admit_write};
use runtime::call::Call;
use runtime::journal::{Author, last_position};
use runtime::layers::raw;
use runtime::page::Page;
use runtime::refusal::{Denial, Failure};
use runtime::serve::Runtime;
use tokio_util::io::ReaderStream;
use tonic::{Request, Response, Status, Streaming};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::paper_service_server::PaperService;
use townlink_proto::townlink::journal::v1 as journal_pb;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;
use vocabulary::{DepartmentCode, Institution, Sm3Digest, time};

use super::check::{self, Bringing, Desk, Verdict};
use super::state::PaperName;
use super::store::{self, Acceptance, Facts};
use super::upload;
use super::wire::{self, Issue};
use crate::NAME;
use crate::key::senders::{Senders, department};
use crate::refusal::Refusal;
use crate::relay::content::store::checked;
use crate::relay::content::sweep::blocking;
use crate::relay::following::rpc::Following;
use crate::relay::following::store::fates;
use crate::relay::following::watch::watch;

/// How much of an attachment one message carries.
const CHUNK_BYTES: usize = 256 * 1024;

/// Serves the relay to senders.
pub(crate) struct PaperRpc {
    desk: Desk,
    senders: Senders,
    following: Following,
    runtime: Runtime,
}

impl PaperRpc {
    /// The contract over a desk and the registry of keys; the runtime leads to the gateway's own log.
    pub(crate) fn new(desk: Desk, senders: Senders, runtime: Runtime) -> Self {
        let following = Following::new(runtime.writer().clone(), runtime.directory().clone());
        Self { desk, senders, following, runtime }
    }

    async fn issue(&self, call: Call, issue: Issue) -> Result<Response<pb::Receipt>, Status> {
        let caller = department(&call.access)?;
        let mut verdict = self.examine(&call, &caller, issue.clone()).await?;
        if verdict.rests_on_keys() && self.senders.refresh().await? {
            verdict = self.examine(&call, &caller, issue).await?;
        }
        let (accept, looked) = match verdict {
            Verdict::Good(accept, looked) => (accept, looked),
            Verdict::Refused(refusal, looked) => {
                if !check::may_come_again(&refusal) {
                    self.desk.content.let_go(&looked);
                }
                return Err(self.refuse(call, &caller, refusal).await.into());
            }
        };
        let facts = Facts {
            caller,
            today: time::town_date(call.now),
            registry: self.senders.registry(),
            rules: self.desk.rules.clone(),
            verifier: self.desk.verifier.clone(),
        };
        let paper = accept.name.to_string();
        let answer = self.desk.writer.execute::<Acceptance>(call, *accept, facts).await;
        if matches!(answer, Ok(_) | Err(Denial::Refused(_))) {
            self.desk.content.let_go(&looked);
        }
        let answer = answer?;
        metrics::counter!("townlink_relay_papers_accepted_total").increment(1);
        runtime::telemetry::step(&paper, "accept");
        Ok(raw(answer))
    }

    async fn examine(&self, call: &Call, caller: &DepartmentCode, issue: Issue) -> Result<Verdict, Failure> {
        let bringing = Bringing {
            caller: caller.clone(),
            request_id: call.request_id,
            now: call.now,
            author: Author::of_call(call),
            registry: self.senders.registry(),
        };
        self.desk.examine(issue, bringing).await
    }

    async fn refuse(&self, call: Call, caller: &DepartmentCode, refusal: Refusal) -> Denial {
        if let Refusal::Classified { marking, place } = &refusal {
            metrics::counter!("townlink_relay_classified_total").increment(1);
            let (request_id, sender) = (call.request_id, caller);
            tracing::error!(target: "security", %sender, %request_id, %marking, ?place, "a paper with a secret was refused; tell the security officer (保密管理人员)");
        }
        if check::may_come_again(&refusal) {
            return self.denied(&call.access, runtime::refusal::Refusal::from(refusal).into()).await;
        }
        self.desk.writer.refuse(call, refusal.into()).await
    }

    /// Journals a refusal that is not kept as an answer, up to a rate.
    async fn denied(&self, access: &Access, denial: Denial) -> Denial {
        if let Denial::Refused(refusal) = denial {
            return self.runtime.deny(access, *refusal).await;
        }
        denial
    }

    /// Opens a content for an institution that the paper goes to.
    async fn open(
        &self,
        access: &Access,
        request: &pb::ReadAttachmentRequest,
    ) -> Result<(tokio::fs::File, Sm3Digest), Denial> {
        let digest = wire::digest("digest", &request.digest)?;
        let missing = || wire::not_found(&request.paper);
        let name = PaperName::parse(&request.paper).ok_or_else(missing)?;
        let institution = access.institution().ok_or_else(missing)?;
        let mut reader = self.desk.writer.db().read().await?;
        let passage = store::passage(reader.sql(), &name, digest, institution).await?;
        drop(reader);
        match passage.as_deref() {
            Some("HELD") if institution != Institution::Office => {
                return Err(runtime::refusal::Refusal::from(Refusal::Held).into());
            }
            Some("HELD" | "QUEUED" | "DELIVERED") => {}
            Some(_) | None => return Err(missing()),
        }
        let contents = self.desk.content.store.clone();
        let file = blocking(move || contents.open_content(digest)).await?;
        Ok((tokio::fs::File::from_std(file), digest))
    }
}

#[tonic::async_trait]
impl PaperService for PaperRpc {
    type WatchPapersStream = Pin<Box<dyn Stream<Item = Result<pb::WatchPapersResponse, Status>> + Send>>;
    type ReadAttachmentStream = Pin<Box<dyn Stream<Item = Result<pb::ReadAttachmentResponse, Status>> + Send>>;

    async fn put_attachment(
        &self,
        mut request: Request<Streaming<pb::PutAttachmentRequest>>,
    ) -> Result<Response<pb::AttachmentUpload>, Status> {
        let reading = admit_read(&mut request)?;
        let caller = self.senders.calling(&reading.access).await?;
        let bytes_max = self.desk.rules.attachment_bytes_max;
        match upload::put(&self.desk.content.spool, &caller, bytes_max, request.into_inner()).await {
            Ok(upload) => Ok(Response::new(upload)),
            Err(denial) => Err(self.denied(&reading.access, denial).await.into()),
        }
    }

    async fn get_attachment_upload(
        &self,
        mut request: Request<pb::GetAttachmentUploadRequest>,
    ) -> Result<Response<pb::AttachmentUpload>, Status> {
        let reading = admit_read(&mut request)?;
        let caller = self.senders.calling(&reading.access).await?;
        let digest = wire::digest("digest", &request.get_ref().digest)?;
        let upload = match self.desk.content.spool.find(&caller, digest) {
            Some(upload) => upload::shown(&upload)?,
            None => wire::upload(digest, 0, false)?,
        };
        Ok(Response::new(upload))
    }

    async fn issue_paper(&self, mut request: Request<pb::IssuePaperRequest>) -> Result<Response<pb::Receipt>, Status> {
        let call = admit_write(&mut request)?;
        let issue = wire::issue(request.into_inner())?;
        self.issue(call, issue).await
    }

    async fn get_paper(&self, mut request: Request<pb::GetPaperRequest>) -> Result<Response<pb::Paper>, Status> {
        let reading = admit_read(&mut request)?;
        let caller = self.senders.calling(&reading.access).await?;
        let name = wire::own_paper(&request.get_ref().name, &caller)?;
        let mut snapshot = self.desk.writer.db().snapshot().await?;
        let stored = store::load(snapshot.sql(), &name).await?;
        let stored = stored.ok_or_else(|| wire::not_found(&request.get_ref().name))?;
        let mut fates = fates(snapshot.sql(), &caller, stored.accepted_us, stored.accepted_us).await?;
        let fate = fates.remove(&name.message).unwrap_or_default();
        Ok(Response::new(wire::paper(stored, fate)?))
    }

    async fn list_papers(
        &self,
        mut request: Request<pb::ListPapersRequest>,
    ) -> Result<Response<pb::ListPapersResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let caller = self.senders.calling(&reading.access).await?;
        let request = request.into_inner();
        wire::own_parent(&request.parent, &caller)?;
        let page = Page::parse(request.page_size, &request.page_token, &request.parent).map_err(Denial::from)?;
        let mut snapshot = self.desk.writer.db().snapshot().await?;
        let papers = store::page(snapshot.sql(), &caller, &page).await?;
        let (papers, next_page_token) = page.close(papers, store::key);
        let (Some(newest), Some(oldest)) = (papers.first(), papers.last()) else {
            return Ok(Response::new(pb::ListPapersResponse::default()));
        };
        let mut fates = fates(snapshot.sql(), &caller, oldest.accepted_us, newest.accepted_us).await?;
        let mut shown = |stored: wire::Stored| {
            let fate = fates.remove(&stored.name.message).unwrap_or_default();
            wire::paper(stored, fate)
        };
        let papers = papers.into_iter().map(&mut shown).collect::<Result<Vec<_>, _>>()?;
        Ok(Response::new(pb::ListPapersResponse { papers, next_page_token }))
    }

    async fn watch_papers(
        &self,
        mut request: Request<pb::WatchPapersRequest>,
    ) -> Result<Response<Self::WatchPapersStream>, Status> {
        let reading = admit_read(&mut request)?;
        let caller = self.senders.calling(&reading.access).await?;
        let request = request.into_inner();
        wire::own_parent(&request.parent, &caller)?;
        let db = self.desk.writer.db();
        wire::position(request.after_position, last_position(db.read().await?.sql()).await?)?;
        Ok(Response::new(Box::pin(watch(db, &caller, request.after_position).await?)))
    }

    async fn urge_paper(&self, mut request: Request<pb::UrgePaperRequest>) -> Result<Response<pb::Paper>, Status> {
        let call = admit_write(&mut request)?;
        let caller = self.senders.calling(&call.access).await?;
        self.following.urge(call, caller, request.into_inner()).await
    }

    async fn recall_paper(&self, mut request: Request<pb::RecallPaperRequest>) -> Result<Response<pb::Paper>, Status> {
        let call = admit_write(&mut request)?;
        let caller = self.senders.calling(&call.access).await?;
        self.following.recall(call, caller, request.into_inner()).await
    }

    async fn get_proof(
        &self,
        request: Request<pb::GetProofRequest>,
    ) -> Result<Response<journal_pb::InclusionProof>, Status> {
        // The log is served by one contract for all services; this method lends it the relay's name.
        let mut journal = JournalServiceClient::new(self.runtime.directory().channel(NAME)?);
        let leaf_hash = request.into_inner().leaf_hash;
        journal.get_inclusion_proof(journal_pb::GetInclusionProofRequest { leaf_hash }).await
    }

    async fn read_attachment(
        &self,
        mut request: Request<pb::ReadAttachmentRequest>,
    ) -> Result<Response<Self::ReadAttachmentStream>, Status> {
        let reading = admit_read(&mut request)?;
        let (file, digest) = match self.open(&reading.access, request.get_ref()).await {
            Ok(file) => file,
            Err(denial) => return Err(self.denied(&reading.access, denial).await.into()),
        };
        let chunks = checked(ReaderStream::with_capacity(file, CHUNK_BYTES), digest).map(|chunk| match chunk {
            Ok(chunk) => Ok(pb::ReadAttachmentResponse { chunk }),
            Err(error) => Err(Failure::internal(error).into()),
        });
        Ok(Response::new(Box::pin(chunks)))
    }
}
