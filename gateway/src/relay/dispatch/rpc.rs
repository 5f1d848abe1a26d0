//! The contract of dispatches: admit, execute, reply.

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use runtime::access::{Access, admit_read, admit_write};
use runtime::execute::Writer;
use runtime::layers::raw;
use runtime::page::Page;
use runtime::refusal::{Denial, Failure};
use runtime::serve::Runtime;
use tokio_util::io::ReaderStream;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::dispatch_service_server::DispatchService;
use vocabulary::DepartmentCode;

use super::pull::pull;
use super::state::Facts;
use super::store::{self, Kept};
use super::wire;
use crate::key::senders::Senders;
use crate::refusal::Refusal;
use crate::relay::content::Content;
use crate::relay::content::store::checked;
use crate::relay::content::sweep::blocking;
use crate::relay::paper::wire::digest;

/// How much of an attachment one message carries.
const CHUNK_BYTES: usize = 256 * 1024;

/// Serves dispatches to departments.
pub(crate) struct DispatchRpc {
    writer: Writer,
    content: Content,
    senders: Senders,
    runtime: Runtime,
}

impl DispatchRpc {
    /// The contract over the gateway's database and its contents.
    pub(crate) fn new(content: Content, senders: Senders, runtime: Runtime) -> Self {
        Self { writer: runtime.writer().clone(), content, senders, runtime }
    }

    /// Lets a department come to its own dispatches only.
    async fn own(&self, access: &Access, caller: &DepartmentCode, department: &DepartmentCode) -> Result<(), Denial> {
        if caller == department {
            return Ok(());
        }
        Err(self.runtime.deny(access, Refusal::NotRecipient.into()).await)
    }
}

#[tonic::async_trait]
impl DispatchService for DispatchRpc {
    type PullDispatchesStream = Pin<Box<dyn Stream<Item = Result<pb::PullDispatchesResponse, Status>> + Send>>;
    type ReadDispatchAttachmentStream =
        Pin<Box<dyn Stream<Item = Result<pb::ReadDispatchAttachmentResponse, Status>> + Send>>;

    async fn pull_dispatches(
        &self,
        mut request: Request<pb::PullDispatchesRequest>,
    ) -> Result<Response<Self::PullDispatchesStream>, Status> {
        let access = admit_read(&mut request)?.access;
        let caller = self.senders.calling(&access).await?;
        let department = wire::parent(&request.get_ref().parent)?;
        self.own(&access, &caller, &department).await?;
        let after = wire::after_number(request.get_ref().after_number)?;
        Ok(Response::new(Box::pin(pull(self.writer.db(), department, after))))
    }

    async fn acknowledge_dispatch(
        &self,
        mut request: Request<pb::AcknowledgeDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        let call = admit_write(&mut request)?;
        let caller = self.senders.calling(&call.access).await?;
        let acknowledge = wire::acknowledge(request.into_inner())?;
        if acknowledge.name.department != caller {
            return Err(self.writer.refuse(call, Refusal::NotRecipient.into()).await.into());
        }
        let facts = Facts { now: call.now };
        Ok(raw(self.writer.execute::<Kept>(call, acknowledge, facts).await?))
    }

    async fn get_dispatch(
        &self,
        mut request: Request<pb::GetDispatchRequest>,
    ) -> Result<Response<pb::Dispatch>, Status> {
        let access = admit_read(&mut request)?.access;
        let caller = self.senders.calling(&access).await?;
        let name = wire::name(&request.get_ref().name)?;
        self.own(&access, &caller, &name.department).await?;
        let kept = store::load(self.writer.db().snapshot().await?.sql(), &name).await?;
        let kept = kept.ok_or_else(|| wire::not_found(&name.to_string()))?;
        Ok(Response::new(kept.shown))
    }

    async fn list_dispatches(
        &self,
        mut request: Request<pb::ListDispatchesRequest>,
    ) -> Result<Response<pb::ListDispatchesResponse>, Status> {
        let access = admit_read(&mut request)?.access;
        let caller = self.senders.calling(&access).await?;
        let request = request.into_inner();
        let department = wire::parent(&request.parent)?;
        self.own(&access, &caller, &department).await?;
        let list = format!("{}/dispatches", request.parent);
        let page = Page::parse(request.page_size, &request.page_token, &list).map_err(Denial::from)?;
        let kept = store::page(self.writer.db().snapshot().await?.sql(), &department, &page).await?;
        let (kept, next_page_token) = page.close(kept, store::key);
        let dispatches = kept.into_iter().map(|kept| kept.shown).collect();
        Ok(Response::new(pb::ListDispatchesResponse { dispatches, next_page_token }))
    }

    async fn read_dispatch_attachment(
        &self,
        mut request: Request<pb::ReadDispatchAttachmentRequest>,
    ) -> Result<Response<Self::ReadDispatchAttachmentStream>, Status> {
        let access = admit_read(&mut request)?.access;
        let caller = self.senders.calling(&access).await?;
        let name = wire::name(&request.get_ref().name)?;
        self.own(&access, &caller, &name.department).await?;
        let digest = digest("digest", &request.get_ref().digest)?;
        let mut reader = self.writer.db().read().await?;
        if !store::holds(reader.sql(), &name, digest).await? {
            return Err(wire::not_found(&name.to_string()).into());
        }
        drop(reader);
        let contents = self.content.store.clone();
        let file = blocking(move || contents.open_content(digest)).await?;
        let file = tokio::fs::File::from_std(file);
        let chunks = checked(ReaderStream::with_capacity(file, CHUNK_BYTES), digest).map(|chunk| match chunk {
            Ok(chunk) => Ok(pb::ReadDispatchAttachmentResponse { chunk }),
            Err(error) => Err(Failure::internal(error).into()),
        });
        Ok(Response::new(Box::pin(chunks)))
    }
}
